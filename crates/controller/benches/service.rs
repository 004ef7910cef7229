//! What a request costs: `overhead` is everything but the stages (controller, scheduler, breaker
//! and store are the real ones, the stages answer at once), with a store in memory and one on disk;
//! `stage` is each stage alone, asked as the controller asks it; `pipeline` is the whole embedded
//! pipeline, and `first_document` the time until its first picture. All at level high.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_backends::{Circuits, LineUp};
use chat2svg_breaker::{BreakerActor, BreakerConfig, CircuitRegistry};
use chat2svg_controller::{
    ControllerActor, ControllerCapacity, ControllerConfig, ControllerLines, InputLimits, Isolation,
    MemoryBudget, PersisterLines, StageLines,
};
use chat2svg_detail::{DetailActor, DetailConfig, EmbeddedDetailer};
use chat2svg_optimize::{EmbeddedFitter, Guidance, OptimizeActor, OptimizeConfig};
use chat2svg_protocol::{
    BackendId, CanvasSize, DetailSummary, FitEnd, FitLimits, FitSummary, JobEventKind, JobId,
    JobKind, JobOptions, JobSpec, LevelChoice, PerStage, Permit, Prompt, ResourceLevel, Source,
    StageOutcome, Style,
    messages::{
        DetailOutput, FitScope, OptimizeOutput, RunDetail, RunOptimize, RunTemplate, StageContext,
        StageFailure, Submit, Subscribe, TargetOrigin, TemplateOutput,
    },
};
use chat2svg_scheduler::{SchedulerActor, SchedulerConfig, SchedulerLines, SharedQueue};
use chat2svg_store::{StoreActor, StoreConfig, StoreWorker};
use chat2svg_supervision::{ComputePool, Line, Slot, Watchdog, WatchdogPolicy};
use chat2svg_template::{EmbeddedComposer, TemplateActor, embedded::Vocabulary};
use chat2svg_vector::{Document, Raster};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);
const PROMPT: &str = "a red fox under a green tree at sunset";

/// Stages that answer at once.
struct Instantly {
    document: Arc<Document>,
    target: Arc<Raster>,
}

impl Actor for Instantly {
    type Context = Context<Self>;
}

fn completed() -> StageOutcome {
    StageOutcome::completed(BackendId::EMBEDDED)
}

impl Handler<RunTemplate> for Instantly {
    type Result = Result<TemplateOutput, StageFailure>;
    fn handle(&mut self, _: RunTemplate, _: &mut Self::Context) -> Self::Result {
        Ok(TemplateOutput {
            document: Arc::clone(&self.document),
            style: Style::Flat,
            outcome: completed(),
        })
    }
}

impl Handler<RunDetail> for Instantly {
    type Result = Result<DetailOutput, StageFailure>;
    fn handle(&mut self, _: RunDetail, _: &mut Self::Context) -> Self::Result {
        Ok(DetailOutput {
            placement: chat2svg_protocol::Placement::Registered,
            document: Arc::clone(&self.document),
            target: Arc::clone(&self.target),
            origin: TargetOrigin::Lit,
            summary: DetailSummary::default(),
            outcome: completed(),
        })
    }
}

impl Handler<RunOptimize> for Instantly {
    type Result = Result<OptimizeOutput, StageFailure>;
    fn handle(&mut self, _: RunOptimize, _: &mut Self::Context) -> Self::Result {
        Ok(OptimizeOutput {
            document: Arc::clone(&self.document),
            summary: FitSummary {
                moved: Vec::new(),
                lost: Vec::new(),
                unshown: 0.0,
                iterations: 0,
                psnr_before: 0.0,
                psnr_after: 0.0,
                paths_added: 0,
                paths_removed: 0,
                ended_by: FitEnd::Schedule,
                curve: Vec::new(),
                bytes: 0,
                budget_changes: Vec::new(),
            },
            outcome: completed(),
        })
    }
}

/// A running system around the controller.
struct Service {
    submit: Line<Submit>,
    subscribe: Line<Subscribe>,
    admission: Arc<Semaphore>,
    stages: StageLines,
}

enum Stages {
    Instant,
    Embedded,
}

impl Service {
    fn start(stages: &Stages, store: &StoreConfig) -> Self {
        let watchdog = Watchdog::new(WatchdogPolicy::default());
        let arbiter = || Arbiter::new().handle();
        let store_slot = Slot::<StoreActor>::new("store");
        let breaker = Slot::<BreakerActor>::new("breaker");
        let scheduler = Slot::<SchedulerActor>::new("scheduler");
        let controller = Slot::<ControllerActor>::new("controller");
        let decisions = arbiter();
        let worker = StoreWorker::open(store).unwrap();
        let config = store.clone();
        watchdog.start(&store_slot, &arbiter(), move || {
            StoreActor::new(config.clone(), worker.clone())
        });
        watchdog.start(&breaker, &decisions, || {
            BreakerActor::new(BreakerConfig::default(), CircuitRegistry::default())
        });
        let queue = SharedQueue::new(SchedulerConfig::default(), PerStage::default());
        let optimize = Slot::<OptimizeActor>::new("optimize");
        let scheduler_lines = SchedulerLines {
            dispatch: controller.line(),
            adjust: optimize.line(),
            circuits: breaker.line(),
        };
        let solver = ComputePool::new("solver", 1, 4);
        watchdog.start(&scheduler, &decisions, move || {
            SchedulerActor::new(queue.clone(), scheduler_lines.clone(), solver.clone())
        });
        let circuits = Circuits::new(breaker.line(), breaker.line(), Duration::from_secs(5));
        let lines = match stages {
            Stages::Instant => {
                let document = template_of_a_fox();
                let target = Arc::new(Raster::new(1, 1, vec![[0; 4]]).unwrap());
                let stages = Instantly { document, target }.start();
                StageLines {
                    template: Line::from_recipient("template", stages.clone().recipient()),
                    detail: Line::from_recipient("detail", stages.clone().recipient()),
                    optimize: Line::from_recipient("optimize", stages.recipient()),
                }
            }
            Stages::Embedded => {
                let threads = std::thread::available_parallelism().map_or(1, usize::from);
                let pool = move |name| ComputePool::new(name, threads, 16);
                let template = Slot::<TemplateActor>::new("template");
                let detail = Slot::<DetailActor>::new("detail");

                let home = arbiter();
                let progress = controller.line();
                let composer = EmbeddedComposer::new(
                    Vocabulary::builtin(),
                    pool("template"),
                    controller.line(),
                );
                let line_up = LineUp::new(vec![Arc::new(composer)], circuits.clone());
                watchdog.start(&template, &home, move || {
                    TemplateActor::new(line_up.clone(), progress.clone())
                });
                let progress = controller.line();
                let detailer = EmbeddedDetailer::new(DetailConfig::default(), pool("detail"));
                let line_up = LineUp::new(vec![Arc::new(detailer)], circuits.clone());
                watchdog.start(&detail, &home, move || {
                    DetailActor::new(line_up.clone(), progress.clone())
                });
                let guidance = Guidance::default();
                let fitter = EmbeddedFitter::new(
                    OptimizeConfig::default(),
                    pool("optimize"),
                    threads,
                    controller.line(),
                    guidance.clone(),
                );
                let line_up = LineUp::new(vec![Arc::new(fitter)], circuits);
                watchdog.start(&optimize, &home, move || {
                    OptimizeActor::new(line_up.clone(), guidance.clone())
                });
                StageLines {
                    template: template.line(),
                    detail: detail.line(),
                    optimize: optimize.line(),
                }
            }
        };
        let stages = lines.clone();
        let lines = ControllerLines {
            put_job: store_slot.line(),
            get_job: store_slot.line(),
            list_jobs: store_slot.line(),
            remove_job: store_slot.line(),
            get_result: store_slot.line(),
            list_unfinished: store_slot.line(),
            get_attachments: store_slot.line(),
            mark_running: store_slot.line(),
            persister: PersisterLines {
                update: store_slot.line(),
                put_stage: store_slot.line(),
                finish: store_slot.line(),
                circuits: breaker.line(),
            },
            enqueue: scheduler.line(),
            stage_finished: scheduler.line(),
            replan: scheduler.line(),
            memory_taken: scheduler.line(),
            withdraw: scheduler.line(),
            enter_pipeline: breaker.line(),
            leave_pipeline: breaker.line(),
            stages: lines,
        };
        let capacity = ControllerCapacity {
            intake: ComputePool::new("intake", 1, 64),
            answers: ComputePool::new("answers", 1, 64),
            memory: MemoryBudget::new(512),
            limits: InputLimits::default(),
            isolation: Isolation::off(),
        };
        watchdog.start(&controller, &decisions, move || {
            ControllerActor::new(
                ControllerConfig::default(),
                lines.clone(),
                capacity.clone(),
                Arc::new(|_| Err("not needed".to_owned())),
            )
        });
        Self {
            submit: controller.line(),
            subscribe: controller.line(),
            admission: Arc::new(Semaphore::new(1)),
            stages,
        }
    }

    /// Runs one job; answers how long it took until something was announced about it. An earlier
    /// job that still runs is waited for first, outside of the measured time.
    async fn run(&self, until: impl Fn(&JobEventKind) -> bool) -> Duration {
        let permit = Arc::clone(&self.admission).acquire_owned().await.unwrap();
        let begun = Instant::now();
        let submit = Submit {
            spec: JobSpec {
                kind: JobKind::Generate {
                    prompt: prompt(),
                    style: None,
                    background: None,
                    canvas: CanvasSize::default(),
                    candidates: 1,
                    wishes: Default::default(),
                },
                options: JobOptions {
                    seed: 1,
                    deadline_ms: 60_000,
                    level: LevelChoice::High,
                    priority: Default::default(),
                    webhook: None,
                    palette: None,
                    output: Default::default(),
                },
            },
            attachments: Vec::new(),
            permit: Permit::holding(permit),
            idempotency_key: None,
            client: Default::default(),
            owner: Default::default(),
            quota: None,
        };
        let job = self
            .submit
            .ask(submit, PATIENCE)
            .await
            .unwrap()
            .unwrap()
            .job;
        let asked = self
            .subscribe
            .ask(Subscribe { job, after: 0 }, PATIENCE)
            .await;
        let mut subscription = asked.unwrap().unwrap();
        let mut seen = subscription.past.iter().any(|event| until(&event.kind));
        while !seen {
            let event = subscription.coming.recv().await.unwrap();
            seen = until(&event.kind);
        }
        begun.elapsed()
    }

    /// The time of so many jobs, one after the other.
    fn time(&self, system: &SystemRunner, jobs: u64, until: fn(&JobEventKind) -> bool) -> Duration {
        system.block_on(async {
            let mut total = Duration::ZERO;
            for _ in 0..jobs {
                total += self.run(until).await;
            }
            total
        })
    }
}

fn prompt() -> Prompt {
    Prompt::parse(PROMPT, 100).unwrap()
}

/// A document of usual size, so that writing it costs what it usually costs.
fn template_of_a_fox() -> Arc<Document> {
    let options = chat2svg_template::embedded::ComposeOptions::default();
    let vocabulary = Vocabulary::builtin();
    let made = chat2svg_template::embedded::compose_prompt(PROMPT, &vocabulary, &options);
    Arc::new(made.document)
}

fn is_done(kind: &JobEventKind) -> bool {
    matches!(kind, JobEventKind::Done { .. })
}

fn overhead(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = StoreConfig {
        path: folder.path().join("jobs.db"),
        ..StoreConfig::default()
    };
    for (name, store) in [
        ("in_memory", StoreConfig::in_memory()),
        ("on_disk", on_disk),
    ] {
        let system = System::new();
        let service = system.block_on(async { Service::start(&Stages::Instant, &store) });
        criterion.bench_function(&format!("overhead/{name}"), |bench| {
            bench.iter_custom(|jobs| service.time(&system, jobs, is_done));
        });
    }
}

fn pipeline(criterion: &mut Criterion) {
    let system = System::new();
    let store = StoreConfig::in_memory();
    let service = system.block_on(async { Service::start(&Stages::Embedded, &store) });
    let mut group = criterion.benchmark_group("pipeline");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(20));
    group.bench_function("first_document", |bench| {
        bench.iter_custom(|jobs| {
            service.time(&system, jobs, |kind| {
                matches!(kind, JobEventKind::Preview { .. })
            })
        });
    });
    group.bench_function("embedded_high", |bench| {
        bench.iter_custom(|jobs| service.time(&system, jobs, is_done));
    });
    group.finish();
}

fn stage_context() -> StageContext {
    StageContext {
        job: JobId(uuid::Uuid::nil()),
        level: ResourceLevel::High,
        asked: LevelChoice::High,
        source: Source::Line,
        seed: 1,
        palette: None,
        deadline: Instant::now() + PATIENCE,
        cancel: CancellationToken::new(),
    }
}

fn stage(criterion: &mut Criterion) {
    let system = System::new();
    let store = StoreConfig::in_memory();
    let service = system.block_on(async { Service::start(&Stages::Embedded, &store) });
    let lines = &service.stages;
    let template = || {
        let message = RunTemplate {
            context: stage_context(),
            prompt: prompt(),
            style: None,
            background: None,
            canvas: CanvasSize::default(),
            candidates: 1,
        };
        system
            .block_on(lines.template.ask(message, PATIENCE))
            .unwrap()
            .unwrap()
    };
    let first = template();
    let detail = || {
        let message = RunDetail {
            prompt: None,
            context: stage_context(),
            document: Arc::clone(&first.document),
            style: Some(first.style),
            target: None,
            may_add: true,
        };
        system
            .block_on(lines.detail.ask(message, PATIENCE))
            .unwrap()
            .unwrap()
    };
    let second = detail();
    let optimize = || {
        let message = RunOptimize {
            placement: chat2svg_protocol::Placement::Registered,
            ground: Default::default(),
            look: Default::default(),
            context: stage_context(),
            document: Arc::clone(&second.document),
            target: Arc::clone(&second.target),
            limits: FitLimits::default(),
            scope: FitScope::Polish,
            description: None,
        };
        system
            .block_on(lines.optimize.ask(message, PATIENCE))
            .unwrap()
            .unwrap()
    };
    let mut group = criterion.benchmark_group("stage");
    group.sample_size(10);
    group.bench_function("template", |bench| bench.iter(template));
    group.bench_function("detail", |bench| bench.iter(detail));
    group.bench_function("optimize", |bench| bench.iter(optimize));
    group.finish();
}

criterion_group!(benches, overhead, stage, pipeline);
criterion_main!(benches);
