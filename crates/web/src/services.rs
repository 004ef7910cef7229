//! What the web front needs from the rest of the system, and the state that its handlers share.

use std::{
    fmt,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Message;
use actix_web::{HttpRequest, web::Bytes};
use chat2svg_controller::InputLimits;
use chat2svg_keys::{AuthConfig, KeyRing, Tokens, Window};
use chat2svg_protocol::{
    ActorHealth, Circuit, CircuitMode, CircuitSnapshot, InvalidSetting, JobId, JobOptions, JobView,
    NodeSnapshot, Permit,
    messages::{
        Cancel, CircuitsQuery, CountUse, JobQuery, JobsQuery, PipelineQuery, QueueQuery, Remove,
        ResourcesQuery, ResultQuery, SetCircuit, SetPipeline, StoreProbe, Submit, Subscribe,
    },
};
use chat2svg_scheduler::SharedForecast;
use chat2svg_supervision::{ComputePool, Line};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    admission::{Admission, Admitted},
    auth::{self, Identity},
    clients::Clients,
    config::WebConfig,
    input::BodyMemory,
    openapi,
    problem::{Code, Problem},
    renditions::{Rendition, Renditions},
    store_fault::StoreFault,
    wire::{AdmissionStatus, BlockedBackend, Limits, LineUpPlace, Readiness, SystemStatus},
};

/// How long an actor may take to answer a request's question.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an actor may take to answer a look at the system, which can do without it.
const LOOK_TIMEOUT: Duration = Duration::from_millis(500);

/// Connections that are told at once why they are turned away; further ones are only closed.
const MAX_REFUSALS: usize = 32;

/// The actors that the web front asks.
#[derive(Clone, Debug)]
pub struct WebLines {
    /// Takes on jobs.
    pub submit: Line<Submit>,
    /// Stops jobs.
    pub cancel: Line<Cancel>,
    /// Tells how a job stands.
    pub job: Line<JobQuery>,
    /// Lists jobs.
    pub jobs: Line<JobsQuery>,
    /// Forgets jobs that have ended.
    pub remove: Line<Remove>,
    /// Has the results.
    pub result: Line<ResultQuery>,
    /// Tells what happens to a job.
    pub subscribe: Line<Subscribe>,
    /// Tells how the queue stands.
    pub queue: Line<QueueQuery>,
    /// Tells how the circuits stand.
    pub circuits: Line<CircuitsQuery>,
    /// Holds circuits open or closed.
    pub set_circuit: Line<SetCircuit>,
    /// Tells how the circuit of the pipeline as a whole stands.
    pub pipeline: Line<PipelineQuery>,
    /// Holds it open or closed.
    pub set_pipeline: Line<SetPipeline>,
    /// Tells how the machine stands.
    pub resources: Line<ResourcesQuery>,
    /// Keeps what is counted against quotas.
    pub count_use: Line<CountUse>,
    /// Tells whether the store can be read and written.
    pub store: Line<StoreProbe>,
}

/// Everything that the web front needs from the rest of the system.
#[derive(Clone)]
pub struct WebServices {
    /// The actors that it asks.
    pub lines: WebLines,
    /// Where uploads are checked.
    pub intake: ComputePool,
    /// Where the PNGs of jobs' answers are rendered.
    pub compute: ComputePool,
    /// What uploads may cost, but for their bytes.
    pub limits: InputLimits,
    /// What jobs that arrive now have to expect.
    pub forecast: SharedForecast,
    /// How the actors under the watchdog stand.
    pub health: Arc<dyn Fn() -> Vec<ActorHealth> + Send + Sync>,
    /// How the nodes of the cluster stand; none without a cluster.
    pub nodes: Arc<dyn Fn() -> Vec<NodeSnapshot> + Send + Sync>,
    /// Tells the other nodes of the cluster who decides about a circuit, or about that of the
    /// pipeline as a whole, from now on; does nothing without a cluster.
    pub circuit_held: Arc<dyn Fn(Option<Circuit>, CircuitMode) + Send + Sync>,
    /// Who serves the stages, first choice of each stage first.
    pub line_up: Vec<LineUpPlace>,
    /// The keys of callers.
    pub keys: Arc<KeyRing>,
    /// Signs tokens that stand for keys.
    pub tokens: Arc<Tokens>,
    /// How callers are told apart.
    pub auth: AuthConfig,
    /// Writes the metrics; see [`crate::install_metrics`].
    pub metrics: PrometheusHandle,
}

impl fmt::Debug for WebServices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebServices")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// What all handlers share; outlives the incarnations of the web actor.
pub(crate) struct Shared {
    pub(crate) config: WebConfig,
    pub(crate) services: WebServices,
    pub(crate) admission: Admission,
    pub(crate) access: Access,
    pub(crate) clients: Arc<Clients>,
    /// What request bodies may take up together.
    pub(crate) body_memory: BodyMemory,
    /// What is wrong with the store, looked at now and then.
    store_fault: StoreFault,
    /// Results as they are read.
    pub(crate) renditions: Renditions,
    /// Places for connections that are told why they are turned away.
    pub(crate) refusals: Semaphore,
    /// Cancelled when event streams must end and waiting requests must be answered.
    pub(crate) stopping: CancellationToken,
    /// The last look at the system, kept fresh while somebody watches.
    pub(crate) system: watch::Sender<Option<Arc<SystemStatus>>>,
    /// The OpenAPI document, which states this configuration's limits.
    pub(crate) openapi: Bytes,
    started: Instant,
}

impl Shared {
    pub(crate) fn new(config: WebConfig, services: WebServices) -> Result<Self, InvalidSetting> {
        Ok(Self {
            access: Access::new(&config)?,
            clients: Arc::new(Clients::new(
                config.max_connections_per_client,
                config.max_connections_per_client,
                config.max_streams_per_client,
            )),
            body_memory: BodyMemory::new(config.max_body_memory_bytes),
            openapi: openapi::document(&config).into(),
            store_fault: StoreFault::default(),
            renditions: Renditions::new(&config, services.compute.clone()),
            refusals: Semaphore::new(MAX_REFUSALS),
            admission: Admission::new(
                config.max_jobs,
                &config.rate_limit,
                services.forecast.clone(),
            ),
            config,
            services,
            stopping: CancellationToken::new(),
            system: watch::Sender::new(None),
            started: Instant::now(),
        })
    }

    /// A job, which must be known.
    pub(crate) async fn job(&self, job: JobId) -> Result<JobView, Problem> {
        ask(&self.services.lines.job, JobQuery { job })
            .await??
            .ok_or_else(|| Problem::job_not_found(job))
    }

    /// A job that somebody may see; others are told what they would be of one that is not there.
    pub(crate) async fn job_of(&self, identity: &Identity, job: JobId) -> Result<JobView, Problem> {
        let view = self.job(job).await?;
        if identity.may_see(&view.owner) {
            Ok(view)
        } else {
            Err(Problem::job_not_found(job))
        }
    }

    /// A place for a job of whoever sent a request.
    pub(crate) fn admit(
        &self,
        request: &HttpRequest,
        options: &JobOptions,
    ) -> Result<Admitted, Problem> {
        self.admit_as(&auth::identity(request)?, self.client(request), options)
    }

    /// A place for a job of somebody who calls from an address.
    pub(crate) fn admit_as(
        &self,
        identity: &Identity,
        address: Option<IpAddr>,
        options: &JobOptions,
    ) -> Result<Admitted, Problem> {
        let (permit, client) = self.admission.admit(address, identity.client(), options)?;
        // Last, so that what is refused elsewhere does not count.
        let now = Timestamp::now();
        let counted = identity.count_job(now)?;
        if let Some(key) = identity.key() {
            // On the way to the store before the job is.
            self.services.lines.count_use.tell(CountUse {
                key: key.name().to_string(),
                day: Window::Day.number(now),
            });
        }
        Ok(Admitted {
            permit: Permit::holding((permit, counted)),
            client,
            owner: identity.owner().clone(),
            key: identity.key().cloned(),
        })
    }

    /// A finished job's document as SVG text, read from the store once for all who ask.
    pub(crate) async fn result(&self, job: JobId) -> Result<Bytes, Problem> {
        let read = async {
            let svg = ask(&self.services.lines.result, ResultQuery { job }).await??;
            let svg = svg.ok_or_else(|| {
                Problem::new(Code::NoResult, "the job's result is no longer kept").about(job)
            })?;
            self.renditions.text(svg)
        };
        self.renditions.get(job, Rendition::Svg, read).await
    }

    /// What keeps the service from doing its work; nothing when it is ready.
    pub(crate) async fn readiness(&self) -> Readiness {
        let circuits = self
            .services
            .lines
            .circuits
            .ask(CircuitsQuery, LOOK_TIMEOUT);
        let (store, circuits) = tokio::join!(self.look_at_store(), circuits);
        self.readiness_with(store, &circuits.unwrap_or_default())
    }

    async fn look_at_store(&self) -> Option<&'static str> {
        self.store_fault.look(&self.services.lines.store).await
    }

    fn readiness_with(
        &self,
        store: Option<&'static str>,
        circuits: &[CircuitSnapshot],
    ) -> Readiness {
        let away: Vec<String> = (self.services.health)()
            .into_iter()
            .filter(|actor| !actor.alive)
            .map(|actor| actor.name)
            .collect();
        let status = if self.admission.is_closed() {
            "shutting down"
        } else if !away.is_empty() {
            "actors are away"
        } else if store.is_some() {
            "the store fails"
        } else {
            Readiness::READY
        };
        Readiness {
            status,
            away,
            store,
            blocked: circuits.iter().filter_map(BlockedBackend::of).collect(),
        }
    }

    /// How the service stands now.
    pub(crate) async fn look(&self) -> SystemStatus {
        let lines = &self.services.lines;
        let (store, resources, queue, circuits, pipeline) = tokio::join!(
            self.look_at_store(),
            lines.resources.ask(ResourcesQuery, LOOK_TIMEOUT),
            lines.queue.ask(QueueQuery, LOOK_TIMEOUT),
            lines.circuits.ask(CircuitsQuery, LOOK_TIMEOUT),
            lines.pipeline.ask(PipelineQuery, LOOK_TIMEOUT),
        );
        let circuits = circuits.ok();
        let readiness = self.readiness_with(store, circuits.as_deref().unwrap_or_default());
        SystemStatus {
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: self.started.elapsed().as_secs(),
            ready: readiness.is_ready(),
            store: readiness.store,
            resources: resources.ok().map(Arc::unwrap_or_clone),
            queue: queue.ok(),
            circuits,
            pipeline: pipeline.ok(),
            line_up: self.services.line_up.clone(),
            admission: AdmissionStatus {
                capacity: self.admission.capacity(),
                available: self.admission.available(),
            },
            nodes: (self.services.nodes)(),
            actors: (self.services.health)(),
            limits: Limits::from(&self.config),
        }
    }

    /// The address that a request's quota is counted for.
    pub(crate) fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let forwarded = || {
            let header = request.headers().get("x-forwarded-for")?.to_str().ok()?;
            // The last entry is the one that the trusted proxy added.
            header.rsplit(',').next()?.trim().parse().ok()
        };
        self.config
            .trust_forwarded_for
            .then(forwarded)
            .flatten()
            .or_else(|| request.peer_addr().map(|address| address.ip()))
    }
}

/// Asks an actor within the usual time.
pub(crate) async fn ask<M>(line: &Line<M>, message: M) -> Result<M::Result, Problem>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    Ok(line.ask(message, ANSWER_TIMEOUT).await?)
}
