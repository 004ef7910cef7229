//! How a service that runs already stands, as it tells at `/readyz`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use chat2svg_protocol::{BackendId, Stage};
use serde::Deserialize;
use ureq::Agent;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most bytes of its answer.
const MOST_BYTES: u64 = 64 << 10;

/// What it says of itself.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Running {
    /// "ready", or the first thing that is wrong.
    pub(crate) status: String,
    /// Backends that cannot serve before somebody acts.
    #[serde(default)]
    pub(crate) blocked: Vec<Blocked>,
}

/// A backend that cannot serve before somebody acts.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Blocked {
    pub(crate) stage: Stage,
    pub(crate) backend: BackendId,
    /// What must be done.
    pub(crate) remedy: String,
}

impl Running {
    /// The service that listens on an address; `None` when nothing of ours answers there.
    pub(crate) fn at(address: SocketAddr) -> Option<Self> {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None);
        let url = format!("http://{}/readyz", reachable(address));
        let mut answer = Agent::from(config.build()).get(url).call().ok()?;
        let body = answer.body_mut().with_config().limit(MOST_BYTES);
        serde_json::from_str(&body.read_to_string().ok()?).ok()
    }

    /// Whether it does its work.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready"
    }
}

/// Where this machine reaches what listens on an address.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// What is made of an answer with this body.
    fn told(status: u16, body: &'static str) -> Option<Running> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        });
        let told = Running::at(address);
        server.join().unwrap();
        told
    }

    #[test]
    fn a_service_tells_what_waits_for_somebody() {
        let body = r#"{"status": "ready", "away": [], "blocked": [
            {"stage": "template", "backend": "words", "remedy": "pay", "retry_after_seconds": 9.5}]}"#;
        let running = told(200, body).expect("it is ours");
        assert!(running.is_ready());
        assert_eq!(running.blocked[0].stage, Stage::Template);
        assert_eq!(running.blocked[0].backend.as_str(), "words");
        assert_eq!(running.blocked[0].remedy, "pay");
        let away = told(503, r#"{"status": "actors are away", "away": ["store"]}"#);
        assert!(away.is_some_and(|running| !running.is_ready() && running.blocked.is_empty()));
    }

    #[test]
    fn others_are_not_taken_for_a_service_of_ours() {
        assert_eq!(told(200, "<html></html>"), None);
        assert_eq!(told(404, "{}"), None);
    }
}
