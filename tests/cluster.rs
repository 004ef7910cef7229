//! Many nodes: the real program, several times, on real NATS servers.

mod callers;
mod faults;
mod figures;
mod losses;
mod nats;
mod proxy;
mod returning;

use std::path::Path;

use serde_json::Value;

use self::nats::Nats;
use crate::support::{
    Daemon, HOUSE, assert_svg, disc, folder, header, json, problem, program, success, text,
    wait_until,
};

const ENDED_WELL: [Option<&str>; 2] = [Some("succeeded"), Some("degraded")];

/// Starts a node in a folder of its own.
fn node(folder: &Path, name: &str, role: &str, nats: &Nats, settings: &[(&str, &str)]) -> Daemon {
    let own = folder.join(name);
    std::fs::create_dir_all(&own).unwrap();
    let url = nats.url();
    let replicas = nats.servers.len().to_string();
    let mut all = vec![
        ("CHAT2SVG__CLUSTER__URL", url.as_str()),
        ("CHAT2SVG__CLUSTER__NODE", name),
        ("CHAT2SVG__CLUSTER__ROLE", role),
        ("CHAT2SVG__CLUSTER__REPLICAS", replicas.as_str()),
        ("CHAT2SVG__CLUSTER__LEASE_SECONDS", "3"),
        ("CHAT2SVG__PROCESS__THREADS", "1"),
    ];
    all.extend_from_slice(settings);
    Daemon::start(&own, &all)
}

fn submit_form(daemon: &Daemon, path: &str, fields: &[(&str, &[u8])]) -> String {
    let mut answer = daemon.post_form(path, "respond-async", fields);
    assert_eq!(answer.status().as_u16(), 202);
    json(&mut answer)["id"].as_str().unwrap().to_owned()
}

/// A front that knows of workers: without any it would turn jobs away.
fn wait_for_workers(front: &Daemon, count: usize) {
    wait_until("the front knows the workers", || {
        let system = json(&mut front.get("/v1/system"));
        let nodes = system["nodes"].as_array().cloned().unwrap_or_default();
        let works = |node: &&Value| node["role"] != "front";
        nodes.iter().filter(works).count() >= count
    });
}

fn assert_result(daemon: &Daemon, id: &str) {
    let job = daemon.wait_for_end(id);
    assert!(ENDED_WELL.contains(&job["state"].as_str()), "{job}");
    let mut svg = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
    assert_eq!(svg.status().as_u16(), 200);
    assert_svg(&text(&mut svg));
}

#[test]
fn the_doctor_looks_at_the_cluster() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let look = || {
        let mut doctor = program(["doctor"]);
        doctor
            .env("CHAT2SVG__CLUSTER__URL", nats.url())
            .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
        String::from_utf8(success(&mut doctor).stdout).unwrap()
    };
    let told = look();
    assert!(told.contains("no node has been there yet"), "{told}");
    let _node = node(folder.path(), "here", "all", &nats, &[]);
    let told = look();
    assert!(told.contains("replicas: 1; nodes: here"), "{told}");
}

#[test]
fn servers_may_ask_for_a_login() {
    if !nats::is_there() {
        return;
    }
    let kind = nats::Kind {
        login: Some(("chat2svg", "sesame-7")),
        ..nats::Kind::default()
    };
    let (nats, folder) = (Nats::of_kind(1, kind), folder());
    let file = folder.path().join("login");
    std::fs::write(&file, "chat2svg:sesame-7\n").unwrap();
    let place = [("CHAT2SVG__CLUSTER__LOGIN_FILE", file.to_str().unwrap())];
    let daemon = node(folder.path(), "here", "all", &nats, &place);
    wait_for_workers(&daemon, 1);
    assert_result(&daemon, &daemon.submit("a red car"));

    // Elsewhere a password has no place: settings are shown.
    let with_password = nats.url().replacen("127", "chat2svg:sesame-7@127", 1);
    let mut config = program(["config"]);
    let output = config.env("CHAT2SVG__CLUSTER__URL", with_password).output();
    let told = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(
        told.contains("cluster.url") && told.contains("login_file"),
        "{told}"
    );
    assert!(!told.contains("sesame"), "{told}");
}

#[test]
fn two_fronts_and_two_workers_are_one_service() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let fronts = ["front-1", "front-2"].map(|name| node(folder.path(), name, "front", &nats, &[]));
    let workers =
        ["worker-1", "worker-2"].map(|name| node(folder.path(), name, "worker", &nats, &[]));
    let [one, other] = &fronts;
    wait_for_workers(one, 2);
    wait_for_workers(other, 2);

    // A job on each path, asked of one front and read at the other.
    let picture = disc(64);
    let template = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><g id="mine"><circle cx="30" cy="30" r="15" fill="#b33"/></g></svg>"##;
    let options: [(&str, &[u8]); 2] = [("level", b"minimal"), ("deadline_ms", b"120000")];
    let image: [(&str, &[u8]); 1] = [("image", &picture)];
    let pair: [(&str, &[u8]); 2] = [("template", template), ("target", &picture)];
    let jobs = [
        one.submit("a red car"),
        submit_form(one, "/v1/vectorize", &[&options[..], &image].concat()),
        submit_form(one, "/v1/refine", &[&options[..], &pair].concat()),
    ];
    for id in &jobs {
        assert_result(other, id);
    }

    let batch = HOUSE.replace('{', r#"{"priority": "batch", "#);
    let mut answer = one.post("/v1/svg", &[("prefer", "respond-async")], batch);
    assert_eq!(answer.status().as_u16(), 202);
    assert_result(other, json(&mut answer)["id"].as_str().unwrap());

    // Events at both fronts, and on from where a client was.
    let at_one: Vec<(String, Value)> = one.events(&jobs[0], "0").collect();
    let at_other: Vec<(String, Value)> = other.events(&jobs[0], "0").collect();
    assert_eq!(at_one, at_other);
    let names: Vec<&str> = at_one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"queued"), "{names:?}");
    assert_eq!(names.last(), Some(&"done"), "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == "done").count(), 1);

    // The same request at the other front finds the first one's job; another one is refused.
    let key = [("idempotency-key", "k"), ("prefer", "respond-async")];
    let first = one.post("/v1/svg", &key, HOUSE);
    let second = other.post("/v1/svg", &key, HOUSE);
    assert_eq!(header(&first, "x-job-id"), header(&second, "x-job-id"));
    assert_eq!(header(&second, "idempotent-replayed"), "true");
    let id = header(&first, "x-job-id").to_owned();
    let different = other.post("/v1/svg", &key, HOUSE.replace("house", "boat"));
    problem(different, 422, "idempotency-conflict");
    assert_result(one, &id);

    // Lists are the same, and what is removed here is gone there.
    let listed = |front: &Daemon| json(&mut front.get("/v1/jobs"))["jobs"].clone();
    wait_until("both fronts list all jobs", || {
        let lists = [listed(one), listed(other)];
        lists[0] == lists[1] && lists[0].as_array().is_some_and(|jobs| jobs.len() == 5)
    });
    assert_eq!(one.delete(&format!("/v1/jobs/{id}")).status().as_u16(), 204);
    problem(other.get(&format!("/v1/jobs/{id}")), 404, "job-not-found");

    for daemon in fronts.iter().chain(&workers) {
        daemon.assert_unharmed();
    }
}

#[test]
fn a_job_is_stopped_from_any_front_while_it_waits_and_while_it_runs() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let one_at_a_time = [("CHAT2SVG__CLUSTER__JOBS_PER_WORKER", "1")];
    let both = node(folder.path(), "both", "all", &nats, &one_at_a_time);
    let front = node(folder.path(), "front", "front", &nats, &[]);
    wait_for_workers(&front, 1);
    wait_for_workers(&both, 1);
    let running = both.submit_long();
    front.wait_for_stage(&running);
    let waiting = front.submit("a boat");
    for id in [&waiting, &running] {
        let answer = front.delete(&format!("/v1/jobs/{id}"));
        assert_eq!(answer.status().as_u16(), 202);
        let job = both.wait_for_end(id);
        assert_eq!(job["state"], "cancelled");
        let last = front.events(id, "0").last();
        assert_eq!(last.map(|(name, _)| name).as_deref(), Some("done"));
    }
    // There is room again.
    assert_result(&front, &front.submit("a house"));
}

#[test]
fn a_worker_that_dies_loses_no_job() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let front = node(folder.path(), "front", "front", &nats, &[]);
    let mut first = node(folder.path(), "worker-1", "worker", &nats, &[]);
    wait_for_workers(&front, 1);
    let long = front.submit_long();
    front.wait_for_stage(&long);
    let waiting: Vec<String> = (0..3).map(|_| front.submit("a house")).collect();
    first.signal("KILL");
    first.wait();
    let _second = node(folder.path(), "worker-2", "worker", &nats, &[]);
    for id in &waiting {
        assert_result(&front, id);
    }
    // The one that ran begins again there, and its events follow those of the first.
    let begun = |(name, data): &(String, Value)| name == "stage" && data["phase"] == "started";
    let begun_twice = front.events(&long, "0").filter(begun).take(2).count();
    assert_eq!(begun_twice, 2);
    front.post(&format!("/v1/jobs/{long}/cancel"), &[], "");
    let job = front.wait_for_end(&long);
    assert_ne!(job["state"], "failed", "{job}");
}

#[test]
fn a_worker_that_stops_gives_back_what_it_has() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let front = node(folder.path(), "front", "front", &nats, &[]);
    let quick = [
        ("CHAT2SVG__PROCESS__DRAIN_SECONDS", "1"),
        ("CHAT2SVG__SCHEDULER__MAX_CONCURRENT", "1"),
        // Whoever gives back in form needs no lease to run out.
        ("CHAT2SVG__CLUSTER__LEASE_SECONDS", "600"),
    ];
    let mut first = node(folder.path(), "worker-1", "worker", &nats, &quick);
    wait_for_workers(&front, 1);
    let long = front.submit_long();
    front.wait_for_stage(&long);
    let waiting: Vec<String> = (0..2).map(|_| front.submit("a house")).collect();
    first.signal("TERM");
    assert!(first.wait().success());
    let _second = node(folder.path(), "worker-2", "worker", &nats, &quick);
    for id in &waiting {
        assert_result(&front, id);
    }
    front.post(&format!("/v1/jobs/{long}/cancel"), &[], "");
    let job = front.wait_for_end(&long);
    assert_ne!(job["state"], "failed", "{job}");
}

#[test]
fn what_was_accepted_survives_the_end_of_everything() {
    if !nats::is_there() {
        return;
    }
    let (mut nats, folder) = (Nats::start(1), folder());
    let mut all = node(folder.path(), "all", "all", &nats, &[]);
    wait_for_workers(&all, 1);
    let jobs: Vec<String> = (0..4).map(|_| all.submit("a house")).collect();
    all.signal("KILL");
    all.wait();
    nats.servers[0].kill();
    nats.servers[0].start();
    nats.servers[0].wait();
    let again = node(folder.path(), "all", "all", &nats, &[]);
    for id in &jobs {
        assert_result(&again, id);
    }
}

#[test]
fn a_front_without_its_cluster_says_so_and_comes_back() {
    if !nats::is_there() {
        return;
    }
    let (mut nats, folder) = (Nats::start(1), folder());
    let all = node(folder.path(), "all", "all", &nats, &[]);
    wait_for_workers(&all, 1);
    let id = all.submit("a house");
    nats.servers[0].kill();
    wait_until("the front is not ready", || {
        all.get("/readyz").status().as_u16() == 503
    });
    let refused = all.post("/v1/svg", &[("prefer", "respond-async")], HOUSE);
    assert_eq!(refused.status().as_u16(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    nats.servers[0].start();
    wait_until("the front is ready again", || {
        all.get("/readyz").status().as_u16() == 200
    });
    assert_result(&all, &id);
    wait_for_workers(&all, 1);
    assert_result(&all, &all.submit("a boat"));
}
