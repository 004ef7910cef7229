//! The stage-selection programme, aggregated by class.
//!
//! Of each class of `count` like jobs, `n₁ ≥ n₂ ≥ …` get the first, second, … of their stages.
//! Maximise
//!
//! ```text
//!   Σ over classes ( Σ over stages gainₛ · nₛ  +  waiting · (count − n₁) )
//! ```
//!
//! such that `n₁ ≤ count`, the costs of all stages given stay within the capacity, and the sum of
//! all `n₁` within the free slots. With one job to a class this is the plain programme in binaries;
//! classes have the same optimum, since like jobs are interchangeable.

use chat2svg_protocol::SolveMethod;

/// An amount of what is scarce.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resources {
    /// Cores.
    pub cpu: f64,
    /// Memory in MiB.
    pub memory_mb: f64,
    /// GPU memory in MiB.
    pub gpu_memory_mb: f64,
}

impl Resources {
    /// Each kind by name and by value.
    pub(crate) fn each(self) -> [f64; 3] {
        [self.cpu, self.memory_mb, self.gpu_memory_mb]
    }

    /// Whether this much is there. Sums of shares are compared with a tolerance, so that ten tenths
    /// of a core are a core.
    pub fn fits_in(self, capacity: Self) -> bool {
        self.each()
            .into_iter()
            .zip(capacity.each())
            .all(|(needed, there)| needed <= there + 1e-6 * there.abs().max(1.0))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            memory_mb: self.memory_mb + other.memory_mb,
            gpu_memory_mb: self.gpu_memory_mb + other.gpu_memory_mb,
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            cpu: self.cpu * factor,
            memory_mb: self.memory_mb * factor,
            gpu_memory_mb: self.gpu_memory_mb * factor,
        }
    }
}

/// A stage that a job of a class may be given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Quality that it adds.
    pub gain: f64,
    /// What it needs.
    pub cost: Resources,
}

/// Jobs that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// How many.
    pub count: u32,
    /// Their stages, in order; a stage is given only with all before it.
    pub choices: Vec<Choice>,
    /// The worth of one that is not started now.
    pub waiting: f64,
}

/// What is to be decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Programme {
    /// The classes.
    pub classes: Vec<Class>,
    /// The class of each job, oldest job first.
    pub order: Vec<usize>,
    /// What is free.
    pub capacity: Resources,
    /// How many jobs may start.
    pub slots: u32,
}

/// How many jobs of each class are given each of its stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// For each class and stage, as [`Programme::classes`] and [`Class::choices`] have them.
    pub counts: Vec<Vec<u32>>,
    /// How it was found.
    pub method: SolveMethod,
}

impl Programme {
    /// The summed quality of an allocation.
    pub fn value(&self, counts: &[Vec<u32>]) -> f64 {
        self.classes
            .iter()
            .zip(counts)
            .map(|(class, counts)| {
                let given: f64 = class
                    .choices
                    .iter()
                    .zip(counts)
                    .map(|(choice, count)| choice.gain * f64::from(*count))
                    .sum();
                let started = counts.first().copied().unwrap_or(0);
                given + class.waiting * f64::from(class.count.saturating_sub(started))
            })
            .sum()
    }

    /// Whether an allocation keeps to all limits.
    pub fn allows(&self, counts: &[Vec<u32>]) -> bool {
        let shaped = counts.len() == self.classes.len()
            && self.classes.iter().zip(counts).all(|(class, counts)| {
                counts.len() == class.choices.len()
                    && counts.first().is_none_or(|first| *first <= class.count)
                    && counts.is_sorted_by(|before, after| before >= after)
            });
        if !shaped {
            return false;
        }
        let started: u32 = counts.iter().filter_map(|counts| counts.first()).sum();
        let mut needed = Resources::default();
        for (class, counts) in self.classes.iter().zip(counts) {
            for (choice, count) in class.choices.iter().zip(counts) {
                needed = needed.plus(choice.cost.times(f64::from(*count)));
            }
        }
        started <= self.slots && needed.fits_in(self.capacity)
    }
}
