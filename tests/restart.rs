//! What survives the process: jobs, their files, their keys and events; and stores that cannot be
//! used.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use crate::support::{
    Daemon, assert_svg, complaint, disc, folder, header, json, one_line, program, text,
};

const ENDED_WELL: [Option<&str>; 2] = [Some("succeeded"), Some("degraded")];

/// Posts a form for an asynchronous job; answers its id.
fn submit_form(daemon: &Daemon, path: &str, fields: &[(&str, &[u8])]) -> String {
    let mut answer = daemon.post_form(path, "respond-async", fields);
    assert_eq!(answer.status().as_u16(), 202);
    let id = json(&mut answer)["id"].as_str().unwrap().to_owned();
    assert_eq!(header(&answer, "location"), format!("/v1/jobs/{id}"));
    id
}

#[test]
fn jobs_of_every_kind_end_after_a_kill() {
    let folder = folder();
    // One at a time: most are still waiting when the process is killed.
    let settings = [("CHAT2SVG__SCHEDULER__MAX_CONCURRENT", "1")];
    let mut daemon = Daemon::start(folder.path(), &settings);
    let picture = disc(64);
    let template = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><g id="mine"><circle cx="30" cy="30" r="15" fill="#b33"/></g></svg>"##;
    let options: [(&str, &[u8]); 2] = [("level", b"low"), ("deadline_ms", b"120000")];
    let mut jobs: Vec<String> = ["a red car", "two cats on a table", "🦊"]
        .iter()
        .map(|prompt| daemon.submit(prompt))
        .collect();
    jobs.push(submit_form(
        &daemon,
        "/v1/vectorize",
        &[&options[..], &[("image", &picture)]].concat(),
    ));
    let refine: [(&str, &[u8]); 2] = [("template", template), ("target", &picture)];
    let refined = submit_form(&daemon, "/v1/refine", &[&options[..], &refine].concat());
    jobs.push(refined.clone());
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);

    let daemon = Daemon::start(folder.path(), &settings);
    for id in &jobs {
        let job = daemon.wait_for_end(id);
        assert!(ENDED_WELL.contains(&job["state"].as_str()), "{job}");
        let mut svg = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
        assert_eq!(svg.status().as_u16(), 200);
        assert_svg(&text(&mut svg));
        let last = daemon.events(id, "0").last();
        assert_eq!(last.map(|(name, _)| name).as_deref(), Some("done"));
    }
    let svg = text(&mut daemon.get(&format!("/v1/jobs/{refined}/result.svg")));
    assert!(
        svg.contains("id=\"mine\""),
        "layers keep their names: {svg}"
    );
    let listed = json(&mut daemon.get("/v1/jobs"));
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(jobs.len()));
    daemon.assert_unharmed();
}

#[test]
fn a_job_that_brings_the_service_down_is_given_up() {
    let folder = folder();
    let settings = [("CHAT2SVG__CONTROLLER__MAX_ATTEMPTS", "1")];
    let mut daemon = Daemon::start(folder.path(), &settings);
    let id = daemon.submit_long();
    daemon.wait_for_stage(&id);
    for _ in 0..2 {
        if !matches!(
            daemon.job(&id)["state"].as_str(),
            Some("queued" | "running")
        ) {
            break;
        }
        daemon.signal("KILL");
        daemon.wait();
        drop(daemon);
        daemon = Daemon::start(folder.path(), &settings);
    }
    let job = daemon.wait_for_end(&id);
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["failure"]["code"], "abandoned", "{job}");
    let answer = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
    let told = crate::support::problem(answer, 500, "job-failed");
    assert!(
        told["detail"].as_str().unwrap().contains("restarted"),
        "{told}"
    );
}

#[test]
fn results_keys_and_cancellations_survive_a_restart() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[]);
    let headers = [("idempotency-key", "order-7")];
    let body = r#"{"prompt": "a boat", "level": "minimal", "deadline_ms": 60000}"#;
    let first = json(&mut daemon.post("/v1/svg", &headers, body));
    let cancelled = daemon.submit_long();
    daemon.wait_for_stage(&cancelled);
    daemon.delete(&format!("/v1/jobs/{cancelled}"));
    daemon.wait_for_end(&cancelled);
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);

    let daemon = Daemon::start(folder.path(), &[]);
    let mut again = daemon.post("/v1/svg", &headers, body);
    assert_eq!(header(&again, "idempotent-replayed"), "true");
    let again = json(&mut again);
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["svg_content"], first["svg_content"]);
    let other = daemon.post("/v1/svg", &headers, r#"{"prompt": "a plane"}"#);
    crate::support::problem(other, 422, "idempotency-conflict");
    assert_eq!(daemon.job(&cancelled)["state"], "cancelled");
}

#[test]
fn events_have_numbers_and_go_on_after_the_last_that_was_seen() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = daemon.submit("a house on a hill");
    daemon.wait_for_end(&id);
    let all = numbered_events(&daemon, &id, None);
    let numbers: Vec<u64> = all.iter().map(|(number, _, _)| *number).collect();
    assert_eq!(numbers[0], 1);
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    for (_, name, data) in &all {
        assert_eq!(data["job"], id, "{name}");
        if name == "preview" {
            assert_svg(data["svg"].as_str().unwrap());
        }
    }
    let middle = all.len() / 2;
    let rest = numbered_events(&daemon, &id, Some(numbers[middle]));
    assert_eq!(rest, all[middle + 1..]);
    let seen = [("last-event-id", &*numbers[numbers.len() - 1].to_string())];
    let spent = daemon.send("GET", &format!("/v1/jobs/{id}/events"), &seen, b"");
    assert_eq!(spent.status().as_u16(), 204);
}

/// All events of an ended job after a number: their numbers, names and data.
fn numbered_events(daemon: &Daemon, id: &str, after: Option<u64>) -> Vec<(u64, String, Value)> {
    let after = after.map(|number| number.to_string());
    let headers: Vec<_> = after
        .iter()
        .map(|number| ("last-event-id", &**number))
        .collect();
    let answer = daemon.send("GET", &format!("/v1/jobs/{id}/events"), &headers, b"");
    assert_eq!(header(&answer, "content-type"), "text/event-stream");
    let (mut number, mut name, mut events) = (0, String::new(), Vec::new());
    for line in BufReader::new(answer.into_body().into_reader()).lines() {
        let line = line.unwrap();
        match line.split_once(": ") {
            Some(("id", value)) => number = value.parse().unwrap(),
            Some(("event", value)) => value.clone_into(&mut name),
            Some(("data", value)) => {
                events.push((number, name.clone(), serde_json::from_str(value).unwrap()));
            }
            _ => {}
        }
    }
    events
}

#[test]
fn a_stop_waits_neither_for_listeners_nor_for_slow_senders() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[("CHAT2SVG__PROCESS__DRAIN_SECONDS", "1")]);
    let id = daemon.submit_long();
    let mut events = daemon.events(&id, "0");
    assert!(events.any(|(name, data)| name == "stage" && data["phase"] == "started"));
    let mut slow = TcpStream::connect(&daemon.address).unwrap();
    slow.write_all(b"POST /v1/svg HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{")
        .unwrap();
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(
        events.all(|(name, _)| name != "done"),
        "the job goes on after the next start"
    );
    drop(daemon);

    let daemon = Daemon::start(folder.path(), &[]);
    assert!(matches!(
        daemon.job(&id)["state"].as_str(),
        Some("queued" | "running")
    ));
    assert_eq!(
        daemon.delete(&format!("/v1/jobs/{id}")).status().as_u16() / 100,
        2
    );
    assert_eq!(daemon.wait_for_end(&id)["state"], "cancelled");
}

#[test]
fn a_store_that_is_none_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join("jobs.db");
    let serve = || {
        let mut command = program(["serve", "--listen", "127.0.0.1:0"]);
        command.env("CHAT2SVG__LOG__FILTER", "off");
        command.env("CHAT2SVG__STORE__PATH", &path);
        command
    };
    fs::write(&path, "notes of mine, no database, ".repeat(300)).unwrap();
    let before = fs::read(&path).unwrap();
    let told = complaint(&mut serve(), 1);
    assert!(
        told.contains("jobs.db") && told.contains("not a database"),
        "{told}"
    );
    one_line(&told);
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let told = complaint(&mut serve(), 1);
    assert!(told.contains("jobs.db"), "{told}");
    one_line(&told);
}

#[test]
fn the_store_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    daemon.wait_for_end(&daemon.submit("a house"));
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("jobs.db") {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
            seen += 1;
        }
    }
    assert!(seen >= 1);
}

#[test]
fn the_daemon_leaves_no_core_dump() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
}
