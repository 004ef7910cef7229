//! When jobs arrive.

use std::{f64::consts::TAU, time::Duration};

use chat2svg_protocol::{LevelChoice, Priority};
use rand::RngExt as _;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A job that arrives; a line of a recorded trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Seconds since the start.
    pub at: f64,
    /// Milliseconds that it has.
    pub deadline_ms: u64,
    /// Which client.
    #[serde(default)]
    pub client: u64,
    /// The level asked for.
    #[serde(default)]
    pub level: LevelChoice,
    /// Whether somebody waits.
    #[serde(default)]
    pub priority: Priority,
    /// Whether a picture from outside is vectorised; else words are drawn.
    #[serde(default)]
    pub vectorize: bool,
}

/// A recorded trace cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line} of the trace: {reason}")]
pub struct TraceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// How jobs arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Independently of each other.
    Poisson,
    /// The same, three times as many for five seconds of every twenty, a third in between.
    Bursty,
    /// The rate swings between nothing and twice its mean, once in the whole trace.
    Diurnal,
}

impl Trace {
    /// All, by name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("poisson", Self::Poisson),
        ("bursty", Self::Bursty),
        ("diurnal", Self::Diurnal),
    ];

    /// `jobs` arrivals of `clients` at `rate` a second on the mean, each with `deadline`. Some
    /// clients send far more than others.
    pub fn arrivals(
        self,
        jobs: u32,
        rate: f64,
        deadline: Duration,
        clients: u32,
        seed: u64,
    ) -> impl Iterator<Item = Arrival> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let whole = f64::from(jobs) / rate;
        let most = 3.0 * rate;
        let mut at = 0.0_f64;
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        (0..jobs).map(move |_| {
            // Thinning: candidates at the highest rate, kept with the share of the present one.
            loop {
                at -= (1.0 - rng.random::<f64>()).ln() / most;
                let present = match self {
                    Self::Poisson => rate,
                    Self::Bursty if at % 20.0 < 5.0 => 3.0 * rate,
                    Self::Bursty => rate / 3.0,
                    Self::Diurnal => rate * (1.0 - (TAU * at / whole).cos()),
                };
                if rng.random::<f64>() * most < present {
                    break;
                }
            }
            let unequal = rng.random::<f64>().powi(3);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "below the number of clients"
            )]
            let client = (unequal * f64::from(clients.max(1))) as u64;
            Arrival {
                at,
                deadline_ms,
                client,
                level: LevelChoice::Auto,
                priority: Priority::Interactive,
                vectorize: false,
            }
        })
    }

    /// Reads a recorded trace: an [`Arrival`] as JSON on each line, in their order in time.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn read(text: &str) -> Result<Vec<Arrival>, TraceError> {
        let mut arrivals: Vec<Arrival> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let fault = |reason: String| TraceError {
                line: index + 1,
                reason,
            };
            let arrival: Arrival =
                serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            if !(0.0..=1e9).contains(&arrival.at) {
                return Err(fault("\"at\" must be 0 to 1000000000 seconds".to_owned()));
            }
            if arrivals.last().is_some_and(|last| last.at > arrival.at) {
                return Err(fault("it arrives before the line above it".to_owned()));
            }
            arrivals.push(arrival);
        }
        Ok(arrivals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_have_the_rate_that_was_asked_for_and_repeat() {
        for (name, trace) in Trace::ALL {
            let make = || trace.arrivals(20_000, 8.0, Duration::from_secs(3), 16, 7);
            let arrivals: Vec<Arrival> = make().collect();
            let last = arrivals.last().unwrap().at;
            let rate = 20_000.0 / last;
            assert!((7.0..9.2).contains(&rate), "{name}: {rate}");
            assert!(arrivals.is_sorted_by(|one, other| one.at <= other.at));
            assert!(make().eq(arrivals), "{name}");
        }
    }

    #[test]
    fn recorded_traces_are_read_and_faults_are_named_by_line() {
        let text = "{\"at\": 0.5, \"deadline_ms\": 3000}\n\n{\"at\": 1, \"deadline_ms\": 90, \"level\": \"low\"}\n";
        let arrivals = Trace::read(text).unwrap();
        assert_eq!(arrivals.len(), 2);
        assert_eq!(arrivals[1].level, LevelChoice::Low);
        let fault = |text: &str| Trace::read(text).unwrap_err();
        assert_eq!(
            fault("{\"at\": 1, \"deadline_ms\": 9}\n{\"at\": 0, \"deadline_ms\": 9}").line,
            2
        );
        assert_eq!(fault("{\"at\": -1, \"deadline_ms\": 9}").line, 1);
        assert!(fault("{\"when\": 1}").reason.contains("when"));
    }
}
