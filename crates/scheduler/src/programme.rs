//! The programme: how each pending job should run, aggregated by class.
//!
//! Of each class of `count` like jobs, `x₁ + x₂ + … = count` are given its first, second, … way to
//! run. What is expected to arrive meanwhile competes as classes of its own, by rates `y` instead
//! of counts. Maximise
//!
//! ```text
//!   Σ over classes, ways  value · x   +   horizon · Σ over expected, ways  value · y
//! ```
//!
//! such that for every tier of deadlines, all jobs due by then and all that arrive until then use
//! up at most what there is until then: of cores, memory, GPU memory, places, and of what the
//! backend of each stage serves at once. With one job to a class and nothing expected this is the
//! plain programme in binaries; classes have the same optimum, since like jobs are
//! interchangeable.

use chat2svg_protocol::{SolveMethod, Stage};

/// An amount of what is scarce at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resources {
    /// Cores.
    pub cpu: f64,
    /// Memory in MiB.
    pub memory_mb: f64,
    /// GPU memory in MiB.
    pub gpu_memory_mb: f64,
}

/// Kinds of scarce things over time.
const KINDS: usize = 9;

/// What is used up or there over a time, each in its unit times seconds: cores, memory, GPU memory,
/// places for running jobs, calls of the embedded backend of each stage, and calls of the models of
/// stages 1 and 2.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs([f64; KINDS]);

impl Needs {
    /// What a stage uses up in so many seconds. A job whose stage is served elsewhere takes no
    /// place here.
    pub(crate) fn of(stage: Stage, is_remote: bool, cost: Resources, seconds: f64) -> Self {
        let mut needs = [0.0; KINDS];
        let call = match (is_remote, stage) {
            (false, _) => 4 + stage as usize,
            (true, Stage::Template) => 7,
            (true, Stage::Detail | Stage::Optimize) => 8,
        };
        needs[0] = cost.cpu;
        needs[1] = cost.memory_mb;
        needs[2] = cost.gpu_memory_mb;
        needs[3] = if is_remote { 0.0 } else { 1.0 };
        needs[call] = 1.0;
        Self(needs.map(|amount| amount * seconds))
    }

    /// Seconds of a core.
    pub(crate) fn of_core(seconds: f64) -> Self {
        let mut needs = [0.0; KINDS];
        needs[0] = seconds;
        Self(needs)
    }

    /// What there is at a moment: resources, places, calls that the embedded backend of each stage
    /// serves at once, and those that the models of stages 1 and 2 do.
    pub fn there(resources: Resources, places: f64, calls: [f64; 3], models: [f64; 2]) -> Self {
        let [template, detail, optimize] = calls;
        let [drawing, painting] = models;
        Self([
            resources.cpu,
            resources.memory_mb,
            resources.gpu_memory_mb,
            places,
            template,
            detail,
            optimize,
            drawing,
            painting,
        ])
    }

    /// Each kind by its amount.
    #[cfg(test)]
    pub(crate) fn from_each(each: [f64; KINDS]) -> Self {
        Self(each)
    }

    /// The same amount of everything.
    pub fn uniform(amount: f64) -> Self {
        Self([amount; KINDS])
    }

    /// The core seconds.
    pub fn core_seconds(self) -> f64 {
        self.0[0]
    }

    /// Each kind.
    pub(crate) fn each(self) -> [f64; KINDS] {
        self.0
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.with(other, |one, other| one - other)
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self(self.0.map(|amount| amount * factor))
    }

    /// The larger of each kind.
    pub(crate) fn max(self, other: Self) -> Self {
        self.with(other, f64::max)
    }

    fn with(self, other: Self, what: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.0;
        for (one, other) in out.iter_mut().zip(other.0) {
            *one = what(*one, other);
        }
        Self(out)
    }

    /// Whether there is this much of everything, but for rounding.
    pub(crate) fn are_within(self, there: Self) -> bool {
        self.0
            .into_iter()
            .zip(there.0)
            .all(|(needed, there)| needed <= there + 1e-7 * there.abs().max(1.0))
    }

    /// The share of what there is of the kind that is scarcest for this.
    pub(crate) fn share_of(self, there: Self) -> f64 {
        let shares = self.0.into_iter().zip(there.0);
        shares
            .filter(|(needed, _)| *needed > 0.0)
            .map(|(needed, there)| needed / there.max(1e-9))
            .fold(0.0, f64::max)
    }
}

/// A way in which a job of a class may run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What it is worth.
    pub value: f64,
    /// What it uses up.
    pub needs: Needs,
}

/// Jobs that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// How many.
    pub count: u32,
    /// The tier of deadlines by which they are due.
    pub tier: usize,
    /// How they may run, cheapest first; at least one.
    pub choices: Vec<Choice>,
}

/// Jobs of a kind that are expected to arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// How many a second.
    pub rate: f64,
    /// How they may run, cheapest first; at least one.
    pub choices: Vec<Choice>,
}

/// A moment by which jobs are due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tier {
    /// Seconds until then.
    pub seconds: f64,
    /// What there is until then in all.
    pub capacity: Needs,
}

/// What is to be decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Programme {
    /// The classes.
    pub classes: Vec<Class>,
    /// What is expected to arrive.
    pub expected: Vec<Expected>,
    /// Tiers of deadlines, the nearest first.
    pub tiers: Vec<Tier>,
}

/// How many jobs of each class run in which way.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// For each class and way, as [`Programme::classes`] and [`Class::choices`] have them.
    pub counts: Vec<Vec<u32>>,
    /// The same for what is expected, in jobs a second.
    pub rates: Vec<Vec<f64>>,
    /// What a share of everything until the last tier is worth at the margin; 0 where nothing is
    /// scarce.
    pub price: f64,
    /// How it was found.
    pub method: SolveMethod,
}

impl Programme {
    /// Seconds until the last tier.
    pub fn horizon(&self) -> f64 {
        self.tiers.last().map_or(0.0, |tier| tier.seconds)
    }

    /// What there is until the last tier.
    pub fn capacity(&self) -> Needs {
        self.tiers
            .last()
            .map_or_else(Needs::default, |tier| tier.capacity)
    }

    /// What an allocation is worth.
    pub fn value(&self, allocation: &Allocation) -> f64 {
        let of_classes = self.classes.iter().zip(&allocation.counts);
        let now: f64 = of_classes
            .flat_map(|(class, counts)| class.choices.iter().zip(counts))
            .map(|(choice, count)| choice.value * f64::from(*count))
            .sum();
        let of_expected = self.expected.iter().zip(&allocation.rates);
        let later: f64 = of_expected
            .flat_map(|(expected, rates)| expected.choices.iter().zip(rates))
            .map(|(choice, rate)| choice.value * rate)
            .sum();
        now + self.horizon() * later
    }

    /// What an allocation uses up by each tier.
    pub(crate) fn used(&self, allocation: &Allocation) -> Vec<Needs> {
        self.tiers
            .iter()
            .enumerate()
            .map(|(tier, until)| {
                let due = self.classes.iter().zip(&allocation.counts);
                let due = due.filter(|(class, _)| class.tier <= tier);
                let now = due
                    .flat_map(|(class, counts)| class.choices.iter().zip(counts))
                    .fold(Needs::default(), |sum, (choice, count)| {
                        sum.plus(choice.needs.times(f64::from(*count)))
                    });
                let coming = self.expected.iter().zip(&allocation.rates);
                coming
                    .flat_map(|(expected, rates)| expected.choices.iter().zip(rates))
                    .fold(now, |sum, (choice, rate)| {
                        sum.plus(choice.needs.times(rate * until.seconds))
                    })
            })
            .collect()
    }

    /// Everything in its cheapest way.
    pub(crate) fn cheapest(&self) -> Allocation {
        Allocation {
            counts: (self.classes.iter())
                .map(|class| at(0, class.choices.len(), class.count))
                .collect(),
            rates: (self.expected.iter())
                .map(|expected| at(0, expected.choices.len(), expected.rate))
                .collect(),
            price: 0.0,
            method: SolveMethod::Greedy,
        }
    }

    /// Everything in its best way.
    pub(crate) fn best(&self) -> Allocation {
        let last = |choices: &[Choice]| choices.len().saturating_sub(1);
        Allocation {
            counts: (self.classes.iter())
                .map(|class| at(last(&class.choices), class.choices.len(), class.count))
                .collect(),
            rates: (self.expected.iter())
                .map(|expected| {
                    at(
                        last(&expected.choices),
                        expected.choices.len(),
                        expected.rate,
                    )
                })
                .collect(),
            price: 0.0,
            method: SolveMethod::Optimal,
        }
    }

    /// What there is by each tier, raised to what the cheapest ways need anyway.
    pub(crate) fn limits(&self) -> Vec<Needs> {
        let least = self.used(&self.cheapest());
        let tiers = self.tiers.iter().zip(least);
        tiers
            .map(|(tier, least)| tier.capacity.max(least))
            .collect()
    }

    /// Whether an allocation runs every job in one way and keeps to all limits.
    pub fn allows(&self, allocation: &Allocation) -> bool {
        let counted = self.classes.len() == allocation.counts.len()
            && self
                .classes
                .iter()
                .zip(&allocation.counts)
                .all(|(class, counts)| {
                    counts.len() == class.choices.len() && counts.iter().sum::<u32>() == class.count
                });
        let used = self.used(allocation);
        counted
            && used
                .into_iter()
                .zip(self.limits())
                .all(|(used, limit)| used.are_within(limit))
    }
}

fn at<T: Copy + Default>(place: usize, length: usize, amount: T) -> Vec<T> {
    let mut out = vec![T::default(); length];
    if let Some(chosen) = out.get_mut(place) {
        *chosen = amount;
    }
    out
}
