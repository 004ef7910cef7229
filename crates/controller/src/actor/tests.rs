//! The controller among stand-ins for its neighbours: a store in memory, a scheduler that
//! dispatches at once, and stages that do as told.

mod gate;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chat2svg_protocol::{
    Attachment, AttachmentRole, BackendId, CallEnd, CircuitSnapshot, DetailSummary, FailureCode,
    FitLimits, JobEvent, JobKind, JobOptions, JobSpec, LevelChoice, PlannedStage, ResourceLevel,
    StageOutcome, StagePlan, Tier, messages::*,
};
use chat2svg_vector::Raster;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::*;

/// How a stand-in stage behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Serves,
    Fails,
    /// Answers only when cancelled.
    Hangs,
}

/// The neighbours' common memory.
#[derive(Default)]
struct World {
    jobs: BTreeMap<JobId, JobView>,
    results: BTreeMap<JobId, Arc<str>>,
    keys: BTreeMap<String, JobId>,
    attachments: BTreeMap<JobId, Vec<Attachment>>,
    /// States in which jobs were written, in order.
    states: Vec<(JobId, JobState)>,
    unfinished: Vec<Unfinished>,
    checkpoints: Vec<Stage>,
    released: Vec<Stage>,
    /// How many stages that hung were told to stop.
    stopped: u32,
    manner: BTreeMap<Stage, Manner>,
    silent_scheduler: bool,
    store_fails: bool,
    /// Whether the pipeline's circuit is open.
    gate: Option<PipelineOpen>,
    /// How jobs came out of the pipeline.
    left: Vec<CallEnd>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Neighbours {
    world: Shared,
    dispatch: Line<Dispatch>,
}

impl Actor for Neighbours {
    type Context = Context<Self>;
}

fn sealed(
    world: &Shared,
    manner: Manner,
    cancel: &CancellationToken,
) -> impl Future<Output = Result<StageOutcome, StageFailure>> + use<> {
    let (world, cancel) = (world.clone(), cancel.clone());
    async move {
        match manner {
            Manner::Serves => Ok(StageOutcome::completed(BackendId::EMBEDDED)),
            Manner::Fails => Err(StageError::Backend {
                backend: BackendId::EMBEDDED,
                message: "out of ink".to_owned(),
            }
            .into()),
            Manner::Hangs => {
                cancel.cancelled().await;
                world.lock().stopped += 1;
                Err(StageError::Cancelled.into())
            }
        }
    }
}

fn picture(title: &str) -> Arc<Document> {
    Arc::new(Document {
        width: 32.0,
        height: 32.0,
        view_box: kurbo::Rect::new(0.0, 0.0, 32.0, 32.0),
        title: Some(title.to_owned()),
        description: None,
        metadata: Default::default(),
        layers: Vec::new(),
    })
}

fn found<T: Clone>(value: Option<&T>) -> Result<Option<T>, StoreError> {
    Ok(value.cloned())
}

impl Neighbours {
    fn manner(&self, stage: Stage) -> Manner {
        self.world
            .lock()
            .manner
            .get(&stage)
            .copied()
            .unwrap_or(Manner::Serves)
    }
}

macro_rules! answers {
    ($message:ty, $result:ty, |$world:ident, $value:ident| $body:expr) => {
        impl Handler<$message> for Neighbours {
            type Result = $result;
            fn handle(&mut self, $value: $message, _: &mut Context<Self>) -> $result {
                let mut $world = self.world.lock();
                let _ = &mut $world;
                $body
            }
        }
    };
}

answers!(PutJob, Result<Stored, StoreError>, |world, message| {
    if world.store_fails {
        return Err(StoreError("disk full".to_owned()));
    }
    if let Some(key) = message.idempotency_key {
        if let Some(job) = world.keys.get(&key) {
            return Ok(Stored::Replayed(*job));
        }
        world.keys.insert(key, message.view.id);
    }
    world.attachments.insert(message.view.id, message.attachments);
    world.jobs.insert(message.view.id, message.view);
    Ok(Stored::New)
});
answers!(UpdateJob, Result<(), StoreError>, |world, message| {
    world.states.push((message.view.id, message.view.state));
    world.jobs.insert(message.view.id, message.view);
    Ok(())
});
answers!(PutStage, Result<(), StoreError>, |world, message| {
    world.checkpoints.push(message.kept.stage);
    Ok(())
});
answers!(FinishJob, Result<(), StoreError>, |world, message| {
    let id = message.view.id;
    world.jobs.insert(id, message.view);
    if let Some(svg) = message.svg {
        world.results.insert(id, svg);
    }
    Ok(())
});
answers!(
    GetJob,
    Result<Option<JobView>, StoreError>,
    |world, message| found(world.jobs.get(&message.job))
);
answers!(
    ListJobs,
    Result<Vec<JobView>, StoreError>,
    |world, message| {
        let _ = message;
        Ok(world.jobs.values().rev().cloned().collect())
    }
);
answers!(RemoveJob, Result<bool, StoreError>, |world, message| {
    world.results.remove(&message.job);
    Ok(world.jobs.remove(&message.job).is_some())
});
answers!(
    GetResult,
    Result<Option<Arc<str>>, StoreError>,
    |world, message| found(world.results.get(&message.job))
);
answers!(
    ListUnfinished,
    Result<Vec<Unfinished>, StoreError>,
    |world, message| {
        let _ = message;
        Ok(std::mem::take(&mut world.unfinished))
    }
);
answers!(MarkRunning, Result<(), StoreError>, |world, message| {
    world.states.push((message.job, JobState::Running));
    Ok(())
});
answers!(
    GetAttachments,
    Result<Vec<Attachment>, StoreError>,
    |world, message| Ok(world
        .attachments
        .get(&message.job)
        .cloned()
        .unwrap_or_default())
);
answers!(
    CircuitsQuery,
    MessageResult<CircuitsQuery>,
    |world, message| {
        let _ = (message, &world);
        MessageResult(Vec::<CircuitSnapshot>::new())
    }
);
answers!(
    EnterPipeline,
    Result<PipelinePermit, PipelineOpen>,
    |world, message| {
        let _ = message;
        world.gate.map_or(Ok(PipelinePermit { generation: 1 }), Err)
    }
);
answers!(LeavePipeline, (), |world, message| world
    .left
    .push(message.call.end));
answers!(StageFinished, (), |world, message| world
    .released
    .push(message.stage));
answers!(Replan, Option<StagePlan>, |world, message| {
    let _ = (message, &world);
    None
});
answers!(MemoryTaken, (), |world, message| {
    let _ = (message, &world);
});
answers!(Withdraw, (), |world, message| {
    let _ = (message, &world);
});
impl Handler<Enqueue> for Neighbours {
    type Result = ();
    fn handle(&mut self, message: Enqueue, _: &mut Context<Self>) {
        if self.world.lock().silent_scheduler {
            return;
        }
        self.dispatch.tell(Dispatch {
            job: message.job,
            plan: StagePlan {
                machine: ResourceLevel::High,
                stages: Stage::ALL
                    .into_iter()
                    .zip(message.wanted)
                    .filter(|(_, wanted)| *wanted)
                    .map(|(stage, _)| PlannedStage::new(stage, ResourceLevel::Low))
                    .collect(),
                reason: None,
            },
        });
    }
}

impl Handler<RunTemplate> for Neighbours {
    type Result = ResponseFuture<Result<TemplateOutput, StageFailure>>;
    fn handle(&mut self, message: RunTemplate, _: &mut Context<Self>) -> Self::Result {
        let manner = self.manner(Stage::Template);
        let outcome = sealed(&self.world, manner, &message.context.cancel);
        Box::pin(async move {
            Ok(TemplateOutput {
                outcome: outcome.await?,
                document: picture("template"),
                style: Style::Flat,
            })
        })
    }
}

impl Handler<RunDetail> for Neighbours {
    type Result = ResponseFuture<Result<DetailOutput, StageFailure>>;
    fn handle(&mut self, message: RunDetail, _: &mut Context<Self>) -> Self::Result {
        let manner = self.manner(Stage::Detail);
        let outcome = sealed(&self.world, manner, &message.context.cancel);
        Box::pin(async move {
            Ok(DetailOutput {
                placement: chat2svg_protocol::Placement::Registered,
                outcome: outcome.await?,
                document: picture("detail"),
                target: Arc::new(Raster::new(1, 1, vec![[0; 4]]).expect("one pixel")),
                origin: TargetOrigin::Lit,
                summary: DetailSummary::default(),
            })
        })
    }
}

impl Handler<RunOptimize> for Neighbours {
    type Result = ResponseFuture<Result<OptimizeOutput, StageFailure>>;
    fn handle(&mut self, message: RunOptimize, _: &mut Context<Self>) -> Self::Result {
        let manner = self.manner(Stage::Optimize);
        let outcome = sealed(&self.world, manner, &message.context.cancel);
        Box::pin(async move {
            Ok(OptimizeOutput {
                outcome: outcome.await?,
                document: picture("optimize"),
                summary: chat2svg_protocol::FitSummary {
                    moved: Vec::new(),
                    lost: Vec::new(),
                    unshown: 0.0,
                    iterations: 1,
                    psnr_before: 20.0,
                    psnr_after: 30.0,
                    paths_added: 0,
                    paths_removed: 0,
                    ended_by: chat2svg_protocol::FitEnd::Schedule,
                    curve: Vec::new(),
                    bytes: 0,
                    budget_changes: Vec::new(),
                },
            })
        })
    }
}

/// A controller among stand-ins.
struct Playhouse {
    world: Shared,
    controller: Addr<ControllerActor>,
    admission: Arc<Semaphore>,
}

fn start(world: Shared) -> Playhouse {
    let dispatch = DispatchRelay::default();
    let neighbours = Neighbours {
        world: world.clone(),
        dispatch: Line::from_recipient("controller", dispatch.clone().start().recipient()),
    }
    .start();
    macro_rules! line {
        () => {
            Line::from_recipient("neighbours", neighbours.clone().recipient())
        };
    }
    let lines = ControllerLines {
        put_job: line!(),
        get_job: line!(),
        list_jobs: line!(),
        remove_job: line!(),
        get_result: line!(),
        list_unfinished: line!(),
        get_attachments: line!(),
        mark_running: line!(),
        persister: PersisterLines {
            update: line!(),
            put_stage: line!(),
            finish: line!(),
            circuits: line!(),
        },
        enqueue: line!(),
        stage_finished: line!(),
        replan: line!(),
        memory_taken: line!(),
        withdraw: line!(),
        enter_pipeline: line!(),
        leave_pipeline: line!(),
        stages: StageLines {
            template: line!(),
            detail: line!(),
            optimize: line!(),
        },
    };
    let composer: Composer = Arc::new(|request: &ComposeRequest| {
        if request.prompt.as_str().contains("unspeakable") {
            return Err("no words for it".to_owned());
        }
        Ok(Arc::unwrap_or_clone(picture("composed")))
    });
    let capacity = ControllerCapacity {
        intake: ComputePool::new("intake", 1, 64),
        answers: ComputePool::new("answers", 1, 64),
        memory: MemoryBudget::new(64),
        limits: InputLimits::default(),
        isolation: Isolation::off(),
    };
    let config = ControllerConfig::default();
    let controller = ControllerActor::new(config, lines, capacity, composer).start();
    *dispatch.to.lock().expect("not poisoned") = Some(controller.clone().recipient());
    Playhouse {
        world,
        controller,
        admission: Arc::new(Semaphore::new(8)),
    }
}

/// Passes dispatches on to a controller that starts later than the scheduler.
#[derive(Clone, Default)]
struct DispatchRelay {
    to: Arc<Mutex<Option<Recipient<Dispatch>>>>,
}

impl Actor for DispatchRelay {
    type Context = Context<Self>;
}

impl Handler<Dispatch> for DispatchRelay {
    type Result = ();
    fn handle(&mut self, message: Dispatch, _: &mut Context<Self>) {
        let to = self.to.lock().expect("not poisoned").clone();
        actix::spawn(async move {
            to.expect("the controller runs")
                .send(message)
                .await
                .expect("it answers");
        });
    }
}

fn spec(prompt: &str, deadline_ms: u64) -> JobSpec {
    JobSpec {
        kind: JobKind::Generate {
            prompt: Prompt::parse(prompt, 100).expect("a prompt"),
            style: None,
            background: None,
            canvas: CanvasSize::default(),
            candidates: 1,
            wishes: Default::default(),
        },
        options: JobOptions {
            seed: 1,
            deadline_ms,
            level: LevelChoice::Auto,
            priority: Default::default(),
            webhook: None,
            palette: None,
            output: Default::default(),
        },
    }
}

impl Playhouse {
    async fn submit(&self, spec: JobSpec, key: Option<&str>) -> Result<Accepted, SubmitError> {
        self.submit_with(spec, Vec::new(), key).await
    }

    async fn submit_with(
        &self,
        spec: JobSpec,
        attachments: Vec<Attachment>,
        key: Option<&str>,
    ) -> Result<Accepted, SubmitError> {
        let permit = Arc::clone(&self.admission)
            .acquire_owned()
            .await
            .expect("open");
        let message = Submit {
            spec,
            attachments,
            permit: Permit::holding(permit),
            idempotency_key: key.map(str::to_owned),
            client: Default::default(),
            owner: Default::default(),
            quota: None,
        };
        self.controller
            .send(message)
            .await
            .expect("the controller answers")
    }

    async fn generate(&self, deadline_ms: u64) -> JobId {
        let accepted = self.submit(spec("a fox", deadline_ms), None).await;
        accepted.expect("accepted").job
    }

    async fn vectorize(&self, file: Attachment) -> JobId {
        let spec = JobSpec {
            kind: JobKind::Vectorize {
                ground: Default::default(),
                look: Default::default(),
                limits: FitLimits::default(),
            },
            ..spec("a picture", 20_000)
        };
        let accepted = self.submit_with(spec, vec![file], None).await;
        accepted.expect("accepted").job
    }

    async fn events(&self, job: JobId) -> Vec<JobEvent> {
        let asked = self.controller.send(Subscribe { job, after: 0 }).await;
        let mut subscription = asked.expect("an answer").expect("a known job");
        let mut events = subscription.past;
        while let Ok(event) = subscription.coming.recv().await {
            events.push(event);
        }
        events
    }

    async fn ended(&self, job: JobId) -> JobView {
        self.events(job).await;
        self.world.lock().jobs.get(&job).cloned().expect("stored")
    }

    fn served(&self, job: JobId) -> String {
        let svg = self
            .world
            .lock()
            .results
            .get(&job)
            .cloned()
            .expect("a result");
        let title = svg
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.split('<').next());
        title.unwrap_or_default().to_owned()
    }
}

#[actix_rt::test]
async fn a_job_runs_through_all_stages_and_is_kept() {
    let stage = start(Shared::default());
    let job = stage.generate(5_000).await;
    let events = stage.events(job).await;
    let view = stage.world.lock().jobs.get(&job).cloned().expect("stored");
    assert_eq!(view.state, JobState::Succeeded);
    let told = view.metadata.expect("metadata");
    assert_eq!(told.tier, Tier::Full);
    assert_eq!(stage.served(job), "optimize");
    assert_eq!(
        stage.world.lock().checkpoints,
        [],
        "a quick job needs no checkpoint"
    );
    assert_eq!(stage.world.lock().released, Stage::ALL);
    // Whoever subscribes late is spared previews that newer ones replaced; nothing else is lost.
    let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert!(
        numbers.is_sorted_by(|earlier, later| earlier < later),
        "{numbers:?}"
    );
    let last = numbers.last().copied().unwrap_or_default();
    let missing = last - numbers.len() as u64;
    let kept = |kind: &JobEventKind| matches!(kind, JobEventKind::Preview { .. });
    assert!(
        missing == 0 || events.iter().any(|event| kept(&event.kind)),
        "{numbers:?}"
    );
    assert_eq!(
        events.first().map(|event| &event.kind),
        Some(&JobEventKind::Queued)
    );
    assert!(matches!(
        events.last().map(|event| &event.kind),
        Some(JobEventKind::Done {
            state: JobState::Succeeded
        })
    ));
    assert_eq!(
        stage.admission.available_permits(),
        8,
        "the permit is free again"
    );
}

#[actix_rt::test]
async fn files_small_and_large_are_read_when_the_job_runs() {
    let stage = start(Shared::default());
    // Noise, so that the second file is too large to be held while its job waits.
    for side in [8_u32, 400] {
        let noise = (0..side * side).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes());
        let picture = Raster::new(side, side, noise.collect()).expect("pixels");
        let file = Attachment {
            role: AttachmentRole::Target,
            bytes: picture.encode_png().expect("a PNG").into(),
        };
        let job = stage.vectorize(file).await;
        assert_eq!(stage.ended(job).await.state, JobState::Succeeded);
        let world = stage.world.lock();
        let written = world.states.iter().find(|(id, _)| *id == job);
        assert_eq!(
            written.map(|(_, state)| *state),
            Some(JobState::Running),
            "it is known by whose files the process may end"
        );
    }
}

#[actix_rt::test]
async fn a_file_that_cannot_be_used_fails_its_job_by_name() {
    let stage = start(Shared::default());
    let file = Attachment {
        role: AttachmentRole::Target,
        bytes: Arc::from(*b"no picture"),
    };
    let job = stage.vectorize(file).await;
    let failure = stage.ended(job).await.failure.expect("a failure");
    assert_eq!(failure.code, FailureCode::BadInput);
    assert_eq!(failure.input, Some(AttachmentRole::Target));
    assert!(failure.message.contains("not a PNG"), "{}", failure.message);
    assert_eq!(stage.admission.available_permits(), 8);
}

#[actix_rt::test]
async fn a_failing_stage_degrades_and_is_reported() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Detail, Manner::Fails);
    let stage = start(world);
    let job = stage.generate(5_000).await;
    let view = stage.ended(job).await;
    assert_eq!(view.state, JobState::Degraded);
    assert_eq!(stage.served(job), "template");
    let reason = view
        .metadata
        .and_then(|told| told.fallback_reason)
        .expect("a reason");
    assert!(reason.contains("out of ink"), "{reason}");
}

#[actix_rt::test]
async fn a_failing_template_is_replaced_by_a_composition() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Template, Manner::Fails);
    let stage = start(world);
    let job = stage.generate(5_000).await;
    assert_eq!(stage.ended(job).await.state, JobState::Degraded);
    assert_eq!(stage.served(job), "composed");
    let hopeless = stage
        .submit(spec("unspeakable", 5_000), None)
        .await
        .expect("accepted")
        .job;
    let view = stage.ended(hopeless).await;
    assert_eq!(view.state, JobState::Failed);
    assert!(
        view.failure
            .is_some_and(|failure| failure.message.contains("out of ink"))
    );
}

#[actix_rt::test]
async fn a_hanging_stage_is_cut_off_by_the_deadline() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Optimize, Manner::Hangs);
    let stage = start(world);
    let job = stage.generate(400).await;
    let view = stage.ended(job).await;
    assert_eq!(view.state, JobState::Degraded);
    assert_eq!(stage.served(job), "detail");
    assert_eq!(view.metadata.map(|told| told.tier), Some(Tier::Enhanced));
}

#[actix_rt::test]
async fn a_job_that_is_never_planned_is_composed_in_time() {
    let world = Shared::default();
    world.lock().silent_scheduler = true;
    let stage = start(world);
    let job = stage.generate(300).await;
    assert_eq!(stage.ended(job).await.state, JobState::Degraded);
    assert_eq!(stage.served(job), "composed");
}

#[actix_rt::test]
async fn cancelling_reaches_the_running_stage() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Detail, Manner::Hangs);
    let stage = start(world);
    let job = stage.generate(60_000).await;
    loop {
        let view = stage
            .controller
            .send(JobQuery { job })
            .await
            .expect("an answer");
        if view.expect("a store").expect("a job").stage == Some(Stage::Detail) {
            break;
        }
        actix_rt::task::yield_now().await;
    }
    let outcome = stage.controller.send(Cancel { job }).await;
    assert_eq!(outcome, Ok(CancelOutcome::Cancelling));
    assert_eq!(stage.ended(job).await.state, JobState::Cancelled);
    let outcome = stage.controller.send(Cancel { job }).await;
    assert_eq!(outcome, Ok(CancelOutcome::AlreadyFinal));
    while stage.world.lock().stopped == 0 {
        actix_rt::task::yield_now().await;
    }
}

#[actix_rt::test]
async fn a_job_is_removed_once_it_has_ended() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Detail, Manner::Hangs);
    let stage = start(world);
    let job = stage.generate(60_000).await;
    let remove = || stage.controller.send(Remove { job });
    assert_eq!(remove().await, Ok(Ok(RemoveOutcome::UnderWay)));
    let _ = stage.controller.send(Cancel { job }).await;
    stage.ended(job).await;
    assert_eq!(remove().await, Ok(Ok(RemoveOutcome::Removed)));
    assert!(stage.world.lock().jobs.is_empty());
    let view = stage.controller.send(JobQuery { job }).await;
    assert_eq!(view, Ok(Ok(None)));
    assert_eq!(remove().await, Ok(Ok(RemoveOutcome::Unknown)));
}

#[actix_rt::test]
async fn what_cannot_be_stored_is_not_accepted() {
    let world = Shared::default();
    world.lock().store_fails = true;
    let stage = start(world);
    let refused = stage.submit(spec("a fox", 1_000), None).await;
    assert!(matches!(refused, Err(SubmitError::Store(message)) if message.contains("disk full")));
    assert_eq!(stage.admission.available_permits(), 8);
}

#[actix_rt::test]
async fn a_repeated_request_finds_its_job() {
    let stage = start(Shared::default());
    let first = stage
        .submit(spec("a fox", 1_000), Some("key"))
        .await
        .expect("accepted");
    let second = stage
        .submit(spec("a fox", 1_000), Some("key"))
        .await
        .expect("accepted");
    assert!(!first.replayed);
    assert_eq!(
        second,
        Accepted {
            job: first.job,
            replayed: true,
            used: None,
        }
    );
}

fn left_behind(attempts: u32) -> Unfinished {
    let now = Timestamp::now();
    Unfinished {
        view: JobView {
            id: JobId(uuid::Uuid::now_v7()),
            owner: Default::default(),
            state: JobState::Queued,
            spec: spec("a fox", 5_000),
            stage: None,
            progress: 0.2,
            created_at: now,
            updated_at: now,
            metadata: None,
            failure: None,
        },
        checkpoint: Some(KeptStage {
            stage: Stage::Template,
            svg: crate::output::svg(&picture("kept")).into(),
            target: None,
            placement: chat2svg_protocol::Placement::Unregistered,
        }),
        attempts,
    }
}

#[actix_rt::test]
async fn unfinished_jobs_are_taken_up_and_hopeless_ones_fail_honestly() {
    let world = Shared::default();
    let (good, hopeless) = (left_behind(1), left_behind(3));
    let (good_id, hopeless_id) = (good.view.id, hopeless.view.id);
    world.lock().unfinished = vec![good, hopeless];
    let stage = start(world);
    assert_eq!(
        stage.controller.send(Resume).await.expect("an answer"),
        Ok(1)
    );
    let view = stage.ended(good_id).await;
    assert_eq!(view.state, JobState::Succeeded);
    let told = view.metadata.expect("metadata");
    assert_eq!(
        told.stages.first().map(|report| report.from_checkpoint),
        Some(true)
    );
    let failure = stage.ended(hopeless_id).await.failure.expect("a failure");
    assert_eq!(failure.code, FailureCode::Abandoned);
}

#[actix_rt::test]
async fn draining_leaves_what_is_not_done_to_the_next_start() {
    let world = Shared::default();
    world.lock().manner.insert(Stage::Optimize, Manner::Hangs);
    let stage = start(world);
    let job = stage.generate(60_000).await;
    let until = std::time::Instant::now() + Duration::from_millis(50);
    stage
        .controller
        .send(Drain { until })
        .await
        .expect("drained");
    let refused = stage.submit(spec("a fox", 1_000), None).await;
    assert_eq!(refused, Err(SubmitError::Draining));
    let view = stage.world.lock().jobs.get(&job).cloned().expect("stored");
    assert_eq!(view.state, JobState::Queued);
    assert_eq!(stage.world.lock().checkpoints, [Stage::Template]);
    assert_eq!(stage.admission.available_permits(), 8);
}
