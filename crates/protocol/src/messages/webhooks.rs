//! What is still to be told of jobs that have ended.

use actix::Message;
use jiff::Timestamp;

use super::StoreError;
use crate::{JobId, JobView, WebhookUrl};

/// webhooks → store: ends that are to be told by now, longest due first.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<DueWebhook>, StoreError>")]
pub struct DueWebhooks {
    /// The time.
    pub now: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// An end that is to be told.
#[derive(Clone, Debug)]
pub struct DueWebhook {
    /// The job as it ended.
    pub view: JobView,
    /// Who is told.
    pub url: WebhookUrl,
    /// How often it was tried before.
    pub attempts: u32,
}

/// webhooks → store: how a delivery went.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct SettleWebhook {
    /// The job.
    pub job: JobId,
    /// When it is tried again; `None` when it arrived or is given up.
    pub next: Option<Timestamp>,
}
