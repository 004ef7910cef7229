//! The rest of a job planned anew, and levels below the asked one.

use chat2svg_protocol::Lowered;

use super::*;

#[test]
fn between_stages_the_rest_may_become_more_or_less() {
    let mut job = machine(generate());
    let mut commands = Vec::new();
    let mut at =
        |job: &mut Machine, event| commands.extend(job.handle(event, Duration::from_secs(1)));
    at(&mut job, Event::Stored);
    at(&mut job, Event::Dispatched(plan(&[Stage::Template])));
    at(&mut job, done(Stage::Template));
    assert_eq!(job.state(), JobState::Running);
    at(
        &mut job,
        Event::Replanned(Some(plan(&[Stage::Detail, Stage::Optimize]))),
    );
    assert_eq!(job.stage(), Some(Stage::Detail));
    at(&mut job, done(Stage::Detail));
    let mut less = plan(&[]);
    less.reason = Some("the machine is busy with other jobs: optimize is left out".to_owned());
    at(&mut job, Event::Replanned(Some(less)));
    assert_eq!(job.state(), JobState::Degraded);
    let told = metadata(&job);
    assert_eq!(told.stages_run, [Stage::Template, Stage::Detail]);
    assert_eq!(
        told.fallback_reason.as_deref(),
        Some("optimize was skipped: the machine is busy with other jobs: optimize is left out")
    );
    // An answer that comes late changes nothing.
    at(&mut job, Event::Replanned(Some(plan(&Stage::ALL))));
    assert_eq!(
        count(&commands, |command| matches!(command, Command::Finish)),
        1
    );
}

#[test]
fn a_scheduler_that_does_not_answer_between_stages_holds_nobody_past_the_deadline() {
    let mut job = machine(generate());
    job.handle(Event::Stored, Duration::ZERO);
    job.handle(Event::Dispatched(plan(&Stage::ALL)), Duration::ZERO);
    job.handle(done(Stage::Template), Duration::from_secs(1));
    let due = job.wake_at().expect("it waits");
    job.handle(Event::Woken, due);
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("template"));
}

#[test]
fn a_lowered_level_is_told_with_its_reason() {
    let mut job = machine(generate());
    let mut lowered = plan(&Stage::ALL);
    for planned in &mut lowered.stages {
        planned.level = ResourceLevel::Low;
    }
    lowered.reason =
        Some("0.5 s are left until the deadline: template runs at level low".to_owned());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(lowered.clone()),
            done(Stage::Template),
            done(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Succeeded);
    let told = metadata(&job);
    assert_eq!(told.served_level, Some(ResourceLevel::Low));
    assert_eq!(told.lowered_because, lowered.reason);
}

#[test]
fn a_fit_that_others_shortened_tells_the_level_at_which_it_ended() {
    let mut job = machine(generate());
    let mut fitted = output(Stage::Optimize, StageStatus::Completed);
    let reason = "other jobs need the machine after 0.3 s";
    if let StageOutput::Optimize(output) = &mut fitted {
        output.outcome.lowered = Some(Lowered {
            level: ResourceLevel::Minimal,
            reason: reason.to_owned(),
        });
    }
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
            Event::StageEnded {
                stage: Stage::Optimize,
                result: Ok(fitted),
            },
        ],
    );
    assert_eq!(job.state(), JobState::Succeeded);
    let told = metadata(&job);
    assert_eq!(told.tier, Tier::Full);
    assert_eq!(told.served_level, Some(ResourceLevel::Minimal));
    assert_eq!(told.lowered_because.as_deref(), Some(reason));
}
