//! `mcp`: the tools over standard input and output, for a host that starts the program itself. The
//! same actors as the daemon's, with a store in memory and no port.

use std::sync::Arc;

use anyhow::Context as _;
use chat2svg_keys::{KeyRing, Tokens};
use chat2svg_store::{StoreConfig, StoreWorker};
use chat2svg_web::{install_metrics, serve_stdio};

use crate::{keeping::Keeping, settings::Settings, signals::stop_signal, wiring::System};

/// Serves until the host closes standard input, or the program is told to stop.
///
/// # Errors
/// When the actors cannot be started, or the host does not speak the protocol.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    actix::System::new().block_on(async {
        let store = StoreWorker::open(&StoreConfig::in_memory())?;
        let metrics = install_metrics(None).context("the metrics cannot be set up")?;
        let system = System::start(settings, &Keeping::Embedded(store))?;
        // The host runs for the user who started it, who needs no key.
        let tokens = Tokens::new().context("the system gives no random numbers")?;
        let callers = (Arc::new(KeyRing::open()), tokens, settings.auth.clone());
        let services = system.web_services(callers, metrics);
        let served = tokio::select! {
            served = serve_stdio(settings.server.clone(), services) => served.map_err(Into::into),
            signal = stop_signal() => signal.map(drop),
        };
        system.watchdog.stop();
        served
    })
}
