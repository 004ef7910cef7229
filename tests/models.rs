//! Language models, end to end: the real program against servers on this machine that speak the
//! real wire format, and fail in the real ways.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::Value;

use crate::{
    model_server::{Act, Ending, ModelServer, openai, openai_text},
    support::{Daemon, assert_svg, complaint, folder, one_line, program, success, wait_until},
};

const KEY: &str = "sk-test-very-secret-key";

/// What a model draws for "a red ball on grass".
pub(crate) const BALL: &str = r##"Here it is:
```svg
<svg viewBox="0 0 512 512" data-place="meadow" data-time="day">
<!-- Sky -->
<g id="sky" data-role="sky"><rect id="air" width="512" height="300" fill="#9cd3f2"/></g>
<!-- Grass -->
<g id="grass" data-role="ground" data-material="grass"><rect id="lawn" y="290" width="512" height="222" fill="#6fb04a"/></g>
<!-- Ball -->
<g id="ball" data-gloss="glossy" data-habitat="ground"><circle id="skin" cx="256" cy="290" r="120" fill="#d62222"/>
<path id="stripe" d="M140 280Q256 320 372 280L372 310Q256 350 140 310Z" fill="#f6e27a"/></g>
</svg>
```
"##;

const PROMPT: &str = "a red ball on grass";

/// The settings of a user with a server of their own.
fn with_model<'a>(command: &'a mut Command, server: &ModelServer) -> &'a mut Command {
    command
        .env("CHAT2SVG__LLM__PROVIDER", "openai")
        .env("CHAT2SVG__LLM__BASE_URL", server.url())
        .env("CHAT2SVG__LLM__MODEL", "test-model")
}

fn generate(server: &ModelServer, level: &str) -> Value {
    let mut command = program(["generate", PROMPT, "--json", "--level", level]);
    let output = success(with_model(&mut command, server));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn template(result: &Value) -> &Value {
    let stages = result["metadata"]["stages"].as_array().unwrap();
    stages
        .iter()
        .find(|stage| stage["stage"] == "template")
        .unwrap()
}

#[test]
fn a_model_draws_and_the_metadata_says_what_it_took() {
    let server = ModelServer::saying(vec![BALL.to_owned()]);
    let result = generate(&server, "low");
    let svg = result["svg_content"].as_str().unwrap();
    assert_svg(svg);
    assert!(
        svg.contains("Ball") && svg.contains("Grass"),
        "names survive: {svg}"
    );
    assert!(
        svg.contains("data-material=\"grass\""),
        "meaning survives: {svg}"
    );
    assert_eq!(result["metadata"]["tier"], "full", "{}", result["metadata"]);
    let stage = template(&result);
    assert_eq!(stage["backend"], "openai", "{stage}");
    let model = &stage["model"];
    assert_eq!(model["model"], "test-model-1", "{stage}");
    assert_eq!(model["rounds"], 1);
    assert_eq!(model["scores"].as_array().unwrap().len(), 2);
    assert_eq!(model["output_tokens"], 100);
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "written and mended");
    assert!(asked[0].body.contains(PROMPT));
}

#[test]
fn whatever_a_model_says_there_is_a_picture() {
    let broken_off = BALL.split_at(BALL.len() * 3 / 4).0.to_owned();
    for (reply, by_model) in [
        (String::new(), false),
        ("I cannot draw, sorry.".to_owned(), false),
        ("<svg></svg>".to_owned(), false),
        ("<svg><script>alert(1)</script></svg>".to_owned(), false),
        (broken_off, true),
    ] {
        let server = ModelServer::saying(vec![reply.clone()]);
        let result = generate(&server, "minimal");
        assert_svg(result["svg_content"].as_str().unwrap());
        let stage = template(&result);
        assert_eq!(stage["backend"] == "openai", by_model, "{reply}: {stage}");
        if !by_model {
            assert_eq!(result["metadata"]["fallback"], true, "it says so");
        }
    }
}

#[test]
fn a_stream_that_breaks_off_is_used_and_said_to_be_cut_short() {
    let server = ModelServer::start(|_, _| {
        let (most, _) = BALL.split_at(BALL.len() - 20);
        Act::Events(openai_text(most), Duration::ZERO, Ending::Broken)
    });
    let result = generate(&server, "minimal");
    let stage = template(&result);
    assert_eq!(
        (&stage["backend"], &stage["status"]),
        (&"openai".into(), &"cut-short".into())
    );
    assert!(
        stage["reason"].as_str().unwrap().contains("broke off"),
        "{stage}"
    );
}

#[test]
fn a_mended_drawing_replaces_the_first_only_if_it_is_no_worse() {
    let worse =
        "<svg viewBox='0 0 512 512'><rect id='a' width='512' height='512' fill='#eee'/></svg>";
    let server = ModelServer::saying(vec![BALL.to_owned(), worse.to_owned()]);
    let result = generate(&server, "low");
    assert!(result["svg_content"].as_str().unwrap().contains("Ball"));
    let scores = template(&result)["model"]["scores"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        scores.len() == 1 || scores[1].as_f64() < scores[0].as_f64(),
        "{scores:?}"
    );
}

#[test]
fn the_next_provider_in_line_serves_when_the_first_does_not() {
    let down = ModelServer::start(|_, _| Act::Status(500, Vec::new(), String::new()));
    let up = ModelServer::saying(vec![BALL.to_owned()]);
    let folder = folder();
    let path = folder.path().join("two.toml");
    let text = format!(
        "[llm]\nprovider = \"openai\"\nname = \"first\"\nmodel = \"m\"\nbase_url = \"{}\"\n\
         [[llm.more]]\nprovider = \"openai\"\nname = \"second\"\nmodel = \"m\"\nbase_url = \"{}\"\n",
        down.url(),
        up.url()
    );
    fs::write(&path, text).unwrap();
    let mut command = program(["generate", PROMPT, "--json", "--level", "minimal"]);
    let output = success(command.arg("--config").arg(&path));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stage = template(&result);
    assert_eq!(stage["backend"], "second", "{stage}");
    assert_eq!(stage["attempts"][0]["backend"], "first");
    assert_eq!(stage["attempts"][0]["outcome"], "failed");
}

fn serve(folder: &Path, server: &ModelServer, further: &[(&str, &str)]) -> Daemon {
    let url = server.url();
    let mut settings = vec![
        ("CHAT2SVG__LLM__PROVIDER", "openai"),
        ("CHAT2SVG__LLM__BASE_URL", url.as_str()),
        ("CHAT2SVG__LLM__MODEL", "test-model"),
        ("CHAT2SVG__LLM__API_KEY_ENV", "TEST_MODEL_KEY"),
        ("TEST_MODEL_KEY", KEY),
    ];
    settings.extend(further);
    Daemon::start(folder, &settings)
}

const BODY: &str = r#"{"prompt": "a red ball on grass", "level": "minimal", "deadline_ms": 60000}"#;

fn post(daemon: &Daemon, body: &str) -> Value {
    let mut answer = daemon.post("/v1/svg", &[("prefer", "wait=100")], body);
    let text = answer.body_mut().read_to_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_outage_wastes_few_calls_and_an_open_circuit_none() {
    let server = ModelServer::start(|_, _| Act::Status(500, Vec::new(), "down".to_owned()));
    let folder = folder();
    let daemon = serve(folder.path(), &server, &[]);
    for _ in 0..12 {
        let result = post(&daemon, BODY);
        assert_svg(result["svg_content"].as_str().unwrap());
        assert_eq!(template(&result)["backend"], "embedded");
    }
    let calls = server.asked().len();
    assert!(calls <= 4, "{calls} calls were wasted");
}

#[test]
fn an_exhausted_account_is_asked_once() {
    let server = ModelServer::start(|_, _| Act::Status(402, Vec::new(), "{}".to_owned()));
    let folder = folder();
    let daemon = serve(folder.path(), &server, &[]);
    for _ in 0..4 {
        let result = post(&daemon, BODY);
        assert_eq!(template(&result)["backend"], "embedded");
    }
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_provider_that_asks_to_wait_is_left_alone_for_as_long_as_it_says() {
    let server = ModelServer::start(|_, _| {
        let wait = vec![("Retry-After", "300".to_owned())];
        Act::Status(429, wait, "{}".to_owned())
    });
    let folder = folder();
    let daemon = serve(folder.path(), &server, &[]);
    for _ in 0..3 {
        assert_eq!(template(&post(&daemon, BODY))["backend"], "embedded");
    }
    assert_eq!(server.asked().len(), 1);
    let circuits = text(&daemon, "/v1/system");
    let system: Value = serde_json::from_str(&circuits).unwrap();
    let circuits = system["circuits"].as_array().unwrap();
    let ours = circuits
        .iter()
        .find(|circuit| circuit["backend"] == "openai");
    assert_eq!(ours.unwrap()["state"], "open", "{circuits:?}");
}

#[test]
fn streams_that_stall_open_the_circuit_like_any_other_failure() {
    let server = ModelServer::start(|_, _| {
        Act::Events(openai_text("Let me think"), Duration::ZERO, Ending::Stalled)
    });
    let folder = folder();
    let further = [("CHAT2SVG__LLM__CALLS__BETWEEN_TOKENS_SECONDS", "0.2")];
    let daemon = serve(folder.path(), &server, &further);
    for _ in 0..8 {
        assert_eq!(template(&post(&daemon, BODY))["backend"], "embedded");
    }
    let calls = server.asked().len();
    assert!(calls <= 4, "{calls} calls stalled");
}

fn submit(daemon: &Daemon) -> String {
    let mut answer = daemon.post("/v1/svg", &[("prefer", "respond-async")], BODY);
    let text = answer.body_mut().read_to_string().unwrap();
    let job: Value = serde_json::from_str(&text).unwrap();
    job["id"].as_str().unwrap().to_owned()
}

#[test]
fn callers_that_leave_do_not_count_against_the_model() {
    let server = ModelServer::start(|_, number| {
        let text = if number < 5 { "Let me think" } else { BALL };
        let ending = if number < 5 {
            Ending::Stalled
        } else {
            Ending::Closed
        };
        let events = if number < 5 {
            openai_text(text)
        } else {
            openai(text)
        };
        Act::Events(events, Duration::ZERO, ending)
    });
    let folder = folder();
    let daemon = serve(folder.path(), &server, &[]);
    for number in 1..=5 {
        let id = submit(&daemon);
        wait_until("the model is asked", || server.asked().len() == number);
        daemon.delete(&format!("/v1/jobs/{id}"));
    }
    let result = post(&daemon, BODY);
    assert_eq!(template(&result)["backend"], "openai", "{result}");
}

#[test]
fn a_call_whose_outcome_a_crash_left_unknown_is_told() {
    let server = ModelServer::start(|_, number| {
        if number == 0 {
            Act::Events(openai_text("Let me think"), Duration::ZERO, Ending::Stalled)
        } else {
            Act::Events(openai(BALL), Duration::ZERO, Ending::Closed)
        }
    });
    let folder = folder();
    let further = [("CHAT2SVG__ISOLATION__FOREIGN", "off")];
    let mut daemon = serve(folder.path(), &server, &further);
    let id = submit(&daemon);
    wait_until("the model is asked", || server.asked().len() == 1);
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);
    let daemon = serve(folder.path(), &server, &further);
    let job = daemon.wait_for_end(&id);
    let stage = template(&job);
    assert_eq!(stage["backend"], "openai", "{job}");
    assert_eq!(stage["model"]["calls_lost"], 1, "{job}");
}

#[test]
fn the_key_is_sent_and_shown_nowhere() {
    let server = ModelServer::start(|asked, number| {
        if number == 0 {
            let echo = asked.header("authorization").unwrap_or_default().to_owned();
            Act::Status(
                400,
                Vec::new(),
                format!("{{\"error\":{{\"message\":\"no {echo}\"}}}}"),
            )
        } else {
            Act::Events(openai(BALL), Duration::ZERO, Ending::Closed)
        }
    });
    let folder = folder();
    let further = [("CHAT2SVG__LOG__FILTER", "trace")];
    let daemon = serve(folder.path(), &server, &further);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let result = post(&daemon, BODY);
        let id = result["metadata"]["job"].as_str().or(result["id"].as_str());
        seen.push(result.to_string());
        if let Some(id) = id {
            seen.push(text(&daemon, &format!("/v1/jobs/{id}")));
        }
    }
    for path in ["/v1/system", "/metrics", "/v1/jobs", "/openapi.json"] {
        seen.push(text(&daemon, path));
    }
    seen.push(daemon.log());
    for command in ["config", "doctor"] {
        let mut command = program([command]);
        with_model(&mut command, &server)
            .env("CHAT2SVG__LLM__API_KEY_ENV", "TEST_MODEL_KEY")
            .env("CHAT2SVG__STORE__PATH", ":memory:")
            .env("TEST_MODEL_KEY", KEY);
        let output = command.output().unwrap();
        seen.push(String::from_utf8_lossy(&output.stdout).into_owned());
        seen.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let header = format!("Bearer {KEY}");
    assert_eq!(
        server.asked()[0].header("authorization"),
        Some(header.as_str())
    );
    for output in &seen {
        assert!(!output.contains(KEY), "{output}");
    }
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let has_key = bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
        assert!(!has_key, "the key is on the disk");
    }
}

fn text(daemon: &Daemon, path: &str) -> String {
    daemon.get(path).body_mut().read_to_string().unwrap()
}

#[test]
fn what_is_missing_or_wrong_is_told_in_one_line() {
    let mut command = program(["generate", "a house"]);
    command
        .env("CHAT2SVG__LLM__PROVIDER", "anthropic")
        .env_remove("ANTHROPIC_API_KEY");
    let told = complaint(&mut command, 1);
    one_line(&told);
    assert!(told.contains("ANTHROPIC_API_KEY"), "{told}");
    let mut command = program(["generate", "a house"]);
    command
        .env("CHAT2SVG__LLM__PROVIDER", "openai")
        .env("CHAT2SVG__LLM__BASE_URL", "ftp://example.org");
    let told = complaint(&mut command, 1);
    one_line(&told);
    assert!(told.contains("llm.base_url"), "{told}");
}

#[test]
fn config_shows_what_follows_from_a_model_and_doctor_that_it_answers() {
    let server = ModelServer::saying(vec!["ready".to_owned()]);
    let mut command = program(["config"]);
    let shown = success(with_model(&mut command, &server));
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("template.backends = [\"openai\", \"embedded\"]"),
        "{shown}"
    );
    assert!(
        shown.contains("server.default_deadline_ms = 120000"),
        "{shown}"
    );
    let mut command = program(["doctor"]);
    with_model(&mut command, &server)
        .env("CHAT2SVG__STORE__PATH", ":memory:")
        .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    let told = success(&mut command);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains("test-model-1") && told.contains("first token"),
        "{told}"
    );
}

/// Against a real server, where one is named: the wire is real, and the picture whatever its model
/// can draw.
#[test]
fn a_real_server_is_understood() {
    let Ok(url) = std::env::var("CHAT2SVG_LIVE_LLM") else {
        return;
    };
    let mut doctor = program(["doctor"]);
    doctor
        .env("CHAT2SVG__LLM__PROVIDER", "openai")
        .env("CHAT2SVG__LLM__BASE_URL", &url)
        .env("CHAT2SVG__STORE__PATH", ":memory:")
        .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    let told = success(&mut doctor);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("first token"), "{told}");
    println!("{told}");
    let mut command = program(["generate", PROMPT, "--json", "--level", "minimal"]);
    command
        .args(["--deadline", "2m"])
        .env("CHAT2SVG__LLM__PROVIDER", "openai")
        .env("CHAT2SVG__LLM__BASE_URL", &url)
        .env("CHAT2SVG__LLM__MAX_OUTPUT_TOKENS", "200")
        .env("CHAT2SVG__LLM__CALLS__FIRST_TOKEN_SECONDS", "90");
    let output = success(&mut command);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_svg(result["svg_content"].as_str().unwrap());
    let stage = template(&result);
    println!("{stage}");
    assert_eq!(stage["attempts"][0]["backend"], "openai", "{stage}");
}
