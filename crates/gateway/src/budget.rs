//! How many retries there may be. Pure.

/// Retries are paid from what calls put in: each puts in its share, each retry takes one whole.
/// So a provider that fails gets no more than that share on top of its traffic.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    share: f64,
    saved: f64,
}

impl RetryBudget {
    /// Most retries that can be saved up: an outage gets no more than one on top.
    const MOST: f64 = 1.0;

    /// A budget of `share` retries for each call, `0.0..=1.0`; at first one retry is in it.
    pub fn new(share: f64) -> Self {
        Self {
            share,
            saved: if share > 0.0 { 1.0 } else { 0.0 },
        }
    }

    /// A call was made.
    pub fn called(&mut self) {
        self.saved = (self.saved + self.share).min(Self::MOST);
    }

    /// Takes a retry out, if there is one.
    #[must_use]
    pub fn take(&mut self) -> bool {
        // Shares such as a fifth do not add up to exactly one.
        let has_one = self.saved >= 1.0 - 1e-9;
        if has_one {
            self.saved -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn retries_stay_within_their_share(share in 0.0..=0.2f64, calls in 1u32..500) {
            let mut budget = RetryBudget::new(share);
            let mut retries = 0u32;
            for _ in 0..calls {
                budget.called();
                while budget.take() {
                    retries += 1;
                }
            }
            prop_assert!(f64::from(retries) <= share * f64::from(calls) + 1.001);
        }
    }

    #[test]
    fn a_fifth_gives_one_retry_for_five_calls() {
        let mut budget = RetryBudget::new(0.2);
        assert!(budget.take() && !budget.take());
        for _ in 0..5 {
            assert!(!budget.take());
            budget.called();
        }
        assert!(budget.take() && !budget.take());
        for _ in 0..100 {
            budget.called();
        }
        assert!(
            budget.take() && !budget.take(),
            "no more than one is saved up"
        );
    }

    #[test]
    fn a_share_of_nothing_gives_none() {
        let mut budget = RetryBudget::new(0.0);
        budget.called();
        assert!(!budget.take());
    }
}
