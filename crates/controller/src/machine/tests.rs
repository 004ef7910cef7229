//! Scenarios; what holds for any order of events is in `rules`.

mod backends;
mod files;
mod late;
mod placement;
mod plans;
mod rules;

use chat2svg_protocol::{
    AttachmentRole, Attempt, AttemptOutcome, BackendId, CanvasSize, Circuit, CircuitOpen, FitEnd,
    FitLimits, JobOptions, LevelChoice, OpenReason, Prompt, StageOutcome, Tier,
    messages::{DetailOutput, OptimizeOutput, Preview, StageError, TemplateOutput},
};
use jiff::Timestamp;
use kurbo::Rect;

use super::*;
use crate::ControllerConfig;

const DEADLINE: Duration = Duration::from_secs(10);

fn document(title: &str) -> Arc<Document> {
    Arc::new(Document {
        width: 64.0,
        height: 64.0,
        view_box: Rect::new(0.0, 0.0, 64.0, 64.0),
        title: Some(title.to_owned()),
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    })
}

fn raster() -> Arc<Raster> {
    Arc::new(Raster::new(1, 1, vec![[0, 0, 0, 255]]).expect("one pixel"))
}

fn generate() -> JobKind {
    JobKind::Generate {
        prompt: Prompt::parse("a red fox", 100).expect("a prompt"),
        style: None,
        background: None,
        canvas: CanvasSize::default(),
        candidates: 1,
        wishes: Default::default(),
    }
}

fn machine(kind: JobKind) -> Machine {
    let spec = JobSpec {
        kind,
        options: JobOptions {
            seed: 7,
            deadline_ms: DEADLINE.as_millis() as u64,
            level: LevelChoice::Auto,
            priority: Default::default(),
            webhook: None,
            palette: None,
            output: Default::default(),
        },
    };
    Machine::new(spec, Timing::new(DEADLINE, &ControllerConfig::default()))
}

fn plan(stages: &[Stage]) -> StagePlan {
    StagePlan {
        machine: ResourceLevel::Medium,
        stages: stages
            .iter()
            .map(|stage| PlannedStage::new(*stage, ResourceLevel::High))
            .collect(),
        reason: (stages.len() < 3).then(|| "memory is short".to_owned()),
    }
}

/// A turn of a backend, in half a second.
fn turn(backend: BackendId, outcome: AttemptOutcome) -> Attempt {
    let reason = (outcome != AttemptOutcome::Served).then(|| "no connection".to_owned());
    Attempt {
        backend,
        outcome,
        seconds: 0.5,
        reason,
        model: None,
    }
}

fn output(stage: Stage, status: StageStatus) -> StageOutput {
    let outcome = StageOutcome {
        served_by: BackendId::EMBEDDED,
        status,
        reason: None,
        lowered: None,
        attempts: vec![turn(BackendId::EMBEDDED, AttemptOutcome::Served)],
        model: None,
    };
    let document = document(stage.name());
    match stage {
        Stage::Template => StageOutput::Template(TemplateOutput {
            document,
            style: Style::Flat,
            outcome,
        }),
        Stage::Detail => StageOutput::Detail(DetailOutput {
            document,
            target: raster(),
            origin: TargetOrigin::Lit,
            placement: Placement::Registered,
            summary: DetailSummary::default(),
            outcome,
        }),
        Stage::Optimize => StageOutput::Optimize(OptimizeOutput {
            document,
            summary: FitSummary {
                moved: Vec::new(),
                lost: Vec::new(),
                unshown: 0.0,
                iterations: 1,
                psnr_before: 20.0,
                psnr_after: 30.0,
                paths_added: 0,
                paths_removed: 0,
                bytes: 0,
                ended_by: FitEnd::Schedule,
                curve: Vec::new(),
                budget_changes: Vec::new(),
            },
            outcome,
        }),
    }
}

/// The job's files are there.
fn read(template: Option<&str>) -> Event {
    Event::Prepared(Ok(ParsedInputs {
        template: template.map(document),
        target: Some(raster()),
        warnings: vec!["script: scripts are removed".to_owned()],
    }))
}

fn done(stage: Stage) -> Event {
    Event::StageEnded {
        stage,
        result: Ok(output(stage, StageStatus::Completed)),
    }
}

/// The stage is served by the embedded backend because the one before it in line failed.
fn replaced(stage: Stage) -> Event {
    let mut output = output(stage, StageStatus::Completed);
    let failed = turn("model".parse().expect("a name"), AttemptOutcome::Failed);
    let (StageOutput::Template(TemplateOutput { outcome, .. })
    | StageOutput::Detail(DetailOutput { outcome, .. })
    | StageOutput::Optimize(OptimizeOutput { outcome, .. })) = &mut output;
    outcome.attempts.insert(0, failed);
    Event::StageEnded {
        stage,
        result: Ok(output),
    }
}

fn fails(stage: Stage, error: StageError) -> Event {
    Event::StageEnded {
        stage,
        result: Err(error.into()),
    }
}

fn failed(stage: Stage) -> Event {
    let error = StageError::Backend {
        backend: BackendId::EMBEDDED,
        message: "boom".to_owned(),
    };
    fails(stage, error)
}

fn refused(stage: Stage) -> Event {
    let circuit = Circuit {
        stage,
        backend: BackendId::EMBEDDED,
    };
    let open = CircuitOpen {
        circuit,
        because: OpenReason::Failures,
        retry_after: Some(Duration::from_secs(3)),
    };
    fails(stage, StageError::Refused(open))
}

/// Feeds events one millisecond apart; returns all commands.
fn feed(machine: &mut Machine, events: impl IntoIterator<Item = Event>) -> Vec<Command> {
    let mut commands = Vec::new();
    for (index, event) in events.into_iter().enumerate() {
        let now = Duration::from_millis(index as u64);
        commands.extend(machine.handle(event, now));
        // The scheduler leaves the plan as it is.
        if matches!(commands.last(), Some(Command::Replan)) {
            commands.extend(machine.handle(Event::Replanned(None), now));
        }
    }
    commands
}

fn metadata(machine: &Machine) -> chat2svg_protocol::JobMetadata {
    machine.metadata(EndFacts {
        elapsed: Duration::from_millis(5),
        circuits: Vec::new(),
        timestamp: Timestamp::UNIX_EPOCH,
    })
}

fn title(machine: &Machine) -> Option<&str> {
    machine.best().and_then(|best| best.title.as_deref())
}

fn count(commands: &[Command], wanted: impl Fn(&Command) -> bool) -> usize {
    commands.iter().filter(|command| wanted(command)).count()
}

#[test]
fn three_good_stages_succeed_in_full() {
    let mut job = machine(generate());
    let commands = feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Succeeded);
    assert_eq!(title(&job), Some("optimize"));
    let told = metadata(&job);
    assert_eq!(told.tier, Tier::Full);
    assert_eq!(told.stages_run, Stage::ALL);
    assert_eq!(told.resource_level, ResourceLevel::Medium);
    assert_eq!(told.served_level, Some(ResourceLevel::High));
    assert!(!told.fallback);
    assert_eq!(told.fallback_reason, None);
    assert_eq!(
        count(&commands, |command| matches!(command, Command::Finish)),
        1
    );
    assert_eq!(
        count(&commands, |command| matches!(
            command,
            Command::ReleaseStage { .. }
        )),
        3
    );
    assert_eq!(
        count(&commands, |command| matches!(
            command,
            Command::Checkpoint {
                stage: Stage::Template,
                ..
            }
        )),
        1
    );
}

#[test]
fn each_stage_starts_from_what_the_one_before_gave() {
    let mut job = machine(generate());
    let commands = feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
        ],
    );
    let calls: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::RunStage(call) => Some((
                call.stage,
                call.document
                    .as_ref()
                    .and_then(|document| document.title.clone()),
                call.target.is_some(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(
        calls,
        [
            (Stage::Template, None, false),
            (Stage::Detail, Some("template".to_owned()), false),
            (Stage::Optimize, Some("detail".to_owned()), true),
        ]
    );
}

#[test]
fn a_failed_template_has_a_picture_composed() {
    let mut job = machine(generate());
    let commands = feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            failed(Stage::Template),
            Event::Composed(Ok(document("composed"))),
        ],
    );
    assert_eq!(
        count(&commands, |command| matches!(command, Command::Compose)),
        1
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("composed"));
    let told = metadata(&job);
    assert_eq!(told.tier, Tier::Fallback);
    assert!(told.fallback);
    assert!(
        told.fallback_reason
            .is_some_and(|reason| reason.contains("boom"))
    );
    assert!(told.error.is_some_and(|error| error.contains("boom")));
}

#[test]
fn stages_that_are_switched_off_are_skipped_for_that_reason() {
    let off = [(Stage::Optimize, "switched off")];
    let mut job = machine(generate()).without(&off);
    assert_eq!(job.wanted(), [Stage::Template, Stage::Detail]);
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    let told = metadata(&job);
    assert_eq!(told.stages_run, [Stage::Template, Stage::Detail]);
    assert!(
        told.fallback_reason
            .is_some_and(|reason| reason.contains("switched off"))
    );
    assert!(told.error.is_none());
}

#[test]
fn a_stage_that_could_not_do_what_was_asked_degrades_the_job_in_its_own_words() {
    let mut job = machine(generate());
    let mut lost = output(Stage::Template, StageStatus::Completed);
    if let StageOutput::Template(template) = &mut lost {
        template.outcome.reason = Some("no word was understood".to_owned());
    }
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            Event::StageEnded {
                stage: Stage::Template,
                result: Ok(lost),
            },
            done(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    let told = metadata(&job);
    assert_eq!(
        told.fallback_reason.as_deref(),
        Some("no word was understood")
    );
    assert_eq!(told.tier, Tier::Enhanced);
}

#[test]
fn an_open_circuit_skips_the_stage_and_says_so() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            refused(Stage::Detail),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("template"));
    let told = metadata(&job);
    assert_eq!(told.tier, Tier::Template);
    assert_eq!(told.stages_run, [Stage::Template]);
    let reason = told.fallback_reason.expect("a reason");
    assert!(
        reason.contains("circuit detail/embedded is open"),
        "{reason}"
    );
    assert!(reason.contains("no target"), "{reason}");
}

#[test]
fn a_failed_optimizer_serves_the_detailed_document() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
            failed(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("detail"));
    assert_eq!(metadata(&job).tier, Tier::Enhanced);
    assert_eq!(job.failure(), None);
}

#[test]
fn stages_left_out_of_the_plan_degrade_with_the_reason() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Template])),
            done(Stage::Template),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    let told = metadata(&job);
    assert!(!told.fallback, "no stage was replaced");
    let reason = told.fallback_reason.expect("a reason");
    assert_eq!(
        reason,
        "detail was skipped: memory is short; optimize was skipped for the same reason"
    );
}

#[test]
fn an_undispatched_generation_is_composed_in_time() {
    let mut job = machine(generate());
    job.handle(Event::Stored, Duration::ZERO);
    let due = job.wake_at().expect("a time");
    assert!(due < DEADLINE - Duration::from_millis(200));
    assert!(
        job.handle(Event::Woken, due - Duration::from_millis(1))
            .is_empty()
    );
    let commands = job.handle(Event::Woken, due);
    assert!(matches!(commands.as_slice(), [Command::Compose]));
    job.handle(
        Event::Composed(Ok(document("composed"))),
        due + Duration::from_millis(20),
    );
    assert_eq!(job.state(), JobState::Degraded);
}

#[test]
fn a_hanging_stage_is_left_behind_at_the_deadline() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&Stage::ALL)),
            done(Stage::Template),
            done(Stage::Detail),
        ],
    );
    let due = job.wake_at().expect("a time");
    let commands = job.handle(Event::Woken, due);
    assert!(matches!(commands.first(), Some(Command::StopStage)));
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("detail"));
    assert!(
        job.handle(done(Stage::Optimize), due).is_empty(),
        "late answers change nothing"
    );
    assert_eq!(title(&job), Some("detail"));
}

#[test]
fn a_vectorisation_serves_its_last_preview_when_it_hangs() {
    let mut job = machine(JobKind::Vectorize {
        ground: Default::default(),
        look: Default::default(),
        limits: FitLimits::default(),
    });
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Optimize])),
            read(None),
            Event::Progressed {
                stage: Stage::Optimize,
                fraction: 0.4,
                preview: Some(Preview::servable(document("preview"))),
            },
        ],
    );
    job.handle(Event::Woken, DEADLINE);
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("preview"));
}

#[test]
fn a_vectorisation_without_anything_fails_honestly() {
    let mut job = machine(JobKind::Vectorize {
        ground: Default::default(),
        look: Default::default(),
        limits: FitLimits::default(),
    });
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Optimize])),
            read(None),
            fails(
                Stage::Optimize,
                StageError::BadInput("all blank".to_owned()),
            ),
        ],
    );
    assert_eq!(job.state(), JobState::Failed);
    let failure = job.failure().expect("a failure");
    assert_eq!(failure.code, FailureCode::BadInput);
    assert!(failure.message.contains("all blank"));
}

#[test]
fn a_refinement_goes_on_without_added_shapes() {
    let kind = JobKind::Refine {
        limits: FitLimits::default(),
        add_shapes: true,
    };
    let mut job = machine(kind);
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Detail, Stage::Optimize])),
            read(Some("given")),
            failed(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Degraded);
    assert_eq!(title(&job), Some("optimize"));
}

#[test]
fn cancelling_stops_the_stage_and_ends_the_job() {
    let mut job = machine(generate());
    feed(
        &mut job,
        [Event::Stored, Event::Dispatched(plan(&Stage::ALL))],
    );
    let commands = job.handle(Event::CancelRequested, Duration::from_secs(1));
    assert!(matches!(commands.first(), Some(Command::StopStage)));
    assert_eq!(job.state(), JobState::Cancelled);
    assert!(
        job.handle(Event::CancelRequested, Duration::from_secs(1))
            .is_empty()
    );
}

#[test]
fn a_checkpoint_spares_the_stages_before_it() {
    let mut job = machine(generate()).with_checkpoint(Checkpoint {
        stage: Stage::Template,
        document: document("kept"),
        target: None,
        placement: Placement::Unregistered,
    });
    assert_eq!(job.wanted(), [Stage::Detail, Stage::Optimize]);
    feed(
        &mut job,
        [
            Event::Stored,
            Event::Dispatched(plan(&[Stage::Detail, Stage::Optimize])),
            read(Some("given")),
            done(Stage::Detail),
            done(Stage::Optimize),
        ],
    );
    assert_eq!(job.state(), JobState::Succeeded);
    assert_eq!(title(&job), Some("optimize"));
}
