//! How fast a body must arrive: a client that drips holds a place that others wait for.

use std::{cell::Cell, rc::Rc, time::Duration};

use actix_web::{error::PayloadError, web::Bytes};
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use crate::{
    config::WebConfig,
    problem::{Code, Problem},
};

/// Time before the rate counts: a connection may need a moment.
const HEAD_START: Duration = Duration::from_secs(5);

/// Watches one body arrive.
#[derive(Debug)]
pub(crate) struct Pace {
    timeout: Duration,
    bytes_per_second: u64,
    arrived: Rc<Cell<u64>>,
}

impl Pace {
    pub(crate) fn new(config: &WebConfig) -> Self {
        Self {
            timeout: config.body_timeout(),
            bytes_per_second: config.min_body_bytes_per_second,
            arrived: Rc::default(),
        }
    }

    /// The same stream, watched.
    pub(crate) fn watch<E>(
        &self,
        payload: impl Stream<Item = Result<Bytes, E>> + 'static,
    ) -> impl Stream<Item = Result<Bytes, E>> + 'static {
        let arrived = Rc::clone(&self.arrived);
        payload.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                arrived.set(arrived.get() + chunk.len() as u64);
            }
        })
    }

    /// Reads with `read` what comes through the watched stream, unless it comes too slowly.
    pub(crate) async fn keep<T>(
        &self,
        read: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        tokio::select! {
            biased;
            done = read => done,
            problem = self.too_slow() => Err(problem),
        }
    }

    /// Ends when the body is late.
    async fn too_slow(&self) -> Problem {
        let began = Instant::now();
        let end = began + self.timeout;
        loop {
            let due = self.due(began).min(end);
            if Instant::now() >= due {
                return if due == end {
                    late(self.timeout)
                } else {
                    dripping(self.bytes_per_second)
                };
            }
            sleep_until(due).await;
        }
    }

    /// By when more must have arrived.
    fn due(&self, began: Instant) -> Instant {
        match self.arrived.get().checked_div(self.bytes_per_second) {
            Some(seconds) => began + HEAD_START + Duration::from_secs(seconds).min(self.timeout),
            None => began + self.timeout,
        }
    }
}

fn late(timeout: Duration) -> Problem {
    Problem::new(
        Code::RequestTimeout,
        format!(
            "the body had not arrived after {} s: send it faster, or send less",
            timeout.as_secs()
        ),
    )
}

fn dripping(bytes_per_second: u64) -> Problem {
    Problem::new(
        Code::RequestTimeout,
        format!("the body arrives too slowly: send at least {bytes_per_second} bytes a second"),
    )
}

/// What a payload's own failure means for the client.
pub(crate) fn payload_problem(error: &PayloadError) -> Problem {
    Problem::new(
        Code::MalformedRequest,
        format!("the body could not be read to its end: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// Seconds until a body is given up that comes in chunks of some bytes, one a second.
    async fn given_up_after(bytes: usize, rate: u64) -> (u64, String) {
        let pace = Pace::new(&WebConfig {
            body_timeout_seconds: 30,
            min_body_bytes_per_second: rate,
            ..WebConfig::default()
        });
        let drip = stream::repeat(()).then(move |()| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, ()>(Bytes::from(vec![0; bytes]))
        });
        let mut watched = Box::pin(pace.watch(drip));
        let read = async {
            while watched.next().await.is_some() {}
            Ok(())
        };
        let began = Instant::now();
        let problem = pace.keep(read).await.unwrap_err();
        assert_eq!(problem.code, Code::RequestTimeout);
        (began.elapsed().as_secs(), problem.detail)
    }

    #[actix_rt::test]
    async fn a_drip_ends_soon_and_a_steady_stream_at_the_time_limit() {
        tokio::time::pause();
        let (seconds, told) = given_up_after(10, 1_000).await;
        assert_eq!(seconds, 5);
        assert!(told.contains("1000 bytes a second"), "{told}");
        let (seconds, told) = given_up_after(2_000, 1_000).await;
        assert_eq!(seconds, 30);
        assert!(told.contains("after 30 s"), "{told}");
    }

    #[actix_rt::test]
    async fn without_a_rate_only_the_time_limit_counts() {
        tokio::time::pause();
        assert_eq!(given_up_after(1, 0).await.0, 30);
    }
}
