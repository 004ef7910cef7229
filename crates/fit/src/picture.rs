//! The target as the fit works on it: opaque floating-point sRGB at chosen resolutions, and which
//! pixels are to be painted at all. No codecs and no colour management.

use chat2svg_vector::Raster;

/// Gamma-encoded sRGB over white, components in `0.0..=1.0`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<[f32; 3]>,
    /// Share of each pixel that is opaque; `None` when all of every pixel is.
    pub(crate) alpha: Option<Vec<f32>>,
}

impl Picture {
    /// The raster over white, at a size. Reduction averages areas; enlargement repeats the nearest
    /// pixel.
    pub(crate) fn from_raster(raster: &Raster, width: usize, height: usize) -> Self {
        let (source_width, source_height) = (raster.width() as usize, raster.height() as usize);
        let mut has_alpha = false;
        let premultiplied: Vec<[f32; 4]> = raster
            .pixels()
            .iter()
            .map(|&[red, green, blue, alpha]| {
                has_alpha |= alpha != 255;
                let opacity = f32::from(alpha) / 255.0;
                [
                    f32::from(red) / 255.0 * opacity,
                    f32::from(green) / 255.0 * opacity,
                    f32::from(blue) / 255.0 * opacity,
                    opacity,
                ]
            })
            .collect();
        let scaled = if (width, height) == (source_width, source_height) {
            premultiplied
        } else {
            resample(&premultiplied, source_width, source_height, width, height)
        };
        Self {
            width,
            height,
            pixels: scaled
                .iter()
                .map(|&[red, green, blue, alpha]| [red, green, blue].map(|c| c + 1.0 - alpha))
                .collect(),
            alpha: has_alpha.then(|| scaled.iter().map(|pixel| pixel[3]).collect()),
        }
    }

    /// The picture reduced to the given size by averaging areas.
    pub(crate) fn reduced(&self, width: usize, height: usize) -> Self {
        let with_alpha: Vec<[f32; 4]> = self
            .pixels
            .iter()
            .enumerate()
            .map(|(index, &[red, green, blue])| {
                let alpha = self.alpha.as_ref().map_or(1.0, |alpha| alpha[index]);
                [red, green, blue, alpha]
            })
            .collect();
        let scaled = resample(&with_alpha, self.width, self.height, width, height);
        Self {
            width,
            height,
            pixels: scaled.iter().map(|p| [p[0], p[1], p[2]]).collect(),
            alpha: self
                .alpha
                .is_some()
                .then(|| scaled.iter().map(|p| p[3]).collect()),
        }
    }

    /// Whether a pixel is mostly painted.
    pub(crate) fn is_painted(&self, index: usize) -> bool {
        self.alpha.as_ref().is_none_or(|alpha| alpha[index] >= 0.5)
    }
}

/// Squared distance of two colours.
pub(crate) fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// Separable area-weighted resampling.
fn resample(
    source: &[[f32; 4]],
    source_width: usize,
    source_height: usize,
    width: usize,
    height: usize,
) -> Vec<[f32; 4]> {
    let columns = area_weights(source_width, width);
    let rows = area_weights(source_height, height);
    let mut narrow = vec![[0.0_f32; 4]; width * source_height];
    for y in 0..source_height {
        let line = &source[y * source_width..(y + 1) * source_width];
        for (x, (first, weights)) in columns.iter().enumerate() {
            narrow[y * width + x] = weighted(weights.iter().zip(&line[*first..]));
        }
    }
    let mut out = vec![[0.0_f32; 4]; width * height];
    for (y, (first, weights)) in rows.iter().enumerate() {
        for x in 0..width {
            let column = (0..weights.len()).map(|i| &narrow[(first + i) * width + x]);
            out[y * width + x] = weighted(weights.iter().zip(column));
        }
    }
    out
}

fn weighted<'a>(terms: impl Iterator<Item = (&'a f32, &'a [f32; 4])>) -> [f32; 4] {
    terms.fold([0.0; 4], |sum, (weight, pixel)| {
        std::array::from_fn(|i| sum[i] + weight * pixel[i])
    })
}

/// For each new pixel the first old pixel that it covers, and the share of each.
fn area_weights(old: usize, new: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = old as f64 / new as f64;
    (0..new)
        .map(|index| {
            let (start, end) = (index as f64 * ratio, (index + 1) as f64 * ratio);
            let first = (start.floor() as usize).min(old - 1);
            let last = ((end.ceil() as usize).max(first + 1)).min(old);
            let covered = |pixel: usize| {
                (end.min((pixel + 1) as f64) - start.max(pixel as f64)).max(0.0) / ratio
            };
            let weights: Vec<f32> = (first..last).map(|pixel| covered(pixel) as f32).collect();
            let sum: f32 = weights.iter().sum();
            (first, weights.iter().map(|weight| weight / sum).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_keeps_the_mean() {
        let pixels: Vec<[u8; 4]> = (0..30).map(|i| [i * 8, 255 - i * 8, 7, 255]).collect();
        let raster = Raster::new(6, 5, pixels).expect("size fits");
        let full = Picture::from_raster(&raster, 6, 5);
        let small = Picture::from_raster(&raster, 3, 2);
        let mean = |picture: &Picture, i: usize| {
            picture.pixels.iter().map(|p| p[i]).sum::<f32>() / picture.pixels.len() as f32
        };
        for i in 0..3 {
            assert!((mean(&full, i) - mean(&small, i)).abs() < 1e-5);
        }
        assert!(full.alpha.is_none());
    }

    #[test]
    fn transparency_shows_white_and_is_remembered() {
        let raster = Raster::new(2, 1, vec![[255, 0, 0, 0], [255, 0, 0, 255]]).expect("size fits");
        let picture = Picture::from_raster(&raster, 2, 1);
        assert_eq!(picture.pixels, [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]);
        assert!(!picture.is_painted(0) && picture.is_painted(1));
    }
}
