//! What a fault costs: jobs under load while a process is killed. By hand, with figures:
//!
//! ```sh
//! cargo test --release -p chat2svg --test end_to_end -- --ignored --nocapture cluster::faults
//! ```

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{ENDED_WELL, nats::Nats, node, wait_for_workers};
use crate::support::{Daemon, assert_svg, folder, json, text};

/// Jobs of one run.
const JOBS: usize = 60;
/// Between two jobs.
const PAUSE: Duration = Duration::from_millis(150);
/// The job after which the fault happens.
const FAULT_AFTER: usize = 20;

#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Worker,
    Front,
    Server,
}

/// Hands a job in at one of the fronts, at the next when one is gone. A job with a key is made
/// once.
fn submit(fronts: &[Daemon], number: usize) -> String {
    let give_up = Instant::now() + Duration::from_secs(60);
    let body = serde_json::json!({
        "prompt": "a house", "level": "minimal", "deadline_ms": 60_000, "seed": number,
    });
    let key = format!("job-{number}");
    let headers = [
        ("prefer", "respond-async"),
        ("idempotency-key", key.as_str()),
    ];
    for attempt in number.. {
        let front = &fronts[attempt % fronts.len()];
        if let Some(mut answer) = front.try_post("/v1/svg", &headers, &body.to_string())
            && answer.status().as_u16() == 202
        {
            return json(&mut answer)["id"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < give_up, "no front takes a job");
        thread::sleep(Duration::from_millis(100));
    }
    unreachable!("the loop has no end")
}

/// Seconds from a job's acceptance to its end.
fn seconds(job: &Value) -> f64 {
    let time = |key: &str| -> jiff::Timestamp { job[key].as_str().unwrap().parse().unwrap() };
    (time("updated_at").as_millisecond() - time("created_at").as_millisecond()) as f64 / 1000.0
}

fn run(fault: Fault) {
    let (mut nats, folder) = (Nats::start(3), folder());
    let mut fronts: Vec<Daemon> = ["front-1", "front-2"]
        .map(|name| node(folder.path(), name, "front", &nats, &[]))
        .into();
    let workers: Vec<Daemon> = ["worker-1", "worker-2", "worker-3"]
        .map(|name| node(folder.path(), name, "worker", &nats, &[]))
        .into();
    for front in &fronts {
        wait_for_workers(front, 3);
    }
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        if number == FAULT_AFTER {
            match fault {
                Fault::None => {}
                Fault::Worker => workers[0].signal("KILL"),
                Fault::Front => fronts[0].signal("KILL"),
                Fault::Server => nats.servers[0].kill(),
            }
        }
        jobs.push(submit(&fronts, number));
        thread::sleep(PAUSE);
    }
    let front = fronts.remove(1);
    let mut times: Vec<f64> = jobs
        .iter()
        .map(|id| {
            let job = front.wait_for_end(id);
            assert!(ENDED_WELL.contains(&job["state"].as_str()), "{job}");
            assert_svg(&text(&mut front.get(&format!("/v1/jobs/{id}/result.svg"))));
            let ends = front.events(id, "0").filter(|(name, _)| name == "done");
            assert_eq!(ends.count(), 1, "{id} ended more than once");
            seconds(&job)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    eprintln!(
        "{fault:?}: {} jobs, median {:.2} s, p99 {:.2} s, longest {:.2} s",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

#[test]
#[ignore = "takes minutes; prints figures"]
fn every_accepted_job_ends_once() {
    if super::nats::is_there() {
        for fault in [Fault::None, Fault::Worker, Fault::Front, Fault::Server] {
            run(fault);
        }
    }
}
