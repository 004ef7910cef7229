//! The HTTP server: bound before the actor system starts, so that a port in use stops the start
//! with one clear line; it outlives the incarnations of the web actor.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_cors::Cors;
use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_rt::net::TcpStream;
use actix_server::{Server, ServerHandle};
use actix_service::{
    IntoServiceFactory as _, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    App,
    dev::{AppConfig, ServiceRequest},
    http::Method,
    middleware::{Compress, Condition, from_fn},
    web,
};
use chat2svg_protocol::InvalidSetting;
use socket2::SockRef;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing::{error, info};

use crate::{
    clients::Use,
    config::WebConfig,
    connection::{Connection, Patience},
    descriptors::{self, Shortage},
    middleware::surround,
    pieces::PIECE,
    problem::{Code, Problem},
    raw_answers, routes,
    services::{Shared, WebServices},
};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// By how much our own limits are behind those of actix, which has an answer at the first request.
const BEHIND: Duration = Duration::from_secs(1);
/// How long a closing connection may linger.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a stop waits for connections to end; idle ones do not end by themselves.
const SHUTDOWN_SECONDS: u64 = 2;
/// Bytes of answers that the system holds for each client. A third of it must be free before the
/// client counts as reading, so a large one would make slow readers look like ones that stopped.
const SEND_BUFFER: usize = 128 << 10;
/// Threads on which each worker compresses answers.
const COMPRESSING_THREADS: usize = 4;
/// How long a client that is turned away may take to read why.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Why the web front could not start.
#[derive(Debug, Error)]
pub enum BindError {
    /// A value in its configuration cannot work.
    #[error("server.{0}")]
    Config(#[from] InvalidSetting),
    /// The process may not open the files that its connections need.
    #[error(transparent)]
    Descriptors(#[from] Shortage),
    /// Anybody on the network could use the service.
    #[error(
        "{address} can be reached from other machines, and there are no keys: make one with \
         `chat2svg keys add NAME`, listen on 127.0.0.1, or, where something else decides who may \
         call, set auth.allow_anonymous_network_access = true"
    )]
    Unguarded {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason} (choose another with --listen or server.listen)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
}

/// The port, taken under a configuration that has been checked, and not served yet.
#[derive(Debug)]
pub struct Port {
    config: WebConfig,
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Checks the configuration and takes the port; `is_guarded` says whether anybody on the
    /// network may be let in, because there are keys or the user said so.
    ///
    /// # Errors
    /// When a value cannot work, or the address cannot be listened on.
    pub fn take(mut config: WebConfig, is_guarded: bool) -> Result<Self, BindError> {
        config.validate()?;
        config.max_connections = descriptors::provide(config.workers, config.max_connections)?;
        let address = config.address()?;
        if !is_guarded && !address.ip().to_canonical().is_loopback() {
            return Err(BindError::Unguarded { address });
        }
        let failed = |reason| BindError::Listen { address, reason };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            config,
            listener,
            address,
        })
    }
}

/// The web front's server and the state of its handlers. Clones are the same front.
#[derive(Clone)]
pub struct WebFront {
    pub(crate) shared: Arc<Shared>,
    listener: Arc<TcpListener>,
    address: SocketAddr,
    running: Arc<Mutex<Option<ServerHandle>>>,
}

impl WebFront {
    /// A front at a port. Nothing is served before the actor starts.
    ///
    /// # Errors
    /// When a value of the configuration cannot work.
    pub fn new(port: Port, services: WebServices) -> Result<Self, BindError> {
        Ok(Self {
            shared: Arc::new(Shared::new(port.config, services)?),
            listener: Arc::new(port.listener),
            address: port.address,
            running: Arc::default(),
        })
    }

    /// The address that was taken, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the server unless it runs, which it does when the actor is started anew.
    pub(crate) fn ensure_running(&self) -> io::Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Ok(());
        }
        let config = &self.shared.config;
        let builder = Server::build()
            .workers(config.workers)
            .max_concurrent_connections(config.max_connections)
            .worker_max_blocking_threads(COMPRESSING_THREADS)
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .disable_signals();
        let shutdown = builder.graceful_shutdown_signal();
        let shared = Arc::clone(&self.shared);
        let address = self.address;
        let server = builder
            .listen("http", self.listener.try_clone()?, move || {
                let shutdown = shutdown.clone();
                let application = application(Arc::clone(&shared))
                    .into_factory()
                    .map_err(|error: actix_web::Error| error.error_response());
                let http = HttpService::build()
                    .graceful_shutdown_signal(move || {
                        let shutdown = shutdown.clone();
                        async move { shutdown.notified().await }
                    })
                    .client_request_timeout(HEAD_TIMEOUT)
                    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                    .keep_alive(KEEP_ALIVE)
                    // A client that has left is noticed, and what it waited for is stopped.
                    .h1_allow_half_closed(false)
                    .h1_write_buffer_size(PIECE)
                    .local_addr(address)
                    .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                        data.insert(connection.link());
                    })
                    .finish(map_config(application, |()| AppConfig::default()));
                let shared = Arc::clone(&shared);
                fn_service(move |stream| welcome(stream, Arc::clone(&shared))).and_then(http)
            })?
            .run();
        *running = Some(server.handle());
        drop(running);
        let front = self.clone();
        actix_rt::spawn(async move {
            if let Err(failure) = server.await {
                error!(error = %failure, "the HTTP server failed");
            }
            front.forget_server();
        });
        info!(address = %self.address, "listening");
        Ok(())
    }

    /// No new jobs, not ready.
    pub(crate) fn close_doors(&self) {
        self.shared.admission.close();
    }

    /// Ends event streams, answers those who wait, then stops the server when requests under way
    /// are answered.
    pub(crate) async fn stop(&self) {
        self.close_doors();
        self.shared.stopping.cancel();
        let handle = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(handle) = handle {
            handle.stop(true).await;
        }
    }

    fn forget_server(&self) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl std::fmt::Debug for WebFront {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WebFront")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Gives a connection its limits, or turns it away when its client has too many.
async fn welcome(
    mut stream: TcpStream,
    shared: Arc<Shared>,
) -> Result<(Connection<TcpStream>, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr().ok();
    // A proxy's connections are those of many clients.
    let client = peer
        .filter(|_| !shared.config.trust_forwarded_for)
        .map(|peer| peer.ip());
    let Some(share) = shared.clients.enter(client, Use::Connection) else {
        // Answered if the client is quick, closed in any case, and never waited for by many.
        if let Ok(_place) = shared.refusals.try_acquire() {
            let _ = tokio::time::timeout(REFUSAL_TIMEOUT, turn_away(&mut stream)).await;
        }
        let reason = io::Error::other("the client has too many connections");
        return Err(DispatchError::Io(reason));
    };
    let write = shared.config.write_timeout();
    let socket = SockRef::from(&stream);
    let mut limited = socket.set_send_buffer_size(SEND_BUFFER);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Also for what the system holds when all of an answer was handed to it.
        limited = limited.and(socket.set_tcp_user_timeout(Some(write)));
    }
    if let Err(error) = limited.and(socket.set_tcp_nodelay(true)) {
        // The client may have left already; else the connection's own limits are left.
        tracing::debug!(%error, "a connection's socket could not be set up");
    }
    let patience = Patience {
        head: HEAD_TIMEOUT + BEHIND,
        idle: KEEP_ALIVE + BEHIND,
        write,
    };
    let local = stream.local_addr().ok().map(|local| local.ip());
    let connection = Connection::new(stream, local, patience, share);
    Ok((connection, Protocol::Http1, peer))
}

/// Says why, then reads until the client has closed, or its answer would be lost.
async fn turn_away(stream: &mut TcpStream) -> io::Result<()> {
    let problem = Problem::new(
        Code::RateLimited,
        "this client has too many connections open: close some, or use one for several requests",
    )
    .retry_after(Duration::from_secs(1));
    stream.write_all(&raw_answers::answer(problem)).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1_024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Lets the pages of other sites in that the configuration names.
fn cross_origin(shared: &Shared) -> Condition<Cors> {
    let mut invited = shared.access.invited().peekable();
    let is_open = invited.peek().is_some();
    let cors = invited.fold(Cors::default(), |cors, origin| cors.allowed_origin(&origin));
    Condition::new(
        is_open,
        cors.allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allowed_headers([
                "accept",
                "authorization",
                "content-type",
                "idempotency-key",
                "last-event-id",
                "prefer",
                "x-api-key",
                "x-request-id",
            ])
            .expose_headers([
                "content-location",
                "idempotent-replayed",
                "location",
                "preference-applied",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "x-job-id",
                "x-job-state",
                "x-level",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "x-tier",
                "x-request-id",
            ])
            .max_age(600),
    )
}

/// The application that each worker serves.
pub(crate) fn application(
    shared: Arc<Shared>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let cors = cross_origin(&shared);
    App::new()
        .app_data(web::Data::from(shared))
        .wrap(cors)
        .wrap(from_fn(surround))
        .wrap(Compress::default())
        .configure(routes::configure)
        .default_service(web::to(routes::nothing_here))
}
