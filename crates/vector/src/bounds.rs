//! Bounding boxes of what is painted.

use kurbo::{Affine, PathEl, Point, Rect, Shape as _};

use crate::{ClipPath, Document, FillRule, Group, Node, Shape, Stroke};

impl Stroke {
    /// How far from the path it paints at most, in the path's coordinates.
    pub(crate) fn reach(&self) -> f64 {
        // A miter reaches furthest; a square cap reaches √2 half widths.
        self.width * 0.5 * self.miter_limit.max(std::f64::consts::SQRT_2)
    }
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
        let reach = stroke.reach();
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
