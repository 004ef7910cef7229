//! What multiplies by inheritance, style sheets and references is counted before it does.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use chat2svg_stop::{Looks, Stop};
use chat2svg_vector::sanitise::{sanitise, sanitise_until};
use chat2svg_vector::{CostBudget, Document, ParseError, ParseLimits, Resource};
use proptest::prelude::*;

fn wrap(content: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">{content}</svg>")
}

fn refused(content: &str) -> (Resource, String) {
    let svg = wrap(content);
    let error = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect_err("too costly");
    let as_text =
        sanitise(svg.as_bytes(), &ParseLimits::default()).expect_err("too costly as text");
    assert!(matches!(as_text, ParseError::TooCostly { .. }), "{as_text}");
    match error {
        ParseError::TooCostly {
            resource,
            found,
            limit,
            place,
        } => {
            assert!(found > limit, "{resource}");
            (resource, place)
        }
        other => panic!("{other}"),
    }
}

const RECT: &str = "<rect width=\"9\" height=\"9\"/>";

#[test]
fn what_is_inherited_multiplies() {
    let many = |what: &str, count: usize| what.repeat(count);
    let marker = format!(
        "<marker id=\"m\">{}</marker>",
        many("<circle r=\"1\"/>", 60)
    );
    let zigzag = format!("<path d=\"M0 0{}\"/>", many("h1v1", 20));
    let pattern = format!(
        "<pattern id=\"p\" width=\"9\" height=\"9\">{}</pattern>",
        many(RECT, 300)
    );
    let stops = many("<stop offset=\".5\"/>", 2_000);
    let long = format!("<path id=\"l\" d=\"M0 0{}\"/>", many("l1 2", 50_000));
    let cases = [
        // Markers through a group, a class, a style attribute, a `use`, the shorthand.
        (
            format!(
                "{marker}<g id=\"w\" marker-mid=\"url(#m)\">{}</g>",
                many(&zigzag, 100)
            ),
            Resource::Elements,
            "w",
        ),
        (
            format!(
                "<style>.c{{marker-mid:url(#m)}}</style>{marker}<g id=\"w\" class=\"c\">{}</g>",
                many(&zigzag, 100)
            ),
            Resource::Elements,
            "w",
        ),
        (
            format!(
                "<style>svg > g.c{{marker:url(#m)}}</style>{marker}<g id=\"w\" class=\"c\">{}</g>",
                many(&zigzag, 100)
            ),
            Resource::Elements,
            "w",
        ),
        (
            format!(
                "{marker}<g id=\"a\">{}</g><use id=\"w\" href=\"#a\" style=\"marker-mid : url( '#m' )\"/>",
                many(&zigzag, 100)
            ),
            Resource::Elements,
            "w",
        ),
        // A marker whose content inherits another from where it stands.
        (
            format!(
                "{marker}<g marker-mid=\"url(#m)\"><marker id=\"n\">{zigzag}</marker></g>\
                 <g id=\"w\" marker-mid=\"url(#n)\">{}</g>",
                many(&zigzag, 20)
            ),
            Resource::Elements,
            "w",
        ),
        (
            format!(
                "{pattern}<g id=\"w\" stroke=\"url(#p)\">{}</g>",
                many(RECT, 400)
            ),
            Resource::Elements,
            "w",
        ),
        (
            format!(
                "<clipPath id=\"c\">{}</clipPath><style>rect{{clip-path:url(#c)}}</style><g>{}</g>",
                many("<circle r=\"5\"/>", 400),
                many(RECT, 400)
            ),
            Resource::Elements,
            "",
        ),
        (
            format!(
                "<linearGradient id=\"g\" href=\"#h\"/><linearGradient id=\"h\" href=\"#i\"/>\
                 <linearGradient id=\"i\">{stops}</linearGradient><g id=\"w\" fill=\"url(#g)\">{}</g>",
                many(RECT, 300)
            ),
            Resource::Stops,
            "w",
        ),
        (
            format!(
                "<text id=\"t\">{}</text><g>{}</g>",
                many("abcdefghij", 100),
                many("<use href=\"#t\"/>", 50)
            ),
            Resource::Glyphs,
            "",
        ),
        // Each run of a text has the whole text shaped.
        (
            format!(
                "<text id=\"w\" y=\"9\">{}</text>",
                many("<tspan fill=\"red\">ab</tspan>", 5_000)
            ),
            Resource::Glyphs,
            "w",
        ),
        // Positions that place nothing do not part it.
        (
            format!(
                "<text id=\"w\">{}</text>",
                many(
                    "<tspan x=\"1\"> </tspan><tspan y=\"\">ab<tspan x=\"2\"/></tspan>",
                    4_000
                )
            ),
            Resource::Glyphs,
            "w",
        ),
        (
            format!(
                "<linearGradient id=\"g\">{}</linearGradient><rect fill=\"url(#g)\"/>",
                many("<stop offset=\".5\"/>", 60_000)
            ),
            Resource::Stops,
            "g",
        ),
        (
            format!("{long}{}", many("<use href=\"#l\"/>", 50)),
            Resource::Segments,
            "",
        ),
        (
            format!(
                "<g id=\"w\" stroke=\"red\" stroke-dasharray=\"{}\">{}</g>",
                many("1 ", 20_000),
                many(RECT, 1_000)
            ),
            Resource::Segments,
            "w",
        ),
        (
            format!(
                "<clipPath id=\"c\"><circle r=\"5\"/></clipPath>{}",
                many(
                    "<rect width=\"9\" height=\"9\" clip-path=\"url(#c)\"/>",
                    9_000
                )
            ),
            Resource::Surfaces,
            "",
        ),
        (
            format!(
                "<linearGradient id=\"g\"><stop/></linearGradient><g id=\"w\" fill=\"url(#g)\">{}</g>",
                many(RECT, 60_000)
            ),
            Resource::PaintServers,
            "w",
        ),
        (
            format!(
                "{}{}{}",
                many(
                    "<g fill=\"red\" stroke=\"red\" opacity=\"1\" font-size=\"3\">",
                    80
                ),
                many(RECT, 50_000),
                many("</g>", 80)
            ),
            Resource::Lookups,
            "",
        ),
        (
            format!(
                "<style>{}</style><g>{}</g>",
                many("g * {fill:red}", 1_000),
                many(RECT, 10_000)
            ),
            Resource::StyleSteps,
            "",
        ),
        // Siblings of siblings, asked for anew in each bracket.
        (
            format!(
                "<style>:not(:is(:is(* ~ *) ~ .x) ~ .x) ~ .x{{fill:red}}</style><g>{}</g>",
                many("<rect class=\"x\" width=\"9\" height=\"9\"/>", 9_000)
            ),
            Resource::StyleSteps,
            "",
        ),
        // Variables that each element copies and changes.
        (
            format!(
                "<style>svg{{{}}}</style><g style=\"--v0:1\">{}</g>",
                (0..4_000)
                    .map(|n| format!("--v{n}:{n};"))
                    .collect::<String>(),
                many(
                    "<rect style=\"--v0:2;fill:var(--v1)\" width=\"9\" height=\"9\"/>",
                    6_000
                )
            ),
            Resource::StyleSteps,
            "",
        ),
        // Painted as what the marker stands on.
        (
            format!(
                "{pattern}<marker id=\"n\">{}</marker><path d=\"M0 0{}\" fill=\"url(#p)\" marker-mid=\"url(#n)\"/>",
                many("<circle r=\"1\" fill=\"context-fill\"/>", 20),
                many("h1v1", 20)
            ),
            Resource::Elements,
            "",
        ),
    ];
    for (content, resource, place) in cases {
        let start: String = content.chars().take(120).collect();
        let (found, contributor) = refused(&content);
        assert_eq!(found, resource, "{start}");
        if !place.is_empty() {
            assert!(
                contributor.contains(&format!("id=\"{place}\"")),
                "{contributor}: {start}"
            );
        }
    }
}

#[test]
fn chains_of_selectors_are_not_tried_in_all_ways() {
    for (selector, content) in [
        (
            format!("b {} rect", "g ".repeat(20)),
            format!("{}{RECT}{}", "<g>".repeat(60), "</g>".repeat(60)),
        ),
        (format!("b {} rect", "~ rect ".repeat(20)), RECT.repeat(300)),
        (":nth-last-child(2n+1)".to_owned(), RECT.repeat(50_000)),
        ("rect:nth-of-type(3n)".to_owned(), RECT.repeat(50_000)),
    ] {
        let svg = wrap(&format!("<style>{selector}{{fill:red}}</style>{content}"));
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        assert!(parsed.is_ok(), "{selector}");
    }
}

#[test]
fn masks_of_masks_and_filters_are_counted_in_text_that_stays() {
    let mut content = "<mask id=\"m0\"><rect width=\"9\" height=\"9\"/></mask>".to_owned();
    for level in 1..=6 {
        let masked = format!(
            "<rect width=\"9\" height=\"9\" mask=\"url(#m{})\"/>",
            level - 1
        );
        content += &format!("<mask id=\"m{level}\">{}</mask>", masked.repeat(10));
    }
    content += "<style>.c{mask:url(#m6)}</style><rect class=\"c\" width=\"9\" height=\"9\"/>";
    let error = sanitise(wrap(&content).as_bytes(), &ParseLimits::default()).expect_err("a bomb");
    assert!(matches!(error, ParseError::TooCostly { .. }), "{error}");
    // Whether a state applies only a browser knows.
    let content = content.replace(".c{", ".c:hover{");
    let error = sanitise(wrap(&content).as_bytes(), &ParseLimits::default()).expect_err("a bomb");
    assert!(matches!(error, ParseError::TooCostly { .. }), "{error}");
}

#[test]
fn circles_through_what_is_inherited_are_broken() {
    for content in [
        "<g fill=\"url(#p)\"><pattern id=\"p\" width=\"9\" height=\"9\"><rect width=\"5\" height=\"5\"/></pattern>\
         <rect width=\"50\" height=\"50\"/></g>",
        "<style>g{marker-mid:url(#m)}</style><g><marker id=\"m\"><path d=\"M0 0h1v1z\"/></marker>\
         <path d=\"M0 0h9v9z\"/></g>",
        "<g stroke=\"url(#p)\"><pattern id=\"p\" width=\"9\" height=\"9\"><path d=\"M0 0L9 9\" stroke=\"url(#q)\"/>\
         </pattern><pattern id=\"q\" width=\"9\" height=\"9\"><path d=\"M0 0L9 9\"/></pattern>\
         <path d=\"M0 0L99 9\"/></g>",
    ] {
        let svg = wrap(content);
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        assert!(!parsed.warnings.is_empty(), "{content}");
        let text = sanitise(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        assert!(!text.warnings.is_empty(), "{content}");
        let again = sanitise(text.svg.as_bytes(), &ParseLimits::default()).expect("is read");
        assert_eq!(again.warnings, [], "{content}");
    }
}

#[test]
fn ordinary_heavy_files_pass() {
    let path = "<path class=\"a b\" d=\"M10.5 20.25c1 2 3 4 5 6s7 8 9 10l5 5z\" stroke=\"#000\"/>";
    let glyphs: String = (0..64)
        .map(|n| {
            format!(
                "<symbol id=\"glyph{n}\" overflow=\"visible\"><path d=\"M0 0{}\"/></symbol>",
                "l1 2".repeat(20)
            )
        })
        .collect();
    let page: String = (0..8_000)
        .map(|n| format!("<use href=\"#glyph{}\" x=\"{}\" y=\"9\"/>", n % 64, n % 90))
        .collect();
    let sheet: String = (0..1_500)
        .map(|n| {
            format!(
                ".cls-{n}{{fill:#{:06x};stroke-width:2;opacity:.5}}",
                n * 977
            )
        })
        .collect();
    let classes: String = (0..10_000)
        .map(|n| {
            format!(
                "<rect class=\"cls-{}\" width=\"9\" height=\"9\"/>",
                n % 1_500
            )
        })
        .collect();
    for content in [
        format!(
            "<style>.a{{fill:red}}.b{{opacity:.8}}</style><g>{}</g>",
            path.repeat(20_000)
        ),
        format!("<defs>{glyphs}</defs><g>{page}</g>"),
        format!(
            "<text y=\"9\">{}</text><text>{}</text>",
            "plain words <tspan fill=\"red\">and red ones</tspan> ".repeat(100),
            "<tspan x=\"9\" dy=\"9\">a line of text that stands by itself</tspan>".repeat(400)
        ),
        format!("<text y=\"9\">{}</text>", "中文".repeat(9_000)),
        format!("<style>{sheet}</style>{classes}"),
        format!(
            "<marker id=\"m\"><circle r=\"2\"/></marker><polyline marker-mid=\"url(#m)\" fill=\"none\" points=\"{}\"/>",
            "1,2 3,4 ".repeat(2_000)
        ),
    ] {
        Document::parse(wrap(&content).as_bytes(), &ParseLimits::default()).expect("is ordinary");
    }
}

#[test]
fn repeated_and_padded_ids_hide_nothing() {
    let huge = "<circle r=\"1\"/>".repeat(300);
    let lines = format!("<path d=\"M0 0{}\"/>", "h1v1".repeat(20)).repeat(20);
    for (first, second, reference) in [
        ("id=\" m \"", "id=\"x\"", "url(#m)"),
        ("id=\"x\"", "id=\"m\"", "url( &quot; #m &quot; )"),
        ("id=\"a&#27;m\"", "id=\"x\"", "url(#a&#27;m)"),
    ] {
        let content = format!(
            "<marker {first}>{huge}</marker><marker {second}>{huge}</marker>\
             <g marker-mid=\"{reference}\">{lines}</g>"
        );
        refused(&content);
    }
    // The first of an id is meant, whatever stands below.
    let content = format!(
        "<marker id=\"m\"><circle r=\"1\"/></marker><marker id=\"m\">{huge}</marker>\
         <g marker-mid=\"url(#m)\">{lines}</g>"
    );
    let parsed = Document::parse(wrap(&content).as_bytes(), &ParseLimits::default());
    let shapes = parsed.expect("is small").document.counts().shapes;
    assert!(shapes < 2_000, "{shapes}");
}

#[test]
fn the_cascade_is_the_one_that_usvg_had() {
    let cases = [
        (
            "<style>rect{fill:red}</style><rect fill='blue' W/>",
            "ff0000",
        ),
        (
            "<style>.a{fill:red} rect{fill:blue}</style><rect class='a' W/>",
            "ff0000",
        ),
        (
            "<style>rect{fill:red!important}</style><rect style='fill:blue' W/>",
            "ff0000",
        ),
        (
            "<style>rect{fill:red}</style><rect style='fill:blue' W/>",
            "0000ff",
        ),
        (
            "<style>rect{fill:red}</style><style>rect{fill:blue}</style><rect W/>",
            "0000ff",
        ),
        (
            "<style>g > .a + rect{fill:red}</style><g><rect class='a' fill='blue' W/><rect W/></g>",
            "ff0000",
        ),
        (
            "<style>#x rect{fill:red}</style><g id='x'><g><rect W/></g></g>",
            "ff0000",
        ),
        (
            "<style>[class='q w']{fill:red}</style><rect class='q w' W/>",
            "ff0000",
        ),
        (
            "<style>rect:first-child{fill:red}</style><g><rect W/></g>",
            "ff0000",
        ),
        (
            "<style>rect:hover{fill:red}</style><rect fill='blue' W/>",
            "0000ff",
        ),
        (
            "<style>.a{fill:inherit}</style><g fill='red'><rect class='a' fill='blue' W/></g>",
            "ff0000",
        ),
        (
            "<style>> rect{fill:red}</style><rect fill='blue' W/>",
            "0000ff",
        ),
        ("<style>*{fill:red}</style><rect W/>", "ff0000"),
        (
            "<style>.b,.a{fill:red}</style><defs><rect id='r' class='a' W/></defs><use href='#r'/>",
            "ff0000",
        ),
    ];
    for (content, expected) in cases {
        let content = content.replace('W', "width='100' height='100'");
        let svg = wrap(&content);
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        let picture = parsed.document.render(4, 4, None).expect("is rendered");
        let pixel = picture.pixels().last().expect("pixels");
        let found = format!("{:02x}{:02x}{:02x}", pixel[0], pixel[1], pixel[2]);
        assert_eq!(found, expected, "{content}");
    }
}

#[test]
fn reading_stops_when_told() {
    let svg = wrap(&format!("<g>{}</g>", RECT.repeat(20_000)));
    let limits = ParseLimits::default();
    let count = |after: u32| {
        let looks = Looks::default();
        let stop = looks.stop_after(after);
        let read = Document::parse_until(svg.as_bytes(), &limits, &stop).map(|_| ());
        (read, looks.count())
    };
    let (read, times) = count(u32::MAX);
    assert_eq!(read, Ok(()));
    assert!(times > 100, "{times}");
    // From the first question to the last, in every phase.
    for after in (0..times).step_by(7) {
        let stopped = (Err(ParseError::Stopped), after + 1);
        assert_eq!(count(after), stopped, "{after} of {times}");
    }
    let stopped = sanitise_until(svg.as_bytes(), &limits, &Stop::when(|| true));
    assert_eq!(stopped, Err(ParseError::Stopped));
}

#[test]
fn budgets_are_checked() {
    assert_eq!(CostBudget::default().validate(), Ok(()));
    let none = CostBudget {
        stops: 0,
        ..CostBudget::default()
    };
    assert_eq!(none.validate().expect_err("zero").0, "stops");
    let deep = CostBudget {
        levels: 10_000,
        ..CostBudget::default()
    };
    assert_eq!(deep.validate().expect_err("unsafe").0, "levels");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Circles, inheritance and references in any arrangement: refused or read, never a crash.
    #[test]
    fn any_web_of_references_is_answered(
        edges in prop::collection::vec((0..8usize, 0..7usize, 0..8usize, 0..4usize), 1..24),
    ) {
        const ELEMENTS: [&str; 8] =
            ["g", "pattern", "marker", "clipPath", "symbol", "g", "mask", "svg"];
        const PROPERTIES: [&str; 7] =
            ["fill", "stroke", "marker-mid", "marker-end", "clip-path", "mask", "use"];
        let mut content = String::new();
        for (index, element) in ELEMENTS.iter().enumerate() {
            content += &format!("<{element} id=\"e{index}\" width=\"9\" height=\"9\" class=\"c{index}\">");
            content += "<path d=\"M0 0L5 5 9 0\" stroke=\"red\"/>";
            for (from, property, to, copies) in &edges {
                if *from == index && PROPERTIES[*property] == "use" {
                    content += &format!("<use href=\"#e{to}\"/>").repeat(*copies);
                }
            }
            content += &format!("</{element}>");
        }
        let mut sheet = String::new();
        for (from, property, to, _) in &edges {
            if PROPERTIES[*property] != "use" {
                sheet += &format!(".c{from}{{{}:url(#e{to})}}", PROPERTIES[*property]);
            }
        }
        let svg = wrap(&format!("<style>{sheet}</style>{content}"));
        let limits = ParseLimits {
            cost: CostBudget { elements: 3_000, ..CostBudget::default() },
            ..ParseLimits::default()
        };
        if let Ok(parsed) = Document::parse(svg.as_bytes(), &limits) {
            let _ = parsed.document.render(16, 16, None);
        }
        if let Ok(text) = sanitise(svg.as_bytes(), &limits) {
            prop_assert!(sanitise(text.svg.as_bytes(), &limits).is_ok());
        }
    }
}
