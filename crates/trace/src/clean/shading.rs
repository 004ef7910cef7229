//! Tells colours that were drawn from steps of a shading: where two drawn colours meet, the picture
//! changes from one to the other at once, and each is even; a shading goes on from step to step,
//! and has every value between.

use super::palette::{NEAR, distance};
use crate::picture::{Picture, Pixel};

/// Pixels to each side of a border that must show the colour of their side.
const CLEAR: usize = 3;
/// Pixels from a border between which the picture changes there, and least part of the distance of
/// its two colours by which it must.
const AT_BORDER: usize = 2;
const LEAST_CHANGE: f32 = 0.5;
/// Least places at its borders where a shading goes on, for each where it ends.
const LEAST_GOING_ON: f64 = 0.25;
/// Levels by which a pixel is off an even colour, and share of its pixels that are by more in a
/// shading.
const OFF: f32 = 1.5;
const SPREAD: f64 = 0.5;

/// Of each colour whether it is a step of a shading. `nearest` has the nearest colour of each
/// pixel, and how many levels it is off.
pub(super) fn shaded(picture: &Picture, colors: &[Pixel], nearest: &[(usize, f32)]) -> Vec<bool> {
    let mut found = vec![Tally::default(); colors.len()];
    for (color, off) in nearest.iter().filter(|(_, off)| *off <= NEAR) {
        if let Some(tally) = found.get_mut(*color) {
            tally.pixels += 1;
            tally.off += usize::from(*off > OFF);
        }
    }
    let [width, height] = picture.size();
    let mut look = |index: usize, step: usize| {
        let at = |place: usize| nearest.get(index + place * step).map(|(color, _)| *color);
        let (Some(before), Some(after)) = (at(0), at(CLEAR)) else {
            return;
        };
        let is_border = before != after
            && (1..CLEAR).all(|place| at(place) == Some(before))
            && (CLEAR + 1..2 * CLEAR).all(|place| at(place) == Some(after));
        if !is_border {
            return;
        }
        let pixel = |place: usize| picture.pixels[index + place * step];
        let change = distance(pixel(CLEAR - AT_BORDER), pixel(CLEAR + AT_BORDER - 1));
        let is_step = change >= LEAST_CHANGE * distance(colors[before], colors[after]);
        for color in [before, after] {
            found[color].steps += usize::from(is_step);
            found[color].goes_on += usize::from(!is_step);
        }
    };
    for y in 0..height {
        for x in 0..width {
            let index = y * width + x;
            if x + 2 * CLEAR <= width {
                look(index, 1);
            }
            if y + 2 * CLEAR <= height {
                look(index, width);
            }
        }
    }
    found.iter().map(Tally::is_shaded).collect()
}

/// What is seen of a colour.
#[derive(Clone, Copy, Default)]
struct Tally {
    pixels: usize,
    /// Those that are off it.
    off: usize,
    /// Places at its borders where the picture changes at once, and where it goes on.
    steps: usize,
    goes_on: usize,
}

impl Tally {
    fn is_shaded(&self) -> bool {
        let goes_on = self.goes_on as f64 > LEAST_GOING_ON * self.steps as f64;
        goes_on && self.off as f64 > SPREAD * self.pixels as f64
    }
}
