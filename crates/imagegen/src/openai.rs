//! OpenAI's images API and servers that have it: `POST images/edits`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chat2svg_gateway::{CallLimits, Gateway, Purpose, malformed, multipart};
use chat2svg_protocol::{BackendId, CallFailure, Fault, printable};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    EditRequest, Edited, FrameSize, ImageModel, ImagegenConfig, ProgressSink, offload::offload,
};

/// The model where none is configured.
const USUAL_MODEL: &str = "gpt-image-1.5";
/// Widest and, upside down, highest aspect that is asked for.
const MOST_ASPECT: f64 = 3.0;

/// OpenAI, or a server that has its images API.
#[derive(Clone)]
pub struct OpenAiImages {
    gateway: Gateway,
    model: String,
    price: f64,
}

/// What models of a family take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Three sizes, and a switch for keeping close to the picture.
    GptImage1,
    /// Sizes in steps.
    GptImage2,
    /// Three squares; links unless asked otherwise.
    DallE2,
    /// Of another maker.
    Other,
}

impl Family {
    fn of(model: &str) -> Self {
        if model.starts_with("gpt-image-2") {
            Self::GptImage2
        } else if model.starts_with("gpt-image-1") || model.starts_with("chatgpt-image") {
            Self::GptImage1
        } else if model == "dall-e-2" {
            Self::DallE2
        } else {
            Self::Other
        }
    }

    fn size(self, aspect: f64, side: u32) -> FrameSize {
        let aspect = if aspect.is_finite() {
            aspect.clamp(1.0 / MOST_ASPECT, MOST_ASPECT)
        } else {
            1.0
        };
        match self {
            Self::GptImage1 => {
                let (width, height) = if aspect > 1.2 {
                    (1536, 1024)
                } else if aspect < 1.0 / 1.2 {
                    (1024, 1536)
                } else {
                    (1024, 1024)
                };
                FrameSize { width, height }
            }
            Self::DallE2 => {
                let side = [1024, 512]
                    .into_iter()
                    .find(|each| *each <= side)
                    .unwrap_or(256);
                FrameSize {
                    width: side,
                    height: side,
                }
            }
            Self::GptImage2 => FrameSize::fitted(aspect, side, 16),
            Self::Other => FrameSize::fitted(aspect, side, 64),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    b64_json: Option<String>,
    url: Option<String>,
}

/// A picture of an answer.
enum Picture {
    Here(Bytes),
    At(String),
}

impl OpenAiImages {
    /// A client of the server behind `gateway`.
    pub fn new(gateway: Gateway, config: &ImagegenConfig) -> Self {
        let model = match config.model.trim() {
            "" => USUAL_MODEL,
            own => own,
        };
        Self {
            gateway,
            model: model.to_owned(),
            price: config.price_per_picture,
        }
    }

    fn form(&self, request: &EditRequest) -> multipart::Form {
        let length = request.png.len() as u64;
        let picture = multipart::Part::stream_with_length(request.png.clone(), length)
            .file_name("template.png");
        // A part of this type is always taken; the name tells it in any case.
        let picture = picture.mime_str("image/png").unwrap_or_else(|_| {
            multipart::Part::stream_with_length(request.png.clone(), length)
                .file_name("template.png")
        });
        let FrameSize { width, height } = request.size;
        let family = Family::of(&self.model);
        let mut form = multipart::Form::new()
            .text("model", self.model.clone())
            .text("prompt", request.prompt.clone())
            .text("n", request.parameters.candidates.to_string())
            .text("size", format!("{width}x{height}"));
        let keeps_close = family == Family::GptImage1 && !self.model.ends_with("-mini");
        if keeps_close {
            form = form.text("input_fidelity", "high");
        }
        // Others either answer so anyway or do not know the word.
        if family == Family::DallE2 {
            form = form.text("response_format", "b64_json");
        }
        form.part("image", picture)
    }

    async fn all(self, request: EditRequest, limits: CallLimits) -> Result<Edited, CallFailure> {
        let candidates = request.parameters.candidates.max(1);
        let purpose = self
            .gateway
            .priced(&self.model, self.price * f64::from(candidates));
        let build = || {
            let post = self
                .gateway
                .post("/images/edits")
                .multipart(self.form(&request));
            match self.gateway.key() {
                None => post,
                Some(key) => post.header("authorization", key.header("Bearer ")),
            }
        };
        let mut reply = self.gateway.send(purpose, &limits, build).await?;
        let bytes = reply.bytes().await?;
        let found = offload(move || pictures_of(&bytes)).await?;
        let cost = self.price * found.len() as f64;
        reply.settle(cost);
        drop(reply);
        let mut pictures = Vec::new();
        for picture in found.into_iter().take(candidates as usize) {
            pictures.push(match picture {
                Picture::Here(bytes) => bytes,
                Picture::At(url) => self.fetched(&url, &limits).await?,
            });
        }
        Ok(Edited { pictures, cost })
    }

    /// A picture that the answer only links to: from the same server, or not at all.
    async fn fetched(&self, url: &str, limits: &CallLimits) -> Result<Bytes, CallFailure> {
        let get = self.gateway.with_bearer(self.gateway.get_linked(url)?);
        let purpose = Purpose::free(&self.model);
        // What has no body can always be said again.
        let build = || get.try_clone().unwrap_or_else(|| self.gateway.get("/"));
        let mut reply = self.gateway.send(purpose, limits, build).await?;
        Ok(reply.bytes().await?.into())
    }
}

fn pictures_of(bytes: &[u8]) -> Result<Vec<Picture>, CallFailure> {
    let answer: Answer =
        serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    let mut pictures = Vec::new();
    for entry in answer.data {
        pictures.push(match entry {
            Entry {
                b64_json: Some(text),
                ..
            } => Picture::Here(decoded(&text)?),
            Entry { url: Some(url), .. } => match url.strip_prefix("data:") {
                Some(_) => Picture::Here(decoded(&url)?),
                None => Picture::At(url),
            },
            Entry { .. } => return Err(malformed("a picture is neither in the answer nor linked")),
        });
    }
    if pictures.is_empty() {
        return Err(malformed("the answer holds no picture"));
    }
    Ok(pictures)
}

/// The bytes of a text in base64, which may be a data URL.
pub(crate) fn decoded(text: &str) -> Result<Bytes, CallFailure> {
    let text = match text
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
    {
        Some((_, content)) => content,
        None => text,
    };
    STANDARD
        .decode(text.trim())
        .map(Bytes::from)
        .map_err(|error| malformed(format!("a picture is not in base64: {error}")))
}

impl ImageModel for OpenAiImages {
    fn id(&self) -> BackendId {
        BackendId::OPENAI_IMAGES
    }

    fn what(&self) -> &str {
        &self.model
    }

    fn frame(&self, aspect: f64, side: u32) -> FrameSize {
        Family::of(&self.model).size(aspect, side)
    }

    fn edit(
        &self,
        request: EditRequest,
        limits: CallLimits,
        _: ProgressSink,
    ) -> BoxFuture<'static, Result<Edited, CallFailure>> {
        self.clone().all(request, limits).boxed()
    }

    fn probe(&self, limits: CallLimits) -> BoxFuture<'static, Result<String, CallFailure>> {
        let client = self.clone();
        async move {
            let purpose = Purpose::free("models");
            let build = || client.gateway.with_bearer(client.gateway.get("/models"));
            let mut reply = client.gateway.send(purpose, &limits, build).await?;
            let known: Value = reply.json().await?;
            let models = known["data"].as_array().map_or(&[][..], Vec::as_slice);
            let model = client.model.as_str();
            // Some servers list nothing, or not everything.
            if models.is_empty() || models.iter().any(|each| each["id"] == model) {
                return Ok(format!(
                    "{} answers; model {model}",
                    client.gateway.address()
                ));
            }
            let reason = format!("the server does not list the model {}", printable(model));
            Err(CallFailure::new(Fault::Terminal, reason))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_a_model_allows() {
        let size = |model: &str, aspect, side| {
            let FrameSize { width, height } = Family::of(model).size(aspect, side);
            (width, height)
        };
        assert_eq!(size("gpt-image-1.5", 1.0, 768), (1024, 1024));
        assert_eq!(size("gpt-image-1-mini", 2.0, 768), (1536, 1024));
        assert_eq!(size("chatgpt-image-latest", 0.2, 768), (1024, 1536));
        assert_eq!(size("gpt-image-2", 10.0, 960), (960, 320));
        assert_eq!(size("dall-e-2", 2.0, 768), (512, 512));
        assert_eq!(size("dall-e-2", 2.0, 300), (256, 256));
        assert_eq!(size("flux-kontext", 1.5, 1024), (1024, 704));
    }

    #[test]
    fn pictures_come_in_the_answer_or_as_links() {
        let read = |text: &str| pictures_of(text.as_bytes());
        let here = read(
            r#"{"created":1,"data":[{"b64_json":"aGk="},{"url":"data:image/png;base64,aGk="}]}"#,
        );
        for picture in here.unwrap() {
            assert!(matches!(picture, Picture::Here(bytes) if bytes == "hi"));
        }
        let linked = read(r#"{"data":[{"url":"http://localhost/x.png","b64_json":null}]}"#);
        assert!(matches!(&linked.unwrap()[..], [Picture::At(url)] if url.ends_with("x.png")));
        for wrong in [
            "",
            "{}",
            r#"{"data":[{}]}"#,
            r#"{"data":[{"b64_json":"*"}]}"#,
        ] {
            let failure = read(wrong).err().expect(wrong);
            assert_eq!(failure.fault, Some(Fault::Provider), "{wrong}");
        }
    }
}
