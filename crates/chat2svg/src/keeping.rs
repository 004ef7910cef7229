//! Where jobs are kept: in this process's SQLite file, or in the cluster. Both answer the same
//! messages; the rest of the program holds lines and does not know which.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ArbiterHandle, Context, Handler};
use anyhow::Context as _;
use chat2svg_cluster::ClusterStoreActor;
use chat2svg_gateway::Ledger;
use chat2svg_keys::Tokens;
use chat2svg_protocol::messages::{
    BeginCall, CountUse, DueWebhooks, FinishJob, GetAttachments, GetJob, GetResult, ListJobs,
    ListUnfinished, LostCalls, MarkRunning, PutJob, PutStage, RemoveJob, SettleCall, SettleWebhook,
    StoreProbe, UpdateJob, UsesOn,
};
use chat2svg_store::{StoreActor, StoreWorker};
use chat2svg_supervision::{Line, Slot, Watchdog};

use crate::{
    cluster::{Member, Node},
    ledger::StoreLedger,
    settings::Settings,
    wiring::System,
};

/// Why nothing can be signed.
pub(crate) const NO_RANDOM_NUMBERS: &str = "the system gives no random numbers";

/// Where jobs are kept.
pub(crate) enum Keeping {
    /// In this process's file.
    Embedded(StoreWorker),
    /// In the cluster.
    Cluster(Member),
}

impl Keeping {
    /// Opens the place that is configured. To be called in an actix system.
    ///
    /// # Errors
    /// When the file cannot be used, or the cluster does not answer.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        Ok(match Member::join(settings).await? {
            Some(member) => Self::Cluster(member),
            None => Self::Embedded(StoreWorker::open(&settings.store)?),
        })
    }

    /// What this process is called in its cluster.
    pub(crate) fn node_name(&self) -> Option<&str> {
        match self {
            Self::Embedded(_) => None,
            Self::Cluster(member) => Some(member.name()),
        }
    }

    /// Signs tokens that stand for keys.
    ///
    /// # Errors
    /// When there are no random numbers, or the cluster does not answer.
    pub(crate) async fn tokens(&self) -> anyhow::Result<Tokens> {
        match self {
            Self::Embedded(_) => Tokens::new().context(NO_RANDOM_NUMBERS),
            Self::Cluster(member) => member.tokens().await,
        }
    }

    /// Starts what makes this process a node of its cluster.
    pub(crate) fn start_node(&self, system: &System, settings: &Settings) -> Option<Node> {
        match self {
            Self::Embedded(_) => None,
            Self::Cluster(member) => Some(Node::start(member, system, settings)),
        }
    }

    /// Closes it, after the actors have stopped.
    pub(crate) async fn close(&self) {
        match self {
            Self::Embedded(worker) => worker.close().await,
            // What was written is with the servers.
            Self::Cluster(_) => {}
        }
    }
}

/// Lines to the store.
pub(crate) struct StoreLines {
    pub(crate) put_job: Line<PutJob>,
    pub(crate) get_job: Line<GetJob>,
    pub(crate) list_jobs: Line<ListJobs>,
    pub(crate) remove_job: Line<RemoveJob>,
    pub(crate) get_result: Line<GetResult>,
    pub(crate) list_unfinished: Line<ListUnfinished>,
    pub(crate) get_attachments: Line<GetAttachments>,
    pub(crate) mark_running: Line<MarkRunning>,
    pub(crate) update: Line<UpdateJob>,
    pub(crate) put_stage: Line<PutStage>,
    pub(crate) finish: Line<FinishJob>,
    pub(crate) begin_call: Line<BeginCall>,
    pub(crate) settle_call: Line<SettleCall>,
    pub(crate) lost_calls: Line<LostCalls>,
    pub(crate) due_webhooks: Line<DueWebhooks>,
    pub(crate) settle_webhook: Line<SettleWebhook>,
    pub(crate) count_use: Line<CountUse>,
    pub(crate) uses_on: Line<UsesOn>,
    pub(crate) probe: Line<StoreProbe>,
    /// Makes the store's actor panic.
    #[cfg(test)]
    pub(crate) panic: std::rc::Rc<dyn Fn()>,
}

/// Starts the store's actor.
pub(crate) type StartStore = Box<dyn FnOnce(&Watchdog, &ArbiterHandle)>;

impl StoreLines {
    /// Lines to a store that is still to be started.
    pub(crate) fn to(keeping: &Keeping, settings: &Settings) -> (Self, StartStore) {
        let config = settings.store.clone();
        match keeping {
            Keeping::Embedded(worker) => {
                let slot = Slot::<StoreActor>::new("store");
                let (lines, worker) = (Self::of(&slot), worker.clone());
                let start = move |watchdog: &Watchdog, arbiter: &ArbiterHandle| {
                    let make = move || StoreActor::new(config.clone(), worker.clone());
                    watchdog.start(&slot, arbiter, make);
                };
                (lines, Box::new(start))
            }
            Keeping::Cluster(member) => {
                let slot = Slot::<ClusterStoreActor>::new("store");
                let (lines, member) = (Self::of(&slot), member.clone());
                let start = move |watchdog: &Watchdog, arbiter: &ArbiterHandle| {
                    watchdog.start(&slot, arbiter, move || member.store(&config));
                };
                (lines, Box::new(start))
            }
        }
    }

    fn of<A>(slot: &Slot<A>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<PutJob>
            + Handler<GetJob>
            + Handler<ListJobs>
            + Handler<RemoveJob>
            + Handler<GetResult>
            + Handler<ListUnfinished>
            + Handler<GetAttachments>
            + Handler<MarkRunning>
            + Handler<UpdateJob>
            + Handler<PutStage>
            + Handler<FinishJob>
            + Handler<BeginCall>
            + Handler<SettleCall>
            + Handler<LostCalls>
            + Handler<DueWebhooks>
            + Handler<SettleWebhook>
            + Handler<CountUse>
            + Handler<UsesOn>
            + Handler<StoreProbe>,
    {
        Self {
            put_job: slot.line(),
            get_job: slot.line(),
            list_jobs: slot.line(),
            remove_job: slot.line(),
            get_result: slot.line(),
            list_unfinished: slot.line(),
            get_attachments: slot.line(),
            mark_running: slot.line(),
            update: slot.line(),
            put_stage: slot.line(),
            finish: slot.line(),
            begin_call: slot.line(),
            settle_call: slot.line(),
            lost_calls: slot.line(),
            due_webhooks: slot.line(),
            settle_webhook: slot.line(),
            count_use: slot.line(),
            uses_on: slot.line(),
            probe: slot.line(),
            #[cfg(test)]
            panic: {
                let slot = slot.clone();
                std::rc::Rc::new(move || slot.inject_panic())
            },
        }
    }

    /// The ledger of paid calls in this store.
    pub(crate) fn ledger(&self, settings: &Settings) -> Arc<dyn Ledger> {
        let patience = Duration::from_millis(settings.controller.ask_timeout_ms);
        Arc::new(StoreLedger::new(
            self.begin_call.clone(),
            self.settle_call.clone(),
            self.lost_calls.clone(),
            patience,
        ))
    }
}
