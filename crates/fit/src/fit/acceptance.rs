//! What of a running fit is kept: its document is measured after every change, and the best so far
//! is what comes out.

use std::time::Instant;

use chat2svg_vector::{Document, Node};

use super::{Fit, Problem, ShapeId};
use crate::{
    Action, ActionRecord, FitEnd, FitError, FitOutcome, FitReport,
    grouping::in_layers,
    measure::{Score, psnr},
};

/// A document with its score and what each of its shapes is.
#[derive(Clone)]
pub(super) struct Best {
    pub(super) score: Score,
    pub(super) document: Document,
    pub(super) ids: Vec<ShapeId>,
}

impl Fit<'_> {
    /// Takes layers over as they are, each shape added, whatever they cost.
    pub(crate) fn take_layers(&mut self, layers: Vec<Node>) -> Result<(), FitError> {
        self.document.layers = layers;
        self.ids = vec![ShapeId::Added; self.document.counts().shapes];
        if let Some(score) = self.measure(Action::Cover)? {
            self.set_best(score);
        }
        Ok(())
    }

    /// Whether there is nothing to show yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.best.ids.is_empty()
    }

    /// The best document so far and how it came about, as if the fit ended now.
    pub(crate) fn finish(&self) -> FitOutcome {
        let Best {
            score,
            document,
            ids,
        } = self.nearest.as_ref().unwrap_or(&self.best);
        let Problem {
            options,
            template,
            is_new,
            ..
        } = self.problem;
        let sorted = is_new.then(|| in_layers(document, options.byte_budget));
        let (document, bytes) = sorted
            .flatten()
            .unwrap_or_else(|| (document.clone(), score.bytes));
        let added = ids.iter().filter(|id| id.is_added()).count();
        let kept = ids.len() - added;
        FitOutcome {
            report: FitReport {
                iterations: self.tracker.iterations,
                curve: self.tracker.curve.clone(),
                psnr_before: self.psnr(self.problem.given.error),
                psnr_after: self.psnr(score.error),
                moved: self.problem.moved.to_vec(),
                lost: Vec::new(),
                unshown: 0.0,
                paths_added: added as u32,
                paths_removed: template.counts().shapes.saturating_sub(kept) as u32,
                bytes,
                ended_by: self.problem.clock.reason().unwrap_or(FitEnd::Schedule),
                budget_changes: self.tracker.budget_changes.clone(),
                actions: self.actions.clone(),
                has_uneven_ground: false,
            },
            document,
        }
    }

    /// From now on a document is judged by how near it is to the byte budget first of all.
    pub(crate) fn count_budget(&mut self) {
        if let Some(nearest) = self.nearest.take() {
            self.best = nearest;
        }
    }

    /// Reverts to the best document so far when that is clearly better. A document nearly as good
    /// may only need more steps.
    pub(crate) fn revert_if_clearly_worse(&mut self) {
        if self.best.score.is_clearly_better_than(&self.score) {
            self.take_best();
        }
    }

    /// Goes on from the best so far.
    pub(crate) fn take_best(&mut self) {
        let Best {
            score,
            document,
            ids,
        } = &self.best;
        self.score = *score;
        self.document.clone_from(document);
        self.ids.clone_from(ids);
    }

    /// Quality of the best so far, in dB.
    pub(crate) fn best_psnr(&self) -> f32 {
        self.psnr(self.best.score.error)
    }

    /// Quality in dB with such a squared error.
    fn psnr(&self, error: f64) -> f32 {
        psnr(error, self.problem.target.pixels.len())
    }

    /// How good the result is.
    pub(crate) fn best_score(&self) -> Score {
        self.nearest.as_ref().unwrap_or(&self.best).score
    }

    /// Squared error of the best so far.
    pub(crate) fn best_error(&self) -> f64 {
        self.best.score.error
    }

    /// Measures the document and keeps it even when it is worse than the best by up to `slack` of
    /// squared error, but never one that is worse than the template.
    pub(crate) fn accept(&mut self, action: Action, slack: f64) -> Result<(), FitError> {
        let best = self.best.score;
        let Some(score) = self.measure(action)? else {
            return Ok(());
        };
        if score.is_better_than(&best) || score.error <= best.error + slack {
            self.keep(score);
        }
        Ok(())
    }

    /// Measures the document and keeps it when it is the best, but never one whose picture is worse
    /// than the template's.
    pub(crate) fn note(&mut self, action: Action) -> Result<(), FitError> {
        self.accept(action, f64::NEG_INFINITY)
    }

    /// Goes on from another document if it costs less than the one there is, as measured, and says
    /// so; otherwise nothing has happened.
    pub(crate) fn change_if_paid(
        &mut self,
        action: Action,
        document: Document,
        ids: Vec<ShapeId>,
    ) -> Result<bool, FitError> {
        let cost = self.score.cost;
        let kept = (
            self.score,
            std::mem::replace(&mut self.document, document),
            std::mem::replace(&mut self.ids, ids),
        );
        match self.measure(action)? {
            Some(score) if score.cost < cost => {
                if score.is_better_than(&self.best.score) {
                    self.keep(score);
                }
                Ok(true)
            }
            measured => {
                if measured.is_some() {
                    self.actions.pop();
                }
                (self.score, self.document, self.ids) = kept;
                Ok(false)
            }
        }
    }

    /// Measures the document and notes the action; nothing when the fit is cancelled.
    fn measure(&mut self, action: Action) -> Result<Option<Score>, FitError> {
        let Problem {
            target, options, ..
        } = self.problem;
        if self.problem.clock.is_cancelled() {
            return Ok(None);
        }
        let began = Instant::now();
        let mut score = Score::of(&self.document, target, options)?;
        if action == Action::Primitive {
            score = score.as_written(&self.document, target)?;
        }
        if let Some(budget) = options.byte_budget {
            let within = score.within(budget);
            match &self.nearest {
                None => score = within,
                Some(nearest)
                    if score.error <= self.before.error
                        && within.is_better_than(&nearest.score) =>
                {
                    self.nearest = Some(self.scored(within));
                }
                Some(_) => {}
            }
        }
        self.problem.clock.set_aside(began.elapsed());
        let gain = (self.score.cost - score.cost) as f32;
        self.score = score;
        self.actions.push(ActionRecord {
            seconds: self.problem.clock.elapsed().as_secs_f32(),
            action,
            paths: self.ids.len() as u32,
            psnr: self.psnr(score.error),
            gain,
        });
        Ok(Some(score))
    }

    /// Keeps the document, of which this is the score, as the best unless its picture is worse than
    /// the template's.
    fn keep(&mut self, score: Score) {
        if score.error <= self.most_error {
            self.set_best(score);
        }
    }

    fn set_best(&mut self, score: Score) {
        self.best = self.scored(score);
        self.tracker.improved(self.finish());
    }

    /// The document as it stands, of which this is the score.
    fn scored(&self, score: Score) -> Best {
        Best {
            score,
            document: self.document.clone(),
            ids: self.ids.clone(),
        }
    }
}
