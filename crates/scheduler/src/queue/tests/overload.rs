//! More work than the machine has time for, played in virtual time.

use super::*;

/// Plays arrivals through a queue whose stages take as long as estimated, sharing the cores.
/// Answers for each job the quality that it got and when it was done.
fn play(mut queue: Queue, arrivals: &[(u64, Waiting)]) -> HashMap<u128, (f64, Duration)> {
    let step = ms(5);
    let mut now = Duration::ZERO;
    let mut arrivals = arrivals.iter().copied().peekable();
    // Running jobs: the stages ahead, and how much work is left of the present one.
    let mut running: Vec<(JobId, Vec<PlannedStage>, f64)> = Vec::new();
    let mut served: HashMap<u128, (f64, Duration)> = HashMap::new();
    let work = Work::usual(ALL);
    loop {
        while let Some((_, waiting)) = arrivals.next_if(|(at, _)| ms(*at) <= now) {
            queue.enqueue(now, waiting);
        }
        for dispatch in run(&mut queue, now) {
            queue.acknowledged(dispatch.job);
            served.insert(dispatch.job.0.as_u128(), (0.0, now));
            let first = dispatch.plan.stages[0];
            let seconds = queue.estimates.seconds(work, first);
            running.push((dispatch.job, dispatch.plan.stages, seconds));
        }
        if running.is_empty() && queue.waiting.is_empty() && arrivals.peek().is_none() {
            return served;
        }
        now += step;
        let share = (queue.usable_cores() / running.len() as f64).min(1.0);
        let mut ended = Vec::new();
        for (index, (job, stages, left)) in running.iter_mut().enumerate() {
            *left -= share * step.as_secs_f64();
            if *left > 0.0 {
                continue;
            }
            let planned = stages.remove(0);
            let seconds = queue.estimates.seconds(work, planned);
            let quality = queue.estimates.quality(planned);
            served
                .entry(job.0.as_u128())
                .and_modify(|entry| *entry = (entry.0 + quality, now));
            queue.stage_finished(
                now,
                *job,
                planned.stage,
                in_seconds(seconds / share),
                None,
                None,
            );
            if let Some(plan) = queue.replan(now, *job) {
                *stages = plan.stages;
            }
            match stages.first() {
                Some(next) => *left = queue.estimates.seconds(work, *next),
                None => ended.push(index),
            }
        }
        for index in ended.into_iter().rev() {
            queue.withdraw(now, running.swap_remove(index).0);
        }
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
fn jobs_that_can_be_shortened_close_the_door_to_nobody() {
    let mut queue = queue(2.0);
    for number in 0..4 {
        queue.enqueue(ms(0), job(number, 20_000));
    }
    for dispatch in run(&mut queue, ms(0)) {
        queue.acknowledged(dispatch.job);
    }
    let forecast = queue.forecast();
    assert!(forecast.jobs > 0);
    let planned: f64 = queue
        .running
        .values()
        .map(|running| queue.remaining(running).core_seconds())
        .sum();
    assert!(
        forecast.wait_seconds < planned / 6.0,
        "{planned} s: {forecast:?}"
    );
}

#[test]
fn a_burst_that_fits_its_deadlines_is_served_in_full() {
    let served = play(queue(2.0), &arrivals(4, 0, 20_000));
    assert_eq!(served.len(), 4);
    assert!((mean_quality(&served) - 1.0).abs() < 1e-9, "{served:?}");
}

#[test]
fn an_overload_is_served_early_with_less_instead_of_late() {
    for (count, every, due) in [(40, 0, 10_000), (100, 300, 5_000), (300, 60, 3_000)] {
        let arrivals = arrivals(count, every, due);
        let served = play(queue(2.0), &arrivals);
        assert_eq!(served.len() as u64, count, "every job is served");
        let mut took = Vec::new();
        for (at, waiting) in &arrivals {
            let (quality, done) = served[&waiting.job.0.as_u128()];
            assert!(quality >= 0.36, "each has its template");
            assert!(done <= waiting.deadline, "job of {at} ms done at {done:?}");
            took.push(done - ms(*at));
        }
        took.sort();
        let median = took[took.len() / 2];
        let fifo = queue_with(
            SchedulerConfig {
                strategy: Strategy::Fifo,
                ..config()
            },
            2.0,
        );
        let fifo = play(fifo, &arrivals);
        let (ours, theirs) = (mean_quality(&served), mean_quality(&fifo));
        println!(
            "{count} every {every} ms due in {due} ms: {ours:.3} (fifo {theirs:.3}), {median:?}"
        );
        if every > 0 {
            assert!(median < ms(due) / 2, "{median:?}");
        }
        assert!(ours >= theirs - 0.02, "{ours}, fifo {theirs}");
    }
}
