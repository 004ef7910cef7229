//! Who served a stage, and what that means for the job.

use super::*;

#[test]
fn a_job_served_by_the_next_in_line_is_degraded_and_says_that_a_stage_was_replaced() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            replaced(Stage::Template),
            done(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(job.tier(), Tier::Enhanced);
    let told = metadata(&job);
    assert!(told.fallback);
    assert_eq!(
        told.fallback_reason.as_deref(),
        Some("template was served by embedded instead (model: no connection)")
    );
    let turns: Vec<_> = told.stages[0]
        .attempts
        .iter()
        .map(|attempt| (attempt.backend.as_str(), attempt.outcome))
        .collect();
    assert_eq!(
        turns,
        [
            ("model", AttemptOutcome::Failed),
            ("embedded", AttemptOutcome::Served)
        ]
    );
}

#[test]
fn a_target_that_a_model_made_is_kept_and_gone_on_from() {
    let mut output = output(Stage::Detail, StageStatus::Completed);
    if let StageOutput::Detail(output) = &mut output {
        output.origin = TargetOrigin::Model;
    }
    let mut job = machine(generate());
    let commands = feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            Event::StageEnded {
                stage: Stage::Detail,
                result: Ok(output),
            },
        ],
    );
    let kept = commands.iter().find_map(|command| match command {
        Command::Checkpoint {
            stage: Stage::Detail,
            document,
            target: Some(target),
            placement: Placement::Registered,
        } => Some((Arc::clone(document), Arc::clone(target))),
        _ => None,
    });
    let (document, target) = kept.expect("a checkpoint with its target");
    let mut resumed = machine(generate()).with_checkpoint(Checkpoint {
        stage: Stage::Detail,
        document,
        target: Some(target),
        placement: Placement::Registered,
    });
    let commands = feed(
        &mut resumed,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Template, Stage::Optimize])),
        ],
    );
    let call = commands.into_iter().find_map(|command| match command {
        Command::RunStage(call) => Some(call),
        _ => None,
    });
    let call = call.expect("goes on");
    let target = call.target.expect("the kept target");
    assert_eq!(
        (call.stage, target.origin),
        (Stage::Optimize, TargetOrigin::Model)
    );
}
