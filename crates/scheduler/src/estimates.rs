//! What a stage needs and how long it takes, learnt from what was observed. Pure.

use chat2svg_protocol::{ResourceLevel, Stage};

use crate::{
    config::{SchedulerConfig, StageCosts, StageWeights},
    programme::Resources,
};

/// Costs, durations and worths of the stages.
#[derive(Clone, Debug)]
pub struct Estimates {
    costs: StageCosts,
    weights: StageWeights,
    level_factors: chat2svg_protocol::PerLevel<f64>,
    smoothing: f64,
    /// Running averages of the durations, by stage and level.
    seconds: [[f64; 4]; 3],
}

impl Estimates {
    /// What the configuration says, before anything was observed.
    pub fn new(config: &SchedulerConfig) -> Self {
        Self {
            costs: config.stages,
            weights: config.weights,
            level_factors: config.level_factors,
            smoothing: config.smoothing.clamp(0.0, 1.0),
            seconds: Stage::ALL.map(|stage| {
                ResourceLevel::ALL.map(|level| *config.stages.get(stage).seconds.get(level))
            }),
        }
    }

    /// Seconds that a stage is expected to take.
    pub fn seconds(&self, stage: Stage, level: ResourceLevel) -> f64 {
        self.seconds[stage as usize][level as usize]
    }

    /// What a stage needs while its job runs.
    pub fn cost(&self, stage: Stage) -> Resources {
        let cost = self.costs.get(stage);
        Resources {
            cpu: cost.cpu,
            memory_mb: cost.memory_mb,
            gpu_memory_mb: cost.gpu_memory_mb,
        }
    }

    /// Quality that a stage adds.
    pub fn quality(&self, stage: Stage, level: ResourceLevel) -> f64 {
        self.weights.get(stage) * self.level_factors.get(level)
    }

    /// Takes note of how long a stage took. Durations that make no sense are passed over.
    pub fn observe(&mut self, stage: Stage, level: ResourceLevel, seconds: f64) {
        if !seconds.is_finite() || seconds < 0.0 {
            return;
        }
        let average = &mut self.seconds[stage as usize][level as usize];
        *average += self.smoothing * (seconds - *average);
    }
}

#[cfg(test)]
mod tests {
    use ResourceLevel::{High, Low};
    use Stage::Optimize;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn observations_pull_the_average_of_their_level_only() {
        let config = SchedulerConfig::default();
        let mut estimates = Estimates::new(&config);
        let before = estimates.seconds(Optimize, Low);
        for _ in 0..60 {
            estimates.observe(Optimize, High, 4.0);
        }
        assert!((estimates.seconds(Optimize, High) - 4.0).abs() < 1e-3);
        assert_eq!(estimates.seconds(Optimize, Low), before);
        for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
            estimates.observe(Optimize, Low, nonsense);
        }
        assert_eq!(estimates.seconds(Optimize, Low), before);
    }

    proptest! {
        #[test]
        fn the_average_stays_among_what_was_seen(seen in proptest::collection::vec(0.0_f64..100.0, 1..50)) {
            let config = SchedulerConfig::default();
            let mut estimates = Estimates::new(&config);
            let first = estimates.seconds(Optimize, High);
            for seconds in &seen {
                estimates.observe(Optimize, High, *seconds);
            }
            let least = seen.iter().copied().fold(first, f64::min);
            let most = seen.iter().copied().fold(first, f64::max);
            let average = estimates.seconds(Optimize, High);
            prop_assert!(average >= least - 1e-9 && average <= most + 1e-9);
        }
    }
}
