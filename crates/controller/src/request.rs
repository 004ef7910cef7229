//! From what the machine wants run to the message that a stage understands. Pure.

use std::sync::Arc;

use chat2svg_protocol::{
    JobKind, JobSpec, Stage,
    messages::{FitScope, RunDetail, RunOptimize, RunTemplate, StageContext},
};
use chat2svg_vector::{Document, Raster};
use kurbo::Rect;

use crate::StageCall;

/// A message to one of the stages.
#[derive(Clone, Debug)]
pub(crate) enum StageRequest {
    Template(RunTemplate),
    Detail(RunDetail),
    Optimize(RunOptimize),
}

impl StageRequest {
    /// The message for a call, or `None` when the job has not what the stage works on.
    pub(crate) fn new(spec: &JobSpec, call: StageCall, context: StageContext) -> Option<Self> {
        match call.stage {
            Stage::Template => match &spec.kind {
                JobKind::Generate {
                    prompt,
                    style,
                    canvas,
                    candidates,
                } => Some(Self::Template(RunTemplate {
                    context,
                    prompt: prompt.clone(),
                    style: *style,
                    canvas: *canvas,
                    candidates: *candidates,
                })),
                JobKind::Vectorize { .. } | JobKind::Refine { .. } => None,
            },
            Stage::Detail => Some(Self::Detail(RunDetail {
                context,
                style: call.style,
                document: call.document?,
                target: call.target,
            })),
            Stage::Optimize => {
                let target = call.target?;
                let (paths, scope) = match spec.kind {
                    JobKind::Generate { .. } => (None, FitScope::Polish),
                    JobKind::Vectorize { paths } => (paths, FitScope::Topology),
                    JobKind::Refine {
                        paths,
                        add_shapes: true,
                    } => (paths, FitScope::Topology),
                    JobKind::Refine {
                        paths,
                        add_shapes: false,
                    } => (paths, FitScope::Shapes),
                };
                Some(Self::Optimize(RunOptimize {
                    context,
                    document: call.document.unwrap_or_else(|| Arc::new(blank(&target))),
                    target,
                    paths,
                    scope,
                }))
            }
        }
    }
}

/// An empty document of a picture's size.
fn blank(target: &Raster) -> Document {
    let (width, height) = (f64::from(target.width()), f64::from(target.height()));
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    }
}
