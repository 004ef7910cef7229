//! The same scene drawn by tiny-skia: solid paints, fills and strokes.

use chat2svg_diffraster::{Cap, Fill, FillRule, Join, Node, Outline, Paint, Scene, Verb};
use tiny_skia as ts;

/// A scene made ready for tiny-skia, and where it is drawn.
pub(crate) struct Reference {
    background: ts::Color,
    paths: Vec<Drawn>,
    pixmap: ts::Pixmap,
}

impl Reference {
    /// `None` when the scene has no size.
    pub(crate) fn new(scene: &Scene) -> Option<Self> {
        let [r, g, b, a] = scene.background;
        Some(Self {
            background: ts::Color::from_rgba(r, g, b, a)?,
            paths: scene.nodes.iter().filter_map(reference).collect(),
            pixmap: ts::Pixmap::new(scene.width, scene.height)?,
        })
    }

    /// Draws everything once.
    pub(crate) fn render(&mut self) {
        self.pixmap.fill(self.background);
        let identity = ts::Transform::identity();
        for path in &self.paths {
            for is_stroke in [path.stroke_first, !path.stroke_first] {
                if is_stroke {
                    if let Some((paint, stroke)) = &path.stroke {
                        self.pixmap
                            .stroke_path(&path.path, paint, stroke, identity, None);
                    }
                } else if let Some((paint, rule)) = &path.fill {
                    self.pixmap
                        .fill_path(&path.path, paint, *rule, identity, None);
                }
            }
        }
    }
}

/// What tiny-skia needs to draw one path.
struct Drawn {
    path: ts::Path,
    fill: Option<(ts::Paint<'static>, ts::FillRule)>,
    stroke: Option<(ts::Paint<'static>, ts::Stroke)>,
    stroke_first: bool,
}

fn reference(node: &Node) -> Option<Drawn> {
    let Node::Path(path) = node else {
        return None;
    };
    let fill = path.fill.as_ref().map(
        |Fill {
             paint,
             opacity,
             rule,
         }| {
            let rule = match rule {
                FillRule::NonZero => ts::FillRule::Winding,
                FillRule::EvenOdd => ts::FillRule::EvenOdd,
            };
            (solid(paint, *opacity), rule)
        },
    );
    let stroke = path.stroke.as_ref().map(|s| {
        let stroke = ts::Stroke {
            width: s.width,
            miter_limit: s.miter_limit,
            line_cap: match s.cap {
                Cap::Butt => ts::LineCap::Butt,
                Cap::Round => ts::LineCap::Round,
                Cap::Square => ts::LineCap::Square,
            },
            line_join: match s.join {
                Join::Miter => ts::LineJoin::Miter,
                Join::Round => ts::LineJoin::Round,
                Join::Bevel => ts::LineJoin::Bevel,
            },
            dash: None,
        };
        (solid(&s.paint, s.opacity), stroke)
    });
    Some(Drawn {
        path: tiny_skia_path(&path.outline)?,
        fill,
        stroke,
        stroke_first: path.stroke_first,
    })
}

fn solid(paint: &Paint, opacity: f32) -> ts::Paint<'static> {
    let mut out = ts::Paint {
        anti_alias: true,
        ..ts::Paint::default()
    };
    if let Paint::Solid([r, g, b]) = *paint
        && let Some(color) = ts::Color::from_rgba(r, g, b, opacity)
    {
        out.set_color(color);
    }
    out
}

fn tiny_skia_path(outline: &Outline) -> Option<ts::Path> {
    let mut builder = ts::PathBuilder::new();
    let mut points = outline.points.iter().map(|p| (p[0], p[1]));
    let mut next = || points.next().unwrap_or_default();
    for verb in &outline.verbs {
        match verb {
            Verb::Move => {
                let (x, y) = next();
                builder.move_to(x, y);
            }
            Verb::Line => {
                let (x, y) = next();
                builder.line_to(x, y);
            }
            Verb::Quad => {
                let ((a, b), (x, y)) = (next(), next());
                builder.quad_to(a, b, x, y);
            }
            Verb::Cubic => {
                let ((a, b), (c, d), (x, y)) = (next(), next(), next());
                builder.cubic_to(a, b, c, d, x, y);
            }
            Verb::Close => builder.close(),
        }
    }
    builder.finish()
}
