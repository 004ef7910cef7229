//! What the service refuses: each time a problem document, and the service goes on unharmed.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::support::{
    Daemon, HOUSE, assert_svg, claiming_png, disc, folder, header, json, problem, text,
};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn what_is_not_understood_is_refused_by_kind() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let house = HOUSE.as_bytes();
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        daemon.send(method, path, headers, body)
    };
    problem(
        send("POST", "/v1/svg", &[JSON], b"{\"prompt\":"),
        400,
        "malformed-json",
    );
    problem(send("POST", "/v1/svg", &[JSON], b""), 400, "malformed-json");
    problem(
        send("POST", "/v1/svg", &[JSON], b"[1, 2]"),
        422,
        "invalid-fields",
    );
    problem(
        send("POST", "/v1/svg", &[("content-type", "text/plain")], house),
        415,
        "unsupported-media-type",
    );
    problem(
        send("POST", "/v1/vectorize", &[JSON], house),
        415,
        "unsupported-media-type",
    );
    problem(
        send("POST", "/v1/svg", &[JSON, ("accept", "text/html")], house),
        406,
        "not-acceptable",
    );
    let long_key = "k".repeat(300);
    problem(
        send(
            "POST",
            "/v1/svg",
            &[JSON, ("idempotency-key", &long_key)],
            house,
        ),
        400,
        "invalid-header",
    );
    problem(
        send(
            "POST",
            "/v1/svg",
            &[JSON, ("sec-fetch-site", "cross-site")],
            house,
        ),
        403,
        "cross-site",
    );
    for (method, path, allowed) in [
        ("PUT", "/v1/svg", "POST"),
        ("GET", "/v1/svg", "POST"),
        ("POST", "/v1/jobs", "GET"),
        ("DELETE", "/healthz", "GET"),
        ("POST", "/", "GET"),
    ] {
        let answer = send(method, path, &[], b"");
        assert!(
            header(&answer, "allow").contains(allowed),
            "{method} {path}"
        );
        problem(answer, 405, "method-not-allowed");
    }
    let unknown = "/v1/jobs/0190b5a0-0000-7000-8000-000000000000";
    problem(send("GET", "/v2/svg", &[], b""), 404, "not-found");
    problem(
        send("GET", "/assets/../../Cargo.toml", &[], b""),
        404,
        "not-found",
    );
    problem(send("GET", "/v1/jobs/7", &[], b""), 404, "job-not-found");
    for tail in ["", "/events", "/result.svg", "/result.png"] {
        problem(
            send("GET", &format!("{unknown}{tail}"), &[], b""),
            404,
            "job-not-found",
        );
    }
    problem(send("DELETE", unknown, &[], b""), 404, "job-not-found");
    problem(
        send("GET", "/v1/jobs?limit=-2", &[], b""),
        400,
        "invalid-parameter",
    );
    daemon.assert_unharmed();
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    let folder = folder();
    let daemon = Daemon::start(
        folder.path(),
        &[("CHAT2SVG__SERVER__MAX_UPLOAD_BYTES", "100000")],
    );
    let good = disc(64);
    let vectorize =
        |image: &[u8]| daemon.post_form("/v1/vectorize", "wait=60", &[("image", image)]);
    problem(vectorize(b""), 422, "invalid-fields");
    problem(vectorize(b"GIF89a"), 422, "invalid-file");
    problem(vectorize(&good[..good.len() / 2]), 422, "invalid-file");
    let told = problem(
        vectorize(&claiming_png(60_000, 60_000)),
        422,
        "invalid-file",
    );
    assert!(told["detail"].as_str().unwrap().contains("60000"), "{told}");
    problem(vectorize(&vec![0; 150_000]), 413, "too-large");

    let refine = |template: &[u8]| {
        let fields: [(&str, &[u8]); 2] = [("template", template), ("target", &good)];
        daemon.post_form("/v1/refine", "wait=60", &fields)
    };
    let bomb = br#"<!DOCTYPE svg [<!ENTITY b "aa"><!ENTITY a "&b;&b;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>"#;
    for template in [&b"hello"[..], b"<html/>", b"<svg", b"\xff\xfe\0", bomb] {
        problem(refine(template), 422, "invalid-file");
    }
    let form = |fields: &[(&str, &[u8])]| daemon.post_form("/v1/refine", "wait=60", fields);
    problem(form(&[("target", &good)]), 422, "invalid-fields");
    problem(
        form(&[("target", &good), ("target", &good)]),
        422,
        "invalid-fields",
    );
    problem(
        form(&[("paths", b"0"), ("target", &good)]),
        422,
        "invalid-fields",
    );
    problem(form(&[("colour", b"red")]), 422, "invalid-fields");
    daemon.assert_unharmed();

    let script = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" onload="alert(1)"><script>alert(2)</script><circle cx="32" cy="32" r="20" fill="#c22"/></svg>"##;
    let fields: [(&str, &[u8]); 4] = [
        ("template", script),
        ("target", &good),
        ("level", b"minimal"),
        ("deadline_ms", b"60000"),
    ];
    let mut answer = daemon.post_form("/v1/refine", "wait=100", &fields);
    assert_eq!(answer.status().as_u16(), 200);
    let svg = json(&mut answer)["svg_content"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_svg(&svg);
    assert!(!svg.contains("alert") && !svg.contains("script"), "{svg}");
}

#[test]
fn bytes_that_are_not_http_do_no_harm() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    for bytes in [
        &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/svg HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/svg HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut connection = TcpStream::connect(&daemon.address).unwrap();
        connection.write_all(bytes).unwrap();
        connection.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // A reset is an answer as well.
        let _ = connection.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{bytes:?}");
    }
    daemon.assert_unharmed();
}

#[test]
fn more_jobs_than_places_are_turned_away_until_one_is_free() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[("CHAT2SVG__SERVER__MAX_JOBS", "1")]);
    let busy = daemon.submit_long();
    let refused = daemon.post("/v1/svg", &[], HOUSE);
    assert!(!header(&refused, "retry-after").is_empty());
    problem(refused, 503, "overloaded");
    let cancelled = daemon.delete(&format!("/v1/jobs/{busy}"));
    assert_eq!(cancelled.status().as_u16() / 100, 2);
    daemon.wait_for_end(&busy);
    crate::support::wait_until("the place is free again", || {
        daemon.post("/v1/svg", &[], HOUSE).status().as_u16() == 200
    });
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let folder = folder();
    let limits = [
        ("CHAT2SVG__SERVER__RATE_LIMIT__PER_MINUTE", "1"),
        ("CHAT2SVG__SERVER__RATE_LIMIT__BURST", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &limits);
    let first = daemon.post("/v1/svg", &[("prefer", "respond-async")], HOUSE);
    assert_eq!(first.status().as_u16(), 202);
    let told = problem(daemon.post("/v1/svg", &[], HOUSE), 429, "rate-limited");
    assert!(
        told["retry_after"]
            .as_u64()
            .is_some_and(|seconds| seconds >= 1)
    );
}

#[test]
fn results_come_in_the_form_that_is_asked_for() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let mut svg = daemon.post("/v1/svg", &[("accept", "image/svg+xml")], HOUSE);
    assert_eq!(svg.status().as_u16(), 200);
    assert_eq!(header(&svg, "content-type"), "image/svg+xml");
    assert_eq!(header(&svg, "x-content-type-options"), "nosniff");
    let policy = header(&svg, "content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    let location = header(&svg, "content-location").to_owned();
    let drawing = text(&mut svg);
    assert_svg(&drawing);
    assert_eq!(
        text(&mut daemon.get(&format!("{location}/result.svg"))),
        drawing
    );

    let mut png = daemon.post("/v1/svg", &[("accept", "image/png")], HOUSE);
    assert_eq!(header(&png, "content-type"), "image/png");
    assert!(
        png.body_mut()
            .read_to_vec()
            .unwrap()
            .starts_with(b"\x89PNG")
    );

    let narrow = |width: &str| daemon.get(&format!("{location}/result.png?width={width}"));
    let bytes = narrow("100").body_mut().read_to_vec().unwrap();
    assert_eq!(bytes[16..20], 100_u32.to_be_bytes());
    for width in ["0", "-1", "1e9", "99999999"] {
        problem(narrow(width), 400, "invalid-parameter");
    }
    problem(
        daemon.send("POST", &format!("{location}/cancel"), &[], b""),
        409,
        "already-final",
    );
    assert_eq!(daemon.delete(&location).status().as_u16(), 204);
}

#[test]
fn the_pages_load_nothing_from_outside() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let mut parts = vec!["/openapi.json".to_owned(), "/favicon.ico".to_owned()];
    for page in ["/", "/docs"] {
        let mut answer = daemon.get(page);
        assert_eq!(answer.status().as_u16(), 200, "{page}");
        let policy = header(&answer, "content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'"), "{page}: {policy}");
        let html = text(&mut answer);
        for attribute in [
            "src=\"",
            "<link rel=\"stylesheet\" href=\"",
            "rel=\"icon\" type=\"image/svg+xml\" href=\"",
        ] {
            for rest in html.split(attribute).skip(1) {
                let address = rest.split('"').next().unwrap();
                assert!(
                    address.starts_with('/') && !address.starts_with("//"),
                    "{page} loads {address}"
                );
                parts.push(address.to_owned());
            }
        }
    }
    assert!(parts.len() > 5, "{parts:?}");
    for part in parts {
        assert_eq!(daemon.get(&part).status().as_u16(), 200, "{part}");
    }
}
