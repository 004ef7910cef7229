//! The HTTP server: bound before the actor system starts, so that a port in use stops the start with
//! one clear line; it outlives the incarnations of the web actor.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{ServerHandle, ServiceFactory, ServiceRequest},
    middleware::{Compress, from_fn},
    web,
};
use thiserror::Error;
use tracing::{error, info};

use crate::{
    config::{WebConfig, WebConfigError},
    middleware::surround,
    routes,
    services::{Shared, WebServices},
};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a closing connection may linger.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a stop waits for connections to end; idle ones do not end by themselves.
const SHUTDOWN_SECONDS: u64 = 2;

/// Why the web front could not start.
#[derive(Debug, Error)]
pub enum BindError {
    /// A value in its configuration cannot work.
    #[error(transparent)]
    Config(#[from] WebConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason} (choose another with --listen or server.listen)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
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
    /// Checks the configuration and takes the port. Nothing is served before the actor starts.
    ///
    /// # Errors
    /// When a value cannot work, or the address cannot be listened on.
    pub fn bind(config: WebConfig, services: WebServices) -> Result<Self, BindError> {
        config.validate()?;
        let address = config.address()?;
        let failed = |reason| BindError::Listen { address, reason };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            shared: Arc::new(Shared::new(config, services)),
            listener: Arc::new(listener),
            address,
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
        let shared = Arc::clone(&self.shared);
        let config = &self.shared.config;
        let server = HttpServer::new(move || application(Arc::clone(&shared)))
            .workers(config.workers)
            .max_connections(config.max_connections)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .keep_alive(KEEP_ALIVE)
            // A client that has left is noticed, and what it waited for is stopped.
            .h1_allow_half_closed(false)
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .disable_signals()
            .listen(self.listener.try_clone()?)?
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
    App::new()
        .app_data(web::Data::from(shared))
        .wrap(from_fn(surround))
        .wrap(Compress::default())
        .configure(routes::configure)
        .default_service(web::to(routes::nothing_here))
}
