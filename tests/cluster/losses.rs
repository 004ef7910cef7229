//! What is lost in NATS all the same, as after an incomplete backup.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
};

use super::{
    nats::{self, Kind, Nats},
    node, submit_form, wait_for_workers,
};
use crate::support::{PATIENCE, assert_svg, disc, folder, problem, text, wait_until};

/// Removes everything from a stream, over NATS's own protocol.
fn purge(nats: &Nats, stream: &str) {
    let connection = TcpStream::connect(("127.0.0.1", nats.servers[0].port)).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "CONNECT {{\"verbose\":false}}\r\nSUB answers 1\r\nPUB $JS.API.STREAM.PURGE.{stream} answers 0\r\n\r\n"
    );
    (&connection).write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("MSG answers")));
    assert!(lines.next().unwrap().contains("\"success\":true"));
}

#[test]
fn a_job_whose_file_is_lost_fails_and_says_so() {
    if !nats::is_there() {
        return;
    }
    let (nats, folder) = (Nats::start(1), folder());
    let one_at_a_time = [("CHAT2SVG__CLUSTER__JOBS_PER_WORKER", "1")];
    let all = node(folder.path(), "all", "all", &nats, &one_at_a_time);
    wait_for_workers(&all, 1);
    let long = all.submit_long();
    all.wait_for_stage(&long);
    let picture = disc(64);
    let waiting = submit_form(&all, "/v1/vectorize", &[("image", &picture)]);
    purge(&nats, "chat2svg-v1-blobs");
    all.post(&format!("/v1/jobs/{long}/cancel"), &[], "");
    let job = all.wait_for_end(&waiting);
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["failure"]["code"], "unreadable", "{job}");
    let events = all.events(&waiting, "0");
    assert_eq!(events.filter(|(name, _)| name == "done").count(), 1);
    let answer = all.get(&format!("/v1/jobs/{waiting}/result.svg"));
    assert_ne!(answer.status().as_u16(), 200);
}

#[test]
fn a_job_whose_result_is_lost_runs_again() {
    if !nats::is_there() {
        return;
    }
    let small = Kind {
        has_small_messages: true,
        ..Kind::default()
    };
    let (nats, folder) = (Nats::of_kind(1, small), folder());
    let fronts = ["front-1", "front-2"].map(|name| node(folder.path(), name, "front", &nats, &[]));
    let _worker = node(folder.path(), "worker", "worker", &nats, &[]);
    let [one, other] = &fronts;
    wait_for_workers(one, 1);
    // Large enough to be a file.
    let prompt = "a red fox under a green tree at sunset with a crowd of people and a castle";
    let id = one.submit(prompt);
    one.wait_for_end(&id);
    let path = format!("/v1/jobs/{id}/result.svg");
    assert_svg(&text(&mut one.get(&path)));
    purge(&nats, "chat2svg-v1-blobs");
    let refused = other.get(&path);
    assert!(refused.headers().contains_key("retry-after"));
    problem(refused, 503, "unavailable");
    let mut again = String::new();
    wait_until("the result is there again", || {
        let mut answer = other.get(&path);
        again = text(&mut answer);
        answer.status().as_u16() == 200
    });
    assert_svg(&again);
    let events = other.events(&id, "0");
    assert_eq!(events.filter(|(name, _)| name == "done").count(), 1);
}
