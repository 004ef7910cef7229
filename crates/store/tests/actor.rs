//! The store behind its mailbox, under the watchdog.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{sync::Arc, time::Duration};

use actix::Arbiter;
use chat2svg_protocol::{
    FitLimits, JobId, JobKind, JobOptions, JobSpec, JobState, JobView, LevelChoice, Placement,
    Stage,
    messages::{
        FinishJob, GetJob, GetResult, KeptStage, ListJobs, ListUnfinished, PutJob, PutStage,
        StoreError, Stored, UpdateJob,
    },
};
use chat2svg_store::{StoreActor, StoreConfig, StoreWorker};
use chat2svg_supervision::{Slot, Watchdog, WatchdogPolicy};
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(config: &StoreConfig) -> (Slot<StoreActor>, Watchdog) {
    let worker = StoreWorker::open(config).unwrap();
    let slot = Slot::new("store");
    let watchdog = Watchdog::new(WatchdogPolicy {
        backoff_min_ms: 1,
        ..WatchdogPolicy::default()
    });
    let config = config.clone();
    watchdog.start(&slot, &Arbiter::current(), move || {
        StoreActor::new(config.clone(), worker.clone())
    });
    (slot, watchdog)
}

fn job(number: u128) -> JobView {
    JobView::queued(
        JobId(Uuid::from_u128(number)),
        Default::default(),
        JobSpec {
            kind: JobKind::Vectorize {
                ground: Default::default(),
                look: Default::default(),
                limits: FitLimits::default(),
            },
            options: JobOptions {
                seed: 0,
                deadline_ms: 1000,
                level: LevelChoice::Auto,
                priority: Default::default(),
                webhook: None,
                palette: None,
                output: Default::default(),
            },
        },
        Timestamp::now(),
    )
}

fn put(view: &JobView) -> PutJob {
    PutJob {
        view: view.clone(),
        attachments: Vec::new(),
        idempotency_key: None,
    }
}

#[actix_rt::test]
async fn a_job_goes_through_its_life() {
    let (slot, _watchdog) = start(&StoreConfig::in_memory());
    let mut view = job(1);
    let stored = slot.line().ask(put(&view), PATIENCE).await.unwrap();
    assert_eq!(stored, Ok(Stored::New));
    view.state = JobState::Running;
    let update = UpdateJob { view: view.clone() };
    assert_eq!(slot.line().ask(update, PATIENCE).await.unwrap(), Ok(()));
    let stage = PutStage {
        job: view.id,
        kept: KeptStage {
            stage: Stage::Template,
            svg: Arc::from("<svg/>"),
            target: None,
            placement: Placement::Unregistered,
        },
    };
    assert_eq!(slot.line().ask(stage, PATIENCE).await.unwrap(), Ok(()));
    let unfinished = slot.line().ask(ListUnfinished, PATIENCE).await.unwrap();
    assert_eq!(unfinished.unwrap().len(), 1);
    view.state = JobState::Succeeded;
    let finish = FinishJob {
        view: view.clone(),
        svg: Some(Arc::from("<svg>done</svg>")),
    };
    assert_eq!(slot.line().ask(finish, PATIENCE).await.unwrap(), Ok(()));
    let list = ListJobs {
        limit: 5,
        before: None,
        owner: None,
    };
    assert_eq!(
        slot.line().ask(list, PATIENCE).await.unwrap(),
        Ok(vec![view.clone()])
    );
    let result = GetResult { job: view.id };
    assert_eq!(
        slot.line().ask(result, PATIENCE).await.unwrap(),
        Ok(Some(Arc::from("<svg>done</svg>")))
    );
}

#[actix_rt::test]
async fn a_panic_loses_nothing() {
    for config in [StoreConfig::in_memory(), {
        let folder = TempDir::new().unwrap().keep();
        StoreConfig {
            path: folder.join("jobs.db"),
            ..StoreConfig::default()
        }
    }] {
        let (slot, _watchdog) = start(&config);
        let view = job(1);
        slot.line()
            .ask(put(&view), PATIENCE)
            .await
            .unwrap()
            .unwrap();
        slot.inject_panic();
        while slot.health().restarts == 0 {
            actix_rt::time::sleep(Duration::from_millis(1)).await;
        }
        let get = GetJob { job: view.id };
        assert_eq!(
            slot.line().ask(get, PATIENCE).await.unwrap(),
            Ok(Some(view))
        );
        if let Some(folder) = config.path.parent().filter(|_| !config.is_in_memory()) {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[actix_rt::test]
async fn failures_reach_the_caller_as_text() {
    let (slot, _watchdog) = start(&StoreConfig::in_memory());
    let update = UpdateJob { view: job(7) };
    let Err(StoreError(text)) = slot.line().ask(update, PATIENCE).await.unwrap() else {
        panic!("an unknown job was updated");
    };
    assert!(text.contains("is not in the store"), "{text}");
}
