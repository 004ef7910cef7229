//! `serve`: the daemon. Starts everything, says when it is ready, and stops in order: no new jobs,
//! running ones end or are left to the next start, then the server, then the actors.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Arbiter;
use anyhow::Context as _;
use chat2svg_isolation::sandbox;
use chat2svg_keys::{KeyRing, Window};
use chat2svg_protocol::messages::{Drain, Resume, UsesOn};
use chat2svg_supervision::Slot;
use chat2svg_web::{CloseDoors, Port, StopServer, WebActor, WebFront, install_metrics};
use chat2svg_webhooks::{SenderError, Targets, WebhookActor, WebhookSender};
use jiff::Timestamp;
use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;
use tracing::{error, info, warn};

use crate::{
    cluster::Node,
    keeping::Keeping,
    keys,
    running::reachable,
    settings::{LogFormat, Settings, StorePlace},
    signals::stop_signal,
    wiring::{Health, System},
};

/// How long the store's unfinished jobs may take to be read at the start.
const RESUME_TIMEOUT: Duration = Duration::from_secs(120);
/// What an orderly stop may take beside draining.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// Runs the service until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    if let Err(error) = sandbox::no_core_dump() {
        warn!(%error, "a crash may leave a core dump with what callers sent");
    }
    actix::System::new().block_on(serve(settings))
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    if let Some(notice) = StorePlace::find().notice_for(&settings.store.path) {
        warn!("{notice}");
    }
    // What can refuse the start comes before any actor: who cannot serve touches no job.
    let keys = keys::ring(settings)?;
    let sender = WebhookSender::new(&settings.webhooks)?;
    let mut server = settings.server.clone();
    server.webhooks = Some(Targets::new(&settings.webhooks).map_err(SenderError::from)?);
    let is_guarded = keys.is_required() || settings.auth.allow_anonymous_network_access;
    let port = Port::take(server, is_guarded)?;
    let keeping = Keeping::open(settings).await?;
    let tokens = keeping.tokens().await?;
    let metrics = install_metrics(keeping.node_name()).context("the metrics cannot be set up")?;
    let system = System::start(settings, &keeping)?;
    take_over_uses(&system, &keys).await;
    let node = keeping.start_node(&system, settings);
    let _webhooks = sender.map(|sender| webhooks(sender, &system));
    let callers = (Arc::clone(&keys), tokens, settings.auth.clone());
    let mut services = system.web_services(callers, metrics);
    if let Some(node) = &node {
        node.answer(&mut services);
    }
    let front = WebFront::new(port, services)?;
    let address = front.address();
    let web = Slot::<WebActor>::new("web");
    system
        .watchdog
        .start(&web, &Arbiter::new().handle(), move || {
            WebActor::new(front.clone())
        });
    match system.controller.line().ask(Resume, RESUME_TIMEOUT).await? {
        Ok(0) => {}
        Ok(jobs) => info!(jobs, "unfinished jobs of an earlier run are taken up"),
        Err(error) => error!(%error, "unfinished jobs of an earlier run cannot be taken up"),
    }
    notify(&[NotifyState::Ready]);
    info!(%address, version = env!("CARGO_PKG_VERSION"), "ready");
    if settings.log.format == LogFormat::Text {
        eprintln!("chat2svg: the page is at {}", page_of(address));
    }

    actix::spawn(keep_alive(system.health()));
    let signal = stop_signal().await?;
    info!(signal, "stopping");
    notify(&[NotifyState::Stopping]);
    let patience = Duration::from_secs(settings.process.drain_seconds) + STOP_MARGIN;
    tokio::select! {
        () = stop(&system, node.as_ref(), &web, settings) => {
            keeping.close().await;
            info!("stopped");
        }
        signal = stop_signal() => warn!(signal = signal?, "stopped at once by a second signal"),
        () = tokio::time::sleep(patience) => warn!("stopped although not everything had ended"),
    }
    Ok(())
}

/// Goes on counting against quotas where an earlier process left off.
async fn take_over_uses(system: &System, keys: &KeyRing) {
    let day = Window::Day.number(Timestamp::now());
    let asked = system.uses_on().ask(UsesOn { day }, RESUME_TIMEOUT).await;
    let uses = asked.map_err(anyhow::Error::from);
    match uses.and_then(|uses| uses.map_err(anyhow::Error::from)) {
        Ok(uses) => keys.take_over(day, &uses),
        Err(error) => error!(%error, "the day's quotas count from now on"),
    }
}

/// Starts who tells of the ends of jobs.
fn webhooks(sender: WebhookSender, system: &System) -> Slot<WebhookActor> {
    let slot = Slot::<WebhookActor>::new("webhooks");
    let (lines, sender) = (system.webhook_lines(), Arc::new(sender));
    system
        .watchdog
        .start(&slot, &Arbiter::new().handle(), move || {
            WebhookActor::new(lines.clone(), Arc::clone(&sender))
        });
    slot
}

/// The address of the page as a browser on this machine takes it.
fn page_of(address: SocketAddr) -> String {
    format!("http://{}/", reachable(address))
}

async fn stop(system: &System, node: Option<&Node>, web: &Slot<WebActor>, settings: &Settings) {
    let drain = Duration::from_secs(settings.process.drain_seconds);
    let patience = drain + STOP_MARGIN;
    let doors = web.line().ask(CloseDoors, STOP_MARGIN).await;
    if let Some(node) = node {
        node.hand_back(false, STOP_MARGIN).await;
    }
    let drained = system
        .controller
        .line()
        .ask(
            Drain {
                until: Instant::now() + drain,
            },
            patience,
        )
        .await;
    if let Some(node) = node {
        node.hand_back(true, STOP_MARGIN).await;
    }
    let stopped = web.line().ask(StopServer, STOP_MARGIN).await;
    for step in [doors, drained, stopped] {
        if let Err(error) = step {
            warn!(%error, "stopping goes on without");
        }
    }
    system.stop();
}

/// Tells systemd that the actors live, as often as it wants to hear it.
async fn keep_alive(health: Health) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval(limit / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // An actor that is being restarted is the watchdog's matter; if none lives, it is
        // systemd's.
        if health().iter().any(|actor| actor.alive) {
            notify(&[NotifyState::Watchdog]);
        } else {
            error!("no actor answers");
        }
    }
}

/// Tells systemd, if it listens.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd could not be told");
    }
}
