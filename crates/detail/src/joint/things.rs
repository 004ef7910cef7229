//! Things by their names: what flies, what shines, what has a coat or a gloss.

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_template::embedded::{
    ArtReference, Place, TimeOfDay,
    knowledge::{Habitat, gives_light, habitat, nouns},
};
use chat2svg_vector::{Color, Document, Group, Metadata, Node, Paint, Shape};
use kurbo::{Rect, Shape as _};

use super::{assert_lost, exceptions, place, read, understood};
use crate::{
    air::is_lamp_head,
    highlight::{body_name, is_glossy},
    scene::{Item, Role, Scene, is_airborne},
    texture::material_of,
};

/// A thing as the composer calls it: a layer of the prompt's words, with one shape of no name of
/// its own.
fn called(noun: &str) -> Scene {
    let path = Rect::new(40.0, 40.0, 60.0, 60.0).to_path(0.1);
    let grey = Paint::Solid(Color::from_rgb8(120, 120, 120));
    let group = Group {
        children: vec![Node::Shape(Shape::filled("grey body", path, grey))],
        ..Group::new(noun)
    };
    Scene::read(&Document {
        width: 100.0,
        height: 100.0,
        view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: vec![Node::Group(group)],
    })
}

/// What stage 2 reads in a name.
fn readings(noun: &str) -> BTreeSet<String> {
    let scene = called(noun);
    let Some(item) = scene.items.first() else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    if let Some(material) = material_of(&scene, 0, item) {
        found.insert(format!("{material:?}").to_lowercase());
    }
    if is_glossy(item.layer()) {
        found.insert("gloss".to_owned());
    }
    if is_airborne(&scene, item.object) {
        found.insert("air".to_owned());
    }
    if item.is_land() {
        found.insert("land".to_owned());
    }
    if item.role != Role::Object {
        found.insert(format!("{:?}", item.role).to_lowercase());
    }
    found
}

/// A name of a picture, for lists.
fn name_of(art: &ArtReference) -> String {
    match art {
        ArtReference::Twemoji { name, .. } | ArtReference::Library { name, .. } => name.clone(),
        ArtReference::Generated { generator } => generator.clone(),
    }
}

#[test]
fn all_names_of_a_picture_are_read_alike() {
    let mut pictures = BTreeMap::<String, BTreeSet<&str>>::new();
    for (noun, art) in nouns() {
        pictures.entry(name_of(&art)).or_default().insert(noun);
    }
    assert!(pictures.len() > 500, "{} pictures", pictures.len());
    let mut lost = Vec::new();
    for (_, names) in pictures {
        let read: Vec<_> = names.iter().map(|noun| (noun, readings(noun))).collect();
        let all: BTreeSet<String> = read.iter().flat_map(|(_, found)| found.clone()).collect();
        for (noun, found) in &read {
            lost.extend(
                all.difference(found)
                    .map(|reading| format!("{reading}: {noun}")),
            );
        }
    }
    assert_lost(
        "names of one picture that are read unlike",
        lost,
        exceptions::unlike_names(),
    );
}

#[test]
fn what_is_at_home_in_the_sky_is_in_the_air() {
    let mut lost = BTreeSet::new();
    for (noun, _) in nouns() {
        let scene = called(noun);
        // Sun, moon and weather have roles of their own, in which they stand on nothing.
        if scene.items.iter().any(|item| item.role != Role::Object) {
            continue;
        }
        match (habitat(noun) == Habitat::Sky, is_airborne(&scene, 0)) {
            (true, false) => lost.insert(format!("{noun} does not fly")),
            (false, true) => lost.insert(format!("{noun} flies")),
            _ => false,
        };
    }
    assert_lost("what is in the air", lost, exceptions::IN_THE_AIR);
}

#[test]
fn what_shines_gives_light() {
    const SURROUNDINGS: [&str; 4] = ["background", "sky", "stars", "clouds"];
    let mut lost = BTreeSet::new();
    for (noun, _) in nouns().filter(|(noun, _)| gives_light(noun)) {
        let mut scene = understood(noun);
        scene.setting = place(Place::Plain, TimeOfDay::Night);
        let scene = read(&scene);
        let mut own = scene
            .items
            .iter()
            .filter(|item| !SURROUNDINGS.contains(&item.layer()));
        if !own.any(|item| item.role == Role::Light || item.is_burning() || is_lamp_head(item)) {
            lost.insert(noun.to_owned());
        }
    }
    assert_lost("what shines", lost, exceptions::DARK);
}

#[test]
fn each_member_of_a_group_is_a_body() {
    for (prompt, layer, count) in [("three apples", "apples", 3), ("an apple", "apple", 1)] {
        let scene = read(&understood(prompt));
        let bodies: BTreeSet<&str> = scene
            .items
            .iter()
            .filter(|item| item.layer() == layer && !item.name.contains("shadow"))
            .map(body_name)
            .collect();
        assert_eq!(bodies.len(), count, "{prompt}: {bodies:?}");
    }
}

#[test]
fn the_front_of_what_holds_something_is_as_glossy_as_the_whole() {
    let scene = read(&understood("three apples in a bowl on a table"));
    let fronts: BTreeSet<&str> = scene
        .items
        .iter()
        .map(Item::layer)
        .filter(|layer| layer.ends_with("(front)"))
        .collect();
    assert_eq!(fronts, BTreeSet::from(["bowl (front)"]));
    assert!(fronts.into_iter().all(is_glossy));
}
