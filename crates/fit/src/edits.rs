//! Edits of a document's shapes: merge two, raise one above another. Pure; `edit_search`
//! decides whether an edit pays.

use chat2svg_vector::{Document, Node, Paint};

use crate::fit::ShapeId;

/// A change to shapes of one group. Shapes are identified by their index in painting order.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// One path takes up the outline of another, which goes.
    Merge {
        kept: usize,
        gone: usize,
        paint: Paint,
    },
    /// A shape comes to lie right above another.
    Raise { shape: usize, above: usize },
}

impl Edit {
    /// The shapes that it is about.
    pub(crate) fn shapes(&self) -> [usize; 2] {
        match self {
            Self::Merge { kept, gone, .. } => [*kept, *gone],
            Self::Raise { shape, above } => [*shape, *above],
        }
    }
}

/// A node, the index of the shape that it is, and what each shape in it is.
struct Placed {
    shape: Option<usize>,
    node: Node,
    ids: Vec<ShapeId>,
}

/// The document after some edits, no two of which are about one shape, and what each of
/// its shapes is. An edit whose shapes are not in one group is left out.
pub(crate) fn with_edits(
    document: &Document,
    ids: &[ShapeId],
    edits: &[&Edit],
) -> (Document, Vec<ShapeId>) {
    let mut document = document.clone();
    let layers = std::mem::take(&mut document.layers);
    let (layers, ids) = nodes_with_edits(layers, &mut 0, ids, edits);
    document.layers = layers;
    (document, ids)
}

fn nodes_with_edits(
    nodes: Vec<Node>,
    next: &mut usize,
    ids: &[ShapeId],
    edits: &[&Edit],
) -> (Vec<Node>, Vec<ShapeId>) {
    let mut siblings: Vec<Placed> = nodes
        .into_iter()
        .map(|node| match node {
            Node::Shape(_) => {
                let index = *next;
                *next += 1;
                Placed {
                    shape: Some(index),
                    node,
                    ids: vec![ids.get(index).copied().unwrap_or(ShapeId::Added)],
                }
            }
            Node::Group(mut group) => {
                let children = std::mem::take(&mut group.children);
                let (children, ids) = nodes_with_edits(children, next, ids, edits);
                group.children = children;
                Placed {
                    shape: None,
                    node: Node::Group(group),
                    ids,
                }
            }
        })
        .collect();
    for edit in edits {
        apply(edit, &mut siblings);
    }
    let ids = siblings.iter().flat_map(|placed| placed.ids.clone());
    let ids = ids.collect();
    (
        siblings.into_iter().map(|placed| placed.node).collect(),
        ids,
    )
}

fn apply(edit: &Edit, siblings: &mut Vec<Placed>) {
    let place = |siblings: &[Placed], shape: usize| {
        let mut siblings = siblings.iter();
        siblings.position(|placed| placed.shape == Some(shape))
    };
    let [first, second] = edit.shapes().map(|shape| place(siblings, shape));
    let (Some(first), Some(second)) = (first, second) else {
        return;
    };
    match edit {
        Edit::Merge { kept, paint, .. } => {
            let gone = siblings.remove(second);
            if let Node::Shape(gone) = gone.node
                && let Some(first) = place(siblings, *kept)
                && let Some(Placed {
                    node: Node::Shape(shape),
                    ..
                }) = siblings.get_mut(first)
            {
                shape.path.extend(gone.path);
                if let Some(fill) = &mut shape.fill {
                    fill.paint = paint.clone();
                }
            }
        }
        Edit::Raise { above, .. } => {
            let shape = siblings.remove(first);
            let above = place(siblings, *above).map_or(first, |above| above + 1);
            siblings.insert(above.min(siblings.len()), shape);
        }
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, Group, Metadata, Shape};
    use kurbo::{Rect, Shape as _};

    use super::*;

    fn shape(label: &str) -> Shape {
        let path = Rect::new(0.0, 0.0, 1.0, 1.0).to_path(0.1);
        Shape::filled(label, path, Paint::Solid(Color::BLACK))
    }

    /// Layers `a`, a group of `b` and `c`, and `d`; `b` and `d` are added.
    fn sample() -> (Document, Vec<ShapeId>) {
        let node = |label| Node::Shape(shape(label));
        let mut group = Group::new("group");
        group.children = vec![node("b"), node("c")];
        let document = Document {
            width: 1.0,
            height: 1.0,
            view_box: Rect::new(0.0, 0.0, 1.0, 1.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![node("a"), Node::Group(group), node("d")],
        };
        let of_template = ShapeId::Template;
        let ids = vec![
            of_template(0),
            ShapeId::Added,
            of_template(1),
            ShapeId::Added,
        ];
        (document, ids)
    }

    fn after(edit: &Edit) -> (String, Vec<bool>) {
        let (document, ids) = sample();
        let (document, ids) = with_edits(&document, &ids, &[edit]);
        let shapes = document.shapes();
        let labels = shapes.iter().map(|visit| visit.shape.label.clone());
        let is_added = ids.iter().map(|id| id.is_added());
        (labels.collect(), is_added.collect())
    }

    #[test]
    fn shapes_rise_and_merge_where_they_are_and_keep_what_they_were() {
        let raise = |shape, above| Edit::Raise { shape, above };
        assert_eq!(
            after(&raise(1, 2)),
            ("acbd".to_owned(), vec![false, false, true, true])
        );
        assert_eq!(
            after(&raise(3, 0)),
            ("adbc".to_owned(), vec![false, true, true, false])
        );
        let merge = |kept, gone| Edit::Merge {
            kept,
            gone,
            paint: Paint::Solid(Color::WHITE),
        };
        assert_eq!(
            after(&merge(2, 1)),
            ("acd".to_owned(), vec![false, false, true])
        );
        // Not in one group.
        assert_eq!(after(&merge(0, 1)).0, "abcd");
    }
}
