//! Meaning: it comes back from a file, in few attributes, and what is not in the vocabulary is
//! told.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use chat2svg_vector::{
    Document, Emission, Material, Meaning, Mergeable, Node, ParseLimits, Parsed, Place, Role,
    Setting, TimeOfDay, WarningKind, WriteOptions, sanitise,
};
use proptest::prelude::*;

fn parse(svg: &str) -> Parsed {
    Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("it is readable")
}

fn picture(root: &str, inner: &str) -> String {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" {root}>{inner}</svg>"#)
}

const LAKE: &str = r##"<g data-role="ground" data-material="water">
    <path d="M0 50h100v50h-100z" fill="#48c"/>
    <path d="M0 60h100v9h-100z" fill="#59d" data-material="ice"/>
</g>
<g data-role="light" data-emits="moon"><circle cx="50" cy="20" r="9" opacity="0.9"/></g>
<circle cx="10" cy="20" r="9" data-role="thing" data-member="2"/>"##;

/// Of each shape what holds for it.
fn meanings(document: &Document) -> Vec<Meaning> {
    let shapes = document.shapes();
    shapes
        .iter()
        .map(|visit| {
            let around = visit.groups.iter();
            let group = around.fold(Meaning::NONE, |all, group| group.meaning.within(all));
            visit.shape.meaning.within(group)
        })
        .collect()
}

#[test]
fn a_file_says_what_its_nodes_are() {
    let parsed = parse(&picture(r#"data-place="lake" data-time="night""#, LAKE));
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let document = parsed.document;
    let setting = Setting {
        place: Some(Place::Lake),
        time: Some(TimeOfDay::Night),
        weather: None,
    };
    assert_eq!(document.metadata.setting, setting);
    assert!(document.states_meaning());
    let found = meanings(&document);
    let [water, ice, moon, thing] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (water.role, water.material),
        (Some(Role::Ground), Some(Material::Water))
    );
    assert_eq!(
        (ice.role, ice.material),
        (Some(Role::Ground), Some(Material::Ice))
    );
    // The group gives the light, not each shape in it.
    assert_eq!((moon.role, moon.emits), (Some(Role::Light), None));
    assert_eq!(document.layers[1].meaning().emits, Some(Emission::Moon));
    assert_eq!((thing.role, thing.member), (Some(Role::Thing), Some(2)));
}

#[test]
fn it_comes_back_from_the_written_file_also_without_metadata() {
    let document = parse(&picture(r#"data-weather="fog""#, LAKE)).document;
    for metadata in [true, false] {
        let options = WriteOptions {
            metadata,
            ..WriteOptions::default()
        };
        let written = document.to_svg(&options);
        let read = parse(&written);
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        assert_eq!(meanings(&read.document), meanings(&document), "{written}");
        assert_eq!(read.document.metadata.setting, document.metadata.setting);
    }
}

#[test]
fn unknown_words_are_told_and_left_out() {
    let svg = picture(
        r#"data-time="teatime""#,
        r#"<g data-role="hero" data-material="wood"><path d="M0 0h9v9z" data-member="many"/></g>"#,
    );
    let parsed = parse(&svg);
    let told: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(parsed.warnings.len(), 3, "{told:?}");
    for (warning, subject) in parsed.warnings.iter().zip([
        r#"data-time="teatime""#,
        r#"data-role="hero""#,
        r#"data-member="many""#,
    ]) {
        assert_eq!(warning.kind, WarningKind::Meaning);
        assert_eq!(warning.subject, subject);
        assert!(!warning.kind.changes_picture());
    }
    assert_eq!(parsed.document.metadata.setting, Setting::default());
    let found = meanings(&parsed.document);
    assert_eq!(found[0].role, None);
    assert_eq!(found[0].material, Some(Material::Wood));
    let text = sanitise::sanitise(svg.as_bytes(), &ParseLimits::default()).expect("it is SVG");
    assert!(text.svg.contains(r#"data-material="wood""#), "{}", text.svg);
    assert!(!text.svg.contains("hero") && !text.svg.contains("teatime"));
}

#[test]
fn effects_alone_state_nothing() {
    let inner = r#"<path d="M0 0h9v9z"/><path d="M0 0h9v9z" data-role="highlight"/>"#;
    assert!(!parse(&picture("", inner)).document.states_meaning());
    assert!(
        parse(&picture(r#"data-place="sea""#, inner))
            .document
            .states_meaning()
    );
}

#[test]
fn shapes_of_different_meaning_stay_apart() {
    let square = |x: u32, said: &str| format!(r#"<path d="M{x} 0h9v9z" {said}/>"#);
    let count = |first: &str, second: &str| {
        let inner = square(0, first) + &square(50, second);
        let mut document = parse(&picture("", &inner)).document;
        document.mark_drawn_here();
        document.merge_paths(Mergeable::Alike);
        document.shapes().len()
    };
    assert_eq!(count("", ""), 1);
    let fire = r#"data-emits="fire""#;
    assert_eq!((count(fire, fire), count(fire, "")), (1, 2));
}

fn strip(node: &mut Node) {
    *node.meaning_mut() = Meaning::NONE;
    if let Node::Group(group) = node {
        group.children.iter_mut().for_each(strip);
    }
}

proptest! {
    #[test]
    fn random_meaning_survives_a_file_and_changes_no_pixel(document in common::any_document()) {
        let written = document.to_svg(&WriteOptions::default());
        let read = parse(&written).document;
        let again = parse(&read.to_svg(&WriteOptions::default())).document;
        prop_assert_eq!(meanings(&read), meanings(&again));
        let mut plain = read.clone();
        plain.layers.iter_mut().for_each(strip);
        prop_assert_eq!(plain.render(64, 64, None), read.render(64, 64, None));
    }
}
