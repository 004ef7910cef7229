//! What the target shows elsewhere on the canvas goes there exactly, however few pixels its regions
//! are looked for in; and a text that it does not show stays.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use chat2svg_fit::{FitOptions, Registration, refine, register};
use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, ParseLimits, Raster};
use kurbo::{Point, Rect, Shape as _};

/// A document of 400 × 300 units with these elements on a ground.
fn scene(elements: &str) -> Document {
    let text = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect id="ground" width="400" height="300" fill="#f3ead8"/>{elements}</svg>"##
    );
    Document::parse(text.as_bytes(), &ParseLimits::default())
        .expect("an SVG")
        .document
}

fn picture(document: &Document) -> Raster {
    document
        .render(720, 540, Some(Color::WHITE))
        .expect("renders")
}

/// A template that is looked for as level minimal does it, and what was moved.
fn registered(template: &str, target: &str) -> (Document, Vec<String>) {
    let mut document = scene(template);
    let registration = Registration {
        side: 128,
        moves: 8,
        gradients: None,
        robust: true,
    };
    let target = picture(&scene(target));
    let found = register(&mut document, &target, registration, &Stop::never()).expect("runs");
    let names = found.moved.into_iter().map(|each| each.name).collect();
    (document, names)
}

/// The box around what has an id, or is in what has it.
fn bounds(document: &Document, id: &str) -> Rect {
    let shapes = document.shapes();
    let own = shapes
        .iter()
        .filter(|visit| visit.shape.id == id || visit.groups.iter().any(|group| group.id == id));
    let boxes = own.map(|visit| (visit.transform * &visit.shape.path).bounding_box());
    boxes
        .reduce(|all, each| all.union(each))
        .expect("what has the id is there")
}

fn apart(a: Rect, b: Rect) -> f64 {
    let sides = |rect: Rect| [rect.x0, rect.y0, rect.x1, rect.y1];
    let pairs = sides(a).into_iter().zip(sides(b));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Just what has these ids moves, each to where the target has it.
fn check(template: &str, target: &str, moved: &[&str], slack: f64) {
    let (found, names) = registered(template, target);
    assert_eq!(names.len(), moved.len(), "{names:?}");
    for id in moved {
        let off = apart(bounds(&found, id), bounds(&scene(target), id));
        assert!(off < slack, "{id} is {off} units off");
    }
}

#[test]
fn what_moved_comes_to_its_exact_place_however_coarse_the_regions_are() {
    let tray = |x: f64, y: f64| {
        format!(
            r##"<g transform="scale(.5)"><rect id="tray" x="{x}" y="{y}" width="66" height="54" rx="9" fill="#7a4a2b" stroke="#263b4d" stroke-width="6"/></g><ellipse id="plate" cx="300" cy="80" rx="34" ry="20" fill="#3f7d8c"/>"##
        )
    };
    check(&tray(60.0, 420.0), &tray(511.37, 233.71), &["tray"], 0.03);
}

#[test]
fn a_group_does_not_carry_off_what_moved_by_itself() {
    let toys = |ball: [f64; 2], kite: &str| {
        format!(
            r##"<g id="toys"><circle id="ball" cx="{}" cy="{}" r="36" fill="#d9772b" fill-opacity=".85"/><path id="kite" d="M0 0l42 74-88 6z" transform="translate({kite})" fill="#2c8f6f"/></g>"##,
            ball[0], ball[1]
        )
    };
    let (template, target) = (
        toys([345.0, 110.0], "90 180"),
        toys([90.0, 90.0], "240 170"),
    );
    check(&template, &target, &["ball", "kite"], 0.1);
}

#[test]
fn what_is_shown_just_so_goes_before_what_is_like_it() {
    let two = |kite: &str, ball: [f64; 2]| {
        format!(
            r##"<path id="kite" d="M0 0l104 96-136 40z" transform="translate({kite})" fill="#efc22a"/><circle id="ball" cx="{}" cy="{}" r="58" fill="#e39a3a" fill-opacity=".8"/>"##,
            ball[0], ball[1]
        )
    };
    // Where the ball goes lies the kite, which has to go first.
    let (template, target) = (two("80 30", [220.0, 220.0]), two("270 140", [100.0, 90.0]));
    check(&template, &target, &["ball", "kite"], 0.1);
}

#[test]
fn shapes_that_changed_places_keep_form_and_fill() {
    let disc = |x: f64| format!(r##"<circle id="disc" cx="{x}" cy="150" r="60" fill="#c8323c"/>"##);
    let tile = |x: f64| {
        format!(
            r##"<rect id="tile" x="{x}" y="95" width="108" height="110" rx="6" fill="#2a5fb0"/>"##
        )
    };
    let both = |first: f64, second: f64| disc(first) + &tile(second - 54.0);
    check(
        &both(100.0, 290.0),
        &both(290.0, 100.0),
        &["disc", "tile"],
        0.2,
    );
    // Of one form they may as well have changed colours.
    let twin = |fill: &str, other: &str| {
        tile(60.0).replace("#2a5fb0", fill) + &tile(230.0).replace("#2a5fb0", other)
    };
    check(
        &twin("#2a5fb0", "#3a9d5d"),
        &twin("#3a9d5d", "#2a5fb0"),
        &[],
        0.0,
    );
}

#[test]
fn a_symbols_viewport_does_not_stay_behind() {
    let flag = |x: f64, y: f64| {
        format!(
            r##"<symbol id="s" viewBox="0 0 40 40"><path d="M4 4H36L20 38z" fill="#8338ec"/></symbol><use id="flag" href="#s" x="{x}" y="{y}" width="90" height="90"/>"##
        )
    };
    check(&flag(30.0, 40.0), &flag(250.0, 170.0), &["flag"], 0.1);
}

#[test]
fn a_group_is_found_at_half_its_size_with_all_that_is_small_in_it() {
    let van = |place: &str| {
        format!(
            r##"<g id="van" transform="{place}"><path id="body" d="M0 40V20L30 16L50 0H90L112 18L140 22V40z" fill="#d90429"/><circle id="wheel" cx="34" cy="40" r="12" fill="#222"/><circle id="hub" cx="34" cy="40" r="5" fill="#ccc"/></g>"##
        )
    };
    let (template, target) = (van("translate(60 200)"), van("translate(280 60) scale(.5)"));
    check(&template, &target, &["van"], 0.2);
}

#[test]
fn a_small_part_goes_where_most_of_its_group_went() {
    let van = |x: f64| {
        format!(
            r##"<g id="van"><path id="body" d="M0 60V30L45 24L75 0H135L168 27L210 33V60z" transform="translate({x} 200)" fill="#d90429"/><circle id="hub" cx="{}" cy="245" r="6" fill="#222"/><rect id="sign" x="20" y="20" width="120" height="70" fill="#0077b6"/></g>"##,
            x + 40.0
        )
    };
    check(&van(10.0), &van(150.0), &["body", "hub"], 0.3);
}

#[test]
fn an_outlined_shape_is_found_where_it_grew_about_its_middle() {
    let tile = |scale: f64| {
        format!(
            r##"<polygon id="tile" transform="translate(200 150) scale({scale})" points="60,0 30,52 -30,52 -60,0 -30,-52 30,-52" fill="#80ed99" stroke="#22577a" stroke-width="9"/>"##
        )
    };
    check(&tile(1.0), &tile(1.4), &["tile"], 0.2);
}

#[test]
fn an_open_line_is_laid_along_the_targets() {
    let series = |points: &str| {
        format!(
            r##"<polyline id="series" points="{points}" fill="none" stroke="#1d70b8" stroke-width="6"/>"##
        )
    };
    let (template, target) = (
        series("30,240 110,90 200,200 290,60 370,180"),
        series("30,90 110,220 200,70 290,230 370,60"),
    );
    let (found, _) = registered(&template, &target);
    let points = |document: &Document| -> Vec<Point> {
        let shapes = document.shapes();
        let own = shapes.iter().find(|visit| visit.shape.id == "series");
        let own = own.expect("is there").shape.path.clone();
        own.iter()
            .filter_map(|element| element.end_point())
            .collect()
    };
    let (found, wanted) = (points(&found), points(&scene(&target)));
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.into_iter().zip(wanted) {
        assert!(found.distance(wanted) < 12.0, "{found} for {wanted}");
    }
}

#[test]
fn a_line_of_small_writing_is_found() {
    let sign = |x: f64, y: f64| {
        format!(
            r##"<rect id="board" x="230" y="40" width="90" height="130" fill="#4a6f5c"/><text id="sign" x="{x}" y="{y}" font-size="11" fill="#222">Sold out</text>"##
        )
    };
    check(&sign(60.0, 70.0), &sign(101.3, 236.4), &["sign"], 0.1);
}

#[test]
fn a_text_that_the_target_does_not_show_keeps_place_and_size() {
    let text = r##"<text id="sign" x="60" y="70" font-size="18" fill="#222">Sold out</text>"##;
    let board = |x: f64| {
        format!(r##"<rect id="board" x="{x}" y="120" width="90" height="100" fill="#4a6f5c"/>"##)
    };
    let marks = [
        "",
        // Neither the same text.
        r##"<text x="70" y="90" font-size="30" font-weight="bold" fill="#a33">No</text>"##,
        // Nor a thing of its colour.
        r##"<circle cx="150" cy="50" r="24" fill="#222"/>"##,
    ];
    for mark in marks {
        let template = scene(&format!("{}{text}", board(60.0)));
        let target = scene(&format!("{}{mark}", board(240.0)));
        for iterations in [20, 160] {
            let options = FitOptions {
                iterations,
                max_side: 256,
                allow_topology: false,
                robust: true,
                threads: 1,
                registration: Some(Registration {
                    side: 256,
                    moves: 8,
                    gradients: None,
                    robust: true,
                }),
                ..FitOptions::default()
            };
            let outcome = refine(&template, &picture(&target), &options, &mut ()).expect("fits");
            let off = apart(bounds(&outcome.document, "sign"), bounds(&template, "sign"));
            // What is written is rounded.
            assert!(off < 0.2, "{off} units, {mark}, {iterations} steps");
            let off = apart(bounds(&outcome.document, "board"), bounds(&target, "board"));
            assert!(off < 0.3, "{off} units, {mark}, {iterations} steps");
        }
    }
}
