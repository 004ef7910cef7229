//! `doctor`: what is reachable, one line each. Changes nothing.

use std::{io::Write as _, net::TcpListener, time::Duration};

use chat2svg_protocol::{ResourceSnapshot, messages::ResourcesQuery};
use chat2svg_store::{StoreConfig, StoreWorker};

use crate::{settings::Settings, wiring::System};

/// How long the machine may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

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
    findings.push(fine(
        "models",
        "none configured; the embedded composer, detailer and fitter serve".to_owned(),
    ));
    findings.extend(machine(settings));
    findings.push(store(&settings.store));
    findings.push(port(settings));
    let mut stdout = std::io::stdout().lock();
    for finding in &findings {
        let mark = if finding.works { "ok" } else { "FAILS" };
        writeln!(stdout, "{:14} {mark:6} {}", finding.what, finding.text)?;
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

fn machine(settings: &Settings) -> Vec<Finding> {
    let reading = actix::System::new().block_on(async {
        let store = StoreWorker::open(&StoreConfig::in_memory())?;
        let system = System::start(settings, &store)?;
        let reading = system.resources.line().ask(ResourcesQuery, PATIENCE).await;
        system.watchdog.stop();
        anyhow::Ok(reading?)
    });
    match reading {
        Ok(snapshot) => describe(&snapshot),
        Err(error) => vec![broken("machine", format!("cannot be read: {error}"))],
    }
}

fn describe(snapshot: &ResourceSnapshot) -> Vec<Finding> {
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let gpus = if snapshot.gpus.is_empty() {
        "none found; none is needed".to_owned()
    } else {
        let names: Vec<&str> = snapshot.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
        names.join(", ")
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
        fine("level", snapshot.level.name().to_owned()),
    ]
}

fn store(config: &StoreConfig) -> Finding {
    let path = config.path.display();
    if config.is_in_memory() {
        return fine(
            "store",
            "in memory; jobs do not survive a restart".to_owned(),
        );
    }
    if !config.path.exists() {
        let folder = config
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(std::path::Path::new("."));
        return match tempfile::tempfile_in(folder) {
            Ok(_) => fine("store", format!("{path} will be made")),
            Err(error) => broken("store", format!("{path} cannot be made: {error}")),
        };
    }
    match StoreWorker::open(config) {
        Ok(_) => fine("store", format!("{path} can be used")),
        Err(error) => broken("store", error.to_string()),
    }
}

fn port(settings: &Settings) -> Finding {
    let listen = &settings.server.listen;
    match settings.server.address().map(TcpListener::bind) {
        Ok(Ok(_)) => fine("port", format!("{listen} is free")),
        Ok(Err(error)) => broken("port", format!("{listen} cannot be listened on: {error}")),
        Err(error) => broken("port", error.to_string()),
    }
}
