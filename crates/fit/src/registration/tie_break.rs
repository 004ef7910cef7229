//! Breaks ties between shapes alike that match the same place: the closest gets it. Otherwise all
//! leaves of one green would move to the same leaf of the target.

use chat2svg_trace::picture::mean_color;
use chat2svg_vector::Oklab;
use kurbo::Point;

use super::{form::Form, id_buffer::IdBuffer};

/// Oklab distance up to which two shapes have the same colour.
const SAME_COLOR: f32 = 0.03;
/// Ratios of areas between which two shapes are alike.
const SAME_SIZES: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// How much more spread out one of two forms that are alike may be.
const SAME_SPREADS: std::ops::RangeInclusive<f64> = 0.87..=1.15;

/// The appearance of each visible shape.
pub(super) struct Appearances(Vec<Option<Appearance>>);

struct Appearance {
    form: Form,
    color: Oklab,
}

impl Appearances {
    /// The appearance of shapes in a picture of the document.
    pub(super) fn of(seen: &IdBuffer, picture: &[[f32; 3]], width: usize) -> Self {
        let appearance = |pixels: &Vec<u32>| {
            Some(Appearance {
                form: Form::of(pixels.iter().copied(), width)?,
                color: mean_color(picture, pixels).to_oklab(),
            })
        };
        Self(seen.pixels.iter().map(appearance).collect())
    }

    /// Whether another shape like this one is closer to where this one would go, and may go itself.
    pub(super) fn has_closer_rival(
        &self,
        shape: usize,
        to: Point,
        may_go: impl Fn(usize) -> bool,
    ) -> bool {
        let Some(Some(own)) = self.0.get(shape) else {
            return false;
        };
        let far = own.form.center.distance(to);
        let others = self.0.iter().enumerate();
        let others = others.filter(|(at, _)| *at != shape && may_go(*at));
        others
            .filter_map(|(_, appearance)| appearance.as_ref())
            .any(|other| {
                other.form.center.distance(to) < far
                    && SAME_SIZES.contains(&(other.form.area / own.form.area))
                    && SAME_SPREADS.contains(&(other.form.spread / own.form.spread))
                    && other.color.distance(own.color) <= SAME_COLOR
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appearances(corners: &[(u32, u32)], colors: [f32; 2]) -> Appearances {
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
        Appearances(corners.iter().enumerate().map(appearance).collect())
    }

    #[test]
    fn the_nearer_of_two_alike_has_the_claim() {
        let alike = appearances(&[(10, 10), (30, 10)], [0.5, 0.5]);
        assert!(alike.has_closer_rival(0, Point::new(29.0, 10.0), |_| true));
        assert!(!alike.has_closer_rival(0, Point::new(11.0, 10.0), |_| true));
        assert!(!alike.has_closer_rival(1, Point::new(29.0, 10.0), |_| true));
        // The target shows the other where it is.
        assert!(!alike.has_closer_rival(0, Point::new(29.0, 10.0), |at| at != 1));
    }

    #[test]
    fn what_has_another_colour_is_no_rival() {
        let unlike = appearances(&[(10, 10), (30, 10)], [0.5, 0.7]);
        assert!(!unlike.has_closer_rival(0, Point::new(29.0, 10.0), |_| true));
    }
}
