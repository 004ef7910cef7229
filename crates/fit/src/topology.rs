//! Changes to the set of shapes of a document: putting shapes in at the right depth, taking
//! worthless ones out.

use chat2svg_trace::{
    found_shape::{BACKGROUND, FoundShape, SHAPES, paint_in},
    lines::Line,
};
use chat2svg_vector::{Document, Group, Node, Paint, Shape, Stroke};
use kurbo::Affine;

/// Layer of a new document's lines.
const LINES: &str = "lines";

/// Shapes and lines as the layers of a document that had none.
pub(crate) fn first_layers(found: Vec<FoundShape>, lines: &[Line], to_user: Affine) -> Vec<Node> {
    let mut background = Group::new(BACKGROUND);
    let mut shapes = Group::new(SHAPES);
    for shape in found {
        let group = if shape.is_backdrop {
            &mut background
        } else {
            &mut shapes
        };
        group.children.push(node_of(String::new(), &shape, to_user));
    }
    let mut drawn = Group::new(LINES);
    let strokes = lines
        .iter()
        .map(|line| Node::Shape(stroke_of(line, to_user)));
    drawn.children = strokes.collect();
    [background, shapes, drawn]
        .into_iter()
        .filter(|group| !group.children.is_empty())
        .map(Node::Group)
        .collect()
}

fn stroke_of(line: &Line, to_user: Affine) -> Shape {
    let mut shape = Shape::filled("", to_user * &line.path, Paint::Solid(line.color));
    shape.fill = None;
    let width = line.width * to_user.determinant().abs().sqrt();
    shape.stroke = Some(Stroke::solid(Paint::Solid(line.color), width));
    shape
}

fn node_of(label: String, found: &FoundShape, to_parent: Affine) -> Node {
    let mut shape = Shape::filled(
        label,
        to_parent * &found.path,
        paint_in(&found.paint.paint, to_parent),
    );
    if let Some(fill) = &mut shape.fill {
        fill.opacity = found.paint.opacity;
    }
    Node::Shape(shape)
}

/// Puts shapes, bottom first, into a document, each right above the shape at its depth and in that
/// shape's group, named after it. `to_canvas` maps user space to the found shapes' coordinates.
/// Calls `inserted` with the index in painting order that each takes, in an order in which every
/// index is right when it is told.
pub(crate) fn insert(
    document: &mut Document,
    found: &[FoundShape],
    to_canvas: Affine,
    mut inserted: impl FnMut(usize),
) {
    let places: Vec<(Vec<usize>, Affine, String)> = document
        .shapes()
        .into_iter()
        .map(|visit| {
            let group = visit.groups.iter().rev().map(|group| group.label.as_str());
            let name = std::iter::once(visit.shape.label.as_str())
                .chain(group)
                .find(|label| !label.is_empty())
                .unwrap_or_default()
                .to_owned();
            (visit.place, visit.transform, name)
        })
        .collect();
    // From the front, so that the places of what comes later in the walk stay right.
    let mut order: Vec<&FoundShape> = found.iter().collect();
    order.sort_by_key(|shape| shape.depth.map_or(0, |depth| depth + 1));
    for shape in order.into_iter().rev() {
        let at = shape.depth.and_then(|depth| places.get(depth));
        match (at, shape.depth) {
            (Some((place, transform, name)), Some(depth)) => {
                let to_parent = (to_canvas * *transform).inverse();
                let is_made_here =
                    [SHAPES, BACKGROUND, LINES].contains(&name.as_str()) || name.is_empty();
                let label = if is_made_here {
                    String::new()
                } else {
                    format!("{} / detail", name.trim_end_matches(" / detail"))
                };
                if let Some((last, around)) = place.split_last()
                    && let Some(siblings) = document.children_mut(around)
                {
                    let index = (last + 1).min(siblings.len());
                    siblings.insert(index, node_of(label, shape, to_parent));
                    inserted(depth + 1);
                }
            }
            _ => {
                let to_user = to_canvas.inverse();
                document
                    .layers
                    .insert(0, node_of(BACKGROUND.to_owned(), shape, to_user));
                inserted(0);
            }
        }
    }
}
