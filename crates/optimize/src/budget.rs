//! Which options a fit is run with, and what remains of its budget under pressure. Pure.

use std::time::{Duration, Instant};

use chat2svg_fit::{FitOptions, Schedule};
use chat2svg_protocol::{
    ResourceLevel, ResourceSnapshot,
    messages::{FitScope, RunOptimize},
};

use crate::OptimizeConfig;

/// When a fit must stop, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The moment.
    pub(crate) at: Instant,
    /// Whether it is the job's deadline, not the level's own budget of time.
    pub(crate) by_deadline: bool,
}

impl Limit {
    pub(crate) fn new(deadline: Instant, budget: Duration, now: Instant) -> Self {
        let own = now + budget;
        Self {
            at: own.min(deadline),
            by_deadline: deadline <= own,
        }
    }
}

/// The options of a fit, but for deadline and cancellation.
pub(crate) fn options(config: &OptimizeConfig, run: &RunOptimize, threads: usize) -> FitOptions {
    let budget = config.levels.get(run.context.level);
    FitOptions {
        paths: run
            .paths
            .map(chat2svg_protocol::PathBudget::get)
            .or_else(|| (budget.paths > 0).then_some(budget.paths)),
        iterations: iterations(config, run.context.level, run.scope),
        seed: run.context.seed,
        allow_topology: run.scope == FitScope::Topology,
        allow_gradients: true,
        threads,
        max_side: budget.max_side,
        // What the composer and the detailer made is in its place.
        schedule: match run.scope {
            FitScope::Polish => Schedule::IN_PLACE,
            FitScope::Shapes | FitScope::Topology => Schedule::default(),
        },
        ..FitOptions::default()
    }
}

/// Gradient steps at a level.
pub(crate) fn iterations(config: &OptimizeConfig, level: ResourceLevel, scope: FitScope) -> u32 {
    let budget = config.levels.get(level);
    match scope {
        FitScope::Polish => budget.polish_iterations,
        FitScope::Shapes | FitScope::Topology => budget.iterations,
    }
}

/// The level that a running fit may spend for: its own, or low while memory is short. CPU use is no
/// pressure: a fit uses what there is.
pub(crate) fn affordable(
    config: &OptimizeConfig,
    level: ResourceLevel,
    snapshot: &ResourceSnapshot,
) -> ResourceLevel {
    if snapshot.memory_total == 0 {
        return level;
    }
    let share = snapshot.memory_used as f64 / snapshot.memory_total as f64;
    if share > f64::from(config.memory_pressure) {
        level.min(ResourceLevel::Low)
    } else {
        level
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat2svg_protocol::{JobId, PathBudget, messages::StageContext};
    use chat2svg_vector::{Document, Raster};
    use jiff::Timestamp;
    use kurbo::Rect;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn snapshot(memory_used: u64) -> ResourceSnapshot {
        ResourceSnapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            cpu_used: 1.0,
            cpu_used_by_others: 1.0,
            cpu_cores: 2.0,
            memory_used,
            memory_total: 100,
            swap_used: 0,
            swap_total: 0,
            gpus: Vec::new(),
            level: ResourceLevel::Minimal,
        }
    }

    fn run(paths: Option<u32>, scope: FitScope) -> RunOptimize {
        RunOptimize {
            context: StageContext {
                job: JobId(uuid::Uuid::nil()),
                level: ResourceLevel::Medium,
                seed: 3,
                deadline: Instant::now(),
                cancel: CancellationToken::new(),
            },
            document: Arc::new(Document {
                width: 1.0,
                height: 1.0,
                view_box: Rect::new(0.0, 0.0, 1.0, 1.0),
                title: None,
                description: None,
                metadata: Default::default(),
                layers: Vec::new(),
            }),
            target: Arc::new(Raster::new(1, 1, vec![[0; 4]]).expect("one pixel")),
            paths: paths.map(|paths| PathBudget::new(paths).expect("in range")),
            scope,
        }
    }

    #[test]
    fn only_memory_is_pressure() {
        let config = OptimizeConfig::default();
        let at = |used| affordable(&config, ResourceLevel::High, &snapshot(used));
        assert_eq!(at(50), ResourceLevel::High);
        assert_eq!(at(99), ResourceLevel::Low);
        let minimal = affordable(&config, ResourceLevel::Minimal, &snapshot(99));
        assert_eq!(minimal, ResourceLevel::Minimal);
    }

    #[test]
    fn the_callers_paths_win_over_the_levels() {
        let config = OptimizeConfig::default();
        assert_eq!(
            options(&config, &run(Some(7), FitScope::Topology), 1).paths,
            Some(7)
        );
        assert_eq!(
            options(&config, &run(None, FitScope::Topology), 1).paths,
            Some(config.levels.medium.paths)
        );
    }

    #[test]
    fn polishing_has_its_own_budget() {
        let config = OptimizeConfig::default();
        let budget = config.levels.medium;
        assert_eq!(
            options(&config, &run(None, FitScope::Topology), 1).iterations,
            budget.iterations
        );
        assert_eq!(
            options(&config, &run(None, FitScope::Polish), 1).iterations,
            budget.polish_iterations
        );
        let shapes = options(&config, &run(None, FitScope::Shapes), 1);
        assert_eq!(shapes.iterations, budget.iterations);
        assert!(!shapes.allow_topology);
    }

    #[test]
    fn every_level_gives_options_that_the_fit_takes() {
        let config = OptimizeConfig::default();
        for level in ResourceLevel::ALL {
            let mut run = run(None, FitScope::Topology);
            run.context.level = level;
            assert!(options(&config, &run, 1).validate().is_ok());
        }
    }

    #[test]
    fn the_nearer_limit_holds() {
        let now = Instant::now();
        let limit = |deadline_ms, budget_ms| {
            Limit::new(
                now + Duration::from_millis(deadline_ms),
                Duration::from_millis(budget_ms),
                now,
            )
        };
        assert!(limit(100, 200).by_deadline);
        assert!(!limit(200, 100).by_deadline);
        assert_eq!(limit(200, 100).at, now + Duration::from_millis(100));
    }
}
