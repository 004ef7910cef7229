//! The web page, the documentation and the OpenAPI document.

use actix_web::{
    http::{Method, header},
    test::TestRequest,
};
use serde_json::Value;

use super::{front, front_with};

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix_web::test]
async fn pages_and_their_parts_are_served_with_a_strict_policy() {
    let front = front();
    for (uri, kind) in [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/assets/app.css", "text/css"),
        ("/assets/app.js", "text/javascript"),
        ("/favicon.ico", "image/svg+xml"),
    ] {
        let answer = front.send(get(uri)).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert!(answer.header("content-type").starts_with(kind), "{uri}");
        assert!(!answer.body.is_empty(), "{uri}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let known = get(uri).insert_header((header::IF_NONE_MATCH, answer.header("etag")));
        let unchanged = front.send(known).await;
        assert_eq!(unchanged.status, 304);
        // It would replace the kept page's policy.
        assert_eq!(unchanged.header("content-security-policy"), "");
    }
    let head = front.send(get("/").method(Method::HEAD)).await;
    assert_eq!(head.status, 200);
}

#[actix_web::test]
async fn a_first_visit_takes_less_than_sixty_kilobytes() {
    let front = front();
    let mut waiting = vec!["/".to_owned()];
    let mut seen = Vec::new();
    let mut total = 0;
    while let Some(uri) = waiting.pop() {
        if seen.contains(&uri) {
            continue;
        }
        let text = front.send(get(&uri)).await;
        if text.header("content-type").starts_with("text/") {
            // What is linked, and what scripts import before anything is done.
            let text = text.text();
            let links = text.split(['"', '\'']);
            let links = links.filter(|part| part.starts_with("/assets/"));
            let imports = text.split(" from './").skip(1);
            let imports = imports.filter_map(|rest| rest.split('\'').next());
            waiting.extend(imports.map(|name| format!("/assets/{name}")));
            waiting.extend(links.map(str::to_owned));
        }
        let packed = get(&uri).insert_header((header::ACCEPT_ENCODING, "gzip"));
        let answer = front.send(packed).await;
        assert_eq!(answer.status, 200, "{uri}");
        total += answer.body.len();
        seen.push(uri);
    }
    let has = |part: &str| seen.iter().any(|uri| uri.ends_with(part));
    assert!(has("/stage.js") && has("/app.css") && has("/fox.webp"));
    assert!(!has("/layers.js") && !has("/result.css"), "{seen:?}");
    assert!(!has("/keys.js") && !has("/keys.css"), "{seen:?}");
    assert!(total < 60_000, "{total} bytes");
}

#[actix_web::test]
async fn the_openapi_document_is_the_committed_one() {
    let answer = front().send(get("/openapi.json")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    insta::assert_snapshot!("openapi", answer.text());
}

#[actix_web::test]
async fn the_openapi_document_states_the_limits_that_are_configured() {
    let front = front_with(|config| {
        config.max_prompt_chars = 77;
        config.max_upload_bytes = 7_777;
        config.max_deadline_ms = 77_777;
        config.max_png_width = 777;
    });
    let document = front.send(get("/openapi.json")).await.json();
    let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_u64);
    let fields = "/components/schemas";
    for (pointer, limit) in [
        (
            format!("{fields}/SvgRequest/properties/prompt/maxLength"),
            77,
        ),
        (
            format!("{fields}/SvgRequest/properties/deadline_ms/maximum"),
            77_777,
        ),
        (
            format!("{fields}/VectorizeForm/properties/image/maxLength"),
            7_777,
        ),
        (
            format!("{fields}/VectorizeForm/properties/deadline_ms/maximum"),
            77_777,
        ),
        (
            format!("{fields}/RefineForm/properties/template/maxLength"),
            7_777,
        ),
        (
            format!("{fields}/RefineForm/properties/target/maxLength"),
            7_777,
        ),
        ("/x-limits/png_width".to_owned(), 777),
        ("/x-limits/headers".to_owned(), 96),
    ] {
        assert_eq!(at(&pointer), Some(limit), "{pointer}");
    }
    let png = &document["paths"]["/v1/jobs/{id}/result.png"]["get"]["parameters"];
    let width = png
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["name"] == "width");
    assert_eq!(width.unwrap()["schema"]["maximum"], 777);
    let events =
        "/paths/~1v1~1jobs~1{id}~1events/get/responses/200/content/text~1event-stream/schema/$ref";
    assert_eq!(
        document.pointer(events).unwrap(),
        "#/components/schemas/JobEventData"
    );
}

#[actix_web::test]
async fn every_reference_in_the_openapi_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::String(text) if key == "$ref" => found.push(text),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = front().send(get("/openapi.json")).await.json();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[actix_web::test]
async fn the_documented_addresses_are_the_served_ones() {
    let front = front();
    let document = front.send(get("/openapi.json")).await.json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let uri = path
                .replace("{id}", "018f0000-0000-7000-8000-000000000000")
                .replace("{stage}", "detail")
                .replace("{backend}", "embedded");
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let (answer, _) = front
                .open(TestRequest::default().method(method.clone()).uri(&uri))
                .await;
            // A job that is not there is a 404 of its own, seen elsewhere.
            let served = answer.status != 405 && (answer.status != 404 || path.contains("{id}"));
            assert!(served, "{method} {path}: {}", answer.status);
        }
    }
}
