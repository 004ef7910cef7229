//! What ComfyUI says: messages of its websocket, its queue, its history. Pure.

use std::collections::HashMap;

use chat2svg_protocol::printable;
use serde::Deserialize;
use serde_json::Value;

/// Most characters of the server's own words that are repeated.
const MAX_WORDS: usize = 300;

/// What a message says of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// It has begun, or goes on.
    Working,
    /// The node at work has done this share of its work.
    Progress(f32),
    /// It is over, and has gone well as far as the message says.
    Ended,
    /// It failed.
    Failed(String),
    /// It was stopped by somebody.
    Interrupted,
    /// Nothing of this run.
    Other,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

impl Event {
    /// What a message says of the run with this id. Messages of nodes that add their own kinds, and
    /// what is no JSON, say nothing.
    pub(super) fn read(text: &str, run: &str) -> Self {
        let Ok(Message { kind, data }) = serde_json::from_str(text) else {
            return Self::Other;
        };
        // Some servers leave the id out of messages to the one client concerned.
        let is_ours = data
            .get("prompt_id")
            .and_then(Value::as_str)
            .is_none_or(|id| id == run);
        if !is_ours {
            return Self::Other;
        }
        match kind.as_str() {
            "execution_start" | "execution_cached" | "executed" => Self::Working,
            "executing" if data.get("node").is_some_and(Value::is_null) => Self::Ended,
            "executing" => Self::Working,
            "execution_success" => Self::Ended,
            "progress" => share(&data).map_or(Self::Working, Self::Progress),
            "progress_state" => data
                .get("nodes")
                .and_then(Value::as_object)
                .and_then(|nodes| {
                    let running = |node: &&Value| node.get("state").is_some_and(|s| s == "running");
                    nodes.values().find(running).and_then(share)
                })
                .map_or(Self::Working, Self::Progress),
            "execution_error" => Self::Failed(error_of(&data)),
            "execution_interrupted" => Self::Interrupted,
            _ => Self::Other,
        }
    }
}

fn share(data: &Value) -> Option<f32> {
    let number = |key: &str| data.get(key).and_then(Value::as_f64);
    let share = number("value")? / number("max")?;
    share.is_finite().then_some(share.clamp(0.0, 1.0) as f32)
}

/// What an error says: the node, and the exception.
pub(super) fn error_of(data: &Value) -> String {
    let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default();
    let (class, said) = (text("node_type"), text("exception_message"));
    let kind = text("exception_type");
    let mut told = String::from("the workflow failed");
    if !class.is_empty() {
        told.push_str(&format!(" in {class}"));
    }
    if !kind.is_empty() {
        told.push_str(&format!(" ({kind})"));
    }
    if !said.trim().is_empty() {
        told.push_str(&format!(": {}", said.trim()));
    }
    printable(&told).chars().take(MAX_WORDS).collect()
}

/// What was uploaded.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    name: String,
    #[serde(default)]
    subfolder: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Uploaded {
    /// How a node that loads pictures calls it.
    pub(super) fn reference(&self) -> String {
        let path = if self.subfolder.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.subfolder, self.name)
        };
        match self.kind.as_str() {
            "" | "input" => path,
            kind => format!("{path} [{kind}]"),
        }
    }
}

/// The answer to a prompt that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct Queued {
    pub(super) prompt_id: String,
}

/// Runs that are under way and that wait.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Queue {
    queue_running: Vec<Value>,
    queue_pending: Vec<Value>,
}

impl Queue {
    pub(super) fn is_running(&self, run: &str) -> bool {
        self.queue_running.iter().any(|entry| is_of(entry, run))
    }

    pub(super) fn is_pending(&self, run: &str) -> bool {
        self.queue_pending.iter().any(|entry| is_of(entry, run))
    }
}

/// An entry is a number, the id, and more.
fn is_of(entry: &Value, run: &str) -> bool {
    entry.get(1).and_then(Value::as_str) == Some(run)
}

/// What became of runs, by id.
pub(super) type History = HashMap<String, Past>;

/// What became of a run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Past {
    outputs: HashMap<String, Outputs>,
    status: Option<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outputs {
    images: Vec<Picture>,
}

/// A picture on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Picture {
    pub(super) filename: String,
    pub(super) subfolder: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    status_str: String,
    messages: Vec<Value>,
}

impl Past {
    /// Why it failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        let status = self.status.as_ref()?;
        if status.status_str != "error" {
            return None;
        }
        let error = status.messages.iter().find_map(|message| {
            let is_error = message.get(0).is_some_and(|kind| kind == "execution_error");
            is_error.then(|| message.get(1)).flatten()
        });
        Some(error.map_or_else(|| "the workflow was stopped".to_owned(), error_of))
    }

    /// The pictures that nodes gave, in order.
    pub(super) fn pictures<'a>(&self, nodes: impl Iterator<Item = &'a str>) -> Vec<Picture> {
        nodes
            .filter_map(|node| self.outputs.get(node))
            .flat_map(|outputs| outputs.images.iter().cloned())
            .filter(|picture| !picture.filename.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_run_are_told_from_others() {
        let read = |text: &str| Event::read(text, "a");
        for (text, event) in [
            (
                r#"{"type":"status","data":{"status":{"exec_info":{"queue_remaining":1}},"sid":"x"}}"#,
                Event::Other,
            ),
            (
                r#"{"type":"execution_start","data":{"prompt_id":"a"}}"#,
                Event::Working,
            ),
            (
                r#"{"type":"execution_start","data":{"prompt_id":"b"}}"#,
                Event::Other,
            ),
            (
                r#"{"type":"execution_cached","data":{"nodes":["1"],"prompt_id":"a"}}"#,
                Event::Working,
            ),
            (
                r#"{"type":"executing","data":{"node":"3","prompt_id":"a"}}"#,
                Event::Working,
            ),
            (
                r#"{"type":"executing","data":{"node":null,"prompt_id":"a"}}"#,
                Event::Ended,
            ),
            (
                r#"{"type":"executing","data":{"node":null,"prompt_id":"b"}}"#,
                Event::Other,
            ),
            (
                r#"{"type":"progress","data":{"value":1,"max":4,"prompt_id":"a"}}"#,
                Event::Progress(0.25),
            ),
            (
                r#"{"type":"progress","data":{"value":1,"max":0}}"#,
                Event::Working,
            ),
            (
                r#"{"type":"progress_state","data":{"prompt_id":"a","nodes":{"3":{"state":"finished","value":1,"max":1},"4":{"state":"running","value":2,"max":4}}}}"#,
                Event::Progress(0.5),
            ),
            (
                r#"{"type":"execution_success","data":{"prompt_id":"a"}}"#,
                Event::Ended,
            ),
            (
                r#"{"type":"execution_interrupted","data":{"prompt_id":"a"}}"#,
                Event::Interrupted,
            ),
            (
                r#"{"type":"crystools.monitor","data":{"cpu":3}}"#,
                Event::Other,
            ),
            ("nonsense", Event::Other),
            ("{}", Event::Other),
        ] {
            assert_eq!(read(text), event, "{text}");
        }
        let failed = r#"{"type":"execution_error","data":{"prompt_id":"a","node_type":"KSampler","exception_type":"torch.OutOfMemoryError","exception_message":"no memory\n"}}"#;
        let told = "the workflow failed in KSampler (torch.OutOfMemoryError): no memory";
        assert_eq!(read(failed), Event::Failed(told.to_owned()));
    }

    #[test]
    fn an_upload_is_called_by_its_folder_and_kind() {
        let reference = |text: &str| serde_json::from_str::<Uploaded>(text).unwrap().reference();
        assert_eq!(
            reference(r#"{"name":"a.png","subfolder":"","type":"temp"}"#),
            "a.png [temp]"
        );
        assert_eq!(
            reference(r#"{"name":"a.png","subfolder":"b","type":"input"}"#),
            "b/a.png"
        );
        assert_eq!(reference(r#"{"name":"a.png"}"#), "a.png");
    }

    #[test]
    fn the_history_tells_pictures_and_failures() {
        let history: History = serde_json::from_str(
            r#"{"a":{"prompt":[1],"outputs":{"9":{"images":[{"filename":"x.png","subfolder":"","type":"temp"}]},
                "8":{"text":["hm"]}},"status":{"status_str":"success","completed":true,"messages":[]}},
                "b":{"outputs":{},"status":{"status_str":"error","completed":false,"messages":
                [["execution_start",{}],["execution_error",{"node_type":"VAEDecode","exception_message":"bad"}]]}},
                "c":{"outputs":{},"status":{"status_str":"error","messages":[["execution_interrupted",{}]]}},
                "d":{}}"#,
        )
        .unwrap();
        assert_eq!(history["a"].failure(), None);
        let pictures = history["a"].pictures(["7", "8", "9"].into_iter());
        assert_eq!(pictures[0].filename, "x.png");
        let failure = |id: &str| history[id].failure().unwrap_or_default();
        assert_eq!(failure("b"), "the workflow failed in VAEDecode: bad");
        assert!(failure("c").contains("stopped"));
        assert_eq!(failure("d"), "");
    }

    #[test]
    fn the_queue_tells_who_runs_and_who_waits() {
        let text = r#"{"queue_running":[[3,"a",{},{},["9"]]],"queue_pending":[[4,"b",{}]]}"#;
        let queue: Queue = serde_json::from_str(text).unwrap();
        assert!(queue.is_running("a") && !queue.is_running("b"));
        assert!(queue.is_pending("b") && !queue.is_pending("a"));
    }
}
