//! A client's connection, with what HTTP itself leaves without a limit in time: the head of every
//! request must arrive, a connection may idle only so long, and an answer must be read.

use std::{
    cell::Cell,
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::{clients::Share, raw_answers};

/// How long each state of a connection may last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the first byte of a request's head to its last.
    pub(crate) head: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// From the moment that a client stops reading, with a buffer full of its answer.
    pub(crate) write: Duration,
}

/// What a connection and the requests on it know of each other.
#[derive(Debug, Default)]
pub(crate) struct Link {
    local: Option<IpAddr>,
    under_way: Cell<usize>,
}

impl Link {
    /// The address at which the connection arrived.
    pub(crate) fn local(&self) -> Option<IpAddr> {
        self.local
    }

    /// Notes a request, which is under way until what is returned is dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> UnderWay {
        self.under_way.set(self.under_way.get() + 1);
        UnderWay(Rc::clone(self))
    }

    fn is_idle(&self) -> bool {
        self.under_way.get() == 0
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct UnderWay(Rc<Link>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0
            .under_way
            .set(self.0.under_way.get().saturating_sub(1));
    }
}

/// What is waited for from the client.
#[derive(Debug)]
enum Waiting {
    /// Nothing: a request is being answered.
    No,
    /// A next request.
    Idle(Pin<Box<Sleep>>),
    /// The rest of a request's head.
    Head(Pin<Box<Sleep>>),
}

/// A stream with limits in time.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    link: Rc<Link>,
    patience: Patience,
    waiting: Waiting,
    /// Set while bytes wait to be taken by the client.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether all that was written is out, and no answer is under way.
    between_answers: bool,
    /// What is written in place of an answer of the parser's.
    instead: Option<Instead>,
    _share: Share,
}

/// An answer in place of another.
#[derive(Debug)]
struct Instead {
    bytes: Vec<u8>,
    written: usize,
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: S, local: Option<IpAddr>, patience: Patience, share: Share) -> Self {
        Self {
            stream,
            link: Rc::new(Link {
                local,
                under_way: Cell::new(0),
            }),
            patience,
            waiting: Waiting::No,
            stalled: None,
            between_answers: true,
            instead: None,
            _share: share,
        }
    }

    /// What requests on this connection are told.
    pub(crate) fn link(&self) -> Rc<Link> {
        Rc::clone(&self.link)
    }

    /// Fails when the client has taken too long to send what is waited for.
    fn check_waiting(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.link.is_idle() {
            self.waiting = Waiting::No;
            return Ok(());
        }
        if matches!(self.waiting, Waiting::No) {
            self.waiting = Waiting::Idle(timer(self.patience.idle));
        }
        if let Waiting::Idle(limit) | Waiting::Head(limit) = &mut self.waiting
            && limit.as_mut().poll(context).is_ready()
        {
            return Err(late("no request arrived in time"));
        }
        Ok(())
    }

    /// Notes that bytes came.
    fn note_arrival(&mut self, context: &mut Context<'_>) {
        if matches!(self.waiting, Waiting::Idle(_)) {
            let mut limit = timer(self.patience.head);
            // A new limit is never over; polling has it wake this connection's task.
            let _ = limit.as_mut().poll(context);
            self.waiting = Waiting::Head(limit);
        }
    }

    /// Fails when the client has not taken what waits for it.
    fn check_stalled(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let patience = self.patience.write;
        let limit = self.stalled.get_or_insert_with(|| timer(patience));
        match limit.as_mut().poll(context) {
            Poll::Ready(()) => Err(late("the client does not read its answer")),
            Poll::Pending => Ok(()),
        }
    }
}

fn timer(patience: Duration) -> Pin<Box<Sleep>> {
    Box::pin(sleep_until(Instant::now() + patience))
}

fn late(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check_waiting(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            this.note_arrival(context);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => {
                self.check_stalled(context)?;
                Poll::Pending
            }
            done => done,
        }
    }

    /// Writes another answer; `length` bytes count as written when all of it is out.
    fn write_instead(
        &mut self,
        context: &mut Context<'_>,
        mut instead: Instead,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        while let Some(rest @ [_, ..]) = instead.bytes.get(instead.written..) {
            match self.write(context, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(0)),
                Poll::Ready(Ok(count)) => instead.written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.instead = Some(instead);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.between_answers && this.link.is_idle() && this.instead.is_none() {
            this.instead =
                raw_answers::replacement(bytes).map(|bytes| Instead { bytes, written: 0 });
        }
        this.between_answers = false;
        match this.instead.take() {
            Some(instead) => this.write_instead(context, instead, bytes.len()),
            None => this.write(context, bytes),
        }
    }

    /// Called when everything is written: whoever reads a whole buffer in time has not stalled.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        this.stalled = None;
        this.between_answers = this.link.is_idle();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;
    use crate::clients::{Clients, Use};

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(30),
    };

    fn connected() -> (Connection<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(1_000);
        let share = Arc::new(Clients::new(0, 0, 0))
            .enter(None, Use::Connection)
            .unwrap();
        (Connection::new(ours, None, PATIENCE, share), theirs)
    }

    async fn seconds_until_error<T: std::fmt::Debug>(
        work: impl Future<Output = io::Result<T>>,
    ) -> u64 {
        let began = Instant::now();
        let error = work.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        began.elapsed().as_secs()
    }

    async fn read_all(connection: &mut Connection<DuplexStream>) -> io::Result<()> {
        loop {
            connection.read_u8().await?;
        }
    }

    #[actix_rt::test]
    async fn a_silent_connection_ends() {
        tokio::time::pause();
        let (mut connection, _client) = connected();
        assert_eq!(seconds_until_error(read_all(&mut connection)).await, 75);
    }

    #[actix_rt::test]
    async fn a_head_that_drips_ends_also_after_an_answered_request() {
        tokio::time::pause();
        let (mut connection, mut client) = connected();
        client.write_all(b"GET").await.unwrap();
        let drip = actix_rt::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(seconds_until_error(read_all(&mut connection)).await, 10);
        let request = connection.link().begin();
        connection.waiting = Waiting::No;
        let busy = tokio::time::timeout(Duration::from_secs(500), read_all(&mut connection)).await;
        assert!(busy.is_err(), "a request under way is not cut off here");
        drop(request);
        assert_eq!(seconds_until_error(read_all(&mut connection)).await, 10);
        drip.abort();
    }

    #[actix_rt::test]
    async fn a_client_that_stops_reading_is_cut_off() {
        tokio::time::pause();
        let (mut connection, _client) = connected();
        let _request = connection.link().begin();
        let large = vec![0; 10_000];
        assert_eq!(seconds_until_error(connection.write_all(&large)).await, 30);
    }

    #[actix_rt::test]
    async fn a_client_that_reads_slowly_is_served() {
        tokio::time::pause();
        let (mut connection, mut client) = connected();
        let _request = connection.link().begin();
        let reader = actix_rt::spawn(async move {
            let mut buffer = [0; 400];
            let mut total = 0;
            while total < 8_000 {
                tokio::time::sleep(Duration::from_secs(5)).await;
                total += client.read(&mut buffer).await.unwrap();
            }
        });
        for _ in 0..8 {
            connection.write_all(&[0; 1_000]).await.unwrap();
            connection.flush().await.unwrap();
        }
        reader.await.unwrap();
    }

    #[actix_rt::test]
    async fn what_the_raw_answers_is_replaced_and_what_we_answer_is_not() {
        let parser = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let (mut connection, mut client) = connected();
        connection.write_all(parser).await.unwrap();
        connection.flush().await.unwrap();
        let mut told = vec![0; 1_000];
        let length = client.read(&mut told).await.unwrap();
        let told = String::from_utf8_lossy(&told[..length]).into_owned();
        assert!(told.contains("application/problem+json"), "{told}");

        let (mut connection, mut client) = connected();
        let request = connection.link().begin();
        connection
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .await
            .unwrap();
        connection.flush().await.unwrap();
        drop(request);
        // The end of a body that looks like an answer.
        let mut written = 0;
        while written < parser.len() {
            written += poll_fn(|context| {
                Pin::new(&mut connection).poll_write(context, &parser[written..])
            })
            .await
            .unwrap();
        }
        drop(connection);
        let mut told = String::new();
        client.read_to_string(&mut told).await.unwrap();
        assert!(told.ends_with("content-length: 0\r\n\r\n"), "{told}");
    }
}
