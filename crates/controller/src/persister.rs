//! Persists the progress of one job, in order: previews, checkpoints, its state, its end.
//!
//! One task per job, fed by a channel. Turning documents into text is CPU work and goes to the
//! compute pool; a document that is shown and kept is turned into text once, a result in
//! its own form.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chat2svg_protocol::{
    FailureCode, JobFailure, JobId, JobState, JobView, Placement, Stage,
    messages::{CircuitsQuery, FinishJob, KeptStage, PutStage, StoreError, UpdateJob},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::{Document, Raster};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::output;

/// How often the end of a job is offered to the store.
const FINISH_ATTEMPTS: u32 = 5;
/// Between two attempts.
const FINISH_PAUSE: Duration = Duration::from_millis(200);
/// How long to wait for the circuits' state; a result is not held up for it.
const CIRCUITS_TIMEOUT: Duration = Duration::from_millis(100);

/// A job that ends so soon after a stage needs no checkpoint of it.
const CHECKPOINT_AFTER: Duration = Duration::from_millis(100);

/// Entries waiting behind a preview that make it not worth showing.
const CROWD: usize = 4;

/// The actors that a persister writes to.
#[derive(Clone, Debug)]
pub struct PersisterLines {
    /// Keeps how a job stands.
    pub update: Line<UpdateJob>,
    /// Keeps a stage's document.
    pub put_stage: Line<PutStage>,
    /// Keeps a job's end.
    pub finish: Line<FinishJob>,
    /// Says how the circuits stand.
    pub circuits: Line<CircuitsQuery>,
}

/// What is to be written.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Show a picture.
    Preview {
        stage: Stage,
        document: Arc<Document>,
    },
    /// Keep a stage's document.
    Checkpoint {
        stage: Stage,
        document: Arc<Document>,
        target: Option<Arc<Raster>>,
        placement: Placement,
    },
    /// Keep how the job stands.
    Update(Box<JobView>),
    /// Keep its end.
    Finish {
        view: Box<JobView>,
        result: Option<Outcome>,
    },
    /// Keep all that the next start needs to go on. Nothing follows.
    Leave {
        view: Box<JobView>,
        done: oneshot::Sender<()>,
    },
}

/// A job's result.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// To be written.
    Document(Arc<Document>),
    /// Written by the process that ran the job.
    Written(Arc<str>),
}

/// A checkpoint that is written when it is due, unless the job ends before.
struct Held {
    due: Instant,
    stage: Stage,
    document: Arc<Document>,
    target: Option<Arc<Raster>>,
    placement: Placement,
}

/// A document and its text.
type Written = Option<(Arc<Document>, Arc<str>)>;

/// What the controller is told.
#[derive(Debug)]
pub(crate) enum Note {
    /// A picture is ready to be shown.
    Preview { stage: Stage, svg: Arc<str> },
    /// The end is written; `kept` says whether the store has it.
    Finished {
        view: Box<JobView>,
        svg: Option<Arc<str>>,
        kept: bool,
    },
}

/// Persists the progress of one job.
pub(crate) struct Persister {
    pub(crate) job: JobId,
    pub(crate) lines: PersisterLines,
    pub(crate) compute: ComputePool,
    pub(crate) ask_timeout: Duration,
    /// When the job was submitted.
    pub(crate) submitted: Instant,
    /// Whether results are written for screen readers.
    pub(crate) accessible: bool,
}

impl Persister {
    /// Writes entries until the job is over or forgotten.
    pub(crate) async fn run(
        self,
        mut entries: mpsc::UnboundedReceiver<Entry>,
        tell: impl Fn(Note),
    ) {
        let mut written: Written = None;
        let mut shown: Option<Arc<str>> = None;
        let mut held: Option<Held> = None;
        let mut waiting = VecDeque::new();
        loop {
            if held.as_ref().is_some_and(|held| held.due <= Instant::now()) {
                self.keep(held.take(), &mut written).await;
            }
            let entry = match (waiting.pop_front(), &held) {
                (Some(entry), _) => Some(entry),
                (None, None) => entries.recv().await,
                (None, Some(checkpoint)) => {
                    match timeout_at(checkpoint.due, entries.recv()).await {
                        Ok(entry) => entry,
                        Err(_) => continue,
                    }
                }
            };
            let Some(entry) = entry else {
                // The job was forgotten, with the controller that had it.
                self.keep(held.take(), &mut written).await;
                return;
            };
            while let Ok(next) = entries.try_recv() {
                waiting.push_back(next);
            }
            let is_ending = waiting
                .iter()
                .any(|entry| matches!(entry, Entry::Finish { .. }));
            match entry {
                // The end is written next, and with it all that is known.
                Entry::Update(_) | Entry::Checkpoint { .. } if is_ending => {}
                Entry::Preview { stage, document } => {
                    // With so much waiting behind it, a newer picture is on its way.
                    if waiting.len() < CROWD
                        && let Ok(svg) = self.text(document, &mut written).await
                        && shown.as_ref() != Some(&svg)
                    {
                        shown = Some(Arc::clone(&svg));
                        tell(Note::Preview { stage, svg });
                    }
                }
                Entry::Checkpoint {
                    stage,
                    document,
                    target,
                    placement,
                } => {
                    held = Some(Held {
                        due: Instant::now() + CHECKPOINT_AFTER,
                        stage,
                        document,
                        target,
                        placement,
                    });
                }
                Entry::Update(view) => self.update(view).await,
                Entry::Finish { view, result } => {
                    let note = self.finish(view, result).await;
                    tell(note);
                    return;
                }
                Entry::Leave { view, done } => {
                    self.keep(held.take(), &mut written).await;
                    self.update(view).await;
                    // Whoever waited may have gone.
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    /// Writes a checkpoint.
    async fn keep(&self, checkpoint: Option<Held>, written: &mut Written) {
        let Some(Held {
            stage,
            document,
            target,
            placement,
            ..
        }) = checkpoint
        else {
            return;
        };
        let target = match target {
            None => None,
            Some(picture) => self.png(picture).await,
        };
        if let Ok(svg) = self.text(document, written).await {
            let kept = KeptStage {
                stage,
                svg,
                target,
                placement,
            };
            let message = PutStage {
                job: self.job,
                kept,
            };
            let kept = self.lines.put_stage.ask(message, self.ask_timeout).await;
            self.log("checkpoint", flatten(kept));
        }
    }

    async fn update(&self, view: Box<JobView>) {
        let message = UpdateJob { view: *view };
        let kept = self.lines.update.ask(message, self.ask_timeout).await;
        self.log("state", flatten(kept));
    }

    async fn finish(&self, mut view: Box<JobView>, result: Option<Outcome>) -> Note {
        let mut svg = None;
        if let Some(Outcome::Written(text)) = result {
            svg = Some(text);
        } else if let Some(Outcome::Document(document)) = result {
            let (accessible, spec) = (self.accessible, view.spec.clone());
            let work = move || {
                let written = output::result(&document, &spec, accessible);
                (Arc::<str>::from(written.svg), written.warnings)
            };
            match self.compose(work).await {
                Ok((text, warnings)) => {
                    svg = Some(text);
                    if let Some(metadata) = &mut view.metadata {
                        metadata.warnings.extend(warnings);
                    }
                }
                Err(message) => {
                    view.state = JobState::Failed;
                    view.failure = Some(JobFailure::new(
                        FailureCode::OutputFailed,
                        format!("the result could not be written as SVG: {message}"),
                    ));
                }
            }
        }
        if let Some(metadata) = &mut view.metadata {
            match self
                .lines
                .circuits
                .ask(CircuitsQuery, CIRCUITS_TIMEOUT)
                .await
            {
                Ok(mut circuits) => {
                    // What had happened to them before is no matter of the job's.
                    circuits
                        .iter_mut()
                        .for_each(|circuit| circuit.standing.changes.clear());
                    metadata.circuits = circuits;
                }
                Err(error) => warn!(job = %self.job, %error, "the circuits' state is unknown"),
            }
            metadata.total_seconds = self.submitted.elapsed().as_secs_f64();
        }
        let mut kept = false;
        for attempt in 1..=FINISH_ATTEMPTS {
            let message = FinishJob {
                view: (*view).clone(),
                svg: svg.clone(),
            };
            match flatten(self.lines.finish.ask(message, self.ask_timeout).await) {
                Ok(()) => {
                    kept = true;
                    break;
                }
                Err(message) => {
                    error!(job = %self.job, attempt, %message, "the job's end was not stored");
                    tokio::time::sleep(FINISH_PAUSE).await;
                }
            }
        }
        Note::Finished { view, svg, kept }
    }

    /// A document as text, made once.
    async fn text(
        &self,
        document: Arc<Document>,
        written: &mut Written,
    ) -> Result<Arc<str>, String> {
        if let Some((known, svg)) = written
            && Arc::ptr_eq(known, &document)
        {
            return Ok(Arc::clone(svg));
        }
        let source = Arc::clone(&document);
        let svg = self
            .compose(move || Arc::<str>::from(output::svg(&source)))
            .await?;
        *written = Some((document, Arc::clone(&svg)));
        Ok(svg)
    }

    /// A target picture as PNG. Without it the checkpoint is one of the document alone.
    async fn png(&self, picture: Arc<Raster>) -> Option<Arc<[u8]>> {
        let work = move || picture.encode_png();
        let encoded = match self.compute.run(&CancellationToken::new(), work).await {
            Ok(encoded) => encoded.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        encoded
            .inspect_err(|message| {
                warn!(job = %self.job, message, "the target is not kept with its checkpoint");
            })
            .ok()
            .map(Arc::from)
    }

    /// What some work writes, made in the pool.
    async fn compose<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let made = self.compute.run(&CancellationToken::new(), work).await;
        made.map_err(|error| {
            error!(job = %self.job, %error, "a document could not be written as SVG");
            error.to_string()
        })
    }

    fn log(&self, what: &'static str, kept: Result<(), String>) {
        if let Err(message) = kept {
            warn!(job = %self.job, what, %message, "not stored; the job goes on");
        }
    }
}

/// Both ways in which a question to the store fails, as text.
fn flatten<E: std::fmt::Display>(answer: Result<Result<(), StoreError>, E>) -> Result<(), String> {
    match answer {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
