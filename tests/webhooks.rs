//! Webhooks: whoever asked for a job is told of its end, signed, again until it answers, also over
//! a restart, and nobody else is.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Daemon, complaint, folder, header, one_line, problem, program};

const SECRET: (&str, &str) = ("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

/// A request as a receiver gets it.
struct Told {
    head: String,
    body: Value,
    stream: TcpStream,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_default().trim()
    }

    fn answer(mut self, status: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        self.stream.write_all(answer.as_bytes()).unwrap();
    }
}

fn receive(listener: &TcpListener) -> Told {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let mut told = Told {
        head,
        body: Value::Null,
        stream,
    };
    let length = told.header("content-length").parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    told.body = serde_json::from_slice(&body).unwrap();
    told
}

fn ask(daemon: &Daemon, url: &str) -> String {
    let body =
        json!({"prompt": "a house", "level": "minimal", "deadline_ms": 60_000, "webhook": url});
    let answer = daemon.post("/v1/svg", &[], body.to_string());
    assert_eq!(answer.status().as_u16(), 200);
    header(&answer, "x-job-id").to_owned()
}

#[test]
fn an_end_is_told_until_it_is_heard_also_over_a_restart() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let settings = [("CHAT2SVG__WEBHOOKS__HOSTS", place.as_str()), SECRET];
    let daemon = Daemon::start(folder.path(), &settings);
    let id = ask(&daemon, &format!("http://{place}/hook"));
    let first = receive(&listener);
    assert!(
        first.head.starts_with("POST /hook HTTP/1.1"),
        "{}",
        first.head
    );
    assert_eq!(first.body["type"], "job.succeeded");
    assert_eq!(first.body["data"]["id"], id);
    assert_eq!(
        first.body["data"]["links"]["svg"],
        format!("/v1/jobs/{id}/result.svg")
    );
    let message = first.header("webhook-id").to_owned();
    assert_eq!(message, format!("msg_{id}"));
    assert!(first.header("webhook-timestamp").parse::<i64>().is_ok());
    assert!(first.header("webhook-signature").starts_with("v1,"));
    // The receiver has trouble, and the service is killed meanwhile.
    first.answer("503 Later");
    std::thread::sleep(Duration::from_millis(500));
    drop(daemon);
    let _daemon = Daemon::start(folder.path(), &settings);
    let again = receive(&listener);
    assert_eq!(again.header("webhook-id"), message, "known to be the same");
    again.answer("204 Thanks");
    listener.set_nonblocking(true).unwrap();
    std::thread::sleep(Duration::from_secs(7));
    assert!(listener.accept().is_err(), "told once more");
}

#[test]
fn only_hosts_that_are_named_are_told() {
    let folder = folder();
    let settings = [
        (
            "CHAT2SVG__WEBHOOKS__HOSTS",
            "hooks.example.org,*.example.com",
        ),
        SECRET,
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    for url in [
        "http 127.0.0.1:1/",
        "https localhost/",
        "https 169.254.169.254/latest/meta-data",
        "https hooks.example.org.example.net/",
        "http hooks.example.org/",
        "https user:secret@hooks.example.org/",
        "file /etc/passwd",
    ] {
        // Scheme and place.
        let url = url.replacen(' ', "://", 1);
        let body = json!({"prompt": "a house", "webhook": url}).to_string();
        let told = problem(daemon.post("/v1/svg", &[], body), 422, "invalid-fields");
        assert_eq!(told["errors"][0]["field"], "webhook", "{url}");
    }
    drop(daemon);
    let plain = Daemon::start(folder.path(), &[]);
    let body = json!({"prompt": "a house", "webhook": "https://hooks.example.org/"}).to_string();
    let told = problem(plain.post("/v1/svg", &[], body), 422, "invalid-fields");
    assert!(
        told["detail"].as_str().unwrap().contains("webhooks.hosts"),
        "{told}"
    );

    let mut command = program(["serve", "--listen", "0"]);
    command.env("CHAT2SVG__STORE__PATH", folder.path().join("other.db"));
    command.env("CHAT2SVG__WEBHOOKS__HOSTS", "hooks.example.org");
    let told = complaint(command.env_remove("WEBHOOK_SECRET"), 1);
    assert!(told.contains("WEBHOOK_SECRET"), "{told}");
    one_line(&told);
}
