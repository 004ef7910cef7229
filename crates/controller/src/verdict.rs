//! What a job's end says of the pipeline as a whole. Facts only: whether they count as a failure,
//! the breaker decides.

use chat2svg_protocol::{CallEnd, FailureCode, Fault, JobState, JobView};

/// How a job came out of the pipeline, and in words why it gave nothing, if so; `missed` is why a
/// composition stands in the place of its stages, when one does.
///
/// What the job's input or its caller is to blame for says nothing, and neither does what circuits
/// of backends have refused: those rest already.
pub(crate) fn of(view: &JobView, missed: Option<FailureCode>) -> (CallEnd, Option<String>) {
    let is_composed = view
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata.tier == chat2svg_protocol::Tier::Fallback);
    match view.state {
        JobState::Succeeded => (CallEnd::Served, None),
        JobState::Degraded if !is_composed => (CallEnd::Served, None),
        JobState::Degraded => {
            let end = missed.map_or(CallEnd::Failed(Fault::Caller), end_of);
            let metadata = view.metadata.as_ref();
            (end, metadata.and_then(|told| told.fallback_reason.clone()))
        }
        JobState::Failed => {
            let failure = view.failure.as_ref();
            let end = failure.map_or(CallEnd::Failed(Fault::Provider), |told| end_of(told.code));
            (end, failure.map(|told| told.message.clone()))
        }
        JobState::Cancelled | JobState::Queued | JobState::Running => {
            (CallEnd::Failed(Fault::Caller), None)
        }
    }
}

fn end_of(code: FailureCode) -> CallEnd {
    match code {
        FailureCode::StageFailed | FailureCode::CompositionFailed | FailureCode::OutputFailed => {
            CallEnd::Failed(Fault::Provider)
        }
        FailureCode::DeadlineExceeded => CallEnd::Late,
        // What works on a file in a process of its own dies of the file.
        FailureCode::BadInput | FailureCode::IsolatedProcessDied => CallEnd::Failed(Fault::Request),
        FailureCode::NotRun
        | FailureCode::CircuitOpen
        | FailureCode::Abandoned
        | FailureCode::Unreadable
        | FailureCode::Other => CallEnd::Failed(Fault::Caller),
    }
}
