//! The environment of the wrapper around the original: what of it is obeyed, shown and told.

use std::fs;

use serde_json::Value;

use crate::support::{Daemon, complaint, folder, json, one_line, program, success};

const ENV: &str = "# of a deployment\n\
    CHAT2SVG_PATH=/opt/chat2svg\n\
    CHAT2SVG_TIMEOUT=60\n\
    CHAT2SVG_REQUEST_TIMEOUT=300\n\
    CHAT2SVG_RESOURCE_MODE=Adaptive\n\
    CHAT2SVG_HIGH_CPU_THRESHOLD=50\n\
    export CHAT2SVG_DETAIL_ENHANCEMENT=False\n\
    CHAT2SVG_OPTIMIZATION=true\n\
    CHAT2SVG_CACHE_MAXSIZE=50\n\
    CHAT2SVG_QUANTIZE_MODELS=true\n\
    CHAT2SVG_STREAMING=false\n\
    BACKEND=Claude\n\
    OPENAI_API_KEY=sk-never-shown\n\
    DATABASE_URL=unrelated\n";

#[test]
fn an_env_file_becomes_a_configuration_that_says_the_same() {
    let folder = folder();
    let (env, file) = (
        folder.path().join(".env"),
        folder.path().join("chat2svg.toml"),
    );
    fs::write(&env, ENV).unwrap();
    let output = success(program(["migrate"]).arg(&env));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "[server]\ndefault_deadline_ms = 60000",
        "max_deadline_ms = 300000",
        "[resources.thresholds.high]\ncpu = 50.0",
        "[controller]\ndetail = false",
        "keep_finished_jobs = 50",
        "path = \"/opt/chat2svg\"",
        "mode = \"adaptive\"",
        "provider = \"anthropic\"",
        "# CHAT2SVG_QUANTIZE_MODELS means nothing here",
        "# CHAT2SVG_STREAMING means nothing here",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    assert!(
        !text.contains("sk-never-shown") && !text.contains("DATABASE"),
        "{text}"
    );
    fs::write(&file, &text).unwrap();
    let shown = success(program(["config", "--config"]).arg(&file)).stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.contains("server.default_deadline_ms = 60000"),
        "{shown}"
    );
    // What was the model's key is still to be found where it was.
    assert!(
        shown.contains("llm.api_key_env = \"OPENAI_API_KEY\""),
        "{shown}"
    );

    fs::write(
        &env,
        "CHAT2SVG_TIMEOUT=soon\nCHAT2SVG_CACHE_TTL=7200\nCHAT2SVG_TIMOUT=3\n",
    )
    .unwrap();
    let output = program(["migrate"]).arg(&env).output().unwrap();
    let (text, told) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("keep_finished_hours = 2"),
        "the rest is there: {text}"
    );
    assert!(
        told.contains("\"soon\"") && told.contains("did you mean `CHAT2SVG_TIMEOUT`"),
        "{told}"
    );
    one_line(&complaint(
        program(["migrate"]).arg(folder.path().join("no")),
        1,
    ));
}

#[test]
fn what_is_printed_is_accepted_whatever_the_variables_say() {
    let folder = folder();
    let (env, file) = (
        folder.path().join(".env"),
        folder.path().join("chat2svg.toml"),
    );
    for (text, is_whole, line) in [
        // More than the longest time of the defaults, which the wrapper did not have.
        ("CHAT2SVG_TIMEOUT=900\n", true, "max_deadline_ms = 900000"),
        (
            "CHAT2SVG_RESOURCE_CHECK_INTERVAL=0.5\n",
            true,
            "check_interval_seconds = 1",
        ),
        (
            "CHAT2SVG_CIRCUIT_BREAKER_TIMEOUT=60.0\n",
            true,
            "reset_timeout_seconds = 60",
        ),
        (
            "CHAT2SVG_PATH=vendor/Chat2SVG\n",
            true,
            "/vendor/Chat2SVG\"",
        ),
        (
            "CHAT2SVG_TIMEOUT=600\nCHAT2SVG_REQUEST_TIMEOUT=300\n",
            false,
            "# CHAT2SVG_TIMEOUT is left out: ",
        ),
        (
            "CHAT2SVG_CIRCUIT_BREAKER_THRESHOLD=0\nCHAT2SVG_CACHE_MAXSIZE=7\n",
            false,
            "keep_finished_jobs = 7",
        ),
        (
            "CHAT2SVG_RESOURCE_MODE=turbo\nCHAT2SVG_MAX_CONCURRENT_REQUESTS=0\n",
            false,
            "# CHAT2SVG_RESOURCE_MODE is left out: ",
        ),
        (
            "CHAT2SVG_HIGH_CPU_THRESHOLD=5\n",
            false,
            "# CHAT2SVG_HIGH_CPU_THRESHOLD is left out: ",
        ),
    ] {
        fs::write(&env, text).unwrap();
        let output = program(["migrate"]).arg(&env).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), is_whole, "{text}: {printed}");
        assert!(printed.contains(line), "{text}: {printed}");
        fs::write(&file, &printed).unwrap();
        success(program(["config", "--config"]).arg(&file));
    }
}

#[test]
fn each_alias_is_shown_with_what_it_sets_and_what_means_nothing_is_told_once() {
    let mut command = program(["config"]);
    command
        .env("CHAT2SVG_TIMEOUT", "7")
        .env("CHAT2SVG_ENABLE_ANIMATIONS", "true");
    let output = success(&mut command);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown
            .contains("server.default_deadline_ms = 7000  # environment variable CHAT2SVG_TIMEOUT"),
        "{shown}"
    );
    assert!(
        shown.contains("# CHAT2SVG_TIMEOUT = server.default_deadline_ms (in seconds)"),
        "{shown}"
    );
    assert!(
        shown.contains("# CHAT2SVG_QUANTIZE_MODELS: without a meaning here"),
        "{shown}"
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        told.matches("CHAT2SVG_ENABLE_ANIMATIONS").count(),
        1,
        "{told}"
    );

    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[("CHAT2SVG_STREAM_CHUNK_SIZE", "10")]);
    assert_eq!(
        daemon
            .log()
            .matches("CHAT2SVG_STREAM_CHUNK_SIZE means nothing here")
            .count(),
        1
    );
}

#[test]
fn what_follows_from_a_model_or_a_script_keeps_within_the_longest_deadline() {
    let shown = |variables: &[(&str, &str)]| {
        let mut command = program(["config"]);
        command.env("CHAT2SVG_REQUEST_TIMEOUT", "60");
        let output = success(command.envs(variables.iter().copied()));
        String::from_utf8(output.stdout).unwrap()
    };
    for variables in [
        &[("CHAT2SVG__LLM__PROVIDER", "openai")][..],
        &[
            ("CHAT2SVG_PATH", "/opt/chat2svg"),
            ("CHAT2SVG__DETAIL__BACKENDS", "scripts,embedded"),
        ][..],
    ] {
        let text = shown(variables);
        assert!(
            text.contains("server.default_deadline_ms = 60000"),
            "{text}"
        );
    }
}

#[test]
fn stages_that_are_switched_off_do_not_run_and_the_job_says_so() {
    let folder = folder();
    let ran = |variable| -> (Value, Vec<String>) {
        let daemon = Daemon::start(folder.path(), &[(variable, "False")]);
        let body = r#"{"prompt": "a house", "level": "minimal", "deadline_ms": 60000}"#;
        let job = json(&mut daemon.post("/v1/svg", &[], body));
        let stages = job["metadata"]["stages_run"].as_array().unwrap().clone();
        let names = stages.iter().map(|name| name.as_str().unwrap().to_owned());
        (job.clone(), names.collect())
    };
    let (job, stages) = ran("CHAT2SVG_OPTIMIZATION");
    assert_eq!(stages, ["template", "detail"], "{job}");
    let (job, stages) = ran("CHAT2SVG_DETAIL_ENHANCEMENT");
    assert_eq!(stages, ["template"], "{job}");
    assert_eq!(job["state"], "degraded");
    let reason = job["metadata"]["fallback_reason"].as_str().unwrap();
    assert!(reason.contains("controller.detail"), "{reason}");
}
