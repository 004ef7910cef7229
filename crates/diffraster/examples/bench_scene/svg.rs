//! Reads an SVG into a scene, through usvg: paths, groups, paints.
//!
//! Enough for benchmark scenes; text, images, masks and filters are errors.

use chat2svg_diffraster::{
    Cap, Clip, ClipShape, Fill, FillRule, Group, Join, LinearGradient, Node, Outline, Paint, Path,
    RadialGradient, Scene, Spread, Stop, Stroke, Transform,
};
use resvg::{tiny_skia, usvg};

/// The scene that `svg` describes, its first full-canvas rectangle as background.
pub(crate) fn read(svg: &str) -> Result<Scene, String> {
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(|e| e.to_string())?;
    let size = tree.size().to_int_size();
    let mut scene = Scene::new(size.width(), size.height(), [0.0; 4]);
    for node in tree.root().children() {
        push(node, &mut scene)?;
    }
    take_background(&mut scene);
    Ok(scene)
}

fn push(node: &usvg::Node, scene: &mut Scene) -> Result<(), String> {
    match node {
        usvg::Node::Group(group) => {
            if group.mask().is_some() || !group.filters().is_empty() {
                return Err("masks and filters are not supported".into());
            }
            let isolated = group.opacity().get() < 1.0 || group.clip_path().is_some();
            if isolated {
                let clip = match group.clip_path() {
                    Some(clip) => Some(push_clip(clip, group.abs_transform(), scene)?),
                    None => None,
                };
                scene.nodes.push(Node::Push(Group {
                    opacity: group.opacity().get(),
                    clip,
                }));
            }
            for child in group.children() {
                push(child, scene)?;
            }
            if isolated {
                scene.nodes.push(Node::Pop);
            }
            Ok(())
        }
        usvg::Node::Path(path) => {
            if path.is_visible() {
                scene.nodes.push(Node::Path(convert(path)));
            }
            Ok(())
        }
        usvg::Node::Image(_) | usvg::Node::Text(_) => {
            Err("images and text are not supported".into())
        }
    }
}

fn push_clip(
    clip: &usvg::ClipPath,
    transform: tiny_skia::Transform,
    scene: &mut Scene,
) -> Result<usize, String> {
    let to_canvas = transform.pre_concat(clip.transform());
    let mut shapes = Vec::new();
    for node in clip.root().children() {
        let usvg::Node::Path(path) = node else {
            return Err("clip paths of anything but paths are not supported".into());
        };
        let local = to_canvas.pre_concat(path.abs_transform());
        shapes.push(ClipShape {
            outline: outline(path.data(), local),
            rule: path.fill().map_or(FillRule::NonZero, |f| rule(f.rule())),
        });
    }
    scene.clips.push(Clip { shapes });
    Ok(scene.clips.len() - 1)
}

fn convert(path: &usvg::Path) -> Path {
    let transform = path.abs_transform();
    let scale = (transform.sx * transform.sy - transform.kx * transform.ky)
        .abs()
        .sqrt();
    Path {
        outline: outline(path.data(), transform),
        fill: path.fill().map(|fill| Fill {
            paint: paint(fill.paint(), transform),
            opacity: fill.opacity().get(),
            rule: rule(fill.rule()),
        }),
        stroke: path.stroke().map(|stroke| Stroke {
            paint: paint(stroke.paint(), transform),
            opacity: stroke.opacity().get(),
            width: stroke.width().get() * scale,
            cap: match stroke.linecap() {
                usvg::LineCap::Butt => Cap::Butt,
                usvg::LineCap::Round => Cap::Round,
                usvg::LineCap::Square => Cap::Square,
            },
            join: match stroke.linejoin() {
                usvg::LineJoin::Round => Join::Round,
                usvg::LineJoin::Bevel => Join::Bevel,
                usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => Join::Miter,
            },
            miter_limit: stroke.miterlimit().get(),
        }),
        stroke_first: path.paint_order() == usvg::PaintOrder::StrokeAndFill,
    }
}

fn rule(rule: usvg::FillRule) -> FillRule {
    match rule {
        usvg::FillRule::NonZero => FillRule::NonZero,
        usvg::FillRule::EvenOdd => FillRule::EvenOdd,
    }
}

fn outline(data: &tiny_skia::Path, transform: tiny_skia::Transform) -> Outline {
    let at = |mut p: tiny_skia::Point| {
        transform.map_point(&mut p);
        [p.x, p.y]
    };
    let mut out = Outline::new();
    for segment in data.segments() {
        match segment {
            tiny_skia::PathSegment::MoveTo(p) => out.move_to(at(p)),
            tiny_skia::PathSegment::LineTo(p) => out.line_to(at(p)),
            tiny_skia::PathSegment::QuadTo(c, p) => out.quad_to(at(c), at(p)),
            tiny_skia::PathSegment::CubicTo(a, b, p) => out.cubic_to(at(a), at(b), at(p)),
            tiny_skia::PathSegment::Close => out.close(),
        }
    }
    out
}

fn paint(paint: &usvg::Paint, transform: tiny_skia::Transform) -> Paint {
    let place = |own: tiny_skia::Transform| {
        let t = transform.pre_concat(own);
        Transform([t.sx, t.ky, t.kx, t.sy, t.tx, t.ty])
    };
    match paint {
        usvg::Paint::Color(c) => Paint::Solid(rgb(*c)),
        usvg::Paint::LinearGradient(g) => Paint::Linear(LinearGradient {
            start: [g.x1(), g.y1()],
            end: [g.x2(), g.y2()],
            transform: place(g.transform()),
            spread: spread(g.spread_method()),
            stops: stops(g.stops()),
        }),
        usvg::Paint::RadialGradient(g) => Paint::Radial(RadialGradient {
            center: [g.cx(), g.cy()],
            radius: g.r().get(),
            focus: [g.fx(), g.fy()],
            transform: place(g.transform()),
            spread: spread(g.spread_method()),
            stops: stops(g.stops()),
        }),
        usvg::Paint::Pattern(_) => Paint::Solid([0.5; 3]),
    }
}

fn rgb(c: usvg::Color) -> [f32; 3] {
    [c.red, c.green, c.blue].map(|v| f32::from(v) / 255.0)
}

fn spread(method: usvg::SpreadMethod) -> Spread {
    match method {
        usvg::SpreadMethod::Pad => Spread::Pad,
        usvg::SpreadMethod::Reflect => Spread::Reflect,
        usvg::SpreadMethod::Repeat => Spread::Repeat,
    }
}

fn stops(stops: &[usvg::Stop]) -> Vec<Stop> {
    stops
        .iter()
        .map(|s| {
            let [r, g, b] = rgb(s.color());
            Stop {
                offset: s.offset().get(),
                color: [r, g, b, s.opacity().get()],
            }
        })
        .collect()
}

/// Makes a solid rectangle that covers the canvas at the bottom the background.
fn take_background(scene: &mut Scene) {
    let Some(Node::Path(path)) = scene.nodes.first() else {
        return;
    };
    let Some(Fill {
        paint: Paint::Solid([r, g, b]),
        opacity,
        ..
    }) = path.fill
    else {
        return;
    };
    let (w, h) = (scene.width as f32, scene.height as f32);
    let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    if opacity == 1.0 && path.stroke.is_none() && path.outline.points == corners {
        scene.background = [r, g, b, 1.0];
        scene.nodes.remove(0);
    }
}
