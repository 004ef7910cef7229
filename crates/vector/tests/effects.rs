//! Masks, filters, patterns, pictures and their like look as in a browser, or the warnings say that
//! they do not.
//!
//! `tests/browser` holds drawings of 200 × 160 pixels, and in `points.tsv` what Chromium shows of
//! each: the colours of points around which the picture is even, at random places.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use chat2svg_vector::{
    Color, Document, Meaning, Origin, ParseLimits, Parsed, Raster, WarningKind, WriteOptions,
};
use proptest::prelude::*;

/// Most that a component may differ where something soft is drawn in steps, and elsewhere.
const SOFT: u8 = 10;
const SHARP: u8 = 4;

fn parse(svg: &str) -> Parsed {
    Document::parse(svg.as_bytes(), &ParseLimits::default())
        .unwrap_or_else(|error| panic!("{error}\n{svg}"))
}

fn wrap(content: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">{content}</svg>")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// For each drawing the points and their colours.
fn points() -> BTreeMap<String, Vec<[u32; 5]>> {
    let text = std::fs::read_to_string(folder().join("points.tsv")).expect("is there");
    let mut out: BTreeMap<String, Vec<[u32; 5]>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let name = fields.next().expect("has a name").to_owned();
        let numbers: Vec<u32> = fields
            .map(|field| field.parse().expect("is a number"))
            .collect();
        out.entry(name)
            .or_default()
            .push(numbers.try_into().expect("are five"));
    }
    out
}

#[test]
fn effects_look_as_in_a_browser() {
    let mut wrong = Vec::new();
    let all = points();
    assert!(all.len() > 50);
    for (name, points) in all {
        let svg = std::fs::read_to_string(folder().join(format!("{name}.svg"))).expect("is there");
        let Parsed { document, warnings } = parse(&svg);
        let is_soft = warnings
            .iter()
            .any(|warning| warning.kind == WarningKind::Approximated);
        let most = if is_soft { SOFT } else { SHARP };
        // What is written shows the same.
        let again = parse(&document.to_svg(&WriteOptions::default())).document;
        for (which, document) in [("read", &document), ("written", &again)] {
            let picture = document
                .render(200, 160, Some(Color::WHITE))
                .expect("renders");
            for [x, y, red, green, blue] in &points {
                let found = picture.pixel(*x, *y).expect("is inside");
                let expected = [*red, *green, *blue].map(|value| value as u8);
                let differs = expected
                    .iter()
                    .zip(found)
                    .any(|(a, b)| a.abs_diff(b) > most);
                if differs {
                    wrong.push(format!(
                        "{name}, {which}: {expected:?} at {x} {y}, found {found:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_shapes_cannot_show_is_said_with_its_place() {
    for (content, kind, subject) in [
        (
            "<filter id='f'><feTurbulence/></filter><circle id='sun' r='9' filter='url(#f)'/>",
            WarningKind::Filter,
            "feTurbulence of “sun”",
        ),
        (
            "<filter id='f'><feMorphology operator='erode' radius='2'/></filter>\
             <g id='tree' filter='url(#f)'><circle r='9'/></g>",
            WarningKind::Filter,
            "feMorphology of “tree”",
        ),
        (
            "<linearGradient id='g'><stop stop-color='red'/><stop offset='1'/></linearGradient>\
             <radialGradient id='h'><stop stop-color='#fff'/><stop offset='1'/></radialGradient>\
             <mask id='m'><rect width='99' height='99' fill='url(#h)'/></mask>\
             <rect id='sky' width='90' height='90' fill='url(#g)' mask='url(#m)'/>",
            WarningKind::Mask,
            "mask of “sky”",
        ),
        (
            "<linearGradient id='g'><stop stop-color='#fff'/><stop offset='1'/></linearGradient>\
             <mask id='m'><rect width='99' height='99' fill='url(#g)'/></mask>\
             <g id='pair' mask='url(#m)'><circle cx='40' cy='40' r='20'/><circle cx='50' cy='40' r='20'/></g>",
            WarningKind::Approximated,
            "mask of “pair”",
        ),
        (
            // Mixed in linear light.
            "<filter id='f'><feFlood flood-color='red' flood-opacity='.5'/><feComposite in2='SourceGraphic' operator='in' result='t'/>\
             <feMerge><feMergeNode in='SourceGraphic'/><feMergeNode in='t'/></feMerge></filter>\
             <circle id='sun' r='9' filter='url(#f)'/>",
            WarningKind::Approximated,
            "filter of “sun”",
        ),
        (
            "<pattern id='p' width='.1' height='.1' patternUnits='userSpaceOnUse'><path d='M0 0h.05v.1z'/></pattern>\
             <rect width='90' height='90' fill='url(#p)'/>",
            WarningKind::Pattern,
            "pattern",
        ),
        (
            "<image width='9' height='9' href='data:image/bmp;base64,Qk0='/>",
            WarningKind::Image,
            "image/bmp",
        ),
        (
            "<image width='9' height='9' href='data:image/svg+xml,%3Cnot'/>",
            WarningKind::Image,
            "svg that cannot be read",
        ),
        (
            "<text y='50'>abc</text>",
            WarningKind::Font,
            "the browser's own font",
        ),
        (
            "<text y='50' font-family='monospace'>abc</text>",
            WarningKind::Font,
            "monospace",
        ),
    ] {
        let Parsed { warnings, .. } = parse(&wrap(content));
        let told = warnings
            .iter()
            .find(|w| w.kind == kind && w.subject == subject);
        assert!(told.is_some(), "{content}: {warnings:?}");
        assert!(kind.changes_picture());
    }
}

/// A picture in one colour or in many, as an address.
fn picture(is_even: bool) -> String {
    let pixels = (0..64_u8).map(|n| [if is_even { 9 } else { 4 * n }, 70, 90, 255]);
    let raster = Raster::new(8, 8, pixels.collect()).expect("has a size");
    let data = raster.encode_png().expect("can be written");
    let bytes = data.iter().map(|byte| format!("%{byte:02x}"));
    format!("data:image/png,{}", bytes.collect::<String>())
}

#[test]
fn what_stands_for_something_unread_says_so() {
    let (photo, plain) = (picture(false), picture(true));
    let image = |href: &str| format!("<image width='40' height='40' href='{href}'/>");
    let cases = [
        (image(&photo), 1),
        (image(&plain), 0),
        (
            "<filter id='f'><feTurbulence/></filter><g filter='url(#f)'><circle r='9'/><text y='30'>a</text></g>"
                .to_owned(),
            1,
        ),
        (
            "<filter id='f'><feTurbulence/></filter>\
             <g id='tree' filter='url(#f)'><circle r='9'/><rect width='9' height='9'/></g><path d='M9 9h9v9z'/>"
                .to_owned(),
            2,
        ),
        (
            format!(
                "<mask id='m'>{}</mask><rect id='s' width='40' height='40' fill='red' mask='url(#m)'/>\
                 <rect width='9' height='9'/>",
                image(&photo)
            ),
            1,
        ),
        (
            format!(
                "<pattern id='p' width='50' height='50' patternUnits='userSpaceOnUse'>{}</pattern>\
                 <circle r='30' fill='url(#p)'/>",
                image(&photo)
            ),
            1,
        ),
        (
            "<pattern id='p' width='.1' height='.1' patternUnits='userSpaceOnUse'><path d='M0 0h.05v.1z'/></pattern>\
             <rect width='90' height='90' fill='url(#p)'/>"
                .to_owned(),
            1,
        ),
    ];
    for (content, count) in cases {
        let read = parse(&wrap(&content)).document;
        let again = parse(&read.to_svg(&WriteOptions::default())).document;
        for document in [read, again] {
            let shapes = document.shapes();
            let unread = shapes.iter().filter(|visit| {
                let groups = visit.groups.iter().map(|group| group.meaning);
                let around = groups.fold(Meaning::NONE, |said, group| group.within(said));
                visit.shape.meaning.within(around).origin == Some(Origin::Unread)
            });
            assert_eq!(unread.count(), count, "{content}");
            assert!(!document.states_meaning());
        }
    }
}

#[test]
fn names_stay_on_what_they_name() {
    for content in [
        "<filter id='f'><feGaussianBlur stdDeviation='3'/></filter>\
         <circle id='sun' cx='50' cy='50' r='20' filter='url(#f)'/>",
        "<filter id='f'><feDropShadow stdDeviation='3'/></filter>\
         <circle id='sun' cx='50' cy='50' r='20' filter='url(#f)'/>",
        "<mask id='m'><rect width='50' height='99' fill='#fff'/></mask>\
         <circle id='sun' cx='50' cy='50' r='20' mask='url(#m)'/>",
        "<pattern id='p' width='9' height='9' patternUnits='userSpaceOnUse'><circle r='3' cx='4' cy='4'/></pattern>\
         <circle id='sun' cx='50' cy='50' r='20' fill='url(#p)' stroke='red'/>",
    ] {
        let Parsed { document, .. } = parse(&wrap(content));
        assert_eq!(document.layers.len(), 1);
        assert!(document.find_id("sun").is_some(), "{content}");
    }
}

#[test]
fn effects_are_drawn_within_a_budget() {
    let limits = ParseLimits::default();
    let bomb = |content: &str| {
        let svg = wrap(content);
        match Document::parse(svg.as_bytes(), &limits) {
            Ok(parsed) => {
                let counts = parsed.document.counts();
                let segments = counts.lines + counts.quadratics + counts.cubics;
                assert!(segments < 1_000_000, "{segments}: {content:.200}");
                assert!(counts.shapes < 150_000);
            }
            Err(error) => assert!(error.to_string().contains("too large"), "{error}"),
        }
    };
    let shapes = |count: usize, attributes: &str| {
        format!("<rect width='90' height='90' {attributes}/>").repeat(count)
    };
    // Tiles inside tiles.
    let tiles: String = (0..8)
        .map(|n| {
            format!(
                "<pattern id='p{n}' width='4' height='4' patternUnits='userSpaceOnUse'>\
                 <circle r='9' fill='url(#p{})'/></pattern>",
                n + 1
            )
        })
        .collect();
    bomb(&format!("{tiles}{}", shapes(4, "fill='url(#p0)'")));
    // Blurs of large shapes, many times.
    let blur = "<filter id='f' x='-9' y='-9' width='20' height='20'><feGaussianBlur stdDeviation='2'/></filter>";
    bomb(&format!("{blur}{}", shapes(900, "filter='url(#f)'")));
    // One filter that draws its source again and again.
    let merges =
        "<feMerge><feMergeNode in='a'/><feMergeNode in='a'/></feMerge><feOffset result='a'/>"
            .repeat(30);
    bomb(&format!(
        "<filter id='f'><feOffset result='a'/>{merges}</filter>{}",
        shapes(1, "filter='url(#f)'")
    ));
    // A mask of many parts over much.
    let parts: String = (0..400)
        .map(|n| {
            format!(
                "<rect x='{n}' width='.9' height='99' fill='#{:02x}0000'/>",
                40 + n % 200
            )
        })
        .collect();
    bomb(&format!(
        "<mask id='m'>{parts}</mask><g mask='url(#m)'>{}</g>",
        shapes(2_000, "")
    ));
}

fn any_effect() -> impl Strategy<Value = String> {
    let number = || prop_oneof![Just(0.0), 0.01..60.0f64, -20.0..0.0f64, Just(1e6)];
    prop_oneof![
        (number(), number(), number()).prop_map(|(a, b, c)| format!(
            "<filter id='e'><feDropShadow dx='{a}' dy='{b}' stdDeviation='{c}'/></filter>"
        )),
        (number(), number()).prop_map(|(a, b)| format!(
            "<filter id='e' x='-1' y='-1' width='3' height='3'><feGaussianBlur stdDeviation='{a} {b}'/></filter>"
        )),
        (number(), number(), number()).prop_map(|(a, b, c)| format!(
            "<mask id='e'><rect width='{a}' height='{b}' fill='#888'/><circle cx='30' cy='{c}' r='{b}' fill='#fff'/></mask>"
        )),
        (number(), number(), number()).prop_map(|(a, b, c)| format!(
            "<pattern id='e' width='{a}' height='{b}' patternUnits='userSpaceOnUse' patternTransform='rotate({c}) skewX({a})'>\
             <circle cx='2' cy='2' r='{c}'/><path d='M0 0h9v{b}z' stroke='red'/></pattern>"
        )),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_effect_can_be_written_and_read_again(
        effect in any_effect(),
        scale in prop_oneof![Just(1.0), 0.001..1_000.0f64],
        shape in 0..4usize,
    ) {
        let shape = [
            "<circle cx='40' cy='40' r='30'",
            "<path d='M10 10L90 20 50 90' stroke='blue' stroke-width='4'",
            "<path d='M10 10h60' stroke='blue'",
            "<g><rect width='30' height='30' opacity='.5'/><rect x='20' width='30' height='30'/></g><ellipse rx='20' ry='9'",
        ][shape];
        let uses = [("<filter", "filter"), ("<mask", "mask"), ("<pattern", "fill")];
        let (_, attribute) = uses.into_iter().find(|(tag, _)| effect.contains(tag)).expect("is one");
        let svg = wrap(&format!(
            "{effect}<g transform='scale({scale})'>{shape} {attribute}='url(#e)'/></g>"
        ));
        if let Ok(parsed) = Document::parse(svg.as_bytes(), &ParseLimits::default()) {
            let written = parsed.document.to_svg(&WriteOptions::default());
            let again = Document::parse(written.as_bytes(), &ParseLimits::for_own_output());
            prop_assert!(again.is_ok(), "{:?}\n{svg}", again.err());
            prop_assert!(parsed.document.render(64, 64, None).is_ok());
        }
    }
}
