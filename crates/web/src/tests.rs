//! The routes in-process, against a small controller that answers the same messages.

mod controller;
mod create;
mod doors;
mod events;
mod jobs;
mod openai;
mod pages;
mod server;
mod system;
mod upload;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use actix::{Actor as _, Addr};
use actix_web::{
    HttpMessage as _,
    body::{BoxBody, MessageBody as _},
    dev::Service as _,
    http::header::{self, HeaderValue},
    test::{self, TestRequest},
};
use chat2svg_controller::InputLimits;
use chat2svg_keys::{AuthConfig, KeyRing, Tokens};
use chat2svg_protocol::ActorHealth;
use chat2svg_supervision::{ComputePool, Line};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;

use crate::{
    config::WebConfig,
    server::application,
    services::{Shared, WebLines, WebServices},
};
use controller::Controller;

/// A front with its controller.
struct Front {
    shared: Arc<Shared>,
    controller: Addr<Controller>,
    alive: Arc<AtomicBool>,
}

fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| crate::install_metrics(None).unwrap())
        .clone()
}

fn front() -> Front {
    front_with(|_| {})
}

fn front_with(change: impl FnOnce(&mut WebConfig)) -> Front {
    let mut config = WebConfig::default();
    change(&mut config);
    let (services, controller, alive) = services();
    Front {
        shared: Arc::new(Shared::new(config, services).unwrap()),
        controller,
        alive,
    }
}

/// Everything that the web front needs, with a controller to ask, and whether its actors live.
fn services() -> (WebServices, Addr<Controller>, Arc<AtomicBool>) {
    let controller = Controller::default().start();
    let alive = Arc::new(AtomicBool::new(true));
    let services = WebServices {
        lines: WebLines {
            submit: Line::from_recipient("controller", controller.clone().recipient()),
            cancel: Line::from_recipient("controller", controller.clone().recipient()),
            job: Line::from_recipient("controller", controller.clone().recipient()),
            jobs: Line::from_recipient("controller", controller.clone().recipient()),
            remove: Line::from_recipient("controller", controller.clone().recipient()),
            result: Line::from_recipient("controller", controller.clone().recipient()),
            subscribe: Line::from_recipient("controller", controller.clone().recipient()),
            queue: Line::from_recipient("scheduler", controller.clone().recipient()),
            circuits: Line::from_recipient("breaker", controller.clone().recipient()),
            set_circuit: Line::from_recipient("breaker", controller.clone().recipient()),
            pipeline: Line::from_recipient("breaker", controller.clone().recipient()),
            set_pipeline: Line::from_recipient("breaker", controller.clone().recipient()),
            resources: Line::from_recipient("resources", controller.clone().recipient()),
            count_use: Line::from_recipient("store", controller.clone().recipient()),
            store: Line::from_recipient("store", controller.clone().recipient()),
        },
        intake: ComputePool::new("test", 1, 16),
        compute: ComputePool::new("test", 1, 16),
        limits: InputLimits::default(),
        forecast: Default::default(),
        nodes: Arc::new(Vec::new),
        circuit_held: Arc::new(|_, _| {}),
        line_up: vec![crate::LineUpPlace {
            stage: chat2svg_protocol::Stage::Template,
            backend: "openai".parse().unwrap(),
            model: Some("a-model".to_owned()),
        }],
        health: {
            let alive = Arc::clone(&alive);
            Arc::new(move || {
                vec![ActorHealth {
                    name: "controller".into(),
                    alive: alive.load(Ordering::Relaxed),
                    restarts: 0,
                }]
            })
        },
        keys: Arc::new(KeyRing::open()),
        tokens: Arc::new(Tokens::new().unwrap()),
        auth: AuthConfig::default(),
        metrics: metrics(),
    };
    (services, controller, alive)
}

impl Front {
    /// Sends one request and gives the whole answer.
    async fn send(&self, request: TestRequest) -> Answer {
        let (mut answer, mut body) = self.open(request).await;
        while let Some(chunk) = next_chunk(&mut body).await {
            answer.body.extend_from_slice(&chunk);
        }
        answer
    }

    /// Sends one request and gives the answer's head and its body to read on.
    async fn open(&self, request: TestRequest) -> (Answer, BoxBody) {
        let service = test::init_service(application(Arc::clone(&self.shared))).await;
        let mut request = request.to_request();
        if !request.headers().contains_key(header::HOST) {
            let host = HeaderValue::from_static("localhost");
            request.headers_mut().insert(header::HOST, host);
        }
        let response = match service.call(request).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            // What the connection would do with an error that left the application.
            Err(error) => error.as_response_error().error_response(),
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
            .collect();
        let answer = Answer {
            status: response.status().as_u16(),
            headers,
            body: Vec::new(),
        };
        (answer, response.into_body())
    }
}

/// The next piece of a body; `None` at its end.
async fn next_chunk(body: &mut BoxBody) -> Option<Vec<u8>> {
    poll_fn(|context| Pin::new(&mut *body).poll_next(context))
        .await
        .map(|chunk| chunk.unwrap().to_vec())
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks that it is a problem document in every respect, and gives its code.
    #[track_caller]
    fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let document = self.json();
        assert_eq!(document["status"], status);
        assert_eq!(document["request_id"], self.header("x-request-id"));
        let code = document["code"].as_str().unwrap();
        assert_eq!(document["type"], format!("/docs#problem-{code}"));
        assert!(!document["title"].as_str().unwrap().is_empty());
        assert!(!document["detail"].as_str().unwrap().is_empty());
        match document.get("retry_after") {
            Some(seconds) => assert_eq!(self.header("retry-after"), seconds.to_string()),
            None => assert_eq!(self.header("retry-after"), ""),
        }
        document
    }
}
