//! What callers may rely on: never worse than the input, deterministic, bounded, stoppable, and
//! sensible for whatever comes in.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use std::time::Instant;

use chat2svg_fit::{
    Budget, FitEnd, FitError, FitOptions, FitOutcome, Observer, Progress, refine, vectorize,
};
use chat2svg_stop::{Looks, Stop};
use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{
    Color, Document, GradientStop, Group, LinearGradient, Node, Paint, Raster, Shape, Spread,
    WriteOptions,
};
use kurbo::{Affine, BezPath, Circle, Rect, Shape as _};

fn raster(width: u32, height: u32, color: impl Fn(f64, f64) -> [u8; 4]) -> Raster {
    let pixels = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| color(f64::from(x) + 0.5, f64::from(y) + 0.5))
        .collect();
    Raster::new(width, height, pixels).expect("size fits")
}

/// A document with a sky, a sun and a hill, in named layers.
fn scene() -> Document {
    let mut document = empty(96.0, 64.0);
    let sky = Rect::new(0.0, 0.0, 96.0, 64.0).to_path(0.1);
    let sun = Circle::new((70.0, 20.0), 11.0).to_path(0.01);
    let mut hill = BezPath::new();
    hill.move_to((0.0, 64.0));
    hill.line_to((0.0, 48.0));
    hill.curve_to((30.0, 30.0), (60.0, 60.0), (96.0, 40.0));
    hill.line_to((96.0, 64.0));
    hill.close_path();
    let shading = Paint::Linear(LinearGradient {
        start: (0.0, 0.0).into(),
        end: (0.0, 64.0).into(),
        transform: Affine::IDENTITY,
        stops: [
            (0.0, Color::new(0.3, 0.5, 0.9)),
            (1.0, Color::new(0.9, 0.9, 1.0)),
        ]
        .map(|(offset, color)| GradientStop {
            offset,
            color,
            opacity: 1.0,
        })
        .to_vec(),
        spread: Spread::Pad,
    });
    for (name, path, paint) in [
        ("sky", sky, shading),
        ("sun", sun, Paint::Solid(Color::new(1.0, 0.8, 0.1))),
        ("hill", hill, Paint::Solid(Color::new(0.1, 0.5, 0.2))),
    ] {
        let mut group = Group::new(name);
        group
            .children
            .push(Node::Shape(Shape::filled(name, path, paint)));
        document.layers.push(Node::Group(group));
    }
    document
}

fn empty(width: f64, height: f64) -> Document {
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    }
}

fn picture_of(document: &Document, width: u32, height: u32) -> Raster {
    document
        .render(width, height, Some(Color::WHITE))
        .expect("renders")
}

fn quality(document: &Document, target: &Raster) -> f64 {
    picture_of(document, target.width(), target.height())
        .psnr(target, Color::WHITE)
        .expect("same size")
}

/// Quality in dB above which a picture is as good as the target.
const EXACT: f64 = 60.0;

fn quick() -> FitOptions {
    FitOptions {
        iterations: 40,
        threads: 1,
        ..FitOptions::default()
    }
}

fn svg(outcome: &FitOutcome) -> String {
    outcome.document.to_svg(&WriteOptions::default())
}

#[test]
fn a_simple_picture_comes_back_almost_as_it_is() {
    let target = picture_of(&scene(), 96, 64);
    let outcome = vectorize(&target, &quick(), &mut ()).expect("fits");
    let found = quality(&outcome.document, &target);
    assert!(found > 36.0, "{found} dB\n{}", svg(&outcome));
    assert!(outcome.document.counts().shapes <= 12, "{}", svg(&outcome));
    assert_eq!(
        outcome.report.paths_added as usize,
        outcome.document.counts().shapes
    );
    // The report is about the file.
    let read = Document::parse(svg(&outcome).as_bytes(), &Default::default()).expect("reads");
    let written = quality(&read.document, &target);
    let reported = f64::from(outcome.report.psnr_after);
    assert!((written - reported).abs() < 0.01, "{written} {reported}");
}

#[test]
fn a_displaced_template_finds_its_place_and_keeps_its_names() {
    let target = picture_of(&scene(), 96, 64);
    let mut template = scene();
    template.edit_shapes(|index, shape, _, _| {
        if index > 0 {
            shape.path.apply_affine(Affine::translate((-4.0, 3.0)));
        }
        if let Some(fill) = &mut shape.fill
            && let Paint::Solid(color) = &mut fill.paint
        {
            color.red = (color.red - 0.1).max(0.0);
        }
    });
    let before = quality(&template, &target);
    let outcome = refine(&template, &target, &quick(), &mut ()).expect("fits");
    let after = quality(&outcome.document, &target);
    assert!(after > before + 10.0 && after > 34.0, "{before} {after}");
    for name in ["sky", "sun", "hill"] {
        assert!(
            outcome.document.find_labels(&[name, name]).is_some(),
            "{name}"
        );
    }
}

#[test]
fn an_unchanged_shape_stays_where_it_is() {
    let template = scene();
    let target = picture_of(&template, 96, 64);
    let outcome = refine(&template, &target, &quick(), &mut ()).expect("fits");
    assert!(quality(&outcome.document, &target) > EXACT);
    let pairs = template.shapes().into_iter().zip(outcome.document.shapes());
    for (old, new) in pairs {
        let (old, new) = (old.shape.path.bounding_box(), new.shape.path.bounding_box());
        let frame = Rect::new(0.0, 0.0, 96.0, 64.0);
        let (old, new) = (old.intersect(frame), new.intersect(frame));
        let moved = [
            old.x0 - new.x0,
            old.y0 - new.y0,
            old.x1 - new.x1,
            old.y1 - new.y1,
        ];
        assert!(moved.iter().all(|d| d.abs() < 1.0), "{moved:?}");
    }
}

#[test]
fn an_empty_template_is_vectorised() {
    let target = picture_of(&scene(), 48, 32);
    let from_nothing = vectorize(&target, &quick(), &mut ()).expect("fits");
    let refined = refine(&empty(48.0, 32.0), &target, &quick(), &mut ()).expect("fits");
    assert_eq!(svg(&from_nothing), svg(&refined));
}

#[test]
fn the_result_does_not_depend_on_the_threads() {
    let target = raster(60, 50, |x, y| {
        let wave = ((x * 0.3).sin() * (y * 0.2).cos() * 60.0 + 120.0) as u8;
        [wave, (x * 4.0) as u8, (y * 5.0) as u8, 255]
    });
    let with = |threads| {
        let options = FitOptions { threads, ..quick() };
        svg(&vectorize(&target, &options, &mut ()).expect("fits"))
    };
    let one = with(1);
    assert_eq!(one, with(1));
    assert_eq!(one, with(3));
}

#[test]
fn any_picture_gives_a_result() {
    let noise = |x: f64, y: f64, salt: f64| {
        let value = ((x * 12.9898 + y * 78.233 + salt).sin() * 43_758.547)
            .fract()
            .abs();
        (value * 255.0) as u8
    };
    let pictures = [
        ("one pixel", EXACT, raster(1, 1, |_, _| [10, 200, 30, 255])),
        (
            "one row",
            36.0,
            raster(40, 1, |x, _| [(x * 6.0) as u8, 0, 0, 255]),
        ),
        (
            "one colour",
            EXACT,
            raster(33, 20, |_, _| [90, 40, 200, 255]),
        ),
        ("nothing", EXACT, raster(20, 20, |_, _| [0; 4])),
        (
            "half transparent",
            EXACT,
            raster(
                32,
                32,
                |x, _| if x < 16.0 { [255, 0, 0, 255] } else { [0; 4] },
            ),
        ),
        (
            "noise",
            10.8,
            raster(40, 40, |x, y| {
                [noise(x, y, 0.0), noise(x, y, 1.0), noise(x, y, 2.0), 255]
            }),
        ),
        (
            "checks",
            EXACT,
            raster(24, 24, |x, y| {
                [if (x as u32 + y as u32).is_multiple_of(2) {
                    0
                } else {
                    255
                }; 4]
            }),
        ),
    ];
    for (name, floor, target) in pictures {
        let options = FitOptions {
            iterations: 12,
            paths: Some(24),
            ..quick()
        };
        let outcome = vectorize(&target, &options, &mut ()).expect(name);
        let report = &outcome.report;
        let found = quality(&outcome.document, &target);
        assert!(found > floor, "{name}: {found} dB: {}", svg(&outcome));
        assert!(outcome.document.counts().shapes <= 24, "{name}");
        assert!(svg(&outcome).len() == report.bytes, "{name}");
    }
}

#[test]
fn one_colour_is_one_path_and_transparency_stays() {
    let plain = raster(33, 20, |_, _| [90, 40, 200, 255]);
    let outcome = vectorize(&plain, &quick(), &mut ()).expect("fits");
    assert_eq!(outcome.document.counts().shapes, 1);
    assert!(outcome.report.psnr_after > 60.0);
    let half = raster(
        32,
        32,
        |x, _| if x < 16.0 { [255, 0, 0, 255] } else { [0; 4] },
    );
    let outcome = vectorize(&half, &quick(), &mut ()).expect("fits");
    let shown = outcome.document.render(32, 32, None).expect("renders");
    assert_eq!(shown.pixel(28, 16), Some([0; 4]));
    assert_eq!(shown.pixel(4, 16), Some([255, 0, 0, 255]));
}

#[test]
fn odd_templates_give_a_result() {
    let target = picture_of(&scene(), 48, 32);
    let mut odd = scene();
    let mut line = BezPath::new();
    line.move_to((5.0, 5.0));
    let degenerate = Shape::filled("", line, Paint::Solid(Color::BLACK));
    odd.layers.push(Node::Shape(degenerate));
    let mut nan = BezPath::new();
    nan.move_to((f64::NAN, 1.0));
    nan.line_to((3.0, 3.0));
    odd.layers.push(Node::Shape(Shape::filled(
        "",
        nan,
        Paint::Solid(Color::BLACK),
    )));
    let mut squashed = Group::new("squashed");
    squashed.transform = Affine::scale_non_uniform(1.0, 0.0);
    squashed.children.push(Node::Shape(Shape::filled(
        "flat",
        Rect::new(0.0, 0.0, 5.0, 5.0).to_path(0.1),
        Paint::Solid(Color::BLACK),
    )));
    odd.layers.push(Node::Group(squashed));
    let mut many = empty(96.0, 64.0);
    for index in 0..1500 {
        let (x, y) = (f64::from(index % 50) * 2.0, f64::from(index / 50) * 2.0);
        let path = Rect::new(x, y, x + 1.5, y + 1.5).to_path(0.1);
        many.layers.push(Node::Shape(Shape::filled(
            "",
            path,
            Paint::Solid(Color::BLACK),
        )));
    }
    let mut nothing_visible = empty(96.0, 64.0);
    nothing_visible
        .layers
        .push(Node::Group(Group::new("text only")));
    let templates = [(odd, EXACT), (many, 15.6), (nothing_visible, 40.3)];
    for (template, floor) in templates {
        let options = FitOptions {
            iterations: 6,
            ..quick()
        };
        let outcome = refine(&template, &target, &options, &mut ()).expect("fits");
        let found = quality(&outcome.document, &target);
        assert!(found > floor, "{found} dB, the floor is {floor}");
    }
}

#[test]
fn a_target_of_another_size_is_resampled() {
    let target = picture_of(&scene(), 200, 100);
    let mut template = scene();
    template.edit_shapes(|_, shape, _, _| shape.path.apply_affine(Affine::translate((2.0, 1.0))));
    let outcome = refine(&template, &target, &quick(), &mut ()).expect("fits");
    assert!(outcome.report.psnr_after > outcome.report.psnr_before + 5.0);
    assert_eq!(outcome.document.view_box, template.view_box);
}

#[test]
fn bad_options_and_templates_are_named() {
    let target = raster(8, 8, |_, _| [0, 0, 0, 255]);
    let check = |options: FitOptions, wanted: &str| match vectorize(&target, &options, &mut ()) {
        Err(FitError::Option { name, .. }) => assert_eq!(name, wanted),
        other => panic!("{other:?}"),
    };
    check(
        FitOptions {
            paths: Some(0),
            ..quick()
        },
        "paths",
    );
    check(
        FitOptions {
            max_side: 1,
            ..quick()
        },
        "max_side",
    );
    check(
        FitOptions {
            gain_per_byte: Some(f32::NAN),
            ..quick()
        },
        "gain_per_byte",
    );
    let broken = empty(0.0, 5.0);
    assert!(matches!(
        refine(&broken, &target, &quick(), &mut ()),
        Err(FitError::Template(_))
    ));
}

#[test]
fn budgets_are_kept() {
    let target = raster(64, 64, |x, y| {
        [
            (x * 4.0) as u8,
            ((x * 0.5).sin() * 100.0 + 120.0) as u8,
            (y * 4.0) as u8,
            255,
        ]
    });
    let options = FitOptions {
        paths: Some(5),
        ..quick()
    };
    let few = vectorize(&target, &options, &mut ()).expect("fits");
    assert!(few.document.counts().shapes <= 5);
    let found = quality(&few.document, &target);
    assert!(found > 16.6, "{found} dB in five paths");
    let (_, found) = within_budgets(&target, &[0.67]);
    assert!(found[0] > 18.0, "{} dB in two thirds", found[0]);
}

/// Blotches of a few colours, rough enough for necks and slivers.
fn blotches() -> Raster {
    raster(64, 48, |x, y| {
        let wave = (x * 0.37).sin() + (y * 0.53).cos() + (x * y * 0.011).sin();
        let step = (wave * 2.0).round() * 40.0;
        [128.0 + step, 100.0 - step * 0.5, 60.0 + y * 2.0, 255.0].map(|v| v.clamp(0.0, 255.0) as u8)
    })
}

/// A picture's bytes, and decibels without a byte budget and with shares of these bytes.
fn within_budgets(target: &Raster, shares: &[f64]) -> (f32, Vec<f32>) {
    let free = vectorize(target, &quick(), &mut ()).expect("fits").report;
    let of = |share: &f64| {
        let budget = (free.bytes as f64 * share) as usize;
        let options = FitOptions {
            byte_budget: Some(budget),
            ..quick()
        };
        let bounded = vectorize(target, &options, &mut ()).expect("fits");
        let bytes = svg(&bounded).len();
        assert!(
            (budget * 9 / 10..=budget).contains(&bytes),
            "{bytes} of {budget}"
        );
        bounded.report.psnr_after
    };
    (free.psnr_after, shares.iter().map(of).collect())
}

#[test]
fn a_byte_budget_costs_little_and_is_used() {
    let (free, found) = within_budgets(&blotches(), &[0.9, 0.7, 0.5]);
    for (found, most) in found.iter().zip([0.3, 1.0, 3.5]) {
        assert!(free - found < most, "{found} of {free} dB");
    }
}

#[test]
fn every_added_path_changes_the_picture_and_none_crosses_itself() {
    let target = blotches();
    let outcome = vectorize(&target, &quick(), &mut ()).expect("fits");
    let whole = picture_of(&outcome.document, 64, 48);
    let shapes = outcome.document.shapes();
    assert!(shapes.len() > 5, "{}", svg(&outcome));
    for visit in &shapes {
        let mut without = outcome.document.clone();
        without.retain_shapes(|index, _| index != visit.index);
        let shown = picture_of(&without, 64, 48);
        assert!(
            shown.pixels() != whole.pixels(),
            "{} shows nothing",
            visit.index
        );
        assert!(!crosses_itself(&visit.shape.path, 1.0), "{}", visit.index);
    }
}

#[test]
fn topology_and_gradients_are_left_alone_when_told_to() {
    let target = raster(96, 64, |x, y| [(x * 2.0) as u8, (y * 3.0) as u8, 90, 255]);
    let mut template = empty(96.0, 64.0);
    let path = Rect::new(0.0, 0.0, 96.0, 64.0).to_path(0.1);
    template.layers.push(Node::Shape(Shape::filled(
        "",
        path,
        Paint::Solid(Color::WHITE),
    )));
    let options = FitOptions {
        allow_topology: false,
        ..quick()
    };
    let outcome = refine(&template, &target, &options, &mut ()).expect("fits");
    assert_eq!(outcome.document.counts().shapes, 1);
    let options = FitOptions {
        allow_gradients: false,
        ..quick()
    };
    let outcome = refine(&template, &target, &options, &mut ()).expect("fits");
    assert_eq!(outcome.document.counts().gradients, 0);
    let outcome = refine(&template, &target, &quick(), &mut ()).expect("fits");
    assert!(outcome.document.counts().gradients > 0);
}

#[test]
fn a_cancelled_fit_goes_on_with_nothing() {
    let target = picture_of(&scene(), 96, 64);
    let looks_until = |last: u32| {
        let looks = Looks::default();
        let options = FitOptions {
            threads: 1,
            stop: looks.stop_after(last),
            ..FitOptions::default()
        };
        vectorize(&target, &options, &mut ()).expect("a cancelled fit has a result");
        looks.count()
    };
    let all = looks_until(u32::MAX);
    for last in (0..all).step_by((all as usize / 24).max(1)) {
        let more = looks_until(last) - last;
        assert!(more <= 24, "{more} looks after the {last}th of {all}");
    }
}

#[test]
fn a_cancelled_fit_returns_the_best_so_far() {
    let target = picture_of(&scene(), 96, 64);
    let template = scene();
    let immediately = FitOptions {
        stop: Stop::when(|| true),
        ..quick()
    };
    let outcome = refine(&template, &target, &immediately, &mut ()).expect("fits");
    assert_eq!(outcome.report.ended_by, FitEnd::Cancelled);
    assert_eq!(outcome.report.iterations, 0);
    let later = FitOptions {
        stop: Looks::default().stop_after(61),
        ..quick()
    };
    let outcome = vectorize(&target, &later, &mut ()).expect("fits");
    assert_eq!(outcome.report.ended_by, FitEnd::Cancelled);
    assert!(outcome.report.psnr_after > outcome.report.psnr_before);
}

#[test]
fn a_passed_deadline_returns_the_input() {
    let target = picture_of(&scene(), 96, 64);
    let options = FitOptions {
        stop: Stop::at(Instant::now()),
        ..quick()
    };
    let outcome = refine(&scene(), &target, &options, &mut ()).expect("fits");
    assert_eq!(outcome.report.ended_by, FitEnd::Deadline);
    assert_eq!(outcome.document, scene());
}

#[test]
fn the_observer_sees_progress_and_sets_the_budget() {
    #[derive(Default)]
    struct Watch {
        fractions: Vec<f32>,
        previews: usize,
    }
    impl Observer for Watch {
        fn progress(&mut self, progress: &Progress) {
            self.fractions.push(progress.fraction);
        }
        fn preview(&mut self, document: &Document) {
            self.previews += usize::from(document.counts().shapes > 0);
        }
        fn budget(&mut self) -> Option<Budget> {
            Some(Budget { iterations: 10 })
        }
    }
    let target = picture_of(&scene(), 96, 64);
    let mut watch = Watch::default();
    let options = FitOptions {
        iterations: 4000,
        ..quick()
    };
    let outcome = vectorize(&target, &options, &mut watch).expect("fits");
    assert!(!watch.fractions.is_empty() && watch.previews > 0);
    assert!(watch.fractions.iter().all(|f| (0.0..=1.0).contains(f)));
    assert!(
        outcome.report.iterations < 100,
        "{}",
        outcome.report.iterations
    );
    assert_eq!(outcome.report.budget_changes.len(), 1);
    let curve = &outcome.report.curve;
    assert!(!curve.is_empty() && curve.len() <= chat2svg_fit::MAX_SAMPLES);
}

#[test]
fn the_observer_is_handed_each_better_document_and_the_last_is_the_result() {
    #[derive(Default)]
    struct Keep(Vec<FitOutcome>);
    impl Observer for Keep {
        fn improved(&mut self, best: FitOutcome) {
            self.0.push(best);
        }
    }
    // Discs in a disc are fitted twice: as such, and with a line around them.
    let mut badge = empty(100.0, 100.0);
    for (radius, shade) in [(47.0, 0.2), (39.0, 0.8)] {
        let disc = Circle::new((50.0, 50.0), radius).to_path(0.01);
        let paint = Paint::Solid(Color::new(shade, 0.4, 0.3));
        badge
            .layers
            .push(Node::Shape(Shape::filled("", disc, paint)));
    }
    for target in [picture_of(&scene(), 96, 64), picture_of(&badge, 100, 100)] {
        let mut keep = Keep::default();
        let outcome = vectorize(&target, &quick(), &mut keep).expect("fits");
        assert!(keep.0.len() > 1, "{} improvements", keep.0.len());
        let told = |best: &FitOutcome| (best.report.psnr_after, best.report.bytes);
        let seen: Vec<(f32, usize)> = keep.0.iter().map(told).collect();
        let is_better = |pair: &[(f32, usize)]| pair[1].0 >= pair[0].0 || pair[1].1 < pair[0].1;
        assert!(seen.windows(2).all(is_better), "{seen:?}");
        let last = keep.0.last().expect("there are some");
        assert_eq!(svg(last), svg(&outcome));
        assert_eq!(last.report.psnr_after, outcome.report.psnr_after);
    }
}
