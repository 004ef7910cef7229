//! A stage's backends in line: who is asked, in which order, within which time and behind which
//! circuit.
//!
//! A stage is served by the first backend of its [`LineUp`] that gives something of use. Before
//! each call its circuit is asked, after each call its circuit is told how it ended, and every turn
//! is noted as an [`Attempt`](chat2svg_protocol::Attempt). Backends know nothing of each other, of
//! circuits, or of how much time others need.
//!
//! To add a backend to a stage: implement [`Backend`] in a file of its own and put it into the
//! stage's line-up where the actors are wired.

#![forbid(unsafe_code)]

mod absent;
mod circuits;
mod walk;

use std::{fmt, sync::Arc, time::Duration};

use chat2svg_protocol::{
    BackendId, CallFailure, CallSize, Cost, ResourceLevel, Stage, StageOutcome,
    messages::{
        DetailOutput, OptimizeOutput, RunDetail, RunOptimize, RunTemplate, StageContext,
        TemplateOutput,
    },
};
use futures_util::future::BoxFuture;

pub use absent::Absent;
pub use circuits::Circuits;

/// A run of a stage: what all backends of the stage are asked.
pub trait StageRun: Clone + Send + Sync + 'static {
    /// The stage.
    const STAGE: Stage;
    /// What a backend gives.
    type Output: Send;

    /// Job, level, time.
    fn context(&self) -> &StageContext;
    /// The same, for the time that a backend is given.
    fn context_mut(&mut self) -> &mut StageContext;
    /// How many results it asks for at once.
    fn times(&self) -> u32;
    /// How much work it is, compared with other runs of the stage.
    fn size(&self) -> CallSize {
        let one = match self.context().level {
            ResourceLevel::Minimal => 1,
            ResourceLevel::Low => 2,
            ResourceLevel::Medium => 4,
            ResourceLevel::High => 8,
        };
        CallSize(self.times().saturating_mul(one))
    }
    /// How the stage went, in what it gave.
    fn outcome_mut(output: &mut Self::Output) -> &mut StageOutcome;
}

macro_rules! stage_run {
    ($run:ty => $output:ty, $stage:ident, $times:expr) => {
        impl StageRun for $run {
            const STAGE: Stage = Stage::$stage;
            type Output = $output;

            fn context(&self) -> &StageContext {
                &self.context
            }

            fn context_mut(&mut self) -> &mut StageContext {
                &mut self.context
            }

            fn outcome_mut(output: &mut $output) -> &mut StageOutcome {
                &mut output.outcome
            }

            fn times(&self) -> u32 {
                let times: fn(&$run) -> u32 = $times;
                times(self)
            }
        }
    };
}

stage_run!(RunTemplate => TemplateOutput, Template, |run| run.candidates.max(1));
stage_run!(RunDetail => DetailOutput, Detail, |_| 1);
stage_run!(RunOptimize => OptimizeOutput, Optimize, |_| 1);

/// What can serve a stage.
pub trait Backend<R: StageRun>: Send + Sync + 'static {
    /// Its name.
    fn id(&self) -> BackendId;

    /// Whether the run is of a kind that it works on. Those that are not go to the next in line
    /// without a word, and nothing is kept for it.
    fn takes(&self, run: &R) -> bool {
        let _ = run;
        true
    }

    /// Why it cannot be called at all from this process, if so. It is passed over then, and the
    /// job's metadata says why.
    fn absence(&self) -> Option<String> {
        None
    }

    /// Time that it needs at least, and that is kept for it while those before it are tried.
    fn reserve(&self, run: &R) -> Duration;

    /// Serves a run. It ends by the run's deadline, with what it has by then or with
    /// [`CallFailure::late`], and soon after the run's token is cancelled. The future may be
    /// dropped at any time. CPU work belongs in a compute pool.
    ///
    /// # Errors
    /// With the fault that decides what the call says about the backend.
    fn serve(&self, run: R) -> BoxFuture<'static, Result<R::Output, CallFailure>>;

    /// What a call of it costs, whether or not it gives something of use.
    fn price(&self, run: &R) -> Cost {
        let _ = run;
        Cost::default()
    }

    /// Whether runs of one size take it alike, so that a slow one tells of a fault. What computes
    /// in this process takes as long as its input asks for.
    fn is_steady(&self) -> bool {
        true
    }

    /// Why an output is not worth using, if it is not: an empty drawing, a target that destroys
    /// what it should enrich. The next backend is asked then.
    fn refuse(&self, run: &R, output: &R::Output) -> Option<String> {
        let _ = (run, output);
        None
    }
}

/// The backends of a stage, first choice first, with their circuits.
pub struct LineUp<R: StageRun> {
    backends: Arc<[Arc<dyn Backend<R>>]>,
    circuits: Circuits,
}

impl<R: StageRun> LineUp<R> {
    /// A line-up. Without any backend the stage fails.
    pub fn new(backends: Vec<Arc<dyn Backend<R>>>, circuits: Circuits) -> Self {
        Self {
            backends: backends.into(),
            circuits,
        }
    }

    /// Names of the backends, first choice first.
    pub fn ids(&self) -> impl Iterator<Item = BackendId> {
        self.backends.iter().map(|backend| backend.id())
    }
}

impl<R: StageRun> Clone for LineUp<R> {
    fn clone(&self) -> Self {
        Self {
            backends: Arc::clone(&self.backends),
            circuits: self.circuits.clone(),
        }
    }
}

impl<R: StageRun> fmt::Debug for LineUp<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.ids()).finish()
    }
}
