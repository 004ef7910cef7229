//! What a caller may ask of a fit: one typed configuration. Checked here, obeyed elsewhere.

use chat2svg_stop::Stop;

use crate::{FitError, Registration};

/// Most paths that may be asked for.
pub const MAX_PATHS: u32 = 16_384;

/// How a fit is run. The default serves a 256 to 512 pixel picture in a few seconds on two cores.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Most paths in the result, `1..=16384`; `None` lets the gain of each path decide, up to 256.
    /// Paths that the template has are never removed to meet it.
    pub paths: Option<u32>,
    /// Gradient steps over all rounds, in steps at full resolution; 0 fits paints and outlines to
    /// the picture without descending. Default 180.
    pub iterations: u32,
    /// When the result must be there. Asked at least every 10 ms; when it is due, the best so far
    /// is returned. A deadline is kept within 5 % plus 50 ms; without one the schedule runs to its
    /// end.
    pub stop: Stop,
    /// Whether paths may be added and worthless ones removed. Default true.
    pub allow_topology: bool,
    /// Whether paths may be painted with gradients that they did not have. Default true.
    pub allow_gradients: bool,
    /// Whether outlines may be given more points, and lines become curves. Default true.
    pub allow_points: bool,
    /// Whether the ground of an opaque picture is painted when it is vectorised. Without it what is
    /// of the rim's colour and connected with the rim stays transparent. Default true.
    pub keeps_ground: bool,
    /// Whether shapes may be given strokes that they did not have. Default true.
    pub allow_strokes: bool,
    /// Whether what no shape of the template can come to show is left out of account: it moves
    /// neither paints nor outlines. For fits that may add no paths. Default false.
    pub robust: bool,
    /// Most bytes of the written SVG; `None` leaves it to the gain of each path. Paths that the
    /// template has are kept even when they alone exceed it.
    pub byte_budget: Option<usize>,
    /// Threads, 0 for one per core. The result does not depend on it. Default 0.
    pub threads: usize,
    /// Longest side in pixels at which the picture is fitted, `16..=4096`; larger targets are
    /// reduced to it, but those full of small writing, or with hairlines, only to twice as much.
    /// Default 512.
    pub max_side: u32,
    /// Smallest gain that pays for a path, as squared error in full-scale pixels per written byte.
    /// Lower gives more paths and a closer picture. `None` takes 0.004 for a picture of 256 × 256
    /// pixels (a path of 150 bytes must correct 0.6 pixels from black to white in one component),
    /// and otherwise in proportion to the area.
    pub gain_per_byte: Option<f32>,
    /// Whether a template's shapes are in their places, so that none is moved as a whole before its
    /// points move on their own. Default false.
    pub is_in_place: bool,
    /// How a template's shapes are looked for in all of the target before they are fitted, with
    /// gradients only where [`FitOptions::allow_gradients`]. `None` where that was done, or they
    /// are in their places. Default `None`.
    pub registration: Option<Registration>,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            paths: None,
            iterations: 180,
            stop: Stop::never(),
            allow_topology: true,
            allow_gradients: true,
            allow_points: true,
            keeps_ground: true,
            allow_strokes: true,
            robust: false,
            byte_budget: None,
            threads: 0,
            max_side: 512,
            gain_per_byte: None,
            is_in_place: false,
            registration: None,
        }
    }
}

impl FitOptions {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first value out of its range.
    pub fn validate(&self) -> Result<(), FitError> {
        let values = [
            (
                "paths",
                self.paths.unwrap_or(1) as f32,
                1.0,
                MAX_PATHS as f32,
            ),
            ("max_side", self.max_side as f32, 16.0, 4096.0),
            ("gain_per_byte", self.gain_per_byte.unwrap_or(0.0), 0.0, 1e6),
        ];
        let is_out = |(_, value, low, high): &(_, f32, f32, f32)| !(*low..=*high).contains(value);
        match values.into_iter().find(is_out) {
            None => Ok(()),
            Some((name, value, low, high)) => Err(FitError::Option {
                name,
                found: value.to_string(),
                allowed: format!("{low} to {high}"),
            }),
        }
    }
}
