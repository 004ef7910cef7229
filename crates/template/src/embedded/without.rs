//! What a prompt rules out, taken out of the layers: no layer of the setting, and no part of a
//! drawing, is called so.

use std::ops::Range;

use chat2svg_vector::{Node, Role};

use super::language::singulars;
use super::scene::{SceneDescription, Without, WithoutKind};

/// Words for kinds, and what the layers of the surroundings are called that belong to them.
const KINDS: &[(&[&str], &[&str])] = &[
    (
        &["plant", "vegetation", "greenery", "foliage", "flora"],
        &[
            "tree", "bush", "flower", "palm", "fir", "pine", "tuft", "hedge", "plant", "seaweed",
            "cactus", "daisy", "tulip",
        ],
    ),
    (
        &["tree", "woods", "forest"],
        &["tree", "palm", "fir", "pine"],
    ),
    (&["flower"], &["flower", "daisy", "tulip"]),
    (
        &["building", "architecture"],
        &["building", "house", "skyline", "barn", "tower"],
    ),
    (&["house"], &["house"]),
    (&["wave"], &["wave", "swell", "foam", "ripple"]),
    (&["rain"], &["rain", "raindrop"]),
    (&["snow"], &["snow", "snowflake"]),
    (&["hill", "mountain", "dune"], &["hill", "mountain", "dune"]),
    (&["wind"], &["wind", "gust"]),
    (&["lamp", "light"], &["lamp", "streetlamp", "light"]),
    (&["shadow"], &["shadow"]),
];

/// Removes what is ruled out; returns what the picture has all the same.
pub(crate) fn strip(
    layers: &mut Vec<Node>,
    cut_out: &mut Vec<bool>,
    objects: Range<usize>,
    scene: &SceneDescription,
) -> Vec<String> {
    let mut kept = Vec::new();
    let mut objects = objects;
    for one in &scene.without {
        if one.kind == WithoutKind::Look {
            kept.push(one.text.clone());
            continue;
        }
        let names = names(one);
        // "A red car, no other cars": what was asked for stays.
        let is_asked = is_asked(scene, &names);
        let mut removed = 0;
        let mut flags = std::mem::take(cut_out).into_iter();
        let mut still = Vec::with_capacity(layers.len());
        let mut gone_before = 0;
        for (index, mut layer) in std::mem::take(layers).into_iter().enumerate() {
            let flag = flags.next().unwrap_or(true);
            let is_object = objects.contains(&index);
            if is_object && is_asked {
                still.push(layer);
                cut_out.push(flag);
                continue;
            }
            if !is_object && is_called(&layer, &names) {
                removed += 1;
                gone_before += usize::from(index < objects.start);
                continue;
            }
            removed += strip_inside(&mut layer, &names);
            still.push(layer);
            cut_out.push(flag);
        }
        *layers = still;
        objects = objects.start - gone_before..objects.end - gone_before;
        if one.kind == WithoutKind::Part && removed == 0 {
            kept.push(one.text.clone());
        }
    }
    kept
}

/// Removes what is ruled out from a drawing of another's, whose layers are known by name only. What
/// the prompt asks for stays ("a red car, no other cars").
pub(crate) fn leave_out(layers: &mut Vec<Node>, scene: &SceneDescription) {
    for one in &scene.without {
        let names = names(one);
        if one.kind == WithoutKind::Look || is_asked(scene, &names) {
            continue;
        }
        layers.retain(|layer| !is_called(layer, &names));
        for layer in &mut *layers {
            strip_inside(layer, &names);
        }
    }
    layers.retain(|layer| !matches!(layer, Node::Group(group) if group.children.is_empty()));
}

fn is_asked(scene: &SceneDescription, names: &[String]) -> bool {
    scene.objects.iter().any(|object| {
        is_named(&object.label, names) || names.iter().any(|name| name == object.art.name())
    })
}

fn strip_inside(node: &mut Node, names: &[String]) -> usize {
    let Node::Group(group) = node else {
        return 0;
    };
    let before = group.children.len();
    group.children.retain(|child| !is_called(child, names));
    let removed = before - group.children.len();
    let inside: usize = group
        .children
        .iter_mut()
        .map(|child| strip_inside(child, names))
        .sum();
    removed + inside
}

fn names(without: &Without) -> Vec<String> {
    let noun = without.noun.as_str();
    let last = noun.rsplit(' ').next().unwrap_or(noun);
    let mut names = vec![noun.to_owned()];
    names.extend(without.art.clone());
    for (words, parts) in KINDS {
        if words.contains(&last) {
            names.extend(parts.iter().map(|part| (*part).to_owned()));
        }
    }
    names
}

/// Whether a layer's name has one of the names in it, in the singular or the plural.
fn is_called(node: &Node, names: &[String]) -> bool {
    let label = match node {
        Node::Group(group) => &group.label,
        Node::Shape(shape) => &shape.label,
    };
    is_named(label, names)
}

fn is_named(label: &str, names: &[String]) -> bool {
    let words: Vec<&str> = label.split_whitespace().collect();
    names.iter().any(|name| {
        let wanted: Vec<&str> = name.split_whitespace().collect();
        !wanted.is_empty()
            && words.windows(wanted.len()).any(|found| {
                found
                    .iter()
                    .zip(&wanted)
                    .all(|(found, wanted)| is_form_of(found, wanted))
            })
    })
}

fn is_form_of(found: &str, wanted: &str) -> bool {
    let found = found.to_lowercase();
    found == wanted || singulars(&found).iter().any(|form| form == wanted)
}

/// Objects without the shadows that only a ground would show.
pub(crate) fn ground(mut objects: Vec<Node>) -> Vec<Node> {
    for object in &mut objects {
        if let Node::Group(group) = object {
            group.children.retain(|child| {
                let meaning = match child {
                    Node::Group(group) => group.meaning,
                    Node::Shape(shape) => shape.meaning,
                };
                meaning.role != Some(Role::ContactShadow)
            });
        }
    }
    objects
}
