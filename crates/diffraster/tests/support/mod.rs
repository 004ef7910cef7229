//! Random scenes and the SVG that says the same.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "every test binary uses its own part; helpers of tests are tests, which the lint cannot see"
)]

pub(crate) mod counting;

use std::fmt::Write as _;

use chat2svg_diffraster::{
    Cap, FillRule, Image, Join, Node, Outline, Paint, Path, Scene, Spread, Stop, Verb,
};

/// A small repeatable generator of numbers (PCG, O'Neill 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn unit(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let word = (((self.0 >> 18) ^ self.0) >> 27) as u32;
        let turned = word.rotate_right((self.0 >> 59) as u32);
        (turned >> 8) as f32 / (1 << 24) as f32
    }

    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn color(&mut self) -> [f32; 3] {
        [self.unit(), self.unit(), self.unit()]
    }

    pub(crate) fn point(&mut self, low: f32, high: f32) -> [f32; 2] {
        [self.range(low, high), self.range(low, high)]
    }
}

/// `scene` as SVG, with enough digits to be the same picture.
pub(crate) fn to_svg(scene: &Scene) -> String {
    let (w, h) = (scene.width, scene.height);
    let mut defs = String::new();
    let mut body = String::new();
    let [r, g, b, a] = scene.background;
    let _ = write!(
        body,
        r#"<rect width="{w}" height="{h}" fill="{}" fill-opacity="{a}"/>"#,
        color([r, g, b])
    );
    let view = scene.view;
    let _ = write!(
        body,
        r#"<g transform="matrix({s} 0 0 {s} {} {})">"#,
        view.offset[0],
        view.offset[1],
        s = view.scale
    );
    for (i, clip) in scene.clips.iter().enumerate() {
        let _ = write!(defs, r#"<clipPath id="c{i}">"#);
        for shape in &clip.shapes {
            let _ = write!(
                defs,
                r#"<path d="{}" clip-rule="{}"/>"#,
                data(&shape.outline),
                rule(shape.rule)
            );
        }
        defs.push_str("</clipPath>");
    }
    let mut paints = 0;
    for node in &scene.nodes {
        match node {
            Node::Path(path) => write_path(path, &mut body, &mut defs, &mut paints),
            Node::Push(group) => {
                let _ = write!(body, r#"<g opacity="{}""#, group.opacity);
                if let Some(clip) = group.clip {
                    let _ = write!(body, r#" clip-path="url(#c{clip})""#);
                }
                body.push('>');
            }
            Node::Pop => body.push_str("</g>"),
        }
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}"><defs>{defs}</defs>{body}</g></svg>"#
    )
}

fn write_path(path: &Path, body: &mut String, defs: &mut String, paints: &mut usize) {
    let _ = write!(body, r#"<path d="{}""#, data(&path.outline));
    if path.stroke_first {
        body.push_str(r#" paint-order="stroke""#);
    }
    match &path.fill {
        Some(fill) => {
            let paint = paint(&fill.paint, defs, paints);
            let _ = write!(
                body,
                r#" fill="{paint}" fill-opacity="{}" fill-rule="{}""#,
                fill.opacity,
                rule(fill.rule)
            );
        }
        None => body.push_str(r#" fill="none""#),
    }
    if let Some(stroke) = &path.stroke {
        let paint = paint(&stroke.paint, defs, paints);
        let cap = match stroke.cap {
            Cap::Butt => "butt",
            Cap::Round => "round",
            Cap::Square => "square",
        };
        let join = match stroke.join {
            Join::Miter => "miter",
            Join::Round => "round",
            Join::Bevel => "bevel",
        };
        let _ = write!(
            body,
            r#" stroke="{paint}" stroke-opacity="{}" stroke-width="{}" stroke-linecap="{cap}" stroke-linejoin="{join}" stroke-miterlimit="{}""#,
            stroke.opacity, stroke.width, stroke.miter_limit
        );
    }
    body.push_str("/>");
}

fn rule(rule: FillRule) -> &'static str {
    match rule {
        FillRule::NonZero => "nonzero",
        FillRule::EvenOdd => "evenodd",
    }
}

fn color(c: [f32; 3]) -> String {
    let [r, g, b] = c.map(|v| v * 100.0);
    format!("rgb({r}%,{g}%,{b}%)")
}

fn stops(stops: &[Stop]) -> String {
    stops.iter().fold(String::new(), |mut out, s| {
        let [r, g, b, a] = s.color;
        let _ = write!(
            out,
            r#"<stop offset="{}" stop-color="{}" stop-opacity="{a}"/>"#,
            s.offset,
            color([r, g, b])
        );
        out
    })
}

fn spread(spread: Spread) -> &'static str {
    match spread {
        Spread::Pad => "pad",
        Spread::Reflect => "reflect",
        Spread::Repeat => "repeat",
    }
}

fn paint(paint: &Paint, defs: &mut String, paints: &mut usize) -> String {
    let id = *paints;
    *paints += 1;
    match paint {
        Paint::Solid(c) => return color(*c),
        Paint::Linear(g) => {
            let _ = write!(
                defs,
                r#"<linearGradient id="p{id}" gradientUnits="userSpaceOnUse" x1="{}" y1="{}" x2="{}" y2="{}" spreadMethod="{}" gradientTransform="matrix({})">{}</linearGradient>"#,
                g.start[0],
                g.start[1],
                g.end[0],
                g.end[1],
                spread(g.spread),
                g.transform.0.map(|v| v.to_string()).join(" "),
                stops(&g.stops)
            );
        }
        Paint::Radial(g) => {
            let _ = write!(
                defs,
                r#"<radialGradient id="p{id}" gradientUnits="userSpaceOnUse" cx="{}" cy="{}" r="{}" fx="{}" fy="{}" spreadMethod="{}" gradientTransform="matrix({})">{}</radialGradient>"#,
                g.center[0],
                g.center[1],
                g.radius,
                g.focus[0],
                g.focus[1],
                spread(g.spread),
                g.transform.0.map(|v| v.to_string()).join(" "),
                stops(&g.stops)
            );
        }
    }
    format!("url(#p{id})")
}

fn data(outline: &Outline) -> String {
    let mut out = String::new();
    let mut points = outline.points.iter();
    for verb in &outline.verbs {
        out.push(match verb {
            Verb::Move => 'M',
            Verb::Line => 'L',
            Verb::Quad => 'Q',
            Verb::Cubic => 'C',
            Verb::Close => 'Z',
        });
        for p in points.by_ref().take(verb.point_count()) {
            let _ = write!(out, "{} {} ", p[0], p[1]);
        }
    }
    out
}

/// What resvg makes of `scene`, premultiplied.
pub(crate) fn resvg_image(scene: &Scene) -> Image {
    let svg = to_svg(scene);
    let tree = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
    let mut pixmap = resvg::tiny_skia::Pixmap::new(scene.width, scene.height).unwrap();
    resvg::render(
        &tree,
        resvg::tiny_skia::Transform::identity(),
        &mut pixmap.as_mut(),
    );
    Image {
        width: scene.width,
        height: scene.height,
        data: pixmap
            .data()
            .iter()
            .map(|v| f32::from(*v) / 255.0)
            .collect(),
    }
}

/// Mean and largest absolute difference of two images.
pub(crate) fn difference(a: &Image, b: &Image) -> (f64, f32) {
    let mut sum = 0.0;
    let mut largest = 0.0f32;
    for (x, y) in a.data.iter().zip(&b.data) {
        let d = (x - y).abs();
        sum += f64::from(d);
        largest = largest.max(d);
    }
    (sum / a.data.len() as f64, largest)
}

/// A closed path of `count` cubics around a centre.
pub(crate) fn blob(random: &mut Random, center: [f32; 2], radius: f32, count: usize) -> Outline {
    let mut outline = Outline::new();
    let at = |random: &mut Random, angle: f32| {
        let r = radius * random.range(0.6, 1.3);
        [center[0] + r * angle.cos(), center[1] + r * angle.sin()]
    };
    let step = std::f32::consts::TAU / (3 * count) as f32;
    let start = at(random, 0.0);
    outline.move_to(start);
    for i in 0..count {
        let base = (3 * i) as f32;
        let c1 = at(random, (base + 1.0) * step);
        let c2 = at(random, (base + 2.0) * step);
        // The last point is not the first one: there, strokes have a kink.
        let end = at(
            random,
            (base + if i + 1 == count { 2.7 } else { 3.0 }) * step,
        );
        outline.cubic_to(c1, c2, end);
    }
    outline.close();
    outline
}
