//! A job as the cluster keeps it, and every change that may be made of it. Pure: no clock, no NATS.
//!
//! A change says who makes it. A worker's change carries the token of its claim; it is refused once
//! another worker has taken the job, and once the job has ended.

use chat2svg_protocol::{AttachmentRole, ClientKey, JobId, JobState, JobView, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::turns::Caller;

/// A worker's hold on a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What the worker's node is called.
    pub node: String,
    /// Tells this claim from every other, also of the same node.
    pub token: Uuid,
}

/// A file in the stream of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobRef {
    /// Its name within the job.
    pub(crate) name: String,
    /// In how many pieces.
    pub(crate) pieces: u32,
    /// Its size.
    pub(crate) bytes: u64,
}

/// A file that came with a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAttachment {
    pub(crate) role: AttachmentRole,
    pub(crate) file: BlobRef,
}

/// What a stage gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptCheckpoint {
    pub(crate) stage: Stage,
    pub(crate) svg: BlobRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<BlobRef>,
}

/// A call that may cost money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptCall {
    pub(crate) number: i64,
    /// The claim under which it was begun.
    pub(crate) token: Uuid,
    pub(crate) provider: String,
    pub(crate) what: String,
    pub(crate) begun_at: Timestamp,
    pub(crate) outcome: CallOutcome,
    /// What it cost, or may cost at most while that is not known.
    pub(crate) cost: f64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CallOutcome {
    /// Not known yet, or never.
    Sent,
    Answered,
    Failed,
}

/// An end that is still to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Telling {
    /// When it is tried next.
    pub(crate) due_at: Timestamp,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// A job as the cluster keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEntry {
    pub(crate) view: JobView,
    /// How often a worker was lost while the job was being worked on.
    #[serde(default)]
    pub(crate) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claim: Option<Claim>,
    /// Somebody wants it to stop, and a worker has it.
    #[serde(default)]
    pub(crate) is_cancelled: bool,
    /// Who asked, for fairness.
    #[serde(default)]
    pub(crate) client: u64,
    /// Whether it was not put in line when it was made, since its caller had enough jobs there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_deferred: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<KeptAttachment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<KeptCheckpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<BlobRef>,
    /// The key in the bucket of idempotency keys that leads here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls: Vec<KeptCall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) telling: Option<Telling>,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The job has ended. The first end counts.
    #[error("the job has ended")]
    Ended,
    /// Another worker has the job, or none.
    #[error("the job is not this worker's")]
    NotHeld,
}

/// What became of a wish to stop a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopping {
    /// Nobody had it: it has ended now.
    Ended,
    /// Its worker has to be told.
    Asked,
    /// It had ended.
    AlreadyFinal,
}

impl JobEntry {
    /// A job that waits.
    pub(crate) fn new(
        view: JobView,
        client: u64,
        attachments: Vec<KeptAttachment>,
        key: Option<String>,
    ) -> Self {
        Self {
            view,
            attempts: 0,
            claim: None,
            is_cancelled: false,
            client,
            is_deferred: false,
            attachments,
            checkpoint: None,
            result: None,
            key,
            calls: Vec::new(),
            telling: None,
        }
    }

    pub(crate) fn id(&self) -> JobId {
        self.view.id
    }

    pub(crate) fn is_final(&self) -> bool {
        self.view.state.is_final()
    }

    /// Whether nobody works on it yet.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_final() && self.claim.is_none()
    }

    /// Whose jobs it waits behind.
    pub(crate) fn caller(&self) -> Caller {
        (self.view.spec.options.priority, ClientKey(self.client))
    }

    /// A worker takes the job, from nobody or from one that was lost. One that was lost while it
    /// worked on the job counts as an attempt.
    pub(crate) fn take(&mut self, claim: Claim) -> Result<(), Refused> {
        if self.is_final() {
            return Err(Refused::Ended);
        }
        self.attempts += u32::from(self.view.state == JobState::Running);
        self.view.state = JobState::Queued;
        self.view.stage = None;
        self.claim = Some(claim);
        Ok(())
    }

    /// Whether the holder of a token may change the job.
    pub(crate) fn check(&self, token: Uuid) -> Result<(), Refused> {
        if self.is_final() {
            return Err(Refused::Ended);
        }
        match &self.claim {
            Some(claim) if claim.token == token => Ok(()),
            _ => Err(Refused::NotHeld),
        }
    }

    /// The worker says how the job stands.
    pub(crate) fn update(&mut self, token: Uuid, view: JobView) -> Result<(), Refused> {
        self.check(token)?;
        self.replace_view(view);
        Ok(())
    }

    /// The worker is about to work on it.
    pub(crate) fn mark_running(&mut self, token: Uuid) -> Result<(), Refused> {
        self.check(token)?;
        self.view.state = JobState::Running;
        Ok(())
    }

    /// The worker keeps what a stage gave.
    pub(crate) fn keep(&mut self, token: Uuid, kept: KeptCheckpoint) -> Result<(), Refused> {
        self.check(token)?;
        self.checkpoint = Some(kept);
        Ok(())
    }

    /// The worker is about to send a call.
    pub(crate) fn begin_call(&mut self, call: KeptCall) -> Result<(), Refused> {
        self.check(call.token)?;
        self.calls.push(call);
        Ok(())
    }

    /// A call came to its end, whoever has the job by now. The first end counts.
    pub(crate) fn settle_call(&mut self, number: i64, outcome: CallOutcome, cost: f64) {
        let sent =
            |call: &&mut KeptCall| call.number == number && call.outcome == CallOutcome::Sent;
        if let Some(call) = self.calls.iter_mut().find(sent) {
            call.outcome = outcome;
            call.cost = cost;
        }
    }

    /// Calls of workers that were lost, whose outcome nobody knows.
    pub(crate) fn lost_calls(&self) -> u32 {
        let token = self.claim.as_ref().map(|claim| claim.token);
        let lost =
            |call: &&KeptCall| call.outcome == CallOutcome::Sent && Some(call.token) != token;
        u32::try_from(self.calls.iter().filter(lost).count()).unwrap_or(u32::MAX)
    }

    /// The worker ends the job.
    pub(crate) fn finish(
        &mut self,
        token: Uuid,
        view: JobView,
        result: Option<BlobRef>,
    ) -> Result<(), Refused> {
        self.check(token)?;
        self.replace_view(view);
        self.result = result;
        self.settle();
        Ok(())
    }

    /// The worker gives the job back, to be taken by another.
    pub(crate) fn hand_back(&mut self, token: Uuid) -> Result<(), Refused> {
        self.check(token)?;
        self.view.state = JobState::Queued;
        self.view.stage = None;
        self.claim = None;
        Ok(())
    }

    /// Somebody wants the job to stop.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> Stopping {
        if self.is_final() {
            return Stopping::AlreadyFinal;
        }
        if self.claim.is_some() {
            self.is_cancelled = true;
            return Stopping::Asked;
        }
        self.view.state = JobState::Cancelled;
        self.view.stage = None;
        self.view.updated_at = now;
        self.settle();
        Stopping::Ended
    }

    /// Takes over what a view says, but for what never changes.
    fn replace_view(&mut self, view: JobView) {
        self.view.state = view.state;
        self.view.stage = view.stage;
        self.view.progress = view.progress;
        self.view.updated_at = view.updated_at;
        self.view.metadata = view.metadata;
        self.view.failure = view.failure;
    }

    /// Drops what only a job that has not ended needs.
    fn settle(&mut self) {
        if !self.is_final() {
            return;
        }
        self.claim = None;
        self.attachments.clear();
        self.checkpoint = None;
        self.telling = self.view.spec.options.webhook.as_ref().map(|_| Telling {
            due_at: self.view.updated_at,
            attempts: 0,
        });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chat2svg_protocol::{
        FitLimits, JobKind, JobOptions, JobSpec, LevelChoice, Owner, Priority,
    };
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn view(owner: &str) -> JobView {
        JobView {
            id: JobId(Uuid::now_v7()),
            owner: owner.parse::<Owner>().unwrap(),
            state: JobState::Queued,
            spec: JobSpec {
                kind: JobKind::Vectorize {
                    ground: Default::default(),
                    look: Default::default(),
                    limits: FitLimits::default(),
                },
                options: JobOptions {
                    seed: 1,
                    deadline_ms: 10_000,
                    level: LevelChoice::Auto,
                    priority: Priority::Interactive,
                    webhook: None,
                    output: Default::default(),
                    palette: None,
                },
            },
            stage: None,
            progress: 0.0,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            metadata: None,
            failure: None,
        }
    }

    fn claim(number: u128) -> Claim {
        Claim {
            node: format!("node-{number}"),
            token: Uuid::from_u128(number),
        }
    }

    fn ended(entry: &JobEntry, state: JobState) -> JobView {
        JobView {
            state,
            ..entry.view.clone()
        }
    }

    #[test]
    fn a_worker_that_was_cut_off_overwrites_nothing() {
        let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
        entry.take(claim(1)).unwrap();
        entry.mark_running(Uuid::from_u128(1)).unwrap();
        entry.take(claim(2)).unwrap();
        assert_eq!(entry.attempts, 1);
        let late = ended(&entry, JobState::Failed);
        assert_eq!(
            entry.finish(Uuid::from_u128(1), late, None),
            Err(Refused::NotHeld)
        );
        let end = ended(&entry, JobState::Succeeded);
        entry.finish(Uuid::from_u128(2), end, None).unwrap();
        assert_eq!(entry.view.state, JobState::Succeeded);
        assert_eq!(entry.take(claim(3)), Err(Refused::Ended));
    }

    #[test]
    fn a_job_that_was_handed_back_counts_no_attempt() {
        let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
        entry.take(claim(1)).unwrap();
        entry.mark_running(Uuid::from_u128(1)).unwrap();
        entry.hand_back(Uuid::from_u128(1)).unwrap();
        entry.take(claim(2)).unwrap();
        assert_eq!(entry.attempts, 0);
    }

    #[test]
    fn a_call_of_a_lost_worker_is_lost() {
        let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
        let call = |number, token| KeptCall {
            number,
            token: Uuid::from_u128(token),
            provider: String::new(),
            what: String::new(),
            begun_at: Timestamp::UNIX_EPOCH,
            outcome: CallOutcome::Sent,
            cost: 1.0,
        };
        entry.take(claim(1)).unwrap();
        entry.begin_call(call(1, 1)).unwrap();
        entry.begin_call(call(2, 1)).unwrap();
        entry.settle_call(1, CallOutcome::Answered, 0.5);
        assert_eq!(entry.lost_calls(), 0);
        entry.take(claim(2)).unwrap();
        assert_eq!(entry.lost_calls(), 1);
        assert_eq!(entry.begin_call(call(3, 1)), Err(Refused::NotHeld));
    }

    #[test]
    fn what_is_stopped_before_anybody_has_it_ends_at_once() {
        let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
        assert_eq!(entry.cancel(Timestamp::UNIX_EPOCH), Stopping::Ended);
        assert_eq!(entry.cancel(Timestamp::UNIX_EPOCH), Stopping::AlreadyFinal);
        let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
        entry.take(claim(1)).unwrap();
        assert_eq!(entry.cancel(Timestamp::UNIX_EPOCH), Stopping::Asked);
        assert!(!entry.is_final());
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Take(u8),
        Run(u8),
        Update(u8),
        Finish(u8, bool),
        HandBack(u8),
        Cancel,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let worker = 0_u8..4;
        let step = prop_oneof![
            worker.clone().prop_map(Step::Take),
            worker.clone().prop_map(Step::Run),
            worker.clone().prop_map(Step::Update),
            (worker.clone(), any::<bool>()).prop_map(|(who, well)| Step::Finish(who, well)),
            worker.prop_map(Step::HandBack),
            Just(Step::Cancel),
        ];
        proptest::collection::vec(step, 0..40)
    }

    proptest! {
        /// Whatever workers do in whatever order, a job ends once, by who holds it, and what is
        /// written down is read back.
        #[test]
        fn a_job_ends_once(steps in steps()) {
            let token = |who: u8| Uuid::from_u128(u128::from(who) + 1);
            let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
            let mut holder = None;
            let mut end = None;
            for step in steps {
                let before = entry.clone();
                let changed = match step {
                    Step::Take(who) => {
                        let taken = entry.take(claim(u128::from(who) + 1));
                        prop_assert_eq!(taken.is_ok(), end.is_none());
                        if taken.is_ok() { holder = Some(who); }
                        taken
                    }
                    Step::Run(who) => entry.mark_running(token(who)),
                    Step::Update(who) => {
                        let view = entry.view.clone();
                        entry.update(token(who), view)
                    }
                    Step::Finish(who, well) => {
                        let state = if well { JobState::Succeeded } else { JobState::Failed };
                        let view = ended(&entry, state);
                        let finished = entry.finish(token(who), view, None);
                        prop_assert_eq!(finished.is_ok(), end.is_none() && holder == Some(who));
                        if finished.is_ok() { end = Some(state); }
                        finished
                    }
                    Step::HandBack(who) => {
                        let handed = entry.hand_back(token(who));
                        if handed.is_ok() { holder = None; }
                        handed
                    }
                    Step::Cancel => {
                        if entry.cancel(Timestamp::UNIX_EPOCH) == Stopping::Ended {
                            prop_assert!(holder.is_none() && end.is_none());
                            end = Some(JobState::Cancelled);
                        }
                        Ok(())
                    }
                };
                if changed.is_err() {
                    prop_assert_eq!(&entry, &before);
                }
                prop_assert_eq!(end, entry.is_final().then_some(entry.view.state));
                let text = serde_json::to_vec(&entry).unwrap();
                let read: JobEntry = serde_json::from_slice(&text).unwrap();
                prop_assert_eq!(&read, &entry);
            }
        }
    }
}
