//! OpenAI's images API: shapes, formats, errors.

use actix_web::test::TestRequest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    controller::{PICTURE, Submitted},
    front,
};

fn ask(body: &Value) -> TestRequest {
    TestRequest::post()
        .uri("/v1/images/generations")
        .set_json(body)
}

fn decoded(picture: &Value) -> Vec<u8> {
    let text = picture["b64_json"].as_str().unwrap();
    BASE64_STANDARD.decode(text).unwrap()
}

#[actix_web::test]
async fn a_picture_comes_in_the_format_that_was_asked_for() {
    let front = front();
    for (format, begins) in [
        (None, &b"\x89PNG"[..]),
        (Some("png"), b"\x89PNG"),
        (Some("jpeg"), b"\xff\xd8\xff"),
        (Some("webp"), b"RIFF"),
        (Some("svg"), b"<svg"),
    ] {
        let body = json!({ "model": "gpt-image-1", "prompt": "a fox", "output_format": format });
        let answer = front.send(ask(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let pictures = answer.json();
        assert_eq!(pictures["output_format"], format.unwrap_or("png"));
        assert_eq!(pictures["size"], "512x512");
        assert!(pictures["created"].as_i64().unwrap() > 0);
        let picture = &pictures["data"][0];
        assert!(decoded(picture).starts_with(begins), "{format:?}");
        if format == Some("svg") {
            assert_eq!(picture["svg"], PICTURE);
            assert_eq!(picture["mime_type"], "image/svg+xml");
        }
    }
}

#[actix_web::test]
async fn names_of_openai_become_a_job() {
    let front = front();
    let body = json!({
        "model": "gpt-image-2", "prompt": "a boat", "n": 2, "size": "1024x768", "quality": "low",
        "background": "transparent", "style": "vivid", "moderation": "low", "user": "ann", "seed": 5
    });
    let answer = front.send(ask(&body)).await;
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(answer.json()["background"], "transparent");
    let submitted = front.controller.send(Submitted).await.unwrap();
    let specs: Vec<Value> = submitted
        .iter()
        .map(|(spec, _)| serde_json::to_value(spec).unwrap())
        .collect();
    assert_eq!(specs[0]["kind"]["background"], "transparent");
    assert_eq!(
        specs[0]["kind"]["canvas"],
        json!({ "width": 1024, "height": 768 })
    );
    assert_eq!(specs[0]["options"]["level"], "low");
    let seeds: Vec<&Value> = specs.iter().map(|spec| &spec["options"]["seed"]).collect();
    assert_eq!(seeds, [5, 6]);
}

#[actix_web::test]
async fn an_address_is_given_to_those_who_want_one() {
    let front = front();
    for body in [
        json!({ "prompt": "a fox", "response_format": "url", "output_format": "svg" }),
        json!({ "prompt": "a fox", "model": "dall-e-3", "output_format": "svg" }),
    ] {
        let answer = front.send(ask(&body)).await.json();
        let url = answer["data"][0]["url"].as_str().unwrap();
        assert!(
            url.starts_with("http://") && url.ends_with("/result.svg"),
            "{url}"
        );
        let path = url.split_once("/v1/").unwrap().1;
        let request = TestRequest::get().uri(&format!("/v1/{path}"));
        assert_eq!(front.send(request).await.text(), PICTURE);
    }
}

#[actix_web::test]
async fn errors_have_openais_shape() {
    let front = front();
    for (body, param) in [
        (json!({ "prompt": " " }), json!("prompt")),
        (json!({ "prompt": "x", "n": 11 }), json!("n")),
        (json!({ "prompt": "x", "size": "huge" }), json!("size")),
        (
            json!({ "prompt": "x", "quality": "ultra" }),
            json!("quality"),
        ),
        (
            json!({ "prompt": "x", "output_format": "gif" }),
            json!("output_format"),
        ),
        (
            json!({ "prompt": "x", "output_format": "webp", "response_format": "url" }),
            json!("response_format"),
        ),
        (json!({ "prompt": 7 }), json!("prompt")),
        (json!({}), json!("prompt")),
    ] {
        let answer = front.send(ask(&body)).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["type"], "invalid_request_error", "{body}");
        assert_eq!(error["param"], param, "{body}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let request = TestRequest::post()
        .uri("/v1/images/generations")
        .set_payload("prompt=x");
    let answer = front.send(request).await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.json()["error"]["code"], "unsupported-media-type");
}

#[actix_web::test]
async fn a_stream_ends_with_the_picture() {
    let front = front();
    let body =
        json!({ "prompt": "a fox", "stream": true, "partial_images": 2, "output_format": "svg" });
    let answer = front.send(ask(&body)).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    let last = text
        .trim_end()
        .rsplit_once("event: image_generation.completed\ndata: ");
    let event: Value = serde_json::from_str(last.expect(text).1).unwrap();
    assert_eq!(event["type"], "image_generation.completed");
    assert_eq!(decoded(&event), PICTURE.as_bytes());
    assert_eq!(event["svg"], PICTURE);
}

#[actix_web::test]
async fn there_is_one_model_and_it_answers_to_any_name() {
    let front = front();
    let list = front
        .send(TestRequest::get().uri("/v1/models"))
        .await
        .json();
    assert_eq!(list["object"], "list");
    assert_eq!(list["data"][0]["id"], "chat2svg");
    let one = front
        .send(TestRequest::get().uri("/v1/models/gpt-image-1"))
        .await
        .json();
    assert_eq!(one["id"], "gpt-image-1");
}

/// A form with files and texts, for edits.
fn form(fields: &[(&str, &[u8])]) -> TestRequest {
    let mut body = Vec::new();
    for (name, content) in fields {
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    TestRequest::post()
        .uri("/v1/images/edits")
        .insert_header(("content-type", "multipart/form-data; boundary=edge"))
        .set_payload(body)
}

fn edit(body: &Value) -> TestRequest {
    TestRequest::post().uri("/v1/images/edits").set_json(body)
}

fn png() -> Vec<u8> {
    let raster = chat2svg_vector::Raster::filled(9, 9, [200, 40, 30, 255]).unwrap();
    raster.encode_png().unwrap()
}

fn address(kind: &str, bytes: &[u8]) -> String {
    format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

#[actix_web::test]
async fn an_edit_is_a_picture_vectorized_or_an_svg_fitted_to_it() {
    let front = front();
    let (png, svg) = (png(), PICTURE.as_bytes());
    let (image, drawing) = (address("png", &png), address("svg+xml", svg));
    let requests = [
        (
            form(&[
                ("image", &png),
                ("prompt", b"as an SVG"),
                ("n", b"1"),
                ("output_format", b"svg"),
            ]),
            "vectorize",
        ),
        (
            form(&[
                ("image[]", &png),
                ("image[]", svg),
                ("output_format", b"svg"),
            ]),
            "refine",
        ),
        (
            edit(
                &json!({ "prompt": "x", "image": image, "output_format": "svg", "background": "transparent" }),
            ),
            "vectorize",
        ),
        (
            edit(
                &json!({ "images": [{ "image_url": image }, { "image_url": drawing }], "output_format": "svg" }),
            ),
            "refine",
        ),
        (
            edit(
                &json!({ "image": [image, PICTURE], "output_format": "svg", "quality": "low", "seed": 3 }),
            ),
            "refine",
        ),
    ];
    let count = requests.len();
    for (request, kind) in requests {
        let answer = front.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let picture = &answer.json()["data"][0];
        assert_eq!(picture["svg"], PICTURE);
        let said = picture["revised_prompt"].as_str().unwrap();
        assert!(said.contains("words do not change"), "{said}");
        let submitted = front.controller.send(Submitted).await.unwrap();
        let (spec, files) = submitted.last().unwrap();
        assert_eq!(spec.kind.name(), kind);
        assert_eq!(*files, if kind == "refine" { 2 } else { 1 });
    }
    let submitted = front.controller.send(Submitted).await.unwrap();
    assert_eq!(submitted.len(), count);
    let removed = serde_json::to_value(&submitted[2].0).unwrap();
    assert_eq!(removed["kind"]["ground"], "remove");
    let last = serde_json::to_value(&submitted[count - 1].0.options).unwrap();
    assert_eq!((&last["seed"], &last["level"]), (&json!(3), &json!("low")));
}

#[actix_web::test]
async fn what_no_edit_does_here_is_said_with_the_field() {
    let front = front();
    let png = png();
    let image = address("png", &png);
    for (request, param, told) in [
        (edit(&json!({ "prompt": "x" })), "image", "missing"),
        (
            edit(&json!({ "prompt": "make it blue", "image": PICTURE })),
            "image",
            "no model here changes an SVG by words",
        ),
        (
            edit(&json!({ "image": [image, image] })),
            "image",
            "one picture is taken",
        ),
        (
            edit(&json!({ "image": image, "mask": { "image_url": image } })),
            "mask",
            "leave the mask out",
        ),
        (
            form(&[("image", &png), ("mask", &png)]),
            "mask",
            "leave the mask out",
        ),
        (edit(&json!({ "image": image, "n": 2 })), "n", "must be 1"),
        (
            edit(&json!({ "image": image, "background": "red" })),
            "background",
            "transparent",
        ),
        (
            edit(&json!({ "images": [{ "file_id": "file-1" }] })),
            "images",
            "no stored files",
        ),
        (
            edit(&json!({ "image": "https://example.org/a.png" })),
            "image",
            "not fetched",
        ),
        (edit(&json!({ "image": "Zm94" })), "image", "not"),
        (form(&[("image", &png), ("seed", b"x")]), "seed", "x"),
    ] {
        let answer = front.send(request).await;
        let error = &answer.json()["error"];
        assert!((400..500).contains(&answer.status), "{error}");
        assert_eq!(error["type"], "invalid_request_error", "{error}");
        assert_eq!(error["param"], param, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(told), "{message}");
    }
    let request = TestRequest::post()
        .uri("/v1/images/edits")
        .set_payload("image=x");
    let answer = front.send(request).await;
    assert_eq!(answer.json()["error"]["code"], "unsupported-media-type");
}

#[actix_web::test]
async fn a_streamed_edit_has_events_of_its_own() {
    let front = front();
    let png = png();
    let request = form(&[
        ("image", &png),
        ("stream", b"true"),
        ("output_format", b"svg"),
    ]);
    let answer = front.send(request).await;
    let text = answer.text();
    let last = text
        .trim_end()
        .rsplit_once("event: image_edit.completed\ndata: ");
    let event: Value = serde_json::from_str(last.expect(text).1).unwrap();
    assert_eq!(event["type"], "image_edit.completed");
    assert_eq!(event["svg"], PICTURE);
}
