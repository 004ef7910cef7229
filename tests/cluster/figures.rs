//! What the cluster costs beside the embedded store, and what more workers bring. By hand:
//!
//! ```sh
//! cargo test --release -p chat2svg --test end_to_end -- --ignored --nocapture cluster::figures
//! ```

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    nats::{self, Nats},
    node, wait_for_workers,
};
use crate::support::{Daemon, folder, text};

/// Requests one after the other to each kind of service.
const REQUESTS: usize = 200;
/// Requests at once, where the workers are to be busy.
const CALLERS: usize = 8;
/// How long they are.
const SPAN: Duration = Duration::from_secs(15);

/// A service: one process with its own store, or a front with workers.
struct Service {
    name: String,
    front: Daemon,
    _workers: Vec<Daemon>,
    _nats: Option<Nats>,
    _folder: TempDir,
}

impl Service {
    fn embedded() -> Self {
        let folder = folder();
        Self {
            name: "embedded store".to_owned(),
            front: Daemon::start(folder.path(), &[("CHAT2SVG__PROCESS__THREADS", "1")]),
            _workers: Vec::new(),
            _nats: None,
            _folder: folder,
        }
    }

    fn cluster(servers: usize, count: usize) -> Self {
        let (nats, folder) = (Nats::start(servers), folder());
        let front = node(folder.path(), "front", "front", &nats, &[]);
        let workers: Vec<Daemon> = (0..count)
            .map(|index| {
                node(
                    folder.path(),
                    &format!("worker-{index}"),
                    "worker",
                    &nats,
                    &[],
                )
            })
            .collect();
        wait_for_workers(&front, count);
        let number = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        Self {
            name: format!(
                "{}, {}",
                number(servers, "NATS server"),
                number(count, "worker")
            ),
            front,
            _workers: workers,
            _nats: Some(nats),
            _folder: folder,
        }
    }

    /// Has a picture drawn; answers how long it took.
    fn draw(&self, body: &str) -> Duration {
        let begun = Instant::now();
        let mut answer = self
            .front
            .post("/v1/svg", &[("accept", "image/svg+xml")], body);
        assert_eq!(answer.status().as_u16(), 200, "{}", text(&mut answer));
        assert!(text(&mut answer).contains("</svg>"));
        begun.elapsed()
    }
}

fn body(level: &str, seed: usize) -> String {
    let prompt = "a red fox under a green tree at sunset";
    serde_json::json!({"prompt": prompt, "level": level, "deadline_ms": 60_000, "seed": seed})
        .to_string()
}

#[test]
#[ignore = "takes a minute; prints figures"]
fn overhead_per_job() {
    if !nats::is_there() {
        return;
    }
    let services = [
        Service::embedded(),
        Service::cluster(1, 1),
        Service::cluster(3, 1),
    ];
    let mut times = vec![Vec::new(); services.len()];
    // In turns, so that what else the machine does falls on all alike.
    for number in 0..REQUESTS {
        for (service, times) in services.iter().zip(&mut times) {
            let time = service.draw(&body("minimal", number));
            if number >= REQUESTS / 10 {
                times.push(time.as_secs_f64() * 1000.0);
            }
        }
    }
    eprintln!("| store | median | p95 | more than embedded, median |");
    eprintln!("|---|---|---|---|");
    let mut least = None;
    for (service, times) in services.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let (median, high) = (times[times.len() / 2], times[times.len() * 19 / 20]);
        let least = *least.get_or_insert(median);
        let more = median - least;
        eprintln!(
            "| {} | {median:.1} ms | {high:.1} ms | {more:.1} ms |",
            service.name
        );
    }
}

#[test]
#[ignore = "takes minutes; prints figures"]
fn throughput_by_workers() {
    if !nats::is_there() {
        return;
    }
    eprintln!("| store | jobs a second, minimal | jobs a second, high |");
    eprintln!("|---|---|---|");
    for workers in 0..=3 {
        let service = match workers {
            0 => Service::embedded(),
            workers => Service::cluster(3, workers),
        };
        let [minimal, high] = ["minimal", "high"].map(|level| rate(&service, level));
        eprintln!("| {} | {minimal:.1} | {high:.1} |", service.name);
    }
}

/// Jobs a second while there are always some to do.
fn rate(service: &Service, level: &str) -> f64 {
    service.draw(&body(level, 0));
    let ended = AtomicUsize::new(0);
    let begun = Instant::now();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let ended = &ended;
            scope.spawn(move || {
                for number in 0.. {
                    if begun.elapsed() > SPAN {
                        return;
                    }
                    service.draw(&body(level, 1 + caller + CALLERS * number));
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    ended.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}
