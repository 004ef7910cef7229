//! Asks the store for what is due and sends it.

use std::{sync::Arc, time::Duration};

use actix::prelude::*;
use chat2svg_protocol::messages::{DueWebhooks, SettleWebhook};
use chat2svg_supervision::{Line, answers_polls};
use futures_util::future::join_all;
use jiff::Timestamp;
use tracing::warn;

use crate::{
    WebhookSender,
    sender::{Verdict, later},
};

/// How often it is looked for what is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Deliveries under way at once.
const AT_ONCE: u32 = 16;
/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The actors that are asked.
#[derive(Clone, Debug)]
pub struct WebhookLines {
    /// Tells what is due.
    pub due: Line<DueWebhooks>,
    /// Keeps how a delivery went.
    pub settle: Line<SettleWebhook>,
}

/// Tells of the ends of jobs.
pub struct WebhookActor {
    lines: WebhookLines,
    sender: Arc<WebhookSender>,
    is_busy: bool,
}

impl WebhookActor {
    /// An actor that sends by `sender`.
    pub fn new(lines: WebhookLines, sender: Arc<WebhookSender>) -> Self {
        Self {
            lines,
            sender,
            is_busy: false,
        }
    }

    fn look(&mut self, context: &mut Context<Self>) {
        if self.is_busy {
            return;
        }
        self.is_busy = true;
        let round = round(self.lines.clone(), Arc::clone(&self.sender));
        context.spawn(round.into_actor(self).map(|(), actor, _| {
            actor.is_busy = false;
        }));
    }
}

async fn round(lines: WebhookLines, sender: Arc<WebhookSender>) {
    let asked = DueWebhooks {
        now: Timestamp::now(),
        limit: AT_ONCE,
    };
    let due = match lines.due.ask(asked, PATIENCE).await {
        Ok(Ok(due)) => due,
        Ok(Err(error)) => return warn!(%error, "the store does not tell which webhooks are due"),
        Err(error) => return warn!(%error, "the store does not tell which webhooks are due"),
    };
    join_all(due.into_iter().map(|due| {
        let (lines, sender) = (&lines, &sender);
        async move {
            let next = match sender.send(&due).await {
                Verdict::Over => None,
                Verdict::Again(pause) => Some(later(Timestamp::now(), pause)),
            };
            let settle = SettleWebhook {
                job: due.view.id,
                next,
            };
            if let Err(error) = lines.settle.ask(settle, PATIENCE).await {
                // It is sent again; its id tells the receiver that it has seen it.
                warn!(job = %due.view.id, %error, "how a webhook went was not kept");
            }
        }
    }))
    .await;
}

impl Actor for WebhookActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(LOOK_INTERVAL, Self::look);
    }
}

answers_polls!(WebhookActor);
