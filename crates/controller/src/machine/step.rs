//! What goes into the state machine and what comes out of it. Values only.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{
    AttachmentRole, BackendId, JobEventKind, JobFailure, JobMetadata, JobState, PipelineOpen,
    Placement, ResourceLevel, Source, Stage, StageOutcome, StagePlan, Style,
    messages::{DetailOutput, OptimizeOutput, Preview, StageFailure, TargetOrigin, TemplateOutput},
};
use chat2svg_vector::{Document, Raster};

use crate::ParsedInputs;

/// What happened to a job.
#[expect(
    clippy::large_enum_variant,
    reason = "an event is handled where it is made, and the largest is one for each stage"
)]
#[derive(Clone, Debug)]
pub enum Event {
    /// It was stored, or taken up again.
    Stored,
    /// The scheduler says what to run.
    Dispatched(StagePlan),
    /// The circuit of the pipeline as a whole is open: no stage is to be run.
    TurnedAway(PipelineOpen),
    /// The job's files were read, or cannot be used.
    Prepared(Result<ParsedInputs, InputFault>),
    /// The process that ran the job came to an end, or was lost.
    IsolatedEnded(Box<Result<IsolatedEnd, JobFailure>>),
    /// The stage that was started came back.
    StageEnded {
        /// The stage.
        stage: Stage,
        /// What it gave.
        result: Result<StageOutput, StageFailure>,
    },
    /// The running stage shows how far it is.
    Progressed {
        /// The stage.
        stage: Stage,
        /// Share of the stage done.
        fraction: f32,
        /// What it has so far.
        preview: Option<Preview>,
    },
    /// What the scheduler makes of the stages left; `None` leaves them as planned.
    Replanned(Option<StagePlan>),
    /// The composition made outside the stages is there, or failed.
    Composed(Result<Arc<Document>, String>),
    /// The caller wants it stopped.
    CancelRequested,
    /// The moment asked for by [`super::Machine::wake_at`] has come.
    Woken,
}

/// How a job ended in a process of its own. Its result stays text: nothing of it is read here.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolatedEnd {
    /// Its state, which is final.
    pub state: JobState,
    /// What was done.
    pub metadata: Option<JobMetadata>,
    /// Why it failed, when it failed.
    pub failure: Option<JobFailure>,
}

/// Why a job's files were not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFault {
    /// The file that cannot be used; `None` when it is no file's fault.
    pub input: Option<AttachmentRole>,
    /// What happened.
    pub reason: String,
}

/// What a stage gave.
#[derive(Clone, Debug)]
pub enum StageOutput {
    /// Stage 1.
    Template(TemplateOutput),
    /// Stage 2.
    Detail(DetailOutput),
    /// Stage 3.
    Optimize(OptimizeOutput),
}

impl StageOutput {
    /// The document, better than the one before.
    pub fn document(&self) -> &Arc<Document> {
        match self {
            Self::Template(output) => &output.document,
            Self::Detail(output) => &output.document,
            Self::Optimize(output) => &output.document,
        }
    }

    /// Share of the error against its target that the stage took away, where that is measured.
    pub fn gain(&self) -> Option<f64> {
        let Self::Optimize(output) = self else {
            return None;
        };
        let decibels = output.summary.psnr_after - output.summary.psnr_before;
        Some((1.0 - 10_f64.powf(-f64::from(decibels) / 10.0)).clamp(0.0, 1.0))
    }

    /// Who served it and how.
    pub fn outcome(&self) -> &StageOutcome {
        match self {
            Self::Template(output) => &output.outcome,
            Self::Detail(output) => &output.outcome,
            Self::Optimize(output) => &output.outcome,
        }
    }
}

/// A picture to fit to, and where it came from.
#[derive(Clone, Debug)]
pub struct Target {
    /// The picture.
    pub picture: Arc<Raster>,
    /// Where it came from.
    pub origin: TargetOrigin,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Command {
    /// Ask the scheduler for a plan.
    Enqueue,
    /// Tell the scheduler that the job is over or needs no plan any more.
    Withdraw,
    /// Tell subscribers.
    Announce(JobEventKind),
    /// Show subscribers a picture.
    ShowPreview {
        /// The stage it comes from.
        stage: Stage,
        /// The picture.
        document: Arc<Document>,
    },
    /// Keep how the job stands.
    Persist,
    /// Keep a document that the job can go on from after a restart.
    Checkpoint {
        /// The stage that made it.
        stage: Stage,
        /// The document.
        document: Arc<Document>,
        /// The target that would have to be waited or paid for again.
        target: Option<Arc<Raster>>,
        /// Whether the document's shapes were looked for in the target.
        placement: Placement,
    },
    /// Read the job's files.
    Prepare,
    /// Run the job in a process of its own.
    RunIsolated {
        /// By when it must have ended, from submission.
        until: Duration,
    },
    /// Call a stage.
    RunStage(StageCall),
    /// Stop the running stage, or the reading of files; what it gives does not matter any more.
    StopStage,
    /// Tell the scheduler that a stage ended.
    ReleaseStage {
        /// The stage.
        stage: Stage,
        /// Who served it and in how many seconds, when somebody did.
        served: Option<(BackendId, f64)>,
        /// Share of the error that it took away, where that is measured.
        gain: Option<f64>,
    },
    /// Ask the scheduler what the stages left shall be.
    Replan,
    /// Compose a document outside the stages.
    Compose,
    /// The job is over: write, keep and announce its end. Nothing follows.
    Finish,
}

/// A call of a stage, with the document and target to work on.
#[derive(Clone, Debug)]
pub struct StageCall {
    /// The stage.
    pub stage: Stage,
    /// Its level.
    pub level: ResourceLevel,
    /// Who is asked to serve it.
    pub source: Source,
    /// By when it must answer, from submission.
    pub until: Duration,
    /// When its answer is of no use any more, from submission.
    pub give_up_at: Duration,
    /// What to start from; stage 1 starts from the prompt, a vectorisation from nothing.
    pub document: Option<Arc<Document>>,
    /// What to work towards.
    pub target: Option<Target>,
    /// Whether the document's shapes were looked for in the target.
    pub placement: Placement,
    /// The style served so far.
    pub style: Option<Style>,
}
