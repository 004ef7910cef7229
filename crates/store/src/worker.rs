//! The thread on which SQLite blocks, so that no arbiter does.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
};

use chat2svg_protocol::messages::StoreError;
use tokio::sync::oneshot;
use tracing::error;

use crate::{config::StoreConfig, database::Database, error::DatabaseError};

/// Operations that may wait for the thread. Admission keeps their number far below.
const MAX_WAITING: usize = 4096;

type Operation = Box<dyn FnOnce(&mut Database) + Send>;

/// What the thread is told.
enum Task {
    Do(Operation),
    /// Close the file after all that was told before.
    Close(oneshot::Sender<()>),
}

/// What comes of an operation.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>>>>;

/// Whether an operation is done even if nobody waits for its answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unattended {
    /// It is done: the caller told what is.
    Do,
    /// It is not: the caller believes that it failed, or wanted only the answer.
    Skip,
}

/// An open store on a thread of its own. Clones share it; the file is closed, and its lock given
/// up, by [`StoreWorker::close`] or when the last one is gone.
#[derive(Clone, Debug)]
pub struct StoreWorker {
    tasks: SyncSender<Task>,
}

impl StoreWorker {
    /// Opens the store.
    ///
    /// # Errors
    /// When the file cannot be used; the text says why and what to do.
    pub fn open(config: &StoreConfig) -> Result<Self, DatabaseError> {
        let database = Database::open(config)?;
        let (tasks, queue) = sync_channel(MAX_WAITING);
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || work(database, &queue))
            .map_err(|error| DatabaseError::Io {
                path: config.path.clone(),
                message: format!("no thread for it: {error}"),
            })?;
        Ok(Self { tasks })
    }

    /// Closes the file when all that was asked before is done, so that it stands alone, without a
    /// log beside it. What is asked afterwards fails.
    pub async fn close(&self) {
        let (closed, waiting) = oneshot::channel();
        if self.tasks.try_send(Task::Close(closed)).is_ok() {
            // A thread that ended has closed the file.
            let _ = waiting.await;
        }
    }

    /// Has the thread do `operation`. The answer is waited for by the returned future.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        unattended: Unattended,
        operation: impl FnOnce(&mut Database) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Answer<T> {
        let (answer, answered) = oneshot::channel();
        let task: Operation = Box::new(move |database| {
            if unattended == Unattended::Skip && answer.is_closed() {
                return;
            }
            let outcome = operation(database);
            if let Err(error) = &outcome {
                error!(%error, "the store failed");
            }
            // The caller may have left; what was done stays done.
            let _ = answer.send(outcome);
        });
        let sent = self.tasks.try_send(Task::Do(task));
        Box::pin(async move {
            match sent {
                Ok(()) => match answered.await {
                    Ok(outcome) => outcome.map_err(StoreError::from),
                    Err(_) => Err(StoreError(
                        "an operation panicked, which is a defect; the store works on".to_owned(),
                    )),
                },
                Err(TrySendError::Full(_)) => Err(StoreError(
                    "too many operations wait for the disk: try again in a moment".to_owned(),
                )),
                Err(TrySendError::Disconnected(_)) => {
                    Err(StoreError("its thread has ended".to_owned()))
                }
            }
        })
    }
}

fn work(mut database: Database, queue: &Receiver<Task>) {
    while let Ok(task) = queue.recv() {
        match task {
            Task::Do(operation) => {
                // A panic unwinds through the transaction, which rolls back.
                if catch_unwind(AssertUnwindSafe(|| operation(&mut database))).is_err() {
                    error!("an operation on the store panicked");
                }
            }
            Task::Close(closed) => {
                // Brings what the log holds into the file, removes the log, gives up the lock.
                drop(database);
                // Whoever waited may have gone.
                let _ = closed.send(());
                return;
            }
        }
    }
}
