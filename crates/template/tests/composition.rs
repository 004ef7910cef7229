//! Properties and pictures of composed scenes, as text: the layers and where they are.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;

use chat2svg_protocol::Style;
use chat2svg_template::embedded::lookup::{LibraryLimits, Precedence};
use chat2svg_template::embedded::{
    ArtLibrary, ArtReference, ComposeOptions, ObjectIndex, Place, Relation, RelationKind,
    SceneDescription, SceneObject, Setting, SizeClass, Stance, TimeOfDay, Violation, Vocabulary,
    Weather, compose_prompt, compose_with_report, generators,
};
use chat2svg_vector::{Document, Node, Paint, WriteOptions};
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
        composite: None,
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
            background: None,
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
        ("pattern", "a pattern of red and yellow circles"),
        ("logo", "a logo of a lion with the letters ABC"),
        ("astronaut", "an astronaut holding a flag on the moon"),
        (
            "street",
            "a yellow taxi in front of a tower in a city at night in the rain",
        ),
        ("sticker", "a cat under a tree on a hill, sticker"),
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

/// The bounds and the label of the first layer of this name.
fn layer_bounds(document: &Document, name: &str) -> kurbo::Rect {
    let node = document.layers.iter().find(|layer| match layer {
        Node::Group(group) => group.label == name,
        Node::Shape(shape) => shape.label == name,
    });
    node.expect(name)
        .paint_bounds(Affine::IDENTITY)
        .expect("paints something")
}

#[test]
fn what_the_prompt_is_about_can_be_seen() {
    for seed in 0..24 {
        let options = ComposeOptions {
            seed,
            ..ComposeOptions::default()
        };
        let composition = compose_prompt(
            "a red fox under a green tree at sunset",
            &Vocabulary::builtin(),
            &options,
        );
        let fox = layer_bounds(&composition.document, "red fox");
        assert!(fox.height() > 0.2 * 512.0, "seed {seed}: {fox:?}");
    }
}

#[test]
fn pictures_of_a_users_folder_are_cleaned_credited_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("zorblax.svg"),
        r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
            xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" viewBox="0 0 10 10">
          <metadata><rdf:RDF><cc:Work>
            <dc:creator><cc:Agent><dc:title>Ada Painter</dc:title></cc:Agent></dc:creator>
            <cc:license rdf:resource="https://creativecommons.org/publicdomain/zero/1.0/"/>
          </cc:Work></rdf:RDF></metadata>
          <script>alert(1)</script>
          <image href="https://example.org/spy.png" width="10" height="10"/>
          <circle cx="5" cy="5" r="4" fill="#12ab34" onclick="alert(2)"/>
        </svg>"##,
    )
    .expect("written");
    let (library, warnings) =
        ArtLibrary::load(folder.path(), LibraryLimits::default()).expect("read");
    assert!(warnings.is_empty(), "{warnings:?}");
    let vocabulary = Vocabulary::with_library(Arc::new(library), Precedence::BuiltIn);
    let composition = compose_prompt(
        "a zorblax beside a tree",
        &vocabulary,
        &ComposeOptions::default(),
    );
    assert!(composition.undrawn.is_empty(), "{:?}", composition.undrawn);
    let bounds = layer_bounds(&composition.document, "zorblax");
    assert!(bounds.width() > 20.0, "{bounds:?}");
    let credit = composition
        .document
        .metadata
        .credits
        .iter()
        .find(|credit| credit.author == "Ada Painter")
        .expect("the author is named");
    assert!(credit.license.contains("publicdomain/zero"), "{credit:?}");
    let svg = composition.document.to_svg(&WriteOptions::default());
    assert!(svg.contains("#12ab34") || svg.contains("#12AB34"));
    for unwanted in ["script", "onclick", "spy.png", "<image"] {
        assert!(!svg.contains(unwanted), "{unwanted} came through");
    }
}

/// A vocabulary with one file of the user's that goes before the built-in pictures, and its folder.
fn with_file(name: &str, body: &str) -> (Vocabulary, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let svg =
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 60">{body}</svg>"#);
    std::fs::write(folder.path().join(name), svg).expect("written");
    let (library, warnings) =
        ArtLibrary::load(folder.path(), LibraryLimits::default()).expect("read");
    assert!(warnings.is_empty(), "{warnings:?}");
    let vocabulary = Vocabulary::with_library(Arc::new(library), Precedence::Library);
    (vocabulary, folder)
}

#[test]
fn a_users_file_carries_things_and_takes_colours_like_our_own() {
    let (vocabulary, _folder) = with_file(
        "table.svg",
        r##"<rect class="tone-dark" x="40" y="20" width="20" height="40" fill="#333333"/>
        <rect class="tone-base" y="10" width="100" height="10" fill="#444444"/>
        <circle cx="50" cy="15" r="3" fill="#12ab34"/>
        <line class="anchor-support" x1="5" y1="40" x2="95" y2="40" stroke="#f0f" opacity="0"/>"##,
    );
    let options = ComposeOptions {
        style: Some(Style::Flat),
        ..ComposeOptions::default()
    };
    // The built-in desk is drawn as a table.
    for table in ["table", "desk"] {
        let prompt = format!("a cup on a blue {table}");
        let composition = compose_prompt(&prompt, &vocabulary, &options);
        let document = composition.document;
        let svg = document.to_svg(&WriteOptions::default());
        assert!(svg.contains("#12ab34"), "{table}: {svg}");
        assert!(
            !svg.contains("#444") && !svg.contains("#f0f"),
            "{table}: {svg}"
        );
        let table = layer_bounds(&document, &format!("blue {table}"));
        let cup = layer_bounds(&document, "cup");
        // The line is at 30 of the 50 between top and bottom.
        let surface = table.y0 + table.height() * 0.6;
        assert!(
            (cup.y1 - surface).abs() < table.height() * 0.1,
            "{cup:?} {table:?}"
        );
    }
}

#[test]
fn a_moon_over_the_land_makes_it_night() {
    let prompt = "an owl on a branch under a full moon";
    let options = ComposeOptions::default();
    let document = compose_prompt(prompt, &Vocabulary::builtin(), &options).document;
    let top = document
        .shapes()
        .iter()
        .find(|visit| visit.shape.label == "sky")
        .and_then(|visit| match &visit.shape.fill.as_ref()?.paint {
            Paint::Linear(gradient) => gradient.stops.first().copied(),
            Paint::Solid(_) | Paint::Radial(_) => None,
        });
    let lightness = top.expect("a sky").color.to_oklab().lightness;
    assert!(lightness < 0.35, "{lightness}");
}
