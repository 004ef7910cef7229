//! CPU work off the arbiters: a bounded pool in which a panic ends one piece of work and nothing
//! else.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chat2svg_protocol::{CallFailure, Fault};
use rayon::{ThreadPool, ThreadPoolBuilder};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

/// Why a piece of work has no result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ComputeError {
    /// It panicked; a defect of ours. Holds the panic's message.
    #[error("the work panicked: {0}")]
    Panicked(String),
    /// It was cancelled before it began.
    #[error("the work was cancelled before it began")]
    Cancelled,
    /// As much work waits as may wait.
    #[error("the compute pool is full: try again when running work has ended")]
    Full,
}

impl From<ComputeError> for CallFailure {
    /// The same as a backend tells it that did its work in a pool.
    fn from(error: ComputeError) -> Self {
        match error {
            ComputeError::Cancelled => Self::cancelled(),
            ComputeError::Panicked(_) | ComputeError::Full => {
                Self::new(Fault::Provider, error.to_string())
            }
        }
    }
}

/// A bounded pool of threads for CPU work. Clones share the threads.
#[derive(Clone)]
pub struct ComputePool {
    threads: Arc<ThreadPool>,
    /// One permit for each piece of work that runs or waits.
    places: Arc<Semaphore>,
}

impl std::fmt::Debug for ComputePool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ComputePool")
            .field("threads", &self.threads.current_num_threads())
            .finish_non_exhaustive()
    }
}

impl ComputePool {
    /// A pool of `threads` threads (at least one), where at most `max_waiting` further pieces of
    /// work wait. The threads are named after `name`.
    ///
    /// # Panics
    /// When the operating system gives no threads, as `std::thread::spawn` does.
    pub fn new(name: &'static str, threads: usize, max_waiting: usize) -> Self {
        let threads = threads.max(1);
        #[expect(
            clippy::expect_used,
            reason = "a pool is made at start-up; without threads there is no service to offer"
        )]
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(move |index| format!("{name}-{index}"))
            .build()
            .expect("the operating system gives no threads for a compute pool");
        let places = threads
            .saturating_add(max_waiting)
            .min(Semaphore::MAX_PERMITS);
        Self {
            threads: Arc::new(pool),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Runs `work` on the pool; parallel iterators inside it use the pool's threads. Work that
    /// waits is dropped when `cancel` fires or the caller drops this future. Work that runs is
    /// waited for: it looks at the token itself and returns early, perhaps with something of use.
    ///
    /// # Errors
    /// When the pool is full, the work panicked, or it was cancelled before it began.
    pub async fn run<T: Send + 'static>(
        &self,
        cancel: &CancellationToken,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ComputeError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| ComputeError::Full)?;
        let (answer, mut answered) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        let claim = Arc::clone(&claimed);
        self.threads.spawn(move || {
            if answer.is_closed() || claim.swap(true, Ordering::AcqRel) {
                return;
            }
            let outcome = catch_unwind(AssertUnwindSafe(work))
                .map_err(|payload| ComputeError::Panicked(message_of(payload.as_ref())));
            // Whoever has the outcome finds the place free.
            drop(place);
            // The caller may have left meanwhile; then nobody needs the outcome.
            let _ = answer.send(outcome);
        });
        tokio::select! {
            outcome = &mut answered => return outcome.unwrap_or(Err(ComputeError::Cancelled)),
            () = cancel.cancelled() => {}
        }
        if claimed.swap(true, Ordering::AcqRel) {
            answered.await.unwrap_or(Err(ComputeError::Cancelled))
        } else {
            Err(ComputeError::Cancelled)
        }
    }
}

/// The text of a panic.
fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[actix_rt::test]
    async fn work_comes_back_with_its_result() {
        let pool = ComputePool::new("test", 2, 4);
        let cancel = CancellationToken::new();
        assert_eq!(pool.run(&cancel, || 6 * 7).await, Ok(42));
    }

    #[actix_rt::test]
    async fn a_panic_is_contained_and_the_pool_works_on() {
        let pool = ComputePool::new("test", 1, 0);
        let cancel = CancellationToken::new();
        let outcome = pool
            .run(&cancel, || -> u32 { panic!("bad curve {}", 3) })
            .await;
        assert_eq!(outcome, Err(ComputeError::Panicked("bad curve 3".into())));
        assert_eq!(pool.run(&cancel, || 1).await, Ok(1));
    }

    #[actix_rt::test]
    async fn waiting_work_is_dropped_when_cancelled_and_running_work_is_not() {
        let pool = ComputePool::new("test", 1, 1);
        let (release, gate) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let running_cancel = CancellationToken::new();
        let running = actix_rt::spawn({
            let (pool, cancel) = (pool.clone(), running_cancel.clone());
            async move {
                pool.run(&cancel, move || {
                    let _ = begun.send(());
                    gate.recv()
                })
                .await
            }
        });
        has_begun.await.unwrap();

        let waiting_cancel = CancellationToken::new();
        let waiting = actix_rt::spawn({
            let (pool, cancel) = (pool.clone(), waiting_cancel.clone());
            async move { pool.run(&cancel, || ()).await }
        });
        actix_rt::task::yield_now().await;
        let full = pool.run(&CancellationToken::new(), || ()).await;
        assert_eq!(full, Err(ComputeError::Full));

        waiting_cancel.cancel();
        assert_eq!(waiting.await.unwrap(), Err(ComputeError::Cancelled));

        running_cancel.cancel();
        actix_rt::task::yield_now().await;
        release.send(()).unwrap();
        assert_eq!(running.await.unwrap(), Ok(Ok(())));
    }

    #[actix_rt::test]
    async fn work_whose_caller_left_is_not_begun() {
        let pool = ComputePool::new("test", 1, 2);
        let cancel = CancellationToken::new();
        let (release, gate) = mpsc::channel::<()>();
        let blocker = actix_rt::spawn({
            let (pool, cancel) = (pool.clone(), cancel.clone());
            async move { pool.run(&cancel, move || gate.recv()).await }
        });
        actix_rt::task::yield_now().await;
        let (ran, has_run) = mpsc::channel();
        let left = actix_rt::spawn({
            let (pool, cancel) = (pool.clone(), cancel.clone());
            async move { pool.run(&cancel, move || ran.send(())).await }
        });
        actix_rt::task::yield_now().await;
        left.abort();
        actix_rt::task::yield_now().await;
        release.send(()).unwrap();
        assert_eq!(blocker.await.unwrap(), Ok(Ok(())));
        // The only sender is dropped with the work that was skipped.
        assert_eq!(has_run.recv(), Err(mpsc::RecvError));
    }
}
