//! How long the stages take where nothing else runs: what the simulator is told.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{
    Settings,
    daemon::{Daemon, exchange, request_at},
    prompt, rank,
};

/// Jobs of each level, one after another.
const JOBS: usize = 12;
const LEVELS: [&str; 4] = ["high", "medium", "low", "minimal"];

/// The median seconds of every stage at every level, and what a job takes beside its stages, as
/// settings of the scheduler.
pub(crate) fn durations(program: &Path, settings: &Settings) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(program, folder.path(), settings);
    let mut medians: BTreeMap<String, f64> = BTreeMap::new();
    let (mut whole, mut in_stages) = (0.0, 0.0);
    for level in LEVELS {
        let seen = seconds(&daemon, level);
        in_stages = seen.values().map(|seconds| rank(seconds, 0.1)).sum();
        for (stage, seconds) in seen {
            let key = format!("STAGES__{stage}__SECONDS__{level}").to_uppercase();
            medians.insert(key, rank(&seconds, 0.5).max(1e-4));
        }
        let answers = (0..JOBS).map(|number| request_at(&daemon.address, level, &prompt(number)));
        let mut seconds: Vec<f64> = answers.map(|answer| answer.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        whole = rank(&seconds, 0.1);
    }
    // At the last level the stages take least, and what goes quickest is disturbed least.
    let beside = 1000.0 * (whole - in_stages).max(0.0);
    medians.insert("OVERHEAD_MS".to_owned(), beside);
    let settings = medians.into_iter();
    settings
        .map(|(key, value)| (format!("CHAT2SVG__SCHEDULER__{key}"), format!("{value:.6}")))
        .collect()
}

/// Sorted seconds of each stage at a level.
fn seconds(daemon: &Daemon, level: &str) -> BTreeMap<String, Vec<f64>> {
    let mut seen: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for number in 0..=JOBS {
        let body = format!(
            "{{\"prompt\": \"{}\", \"deadline_ms\": 60000, \"level\": \"{level}\"}}",
            prompt(number)
        );
        let text = exchange(&daemon.address, "application/json", &body).unwrap();
        // What is loaded at the first job is no part of the durations.
        if number == 0 {
            continue;
        }
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let job: Value = serde_json::from_str(body).unwrap();
        for stage in job["metadata"]["stages"].as_array().unwrap() {
            let attempts = stage["attempts"].as_array().unwrap();
            let served = attempts.iter().find(|one| one["outcome"] == "served");
            // What was skipped took nothing.
            if let Some(seconds) = served.and_then(|one| one["seconds"].as_f64()) {
                let name = stage["stage"].as_str().unwrap().to_owned();
                seen.entry(name).or_default().push(seconds);
            }
        }
    }
    for seconds in seen.values_mut() {
        seconds.sort_by(f64::total_cmp);
    }
    seen
}
