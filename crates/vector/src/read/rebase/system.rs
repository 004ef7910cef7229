//! Coordinate systems, where the canvas is in them, and what is best taken off their coordinates.

use kurbo::{Affine, Point, Vec2};

use crate::transform::largest_scale;

/// Longest sides of the canvas beyond which it is far. Up to there, single precision misses the
/// right place by less than a thirtieth of a pixel in pictures of 2048 pixels.
const FAR: f64 = 256.0;

/// A coordinate system of the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct System {
    /// The canvas's corner in it.
    pub(super) canvas: Point,
    /// About how long the canvas's longest side is in it.
    pub(super) side: f64,
    /// What is taken off all coordinates.
    pub(super) shift: Vec2,
}

impl System {
    /// One of something that has coordinates of its own.
    pub(super) const APART: Self = Self {
        canvas: Point::ZERO,
        side: f64::INFINITY,
        shift: Vec2::ZERO,
    };

    /// With what it is best to take off its coordinates.
    pub(super) fn settled(self) -> Self {
        let away = self.canvas.to_vec2();
        let is_far = away.is_finite() && away.x.abs().max(away.y.abs()) > FAR * self.side;
        Self {
            shift: if is_far { away } else { Vec2::ZERO },
            ..self
        }
    }

    /// The system that a transform leads into, and what takes the transform's place.
    pub(super) fn inside(self, transform: Affine) -> (Self, Affine) {
        let scale = largest_scale(transform);
        let inner = Self {
            canvas: transform.inverse() * self.canvas,
            side: self.side / scale.max(f64::MIN_POSITIVE),
            shift: Vec2::ZERO,
        };
        let inner = inner.settled();
        let moved = Affine::translate(-self.shift) * transform * Affine::translate(inner.shift);
        (inner, moved)
    }
}
