//! `POST /v1/vectorize` and `POST /v1/refine`.

use actix_web::{http::header, test::TestRequest};
use chat2svg_protocol::{ByteBudget, FitLimits, Ground, JobKind, PathBudget};
use chat2svg_vector::Raster;

use super::{
    controller::{PICTURE, Submitted},
    front, front_with,
};

const BOUNDARY: &str = "a-boundary";

/// Name, file name if it is a file, content.
type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

fn form(uri: &str, parts: &[Part]) -> TestRequest {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    TestRequest::post()
        .uri(uri)
        .insert_header((
            header::CONTENT_TYPE,
            format!("multipart/form-data; boundary={BOUNDARY}"),
        ))
        .set_payload(body)
}

fn png() -> Vec<u8> {
    Raster::new(2, 2, vec![[200, 30, 30, 255]; 4])
        .unwrap()
        .encode_png()
        .unwrap()
}

#[actix_web::test]
async fn a_picture_becomes_a_job_with_its_target_parsed() {
    let front = front();
    let request = form(
        "/v1/vectorize",
        &[
            ("image", Some("x.png"), &png()),
            ("paths", None, b"64"),
            ("bytes", None, b"9000"),
            ("background", None, b"remove"),
            ("seed", None, b" 9 "),
            ("level", None, b""),
        ],
    );
    let answer = front.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let submitted = front.controller.send(Submitted).await.unwrap();
    let (spec, files) = &submitted[0];
    assert_eq!(*files, 1);
    assert_eq!(spec.options.seed, 9);
    let limits = FitLimits {
        paths: PathBudget::new(64).ok(),
        bytes: ByteBudget::new(9_000).ok(),
    };
    assert_eq!(
        spec.kind,
        JobKind::Vectorize {
            limits,
            ground: Ground::Remove,
            look: Default::default(),
        }
    );
}

#[actix_web::test]
async fn a_template_and_a_target_become_a_job() {
    let front = front();
    let request = form(
        "/v1/refine",
        &[
            ("template", Some("t.svg"), PICTURE.as_bytes()),
            ("target", Some("t.png"), &png()),
            ("add_shapes", None, b"true"),
        ],
    );
    assert_eq!(front.send(request).await.status, 200);
    let submitted = front.controller.send(Submitted).await.unwrap();
    let (spec, files) = &submitted[0];
    assert_eq!(*files, 2);
    assert_eq!(
        spec.kind,
        JobKind::Refine {
            limits: FitLimits::default(),
            add_shapes: true
        }
    );
}

#[actix_web::test]
async fn files_that_cannot_be_used_are_named() {
    let front = front();
    let truncated = &png()[..40];
    let bomb = br#"<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>"#;
    let cases: [(&str, &str, &[u8]); 5] = [
        ("/v1/vectorize", "image", b"this is not a picture"),
        ("/v1/vectorize", "image", truncated),
        ("/v1/vectorize", "image", PICTURE.as_bytes()),
        ("/v1/refine", "template", b"<html></html>"),
        ("/v1/refine", "template", bomb),
    ];
    for (uri, field, content) in cases {
        let target = png();
        let mut parts = vec![(field, Some("file"), content)];
        if uri == "/v1/refine" {
            parts.push(("target", Some("t.png"), &target));
        }
        let problem = front.send(form(uri, &parts)).await.problem(422);
        assert_eq!(problem["code"], "invalid-file", "{problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert!(front.controller.send(Submitted).await.unwrap().is_empty());
}

#[actix_web::test]
async fn forms_with_wrong_fields_are_refused() {
    let front = front();
    let png = png();
    let image = ("image", Some("x.png"), png.as_slice());
    let cases: [(Vec<Part>, &str); 6] = [
        (vec![], "image"),
        (vec![("image", Some("x.png"), b"")], "image"),
        (vec![image, image], "image"),
        (vec![image, ("colour", None, b"red")], "colour"),
        (vec![image, ("paths", None, b"-4")], "paths"),
        (vec![image, ("paths", None, b"100000")], "paths"),
    ];
    for (parts, field) in cases {
        let problem = front.send(form("/v1/vectorize", &parts)).await.problem(422);
        assert_eq!(problem["code"], "invalid-fields");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[actix_web::test]
async fn all_wrong_fields_of_a_form_are_told_at_once() {
    let front = front();
    let large = vec![0; 50_000];
    let parts: [Part; 5] = [
        ("pahts", None, b"4"),
        ("minify", None, b"perhaps"),
        ("picture", Some("x.png"), &large),
        ("seed", None, b"-1"),
        ("level", None, b"LOW"),
    ];
    let problem = front
        .send(form("/v1/vectorize", &parts[..2]))
        .await
        .problem(422);
    let errors = problem["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["pahts", "minify", "image"], "{problem}");
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(detail.contains("did you mean `paths`?"), "{detail}");
    // A large part that nobody asked for ends the reading.
    let problem = front.send(form("/v1/vectorize", &parts)).await.problem(422);
    let errors = problem["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["pahts", "picture", "minify"], "{problem}");
}

#[actix_web::test]
async fn switches_of_forms_may_be_written_in_any_case() {
    let front = front();
    let png = png();
    for value in ["TRUE", "True", "Yes", "ON", "1"] {
        let parts: [Part; 2] = [
            ("image", Some("x.png"), &png),
            ("minify", None, value.as_bytes()),
        ];
        front.send(form("/v1/vectorize", &parts)).await.json();
    }
    let jobs = front.controller.send(Submitted).await.unwrap();
    assert!(jobs.iter().all(|(spec, _)| spec.options.output.minify));
    assert_eq!(jobs.len(), 5);
}

#[actix_web::test]
async fn a_file_over_the_limit_is_413() {
    let front = front_with(|config| config.max_upload_bytes = 10);
    let announced = form("/v1/vectorize", &[("image", Some("x"), &vec![0; 200_000])]);
    assert_eq!(
        front.send(announced).await.problem(413)["code"],
        "too-large"
    );
    let hidden = form("/v1/vectorize", &[("image", Some("x"), &[0; 11])]);
    let problem = front.send(hidden).await.problem(413);
    assert_eq!(problem["errors"][0]["field"], "image");
}

#[actix_web::test]
async fn what_is_no_form_is_refused() {
    let front = front();
    let json = TestRequest::post()
        .uri("/v1/vectorize")
        .set_json(serde_json::json!({}));
    assert_eq!(
        front.send(json).await.problem(415)["code"],
        "unsupported-media-type"
    );
    let broken = TestRequest::post()
        .uri("/v1/refine")
        .insert_header((
            header::CONTENT_TYPE,
            format!("multipart/form-data; boundary={BOUNDARY}"),
        ))
        .set_payload("nothing like a form");
    front.send(broken).await.problem(400);
    let no_boundary = TestRequest::post()
        .uri("/v1/refine")
        .insert_header((header::CONTENT_TYPE, "multipart/form-data"))
        .set_payload("--x--");
    front.send(no_boundary).await.problem(400);
}
