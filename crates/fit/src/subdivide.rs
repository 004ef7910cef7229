//! Gives outlines more control points where the picture pulls at them in a way that those they have cannot
//! follow: a curve is cut in two, a line becomes a curve. Asked of the loss's gradient, so that what is merely
//! soft, or wrong for another reason, gets none. Taking points away is `simplify`'s business.

use chat2svg_diffraster::{Layout, Node};
use kurbo::{BezPath, CubicBez, ParamCurve, PathEl, Point};

use crate::{
    Action, FitError,
    fit::Fit,
    scene::{SceneMap, scene_of},
    simplify::points_of,
};

/// How far in pixels a new point is expected to move: its gradient times half of that is its gain.
const MOVES_BY: f64 = 0.5;
/// Segments shorter than this many pixels stay whole.
const LEAST_LENGTH: f64 = 6.0;
/// Bytes that a control point takes, about.
const POINT_BYTES: f64 = 7.0;

/// What may take the place of an element of a path.
struct Division {
    whole: PathEl,
    parts: Vec<PathEl>,
    /// Of the points that it has more freedom with: their indices when every element is divided.
    fresh: Vec<usize>,
}

impl Fit<'_> {
    /// Divides the segments of the template's outlines where that pays.
    pub(crate) fn subdivide(&mut self) -> Result<(), FitError> {
        if !self.setting.options.allow_points || self.is_stopped() {
            return Ok(());
        }
        let (to_canvas, target) = (self.setting.to_canvas, self.setting.target);
        let mut trial = self.document.clone();
        let mut divided: Vec<Option<Vec<Division>>> = Vec::new();
        let is_added = &self.is_added;
        trial.edit_shapes(|index, shape, transform, _| {
            let scale = (to_canvas * transform).determinant().abs().sqrt();
            let is_asked =
                is_added.get(index) == Some(&false) && scale.is_normal() && shape.path.is_finite();
            let found = is_asked.then(|| divisions(&shape.path, LEAST_LENGTH / scale));
            if let Some(found) = &found {
                shape.path = found
                    .iter()
                    .flat_map(|element| element.parts.iter().copied())
                    .collect();
            }
            divided.push(found);
        });
        let mut map = scene_of(&trial, target.width, target.height, to_canvas);
        let slopes = self.descender.slopes(&mut map.scene)?;
        let layout = Layout::of(&map.scene);
        let price = self.cost().per_byte;
        let mut paths: Vec<Option<BezPath>> = vec![None; divided.len()];
        for slot in &map.slots {
            if let Some(Some(divided)) = divided.get(slot.shape)
                && slot.has_own_outline
                && let Some(pulls) = pulls_of(&map, &layout, slot.node, &slopes)
                && let Some(path) = paths.get_mut(slot.shape)
            {
                *path = divided_where_it_pays(divided, &pulls, price);
            }
        }
        if paths.iter().all(Option::is_none) {
            return Ok(());
        }
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some(Some(path)) = paths.get(index) {
                shape.path.clone_from(path);
            }
        });
        self.note(Action::Subdivide)
    }
}

/// Length of the gradient at each point of a node's outline.
fn pulls_of(map: &SceneMap, layout: &Layout, node: usize, slopes: &[f32]) -> Option<Vec<f64>> {
    let (Node::Path(path), place) = (map.scene.nodes.get(node)?, layout.nodes.get(node)?) else {
        return None;
    };
    let (pairs, _) = slopes.get(place.points.clone())?.as_chunks::<2>();
    let pulls: Vec<f64> = pairs.iter().map(|[x, y]| f64::from(x.hypot(*y))).collect();
    (pulls.len() == path.outline.points.len()).then_some(pulls)
}

/// Every element of a path with what it would be divided into; segments shorter than about twice `least` stay
/// whole.
fn divisions(path: &BezPath, least: f64) -> Vec<Division> {
    let (mut start, mut current) = (Point::ZERO, Point::ZERO);
    let mut points = 0;
    let mut found = Vec::new();
    for whole in path.elements() {
        let is_long = |a: Point, b: Point| a.distance(b) >= least;
        let (parts, fresh) = match *whole {
            PathEl::LineTo(end) if is_long(current, end) => {
                let (a, b) = (current.lerp(end, 1.0 / 3.0), current.lerp(end, 2.0 / 3.0));
                (vec![PathEl::CurveTo(a, b, end)], vec![points, points + 1])
            }
            PathEl::CurveTo(a, b, end) => {
                let cubic = CubicBez::new(current, a, b, end);
                let middle = cubic.eval(0.5);
                if is_long(current, middle) && is_long(middle, end) {
                    let halves = [cubic.subsegment(0.0..0.5), cubic.subsegment(0.5..1.0)];
                    let parts = halves.map(|half| PathEl::CurveTo(half.p1, half.p2, half.p3));
                    (parts.to_vec(), vec![points + 1, points + 2, points + 3])
                } else {
                    (vec![*whole], Vec::new())
                }
            }
            other => (vec![other], Vec::new()),
        };
        points += parts.iter().map(points_of).sum::<usize>();
        match whole {
            PathEl::MoveTo(point) => (start, current) = (*point, *point),
            PathEl::ClosePath => current = start,
            other => current = other.end_point().unwrap_or(current),
        }
        found.push(Division {
            whole: *whole,
            parts,
            fresh,
        });
    }
    found
}

/// The path, divided only where the new points' pull pays for their bytes; `None` if nowhere.
fn divided_where_it_pays(divisions: &[Division], pulls: &[f64], per_byte: f64) -> Option<BezPath> {
    let mut path = BezPath::new();
    let mut is_changed = false;
    for Division {
        whole,
        parts,
        fresh,
    } in divisions
    {
        let pull = fresh
            .iter()
            .filter_map(|point| pulls.get(*point))
            .fold(0.0, |most: f64, pull| most.max(*pull));
        let bytes = POINT_BYTES * if parts.len() == 1 { 2.0 } else { 3.0 };
        if 0.5 * MOVES_BY * pull > per_byte * bytes {
            path.extend(parts.iter().copied());
            is_changed = true;
        } else {
            path.push(*whole);
        }
    }
    is_changed.then_some(path)
}
