//! The one place where actors come to know each other.
//!
//! Each class of latency has its own thread: decisions, stages (which only wait for their compute
//! pools), store and readings, and the HTTP front. CPU work is in pools: one for each stage, so that
//! a quick composition never waits behind a long fit, and one for what goes in and out.

use std::sync::Arc;

use actix::Arbiter;
use chat2svg_breaker::BreakerActor;
use chat2svg_controller::{
    ComposeRequest, Composer, ControllerActor, ControllerLines, ScribeLines, StageLines,
};
use chat2svg_detail::DetailActor;
use chat2svg_optimize::OptimizeActor;
use chat2svg_protocol::ActorHealth;
use chat2svg_resources::ResourcesActor;
use chat2svg_scheduler::{SchedulerActor, SharedQueue};
use chat2svg_store::{StoreActor, StoreWorker};
use chat2svg_supervision::{ComputePool, Slot, Watchdog};
use chat2svg_template::{
    TemplateActor,
    embedded::{ComposeOptions, Vocabulary, compose_prompt},
};
use chat2svg_web::WebLines;
use tracing::warn;

use crate::settings::Settings;

/// Pieces of input and output that may wait: every admitted job may have one.
const MAX_WAITING_TRANSFERS: usize = 4096;

/// The actors, running.
pub(crate) struct System {
    pub(crate) controller: Slot<ControllerActor>,
    pub(crate) resources: Slot<ResourcesActor>,
    scheduler: Slot<SchedulerActor>,
    breaker: Slot<BreakerActor>,
    pub(crate) watchdog: Watchdog,
    /// Parses what comes in and writes what goes out.
    pub(crate) transfer: ComputePool,
}

impl System {
    /// Starts all actors but the web front. To be called in an actix system.
    ///
    /// # Errors
    /// When the user's folder of pictures cannot be used.
    pub(crate) fn start(settings: &Settings, store_worker: &StoreWorker) -> anyhow::Result<Self> {
        let (vocabulary, warnings) = settings.template.vocabulary()?;
        for warning in warnings {
            warn!(?warning, "a picture of the library is left out");
        }
        let threads = settings.process.threads();
        let pool = |name| ComputePool::new(name, threads, settings.process.max_waiting);
        let transfer = ComputePool::new("transfer", 1, MAX_WAITING_TRANSFERS);
        let watchdog = Watchdog::new(settings.watchdog);

        let template = Slot::<TemplateActor>::new("template");
        let detail = Slot::<DetailActor>::new("detail");
        let optimize = Slot::<OptimizeActor>::new("optimize");
        let resources = Slot::<ResourcesActor>::new("resources");
        let breaker = Slot::<BreakerActor>::new("breaker");
        let scheduler = Slot::<SchedulerActor>::new("scheduler");
        let store = Slot::<StoreActor>::new("store");
        let controller = Slot::<ControllerActor>::new("controller");

        let decisions = Arbiter::new().handle();
        let stages = Arbiter::new().handle();
        let input_output = Arbiter::new().handle();

        watchdog.start(&store, &input_output, {
            let (config, worker) = (settings.store.clone(), store_worker.clone());
            move || StoreActor::new(config.clone(), worker.clone())
        });
        watchdog.start(&resources, &input_output, {
            let config = settings.resources.clone();
            let listeners = vec![scheduler.line(), optimize.line()];
            move || ResourcesActor::new(config.clone(), listeners.clone())
        });
        watchdog.start(&breaker, &decisions, {
            let config = settings.breaker.clone();
            move || BreakerActor::new(config.clone())
        });
        watchdog.start(&scheduler, &decisions, {
            // The queue outlives the actor.
            let queue = SharedQueue::new(settings.scheduler.clone());
            let (dispatch, solver) = (controller.line(), ComputePool::new("solver", 1, 4));
            move || SchedulerActor::new(queue.clone(), dispatch.clone(), solver.clone())
        });
        watchdog.start(&template, &stages, {
            let (vocabulary, pool) = (vocabulary.clone(), pool("template"));
            let progress = controller.line();
            move || TemplateActor::new(vocabulary.clone(), pool.clone(), progress.clone())
        });
        watchdog.start(&detail, &stages, {
            let (config, pool) = (settings.detail, pool("detail"));
            let progress = controller.line();
            move || DetailActor::new(config, pool.clone(), progress.clone())
        });
        watchdog.start(&optimize, &stages, {
            let (config, pool) = (settings.optimize.clone(), pool("optimize"));
            let progress = controller.line();
            move || OptimizeActor::new(config.clone(), pool.clone(), threads, progress.clone())
        });
        watchdog.start(&controller, &decisions, {
            let config = settings.controller.clone();
            let lines = ControllerLines {
                put_job: store.line(),
                get_job: store.line(),
                list_jobs: store.line(),
                get_result: store.line(),
                list_unfinished: store.line(),
                scribe: ScribeLines {
                    update: store.line(),
                    put_stage: store.line(),
                    finish: store.line(),
                    circuits: breaker.line(),
                },
                enqueue: scheduler.line(),
                stage_finished: scheduler.line(),
                withdraw: scheduler.line(),
                stages: StageLines {
                    acquire: breaker.line(),
                    report: breaker.line(),
                    template: template.line(),
                    detail: detail.line(),
                    optimize: optimize.line(),
                },
            };
            let (transfer, composer) = (transfer.clone(), composer(vocabulary));
            move || {
                ControllerActor::new(
                    config.clone(),
                    lines.clone(),
                    transfer.clone(),
                    Arc::clone(&composer),
                )
            }
        });

        Ok(Self {
            controller,
            resources,
            scheduler,
            breaker,
            watchdog,
            transfer,
        })
    }

    /// How all actors stand.
    pub(crate) fn health(&self) -> Arc<dyn Fn() -> Vec<ActorHealth> + Send + Sync> {
        let watchdog = self.watchdog.clone();
        Arc::new(move || watchdog.health())
    }

    /// What the web front asks.
    pub(crate) fn web_lines(&self) -> WebLines {
        WebLines {
            submit: self.controller.line(),
            cancel: self.controller.line(),
            job: self.controller.line(),
            jobs: self.controller.line(),
            result: self.controller.line(),
            subscribe: self.controller.line(),
            queue: self.scheduler.line(),
            circuits: self.breaker.line(),
            resources: self.resources.line(),
        }
    }
}

/// What serves when the stages do not: the embedded composer, called directly.
fn composer(vocabulary: Vocabulary) -> Composer {
    Arc::new(move |request: &ComposeRequest| {
        let options = ComposeOptions {
            width: request.canvas.width(),
            height: request.canvas.height(),
            style: request.style,
            seed: request.seed,
        };
        Ok(compose_prompt(request.prompt.as_str(), &vocabulary, &options).document)
    })
}
