//! The system's state, probes, metrics, and what happens around every request.

use std::sync::atomic::Ordering;

use actix_web::{http::Method, test::TestRequest};

use super::{
    controller::{NoCredit, StoreFails},
    front,
};

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn the_system_shows_everything() {
    let shown = front().send(get("/v1/system")).await.json();
    assert_eq!(shown["ready"], true);
    assert_eq!(shown["resources"]["level"], "high");
    assert_eq!(shown["queue"]["queued"], 3);
    assert_eq!(shown["circuits"][0]["state"], "open");
    assert_eq!(shown["line_up"][0]["backend"], "openai");
    assert_eq!(shown["line_up"][0]["model"], "a-model");
    assert_eq!(shown["admission"]["capacity"], 256);
    assert_eq!(shown["actors"][0]["name"], "controller");
    assert_eq!(shown["limits"]["prompt_chars"], 2000);
}

fn put(uri: &str, body: &'static str) -> TestRequest {
    TestRequest::put()
        .uri(uri)
        .peer_addr("127.0.0.1:4000".parse().unwrap())
        .insert_header(("content-type", "application/json"))
        .set_payload(body)
}

#[actix_web::test]
async fn a_circuit_is_held_by_our_own_page_and_by_programs_only() {
    let front = front();
    let address = "/v1/circuits/detail/embedded";
    for mode in ["open", "closed", "automatic"] {
        let body = match mode {
            "open" => r#"{"mode": "open"}"#,
            "closed" => r#"{"mode": "closed"}"#,
            _ => r#"{"mode": "automatic"}"#,
        };
        let answer = front.send(put(address, body)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["mode"], mode);
    }
    let open = r#"{"mode": "open"}"#;
    let foreign = put(address, open).insert_header(("origin", "http://evil.test"));
    assert_eq!(front.send(foreign).await.problem(403)["code"], "cross-site");
    for elsewhere in [
        put(address, open).peer_addr("192.0.2.7:4000".parse().unwrap()),
        put(address, open).insert_header(("x-forwarded-for", "192.0.2.7")),
    ] {
        let problem = front.send(elsewhere).await.problem(403);
        assert_eq!(problem["code"], "local-only");
    }
    for unknown in [
        "/v1/circuits/template/embedded",
        "/v1/circuits/nothing/embedded",
        "/v1/circuits/detail/Not%20A%20Name",
    ] {
        let problem = front.send(put(unknown, open)).await.problem(404);
        assert_eq!(problem["code"], "circuit-not-found", "{unknown}");
    }
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[\"open\"]", 422),
        ("{}", 422),
        (r#"{"mode": "ajar"}"#, 422),
        (r#"{"mode": "open", "until": 3}"#, 422),
    ] {
        let answer = front.send(put(address, body)).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let form = put(address, "mode=open").insert_header(("content-type", "text/plain"));
    front.send(form).await.problem(415);
}

#[actix_web::test]
async fn readiness_follows_the_actors_and_the_doors() {
    let front = front();
    assert_eq!(front.send(get("/readyz")).await.status, 200);
    front.alive.store(false, Ordering::Relaxed);
    let away = front.send(get("/readyz")).await;
    assert_eq!(away.status, 503);
    assert_eq!(away.json()["away"][0], "controller");
    front.alive.store(true, Ordering::Relaxed);
    front.shared.admission.close();
    assert_eq!(front.send(get("/readyz")).await.status, 503);
    assert_eq!(front.send(get("/healthz")).await.status, 200);
}

#[actix_web::test]
async fn readiness_names_backends_that_wait_for_somebody() {
    let front = front();
    let ready = front.send(get("/readyz")).await;
    assert_eq!(
        ready.json()["blocked"],
        serde_json::json!([]),
        "failures pass"
    );
    front.controller.send(NoCredit).await.unwrap();
    let ready = front.send(get("/readyz")).await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &"ready".into())
    );
    let blocked = &ready.json()["blocked"];
    assert_eq!(blocked.as_array().map(Vec::len), Some(1), "{blocked}");
    assert_eq!(blocked[0]["stage"], "detail");
    assert_eq!(blocked[0]["backend"], "embedded");
    assert!(blocked[0]["remedy"].as_str().unwrap().contains("credit"));
    assert!(
        !ready.text().contains("no connection"),
        "a provider's words stay inside"
    );
}

#[actix_web::test]
async fn readiness_fails_with_the_store_and_says_why_without_paths() {
    tokio::time::pause();
    let front = front();
    let full = "the disk that holds /var/lib/secret.db is full: make space";
    front.controller.send(StoreFails(Some(full))).await.unwrap();
    for _ in 0..5 {
        let answer = front.send(get("/readyz")).await;
        assert_eq!(answer.status, 503);
        assert_eq!(
            answer.json()["store"],
            "the disk with the job store is full"
        );
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
    let shown = front.send(get("/v1/system")).await.json();
    assert_eq!(shown["ready"], false);
    assert_eq!(shown["store"], "the disk with the job store is full");
    let probed = front.controller.send(StoreFails(None)).await.unwrap();
    assert_eq!(probed, 1, "probes that come together share one look");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let answer = front.send(get("/readyz")).await;
    assert_eq!(
        (answer.status, answer.json()["store"].is_null()),
        (200, true)
    );
}

#[actix_web::test]
async fn metrics_show_requests_and_state() {
    let front = front();
    front.send(get("/healthz")).await;
    let answer = front.send(get("/metrics")).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    for line in [
        r#"chat2svg_http_requests_total{method="GET",route="/healthz",status="200"}"#,
        "chat2svg_jobs_queued 3",
        r#"chat2svg_circuit_open{stage="detail",backend="embedded"} 1"#,
        r#"chat2svg_circuit_window_calls{stage="detail",backend="embedded",end="failed"} 5"#,
        "chat2svg_resource_level 3",
        "chat2svg_process_memory_bytes 33554432",
        r#"chat2svg_load{minutes="1"} 1.5"#,
        r#"chat2svg_pressure_ratio{resource="memory",threads="all"} 0.25"#,
        r#"chat2svg_gpu_used_ratio{gpu="0"} 0.5"#,
        r#"chat2svg_gpu_memory_used_bytes{gpu="0"} 1073741824"#,
        "chat2svg_http_request_duration_seconds_bucket",
    ] {
        assert!(answer.text().contains(line), "{line} in\n{}", answer.text());
    }
}

#[actix_web::test]
async fn a_harmless_request_id_is_kept_and_another_is_replaced() {
    let front = front();
    let kept = front
        .send(get("/healthz").insert_header(("x-request-id", "trace-42")))
        .await;
    assert_eq!(kept.header("x-request-id"), "trace-42");
    for bad in ["", "a b", "<script>", &"x".repeat(200)] {
        let answer = front
            .send(get("/nowhere").insert_header(("x-request-id", bad)))
            .await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{bad}");
        answer.problem(404);
    }
}

#[actix_web::test]
async fn nothing_is_a_404_and_a_wrong_method_a_405_that_names_the_right_ones() {
    let front = front();
    for uri in [
        "/nowhere",
        "/v1",
        "/v2/svg",
        "/v1/svg/",
        "/assets/nothing.js",
        "/assets/../x",
    ] {
        assert_eq!(
            front.send(get(uri)).await.problem(404)["code"],
            "not-found",
            "{uri}"
        );
    }
    for (uri, method, allow) in [
        ("/v1/svg", Method::GET, "POST"),
        ("/v1/jobs", Method::POST, "GET, HEAD"),
        ("/v1/system", Method::PUT, "GET, HEAD"),
        ("/v1/circuits/detail/embedded", Method::GET, "PUT"),
        ("/", Method::PATCH, "GET, HEAD"),
    ] {
        let answer = front
            .send(TestRequest::default().method(method).uri(uri))
            .await;
        assert_eq!(answer.problem(405)["code"], "method-not-allowed");
        assert_eq!(answer.header("allow"), allow);
    }
}

#[actix_web::test]
async fn a_panic_in_a_handler_is_a_500_and_harms_nothing() {
    let front = front();
    let shared = std::sync::Arc::clone(&front.shared);
    let app = actix_web::App::new()
        .wrap(actix_web::middleware::from_fn(crate::middleware::surround))
        .app_data(actix_web::web::Data::from(shared))
        .route(
            "/panic",
            actix_web::web::get().to(|| async {
                if true {
                    panic!("a secret of the handler");
                }
                "never"
            }),
        )
        .route("/fine", actix_web::web::get().to(|| async { "fine" }));
    let service = actix_web::test::init_service(app).await;
    use actix_web::dev::Service as _;
    let error = service
        .call(
            get("/panic")
                .insert_header(("host", "localhost"))
                .to_request(),
        )
        .await
        .err()
        .unwrap();
    let response = error.as_response_error().error_response();
    assert_eq!(response.status(), 500);
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "internal");
    assert!(!problem["request_id"].as_str().unwrap().is_empty());
    assert!(!problem.to_string().contains("secret"));
    let response = service
        .call(
            get("/fine")
                .insert_header(("host", "localhost"))
                .to_request(),
        )
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
