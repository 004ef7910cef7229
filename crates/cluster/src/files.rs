//! What a job's files mean: what came with it, how far it is, and what it ended with.

use std::{sync::Arc, time::Duration};

use chat2svg_protocol::{
    Attachment, JobId, Placement,
    messages::{KeptStage, Unfinished},
};
use tracing::{debug, warn};

use crate::{
    connection::Cluster,
    entry::{BlobRef, JobEntry, KeptCheckpoint, KeptResult},
    error::ClusterError,
    names,
    ownership::Held,
};

/// The largest result that is kept with its job. What asks for a job gets it too.
const LARGEST_HERE: usize = 256 << 10;
/// How long a server may say that it has not got a file: after a restart it may be behind.
const BEHIND: Duration = Duration::from_secs(2);

impl Cluster {
    /// The files that came with a job.
    pub(crate) async fn attachments(
        &self,
        entry: &JobEntry,
    ) -> Result<Vec<Attachment>, ClusterError> {
        let mut attachments = Vec::new();
        for kept in &entry.attachments {
            let bytes = self.blobs().get(entry.id(), &kept.file).await?;
            attachments.push(Attachment {
                role: kept.role,
                bytes: bytes.into(),
            });
        }
        Ok(attachments)
    }

    /// Everything needed to go on with a job but its files. A checkpoint that cannot be read only
    /// costs time.
    pub(crate) async fn unfinished(&self, entry: &JobEntry) -> Result<Unfinished, ClusterError> {
        let job = entry.id();
        let checkpoint = match &entry.checkpoint {
            None => None,
            Some(kept) => match self.checkpoint(job, kept).await {
                Ok(checkpoint) => Some(checkpoint),
                Err(error @ ClusterError::Unreadable { .. }) => {
                    warn!(%job, %error, "a checkpoint cannot be read; it is left out");
                    None
                }
                Err(error) => return Err(error),
            },
        };
        Ok(Unfinished {
            view: self.clock().view_from_servers(entry.view.clone()),
            checkpoint,
            attempts: entry.attempts,
        })
    }

    async fn checkpoint(
        &self,
        job: JobId,
        kept: &KeptCheckpoint,
    ) -> Result<KeptStage, ClusterError> {
        let svg = self.blobs().get(job, &kept.svg).await?;
        let svg = String::from_utf8(svg).map_err(|error| ClusterError::Unreadable {
            what: format!("a checkpoint of job {job}"),
            reason: error.to_string(),
        })?;
        let target = match &kept.target {
            Some(target) => Some(self.blobs().get(job, target).await?.into()),
            None => None,
        };
        Ok(KeptStage {
            stage: kept.stage,
            svg: svg.into(),
            target,
            placement: kept
                .placement
                .unwrap_or_else(|| Placement::assumed_after(kept.stage)),
        })
    }

    /// Keeps what a job ends with: with the job, or as a file where it is too large for that.
    pub(crate) async fn put_result(
        &self,
        held: &Held,
        svg: &Arc<str>,
    ) -> Result<KeptResult, ClusterError> {
        // It grows when it is written down, and again where it is read in base64.
        if svg.len() <= LARGEST_HERE.min(self.client().max_payload() / 4) {
            return Ok(KeptResult::Here(Arc::clone(svg)));
        }
        let name = format!("out.svg-{}", held.token.simple());
        let file = self.blobs().put(held.job, name, svg.as_bytes()).await?;
        Ok(KeptResult::File(file))
    }

    /// What a job ended with.
    pub(crate) async fn result(&self, job: JobId) -> Result<Option<Arc<str>>, ClusterError> {
        let file = match self.entry(job).await?.and_then(|(entry, _)| entry.result) {
            None => return Ok(None),
            Some(KeptResult::Here(svg)) => return Ok(Some(svg)),
            Some(KeptResult::File(file)) => file,
        };
        let Some(bytes) = self.file_or_run_again(job, &file).await? else {
            return Err(ClusterError::ResultLost(job));
        };
        let text = String::from_utf8(bytes).map_err(|error| ClusterError::Unreadable {
            what: format!("the result of job {job}"),
            reason: error.to_string(),
        })?;
        Ok(Some(text.into()))
    }

    /// The file that a job ended with. When the servers have lost it, the job runs again if it has
    /// what it needs for that, and there is none.
    async fn file_or_run_again(
        &self,
        job: JobId,
        file: &BlobRef,
    ) -> Result<Option<Vec<u8>>, ClusterError> {
        let gone = match self.blobs().get(job, file).await {
            Err(ClusterError::Unreadable { .. }) => {
                tokio::time::sleep(BEHIND).await;
                self.blobs().get(job, file).await
            }
            read => read,
        };
        let gone = match gone {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(gone @ ClusterError::Unreadable { .. }) => gone,
            Err(error) => return Err(error),
        };
        let (waits, entry) = self.change(job, JobEntry::run_again).await?;
        if !waits {
            // Another may have seen the same.
            return if entry.is_final() {
                Err(gone)
            } else {
                Ok(None)
            };
        }
        warn!(%job, error = %gone, "a result is lost: the job runs again");
        // What was told of its end is not so.
        let untold = self.events().purge().filter(names::events(job)).await;
        if let Err(error) = untold {
            debug!(%job, %error, "events of a job that runs again stay");
        }
        self.put_in_line(entry.view.spec.options.priority, job)
            .await?;
        Ok(None)
    }

    /// Looks whether a job that ended some time ago has its result, and removes the files that it
    /// would have needed to run again.
    pub(crate) async fn settle(&self, job: JobId) -> Result<(), ClusterError> {
        let Some((entry, _)) = self.entry(job).await? else {
            return Ok(());
        };
        if let Some(KeptResult::File(file)) = &entry.result
            && self.file_or_run_again(job, file).await?.is_none()
        {
            return Ok(());
        }
        let (is_settled, entry) = self.change(job, JobEntry::settle).await?;
        if is_settled {
            self.tidy(&entry).await;
        }
        Ok(())
    }

    /// Removes the files that an ended job does not need.
    pub(crate) async fn tidy(&self, entry: &JobEntry) {
        if entry.is_settling {
            return;
        }
        let job = entry.id();
        if let Err(error) = self.blobs().remove(names::working_blobs(job)).await {
            debug!(%job, %error, "files of an ended job stay until it is removed");
        }
    }
}
