//! Any scene at all: it is refused, or everything that comes out is finite and
//! in range.

#![no_main]

use arbitrary::Arbitrary;
use chat2svg_diffraster::{
    Cap, Clip, ClipShape, Fill, FillRule, Group, Image, Join, LinearGradient, Node, Outline, Paint,
    Path, RadialGradient, Renderer, Scene, Spread, Stop, Stroke, Transform, Verb, View,
};
use libfuzzer_sys::fuzz_target;

/// A number that is often of use: on the canvas, on its borders, or anything.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Number {
    Small(i8),
    Fraction(i16),
    Border(i8),
    Any(f32),
}

impl Number {
    fn get(self) -> f32 {
        match self {
            Self::Small(v) => f32::from(v),
            Self::Fraction(v) => f32::from(v) / 256.0,
            Self::Border(v) => f32::from(v) * 16.0,
            Self::Any(v) => v,
        }
    }
}

type Point = [Number; 2];

#[derive(Debug, Arbitrary)]
enum AnyPaint {
    Solid([u8; 3]),
    Linear(Point, Point, u8, Vec<(u8, [u8; 4])>),
    Radial(Point, Number, Point, u8, Vec<(u8, [u8; 4])>),
}

#[derive(Debug, Arbitrary)]
struct AnyPath {
    verbs: Vec<u8>,
    points: Vec<Point>,
    fits: bool,
    fill: Option<(AnyPaint, u8, bool)>,
    stroke: Option<(AnyPaint, u8, Number, u8, Number)>,
    stroke_first: bool,
}

#[derive(Debug, Arbitrary)]
enum AnyNode {
    Path(Box<AnyPath>),
    Push(u8, Option<u8>),
    Pop,
}

#[derive(Debug, Arbitrary)]
struct AnyScene {
    size: (u8, u8),
    view: Option<(Number, Point)>,
    background: [u8; 4],
    nodes: Vec<AnyNode>,
    clip: Vec<(AnyPath, bool)>,
    /// Of all gradients.
    transform: Option<[Number; 6]>,
}

fn share(v: u8) -> f32 {
    f32::from(v) / 255.0
}

fn point(p: &Point) -> [f32; 2] {
    p.map(Number::get)
}

fn spread(v: u8) -> Spread {
    [Spread::Pad, Spread::Reflect, Spread::Repeat][usize::from(v % 3)]
}

fn stops(list: &[(u8, [u8; 4])]) -> Vec<Stop> {
    list.iter()
        .map(|(offset, color)| Stop {
            offset: share(*offset),
            color: color.map(share),
        })
        .collect()
}

fn paint(p: &AnyPaint, transform: Transform) -> Paint {
    match p {
        AnyPaint::Solid(c) => Paint::Solid(c.map(share)),
        AnyPaint::Linear(a, b, s, list) => Paint::Linear(LinearGradient {
            start: point(a),
            end: point(b),
            transform,
            spread: spread(*s),
            stops: stops(list),
        }),
        AnyPaint::Radial(c, r, f, s, list) => Paint::Radial(RadialGradient {
            center: point(c),
            radius: r.get(),
            focus: point(f),
            transform,
            spread: spread(*s),
            stops: stops(list),
        }),
    }
}

/// With `fits`, as many points as the verbs take, and a `Move` where one must be.
fn outline(path: &AnyPath) -> Outline {
    let mut verbs = Vec::new();
    for v in &path.verbs {
        let verb =
            [Verb::Move, Verb::Line, Verb::Quad, Verb::Cubic, Verb::Close][usize::from(v % 5)];
        if path.fits && verbs.last().is_none_or(|l| *l == Verb::Close) {
            verbs.push(Verb::Move);
        }
        verbs.push(verb);
    }
    let mut points: Vec<_> = path.points.iter().map(point).collect();
    if path.fits && !points.is_empty() {
        let wanted = verbs.iter().map(|v| v.point_count()).sum();
        points = points.iter().copied().cycle().take(wanted).collect();
    }
    Outline { verbs, points }
}

fn convert(any: &AnyScene) -> Scene {
    let (width, height) = any.size;
    let mut scene = Scene::new(
        u32::from(width % 70),
        u32::from(height % 70),
        any.background.map(share),
    );
    if let Some((scale, offset)) = &any.view {
        scene.view = View {
            scale: scale.get(),
            offset: point(offset),
        };
    }
    scene.clips.push(Clip {
        shapes: any
            .clip
            .iter()
            .map(|(path, even_odd)| ClipShape {
                outline: outline(path),
                rule: rule(*even_odd),
            })
            .collect(),
    });
    let transform = any.transform.map_or_else(Transform::default, |numbers| {
        Transform(numbers.map(Number::get))
    });
    let mut depth = 0;
    for node in &any.nodes {
        match node {
            AnyNode::Path(path) => scene.nodes.push(Node::Path(Path {
                outline: outline(path),
                fill: path.fill.as_ref().map(|(p, opacity, even_odd)| Fill {
                    paint: paint(p, transform),
                    opacity: share(*opacity),
                    rule: rule(*even_odd),
                }),
                stroke: path
                    .stroke
                    .as_ref()
                    .map(|(p, opacity, width, kind, limit)| Stroke {
                        paint: paint(p, transform),
                        opacity: share(*opacity),
                        width: width.get(),
                        cap: [Cap::Butt, Cap::Round, Cap::Square][usize::from(kind % 3)],
                        join: [Join::Miter, Join::Round, Join::Bevel][usize::from(kind / 3 % 3)],
                        miter_limit: limit.get(),
                    }),
                stroke_first: path.stroke_first,
            })),
            AnyNode::Push(opacity, clip) => {
                depth += 1;
                scene.nodes.push(Node::Push(Group {
                    opacity: share(*opacity),
                    clip: clip.map(|c| usize::from(c % 2) * usize::from(c > 250)),
                }));
            }
            AnyNode::Pop if depth > 0 => {
                depth -= 1;
                scene.nodes.push(Node::Pop);
            }
            AnyNode::Pop => {}
        }
    }
    scene.nodes.extend((0..depth).map(|_| Node::Pop));
    scene
}

fn rule(even_odd: bool) -> FillRule {
    if even_odd {
        FillRule::EvenOdd
    } else {
        FillRule::NonZero
    }
}

fuzz_target!(|any: AnyScene| {
    let scene = convert(&any);
    let mut renderer = Renderer::new(1);
    let Ok(image) = renderer.forward(&scene).cloned() else {
        return;
    };
    for v in &image.data {
        assert!(v.is_finite() && (-0.01..=1.01).contains(v), "{v}");
    }
    let target = Image::new(scene.width, scene.height);
    let (loss, gradient) = renderer
        .forward_backward_mse(&scene, &target)
        .expect("valid");
    assert!(loss.is_finite());
    let gradient = gradient.to_vec();
    assert!(gradient.iter().all(|v| !v.is_nan()), "{gradient:?}");
    renderer.inspect(&scene, Some(&target), 0.0).expect("valid");
});
