//! Clients of image models: a picture and words go in, pictures come out.
//!
//! An [`ImageModel`] is asked with an [`EditRequest`] and answers with files of pictures as they
//! came, which its caller decodes and judges. How a call is limited, paid for and blamed is
//! `chat2svg-gateway`'s; this crate knows the wire formats of ComfyUI ([`ComfyUi`]), of OpenAI's
//! images API and its likes ([`OpenAiImages`]), and of AUTOMATIC1111 and Forge
//! ([`Automatic1111`]), and which settings each takes ([`ImagegenConfig`]).

#![forbid(unsafe_code)]

mod automatic1111;
mod comfyui;
mod config;
mod levels;
mod model;
mod offload;
mod openai;
mod setup;
mod words;

pub use automatic1111::Automatic1111;
pub use comfyui::{ComfyUi, Role, Workflow, WorkflowError};
pub use config::{ImagegenConfig, ImagegenLevel, Provider};
pub use levels::Parameters;
pub use model::{EditRequest, Edited, FrameSize, ImageModel, ProgressSink};
pub use openai::OpenAiImages;
pub use setup::{SetupError, image_model};
pub use words::{StyleWords, Words};
