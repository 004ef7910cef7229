//! Few numbers that move many points: a similarity or a free-form lattice for each of some shapes,
//! linear in their coefficients, with the gradient by the chain rule. Knows nothing of scenes and
//! pictures.

/// Smallest extent in pixels by which places are divided.
const LEAST_EXTENT: f32 = 1.0;

/// How a block of points moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Translation, and rotation with uniform scale about the middle of the block's box.
    Similarity,
    /// A grid of this many control points a side over the block's box, Bernstein polynomials
    /// between them.
    Lattice(usize),
}

/// Points that move as one.
#[derive(Clone, Debug)]
struct Block {
    /// Position in the flat parameter vector of each point's x; its y follows.
    places: Vec<usize>,
    /// By how much each coefficient moves each point, across and down, point by point.
    basis: Vec<[f32; 2]>,
    /// Its first coefficient.
    first: usize,
}

/// A deformation of a flat parameter vector. Coefficients are in the points' units: the point that
/// a coefficient moves most, it moves by about its own value. All zero moves nothing.
#[derive(Clone, Debug)]
pub(crate) struct Deformation {
    base: Vec<f32>,
    blocks: Vec<Block>,
    count: usize,
}

impl Deformation {
    /// Moves nothing yet.
    pub(crate) fn of(base: &[f32]) -> Self {
        Self {
            base: base.to_vec(),
            blocks: Vec::new(),
            count: 0,
        }
    }

    /// Adds points that move as one, given the position of each one's x. A point may be in several
    /// blocks: their displacements add up.
    pub(crate) fn add(&mut self, form: Form, places: Vec<usize>) {
        let points = || places.iter().map(|at| [self.base[*at], self.base[at + 1]]);
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for point in points() {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let size = [high[0] - low[0], high[1] - low[1]];
        if places.is_empty() || !(size[0].is_finite() && size[1].is_finite()) {
            return;
        }
        let basis: Vec<[f32; 2]> = match form {
            Form::Similarity => {
                let radius = (0.5 * size[0].hypot(size[1])).max(LEAST_EXTENT);
                let middle = [0, 1].map(|axis| 0.5 * (low[axis] + high[axis]));
                points()
                    .flat_map(|point| {
                        let [u, v] = [0, 1].map(|axis| (point[axis] - middle[axis]) / radius);
                        [[1.0, 0.0], [0.0, 1.0], [u, v], [-v, u]]
                    })
                    .collect()
            }
            Form::Lattice(side) => points()
                .flat_map(|point| {
                    let [columns, rows] = [0, 1].map(|axis| {
                        let share = (point[axis] - low[axis]) / size[axis].max(LEAST_EXTENT);
                        bernstein(side, share)
                    });
                    let weights = rows
                        .into_iter()
                        .flat_map(move |row| columns.clone().into_iter().map(move |c| row * c));
                    weights.flat_map(|weight| [[weight, 0.0], [0.0, weight]])
                })
                .collect(),
        };
        let first = self.count;
        self.count += basis.len() / places.len();
        self.blocks.push(Block {
            places,
            basis,
            first,
        });
    }

    /// Number of coefficients.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Writes the moved points into the parameter vector; the rest of it stays.
    pub(crate) fn apply(&self, coefficients: &[f32], values: &mut [f32]) {
        for at in self.blocks.iter().flat_map(|block| &block.places) {
            values[*at] = self.base[*at];
            values[at + 1] = self.base[at + 1];
        }
        for block in &self.blocks {
            for (at, basis) in block.points() {
                let terms = coefficients[block.first..].iter().zip(basis);
                let [x, y] = terms.fold([0.0; 2], |sum, (coefficient, [x, y])| {
                    [sum[0] + coefficient * x, sum[1] + coefficient * y]
                });
                values[at] += x;
                values[at + 1] += y;
            }
        }
    }

    /// The gradient with respect to the coefficients, given that of the parameters.
    pub(crate) fn backward(&self, gradient: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for block in &self.blocks {
            for (at, basis) in block.points() {
                for (slope, [x, y]) in out[block.first..].iter_mut().zip(basis) {
                    *slope += x * gradient[at] + y * gradient[at + 1];
                }
            }
        }
    }
}

impl Block {
    /// The place of each point, and by how much each coefficient moves it.
    fn points(&self) -> impl Iterator<Item = (usize, &[[f32; 2]])> {
        let width = self.basis.len() / self.places.len();
        let places = self.places.iter().copied();
        places.zip(self.basis.chunks_exact(width))
    }
}

/// The Bernstein polynomials of degree `count - 1` at `t`.
fn bernstein(count: usize, t: f32) -> Vec<f32> {
    let mut values = vec![1.0_f32];
    for _ in 1..count {
        let mut next = vec![0.0; values.len() + 1];
        for (index, value) in values.iter().enumerate() {
            next[index] += (1.0 - t) * value;
            next[index + 1] += t * value;
        }
        values = next;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradients_are_those_of_central_differences(
            base in prop::collection::vec(-20.0_f32..20.0, 12),
            slopes in prop::collection::vec(-1.0_f32..1.0, 12),
            start in prop::collection::vec(-3.0_f32..3.0, 4 + 18 + 32),
        ) {
            let mut deformation = Deformation::of(&base);
            deformation.add(Form::Similarity, vec![0, 2, 4, 6, 8, 10]);
            deformation.add(Form::Lattice(3), vec![0, 2, 4]);
            deformation.add(Form::Lattice(4), vec![4, 6, 8, 10]);
            prop_assert_eq!(deformation.len(), start.len());
            // A bowl, so that the slope depends on where the points are.
            let loss = |coefficients: &[f32]| {
                let mut values = base.clone();
                deformation.apply(coefficients, &mut values);
                let terms = values.iter().zip(&slopes);
                terms.map(|(v, s)| f64::from(*s) * f64::from(*v).powi(2)).sum::<f64>()
            };
            let mut values = base.clone();
            deformation.apply(&start, &mut values);
            let gradient: Vec<f32> =
                values.iter().zip(&slopes).map(|(v, s)| 2.0 * s * v).collect();
            let mut found = vec![0.0; start.len()];
            deformation.backward(&gradient, &mut found);
            for index in 0..start.len() {
                let at = |offset: f32| {
                    let mut moved = start.clone();
                    moved[index] += offset;
                    loss(&moved)
                };
                let expected = (at(0.5) - at(-0.5)) as f32;
                prop_assert!((expected - found[index]).abs() < 0.02, "{index}: {expected} {}", found[index]);
            }
        }
    }

    #[test]
    fn a_similarity_keeps_the_form_and_a_lattice_of_equal_displacements_translates() {
        let base = [0.0, 0.0, 8.0, 0.0, 8.0, 6.0, 5.0];
        let mut similarity = Deformation::of(&base);
        similarity.add(Form::Similarity, vec![0, 2, 4]);
        let mut values = base.to_vec();
        similarity.apply(&[3.0, -1.0, 1.0, 2.0], &mut values);
        let length = |values: &[f32], a: usize, b: usize| {
            (values[a] - values[b]).hypot(values[a + 1] - values[b + 1])
        };
        let growth = length(&values, 0, 2) / length(&base, 0, 2);
        for (a, b) in [(2, 4), (0, 4)] {
            let ratio = length(&values, a, b) / length(&base, a, b);
            assert!((ratio - growth).abs() < 1e-5, "{ratio} {growth}");
        }
        assert_eq!(values[6], 5.0);
        let mut lattice = Deformation::of(&base);
        lattice.add(Form::Lattice(3), vec![0, 2, 4]);
        lattice.apply(&[2.0, -1.0].repeat(9), &mut values);
        for at in [0, 2, 4] {
            assert!((values[at] - base[at] - 2.0).abs() < 1e-5);
            assert!((values[at + 1] - base[at + 1] + 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn points_on_one_spot_and_no_points_do_no_harm() {
        let base = [3.0, 3.0, 3.0, 3.0];
        let mut deformation = Deformation::of(&base);
        deformation.add(Form::Similarity, Vec::new());
        deformation.add(Form::Lattice(3), vec![0, 2]);
        let mut values = base.to_vec();
        deformation.apply(&vec![1.0; deformation.len()], &mut values);
        assert!(values.iter().all(|value| value.is_finite()));
    }
}
