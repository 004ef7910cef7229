//! Whether a job is taken on: only if it can be answered by its deadline, and not at the cost of
//! other clients. Pure; the scheduler makes the forecast, whoever stands at the door asks it.

use std::{collections::HashMap, time::Duration};

use chat2svg_protocol::{ClientKey, Priority};

/// Share of the places that batch jobs may take.
const BATCH_SHARE: f64 = 0.5;
/// Share of the places in use from which clients are held to their share.
const CROWDED: f64 = 0.5;
/// The shortest time after which it is worth asking again.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// What a job that arrives now has to expect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Seconds until all that is there is served at the least that each job can be served with.
    pub wait_seconds: f64,
    /// Seconds of the whole machine that one more job takes at the least.
    pub job_seconds: f64,
    /// Seconds from the start of a job to its answer at the least.
    pub least_seconds: f64,
    /// Jobs that may wait and run at once, as latency has shown.
    pub places: u32,
    /// Jobs that wait or run.
    pub jobs: u32,
}

impl Default for Forecast {
    /// Of an idle machine of which nothing is known.
    fn default() -> Self {
        Self {
            wait_seconds: 0.0,
            job_seconds: 0.0,
            least_seconds: 0.0,
            places: u32::MAX,
            jobs: 0,
        }
    }
}

/// Why a job is not taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It could not be answered by its deadline.
    Late,
    /// As much is under way as can be.
    Full,
    /// Its client has as many jobs under way as its share.
    Share,
    /// Batch jobs have as many places as they may.
    Batch,
}

/// A job at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Time that it has.
    pub deadline: Duration,
    /// Who asks.
    pub client: ClientKey,
    /// Whether somebody waits.
    pub priority: Priority,
}

/// Who is inside.
#[derive(Clone, Debug, Default)]
pub struct Door {
    clients: HashMap<ClientKey, u32>,
    jobs: u32,
    batch: u32,
}

impl Door {
    /// Jobs inside.
    pub fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Whether a job is let in; if so, it counts from now on.
    ///
    /// # Errors
    /// Why not, and after what time it is worth asking again.
    pub fn admit(
        &mut self,
        request: &Request,
        forecast: &Forecast,
        most: u32,
    ) -> Result<(), (Refusal, Duration)> {
        let places = forecast.places.min(most).max(1);
        // Let in since the forecast was made.
        let since = f64::from(self.jobs.saturating_sub(forecast.jobs));
        let wait = forecast.wait_seconds + since * forecast.job_seconds;
        let answered = wait + forecast.least_seconds;
        let late_by = answered - request.deadline.as_secs_f64();
        if late_by > 0.0 {
            return Err((Refusal::Late, pause(late_by)));
        }
        if self.jobs >= places {
            let turn = wait / f64::from(self.jobs.max(1));
            return Err((Refusal::Full, pause(turn)));
        }
        if request.priority == Priority::Batch
            && f64::from(self.batch) >= (BATCH_SHARE * f64::from(places)).max(1.0)
        {
            return Err((Refusal::Batch, pause(wait)));
        }
        let own = self.clients.get(&request.client).copied().unwrap_or(0);
        if f64::from(self.jobs) >= CROWDED * f64::from(places) {
            let others = self.clients.len() - usize::from(own > 0);
            let clients = u32::try_from(others + 1).unwrap_or(u32::MAX);
            if own > 0 && own >= (places / clients).max(1) {
                return Err((Refusal::Share, pause(wait)));
            }
        }
        *self.clients.entry(request.client).or_default() += 1;
        self.jobs += 1;
        self.batch += u32::from(request.priority == Priority::Batch);
        Ok(())
    }

    /// A job that was let in is over.
    pub fn leave(&mut self, client: ClientKey, priority: Priority) {
        self.jobs = self.jobs.saturating_sub(1);
        if priority == Priority::Batch {
            self.batch = self.batch.saturating_sub(1);
        }
        if let Some(own) = self.clients.get_mut(&client) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                self.clients.remove(&client);
            }
        }
    }
}

fn pause(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.min(3600.0))
        .unwrap_or_default()
        .max(LEAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUSY: Forecast = Forecast {
        wait_seconds: 2.0,
        job_seconds: 0.05,
        least_seconds: 0.1,
        places: 40,
        jobs: 10,
    };

    fn request(deadline_ms: u64, client: u64) -> Request {
        Request {
            deadline: Duration::from_millis(deadline_ms),
            client: ClientKey(client),
            priority: Priority::Interactive,
        }
    }

    #[test]
    fn what_cannot_be_answered_in_time_is_told_at_once_and_when_to_come_back() {
        let mut door = Door::default();
        let (why, pause) = door.admit(&request(500, 1), &BUSY, 99).unwrap_err();
        assert_eq!(why, Refusal::Late);
        assert!((Duration::from_millis(1_500)..Duration::from_millis(1_700)).contains(&pause));
        assert_eq!(door.admit(&request(3_000, 1), &BUSY, 99), Ok(()));
    }

    #[test]
    fn what_was_let_in_since_the_forecast_counts() {
        let mut door = Door::default();
        let forecast = Forecast { jobs: 0, ..BUSY };
        let let_in = (0..40)
            .filter(|client| door.admit(&request(3_000, *client), &forecast, 99).is_ok())
            .count();
        assert!((15..=19).contains(&let_in), "{let_in}");
    }

    #[test]
    fn a_client_that_floods_leaves_room_for_others() {
        let mut door = Door::default();
        let forecast = Forecast {
            wait_seconds: 0.0,
            job_seconds: 0.0,
            ..BUSY
        };
        let flood = (0..60)
            .filter(|_| door.admit(&request(9_000, 1), &forecast, 99).is_ok())
            .count();
        assert_eq!(flood, 40, "a lone client may have everything");
        for _ in 0..10 {
            door.leave(ClientKey(1), Priority::Interactive);
        }
        assert_eq!(door.admit(&request(9_000, 2), &forecast, 99), Ok(()));
        let refused = door.admit(&request(9_000, 1), &forecast, 99).unwrap_err();
        assert_eq!(refused.0, Refusal::Share);
        assert_eq!(door.admit(&request(9_000, 2), &forecast, 99), Ok(()));
    }

    #[test]
    fn batch_jobs_have_half_of_the_places() {
        let mut door = Door::default();
        let batch = |client| Request {
            priority: Priority::Batch,
            ..request(60_000, client)
        };
        let let_in = (0..60)
            .filter(|client| door.admit(&batch(*client), &BUSY, 99).is_ok())
            .count();
        assert_eq!(let_in, 20);
        assert_eq!(door.admit(&request(9_000, 99), &BUSY, 99), Ok(()));
    }

    proptest! {
        #[test]
        fn who_leaves_makes_room_and_nobody_is_counted_twice(
            steps in proptest::collection::vec((0_u64..4, any::<bool>(), any::<bool>()), 0..200),
        ) {
            let mut door = Door::default();
            let mut inside: Vec<Request> = Vec::new();
            for (client, leaves, is_batch) in steps {
                if leaves {
                    if let Some(request) = inside.pop() {
                        door.leave(request.client, request.priority);
                    }
                    continue;
                }
                let priority = if is_batch { Priority::Batch } else { Priority::Interactive };
                let request = Request { priority, ..request(9_000, client) };
                if door.admit(&request, &Forecast { wait_seconds: 0.0, ..BUSY }, 12).is_ok() {
                    inside.push(request);
                }
                prop_assert!(inside.len() <= 12);
                prop_assert_eq!(door.jobs() as usize, inside.len());
            }
            for request in inside {
                door.leave(request.client, request.priority);
            }
            prop_assert_eq!((door.jobs(), door.batch, door.clients.len()), (0, 0, 0));
        }
    }
}
