//! What a key allows, as is told to who counts jobs over many nodes, and why it allows no more.

use thiserror::Error;

/// How much may be done with a key; 0 sets no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyQuota {
    /// What the key is called.
    pub key: String,
    /// New jobs a minute.
    pub per_minute: u32,
    /// New jobs a day, as UTC counts it.
    pub per_day: u32,
    /// Jobs under way at once.
    pub concurrent: u32,
}

/// What was done with a key at all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// New jobs in this minute.
    pub minute: u32,
    /// New jobs on this day.
    pub day: u32,
}

/// Why a key allows no more jobs now.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum QuotaRefusal {
    /// Those of this minute are used up.
    #[error("the key allows {limit} jobs a minute, which are used up")]
    Minute {
        /// How many there are.
        limit: u32,
        /// Seconds until the next minute.
        retry_seconds: u32,
    },
    /// Those of this day are used up.
    #[error("the key allows {limit} jobs a day (UTC), which are used up")]
    Day {
        /// How many there are.
        limit: u32,
        /// Seconds until the next day.
        retry_seconds: u32,
    },
    /// As many are under way as may be.
    #[error("the key allows {limit} jobs at once, and as many are under way: wait for one to end")]
    Busy {
        /// How many may be.
        limit: u32,
    },
}

impl QuotaRefusal {
    /// Seconds after which it is worth asking again.
    pub fn retry_seconds(self) -> u32 {
        match self {
            Self::Minute { retry_seconds, .. } | Self::Day { retry_seconds, .. } => retry_seconds,
            Self::Busy { .. } => 1,
        }
    }
}
