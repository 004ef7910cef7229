//! A ComfyUI server, as its clients see it.

use std::{
    collections::HashMap,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, handshake::derive_accept_key, protocol::Role};

use super::{
    Change, changed,
    http::{Request, Server, Site, answer, answer_json, answer_with, stall},
};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// Answers prompts with a status.
    Status(u16),
    /// Asks to be left alone for a minute.
    Busy,
    /// Takes prompts and says nothing.
    Stalls,
    /// Turns the prompt down for the sake of a node.
    Invalid,
    /// Its websocket closes when the run is half done; the run goes on.
    ClosesSocket,
    /// The same, and nothing is known of the run afterwards, as after a restart.
    Forgets,
    /// Cannot open a websocket.
    NoSocket,
    /// The workflow fails.
    Fails,
    /// The run never has its turn.
    Queues,
    /// The run begins and never ends.
    Hangs,
    /// The picture is none.
    Garbage,
    /// The picture has 60 MB.
    Huge,
    /// A page where the picture should be.
    Page,
    /// The workflow's output gave nothing.
    Empty,
}

struct State {
    manner: Manner,
    change: Change,
    uploads: HashMap<String, Vec<u8>>,
    pictures: HashMap<String, Vec<u8>>,
    history: HashMap<String, Value>,
    running: Vec<String>,
    pending: Vec<String>,
    sockets: HashMap<String, Sender<Option<Message>>>,
}

struct ComfyUi(Arc<Mutex<State>>);

pub(crate) struct Fake {
    pub(crate) server: Server,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn start(manner: Manner, change: Change) -> Self {
        let state = Arc::new(Mutex::new(State {
            manner,
            change,
            uploads: HashMap::new(),
            pictures: HashMap::new(),
            history: HashMap::new(),
            running: Vec::new(),
            pending: Vec::new(),
            sockets: HashMap::new(),
        }));
        let server = Server::start(Arc::new(ComfyUi(Arc::clone(&state))));
        Self { server, state }
    }

    pub(crate) fn prompts(&self) -> Vec<Value> {
        self.server
            .asked("/prompt")
            .iter()
            .map(Request::json)
            .collect()
    }

    /// Has a run of somebody else's be the one at work.
    pub(crate) fn run_for_another(&self) {
        self.state
            .lock()
            .unwrap()
            .running
            .push("another".to_owned());
    }
}

impl Site for ComfyUi {
    fn serve(&self, request: &Request, stream: TcpStream) {
        let manner = self.0.lock().unwrap().manner;
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/ws") if manner == Manner::NoSocket => {
                answer(&stream, 404, "text/plain", b"no");
            }
            ("GET", "/ws") => self.socket(request, stream),
            ("POST", "/upload/image") => self.upload(request, &stream),
            ("POST", "/prompt") => self.prompt(request, &stream),
            ("GET", "/queue") => {
                let state = self.0.lock().unwrap();
                let entries = |ids: &[String]| -> Vec<Value> {
                    ids.iter().map(|id| json!([1, id, {}, {}, ["9"]])).collect()
                };
                let queue = json!({
                    "queue_running": entries(&state.running),
                    "queue_pending": entries(&state.pending),
                });
                answer_json(&stream, 200, &queue);
            }
            ("POST", "/queue") => {
                let body = request.json();
                let mut state = self.0.lock().unwrap();
                state
                    .pending
                    .retain(|id| !body["delete"].as_array().unwrap().contains(&json!(id)));
                answer(&stream, 200, "text/plain", b"");
            }
            ("POST", "/interrupt") => {
                let id = request.json()["prompt_id"].as_str().unwrap().to_owned();
                self.0.lock().unwrap().running.retain(|own| *own != id);
                answer(&stream, 200, "text/plain", b"");
            }
            ("GET", "/view") => self.view(request, &stream),
            ("GET", "/system_stats") => {
                let stats = json!({
                    "system": { "comfyui_version": "0.9.9" },
                    "devices": [{ "name": "cpu" }],
                });
                answer_json(&stream, 200, &stats);
            }
            ("GET", path) if path.starts_with("/history/") => {
                let id = path.trim_start_matches("/history/");
                let state = self.0.lock().unwrap();
                let past = state.history.get(id);
                answer_json(
                    &stream,
                    200,
                    &past.map_or(json!({}), |past| json!({ id: past })),
                );
            }
            ("GET", path) if path.starts_with("/object_info/") => {
                let class = path.trim_start_matches("/object_info/");
                let info = if class == "UNETLoader" {
                    json!({ "input": { "required": { "unet_name": [["other.safetensors"], {}] } } })
                } else {
                    json!({ "input": { "required": {} } })
                };
                answer_json(&stream, 200, &json!({ class: info }));
            }
            _ => answer(&stream, 404, "text/plain", b"no such route"),
        }
    }
}

impl ComfyUi {
    fn socket(&self, request: &Request, stream: TcpStream) {
        let key = request
            .header("sec-websocket-key")
            .expect("a websocket's key");
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        let (sender, messages) = channel();
        let client = request.query("clientId").to_owned();
        // Before the client hears that it is connected: it may ask for a run at once.
        self.0
            .lock()
            .unwrap()
            .sockets
            .insert(client.clone(), sender);
        std::io::Write::write_all(&mut &stream, head.as_bytes()).unwrap();
        let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
        let status = json!({ "type": "status", "data": {
            "status": { "exec_info": { "queue_remaining": 0 } }, "sid": client,
        } });
        let _ = socket.send(Message::text(status.to_string()));
        for message in messages {
            match message {
                Some(message) => {
                    let _ = socket.send(message);
                }
                None => {
                    let _ = socket.close(None);
                    let _ = socket.flush();
                    break;
                }
            }
        }
    }

    fn upload(&self, request: &Request, stream: &TcpStream) {
        let picture = request.field("image").expect("a picture");
        assert_eq!(request.text("overwrite"), "true");
        let kind = request.text("type");
        let name = "uploaded.png";
        let reference = format!("{name} [{kind}]");
        self.0.lock().unwrap().uploads.insert(reference, picture);
        answer_json(
            stream,
            200,
            &json!({ "name": name, "subfolder": "", "type": kind }),
        );
    }

    fn prompt(&self, request: &Request, stream: &TcpStream) {
        let body = request.json();
        let manner = self.0.lock().unwrap().manner;
        match manner {
            Manner::Status(status) => return answer(stream, status, "text/html", b"<html>"),
            Manner::Busy => {
                return answer_with(stream, 429, "text/plain", "retry-after: 60\r\n", b"later");
            }
            Manner::Stalls => return stall(stream),
            Manner::Invalid => {
                let error = json!({
                    "error": { "type": "prompt_outputs_failed_validation",
                        "message": "Prompt outputs failed validation", "details": "" },
                    "node_errors": { "2": { "class_type": "UNETLoader", "errors": [{
                        "type": "value_not_in_list", "message": "Value not in list",
                        "details": "unet_name: 'x' not in []" }] } },
                });
                return answer_json(stream, 400, &error);
            }
            _ => {}
        }
        let id = body["prompt_id"]
            .as_str()
            .expect("an id of ours")
            .to_owned();
        let client = body["client_id"].as_str().unwrap().to_owned();
        let queued = json!({ "prompt_id": id, "number": 1, "node_errors": {} });
        if manner == Manner::Queues {
            self.0.lock().unwrap().pending.push(id);
            return answer_json(stream, 200, &queued);
        }
        self.0.lock().unwrap().running.push(id.clone());
        answer_json(stream, 200, &queued);
        let state = Arc::clone(&self.0);
        thread::spawn(move || run(&state, manner, &id, &client, &body["prompt"]));
    }

    fn view(&self, request: &Request, stream: &TcpStream) {
        let state = self.0.lock().unwrap();
        let picture = state.pictures.get(request.query("filename"));
        match (state.manner, picture) {
            (Manner::Garbage, _) => answer(stream, 200, "image/png", b"\x89PNG\r\n\x1a\nnonsense"),
            (Manner::Huge, _) => answer(stream, 200, "image/png", &vec![0; 60 << 20]),
            (Manner::Page, _) => answer(stream, 200, "text/html", b"<html>hello</html>"),
            (_, Some(picture)) => answer(stream, 200, "image/png", picture),
            (_, None) => answer(stream, 404, "text/plain", b""),
        }
    }
}

/// One run, as the client hears of it.
fn run(state: &Mutex<State>, manner: Manner, id: &str, client: &str, prompt: &Value) {
    let send = |kind: &str, mut data: Value| {
        data["prompt_id"] = id.into();
        let message = json!({ "type": kind, "data": data }).to_string();
        if let Some(socket) = state.lock().unwrap().sockets.get(client) {
            let _ = socket.send(Some(Message::text(message)));
        }
    };
    let close = || {
        if let Some(socket) = state.lock().unwrap().sockets.remove(client) {
            let _ = socket.send(None);
        }
    };
    send("execution_start", json!({}));
    send("execution_cached", json!({ "nodes": ["1"] }));
    send("executing", json!({ "node": "16" }));
    for step in 1..=4 {
        send("progress", json!({ "value": step, "max": 4, "node": "16" }));
        if step == 2 {
            match manner {
                Manner::Hangs => return,
                Manner::Forgets => {
                    state.lock().unwrap().running.retain(|own| own != id);
                    return close();
                }
                Manner::ClosesSocket => {
                    close();
                    thread::sleep(Duration::from_millis(300));
                }
                Manner::Fails => {
                    let error = json!({ "node_id": "16", "node_type": "SamplerCustomAdvanced",
                        "exception_type": "torch.OutOfMemoryError",
                        "exception_message": "Allocation on device" });
                    send("execution_error", error);
                    state.lock().unwrap().running.retain(|own| own != id);
                    return;
                }
                _ => {}
            }
        }
    }
    let nodes = prompt.as_object().unwrap();
    let titled = |title: &str| {
        let is_it = |(_, node): &(&String, &Value)| {
            node["_meta"]["title"]
                .as_str()
                .is_some_and(|own| own.contains(title))
        };
        nodes
            .iter()
            .find(is_it)
            .map(|(id, node)| (id.clone(), &node["inputs"]))
    };
    let (_, loader) = titled("chat2svg: image").unwrap();
    let (output, _) = titled("chat2svg: output").unwrap();
    let count = titled("chat2svg: candidates").map_or(1, |(_, inputs)| {
        let count = inputs.get("batch_size").or(inputs.get("amount"));
        count.and_then(Value::as_u64).unwrap_or(1)
    });
    let mut locked = state.lock().unwrap();
    let upload = locked.uploads[loader["image"].as_str().unwrap()].clone();
    let mut images = Vec::new();
    for index in 0..count {
        let name = format!("{id}_{index}.png");
        let picture = changed(&upload, locked.change);
        locked.pictures.insert(name.clone(), picture);
        images.push(json!({ "filename": name, "subfolder": "", "type": "temp" }));
    }
    if manner == Manner::Empty {
        images.clear();
    }
    let past = json!({
        "prompt": [1, id, prompt, {}, [output]],
        "outputs": { output: { "images": images } },
        "status": { "status_str": "success", "completed": true, "messages": [] },
    });
    locked.history.insert(id.to_owned(), past);
    locked.running.retain(|own| own != id);
    drop(locked);
    send("execution_success", json!({}));
    send("executing", json!({ "node": null }));
}
