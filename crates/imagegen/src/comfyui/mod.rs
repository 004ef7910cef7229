//! ComfyUI: a queue of workflows behind HTTP, with a websocket that tells how they go.
//!
//! A run is an upload, a prompt, messages until its end, and pictures to fetch. Should the
//! websocket break, the run is looked for in the queue and in the history. A run that nobody waits
//! for any more is taken from the queue, or interrupted if it is the one at work: never another's.

mod check;
mod run;
mod wire;
mod workflow;

use std::{sync::Arc, time::Duration};

use chat2svg_gateway::{CallConfig, CallLimits, Gateway, Purpose};
use chat2svg_protocol::{BackendId, CallFailure};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde::de::DeserializeOwned;

use self::{check::faults, run::Run};
use crate::{EditRequest, Edited, FrameSize, ImageModel, ImagegenConfig, ProgressSink};

pub use self::workflow::{Role, Workflow, WorkflowError};

/// Both sides are multiples of it: pixels of a latent, twice.
const STEP: u32 = 16;
/// How long the end of a run that nobody waits for may take.
const WITHDRAWAL: Duration = Duration::from_secs(5);

/// A ComfyUI server with a workflow.
#[derive(Clone)]
pub struct ComfyUi {
    server: Server,
    workflow: Arc<Workflow>,
    model: String,
    price: f64,
}

/// The server, as requests see it.
#[derive(Clone)]
struct Server {
    gateway: Gateway,
    calls: CallConfig,
}

impl ComfyUi {
    /// A client that has a workflow run by the server behind `gateway`.
    pub fn new(gateway: Gateway, config: &ImagegenConfig, workflow: Workflow) -> Self {
        Self {
            server: Server {
                gateway,
                calls: config.calls.clone(),
            },
            workflow: Arc::new(workflow),
            model: config.model.clone(),
            price: config.price_per_picture,
        }
    }

    async fn all(
        self,
        request: EditRequest,
        limits: CallLimits,
        progress: ProgressSink,
    ) -> Result<Edited, CallFailure> {
        let picture = self
            .server
            .upload(&self.workflow, &request, &limits)
            .await?;
        let wanted = request.parameters.candidates.max(1);
        let (runs, of_each) = if self.workflow.has(Role::Candidates) {
            (1, wanted)
        } else {
            (wanted, 1)
        };
        let mut edited = Edited::default();
        for index in 0..runs {
            let progress: ProgressSink = {
                let progress = Arc::clone(&progress);
                Arc::new(move |share| progress((index as f32 + share) / runs as f32))
            };
            let run = Run {
                client: &self,
                limits: &limits,
                progress,
                candidates: of_each,
                seed: request.seed.wrapping_add(u64::from(index)),
            };
            match run.pictures(&request, &picture).await {
                Ok(pictures) => {
                    edited.pictures.extend(pictures);
                    edited.cost += self.price * f64::from(of_each);
                }
                // What is there is better than nothing.
                Err(failure) if edited.pictures.is_empty() => return Err(failure),
                Err(failure) => {
                    tracing::info!(%failure, "fewer pictures to choose from");
                    break;
                }
            }
        }
        Ok(edited)
    }
}

impl ImageModel for ComfyUi {
    fn id(&self) -> BackendId {
        BackendId::COMFYUI
    }

    fn what(&self) -> &str {
        self.workflow.name()
    }

    fn frame(&self, aspect: f64, side: u32) -> FrameSize {
        FrameSize::fitted(aspect, side, STEP)
    }

    fn edit(
        &self,
        request: EditRequest,
        limits: CallLimits,
        progress: ProgressSink,
    ) -> BoxFuture<'static, Result<Edited, CallFailure>> {
        self.clone().all(request, limits, progress).boxed()
    }

    fn probe(&self, limits: CallLimits) -> BoxFuture<'static, Result<String, CallFailure>> {
        let client = self.clone();
        async move { faults(&client, &limits).await }.boxed()
    }
}

impl Server {
    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        limits: &CallLimits,
    ) -> Result<T, CallFailure> {
        let build = || self.gateway.with_login(self.gateway.get(path));
        let mut reply = self
            .gateway
            .send(Purpose::free(path), limits, build)
            .await?;
        reply.json().await
    }

    async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        limits: &CallLimits,
    ) -> Result<(), CallFailure> {
        let build = || self.gateway.with_login(self.gateway.post(path)).json(body);
        self.gateway
            .send(Purpose::free(path), limits, build)
            .await?;
        Ok(())
    }
}
