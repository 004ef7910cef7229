//! The event loop of many machines behind one line: each takes jobs when it has room for them and
//! plans them by itself; the door goes by what they say of themselves now and then.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap, VecDeque},
};

use chat2svg_protocol::{ClientKey, Priority};
use chat2svg_scheduler::{
    Strategy,
    admission::{Door, Forecast},
    nodes::{UnderWay, Worker, sum, told},
};

use crate::{
    Arrival, Outcome, Scenario,
    machine::{Counts, Machine},
    outcome::Notes,
    world::{forecast_for, request_of},
};

/// Between two sums at the door, in seconds.
const SUM: f64 = 0.5;
/// What a machine says of itself is renewed with every so many sums.
const TELLING: usize = 4;
/// How long what a machine said counts after it was lost, in seconds.
const FRESH: f64 = 8.0;

/// Many machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fleet {
    /// How many.
    pub machines: usize,
    /// Jobs that each has at most, waiting and running.
    pub room: usize,
    /// Seconds from the line to a machine.
    pub hop: f64,
    /// Seconds after which the jobs of a machine that was lost are given to others.
    pub lease: f64,
    /// Share of the machines that is lost for good, all at once.
    pub lost: f64,
    /// The number of the arrival at which that happens.
    pub lost_at: u64,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            machines: 1,
            room: 32,
            hop: 0.01,
            lease: 10.0,
            lost: 0.0,
            lost_at: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// A job reaches a machine.
    Delivered { machine: usize, number: u128 },
    /// Something happens at a machine, unless it was changed since.
    Step { machine: usize, version: u64 },
    /// The door looks at what machines say.
    Sum,
    /// Machines that were lost are found to be.
    Expired,
}

/// An event and its time; the earliest is the greatest.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: f64,
    order: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = other.at.total_cmp(&self.at);
        by_time.then(other.order.cmp(&self.order))
    }
}

struct Place<'a> {
    machine: Machine<'a>,
    /// Jobs that are here or on the way.
    claims: usize,
    /// Whether it waits for the next job in line.
    asks: bool,
    is_lost: bool,
    version: u64,
    /// What it said last.
    said: Worker,
}

struct World<'a> {
    scenario: &'a Scenario,
    strategy: Strategy,
    fleet: Fleet,
    places: Vec<Place<'a>>,
    /// Machines that wait for a job, in the order in which they asked.
    asking: VecDeque<usize>,
    /// Jobs in line, those first for which somebody waits.
    line: [VecDeque<u128>; 2],
    /// Jobs that are under way, with the machine that has each.
    jobs: HashMap<u128, (Arrival, Option<usize>)>,
    door: Door,
    forecast: Forecast,
    events: BinaryHeap<Due>,
    order: u64,
    sums: usize,
    lost_since: Option<f64>,
    now: f64,
    notes: Notes,
    number: u128,
}

/// Plays arrivals, in their order in time, on many machines by a strategy.
pub fn simulate_fleet(
    scenario: &Scenario,
    fleet: Fleet,
    strategy: Strategy,
    arrivals: impl IntoIterator<Item = Arrival>,
) -> Outcome {
    let place = |index: usize| {
        let seed = scenario.seed.wrapping_add(index as u64);
        Place {
            machine: Machine::new(scenario, strategy, seed),
            claims: 0,
            asks: true,
            is_lost: false,
            version: 0,
            said: Worker {
                forecast: told(Forecast::default()),
                jobs: 0,
            },
        }
    };
    let machines = fleet.machines.max(1);
    let mut world = World {
        scenario,
        strategy,
        fleet,
        places: (0..machines).map(place).collect(),
        asking: (0..machines).collect(),
        line: Default::default(),
        jobs: HashMap::new(),
        door: Door::default(),
        forecast: Forecast::default(),
        events: BinaryHeap::new(),
        order: 0,
        sums: 0,
        lost_since: None,
        now: 0.0,
        notes: Notes::new(strategy),
        number: 0,
    };
    world.play(arrivals.into_iter());
    let mut counts = Counts::default();
    for place in &world.places {
        let own = place.machine.counts;
        counts.busy += own.busy;
        counts.cost += own.cost;
        counts.wasted_calls += own.wasted_calls;
        counts.solved += own.solved;
    }
    let cores = scenario.cores * machines as f64;
    world.notes.finish(world.now, &counts, cores)
}

impl World<'_> {
    fn play(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        let mut arrivals = arrivals.peekable();
        for index in 0..self.places.len() {
            self.hear(index);
        }
        self.push(0.0, Event::Sum);
        let mut arrived = 0;
        loop {
            let arrives = arrivals.peek().map(|next| next.at);
            if arrives.is_none() && self.jobs.is_empty() {
                return;
            }
            let event = self.events.peek().map(|due| due.at);
            if let Some(at) = arrives
                && event.is_none_or(|event| at <= event)
            {
                self.now = self.now.max(at);
                arrived += 1;
                if arrived == self.fleet.lost_at {
                    self.lose();
                }
                if let Some(arrival) = arrivals.next() {
                    self.arrive(arrival);
                }
            } else if let Some(due) = self.events.pop() {
                self.now = self.now.max(due.at);
                self.happen(due.event);
            } else {
                return;
            }
        }
    }

    fn push(&mut self, at: f64, event: Event) {
        self.order += 1;
        self.events.push(Due {
            at,
            order: self.order,
            event,
        });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Delivered { machine, number } => {
                let arrival = self.jobs.get(&number).map(|(arrival, _)| arrival.clone());
                let Some(place) = self.places.get_mut(machine) else {
                    return;
                };
                if let Some(arrival) = arrival
                    && !place.is_lost
                {
                    place.machine.advance(self.now);
                    place.machine.take(number, arrival);
                    self.step(machine);
                }
            }
            Event::Step { machine, version } => {
                let is_due = |place: &Place<'_>| place.version == version && !place.is_lost;
                if self.places.get(machine).is_some_and(is_due) {
                    self.step(machine);
                }
            }
            Event::Sum => self.look(),
            Event::Expired => self.take_back(),
        }
    }

    /// A job at the door.
    fn arrive(&mut self, arrival: Arrival) {
        self.notes.arrived(arrival.client);
        let forecast = forecast_for(self.strategy, self.forecast);
        let machines = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let most = self.scenario.max_jobs.saturating_mul(machines);
        let admitted = self.door.admit(&request_of(&arrival), &forecast, most);
        if admitted.is_err() {
            self.notes.shed();
            return;
        }
        self.number += 1;
        let lane = usize::from(arrival.priority == Priority::Batch);
        self.jobs.insert(self.number, (arrival, None));
        if let Some(lane) = self.line.get_mut(lane) {
            lane.push_back(self.number);
        }
        self.hand_out();
    }

    /// Gives jobs in line to machines that ask.
    fn hand_out(&mut self) {
        while self.line.iter().any(|lane| !lane.is_empty()) {
            let Some(machine) = self.asking.pop_front() else {
                return;
            };
            let Some(place) = self.places.get_mut(machine) else {
                continue;
            };
            place.asks = false;
            if place.is_lost {
                continue;
            }
            let Some(number) = self.line.iter_mut().find_map(VecDeque::pop_front) else {
                return;
            };
            place.claims += 1;
            if let Some((_, holder)) = self.jobs.get_mut(&number) {
                *holder = Some(machine);
            }
            self.push(
                self.now + self.fleet.hop,
                Event::Delivered { machine, number },
            );
            self.ask(machine);
        }
    }

    /// A machine asks for the next job, if it has room.
    fn ask(&mut self, machine: usize) {
        let room = self.fleet.room.max(1);
        if let Some(place) = self.places.get_mut(machine)
            && !place.asks
            && !place.is_lost
            && place.claims < room
        {
            place.asks = true;
            self.asking.push_back(machine);
        }
    }

    /// Lets happen at a machine what is due there.
    fn step(&mut self, machine: usize) {
        let Some(place) = self.places.get_mut(machine) else {
            return;
        };
        place.machine.advance(self.now);
        place.machine.settle();
        place.version += 1;
        let version = place.version;
        let next = place.machine.next();
        let ended = std::mem::take(&mut place.machine.ended);
        for ended in ended {
            // One that was given to another ends there.
            let holder = self.jobs.get(&ended.number).and_then(|(_, holder)| *holder);
            if holder != Some(machine) {
                continue;
            }
            self.jobs.remove(&ended.number);
            if let Some(place) = self.places.get_mut(machine) {
                place.claims = place.claims.saturating_sub(1);
            }
            let arrival = &ended.arrival;
            self.door.leave(ClientKey(arrival.client), arrival.priority);
            self.notes.answered(arrival, self.now, ended.quality);
        }
        if let Some(at) = next {
            self.push(at.max(self.now), Event::Step { machine, version });
        }
        self.ask(machine);
        self.hand_out();
    }

    /// Notes what a machine says of itself.
    fn hear(&mut self, machine: usize) {
        if let Some(place) = self.places.get_mut(machine) {
            place.machine.advance(self.now);
            place.said = Worker {
                forecast: told(place.machine.queue.forecast()),
                jobs: u32::try_from(place.claims).unwrap_or(u32::MAX),
            };
        }
    }

    /// Some machines say how they stand, and the door adds up what all said.
    fn look(&mut self) {
        let (sums, count) = (self.sums, self.places.len());
        let telling = (0..count).filter(|index| index % TELLING == sums % TELLING);
        for index in telling {
            if self.places.get(index).is_some_and(|place| !place.is_lost) {
                self.hear(index);
            }
        }
        self.sums += 1;
        let are_forgotten = self.lost_since.is_some_and(|at| self.now > at + FRESH);
        let said: Vec<Worker> = self
            .places
            .iter()
            .filter(|place| !(place.is_lost && are_forgotten))
            .map(|place| place.said)
            .collect();
        let jobs = self.door.jobs();
        let under_way = UnderWay {
            own: jobs,
            all: jobs,
        };
        self.forecast = sum(&said, under_way);
        self.push(self.now + SUM, Event::Sum);
    }

    /// Loses the first machines.
    fn lose(&mut self) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the machines"
        )]
        let lost = (self.places.len() as f64 * self.fleet.lost.clamp(0.0, 1.0)).round() as usize;
        for place in self.places.iter_mut().take(lost) {
            place.machine.advance(self.now);
            place.is_lost = true;
        }
        self.lost_since = Some(self.now);
        self.push(self.now + self.fleet.lease, Event::Expired);
    }

    /// Puts the jobs of lost machines in line again, before all others.
    fn take_back(&mut self) {
        let places = &self.places;
        let is_lost = |machine: usize| places.get(machine).is_some_and(|place| place.is_lost);
        let mut lost: Vec<u128> = self
            .jobs
            .iter()
            .filter(|(_, (_, holder))| holder.is_some_and(is_lost))
            .map(|(number, _)| *number)
            .collect();
        lost.sort_unstable();
        for number in lost.into_iter().rev() {
            if let Some((arrival, holder)) = self.jobs.get_mut(&number) {
                *holder = None;
                let lane = usize::from(arrival.priority == Priority::Batch);
                if let Some(lane) = self.line.get_mut(lane) {
                    lane.push_front(number);
                }
            }
        }
        self.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Trace;

    fn play(fleet: Fleet, jobs: u32, rate: f64) -> Outcome {
        let arrivals = Trace::Poisson.arrivals(jobs, rate, Duration::from_secs(3), 8, 5);
        simulate_fleet(&Scenario::default(), fleet, Strategy::Greedy, arrivals)
    }

    #[test]
    fn ten_machines_do_ten_times_as_much() {
        let one = play(Fleet::default(), 400, 8.0);
        let ten = Fleet {
            machines: 10,
            ..Fleet::default()
        };
        let ten = play(ten, 4_000, 80.0);
        assert_eq!(ten.shed + ten.in_time + ten.late, 4_000);
        // By what arrived: so few jobs come faster or slower than their rate by a tenth.
        let good = |outcome: &Outcome| outcome.goodput * outcome.seconds;
        assert!(good(&ten) > 9.5 * good(&one), "{one:?} {ten:?}");
    }

    #[test]
    fn what_lost_machines_had_is_answered_by_others() {
        let fleet = Fleet {
            machines: 20,
            lost: 0.1,
            lost_at: 1_500,
            ..Fleet::default()
        };
        let outcome = play(fleet, 3_000, 100.0);
        assert_eq!(outcome.shed + outcome.in_time + outcome.late, 3_000);
        // What two machines had.
        let had = u64::try_from(2 * fleet.room).expect("few jobs");
        assert!(outcome.late <= had, "{outcome:?}");
        assert!(outcome.shed < 30, "{outcome:?}");
    }

    #[test]
    fn everybody_is_answered_although_most_machines_are_lost() {
        let fleet = Fleet {
            machines: 4,
            lost: 0.75,
            lost_at: 100,
            ..Fleet::default()
        };
        let outcome = play(fleet, 400, 20.0);
        assert_eq!(outcome.shed + outcome.in_time + outcome.late, 400);
    }
}
