//! Place, size and direction of a set of pixels, and the similarities that map one onto another.

use std::f64::consts::{PI, TAU};

use kurbo::{Affine, Point, Vec2};

use crate::scene::scale_of;

use super::Movement;

/// Ratio of the axes' lengths from which a form has a direction.
const DIRECTED: f64 = 1.15;
/// Directions tried for a form that has none, around the circle.
const TURNS: u32 = 12;

/// First and second moments of a set of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    /// Number of pixels.
    pub(super) area: f64,
    pub(crate) center: Point,
    /// Angle of the longer axis in radians.
    angle: f64,
    /// Length of the longer axis over that of the shorter, at least 1.
    pub(crate) ratio: f64,
    /// Mean squared distance from the middle over the area, whatever that is: least for a disc.
    pub(super) spread: f64,
}

impl Form {
    /// Of pixels given by their index, in a picture of the given width; `None` when there are none.
    pub(crate) fn of(pixels: impl IntoIterator<Item = u32>, width: usize) -> Option<Self> {
        let mut sums = [0.0_f64; 6];
        for pixel in pixels {
            let x = (pixel as usize % width) as f64 + 0.5;
            let y = (pixel as usize / width) as f64 + 0.5;
            for (sum, term) in sums.iter_mut().zip([1.0, x, y, x * x, x * y, y * y]) {
                *sum += term;
            }
        }
        let [count, x, y, xx, xy, yy] = sums;
        if count == 0.0 {
            return None;
        }
        let (x, y) = (x / count, y / count);
        // A pixel is a square, not a point.
        let own = 1.0 / 12.0;
        let (xx, xy, yy) = (
            xx / count - x * x + own,
            xy / count - x * y,
            yy / count - y * y + own,
        );
        let middle = 0.5 * (xx + yy);
        let spread = (0.5 * (xx - yy)).hypot(xy);
        Some(Self {
            area: count,
            center: Point::new(x, y),
            angle: 0.5 * (2.0 * xy).atan2(xx - yy),
            ratio: ((middle + spread) / (middle - spread).max(1e-9)).sqrt(),
            spread: 2.0 * middle / count,
        })
    }

    /// The similarities that map this form's moments onto another's: one scale, several turns, the
    /// one without a turn first.
    pub(super) fn similarities_to(&self, other: &Self) -> Vec<Similarity> {
        let scale = (other.area / self.area).sqrt();
        let by = other.center - self.center;
        let turns = if self.ratio >= DIRECTED && other.ratio >= DIRECTED {
            let turn = other.angle - self.angle;
            vec![0.0, turn, turn + PI]
        } else {
            (0..TURNS)
                .map(|count| f64::from(count) * (TAU / f64::from(TURNS)))
                .collect()
        };
        let similarity = |turn: f64| Similarity {
            center: self.center,
            by,
            // Between minus and plus π.
            turn: (turn + PI).rem_euclid(TAU) - PI,
            scale,
        };
        turns.into_iter().map(similarity).collect()
    }
}

/// A turn and a scaling around a centre, and then a shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Similarity {
    pub(super) center: Point,
    pub(super) by: Vec2,
    /// Radians, clockwise on a y-down canvas.
    pub(super) turn: f64,
    pub(super) scale: f64,
}

impl Similarity {
    /// A shift alone.
    pub(super) fn shift(center: Point, by: Vec2) -> Self {
        Self {
            center,
            by,
            turn: 0.0,
            scale: 1.0,
        }
    }

    /// This and then another, whose middle is where this one leads its own.
    pub(super) fn go_on(&mut self, next: &Self) {
        self.by += next.by;
        self.turn += next.turn;
        self.scale *= next.scale;
    }

    pub(super) fn map(&self) -> Affine {
        Affine::translate(self.center.to_vec2() + self.by)
            * Affine::rotate(self.turn)
            * Affine::scale(self.scale)
            * Affine::translate(-self.center.to_vec2())
    }

    /// What is told of a unit that was moved so in user space.
    pub(super) fn movement_of(&self, name: &str) -> Movement {
        let rounded = |value: f64, parts: f64| (value * parts).round() / parts;
        Movement {
            name: name.to_owned(),
            by: [rounded(self.by.x, 100.0), rounded(self.by.y, 100.0)],
            turned: rounded(self.turn.to_degrees(), 100.0),
            scaled: rounded(self.scale, 1000.0),
        }
    }

    /// The same in another space, to which an upright map of even scale leads.
    pub(super) fn mapped(&self, to_other: Affine) -> Self {
        Self {
            center: to_other * self.center,
            by: self.by * scale_of(to_other),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_pixels(left: u32, top: u32, width: u32, height: u32) -> Vec<u32> {
        (top..top + height)
            .flat_map(|y| (left..left + width).map(move |x| y * 100 + x))
            .collect()
    }

    #[test]
    fn a_turned_and_scaled_box_is_recognised() {
        let a = Form::of(box_pixels(10, 10, 24, 8), 100).expect("has pixels");
        let b = Form::of(box_pixels(60, 40, 12, 36), 100).expect("has pixels");
        let best = a
            .similarities_to(&b)
            .into_iter()
            .find(|found| (found.turn.abs() - std::f64::consts::FRAC_PI_2).abs() < 1e-6)
            .expect("a quarter turn is among them");
        assert!((best.scale - 1.5).abs() < 1e-9);
        let center = best.map() * Point::new(22.0, 14.0);
        assert!(center.distance(Point::new(66.0, 58.0)) < 1e-9);
    }
}
