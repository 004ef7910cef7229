//! Strokes as the outlines of what they paint, for programs that know only areas: cutters, lasers,
//! embroidery.

use kurbo::{BezPath, Cap, Circle, Join, PathEl, Point, Rect, Shape as _, StrokeOpts};

use crate::transform::largest_scale;
use crate::{
    Document, Drawn, Fill, FillRule, Group, LineCap, LineJoin, Meaning, Node, Shape, Stroke,
};

/// Most that an outline may be off, in pixels of the nominal size or of a rendering whose longest
/// side is [`REFERENCE_SIDE`].
const TOLERANCE: f64 = 0.01;
/// Longest side in pixels of the rendering that [`TOLERANCE`] refers to at least.
const REFERENCE_SIDE: f64 = 512.0;

impl Document {
    /// Makes every stroke the outline of what it paints, filled with the stroke's paint: of a shape
    /// that is only a stroke in its place, of one that has a fill as a second shape in a group of
    /// its name. Strokes that paint nothing go.
    pub fn outline_strokes(&mut self) {
        let frame = self.view_box;
        let scale = (self.width / frame.width()).min(self.height / frame.height());
        let longest = self.width.max(self.height);
        let scale = scale * (REFERENCE_SIDE / longest).max(1.0);
        if scale.is_finite() && scale > 0.0 {
            outline_all(&mut self.layers, scale);
        }
    }
}

/// `scale` is in pixels per unit of the nodes' coordinates.
fn outline_all(nodes: &mut [Node], scale: f64) {
    for node in nodes {
        match node {
            Node::Group(group) => {
                let inner = scale * largest_scale(group.transform);
                outline_all(&mut group.children, inner);
            }
            Node::Shape(shape) => {
                if let Some(stroke) = shape.stroke.take() {
                    let painted = painted(&shape.path, &stroke, TOLERANCE / scale);
                    if let Some(outlined) = with_outline(shape, stroke, painted) {
                        *node = outlined;
                    }
                }
            }
        }
    }
}

/// What takes the place of a shape whose stroke painted this; `None` for the shape itself.
fn with_outline(shape: &mut Shape, stroke: Stroke, painted: BezPath) -> Option<Node> {
    if painted.is_empty() {
        return None;
    }
    let fill = Fill {
        paint: stroke.paint,
        opacity: stroke.opacity,
        rule: FillRule::NonZero,
    };
    if shape.fill.is_none() {
        shape.path = painted;
        shape.fill = Some(fill);
        shape.drawn = as_path(shape.drawn);
        return None;
    }
    let unnamed = |shape: &Shape| Shape {
        id: String::new(),
        label: String::new(),
        meaning: Meaning::NONE,
        opacity: 1.0,
        ..shape.clone()
    };
    let line = Shape {
        path: painted,
        fill: Some(fill),
        drawn: as_path(shape.drawn),
        ..unnamed(shape)
    };
    let inner = unnamed(shape);
    Some(Node::Group(Group {
        id: std::mem::take(&mut shape.id),
        meaning: shape.meaning,
        opacity: shape.opacity,
        children: vec![Node::Shape(inner), Node::Shape(line)],
        ..Group::new(std::mem::take(&mut shape.label))
    }))
}

/// An outline of a basic shape's stroke is no basic shape.
fn as_path(drawn: Drawn) -> Drawn {
    match drawn {
        Drawn::AsBasicShape => Drawn::AsPath,
        other => other,
    }
}

/// The area that a stroke paints, by the non-zero rule.
fn painted(path: &BezPath, stroke: &Stroke, tolerance: f64) -> BezPath {
    if !(stroke.width > 0.0 && path.is_finite() && tolerance > 0.0) {
        return BezPath::new();
    }
    let cap = match stroke.cap {
        LineCap::Butt => Cap::Butt,
        LineCap::Round => Cap::Round,
        LineCap::Square => Cap::Square,
    };
    let join = match stroke.join {
        LineJoin::Miter => Join::Miter,
        LineJoin::Round => Join::Round,
        LineJoin::Bevel => Join::Bevel,
    };
    let style = kurbo::Stroke::new(stroke.width)
        .with_caps(cap)
        .with_join(join)
        .with_miter_limit(stroke.miter_limit)
        .with_dashes(stroke.dash_offset, stroke.dashes.iter().copied());
    let (lines, dots) = parted(path);
    let mut out = if lines.is_empty() {
        BezPath::new()
    } else {
        kurbo::stroke(lines.iter(), &style, &StrokeOpts::default(), tolerance)
    };
    // A line without length is all cap.
    let radius = stroke.width * 0.5;
    for dot in dots {
        match stroke.cap {
            LineCap::Butt => {}
            LineCap::Round => out.extend(Circle::new(dot, radius).to_path(tolerance)),
            LineCap::Square => {
                let side = (stroke.width, stroke.width);
                out.extend(Rect::from_center_size(dot, side).to_path(tolerance));
            }
        }
    }
    out
}

/// The subpaths that have a length, and where those are that have none.
fn parted(path: &BezPath) -> (BezPath, Vec<Point>) {
    let mut lines = BezPath::new();
    let mut dots = Vec::new();
    let elements = path.elements();
    let is_start = |element: &PathEl| matches!(element, PathEl::MoveTo(_));
    let starts = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| is_start(element));
    let mut starts = starts.map(|(index, _)| index).peekable();
    while let Some(start) = starts.next() {
        let end = starts.peek().copied().unwrap_or(elements.len());
        let Some(subpath) = elements.get(start..end) else {
            continue;
        };
        let subpath = BezPath::from_vec(subpath.to_vec());
        let bounds = subpath.control_box();
        if bounds.width() > 0.0 || bounds.height() > 0.0 {
            lines.extend(subpath);
        } else if subpath.elements().len() > 1 {
            dots.push(bounds.origin());
        }
    }
    (lines, dots)
}

#[cfg(test)]
mod tests {
    use kurbo::Affine;
    use proptest::prelude::*;

    use super::*;
    use crate::{Color, Metadata, Paint};

    fn stroke(width: f64, cap: LineCap, join: LineJoin, dashes: Vec<f64>) -> Stroke {
        Stroke {
            paint: Paint::Solid(Color::from_rgb8(200, 40, 0)),
            opacity: 0.6,
            width,
            cap,
            join,
            miter_limit: 4.0,
            dashes,
            dash_offset: 1.0,
        }
    }

    fn document(shape: Shape, transform: Affine) -> Document {
        let group = Group {
            transform,
            children: vec![Node::Shape(shape)],
            ..Group::new("Drawing")
        };
        Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![Node::Group(group)],
        }
    }

    /// How well the picture stays, in decibels.
    fn fidelity(before: &Document) -> f64 {
        let mut after = before.clone();
        after.outline_strokes();
        for visit in after.shapes() {
            assert!(visit.shape.stroke.is_none());
        }
        let render = |document: &Document| {
            document
                .render(300, 300, Some(Color::WHITE))
                .expect("renders")
        };
        render(before)
            .psnr(&render(&after), Color::WHITE)
            .expect("same size")
    }

    #[test]
    fn strokes_of_every_kind_look_the_same_as_outlines() {
        let path = BezPath::from_svg("M20 70L50 20L80 70C90 90 60 95 50 80M30 85h0M10 10h0z")
            .expect("valid path");
        for cap in [LineCap::Butt, LineCap::Round, LineCap::Square] {
            for join in [LineJoin::Miter, LineJoin::Round, LineJoin::Bevel] {
                for dashes in [Vec::new(), vec![9.0, 4.0]] {
                    for fill in [true, false] {
                        let mut shape =
                            Shape::filled("a", path.clone(), Paint::Solid(Color::BLACK));
                        if !fill {
                            shape.fill = None;
                        }
                        shape.opacity = 0.8;
                        // Of a dashed dot renderers say different things.
                        if !dashes.is_empty() {
                            shape.path = parted(&path).0;
                        }
                        shape.stroke = Some(stroke(6.0, cap, join, dashes.clone()));
                        let transform = Affine::new([1.2, 0.1, -0.2, 0.7, 5.0, 5.0]);
                        let found = fidelity(&document(shape, transform));
                        assert!(found >= 50.0, "{cap:?} {join:?} {dashes:?} {fill}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_stay_with_the_whole() {
        let path = Rect::new(20.0, 20.0, 60.0, 60.0).to_path(0.1);
        let mut shape = Shape::filled("Door", path, Paint::Solid(Color::BLACK));
        shape.id = "door".to_owned();
        shape.stroke = Some(stroke(4.0, LineCap::Butt, LineJoin::Miter, Vec::new()));
        let mut after = document(shape, Affine::IDENTITY);
        after.outline_strokes();
        let door = after.find_id("door").expect("is there");
        assert_eq!((door.label(), door.children().len()), ("Door", 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn any_line_can_be_outlined(
            numbers in prop::collection::vec(-200.0..300.0f64, 12),
            width in 0.0..80.0f64,
        ) {
            let mut path = BezPath::new();
            path.move_to((numbers[0], numbers[1]));
            path.curve_to((numbers[2], numbers[3]), (numbers[4], numbers[5]), (numbers[6], numbers[7]));
            path.quad_to((numbers[8], numbers[9]), (numbers[10], numbers[11]));
            let mut shape = Shape::filled("", path, Paint::Solid(Color::BLACK));
            shape.fill = None;
            shape.stroke = Some(stroke(width, LineCap::Round, LineJoin::Round, Vec::new()));
            let mut document = document(shape, Affine::IDENTITY);
            document.outline_strokes();
            for visit in document.shapes() {
                prop_assert!(visit.shape.path.is_finite());
            }
        }
    }
}
