//! The controller actor: holds the jobs, owns time and effects. What is to be done is decided by
//! [`Machine`]; how it is written down is the scribe's concern.
//!
//! Effects run in detached tasks that report back by message. If this actor is lost and started
//! anew, it takes up its jobs from the store; what the lost one had under way is cancelled.

mod handlers;
mod resume;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use actix::prelude::*;
use chat2svg_protocol::{
    CanvasSize, JobEventKind, JobFailure, JobId, JobKind, JobState, JobView, ParsedInputs, Prompt,
    Stage, Style,
    messages::{
        Enqueue, FinishJob, GetJob, GetResult, ListJobs, ListUnfinished, PutJob, StageContext,
        StageError, StageFinished, StoreError, UpdateJob, Withdraw,
    },
};
use chat2svg_supervision::{ComputePool, Line, answers_polls};
use chat2svg_vector::Document;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

use crate::{
    Command, ControllerConfig, EndFacts, Event, Machine, StageCall, StageFault, StageProduct,
    Timing,
    calls::{CallLimits, StageLines},
    events::{EventLog, preview},
    request::StageRequest,
    scribe::{Entry, Note, Scribe, ScribeLines},
};

/// Between two looks for jobs that still wait for a plan; a scheduler that was started anew has
/// forgotten them.
const REENQUEUE: Duration = Duration::from_secs(2);

/// What a composition outside the stages is made from.
#[derive(Clone, Debug)]
pub struct ComposeRequest {
    /// What the picture shows.
    pub prompt: Prompt,
    /// Its look; `None` lets the prompt decide.
    pub style: Option<Style>,
    /// Size of the canvas.
    pub canvas: CanvasSize,
    /// Varies the arrangement.
    pub seed: u64,
}

/// Composes a document without any stage: pure, quick, called on the compute pool.
pub type Composer = Arc<dyn Fn(&ComposeRequest) -> Result<Document, String> + Send + Sync>;

/// Whom the controller talks to.
#[derive(Clone, Debug)]
pub struct ControllerLines {
    /// Keeps a new job.
    pub put_job: Line<PutJob>,
    /// One job.
    pub get_job: Line<GetJob>,
    /// Jobs, newest first.
    pub list_jobs: Line<ListJobs>,
    /// A result.
    pub get_result: Line<GetResult>,
    /// Unfinished jobs.
    pub list_unfinished: Line<ListUnfinished>,
    /// What is written about a running job.
    pub scribe: ScribeLines,
    /// A job waits for a plan.
    pub enqueue: Line<Enqueue>,
    /// A stage ended.
    pub stage_finished: Line<StageFinished>,
    /// A job is over.
    pub withdraw: Line<Withdraw>,
    /// The stages and their circuits.
    pub stages: StageLines,
}

/// The controller.
pub struct ControllerActor {
    config: ControllerConfig,
    lines: ControllerLines,
    compute: ComputePool,
    composer: Composer,
    live: HashMap<JobId, LiveJob>,
    /// Jobs on their way into the store, not to be taken up a second time.
    arriving: HashSet<JobId>,
    ended: VecDeque<EndedJob>,
    draining: bool,
    drained: Vec<oneshot::Sender<()>>,
    taken_up: TakenUp,
    awaiting_take_up: Vec<oneshot::Sender<Result<u32, StoreError>>>,
}

/// Whether the store's unfinished jobs were taken up, which happens once in an actor's life.
enum TakenUp {
    UnderWay,
    Done(u32),
    Failed,
}

/// A job that is not over.
struct LiveJob {
    machine: Machine,
    /// As it was stored, but for what the machine knows better.
    view: JobView,
    log: EventLog,
    submitted: Instant,
    entries: mpsc::UnboundedSender<Entry>,
    alarm: Option<(Duration, SpawnHandle)>,
    /// Cancels the running stage when it is replaced or dropped.
    stage: Option<DropGuard>,
    /// Tells the answers of this run of a stage from those of an earlier one.
    run: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A job that is over, kept for a while for those who ask late.
struct EndedJob {
    view: JobView,
    log: EventLog,
    /// The result, if the store would not take it.
    unkept: Option<Arc<str>>,
}

/// A task → controller: something happened to a job.
#[derive(Message)]
#[rtype(result = "()")]
struct Happened {
    job: JobId,
    what: Happening,
}

enum Happening {
    StageEnded {
        run: u64,
        stage: Stage,
        result: Box<Result<StageProduct, StageFault>>,
    },
    Composed(Result<Arc<Document>, String>),
    Noted(Note),
}

impl ControllerActor {
    /// A controller without jobs; it takes up those of the store when it starts.
    pub fn new(
        config: ControllerConfig,
        lines: ControllerLines,
        compute: ComputePool,
        composer: Composer,
    ) -> Self {
        Self {
            config,
            lines,
            compute,
            composer,
            live: HashMap::new(),
            arriving: HashSet::new(),
            ended: VecDeque::new(),
            draining: false,
            drained: Vec::new(),
            taken_up: TakenUp::UnderWay,
            awaiting_take_up: Vec::new(),
        }
    }

    fn ask_timeout(&self) -> Duration {
        Duration::from_millis(self.config.ask_timeout_ms)
    }

    /// Takes a stored job on.
    fn begin(
        &mut self,
        view: JobView,
        inputs: &ParsedInputs,
        checkpoint: Option<(Stage, Arc<Document>)>,
        submitted: Instant,
        permit: Option<OwnedSemaphorePermit>,
        context: &mut Context<Self>,
    ) {
        let id = view.id;
        let deadline = Duration::from_millis(view.spec.options.deadline_ms);
        let timing = Timing::new(deadline, &self.config);
        let mut machine = Machine::new(view.spec.clone(), inputs, timing);
        if let Some((stage, document)) = checkpoint {
            machine = machine.with_checkpoint(stage, document);
        }
        let entries = self.start_scribe(id, submitted, context);
        // A job that is taken up again goes on with higher numbers than it had: fewer events than
        // milliseconds have passed, since progress is throttled.
        let first_event = if permit.is_some() {
            0
        } else {
            let age = Timestamp::now().as_millisecond() - view.created_at.as_millisecond();
            u64::try_from(age).unwrap_or(0)
        };
        let job = LiveJob {
            machine,
            view,
            log: EventLog::new(id, first_event),
            submitted,
            entries,
            alarm: None,
            stage: None,
            run: 0,
            _permit: permit,
        };
        self.live.insert(id, job);
        self.feed(id, Event::Stored, context);
    }

    fn start_scribe(
        &self,
        job: JobId,
        submitted: Instant,
        context: &mut Context<Self>,
    ) -> mpsc::UnboundedSender<Entry> {
        let (entries, queue) = mpsc::unbounded_channel();
        let scribe = Scribe {
            job,
            lines: self.lines.scribe.clone(),
            compute: self.compute.clone(),
            ask_timeout: self.ask_timeout(),
            submitted,
        };
        let controller = context.address();
        actix::spawn(scribe.run(queue, move |note| {
            tell(&controller, job, Happening::Noted(note));
        }));
        entries
    }

    /// Gives a job's machine an event and does what it says.
    fn feed(&mut self, id: JobId, event: Event, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            debug!(job = %id, "an event came for a job that is not running");
            return;
        };
        let now = job.submitted.elapsed();
        for command in job.machine.handle(event, now) {
            self.execute(id, command, context);
        }
        self.set_alarm(id, context);
    }

    /// Has the machine woken when it wants to be.
    fn set_alarm(&mut self, id: JobId, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        let wanted = job.machine.wake_at();
        if job.alarm.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some((_, handle)) = job.alarm.take() {
            context.cancel_future(handle);
        }
        if let Some(at) = wanted {
            let pause = at.saturating_sub(job.submitted.elapsed());
            let handle = context.run_later(pause, move |actor, context| {
                if let Some(job) = actor.live.get_mut(&id) {
                    job.alarm = None;
                }
                actor.feed(id, Event::Woken, context);
            });
            job.alarm = Some((at, handle));
        }
    }

    fn execute(&mut self, id: JobId, command: Command, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        match command {
            Command::Enqueue => self.enqueue(id),
            Command::Withdraw => self.lines.withdraw.tell(Withdraw { job: id }),
            Command::Announce(kind) => job.announce(kind),
            Command::ShowPreview { stage, document } => {
                job.write(Entry::Preview { stage, document });
            }
            Command::Persist => {
                let view = job.current_view();
                job.write(Entry::Update(Box::new(view)));
            }
            Command::Checkpoint { stage, document } => {
                job.write(Entry::Checkpoint { stage, document });
            }
            Command::RunStage(call) => self.run_stage(id, call, context),
            Command::StopStage => job.stage = None,
            Command::ReleaseStage { stage, spent } => {
                self.lines.stage_finished.tell(StageFinished {
                    job: id,
                    stage,
                    seconds: spent.as_secs_f64(),
                });
            }
            Command::Compose => self.compose(id, context),
            Command::Finish => {
                let mut view = job.current_view();
                view.metadata = Some(job.machine.metadata(EndFacts {
                    elapsed: job.submitted.elapsed(),
                    circuits: Vec::new(),
                    timestamp: Timestamp::now(),
                }));
                let document = job.machine.best().cloned();
                job.write(Entry::Finish {
                    view: Box::new(view),
                    document,
                });
            }
        }
    }

    fn enqueue(&self, id: JobId) {
        if let Some(job) = self.live.get(&id) {
            let wanted = job.machine.wanted();
            let options = &job.machine.spec().options;
            self.lines.enqueue.tell(Enqueue {
                job: id,
                deadline: (job.submitted + Duration::from_millis(options.deadline_ms)).into_std(),
                level: options.level.level(),
                wanted: Stage::ALL.map(|stage| wanted.contains(&stage)),
            });
        }
    }

    fn run_stage(&mut self, id: JobId, call: StageCall, context: &mut Context<Self>) {
        let Some(job) = self.live.get_mut(&id) else {
            return;
        };
        let cancel = CancellationToken::new();
        job.stage = Some(cancel.clone().drop_guard());
        job.run += 1;
        let (run, stage) = (job.run, call.stage);
        let limits = CallLimits {
            give_up_at: job.submitted + call.give_up_at,
            ask_timeout: Duration::from_millis(self.config.ask_timeout_ms),
            slow: Duration::from_millis(self.config.slow_backend_ms),
            cancel: cancel.clone(),
        };
        info!(job = %id, %stage, level = %call.level, "stage begins");
        let stage_context = StageContext {
            job: id,
            level: call.level,
            seed: job.machine.spec().options.seed,
            deadline: (job.submitted + call.until).into_std(),
            cancel,
        };
        let request = StageRequest::new(job.machine.spec(), call, stage_context);
        let lines = self.lines.stages.clone();
        let controller = context.address();
        actix::spawn(async move {
            let result = match request {
                Some(request) => lines.call(request, limits).await,
                None => Err(StageFault::Failed(StageError::BadInput(format!(
                    "the job has nothing for stage {stage} to work on"
                )))),
            };
            let result = Box::new(result);
            tell(
                &controller,
                id,
                Happening::StageEnded { run, stage, result },
            );
        });
    }

    fn compose(&self, id: JobId, context: &mut Context<Self>) {
        let Some(job) = self.live.get(&id) else {
            return;
        };
        let spec = job.machine.spec();
        let JobKind::Generate {
            prompt,
            style,
            canvas,
            ..
        } = &spec.kind
        else {
            return;
        };
        warn!(job = %id, "no stage gave a document; a composition is made in its place");
        let request = ComposeRequest {
            prompt: prompt.clone(),
            style: *style,
            canvas: *canvas,
            seed: spec.options.seed,
        };
        let (composer, compute) = (Arc::clone(&self.composer), self.compute.clone());
        let controller = context.address();
        actix::spawn(async move {
            let work = move || composer(&request);
            let result = match compute.run(&CancellationToken::new(), work).await {
                Ok(result) => result.map(Arc::new),
                Err(error) => Err(error.to_string()),
            };
            tell(&controller, id, Happening::Composed(result));
        });
    }

    /// A job's end is written: tell everybody, and let it go.
    fn let_go(&mut self, id: JobId, view: JobView, unkept: Option<Arc<str>>) {
        let Some(mut job) = self.live.remove(&id) else {
            return;
        };
        let degraded_by = view
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.fallback_reason.as_deref());
        let failure = view
            .failure
            .as_ref()
            .map(|failure| failure.message.as_str());
        info!(
            job = %id,
            state = view.state.name(),
            seconds = job.submitted.elapsed().as_secs_f64(),
            degraded_by,
            failure,
            "job over"
        );
        job.log.push(JobEventKind::Done { state: view.state });
        self.ended.push_back(EndedJob {
            view,
            log: job.log,
            unkept,
        });
        while self.ended.len() > self.config.ended_jobs_kept {
            self.ended.pop_front();
        }
        if self.draining && self.live.is_empty() {
            self.end_drain();
        }
    }

    /// Ends a job that cannot be taken up again.
    fn abandon(&self, mut view: JobView, failure: JobFailure) {
        view.state = JobState::Failed;
        view.stage = None;
        view.updated_at = Timestamp::now();
        warn!(job = %view.id, code = failure.code, "job given up: {}", failure.message);
        view.failure = Some(failure);
        let finish = self.lines.scribe.finish.clone();
        let patience = self.ask_timeout();
        actix::spawn(async move {
            let job = view.id;
            let message = FinishJob { view, svg: None };
            match finish.ask(message, patience).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%job, %error, "a given-up job's end was not stored"),
                Err(error) => warn!(%job, %error, "a given-up job's end was not stored"),
            }
        });
    }

    /// Stops what runs; the jobs stay unfinished in the store, to be taken up by the next process.
    /// They are marked as waiting, so that the stop does not count as an attempt that failed.
    fn end_drain(&mut self) {
        if !self.live.is_empty() {
            info!(
                jobs = self.live.len(),
                "unfinished jobs are left to the next start"
            );
        }
        let waiting: Vec<JobView> = self
            .live
            .drain()
            .map(|(_, job)| JobView {
                state: JobState::Queued,
                stage: None,
                ..job.current_view()
            })
            .collect();
        let drained = std::mem::take(&mut self.drained);
        let (update, patience) = (self.lines.scribe.update.clone(), self.ask_timeout());
        actix::spawn(async move {
            for view in waiting {
                let job = view.id;
                if let Err(error) = update.ask(UpdateJob { view }, patience).await {
                    warn!(%job, %error, "a job's interruption was not stored");
                }
            }
            for waiting in drained {
                // Whoever waited may have gone.
                let _ = waiting.send(());
            }
        });
    }
}

impl LiveJob {
    /// The job as the outside sees it now.
    fn current_view(&self) -> JobView {
        let mut view = self.view.clone();
        view.state = self.machine.state();
        view.stage = self.machine.stage();
        view.progress = self.machine.progress();
        view.failure = self.machine.failure().cloned();
        view.updated_at = Timestamp::now();
        view
    }

    /// The same for those who ask: a job whose end is not written yet still runs.
    fn shown_view(&self) -> JobView {
        let mut view = self.current_view();
        if view.state.is_final() {
            view.state = JobState::Running;
            view.failure = None;
        }
        view
    }

    fn announce(&mut self, kind: JobEventKind) {
        self.log.push(kind);
    }

    fn write(&self, entry: Entry) {
        if self.entries.send(entry).is_err() {
            warn!(job = %self.view.id, "nothing more is written about this job");
        }
    }
}

/// Tells the controller what happened. If it was lost meanwhile, the next one starts from the store.
fn tell(controller: &Addr<ControllerActor>, job: JobId, what: Happening) {
    #[expect(
        clippy::disallowed_methods,
        reason = "may be lost with the actor; its successor resumes the job from the store"
    )]
    controller.do_send(Happened { job, what });
}

impl Actor for ControllerActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let taking_up = self.take_up().map(|_, _, _| ());
        context.spawn(taking_up);
        context.run_interval(REENQUEUE, |actor, _| {
            let waiting: Vec<JobId> = actor
                .live
                .iter()
                .filter(|(_, job)| job.machine.is_waiting())
                .map(|(id, _)| *id)
                .collect();
            for id in waiting {
                actor.enqueue(id);
            }
        });
    }
}

answers_polls!(ControllerActor);

impl Handler<Happened> for ControllerActor {
    type Result = ();

    fn handle(&mut self, message: Happened, context: &mut Self::Context) {
        let id = message.job;
        match message.what {
            Happening::StageEnded { run, stage, result } => {
                let Some(job) = self.live.get_mut(&id).filter(|job| job.run == run) else {
                    return;
                };
                job.stage = None;
                info!(job = %id, %stage, failed = result.is_err(), "stage ends");
                let event = Event::StageEnded {
                    stage,
                    result: *result,
                };
                self.feed(id, event, context);
            }
            Happening::Composed(result) => self.feed(id, Event::Composed(result), context),
            Happening::Noted(Note::Preview { stage, svg }) => {
                if let Some(job) = self.live.get_mut(&id) {
                    job.announce(preview(stage, svg));
                }
            }
            Happening::Noted(Note::Finished { view, svg, kept }) => {
                self.let_go(id, *view, svg.filter(|_| !kept));
            }
        }
    }
}
