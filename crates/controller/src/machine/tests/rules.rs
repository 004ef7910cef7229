//! Rules that hold for any order of events.

use chat2svg_protocol::PipelineOpen;
use proptest::prelude::*;

use super::*;

fn any_stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(Stage::ALL.to_vec())
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Stored),
        1 => prop::sample::subsequence(Stage::ALL.to_vec(), 0..=3)
            .prop_map(|stages| Event::Dispatched(plan(&stages))),
        2 => any::<bool>().prop_map(|template| read(template.then_some("given"))),
        1 => Just(Event::Prepared(Err(InputFault {
            input: Some(AttachmentRole::Target),
            reason: "it is damaged".to_owned(),
        }))),
        4 => any_stage().prop_map(done),
        1 => any_stage().prop_map(|stage| Event::StageEnded {
            stage,
            result: Ok(output(stage, StageStatus::CutShort)),
        }),
        1 => any_stage().prop_map(replaced),
        2 => any_stage().prop_map(failed),
        1 => any_stage().prop_map(refused),
        2 => (any_stage(), prop::num::f32::ANY, any::<bool>(), any::<bool>()).prop_map(|(stage, fraction, seen, is_servable)| {
            Event::Progressed {
                stage,
                fraction,
                preview: seen.then(|| Preview { document: document("preview"), is_servable }),
            }
        }),
        1 => Just(Event::Composed(Ok(document("composed")))),
        1 => Just(Event::Composed(Err("no ink".to_owned()))),
        1 => Just(Event::TurnedAway(PipelineOpen {
            because: OpenReason::Failures,
            retry_after: Some(Duration::from_secs(40)),
        })),
        1 => Just(Event::Woken),
        3 => prop::option::of(prop::sample::subsequence(Stage::ALL.to_vec(), 0..=3))
            .prop_map(|stages| Event::Replanned(stages.map(|stages| plan(&stages)))),
    ]
}

fn any_kind() -> impl Strategy<Value = JobKind> {
    prop_oneof![
        Just(generate()),
        Just(JobKind::Vectorize {
            ground: Default::default(),
            look: Default::default(),
            limits: FitLimits::default()
        }),
        any::<bool>().prop_map(|add_shapes| JobKind::Refine {
            limits: FitLimits::default(),
            add_shapes
        }),
    ]
}

proptest! {
    #[test]
    fn any_order_of_events_ends_once_and_loses_nothing(
        kind in any_kind(),
        events in prop::collection::vec((any_event(), 0u64..1500), 0..25),
        cancelled_at in prop::option::of(0usize..25),
    ) {
        let mut job = machine(kind);
        let mut now = Duration::ZERO;
        let mut commands = job.handle(Event::Stored, now);
        let mut running = None;
        let mut latest: Option<String> = None;
        let mut progress = 0.0;
        for (index, (event, pause)) in events.into_iter().enumerate() {
            now += Duration::from_millis(pause);
            if cancelled_at == Some(index) {
                commands.extend(job.handle(Event::CancelRequested, now));
            }
            let was = job.state();
            if let (Event::StageEnded { stage, result: Ok(output) }, Some(current)) = (&event, running)
                && *stage == current && !was.is_final()
            {
                latest = output.document().title.clone();
            }
            let step = job.handle(event, now);
            prop_assert!(!was.is_final() || step.is_empty(), "a job that is over does nothing");
            prop_assert!(job.progress() >= progress && job.progress() <= 1.0);
            progress = job.progress();
            commands.extend(step);
            running = match job.state() {
                JobState::Running => job.stage().filter(|_| {
                    !matches!(commands.last(), Some(Command::Compose))
                }),
                _ => None,
            };
            if let (Some(latest), false) = (&latest, job.state() == JobState::Failed) {
                prop_assert_eq!(title(&job), Some(latest.as_str()));
            }
            prop_assert!(latest.is_none() || job.state() != JobState::Failed);
        }
        for _ in 0..3 {
            now = now.max(job.wake_at().unwrap_or(now));
            commands.extend(job.handle(Event::Woken, now));
        }
        prop_assert!(job.state().is_final());
        prop_assert!(job.wake_at().is_none());
        prop_assert_eq!(count(&commands, |command| matches!(command, Command::Finish)), 1);
        prop_assert!(matches!(commands.last(), Some(Command::Finish)));
        prop_assert_eq!(job.failure().is_some(), job.state() == JobState::Failed);
        prop_assert_eq!(
            job.best().is_some(),
            matches!(job.state(), JobState::Succeeded | JobState::Degraded)
                || (job.state() == JobState::Cancelled && job.best().is_some())
        );
        let started = count(&commands, |command| matches!(command, Command::RunStage(_)));
        let released = count(&commands, |command| matches!(command, Command::ReleaseStage { .. }));
        prop_assert_eq!(started, released, "every stage that was started is released");
        let told = metadata(&job);
        for stage in wanted_stages(&job.spec().kind) {
            let mentions = told.stages.iter().filter(|report| report.stage == stage).count();
            prop_assert_eq!(mentions, 1, "{} is accounted for once", stage);
        }
        prop_assert_eq!(told.fallback_reason.is_some(), job.state() == JobState::Degraded);
        let replaced = told.stages.iter().any(|report| report.replaced().is_some() && report.backend.is_some());
        let is_degraded = job.state() == JobState::Degraded;
        prop_assert_eq!(told.fallback, is_degraded && (replaced || told.tier == Tier::Fallback));
    }
}
