//! Styles mean what they mean in browsers. The colours at the points were looked up in Chromium's
//! pictures of the same drawings.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use chat2svg_vector::{Color, Document, ParseLimits, Parsed, Raster, WarningKind};
use proptest::prelude::*;

const WIDTH: u32 = 200;
const HEIGHT: u32 = 160;

fn parsed(svg: &str) -> Parsed {
    Document::parse(svg.as_bytes(), &ParseLimits::default()).expect(svg)
}

fn rendered(document: &Document) -> Raster {
    let white = Some(Color::WHITE);
    document.render(WIDTH, HEIGHT, white).expect("can be drawn")
}

fn wrap(content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\">{content}</svg>"
    )
}

/// Looks at points of a picture; returns the warnings that say that it changed.
fn look(svg: &str, points: &[(u32, u32, [u8; 3])]) -> Vec<(WarningKind, String)> {
    let parsed = parsed(svg);
    let picture = rendered(&parsed.document);
    for (x, y, expected) in points {
        let pixel = picture.pixel(*x, *y).expect("is on the picture");
        let off = pixel
            .iter()
            .zip(expected)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(
            off <= Some(2),
            "{pixel:?} at {x}, {y}, not {expected:?}: {svg}"
        );
    }
    let changes = parsed
        .warnings
        .into_iter()
        .filter(|w| w.kind.changes_picture());
    changes
        .map(|warning| (warning.kind, warning.subject))
        .collect()
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const LIME: [u8; 3] = [0, 255, 0];
const WHITE: [u8; 3] = [255, 255, 255];
const GREY: [u8; 3] = [204, 204, 204];

/// Which of five squares beside one another a rule paints red.
fn painted(rule: &str, before: &str) -> Vec<usize> {
    let squares: String = (0..5)
        .map(|n| {
            let x = 10 + n * 36;
            format!("<rect class='c{n}' x='{x}' y='20' width='30' height='30' fill='#ccc'/>")
        })
        .collect();
    let svg = wrap(&format!(
        "<style>{rule}</style><g class='g'>{before}{squares}</g>"
    ));
    let picture = rendered(&parsed(&svg).document);
    let is_red = |n: &usize| picture.pixel(25 + *n as u32 * 36, 35) == Some([255, 0, 0, 255]);
    (0..5).filter(is_red).collect()
}

#[test]
fn selectors_choose_what_browsers_choose() {
    for (selector, expected) in [
        (".g rect:nth-child(odd)", vec![0, 2, 4]),
        (".g rect:nth-child(-n+2)", vec![0, 1]),
        (".g rect:nth-last-child(2)", vec![3]),
        ("rect:first-child", vec![0]),
        ("rect:last-child", vec![4]),
        ("rect:not(.c1, .c2)", vec![0, 3, 4]),
        (":is(.g, .x) :is(.c1, .c3)", vec![1, 3]),
        (".c1 ~ rect", vec![2, 3, 4]),
        (".c1 + rect", vec![2]),
        (".c1+*~rect", vec![3, 4]),
        ("[class=c2],[class^=\"c3\"],[class$='4']", vec![2, 3, 4]),
        ("[class=\"a,b\"],.c2", vec![2]),
        (":root > g > .c1", vec![1]),
        ("RECT,.C1", vec![]),
        (".c1,.c2:foo", vec![]),
        (".c1:is(.c1,:foo)", vec![1]),
        ("rect:hover", vec![]),
        ("rect:not(:hover)", vec![0, 1, 2, 3, 4]),
        ("rect:only-of-type", vec![]),
        ("g:empty + rect", vec![]),
        ("svg|rect.c3", vec![3]),
    ] {
        let found = painted(&format!("{selector}{{fill:red}}"), "");
        assert_eq!(found, expected, "{selector}");
    }
}

#[test]
fn what_did_not_pass_counts_as_a_sibling() {
    for before in ["<title>x</title>", "<script/>", "<image/>"] {
        assert_eq!(
            painted("rect:nth-child(2){fill:red}", before),
            [0],
            "{before}"
        );
        assert_eq!(
            painted("rect:first-child{fill:red}", before),
            [0usize; 0],
            "{before}"
        );
    }
    assert_eq!(painted("rect+rect{fill:red}", ""), [1, 2, 3, 4]);
    assert_eq!(
        painted("image+rect,rect:nth-last-child(5){fill:red}", "<image/>"),
        [0]
    );
}

#[test]
fn rules_nest_and_conditions_are_decided() {
    for (rule, expected) in [
        (
            ".g{& .c1{fill:red} .c2{fill:red} > .c3{fill:red}}",
            vec![1, 2, 3],
        ),
        (".c1{.g &{fill:red}}", vec![1]),
        ("rect{&.c1,&.c2{fill:red}&:hover{fill:blue}}", vec![1, 2]),
        (
            ".c1{@media screen{fill:red}@media print{fill:blue}}",
            vec![1],
        ),
        (
            "@media (min-width:100px){.c0{fill:red}}@media (max-width:100px){.c1{fill:red}}",
            vec![0],
        ),
        (
            "@media (prefers-color-scheme:dark){.c0{fill:red}}@media not print{.c1{fill:red}}",
            vec![1],
        ),
        (
            "@supports (fill:oklch(50% .1 20)){.c0{fill:red}}@supports not (fill:red){.c1{fill:red}}",
            vec![0],
        ),
        (
            "@layer a,b;@layer b{.c0{fill:red}}@layer a{.g .c0{fill:blue}}",
            vec![0],
        ),
        (
            "@layer a,b;@layer b{.c0{fill:blue!important}}@layer a{.c0{fill:red!important}}",
            vec![0],
        ),
        ("@layer a{rect.c0{fill:blue}}.c0{fill:red}", vec![0]),
        (".c0{fill:red!important}.g .c0{fill:blue}", vec![0]),
        (":where(.g #x, .g) .c0{fill:blue}rect.c0{fill:red}", vec![0]),
        (".c0{fill:red;fill:bogus;fill:oklch(nope)}", vec![0]),
    ] {
        assert_eq!(painted(rule, ""), expected, "{rule}");
    }
    let sheets = "<style media='print'>rect{fill:blue}</style><style media='screen'>\
                  rect{fill:red}</style><rect width='50' height='50'/>";
    assert_eq!(look(&wrap(sheets), &[(25, 25, RED)]), []);
}

#[test]
fn variables_are_inherited_and_fall_back() {
    let svg = wrap(
        "<style>:root{--a:#f00;--b:var(--a)}.c1{fill:var(--b)}.c2{fill:var(--x,var(--b))}\
         .c3{--a:#00f;fill:var(--a)}.c4{fill:var(--x)}</style>\
         <g fill='#0f0'><rect class='c1' width='20' height='20'/>\
         <rect class='c2' x='30' width='20' height='20'/>\
         <rect class='c3' x='60' width='20' height='20'/>\
         <rect class='c4' x='90' width='20' height='20'/>\
         <rect x='120' width='20' height='20' fill='var(--none, #00f)'/></g>",
    );
    let points = [
        (10, 10, RED),
        (40, 10, RED),
        (70, 10, BLUE),
        (100, 10, LIME),
        (130, 10, BLUE),
    ];
    let told = look(&svg, &points);
    assert_eq!(
        told,
        [(WarningKind::Unreadable, "fill: var(--x)".to_owned())]
    );
    let attribute =
        "<style>:root{--r:30px}</style><circle cx='60' cy='60' r='var(--r)' fill='red'/>";
    assert_eq!(
        look(&wrap(attribute), &[(85, 60, RED), (95, 60, WHITE)]),
        []
    );
    // What is used takes its variables from where it is used.
    let symbol =
        "<symbol id='s'><rect width='50' height='50' style='fill:var(--c,#ccc)'/></symbol>";
    let one = format!("{symbol}<use href='#s' style='--c:red'/>");
    assert_eq!(look(&wrap(&one), &[(25, 25, RED)]), []);
    let two = format!("{one}<use href='#s' x='60' style='--c:blue'/><use href='#s' x='120'/>");
    let points = [(25, 25, RED), (85, 25, BLUE), (145, 25, GREY)];
    assert_eq!(look(&wrap(&two), &points), []);
    // Also where what is used uses something, and selectors count.
    let nested = "<style>symbol:nth-of-type(1) rect:first-child{fill:var(--c,#ccc)}#s rect{stroke:none}</style>\
                  <defs><symbol id='s'><rect width='50' height='50'/></symbol>\
                  <g id='t'><use href='#s'/></g></defs>\
                  <use href='#t' style='--c:red'/><use href='#t' x='60' style='--c:blue'/>\
                  <use href='#s' x='120' style='--c:lime'/>";
    let points = [(25, 25, RED), (85, 25, BLUE), (145, 25, LIME)];
    assert_eq!(look(&wrap(nested), &points), []);
    let many = "<use href='#s' style='--c:red'/><use href='#s' style='--c:blue'/>".repeat(20);
    let large = format!(
        "<symbol id='s'>{}</symbol>{many}",
        "<rect width='5' height='5' style='fill:var(--c)'/>".repeat(600)
    );
    let told = look(&wrap(&large), &[]);
    let expected = "variables in <symbol id=\"s\">".to_owned();
    assert_eq!(told, [(WarningKind::Presentation, expected)]);
}

#[test]
fn transforms_of_css_place_as_in_browsers() {
    for (content, points) in [
        (
            "<g style='transform: translate(60px, 50px)'><rect width='80' height='40' fill='red'/></g>",
            [(65, 55, RED), (135, 85, RED), (55, 55, WHITE)],
        ),
        (
            "<style>.r{transform:rotate(90deg);transform-origin:100px 80px}</style>\
             <rect class='r' x='60' y='70' width='80' height='20' fill='red'/>",
            [(100, 45, RED), (100, 115, RED), (65, 80, WHITE)],
        ),
        (
            "<rect style='transform:translate(50%,25%)' width='20' height='20' fill='red'/>",
            [(110, 50, RED), (101, 41, RED), (10, 10, WHITE)],
        ),
        (
            "<g style='transform-box:fill-box;transform-origin:center;transform:rotate(90deg)'>\
             <rect x='60' y='70' width='60' height='20' fill='red'/>\
             <rect x='120' y='70' width='20' height='20' fill='blue'/></g>",
            [(100, 45, RED), (100, 115, BLUE), (65, 80, WHITE)],
        ),
        (
            "<rect style='scale:2 50%;translate:20px 10px;rotate:90deg' width='40' height='20' fill='red'/>",
            [(15, 12, RED), (15, 85, RED), (3, 30, WHITE)],
        ),
        // Without units it is none, as in browsers.
        (
            "<rect style='transform:translate(50,50)' width='20' height='20' fill='red'/>",
            [(10, 10, RED), (60, 60, WHITE), (30, 30, WHITE)],
        ),
        (
            "<rect transform='rotate(90)' transform-origin='100 80' x='60' y='70' width='80' \
             height='20' fill='red'/>",
            [(100, 45, RED), (100, 115, RED), (65, 80, WHITE)],
        ),
        (
            "<rect style='transform-box:stroke-box;transform:scale(.5)' x='40' y='40' width='20' \
             height='20' stroke='blue' stroke-width='10' fill='red'/>",
            [(42, 42, RED), (37, 37, BLUE), (52, 52, WHITE)],
        ),
    ] {
        look(&wrap(content), &points);
    }
    // The root turns around its middle.
    let root = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160' viewBox='-10 -8 100 80' \
                style='transform:scale(.5)'><rect x='-10' y='-8' width='100' height='80' fill='red'/></svg>";
    look(
        root,
        &[
            (55, 45, RED),
            (145, 115, RED),
            (45, 80, WHITE),
            (155, 80, WHITE),
        ],
    );
    let told = look(
        &wrap("<rect style='transform:rotate3d(1,1,0,60deg)' width='9' height='9'/>"),
        &[],
    );
    assert!(
        matches!(told.as_slice(), [(WarningKind::Presentation, _)]),
        "{told:?}"
    );
}

#[test]
fn a_style_sheet_outside_is_told() {
    let svg = format!("<?xml-stylesheet href='x.css'?>{}", wrap(""));
    let expected = (WarningKind::ExternalReference, "xml-stylesheet".to_owned());
    assert_eq!(look(&svg, &[]), [expected]);
}

#[test]
fn styles_hold_inside_embedded_drawings() {
    let inner = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 80'><style>rect{transform:\
                 translate(50px,0);fill:hwb(0 0% 0%)}</style><rect width='50' height='80'/></svg>";
    let data: String = inner.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let image = format!("<image width='200' height='160' href='data:image/svg+xml,{data}'/>");
    look(&wrap(&image), &[(150, 80, RED), (50, 80, WHITE)]);
}

#[test]
fn geometry_may_stand_in_styles() {
    let svg = wrap(
        "<style>.c{cx:60px;cy:60px;r:35px;fill:red}\
         .r{x:120px;y:calc(20px + 12.5%);width:40px;height:60px;fill:blue}\
         .p{d:path(\"M20 120h100v20H20z\");fill:lime}line{x1:50px}</style>\
         <circle class='c'/><rect class='r'/><path class='p'/>\
         <line x1='180' y1='0' x2='180' y2='160' stroke='#ccc' stroke-width='calc(5px * 2)'/>",
    );
    let points = [
        (60, 60, RED),
        (94, 60, RED),
        (140, 70, BLUE),
        (100, 130, LIME),
        (176, 80, GREY),
        (184, 80, GREY),
    ];
    look(&svg, &points);
}

#[test]
fn strokes_keep_their_width_on_the_screen() {
    for content in [
        "<g transform='scale(4)'><path d='M25 0V40' stroke='red' stroke-width='10' \
         vector-effect='non-scaling-stroke'/></g>",
        "<style>path{vector-effect:non-scaling-stroke}</style><g stroke='red' stroke-width='10' \
         transform='scale(2) rotate(90 50 50)'><path d='M0 50H100'/></g>",
        "<defs><path id='p' d='M10 0V40' stroke='red' stroke-width='10' \
         vector-effect='non-scaling-stroke'/></defs><use href='#p' style='transform:scale(10)'/>",
    ] {
        let told = look(
            &wrap(content),
            &[
                (96, 80, RED),
                (103, 80, RED),
                (92, 80, WHITE),
                (107, 80, WHITE),
            ],
        );
        assert_eq!(told, [], "{content}");
    }
    let small = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160' viewBox='0 0 50 40'>\
                 <path d='M25 0V40' stroke='red' stroke-width='10' vector-effect='non-scaling-stroke'/></svg>";
    look(
        small,
        &[
            (96, 80, RED),
            (103, 80, RED),
            (92, 80, WHITE),
            (107, 80, WHITE),
        ],
    );
    let uneven = "<g transform='scale(4 2)'><path d='M25 0V40' stroke='red' \
                  vector-effect='non-scaling-stroke'/></g>";
    let told = look(&wrap(uneven), &[]);
    assert!(
        matches!(told.as_slice(), [(WarningKind::Presentation, _)]),
        "{told:?}"
    );
}

#[test]
fn fonts_are_sixteen_pixels_unless_said() {
    for (content, height) in [
        ("<rect height='1em' width='9' fill='red'/>", 16),
        (
            "<g font-size='large'><rect height='2em' width='9' fill='red'/></g>",
            36,
        ),
        (
            "<g style='font:20px/2 serif'><rect height='2em' width='9' fill='red'/></g>",
            40,
        ),
        (
            "<g style='font-size:150%'><g font-size='2em'><rect height='1em' width='9' fill='red'/></g></g>",
            48,
        ),
        (
            "<g font-size='40'><rect height='2rem' width='9' fill='red'/></g>",
            32,
        ),
        // In a sheet a size needs its unit.
        (
            "<style>g{font-size:40}</style><g><rect height='1em' width='9' fill='red'/></g>",
            16,
        ),
        (
            "<g style='font-size:40'><rect height='1em' width='9' fill='red'/></g>",
            40,
        ),
    ] {
        look(
            &wrap(content),
            &[(5, height - 1, RED), (5, height + 1, WHITE)],
        );
    }
    let said = |size: &str| parsed(&wrap(&format!("<text y='50' {size}>Ax</text>"))).document;
    assert_eq!(said(""), said("font-size='16'"));
    assert_eq!(said("font-size='larger'"), said("font-size='19.2'"));
}

#[test]
fn words_for_all_properties_mean_what_they_mean() {
    let svg = wrap(
        "<g fill='#f00'><rect width='20' height='20' fill='lime' style='fill:inherit'/>\
         <rect x='30' width='20' height='20' style='fill:initial'/>\
         <rect x='60' width='20' height='20' fill='lime' style='fill:unset'/>\
         <rect x='90' width='20' height='20' opacity='.5' style='opacity:unset'/>\
         <rect x='120' width='20' height='20' fill='lime' style='fill:revert'/></g>",
    );
    let black = [0, 0, 0];
    look(
        &svg,
        &[
            (10, 10, RED),
            (40, 10, black),
            (70, 10, RED),
            (100, 10, RED),
            (130, 10, RED),
        ],
    );
}

#[test]
fn gradients_of_the_newer_colours_are_mixed_as_the_eye_does() {
    let svg = wrap(
        "<linearGradient id='g'><stop stop-color='oklch(62.8% 0.2577 29.23)'/>\
         <stop offset='1' stop-color='#0000ff'/></linearGradient>\
         <rect width='200' height='160' fill='url(#g)'/>",
    );
    let told = look(
        &svg,
        &[
            (50, 80, [197, 74, 111]),
            (100, 80, [139, 83, 163]),
            (150, 80, [80, 71, 211]),
        ],
    );
    assert_eq!(told, []);
    let plain = svg.replace("oklch(62.8% 0.2577 29.23)", "hwb(0 0% 0%)");
    look(&plain, &[(50, 80, [190, 0, 65]), (100, 80, [126, 0, 128])]);
}

#[test]
fn the_root_has_a_background() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160' viewBox='0 0 50 160' \
               fill-opacity='.3' style='background:#ccc'><rect width='50' height='40' style='background:red'/></svg>";
    look(
        svg,
        &[
            (5, 5, GREY),
            (195, 155, GREY),
            (100, 100, GREY),
            (100, 20, [143, 143, 143]),
        ],
    );
    let told = look(
        &wrap("").replace("<svg ", "<svg style='background:url(#x)' "),
        &[],
    );
    assert!(
        matches!(told.as_slice(), [(WarningKind::Presentation, _)]),
        "{told:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A transform of CSS is the attribute with units.
    #[test]
    fn transforms_are_the_same_in_both_ways(
        functions in prop::collection::vec((0..5usize, -90.0..90.0f64, -3.0..3.0f64), 1..5),
        origin in (-50..150i32, -50..150i32),
    ) {
        let write = |css: bool| {
            let (px, deg, comma) = if css { ("px", "deg", ",") } else { ("", "", " ") };
            let parts = functions.iter().map(|(kind, a, b)| match kind {
                0 => format!("translate({a}{px}{comma}{b}{px})"),
                1 => format!("rotate({a}{deg})"),
                2 => format!("scale({b}{comma}{b})"),
                3 => format!("skewX({}{deg})", a / 2.0),
                _ => format!("matrix(1{comma}{b}{comma}0{comma}1{comma}{a}{comma}{b})"),
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        let (x, y) = origin;
        let rect = "x='5' y='7' width='20' height='30'";
        let css = wrap(&format!(
            "<rect {rect} style='transform:{};transform-origin:{x}px {y}px'/>", write(true)
        ));
        let attribute = wrap(&format!(
            "<rect {rect} transform='translate({x} {y}) {} translate({} {})'/>", write(false), -x, -y
        ));
        let bounds = |svg: &str| parsed(svg).document.paint_bounds();
        let (css, attribute) = (bounds(&css), bounds(&attribute));
        match (css, attribute) {
            (Some(a), Some(b)) => {
                let off = [a.x0 - b.x0, a.y0 - b.y0, a.x1 - b.x1, a.y1 - b.y1];
                let size = 1.0 + b.x0.abs().max(b.x1.abs()).max(b.y0.abs()).max(b.y1.abs());
                let most = off.iter().fold(0.0f64, |most, off| most.max(off.abs()));
                prop_assert!(most <= 1e-3 * size, "{a:?}, {b:?}");
            }
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    /// `:nth-child` chooses what counting chooses.
    #[test]
    fn counting_agrees_with_the_formula(step in -4..5i32, offset in -6..7i32) {
        let found = painted(&format!("rect:nth-child({step}n{offset:+}){{fill:red}}"), "");
        let counted: Vec<usize> = (0..5usize)
            .filter(|n| (0..20).any(|k| step * k + offset == *n as i32 + 1))
            .collect();
        prop_assert_eq!(found, counted);
    }

    /// Whatever stands in a style, reading ends without a panic, and text that stays is accepted
    /// again. What is broken may lose more then, for its neighbours are gone; then it rests.
    #[test]
    fn anything_may_stand_in_a_style(parts in prop::collection::vec(0..PARTS.len(), 0..40)) {
        let style: String = parts.iter().filter_map(|part| PARTS.get(*part)).copied().collect();
        let svg = wrap(&format!(
            "<style><![CDATA[{style}]]></style><g class='a' id='b'><rect width='9' height='9'/></g>"
        ));
        let limits = ParseLimits::default();
        let _ = Document::parse(svg.as_bytes(), &limits);
        if let Ok(clean) = chat2svg_vector::sanitise::sanitise(svg.as_bytes(), &limits) {
            let sanitise = |svg: &str| chat2svg_vector::sanitise::sanitise(svg.as_bytes(), &limits);
            let again = sanitise(&clean.svg).expect("is accepted again");
            prop_assert_eq!(&sanitise(&again.svg).expect("is accepted").svg, &again.svg);
        }
    }
}

/// What style sheets are made of.
const PARTS: &[&str] = &[
    ".a",
    "#b",
    "rect",
    "&",
    ":is(",
    ":not(",
    ":nth-child(2n+1)",
    ":hover",
    "::before",
    "[x='1']",
    ")",
    "{",
    "}",
    "{",
    "}",
    ";",
    ",",
    " ",
    ">",
    "~",
    "+",
    "fill:red",
    "fill:var(--a",
    "--a:var(--a)",
    "--b:1px",
    "fill:oklch(50% .1 20)",
    "transform:rotate(9deg)",
    "x:calc(1px + ",
    "d:path('M0 0h9')",
    "@media screen",
    "@media (width>9px)",
    "@supports (fill:red)",
    "@layer a",
    "@layer a,b;",
    "@layer",
    "@import 'x';",
    "!important",
    "/*",
    "*/",
    "\\31 ",
    "'",
    "\"",
    "url(#a)",
    "url(x)",
    "<!--",
    "-->",
    "é",
    "\u{202e}",
    "*",
    "|",
    "fill:inherit;",
    "font:20px serif;",
    "stroke-dasharray:1 2%;",
    "transform-box:fill-box;",
    "0",
];
