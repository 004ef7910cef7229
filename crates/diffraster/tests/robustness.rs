//! Bad and extreme input; the same bits on any number of threads.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint cannot see"
)]

mod support;

use chat2svg_diffraster::{
    Cap, FillRule, Group, Image, Join, LinearGradient, Node, Outline, Paint, Path, RadialGradient,
    Renderer, Scene, SceneError, Spread, Stop, Stroke, Transform, Verb, View,
};
use proptest::prelude::*;
use support::{Random, blob};

fn triangle(points: [[f32; 2]; 3]) -> Path {
    let mut outline = Outline::new();
    outline.move_to(points[0]);
    outline.line_to(points[1]);
    outline.line_to(points[2]);
    outline.close();
    Path::filled(outline, [0.2, 0.5, 0.7], 0.8)
}

fn stroked(outline: Outline, width: f32) -> Path {
    Path {
        outline,
        fill: None,
        stroke: Some(Stroke {
            paint: Paint::Solid([0.1; 3]),
            opacity: 0.9,
            width,
            cap: Cap::Round,
            join: Join::Miter,
            miter_limit: 10.0,
        }),
        stroke_first: false,
    }
}

fn scene_of(path: Path) -> Scene {
    let mut scene = Scene::new(40, 30, [1.0; 4]);
    scene.nodes.push(Node::Path(path));
    scene
}

/// Renders, differentiates and inspects; everything must be finite.
fn run(scene: &Scene) -> Result<Image, SceneError> {
    let mut renderer = Renderer::new(1);
    let image = renderer.forward(scene)?.clone();
    assert!(
        image
            .data
            .iter()
            .all(|v| v.is_finite() && (-1e-3..=1.001).contains(v))
    );
    let mut random = Random(1);
    let mut weights = image.clone();
    weights.data.fill_with(|| random.range(-1.0, 1.0));
    assert!(
        renderer
            .backward(scene, &weights)?
            .iter()
            .all(|v| v.is_finite())
    );
    renderer.inspect(scene, Some(&weights), 0.0)?;
    Ok(image)
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let path = triangle([[0.0, 0.0], [bad, 3.0], [4.0, 5.0]]);
        let error = run(&scene_of(path)).unwrap_err();
        assert_eq!(
            error,
            SceneError::NotFinite {
                place: "node",
                index: 0
            }
        );

        let mut path = triangle([[0.0, 0.0], [9.0, 3.0], [4.0, 5.0]]);
        if let Some(fill) = &mut path.fill {
            fill.opacity = bad;
        }
        assert!(run(&scene_of(path)).is_err());

        let mut scene = scene_of(triangle([[0.0, 0.0], [9.0, 3.0], [4.0, 5.0]]));
        scene.view.scale = bad;
        assert_eq!(run(&scene).unwrap_err(), SceneError::BadView);

        let mut outline = Outline::new();
        outline.move_to([1.0, 1.0]);
        outline.line_to([5.0, 9.0]);
        assert!(run(&scene_of(stroked(outline, bad))).is_err());
    }
}

#[test]
fn coordinates_beyond_the_limit_are_refused_and_huge_ones_are_right() {
    let path = triangle([[0.0, 0.0], [2e9, 3.0], [4.0, 5.0]]);
    assert!(matches!(
        run(&scene_of(path)).unwrap_err(),
        SceneError::CoordinateTooLarge { .. }
    ));
    // Covers everything, from very far away.
    let path = triangle([[-9e8, -9e8], [9e8, -9e8], [0.0, 9e8]]);
    let image = run(&scene_of(path)).unwrap();
    let inside = [1.0 - 0.8 * 0.8, 1.0 - 0.8 * 0.5, 1.0 - 0.8 * 0.3];
    for pixel in image.data.chunks(4) {
        for k in 0..3 {
            assert!((pixel[k] - inside[k]).abs() < 1e-5, "{pixel:?}");
        }
    }
}

#[test]
fn empty_canvases_and_scenes_are_fine() {
    for (width, height) in [(0, 0), (0, 9), (9, 0), (1, 1)] {
        let mut scene = Scene::new(width, height, [0.5; 4]);
        assert_eq!(
            run(&scene).unwrap().data.len(),
            (4 * width * height) as usize
        );
        scene
            .nodes
            .push(Node::Path(triangle([[0.0, 0.0], [9.0, 3.0], [4.0, 5.0]])));
        run(&scene).unwrap();
        let empty = Image::new(width, height);
        let (loss, gradient) = Renderer::new(1)
            .forward_backward_mse(&scene, &empty)
            .map(|(l, g)| (l, g.to_vec()))
            .unwrap();
        assert!(loss.is_finite() && gradient.iter().all(|v| v.is_finite()));
    }
    let scene = Scene::new(40_000, 10, [1.0; 4]);
    assert!(matches!(
        run(&scene),
        Err(SceneError::CanvasTooLarge { .. })
    ));
}

#[test]
fn malformed_scenes_are_refused() {
    let mut scene = Scene::new(9, 9, [1.0; 4]);
    scene.nodes.push(Node::Pop);
    assert_eq!(run(&scene).unwrap_err(), SceneError::UnbalancedGroups);
    scene.nodes = vec![Node::Push(Group {
        opacity: 1.0,
        clip: None,
    })];
    assert_eq!(run(&scene).unwrap_err(), SceneError::UnbalancedGroups);
    scene.nodes = vec![
        Node::Push(Group {
            opacity: 1.0,
            clip: Some(3),
        }),
        Node::Pop,
    ];
    assert_eq!(
        run(&scene).unwrap_err(),
        SceneError::UnknownClip { node: 0, clip: 3 }
    );
    for verbs in [
        vec![Verb::Line],
        vec![Verb::Move, Verb::Cubic],
        vec![Verb::Move, Verb::Close, Verb::Line],
        vec![Verb::Close],
    ] {
        let points = vec![[1.0, 2.0]; 2];
        let path = Path::filled(Outline { verbs, points }, [0.0; 3], 1.0);
        assert!(matches!(
            run(&scene_of(path)),
            Err(SceneError::BadOutline { .. })
        ));
    }
    let mut path = triangle([[0.0, 0.0], [9.0, 3.0], [4.0, 5.0]]);
    if let Some(fill) = &mut path.fill {
        fill.paint = Paint::Linear(LinearGradient {
            start: [0.0; 2],
            end: [1.0; 2],
            transform: Transform::default(),
            spread: Spread::Pad,
            stops: Vec::new(),
        });
    }
    assert_eq!(
        run(&scene_of(path)).unwrap_err(),
        SceneError::NoStops { node: 0 }
    );
    let other = Image::new(3, 4);
    let scene = Scene::new(9, 9, [1.0; 4]);
    assert!(matches!(
        Renderer::new(1).backward(&scene, &other),
        Err(SceneError::SizeMismatch { .. })
    ));
}

#[test]
fn degenerate_geometry_paints_nothing_and_breaks_nothing() {
    let white = Scene::new(40, 30, [1.0; 4]);
    let blank = Renderer::new(1).forward(&white).unwrap().clone();
    let spot = [11.0, 13.0];
    for path in [
        triangle([spot; 3]),
        triangle([[0.0, 0.0], [20.0, 20.0], [10.0, 10.0]]),
        triangle([[-50.0, 5.0], [-20.0, 8.0], [-30.0, 25.0]]),
        triangle([[50.0, 5.0], [60.0, 8.0], [70.0, 25.0]]),
        triangle([[5.0, -50.0], [9.0, -8.0], [7.0, -25.0]]),
        triangle([[16.0, 0.0], [16.0, 30.0], [16.0, 10.0]]),
        Path::filled(Outline::new(), [0.0; 3], 1.0),
    ] {
        let image = run(&scene_of(path)).unwrap();
        for (a, b) in image.data.iter().zip(&blank.data) {
            assert!((a - b).abs() < 1e-4);
        }
    }
}

/// Black at 0, white at 1, around `center`.
fn radial(center: [f32; 2], radius: f32, focus: [f32; 2]) -> Paint {
    let stop = |offset: f32| Stop {
        offset,
        color: [offset, offset, offset, 1.0],
    };
    Paint::Radial(RadialGradient {
        center,
        radius,
        focus,
        transform: Transform::default(),
        spread: Spread::Pad,
        stops: vec![stop(0.0), stop(1.0)],
    })
}

#[test]
fn radial_gradients_of_extreme_size_are_one_colour() {
    for (radius, color) in [(2.4e38, 0.0), (1e19, 0.0), (1e-25, 1.0), (-2.0, 1.0)] {
        let mut path = triangle([[-90.0, -90.0], [90.0, -90.0], [0.0, 90.0]]);
        if let Some(fill) = &mut path.fill {
            fill.opacity = 1.0;
            fill.paint = radial([3.2, 4.1], radius, [3.2, 4.1]);
        }
        let image = run(&scene_of(path)).unwrap();
        let got = image.data[4 * 40 + 80];
        assert!((got - color).abs() < 1e-3, "{radius}: {got}");
    }
}

#[test]
fn a_million_control_points_end() {
    // A spiral of tiny waves, so that lines lie about a pixel apart.
    let at = |i: usize| {
        let turn = 0.6 * (i as f32).sqrt();
        let radius = 0.3 * turn + 0.2 * (i % 5) as f32;
        [200.0 + radius * turn.cos(), 200.0 + radius * turn.sin()]
    };
    let mut outline = Outline::new();
    outline.move_to(at(0));
    for i in 0..333_334 {
        outline.cubic_to(at(3 * i + 1), at(3 * i + 2), at(3 * i + 3));
    }
    outline.close();
    let mut path = Path::filled(outline, [0.3; 3], 0.5);
    if let Some(fill) = &mut path.fill {
        fill.rule = FillRule::EvenOdd;
    }
    let mut scene = Scene::new(400, 400, [1.0; 4]);
    scene.nodes.push(Node::Path(path));
    let mut renderer = Renderer::new(1);
    let target = Image::new(400, 400);
    let (loss, gradient) = renderer.forward_backward_mse(&scene, &target).unwrap();
    assert!(loss.is_finite() && gradient.iter().all(|v| v.is_finite()));
}

#[test]
fn groups_nest_deeply() {
    let mut scene = Scene::new(20, 20, [1.0; 4]);
    for _ in 0..2000 {
        scene.nodes.push(Node::Push(Group {
            opacity: 1.0,
            clip: None,
        }));
    }
    for _ in 0..20 {
        let path = triangle([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]]);
        scene.nodes.push(Node::Path(path));
    }
    scene.nodes.extend((0..2000).map(|_| Node::Pop));
    let image = run(&scene).unwrap();
    assert!((image.data[0] - 0.2).abs() < 1e-3);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let mut random = Random(21);
    let mut scene = Scene::new(300, 200, [1.0; 4]);
    for i in 0..300 {
        let center = random.point(0.0, 300.0);
        let outline = blob(&mut random, center, 25.0, 4);
        let mut path = Path::filled(outline, random.color(), 0.6);
        if i % 5 == 0 {
            path.stroke = stroked(Outline::new(), 3.0).stroke;
        }
        if i % 20 == 0 {
            scene.nodes.push(Node::Push(Group {
                opacity: 0.8,
                clip: None,
            }));
        }
        scene.nodes.push(Node::Path(path));
        if i % 20 == 0 {
            scene.nodes.push(Node::Pop);
        }
    }
    let mut target = Image::new(300, 200);
    target.data.fill_with(|| random.unit());
    let bits = |threads: usize| {
        let mut renderer = Renderer::new(threads);
        let image = renderer.forward(&scene).unwrap().clone();
        let (loss, gradient) = renderer.forward_backward_mse(&scene, &target).unwrap();
        let gradient: Vec<u32> = gradient.iter().map(|v| v.to_bits()).collect();
        let image: Vec<u32> = image.data.iter().map(|v| v.to_bits()).collect();
        (loss.to_bits(), gradient, image)
    };
    let one = bits(1);
    for threads in [2, 3, 7] {
        assert!(bits(threads) == one, "{threads} threads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any finite numbers at all as the geometry of gradients.
    #[test]
    fn odd_gradients_break_nothing(
        numbers in prop::collection::vec(
            prop_oneof![
                -50f32..90.0,
                (-38f32..38.5).prop_map(|power| 10f32.powf(power)),
                (-38f32..38.5).prop_map(|power| -10f32.powf(power)),
                Just(0.0f32),
                Just(f32::MAX),
            ],
            5,
        ),
        transform in prop_oneof![
            Just(Transform::default()),
            (-38f32..38.5).prop_map(|power| Transform([10f32.powf(power), 0.0, 0.0, 1.0, 3.0, 0.0])),
        ],
        spread in prop::sample::select(vec![Spread::Pad, Spread::Reflect, Spread::Repeat]),
        scale in prop_oneof![Just(1.0f32), Just(1e-41f32), (-38f32..7.0).prop_map(|power| 10f32.powf(power))],
        is_linear: bool,
    ) {
        let [a, b, c, d, radius] = numbers[..] else { return Ok(()); };
        let mut paint = radial([a, b], radius, [c, d]);
        if let Paint::Radial(radial) = &mut paint {
            radial.spread = spread;
            radial.transform = transform;
            if is_linear {
                paint = Paint::Linear(LinearGradient {
                    start: [a, b],
                    end: [c, d],
                    transform,
                    spread,
                    stops: radial.stops.clone(),
                });
            }
        }
        let mut path = triangle([[-90.0, -90.0], [90.0, -90.0], [0.0, 90.0]]);
        if let Some(fill) = &mut path.fill {
            fill.paint = paint;
        }
        let mut scene = scene_of(path);
        scene.view = View { scale, offset: [20.0, 12.0] };
        run(&scene).unwrap();
    }

    /// Coordinates on pixel and tile borders, repeated points, wild magnitudes.
    #[test]
    fn odd_coordinates_break_nothing(
        coordinates in prop::collection::vec(
            prop_oneof![
                (-3i32..6).prop_map(|i| (i * 16) as f32),
                (-5i32..50).prop_map(|i| i as f32),
                (-5i32..50).prop_map(|i| i as f32 + 1e-5),
                -50f32..90.0,
                -1e9f32..1e9,
                Just(1e-30f32),
            ],
            8..40,
        ),
        verbs in prop::collection::vec(0u8..5, 4..12),
        width in prop_oneof![Just(0.0f32), 1e-3f32..40.0, Just(1e5f32)],
        even_odd: bool,
    ) {
        let mut next = coordinates.iter().copied().cycle();
        let mut point = || [next.next().unwrap(), next.next().unwrap()];
        let mut outline = Outline::new();
        outline.move_to(point());
        for verb in verbs {
            match verb {
                0 => outline.move_to(point()),
                1 => outline.line_to(point()),
                2 => outline.quad_to(point(), point()),
                3 => outline.cubic_to(point(), point(), point()),
                _ => {
                    outline.close();
                    outline.move_to(point());
                }
            }
        }
        let mut path = stroked(outline, width);
        path.fill = triangle([[0.0; 2]; 3]).fill;
        if even_odd && let Some(fill) = &mut path.fill {
            fill.rule = FillRule::EvenOdd;
        }
        let mut scene = scene_of(path);
        run(&scene).unwrap();
        scene.view = View { scale: 0.03, offset: [7.0, 5.0] };
        run(&scene).unwrap();
    }
}
