//! What a child may use. Pure; what the system is told of it stands in [`sandbox`](crate::sandbox).

use std::{fmt, str::FromStr, time::Duration};

use thiserror::Error;

use crate::IsolationConfig;

/// Files and event queues that the runtime opens, with room.
const OPEN_FILES: u64 = 256;
/// What the main thread's stack may grow to; other threads set their own.
const STACK_BYTES: u64 = 8 << 20;

/// What a child may use. It is told on its command line, so that it is bound before it reads
/// anything: as `memory=…,stack=…,cpu=…,files=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Bytes of the main thread's stack.
    pub stack_bytes: u64,
    /// Seconds of processor time, of all threads together.
    pub cpu_seconds: u64,
    /// Files open at once.
    pub open_files: u64,
}

impl Limits {
    /// What a job may use that has so much time left.
    pub fn for_job(config: &IsolationConfig, time_left: Duration) -> Self {
        let threads = u64::try_from(config.threads).unwrap_or(u64::MAX);
        let time = time_left.saturating_add(Duration::from_millis(config.grace_ms));
        // The pools of two stages may overlap with input and output on a thread of its own.
        let busy = threads.saturating_add(1);
        Self {
            memory_bytes: config.memory_mb.saturating_mul(1 << 20),
            stack_bytes: STACK_BYTES,
            cpu_seconds: time
                .as_secs()
                .saturating_add(1)
                .saturating_mul(busy)
                .saturating_add(config.cpu_seconds_extra),
            open_files: OPEN_FILES,
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_bytes,
            stack_bytes,
            cpu_seconds,
            open_files,
        } = self;
        write!(
            formatter,
            "memory={memory_bytes},stack={stack_bytes},cpu={cpu_seconds},files={open_files}"
        )
    }
}

/// The text is not one of limits.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("limits are written as memory=BYTES,stack=BYTES,cpu=SECONDS,files=NUMBER")]
pub struct LimitsError;

impl FromStr for Limits {
    type Err = LimitsError;

    fn from_str(text: &str) -> Result<Self, LimitsError> {
        let mut parts = text.split(',');
        let mut next = |name: &str| {
            let (key, value) = parts.next()?.split_once('=')?;
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            (key == name && digits).then(|| value.parse().ok())?
        };
        let mut value = |name| next(name).ok_or(LimitsError);
        let limits = Self {
            memory_bytes: value("memory")?,
            stack_bytes: value("stack")?,
            cpu_seconds: value("cpu")?,
            open_files: value("files")?,
        };
        match parts.next() {
            None => Ok(limits),
            Some(_) => Err(LimitsError),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(memory_bytes: u64, stack_bytes: u64, cpu_seconds: u64, open_files: u64) {
            let limits = Limits { memory_bytes, stack_bytes, cpu_seconds, open_files };
            prop_assert_eq!(limits.to_string().parse(), Ok(limits));
        }

        #[test]
        fn processor_time_covers_all_threads_for_all_of_the_time(
            seconds in 0_u64..100_000, threads in 1_usize..64,
        ) {
            let config = IsolationConfig { threads, ..IsolationConfig::default() };
            let limits = Limits::for_job(&config, Duration::from_secs(seconds));
            prop_assert!(limits.cpu_seconds > seconds * threads as u64);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "memory=1",
            "memory=1,stack=1,cpu=1,files=1,more=1",
            "stack=1,memory=1,cpu=1,files=1",
            "memory=+1,stack=1,cpu=1,files=1",
            "memory=,stack=1,cpu=1,files=1",
            "memory=99999999999999999999,stack=1,cpu=1,files=1",
        ] {
            assert_eq!(text.parse::<Limits>(), Err(LimitsError), "{text}");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let config = IsolationConfig {
            memory_mb: u64::MAX,
            threads: usize::MAX,
            ..IsolationConfig::default()
        };
        let limits = Limits::for_job(&config, Duration::MAX);
        assert_eq!(
            (limits.memory_bytes, limits.cpu_seconds),
            (u64::MAX, u64::MAX)
        );
    }
}
