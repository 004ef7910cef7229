//! The queue step by step.

mod histories;
mod memory;
mod models;
mod overload;
mod patience;

use ResourceLevel::{High, Low, Minimal};
use Stage::{Detail, Optimize, Template};
use uuid::Uuid;

use super::{planning::MAX_CLASSES, *};
use crate::solver::{Limits, solve};

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
        work: Work::usual(ALL),
        priority: Priority::Interactive,
        client: ClientKey(number as u64),
    }
}

/// Who served a stage, and in how many seconds.
fn in_seconds(seconds: f64) -> Option<(BackendId, f64)> {
    Some((BackendId::EMBEDDED, seconds))
}

fn machine(cores: f64) -> Machine {
    Machine {
        cores,
        capacity: Resources {
            cpu: cores,
            memory_mb: 8000.0,
            gpu_memory_mb: 0.0,
        },
        memory_free_mb: 8000.0,
        level: High,
    }
}

fn embedded() -> PerStage<Vec<BackendId>> {
    PerStage {
        template: vec![BackendId::EMBEDDED],
        detail: vec![BackendId::EMBEDDED],
        optimize: vec![BackendId::EMBEDDED],
    }
}

/// Stages that take a second and a half in all at level high.
fn config() -> SchedulerConfig {
    let mut config = SchedulerConfig {
        patience: 0.0,
        ..SchedulerConfig::default()
    };
    config.stages.template.seconds.high = 0.1;
    config.stages.detail.seconds.high = 0.4;
    config.stages.optimize.seconds.high = 1.0;
    config
}

fn queue(cores: f64) -> Queue {
    queue_with(config(), cores)
}

fn queue_with(config: SchedulerConfig, cores: f64) -> Queue {
    let mut queue = Queue::new(config, embedded(), cores);
    queue.machine_changed(ms(0), machine(cores));
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
    let jobs = dispatched.iter().map(|dispatch| dispatch.job);
    jobs.map(|job| job.0.as_u128()).collect()
}

fn stages(dispatch: &Dispatch) -> Vec<(Stage, ResourceLevel)> {
    let planned = dispatch.plan.stages.iter();
    planned
        .map(|planned| (planned.stage, planned.level))
        .collect()
}

const EVERYTHING: [(Stage, ResourceLevel); 3] =
    [(Template, High), (Detail, High), (Optimize, High)];

#[test]
fn a_single_job_runs_at_once_with_everything() {
    let mut queue = queue(2.0);
    queue.enqueue(ms(0), job(1, 10_000));
    let dispatched = run(&mut queue, ms(0));
    assert_eq!(jobs(&dispatched), [1]);
    assert_eq!(stages(&dispatched[0]), EVERYTHING);
    assert_eq!(dispatched[0].plan.reason, None);
    assert!(run(&mut queue, ms(1)).is_empty());
}

#[test]
fn how_busy_others_are_lowers_nothing_that_there_is_time_for() {
    for level in ResourceLevel::ALL {
        for cores in [0.0, 0.7, 2.0] {
            let mut queue = queue(2.0);
            let mut machine = machine(2.0);
            machine.capacity.cpu = cores;
            machine.level = level;
            queue.machine_changed(ms(0), machine);
            queue.enqueue(ms(0), job(1, 10_000));
            let dispatched = run(&mut queue, ms(0));
            assert_eq!(
                stages(&dispatched[0]),
                EVERYTHING,
                "{level}, {cores} cores left"
            );
            assert_eq!(dispatched[0].plan.machine, level);
        }
    }
}

#[test]
fn a_batch_job_takes_no_more_than_the_machine_affords() {
    let mut queue = queue(2.0);
    queue.machine_changed(
        ms(0),
        Machine {
            level: Low,
            ..machine(2.0)
        },
    );
    let batch = Waiting {
        priority: Priority::Batch,
        ..job(1, 60_000)
    };
    queue.enqueue(ms(0), batch);
    let dispatched = run(&mut queue, ms(0));
    assert!(
        stages(&dispatched[0])
            .iter()
            .all(|(_, level)| *level == Low)
    );
}

#[test]
fn batch_jobs_wait_for_interactive_ones_and_leave_them_room() {
    let mut queue = queue(16.0);
    for number in 1..=6 {
        queue.enqueue(
            ms(0),
            Waiting {
                priority: Priority::Batch,
                ..job(number, 600_000)
            },
        );
    }
    for number in 7..=8 {
        queue.enqueue(ms(0), job(number, 60_000));
    }
    let dispatched = run(&mut queue, ms(0));
    assert_eq!(jobs(&dispatched), [7, 8, 1, 2]);
    queue.withdraw(ms(1), id(7));
    assert!(
        run(&mut queue, ms(1)).is_empty(),
        "half of the places are all that batch has"
    );
}

#[test]
fn a_client_that_floods_does_not_keep_others_waiting() {
    let mut queue = queue(1.0);
    let flood = ClientKey(99);
    for number in 1..=6 {
        queue.enqueue(
            ms(0),
            Waiting {
                client: flood,
                ..job(number, 60_000)
            },
        );
    }
    queue.enqueue(ms(1), job(7, 60_001));
    let mut order = Vec::new();
    for at in 0..7 {
        let dispatched = run(&mut queue, ms(10 + at));
        order.extend(jobs(&dispatched));
        for dispatch in dispatched {
            queue.withdraw(ms(10 + at), dispatch.job);
        }
    }
    let place = order.iter().position(|job| *job == 7).unwrap();
    assert!(place <= 2, "{order:?}");
}

#[test]
fn a_job_runs_even_if_others_use_the_whole_machine() {
    let mut queue = queue(1.0);
    let mut machine = machine(1.0);
    machine.capacity.cpu = 0.0;
    queue.machine_changed(ms(0), machine);
    queue.enqueue(ms(0), job(1, 10_000));
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1]);
    // The second waits until the first is over.
    queue.enqueue(ms(1), job(2, 10_000));
    assert!(run(&mut queue, ms(1)).is_empty());
    queue.withdraw(ms(2), id(1));
    assert_eq!(jobs(&run(&mut queue, ms(2))), [2]);
}

#[test]
fn when_not_all_can_have_everything_in_time_all_get_less_and_it_is_said() {
    let mut queue = queue(1.0);
    for number in 1..=8 {
        queue.enqueue(ms(0), job(number, 4_000));
    }
    let dispatched = run(&mut queue, ms(0));
    assert!(stages(&dispatched[0]) != EVERYTHING);
    let reason = dispatched[0].plan.reason.as_deref().unwrap();
    assert!(
        reason.starts_with("the machine is busy with other jobs: "),
        "{reason}"
    );
    assert!(queue.snapshot(ms(0)).price > 0.0);
}

#[test]
fn a_job_with_little_time_gets_a_lower_level_and_the_reason() {
    let mut queue = queue(2.0);
    queue.enqueue(ms(0), job(1, 1_000));
    let dispatched = run(&mut queue, ms(0));
    assert!(
        stages(&dispatched[0])
            .iter()
            .any(|(_, level)| *level < High)
    );
    let reason = dispatched[0].plan.reason.as_deref().unwrap();
    assert!(
        reason.starts_with("0.9 s are left until the deadline: "),
        "{reason}"
    );
}

#[test]
fn a_level_that_was_asked_for_is_kept_whatever_the_machine_affords() {
    let mut queue = queue(2.0);
    queue.machine_changed(
        ms(0),
        Machine {
            level: Minimal,
            ..machine(2.0)
        },
    );
    queue.enqueue(
        ms(0),
        Waiting {
            level: Some(Low),
            ..job(1, 10_000)
        },
    );
    let dispatched = run(&mut queue, ms(0));
    assert!(
        stages(&dispatched[0])
            .iter()
            .all(|(_, level)| *level == Low)
    );
    assert_eq!(dispatched[0].plan.reason, None);
}

#[test]
fn kinds_that_want_fewer_stages_get_those() {
    let mut queue = queue(8.0);
    let wanted = [[false, false, true], [false, true, true], [false; 3]];
    for (wanted, number) in wanted.into_iter().zip(1..) {
        queue.enqueue(
            ms(0),
            Waiting {
                work: Work::usual(wanted),
                ..job(number, 60_000)
            },
        );
    }
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
        queue.enqueue(ms(0), job(number, 30_000));
    }
    assert_eq!(run(&mut queue, ms(0)).len(), 4);
    assert!(run(&mut queue, ms(1)).is_empty());
    queue.withdraw(ms(2), id(3));
    assert_eq!(run(&mut queue, ms(2)).len(), 1);
    assert_eq!(queue.snapshot(ms(2)).queued, 4);
    assert_eq!(queue.snapshot(ms(2)).running, 4);
}

#[test]
fn a_busy_machine_bounds_how_many_run_at_once() {
    let mut queue = queue(100.0);
    queue.machine_changed(
        ms(0),
        Machine {
            level: Low,
            ..machine(100.0)
        },
    );
    for number in 1..=9 {
        queue.enqueue(ms(0), job(number, 30_000));
    }
    assert_eq!(run(&mut queue, ms(0)).len(), 2);
}

#[test]
fn a_job_whose_deadline_is_near_starts_although_all_places_are_taken() {
    let mut queue = queue(100.0);
    for number in 1..=4 {
        queue.enqueue(ms(0), job(number, 30_000));
    }
    run(&mut queue, ms(0));
    queue.enqueue(ms(1), job(5, 1_000));
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
    queue.enqueue(ms(0), job(1, 0));
    let dispatched = run(&mut queue, ms(5_000));
    assert_eq!(stages(&dispatched[0]).len(), 1);
    assert_eq!(stages(&dispatched[0])[0].0, Template);
}

#[test]
fn a_dispatch_that_did_not_arrive_is_repeated_in_its_old_order() {
    let mut queue = queue(100.0);
    for number in 1..=5 {
        queue.enqueue(ms(0), job(number, 30_000));
    }
    let first = run(&mut queue, ms(0));
    assert_eq!(jobs(&first), [1, 2, 3, 4]);
    queue.acknowledged(id(1));
    queue.undelivered(id(2));
    assert_eq!(jobs(&run(&mut queue, ms(1))), [2]);
    queue.recover();
    assert_eq!(queue.snapshot(ms(1)).running, 1);
    assert_eq!(jobs(&run(&mut queue, ms(2))), [2, 3, 4]);
}

#[test]
fn saying_again_that_a_job_waits_keeps_its_place() {
    let mut queue = queue_with(
        SchedulerConfig {
            max_concurrent: 1,
            ..config()
        },
        2.0,
    );
    for number in 1..=3 {
        queue.enqueue(ms(0), job(number, 30_000));
    }
    assert_eq!(jobs(&run(&mut queue, ms(0))), [1]);
    // Its dispatch is under way, so it is not dispatched twice.
    assert!(!queue.enqueue(ms(0), job(1, 30_000)));
    assert!(!queue.enqueue(ms(0), job(2, 30_000)));
    queue.acknowledged(id(1));
    assert_eq!(queue.snapshot(ms(0)).queued, 2);
    queue.withdraw(ms(1), id(1));
    assert_eq!(jobs(&run(&mut queue, ms(1))), [2]);
    // One that was taken on and is enqueued again was lost by its controller.
    queue.acknowledged(id(2));
    assert!(queue.enqueue(ms(2), job(2, 30_000)));
    assert_eq!(queue.snapshot(ms(2)).running, 0);
    assert_eq!(jobs(&run(&mut queue, ms(2))), [3]);
}

#[test]
fn a_running_job_that_nobody_withdrew_is_forgotten_in_the_end() {
    let mut queue = queue_with(
        SchedulerConfig {
            max_concurrent: 1,
            ..config()
        },
        2.0,
    );
    queue.enqueue(ms(0), job(1, 1_000));
    run(&mut queue, ms(0));
    queue.enqueue(ms(0), job(2, 1_000_000));
    assert!(run(&mut queue, ms(5_999)).is_empty());
    assert_eq!(jobs(&run(&mut queue, ms(6_000))), [2]);
}

#[test]
fn observed_durations_change_what_fits() {
    let mut queue = queue(2.0);
    for number in 1..=40 {
        queue.enqueue(ms(0), job(number, 900_000_000));
        run(&mut queue, ms(0));
        for (stage, seconds) in [(Template, 0.1), (Detail, 0.4), (Optimize, 20.0)] {
            queue.stage_finished(ms(0), id(number), stage, in_seconds(seconds), None, None);
        }
        queue.withdraw(ms(0), id(number));
    }
    // Long after, so that nothing is expected to arrive.
    let later = ms(600_000);
    queue.enqueue(later, job(99, 610_000));
    let dispatched = run(&mut queue, later);
    assert!(stages(&dispatched[0])[2].1 < High, "{dispatched:?}");
}

#[test]
fn what_took_long_only_because_it_shared_the_machine_is_not_learnt_as_long() {
    let mut queue = queue_with(
        SchedulerConfig {
            oversubscription: 8.0,
            ..config()
        },
        1.0,
    );
    let before = queue
        .estimates
        .seconds(Work::usual(ALL), PlannedStage::new(Template, High));
    for round in 0..30_u128 {
        let now = ms(round as u64 * 10_000);
        for number in 0..4 {
            queue.enqueue(
                now,
                Waiting {
                    level: Some(High),
                    ..job(4 * round + number, 900_000_000)
                },
            );
        }
        let started = run(&mut queue, now);
        assert_eq!(started.len(), 4);
        // Four at once on one core take four times as long.
        let end = now + Duration::from_secs_f64(4.0 * before);
        for dispatch in &started {
            queue.stage_finished(
                end,
                dispatch.job,
                Template,
                in_seconds(4.0 * before),
                None,
                None,
            );
        }
        for dispatch in started {
            queue.withdraw(end, dispatch.job);
        }
    }
    let after = queue
        .estimates
        .seconds(Work::usual(ALL), PlannedStage::new(Template, High));
    assert!(after < 1.5 * before, "{before} became {after}");
}

#[test]
fn between_stages_a_job_gets_more_when_the_machine_has_become_free() {
    let mut queue = queue(1.0);
    for number in 1..=30 {
        queue.enqueue(ms(0), job(number, 6_000));
    }
    let started = run(&mut queue, ms(0));
    let first = &started[0];
    let is_lowered = first.plan.stages.iter().any(|planned| planned.level < High);
    assert!(is_lowered, "{first:?}");
    for number in 1..=30 {
        if id(number) != first.job {
            queue.withdraw(ms(50), id(number));
        }
    }
    queue.stage_finished(ms(60), first.job, Template, in_seconds(0.05), None, None);
    run(&mut queue, ms(1_000));
    let plan = queue.replan(ms(1_000), first.job).expect("another plan");
    assert_eq!(plan.stages.len(), 2);
    assert!(plan.stages.iter().all(|planned| planned.level == High));
    assert_eq!(
        queue.replan(ms(1_000), first.job),
        None,
        "it is as planned now"
    );
}

#[test]
fn a_running_fit_is_shortened_for_others_and_lengthened_when_they_are_gone() {
    let mut queue = queue(1.0);
    queue.enqueue(ms(0), job(1, 20_000));
    run(&mut queue, ms(0));
    queue.stage_finished(ms(100), id(1), Template, in_seconds(0.1), None, None);
    queue.stage_finished(ms(500), id(1), Detail, in_seconds(0.4), None, None);
    assert!(queue.adjustments(ms(500)).is_empty(), "nobody waits");
    for number in 2..=60 {
        queue.enqueue(ms(500), job(number, 8_000));
    }
    run(&mut queue, ms(501));
    let adjusted = queue.adjustments(ms(501));
    assert_eq!(adjusted.len(), 1);
    assert!(adjusted[0].level < High);
    for number in 2..=60 {
        queue.withdraw(ms(700), id(number));
    }
    run(&mut queue, ms(700));
    let adjusted = queue.adjustments(ms(700));
    assert_eq!(adjusted.len(), 1);
    assert_eq!((adjusted[0].job, adjusted[0].level), (id(1), High));
}

#[test]
fn jobs_wait_a_moment_for_the_first_reading_of_the_machine() {
    let mut queue = Queue::new(config(), embedded(), 2.0);
    queue.enqueue(ms(0), job(1, 10_000));
    assert!(run(&mut queue, ms(0)).is_empty());
    assert_eq!(queue.next_due(ms(0)), Some(FIRST_READING));
    let mut unread = queue.clone();
    queue.machine_changed(ms(1), machine(2.0));
    assert_eq!(stages(&run(&mut queue, ms(1))[0]), EVERYTHING);
    assert_eq!(stages(&run(&mut unread, FIRST_READING)[0]), EVERYTHING);
}

#[test]
fn ten_thousand_waiting_jobs_are_a_small_programme() {
    let mut queue = queue(2.0);
    for number in 0..10_000_u128 {
        let deadline = 2_000 + (number as u64 * 7_919) % 30_000;
        let level = [None, Some(Low)][number as usize % 2];
        queue.enqueue(
            ms(0),
            Waiting {
                level,
                ..job(number, deadline)
            },
        );
    }
    let round = queue.programme(ms(0));
    assert!(round.programme.classes.len() <= MAX_CLASSES);
    assert!(round.programme.tiers.len() <= 6);
    let counted: u32 = round
        .programme
        .classes
        .iter()
        .map(|class| class.count)
        .sum();
    assert_eq!(counted, 10_000);
}
