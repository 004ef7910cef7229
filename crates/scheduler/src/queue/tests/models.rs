//! Stages that a model serves elsewhere, beside the embedded backend.

use chat2svg_protocol::CircuitStanding;

use super::*;

/// A queue with a model for stage 1 that takes so many seconds.
fn queue(seconds: f64, max_calls: u32) -> Queue {
    let mut config = config();
    config.models.seconds = seconds;
    config.models.max_calls = max_calls;
    let line_ups = PerStage {
        template: vec!["model".parse().unwrap(), BackendId::EMBEDDED],
        ..embedded()
    };
    let mut queue = Queue::new(config, line_ups, 2.0);
    queue.machine_changed(ms(0), machine(2.0));
    queue
}

fn first(dispatch: &Dispatch) -> Source {
    dispatch.plan.stages[0].source
}

#[test]
fn a_lone_job_is_drawn_by_the_model_where_its_deadline_allows() {
    let mut patient = queue(2.0, 4);
    patient.enqueue(ms(0), job(1, 10_000));
    let dispatched = run(&mut patient, ms(0));
    assert_eq!(first(&dispatched[0]), Source::Line);
    assert_eq!(dispatched[0].plan.reason, None);
    let mut hasty = queue(2.0, 4);
    hasty.enqueue(ms(0), job(1, 1_900));
    let dispatched = run(&mut hasty, ms(0));
    assert_eq!(first(&dispatched[0]), Source::Embedded);
    let reason = dispatched[0].plan.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("without a model"), "{reason}");
}

#[test]
fn jobs_that_wait_for_an_answer_take_no_place_from_those_that_compute() {
    let mut queue = queue(1.0, 6);
    for number in 1..=6 {
        queue.enqueue(ms(0), job(number, 60_000));
    }
    let dispatched = run(&mut queue, ms(0));
    assert_eq!(dispatched.len(), 6, "all six calls are under way");
    assert!(dispatched.iter().all(|one| first(one) == Source::Line));
    // What is drawn here starts beside them, past those that wait for the model.
    for number in 7..=9 {
        queue.enqueue(ms(10), job(number, 60_000));
    }
    let work = Work::usual([false, false, true]);
    queue.enqueue(
        ms(10),
        Waiting {
            work,
            ..job(10, 60_000)
        },
    );
    assert_eq!(jobs(&run(&mut queue, ms(10))), [10]);
}

#[test]
fn under_load_the_model_serves_as_many_as_it_can_and_the_others_do_not_wait_for_it() {
    let mut queue = queue(1.0, 2);
    for number in 1..=60 {
        queue.enqueue(ms(0), job(number, 3_000));
    }
    let mut by_model = 0;
    let mut by_embedded = 0;
    let mut running: Vec<(JobId, Vec<PlannedStage>, f64)> = Vec::new();
    for now in (0..3_000).step_by(5) {
        for dispatch in run(&mut queue, ms(now)) {
            queue.acknowledged(dispatch.job);
            match first(&dispatch) {
                Source::Line => by_model += 1,
                Source::Embedded => by_embedded += 1,
            }
            let planned = dispatch.plan.stages;
            let seconds = queue.estimates.seconds(Work::usual(ALL), planned[0]);
            running.push((dispatch.job, planned, seconds));
        }
        for (job, stages, left) in &mut running {
            *left -= 0.005;
            if *left > 0.0 {
                continue;
            }
            let planned = stages.remove(0);
            let backend = match (planned.stage, planned.source) {
                (Template, Source::Line) => "model".parse().unwrap(),
                _ => BackendId::EMBEDDED,
            };
            let seconds = queue.estimates.seconds(Work::usual(ALL), planned);
            let served = Some((backend, seconds));
            queue.stage_finished(ms(now), *job, planned.stage, served, None, None);
            if let Some(plan) = queue.replan(ms(now), *job) {
                *stages = plan.stages;
            }
            match stages.first() {
                Some(next) => *left = queue.estimates.seconds(Work::usual(ALL), *next),
                None => queue.withdraw(ms(now), *job),
            }
        }
        running.retain(|(_, stages, _)| !stages.is_empty());
    }
    assert_eq!(by_model + by_embedded, 60);
    assert!((2..=6).contains(&by_model), "{by_model} by the model");
}

#[test]
fn a_stage_whose_circuit_is_open_is_expected_of_the_next_in_line() {
    let model: BackendId = "model".parse().unwrap();
    let line_ups = PerStage {
        template: vec![model.clone(), BackendId::EMBEDDED],
        ..embedded()
    };
    let mut queue = Queue::new(config(), line_ups, 2.0);
    let work = Work::usual(ALL);
    for _ in 0..60 {
        queue
            .estimates
            .observe(work, Template, model.clone(), High, 30.0, None);
    }
    assert!(
        queue
            .estimates
            .seconds(work, PlannedStage::new(Template, High))
            > 20.0
    );
    let mut circuit = CircuitSnapshot {
        stage: Template,
        backend: model,
        standing: CircuitStanding {
            state: CircuitState::Open,
            ..CircuitStanding::closed()
        },
    };
    queue.circuits_changed(std::slice::from_ref(&circuit));
    assert!(
        queue
            .estimates
            .seconds(work, PlannedStage::new(Template, High))
            < 1.0
    );
    circuit.standing.state = CircuitState::HalfOpen;
    queue.circuits_changed(&[circuit]);
    assert!(
        queue
            .estimates
            .seconds(work, PlannedStage::new(Template, High))
            > 20.0
    );
}
