//! The child's end: it reads one job and answers with events and the end. Blocking, for it has
//! nothing else to do.

use std::{
    io::{Read, Write},
    sync::Arc,
    time::Duration,
};

use chat2svg_protocol::{Attachment, JobEventKind};
use thiserror::Error;

use crate::{
    IsolatedJob, IsolatedResult,
    frame::{self, FrameError, FrameKind},
    wire::{EndHead, RequestHead, VERSION},
};

/// Most attachments of a job: one of each role, and room.
const MOST_ATTACHMENTS: usize = 8;

/// What a child is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The job.
    pub job: IsolatedJob,
    /// The program's settings, as the parent wrote them.
    pub settings: String,
    /// How long the job has until its answer is due.
    pub time_left: Duration,
}

/// Why parent and child do not understand each other.
#[derive(Debug, Error)]
pub enum ChildError {
    /// The request is not one.
    #[error("the request of the parent process cannot be read: {0}")]
    Request(String),
    /// The program's file was replaced while the parent ran.
    #[error(
        "the parent process speaks version {found}, this program version {VERSION}: restart the service"
    )]
    Version {
        /// The parent's version.
        found: u32,
    },
    /// The parent does not listen any more, or would not read so much.
    #[error("the parent process cannot be answered: {0}")]
    Answer(String),
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn bad_request(error: impl ToString) -> ChildError {
    ChildError::Request(error.to_string())
}

/// Reads the request.
///
/// # Errors
/// When it is not one.
pub fn read_request(input: &mut impl Read) -> Result<Request, ChildError> {
    let head = frame::read(input, FrameKind::Request).map_err(bad_request)?;
    let head: serde_json::Value = serde_json::from_slice(&head).map_err(bad_request)?;
    // The version first: another one's request may look different.
    let found = head.get("version").and_then(serde_json::Value::as_u64);
    let found = found
        .and_then(|found| u32::try_from(found).ok())
        .unwrap_or(0);
    if found != VERSION {
        return Err(ChildError::Version { found });
    }
    let head: RequestHead = serde_json::from_value(head).map_err(bad_request)?;
    if head.attachments.len() > MOST_ATTACHMENTS {
        return Err(bad_request("too many attachments"));
    }
    let settings = frame::read(input, FrameKind::Bytes).map_err(bad_request)?;
    let settings = String::from_utf8(settings).map_err(bad_request)?;
    let attachments = head
        .attachments
        .into_iter()
        .map(|role| {
            let bytes: Arc<[u8]> = frame::read(input, FrameKind::Bytes)?.into();
            Ok(Attachment { role, bytes })
        })
        .collect::<Result<Vec<_>, FrameError>>()
        .map_err(bad_request)?;
    Ok(Request {
        job: IsolatedJob {
            id: head.id,
            spec: head.spec,
            attachments,
        },
        settings,
        time_left: Duration::from_millis(head.time_left_ms),
    })
}

/// Where answers go.
#[derive(Debug)]
pub struct Answers<W>(W);

impl<W: Write> Answers<W> {
    /// Answers into a pipe that the parent reads.
    pub fn new(output: W) -> Self {
        Self(output)
    }

    /// Tells what happened. A preview larger than the parent reads is left out.
    ///
    /// # Errors
    /// When the parent has gone.
    pub fn event(&mut self, event: &JobEventKind) -> Result<(), ChildError> {
        match frame::write(&mut self.0, FrameKind::Event, &json(event)?) {
            Ok(()) | Err(FrameError::TooLong { .. }) => Ok(()),
            Err(error) => Err(ChildError::Answer(error.to_string())),
        }
    }

    /// Tells the end. Nothing follows.
    ///
    /// # Errors
    /// When the parent has gone, or the result is larger than it reads.
    pub fn end(mut self, result: &IsolatedResult) -> Result<(), ChildError> {
        let head = EndHead {
            view: result.view.clone(),
            has_svg: result.svg.is_some(),
            memory_taken: result.memory_taken,
        };
        let mut send = |kind, bytes: &[u8]| {
            frame::write(&mut self.0, kind, bytes)
                .map_err(|error| ChildError::Answer(error.to_string()))
        };
        send(FrameKind::End, &json(&head)?)?;
        match &result.svg {
            Some(svg) => send(FrameKind::Bytes, svg.as_bytes()),
            None => Ok(()),
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, ChildError> {
    serde_json::to_vec(value).map_err(|error| ChildError::Answer(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_apart_from_nonsense() {
        let request = |json: &str| {
            let mut wire = Vec::new();
            frame::write(&mut wire, FrameKind::Request, json.as_bytes()).unwrap();
            read_request(&mut &*wire).unwrap_err()
        };
        assert!(matches!(
            request(r#"{"version": 7, "something": "new"}"#),
            ChildError::Version { found: 7 }
        ));
        assert!(matches!(request("{}"), ChildError::Version { found: 0 }));
        assert!(matches!(request("{"), ChildError::Request(_)));
        assert!(matches!(
            request(r#"{"version": 2}"#),
            ChildError::Request(_)
        ));
        let nothing = read_request(&mut &b""[..]).unwrap_err().to_string();
        assert!(nothing.contains("ended before"), "{nothing}");
    }
}
