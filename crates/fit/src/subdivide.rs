//! Subdivides outlines where the loss's gradient asks for a change that their control points cannot
//! make: cuts a cubic in two, raises a quadratic to a cubic, turns a line into a curve. `simplify`
//! takes points away.

use std::ops::Range;

use chat2svg_diffraster::{Layout, Node};
use chat2svg_trace::{
    Price,
    crossing::{crossed_elements, crosses_itself},
};
use chat2svg_vector::points_of;
use kurbo::{BezPath, CubicBez, ParamCurve, PathEl, Point, QuadBez, Vec2};

use crate::{
    Action, FitError,
    fit::Fit,
    freedom::Motion,
    scene::{SceneMap, scale_of, scene_of},
};

/// How far in pixels the new points of a curve are expected to move: the gradient times half of
/// that is their gain.
const MOVES_BY: f64 = 0.5;
/// And those of a line, which says less of what it should be.
const BENDS_BY: f64 = 5.0;
/// Segments shorter than this many pixels stay whole.
const LEAST_LENGTH: f64 = 6.0;
/// How far in pixels the handles of a line that became a curve lie beside it, to that side to which
/// it gains by bending.
const BULGE: f64 = 0.75;

/// What may take the place of an element of a path.
struct Division {
    whole: PathEl,
    parts: Vec<PathEl>,
    /// Of a line, the curve that bulges to its other side, with what follows it.
    mirrored: Option<Vec<PathEl>>,
    /// The points that it has more freedom with, by their indices when every element is divided.
    fresh: Range<usize>,
}

impl Fit<'_> {
    /// Divides the segments of the template's outlines where that pays.
    pub(crate) fn subdivide(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_points || self.is_stopped() {
            return Ok(());
        }
        let (to_canvas, target) = (self.problem.to_canvas, self.problem.target);
        let mut trial = self.document.clone();
        let mut divided: Vec<Option<(Vec<Division>, f64)>> = Vec::new();
        let (ids, freedoms) = (&self.ids, self.present_freedoms());
        let problem = self.problem;
        trial.edit_shapes(|index, shape, transform, _| {
            let scale = scale_of(to_canvas * transform);
            let is_asked = ids.get(index).is_some_and(|id| !id.is_added())
                && freedoms.get(index).copied().unwrap_or_default().outline == Motion::Free
                && scale.is_normal()
                && shape.path.is_finite();
            let seen = problem.crossing_scale(transform, false);
            let found = is_asked.then(|| (divisions(&shape.path, scale), seen));
            if let Some((found, _)) = &found {
                shape.path = found
                    .iter()
                    .flat_map(|element| element.parts.iter().copied())
                    .collect();
            }
            divided.push(found);
        });
        let mut map = scene_of(&trial, target, to_canvas);
        let layout = Layout::of(&map.scene);
        let (_, gradient) = self.descender.squared_gradient(&mut map.scene)?;
        let price = self.price();
        let mut paths: Vec<Option<BezPath>> = vec![None; divided.len()];
        for slot in &map.slots {
            if let Some(Some((divided, scale))) = divided.get(slot.shape)
                && slot.has_own_outline
                && let Some(gradients) = point_gradients(&map, &layout, slot.node, &gradient)
                && let Some(path) = paths.get_mut(slot.shape)
            {
                *path = divided_where_it_pays(divided, &gradients, price, *scale);
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

/// A point of an outline in pixels, with the gradient there.
struct PointGradient {
    at: Point,
    slope: Vec2,
}

/// The gradient at each point of a node's outline.
fn point_gradients(
    map: &SceneMap,
    layout: &Layout,
    node: usize,
    gradient: &[f32],
) -> Option<Vec<PointGradient>> {
    let (Node::Path(path), place) = (map.scene.nodes.get(node)?, layout.nodes.get(node)?) else {
        return None;
    };
    let points = &path.outline.points;
    let (pairs, _) = gradient.get(place.points.clone())?.as_chunks::<2>();
    let gradients: Vec<PointGradient> = points
        .iter()
        .zip(pairs)
        .map(|([x, y], [by_x, by_y])| PointGradient {
            at: Point::new(f64::from(*x), f64::from(*y)),
            slope: Vec2::new(f64::from(*by_x), f64::from(*by_y)),
        })
        .collect();
    (gradients.len() == points.len()).then_some(gradients)
}

impl Division {
    /// Whether the gradient at its new points pays for their bytes.
    fn pays(&self, gradients: &[PointGradient], price: Price) -> bool {
        let gradients = gradients.get(self.fresh.clone()).unwrap_or_default();
        let slopes = gradients.iter().map(|gradient| gradient.slope.hypot());
        let points: usize = self.parts.iter().map(points_of).sum();
        let more = (points - points_of(&self.whole)) as f64;
        let moves = if self.mirrored.is_some() {
            BENDS_BY
        } else {
            MOVES_BY
        };
        0.5 * moves * slopes.fold(0.0, f64::max) > price.points(more)
    }

    /// What takes the element's place: a line that became a curve bulges to the side to which the
    /// gradient pulls it.
    fn divided(&self, gradients: &[PointGradient]) -> &[PathEl] {
        let around = self.fresh.start.saturating_sub(1)..self.fresh.end + 1;
        match (&self.mirrored, gradients.get(around)) {
            (Some(mirrored), Some([start, a, b, end]))
                if (a.slope + b.slope).dot(a.at - start.at.lerp(end.at, 1.0 / 3.0)) > 0.0 =>
            {
                mirrored
            }
            _ => &self.parts,
        }
    }

    /// Makes the line from `start` to `end`, which may be the one that closes an outline, a curve
    /// whose handles lie `bulge` beside it; `points` are before it.
    fn bend(&mut self, start: Point, end: Point, points: usize, bulge: f64) {
        let (a, b) = (start.lerp(end, 1.0 / 3.0), start.lerp(end, 2.0 / 3.0));
        let across = (end - start).turn_90().normalize() * bulge;
        let close = (self.whole == PathEl::ClosePath).then_some(PathEl::ClosePath);
        let curve = |across: Vec2| {
            let curve = PathEl::CurveTo(a + across, b + across, end);
            std::iter::once(curve).chain(close).collect()
        };
        self.parts = curve(across);
        self.mirrored = Some(curve(-across));
        self.fresh = points..points + 2;
    }
}

/// Every element of a path with what it would be divided into, where a unit takes `scale` pixels;
/// short segments stay whole.
fn divisions(path: &BezPath, scale: f64) -> Vec<Division> {
    let least = LEAST_LENGTH / scale;
    let (mut start, mut current) = (Point::ZERO, Point::ZERO);
    let mut points = 0;
    let mut found = Vec::new();
    for whole in path.elements() {
        let is_long = |a: Point, b: Point| a.distance(b) >= least;
        let mut division = Division {
            whole: *whole,
            parts: vec![*whole],
            mirrored: None,
            fresh: 0..0,
        };
        match *whole {
            PathEl::LineTo(end) if is_long(current, end) => {
                division.bend(current, end, points, BULGE / scale);
            }
            PathEl::ClosePath if is_long(current, start) => {
                division.bend(current, start, points, BULGE / scale);
            }
            PathEl::QuadTo(handle, end) if is_long(current, end) => {
                let cubic = QuadBez::new(current, handle, end).raise();
                division.parts = vec![PathEl::CurveTo(cubic.p1, cubic.p2, cubic.p3)];
                division.fresh = points..points + 2;
            }
            PathEl::CurveTo(a, b, end) => {
                let cubic = CubicBez::new(current, a, b, end);
                let middle = cubic.eval(0.5);
                if is_long(current, middle) && is_long(middle, end) {
                    let halves = [cubic.subsegment(0.0..0.5), cubic.subsegment(0.5..1.0)];
                    let parts = halves.map(|half| PathEl::CurveTo(half.p1, half.p2, half.p3));
                    division.parts = parts.to_vec();
                    division.fresh = points + 1..points + 4;
                }
            }
            _ => {}
        }
        points += division.parts.iter().map(points_of).sum::<usize>();
        match whole {
            PathEl::MoveTo(point) => (start, current) = (*point, *point),
            PathEl::ClosePath => current = start,
            other => current = other.end_point().unwrap_or(current),
        }
        found.push(division);
    }
    found
}

/// The path, divided only where the gradient at the new points pays for their bytes and where it
/// does not make the path cross itself; `None` if nowhere. `scale` is pixels per unit of the
/// picture in which it must not.
fn divided_where_it_pays(
    divisions: &[Division],
    gradients: &[PointGradient],
    price: Price,
    scale: f64,
) -> Option<BezPath> {
    let mut is_wanted: Vec<bool> = divisions
        .iter()
        .map(|division| division.pays(gradients, price))
        .collect();
    let whole: BezPath = divisions.iter().map(|division| division.whole).collect();
    while is_wanted.contains(&true) {
        let mut path = BezPath::new();
        let mut origins = Vec::new();
        for (index, (division, is_wanted)) in divisions.iter().zip(&is_wanted).enumerate() {
            if *is_wanted {
                path.extend(division.divided(gradients).iter().copied());
            } else {
                path.push(division.whole);
            }
            origins.resize(path.elements().len(), index);
        }
        let crossed = crossed_elements(&path, scale);
        if crossed.is_empty() || crosses_itself(&whole, scale) {
            return Some(path);
        }
        let mut is_changed = false;
        for element in crossed {
            if let Some(is_wanted) = origins.get(element).and_then(|at| is_wanted.get_mut(*at)) {
                is_changed |= std::mem::take(is_wanted);
            }
        }
        if !is_changed {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    const PRICE: Price = Price::of_byte(0.1);

    #[test]
    fn a_quadratic_and_the_line_that_closes_it_get_points_of_their_own() {
        let path = BezPath::from_svg("M10 10Q40 0 50 40Z").expect("a path");
        let found = divisions(&path, 1.0);
        let kinds: Vec<(usize, Range<usize>)> = found
            .iter()
            .map(|division| (division.parts.len(), division.fresh.clone()))
            .collect();
        assert_eq!(kinds, [(1, 0..0), (1, 1..3), (2, 4..6)]);
        let parts = found.iter().flat_map(|division| division.parts.clone());
        let divided: BezPath = parts.collect();
        // The quadratic is the same curve; the line bulges by less than a pixel.
        assert!((divided.area() - path.area()).abs() < BULGE * 50.0);
        assert_eq!(divided.elements().last(), Some(&PathEl::ClosePath));
    }

    #[test]
    fn it_is_divided_only_where_the_pull_pays() {
        let path = BezPath::from_svg("M10 10Q40 0 50 40Z").expect("a path");
        let divisions = divisions(&path, 1.0);
        let gradients = |slope: f64| -> Vec<PointGradient> {
            let gradient = |_| PointGradient {
                at: Point::ZERO,
                slope: Vec2::new(0.0, slope),
            };
            (0..7).map(gradient).collect()
        };
        assert!(divided_where_it_pays(&divisions, &gradients(0.01), PRICE, 1.0).is_none());
        let divided =
            divided_where_it_pays(&divisions, &gradients(100.0), PRICE, 1.0).expect("pays");
        assert_eq!(divided.elements().len(), 4);
    }

    #[test]
    fn a_line_stays_one_where_its_curve_would_cross_another() {
        // The lower side would bulge down across the line half a pixel below it.
        let path = BezPath::from_svg("M0 0H40V20H20V0.5H0.2V30H50V-10H0Z").expect("a path");
        assert!(!crosses_itself(&path, 1.0));
        let divisions = divisions(&path, 1.0);
        let count: usize = divisions
            .iter()
            .flat_map(|division| &division.parts)
            .map(points_of)
            .sum();
        for slope in [100.0, -100.0] {
            let gradient = |_| PointGradient {
                at: Point::ZERO,
                slope: Vec2::new(slope, slope),
            };
            let gradients: Vec<PointGradient> = (0..count).map(gradient).collect();
            let divided = divided_where_it_pays(&divisions, &gradients, PRICE, 1.0).expect("pays");
            assert!(!crosses_itself(&divided, 1.0), "{divided:?}");
            assert!(
                divided
                    .elements()
                    .iter()
                    .any(|e| matches!(e, PathEl::CurveTo(..)))
            );
        }
    }
}
