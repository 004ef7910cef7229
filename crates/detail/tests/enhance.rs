//! The detailer on a small landscape: what it adds, where, and in which colours.
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use chat2svg_detail::{DetailError, enhance};
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_stop::{Looks, Stop};
use chat2svg_vector::{Color, Document, Group, LineCap, LineJoin, Node, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath, Circle, Point, Rect, Shape as _};
use support::*;

#[test]
fn what_burns_glows_at_night_and_not_by_day() {
    let flame = Circle::new((200.0, 280.0), 20.0).to_path(0.1);
    let fire = layer(
        "campfire",
        &[("flame", flame, Color::from_rgb8(255, 160, 40))],
    );
    let dark = Rect::new(0.0, 0.0, 400.0, 400.0).to_path(0.1);
    let night = layer("sky", &[("sky", dark, Color::from_rgb8(16, 20, 50))]);
    let glows = |sky: Node| {
        let scene = document(vec![sky, grass(), fire.clone()]);
        shapes_called(&enhanced(&scene, Style::Flat).document, "campfire / glow")
    };
    let found = glows(night);
    assert_eq!(found.len(), 1);
    assert!(found[0].1.bounding_box().width() > 60.0);
    assert_eq!(glows(sky()), []);
}

#[test]
fn coats_show_fur_when_large_and_not_pale() {
    let fur_on = |color: Color, foot: Point, size: f64| {
        let bear = layer(
            "bear",
            &[(
                "body",
                Circle::new((foot.x, foot.y - size), size).to_path(0.1),
                color,
            )],
        );
        let scene = document(vec![sky(), sun(70.0, 60.0), grass(), bear]);
        shapes_called(&enhanced(&scene, Style::Flat).document, "body / fur")
    };
    let brown = Color::from_rgb8(150, 90, 60);
    let foot = Point::new(200.0, 310.0);
    let found = fur_on(brown, foot, 60.0);
    assert_eq!(found.len(), 1);
    let body = Circle::new((foot.x, foot.y - 60.0), 60.0);
    for segment in found[0].1.segments() {
        assert!(body.contains(kurbo::ParamCurve::end(&segment)));
    }
    assert_eq!(fur_on(brown, foot, 20.0), []);
    assert_eq!(fur_on(Color::WHITE, foot, 60.0), []);
}

#[test]
fn marks_stay_within_their_surface() {
    let kinds = [
        ("grass", "blades"),
        ("water", "ripples"),
        ("sand", "ripples"),
        ("snow", "sparkle"),
    ];
    for (name, mark) in kinds {
        let outline: BezPath = {
            let mut path = BezPath::new();
            path.move_to((0.0, 300.0));
            path.quad_to((200.0, 180.0), (400.0, 290.0));
            path.line_to((400.0, 400.0));
            path.line_to((0.0, 400.0));
            path.close_path();
            path
        };
        let color = Color::from_rgb8(170, 190, 150);
        let scene = document(vec![
            sky(),
            sun(70.0, 60.0),
            layer("ground", &[(name, outline.clone(), color)]),
        ]);
        let found = shapes_called(&enhanced(&scene, Style::Flat).document, mark);
        assert!(!found.is_empty(), "no {mark} on {name}");
        // The surface is looked at by pixels of 1.6 units, so a mark may be off by that.
        let grown = |point: Point| {
            [(0.0, 0.0), (0.0, 1.6), (0.0, -1.6), (1.6, 0.0), (-1.6, 0.0)]
                .iter()
                .any(|offset| outline.contains(point + *offset))
        };
        for (label, path) in found {
            for point in path.segments().flat_map(|segment| {
                let ends = [
                    kurbo::ParamCurve::start(&segment),
                    kurbo::ParamCurve::end(&segment),
                ];
                ends.into_iter()
            }) {
                assert!(grown(point), "{label}: {point:?} lies beside {name}");
            }
        }
    }
}

#[test]
fn glossy_things_get_one_highlight_and_others_none() {
    let scene = |label| {
        document(vec![
            sky(),
            sun(70.0, 60.0),
            grass(),
            fox(label, Point::new(200.0, 310.0)),
        ])
    };
    let vase = enhanced(&scene("blue vase"), Style::Flat);
    assert_eq!(shapes_called(&vase.document, "highlight").len(), 1);
    let fox = enhanced(&scene("red fox"), Style::Flat);
    assert_eq!(shapes_called(&fox.document, "highlight"), []);
}

#[test]
fn rims_lie_on_the_side_of_the_light() {
    let made = enhanced(&landscape((70.0, 200.0)), Style::Flat).document;
    let rims = shapes_called(&made, "red fox / rim light");
    assert_eq!(rims.len(), 1);
    let bounds = rims[0].1.bounding_box();
    assert!(bounds.center().x < 195.0, "{bounds:?}");
    assert!(bounds.x0 > 165.0 && bounds.y1 < 315.0, "{bounds:?}");
}

#[test]
fn everything_added_has_a_name_that_is_told() {
    let made = enhanced(&landscape((70.0, 200.0)), Style::Flat);
    for name in [
        "red fox / cast shadow",
        "red fox / contact shadow",
        "red fox / rim light",
        "sun / glow",
        "grass / blades",
    ] {
        assert!(
            made.added.iter().any(|added| added == name),
            "{name}: {:?}",
            made.added
        );
    }
    let before = landscape((70.0, 200.0)).counts().shapes;
    let named = made.added.iter().filter(|name| !name.ends_with("gradient"));
    // The glow was there; all others are new shapes.
    assert_eq!(made.document.counts().shapes - before, named.count() - 1);
}

#[test]
fn the_same_document_gets_the_same_detail() {
    let scene = landscape((70.0, 200.0));
    assert_eq!(enhanced(&scene, Style::Flat), enhanced(&scene, Style::Flat));
}

#[test]
fn nothing_is_added_at_level_minimal() {
    let scene = landscape((70.0, 200.0));
    let none = parameters(ResourceLevel::Minimal);
    let made = enhance(&scene, Style::Flat, &none, &Stop::never()).expect("it can be drawn");
    assert_eq!(made.document, scene);
    assert_eq!(made.added, Vec::<String>::new());
}

#[test]
fn low_has_shadows_and_no_marks() {
    let scene = landscape((70.0, 200.0));
    let low = parameters(ResourceLevel::Low);
    let made = enhance(&scene, Style::Flat, &low, &Stop::never()).expect("it can be drawn");
    assert_eq!(shapes_called(&made.document, "cast shadow").len(), 1);
    assert_eq!(shapes_called(&made.document, "blades"), []);
}

#[test]
fn a_duotone_stays_on_its_ramp() {
    let dark = Color::from_rgb8(40, 16, 80).to_oklab();
    let pale = Color::from_rgb8(255, 236, 200).to_oklab();
    let tone = |share: f32| Color::from_oklab(dark.lerp(pale, share));
    let mut scene = landscape((70.0, 200.0));
    let mut share = 0.0;
    scene.edit_shapes(|_, shape, _, _| {
        share = (share + 0.37) % 1.0;
        if let Some(fill) = &mut shape.fill {
            fill.paint = Paint::Solid(tone(share));
        }
    });
    let made = enhanced(&scene, Style::Duotone).document;
    let mut paints = Vec::new();
    for visit in made.shapes() {
        let stroke = visit.shape.stroke.as_ref().map(|stroke| &stroke.paint);
        paints.extend(visit.shape.fill.as_ref().map(|fill| fill.paint.clone()));
        paints.extend(stroke.cloned());
    }
    for paint in paints {
        let colors = match paint {
            Paint::Solid(color) => vec![color],
            Paint::Linear(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
            Paint::Radial(gradient) => gradient.stops.iter().map(|stop| stop.color).collect(),
        };
        for color in colors {
            let found = color.to_oklab();
            let share = (found.lightness - dark.lightness) / (pale.lightness - dark.lightness);
            let nearest = dark.lerp(pale, share.clamp(0.0, 1.0));
            assert!(
                found.distance(nearest) < 0.04,
                "{color:?} is beside the ramp"
            );
        }
    }
}

/// The fills of all shapes of a name.
fn fills_of(document: &Document, name: &str) -> Vec<Paint> {
    let shapes = document.shapes().into_iter().map(|visit| visit.shape);
    shapes
        .filter(|shape| shape.label == name)
        .filter_map(|shape| Some(shape.fill.as_ref()?.paint.clone()))
        .collect()
}

#[test]
fn a_shadow_on_the_ground_does_not_darken_the_ground_beside_it() {
    let ground_of = |layers: Vec<Node>| {
        let made = enhanced(&document(layers), Style::Flat).document;
        match fills_of(&made, "grass").pop() {
            Some(Paint::Linear(gradient)) => gradient,
            other => panic!("the ground has no gradient: {other:?}"),
        }
    };
    let band = Rect::new(40.0, 300.0, 360.0, 345.0).to_path(0.1);
    let mut shadow = Shape::filled("shadow", band, Paint::Solid(Color::BLACK));
    shadow.opacity = 0.4;
    let shadows = Node::Group(Group {
        children: vec![Node::Shape(shadow)],
        ..Group::new("cast shadows")
    });
    let bare = ground_of(vec![sky(), grass()]);
    let shaded = ground_of(vec![sky(), grass(), shadows]);
    assert!(bare.start.distance(shaded.start) < 8.0 && bare.end.distance(shaded.end) < 8.0);
    assert_eq!(bare.stops.len(), shaded.stops.len());
    for (bare, shaded) in bare.stops.iter().zip(&shaded.stops) {
        assert!(bare.color.difference(shaded.color) < 0.02, "{shaded:?}");
    }
}

#[test]
fn stripes_alike_share_one_gradient() {
    let wall = Rect::new(0.0, 0.0, 400.0, HORIZON).to_path(0.1);
    let mut shapes = vec![("wall", wall, Color::from_rgb8(233, 229, 244))];
    for left in [20.0, 120.0, 220.0, 320.0] {
        let stripe = Rect::new(left, 0.0, left + 40.0, HORIZON).to_path(0.1);
        shapes.push(("stripe", stripe, Color::from_rgb8(226, 222, 238)));
    }
    let floor = ground("floor", Color::from_rgb8(200, 150, 100));
    let scene = document(vec![layer("wall", &shapes), floor]);
    let fills = fills_of(&enhanced(&scene, Style::Flat).document, "stripe");
    assert_eq!(fills.len(), 4);
    assert!(!matches!(fills[0], Paint::Solid(_)), "{:?}", fills[0]);
    assert!(fills.iter().all(|fill| *fill == fills[0]));
}

#[test]
fn a_contour_follows_the_finest_line_at_its_scale() {
    let line = |shape: &mut Shape, width: f64| {
        shape.fill = None;
        shape.stroke = Some(Stroke {
            paint: Paint::Solid(Color::BLACK),
            opacity: 1.0,
            width,
            cap: LineCap::Round,
            join: LineJoin::Round,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        });
    };
    let mut flower = fox("flower", Point::new(40.0, 80.0));
    let Node::Group(group) = &mut flower else {
        panic!("a thing is a group");
    };
    group.transform = Affine::scale(4.0);
    for (node, width) in group.children.iter_mut().zip([5.0, 0.5]) {
        let Node::Shape(shape) = node else { continue };
        line(shape, width);
    }
    let scene = document(vec![sky(), flower]);
    let made = enhanced(&scene, Style::LineArt).document;
    let shapes = made.shapes();
    let contour = shapes
        .iter()
        .find(|visit| visit.shape.label == "flower / contour")
        .and_then(|visit| visit.shape.stroke.as_ref())
        .expect("the flower has a contour");
    assert!((3.0..6.0).contains(&contour.width), "{}", contour.width);
}

#[test]
fn it_ends_at_whichever_look_says_so() {
    let scene = landscape((70.0, 200.0));
    let until = |last: u32| {
        let looks = Looks::default();
        let (parameters, stop) = (parameters(ResourceLevel::High), looks.stop_after(last));
        let made = enhance(&scene, Style::Flat, &parameters, &stop);
        (made, looks.count())
    };
    let (made, all) = until(u32::MAX);
    made.expect("nobody says stop");
    // Before each shape that is drawn, each thing, part and paint, and within those that are large.
    assert!(all > 150, "{all}");
    for last in (0..all).step_by(all as usize / 16) {
        let (made, looks) = until(last);
        assert!(matches!(made, Err(DetailError::Stopped)), "{last}");
        assert_eq!(looks, last + 1, "it went on");
    }
}
