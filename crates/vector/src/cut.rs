//! What hangs over the canvas, taken off: an editor shows it although no picture does. Shapes that
//! lie wholly outside go, outlines are cut at the border, and what a cut would change, a stroke,
//! is clipped with its layer. No pixel changes.

use kurbo::common::{solve_cubic, solve_quadratic};
use kurbo::{
    Affine, BezPath, CubicBez, Line, ParamCurve as _, PathEl, PathSeg, Point, QuadBez, Rect,
    Shape as _,
};

use crate::{ClipPath, Document, Drawn, FillRule, Group, Node, Shape};

/// How far something may hang over the canvas, in pixels of the nominal size: nobody sees it, and
/// a cut would only add points.
const ALLOWED: f64 = 0.5;

impl Document {
    /// Takes off what hangs over the canvas by more than half a pixel, of shapes that were
    /// [drawn here](Drawn::Here); those that came in a file stay as they are.
    pub fn cut_overhang(&mut self) {
        let frame = self.view_box;
        let scale = (self.width / frame.width()).min(self.height / frame.height());
        if !(scale.is_finite() && scale > 0.0) {
            return;
        }
        // What the canvas shows is larger than the view box where their proportions differ.
        let size = (self.width / scale, self.height / scale);
        let canvas = Canvas {
            shown: Rect::from_center_size(frame.center(), size),
            allowed: ALLOWED / scale,
        };
        if canvas.shown.is_finite() {
            self.layers.retain_mut(|layer| canvas.cut_layer(layer));
        }
    }
}

/// What hangs over after a cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overhang {
    None,
    /// Strokes, which no cut of their paths could keep.
    Strokes,
}

struct Canvas {
    /// The part of user space that is shown.
    shown: Rect,
    /// How far something may hang over it, in user units.
    allowed: f64,
}

impl Canvas {
    /// Whether anything is left of a layer.
    fn cut_layer(&self, layer: &mut Node) -> bool {
        let Some(overhang) = self.cut(layer, Affine::IDENTITY) else {
            return false;
        };
        if overhang == Overhang::Strokes {
            self.clip(layer);
        }
        true
    }

    /// Cuts a node in a place with such coordinates; `None` when nothing of it is left.
    fn cut(&self, node: &mut Node, transform: Affine) -> Option<Overhang> {
        match node {
            Node::Shape(shape) => self.cut_shape(shape, transform),
            Node::Group(group) => {
                let inner = transform * group.transform;
                let was_empty = group.children.is_empty();
                let mut overhang = Overhang::None;
                group
                    .children
                    .retain_mut(|child| match self.cut(child, inner) {
                        None => false,
                        Some(found) => {
                            if found != Overhang::None {
                                overhang = found;
                            }
                            true
                        }
                    });
                if group.children.is_empty() && !was_empty {
                    return None;
                }
                // What a clip hides hangs over nothing.
                let bounds = group.paint_bounds(transform);
                let hangs = bounds.is_some_and(|bounds| self.hangs_over(bounds));
                Some(if hangs { overhang } else { Overhang::None })
            }
        }
    }

    fn cut_shape(&self, shape: &mut Shape, transform: Affine) -> Option<Overhang> {
        let is_ours = shape.drawn == Drawn::Here && shape.path.is_finite();
        let bounds = shape.paint_bounds(transform).filter(|_| is_ours);
        let Some(bounds) = bounds.filter(|bounds| self.hangs_over(*bounds)) else {
            return Some(Overhang::None);
        };
        let is_outside = bounds.x1 <= self.shown.x0
            || bounds.x0 >= self.shown.x1
            || bounds.y1 <= self.shown.y0
            || bounds.y0 >= self.shown.y1;
        if is_outside {
            return None;
        }
        if shape.stroke.is_some() {
            return Some(Overhang::Strokes);
        }
        let cut = inside(&shape.path, self.shown, transform);
        if cut.elements().is_empty() {
            return None;
        }
        shape.path = cut;
        Some(Overhang::None)
    }

    fn hangs_over(&self, bounds: Rect) -> bool {
        let canvas = self.shown.inflate(self.allowed, self.allowed);
        bounds.x0 < canvas.x0
            || bounds.y0 < canvas.y0
            || bounds.x1 > canvas.x1
            || bounds.y1 > canvas.y1
    }

    /// Clips a layer to the canvas: itself where it has neither clip nor transform, else what is in
    /// it.
    fn clip(&self, layer: &mut Node) {
        let canvas = ClipPath {
            path: self.shown.to_path(0.1),
            rule: FillRule::NonZero,
        };
        match layer {
            Node::Group(group) if group.clip.is_none() && group.transform == Affine::IDENTITY => {
                group.clip = Some(canvas);
            }
            _ => {
                let inner = std::mem::replace(layer, Node::Group(Group::new("")));
                if let Node::Group(outer) = layer {
                    outer.clip = Some(canvas);
                    outer.children.push(inner);
                }
            }
        }
    }
}

/// The part of a filled path inside a rectangle, to whose coordinates `transform` leads. Its fill
/// inside is the same by either rule.
fn inside(path: &BezPath, rect: Rect, transform: Affine) -> BezPath {
    let [a, b, c, d, e, f] = transform.as_coeffs();
    // Each side as a function that is positive within.
    let sides = [
        [a, c, e - rect.x0],
        [-a, -c, rect.x1 - e],
        [b, d, f - rect.y0],
        [-b, -d, rect.y1 - f],
    ];
    let mut path = path.clone();
    for side in sides {
        let place = move |point: Point| side[0] * point.x + side[1] * point.y + side[2];
        // Most paths are within most sides.
        let is_within = path
            .elements()
            .iter()
            .all(|element| points(element).iter().flatten().all(|p| place(*p) >= 0.0));
        if !is_within {
            path = within(&path, &place);
        }
    }
    path
}

fn points(element: &PathEl) -> [Option<Point>; 3] {
    match *element {
        PathEl::MoveTo(p) | PathEl::LineTo(p) => [Some(p), None, None],
        PathEl::QuadTo(a, p) => [Some(a), Some(p), None],
        PathEl::CurveTo(a, b, p) => [Some(a), Some(b), Some(p)],
        PathEl::ClosePath => [None, None, None],
    }
}

/// The part of a filled path where an affine function is not negative (Sutherland and Hodgman, on
/// curves): what is cut off is replaced by a line along the border.
fn within(path: &BezPath, place: &dyn Fn(Point) -> f64) -> BezPath {
    let mut out = BezPath::new();
    for contour in contours(path) {
        let pieces = contour
            .into_iter()
            .flat_map(|segment| pieces(segment, place));
        let mut last = None;
        for piece in pieces.filter(|piece| place(piece.eval(0.5)) >= 0.0) {
            match last {
                None => out.move_to(piece.start()),
                Some(last) if last != piece.start() => out.line_to(piece.start()),
                Some(_) => {}
            }
            last = Some(piece.end());
            out.push(piece.as_path_el());
        }
        if last.is_some() {
            out.close_path();
        }
    }
    out
}

/// The segments of each contour, with the line that closes it.
fn contours(path: &BezPath) -> Vec<Vec<PathSeg>> {
    let mut contours = Vec::new();
    let mut segments = Vec::new();
    let (mut start, mut at) = (Point::ZERO, Point::ZERO);
    let mut close = |segments: &mut Vec<PathSeg>, at: Point, start: Point| {
        if !segments.is_empty() {
            if at != start {
                segments.push(PathSeg::Line(Line::new(at, start)));
            }
            contours.push(std::mem::take(segments));
        }
    };
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(to) => {
                close(&mut segments, at, start);
                start = to;
            }
            PathEl::LineTo(to) => segments.push(PathSeg::Line(Line::new(at, to))),
            PathEl::QuadTo(c, to) => segments.push(PathSeg::Quad(QuadBez::new(at, c, to))),
            PathEl::CurveTo(c, d, to) => {
                segments.push(PathSeg::Cubic(CubicBez::new(at, c, d, to)));
            }
            PathEl::ClosePath => close(&mut segments, at, start),
        }
        at = element.end_point().unwrap_or(start);
    }
    close(&mut segments, at, start);
    contours
}

/// A segment in parts, each of which is on one side of where an affine function is zero.
fn pieces(segment: PathSeg, place: &dyn Fn(Point) -> f64) -> Vec<PathSeg> {
    /// Closer to its end than this a segment is not cut.
    const LEAST: f64 = 1e-9;
    let mut cuts: Vec<f64> = match segment {
        PathSeg::Line(line) => {
            let (start, end) = (place(line.p0), place(line.p1));
            vec![start / (start - end)]
        }
        PathSeg::Quad(quad) => {
            let [p, q, r] = [quad.p0, quad.p1, quad.p2].map(place);
            solve_quadratic(p, 2.0 * (q - p), p - 2.0 * q + r).to_vec()
        }
        PathSeg::Cubic(cubic) => {
            let [p, q, r, s] = [cubic.p0, cubic.p1, cubic.p2, cubic.p3].map(place);
            let (linear, square) = (3.0 * (q - p), 3.0 * (p - 2.0 * q + r));
            solve_cubic(p, linear, square, s - p + 3.0 * (q - r)).to_vec()
        }
    };
    for cut in &mut cuts {
        *cut = polished(*cut, |at| place(segment.eval(at)));
    }
    cuts.retain(|cut| (LEAST..=1.0 - LEAST).contains(cut));
    cuts.sort_by(f64::total_cmp);
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0.0;
    for to in cuts.into_iter().chain([1.0]) {
        if to > from {
            pieces.push(if from == 0.0 && to == 1.0 {
                segment
            } else {
                segment.subsegment(from..to)
            });
        }
        from = to;
    }
    pieces
}

/// A zero of a function, nearer than the solver of cubics finds it: steps of the secant method for
/// as long as they lead on.
fn polished(mut zero: f64, value: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 4;
    const APART: f64 = 1e-7;
    let mut left = value(zero);
    for _ in 0..STEPS {
        let slope = (value(zero + APART) - value(zero - APART)) / (2.0 * APART);
        let next = zero - left / slope;
        let after = value(next);
        if after.is_nan() || after.abs() >= left.abs() {
            break;
        }
        (zero, left) = (next, after);
    }
    zero
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, Ellipse, Rect};
    use proptest::prelude::*;

    use super::*;
    use crate::{Color, Metadata, Paint, Stroke};

    fn document(layers: Vec<Node>) -> Document {
        Document {
            width: 100.0,
            height: 80.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 80.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
        }
    }

    fn filled(path: BezPath) -> Shape {
        Shape::filled("", path, Paint::Solid(Color::BLACK))
    }

    /// The document after a cut, which looks as it did and hangs over nothing.
    fn cut(layers: Vec<Node>) -> Document {
        let before = document(layers);
        let mut after = before.clone();
        after.cut_overhang();
        let render = |document: &Document| document.render(100, 80, None).expect("renders");
        let pairs = render(&before);
        let pairs = pairs.pixels().iter().zip(render(&after).pixels().to_vec());
        for (old, new) in pairs {
            let differ = old.iter().zip(new).map(|(a, b)| a.abs_diff(b)).max();
            assert!(differ.is_some_and(|differ| differ <= 2), "{old:?} {new:?}");
        }
        let bounds = after.paint_bounds();
        let canvas = Rect::new(-0.6, -0.6, 100.6, 80.6);
        assert!(
            bounds.is_none_or(|bounds| canvas.union(bounds) == canvas),
            "{bounds:?}"
        );
        after
    }

    #[test]
    fn outlines_are_cut_at_the_border() {
        let sun = filled(Circle::new((95.0, 10.0), 30.0).to_path(0.01));
        let sky = filled(Rect::new(-20.0, -20.0, 120.0, 90.0).to_path(0.1));
        let hill = filled(Ellipse::new((50.0, 90.0), (90.0, 40.0), 0.2).to_path(0.01));
        let mut turned = Group::new("turned");
        turned.transform = Affine::translate((50.0, 40.0)) * Affine::rotate(0.7);
        turned.children = vec![Node::Shape(sky.clone()), Node::Shape(sun.clone())];
        let after = cut(vec![
            Node::Shape(sky),
            Node::Shape(hill),
            Node::Shape(sun),
            Node::Group(turned),
        ]);
        // The sun of the turned group lies outside.
        assert_eq!(after.counts().shapes, 4);
    }

    #[test]
    fn what_lies_outside_goes_with_its_group() {
        let mut group = Group::new("far");
        group.transform = Affine::scale(2.0);
        let far = filled(Rect::new(60.0, 0.0, 70.0, 9.0).to_path(0.1));
        group.children = vec![Node::Shape(far)];
        assert_eq!(cut(vec![Node::Group(group)]).layers, []);
    }

    #[test]
    fn strokes_are_clipped_with_their_layer() {
        let mut line = filled(Rect::new(-20.0, 20.0, 50.0, 40.0).to_path(0.1));
        line.stroke = Some(Stroke {
            paint: Paint::Solid(Color::from_rgb8(200, 0, 0)),
            opacity: 1.0,
            width: 6.0,
            cap: crate::LineCap::Round,
            join: crate::LineJoin::Round,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        });
        let mut moved = Group::new("moved");
        moved.transform = Affine::translate((5.0, 30.0));
        moved.children = vec![Node::Shape(line.clone())];
        let mut plain = Group::new("plain");
        plain.children = vec![Node::Shape(line.clone())];
        let after = cut(vec![
            Node::Shape(line),
            Node::Group(moved),
            Node::Group(plain),
        ]);
        let clips = after.layers.iter().filter(|layer| match layer {
            Node::Group(group) => group.clip.is_some(),
            Node::Shape(_) => false,
        });
        assert_eq!(clips.count(), 3);
    }

    #[test]
    fn shapes_of_a_file_stay() {
        let mut shape = filled(Rect::new(-20.0, 20.0, 50.0, 40.0).to_path(0.1));
        shape.drawn = Drawn::AsBasicShape;
        let mut after = document(vec![Node::Shape(shape.clone())]);
        after.cut_overhang();
        assert_eq!(after.layers, [Node::Shape(shape)]);
    }

    proptest! {
        #[test]
        fn the_winding_inside_stays(
            numbers in prop::collection::vec(-150.0..250.0f64, 20),
            at in (1.0..99.0f64, 1.0..79.0f64),
        ) {
            let mut path = BezPath::new();
            path.move_to((numbers[0], numbers[1]));
            path.curve_to((numbers[2], numbers[3]), (numbers[4], numbers[5]), (numbers[6], numbers[7]));
            path.quad_to((numbers[8], numbers[9]), (numbers[10], numbers[11]));
            path.line_to((numbers[12], numbers[13]));
            path.curve_to((numbers[14], numbers[15]), (numbers[16], numbers[17]), (numbers[18], numbers[19]));
            path.close_path();
            let rect = Rect::new(0.0, 0.0, 100.0, 80.0);
            let cut = inside(&path, rect, Affine::IDENTITY);
            let bounds = cut.bounding_box();
            let inflated = rect.inflate(1e-6, 1e-6);
            prop_assert!(cut.is_empty() || inflated.union(bounds) == inflated, "{bounds}");
            // A point on an edge is on neither side.
            let near = path.segments().chain(cut.segments()).any(|segment| {
                kurbo::ParamCurveNearest::nearest(&segment, at.into(), 1e-9).distance_sq < 1e-6
            });
            if !near {
                prop_assert_eq!(path.winding(at.into()), cut.winding(at.into()));
            }
        }
    }
}
