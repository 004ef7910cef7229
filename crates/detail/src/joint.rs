//! The joint of stages 1 and 2: what the composer states is what the detailer reads. Today it is
//! stated by the names of layers and shapes, so each name that the composer gives is looked up
//! here.
//!
//! Lists of exceptions are what is lost between the two today. A new loss fails, and so does an
//! exception that is none any more: the lists can only shrink.

mod exceptions;
mod parts;
mod settings;
mod things;

use std::collections::BTreeSet;

use chat2svg_template::embedded::{
    ArtReference, ComposeOptions, Material, Place, SceneDescription, SceneObject, Setting,
    TimeOfDay, Vocabulary, compose, understand,
};
use chat2svg_vector::Document;

use crate::scene::Scene;

/// What the composer makes of a scene.
fn composed(scene: &SceneDescription) -> Document {
    compose(scene, &ComposeOptions::default())
}

/// What a prompt is understood to mean.
fn understood(prompt: &str) -> SceneDescription {
    understand(prompt, &Vocabulary::builtin())
}

/// A scene of one thing of a generator, called by the generator's name.
fn generated(generator: &str, material: Option<Material>, setting: Setting) -> SceneDescription {
    let words = generator.replace('-', " ");
    let mut scene = understood("a ball");
    for object in &mut scene.objects {
        *object = SceneObject {
            label: words.clone(),
            art: ArtReference::Generated {
                generator: generator.to_owned(),
            },
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
