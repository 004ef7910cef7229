//! What jobs there are, in short: enough to list them, to forget what is past its retention, and to
//! find what is still to be told. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chat2svg_protocol::{ClientKey, JobId, Owner, Priority};
use chat2svg_store::Retention;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    entry::{JobEntry, KeptResult},
    turns::Caller,
};

/// A job in short, as it stands in the head of its message, so that whoever follows all jobs is
/// sent no results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) owner: Owner,
    pub(crate) priority: Priority,
    pub(crate) client: u64,
    pub(crate) is_waiting: bool,
    pub(crate) is_deferred: bool,
    pub(crate) is_final: bool,
    pub(crate) is_settling: bool,
    pub(crate) updated_at: Timestamp,
    /// Bytes of what is kept of it.
    pub(crate) bytes: u64,
    /// When its end is to be told.
    pub(crate) due_at: Option<Timestamp>,
}

impl Summary {
    /// Of an entry that takes so many bytes itself.
    pub(crate) fn of(entry: &JobEntry, bytes: usize) -> Self {
        let own = u64::try_from(bytes).unwrap_or(u64::MAX);
        let file = match &entry.result {
            Some(KeptResult::File(file)) => file.bytes,
            Some(KeptResult::Here(_)) | None => 0,
        };
        let (priority, client) = entry.caller();
        Self {
            owner: entry.view.owner.clone(),
            priority,
            client: client.0,
            is_waiting: entry.is_waiting(),
            is_deferred: entry.is_deferred,
            is_final: entry.is_final(),
            is_settling: entry.is_settling,
            updated_at: entry.view.updated_at,
            bytes: own.saturating_add(file),
            due_at: entry.telling.map(|telling| telling.due_at),
        }
    }

    /// Whose jobs it waits behind.
    pub(crate) fn caller(&self) -> Caller {
        (self.priority, ClientKey(self.client))
    }
}

/// All jobs in short, by their ids, which sort by time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    jobs: BTreeMap<JobId, Summary>,
}

impl Listing {
    pub(crate) fn set(&mut self, job: JobId, summary: Summary) {
        self.jobs.insert(job, summary);
    }

    pub(crate) fn remove(&mut self, job: JobId) {
        self.jobs.remove(&job);
    }

    /// Forgets everything, before all is told anew.
    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
    }

    pub(crate) fn get(&self, job: JobId) -> Option<&Summary> {
        self.jobs.get(&job)
    }

    /// Jobs that have not ended.
    pub(crate) fn under_way(&self) -> usize {
        self.jobs.values().filter(|job| !job.is_final).count()
    }

    /// Jobs older than `before`, newest first, of one owner or of all.
    pub(crate) fn newest<'a>(
        &'a self,
        before: Option<JobId>,
        owner: Option<&'a Owner>,
    ) -> impl Iterator<Item = JobId> + 'a {
        self.jobs
            .iter()
            .rev()
            .filter(move |(id, _)| before.is_none_or(|before| **id < before))
            .filter(move |(_, job)| owner.is_none_or(|owner| job.owner == *owner))
            .map(|(id, _)| *id)
    }

    /// Jobs that have not ended, and of which nothing was heard since before a moment.
    pub(crate) fn unheard_since(&self, moment: Timestamp) -> Vec<JobId> {
        self.jobs
            .iter()
            .filter(|(_, job)| !job.is_final && job.updated_at < moment)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Jobs that ended before a moment, and whose files are still kept for their return.
    pub(crate) fn settling_since(&self, moment: Timestamp) -> Vec<JobId> {
        self.jobs
            .iter()
            .filter(|(_, job)| job.is_settling && job.updated_at < moment)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Jobs whose ends are to be told by now, longest due first.
    pub(crate) fn due(&self, now: Timestamp, limit: usize) -> Vec<JobId> {
        let mut due: Vec<(Timestamp, JobId)> = self
            .jobs
            .iter()
            .filter_map(|(id, job)| Some((job.due_at.filter(|at| *at <= now)?, *id)))
            .collect();
        due.sort_unstable();
        due.into_iter().take(limit).map(|(_, id)| id).collect()
    }

    /// Ended jobs that exceed what is kept, oldest first. Ends that are still to be told stay.
    pub(crate) fn past_retention(&self, now: Timestamp, keep: &Retention) -> Vec<JobId> {
        let horizon = before(now, keep.age);
        let mut ended: Vec<(&JobId, &Summary)> =
            self.jobs.iter().filter(|(_, job)| job.is_final).collect();
        ended.sort_by_key(|(id, job)| std::cmp::Reverse((job.updated_at, **id)));
        let mut of_owner: HashMap<&Owner, (u32, u64)> = HashMap::new();
        let (mut count, mut bytes) = (0_u32, 0_u64);
        let mut past = Vec::new();
        for (id, job) in ended {
            let (own, own_bytes) = of_owner.entry(&job.owner).or_default();
            *own += 1;
            *own_bytes = own_bytes.saturating_add(job.bytes);
            count += 1;
            bytes = bytes.saturating_add(job.bytes);
            let is_past = job.updated_at < horizon
                || count > keep.jobs
                || bytes > keep.bytes
                || (keep.jobs_per_owner > 0 && *own > keep.jobs_per_owner)
                || (keep.bytes_per_owner > 0 && *own_bytes > keep.bytes_per_owner)
                || keep.owners.get(job.owner.as_str()).is_some_and(|rule| {
                    rule.age
                        .is_some_and(|age| job.updated_at < before(now, age))
                        || rule.jobs.is_some_and(|jobs| *own > jobs)
                        || rule.bytes.is_some_and(|bytes| *own_bytes > bytes)
                });
            if is_past && job.due_at.is_none() {
                past.push(*id);
            }
        }
        past.reverse();
        past
    }
}

/// A moment that lies so long before another.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use chat2svg_store::OwnerKeep;

    use super::*;

    fn id(number: u128) -> JobId {
        JobId(uuid::Uuid::from_u128(number))
    }

    fn ended(owner: &str, second: i64, bytes: u64) -> Summary {
        Summary {
            owner: owner.parse().unwrap(),
            priority: Priority::Interactive,
            client: 0,
            is_waiting: false,
            is_deferred: false,
            is_final: true,
            is_settling: false,
            updated_at: Timestamp::from_second(second).unwrap(),
            bytes,
            due_at: None,
        }
    }

    fn keep() -> Retention {
        Retention {
            age: Duration::from_secs(1_000),
            jobs: 100,
            bytes: 1_000,
            ..Retention::default()
        }
    }

    fn listing() -> Listing {
        let mut listing = Listing::default();
        for (number, owner) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
            let second = i64::try_from(number).unwrap() * 100;
            listing.set(id(number), ended(owner, second, 10));
        }
        listing
    }

    #[test]
    fn jobs_are_listed_newest_first_for_their_owner() {
        let listing = listing();
        let ids = |before, owner: Option<&str>| {
            let owner = owner.map(|name| name.parse().unwrap());
            listing.newest(before, owner.as_ref()).collect::<Vec<_>>()
        };
        assert_eq!(ids(None, None), [id(4), id(3), id(2), id(1)]);
        assert_eq!(ids(Some(id(4)), Some("a")), [id(3), id(1)]);
        assert_eq!(ids(None, Some("c")), []);
    }

    #[test]
    fn each_bound_of_the_retention_holds() {
        let listing = listing();
        let now = Timestamp::from_second(1_150).unwrap();
        let past = |keep: Retention| listing.past_retention(now, &keep);
        assert_eq!(past(keep()), [id(1)]);
        assert_eq!(past(Retention { jobs: 2, ..keep() }), [id(1), id(2)]);
        assert_eq!(
            past(Retention {
                bytes: 25,
                ..keep()
            }),
            [id(1), id(2)]
        );
        let one_each = Retention {
            jobs_per_owner: 1,
            ..keep()
        };
        assert_eq!(past(one_each), [id(1), id(3)]);
        let bytes_each = Retention {
            bytes_per_owner: 25,
            ..keep()
        };
        assert_eq!(past(bytes_each), [id(1)]);
        let rule = OwnerKeep {
            jobs: Some(0),
            ..OwnerKeep::default()
        };
        let of_b = Retention {
            owners: [("b".to_owned(), rule)].into(),
            ..keep()
        };
        assert_eq!(past(of_b), [id(1), id(2)]);
    }

    #[test]
    fn what_runs_or_is_to_be_told_is_kept() {
        let mut listing = Listing::default();
        listing.set(
            id(1),
            Summary {
                is_final: false,
                ..ended("a", 0, 1)
            },
        );
        let due_at = Timestamp::from_second(5).ok();
        listing.set(
            id(2),
            Summary {
                due_at,
                ..ended("a", 0, 1)
            },
        );
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(listing.past_retention(now, &keep()), []);
        assert_eq!(listing.due(now, 10), [id(2)]);
        assert_eq!(listing.unheard_since(now), [id(1)]);
        assert_eq!(listing.under_way(), 1);
    }
}
