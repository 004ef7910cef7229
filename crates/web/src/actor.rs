//! The web actor: starts and stops the server, and keeps the followers of the system up to date.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, ResponseFuture,
};
use chat2svg_supervision::answers_polls;
use tracing::error;

use crate::server::WebFront;

/// How often followers of the system get a new look.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often old samples are cleared out of the metrics.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// binary → web: take no new jobs and report not ready; what is under way goes on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseDoors;

/// binary → web: end event streams, answer those who wait, stop the server. Answered when it has
/// stopped.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct StopServer;

/// Owns the running of the web front.
#[derive(Debug)]
pub struct WebActor {
    front: WebFront,
}

impl WebActor {
    /// An incarnation for this front; a server that runs is taken over.
    pub fn new(front: WebFront) -> Self {
        Self { front }
    }
}

impl Actor for WebActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if let Err(failure) = self.front.ensure_running() {
            // The watchdog tries again, with back-off.
            error!(error = %failure, "the HTTP server could not start");
            context.stop();
            return;
        }
        context.run_interval(UPKEEP_INTERVAL, |actor, _| {
            actor.front.shared.services.metrics.run_upkeep();
        });
        context.run_interval(LOOK_INTERVAL, |actor, _| {
            let shared = Arc::clone(&actor.front.shared);
            if shared.system.receiver_count() > 0 {
                actix_rt::spawn(async move {
                    let status = shared.look().await;
                    shared.system.send_replace(Some(Arc::new(status)));
                });
            }
        });
    }
}

answers_polls!(WebActor);

impl Handler<CloseDoors> for WebActor {
    type Result = ();

    fn handle(&mut self, _: CloseDoors, _: &mut Self::Context) {
        self.front.close_doors();
    }
}

impl Handler<StopServer> for WebActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopServer, _: &mut Self::Context) -> Self::Result {
        let front = self.front.clone();
        Box::pin(async move { front.stop().await })
    }
}
