//! Server-sent events: how a job's events are framed. No streams and no clock here.

use std::fmt::Write as _;

use chat2svg_protocol::{
    Attempt, BackendId, CircuitChange, JobEvent, JobEventKind, JobState, ResourceLevel, Stage,
    StageStatus,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The frame that keeps a silent stream open.
pub(crate) const HEARTBEAT: &str = ": still here\n\n";

/// The last frame of a stream that ends before its job: come back in a second.
pub(crate) const GOING_DOWN: &str = "retry: 1000\n: the service is going down\n\n";

/// One frame. `data` becomes one `data:` line, since JSON text has no line breaks.
pub(crate) fn frame(id: Option<u64>, event: &str, data: &impl Serialize) -> String {
    // What is sent has names for keys and no other way to fail.
    let data = serde_json::to_string(data).unwrap_or_default();
    let mut frame = String::new();
    if let Some(id) = id {
        let _ = writeln!(frame, "id: {id}");
    }
    let _ = write!(frame, "event: {event}\ndata: {data}\n\n");
    frame
}

/// The data of an event of a job; which one it is follows from the event's name.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = JobEventData)]
pub(crate) enum EventData<'a> {
    /// `queued`: the job waits.
    Queued {
        /// The job.
        job: String,
    },
    /// `started`: the job was planned.
    Started {
        /// The job.
        job: String,
        /// The stages that will run.
        stages: &'a [Stage],
    },
    /// `stage`: a stage has started or ended.
    Stage {
        /// The job.
        job: String,
        /// The stage.
        stage: Stage,
        /// started or ended.
        phase: &'static str,
        /// How much effort it spends; when it has started.
        #[serde(skip_serializing_if = "Option::is_none")]
        level: Option<ResourceLevel>,
        /// What became of it; when it has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<StageStatus>,
        /// Who served it; when it has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        backend: Option<&'a BackendId>,
        /// The backends that had a turn, in order; when it has ended.
        #[serde(skip_serializing_if = "<[Attempt]>::is_empty")]
        attempts: &'a [Attempt],
    },
    /// `turned-away`: the job does not go through its stages, since the circuit of the pipeline as
    /// a whole is open.
    TurnedAway {
        /// The job.
        job: String,
        /// Why, and until when.
        reason: &'a str,
    },
    /// `circuit`: a circuit on the job's way changed its state.
    Circuit {
        /// The job.
        job: String,
        /// The stage of its backend; absent for the circuit of the pipeline as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
        /// The backend; absent likewise.
        #[serde(skip_serializing_if = "Option::is_none")]
        backend: Option<&'a BackendId>,
        /// What changed.
        #[serde(flatten)]
        change: &'a CircuitChange,
    },
    /// `preview`: the picture so far.
    Preview {
        /// The job.
        job: String,
        /// The stage that made it.
        stage: Stage,
        /// The picture as SVG.
        svg: &'a str,
    },
    /// `progress`: a stage goes on.
    Progress {
        /// The job.
        job: String,
        /// The stage.
        stage: Stage,
        /// Share of the stage done, 0 to 1.
        fraction: f32,
    },
    /// `done`: the job is over, and so is the stream.
    Done {
        /// The job.
        job: String,
        /// How it ended.
        state: JobState,
    },
}

/// A job's event as a frame.
pub(crate) fn job_frame(event: &JobEvent) -> String {
    let job = event.job.to_string();
    let (name, data) = match &event.kind {
        JobEventKind::Queued => ("queued", EventData::Queued { job }),
        JobEventKind::Started { stages } => ("started", EventData::Started { job, stages }),
        JobEventKind::StageStarted { stage, level } => (
            "stage",
            EventData::Stage {
                job,
                stage: *stage,
                phase: "started",
                level: Some(*level),
                status: None,
                backend: None,
                attempts: &[],
            },
        ),
        JobEventKind::StageEnded {
            stage,
            status,
            backend,
            attempts,
        } => (
            "stage",
            EventData::Stage {
                job,
                stage: *stage,
                phase: "ended",
                level: None,
                status: Some(*status),
                backend: backend.as_ref(),
                attempts,
            },
        ),
        JobEventKind::TurnedAway { reason } => {
            ("turned-away", EventData::TurnedAway { job, reason })
        }
        JobEventKind::CircuitChanged {
            stage,
            backend,
            change,
        } => (
            "circuit",
            EventData::Circuit {
                job,
                stage: *stage,
                backend: backend.as_ref(),
                change,
            },
        ),
        JobEventKind::Preview { stage, svg } => (
            "preview",
            EventData::Preview {
                job,
                stage: *stage,
                svg,
            },
        ),
        JobEventKind::Progress { stage, fraction } => (
            "progress",
            EventData::Progress {
                job,
                stage: *stage,
                fraction: *fraction,
            },
        ),
        JobEventKind::Done { state } => ("done", EventData::Done { job, state: *state }),
    };
    frame(Some(event.sequence), name, &data)
}

/// The number of the last event that a reconnecting client has seen; 0 when there is none.
pub(crate) fn last_event_id(header: Option<&str>) -> u64 {
    header
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat2svg_protocol::JobId;
    use proptest::prelude::*;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_frame_has_one_data_line_whatever_the_picture_holds() {
        let event = JobEvent {
            job: JobId(Uuid::nil()),
            sequence: 7,
            kind: JobEventKind::Preview {
                stage: Stage::Template,
                svg: Arc::from("<svg>\n\r\n\"x\"\u{2028}</svg>"),
            },
        };
        let frame = job_frame(&event);
        let lines: Vec<_> = frame.lines().collect();
        assert_eq!(lines.len(), 4, "{frame}");
        assert_eq!(lines[0], "id: 7");
        assert_eq!(lines[1], "event: preview");
        assert!(lines[2].starts_with("data: {"));
        assert!(frame.ends_with("\n\n"));
        let data: Value = serde_json::from_str(&lines[2]["data: ".len()..]).unwrap();
        assert_eq!(data["svg"], "<svg>\n\r\n\"x\"\u{2028}</svg>");
    }

    proptest! {
        #[test]
        fn no_picture_can_forge_an_event(svg in any::<String>()) {
            let frame = job_frame(&JobEvent {
                job: JobId(Uuid::nil()),
                sequence: 1,
                kind: JobEventKind::Preview { stage: Stage::Detail, svg: svg.as_str().into() },
            });
            let lines: Vec<_> = frame.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(lines.len(), 3);
            let data: Value = serde_json::from_str(lines[2].trim_start_matches("data: ")).unwrap();
            prop_assert_eq!(&data["svg"], &Value::String(svg));
        }
    }

    #[test]
    fn the_end_names_the_state() {
        let frame = job_frame(&JobEvent {
            job: JobId(Uuid::nil()),
            sequence: 9,
            kind: JobEventKind::Done {
                state: JobState::Degraded,
            },
        });
        assert!(frame.contains("event: done"));
        assert!(frame.contains("\"state\":\"degraded\""));
    }

    #[test]
    fn a_last_event_id_that_makes_no_sense_means_from_the_start() {
        assert_eq!(last_event_id(None), 0);
        assert_eq!(last_event_id(Some("12")), 12);
        assert_eq!(last_event_id(Some("x")), 0);
    }
}
