//! Jobs in SQLite: what each operation does to the tables. No threads, no clock, no actors here.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chat2svg_protocol::{
    Attachment, JobId, JobState, JobView,
    messages::{KeptStage, Stored, Unfinished},
};
use jiff::Timestamp;
use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior, named_params, params,
};

use crate::{
    config::StoreConfig,
    error::DatabaseError,
    fingerprint::fingerprint,
    record::{COLUMNS, JobRecord, name_of, named, nanoseconds},
    schema::{self, SchemaError},
};

/// Ended jobs removed in one transaction, so that a sweep holds up nobody for long.
const SWEEP_BATCH: u32 = 200;

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
}

impl Database {
    /// Opens the file of the configuration, makes it if it is not there, and brings it to the
    /// present schema. The file stays locked until the value is dropped.
    ///
    /// # Errors
    /// When the file cannot be used; the text says why and what to do.
    pub fn open(config: &StoreConfig) -> Result<Self, DatabaseError> {
        let path = config.path.clone();
        let fail = |error: rusqlite::Error| DatabaseError::from_sqlite(&path, &error);
        let mut connection = if config.is_in_memory() {
            Connection::open_in_memory().map_err(fail)?
        } else {
            make_folder(&path)?;
            Connection::open(&path).map_err(fail)?
        };
        configure(&connection, config).map_err(fail)?;
        schema::migrate(&mut connection).map_err(|error| match error {
            SchemaError::Sqlite(error) => fail(error),
            SchemaError::Foreign => DatabaseError::Foreign { path: path.clone() },
            SchemaError::TooNew { found } => DatabaseError::TooNew {
                path: path.clone(),
                found,
                supported: schema::SUPPORTED,
            },
        })?;
        Ok(Self {
            connection,
            synchronous: "",
            path,
        })
    }

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
                    .prepare_cached("SELECT job, fingerprint FROM idempotency WHERE key = ?1")?
                    .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
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
                    "INSERT INTO job (id, state, spec, stage, progress, created_at, updated_at,
                                      metadata, failure, is_final)
                     VALUES (:id, :state, :spec, :stage, :progress, :created_at, :updated_at,
                             :metadata, :failure, :is_final)",
                )?
                .execute(named_params! {
                    ":id": record.id,
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
                        "INSERT INTO idempotency (key, job, fingerprint) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![key, record.id, print])?;
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
                        "INSERT INTO checkpoint (job, stage, svg, target) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (job, stage)
                         DO UPDATE SET svg = excluded.svg, target = excluded.target",
                    )?
                    .execute(params![
                        id,
                        kept.stage.name(),
                        &*kept.svg,
                        kept.target.as_deref()
                    ])?;
            }
            Ok(is_final.is_some())
        })?;
        known_or_error(job, known)
    }

    /// Reads the newest job's id and writes one page as it is, to see whether both can be done.
    ///
    /// # Errors
    /// When one of them cannot.
    pub fn probe(&mut self) -> Result<(), DatabaseError> {
        self.write(Durability::Process, |transaction| {
            let version: i64 =
                transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction
                .query_row(
                    "SELECT id FROM job ORDER BY id DESC LIMIT 1",
                    [],
                    |_| Ok(()),
                )
                .optional()?;
            Ok(())
        })
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

    /// One job.
    ///
    /// # Errors
    /// When the file fails or the job cannot be read.
    pub fn get_job(&self, job: JobId) -> Result<Option<JobView>, DatabaseError> {
        let record = self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE id = ?1"))?
                .query_row([job.0.into_bytes()], JobRecord::from_row)
                .optional()
        })?;
        record.map(|record| self.view(&record)).transpose()
    }

    /// At most `limit` jobs, newest first, of those older than `before`.
    ///
    /// # Errors
    /// When the file fails or a job cannot be read.
    pub fn list_jobs(
        &self,
        limit: u32,
        before: Option<JobId>,
    ) -> Result<Vec<JobView>, DatabaseError> {
        let records = self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM job WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2"
                ))?
                .query_map(
                    params![before.map(|job| job.0.into_bytes()), limit],
                    JobRecord::from_row,
                )?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        records.iter().map(|record| self.view(record)).collect()
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

    /// Takes up all jobs that have not ended, oldest first. One that was running was interrupted:
    /// it waits again, and its count of attempts rises.
    ///
    /// # Errors
    /// When the file fails or a job cannot be read.
    pub fn take_up_unfinished(&mut self) -> Result<Vec<Unfinished>, DatabaseError> {
        self.write(Durability::Machine, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE job SET attempts = attempts + 1, state = ?1, stage = NULL
                     WHERE is_final = 0 AND state = ?2",
                )?
                .execute([JobState::Queued.name(), JobState::Running.name()])?;
            Ok(())
        })?;
        let rows = self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS}, attempts FROM job WHERE is_final = 0 ORDER BY id"
                ))?
                .query_map([], |row| {
                    Ok((JobRecord::from_row(row)?, row.get("attempts")?))
                })?
                .collect::<rusqlite::Result<Vec<(JobRecord, u32)>>>()
        })?;
        rows.into_iter()
            .map(|(record, attempts)| {
                Ok(Unfinished {
                    view: self.view(&record)?,
                    checkpoint: self.checkpoint(&record)?,
                    attempts,
                })
            })
            .collect()
    }

    /// Removes jobs that ended more than `keep` before `now`, and the oldest beyond `most`. Answers
    /// how many went.
    ///
    /// # Errors
    /// When the file fails.
    pub fn sweep(
        &mut self,
        now: Timestamp,
        keep: Duration,
        most: u32,
    ) -> Result<usize, DatabaseError> {
        let horizon = nanoseconds(now)
            .map_err(DatabaseError::Unstorable)?
            .saturating_sub(i64::try_from(keep.as_nanos()).unwrap_or(i64::MAX));
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
                    .query_row([most], |row| row.get(0))?;
                let crowded = transaction
                    .prepare_cached(
                        "DELETE FROM job WHERE id IN (
                             SELECT id FROM job WHERE is_final = 1 ORDER BY updated_at LIMIT ?1)",
                    )?
                    .execute([surplus.clamp(0, i64::from(SWEEP_BATCH))])?;
                Ok(aged + crowded)
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

    /// The files that came with a job that has not ended; none when it has.
    ///
    /// # Errors
    /// When the file fails or a file's role cannot be read.
    pub fn attachments(&self, job: JobId) -> Result<Vec<Attachment>, DatabaseError> {
        let rows = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT role, bytes FROM attachment WHERE job = ?1 ORDER BY position",
                )?
                .query_map([job.0.into_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<(String, Vec<u8>)>>>()
        })?;
        rows.into_iter()
            .map(|(role, bytes)| {
                Ok(Attachment {
                    role: named(&role).map_err(|message| DatabaseError::Unreadable {
                        path: self.path.clone(),
                        job: job.to_string(),
                        message,
                    })?,
                    bytes: bytes.into(),
                })
            })
            .collect()
    }

    fn checkpoint(&self, record: &JobRecord) -> Result<Option<KeptStage>, DatabaseError> {
        type Row = (String, String, Option<Vec<u8>>);
        let rows = self.read(|connection| {
            connection
                .prepare_cached("SELECT stage, svg, target FROM checkpoint WHERE job = ?1")?
                .query_map([record.id], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<rusqlite::Result<Vec<Row>>>()
        })?;
        let stages = rows
            .into_iter()
            .map(|(stage, svg, target)| {
                Ok(KeptStage {
                    stage: named(&stage).map_err(|message| self.unreadable(record, message))?,
                    svg: Arc::from(svg),
                    target: target.map(Arc::from),
                })
            })
            .collect::<Result<Vec<KeptStage>, DatabaseError>>()?;
        Ok(stages.into_iter().max_by_key(|kept| kept.stage))
    }

    fn view(&self, record: &JobRecord) -> Result<JobView, DatabaseError> {
        record
            .to_view()
            .map_err(|message| self.unreadable(record, message))
    }

    fn unreadable(&self, record: &JobRecord, message: String) -> DatabaseError {
        DatabaseError::Unreadable {
            path: self.path.clone(),
            job: uuid::Uuid::from_bytes(record.id).to_string(),
            message,
        }
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        query(&self.connection).map_err(|error| DatabaseError::from_sqlite(&self.path, &error))
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
        run().map_err(|error| DatabaseError::from_sqlite(&self.path, &error))
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
    transaction
        .prepare_cached("SELECT count(*) FROM job WHERE id = ?1")?
        .query_row([record.id], |row| row.get(0))
}

fn known_or_error(job: JobId, known: bool) -> Result<(), DatabaseError> {
    if known {
        Ok(())
    } else {
        Err(DatabaseError::Unknown(job))
    }
}

fn make_folder(path: &Path) -> Result<(), DatabaseError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|source| DatabaseError::Folder {
                path: path.to_owned(),
                source,
            })
        }
        _ => Ok(()),
    }
}

fn configure(connection: &Connection, config: &StoreConfig) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(u64::from(config.busy_timeout_ms)))?;
    // Before the first table is made, or it has no effect: space of removed jobs is given back.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // Before write-ahead logging is switched on, so that no shared-memory file is needed and a
    // second process is refused instead of running the same jobs.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    Ok(())
}

#[cfg(test)]
mod tests;
