//! How long ended jobs are kept, how many, and how large they may be together.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::{Database, Durability};
use crate::{error::DatabaseError, record::nanoseconds};

/// Ended jobs removed in one transaction, so that a sweep holds up nobody for long.
const SWEEP_BATCH: u32 = 200;

/// What is kept of ended jobs. What exceeds one of the bounds goes, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub age: Duration,
    /// How many.
    pub jobs: u32,
    /// Bytes of their results, metadata and requests together.
    pub bytes: u64,
    /// How many of one owner; 0 for as many as of all.
    pub jobs_per_owner: u32,
    /// Bytes of one owner's; 0 for as many as of all.
    pub bytes_per_owner: u64,
    /// What is kept of certain owners' jobs, by the owner's name.
    pub owners: BTreeMap<String, OwnerKeep>,
}

/// What is kept of one owner's ended jobs. What is `None` is as for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerKeep {
    /// For how long.
    pub age: Option<Duration>,
    /// How many.
    pub jobs: Option<u32>,
    /// Bytes of their results, metadata and requests together.
    pub bytes: Option<u64>,
}

/// Bytes of a job's row and result. Lengths are read from the rows' heads, not from what they
/// hold.
const BYTES: &str = "coalesce((SELECT octet_length(svg) FROM result WHERE result.job = job.id), 0)
     + coalesce(octet_length(metadata), 0) + coalesce(octet_length(failure), 0) + octet_length(spec)";

impl Database {
    /// Removes jobs that ended and exceed what is kept. Answers how many went.
    ///
    /// # Errors
    /// When the file fails.
    pub fn sweep(&mut self, now: Timestamp, keep: &Retention) -> Result<usize, DatabaseError> {
        let now = nanoseconds(now).map_err(DatabaseError::Unstorable)?;
        let horizon = before(now, keep.age);
        let bytes = whole(keep.bytes);
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
                // A job goes when it and all newer ones exceed the bound.
                let large = transaction
                    .prepare_cached(&format!(
                        "DELETE FROM job WHERE id IN (
                             SELECT id FROM (
                                 SELECT id, updated_at, sum({BYTES}) OVER (
                                     ORDER BY updated_at DESC, id DESC) AS together
                                 FROM job WHERE is_final = 1)
                             WHERE together > ?1
                             ORDER BY updated_at, id LIMIT ?2)"
                    ))?
                    .execute(params![bytes, SWEEP_BATCH])?;
                let large = large
                    + if keep.bytes_per_owner > 0 {
                        transaction
                            .prepare_cached(&format!(
                                "DELETE FROM job WHERE id IN (
                                     SELECT id FROM (
                                         SELECT id, updated_at, sum({BYTES}) OVER (
                                             PARTITION BY owner
                                             ORDER BY updated_at DESC, id DESC) AS together
                                         FROM job WHERE is_final = 1)
                                     WHERE together > ?1
                                     ORDER BY updated_at, id LIMIT ?2)"
                            ))?
                            .execute(params![whole(keep.bytes_per_owner), SWEEP_BATCH])?
                    } else {
                        0
                    };
                let mut of_owners = 0;
                for (owner, keep) in &keep.owners {
                    of_owners += sweep_owner(transaction, owner, *keep, now)?;
                }
                Ok(aged + crowded + large + of_owners)
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

/// Removes what exceeds what is kept of one owner's ended jobs. Answers how many went.
fn sweep_owner(
    transaction: &Transaction<'_>,
    owner: &str,
    keep: OwnerKeep,
    now: i64,
) -> Result<usize, rusqlite::Error> {
    let horizon = keep.age.map_or(i64::MIN, |age| before(now, age));
    let jobs = keep.jobs.map_or(i64::MAX, i64::from);
    let bytes = keep.bytes.map_or(i64::MAX, whole);
    transaction
        .prepare_cached(&format!(
            "DELETE FROM job WHERE id IN (
                 SELECT id FROM (
                     SELECT id, updated_at,
                         row_number() OVER newest AS place, sum({BYTES}) OVER newest AS together
                     FROM job WHERE is_final = 1 AND owner = ?1
                     WINDOW newest AS (ORDER BY updated_at DESC, id DESC))
                 WHERE updated_at < ?2 OR place > ?3 OR together > ?4
                 ORDER BY updated_at, id LIMIT ?5)"
        ))?
        .execute(params![owner, horizon, jobs, bytes, SWEEP_BATCH])
}

/// A moment that lies so long before another, in nanoseconds.
fn before(now: i64, age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX))
}

fn whole(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
