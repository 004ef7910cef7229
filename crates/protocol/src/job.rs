//! A job: what was asked, by whom it can be found, and how it stands.

use std::{fmt, str::FromStr, sync::Arc};

use chat2svg_palette::Palette;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Background, CanvasSize, FitLimits, FitLook, Ground, JobFailure, JobMetadata, LevelChoice,
    OutputOptions, Owner, Prompt, Stage, Style, ValueError, WebhookUrl, Wishes,
};

/// Identifies a job; sorts by time of creation (UUID version 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(text).map(Self)
    }
}

/// What is asked, as it is stored: everything but the bytes of attachments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Which pipeline runs.
    pub kind: JobKind,
    /// What all pipelines share.
    pub options: JobOptions,
}

/// Which pipeline runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobKind {
    /// Prompt to SVG: all three stages.
    Generate {
        /// What the picture shows.
        prompt: Prompt,
        /// Its look; `None` lets the prompt decide, else flat.
        style: Option<Style>,
        /// What is behind everything; `None` lets the prompt decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        background: Option<Background>,
        /// Size of the canvas.
        canvas: CanvasSize,
        /// How many templates are made, the best of which goes on; at least 1.
        candidates: u32,
        /// What the picture is, and what must not be in it.
        #[serde(default, skip_serializing_if = "Wishes::is_default")]
        wishes: Wishes,
    },
    /// Picture to SVG from nothing: the optimizer alone, attachment `target`.
    Vectorize {
        /// How large the result may be.
        #[serde(flatten)]
        limits: FitLimits,
        /// What becomes of the picture's own ground.
        #[serde(default, skip_serializing_if = "Ground::is_kept")]
        ground: Ground,
        /// What it is made of.
        #[serde(default, skip_serializing_if = "FitLook::is_default")]
        look: FitLook,
    },
    /// Template and target to SVG: attachments `template` and `target`.
    Refine {
        /// How large the result may be.
        #[serde(flatten)]
        limits: FitLimits,
        /// Whether shapes may be added for what is new in the target.
        add_shapes: bool,
    },
    /// An SVG, mended, made safe and written anew: no stage, attachment `template`.
    Clean,
}

impl JobKind {
    /// The name used in the API and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Generate { .. } => "generate",
            Self::Vectorize { .. } => "vectorize",
            Self::Refine { .. } => "refine",
            Self::Clean => "clean",
        }
    }
}

/// What all pipelines share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobOptions {
    /// Varies the arrangement; the same seed gives the same bytes.
    pub seed: u64,
    /// Milliseconds from submission to the answer.
    pub deadline_ms: u64,
    /// The level asked for.
    pub level: LevelChoice,
    /// Whether somebody waits for it.
    #[serde(default, skip_serializing_if = "Priority::is_interactive")]
    pub priority: Priority,
    /// The colours that the result is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<Palette>,
    /// How the result is written.
    #[serde(default, skip_serializing_if = "OutputOptions::is_default")]
    pub output: OutputOptions,
    /// Who is told of the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookUrl>,
}

/// Whether somebody waits for a job.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Somebody waits.
    #[default]
    Interactive,
    /// Nobody does: it takes what interactive jobs leave, and no more than the machine affords.
    Batch,
}

impl Priority {
    /// Whether somebody waits.
    pub fn is_interactive(&self) -> bool {
        *self == Self::Interactive
    }
}

impl FromStr for Priority {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "interactive" => Ok(Self::Interactive),
            "batch" => Ok(Self::Batch),
            _ => Err(ValueError::UnknownName {
                what: "priority",
                found: text.chars().take(40).collect(),
                allowed: "interactive, batch".to_owned(),
            }),
        }
    }
}

/// A job's admission: whatever is held until it ends.
pub struct Permit(#[expect(dead_code, reason = "it is only held")] Box<dyn Send>);

impl Permit {
    /// Holds something.
    pub fn holding(what: impl Send + 'static) -> Self {
        Self(Box::new(what))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Permit")
    }
}

/// Tells clients apart, for fairness between them; not who they are. All jobs taken up after a
/// restart are one client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(pub u64);

/// Which input an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentRole {
    /// The SVG to start from.
    Template,
    /// The picture to match.
    Target,
}

/// A file that came with a request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Which input it is.
    pub role: AttachmentRole,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Accepted and stored, not started.
    Queued,
    /// A stage runs.
    Running,
    /// Done as asked.
    Succeeded,
    /// Done, with less than asked; the metadata says what.
    Degraded,
    /// No result.
    Failed,
    /// Stopped by the caller.
    Cancelled,
}

impl JobState {
    /// Whether the job will not change any more.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// The name used in the API and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A job as the outside sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    #[serde(default)]
    pub owner: Owner,
    /// How it stands.
    pub state: JobState,
    /// What was asked.
    pub spec: JobSpec,
    /// The running stage.
    pub stage: Option<Stage>,
    /// Share of the whole job done, `0.0..=1.0`.
    pub progress: f32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What was done, once it is done.
    pub metadata: Option<JobMetadata>,
    /// Why it failed, when it failed.
    pub failure: Option<JobFailure>,
}

impl JobView {
    /// A job that was accepted at a time and waits.
    pub fn queued(id: JobId, owner: Owner, spec: JobSpec, accepted: Timestamp) -> Self {
        Self {
            id,
            owner,
            state: JobState::Queued,
            spec,
            stage: None,
            progress: 0.0,
            created_at: accepted,
            updated_at: accepted,
            metadata: None,
            failure: None,
        }
    }
}
