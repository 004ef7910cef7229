//! The configuration: one struct for everything, layered from defaults, files, environment and
//! flags.
//!
//! What a key means and its default stand in `configs/default.toml`, which is part of the program.

mod aliases;
mod layers;
mod place;
#[cfg(test)]
mod tests;

use chat2svg_breaker::BreakerConfig;
use chat2svg_cluster::ClusterConfig;
use chat2svg_controller::ControllerConfig;
use chat2svg_detail::DetailConfig;
use chat2svg_imagegen::ImagegenConfig;
use chat2svg_isolation::IsolationConfig;
use chat2svg_keys::AuthConfig;
use chat2svg_llm::LlmConfig;
use chat2svg_optimize::OptimizeConfig;
use chat2svg_protocol::{BackendId, InvalidSetting};
use chat2svg_resources::ResourcesConfig;
use chat2svg_scheduler::SchedulerConfig;
use chat2svg_scripts::ScriptsConfig;
use chat2svg_store::StoreConfig;
use chat2svg_supervision::WatchdogPolicy;
use chat2svg_template::TemplateConfig;
use chat2svg_vector::CostBudget;
use chat2svg_web::WebConfig;
use chat2svg_webhooks::WebhooksConfig;
use serde::{Deserialize, Serialize};

pub(crate) use layers::{ConfigError, Layers};
pub(crate) use place::StorePlace;

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The HTTP front.
    pub(crate) server: WebConfig,
    /// Who may call.
    pub(crate) auth: AuthConfig,
    /// Who is told of the ends of jobs.
    pub(crate) webhooks: WebhooksConfig,
    /// Where jobs are kept.
    pub(crate) store: StoreConfig,
    /// Many nodes.
    pub(crate) cluster: ClusterConfig,
    /// What is logged, and how.
    pub(crate) log: LogConfig,
    /// How the process is run.
    pub(crate) process: ProcessConfig,
    /// What an SVG from outside may cost.
    pub(crate) limits: CostBudget,
    /// Jobs, deadlines, events.
    pub(crate) controller: ControllerConfig,
    /// Jobs in processes of their own.
    pub(crate) isolation: IsolationConfig,
    /// Which stages run when.
    pub(crate) scheduler: SchedulerConfig,
    /// Circuits in front of stage backends.
    pub(crate) breaker: BreakerConfig,
    /// Readings of the machine, and the levels that follow.
    pub(crate) resources: ResourcesConfig,
    /// Language models.
    pub(crate) llm: LlmConfig,
    /// Stage 1.
    pub(crate) template: TemplateConfig,
    /// Stage 2.
    pub(crate) detail: DetailConfig,
    /// The image model that stage 2 asks.
    pub(crate) imagegen: ImagegenConfig,
    /// Stage 3.
    pub(crate) optimize: OptimizeConfig,
    /// The original's scripts as backends.
    pub(crate) scripts: ScriptsConfig,
    /// Restarts of actors.
    pub(crate) watchdog: WatchdogPolicy,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// The shape of a line.
    pub(crate) format: LogFormat,
    /// Which events: a level, or `target=level` pairs.
    pub(crate) filter: String,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info,actix_server=warn,async_nats=warn".to_owned(),
        }
    }
}

/// How the process is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProcessConfig {
    /// Threads for the work of the stages; 0 for one per core.
    pub(crate) threads: usize,
    /// Pieces of work that may wait for a thread, for each stage.
    pub(crate) max_waiting: usize,
    /// Seconds that running jobs get to end after SIGTERM; what is not done then is resumed by the
    /// next start.
    pub(crate) drain_seconds: u64,
    /// MiB that the decoded files of running jobs may take together.
    pub(crate) input_memory_mb: u32,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            threads: 0,
            max_waiting: 256,
            drain_seconds: 30,
            input_memory_mb: 512,
        }
    }
}

impl ProcessConfig {
    /// Threads for the work of the stages.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            threads => threads,
        }
    }
}

/// Who can draw beside the embedded composer.
fn drawers(settings: &Settings) -> Vec<BackendId> {
    let models = settings.llm.backends().into_iter();
    models.chain(settings.scripts.backend()).collect()
}

/// What no single section's type can check: every key that is wrong, and why.
fn check(settings: &Settings) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut refuse = |key: &str, reason: String| wrong.push((key.to_owned(), reason));
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&settings.log.filter) {
        refuse("log.filter", error.to_string());
    }
    for (section, checked) in [
        ("server", settings.server.validate()),
        ("auth", settings.auth.validate()),
        ("webhooks", settings.webhooks.validate()),
        ("controller", settings.controller.validate()),
        ("llm", settings.llm.validate()),
        ("template", settings.template.validate(&drawers(settings))),
        ("detail", settings.detail.validate()),
        ("optimize", settings.optimize.validate()),
        ("scripts", settings.scripts.validate()),
        ("imagegen", settings.imagegen.validate()),
        ("scheduler", settings.scheduler.validate()),
        ("breaker", settings.breaker.validate()),
        ("resources", settings.resources.validate()),
        ("watchdog", settings.watchdog.validate()),
        ("isolation", settings.isolation.validate()),
        ("store", settings.store.validate()),
        ("cluster", settings.cluster.validate()),
    ] {
        if let Err(InvalidSetting { key, reason }) = checked {
            refuse(&format!("{section}.{key}"), reason);
        }
    }
    let model = settings.imagegen.backend();
    let scripts = settings.scripts.backend();
    for (key, backends) in [
        ("detail.backends", &settings.detail.backends),
        ("optimize.backends", &settings.optimize.backends),
    ] {
        for backend in backends {
            let is_set_up = *backend == BackendId::EMBEDDED
                || Some(backend) == scripts.as_ref()
                || Some(backend) == model.as_ref();
            if !is_set_up {
                let what = match *backend == BackendId::SCRIPTS {
                    true => "scripts.path",
                    false => "imagegen.provider",
                };
                refuse(key, format!("\"{backend}\" is not set up: set {what}"));
            }
        }
    }
    if let Err((key, reason)) = settings.limits.validate() {
        refuse(&format!("limits.{key}"), reason);
    }
    if settings.process.threads > 1024 {
        refuse("process.threads", "must be 0 to 1024".to_owned());
    }
    if !(16..=1_048_576).contains(&settings.process.input_memory_mb) {
        let given = settings.process.input_memory_mb;
        refuse(
            "process.input_memory_mb",
            format!("must be 16 to 1048576, {given} was given"),
        );
    }
    wrong
}
