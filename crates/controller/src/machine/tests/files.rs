//! Files that came with a job.

use super::*;

#[test]
fn files_are_read_when_the_job_runs_and_a_bad_one_is_named() {
    let kind = JobKind::Vectorize {
        ground: Default::default(),
        look: Default::default(),
        limits: FitLimits::default(),
    };
    let mut job = machine(kind.clone());
    let commands = feed(
        &mut job,
        [Event::Stored, Event::Dispatched(plan(&[Stage::Optimize]))],
    );
    let order = |wanted: fn(&Command) -> bool| commands.iter().position(wanted);
    let marked = order(|command| matches!(command, Command::Persist));
    let reading = order(|command| matches!(command, Command::Prepare));
    assert!(marked.is_some() && marked < reading);
    assert!(order(|command| matches!(command, Command::RunStage(_))).is_none());
    let fault = InputFault {
        input: Some(AttachmentRole::Target),
        reason: "it is damaged".to_owned(),
    };
    let mut broken = machine(kind);
    feed(
        &mut broken,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Optimize])),
            Event::Prepared(Err(fault)),
        ],
    );
    assert_eq!(broken.state(), JobState::Failed);
    let failure = broken.failure().expect("a failure");
    assert_eq!(failure.code, FailureCode::BadInput);
    assert_eq!(failure.input, Some(AttachmentRole::Target));
    let commands = job.handle(read(None), Duration::from_secs(1));
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::RunStage(_)))
    );
    assert_eq!(metadata(&job).warnings.len(), 1);
}

#[test]
fn reading_that_takes_too_long_is_left_behind() {
    let mut job = machine(JobKind::Vectorize {
        ground: Default::default(),
        look: Default::default(),
        limits: FitLimits::default(),
    });
    feed(
        &mut job,
        [Event::Stored, Event::Dispatched(plan(&[Stage::Optimize]))],
    );
    let commands = job.handle(Event::Woken, DEADLINE);
    assert!(matches!(commands.first(), Some(Command::StopStage)));
    assert_eq!(job.state(), JobState::Failed);
    let failure = job.failure().expect("a failure");
    assert_eq!(failure.code, FailureCode::DeadlineExceeded);
}

#[test]
fn what_is_only_to_be_cleaned_is_read_and_served_as_it_is() {
    let mut job = machine(JobKind::Clean);
    assert!(job.wanted().is_empty());
    feed(&mut job, [Event::Stored, Event::Dispatched(plan(&[]))]);
    let document = document("mine");
    let inputs = ParsedInputs {
        template: Some(Arc::clone(&document)),
        target: None,
        warnings: vec!["something was left out".to_owned()],
    };
    feed(&mut job, [Event::Prepared(Ok(inputs))]);
    assert_eq!(job.state(), JobState::Succeeded);
    assert_eq!(job.best(), Some(&document));
    let metadata = metadata(&job);
    assert_eq!(metadata.tier, Tier::Full);
    assert_eq!(metadata.warnings.len(), 1);
    assert!(metadata.stages.is_empty() && !metadata.fallback);
}

#[test]
fn what_of_a_target_is_not_drawn_is_told() {
    let warnings = |unshown: f32| {
        let mut job = machine(JobKind::Refine {
            limits: FitLimits::default(),
            add_shapes: false,
        });
        let mut fitted = output(Stage::Optimize, StageStatus::Completed);
        if let StageOutput::Optimize(fitted) = &mut fitted {
            fitted.summary.lost = vec!["ball".to_owned()];
            fitted.summary.unshown = unshown;
        }
        feed(
            &mut job,
            [
                Event::Stored,
                Event::Dispatched(plan(&[Stage::Optimize])),
                read(Some("given")),
                Event::StageEnded {
                    stage: Stage::Optimize,
                    result: Ok(fitted),
                },
            ],
        );
        // One is of the file.
        metadata(&job).warnings.split_off(1)
    };
    let [lost, not_drawn] = &warnings(0.034)[..] else {
        panic!("two warnings");
    };
    assert!(lost.starts_with("`ball`: not found"), "{lost}");
    assert!(not_drawn.starts_with("3 % of the target"), "{not_drawn}");
    assert!(warnings(0.001)[1].starts_with("less than 1 %"));
    assert_eq!(warnings(0.0).len(), 1);
}
