//! Under load: the same picture on a busy machine, and a flood that loses nobody's job.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::{Daemon, assert_svg, folder, json, program, success};

/// Keeps a core busy, in another process than the program's, until it is dropped.
struct BusyCore {
    done: Arc<AtomicBool>,
    spinner: Option<thread::JoinHandle<()>>,
}

impl BusyCore {
    fn start() -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let spinner = thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        });
        Self {
            done,
            spinner: Some(spinner),
        }
    }
}

impl Drop for BusyCore {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(spinner) = self.spinner.take() {
            let _ = spinner.join();
        }
    }
}

#[test]
fn a_command_with_time_to_spare_draws_the_same_while_others_keep_the_machine_busy() {
    let prompt = "a red fox under a green tree at sunset";
    let draw = || {
        let output = success(&mut program([
            "generate",
            prompt,
            "--deadline",
            "5m",
            "--json",
        ]));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["metadata"]["served_level"], "high");
        assert_eq!(told["metadata"]["fallback"], false);
        told["svg_content"].as_str().unwrap().to_owned()
    };
    let quiet = draw();
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let busy: Vec<BusyCore> = (0..cores).map(|_| BusyCore::start()).collect();
    assert!(draw() == quiet, "another picture on a busy machine");
    assert!(draw() == quiet, "another picture on a busy machine");
    drop(busy);
}

#[test]
fn a_lowered_level_is_told_and_why() {
    let output = success(&mut program([
        "generate",
        "a red fox under a green tree at sunset",
        "--deadline",
        "400ms",
    ]));
    let told = String::from_utf8_lossy(&output.stderr);
    let is_told = told.contains("drawn at level") || told.contains("less than asked for");
    assert!(is_told && told.contains("deadline"), "{told}");
}

#[test]
fn the_level_that_was_served_is_in_the_answers_head() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let body =
        r#"{"prompt": "a house", "level": "low", "deadline_ms": 60000, "priority": "batch"}"#;
    let answer = daemon.post("/v1/svg", &[("accept", "image/svg+xml")], body);
    assert_eq!(answer.status().as_u16(), 200);
    let head = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(head("x-level"), "low");
    assert_eq!(head("x-tier"), "full");
    let mut system = daemon.get("/v1/system");
    let system = json(&mut system);
    assert!(
        system["queue"]["predictions"].as_array().unwrap().len() >= 3,
        "{system}"
    );
}

#[test]
fn a_flood_is_answered_in_time_or_turned_away_at_once() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[("CHAT2SVG__SERVER__MAX_JOBS", "24")]);
    let deadline = Duration::from_secs(20);
    let answers: Vec<(u16, Option<String>, String)> = thread::scope(|scope| {
        let senders: Vec<_> = (0..80)
            .map(|number| {
                let daemon = &daemon;
                scope.spawn(move || {
                    let body = format!(
                        r#"{{"prompt": "a house {number}", "deadline_ms": {}}}"#,
                        deadline.as_millis()
                    );
                    let mut answer = daemon.post("/v1/svg", &[("accept", "image/svg+xml")], body);
                    let retry = answer.headers().get("retry-after");
                    let retry = retry.map(|value| value.to_str().unwrap().to_owned());
                    let status = answer.status().as_u16();
                    (status, retry, answer.body_mut().read_to_string().unwrap())
                })
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .collect()
    });
    let served = answers.iter().filter(|(status, ..)| *status == 200);
    let mut count = 0;
    for (_, _, svg) in served {
        assert_svg(svg);
        count += 1;
    }
    assert!(count >= 24, "{count} were served");
    for (status, retry, body) in &answers {
        assert!([200, 503].contains(status), "{status}: {body}");
        assert!(*status == 200 || retry.is_some(), "no Retry-After: {body}");
    }
}
