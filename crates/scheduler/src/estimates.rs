//! What a stage needs and how long its backends take, learnt from what was observed. Pure.

use std::collections::HashMap;

use chat2svg_protocol::{BackendId, Circuit, PerStage, ResourceLevel, Stage};

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
    /// Who serves each stage unless it fails.
    first_choice: PerStage<BackendId>,
    /// Running averages of the durations, by level.
    seconds: HashMap<Circuit, [f64; 4]>,
}

impl Estimates {
    /// What the configuration says, before anything was observed; stages are expected to be served
    /// by their first choice.
    pub fn new(config: &SchedulerConfig, first_choice: PerStage<BackendId>) -> Self {
        Self {
            costs: config.stages,
            weights: config.weights,
            level_factors: config.level_factors,
            smoothing: config.smoothing.clamp(0.0, 1.0),
            first_choice,
            seconds: HashMap::new(),
        }
    }

    /// Seconds that a stage is expected to take.
    pub fn seconds(&self, stage: Stage, level: ResourceLevel) -> f64 {
        self.seconds_of(stage, self.first_choice.get(stage), level)
    }

    /// Seconds that a backend is expected to take.
    pub fn seconds_of(&self, stage: Stage, backend: &BackendId, level: ResourceLevel) -> f64 {
        let circuit = Circuit {
            stage,
            backend: backend.clone(),
        };
        let known = self.seconds.get(&circuit);
        known.map_or_else(|| self.assumed(stage), |known| *known)[level as usize]
    }

    /// What a stage is assumed to take before anything was observed.
    fn assumed(&self, stage: Stage) -> [f64; 4] {
        ResourceLevel::ALL.map(|level| *self.costs.get(stage).seconds.get(level))
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

    /// Takes note of how long a backend took to serve a stage. Durations that make no sense are
    /// passed over.
    pub fn observe(
        &mut self,
        stage: Stage,
        backend: BackendId,
        level: ResourceLevel,
        seconds: f64,
    ) {
        if !seconds.is_finite() || seconds < 0.0 {
            return;
        }
        let assumed = self.assumed(stage);
        let circuit = Circuit { stage, backend };
        let averages = self.seconds.entry(circuit).or_insert(assumed);
        let average = &mut averages[level as usize];
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
    fn a_slow_backend_says_nothing_about_the_others_of_its_stage() {
        let config = SchedulerConfig::default();
        let model: BackendId = "model".parse().unwrap();
        let first_choice = PerStage {
            template: model.clone(),
            ..PerStage::EMBEDDED
        };
        let mut estimates = Estimates::new(&config, first_choice);
        let before = estimates.seconds_of(Stage::Template, &BackendId::EMBEDDED, High);
        for _ in 0..60 {
            estimates.observe(Stage::Template, model.clone(), High, 9.0);
        }
        let after = estimates.seconds_of(Stage::Template, &BackendId::EMBEDDED, High);
        assert_eq!(after, before);
        assert!((estimates.seconds(Stage::Template, High) - 9.0).abs() < 1e-3);
    }

    #[test]
    fn observations_pull_the_average_of_their_level_only() {
        let config = SchedulerConfig::default();
        let mut estimates = Estimates::new(&config, PerStage::EMBEDDED);
        let before = estimates.seconds(Optimize, Low);
        for _ in 0..60 {
            estimates.observe(Optimize, BackendId::EMBEDDED, High, 4.0);
        }
        assert!((estimates.seconds(Optimize, High) - 4.0).abs() < 1e-3);
        assert_eq!(estimates.seconds(Optimize, Low), before);
        for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
            estimates.observe(Optimize, BackendId::EMBEDDED, Low, nonsense);
        }
        assert_eq!(estimates.seconds(Optimize, Low), before);
    }

    proptest! {
        #[test]
        fn the_average_stays_among_what_was_seen(seen in proptest::collection::vec(0.0_f64..100.0, 1..50)) {
            let config = SchedulerConfig::default();
            let mut estimates = Estimates::new(&config, PerStage::EMBEDDED);
            let first = estimates.seconds(Optimize, High);
            for seconds in &seen {
                estimates.observe(Optimize, BackendId::EMBEDDED, High, *seconds);
            }
            let least = seen.iter().copied().fold(first, f64::min);
            let most = seen.iter().copied().fold(first, f64::max);
            let average = estimates.seconds(Optimize, High);
            prop_assert!(average >= least - 1e-9 && average <= most + 1e-9);
        }
    }
}
