//! Image models through the whole program: who makes the target, what becomes of it, and what when
//! the model is of no use.

use std::{thread, time::Duration};

use serde_json::Value;

use crate::{
    fakes::{comfyui, noisy, openai, soft},
    support::{Daemon, assert_svg, complaint, folder, json, one_line, program, success, text},
};

const KEY: &str = "sk-never-to-be-seen";

/// Settings of a daemon that asks a ComfyUI server.
fn comfy(address: &str) -> [(&str, &str); 3] {
    [
        ("CHAT2SVG__IMAGEGEN__PROVIDER", "comfyui"),
        ("CHAT2SVG__IMAGEGEN__BASE_URL", address),
        ("CHAT2SVG__IMAGEGEN__LEVELS__LOW__SIDE", "256"),
    ]
}

const FOX: &str = r#"{"prompt": "a fox under a tree", "level": "low", "deadline_ms": 60000, "width": 256, "height": 256}"#;

fn made(daemon: &Daemon) -> Value {
    json(&mut daemon.post("/v1/svg", &[], FOX))
}

fn detail(job: &Value) -> &Value {
    let stages = job["metadata"]["stages"].as_array().unwrap();
    stages
        .iter()
        .find(|stage| stage["stage"] == "detail")
        .unwrap()
}

#[test]
fn a_comfyui_server_makes_the_target_and_names_survive() {
    let fake = comfyui::Fake::start(comfyui::Manner::Good, soft);
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &comfy(&fake.server.address));
    let job = made(&daemon);
    assert_eq!(detail(&job)["backend"], "comfyui", "{job}");
    let target = &job["metadata"]["detail"]["target"];
    assert_eq!(target["model"], "flux2-klein", "{job}");
    assert!(target["structure"].as_f64().unwrap() > 0.7, "{target}");
    assert_ne!(job["metadata"]["state"], "degraded");
    let svg = job["svg_content"].as_str().unwrap();
    assert_svg(svg);
    assert!(
        svg.contains("fox") && svg.contains("tree"),
        "names survive: {svg}"
    );
    let told = fake.prompts()[0]["prompt"]["5"]["inputs"]["text"].clone();
    let told = told.as_str().unwrap();
    assert!(
        told.contains("a fox under a tree") && told.contains("flat"),
        "{told}"
    );
    daemon.assert_unharmed();
}

#[test]
fn a_target_that_destroys_the_structure_is_refused_and_the_embedded_detailer_serves() {
    let fake = comfyui::Fake::start(comfyui::Manner::Good, noisy);
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &comfy(&fake.server.address));
    let job = made(&daemon);
    let stage = detail(&job);
    assert_eq!(stage["backend"], "embedded", "{job}");
    assert_eq!(stage["attempts"][0]["backend"], "comfyui", "{job}");
    let reason = stage["attempts"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("structure"), "{reason}");
    // What it took is told all the same.
    assert_eq!(stage["attempts"][0]["model"]["calls"], 1, "{job}");
    let id = job["id"].as_str().unwrap();
    assert_eq!(daemon.job(id)["state"], "degraded", "{job}");
    assert_svg(job["svg_content"].as_str().unwrap());
}

#[test]
fn whatever_the_model_does_there_is_a_picture() {
    use comfyui::Manner;
    for manner in [
        Manner::Status(500),
        Manner::Fails,
        Manner::Garbage,
        Manner::Huge,
        Manner::NoSocket,
    ] {
        let fake = comfyui::Fake::start(manner, soft);
        let folder = folder();
        let daemon = Daemon::start(folder.path(), &comfy(&fake.server.address));
        let job = made(&daemon);
        let stage = detail(&job);
        assert_eq!(stage["backend"], "embedded", "{manner:?}: {job}");
        assert_eq!(
            stage["attempts"][0]["outcome"], "failed",
            "{manner:?}: {job}"
        );
        assert_svg(job["svg_content"].as_str().unwrap());
        daemon.assert_unharmed();
    }
}

#[test]
fn a_target_that_was_paid_for_is_not_paid_for_again_after_a_crash() {
    let server = openai::start(openai::Manner::Inline, soft);
    let folder = folder();
    let base = format!("{}/v1", server.address);
    let settings = [
        ("CHAT2SVG__IMAGEGEN__PROVIDER", "openai"),
        ("CHAT2SVG__IMAGEGEN__BASE_URL", &*base),
        ("CHAT2SVG__IMAGEGEN__API_KEY_ENV", "SOME_KEY"),
        ("SOME_KEY", KEY),
        // A fit that takes long enough to be killed in.
        ("CHAT2SVG__OPTIMIZE__LEVELS__HIGH__ITERATIONS", "20000"),
    ];
    let mut daemon = Daemon::start(folder.path(), &settings);
    let body = r#"{"prompt": "a fox under a tree", "level": "high", "deadline_ms": 120000}"#;
    let mut answer = daemon.post("/v1/svg", &[("prefer", "respond-async")], body);
    let id = json(&mut answer)["id"].as_str().unwrap().to_owned();
    let mut events = daemon.events(&id, "0");
    assert!(events.any(|(name, data)| {
        name == "stage" && data["phase"] == "started" && data["stage"] == "optimize"
    }));
    // The checkpoint is on its way to the store.
    thread::sleep(Duration::from_secs(2));
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);
    assert_eq!(server.asked("/v1/images/edits").len(), 1);

    let quick = ("CHAT2SVG__OPTIMIZE__LEVELS__HIGH__ITERATIONS", "20");
    let settings = [settings[0], settings[1], settings[2], settings[3], quick];
    let daemon = Daemon::start(folder.path(), &settings);
    let job = daemon.wait_for_end(&id);
    assert!(
        matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
        "{job}"
    );
    assert_eq!(server.asked("/v1/images/edits").len(), 1, "no second call");
    let stages = job["metadata"]["stages"].as_array().unwrap();
    let kept = stages
        .iter()
        .find(|stage| stage["stage"] == "detail")
        .unwrap();
    assert_eq!(kept["from_checkpoint"], true, "{job}");
    let mut svg = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
    assert_svg(&text(&mut svg));
}

#[test]
fn a_key_is_sent_and_shown_nowhere() {
    let server = openai::start(openai::Manner::Status(401), soft);
    let folder = folder();
    let base = format!("{}/v1", server.address);
    let settings = [
        ("CHAT2SVG__IMAGEGEN__PROVIDER", "openai"),
        ("CHAT2SVG__IMAGEGEN__BASE_URL", &*base),
        ("CHAT2SVG__IMAGEGEN__API_KEY_ENV", "SOME_KEY"),
        ("SOME_KEY", KEY),
        ("CHAT2SVG__LOG__FILTER", "trace"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let job = made(&daemon);
    assert_eq!(detail(&job)["attempts"][0]["outcome"], "terminal", "{job}");
    let asked = server.asked("/v1/images/edits").pop().unwrap();
    assert_eq!(
        asked.header("authorization"),
        Some(&*format!("Bearer {KEY}"))
    );
    let system = text(&mut daemon.get("/v1/system"));
    let metrics = text(&mut daemon.get("/metrics"));
    let shown = success(program(["config"]).envs(settings));
    for what in [
        daemon.log(),
        job.to_string(),
        system,
        metrics,
        String::from_utf8(shown.stdout).unwrap(),
    ] {
        assert!(!what.contains(KEY), "the key is in: {what}");
    }
}

#[test]
fn what_cannot_be_used_is_told_at_the_start() {
    let told = |settings: &[(&str, &str)], status| {
        let mut command = program(["generate", "a house", "-o", "-"]);
        let text = complaint(command.envs(settings.iter().copied()), status);
        one_line(&text);
        text
    };
    let folder = folder();
    let path = folder.path().join("own.json");
    let node = r#"{"1": {"class_type": "LoadImage", "inputs": {"image": "x"}, "_meta": {"title": "chat2svg: image"}}}"#;
    std::fs::write(&path, node).unwrap();
    let text = told(
        &[
            ("CHAT2SVG__IMAGEGEN__PROVIDER", "comfyui"),
            ("CHAT2SVG__IMAGEGEN__WORKFLOW", path.to_str().unwrap()),
        ],
        1,
    );
    assert!(
        text.contains("own.json") && text.contains("\"chat2svg: prompt\""),
        "{text}"
    );
    let text = told(&[("CHAT2SVG__IMAGEGEN__PROVIDER", "openai")], 1);
    assert!(text.contains("OPENAI_API_KEY"), "{text}");
    let text = told(&[("CHAT2SVG__DETAIL__BACKENDS", "comfyui")], 1);
    assert!(
        text.contains("detail.backends") && text.contains("imagegen.provider"),
        "{text}"
    );
    let text = told(&[("CHAT2SVG__IMAGEGEN__BASE_URL", "http://x:secret@x")], 1);
    assert!(
        text.contains("imagegen.base_url") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn the_doctor_says_what_the_model_answers() {
    let fake = comfyui::Fake::start(comfyui::Manner::Good, soft);
    let doctor = |model: &str| {
        let mut command = program(["doctor"]);
        let settings = comfy(&fake.server.address);
        let output = command
            .envs(settings)
            .env("CHAT2SVG__IMAGEGEN__MODEL", model)
            .env("CHAT2SVG__STORE__PATH", ":memory:")
            .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let line = |text: &str| {
        let found = text.lines().find(|line| line.starts_with("image model"));
        found
            .unwrap_or_else(|| panic!("no line of the model: {text}"))
            .to_owned()
    };
    let good = line(&doctor("other.safetensors"));
    assert!(good.contains(" ok ") && good.contains("0.9.9"), "{good}");
    let bad = line(&doctor("lost.safetensors"));
    assert!(
        bad.contains("FAILS") && bad.contains("lost.safetensors"),
        "{bad}"
    );
}

/// Against a real ComfyUI, where one is named: its wire is real, and the target whatever its model
/// makes. Without the files of the workflow it must still say which are missing.
#[test]
fn a_real_comfyui_is_understood() {
    let Ok(url) = std::env::var("CHAT2SVG_LIVE_COMFYUI") else {
        return;
    };
    let mut doctor = program(["doctor"]);
    doctor
        .env("CHAT2SVG__IMAGEGEN__PROVIDER", "comfyui")
        .env("CHAT2SVG__IMAGEGEN__BASE_URL", &url)
        .env("CHAT2SVG__STORE__PATH", ":memory:")
        .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    let told = doctor.output().unwrap();
    println!("{}", String::from_utf8_lossy(&told.stdout));
    let mut command = program(["generate", "a fox under a tree", "--json"]);
    command
        .args(["--deadline", "10m", "--level", "low"])
        .env("CHAT2SVG__IMAGEGEN__PROVIDER", "comfyui")
        .env("CHAT2SVG__IMAGEGEN__BASE_URL", &url);
    let output = success(&mut command);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_svg(result["svg_content"].as_str().unwrap());
    let stage = detail(&result);
    println!("{stage}");
    // Whether it served or lacks files, it was the server that said so.
    let reason = stage["attempts"][0]["reason"].as_str().unwrap_or_default();
    let was_heard = stage["backend"] == "comfyui" || reason.contains("workflow");
    assert!(was_heard, "{stage}");
}
