//! How much may be under way at once, learnt from how long it takes: a limit that grows while
//! latency stays at its best and shrinks when it rises or calls fail (after the gradient limit of
//! Netflix's concurrency-limits). Pure.

/// A limit of concurrency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveLimit {
    limit: f64,
    least: f64,
    most: f64,
    /// Latency of late, and the least that it was, which is forgotten slowly.
    latency: Option<(f64, f64)>,
}

/// Weight of a call in the latency of late.
const LATEST: f64 = 0.2;
/// How fast the least latency is forgotten, with each call.
const FORGETTING: f64 = 1.0001;
/// How much a limit moves with each call.
const SMOOTHING: f64 = 0.2;
/// Latency above the least that is no reason to shrink.
const TOLERANCE: f64 = 1.5;
/// What a call that failed of overload leaves of the limit.
const BACK_OFF: f64 = 0.9;

impl AdaptiveLimit {
    /// A limit between `least` and `most`, at `start` at first.
    pub fn new(least: u32, start: u32, most: u32) -> Self {
        let least = f64::from(least.max(1));
        let most = f64::from(most).max(least);
        Self {
            limit: f64::from(start).clamp(least, most),
            least,
            most,
            latency: None,
        }
    }

    /// A call took so long, relative to what was expected of it, while so many were under way.
    pub fn observe(&mut self, latency: f64, under_way: u32) {
        if !latency.is_finite() || latency <= 0.0 {
            return;
        }
        let (late, least) = self.latency.get_or_insert((latency, latency));
        *late += LATEST * (latency - *late);
        *least = (*least * FORGETTING).min(*late);
        let (latency, usual) = (*late, *least);
        // A limit that is not made use of says nothing.
        if f64::from(under_way) < self.limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * usual / latency).clamp(0.5, 1.0);
        let room = self.limit.sqrt();
        let next = self.limit * gradient + room;
        self.limit += SMOOTHING * (next - self.limit);
        self.limit = self.limit.clamp(self.least, self.most);
    }

    /// A call failed because there was too much of them.
    pub fn shrink(&mut self) {
        self.limit = (self.limit * BACK_OFF).max(self.least);
    }

    /// How many may be under way.
    pub fn get(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and at most what was given as a u32"
        )]
        let whole = self.limit as u32;
        whole.max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_grows_while_latency_stays_and_is_made_use_of() {
        let mut limit = AdaptiveLimit::new(1, 4, 64);
        for _ in 0..100 {
            limit.observe(1.0, limit.get());
        }
        assert!(limit.get() > 30, "{}", limit.get());
        let mut idle = AdaptiveLimit::new(1, 8, 64);
        for _ in 0..100 {
            idle.observe(1.0, 1);
        }
        assert_eq!(idle.get(), 8);
    }

    #[test]
    fn it_shrinks_when_latency_rises_and_grows_again() {
        let mut limit = AdaptiveLimit::new(1, 32, 64);
        for _ in 0..50 {
            limit.observe(1.0, 32);
        }
        for _ in 0..30 {
            limit.observe(6.0, 64);
        }
        let crowded = limit.get();
        assert!(crowded < 24, "{crowded}");
        for _ in 0..200 {
            limit.observe(1.0, limit.get());
        }
        assert!(limit.get() > crowded);
    }

    #[test]
    fn it_finds_about_what_a_server_with_sixteen_places_takes() {
        let mut limit = AdaptiveLimit::new(1, 4, 500);
        for _ in 0..3_000 {
            let under_way = limit.get();
            limit.observe((f64::from(under_way) / 16.0).max(1.0), under_way);
        }
        assert!((14..60).contains(&limit.get()), "{}", limit.get());
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds(
            calls in proptest::collection::vec((proptest::option::of(-1.0_f64..1e3), 0_u32..200), 0..300),
        ) {
            let mut limit = AdaptiveLimit::new(2, 10, 50);
            for (latency, under_way) in calls {
                match latency {
                    Some(latency) => limit.observe(latency, under_way),
                    None => limit.shrink(),
                }
                prop_assert!((2..=50).contains(&limit.get()));
            }
        }
    }
}
