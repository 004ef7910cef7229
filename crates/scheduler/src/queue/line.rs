//! The jobs that wait, in their order, and by what they want and when it is due.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chat2svg_protocol::{JobId, PlannedStage};

use super::{Entry, Place, Waiting};
use crate::estimates::Work;

/// The jobs that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    entries: BTreeMap<Place, Entry>,
    /// Where in it each job is.
    places: HashMap<JobId, Place>,
    /// The jobs of each kind of work, the soonest due first. There are few kinds and many jobs.
    kinds: BTreeMap<Work, BTreeSet<(Duration, Place)>>,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, place: &Place) -> Option<&Entry> {
        self.entries.get(place)
    }

    /// All of them in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Entry)> {
        self.entries.iter()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub(super) fn insert(&mut self, place: Place, entry: Entry) {
        let waiting = &entry.waiting;
        self.places.insert(waiting.job, place);
        self.kinds
            .entry(waiting.work)
            .or_default()
            .insert((waiting.deadline, place));
        self.entries.insert(place, entry);
    }

    pub(super) fn remove(&mut self, place: &Place) -> Option<Entry> {
        let entry = self.entries.remove(place)?;
        self.places.remove(&entry.waiting.job);
        self.forget_kind(&entry.waiting, *place);
        Some(entry)
    }

    pub(super) fn remove_job(&mut self, job: JobId) -> Option<Entry> {
        let place = *self.places.get(&job)?;
        self.remove(&place)
    }

    fn forget_kind(&mut self, waiting: &Waiting, place: Place) {
        if let Some(kind) = self.kinds.get_mut(&waiting.work) {
            kind.remove(&(waiting.deadline, place));
            if kind.is_empty() {
                self.kinds.remove(&waiting.work);
            }
        }
    }

    /// A job that waits is said to be this now. Answers whether that is anything new; `None` when
    /// it does not wait.
    pub(super) fn restate(&mut self, waiting: Waiting) -> Option<bool> {
        let place = *self.places.get(&waiting.job)?;
        if self.entries.get(&place)?.waiting == waiting {
            return Some(false);
        }
        let entry = self.remove(&place)?;
        self.insert(place, Entry { waiting, ..entry });
        Some(true)
    }

    /// What the plan in force gives a job.
    pub(super) fn assign(&mut self, place: &Place, stages: &Arc<[PlannedStage]>) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.assigned = Some(Arc::clone(stages));
        }
    }

    /// Each kind of work, how many jobs want it, and when the first of them is due.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (Work, usize, Duration)> {
        self.kinds.iter().filter_map(|(work, jobs)| {
            let (soonest, _) = jobs.first()?;
            Some((*work, jobs.len(), *soonest))
        })
    }

    /// The jobs of a kind that are due by a moment.
    pub(super) fn due_by(&self, work: Work, moment: Duration) -> impl Iterator<Item = Place> {
        let jobs = self.kinds.get(&work).into_iter().flatten();
        jobs.take_while(move |(due, _)| *due <= moment)
            .map(|(_, place)| *place)
    }
}
