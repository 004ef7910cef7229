//! What a stage takes and gives, learnt from what happened. Pure.
//!
//! Durations are those of undisturbed work (`sharing`), for an input of usual size; how much
//! longer a larger one takes is a power of its size. Until enough was seen the configuration
//! holds.

use std::collections::HashMap;

use chat2svg_protocol::{
    BackendId, Circuit, PerStage, PlannedStage, Prediction, ResourceLevel, Source, Stage,
};

use crate::{
    config::{SchedulerConfig, StageCost},
    programme::Resources,
    quantiles::Quantiles,
};

/// What jobs are alike in, as far as it decides how long their stages take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Work {
    /// The stages called for, as (template, detail, optimize).
    pub wanted: [bool; 3],
    /// Whether a picture from outside is worked on: a vectorisation fits from nothing, a generation
    /// only touches up.
    pub from_outside: bool,
    /// The input's size, in powers of two of the usual, `-4..=6`.
    pub size: i8,
}

impl Work {
    /// Work of usual size.
    pub fn usual(wanted: [bool; 3]) -> Self {
        let [composes, ..] = wanted;
        Self {
            wanted,
            from_outside: !composes,
            size: 0,
        }
    }

    /// The stages called for, in order.
    pub fn stages(self) -> impl Iterator<Item = Stage> {
        Stage::ALL
            .into_iter()
            .filter(move |stage| self.wanted[*stage as usize])
    }
}

/// What was learnt of one stage at one level by one backend.
#[derive(Clone, Debug)]
struct Learnt {
    seconds: Quantiles,
    /// Share of what the stage can gain that it gained.
    gain: Quantiles,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    circuit: Circuit,
    level: ResourceLevel,
    from_outside: bool,
}

/// Costs, durations and worths of the stages.
#[derive(Clone, Debug)]
pub struct Estimates {
    config: SchedulerConfig,
    /// Who serves each stage unless it fails.
    first_choice: PerStage<BackendId>,
    learnt: HashMap<Key, Learnt>,
}

impl Estimates {
    /// What the configuration says, before anything was observed; stages are expected to be served
    /// by their first choice.
    pub fn new(config: &SchedulerConfig, first_choice: PerStage<BackendId>) -> Self {
        Self {
            config: config.clone(),
            first_choice,
            learnt: HashMap::new(),
        }
    }

    /// Stages are expected to be served by these from now on.
    pub(crate) fn expect(&mut self, first_choice: PerStage<BackendId>) {
        self.first_choice = first_choice;
    }

    /// Who may be asked to serve a stage, as things stand: the models in line and the embedded
    /// backend, or this alone.
    pub(crate) fn sources(&self, stage: Stage) -> &'static [Source] {
        if self.first_choice.get(stage) == &BackendId::EMBEDDED {
            &[Source::Line]
        } else {
            &[Source::Line, Source::Embedded]
        }
    }

    /// Who is expected to serve a stage.
    fn server(&self, stage: Stage, source: Source) -> &BackendId {
        match source {
            Source::Line => self.first_choice.get(stage),
            Source::Embedded => &BackendId::EMBEDDED,
        }
    }

    /// Whether a stage is expected to be served by a model, elsewhere.
    pub(crate) fn is_remote(&self, stage: Stage, source: Source) -> bool {
        self.server(stage, source) != &BackendId::EMBEDDED
    }

    /// Seconds of undisturbed work that a stage is expected to take: half take less.
    pub fn seconds(&self, work: Work, planned: PlannedStage) -> f64 {
        self.quantile(work, planned, 0.5)
    }

    /// Seconds that a stage takes at the most, but for the share of them that the configuration
    /// leaves to chance.
    pub fn safe_seconds(&self, work: Work, planned: PlannedStage) -> f64 {
        self.quantile(work, planned, self.config.confidence)
    }

    fn quantile(&self, work: Work, planned: PlannedStage, rank: f64) -> f64 {
        let PlannedStage {
            stage,
            level,
            source,
        } = planned;
        let backend = self.server(stage, source);
        let key = Key {
            circuit: Circuit {
                stage,
                backend: backend.clone(),
            },
            level,
            from_outside: work.from_outside,
        };
        let usual = match self.learnt.get(&key) {
            Some(learnt) => learnt.seconds.get(rank),
            None => self.prior(work, stage, backend, level),
        };
        usual * self.scale(work, stage)
    }

    /// What the configuration says.
    fn prior(&self, work: Work, stage: Stage, backend: &BackendId, level: ResourceLevel) -> f64 {
        if *backend != BackendId::EMBEDDED {
            return self.config.models.seconds;
        }
        let cost = self.cost_of(stage);
        let dearer = if work.from_outside { cost.dearer } else { 1.0 };
        cost.seconds.get(level) * dearer
    }

    fn cost_of(&self, stage: Stage) -> &StageCost {
        self.config.stages.get(stage)
    }

    /// How much longer an input of this size takes than one of usual size.
    fn scale(&self, work: Work, stage: Stage) -> f64 {
        let size = f64::from(work.size) * self.cost_of(stage).size_exponent;
        size.exp2()
    }

    /// What a stage needs of this machine while it runs.
    pub fn cost(&self, stage: Stage, source: Source) -> Resources {
        if self.is_remote(stage, source) {
            let models = &self.config.models;
            return Resources {
                cpu: models.cpu,
                memory_mb: models.memory_mb,
                gpu_memory_mb: models.gpu_memory_mb,
            };
        }
        let cost = self.cost_of(stage);
        Resources {
            cpu: cost.cpu,
            memory_mb: cost.memory_mb,
            gpu_memory_mb: cost.gpu_memory_mb,
        }
    }

    /// Seconds of a core that a job takes beside its stages.
    pub fn overhead(&self) -> f64 {
        self.config.overhead_ms / 1000.0
    }

    /// What a call of a stage costs beside time, in units of quality.
    pub fn price(&self, stage: Stage, source: Source) -> f64 {
        if self.is_remote(stage, source) {
            self.config.models.price
        } else {
            self.cost_of(stage).price
        }
    }

    /// Quality that a stage adds.
    pub fn quality(&self, planned: PlannedStage) -> f64 {
        let level = self.config.level_factors.get(planned.level);
        let more = if self.is_remote(planned.stage, planned.source) {
            1.0 + self.config.models.gain
        } else {
            1.0
        };
        self.config.weights.get(planned.stage) * level * more
    }

    /// Takes note of how a backend served a stage: in how many seconds of undisturbed work, and,
    /// where that is known, which share of the possible gain it reached. Numbers that make no
    /// sense are passed over.
    pub fn observe(
        &mut self,
        work: Work,
        stage: Stage,
        backend: BackendId,
        level: ResourceLevel,
        seconds: f64,
        gain: Option<f64>,
    ) {
        let scale = self.scale(work, stage);
        let prior = self.prior(work, stage, &backend, level);
        let (weight, half_life) = (self.config.prior_weight, self.config.half_life);
        let key = Key {
            circuit: Circuit { stage, backend },
            level,
            from_outside: work.from_outside,
        };
        let learnt = self.learnt.entry(key).or_insert_with(|| Learnt {
            seconds: Quantiles::new(prior, weight, half_life),
            gain: Quantiles::new(0.5, 1.0, half_life),
        });
        learnt.seconds.observe(seconds / scale);
        if let Some(gain) = gain {
            learnt.gain.observe(gain);
        }
    }

    /// What was learnt, for people.
    pub fn predictions(&self) -> Vec<Prediction> {
        let mut told: Vec<Prediction> = self
            .learnt
            .iter()
            .map(|(key, learnt)| Prediction {
                stage: key.circuit.stage,
                backend: key.circuit.backend.clone(),
                level: key.level,
                from_outside: key.from_outside,
                seconds: learnt.seconds.get(0.5),
                safe_seconds: learnt.seconds.get(self.config.confidence),
                memory_mb: self.cost_of(key.circuit.stage).memory_mb,
                gain: (key.circuit.stage == Stage::Optimize).then(|| learnt.gain.get(0.5)),
                observations: learnt.seconds.seen(),
            })
            .collect();
        told.sort_by(|one, other| {
            let key = |told: &Prediction| (told.stage, told.from_outside, told.level);
            key(one)
                .cmp(&key(other))
                .then_with(|| one.backend.cmp(&other.backend))
        });
        told
    }
}

#[cfg(test)]
mod tests {
    use ResourceLevel::{High, Low};
    use Stage::{Optimize, Template};

    use super::*;

    const DRAWN: Work = Work {
        wanted: [true; 3],
        from_outside: false,
        size: 0,
    };

    fn estimates() -> Estimates {
        Estimates::new(&SchedulerConfig::default(), PerStage::EMBEDDED)
    }

    fn is_near(one: f64, other: f64) -> bool {
        (one / other).ln().abs() < 0.25
    }

    #[test]
    fn a_slow_backend_says_nothing_about_the_others_of_its_stage() {
        let config = SchedulerConfig::default();
        let model: BackendId = "model".parse().unwrap();
        let first_choice = PerStage {
            template: model.clone(),
            ..PerStage::EMBEDDED
        };
        let mut of_model = Estimates::new(&config, first_choice);
        let mut embedded = estimates();
        let before = embedded.seconds(DRAWN, PlannedStage::new(Template, High));
        for _ in 0..60 {
            of_model.observe(DRAWN, Template, model.clone(), High, 9.0, None);
            embedded.observe(DRAWN, Template, model.clone(), High, 9.0, None);
        }
        let beside = PlannedStage {
            source: Source::Embedded,
            ..PlannedStage::new(Template, High)
        };
        assert_eq!(of_model.seconds(DRAWN, beside), before);
        assert_eq!(
            embedded.seconds(DRAWN, PlannedStage::new(Template, High)),
            before
        );
        assert!(is_near(
            of_model.seconds(DRAWN, PlannedStage::new(Template, High)),
            9.0
        ));
    }

    #[test]
    fn observations_change_their_level_and_kind_of_work_only() {
        let mut estimates = estimates();
        let traced = Work::usual([false, false, true]);
        let before = (
            estimates.seconds(DRAWN, PlannedStage::new(Optimize, Low)),
            estimates.seconds(traced, PlannedStage::new(Optimize, High)),
        );
        for _ in 0..60 {
            estimates.observe(DRAWN, Optimize, BackendId::EMBEDDED, High, 4.0, Some(0.9));
        }
        assert!(is_near(
            estimates.seconds(DRAWN, PlannedStage::new(Optimize, High)),
            4.0
        ));
        let after = (
            estimates.seconds(DRAWN, PlannedStage::new(Optimize, Low)),
            estimates.seconds(traced, PlannedStage::new(Optimize, High)),
        );
        assert_eq!(before, after);
        for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
            estimates.observe(DRAWN, Optimize, BackendId::EMBEDDED, Low, nonsense, None);
        }
        assert!(is_near(
            estimates.seconds(DRAWN, PlannedStage::new(Optimize, Low)),
            before.0
        ));
        assert_eq!(estimates.predictions().len(), 2);
    }

    #[test]
    fn a_larger_input_takes_longer_and_teaches_what_a_usual_one_takes() {
        let mut estimates = estimates();
        let large = Work { size: 2, ..DRAWN };
        let factor = estimates.seconds(large, PlannedStage::new(Optimize, High))
            / estimates.seconds(DRAWN, PlannedStage::new(Optimize, High));
        assert!(factor > 1.5);
        for _ in 0..60 {
            estimates.observe(
                large,
                Optimize,
                BackendId::EMBEDDED,
                High,
                4.0 * factor,
                None,
            );
        }
        assert!(is_near(
            estimates.seconds(DRAWN, PlannedStage::new(Optimize, High)),
            4.0
        ));
    }

    #[test]
    fn the_safe_duration_covers_what_is_usual() {
        let mut estimates = estimates();
        for seconds in [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0].repeat(6) {
            estimates.observe(DRAWN, Optimize, BackendId::EMBEDDED, High, seconds, None);
        }
        assert!(estimates.seconds(DRAWN, PlannedStage::new(Optimize, High)) < 1.4);
        assert!(estimates.safe_seconds(DRAWN, PlannedStage::new(Optimize, High)) > 1.6);
    }
}
