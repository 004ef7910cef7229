//! Who may hand in a job: open doors, a free place, and a quota for each client. No HTTP here.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _, clock::DefaultClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    clients::network_of,
    config::RateLimit,
    problem::{Code, Problem},
};

/// Clients remembered before those with a full quota are forgotten.
const MAX_REMEMBERED_CLIENTS: usize = 4_096;

/// Decides on each new job. Shared by all connections.
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    capacity: usize,
    closed: AtomicBool,
    quota: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
}

impl Admission {
    pub(crate) fn new(capacity: usize, limit: &RateLimit) -> Self {
        let quota = NonZeroU32::new(limit.per_minute).map(|per_minute| {
            let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
            DefaultKeyedRateLimiter::keyed(Quota::per_minute(per_minute).allow_burst(burst))
        });
        let capacity = capacity.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
            closed: AtomicBool::new(false),
            quota,
            clock: DefaultClock::default(),
        }
    }

    /// A place for a job of this client, held until the permit is dropped.
    pub(crate) fn admit(&self, client: Option<IpAddr>) -> Result<OwnedSemaphorePermit, Problem> {
        if self.is_closed() {
            return Err(Problem::new(
                Code::ShuttingDown,
                "the service is shutting down and takes no new jobs: try again in a moment",
            )
            .retry_after(Duration::from_secs(5)));
        }
        if let (Some(quota), Some(client)) = (&self.quota, client) {
            if quota.len() > MAX_REMEMBERED_CLIENTS {
                quota.retain_recent();
            }
            quota.check_key(&network_of(client)).map_err(|not_until| {
                Problem::new(
                    Code::RateLimited,
                    "this client has sent its share of jobs for now",
                )
                .retry_after(not_until.wait_time_from(self.clock.now()))
            })?;
        }
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Problem::new(
                Code::Overloaded,
                format!(
                    "{} jobs are waiting or running, as many as the service takes: try again in a moment",
                    self.capacity
                ),
            )
            .retry_after(Duration::from_secs(2))
        })
    }

    /// From now on no job is admitted.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Places in all.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Places free.
    pub(crate) fn available(&self) -> usize {
        self.places.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn a_place_is_free_again_when_its_permit_is_dropped() {
        let admission = Admission::new(1, &RateLimit::default());
        let permit = admission.admit(CLIENT).unwrap();
        assert_eq!(admission.admit(CLIENT).unwrap_err().code, Code::Overloaded);
        drop(permit);
        assert!(admission.admit(CLIENT).is_ok());
    }

    #[test]
    fn a_client_over_its_quota_is_told_when_to_come_back() {
        let limit = RateLimit {
            per_minute: 1,
            burst: 2,
        };
        let admission = Admission::new(10, &limit);
        assert!(admission.admit(CLIENT).is_ok());
        assert!(admission.admit(CLIENT).is_ok());
        let problem = admission.admit(CLIENT).unwrap_err();
        assert_eq!(problem.code, Code::RateLimited);
        assert!(problem.retry_after > Some(Duration::from_secs(30)));
        let other = Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)));
        assert!(admission.admit(other).is_ok());
    }

    #[test]
    fn closed_doors_admit_nobody() {
        let admission = Admission::new(1, &RateLimit::default());
        admission.close();
        assert_eq!(
            admission.admit(CLIENT).unwrap_err().code,
            Code::ShuttingDown
        );
    }
}
