//! Parts of things: what generators state of their shapes, and the materials that prompts ask for.

use std::collections::BTreeSet;

use chat2svg_template::embedded::{Material as Asked, Place, Setting, TimeOfDay, generators};
use chat2svg_vector::{Gloss, Material, Role};

use super::{
    acted_on, assert_lost, composed, generated, is_in_the_air, items_of, place, read, understood,
};
use crate::{
    light::Light,
    scene::{Item, Scene},
};

/// What a generator draws that is ground, light or scenery by right.
const RIGHTLY_OTHER: [&str; 11] = [
    "full-moon is light",
    "grass is ground",
    "lamp is light",
    "moon is light",
    "path is ground",
    "pond is ground",
    "river is ground",
    "road is ground",
    "rug is ground",
    "star is light",
    "sun is light",
];

/// What stage 2 acts on in each thing that a generator draws, and in creatures whose bodies are
/// drawn to a head of the collection, as lines of a table: what holds for all shapes of a thing,
/// then what holds for some.
fn table() -> String {
    const CREATURES: [&str; 6] = ["bear", "fox", "lion", "monkey", "owl", "robot"];
    let generated = generators::names().map(|name| (name, generated(name, None, meadow())));
    let creatures = CREATURES.map(|name| (name, understood(name)));
    let mut lines = Vec::new();
    for (name, scene) in generated.chain(creatures) {
        let words = name.replace('-', " ");
        let scene = read(&scene);
        let shapes: Vec<_> = items_of(&scene, &words)
            .map(|item| (item, acted_on(item)))
            .collect();
        let mut whole = shapes
            .iter()
            .filter(|(item, _)| !item.meaning.role.is_some_and(Role::is_effect))
            .map(|(_, found)| found.clone())
            .reduce(|all, found| &all & &found)
            .unwrap_or_default();
        let mut found: BTreeSet<String> = shapes
            .iter()
            .flat_map(|(item, found)| {
                let own = item.name.rsplit(" / ").next().unwrap_or(&item.name);
                (found - &whole)
                    .into_iter()
                    .map(move |reading| format!("{own}: {reading}"))
            })
            .collect();
        if is_in_the_air(&scene, &words) {
            whole.insert("air".to_owned());
        }
        found.extend(
            whole
                .into_iter()
                .map(|reading| format!("(whole): {reading}")),
        );
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
fn the_parts_of_things_are_acted_on_as_before() {
    insta::assert_snapshot!("parts", table());
}

#[test]
fn things_are_things_and_the_open_air_is_no_room() {
    let mut lost = Vec::new();
    for generator in generators::names() {
        let words = generator.replace('-', " ");
        let document = composed(&generated(generator, None, meadow()));
        let scene = Scene::read(&document);
        if let Some(item) = items_of(&scene, &words).find(|item| item.role != Role::Thing) {
            lost.push(format!("{generator} is {}", item.role));
        }
        if Light::of(&scene, document.view_box, true).indoors {
            lost.push(format!("{generator} makes a room"));
        }
    }
    assert_lost("things that are something else", lost, RIGHTLY_OTHER);
}

/// What stage 2 should act on in a thing of a material; nothing for what is dull and plain.
fn wanted(material: Asked) -> Option<&'static str> {
    match material {
        Asked::Metal | Asked::Gold | Asked::Silver | Asked::Glass | Asked::Ice => Some("gloss"),
        Asked::Water => Some("wet"),
        Asked::Paper | Asked::Fabric | Asked::Sand | Asked::Snow | Asked::Cloud => None,
        marked => Some(marked.name()),
    }
}

#[test]
fn the_material_that_was_asked_for_is_acted_on() {
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
            let found: BTreeSet<String> = items_of(&scene, generator).flat_map(acted_on).collect();
            let wanted: BTreeSet<String> =
                wanted(material).map(str::to_owned).into_iter().collect();
            if found != wanted {
                let found: Vec<&str> = found.iter().map(String::as_str).collect();
                let found = if found.is_empty() {
                    "nothing"
                } else {
                    &*found.join(", ")
                };
                lost.push(format!("{generator} of {material}: {found}"));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// What stage 2 acts on of materials in the thing that a prompt is about: for each part that is of
/// one, its name and the material, and "gloss" where the thing mirrors light.
fn materials(prompt: &str, layer: &str) -> (BTreeSet<(String, Material)>, bool) {
    let scene = read(&understood(prompt));
    let parts: Vec<&Item> = items_of(&scene, layer).collect();
    assert!(!parts.is_empty(), "{prompt}: no {layer}");
    let own = |item: &Item| {
        item.name
            .rsplit(" / ")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let stated = parts
        .iter()
        .filter_map(|item| Some((own(item), item.meaning.material?)));
    let is_glossy = |item: &&Item| item.meaning.gloss == Some(Gloss::Glossy);
    (stated.collect(), parts.iter().any(is_glossy))
}

#[test]
fn a_material_is_stated_of_the_parts_that_are_of_it() {
    let (boat, glossy) = materials("a wooden boat", "wooden boat");
    let is_wood = |part: &str| boat.contains(&(part.to_owned(), Material::Wood));
    assert!(is_wood("hull") && !is_wood("sail"), "{boat:?}");
    assert!(!glossy);
    let (table, glossy) = materials("a glass table", "glass table");
    assert!(
        table
            .iter()
            .all(|(_, material)| *material == Material::Glass),
        "{table:?}"
    );
    assert!(!table.is_empty() && glossy);
    let (crown, glossy) = materials("a golden crown", "golden crown");
    assert!(
        crown
            .iter()
            .any(|(_, material)| *material == Material::Gold),
        "{crown:?}"
    );
    assert!(glossy);
    let (owl, glossy) = materials("a wooden owl", "wooden owl");
    assert!(
        owl.iter().all(|(_, material)| *material == Material::Wood),
        "{owl:?}"
    );
    assert!(!owl.is_empty() && !glossy);
    let (ball, glossy) = materials("a wooden ball", "wooden ball");
    assert!(
        ball.iter().any(|(_, material)| *material == Material::Wood),
        "{ball:?}"
    );
    assert!(!glossy, "wood is dull, though other balls are glossy");
}
