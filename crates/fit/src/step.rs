//! Rules that turn a gradient into a step, one parameter at a time: Adam and Adan.

use crate::StepRule;

/// Memory of a step rule for a vector of parameters.
#[derive(Clone, Debug)]
pub(crate) struct Stepper {
    rule: StepRule,
    steps: i32,
    mean: Vec<f32>,
    square: Vec<f32>,
    /// Adan: mean of the gradients' differences, and the last gradient.
    change: Vec<f32>,
    last: Vec<f32>,
}

/// Decay rates of Adam's means.
const ADAM: [f32; 2] = [0.9, 0.98];
/// Decay rates of Adan's means, as its `1 − β`: the descent is short, so its memory is too.
const ADAN: [f32; 3] = [0.1, 0.1, 0.03];

impl Stepper {
    pub(crate) fn new(rule: StepRule, count: usize) -> Self {
        let extra = if rule == StepRule::Adan { count } else { 0 };
        Self {
            rule,
            steps: 0,
            mean: vec![0.0; count],
            square: vec![0.0; count],
            change: vec![0.0; extra],
            last: vec![0.0; extra],
        }
    }

    /// The next step's unit: to be multiplied by the rate and subtracted. `floor` is the gradient
    /// below which a parameter is left in peace.
    pub(crate) fn directions(&mut self, gradient: &[f32], floor: f32, out: &mut [f32]) {
        self.steps += 1;
        match self.rule {
            StepRule::Adam => self.adam(gradient, floor, out),
            StepRule::Adan => self.adan(gradient, floor, out),
        }
    }

    fn adam(&mut self, gradient: &[f32], floor: f32, out: &mut [f32]) {
        let unbias = ADAM.map(|decay| 1.0 / (1.0 - decay.powi(self.steps)));
        for (index, slope) in gradient.iter().enumerate() {
            let mean = ADAM[0] * self.mean[index] + (1.0 - ADAM[0]) * slope;
            let square = ADAM[1] * self.square[index] + (1.0 - ADAM[1]) * slope * slope;
            self.mean[index] = mean;
            self.square[index] = square;
            out[index] = mean * unbias[0] / ((square * unbias[1]).sqrt() + floor);
        }
    }

    fn adan(&mut self, gradient: &[f32], floor: f32, out: &mut [f32]) {
        let unbias = ADAN.map(|rate| 1.0 / (1.0 - (1.0 - rate).powi(self.steps)));
        for (index, slope) in gradient.iter().enumerate() {
            let difference = if self.steps > 1 {
                slope - self.last[index]
            } else {
                0.0
            };
            self.last[index] = *slope;
            let mix = |old: f32, rate: f32, new: f32| old + rate * (new - old);
            let mean = mix(self.mean[index], ADAN[0], *slope);
            let change = mix(self.change[index], ADAN[1], difference);
            let ahead = slope + (1.0 - ADAN[1]) * difference;
            let square = mix(self.square[index], ADAN[2], ahead * ahead);
            self.mean[index] = mean;
            self.change[index] = change;
            self.square[index] = square;
            let step = mean * unbias[0] + (1.0 - ADAN[1]) * change * unbias[1];
            out[index] = step / ((square * unbias[2]).sqrt() + floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rules_find_the_bottom_of_a_stretched_bowl() {
        for rule in [StepRule::Adam, StepRule::Adan] {
            let mut values = [4.0_f32, -3.0];
            let mut stepper = Stepper::new(rule, 2);
            let mut directions = [0.0; 2];
            for step in 0..300 {
                let gradient = [2.0 * values[0], 200.0 * (values[1] - 1.0)];
                stepper.directions(&gradient, 1e-6, &mut directions);
                let rate = 0.1 * (1.0 - step as f32 / 300.0);
                for (value, direction) in values.iter_mut().zip(directions) {
                    *value -= rate * direction;
                }
            }
            assert!(
                values[0].abs() < 0.05 && (values[1] - 1.0).abs() < 0.05,
                "{rule:?} {values:?}"
            );
        }
    }

    #[test]
    fn no_gradient_means_no_step() {
        for rule in [StepRule::Adam, StepRule::Adan] {
            let mut stepper = Stepper::new(rule, 1);
            let mut directions = [1.0];
            stepper.directions(&[0.0], 1e-6, &mut directions);
            assert_eq!(directions, [0.0]);
        }
    }
}
