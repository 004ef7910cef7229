//! Undoing anti-aliasing: a pixel whose colour lies between those of two opposite neighbours takes
//! the nearer one's, so that an edge is a step and not a region of its own.

use rayon::prelude::*;

use crate::picture::{Picture, Pixel, projection, squared_distance};

/// Least squared difference of two neighbours that makes what lies between them an edge.
const LEAST_CONTRAST: f32 = 0.0025;
/// Largest squared distance from the mixing line, as a share of the neighbours' squared difference.
const STRAIGHTNESS: f32 = 0.02;

/// The picture with its soft edges made steps; `passes` is about half the softness in pixels.
pub(crate) fn sharpened(picture: &Picture, passes: usize) -> Vec<Pixel> {
    let (width, height) = (picture.width, picture.height);
    let mut current = picture.pixels.clone();
    for _ in 0..passes {
        let before = current.clone();
        let rows = current.par_chunks_mut(width.max(1));
        rows.enumerate().for_each(|(y, row)| {
            for (x, sharp) in row.iter_mut().enumerate() {
                let pixel = before[y * width + x];
                let mut best: Option<(f32, Pixel)> = None;
                for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
                    let at = |sign: isize| {
                        let x = x.checked_add_signed(sign * dx)?;
                        let y = y.checked_add_signed(sign * dy)?;
                        (x < width && y < height).then(|| before[y * width + x])
                    };
                    let (Some(a), Some(b)) = (at(-1), at(1)) else {
                        continue;
                    };
                    let span = squared_distance(a, b);
                    if span < LEAST_CONTRAST || best.is_some_and(|(found, _)| found >= span) {
                        continue;
                    }
                    let share = projection(pixel, a, b) / span;
                    if !(0.03..=0.97).contains(&share) {
                        continue;
                    }
                    let nearest: Pixel = std::array::from_fn(|i| a[i] + share * (b[i] - a[i]));
                    if squared_distance(pixel, nearest) > STRAIGHTNESS * span {
                        continue;
                    }
                    best = Some((span, if share < 0.5 { a } else { b }));
                }
                if let Some((_, color)) = best {
                    *sharp = color;
                }
            }
        });
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_edge_becomes_a_step_and_a_thin_line_stays() {
        let row = |values: &[f32]| Picture::opaque(values.len(), 1, values.iter().map(|v| [*v; 3]));
        let soft = row(&[0.0, 0.0, 0.3, 0.9, 1.0, 1.0]);
        let values: Vec<f32> = sharpened(&soft, 2).iter().map(|p| p[0]).collect();
        assert!(values[..3].iter().all(|v| *v == 0.0), "{values:?}");
        assert!(values[3..].iter().all(|v| *v == 1.0), "{values:?}");
        let line = row(&[1.0, 1.0, 0.1, 1.0, 1.0]);
        assert_eq!(sharpened(&line, 2), line.pixels);
    }
}
