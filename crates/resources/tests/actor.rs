//! The monitor behind its mailbox, under the watchdog.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix::prelude::*;
use chat2svg_protocol::{
    LevelMode, ResourceLevel, ResourceSnapshot,
    messages::{ResourcesChanged, ResourcesQuery},
};
use chat2svg_resources::{Probe, ProbeError, Reading, ResourcesActor, ResourcesConfig};
use chat2svg_supervision::{Line, Slot, Watchdog, WatchdogPolicy};

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Arc<ResourceSnapshot>>>>);

impl Actor for Heard {
    type Context = Context<Self>;
}

impl Handler<ResourcesChanged> for Heard {
    type Result = ();

    fn handle(&mut self, changed: ResourcesChanged, _: &mut Self::Context) {
        self.0.lock().unwrap().push(changed.0);
    }
}

impl Heard {
    async fn at_least(&self, count: usize) -> Vec<Arc<ResourceSnapshot>> {
        loop {
            let heard = self.0.lock().unwrap().clone();
            if heard.len() >= count {
                return heard;
            }
            actix_rt::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn start(
    actor: impl Fn(Line<ResourcesChanged>) -> ResourcesActor + Send + Sync + 'static,
) -> (Slot<ResourcesActor>, Watchdog, Heard) {
    let heard = Heard::default();
    let line = Line::from_recipient("heard", heard.clone().start().recipient());
    let slot = Slot::new("resources");
    let watchdog = Watchdog::new(WatchdogPolicy {
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    watchdog.start(&slot, &Arbiter::current(), move || actor(line.clone()));
    (slot, watchdog, heard)
}

#[actix_rt::test]
async fn the_real_machine_is_read_and_read_again_after_a_panic() {
    let (slot, _watchdog, heard) =
        start(|line| ResourcesActor::new(ResourcesConfig::default(), vec![line]));
    let snapshot = slot.line().ask(ResourcesQuery, PATIENCE).await.unwrap();
    assert!(snapshot.cpu_cores > 0.0);
    assert!(snapshot.memory_total > 0);
    assert_eq!(heard.at_least(1).await[0], snapshot);
    heard.at_least(2).await;

    slot.inject_panic();
    while slot.health().restarts == 0 {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    let again = slot.line().ask(ResourcesQuery, PATIENCE).await.unwrap();
    assert!(again.taken_at > snapshot.taken_at);
}

/// Fails to be made, panics, fails to read, and then reads a half-used machine.
struct Fickle(u32);

impl Probe for Fickle {
    #[expect(clippy::panic, reason = "it is what this probe is for")]
    fn read(&mut self) -> Result<Reading, ProbeError> {
        match self.0 {
            1 => panic!("a driver gone mad"),
            2 => {
                self.0 = 3;
                Err(ProbeError("not now".into()))
            }
            _ => Ok(Reading {
                cpu_cores: 2.0,
                cpu_used: 0.5,
                memory_used: 50,
                memory_total: 100,
                ..Reading::default()
            }),
        }
    }
}

#[actix_rt::test]
async fn a_probe_that_fails_or_panics_leaves_the_monitor_alive() {
    let made = Arc::new(AtomicU32::new(0));
    let (slot, _watchdog, heard) = start(move |line| {
        let made = Arc::clone(&made);
        let config = ResourcesConfig {
            check_interval_seconds: 0,
            ..ResourcesConfig::default()
        };
        ResourcesActor::with_probe(config, vec![line], move || {
            match made.fetch_add(1, Ordering::SeqCst) {
                0 => Err(ProbeError("no such file".into())),
                n => Ok(Fickle(n)),
            }
        })
    });
    let first = slot.line().ask(ResourcesQuery, PATIENCE).await.unwrap();
    assert_eq!(first.level, ResourceLevel::Low);
    // One for the unknown machine, and one when at last it can be read.
    let heard = heard.at_least(2).await;
    assert_eq!(heard[1].level, ResourceLevel::High);
    assert_eq!(heard[1].memory_used, 50);
    assert_eq!(slot.health().restarts, 0);
}

/// A machine with nothing left.
struct Exhausted;

impl Probe for Exhausted {
    fn read(&mut self) -> Result<Reading, ProbeError> {
        Ok(Reading {
            cpu_cores: 2.0,
            cpu_used: 1.0,
            cpu_used_by_others: 1.0,
            memory_used: 99,
            memory_total: 100,
            ..Reading::default()
        })
    }
}

#[actix_rt::test]
async fn a_level_that_is_set_stays_and_the_measured_one_is_shown_beside_it() {
    let (slot, _watchdog, _) = start(|line| {
        let config = ResourcesConfig {
            mode: LevelMode::High,
            ..ResourcesConfig::default()
        };
        ResourcesActor::with_probe(config, vec![line], || Ok(Exhausted))
    });
    let snapshot = slot.line().ask(ResourcesQuery, PATIENCE).await.unwrap();
    assert_eq!(snapshot.level, ResourceLevel::High);
    assert_eq!(snapshot.measured_level, ResourceLevel::Minimal);
    assert_eq!(snapshot.mode, LevelMode::High);
}
