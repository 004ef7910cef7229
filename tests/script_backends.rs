//! The original's scripts as backends: the whole program against stand-ins that have its flags, its
//! folders and its faults.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    stand_ins::{Checkout, is_running},
    support::{
        Daemon, assert_svg, complaint, folder, json, one_line, program, success, wait_until,
    },
};

/// Words that a shell, a command line or a table would all misread.
const PROMPT: &str = "a \"red\" ball; $(touch gone) `touch gone` --help";

fn settings(checkout: &Checkout) -> Vec<(&'static str, String)> {
    vec![
        ("CHAT2SVG__SCRIPTS__PATH", checkout.text()),
        (
            "CHAT2SVG__SCRIPTS__FOLDER",
            checkout.private().to_str().unwrap().to_owned(),
        ),
        ("CHAT2SVG__SCRIPTS__DEVICE", "1".to_owned()),
        ("CHAT2SVG__SCRIPTS__LEAST_TIME_MS", "100".to_owned()),
        (
            "CHAT2SVG__TEMPLATE__BACKENDS",
            "scripts,embedded".to_owned(),
        ),
        ("CHAT2SVG__DETAIL__BACKENDS", "scripts,embedded".to_owned()),
        (
            "CHAT2SVG__OPTIMIZE__BACKENDS",
            "scripts,embedded".to_owned(),
        ),
    ]
}

/// A daemon with these settings.
fn start(folder: &Path, settings: &[(&'static str, String)]) -> Daemon {
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Daemon::start(folder, &settings)
}

/// A job on the command line.
fn generate(settings: &[(&'static str, String)]) -> Value {
    let mut command = program([
        "generate", PROMPT, "--json", "--level", "low", "--size", "400x300",
    ]);
    command.env_remove("BACKEND").env_remove("OPENAI_API_KEY");
    for (name, value) in settings {
        command.env(name, value);
    }
    serde_json::from_slice(&success(&mut command).stdout).unwrap()
}

fn stage<'a>(job: &'a Value, name: &str) -> &'a Value {
    let stages = job["metadata"]["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["stage"] == name).unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn all_three_stages_are_served_and_names_survive() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    let job = generate(&settings(&checkout));
    for name in ["template", "detail", "optimize"] {
        assert_eq!(
            stage(&job, name)["backend"],
            "scripts",
            "{}",
            job["metadata"]
        );
    }
    assert_eq!(job["state"], "succeeded", "{}", job["metadata"]);
    assert_eq!(checkout.words(), PROMPT, "as it was given");
    let svg = job["svg_content"].as_str().unwrap();
    assert_svg(svg);
    for name in ["Sky", "Red ball", "Eye", "New shape 1"] {
        assert!(svg.contains(name), "{name} is lost: {svg}");
    }
    assert_eq!(job["metadata"]["fit"]["iterations"], 750);
    let calls = checkout.calls();
    assert_eq!(calls.len(), 3);
    for (call, place) in calls.iter().zip([
        "1_template_generation",
        "2_detail_enhancement",
        "3_svg_optimization",
    ]) {
        assert!(call["cwd"].as_str().unwrap().ends_with(place), "{call}");
        assert_eq!(
            (&call["device"], &call["backend"]),
            (&"1".into(), &"Claude".into())
        );
        assert_eq!(
            call["settings"],
            serde_json::json!([]),
            "ours are not theirs"
        );
        for argument in call["argv"].as_array().unwrap() {
            let argument = argument.as_str().unwrap();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
            assert!(argument.bytes().all(is_plain), "{argument}");
        }
    }
    assert!(is_empty(&checkout.private()), "nothing is left");
    assert!(!Path::new("gone").exists() && !checkout.path().join("gone").exists());
}

#[test]
fn the_fork_is_called_in_its_own_way() {
    let Some(checkout) = Checkout::fork() else {
        return;
    };
    let job = generate(&settings(&checkout));
    for name in ["template", "detail", "optimize"] {
        assert_eq!(
            stage(&job, name)["backend"],
            "scripts",
            "{}",
            job["metadata"]
        );
    }
    assert_eq!(checkout.words(), PROMPT);
    let here = fs::canonicalize(checkout.path()).unwrap();
    for call in checkout.calls() {
        assert_eq!(Path::new(call["cwd"].as_str().unwrap()), here, "{call}");
    }
}

#[test]
fn whatever_goes_wrong_is_told_and_the_embedded_backends_serve() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    for (fault, name, why) in [
        ("half", "template", "exit status: 3"),
        ("empty", "template", "is empty"),
        ("missing", "template", "is not there"),
        ("prose", "template", "holds no drawing"),
        ("grid", "detail", "num_images_per_prompt must fill the grid"),
        ("sam", "detail", "IndexError"),
        ("fewer", "optimize", "gave 1 back"),
        ("worse", "optimize", "farther from the target"),
    ] {
        checkout.fault(fault);
        let job = generate(&settings(&checkout));
        let stage = stage(&job, name);
        assert_eq!(stage["backend"], "embedded", "{fault}: {stage}");
        let attempt = &stage["attempts"][0];
        assert_eq!(attempt["backend"], "scripts", "{fault}: {stage}");
        assert_eq!(attempt["outcome"], "failed", "{fault}: {stage}");
        let reason = attempt["reason"].as_str().unwrap();
        assert!(reason.contains(why), "{fault}: {reason}");
        assert_eq!(job["state"], "degraded");
        assert_svg(job["svg_content"].as_str().unwrap());
        assert!(is_empty(&checkout.private()), "{fault}: something is left");
    }

    // A table that cannot be replaced knows its own targets only.
    checkout.fault("");
    let main = checkout.path().join("1_template_generation/main.py");
    let text = fs::read_to_string(&main).unwrap();
    let own = text.replace(
        "from utils.util import get_prompt",
        "get_prompt = {\"apple\": \"x\"}.__getitem__",
    );
    fs::write(&main, own).unwrap();
    let job = generate(&settings(&checkout));
    let reason = stage(&job, "template")["attempts"][0]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("KeyError"), "{reason}");
}

#[test]
fn a_script_that_hangs_ends_at_its_timeout_with_all_that_it_started() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("hang");
    let mut settings = settings(&checkout);
    settings.push((
        "CHAT2SVG__SCRIPTS__TIMEOUTS__TEMPLATE_SECONDS",
        "3".to_owned(),
    ));
    let job = generate(&settings);
    let attempt = &stage(&job, "template")["attempts"][0];
    assert!(
        attempt["reason"]
            .as_str()
            .unwrap()
            .contains("did not end within 3 s"),
        "{attempt}"
    );
    // On a busy machine it may have ended before it came to hang.
    for process in checkout.hanging().unwrap_or_default() {
        wait_until("the process has ended", || !is_running(process));
    }
    assert!(is_empty(&checkout.private()));
}

#[test]
fn a_script_that_hangs_leaves_the_time_of_a_job_for_an_answer() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("hang");
    let folder = folder();
    let settings = settings(&checkout);
    let daemon = start(folder.path(), &settings);
    let body = r#"{"prompt": "a ball", "deadline_ms": 6000, "level": "minimal"}"#;
    let job = json(&mut daemon.post("/v1/svg", &[], body));
    assert!(
        ["succeeded", "degraded"].contains(&job["state"].as_str().unwrap()),
        "{job}"
    );
    assert_svg(job["svg_content"].as_str().unwrap());
    // On a busy machine it may have ended before it came to hang.
    for process in checkout.hanging().unwrap_or_default() {
        wait_until("the process has ended", || !is_running(process));
    }
    wait_until("its folder is gone", || is_empty(&checkout.private()));
}

#[test]
fn what_a_script_leaves_running_neither_delays_nor_outlives_it() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("daemon");
    let job = generate(&settings(&checkout));
    assert_eq!(stage(&job, "template")["backend"], "scripts", "{job}");
    for process in checkout.hanging().unwrap() {
        wait_until("the process has ended", || !is_running(process));
    }
}

#[test]
fn a_command_that_is_interrupted_leaves_nothing_running() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("hang");
    let mut command = program(["generate", "a ball", "--quiet"]);
    command.envs(settings(&checkout));
    let mut child = command.spawn().unwrap();
    wait_until("the script hangs", || checkout.hanging().is_some());
    let mut kill = Command::new("kill");
    success(kill.args(["-INT", &child.id().to_string()]));
    assert_eq!(child.wait().unwrap().code(), Some(1));
    for process in checkout.hanging().unwrap() {
        wait_until("the process has ended", || !is_running(process));
    }
}

#[test]
fn cancelling_and_stopping_end_what_scripts_have_started() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("hang");
    let folder = folder();
    let mut settings = settings(&checkout);
    settings.push(("CHAT2SVG__PROCESS__DRAIN_SECONDS", "1".to_owned()));
    let mut daemon = start(folder.path(), &settings);
    let begin = || {
        let _ = fs::remove_file(checkout.path().join("pids"));
        let body = r#"{"prompt": "a ball"}"#;
        let accepted = json(&mut daemon.post("/v1/svg", &[("prefer", "respond-async")], body));
        wait_until("the script hangs", || checkout.hanging().is_some());
        (
            accepted["id"].as_str().unwrap().to_owned(),
            checkout.hanging().unwrap(),
        )
    };
    let (job, processes) = begin();
    daemon.delete(&format!("/v1/jobs/{job}"));
    for process in processes {
        wait_until("the process has ended", || !is_running(process));
    }
    wait_until("its folder is gone", || is_empty(&checkout.private()));
    let (_, processes) = begin();
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    for process in processes {
        wait_until("the process has ended", || !is_running(process));
    }
}

#[test]
fn a_daemon_that_is_killed_leaves_nothing_running_and_the_next_one_clears_up() {
    let Some(checkout) = Checkout::original() else {
        return;
    };
    checkout.fault("hang");
    let folder = folder();
    let settings = settings(&checkout);
    let mut daemon = start(folder.path(), &settings);
    let body = r#"{"prompt": "a ball"}"#;
    daemon.post("/v1/svg", &[("prefer", "respond-async")], body);
    wait_until("the script hangs", || checkout.hanging().is_some());
    daemon.signal("KILL");
    daemon.wait();
    for process in checkout.hanging().unwrap() {
        wait_until("the process has ended", || !is_running(process));
    }
    assert!(!is_empty(&checkout.private()), "nobody could remove it");

    // What even that did not end: it left its group, and no longer listens.
    let left = fs::read_dir(checkout.private()).unwrap().next().unwrap();
    let left = left.unwrap().path();
    let mut stray = Command::new("sleep");
    let mut stray = stray
        .arg("600")
        .env("CHAT2SVG_SCRIPTS_FOLDER", &left)
        .spawn()
        .unwrap();
    checkout.fault("");
    drop(start(folder.path(), &settings));
    assert!(!stray.wait().unwrap().success(), "it was ended");
    assert!(!left.exists());
}

#[test]
fn time_and_gpu_memory_follow_from_a_script_in_line() {
    let mut command = program(["config"]);
    command.env("CHAT2SVG_PATH", "/opt/chat2svg");
    let shown = |command: &mut Command| String::from_utf8(success(command).stdout).unwrap();
    let before = shown(&mut command);
    assert!(before.contains("scheduler.models.gpu_memory_mb = 0.0  # default"));
    let after = shown(command.env("CHAT2SVG__OPTIMIZE__BACKENDS", "scripts,embedded"));
    for line in [
        "scheduler.models.gpu_memory_mb = 12000.0  # scripts.gpu_memory_mb",
        "server.default_deadline_ms = 600000  # scripts.default_deadline_ms",
    ] {
        assert!(after.contains(line), "{line}: {after}");
    }
}

#[test]
fn what_cannot_work_is_refused_at_the_start() {
    let refused = |settings: &[(&str, &str)]| {
        let mut command = program(["generate", "a house"]);
        let told = complaint(command.envs(settings.iter().copied()), 1);
        one_line(&told);
        told
    };
    let told = refused(&[("CHAT2SVG__OPTIMIZE__BACKENDS", "scripts,embedded")]);
    assert!(told.contains("set scripts.path"), "{told}");
    let told = refused(&[("CHAT2SVG__SCRIPTS__PATH", "/opt/my checkout")]);
    assert!(told.contains("scripts.path"), "{told}");
    let mut doctor = program(["doctor"]);
    doctor.env("CHAT2SVG_PATH", "/nowhere/at/all");
    let output = doctor.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("/nowhere/at/all/1_template_generation/main.py is not there"),
        "{told}"
    );
}
