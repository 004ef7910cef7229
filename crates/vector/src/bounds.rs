//! Bounding boxes of what is painted.

use kurbo::{Affine, BezPath, CubicBez, PathEl, PathSeg, Point, Rect, Shape as _, Vec2};

use crate::{ClipPath, Document, FillRule, Group, LineCap, LineJoin, Node, Shape, Stroke};

impl Stroke {
    /// How far from the path it paints at most, in the path's coordinates.
    pub(crate) fn reach(&self) -> f64 {
        // A miter reaches furthest; a square cap reaches √2 half widths.
        self.width * 0.5 * self.miter_limit.max(SQUARE_CAP)
    }

    /// The same for one path, of which the corners tell how long miters are.
    fn reach_along(&self, path: &BezPath) -> f64 {
        let cap = match self.cap {
            LineCap::Square => SQUARE_CAP,
            _ => 1.0,
        };
        let miter = match self.join {
            LineJoin::Miter => longest_miter(path, self.miter_limit),
            _ => 1.0,
        };
        self.width * 0.5 * miter.max(cap)
    }
}

/// How many half widths a square cap reaches from the end of a line.
const SQUARE_CAP: f64 = std::f64::consts::SQRT_2;

/// How many half widths the longest miter reaches from a corner of a path; what is longer than
/// `limit` is cut off.
fn longest_miter(path: &BezPath, limit: f64) -> f64 {
    let ends: Vec<[(Point, Vec2); 2]> = path.segments().filter_map(|each| ends(&each)).collect();
    let mut longest = 1.0_f64;
    let mut join = |[(at, before), (start, after)]: [(Point, Vec2); 2]| {
        let half_turn = 0.5 * before.cross(after).atan2(before.dot(after));
        let ratio = 1.0 / half_turn.cos();
        if at == start && ratio <= limit {
            longest = longest.max(ratio);
        }
    };
    // The first segment of the subpath.
    let mut first = None;
    for (index, [start, end]) in ends.iter().enumerate() {
        let next = ends.get(index + 1).map(|[start, _]| *start);
        join([*end, *first.get_or_insert(*start)]);
        if let Some(next) = next {
            join([*end, next]);
        }
        first = first.filter(|_| next.is_some_and(|(start, _)| start == end.0));
    }
    longest
}

/// Where a segment starts and ends, and in which directions; `None` for one without length.
fn ends(segment: &PathSeg) -> Option<[(Point, Vec2); 2]> {
    let CubicBez { p0, p1, p2, p3 } = segment.to_cubic();
    let first = |ways: [Vec2; 3]| ways.into_iter().find(|way| way.hypot2() > 0.0);
    let start = first([p1, p2, p3].map(|other| other - p0))?;
    let end = first([p2, p1, p0].map(|other| p3 - other))?;
    Some([(p0, start), (p3, end)])
}

impl Shape {
    /// The smallest rectangle around the outline moved by a transform, strokes not included; `None`
    /// for an empty outline.
    pub fn outline_bounds(&self, transform: Affine) -> Option<Rect> {
        if self.path.elements().is_empty() {
            return None;
        }
        let bounds = (transform * self.path.clone()).bounding_box();
        bounds.is_finite().then_some(bounds)
    }

    /// A rectangle around all that the shape paints, stroke included (caps and miters at their
    /// longest), moved by a transform; `None` when it paints nothing.
    pub fn paint_bounds(&self, transform: Affine) -> Option<Rect> {
        if self.fill.is_none() && self.stroke.is_none() {
            return None;
        }
        let outline = self.outline_bounds(transform)?;
        let Some(stroke) = &self.stroke else {
            return Some(outline);
        };
        let reach = stroke.reach_along(&self.path);
        let around = Rect::new(-reach, -reach, reach, reach);
        let reach = transform.transform_rect_bbox(around);
        let bounds = outline.inflate(reach.width() * 0.5, reach.height() * 0.5);
        bounds.is_finite().then_some(bounds)
    }
}

impl Group {
    /// A rectangle around all that the group paints, clipped, where `transform` maps the group's
    /// own coordinates (its parent's) on; `None` when it paints nothing.
    pub fn paint_bounds(&self, transform: Affine) -> Option<Rect> {
        let inner = transform * self.transform;
        let all = union(&self.children, inner)?;
        match &self.clip {
            None => Some(all),
            Some(clip) => {
                let clip = inner.transform_rect_bbox(clip.path.bounding_box());
                all.overlaps(clip).then(|| all.intersect(clip))
            }
        }
    }
}

impl Group {
    /// The clip, unless all that the group paints is inside of it.
    pub(crate) fn clip_that_hides(&self) -> Option<&ClipPath> {
        let clip = self.clip.as_ref()?;
        let painted = union(&self.children, Affine::IDENTITY);
        let is_idle = painted.is_none_or(|painted| clip.contains(painted));
        (!is_idle).then_some(clip)
    }
}

impl ClipPath {
    /// Whether a rectangle is inside; may say no where an outline comes close to it.
    fn contains(&self, rect: Rect) -> bool {
        let corners = [
            (rect.x0, rect.y0),
            (rect.x1, rect.y0),
            (rect.x1, rect.y1),
            (rect.x0, rect.y1),
        ];
        // An open subpath is closed by a line that no segment stands for.
        let count = |is_kind: fn(&PathEl) -> bool| self.path.iter().filter(is_kind).count();
        if count(|element| matches!(element, PathEl::MoveTo(_)))
            != count(|element| matches!(element, PathEl::ClosePath))
        {
            return false;
        }
        // Corners on the outline count as inside.
        let is_clear = self.path.segments().all(|segment| {
            let bounds = segment.bounding_box();
            bounds.x1 <= rect.x0
                || bounds.x0 >= rect.x1
                || bounds.y1 <= rect.y0
                || bounds.y0 >= rect.y1
        });
        let middle = rect.center();
        is_clear
            && corners.into_iter().all(|corner| {
                let inward = Point::from(corner).lerp(middle, 1e-6);
                let winding = self.path.winding(inward);
                match self.rule {
                    FillRule::NonZero => winding != 0,
                    FillRule::EvenOdd => winding % 2 != 0,
                }
            })
    }
}

impl Node {
    /// A rectangle around all that the node paints: see [`Shape::paint_bounds`],
    /// [`Group::paint_bounds`].
    pub fn paint_bounds(&self, transform: Affine) -> Option<Rect> {
        match self {
            Self::Group(group) => group.paint_bounds(transform),
            Self::Shape(shape) => shape.paint_bounds(transform),
        }
    }
}

impl Document {
    /// A rectangle around all that is painted, in user space; `None` when nothing is.
    pub fn paint_bounds(&self) -> Option<Rect> {
        union(&self.layers, Affine::IDENTITY)
    }
}

fn union(nodes: &[Node], transform: Affine) -> Option<Rect> {
    nodes
        .iter()
        .filter_map(|node| node.paint_bounds(transform))
        .reduce(|a, b| a.union(b))
}

#[cfg(test)]
mod tests {
    use kurbo::Circle;

    use super::*;
    use crate::{Color, Paint};

    #[test]
    fn lines_reach_as_far_as_their_longest_miter() {
        let reach = |path: &BezPath| {
            let stroke = Stroke::solid(Paint::Solid(Color::BLACK), 2.0);
            stroke.reach_along(path)
        };
        let path = |data: &str| BezPath::from_svg(data).expect("is a path");
        let circle = Circle::new((0.0, 0.0), 9.0).to_path(1e-3);
        assert!((reach(&circle) - 1.0).abs() < 1e-6);
        assert!((reach(&Rect::new(0.0, 0.0, 9.0, 9.0).to_path(0.1)) - SQUARE_CAP).abs() < 1e-9);
        // The corner is where the path closes, and one that is too sharp is cut off.
        assert!((reach(&path("M0 0L9 0Q9 9 0 9Z")) - SQUARE_CAP).abs() < 1e-9);
        assert!((reach(&path("M0 0H9M20 0L29 0L20 6")) - 3.45).abs() < 0.01);
        assert!((reach(&path("M0 0H9L0 1")) - 1.0).abs() < 1e-9);
        let mut wide = Stroke::solid(Paint::Solid(Color::BLACK), 2.0);
        wide.cap = LineCap::Square;
        assert!((wide.reach_along(&circle) - SQUARE_CAP).abs() < 1e-9);
    }
}
