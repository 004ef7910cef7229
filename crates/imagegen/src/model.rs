//! What is asked of an image model, and what it answers.

use std::sync::Arc;

use bytes::Bytes;
use chat2svg_gateway::CallLimits;
use chat2svg_protocol::{BackendId, CallFailure};
use futures_util::future::BoxFuture;

use crate::Parameters;

/// A picture in pixels, as a model takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// What a model is asked to make of a picture.
#[derive(Clone, Debug)]
pub struct EditRequest {
    /// The picture to start from, as PNG.
    pub png: Bytes,
    /// Its size.
    pub size: FrameSize,
    /// What the result shows, and how.
    pub prompt: String,
    /// What it must not show. Models that know no such thing are not told.
    pub negative: String,
    /// How far the model goes.
    pub parameters: Parameters,
    /// Varies what may vary.
    pub seed: u64,
}

/// What a model made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edited {
    /// Files of pictures, in the order in which they came; at least one.
    pub pictures: Vec<Bytes>,
    /// What it cost, in the currency of the price that is configured.
    pub cost: f64,
}

/// Is told the share of the work that is done, `0.0..=1.0`.
pub type ProgressSink = Arc<dyn Fn(f32) + Send + Sync>;

/// What makes pictures of pictures.
pub trait ImageModel: Send + Sync + 'static {
    /// Its name among the backends of a stage.
    fn id(&self) -> BackendId;

    /// What it is asked with: the model's name, or the workflow's.
    fn what(&self) -> &str;

    /// The size that it takes for pictures of an aspect (width through height) whose longest side
    /// should be about `side` pixels.
    fn frame(&self, aspect: f64, side: u32) -> FrameSize;

    /// Makes pictures. It ends by the limits' deadline and soon after their token is cancelled.
    /// When the future is dropped, what it started on the server is ended there, too.
    ///
    /// # Errors
    /// With whose fault it was.
    fn edit(
        &self,
        request: EditRequest,
        limits: CallLimits,
        progress: ProgressSink,
    ) -> BoxFuture<'static, Result<Edited, CallFailure>>;

    /// What answers at the other end, for people. Makes no picture and costs nothing.
    ///
    /// # Errors
    /// When nothing does, or it refuses.
    fn probe(&self, limits: CallLimits) -> BoxFuture<'static, Result<String, CallFailure>>;
}

impl FrameSize {
    /// The size of an aspect with a longest side of about `side` pixels, both sides multiples of
    /// `step` and at least one of them.
    pub fn fitted(aspect: f64, side: u32, step: u32) -> Self {
        let aspect = if aspect.is_finite() && aspect > 0.0 {
            aspect
        } else {
            1.0
        };
        let long = f64::from(side.max(step));
        let (width, height) = if aspect >= 1.0 {
            (long, long / aspect)
        } else {
            (long * aspect, long)
        };
        let stepped = |length: f64| {
            let steps = (length / f64::from(step)).round().max(1.0);
            (steps as u32).saturating_mul(step)
        };
        Self {
            width: stepped(width),
            height: stepped(height),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_multiples_close_to_the_aspect() {
        let size = |width, height| FrameSize { width, height };
        assert_eq!(FrameSize::fitted(1.0, 1024, 16), size(1024, 1024));
        assert_eq!(FrameSize::fitted(4.0 / 3.0, 1024, 16), size(1024, 768));
        assert_eq!(FrameSize::fitted(0.5, 1000, 16), size(496, 992 + 16));
        assert_eq!(FrameSize::fitted(1000.0, 512, 64), size(512, 64));
        assert_eq!(FrameSize::fitted(f64::NAN, 8, 16), size(16, 16));
    }
}
