//! `doctor`: what is reachable, one line each. Changes nothing.

use std::{
    io::Write as _,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use chat2svg_cluster::{Look, NodeLook};
use chat2svg_gateway::{CallLimits, Ledger, NoLedger};
use chat2svg_imagegen::ImagegenConfig;
use chat2svg_isolation::{Foreign, IsolatedJob};
use chat2svg_llm::probe;
use chat2svg_protocol::{
    CanvasSize, GpuSnapshot, JobId, JobKind, JobOptions, JobSpec, LevelChoice, LevelMode, Prompt,
    ResourceSnapshot, messages::ResourcesQuery, printable,
};
use chat2svg_store::{DatabaseError, StoreConfig, StoreWorker};
use tokio_util::sync::CancellationToken;

use crate::{isolated, keeping::Keeping, running::Running, settings::Settings, wiring::System};

/// How long the machine may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a model may take to say a word.
const MODEL_PATIENCE: Duration = Duration::from_secs(30);

/// One finding.
struct Finding {
    what: &'static str,
    works: bool,
    text: String,
}

/// Prints what is reachable; answers whether everything that is configured works.
///
/// # Errors
/// When nothing can be printed.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<bool> {
    let mut findings = vec![fine("configuration", "valid".to_owned())];
    findings.extend(models(settings));
    findings.push(image_model(&settings.imagegen));
    findings.extend(scripts(settings));
    findings.extend(machine(settings));
    findings.push(isolation(settings));
    findings.extend(keeping(settings));
    findings.extend(port(settings));
    let mut stdout = std::io::stdout().lock();
    for finding in &findings {
        let mark = if finding.works { "ok" } else { "FAILS" };
        let text = printable(&finding.text);
        writeln!(stdout, "{:14} {mark:6} {text}", finding.what)?;
    }
    Ok(findings.iter().all(|finding| finding.works))
}

fn fine(what: &'static str, text: String) -> Finding {
    Finding {
        what,
        works: true,
        text,
    }
}

fn broken(what: &'static str, text: String) -> Finding {
    Finding {
        what,
        works: false,
        text,
    }
}

/// Has every language model say a word.
fn models(settings: &Settings) -> Vec<Finding> {
    let ledger: Arc<dyn Ledger> = Arc::new(NoLedger);
    let providers = match chat2svg_llm::providers(&settings.llm, &ledger) {
        Ok(providers) => providers,
        Err(error) => return vec![broken("model", error.to_string())],
    };
    if providers.is_empty() {
        let text = "none configured; the embedded composer, detailer and fitter serve";
        return vec![fine("models", text.to_owned())];
    }
    actix::System::new().block_on(async {
        let mut findings = Vec::new();
        for provider in providers {
            let id = provider.id;
            findings.push(match probe(provider.model.as_ref(), MODEL_PATIENCE).await {
                Ok(answer) => fine(
                    "model",
                    format!(
                        "{id}: {} answers, first token after {} ms",
                        answer.model,
                        answer.first_token.as_millis()
                    ),
                ),
                Err(failure) => broken("model", format!("{id}: {failure}")),
            });
        }
        findings
    })
}

/// Looks whether the original's scripts are there and their Python starts; runs none of them.
fn scripts(settings: &Settings) -> Option<Finding> {
    const WHAT: &str = "scripts";
    settings.scripts.backend()?;
    Some(match settings.scripts.probe() {
        Ok(text) => fine(WHAT, text),
        Err(text) => broken(WHAT, text),
    })
}

/// Asks the image model's server what it is; makes no picture.
fn image_model(config: &ImagegenConfig) -> Finding {
    const WHAT: &str = "image model";
    let model = match chat2svg_imagegen::image_model(config, Arc::new(NoLedger)) {
        Ok(Some(model)) => model,
        Ok(None) => {
            return fine(
                WHAT,
                "none configured; the embedded detailer serves".to_owned(),
            );
        }
        Err(error) => return broken(WHAT, error.to_string()),
    };
    let limits = CallLimits {
        deadline: Instant::now() + PATIENCE,
        cancel: CancellationToken::new(),
        job: None,
    };
    let started = Instant::now();
    match actix::System::new().block_on(model.probe(limits)) {
        Ok(text) => fine(
            WHAT,
            format!("{text} ({} ms)", started.elapsed().as_millis()),
        ),
        Err(error) => broken(WHAT, format!("{}: {error}", model.id())),
    }
}

fn machine(settings: &Settings) -> Vec<Finding> {
    let reading = actix::System::new().block_on(async {
        let store = StoreWorker::open(&StoreConfig::in_memory())?;
        // Models have a finding of their own.
        let settings = isolated::without_models(settings);
        let system = System::start(&settings, &Keeping::Embedded(store))?;
        let reading = system.resources.line().ask(ResourcesQuery, PATIENCE).await;
        system.watchdog.stop();
        anyhow::Ok(reading?)
    });
    match reading {
        Ok(snapshot) => describe(&snapshot),
        Err(error) => vec![broken("machine", format!("cannot be read: {error}"))],
    }
}

/// Has a small job run in a process of its own.
fn isolation(settings: &Settings) -> Finding {
    if settings.isolation.foreign == Foreign::Off {
        return fine(
            "isolation",
            "off; no job runs in a process of its own".to_owned(),
        );
    }
    let started = Instant::now();
    match actix::System::new().block_on(isolated_job(settings)) {
        Ok(()) => fine(
            "isolation",
            format!(
                "a job ran in a process of its own in {} ms",
                started.elapsed().as_millis()
            ),
        ),
        Err(error) => broken("isolation", error.to_string()),
    }
}

async fn isolated_job(settings: &Settings) -> anyhow::Result<()> {
    let runner = isolated::runner(settings)?;
    let job = IsolatedJob {
        id: JobId(uuid::Uuid::now_v7()),
        spec: JobSpec {
            kind: JobKind::Generate {
                prompt: Prompt::parse("a house", Prompt::DEFAULT_LIMIT)?,
                style: None,
                background: None,
                canvas: CanvasSize::default(),
                candidates: 1,
                wishes: Default::default(),
            },
            options: JobOptions {
                seed: 0,
                deadline_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
                level: LevelChoice::Minimal,
                priority: Default::default(),
                webhook: None,
                palette: None,
                output: Default::default(),
            },
        },
        attachments: Vec::new(),
    };
    let never = CancellationToken::new();
    let result = runner
        .run(&job, Instant::now() + PATIENCE, &never, |_| {})
        .await?;
    match (result.svg, result.view.failure) {
        (Some(_), _) => Ok(()),
        (None, Some(failure)) => bail!("a job in a process of its own failed: {}", failure.message),
        (None, None) => bail!("a job in a process of its own gave nothing"),
    }
}

fn describe(snapshot: &ResourceSnapshot) -> Vec<Finding> {
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let gpus = if snapshot.gpus.is_empty() {
        "none found; none is needed".to_owned()
    } else {
        let gpu = |gpu: &GpuSnapshot| {
            format!(
                "{}, {:.1} of {:.1} GiB in use",
                gpu.name,
                gibibytes(gpu.memory_used),
                gibibytes(gpu.memory_total)
            )
        };
        let gpus: Vec<String> = snapshot.gpus.iter().map(gpu).collect();
        gpus.join("; ")
    };
    let level = match snapshot.mode {
        LevelMode::Adaptive => snapshot.level.name().to_owned(),
        _ => format!(
            "{}, as set; it would be {}",
            snapshot.level, snapshot.measured_level
        ),
    };
    vec![
        fine("cpu", format!("{:.1} cores", snapshot.cpu_cores)),
        fine(
            "memory",
            format!(
                "{:.1} of {:.1} GiB in use",
                gibibytes(snapshot.memory_used),
                gibibytes(snapshot.memory_total)
            ),
        ),
        fine("gpu", gpus),
        fine("level", level),
    ]
}

/// Looks at where jobs are kept.
fn keeping(settings: &Settings) -> Vec<Finding> {
    const WHAT: &str = "cluster";
    if !settings.cluster.is_on() {
        return vec![store(settings)];
    }
    match actix::System::new().block_on(Look::at(&settings.cluster)) {
        Ok(look) => {
            let clocks = look.wrong_clocks().map(|node| {
                let NodeLook { node, clock_ahead } = node;
                let text =
                    format!("{node} is {clock_ahead:.1} s ahead of the NATS servers: set it");
                broken("clock", text)
            });
            std::iter::once(fine(WHAT, look.to_string()))
                .chain(clocks)
                .collect()
        }
        Err(error) => vec![broken(WHAT, error.to_string())],
    }
}

fn store(settings: &Settings) -> Finding {
    let config = &settings.store;
    let path = config.path.display();
    if config.is_in_memory() {
        return fine(
            "store",
            "in memory; jobs do not survive a restart".to_owned(),
        );
    }
    if !config.path.exists() {
        // Folders that are missing are made with the file.
        let mut folders = config.path.ancestors().skip(1);
        let folder = folders
            .find(|folder| folder.exists())
            .unwrap_or(std::path::Path::new("."));
        return match tempfile::tempfile_in(folder) {
            Ok(_) => fine("store", format!("{path} will be made")),
            Err(error) => broken("store", format!("{path} cannot be made: {error}")),
        };
    }
    match StoreWorker::open(config) {
        Ok(_) => fine("store", format!("{path} can be used")),
        // Whoever looks after a running service has it open there.
        Err(DatabaseError::Locked { .. }) if is_served(settings) => fine(
            "store",
            format!("{path} is in use by the service that runs"),
        ),
        Err(error) => broken("store", error.to_string()),
    }
}

/// Whether a service that does its work listens where this one would.
fn is_served(settings: &Settings) -> bool {
    let address = settings.server.address().ok();
    let running = address.and_then(Running::at);
    running.is_some_and(|running| running.is_ready())
}

/// Whether the service could listen; where one does already, how that stands.
fn port(settings: &Settings) -> Vec<Finding> {
    let listen = &settings.server.listen;
    let address = match settings.server.address() {
        Ok(address) => address,
        Err(error) => return vec![broken("port", format!("server.{error}"))],
    };
    match TcpListener::bind(address) {
        Ok(_) => vec![fine("port", format!("{listen} is free"))],
        Err(error) => match Running::at(address) {
            Some(running) => describe_running(listen, &running),
            None => vec![broken(
                "port",
                format!("{listen} cannot be listened on: {error}"),
            )],
        },
    }
}

fn describe_running(listen: &str, running: &Running) -> Vec<Finding> {
    let text = format!("a service runs on {listen}: {}", running.status);
    let state = if running.is_ready() {
        fine("port", text)
    } else {
        broken("port", text)
    };
    let blocked = running.blocked.iter().map(|blocked| {
        let text = format!(
            "{}/{} is not asked any more: {}",
            blocked.stage, blocked.backend, blocked.remedy
        );
        broken("backend", text)
    });
    std::iter::once(state).chain(blocked).collect()
}

#[cfg(test)]
mod tests {
    use chat2svg_protocol::{BackendId, Stage};

    use super::*;
    use crate::running::Blocked;

    #[test]
    fn a_backend_that_waits_for_somebody_is_a_fault_of_its_own() {
        let running = Running {
            status: "ready".to_owned(),
            blocked: vec![Blocked {
                stage: Stage::Template,
                backend: BackendId::EMBEDDED,
                remedy: "see to its credit".to_owned(),
            }],
        };
        let findings = describe_running("127.0.0.1:8080", &running);
        let told: Vec<_> = findings
            .iter()
            .map(|finding| (finding.what, finding.works))
            .collect();
        assert_eq!(told, [("port", true), ("backend", false)]);
        assert!(findings[1].text.contains("template/embedded"));
        assert!(findings[1].text.contains("credit"));
    }
}
