//! Load on the real daemon: open-loop arrivals over loopback, bounded in number and time, and a
//! table of what came of them.
//!
//! ```sh
//! cargo bench -p chat2svg --bench load -- --rates 0.5,2,8,40,150,400 --seconds 15
//! ```
//!
//! Every rate has a daemon of its own, with its store in a folder that is removed afterwards. With
//! `--record FOLDER` the arrivals of each rate are kept, for `chat2svg simulate --trace`. With
//! `--compare` each trace is also simulated, and goodputs stand side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::Value;

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
#[derive(Debug, Parser)]
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
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What came of a request.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    seconds: f64,
    tier: String,
    level: String,
    is_svg: bool,
}

fn main() {
    let options = Options::parse();
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
        row(&options, *rate);
    }
}

fn row(options: &Options, rate: f64) {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&options.program, folder.path());
    // What is loaded at the first job is no part of the load.
    request(&daemon.address, 60_000, "a red fox");
    let arrivals = arrivals(rate, options.seconds);
    let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
    let started = Instant::now();
    let mut senders = Vec::new();
    for (number, at) in arrivals.iter().enumerate() {
        let at = Duration::from_secs_f64(*at);
        thread::sleep(at.saturating_sub(started.elapsed()));
        let (answers, address) = (Arc::clone(&answers), daemon.address.clone());
        let deadline = options.deadline_ms;
        let prompt = format!("{} {number}", THINGS[number % THINGS.len()]);
        let sender = thread::Builder::new().stack_size(256 << 10).spawn(move || {
            let answer = request(&address, deadline, &prompt);
            answers.lock().unwrap().push(answer);
        });
        senders.push(sender.unwrap());
    }
    for sender in senders {
        sender.join().unwrap();
    }
    let memory = daemon.memory();
    let answers = answers.lock().unwrap();
    report(options, rate, &arrivals, &answers, memory);
}

fn report(options: &Options, rate: f64, arrivals: &[f64], answers: &[Answer], memory: u64) {
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
        let simulated = simulated(&options.program, &trace);
        print!(" {:.1}, {:.1} |", in_time as f64 / span, simulated / span);
    }
    println!();
}

/// Jobs answered in time in a simulation of the same arrivals.
fn simulated(program: &Path, trace: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.jsonl");
    fs::write(&file, trace).unwrap();
    let output = Command::new(program)
        .args(["simulate", "--json", "--strategies", "milp", "--trace"])
        .arg(&file)
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

fn request(address: &str, deadline_ms: u64, prompt: &str) -> Answer {
    let body = format!("{{\"prompt\": \"{prompt}\", \"deadline_ms\": {deadline_ms}}}");
    let started = Instant::now();
    let text = exchange(address, &body).unwrap_or_default();
    let seconds = started.elapsed().as_secs_f64();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        seconds,
        tier: header("x-tier"),
        level: header("x-level"),
        is_svg: body.contains("<svg") && body.contains("</svg>"),
    }
}

fn exchange(address: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let request = format!(
        "POST /v1/svg HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: image/svg+xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A running daemon; killed when dropped.
struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    fn start(program: &Path, folder: &Path) -> Self {
        let log_path = folder.join("daemon.log");
        let child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("CHAT2SVG__STORE__PATH", folder.join("jobs.db"))
            .env("CHAT2SVG__LOG__FORMAT", "json")
            .env("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log_path).unwrap())
            .spawn()
            .unwrap();
        let mut daemon = Self {
            child,
            address: String::new(),
        };
        let give_up = Instant::now() + Duration::from_secs(60);
        while daemon.address.is_empty() {
            assert!(Instant::now() < give_up, "the daemon does not get ready");
            thread::sleep(Duration::from_millis(20));
            let log = BufReader::new(fs::File::open(&log_path).unwrap());
            for line in log.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "ready" {
                    daemon.address = event["address"].as_str().unwrap().to_owned();
                }
            }
        }
        daemon
    }

    /// Memory in use, in bytes; 0 where the system does not say.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kilobytes.unwrap_or(0) * 1024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
