//! Recraft's and Quiver's names, and many pictures in one ZIP file.

use actix_web::test::TestRequest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    Answer, Front,
    controller::{PICTURE, Submitted},
    front, front_with,
};

async fn post(front: &Front, path: &str, body: &Value) -> Answer {
    front
        .send(TestRequest::post().uri(path).set_json(body))
        .await
}

fn png() -> String {
    let raster = chat2svg_vector::Raster::filled(9, 9, [200, 40, 30, 255]).unwrap();
    BASE64_STANDARD.encode(raster.encode_png().unwrap())
}

fn address() -> String {
    format!("data:image/png;base64,{}", png())
}

/// What was handed over last.
async fn last(front: &Front) -> Value {
    let submitted = front.controller.send(Submitted).await.unwrap();
    serde_json::to_value(&submitted.last().unwrap().0).unwrap()
}

#[actix_web::test]
async fn recrafts_controls_become_those_of_the_fit() {
    let front = front();
    let body = json!({
        "image_url": address(), "response_format": "b64_json", "limit_num_shapes": "on",
        "max_num_shapes": 40, "return_gradients": "off", "small_shape_filter": "on",
        "svg_compression": "on", "strict_color_palette": [[255, 0, 0], [0, 0, 255]],
        "shape_stacking": "hierarchical", "random_seed": 4,
    });
    let answer = post(&front, "/v1/images/vectorize", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let image = &answer.json()["image"];
    let svg = BASE64_STANDARD.decode(image["b64_json"].as_str().unwrap());
    assert_eq!(svg.unwrap(), PICTURE.as_bytes());
    assert!(!image["image_id"].as_str().unwrap().is_empty());
    let spec = last(&front).await;
    assert_eq!(spec["kind"]["paths"], 40);
    assert_eq!(
        spec["kind"]["look"],
        json!({ "gradients": false, "small_shapes": false })
    );
    assert_eq!(
        spec["options"]["palette"],
        json!({ "colors": ["#ff0000", "#0000ff"], "strict": true })
    );
    assert_eq!(spec["options"]["output"]["minify"], true);
    assert_eq!(spec["options"]["seed"], 4);

    let body = json!({ "image_url": address(), "color_reduction": "on" });
    let answer = post(&front, "/v1/images/vectorize", &body).await;
    let url = answer.json()["image"]["url"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/result.svg"), "{url}");
    assert_eq!(last(&front).await["kind"]["look"]["colors"], "few");
}

#[actix_web::test]
async fn recrafts_generations_are_understood() {
    let front = front();
    let body = json!({
        "prompt": "a fox", "model": "recraftv3", "size": "2:1", "style": "icon",
        "negative_prompt": "clouds", "random_seed": 8,
        "controls": { "colors": [{ "rgb": [255, 0, 0], "weight": 0.5 }, { "rgb": [0, 0, 255] }],
                      "background_color": { "rgb": [255, 255, 255] } },
    });
    let answer = post(&front, "/v1/images/generations/vector", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let picture = answer.json()["data"][0].clone();
    assert!(picture["url"].as_str().unwrap().ends_with("/result.svg"));
    assert!(!picture["image_id"].as_str().unwrap().is_empty());
    let spec = last(&front).await;
    assert_eq!(
        spec["kind"]["canvas"],
        json!({ "width": 1448, "height": 724 })
    );
    assert_eq!(spec["kind"]["background"], "#ffffff");
    assert_eq!(spec["kind"]["wishes"]["kind"], "icon");
    assert_eq!(spec["kind"]["wishes"]["negative"], "clouds");
    assert_eq!(spec["options"]["seed"], 8);
    assert_eq!(spec["options"]["palette"]["strict"], false);
}

#[actix_web::test]
async fn what_recraft_can_and_nobody_here_is_said_in_its_shape() {
    let front = front();
    for (path, body, status, told) in [
        (
            "/v1/images/vectorize",
            json!({ "image_url": address(), "shape_stacking": "cut_out" }),
            400,
            "hierarchical",
        ),
        ("/v1/images/vectorize", json!({}), 400, "missing"),
        (
            "/v1/images/vectorize",
            json!({ "image_url": address(), "strict_color_palette": [[300, 0, 0]] }),
            400,
            "0 to 255",
        ),
        (
            "/v1/images/vectorize",
            json!({ "image_url": address(), "limit_num_shapes": "on" }),
            400,
            "how many",
        ),
        ("/v1/styles", json!({}), 501, "vectorize"),
        ("/v1/prompts/enhance", json!({}), 501, "generations"),
        (
            "/v1/colors/optimize",
            json!({ "colors": [{ "hex": "sky" }], "num_colors_limit": 0 }),
            400,
            "1 or more",
        ),
    ] {
        let answer = post(&front, path, &body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let error = answer.json();
        assert!(!error["code"].as_str().unwrap().is_empty());
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(told), "{path}: {message}");
    }
    let answer = post(&front, "/v1/images/inpaint", &json!({})).await;
    assert_eq!(answer.status, 501);
    assert_eq!(answer.json()["error"]["code"], "not-supported");
}

#[actix_web::test]
async fn what_cannot_be_done_is_refused_and_what_means_nothing_is_told() {
    let front = front();
    for (field, value) in [
        ("text_layout", json!([{ "text": "hi", "bbox": [[0, 0]] }])),
        ("style_id", json!("0190b5a0-0000-7000-8000-000000000000")),
        ("style_references", json!(["data:image/png;base64,"])),
        ("style_reference_urls", json!(["data:image/png;base64,"])),
        ("upscale", json!("crisp")),
    ] {
        let body = json!({ "prompt": "a fox", field: value });
        let answer = post(&front, "/v1/images/generations", &body).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.text());
        let named = answer.json()["error"]["param"].clone();
        let named = named.as_str().unwrap();
        assert!(field.starts_with(named.trim_end_matches('s')), "{named}");
    }
    let body = json!({
        "prompt": "a fox", "model": "recraftv3", "style": "digital_illustration", "substyle": "grain",
        "creativity": "eccentric", "block_nsfw": true, "expire": false, "user": "", "upscale": false,
        "text_layout": [], "controls": { "no_text": true, "colors": [] },
    });
    let answer = post(&front, "/v1/images/generations/vector", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json()["data"][0]["warnings"].to_string();
    for name in [
        "substyle",
        "creativity",
        "block_nsfw",
        "controls.no_text",
        "digital_illustration",
    ] {
        assert!(told.contains(name), "{name} in {told}");
    }
    for name in ["expire", "user", "upscale", "text_layout", "model"] {
        assert!(!told.contains(name), "{name} in {told}");
    }
    let body = json!({ "image_url": address(), "expire": true });
    let answer = post(&front, "/v1/images/vectorize", &body).await;
    let told = answer.json()["image"]["warnings"].to_string();
    assert!(told.contains("expire"), "{told}");
    let body = json!({ "model": "arrow", "prompt": "a fox", "temperature": 0.4 });
    let answer = post(&front, "/v1/svgs/generations", &body).await;
    let told = answer.json()["data"][0]["warnings"].to_string();
    assert!(
        told.contains("temperature") && !told.contains("model"),
        "{told}"
    );
    let body = json!({ "prompt": "a fox", "top_p": 1, "stream": true });
    let answer = post(&front, "/v1/svgs/generations", &body).await;
    assert!(answer.text().contains("top_p"), "{}", answer.text());
    let body =
        json!({ "prompt": "bluer", "svg": PICTURE, "reference_images": [{ "base64": png() }] });
    let answer = post(&front, "/v1/svgs/edits", &body).await;
    let told = answer.json()["data"][0]["warnings"].to_string();
    assert!(told.contains("followed"), "{told}");
    for path in ["/v1/svgs/animations", "/v1/svgs/responses"] {
        let answer = post(&front, path, &json!({})).await;
        assert_eq!(answer.status, 501, "{path}");
        assert_eq!(answer.json()["status"], 501, "{path}");
        assert!(answer.json()["message"].as_str().unwrap().contains(path));
    }
}

#[actix_web::test]
async fn colours_are_reduced_to_those_that_stand_for_the_others() {
    let front = front();
    let body = json!({
        "colors": [{ "hex": "#ff0000", "weight": 1 }, { "hex": "#fa0505", "weight": 9 }, { "hex": "#00f" }],
        "num_colors_limit": 2,
    });
    let answer = post(&front, "/v1/colors/optimize", &body).await;
    let mapping = answer.json()["mapping"].clone();
    assert_eq!(
        mapping,
        json!([
            { "from": "#ff0000", "to": "#fa0505" },
            { "from": "#fa0505", "to": "#fa0505" },
            { "from": "#0000ff", "to": "#0000ff" },
        ])
    );
}

#[actix_web::test]
async fn quivers_names_become_jobs() {
    let front = front();
    let body = json!({
        "model": "arrow-2", "prompt": "a fox", "instructions": "at night", "n": 2, "seed": 3,
        "attributes": { "viewBox": { "minX": 0, "minY": 0, "width": 64, "height": 32 } },
        "reasoning_effort": "none", "temperature": 0.4,
    });
    let answer = post(&front, "/v1/svgs/generations", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let svgs = answer.json();
    assert_eq!(svgs["data"].as_array().unwrap().len(), 2);
    assert_eq!(svgs["data"][0]["svg"], PICTURE);
    assert_eq!(svgs["data"][0]["mime_type"], "image/svg+xml");
    assert!(svgs["created"].as_i64().unwrap() > 0 && svgs["id"].is_string());
    let spec = last(&front).await;
    assert_eq!(spec["kind"]["prompt"], "a fox, at night");
    assert_eq!(spec["kind"]["canvas"], json!({ "width": 64, "height": 32 }));
    assert_eq!(
        (&spec["options"]["seed"], &spec["options"]["level"]),
        (&json!(4), &json!("minimal"))
    );

    let body = json!({ "image": { "base64": png() }, "max_paths": 9, "background": "remove" });
    let answer = post(&front, "/v1/svgs/vectorizations", &body).await;
    assert_eq!(answer.json()["data"][0]["svg"], PICTURE);
    let kind = last(&front).await["kind"].clone();
    assert_eq!(
        (&kind["paths"], &kind["ground"]),
        (&json!(9), &json!("remove"))
    );

    let source = BASE64_STANDARD.encode(PICTURE);
    let body = json!({
        "prompt": "x", "svg_source": { "base64": source }, "reference_images": [{ "base64": png() }],
        "palette": ["red", "blue"], "strict_palette": true,
    });
    let answer = post(&front, "/v1/svgs/edits", &body).await;
    assert_eq!(
        answer.json()["data"][0]["svg"],
        PICTURE,
        "{}",
        answer.text()
    );
    let spec = last(&front).await;
    assert_eq!(spec["kind"]["kind"], "refine");
    assert_eq!(spec["options"]["palette"]["strict"], true);
}

#[actix_web::test]
async fn quivers_errors_have_its_shape() {
    let front = front();
    for (path, body, param) in [
        ("/v1/svgs/generations", json!({ "prompt": " " }), "prompt"),
        (
            "/v1/svgs/generations",
            json!({ "prompt": "x", "n": 17 }),
            "n",
        ),
        (
            "/v1/svgs/generations",
            json!({ "prompt": "x", "references": [{ "base64": "Zm94" }] }),
            "references",
        ),
        (
            "/v1/svgs/vectorizations",
            json!({ "image": { "base64": png() }, "auto_crop": true }),
            "auto_crop",
        ),
        ("/v1/svgs/vectorizations", json!({}), "image"),
        (
            "/v1/svgs/edits",
            json!({ "prompt": "make it blue", "svg": PICTURE }),
            "reference_images",
        ),
        (
            "/v1/svgs/vectorizations",
            json!({ "image": { "base64": "Zm94" } }),
            "image",
        ),
    ] {
        let answer = post(&front, path, &body).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        let error = answer.json();
        assert_eq!(error["status"], 400);
        assert_eq!(error["code"], "invalid_request");
        assert_eq!(error["param"], param, "{error}");
        assert_eq!(error["request_id"], answer.header("x-request-id"));
    }
}

#[actix_web::test]
async fn quivers_stream_ends_with_the_content() {
    let front = front();
    let body = json!({ "prompt": "a fox", "stream": true });
    let answer = post(&front, "/v1/svgs/generations", &body).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let (_, content) = text.split_once("event: content\ndata: ").expect(text);
    let event: Value = serde_json::from_str(content.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&event["svg"], &event["update_type"]),
        (&json!(PICTURE), &json!("snapshot"))
    );
}

#[actix_web::test]
async fn many_pictures_come_in_one_zip_file() {
    let front = front();
    let body = json!({
        "items": ["a fox", { "prompt": "an owl", "variants": 2, "name": "owl" }],
        "usual": { "style": "night", "seed": 5 },
    });
    let answer = post(&front, "/v1/batch", &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/zip");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body.clone())).unwrap();
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert_eq!(
        names,
        ["0001-a-fox.svg", "owl-1.svg", "owl-2.svg", "pictures.json"]
    );
    let mut text = String::new();
    let mut read = |name: &str, text: &mut String| {
        text.clear();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), text).unwrap();
    };
    read("owl-2.svg", &mut text);
    assert_eq!(text, PICTURE);
    read("pictures.json", &mut text);
    let list: Value = serde_json::from_str(&text).unwrap();
    let seeds: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["seed"])
        .collect();
    assert_eq!(seeds, [5, 5, 6]);
    assert_eq!(list[2]["file"], "owl-2.svg");
    assert_eq!(last(&front).await["kind"]["style"], "night");
}

#[actix_web::test]
async fn a_batch_has_limits_and_is_checked_as_a_whole() {
    let front = front_with(|config| config.max_batch_pictures = 3);
    for (body, told) in [
        (json!({}), "at least one"),
        (json!({ "items": ["a", "b", "c", "d"] }), "at most 3"),
        (
            json!({ "items": [{ "prompt": "a", "variants": 4 }] }),
            "at most 3",
        ),
        (
            json!({ "items": ["a", { "prompt": "b", "style": "baroque" }] }),
            "line 2: style",
        ),
        (json!({ "items": ["a"], "format": "gif" }), "webp"),
        (json!({ "items": [7] }), "give a prompt"),
    ] {
        let problem = post(&front, "/v1/batch", &body).await.problem(422);
        assert!(
            problem["detail"].as_str().unwrap().contains(told),
            "{problem}"
        );
    }
    assert!(front.controller.send(Submitted).await.unwrap().is_empty());
}
