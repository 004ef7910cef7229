//! Jobs read back. A row that cannot be read hides no other: it is logged and counted once and left
//! out, and a job that waits is given up so that it is not tried for ever.

use std::{cell::RefCell, collections::HashSet};

use chat2svg_protocol::{
    Attachment, AttachmentRole, FailureCode, JobFailure, JobId, JobState, JobView, Owner,
    Placement,
    messages::{KeptStage, Unfinished},
};
use metrics::counter;
use rusqlite::{OptionalExtension, Row, params, types::Value};
use tracing::{error, warn};

use super::{Database, Durability};
use crate::{
    error::DatabaseError,
    record::{COLUMNS, JobRecord, json_of, named},
};

/// Rows remembered as logged and counted.
const MOST_REMEMBERED: usize = 10_000;

/// The ids of rows that were told of.
pub(super) type Told = RefCell<HashSet<Vec<u8>>>;

/// A row, and its id as it stands in the file.
struct Found<T> {
    id: Value,
    /// What it holds, or why it cannot be read.
    content: Result<T, String>,
}

impl<T> Found<T> {
    /// Reads a row whose first column is the id.
    fn read(
        row: &Row<'_>,
        content: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            content: content(row).map_err(|error| error.to_string()),
        })
    }

    fn name(&self) -> String {
        match &self.id {
            Value::Blob(bytes) => match uuid::Uuid::from_slice(bytes) {
                Ok(id) => id.to_string(),
                Err(_) => format!("{bytes:02x?}"),
            },
            other => format!("{other:?}"),
        }
    }
}

impl Database {
    /// One job.
    ///
    /// # Errors
    /// When the file fails or the job cannot be read.
    pub fn get_job(&self, job: JobId) -> Result<Option<JobView>, DatabaseError> {
        let found = self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE id = ?1"))?
                .query_row([job.0.into_bytes()], |row| {
                    Found::read(row, JobRecord::from_row)
                })
                .optional()
        })?;
        let Some(found) = found else {
            return Ok(None);
        };
        let name = found.name();
        let view = found.content.and_then(|record| record.to_view());
        view.map(Some).map_err(|message| DatabaseError::Unreadable {
            path: self.path.clone(),
            job: name,
            message,
        })
    }

    /// At most `limit` jobs, newest first, of those older than `before`, of one owner or of all.
    /// Rows that cannot be read are left out.
    ///
    /// # Errors
    /// When the file fails.
    pub fn list_jobs(
        &self,
        limit: u32,
        before: Option<JobId>,
        owner: Option<&Owner>,
    ) -> Result<Vec<JobView>, DatabaseError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut before = before.map_or(Value::Null, |job| Value::Blob(job.0.into_bytes().into()));
        let mut views = Vec::new();
        loop {
            let rows = self.read(|connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM job
                         WHERE (?1 IS NULL OR id < ?1) AND (?3 IS NULL OR owner = ?3)
                         ORDER BY id DESC LIMIT ?2"
                    ))?
                    .query_map(params![before, limit, owner.map(Owner::as_str)], |row| {
                        Found::read(row, JobRecord::from_row)
                    })?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })?;
            let is_last = rows.len() < wanted;
            if let Some(last) = rows.last() {
                before = last.id.clone();
            }
            for row in rows {
                match row
                    .content
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(JobRecord::to_view)
                {
                    Ok(view) if views.len() < wanted => views.push(view),
                    Ok(_) => {}
                    Err(message) => self.tell_unreadable(&row, &message),
                }
            }
            if is_last || views.len() >= wanted {
                return Ok(views);
            }
        }
    }

    /// Takes up all jobs that have not ended, oldest first. One that was running was interrupted:
    /// it waits again, and its count of attempts rises. One that cannot be read ends as failed.
    ///
    /// # Errors
    /// When the file fails.
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
                    Found::read(row, |row| {
                        Ok((JobRecord::from_row(row)?, row.get("attempts")?))
                    })
                })?
                .collect::<rusqlite::Result<Vec<Found<(JobRecord, u32)>>>>()
        })?;
        let mut unfinished = Vec::new();
        for row in rows {
            let read = match &row.content {
                Ok((record, attempts)) => self.unfinished(record, *attempts)?,
                Err(message) => Err(message.clone()),
            };
            match read {
                Ok(job) => unfinished.push(job),
                Err(message) => {
                    self.tell_unreadable(&row, &message);
                    self.give_up(&row.id)?;
                }
            }
        }
        Ok(unfinished)
    }

    fn unfinished(
        &self,
        record: &JobRecord,
        attempts: u32,
    ) -> Result<Result<Unfinished, String>, DatabaseError> {
        let view = match record.to_view() {
            Ok(view) => view,
            Err(message) => return Ok(Err(message)),
        };
        if let Err(message) = self.roles(record)? {
            return Ok(Err(format!("an attachment: {message}")));
        }
        let checkpoint = self.checkpoint(record)?;
        Ok(Ok(Unfinished {
            view,
            checkpoint,
            attempts,
        }))
    }

    /// The files that came with a job that has not ended; none when it has.
    ///
    /// # Errors
    /// When the file fails or a file's role cannot be read.
    pub fn attachments(&self, job: JobId) -> Result<Vec<Attachment>, DatabaseError> {
        let read = |row: &Row<'_>| -> Result<Attachment, String> {
            let role: String = row.get(0).map_err(|error| error.to_string())?;
            let bytes: Vec<u8> = row.get(1).map_err(|error| error.to_string())?;
            Ok(Attachment {
                role: named(&role)?,
                bytes: bytes.into(),
            })
        };
        let found = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT role, bytes FROM attachment WHERE job = ?1 ORDER BY position",
                )?
                .query_map([job.0.into_bytes()], |row| Ok(read(row)))?
                .collect::<rusqlite::Result<Result<Vec<_>, String>>>()
        })?;
        found.map_err(|message| DatabaseError::Unreadable {
            path: self.path.clone(),
            job: job.to_string(),
            message,
        })
    }

    /// Whether the roles of a job's files can be read; the files themselves are read when it runs.
    fn roles(&self, record: &JobRecord) -> Result<Result<(), String>, DatabaseError> {
        let read = |row: &Row<'_>| -> Result<AttachmentRole, String> {
            let role: String = row.get(0).map_err(|error| error.to_string())?;
            named(&role)
        };
        self.read(|connection| {
            connection
                .prepare_cached("SELECT role FROM attachment WHERE job = ?1")?
                .query_map([record.id], |row| Ok(read(row).map(|_| ())))?
                .collect::<rusqlite::Result<Result<(), String>>>()
        })
    }

    /// The last stage's checkpoint. One that cannot be read only costs time.
    fn checkpoint(&self, record: &JobRecord) -> Result<Option<KeptStage>, DatabaseError> {
        let read = |row: &Row<'_>| -> Result<KeptStage, String> {
            let failed = |error: rusqlite::Error| error.to_string();
            let stage: String = row.get(0).map_err(failed)?;
            let svg: String = row.get(1).map_err(failed)?;
            let target: Option<Vec<u8>> = row.get(2).map_err(failed)?;
            let placement: Option<String> = row.get(3).map_err(failed)?;
            let stage = named(&stage)?;
            let placement = match placement {
                Some(placement) => named(&placement)?,
                None => Placement::assumed_after(stage),
            };
            Ok(KeptStage {
                stage,
                svg: svg.into(),
                target: target.map(Into::into),
                placement,
            })
        };
        let stages = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT stage, svg, target, placement FROM checkpoint WHERE job = ?1",
                )?
                .query_map([record.id], |row| Ok(read(row)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let readable = stages.into_iter().filter_map(|stage| {
            stage
                .inspect_err(|message| {
                    let job = uuid::Uuid::from_bytes(record.id);
                    warn!(%job, message, "a checkpoint cannot be read; it is left out");
                })
                .ok()
        });
        Ok(readable.max_by_key(|kept| kept.stage))
    }

    /// Ends a job that cannot be read. It goes with the others that ended.
    fn give_up(&mut self, id: &Value) -> Result<(), DatabaseError> {
        let failure = JobFailure::new(
            FailureCode::Unreadable,
            "what was stored of this job was damaged and cannot be read: submit it anew",
        );
        let failure = json_of(&failure).map_err(DatabaseError::Unstorable)?;
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE job SET state = ?2, is_final = 1, stage = NULL, failure = ?3
                     WHERE id = ?1",
                )?
                .execute(params![id, JobState::Failed.name(), failure])?;
            for statement in [
                "DELETE FROM attachment WHERE job = ?1",
                "DELETE FROM checkpoint WHERE job = ?1",
            ] {
                transaction.prepare_cached(statement)?.execute([id])?;
            }
            Ok(())
        })
    }

    /// Logs and counts a row, once.
    fn tell_unreadable<T>(&self, row: &Found<T>, message: &str) {
        let key = match &row.id {
            Value::Blob(bytes) => bytes.clone(),
            other => format!("{other:?}").into_bytes(),
        };
        let mut told = self.unreadable.borrow_mut();
        if told.len() < MOST_REMEMBERED && told.insert(key) {
            counter!("chat2svg_store_unreadable_rows").increment(1);
            error!(
                job = row.name(),
                path = %self.path.display(),
                message,
                "a job cannot be read and is left out"
            );
        }
    }
}
