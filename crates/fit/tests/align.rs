//! A template whose shapes are elsewhere in the target: they go there, as themselves, and the rest
//! stays.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use chat2svg_fit::{Action, FitEnd, FitOptions, FitOutcome, Registration, refine};
use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Group, Node, Paint, Raster, Shape};
use kurbo::{Affine, BezPath, Circle, Point, Rect, Shape as _};

const SIDE: u32 = 128;

fn solid(red: f32, green: f32, blue: f32) -> Paint {
    Paint::Solid(Color::new(red, green, blue))
}

/// A label, an outline and a paint.
type Part = (&'static str, BezPath, Paint);

/// A lake in a meadow, a house of two parts, a sun and a bird: named groups of one or two shapes.
fn scene() -> Document {
    let mut document = Document {
        width: 128.0,
        height: 128.0,
        view_box: Rect::new(0.0, 0.0, 128.0, 128.0),
        title: None,
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    };
    let mut roof = BezPath::new();
    roof.move_to((24.0, 66.0));
    roof.line_to((42.0, 50.0));
    roof.line_to((60.0, 66.0));
    roof.close_path();
    let mut bird = BezPath::new();
    bird.move_to((52.0, 26.0));
    bird.curve_to((58.0, 20.0), (62.0, 22.0), (64.0, 28.0));
    bird.curve_to((66.0, 22.0), (72.0, 20.0), (76.0, 26.0));
    bird.curve_to((70.0, 25.0), (68.0, 30.0), (64.0, 34.0));
    bird.curve_to((60.0, 30.0), (56.0, 26.0), (52.0, 26.0));
    bird.close_path();
    let groups: [(&str, Vec<Part>); 5] = [
        (
            "ground",
            vec![(
                "meadow",
                Rect::new(0.0, 0.0, 128.0, 128.0).to_path(0.1),
                solid(0.75, 0.9, 0.7),
            )],
        ),
        (
            "water",
            vec![(
                "lake",
                Affine::translate((92.0, 96.0))
                    * Affine::scale_non_uniform(1.5, 0.8)
                    * Circle::new((0.0, 0.0), 16.0).to_path(0.01),
                solid(0.2, 0.4, 0.8),
            )],
        ),
        (
            "house",
            vec![
                (
                    "wall",
                    Rect::new(28.0, 66.0, 56.0, 90.0).to_path(0.1),
                    solid(0.9, 0.8, 0.6),
                ),
                ("roof", roof, solid(0.7, 0.2, 0.2)),
            ],
        ),
        (
            "light",
            vec![(
                "sun",
                Circle::new((102.0, 26.0), 12.0).to_path(0.01),
                solid(1.0, 0.8, 0.1),
            )],
        ),
        ("air", vec![("bird", bird, solid(0.2, 0.2, 0.25))]),
    ];
    for (name, shapes) in groups {
        let mut group = Group::new(name);
        for (label, path, paint) in shapes {
            group
                .children
                .push(Node::Shape(Shape::filled(label, path, paint)));
        }
        document.layers.push(Node::Group(group));
    }
    document
}

/// The scene with the outlines of some shapes changed.
fn changed(labels: &[&str], change: impl Fn(Point) -> Point) -> Document {
    let mut document = scene();
    document.edit_shapes(|_, shape, _, _| {
        if labels.contains(&shape.label.as_str()) {
            shape.path = shape
                .path
                .elements()
                .iter()
                .map(|element| match *element {
                    kurbo::PathEl::MoveTo(p) => kurbo::PathEl::MoveTo(change(p)),
                    kurbo::PathEl::LineTo(p) => kurbo::PathEl::LineTo(change(p)),
                    kurbo::PathEl::QuadTo(a, p) => kurbo::PathEl::QuadTo(change(a), change(p)),
                    kurbo::PathEl::CurveTo(a, b, p) => {
                        kurbo::PathEl::CurveTo(change(a), change(b), change(p))
                    }
                    kurbo::PathEl::ClosePath => kurbo::PathEl::ClosePath,
                })
                .collect();
        }
    });
    document
}

fn picture(document: &Document) -> Raster {
    document
        .render(SIDE, SIDE, Some(Color::WHITE))
        .expect("renders")
}

fn path_of(document: &Document, label: &str) -> BezPath {
    let shapes = document.shapes();
    let found = shapes.iter().find(|visit| visit.shape.label == label);
    let visit = found.expect("the label stays");
    visit.transform * &visit.shape.path
}

/// Intersection over union of two areas, by pixels at two to a unit.
fn overlap(a: &BezPath, b: &BezPath) -> f64 {
    let (mut both, mut either) = (0.0, 0.0);
    for y in 0..256 {
        for x in 0..256 {
            let point = Point::new((f64::from(x) + 0.5) / 2.0, (f64::from(y) + 0.5) / 2.0);
            let (in_a, in_b) = (a.winding(point) != 0, b.winding(point) != 0);
            both += f64::from(u8::from(in_a && in_b));
            either += f64::from(u8::from(in_a || in_b));
        }
    }
    both / either
}

/// Hausdorff distance of two outlines by samples.
fn distance(a: &BezPath, b: &BezPath) -> f64 {
    let sample = |path: &BezPath| -> Vec<Point> {
        use kurbo::ParamCurve;
        path.segments()
            .flat_map(|segment| (0..32).map(move |i| segment.eval(f64::from(i) / 32.0)))
            .collect()
    };
    let (a, b) = (sample(a), sample(b));
    let one_way = |from: &[Point], to: &[Point]| {
        from.iter()
            .map(|p| {
                to.iter()
                    .map(|q| p.distance(*q))
                    .fold(f64::INFINITY, f64::min)
            })
            .fold(0.0, f64::max)
    };
    one_way(&a, &b).max(one_way(&b, &a))
}

fn fit(target: &Document, may_add: bool) -> FitOutcome {
    let options = FitOptions {
        threads: 1,
        allow_topology: may_add,
        ..FitOptions::default()
    };
    refine(&scene(), &picture(target), &options, &mut ()).expect("fits")
}

/// The named shapes are where the target has them; all others are where they were; none is new.
fn check(what: &str, labels: &[&str], change: impl Fn(Point) -> Point) -> FitOutcome {
    let target = changed(labels, change);
    check_fit(what, labels, &target, fit(&target, true))
}

fn check_fit(what: &str, labels: &[&str], target: &Document, outcome: FitOutcome) -> FitOutcome {
    check_places(what, labels, target, &outcome);
    outcome
}

/// By how many dB the picture got better at most when named groups, or shapes, moved as wholes.
fn gained_as_whole(outcome: &FitOutcome) -> f32 {
    let actions = &outcome.report.actions;
    let psnr = actions.iter().map(|done| done.psnr);
    let before = std::iter::once(outcome.report.psnr_before).chain(psnr);
    let moves = actions.iter().zip(before);
    let moves = moves.filter(|(done, _)| done.action == Action::Align);
    let gains = moves.map(|(done, before)| done.psnr - before);
    gains.fold(0.0, f32::max)
}

fn check_places(what: &str, labels: &[&str], target: &Document, outcome: &FitOutcome) {
    let template = scene();
    assert_eq!(
        outcome.document.counts().shapes,
        template.counts().shapes,
        "{what}: {:#?}",
        outcome.report.actions
    );
    for visit in template.shapes() {
        let label = visit.shape.label.as_str();
        let found = path_of(&outcome.document, label);
        if labels.contains(&label) {
            let overlap = overlap(&found, &path_of(target, label));
            assert!(
                overlap > 0.95,
                "{what}: {label} covers its target by {overlap}"
            );
        } else {
            let moved = distance(&found, &path_of(&template, label));
            assert!(moved < 1.0, "{what}: {label} moved by {moved}");
        }
    }
}

#[test]
fn a_shape_that_was_shifted_follows() {
    let outcome = check("sun", &["sun"], |p| p + kurbo::Vec2::new(-6.0, 4.5));
    assert!(gained_as_whole(&outcome) > 3.0);
    check("bird", &["bird"], |p| p + kurbo::Vec2::new(5.0, -5.0));
}

#[test]
fn a_shape_that_was_turned_or_scaled_follows() {
    check("turned lake", &["lake"], |p| {
        Affine::rotate_about(0.3, (92.0, 96.0)) * p
    });
    check("turned bird", &["bird"], |p| {
        Affine::rotate_about(-0.35, (64.0, 27.0)) * p
    });
    check("larger sun", &["sun"], |p| {
        Affine::scale_about(1.25, (102.0, 26.0)) * p
    });
    check("smaller lake", &["lake"], |p| {
        Affine::scale_about(0.8, (92.0, 96.0)) * p
    });
}

#[test]
fn a_shape_that_was_bent_follows() {
    let bow = |p: Point| Point::new(p.x, p.y - 0.01 * (p.x - 92.0) * (p.x - 92.0));
    let target = changed(&["lake"], bow);
    check_fit("bent lake", &["lake"], &target, fit(&target, false));
    let squash = |p: Point| Point::new(102.0 + 1.25 * (p.x - 102.0), 26.0 + 0.8 * (p.y - 26.0));
    let target = changed(&["sun"], squash);
    check_fit("squashed sun", &["sun"], &target, fit(&target, false));
}

#[test]
fn a_named_group_moves_as_one() {
    let outcome = check("house", &["wall", "roof"], |p| {
        p + kurbo::Vec2::new(5.0, -4.0)
    });
    assert!(gained_as_whole(&outcome) > 3.0);
}

#[test]
fn a_template_that_shows_the_target_is_given_back() {
    let template = scene();
    let outcome = fit(&template, true);
    for visit in template.shapes() {
        let label = visit.shape.label.as_str();
        let moved = distance(
            &path_of(&outcome.document, label),
            &path_of(&template, label),
        );
        assert!(moved < 0.1, "{label} moved by {moved}");
    }
}

#[test]
fn the_part_of_an_outline_that_another_shape_hides_keeps_its_place() {
    let hidden = |document: &mut Document| {
        let cover = Rect::new(80.0, 0.0, 128.0, 26.0).to_path(0.1);
        let paint = solid(0.4, 0.3, 0.5);
        document
            .layers
            .push(Node::Shape(Shape::filled("cloud", cover, paint)));
    };
    let mut template = scene();
    hidden(&mut template);
    // The visible half is a little lower in the target: the hidden half has no reason to bulge.
    let mut target = changed(&["sun"], |p| {
        if p.y > 26.5 {
            Point::new(p.x, 26.0 + 1.2 * (p.y - 26.0))
        } else {
            p
        }
    });
    hidden(&mut target);
    let options = FitOptions {
        threads: 1,
        ..FitOptions::default()
    };
    let outcome = refine(&template, &picture(&target), &options, &mut ()).expect("fits");
    let found = path_of(&outcome.document, "sun").bounding_box();
    let old = path_of(&template, "sun").bounding_box();
    assert!((found.y0 - old.y0).abs() < 3.0, "{found:?} {old:?}");
    assert!((found.y1 - 40.4).abs() < 1.0, "{found:?} {old:?}");
}

#[test]
fn a_shape_far_away_is_found_where_that_is_asked_for() {
    let target = changed(&["sun"], |p| p + kurbo::Vec2::new(-70.0, 8.0));
    let options = |stop: Stop| FitOptions {
        threads: 1,
        registration: Some(Registration {
            side: 128,
            moves: 8,
            gradients: None,
            robust: false,
        }),
        stop,
        ..FitOptions::default()
    };
    let fitted = |stop| refine(&scene(), &picture(&target), &options(stop), &mut ()).expect("fits");
    let outcome = fitted(Stop::never());
    check_places("far sun", &["sun"], &target, &outcome);
    let report = &outcome.report;
    let names: Vec<&str> = report.moved.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["sun"], "{report:?}");
    assert!(report.psnr_after > report.psnr_before + 10.0, "{report:?}");
    let found = fit(&target, true).report;
    assert!(found.moved.is_empty());
    assert_eq!(report.psnr_before, found.psnr_before);

    let stopped = fitted(Stop::when(|| true));
    assert_eq!(stopped.document, scene());
    assert_eq!(stopped.report.ended_by, FitEnd::Cancelled);
    assert!(stopped.report.moved.is_empty());
}
