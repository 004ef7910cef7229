//! The monitor's mailbox and timer. Readings are taken on a blocking thread, one at a time.

use std::{sync::Arc, thread, time::Duration};

use actix::prelude::*;
use chat2svg_protocol::{
    LevelMode, ResourceLevel, ResourceSnapshot,
    messages::{ResourcesChanged, ResourcesQuery},
};
use chat2svg_supervision::{Line, answers_polls};
use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    config::ResourcesConfig,
    levels::{Availability, LevelTracker},
    machine::MachineProbe,
    reading::{Probe, ProbeError, Reading},
};

/// CPU use is known from the second reading on, which therefore follows the first soon.
const SECOND_READING: Duration = Duration::from_millis(300);

type MakeProbe = Arc<dyn Fn() -> Result<Box<dyn Probe>, ProbeError> + Send + Sync>;

/// The resource monitor.
pub struct ResourcesActor {
    config: ResourcesConfig,
    listeners: Vec<Line<ResourcesChanged>>,
    make_probe: MakeProbe,
    /// `None` while a reading is taken, or before the first.
    probe: Option<Box<dyn Probe>>,
    tracker: LevelTracker,
    snapshot: watch::Sender<Option<Arc<ResourceSnapshot>>>,
}

impl ResourcesActor {
    /// A monitor of this machine that tells `listeners` of every reading.
    pub fn new(config: ResourcesConfig, listeners: Vec<Line<ResourcesChanged>>) -> Self {
        let library = config.gpu.then(|| config.gpu_library.clone());
        Self::with_probe(config, listeners, move || {
            MachineProbe::new(library.as_deref())
        })
    }

    /// A monitor of whatever the probe reads. A probe that panics is made anew.
    pub fn with_probe<P: Probe>(
        config: ResourcesConfig,
        listeners: Vec<Line<ResourcesChanged>>,
        make_probe: impl Fn() -> Result<P, ProbeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            config,
            listeners,
            make_probe: Arc::new(move || make_probe().map(|probe| Box::new(probe) as _)),
            probe: None,
            tracker: LevelTracker::default(),
            snapshot: watch::Sender::new(None),
        }
    }

    /// Takes a reading, and the next one after it.
    fn read(&mut self, context: &mut Context<Self>) {
        let probe = self.probe.take();
        let make_probe = Arc::clone(&self.make_probe);
        let reading = tokio::task::spawn_blocking(move || {
            let mut probe = match probe {
                Some(probe) => probe,
                None => make_probe()?,
            };
            let reading = probe.read();
            Ok((probe, reading))
        });
        let done = reading.into_actor(self).map(|outcome, actor, context| {
            let reading = match outcome {
                Ok(Ok((probe, reading))) => {
                    actor.probe = Some(probe);
                    reading
                }
                Ok(Err(error)) => Err(error),
                Err(panic) => Err(ProbeError(panic.to_string())),
            };
            let is_first = actor.snapshot.borrow().is_none();
            actor.take_note(reading);
            let wait = if is_first {
                SECOND_READING
            } else {
                Duration::from_secs(u64::from(actor.config.check_interval_seconds.max(1)))
            };
            context.run_later(wait, Self::read);
        });
        context.spawn(done);
    }

    fn take_note(&mut self, reading: Result<Reading, ProbeError>) {
        let last = self.snapshot.borrow().clone();
        let snapshot = match (reading, last) {
            (Ok(reading), last) => {
                let free = Availability::from(&reading);
                let measured = self.tracker.observe(&self.config, &reading);
                let level = self.config.mode.level().unwrap_or(measured);
                let before = last.map(|last| last.level);
                if before != Some(level) {
                    info!(
                        from = before.map(ResourceLevel::name),
                        to = level.name(),
                        cpu_free_percent = free.cpu,
                        memory_free_percent = free.memory,
                        swap_used_percent = free.swap_used,
                        "resource level changed"
                    );
                }
                self.snapshot_of(reading, measured)
            }
            (Err(error), Some(_)) => {
                warn!(%error, "no reading");
                return;
            }
            (Err(error), None) => {
                warn!(%error, "no reading; carefully, a low level is assumed");
                self.snapshot_of(unknown_machine(), ResourceLevel::Low)
            }
        };
        let snapshot = Arc::new(snapshot);
        self.snapshot.send_replace(Some(Arc::clone(&snapshot)));
        for listener in &self.listeners {
            listener.tell(ResourcesChanged(Arc::clone(&snapshot)));
        }
    }

    fn snapshot_of(&self, reading: Reading, measured: ResourceLevel) -> ResourceSnapshot {
        snapshot_of(reading, measured, self.config.mode)
    }
}

fn snapshot_of(reading: Reading, measured: ResourceLevel, mode: LevelMode) -> ResourceSnapshot {
    ResourceSnapshot {
        taken_at: Timestamp::now(),
        cpu_used: reading.cpu_used,
        cpu_used_by_others: reading.cpu_used_by_others,
        cpu_cores: reading.cpu_cores,
        memory_used: reading.memory_used,
        memory_total: reading.memory_total,
        swap_used: reading.swap_used,
        swap_total: reading.swap_total,
        process_memory: reading.process_memory,
        load: reading.load,
        pressure: reading.pressure,
        gpus: reading.gpus,
        level: mode.level().unwrap_or(measured),
        measured_level: measured,
        mode,
    }
}

/// What can be said of a machine that cannot be read.
fn unknown_machine() -> Reading {
    #[expect(clippy::cast_precision_loss, reason = "core counts are small")]
    let cpu_cores = thread::available_parallelism().map_or(1, usize::from) as f32;
    Reading {
        cpu_cores,
        ..Reading::default()
    }
}

impl Actor for ResourcesActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.read(context);
    }
}

answers_polls!(ResourcesActor);

impl Handler<ResourcesQuery> for ResourcesActor {
    type Result = ResponseFuture<Arc<ResourceSnapshot>>;

    /// The last reading, or the first when there is none yet.
    fn handle(&mut self, _: ResourcesQuery, _: &mut Self::Context) -> Self::Result {
        let mut snapshots = self.snapshot.subscribe();
        let mode = self.config.mode;
        Box::pin(async move {
            let known = snapshots.wait_for(Option::is_some).await;
            let known = known.ok().and_then(|snapshot| snapshot.clone());
            // The actor died while it was waited for.
            known.unwrap_or_else(|| {
                Arc::new(snapshot_of(unknown_machine(), ResourceLevel::Low, mode))
            })
        })
    }
}
