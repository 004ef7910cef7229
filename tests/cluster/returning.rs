//! What comes back: workers that stood still, clients that go on elsewhere, and wishes that nobody
//! heard.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use super::{
    assert_result,
    nats::{self, Nats},
    node, wait_for_workers,
};
use crate::support::{Daemon, folder, json, wait_until};

fn is_begun((name, data): &(String, Value)) -> bool {
    name == "stage" && data["phase"] == "started"
}

/// The names of a job's events after one, up to one, and the number of the last.
fn events_until(
    front: &Daemon,
    id: &str,
    after: &str,
    is_enough: impl Fn(&str) -> bool,
) -> (Vec<String>, String) {
    let path = format!("/v1/jobs/{id}/events");
    let answer = front.send("GET", &path, &[("last-event-id", after)], b"");
    let (mut names, mut last) = (Vec::new(), after.to_owned());
    if answer.status().as_u16() != 200 {
        return (names, last);
    }
    let lines = BufReader::new(answer.into_body().into_reader()).lines();
    let mut number = String::new();
    for line in lines.map_while(Result::ok) {
        if let Some(id) = line.strip_prefix("id: ") {
            id.clone_into(&mut number);
        } else if let Some(name) = line.strip_prefix("event: ") {
            names.push(name.to_owned());
        } else if line.is_empty() && !number.is_empty() {
            // Only what came whole was seen.
            last = std::mem::take(&mut number);
            if names.last().is_some_and(|name| is_enough(name)) {
                break;
            }
        }
    }
    (names, last)
}

fn running(worker: &Daemon) -> Value {
    json(&mut worker.get("/v1/system"))["queue"]["running"].clone()
}

#[test]
fn a_worker_that_stood_still_lets_go_of_what_another_has() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let front = node(folder.path(), "front", "front", &nats, &[]);
    let first = node(folder.path(), "worker-1", "worker", &nats, &[]);
    wait_for_workers(&front, 1);
    let long = front.submit_long();
    front.wait_for_stage(&long);
    first.signal("STOP");
    let second = node(folder.path(), "worker-2", "worker", &nats, &[]);
    let begun_twice = front.events(&long, "0").filter(is_begun).take(2).count();
    assert_eq!(begun_twice, 2);
    first.signal("CONT");
    wait_until("the first worker lets go", || running(&first) == 0);
    assert_eq!(running(&second), 1);
    let job = front.job(&long);
    assert_eq!(job["state"], "running", "{job}");
    front.post(&format!("/v1/jobs/{long}/cancel"), &[], "");
    let job = front.wait_for_end(&long);
    assert_ne!(job["state"], "failed", "{job}");
    let ends = front.events(&long, "0").filter(|(name, _)| name == "done");
    assert_eq!(ends.count(), 1);
    // Both work on.
    for _ in 0..4 {
        assert_result(&front, &front.submit("a house"));
    }
}

#[test]
fn events_go_on_at_another_front_while_a_server_dies() {
    if !nats::is_there() {
        return;
    }
    let (mut nats, folder) = (Nats::start(3), folder());
    let fronts = ["front-1", "front-2"].map(|name| node(folder.path(), name, "front", &nats, &[]));
    let _worker = node(folder.path(), "worker", "worker", &nats, &[]);
    for front in &fronts {
        wait_for_workers(front, 1);
    }
    let [one, other] = &fronts;
    let long = one.submit_long();
    one.wait_for_stage(&long);
    let (seen, last) = events_until(one, &long, "0", |name| name == "stage");
    assert_eq!(seen.first().map(String::as_str), Some("queued"));
    nats.servers[0].kill();
    // Whoever listens loses the connection at most, and asks again with the last that it saw.
    let mut rest = Vec::new();
    let mut last = last;
    let mut is_cancelled = false;
    wait_until("the last event comes", || {
        if !is_cancelled {
            let path = format!("/v1/jobs/{long}/cancel");
            is_cancelled = other.post(&path, &[], "").status().is_success();
        }
        let (more, to) = events_until(other, &long, &last, |name| name == "done");
        rest.extend(more);
        last = to;
        rest.last().is_some_and(|name| name == "done")
    });
    assert!(!rest.contains(&"queued".to_owned()), "{rest:?}");
    assert_eq!(rest.iter().filter(|name| *name == "done").count(), 1);
    // It was seen: nothing is told again, at either front.
    for front in &fronts {
        let (again, _) = events_until(front, &long, &last, |_| false);
        assert_eq!(again, Vec::<String>::new());
    }
}

#[test]
fn a_job_is_stopped_though_its_worker_is_cut_off() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let way = nats.way();
    let url = nats::url(way.iter().map(|proxy| proxy.port));
    let front = node(folder.path(), "front", "front", &nats, &[]);
    let far = [("CHAT2SVG__CLUSTER__URL", url.as_str())];
    let first = node(folder.path(), "worker-1", "worker", &nats, &far);
    wait_for_workers(&front, 1);
    let long = front.submit_long();
    front.wait_for_stage(&long);
    let second = node(folder.path(), "worker-2", "worker", &nats, &[]);
    wait_for_workers(&front, 2);
    way.iter().for_each(|proxy| proxy.cut(true));
    let answer = front.delete(&format!("/v1/jobs/{long}"));
    assert_eq!(answer.status().as_u16(), 202);
    // Another worker takes it up after the lease, and stops it.
    let job = front.wait_for_end(&long);
    assert_eq!(job["state"], "cancelled", "{job}");
    way.iter().for_each(|proxy| proxy.cut(false));
    wait_until("both workers are idle", || {
        running(&first) == 0 && running(&second) == 0
    });
    let ends = front.events(&long, "0").filter(|(name, _)| name == "done");
    assert_eq!(ends.count(), 1);
    assert_eq!(front.job(&long), job);
}
