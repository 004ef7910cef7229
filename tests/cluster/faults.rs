//! What a fault costs: jobs under load while something happens to nodes, servers or the network.
//! By hand, with figures:
//!
//! ```sh
//! cargo test --release -p chat2svg --test end_to_end -- --ignored --nocapture cluster::faults
//! ```
//!
//! `FAULT=cut-worker` in the environment runs that one only, `LEVEL=minimal` with smaller jobs.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    ENDED_WELL,
    nats::{self, Kind, Nats},
    node,
    proxy::Proxy,
    wait_for_workers,
};
use crate::support::{Daemon, PATIENCE, assert_svg, folder, json, text, wait_until};

/// Jobs of one run.
const JOBS: usize = 120;
/// Between two jobs.
const PAUSE: Duration = Duration::from_millis(150);
/// The job after which the fault happens.
const FAULT_AFTER: usize = 40;
/// How long the network is cut.
const CUT: Duration = Duration::from_secs(10);
/// How much slower the way to a slow server is.
const DELAY: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    KillWorker,
    KillFront,
    KillServer,
    CutWorker,
    CutFront,
    CutServer,
    SlowServer,
    FullDisk,
    Clocks,
    KillEverything,
}

impl Fault {
    const ALL: [Self; 11] = [
        Self::None,
        Self::KillWorker,
        Self::KillFront,
        Self::KillServer,
        Self::CutWorker,
        Self::CutFront,
        Self::CutServer,
        Self::SlowServer,
        Self::FullDisk,
        Self::Clocks,
        Self::KillEverything,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::KillWorker => "kill-worker",
            Self::KillFront => "kill-front",
            Self::KillServer => "kill-server",
            Self::CutWorker => "cut-worker",
            Self::CutFront => "cut-front",
            Self::CutServer => "cut-server",
            Self::SlowServer => "slow-server",
            Self::FullDisk => "full-disk",
            Self::Clocks => "clocks",
            Self::KillEverything => "kill-everything",
        }
    }
}

/// Three servers, two fronts, three workers.
struct Stage {
    fault: Fault,
    nats: Nats,
    /// The first front's and the first worker's ways to the servers.
    ways: [Vec<Proxy>; 2],
    fronts: Vec<Daemon>,
    workers: Vec<Daemon>,
    folder: TempDir,
    /// When the fault happened, until it is mended.
    struck: Option<Instant>,
}

impl Stage {
    fn new(fault: Fault) -> Self {
        let kind = Kind {
            has_proxy: matches!(fault, Fault::CutServer | Fault::SlowServer),
            has_small_disk: fault == Fault::FullDisk,
            ..Kind::default()
        };
        let nats = Nats::of_kind(3, kind);
        let mut stage = Self {
            fault,
            ways: [nats.way(), nats.way()],
            nats,
            fronts: Vec::new(),
            workers: Vec::new(),
            folder: folder(),
            struck: None,
        };
        stage.start_nodes();
        stage
    }

    fn start_nodes(&mut self) {
        let url = |way: &[Proxy]| nats::url(way.iter().map(|proxy| proxy.port));
        let [front_url, worker_url] = [url(&self.ways[0]), url(&self.ways[1])];
        let start = |name: &str, role: &str| {
            let mut settings = Vec::new();
            match name {
                "front-1" => settings.push(("CHAT2SVG__CLUSTER__URL", front_url.as_str())),
                "worker-1" => settings.push(("CHAT2SVG__CLUSTER__URL", worker_url.as_str())),
                _ => {}
            }
            let library = (self.fault == Fault::Clocks).then(faketime).flatten();
            let library = library.map(|path| path.display().to_string());
            let ahead = match name {
                "front-1" => "-5s",
                "worker-1" => "+5s",
                _ => "+0s",
            };
            if let Some(library) = &library {
                settings.push(("LD_PRELOAD", library));
                settings.push(("FAKETIME", ahead));
                settings.push(("FAKETIME_DONT_FAKE_MONOTONIC", "1"));
            }
            node(self.folder.path(), name, role, &self.nats, &settings)
        };
        self.fronts = ["front-1", "front-2"]
            .map(|name| start(name, "front"))
            .into();
        self.workers = ["worker-1", "worker-2", "worker-3"]
            .map(|name| start(name, "worker"))
            .into();
        for front in &self.fronts {
            wait_for_workers(front, 3);
        }
    }

    /// Lets it happen.
    fn strike(&mut self) {
        self.struck = Some(Instant::now());
        match self.fault {
            Fault::None | Fault::Clocks => {}
            Fault::KillWorker => {
                // While it works.
                wait_until("the worker works", || {
                    json(&mut self.workers[0].get("/v1/system"))["queue"]["running"] != 0
                });
                self.workers[0].signal("KILL");
            }
            Fault::KillFront => self.fronts[0].signal("KILL"),
            Fault::KillServer => self.nats.servers[0].kill(),
            Fault::CutWorker => self.ways[1].iter().for_each(|proxy| proxy.cut(true)),
            Fault::CutFront => self.ways[0].iter().for_each(|proxy| proxy.cut(true)),
            Fault::CutServer => self.nats.between.iter().for_each(|proxy| proxy.cut(true)),
            Fault::SlowServer => {
                self.nats
                    .between
                    .iter()
                    .for_each(|proxy| proxy.delay(DELAY));
                self.ways[0][0].delay(DELAY);
                self.ways[1][0].delay(DELAY);
            }
            Fault::FullDisk => self.nats.servers[0].fill_disk(),
            Fault::KillEverything => {
                self.fronts.clear();
                self.workers.clear();
                self.nats.servers.iter_mut().for_each(nats::Server::kill);
                self.nats.servers.iter_mut().for_each(nats::Server::start);
                self.nats.servers.iter().for_each(nats::Server::wait);
                self.start_nodes();
            }
        }
    }

    /// Mends what has lasted long enough: the network, and a server that stands still, by ending
    /// it.
    fn mend(&mut self) {
        if self.struck.is_none_or(|struck| struck.elapsed() < CUT) {
            return;
        }
        self.struck = None;
        if self.fault == Fault::FullDisk {
            self.nats.servers[0].kill();
        }
        let ways = self.ways.iter().flatten();
        for proxy in ways.chain(&self.nats.between) {
            proxy.cut(false);
        }
    }
}

/// The library that makes clocks differ, where Debian has it.
fn faketime() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LIBFAKETIME") {
        return Some(path.into());
    }
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.is_file())
}

/// Hands a job in at one of the fronts, at the next when one is gone. A job with a key is made
/// once.
fn submit(stage: &mut Stage, number: usize) -> String {
    let give_up = Instant::now() + Duration::from_secs(120);
    // Enough work to keep the workers busy.
    let level = std::env::var("LEVEL").unwrap_or("high".to_owned());
    let body = serde_json::json!({
        "prompt": "a red fox under a green tree at sunset", "level": level,
        "deadline_ms": 60_000, "seed": number,
    });
    let key = format!("job-{number}");
    let headers = [
        ("prefer", "respond-async"),
        ("idempotency-key", key.as_str()),
    ];
    let mut refusal = String::new();
    for attempt in number.. {
        stage.mend();
        let front = &stage.fronts[attempt % stage.fronts.len()];
        if let Some(mut answer) = front.try_post("/v1/svg", &headers, &body.to_string()) {
            if answer.status().as_u16() == 202 {
                return json(&mut answer)["id"].as_str().unwrap().to_owned();
            }
            refusal = text(&mut answer);
        }
        assert!(
            Instant::now() < give_up,
            "no front takes a job, last: {refusal}"
        );
        thread::sleep(Duration::from_millis(100));
    }
    unreachable!("the loop has no end")
}

/// What became of one job.
struct Ended {
    /// Seconds from when it was offered to its acceptance, and on to its end.
    accepted: f64,
    seconds: f64,
    /// Whether a worker began it after another had.
    is_repeated: bool,
    /// How often a front asked to be asked again.
    refusals: u32,
}

/// Asks a front as clients do: again when they are told to. Counts the refusals.
fn ask(front: &Daemon, path: &str, refusals: &mut u32) -> String {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let mut answer = front.get(path);
        let status = answer.status().as_u16();
        let may_retry = answer.headers().contains_key("retry-after");
        let body = text(&mut answer);
        if status == 200 {
            return body;
        }
        assert!(status == 503 && may_retry, "{path}: {status} {body}");
        assert!(Instant::now() < give_up, "{path}: {body}");
        *refusals += 1;
        thread::sleep(Duration::from_millis(500));
    }
}

fn look_at(front: &Daemon, id: &str, accepted: f64) -> Ended {
    let mut refusals = 0;
    let path = format!("/v1/jobs/{id}");
    let mut job = Value::Null;
    wait_until("the job ends", || {
        job = serde_json::from_str(&ask(front, &path, &mut refusals)).unwrap();
        !matches!(job["state"].as_str(), Some("queued" | "running"))
    });
    assert!(ENDED_WELL.contains(&job["state"].as_str()), "{job}");
    assert_svg(&ask(front, &format!("{path}/result.svg"), &mut refusals));
    let mut events: Vec<(String, Value)> = Vec::new();
    let is_done = |(name, _): &&(String, Value)| name == "done";
    wait_until("the job's events end", || {
        events = front.events(id, "0").collect();
        events.iter().any(|event| is_done(&event))
    });
    let ends = events.iter().filter(is_done).count();
    assert_eq!(ends, 1, "{id} ended more than once");
    let begun = |(name, data): &&(String, Value)| {
        name == "stage" && data["phase"] == "started" && data["stage"] == "template"
    };
    let time = |key: &str| -> jiff::Timestamp { job[key].as_str().unwrap().parse().unwrap() };
    let lasted = time("updated_at").as_millisecond() - time("created_at").as_millisecond();
    Ended {
        accepted,
        seconds: accepted + lasted as f64 / 1000.0,
        is_repeated: events.iter().filter(begun).count() > 1,
        refusals,
    }
}

fn run(fault: Fault) {
    let mut stage = Stage::new(fault);
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        if number == FAULT_AFTER {
            stage.strike();
        }
        let offered = Instant::now();
        let id = submit(&mut stage, number);
        jobs.push((id, offered.elapsed().as_secs_f64()));
        thread::sleep(PAUSE);
    }
    while stage.struck.is_some() {
        thread::sleep(PAUSE);
        stage.mend();
    }
    let front = stage.fronts.last().unwrap();
    let ended: Vec<Ended> = jobs
        .iter()
        .map(|(id, accepted)| look_at(front, id, *accepted))
        .collect();
    let refusals: u32 = ended.iter().map(|job| job.refusals).sum();
    let rank = |of: fn(&Ended) -> f64, share: f64| {
        let mut times: Vec<f64> = ended.iter().map(of).collect();
        times.sort_by(f64::total_cmp);
        times[((times.len() - 1) as f64 * share) as usize]
    };
    let repeated = ended.iter().filter(|job| job.is_repeated).count();
    eprintln!(
        "| {} | {} of {JOBS} | {:.2} s | {:.2} s | {:.2} s | {:.2} s | {repeated} | {refusals} |",
        fault.name(),
        ended.len(),
        rank(|job| job.accepted, 0.99),
        rank(|job| job.seconds, 0.5),
        rank(|job| job.seconds, 0.99),
        rank(|job| job.seconds, 1.0),
    );
}

#[test]
#[ignore = "takes minutes; prints figures"]
fn every_accepted_job_ends_once() {
    if !nats::is_there() {
        return;
    }
    let wanted = std::env::var("FAULT").ok();
    eprintln!(
        "| fault | ended once | p99 until accepted | median | p99 | longest | repeated | refusals |"
    );
    eprintln!("|---|---|---|---|---|---|---|---|");
    for fault in Fault::ALL {
        if wanted.as_ref().is_some_and(|name| name != fault.name()) {
            continue;
        }
        if fault == Fault::Clocks && faketime().is_none() {
            eprintln!("libfaketime is not installed: clocks are left out");
            continue;
        }
        run(fault);
    }
}
