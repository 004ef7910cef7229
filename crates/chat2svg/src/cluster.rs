//! This process as a node of a cluster.

use std::sync::Arc;

use actix::Arbiter;
use anyhow::Context as _;
use chat2svg_cluster::{
    Catalogue, ClaimActor, ClaimLines, Claims, Cluster, ClusterError, ClusterFrontActor,
    ClusterStoreActor, HandBack, NodeLines, Nodes,
};
use chat2svg_keys::Tokens;
use chat2svg_protocol::messages::GetResult;
use chat2svg_scheduler::SharedForecast;
use chat2svg_store::StoreConfig;
use chat2svg_supervision::{Line, Slot};
use chat2svg_web::WebServices;
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::{keeping::NO_RANDOM_NUMBERS, settings::Settings, wiring::System};

/// Membership in a cluster; cheap to clone.
#[derive(Clone)]
pub(crate) struct Member {
    cluster: Cluster,
    catalogue: Catalogue,
    claims: Claims,
}

impl Member {
    /// Joins the configured cluster; `None` where none is. To be called in an actix system.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub(crate) async fn join(settings: &Settings) -> Result<Option<Self>, ClusterError> {
        if !settings.cluster.is_on() {
            return Ok(None);
        }
        let cluster = Cluster::connect(&settings.cluster).await?;
        Ok(Some(Self {
            catalogue: Catalogue::follow(cluster.clone()),
            claims: Claims::default(),
            cluster,
        }))
    }

    /// What this node is called.
    pub(crate) fn name(&self) -> &str {
        self.cluster.node()
    }

    /// Signs tokens that any front takes.
    pub(crate) async fn tokens(&self) -> anyhow::Result<Tokens> {
        let fresh = Tokens::new_secret().context(NO_RANDOM_NUMBERS)?;
        Ok(Tokens::with_secret(
            self.cluster.shared_secret(fresh).await?,
        ))
    }

    /// A store actor.
    pub(crate) fn store(&self, config: &StoreConfig) -> ClusterStoreActor {
        let (cluster, catalogue) = (self.cluster.clone(), self.catalogue.clone());
        ClusterStoreActor::new(cluster, catalogue, self.claims.clone(), config)
    }
}

/// A node's own actors.
pub(crate) struct Node {
    front: Slot<ClusterFrontActor>,
    claim: Option<Slot<ClaimActor>>,
    nodes: Nodes,
    forecast: SharedForecast,
    cluster: Cluster,
}

impl Node {
    /// Starts what makes this process a node: it answers for the cluster's jobs, and takes them
    /// where its role says so.
    pub(crate) fn start(member: &Member, system: &System, settings: &Settings) -> Self {
        let Member {
            cluster,
            catalogue,
            claims,
        } = member.clone();
        let runs_stages = settings.cluster.role.runs_stages();
        let room = settings.cluster.room(settings.process.threads());
        let shown_room = if runs_stages { room } else { 0 };
        let forecast = SharedForecast::default();
        let lines = NodeLines {
            queue: system.queue(),
            circuits: system.circuits(),
            held_circuits: system.held_circuits(),
            forecast: system.forecast.clone(),
        };
        let nodes = Nodes::start(
            &cluster,
            &catalogue,
            &claims,
            shown_room,
            lines,
            forecast.clone(),
        );
        let front = Slot::<ClusterFrontActor>::new("cluster-front");
        let arbiter = Arbiter::new().handle();
        let results: Line<GetResult> = system.results();
        system.watchdog.start(&front, &arbiter, {
            let (cluster, catalogue, nodes) = (cluster.clone(), catalogue, nodes.clone());
            move || {
                let (cluster, catalogue) = (cluster.clone(), catalogue.clone());
                ClusterFrontActor::new(cluster, catalogue, nodes.clone(), results.clone())
            }
        });
        let claim = runs_stages.then(|| {
            let slot = Slot::<ClaimActor>::new("claim");
            let lines = ClaimLines {
                take_up: system.controller.line(),
                let_go: system.controller.line(),
                let_go_waiting: system.controller.line(),
                cancel: system.controller.line(),
                subscribe: system.controller.line(),
                job: system.controller.line(),
            };
            let (cluster, claims) = (cluster.clone(), claims.clone());
            let places = Arc::new(Semaphore::new(room));
            system.watchdog.start(&slot, &arbiter, move || {
                let places = Arc::clone(&places);
                ClaimActor::new(cluster.clone(), claims.clone(), lines.clone(), places, room)
            });
            slot
        });
        Self {
            front,
            claim,
            nodes,
            forecast,
            cluster,
        }
    }

    /// Has the web front ask the cluster.
    pub(crate) fn answer(&self, services: &mut WebServices) {
        let lines = &mut services.lines;
        lines.submit = self.front.line();
        lines.cancel = self.front.line();
        lines.job = self.front.line();
        lines.jobs = self.front.line();
        lines.remove = self.front.line();
        lines.result = self.front.line();
        lines.subscribe = self.front.line();
        services.forecast = self.forecast.clone();
        let nodes = self.nodes.clone();
        services.nodes = Arc::new(move || nodes.snapshots());
        let cluster = self.cluster.clone();
        services.circuit_held = Arc::new(move |circuit, mode| {
            let cluster = cluster.clone();
            actix::spawn(async move { cluster.tell_circuit(circuit, mode).await });
        });
    }

    /// Gives jobs back to the queue: those that have not begun, or `all` that are left.
    pub(crate) async fn hand_back(&self, all: bool, patience: Duration) {
        if let Some(claim) = &self.claim
            && let Err(error) = claim.line().ask(HandBack { all }, patience).await
        {
            warn!(%error, "jobs are not given back: others take them after the lease");
        }
    }
}
