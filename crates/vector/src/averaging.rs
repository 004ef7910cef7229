//! A picture at another size by the mean over areas: what a renderer of that size would show.

use chat2svg_stop::Stop;

use crate::{Raster, RenderError};

impl Raster {
    /// The picture at another size: reduced by the mean over areas, enlarged by repeating pixels.
    /// Colours are weighted by their alpha. Made a row at a time, and given up once `stop` says so,
    /// which is asked before each row.
    ///
    /// # Errors
    /// When a side is zero, and [`RenderError::Stopped`] when `stop` says so.
    pub fn averaged(&self, width: u32, height: u32, stop: &Stop) -> Result<Self, RenderError> {
        if width == 0 || height == 0 {
            return Err(RenderError::Empty { width, height });
        }
        let columns = spans(self.width(), width);
        let rows = spans(self.height(), height);
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        let line = self.width() as usize;
        for (top, row_weights) in &rows {
            stop.check()?;
            for (left, weights) in &columns {
                let mut sum = [0.0_f32; 4];
                for (y, row_weight) in (*top..).zip(row_weights) {
                    let start = y * line + left;
                    let Some(source) = self.pixels().get(start..start + weights.len()) else {
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
        Self::new(width, height, pixels).map_err(|_| RenderError::Empty { width, height })
    }
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
        let small = picture.averaged(5, 3, &Stop::never()).expect("size fits");
        assert!(
            small
                .pixels()
                .iter()
                .all(|pixel| pixel[1] == 40 && pixel[2] == 200)
        );
        let alpha: f64 = small.pixels().iter().map(|pixel| f64::from(pixel[3])).sum();
        assert!((alpha / 15.0 - 127.5).abs() < 1.0);
        let large = small.averaged(11, 9, &Stop::never()).expect("size fits");
        assert_eq!(large.pixels().len(), 99);
        let stopped = small.averaged(11, 9, &Stop::when(|| true));
        assert!(matches!(stopped, Err(RenderError::Stopped)));
    }
}
