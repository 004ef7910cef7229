//! A bar on stderr while a one-shot command works, if stderr is a terminal; nothing otherwise.

use std::{io, io::IsTerminal as _, time::Duration};

use chat2svg_protocol::{JobEventKind, Stage};
use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a job is.
pub(crate) struct ProgressDisplay(Option<ProgressBar>);

const STEPS: u64 = 1000;

impl ProgressDisplay {
    /// A bar, if it is wanted and can be seen.
    pub(crate) fn new(is_wanted: bool) -> Self {
        if !is_wanted || !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(STEPS);
        // A template that is not one would be a defect; the default bar serves then.
        if let Ok(style) = ProgressStyle::with_template("{msg:10} {wide_bar} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message("queued");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    /// Takes in an event.
    pub(crate) fn show(&self, event: &JobEventKind) {
        let Some(bar) = &self.0 else {
            return;
        };
        match event {
            JobEventKind::StageStarted { stage, .. } => bar.set_message(match stage {
                Stage::Template => "composing",
                Stage::Detail => "detailing",
                Stage::Optimize => "fitting",
            }),
            JobEventKind::Progress { stage, fraction } => {
                let (from, share) = match stage {
                    Stage::Template => (0.0, 0.15),
                    Stage::Detail => (0.15, 0.35),
                    Stage::Optimize => (0.5, 0.5),
                };
                let reached = ((from + share * fraction) * STEPS as f32) as u64;
                bar.set_position(bar.position().max(reached));
            }
            JobEventKind::Done { .. } => bar.finish_and_clear(),
            _ => {}
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
