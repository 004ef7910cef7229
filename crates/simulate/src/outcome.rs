//! What came of a simulation.

use std::{collections::BTreeMap, fmt::Write as _};

use chat2svg_scheduler::{Quantiles, Strategy};
use serde::Serialize;

use crate::{Arrival, machine::Counts};

/// What came of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Who decided.
    pub strategy: Strategy,
    /// Jobs that arrived.
    pub jobs: u64,
    /// Jobs that were told at once that they cannot be served.
    pub shed: u64,
    /// Jobs answered by their deadline.
    pub in_time: u64,
    /// Jobs that were taken on and answered later.
    pub late: u64,
    /// Seconds from arrival to answer: half take less.
    pub median_seconds: f64,
    /// Seconds from arrival to answer that one in a hundred exceeds.
    pub p99_seconds: f64,
    /// Mean quality of the jobs answered in time.
    pub quality: f64,
    /// Summed quality of jobs answered in time, a second.
    pub goodput: f64,
    /// Jobs answered in time, a second.
    pub answered_per_second: f64,
    /// Share of the cores that was busy.
    pub utilisation: f64,
    /// Jain's index of what clients got for what they asked, 0 to 1.
    pub fairness: f64,
    /// What calls of models cost.
    pub cost: f64,
    /// Calls of the model that gave nothing.
    pub wasted_calls: u64,
    /// Programmes that were solved exactly.
    pub solved: u64,
    /// Virtual seconds.
    pub seconds: f64,
}

/// What is noted while a simulation runs.
pub(crate) struct Notes {
    strategy: Strategy,
    jobs: u64,
    shed: u64,
    in_time: u64,
    late: u64,
    quality: f64,
    latencies: Quantiles,
    /// Asked and got, by client.
    clients: BTreeMap<u64, (u64, f64)>,
}

impl Notes {
    pub(crate) fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            jobs: 0,
            shed: 0,
            in_time: 0,
            late: 0,
            quality: 0.0,
            latencies: Quantiles::new(1.0, 0.0, 1e12),
            clients: BTreeMap::new(),
        }
    }

    pub(crate) fn arrived(&mut self, client: u64) {
        self.jobs += 1;
        self.clients.entry(client).or_default().0 += 1;
    }

    pub(crate) fn shed(&mut self) {
        self.shed += 1;
    }

    /// A job was answered.
    pub(crate) fn answered(&mut self, arrival: &Arrival, now: f64, quality: f64) {
        let seconds = now - arrival.at;
        self.latencies.observe(seconds);
        if seconds <= arrival.deadline_ms as f64 / 1000.0 {
            self.in_time += 1;
            self.quality += quality;
            self.clients.entry(arrival.client).or_default().1 += quality;
        } else {
            self.late += 1;
        }
    }

    pub(crate) fn finish(self, seconds: f64, counts: &Counts, cores: f64) -> Outcome {
        let seconds = seconds.max(1e-9);
        let in_time = self.in_time.max(1) as f64;
        let shares = self.clients.values();
        let shares: Vec<f64> = shares
            .map(|(asked, got)| got / (*asked).max(1) as f64)
            .collect();
        let sum: f64 = shares.iter().sum();
        let squares: f64 = shares.iter().map(|share| share * share).sum();
        Outcome {
            strategy: self.strategy,
            jobs: self.jobs,
            shed: self.shed,
            in_time: self.in_time,
            late: self.late,
            median_seconds: self.latencies.get(0.5),
            p99_seconds: self.latencies.get(0.99),
            quality: self.quality / in_time,
            goodput: self.quality / seconds,
            answered_per_second: self.in_time as f64 / seconds,
            utilisation: counts.busy / (seconds * cores),
            fairness: if squares > 0.0 {
                sum * sum / (shares.len() as f64 * squares)
            } else {
                1.0
            },
            cost: counts.cost,
            wasted_calls: counts.wasted_calls,
            solved: counts.solved,
            seconds,
        }
    }
}

/// Outcomes side by side, for a terminal.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "strategy   in time    late    shed   p50 s   p99 s  quality  goodput  busy  fair    cost  wasted  solved\n",
    );
    for outcome in outcomes {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<8} {:>9} {:>7} {:>7} {:>7.3} {:>7.3} {:>8.3} {:>8.2} {:>5.2} {:>5.2} {:>7.1} {:>7} {:>7}",
            outcome.strategy.name(),
            outcome.in_time,
            outcome.late,
            outcome.shed,
            outcome.median_seconds,
            outcome.p99_seconds,
            outcome.quality,
            outcome.goodput,
            outcome.utilisation,
            outcome.fairness,
            outcome.cost,
            outcome.wasted_calls,
            outcome.solved,
        );
    }
    text
}
