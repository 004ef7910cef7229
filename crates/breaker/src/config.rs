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
    /// Latest calls over which shares are taken; 0 for no bound by number.
    pub window_calls: u32,
    /// Seconds after which a call no longer counts in them; 0 for no bound by age.
    pub window_seconds: u32,
    /// Calls from which on shares tell something; never more than `window_calls`. At least 1.
    pub minimum_calls: u32,
    /// Share of failures that opens a closed circuit, `0.0..=1.0`; 0 switches that rule off.
    pub failure_rate: f64,
    /// Share of calls that served far later than expected that opens a closed circuit, `0.0..=1.0`;
    /// 0 switches that rule off.
    pub slow_rate: f64,
    /// Seconds for which a circuit stays open the first time.
    pub reset_timeout_seconds: u32,
    /// The most seconds for which it stays open; the time doubles whenever a probe fails.
    pub max_open_seconds: u32,
    /// Share of such a longer time that chance adds to it, `0.0..=1.0`, so that services that lost
    /// a backend together do not come back together.
    pub reopen_jitter: f64,
    /// Probes that may be under way at once in a half-open circuit; at least 1.
    pub half_open_probes: u32,
    /// Seconds for which only calls that are as small as any that was refused may probe.
    pub probe_choice_seconds: u32,
    /// Probes that must succeed to close the circuit; at least 1.
    pub success_threshold: u32,
    /// Seconds after which a probe without a report counts as lost.
    pub probe_timeout_seconds: u32,
    /// Milliseconds from which on a call can be slow: one that ran out of time counts as a failure
    /// then, if the backend usually takes less.
    pub slow_call_ms: u32,
    /// The same as a multiple of the time that the backend's calls usually take.
    pub slow_factor: f64,
    /// Seconds for which a circuit stays open when nothing will work before somebody acts.
    pub terminal_open_seconds: u32,
    /// US dollars that calls which gave nothing may cost within `wasted_cost_seconds` before the
    /// circuit opens; 0 switches that rule off.
    pub wasted_cost: f64,
    /// Seconds over which that is summed up; at least 1.
    pub wasted_cost_seconds: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            window_calls: 20,
            window_seconds: 600,
            minimum_calls: 10,
            failure_rate: 0.5,
            slow_rate: 0.8,
            reset_timeout_seconds: 60,
            max_open_seconds: 600,
            reopen_jitter: 0.1,
            half_open_probes: 1,
            probe_choice_seconds: 5,
            success_threshold: 1,
            probe_timeout_seconds: 300,
            slow_call_ms: 2_000,
            slow_factor: 3.0,
            terminal_open_seconds: 3_600,
            wasted_cost: 1.0,
            wasted_cost_seconds: 60,
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
        within("window_seconds", self.window_seconds, 0..=DAY)?;
        within("minimum_calls", self.minimum_calls, 1..=10_000)?;
        InvalidSetting::unless_within("failure_rate", self.failure_rate, 0.0..=1.0)?;
        InvalidSetting::unless_within("slow_rate", self.slow_rate, 0.0..=1.0)?;
        within("reset_timeout_seconds", self.reset_timeout_seconds, 0..=DAY)?;
        within(
            "max_open_seconds",
            self.max_open_seconds,
            self.reset_timeout_seconds..=DAY,
        )?;
        InvalidSetting::unless_within("reopen_jitter", self.reopen_jitter, 0.0..=1.0)?;
        within("probe_choice_seconds", self.probe_choice_seconds, 0..=DAY)?;
        within("half_open_probes", self.half_open_probes, 1..=1_000)?;
        within("success_threshold", self.success_threshold, 1..=1_000)?;
        within("probe_timeout_seconds", self.probe_timeout_seconds, 1..=DAY)?;
        within("slow_call_ms", self.slow_call_ms, 1..=DAY * 1000)?;
        InvalidSetting::unless_within("slow_factor", self.slow_factor, 1.0..=100.0)?;
        within("terminal_open_seconds", self.terminal_open_seconds, 1..=DAY)?;
        InvalidSetting::unless_within("wasted_cost", self.wasted_cost, 0.0..=1e6)?;
        within("wasted_cost_seconds", self.wasted_cost_seconds, 1..=3_600)
    }

    /// How long a circuit stays open for the `times`-th time in a row, counted from 1, before what
    /// chance adds.
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

    pub(crate) fn probe_choice(&self) -> Duration {
        Duration::from_secs(u64::from(self.probe_choice_seconds))
    }

    pub(crate) fn window_age(&self) -> Option<Duration> {
        (self.window_seconds > 0).then(|| Duration::from_secs(u64::from(self.window_seconds)))
    }

    /// Calls in the window from which on shares tell something.
    pub(crate) fn enough_calls(&self) -> u32 {
        match self.window_calls {
            0 => self.minimum_calls.max(1),
            most => self.minimum_calls.clamp(1, most),
        }
    }

    /// The most that calls may waste, in millionths of a dollar, and the time over which.
    pub(crate) fn waste_limit(&self) -> Option<(u64, Duration)> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the conversion of a checked amount; it saturates"
        )]
        let limit = (self.wasted_cost * 1e6).ceil() as u64;
        let age = Duration::from_secs(u64::from(self.wasted_cost_seconds.max(1)));
        (limit > 0).then_some((limit, age))
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
