//! Real NATS servers.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::proxy::Proxy;
use crate::support::{folder, free_port, wait_until};

/// Where the server is, if it is installed.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join("nats-server"))
        .find(|program| program.is_file())
}

/// Whether there are servers to test with. Elsewhere such tests are left out; where everything must
/// be tested they fail.
pub(crate) fn is_there() -> bool {
    if program().is_some() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "nats-server is not installed: the cluster cannot be tested"
    );
    eprintln!("nats-server is not installed: this test is left out");
    false
}

/// Has a program run with a disk of its own under a folder: the first argument and the rest.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=900m none "$0" && exec "$@""#;

/// How a server is bound to the others.
#[derive(Clone, Debug, Default)]
struct Place {
    is_in_cluster: bool,
    /// Its port for the others, and the one that they are told.
    own: u16,
    advertised: u16,
    /// Whom it calls.
    routes: Vec<u16>,
    kind: Kind,
}

/// One server of a cluster, with a folder of its own; killed when dropped.
pub(crate) struct Server {
    arguments: Vec<String>,
    store: PathBuf,
    /// Whether its disk is small, and of memory.
    is_small: bool,
    log: PathBuf,
    child: Option<Child>,
    pub(crate) port: u16,
}

impl Server {
    fn new(folder: &Path, name: &str, port: u16, place: &Place) -> Self {
        let store = folder.join(name);
        fs::create_dir_all(&store).unwrap();
        let mut arguments = vec![
            "--addr".to_owned(),
            "127.0.0.1".to_owned(),
            "--port".to_owned(),
            port.to_string(),
            "--jetstream".to_owned(),
            "--store_dir".to_owned(),
            store.display().to_string(),
            "--server_name".to_owned(),
            name.to_owned(),
        ];
        if let Some((user, password)) = place.kind.login {
            let login = ["--user", user, "--pass", password];
            arguments.extend(login.map(str::to_owned));
        }
        if place.kind.has_small_messages {
            let settings = small_messages(folder).display().to_string();
            arguments.extend(["--config".to_owned(), settings]);
        }
        if place.is_in_cluster {
            let address = |port: &u16| format!("nats-route://127.0.0.1:{port}");
            let routes: Vec<String> = place.routes.iter().map(address).collect();
            arguments.extend([
                "--cluster_name".to_owned(),
                "test".to_owned(),
                "--cluster".to_owned(),
                format!("nats://127.0.0.1:{}", place.own),
                // Nodes take the ways that they are given.
                "--no_advertise".to_owned(),
                "--cluster_advertise".to_owned(),
                format!("127.0.0.1:{}", place.advertised),
                "--routes".to_owned(),
                routes.join(","),
            ]);
        }
        let mut server = Self {
            arguments,
            store,
            is_small: place.kind.has_small_disk,
            log: folder.join(format!("{name}.log")),
            child: None,
            port,
        };
        server.start();
        server
    }

    /// Starts it, where it was before.
    pub(crate) fn start(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = if self.is_small {
            let mut command = Command::new("unshare");
            command.args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                SMALL_DISK,
            ]);
            command.arg(&self.store).arg(program().unwrap());
            command
        } else {
            Command::new(program().unwrap())
        };
        let started = command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(started.unwrap());
    }

    /// Fills its disk, which is a small one.
    pub(crate) fn fill_disk(&self) {
        let seen_from_here = format!("/proc/{}/root", self.child.as_ref().unwrap().id());
        let store = self.store.strip_prefix("/").unwrap();
        let filler = Path::new(&seen_from_here).join(store).join("filler");
        let mut file = fs::File::create(filler).unwrap();
        let piece = vec![1; 1 << 20];
        // Until there is no room.
        while file.write_all(&piece).is_ok() {}
    }

    /// Waits until it takes connections.
    pub(crate) fn wait(&self) {
        wait_until("the NATS server starts", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One server, or several in a cluster.
pub(crate) struct Nats {
    pub(crate) servers: Vec<Server>,
    /// The ways between the first server and the others, where something stands there.
    pub(crate) between: Vec<Proxy>,
    _folder: TempDir,
}

/// What servers are started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    /// Whether a proxy stands between the first server and the others.
    pub(crate) has_proxy: bool,
    /// Whether the first server has a small disk.
    pub(crate) has_small_disk: bool,
    /// The name and the password that they ask for.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// Whether messages are small, so that results are files.
    pub(crate) has_small_messages: bool,
}

/// Settings of a server that takes small messages only.
fn small_messages(folder: &Path) -> PathBuf {
    let path = folder.join("small.conf");
    fs::write(&path, "max_payload: 65536\n").unwrap();
    path
}

impl Nats {
    /// Starts so many servers.
    pub(crate) fn start(count: usize) -> Self {
        Self::of_kind(count, Kind::default())
    }

    /// Starts so many servers of a kind.
    pub(crate) fn of_kind(count: usize, kind: Kind) -> Self {
        let folder = folder();
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let routes: Vec<u16> = (0..count).map(|_| free_port()).collect();
        // The others know each other by their own ports, and the first one by the proxies.
        let between: Vec<Proxy> = match kind.has_proxy {
            true => routes.iter().map(|port| Proxy::to(*port)).collect(),
            false => Vec::new(),
        };
        let advertised = |index: usize| between.get(index).map_or(routes[index], |way| way.port);
        let called_by = |caller: usize, index: usize| match (caller, index) {
            (0, _) | (_, 0) => advertised(index),
            _ => routes[index],
        };
        // The first comes last, when the others have found each other.
        let mut servers: Vec<Server> = (0..count)
            .rev()
            .map(|index| {
                let others = (0..count).filter(|other| *other != index);
                let place = Place {
                    is_in_cluster: count > 1,
                    own: routes[index],
                    advertised: advertised(index),
                    routes: others.map(|other| called_by(index, other)).collect(),
                    kind: Kind {
                        has_small_disk: kind.has_small_disk && index == 0,
                        ..kind
                    },
                };
                let server = Server::new(folder.path(), &format!("n{index}"), ports[index], &place);
                server.wait();
                server
            })
            .collect();
        servers.reverse();
        Self {
            servers,
            between,
            _folder: folder,
        }
    }

    /// What `[cluster] url` is.
    pub(crate) fn url(&self) -> String {
        url(self.servers.iter().map(|server| server.port))
    }

    /// Another way to every server, for one node.
    pub(crate) fn way(&self) -> Vec<Proxy> {
        let servers = self.servers.iter();
        servers.map(|server| Proxy::to(server.port)).collect()
    }
}

/// Servers at ports of this machine, as nodes are told.
pub(crate) fn url(ports: impl Iterator<Item = u16>) -> String {
    let urls: Vec<String> = ports
        .map(|port| format!("nats://127.0.0.1:{port}"))
        .collect();
    urls.join(",")
}
