//! The file: made, tightened, configured, brought to the present schema; and whether it still
//! works.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tracing::{info, warn};

use super::{Database, Durability};
use crate::{
    config::StoreConfig,
    error::DatabaseError,
    schema::{self, SchemaError},
};

/// `auto_vacuum` of a file that gives freed pages back when asked to.
const INCREMENTAL: i64 = 2;

impl Database {
    /// Opens the file of the configuration, makes it if it is not there, and brings it to the
    /// present schema. The file stays locked until the value is dropped. Only its owner may read
    /// it.
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
            make_private(&path)?;
            // Not as a URI: a name is a name.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(&path, flags).map_err(fail)?
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
        let vacuum: i64 = connection
            .pragma_query_value(None, "auto_vacuum", |row| row.get(0))
            .map_err(fail)?;
        if vacuum != INCREMENTAL && !config.is_in_memory() {
            info!(
                path = %path.display(),
                "space of removed jobs is used again but not given back to the disk: this file was \
                 made without incremental vacuum"
            );
        }
        let mut database = Self {
            connection,
            synchronous: "",
            identity: Identity::of(&path),
            path,
            damaged: false.into(),
            unreadable: std::cell::RefCell::default(),
        };
        database.mark_lost_calls()?;
        Ok(database)
    }

    /// Whether jobs can be read and written: writes a page as it is, reads the first row of every
    /// table past the cache, and looks whether the file is still the one that was opened.
    ///
    /// # Errors
    /// When one of them cannot be done, or damage was found since the file was opened.
    pub fn probe(&mut self) -> Result<(), DatabaseError> {
        if self.damaged.get() {
            return Err(DatabaseError::Corrupt {
                path: self.path.clone(),
            });
        }
        if Identity::of(&self.path) != self.identity {
            return Err(DatabaseError::Replaced {
                path: self.path.clone(),
            });
        }
        self.read(|connection| connection.execute_batch("PRAGMA shrink_memory"))?;
        self.write(Durability::Process, |transaction| {
            let version: i64 =
                transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            transaction.pragma_update(None, "user_version", version)?;
            for statement in [
                "SELECT id FROM job ORDER BY id DESC LIMIT 1",
                "SELECT position FROM attachment LIMIT 1",
                "SELECT stage FROM checkpoint LIMIT 1",
                "SELECT job FROM result LIMIT 1",
                "SELECT key FROM idempotency LIMIT 1",
                "SELECT job FROM call LIMIT 1",
                "SELECT job FROM webhook LIMIT 1",
            ] {
                transaction
                    .prepare_cached(statement)?
                    .query_row([], |_| Ok(()))
                    .optional()?;
            }
            Ok(())
        })
    }
}

/// What tells a file from another that takes its name. `None` where there is none, or no telling.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        // The file is not opened: closing it would give up SQLite's locks.
        Self(fs::metadata(path).ok().map(|file| (file.dev(), file.ino())))
    }

    #[cfg(not(unix))]
    fn of(_: &Path) -> Self {
        Self(None)
    }
}

fn make_folder(path: &Path) -> Result<(), DatabaseError> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| DatabaseError::Folder {
            path: path.to_owned(),
            source,
        })
}

/// Makes a new file that only its owner may read and write, and takes all others' rights to one
/// that is there. What SQLite puts beside it has the file's rights.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), DatabaseError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => {}
        // A link to nowhere is made by SQLite; a place that cannot be written, it tells of.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Ok(()),
        Err(_) => {}
    }
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        let Ok(metadata) = fs::metadata(&file) else {
            continue;
        };
        let mut permissions = metadata.permissions();
        if !metadata.is_file() || permissions.mode() & 0o077 == 0 {
            continue;
        }
        permissions.set_mode(permissions.mode() & !0o077);
        if let Err(error) = fs::set_permissions(&file, permissions) {
            warn!(path = %file.display(), %error, "others may read this file of the store");
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<(), DatabaseError> {
    Ok(())
}

#[cfg(unix)]
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
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
