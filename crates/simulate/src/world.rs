//! The event loop: jobs arrive, stages share cores and GPU, and end.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap, HashMap},
    time::Duration,
};

use chat2svg_breaker::Breaker;
use chat2svg_protocol::{
    BackendId, CallEnd, CallReport, CallSize, CircuitSnapshot, CircuitStanding, ClientKey, Cost,
    Fault, JobId, PerStage, PlannedStage, ResourceLevel, Source, Stage, messages::Dispatch,
};
use chat2svg_scheduler::{
    Limits, Machine, Queue, Resources, Strategy, Waiting, Work,
    admission::{Door, Request},
    solve,
};
use rand::RngExt as _;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};
use uuid::Uuid;

use crate::{Arrival, Model, Outcome, Scenario, outcome::Notes};

/// The most jobs that work at once; they are few, so that looking at all of them is cheap.
type Jobs = BTreeMap<u128, Job>;

/// What a job does now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// Work on the cores.
    Cores,
    /// Work on the GPU.
    Gpu,
    /// Waiting for an answer.
    Elsewhere,
}

/// A running job.
#[derive(Clone, Debug)]
struct Job {
    arrival: Arrival,
    work: Work,
    stages: Vec<PlannedStage>,
    doing: Doing,
    /// Seconds of undisturbed work that the present step still takes.
    left: f64,
    /// What follows the present step within the stage.
    then: Vec<(Doing, f64)>,
    /// When the present stage began.
    begun: f64,
    quality: f64,
    /// How the call of a model will end, when one is under way.
    call: Option<Call>,
    served_by: BackendId,
    /// Whether only writing the answer is left.
    is_closing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    generation: u64,
    end: CallEnd,
    began: f64,
}

/// The next arrival in line.
#[derive(Clone, Debug)]
struct Next(Arrival);

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.at.total_cmp(&self.0.at)
    }
}

struct World<'a> {
    scenario: &'a Scenario,
    queue: Queue,
    door: Door,
    breaker: Breaker,
    rng: ChaCha8Rng,
    now: f64,
    running: Jobs,
    /// Jobs that wait.
    waiting: HashMap<u128, (Arrival, Work)>,
    notes: Notes,
    busy: f64,
    number: u128,
    model: BackendId,
}

/// Plays arrivals, in their order in time, by a strategy.
pub fn simulate(
    scenario: &Scenario,
    strategy: Strategy,
    arrivals: impl IntoIterator<Item = Arrival>,
) -> Outcome {
    let mut config = scenario.scheduler.clone();
    config.strategy = strategy;
    let model = BackendId::try_from("model".to_owned()).unwrap_or(BackendId::EMBEDDED);
    let embedded = || vec![BackendId::EMBEDDED];
    let line_ups = PerStage {
        template: match scenario.model {
            Some(_) => vec![model.clone(), BackendId::EMBEDDED],
            None => embedded(),
        },
        detail: embedded(),
        optimize: embedded(),
    };
    let mut world = World {
        scenario,
        queue: Queue::new(config, line_ups, scenario.cores),
        door: Door::default(),
        breaker: Breaker::new(scenario.breaker.clone(), 0, scenario.seed),
        rng: ChaCha8Rng::seed_from_u64(scenario.seed),
        now: 0.0,
        running: Jobs::new(),
        waiting: HashMap::new(),
        notes: Notes::new(strategy),
        busy: 0.0,
        number: 0,
        model,
    };
    world.queue.machine_changed(
        Duration::ZERO,
        Machine {
            cores: scenario.cores,
            capacity: Resources {
                cpu: scenario.cores,
                memory_mb: 1e6,
                gpu_memory_mb: 1e6,
            },
            memory_free_mb: 1e6,
            level: ResourceLevel::High,
        },
    );
    world.play(arrivals.into_iter());
    let (now, busy) = (world.now, world.busy);
    world.notes.finish(now, busy, scenario.cores)
}

impl World<'_> {
    fn play(&mut self, mut arrivals: impl Iterator<Item = Arrival>) {
        let mut coming: BinaryHeap<Next> = arrivals.next().map(Next).into_iter().collect();
        let mut due: Option<f64> = None;
        loop {
            let arrives = coming.peek().map(|next| next.0.at);
            let ends = self.next_end();
            let candidates = [arrives, ends, due];
            let Some(next) = candidates.into_iter().flatten().min_by(f64::total_cmp) else {
                return;
            };
            self.advance(next.max(self.now));
            while coming.peek().is_some_and(|next| next.0.at <= self.now) {
                if let Some(Next(arrival)) = coming.pop() {
                    self.arrive(arrival);
                }
                coming.extend(arrivals.next().map(Next));
            }
            let ended: Vec<u128> = self
                .running
                .iter()
                .filter(|(_, job)| job.left <= 1e-9)
                .map(|(number, _)| *number)
                .collect();
            for number in ended {
                self.step_ended(number);
            }
            self.round();
            due = self
                .queue
                .next_due(self.moment())
                .map(|due| due.as_secs_f64())
                .filter(|due| *due > self.now);
        }
    }

    fn moment(&self) -> Duration {
        Duration::from_secs_f64(self.now)
    }

    /// How fast each kind of step goes on.
    fn speeds(&self) -> (f64, f64) {
        let count = |doing| {
            let jobs = self.running.values().filter(|job| job.doing == doing);
            jobs.count() as f64
        };
        let cores = (self.scenario.cores / count(Doing::Cores).max(1.0)).min(1.0);
        (cores, 1.0 / count(Doing::Gpu).max(1.0))
    }

    fn next_end(&self) -> Option<f64> {
        let (cores, gpu) = self.speeds();
        let ends = self.running.values().map(|job| {
            let speed = match job.doing {
                Doing::Cores => cores,
                Doing::Gpu => gpu,
                Doing::Elsewhere => 1.0,
            };
            self.now + job.left.max(0.0) / speed
        });
        ends.min_by(f64::total_cmp)
    }

    fn advance(&mut self, to: f64) {
        let elapsed = to - self.now;
        let (cores, gpu) = self.speeds();
        for job in self.running.values_mut() {
            let speed = match job.doing {
                Doing::Cores => {
                    self.busy += cores * elapsed;
                    cores
                }
                Doing::Gpu => gpu,
                Doing::Elsewhere => 1.0,
            };
            job.left -= speed * elapsed;
        }
        self.now = to;
    }

    /// About so many seconds.
    fn about(&mut self, median: f64) -> f64 {
        // Twelve uniform numbers make a normal one.
        let sum: f64 = (0..12).map(|_| self.rng.random::<f64>()).sum();
        median * (self.scenario.spread * (sum - 6.0)).exp()
    }

    fn arrive(&mut self, arrival: Arrival) {
        self.notes.arrived(arrival.client);
        self.look_at_circuit();
        let request = Request {
            deadline: Duration::from_millis(arrival.deadline_ms),
            client: ClientKey(arrival.client),
            priority: arrival.priority,
        };
        let forecast = self.queue.forecast();
        // A strategy without forecast turns away only what there is no place for.
        let forecast = match self.queue.strategy() {
            Strategy::Milp | Strategy::Greedy => forecast,
            Strategy::Fifo | Strategy::Static => Default::default(),
        };
        if self
            .door
            .admit(&request, &forecast, self.scenario.max_jobs)
            .is_err()
        {
            self.notes.shed();
            let now = self.moment();
            self.queue.turned_away(now, 1);
            return;
        }
        self.number += 1;
        let wanted = if arrival.vectorize {
            [false, false, true]
        } else {
            [true; 3]
        };
        let work = Work::usual(wanted);
        let now = self.moment();
        self.queue.enqueue(
            now,
            Waiting {
                job: JobId(Uuid::from_u128(self.number)),
                deadline: now + Duration::from_millis(arrival.deadline_ms),
                level: arrival.level.level(),
                work,
                priority: arrival.priority,
                client: ClientKey(arrival.client),
            },
        );
        self.waiting.insert(self.number, (arrival, work));
    }

    fn round(&mut self) {
        let now = self.moment();
        let (dispatched, round) = self.queue.round(now);
        self.start(dispatched);
        let Some(round) = round else { return };
        self.notes.solved += 1;
        let config = &self.scenario.scheduler;
        let limits = Limits {
            time: Duration::from_millis(u64::from(config.solve_limit_ms)),
            gap: config.solve_gap,
        };
        let allocation = solve(&round.programme, limits);
        let dispatched = self.queue.settle(now, &round, &allocation, Duration::ZERO);
        self.start(dispatched);
    }

    fn start(&mut self, dispatched: Vec<Dispatch>) {
        for dispatch in dispatched {
            let number = dispatch.job.0.as_u128();
            self.queue.acknowledged(dispatch.job);
            let Some((arrival, work)) = self.waiting.remove(&number) else {
                continue;
            };
            let job = Job {
                arrival,
                work,
                stages: dispatch.plan.stages,
                doing: Doing::Cores,
                left: 0.0,
                then: Vec::new(),
                begun: self.now,
                quality: 0.0,
                call: None,
                served_by: BackendId::EMBEDDED,
                is_closing: false,
            };
            self.begin_stage(number, job);
        }
    }

    /// Begins a job's next stage, or the writing of its answer.
    fn begin_stage(&mut self, number: u128, mut job: Job) {
        job.begun = self.now;
        job.call = None;
        job.served_by = BackendId::EMBEDDED;
        let Some(planned) = job.stages.first().copied() else {
            job.is_closing = true;
            job.doing = Doing::Cores;
            job.left = self.about(self.scenario.scheduler.overhead_ms / 1000.0);
            self.running.insert(number, job);
            return;
        };
        let cost = self.scenario.scheduler.stages.get(planned.stage);
        let dearer = if job.work.from_outside {
            cost.dearer
        } else {
            1.0
        };
        let median = cost.seconds.get(planned.level) * dearer;
        let own = self.about(median);
        (job.doing, job.left) = (Doing::Cores, own);
        let model = self
            .scenario
            .model
            .filter(|_| planned.stage == Stage::Template && planned.source == Source::Line);
        if let Some(model) = model
            && let Ok(generation) = self.breaker.acquire(self.moment(), CallSize::default())
        {
            self.call(&mut job, model, generation, own);
        }
        self.running.insert(number, job);
    }

    /// Has a model called first; what it does wrong, the embedded backend makes good.
    fn call(&mut self, job: &mut Job, model: Model, generation: u64, own: f64) {
        let luck = self.rng.random::<f64>();
        let time_left = job.arrival.at + job.arrival.deadline_ms as f64 / 1000.0 - self.now;
        let patience = (0.7 * time_left - 2.0 * own).max(0.05);
        let latency = self.about(model.seconds);
        let gpu = self.about(model.gpu_seconds);
        let failed = CallEnd::Failed(Fault::Provider);
        let steps = if luck < model.fails {
            (failed, vec![(Doing::Elsewhere, 0.2 * latency)])
        } else if luck < model.fails + model.stalls || latency > patience {
            (CallEnd::Late, vec![(Doing::Elsewhere, patience)])
        } else if luck < model.fails + model.stalls + model.garbles {
            (failed, vec![(Doing::Elsewhere, latency), (Doing::Gpu, gpu)])
        } else {
            (
                CallEnd::Served,
                vec![(Doing::Elsewhere, latency), (Doing::Gpu, gpu)],
            )
        };
        let (end, mut steps) = steps;
        if end == CallEnd::Served {
            job.served_by = self.model.clone();
            job.quality += model.extra_quality;
        } else {
            steps.push((Doing::Cores, own));
            self.notes.wasted_calls += 1;
        }
        self.notes.cost += model.cost;
        job.call = Some(Call {
            generation,
            end,
            began: self.now,
        });
        let mut steps = steps.into_iter();
        if let Some((doing, left)) = steps.next() {
            (job.doing, job.left) = (doing, left);
        }
        job.then = steps.collect();
    }

    fn step_ended(&mut self, number: u128) {
        let Some(mut job) = self.running.remove(&number) else {
            return;
        };
        let is_own = job
            .then
            .first()
            .is_none_or(|(doing, _)| *doing == Doing::Cores);
        if is_own && let Some(call) = job.call.take() {
            self.report(call);
        }
        if !job.then.is_empty() {
            (job.doing, job.left) = job.then.remove(0);
            self.running.insert(number, job);
            return;
        }
        if job.is_closing {
            self.close(number, &job);
            return;
        }
        let planned = job.stages.remove(0);
        let config = &self.scenario.scheduler;
        let worth = match planned.stage {
            Stage::Template => config.weights.template,
            Stage::Detail => config.weights.detail,
            Stage::Optimize => config.weights.optimize,
        };
        job.quality += worth * config.level_factors.get(planned.level);
        let now = self.moment();
        let id = JobId(Uuid::from_u128(number));
        let served = Some((job.served_by.clone(), self.now - job.begun));
        self.queue
            .stage_finished(now, id, planned.stage, served, None, None);
        if let Some(plan) = self.queue.replan(now, id) {
            job.stages = plan.stages;
        }
        self.begin_stage(number, job);
    }

    fn report(&mut self, call: Call) {
        let report = CallReport {
            end: call.end,
            spent: Duration::from_secs_f64((self.now - call.began).max(0.0)),
            reason: None,
            size: CallSize::default(),
            comparable: true,
            cost: Cost::default(),
        };
        self.breaker.report(self.moment(), call.generation, &report);
        self.look_at_circuit();
    }

    /// Tells the queue how the model's circuit stands.
    fn look_at_circuit(&mut self) {
        if self.scenario.model.is_none() {
            return;
        }
        let state = self.breaker.state(self.moment());
        self.queue.circuits_changed(&[CircuitSnapshot {
            stage: Stage::Template,
            backend: self.model.clone(),
            standing: CircuitStanding {
                state,
                ..CircuitStanding::closed()
            },
        }]);
    }

    fn close(&mut self, number: u128, job: &Job) {
        let now = self.moment();
        self.queue.withdraw(now, JobId(Uuid::from_u128(number)));
        self.door
            .leave(ClientKey(job.arrival.client), job.arrival.priority);
        let seconds = self.now - job.arrival.at;
        let is_in_time = seconds <= job.arrival.deadline_ms as f64 / 1000.0;
        self.notes
            .answered(job.arrival.client, seconds, job.quality, is_in_time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Trace, chart, table};

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
