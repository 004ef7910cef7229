//! How many dashes a line is cut into, and what becomes of it where they are too many.

use std::borrow::Cow;

use kurbo::{BezPath, PathEl, Point};

use crate::{Document, Node, Stroke};

/// Most dashes of one shape. Beyond it the line is painted solid, as dense dashes look from afar.
pub const MAX_DASHES: usize = 20_000;
/// Size above which curves are cut into dashes as lines.
const MOST_CURVED: f64 = 1e5;

impl Stroke {
    /// The stroke itself, or, where the path would be cut into more than [`MAX_DASHES`] dashes or
    /// its pattern has no usable length, a solid one with the opacity that the dashes have on
    /// average.
    pub fn with_countable_dashes(&self, path: &BezPath) -> Cow<'_, Self> {
        if self.dashes.is_empty() {
            return Cow::Borrowed(self);
        }
        let period: f64 = self.dashes.iter().sum();
        let is_usable = self.dash_offset.is_finite()
            && period.is_finite()
            && self.dashes.iter().all(|dash| *dash >= 0.0);
        if is_usable {
            // At least one dash of each subpath, and a pattern may hold many.
            let per_length = self.dashes.len() as f64 / period;
            let count = length_bound(path) * per_length + path.elements().len() as f64;
            if count <= MAX_DASHES as f64 * 2.0 {
                return Cow::Borrowed(self);
            }
        }
        Cow::Owned(Self {
            opacity: self.opacity * self.share_on(),
            dashes: Vec::new(),
            dash_offset: 0.0,
            ..self.clone()
        })
    }

    /// The path cut into the stroke's dashes, whatever their number is; the path itself for a solid
    /// stroke. To be asked of a stroke whose dashes are countable.
    pub fn dashed(&self, path: &BezPath) -> BezPath {
        let mut dashes = self.dashes.clone();
        if dashes.len() % 2 == 1 {
            dashes.extend_from_within(..);
        }
        let period: f64 = dashes.iter().sum();
        let is_usable = period > 0.0
            && period.is_finite()
            && self.dash_offset.is_finite()
            && path.is_finite()
            && dashes.iter().all(|dash| *dash >= 0.0);
        if !is_usable {
            return path.clone();
        }
        // The offset would be counted off one dash at a time.
        let offset = self.dash_offset.rem_euclid(period);
        let bounds = path.control_box();
        let size = bounds.width().max(bounds.height());
        let mut out = BezPath::new();
        let mut push = |element: PathEl| {
            // The seam of a closed path may come without the move that begins it.
            let begins = matches!(element, PathEl::MoveTo(_));
            if begins || !out.elements().is_empty() {
                out.push(element);
            }
        };
        if size > MOST_CURVED {
            // Lengths along lines are exact; along curves they would be searched for, to a fixed
            // precision that curves as large do not have.
            let mut lines = BezPath::new();
            kurbo::flatten(path, size * 1e-5, |element| lines.push(element));
            kurbo::dash(lines.iter(), offset, &dashes).for_each(&mut push);
        } else {
            kurbo::dash(path.iter(), offset, &dashes).for_each(&mut push);
        }
        out
    }

    /// The share of the line that dashes cover; all of it for a pattern without a length.
    fn share_on(&self) -> f32 {
        let period: f64 = self.dashes.iter().sum();
        if !(period.is_finite() && period > 0.0) || self.dashes.len() % 2 == 1 {
            // In an odd pattern each length is on and off in turn.
            return if period > 0.0 && period.is_finite() {
                0.5
            } else {
                1.0
            };
        }
        let on: f64 = self.dashes.iter().step_by(2).sum();
        (on / period).clamp(0.0, 1.0) as f32
    }
}

impl Document {
    /// Makes solid what would be cut into too many dashes; returns how many shapes that were.
    pub(crate) fn bound_dashes(&mut self) -> usize {
        fn descend(nodes: &mut [Node]) -> usize {
            let one = |node: &mut Node| match node {
                Node::Group(group) => descend(&mut group.children),
                Node::Shape(shape) => {
                    let Some(stroke) = &mut shape.stroke else {
                        return 0;
                    };
                    match stroke.with_countable_dashes(&shape.path) {
                        Cow::Borrowed(_) => 0,
                        Cow::Owned(solid) => {
                            *stroke = solid;
                            1
                        }
                    }
                }
            };
            nodes.iter_mut().map(one).sum()
        }
        descend(&mut self.layers)
    }
}

/// A length that the path does not exceed: that of its control polygons.
fn length_bound(path: &BezPath) -> f64 {
    let (mut start, mut at, mut length) = (Point::ZERO, Point::ZERO, 0.0);
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(to) => start = to,
            PathEl::LineTo(to) => length += at.distance(to),
            PathEl::QuadTo(control, to) => length += at.distance(control) + control.distance(to),
            PathEl::CurveTo(first, second, to) => {
                length += at.distance(first) + first.distance(second) + second.distance(to);
            }
            PathEl::ClosePath => length += at.distance(start),
        }
        at = element.end_point().unwrap_or(start);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Color, LineCap, LineJoin, Paint};

    fn dashed(dashes: &[f64], dash_offset: f64) -> Stroke {
        Stroke {
            paint: Paint::Solid(Color::BLACK),
            opacity: 1.0,
            width: 1.0,
            cap: LineCap::Butt,
            join: LineJoin::Miter,
            miter_limit: 4.0,
            dashes: dashes.to_vec(),
            dash_offset,
        }
    }

    #[test]
    fn dashes_that_can_be_counted_stay() {
        let line = BezPath::from_svg("M0 0H1000").expect("a path");
        for dashes in [&[5.0, 2.0][..], &[1.0], &[], &[0.1, 0.0], &[0.0, 3.0, 1.0]] {
            let stroke = dashed(dashes, 3.0);
            assert_eq!(stroke.with_countable_dashes(&line).as_ref(), &stroke);
        }
    }

    #[test]
    fn dashes_beyond_counting_become_their_mean() {
        for (path, dashes, offset, opacity) in [
            ("M0 0H1e9", &[5.0, 2.0, 1.0, 2.0][..], 0.0, 0.6),
            ("M0 0H10", &[1e-9, 3e-9], 0.0, 0.25),
            ("M0 0H10", &[1e-30], 0.0, 0.5),
            ("M0 0H10", &[0.0, 0.0], 0.0, 1.0),
            ("M0 0H10", &[f64::INFINITY, 1.0], 0.0, 1.0),
            ("M0 0H10", &[1.0, 1.0], f64::NAN, 0.5),
            ("M0 0C1e9 0 1e9 1 0 1", &[1.0, 1.0], 0.0, 0.5),
        ] {
            let path = BezPath::from_svg(path).expect("a path");
            let stroke = dashed(dashes, offset);
            let solid = stroke.with_countable_dashes(&path);
            assert!(solid.dashes.is_empty(), "{dashes:?}");
            assert!((solid.opacity - opacity).abs() < 1e-6, "{dashes:?}");
        }
    }
}
