//! Which way coordinates are rounded: the nearest value on the grid of decimals is not always the
//! one that shows the picture best. Single coordinates go to their other neighbour where a
//! quadratic model of the squared error says that it falls, and stay there when it does. The grid
//! itself is decided elsewhere.

use chat2svg_diffraster::{Image, Layout};

use crate::{
    FitError,
    descend::Descender,
    parameters::{Kind, Parameters},
    scene::SceneMap,
};

/// Most rounds of moving coordinates.
const PASSES: usize = 10;
/// Pictures of random signs from which curvatures are estimated.
const PROBES: u32 = 4;
/// Parameters to either side of a moved one that stay where they are in the same round: those of
/// its curve move the same border.
const APART: usize = 6;

impl Descender<'_> {
    /// Moves coordinates of a scene whose outlines are on their grid to other values on it. `grid`
    /// holds the distance between these for each slot, in pixels; `None` where outlines stay.
    /// Returns whether the squared error fell.
    pub(crate) fn choose_rounding(
        &mut self,
        map: &mut SceneMap,
        grid: &[Option<f32>],
    ) -> Result<bool, FitError> {
        let mut values = Vec::new();
        map.scene.read_parameters(&mut values);
        let layout = Layout::of(&map.scene);
        let parameters = Parameters::of(map, &layout);
        let mut steps = vec![0.0_f32; values.len()];
        for (slot, step) in map.slots.iter().zip(grid) {
            let place = layout.nodes.get(slot.node);
            if let (Some(place), Some(step)) = (place, step) {
                for index in place.points.clone() {
                    if parameters.kinds[index] == Kind::Point {
                        steps[index] = *step;
                    }
                }
            }
        }
        let mut twin: Vec<Option<usize>> = vec![None; values.len()];
        for [a, b] in &parameters.ties {
            for axis in 0..2 {
                twin[a + axis] = Some(b + axis);
                // The first of the two moves both.
                steps[b + axis] = 0.0;
            }
        }
        let (mut error, mut gradient) = self.squared_gradient(&mut map.scene)?;
        let curvatures = self.curvatures(map, values.len())?;
        let first = error;
        // The share of the promising moves that are made at once; less when they get in each
        // other's way.
        let mut share = 1.0;
        for _ in 0..PASSES {
            if self.is_stopped() {
                break;
            }
            let sum = |of: &[f32], index: usize| of[index] + twin[index].map_or(0.0, |t| of[t]);
            let mut moves: Vec<(f32, usize)> = (0..values.len())
                .filter(|index| steps[*index] > 0.0)
                .map(|index| {
                    let step = steps[index];
                    let bend = 0.5 * sum(&curvatures, index) * step * step;
                    (sum(&gradient, index).abs() * step - bend, index)
                })
                .filter(|(gain, _)| *gain > 0.0)
                .collect();
            moves.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            moves.truncate((moves.len() as f64 * share).ceil() as usize);
            let mut is_held = vec![false; values.len()];
            let mut moved = values.clone();
            let mut count = 0;
            for (_, index) in moves {
                if is_held[index] {
                    continue;
                }
                let near = index.saturating_sub(APART)..(index + APART + 1).min(values.len());
                is_held[near].fill(true);
                let step = -steps[index] * sum(&gradient, index).signum();
                moved[index] += step;
                if let Some(twin) = twin[index] {
                    moved[twin] += step;
                }
                count += 1;
            }
            if count == 0 {
                break;
            }
            map.scene.write_parameters(&moved);
            let (found, moved_gradient) = self.squared_gradient(&mut map.scene)?;
            if found < error {
                (error, values, gradient) = (found, moved, moved_gradient);
            } else if count == 1 {
                break;
            } else {
                share *= 0.4;
            }
        }
        map.scene.write_parameters(&values);
        Ok(error < first)
    }

    /// Second derivatives of the squared error by single parameters, without those of the picture
    /// itself: sums of squares of the picture's derivatives, estimated from projections on random
    /// signs.
    fn curvatures(&mut self, map: &SceneMap, count: usize) -> Result<Vec<f32>, FitError> {
        let mut sums = vec![0.0_f32; count];
        let mut signs = Image {
            width: map.scene.width,
            height: map.scene.height,
            data: vec![0.0; 4 * self.target.pixels.len()],
        };
        for probe in 0..PROBES {
            if self.is_stopped() {
                break;
            }
            for (index, sign) in signs.data.iter_mut().enumerate() {
                if index % 4 != 3 {
                    *sign = random_sign(index as u32, probe);
                }
            }
            let projected = self.parameter_gradient(map, &signs)?;
            for (sum, value) in sums.iter_mut().zip(projected) {
                *sum += 2.0 * value * value / PROBES as f32;
            }
        }
        Ok(sums)
    }
}

/// 1 or -1, by a hash: the same for the same numbers.
fn random_sign(index: u32, salt: u32) -> f32 {
    let mut hash = index.wrapping_mul(0x9e37_79b9) ^ salt.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x7feb_352d);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x846c_a68b);
    if (hash >> 16) & 1 == 0 { 1.0 } else { -1.0 }
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, Shape as _};

    use crate::{
        FitOptions,
        quantise::quantise,
        testing::{document, with_fit},
    };

    #[test]
    fn a_better_rounding_is_found_and_the_points_stay_on_their_grid() {
        let circle = Circle::new((31.34, 30.83), 17.262).to_path(1e-3);
        let target = document(&[("", circle, [0.1, 0.2, 0.3])]);
        let mut rough = target.clone();
        // One decimal less than the page wants.
        rough.edit_shapes(|_, shape, _, _| {
            shape.path = chat2svg_vector::snapped_outline(&shape.path, 1);
        });
        with_fit(&rough, &target, &FitOptions::default(), |mut fit| {
            let mut map = fit.scene();
            let before = fit.squared_error(&mut map).expect("renders");
            let grid = vec![Some(0.1); map.slots.len()];
            let is_better = fit
                .descender
                .choose_rounding(&mut map, &grid)
                .expect("renders");
            let after = fit.squared_error(&mut map).expect("renders");
            assert!(is_better && after < before, "{before} {after}");
            crate::scene::write_back(&map, &mut fit.document);
            let mut settled = fit.document.clone();
            quantise(&mut settled);
            for visit in settled.shapes() {
                let coarse = chat2svg_vector::snapped_outline(&visit.shape.path, 1);
                for (a, b) in coarse.iter().zip(visit.shape.path.iter()) {
                    let ends = a.end_point().zip(b.end_point());
                    assert!(ends.is_none_or(|(a, b)| a.distance(b) < 1e-6));
                }
            }
        });
    }
}
