//! What came of a job, stage by stage.

use std::collections::BTreeMap;

use chat2svg_vector::Credit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AttachmentRole, Attempt, AttemptOutcome, BackendId, CircuitSnapshot, ResourceLevel, Stage,
};

/// How good the served result is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// All stages that the request called for.
    Full,
    /// Template and detail, not optimised to the end.
    Enhanced,
    /// The template alone.
    Template,
    /// An embedded composition made because the stages failed.
    Fallback,
}

impl Tier {
    /// The name used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Enhanced => "enhanced",
            Self::Template => "template",
            Self::Fallback => "fallback",
        }
    }
}

/// Whether and how a stage ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StageStatus {
    /// Ran to its end.
    Completed,
    /// Stopped early with a usable result.
    CutShort,
    /// Did not run.
    Skipped,
    /// Ran and gave nothing.
    Failed,
}

/// What a stage had a model do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelUse {
    /// The model as its server calls it.
    pub model: String,
    /// Calls that were made.
    pub calls: u32,
    /// Tokens that were sent.
    pub input_tokens: u64,
    /// Tokens that came back.
    pub output_tokens: u64,
    /// Whether tokens or cost are not known exactly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimated: bool,
    /// What it cost in US dollars; 0 when no price is known.
    pub cost: f64,
    /// Seconds to the first token of the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_seconds: Option<f64>,
    /// Whether a plan was made first.
    #[serde(default)]
    pub planned: bool,
    /// Candidates that could be used.
    pub candidates: u32,
    /// Whether the model was asked which of two candidates is better, and said so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compared: bool,
    /// Rounds of mending.
    pub rounds: u32,
    /// Scores of all candidates and mended versions, in order, `0.0..=1.0`.
    #[serde(default)]
    pub scores: Vec<f32>,
    /// What was still found wrong with the version served.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Calls of an earlier process for the same job whose outcome is unknown; they may have been
    /// paid for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub calls_lost: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a stage did for a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// Who served it; absent when nobody did.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known_backend"
    )]
    pub backend: Option<BackendId>,
    /// Whether its result was kept from before a restart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_checkpoint: bool,
    /// At which level.
    pub level: ResourceLevel,
    /// Whether and how it ran.
    pub status: StageStatus,
    /// Why it was skipped, cut short or failed, or what a completed one could not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The backends that had a turn, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What a model did, when one served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<ModelUse>>,
}

impl StageReport {
    /// The first backend that should have served before the one that did, and did not.
    pub fn replaced(&self) -> Option<&Attempt> {
        self.attempts
            .first()
            .filter(|attempt| attempt.outcome != AttemptOutcome::Served)
    }
}

/// A backend's name; names that earlier releases wrote for "nobody" are nobody.
fn known_backend<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BackendId>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(name
        .filter(|name| !matches!(name.as_str(), "none" | "checkpoint"))
        .and_then(|name| name.parse().ok()))
}

/// What stage 2 changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DetailSummary {
    /// Names of the shapes and gradients added.
    pub added: Vec<String>,
    /// Shapes and groups moved to where the target shows them.
    pub moved: Vec<Movement>,
    /// The target, when a model made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetSummary>,
}

/// A target picture that a model made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetSummary {
    /// The model, or the workflow that ran.
    pub model: String,
    /// Pictures that it made, of which one was chosen.
    pub candidates: u32,
    /// How much of the template's structure it keeps, `0.0..=1.0`.
    pub structure: f32,
    /// What it cost, by the price that is configured; 0 where none is.
    pub cost: f64,
}

/// A shape or group that was moved, turned or scaled around its middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Movement {
    /// Its name.
    pub name: String,
    /// How far its middle went to the right and down, in units of the viewBox.
    pub by: [f64; 2],
    /// Degrees, clockwise.
    pub turned: f64,
    /// Factor of its size.
    pub scaled: f64,
}

/// Why a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FitEnd {
    /// Its schedule was done.
    Schedule,
    /// Nothing got better any more.
    Converged,
    /// Its time was up.
    Deadline,
    /// It was cancelled.
    Cancelled,
}

/// One point of a loss curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LossSample {
    /// Seconds since the fit began.
    pub seconds: f32,
    /// Iterations done.
    pub iteration: u32,
    /// Mean squared error, components in `0.0..=1.0`.
    pub loss: f32,
}

/// What stage 3 gained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FitSummary {
    /// Gradient steps taken.
    pub iterations: u32,
    /// Peak signal-to-noise ratio against the target before, in dB.
    pub psnr_before: f32,
    /// The same of the returned document.
    pub psnr_after: f32,
    /// Shapes and groups moved to where the target shows them, where stage 2 did not look for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Movement>,
    /// Shapes that the target seems to show in another place or form, which was not found: they
    /// stay as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// Share of the target, `0.0..=1.0`, that shows something which is not drawn, where no shapes
    /// may be added.
    #[serde(default)]
    pub unshown: f32,
    /// Paths added.
    pub paths_added: u32,
    /// Paths removed.
    pub paths_removed: u32,
    /// Bytes of the written result.
    #[serde(default)]
    pub bytes: usize,
    /// Why it ended.
    pub ended_by: FitEnd,
    /// Loss over time, at most 32 samples, the first and the last step included.
    pub curve: Vec<LossSample>,
    /// How the machine's load changed what the fit could spend.
    #[serde(default)]
    pub budget_changes: Vec<BudgetChange>,
}

/// A change of a running fit's budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetChange {
    /// Seconds since the fit began.
    pub seconds: f32,
    /// The level whose budget held from then on.
    pub level: ResourceLevel,
    /// Gradient steps of that budget.
    pub iterations: u32,
    /// What changed on the machine.
    pub reason: String,
}

/// Everything about a finished job that a caller may wonder about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobMetadata {
    /// The prompt, when there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// The style served.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub style: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The level that the machine afforded when the job was planned. Each stage says its own.
    pub resource_level: ResourceLevel,
    /// The lowest level at which a stage of the job ran; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_level: Option<ResourceLevel>,
    /// Why that is lower than was asked for, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowered_because: Option<String>,
    /// How good the result is.
    pub tier: Tier,
    /// Stages that ran, in order.
    pub stages_run: Vec<Stage>,
    /// Seconds spent in each stage that ran.
    pub stage_durations: BTreeMap<Stage, f64>,
    /// What each stage did, also those skipped.
    pub stages: Vec<StageReport>,
    /// Whether a stage was replaced: served by another than its first choice, or by a composition
    /// made in its place.
    pub fallback: bool,
    /// Why the result is less than was asked for, when it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fallback_reason: Option<String>,
    /// Why there is a composition in place of what the stages should have given, when there is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// What each backend said of it, 1000 characters at the most.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_detail: Option<String>,
    /// How the circuits stood at the end.
    pub circuits: Vec<CircuitSnapshot>,
    /// Words that could not be drawn.
    pub undrawn: Vec<String>,
    /// Whether the job ran in a process of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// What was left out or changed in the caller's file while reading it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Attribution of the art used.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<BTreeMap<String, String>>))]
    pub credits: Vec<Credit>,
    /// What stage 2 added and moved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<DetailSummary>,
    /// What stage 3 gained.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fit: Option<FitSummary>,
    /// Seconds from submission to the end.
    pub total_seconds: f64,
    /// Seconds from submission to the first valid document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_document_seconds: Option<f64>,
    /// When the job ended.
    pub timestamp: Timestamp,
}

impl JobMetadata {
    /// What the result is less than was asked for, and what else its reader should know, each told
    /// once.
    pub fn shortcomings(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        let undrawn = (!self.undrawn.is_empty())
            .then(|| format!("not drawn as asked: {}", self.undrawn.join(", ")));
        let reasons = self.fallback_reason.iter().chain(&self.lowered_because);
        for reason in reasons.chain(&self.warnings).chain(&undrawn) {
            if !told.contains(reason) {
                told.push(reason.clone());
            }
        }
        told
    }
}

/// What kept a job from having a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// A file that came with the request cannot be used.
    BadInput,
    /// There was nothing to return before the deadline.
    DeadlineExceeded,
    /// A stage failed.
    StageFailed,
    /// No stage ran.
    NotRun,
    /// The picture could not be composed.
    CompositionFailed,
    /// The result could not be written.
    OutputFailed,
    /// The isolated process that worked on the job died.
    IsolatedProcessDied,
    /// The circuit of the pipeline as a whole is open, and nothing can be made in its place.
    CircuitOpen,
    /// The job was given up after several restarts of the service.
    Abandoned,
    /// What was stored of the job cannot be read.
    Unreadable,
    /// A code of another release.
    #[serde(other)]
    Other,
}

impl FailureCode {
    /// The name used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::StageFailed => "stage-failed",
            Self::NotRun => "not-run",
            Self::CompositionFailed => "composition-failed",
            Self::OutputFailed => "output-failed",
            Self::IsolatedProcessDied => "isolated-process-died",
            Self::CircuitOpen => "circuit-open",
            Self::Abandoned => "abandoned",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }
}

/// Why a job has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobFailure {
    /// Stable machine-readable code.
    pub code: FailureCode,
    /// What happened and what to do.
    pub message: String,
    /// Which input is to blame, when one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<AttachmentRole>,
    /// Seconds after which trying again makes sense, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

impl JobFailure {
    /// A failure for which no input is to blame.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            input: None,
            retry_after_seconds: None,
        }
    }
}

/// The lower level at which a stage went on and ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The level.
    pub level: ResourceLevel,
    /// What made it so.
    pub reason: String,
}

/// What a stage gives back beside its output.
#[derive(Clone, Debug, PartialEq)]
pub struct StageOutcome {
    /// Who served it.
    pub served_by: BackendId,
    /// Completed or cut short.
    pub status: StageStatus,
    /// Why it was cut short.
    pub reason: Option<String>,
    /// The level at which it ended, when that is below the planned one.
    pub lowered: Option<Lowered>,
    /// The backends that had a turn, in order; the last one served.
    pub attempts: Vec<Attempt>,
    /// What a model did, when one served.
    pub model: Option<Box<ModelUse>>,
}

impl StageOutcome {
    /// A stage served to its end.
    pub fn completed(served_by: BackendId) -> Self {
        Self {
            served_by,
            status: StageStatus::Completed,
            reason: None,
            lowered: None,
            attempts: Vec::new(),
            model: None,
        }
    }

    /// A stage that ran to its end and could not do what was asked, such as draw a prompt of which
    /// it understood nothing.
    pub fn in_name_only(served_by: BackendId, reason: String) -> Self {
        Self {
            reason: Some(reason),
            ..Self::completed(served_by)
        }
    }

    /// A stage that was stopped early with something of use.
    pub fn cut_short(served_by: BackendId, reason: String) -> Self {
        Self {
            status: StageStatus::CutShort,
            reason: Some(reason),
            ..Self::completed(served_by)
        }
    }

    /// Seconds that the backend took which served.
    pub fn seconds(&self) -> Option<f64> {
        self.attempts.last().map(|attempt| attempt.seconds)
    }
}
