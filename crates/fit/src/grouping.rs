//! The layers of a document that was made from nothing: shapes of one colour, or of one thing, in
//! one group that is called after it. What lies over what stays so, so that no pixel changes.

use std::collections::BTreeMap;

use chat2svg_trace::found_shape::SHAPES;
use chat2svg_vector::{
    Color, Document, GradientStop, Group, LinearGradient, Node, Paint, RadialGradient,
    WriteOptions, slug,
};
use kurbo::{Affine, Rect};

/// Most groups that are easier to read than one layer.
const MOST_GROUPS: usize = 24;
/// Most groups by colour where things are not looked for.
const FEW_GROUPS: usize = 8;
/// Of the number of shapes, how many groups at most.
const LARGEST_SHARE: f64 = 0.7;
/// Share of the canvas that a shape covers which is no part of a thing.
const GROUND_SHARE: f64 = 0.4;
/// Lightness below which what fades is a shadow.
const DARK: f32 = 0.45;
/// Distance in pixels from which two shapes have no pixel in common.
const APART: f64 = 1.0;

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
    let frame = document.view_box;
    let pixel = (frame.width() / document.width).max(frame.height() / document.height);
    let mut layers = Vec::with_capacity(document.layers.len());
    for layer in std::mem::take(&mut document.layers) {
        match layer {
            Node::Group(group) if group.label == SHAPES && group.children.len() > 1 => {
                layers.extend(sorted(group, frame, APART * pixel));
            }
            other => layers.push(other),
        }
    }
    document.layers = layers;
    name_apart(&mut document.layers);
}

/// The shapes of one layer in groups by colour, else by what they are part of; the layer as it is
/// where that makes too many.
fn sorted(layer: Group, frame: Rect, apart: f64) -> Vec<Node> {
    let boxes: Vec<Rect> = layer
        .children
        .iter()
        .map(|node| {
            let bounds = node.paint_bounds(Affine::IDENTITY).unwrap_or_default();
            bounds.inflate(0.5 * apart, 0.5 * apart)
        })
        .collect();
    let words: Vec<&'static str> = layer.children.iter().map(word).collect();
    let count = layer.children.len();
    let most = MOST_GROUPS.min(((count as f64 * LARGEST_SHARE) as usize).max(4));
    let groups_of = |places: &[usize]| places.iter().max().map_or(0, |last| last + 1);
    let by_color = places(&words, &boxes);
    let by_thing = places(&things(&words, &boxes, frame), &boxes);
    let is_of_things = (2..=groups_of(&by_color) / 2).contains(&groups_of(&by_thing));
    let places = if groups_of(&by_color) > FEW_GROUPS && is_of_things {
        by_thing
    } else {
        by_color
    };
    if groups_of(&places) > most {
        return vec![Node::Group(layer)];
    }
    let mut groups: Vec<Group> = vec![Group::new(""); groups_of(&places)];
    let mut largest = vec![f64::NEG_INFINITY; groups.len()];
    for ((child, place), (bounds, word)) in layer
        .children
        .into_iter()
        .zip(places)
        .zip(boxes.iter().zip(words))
    {
        if bounds.area() > largest[place] {
            largest[place] = bounds.area();
            groups[place].label = slug(word);
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

/// Of each shape the group that it joins: the first of its kind that is not painted before
/// something on which it lies.
fn places<K: PartialEq + Copy>(kinds: &[K], boxes: &[Rect]) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::with_capacity(kinds.len());
    let mut groups: Vec<K> = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let below = (0..index).filter(|other| boxes[*other].overlaps(boxes[index]));
        let lowest = below.map(|other| places[other]).max().unwrap_or(0);
        let place = (lowest..groups.len()).find(|place| groups[*place] == *kind);
        places.push(place.unwrap_or_else(|| {
            groups.push(*kind);
            groups.len() - 1
        }));
    }
    places
}

/// What each shape is part of: shapes whose boxes overlap make one thing, those that cover much of
/// the canvas are called after their colour.
fn things<'a>(words: &[&'a str], boxes: &[Rect], frame: Rect) -> Vec<(usize, &'a str)> {
    let is_ground = |index: usize| boxes[index].area() >= GROUND_SHARE * frame.area();
    let mut heaps: Vec<usize> = (0..boxes.len()).collect();
    for index in 0..boxes.len() {
        for other in 0..index {
            let are_one = boxes[other].overlaps(boxes[index])
                && heaps[other] != heaps[index]
                && !is_ground(other)
                && !is_ground(index);
            if are_one {
                let (kept, gone) = (heaps[other], heaps[index]);
                for heap in &mut heaps {
                    if *heap == gone {
                        *heap = kept;
                    }
                }
            }
        }
    }
    (0..boxes.len())
        .map(|index| match is_ground(index) {
            true => (usize::MAX, words[index]),
            false => (heaps[index], ""),
        })
        .collect()
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
    let fill = shape.fill.as_ref().map(|fill| &fill.paint);
    let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
    match fill.or(stroke) {
        Some(Paint::Linear(LinearGradient { stops, .. }))
        | Some(Paint::Radial(RadialGradient { stops, .. }))
            if stops.last().is_some_and(|last| last.opacity == 0.0) =>
        {
            if mean(stops).to_oklab().lightness < DARK {
                "shadow"
            } else {
                "glow"
            }
        }
        Some(Paint::Solid(color)) => color.word(),
        Some(Paint::Linear(gradient)) => mean(&gradient.stops).word(),
        Some(Paint::Radial(gradient)) => mean(&gradient.stops).word(),
        None => SHAPES,
    }
}

fn mean(stops: &[GradientStop]) -> Color {
    let count = stops.len().max(1) as f32;
    let of = |part: fn(&Color) -> f32| {
        let sum: f32 = stops.iter().map(|stop| part(&stop.color)).sum();
        sum / count
    };
    Color::new(of(|c| c.red), of(|c| c.green), of(|c| c.blue))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Shape;
    use kurbo::Shape as _;

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
    fn colors_are_sorted_where_nothing_lies_between() {
        let square = |x: f64| Rect::new(x, 0.0, x + 10.0, 10.0);
        let apart = [square(0.0), square(20.0), square(40.0)];
        assert_eq!(places(&["red", "blue", "red"], &apart), [0, 1, 0]);
        let stacked = [square(0.0), square(5.0), square(10.0)];
        assert_eq!(places(&["red", "blue", "red"], &stacked), [0, 1, 2]);
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
