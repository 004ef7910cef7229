//! The picture is the one that resvg makes of the written SVG.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint cannot see"
)]

mod support;

use chat2svg_diffraster::{FillRule, Node, Outline, Path, Renderer, Scene};
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
