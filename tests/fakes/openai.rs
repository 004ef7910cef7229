//! A server with OpenAI's images API, as its clients see it.

use std::{net::TcpStream, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Change, changed,
    http::{Request, Server, Site, answer, answer_json, answer_with, stall},
};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Pictures in the answer.
    Inline,
    /// Links to pictures of its own.
    Links,
    /// Links to pictures elsewhere.
    LinksElsewhere,
    Status(u16),
    /// 429 with a time to wait.
    Busy,
    /// 429 because the account is exhausted.
    Exhausted,
    /// The content is turned down.
    Policy,
    Stalls,
    /// No JSON.
    Page,
    /// JSON without a picture.
    Empty,
    /// The picture is none.
    Garbage,
    /// 60 MB of it.
    Huge,
    /// The answer breaks off.
    HalfClosed,
    /// Sends the client to another host.
    Redirects,
}

struct Images {
    manner: Manner,
    change: Change,
}

pub(crate) fn start(manner: Manner, change: Change) -> Server {
    Server::start(Arc::new(Images { manner, change }))
}

impl Site for Images {
    fn serve(&self, request: &Request, stream: TcpStream) {
        match request.path.as_str() {
            "/v1/images/edits" => self.edits(request, &stream),
            "/v1/models" => {
                let models = json!({ "object": "list", "data": [{ "id": "gpt-image-1.5" }] });
                answer_json(&stream, 200, &models);
            }
            "/files/picture.png" => {
                let picture = chat2svg_vector::Raster::filled(64, 64, [9, 9, 9, 255]).unwrap();
                answer(&stream, 200, "image/png", &picture.encode_png().unwrap());
            }
            _ => answer_json(
                &stream,
                404,
                &json!({ "error": { "message": "no such route" } }),
            ),
        }
    }
}

impl Images {
    fn edits(&self, request: &Request, stream: &TcpStream) {
        let error = |status: u16, kind: &str, message: &str| {
            let error = json!({ "error": { "message": message, "type": kind, "code": kind, "param": null } });
            answer_json(stream, status, &error);
        };
        let linked = |url: String| json!({ "created": 1, "data": [{ "url": url }] });
        match self.manner {
            Manner::Status(status) => error(status, "server_error", "something went wrong"),
            Manner::Busy => answer_with(
                stream,
                429,
                "application/json",
                "retry-after: 60\r\n",
                br#"{"error":{"message":"slow down","type":"rate_limit_exceeded"}}"#,
            ),
            Manner::Exhausted => {
                error(429, "insufficient_quota", "You exceeded your current quota");
            }
            Manner::Policy => error(
                400,
                "content_policy_violation",
                "rejected by the safety system",
            ),
            Manner::Stalls => stall(stream),
            Manner::Page => answer(stream, 200, "text/html", b"<html>hello</html>"),
            Manner::Empty => answer_json(stream, 200, &json!({ "created": 1, "data": [] })),
            Manner::Garbage => answer_json(stream, 200, &inline(&[b"nonsense".to_vec()])),
            Manner::Huge => answer(stream, 200, "application/json", &vec![b' '; 60 << 20]),
            Manner::HalfClosed => {
                let head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{\"data\":[";
                let _ = std::io::Write::write_all(&mut &*stream, head.as_bytes());
            }
            Manner::Redirects => answer_with(
                stream,
                307,
                "text/plain",
                "location: http://elsewhere.example.org/v1/images/edits\r\n",
                b"",
            ),
            Manner::Links => {
                let host = request.header("host").unwrap();
                answer_json(
                    stream,
                    200,
                    &linked(format!("http://{host}/files/picture.png")),
                );
            }
            Manner::LinksElsewhere => {
                answer_json(
                    stream,
                    200,
                    &linked("http://elsewhere.example.org/x.png".to_owned()),
                );
            }
            Manner::Inline => {
                let sent = request.field("image").expect("a picture");
                let count: usize = request.text("n").parse().unwrap();
                let pictures = vec![changed(&sent, self.change); count];
                answer_json(stream, 200, &inline(&pictures));
            }
        }
    }
}

fn inline(pictures: &[Vec<u8>]) -> Value {
    let data: Vec<Value> = pictures
        .iter()
        .map(|picture| json!({ "b64_json": STANDARD.encode(picture) }))
        .collect();
    json!({
        "created": 1, "data": data, "size": "1024x1024",
        "usage": { "input_tokens": 100, "output_tokens": 4000, "total_tokens": 4100 },
    })
}
