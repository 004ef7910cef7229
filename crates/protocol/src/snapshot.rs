//! How the machine and the actors stand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{LevelMode, ResourceLevel};

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
    /// Memory that this process holds, in bytes.
    #[serde(default)]
    pub process_memory: u64,
    /// Threads that run or wait; absent where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadAverage>,
    /// Time lost to shortage; absent where the kernel does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// The GPUs; empty without any.
    pub gpus: Vec<GpuSnapshot>,
    /// The level in force.
    pub level: ResourceLevel,
    /// The level that follows from the readings, smoothed and with hysteresis.
    pub measured_level: ResourceLevel,
    /// Whether the level follows from the readings, or is set.
    #[serde(default)]
    pub mode: LevelMode,
}

/// Threads that ran, or waited for a core or a disk, on the mean over so many minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoadAverage {
    /// Over one minute.
    pub one: f32,
    /// Over five minutes.
    pub five: f32,
    /// Over fifteen minutes.
    pub fifteen: f32,
}

/// What the kernel's pressure stall information says of the container if there is one, else of the
/// machine. What it does not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pressure {
    /// Waiting for a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<StalledShare>,
    /// Waiting for memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<StalledShare>,
    /// Waiting for a disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io: Option<StalledShare>,
}

/// Shares of the last ten seconds, `0.0..=1.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StalledShare {
    /// In which some thread waited.
    pub some: f32,
    /// In which all threads with work waited.
    pub full: f32,
}

/// One reading of a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuSnapshot {
    /// Its number, as the driver counts.
    #[serde(default)]
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Compute in use, `0.0..=1.0`; absent where the device does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<f32>,
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
