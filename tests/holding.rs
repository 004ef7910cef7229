//! What one client may hold, and for how long: bodies, heads, answers, connections, pictures.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

use socket2::{Domain, Socket, Type};

use crate::support::{
    Daemon, HOUSE, PATIENCE, complaint, disc, folder, json, limited, one_line, outcome, problem,
    read_all, request, wait_until,
};

/// The beginning of a form that has so many bytes of an image.
fn unfinished_form(bytes: usize) -> Vec<u8> {
    let mut form =
        b"POST /v1/vectorize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\
        Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
            .to_vec();
    let part = b"--edge\r\ncontent-disposition: form-data; name=\"image\"; filename=\"i\"\r\n\r\n";
    form.extend_from_slice(format!("{:x}\r\n", part.len() + bytes).as_bytes());
    form.extend_from_slice(part);
    form.resize(form.len() + bytes, b'x');
    form.extend_from_slice(b"\r\n");
    form
}

#[test]
fn unfinished_bodies_share_one_budget() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__MAX_UPLOAD_BYTES", "1000000"),
        ("CHAT2SVG__SERVER__MAX_BODY_MEMORY_BYTES", "2100000"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let (told, answers) = mpsc::channel();
    let mut streams = Vec::new();
    for _ in 0..6 {
        let mut stream = daemon.connect();
        let _ = stream.write_all(&unfinished_form(900_000));
        streams.push(stream.try_clone().unwrap());
        let told = told.clone();
        thread::spawn(move || {
            let _ = told.send(read_all(&mut stream));
        });
    }
    // Two fit.
    for _ in 0..4 {
        let answer = answers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(outcome(&answer), (503, "overloaded".to_owned()), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
    }
    for stream in streams {
        // Those that were answered are closed already.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
    let picture = disc(64);
    let fields: [(&str, &[u8]); 2] = [("image", &picture), ("level", b"minimal")];
    wait_until("the memory is given back", || {
        daemon
            .post_form("/v1/vectorize", "wait=100", &fields)
            .status()
            .as_u16()
            == 200
    });
    daemon.assert_unharmed();
}

#[cfg(target_os = "linux")]
#[test]
fn many_large_unfinished_bodies_do_not_fill_the_memory() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let form = unfinished_form(12_000_000);
    let streams: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = daemon.connect();
            // Refused while it is sent.
            let _ = stream.write_all(&form);
            stream
        })
        .collect();
    let drawn = daemon.post("/v1/svg", &[], HOUSE);
    assert_eq!(drawn.status().as_u16(), 200);
    let peak = daemon.peak_memory();
    assert!(peak < 500 << 20, "{peak} bytes");
    drop(streams);
    daemon.assert_unharmed();
}

#[test]
fn a_body_that_drips_is_cut_off() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let mut stream = daemon.connect();
    stream
        .write_all(b"POST /v1/svg HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .unwrap();
    let answer = read_all(&mut stream);
    assert_eq!(
        outcome(&answer),
        (408, "request-timeout".to_owned()),
        "{answer}"
    );
    assert!(answer.contains("bytes a second"), "{answer}");
}

#[test]
fn heads_that_drip_are_cut_off_also_after_a_first_request() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let first = daemon.connect();
    let mut second = daemon.connect();
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut some = [0; 16];
    second.read_exact(&mut some).unwrap();
    thread::scope(|scope| {
        for mut stream in [first, second] {
            scope.spawn(move || {
                let mut drip = stream.try_clone().unwrap();
                let dripping = thread::spawn(move || {
                    let head = b"GET /healthz HTTP/1.1\r\nx-slow: ".iter();
                    for byte in head.chain(std::iter::repeat(&b'x')).take(600) {
                        if drip.write_all(&[*byte]).is_err() {
                            break;
                        }
                        thread::sleep(std::time::Duration::from_millis(200));
                    }
                });
                // Ends only when the daemon ends the connection.
                read_all(&mut stream);
                drop(stream);
                dripping.join().unwrap();
            });
        }
    });
    daemon.assert_unharmed();
}

/// Whether a new connection is served, and not turned away.
fn is_served(daemon: &Daemon) -> bool {
    let answer = daemon.exchange(request("GET", "/healthz", "Host: localhost\r\n").as_bytes());
    outcome(&answer).0 == 200
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__WRITE_TIMEOUT_SECONDS", "1"),
        ("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let mut stalled = connect_from(&daemon, "127.0.0.1");
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stalled.write_all(ask.repeat(200).as_bytes()).unwrap();
    let mut head = [0; 12];
    stalled.read_exact(&mut head).unwrap();
    assert!(head.ends_with(b"200"));
    assert!(!is_served(&daemon), "the only place is taken");
    wait_until("the client that does not read is cut off", || {
        is_served(&daemon)
    });
    drop(stalled);
}

/// A connection from an address of this machine, which takes in little that is not read.
#[cfg(target_os = "linux")]
fn connect_from(daemon: &Daemon, address: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let from: SocketAddr = format!("{address}:0").parse().unwrap();
    let to: SocketAddr = daemon.address.parse().unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_with_hundreds_of_idle_connections_locks_nobody_else_out() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let ask = request("GET", "/healthz", "Host: localhost\r\n").replace("close", "keep-alive");
    let mut idle = Vec::new();
    let mut turned_away = 0;
    for _ in 0..300 {
        let mut stream = daemon.connect();
        stream.write_all(ask.as_bytes()).unwrap();
        let mut head = [0; 12];
        match stream.read_exact(&mut head) {
            Ok(()) if head.ends_with(b"200") => idle.push(stream),
            _ => turned_away += 1,
        }
    }
    assert_eq!((idle.len(), turned_away), (256, 44));
    let mut other = connect_from(&daemon, "127.0.0.2");
    other
        .write_all(request("GET", "/healthz", "Host: localhost\r\n").as_bytes())
        .unwrap();
    assert_eq!(outcome(&read_all(&mut other)).0, 200);
    let refused = daemon.exchange(ask.as_bytes());
    assert_eq!(
        outcome(&refused),
        (429, "rate-limited".to_owned()),
        "{refused}"
    );
    drop(idle);
    wait_until("places are given back", || is_served(&daemon));
}

#[test]
fn behind_a_proxy_the_requests_of_each_client_are_counted() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__SERVER__TRUST_FORWARDED_FOR", "true"),
        ("CHAT2SVG__SERVER__MAX_CONNECTIONS_PER_CLIENT", "1"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let mut streams = Vec::new();
    for client in ["192.0.2.1", "192.0.2.2"] {
        let mut stream = daemon.connect();
        let headers = format!("Host: localhost\r\nX-Forwarded-For: {client}\r\n");
        let follow = request("GET", "/v1/system/events", &headers);
        stream.write_all(follow.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert!(head.ends_with(b"200"));
        streams.push(stream);
    }
    let ask = |client: &str| daemon.send("GET", "/healthz", &[("x-forwarded-for", client)], b"");
    problem(ask("192.0.2.1"), 429, "rate-limited");
    assert_eq!(ask("192.0.2.3").status().as_u16(), 200);
    // Its own origin is the one that the proxy was called by.
    let headers = [
        ("x-forwarded-for", "192.0.2.4"),
        ("x-forwarded-proto", "https"),
        ("origin", "https://127.0.0.1"),
        ("host", "127.0.0.1"),
    ];
    assert_eq!(
        daemon.post("/v1/svg", &headers, HOUSE).status().as_u16(),
        200
    );
}

#[test]
fn many_widths_of_a_picture_are_limited() {
    let folder = folder();
    let settings = [("CHAT2SVG__SERVER__PNG_LIMIT__BURST", "3")];
    let daemon = Daemon::start(folder.path(), &settings);
    let id = daemon.submit("a house");
    daemon.wait_for_end(&id);
    let png = |width: u32| daemon.get(&format!("/v1/jobs/{id}/result.png?width={width}"));
    for width in [100, 101, 102, 100, 101] {
        assert_eq!(png(width).status().as_u16(), 200, "{width}");
    }
    problem(png(103), 429, "rate-limited");
    assert_eq!(png(102).status().as_u16(), 200);
}

#[test]
fn the_limit_on_open_files_is_raised_or_obeyed_and_told() {
    let folder = folder();
    let daemon = Daemon::start_limited(folder.path(), &[], "ulimit -Sn 100");
    assert!(is_served(&daemon));
    assert!(!daemon.log().contains("is lowered"), "{}", daemon.log());
    drop(daemon);
    let daemon = Daemon::start_limited(folder.path(), &[], "ulimit -n 300");
    assert!(is_served(&daemon));
    let log = daemon.log();
    let lowered = log
        .lines()
        .filter(|line| line.contains("max_connections is lowered from 512 to 86"));
    assert_eq!(lowered.count(), 1, "{log}");
    drop(daemon);
    let store = folder.path().join("other.db");
    let mut command = limited("ulimit -n 120", ["serve", "--listen", "127.0.0.1:0"]);
    let told = complaint(command.env("CHAT2SVG__STORE__PATH", store), 1);
    let last = told.lines().last().unwrap();
    one_line(last);
    assert!(
        last.contains("120 files") && last.contains("LimitNOFILE"),
        "{told}"
    );
}

#[test]
fn readiness_fails_when_the_store_cannot_be_written() {
    let folder = folder();
    // No file may grow beyond half a megabyte; the signal that tells so is ignored.
    let settings = [("CHAT2SVG__LOG__FILTER", "off,chat2svg=info")];
    let daemon = Daemon::start_limited(folder.path(), &settings, "trap '' XFSZ; ulimit -f 1000");
    assert_eq!(daemon.get("/readyz").status().as_u16(), 200);
    let picture = "y".repeat(1_900);
    wait_until("the store is full", || {
        let body = serde_json::json!({ "prompt": picture, "level": "minimal" }).to_string();
        let answer = daemon.post("/v1/svg", &[("prefer", "respond-async")], body);
        answer.status().as_u16() == 503
    });
    let mut ready = daemon.get("/readyz");
    wait_until("readiness fails", || {
        ready = daemon.get("/readyz");
        ready.status().as_u16() == 503
    });
    let told = json(&mut ready);
    assert_eq!(told["status"], "the store fails", "{told}");
    assert!(
        told["store"].as_str().unwrap().contains("job store"),
        "{told}"
    );
    assert!(!told.to_string().contains("jobs.db"), "{told}");
    assert_eq!(json(&mut daemon.get("/v1/system"))["ready"], false);
    assert_eq!(daemon.get("/healthz").status().as_u16(), 200);
}
