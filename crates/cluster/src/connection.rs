//! A connection to the cluster, and the streams and buckets in it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, ReconnectToServer,
    connection::State,
    jetstream::{
        self, Context,
        context::ContextBuilder,
        kv::{Entry, Store},
        stream::{Config as StreamConfig, DiscardPolicy, RetentionPolicy, StorageType, Stream},
    },
};
use chat2svg_protocol::Priority;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{
    blobs::Blobs, clock::Clock, config::ClusterConfig, error::ClusterError, login::Login, names,
};

/// How long NATS may take to answer one request.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a server may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(2);
/// Between two signs of life of a connection; without two of them it is made anew.
const PING: Duration = Duration::from_secs(3);
/// Between two attempts to find everything at the start.
const START_PAUSE: Duration = Duration::from_millis(500);
/// How long what happened to jobs is kept for those who come late.
const EVENTS_KEPT: Duration = Duration::from_secs(3_600);
/// Events kept of one job. More than its controller keeps.
const EVENTS_PER_JOB: i64 = 512;
/// Bytes of events kept.
const EVENTS_BYTES: i64 = 512 << 20;
/// How long a node that says nothing is shown.
const NODES_KEPT: Duration = Duration::from_secs(15);
/// Least version of NATS.
const LEAST_SERVER: (i64, i64, i64) = (2, 9, 0);

/// A node's connection to the cluster; cheap to clone. It reconnects by itself.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    config: ClusterConfig,
    node: String,
    client: Client,
    context: Context,
    jobs: Store,
    keys: Store,
    nodes: Store,
    work: Stream,
    events: Stream,
    blobs: Blobs,
    clock: Clock,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("node", &self.inner.node)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Connects, and makes the streams and buckets that are not there yet.
    ///
    /// # Errors
    /// When the configuration cannot be used, or the cluster does not answer within the time that
    /// it gives.
    pub async fn connect(config: &ClusterConfig) -> Result<Self, ClusterError> {
        let node = node_name(config)?;
        let give_up = Instant::now() + config.connect_patience();
        let client = loop {
            match options(config, &node)
                .await?
                .connect(address_list(config))
                .await
            {
                Ok(client) => break client,
                Err(error) if Instant::now() >= give_up => {
                    return Err(ClusterError::unreachable("connecting to NATS", error));
                }
                Err(error) => debug!(%error, "NATS does not answer yet"),
            }
            tokio::time::sleep(START_PAUSE).await;
        };
        let (major, minor, patch) = LEAST_SERVER;
        if !client.is_server_compatible(major, minor, patch) {
            return Err(ClusterError::Config(format!(
                "url leads to NATS {}: {major}.{minor} is the least that is served",
                client.server_info().version
            )));
        }
        let context = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        loop {
            match Inner::find(config, &node, &client, &context).await {
                Ok(inner) => {
                    let cluster = Self {
                        inner: Arc::new(inner),
                    };
                    if let Err(error) = cluster.probe().await {
                        debug!(%error, "how this node's clock differs is not known yet");
                    }
                    info!(node, role = config.role.name(), "in the cluster");
                    return Ok(cluster);
                }
                // Other nodes may be making the same, or the servers elect a leader.
                Err(error) if Instant::now() < give_up => {
                    debug!(%error, "the cluster is not ready yet");
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(START_PAUSE).await;
        }
    }

    /// The configuration.
    pub fn config(&self) -> &ClusterConfig {
        &self.inner.config
    }

    /// What this node is called.
    pub fn node(&self) -> &str {
        &self.inner.node
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.inner.client.connection_state() == State::Connected
    }

    /// The servers' time.
    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) fn jobs(&self) -> &Store {
        &self.inner.jobs
    }

    pub(crate) fn keys(&self) -> &Store {
        &self.inner.keys
    }

    pub(crate) fn nodes(&self) -> &Store {
        &self.inner.nodes
    }

    pub(crate) fn work(&self) -> &Stream {
        &self.inner.work
    }

    pub(crate) fn events(&self) -> &Stream {
        &self.inner.events
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Removes a key without a trace, also that of its removal.
    pub(crate) async fn erase(&self, bucket: &Store, key: &str) -> Result<(), ClusterError> {
        let subject = names::subject_of(&bucket.name, key);
        let erased = bucket.stream.purge().filter(subject).await;
        erased
            .map(|_| ())
            .map_err(|error| ClusterError::unreachable("removing a key", error))
    }

    /// Connects anew, with any of the servers.
    pub(crate) async fn turn_to_another_server(&self) {
        info!("NATS does not acknowledge: this node turns to another server");
        if let Err(error) = self.inner.client.force_reconnect().await {
            debug!(%error, "the connection cannot be made anew");
        }
    }

    /// Whether the cluster can be read and written now.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn probe(&self) -> Result<(), ClusterError> {
        if !self.is_connected() {
            return Err(ClusterError::Unreachable {
                what: "looking at the cluster",
                reason: "there is no connection to NATS".to_owned(),
            });
        }
        let key = format!("probe.{}", self.inner.node);
        let at = Timestamp::now();
        let written = self.inner.nodes.put(&key, "probe".into()).await;
        let written =
            written.map_err(|error| ClusterError::unreachable("writing to the cluster", error))?;
        let read = self.inner.nodes.entry(key).await;
        let read =
            read.map_err(|error| ClusterError::unreachable("reading from the cluster", error))?;
        if let Some(entry) = read.filter(|entry| entry.revision == written)
            && let Some(stamped) = stamp(&entry)
        {
            self.inner.clock.heard(at, stamped);
        }
        Ok(())
    }
}

/// When a server took an entry of a bucket on.
pub(crate) fn stamp(entry: &Entry) -> Option<Timestamp> {
    Timestamp::from_nanosecond(entry.created.unix_timestamp_nanos()).ok()
}

impl Inner {
    async fn find(
        config: &ClusterConfig,
        node: &str,
        client: &Client,
        context: &Context,
    ) -> Result<Self, ClusterError> {
        let replicas = config.replicas;
        let jobs = bucket(context, names::JOBS, replicas, Duration::ZERO).await?;
        let keys = bucket(context, names::KEYS, replicas, Duration::ZERO).await?;
        let nodes = bucket(context, names::NODES, replicas, NODES_KEPT).await?;
        let work = stream(
            context,
            StreamConfig {
                name: names::WORK.to_owned(),
                subjects: vec![names::WORK_SUBJECTS.to_owned()],
                retention: RetentionPolicy::WorkQueue,
                // A job waits once, however often it is put in line.
                max_messages_per_subject: 1,
                discard: DiscardPolicy::New,
                discard_new_per_subject: true,
                num_replicas: replicas,
                ..Default::default()
            },
        )
        .await?;
        for priority in [Priority::Interactive, Priority::Batch] {
            workers(&work, priority, config).await?;
        }
        let events = stream(
            context,
            StreamConfig {
                name: names::EVENTS.to_owned(),
                subjects: vec![names::EVENT_SUBJECTS.to_owned()],
                max_age: EVENTS_KEPT,
                max_messages_per_subject: EVENTS_PER_JOB,
                max_bytes: EVENTS_BYTES,
                discard: DiscardPolicy::Old,
                num_replicas: replicas,
                ..Default::default()
            },
        )
        .await?;
        let files = stream(
            context,
            StreamConfig {
                name: names::BLOBS.to_owned(),
                subjects: vec![names::BLOB_SUBJECTS.to_owned()],
                max_messages_per_subject: 1,
                discard: DiscardPolicy::New,
                // What is read never changes, so that any server may answer.
                allow_direct: true,
                num_replicas: replicas,
                ..Default::default()
            },
        )
        .await?;
        Ok(Self {
            config: config.clone(),
            node: node.to_owned(),
            client: client.clone(),
            context: context.clone(),
            jobs,
            keys,
            nodes,
            work,
            events,
            blobs: Blobs::new(context.clone(), files, client.max_payload()),
            clock: Clock::default(),
        })
    }
}

/// A bucket whose reads see every write that was acknowledged: only its leader answers.
async fn bucket(
    context: &Context,
    name: &str,
    replicas: usize,
    max_age: Duration,
) -> Result<Store, ClusterError> {
    stream(
        context,
        StreamConfig {
            name: names::stream_of(name),
            subjects: vec![names::subject_of(name, ">")],
            max_messages_per_subject: 1,
            max_age,
            discard: DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: false,
            num_replicas: replicas,
            ..Default::default()
        },
    )
    .await?;
    let found = context.get_key_value(name).await;
    found.map_err(|error| ClusterError::unreachable("finding a bucket", error))
}

async fn stream(context: &Context, config: StreamConfig) -> Result<Stream, ClusterError> {
    let config = StreamConfig {
        storage: StorageType::File,
        max_messages: -1,
        max_bytes: if config.max_bytes == 0 {
            -1
        } else {
            config.max_bytes
        },
        max_consumers: -1,
        ..config
    };
    let wanted = config.num_replicas;
    let made = context.get_or_create_stream(config).await;
    let stream = made.map_err(|error| ClusterError::unreachable("making a stream", error))?;
    let known = stream.cached_info();
    if known.config.num_replicas != wanted {
        warn!(
            stream = known.config.name,
            replicas = known.config.num_replicas,
            wanted,
            "the stream was made with another number of replicas: change it with the nats tool"
        );
    }
    Ok(stream)
}

async fn workers(
    work: &Stream,
    priority: Priority,
    config: &ClusterConfig,
) -> Result<(), ClusterError> {
    let name = names::workers(priority);
    let wanted = jetstream::consumer::pull::Config {
        durable_name: Some(name.clone()),
        filter_subject: names::works(priority),
        ack_wait: config.lease(),
        max_deliver: -1,
        max_ack_pending: -1,
        ..Default::default()
    };
    let made = work.create_consumer(wanted).await;
    made.map(|_| ())
        .map_err(|error| ClusterError::unreachable("making the workers' consumer", error))
}

pub(crate) async fn options(
    config: &ClusterConfig,
    node: &str,
) -> Result<ConnectOptions, ClusterError> {
    // In turn, so that whoever turns away from a server comes to another one. Nodes begin anywhere.
    let turn = AtomicUsize::new(usize::from(Uuid::new_v4().as_bytes()[0]));
    let mut options = ConnectOptions::new()
        .name(format!("chat2svg {node}"))
        .reconnect_to_server_callback(move |servers, _| {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            let next = turn
                .checked_rem(servers.len())
                .and_then(|index| servers.get(index))
                .map(|server| ReconnectToServer {
                    addr: server.addr.clone(),
                    delay: None,
                });
            std::future::ready(next)
        })
        .require_tls(config.tls)
        .connection_timeout(CONNECT)
        .ping_interval(PING)
        .event_callback(|event| async move { info!(%event, "connection to NATS") });
    if !config.tls_ca.as_os_str().is_empty() {
        options = options.add_root_certificates(config.tls_ca.clone());
    }
    if let Some(login) = Login::read(config)? {
        options = login.apply(options);
    }
    if !config.credentials.as_os_str().is_empty() {
        let path = config.credentials.display().to_string();
        let used = options.credentials_file(&config.credentials).await;
        options = used.map_err(|error| {
            ClusterError::Config(format!("credentials: {path} cannot be used: {error}"))
        })?;
    }
    Ok(options)
}

pub(crate) fn address_list(config: &ClusterConfig) -> Vec<String> {
    let parts = config.url.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What the node is called: as configured, else after the machine and the process.
fn node_name(config: &ClusterConfig) -> Result<String, ClusterError> {
    let plain = |text: &str| -> String {
        let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
        text.chars().filter(is_plain).take(40).collect()
    };
    if config.node.is_empty() {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = plain(host.trim());
        let host = if host.is_empty() { "node" } else { &host };
        return Ok(format!("{host}-{}", std::process::id()));
    }
    if plain(&config.node) == config.node {
        return Ok(config.node.clone());
    }
    Err(ClusterError::Config(format!(
        "node = \"{}\": a name has up to 40 letters, digits and hyphens",
        config.node
    )))
}
