//! The target as the fit works on it: premultiplied floating-point sRGB with alpha at chosen
//! resolutions. No codecs and no colour management.

use std::borrow::Cow;

use chat2svg_vector::{Color, Raster};
use kurbo::Point;

/// Gamma-encoded sRGB, premultiplied with the alpha that comes last, each in `0.0..=1.0`.
pub type Pixel = [f32; 4];

/// How much an error of alpha counts: as one in each colour, for that is what it shows on a ground
/// that differs. An error measured so bounds the one on a black ground, and half of that on a white
/// one.
pub const ALPHA_WEIGHT: f32 = 3.0;
/// Alpha from which a pixel is painted at all.
const LEAST_PAINTED: f32 = 0.012;

/// A picture, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// As many as width by height.
    pub pixels: Vec<Pixel>,
    /// Whether every pixel is opaque. Then the canvas is white, and fully transparent otherwise.
    pub is_opaque: bool,
}

impl Picture {
    /// The raster at a size. Reduction averages areas; enlargement repeats the nearest pixel.
    pub fn from_raster(raster: &Raster, width: usize, height: usize) -> Self {
        let (source_width, source_height) = (raster.width() as usize, raster.height() as usize);
        let premultiplied: Vec<Pixel> = raster
            .pixels()
            .iter()
            .map(|&[red, green, blue, alpha]| {
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
            pixels: scaled,
            is_opaque: raster.is_opaque(),
        }
    }

    /// An opaque picture.
    pub fn opaque(width: usize, height: usize, colors: impl IntoIterator<Item = [f32; 3]>) -> Self {
        let pixels = colors.into_iter();
        Self {
            width,
            height,
            pixels: pixels
                .map(|[red, green, blue]| [red, green, blue, 1.0])
                .collect(),
            is_opaque: true,
        }
    }

    /// The picture in eight bits a component; `None` where it is empty or huge.
    pub fn to_raster(&self) -> Option<Raster> {
        let byte = |value: f32| (255.0 * value).round() as u8;
        let pixels = self.pixels.iter().map(|pixel| {
            let [red, green, blue] = straight(*pixel).map(byte);
            [red, green, blue, byte(pixel[3])]
        });
        let [width, height] = self.size().map(u32::try_from);
        Raster::new(width.ok()?, height.ok()?, pixels.collect()).ok()
    }

    /// Width and height.
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// The centre of a pixel.
    pub fn center_of(&self, index: usize) -> Point {
        let (x, y) = (index % self.width, index / self.width);
        Point::new(x as f64 + 0.5, y as f64 + 0.5)
    }

    /// Index of the pixel at a place, of the nearest one where that is beyond the rim.
    pub fn pixel_at(&self, place: Point) -> usize {
        let [x, y] = [place.x, place.y].map(|value| value.max(0.0) as usize);
        y.min(self.height - 1) * self.width + x.min(self.width - 1)
    }

    /// What is behind everything: straight RGBA.
    pub fn canvas(&self) -> [f32; 4] {
        if self.is_opaque { [1.0; 4] } else { [0.0; 4] }
    }

    /// The picture on an opaque ground from which what it shows stands out: white, or black where
    /// it is light. An opaque one has its ground.
    pub fn on_contrast(&self) -> Cow<'_, Self> {
        if self.is_opaque {
            return Cow::Borrowed(self);
        }
        let sum = |of: fn(Pixel) -> f32| {
            self.pixels
                .iter()
                .map(|pixel| f64::from(of(*pixel)))
                .sum::<f64>()
        };
        let is_light = sum(luma) > 0.5 * sum(|pixel| pixel[3]);
        let ground = if is_light { 0.0 } else { 1.0 };
        let over = self.pixels.iter().map(|&[red, green, blue, alpha]| {
            [red, green, blue].map(|component| component + ground * (1.0 - alpha))
        });
        Cow::Owned(Self::opaque(self.width, self.height, over))
    }

    /// The picture enlarged to the given size by cubic interpolation (Catmull and Rom 1974).
    pub fn enlarged(&self, width: usize, height: usize) -> Self {
        let columns = cubic_weights(self.width, width);
        let rows = cubic_weights(self.height, height);
        let mut wide = Vec::with_capacity(width * self.height);
        for line in self.pixels.chunks(self.width.max(1)) {
            wide.extend(
                columns.iter().map(|taps| {
                    weighted(taps.iter().map(|(index, weight)| (weight, &line[*index])))
                }),
            );
        }
        let mut pixels = Vec::with_capacity(width * height);
        for taps in &rows {
            pixels.extend((0..width).map(|x| {
                let column = taps
                    .iter()
                    .map(|(y, weight)| (weight, &wide[y * width + x]));
                weighted(column).map(|value| value.clamp(0.0, 1.0))
            }));
        }
        Self {
            width,
            height,
            pixels,
            is_opaque: self.is_opaque,
        }
    }

    /// The picture reduced to the given size by averaging areas.
    pub fn reduced(&self, width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: resample(&self.pixels, self.width, self.height, width, height),
            is_opaque: self.is_opaque,
        }
    }
}

/// Whether a pixel shows anything.
pub fn is_painted(pixel: Pixel) -> bool {
    pixel[3] >= LEAST_PAINTED
}

/// A pixel over white.
pub fn over_white([red, green, blue, alpha]: Pixel) -> [f32; 3] {
    [red, green, blue].map(|component| component + (1.0 - alpha))
}

/// Luma of a pixel, as JPEG weighs it.
pub(crate) fn luma([red, green, blue, _]: Pixel) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// The middle of some values; `None` of none.
pub fn median(values: &[f32]) -> Option<f32> {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    (!sorted.is_empty()).then(|| *sorted.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The median of some colours, component by component; `None` of none.
pub fn median_color<const COMPONENTS: usize>(colors: &[[f32; COMPONENTS]]) -> Option<[f32; 3]> {
    let component = |index: usize| {
        let values: Vec<f32> = colors.iter().map(|color| color[index]).collect();
        median(&values)
    };
    Some([component(0)?, component(1)?, component(2)?])
}

/// A pixel's colour without its alpha.
pub(crate) fn straight([red, green, blue, alpha]: Pixel) -> [f32; 3] {
    let alpha = alpha.max(1e-3);
    [red, green, blue].map(|component| (component / alpha).clamp(0.0, 1.0))
}

/// Squared distance of two pixels.
pub fn squared_distance(a: Pixel, b: Pixel) -> f32 {
    let apart = |i: usize| (a[i] - b[i]) * (a[i] - b[i]);
    apart(0) + apart(1) + apart(2) + ALPHA_WEIGHT * apart(3)
}

/// Sum of the squared distances of a picture's pixels from a target's.
pub fn squared_error(shown: &[Pixel], target: &Picture) -> f64 {
    let pairs = shown.iter().zip(&target.pixels);
    pairs
        .map(|(a, b)| f64::from(squared_distance(*a, *b)))
        .sum()
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

/// For each new pixel the four old ones between which it lies, and the share of each.
fn cubic_weights(old: usize, new: usize) -> Vec<[(usize, f32); 4]> {
    let ratio = old as f64 / new as f64;
    (0..new)
        .map(|index| {
            let at = (index as f64 + 0.5) * ratio - 0.5;
            let first = at.floor();
            let t = (at - first) as f32;
            let shares = [
                ((2.0 - t) * t - 1.0) * t * 0.5,
                ((3.0 * t - 5.0) * t * t + 2.0) * 0.5,
                ((4.0 - 3.0 * t) * t + 1.0) * t * 0.5,
                (t - 1.0) * t * t * 0.5,
            ];
            std::array::from_fn(|tap| {
                let place = first + tap as f64 - 1.0;
                (place.clamp(0.0, (old - 1) as f64) as usize, shares[tap])
            })
        })
        .collect()
}

/// How far a pixel is on the way from one to another, times their squared distance.
pub fn projection(pixel: Pixel, from: Pixel, to: Pixel) -> f32 {
    let along = |i: usize| (pixel[i] - from[i]) * (to[i] - from[i]);
    along(0) + along(1) + along(2) + ALPHA_WEIGHT * along(3)
}

/// The mean colour of some pixels, by their first three components; white of none.
pub fn mean_color<const COMPONENTS: usize>(picture: &[[f32; COMPONENTS]], pixels: &[u32]) -> Color {
    let mut sum = [0.0_f64; 3];
    let mut count = 0.0;
    for pixel in pixels.iter().filter_map(|at| picture.get(*at as usize)) {
        count += 1.0;
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += f64::from(*value);
        }
    }
    if count == 0.0 {
        return Color::WHITE;
    }
    let [red, green, blue] = sum.map(|sum| (sum / count) as f32);
    Color::new(red, green, blue)
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
        assert!(
            full.is_opaque
                && small
                    .pixels
                    .iter()
                    .all(|pixel| (pixel[3] - 1.0).abs() < 1e-5)
        );
    }

    #[test]
    fn what_is_transparent_has_no_color() {
        let raster = Raster::new(2, 1, vec![[255, 0, 0, 0], [255, 0, 0, 255]]).expect("size fits");
        let picture = Picture::from_raster(&raster, 2, 1);
        assert_eq!(picture.pixels, [[0.0; 4], [1.0, 0.0, 0.0, 1.0]]);
        assert!(!picture.is_opaque);
        assert!(!is_painted(picture.pixels[0]) && is_painted(picture.pixels[1]));
    }
}
