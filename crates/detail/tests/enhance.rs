//! The detailer on a small landscape: what it adds, where, and in which colours.
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use chat2svg_detail::{DetailConfig, DetailError, DetailParameters, Enhanced, enhance};
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_vector::{
    Color, Document, Group, LineCap, LineJoin, Metadata, Node, Paint, Shape, Stroke,
};
use kurbo::{Affine, BezPath, Circle, Point, Rect, Shape as _};

const HORIZON: f64 = 240.0;

/// Parameters of a level, with a target small enough for tests.
fn parameters(level: ResourceLevel) -> DetailParameters {
    DetailParameters {
        target_side: 256,
        ..*DetailConfig::default().levels.get(level)
    }
}

fn layer(label: &str, shapes: &[(&str, BezPath, Color)]) -> Node {
    let children = shapes
        .iter()
        .map(|(name, path, color)| {
            Node::Shape(Shape::filled(*name, path.clone(), Paint::Solid(*color)))
        })
        .collect();
    Node::Group(Group {
        children,
        ..Group::new(label)
    })
}

fn document(layers: Vec<Node>) -> Document {
    Document {
        width: 400.0,
        height: 400.0,
        view_box: Rect::new(0.0, 0.0, 400.0, 400.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers,
    }
}

fn sky() -> Node {
    let path = Rect::new(0.0, 0.0, 400.0, 400.0).to_path(0.1);
    layer("sky", &[("sky", path, Color::from_rgb8(150, 205, 245))])
}

fn sun(x: f64, y: f64) -> Node {
    let glow = Circle::new((x, y), 40.0).to_path(0.1);
    let disc = Circle::new((x, y), 28.0).to_path(0.1);
    let yellow = Color::from_rgb8(255, 217, 90);
    layer(
        "sun",
        &[("glow", glow, Color::WHITE), ("sun", disc, yellow)],
    )
}

fn ground(name: &str, color: Color) -> Node {
    let path = Rect::new(0.0, HORIZON, 400.0, 400.0).to_path(0.1);
    layer("ground", &[(name, path, color)])
}

fn grass() -> Node {
    ground("grass", Color::from_rgb8(134, 194, 92))
}

/// A fox of a body and a head, its feet at a point.
fn fox(label: &str, foot: Point) -> Node {
    let body = Rect::new(foot.x - 30.0, foot.y - 60.0, foot.x + 30.0, foot.y).to_path(0.1);
    let head = Circle::new((foot.x, foot.y - 80.0), 26.0).to_path(0.1);
    let orange = Color::from_rgb8(230, 120, 40);
    layer(label, &[("body", body, orange), ("head", head, orange)])
}

fn landscape(sun_at: (f64, f64)) -> Document {
    document(vec![
        sky(),
        sun(sun_at.0, sun_at.1),
        grass(),
        fox("red fox", Point::new(200.0, 310.0)),
    ])
}

fn enhanced(document: &Document, style: Style) -> Enhanced {
    enhance(document, style, &parameters(ResourceLevel::High), &|| false).expect("it can be drawn")
}

/// All shapes with a word in their label, in the document's coordinates.
fn shapes_called(document: &Document, word: &str) -> Vec<(String, BezPath)> {
    fn collect(node: &Node, transform: Affine, word: &str, found: &mut Vec<(String, BezPath)>) {
        match node {
            Node::Group(group) => {
                for child in &group.children {
                    collect(child, transform * group.transform, word, found);
                }
            }
            Node::Shape(shape) if shape.label.contains(word) => {
                found.push((shape.label.clone(), transform * &shape.path));
            }
            Node::Shape(_) => {}
        }
    }
    let mut found = Vec::new();
    for node in &document.layers {
        collect(node, Affine::IDENTITY, word, &mut found);
    }
    found
}

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
    let made = enhance(&scene, Style::Flat, &none, &|| false).expect("it can be drawn");
    assert_eq!(made.document, scene);
    assert_eq!(made.added, Vec::<String>::new());
}

#[test]
fn low_has_shadows_and_no_marks() {
    let scene = landscape((70.0, 200.0));
    let low = parameters(ResourceLevel::Low);
    let made = enhance(&scene, Style::Flat, &low, &|| false).expect("it can be drawn");
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
    let looks = std::cell::Cell::new(0usize);
    let until = |last: usize| {
        looks.set(0);
        let stop = || {
            looks.set(looks.get() + 1);
            looks.get() > last
        };
        enhance(&scene, Style::Flat, &parameters(ResourceLevel::High), &stop)
    };
    until(usize::MAX).expect("nobody says stop");
    let all = looks.get();
    // Before each shape that is drawn, each thing, part and paint, and within those that are large.
    assert!(all > 150, "{all}");
    for last in (0..all).step_by(all / 16) {
        assert!(matches!(until(last), Err(DetailError::Stopped)), "{last}");
        assert_eq!(looks.get(), last + 1, "it went on");
    }
}
