//! `POST /v1/svg`: answers, waiting, refusals.

use actix_web::{http::header, test::TestRequest};
use chat2svg_protocol::{JobEventKind, JobKind, JobState};
use serde_json::json;

use super::{
    Front,
    controller::{Happen, PICTURE, Submitted},
    front, front_with,
};

fn ask(prompt: &str) -> TestRequest {
    TestRequest::post()
        .uri("/v1/svg")
        .set_json(json!({ "prompt": prompt }))
}

fn raw(body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::post()
        .uri("/v1/svg")
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(body.into())
}

#[actix_web::test]
async fn a_prompt_gives_the_result_document() {
    let answer = front().send(ask("a red fox")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document = answer.json();
    assert_eq!(document["state"], "succeeded");
    assert_eq!(document["svg_content"], PICTURE);
    assert_eq!(document["metadata"]["prompt"], "a red fox");
    assert_eq!(document["id"], answer.header("x-job-id"));
    use base64::Engine as _;
    let png = base64::prelude::BASE64_STANDARD
        .decode(document["base64_image"].as_str().unwrap())
        .unwrap();
    assert!(png.starts_with(b"\x89PNG"));
}

#[actix_web::test]
async fn the_picture_itself_is_served_when_it_is_liked_better() {
    let front = front();
    let svg = front
        .send(ask("x").insert_header((header::ACCEPT, "image/svg+xml")))
        .await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert_eq!(svg.text(), PICTURE);
    assert!(svg.header("content-security-policy").contains("sandbox"));
    let png = front
        .send(ask("x").insert_header((header::ACCEPT, "image/png")))
        .await;
    assert_eq!(png.header("content-type"), "image/png");
    assert!(png.body.starts_with(b"\x89PNG"));
    let none = front
        .send(ask("x").insert_header((header::ACCEPT, "text/html")))
        .await;
    assert_eq!(none.problem(406)["code"], "not-acceptable");
}

#[actix_web::test]
async fn all_options_reach_the_controller() {
    let front = front();
    let request = TestRequest::post().uri("/v1/svg").set_json(json!({
        "prompt": "a boat", "style": "line art", "seed": 7, "deadline_ms": 2000, "level": "low",
        "candidates": 3, "width": 320, "height": 200
    }));
    assert_eq!(front.send(request).await.status, 200);
    let submitted = front.controller.send(Submitted).await.unwrap();
    let (spec, _) = &submitted[0];
    assert_eq!(
        serde_json::to_value(spec).unwrap(),
        json!({
            "kind": { "kind": "generate", "prompt": "a boat", "style": "line-art",
                      "canvas": { "width": 320, "height": 200 }, "candidates": 3 },
            "options": { "seed": 7, "deadline_ms": 2000, "level": "low" }
        })
    );
    assert!(matches!(spec.kind, JobKind::Generate { .. }));
}

#[actix_web::test]
async fn respond_async_gives_202_and_the_way_to_the_job() {
    let front = front();
    let answer = front
        .send(ask("wait").insert_header(("prefer", "respond-async")))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.header("preference-applied"), "respond-async");
    assert_eq!(answer.header("retry-after"), "1");
    let location = answer.header("location");
    assert_eq!(location, answer.json()["links"]["self"]);
    let job = front.send(TestRequest::get().uri(location)).await;
    assert_eq!(job.json()["state"], "queued");
}

#[actix_web::test]
async fn waiting_ends_with_202_when_the_time_is_up() {
    tokio::time::pause();
    let answer = front()
        .send(ask("wait").insert_header(("prefer", "wait=3")))
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), "wait=3");
}

#[actix_web::test]
async fn waiting_ends_with_the_job() {
    let front = front();
    let controller = front.controller.clone();
    let (answer, ()) = tokio::join!(front.send(ask("wait")), async {
        // Until the job is there, then ends it.
        let job = loop {
            tokio::task::yield_now().await;
            let query = chat2svg_protocol::messages::JobsQuery {
                limit: 1,
                before: None,
                owner: None,
            };
            if let Some(view) = controller.send(query).await.unwrap().unwrap().pop() {
                break view.id;
            }
        };
        let state = JobState::Degraded;
        controller
            .send(Happen(job, JobEventKind::Done { state }))
            .await
            .unwrap();
    });
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["state"], "degraded");
}

#[actix_web::test]
async fn a_job_that_fails_is_a_problem_with_its_reason() {
    let front = front();
    let failed = front.send(ask("fail")).await.problem(500);
    assert_eq!(failed["code"], "job-failed");
    assert_eq!(failed["detail"], "nothing was drawn (stage-failed)");
    assert!(failed["job"].is_string());
    assert_eq!(
        front.send(ask("late")).await.problem(504)["code"],
        "deadline-exceeded"
    );
    let unstored = front.send(ask("no store")).await.problem(503);
    assert_eq!(unstored["code"], "unavailable");
}

#[actix_web::test]
async fn a_key_finds_the_first_job_and_guards_against_another_request() {
    let front = front();
    let keyed = |prompt| ask(prompt).insert_header(("idempotency-key", "order-66"));
    let first = front.send(keyed("one")).await;
    let again = front.send(keyed("one")).await;
    assert_eq!(first.header("x-job-id"), again.header("x-job-id"));
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = front.send(keyed("two")).await;
    assert_eq!(other.problem(422)["code"], "idempotency-conflict");
    let long = ask("x").insert_header(("idempotency-key", "k".repeat(300)));
    assert_eq!(
        front.send(long).await.problem(400)["code"],
        "invalid-header"
    );
}

#[actix_web::test]
async fn bad_bodies_are_refused_with_what_is_wrong() {
    let front = front();
    let cases: Vec<(Vec<u8>, u16, &str, &str)> = vec![
        (vec![], 400, "malformed-json", ""),
        (b"{\"prompt\":".to_vec(), 400, "malformed-json", ""),
        (b"{\"prompt\":\"\xff\"}".to_vec(), 400, "malformed-json", ""),
        (
            br#"{"prompt":""}"#.to_vec(),
            422,
            "invalid-fields",
            "prompt",
        ),
        (
            br#"{"prompt":" \n\t "}"#.to_vec(),
            422,
            "invalid-fields",
            "prompt",
        ),
        (
            format!(r#"{{"prompt":"{}"}}"#, "x".repeat(5000)).into_bytes(),
            422,
            "invalid-fields",
            "prompt",
        ),
        (
            br#"{"prompt":"x","size":1}"#.to_vec(),
            422,
            "invalid-fields",
            "size",
        ),
        (
            br#"{"prompt":"x","style":"x"}"#.to_vec(),
            422,
            "invalid-fields",
            "style",
        ),
        (
            br#"{"prompt":"x","seed":-1}"#.to_vec(),
            422,
            "invalid-fields",
            "seed",
        ),
        (
            br#"{"prompt":"x","deadline_ms":1e12}"#.to_vec(),
            422,
            "invalid-fields",
            "deadline_ms",
        ),
        (
            br#"{"prompt":"x","width":100000}"#.to_vec(),
            422,
            "invalid-fields",
            "width",
        ),
        (
            format!(r#"{{"prompt":"{}"}}"#, "x".repeat(1 << 20)).into_bytes(),
            413,
            "too-large",
            "",
        ),
        ("[".repeat(100_000).into_bytes(), 422, "invalid-fields", ""),
    ];
    for (body, status, code, field) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let problem = front.send(raw(body)).await.problem(status);
        assert_eq!(problem["code"], code, "{shown}: {problem}");
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field, "{shown}: {problem}");
        }
    }
    assert!(front.controller.send(Submitted).await.unwrap().is_empty());
}

#[actix_web::test]
async fn an_emoji_is_a_prompt() {
    assert_eq!(front().send(ask("🦊🌳")).await.status, 200);
}

#[actix_web::test]
async fn other_content_types_are_refused() {
    let front = front();
    let plain = TestRequest::post()
        .uri("/v1/svg")
        .insert_header((header::CONTENT_TYPE, "text/plain"))
        .set_payload("a fox");
    assert_eq!(
        front.send(plain).await.problem(415)["code"],
        "unsupported-media-type"
    );
    let none = TestRequest::post().uri("/v1/svg").set_payload("{}");
    front.send(none).await.problem(415);
    let charset = raw(r#"{"prompt":"x"}"#)
        .insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"));
    assert_eq!(front.send(charset).await.status, 200);
}

#[actix_web::test]
async fn no_place_is_503_and_places_come_back() {
    let front = front_with(|config| config.max_jobs = 1);
    let hold = front
        .send(ask("wait").insert_header(("prefer", "respond-async")))
        .await;
    let shed = front.send(ask("x")).await.problem(503);
    assert_eq!(shed["code"], "overloaded");
    assert!(shed["retry_after"].is_u64());
    cancel(&front, hold.header("location")).await;
    assert_eq!(front.send(ask("x")).await.status, 200);
}

async fn cancel(front: &Front, location: &str) {
    let answer = front.send(TestRequest::delete().uri(location)).await;
    assert_eq!(answer.status, 202);
}

#[actix_web::test]
async fn a_client_over_its_quota_gets_429_by_its_own_address() {
    let front = front_with(|config| {
        config.rate_limit.per_minute = 1;
        config.rate_limit.burst = 1;
        config.trust_forwarded_for = true;
    });
    let from = |address: &str| ask("x").insert_header(("x-forwarded-for", address));
    assert_eq!(front.send(from("10.0.0.1")).await.status, 200);
    let problem = front.send(from("1.2.3.4, 10.0.0.1")).await.problem(429);
    assert_eq!(problem["code"], "rate-limited");
    assert_eq!(front.send(from("10.0.0.2")).await.status, 200);
}

#[actix_web::test]
async fn another_web_site_cannot_send_jobs() {
    let front = front();
    let request = ask("x").insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(front.send(request).await.problem(403)["code"], "cross-site");
    let own = ask("x").insert_header(("sec-fetch-site", "same-origin"));
    assert_eq!(front.send(own).await.status, 200);
}

#[actix_web::test]
async fn a_controller_that_dies_is_an_honest_503() {
    let front = front();
    let problem = front.send(ask("panic")).await.problem(503);
    assert_eq!(problem["code"], "unavailable");
}

#[actix_web::test]
async fn closed_doors_are_503_and_waiting_clients_are_sent_to_their_job() {
    let front = front();
    let waiting = front.send(ask("wait"));
    let stop = async {
        tokio::task::yield_now().await;
        front.shared.stopping.cancel();
    };
    let (answer, ()) = tokio::join!(waiting, stop);
    assert_eq!(answer.status, 202);
    front.shared.admission.close();
    assert_eq!(
        front.send(ask("x")).await.problem(503)["code"],
        "shutting-down"
    );
}

#[actix_web::test]
async fn the_job_of_a_client_that_leaves_is_cancelled() {
    let front = front();
    {
        let request = front.send(ask("wait"));
        tokio::pin!(request);
        // As far as the request comes without an end of the job.
        for _ in 0..50 {
            tokio::select! {
                biased;
                _ = &mut request => panic!("the job has not ended"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let query = chat2svg_protocol::messages::JobsQuery {
        limit: 1,
        before: None,
        owner: None,
    };
    let view = front.controller.send(query).await.unwrap().unwrap().pop();
    assert_eq!(view.unwrap().state, JobState::Cancelled);
}
