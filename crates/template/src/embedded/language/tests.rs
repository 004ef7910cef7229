//! What prompts mean, as data: each case is a prompt and the scene in a short notation.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::embedded::scene::{
    Arrangement, ArtReference, Composite, Place, SizeClass, Stance, TimeOfDay,
};

/// The scene in a line: setting; objects as `count*name{attributes}`; relations as `subject kind
/// reference`; undrawn words after `!`.
fn notation(scene: &SceneDescription) -> String {
    let mut text = String::new();
    let setting = &scene.setting;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(setting.place.map(|place| format!("{place:?}")));
    parts.extend(setting.time.map(|time| format!("{time:?}")));
    parts.extend(setting.weather.map(|weather| format!("{weather:?}")));
    parts.extend(setting.season.map(|season| format!("{season:?}")));
    parts.extend(setting.background.map(|background| background.to_string()));
    parts.extend(scene.style.map(|style| format!("style {style}")));
    text.push_str(&parts.join(" "));
    for object in &scene.objects {
        let name = match &object.art {
            ArtReference::Twemoji { emoji, .. } => emoji.clone(),
            ArtReference::Generated { generator } => generator.clone(),
            ArtReference::Library { name, .. } => format!("library {name}"),
        };
        let mut attributes: Vec<String> = Vec::new();
        attributes.extend(object.color.map(hex));
        attributes.extend(object.material.map(|material| format!("{material:?}")));
        if object.size != SizeClass::Usual {
            attributes.push(format!("{:?}", object.size));
        }
        if object.stance != Stance::Usual {
            attributes.push(format!("{:?}", object.stance));
        }
        attributes.extend(object.text.as_ref().map(|text| format!("{text:?}")));
        let _ = write!(text, "; ");
        if object.count != 1 {
            let _ = write!(text, "{}*", object.count);
        }
        text.push_str(&name);
        if !attributes.is_empty() {
            let _ = write!(text, "{{{}}}", attributes.join(" "));
        }
    }
    for relation in &scene.relations {
        let _ = write!(
            text,
            "; {} {:?} {}",
            relation.subject.0, relation.kind, relation.reference.0
        );
        if let Some(second) = relation.second_reference {
            let _ = write!(text, "+{}", second.0);
        }
    }
    for without in &scene.without {
        let _ = write!(text, "; -{}", without.noun);
    }
    if !scene.undrawn.is_empty() {
        let _ = write!(text, "! {}", scene.undrawn.join(", "));
    }
    text.trim_start_matches("; ").to_owned()
}

fn hex(color: chat2svg_vector::Color) -> String {
    color
        .to_rgb8()
        .iter()
        .map(|part| format!("{part:02x}"))
        .collect()
}

#[track_caller]
fn check(prompt: &str, expected: &str) {
    assert_eq!(
        notation(&understand(prompt, &Vocabulary::builtin())),
        expected,
        "{prompt:?}"
    );
}

#[test]
fn objects_with_counts() {
    check("a fox", "🦊");
    check("three cats", "3*🐈");
    check("a pair of swans", "2*🦢");
    check("some trees", "3*tree");
    check("a dozen eggs", "12*🥚");
    check("7 stars", "7*star");
    check("twenty-four birds", "24*🐦");
    check("9000 ants", "24*🐜");
    check("children", "3*boy");
    check("two wolves and a goose", "2*🐺; 🪿");
    check("a flock of geese", "7*🪿");
    check("two books", "2*book");
    check("books", "📚");
}

#[test]
fn colours_sizes_and_materials() {
    check("a red fox", "🦊");
    check("a purple fox", "🦊{8347ad}");
    check("a tiny golden ring", "ring{f2b632 Gold Tiny}");
    check("a huge wooden house", "house{Wood Huge}");
    check("an orange", "🍊");
    check("an orange cat", "🐈{f58a1f}");
    check("a light blue car", "🚗{a9d4f2}");
    check("a castle made of ice", "castle{Ice}");
    check("a man in a red shirt", "man{d92b2f}");
    check("a statue of a lion", "🦁{Stone}");
    check(
        "three squares in blue, yellow and red",
        "square{2a6fdb}; square{fcd02f}; square{d92b2f}",
    );
}

#[test]
fn relations() {
    check("a cat on a table", "🐈; table; 0 On 1");
    check(
        "a fox under a green tree at sunset",
        "Sunset; 🦊; tree{3f9b45}; 0 Under 1",
    );
    check("a dog in front of a house", "🐕; house; 0 InFrontOf 1");
    check("a bird above a cloud", "🐦; cloud; 0 Above 1");
    check("a box behind the car", "box; 🚗; 0 Behind 1");
    check("an apple to the left of a pear", "🍎; 🍐; 0 LeftOf 1");
    check(
        "a ball between a cat and a dog",
        "ball; 🐈; 🐕; 0 Between 1+2",
    );
    check("a fence around a house", "fence; house; 0 Around 1");
    check(
        "a bear with a hat and a scarf",
        "🐻; 👒; 🧣; 0 With 1; 0 With 2",
    );
    check("a girl holding a balloon", "girl; balloon; 0 With 1");
    check("a table with a bowl on it", "table; bowl; 1 On 0");
    check("a bowl of cherries", "bowl; 🍒; 1 Inside 0");
    check(
        "a pineapple with one pear to its left and two on its right",
        "🍍; 🍐; 2*🍐; 1 LeftOf 0; 2 RightOf 0",
    );
    check(
        "a cat on a table and a dog under it",
        "🐈; table; 🐕; 0 On 1; 2 Under 1",
    );
    check("A cat. The cat wears a crown.", "🐈; 👑; 0 With 1");
    check("a vase full of roses", "vase; 3*rose; 1 Inside 0");
    check("a robot, and behind it a castle", "🤖; castle; 1 Behind 0");
}

#[test]
fn settings() {
    check("a beach at night", "Beach Night");
    check("a penguin in the snow", "Snow; 🐧");
    check("rainy city street", "Street Rain");
    check("a fish under the sea", "Underwater; 🐟");
    check("a house in the mountains", "Mountains; house");
    check("a house on a mountain", "house; mountain; 0 On 1");
    check("a duck on a pond", "Lake; 🦆");
    check("a cat on a yellow background", "#fcd02f; 🐈");
    check("the Eiffel Tower in winter", "Snow Winter; 🗼");
    check("a pig flying over a farm", "Farm; 🐖{Airborne}");
    check("a boat sailing on the sea", "Sea; boat{Afloat}");
    check("stormy night", "Night Storm");
}

#[test]
fn compounds_take_the_longest_match() {
    check("a fire truck", "🚒");
    check("a fire and a truck", "🔥; 🛻");
    check("two hot dogs", "2*🌭");
    check("a polar bear with an ice cream cone", "🐻‍❄️; 🍦; 0 With 1");
    check("a sail boat", "⛵");
    check("a yin-yang", "☯️");
}

#[test]
fn people_act() {
    check("a woman dancing", "💃");
    check("a man riding a horse", "🏇");
    check("a bear riding a bicycle", "🐻; 🚲; 0 On 1");
    check("a man running in the park", "Park; 🏃‍♂️");
}

#[test]
fn letters() {
    check("a sign that says \"OPEN\"", "sign{\"OPEN\"}");
    check("the words 'KEEP OFF' on a sign", "sign{\"KEEP OFF\"}");
    check("a badge with the initials AB", "badge{\"AB\"}");
    check(
        "a t-shirt with 'HELLO' on it",
        "👕; banner{\"HELLO\"}; 1 On 0",
    );
    check("a logo with the letters XYZ", "logo{\"XYZ\"}");
    check("42", "banner{\"42\"}");
}

#[test]
fn what_is_ruled_out_is_no_part_of_the_scene() {
    check("a beach with no clouds", "Beach; -cloud");
    check("a beach, no clouds, no moon", "Beach; -cloud; -moon");
    check(
        "no clouds or birds in the sky, a house",
        "house; -cloud; -bird",
    );
    check("a park without people and cars", "Park; -person; -car");
    check(
        "a park with no cars, dogs or birds",
        "Park; -car; -dog; -bird",
    );
    check("a bear without a hat and a scarf", "🐻; -hat; -scarf");
    check("a bear without a hat and a dog", "🐻; 🐕; -hat");
    check("a bear without a hat, a dog", "🐻; 🐕; -hat");
    check("a man not wearing a hat", "man; -hat");
    check("a man who isn't wearing a hat", "man; -hat");
    check("don't draw any trees, just a house", "house; -tree");
    check("a cat instead of a dog", "🐈; -dog");
    check("not a dog but a cat", "🐈; -dog");
    check("a cat without a hat on a table", "🐈; table; 0 On 1; -hat");
    check("a house, no birds above the tree", "house; tree; -bird");
    check("a city with no cars at night", "City Night; -car");
    check("a street, no people flying in the sky", "Street; -person");
    check("a cloudless sky over a farm", "Farm; -cloud");
    check("a moonless night", "Night; -moon");
    check("a cloud-free beach", "Beach; -cloud");
    check("a car that is not red", "🚗; -red");
}

#[test]
fn things_that_are_one_picture_with_another() {
    let composite = |prompt: &str| {
        let scene = understand(prompt, &Vocabulary::builtin());
        assert_eq!(scene.objects.len(), 1, "{prompt}: {:?}", scene.objects);
        assert_eq!(scene.undrawn, Vec::<String>::new(), "{prompt}");
        scene
            .objects
            .into_iter()
            .next()
            .and_then(|object| object.composite)
    };
    for prompt in ["a heart made of circles", "a tree made out of red hearts"] {
        assert!(
            matches!(composite(prompt), Some(Composite::MadeOf { .. })),
            "{prompt}"
        );
    }
    for (prompt, wanted) in [
        ("a slice of pizza with mushrooms", 5),
        ("a pizza topped with three olives", 3),
        ("a cake with strawberries", 5),
    ] {
        match composite(prompt) {
            Some(Composite::Strewn { count, .. }) => assert_eq!(count, wanted, "{prompt}"),
            other => panic!("{prompt}: {other:?}"),
        }
    }
    assert!(matches!(
        composite("a traffic light showing green"),
        Some(Composite::Showing(_))
    ));
    check("a castle made of ice", "castle{Ice}");
    check("a plate with an apple", "plate; 🍎; 0 With 1");
}

#[test]
fn colours_are_shared_out() {
    check(
        "triangles in teal and orange",
        "2*triangle{148a8a}; triangle{f58a1f}",
    );
    check("a triangle in orange", "triangle{f58a1f}");
    check("an orange and a pear", "🍊; 🍐");
    check("six red and blue balls", "3*ball{d92b2f}; 3*ball{2a6fdb}");
    check(
        "three stars in different colours above a house",
        "star{d92b2f}; star{2a6fdb}; star{fcd02f}; house; 0 Above 3; 1 Above 3; 2 Above 3",
    );
}

#[test]
fn letters_and_vessels_hold_what_they_are_named_with() {
    check("letters KB in a hexagon", "hexagon{\"KB\"}");
    check("the letter A in a circle", "circle{\"A\"}");
    check("a sushi platter", "plate; 3*🍣; 1 On 0");
    check("a boy playing drums", "boy; 🥁; 0 With 1");
    check("a lighthouse on a cliff", "lighthouse; cliff; 0 On 1");
}

#[test]
fn what_only_speaks_of_the_medium_is_taken_out() {
    for prompt in [
        "write svg code for an image of a red fox",
        "Write SVG code for a red fox.",
        "draw me a red fox",
        "please draw a red fox in svg",
        "generate an icon of a red fox",
        "Can you create a simple SVG illustration of a red fox, please?",
        "I want an image of a red fox",
        "I'd like you to draw a red fox as an SVG",
        "svg of a red fox",
        "SVG: a red fox",
        "a clean vector graphic showing a red fox",
        "Generate an SVG image that depicts a red fox.",
        "create an image for an icon of a red fox",
        "Give me the svg code of a red fox. Thanks",
    ] {
        check(prompt, "🦊");
    }
    check("draw two cats", "2*🐈");
    check("a logo with the letters XYZ", "logo{\"XYZ\"}");
    check("line art of an owl", "style line-art; 🦉");
    check("create a sticker of a panda", "style sticker; 🐼");
    check("I love you", "heart");
}

#[test]
fn a_prompt_without_a_word_that_is_known_is_lost() {
    let is_lost = |prompt: &str| read(prompt, &Vocabulary::builtin()).is_lost;
    for prompt in ["zxcvb qwerty", "draw a zxcvb"] {
        assert!(is_lost(prompt), "{prompt}");
    }
    for prompt in [
        "a fox and a zxcvb",
        "at night",
        "the letter A",
        "",
        "freedom at sea",
        "42",
    ] {
        assert!(!is_lost(prompt), "{prompt}");
    }
}

#[test]
fn backgrounds_are_asked_for() {
    check("a fox with no background", "transparent; 🦊");
    check("a fox on a transparent background", "transparent; 🦊");
    check("a fox, plain background", "transparent; 🦊");
    check("a fox, transparent", "transparent; 🦊");
    check(
        "a fox in a forest, background transparent",
        "Forest transparent; 🦊",
    );
    check("a fox without any background", "transparent; 🦊");
    check("a fox. The background is transparent.", "transparent; 🦊");
    check("a fox. The background should be blue.", "#2a6fdb; 🦊");
    check("a fox on a plain white background", "#ffffff; 🦊");
    check("a transparent bottle", "bottle{Glass}");
}

#[test]
fn styles() {
    check("a sticker of a panda", "style sticker; 🐼");
    check("line art of an owl", "style line-art; 🦉");
    check("a cat in pastel colors", "style pastel; 🐈");
}

#[test]
fn emoji_are_objects() {
    check("🦊", "🦊");
    check("🦊🦊🦊 🌲", "3*🦊; 🌲");
    check("a 🐸 on a 🪨", "🐸; 🪨; 0 On 1");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    check("a happy fox reading Proust", "🦊! happy, Proust");
    check("a frobnicator on a table", "table! frobnicator");
    check("a cat without a hat", "🐈; -hat");
    check(
        "an oil painting of a cat in the style of Rembrandt",
        "🐈! oil painting, Rembrandt",
    );
    check("zxcvb qwerty", "badge{\"ZQ\"}! zxcvb, qwerty");
    check("красная лиса", "🦊");
    let scene = understand("a capybara", &Vocabulary::builtin());
    assert_eq!(scene.substitutes.len(), 1);
    check("the letter A", "banner{\"A\"}");
    check("it wasn't", "badge{\"IW\"}");
    check("", "");
    check(" \n\t ", "");
}

#[test]
fn the_same_prompt_means_the_same() {
    let vocabulary = Vocabulary::builtin();
    let prompt = "two red foxes and a qwerty under a tree by the lake at dawn";
    assert_eq!(
        understand(prompt, &vocabulary),
        understand(prompt, &vocabulary)
    );
}

#[test]
fn a_huge_prompt_is_bounded() {
    let scene = understand(
        &"a red fox on a green table, ".repeat(20_000),
        &Vocabulary::builtin(),
    );
    assert!(scene.objects.len() <= interpreter::MAX_OBJECTS);
    assert!(scene.undrawn.len() < 100);
}

fn check_invariants(prompt: &str) -> Result<(), TestCaseError> {
    let reading = read(prompt, &Vocabulary::builtin());
    let scene = &reading.scene;
    for object in &scene.objects {
        prop_assert!((1..=24).contains(&object.count), "{prompt:?}: {object:?}");
        prop_assert!(!object.label.is_empty(), "{prompt:?}: {object:?}");
    }
    for relation in &scene.relations {
        let valid = |index: crate::embedded::scene::ObjectIndex| index.0 < scene.objects.len();
        prop_assert!(
            valid(relation.subject) && valid(relation.reference),
            "{prompt:?}: {relation:?}"
        );
        prop_assert!(
            relation.second_reference.is_none_or(valid),
            "{prompt:?}: {relation:?}"
        );
        prop_assert!(
            relation.subject != relation.reference,
            "{prompt:?}: {relation:?}"
        );
    }
    Ok(())
}

/// Words that reach every rule of the grammar.
const WORDS: &[&str] = &[
    "a",
    "the",
    "two",
    "some",
    "no",
    "red",
    "dark",
    "blue",
    "and",
    ",",
    ".",
    "cat",
    "cats",
    "tree",
    "table",
    "man",
    "statue",
    "of",
    "on",
    "in",
    "under",
    "with",
    "wearing",
    "hat",
    "it",
    "to its left",
    "between",
    "beach",
    "mountain",
    "sky",
    "flying",
    "running",
    "says",
    "\"AB\"",
    "sign",
    "words",
    "bowl",
    "full of",
    "made of",
    "wood",
    "🦊",
    "while",
    "abstract painting",
    "background",
    "riding",
    "horse",
    "in the style of",
    "toy",
    "ears",
    "its",
    "qwerty",
    "12",
];

proptest! {
    #[test]
    fn any_text_is_understood(prompt in "\\PC{0,80}") {
        check_invariants(&prompt)?;
    }

    #[test]
    fn any_sentence_is_understood(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        check_invariants(&words.join(" "))?;
    }
}

#[test]
fn patterns_and_logos_are_no_scenes() {
    let scene = |prompt: &str| understand(prompt, &Vocabulary::builtin());
    for prompt in ["a pattern of circles", "geometric pattern with triangles"] {
        let found = scene(prompt);
        assert_eq!(found.arrangement, Arrangement::Pattern, "{prompt}");
        assert_eq!(found.objects.len(), 1, "{prompt}");
    }
    let stripes = scene("a pattern of blue stripes");
    assert_eq!(stripes.arrangement, Arrangement::Scene);
    assert_eq!(stripes.objects.len(), 1);
    let lion = scene("a logo of a lion with the letters ABC");
    let text = Some("ABC".to_owned());
    assert_eq!(lion.arrangement, Arrangement::Logo { text });
    assert_eq!(lion.objects.len(), 1);
    let shop = scene("logo for a coffee shop");
    assert_eq!(shop.arrangement, Arrangement::Logo { text: None });
    assert!(shop.undrawn.is_empty(), "{:?}", shop.undrawn);
    let wave = scene("a logo of a blue wave inside a circle");
    assert_eq!(wave.arrangement, Arrangement::Scene);
    assert_eq!(wave.relations.len(), 1);
}

#[test]
fn plain_shapes_show_letters() {
    for prompt in [
        "letters KB in a hexagon",
        "the letters KB in a blue circle",
        "a heart with the letters KB",
    ] {
        let scene = understand(prompt, &Vocabulary::builtin());
        let texts: Vec<_> = scene.objects.iter().map(|o| o.text.as_deref()).collect();
        assert_eq!(texts, [Some("KB")], "{prompt}: {:?}", scene.objects);
    }
}

#[test]
fn what_somebody_does_has_somebody() {
    for (prompt, things) in [
        ("playing drums", 2),
        ("holding a balloon", 2),
        ("a frog playing drums", 2),
        ("playing field", 1),
    ] {
        let scene = understand(prompt, &Vocabulary::builtin());
        assert!(
            scene.objects.len() <= things,
            "{prompt}: {:?}",
            scene.objects
        );
        assert_eq!(scene.relations.len(), things - 1, "{prompt}");
    }
}

#[test]
fn batteries_are_as_full_as_they_show() {
    let scene = |prompt: &str| understand(prompt, &Vocabulary::builtin());
    let [empty, full] = ["empty", "full"].map(|charge| {
        let scene = scene(&format!("a battery showing {charge}"));
        assert!(scene.undrawn.is_empty(), "{:?}", scene.undrawn);
        scene.objects.first().and_then(|object| object.color)
    });
    assert!(empty.is_some() && full.is_some() && empty != full);
    assert_eq!(scene("a cup showing empty").undrawn, ["empty"]);
    assert_eq!(scene("a thermometer showing 30 degrees").objects.len(), 1);
}

#[test]
fn a_sky_is_without_what_is_ruled_out() {
    let scene = understand("no moon night", &Vocabulary::builtin());
    assert_eq!(scene.setting.time, Some(TimeOfDay::Night));
    assert_eq!(scene.without.len(), 1);
    assert!(scene.objects.is_empty());
    let scene = understand("without clouds", &Vocabulary::builtin());
    assert_eq!(scene.setting.place, Some(Place::Meadow));
}
