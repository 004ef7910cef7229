//! Jobs and their results.

use actix_web::{http::header, test::TestRequest};
use serde_json::json;

use super::{Front, controller::PICTURE, front};

async fn start(front: &Front, prompt: &str) -> String {
    let request = TestRequest::post()
        .uri("/v1/svg")
        .insert_header(("prefer", "respond-async"))
        .set_json(json!({ "prompt": prompt }));
    front.send(request).await.header("location").to_owned()
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn jobs_are_listed_newest_first_in_pages() {
    let front = front();
    for name in ["a", "b", "c"] {
        start(&front, name).await;
    }
    let prompts = |page: &serde_json::Value| -> Vec<String> {
        page["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["request"]["prompt"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = front.send(get("/v1/jobs?limit=2")).await.json();
    assert_eq!(prompts(&first), ["c", "b"]);
    let second = front
        .send(get(first["next"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(prompts(&second), ["a"]);
    assert!(second.get("next").is_none());
}

#[actix_web::test]
async fn bad_parameters_are_400() {
    let front = front();
    let job = start(&front, "x").await;
    let cases = [
        "/v1/jobs?limit=0".to_owned(),
        "/v1/jobs?limit=1000".to_owned(),
        "/v1/jobs?limit=x".to_owned(),
        "/v1/jobs?before=x".to_owned(),
        "/v1/jobs?offset=3".to_owned(),
        format!("{job}/result.png?width=0"),
        format!("{job}/result.png?width=99999"),
        format!("{job}/result.png?height=4"),
    ];
    for uri in cases {
        let problem = front.send(get(&uri)).await.problem(400);
        assert_eq!(problem["code"], "invalid-parameter", "{uri}");
    }
}

#[actix_web::test]
async fn a_finished_job_shows_its_request_metadata_and_links() {
    let front = front();
    let job = start(&front, "a boat").await;
    let answer = front.send(get(&job)).await;
    let shown = answer.json();
    assert_eq!(shown["state"], "succeeded");
    assert_eq!(shown["request"]["kind"], "generate");
    assert_eq!(shown["request"]["width"], 512);
    assert_eq!(shown["metadata"]["tier"], "full");
    assert_eq!(shown["links"]["svg"], format!("{job}/result.svg"));
    assert_eq!(answer.header("retry-after"), "");
}

#[actix_web::test]
async fn results_are_served_as_pictures_that_may_be_kept() {
    let front = front();
    let job = start(&front, "x").await;
    let svg = front.send(get(&format!("{job}/result.svg"))).await;
    assert_eq!(svg.text(), PICTURE);
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert_eq!(svg.header("x-content-type-options"), "nosniff");
    assert_eq!(
        svg.header("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    );
    let known = get(&format!("{job}/result.svg"))
        .insert_header((header::IF_NONE_MATCH, svg.header("etag")));
    assert_eq!(front.send(known).await.status, 304);
    let png = front
        .send(get(&format!("{job}/result.png?width=100")))
        .await;
    assert_eq!(png.header("content-type"), "image/png");
    // Width and height in the PNG's header.
    assert_eq!(&png.body[16..24], &[0, 0, 0, 100, 0, 0, 0, 50]);
}

#[actix_web::test]
async fn a_job_without_result_says_why() {
    let front = front();
    let waiting = start(&front, "wait").await;
    let problem = front
        .send(get(&format!("{waiting}/result.svg")))
        .await
        .problem(409);
    assert_eq!(problem["code"], "not-finished");
    let failed = start(&front, "fail").await;
    let problem = front
        .send(get(&format!("{failed}/result.png")))
        .await
        .problem(500);
    assert_eq!(problem["code"], "job-failed");
}

#[actix_web::test]
async fn cancelling_works_once() {
    let front = front();
    let job = start(&front, "wait").await;
    let first = front.send(TestRequest::delete().uri(&job)).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.json()["state"], "cancelled");
    let cancel = || TestRequest::post().uri(&format!("{job}/cancel"));
    let again = front.send(cancel()).await.problem(409);
    assert_eq!(again["code"], "already-final");
    let result = front
        .send(get(&format!("{job}/result.svg")))
        .await
        .problem(409);
    assert_eq!(result["code"], "job-cancelled");
    let other = start(&front, "wait").await;
    let cancel = TestRequest::post().uri(&format!("{other}/cancel"));
    assert_eq!(front.send(cancel).await.status, 202);
}

#[actix_web::test]
async fn a_job_that_has_ended_is_removed() {
    let front = front();
    let job = start(&front, "a boat").await;
    let gone = front.send(TestRequest::delete().uri(&job)).await;
    assert_eq!((gone.status, gone.text()), (204, ""));
    for tail in ["", "/events", "/result.svg", "/result.png"] {
        let problem = front.send(get(&format!("{job}{tail}"))).await.problem(404);
        assert_eq!(problem["code"], "job-not-found", "{tail}");
    }
    front
        .send(TestRequest::delete().uri(&job))
        .await
        .problem(404);
}

#[actix_web::test]
async fn unknown_jobs_are_404_everywhere() {
    let front = front();
    for id in [
        "018f0000-0000-7000-8000-000000000000",
        "nonsense",
        "%00",
        "..%2f",
    ] {
        for tail in ["", "/events", "/result.svg", "/result.png"] {
            let problem = front.send(get(&format!("/v1/jobs/{id}{tail}"))).await;
            assert_eq!(problem.problem(404)["code"], "job-not-found", "{id}{tail}");
        }
        let request = TestRequest::delete().uri(&format!("/v1/jobs/{id}"));
        assert_eq!(
            front.send(request).await.problem(404)["code"],
            "job-not-found"
        );
    }
}
