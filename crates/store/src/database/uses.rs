//! What was done with keys on a day, against which quotas are counted.

use rusqlite::params;

use super::{Database, Durability};
use crate::error::DatabaseError;

impl Database {
    /// Counts a job of a key on a day. Days before are forgotten.
    ///
    /// # Errors
    /// When the file fails.
    pub fn count_use(&mut self, key: &str, day: i64) -> Result<(), DatabaseError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO key_use (key, day, jobs) VALUES (?1, ?2, 1)
                     ON CONFLICT (key, day) DO UPDATE SET jobs = jobs + 1",
                )?
                .execute(params![key, day])?;
            transaction
                .prepare_cached("DELETE FROM key_use WHERE day < ?1")?
                .execute([day])?;
            Ok(())
        })
    }

    /// How many jobs of each key were counted on a day.
    ///
    /// # Errors
    /// When the file fails.
    pub fn uses_on(&mut self, day: i64) -> Result<Vec<(String, u32)>, DatabaseError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT key, jobs FROM key_use WHERE day = ?1 ORDER BY key")?
                .query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }
}
