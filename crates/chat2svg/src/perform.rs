//! One job through the same actors as the daemon's, in this process, with a store in memory.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use chat2svg_protocol::{
    Attachment, JobEvent, JobEventKind, JobSpec, JobState, JobView, Permit,
    messages::{JobQuery, ResultQuery, Submit, Subscribe, Subscription},
};
use chat2svg_store::{StoreConfig, StoreWorker};
use tokio::sync::broadcast::error::RecvError;

use crate::{keeping::Keeping, settings::Settings, wiring::System};

/// How long an actor of this process may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be made, checked.
pub(crate) struct Request {
    pub(crate) spec: JobSpec,
    pub(crate) attachments: Vec<Attachment>,
}

/// The actors, for one job or many.
pub(crate) struct Session(System);

impl Session {
    /// Starts the actors. To be called in an actix system.
    ///
    /// # Errors
    /// When they cannot be started.
    pub(crate) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let store = StoreWorker::open(&StoreConfig::in_memory())?;
        Ok(Self(System::start(settings, &Keeping::Embedded(store))?))
    }

    /// Runs a job and tells its events as they come. Answers how it ended, with its SVG exactly
    /// when there is a result.
    ///
    /// # Errors
    /// When the actors do not answer.
    pub(crate) async fn run(
        &self,
        request: Request,
        tell: impl FnMut(&JobEvent),
    ) -> anyhow::Result<(JobView, Option<Arc<str>>)> {
        through(request, &self.0, tell).await
    }

    /// Ends the actors.
    pub(crate) fn stop(&self) {
        self.0.stop();
    }
}

/// Runs one job with actors of its own; see [`Session::run`].
///
/// # Errors
/// When the actors cannot be started or do not answer.
pub(crate) async fn perform(
    request: Request,
    settings: &Settings,
    tell: impl FnMut(&JobEvent),
) -> anyhow::Result<(JobView, Option<Arc<str>>)> {
    let session = Session::start(settings)?;
    let result = session.run(request, tell).await;
    session.stop();
    result
}

async fn through(
    request: Request,
    system: &System,
    mut tell: impl FnMut(&JobEvent),
) -> anyhow::Result<(JobView, Option<Arc<str>>)> {
    let submit = Submit {
        spec: request.spec,
        attachments: request.attachments,
        permit: Permit::holding(()),
        idempotency_key: None,
        client: Default::default(),
        owner: Default::default(),
        quota: None,
    };
    let job = system.controller.line().ask(submit, PATIENCE).await??.job;
    let subscribe = system.controller.line::<Subscribe>();
    let mut seen = 0;
    // A subscription can end early: by lagging behind, or with the controller's incarnation.
    'following: loop {
        let Some(Subscription { past, mut coming }) = subscribe
            .ask(Subscribe { job, after: seen }, PATIENCE)
            .await?
        else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut past = past.into_iter();
        loop {
            let event = match past.next() {
                Some(event) => event,
                None => match coming.recv().await {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_) | RecvError::Closed) => continue 'following,
                },
            };
            tell(&event);
            seen = event.sequence;
            if matches!(event.kind, JobEventKind::Done { .. }) {
                break 'following;
            }
        }
    }
    let view = system
        .controller
        .line()
        .ask(JobQuery { job }, PATIENCE)
        .await??;
    let view = view.context("the job is gone")?;
    if !matches!(view.state, JobState::Succeeded | JobState::Degraded) {
        return Ok((view, None));
    }
    let svg = system
        .controller
        .line()
        .ask(ResultQuery { job }, PATIENCE)
        .await??;
    Ok((view, Some(svg.context("the result is gone")?)))
}
