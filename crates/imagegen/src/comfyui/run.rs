//! One run of a workflow, from the upload to the pictures.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chat2svg_gateway::{CallLimits, Purpose, Watch, malformed, multipart};
use chat2svg_protocol::{CallFailure, Fault};
use futures_util::StreamExt as _;
use reqwest_websocket::{Message, Upgrade as _, WebSocket};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use super::{
    ComfyUi, Role, Server, WITHDRAWAL, Workflow,
    wire::{Event, History, Past, Picture, Queue, Queued, Uploaded},
};
use crate::{EditRequest, ProgressSink, offload::offload};

/// Between two looks at the queue or the history.
const LOOK: Duration = Duration::from_millis(200);
/// How long a run that has ended may take to appear in the history.
const HISTORY: Duration = Duration::from_secs(5);
/// Share of the work that is done when the last step is.
const STEPS_SHARE: f32 = 0.95;

/// A run to be made.
pub(super) struct Run<'a> {
    pub(super) client: &'a ComfyUi,
    pub(super) limits: &'a CallLimits,
    pub(super) progress: ProgressSink,
    /// Pictures that it should give.
    pub(super) candidates: u32,
    pub(super) seed: u64,
}

impl Run<'_> {
    /// The pictures that came of it.
    pub(super) async fn pictures(
        self,
        request: &EditRequest,
        picture: &str,
    ) -> Result<Vec<Bytes>, CallFailure> {
        let server = &self.client.server;
        let mut watch = Watch::new(&server.calls, self.limits);
        let client_id = Uuid::now_v7().simple().to_string();
        // Before the prompt: what it says is not said twice.
        let mut socket = server.listen(&client_id, &watch).await?;
        let mut under_way = UnderWay::new(server.clone());
        let prompt = self.prompt(request, picture);
        let body = json!({
            "prompt": prompt,
            "client_id": client_id,
            "prompt_id": under_way.id,
        });
        let cost = self.client.price * f64::from(self.candidates);
        let purpose = server.gateway.priced(self.client.workflow.name(), cost);
        let build = || {
            server
                .gateway
                .with_login(server.gateway.post("/prompt"))
                .json(&body)
        };
        let sent = server.gateway.send(purpose, self.limits, build).await;
        let mut reply = sent.map_err(needs_somebody)?;
        let Queued { prompt_id } = reply.json().await?;
        reply.settle(cost);
        drop(reply);
        under_way.id = prompt_id;
        let past = match self.follow(&mut socket, &mut watch, &under_way.id).await? {
            Followed::Ended => server.past(&under_way.id, &watch, self.limits).await?,
            Followed::Lost => {
                server
                    .looked_for(&under_way.id, &mut watch, self.limits)
                    .await?
            }
        };
        under_way.is_over = true;
        if let Some(reason) = past.failure() {
            return Err(CallFailure::new(Fault::Provider, reason));
        }
        let found = past.pictures(self.client.workflow.outputs());
        let mut pictures = Vec::new();
        for picture in found.iter().take(self.candidates as usize) {
            pictures.push(server.view(picture, self.limits).await?);
        }
        if pictures.is_empty() {
            let outputs: Vec<&str> = self.client.workflow.outputs().collect();
            let reason = format!(
                "node {} of the workflow gave no picture",
                outputs.join(", ")
            );
            return Err(CallFailure::new(Fault::Provider, reason));
        }
        (self.progress)(1.0);
        Ok(pictures)
    }

    fn prompt(&self, request: &EditRequest, picture: &str) -> Value {
        let parameters = request.parameters;
        let mut filled = self
            .client
            .prepared()
            .with(Role::Image, &[picture.into()])
            .with(Role::Prompt, &[request.prompt.as_str().into()])
            .with(Role::Negative, &[request.negative.as_str().into()])
            .with(Role::Seed, &[self.seed.into()])
            .with(Role::Candidates, &[self.candidates.into()])
            .with(
                Role::Size,
                &[request.size.width.into(), request.size.height.into()],
            );
        if let Some(steps) = parameters.steps {
            filled = filled.with(Role::Steps, &[steps.into()]);
        }
        for (role, value) in [
            (Role::Strength, parameters.strength),
            (Role::Guidance, parameters.guidance),
            (Role::Control, parameters.control),
        ] {
            if let Some(value) = value {
                filled = filled.with(role, &[rounded(value)]);
            }
        }
        filled.into_prompt()
    }

    /// Listens until the run has ended, or nothing is to be heard any more.
    async fn follow(
        &self,
        socket: &mut WebSocket,
        watch: &mut Watch,
        id: &str,
    ) -> Result<Followed, CallFailure> {
        let mut done = 0.0_f32;
        loop {
            let text = match watch.wait(socket.next()).await? {
                Some(Ok(Message::Text(text))) => text,
                // Previews, which go to this client only.
                Some(Ok(Message::Binary(_))) => {
                    watch.progressed();
                    continue;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close { .. })) | None => return Ok(Followed::Lost),
                Some(Err(error)) => {
                    debug!(%error, "the websocket broke");
                    return Ok(Followed::Lost);
                }
            };
            match Event::read(&text, id) {
                Event::Other => {}
                Event::Working => watch.progressed(),
                Event::Progress(share) => {
                    watch.progressed();
                    if share > done {
                        done = share;
                        (self.progress)(done * STEPS_SHARE);
                    }
                }
                Event::Ended => return Ok(Followed::Ended),
                Event::Failed(reason) => return Err(CallFailure::new(Fault::Provider, reason)),
                Event::Interrupted => {
                    let reason = "somebody interrupted the run on the server";
                    return Err(CallFailure::new(Fault::Provider, reason));
                }
            }
        }
    }
}

/// How listening ended.
enum Followed {
    /// With the run.
    Ended,
    /// Before it.
    Lost,
}

/// A number of the settings, without the digits that single precision adds.
fn rounded(value: f32) -> Value {
    let value = (f64::from(value) * 1e4).round() / 1e4;
    value.into()
}

/// A prompt that is turned down: its words are ours, so the workflow does not fit the server.
fn needs_somebody(failure: CallFailure) -> CallFailure {
    match failure.fault {
        Some(Fault::Request) => CallFailure::new(Fault::Terminal, failure.reason),
        _ => failure,
    }
}

/// A run on the server that somebody waits for. Dropped before it is over, it is ended there.
struct UnderWay {
    server: Server,
    id: String,
    is_over: bool,
}

impl UnderWay {
    /// A run with an id of our own; servers that do not take it answer with another.
    fn new(server: Server) -> Self {
        Self {
            server,
            id: Uuid::now_v7().to_string(),
            is_over: false,
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !self.is_over {
            let (server, id) = (self.server.clone(), std::mem::take(&mut self.id));
            runtime.spawn(async move {
                if let Err(error) = server.withdraw(&id).await {
                    warn!(%error, "a run that nobody waits for could not be ended on the server");
                }
            });
        }
    }
}

impl Server {
    /// Puts the picture where the workflow can load it; answers how it is called.
    pub(super) async fn upload(
        &self,
        workflow: &Workflow,
        request: &EditRequest,
        limits: &CallLimits,
    ) -> Result<String, CallFailure> {
        // By its content: the same picture takes no more room a second time.
        let digest = Sha256::digest(&request.png);
        let name: String = digest
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = format!("chat2svg-{name}.png");
        let png = request.png.clone();
        let build = || {
            let length = png.len() as u64;
            let part =
                multipart::Part::stream_with_length(png.clone(), length).file_name(name.clone());
            let form = multipart::Form::new()
                .part("image", part)
                .text("type", "temp")
                .text("overwrite", "true");
            self.gateway
                .with_login(self.gateway.post("/upload/image"))
                .multipart(form)
        };
        let purpose = Purpose::free(workflow.name());
        let mut reply = self.gateway.send(purpose, limits, build).await?;
        let uploaded: Uploaded = reply.json().await?;
        Ok(uploaded.reference())
    }

    /// Opens the websocket on which the server tells of a client's runs.
    async fn listen(&self, client_id: &str, watch: &Watch) -> Result<WebSocket, CallFailure> {
        let request = self
            .gateway
            .with_login(self.gateway.get("/ws"))
            .query(&[("clientId", client_id)]);
        let failed = |error: reqwest_websocket::Error| {
            let reason = format!(
                "cannot open the websocket of {}: {error}",
                self.gateway.address().host()
            );
            CallFailure::new(Fault::Provider, reason)
        };
        let answer = watch
            .wait(request.upgrade().send())
            .await?
            .map_err(failed)?;
        watch.wait(answer.into_websocket()).await?.map_err(failed)
    }

    /// What became of a run that has ended. It appears a moment after its end.
    async fn past(
        &self,
        id: &str,
        watch: &Watch,
        limits: &CallLimits,
    ) -> Result<Past, CallFailure> {
        let until = Instant::now() + HISTORY;
        loop {
            if let Some(past) = self.history(id, limits).await? {
                return Ok(past);
            }
            if Instant::now() >= until {
                return Err(malformed("the run has ended, but is not in the history"));
            }
            watch.wait(tokio::time::sleep(LOOK / 4)).await?;
        }
    }

    /// Waits for a run of which nothing is heard.
    async fn looked_for(
        &self,
        id: &str,
        watch: &mut Watch,
        limits: &CallLimits,
    ) -> Result<Past, CallFailure> {
        loop {
            let queue: Queue = self.get("/queue", limits).await?;
            if let Some(past) = self.history(id, limits).await? {
                return Ok(past);
            }
            if queue.is_running(id) {
                watch.progressed();
            } else if !queue.is_pending(id) {
                let reason = "the websocket closed, and the server knows nothing of the run any \
                              more; it was probably restarted";
                return Err(CallFailure::new(Fault::Provider, reason));
            }
            watch.wait(tokio::time::sleep(LOOK)).await?;
        }
    }

    async fn history(&self, id: &str, limits: &CallLimits) -> Result<Option<Past>, CallFailure> {
        let path = format!("/history/{id}");
        let build = || self.gateway.with_login(self.gateway.get(&path));
        let mut reply = self
            .gateway
            .send(Purpose::free(&path), limits, build)
            .await?;
        let bytes = reply.bytes().await?;
        let id = id.to_owned();
        // It repeats the whole workflow.
        offload(move || {
            let mut history: History =
                serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
            Ok(history.remove(&id))
        })
        .await
    }

    async fn view(&self, picture: &Picture, limits: &CallLimits) -> Result<Bytes, CallFailure> {
        let query = [
            ("filename", picture.filename.as_str()),
            ("subfolder", picture.subfolder.as_str()),
            ("type", picture.kind.as_str()),
        ];
        let build = || {
            self.gateway
                .with_login(self.gateway.get("/view"))
                .query(&query)
        };
        let mut reply = self
            .gateway
            .send(Purpose::free("/view"), limits, build)
            .await?;
        let media_type = reply.media_type();
        let can_be = media_type.is_empty()
            || media_type.starts_with("image/")
            || media_type == "application/octet-stream";
        if !can_be {
            return Err(malformed(format!(
                "{media_type} where a picture was expected"
            )));
        }
        Ok(reply.bytes().await?.into())
    }

    /// Ends a run that nobody waits for, and no other.
    async fn withdraw(&self, id: &str) -> Result<(), CallFailure> {
        let limits = CallLimits {
            deadline: Instant::now() + WITHDRAWAL,
            cancel: CancellationToken::new(),
            job: None,
        };
        let queue: Queue = self.get("/queue", &limits).await?;
        if queue.is_running(id) {
            // Servers that know of it interrupt this run only; older ones whatever runs, which is
            // this one.
            self.post("/interrupt", &json!({ "prompt_id": id }), &limits)
                .await
        } else if queue.is_pending(id) {
            self.post("/queue", &json!({ "delete": [id] }), &limits)
                .await
        } else {
            Ok(())
        }
    }
}
