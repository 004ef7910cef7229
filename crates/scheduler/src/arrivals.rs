//! How many jobs a second arrive. Pure.

use std::time::Duration;

/// Seconds over which the two averages look back.
const LONG: f64 = 4.0;
const SHORT: f64 = 1.5;

/// A running estimate of the rate of arrivals: the smaller of a quick and a slow average, so that
/// a burst is not taken for the rule, and its end is seen at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArrivalRate {
    at: Duration,
    short: f64,
    long: f64,
}

impl ArrivalRate {
    /// Takes note of so many arrivals.
    pub fn arrived(&mut self, now: Duration, jobs: u32) {
        *self = self.faded(now);
        self.short += f64::from(jobs) / SHORT;
        self.long += f64::from(jobs) / LONG;
    }

    /// Arrivals a second.
    pub fn per_second(&self, now: Duration) -> f64 {
        let faded = self.faded(now);
        faded.short.min(faded.long)
    }

    fn faded(&self, now: Duration) -> Self {
        let elapsed = now.saturating_sub(self.at).as_secs_f64();
        Self {
            at: self.at.max(now),
            short: self.short * (-elapsed / SHORT).exp(),
            long: self.long * (-elapsed / LONG).exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_forgotten() {
        let mut rate = ArrivalRate::default();
        let at = |number: u64| Duration::from_millis(number * 100);
        for number in 0..400 {
            rate.arrived(at(number), 1);
        }
        let measured = rate.per_second(at(400));
        assert!((8.5..11.0).contains(&measured), "{measured}");
        assert!(rate.per_second(at(460)) < 0.5);
    }

    #[test]
    fn a_burst_is_not_the_rule() {
        let mut rate = ArrivalRate::default();
        rate.arrived(Duration::from_secs(1), 16);
        assert!(rate.per_second(Duration::from_secs(1)) < 4.1);
        assert!(rate.per_second(Duration::from_secs(4)) < 1.5);
    }
}
