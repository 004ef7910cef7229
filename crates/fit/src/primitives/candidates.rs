//! Basic outlines that a sampled one may stand for: circles and ellipses, rectangles with sharp and
//! with round corners, and polygons. Which of them is taken, the picture decides.

use chat2svg_diffraster::{self as raster, Path};
use chat2svg_trace::moments::Moments;
use chat2svg_vector::{Color, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath, Circle, Ellipse, Point, Rect, RoundedRect, Shape as _, Vec2};

use super::{ACCURACY, least_squares::nearest, numbers, polygon};
use crate::scene::{outline_of, scale_of, stroke_of};

/// By which share of its radius a circle is off in four cubics, and in eight.
const FOUR_ARCS: f64 = 2e-4;
const EIGHT_ARCS: f64 = 4.3e-6;
/// Numbers beyond its angle in which a turn is written.
const MORE_OF_TURN: usize = 3;
/// Narrowest line along an outline, in pixels.
const LEAST_WIDTH: f64 = 0.3;
/// Smallest radius of a round corner in pixels.
const LEAST_RADIUS: f64 = 0.8;
/// Half of what is straight, at least, of the longer sides of a rectangle with round corners, in
/// pixels: else it is a circle.
const LEAST_STRAIGHT: f64 = 0.25;
/// Of a polygon's tolerance how much single samples may be off a basic outline, and all together.
const LARGEST: f64 = 2.6;
const USUAL: f64 = 0.5;
/// What round numbers are multiples of, and round angles.
const HALF: f64 = 0.5;
const DEGREE: f64 = std::f64::consts::PI / 180.0;
/// Of a pixel how near numbers must be to a half to be there.
pub(super) const NEAR: f64 = 0.06;
/// Radius of round corners from which the nearest is looked for, by the smaller side.
const RADIUS: f64 = 0.25;
/// Angles at which boxes around samples are looked at, in a quarter turn.
const BOX_ANGLES: u32 = 30;
/// Share of its box that a rectangle with round corners fills at least.
const FILLED: f64 = 0.75;
/// Samples that are looked at first, and by how much more they may be off an outline.
const FEW: usize = 96;
const FIRST_LOOK: f64 = 1.5;
/// Samples that must be seen.
const LEAST_SEEN: usize = 8;
/// How much narrower than elsewhere a line may be in places, in pixels.
const EVEN: f64 = 0.5;
/// How far an ellipse's axes differ at least, in pixels: else it is a circle.
const STRETCH: f64 = 0.1;

/// An outline that a shape may get.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) path: BezPath,
    /// What it is the outline of; `None` for a path of several parts.
    pub(super) basic: Option<Basic>,
    /// How wide the line is that is drawn along it, in pixels; `None` where that stays as it is.
    pub(super) line: Option<f64>,
    /// Whether that line is all, in the paint of what was filled.
    pub(super) is_ring: bool,
    /// Bytes that it saves.
    pub(super) saved: f64,
}

impl Candidate {
    /// An outline with whatever line is there, as if it saved nothing.
    pub(super) fn of(path: BezPath, basic: Option<Basic>) -> Self {
        Self {
            path,
            basic,
            line: None,
            is_ring: false,
            saved: 0.0,
        }
    }

    /// The line of which two outlines are the borders; `None` where that is not even.
    pub(super) fn ring(borders: [&Self; 2]) -> Option<Self> {
        let [outer, inner] = borders.map(|border| border.basic.as_ref());
        let (middle, width) = outer?.middle(inner?)?;
        Some(Self {
            line: Some(width),
            is_ring: true,
            ..middle.candidate()
        })
    }

    /// How many numbers it is written in.
    pub(super) fn numbers(&self) -> usize {
        let outline = self.basic.as_ref().map_or_else(
            || numbers(&self.path),
            |basic| basic.numbers.len() + if basic.is_turned() { MORE_OF_TURN } else { 0 },
        );
        outline + usize::from(self.is_ring)
    }

    /// How many numbers a search may change by small steps.
    pub(super) fn parameters(&self) -> usize {
        let own = self.basic.as_ref().map_or(0, |basic| basic.numbers.len());
        own + usize::from(own > 0 && self.line.is_some())
    }

    /// The same by other numbers; `None` where nothing is left.
    pub(super) fn moved(&self, by: &[f64]) -> Option<Self> {
        let basic = self.basic.as_ref()?;
        let wider = by.get(basic.numbers.len()).copied().unwrap_or_default();
        let (moved, line) = (basic.moved(by), self.line.map(|width| width + wider));
        let is_some = moved.has_size() && line.is_none_or(|width| width > LEAST_WIDTH);
        is_some.then(|| self.with(moved, line))
    }

    /// The same with numbers at halves that are `near` these; `None` if it is that.
    pub(super) fn snapped(&self, near: f64) -> Option<Self> {
        let basic = self.basic.as_ref()?;
        let line = self.line.map(|width| snap(width, HALF, near));
        let round = basic.snapped(near);
        (round != *basic || line != self.line).then(|| self.with(round, line))
    }

    fn with(&self, basic: Basic, line: Option<f64>) -> Self {
        Self {
            line,
            is_ring: self.is_ring,
            saved: self.saved,
            ..basic.candidate()
        }
    }

    /// Gives a shape this outline, mapped from pixels to its coordinates.
    pub(super) fn draw(&self, shape: &mut Shape, back: Affine) {
        shape.path = back * &self.path;
        if self.is_ring
            && let Some(fill) = shape.fill.take()
        {
            shape.stroke = Some(Stroke {
                opacity: fill.opacity,
                ..Stroke::solid(fill.paint, 0.0)
            });
        }
        if let (Some(width), Some(stroke)) = (self.line, &mut shape.stroke) {
            stroke.width = width * scale_of(back);
        }
    }

    /// Gives a path of a scene this outline.
    pub(super) fn give_to(&self, path: &mut Path) {
        path.outline = outline_of(&self.path);
        if self.is_ring
            && let Some(fill) = path.fill.take()
        {
            let plain = Stroke::solid(Paint::Solid(Color::BLACK), 0.0);
            path.stroke = Some(raster::Stroke {
                paint: fill.paint,
                opacity: fill.opacity,
                ..stroke_of(&plain, Affine::IDENTITY, 1.0)
            });
        }
        if let (Some(width), Some(stroke)) = (self.line, &mut path.stroke) {
            stroke.width = width as f32;
        }
    }
}

/// A number at the multiple of a unit that it is near to.
fn snap(value: f64, unit: f64, near: f64) -> f64 {
    let round = (value / unit).round() * unit;
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
        let found = self.parameters(tolerance).into_iter();
        // Where drawings have numbers mostly, and where they were found.
        let both = found.flat_map(|basic| {
            let exact = basic.clipped(canvas);
            let round = exact.snapped(NEAR);
            let exact = (round != exact).then_some(exact);
            std::iter::once(round).chain(exact)
        });
        // A huge circle of which a little is seen is a line that is not quite straight.
        let largest = 2.0 * canvas.width().hypot(canvas.height());
        both.map(Basic::candidate)
            .filter(|Candidate { path, .. }| {
                path.is_finite()
                    && path.area() != 0.0
                    && path.bounding_box().size().max_side() <= largest
            })
            .collect()
    }

    /// What basic outlines are near the samples.
    pub(super) fn parameters(&self, tolerance: f64) -> Vec<Basic> {
        let (Some(bounds), true) = (self.bounds(), self.seen.len() >= LEAST_SEEN) else {
            return Vec::new();
        };
        let near = |family: Family, count: usize| {
            let start = Basic::new(family, vec![0.0; count]).within(bounds);
            self.nearest(&start, tolerance)
        };
        let mut found = Vec::new();
        found.extend(near(Family::Ellipse, 3));
        found.extend(near(Family::Rect, 4));
        let is_stretched = |own: &Basic| (own.numbers[2] - own.numbers[3]).abs() > STRETCH;
        found.extend(near(Family::Ellipse, 4).filter(is_stretched));
        found.extend(self.rounded(bounds, None, tolerance));
        let is_other = found.is_empty();
        let corners = polygon::corners(&self.all, tolerance);
        found.extend(corners.map(|corners| {
            let numbers = corners.iter().flat_map(|corner| [corner.x, corner.y]);
            Basic::new(Family::Polygon, numbers.collect())
        }));
        let turned = self.turned_ellipse();
        found.extend(turned.and_then(|start| self.nearest(&start, tolerance)));
        if is_other && let Some((bounds, angle)) = self.turned_box() {
            found.extend(self.rounded(bounds, Some(angle), tolerance));
        }
        found
    }

    /// The rectangle with round corners that is nearest, from one with sharp corners on.
    fn rounded(&self, sharp: Rect, angle: Option<f64>, tolerance: f64) -> Option<Basic> {
        let radius = RADIUS * sharp.size().min_side();
        let numbers = [0.0; 4].into_iter().chain([radius]).chain(angle);
        let start = Basic::new(Family::Rect, numbers.collect()).within(sharp);
        let own = self.nearest(&start, tolerance)?;
        let half = own.frame()?.half;
        let straight = half[0].max(half[1]) - own.numbers[4];
        (own.numbers[4] > LEAST_RADIUS && straight > LEAST_STRAIGHT).then_some(own)
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

    /// The outline nearest to what is seen, where that is near to it.
    fn nearest(&self, start: &Basic, tolerance: f64) -> Option<Basic> {
        let near = |start: &Basic, points: &[Point], tolerance: f64| {
            let of = |numbers: &[f64]| Basic::new(start.family, numbers.to_vec());
            let found = nearest(&start.numbers, points, |numbers| of(numbers).distance())?;
            Some(of(&found)).filter(|found| found.is_near(points, tolerance))
        };
        // Most outlines are no such shape, as few samples tell.
        let few = self.seen.iter().step_by(self.seen.len().div_ceil(FEW));
        let few: Vec<Point> = few.copied().collect();
        let found = near(start, &few, FIRST_LOOK * tolerance)?;
        near(&found, &self.seen, tolerance)
    }

    /// The smallest box around all samples, turned back about its centre, and its angle.
    fn turned_box(&self) -> Option<(Rect, f64)> {
        let boxes = (0..BOX_ANGLES).filter_map(|step| {
            let angle = std::f64::consts::FRAC_PI_2 * f64::from(step) / f64::from(BOX_ANGLES);
            Some((self.box_along(angle)?, angle))
        });
        let (bounds, angle) = boxes.min_by(|(a, _), (b, _)| a.area().total_cmp(&b.area()))?;
        let is_filled = polygon::outline(&self.all).area().abs() >= FILLED * bounds.area();
        let middle = Affine::rotate(angle) * bounds.center();
        is_filled.then(|| (Rect::from_center_size(middle, bounds.size()), angle))
    }

    /// An ellipse by the moments of the samples.
    fn turned_ellipse(&self) -> Option<Basic> {
        let moments = Moments::of(&self.all)?;
        let [long, short] = moments.spreads().map(|mean| (2.0 * mean).sqrt());
        let Point { x, y } = moments.center;
        let numbers = vec![x, y, long, short, moments.angle()];
        (short > LEAST_RADIUS && long > 1.05 * short).then(|| Basic::new(Family::Ellipse, numbers))
    }
}

/// Kinds of basic outlines, and which numbers these have, in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Center; the radius of a circle, or two radii; and by what it is turned.
    Ellipse,
    /// Left, upper, right and lower side; the radius of round corners; and by what it is turned
    /// about its center.
    Rect,
    /// Corners.
    Polygon,
}

/// A basic outline by its numbers, in pixels. It has the first of its family's, and
/// no more than it needs: a circle has no second radius, and what is upright no angle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Basic {
    family: Family,
    numbers: Vec<f64>,
}

/// The box that an ellipse or a rectangle fills.
#[derive(Clone, Copy)]
struct Frame {
    center: Point,
    /// Half sides.
    half: [f64; 2],
    /// Radius of round corners.
    corner: Option<f64>,
    /// By what it is turned about its center.
    angle: Option<f64>,
}

impl Basic {
    fn new(family: Family, numbers: Vec<f64>) -> Self {
        Self { family, numbers }
    }

    /// The box that it fills; a polygon has none.
    fn frame(&self) -> Option<Frame> {
        match (self.family, self.numbers.as_slice()) {
            (Family::Ellipse, [x, y, across, others @ ..]) => Some(Frame {
                center: Point::new(*x, *y),
                half: [*across, *others.first().unwrap_or(across)],
                corner: None,
                angle: others.get(1).copied(),
            }),
            (Family::Rect, [x0, y0, x1, y1, others @ ..]) => Some(Frame {
                center: Point::new(0.5 * (x0 + x1), 0.5 * (y0 + y1)),
                half: [0.5 * (x1 - x0), 0.5 * (y1 - y0)],
                corner: others.first().copied(),
                angle: others.get(1).copied(),
            }),
            _ => None,
        }
    }

    pub(super) fn has_sharp_corners(&self) -> bool {
        self.family == Family::Rect && self.numbers.len() == 4
    }

    fn is_turned(&self) -> bool {
        self.frame().is_some_and(|frame| frame.angle.is_some())
    }

    pub(super) fn is_polygon(&self) -> bool {
        self.family == Family::Polygon
    }

    /// Of each number what it is a multiple of where it is round, and what moves the outline by a
    /// pixel at most: of an angle, the last one, degrees and what lies furthest.
    fn units(&self) -> impl Iterator<Item = (f64, f64)> {
        let frame = self.frame().filter(|_| self.is_turned());
        let turn = frame.map(|Frame { half, .. }| (DEGREE, 1.0 / half[0].hypot(half[1])));
        let others = self.numbers.len() - usize::from(turn.is_some());
        std::iter::repeat_n((HALF, 1.0), others).chain(turn)
    }

    /// The same with round numbers where that moves it by no more than `near`.
    fn snapped(&self, near: f64) -> Self {
        let numbers = self.numbers.iter().zip(self.units());
        let round = numbers.map(|(number, (unit, pixel))| snap(*number, unit, near * pixel));
        Self::new(self.family, round.collect())
    }

    /// Whether an outline of this kind is as good for a shape that was drawn as another: a circle
    /// that was stretched is an ellipse.
    pub(super) fn may_become(&self, other: &Self) -> bool {
        let are_upright = !self.is_turned() && !other.is_turned();
        self.family == other.family
            && are_upright
            && match self.family {
                Family::Ellipse => true,
                Family::Rect => self.numbers.len() == other.numbers.len(),
                Family::Polygon => false,
            }
    }

    /// The outline half way between this and another, and how far these are apart, in pixels;
    /// `None` where that is not the same all around.
    fn middle(&self, other: &Self) -> Option<(Self, f64)> {
        let (own, inner) = (self.frame()?, other.frame()?);
        let [across, down] = [0, 1].map(|axis| own.half[axis] - inner.half[axis]);
        let turn = own.angle.unwrap_or_default() - inner.angle.unwrap_or_default();
        let is_even = self.family == other.family
            && self.numbers.len() == other.numbers.len()
            && own.center.distance(inner.center) <= EVEN
            && (across - down).abs() <= EVEN
            && turn.abs() * own.half[0].hypot(own.half[1]) <= EVEN
            && across.abs().min(down.abs()) > LEAST_WIDTH;
        let both = self.numbers.iter().zip(&other.numbers);
        let numbers = both.map(|(own, other)| 0.5 * (own + other)).collect();
        is_even.then(|| (Self::new(self.family, numbers), 0.5 * (across + down).abs()))
    }

    /// The same in a box.
    pub(super) fn within(&self, bounds: Rect) -> Self {
        let Point { x, y } = bounds.center();
        let (across, down) = (0.5 * bounds.width(), 0.5 * bounds.height());
        let mut numbers = match self.family {
            Family::Ellipse if self.numbers.len() == 3 => vec![x, y, 0.5 * (across + down)],
            Family::Ellipse => vec![x, y, across, down],
            Family::Rect => vec![bounds.x0, bounds.y0, bounds.x1, bounds.y1],
            Family::Polygon => Vec::new(),
        };
        numbers.extend(self.numbers.iter().skip(numbers.len()));
        Self::new(self.family, numbers)
    }

    /// The same where it is seen: nothing is beyond the canvas.
    fn clipped(self, canvas: Rect) -> Self {
        match (self.family, self.numbers.as_slice()) {
            (Family::Rect, [x0, y0, x1, y1]) => {
                let seen = Rect::new(*x0, *y0, *x1, *y1).intersect(canvas);
                self.within(seen)
            }
            _ => self,
        }
    }

    /// Whether it has an area, as far as its numbers tell.
    pub(super) fn has_size(&self) -> bool {
        self.frame().is_none_or(|Frame { half, corner, .. }| {
            half[0].min(half[1]) > LEAST_RADIUS && corner.is_none_or(|radius| radius > 0.0)
        })
    }

    /// The same by other numbers, `by` so many pixels each.
    fn moved(&self, by: &[f64]) -> Self {
        let numbers = self.numbers.iter().zip(self.units()).zip(by);
        let numbers = numbers.map(|((number, (_, pixel)), by)| number + by * pixel);
        Self::new(self.family, numbers.collect())
    }

    pub(super) fn candidate(self) -> Candidate {
        Candidate::of(self.path(), Some(self))
    }

    fn path(&self) -> BezPath {
        let Some(frame) = self.frame() else {
            let (corners, _) = self.numbers.as_chunks();
            let corners: Vec<Point> = corners.iter().map(|[x, y]| Point::new(*x, *y)).collect();
            return polygon::outline(&corners);
        };
        let (center, [across, down]) = (frame.center, frame.half);
        let angle = frame.angle.unwrap_or_default();
        if self.family == Family::Rect {
            let rect = Rect::from_center_size(center, (2.0 * across, 2.0 * down));
            let path = match frame.corner {
                Some(radius) => {
                    let radius = radius.min(across.min(down));
                    RoundedRect::from_rect(rect, radius).to_path(ACCURACY)
                }
                None => rect.to_path(ACCURACY),
            };
            return Affine::rotate_about(angle, center) * path;
        }
        let accuracy = accuracy(across.max(down));
        if across == down {
            return Circle::new(center, across).to_path(accuracy);
        }
        let mut path = Ellipse::new(center, (across, down), angle).to_path(accuracy);
        path.close_path();
        path
    }

    /// The signed distance of points, to an ellipse to first order; none is near a polygon.
    fn distance(&self) -> impl Fn(Point) -> f64 + use<> {
        let (frame, is_rect) = (self.frame(), self.family == Family::Rect);
        let angle = frame.and_then(|frame| frame.angle);
        let along = Vec2::from_angle(angle.unwrap_or_default());
        move |point| {
            let Some(Frame {
                center,
                half,
                corner,
                ..
            }) = frame
            else {
                return f64::INFINITY;
            };
            let [across, down] = half;
            let (x, y) = (along.dot(point - center), along.cross(point - center));
            if is_rect {
                let most = across.min(down).max(0.0);
                let radius = corner.unwrap_or_default().clamp(0.0, most);
                let (x, y) = (x.abs() - across + radius, y.abs() - down + radius);
                return length(x.max(0.0), y.max(0.0)) + x.max(y).min(0.0) - radius;
            }
            let (x, y) = (x / across, y / down);
            let radius = length(x, y);
            let slope = length(x / across, y / down);
            if slope <= 0.0 {
                return -across.min(down);
            }
            (radius - 1.0) * radius / slope
        }
    }

    /// Whether points are about as near to it as a polygon's tolerance is.
    fn is_near(&self, points: &[Point], tolerance: f64) -> bool {
        let distance = self.distance();
        let off = points.iter().map(|point| distance(*point).powi(2));
        let largest = off.clone().fold(0.0, f64::max);
        let mean = off.sum::<f64>() / points.len().max(1) as f64;
        largest.sqrt() <= LARGEST * tolerance && mean.sqrt() <= USUAL * tolerance
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

/// Of pixels no square overflows, and `hypot`, which minds that, takes most of the time.
fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}
