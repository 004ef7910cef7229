//! Breaks ties between shapes alike that match the same place: the closest gets it. Otherwise all
//! leaves of one green would move to the same leaf of the target.

use chat2svg_vector::Oklab;
use kurbo::Point;

use super::form::Form;

/// Oklab distance up to which two shapes have the same colour.
const SAME_COLOR: f32 = 0.03;
/// Ratios of areas between which two shapes are alike.
const SAME_SIZES: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// How much more spread out one of two forms that are alike may be.
const SAME_SPREADS: std::ops::RangeInclusive<f64> = 0.87..=1.15;

/// What is seen of a shape.
pub(super) struct Appearance {
    pub(super) form: Form,
    /// Its mean colour.
    pub(super) color: Oklab,
}

/// Whether another shape like one is closer to where this one would go, and may go itself.
pub(super) fn has_closer_rival(
    shapes: &[Option<Appearance>],
    shape: usize,
    to: Point,
    may_go: impl Fn(usize) -> bool,
) -> bool {
    let Some(Some(own)) = shapes.get(shape) else {
        return false;
    };
    let far = own.form.center.distance(to);
    let others = shapes.iter().enumerate().filter(|(at, _)| may_go(*at));
    others.filter_map(|(_, other)| other.as_ref()).any(|other| {
        other.form.center.distance(to) < far
            && SAME_SIZES.contains(&(other.form.area / own.form.area))
            && SAME_SPREADS.contains(&(other.form.spread / own.form.spread))
            && other.color.distance(own.color) <= SAME_COLOR
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appearances(corners: &[(u32, u32)], colors: [f32; 2]) -> Vec<Option<Appearance>> {
        let appearance = |(at, (x, y)): (usize, &(u32, u32))| {
            let pixels = (0..20).map(|pixel| (y + pixel / 5) * 100 + x + pixel % 5);
            Some(Appearance {
                form: Form::of(pixels, 100)?,
                color: Oklab {
                    lightness: colors[at % 2],
                    a: 0.0,
                    b: 0.0,
                },
            })
        };
        corners.iter().enumerate().map(appearance).collect()
    }

    #[test]
    fn the_nearer_of_two_alike_has_the_claim() {
        let alike = appearances(&[(10, 10), (30, 10)], [0.5, 0.5]);
        assert!(has_closer_rival(&alike, 0, Point::new(29.0, 10.0), |_| {
            true
        }));
        assert!(!has_closer_rival(&alike, 0, Point::new(11.0, 10.0), |_| {
            true
        }));
        assert!(!has_closer_rival(&alike, 1, Point::new(29.0, 10.0), |_| {
            true
        }));
        // The target shows the other where it is.
        assert!(!has_closer_rival(
            &alike,
            0,
            Point::new(29.0, 10.0),
            |at| at != 1
        ));
    }

    #[test]
    fn what_has_another_colour_is_no_rival() {
        let unlike = appearances(&[(10, 10), (30, 10)], [0.5, 0.7]);
        assert!(!has_closer_rival(
            &unlike,
            0,
            Point::new(29.0, 10.0),
            |_| true
        ));
    }
}
