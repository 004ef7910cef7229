//! Coordinates far from zero, as of maps in metres: what they show is what the same drawing shows
//! near zero.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use chat2svg_vector::{Color, Document, ParseLimits, Raster, Warning, WarningKind};

/// Where the drawing is. No single-precision number is near it.
const FAR: [f64; 2] = [7_340_033.3, -3_141_592.7];

/// A drawing of 40 by 30 whose upper left corner is at a place. All that is absolute in it counts
/// from there.
fn drawing([left, top]: [f64; 2]) -> String {
    let x = |by: f64| left + by;
    let y = |by: f64| top + by;
    let defs = format!(
        r##"<linearGradient id="stops"><stop stop-color="#104070"/><stop offset="1" stop-color="#f0d060"/></linearGradient>
<linearGradient id="line" href="#stops" gradientUnits="userSpaceOnUse" x1="{}" y1="{}" x2="{}" y2="{}"/>
<radialGradient id="round" href="#stops" gradientUnits="userSpaceOnUse" cx="{}" cy="{}" r="5" fx="{}" fy="{}"/>
<clipPath id="cut"><circle cx="{}" cy="{}" r="4"/></clipPath>
<clipPath id="box" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/></clipPath>
<mask id="half"><rect x="{}" y="{}" width="5" height="6" fill="#fff"/></mask>
<pattern id="tiles" patternUnits="userSpaceOnUse" x="{}" y="{}" width="2" height="2"><rect x="{}" y="{}" width="1" height="1" fill="#b03060"/></pattern>
<pattern id="dots" href="#dot"/>
<pattern id="dot" width=".5" height=".5" viewBox="0 0 4 4"><circle cx="2" cy="2" r="1"/></pattern>
<symbol id="mark"><path d="M0 0h3v2h-3z"/></symbol>
<g id="flag"><path d="M{} {}l3 1-3 1z"/></g>"##,
        x(20.0),
        y(0.0),
        x(40.0),
        y(0.0),
        x(8.0),
        y(24.0),
        x(7.0),
        y(23.0),
        x(30.0),
        y(10.0),
        x(21.0),
        y(20.0),
        x(33.0),
        y(20.0),
        x(33.5),
        y(20.5),
        x(1.0),
        y(1.0),
    );
    let shapes = format!(
        r##"<rect x="{}" y="{}" width="40" height="30" fill="#e8f4ff"/>
<circle cx="{}" cy="{}" r="3.3" fill="#f5a623"/>
<path d="m{} {}c2-4 6-4 8 0s-2 5-4 5q-3 0-4-5z" fill="#3b7d4f"/>
<path d="M{} {}C{} {} {} {} {} {}A2 1.5 20 0 1 {} {}T{} {}V{}H{}Z" fill="#7a3b7d" stroke="#222" stroke-width=".4"/>
<rect x="{}" y="{}" width="20" height="4" fill="url(#line)"/>
<circle cx="{}" cy="{}" r="5" fill="url(#round)"/>
<g clip-path="url(#cut)"><rect x="{}" y="{}" width="9" height="9" fill="#c0392b"/></g>
<rect x="{}" y="{}" width="4" height="4" fill="#222" clip-path="url(#box)"/>
<rect x="{}" y="{}" width="8" height="6" fill="#2980b9" mask="url(#half)"/>
<rect x="{}" y="{}" width="6" height="6" fill="url(#tiles)"/>
<rect x="{}" y="{}" width="5" height="3" fill="url(#dots)"/>
<use href="#mark" x="{}" y="{}" fill="#111"/>
<use href="#flag" fill="#900"/><use href="#flag" x="1.5" y="3" fill="#090"/>
<polygon points="{},{} {},{} {},{}" fill="#555"/>
<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#000" stroke-width=".5"/>
<g transform="translate({} {}) rotate(30)"><rect width="3" height="2" fill="#0aa"/></g>
<g transform="scale(.5)"><circle cx="{}" cy="{}" r="2.6" fill="#a0a"/></g>"##,
        x(0.0),
        y(0.0),
        x(5.3),
        y(6.1),
        x(10.2),
        y(8.3),
        x(12.0),
        y(20.1),
        x(13.3),
        y(16.0),
        x(16.1),
        y(15.5),
        x(17.2),
        y(19.0),
        x(18.4),
        y(22.0),
        x(17.0),
        y(25.3),
        y(26.1),
        x(13.0),
        x(20.0),
        y(0.0),
        x(8.0),
        y(24.0),
        x(27.0),
        y(7.0),
        x(36.0),
        y(6.0),
        x(20.0),
        y(20.0),
        x(33.0),
        y(20.0),
        x(12.0),
        y(26.4),
        x(35.0),
        y(26.5),
        x(22.0),
        y(12.0),
        x(25.5),
        y(13.0),
        x(23.0),
        y(16.0),
        x(1.0),
        y(14.0),
        x(9.0),
        y(15.5),
        x(33.0),
        y(14.0),
        2.0 * x(3.0),
        2.0 * y(18.0),
    );
    format!("<defs>{defs}</defs>{shapes}")
}

fn parsed(view_box: &str, content: &str) -> (Document, Vec<Warning>) {
    let svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="{view_box}">{content}</svg>"##
    );
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is sound");
    (parsed.document, parsed.warnings)
}

fn shown(document: &Document) -> Raster {
    let shown = document.render(800, 600, Some(Color::WHITE));
    shown.expect("renders")
}

/// How many pixels of two pictures are visibly apart.
fn apart(a: &Raster, b: &Raster) -> usize {
    let pairs = a.pixels().iter().zip(b.pixels());
    let far = |a: &[u8; 4], b: &[u8; 4]| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 6);
    pairs.filter(|(a, b)| far(a, b)).count()
}

#[test]
fn a_drawing_far_from_zero_shows_what_it_shows_near_zero() {
    let [left, top] = FAR;
    let (near, warnings) = parsed("0 0 40 30", &drawing([0.0, 0.0]));
    assert!(warnings.iter().all(|w| w.kind != WarningKind::Origin));
    let wanted = shown(&near);
    let cases = [
        ("view box", format!("{left} {top} 40 30"), drawing(FAR)),
        (
            "moved back",
            "0 0 40 30".to_owned(),
            format!(
                r#"<g transform="translate({} {})">{}</g>"#,
                -left,
                -top,
                drawing(FAR)
            ),
        ),
        (
            "moved there",
            format!("{left} {top} 40 30"),
            format!(
                r#"<g transform="translate({left} {top})">{}</g>"#,
                drawing([0.0; 2])
            ),
        ),
        (
            "turned over twice",
            format!("{left} {} 40 30", -top - 30.0),
            format!(
                r#"<g transform="scale(1 -1)"><g transform="matrix(1 0 0 -1 0 {})">{}</g></g>"#,
                2.0 * top + 30.0,
                drawing(FAR)
            ),
        ),
    ];
    for (name, view_box, content) in cases {
        let (document, _) = parsed(&view_box, &content);
        let found = apart(&shown(&document), &wanted);
        assert!(found <= 24, "{name}: {found} pixels");
    }
}

#[test]
fn what_counts_from_another_corner_is_said_and_lasts_when_written() {
    let [left, top] = FAR;
    let (document, warnings) = parsed(&format!("{left} {top} 40 30"), &drawing(FAR));
    let origin = warnings.iter().find(|w| w.kind == WarningKind::Origin);
    let origin = origin.expect("is told");
    assert_eq!(origin.subject, format!("{left} {top}"));
    assert!(!origin.kind.changes_picture());
    assert_eq!(document.view_box.origin(), kurbo::Point::ZERO);
    let written = document.to_svg(&chat2svg_vector::WriteOptions::default());
    let again = Document::parse(written.as_bytes(), &ParseLimits::default()).expect("is sound");
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    assert!(apart(&shown(&again.document), &shown(&document)) <= 24);
}

#[test]
fn what_cannot_be_in_two_places_stays_and_is_said() {
    let [left, top] = FAR;
    let (x, y) = (left + 5.0, top + 5.0);
    let content = format!(
        r##"<clipPath id="c"><circle cx="{x}" cy="{y}" r="4"/></clipPath>
<rect x="{left}" y="{top}" width="9" height="9" clip-path="url(#c)"/>
<g transform="translate({left} {top})"><rect width="9" height="9" clip-path="url(#c)"/></g>"##
    );
    let (document, warnings) = parsed(&format!("{left} {top} 40 30"), &content);
    assert_eq!(document.view_box.x0, left);
    let told = |w: &Warning| w.kind == WarningKind::Presentation;
    assert!(warnings.iter().any(told), "{warnings:?}");
}
