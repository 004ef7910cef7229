//! Hostile input: nothing forbidden comes through, nothing panics, nothing takes for ever.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use chat2svg_vector::sanitise::sanitise;
use chat2svg_vector::{Document, ParseError, ParseLimits, WriteOptions};
use common::harmless::assert_harmless;
use proptest::prelude::*;

const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<script xlink:href='http://x/y.js'/>",
    "<SCRIPT>alert(1)</SCRIPT>",
    "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
    "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>",
    "<g onload='alert(1)' ONCLICK='x' onfocusin='y'><rect width='9' height='9'/></g>",
    "<a xlink:href='javascript:alert(1)'><rect width='9' height='9'/></a>",
    "<a href=' javascript:alert(1)'><text y='9'>x</text></a>",
    "<use xlink:href='http://x/y.svg#z'/>",
    "<use href='data:image/svg+xml;base64,PHN2Zy8+#a'/>",
    "<image href='file:///etc/passwd' width='9' height='9'/>",
    "<foreignObject width='9' height='9'><iframe xmlns='http://www.w3.org/1999/xhtml' src='http://x'/></foreignObject>",
    "<style>@import url(http://x/y.css); rect{fill:url(http://x)} g{background:url('//x')}</style><rect width='9' height='9'/>",
    "<style>rect{fill:u\\72l(http://x)}</style><rect width='9' height='9'/>",
    "<style><![CDATA[rect{fill:url( \"http://x\" )}]]></style>",
    "<style>/*</style><script>alert(1)</script><style>*/</style>",
    "<rect style='fill:url(http://x);behavior:url(x);-moz-binding:url(x)' width='9' height='9'/>",
    "<rect style='fill: url(&#x68;ttp://x)' width='9' height='9'/>",
    "<rect fill='url(http://x#a)' width='9' height='9'/>",
    "<rect width='9' height='9'><animate attributeName='href' to='javascript:alert(1)'/><set attributeName='onclick' to='x'/></rect>",
    "<filter id='f'><feImage href='http://x'/></filter><rect filter='url(#f)' width='9' height='9'/>",
    "<g xml:base='http://x/'><use href='#a'/></g>",
    "<handler xmlns:ev='http://www.w3.org/2001/xml-events' ev:event='load'>alert(1)</handler>",
    "<text font-family='url(http://x)' y='9'>x</text>",
    "<metadata><script>alert(1)</script><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><evil/></rdf:RDF></metadata>",
    "<?xml-stylesheet href='http://x/y.css'?><rect width='9' height='9'/>",
    "<!-- --><rect width='9' height='9' id='\"&gt;&lt;script&gt;'/>",
    "<cursor href='http://x'/><tref href='http://x'/><link href='http://x' rel='stylesheet'/>",
];

fn wrap(content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         viewBox=\"0 0 100 100\">{content}</svg>"
    )
}

#[test]
fn attacks_come_out_harmless_and_are_reported() {
    for attack in ATTACKS {
        let svg = wrap(attack);
        let sanitised = sanitise(svg.as_bytes(), &ParseLimits::default()).expect("well-formed");
        assert_harmless(&sanitised.svg);
        let is_silent =
            attack.starts_with("<?") || attack.starts_with("<!--") || attack.contains("/*</style>");
        assert!(is_silent || !sanitised.warnings.is_empty(), "{attack}");
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("well-formed");
        assert_harmless(&parsed.document.to_svg(&WriteOptions::default()));
    }
}

#[test]
fn what_is_harmless_stays() {
    let svg = wrap(
        "<style>.a{fill:red}</style><defs><filter id=\"f\"><feGaussianBlur stdDeviation=\"2\"/></filter></defs>\
         <g id=\"x\" filter=\"url(#f)\" class=\"a\"><use href=\"#y\"/><text y=\"9\">A &amp; <tspan>B</tspan></text></g>",
    );
    let sanitised = sanitise(svg.as_bytes(), &ParseLimits::default()).expect("well-formed");
    assert_eq!(sanitised.warnings, []);
    for part in [
        "feGaussianBlur",
        "<filter id=\"f-",
        "url(#f-",
        ".a{fill:red}",
        "href=\"#y\"",
        "A &amp; <tspan>B</tspan>",
    ] {
        assert!(sanitised.svg.contains(part), "{part} in {}", sanitised.svg);
    }
    let again = sanitise(sanitised.svg.as_bytes(), &ParseLimits::default()).expect("well-formed");
    assert_eq!(again.svg, sanitised.svg);
}

#[test]
fn dangerous_entities_are_refused_and_a_plain_doctype_is_not() {
    let limits = ParseLimits::default();
    for declaration in [
        "<!ENTITY % x SYSTEM \"file:///etc/passwd\"> %x;",
        "<!ENTITY x SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY a \"aaaa\"><!ENTITY x \"&a;&a;\">",
        "<!ENTITY x \"<script>alert(1)</script>\">",
    ] {
        let svg = format!(
            "<!DOCTYPE svg [{declaration}]><svg xmlns=\"http://www.w3.org/2000/svg\">&x;</svg>"
        );
        let found = sanitise(svg.as_bytes(), &limits);
        assert!(
            matches!(found, Err(ParseError::EntityRefused { .. })),
            "{found:?}"
        );
    }
    // What an entity brings passes the allow-list as everything else does.
    let text = wrap("<rect width=\"9\" height=\"9\" style=\"&st;\" onload=\"&st;\"/>");
    let text = format!("<!DOCTYPE svg [<!ENTITY st \"fill:red;cursor:url(x)\">]>{text}");
    let clean = sanitise(text.as_bytes(), &limits).expect("is safe");
    assert!(clean.svg.contains("fill:red"), "{}", clean.svg);
    assert!(!clean.svg.contains("url") && !clean.svg.contains("onload"));
    // What nothing declares stands for itself, or for what HTML means by it.
    let undeclared = wrap("<text>&nbsp;</text><g id=\"&evil;\"/>");
    let svg = sanitise(undeclared.as_bytes(), &limits)
        .expect("is mended")
        .svg;
    assert!(svg.contains("<text>\u{a0}</text>"), "{svg}");
    assert!(svg.contains("id=\"&amp;evil;\""), "{svg}");
    let plain = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">{}",
        wrap("<rect width=\"9\" height=\"9\"/>")
    );
    assert!(sanitise(plain.as_bytes(), &limits).is_ok());
}

#[test]
fn references_that_multiply_are_counted_before_they_do() {
    let bombs = [
        // use of use of use …
        |level: usize| {
            format!(
                "<g id=\"l{level}\">{}</g>",
                format!("<use href=\"#l{}\"/>", level - 1).repeat(10)
            )
        },
        // A pattern painted with a pattern …
        |level: usize| {
            format!(
                "<pattern id=\"l{level}\" width=\"9\" height=\"9\">{}</pattern>",
                format!(
                    "<rect width=\"9\" height=\"9\" fill=\"url(#l{})\"/>",
                    level - 1
                )
                .repeat(10)
            )
        },
        // A clip path clipped by a clip path …
        |level: usize| {
            format!(
                "<clipPath id=\"l{level}\">{}</clipPath>",
                format!(
                    "<rect width=\"9\" height=\"9\" clip-path=\"url(#l{})\"/>",
                    level - 1
                )
                .repeat(10)
            )
        },
        // The same by style sheet.
        |level: usize| {
            format!(
                "<style>.c{level}{{fill:url(#l{})}}</style><pattern id=\"l{level}\" width=\"9\" height=\"9\">{}</pattern>",
                level - 1,
                format!("<rect class=\"c{level}\" width=\"9\" height=\"9\"/>").repeat(10)
            )
        },
    ];
    for bomb in bombs {
        let levels: String = (1..=9).map(bomb).collect();
        let svg = wrap(&format!(
            "<defs><rect id=\"l0\" width=\"9\" height=\"9\"/>{levels}</defs><use href=\"#l9\"/><rect fill=\"url(#l9)\" clip-path=\"url(#l9)\" width=\"9\" height=\"9\"/>"
        ));
        let error = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect_err("a bomb");
        assert!(matches!(error, ParseError::TooCostly { .. }), "{error}");
    }
    // A marker on each of many vertices.
    let marker = "<circle r=\"1\"/>".repeat(500);
    let svg = wrap(&format!(
        "<marker id=\"m\">{marker}</marker><path marker-mid=\"url(#m)\" d=\"M0 0{}\"/>",
        "h1v1".repeat(1_000)
    ));
    let error = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect_err("a bomb");
    assert!(matches!(error, ParseError::TooCostly { .. }), "{error}");
}

#[test]
fn circles_are_broken() {
    for content in [
        "<use id=\"a\" href=\"#a\"/>",
        "<g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g>",
        "<g id=\"a\"><g><use href=\"#a\"/></g></g>",
        "<pattern id=\"p\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\" fill=\"url(#p)\"/></pattern><rect width=\"50\" height=\"50\" fill=\"url(#p)\"/>",
        "<clipPath id=\"c\" clip-path=\"url(#c)\"><rect width=\"9\" height=\"9\"/></clipPath><rect width=\"50\" height=\"50\" clip-path=\"url(#c)\"/>",
        "<linearGradient id=\"g\" href=\"#h\"/><linearGradient id=\"h\" href=\"#g\"/><rect width=\"50\" height=\"50\" fill=\"url(#g)\"/>",
        "<style>.x{fill:url(#p)}</style><pattern id=\"p\" width=\"9\" height=\"9\"><rect class=\"x\" width=\"9\" height=\"9\"/></pattern><rect width=\"50\" height=\"50\" class=\"x\"/>",
    ] {
        let svg = wrap(&format!(
            "{content}<rect x=\"60\" width=\"9\" height=\"9\"/>"
        ));
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        assert!(parsed.document.counts().shapes >= 1, "{content}");
        assert!(!parsed.warnings.is_empty(), "{content}");
    }
}

#[test]
fn limits_hold() {
    let limits = ParseLimits {
        elements: 10,
        attributes: 5,
        attribute_bytes: 100,
        characters: 20,
        ..ParseLimits::default()
    };
    let error = |content: &str| {
        Document::parse(wrap(content).as_bytes(), &limits).expect_err("exceeds a limit")
    };
    assert!(matches!(
        error(&"<g/>".repeat(11)),
        ParseError::TooManyElements { limit: 10 }
    ));
    assert!(matches!(
        error(&"<evil/>".repeat(11)),
        ParseError::TooManyElements { limit: 10 }
    ));
    assert!(matches!(
        error("<g a=\"\" b=\"\" c=\"\" d=\"\" e=\"\" f=\"\"/>"),
        ParseError::TooManyAttributes { limit: 5, .. }
    ));
    assert!(matches!(
        error(&format!("<path d=\"{}\"/>", "M0 0".repeat(50))),
        ParseError::AttributeTooLong { limit: 100, .. }
    ));
    assert!(matches!(
        error(&format!("<text>{}</text>", "x".repeat(21))),
        ParseError::TooMuchText { limit: 20 }
    ));
}

/// Whether a text could drive a terminal.
fn acts(text: &str) -> bool {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().any(|c| c != '\n' && bad(c))
}

#[test]
fn names_cannot_drive_a_terminal() {
    let evil = "a\u{9b}31m\u{202e}b\u{2066}\u{200b}\u{85}\u{7f}";
    let plain = "<rect width='9' height='9'/>";
    for content in [
        format!("<x{evil}/>{plain}"),
        format!("<g {evil}='1' on{evil}='2' data{evil}='3'/>{plain}"),
        format!("<g style='{evil}:1'/><style>@{evil} x;</style>{plain}"),
        format!("<text y='9' font-family=\"{evil}\">a{evil}</text>"),
        format!("<g id='{evil}' aria-label='{evil}'><title>{evil}</title>{plain}</g>"),
        format!("<g id='_x1b_]0;_x9b_x'>{plain}</g>"),
        format!("<title>{evil}&#27;]0;owned&#7;</title><desc>{evil}</desc><!-- {evil} -->{plain}"),
        format!("<g data-name='&#27;[2J'>{plain}{plain}</g>"),
    ] {
        let svg = wrap(&content);
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                assert!(!acts(&error.to_string()), "{error:?}");
                continue;
            }
        };
        for warning in &parsed.warnings {
            assert!(!acts(&warning.to_string()), "{warning:?}");
        }
        let written = parsed.document.to_svg(&WriteOptions::default());
        assert!(!acts(&written), "{written:?}");
        let text = sanitise(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        assert!(
            text.warnings
                .iter()
                .all(|warning| !acts(&warning.to_string()))
        );
    }
    for broken in [
        format!("<svg{evil}/>"),
        wrap(&format!("<g></{evil}>")),
        wrap(&format!("<g id='{evil}")),
        wrap(&format!(
            "<g id=\"{evil}\">{}</g>",
            "<text>abcdefghij</text>".repeat(6_000)
        )),
    ] {
        match Document::parse(broken.as_bytes(), &ParseLimits::default()) {
            Err(error) => assert!(!acts(&error.to_string()), "{error:?}"),
            Ok(mended) => {
                let mut told = mended.warnings.iter().map(ToString::to_string);
                assert!(told.len() > 0 && told.all(|line| !acts(&line)));
            }
        }
    }
}

/// A picture in which every kind of number matters.
const STRANGE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="120" height="90" viewBox="0 0 120 90">
<defs><radialGradient id="r" cx=".5" cy=".5" r=".5" fx=".3" fy=".3" fr=".1" gradientTransform="rotate(30 .5 .5)"><stop offset="0.1" stop-color="#fff"/><stop offset="0.9" stop-opacity="0.5"/></radialGradient>
<linearGradient id="l" x1="0" y1="0" x2="1" y2="1"><stop offset="0"/><stop offset="1" stop-color="red"/></linearGradient>
<pattern id="p" width="10" height="10" patternUnits="userSpaceOnUse" viewBox="0 0 5 5"><circle cx="2" cy="2" r="2"/></pattern>
<marker id="m" markerWidth="4" markerHeight="4" refX="2" refY="2" viewBox="0 0 4 4" orient="45"><path d="M0 0L4 2L0 4z"/></marker>
<clipPath id="c"><ellipse cx="50" cy="50" rx="40" ry="30"/></clipPath><symbol id="s" viewBox="0 0 10 10"><rect width="10" height="10"/></symbol></defs>
<g transform="matrix(1 0.2 0.1 1 5 5) scale(0.9) rotate(10) skewX(5)" opacity="0.9" clip-path="url(#c)">
<rect x="10" y="10" width="40" height="30" rx="5" ry="4" fill="url(#r)" stroke="url(#l)" stroke-width="3" stroke-dasharray="5 3 1" stroke-dashoffset="2" stroke-miterlimit="4"/>
<circle cx="60" cy="40" r="20" fill="url(#p)"/><path d="M10 80A30 20 15 1 0 60 70Q70 60 80 80T100 70C110 60 115 70 118 80" fill="none" stroke="#000" stroke-width="2" marker-mid="url(#m)" marker-end="url(#m)"/></g>
<use href="#s" x="70" y="10" width="30" height="30"/><text x="10" y="60" font-size="20" letter-spacing="2" dx="1 2" rotate="10" textLength="80">Text</text>
<svg x="5" y="5" width="20" height="20" viewBox="0 0 2 2" preserveAspectRatio="xMinYMax slice"><line x1="0" y1="0" x2="2" y2="2" stroke="red" stroke-width="0.3"/></svg></svg>"##;

/// Random damage to a document: bytes changed, removed, doubled.
fn damaged(source: String) -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        0..4u8,
        any::<u8>(),
        1..40usize,
    );
    prop::collection::vec(edit, 1..12).prop_map(move |edits| {
        let mut bytes = source.clone().into_bytes();
        for (place, kind, byte, length) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes[at] = b"<>&\"'/=#()0-9e."[usize::from(byte) % 15],
            }
        }
        bytes
    })
}

fn any_source() -> impl Strategy<Value = String> {
    let attack = prop::sample::select(ATTACKS);
    prop_oneof![
        Just(common::everything().to_svg(&WriteOptions::default())),
        prop::collection::vec(attack, 1..4).prop_map(|attacks| wrap(&attacks.concat())),
    ]
}

/// A document whose numbers are replaced by strange ones here and there; it stays well-formed.
fn strange_numbers() -> impl Strategy<Value = String> {
    const NUMBERS: [&str; 12] = [
        "0",
        "-0",
        "1e38",
        "-3.4e38",
        "1e-44",
        "1e999",
        "NaN",
        "inf",
        "99999999999999999999",
        "-1",
        "",
        "1e-8",
    ];
    let sources = [
        STRANGE.to_owned(),
        common::everything().to_svg(&WriteOptions::default()),
    ];
    prop::sample::select(sources.to_vec()).prop_flat_map(move |source| {
        let digits: Vec<usize> = source
            .char_indices()
            .filter(|(_, c)| c.is_ascii_digit())
            .map(|(at, _)| at)
            .collect();
        let edit = (
            prop::sample::select(digits),
            prop::sample::select(&NUMBERS[..]),
        );
        prop::collection::vec(edit, 1..6).prop_map(move |mut edits| {
            edits.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
            edits.dedup_by_key(|(at, _)| *at);
            let mut text = source.clone();
            for (at, number) in edits {
                let is_number = |c: char| c.is_ascii_digit() || c == '.';
                let end = text[at..]
                    .find(|c| !is_number(c))
                    .map_or(text.len(), |length| at + length);
                text.replace_range(at..end, number);
            }
            text
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_neither_panic_nor_come_through(bytes in any_source().prop_flat_map(damaged)) {
        let limits = ParseLimits::default();
        if let Ok(sanitised) = sanitise(&bytes, &limits) {
            assert_harmless(&sanitised.svg);
        }
        if let Ok(parsed) = Document::parse(&bytes, &limits) {
            assert_harmless(&parsed.document.to_svg(&WriteOptions::default()));
            let _ = parsed.document.render(32, 32, None);
        }
    }

    #[test]
    fn strange_numbers_do_not_panic(svg in strange_numbers()) {
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
        if let Ok(parsed) = parsed {
            let written = parsed.document.to_svg(&WriteOptions::default());
            assert_harmless(&written);
            let _ = parsed.document.render(32, 32, None);
            let _ = parsed.document.visibility(16, 16);
            let mut flat = parsed.document;
            flat.flatten_transforms();
            let _ = flat.render(32, 32, None);
        }
    }
}
