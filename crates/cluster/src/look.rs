//! A look at the cluster from outside, which changes nothing in it.

use std::fmt;

use async_nats::jetstream::{self, ErrorCode, context::GetStreamErrorKind, kv::Operation};
use chat2svg_protocol::NodeSnapshot;
use futures_util::StreamExt as _;

use crate::{
    config::ClusterConfig,
    connection::{address_list, options},
    error::ClusterError,
    names,
};

/// Seconds by which a node's clock may differ from that of the servers before it is worth a word.
const CLOCK_TOLERANCE: f64 = 2.0;

/// What a look at the cluster found.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Version of the server that answered.
    pub version: String,
    /// Copies that are kept of each job; nothing before the first node has come.
    pub replicas: Option<usize>,
    /// The nodes that are there.
    pub nodes: Vec<NodeLook>,
}

/// A node as it is seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeLook {
    /// What it is called.
    pub node: String,
    /// Seconds by which its clock is ahead of the server's.
    pub clock_ahead: f64,
}

impl Look {
    /// Looks at a cluster.
    ///
    /// # Errors
    /// When no server answers, or JetStream is off.
    pub async fn at(config: &ClusterConfig) -> Result<Self, ClusterError> {
        let client = options(config, "doctor")
            .await?
            .connect(address_list(config));
        let client = client
            .await
            .map_err(|error| ClusterError::unreachable("connecting to NATS", error))?;
        let version = client.server_info().version.clone();
        let context = jetstream::new(client);
        // Not by the account: servers before 2.10 do not tell all that this client reads there.
        let stream = match context.get_stream(names::stream_of(names::JOBS)).await {
            Ok(stream) => stream,
            Err(error) if is_missing(&error.kind()) => {
                return Ok(Self {
                    version,
                    replicas: None,
                    nodes: Vec::new(),
                });
            }
            Err(error) => {
                let tried = "asking for JetStream, which `nats-server --jetstream` has,";
                return Err(ClusterError::unreachable(tried, error));
            }
        };
        Ok(Self {
            version,
            replicas: Some(stream.cached_info().config.num_replicas),
            nodes: nodes(&context).await?,
        })
    }

    /// Nodes whose clocks are off.
    pub fn wrong_clocks(&self) -> impl Iterator<Item = &NodeLook> {
        self.nodes
            .iter()
            .filter(|node| node.clock_ahead.abs() > CLOCK_TOLERANCE)
    }
}

impl fmt::Display for Look {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NATS {} with JetStream", self.version)?;
        match self.replicas {
            None => formatter.write_str("; no node has been there yet"),
            Some(replicas) => {
                let nodes: Vec<&str> = self.nodes.iter().map(|node| &*node.node).collect();
                let nodes = if nodes.is_empty() {
                    "none".to_owned()
                } else {
                    nodes.join(", ")
                };
                write!(formatter, ", replicas: {replicas}; nodes: {nodes}")
            }
        }
    }
}

/// Whether JetStream is on, and has no such stream.
fn is_missing(error: &GetStreamErrorKind) -> bool {
    matches!(error, GetStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

async fn nodes(context: &jetstream::Context) -> Result<Vec<NodeLook>, ClusterError> {
    let failed =
        |error: &dyn fmt::Display| ClusterError::unreachable("looking at the nodes", error);
    let bucket = context.get_key_value(names::NODES).await;
    let bucket = bucket.map_err(|error| failed(&error))?;
    let mut keys = bucket.keys().await.map_err(|error| failed(&error))?;
    let mut nodes = Vec::new();
    while let Some(key) = keys.next().await {
        let key = key.map_err(|error| failed(&error))?;
        let entry = bucket.entry(key).await.map_err(|error| failed(&error))?;
        let Some(entry) = entry.filter(|entry| entry.operation == Operation::Put) else {
            continue;
        };
        let Ok(snapshot) = serde_json::from_slice::<NodeSnapshot>(&entry.value) else {
            continue;
        };
        let heard = entry.created.unix_timestamp_nanos();
        let ahead = snapshot.at.as_nanosecond().saturating_sub(heard);
        #[expect(clippy::cast_precision_loss, reason = "a second is exact enough")]
        let clock_ahead = ahead as f64 / 1e9;
        nodes.push(NodeLook {
            node: snapshot.node,
            clock_ahead,
        });
    }
    nodes.sort_by(|one, other| one.node.cmp(&other.node));
    Ok(nodes)
}
