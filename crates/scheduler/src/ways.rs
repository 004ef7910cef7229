//! The ways to run a job: a first part of its stages, each at a level and served by the models in
//! line or the embedded backend, with what each way is worth, takes and needs. Pure.

use chat2svg_protocol::{PlannedStage, ResourceLevel, Source, Stage};

use crate::{
    estimates::{Estimates, Work},
    programme::{Choice, Needs},
    sharing::stretch,
};

/// One way to run a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) stages: Vec<PlannedStage>,
    /// Seconds that it takes, one stage after the other, when nothing else of ours runs.
    pub(crate) seconds: f64,
    /// Summed quality less what its calls cost.
    pub(crate) value: f64,
    /// What it uses up.
    pub(crate) needs: Needs,
    /// MiB of memory that it takes at once.
    pub(crate) memory_mb: f64,
    /// Core seconds that it takes beyond what its stages take at the least.
    pub(crate) spare: f64,
}

impl Way {
    /// What it is worth to a job that counts so much, when each second of a core that it could do
    /// without costs others so much. For their sake a stage is done with less, never left out.
    pub(crate) fn worth(&self, weight: f64, delay: f64) -> f64 {
        weight * self.value - delay * self.spare
    }
}

/// The ways that are worth considering, best first: each better one takes longer or needs more.
#[derive(Clone, Debug)]
pub(crate) struct Ways(Vec<Way>);

impl Ways {
    /// The ways to do `work` at `highest` at most, on so many cores. There is at least one when
    /// there is a stage to run.
    pub(crate) fn new(
        work: Work,
        highest: ResourceLevel,
        estimates: &Estimates,
        cores: f64,
    ) -> Self {
        let mut all: Vec<Way> = Vec::new();
        let mut shorter = vec![Way {
            stages: Vec::new(),
            seconds: estimates.overhead(),
            value: 0.0,
            needs: Needs::of_core(estimates.overhead()),
            memory_mb: 0.0,
            spare: 0.0,
        }];
        for stage in work.stages() {
            let longer: Vec<Way> = shorter
                .iter()
                .flat_map(|way| {
                    alternatives(stage, highest, estimates).map(|planned| {
                        let cost = estimates.cost(work, planned);
                        let mut stages = way.stages.clone();
                        stages.push(planned);
                        let usual = estimates.seconds(work, planned);
                        let safe = estimates.safe_seconds(work, planned);
                        let is_remote = estimates.is_remote(stage, planned.source);
                        let price = estimates.price(stage, planned.source);
                        Way {
                            stages,
                            seconds: way.seconds + safe * stretch(cost.cpu, cores),
                            value: way.value + estimates.quality(planned) - price,
                            needs: way.needs.plus(Needs::of(stage, is_remote, cost, usual)),
                            memory_mb: way.memory_mb.max(cost.memory_mb),
                            spare: 0.0,
                        }
                    })
                })
                .collect();
            // What goes on from a way that another beats is beaten by what goes on from that one.
            shorter = undominated(longer);
            let taken = shorter.iter().map(|way| way.needs.core_seconds());
            let least = taken.fold(f64::INFINITY, f64::min);
            for way in &mut shorter {
                way.spare = way.needs.core_seconds() - least;
            }
            all.extend(shorter.iter().cloned());
        }
        Self(undominated(all))
    }

    /// All of them, best first.
    pub(crate) fn all(&self) -> &[Way] {
        &self.0
    }

    /// The best of those that take at most `seconds` when everything takes `stretch` times as
    /// long.
    pub(crate) fn best_within(&self, seconds: f64, stretch: f64) -> Option<&Way> {
        self.within(seconds, stretch).next()
    }

    /// Those that take at most `seconds`, best first. Nothing fits a time that is not a number.
    pub(crate) fn within(&self, seconds: f64, stretch: f64) -> impl Iterator<Item = &Way> {
        self.0
            .iter()
            .filter(move |way| way.seconds * stretch <= seconds)
    }

    /// The quickest.
    pub(crate) fn quickest(&self) -> Option<&Way> {
        self.0
            .iter()
            .min_by(|one, other| one.seconds.total_cmp(&other.seconds))
    }

    /// What can be chosen from in a programme: of those that take at most `seconds` the ones that
    /// give most `worth` for what they need, cheapest first. Never empty when there is any way: the
    /// quickest stands in when nothing fits.
    pub(crate) fn choices(
        &self,
        seconds: f64,
        capacity: Needs,
        worth: impl Fn(&Way) -> f64,
    ) -> Vec<(&Way, Choice)> {
        let mut hull: Vec<(&Way, f64)> = Vec::new();
        let mut fitting: Vec<&Way> = self.within(seconds, 1.0).collect();
        if fitting.is_empty() {
            fitting.extend(self.quickest());
        }
        let measured = fitting.into_iter().rev();
        let mut measured: Vec<(&Way, f64)> = measured
            .map(|way| (way, way.needs.share_of(capacity)))
            .collect();
        measured.sort_by(|one, other| one.1.total_cmp(&other.1));
        for (way, share) in measured {
            let value = worth(way);
            if hull.last().is_some_and(|(last, _)| worth(last) >= value) {
                continue;
            }
            // The upper hull: what gives less for its share than a mix of its neighbours goes.
            while let [.., (before, at), (last, until)] = hull.as_slice() {
                let first = (worth(last) - worth(before)) * (share - until);
                let second = (value - worth(last)) * (until - at);
                if first > second {
                    break;
                }
                hull.pop();
            }
            hull.push((way, share));
        }
        let choice = |way: &Way| Choice {
            value: worth(way),
            needs: way.needs,
        };
        hull.into_iter()
            .map(|(way, _)| (way, choice(way)))
            .collect()
    }
}

/// The ways that no other one beats or equals, best first.
fn undominated(mut all: Vec<Way>) -> Vec<Way> {
    // A stable sort: among equals the shorter and lower comes first.
    all.sort_by(|one, other| {
        other
            .value
            .total_cmp(&one.value)
            .then(one.seconds.total_cmp(&other.seconds))
    });
    let mut kept: Vec<Way> = Vec::new();
    for way in all {
        let is_dominated = kept
            .iter()
            .any(|better| better.seconds <= way.seconds && better.needs.are_within(way.needs));
        if !is_dominated {
            kept.push(way);
        }
    }
    kept
}

/// The ways to run one stage.
fn alternatives(
    stage: Stage,
    highest: ResourceLevel,
    estimates: &Estimates,
) -> impl Iterator<Item = PlannedStage> {
    let allowed = ResourceLevel::ALL.into_iter();
    let allowed = allowed.filter(move |level| *level <= highest);
    allowed.flat_map(move |level| {
        let sources = estimates.sources(stage).iter();
        sources.map(move |source| PlannedStage {
            stage,
            level,
            source: *source,
        })
    })
}

/// Why less is run than was wanted, if it is; `is_for_time` where it is the best that the time left
/// allows.
pub(crate) fn reason(
    work: Work,
    highest: ResourceLevel,
    given: &[PlannedStage],
    is_for_time: bool,
    seconds_left: f64,
) -> Option<String> {
    let lowered = given
        .iter()
        .filter(|planned| planned.level < highest)
        .map(|planned| format!("{} runs at level {}", planned.stage, planned.level));
    let without_model = given
        .iter()
        .filter(|planned| planned.source == Source::Embedded)
        .map(|planned| format!("{} is served without a model", planned.stage));
    let left_out = work
        .stages()
        .filter(|stage| given.iter().all(|planned| planned.stage != *stage))
        .map(|stage: Stage| format!("{stage} is left out"));
    let what: Vec<String> = lowered.chain(without_model).chain(left_out).collect();
    if what.is_empty() {
        return None;
    }
    let why = if is_for_time {
        format!("{} left until the deadline", in_words(seconds_left))
    } else {
        "the machine is busy with other jobs".to_owned()
    };
    Some(format!("{why}: {}", what.join(", ")))
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

    const DRAWN: Work = Work {
        wanted: [true; 3],
        from_outside: false,
        size: 0,
    };

    fn estimates() -> Estimates {
        Estimates::new(&SchedulerConfig::default(), PerStage::EMBEDDED)
    }

    fn ways(highest: ResourceLevel) -> Ways {
        Ways::new(DRAWN, highest, &estimates(), 2.0)
    }

    fn levels(way: &Way) -> Vec<ResourceLevel> {
        way.stages.iter().map(|planned| planned.level).collect()
    }

    #[test]
    fn with_time_enough_all_stages_run_at_the_level() {
        let ways = ways(High);
        let best = ways.best_within(60.0, 1.0).unwrap();
        assert_eq!(levels(best), [High, High, High]);
        assert_eq!(reason(DRAWN, High, &best.stages, true, 60.0), None);
    }

    #[test]
    fn with_less_time_less_runs_and_the_reason_is_told() {
        let ways = ways(High);
        let best = ways.all().first().unwrap();
        let less = ways.best_within(best.seconds * 0.9, 1.0).unwrap();
        assert!(less.value < best.value);
        let told = reason(DRAWN, High, &less.stages, true, 0.9).unwrap();
        assert!(
            told.starts_with("0.9 s are left until the deadline: "),
            "{told}"
        );
        let told = reason(DRAWN, High, &less.stages, false, 0.9).unwrap();
        assert!(
            told.starts_with("the machine is busy with other jobs: "),
            "{told}"
        );
    }

    #[test]
    fn with_no_time_there_is_still_a_quickest_way() {
        let ways = ways(High);
        assert!(ways.best_within(0.0, 1.0).is_none());
        assert!(ways.best_within(f64::NAN, 1.0).is_none());
        let quickest = ways.quickest().unwrap();
        assert_eq!(quickest.stages[0].stage, Template);
        assert_eq!(
            ways.choices(-1.0, Needs::uniform(1.0), |way| way.value)
                .len(),
            1
        );
    }

    #[test]
    fn for_others_a_stage_is_done_with_less_and_never_left_out() {
        let ways = ways(High);
        let best = |delay: f64| {
            let all = ways.all().iter();
            let worth = |way: &&Way| way.worth(1.0, delay);
            all.max_by(|one, other| worth(one).total_cmp(&worth(other)))
                .unwrap()
        };
        assert_eq!(levels(best(0.0)), [High, High, High]);
        let hasty = best(1e6);
        assert_eq!(hasty.stages.len(), 3);
        assert_eq!(hasty.spare, 0.0);
        assert_eq!(levels(hasty)[1..], [Minimal, Minimal]);
    }

    #[test]
    fn work_that_wants_one_stage_has_one() {
        let work = Work::usual([false, false, true]);
        let ways = Ways::new(work, Medium, &estimates(), 2.0);
        let best = ways.best_within(100.0, 1.0).unwrap();
        assert_eq!(best.stages, [PlannedStage::new(Optimize, Medium)]);
    }

    #[test]
    fn a_model_is_asked_where_there_is_time_for_it_and_embedded_serves_where_not() {
        let first_choice = PerStage {
            template: "model".parse().unwrap(),
            ..PerStage::EMBEDDED
        };
        let estimates = Estimates::new(&SchedulerConfig::default(), first_choice);
        let ways = Ways::new(DRAWN, High, &estimates, 2.0);
        let sources = |seconds| {
            let best = ways.best_within(seconds, 1.0).unwrap();
            let stages = best.stages.iter();
            stages.map(|planned| planned.source).collect::<Vec<_>>()
        };
        assert_eq!(sources(60.0), [Source::Line; 3]);
        assert_eq!(sources(0.5)[0], Source::Embedded);
        let short = ways.best_within(0.5, 1.0).unwrap();
        let told = reason(DRAWN, High, &short.stages, true, 0.5).unwrap();
        assert!(
            told.contains("template is served without a model"),
            "{told}"
        );
        // Waiting for an answer from elsewhere takes no core and no place.
        let with_model = ways.best_within(60.0, 1.0).unwrap();
        let without = self::ways(High);
        let without = without.best_within(60.0, 1.0).unwrap();
        assert!(with_model.value > without.value && with_model.seconds > without.seconds);
        let difference = with_model.needs.core_seconds() - without.needs.core_seconds();
        assert!(difference < 0.1, "{difference}");
    }

    #[test]
    fn fewer_cores_make_what_uses_several_slower() {
        let narrow = Ways::new(DRAWN, High, &estimates(), 0.5);
        assert!(narrow.all()[0].seconds > ways(High).all()[0].seconds);
    }

    #[test]
    fn times_are_said_in_words_that_fit() {
        assert_eq!(in_words(1.04), "1.0 s are");
        assert_eq!(in_words(0.04), "40 ms are");
        assert_eq!(in_words(0.0), "no time is");
        assert_eq!(in_words(f64::NAN), "no time is");
    }

    #[test]
    fn choices_give_ever_less_for_what_they_need() {
        let ways = ways(High);
        let capacity = Needs::uniform(10.0);
        let choices = ways.choices(60.0, capacity, |way| way.value);
        assert!(choices.len() >= 3, "{}", choices.len());
        let steps: Vec<f64> = choices
            .windows(2)
            .map(|pair| {
                let gained = pair[1].1.value - pair[0].1.value;
                gained / (pair[1].1.needs.share_of(capacity) - pair[0].1.needs.share_of(capacity))
            })
            .collect();
        assert!(steps.is_sorted_by(|one, other| one >= other), "{steps:?}");
        assert_eq!(levels(choices.last().unwrap().0), [High, High, High]);
    }

    proptest! {
        #[test]
        fn more_time_never_gives_less(less in 0.0_f64..5.0, more in 0.0_f64..5.0) {
            let ways = ways(High);
            let (less, more) = (less.min(more), less.max(more));
            if let Some(way) = ways.best_within(less, 1.0) {
                let better = ways.best_within(more, 1.0).unwrap();
                prop_assert!(way.value <= better.value && way.seconds <= less);
            }
        }

        #[test]
        fn stages_keep_their_order_and_none_is_jumped(seconds in 0.01_f64..5.0) {
            let ways = ways(Medium);
            for way in ways.within(seconds, 1.0) {
                let stages: Vec<Stage> = way.stages.iter().map(|planned| planned.stage).collect();
                prop_assert!([Template, Detail, Optimize].starts_with(&stages));
                prop_assert!(!stages.is_empty());
                prop_assert!(way.stages.iter().all(|planned| planned.level <= Medium));
                prop_assert!(way.stages.iter().all(|planned| planned.level >= Minimal && planned.level != High));
            }
            prop_assert!(Low < Medium);
        }
    }
}
