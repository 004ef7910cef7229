//! Calling a stage. Which of its backends serves, behind which circuit, is the stage's own concern.

use chat2svg_protocol::messages::{RunDetail, RunOptimize, RunTemplate, StageError, StageFailure};
use chat2svg_supervision::{AskError, Line};
use tokio::time::Instant;

use crate::{StageOutput, request::StageRequest};

/// Whom a stage call talks to.
#[derive(Clone, Debug)]
pub struct StageLines {
    /// Stage 1.
    pub template: Line<RunTemplate>,
    /// Stage 2.
    pub detail: Line<RunDetail>,
    /// Stage 3.
    pub optimize: Line<RunOptimize>,
}

impl StageLines {
    /// Asks a stage, and once more if its actor was lost on the way (another job may have brought
    /// it down; it is back in a moment).
    pub(crate) async fn call(
        &self,
        request: StageRequest,
        give_up_at: Instant,
    ) -> Result<StageOutput, StageFailure> {
        let mut answer = self.ask_once(request.clone(), give_up_at).await;
        if matches!(answer, Err(AskError::Closed(_))) {
            answer = self.ask_once(request, give_up_at).await;
        }
        answer.unwrap_or_else(|error| Err(StageError::Lost(error.to_string()).into()))
    }

    async fn ask_once(
        &self,
        request: StageRequest,
        give_up_at: Instant,
    ) -> Result<Result<StageOutput, StageFailure>, AskError> {
        let patience = give_up_at.saturating_duration_since(Instant::now());
        Ok(match request {
            StageRequest::Template(run) => {
                let answer = self.template.ask(run, patience).await?;
                answer.map(StageOutput::Template)
            }
            StageRequest::Detail(run) => {
                let answer = self.detail.ask(run, patience).await?;
                answer.map(StageOutput::Detail)
            }
            StageRequest::Optimize(run) => {
                let answer = self.optimize.ask(run, patience).await?;
                answer.map(StageOutput::Optimize)
            }
        })
    }
}
