//! Every stream, bucket, consumer and subject of the cluster. What is stored in them has a version;
//! a change that an older node cannot read takes a new one.

use chat2svg_protocol::{JobId, Priority};
use uuid::Uuid;

/// Bucket of the jobs, one key for each.
pub(crate) const JOBS: &str = "chat2svg-v1-jobs";
/// What the head of a job's message has the job in short under.
pub(crate) const SUMMARY: &str = "Chat2svg-Summary";
/// Bucket of the idempotency keys.
pub(crate) const KEYS: &str = "chat2svg-v1-keys";
/// Key in it of the secret that signs tokens. No idempotency key is called so.
pub(crate) const SECRET: &str = "secret.tokens";
/// Bucket of the nodes' snapshots, which fade.
pub(crate) const NODES: &str = "chat2svg-v1-nodes";
/// Stream of the jobs that wait or run, a message for each.
pub(crate) const WORK: &str = "chat2svg-v1-work";
/// Stream of what happens to jobs.
pub(crate) const EVENTS: &str = "chat2svg-v1-events";
/// Stream of files: attachments, checkpoints, results.
pub(crate) const BLOBS: &str = "chat2svg-v1-blobs";

/// All subjects of the work queue.
pub(crate) const WORK_SUBJECTS: &str = "chat2svg.v1.work.*.*";
/// All subjects of events.
pub(crate) const EVENT_SUBJECTS: &str = "chat2svg.v1.events.*";
/// All subjects of files.
pub(crate) const BLOB_SUBJECTS: &str = "chat2svg.v1.blobs.>";
/// Where workers are told of cancellations; the payload is the job's id.
pub(crate) const CANCELLATIONS: &str = "chat2svg.v1.cancel";

/// Where nodes are told of circuits that are held by hand.
pub(crate) const CIRCUITS: &str = "chat2svg.v1.circuits";

/// The stream behind a bucket.
pub(crate) fn stream_of(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The subject of a bucket's key.
pub(crate) fn subject_of(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// The key of a job.
pub(crate) fn job_key(job: JobId) -> String {
    job.0.simple().to_string()
}

/// The job that a subject ends with.
pub(crate) fn job_of(subject: &str) -> Option<JobId> {
    let (_, last) = subject.rsplit_once('.')?;
    Uuid::try_parse(last).ok().map(JobId)
}

/// A job's place in the work queue.
pub(crate) fn work(priority: Priority, job: JobId) -> String {
    format!("chat2svg.v1.work.{}.{}", lane(priority), job_key(job))
}

/// All places of a priority in the work queue.
pub(crate) fn works(priority: Priority) -> String {
    format!("chat2svg.v1.work.{}.*", lane(priority))
}

/// The consumer that workers share for a priority.
pub(crate) fn workers(priority: Priority) -> String {
    format!("workers-{}", lane(priority))
}

fn lane(priority: Priority) -> &'static str {
    match priority {
        Priority::Interactive => "interactive",
        Priority::Batch => "batch",
    }
}

/// Where a job's events are.
pub(crate) fn events(job: JobId) -> String {
    format!("chat2svg.v1.events.{}", job_key(job))
}

/// Where a piece of a job's file is.
pub(crate) fn blob(job: JobId, name: &str, piece: u32) -> String {
    format!("chat2svg.v1.blobs.{}.{name}.{piece}", job_key(job))
}

/// All files of a job.
pub(crate) fn blobs(job: JobId) -> String {
    format!("chat2svg.v1.blobs.{}.>", job_key(job))
}

/// Files that only a job that has not ended needs: attachments and checkpoints.
pub(crate) fn working_blobs(job: JobId) -> String {
    format!("chat2svg.v1.blobs.{}.in.>", job_key(job))
}
