//! The picture is the one that resvg makes of the written SVG.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint cannot see"
)]

mod support;

use chat2svg_diffraster::{
    Cap, Clip, ClipShape, Fill, FillRule, Group, Join, LinearGradient, Node, Outline, Paint, Path,
    RadialGradient, Renderer, Scene, Spread, Stop, Stroke, Transform, View,
};
use support::{Random, blob, difference, resvg_image};

fn check(name: &str, scene: &Scene) {
    let ours = Renderer::new(1).forward(scene).unwrap().clone();
    let theirs = resvg_image(scene);
    let (mean, largest) = difference(&ours, &theirs);
    println!(
        "{name}: mean {:.4}/255, largest {:.1}/255",
        mean * 255.0,
        largest * 255.0
    );
    assert!(mean < 1.0 / 255.0, "{name}: mean difference {mean}");
    // resvg's anti-aliasing has four by four (sixteen) levels per axis.
    assert!(largest < 0.3, "{name}: largest difference {largest}");
}

#[test]
fn filled_blobs() {
    let mut random = Random(1);
    let mut scene = Scene::new(120, 90, [1.0, 1.0, 1.0, 1.0]);
    for _ in 0..40 {
        let center = random.point(-10.0, 120.0);
        let radius = random.range(2.0, 40.0);
        let outline = blob(&mut random, center, radius, 4);
        let color = random.color();
        let opacity = random.range(0.3, 1.0);
        scene
            .nodes
            .push(Node::Path(Path::filled(outline, color, opacity)));
    }
    check("blobs", &scene);
}

#[test]
fn self_overlapping_polygons_of_both_rules() {
    for rule in [FillRule::NonZero, FillRule::EvenOdd] {
        let mut random = Random(7);
        let mut scene = Scene::new(100, 100, [0.1, 0.2, 0.3, 1.0]);
        for _ in 0..10 {
            let mut outline = Outline::new();
            outline.move_to(random.point(-20.0, 120.0));
            for _ in 0..9 {
                outline.line_to(random.point(-20.0, 120.0));
            }
            outline.close();
            let mut path = Path::filled(outline, random.color(), 0.7);
            if let Some(fill) = &mut path.fill {
                fill.rule = rule;
            }
            scene.nodes.push(Node::Path(path));
        }
        check("polygons", &scene);
    }
}

#[test]
fn transparent_background() {
    let mut random = Random(3);
    let mut scene = Scene::new(64, 64, [0.0; 4]);
    for _ in 0..12 {
        let center = random.point(0.0, 64.0);
        let outline = blob(&mut random, center, 15.0, 3);
        scene
            .nodes
            .push(Node::Path(Path::filled(outline, random.color(), 0.6)));
    }
    check("transparent", &scene);
}

#[test]
fn strokes_of_every_cap_and_join() {
    for cap in [Cap::Butt, Cap::Round, Cap::Square] {
        for join in [Join::Miter, Join::Round, Join::Bevel] {
            let mut random = Random(5);
            let mut scene = Scene::new(150, 150, [1.0; 4]);
            for i in 0..8 {
                let center = random.point(30.0, 120.0);
                let mut outline = blob(&mut random, center, 30.0, 2);
                if i % 2 == 0 {
                    outline.verbs.pop();
                }
                if i >= 5 {
                    outline = Outline::new();
                    outline.move_to(random.point(0.0, 150.0));
                    for _ in 0..4 {
                        outline.line_to(random.point(0.0, 150.0));
                    }
                    if i == 6 {
                        outline.close();
                    }
                }
                scene.nodes.push(Node::Path(Path {
                    outline,
                    fill: None,
                    stroke: Some(Stroke {
                        paint: Paint::Solid(random.color()),
                        opacity: 0.8,
                        width: random.range(0.5, 14.0),
                        cap,
                        join,
                        miter_limit: 4.0,
                    }),
                    stroke_first: false,
                }));
            }
            check(&format!("{cap:?} {join:?}"), &scene);
        }
    }
}

#[test]
fn dots_of_subpaths_without_length() {
    for cap in [Cap::Butt, Cap::Round, Cap::Square] {
        let mut scene = Scene::new(40, 40, [1.0; 4]);
        let mut outline = Outline::new();
        outline.move_to([20.0, 20.0]);
        outline.line_to([20.0, 20.0]);
        scene.nodes.push(Node::Path(Path {
            outline,
            fill: None,
            stroke: Some(Stroke {
                paint: Paint::Solid([0.0; 3]),
                opacity: 1.0,
                width: 12.0,
                cap,
                join: Join::Miter,
                miter_limit: 4.0,
            }),
            stroke_first: false,
        }));
        check(&format!("dot {cap:?}"), &scene);
    }
}

fn stops() -> Vec<Stop> {
    vec![
        Stop {
            offset: 0.1,
            color: [1.0, 0.2, 0.1, 1.0],
        },
        Stop {
            offset: 0.5,
            color: [0.1, 0.9, 0.3, 0.5],
        },
        Stop {
            offset: 0.9,
            color: [0.2, 0.1, 0.8, 0.9],
        },
    ]
}

#[test]
fn gradients_of_every_spread() {
    for spread in [Spread::Pad, Spread::Reflect, Spread::Repeat] {
        let mut random = Random(11);
        let mut scene = Scene::new(120, 120, [1.0, 1.0, 0.9, 1.0]);
        scene.view = View {
            scale: 1.5,
            offset: [-4.0, 3.0],
        };
        let paints = [
            Paint::Linear(LinearGradient {
                start: [20.0, 15.0],
                end: [50.0, 40.0],
                transform: Transform([1.0, 0.2, -0.3, 1.1, 2.0, 1.0]),
                spread,
                stops: stops(),
            }),
            Paint::Radial(RadialGradient {
                center: [45.0, 45.0],
                radius: 22.0,
                focus: [52.0, 40.0],
                transform: Transform([1.0, 0.1, 0.3, 0.8, 0.0, 3.0]),
                spread,
                stops: stops(),
            }),
        ];
        for paint in paints {
            let center = random.point(35.0, 45.0);
            scene.nodes.push(Node::Path(Path {
                outline: blob(&mut random, center, 35.0, 4),
                fill: Some(Fill {
                    paint,
                    opacity: 0.9,
                    rule: FillRule::NonZero,
                }),
                stroke: None,
                stroke_first: false,
            }));
        }
        check(&format!("gradients {spread:?}"), &scene);
    }
}

#[test]
fn groups_with_opacity_and_clips() {
    let mut random = Random(17);
    let mut scene = Scene::new(100, 100, [0.9, 1.0, 1.0, 1.0]);
    for _ in 0..2 {
        let mut shapes = Vec::new();
        for _ in 0..2 {
            let center = random.point(30.0, 70.0);
            shapes.push(ClipShape {
                outline: blob(&mut random, center, 30.0, 3),
                rule: FillRule::NonZero,
            });
        }
        scene.clips.push(Clip { shapes });
    }
    let mut add = |scene: &mut Scene| {
        let center = random.point(20.0, 80.0);
        let outline = blob(&mut random, center, 30.0, 3);
        let color = random.color();
        scene
            .nodes
            .push(Node::Path(Path::filled(outline, color, 0.8)));
    };
    add(&mut scene);
    scene.nodes.push(Node::Push(Group {
        opacity: 0.7,
        clip: Some(0),
    }));
    add(&mut scene);
    scene.nodes.push(Node::Push(Group {
        opacity: 0.5,
        clip: Some(1),
    }));
    add(&mut scene);
    add(&mut scene);
    scene.nodes.push(Node::Pop);
    add(&mut scene);
    scene.nodes.push(Node::Pop);
    add(&mut scene);
    check("groups", &scene);
}
