//! Drawings in the colours of a palette.

use std::collections::BTreeMap;

use chat2svg_vector::{Color, Document, GradientStop, Group, Node, Paint, Raster, Shape};

use crate::{
    Palette,
    assign::assign,
    classes::{Classes, looked_at, of_document},
    palette::color_of,
};

/// Up to this difference from a palette's colour a colour becomes it, and its shades move with it.
const DRAWN_WHOLLY: f32 = 0.12;
/// From this difference on a colour stays.
const DRAWN_NOT: f32 = 0.24;
/// Samples of a gradient.
const SAMPLES: u16 = 48;
/// Least part of a gradient that is worth a band.
const LEAST_BAND: f32 = 0.12;
/// A shape that can be seen through stays if as an opaque one it is so much nearer to what was
/// seen than nothing would be.
const WORTH: f32 = 0.85;

/// Chooses for a drawing which of its colours becomes which of a palette's. For a free palette
/// colours move to the one that is near, their shades with them, and others stay; for a strict one
/// everything is painted in its colours, with [`keep_to`].
pub fn recolor(document: &mut Document, palette: &Palette) {
    if palette.is_strict() {
        if !is_kept(document, palette) {
            let classes = of_document(document);
            let choice = assign(&classes.colors, &palette.oklab());
            map_colors(document, &|color| {
                let chosen = classes.class(color).and_then(|class| choice.get(class));
                let rgb = chosen.and_then(|index| palette.colors().get(*index));
                rgb.map_or(color, |rgb| color_of(*rgb))
            });
        }
        keep_to(document, palette);
    } else {
        let classes = of_document(document);
        let moved = drawn(&classes, palette);
        map_colors(document, &|color| {
            let class = classes.class(color);
            let shift = class.and_then(|class| moved.get(class)).copied();
            match shift {
                Some([0.0, 0.0, 0.0]) | None => color,
                Some(shift) => shifted(color, shift),
            }
        });
    }
}

/// By how much each class moves (lightness, a, b): those near a colour of the palette as the most
/// frequent of them does, which becomes that colour.
fn drawn(classes: &Classes, palette: &Palette) -> Vec<[f32; 3]> {
    let targets = palette.oklab();
    let colors = &classes.colors;
    let nearest: Vec<(usize, f32)> = colors
        .looks
        .iter()
        .map(|look| {
            let distances = targets.iter().map(|target| target.distance(*look));
            distances
                .enumerate()
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .unwrap_or((0, f32::MAX))
        })
        .collect();
    let pull = |distance: f32| {
        let far = ((distance - DRAWN_WHOLLY) / (DRAWN_NOT - DRAWN_WHOLLY)).clamp(0.0, 1.0);
        1.0 - far * far * (3.0 - 2.0 * far)
    };
    let mut moved = vec![[0.0; 3]; colors.looks.len()];
    for (place, target) in targets.iter().enumerate() {
        let members = nearest.iter().zip(&colors.looks).zip(&colors.shares);
        let members = members
            .enumerate()
            .filter(|(_, ((near, _), _))| near.0 == place);
        let members: Vec<_> = members
            .map(|(index, ((near, look), share))| (index, *look, pull(near.1), *share))
            .filter(|(_, _, pull, _)| *pull > 0.0)
            .collect();
        let weight = |member: &(usize, _, f32, f32)| member.2 * member.3;
        let Some(anchor) = members
            .iter()
            .max_by(|a, b| weight(a).total_cmp(&weight(b)))
        else {
            continue;
        };
        let look = anchor.1;
        for (index, _, pull, _) in &members {
            // The anchor itself becomes the colour wholly.
            let pull = if *index == anchor.0 && anchor.2 > 0.5 {
                1.0
            } else {
                pull.min(anchor.2)
            };
            if let Some(shift) = moved.get_mut(*index) {
                *shift = [
                    (target.lightness - look.lightness) * pull,
                    (target.a - look.a) * pull,
                    (target.b - look.b) * pull,
                ];
            }
        }
    }
    moved
}

fn shifted(color: Color, [lightness, a, b]: [f32; 3]) -> Color {
    let mut look = color.to_oklab();
    look.lightness += lightness;
    look.a += a;
    look.b += b;
    Color::from_oklab(look)
}

/// Paints everything in a strict palette's colours, each with the nearest. A gradient becomes bands
/// of them; what can be seen through becomes opaque where that is nearer to what was seen than
/// leaving it out, and is left out otherwise. Returns how many shapes were left out.
pub fn keep_to(document: &mut Document, palette: &Palette) -> usize {
    if is_kept(document, palette) {
        return 0;
    }
    flatten_opacities(&mut document.layers, 1.0);
    let mut bands: BTreeMap<Vec<(u32, [u8; 3])>, Vec<GradientStop>> = BTreeMap::new();
    let mut has_translucent = false;
    document.edit_shapes(|_, shape, _, _| {
        if is_opaque(shape) {
            for paint in paints_mut(shape) {
                paint_in(paint, palette, &mut bands);
            }
        } else {
            has_translucent = true;
        }
    });
    if !has_translucent {
        return 0;
    }
    let verdicts = translucent_verdicts(document, palette);
    document.edit_shapes(|index, shape, _, _| {
        if let Some(Some(color)) = verdicts.get(&index) {
            shape.opacity = 1.0;
            for paint in paints_mut(shape) {
                *paint = Paint::Solid(*color);
            }
            if let Some(fill) = &mut shape.fill {
                fill.opacity = 1.0;
            }
            if let Some(stroke) = &mut shape.stroke {
                stroke.opacity = 1.0;
            }
        }
    });
    let is_out = |index: &usize| verdicts.get(index).is_some_and(Option::is_none);
    document.retain_shapes(|index, _| !is_out(&index));
    verdicts
        .values()
        .filter(|verdict| verdict.is_none())
        .count()
}

/// Whether every paint is a palette's colour already, and opaque.
fn is_kept(document: &Document, palette: &Palette) -> bool {
    let is_between = |stops: &[GradientStop]| {
        stops.windows(2).all(|pair| match pair {
            [a, b] => a.color == b.color || a.offset == b.offset,
            _ => true,
        }) && stops.iter().all(|stop| palette.has(stop.color))
    };
    document.shapes().iter().all(|visit| {
        let paints = [
            visit.shape.fill.as_ref().map(|fill| &fill.paint),
            visit.shape.stroke.as_ref().map(|stroke| &stroke.paint),
        ];
        visit.opacity >= 1.0
            && is_opaque(visit.shape)
            && paints.into_iter().flatten().all(|paint| match paint {
                Paint::Solid(color) => palette.has(*color),
                Paint::Linear(gradient) => is_between(&gradient.stops),
                Paint::Radial(gradient) => is_between(&gradient.stops),
            })
    })
}

/// Whether a shape hides what is below it wherever it paints.
fn is_opaque(shape: &Shape) -> bool {
    let is_solid = |paint: &Paint| match paint {
        Paint::Solid(_) => true,
        Paint::Linear(gradient) => gradient.stops.iter().all(|stop| stop.opacity >= 1.0),
        Paint::Radial(gradient) => gradient.stops.iter().all(|stop| stop.opacity >= 1.0),
    };
    let fill = shape.fill.as_ref();
    let stroke = shape.stroke.as_ref();
    shape.opacity >= 1.0
        && fill.is_none_or(|fill| fill.opacity >= 1.0 && is_solid(&fill.paint))
        && stroke.is_none_or(|stroke| stroke.opacity >= 1.0 && is_solid(&stroke.paint))
}

/// Gives the opacities of groups to the shapes in them.
fn flatten_opacities(nodes: &mut [Node], opacity: f32) {
    for node in nodes {
        match node {
            Node::Group(group) => {
                let inner = opacity * group.opacity;
                group.opacity = 1.0;
                flatten_opacities(&mut group.children, inner);
            }
            Node::Shape(shape) => shape.opacity *= opacity,
        }
    }
}

fn paints_mut(shape: &mut Shape) -> impl Iterator<Item = &mut Paint> {
    let fill = shape.fill.as_mut().map(|fill| &mut fill.paint);
    let stroke = shape.stroke.as_mut().map(|stroke| &mut stroke.paint);
    fill.into_iter().chain(stroke)
}

fn map_colors(document: &mut Document, map: &dyn Fn(Color) -> Color) {
    document.edit_shapes(|_, shape, _, _| {
        for paint in paints_mut(shape) {
            match paint {
                Paint::Solid(color) => *color = map(*color),
                Paint::Linear(gradient) => map_stops(&mut gradient.stops, map),
                Paint::Radial(gradient) => map_stops(&mut gradient.stops, map),
            }
        }
    });
}

fn map_stops(stops: &mut [GradientStop], map: &dyn Fn(Color) -> Color) {
    for stop in stops {
        stop.color = map(stop.color);
    }
}

/// Bands that were made before, by what they were made of.
type Bands = BTreeMap<Vec<(u32, [u8; 3])>, Vec<GradientStop>>;

/// Paints in a palette's colours.
fn paint_in(paint: &mut Paint, palette: &Palette, bands: &mut Bands) {
    let stops = match paint {
        Paint::Solid(color) => {
            if !palette.has(*color) {
                *color = palette.nearest(*color);
            }
            return;
        }
        Paint::Linear(gradient) => &mut gradient.stops,
        Paint::Radial(gradient) => &mut gradient.stops,
    };
    let of: Vec<(u32, [u8; 3])> = stops
        .iter()
        .map(|stop| (stop.offset.to_bits(), stop.color.to_rgb8()))
        .collect();
    let banded = bands
        .entry(of)
        .or_insert_with(|| banded(stops, palette))
        .clone();
    match banded.as_slice() {
        [first, rest @ ..] if rest.iter().all(|stop| stop.color == first.color) => {
            *paint = Paint::Solid(first.color);
        }
        [] => {}
        _ => *stops = banded,
    }
}

/// The stops of bands in place of a gradient: each border is two stops at one place.
fn banded(stops: &[GradientStop], palette: &Palette) -> Vec<GradientStop> {
    let mut runs: Vec<(Color, u16, u16)> = Vec::new();
    for sample in 0..SAMPLES {
        let place = (f32::from(sample) + 0.5) / f32::from(SAMPLES);
        let color = sampled(stops, place, palette);
        match runs.last_mut() {
            Some((last, _, end)) if *last == color => *end = sample + 1,
            _ => runs.push((color, sample, sample + 1)),
        }
    }
    // A narrow band goes to the wider one beside it.
    let least = (LEAST_BAND * f32::from(SAMPLES)) as u16;
    while runs.len() > 1 {
        let narrowest = runs
            .iter()
            .enumerate()
            .min_by_key(|(_, (_, start, end))| end - start)
            .map(|(index, run)| (index, run.2 - run.1));
        let Some((index, width)) = narrowest.filter(|(_, width)| *width < least) else {
            break;
        };
        let width_of = |at: Option<usize>| {
            at.and_then(|at| runs.get(at))
                .map_or(0, |(_, start, end)| end - start)
        };
        let before = index.checked_sub(1);
        let to_before = width_of(before) >= width_of(Some(index + 1));
        runs.remove(index);
        if to_before {
            if let Some(run) = before.and_then(|before| runs.get_mut(before)) {
                run.2 += width;
            }
        } else if let Some(run) = runs.get_mut(index) {
            run.1 -= width;
        }
        runs.dedup_by(|next, run| {
            let is_same = next.0 == run.0;
            if is_same {
                run.2 = next.2;
            }
            is_same
        });
    }
    let offset = |sample: u16| f32::from(sample) / f32::from(SAMPLES);
    runs.iter()
        .flat_map(|(color, start, end)| {
            [*start, *end].map(|sample| GradientStop {
                offset: offset(sample),
                color: *color,
                opacity: 1.0,
            })
        })
        .collect()
}

/// The palette's colour at a place of a gradient. Between two of its own colours there is no third.
fn sampled(stops: &[GradientStop], place: f32, palette: &Palette) -> Color {
    let after = stops.partition_point(|stop| stop.offset <= place);
    let before = after.checked_sub(1).and_then(|index| stops.get(index));
    let (from, to) = match (before, stops.get(after)) {
        (Some(from), Some(to)) => (from, to),
        (Some(only), None) | (None, Some(only)) => return palette.nearest(only.color),
        (None, None) => return Color::BLACK,
    };
    let share = (place - from.offset) / (to.offset - from.offset).max(1e-6);
    if palette.has(from.color) && palette.has(to.color) {
        return if share < 0.5 { from.color } else { to.color };
    }
    let mix = |a: f32, b: f32| a + (b - a) * share;
    palette.nearest(Color::new(
        mix(from.color.red, to.color.red),
        mix(from.color.green, to.color.green),
        mix(from.color.blue, to.color.blue),
    ))
}

/// What each shape becomes that can be seen through: opaque in a colour, or nothing.
fn translucent_verdicts(document: &Document, palette: &Palette) -> BTreeMap<usize, Option<Color>> {
    let (width, height) = looked_at(document.width, document.height);
    let mut ground = vec![[0.0_f32; 4]; width as usize * height as usize];
    let mut verdicts = BTreeMap::new();
    for visit in document.shapes() {
        let mut node = Node::Shape(visit.shape.clone());
        for group in visit.groups.iter().rev() {
            node = Node::Group(Group {
                transform: group.transform,
                clip: group.clip.clone(),
                children: vec![node],
                ..Group::new("")
            });
        }
        let alone = Document {
            layers: vec![node],
            metadata: Default::default(),
            title: None,
            description: None,
            ..*document
        };
        let Ok(picture) = alone.render(width, height, None) else {
            continue;
        };
        if is_opaque(visit.shape) {
            lay(&picture, None, &mut ground);
            continue;
        }
        let verdict = verdict(&picture, &ground, palette);
        if let Some(color) = verdict {
            lay(&picture, Some(color), &mut ground);
        }
        verdicts.insert(visit.index, verdict);
    }
    verdicts
}

/// Lays a picture over the ground; in a colour that is opaque, where one is given.
fn lay(picture: &Raster, as_color: Option<Color>, ground: &mut [[f32; 4]]) {
    for (pixel, below) in picture.pixels().iter().zip(ground) {
        if pixel[3] == 0 {
            continue;
        }
        let (color, alpha) = match as_color {
            Some(color) => ([color.red, color.green, color.blue], 1.0),
            None => unpacked(pixel),
        };
        for (part, value) in below.iter_mut().zip(color) {
            *part += (value - *part) * alpha;
        }
        below[3] += (1.0 - below[3]) * alpha;
    }
}

fn unpacked(pixel: &[u8; 4]) -> ([f32; 3], f32) {
    let [red, green, blue, alpha] = pixel.map(|value| f32::from(value) / 255.0);
    ([red, green, blue], alpha)
}

/// The colour in which a shape that can be seen through shows most as it did; none where leaving it
/// out does.
fn verdict(picture: &Raster, ground: &[[f32; 4]], palette: &Palette) -> Option<Color> {
    let targets = palette.oklab();
    let mut costs = vec![0.0_f32; targets.len()];
    let mut out = 0.0_f32;
    // Every third pixel of large shapes tells as much.
    let seen = picture.pixels().iter().filter(|pixel| pixel[3] > 0).count();
    let step = (seen / 2_000).max(1);
    let shown = picture.pixels().iter().zip(ground);
    for (pixel, below) in shown.filter(|(pixel, _)| pixel[3] > 0).step_by(step) {
        let (color, alpha) = unpacked(pixel);
        let mix = |part: usize| below[part] + (color[part] - below[part]) * alpha;
        let look = Color::new(mix(0), mix(1), mix(2)).to_oklab();
        let before = Color::new(below[0], below[1], below[2]).to_oklab();
        // Over nothing at all, what is seen is the shape, as much as it hides.
        let is_empty = 1.0 - below[3];
        let gone = look.distance(before);
        out += gone * gone * below[3] + is_empty * alpha;
        for (cost, target) in costs.iter_mut().zip(&targets) {
            let off = look.distance(*target);
            *cost += off * off + is_empty * (1.0 - alpha);
        }
    }
    let best = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let (index, cost) = best?;
    let rgb = palette.colors().get(index)?;
    (*cost < out * WORTH).then(|| color_of(*rgb))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{ParseLimits, WriteOptions};

    use super::*;

    fn read(inside: &str) -> Document {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100" height="100">{inside}</svg>"#
        );
        Document::parse(svg.as_bytes(), &ParseLimits::default())
            .unwrap()
            .document
    }

    const SCENE: &str = r##"
        <linearGradient id="s" x2="0" y2="1"><stop stop-color="#8ecbff"/><stop offset="1" stop-color="#fff3d0"/></linearGradient>
        <radialGradient id="g"><stop stop-color="#fff" stop-opacity=".8"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
        <g id="sky"><rect width="100" height="100" fill="url(#s)"/><circle cx="80" cy="20" r="18" fill="url(#g)"/></g>
        <g id="hill" opacity=".9"><path d="M0 60 Q50 40 100 60 V100 H0Z" fill="#5da130"/></g>
        <g id="tree"><rect x="46" y="50" width="8" height="30" fill="#7a4a1e"/><circle cx="50" cy="42" r="18" fill="#2e7d32"/>
            <circle cx="44" cy="36" r="5" fill="#fff" opacity=".1"/></g>"##;

    #[test]
    fn a_strict_palette_has_the_last_word() {
        let palette: Palette = "#1b3a4b, #f2e9dc, #e07a5f, #81b29a".parse().unwrap();
        let palette = palette.strict(true);
        let mut document = read(SCENE);
        recolor(&mut document, &palette);
        assert!(is_kept(&document, &palette));
        let svg = document.to_svg(&WriteOptions::default());
        assert!(!svg.contains("opacity"), "{svg}");
        for name in ["sky", "hill", "tree"] {
            assert!(document.find_id(name).is_some(), "{name} is still there");
        }
        let before = document.clone();
        recolor(&mut document, &palette);
        assert_eq!(document, before, "what is kept stays as it is");
        // The tree can be told from the hill, which no nearest colours would give.
        let color = |label: &str, place: usize| {
            let node = document.find_id(label).unwrap();
            let Some(Node::Shape(shape)) = node.children().get(place) else {
                panic!("{label}");
            };
            match &shape.fill.as_ref().unwrap().paint {
                Paint::Solid(color) => color.to_rgb8(),
                other => panic!("{other:?}"),
            }
        };
        assert_ne!(color("hill", 0), color("tree", 1));
    }

    #[test]
    fn what_is_lit_later_becomes_bands_or_goes() {
        let palette: Palette = "#ffffff, #000000, #888888".parse().unwrap();
        let mut document = read(
            r##"<linearGradient id="s"><stop stop-color="#fff"/><stop offset="1" stop-color="#000001"/></linearGradient>
            <rect width="100" height="100" fill="url(#s)"/>
            <rect width="100" height="100" opacity=".05"/>
            <rect width="40" height="40" x="5" y="5" fill="#123" opacity=".8"/>"##,
        );
        assert_eq!(keep_to(&mut document, &palette), 1);
        assert!(is_kept(&document, &palette));
        let Some(Node::Shape(shape)) = document.layers.first() else {
            panic!();
        };
        let Paint::Linear(gradient) = &shape.fill.as_ref().unwrap().paint else {
            panic!("bands");
        };
        let bands: Vec<[u8; 3]> = gradient
            .stops
            .iter()
            .map(|stop| stop.color.to_rgb8())
            .collect();
        assert_eq!(
            bands,
            [[255; 3], [255; 3], [136; 3], [136; 3], [0; 3], [0; 3]]
        );
    }

    #[test]
    fn a_free_palette_draws_what_is_near_with_its_shades() {
        let palette: Palette = "#2e8b57, #ff0000".parse().unwrap();
        let mut document = read(
            r##"<rect width="100" height="100" fill="#2e7d32"/><circle cx="50" cy="50" r="20" fill="#276b2b"/>
            <circle cx="20" cy="20" r="9" fill="#88aaff"/>"##,
        );
        recolor(&mut document, &palette);
        let colors: Vec<[u8; 3]> = document
            .shapes()
            .iter()
            .flat_map(|visit| crate::classes::paint_colors(visit.shape))
            .map(Color::to_rgb8)
            .collect();
        assert_eq!(colors[0], [0x2e, 0x8b, 0x57], "the large one becomes it");
        assert_ne!(colors[1], colors[0], "its shade stays one");
        assert_eq!(colors[2], [0x88, 0xaa, 0xff], "what is far stays");
    }
}
