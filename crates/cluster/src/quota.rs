//! Quotas of keys, counted over all fronts: one record for each key, changed by revision.

use async_nats::jetstream::kv::{CreateErrorKind, Operation, UpdateErrorKind};
use chat2svg_keys::{Window, Windows};
use chat2svg_protocol::{JobId, KeyQuota, KeyUse, QuotaRefusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{catalogue::Catalogue, connection::Cluster, error::ClusterError};

/// How often a count is tried when other fronts count at once.
const ATTEMPTS: u32 = 32;
/// Seconds for which a job counts as under way although nobody has heard of it yet.
const YOUNG: i64 = 10;

/// What was done with a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    #[serde(flatten)]
    windows: Windows,
    /// Jobs under way, and when each came; only where their number is limited.
    #[serde(default)]
    jobs: Vec<(JobId, i64)>,
}

impl Tally {
    /// Counts a new job, or says why it may not be. All or nothing.
    fn enter(
        &mut self,
        quota: &KeyQuota,
        job: JobId,
        now: Timestamp,
        is_under_way: impl Fn(JobId) -> Option<bool>,
    ) -> Result<KeyUse, QuotaRefusal> {
        let second = now.as_second();
        self.windows.turn(now);
        self.windows.check(quota.per_minute, quota.per_day, now)?;
        self.jobs
            .retain(|(job, came)| is_under_way(*job).unwrap_or(second - came < YOUNG));
        let limit = quota.concurrent;
        if limit > 0 {
            if usize::try_from(limit).is_ok_and(|limit| self.jobs.len() >= limit) {
                return Err(QuotaRefusal::Busy { limit });
            }
            self.jobs.push((job, second));
        }
        self.windows.count();
        Ok(KeyUse {
            minute: self.windows.used(Window::Minute),
            day: self.windows.used(Window::Day),
        })
    }
}

impl Cluster {
    /// Counts a new job against a key's quota at all fronts.
    pub(crate) async fn count(
        &self,
        quota: &KeyQuota,
        job: JobId,
        catalogue: &Catalogue,
    ) -> Result<Result<KeyUse, QuotaRefusal>, ClusterError> {
        let failed = |error: &dyn std::fmt::Display| {
            ClusterError::unreachable("counting a job against its key's quota", error)
        };
        // Names of keys may have letters that keys of a bucket may not.
        let digest = Sha256::digest(quota.key.as_bytes());
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = format!("quota.{digits}");
        for _ in 0..ATTEMPTS {
            let known = self.keys().entry(&key).await;
            let known = known.map_err(|error| failed(&error))?;
            let known = known.filter(|entry| entry.operation == Operation::Put);
            let mut tally: Tally = match &known {
                Some(entry) => serde_json::from_slice(&entry.value).unwrap_or_default(),
                None => Tally::default(),
            };
            let under_way = |job| catalogue.is_under_way(job);
            let used = match tally.enter(quota, job, self.clock().now(), under_way) {
                Ok(used) => used,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let text = serde_json::to_vec(&tally).map_err(|error| ClusterError::Unstorable {
                job,
                reason: error.to_string(),
            })?;
            let is_written = match known {
                Some(entry) => match self.keys().update(&key, text.into(), entry.revision).await {
                    Ok(_) => true,
                    Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => false,
                    Err(error) => return Err(failed(&error)),
                },
                None => match self.keys().create(&key, text.into()).await {
                    Ok(_) => true,
                    Err(error) if error.kind() == CreateErrorKind::AlreadyExists => false,
                    Err(error) => return Err(failed(&error)),
                },
            };
            if is_written {
                return Ok(Ok(used));
            }
        }
        Err(ClusterError::Contended(job))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn job(number: u128) -> JobId {
        JobId(Uuid::from_u128(number))
    }

    fn quota(per_minute: u32, per_day: u32, concurrent: u32) -> KeyQuota {
        KeyQuota {
            key: "k".to_owned(),
            per_minute,
            per_day,
            concurrent,
        }
    }

    #[test]
    fn windows_are_counted_and_begin_anew() {
        let mut tally = Tally::default();
        let quota = quota(2, 3, 0);
        let mut enter = |second| tally.enter(&quota, job(1), at(second), |_| None);
        assert_eq!(enter(10), Ok(KeyUse { minute: 1, day: 1 }));
        assert_eq!(enter(20), Ok(KeyUse { minute: 2, day: 2 }));
        let refused = enter(30).unwrap_err();
        assert_eq!(refused.retry_seconds(), 30);
        // What was refused was not counted.
        assert_eq!(enter(60), Ok(KeyUse { minute: 1, day: 3 }));
        let refused = enter(61).unwrap_err();
        assert_eq!(refused.retry_seconds(), 86_339);
        // A clock that is set back gives nothing again.
        assert!(enter(5).is_err());
        assert!(enter(86_400).is_ok());
    }

    #[test]
    fn jobs_that_have_ended_or_never_came_make_room() {
        let mut tally = Tally::default();
        let quota = quota(0, 0, 2);
        let unknown = |_| None;
        assert!(tally.enter(&quota, job(1), at(0), unknown).is_ok());
        assert!(tally.enter(&quota, job(2), at(0), unknown).is_ok());
        let refused = tally.enter(&quota, job(3), at(1), unknown);
        assert_eq!(refused, Err(QuotaRefusal::Busy { limit: 2 }));
        let one_ended = |known| Some(known != job(1));
        assert!(tally.enter(&quota, job(3), at(2), one_ended).is_ok());
        assert!(tally.enter(&quota, job(4), at(3), one_ended).is_err());
        assert!(tally.enter(&quota, job(4), at(30), unknown).is_ok());
    }
}
