//! Starts actors, polls them, and starts them anew when they died or hang.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix::{Actor, Arbiter, Context, Handler};
use actix_rt::ArbiterHandle;
use chat2svg_protocol::{ActorHealth, InvalidSetting};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    backoff::Backoff,
    poll::Poll,
    slot::{Seat, Slot},
};

/// Missed polls in a row after which an actor counts as hanging. Two, so that a process that was
/// paused as a whole (suspended, or starved of CPU) does not lose its actors on waking.
const MISSED_POLLS: u32 = 2;

/// When the watchdog polls, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchdogPolicy {
    /// Milliseconds between polls.
    pub poll_interval_ms: u64,
    /// Milliseconds that an actor has to answer; it is replaced after two misses in a row.
    pub poll_timeout_ms: u64,
    /// Milliseconds before the first restart; doubles with every further one.
    pub backoff_min_ms: u64,
    /// The most milliseconds before a restart; an actor that lived longer starts at the minimum
    /// again.
    pub backoff_max_ms: u64,
}

impl Default for WatchdogPolicy {
    fn default() -> Self {
        Self {
            poll_interval_ms: 1_000,
            poll_timeout_ms: 5_000,
            backoff_min_ms: 50,
            backoff_max_ms: 30_000,
        }
    }
}

impl WatchdogPolicy {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        const HOUR: u64 = 3_600_000;
        InvalidSetting::unless_within("poll_interval_ms", self.poll_interval_ms, 1..=HOUR)?;
        InvalidSetting::unless_within("poll_timeout_ms", self.poll_timeout_ms, 1..=HOUR)?;
        InvalidSetting::unless_within("backoff_min_ms", self.backoff_min_ms, 1..=HOUR)?;
        InvalidSetting::unless_within(
            "backoff_max_ms",
            self.backoff_max_ms,
            self.backoff_min_ms..=HOUR,
        )
    }
}

/// Looks after actors. Clones share the same actors.
#[derive(Clone)]
pub struct Watchdog {
    shared: Arc<Shared>,
}

struct Shared {
    policy: WatchdogPolicy,
    /// A thread of its own, so that no actor that hogs its thread delays the polls.
    arbiter: ArbiterHandle,
    wards: Mutex<Vec<Arc<dyn Ward>>>,
    stop: CancellationToken,
}

trait Ward: Send + Sync {
    fn health(&self) -> ActorHealth;
}

impl<A: Actor<Context = Context<A>>> Ward for Seat<A> {
    fn health(&self) -> ActorHealth {
        Self::health(self)
    }
}

impl Watchdog {
    /// A watchdog on a thread of its own.
    ///
    /// # Panics
    /// Outside of an actix system.
    pub fn new(policy: WatchdogPolicy) -> Self {
        Self {
            shared: Arc::new(Shared {
                policy,
                arbiter: Arbiter::new().handle(),
                wards: Mutex::new(Vec::new()),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Starts an actor on `arbiter` and looks after it from now on: when it died it is started
    /// anew there, when it hangs it is replaced by one on a new arbiter. The factory runs on the
    /// actor's arbiter.
    pub fn start<A, F>(&self, slot: &Slot<A>, arbiter: &ArbiterHandle, factory: F)
    where
        A: Actor<Context = Context<A>> + Handler<Poll>,
        F: Fn() -> A + Send + Sync + 'static,
    {
        let care = Care {
            seat: Arc::clone(&slot.seat),
            factory: Arc::new(factory),
            policy: self.shared.policy,
            stop: self.shared.stop.clone(),
        };
        let ward: Arc<dyn Ward> = Arc::<Seat<A>>::clone(&slot.seat);
        self.shared
            .wards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ward);
        care.start_on(arbiter);
        let home = Home {
            handle: arbiter.clone(),
            ours: false,
        };
        self.shared.arbiter.spawn(care.run(home));
    }

    /// How all actors stand, in the order in which they were started.
    pub fn health(&self) -> Vec<ActorHealth> {
        self.shared
            .wards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|ward| ward.health())
            .collect()
    }

    /// Restarts nothing any more. Actors that live go on until the system stops.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }
}

/// The arbiter that an actor lives on.
struct Home {
    handle: ArbiterHandle,
    /// Whether the watchdog made it for this actor alone.
    ours: bool,
}

impl Home {
    fn new() -> Self {
        Self {
            handle: Arbiter::new().handle(),
            ours: true,
        }
    }

    fn lives(&self) -> bool {
        self.handle.spawn_fn(|| ())
    }

    /// A new home in place of this one, whose thread hangs or ended.
    fn leave(self) -> Self {
        if self.ours {
            self.handle.stop();
        }
        Self::new()
    }
}

/// Why an incarnation is over.
enum Ending {
    Died,
    Hangs,
    Stopped,
}

/// All that is needed to look after one actor.
struct Care<A: Actor, F> {
    seat: Arc<Seat<A>>,
    factory: Arc<F>,
    policy: WatchdogPolicy,
    stop: CancellationToken,
}

impl<A, F> Care<A, F>
where
    A: Actor<Context = Context<A>> + Handler<Poll>,
    F: Fn() -> A + Send + Sync + 'static,
{
    fn start_on(&self, arbiter: &ArbiterHandle) {
        let factory = Arc::clone(&self.factory);
        self.seat
            .fill(A::start_in_arbiter(arbiter, move |_| factory()));
    }

    async fn run(self, mut home: Home) {
        let mut backoff = Backoff::new(
            Duration::from_millis(self.policy.backoff_min_ms),
            Duration::from_millis(self.policy.backoff_max_ms),
        );
        let name = self.seat.name;
        loop {
            let born = Instant::now();
            match self.until_the_end().await {
                Ending::Stopped => break,
                Ending::Died => error!(actor = name, "actor died"),
                Ending::Hangs => {
                    error!(actor = name, "actor hangs; it is replaced on a new thread");
                    home = home.leave();
                }
            }
            self.seat.empty();
            let wait = backoff.wait_after(born.elapsed());
            warn!(actor = name, wait_ms = wait.as_millis(), "actor restarts");
            if self.stop.run_until_cancelled(sleep(wait)).await.is_none() {
                break;
            }
            if !home.lives() {
                home = home.leave();
            }
            self.seat.count_restart();
            self.start_on(&home.handle);
        }
        self.seat.retire();
        info!(actor = name, "actor is no longer watched");
    }

    async fn until_the_end(&self) -> Ending {
        let interval = Duration::from_millis(self.policy.poll_interval_ms);
        let patience = Duration::from_millis(self.policy.poll_timeout_ms);
        let mut missed = 0;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ending::Stopped,
                () = self.seat.look.notified() => {}
                () = sleep(interval) => {}
            }
            let Some(address) = self.seat.address() else {
                return Ending::Died;
            };
            let panics = self.seat.take_injected_panic();
            match timeout(patience, address.send(Poll { panics })).await {
                Ok(Ok(())) => {
                    missed = 0;
                    self.seat.set_alive(true);
                }
                Ok(Err(_)) => return Ending::Died,
                Err(_) => {
                    missed += 1;
                    self.seat.set_alive(false);
                    if missed == MISSED_POLLS {
                        return Ending::Hangs;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_nonsense_is_named() {
        assert_eq!(WatchdogPolicy::default().validate(), Ok(()));
        let policy = WatchdogPolicy {
            backoff_max_ms: 1,
            ..WatchdogPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "backoff_max_ms: must be 50 to 3600000, 1 was given"
        );
    }
}
