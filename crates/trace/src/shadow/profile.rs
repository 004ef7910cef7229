//! How opacity falls from a shape's middle to nothing at its rim: values at even distances, between
//! them straight.

use chat2svg_vector::{Color, GradientStop};

/// Values of a profile, the last of which, at the rim, is nothing.
const KNOTS: usize = 12;
/// Opacity by which a value may differ from what those beside it say to be left out.
const STRAIGHT: f64 = 0.006;

/// Opacity from the middle (0) to the rim (1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Profile {
    values: [f64; KNOTS],
}

impl Profile {
    /// From a function of the distance.
    pub(super) fn of(value: impl Fn(f64) -> f64) -> Self {
        let mut values: [f64; KNOTS] =
            std::array::from_fn(|knot| value(knot as f64 / (KNOTS - 1) as f64));
        values[KNOTS - 1] = 0.0;
        Self { values }
    }

    /// The knot before a distance, and how far it is to the next; `None` beyond the rim.
    fn place(distance: f64) -> Option<(usize, f64)> {
        let scaled = distance * (KNOTS - 1) as f64;
        let knot = scaled as usize;
        (knot < KNOTS - 1).then_some((knot, scaled - knot as f64))
    }

    pub(super) fn at(&self, distance: f64) -> f64 {
        Self::place(distance).map_or(0.0, |(knot, share)| {
            self.values[knot] * (1.0 - share) + self.values[knot + 1] * share
        })
    }

    /// The profile by which opacities at distances come nearest to what is wanted, by weighted
    /// least squares: samples are distance, opacity, weight.
    pub(super) fn fitted(samples: impl Iterator<Item = [f64; 3]>) -> Self {
        const FREE: usize = KNOTS - 1;
        let (mut diagonal, mut beside, mut right) = ([0.0; FREE], [0.0; FREE], [0.0; FREE]);
        let mut weights = 0.0;
        for [distance, wanted, weight] in samples {
            weights += weight;
            let Some((knot, share)) = Self::place(distance) else {
                continue;
            };
            let near = 1.0 - share;
            diagonal[knot] += weight * near * near;
            right[knot] += weight * near * wanted;
            if knot + 1 < FREE {
                diagonal[knot + 1] += weight * share * share;
                beside[knot] += weight * near * share;
                right[knot + 1] += weight * share * wanted;
            }
        }
        // What no sample tells is as beside it.
        let pull = 1e-4 * weights + 1e-9;
        for knot in 0..FREE - 1 {
            diagonal[knot] += pull;
            diagonal[knot + 1] += pull;
            beside[knot] -= pull;
        }
        for knot in 1..FREE {
            let factor = beside[knot - 1] / diagonal[knot - 1];
            diagonal[knot] -= factor * beside[knot - 1];
            right[knot] -= factor * right[knot - 1];
        }
        let mut values = [0.0; KNOTS];
        for knot in (0..FREE).rev() {
            let above = beside[knot] * values[knot + 1];
            values[knot] = (right[knot] - above) / diagonal[knot];
        }
        Self {
            values: values.map(|value| value.clamp(0.0, 1.0)),
        }
    }

    /// The stops of a gradient from the middle to the rim, none that its neighbours say.
    pub(super) fn stops(&self, color: Color) -> Vec<GradientStop> {
        let mut kept = vec![0];
        let is_straight = |from: usize, to: usize| {
            (from + 1..to).all(|knot| {
                let share = (knot - from) as f64 / (to - from) as f64;
                let told = self.values[from] + share * (self.values[to] - self.values[from]);
                (told - self.values[knot]).abs() <= STRAIGHT
            })
        };
        for knot in 1..KNOTS {
            let from = kept[kept.len() - 1];
            if knot + 1 == KNOTS || !is_straight(from, knot + 1) {
                kept.push(knot);
            }
        }
        kept.into_iter()
            .map(|knot| GradientStop {
                offset: (knot as f64 / (KNOTS - 1) as f64) as f32,
                color,
                opacity: self.values[knot] as f32,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_its_samples() {
        let wanted = Profile::of(|distance| 0.6 * (1.0 - distance));
        let samples = (0..400).map(|i| {
            let distance = f64::from(i) / 390.0;
            [distance, wanted.at(distance), 1.0]
        });
        let found = Profile::fitted(samples);
        for i in 0..20 {
            let distance = f64::from(i) / 20.0;
            assert!((found.at(distance) - wanted.at(distance)).abs() < 0.01);
        }
        assert_eq!(wanted.stops(Color::BLACK).len(), 2);
    }
}
