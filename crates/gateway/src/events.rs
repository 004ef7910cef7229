//! Server-sent events out of an answer.

use bytes::Bytes;
use chat2svg_protocol::CallFailure;
use eventsource_stream::{EventStream, EventStreamError, Eventsource as _};
use futures_util::{StreamExt as _, stream::BoxStream};

use crate::{Money, Reply, Watch, fault::malformed, gateway::Ticket};

pub use eventsource_stream::Event;

/// The longest line of a stream, in bytes. The parser reads a line anew with every piece of it.
const MAX_LINE: usize = 8 << 20;

type Pieces = BoxStream<'static, Result<Bytes, CallFailure>>;

/// The events of an answer, each within its time.
pub struct Events {
    inner: EventStream<Pieces>,
    watch: Watch,
    ticket: Ticket,
}

impl Events {
    pub(crate) fn new(reply: Reply) -> Self {
        Self {
            inner: within_lines(reply.body).eventsource(),
            watch: reply.watch,
            ticket: reply.ticket,
        }
    }

    /// The next event; `None` when the stream has ended. Events alone do not count as progress, for
    /// a server may send signs of life and nothing else: [`Self::progressed`] says which do.
    ///
    /// # Errors
    /// When the stream breaks off, stalls, or is no event stream.
    pub async fn next(&mut self) -> Result<Option<Event>, CallFailure> {
        match self.watch.wait(self.inner.next()).await? {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(EventStreamError::Transport(failure))) => Err(failure),
            Some(Err(error)) => Err(malformed(error.to_string())),
        }
    }

    /// The last event brought the answer further.
    pub fn progressed(&mut self) {
        self.watch.progressed();
    }

    /// Says what the call cost, once that is known.
    pub fn settle(&mut self, cost: Money) {
        self.ticket.settle(cost);
    }
}

/// The same pieces, up to the first line that is too long.
fn within_lines(pieces: Pieces) -> Pieces {
    pieces
        .scan(0usize, |line, piece| {
            let checked = piece.and_then(|bytes| {
                *line = match bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
                    Some(end) => bytes.len() - end - 1,
                    None => *line + bytes.len(),
                };
                if *line > MAX_LINE {
                    return Err(malformed(format!("a line of more than {MAX_LINE} bytes")));
                }
                Ok(bytes)
            });
            std::future::ready(Some(checked))
        })
        .boxed()
}
