//! What a prompt rules out is in no layer, whatever the setting would show; what cannot be left out
//! is told.

use chat2svg_template::embedded::{
    Background, ComposeOptions, Composition, Vocabulary, compose_prompt,
};
use chat2svg_vector::{Node, Role};

fn draw(prompt: &str, seed: u64, background: Option<Background>) -> Composition {
    let options = ComposeOptions {
        seed,
        background,
        ..ComposeOptions::default()
    };
    compose_prompt(prompt, &Vocabulary::builtin(), &options)
}

fn labels(nodes: &[Node], into: &mut Vec<String>) {
    for node in nodes {
        match node {
            Node::Group(group) => {
                into.push(group.label.to_lowercase());
                labels(&group.children, into);
            }
            Node::Shape(shape) => into.push(shape.label.to_lowercase()),
        }
    }
}

fn has_role(nodes: &[Node], role: Role) -> bool {
    nodes.iter().any(|node| match node {
        Node::Group(group) => group.meaning.role == Some(role) || has_role(&group.children, role),
        Node::Shape(shape) => shape.meaning.role == Some(role),
    })
}

#[test]
fn no_layer_is_called_as_what_is_ruled_out() {
    for (prompt, word) in [
        ("a meadow with a cow, no clouds", "cloud"),
        ("a beach at noon without a sun", "sun"),
        ("a castle at night, no moon and no stars", "moon"),
        ("a castle at night, no moon and no stars", "star"),
        ("a cloudless sky over a farm", "cloud"),
        ("a hot air balloon in the sky, no clouds or birds", "cloud"),
        ("a park without trees", "tree"),
        ("a sailing boat on the sea without waves", "swell"),
        (
            "a city street with no street lamps and no buildings",
            "building",
        ),
        ("a house in winter, no snow", "snow"),
        ("a house without windows", "window"),
        ("a planet in space, no stars", "star"),
        ("a rainy street without rain", "rain"),
    ] {
        for seed in 0..4 {
            let mut found = Vec::new();
            labels(&draw(prompt, seed, None).document.layers, &mut found);
            let found: Vec<&String> = found.iter().filter(|label| label.contains(word)).collect();
            assert!(found.is_empty(), "{prompt:?}, seed {seed}: {found:?}");
        }
    }
}

#[test]
fn what_was_asked_for_stays() {
    let mut found = Vec::new();
    let cars = draw("a red car on a street, no other cars", 0, None);
    labels(&cars.document.layers, &mut found);
    assert!(found.iter().any(|label| label.contains("car")), "{found:?}");
}

#[test]
fn what_cannot_be_left_out_is_told() {
    for (prompt, told) in [
        ("a cat without a tail", "without a tail"),
        ("a bus with no windows", "no windows"),
        ("a car that is not red", "not red"),
        ("a house, no shading", "no shading"),
    ] {
        let undrawn = draw(prompt, 0, None).undrawn;
        assert!(
            undrawn.iter().any(|note| note == told),
            "{prompt:?}: {undrawn:?}"
        );
    }
    let obeyed = draw("a house on a hill without windows, no clouds", 0, None);
    assert_eq!(obeyed.undrawn, Vec::<String>::new());
}

#[test]
fn a_transparent_background_is_none() {
    for prompt in [
        "a fox with no background",
        "two cats and a tree on a meadow at night, transparent background",
        "a seamless pattern of stars, transparent",
        "a logo of a lion with the letters ABC on a transparent background",
        "a fox, plain background",
    ] {
        for composition in [
            draw(prompt, 1, None),
            draw("two cats under a tree", 1, Some(Background::Transparent)),
        ] {
            let layers = &composition.document.layers;
            assert!(!layers.is_empty(), "{prompt}");
            for role in [
                Role::Background,
                Role::Sky,
                Role::Ground,
                Role::ContactShadow,
            ] {
                assert!(!has_role(layers, role), "{prompt}: {role:?}");
            }
        }
    }
}

#[test]
fn an_even_background_is_one_shape() {
    let layers = draw("a fox on a white background", 1, None).document.layers;
    let Some(Node::Shape(shape)) = layers.first() else {
        panic!("{:?}", layers.first());
    };
    assert_eq!(shape.label, "background");
    let asked = draw("a fox in a forest", 1, Some(Background::Even([9, 9, 9])));
    assert!(has_role(&asked.document.layers, Role::Background));
    assert!(!has_role(&asked.document.layers, Role::Sky));
}
