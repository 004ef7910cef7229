//! Targets from outside: what moved is moved, what is new is added, what is as it was stays, and
//! nothing that comes in does harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use chat2svg_detail::{AdoptError, Adopted, DetailConfig, adopt};
use chat2svg_stop::{Looks, Stop};
use chat2svg_trace::GradientThreshold;
use chat2svg_vector::{Color, Document, Paint, ParseLimits, Raster};
use kurbo::{Affine, Point, Rect, Shape as _};
use proptest::prelude::*;

/// A sun, a house and a tree on a meadow; the parts in braces may be changed.
const SCENE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256">
<rect id="sky" width="256" height="256" fill="#9cd3f5"/>
<circle id="sun" cx="200" cy="45" r="20" fill="{SUN_COLOR}" transform="{SUN}"/>
<rect id="meadow" y="170" width="256" height="86" fill="#6fae52"/>
<g id="house" transform="{HOUSE}"><rect id="wall" x="45" y="125" width="65" height="60" fill="#e8d6b0"/>
<path id="roof" d="M37 125 77 90 118 125Z" fill="#b5452f"/>
<rect id="door" x="70" y="155" width="17" height="30" fill="#6b4226"/></g>
<g id="tree"><rect id="trunk" x="175" y="145" width="10" height="40" fill="#7a5230"/>
<circle id="crown" cx="180" cy="130" r="25" fill="#3c7d3f"/></g>
<path id="leaf" d="M165 215Q185 180 215 200 195 225 165 215Z" fill="#d9823b" transform="{LEAF}"/>
{NEW}</svg>"##;

fn scene(changes: &[(&str, &str)]) -> Document {
    let mut text = SCENE.to_owned();
    for (place, value) in changes {
        text = text.replace(place, value);
    }
    let usual = [
        ("{SUN_COLOR}", "#ffd23f"),
        ("{SUN}", ""),
        ("{HOUSE}", ""),
        ("{LEAF}", ""),
        ("{NEW}", ""),
    ];
    for (place, value) in usual {
        text = text.replace(place, value);
    }
    parse(&text)
}

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes(), &ParseLimits::default())
        .expect("an SVG")
        .document
}

fn picture(document: &Document) -> Raster {
    document
        .render(256, 256, Some(Color::WHITE))
        .expect("renders")
}

fn run(document: &Document, target: &Raster, may_add: bool) -> Result<Adopted, AdoptError> {
    let level = DetailConfig::default().levels.high;
    adopt(
        document,
        target,
        &level.adopt,
        GradientThreshold::default(),
        may_add,
        &Stop::never(),
    )
}

/// Bounds in user space of the shape with an id.
fn bounds(document: &Document, id: &str) -> Rect {
    let shapes = document.shapes();
    let visit = shapes
        .iter()
        .find(|visit| visit.shape.id == id)
        .unwrap_or_else(|| panic!("{id} is gone"));
    (visit.transform * &visit.shape.path).bounding_box()
}

fn largest_change(a: Rect, b: Rect) -> f64 {
    [a.x0 - b.x0, a.y0 - b.y0, a.x1 - b.x1, a.y1 - b.y1]
        .into_iter()
        .map(f64::abs)
        .fold(0.0, f64::max)
}

const IDS: [&str; 9] = [
    "sky", "sun", "meadow", "wall", "roof", "door", "trunk", "crown", "leaf",
];

/// Runs from the plain scene to a changed one; all of `moved` must end where the change has it, the
/// rest where it was, to what the fit that follows may shift.
fn moves(changes: &[(&str, &str)], moved: &[&str]) -> Adopted {
    let (template, wanted) = (scene(&[]), scene(changes));
    let adopted = run(&template, &picture(&wanted), false).expect("runs");
    for id in IDS {
        let (source, slack) = if moved.contains(&id) {
            (&wanted, 1.0)
        } else {
            (&template, 0.1)
        };
        let apart = largest_change(bounds(&adopted.document, id), bounds(source, id));
        assert!(apart <= slack, "{id} is {apart} off: {:?}", adopted.moved);
    }
    assert_eq!(adopted.document.counts().shapes, IDS.len());
    adopted
}

#[test]
fn a_shape_that_moved_is_moved() {
    let adopted = moves(&[("{SUN}", "translate(-55 25)")], &["sun"]);
    let [movement] = adopted.moved.as_slice() else {
        panic!("{:?}", adopted.moved)
    };
    assert_eq!(movement.name, "sun");
    let apart = Point::from((movement.by[0], movement.by[1])).distance(Point::new(-55.0, 25.0));
    assert!(apart < 0.5, "{movement:?}");
    assert_eq!((movement.turned, movement.scaled), (0.0, 1.0));
}

#[test]
fn a_shape_is_found_wherever_it_went_at_every_level() {
    let levels = DetailConfig::default().levels;
    let places = [
        ("translate(-172 60)", "sun"),
        ("translate(-150 -5)", "sun"),
        ("translate(-120 -170)", "leaf"),
    ];
    for (place, id) in places {
        let slot = if id == "sun" { "{SUN}" } else { "{LEAF}" };
        let (template, wanted) = (scene(&[]), scene(&[(slot, place)]));
        for level in [&levels.high, &levels.medium, &levels.low, &levels.minimal] {
            let threshold = GradientThreshold::default();
            let target = picture(&wanted);
            let adopted = adopt(
                &template,
                &target,
                &level.adopt,
                threshold,
                false,
                &Stop::never(),
            )
            .expect("runs");
            let names: Vec<_> = adopted
                .moved
                .iter()
                .map(|each| each.name.as_str())
                .collect();
            assert_eq!(names, [id], "{place}, {} px", level.adopt.region_side);
            for other in IDS {
                let source = if other == id { &wanted } else { &template };
                let apart = largest_change(bounds(&adopted.document, other), bounds(source, other));
                assert!(apart < 1.0, "{place}: {other} is {apart} off");
            }
        }
    }
}

#[test]
fn a_shape_goes_to_where_one_like_it_is_nearer() {
    let stars = |left: &str| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256">
<rect id="sky" width="256" height="256" fill="#e8f4ff"/>
<path id="left" d="M40 150l12 34h36l-30 20 12 36-30-22-30 22 12-36-30-20h36z" fill="#8e44ad" transform="{left}"/>
<path id="right" d="M200 150l12 34h36l-30 20 12 36-30-22-30 22 12-36-30-20h36z" fill="#8e44ad"/></svg>"##
        ))
    };
    let (template, wanted) = (stars(""), stars("translate(165 -145)"));
    let adopted = run(&template, &picture(&wanted), false).expect("runs");
    let names: Vec<&str> = adopted.moved.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["left"]);
    let apart = largest_change(bounds(&adopted.document, "left"), bounds(&wanted, "left"));
    assert!(apart < 0.5, "{apart}");
}

#[test]
fn what_something_new_half_covers_is_not_moved() {
    let new = r##"<path d="M60 100 96 130 130 104 120 150 60 160Z" fill="#cfc07f"/>"##;
    let adopted = moves(&[("{NEW}", new)], &[]);
    assert!(adopted.moved.is_empty(), "{:?}", adopted.moved);
    let fills = |document: &Document| -> Vec<_> {
        let shapes = document.shapes();
        shapes
            .iter()
            .map(|visit| visit.shape.fill.clone())
            .collect()
    };
    assert_eq!(fills(&adopted.document), fills(&scene(&[])));
}

#[test]
fn a_group_moves_as_a_whole() {
    let adopted = moves(
        &[("{HOUSE}", "translate(45 20)")],
        &["wall", "roof", "door"],
    );
    let names: Vec<_> = adopted
        .moved
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(names, ["house"]);
}

#[test]
fn a_shape_that_turned_is_turned() {
    let adopted = moves(
        &[("{LEAF}", "translate(-12 5) rotate(55 190 205)")],
        &["leaf"],
    );
    assert!(
        (adopted.moved[0].turned - 55.0).abs() < 3.0,
        "{:?}",
        adopted.moved
    );
}

#[test]
fn a_shape_that_grew_is_scaled() {
    let growth = "translate(200 45) scale(1.5) translate(-200 -45)";
    let adopted = moves(&[("{SUN}", growth)], &["sun"]);
    assert!(
        (adopted.moved[0].scaled - 1.5).abs() < 0.04,
        "{:?}",
        adopted.moved
    );
}

#[test]
fn a_shape_that_moved_and_took_another_colour_is_found() {
    let changes = [("{SUN}", "translate(-40 20)"), ("{SUN_COLOR}", "#f26a4b")];
    let adopted = moves(&changes, &["sun"]);
    assert_eq!(adopted.moved.len(), 1);
}

#[test]
fn what_only_took_another_colour_is_not_moved() {
    let changes = [("{SUN_COLOR}", "#f26a4b")];
    let adopted = moves(&changes, &[]);
    assert!(adopted.moved.is_empty(), "{:?}", adopted.moved);
    let (shown, wanted) = (picture(&adopted.document), picture(&scene(&changes)));
    assert!(shown.psnr(&wanted, Color::WHITE).expect("same size") > 40.0);
}

#[test]
fn a_template_that_shows_the_target_stays_as_it_is() {
    let template = scene(&[]);
    let adopted = run(&template, &picture(&template), true).expect("runs");
    assert_eq!(adopted.document, template);
    assert!(adopted.added.is_empty() && adopted.moved.is_empty());
}

const NEW: &str = r##"<ellipse cx="193" cy="38" rx="6" ry="4" fill="#fff8d8"/>
<path d="M20 225q20-10 40 0t40 0 40 0" fill="none" stroke="#3d5fbf" stroke-width="5"/>"##;

#[test]
fn what_is_new_is_added_where_it_belongs_and_named() {
    let template = scene(&[]);
    let target = picture(&scene(&[("{NEW}", NEW)]));
    let adopted = run(&template, &target, true).expect("runs");
    assert_eq!(adopted.added, ["sun / highlight", "meadow / line"]);
    assert!(adopted.moved.is_empty(), "{:?}", adopted.moved);
    let shapes = adopted.document.shapes();
    let labels: Vec<_> = shapes
        .iter()
        .map(|visit| (visit.shape.id.as_str(), visit.shape.label.as_str()))
        .collect();
    assert_eq!(labels[2], ("", "sun / highlight"), "{labels:?}");
    assert!(shapes.iter().any(|visit| visit.shape.stroke.is_some()));
    let shown = picture(&adopted.document);
    let before = picture(&template)
        .mse(&target, Color::WHITE)
        .expect("same size");
    let after = shown.mse(&target, Color::WHITE).expect("same size");
    assert!(after < 0.15 * before, "{after} of {before}");
}

#[test]
fn what_is_new_on_a_ground_without_a_name_is_called_by_what_it_is() {
    let without_names = |mut document: Document| {
        document.edit_shapes(|_, shape, _, _| {
            shape.id.clear();
            shape.label.clear();
        });
        document
    };
    let template = without_names(scene(&[]));
    let target = picture(&scene(&[("{NEW}", NEW)]));
    let adopted = run(&template, &target, true).expect("runs");
    assert_eq!(adopted.added, ["highlight", "line"]);
}

/// A daisy of twelve petals, numbered clockwise from the top.
fn daisy(outline: &str, leaf: &str) -> Document {
    let petal = |number: usize| {
        format!(
            r##"<ellipse id="petal-{number}" cx="128" cy="98" rx="10" ry="35" fill="#fff" transform="rotate({} 128 128)" {outline}/>"##,
            30 * number
        )
    };
    let petals: String = (0..12).map(petal).collect();
    parse(&format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256"><rect id="sky" width="256" height="256" fill="#d3f2fe"/>
<path id="stem" d="M124 170h8v70h-8z" fill="#5d8f2f"/>{petals}<circle id="middle" cx="128" cy="128" r="30" fill="#fdc620"/>{leaf}</svg>"##
    ))
}

#[test]
fn a_shape_is_not_spread_over_what_is_new() {
    let template = daisy("", "");
    let leaf = r##"<path d="M132 223Q131 186 192 178 172 223 132 223Z" fill="#94ce50"/>"##;
    let target = daisy(r##"stroke="#61a5a0""##, leaf);
    let adopted = run(&template, &picture(&target), true).expect("runs");
    let seen = adopted.document.visibility(256, 256).expect("renders");
    let owner = seen.owners()[200 * 256 + 156] as usize;
    let shapes = adopted.document.shapes();
    let leaf = shapes[owner - 1].shape;
    assert_eq!(
        (leaf.id.as_str(), leaf.label.as_str()),
        ("", "sky / detail")
    );
    for number in 0..12 {
        let id = format!("petal-{number}");
        let apart = largest_change(bounds(&adopted.document, &id), bounds(&template, &id));
        // Petal 5 is half hidden, and free to be longer there.
        assert!(
            apart < if number == 5 { 18.0 } else { 2.0 },
            "{id} is {apart} off: {:?}",
            adopted.moved
        );
    }
}

#[test]
fn what_a_region_shows_beside_a_shape_does_not_shade_it() {
    let ground = |disc: &str| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256"><defs><linearGradient id="g" x2="0" y2="1">
<stop stop-color="#10306a"/><stop offset="1" stop-color="#f6a05a"/></linearGradient></defs>
<rect id="sky" width="256" height="256" fill="url(#g)"/>{disc}</svg>"##
        ))
    };
    let template = ground(r##"<circle id="disc" cx="128" cy="128" r="40" fill="#7d6a5f"/>"##);
    let adopted = run(&template, &picture(&ground("")), false).expect("runs");
    let shapes = adopted.document.shapes();
    let disc = shapes.iter().find(|visit| visit.shape.id == "disc");
    let fill = disc.and_then(|visit| visit.shape.fill.as_ref());
    assert!(matches!(fill.expect("is filled").paint, Paint::Solid(_)));
}

#[test]
fn a_text_keeps_its_colour_unless_it_can_be_read_in_the_new_one() {
    let sign = |color: &str, place: &str| {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256">
<rect id="paper" width="256" height="256" fill="#e8f4ff"/>
<g id="word" data-origin="text" fill="{color}" transform="{place}"><path d="M40 60h14v60h-14z"/>
<path d="M70 60h14v60h-14z"/><path d="M100 60h40v14h-26v46h-14z"/></g></svg>"##
        ))
    };
    let template = sign("#14202e", "");
    let nowhere = "translate(0 900)";
    let cases = [
        (sign("#14202e", nowhere), Color::from_rgb8(20, 32, 46)),
        (sign("#c0392b", ""), Color::from_rgb8(192, 57, 43)),
    ];
    for (wanted, color) in cases {
        for may_add in [false, true] {
            let adopted = run(&template, &picture(&wanted), may_add).expect("runs");
            let shapes = adopted.document.shapes();
            let letters = shapes.iter().filter(|visit| !visit.groups.is_empty());
            let fills: Vec<_> = letters
                .map(|visit| visit.shape.fill.clone().expect("is filled").paint)
                .collect();
            assert_eq!(fills, vec![Paint::Solid(color); 3], "may add: {may_add}");
        }
    }
}

#[test]
fn nothing_is_added_when_nothing_may_be() {
    let target = picture(&scene(&[("{NEW}", NEW)]));
    let adopted = run(&scene(&[]), &target, false).expect("runs");
    assert_eq!(adopted.document.counts().shapes, IDS.len());
}

#[test]
fn a_run_stops_wherever_it_is_told_to() {
    let template = scene(&[]);
    let changes = [
        ("{SUN}", "translate(-55 25)"),
        (
            "{NEW}",
            r##"<circle cx="60" cy="220" r="15" fill="#7a1fa2"/>"##,
        ),
    ];
    let target = picture(&scene(&changes));
    let level = DetailConfig::default().levels.high;
    let until = |last: u32| {
        let looks = Looks::default();
        let answer = adopt(
            &template,
            &target,
            &level.adopt,
            GradientThreshold::default(),
            true,
            &looks.stop_after(last),
        );
        (answer, looks.count())
    };
    let (answer, all) = until(u32::MAX);
    answer.expect("nobody says stop");
    assert!(all > 150, "{all}");
    for last in (0..all).step_by(all as usize / 16) {
        let (answer, looks) = until(last);
        assert!(
            matches!(answer, Err(AdoptError::Stopped)),
            "{last}: {answer:?}"
        );
        // Threads of the search for regions may each ask once more.
        assert!(looks < last + 64, "{looks} looks, {last} allowed");
    }
}

#[test]
fn at_the_deadline_what_is_done_comes_back() {
    let template = scene(&[]);
    let new = r##"<circle cx="60" cy="220" r="15" fill="#7a1fa2"/>"##;
    let target = picture(&scene(&[("{SUN}", "translate(-55 25)"), ("{NEW}", new)]));
    let level = DetailConfig::default().levels.high;
    let shapes = |document: &Document| document.counts().shapes;
    for milliseconds in [0, 5, 20, 60, 150, 60_000] {
        let stop = Stop::at(Instant::now() + Duration::from_millis(milliseconds));
        let threshold = GradientThreshold::default();
        let adopted = adopt(&template, &target, &level.adopt, threshold, true, &stop)
            .expect("a deadline is no error");
        if adopted.is_cut_short {
            assert_eq!(shapes(&adopted.document), shapes(&template));
        } else {
            assert!(shapes(&adopted.document) > shapes(&template));
        }
        let is_first = milliseconds == 0;
        assert!(!is_first || (adopted.is_cut_short && adopted.document == template));
        assert!(milliseconds < 60_000 || !adopted.is_cut_short);
    }
}

/// Pictures that are nobody's scene.
fn odd_targets() -> Vec<(&'static str, Raster)> {
    let of = |width: u32, height: u32, color: &dyn Fn(u32, u32) -> [u8; 4]| {
        let pixels = (0..width * height)
            .map(|i| color(i % width, i / width))
            .collect();
        Raster::new(width, height, pixels).expect("size fits")
    };
    let noise = |x: u32, y: u32| {
        let mut state = (x * 7919 + y * 104_729 + 1).wrapping_mul(2_654_435_761);
        state ^= state >> 13;
        state = state.wrapping_mul(1_274_126_177);
        [state as u8, (state >> 8) as u8, (state >> 16) as u8, 255]
    };
    vec![
        ("one pixel", of(1, 1, &|_, _| [9, 9, 9, 255])),
        ("one column", of(1, 90, &|_, y| [y as u8, 9, 9, 255])),
        ("one colour", of(64, 64, &|_, _| [200, 10, 60, 255])),
        ("nothing", of(64, 64, &|_, _| [0; 4])),
        (
            "holes",
            of(80, 50, &|x, y| {
                [
                    x as u8,
                    90,
                    y as u8,
                    if (x / 9 + y / 7) % 2 == 0 { 255 } else { 0 },
                ]
            }),
        ),
        ("noise", of(96, 64, &noise)),
        ("wide", of(300, 20, &|x, _| [(x % 256) as u8, 120, 30, 255])),
    ]
}

#[test]
fn odd_targets_and_templates_give_a_sensible_result() {
    let svg = |body: &str| {
        parse(&format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40">{body}</svg>"#
        ))
    };
    let many: String = (0..1200)
        .map(|i| {
            format!(
                r##"<rect x="{}" y="{}" width="2" height="2" fill="#{:03x}"/>"##,
                i % 60,
                i / 30,
                i
            )
        })
        .collect();
    let templates = [
        ("scene", scene(&[])),
        ("empty", svg("")),
        (
            "text",
            svg(r#"<text x="4" y="20" font-size="12">Hi</text>"#),
        ),
        (
            "far off",
            svg(r#"<rect x="900" y="900" width="5" height="5"/>"#),
        ),
        ("flat", svg(r#"<path d="M5 5H50" fill="red"/>"#)),
        ("many", svg(&many)),
    ];
    for (target_name, target) in odd_targets() {
        for (name, template) in &templates {
            let adopted = run(template, &target, true)
                .unwrap_or_else(|error| panic!("{name} to {target_name}: {error}"));
            let shapes = adopted.document.counts().shapes;
            assert!(
                shapes >= template.counts().shapes,
                "{name} to {target_name}"
            );
            assert!(shapes <= template.counts().shapes + 64);
            adopted.document.render(60, 40, None).expect("renders");
        }
    }
}

#[test]
fn a_template_without_shapes_stays_empty() {
    let empty = parse(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40"/>"#);
    let adopted = run(&empty, &picture(&scene(&[])), true).expect("runs");
    assert_eq!(adopted.document, empty);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The error never grows, and nothing of the template is lost.
    #[test]
    fn stage_two_never_makes_it_worse(
        x in -50.0..50.0, y in -30.0..30.0, turn in -40.0..40.0, scale in 0.7..1.4
    ) {
        let mut wanted = scene(&[]);
        wanted.edit_shapes(|index, shape, _, _| {
            if index == 1 || index == 8 {
                let center = shape.path.bounding_box().center().to_vec2();
                shape.apply_affine(
                    Affine::translate(center + kurbo::Vec2::new(x, y))
                        * Affine::rotate(f64::to_radians(turn))
                        * Affine::scale(scale)
                        * Affine::translate(-center),
                );
            }
        });
        let (template, target) = (scene(&[]), picture(&wanted));
        let adopted = run(&template, &target, true).expect("runs");
        let error = |document: &Document| {
            picture(document).mse(&target, Color::WHITE).expect("same size")
        };
        prop_assert!(error(&adopted.document) <= error(&template) + 1e-6);
        for id in IDS {
            prop_assert!(adopted.document.find_id(id).is_some());
        }
    }
}
