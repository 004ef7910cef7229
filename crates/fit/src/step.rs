//! The rule that turns a gradient into a step, one parameter at a time: Adan (Xie et al. 2022),
//! Nesterov momentum estimated from the gradients' differences.

/// Memory of the rule for a vector of parameters.
#[derive(Clone, Debug)]
pub(crate) struct Stepper {
    steps: i32,
    mean: Vec<f32>,
    square: Vec<f32>,
    /// Mean of the gradients' differences, and the last gradient.
    change: Vec<f32>,
    last: Vec<f32>,
}

/// Decay rates of the means, as `1 − β`: the descent is short, so its memory is too.
const RATES: [f32; 3] = [0.1, 0.1, 0.03];

impl Stepper {
    pub(crate) fn new(count: usize) -> Self {
        let zeros = vec![0.0; count];
        Self {
            steps: 0,
            mean: zeros.clone(),
            square: zeros.clone(),
            change: zeros.clone(),
            last: zeros,
        }
    }

    /// The next step's unit: to be multiplied by the rate and subtracted. `floor` is the gradient
    /// below which a parameter is left in peace.
    pub(crate) fn directions(&mut self, gradient: &[f32], floor: f32, out: &mut [f32]) {
        self.steps += 1;
        let unbias = RATES.map(|rate| 1.0 / (1.0 - (1.0 - rate).powi(self.steps)));
        for (index, slope) in gradient.iter().enumerate() {
            let difference = if self.steps > 1 {
                slope - self.last[index]
            } else {
                0.0
            };
            self.last[index] = *slope;
            let mix = |old: f32, rate: f32, new: f32| old + rate * (new - old);
            let mean = mix(self.mean[index], RATES[0], *slope);
            let change = mix(self.change[index], RATES[1], difference);
            let ahead = slope + (1.0 - RATES[1]) * difference;
            let square = mix(self.square[index], RATES[2], ahead * ahead);
            self.mean[index] = mean;
            self.change[index] = change;
            self.square[index] = square;
            let step = mean * unbias[0] + (1.0 - RATES[1]) * change * unbias[1];
            out[index] = step / ((square * unbias[2]).sqrt() + floor);
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
