//! Jobs that come from elsewhere in a cluster, and leave for there again.

use actix::prelude::*;
use chat2svg_protocol::{
    JobId, JobState,
    messages::{LetGo, LetGoWaiting, TakeUp, Withdraw},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Arrival, ControllerActor,
    prepare::Files,
    resume::{make_ready, submitted_at},
};
use crate::memory::size_of;

impl ControllerActor {
    /// Stops a job and writes nothing of it: its end is somebody else's to tell.
    fn drop_job(&mut self, job: JobId) {
        if self.live.remove(&job).is_none() {
            return;
        }
        self.lines.withdraw.tell(Withdraw { job });
        if self.draining && self.live.is_empty() {
            self.end_drain();
        }
    }
}

impl Handler<TakeUp> for ControllerActor {
    type Result = ResponseActFuture<Self, bool>;

    fn handle(&mut self, message: TakeUp, _: &mut Self::Context) -> Self::Result {
        if self.draining {
            return Box::pin(fut::ready(false));
        }
        let TakeUp {
            unfinished,
            attachments,
            client,
        } = message;
        let job = unfinished.view.id;
        let Some(hopeful) = self.without_hopeless(vec![unfinished]).pop() else {
            // It runs here already, or was given up.
            return Box::pin(fut::ready(true));
        };
        self.arriving.insert(job);
        let was_lost = hopeful.attempts > 0;
        let compute = self.capacity.intake.clone();
        let read = async move {
            let work = move || make_ready(hopeful, was_lost);
            compute.run(&CancellationToken::new(), work).await
        };
        Box::pin(read.into_actor(self).map(move |ready, actor, context| {
            actor.arriving.remove(&job);
            let ready = match ready {
                Ok(ready) if !actor.draining => ready,
                Ok(_) => return false,
                Err(error) => {
                    warn!(%job, %error, "a job cannot be taken up");
                    return false;
                }
            };
            info!(%job, was_lost, "job taken from the cluster");
            let arrival = Arrival {
                submitted: submitted_at(&ready.view, Timestamp::now()),
                permit: None,
                client,
                size: size_of(&attachments),
            };
            let files = Files::of(attachments);
            actor.begin(ready.view, files, Some(ready.resumed), arrival, context);
            true
        }))
    }
}

impl Handler<LetGo> for ControllerActor {
    type Result = ();

    fn handle(&mut self, message: LetGo, _: &mut Self::Context) {
        info!(job = %message.job, "job let go: it belongs to another node by now");
        self.drop_job(message.job);
    }
}

impl Handler<LetGoWaiting> for ControllerActor {
    type Result = MessageResult<LetGoWaiting>;

    fn handle(&mut self, _: LetGoWaiting, _: &mut Self::Context) -> Self::Result {
        let waiting = |job: &&super::LiveJob| job.machine.state() == JobState::Queued;
        let jobs: Vec<JobId> = self
            .live
            .values()
            .filter(waiting)
            .map(|job| job.view.id)
            .collect();
        for job in &jobs {
            self.drop_job(*job);
        }
        MessageResult(jobs)
    }
}
