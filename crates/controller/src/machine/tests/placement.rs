//! Whether stage 3 is told that shapes were looked for in the target.

use super::*;

fn refinement() -> Machine {
    machine(JobKind::Refine {
        limits: FitLimits::default(),
        add_shapes: true,
    })
}

/// Stage 2 has read a target from outside, and looked for shapes in it as `placement` says.
fn adopted(origin: TargetOrigin, placement: Placement) -> Event {
    let mut output = output(Stage::Detail, StageStatus::Completed);
    if let StageOutput::Detail(output) = &mut output {
        output.origin = origin;
        output.placement = placement;
    }
    Event::StageEnded {
        stage: Stage::Detail,
        result: Ok(output),
    }
}

/// What the call of stage 3 says that these events lead to.
fn told(job: &mut Machine, events: impl IntoIterator<Item = Event>) -> Placement {
    let commands = feed(job, events);
    let call = commands.into_iter().find_map(|command| match command {
        Command::RunStage(call) if call.stage == Stage::Optimize => Some(call),
        _ => None,
    });
    call.expect("stage 3 runs").placement
}

/// A refinement whose second stage ends so.
fn refined(stages: &[Stage], ended: Option<Event>) -> Placement {
    let begin = [
        Event::Stored,
        Event::Dispatched(plan(stages)),
        read(Some("given")),
    ];
    told(&mut refinement(), begin.into_iter().chain(ended))
}

const BOTH: [Stage; 2] = [Stage::Detail, Stage::Optimize];

#[test]
fn what_stage_2_says_is_passed_on() {
    for placement in [Placement::Registered, Placement::Unregistered] {
        let ended = adopted(TargetOrigin::Caller, placement);
        assert_eq!(refined(&BOTH, Some(ended)), placement);
    }
}

#[test]
fn nobody_has_looked_where_stage_2_gave_nothing() {
    let cases = [
        ("failed", refined(&BOTH, Some(failed(Stage::Detail)))),
        ("refused", refined(&BOTH, Some(refused(Stage::Detail)))),
        (
            "late",
            refined(&BOTH, Some(fails(Stage::Detail, StageError::Deadline))),
        ),
        ("left out", refined(&[Stage::Optimize], None)),
    ];
    for (what, placement) in cases {
        assert_eq!(placement, Placement::Unregistered, "{what}");
    }
}

#[test]
fn what_we_lit_is_in_its_place() {
    let placement = told(
        &mut machine(generate()),
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
        ],
    );
    assert_eq!(placement, Placement::Registered);
}

#[test]
fn a_job_that_is_taken_up_says_what_its_checkpoint_says() {
    for placement in [Placement::Registered, Placement::Unregistered] {
        let mut job = refinement();
        let commands = feed(
            &mut job,
            [
                Event::Stored,
                Event::Dispatched(plan(&BOTH)),
                read(Some("given")),
                adopted(TargetOrigin::Caller, placement),
            ],
        );
        let kept = commands.into_iter().find_map(|command| match command {
            Command::Checkpoint {
                stage,
                document,
                placement,
                ..
            } => Some(Checkpoint {
                stage,
                document,
                target: None,
                placement,
            }),
            _ => None,
        });
        let mut resumed = refinement().with_checkpoint(kept.expect("a checkpoint"));
        let events = [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Optimize])),
            read(Some("given")),
        ];
        assert_eq!(told(&mut resumed, events), placement);
    }
}

#[test]
fn a_job_that_is_taken_up_without_stage_2_has_nobody_who_looked() {
    let mut job = machine(generate()).with_checkpoint(Checkpoint {
        stage: Stage::Template,
        document: document("kept"),
        target: None,
        placement: Placement::assumed_after(Stage::Template),
    });
    let placement = told(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&BOTH)),
            adopted(TargetOrigin::Model, Placement::Unregistered),
        ],
    );
    assert_eq!(placement, Placement::Unregistered);
    let kept = Placement::assumed_after(Stage::Detail);
    assert_eq!(kept, Placement::Registered);
}
