//! A job as a row, and back. No SQL here.

use chat2svg_protocol::{JobId, JobView};
use jiff::Timestamp;
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};

/// A job's columns, in the order of [`COLUMNS`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JobRecord {
    pub(crate) id: [u8; 16],
    pub(crate) owner: String,
    pub(crate) state: String,
    pub(crate) spec: String,
    pub(crate) stage: Option<String>,
    pub(crate) progress: f64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) metadata: Option<String>,
    pub(crate) failure: Option<String>,
}

/// The columns that [`JobRecord::from_row`] reads.
pub(crate) const COLUMNS: &str =
    "id, state, spec, stage, progress, created_at, updated_at, metadata, failure, owner";

impl JobRecord {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            state: row.get(1)?,
            spec: row.get(2)?,
            stage: row.get(3)?,
            progress: row.get(4)?,
            created_at: row.get(5)?,
            updated_at: row.get(6)?,
            metadata: row.get(7)?,
            failure: row.get(8)?,
            owner: row.get(9)?,
        })
    }

    pub(crate) fn from_view(view: &JobView) -> Result<Self, String> {
        Ok(Self {
            id: view.id.0.into_bytes(),
            owner: view.owner.as_str().to_owned(),
            state: view.state.name().to_owned(),
            spec: json_of(&view.spec)?,
            stage: view.stage.map(|stage| stage.name().to_owned()),
            progress: f64::from(view.progress),
            created_at: nanoseconds(view.created_at)?,
            updated_at: nanoseconds(view.updated_at)?,
            metadata: view.metadata.as_ref().map(json_of).transpose()?,
            failure: view.failure.as_ref().map(json_of).transpose()?,
        })
    }

    pub(crate) fn to_view(&self) -> Result<JobView, String> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it was widened from this type when it was stored"
        )]
        let progress = self.progress as f32;
        Ok(JobView {
            id: JobId(uuid::Uuid::from_bytes(self.id)),
            owner: self
                .owner
                .parse()
                .map_err(|error: chat2svg_protocol::ValueError| error.to_string())?,
            state: named(&self.state)?,
            spec: from_json(&self.spec)?,
            stage: self.stage.as_deref().map(named).transpose()?,
            progress,
            created_at: timestamp(self.created_at)?,
            updated_at: timestamp(self.updated_at)?,
            metadata: self.metadata.as_deref().map(from_json).transpose()?,
            failure: self.failure.as_deref().map(from_json).transpose()?,
        })
    }
}

/// The name of a unit variant, as the API spells it.
pub(crate) fn name_of<T: Serialize>(value: &T) -> Result<String, String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(other) => Err(format!("{other} is not a name")),
        Err(error) => Err(error.to_string()),
    }
}

/// The unit variant of that name.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|error| error.to_string())
}

pub(crate) fn json_of<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Nanoseconds since 1970; an `i64` reaches to the year 2262.
pub(crate) fn nanoseconds(time: Timestamp) -> Result<i64, String> {
    i64::try_from(time.as_nanosecond()).map_err(|_| format!("{time} is too far away"))
}

fn timestamp(nanoseconds: i64) -> Result<Timestamp, String> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|error| error.to_string())
}
