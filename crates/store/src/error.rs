//! What can go wrong with the store's file, and what to do about it.

use std::{io, path::PathBuf};

use chat2svg_protocol::{JobId, messages::StoreError};
use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the database could not do what was asked. Nothing was written by the failed operation.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The folder of the file could not be made.
    #[error("the folder of {} could not be made ({source}): make it, or set [store] path to a writable place", path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be opened.
    #[error("{} could not be opened ({message}): check that it is a file that this user may read and write, or set [store] path to another place", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// Another process has it open.
    #[error("{} is in use by another process: stop that one, or set [store] path to a file of its own", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("the disk that holds {} is full: make space; until then no new jobs are accepted", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It may not be written.
    #[error("{} cannot be written: give this user the right to write the file and its folder", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or no database at all.
    #[error("{} is damaged or not a database: move it away (a new one is then made), or restore a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
    },
    /// The file was removed, or another has its name now.
    #[error("{} was removed or replaced while it was in use: restart the service, so that jobs are kept again", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// It is the database of another program.
    #[error("{} belongs to another program: set [store] path to a file of its own", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error("{} was written by a newer release (schema {found}, this release knows up to {supported}): start that release, or set [store] path to another file", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Version found in the file.
        found: i64,
        /// Newest version known here.
        supported: i64,
    },
    /// The system failed to read or write.
    #[error("reading or writing {} failed ({message}): check the disk", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// A row does not say what it should.
    #[error("job {job} in {} cannot be read ({message}): it was damaged or edited by hand", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The job.
        job: String,
        /// What is wrong with it.
        message: String,
    },
    /// A value cannot be kept.
    #[error("a job could not be put into a form to be stored: {0}")]
    Unstorable(String),
    /// There is no such job.
    #[error("job {0} is not in the store: it was never stored, or it is past its retention")]
    Unknown(JobId),
    /// SQLite refused for a reason that is a defect of ours.
    #[error("{} refused a statement: {message}", path.display())]
    Statement {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
}

impl DatabaseError {
    /// Sorts SQLite's errors by what is to be done.
    pub(crate) fn from_sqlite(path: &std::path::Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let message = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path },
            Some(ErrorCode::CannotOpen) => Self::CannotOpen { path, message },
            Some(ErrorCode::SystemIoFailure) => Self::Io { path, message },
            _ => Self::Statement { path, message },
        }
    }
}

impl DatabaseError {
    /// The same for callers from outside: what happened, without where on this machine, which
    /// stands in the log.
    pub fn public_text(&self) -> String {
        let text = match self {
            Self::Folder { .. } | Self::CannotOpen { .. } => "its file cannot be opened",
            Self::Locked { .. } => "its file is in use by another process",
            Self::Full { .. } => {
                "the disk that holds it is full: until there is space no new jobs are accepted"
            }
            Self::ReadOnly { .. } => "its file cannot be written",
            Self::Corrupt { .. } => "its file is damaged",
            Self::Replaced { .. } => {
                "its file was removed or replaced while it was in use, so jobs would be lost"
            }
            Self::Foreign { .. } | Self::TooNew { .. } => {
                "its file is of another program or release"
            }
            Self::Io { .. } => "its disk cannot be read or written",
            Self::Unreadable { job, .. } => {
                return format!("job {job} cannot be read: it was damaged; submit it anew");
            }
            Self::Unstorable(_) => "a job could not be put into a form to be stored",
            Self::Unknown(_) => return self.to_string(),
            Self::Statement { .. } => "it refused a statement, which is a defect",
        };
        text.to_owned()
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self(error.public_text())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::ffi;

    use super::*;

    /// The text for a result code of SQLite.
    fn text(code: i32) -> String {
        let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        DatabaseError::from_sqlite(Path::new("/var/lib/jobs.db"), &failure).to_string()
    }

    #[test]
    fn every_failure_names_the_file_and_what_to_do() {
        for (code, advice) in [
            (ffi::SQLITE_BUSY, "stop that one"),
            (ffi::SQLITE_BUSY_RECOVERY, "stop that one"),
            (ffi::SQLITE_LOCKED, "stop that one"),
            (ffi::SQLITE_FULL, "make space"),
            (ffi::SQLITE_READONLY, "the right to write"),
            (ffi::SQLITE_READONLY_DIRECTORY, "the right to write"),
            (ffi::SQLITE_PERM, "the right to write"),
            (ffi::SQLITE_CORRUPT, "restore a backup"),
            (ffi::SQLITE_NOTADB, "restore a backup"),
            (ffi::SQLITE_CANTOPEN, "check that it is a file"),
            (ffi::SQLITE_IOERR_FSYNC, "check the disk"),
        ] {
            let text = text(code);
            assert!(text.contains("/var/lib/jobs.db"), "{code}: {text}");
            assert!(text.contains(advice), "{code}: {text}");
        }
        assert!(text(ffi::SQLITE_MISUSE).contains("refused a statement"));
    }
}
