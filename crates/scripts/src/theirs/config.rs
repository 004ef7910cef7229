//! Where the original's scripts are, and what a run of them may take: section `[scripts]`.

use std::path::{Path, PathBuf};

use chat2svg_protocol::{BackendId, InvalidSetting, Stage};
use serde::{Deserialize, Serialize};

use crate::is_plain;

/// Section `[scripts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptsConfig {
    /// The checkout; empty for none.
    pub path: PathBuf,
    /// The Python that has what the scripts need.
    pub python: PathBuf,
    /// The GPU that they see (`CUDA_VISIBLE_DEVICES`); empty leaves it to the environment.
    pub device: String,
    /// The language model of stage 1; empty for the original's usual one.
    pub model: String,
    /// Where runs have their private folders; empty for the system's folder for such.
    pub folder: PathBuf,
    /// GPU memory that a run takes, in MiB.
    pub gpu_memory_mb: u32,
    /// Milliseconds without which a script is not started.
    pub least_time_ms: u64,
    /// Deadline of a job that sets none, in milliseconds, where a script is in line.
    pub default_deadline_ms: u64,
    /// What a run may take at the most.
    pub timeouts: Timeouts,
}

/// Seconds that a run of each stage may take, whatever the job's deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Of stage 1.
    pub template_seconds: u64,
    /// Of stage 2.
    pub detail_seconds: u64,
    /// Of stage 3.
    pub optimize_seconds: u64,
}

impl Default for ScriptsConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            python: PathBuf::from("python3"),
            device: String::new(),
            model: String::new(),
            folder: PathBuf::new(),
            gpu_memory_mb: 12_000,
            least_time_ms: 5_000,
            default_deadline_ms: 600_000,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            template_seconds: 300,
            detail_seconds: 600,
            optimize_seconds: 900,
        }
    }
}

impl ScriptsConfig {
    /// The backend's name, where a checkout is named.
    pub fn backend(&self) -> Option<BackendId> {
        (!self.path.as_os_str().is_empty()).then_some(BackendId::SCRIPTS)
    }

    /// Which scripts there are and which Python; runs none of them.
    ///
    /// # Errors
    /// What is missing, for people.
    pub fn probe(&self) -> Result<String, String> {
        for stage in Stage::ALL {
            let script = self.script(stage);
            if !script.is_file() {
                return Err(format!("{} is not there", script.display()));
            }
        }
        let python = self.python.display();
        let asked = std::process::Command::new(&self.python)
            .arg("--version")
            .output();
        let answer = asked.map_err(|error| format!("{python} cannot be started: {error}"))?;
        let version = String::from_utf8_lossy(&answer.stdout);
        if !answer.status.success() {
            return Err(format!("{python} --version ended with {}", answer.status));
        }
        Ok(format!("{} with {}", self.path.display(), version.trim()))
    }

    /// The folder of a stage's script.
    pub(crate) fn stage_folder(&self, stage: Stage) -> PathBuf {
        self.path.join(match stage {
            Stage::Template => "1_template_generation",
            Stage::Detail => "2_detail_enhancement",
            Stage::Optimize => "3_svg_optimization",
        })
    }

    /// A stage's script.
    pub(crate) fn script(&self, stage: Stage) -> PathBuf {
        self.stage_folder(stage).join("main.py")
    }

    /// Seconds that a run of a stage may take.
    pub(crate) fn timeout_seconds(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Template => self.timeouts.template_seconds,
            Stage::Detail => self.timeouts.detail_seconds,
            Stage::Optimize => self.timeouts.optimize_seconds,
        }
    }

    /// Where private folders are made.
    pub(crate) fn private_folders(&self) -> PathBuf {
        if self.folder.as_os_str().is_empty() {
            std::env::temp_dir()
        } else {
            self.folder.clone()
        }
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let wrong = |key, reason: String| Err(InvalidSetting { key, reason });
        for (key, path) in [
            ("path", self.path.as_path()),
            ("folder", self.folder.as_path()),
        ] {
            if !path.as_os_str().is_empty() && !is_plain_path(path) {
                return wrong(
                    key,
                    "may hold letters, digits and _ . / - only: one of the scripts hands paths to a \
                     shell"
                        .to_owned(),
                );
            }
        }
        if !self.path.as_os_str().is_empty() && !self.path.is_absolute() {
            return wrong("path", "must be absolute".to_owned());
        }
        if !(self.device.is_empty() || is_plain_list(&self.device)) {
            return wrong("device", format!("\"{}\" names no devices", self.device));
        }
        if !(self.model.is_empty() || is_plain(&self.model)) {
            return wrong(
                "model",
                "may hold letters, digits and _ . / - only".to_owned(),
            );
        }
        if self.python.as_os_str().is_empty() {
            return wrong("python", "must name a program".to_owned());
        }
        for seconds in [
            self.timeouts.template_seconds,
            self.timeouts.detail_seconds,
            self.timeouts.optimize_seconds,
        ] {
            InvalidSetting::unless_within("timeouts", seconds, 1..=86_400)?;
        }
        InvalidSetting::unless_within("least_time_ms", self.least_time_ms, 1..=600_000)?;
        InvalidSetting::unless_within(
            "default_deadline_ms",
            self.default_deadline_ms,
            100..=36_000_000,
        )
    }
}

/// Whether a path is safe where a shell reads it unquoted.
pub(crate) fn is_plain_path(path: &Path) -> bool {
    path.to_str().is_some_and(is_plain)
}

fn is_plain_list(text: &str) -> bool {
    text.split(',').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_is_refused() {
        let key = |config: ScriptsConfig| config.validate().unwrap_err().key;
        let sound = ScriptsConfig {
            path: "/opt/chat2svg".into(),
            device: "0,1".to_owned(),
            ..ScriptsConfig::default()
        };
        assert_eq!(sound.validate(), Ok(()));
        assert_eq!(sound.backend(), Some(BackendId::SCRIPTS));
        assert_eq!(ScriptsConfig::default().backend(), None);
        let with = |path: &str| ScriptsConfig {
            path: path.into(),
            ..sound.clone()
        };
        assert_eq!(key(with("/opt/my folder")), "path");
        assert_eq!(key(with("checkout")), "path");
        let device = ScriptsConfig {
            device: "0; rm".to_owned(),
            ..sound.clone()
        };
        assert_eq!(key(device), "device");
        let hasty = ScriptsConfig {
            timeouts: Timeouts {
                detail_seconds: 0,
                ..Timeouts::default()
            },
            ..sound
        };
        assert_eq!(key(hasty), "timeouts");
    }
}
