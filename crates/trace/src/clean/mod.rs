//! What a picture of few flat colours shows without the marks of how it was stored: the noise of
//! compression, near-equal shades of one colour, over- and undershoot beside borders, and borders
//! without anti-aliasing. A fit to the picture as stored would spend paths and points on these.
//! Pictures that are not of this kind, and those without such marks, stay as they are.

mod chroma;
mod hard_edges;
mod labels;
mod palette;
mod ringing;
mod shading;

use std::collections::BTreeSet;

use crate::picture::{Picture, Pixel};
use chroma::sharpened;
use hard_edges::{are_hard, are_sharp, softened};
use labels::{Labels, Mixture};
use palette::{Palette, components, distance};

/// Levels by which a pixel may be off its colour without being noisy.
const EXACT: f32 = 0.75;
/// Share of the pixels near a colour that must be off it for a picture to be noisy.
const NOISY_SHARE: f64 = 0.08;
/// Shades of each of its colours that a picture without noise has at most where no border shows
/// mixtures.
const SHADES: usize = 3;
/// Levels by which a clean pixel may differ from what it stands for; what differs more is not
/// understood and stays.
const UNEXPLAINED: f32 = 44.0;

/// Share of the pixels that may be left as they are in a picture that is understood.
const LEFT_SHARE: f64 = 2e-3;
/// How far outlines may be off borders that were stairs, and others, in pixels.
const HARD_TOLERANCE: f64 = 0.8;
const SOFT_TOLERANCE: f64 = 0.4;
/// Pixels to each side along which a line is looked for, and the levels by which it stands out.
const LINE_REACH: isize = 5;
const LINE_CONTRAST: f32 = 9.0;

/// A picture without noise and hard edges.
#[derive(Clone, Debug, PartialEq)]
pub struct CleanPicture {
    /// Of the size of what it was made from.
    pub picture: Picture,
    /// Whether its borders were stairs.
    pub is_hard: bool,
    /// How far outlines may be off in it, in pixels: stairs leave a border uncertain.
    pub tolerance: f64,
    /// Whether nothing in it is left that is no flat colour or border between two.
    pub is_understood: bool,
    /// The same where every pixel has one of its colours, if no border shows mixtures of two but
    /// for noise: it follows the pixels' sides.
    pub sharp: Option<Picture>,
}

/// What a picture consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Colors {
    /// Many colours, or shades.
    Many,
    /// Few flat colours, as they were drawn.
    Flat,
    /// Few flat colours with noise or hard edges, and the picture without these.
    Stored(CleanPicture),
}

/// What a picture consists of.
pub fn colors_of(picture: &Picture) -> Colors {
    let Some(mut palette) = Palette::of(picture) else {
        return Colors::Many;
    };
    let even = palette.nearest(picture).into_iter();
    let even = even.filter(|(color, _)| !palette.is_shaded[*color]);
    let near = even.map(|(_, off)| off);
    let near: Vec<f32> = near.filter(|off| *off <= palette::NEAR).collect();
    let off = near.iter().filter(|off| **off > EXACT).count();
    let mut is_noisy = off as f64 > NOISY_SHARE * near.len() as f64;
    let mut labels = Labels::of(picture, &palette, is_noisy);
    // Weak noise shows beside borders alone, where it cannot be told from mixtures, if there are
    // any.
    let may_be_noisy = !is_noisy && has_shades(picture, &palette);
    if may_be_noisy && are_sharp(picture, &palette, &labels) {
        is_noisy = true;
        labels = Labels::of(picture, &palette, is_noisy);
    }
    let sharp = is_noisy
        .then(|| sharpened(picture, &mut palette, &mut labels))
        .flatten();
    let is_hard = are_hard(picture, &palette, &labels);
    if !is_noisy && !is_hard && palette.ringing.is_none() {
        return Colors::Flat;
    }
    let soft = is_hard.then(|| softened(&palette, &labels));
    let is_near_border = palette.ringing.map(|_| labels.near_others(ringing::REACH));
    let mut is_left = vec![false; picture.pixels.len()];
    let mut is_ringing = is_left.clone();
    let mut clean = sharp.map_or_else(|| picture.pixels.clone(), |sharp| sharp.pixels);
    for (index, pixel) in clean.iter_mut().enumerate() {
        if let Some(soft) = soft.as_ref().and_then(|soft| soft[index]) {
            *pixel = soft;
            continue;
        }
        let is_near = is_near_border
            .as_ref()
            .is_some_and(|is_near| is_near[index]);
        let ringing = palette.ringing.filter(|_| is_near);
        if let Some(clean) = ringing.and_then(|of| of.removed(index, *pixel, &labels, &palette)) {
            *pixel = clean.color;
            is_ringing[index] = true;
            continue;
        }
        if palette.is_shaded[usize::from(labels.of[index])] {
            is_left[index] = true;
            continue;
        }
        let Mixture { color, residual } = labels.mixture(index, *pixel, &palette);
        if !is_noisy && !is_hard {
            is_left[index] = residual > EXACT;
        } else if residual <= UNEXPLAINED {
            *pixel = color;
        } else {
            *pixel = picture.pixels[index];
            is_left[index] = true;
        }
    }
    if is_noisy {
        let lost = lost_lines(picture, &clean).into_iter();
        for index in lost.filter(|index| !is_ringing[*index]) {
            clean[index] = picture.pixels[index];
            is_left[index] = true;
        }
    }
    let left = (0..clean.len()).filter(|index| is_left[*index]).count();
    let clean = Picture {
        pixels: clean,
        ..*picture
    };
    let is_sharp =
        is_noisy && !is_hard && !palette.has_shading() && are_sharp(&clean, &palette, &labels);
    let color_of = |label: &u8| palette.colors[usize::from(*label)];
    Colors::Stored(CleanPicture {
        sharp: is_sharp.then(|| Picture {
            pixels: labels.of.iter().map(color_of).collect(),
            ..*picture
        }),
        picture: clean,
        is_hard,
        tolerance: if is_hard {
            HARD_TOLERANCE
        } else {
            SOFT_TOLERANCE
        },
        is_understood: (left as f64) < LEFT_SHARE * is_left.len() as f64,
    })
}

/// Whether a picture that is shaded nowhere has far more colours than its palette.
fn has_shades(picture: &Picture, palette: &Palette) -> bool {
    if palette.has_shading() {
        return false;
    }
    let most = SHADES * palette.colors.len();
    let mut colors = picture.pixels.iter().map(|pixel| pixel.map(f32::to_bits));
    let mut known = BTreeSet::new();
    colors.any(|color| known.insert(color) && known.len() > most)
}

/// Whether a picture consists of few flat colours.
pub fn is_flat(picture: &Picture) -> bool {
    // Of thin lines alone most pixels are mixed with what they lie on.
    Palette::of(picture).is_some()
        || !picture.is_opaque && Palette::of(&picture.on_contrast()).is_some()
}

/// The pixels of faint lines that a picture shows and its clean one does not: noise alternates, a
/// line does not.
fn lost_lines(picture: &Picture, clean: &[Pixel]) -> Vec<usize> {
    let (width, height) = (picture.width as isize, picture.height as isize);
    let luma = |pixel: &Pixel| components(*pixel)[0];
    let pairs = picture.pixels.iter().zip(clean);
    let lost: Vec<f32> = pairs
        .map(|(seen, clean)| luma(seen) - luma(clean))
        .collect();
    let is_along = |index: usize, [dx, dy]: [isize; 2]| {
        let (x, y) = (index as isize % width, index as isize / width);
        let sign = lost[index].signum();
        let (mut count, mut least, mut sum) = (0, f32::INFINITY, 0.0);
        for step in -LINE_REACH..=LINE_REACH {
            let (x, y) = (x + step * dx, y + step * dy);
            if (0..width).contains(&x) && (0..height).contains(&y) {
                let value = sign * lost[(y * width + x) as usize];
                count += 1;
                least = least.min(value);
                sum += value;
            }
        }
        count > LINE_REACH && least > 0.0 && sum > LINE_CONTRAST * count as f32
    };
    (0..lost.len())
        .filter(|index| lost[*index].abs() > 0.5 * LINE_CONTRAST)
        .filter(|index| {
            [[1, 0], [0, 1], [1, 1], [1, -1]]
                .into_iter()
                .any(|way| is_along(*index, way))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 96;
    const RED: [f32; 3] = [0.8, 0.2, 0.1];
    const PAPER: [f32; 3] = [0.98, 0.97, 0.95];

    /// Red where a place is covered, on paper.
    fn noisy(coverage: impl Fn(f32, f32) -> f32, noise: f32) -> Picture {
        let mut state = 1_u32;
        let pixels = (0..SIDE * SIDE).map(|index| {
            let share = coverage((index % SIDE) as f32 + 0.5, (index / SIDE) as f32 + 0.5);
            std::array::from_fn(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let random = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
                let exact = RED[i] * share + PAPER[i] * (1.0 - share) + noise * random;
                (exact.clamp(0.0, 1.0) * 255.0).round() / 255.0
            })
        });
        Picture::opaque(SIDE, SIDE, pixels)
    }

    fn disc(coverage: impl Fn(f32) -> f32, noise: f32) -> Picture {
        noisy(|x, y| coverage((x - 48.0).hypot(y - 48.0) - 30.0), noise)
    }

    fn soft(off: f32) -> f32 {
        (0.5 - off).clamp(0.0, 1.0)
    }

    fn hard(off: f32) -> f32 {
        if off < 0.0 { 1.0 } else { 0.0 }
    }

    /// Root of the mean squared difference in levels.
    fn off(a: &Picture, b: &Picture) -> f32 {
        let sum: f32 = a
            .pixels
            .iter()
            .zip(&b.pixels)
            .map(|(a, b)| crate::picture::squared_distance(*a, *b))
            .sum();
        255.0 * (sum / (3 * SIDE * SIDE) as f32).sqrt()
    }

    fn cleaned(picture: &Picture) -> Option<CleanPicture> {
        match colors_of(picture) {
            Colors::Stored(clean) => Some(clean),
            _ => None,
        }
    }

    #[test]
    fn a_clean_picture_stays_and_a_shaded_one_too() {
        assert_eq!(colors_of(&disc(soft, 0.0)), Colors::Flat);
        let shaded = (0..SIDE * SIDE).map(|index| {
            let (x, y) = ((index % SIDE) as f32 / 96.0, (index / SIDE) as f32 / 96.0);
            [x, 0.5 * y + 0.2, 0.5 + 0.3 * (9.0 * x * y).sin()]
        });
        assert_eq!(
            colors_of(&Picture::opaque(SIDE, SIDE, shaded)),
            Colors::Many
        );
    }

    /// A slope of brightness where a place is within, on paper.
    fn shaded(is_within: impl Fn(usize, usize) -> bool) -> Picture {
        let pixels = (0..SIDE * SIDE).map(|index| {
            let (x, y) = (index % SIDE, index / SIDE);
            let level = 200.0 - 0.5 * y as f32;
            match is_within(x, y) {
                true => [level, level - 40.0, level - 80.0].map(|value| value.round() / 255.0),
                false => PAPER,
            }
        });
        Picture::opaque(SIDE, SIDE, pixels)
    }

    #[test]
    fn the_steps_of_a_shading_are_no_colours_with_noise() {
        let most = shaded(|x, y| (8..88).contains(&x) && (8..88).contains(&y));
        assert!(colors_of(&most) == Colors::Many);
        let little = shaded(|x, y| (36..60).contains(&x) && (8..88).contains(&y));
        assert!(colors_of(&little) == Colors::Flat);
    }

    #[test]
    fn thin_marks_beyond_an_accent_are_no_bands_of_its_border() {
        // Rows of strokes a pixel and a half wide, of which hardly a pixel is black, and a panel.
        let marks = |accent: [f32; 3]| {
            let pixels = (0..SIDE * SIDE).map(|index| {
                let (x, y) = (index % SIDE, index / SIDE);
                let share = match (x % 6, y % 12) {
                    _ if (60..88).contains(&x) && (70..90).contains(&y) => return accent,
                    (2, 2..9) if y < 60 => 0.9,
                    (3, 2..9) if y < 60 => 0.5,
                    _ => 0.0,
                };
                [(255.0_f32 * (1.0 - share)).round() / 255.0; 3]
            });
            Picture::opaque(SIDE, SIDE, pixels)
        };
        for accent in [[0.9, 0.3, 0.5], [0.4; 3], [0.1, 0.5, 0.8]] {
            assert!(colors_of(&marks(accent)) == Colors::Flat, "{accent:?}");
        }
    }

    #[test]
    fn noise_goes_and_anti_aliasing_stays() {
        let (clean, noisy) = (disc(soft, 0.0), disc(soft, 0.04));
        let found = cleaned(&noisy).expect("is noisy").picture;
        assert!(
            off(&found, &clean) < 0.4 * off(&noisy, &clean),
            "{}",
            off(&found, &clean)
        );
    }

    #[test]
    fn a_noisy_picture_whose_borders_follow_the_pixels_has_no_mixtures() {
        let cross = |x: f32, y: f32| {
            let is_in = (30.0..42.0).contains(&x) || (40.0..56.0).contains(&y);
            f32::from(u8::from(is_in))
        };
        for noise in [0.012, 0.04] {
            let sharp = cleaned(&noisy(cross, noise)).expect("is noisy").sharp;
            let sharp = sharp.expect("follows the pixels");
            let colors: BTreeSet<_> = sharp.pixels.iter().map(|p| p.map(f32::to_bits)).collect();
            assert_eq!(colors.len(), 2);
            assert!(off(&sharp, &noisy(cross, 0.0)) < 1.0);
        }
        assert_eq!(colors_of(&noisy(cross, 0.0)), Colors::Flat);
        assert_eq!(cleaned(&disc(soft, 0.04)).expect("is noisy").sharp, None);
        // A small disc among many borders is no noise.
        let board = |x: f32, y: f32| {
            let is_dark = ((x / 12.0) as u32 + (y / 12.0) as u32).is_multiple_of(2);
            let disc = soft((x - 41.3).hypot(y - 42.8) - 4.3);
            f32::from(u8::from(is_dark)) * (1.0 - disc)
        };
        assert_eq!(colors_of(&noisy(board, 0.0)), Colors::Flat);
        for noise in [0.012, 0.04] {
            let stored = cleaned(&noisy(board, noise));
            assert!(stored.is_none_or(|clean| clean.sharp.is_none()), "{noise}");
        }
        let between = |x: f32, y: f32| 0.5 * (cross(x, y) + cross(x + 1.0, y));
        assert_eq!(
            cleaned(&noisy(between, 0.04)).expect("is noisy").sharp,
            None
        );
    }

    #[test]
    fn a_hard_edge_becomes_that_of_the_smooth_shape() {
        let (clean, hard) = (disc(soft, 0.0), disc(hard, 0.0));
        let found = cleaned(&hard).expect("is hard").picture;
        assert!(
            off(&found, &clean) < 0.6 * off(&hard, &clean),
            "{}",
            off(&found, &clean)
        );
    }
}
