//! `simulate`: strategies compared on a trace.

use std::io::Write as _;

use anyhow::Context as _;
use chat2svg_scheduler::Strategy;
use chat2svg_simulate::{
    Arrival, Fleet, Model, Outcome, Scenario, Trace, chart, simulate, simulate_fleet, table,
};

use crate::{
    cli::Simulate,
    files::{Destination, read_limited},
    settings::Settings,
};

/// Bytes of a recorded trace at the most.
const MAX_TRACE: usize = 1 << 30;

/// Plays the trace by each strategy, and prints what came of it.
///
/// # Errors
/// When the trace cannot be read, or the results cannot be delivered.
pub(crate) fn run(command: &Simulate, settings: &Settings) -> anyhow::Result<()> {
    let scenario = Scenario {
        scheduler: settings.scheduler.clone(),
        breaker: settings.breaker.clone(),
        cores: command.cores,
        max_jobs: u32::try_from(settings.server.max_jobs).unwrap_or(u32::MAX),
        model: command
            .model
            .map(|time| model(time.as_secs_f64(), command.faults)),
        seed: command.seed,
        ..Scenario::default()
    };
    let file = command.svg.as_deref().map(Destination::new).transpose()?;
    let known = Trace::ALL
        .into_iter()
        .find(|(name, _)| command.trace.as_os_str() == *name);
    let recorded = match known {
        Some(_) => Vec::new(),
        None => read(command)?,
    };
    let jobs = match known {
        Some(_) => u64::from(command.jobs),
        None => u64::try_from(recorded.len()).unwrap_or(u64::MAX),
    };
    let mut outcomes: Vec<Outcome> = Vec::new();
    for strategy in &command.strategies {
        let outcome = match known {
            Some((_, trace)) => {
                let arrivals = trace.arrivals(
                    command.jobs,
                    command.rate,
                    command.deadline,
                    command.clients,
                    command.seed,
                );
                play(command, settings, &scenario, *strategy, jobs, arrivals)
            }
            None => {
                let arrivals = recorded.iter().cloned();
                play(command, settings, &scenario, *strategy, jobs, arrivals)
            }
        };
        outcomes.push(outcome);
    }
    if let Some(file) = file {
        file.write(chart(&outcomes).as_bytes())?;
    }
    let text = if command.json {
        serde_json::to_string_pretty(&outcomes)? + "\n"
    } else {
        table(&outcomes)
    };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
}

/// Plays the trace on one machine, or on those of a cluster.
fn play(
    command: &Simulate,
    settings: &Settings,
    scenario: &Scenario,
    strategy: Strategy,
    jobs: u64,
    arrivals: impl Iterator<Item = Arrival>,
) -> Outcome {
    let Some(nodes) = command.nodes else {
        return simulate(scenario, strategy, arrivals);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a machine has fewer cores than that"
    )]
    let threads = command.cores.ceil() as usize;
    let fleet = Fleet {
        machines: usize::try_from(nodes).unwrap_or(usize::MAX),
        room: settings.cluster.room(threads),
        lease: f64::from(settings.cluster.lease_seconds),
        lost: command.node_faults,
        lost_at: jobs / 2,
        ..Fleet::default()
    };
    simulate_fleet(scenario, fleet, strategy, arrivals)
}

fn read(command: &Simulate) -> anyhow::Result<Vec<Arrival>> {
    let name = || command.trace.display().to_string();
    let bytes = read_limited(&command.trace, MAX_TRACE)?;
    let text = String::from_utf8(bytes).with_context(name)?;
    Trace::read(&text).with_context(name)
}

fn model(seconds: f64, faults: [f64; 3]) -> Model {
    let [fails, stalls, garbles] = faults;
    Model {
        seconds: 0.75 * seconds,
        gpu_seconds: 0.25 * seconds,
        extra_quality: 0.2,
        fails,
        stalls,
        garbles,
        cost: 1.0,
    }
}
