//! Reports on paths against doing it: rendering the scene without the path.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint cannot see"
)]

mod support;

use chat2svg_diffraster::{
    Clip, ClipShape, FillRule, Group, Image, NO_NODE, Node, Outline, Path, Renderer, Scene,
};
use support::{Random, blob};

fn error(renderer: &mut Renderer, scene: &Scene, target: &Image, alpha_weight: f64) -> f64 {
    let image = renderer.forward(scene).unwrap();
    let pixels = image.data.chunks(4).zip(target.data.chunks(4));
    pixels
        .flat_map(|(a, b)| (0..4).map(move |k| (k, f64::from(a[k] - b[k]).powi(2))))
        .map(|(k, square)| {
            if k == 3 {
                alpha_weight * square
            } else {
                square
            }
        })
        .sum()
}

#[test]
fn removal_is_what_removing_does_even_in_groups() {
    compare_removals([0.8, 0.9, 1.0, 1.0], 0.0);
    compare_removals([0.8, 0.9, 1.0, 1.0], 3.0);
    compare_removals([0.0; 4], 3.0);
    compare_removals([0.3, 0.6, 0.1, 0.4], 2.0);
}

fn compare_removals(canvas: [f32; 4], alpha_weight: f32) {
    let mut random = Random(4);
    let mut scene = Scene::new(70, 50, canvas);
    scene.clips.push(Clip {
        shapes: vec![ClipShape {
            outline: blob(&mut random, [35.0, 25.0], 22.0, 3),
            rule: FillRule::NonZero,
        }],
    });
    let mut add = |scene: &mut Scene| {
        let center = random.point(10.0, 55.0);
        let outline = blob(&mut random, center, 16.0, 3);
        scene
            .nodes
            .push(Node::Path(Path::filled(outline, random.color(), 0.7)));
    };
    add(&mut scene);
    scene.nodes.push(Node::Push(Group {
        opacity: 0.8,
        clip: Some(0),
    }));
    add(&mut scene);
    scene.nodes.push(Node::Push(Group {
        opacity: 0.6,
        clip: None,
    }));
    add(&mut scene);
    add(&mut scene);
    scene.nodes.push(Node::Pop);
    scene.nodes.push(Node::Pop);
    add(&mut scene);
    let mut target = Image::new(scene.width, scene.height);
    target.data.fill_with(|| random.unit());

    let mut renderer = Renderer::new(1);
    let weight = f64::from(alpha_weight);
    let reports = renderer
        .inspect(&scene, Some(&target), alpha_weight)
        .unwrap()
        .nodes
        .clone();
    let whole = error(&mut renderer, &scene, &target, weight);
    for (i, report) in reports.iter().enumerate() {
        if !matches!(scene.nodes[i], Node::Path(_)) {
            assert_eq!(report.visible, 0.0);
            continue;
        }
        let mut without = scene.clone();
        without.nodes.remove(i);
        let growth = error(&mut renderer, &without, &target, weight) - whole;
        assert!(
            (growth - report.removal).abs() < 1e-3 * growth.abs().max(1.0),
            "node {i}: {growth} {report:?}"
        );
        assert!(report.visible > 0.0 && report.visible < report.covered);
    }
}

#[test]
fn the_topmost_node_is_found_and_areas_are_areas() {
    let square = |x: f32, size: f32| {
        let mut outline = Outline::new();
        outline.move_to([x, x]);
        outline.line_to([x + size, x]);
        outline.line_to([x + size, x + size]);
        outline.line_to([x, x + size]);
        outline.close();
        outline
    };
    let mut scene = Scene::new(40, 40, [1.0; 4]);
    scene.nodes.push(Node::Path(Path::filled(
        square(5.0, 20.0),
        [1.0, 0.0, 0.0],
        1.0,
    )));
    scene.nodes.push(Node::Path(Path::filled(
        square(15.0, 20.0),
        [0.0, 1.0, 0.0],
        1.0,
    )));
    scene.nodes.push(Node::Path(Path::filled(
        square(-30.0, 20.0),
        [0.0, 0.0, 1.0],
        1.0,
    )));
    let mut renderer = Renderer::new(2);
    let found = renderer.inspect(&scene, None, 0.0).unwrap();
    let at = |x: usize, y: usize| found.top[y * 40 + x];
    assert_eq!(
        (at(2, 2), at(8, 8), at(20, 20), at(34, 34)),
        (NO_NODE, 0, 1, 1)
    );
    assert!((found.nodes[0].covered - 400.0).abs() < 1e-2);
    assert!((found.nodes[0].visible - 300.0).abs() < 1e-2);
    assert!((found.nodes[1].visible - 400.0).abs() < 1e-2);
    assert_eq!(found.nodes[2].covered, 0.0);
}
