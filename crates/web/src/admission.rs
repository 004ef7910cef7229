//! Who may hand in a job: open doors, a quota for each client, and whether the job can be answered
//! in time. No HTTP here.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chat2svg_keys::Key;
use chat2svg_protocol::{ClientKey, JobOptions, Owner, Permit, Priority};
use chat2svg_scheduler::{
    SharedForecast,
    admission::{Door, Refusal, Request},
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _, clock::DefaultClock};

use crate::{
    clients::network_of,
    config::RateLimit,
    problem::{Code, Problem},
};

/// Clients remembered before those with a full quota are forgotten.
const MAX_REMEMBERED_CLIENTS: usize = 4_096;

/// What was decided for a new job.
pub(crate) struct Admitted {
    /// Held until the job ends.
    pub(crate) permit: Permit,
    /// Who asks, for fairness.
    pub(crate) client: ClientKey,
    /// Whose job it is.
    pub(crate) owner: Owner,
    /// The key that it comes with.
    pub(crate) key: Option<Key>,
}

/// Decides on each new job. Shared by all connections.
pub(crate) struct Admission {
    door: Arc<Mutex<Door>>,
    forecast: SharedForecast,
    capacity: usize,
    closed: AtomicBool,
    quota: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
}

impl Admission {
    pub(crate) fn new(capacity: usize, limit: &RateLimit, forecast: SharedForecast) -> Self {
        let quota = NonZeroU32::new(limit.per_minute).map(|per_minute| {
            let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
            DefaultKeyedRateLimiter::keyed(Quota::per_minute(per_minute).allow_burst(burst))
        });
        Self {
            door: Arc::default(),
            forecast,
            capacity,
            closed: AtomicBool::new(false),
            quota,
            clock: DefaultClock::default(),
        }
    }

    /// A place for a job of this client, held until the permit is dropped, and what the client is
    /// called inside: `name`, or else a name that follows from its address.
    pub(crate) fn admit(
        &self,
        client: Option<IpAddr>,
        name: Option<ClientKey>,
        options: &JobOptions,
    ) -> Result<(Permit, ClientKey), Problem> {
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
        let client = name.unwrap_or_else(|| client.map_or_else(ClientKey::default, key_of));
        let request = Request {
            deadline: Duration::from_millis(options.deadline_ms),
            client,
            priority: options.priority,
        };
        let most = u32::try_from(self.capacity).unwrap_or(u32::MAX);
        let mut door = lock(&self.door);
        door.admit(&request, &self.forecast.get(), most)
            .map_err(|(refusal, pause)| {
                self.forecast.turned_away();
                refused(refusal, door.jobs(), options).retry_after(pause)
            })?;
        let place = HeldPlace {
            door: Arc::clone(&self.door),
            client,
            priority: options.priority,
        };
        Ok((Permit::holding(place), client))
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
        let most = self.forecast.get().places as usize;
        let taken = lock(&self.door).jobs() as usize;
        self.capacity.min(most).saturating_sub(taken)
    }
}

/// A place at the door; free again when dropped.
struct HeldPlace {
    door: Arc<Mutex<Door>>,
    client: ClientKey,
    priority: Priority,
}

impl Drop for HeldPlace {
    fn drop(&mut self) {
        lock(&self.door).leave(self.client, self.priority);
    }
}

/// Also after a panic: none of its operations is left half done.
fn lock(door: &Mutex<Door>) -> MutexGuard<'_, Door> {
    door.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for all addresses of a network, as quotas are.
fn key_of(client: IpAddr) -> ClientKey {
    let mut hasher = DefaultHasher::new();
    network_of(client).hash(&mut hasher);
    ClientKey(hasher.finish())
}

fn refused(refusal: Refusal, jobs: u32, options: &JobOptions) -> Problem {
    match refusal {
        Refusal::Late => Problem::new(
            Code::Overloaded,
            format!(
                "{jobs} jobs are waiting or running, and this one could not be answered within its {} ms: \
                 allow more time, or try again later",
                options.deadline_ms
            ),
        ),
        Refusal::Full => Problem::new(
            Code::Overloaded,
            format!(
                "{jobs} jobs are waiting or running, as many as the service takes: try again in a moment"
            ),
        ),
        Refusal::Batch => Problem::new(
            Code::Overloaded,
            "batch jobs have as many places as they may: try again later, or ask for it as an \
             interactive job if somebody waits for it",
        ),
        Refusal::Share => Problem::new(
            Code::RateLimited,
            "the service is crowded and this client has as many jobs under way as its share: wait \
             for one of them to end",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn options() -> JobOptions {
        JobOptions {
            seed: 0,
            deadline_ms: 10_000,
            level: Default::default(),
            priority: Priority::default(),
            webhook: None,
            palette: None,
            output: Default::default(),
        }
    }

    fn admission(capacity: usize, limit: &RateLimit) -> Admission {
        Admission::new(capacity, limit, SharedForecast::default())
    }

    #[test]
    fn a_place_is_free_again_when_its_permit_is_dropped() {
        let admission = admission(1, &RateLimit::default());
        let permit = admission.admit(CLIENT, None, &options()).unwrap();
        let problem = admission.admit(CLIENT, None, &options()).unwrap_err();
        assert_eq!(problem.code, Code::Overloaded);
        assert!(problem.retry_after.is_some());
        assert_eq!(admission.available(), 0);
        drop(permit);
        assert!(admission.admit(CLIENT, None, &options()).is_ok());
    }

    #[test]
    fn a_client_over_its_quota_is_told_when_to_come_back() {
        let limit = RateLimit {
            per_minute: 1,
            burst: 2,
        };
        let admission = admission(10, &limit);
        let _first = admission.admit(CLIENT, None, &options()).unwrap();
        let _second = admission.admit(CLIENT, None, &options()).unwrap();
        let problem = admission.admit(CLIENT, None, &options()).unwrap_err();
        assert_eq!(problem.code, Code::RateLimited);
        assert!(problem.retry_after > Some(Duration::from_secs(30)));
        let other = Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)));
        assert!(admission.admit(other, None, &options()).is_ok());
    }

    #[test]
    fn closed_doors_admit_nobody() {
        let admission = admission(1, &RateLimit::default());
        admission.close();
        let problem = admission.admit(CLIENT, None, &options()).unwrap_err();
        assert_eq!(problem.code, Code::ShuttingDown);
    }
}
