//! The joint of stages 1 and 2: what the composer knows is stated in its documents, and what is
//! stated is what the detailer acts on. `things`, `parts` and `settings` compose scenes and read
//! them; `vocabulary` asks of each word that can be stated whether it changes the picture.
//!
//! Lists of exceptions are what is lost between the two today. A new loss fails, and so does an
//! exception that is none any more: the lists can only shrink.

mod exceptions;
mod parts;
mod settings;
mod things;
mod vocabulary;

use std::collections::BTreeSet;

use chat2svg_template::embedded::{
    ArtReference, ComposeOptions, Material as Asked, Place, SceneDescription, SceneObject, Setting,
    TimeOfDay, Vocabulary, compose, understand,
};
use chat2svg_vector::{Document, Gloss, Role};

use crate::{
    scene::{Item, Scene, is_off_ground},
    texture::is_marked,
};

/// What the composer makes of a scene.
fn composed(scene: &SceneDescription) -> Document {
    compose(scene, &ComposeOptions::default())
}

/// What a prompt is understood to mean.
fn understood(prompt: &str) -> SceneDescription {
    understand(prompt, &Vocabulary::builtin())
}

/// A scene of one thing of a generator, called by the generator's name.
fn generated(generator: &str, material: Option<Asked>, setting: Setting) -> SceneDescription {
    let art = ArtReference::Generated {
        generator: generator.to_owned(),
    };
    one(&generator.replace('-', " "), &art, material, setting)
}

/// A scene of one thing.
fn one(
    label: &str,
    art: &ArtReference,
    material: Option<Asked>,
    setting: Setting,
) -> SceneDescription {
    let mut scene = understood("a ball");
    for object in &mut scene.objects {
        *object = SceneObject {
            label: label.to_owned(),
            art: art.clone(),
            material,
            ..object.clone()
        };
    }
    SceneDescription { setting, ..scene }
}

fn place(place: Place, time: TimeOfDay) -> Setting {
    Setting {
        place: Some(place),
        time: Some(time),
        ..Setting::default()
    }
}

/// What the detailer reads in what the composer makes of a scene.
fn read(scene: &SceneDescription) -> Scene {
    Scene::read(&composed(scene))
}

/// The items of a layer, without the shadows below it.
fn items_of<'a>(scene: &'a Scene, layer: &str) -> impl Iterator<Item = &'a Item> {
    scene
        .items
        .iter()
        .filter(move |item| item.layer() == layer && !item.role.is_shadow())
}

/// What the detailer acts on in one shape.
fn acted_on(item: &Item) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let marked = item.meaning.material;
    if let Some(material) = marked.filter(|material| is_marked(item.role, *material)) {
        found.insert(material.name().to_owned());
    }
    if item.role != Role::Thing {
        found.insert(item.role.name().to_owned());
    }
    let glossy = item.meaning.gloss == Some(Gloss::Glossy) && item.role == Role::Thing;
    let is = [
        (glossy, "gloss"),
        (item.meaning.role == Some(Role::Highlight), "highlight"),
        (item.is_wet() || item.is_water(), "wet"),
        (item.is_cloud(), "cloud"),
        (item.is_land(), "land"),
    ];
    found.extend(
        is.into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| name.to_owned()),
    );
    let lights = [item.meaning.emits, item.source];
    found.extend(
        lights
            .into_iter()
            .flatten()
            .map(|light| format!("gives {light}")),
    );
    found
}

/// Whether the thing of a layer is in the air.
fn is_in_the_air(scene: &Scene, layer: &str) -> bool {
    items_of(scene, layer)
        .next()
        .is_some_and(|item| is_off_ground(scene, item.object))
}

/// Compares what is lost with the list of what is known to be.
fn assert_lost<K: Into<String>>(
    what: &str,
    found: impl IntoIterator<Item = String>,
    known: impl IntoIterator<Item = K>,
) {
    let found: BTreeSet<String> = found.into_iter().collect();
    let known: BTreeSet<String> = known.into_iter().map(Into::into).collect();
    let new: Vec<&String> = found.difference(&known).collect();
    let gone: Vec<&String> = known.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "{what}\nstage 2 does not read any more: {new:#?}\nremove from the exceptions: {gone:#?}"
    );
}
