//! Stable addresses for one kind of message.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use actix::{Message, Recipient};
use thiserror::Error;
use tracing::debug;

/// Why a question was not answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AskError {
    /// The named actor did not answer in time; it may still do what was asked.
    #[error("the {0} actor did not answer in time")]
    Timeout(&'static str),
    /// The named actor stopped before it answered, or is shut down; what was asked may be half
    /// done.
    #[error("the {0} actor stopped before it answered")]
    Closed(&'static str),
}

impl AskError {
    /// The actor that was asked.
    pub fn actor(&self) -> &'static str {
        match self {
            Self::Timeout(name) | Self::Closed(name) => name,
        }
    }
}

pub(crate) type Resolving<'a, M> = Pin<Box<dyn Future<Output = Option<Recipient<M>>> + Send + 'a>>;

/// Where a line leads.
pub(crate) trait Target<M>: Send + Sync
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    /// The actor's name.
    fn name(&self) -> &'static str;
    /// The current incarnation, if it lives.
    fn current(&self) -> Option<Recipient<M>>;
    /// The current incarnation, or the next; `None` when there will be none.
    fn resolve(&self) -> Resolving<'_, M>;
    /// A send failed: look after the actor.
    fn suspect(&self);
}

/// A stable address for messages `M`: looked up at every send, so it survives restarts of the
/// actor.
pub struct Line<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    target: Arc<dyn Target<M>>,
}

impl<M> Line<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    pub(crate) fn new(target: Arc<dyn Target<M>>) -> Self {
        Self { target }
    }

    /// A line to one incarnation only, for actors that no watchdog looks after.
    pub fn from_recipient(name: &'static str, recipient: Recipient<M>) -> Self {
        Self::new(Arc::new(Direct { name, recipient }))
    }

    /// The name of the actor at the other end.
    pub fn name(&self) -> &'static str {
        self.target.name()
    }

    /// Sends `message` and waits for the answer. While the actor is being restarted, waits for its
    /// next incarnation; the message is handed to one incarnation only.
    ///
    /// # Errors
    /// When there is no answer within `timeout`, or the actor stops before it answers.
    pub async fn ask(&self, message: M, timeout: Duration) -> Result<M::Result, AskError> {
        let name = self.name();
        let answer = async {
            let recipient = self.target.resolve().await?;
            let answer = recipient.send(message).await.ok();
            if answer.is_none() {
                self.target.suspect();
            }
            answer
        };
        match tokio::time::timeout(timeout, answer).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(AskError::Closed(name)),
            Err(_) => Err(AskError::Timeout(name)),
        }
    }

    /// Sends a notification that may be lost, for instance while the actor is being restarted.
    pub fn tell(&self, message: M) {
        match self.target.current() {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place for notifications that may be lost"
            )]
            Some(recipient) => recipient.do_send(message),
            None => {
                debug!(actor = self.name(), "notification lost: the actor is away");
                self.target.suspect();
            }
        }
    }
}

impl<M> Clone for Line<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self {
            target: Arc::clone(&self.target),
        }
    }
}

impl<M> fmt::Debug for Line<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Line").field(&self.name()).finish()
    }
}

/// A target that is one incarnation.
struct Direct<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    name: &'static str,
    recipient: Recipient<M>,
}

impl<M> Target<M> for Direct<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn current(&self) -> Option<Recipient<M>> {
        self.recipient.connected().then(|| self.recipient.clone())
    }

    fn resolve(&self) -> Resolving<'_, M> {
        Box::pin(async { self.current() })
    }

    fn suspect(&self) {}
}
