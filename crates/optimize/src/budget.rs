//! Which options a fit is run with, and what remains of its budget under pressure. Pure.

use std::time::{Duration, Instant};

use chat2svg_fit::{FitOptions, Registration};
use chat2svg_protocol::{
    Placement, ResourceLevel, ResourceSnapshot,
    messages::{FitScope, RunOptimize},
};
use chat2svg_trace::GradientThreshold;

use crate::{OptimizeConfig, watcher::Told};

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
            .limits
            .paths
            .map(chat2svg_protocol::PathBudget::get)
            .or_else(|| (budget.paths > 0).then_some(budget.paths)),
        iterations: iterations(config, run.context.level, run.scope),
        allow_topology: run.scope == FitScope::Topology,
        allow_gradients: run.look.gradients,
        keeps_ground: run.ground.is_kept(),
        allow_points: run.scope != FitScope::Polish,
        allow_strokes: run.scope != FitScope::Polish,
        robust: run.scope == FitScope::Shapes,
        byte_budget: run.limits.bytes.map(|bytes| bytes.get() as usize),
        threads,
        max_side: budget.max_side,
        // What the composer and the detailer made is in its place.
        is_in_place: run.scope == FitScope::Polish,
        registration: (run.placement == Placement::Unregistered).then_some(Registration {
            side: budget.max_side,
            moves: budget.most_moves,
            gradients: Some(GradientThreshold::default()),
            robust: run.scope == FitScope::Shapes,
        }),
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

/// The level that a running fit may spend for, and what makes it so: what was planned, unless the
/// scheduler says otherwise. How busy others keep the machine does not count, since the plan has
/// time for it; but a machine that swaps serves nobody.
pub(crate) fn affordable(
    config: &OptimizeConfig,
    planned: ResourceLevel,
    told: Option<Told>,
    reading: Option<&ResourceSnapshot>,
) -> (ResourceLevel, &'static str) {
    let (level, reason) = match told {
        Some(told) => (told.level, told.reason),
        None => (planned, "the machine affords the planned level again"),
    };
    if level > ResourceLevel::Low && reading.is_some_and(|reading| is_memory_short(config, reading))
    {
        return (ResourceLevel::Low, "memory is short");
    }
    (level, reason)
}

fn is_memory_short(config: &OptimizeConfig, snapshot: &ResourceSnapshot) -> bool {
    if snapshot.memory_total == 0 {
        return false;
    }
    let share = snapshot.memory_used as f64 / snapshot.memory_total as f64;
    share > f64::from(config.memory_pressure)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use chat2svg_protocol::{
        ByteBudget, FitLimits, JobId, LevelChoice, LevelMode, PathBudget, Source,
        messages::StageContext,
    };
    use chat2svg_vector::{Document, Raster};
    use jiff::Timestamp;
    use kurbo::Rect;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn snapshot(level: ResourceLevel, memory_used: u64) -> ResourceSnapshot {
        ResourceSnapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            cpu_used: 1.0,
            cpu_used_by_others: 1.0,
            cpu_cores: 2.0,
            memory_used,
            memory_total: 100,
            swap_used: 0,
            swap_total: 0,
            process_memory: 0,
            load: None,
            pressure: None,
            gpus: Vec::new(),
            level,
            measured_level: level,
            mode: LevelMode::Adaptive,
        }
    }

    pub(crate) fn run(paths: Option<u32>, scope: FitScope) -> RunOptimize {
        RunOptimize {
            ground: Default::default(),
            look: Default::default(),
            context: StageContext {
                job: JobId(uuid::Uuid::nil()),
                level: ResourceLevel::Medium,
                asked: LevelChoice::Auto,
                source: Source::Line,
                seed: 3,
                palette: None,
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
            placement: Placement::Unregistered,
            limits: FitLimits {
                paths: paths.map(|paths| PathBudget::new(paths).expect("in range")),
                bytes: None,
            },
            scope,
            description: None,
        }
    }

    #[test]
    fn a_busy_machine_changes_nothing_and_a_full_one_does() {
        use ResourceLevel::{High, Low, Minimal};
        let config = OptimizeConfig::default();
        let spends = |planned, told: Option<ResourceLevel>, machine, memory_used| {
            let told = told.map(|level| Told {
                level,
                reason: "other jobs need the machine",
            });
            affordable(
                &config,
                planned,
                told,
                Some(&snapshot(machine, memory_used)),
            )
            .0
        };
        assert_eq!(spends(High, None, Minimal, 50), High);
        assert_eq!(spends(High, Some(Low), High, 50), Low);
        assert_eq!(spends(Low, Some(High), High, 50), High);
        assert_eq!(spends(High, None, High, 99), Low);
        assert_eq!(spends(Minimal, None, High, 99), Minimal);
        assert_eq!(affordable(&config, High, None, None).0, High);
    }

    #[test]
    fn a_byte_budget_is_passed_on() {
        let mut run = run(None, FitScope::Topology);
        run.limits.bytes = ByteBudget::new(9_000).ok();
        let options = options(&OptimizeConfig::default(), &run, 1);
        assert_eq!(options.byte_budget, Some(9_000));
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
    fn shapes_are_looked_for_where_stage_2_did_not() {
        let config = OptimizeConfig::default();
        let mut run = run(None, FitScope::Topology);
        let registration = options(&config, &run, 1).registration.expect("wanted");
        assert_eq!(registration.moves, config.levels.medium.most_moves);
        assert!(!registration.robust);
        run.scope = FitScope::Shapes;
        let registration = options(&config, &run, 1).registration;
        assert!(registration.is_some_and(|registration| registration.robust));
        run.placement = Placement::Registered;
        assert_eq!(options(&config, &run, 1).registration, None);
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
