//! The time limits of a call under way.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use chat2svg_protocol::{CallFailure, Fault};
use tokio_util::sync::CancellationToken;

use crate::{CallConfig, CallLimits};

/// Waits for the pieces of an answer no longer than its limits allow. A limit of the provider that
/// is over is the provider's fault; the caller's deadline is nobody's.
#[derive(Debug)]
pub struct Watch {
    cancel: CancellationToken,
    deadline: Instant,
    whole: Instant,
    /// When the next piece is due.
    due: Instant,
    between: Duration,
    has_begun: bool,
    config: (Duration, Duration),
}

impl Watch {
    /// A watch over a call that begins now.
    pub fn new(config: &CallConfig, limits: &CallLimits) -> Self {
        let now = Instant::now();
        Self {
            cancel: limits.cancel.clone(),
            deadline: limits.deadline,
            whole: now + config.whole(),
            due: now + config.first(),
            between: config.between(),
            has_begun: false,
            config: (config.first(), config.whole()),
        }
    }

    /// A piece that counts has come; the next has its own time.
    pub fn progressed(&mut self) {
        self.has_begun = true;
        self.due = Instant::now() + self.between;
    }

    /// When the caller's time is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The future's output, unless a limit comes first.
    ///
    /// # Errors
    /// Which limit was over, with whose fault that is.
    pub async fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, CallFailure> {
        let until = self.due.min(self.whole).min(self.deadline);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(CallFailure::cancelled()),
            output = future => Ok(output),
            () = tokio::time::sleep_until(until.into()) => Err(self.over(until)),
        }
    }

    fn over(&self, until: Instant) -> CallFailure {
        let (first, whole) = self.config;
        if until == self.deadline {
            return CallFailure::late();
        }
        let reason = if until == self.whole {
            format!(
                "the answer was not complete after {} s",
                whole.as_secs_f64()
            )
        } else if self.has_begun {
            format!(
                "the answer stalled: nothing came for {} s",
                self.between.as_secs_f64()
            )
        } else {
            format!("no answer after {} s", first.as_secs_f64())
        };
        CallFailure::new(Fault::Provider, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(first: f64, between: f64, whole: f64, deadline: f64) -> Watch {
        let config = CallConfig {
            first_token_seconds: first,
            between_tokens_seconds: between,
            whole_seconds: whole,
            ..CallConfig::default()
        };
        let limits = CallLimits {
            deadline: Instant::now() + Duration::from_secs_f64(deadline),
            cancel: CancellationToken::new(),
            job: None,
        };
        Watch::new(&config, &limits)
    }

    async fn failure(watch: &Watch) -> CallFailure {
        watch.wait(std::future::pending::<()>()).await.unwrap_err()
    }

    #[actix_rt::test]
    async fn each_limit_has_its_own_reason_and_fault() {
        let late = failure(&watch(9.0, 9.0, 9.0, 0.01)).await;
        assert_eq!(late, CallFailure::late());
        let first = failure(&watch(0.01, 9.0, 9.0, 9.0)).await;
        assert_eq!(first.fault, Some(Fault::Provider));
        assert!(first.reason.starts_with("no answer"), "{first}");
        let whole = failure(&watch(9.0, 9.0, 0.01, 9.0)).await;
        assert!(whole.reason.contains("not complete"), "{whole}");
        let mut begun = watch(9.0, 0.01, 9.0, 9.0);
        begun.progressed();
        let stalled = failure(&begun).await;
        assert!(stalled.reason.contains("stalled"), "{stalled}");
    }

    #[actix_rt::test]
    async fn a_cancelled_call_ends_at_once_and_says_so() {
        let watch = watch(9.0, 9.0, 9.0, 9.0);
        watch.cancel.cancel();
        assert_eq!(failure(&watch).await, CallFailure::cancelled());
    }
}
