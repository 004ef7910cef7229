//! The layers of a document that was made from nothing: shapes of one colour, or of one thing, in
//! one group that is called after it. What lies over what stays so, so that no pixel changes.

use std::collections::BTreeMap;

use chat2svg_trace::found_shape::SHAPES;
use chat2svg_vector::{Document, Group, Node, WriteOptions, slug};

use arrangement::{Arrangement, count_of};

mod arrangement;

/// Lightness below which what fades is a shadow.
const DARK: f32 = 0.45;

/// A new document with its shapes sorted into layers, and the bytes that it is written in; `None`
/// when the budget has no room for the layers' names.
pub(crate) fn in_layers(document: &Document, budget: Option<usize>) -> Option<(Document, usize)> {
    let mut sorted = document.clone();
    sort_into_layers(&mut sorted);
    let bytes = sorted.to_svg(&WriteOptions::default()).len();
    let is_within = budget.is_none_or(|budget| bytes <= budget);
    is_within.then_some((sorted, bytes))
}

/// Sorts the shapes of a new document into layers.
fn sort_into_layers(document: &mut Document) {
    let mut layers = Vec::with_capacity(document.layers.len());
    let shown = std::mem::take(&mut document.layers);
    for layer in shown {
        match layer {
            Node::Group(group) if group.label == SHAPES => {
                layers.extend(sorted(group, document));
            }
            other => layers.push(other),
        }
    }
    document.layers = layers;
    name_apart(&mut document.layers);
}

/// The shapes of one layer in groups by colour, else by what they are part of.
fn sorted(layer: Group, document: &Document) -> Vec<Node> {
    let Some(found) = Arrangement::of(&layer.children, document) else {
        return vec![Node::Group(layer)];
    };
    let words: Vec<&'static str> = layer.children.iter().map(word).collect();
    let places = found.places(&words);
    let mut groups: Vec<Group> = vec![Group::new(""); count_of(&places)];
    let mut largest = vec![None; groups.len()];
    for (index, (child, place)) in layer.children.into_iter().zip(places).enumerate() {
        let area = Some(found.areas[index]);
        if area > largest[place] {
            largest[place] = area;
            groups[place].label = slug(words[index]);
        }
        groups[place].children.push(child);
    }
    groups.into_iter().map(alone_without_group).collect()
}

/// A group, or the one shape in it under the group's name.
fn alone_without_group(mut group: Group) -> Node {
    match group.children.pop() {
        Some(Node::Shape(mut shape)) if group.children.is_empty() => {
            shape.label = group.label;
            Node::Shape(shape)
        }
        last => {
            group.children.extend(last);
            Node::Group(group)
        }
    }
}

/// Numbers the names of layers that are equal.
fn name_apart(layers: &mut [Node]) {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for layer in layers {
        let label = match layer {
            Node::Group(group) => &mut group.label,
            Node::Shape(shape) => &mut shape.label,
        };
        let number = used.entry(label.clone()).or_default();
        *number += 1;
        if *number > 1 && !label.is_empty() {
            *label = format!("{label}-{number}");
        }
    }
}

/// The word for the colour of what a node shows.
fn word(node: &Node) -> &'static str {
    let Node::Shape(shape) = node else {
        return SHAPES;
    };
    let Some(paint) = shape.main_paint() else {
        return SHAPES;
    };
    let color = paint.mean_color();
    let fades = paint.stops().last().is_some_and(|last| last.opacity == 0.0);
    if !fades {
        color.word()
    } else if color.to_oklab().lightness < DARK {
        "shadow"
    } else {
        "glow"
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, Paint, Shape};
    use kurbo::{Rect, Shape as _};

    use super::*;

    const SIDE: u32 = 120;

    fn rect(x: f64, y: f64, side: f64, color: Color) -> Node {
        let path = Rect::new(x, y, x + side, y + side).to_path(0.1);
        Node::Shape(Shape::filled("", path, Paint::Solid(color)))
    }

    fn document(children: Vec<Node>) -> Document {
        let mut document = Document::empty(f64::from(SIDE), f64::from(SIDE));
        document.layers.push(Node::Group(Group {
            children,
            ..Group::new(SHAPES)
        }));
        document
    }

    #[test]
    fn no_pixel_changes_and_names_are_unique() {
        let mut state = 7_u64;
        let mut random = |most: f64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f64 / (1_u64 << 24) as f64 * most
        };
        let colors = [
            (200, 30, 40),
            (30, 60, 200),
            (240, 200, 60),
            (250, 250, 250),
        ];
        for count in [2, 5, 12, 40] {
            let nodes = (0..count).map(|index: usize| {
                let (red, green, blue) = colors[index % colors.len()];
                let color = Color::from_rgb8(red, green, blue);
                rect(random(100.0), random(100.0), 3.0 + random(20.0), color)
            });
            let mut found = document(nodes.collect());
            let before = found.render(SIDE, SIDE, None).expect("renders");
            sort_into_layers(&mut found);
            let after = found.render(SIDE, SIDE, None).expect("renders");
            assert!(
                before == after,
                "{}",
                found.to_svg(&WriteOptions::default())
            );
            assert_eq!(found.counts().shapes, count);
            let mut names: Vec<&str> = found.layers.iter().map(Node::label).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), found.layers.len(), "{names:?}");
        }
    }

    #[test]
    fn one_color_is_one_group_and_one_shape_needs_none() {
        let [red, blue] = [Color::from_rgb8(200, 30, 40), Color::from_rgb8(30, 60, 200)];
        let mut found = document(vec![
            rect(5.0, 5.0, 10.0, red),
            rect(40.0, 5.0, 10.0, blue),
            rect(80.0, 5.0, 10.0, red),
        ]);
        sort_into_layers(&mut found);
        let [Node::Group(reds), Node::Shape(alone)] = found.layers.as_slice() else {
            panic!("{:?}", found.layers);
        };
        assert_eq!((reds.label.as_str(), reds.children.len()), ("red", 2));
        assert_eq!(alone.label, "blue");
    }

    #[test]
    fn where_colors_alternate_things_are_groups() {
        // Two heaps of which each alternates between all colours.
        let colors = [(200, 30, 40), (30, 60, 200), (240, 200, 60)];
        let nodes = (0..40).map(|index| {
            let (red, green, blue) = colors[index / 2 % colors.len()];
            let x = if index % 2 == 0 { 5.0 } else { 70.0 };
            rect(
                x + index as f64 * 0.5,
                20.0,
                20.0,
                Color::from_rgb8(red, green, blue),
            )
        });
        let mut found = document(nodes.collect());
        sort_into_layers(&mut found);
        assert_eq!(found.layers.len(), 2);
    }
}
