//! What each node says of itself every few seconds, and what follows from the sum of it for a job
//! that arrives.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::jetstream::kv::Operation;
use chat2svg_protocol::{
    NodeSnapshot,
    messages::{CircuitsQuery, QueueQuery},
};
use chat2svg_scheduler::{
    SharedForecast,
    nodes::{self, UnderWay, Worker},
};
use chat2svg_supervision::Line;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, warn};

use crate::{
    catalogue::Catalogue,
    circuits::CircuitLines,
    connection::{Cluster, stamp},
    ownership::Claims,
};

/// Between two snapshots of a node.
const INTERVAL: Duration = Duration::from_secs(2);
/// How old a snapshot may be by the servers' clock. The bucket drops what is older, too.
const FRESH: Duration = Duration::from_secs(8);
/// Between two sums.
const SUM: Duration = Duration::from_millis(500);
/// When nothing is heard of any node for so long, they are followed anew.
const SILENCE: Duration = Duration::from_secs(5);
/// Between two attempts to follow the nodes.
const PAUSE: Duration = Duration::from_secs(1);
/// How long an actor may take to say how it stands.
const PATIENCE: Duration = Duration::from_millis(500);
/// Snapshots in a row that the servers do not acknowledge before this node looks for another
/// server: the one that it is connected with may be cut off from the others.
const MOST_UNHEARD: u32 = 2;
/// How the keys of snapshots begin.
const PREFIX: &str = "node.";

/// The nodes that there are; cheap to clone.
#[derive(Clone, Debug)]
pub struct Nodes {
    known: Arc<Mutex<Vec<(NodeSnapshot, tokio::time::Instant)>>>,
    _following: Arc<DropGuard>,
}

/// What a node's snapshot is made from.
#[derive(Clone, Debug)]
pub struct NodeLines {
    /// How the queue stands.
    pub queue: Line<QueueQuery>,
    /// How the circuits stand.
    pub circuits: Line<CircuitsQuery>,
    /// Where circuits are held by hand.
    pub held_circuits: CircuitLines,
    /// What one more job has to expect here.
    pub forecast: SharedForecast,
}

impl Nodes {
    /// Tells the others how this node stands, follows how they do, and keeps `forecast` up to date
    /// for a front. To be called in an actix system.
    pub fn start(
        cluster: &Cluster,
        catalogue: &Catalogue,
        claims: &Claims,
        room: usize,
        lines: NodeLines,
        forecast: SharedForecast,
    ) -> Self {
        let stop = CancellationToken::new();
        let nodes = Self {
            known: Arc::default(),
            _following: Arc::new(stop.clone().drop_guard()),
        };
        let (hearing, held) = (cluster.clone(), lines.held_circuits.clone());
        let telling = tell(cluster.clone(), claims.clone(), room, lines);
        let following = follow(cluster.clone(), Arc::clone(&nodes.known));
        let (known, catalogue, cluster) =
            (Arc::clone(&nodes.known), catalogue.clone(), cluster.clone());
        let summing = async move {
            loop {
                let (own, all) = catalogue.under_way();
                let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
                let under_way = UnderWay {
                    own: number(own),
                    all: number(all),
                };
                let said = fresh(&known);
                let names = said.iter().map(|node| node.node.clone()).collect();
                let workers: Vec<Worker> = said
                    .iter()
                    .filter(|node| node.role.runs_stages())
                    .map(|node| Worker {
                        forecast: node.forecast,
                        jobs: node.jobs,
                    })
                    .collect();
                catalogue.set_nodes(names, workers.len());
                // Whoever is cut off hears of no worker; that there are none is not known.
                if cluster.is_connected() {
                    forecast.set(nodes::sum(&workers, under_way));
                }
                tokio::time::sleep(SUM).await;
            }
        };
        actix::spawn(async move {
            let hearing = hearing.hear_circuits(&held);
            let all = async { tokio::join!(telling, following, summing, hearing) };
            stop.run_until_cancelled(all).await;
        });
        nodes
    }

    /// Whether a worker said something of late.
    pub fn has_worker(&self) -> bool {
        let nodes = fresh(&self.known);
        nodes.iter().any(|node| node.role.runs_stages())
    }

    /// The nodes that said something of late, by name.
    pub fn snapshots(&self) -> Vec<NodeSnapshot> {
        fresh(&self.known)
    }
}

type Known = Mutex<Vec<(NodeSnapshot, tokio::time::Instant)>>;

fn fresh(known: &Known) -> Vec<NodeSnapshot> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|(_, heard)| heard.elapsed() < FRESH);
    known.iter().map(|(node, _)| node.clone()).collect()
}

fn note(known: &Known, snapshot: NodeSnapshot) {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|(node, _)| node.node != snapshot.node);
    known.push((snapshot, tokio::time::Instant::now()));
    known.sort_by(|(one, _), (other, _)| one.node.cmp(&other.node));
}

async fn tell(cluster: Cluster, claims: Claims, room: usize, lines: NodeLines) {
    let key = format!("{PREFIX}{}", cluster.node());
    let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
    let mut unheard = 0;
    loop {
        let (queue, circuits) = tokio::join!(
            lines.queue.ask(QueueQuery, PATIENCE),
            lines.circuits.ask(CircuitsQuery, PATIENCE),
        );
        let mut circuits = circuits.unwrap_or_default();
        for circuit in &mut circuits {
            // Their past is the node's own matter, and long.
            circuit.standing.changes.clear();
        }
        let snapshot = NodeSnapshot {
            node: cluster.node().to_owned(),
            role: cluster.config().role,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: Timestamp::now(),
            jobs: number(claims.count()),
            room: number(room),
            queue: queue.ok(),
            circuits,
            forecast: nodes::told(lines.forecast.get()),
        };
        match serde_json::to_vec(&snapshot) {
            Ok(text) => match cluster.nodes().put(&key, text.into()).await {
                Ok(_) => unheard = 0,
                Err(error) => {
                    debug!(%error, "this node cannot tell how it stands");
                    unheard += 1;
                    if unheard >= MOST_UNHEARD {
                        unheard = 0;
                        cluster.turn_to_another_server().await;
                    }
                }
            },
            Err(error) => warn!(%error, "how this node stands cannot be written down"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn follow(cluster: Cluster, known: Arc<Known>) {
    loop {
        match cluster
            .nodes()
            .watch_with_history(format!("{PREFIX}>"))
            .await
        {
            Ok(mut watch) => {
                // At least what this node says of itself comes. A consumer that was made anew on a
                // server that is gone stays silent for ever.
                while let Ok(Some(Ok(entry))) = tokio::time::timeout(SILENCE, watch.next()).await {
                    if entry.operation != Operation::Put {
                        continue;
                    }
                    match serde_json::from_slice::<NodeSnapshot>(&entry.value) {
                        Ok(snapshot) => {
                            if snapshot.node == cluster.node()
                                && let Some(stamped) = stamp(&entry)
                            {
                                cluster.clock().heard(snapshot.at, stamped);
                            }
                            note(&known, snapshot);
                        }
                        // Of a newer version, say.
                        Err(error) => {
                            debug!(%error, key = entry.key, "a node cannot be understood");
                        }
                    }
                }
            }
            Err(error) => debug!(%error, "the nodes cannot be followed now"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
