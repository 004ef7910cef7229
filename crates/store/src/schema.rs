//! The tables, and how a file of an earlier release becomes one of this release.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// "c2sv": marks a file as ours, so that no other program's database is written to.
pub(crate) const APPLICATION_ID: i32 = 0x6332_7376;

/// The steps from an empty file to the present schema; step `n` leads to `user_version` `n + 1`.
/// A step that was released is never changed.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE job (
        id          BLOB PRIMARY KEY NOT NULL,
        state       TEXT NOT NULL,
        spec        TEXT NOT NULL,
        stage       TEXT,
        progress    REAL NOT NULL,
        created_at  INTEGER NOT NULL,
        updated_at  INTEGER NOT NULL,
        metadata    TEXT,
        failure     TEXT,
        attempts    INTEGER NOT NULL DEFAULT 0,
        is_final    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX job_unfinished ON job (id) WHERE is_final = 0;
    CREATE INDEX job_finished ON job (updated_at) WHERE is_final = 1;
    CREATE TABLE attachment (
        job         BLOB NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        position    INTEGER NOT NULL,
        role        TEXT NOT NULL,
        bytes       BLOB NOT NULL,
        PRIMARY KEY (job, position)
    ) STRICT;
    CREATE TABLE checkpoint (
        job         BLOB NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        stage       TEXT NOT NULL,
        svg         TEXT NOT NULL,
        PRIMARY KEY (job, stage)
    ) STRICT;
    CREATE TABLE result (
        job         BLOB PRIMARY KEY NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        svg         TEXT NOT NULL
    ) STRICT;
    CREATE TABLE idempotency (
        key         TEXT PRIMARY KEY NOT NULL,
        job         BLOB NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        fingerprint BLOB NOT NULL
    ) STRICT;
    CREATE INDEX idempotency_job ON idempotency (job);
",
    "
    ALTER TABLE checkpoint ADD COLUMN target BLOB;
",
    "
    CREATE TABLE call (
        id          INTEGER PRIMARY KEY NOT NULL,
        job         BLOB NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        provider    TEXT NOT NULL,
        what        TEXT NOT NULL,
        begun_at    INTEGER NOT NULL,
        outcome     TEXT NOT NULL,
        cost        REAL NOT NULL
    ) STRICT;
    CREATE INDEX call_job ON call (job);
    CREATE INDEX call_sent ON call (id) WHERE outcome = 'sent';
",
    // Jobs have owners; those of earlier releases are the local user's. Keys that make requests
    // idempotent are each owner's own.
    "
    ALTER TABLE job ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
    CREATE INDEX job_owner ON job (owner, id);
    ALTER TABLE idempotency RENAME TO idempotency_of_all;
    DROP INDEX idempotency_job;
    CREATE TABLE idempotency (
        owner       TEXT NOT NULL,
        key         TEXT NOT NULL,
        job         BLOB NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        fingerprint BLOB NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT;
    INSERT INTO idempotency (owner, key, job, fingerprint)
        SELECT 'local', key, job, fingerprint FROM idempotency_of_all;
    DROP TABLE idempotency_of_all;
    CREATE INDEX idempotency_job ON idempotency (job);
",
    "
    CREATE TABLE webhook (
        job         BLOB PRIMARY KEY NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        url         TEXT NOT NULL,
        attempts    INTEGER NOT NULL DEFAULT 0,
        due_at      INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX webhook_due ON webhook (due_at);
",
    // What was done with keys, by days since the beginning of 1970.
    "
    CREATE TABLE key_use (
        key         TEXT NOT NULL,
        day         INTEGER NOT NULL,
        jobs        INTEGER NOT NULL,
        PRIMARY KEY (key, day)
    ) STRICT;
",
    // Whether a checkpoint's shapes were looked for in the target; earlier releases did not say.
    "
    ALTER TABLE checkpoint ADD COLUMN placement TEXT;
",
];

/// The schema that this release writes.
pub(crate) const SUPPORTED: i64 = MIGRATIONS.len() as i64;

/// What stands in the way of a migration.
pub(crate) enum SchemaError {
    Sqlite(rusqlite::Error),
    Foreign,
    TooNew { found: i64 },
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the file to the present schema, in one transaction that also takes the file's lock.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let transaction =
        Transaction::new(connection, TransactionBehavior::Exclusive).map_err(SchemaError::from)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let is_empty: bool =
        transaction.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
            row.get(0)
        })?;
    if owner != APPLICATION_ID && !is_empty {
        return Err(SchemaError::Foreign);
    }
    if found > SUPPORTED {
        return Err(SchemaError::TooNew { found });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SUPPORTED)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_keys_of_earlier_releases_become_the_local_users() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        for step in &MIGRATIONS[..3] {
            connection.execute_batch(step).unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO job (id, state, spec, progress, created_at, updated_at, is_final)
                 VALUES (x'01', 'succeeded', '{}', 1.0, 0, 0, 1);
                 INSERT INTO result VALUES (x'01', '<svg/>');
                 INSERT INTO idempotency VALUES ('key', x'01', x'02');",
            )
            .unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection.pragma_update(None, "user_version", 3).unwrap();
        assert!(migrate(&mut connection).is_ok());
        let one =
            |query: &str| -> String { connection.query_row(query, [], |row| row.get(0)).unwrap() };
        assert_eq!(one("SELECT owner FROM job"), "local");
        assert_eq!(one("SELECT svg FROM result"), "<svg/>");
        assert_eq!(one("SELECT owner || key FROM idempotency"), "localkey");
        // What belongs to a job still goes with it.
        connection.execute("DELETE FROM job", []).unwrap();
        let rest = "SELECT count(*) || '' FROM idempotency";
        assert_eq!(one(rest), "0");
        assert!(
            migrate(&mut connection).is_ok(),
            "a second start changes nothing"
        );
    }
}
