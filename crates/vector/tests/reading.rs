//! Reading: what is written is read back, and SVG as people have it becomes the picture it shows.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use chat2svg_vector::{
    Color, Document, Node, ParseError, ParseLimits, Parsed, WarningKind, WriteOptions,
};
use proptest::prelude::*;

fn parse(svg: &str) -> Parsed {
    Document::parse(svg.as_bytes(), &ParseLimits::default())
        .unwrap_or_else(|error| panic!("{error}\n{svg}"))
}

fn refuse(svg: &str) -> ParseError {
    Document::parse(svg.as_bytes(), &ParseLimits::default()).expect_err("must be refused")
}

fn wrap(content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         viewBox=\"0 0 100 100\">{content}</svg>"
    )
}

/// Mean difference to resvg's rendering of the source, in steps of eight bits.
fn difference_to_resvg(svg: &str) -> f64 {
    let Parsed { document, .. } = parse(svg);
    let ours = document.render(128, 128, None).expect("renders");
    let theirs = common::render_with_resvg(&document, svg, 128, 128);
    ours.mean_difference(&theirs, Color::WHITE)
        .expect("same size")
        * 255.0
}

#[test]
fn what_is_written_is_read_back() {
    let document = common::everything();
    let svg = document.to_svg(&WriteOptions::default());
    let Parsed {
        document: read,
        warnings,
    } = parse(&svg);
    assert_eq!(warnings, []);
    assert_eq!(read.metadata, document.metadata);
    assert_eq!(read.title, document.title);
    assert_eq!(read.description, document.description);
    assert_eq!(read.view_box, document.view_box);
    assert_eq!(read.counts().shapes, document.counts().shapes);
    assert!(read.find_labels(&["Hills", "Hill"]).is_some());
    assert!(read.find_labels(&["Fence", "rail"]).is_some());
    assert_eq!(read.find_id("gate").map(Node::label), Some("Gate"));
}

#[test]
fn writing_what_was_read_changes_nothing_more() {
    let options = WriteOptions::default();
    let once = parse(&common::everything().to_svg(&options))
        .document
        .to_svg(&options);
    let twice = parse(&once).document.to_svg(&options);
    assert_eq!(once, twice);
}

#[test]
fn everything_that_people_write_becomes_its_picture() {
    for content in [
        r##"<rect x="10" y="10" width="60" height="40" rx="8" fill="teal" stroke="#000" stroke-width="3"/>"##,
        r##"<style>.a{fill:#f80;stroke:blue} #b{opacity:.5}</style><circle class="a" id="b" cx="50" cy="50" r="30"/>"##,
        r##"<defs><g id="leaf"><path d="M0 0q20-20 40 0t-40 0"/></g></defs><use href="#leaf" x="10" y="40" fill="green"/><use xlink:href="#leaf" transform="translate(50 80) rotate(30) scale(1 2)" fill="red"/>"##,
        r##"<g transform="scale(2 1)"><path d="M5 5h30v60z" fill="none" stroke="red" stroke-width="6" stroke-linejoin="round"/></g>"##,
        r##"<linearGradient id="l"><stop stop-color="red"/><stop offset="1" stop-color="blue" stop-opacity=".3"/></linearGradient><ellipse cx="50" cy="50" rx="45" ry="20" fill="url(#l)"/>"##,
        r##"<radialGradient id="r" cx=".3" cy=".3" fx=".2"><stop stop-color="#fff"/><stop offset="1"/></radialGradient><polygon points="10,10 90,30 60,90" fill="url(#r)"/>"##,
        r##"<clipPath id="c"><circle cx="50" cy="50" r="40"/></clipPath><g clip-path="url(#c)" opacity=".7"><rect width="60" height="100" fill="navy"/><rect x="40" width="60" height="50" fill="gold"/></g>"##,
        r##"<clipPath id="c"><rect x="0" y="0" width="50" height="50"/><rect x="30" y="30" width="50" height="50"/></clipPath><rect clip-path="url(#c)" width="100" height="100" fill="purple"/>"##,
        r##"<clipPath id="o"><rect width="60" height="100"/></clipPath><clipPath id="c" clip-path="url(#o)"><circle cx="50" cy="50" r="40"/></clipPath><rect clip-path="url(#c)" width="100" height="100"/>"##,
        r##"<path d="M10 50h80" stroke="#333" stroke-width="8" stroke-dasharray="10 4" stroke-linecap="round"/>"##,
        r##"<path d="M20 20h60v60h-60z" fill="orange" stroke="black" stroke-width="20" paint-order="stroke"/>"##,
        r##"<marker id="m" markerWidth="4" markerHeight="4" refX="2" refY="2"><circle cx="2" cy="2" r="2"/></marker><polyline points="10,10 50,80 90,10" fill="none" stroke="red" marker-mid="url(#m)"/>"##,
        r##"<switch><g systemLanguage="xx"><rect width="9" height="9"/></g><rect width="50" height="50" fill="lime"/></switch>"##,
        r##"<svg x="20" y="20" width="40" height="40" viewBox="0 0 10 10"><circle cx="5" cy="5" r="6" fill="red"/></svg>"##,
        r##"<g display="none"><rect width="50" height="50"/></g><rect visibility="hidden" width="20" height="20"/><rect x="50" y="50" width="20" height="20"/>"##,
        r##"<path d="M10 10A40 30 20 1 1 60 70L90 90" fill="tomato" fill-rule="evenodd"/>"##,
    ] {
        let svg = wrap(content);
        let difference = difference_to_resvg(&svg);
        assert!(difference < 0.5, "{difference}: {content}");
    }
}

#[test]
fn canvases_are_as_resvg_sees_them() {
    let content = "<rect x=\"5\" y=\"5\" width=\"60\" height=\"60\" fill=\"red\"/>";
    for attributes in [
        "viewBox=\"-20 10 80 40\"",
        "viewBox=\"0 0 100 50\" width=\"200\" height=\"200\"",
        "viewBox=\"0 0 100 50\" width=\"200\" height=\"200\" preserveAspectRatio=\"none\"",
        "viewBox=\"0 0 100 50\" width=\"200\" height=\"200\" preserveAspectRatio=\"xMinYMax slice\"",
        "viewBox=\"0 0 100 50\" width=\"200\" height=\"200\" preserveAspectRatio=\"xMaxYMin\"",
        "width=\"2cm\" height=\"1in\"",
        "",
    ] {
        let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {attributes}>{content}</svg>");
        let difference = difference_to_resvg(&svg);
        assert!(difference < 0.5, "{difference}: {attributes}");
    }
}

#[test]
fn text_becomes_outlines_and_substitution_is_said() {
    let svg = wrap(
        "<text x=\"5\" y=\"60\" font-size=\"40\" font-family=\"Papyrus\">Hi <tspan font-weight=\"bold\">du</tspan></text>",
    );
    let Parsed { document, warnings } = parse(&svg);
    assert!(document.counts().shapes >= 2);
    assert_eq!(document.layers[0].label(), "Hi du");
    let seen = document.visibility(100, 100).expect("renders");
    let inked: f64 = (0..seen.len()).map(|index| seen.visible_area(index)).sum();
    assert!(inked > 300.0, "{inked}");
    assert!(
        warnings
            .iter()
            .any(|w| w.kind == WarningKind::Font && w.subject == "Papyrus")
    );
}

#[test]
fn what_cannot_be_held_is_simplified_and_said() {
    let svg = wrap(
        r##"<defs><pattern id="p" width=".5" height=".5" patternUnits="userSpaceOnUse"><rect width=".5" height=".25" fill="red"/></pattern>
        <filter id="f"><feTurbulence/></filter><mask id="m"><rect width="50" height="50" fill="#fff"/></mask></defs>
        <rect id="one" width="40" height="40" fill="url(#p)"/>
        <rect id="two" y="50" width="40" height="40" filter="url(#f)" mask="url(#m)" style="mix-blend-mode:multiply"/>
        <image href="data:image/png;base64,AAAA" width="10" height="10"/>"##,
    );
    let Parsed { document, warnings } = parse(&svg);
    let kinds: Vec<_> = warnings.iter().map(|warning| warning.kind).collect();
    for kind in [
        WarningKind::Pattern,
        WarningKind::Filter,
        WarningKind::BlendMode,
        WarningKind::Image,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {warnings:?}");
    }
    let picture = document
        .render(100, 100, Some(Color::WHITE))
        .expect("renders");
    // Half red, half nothing.
    let [red, green, blue, _] = picture.pixel(20, 20).expect("inside");
    assert!(
        red == 255 && green.abs_diff(127) < 4 && blue.abs_diff(127) < 4,
        "{red} {green} {blue}"
    );
    // The mask ends above.
    assert_eq!(picture.pixel(20, 70), Some([255; 4]));
}

#[test]
fn names_are_taken_from_where_editors_put_them() {
    let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 9 9">
        <g id="layer1" inkscape:label="Sky &amp; sea"><path id="path12" d="M0 0h9v9z"/><path d="M0 0h9v9z"><title>Wave</title></path></g>
        <g id="Big_x20_fox"><rect id="fox" width="3" height="3"/><rect data-name="Tail" width="3" height="3"/></g>
        <g><g><rect aria-label="Lonely" width="2" height="2" transform="translate(3)"/></g></g>
        <use href="#fox" x="3"/></svg>"##;
    let document = parse(svg).document;
    assert!(document.find_labels(&["Sky & sea", "Wave"]).is_some());
    assert!(document.find_labels(&["Big fox", "fox"]).is_some());
    assert!(document.find_labels(&["Big fox", "Tail"]).is_some());
    // Groups that only wrap are gone.
    assert!(matches!(
        document.find_labels(&["Lonely"]),
        Some(Node::Shape(_))
    ));
    assert_eq!(document.find_id("path12").map(Node::label), Some(""));
    let ids: Vec<_> = document
        .shapes()
        .iter()
        .map(|visit| visit.shape.id.clone())
        .collect();
    assert_eq!(ids.iter().filter(|id| *id == "fox").count(), 1, "{ids:?}");
}

#[test]
fn comments_name_what_they_head() {
    let document = parse(&wrap(
        "<!-- Generator: Some Editor 1.0 --><path d=\"M0 0h9v9z\"/>\
         <!-- Apple body --><circle r=\"9\" opacity=\".5\"/><path id=\"gloss\" d=\"M0 0h9v9z\"/>\
         <!-- Stars --><path d=\"M0 0h9v9z\"/><g><path d=\"M0 0h9v9z\"/><path d=\"M0 0h9v9z\"/></g>\
         <!-- <rect/> --><path d=\"M1 0h9v9z\"/>",
    ))
    .document;
    let labels: Vec<_> = document.layers.iter().map(Node::label).collect();
    assert_eq!(labels, ["", "Apple body", "gloss", "Stars", ""]);
    assert_eq!(document.layers[3].children().len(), 2);
    let again = parse(&document.to_svg(&WriteOptions::default())).document;
    assert_eq!(
        again.layers.iter().map(Node::label).collect::<Vec<_>>(),
        labels
    );
}

#[test]
fn foreign_art_is_credited() {
    let svg = wrap(
        r##"<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://web.resource.org/cc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <cc:Work><dc:title>Owl</dc:title><dc:creator><cc:Agent><dc:title>A. Person</dc:title></cc:Agent></dc:creator>
        <cc:license rdf:resource="http://web.resource.org/cc/PublicDomain"/></cc:Work></rdf:RDF></metadata><rect width="5" height="5"/>"##,
    );
    let credits = parse(&svg).document.metadata.credits;
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].author, "A. Person");
    assert_eq!(credits[0].title, "Owl");
    assert_eq!(credits[0].license, "CC-PDDC");
}

#[test]
fn what_is_no_svg_is_told_so() {
    let limits = ParseLimits::default();
    let bytes = |bytes: &[u8]| Document::parse(bytes, &limits).expect_err("must be refused");
    assert_eq!(bytes(b""), ParseError::Empty);
    assert_eq!(bytes(&[0x1f, 0x8b, 8, 0]), ParseError::Compressed);
    assert_eq!(bytes(b"\x89PNG\r\n\x1a\n\0\0\0\r"), ParseError::NotUtf8);
    assert!(matches!(refuse("<html/>"), ParseError::NotSvg { .. }));
    assert!(matches!(
        refuse("just words"),
        ParseError::Empty | ParseError::Malformed { .. }
    ));
    assert_eq!(refuse("<svg><g></svg>"), ParseError::NoSize);
    assert_eq!(
        refuse("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ParseError::NoSize
    );
    let small = ParseLimits {
        bytes: 10,
        ..limits
    };
    let error = Document::parse(wrap("").as_bytes(), &small).expect_err("must be refused");
    assert!(matches!(error, ParseError::TooManyBytes { limit: 10, .. }));
}

#[test]
fn a_missing_namespace_is_assumed() {
    let Parsed { document, warnings } =
        parse("<svg viewBox=\"0 0 9 9\"><rect width=\"9\" height=\"9\"/></svg>");
    assert_eq!(document.counts().shapes, 1);
    assert_eq!(
        warnings.first().map(|warning| warning.kind),
        Some(WarningKind::Namespace)
    );
}

#[test]
fn nesting_up_to_the_limit_is_read_on_a_small_stack() {
    let depth = ParseLimits::default().depth - 2;
    let nested = |inner: &str, depth: usize| {
        format!(
            "{}{inner}{}",
            "<g opacity=\".9\">".repeat(depth),
            "</g>".repeat(depth)
        )
    };
    let run = move || {
        let svg = wrap(&nested("<rect width=\"9\" height=\"9\"/>", depth));
        let document = parse(&svg).document;
        document.render(16, 16, None).expect("renders");
        let deeper = wrap(&nested("<rect width=\"9\" height=\"9\"/>", depth + 1));
        assert!(matches!(refuse(&deeper), ParseError::TooDeep { .. }));
    };
    let thread = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(run)
        .expect("starts");
    thread.join().expect("does not overflow");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_look_the_same_after_writing_and_reading(document in common::any_document()) {
        let svg = document.to_svg(&WriteOptions::default());
        let read = parse(&svg).document;
        let before = document.render(128, 128, None).expect("renders");
        let after = read.render(128, 128, None).expect("renders");
        let difference = before.mean_difference(&after, Color::WHITE).expect("same size") * 255.0;
        prop_assert!(difference < 1.0, "{difference}\n{svg}");
    }
}

#[test]
fn files_are_read_in_their_encoding_by_every_door() {
    let limits = ParseLimits::default();
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>\
               <g id='Größe'><path d='M0 0h9v9z'/></g></svg>";
    let mut wide = vec![0xff, 0xfe];
    wide.extend(svg.encode_utf16().flat_map(u16::to_le_bytes));
    let head = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n";
    let latin: Vec<u8> = head.chars().chain(svg.chars()).map(|c| c as u8).collect();
    for bytes in [svg.as_bytes(), &wide, &latin] {
        let Parsed { document, warnings } = Document::parse(bytes, &limits).expect("is sound");
        assert_eq!(document.layers[0].id(), "Größe");
        assert_eq!(warnings, []);
        let clean = chat2svg_vector::sanitise::sanitise(bytes, &limits).expect("is sound");
        assert!(clean.svg.contains("Größe"));
    }
    let broken = svg.replace("</g>", "<title>x</title></g>");
    let broken = [broken.as_bytes(), b"<!-- \xe9\xe8 -->"].concat();
    let warnings = Document::parse(&broken, &limits)
        .expect("is sound")
        .warnings;
    assert!(
        warnings.iter().any(|w| w.kind == WarningKind::Encoding),
        "{warnings:?}"
    );
}

#[test]
fn entities_of_editors_are_read() {
    let svg = "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' \
               'svg11.dtd' [\n<!ENTITY ns_svg 'http://www.w3.org/2000/svg'>\n\
               <!ENTITY ns_xlink 'http://www.w3.org/1999/xlink'>\n<!ENTITY st0 'fill:#FF8000;'>\n]>\n\
               <svg xmlns='&ns_svg;' xmlns:xlink='&ns_xlink;' viewBox='0 0 9 9'>\n\
               <circle id='a' r='4' style='&st0;'/><use xlink:href='#a' x='5'/><rect widht='3' height='3'/></svg>";
    let Parsed { document, warnings } = parse(svg);
    assert_eq!(document.counts().shapes, 3);
    let written = document.to_svg(&WriteOptions::default());
    assert!(written.contains("#ff8000"), "{written}");
    // Places are those in the file as it is.
    let mended = &warnings[0];
    assert_eq!(
        (mended.positions[0].line, mended.positions[0].column),
        (8, 71),
        "{warnings:?}"
    );
}

#[test]
fn characters_that_the_font_lacks_are_left_out_and_counted_once() {
    for content in [
        "<text x='5' y='40' font-size='20'>漢字 שלום</text>",
        "<text x='5' y='40' font-size='20' direction='rtl'>שלום <tspan>مرحبا</tspan></text>",
        "<text x='50' y='10' font-size='20' writing-mode='tb'>日本</text>",
        "<text x='5' y='40' font-size='20' letter-spacing='3'>กขค</text>",
        "<path id='p' d='M5 50h90' fill='none'/><text><textPath href='#p'>日🦊</textPath></text>",
        "<text y='40' x='1 20 40' font-size='20'>한국어</text>",
    ] {
        let Parsed { document, warnings } = parse(&wrap(content));
        let picture = document
            .render(100, 100, Some(Color::WHITE))
            .expect("renders");
        let is_blank = picture.pixels().iter().all(|pixel| *pixel == [255; 4]);
        assert!(is_blank, "{content}: something is drawn");
        let told: Vec<_> = warnings
            .iter()
            .filter(|w| w.kind == WarningKind::Character)
            .collect();
        assert_eq!(told.len(), 1, "{warnings:?}");
        assert!(told[0].kind.changes_picture());
        let lacking = content.chars().filter(|c| !c.is_ascii()).count();
        assert_eq!(told[0].count, lacking, "{content}");
    }
    // What is there stays where it was.
    let placed = "<text x='5 40 70' y='50' font-size='20'>漢bc</text>";
    let bounds = parse(&wrap(placed))
        .document
        .paint_bounds()
        .expect("paints");
    assert!(
        (40.0..43.0).contains(&bounds.x0) && (75.0..82.0).contains(&bounds.x1),
        "{bounds}"
    );
    let after = parse(&wrap("<text x='5' y='50' font-size='20'>漢字b</text>")).document;
    let left = after.paint_bounds().expect("paints").x0;
    assert!((44.0..50.0).contains(&left), "{left}");
}

#[test]
fn files_of_careless_writers_are_read_and_cleaned() {
    let limits = ParseLimits::default();
    let rect = "<rect\u{2009}\u{200b}width='5'\u{a0}height='5'/></svg>";
    for root in [
        "<svg\u{a0}xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>",
        "<svg xmlns='http://example.org/svgs' viewBox='0 0 9 9'>",
        "<svg xmlns='htt' viewBox='0 0 9 9'>",
    ] {
        let svg = format!("{root}{rect}");
        let Parsed { document, warnings } = parse(&svg);
        assert_eq!(document.counts().shapes, 1, "{svg}: {warnings:?}");
        let clean =
            chat2svg_vector::sanitise::sanitise(svg.as_bytes(), &limits).expect("is mended");
        assert!(
            clean.svg.contains("<rect width=\"5\" height=\"5\""),
            "{}",
            clean.svg
        );
        assert!(!clean.warnings.is_empty());
    }
    // Data that only its own program shows is no loss.
    let svg = wrap(
        "<switch><foreignObject requiredExtensions='http://ns.example.org/'/><path d='M0 0h9v9z'/></switch>",
    );
    assert!(
        parse(&svg)
            .warnings
            .iter()
            .all(|warning| !warning.kind.changes_picture())
    );
}
