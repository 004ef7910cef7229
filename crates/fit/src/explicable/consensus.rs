//! What most of a shape's pixels agree on in the target: what the shape shows, or a shaded colour
//! that is fitted to them by least absolute deviations.

use chat2svg_trace::{linear::solve, picture::median};

use super::{
    Agreed, EQUAL, EXACTLY, LEAST_SEEN, MOSTLY, NOISIEST, Paint, Plane, ROUNDS, SAME, Scene,
    distance,
};

impl Scene<'_> {
    /// Of each owner, the ground first, what most of its pixels agree on.
    pub(super) fn paints(&self, shapes: usize) -> Vec<Paint> {
        let mut pixels: Vec<Vec<usize>> = vec![Vec::new(); shapes + 1];
        for pixel in 0..self.owners.len() {
            if self.is_inner(pixel)
                && !self.is_unread(pixel)
                && let Some(own) = pixels.get_mut(self.owner(pixel))
            {
                own.push(pixel);
            }
        }
        pixels.iter().map(|own| self.consensus(own)).collect()
    }

    fn consensus(&self, pixels: &[usize]) -> Paint {
        if pixels.len() < LEAST_SEEN {
            return None;
        }
        let share = |distances: &[f32], within: f32| {
            let near = distances.iter().filter(|distance| **distance <= within);
            near.count() as f64 / distances.len() as f64
        };
        let noise =
            |distances: &[f32]| (3.0 * median(distances).unwrap_or(0.0)).clamp(SAME, NOISIEST);
        let as_shown: Vec<f32> = pixels
            .iter()
            .map(|pixel| distance(self.wanted[*pixel], self.shown[*pixel]))
            .collect();
        let exact = share(&as_shown, SAME);
        let is_exact = share(&as_shown, EQUAL) >= EXACTLY;
        let agreed = |shading, noise, is_exact| Agreed {
            shading,
            noise,
            is_exact,
        };
        if exact >= MOSTLY {
            return Some(agreed(None, noise(&as_shown), is_exact));
        }
        let shading = self.shading(pixels);
        let shaded: Vec<f32> = pixels
            .iter()
            .map(|pixel| distance(self.wanted[*pixel], self.shade(&shading, *pixel)))
            .collect();
        let by_shading = share(&shaded, SAME);
        if exact >= EXACTLY && by_shading < exact + EXACTLY {
            return Some(agreed(None, 2.0 * SAME, is_exact));
        }
        if by_shading >= MOSTLY {
            return Some(agreed(Some(shading), noise(&shaded), false));
        }
        // A noisy target agrees with nothing exactly.
        [(None, as_shown), (Some(shading), shaded)]
            .into_iter()
            .find(|(_, distances)| median(distances).unwrap_or(0.0) <= 3.0 * SAME)
            .map(|(shading, distances)| agreed(shading, noise(&distances), false))
    }

    /// The colours that a plane through most of some pixels' colours has, by least absolute
    /// deviations: reweighted least squares, from the medians on.
    fn shading(&self, pixels: &[usize]) -> Plane {
        let mut plane = [[0.0_f32; 3]; 3];
        for (component, value) in plane[0].iter_mut().enumerate() {
            let values: Vec<f32> = pixels
                .iter()
                .map(|pixel| self.wanted[*pixel][component])
                .collect();
            *value = median(&values).unwrap_or(0.0);
        }
        let thin = pixels.len().div_ceil(4000).max(1);
        for _ in 0..ROUNDS {
            let mut normal = [[0.0_f64; 3]; 3];
            let mut right = [[0.0_f64; 3]; 3];
            for pixel in pixels.iter().step_by(thin) {
                let apart = distance(self.wanted[*pixel], self.shade(&plane, *pixel));
                let weight = f64::from(1.0 / apart.max(0.5 * SAME));
                let row = self.terms(*pixel).map(f64::from);
                for (i, factor) in row.iter().enumerate() {
                    for (entry, other) in normal[i].iter_mut().zip(row) {
                        *entry += weight * factor * other;
                    }
                    for (entry, value) in right[i].iter_mut().zip(self.wanted[*pixel]) {
                        *entry += weight * factor * f64::from(value);
                    }
                }
            }
            let Some(solved) = solve(normal, right) else {
                break;
            };
            plane = solved.map(|row| row.map(|value| value as f32));
        }
        plane
    }

    /// What a plane's coefficients are multiplied by at a pixel.
    fn terms(&self, pixel: usize) -> [f32; 3] {
        let [width, height] = self.size;
        let across = (pixel % width) as f32 / width as f32;
        let down = (pixel / width) as f32 / height as f32;
        [1.0, across, down]
    }

    pub(super) fn shade(&self, plane: &Plane, pixel: usize) -> [f32; 3] {
        let terms = self.terms(pixel);
        std::array::from_fn(|i| {
            let sum: f32 = plane
                .iter()
                .zip(terms)
                .map(|(row, term)| row[i] * term)
                .sum();
            sum.clamp(0.0, 1.0)
        })
    }
}
