//! From the queue to the programme, and from its solution to what each job is given.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chat2svg_protocol::{PlannedStage, Priority, ResourceLevel, SolveMethod, messages::Dispatch};

use super::{Entry, Place, Queue, Waiting};
use crate::{
    config::Strategy,
    estimates::Work,
    programme::{Allocation, Choice, Class, Expected, Needs, Programme, Resources, Tier},
    solver::solve_greedily,
    ways::Way,
};

/// Classes that a programme has at most; jobs of further classes join the nearest of their kind.
pub(super) const MAX_CLASSES: usize = 32;

/// Tiers of deadlines that a programme has at most.
const MAX_TIERS: usize = 6;

/// The nearest tier, in seconds, and how much farther each next one is.
const FIRST_TIER: f64 = 0.05;
const TIER_STEP: f64 = 1.6;

/// Arrivals a second that are no stream: the one or two jobs that were there of late.
const NO_STREAM: f64 = 0.5;

/// Jobs at the most that are reckoned to wait for each core: those that come after them have their
/// own plan by then.
const MOST_DELAYED: f64 = 4.0;

/// What a batch job is worth beside one that somebody waits for.
const BATCH_WEIGHT: f64 = 0.3;

/// By how much less each doubling of what its client has here already makes a job count.
const CROWD_WEIGHT: f64 = 0.85;

/// What the last plan says to jobs that it did not know.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy {
    made_at: Option<Duration>,
    /// What a share of `capacity` is worth.
    pub(super) price: f64,
    capacity: Needs,
    /// What a second of a core costs those who wait for it meanwhile.
    delay: f64,
}

impl Policy {
    /// What a way is worth beyond what it needs.
    pub(super) fn worth(&self, way: &Way, weight: f64) -> f64 {
        let paid = if self.price > 0.0 {
            self.price * way.needs.share_of(self.capacity)
        } else {
            0.0
        };
        way.worth(weight, self.delay) - paid
    }

    /// The way that is worth most, what it needs being paid for.
    pub(super) fn worth_most<'a>(
        &self,
        ways: impl Iterator<Item = &'a Way>,
        weight: f64,
    ) -> Option<&'a Way> {
        let mut best: Option<(&Way, f64)> = None;
        for way in ways {
            let worth = self.worth(way, weight);
            if best.is_none_or(|(_, most)| worth > most) {
                best = Some((way, worth));
            }
        }
        best.map(|(way, _)| way)
    }
}

/// A programme to be solved, and whom it is about. The queue may change meanwhile.
#[derive(Clone, Debug)]
pub struct Round {
    /// The programme.
    pub programme: Programme,
    /// For each class its jobs in their order, and the stages of each of its ways.
    members: Vec<Members>,
}

#[derive(Clone, Debug)]
struct Members {
    places: Vec<Place>,
    ways: Vec<Arc<[PlannedStage]>>,
}

/// What makes jobs alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ClassKey {
    work: Work,
    highest: ResourceLevel,
    priority: Priority,
    crowd: u32,
    tier: usize,
}

impl Queue {
    /// What a job counts.
    pub(super) fn weight(&self, waiting: &Waiting) -> f64 {
        let held = self.held.get(&waiting.client).copied().unwrap_or(0);
        weight(waiting.priority, crowd(held.saturating_sub(1)))
    }

    /// Plans anew when the last plan has lost its force. The greedy solution holds at once; the
    /// programme is handed back where a better one could be found.
    pub(super) fn plan_if_stale(&mut self, now: Duration) -> Option<Round> {
        let holds = Duration::from_millis(u64::from(self.config.replan_ms));
        let is_fresh = |made: Duration| now.saturating_sub(made) < holds;
        if !self.ways_since.is_some_and(is_fresh) {
            self.ways.clear();
            self.ways_since = Some(now);
        }
        if !self.plans_by_programme() || self.policy.made_at.is_some_and(is_fresh) {
            return None;
        }
        if self.waiting.len() + self.running.len() <= 1 {
            // Nothing competes.
            self.policy = Policy::default();
            return None;
        }
        let delay = self.delay();
        let round = self.programme(now);
        let greedy = solve_greedily(&round.programme);
        self.policy = Policy {
            made_at: Some(now),
            price: greedy.price,
            capacity: round.programme.capacity(),
            delay,
        };
        self.assign(&round, &greedy);
        let is_settled =
            greedy.method == SolveMethod::Optimal || round.programme.classes.is_empty();
        if is_settled || self.config.strategy == Strategy::Greedy {
            self.last_solve = Some((Duration::ZERO, greedy.method));
            return None;
        }
        Some(round)
    }

    /// Takes over the solution of a round's programme, and starts what can start by it.
    pub fn settle(
        &mut self,
        now: Duration,
        round: &Round,
        allocation: &Allocation,
        took: Duration,
    ) -> Vec<Dispatch> {
        self.tick(now);
        self.last_solve = Some((took, allocation.method));
        self.assign(round, allocation);
        self.start_ready(now)
    }

    /// Hands an allocation's counts out: of each class the first in line get the best.
    fn assign(&mut self, round: &Round, allocation: &Allocation) {
        for (members, counts) in round.members.iter().zip(&allocation.counts) {
            let mut places = members.places.iter();
            for (stages, count) in members.ways.iter().zip(counts).rev() {
                for place in places.by_ref().take(*count as usize) {
                    self.waiting.assign(place, stages);
                }
            }
        }
    }

    /// What there is for this process at a moment.
    fn there(&self) -> Needs {
        let machine = self.machine();
        let resources = Resources {
            cpu: self.usable_cores(),
            ..machine.capacity
        };
        let places = f64::from(self.config.max_concurrent.max(1));
        let limits = &self.call_limits;
        let calls = [limits.template, limits.detail, limits.optimize];
        let models = [self.model_limits.template, self.model_limits.detail];
        Needs::there(
            resources,
            places,
            calls.map(|limit| f64::from(limit.get())),
            models.map(|limit| f64::from(limit.get())),
        )
    }

    /// What a second of a core costs those who are here and have none, since they wait for it
    /// meanwhile.
    pub(super) fn delay(&self) -> f64 {
        let cores = self.usable_cores();
        let waiting = (f64::from(self.jobs()) - cores) / cores;
        self.config.patience * waiting.clamp(0.0, MOST_DELAYED)
    }

    /// The programme over the waiting jobs and what is expected to arrive meanwhile.
    pub(super) fn programme(&mut self, now: Duration) -> Round {
        let there = self.there().times(self.config.utilisation);
        let running = self.running.values();
        let busy = running.fold(Needs::default(), |sum, running| {
            sum.plus(self.remaining(running))
        });
        let streams: Vec<(Work, ResourceLevel, f64, f64)> = self
            .arrivals
            .iter()
            .map(|((work, highest), stream)| {
                let rate = stream.rate.per_second(now) - NO_STREAM;
                (*work, *highest, rate, stream.deadline)
            })
            .filter(|(_, _, rate, _)| *rate > 0.0)
            .collect();
        let lefts = self
            .waiting
            .values()
            .map(|entry| tier_of(self.seconds_left(&entry.waiting, now)));
        let coming = streams.iter().map(|(_, _, _, deadline)| tier_of(*deadline));
        let tiers = tiers(lefts.chain(coming));
        let programme_tiers: Vec<Tier> = tiers
            .iter()
            .map(|seconds| Tier {
                seconds: *seconds,
                capacity: there.times(*seconds).minus(busy).max(Needs::default()),
            })
            .collect();
        let capacity = programme_tiers
            .last()
            .map_or(there, |tier| tier.capacity)
            .max(there.times(1e-3));

        let mut known: HashMap<ClassKey, usize> = HashMap::new();
        let mut classes: Vec<(ClassKey, Vec<Place>)> = Vec::new();
        for (place, entry) in self.waiting.iter() {
            let key = self.class_of(entry, now, &tiers);
            let index = known.get(&key).copied().or_else(|| {
                if classes.len() < MAX_CLASSES {
                    classes.push((key, Vec::new()));
                    known.insert(key, classes.len() - 1);
                    return Some(classes.len() - 1);
                }
                nearest(&classes, key)
            });
            if let Some((_, places)) = index.and_then(|index| classes.get_mut(index)) {
                places.push(*place);
            }
        }
        let mut programme = Programme {
            tiers: programme_tiers,
            ..Programme::default()
        };
        let mut members = Vec::new();
        for (key, places) in classes {
            let seconds = tiers.get(key.tier).copied().unwrap_or(0.0);
            let weight = weight(key.priority, key.crowd);
            let (choices, ways) = self.choices(key.work, key.highest, seconds, capacity, weight);
            if choices.is_empty() {
                continue;
            }
            programme.classes.push(Class {
                count: u32::try_from(places.len()).unwrap_or(u32::MAX),
                tier: key.tier,
                choices,
            });
            members.push(Members { places, ways });
        }
        for (work, highest, rate, deadline) in streams {
            let (choices, _) = self.choices(work, highest, deadline, capacity, 1.0);
            if !choices.is_empty() {
                programme.expected.push(Expected { rate, choices });
            }
        }
        Round { programme, members }
    }

    fn choices(
        &mut self,
        work: Work,
        highest: ResourceLevel,
        seconds: f64,
        capacity: Needs,
        weight: f64,
    ) -> (Vec<Choice>, Vec<Arc<[PlannedStage]>>) {
        let delay = self.delay();
        let ways = self.ways(work, highest);
        let chosen = ways.choices(seconds, capacity, |way| way.worth(weight, delay));
        chosen
            .into_iter()
            .map(|(way, choice)| (choice, Arc::from(way.stages.as_slice())))
            .unzip()
    }

    fn class_of(&self, entry: &Entry, now: Duration, tiers: &[f64]) -> ClassKey {
        let waiting = &entry.waiting;
        let left = tier_of(self.seconds_left(waiting, now));
        let tier = tiers.partition_point(|tier| *tier <= left * 1.0001);
        ClassKey {
            work: waiting.work,
            highest: self.highest(waiting),
            priority: waiting.priority,
            crowd: crowd(entry.ahead),
            tier: tier.saturating_sub(1),
        }
    }
}

/// The class of the same work that is due soonest; else any of the same tier or before.
fn nearest(classes: &[(ClassKey, Vec<Place>)], key: ClassKey) -> Option<usize> {
    let alike = classes.iter().position(|(known, _)| {
        known.work == key.work && known.highest <= key.highest && known.tier <= key.tier
    });
    alike.or_else(|| {
        classes
            .iter()
            .position(|(known, _)| known.work.wanted == key.work.wanted)
    })
}

/// A time that is left, rounded down to one of few.
fn tier_of(seconds: f64) -> f64 {
    if seconds.is_nan() || seconds <= FIRST_TIER {
        return FIRST_TIER;
    }
    let steps = ((seconds / FIRST_TIER).ln() / TIER_STEP.ln() + 1e-9).floor();
    FIRST_TIER * TIER_STEP.powf(steps)
}

/// The different tiers, nearest first; beyond the most, those that are closest to the one before
/// go.
fn tiers(all: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut tiers: Vec<f64> = Vec::new();
    for tier in all {
        let at = tiers.partition_point(|known| *known < tier * 0.9999);
        if tiers.get(at).is_none_or(|known| *known > tier * 1.0001) {
            tiers.insert(at, tier);
        }
    }
    while tiers.len() > MAX_TIERS {
        // The farther one of the closest pair: its jobs count as due a little earlier.
        let closest = tiers
            .windows(2)
            .enumerate()
            .map(|(index, pair)| match pair {
                [one, next] => (index + 1, next / one),
                _ => (index + 1, f64::INFINITY),
            })
            .min_by(|one, other| one.1.total_cmp(&other.1));
        match closest {
            Some((index, _)) => drop(tiers.remove(index)),
            None => break,
        }
    }
    tiers
}

/// In doublings, how many jobs a client has here.
fn crowd(ahead: u32) -> u32 {
    (ahead / 4 + 1).ilog2().min(3)
}

fn weight(priority: Priority, crowd: u32) -> f64 {
    let base = match priority {
        Priority::Interactive => 1.0,
        Priority::Batch => BATCH_WEIGHT,
    };
    (0..crowd).fold(base, |weight, _| weight * CROWD_WEIGHT)
}
