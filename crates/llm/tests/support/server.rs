//! A server of models on a free port of this machine, with whatever faults a test asks for. Plain
//! threads and sockets, so that it can break the rules of HTTP where a test needs that.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server does with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A status with headers and a body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// An event stream of these events, with a pause before each.
    Events(Vec<String>, Duration, Ending),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// The head of a stream, then blanks without end.
    Nothing(&'static str),
    /// The connection is closed without a word.
    HangUp,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Properly.
    Closed,
    /// In the middle of a chunk.
    Broken,
    /// Never: nothing more is sent.
    Stalled,
}

/// The server; it stops when dropped.
pub(crate) struct ModelServer {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

impl ModelServer {
    /// A server that does what `act` says of a request and its number, from 0.
    pub(crate) fn start(act: impl Fn(&Asked, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, stopped, act) = (Arc::clone(&asked), Arc::clone(&stop), Arc::new(act));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (log, act, stopped) =
                    (Arc::clone(&log), Arc::clone(&act), Arc::clone(&stopped));
                thread::spawn(move || {
                    if let Some(asked) = read(&stream) {
                        let number = {
                            let mut log = log.lock().expect("no test panics here");
                            log.push(asked.clone());
                            log.len() - 1
                        };
                        // A client that leaves is no fault of the server's.
                        let _ = perform(act(&asked, number), stream, &stopped);
                    }
                });
            }
        });
        Self {
            address,
            asked,
            stop,
        }
    }

    /// An OpenAI-compatible server that says `replies` one after the other, the last for ever.
    pub(crate) fn saying(replies: Vec<String>) -> Self {
        Self::start(move |_, number| {
            let reply = replies.get(number).or(replies.last()).cloned();
            Act::Events(
                openai(&reply.unwrap_or_default()),
                Duration::ZERO,
                Ending::Closed,
            )
        })
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics here").clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(&self.address);
    }
}

/// A reply as chunks of chat completions, with usage and end mark.
pub(crate) fn openai(text: &str) -> Vec<String> {
    let mut events = openai_text(text);
    events.push(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned());
    events.push(
        r#"{"choices":[],"model":"test-model-1","usage":{"prompt_tokens":100,"completion_tokens":50}}"#
            .to_owned(),
    );
    events.push("[DONE]".to_owned());
    events
}

/// The chunks that carry the text of a reply, and nothing else.
pub(crate) fn openai_text(text: &str) -> Vec<String> {
    pieces(text)
        .map(|piece| {
            format!(
                r#"{{"model":"test-model-1","choices":[{{"index":0,"delta":{{"content":{}}}}}]}}"#,
                json(&piece)
            )
        })
        .collect()
}

/// A reply as the events of a message.
pub(crate) fn anthropic(text: &str) -> Vec<String> {
    let mut events = vec![
        r#"{"type":"message_start","message":{"model":"test-claude-1","usage":{"input_tokens":100,"output_tokens":1}}}"#.to_owned(),
        r#"{"type":"ping"}"#.to_owned(),
    ];
    events.extend(pieces(text).map(|piece| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":{}}}}}"#,
            json(&piece)
        )
    }));
    events.push(
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50}}"#
            .to_owned(),
    );
    events.push(r#"{"type":"message_stop"}"#.to_owned());
    events
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters
        .chunks(24)
        .map(|piece| piece.iter().collect())
        .collect();
    pieces.into_iter()
}

/// A text as a JSON string.
fn json(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn perform(act: Act, mut stream: TcpStream, stopped: &AtomicBool) -> std::io::Result<()> {
    match act {
        Act::Status(status, headers, body) => {
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n",
                body.len()
            )?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            write!(stream, "\r\n{body}")?;
        }
        Act::Events(events, pause, ending) => {
            head(&mut stream, "text/event-stream")?;
            for event in events {
                thread::sleep(pause);
                chunk(&mut stream, format!("data: {event}\n\n").as_bytes())?;
            }
            match ending {
                Ending::Closed => stream.write_all(b"0\r\n\r\n")?,
                Ending::Broken => stream.write_all(b"ff\r\nhalf a ch")?,
                Ending::Stalled => while_open(&mut stream, stopped),
            }
        }
        Act::Raw(bytes) => stream.write_all(&bytes)?,
        Act::Nothing(media_type) => {
            head(&mut stream, media_type)?;
            let blanks = [b' '; 16 << 10];
            while !stopped.load(Ordering::Relaxed) {
                chunk(&mut stream, &blanks)?;
            }
        }
        Act::HangUp => stream.shutdown(Shutdown::Both)?,
    }
    Ok(())
}

fn head(stream: &mut TcpStream, media_type: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
}

fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    write!(stream, "{:x}\r\n", bytes.len())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\r\n")?;
    stream.flush()
}

/// Holds the connection until the client leaves or the server stops.
fn while_open(stream: &mut TcpStream, stopped: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    let mut byte = [0];
    while !stopped.load(Ordering::Relaxed) {
        match stream.read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {}
            Err(_) => return,
        }
    }
}
