//! Changes to the set of shapes of a document: putting shapes in at the right depth, taking
//! worthless ones out.

use chat2svg_trace::{
    found_shape::{BACKGROUND, FoundShape, SHAPES, paint_in},
    lines::Line,
};
use chat2svg_vector::{Document, Group, Node, Paint, Shape, ShapeVisit, Stroke};
use kurbo::Affine;

use crate::{
    naming::{Name, ground_name},
    scene::scale_of,
};

/// Layer of a new document's lines.
pub(crate) const LINES: &str = "lines";

/// Shapes and lines as the layers of a document that had none.
pub(crate) fn first_layers(found: Vec<FoundShape>, lines: &[Line], to_user: Affine) -> Vec<Node> {
    let [mut background, mut shapes, mut drawn] = [BACKGROUND, SHAPES, LINES].map(Group::new);
    for shape in found {
        let group = if shape.is_backdrop {
            &mut background
        } else {
            &mut shapes
        };
        let node = node_of(Name::default(), &shape, to_user);
        group.children.push(node);
    }
    let strokes = lines.iter().map(|line| stroke_of(line, to_user));
    drawn.children = strokes.map(Node::Shape).collect();
    [background, shapes, drawn]
        .into_iter()
        .filter(|group| !group.children.is_empty())
        .map(Node::Group)
        .collect()
}

fn stroke_of(line: &Line, to_user: Affine) -> Shape {
    let mut shape = Shape::filled("", to_user * &line.path, Paint::Solid(line.color));
    shape.fill = None;
    let width = line.width * scale_of(to_user);
    shape.stroke = Some(Stroke::solid(Paint::Solid(line.color), width));
    shape
}

/// A found shape with a name as a node, mapped to its parent's coordinates.
pub(crate) fn node_of(name: Name, found: &FoundShape, to_parent: Affine) -> Node {
    let mut shape = Shape::filled(
        "",
        to_parent * &found.path,
        paint_in(&found.paint.paint, to_parent),
    );
    if let Some(fill) = &mut shape.fill {
        fill.opacity = found.paint.opacity;
    }
    name.give_to(&mut shape);
    Node::Shape(shape)
}

/// Puts new shapes, bottom first, into a document: each right above the shape at its depth in
/// painting order and in that shape's group, without one, or where there is no such shape, below
/// everything. `to_canvas` maps user space to the new shapes' coordinates.
///
/// `node` makes the shape of an item from the name, perhaps none, of the shape that it goes above,
/// `None` at the bottom, and the map from the new shapes' coordinates to its parent's.
/// Returns each item with its shape's index in painting order in the end, from front to back.
pub fn insert_above(
    document: &mut Document,
    depths: &[Option<usize>],
    to_canvas: Affine,
    mut node: impl FnMut(usize, Option<&str>, Affine) -> Node,
) -> Vec<(usize, usize)> {
    let visits = document.shapes();
    let place = |visit: &ShapeVisit<'_>| (visit.place.clone(), visit.transform, ground_name(visit));
    let places: Vec<(Vec<usize>, Affine, String)> = visits.iter().map(place).collect();
    let mut order: Vec<(usize, Option<usize>)> = depths.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, depth)| depth.map_or(0, |depth| depth + 1));
    let mut inserted: Vec<(usize, usize)> = Vec::with_capacity(order.len());
    // From the front, so that the places of what comes later in the walk stay right.
    for (item, depth) in order.into_iter().rev() {
        let at = depth.and_then(|depth| places.get(depth).zip(Some(depth + 1)));
        let index = if let Some(((place, transform, name), index)) = at {
            let Some((last, around)) = place.split_last() else {
                continue;
            };
            let Some(siblings) = document.children_mut(around) else {
                continue;
            };
            let to_parent = (to_canvas * *transform).inverse();
            let place = (last + 1).min(siblings.len());
            siblings.insert(place, node(item, Some(name), to_parent));
            index
        } else {
            let lowest = node(item, None, to_canvas.inverse());
            document.layers.insert(0, lowest);
            0
        };
        for (_, other) in &mut inserted {
            *other += usize::from(*other >= index);
        }
        inserted.push((item, index));
    }
    inserted
}
