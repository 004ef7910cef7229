//! Properties and pictures of composed scenes, as text: the layers and where they are.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use chat2svg_protocol::Style;
use chat2svg_template::embedded::{
    ArtReference, ComposeOptions, ObjectIndex, Place, Relation, RelationKind, SceneDescription,
    SceneObject, Setting, SizeClass, Stance, TimeOfDay, Violation, Vocabulary, Weather,
    compose_prompt, compose_with_report, generators,
};
use chat2svg_vector::{Document, Node, WriteOptions};
use kurbo::Affine;
use proptest::prelude::*;

fn object(art: ArtReference, count: u32) -> SceneObject {
    let label = match &art {
        ArtReference::Generated { generator } => generator.clone(),
        ArtReference::Twemoji { name, .. } | ArtReference::Library { name, .. } => name.clone(),
    };
    SceneObject {
        label,
        art,
        count,
        color: None,
        material: None,
        size: SizeClass::Usual,
        text: None,
        stance: Stance::Usual,
    }
}

fn generated(name: &str) -> ArtReference {
    ArtReference::Generated {
        generator: name.to_owned(),
    }
}

fn emoji(emoji: &str, name: &str) -> ArtReference {
    ArtReference::Twemoji {
        emoji: emoji.to_owned(),
        name: name.to_owned(),
    }
}

/// Things that stand on the ground.
fn thing() -> impl Strategy<Value = ArtReference> {
    prop_oneof![
        prop::sample::select(vec![
            "tree", "house", "table", "box", "girl", "rock", "flower", "chair", "pine", "bench",
            "ball"
        ])
        .prop_map(generated),
        prop::sample::select(vec![
            ("🦊", "fox"),
            ("🐈", "cat"),
            ("🐘", "elephant"),
            ("🚗", "car"),
            ("🐁", "mouse"),
            ("🎸", "guitar"),
            ("🧙", "wizard")
        ])
        .prop_map(|(picture, name)| emoji(picture, name)),
    ]
}

fn any_art() -> impl Strategy<Value = ArtReference> {
    let names: Vec<&'static str> = generators::names().collect();
    prop_oneof![
        thing(),
        prop::sample::select(names).prop_map(generated),
        prop::sample::select(vec![
            ("🐦", "bird"),
            ("🐟", "fish"),
            ("⛵", "sailboat"),
            ("✈", "airplane"),
            ("🌈", "rainbow")
        ])
        .prop_map(|(picture, name)| emoji(picture, name)),
    ]
}

fn relation_kind() -> impl Strategy<Value = RelationKind> {
    use RelationKind::{
        Above, Around, Behind, Below, Beside, InFrontOf, Inside, LeftOf, On, RightOf, Under, With,
    };
    prop::sample::select(vec![
        On, Under, Above, Below, Behind, InFrontOf, Inside, Beside, LeftOf, RightOf, Around, With,
    ])
}

fn setting() -> impl Strategy<Value = Setting> {
    use Place::{
        Beach, City, Desert, Farm, Forest, Garden, Island, Lake, Meadow, Mountains, Park, Plain,
        River, Room, Sea, Sky, Snow, Space, Street, Underwater,
    };
    let place = prop::option::of(prop::sample::select(vec![
        Beach, City, Desert, Farm, Forest, Garden, Island, Lake, Meadow, Mountains, Park, Plain,
        River, Room, Sea, Sky, Snow, Space, Street, Underwater,
    ]));
    let time = prop::option::of(prop::sample::select(vec![
        TimeOfDay::Sunrise,
        TimeOfDay::Day,
        TimeOfDay::Sunset,
        TimeOfDay::Night,
    ]));
    let weather = prop::option::of(prop::sample::select(vec![
        Weather::Rain,
        Weather::Storm,
        Weather::Snowfall,
        Weather::Fog,
        Weather::Clouds,
        Weather::Wind,
    ]));
    (place, time, weather).prop_map(|(place, time, weather)| Setting {
        place,
        time,
        weather,
        ..Setting::default()
    })
}

fn options() -> impl Strategy<Value = ComposeOptions> {
    (
        any::<u64>(),
        prop::sample::select(vec![(512, 512), (800, 450), (400, 720), (64, 64)]),
        prop::sample::select(Style::ALL.to_vec()),
    )
        .prop_map(|(seed, (width, height), style)| ComposeOptions {
            width,
            height,
            style: Some(style),
            seed,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_relation_between_two_things_always_holds(
        first in thing(), second in thing(), kind in relation_kind(), setting in setting(), options in options(),
    ) {
        let scene = SceneDescription {
            setting,
            objects: vec![object(first, 1), object(second, 1)],
            relations: vec![Relation { subject: ObjectIndex(0), kind, reference: ObjectIndex(1), second_reference: None }],
            ..SceneDescription::default()
        };
        let composed = compose_with_report(&scene, &options);
        prop_assert!(composed.missing.is_empty());
        for violation in &composed.violations {
            match violation {
                Violation::Relation(relation) => prop_assert!(false, "{:?} does not hold", relation.kind),
                Violation::OffCanvas { object, share } => prop_assert!(*share < 0.05, "object {object} is {share} outside"),
                Violation::Covered { object, share } => prop_assert!(*share < 0.8, "object {object} is {share} covered"),
            }
        }
    }

    #[test]
    fn any_scene_stays_on_the_canvas_and_its_objects_in_sight(
        objects in prop::collection::vec((any_art(), 1u32..8), 0..6), setting in setting(), options in options(),
    ) {
        let scene = SceneDescription {
            setting,
            objects: objects.into_iter().map(|(art, count)| object(art, count)).collect(),
            ..SceneDescription::default()
        };
        let composed = compose_with_report(&scene, &options);
        for violation in &composed.violations {
            match violation {
                Violation::OffCanvas { object, share } => prop_assert!(*share < 0.1, "object {object} is {share} outside"),
                Violation::Covered { object, share } => prop_assert!(*share < 0.9, "object {object} is {share} covered"),
                Violation::Relation(_) => {}
            }
        }
        let again = compose_with_report(&scene, &options);
        let write = |document: &Document| document.to_svg(&WriteOptions::default());
        prop_assert_eq!(write(&composed.document), write(&again.document));
    }

    #[test]
    fn any_text_gives_a_picture(prompt in ".{0,80}", seed in any::<u64>()) {
        let options = ComposeOptions { seed, ..ComposeOptions::default() };
        let composition = compose_prompt(&prompt, &Vocabulary::builtin(), &options);
        prop_assert!(!composition.document.layers.is_empty());
    }
}

#[test]
fn another_seed_gives_another_picture() {
    let picture = |seed| {
        let options = ComposeOptions {
            seed,
            ..ComposeOptions::default()
        };
        compose_prompt(
            "a red fox under a green tree at sunset",
            &Vocabulary::builtin(),
            &options,
        )
        .document
        .to_svg(&WriteOptions {
            metadata: false,
            ..WriteOptions::default()
        })
    };
    assert_eq!(picture(3), picture(3));
    assert_ne!(picture(3), picture(4));
}

/// The tree down to objects, with rounded boxes: enough to see what changed.
fn summary(document: &Document) -> String {
    fn line(node: &Node, depth: usize, out: &mut String) {
        let (label, children) = match node {
            Node::Group(group) => (&group.label, group.children.as_slice()),
            Node::Shape(shape) => (&shape.label, [].as_slice()),
        };
        let bounds = node.paint_bounds(Affine::IDENTITY).unwrap_or_default();
        out.push_str(&format!(
            "{}{label} [{:.0} {:.0} {:.0} {:.0}] {}\n",
            "  ".repeat(depth),
            bounds.x0,
            bounds.y0,
            bounds.x1,
            bounds.y1,
            children.len()
        ));
        if depth < 1 {
            for child in children.iter().take(6) {
                line(child, depth + 1, out);
            }
        }
    }
    let mut out = String::new();
    for layer in &document.layers {
        line(layer, 0, &mut out);
    }
    out.push_str(&format!("credits: {}\n", document.metadata.credits.len()));
    out
}

#[test]
fn composed_scenes_look_as_before() {
    let scenes = [
        ("fox", "a red fox under a green tree at sunset"),
        ("cup", "a cup of coffee on a wooden table"),
        ("sheep", "five sheep behind a fence on a farm"),
        ("apple", "an apple"),
        ("badge", "a badge with the initials AB"),
    ];
    for (name, prompt) in scenes {
        let composition =
            compose_prompt(prompt, &Vocabulary::builtin(), &ComposeOptions::default());
        insta::assert_snapshot!(name, summary(&composition.document));
    }
}

#[test]
fn credits_name_the_collection_once_for_each_picture() {
    let composition = compose_prompt(
        "three cats and a dog",
        &Vocabulary::builtin(),
        &ComposeOptions::default(),
    );
    let licenses: Vec<&str> = composition
        .document
        .metadata
        .credits
        .iter()
        .map(|credit| credit.license.as_str())
        .collect();
    assert_eq!(licenses, ["CC-BY-4.0", "CC-BY-4.0"]);
}
