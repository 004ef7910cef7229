//! Parts of things: the names that generators give to shapes, and the materials that prompts ask
//! for.

use std::collections::BTreeSet;

use chat2svg_template::embedded::{
    Material as Asked, Place, Setting, TimeOfDay, generators, knowledge::nouns,
};

use super::{assert_lost, composed, exceptions, generated, place, read, understood};
use crate::{
    highlight::{GLOSSY, is_glossy},
    light::Light,
    scene::{FLYING, Item, Role, Scene, is_airborne},
    texture::{BOARDS, FEATHERED, FURRY, material_of},
};

/// What a generator draws that is ground, light or scenery by right.
const RIGHTLY_OTHER: [&str; 9] = [
    "full-moon is light",
    "grass is ground",
    "hedge is scenery",
    "lamp is light",
    "moon is light",
    "path is ground",
    "river is ground",
    "road is ground",
    "sun is light",
];

/// What stage 2 reads in the shapes of a thing, by their names.
fn readings(scene: &Scene, layer: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (index, item) in scene.items.iter().enumerate() {
        if item.layer() != layer || item.name.contains("shadow") {
            continue;
        }
        let mut tell = |reading: &str| {
            found.insert(format!("{}: {reading}", item.own_name()));
        };
        if let Some(material) = material_of(scene, index, item) {
            tell(&format!("{material:?}").to_lowercase());
        }
        if item.role != Role::Object {
            tell(&format!("{:?}", item.role).to_lowercase());
        }
        if item.is_water() || item.is_wet() {
            tell("wet");
        }
        if item.is_burning() {
            tell("burning");
        }
        if item.is_land() {
            tell("land");
        }
        if matches!(item.own_name(), "glow" | "outer glow") {
            tell("glow");
        }
    }
    found
}

/// What stage 2 reads in each thing that a generator draws, and in creatures whose bodies are drawn
/// to a head of the collection, as lines of a table.
fn table() -> String {
    const CREATURES: [&str; 6] = ["bear", "fox", "lion", "monkey", "owl", "robot"];
    let generated = generators::names().map(|name| (name, generated(name, None, meadow())));
    let creatures = CREATURES.map(|name| (name, understood(name)));
    let mut lines = Vec::new();
    for (name, scene) in generated.chain(creatures) {
        let words = name.replace('-', " ");
        let scene = read(&scene);
        let mut found = readings(&scene, &words);
        let object = scene.items.iter().find(|item| item.layer() == words);
        if object.is_some_and(|item| is_airborne(&scene, item.object)) {
            found.insert("(whole): air".to_owned());
        }
        if is_glossy(&words) {
            found.insert("(whole): gloss".to_owned());
        }
        lines.extend(
            found
                .into_iter()
                .map(|reading| format!("{name}: {reading}")),
        );
    }
    lines.join("\n")
}

fn meadow() -> Setting {
    place(Place::Meadow, TimeOfDay::Day)
}

#[test]
fn the_parts_of_things_are_read_as_before() {
    insta::assert_snapshot!("parts", table());
}

#[test]
fn things_are_things_and_the_open_air_is_no_room() {
    let mut lost = Vec::new();
    for generator in generators::names() {
        let words = generator.replace('-', " ");
        let document = composed(&generated(generator, None, meadow()));
        let scene = Scene::read(&document);
        let is_other = |item: &&Item| item.layer() == words && item.role != Role::Object;
        if let Some(item) = scene.items.iter().find(is_other) {
            lost.push(format!("{generator} is {:?}", item.role).to_lowercase());
        }
        if Light::of(&scene, document.view_box, true).indoors {
            lost.push(format!("{generator} makes a room"));
        }
    }
    let known = RIGHTLY_OTHER.into_iter().chain(exceptions::NO_THINGS);
    assert_lost("things that are something else", lost, known);
}

/// What stage 2 should read in a thing of a material; nothing for what is dull and plain.
fn wanted(material: Asked) -> Option<&'static str> {
    match material {
        Asked::Wood => Some("grain"),
        Asked::Stone => Some("stone"),
        Asked::Brick => Some("brick"),
        Asked::Fur => Some("fur"),
        Asked::Water => Some("water"),
        Asked::Grass => Some("grass"),
        Asked::Metal | Asked::Gold | Asked::Silver | Asked::Glass | Asked::Ice => Some("gloss"),
        Asked::Paper | Asked::Fabric => None,
    }
}

#[test]
fn the_material_that_was_asked_for_is_read() {
    const MATERIALS: [Asked; 13] = [
        Asked::Wood,
        Asked::Stone,
        Asked::Brick,
        Asked::Metal,
        Asked::Gold,
        Asked::Silver,
        Asked::Glass,
        Asked::Ice,
        Asked::Paper,
        Asked::Fabric,
        Asked::Fur,
        Asked::Water,
        Asked::Grass,
    ];
    let mut lost = Vec::new();
    for material in MATERIALS {
        for generator in ["cube", "box", "bench"] {
            let scene = read(&generated(generator, Some(material), meadow()));
            let mut found: BTreeSet<&str> = BTreeSet::new();
            let names = readings(&scene, generator);
            found.extend(names.iter().filter_map(|name| name.split(": ").nth(1)));
            if is_glossy(generator) {
                found.insert("gloss");
            }
            let reading = found.into_iter().next();
            if reading != wanted(material) {
                let reading = reading.unwrap_or("nothing");
                lost.push(format!("{generator} of {material:?}: {reading}").to_lowercase());
            }
        }
    }
    assert_lost("materials", lost, exceptions::MATERIALS);
}

#[test]
fn every_word_that_is_looked_for_is_given() {
    let given: BTreeSet<&str> = nouns().flat_map(|(noun, _)| noun.split(' ')).collect();
    // Groups are called by the plural.
    let is_given = |word: &str| {
        let singular = [
            word.strip_suffix("ies").map(|stem| format!("{stem}y")),
            word.strip_suffix("es").map(str::to_owned),
            word.strip_suffix('s').map(str::to_owned),
        ];
        given.contains(word)
            || singular
                .iter()
                .flatten()
                .any(|word| given.contains(word.as_str()))
    };
    let words = [GLOSSY, FURRY, FEATHERED, FLYING].concat();
    let mut lost: BTreeSet<String> = words
        .into_iter()
        .filter(|word| !is_given(word))
        .map(str::to_owned)
        .collect();

    let mut parts = BTreeSet::new();
    for generator in generators::names() {
        let scene = read(&generated(generator, None, meadow()));
        parts.extend(scene.items.iter().map(|item| item.own_name().to_owned()));
    }
    let boards = BOARDS.iter().map(|part| (*part).to_owned());
    lost.extend(boards.filter(|part| !parts.contains(part)));
    assert_lost("words that nothing is called by", lost, exceptions::IDLE);
}
