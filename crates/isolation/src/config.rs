//! Which jobs run isolated, and what their processes may use.

use chat2svg_protocol::InvalidSetting;
use serde::{Deserialize, Serialize};

/// Settings of isolated jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationConfig {
    /// Which jobs run in a process of their own.
    pub foreign: Foreign,
    /// Address space of such a process, in MiB.
    pub memory_mb: u64,
    /// Seconds of processor time beyond what all its threads can use in the time that the job has.
    pub cpu_seconds_extra: u64,
    /// Threads for the work of each stage in such a process.
    pub threads: usize,
    /// Milliseconds after its deadline at which such a process is killed.
    pub grace_ms: u64,
}

impl Default for IsolationConfig {
    fn default() -> Self {
        Self {
            foreign: Foreign::AfterCrash,
            memory_mb: 1024,
            cpu_seconds_extra: 2,
            threads: 2,
            grace_ms: 250,
        }
    }
}

impl IsolationConfig {
    /// Checks that every number makes sense.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        InvalidSetting::unless_within("memory_mb", self.memory_mb, 256..=1 << 20)?;
        InvalidSetting::unless_within("cpu_seconds_extra", self.cpu_seconds_extra, 1..=3600)?;
        InvalidSetting::unless_within("threads", self.threads, 1..=64)?;
        InvalidSetting::unless_within("grace_ms", self.grace_ms, 0..=60_000)
    }
}

/// Which jobs run in a process of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// Those that were running when the service went down.
    #[default]
    AfterCrash,
    /// These, and all that work on files from outside.
    Always,
    /// None.
    Off,
}

impl Foreign {
    /// Whether a job runs isolated: one that works on `uploads`, or one that `was_running` when the
    /// service went down.
    pub fn isolates(self, uploads: bool, was_running: bool) -> bool {
        match self {
            Self::AfterCrash => was_running,
            Self::Always => uploads || was_running,
            Self::Off => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_by_uploads_and_history() {
        let choices = |foreign: Foreign| {
            [(false, false), (true, false), (false, true), (true, true)]
                .map(|(uploads, was_running)| foreign.isolates(uploads, was_running))
        };
        assert_eq!(choices(Foreign::AfterCrash), [false, false, true, true]);
        assert_eq!(choices(Foreign::Always), [false, true, true, true]);
        assert_eq!(choices(Foreign::Off), [false; 4]);
    }

    #[test]
    fn nonsense_is_refused_by_key() {
        assert_eq!(IsolationConfig::default().validate(), Ok(()));
        let faulty = |change: fn(&mut IsolationConfig)| {
            let mut config = IsolationConfig::default();
            change(&mut config);
            config.validate().unwrap_err().key
        };
        assert_eq!(faulty(|config| config.memory_mb = 255), "memory_mb");
        assert_eq!(
            faulty(|config| config.cpu_seconds_extra = 0),
            "cpu_seconds_extra"
        );
        assert_eq!(faulty(|config| config.threads = 0), "threads");
        assert_eq!(faulty(|config| config.grace_ms = 60_001), "grace_ms");
    }
}
