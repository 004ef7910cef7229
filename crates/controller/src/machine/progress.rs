//! How far a job is, and what it shows meanwhile.

use std::sync::Arc;

use chat2svg_protocol::{JobEventKind, Stage, messages::Preview};

use super::{Command, Machine, wanted_stages};

impl Machine {
    pub(super) fn progressed(
        &mut self,
        stage: Stage,
        fraction: f32,
        preview: Option<Preview>,
        out: &mut Vec<Command>,
    ) {
        let fraction = if fraction.is_finite() {
            fraction.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.advance(stage, fraction);
        out.push(Command::Announce(JobEventKind::Progress {
            stage,
            fraction,
        }));
        if let Some(preview) = preview {
            let document = preview.document;
            if preview.is_servable {
                self.preview = Some((stage, Arc::clone(&document)));
            }
            out.push(Command::ShowPreview { stage, document });
        }
    }

    /// Moves the job's progress on to a share of a stage.
    pub(super) fn advance(&mut self, stage: Stage, fraction: f32) {
        let weight = |stage: Stage| match stage {
            Stage::Template => 0.15_f32,
            Stage::Detail => 0.35,
            Stage::Optimize => 0.5,
        };
        let wanted = wanted_stages(&self.spec.kind);
        let total: f32 = wanted.iter().copied().map(weight).sum();
        let before: f32 = wanted
            .iter()
            .copied()
            .filter(|other| *other < stage)
            .map(weight)
            .sum();
        let reached = (before + weight(stage) * fraction) / total;
        self.progress = self.progress.max(reached.min(1.0));
    }
}
