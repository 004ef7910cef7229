//! Pixels through which an outline passes just twice without meeting itself.
//!
//! Along strokes that is the usual case. The two chains of fragments part the
//! pixel into three regions, whose sizes and winding numbers follow from what
//! each chain adds to the mean and from the order of the chains' ends around the
//! border. Nothing needs to be cut. What is not recognised here is for
//! [`crate::pixel`] to resolve.

use crate::pixel::{CONTINUES, Fragment, added, inside, is_monotone};
use crate::scene::FillRule;

/// How far apart, in pixels, the chains must be to be told apart.
const APART: f32 = 1e-4;

/// What two chains make of a pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band {
    /// Coverage.
    pub(crate) area: f32,
    /// Where the second chain starts.
    pub(crate) second: usize,
    /// How coverage follows each chain.
    pub(crate) follows: [f32; 2],
}

/// The coverage of a pixel with the mean winding `mean` whose fragments are two
/// chains from border to border that meet neither themselves nor each other.
pub(crate) fn band(rule: FillRule, mean: f32, fragments: &[Fragment]) -> Option<Band> {
    let starts = |fragment: &Fragment| fragment.flags & CONTINUES == 0;
    let second = fragments.iter().skip(1).position(starts)? + 1;
    let (a, b) = fragments.split_at(second);
    if b.iter().skip(1).any(starts) {
        return None;
    }
    let (one, other) = (Way::of(a)?, Way::of(b)?);
    let is_simple = |chain: &[Fragment]| chain.len() < 3 || is_monotone(chain);
    if !(one.parts(a, b) || other.parts(a, b)) || !is_simple(a) || !is_simple(b) {
        return None;
    }
    let (other_is_clockwise, one_is_clockwise) = (one.has(&other)?, other.has(&one)?);
    // The part of the pixel beyond each chain, seen from the corner, and whether
    // that is the region that only this chain borders on.
    let (mean_a, mean_b) = (total(a), total(b));
    let corner = (mean - mean_a - mean_b).round_ties_even();
    let one_cuts_off = one.has_corner() == other_is_clockwise;
    let other_cuts_off = other.has_corner() == one_is_clockwise;
    let size = |part: f32, cuts_off: bool| {
        if cuts_off {
            part.abs()
        } else {
            1.0 - part.abs()
        }
    };
    let (size_a, size_b) = (size(mean_a, one_cuts_off), size(mean_b, other_cuts_off));
    // The winding between the chains; clockwise of a way it is one less.
    let step = |cuts_off: bool, is_clockwise: bool| match (cuts_off, is_clockwise) {
        (true, _) => 0.0,
        (false, true) => -1.0,
        (false, false) => 1.0,
    };
    let between =
        corner + step(one_cuts_off, other_is_clockwise) + step(other_cuts_off, one_is_clockwise);
    let middle = inside(rule, between);
    let outer = |is_clockwise: bool| {
        if is_clockwise {
            inside(rule, between + 1.0)
        } else {
            inside(rule, between - 1.0)
        }
    };
    let (outer_a, outer_b) = (outer(other_is_clockwise), outer(one_is_clockwise));
    let follow = |is_clockwise: bool, outer: f32| {
        if is_clockwise {
            outer - middle
        } else {
            middle - outer
        }
    };
    Some(Band {
        area: outer_a * size_a + outer_b * size_b + middle * (1.0 - size_a - size_b),
        second,
        follows: [
            follow(other_is_clockwise, outer_a),
            follow(one_is_clockwise, outer_b),
        ],
    })
}

/// What a chain adds to the mean winding.
fn total(chain: &[Fragment]) -> f32 {
    chain.iter().map(added).sum()
}

/// Where a chain enters the pixel and where it leaves.
struct Way {
    start: [f32; 2],
    end: [f32; 2],
    /// The same along the border, clockwise from the top left corner.
    enters: f32,
    leaves: f32,
}

impl Way {
    fn of(chain: &[Fragment]) -> Option<Self> {
        let (start, end) = (chain.first()?.start, chain.last()?.end);
        Some(Self {
            start,
            end,
            enters: along_border(start)?,
            leaves: along_border(end)?,
        })
    }

    /// Whether `other` is on the side that lies clockwise from start to end.
    fn has(&self, other: &Self) -> Option<bool> {
        let length = clockwise(self.enters, self.leaves);
        let [a, b] = [other.enters, other.leaves].map(|at| clockwise(self.enters, at) < length);
        (a == b).then_some(a)
    }

    /// Whether the pixel's top left corner is on that side.
    fn has_corner(&self) -> bool {
        clockwise(self.enters, 4.0) < clockwise(self.enters, self.leaves)
    }

    /// Whether a line along this way separates the two chains.
    fn parts(&self, a: &[Fragment], b: &[Fragment]) -> bool {
        let (dx, dy) = (self.end[0] - self.start[0], self.end[1] - self.start[1]);
        let across = |p: [f32; 2]| p[1] * dx - p[0] * dy;
        let range = |chain: &[Fragment]| {
            let first = chain.first().map_or(0.0, |f| across(f.start));
            chain.iter().fold([first; 2], |[low, high], fragment| {
                let v = across(fragment.end);
                [low.min(v), high.max(v)]
            })
        };
        let ([low_a, high_a], [low_b, high_b]) = (range(a), range(b));
        let gap = (low_a - high_b).max(low_b - high_a);
        gap > APART * (dx.abs() + dy.abs())
    }
}

/// From `from` to `to` along the border.
fn clockwise(from: f32, to: f32) -> f32 {
    let way = to - from;
    if way < 0.0 { way + 4.0 } else { way }
}

/// Where on the border a point is; `None` inside the pixel. Which side it is cannot be foreseen, so
/// the place is selected, not branched to.
#[inline(always)]
fn along_border([x, y]: [f32; 2]) -> Option<f32> {
    let (is_top, is_right, is_bottom, is_left) = (y == 0.0, x == 1.0, y == 1.0, x == 0.0);
    let lower = if is_bottom { 3.0 - x } else { 4.0 - y };
    let beside = if is_right { 1.0 + y } else { lower };
    let at = if is_top { x } else { beside };
    (is_top | is_right | is_bottom | is_left).then_some(at)
}

#[cfg(test)]
mod tests;
