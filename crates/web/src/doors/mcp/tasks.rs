//! Jobs as tasks of the protocol: a task is its job, and as durable.

use std::str::FromStr as _;

use chat2svg_protocol::{JobId, JobState, JobView, messages::Cancel};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CreateTaskResult, DetailedTask, GetTaskResult, JsonObject, Task, TaskPayload, TaskStatus,
    },
    service::RequestContext,
};
use serde_json::Value;

use super::{McpServer, Visitor, answer, protocol_error};

/// How often a client should ask, in milliseconds.
const POLL_MS: u64 = 500;

/// The job that a task is.
pub(super) fn id(task: &str) -> Result<JobId, ErrorData> {
    JobId::from_str(task).map_err(|_| {
        let task: String = task.chars().take(80).collect();
        ErrorData::invalid_params(format!("there is no task \"{task}\""), None)
    })
}

/// A job that was handed over, as a task.
pub(super) fn begun(view: &JobView) -> CreateTaskResult {
    CreateTaskResult::new(task(view))
}

fn task(view: &JobView) -> Task {
    let status = match view.state {
        JobState::Queued | JobState::Running => TaskStatus::Working,
        JobState::Cancelled => TaskStatus::Cancelled,
        JobState::Succeeded | JobState::Degraded | JobState::Failed => TaskStatus::Completed,
    };
    let stage = view.stage.map_or(view.state.name(), |stage| stage.name());
    Task::new(
        view.id.to_string(),
        status,
        view.created_at.to_string(),
        view.updated_at.to_string(),
    )
    .with_status_message(format!("{stage}, {:.0} % done", view.progress * 100.0))
    .with_poll_interval_ms(POLL_MS)
}

impl McpServer {
    /// How a task stands, with its result once there is one.
    pub(super) async fn task(
        &self,
        task_id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let (view, visitor) = self.known(id(task_id)?, context).await?;
        let payload = match view.state {
            JobState::Queued | JobState::Running => TaskPayload::Working,
            JobState::Cancelled => TaskPayload::Cancelled,
            JobState::Succeeded | JobState::Degraded | JobState::Failed => {
                let drawn = self.drawn(&view, &visitor).await;
                let result = drawn.unwrap_or_else(|problem| answer::refused(&problem));
                TaskPayload::Completed {
                    result: object(serde_json::to_value(result)),
                }
            }
        };
        Ok(GetTaskResult::new(DetailedTask::new(task(&view), payload)))
    }

    /// Stops a task's job.
    pub(super) async fn stop_task(
        &self,
        task_id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (view, _) = self.known(id(task_id)?, context).await?;
        if !view.state.is_final() {
            self.shared
                .services
                .lines
                .cancel
                .tell(Cancel { job: view.id });
        }
        Ok(())
    }

    /// A job that the caller may see, and who that is.
    async fn known(
        &self,
        job: JobId,
        context: &RequestContext<RoleServer>,
    ) -> Result<(JobView, Visitor), ErrorData> {
        let visitor = self.visitor(context);
        let visitor = visitor.map_err(|problem| protocol_error(&problem))?;
        match self.shared.job_of(&visitor.identity, job).await {
            Ok(view) => Ok((view, visitor)),
            Err(problem) => Err(protocol_error(&problem)),
        }
    }
}

fn object(value: serde_json::Result<Value>) -> JsonObject {
    match value {
        Ok(Value::Object(object)) => object,
        _ => JsonObject::new(),
    }
}
