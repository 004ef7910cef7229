//! How long ended jobs are kept, how many, and how large they may be together.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;

use super::{Database, Durability};
use crate::{error::DatabaseError, record::nanoseconds};

/// Ended jobs removed in one transaction, so that a sweep holds up nobody for long.
const SWEEP_BATCH: u32 = 200;

/// What is kept of ended jobs. What exceeds one of the bounds goes, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub age: Duration,
    /// How many.
    pub jobs: u32,
    /// Bytes of their results, metadata and requests together.
    pub bytes: u64,
    /// How many of one owner; 0 for as many as of all.
    pub jobs_per_owner: u32,
}

impl Database {
    /// Removes jobs that ended and exceed what is kept. Answers how many went.
    ///
    /// # Errors
    /// When the file fails.
    pub fn sweep(&mut self, now: Timestamp, keep: &Retention) -> Result<usize, DatabaseError> {
        let horizon = nanoseconds(now)
            .map_err(DatabaseError::Unstorable)?
            .saturating_sub(i64::try_from(keep.age.as_nanos()).unwrap_or(i64::MAX));
        let bytes = i64::try_from(keep.bytes).unwrap_or(i64::MAX);
        let mut removed = 0;
        loop {
            let batch = self.write(Durability::Process, |transaction| {
                let aged = transaction
                    .prepare_cached(
                        "DELETE FROM job WHERE id IN (
                             SELECT id FROM job WHERE is_final = 1 AND updated_at < ?1
                             ORDER BY updated_at LIMIT ?2)",
                    )?
                    .execute(params![horizon, SWEEP_BATCH])?;
                let surplus: i64 = transaction
                    .prepare_cached("SELECT count(*) - ?1 FROM job WHERE is_final = 1")?
                    .query_row([keep.jobs], |row| row.get(0))?;
                let crowded = transaction
                    .prepare_cached(
                        "DELETE FROM job WHERE id IN (
                             SELECT id FROM job WHERE is_final = 1 ORDER BY updated_at LIMIT ?1)",
                    )?
                    .execute([surplus.clamp(0, i64::from(SWEEP_BATCH))])?;
                let crowded = crowded
                    + if keep.jobs_per_owner > 0 {
                        transaction
                            .prepare_cached(
                                "DELETE FROM job WHERE id IN (
                                     SELECT id FROM (
                                         SELECT id, updated_at, row_number() OVER (
                                             PARTITION BY owner
                                             ORDER BY updated_at DESC, id DESC) AS place
                                         FROM job WHERE is_final = 1)
                                     WHERE place > ?1
                                     ORDER BY updated_at, id LIMIT ?2)",
                            )?
                            .execute(params![keep.jobs_per_owner, SWEEP_BATCH])?
                    } else {
                        0
                    };
                // A job goes when it and all newer ones exceed the bound. Lengths are read from
                // the rows' heads, not from what they hold.
                let large = transaction
                    .prepare_cached(
                        "DELETE FROM job WHERE id IN (
                             SELECT id FROM (
                                 SELECT id, updated_at, sum(
                                     coalesce((SELECT octet_length(svg) FROM result
                                               WHERE result.job = job.id), 0)
                                     + coalesce(octet_length(metadata), 0)
                                     + coalesce(octet_length(failure), 0)
                                     + octet_length(spec)
                                 ) OVER (ORDER BY updated_at DESC, id DESC) AS together
                                 FROM job WHERE is_final = 1)
                             WHERE together > ?1
                             ORDER BY updated_at, id LIMIT ?2)",
                    )?
                    .execute(params![bytes, SWEEP_BATCH])?;
                Ok(aged + crowded + large)
            })?;
            removed += batch;
            if batch == 0 {
                break;
            }
        }
        if removed > 0 {
            // It frees one page a step, so it has to be stepped to its end.
            self.read(|connection| {
                let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
                let mut steps = vacuum.query([])?;
                while steps.next()?.is_some() {}
                Ok(())
            })?;
        }
        Ok(removed)
    }
}
