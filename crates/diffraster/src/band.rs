//! Recognises pixels that hold nothing but two edges of a band, one each way.
//!
//! Along a stroke that is the usual case. Such a pixel sees two neighbouring
//! winding numbers only, so its coverage follows from their mean and nothing
//! needs cutting. What this does not recognise is for [`crate::pixel`] to
//! resolve, so it may be wrong in one direction only.

use crate::pixel::{CONTINUES, Fragment, is_monotone};

/// How far apart, in pixels, the edges must be to be told apart.
const APART: f32 = 1e-4;

/// Whether the fragments are two chains from border to border that meet
/// neither themselves nor each other and have the same winding number on their
/// outer sides.
pub(crate) fn is_band(fragments: &[Fragment]) -> bool {
    let starts = |fragment: &Fragment| fragment.flags & CONTINUES == 0;
    let Some(second) = fragments.iter().skip(1).position(starts) else {
        return false;
    };
    let (a, b) = fragments.split_at(second + 1);
    if b.iter().skip(1).any(starts) {
        return false;
    }
    let (Some(one), Some(other)) = (Way::of(a), Way::of(b)) else {
        return false;
    };
    one.is_opposite(&other)
        && (one.parts(a, b) || other.parts(a, b))
        && is_monotone(a)
        && is_monotone(b)
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

    /// Whether both have the other on the same hand.
    fn is_opposite(&self, other: &Self) -> bool {
        let sides = |way: &Self, other: &Self| {
            let length = clockwise(way.enters, way.leaves);
            [other.enters, other.leaves].map(|at| clockwise(way.enters, at) < length)
        };
        let ([a, b], [c, d]) = (sides(self, other), sides(other, self));
        a == b && b == c && c == d
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

/// Where on the border a point is; `None` inside the pixel.
fn along_border([x, y]: [f32; 2]) -> Option<f32> {
    if y == 0.0 {
        Some(x)
    } else if x == 1.0 {
        Some(1.0 + y)
    } else if y == 1.0 {
        Some(3.0 - x)
    } else if x == 0.0 {
        Some(4.0 - y)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;
    use crate::pixel::{
        ENTERS_TOP, LEAVES_TOP, MAX_FRAGMENTS, Pixel, REACHES_LEFT, REACHES_RIGHT, Weight,
    };
    use crate::scene::FillRule;

    /// A chain through `points`, marked with the borders at its ends.
    fn chain(points: &[[f32; 2]]) -> Vec<Fragment> {
        let last = points.len() - 2;
        let mut fragments: Vec<Fragment> = points
            .windows(2)
            .enumerate()
            .map(|(i, pair)| Fragment {
                start: pair[0],
                end: pair[1],
                from: 0.0,
                to: 1.0,
                flags: if i > 0 { CONTINUES } else { 0 },
                step: 0,
            })
            .collect();
        let sides = |[x, y]: [f32; 2], top: u32| match (x, y) {
            (_, 0.0) => top,
            (0.0, _) => REACHES_LEFT,
            (1.0, _) => REACHES_RIGHT,
            _ => 0,
        };
        fragments[0].flags |= sides(points[0], ENTERS_TOP);
        fragments[last].flags |= sides(points[last + 1], LEAVES_TOP);
        fragments
    }

    #[test]
    fn two_edges_of_a_stroke_are_a_band() {
        let up = chain(&[[0.2, 1.0], [0.25, 0.5], [0.3, 0.0]]);
        let down = chain(&[[0.8, 0.0], [0.8, 1.0]]);
        assert!(is_band(&[up.clone(), down.clone()].concat()));
        assert!(is_band(&[down.clone(), up.clone()].concat()));
        // One way only: windings 0, 1 and 2.
        let also_up = chain(&[[0.8, 1.0], [0.8, 0.0]]);
        assert!(!is_band(&[up.clone(), also_up].concat()));
        // A third edge, one that ends within, one that crosses.
        assert!(!is_band(&[up.clone(), down.clone(), up.clone()].concat()));
        assert!(!is_band(
            &[up.clone(), chain(&[[0.8, 0.0], [0.8, 0.9]])].concat()
        ));
        assert!(!is_band(
            &[up.clone(), chain(&[[0.8, 0.0], [0.1, 1.0]])].concat()
        ));
        assert!(!is_band(&up));
    }

    /// A point on one of the borders.
    fn border(at: f32) -> [f32; 2] {
        match at as u32 {
            0 => [at, 0.0],
            1 => [1.0, at - 1.0],
            2 => [3.0 - at, 1.0],
            _ => [0.0, 4.0 - at],
        }
    }

    #[test]
    fn what_is_a_band_is_covered_as_its_mean_says() {
        let mut state = 11u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let mut bands = 0;
        for _ in 0..4000 {
            let mut edge = || {
                let (a, b) = (border(4.0 * next()), border(4.0 * next()));
                let middle =
                    [0, 1].map(|k| (0.5 * (a[k] + b[k]) + 0.2 * (next() - 0.5)).clamp(0.01, 0.99));
                chain(&[a, middle, b])
            };
            let fragments = [edge(), edge()].concat();
            if !is_band(&fragments) {
                continue;
            }
            bands += 1;
            for corner in [-1.0, 0.0, 1.0] {
                let mut mean = corner;
                for f in &fragments {
                    let below = 1.0 - 0.5 * (f.start[1] + f.end[1]);
                    mean += (f.end[0] - f.start[0]) * below;
                    if f.flags & ENTERS_TOP != 0 {
                        mean -= 1.0 - f.start[0];
                    }
                    if f.flags & LEAVES_TOP != 0 {
                        mean += 1.0 - f.end[0];
                    }
                }
                let mut weights = [Weight::default(); MAX_FRAGMENTS];
                let area = dispatch!(Level::new(), simd => Pixel::default().resolve(
                    simd,
                    FillRule::NonZero,
                    mean,
                    &fragments,
                    &mut weights
                ));
                let plain = mean.abs().min(1.0);
                assert!((area - plain).abs() < 1e-4, "{area} {plain} {fragments:?}");
            }
        }
        assert!(bands > 200, "{bands}");
    }
}
