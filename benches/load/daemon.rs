//! A daemon of the benchmark's own, and requests to it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) seconds: f64,
    pub(crate) tier: String,
    pub(crate) level: String,
    pub(crate) is_svg: bool,
}

/// Has a prompt drawn within a deadline.
pub(crate) fn request(address: &str, deadline_ms: u64, prompt: &str) -> Answer {
    let body = format!("{{\"prompt\": \"{prompt}\", \"deadline_ms\": {deadline_ms}}}");
    answer(address, &body)
}

/// Has a prompt drawn at a level, with time enough.
pub(crate) fn request_at(address: &str, level: &str, prompt: &str) -> Answer {
    answer(
        address,
        &format!("{{\"prompt\": \"{prompt}\", \"deadline_ms\": 60000, \"level\": \"{level}\"}}"),
    )
}

fn answer(address: &str, body: &str) -> Answer {
    let started = Instant::now();
    let text = exchange(address, "image/svg+xml", body).unwrap_or_default();
    let seconds = started.elapsed().as_secs_f64();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        seconds,
        tier: header("x-tier"),
        level: header("x-level"),
        is_svg: body.contains("<svg") && body.contains("</svg>"),
    }
}

/// The whole answer to a request for an SVG, head and body.
pub(crate) fn exchange(address: &str, accept: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let request = format!(
        "POST /v1/svg HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: {accept}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: String,
}

impl Daemon {
    /// Starts one with its store in a folder and further settings, and waits until it is ready.
    pub(crate) fn start(program: &Path, folder: &Path, settings: &[(String, String)]) -> Self {
        let log_path = folder.join("daemon.log");
        let child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("CHAT2SVG__STORE__PATH", folder.join("jobs.db"))
            .env("CHAT2SVG__LOG__FORMAT", "json")
            .env("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "0")
            .envs(settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log_path).unwrap())
            .spawn()
            .unwrap();
        let mut daemon = Self {
            child,
            address: String::new(),
        };
        let give_up = Instant::now() + Duration::from_secs(60);
        while daemon.address.is_empty() {
            assert!(Instant::now() < give_up, "the daemon does not get ready");
            thread::sleep(Duration::from_millis(20));
            let log = BufReader::new(fs::File::open(&log_path).unwrap());
            for line in log.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "ready" {
                    daemon.address = event["address"].as_str().unwrap().to_owned();
                }
            }
        }
        daemon
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory in use, in bytes; 0 where the system does not say.
    pub(crate) fn memory(&self) -> u64 {
        self.kilobytes("VmRSS:") * 1024
    }

    /// The same at its most.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.kilobytes("VmHWM:") * 1024
    }

    fn kilobytes(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(what));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kilobytes.unwrap_or(0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
