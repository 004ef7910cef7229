//! What follows from some settings for others, where nobody set these.

use chat2svg_llm::LlmConfig;
use chat2svg_protocol::BackendId;
use chat2svg_scripts::ScriptsConfig;
use config::{Value, ValueKind};

use super::{ConfigError, Layers};
use crate::settings::aliases;

impl Layers {
    /// The wrapper had no longest time of its own: where nobody set one, its usual time is allowed.
    pub(super) fn allow_timeout(&mut self) -> Result<(), ConfigError> {
        let origin = format!("environment variable {}", aliases::TIMEOUT);
        let key = "server.default_deadline_ms";
        let is_from_wrapper = |value: &Value| value.origin() == Some(origin.as_str());
        if !self.values.get(key).is_some_and(is_from_wrapper) {
            return Ok(());
        }
        let milliseconds = |key: &str| self.merged.get::<i64>(key).unwrap_or(0);
        let (wanted, longest) = (milliseconds(key), milliseconds("server.max_deadline_ms"));
        if wanted <= longest {
            return Ok(());
        }
        self.add_unless_set([("server.max_deadline_ms", wanted.into(), origin.as_str())])
    }

    /// Lays over what follows from other settings where nobody set it: language models are asked
    /// before the embedded composer, and a job gets the time that they need. To be called when all
    /// other layers are there.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub(crate) fn add_consequences(&mut self) -> Result<(), ConfigError> {
        // What is wrong with the section is told when the settings are read.
        let Ok(llm) = self.merged.get::<LlmConfig>("llm") else {
            return Ok(());
        };
        self.add_scripts_consequences()?;
        let models = llm.backends();
        if models.is_empty() {
            return Ok(());
        }
        let order = models.iter().chain([&BackendId::EMBEDDED]);
        let order: Vec<String> = order.map(ToString::to_string).collect();
        let deadline = self.allowed_deadline(llm.default_deadline_ms);
        let consequences: [(&str, ValueKind, &str); 2] = [
            ("template.backends", order.into(), "follows from llm"),
            (
                "server.default_deadline_ms",
                deadline.into(),
                "llm.default_deadline_ms",
            ),
        ];
        self.add_unless_set(consequences)
    }

    /// Where the original's scripts are in line, jobs get the time that they need, and plans know
    /// of their GPU memory.
    fn add_scripts_consequences(&mut self) -> Result<(), ConfigError> {
        let Ok(scripts) = self.merged.get::<ScriptsConfig>("scripts") else {
            return Ok(());
        };
        let is_in_line = ["template", "detail", "optimize"].into_iter().any(|stage| {
            let order = self.merged.get::<Vec<String>>(&format!("{stage}.backends"));
            order.is_ok_and(|order| order.iter().any(|id| id == BackendId::SCRIPTS.as_str()))
        });
        if !is_in_line {
            return Ok(());
        }
        let deadline = self.allowed_deadline(scripts.default_deadline_ms);
        self.add_unless_set([
            (
                "server.default_deadline_ms",
                ValueKind::from(deadline),
                "scripts.default_deadline_ms",
            ),
            (
                "scheduler.models.gpu_memory_mb",
                f64::from(scripts.gpu_memory_mb).into(),
                "scripts.gpu_memory_mb",
            ),
        ])
    }

    /// A deadline in milliseconds, or the longest that a job may set, where that is shorter.
    fn allowed_deadline(&self, wanted: u64) -> i64 {
        let longest = self.merged.get::<u64>("server.max_deadline_ms");
        let allowed = longest.map_or(wanted, |longest| wanted.min(longest));
        i64::try_from(allowed).unwrap_or(i64::MAX)
    }

    /// Lays values over where nobody set any.
    fn add_unless_set<const N: usize>(
        &mut self,
        values: [(&str, ValueKind, &str); N],
    ) -> Result<(), ConfigError> {
        let unset = values.into_iter().filter_map(|(key, value, origin)| {
            let is_set = self.values.get(key)?.origin().is_some();
            (!is_set).then(|| (key.to_owned(), value, origin.to_owned()))
        });
        let unset: Vec<_> = unset.collect();
        self.add(unset)
    }
}
