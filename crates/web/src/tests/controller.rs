//! A controller as the web front sees one: it keeps jobs in memory and does what their prompts say.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::{Actor, Context, Handler, Message, MessageResult};
use chat2svg_protocol::{
    BackendId, CircuitChange, CircuitSnapshot, CircuitStanding, CircuitState, FailureCode,
    GpuSnapshot, JobEvent, JobEventKind, JobFailure, JobId, JobKind, JobMetadata, JobSpec,
    JobState, JobView, LevelMode, LoadAverage, OpenReason, Permit, Pressure, QueueSnapshot,
    ResourceLevel, ResourceSnapshot, SolveMethod, Stage, StageReport, StageStatus, StalledShare,
    Tier, UnknownCircuit,
    messages::{
        Accepted, Cancel, CancelOutcome, CircuitsQuery, CountUse, JobQuery, JobsQuery,
        PipelineQuery, QueueQuery, Remove, RemoveOutcome, ResourcesQuery, ResultQuery, SetCircuit,
        SetPipeline, StoreError, StoreProbe, Submit, SubmitError, Subscribe, Subscription,
    },
};
use jiff::Timestamp;
use tokio::sync::broadcast;
use uuid::Uuid;

pub(super) const PICTURE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32" viewBox="0 0 64 32"><g id="sky"><path d="M0 0H64V32H0Z" fill="#38f"/></g></svg>"##;

struct Job {
    view: JobView,
    events: Vec<JobEvent>,
    sender: Option<broadcast::Sender<JobEvent>>,
    permit: Option<Permit>,
}

#[derive(Default)]
pub(super) struct Controller {
    jobs: HashMap<JobId, Job>,
    order: Vec<JobId>,
    keys: HashMap<String, (JobId, JobSpec)>,
    pub(super) submitted: Vec<(JobSpec, usize)>,
    probed: usize,
    store_fault: Option<&'static str>,
    has_no_credit: bool,
}

impl Actor for Controller {
    type Context = Context<Self>;
}

/// What happened to a job, from a test.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Happen(pub(super) JobId, pub(super) JobEventKind);

/// From now on the store fails, or works. Answers how often it was probed until now.
#[derive(Message)]
#[rtype(result = "usize")]
pub(super) struct StoreFails(pub(super) Option<&'static str>);

/// From now on the backend whose circuit is open has no credit.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct NoCredit;

/// What was handed over: the specs and how many files came with each.
#[derive(Message)]
#[rtype(result = "Vec<(JobSpec, usize)>")]
pub(super) struct Submitted;

impl Controller {
    fn happen(&mut self, id: JobId, kind: JobEventKind) {
        let job = self.jobs.get_mut(&id).unwrap();
        let event = JobEvent {
            job: id,
            sequence: job.events.len() as u64 + 1,
            kind,
        };
        match &event.kind {
            JobEventKind::Started { .. } => job.view.state = JobState::Running,
            JobEventKind::Done { state } => {
                job.view.state = *state;
                job.view.progress = 1.0;
                if matches!(state, JobState::Succeeded | JobState::Degraded) {
                    job.view.metadata = Some(metadata(&job.view));
                }
            }
            _ => {}
        }
        job.events.push(event.clone());
        if let Some(sender) = &job.sender {
            let _ = sender.send(event);
        }
        if job.view.state.is_final() {
            job.sender = None;
            job.permit = None;
        }
    }
}

fn metadata(view: &JobView) -> JobMetadata {
    JobMetadata {
        prompt: match &view.spec.kind {
            JobKind::Generate { prompt, .. } => Some(prompt.as_str().to_owned()),
            _ => None,
        },
        style: Some("flat".into()),
        seed: view.spec.options.seed,
        resource_level: ResourceLevel::High,
        served_level: Some(ResourceLevel::High),
        lowered_because: None,
        tier: Tier::Full,
        stages_run: vec![Stage::Template],
        stage_durations: [(Stage::Template, 0.01)].into(),
        stages: vec![StageReport {
            stage: Stage::Template,
            backend: Some(BackendId::EMBEDDED),
            from_checkpoint: false,
            level: ResourceLevel::High,
            status: StageStatus::Completed,
            reason: None,
            attempts: Vec::new(),
            model: None,
        }],
        fallback: false,
        fallback_reason: None,
        error: None,
        error_detail: None,
        circuits: Vec::new(),
        undrawn: Vec::new(),
        isolated: false,
        warnings: Vec::new(),
        credits: Vec::new(),
        detail: None,
        fit: None,
        total_seconds: 0.02,
        first_document_seconds: Some(0.01),
        timestamp: Timestamp::UNIX_EPOCH,
    }
}

impl Handler<Submit> for Controller {
    type Result = Result<Accepted, SubmitError>;

    fn handle(&mut self, submit: Submit, _: &mut Self::Context) -> Self::Result {
        if let Some(key) = &submit.idempotency_key
            && let Some((job, spec)) = self.keys.get(key)
        {
            return if *spec == submit.spec {
                Ok(Accepted {
                    job: *job,
                    replayed: true,
                    used: None,
                })
            } else {
                Err(SubmitError::IdempotencyConflict)
            };
        }
        let script = match &submit.spec.kind {
            JobKind::Generate { prompt, .. } => prompt.as_str().to_owned(),
            _ => String::new(),
        };
        if script == "no store" {
            return Err(SubmitError::Store("disk full".into()));
        }
        assert_ne!(script, "panic", "asked to panic");
        let id = JobId(Uuid::now_v7());
        if let Some(key) = submit.idempotency_key {
            self.keys.insert(key, (id, submit.spec.clone()));
        }
        let files = submit.attachments.len();
        self.submitted.push((submit.spec.clone(), files));
        self.order.push(id);
        self.jobs.insert(
            id,
            Job {
                view: JobView::queued(id, submit.owner, submit.spec, Timestamp::UNIX_EPOCH),
                events: Vec::new(),
                sender: Some(broadcast::Sender::new(4)),
                permit: Some(submit.permit),
            },
        );
        self.happen(id, JobEventKind::Queued);
        let failure = |code| Some(JobFailure::new(code, "nothing was drawn"));
        let end = match script.as_str() {
            "wait" => return Ok(accepted(id)),
            "fail" => {
                self.jobs.get_mut(&id).unwrap().view.failure = failure(FailureCode::StageFailed);
                JobState::Failed
            }
            "late" => {
                self.jobs.get_mut(&id).unwrap().view.failure =
                    failure(FailureCode::DeadlineExceeded);
                JobState::Failed
            }
            _ => JobState::Succeeded,
        };
        self.happen(
            id,
            JobEventKind::Started {
                stages: vec![Stage::Template],
            },
        );
        self.happen(id, JobEventKind::Done { state: end });
        Ok(accepted(id))
    }
}

fn accepted(job: JobId) -> Accepted {
    Accepted {
        job,
        replayed: false,
        used: None,
    }
}

impl Handler<Cancel> for Controller {
    type Result = actix::MessageResult<Cancel>;

    fn handle(&mut self, cancel: Cancel, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(match self.jobs.get(&cancel.job) {
            None => CancelOutcome::Unknown,
            Some(job) if job.view.state.is_final() => CancelOutcome::AlreadyFinal,
            Some(_) => {
                let state = JobState::Cancelled;
                self.happen(cancel.job, JobEventKind::Done { state });
                CancelOutcome::Cancelling
            }
        })
    }
}

impl Handler<JobQuery> for Controller {
    type Result = Result<Option<JobView>, StoreError>;

    fn handle(&mut self, query: JobQuery, _: &mut Self::Context) -> Self::Result {
        Ok(self.jobs.get(&query.job).map(|job| job.view.clone()))
    }
}

impl Handler<Remove> for Controller {
    type Result = Result<RemoveOutcome, StoreError>;

    fn handle(&mut self, remove: Remove, _: &mut Self::Context) -> Self::Result {
        self.order.retain(|id| *id != remove.job);
        Ok(match self.jobs.remove(&remove.job) {
            Some(_) => RemoveOutcome::Removed,
            None => RemoveOutcome::Unknown,
        })
    }
}

impl Handler<JobsQuery> for Controller {
    type Result = Result<Vec<JobView>, StoreError>;

    fn handle(&mut self, query: JobsQuery, _: &mut Self::Context) -> Self::Result {
        Ok(self
            .order
            .iter()
            .rev()
            .filter(|id| query.before.is_none_or(|before| **id < before))
            .filter(|id| {
                let owner = query.owner.as_ref();
                owner.is_none_or(|owner| self.jobs[id].view.owner == *owner)
            })
            .take(query.limit as usize)
            .map(|id| self.jobs[id].view.clone())
            .collect())
    }
}

impl Handler<ResultQuery> for Controller {
    type Result = Result<Option<Arc<str>>, StoreError>;

    fn handle(&mut self, _: ResultQuery, _: &mut Self::Context) -> Self::Result {
        Ok(Some(PICTURE.into()))
    }
}

impl Handler<Subscribe> for Controller {
    type Result = actix::MessageResult<Subscribe>;

    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.jobs.get(&subscribe.job).map(|job| Subscription {
            past: job.events[(subscribe.after as usize).min(job.events.len())..].to_vec(),
            coming: match &job.sender {
                Some(sender) => sender.subscribe(),
                None => broadcast::channel(1).1,
            },
        }))
    }
}

impl Handler<Happen> for Controller {
    type Result = ();

    fn handle(&mut self, Happen(job, kind): Happen, _: &mut Self::Context) {
        self.happen(job, kind);
    }
}

impl Handler<Submitted> for Controller {
    type Result = Vec<(JobSpec, usize)>;

    fn handle(&mut self, _: Submitted, _: &mut Self::Context) -> Self::Result {
        self.submitted.clone()
    }
}

impl Handler<QueueQuery> for Controller {
    type Result = actix::MessageResult<QueueQuery>;

    fn handle(&mut self, _: QueueQuery, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(QueueSnapshot {
            queued: 3,
            running: 1,
            max_concurrent: 2,
            last_solve_ms: 0.2,
            last_method: Some(SolveMethod::Optimal),
            ..QueueSnapshot::default()
        })
    }
}

impl Handler<CircuitsQuery> for Controller {
    type Result = Vec<CircuitSnapshot>;

    fn handle(&mut self, _: CircuitsQuery, _: &mut Self::Context) -> Self::Result {
        vec![CircuitSnapshot {
            stage: Stage::Detail,
            backend: BackendId::EMBEDDED,
            standing: CircuitStanding {
                state: CircuitState::Open,
                window_calls: 5,
                window_failures: 5,
                consecutive_failures: 5,
                retry_after_seconds: Some(Duration::from_secs(3).as_secs_f64()),
                because: Some(if self.has_no_credit {
                    OpenReason::Terminal
                } else {
                    OpenReason::Failures
                }),
                last_failure: Some("no connection".to_owned()),
                changes: vec![CircuitChange {
                    at: Timestamp::UNIX_EPOCH,
                    from: CircuitState::Closed,
                    to: CircuitState::Open,
                    because: Some(OpenReason::Failures),
                }],
                ..CircuitStanding::closed()
            },
        }]
    }
}

impl Handler<SetCircuit> for Controller {
    type Result = Result<CircuitSnapshot, UnknownCircuit>;

    fn handle(&mut self, set: SetCircuit, context: &mut Self::Context) -> Self::Result {
        let mut circuits = self.handle(CircuitsQuery, context);
        circuits.retain(|known| known.stage == set.circuit.stage);
        let mut circuit = circuits.pop().ok_or(UnknownCircuit {
            circuit: set.circuit,
            known: vec!["detail/embedded".to_owned()],
        })?;
        circuit.standing.mode = set.mode;
        Ok(circuit)
    }
}

impl Handler<PipelineQuery> for Controller {
    type Result = MessageResult<PipelineQuery>;

    fn handle(&mut self, _: PipelineQuery, _: &mut Self::Context) -> Self::Result {
        MessageResult(CircuitStanding::closed())
    }
}

impl Handler<SetPipeline> for Controller {
    type Result = MessageResult<SetPipeline>;

    fn handle(&mut self, set: SetPipeline, _: &mut Self::Context) -> Self::Result {
        MessageResult(CircuitStanding {
            mode: set.mode,
            ..CircuitStanding::closed()
        })
    }
}

impl Handler<ResourcesQuery> for Controller {
    type Result = Arc<ResourceSnapshot>;

    fn handle(&mut self, _: ResourcesQuery, _: &mut Self::Context) -> Self::Result {
        Arc::new(ResourceSnapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            cpu_used: 0.25,
            cpu_used_by_others: 0.05,
            cpu_cores: 2.0,
            memory_used: 1 << 30,
            memory_total: 4 << 30,
            swap_used: 0,
            swap_total: 0,
            process_memory: 32 << 20,
            load: Some(LoadAverage {
                one: 1.5,
                five: 1.0,
                fifteen: 0.5,
            }),
            pressure: Some(Pressure {
                memory: Some(StalledShare {
                    some: 0.5,
                    full: 0.25,
                }),
                ..Pressure::default()
            }),
            gpus: vec![GpuSnapshot {
                index: 0,
                name: "Stand-in".to_owned(),
                used: Some(0.5),
                memory_used: 1 << 30,
                memory_total: 24 << 30,
            }],
            level: ResourceLevel::High,
            measured_level: ResourceLevel::High,
            mode: LevelMode::Adaptive,
        })
    }
}

impl Handler<StoreFails> for Controller {
    type Result = usize;

    fn handle(&mut self, StoreFails(fault): StoreFails, _: &mut Self::Context) -> usize {
        self.store_fault = fault;
        self.probed
    }
}

impl Handler<NoCredit> for Controller {
    type Result = ();

    fn handle(&mut self, _: NoCredit, _: &mut Self::Context) {
        self.has_no_credit = true;
    }
}

impl Handler<CountUse> for Controller {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: CountUse, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

impl Handler<StoreProbe> for Controller {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: StoreProbe, _: &mut Self::Context) -> Self::Result {
        self.probed += 1;
        self.store_fault
            .map_or(Ok(()), |fault| Err(StoreError(fault.into())))
    }
}
