//! Jobs in SQLite: what each operation does to the tables. No threads, no clock, no actors here.

mod calls;
mod opening;
mod reading;
mod retention;
#[cfg(test)]
mod tests;
mod uses;
mod webhooks;

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use chat2svg_protocol::{
    Attachment, JobId, JobState, JobView,
    messages::{KeptStage, Stored},
};
use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior, named_params, params,
};

pub use retention::{OwnerKeep, Retention};

use crate::{
    error::DatabaseError,
    fingerprint::fingerprint,
    record::{JobRecord, name_of},
};

/// What must outlive what.
#[derive(Clone, Copy)]
enum Durability {
    /// The change survives the end of the process; a power cut may undo it.
    Process,
    /// The change survives a power cut.
    Machine,
}

/// The store's file, opened and locked.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    /// What was set last, to be set only when it changes.
    synchronous: &'static str,
    path: PathBuf,
    /// The file that was opened.
    identity: opening::Identity,
    /// Whether damage was found. It does not heal.
    damaged: Cell<bool>,
    unreadable: reading::Told,
}

impl Database {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a new job and its attachments. With a key that is known, nothing is written and the
    /// answer says whether it was used for the same request.
    ///
    /// # Errors
    /// When the file fails, or a job of that id is there already.
    pub fn put_job(
        &mut self,
        view: &JobView,
        attachments: &[Attachment],
        key: Option<&str>,
    ) -> Result<Stored, DatabaseError> {
        let record = JobRecord::from_view(view).map_err(DatabaseError::Unstorable)?;
        let print = fingerprint(&view.spec, attachments).map_err(DatabaseError::Unstorable)?;
        let roles = attachments
            .iter()
            .map(|attachment| name_of(&attachment.role))
            .collect::<Result<Vec<_>, _>>()
            .map_err(DatabaseError::Unstorable)?;
        let is_final = view.state.is_final();
        self.write(Durability::Machine, |transaction| {
            if let Some(key) = key {
                let known: Option<([u8; 16], [u8; 32])> = transaction
                    .prepare_cached(
                        "SELECT job, fingerprint FROM idempotency WHERE owner = ?1 AND key = ?2",
                    )?
                    .query_row([record.owner.as_str(), key], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                if let Some((job, known_print)) = known {
                    return Ok(if known_print == print {
                        Stored::Replayed(JobId(uuid::Uuid::from_bytes(job)))
                    } else {
                        Stored::Conflict
                    });
                }
            }
            transaction
                .prepare_cached(
                    "INSERT INTO job (id, owner, state, spec, stage, progress, created_at, updated_at,
                                      metadata, failure, is_final)
                     VALUES (:id, :owner, :state, :spec, :stage, :progress, :created_at,
                             :updated_at, :metadata, :failure, :is_final)",
                )?
                .execute(named_params! {
                    ":id": record.id,
                    ":owner": record.owner,
                    ":state": record.state,
                    ":spec": record.spec,
                    ":stage": record.stage,
                    ":progress": record.progress,
                    ":created_at": record.created_at,
                    ":updated_at": record.updated_at,
                    ":metadata": record.metadata,
                    ":failure": record.failure,
                    ":is_final": is_final,
                })?;
            for (position, (attachment, role)) in attachments.iter().zip(&roles).enumerate() {
                transaction
                    .prepare_cached(
                        "INSERT INTO attachment (job, position, role, bytes) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![
                        record.id,
                        i64::try_from(position).unwrap_or(i64::MAX),
                        role,
                        &*attachment.bytes
                    ])?;
            }
            if let Some(key) = key {
                transaction
                    .prepare_cached(
                        "INSERT INTO idempotency (owner, key, job, fingerprint)
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![record.owner, key, record.id, print])?;
            }
            Ok(Stored::New)
        })
    }

    /// Keeps how a job stands. A job that has ended stays as it ended.
    ///
    /// # Errors
    /// When the file fails or the job is unknown.
    pub fn update_job(&mut self, view: &JobView) -> Result<(), DatabaseError> {
        let record = JobRecord::from_view(view).map_err(DatabaseError::Unstorable)?;
        let is_final = view.state.is_final();
        let known = self.write(Durability::Process, |transaction| {
            update(transaction, &record, is_final)
        })?;
        known_or_error(view.id, known)
    }

    /// Keeps that a job is being worked on, so that it counts as an attempt if the process dies of
    /// it. A job that has ended stays as it ended.
    ///
    /// # Errors
    /// When the file fails or the job is unknown.
    pub fn mark_running(&mut self, job: JobId) -> Result<(), DatabaseError> {
        let id = job.0.into_bytes();
        let known = self.write(Durability::Process, |transaction| {
            let changed = transaction
                .prepare_cached("UPDATE job SET state = ?2 WHERE id = ?1 AND is_final = 0")?
                .execute(params![id, JobState::Running.name()])?;
            if changed > 0 {
                return Ok(true);
            }
            is_known(transaction, id)
        })?;
        known_or_error(job, known)
    }

    /// Keeps what a stage gave as a checkpoint. A job that has ended needs none.
    ///
    /// # Errors
    /// When the file fails or the job is unknown.
    pub fn put_stage(&mut self, job: JobId, kept: &KeptStage) -> Result<(), DatabaseError> {
        let id = job.0.into_bytes();
        let known = self.write(Durability::Process, |transaction| {
            let is_final: Option<bool> = transaction
                .prepare_cached("SELECT is_final FROM job WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()?;
            if is_final == Some(false) {
                transaction
                    .prepare_cached(
                        "INSERT INTO checkpoint (job, stage, svg, target, placement)
                         VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT (job, stage)
                         DO UPDATE SET svg = excluded.svg, target = excluded.target,
                             placement = excluded.placement",
                    )?
                    .execute(params![
                        id,
                        kept.stage.name(),
                        &*kept.svg,
                        kept.target.as_deref(),
                        kept.placement.name()
                    ])?;
            }
            Ok(is_final.is_some())
        })?;
        known_or_error(job, known)
    }

    /// Keeps a job's end and its result, and drops what was kept only to take the job up again.
    /// The first end counts. A power cut may undo it: then the job is taken up and done again.
    ///
    /// # Errors
    /// When the file fails or the job is unknown.
    pub fn finish_job(&mut self, view: &JobView, svg: Option<&str>) -> Result<(), DatabaseError> {
        let record = JobRecord::from_view(view).map_err(DatabaseError::Unstorable)?;
        let is_final = view.state.is_final();
        let known = self.write(Durability::Process, |transaction| {
            let open: bool = transaction
                .prepare_cached("SELECT count(*) FROM job WHERE id = ?1 AND is_final = 0")?
                .query_row([record.id], |row| row.get(0))?;
            let known = update(transaction, &record, is_final)?;
            if open {
                if let Some(svg) = svg {
                    transaction
                        .prepare_cached(
                            "INSERT INTO result (job, svg) VALUES (?1, ?2)
                             ON CONFLICT (job) DO UPDATE SET svg = excluded.svg",
                        )?
                        .execute(params![record.id, svg])?;
                }
                if let Some(url) = view.spec.options.webhook.as_ref().filter(|_| is_final) {
                    transaction
                        .prepare_cached(
                            "INSERT OR IGNORE INTO webhook (job, url, due_at) VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![record.id, url.as_str(), record.updated_at])?;
                }
                for statement in [
                    "DELETE FROM attachment WHERE job = ?1",
                    "DELETE FROM checkpoint WHERE job = ?1",
                ] {
                    transaction
                        .prepare_cached(statement)?
                        .execute([record.id])?;
                }
            }
            Ok(known)
        })?;
        known_or_error(view.id, known)
    }

    /// Forgets a job and all that is kept of it. Answers whether there was one.
    ///
    /// # Errors
    /// When the file fails.
    pub fn remove_job(&mut self, job: JobId) -> Result<bool, DatabaseError> {
        self.write(Durability::Process, |transaction| {
            let removed = transaction
                .prepare_cached("DELETE FROM job WHERE id = ?1")?
                .execute([job.0.into_bytes()])?;
            Ok(removed > 0)
        })
    }

    /// An ended job's document.
    ///
    /// # Errors
    /// When the file fails.
    pub fn get_result(&self, job: JobId) -> Result<Option<Arc<str>>, DatabaseError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT svg FROM result WHERE job = ?1")?
                .query_row([job.0.into_bytes()], |row| row.get::<_, String>(0))
                .optional()
        })
        .map(|svg| svg.map(Arc::from))
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        query(&self.connection).map_err(|error| self.failed(&error))
    }

    /// One transaction: all of `change` is kept, or nothing of it.
    fn write<T>(
        &mut self,
        durability: Durability,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let level = match durability {
            Durability::Process => "NORMAL",
            Durability::Machine => "FULL",
        };
        let (connection, synchronous) = (&mut self.connection, &mut self.synchronous);
        let run = || {
            if *synchronous != level {
                connection.pragma_update(None, "synchronous", level)?;
                *synchronous = level;
            }
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let outcome = change(&transaction)?;
            transaction.commit()?;
            Ok(outcome)
        };
        run().map_err(|error| self.failed(&error))
    }

    /// Sorts an error, and remembers damage.
    fn failed(&self, error: &rusqlite::Error) -> DatabaseError {
        let failure = DatabaseError::from_sqlite(&self.path, error);
        if matches!(failure, DatabaseError::Corrupt { .. }) {
            self.damaged.set(true);
        }
        failure
    }
}

/// Writes how a job stands, unless it has ended. Answers whether the job is known.
fn update(
    transaction: &Transaction<'_>,
    record: &JobRecord,
    is_final: bool,
) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached(
            "UPDATE job SET state = :state, stage = :stage, progress = :progress,
                            updated_at = :updated_at, metadata = :metadata, failure = :failure,
                            is_final = :is_final
             WHERE id = :id AND is_final = 0",
        )?
        .execute(named_params! {
            ":id": record.id,
            ":state": record.state,
            ":stage": record.stage,
            ":progress": record.progress,
            ":updated_at": record.updated_at,
            ":metadata": record.metadata,
            ":failure": record.failure,
            ":is_final": is_final,
        })?;
    if changed > 0 {
        return Ok(true);
    }
    is_known(transaction, record.id)
}

fn is_known(transaction: &Transaction<'_>, id: [u8; 16]) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT count(*) FROM job WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
}

fn known_or_error(job: JobId, known: bool) -> Result<(), DatabaseError> {
    if known {
        Ok(())
    } else {
        Err(DatabaseError::Unknown(job))
    }
}
