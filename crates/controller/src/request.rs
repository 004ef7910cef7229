//! From what the machine wants run to the message that a stage understands. Pure.

use std::sync::Arc;

use chat2svg_protocol::{
    ByteBudget, FitLimits, FitLook, Ground, JobKind, JobSpec, Stage,
    messages::{FitScope, RunDetail, RunOptimize, RunTemplate, StageContext, TargetOrigin},
};
use chat2svg_vector::{Document, Raster};
use kurbo::Rect;

use crate::{StageCall, Target, output};

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
                    background,
                    canvas,
                    candidates,
                    wishes,
                } => Some(Self::Template(RunTemplate {
                    context,
                    prompt: wishes.said_in(prompt),
                    style: *style,
                    background: wishes.background(*background),
                    canvas: *canvas,
                    candidates: *candidates,
                })),
                JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => None,
            },
            Stage::Detail => Some(Self::Detail(RunDetail {
                context,
                prompt: match &spec.kind {
                    JobKind::Generate { prompt, .. } => Some(prompt.clone()),
                    JobKind::Vectorize { .. } | JobKind::Refine { .. } | JobKind::Clean => None,
                },
                style: call.style,
                document: call.document?,
                target: call.target.map(|target| target.picture),
                may_add: match spec.kind {
                    JobKind::Refine { add_shapes, .. } => add_shapes,
                    JobKind::Generate { .. } | JobKind::Vectorize { .. } | JobKind::Clean => true,
                },
            })),
            Stage::Optimize => {
                let Target {
                    picture: target,
                    origin,
                } = call.target?;
                let mut made_of = FitLook::default();
                let (limits, may_add, ground) = match &spec.kind {
                    JobKind::Generate { wishes, .. } => (wishes.limits, true, Ground::Keep),
                    JobKind::Clean => (FitLimits::default(), true, Ground::Keep),
                    JobKind::Vectorize {
                        limits,
                        ground,
                        look,
                    } => {
                        made_of = *look;
                        (*limits, true, *ground)
                    }
                    JobKind::Refine { limits, add_shapes } => (*limits, *add_shapes, Ground::Keep),
                };
                Some(Self::Optimize(RunOptimize {
                    context,
                    document: call.document.unwrap_or_else(|| Arc::new(blank(&target))),
                    target,
                    placement: call.placement,
                    limits,
                    scope: scope(origin, may_add),
                    ground,
                    look: made_of,
                    description: None,
                }))
            }
        }
    }
}

impl StageRequest {
    /// The same with what the result will say to screen readers: the description is part of what is
    /// fitted, the rest is taken from the byte budget.
    pub(crate) fn accessible(mut self) -> Self {
        if let Self::Optimize(run) = &mut self {
            if run.document.description.is_none() {
                run.description = output::description(&run.document);
            }
            run.limits.bytes = run.limits.bytes.map(|budget| {
                let left = budget.get().saturating_sub(output::ACCESSIBLE_BYTES);
                ByteBudget::new(left).unwrap_or(budget)
            });
        }
        self
    }
}

/// How far a fit may go: what we lit ourselves needs a last touch only, what shows something new
/// may need new shapes.
fn scope(origin: TargetOrigin, may_add: bool) -> FitScope {
    match origin {
        TargetOrigin::Lit => FitScope::Polish,
        TargetOrigin::Caller | TargetOrigin::Model if may_add => FitScope::Topology,
        TargetOrigin::Caller | TargetOrigin::Model => FitScope::Shapes,
    }
}

/// The accessible name of a picture that came without one.
const VECTORIZED: &str = "Vectorized picture";

/// An empty document of a picture's size.
fn blank(target: &Raster) -> Document {
    let (width, height) = (f64::from(target.width()), f64::from(target.height()));
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: Some(VECTORIZED.to_owned()),
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    }
}
