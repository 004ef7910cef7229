//! A language model that draws the same boat each time it is well, and is ill for a share of its
//! calls.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use crate::Settings;

/// From the request to the first token.
const FIRST: Duration = Duration::from_millis(60);
/// Between two pieces of the answer.
const PIECE: Duration = Duration::from_millis(5);
/// How long a stall lasts.
const STALL: Duration = Duration::from_secs(60);

const BOAT: &str = r##"<svg viewBox="0 0 512 512" data-place="sea" data-time="sunset">
<g id="sky" data-role="sky"><rect id="air" width="512" height="300" fill="#f2b46b"/></g>
<g id="sun" data-role="light" data-emits="sun"><circle id="disc" cx="380" cy="240" r="50" fill="#ffe9a8"/></g>
<g id="sea" data-role="ground" data-material="water"><rect id="water" y="290" width="512" height="222" fill="#2c6a8f"/></g>
<g id="boat" data-habitat="water"><path id="hull" d="M150 320H360L320 380H190Z" fill="#7a3b2e"/>
<rect id="mast" x="246" y="130" width="10" height="190" fill="#4a2a20"/>
<path id="sail" d="M260 140L350 310H260Z" fill="#fbf7ec"/><path id="jib" d="M242 160L170 310H242Z" fill="#f0e4cf"/>
<path id="stripe" d="M156 332H350L346 340H160Z" fill="#f2e6d0"/></g>
</svg>"##;

/// The server.
pub(crate) struct ModelServer {
    address: String,
}

impl ModelServer {
    /// Starts one that fails, stalls and garbles for these shares of its calls.
    pub(crate) fn start(faults: &[f64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let faults = <[f64; 3]>::try_from(faults).expect("three shares");
        thread::spawn(move || {
            let mut luck = 0x9E37_79B9_7F4A_7C15_u64;
            for stream in listener.incoming().map_while(Result::ok) {
                luck ^= luck << 13;
                luck ^= luck >> 7;
                luck ^= luck << 17;
                let luck = (luck >> 11) as f64 / (1_u64 << 53) as f64;
                let call = move || drop(answer(stream, luck, faults));
                thread::Builder::new()
                    .stack_size(256 << 10)
                    .spawn(call)
                    .unwrap();
            }
        });
        Self { address }
    }

    /// What a daemon has to be told to use it.
    pub(crate) fn settings(&self) -> Settings {
        [
            ("CHAT2SVG__LLM__PROVIDER", "openai".to_owned()),
            (
                "CHAT2SVG__LLM__BASE_URL",
                format!("http://{}/v1", self.address),
            ),
            ("CHAT2SVG__LLM__MODEL", "faulty".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

fn answer(
    mut stream: TcpStream,
    luck: f64,
    [fails, stalls, garbles]: [f64; 3],
) -> std::io::Result<()> {
    read(&mut stream)?;
    if luck < fails {
        return stream
            .write_all(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    if luck < fails + stalls {
        thread::sleep(STALL);
        return Ok(());
    }
    let text = if luck < fails + stalls + garbles {
        "I would rather not draw today."
    } else {
        BOAT
    };
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
    )?;
    thread::sleep(FIRST);
    for piece in text.as_bytes().chunks(160) {
        let piece = serde_json::json!({ "choices": [{ "delta": { "content": String::from_utf8_lossy(piece) } }] });
        stream.write_all(format!("data: {piece}\n\n").as_bytes())?;
        thread::sleep(PIECE);
    }
    stream.write_all(
        b"data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n",
    )
}

/// Takes in the whole request.
fn read(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(())
}
