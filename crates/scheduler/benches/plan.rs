//! Time to plan: what runs on the arbiter (the round), what runs on the pool (the solver), and the
//! greedy fallback, by the number of waiting jobs and how much they differ.

use std::{hint::black_box, time::Duration};

use chat2svg_protocol::{BackendId, ClientKey, JobId, PerStage, Priority, ResourceLevel, Stage};
use chat2svg_scheduler::{
    Limits, Machine, Queue, Resources, Round, SchedulerConfig, Waiting, Work, solve, solve_greedily,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use uuid::Uuid;

const LIMITS: Limits = Limits {
    time: Duration::from_millis(20),
    gap: 0.001,
};

/// A queue in which one job runs and `waiting` compete for the rest of an eight-core machine.
fn queue(waiting: u32, differing: bool) -> Queue {
    let line = || vec![BackendId::EMBEDDED];
    let line_ups = PerStage {
        template: line(),
        detail: line(),
        optimize: line(),
    };
    let mut queue = Queue::new(SchedulerConfig::default(), line_ups, 8.0);
    let machine = Machine {
        cores: 8.0,
        capacity: Resources {
            cpu: 6.1,
            memory_mb: 4000.0,
            gpu_memory_mb: 0.0,
        },
        memory_free_mb: 3000.0,
        level: ResourceLevel::High,
    };
    queue.machine_changed(Duration::ZERO, machine);
    for number in 0..=waiting {
        let spread = if differing {
            (u64::from(number) * 7919) % 20_000
        } else {
            5_000
        };
        let kinds = [[true; 3], [false, false, true], [false, true, true]];
        let waiting = Waiting {
            job: JobId(Uuid::from_u128(u128::from(number))),
            deadline: Duration::from_millis(600 + spread),
            level: differing.then(|| ResourceLevel::ALL[number as usize % 4]),
            work: Work::usual(kinds[if differing { number as usize % 3 } else { 0 }]),
            priority: Priority::Interactive,
            client: ClientKey(u64::from(number)),
        };
        queue.enqueue(Duration::ZERO, waiting);
        if number == 0 {
            queue.round(Duration::ZERO);
        }
    }
    queue
}

fn round(queue: &Queue) -> Option<Round> {
    queue.clone().round(Duration::ZERO).1
}

/// All that the scheduler does for one job which comes, runs and ends while others wait.
fn passage(queue: &mut Queue, at: Duration) {
    let job = JobId(Uuid::from_u128(u128::MAX));
    let waiting = Waiting {
        job,
        deadline: at + Duration::from_millis(50),
        level: None,
        work: Work::usual([true; 3]),
        priority: Priority::Interactive,
        client: ClientKey(u64::MAX),
    };
    let look = |queue: &mut Queue| {
        black_box((queue.round(at), queue.adjustments(at)));
        black_box((queue.forecast(), queue.next_due(at)));
    };
    queue.enqueue(at, waiting);
    look(queue);
    queue.acknowledged(job);
    for stage in Stage::ALL {
        let served = Some((BackendId::EMBEDDED, 0.02));
        queue.stage_finished(at, job, stage, served, None, None);
        look(queue);
        black_box(queue.replan(at, job));
    }
    queue.withdraw(at, job);
    look(queue);
}

fn passages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("passage");
    for waiting in [0, 16, 256, 1_000] {
        let mut queue = queue(waiting, false);
        // What starts at first runs all the time; plans do not go stale.
        queue.round(Duration::ZERO);
        group.bench_function(BenchmarkId::from_parameter(waiting), |bencher| {
            bencher.iter(|| passage(&mut queue, Duration::from_millis(1)));
        });
    }
    group.finish();
}

fn plan(criterion: &mut Criterion) {
    for (name, differing) in [("alike", false), ("differing", true)] {
        let mut group = criterion.benchmark_group(name);
        for waiting in [1, 16, 256, 1_000, 10_000] {
            let queue = queue(waiting, differing);
            group.bench_function(BenchmarkId::new("round", waiting), |bencher| {
                bencher.iter_batched(
                    || queue.clone(),
                    |mut queue| black_box(queue.round(Duration::ZERO)),
                    criterion::BatchSize::LargeInput,
                );
            });
            let Some(round) = round(&queue) else {
                continue;
            };
            let programme = round.programme;
            println!(
                "{name}/{waiting}: {} classes, {:?}",
                programme.classes.len(),
                solve(&programme, LIMITS).method
            );
            group.bench_function(BenchmarkId::new("solve", waiting), |bencher| {
                bencher.iter(|| solve(black_box(&programme), LIMITS));
            });
            group.bench_function(BenchmarkId::new("greedy", waiting), |bencher| {
                bencher.iter(|| solve_greedily(black_box(&programme)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, plan, passages);
criterion_main!(benches);
