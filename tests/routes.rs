//! Every address of the service without a key, with a wrong one and with somebody else's. The list
//! is the service's own: an address that is new fails until it is said here what others may do
//! there.

use serde_json::{Value, json};
use ureq::{Body, http::Response};

use crate::{
    keys::{bearer, draw, make},
    support::{Daemon, folder, header, json, problem, text},
};

/// An id that no job has.
const NOBODY: &str = "0190b5a0-0000-7000-8000-000000000000";

/// What somebody with a usual key may do with what is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foreign {
    /// Anybody may see it, without a key, too.
    Public,
    /// What is another's is not there.
    NotThere,
    /// Only who runs the service may.
    Refused,
    /// It is about what is the caller's own, and never tells of what is not.
    Own,
}

/// What an address does with others.
fn foreign(method: &str, path: &str) -> Foreign {
    match (method, path) {
        (
            "GET" | "HEAD",
            "/" | "/docs" | "/openapi.json" | "/favicon.ico" | "/assets/{name:.*}" | "/healthz"
            | "/readyz",
        ) => Foreign::Public,
        (
            "GET" | "HEAD",
            "/v1/jobs/{id}"
            | "/v1/jobs/{id}/events"
            | "/v1/jobs/{id}/result.svg"
            | "/v1/jobs/{id}/result.png",
        )
        | ("POST", "/v1/jobs/{id}/cancel")
        | ("DELETE", "/v1/jobs/{id}") => Foreign::NotThere,
        ("GET" | "HEAD" | "POST", "/v1/keys")
        | ("DELETE", "/v1/keys/{name}")
        | ("PUT", "/v1/circuits/pipeline" | "/v1/circuits/{stage}/{backend}") => Foreign::Refused,
        (
            "POST",
            "/v1/svg"
            | "/v1/vectorize"
            | "/v1/refine"
            | "/v1/clean"
            | "/v1/batch"
            | "/v1/tokens"
            | "/mcp"
            | "/v1/images/generations"
            | "/v1/images/generations/{form:vector|raster}"
            | "/v1/images/edits"
            | "/v1/images/vectorize"
            | "/v1/colors/optimize"
            | "/v1/svgs/generations"
            | "/v1/svgs/vectorizations"
            | "/v1/svgs/edits",
        )
        | (
            "GET" | "HEAD",
            "/v1/jobs" | "/v1/key" | "/v1/models" | "/v1/models/{id:.*}" | "/v1/system"
            | "/v1/system/events" | "/metrics",
        ) => Foreign::Own,
        // What nobody here can do.
        (
            "POST",
            "/v1/images/imageToImage"
            | "/v1/images/inpaint"
            | "/v1/images/outpaint"
            | "/v1/images/eraseRegion"
            | "/v1/images/removeBackground"
            | "/v1/images/replaceBackground"
            | "/v1/images/generateBackground"
            | "/v1/images/variateImage"
            | "/v1/images/variations"
            | "/v1/images/explore"
            | "/v1/images/explore/similar"
            | "/v1/images/crispUpscale"
            | "/v1/images/creativeUpscale"
            | "/v1/prompts/enhance"
            | "/v1/styles"
            | "/v1/styles/basic"
            | "/v1/styles/{style_id}"
            | "/v1/users/me"
            | "/v1/svgs/animations"
            | "/v1/svgs/responses",
        ) => Foreign::Own,
        _ => panic!("say what others may do by {method} {path}, and what they may not"),
    }
}

/// A path with something in place of what varies.
fn concrete(path: &str, job: &str) -> String {
    path.replace("/v1/jobs/{id}", job)
        .replace("{form:vector|raster}", "vector")
        .replace("{id:.*}", "any")
        .replace("/assets/{name:.*}", "/assets/app.js")
        .replace("{name}", "bob")
        .replace("{stage}/{backend}", "template/embedded")
        .replace("{style_id}", "any")
}

/// Checks that an answer says that a key is wanted, in the words of those who call there.
fn assert_wants_a_key(mut answer: Response<Body>, method: &str, path: &str) {
    assert_eq!(answer.status().as_u16(), 401, "{method} {path}");
    assert_eq!(
        header(&answer, "www-authenticate"),
        "Bearer realm=\"chat2svg\"",
        "{method} {path}"
    );
    if method == "HEAD" {
        return;
    }
    let starts = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
    let is_others = path == "/v1/images/vectorize"
        || starts(&[
            "/v1/svgs/",
            "/v1/colors/",
            "/v1/prompts/",
            "/v1/styles",
            "/v1/users/",
        ]);
    if is_others {
        assert_eq!(json(&mut answer)["code"], "unauthorized", "{method} {path}");
    } else if starts(&["/v1/images/", "/v1/models"]) {
        let body = json(&mut answer);
        assert_eq!(body["error"]["code"], "invalid_api_key", "{method} {path}");
    } else {
        problem(answer, 401, "unauthorized");
    }
}

#[test]
fn every_address_wants_a_key_and_shows_nothing_of_others() {
    let folder = folder();
    let (alice, bob) = (
        make(folder.path(), &["alice"]),
        make(folder.path(), &["bob"]),
    );
    let daemon = Daemon::start(folder.path(), &[]);
    let job = draw(&daemon, &alice);
    let send = |method: &str, path: &str, key: Option<&str>| {
        let authorization = key.map(bearer).unwrap_or_default();
        let mut headers = vec![("content-type", "application/json")];
        if key.is_some() {
            headers.push(("authorization", &authorization));
        }
        daemon.send(method, path, &headers, b"{}")
    };
    let wrong = [
        None,
        Some(""),
        Some("c2s_wrong"),
        Some(&alice[1..]),
        Some("alice"),
    ];
    let addresses = chat2svg_web::addresses();
    assert!(addresses.len() > 50, "{addresses:?}");
    let id = job.trim_start_matches("/v1/jobs/");
    for (method, pattern) in addresses {
        let path = concrete(pattern, &job);
        let allowed = foreign(method, pattern);
        if allowed == Foreign::Public {
            let status = send(method, &path, None).status().as_u16();
            assert_eq!(status, 200, "{method} {path}");
            continue;
        }
        for key in wrong {
            assert_wants_a_key(send(method, &path, key), method, &path);
        }
        let mut answer = send(method, &path, Some(&bob));
        let status = answer.status().as_u16();
        match allowed {
            Foreign::Public => {}
            Foreign::NotThere if method == "HEAD" => assert_eq!(status, 404, "{path}"),
            Foreign::NotThere => {
                problem(answer, 404, "job-not-found");
            }
            Foreign::Refused if method == "HEAD" => assert_eq!(status, 403, "{path}"),
            Foreign::Refused => {
                problem(answer, 403, "scope-missing");
            }
            Foreign::Own => {
                assert!(
                    ![401, 403, 404, 405].contains(&status),
                    "{method} {path}: {status}"
                );
                // A stream has no end.
                if pattern != "/v1/system/events" {
                    let body = text(&mut answer);
                    assert!(!body.contains(id), "{method} {path}: {body}");
                }
            }
        }
    }
    // Nor is anything to be had by other spellings, or where nothing is.
    for (method, path) in [
        ("GET", "/v1/nothing"),
        ("POST", "//v1/svg"),
        ("GET", "/v1/%6aobs"),
        ("GET", &format!("/v1/jobs/{NOBODY}")),
    ] {
        for key in wrong {
            problem(send(method, path, key), 401, "unauthorized");
        }
    }
    assert_eq!(send("GET", &job, Some(&alice)).status().as_u16(), 200);
}

#[test]
fn the_document_tells_of_every_address() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let document = json(&mut daemon.get("/openapi.json"));
    // Beside what nobody here can do: the page, itself, and what has a document of its own.
    let others = [
        "/",
        "/docs",
        "/favicon.ico",
        "/assets/{name:.*}",
        "/openapi.json",
        "/mcp",
    ];
    for (method, pattern) in chat2svg_web::addresses() {
        let path = pattern.replace("{id:.*}", "{id}");
        let answer = daemon.send(method, &concrete(pattern, "/v1/jobs/x"), &[], b"");
        let is_documented = document["paths"][path.as_str()][method.to_lowercase()].is_object();
        let is_other = method == "HEAD"
            || others.contains(&pattern)
            || pattern == "/v1/images/generations/{form:vector|raster}"
            || answer.status().as_u16() == 501;
        assert!(is_documented || is_other, "{method} {path}");
    }
}

#[test]
fn a_key_that_may_only_read_changes_nothing_and_lists_are_ones_own() {
    let folder = folder();
    let (alice, bob) = (
        make(folder.path(), &["alice"]),
        make(folder.path(), &["bob"]),
    );
    let watch = make(
        folder.path(),
        &["watch", "--owner", "alice", "--scopes", "read"],
    );
    let daemon = Daemon::start(folder.path(), &[]);
    let job = draw(&daemon, &alice);
    let send = |method: &str, path: &str, key: &str, body: &str| {
        let authorization = bearer(key);
        let headers = [
            ("content-type", "application/json"),
            ("authorization", authorization.as_str()),
        ];
        daemon.send(method, path, &headers, body.as_bytes())
    };
    let wanted = json!({ "job": job.trim_start_matches("/v1/jobs/") }).to_string();
    problem(
        send("POST", "/v1/tokens", &bob, &wanted),
        404,
        "job-not-found",
    );
    let list = |key: &str| -> Vec<Value> {
        let jobs = json(&mut send("GET", "/v1/jobs", key, ""));
        jobs["jobs"].as_array().unwrap().clone()
    };
    assert_eq!(
        (list(&alice).len(), list(&bob).len(), list(&watch).len()),
        (1, 0, 1)
    );
    for (method, path) in chat2svg_web::addresses() {
        // A token is for reading.
        if matches!(method, "GET" | "HEAD") || path == "/v1/tokens" {
            continue;
        }
        let answer = send(method, &concrete(path, &job), &watch, "{}");
        assert_eq!(answer.status().as_u16(), 403, "{method} {path}");
    }
    let own = json(&mut send("GET", "/v1/key", &watch, ""));
    assert_eq!(
        (&own["name"], &own["owner"]),
        (&json!("watch"), &json!("alice"))
    );
    assert_eq!(send("GET", &job, &watch, "").status().as_u16(), 200);
    assert_eq!(send("DELETE", &job, &alice, "").status().as_u16(), 204);
    problem(send("GET", &job, &alice, ""), 404, "job-not-found");
}
