//! Who may see what, and who waits for whom, at all fronts alike.

use serde_json::Value;

use super::{
    ENDED_WELL,
    nats::{self, Nats},
    node,
};
use crate::support::{
    Daemon, HOUSE, crowd, folder, form, json, long_fields, problem, text, wait_until,
};

const ALICE: &str = "alice-0123456789abcdef";
const BOB: &str = "bob-0123456789abcdef";
const KEYS: (&str, &str) = (
    "CHAT2SVG_API_KEYS",
    "alice=alice-0123456789abcdef,bob=bob-0123456789abcdef",
);

fn wait_for_workers_as(front: &Daemon, key: &str) {
    wait_until("the front knows the worker", || {
        let mut answer = front.send("GET", "/v1/system", &[("x-api-key", key)], b"");
        json(&mut answer)["nodes"]
            .as_array()
            .is_some_and(|nodes| nodes.iter().any(|node| node["role"] != "front"))
    });
}

/// Hands a job in; answers its id.
fn submit(front: &Daemon, key: &str, more: &[(&str, &str)]) -> String {
    let own = [("x-api-key", key), ("prefer", "respond-async")];
    let mut answer = front.post("/v1/svg", &[&own, more].concat(), HOUSE);
    let status = answer.status().as_u16();
    let body = text(&mut answer);
    assert_eq!(status, 202, "{body}");
    let job: Value = serde_json::from_str(&body).unwrap();
    job["id"].as_str().unwrap().to_owned()
}

fn job_of(front: &Daemon, key: &str, id: &str) -> Value {
    let path = format!("/v1/jobs/{id}");
    json(&mut front.send("GET", &path, &[("x-api-key", key)], b""))
}

fn wait_for_end(front: &Daemon, key: &str, id: &str) -> Value {
    let mut job = Value::Null;
    wait_until("the job ends", || {
        job = job_of(front, key, id);
        !matches!(job["state"].as_str(), Some("queued" | "running"))
    });
    job
}

#[test]
fn owners_are_apart_at_every_front() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let fronts =
        ["front-1", "front-2"].map(|name| node(folder.path(), name, "front", &nats, &[KEYS]));
    let _worker = node(folder.path(), "worker", "worker", &nats, &[]);
    for front in &fronts {
        wait_for_workers_as(front, ALICE);
    }
    let [one, other] = &fronts;
    let key = [("idempotency-key", "k")];
    let id = submit(one, ALICE, &key);
    wait_for_end(other, ALICE, &id);

    for front in &fronts {
        for (method, path) in [
            ("GET", format!("/v1/jobs/{id}")),
            ("GET", format!("/v1/jobs/{id}/events")),
            ("GET", format!("/v1/jobs/{id}/result.svg")),
            ("GET", format!("/v1/jobs/{id}/result.png")),
            ("POST", format!("/v1/jobs/{id}/cancel")),
            ("DELETE", format!("/v1/jobs/{id}")),
        ] {
            let answer = front.send(method, &path, &[("x-api-key", BOB)], b"");
            problem(answer, 404, "job-not-found");
            let answer = front.send(method, &path, &[], b"");
            assert_eq!(answer.status().as_u16(), 401, "{method} {path}");
        }
        let listed = |key: &str| {
            let mut answer = front.send("GET", "/v1/jobs", &[("x-api-key", key)], b"");
            json(&mut answer)["jobs"].as_array().unwrap().len()
        };
        assert_eq!(listed(BOB), 0);
        wait_until("the front lists the job", || listed(ALICE) == 1);
    }

    // The same idempotency key of somebody else is another one, at either front.
    assert_eq!(submit(other, ALICE, &key), id);
    let of_bob = submit(other, BOB, &key);
    assert_ne!(of_bob, id);
    assert_eq!(submit(one, BOB, &key), of_bob);
    wait_for_end(one, BOB, &of_bob);

    // A token of one front is taken by the other, for what it is for.
    let wanted = format!(r#"{{"job": "{id}"}}"#);
    let mut answer = one.post("/v1/tokens", &[("x-api-key", ALICE)], wanted);
    let token = json(&mut answer)["token"].as_str().unwrap().to_owned();
    let with_token = |id: &str| format!("/v1/jobs/{id}/result.svg?token={token}");
    for front in &fronts {
        assert_eq!(front.get(&with_token(&id)).status().as_u16(), 200);
        assert_eq!(front.get(&with_token(&of_bob)).status().as_u16(), 401);
    }
}

#[test]
fn nobody_waits_behind_all_jobs_of_another() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let front = node(folder.path(), "front", "front", &nats, &[KEYS]);
    let one_at_a_time = [("CHAT2SVG__CLUSTER__JOBS_PER_WORKER", "1")];
    let _worker = node(folder.path(), "worker", "worker", &nats, &one_at_a_time);
    wait_for_workers_as(&front, ALICE);
    // Keeps the worker busy while the others come.
    let picture = crowd(512);
    let body = form(&long_fields(&picture));
    let headers = [
        ("x-api-key", ALICE),
        ("prefer", "respond-async"),
        ("content-type", "multipart/form-data; boundary=edge"),
    ];
    let mut answer = front.send("POST", "/v1/vectorize", &headers, &body);
    assert_eq!(answer.status().as_u16(), 202);
    let long = json(&mut answer)["id"].as_str().unwrap().to_owned();
    wait_until("the long job runs", || {
        job_of(&front, ALICE, &long)["state"] == "running"
    });
    let many: Vec<String> = (0..30).map(|_| submit(&front, ALICE, &[])).collect();
    let single = submit(&front, BOB, &[]);
    let path = format!("/v1/jobs/{long}/cancel");
    front.send("POST", &path, &[("x-api-key", ALICE)], b"");

    let ended = |key: &str, id: &str| -> jiff::Timestamp {
        let job = wait_for_end(&front, key, id);
        assert!(ENDED_WELL.contains(&job["state"].as_str()), "{job}");
        job["updated_at"].as_str().unwrap().parse().unwrap()
    };
    let single = ended(BOB, &single);
    let later = many.iter().filter(|id| ended(ALICE, id) > single).count();
    // Four of them at most were in line before it.
    assert!(later >= 20, "{later} of 30 ended later");
}

#[test]
fn a_quota_is_one_for_all_fronts() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let key = crate::keys::make(folder.path(), &["few", "--per-day", "3"]);
    let file = folder.path().join("chat2svg-keys.toml");
    let file = file.display().to_string();
    let keys = [("CHAT2SVG__AUTH__KEYS_FILE", file.as_str())];
    let fronts =
        ["front-1", "front-2"].map(|name| node(folder.path(), name, "front", &nats, &keys));
    let _worker = node(folder.path(), "worker", "worker", &nats, &[]);
    for front in &fronts {
        wait_for_workers_as(front, &key);
    }
    let [one, other] = &fronts;
    for front in [one, other, one] {
        submit(front, &key, &[]);
    }
    for front in &fronts {
        let headers = [("x-api-key", key.as_str()), ("prefer", "respond-async")];
        let answer = front.post("/v1/svg", &headers, HOUSE);
        problem(answer, 429, "rate-limited");
    }
}
