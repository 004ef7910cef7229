//! As much of an HTTP server as the fakes need: one request for each connection, and the stream
//! itself for those that want to misbehave.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A value of the query; not decoded.
    pub(crate) fn query(&self, name: &str) -> &str {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(own, _)| *own == name);
        found.next().map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The content of a field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<Vec<u8>> {
        let kind = self.header("content-type")?;
        let boundary = format!("--{}", kind.split_once("boundary=")?.1.trim_matches('"'));
        let mark = format!("name=\"{name}\"");
        split(&self.body, boundary.as_bytes())
            .into_iter()
            .find_map(|part| {
                let end = find(part, b"\r\n\r\n")?;
                let head = String::from_utf8_lossy(&part[..end]);
                let content = part[end + 4..].strip_suffix(b"\r\n")?;
                head.contains(&mark).then(|| content.to_vec())
            })
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.field(name).unwrap_or_default()).unwrap()
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(bytes, by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts
}

/// What answers requests.
pub(crate) trait Site: Send + Sync + 'static {
    fn serve(&self, request: &Request, stream: TcpStream);
}

/// A server on a free port, and what it was asked.
pub(crate) struct Server {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(site: Arc<dyn Site>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&asked);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (site, asked) = (Arc::clone(&site), Arc::clone(&requests));
                thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        asked.lock().unwrap().push(request.clone());
                        site.serve(&request, stream);
                    }
                });
            }
        });
        Self { address, asked }
    }

    /// Requests to a path so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Request> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|each| each.path == path)
            .cloned()
            .collect()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            None => break,
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .and_then(|text| text.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Answers with further header lines, each ending with a line break.
pub(crate) fn answer_with(
    mut stream: &TcpStream,
    status: u16,
    media_type: &str,
    headers: &str,
    body: &[u8],
) {
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n",
        body.len()
    );
    // The client may have left.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

pub(crate) fn answer(stream: &TcpStream, status: u16, media_type: &str, body: &[u8]) {
    answer_with(stream, status, media_type, "", body);
}

pub(crate) fn answer_json(stream: &TcpStream, status: u16, value: &Value) {
    answer(
        stream,
        status,
        "application/json",
        value.to_string().as_bytes(),
    );
}

/// Says nothing until the client leaves.
pub(crate) fn stall(mut stream: &TcpStream) {
    let _ = stream.read(&mut [0]);
}
