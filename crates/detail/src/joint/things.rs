//! Things by what the composer knows of their names: what flies, what shines, what has a coat or a
//! gloss.

use std::collections::{BTreeMap, BTreeSet};

use chat2svg_template::embedded::{
    ArtReference, Place, TimeOfDay,
    knowledge::{Habitat, gives_light, habitat, nouns},
};
use chat2svg_vector::{Gloss, Part, Role};

use super::{
    acted_on, assert_lost, exceptions, is_in_the_air, items_of, one, place, read, understood,
};
use crate::scene::{Item, Scene};

/// What the detailer reads of one thing, alone in a plain night.
fn called(noun: &str, art: &ArtReference) -> Scene {
    let setting = place(Place::Plain, TimeOfDay::Night);
    read(&one(noun, art, None, setting))
}

/// What the detailer acts on in a thing, whichever of its parts it is stated of.
fn readings(scene: &Scene, noun: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = items_of(scene, noun).flat_map(acted_on).collect();
    if is_in_the_air(scene, noun) {
        found.insert("air".to_owned());
    }
    found
}

#[test]
fn what_is_known_of_a_name_is_acted_on() {
    let mut pictures = BTreeMap::<String, BTreeMap<&str, BTreeSet<String>>>::new();
    let mut in_the_air = BTreeSet::new();
    let mut dark = BTreeSet::new();
    for (noun, art) in nouns() {
        let scene = called(noun, &art);
        let found = readings(&scene, noun);
        // What only gives light stands on nothing, and throws no shadow.
        let is_light = found.contains(Role::Light.name());
        match (habitat(noun, &art) == Habitat::Sky, found.contains("air")) {
            (true, false) if !is_light => in_the_air.insert(format!("{noun} does not fly")),
            (false, true) => in_the_air.insert(format!("{noun} flies")),
            _ => false,
        };
        let shines = found.iter().any(|reading| reading.starts_with("gives "));
        if gives_light(noun, &art) && !shines {
            dark.insert(noun.to_owned());
        }
        let names = pictures.entry(art.name().to_owned()).or_default();
        names.insert(noun, found);
    }
    assert!(pictures.len() > 500, "{} pictures", pictures.len());
    let mut unlike = Vec::new();
    for names in pictures.values() {
        let all: BTreeSet<&String> = names.values().flatten().collect();
        for (noun, found) in names {
            let lost = all.iter().filter(|reading| !found.contains(**reading));
            unlike.extend(lost.map(|reading| format!("{reading}: {noun}")));
        }
    }
    assert!(in_the_air.is_empty(), "{in_the_air:#?}");
    assert_lost("what shines", dark, exceptions::DARK);
    assert_lost(
        "names of one picture that are read unlike",
        unlike,
        exceptions::unlike_names(),
    );
}

#[test]
fn each_member_of_a_group_is_a_body() {
    for (prompt, layer, count) in [("three apples", "apples", 3), ("an apple", "apple", 1)] {
        let scene = read(&understood(prompt));
        let bodies: BTreeSet<_> = items_of(&scene, layer)
            .map(|item| (item.object, item.meaning.member))
            .collect();
        assert_eq!(bodies.len(), count, "{prompt}: {bodies:?}");
    }
}

#[test]
fn the_front_of_what_holds_something_is_as_glossy_as_the_whole() {
    let scene = read(&understood("three apples in a bowl on a table"));
    let is_front = |item: &&Item| item.meaning.part == Some(Part::Front);
    let fronts: Vec<&Item> = scene.items.iter().filter(is_front).collect();
    assert!(fronts.iter().any(|front| front.layer() == "bowl (front)"));
    for front in fronts {
        assert_eq!(front.layer(), "bowl (front)");
        assert_eq!(front.meaning.gloss, Some(Gloss::Glossy));
    }
}
