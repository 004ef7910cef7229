use chat2svg_vector::{ParseLimits, Raster};
use proptest::prelude::*;

use super::*;

fn document(inner: &str) -> Document {
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 100 100\" width=\"100\" height=\"100\">{inner}</svg>"
    );
    parsed(&svg)
}

fn parsed(svg: &str) -> Document {
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default());
    parsed
        .unwrap_or_else(|error| panic!("{error}: {svg}"))
        .document
}

fn picture(document: &Document) -> Raster {
    document.render(200, 200, Some(Color::WHITE)).unwrap()
}

/// How much two documents differ, as a mean over the picture.
fn difference(a: &Document, b: &Document) -> f64 {
    picture(a)
        .mean_difference(&picture(b), Color::WHITE)
        .unwrap()
}

#[test]
fn every_path_is_one_closed_chain_of_cubic_curves() {
    let drawn = document(
        r##"<g id="ball" transform="translate(10 5) scale(2)"><circle id="skin" cx="20" cy="20" r="10" fill="#d62222"/>
        <path d="M5 5Q10 0 15 5" fill="none" stroke="#123456" stroke-width="2"/></g>"##,
    );
    for form in [Form::Detail, Form::Optimize] {
        let flat = write(&drawn, 512, form).unwrap();
        assert_eq!((flat.paths, flat.left_out), (2, 0));
        for data in flat.svg.split(" d=\"").skip(1) {
            let data = data.split('"').next().unwrap();
            assert_eq!(data.matches('M').count(), 1, "{data}");
            assert!(!data.contains(['L', 'Z', 'Q', 'A', 'H', 'V']), "{data}");
        }
        assert!(
            difference(&drawn, &parsed(&flat.svg)) < 5e-4,
            "{}",
            flat.svg
        );
        assert!(flat.svg.contains("id=\"skin\""), "names stay: {}", flat.svg);
    }
}

#[test]
fn holes_stay_open_whatever_the_fill_rule() {
    for (rule, inner) in [
        ("evenodd", "M30 30H70V70H30Z"),
        ("nonzero", "M30 30V70H70V30Z"),
        ("evenodd", "M30 30H70V70H30Z M40 40H60V60H40Z"),
    ] {
        let ring = document(&format!(
            "<path fill-rule=\"{rule}\" fill=\"#224488\" d=\"M10 10H90V90H10Z {inner}\"/>"
        ));
        let flat = write(&ring, 512, Form::Detail).unwrap();
        assert_eq!(flat.paths, 1);
        assert!(
            difference(&ring, &parsed(&flat.svg)) < 1e-3,
            "{rule} {inner}"
        );
    }
}

#[test]
fn opacities_become_the_fills_and_gradients_their_mean() {
    let drawn = document(
        r##"<defs><linearGradient id="g"><stop offset="0" stop-color="#000000"/><stop offset="1" stop-color="#ffffff"/></linearGradient></defs>
        <g opacity="0.5"><rect width="40" height="40" fill="#ff0000" opacity="0.5"/></g><rect x="50" width="40" height="40" fill="url(#g)"/>"##,
    );
    let flat = write(&drawn, 512, Form::Detail).unwrap();
    assert!(flat.svg.contains("fill-opacity=\"0.25\""), "{}", flat.svg);
    assert!(flat.svg.contains("#808080"), "{}", flat.svg);
    assert!(flat.is_poorer);
    let template = with_flat_paints(&drawn);
    let shapes = template.shapes();
    assert!(
        shapes
            .iter()
            .all(|visit| visit.opacity == 1.0 && visit.shape.opacity == 1.0)
    );
    let fill = shapes[0].shape.fill.as_ref().unwrap();
    assert!((fill.opacity - 0.25).abs() < 1e-6);
}

#[test]
fn what_a_clip_path_shows_in_part_is_left_out_and_told() {
    let drawn = document(
        r##"<defs><clipPath id="c"><circle cx="50" cy="50" r="30"/></clipPath></defs>
        <g clip-path="url(#c)"><circle cx="50" cy="50" r="10" fill="#0000ff"/><rect width="60" height="60" fill="#ff0000"/></g>"##,
    );
    let flat = write(&drawn, 512, Form::Detail).unwrap();
    assert_eq!((flat.paths, flat.left_out), (1, 1));
}

#[test]
fn nothing_drawn_is_an_empty_list() {
    let flat = write(&document(""), 512, Form::Detail).unwrap();
    assert_eq!(flat.paths, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn drawings_look_the_same(points in proptest::collection::vec((5.0_f64..95.0, 5.0_f64..95.0), 3..9), even_odd: bool) {
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
        // One contour may cross itself under the winding rule only.
        let rule = if even_odd && points.len() == 3 { "evenodd" } else { "nonzero" };
        let drawn = document(&format!("<polygon fill-rule=\"{rule}\" fill=\"#335577\" points=\"{}\"/>", list.join(" ")));
        let flat = write(&drawn, 512, Form::Detail).unwrap();
        if flat.paths == 1 {
            prop_assert!(difference(&drawn, &parsed(&flat.svg)) < 2e-3);
        }
    }
}
