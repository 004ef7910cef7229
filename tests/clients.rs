//! The official clients against the real program, where they are installed.

use std::process::Command;

use serde_json::Value;

use crate::{
    keys,
    support::{Daemon, assert_svg, disc, folder, header, text},
};

/// Draws, edits and streams as somebody would who knows only the client's documentation.
const PYTHON: &str = r#"
import base64, io, json, sys
import openai
address, key, image, template = sys.argv[1:5]
client = openai.OpenAI(base_url=address, api_key=key, max_retries=0)
more = {"seed": 7, "deadline_ms": 60000}
out = {"models": [model.id for model in client.models.list()]}
drawn = client.images.generate(model="gpt-image-2", prompt="a house", quality="low", size="256x256",
                               output_format="svg", extra_body=more)
out["drawn"] = base64.b64decode(drawn.data[0].b64_json).decode()
edited = client.images.edit(image=open(image, "rb"), prompt="as an SVG", quality="low",
                            output_format="svg", extra_body=more)
out["vectorized"] = base64.b64decode(edited.data[0].b64_json).decode()
fitted = client.images.edit(image=[open(template, "rb"), open(image, "rb")], prompt="fit it", quality="low",
                            output_format="svg", extra_body=more)
out["refined"] = base64.b64decode(fitted.data[0].b64_json).decode()
events = [event.type for event in client.images.edit(image=open(image, "rb"), prompt="x", quality="low",
                                                     stream=True, partial_images=1, extra_body=more)]
out["last"] = events[-1]
try:
    client.images.edit(image=open(template, "rb"), prompt="make it blue")
except openai.BadRequestError as error:
    out["refused"] = error.param
try:
    openai.OpenAI(base_url=address, api_key="wrong", max_retries=0).images.edit(image=open(image, "rb"), prompt="x")
except openai.AuthenticationError as error:
    out["stranger"] = error.code
print(json.dumps(out))
"#;

fn has_python_client() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import openai"])
        .output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn openais_python_client_draws_and_edits() {
    if !has_python_client() {
        eprintln!("left out: python3 has no module openai");
        return;
    }
    let folder = folder();
    let key = keys::make(folder.path(), &["python"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let image = folder.path().join("disc.png");
    std::fs::write(&image, disc(48)).unwrap();
    let template = folder.path().join("template.svg");
    let drawing = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48"><rect id="ground" width="48" height="48" fill="#28a"/><circle id="disc" cx="22" cy="26" r="12" fill="#c33"/></svg>"##;
    std::fs::write(&template, drawing).unwrap();
    let output = Command::new("python3")
        .args(["-c", PYTHON, &daemon.url("/v1"), &key])
        .args([&image, &template])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let out: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(out["models"][0], "chat2svg");
    assert_eq!(out["last"], "image_edit.completed");
    assert_eq!(out["refused"], "image");
    assert_eq!(out["stranger"], "invalid_api_key");
    for name in ["drawn", "vectorized", "refined"] {
        assert_svg(out[name].as_str().unwrap());
    }
    let refined = out["refined"].as_str().unwrap();
    assert!(refined.contains("id=\"disc\""), "{refined}");

    // A stranger with curl gets the same picture from the same words and seed.
    let body = r#"{"prompt": "a house", "seed": 7, "level": "low", "width": 256, "height": 256, "deadline_ms": 60000}"#;
    let authorization = keys::bearer(&key);
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", "image/svg+xml"),
    ];
    let mut answer = daemon.post("/v1/svg", &headers, body);
    assert_eq!(header(&answer, "content-type"), "image/svg+xml");
    assert_eq!(out["drawn"], text(&mut answer));
}
