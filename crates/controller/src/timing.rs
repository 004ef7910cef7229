//! When a job must do what, as offsets from its submission. Pure arithmetic, no clock.

use std::time::Duration;

use chat2svg_protocol::Stage;

use crate::ControllerConfig;

/// Shortest window worth starting a stage for.
const SHORTEST_WINDOW: Duration = Duration::from_millis(30);
/// Between the time a stage is told to answer by and the time it is given up.
const GRACE: Duration = Duration::from_millis(20);

/// The moments that matter to one job, as offsets from its submission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    deadline: Duration,
    answer_at: Duration,
    compose_at: Duration,
    template_share: f64,
    detail_share: f64,
}

impl Timing {
    /// Splits a deadline. Margins shrink with it: a fifth for the answer, a quarter of the rest for
    /// the fallback composition, so that even a short deadline leaves time to work.
    pub fn new(deadline: Duration, config: &ControllerConfig) -> Self {
        let answer_margin = Duration::from_millis(config.answer_margin_ms).min(deadline / 5);
        let answer_at = deadline.saturating_sub(answer_margin);
        let compose_margin = Duration::from_millis(config.compose_margin_ms).min(answer_at / 4);
        Self {
            deadline,
            answer_at,
            compose_at: answer_at.saturating_sub(compose_margin),
            template_share: config.template_time_share.clamp(0.0, 1.0),
            detail_share: config.detail_time_share.clamp(0.0, 1.0),
        }
    }

    /// When the caller stops waiting.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// When the result must be on its way out.
    pub fn answer_at(&self) -> Duration {
        self.answer_at
    }

    /// When a composition must be begun if there is no document yet.
    pub fn compose_at(&self) -> Duration {
        self.compose_at
    }

    /// By when a stage that starts now must answer, or `None` when it is not worth starting.
    /// Early stages leave time to those that follow; `limit` is when it would be given up.
    pub fn stage_until(
        &self,
        stage: Stage,
        now: Duration,
        limit: Duration,
        others_follow: bool,
    ) -> Option<Duration> {
        let window = limit.saturating_sub(now).saturating_sub(GRACE);
        if window < SHORTEST_WINDOW {
            return None;
        }
        let share = match stage {
            _ if !others_follow => 1.0,
            Stage::Template => self.template_share,
            Stage::Detail => self.detail_share,
            Stage::Optimize => 1.0,
        };
        Some(now + window.mul_f64(share).max(SHORTEST_WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_usual_deadline_uses_the_configured_margins() {
        let config = ControllerConfig::default();
        let timing = Timing::new(Duration::from_secs(10), &config);
        assert_eq!(
            timing.deadline() - timing.answer_at(),
            Duration::from_millis(config.answer_margin_ms)
        );
        assert_eq!(
            timing.answer_at() - timing.compose_at(),
            Duration::from_millis(config.compose_margin_ms)
        );
    }

    #[test]
    fn early_stages_leave_time_to_later_ones() {
        let timing = Timing::new(Duration::from_secs(10), &ControllerConfig::default());
        let limit = timing.answer_at();
        let shared = timing.stage_until(Stage::Detail, Duration::ZERO, limit, true);
        let alone = timing.stage_until(Stage::Detail, Duration::ZERO, limit, false);
        assert!(shared < alone);
        assert!(alone < Some(limit));
    }

    proptest! {
        #[test]
        fn moments_are_in_order(deadline_ms in 0u64..10_000_000, now_ms in 0u64..10_000_000) {
            let timing = Timing::new(Duration::from_millis(deadline_ms), &ControllerConfig::default());
            prop_assert!(timing.compose_at() <= timing.answer_at());
            prop_assert!(timing.answer_at() <= timing.deadline());
            let now = Duration::from_millis(now_ms);
            for stage in Stage::ALL {
                for follow in [false, true] {
                    if let Some(until) = timing.stage_until(stage, now, timing.answer_at(), follow) {
                        prop_assert!(until > now);
                        prop_assert!(until < timing.answer_at());
                    }
                }
            }
        }
    }
}
