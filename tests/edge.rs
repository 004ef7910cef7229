//! The HTTP edge under attack: who may call, what a client may hold, and for how long.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::support::{
    Daemon, PATIENCE, complaint, disc, folder, header, json, limited, one_line, problem, read_all,
    text, wait_until,
};

const HOUSE: &str = r#"{"prompt": "a house", "level": "minimal", "deadline_ms": 60000}"#;
const JOB: &str = "/v1/jobs/0190b5a0-0000-7000-8000-000000000000";

/// Every address that there is, by its methods.
fn routes() -> Vec<(&'static str, String)> {
    let mut routes = vec![("DELETE", JOB.to_owned())];
    for path in ["/v1/svg", "/v1/vectorize", "/v1/refine"] {
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

/// A request as text, with headers that each end a line.
fn request(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: 0\r\n\r\n")
}

/// Status and problem code of an answer; no code when it is no problem.
fn outcome(answer: &str) -> (u16, String) {
    let status = answer.get(9..12).unwrap_or_default().parse().unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let code = document["code"].as_str().unwrap_or_default().to_owned();
    (status, code)
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

/// The beginning of a form that has so many bytes of an image.
fn unfinished_form(bytes: usize) -> Vec<u8> {
    let mut form =
        b"POST /v1/vectorize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\
        Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
            .to_vec();
    let part = b"--edge\r\ncontent-disposition: form-data; name=\"image\"; filename=\"i\"\r\n\r\n";
    form.extend_from_slice(format!("{:x}\r\n", part.len() + bytes).as_bytes());
    form.extend_from_slice(part);
    form.resize(form.len() + bytes, b'x');
    form.extend_from_slice(b"\r\n");
    form
}

#[test]
fn unfinished_bodies_share_one_budget() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__MAX_UPLOAD_BYTES", "1000000"),
        ("CHAT2SVG__SERVER__MAX_BODY_MEMORY_BYTES", "2100000"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let (told, answers) = mpsc::channel();
    let mut streams = Vec::new();
    for _ in 0..6 {
        let mut stream = daemon.connect();
        let _ = stream.write_all(&unfinished_form(900_000));
        streams.push(stream.try_clone().unwrap());
        let told = told.clone();
        thread::spawn(move || {
            let _ = told.send(read_all(&mut stream));
        });
    }
    // Two fit.
    for _ in 0..4 {
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(outcome(&answer), (503, "overloaded".to_owned()), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
    }
    for stream in streams {
        // Those that were answered are closed already.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
    let picture = disc(64);
    let fields: [(&str, &[u8]); 2] = [("image", &picture), ("level", b"minimal")];
    wait_until("the memory is given back", || {
        daemon
            .post_form("/v1/vectorize", "wait=100", &fields)
            .status()
            .as_u16()
            == 200
    });
    daemon.assert_unharmed();
}

#[cfg(target_os = "linux")]
#[test]
fn many_large_unfinished_bodies_do_not_fill_the_memory() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let form = unfinished_form(12_000_000);
    let streams: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = daemon.connect();
            // Refused while it is sent.
            let _ = stream.write_all(&form);
            stream
        })
        .collect();
    let drawn = daemon.post("/v1/svg", &[], HOUSE);
    assert_eq!(drawn.status().as_u16(), 200);
    let peak = daemon.peak_memory();
    assert!(peak < 500 << 20, "{peak} bytes");
    drop(streams);
    daemon.assert_unharmed();
}

#[test]
fn a_body_that_drips_is_cut_off() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let mut stream = daemon.connect();
    stream
        .write_all(b"POST /v1/svg HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .unwrap();
    let answer = read_all(&mut stream);
    assert_eq!(
        outcome(&answer),
        (408, "request-timeout".to_owned()),
        "{answer}"
    );
    assert!(answer.contains("bytes a second"), "{answer}");
}

#[test]
fn heads_that_drip_are_cut_off_also_after_a_first_request() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let first = daemon.connect();
    let mut second = daemon.connect();
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut some = [0; 16];
    second.read_exact(&mut some).unwrap();
    thread::scope(|scope| {
        for mut stream in [first, second] {
            scope.spawn(move || {
                let mut drip = stream.try_clone().unwrap();
                let dripping = thread::spawn(move || {
                    let head = b"GET /healthz HTTP/1.1\r\nx-slow: ".iter();
                    for byte in head.chain(std::iter::repeat(&b'x')).take(600) {
                        if drip.write_all(&[*byte]).is_err() {
                            break;
                        }
                        thread::sleep(std::time::Duration::from_millis(200));
                    }
                });
                // Ends only when the daemon ends the connection.
                read_all(&mut stream);
                drop(stream);
                dripping.join().unwrap();
            });
        }
    });
    daemon.assert_unharmed();
}

/// Whether a new connection is served, and not turned away.
fn is_served(daemon: &Daemon) -> bool {
    let answer = daemon.exchange(request("GET", "/healthz", "Host: localhost\r\n").as_bytes());
    outcome(&answer).0 == 200
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__WRITE_TIMEOUT_SECONDS", "1"),
        ("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let mut stalled = connect_from(&daemon, "127.0.0.1");
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stalled.write_all(ask.repeat(200).as_bytes()).unwrap();
    let mut head = [0; 12];
    stalled.read_exact(&mut head).unwrap();
    assert!(head.ends_with(b"200"));
    assert!(!is_served(&daemon), "the only place is taken");
    wait_until("the client that does not read is cut off", || {
        is_served(&daemon)
    });
    drop(stalled);
}

#[cfg(target_os = "linux")]
#[test]
fn a_follower_that_does_not_read_its_events_is_cut_off() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__WRITE_TIMEOUT_SECONDS", "1"),
        ("CHAT2SVG__SERVER__MAX_STREAMS_PER_CLIENT", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let mut template =
        String::from(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 999 999">"#);
    for index in 0..20_000 {
        let (x, y) = (index * 7 % 997, index * 13 % 991);
        let fill = index * 839 % 0xFF_FFFF;
        template += &format!(r##"<path d="M{x} {y}l9.13 3.7 1.9 8.3z" fill="#{fill:06x}"/>"##);
    }
    template += "</svg>";
    let target = disc(64);
    let fields: [(&str, &[u8]); 3] = [
        ("template", template.as_bytes()),
        ("target", &target),
        ("level", b"minimal"),
    ];
    let mut accepted = daemon.post_form("/v1/refine", "respond-async", &fields);
    assert_eq!(accepted.status().as_u16(), 202);
    let id = json(&mut accepted)["id"].as_str().unwrap().to_owned();
    daemon.wait_for_end(&id);
    // The events of an ended job are told from the start, with its previews.
    let path = format!("/v1/jobs/{id}/events");
    let told: usize = daemon
        .events(&id, "0")
        .map(|(_, data)| data.to_string().len())
        .sum();
    assert!(told > 1_000_000, "{told} bytes");
    wait_until("the stream that was read is over", || {
        daemon.get("/v1/system/events").status().as_u16() == 200
    });
    let mut stalled = connect_from(&daemon, "127.0.0.1");
    let follow = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wait_until("the stream is followed", || {
        stalled = connect_from(&daemon, "127.0.0.1");
        stalled.write_all(follow.as_bytes()).unwrap();
        let mut head = [0; 12];
        stalled.read_exact(&mut head).unwrap();
        head.ends_with(b"200")
    });
    problem(daemon.get("/v1/system/events"), 429, "rate-limited");
    wait_until("the follower that does not read is cut off", || {
        daemon.get("/v1/system/events").status().as_u16() == 200
    });
    daemon.assert_unharmed();
}

/// A connection from an address of this machine, which takes in little that is not read.
#[cfg(target_os = "linux")]
fn connect_from(daemon: &Daemon, address: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let from: SocketAddr = format!("{address}:0").parse().unwrap();
    let to: SocketAddr = daemon.address.parse().unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_with_hundreds_of_idle_connections_locks_nobody_else_out() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let ask = request("GET", "/healthz", "Host: localhost\r\n").replace("close", "keep-alive");
    let mut idle = Vec::new();
    let mut turned_away = 0;
    for _ in 0..300 {
        let mut stream = daemon.connect();
        stream.write_all(ask.as_bytes()).unwrap();
        let mut head = [0; 12];
        match stream.read_exact(&mut head) {
            Ok(()) if head.ends_with(b"200") => idle.push(stream),
            _ => turned_away += 1,
        }
    }
    assert_eq!((idle.len(), turned_away), (256, 44));
    let mut other = connect_from(&daemon, "127.0.0.2");
    other
        .write_all(request("GET", "/healthz", "Host: localhost\r\n").as_bytes())
        .unwrap();
    assert_eq!(outcome(&read_all(&mut other)).0, 200);
    let refused = daemon.exchange(ask.as_bytes());
    assert_eq!(
        outcome(&refused),
        (429, "rate-limited".to_owned()),
        "{refused}"
    );
    drop(idle);
    wait_until("places are given back", || is_served(&daemon));
}

#[test]
fn behind_a_proxy_the_requests_of_each_client_are_counted() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__TRUST_FORWARDED_FOR", "true"),
        ("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let mut streams = Vec::new();
    for client in ["192.0.2.1", "192.0.2.2"] {
        let mut stream = daemon.connect();
        let headers = format!("Host: localhost\r\nX-Forwarded-For: {client}\r\n");
        let follow = request("GET", "/v1/system/events", &headers);
        stream.write_all(follow.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert!(head.ends_with(b"200"));
        streams.push(stream);
    }
    let ask = |client: &str| daemon.send("GET", "/healthz", &[("x-forwarded-for", client)], b"");
    problem(ask("192.0.2.1"), 429, "rate-limited");
    assert_eq!(ask("192.0.2.3").status().as_u16(), 200);
    // Its own origin is the one that the proxy was called by.
    let headers = [
        ("x-forwarded-for", "192.0.2.4"),
        ("x-forwarded-proto", "https"),
        ("origin", "https://127.0.0.1"),
        ("host", "127.0.0.1"),
    ];
    assert_eq!(
        daemon.post("/v1/svg", &headers, HOUSE).status().as_u16(),
        200
    );
}

#[test]
fn many_widths_of_a_picture_are_limited() {
    let folder = folder();
    let settings = [("CHAT2SVG__SERVER__PNG_LIMIT__BURST", "3")];
    let daemon = Daemon::start(folder.path(), &settings);
    let id = daemon.submit("a house");
    daemon.wait_for_end(&id);
    let png = |width: u32| daemon.get(&format!("/v1/jobs/{id}/result.png?width={width}"));
    for width in [100, 101, 102, 100, 101] {
        assert_eq!(png(width).status().as_u16(), 200, "{width}");
    }
    problem(png(103), 429, "rate-limited");
    assert_eq!(png(102).status().as_u16(), 200);
}

#[test]
fn the_limit_on_open_files_is_raised_or_obeyed_and_told() {
    let folder = folder();
    let daemon = Daemon::start_limited(folder.path(), &[], "ulimit -Sn 100");
    assert!(is_served(&daemon));
    assert!(!daemon.log().contains("is lowered"), "{}", daemon.log());
    drop(daemon);
    let daemon = Daemon::start_limited(folder.path(), &[], "ulimit -n 300");
    assert!(is_served(&daemon));
    let log = daemon.log();
    let lowered = log
        .lines()
        .filter(|line| line.contains("max_connections is lowered from 512 to 86"));
    assert_eq!(lowered.count(), 1, "{log}");
    drop(daemon);
    let store = folder.path().join("other.db");
    let mut command = limited("ulimit -n 120", ["serve", "--listen", "127.0.0.1:0"]);
    let told = complaint(command.env("CHAT2SVG__STORE__PATH", store), 1);
    let last = told.lines().last().unwrap();
    one_line(last);
    assert!(
        last.contains("120 files") && last.contains("LimitNOFILE"),
        "{told}"
    );
}

#[test]
fn readiness_fails_when_the_store_cannot_be_written() {
    let folder = folder();
    // No file may grow beyond half a megabyte; the signal that tells so is ignored.
    let settings = [("CHAT2SVG__LOG__FILTER", "off,chat2svg=info")];
    let daemon = Daemon::start_limited(folder.path(), &settings, "trap '' XFSZ; ulimit -f 1000");
    assert_eq!(daemon.get("/readyz").status().as_u16(), 200);
    let picture = "y".repeat(1_900);
    wait_until("the store is full", || {
        let body = serde_json::json!({ "prompt": picture, "level": "minimal" }).to_string();
        let answer = daemon.post("/v1/svg", &[("prefer", "respond-async")], body);
        answer.status().as_u16() == 503
    });
    let mut ready = daemon.get("/readyz");
    wait_until("readiness fails", || {
        ready = daemon.get("/readyz");
        ready.status().as_u16() == 503
    });
    let told = json(&mut ready);
    assert_eq!(told["status"], "the store fails", "{told}");
    assert!(
        told["store"].as_str().unwrap().contains("job store"),
        "{told}"
    );
    assert!(!told.to_string().contains("jobs.db"), "{told}");
    assert_eq!(json(&mut daemon.get("/v1/system"))["ready"], false);
    assert_eq!(daemon.get("/healthz").status().as_u16(), 200);
}
