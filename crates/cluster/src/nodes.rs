//! What each node says of itself every few seconds, and what follows from the sum of it for a job
//! that arrives.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::jetstream::kv::Operation;
use chat2svg_protocol::{
    NodeForecast, NodeSnapshot,
    messages::{CircuitsQuery, QueueQuery},
};
use chat2svg_scheduler::{SharedForecast, admission::Forecast};
use chat2svg_supervision::Line;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, warn};

use crate::{catalogue::Catalogue, connection::Cluster, ownership::Claims};

/// Between two snapshots of a node.
const INTERVAL: Duration = Duration::from_secs(2);
/// How old a snapshot may be by the servers' clock. The bucket drops what is older, too.
const FRESH: Duration = Duration::from_secs(8);
/// Between two sums.
const SUM: Duration = Duration::from_millis(500);
/// Between two attempts to follow the nodes.
const PAUSE: Duration = Duration::from_secs(1);
/// How long an actor may take to say how it stands.
const PATIENCE: Duration = Duration::from_millis(500);
/// How the keys of snapshots begin.
const PREFIX: &str = "node.";

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// Jobs that came in through this front.
    pub(crate) own: u32,
    /// All jobs of the cluster.
    pub(crate) all: u32,
}

/// What a job that arrives has to expect from all workers together, at the door of one front. What
/// came in through other fronts takes places away from this one.
pub(crate) fn sum(nodes: &[NodeSnapshot], under_way: UnderWay) -> Forecast {
    let workers: Vec<&NodeSnapshot> = nodes
        .iter()
        .filter(|node| node.role.runs_stages())
        .collect();
    if workers.is_empty() {
        // Nobody knows when one will come; whoever puts a job in is told that there is none.
        return Forecast {
            jobs: under_way.own,
            ..Forecast::default()
        };
    }
    let count = f64::from(u32::try_from(workers.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&NodeForecast) -> f64| {
        workers.iter().map(|node| of(&node.forecast)).sum::<f64>() / count
    };
    let taken: u32 = workers
        .iter()
        .map(|node| node.jobs)
        .fold(0, u32::saturating_add);
    let waiting = f64::from(under_way.all.saturating_sub(taken));
    let job_seconds = mean(|forecast| forecast.job_seconds) / count;
    let least = workers.iter().map(|node| node.forecast.least_seconds);
    let places = workers
        .iter()
        .map(|node| node.forecast.places)
        .fold(0, u32::saturating_add);
    let elsewhere = under_way.all.saturating_sub(under_way.own);
    Forecast {
        wait_seconds: mean(|forecast| forecast.wait_seconds) + waiting * job_seconds,
        job_seconds,
        least_seconds: least.fold(f64::INFINITY, f64::min),
        places: if places == u32::MAX {
            places
        } else {
            places.saturating_sub(elsewhere)
        },
        jobs: under_way.own,
    }
}

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
                // Whoever is cut off hears of no worker; that there are none is not known.
                if cluster.is_connected() {
                    forecast.set(sum(&fresh(&known), under_way));
                }
                tokio::time::sleep(SUM).await;
            }
        };
        actix::spawn(async move {
            let all = async { tokio::join!(telling, following, summing) };
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

fn seen_from_outside(forecast: Forecast) -> NodeForecast {
    NodeForecast {
        wait_seconds: forecast.wait_seconds,
        job_seconds: forecast.job_seconds,
        least_seconds: forecast.least_seconds,
        places: forecast.places,
    }
}

async fn tell(cluster: Cluster, claims: Claims, room: usize, lines: NodeLines) {
    let key = format!("{PREFIX}{}", cluster.node());
    let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
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
            forecast: seen_from_outside(lines.forecast.get()),
        };
        match serde_json::to_vec(&snapshot) {
            Ok(text) => {
                if let Err(error) = cluster.nodes().put(&key, text.into()).await {
                    debug!(%error, "this node cannot tell how it stands");
                }
            }
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
                while let Some(Ok(entry)) = watch.next().await {
                    if entry.operation != Operation::Put {
                        continue;
                    }
                    match serde_json::from_slice(&entry.value) {
                        Ok(snapshot) => note(&known, snapshot),
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

#[cfg(test)]
mod tests {
    use chat2svg_protocol::NodeRole;

    use super::*;

    fn node(role: NodeRole, jobs: u32, wait_seconds: f64) -> NodeSnapshot {
        NodeSnapshot {
            node: "n".to_owned(),
            role,
            version: String::new(),
            at: Timestamp::UNIX_EPOCH,
            jobs,
            room: 8,
            queue: None,
            circuits: Vec::new(),
            forecast: NodeForecast {
                wait_seconds,
                job_seconds: 1.0,
                least_seconds: 0.5,
                places: 10,
            },
        }
    }

    #[test]
    fn two_workers_are_twice_one() {
        let workers = [node(NodeRole::Worker, 3, 3.0), node(NodeRole::All, 1, 1.0)];
        let under_way = UnderWay { own: 2, all: 8 };
        let forecast = sum(&workers, under_way);
        assert_eq!(forecast.job_seconds, 0.5);
        // What is taken takes 2 seconds; 4 more wait for half a second each.
        assert_eq!(forecast.wait_seconds, 4.0);
        assert_eq!(forecast.places, 14);
        assert_eq!(forecast.jobs, 2);
    }

    #[test]
    fn fronts_run_nothing() {
        let one = sum(&[node(NodeRole::Worker, 0, 0.0)], UnderWay::default());
        let with_front = [
            node(NodeRole::Worker, 0, 0.0),
            node(NodeRole::Front, 0, 9.0),
        ];
        assert_eq!(one, sum(&with_front, UnderWay::default()));
    }
}
