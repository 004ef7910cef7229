//! Basic outlines that a sampled one may stand for: circles, rectangles with sharp and with round
//! corners, ellipses and polygons. Which of them is taken, the picture decides.

use chat2svg_diffraster::Path;
use chat2svg_trace::moments::Moments;
use chat2svg_vector::Shape;
use kurbo::{Affine, BezPath, Circle, Ellipse, Point, Rect, RoundedRect, Shape as _};

use super::{least_squares::nearest, polygon};
use crate::scene::{outline_of, scale_of};

/// Accuracy of curves in pixels.
const ACCURACY: f64 = 0.02;
/// By which share of its radius a circle is off in four cubics, and in eight.
const FOUR_ARCS: f64 = 2e-4;
const EIGHT_ARCS: f64 = 4.3e-6;
/// Numbers beyond its angle in which a turn is written.
const MORE_OF_TURN: usize = 3;
/// Narrowest line along an outline, in pixels.
const LEAST_WIDTH: f64 = 0.3;
/// Smallest radius of a round corner in pixels.
const LEAST_RADIUS: f64 = 0.8;
/// Of a polygon's tolerance how much single samples may be off a basic outline, and all together.
const LARGEST: f64 = 2.6;
const USUAL: f64 = 0.5;
/// Of a pixel how near numbers must be to a half to be there.
pub(super) const NEAR: f64 = 0.06;
/// Radii of round corners from which the nearest is looked for, by half the smaller side.
const RADII: [f64; 3] = [1.0, 0.5, 0.2];
/// Angles at which boxes around samples are looked at, in a quarter turn.
const BOX_ANGLES: u32 = 30;
/// Share of its box that a rectangle with round corners fills at least.
const FILLED: f64 = 0.75;
/// Samples that are looked at first, and by how much more they may be off an outline.
const FEW: usize = 96;
const FIRST_LOOK: f64 = 1.5;
/// Samples that must be seen.
const LEAST_SEEN: usize = 8;
/// How far an ellipse's axes differ at least, in pixels: else it is a circle.
const STRETCH: f64 = 0.1;

/// An outline, and how many numbers it is written in.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) path: BezPath,
    pub(super) numbers: usize,
    /// What it is the outline of; `None` for a path of several parts.
    pub(super) basic: Option<Basic>,
    /// How wide the line is that is drawn along it, in pixels; `None` where that stays as it is.
    pub(super) line: Option<f64>,
}

impl Candidate {
    /// How many numbers a search may change by small steps.
    pub(super) fn parameters(&self) -> usize {
        let own = self.basic.as_ref().map_or(0, Basic::parameters);
        own + usize::from(own > 0 && self.line.is_some())
    }

    /// The same by other numbers, within the canvas; `None` where nothing is left.
    pub(super) fn moved(&self, by: &[f64], canvas: Rect) -> Option<Self> {
        let basic = self.basic.as_ref()?;
        let wider = by.get(basic.parameters()).copied().unwrap_or_default();
        let line = self.line.map(|width| width + wider);
        let is_some = line.is_none_or(|width| width > LEAST_WIDTH);
        let moved = Some(basic.moved(by)).filter(|basic| is_some && basic.has_size())?;
        Some(Self {
            line,
            ..moved.candidate(canvas)
        })
    }

    /// The same with numbers at halves that are `near` these; `None` if it is that.
    pub(super) fn snapped(&self, near: f64, canvas: Rect) -> Option<Self> {
        let basic = self.basic.as_ref()?;
        let line = self.line.map(|width| snap(width, near));
        let round = basic.snapped(near);
        (round != *basic || line != self.line).then(|| Self {
            line,
            ..round.candidate(canvas)
        })
    }

    /// Gives a shape this outline, mapped from pixels to its coordinates.
    pub(super) fn draw(&self, shape: &mut Shape, back: Affine) {
        shape.path = back * &self.path;
        if let (Some(width), Some(stroke)) = (self.line, &mut shape.stroke) {
            stroke.width = width * scale_of(back);
        }
    }

    /// Gives a path of a scene this outline.
    pub(super) fn give_to(&self, path: &mut Path) {
        path.outline = outline_of(&self.path);
        if let (Some(width), Some(stroke)) = (self.line, &mut path.stroke) {
            stroke.width = width as f32;
        }
    }
}

/// A number at the half that it is near to.
fn snap(value: f64, near: f64) -> f64 {
    let round = (2.0 * value).round() * 0.5;
    if (value - round).abs() <= near {
        round
    } else {
        value
    }
}

/// The samples of a closed outline.
pub(super) struct Samples {
    /// All, in order.
    pub(super) all: Vec<Point>,
    /// Those at which the outline is seen.
    pub(super) seen: Vec<Point>,
}

impl Samples {
    /// Basic outlines near the samples, simple ones first; rectangles end where the canvas does.
    pub(super) fn candidates(&self, canvas: Rect, tolerance: f64) -> Vec<Candidate> {
        let found = self.parameters(tolerance);
        // Where drawings have numbers mostly, and where they were found.
        let both = found.iter().flat_map(|basic| {
            let round = basic.snapped(NEAR);
            let exact = (round != *basic).then(|| basic.clone());
            std::iter::once(round).chain(exact)
        });
        // A huge circle of which a little is seen is a line that is not quite straight.
        let largest = canvas.width().hypot(canvas.height());
        both.filter(|basic| basic.radius() <= largest)
            .map(|basic| basic.candidate(canvas))
            .filter(|candidate| candidate.path.is_finite() && candidate.path.area() != 0.0)
            .collect()
    }

    /// What basic outlines are near the samples.
    pub(super) fn parameters(&self, tolerance: f64) -> Vec<Basic> {
        let (Some(bounds), true) = (self.bounds(), self.seen.len() >= LEAST_SEEN) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let center = bounds.center();
        let (across, down) = (0.5 * bounds.width(), 0.5 * bounds.height());
        let circle = [center.x, center.y, 0.5 * (across + down)];
        let circle = self.nearest(circle, tolerance, off_circle);
        found.extend(circle.map(Basic::Circle));
        let sides = [bounds.x0, bounds.y0, bounds.x1, bounds.y1];
        let rect = self.nearest(sides, tolerance, off_rect);
        found.extend(rect.map(Basic::Rect));
        let ellipse = [center.x, center.y, across, down];
        let ellipse = self.nearest(ellipse, tolerance, off_ellipse);
        let ellipse = ellipse.filter(|own| (own[2] - own[3]).abs() > STRETCH);
        found.extend(ellipse.map(Basic::Ellipse));
        let [x0, y0, x1, y1] = sides;
        let rounded = RADII.into_iter().find_map(|share| {
            let start = [x0, y0, x1, y1, share * across.min(down)];
            let own = self.nearest(start, tolerance, off_rounded)?;
            (own[4] > LEAST_RADIUS).then_some(own)
        });
        found.extend(rounded.map(Basic::Rounded));
        let is_other = found.is_empty();
        found.extend(polygon::corners(&self.all, tolerance).map(Basic::Polygon));
        let turned = self.turned_ellipse();
        let turned = turned.and_then(|start| self.nearest(start, tolerance, off_turned));
        found.extend(turned.map(Basic::Turned));
        if is_other {
            let turned = self.turned_box().and_then(|[x, y, across, down, angle]| {
                RADII.into_iter().find_map(|share| {
                    let start = [x, y, across, down, share * across.min(down), angle];
                    let own = self.nearest(start, tolerance, off_turned_rounded)?;
                    (own[4] > LEAST_RADIUS).then_some(own)
                })
            });
            found.extend(turned.map(Basic::TurnedRounded));
        }
        found
    }

    /// The box of all samples.
    pub(super) fn bounds(&self) -> Option<Rect> {
        self.box_along(0.0)
    }

    /// The box of all samples turned back by an angle.
    fn box_along(&self, angle: f64) -> Option<Rect> {
        let back = Affine::rotate(-angle);
        let points = self.all.iter().map(|point| back * *point);
        let boxes = points.map(|point| Rect::from_points(point, point));
        boxes.reduce(|a, b| a.union(b))
    }

    /// The parameters nearest to what is seen, where that is near to them.
    fn nearest<const N: usize>(
        &self,
        start: [f64; N],
        tolerance: f64,
        distance: impl Fn(&[f64; N], Point) -> f64,
    ) -> Option<[f64; N]> {
        // Most outlines are no such shape, as few samples tell.
        let few = self.seen.iter().step_by(self.seen.len().div_ceil(FEW));
        let few: Vec<Point> = few.copied().collect();
        let near = |start: [f64; N], points: &[Point], tolerance: f64| {
            let found = nearest(start, points, &distance)?;
            is_near(points, tolerance, |point| distance(&found, point)).then_some(found)
        };
        near(
            near(start, &few, FIRST_LOOK * tolerance)?,
            &self.seen,
            tolerance,
        )
    }

    /// Center, half sides and angle of the smallest box around all samples.
    fn turned_box(&self) -> Option<[f64; 5]> {
        let boxes = (0..BOX_ANGLES).filter_map(|step| {
            let angle = std::f64::consts::FRAC_PI_2 * f64::from(step) / f64::from(BOX_ANGLES);
            Some((angle, self.box_along(angle)?))
        });
        let smallest = boxes.min_by(|(_, a), (_, b)| a.area().total_cmp(&b.area()));
        let smallest = smallest.filter(|(_, bounds)| {
            polygon::outline(&self.all).area().abs() >= FILLED * bounds.area()
        });
        smallest.map(|(angle, bounds)| {
            let middle = Affine::rotate(angle) * bounds.center();
            let [across, down] = [0.5 * bounds.width(), 0.5 * bounds.height()];
            [middle.x, middle.y, across, down, angle]
        })
    }

    /// Center, radii and angle by the moments of the samples.
    fn turned_ellipse(&self) -> Option<[f64; 5]> {
        let moments = Moments::of(&self.all)?;
        let [long, short] = moments.spreads().map(|mean| (2.0 * mean).sqrt());
        let center = moments.center;
        (short > LEAST_RADIUS && long > 1.05 * short)
            .then(|| [center.x, center.y, long, short, moments.angle()])
    }
}

/// A basic outline by its parameters, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Basic {
    /// Center and radius.
    Circle([f64; 3]),
    /// Left, upper, right and lower side.
    Rect([f64; 4]),
    /// Center and radii.
    Ellipse([f64; 4]),
    /// Sides of a rectangle, and the radius of its corners.
    Rounded([f64; 5]),
    /// Corners.
    Polygon(Vec<Point>),
    /// Center and radii of an ellipse, and by what it is turned.
    Turned([f64; 5]),
    /// Center, half sides, and radius of the corners of a rectangle, and by what it is turned.
    TurnedRounded([f64; 6]),
}

impl Basic {
    /// Its numbers; an angle is the last.
    fn numbers(&mut self) -> Vec<&mut f64> {
        match self {
            Self::Circle(own) => own.iter_mut().collect(),
            Self::Rect(own) | Self::Ellipse(own) => own.iter_mut().collect(),
            Self::Rounded(own) | Self::Turned(own) => own.iter_mut().collect(),
            Self::TurnedRounded(own) => own.iter_mut().collect(),
            Self::Polygon(corners) => {
                let both = corners.iter_mut();
                both.flat_map(|corner| [&mut corner.x, &mut corner.y])
                    .collect()
            }
        }
    }

    /// How far what an angle moves is away, where there is one.
    fn reach(&self) -> Option<f64> {
        match self {
            Self::Turned([_, _, across, down, _]) => Some(across.max(*down)),
            Self::TurnedRounded([_, _, across, down, ..]) => Some(across.hypot(*down)),
            _ => None,
        }
    }

    /// The same with numbers at halves that are `near` these, and an angle of whole degrees where
    /// that moves nothing by more.
    pub(super) fn snapped(&self, near: f64) -> Self {
        let mut round = self.clone();
        let upright = self.parameters() - usize::from(self.reach().is_some());
        for (index, value) in round.numbers().into_iter().take(upright).enumerate() {
            // Whole sides are twice as long.
            let is_half = matches!(self, Self::TurnedRounded(_)) && (2..4).contains(&index);
            let part = if is_half { 0.5 } else { 1.0 };
            *value = part * snap(*value / part, near);
        }
        if let Some(reach) = round.reach()
            && let Some(angle) = round.numbers().pop()
        {
            let whole = angle.to_degrees().round().to_radians();
            if (*angle - whole).abs() * reach <= near {
                *angle = whole;
            }
        }
        round
    }

    /// The largest radius of a circle or an ellipse.
    fn radius(&self) -> f64 {
        match self {
            Self::Circle([.., radius]) => *radius,
            Self::Ellipse([_, _, across, down]) | Self::Turned([_, _, across, down, _]) => {
                across.max(*down)
            }
            _ => 0.0,
        }
    }

    /// How many numbers a search may change by small steps, in pixels.
    pub(super) fn parameters(&self) -> usize {
        self.clone().numbers().len()
    }

    /// Whether an outline of this kind is as good for a shape that was drawn as another: a circle
    /// that was stretched is an ellipse.
    pub(super) fn may_become(&self, other: &Self) -> bool {
        use Basic::{Circle, Ellipse, Rect, Rounded};
        matches!(
            (self, other),
            (Circle(_) | Ellipse(_), Circle(_) | Ellipse(_))
                | (Rounded(_), Rounded(_))
                | (Rect(_), Rect(_))
        )
    }

    /// The same in a box.
    pub(super) fn within(&self, bounds: Rect) -> Self {
        let center = bounds.center();
        let (across, down) = (0.5 * bounds.width(), 0.5 * bounds.height());
        match self {
            Self::Circle(_) => Self::Circle([center.x, center.y, 0.5 * (across + down)]),
            Self::Ellipse(_) => Self::Ellipse([center.x, center.y, across, down]),
            Self::Rect(_) => Self::Rect([bounds.x0, bounds.y0, bounds.x1, bounds.y1]),
            Self::Rounded([.., radius]) => {
                Self::Rounded([bounds.x0, bounds.y0, bounds.x1, bounds.y1, *radius])
            }
            Self::Polygon(_) | Self::Turned(_) | Self::TurnedRounded(_) => self.clone(),
        }
    }

    /// Whether it has an area, as far as its numbers tell.
    pub(super) fn has_size(&self) -> bool {
        match self {
            Self::Circle([.., radius]) => *radius > LEAST_RADIUS,
            Self::Ellipse([.., across, down]) => across.min(*down) > LEAST_RADIUS,
            Self::Rect([x0, y0, x1, y1]) => (x1 - x0).min(y1 - y0) > LEAST_RADIUS,
            Self::Rounded([x0, y0, x1, y1, radius]) => {
                (x1 - x0).min(y1 - y0) > LEAST_RADIUS && *radius > 0.0
            }
            Self::Polygon(_) => true,
            Self::Turned([_, _, across, down, _]) => across.min(*down) > LEAST_RADIUS,
            Self::TurnedRounded([_, _, across, down, radius, _]) => {
                across.min(*down) > LEAST_RADIUS && *radius > 0.0
            }
        }
    }

    /// The same by other numbers.
    pub(super) fn moved(&self, by: &[f64]) -> Self {
        let mut moved = self.clone();
        let (count, reach) = (self.parameters(), self.reach());
        for (index, (value, by)) in moved.numbers().into_iter().zip(by).enumerate() {
            *value += match reach {
                Some(reach) if index + 1 == count => by / reach,
                _ => *by,
            };
        }
        moved
    }

    pub(super) fn candidate(&self, canvas: Rect) -> Candidate {
        let path = match self {
            Self::Circle([x, y, radius]) => {
                Circle::new((*x, *y), *radius).to_path(accuracy(*radius))
            }
            // Nothing is seen beyond the canvas.
            Self::Rect([x0, y0, x1, y1]) => Rect::new(*x0, *y0, *x1, *y1)
                .intersect(canvas)
                .to_path(ACCURACY),
            Self::Ellipse([x, y, across, down]) => closed_ellipse([*x, *y, *across, *down, 0.0]),
            Self::Rounded([x0, y0, x1, y1, radius]) => {
                let radius = radius.min(0.5 * (x1 - x0).min(y1 - y0));
                RoundedRect::new(*x0, *y0, *x1, *y1, radius).to_path(ACCURACY)
            }
            Self::Polygon(corners) => polygon::outline(corners),
            Self::Turned(own) => closed_ellipse(*own),
            Self::TurnedRounded([x, y, across, down, radius, angle]) => {
                let radius = radius.min(across.min(*down));
                let rect = RoundedRect::new(x - across, y - down, x + across, y + down, radius);
                Affine::rotate_about(*angle, (*x, *y)) * rect.to_path(ACCURACY)
            }
        };
        let turn = self.reach().map_or(0, |_| MORE_OF_TURN);
        Candidate {
            path,
            numbers: self.parameters() + turn,
            basic: Some(self.clone()),
            line: None,
        }
    }
}

/// The accuracy at which a circle of a radius is drawn in four arcs, or in eight: its extreme
/// points are ends of arcs then, and exact.
fn accuracy(radius: f64) -> f64 {
    if FOUR_ARCS * radius <= ACCURACY {
        ACCURACY
    } else {
        EIGHT_ARCS * radius
    }
}

/// The outline of an ellipse with this centre, these radii and this angle.
fn closed_ellipse([x, y, across, down, angle]: [f64; 5]) -> BezPath {
    let ellipse = Ellipse::new((x, y), (across, down), angle);
    let mut path = ellipse.to_path(accuracy(across.max(down)));
    path.close_path();
    path
}

/// Whether points are about as near to an outline as a polygon's tolerance is.
fn is_near(points: &[Point], tolerance: f64, distance: impl Fn(Point) -> f64) -> bool {
    let (mut largest, mut sum) = (0.0_f64, 0.0);
    for point in points {
        let off = distance(*point).abs();
        largest = largest.max(off);
        sum += off * off;
    }
    let count = points.len().max(1) as f64;
    largest <= LARGEST * tolerance && (sum / count).sqrt() <= USUAL * tolerance
}

/// Of pixels no square overflows, and `hypot`, which minds that, takes most of the time.
fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

fn off_circle([x, y, radius]: &[f64; 3], point: Point) -> f64 {
    length(point.x - x, point.y - y) - radius
}

fn off_rect([x0, y0, x1, y1]: &[f64; 4], point: Point) -> f64 {
    off_rounded(&[*x0, *y0, *x1, *y1, 0.0], point)
}

/// Signed distance to a rectangle with round corners.
fn off_rounded([x0, y0, x1, y1, radius]: &[f64; 5], point: Point) -> f64 {
    let radius = radius.clamp(0.0, 0.5 * (x1 - x0).min(y1 - y0).max(0.0));
    let x = (point.x - 0.5 * (x0 + x1)).abs() - 0.5 * (x1 - x0) + radius;
    let y = (point.y - 0.5 * (y0 + y1)).abs() - 0.5 * (y1 - y0) + radius;
    length(x.max(0.0), y.max(0.0)) + x.max(y).min(0.0) - radius
}

fn off_ellipse([x, y, across, down]: &[f64; 4], point: Point) -> f64 {
    off_turned(&[*x, *y, *across, *down, 0.0], point)
}

fn off_turned_rounded([x, y, across, down, radius, angle]: &[f64; 6], point: Point) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let off = point - Point::new(*x, *y);
    let upright = Point::new(cos * off.x + sin * off.y, cos * off.y - sin * off.x);
    off_rounded(&[-across, -down, *across, *down, *radius], upright)
}

/// Distance to an ellipse to first order.
fn off_turned([x, y, across, down, angle]: &[f64; 5], point: Point) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let off = point - Point::new(*x, *y);
    let u = (cos * off.x + sin * off.y) / across;
    let v = (cos * off.y - sin * off.x) / down;
    let radius = length(u, v);
    let slope = length(u / across, v / down);
    if slope <= 0.0 {
        return -across.min(*down);
    }
    (radius - 1.0) * radius / slope
}
