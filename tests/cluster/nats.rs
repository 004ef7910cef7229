//! Real NATS servers.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

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

/// One server of a cluster, with a folder of its own; killed when dropped.
pub(crate) struct Server {
    arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
    pub(crate) port: u16,
}

impl Server {
    fn new(folder: &Path, name: &str, port: u16, cluster: Option<(u16, &[u16])>) -> Self {
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
        if let Some((own, all)) = cluster {
            let address = |port: &u16| format!("nats-route://127.0.0.1:{port}");
            let routes: Vec<String> = all
                .iter()
                .filter(|port| **port != own)
                .map(address)
                .collect();
            arguments.extend([
                "--cluster_name".to_owned(),
                "test".to_owned(),
                "--cluster".to_owned(),
                format!("nats://127.0.0.1:{own}"),
                "--routes".to_owned(),
                routes.join(","),
            ]);
        }
        let mut server = Self {
            arguments,
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
        let started = Command::new(program().unwrap())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(started.unwrap());
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
    _folder: TempDir,
}

impl Nats {
    /// Starts so many servers.
    pub(crate) fn start(count: usize) -> Self {
        let folder = folder();
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let routes: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let servers: Vec<Server> = ports
            .iter()
            .zip(&routes)
            .enumerate()
            .map(|(index, (port, route))| {
                let cluster = (count > 1).then_some((*route, &routes[..]));
                Server::new(folder.path(), &format!("n{index}"), *port, cluster)
            })
            .collect();
        for server in &servers {
            server.wait();
        }
        Self {
            servers,
            _folder: folder,
        }
    }

    /// What `[cluster] url` is.
    pub(crate) fn url(&self) -> String {
        let url = |server: &Server| format!("nats://127.0.0.1:{}", server.port);
        let urls: Vec<String> = self.servers.iter().map(url).collect();
        urls.join(",")
    }
}
