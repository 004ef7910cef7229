//! The HTTP service: jobs, events, results, mistakes.

use crate::support::{Daemon, assert_svg, disc, folder, header, json, text};

#[test]
fn a_prompt_is_answered_with_its_result() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let body = r#"{"prompt": "a red fox under a green tree", "seed": 5, "deadline_ms": 60000}"#;
    let mut answer = daemon.post("/v1/svg", &[], body);
    assert_eq!(answer.status().as_u16(), 200);
    let result = json(&mut answer);
    assert_svg(result["svg_content"].as_str().unwrap());
    assert!(
        result["base64_image"]
            .as_str()
            .unwrap()
            .starts_with("iVBOR")
    );
    assert_eq!(result["metadata"]["seed"], 5);

    let id = result["id"].as_str().unwrap();
    let mut svg = daemon.get(&format!("/v1/jobs/{id}/result.svg"));
    assert_eq!(header(&svg, "content-type"), "image/svg+xml");
    assert_eq!(header(&svg, "x-content-type-options"), "nosniff");
    assert!(header(&svg, "content-security-policy").contains("sandbox"));
    assert_eq!(text(&mut svg), result["svg_content"].as_str().unwrap());

    let mut png = daemon.get(&format!("/v1/jobs/{id}/result.png"));
    assert_eq!(header(&png, "content-type"), "image/png");
    assert!(
        png.body_mut()
            .read_to_vec()
            .unwrap()
            .starts_with(b"\x89PNG")
    );

    let listed = json(&mut daemon.get("/v1/jobs"));
    assert_eq!(listed["jobs"][0]["id"], id);
}

#[test]
fn a_job_is_followed_by_its_events() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = daemon.submit("three sailing boats on the sea");
    let names: Vec<String> = daemon.events(&id, "0").map(|(name, _)| name).collect();
    assert_eq!(names.first().map(String::as_str), Some("queued"));
    assert_eq!(names.last().map(String::as_str), Some("done"));
    for wanted in ["started", "stage", "preview"] {
        assert!(
            names.iter().any(|name| name == wanted),
            "{wanted}: {names:?}"
        );
    }
    let job = daemon.job(&id);
    assert!(
        matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
        "{job}"
    );
    let again: Vec<String> = daemon.events(&id, "1").map(|(name, _)| name).collect();
    assert_eq!(again.first().map(String::as_str), Some("started"));
    assert_eq!(again.last().map(String::as_str), Some("done"));
}

#[test]
fn a_running_job_is_cancelled() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = daemon.submit_long();
    let mut events = daemon.events(&id, "0");
    assert!(events.any(|(name, data)| name == "stage" && data["phase"] == "started"));
    let cancelled = daemon.delete(&format!("/v1/jobs/{id}")).status().as_u16();
    assert_eq!(cancelled / 100, 2);
    let (name, data) = events.last().unwrap();
    assert_eq!(
        (name.as_str(), data["state"].as_str()),
        ("done", Some("cancelled"))
    );
    assert_eq!(daemon.job(&id)["state"], "cancelled");
    // The daemon goes on.
    let other = daemon.submit("a house");
    daemon.wait_for_end(&other);
}

#[test]
fn pictures_are_vectorised() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let picture = disc(64);
    let fields: [(&str, &[u8]); 3] = [
        ("image", &picture),
        ("level", b"low"),
        ("deadline_ms", b"60000"),
    ];
    let mut answer = daemon.post_form("/v1/vectorize", "wait=100", &fields);
    assert_eq!(answer.status().as_u16(), 200);
    assert_svg(json(&mut answer)["svg_content"].as_str().unwrap());
}

#[test]
fn a_short_deadline_is_kept_and_admitted_to() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let body = r#"{"prompt": "a city at night in the rain", "deadline_ms": 400, "level": "high"}"#;
    let mut answer = daemon.post("/v1/svg", &[], body);
    assert_eq!(answer.status().as_u16(), 200);
    let result = json(&mut answer);
    assert_svg(result["svg_content"].as_str().unwrap());
    let told = &result["metadata"];
    if told["tier"] != "full" {
        assert_eq!(told["fallback"], told["tier"] == "fallback");
        assert!(told["fallback_reason"].is_string());
    }
}

#[test]
fn a_repeated_request_finds_its_job() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let headers = [("prefer", "respond-async"), ("idempotency-key", "k1")];
    let id = |prompt: &str| {
        let body = serde_json::json!({ "prompt": prompt }).to_string();
        let mut answer = daemon.post("/v1/svg", &headers, body);
        (
            answer.status().as_u16(),
            json(&mut answer)["id"].as_str().map(str::to_owned),
        )
    };
    let (status, first) = id("a cat");
    assert_eq!(status, 202);
    assert_eq!(id("a cat").1, first);
    assert_eq!(id("a dog").0 / 100, 4);
}

#[test]
fn mistakes_are_problem_documents_and_do_no_harm() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let long = format!(r#"{{"prompt": "{}"}}"#, "a".repeat(3_000));
    let huge = format!(r#"{{"prompt": "{}"}}"#, "a".repeat(1 << 20));
    for (body, status) in [
        (&b"{"[..], 400),
        (br#"{"prompt": ""}"#, 422),
        (br#"{"prompt": "  \n "}"#, 422),
        (br#"{"prompt": "a fox", "style": "baroque"}"#, 422),
        (br#"{"prompt": "a fox", "width": 100000}"#, 422),
        (br#"{"prompt": "a fox", "seed": -1}"#, 422),
        (br#"{"prompt": "a fox", "deadline_ms": 1}"#, 422),
        (br#"{"prompt": "a fox", "deadline_ms": 99999999999}"#, 422),
        (br#"{"prompt": "a fox", "colour": "red"}"#, 422),
        (b"{\"prompt\": \"a f\xffox\"}", 400),
        (long.as_bytes(), 422),
        (huge.as_bytes(), 413),
    ] {
        let mut answer = daemon.post("/v1/svg", &[], body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(answer.status().as_u16(), status, "{shown}");
        assert_eq!(
            header(&answer, "content-type"),
            "application/problem+json",
            "{shown}"
        );
        let problem = json(&mut answer);
        assert!(
            problem["code"].is_string() && problem["request_id"].is_string(),
            "{problem}"
        );
    }
    for (path, status) in [
        ("/v1/jobs/nonsense", 404),
        ("/v1/jobs/0190b5a0-0000-7000-8000-000000000000", 404),
        ("/nowhere", 404),
    ] {
        assert_eq!(daemon.get(path).status().as_u16(), status, "{path}");
    }
    let broken = &disc(64)[..80];
    let answer = daemon.post_form("/v1/vectorize", "wait=60", &[("image", broken)]);
    assert_eq!(answer.status().as_u16() / 100, 4);
    assert_eq!(daemon.get("/healthz").status().as_u16(), 200);
    let emoji = daemon.submit("🦊");
    let job = daemon.wait_for_end(&emoji);
    assert!(
        matches!(job["state"].as_str(), Some("succeeded" | "degraded")),
        "{job}"
    );
}

#[test]
fn the_system_describes_itself() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let system = json(&mut daemon.get("/v1/system"));
    let actors: Vec<&str> = system["actors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|actor| actor["name"].as_str())
        .collect();
    for name in [
        "template",
        "detail",
        "optimize",
        "resources",
        "breaker",
        "scheduler",
        "store",
        "controller",
        "web",
    ] {
        assert!(actors.contains(&name), "{name}: {actors:?}");
    }
    assert_eq!(daemon.get("/readyz").status().as_u16(), 200);
    assert!(text(&mut daemon.get("/metrics")).contains("chat2svg_ready"));
    assert!(json(&mut daemon.get("/openapi.json"))["paths"]["/v1/svg"].is_object());
    for page in ["/", "/docs"] {
        let mut answer = daemon.get(page);
        assert_eq!(answer.status().as_u16(), 200);
        assert!(header(&answer, "content-type").starts_with("text/html"));
        text(&mut answer);
    }
}

#[test]
fn a_template_in_another_encoding_is_read_as_on_the_command_line() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 48 48'>\
        <g id='caf\u{e9}'><circle cx='24' cy='24' r='16' fill='#c0392b'/></g></svg>";
    let units = std::iter::once(0xfeff).chain(drawing.encode_utf16());
    let utf16: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let declared = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{drawing}");
    let latin1: Vec<u8> = declared.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for template in [utf16, latin1] {
        let fields: [(&str, &[u8]); 4] = [
            ("template", &template),
            ("target", &disc(48)),
            ("level", b"minimal"),
            ("deadline_ms", b"60000"),
        ];
        let mut answer = daemon.post_form("/v1/refine", "wait=60", &fields);
        assert_eq!(answer.status().as_u16(), 200);
        let result = json(&mut answer);
        let svg = result["svg_content"].as_str().unwrap();
        assert!(svg.contains("id=\"caf\u{e9}\""), "{svg}");
    }
}
