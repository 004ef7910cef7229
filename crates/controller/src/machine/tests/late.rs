//! A template that takes longer than it may.

use super::*;

/// A generation whose template runs, at the time when it is given up.
fn late_template() -> (Machine, Duration) {
    let mut job = machine(generate());
    feed(
        &mut job,
        [Event::Stored, Event::Dispatched(plan(&Stage::ALL))],
    );
    let due = job.wake_at().expect("a time");
    (job, due)
}

fn candidate(title: &str) -> Event {
    Event::Progressed {
        stage: Stage::Template,
        fraction: 0.1,
        preview: Some(Preview::servable(document(title))),
    }
}

/// A picture too early to be served.
fn sketch() -> Event {
    Event::Progressed {
        stage: Stage::Template,
        fraction: 0.1,
        preview: Some(Preview {
            document: document("sketch"),
            is_servable: false,
        }),
    }
}

#[test]
fn a_sketch_is_shown_but_not_served_in_place_of_a_composition() {
    let (mut job, due) = late_template();
    let shown = job.handle(sketch(), due / 2);
    let is_shown = |command: &Command| matches!(command, Command::ShowPreview { .. });
    assert_eq!(count(&shown, is_shown), 1);
    let commands = job.handle(Event::Woken, due);
    assert_eq!(
        count(&commands, |command| matches!(command, Command::Compose)),
        1
    );
    assert!(job.handle(sketch(), due).is_empty());
    job.handle(Event::Composed(Ok(document("composed"))), due);
    assert_eq!(title(&job), Some("composed"));
}

#[test]
fn its_best_candidate_so_far_is_served() {
    let (mut job, due) = late_template();
    job.handle(candidate("first"), due / 2);
    let commands = job.handle(Event::Woken, due);
    assert_eq!(
        count(&commands, |command| matches!(command, Command::Compose)),
        0
    );
    assert_eq!(
        count(&commands, |command| matches!(command, Command::StopStage)),
        1
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("first"));
    let told = metadata(&job);
    assert_eq!(told.tier, Tier::Template);
    assert!(
        told.fallback_reason
            .is_some_and(|reason| reason.contains("deadline"))
    );
}

#[test]
fn it_runs_beside_the_composition_and_the_first_that_is_there_is_served() {
    for (event, served, tier) in [
        (done(Stage::Template), "template", Tier::Template),
        (candidate("first"), "first", Tier::Template),
        (
            Event::Composed(Ok(document("composed"))),
            "composed",
            Tier::Fallback,
        ),
    ] {
        let (mut job, due) = late_template();
        let begun = job.handle(Event::Woken, due);
        assert_eq!(
            count(&begun, |command| matches!(command, Command::Compose)),
            1
        );
        assert_eq!(
            count(&begun, |command| matches!(command, Command::StopStage)),
            0
        );
        let answer_due = job.wake_at().expect("a time");
        let commands = job.handle(event, due + Duration::from_millis(1));
        assert!(due < answer_due);
        assert_eq!(
            count(&commands, |command| matches!(command, Command::Finish)),
            1
        );
        assert_eq!(job.state(), JobState::Degraded);
        assert_eq!(title(&job), Some(served));
        assert_eq!(metadata(&job).tier, tier);
        let after = job.handle(Event::Composed(Ok(document("later"))), answer_due);
        assert!(after.is_empty(), "late answers change nothing");
    }
}

#[test]
fn a_template_that_fails_late_leaves_the_composition_to_serve() {
    let (mut job, due) = late_template();
    job.handle(Event::Woken, due);
    assert!(job.handle(failed(Stage::Template), due).is_empty());
    job.handle(Event::Composed(Ok(document("composed"))), due);
    assert_eq!(title(&job), Some("composed"));
}
