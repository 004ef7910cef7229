//! The service beside the implementation that it replaces: `chat2svg scripts stage1`, `stage2` and
//! `stage3`, processes that hand files on, one request after another, as the original's `run.sh`
//! does it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Options, arrivals, daemon::Daemon, played, prompt, rank};

/// Ticks in which Linux counts processor time.
const TICKS: f64 = 100.0;
/// How often a process is asked how much memory it has.
const LOOK: Duration = Duration::from_millis(5);

/// What came of a rate.
#[derive(Default)]
struct Outcome {
    /// When each request came and was answered, in seconds; `None` for those turned away.
    answers: Vec<(f64, Option<f64>)>,
    cpu_seconds: f64,
    /// MiB of the largest process at its most, and of all that stays when nothing is to do.
    peak_mb: u64,
    rest_mb: u64,
    files: usize,
}

/// Prints two rows for each rate.
pub(crate) fn run(options: &Options) {
    println!(
        "| jobs/s | | in time | p50, p99 ms | cores busy | MB: a process at most, at rest | files a job | requests at once: mean, most |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for rate in &options.rates {
        let arrivals = arrivals(*rate, options.seconds);
        row(options, *rate, "scripts", &scripts(options, &arrivals));
        row(options, *rate, "service", &service(options, &arrivals));
    }
}

fn row(options: &Options, rate: f64, what: &str, outcome: &Outcome) {
    let due = options.deadline_ms as f64 / 1000.0 * 1.05;
    let answered = outcome.answers.iter();
    let spans: Vec<(f64, f64)> = answered
        .filter_map(|(at, end)| Some((*at, (*end)?)))
        .collect();
    let mut latencies: Vec<f64> = spans.iter().map(|(at, end)| end - at).collect();
    latencies.sort_by(f64::total_cmp);
    let in_time = latencies.iter().filter(|seconds| **seconds <= due).count();
    let last = spans
        .iter()
        .fold(options.seconds, |last, (_, end)| last.max(*end));
    let most = spans
        .iter()
        .map(|(at, _)| {
            spans
                .iter()
                .filter(|(from, to)| from <= at && at < to)
                .count()
        })
        .max();
    println!(
        "| {rate} | {what} | {in_time} of {} | {:.0}, {:.0} | {:.2} | {}, {} | {:.0} | {:.1}, {} |",
        outcome.answers.len(),
        1000.0 * rank(&latencies, 0.5),
        1000.0 * rank(&latencies, 0.99),
        outcome.cpu_seconds / last,
        outcome.peak_mb,
        outcome.rest_mb,
        outcome.files as f64 / spans.len().max(1) as f64,
        latencies.iter().sum::<f64>() / last,
        most.unwrap_or(0),
    );
}

/// The arrivals one after another, each stage a process.
fn scripts(options: &Options, arrivals: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    let before = ticks("self", 15);
    let started = Instant::now();
    for (number, at) in arrivals.iter().enumerate() {
        thread::sleep(Duration::from_secs_f64(*at).saturating_sub(started.elapsed()));
        let folder = tempfile::tempdir().unwrap();
        let words = prompt(number);
        let epochs = options.epochs.to_string();
        let place = ["--output_folder", "job", "--output_path"];
        let stages: [(&str, &[&str]); 2] = [
            ("stage1", &["--prompt", &words, "--refine_iter", "0"]),
            ("stage2", &[]),
        ];
        for (stage, flags) in stages {
            let mut command = stage_of(options, stage);
            command.args(flags).args(place).arg(folder.path());
            outcome.peak_mb = outcome.peak_mb.max(watched(command));
        }
        let mut last = stage_of(options, "stage3");
        last.args(["--epoch_img_optim", &epochs, "--epoch_point_optim", &epochs]);
        last.arg("--svg_folder").arg(folder.path().join("job"));
        outcome.peak_mb = outcome.peak_mb.max(watched(last));
        outcome.files += files(folder.path());
        outcome
            .answers
            .push((*at, Some(started.elapsed().as_secs_f64())));
    }
    // Processor time of children that were waited for.
    outcome.cpu_seconds = ticks("self", 15) - before;
    outcome
}

fn stage_of(options: &Options, stage: &str) -> Command {
    let mut command = Command::new(&options.program);
    command
        .args(["scripts", stage, "--target", "picture"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs a process to its end; the most MiB that it was seen to have.
fn watched(mut command: Command) -> u64 {
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    loop {
        peak = peak.max(memory(&child));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}");
            return peak;
        }
        thread::sleep(LOOK);
    }
}

fn memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) >> 10
}

/// Seconds of processor time of a process, from two fields of its `stat` that follow each other.
fn ticks(process: &str, field: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Counted behind the name, which may hold anything.
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    let fields = rest.split(' ').skip(field - 2).take(2);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.path().is_dir() {
            true => files(&entry.path()),
            false => 1,
        })
        .sum()
}

/// The arrivals at a service.
fn service(options: &Options, arrivals: &[f64]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&options.program, folder.path(), &[]);
    crate::daemon::request(&daemon.address, 60_000, "a red fox");
    let rest_mb = daemon.memory() >> 20;
    let process = daemon.id().to_string();
    let before = ticks(&process, 13);
    let answers = played(options, &daemon, arrivals);
    Outcome {
        answers: answers
            .iter()
            .map(|(at, answer)| {
                let end = (answer.status == 200).then(|| at + answer.seconds);
                (*at, end)
            })
            .collect(),
        cpu_seconds: ticks(&process, 13) - before,
        peak_mb: daemon.peak_memory() >> 20,
        rest_mb,
        files: 0,
    }
}
