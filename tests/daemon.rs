//! The daemon's life: killed, stopped, refused.

use std::{net::TcpListener, os::unix::net::UnixDatagram, thread, time::Duration};

use crate::support::{Daemon, PATIENCE, assert_svg, complaint, folder, json, program, text};

#[test]
fn a_killed_daemon_loses_no_accepted_job() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[]);
    let prompts = [
        "a red car",
        "two cats on a table",
        "a castle on a hill",
        "a ship at night",
    ];
    let jobs: Vec<String> = prompts.iter().map(|prompt| daemon.submit(prompt)).collect();
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);

    let daemon = Daemon::start(folder.path(), &[]);
    for id in &jobs {
        let job = daemon.wait_for_end(id);
        assert!(
            matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
            "{job}"
        );
        assert_svg(&text(&mut daemon.get(&format!("/v1/jobs/{id}/result.svg"))));
    }
}

#[test]
fn a_stopped_daemon_finishes_what_it_has_begun() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[]);
    let (address, id) = thread::scope(|scope| {
        let begun = daemon.submit("a lighthouse by the sea");
        let waiting = scope.spawn(|| {
            let body = r#"{"prompt": "a tree in the snow", "deadline_ms": 60000}"#;
            let mut answer = daemon.post("/v1/svg", &[], body);
            (answer.status().as_u16(), json(&mut answer))
        });
        // The request is on its way once there are two jobs.
        while json(&mut daemon.get("/v1/jobs"))["jobs"]
            .as_array()
            .map(Vec::len)
            < Some(2)
        {
            thread::sleep(Duration::from_millis(5));
        }
        daemon.signal("TERM");
        let (status, result) = waiting.join().unwrap();
        assert_eq!(status, 200, "{result}");
        assert_svg(result["svg_content"].as_str().unwrap());
        (daemon.address.clone(), begun)
    });
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "the port is free again"
    );
    assert!(
        !folder.path().join("jobs.db-wal").exists(),
        "the store stands alone"
    );
    drop(daemon);

    let daemon = Daemon::start(folder.path(), &[]);
    let job = daemon.wait_for_end(&id);
    assert!(
        matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
        "{job}"
    );
}

#[test]
fn what_does_not_end_in_time_is_left_to_the_next_start() {
    let folder = folder();
    let mut daemon = Daemon::start(folder.path(), &[("CHAT2SVG__PROCESS__DRAIN_SECONDS", "0")]);
    let id = daemon.submit("a mountain lake with a boat");
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    drop(daemon);
    let daemon = Daemon::start(folder.path(), &[]);
    let job = daemon.wait_for_end(&id);
    assert!(
        matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
        "{job}"
    );
}

#[test]
fn the_service_manager_hears_how_the_daemon_stands() {
    let folder = folder();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut message = [0; 512];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length])
            .trim()
            .to_owned()
    };
    let settings = [
        ("NOTIFY_SOCKET", socket.to_str().unwrap()),
        ("WATCHDOG_USEC", "300000"),
    ];
    let mut daemon = Daemon::start(folder.path(), &settings);
    assert_eq!(hear(), "READY=1");
    assert_eq!(hear(), "WATCHDOG=1");
    assert_eq!(hear(), "WATCHDOG=1");
    daemon.signal("TERM");
    let last = std::iter::repeat_with(hear).find(|message| message != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn a_port_in_use_is_told() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = program(["serve", "--listen", &address]);
    command.env("CHAT2SVG__LOG__FILTER", "off");
    let text = complaint(
        command.env("CHAT2SVG__STORE__PATH", folder.path().join("jobs.db")),
        1,
    );
    assert!(
        text.contains(&address) && text.contains("cannot listen"),
        "{text}"
    );
}

#[test]
fn two_daemons_do_not_share_a_store() {
    let folder = folder();
    let _first = Daemon::start(folder.path(), &[]);
    let mut command = program(["serve", "--listen", "127.0.0.1:0"]);
    command.env("CHAT2SVG__LOG__FILTER", "off");
    command.env("CHAT2SVG__STORE__BUSY_TIMEOUT_MS", "50");
    let text = complaint(
        command.env("CHAT2SVG__STORE__PATH", folder.path().join("jobs.db")),
        1,
    );
    assert!(text.contains("jobs.db"), "{text}");
}

#[test]
fn a_store_that_cannot_be_written_is_told() {
    let mut command = program(["serve", "--listen", "127.0.0.1:0"]);
    command.env("CHAT2SVG__LOG__FILTER", "off");
    let text = complaint(
        command.env("CHAT2SVG__STORE__PATH", "/proc/no/such/jobs.db"),
        1,
    );
    assert!(text.contains("/proc/no/such/jobs.db"), "{text}");
}
