//! The messages, grouped by receiver. Times are absolute, so that waiting in a mailbox is not free.

mod circuits;
mod handover;
mod ledger;
mod removal;
mod scheduling;
mod uses;
mod webhooks;

use std::{sync::Arc, time::Instant};

use actix::Message;
use chat2svg_palette::Palette;
use chat2svg_stop::Stop;
use chat2svg_vector::{Document, Raster};
use thiserror::Error;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    Attachment, Attempt, BackendId, Background, CanvasSize, CircuitOpen, ClientKey, DetailSummary,
    FitLimits, FitLook, FitSummary, Ground, JobEvent, JobId, JobSpec, JobView, KeyQuota, KeyUse,
    LevelChoice, Owner, Permit, Placement, Prompt, QuotaRefusal, ResourceLevel, ResourceSnapshot,
    Source, Stage, StageOutcome, StagePlan, Style, stop_of,
};

pub use circuits::{
    Acquire, CircuitChanged, CircuitsQuery, EnterPipeline, LeavePipeline, PipelineQuery, Report,
    SetCircuit, SetPipeline,
};
pub use handover::{LetGo, LetGoWaiting, TakeUp};
pub use ledger::{BeginCall, LostCalls, SettleCall};
pub use removal::{Remove, RemoveJob, RemoveOutcome};
pub use scheduling::{
    AdjustFit, Enqueue, MemoryTaken, QueueQuery, Replan, StageFinished, Withdraw,
};
pub use uses::{CountUse, UsesOn};
pub use webhooks::{DueWebhook, DueWebhooks, SettleWebhook};

// ---- to the controller -------------------------------------------------------------------------

/// web → controller: take on a job. Answered after the job is stored.
#[derive(Debug, Message)]
#[rtype(result = "Result<Accepted, SubmitError>")]
pub struct Submit {
    /// What is asked.
    pub spec: JobSpec,
    /// Attachments as they came. They are stored, so that the job survives a restart, and read when
    /// it runs.
    pub attachments: Vec<Attachment>,
    /// Admission, held until the job ends.
    pub permit: Permit,
    /// Makes a repeated request of the same owner find the first one's job.
    pub idempotency_key: Option<String>,
    /// Who asks, for fairness.
    pub client: ClientKey,
    /// Whose job it is.
    pub owner: Owner,
    /// What its key allows; counted where many nodes take jobs.
    pub quota: Option<KeyQuota>,
}

/// The job was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub job: JobId,
    /// Whether an earlier request with the same key made it.
    pub replayed: bool,
    /// What was done with the job's key at all nodes, where that is counted.
    pub used: Option<KeyUse>,
}

/// Why a job was not taken on.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SubmitError {
    /// The service is going down.
    #[error("the service is shutting down and takes no new jobs: try again in a moment")]
    Draining,
    /// The key was used for another request.
    #[error("this Idempotency-Key was used for a different request: use a new key")]
    IdempotencyConflict,
    /// Its key allows no more now.
    #[error(transparent)]
    Quota(QuotaRefusal),
    /// Nobody in the cluster is there to run it.
    #[error("no worker of the cluster is there at the moment, so the job was not accepted")]
    NoWorker,
    /// The job could not be stored.
    #[error("the job could not be stored, so it was not accepted: {0}")]
    Store(String),
}

/// web → controller: stop a job, also in the middle of a stage.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "CancelOutcome")]
pub struct Cancel {
    /// The job.
    pub job: JobId,
}

/// What became of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It is being stopped.
    Cancelling,
    /// It was over already.
    AlreadyFinal,
    /// There is no such job.
    Unknown,
}

/// web → controller: how does a job stand?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Option<JobView>, StoreError>")]
pub struct JobQuery {
    /// The job.
    pub job: JobId,
}

/// web → controller: the jobs there are, newest first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Vec<JobView>, StoreError>")]
pub struct JobsQuery {
    /// At most so many.
    pub limit: u32,
    /// Only jobs older than this one.
    pub before: Option<JobId>,
    /// Only jobs of this owner; `None` for everybody's.
    pub owner: Option<Owner>,
}

/// web → controller: a finished job's document, as SVG text.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Option<Arc<str>>, StoreError>")]
pub struct ResultQuery {
    /// The job.
    pub job: JobId,
}

/// web → controller: tell me what happens to a job.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Subscription>")]
pub struct Subscribe {
    /// The job.
    pub job: JobId,
    /// Number of the last event already seen.
    pub after: u64,
}

/// Past and coming events of a job, without a gap. For a job that ended before this process
/// started, the past holds only its end.
#[derive(Debug)]
pub struct Subscription {
    /// Events so far, after the one asked for.
    pub past: Vec<JobEvent>,
    /// Events to come; closed after the last.
    pub coming: broadcast::Receiver<JobEvent>,
}

/// stages → controller: work goes on. May be lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Progress {
    /// The job.
    pub job: JobId,
    /// The stage.
    pub stage: Stage,
    /// Share of the stage done, `0.0..=1.0`.
    pub fraction: f32,
    /// A picture to show.
    pub preview: Option<Preview>,
}

/// What a running stage has so far.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The picture.
    pub document: Arc<Document>,
    /// Whether it may be served when the stage gives nothing better. Else it is only to be looked
    /// at.
    pub is_servable: bool,
}

impl Preview {
    /// A picture that may be served.
    pub fn servable(document: Arc<Document>) -> Self {
        Self {
            document,
            is_servable: true,
        }
    }
}

/// scheduler → controller: run this job now, by this plan.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Dispatch {
    /// The job.
    pub job: JobId,
    /// What to run.
    pub plan: StagePlan,
}

/// binary → controller: take no new jobs; answered when the running ones have ended or were
/// checkpointed at the given time.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain {
    /// When to give up waiting.
    pub until: Instant,
}

/// binary → controller: take up the unfinished jobs of the store. Answers how many.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<u32, StoreError>")]
pub struct Resume;

// ---- to the store ------------------------------------------------------------------------------

/// The store failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the job store failed: {0}")]
pub struct StoreError(pub String);

/// controller → store: keep a new job. Durable when answered.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Stored, StoreError>")]
pub struct PutJob {
    /// The job as it stands.
    pub view: JobView,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Makes a repeated request find this job.
    pub idempotency_key: Option<String>,
}

/// What became of a [`PutJob`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is kept.
    New,
    /// The same request is kept already, under this job.
    Replayed(JobId),
    /// The key belongs to a different request.
    Conflict,
}

/// controller → store: a job changed (state, stage, progress, metadata, failure).
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct UpdateJob {
    /// The job as it stands.
    pub view: JobView,
}

/// controller → store: a job is about to be worked on. Answered when that would survive the end of
/// the process; not flushed to the disk, so it is cheap. A job that was marked when the process
/// died counts one more attempt when it is taken up.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct MarkRunning {
    /// The job.
    pub job: JobId,
}

/// controller → store: what a stage gave, a checkpoint to resume from.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct PutStage {
    /// The job.
    pub job: JobId,
    /// What is kept.
    pub kept: KeptStage,
}

/// controller → store: a job's end and its result, in one transaction.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct FinishJob {
    /// The job as it ended.
    pub view: JobView,
    /// The result, as SVG text, when there is one.
    pub svg: Option<Arc<str>>,
}

/// controller → store: one job.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Option<JobView>, StoreError>")]
pub struct GetJob {
    /// The job.
    pub job: JobId,
}

/// controller → store: jobs, newest first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Vec<JobView>, StoreError>")]
pub struct ListJobs {
    /// At most so many.
    pub limit: u32,
    /// Only jobs older than this one.
    pub before: Option<JobId>,
    /// Only jobs of this owner; `None` for everybody's.
    pub owner: Option<Owner>,
}

/// controller → store: a finished job's document.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Option<Arc<str>>, StoreError>")]
pub struct GetResult {
    /// The job.
    pub job: JobId,
}

/// web → store: can jobs be read and written now? Answered after trying both.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct StoreProbe;

/// controller → store: the files that came with a job that has not ended.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<Attachment>, StoreError>")]
pub struct GetAttachments {
    /// The job.
    pub job: JobId,
}

/// controller → store: everything needed to take up unfinished jobs but their files, oldest first.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<Unfinished>, StoreError>")]
pub struct ListUnfinished;

/// What was kept of a stage that had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStage {
    /// The stage.
    pub stage: Stage,
    /// Its document, as SVG text.
    pub svg: Arc<str>,
    /// The target picture that it gave, as PNG, when a model made it: it would be waited and paid
    /// for twice.
    pub target: Option<Arc<[u8]>>,
    /// Whether its document's shapes were looked for in the target.
    pub placement: Placement,
}

/// A job that was accepted and has not ended.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// The job as it stood.
    pub view: JobView,
    /// The last stage that was checkpointed.
    pub checkpoint: Option<KeptStage>,
    /// How often the process ended while it was marked as being worked on (a job that brings the
    /// process down is not tried for ever). At 0 it was never begun, only waiting.
    pub attempts: u32,
}

// ---- to the stages -----------------------------------------------------------------------------

/// Why a stage gave nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StageError {
    /// Its input makes no sense to it.
    #[error("{0}")]
    BadInput(String),
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Its time was up before there was anything to return.
    #[error("the deadline passed before the stage had a result")]
    Deadline,
    /// The circuits of all its backends are open; none was called. Holds the last one's.
    #[error("{0}")]
    Refused(CircuitOpen),
    /// The last of its backends failed.
    #[error("{backend} failed: {message}")]
    Backend {
        /// The backend.
        backend: BackendId,
        /// What happened.
        message: String,
    },
    /// Its actor was lost, or gave no answer.
    #[error("{0}")]
    Lost(String),
}

/// A stage gave nothing.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{error}")]
pub struct StageFailure {
    /// Why.
    pub error: StageError,
    /// The backends that had a turn, in order.
    pub attempts: Vec<Attempt>,
}

impl From<StageError> for StageFailure {
    fn from(error: StageError) -> Self {
        Self {
            error,
            attempts: Vec::new(),
        }
    }
}

/// What every run of a stage carries.
#[derive(Clone, Debug)]
pub struct StageContext {
    /// The job.
    pub job: JobId,
    /// The level, which chooses the parameters.
    pub level: ResourceLevel,
    /// The level that the caller asked for.
    pub asked: LevelChoice,
    /// Who is asked to serve it.
    pub source: Source,
    /// Varies what may vary.
    pub seed: u64,
    /// The colours that the result is to have.
    pub palette: Option<Palette>,
    /// When the stage must have answered.
    pub deadline: Instant,
    /// Looked at every 10 ms at the latest.
    pub cancel: CancellationToken,
}

impl StageContext {
    /// When the stage's work must stop: at the deadline, or when it is cancelled.
    pub fn stop(&self) -> Stop {
        stop_of(&self.cancel).by(self.deadline)
    }
}

/// controller → template: make a first document.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<TemplateOutput, StageFailure>")]
pub struct RunTemplate {
    /// Job, level, seed, time.
    pub context: StageContext,
    /// What the picture shows.
    pub prompt: Prompt,
    /// Its look; `None` lets the prompt decide.
    pub style: Option<Style>,
    /// What is behind everything; `None` lets the prompt decide.
    pub background: Option<Background>,
    /// Size of the canvas.
    pub canvas: CanvasSize,
    /// How many to make, the best of which is returned; at least 1.
    pub candidates: u32,
}

/// What stage 1 made. Credits and undrawn words are in the document's `metadata`.
#[derive(Clone, Debug)]
pub struct TemplateOutput {
    /// The document.
    pub document: Arc<Document>,
    /// The style served.
    pub style: Style,
    /// Who served it and how.
    pub outcome: StageOutcome,
}

/// controller → detail: make a richer target and the shapes for it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<DetailOutput, StageFailure>")]
pub struct RunDetail {
    /// Job, level, seed, time.
    pub context: StageContext,
    /// What the picture shows, when words say so.
    pub prompt: Option<Prompt>,
    /// The document to start from.
    pub document: Arc<Document>,
    /// Its style, when known.
    pub style: Option<Style>,
    /// A target from outside; `None` has the detailer make one.
    pub target: Option<Arc<Raster>>,
    /// Whether shapes may be added for what is new in a target from outside.
    pub may_add: bool,
}

/// Where a target picture came from. It decides how far stage 3 may go, and whether the picture is
/// kept with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetOrigin {
    /// It came with the request.
    Caller,
    /// The embedded detailer lit the document; it can be made again at no cost.
    Lit,
    /// A model made it; it was waited for, perhaps paid for.
    Model,
}

/// What stage 2 made.
#[derive(Clone, Debug)]
pub struct DetailOutput {
    /// The document with what was added.
    pub document: Arc<Document>,
    /// The picture to fit to.
    pub target: Arc<Raster>,
    /// Where it came from.
    pub origin: TargetOrigin,
    /// Whether the document's shapes were looked for in it.
    pub placement: Placement,
    /// What was added and moved.
    pub summary: DetailSummary,
    /// Who served it and how.
    pub outcome: StageOutcome,
}

/// controller → optimize: fit a document to a target.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<OptimizeOutput, StageFailure>")]
pub struct RunOptimize {
    /// Job, level, seed, time.
    pub context: StageContext,
    /// The document to start from; without shapes, the picture is vectorised from nothing.
    pub document: Arc<Document>,
    /// The picture to fit to.
    pub target: Arc<Raster>,
    /// Whether the document's shapes were looked for in it.
    pub placement: Placement,
    /// How large the result may be.
    pub limits: FitLimits,
    /// How far the fit may go.
    pub scope: FitScope,
    /// What becomes of the target's own ground where there is nothing to start from.
    pub ground: Ground,
    /// What the result is made of.
    pub look: FitLook,
    /// What the result says to those who cannot see it, where the document says nothing: part of
    /// what is fitted, since it takes bytes.
    pub description: Option<String>,
}

/// How far a fit may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitScope {
    /// A last touch to a composed picture: few steps, no path added or removed.
    Polish,
    /// All the steps of the level, no path added or removed.
    Shapes,
    /// All the steps of the level, and paths may be added and removed.
    Topology,
}

/// What stage 3 made.
#[derive(Clone, Debug)]
pub struct OptimizeOutput {
    /// The fitted document; never worse than the input by the fit's own measure.
    pub document: Arc<Document>,
    /// What was gained.
    pub summary: FitSummary,
    /// Who served it and how.
    pub outcome: StageOutcome,
}

// ---- from the resource monitor -----------------------------------------------------------------

/// resources → scheduler, controller, detail, optimize: a new reading. May be lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ResourcesChanged(pub Arc<ResourceSnapshot>);

/// web → resources: the last reading.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Arc<ResourceSnapshot>")]
pub struct ResourcesQuery;
