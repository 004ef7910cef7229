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

/// As [`PYTHON`], with the official clients of OpenAI and Quiver for Node.
const NODE: &str = r#"
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';
import { QuiverAI } from '@quiverai/sdk';
const [host, key, image] = process.argv.slice(-3);
const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: key, maxRetries: 0 });
const text = (picture) => Buffer.from(picture.b64_json, 'base64').toString();
const more = { quality: 'low', output_format: 'svg', seed: 7, deadline_ms: 60000 };
const out = {};
const drawn = await client.images.generate({ model: 'gpt-image-2', prompt: 'a house', size: '256x256', ...more });
out.drawn = text(drawn.data[0]);
const file = await toFile(fs.createReadStream(image), 'disc.png', { type: 'image/png' });
out.vectorized = text((await client.images.edit({ image: file, prompt: 'as an SVG', ...more })).data[0]);
const events = await client.images.generate({ prompt: 'a house', stream: true, partial_images: 1, ...more });
for await (const event of events) out.last = event.type;
await client.images.generate({ prompt: ' ' }).catch((error) => { out.refused = error.param; });
const stranger = new OpenAI({ baseURL: `${host}/v1`, apiKey: 'wrong', maxRetries: 0 });
await stranger.models.list().catch((error) => { out.stranger = error.code; });
const quiver = new QuiverAI({ serverURL: host, bearerAuth: key });
const svgs = await quiver.createSVGs.generateSVG({ model: 'arrow-2', prompt: 'a house' });
out.quiver = (svgs.result ?? svgs).data[0].svg;
out.quivers = (await quiver.createSVGs.generateSVG({ model: 'arrow-2', prompt: ' ' })).result.code;
console.log(JSON.stringify(out));
"#;

/// The folder in which those are installed: `npm install openai @quiverai/sdk zod`.
const NODE_CLIENTS: &str = "NODE_CLIENTS";

#[test]
fn openais_and_quivers_node_clients_draw_and_edit() {
    let Some(installed) = std::env::var_os(NODE_CLIENTS) else {
        eprintln!("left out: {NODE_CLIENTS} names no folder with the clients");
        return;
    };
    let folder = folder();
    let key = keys::make(folder.path(), &["node"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let image = folder.path().join("disc.png");
    std::fs::write(&image, disc(48)).unwrap();
    let output = Command::new("node")
        .current_dir(installed)
        .args([
            "--input-type=module",
            "-e",
            NODE,
            "--",
            &daemon.url(""),
            &key,
        ])
        .arg(&image)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let out: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(out["last"], "image_generation.completed");
    assert_eq!(out["refused"], "prompt");
    assert_eq!(out["stranger"], "invalid_api_key");
    // Its client gives an error of the service as a result of another kind.
    assert_eq!(out["quivers"], "invalid_request");
    for name in ["drawn", "vectorized", "quiver"] {
        assert_svg(out[name].as_str().unwrap());
    }
}

/// The command of the protocol's public suite, such as
/// `npx --yes @modelcontextprotocol/conformance`.
const MCP_CONFORMANCE: &str = "MCP_CONFORMANCE";

#[test]
fn the_conformance_suite_of_the_model_context_protocol_finds_no_fault() {
    let Ok(suite) = std::env::var(MCP_CONFORMANCE) else {
        eprintln!("left out: {MCP_CONFORMANCE} names no command");
        return;
    };
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let known = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/mcp_conformance.yml"
    );
    let mut words = suite.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .args(["server", "--url", &daemon.url("/mcp")])
        .args(["--expected-failures", known, "--output-dir"])
        .arg(folder.path().join("results"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
}
