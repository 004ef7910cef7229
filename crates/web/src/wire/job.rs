//! A job as the API shows it.

use chat2svg_palette::Palette;
use chat2svg_protocol::{
    ByteBudget, ColorLimit, JobFailure, JobId, JobKind, JobMetadata, JobState, JobView,
    LevelChoice, OutputOptions, PathBudget, PictureKind, Stage, Style,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobResource {
    /// Its id.
    #[schema(format = Uuid)]
    pub(crate) id: String,
    /// How it stands.
    pub(crate) state: JobState,
    /// What was asked.
    pub(crate) request: RequestEcho,
    /// The running stage.
    pub(crate) stage: Option<Stage>,
    /// Share of the job done, 0 to 1.
    pub(crate) progress: f32,
    /// When it was accepted.
    pub(crate) created_at: Timestamp,
    /// When it last changed.
    pub(crate) updated_at: Timestamp,
    /// What was done, once it has ended.
    pub(crate) metadata: Option<JobMetadata>,
    /// Why it failed, when it failed.
    pub(crate) failure: Option<JobFailure>,
    /// Where to go from here.
    pub(crate) links: JobLinks,
}

/// What was asked, with defaults filled in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestEcho {
    /// Which pipeline: generate, vectorize, refine or clean.
    pub(crate) kind: &'static str,
    /// What the picture shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,
    /// The look asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) style: Option<Style>,
    /// The background asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) background: Option<String>,
    /// What the picture is, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture_kind: Option<PictureKind>,
    /// What must not be in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) negative: Option<String>,
    /// Width of the canvas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<u32>,
    /// Height of the canvas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<u32>,
    /// How many first drafts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) candidates: Option<u32>,
    /// How many paths the result may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paths: Option<u32>,
    /// How many bytes the result may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u32>,
    /// How many colours the result may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) max_colors: Option<ColorLimit>,
    /// Whether there are gradients, where none are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gradients: Option<bool>,
    /// Whether small shapes are kept, where they are not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) small_shapes: Option<bool>,
    /// The colours that the result is to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) palette: Option<Vec<String>>,
    /// Whether it may have no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) strict_palette: Option<bool>,
    /// Whether shapes may be added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add_shapes: Option<bool>,
    /// The seed.
    pub(crate) seed: u64,
    /// Milliseconds from submission to the answer.
    pub(crate) deadline_ms: u64,
    /// The level asked for.
    pub(crate) level: LevelChoice,
    /// How the result is written, as far as it was chosen.
    #[serde(flatten)]
    pub(crate) output: OutputOptions,
}

/// Addresses that belong to a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobLinks {
    /// The job itself.
    #[serde(rename = "self")]
    pub(crate) job: String,
    /// Its events.
    pub(crate) events: String,
    /// Its result as SVG, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) svg: Option<String>,
    /// Its result as PNG, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) png: Option<String>,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The jobs.
    pub(crate) jobs: Vec<JobResource>,
    /// Where the next ones are, when there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Path of a job.
pub(crate) fn job_path(job: JobId) -> String {
    format!("/v1/jobs/{job}")
}

/// Whether a job in this state has a result.
pub(crate) fn has_result(state: JobState) -> bool {
    matches!(state, JobState::Succeeded | JobState::Degraded)
}

impl From<JobView> for JobResource {
    fn from(view: JobView) -> Self {
        let path = job_path(view.id);
        let result = |form: &str| has_result(view.state).then(|| format!("{path}/result.{form}"));
        Self {
            id: view.id.to_string(),
            state: view.state,
            links: JobLinks {
                events: format!("{path}/events"),
                svg: result("svg"),
                png: result("png"),
                job: path,
            },
            request: RequestEcho::new(view.spec.kind, &view.spec.options),
            stage: view.stage,
            progress: view.progress,
            created_at: view.created_at,
            updated_at: view.updated_at,
            metadata: view.metadata,
            failure: view.failure,
        }
    }
}

impl RequestEcho {
    fn new(kind: JobKind, options: &chat2svg_protocol::JobOptions) -> Self {
        let echo = Self {
            kind: kind.name(),
            prompt: None,
            style: None,
            background: None,
            picture_kind: None,
            negative: None,
            width: None,
            height: None,
            candidates: None,
            paths: None,
            bytes: None,
            max_colors: None,
            gradients: None,
            small_shapes: None,
            palette: options.palette.as_ref().map(Palette::hexes),
            strict_palette: options.palette.as_ref().map(Palette::is_strict),
            add_shapes: None,
            seed: options.seed,
            deadline_ms: options.deadline_ms,
            level: options.level,
            output: options.output.clone(),
        };
        match kind {
            JobKind::Generate {
                prompt,
                style,
                background,
                canvas,
                candidates,
                wishes,
            } => Self {
                picture_kind: (wishes.kind != PictureKind::default() || wishes.negative.is_some())
                    .then_some(wishes.kind),
                negative: wishes.negative.map(|words| words.as_str().to_owned()),
                prompt: Some(prompt.as_str().to_owned()),
                style,
                background: background.map(|background| background.to_string()),
                width: Some(canvas.width()),
                height: Some(canvas.height()),
                candidates: Some(candidates),
                paths: wishes.limits.paths.map(PathBudget::get),
                bytes: wishes.limits.bytes.map(ByteBudget::get),
                ..echo
            },
            JobKind::Vectorize {
                limits,
                ground,
                look,
            } => Self {
                max_colors: look.colors,
                gradients: (!look.gradients).then_some(false),
                small_shapes: (!look.small_shapes).then_some(false),
                background: (!ground.is_kept()).then(|| ground.to_string()),
                paths: limits.paths.map(PathBudget::get),
                bytes: limits.bytes.map(ByteBudget::get),
                ..echo
            },
            JobKind::Refine { limits, add_shapes } => Self {
                paths: limits.paths.map(PathBudget::get),
                bytes: limits.bytes.map(ByteBudget::get),
                add_shapes: Some(add_shapes),
                ..echo
            },
            JobKind::Clean => echo,
        }
    }
}
