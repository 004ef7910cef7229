//! What a stage takes and gives, learnt from what happened. Pure.
//!
//! Durations are those of undisturbed work (`sharing`), for an input of usual size; how much
//! longer a larger one takes, and how much more memory, is a power of its size. Until enough was
//! seen the configuration holds.

use std::collections::HashMap;

use chat2svg_protocol::{
    BackendId, PerStage, PlannedStage, Prediction, ResourceLevel, Source, Stage,
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
    /// Of `seconds`: those that half of the runs take at most, and those that plans reckon with.
    usual: f64,
    safe: f64,
    memory_mb: Quantiles,
    /// Of `memory_mb`: what plans reckon with.
    safe_memory: f64,
    /// Share of what the stage can gain that it gained.
    gain: Quantiles,
}

/// What was learnt of one backend, by stage, level and whether a picture from outside is worked on.
#[derive(Clone, Debug, Default)]
struct Table(Vec<Option<Learnt>>);

impl Table {
    const PLACES: usize = 3 * 4 * 2;

    fn place(stage: Stage, level: ResourceLevel, from_outside: bool) -> usize {
        (stage as usize * 4 + level as usize) * 2 + usize::from(from_outside)
    }

    fn get(&self, stage: Stage, level: ResourceLevel, from_outside: bool) -> Option<&Learnt> {
        self.0
            .get(Self::place(stage, level, from_outside))?
            .as_ref()
    }
}

/// Costs, durations and worths of the stages.
#[derive(Clone, Debug)]
pub struct Estimates {
    config: SchedulerConfig,
    /// Who serves each stage unless it fails.
    first_choice: PerStage<BackendId>,
    learnt: HashMap<BackendId, Table>,
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

    /// Stages are expected to be served by these from now on. Answers whether that is anything new.
    pub(crate) fn expect(&mut self, first_choice: PerStage<BackendId>) -> bool {
        let is_new = self.first_choice != first_choice;
        self.first_choice = first_choice;
        is_new
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
        self.duration(work, planned, |learnt| learnt.usual)
    }

    /// Seconds that a stage takes at the most, but for the share of them that the configuration
    /// leaves to chance.
    pub fn safe_seconds(&self, work: Work, planned: PlannedStage) -> f64 {
        self.duration(work, planned, |learnt| learnt.safe)
    }

    fn duration(&self, work: Work, planned: PlannedStage, of: fn(&Learnt) -> f64) -> f64 {
        let PlannedStage { stage, level, .. } = planned;
        let seconds = match self.learnt_of(work, planned) {
            Some(learnt) if learnt.seconds.seen() > 0 => of(learnt),
            _ => self.prior(work, stage, self.server(stage, planned.source), level),
        };
        seconds * scale(work, self.cost_of(stage).size_exponent)
    }

    fn learnt_of(&self, work: Work, planned: PlannedStage) -> Option<&Learnt> {
        let PlannedStage {
            stage,
            level,
            source,
        } = planned;
        let table = self.learnt.get(self.server(stage, source))?;
        table.get(stage, level, work.from_outside)
    }

    /// MiB that a job takes at the most while the stage runs, but for the same share of them.
    pub fn memory_mb(&self, work: Work, planned: PlannedStage) -> f64 {
        let PlannedStage { stage, source, .. } = planned;
        if self.is_remote(stage, source) {
            return self.config.models.memory_mb;
        }
        let cost = self.cost_of(stage);
        let taken = match self.learnt_of(work, planned) {
            Some(learnt) if learnt.memory_mb.seen() > 0 => learnt.safe_memory,
            _ => cost.memory_mb,
        };
        taken * scale(work, cost.memory_exponent)
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

    /// Cores of this machine that a stage keeps busy.
    pub fn cpu(&self, stage: Stage, source: Source) -> f64 {
        if self.is_remote(stage, source) {
            self.config.models.cpu
        } else {
            self.cost_of(stage).cpu
        }
    }

    /// What a stage needs of this machine while it runs.
    pub fn cost(&self, work: Work, planned: PlannedStage) -> Resources {
        let PlannedStage { stage, source, .. } = planned;
        Resources {
            cpu: self.cpu(stage, source),
            memory_mb: self.memory_mb(work, planned),
            gpu_memory_mb: if self.is_remote(stage, source) {
                self.config.models.gpu_memory_mb
            } else {
                self.cost_of(stage).gpu_memory_mb
            },
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
        let scale = scale(work, self.cost_of(stage).size_exponent);
        let rank = self.config.confidence;
        let learnt = self.entry(work, stage, backend, level);
        learnt.seconds.observe(seconds / scale);
        learnt.usual = learnt.seconds.get(0.5);
        learnt.safe = learnt.seconds.get(rank);
        if let Some(gain) = gain {
            learnt.gain.observe(gain);
        }
    }

    /// Takes note of how many MiB a job took while a backend served a stage of it.
    pub fn observe_memory(
        &mut self,
        work: Work,
        stage: Stage,
        backend: BackendId,
        level: ResourceLevel,
        taken_mb: f64,
    ) {
        let scale = scale(work, self.cost_of(stage).memory_exponent);
        let rank = self.config.confidence;
        let learnt = self.entry(work, stage, backend, level);
        learnt.memory_mb.observe(taken_mb / scale);
        learnt.safe_memory = learnt.memory_mb.get(rank);
    }

    fn entry(
        &mut self,
        work: Work,
        stage: Stage,
        backend: BackendId,
        level: ResourceLevel,
    ) -> &mut Learnt {
        let seconds = self.prior(work, stage, &backend, level);
        let memory = self.cost_of(stage).memory_mb;
        let (weight, half_life) = (self.config.prior_weight, self.config.half_life);
        let table = &mut self.learnt.entry(backend).or_default().0;
        if table.is_empty() {
            table.resize(Table::PLACES, None);
        }
        let place = Table::place(stage, level, work.from_outside);
        let place = place.min(Table::PLACES - 1);
        #[expect(clippy::indexing_slicing, reason = "it has all places")]
        table[place].get_or_insert_with(|| Learnt {
            seconds: Quantiles::new(seconds, weight, half_life),
            usual: seconds,
            safe: seconds,
            memory_mb: Quantiles::new(memory, weight, half_life),
            safe_memory: memory,
            gain: Quantiles::new(0.5, 1.0, half_life),
        })
    }

    /// What was learnt, for people.
    pub fn predictions(&self) -> Vec<Prediction> {
        let mut told = Vec::new();
        let mut backends: Vec<_> = self.learnt.iter().collect();
        backends.sort_by_key(|(backend, _)| *backend);
        for stage in Stage::ALL {
            for from_outside in [false, true] {
                for level in ResourceLevel::ALL.into_iter().rev() {
                    for (backend, table) in &backends {
                        let Some(learnt) = table.get(stage, level, from_outside) else {
                            continue;
                        };
                        let is_fit = stage == Stage::Optimize;
                        told.push(Prediction {
                            stage,
                            backend: (*backend).clone(),
                            level,
                            from_outside,
                            seconds: learnt.usual,
                            safe_seconds: learnt.safe,
                            memory_mb: learnt.safe_memory,
                            gain: is_fit.then(|| learnt.gain.get(0.5)),
                            observations: learnt.seconds.seen(),
                            memory_observations: learnt.memory_mb.seen(),
                        });
                    }
                }
            }
        }
        told
    }
}

/// By what an input of this size takes more than one of usual size.
fn scale(work: Work, exponent: f64) -> f64 {
    (f64::from(work.size) * exponent).exp2()
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
