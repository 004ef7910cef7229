//! The controller actor: holds the jobs, owns time and effects. What is to be done is decided by
//! [`Machine`]; the persister writes it down.
//!
//! Effects run in detached tasks that report back by message. If this actor is lost and started
//! anew, it takes up its jobs from the store; what the lost one had under way is cancelled.

mod effects;
mod ending;
mod gate;
mod handlers;
mod handover;
mod isolated;
mod prepare;
mod resume;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use actix::prelude::*;
use chat2svg_isolation::{Foreign, IsolatedResult, Runner};
use chat2svg_palette::Palette;
use chat2svg_protocol::{
    Background, CanvasSize, ClientKey, JobEventKind, JobFailure, JobId, JobKind, JobState, JobView,
    Permit, PipelineOpen, PipelinePermit, Prompt, Stage, StagePlan, Style,
    messages::{
        Enqueue, EnterPipeline, GetAttachments, GetJob, GetResult, LeavePipeline, ListJobs,
        ListUnfinished, MarkRunning, MemoryTaken, PutJob, RemoveJob, Replan, StageFailure,
        StageFinished, StoreError, Withdraw,
    },
};
use chat2svg_supervision::{ComputePool, Line, answers_polls};
use chat2svg_vector::Document;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::DropGuard;
use tracing::{debug, info, warn};

use self::{
    gate::Passage,
    prepare::{Files, Prepared},
};
use crate::{
    Checkpoint, ControllerConfig, Event, InputLimits, Machine, MemoryBudget, StageOutput, Timing,
    calls::StageLines,
    events::{EventLog, preview},
    persister::{Entry, Note, Persister, PersisterLines},
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
    /// What is behind everything; `None` lets the prompt decide.
    pub background: Option<Background>,
    /// Size of the canvas.
    pub canvas: CanvasSize,
    /// Varies the arrangement.
    pub seed: u64,
    /// The colours that it is to have.
    pub palette: Option<Palette>,
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
    /// Forgets a job.
    pub remove_job: Line<RemoveJob>,
    /// A result.
    pub get_result: Line<GetResult>,
    /// Unfinished jobs.
    pub list_unfinished: Line<ListUnfinished>,
    /// The files of a job that has not ended.
    pub get_attachments: Line<GetAttachments>,
    /// A job is about to be worked on.
    pub mark_running: Line<MarkRunning>,
    /// What is written about a running job.
    pub persister: PersisterLines,
    /// A job waits for a plan.
    pub enqueue: Line<Enqueue>,
    /// A stage ended.
    pub stage_finished: Line<StageFinished>,
    /// What the rest of a job shall be.
    pub replan: Line<Replan>,
    /// How much memory a job took in a process of its own.
    pub memory_taken: Line<MemoryTaken>,
    /// A job is over.
    pub withdraw: Line<Withdraw>,
    /// May a job go through the pipeline?
    pub enter_pipeline: Line<EnterPipeline>,
    /// How it came out.
    pub leave_pipeline: Line<LeavePipeline>,
    /// The stages and their circuits.
    pub stages: StageLines,
}

/// What the controller works with. It outlives the actor's incarnations.
#[derive(Clone, Debug)]
pub struct ControllerCapacity {
    /// Reads what comes in. Apart from what goes out, so that dear files hold up no answer.
    pub intake: ComputePool,
    /// Composes and writes what goes out.
    pub answers: ComputePool,
    /// Memory for the files of running jobs.
    pub memory: MemoryBudget,
    /// What files may cost.
    pub limits: InputLimits,
    /// Runs jobs in processes of their own.
    pub isolation: Isolation,
}

/// Which jobs run in processes of their own, and what runs them.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// Which jobs.
    foreign: Foreign,
    /// What runs them; without it none is isolated.
    runner: Option<Runner>,
    /// Whether this process has taken up what the one before left. What a later incarnation of the
    /// controller takes up ran in this process, which lives.
    has_taken_up: Arc<AtomicBool>,
}

impl Isolation {
    /// Jobs of a kind run isolated, by a runner.
    pub fn new(foreign: Foreign, runner: Option<Runner>) -> Self {
        Self {
            foreign,
            runner,
            has_taken_up: Arc::default(),
        }
    }

    /// No job is isolated.
    pub fn off() -> Self {
        Self::new(Foreign::Off, None)
    }

    fn isolates(&self, uploads: bool, was_running: bool) -> bool {
        self.runner.is_some() && self.foreign.isolates(uploads, was_running)
    }
}

/// The controller.
pub struct ControllerActor {
    config: ControllerConfig,
    lines: ControllerLines,
    capacity: ControllerCapacity,
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

/// What is known of a job that an earlier process had begun.
#[derive(Default)]
struct Resumed {
    /// Whether it was worked on when that process died.
    was_running: bool,
    checkpoint: Option<Checkpoint>,
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
    files: Files,
    /// Its share of the memory for files, while it runs.
    memory: Option<OwnedSemaphorePermit>,
    /// The result, when the job ran in a process of its own.
    isolated_svg: Option<Arc<str>>,
    client: ClientKey,
    /// Of its input, in powers of two of 512 × 512 pixels.
    size: i8,
    /// Its leave to go through the pipeline, until its end is reported.
    passage: Option<Passage>,
    _permit: Option<Permit>,
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
    AtGate {
        plan: StagePlan,
        /// `None` when there is nobody to ask.
        leave: Result<Option<PipelinePermit>, PipelineOpen>,
    },
    StageEnded {
        run: u64,
        stage: Stage,
        result: Box<Result<StageOutput, StageFailure>>,
    },
    Prepared {
        run: u64,
        result: Prepared,
    },
    IsolatedEvent {
        run: u64,
        event: JobEventKind,
    },
    IsolatedEnded {
        run: u64,
        result: Box<Result<IsolatedResult, JobFailure>>,
    },
    Replanned(Option<StagePlan>),
    Composed(Result<Arc<Document>, String>),
    Noted(Note),
}

/// How a job came here.
struct Arrival {
    submitted: Instant,
    /// Its admission; a job that is taken up again has none.
    permit: Option<Permit>,
    client: ClientKey,
    size: i8,
}

impl ControllerActor {
    /// A controller without jobs; it takes up those of the store when it starts.
    pub fn new(
        config: ControllerConfig,
        lines: ControllerLines,
        capacity: ControllerCapacity,
        composer: Composer,
    ) -> Self {
        Self {
            config,
            lines,
            capacity,
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
        files: Files,
        resumed: Option<Resumed>,
        arrival: Arrival,
        context: &mut Context<Self>,
    ) {
        let Arrival {
            submitted,
            permit,
            client,
            size,
        } = arrival;
        let id = view.id;
        let deadline = Duration::from_millis(view.spec.options.deadline_ms);
        let timing = Timing::new(deadline, &self.config);
        let mut machine = Machine::new(view.spec.clone(), timing);
        let Resumed {
            was_running,
            checkpoint,
        } = resumed.unwrap_or_default();
        let uploads = !matches!(view.spec.kind, JobKind::Generate { .. });
        // An isolated process starts from nothing. A target that a model made is not asked, and
        // paid, for twice: such a job goes on from it here, within its attempts.
        let has_target = checkpoint
            .as_ref()
            .is_some_and(|kept| kept.target.is_some());
        if !has_target && self.capacity.isolation.isolates(uploads, was_running) {
            info!(job = %id, was_running, "the job runs in a process of its own");
            machine = machine.isolated();
        } else {
            if let Some(checkpoint) = checkpoint {
                machine = machine.with_checkpoint(checkpoint);
            }
            machine = machine.without(&self.config.switched_off());
        }
        let entries = self.start_persister(id, submitted, context);
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
            files,
            memory: None,
            isolated_svg: None,
            client,
            size,
            passage: None,
            _permit: permit,
        };
        self.live.insert(id, job);
        self.feed(id, Event::Stored, context);
    }

    fn start_persister(
        &self,
        job: JobId,
        submitted: Instant,
        context: &mut Context<Self>,
    ) -> mpsc::UnboundedSender<Entry> {
        let (entries, queue) = mpsc::unbounded_channel();
        let persister = Persister {
            job,
            lines: self.lines.persister.clone(),
            compute: self.capacity.answers.clone(),
            ask_timeout: self.ask_timeout(),
            submitted,
            accessible: self.config.accessible,
        };
        let controller = context.address();
        actix::spawn(persister.run(queue, move |note| {
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

/// Tells the controller what happened. If it was lost meanwhile, the next one starts from the
/// store.
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
            Happening::AtGate { plan, leave } => self.at_gate(id, plan, leave, context),
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
            Happening::Prepared { run, result } => {
                let Some(job) = self.live.get_mut(&id).filter(|job| job.run == run) else {
                    return;
                };
                job.stage = None;
                let result = result.map(|(inputs, share)| {
                    job.memory = share;
                    inputs
                });
                self.feed(id, Event::Prepared(result), context);
            }
            Happening::IsolatedEvent { run, event } => {
                if let Some(job) = self.live.get_mut(&id).filter(|job| job.run == run) {
                    job.announce(event);
                }
            }
            Happening::IsolatedEnded { run, result } => {
                self.isolated_ended(id, run, *result, context);
            }
            Happening::Replanned(plan) => self.feed(id, Event::Replanned(plan), context),
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
