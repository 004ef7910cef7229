//! When a circuit opens, and how it closes again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of every circuit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Failures in a row that open a closed circuit; at least 1.
    pub failure_threshold: u32,
    /// Latest calls over which the share of failures is taken; 0 switches that rule off.
    pub window_calls: u32,
    /// Share of failures in a full window that opens a closed circuit, `0.0..=1.0`.
    pub failure_rate: f64,
    /// Seconds for which a circuit stays open the first time.
    pub reset_timeout_seconds: u32,
    /// The most seconds for which it stays open; the time doubles whenever a probe fails.
    pub max_open_seconds: u32,
    /// Probes that may be under way at once in a half-open circuit; at least 1.
    pub half_open_probes: u32,
    /// Probes that must succeed to close the circuit; at least 1.
    pub success_threshold: u32,
    /// Seconds after which a probe without a report counts as lost.
    pub probe_timeout_seconds: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            window_calls: 20,
            failure_rate: 0.5,
            reset_timeout_seconds: 60,
            max_open_seconds: 600,
            half_open_probes: 1,
            success_threshold: 1,
            probe_timeout_seconds: 300,
        }
    }
}

impl BreakerConfig {
    /// How long a circuit stays open for the `times`-th time in a row, counted from 1.
    pub(crate) fn open_time(&self, times: u32) -> Duration {
        let first = Duration::from_secs(u64::from(self.reset_timeout_seconds));
        let most = Duration::from_secs(u64::from(self.max_open_seconds)).max(first);
        let doublings = times.saturating_sub(1).min(31);
        first.saturating_mul(1 << doublings).min(most)
    }

    pub(crate) fn probe_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.probe_timeout_seconds))
    }
}
