//! Documents for tests: a picture that uses everything, and random ones.

#![allow(dead_code, reason = "not every test binary uses every helper")]
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

pub(crate) mod harmless;

use chat2svg_vector::{
    ClipPath, Color, Credit, Document, Drawn, Fill, FillRule, GradientStop, Group, LengthUnit,
    LineCap, LineJoin, LinearGradient, Material, Meaning, Metadata, Node, Paint, Place,
    RadialGradient, Raster, Role, Setting, Shape, Spread, Stroke, TimeOfDay,
};
use kurbo::{Affine, BezPath, Circle, Ellipse, Point, Rect, RoundedRect, Shape as _};
use proptest::prelude::*;

/// A document without layers on a canvas of the given size.
pub(crate) fn empty(width: f64, height: f64) -> Document {
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: Vec::new(),
    }
}

pub(crate) fn stop(offset: f32, color: Color, opacity: f32) -> GradientStop {
    GradientStop {
        offset,
        color,
        opacity,
    }
}

fn sky() -> Paint {
    Paint::Linear(LinearGradient {
        start: Point::new(0.0, 0.0),
        end: Point::new(0.0, 130.0),
        transform: Affine::IDENTITY,
        stops: vec![
            stop(0.0, Color::from_rgb8(30, 40, 120), 1.0),
            stop(0.6, Color::from_rgb8(220, 120, 90), 1.0),
            stop(1.0, Color::from_rgb8(250, 220, 160), 1.0),
        ],
        spread: Spread::Pad,
    })
}

fn glow(center: Point) -> Paint {
    Paint::Radial(RadialGradient {
        center,
        radius: 30.0,
        focus: center + kurbo::Vec2::new(5.0, -4.0),
        focal_radius: 2.0,
        transform: Affine::translate((3.0, 2.0)) * Affine::scale_non_uniform(1.2, 0.8),
        stops: vec![
            stop(0.0, Color::WHITE, 0.9),
            stop(1.0, Color::from_rgb8(255, 200, 0), 0.0),
        ],
        spread: Spread::Pad,
    })
}

/// A picture that uses every feature of the document model.
pub(crate) fn everything() -> Document {
    let mut document = empty(200.0, 150.0);
    document.title = Some("Everything & more".to_owned());
    document.description = Some("Every feature <once>".to_owned());
    document.metadata = Metadata {
        prompt: Some("a \"sunset\" over <hills>".to_owned()),
        style: Some("flat".to_owned()),
        seed: Some(u64::MAX),
        credits: vec![Credit {
            title: "Sun".to_owned(),
            author: "Somebody & others".to_owned(),
            license: "CC-BY-4.0".to_owned(),
            source: "https://example.org/sun".to_owned(),
        }],
        undrawn: vec!["epistemology".to_owned(), "quickly".to_owned()],
        setting: Setting {
            place: Some(Place::Mountains),
            time: Some(TimeOfDay::Sunset),
            weather: None,
        },
        unit: LengthUnit::Millimetre,
    };
    let mut background = Group::new("Sky");
    background.meaning = Meaning::of_role(Role::Sky);
    background.children.push(Node::Shape(Shape::filled(
        "",
        Rect::new(0.0, 0.0, 200.0, 150.0).to_path(0.1),
        sky(),
    )));
    background.children.push(Node::Shape(Shape::filled(
        "sun",
        Circle::new((120.0, 60.0), 40.0).to_path(0.01),
        glow(Point::new(120.0, 60.0)),
    )));

    let mut hills = Group::new("Hills");
    hills.opacity = 0.7;
    hills.transform = Affine::translate((10.0, 60.0)) * Affine::rotate(0.1);
    hills.clip = Some(ClipPath {
        path: Ellipse::new((80.0, 40.0), (85.0, 38.0), 0.0).to_path(0.01),
        rule: FillRule::NonZero,
    });
    let mut ring = Circle::new((60.0, 50.0), 40.0).to_path(0.01);
    ring.extend(Circle::new((60.0, 50.0), 20.0).to_path(0.01));
    let mut hill = Shape::filled("Hill", ring, Paint::Solid(Color::from_rgb8(40, 140, 60)));
    hill.fill = hill.fill.map(|fill| Fill {
        rule: FillRule::EvenOdd,
        opacity: 0.8,
        ..fill
    });
    hills.children.push(Node::Shape(hill.clone()));
    hill.stroke = Some(Stroke {
        paint: sky(),
        opacity: 0.9,
        width: 5.0,
        cap: LineCap::Butt,
        join: LineJoin::Miter,
        miter_limit: 4.0,
        dashes: Vec::new(),
        dash_offset: 0.0,
    });
    hill.path.apply_affine(Affine::translate((60.0, 0.0)));
    hill.opacity = 0.5;
    hills.children.push(Node::Shape(hill));

    let mut fence = Group::new("Fence");
    let mut line = BezPath::new();
    line.move_to((10.0, 120.0));
    line.line_to((60.0, 110.0));
    line.quad_to((90.0, 60.0), (110.0, 120.0));
    line.curve_to((130.0, 160.0), (150.0, 60.0), (190.0, 120.0));
    fence.children.push(Node::Shape(Shape {
        id: "rail".to_owned(),
        label: "rail".to_owned(),
        meaning: Meaning::NONE,
        drawn: Drawn::Here,
        path: line,
        fill: None,
        stroke: Some(Stroke {
            paint: Paint::Solid(Color::from_rgb8(90, 50, 20)),
            opacity: 1.0,
            width: 3.5,
            cap: LineCap::Round,
            join: LineJoin::Round,
            miter_limit: 4.0,
            dashes: vec![9.0, 6.0, 2.0],
            dash_offset: 3.0,
        }),
        opacity: 1.0,
    }));
    let mut nested = Group::new("");
    nested.transform = Affine::scale(0.05);
    nested.children.push(Node::Shape(Shape::filled(
        "Gate",
        RoundedRect::new(800.0, 2200.0, 1400.0, 2800.0, 130.0).to_path(0.01),
        glow(Point::new(1100.0, 2500.0)),
    )));
    fence.children.push(Node::Group(nested));
    document.layers = [background, hills, fence].map(Node::Group).to_vec();
    document
}

/// A document rendered by resvg from its SVG text, letterboxed as [`Document::render`] does.
pub(crate) fn render_with_resvg(document: &Document, svg: &str, width: u32, height: u32) -> Raster {
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default())
        .unwrap_or_else(|error| panic!("usvg refuses what was written: {error}\n{svg}"));
    let mut pixmap = tiny_skia::Pixmap::new(width, height).expect("size fits");
    let size = tree.size();
    let scale = (width as f32 / size.width()).min(height as f32 / size.height());
    let transform = tiny_skia::Transform::from_scale(scale, scale).post_translate(
        (width as f32 - size.width() * scale) * 0.5,
        (height as f32 - size.height() * scale) * 0.5,
    );
    assert!(document.width > 0.0);
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    Raster::from_premultiplied(&pixmap)
}

/// Whether the layers of groups stay near the canvas. resvg bounds layers by multiples of the
/// canvas's size, and cuts some that reach further where browsers do not.
pub(crate) fn has_layers_near_the_canvas(svg: &str) -> bool {
    fn holds(group: &usvg::Group, near: Rect) -> bool {
        group.children().iter().all(|node| {
            let usvg::Node::Group(group) = node else {
                return true;
            };
            let layer = group.abs_layer_bounding_box();
            let corners = [(layer.left(), layer.top()), (layer.right(), layer.bottom())];
            let is_inside = |(x, y): (f32, f32)| near.contains((f64::from(x), f64::from(y)));
            (!group.should_isolate() || corners.into_iter().all(is_inside)) && holds(group, near)
        })
    }
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default());
    tree.is_ok_and(|tree| {
        let (width, height) = (
            f64::from(tree.size().width()),
            f64::from(tree.size().height()),
        );
        let canvas = Rect::new(0.0, 0.0, width, height);
        holds(tree.root(), canvas.inflate(width, height))
    })
}

pub(crate) fn any_color() -> impl Strategy<Value = Color> {
    (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(r, g, b)| Color::from_rgb8(r, g, b))
}

fn any_point() -> impl Strategy<Value = Point> {
    (-20.0..120.0f64, -20.0..120.0f64).prop_map(Point::from)
}

fn any_fraction() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0f32), 0.0..=1.0f32]
}

fn any_path() -> impl Strategy<Value = BezPath> {
    let element = prop_oneof![
        any_point().prop_map(kurbo::PathEl::LineTo),
        (any_point(), any_point()).prop_map(|(a, b)| kurbo::PathEl::QuadTo(a, b)),
        (any_point(), any_point(), any_point())
            .prop_map(|(a, b, c)| kurbo::PathEl::CurveTo(a, b, c)),
        Just(kurbo::PathEl::ClosePath),
        any_point().prop_map(kurbo::PathEl::MoveTo),
    ];
    (any_point(), prop::collection::vec(element, 1..8)).prop_map(|(start, elements)| {
        let mut path = BezPath::new();
        path.move_to(start);
        path.extend(elements);
        path
    })
}

fn any_stops() -> impl Strategy<Value = Vec<GradientStop>> {
    prop::collection::vec((0.0..=1.0f32, any_color(), any_fraction()), 1..4).prop_map(
        |mut stops| {
            stops.sort_by(|a, b| a.0.total_cmp(&b.0));
            stops
                .into_iter()
                .map(|(offset, color, opacity)| stop(offset, color, opacity))
                .collect()
        },
    )
}

fn any_spread() -> impl Strategy<Value = Spread> {
    prop_oneof![
        Just(Spread::Pad),
        Just(Spread::Reflect),
        Just(Spread::Repeat)
    ]
}

fn any_affine() -> impl Strategy<Value = Affine> {
    prop_oneof![
        Just(Affine::IDENTITY),
        (-20.0..20.0f64, -20.0..20.0f64).prop_map(Affine::translate),
        (-3.0..3.0f64, 0.3..2.0f64, 0.3..2.0f64, any_point()).prop_map(|(turn, x, y, p)| {
            Affine::rotate_about(turn, p) * Affine::scale_non_uniform(x, y)
        }),
    ]
}

fn any_paint() -> impl Strategy<Value = Paint> {
    prop_oneof![
        3 => any_color().prop_map(Paint::Solid),
        1 => (any_point(), any_point(), any_affine(), any_stops(), any_spread()).prop_map(
            |(start, end, transform, stops, spread)| Paint::Linear(LinearGradient {
                start, end, transform, stops, spread,
            })
        ),
        1 => (any_point(), 5.0..60.0f64, 0.0..0.5f64, any_affine(), any_stops()).prop_map(
            |(center, radius, shift, transform, stops)| Paint::Radial(RadialGradient {
                center,
                radius,
                focus: center + kurbo::Vec2::new(radius * shift, 0.0),
                focal_radius: radius * shift * 0.25,
                transform,
                stops,
                spread: Spread::Pad,
            })
        ),
    ]
}

fn any_rule() -> impl Strategy<Value = FillRule> {
    prop_oneof![Just(FillRule::NonZero), Just(FillRule::EvenOdd)]
}

fn any_stroke() -> impl Strategy<Value = Stroke> {
    (
        any_paint(),
        any_fraction(),
        0.5..12.0f64,
        prop_oneof![
            Just(LineCap::Butt),
            Just(LineCap::Round),
            Just(LineCap::Square)
        ],
        prop_oneof![
            Just(LineJoin::Miter),
            Just(LineJoin::Round),
            Just(LineJoin::Bevel)
        ],
        prop_oneof![Just(Vec::new()), prop::collection::vec(2.0..20.0f64, 1..4)],
    )
        .prop_map(|(paint, opacity, width, cap, join, dashes)| Stroke {
            paint,
            opacity,
            width,
            cap,
            join,
            miter_limit: 4.0,
            dashes,
            dash_offset: 0.0,
        })
}

fn any_meaning() -> impl Strategy<Value = Meaning> {
    let role = prop::option::weighted(0.2, prop::sample::select(Role::ALL));
    let material = prop::option::weighted(0.2, prop::sample::select(Material::ALL));
    (role, material, prop::option::weighted(0.1, 1..9_u16)).prop_map(|(role, material, member)| {
        Meaning {
            role,
            material,
            member,
            ..Meaning::NONE
        }
    })
}

fn any_shape() -> impl Strategy<Value = Shape> {
    (
        "[a-z ]{0,6}",
        any_path(),
        prop::option::weighted(0.8, (any_paint(), any_fraction(), any_rule())),
        prop::option::weighted(0.3, any_stroke()),
        any_fraction(),
        any_meaning(),
    )
        .prop_map(|(label, path, fill, stroke, opacity, meaning)| Shape {
            id: String::new(),
            label,
            meaning,
            drawn: Drawn::Here,
            path,
            fill: fill.map(|(paint, opacity, rule)| Fill {
                paint,
                opacity,
                rule,
            }),
            stroke,
            opacity,
        })
}

fn any_node() -> impl Strategy<Value = Node> {
    any_shape()
        .prop_map(Node::Shape)
        .prop_recursive(2, 8, 3, |node| {
            (
                "[a-z]{0,3}",
                any_affine(),
                any_fraction(),
                prop::option::weighted(0.3, (any_path(), any_rule())),
                prop::collection::vec(node, 0..3),
                any_meaning(),
            )
                .prop_map(|(label, transform, opacity, clip, children, meaning)| {
                    Node::Group(Group {
                        id: String::new(),
                        label,
                        meaning,
                        transform,
                        opacity,
                        clip: clip.map(|(path, rule)| ClipPath { path, rule }),
                        children,
                    })
                })
        })
}

/// Random documents of 100 × 100 units.
pub(crate) fn any_document() -> impl Strategy<Value = Document> {
    prop::collection::vec(any_node(), 1..4).prop_map(|layers| Document {
        layers,
        ..empty(100.0, 100.0)
    })
}
