//! Which of several alike shapes has the better claim to a place: the one that is nearer to it. So
//! leaves of one green do not all go to the leaf of the target that is most like them.

use chat2svg_vector::Oklab;
use kurbo::Point;

use super::{
    areas::{Seen, mean_color},
    form::Form,
};

/// Oklab distance up to which two shapes have the same colour.
const SAME_COLOR: f32 = 0.03;
/// Ratios of areas between which two shapes are alike.
const SAME_SIZES: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Where each shape is seen, and what it looks like there.
pub(super) struct Looks(Vec<Option<Look>>);

struct Look {
    center: Point,
    area: f64,
    color: Oklab,
}

impl Looks {
    /// Looks of shapes in a picture of the document.
    pub(super) fn of(seen: &Seen, picture: &[[f32; 3]], width: usize) -> Self {
        let look = |pixels: &Vec<u32>| {
            let form = Form::of(pixels.iter().copied(), width)?;
            Some(Look {
                center: form.center,
                area: form.area,
                color: mean_color(picture, pixels).to_oklab(),
            })
        };
        Self(seen.pixels.iter().map(look).collect())
    }

    /// Whether another shape like this one is nearer to where this one would go.
    pub(super) fn has_nearer_twin(&self, shape: usize, to: Point) -> bool {
        let Some(Some(own)) = self.0.get(shape) else {
            return false;
        };
        let far = own.center.distance(to);
        let others = self.0.iter().enumerate().filter(|(at, _)| *at != shape);
        others.filter_map(|(_, look)| look.as_ref()).any(|other| {
            other.center.distance(to) < far
                && SAME_SIZES.contains(&(other.area / own.area))
                && other.color.distance(own.color) <= SAME_COLOR
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(centers: &[(f64, f64)], colors: [f32; 2]) -> Looks {
        let look = |(at, center): (usize, &(f64, f64))| {
            Some(Look {
                center: (*center).into(),
                area: 20.0,
                color: Oklab {
                    lightness: colors[at % 2],
                    a: 0.0,
                    b: 0.0,
                },
            })
        };
        Looks(centers.iter().enumerate().map(look).collect())
    }

    #[test]
    fn the_nearer_of_two_alike_has_the_claim() {
        let alike = looks(&[(10.0, 10.0), (30.0, 10.0)], [0.5, 0.5]);
        assert!(alike.has_nearer_twin(0, Point::new(29.0, 10.0)));
        assert!(!alike.has_nearer_twin(0, Point::new(11.0, 10.0)));
        assert!(!alike.has_nearer_twin(1, Point::new(29.0, 10.0)));
    }

    #[test]
    fn what_has_another_colour_is_no_twin() {
        let unlike = looks(&[(10.0, 10.0), (30.0, 10.0)], [0.5, 0.7]);
        assert!(!unlike.has_nearer_twin(0, Point::new(29.0, 10.0)));
    }
}
