//! What calls cost, and how much they may. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use chat2svg_protocol::{CallFailure, Fault, JobId};
use serde::{Deserialize, Serialize};

/// An amount in US dollars.
pub type Money = f64;

/// What a token costs. Zero where nothing is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// A million tokens that are sent.
    pub input_per_million: f64,
    /// A million tokens that come back.
    pub output_per_million: f64,
}

impl Price {
    /// What so many tokens cost.
    pub fn of(&self, input: u64, output: u64) -> Money {
        (input as f64 * self.input_per_million + output as f64 * self.output_per_million) / 1e6
    }

    /// Whether anything costs anything.
    pub fn is_free(&self) -> bool {
        self.input_per_million == 0.0 && self.output_per_million == 0.0
    }
}

/// Jobs whose spending is remembered; the oldest are forgotten first.
const MAX_JOBS: usize = 4096;

/// What has been spent in the last minute and by each job, and the limits of both. What a call may
/// cost at most is set aside before it is sent, and what it did cost put in its place afterwards.
#[derive(Debug)]
pub struct Purse {
    per_job: Money,
    per_minute: Money,
    jobs: HashMap<JobId, Money>,
    order: VecDeque<JobId>,
    minute: VecDeque<(Instant, Money)>,
}

/// Money set aside for a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    job: Option<JobId>,
    amount: Money,
    at: Instant,
}

impl Purse {
    /// A purse with limits per job and per minute; 0 sets none.
    pub fn new(per_job: Money, per_minute: Money) -> Self {
        Self {
            per_job,
            per_minute,
            jobs: HashMap::new(),
            order: VecDeque::new(),
            minute: VecDeque::new(),
        }
    }

    /// Sets aside what a call may cost.
    ///
    /// # Errors
    /// When a limit does not allow it.
    pub(crate) fn set_aside(
        &mut self,
        job: Option<JobId>,
        amount: Money,
        now: Instant,
    ) -> Result<Share, CallFailure> {
        self.forget(now);
        let spent = job
            .and_then(|job| self.jobs.get(&job))
            .copied()
            .unwrap_or(0.0);
        if self.per_job > 0.0 && spent + amount > self.per_job {
            let reason = format!(
                "the job's cost budget of {} does not allow it: {spent:.4} spent, up to {amount:.4} more",
                self.per_job
            );
            return Err(CallFailure::new(Fault::Request, reason));
        }
        let total: Money = self.minute.iter().map(|(_, amount)| amount).sum();
        if self.per_minute > 0.0 && total + amount > self.per_minute {
            let oldest = self.minute.front().map_or(now, |(at, _)| *at);
            let retry_after = (oldest + MINUTE).saturating_duration_since(now);
            if amount > self.per_minute {
                let reason = format!(
                    "one call may cost {amount:.4}, more than the cost budget of a minute, {}",
                    self.per_minute
                );
                return Err(CallFailure::new(Fault::Request, reason));
            }
            let reason = format!(
                "the cost budget of {} a minute is used up for the next {:.0} s",
                self.per_minute,
                retry_after.as_secs_f64()
            );
            return Err(CallFailure::new(Fault::Busy { retry_after }, reason));
        }
        self.add(job, amount, now);
        Ok(Share {
            job,
            amount,
            at: now,
        })
    }

    /// Puts what a call did cost in the place of what was set aside.
    pub(crate) fn settle(&mut self, share: Share, cost: Money) {
        let difference = cost - share.amount;
        if let Some(spent) = share.job.and_then(|job| self.jobs.get_mut(&job)) {
            *spent += difference;
        }
        if let Some((_, amount)) = self
            .minute
            .iter_mut()
            .find(|(at, amount)| *at == share.at && *amount == share.amount)
        {
            *amount = cost;
        }
    }

    /// What a job has spent, calls under way included.
    pub fn spent(&self, job: JobId) -> Money {
        self.jobs.get(&job).copied().unwrap_or(0.0)
    }

    fn add(&mut self, job: Option<JobId>, amount: Money, now: Instant) {
        self.minute.push_back((now, amount));
        let Some(job) = job else { return };
        if !self.jobs.contains_key(&job) {
            self.order.push_back(job);
        }
        *self.jobs.entry(job).or_insert(0.0) += amount;
    }

    fn forget(&mut self, now: Instant) {
        while self
            .minute
            .front()
            .is_some_and(|(at, _)| *at + MINUTE <= now)
        {
            self.minute.pop_front();
        }
        while self.order.len() > MAX_JOBS {
            if let Some(job) = self.order.pop_front() {
                self.jobs.remove(&job);
            }
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: u128) -> Option<JobId> {
        Some(JobId(uuid::Uuid::from_u128(number)))
    }

    #[test]
    fn a_job_cannot_spend_more_than_its_budget() {
        let mut purse = Purse::new(1.0, 0.0);
        let now = Instant::now();
        let share = purse.set_aside(job(1), 0.8, now).unwrap();
        let refused = purse.set_aside(job(1), 0.3, now).unwrap_err();
        assert_eq!(refused.fault, Some(Fault::Request));
        assert!(
            purse.set_aside(job(2), 0.3, now).is_ok(),
            "another job has its own"
        );
        purse.settle(share, 0.1);
        assert!((purse.spent(job(1).unwrap()) - 0.1).abs() < 1e-9);
        assert!(
            purse.set_aside(job(1), 0.3, now).is_ok(),
            "it cost less than was feared"
        );
    }

    #[test]
    fn a_minute_that_is_spent_says_when_the_next_begins() {
        let mut purse = Purse::new(0.0, 1.0);
        let start = Instant::now();
        purse.set_aside(job(1), 0.9, start).unwrap();
        let now = start + Duration::from_secs(20);
        let refused = purse.set_aside(job(2), 0.2, now).unwrap_err();
        let retry_after = Duration::from_secs(40);
        assert_eq!(refused.fault, Some(Fault::Busy { retry_after }));
        assert!(purse.set_aside(job(2), 0.2, start + MINUTE).is_ok());
    }

    #[test]
    fn a_call_that_no_minute_can_pay_is_the_requests_own_fault() {
        let mut purse = Purse::new(0.0, 1.0);
        let refused = purse.set_aside(None, 1.5, Instant::now()).unwrap_err();
        assert_eq!(refused.fault, Some(Fault::Request));
    }

    #[test]
    fn prices_are_per_million() {
        let price = Price {
            input_per_million: 3.0,
            output_per_million: 15.0,
        };
        assert!((price.of(1000, 2000) - 0.033).abs() < 1e-12);
        assert!(Price::default().is_free());
    }
}
