//! Keys: who is let in where, as whom, and how often. Everything through the real program.

use std::{fs, path::Path, process::Output, thread, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Daemon, HOUSE, complaint, crowd, folder, form, header, json, one_line, problem, program,
    success, text, wait_until,
};

/// Runs `chat2svg keys` on the keys of the daemon in a folder.
fn keys(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = program(["keys"]);
    command.env("CHAT2SVG__STORE__PATH", folder.join("jobs.db"));
    success(command.args(arguments))
}

/// Makes a key.
pub(crate) fn make(folder: &Path, arguments: &[&str]) -> String {
    let output = keys(folder, &[&["add"], arguments].concat());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// Has a small picture drawn; gives the job's path.
pub(crate) fn draw(daemon: &Daemon, key: &str) -> String {
    let authorization = bearer(key);
    let headers = [("authorization", authorization.as_str())];
    let mut answer = daemon.post("/v1/svg", &headers, HOUSE);
    let id = header(&answer, "x-job-id").to_owned();
    assert_eq!(answer.status().as_u16(), 200, "{}", text(&mut answer));
    format!("/v1/jobs/{id}")
}

#[test]
fn a_days_quota_outlives_the_process() {
    let today = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    let day = today();
    let folder = folder();
    let key = make(folder.path(), &["alice", "--per-day", "3"]);
    let used = |daemon: &Daemon| {
        let headers = [("x-api-key", key.as_str())];
        let own = json(&mut daemon.send("GET", "/v1/key", &headers, b""));
        own["used"]["day"].as_u64().unwrap()
    };
    // Once stopped in order, once in the middle of everything.
    for (round, signal) in ["TERM", "KILL"].into_iter().enumerate() {
        let mut daemon = Daemon::start(folder.path(), &[]);
        let before = used(&daemon);
        draw(&daemon, &key);
        let after = used(&daemon);
        daemon.signal(signal);
        daemon.wait();
        if today() != day {
            return;
        }
        assert_eq!((before, after), (round as u64, round as u64 + 1));
    }
    let daemon = Daemon::start(folder.path(), &[]);
    draw(&daemon, &key);
    let headers = [("x-api-key", key.as_str())];
    let answer = daemon.post("/v1/svg", &headers, HOUSE);
    if today() == day {
        problem(answer, 429, "rate-limited");
    }
}

#[test]
fn an_administrator_sees_all_and_holds_circuits() {
    let folder = folder();
    let alice = make(folder.path(), &["alice"]);
    let admin = make(folder.path(), &["root", "--scopes", "admin"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let job = draw(&daemon, &alice);
    let authorization = bearer(&admin);
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        // As a proxy would send it, through which no caller without a key gets at circuits.
        ("x-forwarded-for", "192.0.2.1"),
    ];
    let mut list = daemon.send("GET", "/v1/jobs", &headers, b"");
    assert_eq!(json(&mut list)["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(
        daemon.send("GET", &job, &headers, b"").status().as_u16(),
        200
    );
    let circuit = "/v1/circuits/template/embedded";
    let answer = daemon.send("PUT", circuit, &headers, br#"{"mode": "closed"}"#);
    assert_eq!(answer.status().as_u16(), 200);
}

#[test]
fn an_administrator_makes_and_revokes_keys_over_http() {
    let folder = folder();
    let admin = make(folder.path(), &["root", "--scopes", "admin"]);
    let settings = [("CHAT2SVG_API_KEYS", "fixed=0123456789abcdef")];
    let daemon = Daemon::start(folder.path(), &settings);
    let send = |method: &str, path: &str, body: Value| {
        let authorization = bearer(&admin);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        daemon.send(method, path, &headers, body.to_string().as_bytes())
    };
    let wanted =
        json!({"name": "carol", "scopes": ["write", "read"], "days": 30, "quota": {"per_day": 7}});
    let mut answer = send("POST", "/v1/keys", wanted.clone());
    assert_eq!(answer.status().as_u16(), 201);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let made = json(&mut answer);
    let carol = made["secret"].as_str().unwrap();
    assert_eq!(made["key"]["quota"]["per_day"], 7);
    draw(&daemon, carol);
    let listed = json(&mut send("GET", "/v1/keys", json!({})));
    let names: Vec<_> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["name"])
        .collect();
    assert_eq!(names, ["fixed", "root", "carol"]);
    assert_eq!(listed["keys"][2]["used"]["day"], 1);
    assert!(!listed.to_string().contains("hash"));
    // The command line sees the same keys.
    let shown = String::from_utf8(keys(folder.path(), &["list"]).stdout).unwrap();
    assert!(shown.contains("carol"), "{shown}");
    problem(send("POST", "/v1/keys", wanted), 409, "key-refused");
    for (field, wrong) in [
        ("name", json!({"name": "a b"})),
        ("owner", json!({"name": "dave", "owner": ""})),
        ("scopes", json!({"name": "dave", "scopes": ["root"]})),
        ("scopes", json!({"name": "dave", "scopes": []})),
        ("days", json!({"name": "dave", "days": 0})),
    ] {
        let told = problem(send("POST", "/v1/keys", wrong), 422, "invalid-fields");
        assert_eq!(told["errors"][0]["field"], field);
    }
    for (name, status, code) in [
        ("root", 409, "key-refused"),
        ("fixed", 409, "key-refused"),
        ("nobody", 404, "key-not-found"),
    ] {
        problem(
            send("DELETE", &format!("/v1/keys/{name}"), json!({})),
            status,
            code,
        );
    }
    assert_eq!(
        send("DELETE", "/v1/keys/carol", json!({}))
            .status()
            .as_u16(),
        204
    );
    let headers = [("x-api-key", carol)];
    problem(
        daemon.send("GET", "/v1/jobs", &headers, b""),
        401,
        "unauthorized",
    );
    assert!(!daemon.log().contains(carol), "no log has a key");

    // Where no keys are in use, none is made over HTTP.
    let other = crate::support::folder();
    let open = Daemon::start(other.path(), &[]);
    assert_eq!(open.get("/v1/key").status().as_u16(), 204);
    assert_eq!(json(&mut open.get("/v1/keys"))["keys"], json!([]));
    problem(
        open.post("/v1/keys", &[], r#"{"name": "me"}"#),
        409,
        "key-refused",
    );
}

#[test]
fn keys_are_shown_once_and_taken_back_while_the_service_runs() {
    let folder = folder();
    let alice = make(folder.path(), &["alice", "--expires", "1d"]);
    assert!(alice.starts_with("c2s_"));
    let file = folder.path().join("chat2svg-keys.toml");
    assert!(!fs::read_to_string(&file).unwrap().contains(&alice));
    let listed = String::from_utf8(keys(folder.path(), &["list"]).stdout).unwrap();
    assert!(
        listed.contains("alice") && !listed.contains(&alice),
        "{listed}"
    );
    let listed = keys(folder.path(), &["list", "--json"]).stdout;
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed[0]["scopes"], json!(["read", "write"]));
    assert_eq!(listed[0]["hash"], Value::Null);

    let daemon = Daemon::start(folder.path(), &[]);
    let status = |key: &str| {
        let headers = [("x-api-key", key)];
        daemon
            .send("GET", "/v1/jobs", &headers, b"")
            .status()
            .as_u16()
    };
    assert_eq!(status(&alice), 200);
    let bob = make(folder.path(), &["bob"]);
    wait_until("a new key", || status(&bob) == 200);
    keys(folder.path(), &["revoke", "bob"]);
    wait_until("the key's end", || status(&bob) == 401);
    assert_eq!(status(&alice), 200);
    keys(folder.path(), &["revoke", "alice"]);
    wait_until("the last key's end", || status(&alice) == 401);
    // Without any key left, and without the file, nobody gets in.
    fs::remove_file(&file).unwrap();
    thread::sleep(Duration::from_millis(1_100));
    problem(daemon.get("/v1/jobs"), 401, "unauthorized");
    assert!(!daemon.log().contains(&alice), "no log has a key");

    let mut again = program(["keys", "revoke", "alice"]);
    again.env("CHAT2SVG__STORE__PATH", folder.path().join("jobs.db"));
    let told = complaint(&mut again, 1);
    assert!(told.contains("there is no key \"alice\""), "{told}");
    one_line(&told);
}

#[test]
fn a_token_stands_for_a_key_where_a_browser_cannot_send_one() {
    let folder = folder();
    let alice = make(folder.path(), &["alice"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let (job, other) = (draw(&daemon, &alice), draw(&daemon, &alice));
    let authorization = bearer(&alice);
    let headers = [("authorization", authorization.as_str())];
    let token = |body: &str| {
        let mut answer = daemon.post("/v1/tokens", &headers, body);
        assert_eq!(header(&answer, "cache-control"), "no-store");
        json(&mut answer)["token"].as_str().unwrap().to_owned()
    };
    let status = |path: &str, token: &str| {
        let answer = daemon.get(&format!("{path}token={token}"));
        answer.status().as_u16()
    };
    let id = job.trim_start_matches("/v1/jobs/");
    let any = token("{}");
    let one = token(&json!({ "job": id }).to_string());
    for tail in ["/result.svg?", "/result.png?width=64&", "/events?"] {
        let (job, other) = (format!("{job}{tail}"), format!("{other}{tail}"));
        assert_eq!(
            (status(&job, &any), status(&other, &any)),
            (200, 200),
            "{tail}"
        );
        assert_eq!(
            (status(&job, &one), status(&other, &one)),
            (200, 401),
            "{tail}"
        );
        assert_eq!(status(&job, &one[1..]), 401, "{tail}");
    }
    // Nowhere else, and for nothing but reading.
    assert_eq!(status(&format!("{job}?"), &any), 401);
    assert_eq!(status("/v1/jobs?", &any), 401);
    let deletion = daemon.send("DELETE", &format!("{job}?token={any}"), &[], b"");
    problem(deletion, 401, "unauthorized");
    keys(folder.path(), &["revoke", "alice"]);
    wait_until("the token's end", || {
        status(&format!("{job}/result.svg?"), &any) == 401
    });

    // An OpenAI client's address opens without a header.
    let carol = make(folder.path(), &["carol"]);
    let authorization = bearer(&carol);
    let headers = [("authorization", authorization.as_str())];
    let body = r#"{"prompt": "a house", "quality": "low", "response_format": "url", "output_format": "svg"}"#;
    wait_until("the key", || {
        daemon
            .send("GET", "/v1/jobs", &headers, b"")
            .status()
            .as_u16()
            == 200
    });
    let mut answer = daemon.post("/v1/images/generations", &headers, body);
    let answer = json(&mut answer);
    let url = answer["data"][0]["url"].as_str().unwrap();
    let path = url.split_once(&daemon.address).unwrap().1;
    assert_eq!(daemon.get(path).status().as_u16(), 200, "{url}");
}

#[test]
fn quotas_are_kept_and_told() {
    let folder = folder();
    let day = make(
        folder.path(),
        &["day", "--per-minute", "100", "--per-day", "2"],
    );
    let busy = make(folder.path(), &["busy", "--concurrent", "1"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let authorization = bearer(&day);
    let headers = [("authorization", authorization.as_str())];
    let remaining = ["1", "0"].map(|left| {
        let answer = daemon.post("/v1/svg", &headers, HOUSE);
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(header(&answer, "x-ratelimit-remaining"), left);
        let policy = header(&answer, "ratelimit-policy");
        assert_eq!(policy, "\"minute\";q=100;w=60, \"day\";q=2;w=86400");
        header(&answer, "ratelimit").to_owned()
    });
    assert!(remaining[1].contains("\"day\";r=0;t="), "{remaining:?}");
    let answer = daemon.post("/v1/svg", &headers, HOUSE);
    assert_eq!(header(&answer, "x-ratelimit-limit"), "2");
    let document = problem(answer, 429, "rate-limited");
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("2 jobs a day"),
        "{document}"
    );
    // Looking is free.
    assert_eq!(
        daemon
            .send("GET", "/v1/jobs", &headers, b"")
            .status()
            .as_u16(),
        200
    );

    let authorization = bearer(&busy);
    let headers = [
        ("authorization", authorization.as_str()),
        ("prefer", "respond-async"),
    ];
    let body = form(&[
        ("image", &crowd(512)),
        ("level", b"high"),
        ("deadline_ms", b"300000"),
    ]);
    let long = || {
        let kind = ("content-type", "multipart/form-data; boundary=edge");
        daemon.send(
            "POST",
            "/v1/vectorize",
            &[&headers[..], &[kind]].concat(),
            &body,
        )
    };
    let first = long();
    assert_eq!(first.status().as_u16(), 202);
    let job = header(&first, "location").to_owned();
    problem(long(), 429, "rate-limited");
    let cancel = daemon.send("POST", &format!("{job}/cancel"), &headers[..1], b"");
    assert_eq!(cancel.status().as_u16(), 202);
    wait_until("the place", || long().status().as_u16() == 202);
}

#[test]
fn an_idempotency_key_is_each_owners_own_also_after_a_restart() {
    let folder = folder();
    let (alice, bob) = (
        make(folder.path(), &["alice"]),
        make(folder.path(), &["bob"]),
    );
    let job = |daemon: &Daemon, key: &str| {
        let authorization = bearer(key);
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", "the same"),
        ];
        let answer = daemon.post("/v1/svg", &headers, HOUSE);
        assert_eq!(answer.status().as_u16(), 200);
        header(&answer, "x-job-id").to_owned()
    };
    let daemon = Daemon::start(folder.path(), &[]);
    let (hers, his) = (job(&daemon, &alice), job(&daemon, &bob));
    assert_ne!(hers, his);
    drop(daemon);
    let daemon = Daemon::start(folder.path(), &[]);
    assert_eq!((job(&daemon, &alice), job(&daemon, &bob)), (hers, his));
}

#[test]
fn keys_of_the_environment_are_for_containers() {
    let folder = folder();
    let variable = "web=0123456789abcdef0123, ops=fedcba98765432100123;admin";
    let daemon = Daemon::start(folder.path(), &[("CHAT2SVG_API_KEYS", variable)]);
    let status = |key: &str, path: &str| {
        let headers = [("x-api-key", key)];
        daemon.send("GET", path, &headers, b"").status().as_u16()
    };
    assert_eq!(status("0123456789abcdef0123", "/v1/jobs"), 200);
    assert_eq!(status("0123456789abcdef012", "/v1/jobs"), 401);
    drop(daemon);
    let secrets = folder.path().join("secrets");
    fs::write(&secrets, "web=0123456789abcdef9999\n").unwrap();
    let path = secrets.to_str().unwrap();
    let daemon = Daemon::start(folder.path(), &[("CHAT2SVG_API_KEYS_FILE", path)]);
    let headers = [("x-api-key", "0123456789abcdef9999")];
    assert_eq!(
        daemon
            .send("GET", "/v1/jobs", &headers, b"")
            .status()
            .as_u16(),
        200
    );
    problem(daemon.get("/v1/jobs"), 401, "unauthorized");

    let mut shown = program(["config"]);
    let shown = success(shown.env("CHAT2SVG_API_KEYS", variable)).stdout;
    assert!(
        !String::from_utf8(shown)
            .unwrap()
            .contains("0123456789abcdef")
    );
    let mut wrong = program(["serve", "--listen", "0"]);
    wrong.env("CHAT2SVG__STORE__PATH", folder.path().join("other.db"));
    let told = complaint(wrong.env("CHAT2SVG_API_KEYS", "web=abc"), 1);
    assert!(
        told.contains("CHAT2SVG_API_KEYS") && !told.contains("abc"),
        "{told}"
    );
}

#[test]
fn without_keys_the_service_stays_on_this_machine() {
    let folder = folder();
    let store = folder.path().join("jobs.db");
    for address in ["0.0.0.0:0", "[::]:0"] {
        let mut command = program(["serve", "--listen", address]);
        command.env("CHAT2SVG__LOG__FILTER", "off");
        let told = complaint(command.env("CHAT2SVG__STORE__PATH", &store), 1);
        assert!(told.contains("chat2svg keys add"), "{told}");
        assert!(told.contains("allow_anonymous_network_access"), "{told}");
        one_line(&told);
    }
    let listen = ("CHAT2SVG__SERVER__LISTEN", "0.0.0.0:0");
    let anyone = ("CHAT2SVG__AUTH__ALLOW_ANONYMOUS_NETWORK_ACCESS", "true");
    drop(Daemon::start_as(
        folder.path(),
        &[listen, anyone],
        program(["serve"]),
    ));
    make(folder.path(), &["alice"]);
    drop(Daemon::start_as(
        folder.path(),
        &[listen],
        program(["serve"]),
    ));
}
