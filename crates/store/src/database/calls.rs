//! The ledger: calls that may cost money, on record before they are sent.

use chat2svg_protocol::JobId;
use jiff::Timestamp;
use rusqlite::params;

use super::{Database, Durability};
use crate::{error::DatabaseError, record::nanoseconds};

impl Database {
    /// Records a call that is about to be sent; answers its number.
    ///
    /// # Errors
    /// When the file fails or the job is unknown.
    pub fn begin_call(
        &mut self,
        job: JobId,
        provider: &str,
        what: &str,
        at_most: f64,
        now: Timestamp,
    ) -> Result<i64, DatabaseError> {
        let begun_at = nanoseconds(now).map_err(DatabaseError::Unstorable)?;
        let id = job.0.into_bytes();
        let number = self.write(Durability::Machine, |transaction| {
            if !super::is_known(transaction, id)? {
                return Ok(None);
            }
            transaction
                .prepare_cached(
                    "INSERT INTO call (job, provider, what, begun_at, outcome, cost)
                     VALUES (?1, ?2, ?3, ?4, 'sent', ?5)",
                )?
                .execute(params![id, provider, what, begun_at, at_most])?;
            Ok(Some(transaction.last_insert_rowid()))
        })?;
        number.ok_or(DatabaseError::Unknown(job))
    }

    /// Records how a call ended. The first end counts.
    ///
    /// # Errors
    /// When the file fails.
    pub fn settle_call(
        &mut self,
        call: i64,
        answered: bool,
        cost: f64,
    ) -> Result<(), DatabaseError> {
        let outcome = if answered { "answered" } else { "failed" };
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE call SET outcome = ?2, cost = ?3 WHERE id = ?1 AND outcome = 'sent'",
                )?
                .execute(params![call, outcome, cost])?;
            Ok(())
        })
    }

    /// How many calls for a job an earlier process sent and never settled.
    ///
    /// # Errors
    /// When the file fails.
    pub fn lost_calls(&self, job: JobId) -> Result<u32, DatabaseError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM call WHERE job = ?1 AND outcome = 'lost'")?
                .query_row([job.0.into_bytes()], |row| row.get(0))
        })
    }

    /// Marks the calls as lost that were under way when the process that sent them ended: the file
    /// has just been opened, and nobody else has it.
    pub(super) fn mark_lost_calls(&mut self) -> Result<(), DatabaseError> {
        self.write(Durability::Process, |transaction| {
            transaction.execute(
                "UPDATE call SET outcome = 'lost' WHERE outcome = 'sent'",
                [],
            )?;
            Ok(())
        })
    }
}
