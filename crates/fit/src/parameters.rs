//! What each parameter of a scene is, and how it may move.

use chat2svg_diffraster::{
    Layout, Node, NodeSlots, Outline, Paint, PaintSlots, Path, Scene, Transform, Verb,
};

use crate::{
    freedom::Motion,
    regularise::{dot, minus, norm},
    scene::SceneMap,
};

/// What a parameter is, which decides how it is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Stays as it is.
    Fixed,
    /// A coordinate of an outline's point, in pixels.
    Point,
    /// A component of a colour.
    Color,
    /// A coordinate or radius of a gradient, in pixels.
    Gradient,
    /// Width of a stroke in pixels.
    Width,
    /// Opacity of a paint that was not opaque.
    Opacity,
}

/// An anchor between two handles that leave it in opposite directions: positions in the flat
/// parameter vector of the first handle, the anchor and the second handle.
pub(crate) type SmoothJoint = [usize; 3];

/// A cubic of an outline: positions in the flat parameter vector of its four points.
pub(crate) type CubicSlots = [usize; 4];

/// The parameters of a scene.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) joints: Vec<SmoothJoint>,
    pub(crate) cubics: Vec<CubicSlots>,
    /// First and last point of closed outlines, which are one and move as one.
    pub(crate) ties: Vec<[usize; 2]>,
}

/// Sine of the largest turn at an anchor that still counts as smooth.
const SMOOTH_TURN: f32 = 0.2;
/// Handles shorter than this in pixels have no direction.
const LEAST_HANDLE: f32 = 0.15;

impl Parameters {
    /// What the parameters of a scene are.
    pub(crate) fn of(map: &SceneMap, layout: &Layout) -> Self {
        let mut found = Self {
            kinds: vec![Kind::Fixed; layout.len],
            ..Self::default()
        };
        for slot in &map.slots {
            let (Some(Node::Path(path)), Some(place)) =
                (map.scene.nodes.get(slot.node), layout.nodes.get(slot.node))
            else {
                continue;
            };
            if slot.has_own_outline && slot.freedom.outline == Motion::Free {
                let is_ground = path.stroke.is_none() && is_canvas(&map.scene, &path.outline);
                let kind = if is_ground { Kind::Fixed } else { Kind::Point };
                found.kinds[place.points.clone()].fill(kind);
                found.note_curves(&path.outline, place.points.start);
                if let Some(width) = place.stroke_width {
                    found.kinds[width] = Kind::Width;
                }
            }
            if !slot.freedom.has_free_paint {
                continue;
            }
            for (paint, opacity, slots) in paints_of(path, place) {
                found.note_paint(paint, opacity, slots);
            }
        }
        found
    }

    fn note_paint(&mut self, paint: &Paint, opacity: f32, slots: &PaintSlots) {
        self.kinds[slots.color.clone()].fill(Kind::Color);
        for stop in slots.stops.clone().step_by(5) {
            self.kinds[stop + 1..stop + 4].fill(Kind::Color);
        }
        if is_direct(paint) {
            self.kinds[slots.geometry.clone()].fill(Kind::Gradient);
        }
        if (0.02..0.98).contains(&opacity) {
            self.kinds[slots.opacity] = Kind::Opacity;
        }
    }

    /// Notes the cubics and the smooth joints between them.
    fn note_curves(&mut self, outline: &Outline, first: usize) {
        let at = |index: usize| first + 2 * index;
        let mut next_point = 0;
        // Of the running subpath: index of its first and current point, its first handle, the last
        // handle.
        let (mut start, mut current) = (0, 0);
        let (mut first_handle, mut last_handle) = (None, None);
        for verb in &outline.verbs {
            let points = next_point;
            next_point += verb.point_count();
            match verb {
                Verb::Move => {
                    (start, current) = (points, points);
                    (first_handle, last_handle) = (None, None);
                    continue;
                }
                Verb::Line | Verb::Quad => {
                    last_handle = None;
                    current = next_point - 1;
                }
                Verb::Cubic => {
                    if let Some(before) = last_handle {
                        self.note_joint(outline, [before, current, points], first);
                    }
                    if current == start {
                        first_handle = Some(points);
                    }
                    self.cubics
                        .push([at(current), at(points), at(points + 1), at(points + 2)]);
                    last_handle = Some(points + 1);
                    current = points + 2;
                }
                Verb::Close => {
                    let gap = norm(minus(outline.points[start], outline.points[current]));
                    if gap < 1e-3 && current != start {
                        self.ties.push([at(start), at(current)]);
                    }
                    if let (Some(before), Some(after)) = (last_handle, first_handle)
                        && gap < 1e-3
                    {
                        self.note_joint(outline, [before, start, after], first);
                    }
                    (first_handle, last_handle) = (None, None);
                }
            }
        }
    }

    fn note_joint(&mut self, outline: &Outline, points: [usize; 3], first: usize) {
        let [before, anchor, after] = points.map(|index| outline.points[index]);
        let (u, v) = (minus(anchor, before), minus(after, anchor));
        let (a, b) = (norm(u), norm(v));
        if a < LEAST_HANDLE || b < LEAST_HANDLE {
            return;
        }
        let cross = (u[0] * v[1] - u[1] * v[0]) / (a * b);
        if dot(u, v) > 0.0 && cross.abs() < SMOOTH_TURN {
            self.joints.push(points.map(|index| first + 2 * index));
        }
    }
}

/// Turns both handles of a joint into their common direction, keeping their lengths.
pub(crate) fn straighten(joint: &SmoothJoint, values: &mut [f32]) {
    let [before, anchor, after] = joint.map(|at| [values[at], values[at + 1]]);
    let (u, v) = (minus(anchor, before), minus(after, anchor));
    let (a, b) = (norm(u), norm(v));
    // The longer handle knows the direction better.
    let direction = [u[0] + v[0], u[1] + v[1]];
    let length = norm(direction);
    if a < 1e-3 || b < 1e-3 || length < 1e-3 * (a + b) {
        return;
    }
    for axis in 0..2 {
        let unit = direction[axis] / length;
        values[joint[0] + axis] = anchor[axis] - unit * a;
        values[joint[2] + axis] = anchor[axis] + unit * b;
    }
}

/// The paints of a path's fill and stroke with their opacities, and where their parameters are.
pub(crate) fn paints_of<'a>(
    path: &'a Path,
    place: &'a NodeSlots,
) -> impl Iterator<Item = (&'a Paint, f32, &'a PaintSlots)> {
    let fill = path.fill.as_ref().zip(place.fill.as_ref());
    let stroke = path.stroke.as_ref().zip(place.stroke.as_ref());
    let fill = fill.map(|(fill, slots)| (&fill.paint, fill.opacity, slots));
    let stroke = stroke.map(|(stroke, slots)| (&stroke.paint, stroke.opacity, slots));
    fill.into_iter().chain(stroke)
}

/// Whether a paint is a gradient whose geometry is in pixels of the scene.
pub(crate) fn is_direct(paint: &Paint) -> bool {
    match paint {
        Paint::Solid(_) => false,
        Paint::Linear(gradient) => gradient.transform == Transform::default(),
        Paint::Radial(gradient) => gradient.transform == Transform::default(),
    }
}

/// Whether an outline's points are the canvas's corners.
fn is_canvas(scene: &Scene, outline: &Outline) -> bool {
    let [width, height] = [scene.width, scene.height].map(|side| side as f32 / scene.view.scale);
    let is_end = |value: f32, end: f32| value.abs().min((value - end).abs()) < 1.0;
    (4..=5).contains(&outline.points.len())
        && (outline.verbs.iter()).all(|verb| !matches!(verb, Verb::Quad | Verb::Cubic))
        && (outline.points.iter()).all(|[x, y]| is_end(*x, width) && is_end(*y, height))
}
