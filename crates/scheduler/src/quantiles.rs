//! Quantiles of what was seen of late, with a prior: a histogram over logarithmic buckets whose
//! weights fade. Pure.

/// Buckets for each factor of ten.
const PER_DECADE: f64 = 12.0;
/// The lower end of the first bucket.
const LEAST: f64 = 1e-4;
/// Buckets: up to 10⁴, in whatever unit.
const BUCKETS: usize = 96;

/// What was seen, the latest with most weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    weights: [f32; BUCKETS],
    /// What an observation before the latest counts, relative to the one after it.
    fading: f32,
    /// Observations so far.
    seen: u64,
}

impl Quantiles {
    /// As if `prior` had been seen so often as `weight` says, spread by half a decade in all.
    /// Weights halve with every `half_life` observations.
    pub fn new(prior: f64, weight: f64, half_life: f64) -> Self {
        let mut weights = [0.0; BUCKETS];
        let centre = bucket(prior);
        let spread = [1.0_f32, 2.0, 3.0, 2.0, 1.0];
        let whole: f32 = spread.iter().sum();
        for (share, offset) in spread.into_iter().zip(-2_isize..) {
            if let Some(place) = centre
                .checked_add_signed(offset)
                .and_then(|index| weights.get_mut(index))
            {
                *place += narrow(weight) * share / whole;
            }
        }
        Self {
            weights,
            fading: narrow(0.5_f64.powf(1.0 / half_life.max(1.0))),
            seen: 0,
        }
    }

    /// Takes note of a value. One that is negative or not a number is passed over.
    pub fn observe(&mut self, value: f64) {
        if !value.is_finite() || value < 0.0 {
            return;
        }
        for weight in &mut self.weights {
            *weight *= self.fading;
        }
        if let Some(weight) = self.weights.get_mut(bucket(value)) {
            *weight += 1.0;
        }
        self.seen += 1;
    }

    /// The value below which the share `rank`, `0.0..=1.0`, of the weight lies.
    pub fn get(&self, rank: f64) -> f64 {
        let whole: f32 = self.weights.iter().sum();
        let wanted = narrow(rank.clamp(0.0, 1.0)) * whole;
        let mut below = 0.0;
        for (index, weight) in self.weights.iter().enumerate() {
            if *weight > 0.0 && below + weight >= wanted {
                let within = f64::from((wanted - below) / weight).clamp(0.0, 1.0);
                return value_at(index as f64 + within);
            }
            below += weight;
        }
        value_at(BUCKETS as f64)
    }

    /// Observations so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the number of buckets"
)]
fn bucket(value: f64) -> usize {
    let place = (value.max(LEAST) / LEAST).log10() * PER_DECADE;
    place.floor().clamp(0.0, (BUCKETS - 1) as f64) as usize
}

fn value_at(place: f64) -> f64 {
    LEAST * 10_f64.powf(place / PER_DECADE)
}

#[expect(clippy::cast_possible_truncation, reason = "weights need few digits")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Width of a bucket, as a factor.
    const BUCKET: f64 = 1.22;

    #[test]
    fn the_prior_holds_until_something_is_seen_and_fades_then() {
        let mut quantiles = Quantiles::new(0.3, 3.0, 20.0);
        let median = quantiles.get(0.5);
        assert!((0.3 / BUCKET..0.3 * BUCKET).contains(&median), "{median}");
        for _ in 0..60 {
            quantiles.observe(4.0);
        }
        let median = quantiles.get(0.5);
        assert!((4.0 / BUCKET..4.0 * BUCKET).contains(&median), "{median}");
    }

    #[test]
    fn an_outlier_moves_nothing_and_a_change_is_followed() {
        let mut quantiles = Quantiles::new(1.0, 3.0, 20.0);
        for _ in 0..30 {
            quantiles.observe(1.0);
        }
        quantiles.observe(500.0);
        assert!(quantiles.get(0.8) < 1.5);
        for _ in 0..40 {
            quantiles.observe(2.0);
        }
        assert!(quantiles.get(0.5) > 1.6);
    }

    proptest! {
        #[test]
        fn ranks_are_in_order_and_among_what_was_seen(
            seen in proptest::collection::vec(1e-4_f64..9e3, 40..200),
            low in 0.0_f64..1.0, high in 0.0_f64..1.0,
        ) {
            let mut quantiles = Quantiles::new(1.0, 0.0, 1e9);
            for value in &seen {
                quantiles.observe(*value);
            }
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(quantiles.get(low) <= quantiles.get(high));
            let mut sorted = seen;
            sorted.sort_by(f64::total_cmp);
            let least = sorted.first().copied().unwrap_or_default() / BUCKET;
            let most = sorted.last().copied().unwrap_or_default() * BUCKET;
            prop_assert!((least..=most).contains(&quantiles.get(high)));
        }

        #[test]
        fn nonsense_changes_nothing(value in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -9.0_f64..-1e-9]) {
            let mut quantiles = Quantiles::new(1.0, 1.0, 10.0);
            let before = quantiles.clone();
            quantiles.observe(value);
            prop_assert_eq!(before, quantiles);
        }
    }
}
