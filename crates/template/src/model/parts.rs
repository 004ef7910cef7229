//! The embedded composer's pictures of the things of a prompt, as parts for a model.

use std::collections::HashSet;
use std::fmt::Write as _;

use chat2svg_protocol::{Background, Style};
use chat2svg_vector::WriteOptions;

use crate::embedded::{
    ComposeOptions, SceneDescription, SceneObject, Setting, Vocabulary, compose_with_library,
};

/// Things that are shown, at the most.
const MOST: usize = 4;
/// Bytes of one part; what is longer would be copied rather than drawn.
const MAX_BYTES: usize = 6_000;
/// Sides of the canvas that a part fills.
const SIDE: u32 = 128;

/// A drawing of each thing, small ones only; `None` when there is none.
pub(super) fn describe(scene: &SceneDescription, vocabulary: &Vocabulary) -> Option<String> {
    let mut text = String::new();
    let mut seen = HashSet::new();
    for object in &scene.objects {
        if seen.len() == MOST || !seen.insert(object.art.name().to_owned()) {
            continue;
        }
        let svg = drawing(object, vocabulary);
        if svg.len() <= MAX_BYTES {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}: {}", object.label, svg.trim());
        }
    }
    (!text.is_empty()).then_some(text)
}

fn drawing(object: &SceneObject, vocabulary: &Vocabulary) -> String {
    let alone = SceneDescription {
        objects: vec![SceneObject {
            count: 1,
            ..object.clone()
        }],
        setting: Setting {
            background: Some(Background::Transparent),
            ..Setting::default()
        },
        ..SceneDescription::default()
    };
    let options = ComposeOptions {
        width: SIDE,
        height: SIDE,
        style: Some(Style::Flat),
        ..ComposeOptions::default()
    };
    let composed = compose_with_library(&alone, &options, vocabulary.library());
    composed.document.to_svg(&WriteOptions {
        indent: false,
        metadata: false,
        ..WriteOptions::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::embedded::understand;

    use super::*;

    #[test]
    fn each_thing_is_shown_once_and_small() {
        let vocabulary = Vocabulary::builtin();
        let scene = understand("three red apples beside a house", &vocabulary);
        let parts = describe(&scene, &vocabulary).unwrap();
        assert_eq!(parts.matches("<svg").count(), 2, "{parts}");
        assert!(parts.len() < 2 * MAX_BYTES + 100 && !parts.contains("rdf:"));
        assert!(describe(&SceneDescription::default(), &vocabulary).is_none());
    }
}
