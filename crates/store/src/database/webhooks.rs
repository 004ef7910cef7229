//! What is still to be told of jobs that have ended.

use chat2svg_protocol::{JobId, messages::DueWebhook};
use jiff::Timestamp;
use rusqlite::params;
use tracing::warn;

use super::{Database, Durability};
use crate::{
    error::DatabaseError,
    record::{COLUMNS, JobRecord, nanoseconds},
};

impl Database {
    /// Ends that are to be told by now, longest due first. What cannot be read is told to nobody.
    ///
    /// # Errors
    /// When the file fails.
    pub fn due_webhooks(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueWebhook>, DatabaseError> {
        let now = nanoseconds(now).map_err(DatabaseError::Unstorable)?;
        let rows = self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS}, url, webhook.attempts AS tries
                     FROM webhook JOIN job ON job.id = webhook.job
                     WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2"
                ))?
                .query_map(params![now, limit], |row| {
                    let url: String = row.get("url")?;
                    let attempts: u32 = row.get("tries")?;
                    Ok((JobRecord::from_row(row)?, url, attempts))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut due = Vec::new();
        for (record, url, attempts) in rows {
            let job = JobId(uuid::Uuid::from_bytes(record.id));
            let view = record.to_view();
            match (view, url.parse()) {
                (Ok(view), Ok(url)) => due.push(DueWebhook {
                    view,
                    url,
                    attempts,
                }),
                (view, _) => {
                    let error = view.err().unwrap_or_else(|| "no address".to_owned());
                    warn!(%job, error, "a webhook cannot be read and is not sent");
                    self.settle_webhook(job, None)?;
                }
            }
        }
        Ok(due)
    }

    /// Keeps that a delivery is tried again, or is over.
    ///
    /// # Errors
    /// When the file fails.
    pub fn settle_webhook(
        &mut self,
        job: JobId,
        next: Option<Timestamp>,
    ) -> Result<(), DatabaseError> {
        let id = job.0.into_bytes();
        let next = next
            .map(nanoseconds)
            .transpose()
            .map_err(DatabaseError::Unstorable)?;
        self.write(Durability::Process, |transaction| {
            match next {
                Some(due_at) => transaction
                    .prepare_cached(
                        "UPDATE webhook SET attempts = attempts + 1, due_at = ?2 WHERE job = ?1",
                    )?
                    .execute(params![id, due_at])?,
                None => transaction
                    .prepare_cached("DELETE FROM webhook WHERE job = ?1")?
                    .execute([id])?,
            };
            Ok(())
        })
    }
}
