//! Going through nodes that are being converted: what all ways of drawing effects need.

use kurbo::{Affine, BezPath, Cap, Join, PathEl, Point, Rect, Shape as _, StrokeOpts};

use crate::{ClipPath, FillRule, Group, LineCap, LineJoin, Meaning, Node, Paint, Shape, Stroke};

/// How far stroke outlines may be off, as a share of the stroke's width.
const OUTLINE_ACCURACY: f64 = 0.000_5;

/// A rectangle around all that nodes paint.
pub(super) fn bounds(nodes: &[Node]) -> Option<Rect> {
    let painted = nodes.iter();
    let painted = painted.filter_map(|node| node.paint_bounds(Affine::IDENTITY));
    painted.reduce(|a, b| a.union(b))
}

/// Copies without names: names belong to one node only.
pub(super) fn unnamed(nodes: &[Node]) -> Vec<Node> {
    let mut copies = nodes.to_vec();
    strip(&mut copies);
    copies
}

fn strip(nodes: &mut [Node]) {
    for node in nodes {
        let (id, label, meaning) = match node {
            Node::Shape(shape) => (&mut shape.id, &mut shape.label, &mut shape.meaning),
            Node::Group(group) => {
                strip(&mut group.children);
                (&mut group.id, &mut group.label, &mut group.meaning)
            }
        };
        id.clear();
        label.clear();
        *meaning = Meaning::NONE;
    }
}

/// What a copy of nodes costs: nodes and path elements.
pub(super) fn weight(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Shape(shape) => 1 + shape.path.elements().len(),
            Node::Group(group) => {
                let clip = group.clip.as_ref();
                1 + clip.map_or(0, |clip| clip.path.elements().len()) + weight(&group.children)
            }
        })
        .sum()
}

/// Calls `edit` for every shape, with the map from its coordinates to those of the nodes.
pub(super) fn edit_shapes(
    nodes: &mut [Node],
    transform: Affine,
    edit: &mut dyn FnMut(&mut Shape, Affine),
) {
    for node in nodes {
        match node {
            Node::Shape(shape) => edit(shape, transform),
            Node::Group(group) => {
                edit_shapes(&mut group.children, transform * group.transform, edit);
            }
        }
    }
}

/// Calls `edit` for the paint of every fill and stroke, with the map as above.
pub(super) fn edit_paints(nodes: &mut [Node], edit: &mut dyn FnMut(&mut Paint, Affine)) {
    edit_shapes(nodes, Affine::IDENTITY, &mut |shape, transform| {
        if let Some(fill) = &mut shape.fill {
            edit(&mut fill.paint, transform);
        }
        if let Some(stroke) = &mut shape.stroke {
            edit(&mut stroke.paint, transform);
        }
    });
}

/// Bounds of all shapes, each with what the groups around it clip.
pub(super) fn shape_bounds(nodes: &[Node]) -> Vec<Rect> {
    fn descend(nodes: &[Node], transform: Affine, clip: Option<Rect>, out: &mut Vec<Rect>) {
        for node in nodes {
            match node {
                Node::Shape(shape) => {
                    let bounds = shape.paint_bounds(transform);
                    let bounds = bounds.map(|rect| clip.map_or(rect, |clip| rect.intersect(clip)));
                    out.extend(bounds.filter(|rect| rect.area() > 0.0));
                }
                Node::Group(group) => {
                    let inner = transform * group.transform;
                    let own = group.clip.as_ref();
                    let own = own.map(|own| inner.transform_rect_bbox(own.path.bounding_box()));
                    let clip = match (clip, own) {
                        (Some(a), Some(b)) => Some(a.intersect(b)),
                        (a, b) => a.or(b),
                    };
                    descend(&group.children, inner, clip, out);
                }
            }
        }
    }
    let mut out = Vec::new();
    descend(nodes, Affine::IDENTITY, None, &mut out);
    out
}

/// The rectangle that a path draws, if it draws one along the axes.
pub(super) fn rectangle(path: &BezPath) -> Option<Rect> {
    let mut corners: Vec<Point> = Vec::with_capacity(5);
    for (index, element) in path.elements().iter().enumerate() {
        match (index, element) {
            (0, PathEl::MoveTo(point)) => corners.push(*point),
            (1..=4, PathEl::LineTo(point)) => corners.push(*point),
            (3..=5, PathEl::ClosePath) => {}
            _ => return None,
        }
    }
    if corners.len() == 5 && corners.first() == corners.last() {
        corners.pop();
    }
    let [a, b, c, d] = corners.try_into().ok()?;
    let is_upright = a.x == b.x && b.y == c.y && c.x == d.x && d.y == a.y;
    let is_level = a.y == b.y && b.x == c.x && c.y == d.y && d.x == a.x;
    (is_upright || is_level).then(|| Rect::from_points(a, c))
}

/// Whether a clip path lets all of a rectangle through, as far as that can be said with little
/// work: sooner no than wrongly yes.
pub(super) fn covers(clip: &ClipPath, rect: Rect) -> bool {
    let around = clip.path.bounding_box();
    let slack = 1e-6 * (around.width() + around.height());
    let is_around = around.inflate(slack, slack).union(rect) == around.inflate(slack, slack);
    if !is_around {
        return false;
    }
    if let Some(own) = rectangle(&clip.path) {
        return own.inflate(slack, slack).union(rect) == own.inflate(slack, slack);
    }
    /// Points tried on each side.
    const TRIED: u32 = 8;
    let inside = rect.inset(-1e-3 * rect.width().min(rect.height()));
    let has_points = clip.path.elements().iter().any(|element| {
        let ends = element.end_point();
        ends.is_some_and(|point| inside.contains(point))
    });
    let is_in = |point: Point| match clip.rule {
        FillRule::NonZero => clip.path.winding(point) != 0,
        FillRule::EvenOdd => clip.path.winding(point) % 2 != 0,
    };
    !has_points
        && (0..=TRIED).all(|step| {
            let share = f64::from(step) / f64::from(TRIED);
            let x = inside.x0 + share * inside.width();
            let y = inside.y0 + share * inside.height();
            [
                Point::new(x, inside.y0),
                Point::new(x, inside.y1),
                Point::new(inside.x0, y),
                Point::new(inside.x1, y),
            ]
            .into_iter()
            .all(is_in)
        })
}

/// The outline of what a stroke paints.
pub(super) fn stroke_outline(path: &BezPath, stroke: &Stroke) -> BezPath {
    let style = kurbo::Stroke::new(stroke.width)
        .with_caps(match stroke.cap {
            LineCap::Butt => Cap::Butt,
            LineCap::Round => Cap::Round,
            LineCap::Square => Cap::Square,
        })
        .with_join(match stroke.join {
            LineJoin::Miter => Join::Miter,
            LineJoin::Round => Join::Round,
            LineJoin::Bevel => Join::Bevel,
        })
        .with_miter_limit(stroke.miter_limit)
        .with_dashes(stroke.dash_offset, stroke.dashes.iter().copied());
    let tolerance = (stroke.width * OUTLINE_ACCURACY).max(1e-6);
    kurbo::stroke(path, &style, &StrokeOpts::default(), tolerance)
}

/// One outline of several, all turned the same way so that overlaps add up.
pub(super) fn join(outlines: Vec<ClipPath>) -> ClipPath {
    let mut path = BezPath::new();
    for outline in outlines {
        let turned = if outline.path.area() < 0.0 {
            outline.path.reverse_subpaths()
        } else {
            outline.path
        };
        path.extend(turned);
    }
    ClipPath {
        path,
        rule: FillRule::NonZero,
    }
}

/// Whether an outline is not of straight lines only.
pub(super) fn has_curves(path: &BezPath) -> bool {
    let mut elements = path.elements().iter();
    elements.any(|element| matches!(element, PathEl::QuadTo(..) | PathEl::CurveTo(..)))
}

/// A group around nodes with a clip path.
pub(super) fn clipped_group(clip: ClipPath, children: Vec<Node>) -> Group {
    Group {
        clip: Some(clip),
        children,
        ..Group::new("")
    }
}

/// A clip path of a rectangle.
pub(super) fn clip_rect(rect: Rect) -> ClipPath {
    ClipPath {
        path: rect.to_path(0.1),
        rule: FillRule::NonZero,
    }
}
