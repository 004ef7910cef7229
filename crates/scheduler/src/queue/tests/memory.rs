//! How much memory jobs take, learnt from what was measured.

use super::*;

/// What is known of a stage's memory, and from how many measurements.
fn known(queue: &Queue, stage: Stage) -> Option<(f64, u64)> {
    let predictions = queue.estimates.predictions();
    let of_stage = predictions.iter().find(|told| told.stage == stage)?;
    Some((of_stage.memory_mb, of_stage.memory_observations))
}

/// Lets a job run through its stages while the process holds so much in each.
fn run_alone(queue: &mut Queue, number: u128, start: u64, peaks_mb: [f64; 3]) {
    queue.enqueue(ms(start), job(number, start + 20_000));
    run(queue, ms(start));
    queue.acknowledged(id(number));
    for (stage, peak) in Stage::ALL.into_iter().zip(peaks_mb) {
        let peak = queue.is_measurable().then_some(peak);
        queue.stage_finished(
            ms(start + 10),
            id(number),
            stage,
            in_seconds(0.1),
            None,
            peak,
        );
        queue.replan(ms(start + 10), id(number));
    }
    queue.withdraw(ms(start + 20), id(number));
}

#[test]
fn what_a_job_takes_that_runs_alone_is_learnt_beyond_what_the_process_holds_at_rest() {
    let mut queue = queue(2.0);
    // Before the first job the process has not loaded what every job needs.
    queue.memory_read(10.0);
    run_alone(&mut queue, 1, 0, [90.0, 120.0, 150.0]);
    let (memory, measured) = known(&queue, Optimize).unwrap();
    assert_eq!(
        (memory, measured),
        (96.0, 0),
        "the process was not seen at rest yet"
    );
    for number in 2..40 {
        queue.memory_read(60.0);
        run_alone(
            &mut queue,
            number,
            number as u64 * 1_000,
            [70.0, 90.0, 100.0],
        );
    }
    for (stage, taken) in [(Template, 10.0), (Detail, 30.0), (Optimize, 40.0)] {
        let (memory, measured) = known(&queue, stage).unwrap();
        assert!(measured >= 30, "{measured}");
        assert!(
            (taken * 0.8..taken * 1.3).contains(&memory),
            "{stage}: {memory}"
        );
    }
    // It decides how many jobs have room.
    let planned = PlannedStage::new(Optimize, High);
    assert!(queue.estimates.memory_mb(Work::usual(ALL), planned) < 60.0);
}

#[test]
fn beside_others_nothing_is_measured() {
    let mut queue = queue(8.0);
    queue.memory_read(60.0);
    run_alone(&mut queue, 1, 0, [70.0, 90.0, 100.0]);
    queue.memory_read(60.0);
    for number in [2, 3] {
        queue.enqueue(ms(1_000), job(number, 30_000));
    }
    assert_eq!(run(&mut queue, ms(1_000)).len(), 2);
    assert!(!queue.is_measurable());
    queue.withdraw(ms(1_100), id(3));
    assert!(!queue.is_measurable(), "it was shared for a while");
    queue.stage_finished(
        ms(1_200),
        id(2),
        Template,
        in_seconds(0.1),
        None,
        Some(900.0),
    );
    let measured = known(&queue, Template).map(|(_, measured)| measured);
    assert_eq!(measured, Some(0));
    assert!(queue.is_measurable(), "the next stage runs alone");
    // Nor is the process at rest while something runs.
    queue.memory_read(900.0);
    queue.stage_finished(ms(1_300), id(2), Detail, in_seconds(0.1), None, Some(100.0));
    let (_, measured) = known(&queue, Detail).unwrap();
    assert_eq!(measured, 1);
}

#[test]
fn what_a_process_of_a_jobs_own_took_is_learnt_also_beside_others() {
    let mut queue = queue(8.0);
    for number in 1..60 {
        for other in [number, number + 1_000] {
            queue.enqueue(ms(number as u64), job(other, 30_000));
        }
        run(&mut queue, ms(number as u64));
        queue.memory_taken(id(number), Optimize, BackendId::EMBEDDED, High, 300.0);
        for other in [number, number + 1_000] {
            queue.withdraw(ms(number as u64), id(other));
        }
    }
    let (memory, measured) = known(&queue, Optimize).unwrap();
    assert_eq!(measured, 59);
    assert!((250.0..390.0).contains(&memory), "{memory}");
    // A job that is unknown teaches nothing.
    queue.memory_taken(id(9), Detail, BackendId::EMBEDDED, High, 300.0);
    assert_eq!(known(&queue, Detail), None);
}
