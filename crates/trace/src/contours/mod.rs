//! From a region's pixels to a path: its contour at sub-pixel precision, corners, and the fewest
//! curves within a tolerance.

mod contour;
mod corners;
mod curves;

pub(crate) use contour::{CLEARANCE, Field, contours, signed_area};
pub use curves::{fit_closed, fit_open, joined};
