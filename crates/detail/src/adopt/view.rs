//! The target at one size, and how far a document is from it. Measures; changes nothing.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Raster, RenderError};

use super::AdoptError;

/// A picture over white, components in `0.0..=1.0`, row by row.
pub(super) struct View<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<[f32; 3]>,
    /// Says when to end a measurement.
    stop: &'a Stop,
}

impl<'a> View<'a> {
    /// The target over white.
    pub(super) fn of(target: &Raster, stop: &'a Stop) -> Self {
        Self {
            width: target.width(),
            height: target.height(),
            pixels: target
                .over(Color::WHITE)
                .pixels()
                .iter()
                .map(color_of)
                .collect(),
            stop,
        }
    }

    /// What a document shows at this size.
    pub(super) fn shown(&self, document: &Document) -> Result<Raster, RenderError> {
        let stop = self.stop;
        document.render_until(self.width, self.height, Some(Color::WHITE), stop)
    }

    /// Squared error of each pixel of a document, over its three components.
    pub(super) fn errors(&self, document: &Document) -> Result<Vec<f32>, RenderError> {
        Ok(self.errors_of(&self.shown(document)?))
    }

    /// Squared error of each pixel of a picture of this size.
    pub(super) fn errors_of(&self, shown: &Raster) -> Vec<f32> {
        shown
            .pixels()
            .iter()
            .zip(&self.pixels)
            .map(|(pixel, wanted)| squared_distance(color_of(pixel), *wanted))
            .collect()
    }

    /// Sum of the squared errors.
    pub(super) fn error(&self, document: &Document) -> Result<f64, RenderError> {
        Ok(sum(&self.errors(document)?))
    }
}

/// The colour of an opaque pixel.
pub(super) fn color_of(pixel: &[u8; 4]) -> [f32; 3] {
    [pixel[0], pixel[1], pixel[2]].map(|value| f32::from(value) / 255.0)
}

pub(super) fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// The sum in double precision, in order.
pub(super) fn sum(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum()
}

/// A picture at another size: reduced by the mean over areas, enlarged by repeating pixels. A row
/// at a time, so that a large picture takes no more memory and can be given up.
pub(super) fn resized(
    picture: &Raster,
    width: u32,
    height: u32,
    stop: &Stop,
) -> Result<Raster, AdoptError> {
    let columns = spans(picture.width(), width);
    let rows = spans(picture.height(), height);
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    let line = picture.width() as usize;
    for (top, row_weights) in &rows {
        stop.check()?;
        for (left, weights) in &columns {
            let mut sum = [0.0_f32; 4];
            for (y, row_weight) in (*top..).zip(row_weights) {
                let start = y * line + left;
                let Some(source) = picture.pixels().get(start..start + weights.len()) else {
                    continue;
                };
                for (pixel, weight) in source.iter().zip(weights) {
                    // Premultiplied, so that what is transparent has no colour.
                    let alpha = f32::from(pixel[3]) * weight * row_weight;
                    for (sum, value) in sum.iter_mut().zip(&pixel[..3]) {
                        *sum += f32::from(*value) * alpha;
                    }
                    sum[3] += alpha;
                }
            }
            let [red, green, blue, alpha] = sum;
            pixels.push(if alpha > 0.0 {
                let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
                [
                    byte(red / alpha),
                    byte(green / alpha),
                    byte(blue / alpha),
                    byte(alpha),
                ]
            } else {
                [0; 4]
            });
        }
    }
    Ok(Raster::new(width, height, pixels)?)
}

/// For each new pixel the first old one that it covers, and the share of each.
fn spans(old: u32, new: u32) -> Vec<(usize, Vec<f32>)> {
    let ratio = f64::from(old) / f64::from(new);
    (0..new)
        .map(|index| {
            let (start, end) = (f64::from(index) * ratio, f64::from(index + 1) * ratio);
            let first = (start.floor() as u32).min(old - 1);
            let last = (end.ceil() as u32).clamp(first + 1, old);
            let covered = |pixel: u32| {
                (end.min(f64::from(pixel + 1)) - start.max(f64::from(pixel))).max(1e-6)
            };
            let whole: f64 = (first..last).map(covered).sum();
            let weights = (first..last)
                .map(|pixel| (covered(pixel) / whole) as f32)
                .collect();
            (first as usize, weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_keeps_the_mean_and_forgets_hidden_colours() {
        let pixels = (0..70_u32)
            .map(|index| match index % 2 {
                0 => [(index * 3) as u8, 40, 200, 255],
                _ => [255, 255, 255, 0],
            })
            .collect();
        let picture = Raster::new(10, 7, pixels).expect("size fits");
        let small = resized(&picture, 5, 3, &Stop::never()).expect("size fits");
        assert!(
            small
                .pixels()
                .iter()
                .all(|pixel| pixel[1] == 40 && pixel[2] == 200)
        );
        let alpha: f64 = small.pixels().iter().map(|pixel| f64::from(pixel[3])).sum();
        assert!((alpha / 15.0 - 127.5).abs() < 1.0);
        let large = resized(&small, 11, 9, &Stop::never()).expect("size fits");
        assert_eq!(large.pixels().len(), 99);
        let stopped = resized(&small, 11, 9, &Stop::when(|| true));
        assert!(matches!(stopped, Err(AdoptError::Stopped)));
    }
}
