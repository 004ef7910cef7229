//! How far a script is, from what it prints. Pure.

use chat2svg_protocol::Stage;

/// Fits that stage 3 makes one after the other.
const PHASES: f32 = 3.0;

/// Reads what a script prints, line by line.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    stage: Stage,
    /// Steps of each fit of stage 3.
    steps: f32,
    fraction: f32,
    banners: i32,
    phase: f32,
    last_step: f32,
}

impl Listener {
    /// A listener to a stage, whose fits take so many steps where it makes any.
    pub(crate) fn new(stage: Stage, steps: u32) -> Self {
        Self {
            stage,
            steps: steps.max(1) as f32,
            fraction: 0.0,
            banners: 0,
            phase: 0.0,
            last_step: -1.0,
        }
    }

    /// Takes in a line; answers the share of the stage that is done, when the line says more than
    /// those before it.
    pub(crate) fn hear(&mut self, line: &str) -> Option<f32> {
        let line = line.trim();
        let fraction = match self.stage {
            _ if line == "Done!" => 1.0,
            Stage::Template if line.starts_with("The best SVG is") => 0.95,
            Stage::Detail if is_banner(line) => {
                self.banners += 1;
                // How many there are is the script's matter.
                1.0 - 0.7_f32.powi(self.banners)
            }
            Stage::Optimize => self.step(line)?,
            _ => return None,
        };
        if fraction <= self.fraction {
            return None;
        }
        self.fraction = fraction;
        Some(fraction)
    }

    /// The share that a line of a fit says.
    fn step(&mut self, line: &str) -> Option<f32> {
        let (_, rest) = line.split_once("epoch: ")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let step: f32 = digits.parse().ok()?;
        if !rest.contains("loss") {
            return None;
        }
        if step < self.last_step {
            self.phase = (self.phase + 1.0).min(PHASES - 1.0);
        }
        self.last_step = step;
        let within = (step / self.steps).clamp(0.0, 1.0);
        Some(((self.phase + within) / PHASES).min(0.99))
    }
}

fn is_banner(line: &str) -> bool {
    let inner = line.trim_matches('*').trim();
    line.starts_with("***") && line.ends_with("***") && !inner.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_followed_by_what_it_prints() {
        let mut first = Listener::new(Stage::Template, 0);
        assert_eq!(first.hear("loading"), None);
        assert_eq!(first.hear("The best SVG is: x_1.svg"), Some(0.95));
        assert_eq!(first.hear("Done!"), Some(1.0));
        let mut second = Listener::new(Stage::Detail, 0);
        assert_eq!(second.hear("******"), None);
        let one = second.hear("***** cleaning *****").unwrap();
        let two = second.hear("***** diffusion *****").unwrap();
        assert!(one < two && two < 1.0);
    }

    #[test]
    fn three_fits_follow_each_other_and_never_go_back() {
        let mut third = Listener::new(Stage::Optimize, 500);
        let mut last = 0.0;
        for step in [1, 100, 500, 1, 300, 500, 1, 500] {
            let told = third.hear(&format!("INFO epoch: {step}, total_loss: 0.25"));
            if let Some(told) = told {
                assert!(told > last, "{told} after {last}");
                last = told;
            }
        }
        assert!(last > 0.95);
        assert_eq!(third.hear("epoch: many, total_loss: 1"), None);
        assert_eq!(third.hear("epoch: 3"), None);
    }
}
