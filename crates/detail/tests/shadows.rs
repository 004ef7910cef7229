//! Where the detailer lets shadows and reflections fall, and what throws none.
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use chat2svg_protocol::Style;
use chat2svg_vector::{Color, Document, Node, Paint, Shape};
use kurbo::{BezPath, Point, Rect, Shape as _};
use support::*;

fn cast_shadow(document: &Document) -> Rect {
    let found = shapes_called(&enhanced(document, Style::Flat).document, "/ cast shadow");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "red fox / cast shadow");
    found[0].1.bounding_box()
}

#[test]
fn a_shadow_falls_away_from_the_sun_and_onto_the_ground() {
    let fox = Rect::new(170.0, 204.0, 230.0, 310.0);
    for (x, is_right) in [(70.0, true), (330.0, false)] {
        let shadow = cast_shadow(&landscape((x, 60.0)));
        let reach = [fox.x0 - shadow.x0, shadow.x1 - fox.x1];
        assert_eq!(reach[1] > reach[0] + 10.0, is_right, "{shadow:?}");
        // A light behind the scene throws shadows toward the viewer.
        assert!(shadow.y0 > HORIZON && shadow.y1 > 314.0, "{shadow:?}");
    }
}

#[test]
fn a_low_sun_throws_longer_shadows() {
    let noon = cast_shadow(&landscape((70.0, 60.0)));
    let evening = cast_shadow(&landscape((70.0, 200.0)));
    assert!(evening.width() > 1.3 * noon.width(), "{evening:?} {noon:?}");
}

/// An island of sand around a point, in the sea.
fn island(center: Point, radii: (f64, f64)) -> Vec<Node> {
    let sea = Rect::new(0.0, HORIZON, 400.0, 400.0).to_path(0.1);
    let sand = kurbo::Ellipse::new(center, radii, 0.0).to_path(0.1);
    vec![
        sky(),
        sun(70.0, 60.0),
        layer("sea", &[("water", sea, Color::from_rgb8(63, 159, 216))]),
        layer("island", &[("sand", sand, Color::from_rgb8(230, 210, 170))]),
    ]
}

#[test]
fn a_shadow_ends_where_its_ground_does() {
    let foot = Point::new(200.0, 310.0);
    let shadow_on = |center: Point, radii: (f64, f64)| {
        let mut layers = island(center, radii);
        layers.push(fox("red fox", foot));
        let made = enhanced(&document(layers), Style::Flat).document;
        shapes_called(&made, "/ cast shadow").pop()
    };
    let (center, radii) = (Point::new(195.0, 310.0), (64.0, 27.0));
    let (_, shadow) = shadow_on(center, radii).expect("most of it falls on sand");
    let sand = kurbo::Ellipse::new(center, radii, 0.0);
    let bounds = shadow.bounding_box();
    let (mut on_sand, mut all) = (0, 0);
    for y in bounds.y0 as i32..bounds.y1 as i32 {
        for x in bounds.x0 as i32..bounds.x1 as i32 {
            let point = Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
            if shadow.contains(point) {
                all += 1;
                on_sand += usize::from(sand.contains(point));
            }
        }
    }
    assert!(on_sand * 100 >= all * 95, "{on_sand} of {all}");
    let endless = shadow_on(center, (195.0, 85.0)).expect("all of it falls on sand");
    assert!(endless.1.area().abs() > 1.1 * shadow.area().abs());
    // A thing on a rock hardly larger than its feet has no ground for a shadow.
    let rock = shadow_on(Point::new(196.0, 302.0), (38.0, 12.0));
    assert_eq!(rock, None);
}

#[test]
fn land_that_rises_from_the_ground_throws_no_shadow() {
    let on = |label| {
        let thing = fox(label, Point::new(200.0, 310.0));
        let scene = document(vec![sky(), sun(70.0, 60.0), grass(), thing]);
        shapes_called(&enhanced(&scene, Style::Flat).document, "shadow").len()
    };
    assert_eq!(on("green hill"), 0);
    assert_eq!(on("hill giant"), 2);
}

#[test]
fn the_paper_of_a_sticker_throws_a_shadow_below_it() {
    let mut sticker = fox("red fox", Point::new(200.0, 310.0));
    let Node::Group(group) = &mut sticker else {
        panic!("a thing is a group");
    };
    let paper = Rect::new(160.0, 195.0, 240.0, 320.0).to_path(0.1);
    let rim = layer("sticker rim", &[("rim", paper, Color::WHITE)]);
    group.children.insert(0, rim);
    let scene = document(vec![sky(), sun(70.0, 60.0), grass(), sticker]);
    let made = enhanced(&scene, Style::Sticker).document;
    let found = shapes_called(&made, "shadow");
    let bounds: Vec<Rect> = found
        .iter()
        .filter(|(label, _)| label == "red fox / sticker shadow")
        .map(|(_, path)| path.bounding_box())
        .collect();
    assert_eq!(bounds.len(), 1, "{found:?}");
    assert!((322.0..330.0).contains(&bounds[0].y1), "{bounds:?}");
    // The sun stands to the left.
    assert!(bounds[0].x0 > 160.4 && bounds[0].x1 > 240.4, "{bounds:?}");
    let plain = enhanced(&landscape((70.0, 60.0)), Style::Flat).document;
    assert_eq!(shapes_called(&plain, "sticker shadow"), []);
}

#[test]
fn what_stands_before_a_thing_does_not_take_its_shadow() {
    let boards = Rect::new(160.0, 290.0, 212.0, 330.0).to_path(0.1);
    let fence = layer("fence", &[("boards", boards, Color::WHITE)]);
    let mut scene = landscape((70.0, 60.0));
    let made = |scene: &Document| {
        let made = enhanced(scene, Style::Flat).document;
        shapes_called(&made, "red fox / cast shadow").len()
    };
    scene.layers.push(fence.clone());
    assert_eq!(made(&scene), 1);
    // On top of something the fox stands on no ground.
    scene.layers.swap(3, 4);
    assert_eq!(made(&scene), 0);
}

#[test]
fn the_shadow_of_a_ragged_thing_is_one_calm_form() {
    let mut comb = fox("comb", Point::new(200.0, 310.0));
    let Node::Group(group) = &mut comb else {
        panic!("a thing is a group");
    };
    let brown = Color::from_rgb8(120, 80, 40);
    group.children = (0..14)
        .map(|tooth| {
            let left = 150.0 + 7.0 * f64::from(tooth);
            let top = 230.0 - 20.0 * f64::from(tooth % 3);
            let path = Rect::new(left, top, left + 4.0, 310.0).to_path(0.1);
            Node::Shape(Shape::filled("tooth", path, Paint::Solid(brown)))
        })
        .collect();
    let back = Rect::new(150.0, 285.0, 246.0, 295.0).to_path(0.1);
    let back = Shape::filled("back", back, Paint::Solid(brown));
    group.children.push(Node::Shape(back));
    let scene = document(vec![sky(), sun(70.0, 60.0), grass(), comb]);
    let made = enhanced(&scene, Style::Flat).document;
    let shadows = shapes_called(&made, "/ cast shadow");
    assert_eq!(shadows.len(), 1, "{shadows:?}");
    let segments = shadows[0].1.segments().count();
    assert!((3..=16).contains(&segments), "{segments} segments");
}

#[test]
fn a_contact_shadow_lies_along_a_slanted_edge() {
    // A wedge whose lower edge rises to the right, over the level shadow that the template gave it.
    let edge = |x: f64| 330.0 - 0.2 * (x - 100.0);
    let mut wedge = BezPath::new();
    wedge.move_to((100.0, edge(100.0)));
    wedge.line_to((300.0, edge(300.0)));
    wedge.line_to((300.0, 180.0));
    wedge.line_to((100.0, 230.0));
    wedge.close_path();
    let level = kurbo::Ellipse::new((200.0, 328.0), (88.0, 14.0), 0.0).to_path(0.1);
    let mut shadow = Shape::filled("contact shadow", level, Paint::Solid(Color::BLACK));
    shadow.opacity = 0.2;
    let mut cheese = layer("cheese", &[("body", wedge, Color::from_rgb8(255, 172, 51))]);
    let Node::Group(group) = &mut cheese else {
        panic!("a thing is a group");
    };
    group.children.insert(0, Node::Shape(shadow));
    let scene = document(vec![sky(), grass(), cheese]);
    let made = enhanced(&scene, Style::Flat).document;
    let shadows = shapes_called(&made, "contact shadow");
    assert_eq!(shadows.len(), 1);
    let (_, path) = &shadows[0];
    for (index, segment) in path.segments().enumerate() {
        let end = kurbo::ParamCurve::end(&segment);
        let below = end.y - edge(end.x);
        assert!(below.abs() < 13.0, "{index}: {below} below the edge");
    }
    assert!(path.bounding_box().width() > 150.0);
}

#[test]
fn nothing_throws_a_shadow_in_the_rain_in_the_air_or_in_a_room_without_a_lamp() {
    let rain = {
        let path = Rect::new(20.0, 20.0, 22.0, 40.0).to_path(0.1);
        layer("rain", &[("drop", path, Color::WHITE)])
    };
    let mut rainy = landscape((70.0, 60.0));
    rainy.layers.push(rain);
    let balloon = document(vec![
        sky(),
        sun(70.0, 60.0),
        grass(),
        fox("red balloon", Point::new(200.0, 310.0)),
    ]);
    let wall = {
        let path = Rect::new(0.0, 0.0, 400.0, 400.0).to_path(0.1);
        layer("wall", &[("wall", path, Color::from_rgb8(240, 230, 215))])
    };
    let floor = {
        let path = Rect::new(0.0, HORIZON, 400.0, 400.0).to_path(0.1);
        layer("floor", &[("floor", path, Color::from_rgb8(206, 159, 107))])
    };
    let room = document(vec![wall, floor, fox("red fox", Point::new(200.0, 310.0))]);
    for scene in [rainy, balloon, room] {
        let made = enhanced(&scene, Style::Flat);
        assert_eq!(shapes_called(&made.document, "cast shadow"), []);
    }
}

#[test]
fn what_floats_is_mirrored_and_what_stands_beside_water_is_not() {
    let sea = {
        let path = Rect::new(0.0, HORIZON, 400.0, 400.0).to_path(0.1);
        layer("sea", &[("water", path, Color::from_rgb8(63, 159, 216))])
    };
    let boat = document(vec![
        sky(),
        sun(70.0, 60.0),
        sea,
        fox("boat", Point::new(200.0, 310.0)),
    ]);
    let made = enhanced(&boat, Style::Flat).document;
    assert_eq!(shapes_called(&made, "shadow"), []);
    let mirrored = shapes_called(&made, "boat / reflection");
    assert_eq!(mirrored.len(), 1);
    assert!(mirrored[0].1.bounding_box().y0 > 300.0, "{mirrored:?}");
}
