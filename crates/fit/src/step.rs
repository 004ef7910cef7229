//! The rule that turns a gradient into a step, one parameter at a time: Adan (Xie et al. 2022),
//! Nesterov momentum estimated from the gradients' differences.

/// Memory of the rule for a vector of parameters.
#[derive(Clone, Debug)]
pub(crate) struct Stepper {
    steps: i32,
    memories: Vec<Memory>,
}

/// Memory of the rule for one parameter.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    mean: f32,
    square: f32,
    /// Mean of the gradient's differences, and the last gradient.
    change: f32,
    last: f32,
}

/// Decay rates of the means, as `1 − β`: the descent is short, so its memory is too.
const RATES: [f32; 3] = [0.1, 0.1, 0.03];

impl Stepper {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            steps: 0,
            memories: vec![Memory::default(); count],
        }
    }

    /// The next step's unit: to be multiplied by the rate and subtracted. `floor` is the gradient
    /// below which a parameter is left in peace.
    pub(crate) fn directions(&mut self, gradient: &[f32], floor: f32, out: &mut [f32]) {
        self.steps += 1;
        let unbias = RATES.map(|rate| 1.0 / (1.0 - (1.0 - rate).powi(self.steps)));
        let mix = |mean: &mut f32, rate: f32, new: f32| *mean += rate * (new - *mean);
        for ((slope, memory), out) in gradient.iter().zip(&mut self.memories).zip(out) {
            let difference = if self.steps > 1 {
                slope - memory.last
            } else {
                0.0
            };
            memory.last = *slope;
            mix(&mut memory.mean, RATES[0], *slope);
            mix(&mut memory.change, RATES[1], difference);
            let ahead = slope + (1.0 - RATES[1]) * difference;
            mix(&mut memory.square, RATES[2], ahead * ahead);
            let step = memory.mean * unbias[0] + (1.0 - RATES[1]) * memory.change * unbias[1];
            *out = step / ((memory.square * unbias[2]).sqrt() + floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_bottom_of_a_stretched_bowl() {
        let mut values = [4.0_f32, -3.0];
        let mut stepper = Stepper::new(2);
        let mut directions = [0.0; 2];
        for step in 0..300 {
            let gradient = [2.0 * values[0], 200.0 * (values[1] - 1.0)];
            stepper.directions(&gradient, 1e-6, &mut directions);
            let rate = 0.1 * (1.0 - step as f32 / 300.0);
            for (value, direction) in values.iter_mut().zip(directions) {
                *value -= rate * direction;
            }
        }
        let is_near = values[0].abs() < 0.05 && (values[1] - 1.0).abs() < 0.05;
        assert!(is_near, "{values:?}");
    }

    #[test]
    fn no_gradient_means_no_step() {
        let mut stepper = Stepper::new(1);
        let mut directions = [1.0];
        stepper.directions(&[0.0], 1e-6, &mut directions);
        assert_eq!(directions, [0.0]);
    }
}
