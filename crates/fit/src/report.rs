//! What a fit gives back and what it tells on the way.

use chat2svg_vector::Document;
use serde::{Deserialize, Serialize};

use crate::Movement;

/// Most samples of a loss curve.
pub const MAX_SAMPLES: usize = 200;

/// A fitted document and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOutcome {
    /// Never worse than the input by its picture's squared error.
    pub document: Document,
    /// How it came about.
    pub report: FitReport,
}

/// How a fit went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Gradient steps taken.
    pub iterations: u32,
    /// Loss over time, at most [`MAX_SAMPLES`], the first and the last step included.
    pub curve: Vec<LossSample>,
    /// Peak signal-to-noise ratio of the input's picture against the target, in dB. Pictures are
    /// made of the written document at the fitting resolution; transparency shows white.
    pub psnr_before: f32,
    /// The same of the returned document.
    pub psnr_after: f32,
    /// Shapes and groups of the template that were found elsewhere in the target before it was
    /// fitted, where that was asked for.
    pub moved: Vec<Movement>,
    /// Names of the template's shapes that the target seems to show in another place or form, which
    /// was not found: they stay as they were.
    pub lost: Vec<String>,
    /// Share of the target that shows something which a fit that may add nothing could not draw,
    /// `0.0..=1.0`; where the template has something that could not be read nothing is counted.
    pub unshown: f32,
    /// Paths added that are in the result.
    pub paths_added: u32,
    /// Paths of the input that were removed.
    pub paths_removed: u32,
    /// Bytes of the written result.
    pub bytes: usize,
    /// Whether the ground was to be left out but is painted, since the picture's rim is of many
    /// colours.
    pub has_uneven_ground: bool,
    /// Why it ended.
    pub ended_by: FitEnd,
    /// Times at which the observer changed the budget, with what it became.
    pub budget_changes: Vec<BudgetRecord>,
    /// What was done, in order, and what came of it.
    pub actions: Vec<ActionRecord>,
}

/// Something that a fit did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Seconds since the fit began, when it was done.
    pub seconds: f32,
    /// What was done.
    pub action: Action,
    /// Paths from then on.
    pub paths: u32,
    /// Peak signal-to-noise ratio from then on, in dB.
    pub psnr: f32,
    /// By how much it lowered what is minimised, the squared error in full-scale pixels plus the
    /// price of the bytes; below zero when what was done makes room for what comes next.
    pub gain: f32,
}

/// Kinds of [`ActionRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The picture was covered with a first set of paths.
    Cover,
    /// Outlines were drawn anew with fewer curves.
    Simplify,
    /// Outlines became those of basic shapes that they stood for.
    Primitive,
    /// Paints were replaced by those that explain their pixels better.
    Repaint,
    /// Points and paints were moved down the loss's gradient.
    Descend,
    /// Paths were added where the picture was wrong.
    Add,
    /// Worthless paths were removed.
    Prune,
    /// Paths of nearly one colour became one.
    Merge,
    /// Shapes were given strokes that the picture shows along their outlines, or lost them again.
    Stroke,
    /// Segments of outlines were cut in two, lines made curves.
    Subdivide,
    /// Shapes were moved or bent as wholes.
    Align,
    /// Shapes whose movement gained nothing went back to where the template has them.
    Return,
}

/// One point of a loss curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossSample {
    /// Seconds since the fit began.
    pub seconds: f32,
    /// Gradient steps done.
    pub iteration: u32,
    /// Mean squared error at the resolution of that step, components in `0.0..=1.0`.
    pub loss: f32,
}

/// Why a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitEnd {
    /// Its schedule was done.
    Schedule,
    /// Nothing got better any more.
    Converged,
    /// Its time was up.
    Deadline,
    /// It was cancelled.
    Cancelled,
}

/// What remains to be spent; a running fit takes it up at its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Gradient steps over all rounds, as
    /// [`FitOptions::iterations`](crate::FitOptions::iterations).
    pub iterations: u32,
}

/// A change of the budget while the fit ran.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// Seconds since the fit began.
    pub seconds: f32,
    /// The budget from then on.
    pub budget: Budget,
}

/// How far a fit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Share of the schedule or of the time that is done, whichever is further, `0.0..=1.0`.
    pub fraction: f32,
    /// Gradient steps done.
    pub iteration: u32,
    /// Mean squared error at the present resolution, components in `0.0..=1.0`.
    pub loss: f32,
    /// Paths at present.
    pub paths: u32,
}

/// Told how a fit goes; all methods do nothing by default. `()` is an observer that does not care.
///
/// Called from the thread that called the fit, between steps: what it spends is taken from the
/// deadline.
pub trait Observer {
    /// So that progress and previews come at the first step and at each multiple of this many, and
    /// not when the clock says so. Asked once, before the first step; not 0.
    fn every_steps(&self) -> Option<u32> {
        None
    }

    /// Called at most every 50 ms, unless [`Observer::every_steps`] says when.
    fn progress(&mut self, progress: &Progress) {
        let _ = progress;
    }

    /// A document to show, a valid result as it stands; called at most every 400 ms, unless
    /// [`Observer::every_steps`] says when.
    fn preview(&mut self, document: &Document) {
        let _ = document;
    }

    /// The best so far, each time that a better one is found: what the fit would return if it ended
    /// now. A caller that cannot wait for the fit's own end takes the last.
    fn improved(&mut self, best: FitOutcome) {
        let _ = best;
    }

    /// Asked before each [`Observer::progress`]: `Some` changes what may be spent from now on.
    fn budget(&mut self) -> Option<Budget> {
        None
    }
}

impl Observer for () {}
