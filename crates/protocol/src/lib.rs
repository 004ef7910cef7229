//! Typed messages between the actors, and the domain types in them.
//!
//! No behaviour lives here beyond parsing at the edge (a [`Prompt`] is never empty, a
//! [`CanvasSize`] never absurd). What a message means to whom is said on the message.

#![forbid(unsafe_code)]

mod attempt;
mod backend;
mod background;
mod circuit;
mod event;
mod job;
mod level;
mod look;
pub mod messages;
mod node;
mod outcome;
mod output;
mod owner;
mod placement;
mod plan;
mod quota;
mod snapshot;
mod stage;
mod stop;
mod style;
mod text;
mod value;
mod webhook;
mod wishes;

pub use attempt::{Attempt, AttemptOutcome, CallEnd, CallFailure, CallReport, Cost, Fault};
pub use backend::BackendId;
pub use background::{Background, Ground};
pub use circuit::{
    CallSize, Circuit, CircuitChange, CircuitMode, CircuitOpen, CircuitPermit, CircuitSnapshot,
    CircuitStanding, CircuitState, OpenReason, PipelineOpen, PipelinePermit, UnknownCircuit,
};
pub use event::{JobEvent, JobEventKind};
pub use job::{
    Attachment, AttachmentRole, ClientKey, JobId, JobKind, JobOptions, JobSpec, JobState, JobView,
    Permit, Priority,
};
pub use level::{LevelChoice, LevelMode, PerLevel, ResourceLevel};
pub use look::{ColorCount, ColorLimit, FitLook};
pub use node::{NodeForecast, NodeRole, NodeSnapshot};
pub use outcome::{
    BudgetChange, DetailSummary, FailureCode, FitEnd, FitSummary, JobFailure, JobMetadata,
    LossSample, Lowered, ModelUse, Movement, StageOutcome, StageReport, StageStatus, TargetSummary,
    Tier,
};
pub use output::{LayerForm, OutputOptions, ShapeForm, StrokeForm};
pub use owner::Owner;
pub use placement::Placement;
pub use plan::{PlannedStage, Prediction, QueueSnapshot, SolveMethod, Source, StagePlan};
pub use quota::{KeyQuota, KeyUse, QuotaRefusal};
pub use snapshot::{
    ActorHealth, GpuSnapshot, LoadAverage, Pressure, ResourceSnapshot, StalledShare,
};
pub use stage::{PerStage, Stage};
pub use stop::stop_of;
pub use style::{Style, StyleTraits};
pub use text::{Printable, is_treacherous, nearest_name, printable};
pub use value::{
    ByteBudget, CanvasSize, FitLimits, InvalidSetting, PathBudget, Prompt, ValueError,
};
pub use webhook::WebhookUrl;
pub use wishes::{PictureKind, Wishes};
