//! When a circuit opens, and how it closes again.

use std::time::Duration;

use chat2svg_protocol::InvalidSetting;
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
    /// Milliseconds from which on a call that ran out of time counts as a failure, if the backend
    /// usually takes less.
    pub slow_call_ms: u32,
    /// The same as a multiple of the time that the backend's calls usually take.
    pub slow_factor: f64,
    /// Seconds for which a circuit stays open when nothing will work before somebody acts.
    pub terminal_open_seconds: u32,
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
            slow_call_ms: 2_000,
            slow_factor: 3.0,
            terminal_open_seconds: 3_600,
        }
    }
}

impl BreakerConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        const DAY: u32 = 86_400;
        let within = InvalidSetting::unless_within::<u32>;
        within("failure_threshold", self.failure_threshold, 1..=10_000)?;
        within("window_calls", self.window_calls, 0..=10_000)?;
        InvalidSetting::unless_within("failure_rate", self.failure_rate, 0.0..=1.0)?;
        within("reset_timeout_seconds", self.reset_timeout_seconds, 0..=DAY)?;
        within(
            "max_open_seconds",
            self.max_open_seconds,
            self.reset_timeout_seconds..=DAY,
        )?;
        within("half_open_probes", self.half_open_probes, 1..=1_000)?;
        within("success_threshold", self.success_threshold, 1..=1_000)?;
        within("probe_timeout_seconds", self.probe_timeout_seconds, 1..=DAY)?;
        within("slow_call_ms", self.slow_call_ms, 1..=DAY * 1000)?;
        InvalidSetting::unless_within("slow_factor", self.slow_factor, 1.0..=100.0)?;
        within("terminal_open_seconds", self.terminal_open_seconds, 1..=DAY)
    }

    /// How long a circuit stays open for the `times`-th time in a row, counted from 1.
    pub(crate) fn open_time(&self, times: u32) -> Duration {
        let first = Duration::from_secs(u64::from(self.reset_timeout_seconds));
        let most = Duration::from_secs(u64::from(self.max_open_seconds)).max(first);
        let doublings = times.saturating_sub(1).min(31);
        first.saturating_mul(1 << doublings).min(most)
    }

    pub(crate) fn slow_call_time(&self) -> Duration {
        Duration::from_millis(u64::from(self.slow_call_ms))
    }

    pub(crate) fn terminal_open_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.terminal_open_seconds))
    }

    pub(crate) fn probe_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.probe_timeout_seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_nonsense_is_named() {
        assert_eq!(BreakerConfig::default().validate(), Ok(()));
        let refused = |config: BreakerConfig| config.validate().unwrap_err().to_string();
        assert_eq!(
            refused(BreakerConfig {
                failure_rate: 1.5,
                ..BreakerConfig::default()
            }),
            "failure_rate: must be 0 to 1, 1.5 was given"
        );
        let not_a_number = BreakerConfig {
            failure_rate: f64::NAN,
            ..BreakerConfig::default()
        };
        assert!(refused(not_a_number).starts_with("failure_rate: "));
        assert_eq!(
            refused(BreakerConfig {
                max_open_seconds: 10,
                ..BreakerConfig::default()
            }),
            "max_open_seconds: must be 60 to 86400, 10 was given"
        );
    }

    #[test]
    fn the_open_time_doubles_up_to_its_limit() {
        let config = BreakerConfig::default();
        let times = [1, 2, 3, 4, 5, 99].map(|times| config.open_time(times).as_secs());
        assert_eq!(times, [60, 120, 240, 480, 600, 600]);
    }
}
