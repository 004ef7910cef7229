//! How the machine and the actors stand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ResourceLevel;

/// One reading of the machine, within the limits of the container if there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceSnapshot {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// CPU in use, `0.0..=1.0` of what the process may use.
    pub cpu_used: f32,
    /// The same without what this process itself uses; the level follows from this.
    #[serde(default)]
    pub cpu_used_by_others: f32,
    /// Cores that the process may use (a cgroup quota may make it a fraction).
    pub cpu_cores: f32,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Memory that the process may use, in bytes.
    pub memory_total: u64,
    /// Swap in use, in bytes.
    pub swap_used: u64,
    /// Swap there is, in bytes.
    pub swap_total: u64,
    /// The GPUs; empty without any.
    pub gpus: Vec<GpuSnapshot>,
    /// The level that follows, with hysteresis.
    pub level: ResourceLevel,
}

/// One reading of a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuSnapshot {
    /// Its name.
    pub name: String,
    /// Compute in use, `0.0..=1.0`.
    pub used: f32,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Memory there is, in bytes.
    pub memory_total: u64,
}

/// How an actor under the watchdog stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActorHealth {
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub alive: bool,
    /// How often the watchdog started it anew.
    pub restarts: u64,
}
