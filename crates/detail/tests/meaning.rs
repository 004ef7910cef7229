//! Stage 2 reads what stage 1 states, and no labels; words are read only where nothing is stated.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use chat2svg_detail::{DetailConfig, Enhanced, enhance};
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_stop::Stop;
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::{
    Document, Material, Meaning, Node, ParseLimits, Role, Setting, WriteOptions,
};

/// Scenes that between them have every light, most materials and all kinds of shadows.
const PROMPTS: [(&str, Option<Style>); 9] = [
    ("a red fox under a green tree at sunset", None),
    ("a campfire and a tent in a forest at night", None),
    ("a cat on a red sofa in a room at night with a lamp", None),
    ("five apples in a bowl on a table", None),
    ("three sailing boats on the sea at dawn", None),
    ("a house with a chimney beside a castle in the rain", None),
    ("a street at night", Some(Style::Pastel)),
    ("an owl on a branch under a full moon", Some(Style::LineArt)),
    ("two dogs and a rainbow", Some(Style::Sticker)),
];

fn composed(prompt: &str, style: Option<Style>) -> (Document, Style) {
    let options = ComposeOptions {
        style,
        seed: 1,
        ..ComposeOptions::default()
    };
    let made = compose_prompt(prompt, &Vocabulary::builtin(), &options);
    (made.document, made.style)
}

fn enhanced(document: &Document, style: Style) -> Enhanced {
    let mut config = DetailConfig::default();
    config.levels.high.target_side = 160;
    let parameters = config.levels.get(ResourceLevel::High);
    enhance(document, style, parameters, &Stop::never()).expect("nothing stops it")
}

fn each(nodes: &mut [Node], change: &mut dyn FnMut(&mut Node)) {
    for node in nodes {
        change(node);
        if let Node::Group(group) = node {
            each(&mut group.children, change);
        }
    }
}

#[test]
fn labels_change_nothing_in_what_is_stated() {
    for (prompt, style) in PROMPTS {
        let (document, style) = composed(prompt, style);
        let mut renamed = document.clone();
        let mut next = 0;
        each(&mut renamed.layers, &mut |node| {
            // Each of these words would say something if it were read.
            let label = ["sun", "castle shadow", "fox", "grass"][next % 4].to_owned();
            next += 1;
            match node {
                Node::Group(group) => group.label = label,
                Node::Shape(shape) => shape.label = label,
            }
        });
        let (given, other) = (enhanced(&document, style), enhanced(&renamed, style));
        assert_eq!(given.target, other.target, "{prompt}");
        assert_eq!(given.added.len(), other.added.len(), "{prompt}");
    }
}

#[test]
fn a_written_file_is_lit_as_the_document_is() {
    let (document, style) = composed(PROMPTS[0].0, None);
    let svg = document.to_svg(&WriteOptions::default());
    let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("it is ours");
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    let names = |made: Enhanced| -> Vec<String> {
        let of_light = |name: &String| !name.ends_with("gradient");
        made.added.into_iter().filter(of_light).collect()
    };
    assert_eq!(
        names(enhanced(&read.document, style)),
        names(enhanced(&document, style))
    );
}

#[test]
fn what_says_nothing_is_read_by_its_words() {
    let (document, style) = composed(PROMPTS[0].0, None);
    let mut silent = document.clone();
    silent.metadata.setting = Setting::default();
    each(&mut silent.layers, &mut |node| {
        *node.meaning_mut() = Meaning::NONE;
    });
    assert!(!silent.states_meaning());
    let found = enhanced(&silent, style);
    assert!(found.document.states_meaning(), "it says what was guessed");
    let with_bark = |made: &Enhanced| {
        made.added
            .iter()
            .filter(|name| name.contains("bark"))
            .count()
    };
    let given = enhanced(&document, style);
    assert!(with_bark(&given) > 0, "{:?}", given.added);
    assert_eq!(with_bark(&found), with_bark(&given));
    // The words of a document that says anything are not read.
    silent.layers[0].meaning_mut().role = Some(Role::Sky);
    silent.layers[0].meaning_mut().material = Some(Material::Water);
    assert_eq!(with_bark(&enhanced(&silent, style)), 0);
}

#[test]
fn what_is_added_says_what_it_is() {
    let mut roles = Vec::new();
    for (prompt, style) in PROMPTS {
        let (document, style) = composed(prompt, style);
        let mut made = enhanced(&document, style).document;
        each(&mut made.layers, &mut |node| {
            roles.extend(node.meaning().role);
        });
    }
    for role in Role::ALL {
        // Nothing of ours only gathers, and a thing need not say that it is one.
        let is_silent = matches!(role, Role::Layer | Role::Thing);
        assert_eq!(roles.contains(role), !is_silent, "{role}");
    }
}
