//! Checks the fields that requests have in common, and gathers what is wrong with them.

use std::fmt::Display;

use chat2svg_protocol::{ByteBudget, FitLimits, JobOptions, LevelChoice, PathBudget, Priority};

use crate::{config::WebConfig, problem::FieldError};

/// Gathers refused fields, so that a caller learns of all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Vec<FieldError>);

impl Refusals {
    /// Notes that a field is refused.
    pub(crate) fn refuse(&mut self, field: &str, detail: impl Display) {
        self.0.push(FieldError {
            field: field.to_owned(),
            detail: detail.to_string(),
        });
    }

    /// The value, unless it is refused.
    pub(crate) fn check<T, E: Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error)).ok()
    }

    /// The refusals, if there are any.
    pub(crate) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

/// What all kinds of jobs share, not yet checked.
#[derive(Debug, Default)]
pub(crate) struct RawOptions<'a> {
    pub(crate) seed: Option<u64>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) level: Option<&'a str>,
    pub(crate) priority: Option<&'a str>,
}

impl RawOptions<'_> {
    /// The options; refused ones have their default and are noted.
    pub(crate) fn check(&self, config: &WebConfig, refusals: &mut Refusals) -> JobOptions {
        let deadline_ms = self.deadline_ms.unwrap_or(config.default_deadline_ms);
        if !(WebConfig::MIN_DEADLINE_MS..=config.max_deadline_ms).contains(&deadline_ms) {
            refusals.refuse(
                "deadline_ms",
                format!(
                    "a deadline must be {} to {} ms, {deadline_ms} was given",
                    WebConfig::MIN_DEADLINE_MS,
                    config.max_deadline_ms
                ),
            );
        }
        let level = match self.level {
            Some(text) => refusals
                .check("level", text.parse::<LevelChoice>())
                .unwrap_or_default(),
            None => LevelChoice::default(),
        };
        let priority = match self.priority {
            Some(text) => refusals
                .check("priority", text.parse::<Priority>())
                .unwrap_or_default(),
            None => Priority::default(),
        };
        JobOptions {
            seed: self.seed.unwrap_or_default(),
            deadline_ms,
            level,
            priority,
        }
    }
}

/// The size limits of a result, as far as they are given.
pub(crate) fn check_limits(
    paths: Option<u32>,
    bytes: Option<u32>,
    refusals: &mut Refusals,
) -> FitLimits {
    FitLimits {
        paths: paths.and_then(|paths| refusals.check("paths", PathBudget::new(paths))),
        bytes: bytes.and_then(|bytes| refusals.check("bytes", ByteBudget::new(bytes))),
    }
}
