//! What was done with keys, where quotas outlive the process.

use actix::Message;

use super::StoreError;

/// web → store: a new job counts against a key's quota of a day. Comes before the job itself, so
/// that no job is accepted whose count is lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct CountUse {
    /// The key's name.
    pub key: String,
    /// The day, counted in UTC from the beginning of 1970.
    pub day: i64,
}

/// serve → store: how many jobs counted against each key's quota of a day.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<(String, u32)>, StoreError>")]
pub struct UsesOn {
    /// The day, counted in UTC from the beginning of 1970.
    pub day: i64,
}
