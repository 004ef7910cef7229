//! The flat environment variables of the wrapper around the original, as names for today's keys,
//! those that mean nothing here, and keys of earlier versions that are no longer read.

/// A flat variable.
pub(super) struct Alias {
    pub(super) name: &'static str,
    /// The key that it sets.
    pub(super) key: &'static str,
    /// From the variable's unit to the key's; `None` where it asks for what holds anyway.
    pub(super) convert: fn(&str) -> Result<String, String>,
    /// What is converted, for people; empty for nothing.
    unit: &'static str,
}

/// A flat variable without a meaning.
pub(super) struct Meaningless {
    pub(super) name: &'static str,
    /// Why, for people.
    pub(super) why: &'static str,
}

const fn same(name: &'static str, key: &'static str) -> Alias {
    Alias {
        name,
        key,
        convert: |text| Ok(text.to_owned()),
        unit: "",
    }
}

/// The flat variable of the usual deadline.
pub(super) const TIMEOUT: &str = "CHAT2SVG_TIMEOUT";

/// All of them.
const ALIASES: &[Alias] = &[
    same(
        "CHAT2SVG_CIRCUIT_BREAKER_THRESHOLD",
        "breaker.failure_threshold",
    ),
    Alias {
        name: "CHAT2SVG_CIRCUIT_BREAKER_TIMEOUT",
        key: "breaker.reset_timeout_seconds",
        convert: whole_seconds,
        unit: "in seconds",
    },
    same(
        "CHAT2SVG_MAX_CONCURRENT_REQUESTS",
        "scheduler.max_concurrent",
    ),
    same("CHAT2SVG_MAX_PROMPT_LENGTH", "server.max_prompt_chars"),
    Alias {
        name: "CHAT2SVG_RESOURCE_MODE",
        key: "resources.mode",
        convert: |text| Ok(text.trim().to_ascii_lowercase()),
        unit: "",
    },
    Alias {
        name: "CHAT2SVG_RESOURCE_CHECK_INTERVAL",
        key: "resources.check_interval_seconds",
        convert: whole_seconds,
        unit: "in seconds",
    },
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
        name: TIMEOUT,
        key: "server.default_deadline_ms",
        convert: seconds_to_milliseconds,
        unit: "in seconds",
    },
    Alias {
        name: "CHAT2SVG_REQUEST_TIMEOUT",
        key: "server.max_deadline_ms",
        convert: seconds_to_milliseconds,
        unit: "in seconds",
    },
    Alias {
        name: "CHAT2SVG_CACHE_TTL",
        key: "store.keep_finished_hours",
        convert: seconds_to_hours,
        unit: "in seconds",
    },
    same("CHAT2SVG_CACHE_MAXSIZE", "store.keep_finished_jobs"),
    same("CHAT2SVG_MAX_ALLOCATION", "scheduler.utilisation"),
    Alias {
        name: "CHAT2SVG_DETAIL_ENHANCEMENT",
        key: "controller.detail",
        convert: switch,
        unit: "true or false",
    },
    Alias {
        name: "CHAT2SVG_OPTIMIZATION",
        key: "controller.optimize",
        convert: switch,
        unit: "true or false",
    },
    Alias {
        name: "CHAT2SVG_PATH",
        key: "scripts.path",
        convert: home,
        unit: "~ is the home folder",
    },
    Alias {
        name: "CHAT2SVG_TEMP_DIR",
        key: "scripts.folder",
        convert: home,
        unit: "~ is the home folder",
    },
];

const AT_EACH_REQUEST: &str = "it is given with each request";
const NO_MODEL_HERE: &str = "no neural model runs in this program";
const STREAMED: &str = "events are streamed to whoever asks for them, whatever their size";
const BY_PLAN: &str = "the scheduler shares the machine out by plan ([scheduler])";
const STILL: &str = "pictures are still";

/// Those that mean nothing here.
const MEANINGLESS: &[Meaningless] = &[
    nothing(
        "CHAT2SVG_ENABLED",
        "whoever does not want the service does not start it",
    ),
    nothing("CHAT2SVG_QUANTIZE_MODELS", NO_MODEL_HERE),
    nothing("CHAT2SVG_QUANTIZATION_PRECISION", NO_MODEL_HERE),
    nothing("CHAT2SVG_QUANTIZED_MODEL_DIR", NO_MODEL_HERE),
    nothing(
        "CHAT2SVG_OUTPUT_DIR",
        "results are in the store ([store] path) and in answers; `chat2svg scripts` takes a folder",
    ),
    nothing("CHAT2SVG_MAX_SVG_SIZE", AT_EACH_REQUEST),
    nothing("CHAT2SVG_DEFAULT_STYLE", AT_EACH_REQUEST),
    nothing("CHAT2SVG_DEFAULT_THEME", AT_EACH_REQUEST),
    nothing("CHAT2SVG_DEFAULT_COLOR_PALETTE", AT_EACH_REQUEST),
    nothing(
        "CHAT2SVG_OPTIMIZATION_LEVEL",
        "the effort is given with each request (level)",
    ),
    nothing(
        "CHAT2SVG_PATH_SIMPLIFICATION",
        "points that a picture does not need are left out by what they gain",
    ),
    nothing("CHAT2SVG_ENABLE_ANIMATIONS", STILL),
    nothing("CHAT2SVG_STREAMING", STREAMED),
    nothing("CHAT2SVG_STREAM_CHUNK_SIZE", STREAMED),
    nothing("CHAT2SVG_STREAMING_MIN_SIZE", STREAMED),
    nothing("CHAT2SVG_CLIENT_RENDERING", STREAMED),
    nothing("CHAT2SVG_CLIENT_RENDERING_THRESHOLD", STREAMED),
    nothing("CHAT2SVG_CLIENT_MAX_COMPLEXITY", STREAMED),
    nothing("CHAT2SVG_BASE_ALLOCATION", BY_PLAN),
];

const fn nothing(name: &'static str, why: &'static str) -> Meaningless {
    Meaningless { name, why }
}

/// Thresholds of `[detail.levels.*.adopt]` that follow from the effort now.
const RETIRED: [&str; 13] = [
    "least_area",
    "largest_share",
    "known_overlap",
    "visible_share",
    "gain_per_byte",
    "tolerance",
    "stroke_evenness",
    "trial_side",
    "move_work",
    "reach",
    "move_gain",
    "fit_work",
    "settled_overlap",
];

/// Whether a key is one of an earlier version that is no longer read.
pub(super) fn is_retired(key: &str) -> bool {
    let level = key.strip_prefix("detail.levels.");
    let name = level.and_then(|rest| rest.split_once(".adopt."));
    name.is_some_and(|(_, name)| RETIRED.contains(&name))
}

/// The alias of a name.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

/// Why a variable means nothing here, where that is known.
pub(super) fn meaningless(name: &str) -> Option<&'static Meaningless> {
    MEANINGLESS.iter().find(|one| one.name == name)
}

/// All names that set something.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|alias| alias.name)
}

/// All variables with what they set, or why they set nothing, a line each.
pub(super) fn table() -> impl Iterator<Item = String> {
    let aliases = ALIASES.iter().map(|alias| match alias.unit {
        "" => format!("{} = {}", alias.name, alias.key),
        unit => format!("{} = {} ({unit})", alias.name, alias.key),
    });
    let others = MEANINGLESS
        .iter()
        .map(|one| format!("{}: without a meaning here: {}", one.name, one.why));
    aliases.chain(others)
}

fn seconds(text: &str) -> Result<f64, String> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .ok_or_else(|| format!("\"{text}\" is not a number of seconds"))
}

/// Rounded up.
fn whole_seconds(text: &str) -> Result<String, String> {
    Ok(format!("{:.0}", seconds(text)?.ceil()))
}

fn seconds_to_milliseconds(text: &str) -> Result<String, String> {
    Ok(format!("{:.0}", seconds(text)? * 1000.0))
}

/// Rounded up, so that nothing is kept for less than was asked for.
fn seconds_to_hours(text: &str) -> Result<String, String> {
    Ok(format!("{:.0}", (seconds(text)? / 3600.0).ceil()))
}

/// A switch as Python's configurations write it.
fn switch(text: &str) -> Result<String, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok("true".to_owned()),
        "false" | "0" | "no" | "off" | "" => Ok("false".to_owned()),
        _ => Err(format!("\"{text}\" is not true or false")),
    }
}

/// A path, with the home folder in place of `~`, from the root: what is started may run elsewhere.
fn home(text: &str) -> Result<String, String> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => etcetera::home_dir()
            .map_err(|_| "names the home folder, and there is none".to_owned())?
            .join(rest),
        None if text.is_empty() => return Ok(String::new()),
        None => std::path::absolute(text).map_err(|error| format!("\"{text}\": {error}"))?,
    };
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| "leads to a folder whose name is not UTF-8".to_owned())
}
