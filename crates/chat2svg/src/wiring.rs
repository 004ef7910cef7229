//! The one place where actors come to know each other.
//!
//! Each class of latency has its own thread: decisions, stages (which only wait for their compute
//! pools), store and readings, and the HTTP front. CPU work is in pools: one for each stage, so
//! that a quick composition never waits behind a long fit, one for what comes in, and one for what
//! goes out, so that no dear file holds up an answer.

use std::{sync::Arc, time::Duration};

use actix::Arbiter;
use chat2svg_backends::{Backend, Circuits, LineUp};
use chat2svg_breaker::{BreakerActor, CircuitRegistry};
use chat2svg_children::Groups;
use chat2svg_cluster::CircuitLines;
use chat2svg_controller::{
    ComposeRequest, Composer, ControllerActor, ControllerCapacity, ControllerLines, InputLimits,
    Isolation, MemoryBudget, PersisterLines, StageLines,
};
use chat2svg_detail::{DetailActor, EmbeddedDetailer, ModelDetailer};
use chat2svg_imagegen::image_model;
use chat2svg_isolation::Foreign;
use chat2svg_keys::{AuthConfig, KeyRing, Tokens};
use chat2svg_optimize::{EmbeddedFitter, Guidance, OptimizeActor};
use chat2svg_palette::recolor;
use chat2svg_protocol::{
    ActorHealth,
    messages::{CircuitsQuery, GetResult, QueueQuery, RunDetail, RunOptimize, RunTemplate, UsesOn},
};
use chat2svg_resources::ResourcesActor;
use chat2svg_scheduler::{SchedulerActor, SchedulerLines, SharedForecast, SharedQueue};
use chat2svg_scripts::{ScriptComposer, ScriptDetailer, ScriptFitter, Scripts};
use chat2svg_supervision::{ComputePool, Line, Slot, Watchdog};
use chat2svg_template::{
    EmbeddedComposer, ModelComposer, TemplateActor,
    embedded::{ComposeOptions, Vocabulary, compose_prompt},
};
use chat2svg_web::{LineUpPlace, PrometheusHandle, WebLines, WebServices};
use chat2svg_webhooks::WebhookLines;
use tracing::warn;

use crate::{
    isolated,
    keeping::{Keeping, StoreLines},
    line_ups::{circuits, detail_line_up, line_up, line_up_shown, line_ups},
    settings::Settings,
};

/// Pieces of input and output that may wait: every admitted job may have one.
const MAX_WAITING_TRANSFERS: usize = 4096;

/// Tells how all actors stand.
pub(crate) type Health = Arc<dyn Fn() -> Vec<ActorHealth> + Send + Sync>;

/// The actors, running.
pub(crate) struct System {
    pub(crate) controller: Slot<ControllerActor>,
    pub(crate) resources: Slot<ResourcesActor>,
    scheduler: Slot<SchedulerActor>,
    breaker: Slot<BreakerActor>,
    store: StoreLines,
    pub(crate) watchdog: Watchdog,
    /// Processes of backends, which end with this however it is left.
    processes: Processes,
    /// What jobs that arrive now have to expect.
    pub(crate) forecast: SharedForecast,
    /// Pools and limits for what comes in and goes out.
    pub(crate) capacity: ControllerCapacity,
    /// Who serves the stages, first choice of each stage first.
    pub(crate) line_up: Vec<LineUpPlace>,
    /// Makes one actor after the other panic.
    #[cfg(test)]
    panics: Vec<Box<dyn Fn()>>,
}

struct Processes(Groups);

impl Drop for Processes {
    fn drop(&mut self) {
        self.0.end_all();
    }
}

impl System {
    /// Starts all actors but the web front. To be called in an actix system.
    ///
    /// # Errors
    /// When the user's folder of pictures or a configured model cannot be used.
    pub(crate) fn start(settings: &Settings, keeping: &Keeping) -> anyhow::Result<Self> {
        let (vocabulary, warnings) = settings.template.vocabulary()?;
        for warning in warnings {
            warn!(path = %warning.path.display(), reason = %warning.reason, "in the library of pictures");
        }
        let threads = settings.process.threads();
        let pool = |name| ComputePool::new(name, threads, settings.process.max_waiting);
        let capacity = ControllerCapacity {
            intake: ComputePool::new("intake", 1, MAX_WAITING_TRANSFERS),
            answers: ComputePool::new("answers", 1, MAX_WAITING_TRANSFERS),
            memory: MemoryBudget::new(settings.process.input_memory_mb),
            limits: InputLimits::default().with_cost(settings.limits),
            isolation: isolation(settings)?,
        };
        let watchdog = Watchdog::new(settings.watchdog);
        let queue = SharedQueue::new(settings.scheduler.clone(), line_ups(settings));

        let template = Slot::<TemplateActor>::new("template");
        let detail = Slot::<DetailActor>::new("detail");
        let optimize = Slot::<OptimizeActor>::new("optimize");
        let resources = Slot::<ResourcesActor>::new("resources");
        let breaker = Slot::<BreakerActor>::new("breaker");
        let scheduler = Slot::<SchedulerActor>::new("scheduler");
        let (store, start_store) = StoreLines::to(keeping, settings);
        let controller = Slot::<ControllerActor>::new("controller");

        let ledger = store.ledger(settings);
        let image_model = image_model(&settings.imagegen, Arc::clone(&ledger))?;
        let language_models = chat2svg_llm::providers(&settings.llm, &ledger)?;
        let groups = Groups::default();
        let scripts = settings.scripts.backend();
        let scripts = scripts.map(|_| Scripts::new(settings.scripts.clone(), groups.clone()));
        let line_up_shown = line_up_shown(settings, image_model.as_ref().map(|model| model.what()));

        // Nothing below fails: a start that is refused has started nobody.
        let decisions = Arbiter::new().handle();
        let stages = Arbiter::new().handle();
        let input_output = Arbiter::new().handle();

        start_store(&watchdog, &input_output);
        watchdog.start(&resources, &input_output, {
            let config = settings.resources.clone();
            let listeners = vec![scheduler.line(), optimize.line()];
            move || ResourcesActor::new(config.clone(), listeners.clone())
        });
        watchdog.start(&breaker, &decisions, {
            let config = settings.breaker.clone();
            // What somebody holds is held past a restart.
            let registry = CircuitRegistry::new(circuits(settings));
            let listener = controller.line();
            move || BreakerActor::new(config.clone(), registry.clone()).telling(listener.clone())
        });
        watchdog.start(&scheduler, &decisions, {
            // The queue outlives the actor.
            let lines = SchedulerLines {
                dispatch: controller.line(),
                adjust: optimize.line(),
                circuits: breaker.line(),
            };
            let (queue, solver) = (queue.clone(), ComputePool::new("solver", 1, 4));
            move || SchedulerActor::new(queue.clone(), lines.clone(), solver.clone())
        });
        let circuits = Circuits::new(
            breaker.line(),
            breaker.line(),
            Duration::from_millis(settings.controller.ask_timeout_ms),
        );
        watchdog.start(&template, &stages, {
            let pool = pool("template");
            let embedded =
                EmbeddedComposer::new(vocabulary.clone(), pool.clone(), controller.line());
            let mut known: Vec<Arc<dyn Backend<RunTemplate>>> = vec![Arc::new(embedded)];
            if let Some(scripts) = scripts.clone() {
                let composer = ScriptComposer::new(scripts, pool.clone(), controller.line());
                known.push(Arc::new(composer));
            }
            for provider in language_models {
                known.push(Arc::new(ModelComposer::new(
                    provider,
                    settings.template.model.clone(),
                    settings.llm.max_output_tokens,
                    vocabulary.clone(),
                    pool.clone(),
                    controller.line(),
                )));
            }
            let backends = line_up(&settings.template.backends, &known, |_| true);
            let line_up = LineUp::new(backends, circuits.clone());
            let progress = controller.line();
            move || TemplateActor::new(line_up.clone(), progress.clone())
        });
        watchdog.start(&detail, &stages, {
            let pool = pool("detail");
            let detailer = EmbeddedDetailer::new(settings.detail.clone(), pool.clone());
            let mut known: Vec<Arc<dyn Backend<RunDetail>>> = vec![Arc::new(detailer)];
            if let Some(scripts) = scripts.clone() {
                let detailer = ScriptDetailer::new(scripts, pool.clone(), controller.line());
                known.push(Arc::new(detailer));
            }
            if let Some(model) = image_model {
                known.push(Arc::new(ModelDetailer::new(
                    model,
                    settings.imagegen.clone(),
                    settings.detail.clone(),
                    pool,
                    controller.line(),
                )));
            }
            let backends = line_up(&detail_line_up(settings), &known, |run| {
                run.target.is_none()
            });
            let line_up = LineUp::new(backends, circuits.clone());
            let progress = controller.line();
            move || DetailActor::new(line_up.clone(), progress.clone())
        });
        watchdog.start(&optimize, &stages, {
            let guidance = Guidance::default();
            let pool = pool("optimize");
            let fitter = EmbeddedFitter::new(
                settings.optimize.clone(),
                pool.clone(),
                threads,
                controller.line(),
                guidance.clone(),
            );
            let mut known: Vec<Arc<dyn Backend<RunOptimize>>> = vec![Arc::new(fitter)];
            if let Some(scripts) = scripts {
                let fitter = ScriptFitter::new(scripts, pool, controller.line());
                known.push(Arc::new(fitter));
            }
            let backends = line_up(&settings.optimize.backends, &known, |_| true);
            let line_up = LineUp::new(backends, circuits);
            move || OptimizeActor::new(line_up.clone(), guidance.clone())
        });
        watchdog.start(&controller, &decisions, {
            let config = settings.controller.clone();
            let lines = ControllerLines {
                put_job: store.put_job.clone(),
                get_job: store.get_job.clone(),
                list_jobs: store.list_jobs.clone(),
                remove_job: store.remove_job.clone(),
                get_result: store.get_result.clone(),
                list_unfinished: store.list_unfinished.clone(),
                get_attachments: store.get_attachments.clone(),
                mark_running: store.mark_running.clone(),
                persister: PersisterLines {
                    update: store.update.clone(),
                    put_stage: store.put_stage.clone(),
                    finish: store.finish.clone(),
                    circuits: breaker.line(),
                },
                enqueue: scheduler.line(),
                stage_finished: scheduler.line(),
                replan: scheduler.line(),
                memory_taken: scheduler.line(),
                withdraw: scheduler.line(),
                enter_pipeline: breaker.line(),
                leave_pipeline: breaker.line(),
                stages: StageLines {
                    template: template.line(),
                    detail: detail.line(),
                    optimize: optimize.line(),
                },
            };
            let (capacity, composer) = (capacity.clone(), composer(vocabulary));
            move || {
                ControllerActor::new(
                    config.clone(),
                    lines.clone(),
                    capacity.clone(),
                    Arc::clone(&composer),
                )
            }
        });

        Ok(Self {
            #[cfg(test)]
            panics: vec![
                {
                    let panic = std::rc::Rc::clone(&store.panic);
                    Box::new(move || panic())
                },
                panic_of(&resources),
                panic_of(&breaker),
                panic_of(&scheduler),
                panic_of(&template),
                panic_of(&detail),
                panic_of(&optimize),
                panic_of(&controller),
            ],
            controller,
            resources,
            scheduler,
            breaker,
            store,
            watchdog,
            processes: Processes(groups),
            forecast: queue.forecast(),
            capacity,
            line_up: line_up_shown,
        })
    }

    /// Ends the actors, and the processes that their backends have started.
    pub(crate) fn stop(&self) {
        self.watchdog.stop();
        self.processes.0.end_all();
    }

    /// How all actors stand.
    pub(crate) fn health(&self) -> Health {
        let watchdog = self.watchdog.clone();
        Arc::new(move || watchdog.health())
    }

    /// What tells of the ends of jobs asks.
    pub(crate) fn webhook_lines(&self) -> WebhookLines {
        WebhookLines {
            due: self.store.due_webhooks.clone(),
            settle: self.store.settle_webhook.clone(),
        }
    }

    /// Where results are.
    pub(crate) fn results(&self) -> Line<GetResult> {
        self.store.get_result.clone()
    }

    /// Who tells what was counted against quotas.
    pub(crate) fn uses_on(&self) -> Line<UsesOn> {
        self.store.uses_on.clone()
    }

    /// Who tells how the queue stands.
    pub(crate) fn queue(&self) -> Line<QueueQuery> {
        self.scheduler.line()
    }

    /// Who tells how the circuits stand.
    pub(crate) fn circuits(&self) -> Line<CircuitsQuery> {
        self.breaker.line()
    }

    /// Where circuits are held by hand.
    pub(crate) fn held_circuits(&self) -> CircuitLines {
        CircuitLines {
            circuit: self.breaker.line(),
            pipeline: self.breaker.line(),
        }
    }

    /// What the web front needs; `callers` tells them apart.
    pub(crate) fn web_services(
        &self,
        (keys, tokens, auth): (Arc<KeyRing>, Tokens, AuthConfig),
        metrics: PrometheusHandle,
    ) -> WebServices {
        WebServices {
            lines: self.web_lines(),
            intake: self.capacity.intake.clone(),
            compute: self.capacity.answers.clone(),
            limits: self.capacity.limits.clone(),
            forecast: self.forecast.clone(),
            nodes: Arc::new(Vec::new),
            circuit_held: Arc::new(|_, _| {}),
            health: self.health(),
            line_up: self.line_up.clone(),
            keys,
            tokens: Arc::new(tokens),
            auth,
            metrics,
        }
    }

    fn web_lines(&self) -> WebLines {
        WebLines {
            submit: self.controller.line(),
            cancel: self.controller.line(),
            job: self.controller.line(),
            jobs: self.controller.line(),
            remove: self.controller.line(),
            result: self.controller.line(),
            subscribe: self.controller.line(),
            queue: self.scheduler.line(),
            circuits: self.breaker.line(),
            set_circuit: self.breaker.line(),
            pipeline: self.breaker.line(),
            set_pipeline: self.breaker.line(),
            resources: self.resources.line(),
            count_use: self.store.count_use.clone(),
            store: self.store.probe.clone(),
        }
    }
}

/// Which jobs run in processes of their own, and what runs them.
fn isolation(settings: &Settings) -> anyhow::Result<Isolation> {
    let foreign = settings.isolation.foreign;
    let runner = match foreign {
        Foreign::Off => None,
        Foreign::AfterCrash | Foreign::Always => Some(isolated::runner(settings)?),
    };
    Ok(Isolation::new(foreign, runner))
}

/// What serves when the stages do not: the embedded composer, called directly.
fn composer(vocabulary: Vocabulary) -> Composer {
    Arc::new(move |request: &ComposeRequest| {
        let options = ComposeOptions {
            width: request.canvas.width(),
            height: request.canvas.height(),
            style: request.style,
            background: request.background,
            seed: request.seed,
        };
        let composed = compose_prompt(request.prompt.as_str(), &vocabulary, &options);
        let mut document = composed.document;
        if let Some(palette) = &request.palette {
            recolor(&mut document, palette);
        }
        Ok(document)
    })
}

#[cfg(test)]
fn panic_of<A: actix::Actor<Context = actix::Context<A>>>(slot: &Slot<A>) -> Box<dyn Fn()> {
    let slot = slot.clone();
    Box::new(move || slot.inject_panic())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use chat2svg_protocol::{
        BackendId, CanvasSize, JobKind, JobOptions, JobSpec, JobState, JobView, LevelChoice,
        Permit, Prompt,
        messages::{JobQuery, Submit},
    };
    use chat2svg_store::{StoreConfig, StoreWorker};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    async fn start() -> System {
        let settings = Settings::default();
        let store = StoreWorker::open(&StoreConfig::in_memory()).unwrap();
        System::start(&settings, &Keeping::Embedded(store)).unwrap()
    }

    async fn submit(system: &System) -> chat2svg_protocol::JobId {
        let submit = Submit {
            spec: JobSpec {
                kind: JobKind::Generate {
                    prompt: Prompt::parse("a house", 100).unwrap(),
                    style: None,
                    background: None,
                    canvas: CanvasSize::default(),
                    candidates: 1,
                    wishes: Default::default(),
                },
                options: JobOptions {
                    seed: 1,
                    deadline_ms: 60_000,
                    level: LevelChoice::Minimal,
                    priority: Default::default(),
                    webhook: None,
                    palette: None,
                    output: Default::default(),
                },
            },
            attachments: Vec::new(),
            permit: Permit::holding(()),
            idempotency_key: None,
            client: Default::default(),
            owner: Default::default(),
            quota: None,
        };
        let line = system.controller.line();
        line.ask(submit, PATIENCE).await.unwrap().unwrap().job
    }

    async fn end(system: &System, job: chat2svg_protocol::JobId) -> JobState {
        view(system, job).await.state
    }

    async fn view(system: &System, job: chat2svg_protocol::JobId) -> JobView {
        let line = system.controller.line();
        loop {
            let asked = line.ask(JobQuery { job }, PATIENCE).await;
            // An actor that dies while it is asked leaves the question unanswered.
            if let Ok(Ok(Some(view))) = asked
                && view.state.is_final()
            {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn wait_for(what: impl Fn() -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !what() {
            assert!(Instant::now() < give_up, "nothing happens");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[actix::test]
    async fn every_actor_comes_back_after_a_panic_and_works() {
        let system = start().await;
        for (index, panic) in system.panics.iter().enumerate() {
            panic();
            wait_for(|| {
                let health = system.watchdog.health();
                health.iter().all(|actor| actor.alive) && health[index].restarts == 1
            })
            .await;
            let job = submit(&system).await;
            let state = end(&system, job).await;
            let name = &system.watchdog.health()[index].name;
            assert_eq!(state, JobState::Succeeded, "after {name} had panicked");
        }
    }

    #[actix::test]
    async fn a_job_names_the_model_that_its_process_cannot_reach() {
        let mut settings = Settings::default();
        settings.template.backends = vec!["openai".parse().unwrap(), BackendId::EMBEDDED];
        let store = StoreWorker::open(&StoreConfig::in_memory()).unwrap();
        let system = System::start(&settings, &Keeping::Embedded(store)).unwrap();
        let view = view(&system, submit(&system).await).await;
        assert_eq!(view.state, JobState::Degraded);
        let metadata = view.metadata.unwrap();
        let first = &metadata.stages[0].attempts[0];
        assert_eq!(first.backend.as_str(), "openai");
        let reason = metadata.fallback_reason.unwrap();
        assert!(reason.contains("has no network"), "{reason}");
    }

    #[actix::test]
    async fn a_controller_that_panics_loses_no_job() {
        let system = start().await;
        let mut jobs = Vec::new();
        for _ in 0..4 {
            jobs.push(submit(&system).await);
        }
        system.panics.last().unwrap()();
        wait_for(|| {
            system
                .watchdog
                .health()
                .iter()
                .any(|actor| actor.restarts == 1)
        })
        .await;
        for job in jobs {
            assert_eq!(end(&system, job).await, JobState::Succeeded);
        }
    }
}
