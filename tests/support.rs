//! Runs the program and talks to it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use ureq::{Agent, Body, http::Response};

/// How long anything may take before a test gives up. Generous: machines are slow at times.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The program with arguments, free of the tester's own settings.
pub(crate) fn program<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat2svg"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAT2SVG") || name == "NOTIFY_SOCKET" {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A request for a picture that is soon there.
pub(crate) const HOUSE: &str = r#"{"prompt": "a house", "level": "minimal", "deadline_ms": 60000}"#;

/// Has a daemon listen on a free port.
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// The program with arguments, run by a shell after a command that sets limits.
pub(crate) fn limited<const N: usize>(limits: &str, arguments: [&str; N]) -> Command {
    let plain = program(arguments);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
        .arg(plain.get_program())
        .args(plain.get_args())
        .stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// What a command printed on stderr, after checking its exit status.
pub(crate) fn complaint(command: &mut Command, status: i32) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "stderr: {stderr}");
    assert!(
        output.stdout.is_empty(),
        "an error prints nothing on stdout"
    );
    stderr
}

/// Checks that a message is one line.
#[track_caller]
pub(crate) fn one_line(text: &str) {
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
}

/// A free port below those that the system gives away by itself: a server that is started again
/// finds it free, however many connections there were meanwhile.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = std::process::id().wrapping_mul(64).wrapping_add(number);
        let port = u16::try_from(12_000 + place % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "{what}: not in time");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What a command that works printed.
pub(crate) fn success(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "stderr: {stderr}");
    output
}

/// A picture of a red disc on blue, as a PNG file.
pub(crate) fn disc(side: u32) -> Vec<u8> {
    let centre = f64::from(side) / 2.0;
    let pixels = (0..side * side)
        .map(|index| {
            let (x, y) = (f64::from(index % side), f64::from(index / side));
            if (x - centre).hypot(y - centre) < centre * 0.6 {
                [200, 40, 30, 255]
            } else {
                [40, 60, 160, 255]
            }
        })
        .collect();
    encode(side, pixels)
}

/// Numbers that are the same in every run.
fn bytes_at_random() -> impl FnMut() -> u8 {
    let mut state = 1_u32;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    }
}

/// Noise, of which nothing can be drawn.
pub(crate) fn noise(side: u32) -> Vec<u8> {
    let mut byte = bytes_at_random();
    let pixels = (0..side * side)
        .map(|_| [byte(), byte(), byte(), 255])
        .collect();
    encode(side, pixels)
}

/// The fields of a form that has a picture fitted for long.
pub(crate) fn long_fields(picture: &[u8]) -> [(&str, &[u8]); 4] {
    [
        ("image", picture),
        ("level", b"high"),
        ("paths", b"4096"),
        ("deadline_ms", b"300000"),
    ]
}

/// A picture that takes long to fit: discs upon discs, each of which is worth a shape.
pub(crate) fn crowd(side: u32) -> Vec<u8> {
    let mut byte = bytes_at_random();
    let mut pixels = vec![[255; 4]; (side * side) as usize];
    for _ in 0..side * side / 40 {
        let mut place = || (u32::from(byte()) * 256 + u32::from(byte())) % side;
        let (x, y, radius) = (place(), place(), 3 + place() % 11);
        let color = [byte(), byte(), byte(), 255];
        for row in y.saturating_sub(radius)..(y + radius).min(side) {
            for column in x.saturating_sub(radius)..(x + radius).min(side) {
                if row.abs_diff(y).pow(2) + column.abs_diff(x).pow(2) < radius * radius {
                    pixels[(row * side + column) as usize] = color;
                }
            }
        }
    }
    encode(side, pixels)
}

/// A PNG with few bytes that says it is large.
pub(crate) fn claiming_png(width: u32, height: u32) -> Vec<u8> {
    let mut png = disc(16);
    // Signature, then the first chunk: length, "IHDR", 13 bytes that begin with the sides,
    // checksum.
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = checksum(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

/// The checksum of a PNG's chunk (CRC-32 of ISO 3309, as in appendix D of the PNG specification).
fn checksum(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = remainder & 1 == 1;
            remainder = (remainder >> 1) ^ if odd { 0xEDB8_8320 } else { 0 };
        }
    }
    !remainder
}

fn encode(side: u32, pixels: Vec<[u8; 4]>) -> Vec<u8> {
    let raster = chat2svg_vector::Raster::new(side, side, pixels).unwrap();
    raster.encode_png().unwrap()
}

/// Whether a text is an SVG that this project's own strict reader takes, with something in it.
pub(crate) fn assert_svg(text: &str) {
    let limits = chat2svg_vector::ParseLimits::default();
    let parsed = chat2svg_vector::Document::parse(text.as_bytes(), &limits).unwrap();
    assert!(!parsed.document.layers.is_empty(), "an empty picture");
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log_path: PathBuf,
    pub(crate) address: String,
    agent: Agent,
}

impl Daemon {
    /// Starts one on a free port, with its store in a folder and further settings.
    pub(crate) fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::run(folder, settings, program(SERVE))
    }

    /// Starts one where another was before.
    pub(crate) fn start_at(folder: &Path, settings: &[(&str, &str)], address: &str) -> Self {
        Self::run(folder, settings, program(["serve", "--listen", address]))
    }

    /// Starts one as a shell does after a command that sets limits.
    pub(crate) fn start_limited(folder: &Path, settings: &[(&str, &str)], limits: &str) -> Self {
        Self::run(folder, settings, limited(limits, SERVE))
    }

    /// Starts one with a command line of its own.
    pub(crate) fn start_as(folder: &Path, settings: &[(&str, &str)], command: Command) -> Self {
        Self::run(folder, settings, command)
    }

    fn run(folder: &Path, settings: &[(&str, &str)], mut command: Command) -> Self {
        let log_path = folder.join("daemon.log");
        let log = File::create(&log_path).unwrap();
        let child = command
            .env("CHAT2SVG__STORE__PATH", folder.join("jobs.db"))
            .env("CHAT2SVG__LOG__FORMAT", "json")
            .envs(settings.iter().copied())
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut daemon = Self {
            child,
            log_path: log_path.clone(),
            address: String::new(),
            agent: Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(PATIENCE))
                .build()
                .into(),
        };
        daemon.address = daemon.wait_for_address(&log_path);
        daemon
    }

    fn wait_for_address(&mut self, log_path: &PathBuf) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let log = BufReader::new(File::open(log_path).unwrap());
            for line in log.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "ready" {
                    return event["address"].as_str().unwrap().to_owned();
                }
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{status}: {}", std::fs::read_to_string(log_path).unwrap());
            }
            assert!(Instant::now() < give_up, "the daemon does not get ready");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A connection of its own.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are and gives all that comes back until the connection ends.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The answer may come, and the connection end, before all is sent.
        let _ = stream.write_all(bytes);
        read_all(&mut stream)
    }

    /// What the daemon has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log_path).unwrap()
    }

    /// The most memory that the daemon has taken up, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        kilobytes.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Response<Body> {
        self.agent.get(self.url(path)).call().unwrap()
    }

    pub(crate) fn delete(&self, path: &str) -> Response<Body> {
        self.agent.delete(self.url(path)).call().unwrap()
    }

    /// Sends anything.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response<Body> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.agent.run(request.body(body).unwrap()).unwrap()
    }

    /// Posts JSON with further headers.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Response<Body> {
        let mut request = self
            .agent
            .post(self.url(path))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body.as_ref()).unwrap()
    }

    /// Posts JSON to a daemon that may be gone.
    pub(crate) fn try_post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Response<Body>> {
        let mut request = self
            .agent
            .post(self.url(path))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).ok()
    }

    /// Posts a form of files and texts.
    pub(crate) fn post_form(
        &self,
        path: &str,
        prefer: &str,
        fields: &[(&str, &[u8])],
    ) -> Response<Body> {
        self.agent
            .post(self.url(path))
            .header("content-type", "multipart/form-data; boundary=edge")
            .header("prefer", prefer)
            .send(&form(fields)[..])
            .unwrap()
    }

    /// Hands a prompt in without waiting; answers the job's id.
    pub(crate) fn submit(&self, prompt: &str) -> String {
        let body = serde_json::json!({ "prompt": prompt, "deadline_ms": 60_000 });
        let mut answer = self.post("/v1/svg", &[("prefer", "respond-async")], body.to_string());
        assert_eq!(answer.status().as_u16(), 202);
        json(&mut answer)["id"].as_str().unwrap().to_owned()
    }

    /// Hands in a picture that keeps a stage busy for half a minute; answers the job's id.
    pub(crate) fn submit_long(&self) -> String {
        let picture = crowd(512);
        let mut answer = self.post_form("/v1/vectorize", "respond-async", &long_fields(&picture));
        assert_eq!(answer.status().as_u16(), 202);
        assert!(header(&answer, "location").starts_with("/v1/jobs/"));
        json(&mut answer)["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a stage of a job is at work.
    pub(crate) fn wait_for_stage(&self, id: &str) {
        let mut events = self.events(id, "0");
        assert!(events.any(|(name, data)| name == "stage" && data["phase"] == "started"));
    }

    /// Checks that all actors live and none had to be started anew.
    #[track_caller]
    pub(crate) fn assert_unharmed(&self) {
        let system = json(&mut self.get("/v1/system"));
        let actors = system["actors"].as_array().unwrap();
        assert!(!actors.is_empty(), "{system}");
        for actor in actors {
            assert_eq!(
                (actor["alive"].as_bool(), actor["restarts"].as_u64()),
                (Some(true), Some(0)),
                "{actor}"
            );
        }
    }

    /// A job as it stands.
    pub(crate) fn job(&self, id: &str) -> Value {
        json(&mut self.get(&format!("/v1/jobs/{id}")))
    }

    /// Waits for a job's end.
    pub(crate) fn wait_for_end(&self, id: &str) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let job = self.job(id);
            if !matches!(job["state"].as_str(), Some("queued" | "running")) {
                return job;
            }
            assert!(Instant::now() < give_up, "the job does not end: {job}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A job's events as they come; ends with the stream.
    pub(crate) fn events(
        &self,
        id: &str,
        last_seen: &str,
    ) -> impl Iterator<Item = (String, Value)> + use<> {
        let response = self
            .agent
            .get(self.url(&format!("/v1/jobs/{id}/events")))
            .header("last-event-id", last_seen)
            .call()
            .unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let mut lines = BufReader::new(response.into_body().into_reader()).lines();
        let mut name = String::new();
        std::iter::from_fn(move || {
            loop {
                let line = lines.next()?.ok()?;
                if let Some(event) = line.strip_prefix("event: ") {
                    event.clone_into(&mut name);
                } else if let Some(data) = line.strip_prefix("data: ") {
                    return Some((name.clone(), serde_json::from_str(data).unwrap()));
                }
            }
        })
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until the process is gone.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < give_up, "the daemon does not stop");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that comes until the connection ends, whichever way.
pub(crate) fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The JSON of an answer.
pub(crate) fn json(response: &mut Response<Body>) -> Value {
    serde_json::from_str(&text(response)).unwrap()
}

/// The text of an answer.
pub(crate) fn text(response: &mut Response<Body>) -> String {
    response.body_mut().read_to_string().unwrap()
}

/// A header of an answer.
pub(crate) fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

/// A request as text, with headers that each end a line.
pub(crate) fn request(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: 0\r\n\r\n")
}

/// Status and problem code of an answer; no code when it is no problem.
pub(crate) fn outcome(answer: &str) -> (u16, String) {
    let status = answer.get(9..12).unwrap_or_default().parse().unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let code = document["code"].as_str().unwrap_or_default().to_owned();
    (status, code)
}

/// Checks that an answer is a problem document in every respect, and gives it.
#[track_caller]
pub(crate) fn problem(mut answer: Response<Body>, status: u16, code: &str) -> Value {
    let body = text(&mut answer);
    assert_eq!(answer.status().as_u16(), status, "{body}");
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["status"], status, "{body}");
    assert_eq!(document["code"], code, "{body}");
    assert_eq!(document["request_id"], header(&answer, "x-request-id"));
    assert!(
        document["detail"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    if let Some(seconds) = document.get("retry_after") {
        assert_eq!(header(&answer, "retry-after"), seconds.to_string());
    }
    document
}

/// A form of files and texts, with "edge" between its parts.
pub(crate) fn form(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in fields {
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    body
}

/// A folder for one test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
