//! Where the target shows a unit's picture and the rest of the document does not: the shifts under
//! which painting the unit there lowers the squared error most. Thin and small things, as writing,
//! are found by this, which are no region of their own.

use chat2svg_vector::{Document, RenderError};
use kurbo::{Affine, Point, Vec2};

use super::{Search, form::Similarity, guesses::Guess, units::Unit, view::color_of};

/// Most pixels of a unit that are looked at for each shift.
const SAMPLES: usize = 64;
/// Best shifts that are tried, and how many pixels they are apart.
const KEPT: usize = 3;
const APART: f64 = 2.5;
/// Least opacity of a pixel that counts as the unit's.
const LEAST_ALPHA: u8 = 8;

/// A pixel of a unit: place, colour, opacity.
struct Sample {
    x: i32,
    y: i32,
    color: [f32; 3],
    alpha: f32,
}

impl Search<'_> {
    /// The best shifts of a unit, in pixels of the regions' picture.
    pub(super) fn shift_guesses(
        &self,
        document: &Document,
        unit: &Unit,
    ) -> Result<Vec<Guess>, RenderError> {
        let (width, height) = (self.rough.width as i32, self.rough.height as i32);
        let mut alone = document.clone();
        alone.retain_shapes(|index, _| unit.shapes.contains(&index));
        let shown = alone.render_until(width as u32, height as u32, None, self.stop)?;
        let samples = samples(shown.pixels(), width);
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let rest = self.rough.without(document, &unit.shapes)?;
        // What is there without the unit, and what the target has more than that.
        let there: Vec<([f32; 3], [f32; 3])> = rest
            .pixels()
            .iter()
            .map(color_of)
            .zip(&self.rough.pixels)
            .map(|(shown, wanted)| (shown, [0, 1, 2].map(|i| wanted[i] - shown[i])))
            .collect();
        let middle =
            |of: fn(&Sample) -> i32| samples.iter().map(of).sum::<i32>() / samples.len() as i32;
        let (x, y) = (middle(|sample| sample.x), middle(|sample| sample.y));
        let mut found: Vec<(f32, i32, i32)> = Vec::with_capacity((width * height) as usize);
        for down in -y..height - y {
            for across in -x..width - x {
                let gain: f32 = samples
                    .iter()
                    .filter_map(|sample| {
                        let (x, y) = (sample.x + across, sample.y + down);
                        let is_inside = (0..width).contains(&x) && (0..height).contains(&y);
                        is_inside.then(|| sample.gain(&there[(y * width + x) as usize]))
                    })
                    .sum();
                if gain > 0.0 && across.abs().max(down.abs()) > 1 {
                    found.push((gain, across, down));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let to_areas = self.areas.width as f64 / f64::from(self.rough.width);
        let center = Point::new(f64::from(x), f64::from(y));
        let mut kept: Vec<Vec2> = Vec::new();
        for (_, across, down) in found {
            let by = Vec2::new(f64::from(across), f64::from(down));
            if kept.len() < KEPT && kept.iter().all(|other| (*other - by).hypot() > APART) {
                kept.push(by);
            }
        }
        let guess = |by| Guess {
            similarity: Similarity::shift(center, by).mapped(Affine::scale(to_areas)),
            likeness: 0.0,
            color: None,
        };
        Ok(kept.into_iter().map(guess).collect())
    }
}

impl Sample {
    /// By how much the squared error falls where this is painted over what is shown and what the
    /// target has more than that.
    fn gain(&self, (shown, missing): &([f32; 3], [f32; 3])) -> f32 {
        let change = [0, 1, 2].map(|i| self.alpha * (self.color[i] - shown[i]));
        (0..3)
            .map(|i| change[i] * (2.0 * missing[i] - change[i]))
            .sum()
    }
}

/// Some pixels of a unit that is alone in its picture, evenly spread.
fn samples(pixels: &[[u8; 4]], width: i32) -> Vec<Sample> {
    let own = pixels
        .iter()
        .zip(0..)
        .filter(|(pixel, _)| pixel[3] >= LEAST_ALPHA);
    let count = own.clone().count();
    own.step_by(count.div_ceil(SAMPLES).max(1))
        .map(|(pixel, at): (_, i32)| Sample {
            x: at % width,
            y: at / width,
            color: color_of(pixel),
            alpha: f32::from(pixel[3]) / 255.0,
        })
        .collect()
}
