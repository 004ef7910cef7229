//! Whether the store works, and what the public is told when it does not: the kind of fault, and
//! nothing about files.

use std::time::Duration;

use chat2svg_protocol::messages::{StoreError, StoreProbe};
use chat2svg_supervision::Line;
use tokio::{sync::Mutex, time::Instant};

/// How long a look at the store holds: each one writes to the disk.
const FRESH: Duration = Duration::from_secs(2);
/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong with the store, by the last look at it.
#[derive(Debug, Default)]
pub(crate) struct StoreFault {
    last: Mutex<Option<(Instant, Option<&'static str>)>>,
}

impl StoreFault {
    /// What is wrong; `None` when jobs can be read and written. Those who ask at once share one
    /// look.
    pub(crate) async fn look(&self, store: &Line<StoreProbe>) -> Option<&'static str> {
        let mut last = self.last.lock().await;
        if let Some((when, fault)) = *last
            && when.elapsed() < FRESH
        {
            return fault;
        }
        let fault = match store.ask(StoreProbe, PATIENCE).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(public_text(&error)),
            Err(_) => Some("the job store does not answer"),
        };
        *last = Some((Instant::now(), fault));
        fault
    }
}

/// What a failure of the store is, without the names of files that its own text has.
pub(crate) fn public_text(error: &StoreError) -> &'static str {
    let told = |text: &str| error.0.contains(text);
    if told(" is full") {
        "the disk with the job store is full"
    } else if told("is damaged") {
        "the job store is damaged"
    } else if told("cannot be written") {
        "the job store may not be written"
    } else if told("NATS servers") {
        "the cluster cannot be reached"
    } else if told("too many operations") {
        "the job store is busy"
    } else {
        "the job store cannot be read or written"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_learns_the_kind_of_fault_and_no_path() {
        for (told, kind) in [
            (
                "the disk that holds /var/lib/jobs.db is full: make space",
                "full",
            ),
            (
                "/var/lib/jobs.db is damaged or not a database: move it away",
                "damaged",
            ),
            (
                "/var/lib/jobs.db cannot be written: give this user",
                "may not be written",
            ),
            ("too many operations wait for the disk", "busy"),
            (
                "reading a job failed (timed out): look at the NATS servers",
                "cluster",
            ),
            (
                "reading or writing /var/lib/jobs.db failed (disk I/O error)",
                "cannot be read or written",
            ),
        ] {
            let text = public_text(&StoreError(told.to_owned()));
            assert!(text.contains(kind), "{told}: {text}");
            assert!(!text.contains('/'), "{text}");
        }
    }
}
