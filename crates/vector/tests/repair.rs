//! What models and people write wrong: what is mended, into what, and that whatever comes in, what
//! goes out is well-formed and harmless.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use chat2svg_stop::Stop;
use chat2svg_vector::sanitise::sanitise;
use chat2svg_vector::{
    Document, Mend, ParseError, ParseLimits, Parsed, Position, WarningKind, WriteOptions,
};
use common::harmless::assert_harmless;
use proptest::prelude::*;

const GOOD: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
  <defs><linearGradient id="sky"><stop offset="0" stop-color="#123456"/><stop offset="1" stop-color="red"/></linearGradient></defs>
  <!-- The ground -->
  <rect x="2" y="3" width="60" height="20" fill="url(#sky)"/>
  <g id="tree" stroke-width="2" opacity=".5">
    <path d="M8 8h20a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H8z" fill="#00ff00"/>
    <circle cx="40" cy="40" r="9" fill="red" stroke="black"/>
  </g>
  <text x="5" y="60" font-size="8">A &amp; B</text>
</svg>
"##;

fn read(text: &str) -> Result<Parsed, ParseError> {
    Document::parse(text.as_bytes(), &ParseLimits::default())
}

fn written(text: &str) -> String {
    let parsed = read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    parsed.document.to_svg(&WriteOptions::default())
}

/// Checks that a text is read as if parts of the good drawing had not been replaced.
#[track_caller]
fn assert_mended(text: &str, expected: Mend) {
    let parsed = read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let svg = parsed.document.to_svg(&WriteOptions::default());
    assert_eq!(svg, written(GOOD), "{text}");
    let found = parsed
        .warnings
        .iter()
        .find(|warning| warning.kind == WarningKind::Mended(expected))
        .unwrap_or_else(|| panic!("{expected:?} is not told: {:?}", parsed.warnings));
    assert!(!found.positions.is_empty(), "{found:?}");
}

#[test]
fn what_is_right_is_not_mended() {
    let dressed = format!("<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n{GOOD}<!-- end -->\n");
    for text in [GOOD, &dressed] {
        let warnings = read(text).expect("is read").warnings;
        let mut others = warnings.iter().filter(|w| w.kind != WarningKind::Font);
        assert_eq!(others.next(), None);
    }
}

#[test]
fn markup_is_mended() {
    for (right, wrong, mend) in [
        ("<rect", "<recct", Mend::ElementName),
        ("<path", "<pth", Mend::ElementName),
        (
            "<linearGradient id=\"sky\">",
            "<lineargradient id=\"sky\">",
            Mend::ElementName,
        ),
        ("<circle", "<circle$", Mend::ElementName),
        (
            "fill=\"#00ff00\"/>",
            "fill=\"#00ff00\" @/>",
            Mend::StrayCharacters,
        ),
        ("fill=\"#00ff00\"", "fil=\"#00ff00\"", Mend::AttributeName),
        ("stroke-width", "strokeWidth", Mend::AttributeName),
        ("viewBox", "viewbox", Mend::AttributeName),
        (" d=\"M8", " dd=\"M8", Mend::AttributeName),
        (" d=\"M8", " id=\"M8", Mend::AttributeName),
        ("<rect", "rect", Mend::Bracket),
        ("height=\"64\">", "height=\"64\"", Mend::Bracket),
        ("</svg>", "/svg>", Mend::Bracket),
        ("cx=\"40\"", "cx=40", Mend::Quote),
        ("cx=\"40\"", "cx=\"40", Mend::Quote),
        ("cx=\"40\"", "cx=40\"", Mend::Quote),
        ("H8z\"", "H8z", Mend::Quote),
        ("d=\"M8", "d=M8", Mend::Quote),
        ("fill=\"#00ff00\"/>", "fill=\"#00ff00/>", Mend::Quote),
        ("A &amp; B", "A & B", Mend::Entity),
        ("</linearGradient>", "", Mend::Unclosed),
        ("</svg>", "", Mend::Unclosed),
        ("<text", "</path><text", Mend::EndTag),
        ("r=\"9\"", "r=\"9\" r=\"3\"", Mend::RepeatedAttribute),
        ("r=\"9\"", "r=\"9\" hidden", Mend::NoValue),
    ] {
        assert!(GOOD.contains(right), "{right}");
        let text = GOOD.replacen(right, wrong, 1);
        assert_mended(&text, mend);
    }
    // Spaces inside a tag's bracket are no fault worth a word.
    assert_eq!(written(&GOOD.replacen("<rect", "< rect", 1)), written(GOOD));
}

#[test]
fn values_are_mended() {
    for (right, wrong, mend) in [
        ("fill=\"#00ff00\"", "fill=\"0x00ff00\"", Mend::Color),
        ("fill=\"#00ff00\"", "fill=\"00ff00\"", Mend::Color),
        (
            "fill=\"#00ff00\"",
            "style=\"fill: 0x00ff00; \"",
            Mend::Color,
        ),
        ("url(#sky)", "url(sky)", Mend::Color),
        ("url(#sky)", "#sky", Mend::Color),
        ("opacity=\".5\"", "opacity=\".5px\"", Mend::Unit),
        ("width=\"60\"", "width=\"60dp\"", Mend::Unit),
        ("0 0 64 64\"", "0 0 64px 64px\"", Mend::Unit),
        ("M8 8h", "M8;8h", Mend::PathSeparators),
        ("a4 4 0 0 1 4 4", "a4,4,0,0,,1,4,4", Mend::PathSeparators),
        ("M8 8h", "D8 8h", Mend::PathCommands),
        ("a4 4 0 0 1 4 4v", "f4 4 0 0 1 4 4v", Mend::PathCommands),
        ("H8z", "H8n", Mend::PathCommands),
        ("H8z", "H8z L 3", Mend::PathCutOff),
    ] {
        assert!(GOOD.contains(right), "{right}");
        assert_mended(&GOOD.replacen(right, wrong, 1), mend);
    }
}

#[test]
fn what_stands_around_is_left_out() {
    let bare = GOOD.trim();
    for text in [
        format!("Sure! Here it is:\n\n```svg\n{bare}\n```\n\nEnjoy <3"),
        format!("```xml\n{bare}\n```"),
        format!("{bare}\nI hope that you like it & more."),
        format!("<!DOCTYPE html><html><body><p>a<br>b</p>{bare}</body></html>"),
    ] {
        assert_eq!(written(&text), written(GOOD), "{text}");
    }
    let json = format!("{{\"svg\": {bare:?}}}");
    assert_mended(&json, Mend::Escapes);
    let html = bare
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    assert_mended(&format!("<pre>{html}</pre>"), Mend::Escapes);
    let inside: String = bare
        .lines()
        .skip(1)
        .filter(|line| *line != "</svg>")
        .collect();
    let parsed = read(&inside).expect("is read");
    assert_eq!(
        parsed.document.counts().shapes,
        read(GOOD).expect("is read").document.counts().shapes
    );
}

#[test]
fn namespaces_and_prefixes_are_assumed() {
    for (right, wrong) in [
        (" xmlns=\"http://www.w3.org/2000/svg\"", ""),
        ("http://www.w3.org/2000/svg", "https://www.w3.org/2000/svg"),
        ("http://www.w3.org/2000/svg", "http://www.w3.org/2000/svgg"),
        ("xmlns=", "xmnls="),
    ] {
        let text = GOOD.replacen(right, wrong, 1);
        let parsed = read(&text).expect("is read");
        assert_eq!(written(&text), written(GOOD));
        let is_told = |kind| parsed.warnings.iter().any(|warning| warning.kind == kind);
        assert!(is_told(WarningKind::Namespace), "{:?}", parsed.warnings);
    }
    let text = "<svg viewBox='0 0 9 9'><circle id='a' r='3'/><use xlink:href='#a' x='3'/></svg>";
    let parsed = read(text).expect("is read");
    assert_eq!(parsed.document.counts().shapes, 2);
    let kinds: Vec<_> = parsed.warnings.iter().map(|warning| warning.kind).collect();
    assert!(
        kinds.contains(&WarningKind::Mended(Mend::Prefix)),
        "{kinds:?}"
    );
}

#[test]
fn positions_are_those_of_the_source() {
    let text =
        "Look:\n<svg viewBox='0 0 9 9'>\n  <rect width=5 height='5'/>\n  <pth d='M0 0h9'/></svg>";
    let parsed = read(text).expect("is read");
    let at = |mend| {
        let kind = WarningKind::Mended(mend);
        let found = parsed.warnings.iter().find(|warning| warning.kind == kind);
        found.and_then(|warning| warning.positions.first().copied())
    };
    let position = |line, column| Some(Position { line, column });
    assert_eq!(at(Mend::Quote), position(3, 15));
    assert_eq!(at(Mend::ElementName), position(4, 3));
    assert_eq!(at(Mend::Surroundings), position(2, 1));
}

#[test]
fn a_reply_gives_the_drawing_that_shows_something() {
    let limits = ParseLimits::default();
    let reply = |text: &str| Document::parse_reply(text, &limits, &Stop::never()).expect("is read");
    let shape = "<circle cx='5' cy='5' r='3' fill='red'/>";
    let one = format!("<svg viewBox='0 0 9 9'>{shape}</svg>");
    let two = format!("<svg viewBox='0 0 9 9'>{shape}{shape}</svg>");
    // A later version stands; a fragment that explains something does not.
    assert_eq!(
        reply(&format!("First {one}, better {two}"))
            .document
            .counts()
            .shapes,
        2
    );
    assert_eq!(
        reply(&format!("First {two}, simpler {one}"))
            .document
            .counts()
            .shapes,
        1
    );
    assert_eq!(
        reply(&format!("{two} Put it in <svg></svg> tags"))
            .document
            .counts()
            .shapes,
        2
    );
    // Broken off inside a shape: the others remain.
    let broken = format!("{}<path d='M0 0L3", two.trim_end_matches("</svg>"));
    let parsed = reply(&broken);
    assert_eq!(parsed.document.counts().shapes, 2);
    assert!(
        parsed
            .warnings
            .iter()
            .any(|warning| warning.kind == WarningKind::Mended(Mend::CutOff))
    );
    assert!(Document::parse_reply("I cannot do that.", &limits, &Stop::never()).is_err());
    assert_eq!(
        Document::parse_reply(&two, &limits, &Stop::when(|| true)).expect_err("stopped"),
        ParseError::Stopped
    );
}

#[test]
fn dangerous_entities_are_refused_also_when_it_is_broken() {
    let text =
        "<!DOCTYPE svg [<!ENTITY a SYSTEM 'b'>]><svg viewBox='0 0 9 9'><text>&a;</text><g></svg>";
    assert!(read(text).is_err());
}

/// Whatever goes in: no panic, and what comes out is well-formed, safe, and needs no mending.
fn check_anything(text: &str) {
    let limits = ParseLimits {
        bytes: 1 << 20,
        ..ParseLimits::default()
    };
    if let Ok(clean) = sanitise(text.as_bytes(), &limits) {
        assert_harmless(&clean.svg);
        let again = sanitise(clean.svg.as_bytes(), &limits)
            .unwrap_or_else(|error| panic!("{error}\n{text}\n{}", clean.svg));
        let is_markup = |kind| {
            matches!(
                kind,
                WarningKind::Mended(
                    Mend::Quote
                        | Mend::Bracket
                        | Mend::Unclosed
                        | Mend::Entity
                        | Mend::ElementName
                        | Mend::AttributeName
                        | Mend::PathCommands
                        | Mend::PathCutOff
                        | Mend::PathSeparators
                        | Mend::Color
                        | Mend::Unit
                        | Mend::Transform
                )
            )
        };
        let left: Vec<_> = again
            .warnings
            .iter()
            .filter(|left| is_markup(left.kind))
            .collect();
        assert!(left.is_empty(), "{left:?}\n{text}\n{}", clean.svg);
    }
    if let Ok(parsed) = Document::parse_reply(text, &limits, &Stop::never()) {
        let svg = parsed.document.to_svg(&WriteOptions::default());
        assert_harmless(&svg);
    }
}

#[test]
fn a_drawing_broken_off_at_any_byte_is_read_as_far_as_it_goes() {
    for length in (0..=GOOD.len()).filter(|length| GOOD.is_char_boundary(*length)) {
        check_anything(&GOOD[..length]);
        // From the first whole shape on there is something to show.
        if length > GOOD.find("<g ").expect("there") {
            assert!(read(&GOOD[..length]).is_ok(), "{}", &GOOD[..length]);
        }
    }
}

#[test]
fn any_byte_may_be_missing_or_another() {
    for at in 0..GOOD.len() {
        let after = &GOOD[at + 1..];
        check_anything(&format!("{}{after}", &GOOD[..at]));
        for other in ["<", ">", "\"", "&", "/", "=", "\0", "é"] {
            check_anything(&format!("{}{other}{after}", &GOOD[..at]));
        }
    }
}

/// Pieces of which broken markup is made.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "<svg ",
        "<svg>",
        "</svg>",
        "<path d=\"",
        "<g>",
        "</g>",
        "/>",
        ">",
        "<",
        "</",
        "\"",
        "'",
        "=",
        " d=",
        " fill=",
        "fill=\"red\"",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "&",
        "&amp;",
        "&nbsp;",
        "&#0;",
        "&#x41;",
        "M0 0",
        "L9,9",
        "e9",
        "E99",
        " xmlns=\"",
        "http://www.w3.org/2000/svg",
        "xmlns:a='b'",
        " a:b='c'",
        "a:b:c",
        "<a:b:c>",
        "```",
        "\\\"",
        "=\\\"",
        "&lt;svg",
        "<?xml",
        "<!DOCTYPE",
        "<!ENTITY",
        "svg width=9",
        "path d=1",
        "rect x=1 ",
        "/rect>",
        "<text>",
        "<title>",
        "onclick=",
        "xlink:href='http://x'",
        "href=",
        "style=\"fill:",
        "url(http://x)",
        ";",
        ",",
        "0",
        "1",
        "\u{0}",
        "\u{feff}",
        "ü",
        "“",
        "”",
        "{\"",
        "}",
        "\n",
        " ",
        "xmlns:xml='x'",
        "xml:space='a'",
        "viewBox='0 0 9 9' ",
        "id='a'",
        "transform=",
    ];
    prop_oneof![
        6 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        check_anything(&text);
    }

    #[test]
    fn any_markup_is_read_or_refused(pieces in prop::collection::vec(piece(), 0..60)) {
        check_anything(&format!("<svg viewBox='0 0 9 9'>{}", pieces.concat()));
        check_anything(&pieces.concat());
    }

    #[test]
    fn any_path_data_is_drawn_or_cut(data in "[MmLlHhVvCcSsQqTtAaZzeExXfd0-9 .,;+-]{0,80}") {
        check_anything(&format!("<svg viewBox='0 0 9 9'><path d='{data}'/></svg>"));
    }

    #[test]
    fn many_faults_at_once(faults in prop::collection::vec((0..GOOD.len(), piece(), 0..4usize), 1..12)) {
        let mut text = GOOD.to_owned();
        for (at, piece, removed) in faults {
            let at = at.min(text.len());
            let end = (at + removed).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &piece);
            }
        }
        check_anything(&text);
    }
}
