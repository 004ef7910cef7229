//! Files of jobs, as messages of a stream: written once under a name of their own, read whole,
//! removed with one request for all files of a job.
//!
//! The object store of NATS would leave a record of every removed file for ever, and needs several
//! round trips for each.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    stream::{LastRawMessageErrorKind, Stream},
};
use bytes::Bytes;
use chat2svg_protocol::JobId;
use futures_util::future::try_join_all;

use crate::{entry::BlobRef, error::ClusterError, names};

/// The largest piece. A message may be 1 MiB by default, and is read in base64 where only the
/// leader has it.
const LARGEST_PIECE: usize = 512 << 10;
/// The smallest piece, on servers with a smaller limit.
const SMALLEST_PIECE: usize = 16 << 10;

/// How long any server may take for a piece before the leader is asked.
const NEAREST: Duration = Duration::from_secs(1);

/// The stream of files.
pub(crate) struct Blobs {
    context: Context,
    stream: Stream,
    piece: usize,
}

impl Blobs {
    pub(crate) fn new(context: Context, stream: Stream, max_payload: usize) -> Self {
        Self {
            context,
            stream,
            piece: (max_payload / 2).clamp(SMALLEST_PIECE, LARGEST_PIECE),
        }
    }

    /// Keeps a file under a name that the job has not used before.
    pub(crate) async fn put(
        &self,
        job: JobId,
        name: String,
        bytes: &[u8],
    ) -> Result<BlobRef, ClusterError> {
        let failed = |error: async_nats::jetstream::context::PublishError| {
            ClusterError::unreachable("writing a file", error)
        };
        let mut acknowledged = Vec::new();
        let mut pieces = 0;
        for piece in bytes.chunks(self.piece) {
            let subject = names::blob(job, &name, pieces);
            let sent = self
                .context
                .publish(subject, Bytes::copy_from_slice(piece))
                .await;
            acknowledged.push(sent.map_err(failed)?.into_future());
            pieces += 1;
        }
        try_join_all(acknowledged).await.map_err(failed)?;
        Ok(BlobRef {
            name,
            pieces,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        })
    }

    /// A file.
    pub(crate) async fn get(&self, job: JobId, file: &BlobRef) -> Result<Vec<u8>, ClusterError> {
        let mut bytes = Vec::with_capacity(usize::try_from(file.bytes).unwrap_or(0).min(1 << 28));
        for piece in 0..file.pieces {
            bytes.extend_from_slice(&self.piece(job, &file.name, piece).await?);
        }
        if u64::try_from(bytes.len()).is_ok_and(|length| length == file.bytes) {
            return Ok(bytes);
        }
        Err(ClusterError::Unreadable {
            what: format!("job {job}"),
            reason: format!("its file {} has not the size that it had", file.name),
        })
    }

    async fn piece(&self, job: JobId, name: &str, piece: u32) -> Result<Bytes, ClusterError> {
        let subject = names::blob(job, name, piece);
        // A server that has not got it yet does not know it, and one may be asked that is ill; the
        // leader knows.
        let nearest = self.stream.direct_get_last_for_subject(subject.clone());
        if let Ok(Ok(found)) = tokio::time::timeout(NEAREST, nearest).await {
            return Ok(found.payload);
        }
        let found = self.stream.get_last_raw_message_by_subject(&subject).await;
        found
            .map(|message| message.payload)
            .map_err(|error| match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => ClusterError::Unreadable {
                    what: format!("job {job}"),
                    reason: format!("its file {name} is gone"),
                },
                _ => ClusterError::unreachable("reading a file", error),
            })
    }

    /// Removes the files that match a subject.
    pub(crate) async fn remove(&self, subject: String) -> Result<(), ClusterError> {
        let removed = self.stream.purge().filter(subject).await;
        removed
            .map(|_| ())
            .map_err(|error| ClusterError::unreachable("removing files", error))
    }
}
