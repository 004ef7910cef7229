//! Chroma that was stored at half the resolution, as JPEG's 4:2:0 does: around every border it
//! shows the mixture of what lies around, while luma stays sharp. What it showed before is told
//! from the picture's flat colours.

use super::{
    labels::Labels,
    palette::{Palette, components},
};
use crate::picture::{Picture, Pixel, luma};

/// Rounds in which colours, labels and what chroma showed follow each other.
const ROUNDS: usize = 4;

/// What a picture's colours may have gone through.
#[derive(Clone, Copy)]
enum Filter {
    Nothing,
    /// What anti-aliasing looks like.
    Soft,
    /// Halved by pairs and doubled by triangles; where the pairs begin, across and down.
    Halved([usize; 2]),
}

impl Filter {
    const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Soft,
        Self::Halved([0, 0]),
        Self::Halved([0, 1]),
        Self::Halved([1, 0]),
        Self::Halved([1, 1]),
    ];

    /// The filters that explain best what a picture shows of luma and of chroma.
    fn of(picture: &Picture, palette: &Palette, labels: &Labels) -> [Self; 2] {
        let labels = labels.of.iter().map(|label| usize::from(*label));
        let flat: Vec<Pixel> = labels.map(|label| palette.colors[label]).collect();
        let mut best = [(f64::INFINITY, Self::Nothing); 2];
        for filter in Self::ALL {
            let shown = filter.applied(picture.size(), flat.clone());
            let mut off = [0.0; 2];
            for (seen, shown) in picture.pixels.iter().zip(shown) {
                let (seen, shown) = (components(*seen), components(shown));
                let square = |i: usize| (seen[i] - shown[i]).powi(2);
                off[0] += f64::from(square(0));
                off[1] += f64::from(square(1) + square(2));
            }
            for (best, off) in best.iter_mut().zip(off) {
                if off < best.0 {
                    *best = (off, filter);
                }
            }
        }
        best.map(|(_, filter)| filter)
    }

    /// Distances, away from the other one of a pair, and weights of what a pixel shows along an
    /// axis.
    fn taps(self) -> &'static [(isize, f32)] {
        match self {
            Self::Nothing => &[(0, 1.0)],
            Self::Soft => &[(-1, 0.25), (0, 0.5), (1, 0.25)],
            Self::Halved(_) => &[(-1, 0.375), (0, 0.375), (1, 0.125), (2, 0.125)],
        }
    }

    fn applied(self, [width, height]: [usize; 2], mut pixels: Vec<Pixel>) -> Vec<Pixel> {
        let starts = match self {
            Self::Halved(starts) => starts,
            _ => [0, 0],
        };
        for (step, side, start) in [(1, width, starts[0]), (width, height, starts[1])] {
            let before = pixels.clone();
            for (index, pixel) in pixels.iter_mut().enumerate() {
                let place = index / step % side;
                let away = if (place + start) % 2 == 0 { -1 } else { 1 };
                *pixel = [0.0; 4];
                for (distance, weight) in self.taps() {
                    let at = place as isize + away * distance;
                    let at = at.clamp(0, side as isize - 1) as usize;
                    let near = before[index + at * step - place * step];
                    for (value, near) in pixel.iter_mut().zip(near) {
                        *value += weight * near;
                    }
                }
            }
        }
        pixels
    }

    /// A picture with the chroma that it would have if that of `clean` had not gone through this.
    fn undone(self, picture: &Picture, clean: Vec<Pixel>) -> Picture {
        let shown = self.applied(picture.size(), clean.clone());
        let pixels = picture.pixels.iter().zip(clean).zip(shown);
        let pixels = pixels.map(|((seen, clean), shown)| {
            let lost: Pixel = std::array::from_fn(|i| clean[i] - shown[i]);
            let luma = luma(lost);
            let color = |i: usize| seen[i] + lost[i] - luma;
            [color(0), color(1), color(2), seen[3]]
        });
        Picture {
            pixels: pixels.collect(),
            ..*picture
        }
    }
}

/// What a noisy picture of few flat colours would be if its chroma were as sharp as its luma;
/// `None` when it is. Corrects the palette, of which strokes show paler colours, and the labels.
pub(super) fn sharpened(
    picture: &Picture,
    palette: &mut Palette,
    labels: &mut Labels,
) -> Option<Picture> {
    let [luma, chroma] = Filter::of(picture, palette, labels);
    if !matches!(chroma, Filter::Halved(_)) || matches!(luma, Filter::Halved(_)) {
        return None;
    }
    let mut sharp: Option<Picture> = None;
    for _ in 0..ROUNDS {
        let clean = labels.mixtures(sharp.as_ref().unwrap_or(picture), palette);
        let next = chroma.undone(picture, clean);
        palette.correct(&next, labels);
        *labels = Labels::of(&next, palette, true);
        sharp = Some(next);
    }
    sharp
}
