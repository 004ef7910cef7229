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

use crate::{
    model_server::{Act, Ending, ModelServer, openai},
    models::BALL,
    support::{Daemon, assert_svg, disc, folder, header, json, problem, program, success, text},
};

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
            "--quiet",
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
fn while_the_pipeline_rests_prompts_are_composed_and_other_jobs_told_when_to_come_back() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let set = |mode: &str| {
        let head = [("content-type", "application/json")];
        let body = format!(r#"{{"mode": "{mode}"}}"#);
        let mut answer = daemon.send("PUT", "/v1/circuits/pipeline", &head, body.as_bytes());
        assert_eq!(answer.status().as_u16(), 200);
        json(&mut answer)
    };
    let draw = || {
        let body = r#"{"prompt": "a house", "deadline_ms": 60000}"#;
        let mut answer = daemon.post("/v1/svg", &[("accept", "image/svg+xml")], body);
        assert_eq!(answer.status().as_u16(), 200);
        let tier = header(&answer, "x-tier").to_owned();
        assert_svg(&text(&mut answer));
        tier
    };
    assert_eq!(set("open")["state"], "open");
    assert_eq!(draw(), "fallback");
    let picture = disc(64);
    let answer = daemon.post_form("/v1/vectorize", "wait=60", &[("image", &picture)]);
    problem(answer, 503, "circuit-open");
    let system = json(&mut daemon.get("/v1/system"));
    assert_eq!(system["pipeline"]["because"], "held");
    let metrics = text(&mut daemon.get("/metrics"));
    assert!(
        metrics.contains("chat2svg_pipeline_circuit_open 1"),
        "{metrics}"
    );
    assert_eq!(set("automatic")["state"], "closed");
    assert_eq!(draw(), "full");
}

/// A model of whose calls one in five fails, one in ten stalls, and one in ten answers with
/// garbage.
fn faulty_model() -> ModelServer {
    ModelServer::start(|_, number| match number % 10 {
        0 | 5 => Act::Status(500, Vec::new(), "out of order".to_owned()),
        3 => Act::Nothing("text/event-stream"),
        7 => Act::Raw(b"\x00\xffnot HTTP at all".to_vec()),
        _ => Act::Events(openai(BALL), Duration::from_millis(2), Ending::Closed),
    })
}

/// More jobs than there is room for, a model that fails in every way, and kills in the middle.
#[test]
fn a_flood_over_a_faulty_model_and_a_kill_loses_no_accepted_job() {
    let model = faulty_model();
    let url = model.url();
    let settings = [
        ("CHAT2SVG__LLM__PROVIDER", "openai"),
        ("CHAT2SVG__LLM__BASE_URL", url.as_str()),
        ("CHAT2SVG__LLM__MODEL", "faulty"),
        ("CHAT2SVG__SERVER__MAX_JOBS", "40"),
    ];
    let folder = folder();
    let body = |number| format!(r#"{{"prompt": "a red ball {number}", "deadline_ms": 120000}}"#);
    let mut accepted = Vec::new();
    for round in 0..3 {
        let mut daemon = Daemon::start(folder.path(), &settings);
        for number in 0..24 {
            let prefer = [("prefer", "respond-async")];
            let mut answer = daemon.post("/v1/svg", &prefer, body(round * 100 + number));
            match answer.status().as_u16() {
                202 => accepted.push(json(&mut answer)["id"].as_str().unwrap().to_owned()),
                status => assert_eq!(status, 503, "{}", text(&mut answer)),
            }
        }
        if round < 2 {
            // Some have ended by now, some are at the model, most wait.
            thread::sleep(Duration::from_millis(300));
            daemon.signal("KILL");
            daemon.wait();
            continue;
        }
        assert!(accepted.len() >= 40, "{}", accepted.len());
        for id in &accepted {
            let job = daemon.wait_for_end(id);
            let state = job["state"].as_str().unwrap();
            assert!(["succeeded", "degraded"].contains(&state), "{job}");
            let mut svg = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
            assert_svg(&text(&mut svg));
        }
        let system = json(&mut daemon.get("/v1/system"));
        assert_eq!(system["queue"]["queued"], 0, "{system}");
        assert_eq!(system["queue"]["running"], 0, "{system}");
        daemon.assert_unharmed();
    }
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
