//! The Model Context Protocol against the real program: over standard input and output as a host
//! that starts it, and over HTTP, in the revision of July 2026 and in an older one.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    keys,
    support::{Daemon, disc, folder, program},
};

const VERSION: &str = "2026-07-28";
const OLDER: &str = "2025-06-18";

/// The program as a host starts it.
pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Host {
    fn start() -> Self {
        let mut child = program(["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            last: 0,
        }
    }

    /// As a host of an older revision begins.
    pub(crate) fn greeted() -> Self {
        let mut host = Self::start();
        let client = json!({"name": "test", "version": "1"});
        let greeting = json!({"protocolVersion": OLDER, "capabilities": {}, "clientInfo": client});
        let answer = host.ask("initialize", &greeting);
        assert_eq!(answer["protocolVersion"], OLDER);
        assert_eq!(answer["serverInfo"]["name"], "chat2svg");
        host.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        host
    }

    fn send(&mut self, message: &Value) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{message}").unwrap();
        input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The result of a request; notes on the way are passed over.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.ask_hearing(method, params).0
    }

    /// The result of a request, and the notes on the way.
    fn ask_hearing(&mut self, method: &str, params: &Value) -> (Value, Vec<Value>) {
        self.last += 1;
        let request =
            json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params});
        self.send(&request);
        let mut notes = Vec::new();
        loop {
            let mut message = self.receive();
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{message}");
                return (message["result"].take(), notes);
            }
            notes.push(message);
        }
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

const HOUSE: &str = "a red house on a hill";

fn drawing() -> Value {
    json!({"prompt": HOUSE, "level": "minimal", "deadline_ms": 60_000})
}

/// Checks that a result is a picture as hosts can take it, and gives its data.
#[track_caller]
fn picture(result: &Value) -> &Value {
    assert_ne!(result["isError"], true, "{result}");
    let content = result["content"].as_array().unwrap();
    let kinds: Vec<_> = content
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["text", "image", "resource"]);
    let image = &content[1];
    assert_eq!(
        image["mimeType"], "image/png",
        "never an SVG, which ends sessions"
    );
    let png = BASE64_STANDARD
        .decode(image["data"].as_str().unwrap())
        .unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let resource = &content[2]["resource"];
    assert_eq!(resource["mimeType"], "image/svg+xml");
    assert!(resource["text"].as_str().unwrap().starts_with("<svg"));
    let data = &result["structuredContent"];
    assert_eq!(data["svg_uri"], resource["uri"]);
    data
}

#[test]
fn a_host_has_pictures_drawn_looked_at_and_mended() {
    let mut host = Host::greeted();
    let tools = host.ask("tools/list", &json!({}));
    let tools = tools["tools"].as_array().unwrap().iter();
    let names: Vec<_> = tools.map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "generate",
            "vectorize",
            "refine",
            "clean",
            "describe",
            "render"
        ]
    );

    let request =
        json!({"name": "generate", "arguments": drawing(), "_meta": {"progressToken": "p"}});
    let (result, notes) = host.ask_hearing("tools/call", &request);
    let data = picture(&result);
    let layers = data["layers"].as_array().unwrap();
    assert!(
        layers.iter().any(|layer| layer["id"] == "red-house"),
        "{layers:?}"
    );
    let steps: Vec<f64> = notes
        .iter()
        .filter(|note| note["method"] == "notifications/progress")
        .map(|note| note["params"]["progress"].as_f64().unwrap())
        .collect();
    assert!(
        !steps.is_empty() && steps.is_sorted_by(|a, b| a < b),
        "{steps:?}"
    );

    let svg = result["content"][2]["resource"]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = host.ask("resources/read", &json!({"uri": data["svg_uri"]}));
    assert_eq!(read["contents"][0]["text"], svg.as_str());

    let described = host.call("describe", &json!({"svg": svg}));
    assert_eq!(described["structuredContent"]["layers"], data["layers"]);
    let rendered = host.call("render", &json!({"svg": svg, "width": 64}));
    assert_eq!(rendered["content"][1]["mimeType"], "image/png");
    let broken = "<svg viewBox='0 0 9 9'><script>x</script><rect width=9 height=9>";
    let cleaned = host.call("clean", &json!({"svg": broken}));
    let safe = cleaned["structuredContent"]["svg"].as_str().unwrap();
    assert!(safe.contains("<rect") && !safe.contains("script"), "{safe}");
}

#[test]
fn a_local_host_may_name_files() {
    let folder = folder();
    let path = folder.path().join("disc.png");
    std::fs::write(&path, disc(48)).unwrap();
    let mut host = Host::greeted();
    let arguments = json!({"image": path, "level": "minimal", "deadline_ms": 60_000});
    picture(&host.call("vectorize", &arguments));
    let missing = host.call(
        "vectorize",
        &json!({"image": folder.path().join("none.png")}),
    );
    assert_eq!(missing["isError"], true);
    assert!(
        missing["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("cannot be read")
    );
}

#[test]
fn what_is_wrong_is_said_to_the_model() {
    let mut host = Host::greeted();
    let refused = host.call("generate", &json!({"promt": "a fox"}));
    assert_eq!(refused["isError"], true);
    assert!(
        refused["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("promt"),
        "{refused}"
    );
    let refused = host.call(
        "generate",
        &json!({"prompt": "x", "style": "baroque", "width": 1}),
    );
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("style") && text.contains("width"), "{text}");
}

/// A request of the stateless revision.
fn stateless(method: &str, mut params: Value, capabilities: &Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// Sends a message, and gives the answer to it, whichever form it has.
fn exchange(daemon: &Daemon, message: &Value, headers: &[(&str, &str)]) -> Value {
    let mut all = vec![("accept", "application/json, text/event-stream")];
    all.extend(headers);
    let mut response = daemon.post("/mcp", &all, message.to_string());
    let text = response.body_mut().read_to_string().unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let answers = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let mut answers = answers.filter(|answer| answer.get("id").is_some());
    match serde_json::from_str(&text) {
        Ok(answer) => answer,
        Err(_) => answers.next().unwrap_or_else(|| panic!("{text}")),
    }
}

#[test]
fn the_stateless_revision_is_served_over_http() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let headers = |method, name| {
        [
            ("mcp-protocol-version", VERSION),
            ("mcp-method", method),
            ("mcp-name", name),
        ]
    };
    let found = stateless("server/discover", json!({}), &json!({}));
    let found = exchange(&daemon, &found, &headers("server/discover", "")[..2]);
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(VERSION)), "{found}");

    let call = json!({"name": "generate", "arguments": drawing()});
    let answer = exchange(
        &daemon,
        &stateless("tools/call", call.clone(), &json!({})),
        &headers("tools/call", "generate"),
    );
    let data = picture(&answer["result"]);
    let url = data["svg_url"].as_str().unwrap();
    let path = url.strip_prefix(daemon.url("").as_str()).unwrap();
    let svg = daemon.get(path).body_mut().read_to_string().unwrap();
    assert_eq!(
        answer["result"]["content"][2]["resource"]["text"],
        svg.as_str()
    );

    // A client that knows tasks gets the job as one.
    let knows = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let begun = stateless("tools/call", call, &knows);
    let begun = exchange(&daemon, &begun, &headers("tools/call", "generate"));
    assert_eq!(begun["result"]["resultType"], "task", "{begun}");
    let task = json!({"taskId": begun["result"]["taskId"]});
    let id = task["taskId"].as_str().unwrap().to_owned();
    let ended = loop {
        let asked = stateless("tasks/get", task.clone(), &knows);
        let answer = exchange(&daemon, &asked, &headers("tasks/get", &id));
        if answer["result"]["status"] != "working" {
            break answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(ended["result"]["status"], "completed", "{ended}");
    picture(&ended["result"]["result"]);
    assert_eq!(daemon.get(&format!("/v1/jobs/{id}")).status(), 200);
}

#[test]
fn an_older_revision_is_served_over_http() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let client = json!({"name": "test", "version": "1"});
    let greeting = json!({"protocolVersion": OLDER, "capabilities": {}, "clientInfo": client});
    let greeting = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": greeting});
    let greeted = exchange(&daemon, &greeting, &[]);
    assert_eq!(greeted["result"]["protocolVersion"], OLDER, "{greeted}");
    let call = json!({"name": "generate", "arguments": drawing()});
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call});
    let answer = exchange(&daemon, &call, &[("mcp-protocol-version", OLDER)]);
    picture(&answer["result"]);
    assert_eq!(daemon.get("/mcp").status(), 405);
}

#[test]
fn other_sites_and_local_files_stay_out() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let foreign = daemon.post("/mcp", &[("origin", "https://example.org")], ping);
    assert_eq!(foreign.status(), 403);
    let arguments = json!({"svg": "/etc/hostname"});
    let call = stateless(
        "tools/call",
        json!({"name": "describe", "arguments": arguments}),
        &json!({}),
    );
    let headers = [
        ("mcp-protocol-version", VERSION),
        ("mcp-method", "tools/call"),
        ("mcp-name", "describe"),
    ];
    let answer = exchange(&daemon, &call, &headers);
    assert_eq!(answer["result"]["isError"], true, "{answer}");
}

#[test]
fn results_are_their_owners() {
    let folder = folder();
    let [alice, bob] = ["alice", "bob"].map(|name| keys::make(folder.path(), &[name]));
    let daemon = Daemon::start(folder.path(), &[]);
    let job = keys::draw(&daemon, &alice);
    let id = job.strip_prefix("/v1/jobs/").unwrap();
    let uri = format!("chat2svg:///jobs/{id}/result.svg");
    let read = |key: &str| {
        let authorization = keys::bearer(key);
        let headers = [
            ("mcp-protocol-version", VERSION),
            ("mcp-method", "resources/read"),
            ("mcp-name", uri.as_str()),
            ("authorization", authorization.as_str()),
        ];
        let message = stateless("resources/read", json!({"uri": uri}), &json!({}));
        exchange(&daemon, &message, &headers)
    };
    assert_eq!(
        read(&alice)["result"]["contents"][0]["mimeType"],
        "image/svg+xml"
    );
    let foreign = read(&bob);
    assert!(
        foreign["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no resource"),
        "{foreign}"
    );
}
