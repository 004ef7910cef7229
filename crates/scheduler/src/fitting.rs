//! Which stages, at which levels, fit into the time that a job has left. Pure.

use chat2svg_protocol::{PlannedStage, ResourceLevel, Stage};

use crate::estimates::Estimates;

/// One way to run a job: a first part of its stages, each at a level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) stages: Vec<PlannedStage>,
    /// Seconds that they take one after the other.
    pub(crate) seconds: f64,
    /// Their summed quality.
    pub(crate) quality: f64,
}

/// The ways to run a job of one kind at a level or below that are worth considering: each better
/// one takes longer.
#[derive(Clone, Debug)]
pub(crate) struct Fits {
    wanted: Vec<Stage>,
    level: ResourceLevel,
    best_first: Vec<Fit>,
}

impl Fits {
    /// The ways to run the `wanted` stages, of which there is at least one, at `level` at most.
    pub(crate) fn new(wanted: &[Stage], level: ResourceLevel, estimates: &Estimates) -> Self {
        let mut all: Vec<Fit> = Vec::new();
        let mut shorter = vec![Fit {
            stages: Vec::new(),
            seconds: 0.0,
            quality: 0.0,
        }];
        for &stage in wanted {
            let longer: Vec<Fit> = shorter
                .iter()
                .flat_map(|fit| {
                    ResourceLevel::ALL
                        .into_iter()
                        .filter(|allowed| *allowed <= level)
                        .map(|level| {
                            let mut stages = fit.stages.clone();
                            stages.push(PlannedStage { stage, level });
                            Fit {
                                stages,
                                seconds: fit.seconds + estimates.seconds(stage, level),
                                quality: fit.quality + estimates.quality(stage, level),
                            }
                        })
                })
                .collect();
            all.extend(longer.iter().cloned());
            shorter = longer;
        }
        // A stable sort: among equals the shorter and lower comes first.
        all.sort_by(|one, other| {
            other
                .quality
                .total_cmp(&one.quality)
                .then(one.seconds.total_cmp(&other.seconds))
        });
        // What takes as long as a better one is never chosen.
        let mut least = f64::INFINITY;
        all.retain(|fit| {
            let quicker = fit.seconds < least;
            least = least.min(fit.seconds);
            quicker
        });
        Self {
            wanted: wanted.to_vec(),
            level,
            best_first: all,
        }
    }

    /// The index of the best way that takes at most `seconds`.
    pub(crate) fn within(&self, seconds: f64) -> Option<usize> {
        let index = self.best_first.partition_point(|fit| fit.seconds > seconds);
        // Not even a time that is not a number fits.
        self.best_first
            .get(index)
            .filter(|fit| fit.seconds <= seconds)
            .map(|_| index)
    }

    /// The same; when nothing fits, the fastest way, since something must run.
    pub(crate) fn within_or_fastest(&self, seconds: f64) -> usize {
        self.within(seconds).unwrap_or(self.best_first.len() - 1)
    }

    pub(crate) fn get(&self, index: usize) -> &Fit {
        &self.best_first[index]
    }

    /// Why less is run than was wanted, when the first `given` stages of a way are run.
    pub(crate) fn reason(&self, index: usize, given: usize, seconds_left: f64) -> Option<String> {
        let fit = self.get(index);
        let given = given.min(fit.stages.len());
        let mut reasons = Vec::new();
        let lowered: Vec<String> = fit.stages[..given]
            .iter()
            .filter(|planned| planned.level < self.level)
            .map(|planned| format!("{} runs at level {}", planned.stage, planned.level))
            .chain(
                self.wanted[fit.stages.len()..]
                    .iter()
                    .map(|stage| format!("{stage} is left out")),
            )
            .collect();
        if !lowered.is_empty() {
            reasons.push(format!(
                "{} left until the deadline: {}",
                in_words(seconds_left),
                lowered.join(", ")
            ));
        }
        let crowded: Vec<&str> = fit.stages[given..]
            .iter()
            .map(|planned| planned.stage.name())
            .collect();
        if !crowded.is_empty() {
            reasons.push(format!(
                "the machine is busy with other jobs: {} left out",
                crowded.join(" and ")
            ));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// A time that is left, with its verb.
fn in_words(seconds: f64) -> String {
    if seconds >= 0.1 {
        format!("{seconds:.1} s are")
    } else if seconds >= 0.001 {
        format!("{:.0} ms are", seconds * 1000.0)
    } else {
        "no time is".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use ResourceLevel::{High, Low, Medium, Minimal};
    use Stage::{Detail, Optimize, Template};
    use chat2svg_protocol::PerStage;
    use proptest::prelude::*;

    use super::*;
    use crate::config::SchedulerConfig;

    fn fits(level: ResourceLevel) -> Fits {
        Fits::new(
            &Stage::ALL,
            level,
            &Estimates::new(&SchedulerConfig::default(), PerStage::EMBEDDED),
        )
    }

    fn levels(fits: &Fits, seconds: f64) -> Vec<ResourceLevel> {
        let fit = fits.get(fits.within_or_fastest(seconds));
        fit.stages.iter().map(|planned| planned.level).collect()
    }

    #[test]
    fn with_time_enough_all_stages_run_at_the_level() {
        let fits = fits(High);
        assert_eq!(levels(&fits, 10.0), [High, High, High]);
        assert_eq!(fits.reason(0, 3, 10.0), None);
    }

    #[test]
    fn with_less_time_the_dearest_stage_is_lowered_then_left_out() {
        let fits = fits(High);
        assert_eq!(levels(&fits, 1.4), [High, High, Medium]);
        assert_eq!(levels(&fits, 0.9), [High, High, Low]);
        assert_eq!(levels(&fits, 0.36), [High, High]);
        assert_eq!(levels(&fits, 0.04), [Low]);
    }

    #[test]
    fn with_no_time_the_first_stage_runs_all_the_same() {
        let fits = fits(High);
        assert_eq!(fits.within(0.0), None);
        assert_eq!(levels(&fits, 0.0).len(), 1);
        assert_eq!(levels(&fits, -5.0).len(), 1);
        assert_eq!(levels(&fits, f64::NAN).len(), 1);
    }

    #[test]
    fn a_kind_that_wants_one_stage_has_one() {
        let estimates = Estimates::new(&SchedulerConfig::default(), PerStage::EMBEDDED);
        let fits = Fits::new(&[Optimize], Medium, &estimates);
        assert_eq!(levels(&fits, 9.0), [Medium]);
        assert_eq!(levels(&fits, 0.3), [Minimal]);
    }

    #[test]
    fn times_are_said_in_words_that_fit() {
        assert_eq!(in_words(1.04), "1.0 s are");
        assert_eq!(in_words(0.04), "40 ms are");
        assert_eq!(in_words(0.0), "no time is");
        assert_eq!(in_words(-3.0), "no time is");
        assert_eq!(in_words(f64::NAN), "no time is");
    }

    #[test]
    fn reasons_name_what_is_missing_and_why() {
        let fits = fits(High);
        let index = fits.within_or_fastest(0.9);
        assert_eq!(
            fits.reason(index, 3, 0.9).unwrap(),
            "0.9 s are left until the deadline: optimize runs at level low"
        );
        assert_eq!(
            fits.reason(0, 1, 10.0).unwrap(),
            "the machine is busy with other jobs: detail and optimize left out"
        );
        let index = fits.within_or_fastest(0.36);
        assert_eq!(
            fits.reason(index, 1, 0.36).unwrap(),
            "0.4 s are left until the deadline: optimize is left out; \
             the machine is busy with other jobs: detail left out"
        );
    }

    proptest! {
        #[test]
        fn more_time_never_gives_less(less in 0.0_f64..3.0, more in 0.0_f64..3.0) {
            let fits = fits(High);
            let quality = |seconds| fits.get(fits.within_or_fastest(seconds)).quality;
            let (less, more) = (less.min(more), less.max(more));
            if fits.within(less).is_some() {
                prop_assert!(quality(less) <= quality(more));
                prop_assert!(fits.get(fits.within_or_fastest(less)).seconds <= less);
            }
        }

        #[test]
        fn stages_keep_their_order_and_none_is_jumped(seconds in -1.0_f64..3.0) {
            let fits = fits(Medium);
            let fit = fits.get(fits.within_or_fastest(seconds));
            let stages: Vec<Stage> = fit.stages.iter().map(|planned| planned.stage).collect();
            prop_assert!([Template, Detail, Optimize].starts_with(&stages));
            prop_assert!(!stages.is_empty());
            prop_assert!(fit.stages.iter().all(|planned| planned.level <= Medium));
        }
    }
}
