//! The server itself over a real socket: started, restarted around, stopped by the actor.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use actix::Arbiter;
use chat2svg_supervision::{Slot, Watchdog, WatchdogPolicy};
use serde_json::json;

use crate::{BindError, CloseDoors, Port, StopServer, WebActor, WebConfig, WebFront};

use super::services;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a request, and reads the answer until the connection ends. Off the actors' thread.
async fn exchange(address: SocketAddr, request: String) -> String {
    actix_rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    })
    .await
    .unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn bind(config: WebConfig) -> Result<WebFront, BindError> {
    let (services, _, _) = services();
    let port = Port::take(config, true)?;
    WebFront::new(port, services)
}

fn any_port() -> WebConfig {
    WebConfig {
        listen: "127.0.0.1:0".into(),
        workers: 1,
        ..WebConfig::default()
    }
}

#[actix_web::test]
async fn a_port_in_use_is_one_clear_line() {
    let first = bind(any_port()).unwrap();
    let address = first.address();
    let second = bind(WebConfig {
        listen: address.to_string(),
        ..any_port()
    });
    let message = second.unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("cannot listen on {address}: ")),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
}

#[actix_web::test]
async fn the_server_outlives_a_panic_of_its_actor_and_ends_its_streams_when_stopped() {
    let front = bind(any_port()).unwrap();
    let address = front.address();
    let slot: Slot<WebActor> = Slot::new("web");
    let watchdog = Watchdog::new(WatchdogPolicy {
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    let started = front.clone();
    watchdog.start(&slot, &Arbiter::current(), move || {
        WebActor::new(started.clone())
    });

    let body = json!({ "prompt": "a red fox" }).to_string();
    let post = format!(
        "POST /v1/svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let drawn = exchange(address, post.clone()).await;
    assert!(drawn.starts_with("HTTP/1.1 200 OK"), "{drawn}");

    slot.inject_panic();
    while slot.health().restarts == 0 {
        tokio::task::yield_now().await;
    }
    let alive = exchange(address, get("/healthz")).await;
    assert!(alive.starts_with("HTTP/1.1 200 OK"), "{alive}");

    let follower = actix_rt::spawn(exchange(address, get("/v1/system/events")));
    while front.shared.system.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    slot.line().ask(CloseDoors, PATIENCE).await.unwrap();
    let ready = exchange(address, get("/readyz")).await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    let refused = exchange(address, post).await;
    assert!(refused.contains("\"code\":\"shutting-down\""), "{refused}");

    slot.line().ask(StopServer, PATIENCE).await.unwrap();
    let told = follower.await.unwrap();
    assert!(told.contains("event: system"), "{told}");
    assert!(told.contains("going down"), "{told}");
    watchdog.stop();
}
