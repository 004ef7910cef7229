//! AUTOMATIC1111 and Forge: `POST /sdapi/v1/img2img`, with progress and interruption beside it.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chat2svg_gateway::{CallLimits, Gateway, Purpose, malformed};
use chat2svg_protocol::{BackendId, CallFailure};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::{
    EditRequest, Edited, FrameSize, ImageModel, ImagegenConfig, ProgressSink, offload::offload,
    openai::decoded,
};

/// Both sides are multiples of it.
const STEP: u32 = 64;
/// Between two questions for the progress.
const LOOK: Duration = Duration::from_millis(500);
/// How long the end of a task that nobody waits for may take.
const WITHDRAWAL: Duration = Duration::from_secs(5);

/// An AUTOMATIC1111 or Forge server.
#[derive(Clone)]
pub struct Automatic1111 {
    gateway: Gateway,
    model: String,
    control_model: String,
    price: f64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    images: Vec<String>,
    /// JSON in a text.
    #[serde(default)]
    info: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    index_of_first_image: usize,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    progress: f64,
    current_task: Option<String>,
}

impl Automatic1111 {
    /// A client of the server behind `gateway`.
    pub fn new(gateway: Gateway, config: &ImagegenConfig) -> Self {
        Self {
            gateway,
            model: config.model.trim().to_owned(),
            control_model: config.control_model.trim().to_owned(),
            price: config.price_per_picture,
        }
    }

    /// What is posted.
    fn body(&self, request: &EditRequest, task: &str) -> Value {
        let parameters = request.parameters;
        let picture = STANDARD.encode(&request.png);
        let mut body = json!({
            "init_images": [picture],
            "prompt": request.prompt,
            "negative_prompt": request.negative,
            "seed": request.seed % (1 << 32),
            "batch_size": parameters.candidates.max(1),
            "n_iter": 1,
            "width": request.size.width,
            "height": request.size.height,
            "resize_mode": 0,
            "send_images": true,
            "save_images": false,
            "do_not_save_samples": true,
            "do_not_save_grid": true,
            "force_task_id": task,
        });
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body[key] = value;
            }
        };
        let number = |value: f32| Value::from((f64::from(value) * 1e4).round() / 1e4);
        set("steps", parameters.steps.map(Value::from));
        set("denoising_strength", parameters.strength.map(number));
        set("cfg_scale", parameters.guidance.map(number));
        if !self.model.is_empty() {
            let settings = json!({ "sd_model_checkpoint": self.model });
            set("override_settings", Some(settings));
            set("override_settings_restore_afterwards", Some(false.into()));
        }
        if !self.control_model.is_empty() {
            let unit = json!({
                "enabled": true,
                "module": "tile_resample",
                "model": self.control_model,
                "weight": parameters.control.map_or(json!(1.0), number),
                "pixel_perfect": true,
            });
            let scripts = json!({ "controlnet": { "args": [unit] } });
            set("alwayson_scripts", Some(scripts));
        }
        body
    }

    async fn all(
        self,
        request: EditRequest,
        limits: CallLimits,
        progress: ProgressSink,
    ) -> Result<Edited, CallFailure> {
        let candidates = request.parameters.candidates.max(1);
        let task = format!("task(chat2svg-{})", Uuid::now_v7().simple());
        let body = {
            let (client, task) = (self.clone(), task.clone());
            // Megabytes of base64.
            offload(move || {
                let body = client.body(&request, &task);
                serde_json::to_vec(&body)
                    .map(Bytes::from)
                    .map_err(|error| malformed(error.to_string()))
            })
            .await?
        };
        let at_most = self.price * f64::from(candidates);
        let purpose = self.gateway.priced(self.what(), at_most);
        let build = || {
            self.gateway
                .with_login(self.gateway.post("/sdapi/v1/img2img"))
                .header("content-type", "application/json")
                .body(body.clone())
        };
        let mut under_way = UnderWay {
            client: self.clone(),
            task: task.clone(),
            is_over: false,
        };
        let asked = async {
            let mut reply = self.gateway.send(purpose, &limits, build).await?;
            let bytes = reply.bytes().await?;
            reply.settle(at_most);
            Ok(bytes)
        };
        let bytes = tokio::select! {
            answered = asked => answered,
            never = self.watched(&task, &limits, &progress) => match never {},
        };
        // Only what was given up may still be at work.
        under_way.is_over = !matches!(&bytes, Err(CallFailure { fault: None, .. }))
            && !limits.cancel.is_cancelled();
        let bytes = bytes?;
        let pictures = offload(move || pictures_of(&bytes, candidates as usize)).await?;
        progress(1.0);
        Ok(Edited {
            pictures,
            cost: at_most,
        })
    }

    /// Tells of the progress, for ever.
    async fn watched(
        &self,
        task: &str,
        limits: &CallLimits,
        progress: &ProgressSink,
    ) -> std::convert::Infallible {
        let mut done = 0.0_f32;
        loop {
            tokio::time::sleep(LOOK).await;
            // It is only for show: the answer itself tells what went wrong.
            if let Ok(now) = self.progress(limits).await {
                let is_ours = now.current_task.is_none_or(|current| current == task);
                let share = now.progress.clamp(0.0, 0.99) as f32;
                if is_ours && share > done {
                    done = share;
                    progress(share);
                }
            }
        }
    }

    async fn progress(&self, limits: &CallLimits) -> Result<Progress, CallFailure> {
        let build = || {
            self.gateway
                .with_login(self.gateway.get("/sdapi/v1/progress"))
                .query(&[("skip_current_image", "true")])
        };
        let mut reply = self.gateway.send(self.free(), limits, build).await?;
        reply.json().await
    }

    /// Ends a task that nobody waits for, if it is the one at work. Servers that do not say which
    /// is at work are left alone.
    async fn withdraw(&self, task: &str) -> Result<(), CallFailure> {
        let limits = CallLimits {
            deadline: Instant::now() + WITHDRAWAL,
            cancel: CancellationToken::new(),
            job: None,
        };
        let now = self.progress(&limits).await?;
        if now.current_task.as_deref() != Some(task) {
            return Ok(());
        }
        let build = || {
            self.gateway
                .with_login(self.gateway.post("/sdapi/v1/interrupt"))
                .body("")
        };
        self.gateway.send(self.free(), &limits, build).await?;
        Ok(())
    }

    fn free(&self) -> Purpose<'_> {
        Purpose::free(self.what())
    }
}

fn pictures_of(bytes: &[u8], candidates: usize) -> Result<Vec<Bytes>, CallFailure> {
    let answer: Answer =
        serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    // A grid may come first, and pictures of ControlNets last.
    let info: Info = serde_json::from_str(&answer.info).unwrap_or_default();
    let pictures: Vec<Bytes> = answer
        .images
        .iter()
        .skip(info.index_of_first_image)
        .take(candidates)
        .map(|text| decoded(text))
        .collect::<Result<_, _>>()?;
    if pictures.is_empty() {
        return Err(malformed("the answer holds no picture"));
    }
    Ok(pictures)
}

/// A task that somebody waits for. Dropped before it is over, it is ended on the server.
struct UnderWay {
    client: Automatic1111,
    task: String,
    is_over: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !self.is_over {
            let (client, task) = (self.client.clone(), std::mem::take(&mut self.task));
            runtime.spawn(async move {
                if let Err(error) = client.withdraw(&task).await {
                    warn!(%error, "a task that nobody waits for could not be ended on the server");
                }
            });
        }
    }
}

impl ImageModel for Automatic1111 {
    fn id(&self) -> BackendId {
        BackendId::AUTOMATIC1111
    }

    fn what(&self) -> &str {
        if self.model.is_empty() {
            "img2img"
        } else {
            &self.model
        }
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
        async move {
            let build = || {
                client
                    .gateway
                    .with_login(client.gateway.get("/sdapi/v1/options"))
            };
            let mut reply = client.gateway.send(client.free(), &limits, build).await?;
            let options: Value = reply.json().await?;
            let loaded = options["sd_model_checkpoint"]
                .as_str()
                .unwrap_or("no model");
            let address = client.gateway.address();
            Ok(format!("{address} answers with {loaded} loaded"))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_and_pictures_of_control_nets_are_left_out() {
        let info = r#"{\"index_of_first_image\":1}"#;
        let text = format!(
            r#"{{"images":["Z3JpZA==","YQ==","data:image/png;base64,Yg==","bmV0"],"info":"{info}"}}"#
        );
        let pictures = pictures_of(text.as_bytes(), 2).unwrap();
        assert_eq!(pictures, ["a", "b"]);
        let plain = pictures_of(br#"{"images":["YQ==","bmV0"]}"#, 1).unwrap();
        assert_eq!(plain, ["a"]);
        for wrong in [
            "{}",
            "[]",
            r#"{"images":["*"]}"#,
            r#"{"images":[],"info":"?"}"#,
        ] {
            assert!(pictures_of(wrong.as_bytes(), 1).is_err(), "{wrong}");
        }
    }
}
