//! The queue step by step, and invariants over random histories.

use ResourceLevel::{High, Low, Minimal};
use Stage::{Detail, Optimize, Template};
use chat2svg_protocol::PerLevel;
use proptest::prelude::*;
use uuid::Uuid;

use super::{planning::MAX_CLASSES, *};
use crate::{
    config::StageCosts,
    solver::{Limits, solve},
};

const ALL: [bool; 3] = [true; 3];

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn id(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

fn job(number: u128, deadline_ms: u64) -> Waiting {
    Waiting {
        job: id(number),
        deadline: ms(deadline_ms),
        level: None,
        wanted: ALL,
    }
}

/// Who served a stage, and in how many seconds.
fn in_seconds(seconds: f64) -> Option<(BackendId, f64)> {
    Some((BackendId::EMBEDDED, seconds))
}

fn machine(cores: f64) -> Machine {
    Machine {
        capacity: Resources {
            cpu: cores,
            memory_mb: 8000.0,
            gpu_memory_mb: 0.0,
        },
        memory_free_mb: 8000.0,
        level: High,
    }
}

fn queue(cores: f64) -> Queue {
    let mut queue = Queue::new(SchedulerConfig::default(), PerStage::EMBEDDED, cores);
    queue.machine_changed(machine(cores));
    queue
}

/// A round with its programme solved, as the actor does it.
fn run(queue: &mut Queue, now: Duration) -> Vec<Dispatch> {
    let (mut dispatched, round) = queue.round(now);
    if let Some(round) = round {
        let limits = Limits {
            time: Duration::from_secs(20),
            gap: 0.0,
        };
        let allocation = solve(&round.programme, limits);
        dispatched.extend(queue.settle(now, &round, &allocation, Duration::ZERO));
    }
    dispatched
}

fn jobs(dispatched: &[Dispatch]) -> Vec<u128> {
    dispatched
        .iter()
        .map(|dispatch| dispatch.job.0.as_u128())
        .collect()
}

fn stages(dispatch: &Dispatch) -> Vec<(Stage, ResourceLevel)> {
    let planned = dispatch.plan.stages.iter();
    planned
        .map(|planned| (planned.stage, planned.level))
        .collect()
}

#[test]
fn a_single_job_runs_at_once_with_everything() {
    let mut queue = queue(2.0);
    queue.enqueue(job(1, 10_000));
    let dispatched = run(&mut queue, ms(0));
    assert_eq!(jobs(&dispatched), [1]);
    let everything = [(Template, High), (Detail, High), (Optimize, High)];
    assert_eq!(stages(&dispatched[0]), everything);
    assert_eq!(dispatched[0].plan.reason, None);
    assert!(run(&mut queue, ms(1)).is_empty());
}

#[test]
fn a_job_runs_even_if_others_use_the_whole_machine() {
    let mut queue = queue(0.0);
    queue.enqueue(job(1, 10_000));
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1]);
    // The second waits until the first is over.
    queue.enqueue(job(2, 10_000));
    assert!(run(&mut queue, ms(1)).is_empty());
    queue.withdraw(id(1));
    assert_eq!(jobs(&run(&mut queue, ms(2))), [2]);
}

#[test]
fn patient_jobs_wait_for_a_free_machine_rather_than_lose_stages() {
    let mut queue = queue(2.0);
    for number in 1..=3 {
        queue.enqueue(job(number, 30_000));
    }
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1]);
    for (stage, seconds) in [(Template, 0.05), (Detail, 0.3)] {
        queue.stage_finished(id(1), stage, in_seconds(seconds));
        assert!(run(&mut queue, ms(400)).is_empty());
    }
    queue.stage_finished(id(1), Optimize, in_seconds(1.0));
    let dispatched = run(&mut queue, ms(1400));
    assert_eq!(jobs(&dispatched), [2]);
    assert_eq!(dispatched[0].plan.reason, None);
}

#[test]
fn when_not_all_can_have_everything_in_time_more_jobs_get_less_and_it_is_said() {
    let mut queue = queue(2.0);
    for number in 1..=3 {
        queue.enqueue(job(number, 2_000));
    }
    let dispatched = run(&mut queue, ms(0));
    assert_eq!(jobs(&dispatched), [1, 2]);
    for dispatch in &dispatched {
        assert_eq!(stages(dispatch), [(Template, High), (Detail, High)]);
        assert_eq!(
            dispatch.plan.reason.as_deref(),
            Some("the machine is busy with other jobs: optimize left out")
        );
    }
    assert_eq!(queue.snapshot().queued, 1);
}

#[test]
fn a_job_with_little_time_gets_a_lower_level_and_the_reason() {
    let mut queue = queue(2.0);
    queue.enqueue(job(1, 1_000));
    let dispatched = run(&mut queue, ms(0));
    let lowered = [(Template, High), (Detail, High), (Optimize, Low)];
    assert_eq!(stages(&dispatched[0]), lowered);
    assert_eq!(
        dispatched[0].plan.reason.as_deref(),
        Some("0.9 s are left until the deadline: optimize runs at level low")
    );
}

#[test]
fn a_level_that_was_asked_for_is_kept_whatever_the_machine_affords() {
    let mut queue = queue(2.0);
    queue.machine_changed(Machine {
        level: Minimal,
        ..machine(2.0)
    });
    queue.enqueue(Waiting {
        level: Some(High),
        ..job(1, 10_000)
    });
    let dispatched = run(&mut queue, ms(0));
    assert!(
        stages(&dispatched[0])
            .iter()
            .all(|(_, level)| *level == High)
    );
}

#[test]
fn kinds_that_want_fewer_stages_get_those() {
    let mut queue = queue(8.0);
    queue.enqueue(Waiting {
        wanted: [false, false, true],
        ..job(1, 10_000)
    });
    queue.enqueue(Waiting {
        wanted: [false, true, true],
        ..job(2, 10_000)
    });
    queue.enqueue(Waiting {
        wanted: [false; 3],
        ..job(3, 10_000)
    });
    let mut dispatched = run(&mut queue, ms(0));
    dispatched.sort_by_key(|dispatch| dispatch.job);
    assert_eq!(stages(&dispatched[0]), [(Optimize, High)]);
    assert_eq!(stages(&dispatched[1]), [(Detail, High), (Optimize, High)]);
    assert_eq!(stages(&dispatched[2]), []);
}

#[test]
fn no_more_jobs_run_at_once_than_allowed() {
    let mut queue = queue(100.0);
    for number in 1..=9 {
        queue.enqueue(job(number, 30_000));
    }
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1, 2, 3, 4]);
    assert!(run(&mut queue, ms(1)).is_empty());
    queue.withdraw(id(3));
    assert_eq!(jobs(&run(&mut queue, ms(2))), [5]);
    assert_eq!(queue.snapshot().queued, 4);
    assert_eq!(queue.snapshot().running, 4);
}

#[test]
fn a_job_whose_deadline_is_near_starts_although_all_slots_are_taken() {
    let mut queue = queue(100.0);
    for number in 1..=4 {
        queue.enqueue(job(number, 30_000));
    }
    run(&mut queue, ms(0));
    queue.enqueue(job(5, 1_000));
    assert!(run(&mut queue, ms(1)).is_empty());
    let due = queue.next_due(ms(1)).unwrap();
    assert!(due < ms(1_000));
    let dispatched = run(&mut queue, due);
    assert_eq!(jobs(&dispatched), [5]);
    assert_eq!(stages(&dispatched[0])[0].0, Template);
}

#[test]
fn a_job_past_its_deadline_still_gets_its_first_stage() {
    let mut queue = queue(2.0);
    queue.enqueue(job(1, 0));
    let dispatched = run(&mut queue, ms(5_000));
    assert_eq!(stages(&dispatched[0]).len(), 1);
    assert_eq!(stages(&dispatched[0])[0].0, Template);
}

#[test]
fn a_withdrawn_job_never_starts_even_if_it_was_being_planned() {
    let mut queue = queue(2.0);
    queue.config.patience = 0.0;
    for number in 1..=4 {
        queue.enqueue(job(number, 30_000));
    }
    run(&mut queue, ms(0));
    let (_, round) = {
        queue.stage_finished(id(1), Template, in_seconds(0.05));
        queue.stage_finished(id(1), Detail, in_seconds(0.05));
        queue.round(ms(1))
    };
    let Some(round) = round else {
        // All slots or the whole machine were taken at once: nothing is being planned.
        assert!(queue.waiting.is_empty());
        return;
    };
    let waiting: Vec<JobId> = queue.waiting.values().map(|waiting| waiting.job).collect();
    for job in waiting {
        queue.withdraw(job);
    }
    let limits = Limits {
        time: Duration::from_secs(20),
        gap: 0.0,
    };
    let allocation = solve(&round.programme, limits);
    assert!(queue.settle(ms(2), &round, &allocation, ms(0)).is_empty());
}

#[test]
fn a_dispatch_that_did_not_arrive_is_repeated_in_its_old_order() {
    let mut queue = queue(100.0);
    for number in 1..=5 {
        queue.enqueue(job(number, 30_000));
    }
    run(&mut queue, ms(0));
    queue.acknowledged(id(1));
    queue.undelivered(id(2));
    assert_eq!(jobs(&run(&mut queue, ms(1))), [2]);
    queue.recover();
    assert_eq!(queue.snapshot().running, 1);
    assert_eq!(jobs(&run(&mut queue, ms(2))), [2, 3, 4]);
}

#[test]
fn saying_again_that_a_job_waits_keeps_its_place() {
    let mut queue = queue(0.0);
    for number in 1..=3 {
        queue.enqueue(job(number, 30_000));
    }
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1]);
    // Its dispatch is under way, so it is not dispatched twice.
    queue.enqueue(job(1, 30_000));
    queue.enqueue(job(2, 30_000));
    queue.acknowledged(id(1));
    assert_eq!(queue.snapshot().queued, 2);
    queue.withdraw(id(1));
    assert_eq!(jobs(&run(&mut queue, ms(1))), [2]);
    // One that was taken on and is enqueued again was lost by its controller.
    queue.acknowledged(id(2));
    queue.enqueue(job(2, 30_000));
    assert_eq!(queue.snapshot().running, 0);
    assert_eq!(jobs(&run(&mut queue, ms(2))), [3]);
}

#[test]
fn a_running_job_that_nobody_withdrew_is_forgotten_in_the_end() {
    let mut queue = queue(0.0);
    queue.enqueue(job(1, 1_000));
    run(&mut queue, ms(0));
    queue.enqueue(job(2, 1_000_000));
    assert!(run(&mut queue, ms(5_999)).is_empty());
    assert_eq!(jobs(&run(&mut queue, ms(6_000))), [2]);
}

#[test]
fn observed_durations_change_what_fits() {
    let mut queue = queue(2.0);
    queue.config.smoothing = 1.0;
    queue.estimates = Estimates::new(&queue.config, PerStage::EMBEDDED);
    queue.enqueue(job(1, 30_000));
    run(&mut queue, ms(0));
    queue.stage_finished(id(1), Optimize, in_seconds(20.0));
    queue.withdraw(id(1));
    queue.enqueue(job(2, 10_000));
    let dispatched = run(&mut queue, ms(0));
    let lowered = (Optimize, ResourceLevel::Medium);
    assert_eq!(stages(&dispatched[0])[2], lowered);
}

#[test]
fn jobs_wait_a_moment_for_the_first_reading_of_the_machine() {
    let mut queue = Queue::new(SchedulerConfig::default(), PerStage::EMBEDDED, 2.0);
    queue.enqueue(job(1, 10_000));
    assert!(run(&mut queue, ms(0)).is_empty());
    assert_eq!(queue.next_due(ms(0)), Some(FIRST_READING));
    let mut unread = queue.clone();
    queue.machine_changed(machine(2.0));
    assert_eq!(stages(&run(&mut queue, ms(1))[0])[0].1, High);
    let dispatched = run(&mut unread, FIRST_READING);
    assert_eq!(stages(&dispatched[0])[0].1, ResourceLevel::Medium);
}

#[test]
fn four_thousand_waiting_jobs_are_a_small_programme() {
    let mut queue = queue(2.0);
    queue.config.patience = 0.0;
    for number in 0..4096_u128 {
        let deadline = 2_000 + (number as u64 * 7_919) % 30_000;
        queue.enqueue(job(number, deadline));
    }
    queue.round(ms(0));
    let round = queue.programme(ms(0), 3, 3, Kinds::default());
    assert!(round.programme.classes.len() <= MAX_CLASSES);
    assert!(round.programme.order.len() > MAX_CLASSES);
}

/// Plays arrivals through a queue whose stages take as long as estimated. Answers for each job the
/// quality that it got and when it was done.
fn play(mut queue: Queue, arrivals: &[(u64, Waiting)]) -> HashMap<u128, (f64, Duration)> {
    let mut now = Duration::ZERO;
    let mut arrivals = arrivals.iter().copied().peekable();
    // Running jobs: the stages ahead, and when the present one ends.
    let mut running: Vec<(JobId, Vec<PlannedStage>, Duration)> = Vec::new();
    let mut served: HashMap<u128, (f64, Duration)> = HashMap::new();
    loop {
        while let Some((_, waiting)) = arrivals.next_if(|(at, _)| ms(*at) <= now) {
            queue.enqueue(waiting);
        }
        for dispatch in run(&mut queue, now) {
            queue.acknowledged(dispatch.job);
            let quality = dispatch.plan.stages.iter();
            let quality =
                quality.map(|planned| queue.estimates.quality(planned.stage, planned.level));
            served.insert(dispatch.job.0.as_u128(), (quality.sum(), now));
            let first = dispatch.plan.stages[0];
            let seconds = queue.estimates.seconds(first.stage, first.level);
            let ends = now + Duration::from_secs_f64(seconds);
            running.push((dispatch.job, dispatch.plan.stages, ends));
        }
        let next = running.iter().map(|(_, _, ends)| *ends);
        let next = next.chain(arrivals.peek().map(|(at, _)| ms(*at)));
        let next = next.chain(queue.next_due(now).filter(|due| *due > now));
        let Some(next) = next.min() else {
            return served;
        };
        now = next;
        for (job, stages, ends) in &mut running {
            if *ends > now {
                continue;
            }
            let ended = stages.remove(0);
            let seconds = queue.estimates.seconds(ended.stage, ended.level);
            queue.stage_finished(*job, ended.stage, in_seconds(seconds));
            match stages.first() {
                Some(planned) => {
                    let seconds = queue.estimates.seconds(planned.stage, planned.level);
                    *ends = now + Duration::from_secs_f64(seconds);
                }
                None => {
                    queue.withdraw(*job);
                    served
                        .entry(job.0.as_u128())
                        .and_modify(|entry| entry.1 = now);
                }
            }
        }
        running.retain(|(_, stages, _)| !stages.is_empty());
    }
}

fn mean_quality(served: &HashMap<u128, (f64, Duration)>) -> f64 {
    let sum: f64 = served.values().map(|(quality, _)| quality).sum();
    sum / served.len() as f64
}

/// `count` jobs, one every `every` milliseconds, each due in `due` milliseconds.
fn arrivals(count: u64, every: u64, due: u64) -> Vec<(u64, Waiting)> {
    (0..count)
        .map(|number| {
            let at = number * every;
            (at, job(u128::from(number), at + due))
        })
        .collect()
}

#[test]
fn a_burst_that_fits_its_deadlines_is_served_in_full() {
    // Five jobs of 1.85 s, of which the machine runs one at a time.
    let served = play(queue(2.0), &arrivals(5, 0, 10_000));
    assert_eq!(served.len(), 5);
    assert!((mean_quality(&served) - 1.0).abs() < 1e-9, "{served:?}");
    assert!(served.values().all(|(_, done)| *done <= ms(9_900)));
}

#[test]
fn an_overload_is_served_in_time_with_less_and_better_than_without_patience() {
    for (count, every, due) in [(40, 0, 10_000), (100, 300, 5_000), (200, 100, 3_000)] {
        let arrivals = arrivals(count, every, due);
        let served = play(queue(2.0), &arrivals);
        assert_eq!(served.len() as u64, count, "every job is served");
        for (at, waiting) in &arrivals {
            let (quality, done) = served[&waiting.job.0.as_u128()];
            assert!(quality >= 0.36, "each has its template");
            assert!(done <= waiting.deadline, "job of {at} ms done at {done:?}");
        }
        let mut hasty = queue(2.0);
        hasty.config.patience = 0.0;
        let hasty = play(hasty, &arrivals);
        let (patient, hasty) = (mean_quality(&served), mean_quality(&hasty));
        println!(
            "{count} jobs every {every} ms due in {due} ms: patient {patient:.3}, hasty {hasty:.3}"
        );
        assert!(patient >= hasty - 0.02, "patient {patient}, hasty {hasty}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue {
        deadline_ms: u64,
        wanted: [bool; 3],
        level: Option<ResourceLevel>,
    },
    Finish(usize),
    Withdraw(usize),
    Lose(usize),
    Read {
        tenths: u64,
        level: ResourceLevel,
    },
    Wait(u64),
}

fn levels() -> impl Strategy<Value = ResourceLevel> {
    proptest::sample::select(&ResourceLevel::ALL[..])
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u64..8_000, any::<[bool; 3]>(), proptest::option::of(levels()))
            .prop_map(|(deadline_ms, wanted, level)| Step::Enqueue { deadline_ms, wanted, level }),
        6 => (0_usize..8).prop_map(Step::Finish),
        2 => (0_usize..8).prop_map(Step::Withdraw),
        1 => (0_usize..8).prop_map(Step::Lose),
        1 => (0_u64..80, levels()).prop_map(|(tenths, level)| Step::Read { tenths, level }),
        4 => (1_u64..900).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_job_starts_once_in_time_and_within_the_limits(steps in steps(), patience in 0.0_f64..=1.0) {
        let config = SchedulerConfig {
            patience,
            stages: StageCosts {
                template: crate::StageCost { seconds: PerLevel { high: 0.2, medium: 0.1, low: 0.1, minimal: 0.05 }, ..StageCosts::default().template },
                ..StageCosts::default()
            },
            ..SchedulerConfig::default()
        };
        let mut queue = Queue::new(config, PerStage::EMBEDDED, 2.0);
        queue.machine_changed(machine(2.0));
        let mut now = ms(0);
        let mut next = 0_u128;
        let mut wanted_of: HashMap<JobId, (Waiting, Duration)> = HashMap::new();
        let mut running: Vec<(JobId, Vec<Stage>)> = Vec::new();
        for step in steps {
            let mut arrive = now;
            match step {
                Step::Enqueue { deadline_ms, wanted, level } => {
                    let waiting = Waiting { job: id(next), deadline: now + ms(deadline_ms), level, wanted };
                    next += 1;
                    wanted_of.insert(waiting.job, (waiting, now));
                    queue.enqueue(waiting);
                }
                Step::Finish(index) if index < running.len() => {
                    let (job, stages) = &mut running[index];
                    if stages.is_empty() {
                        queue.withdraw(*job);
                        running.remove(index);
                    } else {
                        let stage = stages.remove(0);
                        queue.stage_finished(*job, stage, in_seconds(0.3));
                    }
                }
                Step::Withdraw(index) if index < running.len() => {
                    queue.withdraw(running.remove(index).0);
                }
                Step::Lose(index) if index < running.len() => {
                    let (job, _) = running.remove(index);
                    queue.undelivered(job);
                }
                Step::Read { tenths, level } => queue.machine_changed(Machine {
                    capacity: Resources { cpu: tenths as f64 / 10.0, ..machine(0.0).capacity },
                    level,
                    ..machine(0.0)
                }),
                Step::Wait(time) => arrive = now + ms(time),
                _ => {}
            }
            // Rounds happen now, and whenever one is due on the way.
            loop {
                running.retain(|(job, _)| now < wanted_of[job].0.deadline + FORGET_AFTER);
                let before = running.len();
                let dispatched = run(&mut queue, now);
                let mut urgent = 0;
                for dispatch in dispatched {
                    let (waiting, enqueued) = wanted_of[&dispatch.job];
                    prop_assert!(running.iter().all(|(job, _)| *job != dispatch.job), "started twice");
                    let planned: Vec<Stage> = dispatch.plan.stages.iter().map(|planned| planned.stage).collect();
                    prop_assert!(waiting.stages().starts_with(&planned), "a stage was jumped");
                    prop_assert!(!planned.is_empty() || waiting.wanted == [false; 3]);
                    prop_assert_eq!(
                        dispatch.plan.reason.is_none(),
                        planned.len() == waiting.stages().len()
                            && dispatch.plan.stages.iter().all(|planned| planned.level == waiting.level.unwrap_or(queue.level()))
                    );
                    // In time for its fastest first stage, unless it came too late for that.
                    let first = waiting.stages().first().map_or(0.0, |stage| queue.estimates.seconds(*stage, Minimal));
                    let latest = waiting.deadline.saturating_sub(Duration::from_secs_f64(first));
                    let was_lost = now > enqueued && running.len() < before;
                    prop_assert!(now <= latest.max(enqueued) || was_lost || queue.urgent_at(&waiting) <= now);
                    if queue.urgent_at(&waiting) <= now || planned.is_empty() {
                        urgent += 1;
                    }
                    running.push((dispatch.job, planned));
                }
                prop_assert!(running.len() <= before.max(4) + urgent);
                match queue.next_due(now) {
                    Some(due) if due <= arrive && due > now => now = due,
                    _ => break,
                }
            }
            now = arrive;
        }
    }
}
