//! Load on the real daemon: open-loop arrivals over loopback, bounded in number and time, and a
//! table of what came of them.
//!
//! ```sh
//! cargo bench -p chat2svg --bench load -- --rates 0.5,2,8,40,150,400 --seconds 15
//! ```
//!
//! Every rate has a daemon of its own, with its store in a folder that is removed afterwards. With
//! `--record FOLDER` the arrivals of each rate are kept, for `chat2svg simulate --trace`. With
//! `--compare` each trace is also simulated, with the durations that the stages were seen to take
//! one after another, and goodputs stand side by side. `--faults 0.2,0.1,0.1` puts a language model
//! before the embedded composer whose calls fail, never answer and answer with garbage.
//! `--sequential` serves the same arrivals as a pipeline of processes that hand files on, one
//! request after another; `--scripts` by `chat2svg scripts stage1`, `stage2` and `stage3`, beside
//! the service under the same arrivals. `--tables` makes all tables of
//! `crates/scheduler/README.md`, one after the other, with the commands above them; it takes about
//! ten minutes, on a machine that does nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calibrate;
mod daemon;
mod model;
mod scripts;
mod sequential;
mod tables;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::Value;

use self::{
    daemon::{Answer, Daemon, request},
    model::ModelServer,
};

/// Names and values of settings, as environment variables.
type Settings = Vec<(String, String)>;

/// Jobs at the most, whatever the rate.
const MOST_JOBS: usize = 20_000;

const THINGS: [&str; 12] = [
    "a red fox under a green tree at sunset",
    "three sailing boats on the sea",
    "an owl on a branch under a full moon",
    "a house with a garden",
    "a blue whale",
    "two cats on a sofa",
    "a rocket over mountains",
    "a bowl of fruit on a table",
    "a bicycle in the rain",
    "a lighthouse at night",
    "a birthday cake with candles",
    "a snowman in a forest",
];

/// Load on the real daemon.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Jobs a second, one table row for each.
    #[arg(long, value_delimiter = ',', default_value = "0.5,2,8,40")]
    rates: Vec<f64>,
    /// Seconds of arrivals at each rate.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The time that each job has.
    #[arg(long, default_value_t = 3_000)]
    deadline_ms: u64,
    /// The program.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_chat2svg"))]
    program: PathBuf,
    /// Keep the arrivals of each rate in this folder.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Simulate each trace too.
    #[arg(long)]
    compare: bool,
    /// Shares of a language model's calls that fail, never answer, and answer with garbage.
    #[arg(long, value_delimiter = ',')]
    faults: Option<Vec<f64>>,
    /// Serve the arrivals by processes that hand files on, in place of a daemon.
    #[arg(long)]
    sequential: bool,
    /// Compare the service with `chat2svg scripts`, one process for each stage.
    #[arg(long)]
    scripts: bool,
    /// Steps of each half of stage 3 there; the original takes 500.
    #[arg(long, default_value_t = 500)]
    epochs: u32,
    /// Make all tables of the scheduler's README, whatever else is given.
    #[arg(long)]
    tables: bool,
    /// Be one of those processes.
    #[arg(long, hide = true)]
    stage: Option<sequential::Step>,
    /// Where it finds and leaves its files.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// What it draws.
    #[arg(long, hide = true)]
    prompt: Option<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if let (Some(step), Some(folder)) = (options.stage, &options.folder) {
        return sequential::work(step, folder, options.prompt.as_deref().unwrap_or_default());
    }
    if options.tables {
        tables::all(&options);
    } else if options.sequential {
        sequential::run(&options);
    } else if options.scripts {
        scripts::run(&options);
    } else {
        service(&options);
    }
}

/// The table of the real service.
fn service(options: &Options) {
    let model = options.faults.as_deref().map(ModelServer::start);
    let settings = model
        .as_ref()
        .map(ModelServer::settings)
        .unwrap_or_default();
    let durations = if options.compare {
        calibrate::durations(&options.program, &settings)
    } else {
        Vec::new()
    };
    println!(
        "| jobs/s | 200 in time | late | 503, p99 ms | other | p50, p99 ms | full / enhanced / template / fallback | high / medium / low / minimal | RSS MB |{}",
        if options.compare {
            " goodput, simulated |"
        } else {
            ""
        }
    );
    println!(
        "|---|---|---|---|---|---|---|---|---|{}",
        if options.compare { "---|" } else { "" }
    );
    for rate in &options.rates {
        row(options, *rate, &settings, &durations);
    }
}

fn row(options: &Options, rate: f64, settings: &Settings, durations: &Settings) {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&options.program, folder.path(), settings);
    // What is loaded at the first job is no part of the load.
    request(&daemon.address, 60_000, "a red fox");
    let arrivals = arrivals(rate, options.seconds);
    let answers = played(options, &daemon, &arrivals);
    let answers: Vec<Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
    let memory = daemon.memory();
    report(options, rate, &arrivals, &answers, memory, durations);
}

/// Sends a request for each arrival; answers what came of each, with when it was sent.
fn played(options: &Options, daemon: &Daemon, arrivals: &[f64]) -> Vec<(f64, Answer)> {
    let answers: Arc<Mutex<Vec<(f64, Answer)>>> = Arc::default();
    let started = Instant::now();
    let mut senders = Vec::new();
    for (number, at) in arrivals.iter().enumerate() {
        let at = Duration::from_secs_f64(*at);
        thread::sleep(at.saturating_sub(started.elapsed()));
        let (answers, address) = (Arc::clone(&answers), daemon.address.clone());
        let deadline = options.deadline_ms;
        let prompt = prompt(number);
        let sender = thread::Builder::new().stack_size(256 << 10).spawn(move || {
            let answer = request(&address, deadline, &prompt);
            answers.lock().unwrap().push((at.as_secs_f64(), answer));
        });
        senders.push(sender.unwrap());
    }
    for sender in senders {
        sender.join().unwrap();
    }
    let mut answers = answers.lock().unwrap();
    std::mem::take(&mut *answers)
}

fn prompt(number: usize) -> String {
    format!("{} {number}", THINGS[number % THINGS.len()])
}

fn report(
    options: &Options,
    rate: f64,
    arrivals: &[f64],
    answers: &[Answer],
    memory: u64,
    durations: &Settings,
) {
    let due = options.deadline_ms as f64 / 1000.0 * 1.05;
    let served: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert!(
        served.iter().all(|answer| answer.is_svg),
        "an answer is no SVG"
    );
    let in_time = served.iter().filter(|answer| answer.seconds <= due).count();
    let shed: Vec<f64> = seconds(answers, |answer| answer.status == 503);
    let other = answers.len() - served.len() - shed.len();
    let latencies = seconds(answers, |answer| answer.status == 200);
    let count = |of: fn(&Answer) -> &str, what: &str| {
        served
            .iter()
            .filter(|answer| of(answer) == what)
            .count()
            .to_string()
    };
    let tiers = ["full", "enhanced", "template", "fallback"].map(|tier| count(|a| &a.tier, tier));
    let levels = ["high", "medium", "low", "minimal"].map(|level| count(|a| &a.level, level));
    print!(
        "| {rate} | {in_time} of {} | {} | {}, {:.0} | {other} | {:.0}, {:.0} | {} | {} | {} |",
        answers.len(),
        served.len() - in_time,
        shed.len(),
        1000.0 * rank(&shed, 0.99),
        1000.0 * rank(&latencies, 0.5),
        1000.0 * rank(&latencies, 0.99),
        tiers.join(" / "),
        levels.join(" / "),
        memory >> 20,
    );
    let trace = trace(arrivals, options.deadline_ms);
    if let Some(folder) = &options.record {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(format!("rate-{rate}.jsonl")), &trace).unwrap();
    }
    if options.compare {
        let span = arrivals.last().copied().unwrap_or(1.0).max(options.seconds);
        let simulated = simulated(options, &trace, durations);
        print!(" {:.1}, {:.1} |", in_time as f64 / span, simulated / span);
    }
    println!();
}

/// Jobs answered in time in a simulation of the same arrivals.
fn simulated(options: &Options, trace: &str, durations: &Settings) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.jsonl");
    fs::write(&file, trace).unwrap();
    let output = Command::new(&options.program)
        .args(["simulate", "--json", "--strategies", "milp", "--trace"])
        .arg(&file)
        .envs(durations.iter().cloned())
        .output()
        .unwrap();
    let outcomes: Value = serde_json::from_slice(&output.stdout).unwrap();
    outcomes[0]["in_time"].as_f64().unwrap()
}

fn trace(arrivals: &[f64], deadline_ms: u64) -> String {
    arrivals
        .iter()
        .map(|at| format!("{{\"at\": {at:.6}, \"deadline_ms\": {deadline_ms}}}\n"))
        .collect()
}

/// Poisson arrivals.
fn arrivals(rate: f64, seconds: f64) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ rate.to_bits();
    let mut at = 0.0;
    let mut arrivals = Vec::new();
    while arrivals.len() < MOST_JOBS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let uniform = (state >> 11) as f64 / (1_u64 << 53) as f64;
        at -= (1.0 - uniform).ln() / rate;
        if at > seconds {
            break;
        }
        arrivals.push(at);
    }
    arrivals
}

fn seconds(answers: &[Answer], which: impl Fn(&Answer) -> bool) -> Vec<f64> {
    let chosen = answers.iter().filter(|answer| which(answer));
    let mut seconds: Vec<f64> = chosen.map(|answer| answer.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn rank(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * share).round() as usize)
        .copied()
        .unwrap_or(0.0)
}
