//! An AUTOMATIC1111 server, as its clients see it.

use std::{
    net::TcpStream,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    Change, changed,
    http::{Request, Server, Site, answer, answer_json, stall},
};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// Works on the task for ever.
    Hangs,
    /// Works on somebody else's task for ever.
    WorksForAnother,
    /// 500, as when memory runs out.
    Fails,
    /// 422 for a wrong field.
    Invalid,
}

struct WebUi {
    manner: Manner,
    change: Change,
    task: Mutex<String>,
}

pub(crate) fn start(manner: Manner, change: Change) -> Server {
    Server::start(Arc::new(WebUi {
        manner,
        change,
        task: Mutex::default(),
    }))
}

impl Site for WebUi {
    fn serve(&self, request: &Request, stream: TcpStream) {
        match request.path.as_str() {
            "/sdapi/v1/img2img" => self.img2img(request, &stream),
            "/sdapi/v1/progress" => {
                let task = match self.manner {
                    Manner::WorksForAnother => "task(another)".to_owned(),
                    _ => self.task.lock().unwrap().clone(),
                };
                let progress = json!({ "progress": 0.5, "eta_relative": 3.0, "state": {},
                    "current_image": null, "textinfo": null, "current_task": task });
                answer_json(&stream, 200, &progress);
            }
            "/sdapi/v1/options" => {
                answer_json(
                    &stream,
                    200,
                    &json!({ "sd_model_checkpoint": "some.safetensors" }),
                );
            }
            _ => answer(&stream, 200, "application/json", b"{}"),
        }
    }
}

impl WebUi {
    fn img2img(&self, request: &Request, stream: &TcpStream) {
        let body = request.json();
        let task = body["force_task_id"].as_str().unwrap();
        task.clone_into(&mut self.task.lock().unwrap());
        match self.manner {
            Manner::Hangs | Manner::WorksForAnother => stall(stream),
            Manner::Fails => {
                let error = json!({ "error": "OutOfMemoryError", "detail": "", "body": "",
                    "errors": "CUDA out of memory" });
                answer_json(stream, 500, &error);
            }
            Manner::Invalid => {
                answer_json(
                    stream,
                    422,
                    &json!({ "detail": [{ "msg": "field required" }] }),
                );
            }
            Manner::Good => {
                let sent = STANDARD
                    .decode(body["init_images"][0].as_str().unwrap())
                    .unwrap();
                let picture = STANDARD.encode(changed(&sent, self.change));
                let count = body["batch_size"].as_u64().unwrap() as usize;
                let mut images = vec![picture.clone(); count];
                // ControlNet's own picture comes last.
                images.push(STANDARD.encode(b"a map"));
                let info = json!({ "index_of_first_image": 0 }).to_string();
                answer_json(
                    stream,
                    200,
                    &json!({ "images": images, "parameters": {}, "info": info }),
                );
            }
        }
    }
}
