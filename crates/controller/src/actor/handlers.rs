//! What others may ask of the controller.

use actix::prelude::*;
use chat2svg_protocol::{
    JobEvent, JobEventKind, JobId, JobView,
    messages::{
        Accepted, Cancel, CancelOutcome, Drain, GetJob, GetResult, JobQuery, JobsQuery, ListJobs,
        Progress, PutJob, Remove, RemoveJob, RemoveOutcome, ResultQuery, Resume, StoreError,
        Stored, Submit, SubmitError, Subscribe, Subscription,
    },
};
use chat2svg_supervision::AskError;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, oneshot},
    time::Instant,
};
use tracing::info;
use uuid::Uuid;

use super::{Arrival, ControllerActor, EndedJob, TakenUp, prepare::Files};
use crate::{Event, memory::size_of};

impl ControllerActor {
    fn ended(&self, job: JobId) -> Option<&EndedJob> {
        self.ended.iter().rev().find(|ended| ended.view.id == job)
    }

    /// How a job stands as far as this actor knows better than the store.
    fn known_view(&self, job: JobId) -> Option<JobView> {
        self.live
            .get(&job)
            .map(super::LiveJob::shown_view)
            .or_else(|| self.ended(job).map(|ended| ended.view.clone()))
    }
}

impl Handler<Submit> for ControllerActor {
    type Result = ResponseActFuture<Self, Result<Accepted, SubmitError>>;

    fn handle(&mut self, message: Submit, _: &mut Self::Context) -> Self::Result {
        if self.draining {
            return Box::pin(fut::err(SubmitError::Draining));
        }
        let submitted = Instant::now();
        let Submit {
            spec,
            attachments,
            permit,
            idempotency_key,
            client,
            owner,
            quota: _,
        } = message;
        let now = jiff::Timestamp::now();
        let view = JobView::queued(JobId(Uuid::now_v7()), owner, spec, now);
        let id = view.id;
        let size = size_of(&attachments);
        let files = Files::of(attachments.clone());
        self.arriving.insert(id);
        let put_job = self.lines.put_job.clone();
        let patience = self.ask_timeout();
        let kept = async move {
            let message = PutJob {
                view: view.clone(),
                attachments,
                idempotency_key,
            };
            (put_job.ask(message, patience).await, view)
        };
        Box::pin(
            kept.into_actor(self)
                .map(move |(stored, view), actor, context| {
                    actor.arriving.remove(&id);
                    match stored {
                        Ok(Ok(Stored::New)) => {
                            info!(job = %id, kind = view.spec.kind.name(), "job accepted");
                            let arrival = Arrival {
                                submitted,
                                permit: Some(permit),
                                client,
                                size,
                            };
                            actor.begin(view, files, None, arrival, context);
                            Ok(Accepted {
                                job: id,
                                replayed: false,
                                used: None,
                            })
                        }
                        Ok(Ok(Stored::Replayed(job))) => Ok(Accepted {
                            job,
                            replayed: true,
                            used: None,
                        }),
                        Ok(Ok(Stored::Conflict)) => Err(SubmitError::IdempotencyConflict),
                        Ok(Err(error)) => Err(SubmitError::Store(error.to_string())),
                        Err(error) => Err(SubmitError::Store(error.to_string())),
                    }
                }),
        )
    }
}

impl Handler<Cancel> for ControllerActor {
    type Result = ResponseActFuture<Self, CancelOutcome>;

    fn handle(&mut self, message: Cancel, context: &mut Self::Context) -> Self::Result {
        let id = message.job;
        if let Some(job) = self.live.get(&id) {
            let over = job.machine.state().is_final();
            self.feed(id, Event::CancelRequested, context);
            return Box::pin(fut::ready(if over {
                CancelOutcome::AlreadyFinal
            } else {
                CancelOutcome::Cancelling
            }));
        }
        let get_job = self.lines.get_job.clone();
        let patience = self.ask_timeout();
        let known = async move { get_job.ask(GetJob { job: id }, patience).await };
        Box::pin(known.into_actor(self).map(|found, _, _| match found {
            Ok(Ok(Some(view))) if view.state.is_final() => CancelOutcome::AlreadyFinal,
            _ => CancelOutcome::Unknown,
        }))
    }
}

impl Handler<Remove> for ControllerActor {
    type Result = ResponseActFuture<Self, Result<RemoveOutcome, StoreError>>;

    fn handle(&mut self, message: Remove, _: &mut Self::Context) -> Self::Result {
        let job = message.job;
        if self.live.contains_key(&job) || self.arriving.contains(&job) {
            return Box::pin(fut::ok(RemoveOutcome::UnderWay));
        }
        let has_ended = self.ended(job).is_some();
        let (get_job, remove_job) = (self.lines.get_job.clone(), self.lines.remove_job.clone());
        let patience = self.ask_timeout();
        let removed = async move {
            let failed = |error: AskError| StoreError(error.to_string());
            if !has_ended {
                match get_job
                    .ask(GetJob { job }, patience)
                    .await
                    .map_err(failed)??
                {
                    None => return Ok(RemoveOutcome::Unknown),
                    Some(view) if !view.state.is_final() => return Ok(RemoveOutcome::UnderWay),
                    Some(_) => {}
                }
            }
            remove_job
                .ask(RemoveJob { job }, patience)
                .await
                .map_err(failed)??;
            Ok(RemoveOutcome::Removed)
        };
        Box::pin(removed.into_actor(self).map(move |outcome, actor, _| {
            if matches!(outcome, Ok(RemoveOutcome::Removed)) {
                actor.ended.retain(|ended| ended.view.id != job);
                info!(%job, "job removed");
            }
            outcome
        }))
    }
}

impl Handler<JobQuery> for ControllerActor {
    type Result = ResponseFuture<Result<Option<JobView>, StoreError>>;

    fn handle(&mut self, message: JobQuery, _: &mut Self::Context) -> Self::Result {
        if let Some(view) = self.known_view(message.job) {
            return Box::pin(std::future::ready(Ok(Some(view))));
        }
        let get_job = self.lines.get_job.clone();
        let patience = self.ask_timeout();
        Box::pin(async move {
            let found = get_job.ask(GetJob { job: message.job }, patience).await;
            found.unwrap_or_else(|error| Err(StoreError(error.to_string())))
        })
    }
}

impl Handler<JobsQuery> for ControllerActor {
    type Result = ResponseActFuture<Self, Result<Vec<JobView>, StoreError>>;

    fn handle(&mut self, message: JobsQuery, _: &mut Self::Context) -> Self::Result {
        let list_jobs = self.lines.list_jobs.clone();
        let patience = self.ask_timeout();
        let kept = async move {
            let message = ListJobs {
                limit: message.limit,
                before: message.before,
                owner: message.owner,
            };
            let found = list_jobs.ask(message, patience).await;
            found.unwrap_or_else(|error| Err(StoreError(error.to_string())))
        };
        Box::pin(kept.into_actor(self).map(|found, actor, _| {
            found.map(|mut views| {
                for view in &mut views {
                    if let Some(known) = actor.known_view(view.id) {
                        *view = known;
                    }
                }
                views
            })
        }))
    }
}

impl Handler<ResultQuery> for ControllerActor {
    type Result = ResponseFuture<Result<Option<Arc<str>>, StoreError>>;

    fn handle(&mut self, message: ResultQuery, _: &mut Self::Context) -> Self::Result {
        if let Some(svg) = self
            .ended(message.job)
            .and_then(|ended| ended.unkept.clone())
        {
            return Box::pin(std::future::ready(Ok(Some(svg))));
        }
        let get_result = self.lines.get_result.clone();
        let patience = self.ask_timeout();
        Box::pin(async move {
            let found = get_result
                .ask(GetResult { job: message.job }, patience)
                .await;
            found.unwrap_or_else(|error| Err(StoreError(error.to_string())))
        })
    }
}

impl Handler<Subscribe> for ControllerActor {
    type Result = ResponseFuture<Option<Subscription>>;

    fn handle(&mut self, message: Subscribe, _: &mut Self::Context) -> Self::Result {
        let Subscribe { job, after } = message;
        let log = self
            .live
            .get(&job)
            .map(|live| &live.log)
            .or_else(|| self.ended(job).map(|ended| &ended.log));
        if let Some(log) = log {
            return Box::pin(std::future::ready(Some(log.subscribe(after))));
        }
        let get_job = self.lines.get_job.clone();
        let patience = self.ask_timeout();
        Box::pin(async move {
            let view = get_job.ask(GetJob { job }, patience).await.ok()?.ok()??;
            view.state.is_final().then(|| Subscription {
                past: vec![JobEvent {
                    job,
                    sequence: after + 1,
                    kind: JobEventKind::Done { state: view.state },
                }],
                coming: broadcast::Sender::new(1).subscribe(),
            })
        })
    }
}

impl Handler<Progress> for ControllerActor {
    type Result = ();

    fn handle(&mut self, message: Progress, context: &mut Self::Context) {
        let Some(job) = self.live.get_mut(&message.job) else {
            return;
        };
        let now = job.submitted.elapsed();
        let preview_interval = Duration::from_millis(self.config.preview_interval_ms);
        let progress_interval = Duration::from_millis(self.config.progress_interval_ms);
        let preview = message
            .preview
            .filter(|_| job.log.takes_preview(now, preview_interval));
        if preview.is_none() && !job.log.takes_progress(now, progress_interval) {
            return;
        }
        let event = Event::Progressed {
            stage: message.stage,
            fraction: message.fraction,
            preview,
        };
        self.feed(message.job, event, context);
    }
}

impl Handler<Drain> for ControllerActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: Drain, context: &mut Self::Context) -> Self::Result {
        self.draining = true;
        let (done, waiting) = oneshot::channel();
        self.drained.push(done);
        if self.live.is_empty() {
            self.end_drain();
        } else {
            let pause = Instant::from_std(message.until).saturating_duration_since(Instant::now());
            info!(
                jobs = self.live.len(),
                seconds = pause.as_secs(),
                "draining"
            );
            context.run_later(pause, |actor, _| actor.end_drain());
        }
        Box::pin(async move {
            // An actor that was lost has nothing left to drain.
            let _ = waiting.await;
        })
    }
}

impl Handler<Resume> for ControllerActor {
    type Result = ResponseActFuture<Self, Result<u32, StoreError>>;

    fn handle(&mut self, _: Resume, _: &mut Self::Context) -> Self::Result {
        match &self.taken_up {
            TakenUp::Done(jobs) => Box::pin(fut::ok(*jobs)),
            TakenUp::Failed => self.take_up(),
            TakenUp::UnderWay => {
                let (done, waiting) = oneshot::channel();
                self.awaiting_take_up.push(done);
                Box::pin(
                    async move {
                        waiting.await.unwrap_or_else(|_| {
                            Err(StoreError(
                                "the controller was restarted meanwhile".to_owned(),
                            ))
                        })
                    }
                    .into_actor(self),
                )
            }
        }
    }
}
