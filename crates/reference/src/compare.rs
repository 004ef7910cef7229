//! How far apart two pictures are. Pure.

use std::fmt;

use chat2svg_vector::Raster;

/// What may differ without being a change of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// Largest difference of a component that does not count, in steps of eight bits.
    pub steps: u8,
    /// Most pixels that may differ by more.
    pub pixels: usize,
}

/// The tolerance of references unless a gallery says otherwise: rounding in another order moves a
/// component by a step or two. A single pixel beyond that is a change, for an eye may have no more
/// than a few.
pub const TOLERANCE: Tolerance = Tolerance {
    steps: 2,
    pixels: 0,
};

/// A difference beyond the tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The pictures have different sizes.
    Size {
        /// Width and height of the reference in pixels.
        reference: (u32, u32),
        /// Width and height of our picture in pixels.
        ours: (u32, u32),
    },
    /// Pixels differ.
    Pixels {
        /// How many differ by more than the tolerance, at least 1.
        count: usize,
        /// The largest difference of a component, in steps of eight bits.
        largest: u8,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { reference, ours } => write!(
                f,
                "it is {} × {} pixels, the reference {} × {}",
                ours.0, ours.1, reference.0, reference.1
            ),
            Self::Pixels { count, largest } => {
                write!(f, "{count} pixels differ, by up to {largest} steps of 255")
            }
        }
    }
}

/// Compares our picture with its reference; `None` when they are the same within the tolerance.
pub fn compare(reference: &Raster, ours: &Raster, tolerance: Tolerance) -> Option<Difference> {
    let size = |raster: &Raster| (raster.width(), raster.height());
    if size(reference) != size(ours) {
        return Some(Difference::Size {
            reference: size(reference),
            ours: size(ours),
        });
    }
    let pairs = reference.pixels().iter().zip(ours.pixels());
    let (mut count, mut largest) = (0, 0);
    for (one, other) in pairs {
        let steps = steps_between(*one, *other);
        count += usize::from(steps > tolerance.steps);
        largest = largest.max(steps);
    }
    (count > tolerance.pixels).then_some(Difference::Pixels { count, largest })
}

/// The largest difference of a component.
pub(crate) fn steps_between(one: [u8; 4], other: [u8; 4]) -> u8 {
    let components = one.into_iter().zip(other);
    components
        .map(|(a, b)| a.abs_diff(b))
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey() -> Raster {
        Raster::filled(8, 4, [120, 120, 120, 255]).expect("it has a size")
    }

    #[test]
    fn rounding_is_no_difference() {
        let mut ours = grey();
        for (index, pixel) in ours.pixels_mut().iter_mut().enumerate() {
            pixel[index % 3] = if index % 2 == 0 { 118 } else { 122 };
        }
        assert_eq!(compare(&grey(), &ours, TOLERANCE), None);
    }

    #[test]
    fn one_pixel_of_another_colour_is_a_difference() {
        let mut ours = grey();
        ours.pixels_mut()[13] = [120, 123, 120, 255];
        let found = compare(&grey(), &ours, TOLERANCE);
        assert_eq!(
            found,
            Some(Difference::Pixels {
                count: 1,
                largest: 3
            })
        );
    }

    #[test]
    fn another_size_is_a_difference() {
        let ours = Raster::filled(4, 8, [120, 120, 120, 255]).expect("it has a size");
        let found = compare(&grey(), &ours, TOLERANCE).expect("the sizes differ");
        assert_eq!(found.to_string(), "it is 4 × 8 pixels, the reference 8 × 4");
    }
}
