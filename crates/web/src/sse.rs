//! Server-sent events: how a job's events are framed. No streams and no clock here.

use std::fmt::Write as _;

use chat2svg_protocol::{JobEvent, JobEventKind};
use serde_json::{Value, json};

/// The frame that keeps a silent stream open.
pub(crate) const HEARTBEAT: &str = ": still here\n\n";

/// The last frame of a stream that ends before its job: come back in a second.
pub(crate) const GOING_DOWN: &str = "retry: 1000\n: the service is going down\n\n";

/// One frame. `data` becomes one `data:` line, since JSON text has no line breaks.
pub(crate) fn frame(id: Option<u64>, event: &str, data: &Value) -> String {
    let mut frame = String::new();
    if let Some(id) = id {
        let _ = writeln!(frame, "id: {id}");
    }
    let _ = write!(frame, "event: {event}\ndata: {data}\n\n");
    frame
}

/// A job's event as a frame.
pub(crate) fn job_frame(event: &JobEvent) -> String {
    let job = event.job.to_string();
    let (name, mut data) = match &event.kind {
        JobEventKind::Queued => ("queued", json!({})),
        JobEventKind::Started { stages } => ("started", json!({ "stages": stages })),
        JobEventKind::StageStarted { stage, level } => (
            "stage",
            json!({ "stage": stage, "phase": "started", "level": level }),
        ),
        JobEventKind::StageEnded {
            stage,
            status,
            backend,
            attempts,
        } => {
            let mut data = json!({ "stage": stage, "phase": "ended", "status": status });
            if let Some(backend) = backend {
                data["backend"] = json!(backend);
            }
            if !attempts.is_empty() {
                data["attempts"] = json!(attempts);
            }
            ("stage", data)
        }
        JobEventKind::Preview { stage, svg } => {
            ("preview", json!({ "stage": stage, "svg": svg.as_ref() }))
        }
        JobEventKind::Progress { stage, fraction } => {
            ("progress", json!({ "stage": stage, "fraction": fraction }))
        }
        JobEventKind::Done { state } => ("done", json!({ "state": state })),
    };
    if let Value::Object(members) = &mut data {
        members.insert("job".to_owned(), Value::String(job));
    }
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

    use chat2svg_protocol::{JobId, JobState, Stage};
    use proptest::prelude::*;
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
