//! Who may call: names of the service, pages of other sites, requests that are none.

use serde_json::Value;

use crate::support::{Daemon, HOUSE, folder, header, json, outcome, problem, request, text};

const JOB: &str = "/v1/jobs/0190b5a0-0000-7000-8000-000000000000";

/// Every address that there is, by its methods.
fn routes() -> Vec<(&'static str, String)> {
    let mut routes = vec![("DELETE", JOB.to_owned())];
    for path in ["/v1/svg", "/v1/vectorize", "/v1/refine", "/v1/clean"] {
        routes.push(("POST", path.to_owned()));
    }
    for path in [
        "/",
        "/docs",
        "/assets/app.js",
        "/favicon.ico",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/system",
        "/v1/system/events",
        "/v1/jobs",
        "/nowhere",
    ] {
        routes.push(("GET", path.to_owned()));
    }
    for tail in ["", "/events", "/result.svg", "/result.png"] {
        routes.push(("GET", format!("{JOB}{tail}")));
    }
    routes
}

#[test]
fn no_route_answers_to_a_name_that_is_not_ours() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let port = daemon.address.rsplit(':').next().unwrap();
    for (method, path) in routes() {
        for host in [
            "evil.test".to_owned(),
            format!("evil.test:{port}"),
            format!("localhost.evil.test:{port}"),
            format!("127.0.0.1@evil.test:{port}"),
            String::new(),
        ] {
            let answer =
                daemon.exchange(request(method, &path, &format!("Host: {host}\r\n")).as_bytes());
            let expected = (421, "unknown-host".to_owned());
            assert_eq!(outcome(&answer), expected, "{method} {path} {host}");
            assert!(
                host.is_empty() || answer.contains("allowed_hosts"),
                "{answer}"
            );
        }
        let absolute = format!("http://evil.test{path}");
        let answer = daemon.exchange(request(method, &absolute, "Host: localhost\r\n").as_bytes());
        assert_eq!(outcome(&answer).0, 421, "{method} {absolute}");
    }
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "[::1]",
        &daemon.address,
    ] {
        let answer = daemon.exchange(request("GET", "/", &format!("Host: {host}\r\n")).as_bytes());
        assert_eq!(outcome(&answer).0, 200, "{host}");
    }
    // HTTP/1.0 needs no Host; this service does.
    let old = daemon.exchange(b"GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(outcome(&old).0, 421, "{old}");
    daemon.assert_unharmed();
}

#[test]
fn names_are_added_on_purpose() {
    let folder = folder();
    let hosts = [(
        "CHAT2SVG__SERVER__ALLOWED_HOSTS",
        "svg.example.org, chat2svg:8080",
    )];
    let daemon = Daemon::start(folder.path(), &hosts);
    for (host, status) in [
        ("svg.example.org:444", 200),
        ("chat2svg:8080", 200),
        ("chat2svg:8081", 421),
        ("127.0.0.1", 200),
        ("evil.test", 421),
    ] {
        let answer =
            daemon.exchange(request("GET", "/healthz", &format!("Host: {host}\r\n")).as_bytes());
        assert_eq!(outcome(&answer).0, status, "{host}");
    }
    drop(daemon);
    let any = [("CHAT2SVG__SERVER__ALLOWED_HOSTS", "*")];
    let daemon = Daemon::start(folder.path(), &any);
    let answer = daemon.exchange(request("GET", "/healthz", "Host: evil.test\r\n").as_bytes());
    assert_eq!(outcome(&answer).0, 200);
}

#[test]
fn no_other_site_has_a_browser_change_anything() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let own = format!("http://{}", daemon.address);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for (_, path) in routes() {
            for foreign in [
                "Origin: http://evil.test\r\n",
                "Origin: null\r\n",
                "Origin: http://127.0.0.1:1\r\n",
                "Sec-Fetch-Site: cross-site\r\n",
                "Sec-Fetch-Site: same-site\r\n",
            ] {
                let headers = format!("Host: {}\r\n{foreign}", daemon.address);
                let answer = daemon.exchange(request(method, &path, &headers).as_bytes());
                let expected = (403, "cross-site".to_owned());
                assert_eq!(outcome(&answer), expected, "{method} {path} {foreign}");
            }
        }
    }
    let drawn = daemon.post(
        "/v1/svg",
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
        HOUSE,
    );
    assert_eq!(drawn.status().as_u16(), 200);
    let jobs = json(&mut daemon.get("/v1/jobs"));
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_site_is_invited_on_purpose() {
    let folder = folder();
    let origins = [("CHAT2SVG__SERVER__CORS_ORIGINS", "https://app.example.org")];
    let daemon = Daemon::start(folder.path(), &origins);
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,prefer"),
        ];
        daemon.send("OPTIONS", "/v1/svg", &headers, b"")
    };
    let invited = "https://app.example.org";
    let allowed = preflight(invited);
    assert_eq!(header(&allowed, "access-control-allow-origin"), invited);
    let refused = preflight("https://evil.test");
    assert!(
        !refused
            .headers()
            .contains_key("access-control-allow-origin")
    );
    let headers = [("origin", invited), ("sec-fetch-site", "cross-site")];
    let drawn = daemon.post("/v1/svg", &headers, HOUSE);
    assert_eq!(drawn.status().as_u16(), 200);
    assert_eq!(header(&drawn, "access-control-allow-origin"), invited);
    let wrong = daemon.post("/v1/svg", &headers, "[]");
    assert_eq!(header(&wrong, "access-control-allow-origin"), invited);
    problem(wrong, 422, "invalid-fields");
    let foreign = daemon.post("/v1/svg", &[("origin", "https://evil.test")], HOUSE);
    problem(foreign, 403, "cross-site");
}

#[test]
fn what_the_parser_refuses_is_a_problem_document_too() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let many = "x: y\r\n".repeat(200);
    let long = format!("x: {}\r\n", "y".repeat(200 << 10));
    for (bytes, expected) in [
        (
            "NOT HTTP AT ALL\r\n\r\n".to_owned(),
            (400, "malformed-request"),
        ),
        (
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            (400, "malformed-request"),
        ),
        (
            request("GET", "/", "Host: localhost\r\nHost: evil.test\r\n"),
            (400, "malformed-request"),
        ),
        (
            request("GET", "/", "Host: localhost\r\nno colon\r\n"),
            (400, "malformed-request"),
        ),
        (
            request("GET", "/", &format!("Host: localhost\r\n{many}")),
            (431, "head-too-large"),
        ),
        (
            request("GET", "/", &format!("Host: localhost\r\n{long}")),
            (431, "head-too-large"),
        ),
    ] {
        let answer = daemon.exchange(bytes.as_bytes());
        let shown: String = bytes.chars().take(60).collect();
        assert_eq!(
            outcome(&answer),
            (expected.0, expected.1.to_owned()),
            "{shown}: {answer}"
        );
        for carried in [
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "x-request-id: ",
        ] {
            assert!(answer.contains(carried), "{carried}: {answer}");
        }
    }
    daemon.assert_unharmed();
}

#[test]
fn control_characters_of_a_request_are_in_no_answer_and_no_log() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__LOG__FILTER", "debug"),
        ("CHAT2SVG__SERVER__MAX_UPLOAD_BYTES", "100000"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let hostile = "a\u{1b}[2J\u{9b}31m\u{7}\u{202e}z";
    let escaped = "%1b%5b2J%0aFAKE%c2%9b31m";
    let mut answers = vec![
        text(&mut daemon.post_form("/v1/vectorize", "wait=1", &[(hostile, b"x")])),
        text(&mut daemon.post_form("/v1/vectorize", "wait=1", &[("seed", hostile.as_bytes())])),
        text(&mut daemon.post(
            "/v1/svg",
            &[],
            format!("{{\"prompt\": \"x\", \"{hostile}\": 1}}"),
        )),
        text(&mut daemon.post(
            "/v1/svg",
            &[],
            format!("{{\"prompt\": \"x\", \"style\": \"{hostile}\"}}"),
        )),
    ];
    for path in ["", "v1/jobs/", "v1/jobs?limit=", "v1/jobs?", "assets/"] {
        answers.push(text(&mut daemon.get(&format!("/{path}{escaped}"))));
    }
    let raw = format!("Host: {hostile}\r\nUser-Agent: {hostile}\r\n");
    answers.push(daemon.exchange(request("GET", "/", &raw).as_bytes()));
    let is_hostile = |c: char| (c.is_control() && !"\r\n".contains(c)) || c == '\u{202e}';
    for answer in answers {
        assert!(!answer.contains(is_hostile), "{answer:?}");
    }
    let log = daemon.log();
    assert!(!log.contains(is_hostile), "{log:?}");
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}
