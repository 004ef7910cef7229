//! One reading of the machine, and who takes it.

use chat2svg_protocol::{GpuSnapshot, LoadAverage, Pressure};
use thiserror::Error;

/// What the machine does at a moment, within the limits of the container if there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// CPU in use, `0.0..=1.0` of what the process may use.
    pub cpu_used: f32,
    /// The same without what this process itself uses.
    pub cpu_used_by_others: f32,
    /// Whether both are a guess, since there was no time to measure them over.
    pub cpu_is_guess: bool,
    /// Cores that the process may use.
    pub cpu_cores: f32,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Memory that the process may use, in bytes.
    pub memory_total: u64,
    /// Swap in use, in bytes.
    pub swap_used: u64,
    /// Swap that the process may use, in bytes.
    pub swap_total: u64,
    /// Memory that this process holds, in bytes.
    pub process_memory: u64,
    /// Threads that run or wait, where the system says.
    pub load: Option<LoadAverage>,
    /// Time lost to shortage, where the kernel says.
    pub pressure: Option<Pressure>,
    /// The GPUs.
    pub gpus: Vec<GpuSnapshot>,
}

/// Takes readings. May block; it is never called on an arbiter.
pub trait Probe: Send + 'static {
    /// Reads the machine.
    ///
    /// # Errors
    /// When the system does not say.
    fn read(&mut self) -> Result<Reading, ProbeError>;
}

/// The machine could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the machine's load cannot be read ({0}); the last known level stays")]
pub struct ProbeError(pub String);
