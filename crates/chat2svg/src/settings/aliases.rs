//! The flat environment variables of earlier deployments, as names for today's keys.

/// A flat variable.
pub(super) struct Alias {
    name: &'static str,
    /// The key that it sets.
    pub(super) key: &'static str,
    /// From the variable's unit to the key's.
    pub(super) convert: fn(&str) -> Result<String, String>,
}

const fn same(name: &'static str, key: &'static str) -> Alias {
    Alias {
        name,
        key,
        convert: |text| Ok(text.to_owned()),
    }
}

/// All of them.
const ALIASES: &[Alias] = &[
    same(
        "CHAT2SVG_CIRCUIT_BREAKER_THRESHOLD",
        "breaker.failure_threshold",
    ),
    same(
        "CHAT2SVG_CIRCUIT_BREAKER_TIMEOUT",
        "breaker.reset_timeout_seconds",
    ),
    same(
        "CHAT2SVG_MAX_CONCURRENT_REQUESTS",
        "scheduler.max_concurrent",
    ),
    same("CHAT2SVG_MAX_PROMPT_LENGTH", "server.max_prompt_chars"),
    same("CHAT2SVG_RESOURCE_MODE", "resources.mode"),
    same(
        "CHAT2SVG_RESOURCE_CHECK_INTERVAL",
        "resources.check_interval_seconds",
    ),
    same(
        "CHAT2SVG_HIGH_CPU_THRESHOLD",
        "resources.thresholds.high.cpu",
    ),
    same(
        "CHAT2SVG_HIGH_MEMORY_THRESHOLD",
        "resources.thresholds.high.memory",
    ),
    same(
        "CHAT2SVG_MEDIUM_CPU_THRESHOLD",
        "resources.thresholds.medium.cpu",
    ),
    same(
        "CHAT2SVG_MEDIUM_MEMORY_THRESHOLD",
        "resources.thresholds.medium.memory",
    ),
    same("CHAT2SVG_LOW_CPU_THRESHOLD", "resources.thresholds.low.cpu"),
    same(
        "CHAT2SVG_LOW_MEMORY_THRESHOLD",
        "resources.thresholds.low.memory",
    ),
    same(
        "CHAT2SVG_MINIMAL_CPU_THRESHOLD",
        "resources.thresholds.minimal.cpu",
    ),
    same(
        "CHAT2SVG_MINIMAL_MEMORY_THRESHOLD",
        "resources.thresholds.minimal.memory",
    ),
    Alias {
        name: "CHAT2SVG_TIMEOUT",
        key: "server.default_deadline_ms",
        convert: seconds_to_milliseconds,
    },
    Alias {
        name: "CHAT2SVG_CACHE_TTL",
        key: "store.keep_finished_hours",
        convert: seconds_to_hours,
    },
];

/// The alias of a name.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|alias| alias.name)
}

fn seconds(text: &str) -> Result<f64, String> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .ok_or_else(|| format!("\"{text}\" is not a number of seconds"))
}

fn seconds_to_milliseconds(text: &str) -> Result<String, String> {
    Ok(format!("{:.0}", seconds(text)? * 1000.0))
}

/// Rounded up, so that nothing is kept for less than was asked for.
fn seconds_to_hours(text: &str) -> Result<String, String> {
    Ok(format!("{:.0}", (seconds(text)? / 3600.0).ceil()))
}
