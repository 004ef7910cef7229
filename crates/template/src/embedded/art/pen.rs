//! A pen that collects named shapes: the vocabulary that generators and backdrops draw with.
//!
//! Outlines are kept to few, clean segments, because people edit them.

use chat2svg_vector::{
    Color, Drawn, Group, LineCap, LineJoin, Material, Meaning, Node, Paint, Shape, Stroke,
};
use kurbo::{Affine, BezPath, Point, Rect, Vec2};

/// Control-point distance of a quarter circle of radius 1.
const KAPPA: f64 = 0.552_284_75;

/// Collects shapes, back to front.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    nodes: Vec<Node>,
}

impl Pen {
    /// A pen that has drawn nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What was drawn, back to front.
    pub(crate) fn finish(self) -> Vec<Node> {
        self.nodes
    }

    /// Adds a node as it is.
    pub(crate) fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// A filled outline.
    pub(crate) fn fill(&mut self, label: &str, path: BezPath, paint: impl Into<PaintKind>) {
        let PaintKind(paint) = paint.into();
        self.nodes
            .push(Node::Shape(Shape::filled(label, path, paint)));
    }

    /// A filled outline given as SVG path data.
    pub(crate) fn path(&mut self, label: &str, data: &str, color: Color) {
        self.fill(label, path_data(data), color);
    }

    /// An ellipse by its centre and radii.
    pub(crate) fn ellipse(
        &mut self,
        label: &str,
        center: (f64, f64),
        radii: (f64, f64),
        color: Color,
    ) {
        self.fill(label, ellipse(center, radii), color);
    }

    /// A circle.
    pub(crate) fn circle(&mut self, label: &str, center: (f64, f64), radius: f64, color: Color) {
        self.ellipse(label, center, (radius, radius), color);
    }

    /// A rectangle `(x, y, width, height)` with rounded corners.
    pub(crate) fn rect(
        &mut self,
        label: &str,
        rect: (f64, f64, f64, f64),
        radius: f64,
        color: Color,
    ) {
        self.fill(label, rounded_rect(rect, radius), color);
    }

    /// A polygon with rounded corners.
    pub(crate) fn polygon(
        &mut self,
        label: &str,
        points: &[(f64, f64)],
        radius: f64,
        color: Color,
    ) {
        self.fill(label, rounded_polygon(points, radius), color);
    }

    /// A closed smooth curve through points.
    pub(crate) fn blob(&mut self, label: &str, points: &[(f64, f64)], color: Color) {
        self.fill(label, smooth_closed(points), color);
    }

    /// An open line with round ends.
    pub(crate) fn line(&mut self, label: &str, path: BezPath, width: f64, color: Color) {
        self.nodes
            .push(Node::Shape(stroked(label, path, width, color)));
    }

    /// An open line with round ends, given as SVG path data.
    pub(crate) fn line_data(&mut self, label: &str, data: &str, width: f64, color: Color) {
        self.line(label, path_data(data), width, color);
    }

    /// A named group of what `draw` draws.
    pub(crate) fn group(&mut self, label: &str, draw: impl FnOnce(&mut Pen)) {
        let mut inner = Pen::new();
        draw(&mut inner);
        let mut group = Group::new(label);
        group.children = inner.finish();
        self.nodes.push(Node::Group(group));
    }

    /// A named group that is something in the picture.
    pub(crate) fn group_of(&mut self, meaning: Meaning, label: &str, draw: impl FnOnce(&mut Pen)) {
        self.group(label, draw);
        self.means(meaning);
    }

    /// States what the node drawn last is.
    pub(crate) fn means(&mut self, meaning: Meaning) {
        if let Some(last) = self.nodes.last_mut() {
            *last.meaning_mut() = meaning;
        }
    }

    /// States what the node drawn last is made of.
    pub(crate) fn made_of(&mut self, material: Material) {
        if let Some(last) = self.nodes.last_mut() {
            last.meaning_mut().material = Some(material);
        }
    }

    /// Draws through a transform: geometry is moved at once, no transform stays in the tree.
    pub(crate) fn placed(&mut self, transform: Affine, draw: impl FnOnce(&mut Pen)) {
        let mut inner = Pen::new();
        draw(&mut inner);
        let mut nodes = inner.finish();
        for node in &mut nodes {
            super::apply(node, transform);
        }
        self.nodes.append(&mut nodes);
    }
}

/// A paint, or a colour that becomes one.
pub(crate) struct PaintKind(Paint);

impl From<Color> for PaintKind {
    fn from(color: Color) -> Self {
        Self(Paint::Solid(color))
    }
}

impl From<Paint> for PaintKind {
    fn from(paint: Paint) -> Self {
        Self(paint)
    }
}

/// An open line with round ends and joins.
pub(crate) fn stroked(label: &str, path: BezPath, width: f64, color: Color) -> Shape {
    Shape {
        id: String::new(),
        label: label.to_owned(),
        meaning: Meaning::NONE,
        drawn: Drawn::Here,
        path,
        fill: None,
        stroke: Some(Stroke {
            paint: Paint::Solid(color),
            opacity: 1.0,
            width,
            cap: LineCap::Round,
            join: LineJoin::Round,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        }),
        opacity: 1.0,
    }
}

/// Parses path data of our own; data that does not parse draws nothing (the generators' test sees
/// it).
pub(crate) fn path_data(data: &str) -> BezPath {
    BezPath::from_svg(data).unwrap_or_default()
}

/// An ellipse of four cubics.
pub(crate) fn ellipse((cx, cy): (f64, f64), (rx, ry): (f64, f64)) -> BezPath {
    let (kx, ky) = (rx * KAPPA, ry * KAPPA);
    let mut path = BezPath::new();
    path.move_to((cx + rx, cy));
    path.curve_to((cx + rx, cy + ky), (cx + kx, cy + ry), (cx, cy + ry));
    path.curve_to((cx - kx, cy + ry), (cx - rx, cy + ky), (cx - rx, cy));
    path.curve_to((cx - rx, cy - ky), (cx - kx, cy - ry), (cx, cy - ry));
    path.curve_to((cx + kx, cy - ry), (cx + rx, cy - ky), (cx + rx, cy));
    path.close_path();
    path
}

/// A rectangle with rounded corners; the radius is cut to half the shorter side.
pub(crate) fn rounded_rect((x, y, width, height): (f64, f64, f64, f64), radius: f64) -> BezPath {
    let r = radius.min(width / 2.0).min(height / 2.0);
    let (x1, y1) = (x + width, y + height);
    let mut path = BezPath::new();
    if r <= 0.0 {
        path.move_to((x, y));
        path.line_to((x1, y));
        path.line_to((x1, y1));
        path.line_to((x, y1));
        path.close_path();
        return path;
    }
    let k = r * (1.0 - KAPPA);
    path.move_to((x + r, y));
    path.line_to((x1 - r, y));
    path.curve_to((x1 - k, y), (x1, y + k), (x1, y + r));
    path.line_to((x1, y1 - r));
    path.curve_to((x1, y1 - k), (x1 - k, y1), (x1 - r, y1));
    path.line_to((x + r, y1));
    path.curve_to((x + k, y1), (x, y1 - k), (x, y1 - r));
    path.line_to((x, y + r));
    path.curve_to((x, y + k), (x + k, y), (x + r, y));
    path.close_path();
    path
}

/// A polygon whose corners are rounded by quadratic arcs of about `radius`.
pub(crate) fn rounded_polygon(points: &[(f64, f64)], radius: f64) -> BezPath {
    let corners: Vec<Point> = points.iter().map(|&point| point.into()).collect();
    let mut path = BezPath::new();
    let count = corners.len();
    if count < 3 {
        return path;
    }
    for index in 0..count {
        let previous = corners[(index + count - 1) % count];
        let corner = corners[index];
        let next = corners[(index + 1) % count];
        let step = |to: Point| -> Vec2 {
            let side = to - corner;
            let length = side.hypot();
            if length < 1e-9 {
                Vec2::ZERO
            } else {
                side * (radius.min(length * 0.45) / length)
            }
        };
        let (enter, leave) = (corner + step(previous), corner + step(next));
        if index == 0 {
            path.move_to(enter);
        } else {
            path.line_to(enter);
        }
        if radius > 0.0 {
            path.quad_to(corner, leave);
        }
    }
    path.close_path();
    path
}

/// A closed smooth curve through the points (uniform Catmull–Rom).
pub(crate) fn smooth_closed(points: &[(f64, f64)]) -> BezPath {
    let knots: Vec<Point> = points.iter().map(|&point| point.into()).collect();
    let mut path = BezPath::new();
    let count = knots.len();
    if count < 3 {
        return path;
    }
    path.move_to(knots[0]);
    for index in 0..count {
        let at = |offset: usize| knots[(index + offset + count - 1) % count];
        let (before, from, to, after) = (at(0), at(1), at(2), at(3));
        path.curve_to(from + (to - before) / 6.0, to - (after - from) / 6.0, to);
    }
    path.close_path();
    path
}

/// An open smooth curve through the points (uniform Catmull–Rom, ends repeated).
pub(crate) fn smooth_open(points: &[(f64, f64)]) -> BezPath {
    let knots: Vec<Point> = points.iter().map(|&point| point.into()).collect();
    let mut path = BezPath::new();
    if knots.len() < 2 {
        return path;
    }
    path.move_to(knots[0]);
    for index in 0..knots.len() - 1 {
        let before = knots[index.saturating_sub(1)];
        let (from, to) = (knots[index], knots[index + 1]);
        let after = knots[(index + 2).min(knots.len() - 1)];
        path.curve_to(from + (to - before) / 6.0, to - (after - from) / 6.0, to);
    }
    path
}

/// A regular polygon's corners; the first points up.
pub(crate) fn regular(count: usize, center: (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    (0..count)
        .map(|index| {
            let angle = std::f64::consts::TAU * index as f64 / count as f64;
            (
                center.0 + radius * angle.sin(),
                center.1 - radius * angle.cos(),
            )
        })
        .collect()
}

/// A star's corners; the first points up.
pub(crate) fn star_points(
    count: usize,
    center: (f64, f64),
    outer: f64,
    inner: f64,
) -> Vec<(f64, f64)> {
    (0..count * 2)
        .map(|index| {
            let radius = if index % 2 == 0 { outer } else { inner };
            let angle = std::f64::consts::PI * index as f64 / count as f64;
            (
                center.0 + radius * angle.sin(),
                center.1 - radius * angle.cos(),
            )
        })
        .collect()
}

/// The smallest rectangle around everything that the nodes paint, strokes included.
pub(crate) fn bounds_of(nodes: &[Node]) -> Rect {
    fn visit(node: &Node, transform: Affine, bounds: &mut Option<Rect>) {
        match node {
            Node::Group(group) => {
                for child in &group.children {
                    visit(child, transform * group.transform, bounds);
                }
            }
            Node::Shape(shape) => {
                if shape.path.is_empty() {
                    return;
                }
                let mut own = kurbo::Shape::bounding_box(&(transform * &shape.path));
                if let Some(stroke) = &shape.stroke {
                    let reach = stroke.width / 2.0 * transform.determinant().abs().sqrt();
                    own = own.inflate(reach, reach);
                }
                *bounds = Some(bounds.map_or(own, |all| all.union(own)));
            }
        }
    }
    let mut bounds = None;
    for node in nodes {
        visit(node, Affine::IDENTITY, &mut bounds);
    }
    bounds.unwrap_or(Rect::ZERO)
}
