//! Gradients against central differences, for every kind of parameter.
//!
//! The loss is a fixed random weighting of all pixels and channels, so nothing
//! can cancel by symmetry. Curves are flattened coarsely, which keeps the number
//! of segments the same on both sides of a difference; the gradient is exact for
//! the picture as rendered, so this hides nothing.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint cannot see"
)]

mod support;

use chat2svg_diffraster::{
    Cap, Clip, ClipShape, Fill, FillRule, Group, Image, Join, Layout, LinearGradient, Node,
    Outline, Paint, Path, RadialGradient, Renderer, Scene, Spread, Stop, Stroke, Transform, View,
};
use proptest::prelude::*;
use support::{Random, blob};

const STEP: f32 = 2e-3;

struct Check {
    renderer: Renderer,
    weights: Image,
}

impl Check {
    fn new(scene: &Scene) -> Self {
        let mut random = Random(99);
        let mut weights = Image::new(scene.width, scene.height);
        weights.data.fill_with(|| random.range(-1.0, 1.0));
        let mut renderer = Renderer::new(1);
        renderer.set_tolerance(1.0);
        Self { renderer, weights }
    }

    fn loss(&mut self, scene: &Scene) -> f64 {
        let image = self.renderer.forward(scene).unwrap();
        let products = image.data.iter().zip(&self.weights.data);
        products.map(|(a, b)| f64::from(a * b)).sum()
    }

    fn difference(&mut self, scene: &mut Scene, values: &mut [f32], i: usize, step: f32) -> f32 {
        let start = values[i];
        let (high, low) = (start + step, start - step);
        values[i] = high;
        scene.write_parameters(values);
        let above = self.loss(scene);
        values[i] = low;
        scene.write_parameters(values);
        let below = self.loss(scene);
        values[i] = start;
        ((above - below) / f64::from(high - low)) as f32
    }

    /// Every parameter's error, relative to the larger of its size and `floor`.
    fn errors(&mut self, scene: &mut Scene, floor: f32) -> Vec<Comparison> {
        let gradient = self
            .renderer
            .backward(scene, &self.weights)
            .unwrap()
            .to_vec();
        let mut start = Vec::new();
        scene.read_parameters(&mut start);
        assert_eq!(start.len(), gradient.len());
        let mut moved = start.clone();
        let mut errors = Vec::new();
        let kinked = kinked(scene);
        for (i, &own) in gradient.iter().enumerate() {
            let is_kinked = kinked.contains(&i);
            let step = if is_kinked { STEP / 10.0 } else { STEP };
            let difference = self.difference(scene, &mut moved, i, step);
            let error = (difference - own).abs() / difference.abs().max(floor);
            // A jump or a kink between the two sides (another number of
            // segments, a stop at a pixel centre) shows by differences that do
            // not settle as the step shrinks.
            let finer = self.difference(scene, &mut moved, i, step / 4.0);
            let unsettled =
                is_kinked || (finer - difference).abs() > 0.3 * (difference - own).abs();
            errors.push(Comparison {
                parameter: i,
                gradient: own,
                difference,
                error,
                unsettled,
            });
        }
        scene.write_parameters(&start);
        errors
    }
}

/// Moving a gradient moves the kinks at its stops over many pixel centres, so
/// differences with respect to its geometry and offsets converge slowly: they
/// get a smaller step and more room.
fn kinked(scene: &Scene) -> Vec<usize> {
    let layout = Layout::of(scene);
    let paints = layout.nodes.iter().flat_map(|n| [&n.fill, &n.stroke]);
    paints
        .flatten()
        .flat_map(|p| p.geometry.clone().chain(p.stops.clone().step_by(5)))
        .collect()
}

/// One parameter's gradient and central difference.
#[derive(Debug)]
#[allow(dead_code, reason = "printed when a test fails")]
struct Comparison {
    parameter: usize,
    gradient: f32,
    difference: f32,
    error: f32,
    unsettled: bool,
}

fn check(scene: &mut Scene) {
    check_flattened(scene, 1.0);
}

/// No settled difference may disagree by more than 2 %; few may be unsettled.
fn check_flattened(scene: &mut Scene, tolerance: f32) {
    let mut check = Check::new(scene);
    check.renderer.set_tolerance(tolerance);
    let errors = check.errors(scene, 0.5);
    let bad: Vec<_> = errors.iter().filter(|e| e.error > 0.02).collect();
    assert!(bad.iter().all(|e| e.unsettled), "{bad:?}");
    assert!(bad.len() <= errors.len() / 5, "{bad:?}");
}

fn canvas() -> Scene {
    Scene::new(37, 29, [0.9, 0.8, 0.7, 1.0])
}

fn star(random: &mut Random, count: usize, low: f32, high: f32) -> Outline {
    let mut outline = Outline::new();
    outline.move_to(random.point(low, high));
    for _ in 1..count {
        outline.line_to(random.point(low, high));
    }
    outline.close();
    outline
}

fn path(random: &mut Random, outline: Outline) -> Path {
    let color = random.color();
    let opacity = random.range(0.2, 0.9);
    let mut path = Path::filled(outline, color, opacity);
    if let Some(fill) = &mut path.fill
        && random.unit() < 0.5
    {
        fill.rule = FillRule::EvenOdd;
    }
    path
}

fn stops(random: &mut Random) -> Vec<Stop> {
    [0.1, 0.45, 0.9]
        .map(|offset| {
            let [r, g, b] = random.color();
            Stop {
                offset: offset + random.range(-0.05, 0.05),
                color: [r, g, b, random.range(0.3, 1.0)],
            }
        })
        .to_vec()
}

fn spread(random: &mut Random) -> Spread {
    [Spread::Pad, Spread::Reflect, Spread::Repeat][(random.unit() * 3.0) as usize]
}

fn linear(random: &mut Random) -> Paint {
    Paint::Linear(LinearGradient {
        start: random.point(2.0, 12.0),
        end: random.point(18.0, 35.0),
        transform: Transform([1.1, 0.2, -0.3, 0.9, 1.0, -2.0]),
        spread: spread(random),
        stops: stops(random),
    })
}

fn radial(random: &mut Random, far_focus: bool) -> Paint {
    let center = random.point(12.0, 20.0);
    let reach = if far_focus { 30.0 } else { 4.0 };
    Paint::Radial(RadialGradient {
        center,
        radius: random.range(9.0, 16.0),
        focus: [center[0] + reach, center[1] - random.range(-3.0, 3.0)],
        transform: Transform([1.0, 0.1, 0.3, 0.8, 0.0, 3.0]),
        spread: Spread::Pad,
        stops: stops(random),
    })
}

#[test]
fn straight_curves_have_gradients_at_their_handles() {
    let mut scene = Scene::new(37, 29, [0.0, 0.0, 0.0, 1.0]);
    let mut outline = Outline::new();
    outline.move_to([5.3, 5.7]);
    outline.cubic_to([12.3, 5.7], [19.3, 5.7], [26.3, 5.7]);
    outline.quad_to([26.3, 13.2], [26.3, 20.7]);
    outline.close();
    let path = Path::filled(outline, [1.0; 3], 1.0);
    scene.nodes.push(Node::Path(path));
    let mut check = Check::new(&scene);
    check.weights.data.fill(1.0);
    let errors = check.errors(&mut scene, 0.5);
    assert!(errors.iter().all(|e| e.error < 0.02), "{errors:?}");
    // The area that moves with a handle: a quarter of a cubic's length and a
    // third of a quadratic's, less what the chords cut off, in three channels.
    let points = &Layout::of(&scene).nodes[0].points;
    let pull = |coordinate: usize| errors[points.start + coordinate].gradient;
    for handle in [1, 2] {
        let share = -pull(2 * handle + 1) / (3.0 * 21.0);
        assert!((0.2..0.25).contains(&share), "{share}");
    }
    let share = pull(2 * 4) / (3.0 * 15.0);
    assert!((0.2..0.33).contains(&share), "{share}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cubic_blobs(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for _ in 0..4 {
            let center = random.point(-5.0, 35.0);
            let outline = blob(&mut random, center, 11.0, 3);
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        check(&mut scene);
    }

    #[test]
    fn tiny_blobs(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for _ in 0..6 {
            let center = random.point(0.0, 28.0);
            let outline = blob(&mut random, center, 0.7, 2);
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        check_flattened(&mut scene, 0.02);
    }

    #[test]
    fn self_overlapping_stars(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for _ in 0..2 {
            let outline = star(&mut random, 7, -10.0, 45.0);
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        check(&mut scene);
    }

    #[test]
    fn crowded_stars(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        let outline = star(&mut random, 12, 10.0, 15.0);
        scene.nodes.push(Node::Path(path(&mut random, outline)));
        check(&mut scene);
    }

    #[test]
    fn needles_and_giants(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for _ in 0..3 {
            let mut outline = Outline::new();
            let (a, b) = (random.point(0.0, 30.0), random.point(0.0, 30.0));
            let beside = [a[0] + 0.1, a[1] + 0.1];
            outline.move_to(a);
            outline.quad_to([15.0, 15.0], b);
            outline.line_to(beside);
            outline.close();
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        let outline = star(&mut random, 3, -3000.0, 3000.0);
        scene.nodes.push(Node::Path(path(&mut random, outline)));
        check(&mut scene);
    }

    #[test]
    fn holes_and_open_subpaths(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        let mut outline = blob(&mut random, [18.0, 14.0], 13.0, 4);
        let inner = blob(&mut random, [18.0, 14.0], 5.0, 3);
        outline.verbs.extend(inner.verbs);
        outline.points.extend(inner.points);
        outline.move_to(random.point(0.0, 9.0));
        outline.quad_to(random.point(0.0, 30.0), random.point(0.0, 30.0));
        outline.line_to(random.point(0.0, 30.0));
        scene.nodes.push(Node::Path(path(&mut random, outline)));
        check(&mut scene);
    }

    #[test]
    fn gradient_paints(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        scene.background = [0.2, 0.4, 0.3, 0.5];
        let paints = [linear(&mut random), radial(&mut random, false), radial(&mut random, true)];
        for paint in paints {
            let center = random.point(10.0, 25.0);
            let outline = blob(&mut random, center, 11.0, 3);
            let mut path = path(&mut random, outline);
            path.fill = Some(Fill { paint, opacity: 0.8, rule: FillRule::NonZero });
            scene.nodes.push(Node::Path(path));
        }
        check(&mut scene);
    }

    #[test]
    fn groups_and_clips(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        scene.background = [0.0; 4];
        for _ in 0..2 {
            let mut shapes = Vec::new();
            for _ in 0..2 {
                let center = random.point(8.0, 25.0);
                let outline = blob(&mut random, center, 9.0, 3);
                shapes.push(ClipShape { outline, rule: FillRule::NonZero });
            }
            scene.clips.push(Clip { shapes });
        }
        let add = |scene: &mut Scene, random: &mut Random| {
            let center = random.point(5.0, 30.0);
            let outline = blob(random, center, 12.0, 3);
            scene.nodes.push(Node::Path(path(random, outline)));
        };
        add(&mut scene, &mut random);
        scene.nodes.push(Node::Push(Group { opacity: 0.7, clip: Some(0) }));
        add(&mut scene, &mut random);
        scene.nodes.push(Node::Push(Group { opacity: 0.6, clip: None }));
        add(&mut scene, &mut random);
        add(&mut scene, &mut random);
        scene.nodes.push(Node::Pop);
        scene.nodes.push(Node::Push(Group { opacity: 0.9, clip: Some(1) }));
        add(&mut scene, &mut random);
        scene.nodes.push(Node::Pop);
        scene.nodes.push(Node::Pop);
        add(&mut scene, &mut random);
        check(&mut scene);
    }

    #[test]
    fn strokes(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for i in 0..4 {
            let center = random.point(5.0, 30.0);
            let mut outline = blob(&mut random, center, 10.0, 3);
            if i % 2 == 0 {
                outline.verbs.pop();
            }
            if i == 3 {
                outline = star(&mut random, 5, 0.0, 30.0);
            }
            let mut path = path(&mut random, outline);
            path.stroke = Some(Stroke {
                paint: Paint::Solid(random.color()),
                opacity: random.range(0.3, 0.9),
                width: random.range(0.3, 6.0),
                cap: [Cap::Butt, Cap::Round, Cap::Square][(random.unit() * 3.0) as usize],
                join: [Join::Miter, Join::Round, Join::Bevel][(random.unit() * 3.0) as usize],
                miter_limit: 4.0,
            });
            path.stroke_first = random.unit() < 0.5;
            if random.unit() < 0.7 {
                path.fill = None;
            }
            scene.nodes.push(Node::Path(path));
        }
        check_flattened(&mut scene, 0.2);
    }

    #[test]
    fn stroked_curves_in_a_scaled_view(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        scene.view = View { scale: 2.5, offset: [1.0, -3.0] };
        for _ in 0..2 {
            let mut outline = Outline::new();
            outline.move_to(random.point(0.0, 12.0));
            outline.quad_to(random.point(0.0, 12.0), random.point(0.0, 12.0));
            outline.cubic_to(random.point(0.0, 12.0), random.point(0.0, 12.0), random.point(0.0, 12.0));
            let mut path = path(&mut random, outline);
            path.fill = None;
            path.stroke = Some(Stroke {
                paint: linear(&mut random),
                opacity: 0.8,
                width: random.range(0.3, 2.0),
                cap: Cap::Round,
                join: Join::Round,
                miter_limit: 4.0,
            });
            scene.nodes.push(Node::Path(path));
        }
        check_flattened(&mut scene, 0.2);
    }

    #[test]
    fn scaled_views(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        scene.view = View { scale: 0.37, offset: [3.0, -2.0] };
        for _ in 0..3 {
            let center = random.point(0.0, 90.0);
            let outline = blob(&mut random, center, 30.0, 3);
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        check(&mut scene);
    }

    #[test]
    fn squared_error_is_backward_of_its_own_gradient(seed: u64) {
        let mut random = Random(seed);
        let mut scene = canvas();
        for _ in 0..4 {
            let center = random.point(0.0, 30.0);
            let outline = blob(&mut random, center, 11.0, 3);
            scene.nodes.push(Node::Path(path(&mut random, outline)));
        }
        let mut target = Image::new(scene.width, scene.height);
        target.data.fill_with(|| random.unit());
        let mut renderer = Renderer::new(1);
        let image = renderer.forward(&scene).unwrap().clone();
        let count = (3 * scene.width * scene.height) as f32;
        let mut weights = image.clone();
        let mut sum = 0.0f64;
        for (w, t) in weights.data.iter_mut().zip(&target.data) {
            sum += f64::from((*w - t).powi(2));
            *w = 2.0 * (*w - t) / count;
        }
        let expected = renderer.backward(&scene, &weights).unwrap().to_vec();
        let (loss, gradient) = renderer.forward_backward_mse(&scene, &target).unwrap();
        prop_assert!((loss - sum / f64::from(count)).abs() < 1e-6 * loss);
        for (a, b) in gradient.iter().zip(&expected) {
            prop_assert!((a - b).abs() <= 1e-4 * (b.abs() + 1e-4), "{a} {b}");
        }
    }
}
