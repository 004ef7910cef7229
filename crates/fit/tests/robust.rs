//! Fits that may add nothing: what no shape of the template can show moves neither paints nor
//! outlines, what agrees with the target stays as it is, and texts keep their form.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chat2svg_fit::{FitEnd, FitOptions, FitOutcome, refine};
use chat2svg_vector::{Color, Document, Paint, ParseLimits, Raster, Shape, WriteOptions};
use kurbo::{Affine, BezPath, PathEl, Point, Rect, Shape as _};

/// A valley with a river, a balloon and two birches; what is in braces may be changed.
const VALLEY: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 140">
<rect id="air" width="180" height="140" fill="#f2e3c6"/>
<path id="slope" d="M0 95Q60 60 110 92T180 80V140H0Z" fill="#7c9a5b"/>
<path id="river" d="M90 140Q70 118 104 100L116 101Q96 120 128 140Z" fill="#5d8fb4"/>
<g id="balloon"><circle id="hull" cx="132" cy="38" r="22" fill="#b8433a" {BALLOON}/><rect id="basket" x="126" y="64" width="12" height="9" fill="#6b4a2f" {BALLOON}/></g>
{NEW}</svg>"##;

const IDS: [&str; 5] = ["air", "slope", "river", "hull", "basket"];

fn valley(changes: &[(&str, &str)]) -> Document {
    let mut text = VALLEY.to_owned();
    let usual = [("{BALLOON}", ""), ("{NEW}", "")];
    for (place, value) in changes.iter().chain(&usual) {
        text = text.replace(place, value);
    }
    parse(&text)
}

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes(), &ParseLimits::default())
        .expect("an SVG")
        .document
}

fn picture(document: &Document, width: u32) -> Raster {
    let height = (f64::from(width) * document.view_box.height() / document.view_box.width()).ceil();
    document
        .render(width, height as u32, Some(Color::WHITE))
        .expect("renders")
}

fn fitted(template: &Document, target: &Raster) -> FitOutcome {
    let options = FitOptions {
        iterations: 160,
        max_side: 256,
        allow_topology: false,
        robust: true,
        threads: 1,
        ..FitOptions::default()
    };
    refine(template, target, &options, &mut ()).expect("can be fitted")
}

fn shape<'a>(document: &'a Document, id: &str) -> &'a Shape {
    let shapes = document.shapes();
    let found = shapes.iter().find(|visit| visit.shape.id == id);
    found.unwrap_or_else(|| panic!("{id} is gone")).shape
}

#[test]
fn new_things_move_nothing() {
    let things = [
        // In the air, on the slope's border, over two shapes, a line.
        r##"<circle cx="40" cy="32" r="18" fill="#3a3f74"/>"##,
        r##"<rect x="20" y="66" width="34" height="40" fill="#d9d2e0"/>"##,
        r##"<path d="M96 30 150 44 112 60Z" fill="#e0a13c"/>"##,
        r##"<path d="M10 20H170" stroke="#222" stroke-width="3"/>"##,
    ];
    for (thing, width) in things.into_iter().zip([128, 180, 301, 400]) {
        let template = valley(&[]);
        let outcome = fitted(&template, &picture(&valley(&[("{NEW}", thing)]), width));
        for id in IDS {
            assert_eq!(
                shape(&outcome.document, id),
                shape(&template, id),
                "{thing}: {id}"
            );
        }
    }
}

#[test]
fn new_things_of_nearly_a_shapes_colour_move_nothing() {
    let things = [
        // Over the hull's border, beside the basket, across the slope's border and the hull's.
        r##"<circle cx="150" cy="46" r="12" fill="#c45248"/>"##,
        r##"<path d="M138 60 152 68 138 76Z" fill="#77553b"/>"##,
        r##"<rect x="14" y="66" width="26" height="34" fill="#86a668"/>"##,
        r##"<path d="M100 30Q125 36 140 12" fill="none" stroke="#a63a34" stroke-width="3"/>"##,
    ];
    for (thing, width) in things.into_iter().zip([180, 256, 360, 400]) {
        let template = valley(&[]);
        let outcome = fitted(&template, &picture(&valley(&[("{NEW}", thing)]), width));
        for id in IDS {
            let (found, wanted) = (shape(&outcome.document, id), shape(&template, id));
            assert_eq!(found, wanted, "{thing}: {id}");
        }
    }
}

#[test]
fn a_paint_that_changed_a_little_is_followed() {
    let repainted = valley(&[("{BALLOON}", r#"style="fill:#ab3a31""#)]);
    let outcome = fitted(&valley(&[]), &picture(&repainted, 256));
    let fill = |document: &Document| match &shape(document, "hull").fill.as_ref().unwrap().paint {
        Paint::Solid(color) => color.to_oklab(),
        other => panic!("{other:?}"),
    };
    let apart = fill(&outcome.document).distance(fill(&repainted));
    assert!(apart < 0.005, "{apart}");
}

#[test]
fn a_shape_that_goes_on_in_its_own_colour_grows() {
    let chart = |height: u32| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80"><rect id="paper" width="100" height="80" fill="#f4efe2"/>
<rect id="first" x="20" y="30" width="16" height="40" fill="#35507a"/><rect id="second" x="60" y="20" width="16" height="{height}" fill="#a3482f"/></svg>"##
        ))
    };
    for height in [44, 54] {
        let outcome = fitted(&chart(50), &picture(&chart(height), 200));
        let bar = shape(&outcome.document, "second").path.bounding_box();
        assert!((bar.height() - f64::from(height)).abs() < 0.5, "{bar:?}");
    }
}

#[test]
fn what_changed_beside_something_new_follows_and_the_rest_stays() {
    let template = valley(&[]);
    let new = r##"<rect x="12" y="14" width="50" height="30" fill="#41617c"/>"##;
    let changes = [
        ("{NEW}", new),
        ("{BALLOON}", r#"transform="translate(-3 2)""#),
    ];
    let outcome = fitted(&template, &picture(&valley(&changes), 360));
    let found = &outcome.document;
    for id in ["slope", "river"] {
        assert_eq!(shape(found, id), shape(&template, id), "{id}");
    }
    let center = shape(found, "hull").path.bounding_box().center();
    assert!(center.distance(Point::new(129.0, 40.0)) < 0.6, "{center:?}");
    let fills = |id: &str, rgb: [u8; 3]| {
        let Some(Paint::Solid(color)) = shape(found, id).fill.as_ref().map(|fill| &fill.paint)
        else {
            panic!("{id} is not flat");
        };
        let wanted = Color::from_rgb8(rgb[0], rgb[1], rgb[2]);
        color.to_oklab().distance(wanted.to_oklab())
    };
    assert!(fills("hull", [0xb8, 0x43, 0x3a]) < 0.005);
    assert!(fills("air", [0xf2, 0xe3, 0xc6]) < 0.005);
    assert_eq!(shape(found, "air").path, shape(&template, "air").path);
}

#[test]
fn a_target_that_is_shown_needs_no_step() {
    let template = valley(&[]);
    for width in [97, 180, 512, 900] {
        let outcome = fitted(&template, &picture(&template, width));
        assert_eq!(outcome.document, template, "{width}");
        assert_eq!(outcome.report.iterations, 0);
        assert_eq!(outcome.report.ended_by, FitEnd::Converged);
    }
}

#[test]
fn a_white_ground_on_white_stays() {
    let scene = |x: u32| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80"><rect id="paper" width="100" height="80" fill="#fff"/>
<circle id="dot" cx="{x}" cy="40" r="15" fill="#35507a"/></svg>"##
        ))
    };
    let outcome = fitted(&scene(40), &picture(&scene(44), 200));
    let paper = shape(&outcome.document, "paper").path.bounding_box();
    assert_eq!(paper, Rect::new(0.0, 0.0, 100.0, 80.0));
}

/// The similarity that takes an outline to another of the same elements, and how far from it any
/// point is; by least squares.
fn apart_from_similarity(before: &BezPath, after: &BezPath) -> f64 {
    let points = |path: &BezPath| -> Vec<Point> {
        let all = path.elements().iter();
        all.flat_map(|element| match *element {
            PathEl::MoveTo(p) | PathEl::LineTo(p) => vec![p],
            PathEl::QuadTo(a, p) => vec![a, p],
            PathEl::CurveTo(a, b, p) => vec![a, b, p],
            PathEl::ClosePath => Vec::new(),
        })
        .collect()
    };
    let (from, to) = (points(before), points(after));
    assert_eq!(from.len(), to.len(), "the same elements");
    let count = from.len() as f64;
    let mean = |points: &[Point]| {
        let sum = points
            .iter()
            .fold(kurbo::Vec2::ZERO, |sum, p| sum + p.to_vec2());
        sum / count
    };
    let (a, b) = (mean(&from), mean(&to));
    let (mut along, mut across, mut size) = (0.0, 0.0, 0.0);
    for (p, q) in from.iter().zip(&to) {
        let (p, q) = (p.to_vec2() - a, q.to_vec2() - b);
        along += p.dot(q);
        across += p.cross(q);
        size += p.hypot2();
    }
    let (cos, sin) = (along / size, across / size);
    let pairs = from.iter().zip(&to);
    pairs
        .map(|(p, q)| {
            let p = p.to_vec2() - a;
            let moved = kurbo::Vec2::new(cos * p.x - sin * p.y, sin * p.x + cos * p.y);
            (q.to_vec2() - b - moved).hypot()
        })
        .fold(0.0, f64::max)
}

#[test]
fn texts_move_as_wholes_and_are_never_bent() {
    let sign = |text: &str| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 80"><rect id="board" width="160" height="80" fill="#e9e2d0"/>{text}</svg>"##
        ))
    };
    let template =
        sign(r##"<text x="20" y="45" font-size="24">Open <tspan fill="#a33">now</tspan></text>"##);
    let targets = [
        r##"<text x="24" y="48" font-size="25">Open <tspan fill="#a33">now</tspan></text>"##,
        r##"<text x="20" y="45" font-size="24" transform="skewX(-12)">Open <tspan fill="#a33">new</tspan></text>"##,
        r##"<text x="18" y="45" font-size="27" letter-spacing="1" fill="#333">Closed</text>"##,
    ];
    for target in targets {
        for may_add in [false, true] {
            let options = FitOptions {
                iterations: 80,
                max_side: 256,
                allow_topology: may_add,
                robust: !may_add,
                threads: 1,
                ..FitOptions::default()
            };
            let target = picture(&sign(target), 320);
            let outcome = refine(&template, &target, &options, &mut ()).expect("can be fitted");
            let whole = |document: &Document| -> BezPath {
                let letters = document.shapes().into_iter().filter(|visit| {
                    visit
                        .groups
                        .iter()
                        .any(|group| group.meaning.origin.is_some())
                });
                letters
                    .filter(|visit| !visit.shape.label.contains(" / "))
                    .flat_map(|visit| (visit.transform * &visit.shape.path).into_iter())
                    .collect()
            };
            let bent = apart_from_similarity(&whole(&template), &whole(&outcome.document));
            // What is written is rounded.
            assert!(bent < 0.1, "{bent} units, may add: {may_add}");
        }
    }
}

/// Tiles of a side in many colours, as in a photograph that nobody can draw, over a rectangle.
fn photo(area: Rect, side: f64) -> String {
    let mut seed = 7_u32;
    let mut tiles = String::new();
    let steps = |length: f64| (0..(length / side).round() as u32).map(f64::from);
    for (row, column) in
        steps(area.height()).flat_map(|row| steps(area.width()).map(move |column| (row, column)))
    {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (area.x0 + side * column, area.y0 + side * row);
        tiles += &format!(
            r##"<path d="M{x} {y}h{side}v{side}h-{side}z" fill="#{:06x}"/>"##,
            seed >> 8
        );
    }
    tiles
}

#[test]
fn what_could_not_be_read_moves_nothing_and_stays_in_its_place() {
    // Over two borders, beside the hull, at the corner of the canvas.
    let areas = [
        Rect::new(30.0, 60.0, 86.0, 100.0),
        Rect::new(110.0, 12.0, 126.0, 68.0),
        Rect::new(0.0, 108.0, 64.0, 140.0),
    ];
    for (area, side) in areas.into_iter().zip([4.0, 8.0, 2.0]) {
        let [x0, y0, x1, y1] = [area.x0, area.y0, area.x1, area.y1];
        let stand_in = format!(
            r##"<path id="photo" data-origin="unread" d="M{x0} {y0}H{x1}V{y1}H{x0}Z" fill="#456"/>"##
        );
        let veil = r##"<rect id="veil" x="20" y="80" width="60" height="40" fill="#fff" fill-opacity=".5"/>"##;
        let scene = |photo: &str| {
            let repainted = ("{BALLOON}", r#"style="fill:#3a5fb0""#);
            let changes = [("{NEW}", &*format!("{photo}{veil}")), repainted];
            valley(&changes[..if photo == stand_in { 1 } else { 2 }])
        };
        let template = scene(&stand_in);
        let target = picture(&scene(&photo(area, side)), 300);
        for robust in [true, false] {
            let options = FitOptions {
                iterations: 60,
                max_side: 256,
                allow_topology: false,
                robust,
                threads: 1,
                ..FitOptions::default()
            };
            let outcome = refine(&template, &target, &options, &mut ()).expect("can be fitted");
            let found = |id| shape(&outcome.document, id);
            assert_eq!(
                found("photo").path,
                shape(&template, "photo").path,
                "{area}"
            );
            if robust {
                for id in ["air", "slope", "river", "veil"] {
                    assert_eq!(found(id), shape(&template, id), "{area}: {id}");
                }
                assert_ne!(found("basket").fill, shape(&template, "basket").fill);
                assert_ne!(found("photo").fill, shape(&template, "photo").fill);
            }
        }
    }
}

/// A picture as a renderer draws it that samples coverage elsewhere than ours: edges are up to a
/// quarter of their contrast off, now to this side and now to that.
fn drawn_elsewhere(document: &Document, width: u32) -> Raster {
    let height = width * 140 / 180;
    let shifted = |x: f64, y: f64| {
        let mut shifted = document.clone();
        for layer in &mut shifted.layers {
            layer.apply_affine(Affine::translate((x, y)));
        }
        shifted.render(width, height, Some(Color::WHITE)).unwrap()
    };
    let pixel = 180.0 / f64::from(width);
    let (usual, other) = (shifted(0.0, 0.0), shifted(0.22 * pixel, -0.22 * pixel));
    let pairs = usual.pixels().iter().zip(other.pixels()).enumerate();
    let pixels = pairs.map(|(at, (usual, other))| {
        let (x, y) = (at as u32 % width, at as u32 / width);
        let is_within = x > 1 && y > 1 && x + 2 < width && y + 2 < height;
        *(if at % 19 == 0 && is_within {
            other
        } else {
            usual
        })
    });
    Raster::new(width, height, pixels.collect()).unwrap()
}

#[test]
fn edges_that_another_renderer_draws_elsewhere_are_no_change() {
    let template = valley(&[]);
    for width in [128, 333, 900] {
        let outcome = fitted(&template, &drawn_elsewhere(&template, width));
        assert_eq!(outcome.document, template, "{width}");
        // Nor are they where something is new.
        let new = r##"<circle cx="40" cy="32" r="14" fill="#3a3f74"/>"##;
        let target = drawn_elsewhere(&valley(&[("{NEW}", new)]), width);
        let outcome = fitted(&template, &target);
        for id in IDS {
            let (found, wanted) = (shape(&outcome.document, id), shape(&template, id));
            assert_eq!(found, wanted, "{width}: {id}");
        }
    }
}

/// Basic shapes that move a little or grow; what is in braces may be changed.
const BASIC: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 160">
<rect id="air" width="256" height="160" fill="#eef4fa"/>
<rect id="sign" x="16" y="24" width="64" height="56" rx="9" fill="#c4552d"/>
<ellipse id="pond" cx="{POND}" cy="46" rx="34" ry="22" fill="#2f7fb5"/>
<rect id="bar" x="20" y="{TOP}" width="32" height="{TALL}" fill="#5a9c4a"/>
<rect id="plate" x="80" y="104" width="{WIDE}" height="36" rx="14" fill="#6f4fc0"/></svg>"##;

#[test]
fn basic_shapes_that_move_a_little_or_grow_stay_basic_shapes() {
    let drawn = |pond: &str, top: &str, tall: &str, wide: &str, sign: &str| {
        let text = BASIC
            .replace("{POND}", pond)
            .replace("{TOP}", top)
            .replace("{TALL}", tall)
            .replace("{WIDE}", wide)
            .replace(r#"x="16" y="24""#, sign);
        parse(&text)
    };
    let template = drawn("150", "120", "30", "60", r#"x="16" y="24""#);
    let changed = drawn("153", "92", "58", "110", r#"x="21" y="20""#);
    let target = picture(&changed, 256);
    for (iterations, max_side) in [(160, 256), (20, 192)] {
        let options = FitOptions {
            iterations,
            max_side,
            allow_topology: false,
            robust: true,
            threads: 1,
            ..FitOptions::default()
        };
        let outcome = refine(&template, &target, &options, &mut ()).expect("can be fitted");
        let svg = outcome.document.to_svg(&WriteOptions::default());
        let count = |element: &str| svg.matches(element).count();
        assert_eq!((count("<rect "), count("<ellipse ")), (4, 1), "{svg}");
        for id in ["sign", "pond", "bar", "plate"] {
            let [found, wanted] = [&outcome.document, &changed].map(|document| {
                let bounds = shape(document, id).path.bounding_box();
                [bounds.x0, bounds.y0, bounds.x1, bounds.y1]
            });
            for (found, wanted) in found.into_iter().zip(wanted) {
                assert!((found - wanted).abs() < 0.3, "{id}: {svg}");
            }
        }
    }
}

#[test]
fn what_is_not_found_stays_as_it_was_and_is_told() {
    let scene = |thing: &str| {
        let text = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 140"><rect id="air" width="180" height="140" fill="#f2e3c6"/><rect id="box" x="20" y="100" width="40" height="24" fill="#264653"/>{thing}</svg>"##
        );
        parse(&text)
    };
    let template = scene(r##"<circle id="ball" cx="45" cy="45" r="24" fill="#e76f51"/>"##);
    // In quite another form and colour, another colour, or not at all.
    let targets = [
        (
            r##"<path id="ball" d="M100 30L160 60L130 75L155 120L105 105L120 75z" fill="#5a189a"/>"##,
            true,
        ),
        (
            r##"<circle id="ball" cx="45" cy="45" r="24" fill="#5a189a"/>"##,
            false,
        ),
        ("", false),
    ];
    for (thing, is_lost) in targets {
        let outcome = fitted(&template, &picture(&scene(thing), 360));
        assert_eq!(outcome.report.unshown > 0.0, is_lost, "{thing}");
        let names: &[&str] = if is_lost { &["ball"] } else { &[] };
        assert_eq!(outcome.report.lost, names, "{thing}");
        let is_same = shape(&outcome.document, "ball") == shape(&template, "ball");
        assert_eq!(is_same, is_lost, "{thing}");
    }
}

#[test]
fn how_much_of_the_target_is_not_drawn_is_told() {
    let template = valley(&[]);
    let all = f64::from(180 * 140);
    let things = [
        (
            r##"<circle cx="40" cy="32" r="18" fill="#3a3f74"/>"##,
            1018.0,
        ),
        (
            r##"<path d="M10 20H170" stroke="#222" stroke-width="3"/>"##,
            480.0,
        ),
        // What follows the target is drawn.
        ("", 0.0),
    ];
    for (thing, area) in things {
        let outcome = fitted(&template, &picture(&valley(&[("{NEW}", thing)]), 360));
        let unshown = f64::from(outcome.report.unshown) * all;
        assert!((unshown - area).abs() <= 0.1 * area, "{thing}: {unshown}");
    }
    let moved = valley(&[("{BALLOON}", r#"transform="translate(-3 2)""#)]);
    let outcome = fitted(&template, &picture(&moved, 360));
    assert_eq!(outcome.report.unshown, 0.0);
    let repainted = VALLEY.replace("#5d8fb4", "#a03050");
    let repainted = parse(&repainted.replace("{BALLOON}", "").replace("{NEW}", ""));
    let outcome = fitted(&template, &picture(&repainted, 360));
    assert_eq!(outcome.report.unshown, 0.0);
}
