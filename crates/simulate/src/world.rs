//! The event loop of one machine: jobs arrive, are let in or not, and end.

use std::time::Duration;

use chat2svg_protocol::ClientKey;
use chat2svg_scheduler::{
    Strategy,
    admission::{Door, Forecast, Request},
};

use crate::{Arrival, Outcome, Scenario, machine::Machine, outcome::Notes};

/// Plays arrivals, in their order in time, by a strategy.
pub fn simulate(
    scenario: &Scenario,
    strategy: Strategy,
    arrivals: impl IntoIterator<Item = Arrival>,
) -> Outcome {
    let mut world = World {
        scenario,
        machine: Machine::new(scenario, strategy, scenario.seed),
        door: Door::default(),
        now: 0.0,
        notes: Notes::new(strategy),
        number: 0,
    };
    world.play(arrivals.into_iter());
    let (now, counts) = (world.now, world.machine.counts);
    world.notes.finish(now, &counts, scenario.cores)
}

/// What somebody at the door of a service that is planned by a strategy goes by: one without
/// forecast turns away only what there is no place for.
pub(crate) fn forecast_for(strategy: Strategy, forecast: Forecast) -> Forecast {
    match strategy {
        Strategy::Milp | Strategy::Greedy => forecast,
        Strategy::Fifo | Strategy::Static => Forecast::default(),
    }
}

/// A job at the door.
pub(crate) fn request_of(arrival: &Arrival) -> Request {
    Request {
        deadline: Duration::from_millis(arrival.deadline_ms),
        client: ClientKey(arrival.client),
        priority: arrival.priority,
    }
}

struct World<'a> {
    scenario: &'a Scenario,
    machine: Machine<'a>,
    door: Door,
    now: f64,
    notes: Notes,
    number: u128,
}

impl World<'_> {
    fn play(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        let mut arrivals = arrivals.peekable();
        loop {
            let arrives = arrivals.peek().map(|next| next.at);
            let candidates = [arrives, self.machine.next()];
            let Some(next) = candidates.into_iter().flatten().min_by(f64::total_cmp) else {
                return;
            };
            self.now = next.max(self.now);
            self.machine.advance(self.now);
            while let Some(arrival) = arrivals.next_if(|next| next.at <= self.now) {
                self.arrive(arrival);
            }
            self.machine.settle();
            for ended in std::mem::take(&mut self.machine.ended) {
                let arrival = &ended.arrival;
                self.door.leave(ClientKey(arrival.client), arrival.priority);
                self.notes.answered(arrival, self.now, ended.quality);
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        self.notes.arrived(arrival.client);
        self.machine.look_at_circuit();
        let queue = &mut self.machine.queue;
        let forecast = forecast_for(queue.strategy(), queue.forecast());
        let most = self.scenario.max_jobs;
        if self
            .door
            .admit(&request_of(&arrival), &forecast, most)
            .is_err()
        {
            self.notes.shed();
            let now = self.machine.moment();
            self.machine.queue.turned_away(now, 1);
            return;
        }
        self.number += 1;
        self.machine.take(self.number, arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Trace, chart, table};

    const JOBS: u32 = 400;

    fn play(strategy: Strategy, trace: Trace, rate: f64, scenario: &Scenario) -> Outcome {
        let arrivals = trace.arrivals(JOBS, rate, Duration::from_secs(3), 8, 5);
        simulate(scenario, strategy, arrivals)
    }

    #[test]
    fn an_idle_machine_gives_everybody_everything() {
        for strategy in Strategy::ALL {
            let outcome = play(strategy, Trace::Poisson, 0.1, &Scenario::default());
            assert_eq!(outcome.jobs, u64::from(JOBS));
            assert!(outcome.in_time >= 396, "{outcome:?}");
            assert!(outcome.quality > 0.99, "{outcome:?}");
        }
    }

    #[test]
    fn under_load_planning_answers_everybody_sooner_than_taking_turns() {
        let scenario = Scenario::default();
        for (trace, rate) in [
            (Trace::Poisson, 8.0),
            (Trace::Bursty, 8.0),
            (Trace::Poisson, 40.0),
        ] {
            let fixed = play(Strategy::Static, trace, rate, &scenario);
            let turns = play(Strategy::Fifo, trace, rate, &scenario);
            for strategy in [Strategy::Greedy, Strategy::Milp] {
                let planned = play(strategy, trace, rate, &scenario);
                println!(
                    "{trace:?} {rate}\n{}",
                    table(&[planned.clone(), turns.clone(), fixed.clone()])
                );
                let missed = planned.late + planned.shed;
                assert!(missed as f64 <= 0.02 * planned.jobs as f64, "{planned:?}");
                assert!(planned.median_seconds < 1.5, "{planned:?}");
                assert!(planned.median_seconds <= turns.median_seconds);
                assert!(
                    planned.goodput > 1.5 * fixed.goodput,
                    "{planned:?} {fixed:?}"
                );
            }
        }
    }

    #[test]
    fn a_flood_is_turned_away_at_the_door_and_what_is_taken_on_is_answered() {
        let outcome = play(
            Strategy::Greedy,
            Trace::Poisson,
            1_000.0,
            &Scenario::default(),
        );
        assert!(outcome.shed > 0);
        assert!(
            outcome.late as f64 <= 0.01 * (outcome.jobs - outcome.shed) as f64,
            "{outcome:?}"
        );
    }

    #[test]
    fn a_model_that_does_everything_wrong_costs_nobody_an_answer() {
        let scenario = Scenario {
            model: Some(Model {
                seconds: 0.3,
                gpu_seconds: 0.1,
                extra_quality: 0.2,
                fails: 0.2,
                stalls: 0.1,
                garbles: 0.1,
                cost: 1.0,
            }),
            ..Scenario::default()
        };
        let outcome = play(Strategy::Greedy, Trace::Poisson, 2.0, &scenario);
        assert!(
            outcome.in_time as f64 > 0.98 * outcome.jobs as f64,
            "{outcome:?}"
        );
        assert!(outcome.wasted_calls > 0 && outcome.cost > 0.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_outcome() {
        let outcome = || play(Strategy::Greedy, Trace::Bursty, 20.0, &Scenario::default());
        assert_eq!(outcome(), outcome());
    }

    #[test]
    fn the_chart_is_a_picture_that_our_own_reader_takes() {
        let outcomes =
            Strategy::ALL.map(|strategy| play(strategy, Trace::Poisson, 0.5, &Scenario::default()));
        let svg = chart(&outcomes);
        let limits = chat2svg_vector::ParseLimits::default();
        let parsed = chat2svg_vector::Document::parse(svg.as_bytes(), &limits).unwrap();
        assert!(parsed.document.layers.len() >= 5);
        assert!(svg.contains("id=\"goodput-milp\""));
    }
}
