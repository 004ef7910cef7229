//! Whose job is next in line. Of each caller only a few jobs are in line at a time; the rest wait
//! in their bucket until some of these have been taken. So a caller with many jobs keeps others
//! waiting no longer than those few take. Pure.

use std::collections::{BTreeMap, HashMap};

use chat2svg_protocol::{ClientKey, JobId, Priority};
use sha2::{Digest as _, Sha256};

/// Those whose jobs wait behind each other.
pub(crate) type Caller = (Priority, ClientKey);

/// Jobs in line for a caller at least.
const LEAST_DEPTH: usize = 4;

/// Jobs in line for each caller, for so many workers: enough that none of them waits for the next.
pub(crate) fn depth(workers: usize) -> usize {
    workers.saturating_mul(2).max(LEAST_DEPTH)
}

/// Which of the nodes puts a caller's jobs in line: the same one whoever asks, and another one when
/// it has gone.
pub(crate) fn node_of(caller: Caller, nodes: &[String]) -> Option<&str> {
    let (priority, client) = caller;
    let weight = |node: &&String| {
        let mut digest = Sha256::new();
        digest.update([u8::from(priority == Priority::Batch)]);
        digest.update(client.0.to_be_bytes());
        digest.update(node.as_bytes());
        digest.finalize()
    };
    nodes.iter().max_by_key(weight).map(String::as_str)
}

/// Jobs that nobody works on, by caller.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Whether each is in line, as far as is known here; oldest first.
    waiting: HashMap<Caller, BTreeMap<JobId, bool>>,
    callers: HashMap<JobId, Caller>,
}

impl Turns {
    /// A job waits. One that is known keeps its place in line.
    pub(crate) fn wait(&mut self, job: JobId, caller: Caller, is_in_line: bool) {
        self.callers.insert(job, caller);
        let jobs = self.waiting.entry(caller).or_default();
        *jobs.entry(job).or_default() |= is_in_line;
    }

    /// A job does not wait any more; answers whose it was.
    pub(crate) fn leave(&mut self, job: JobId) -> Option<Caller> {
        let caller = self.callers.remove(&job)?;
        if let Some(jobs) = self.waiting.get_mut(&caller) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.waiting.remove(&caller);
            }
        }
        Some(caller)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.callers.clear();
    }

    /// Whether one more job of a caller may go into line at once.
    pub(crate) fn has_turn(&self, caller: Caller, depth: usize) -> bool {
        self.waiting
            .get(&caller)
            .is_none_or(|jobs| jobs.len() < depth)
    }

    /// Whether a job is among those of its caller that should be in line, or is not known to wait.
    pub(crate) fn should_be_in_line(&self, job: JobId, depth: usize) -> bool {
        let caller = self.callers.get(&job);
        let jobs = caller.and_then(|caller| self.waiting.get(caller));
        jobs.is_none_or(|jobs| jobs.keys().take(depth).any(|known| *known == job))
    }

    /// A caller's jobs that are to be put in line now; they count as being there from now on.
    pub(crate) fn due(&mut self, caller: Caller, depth: usize) -> Vec<JobId> {
        let jobs = self.waiting.get_mut(&caller).into_iter().flatten();
        jobs.take(depth)
            .filter_map(|(job, is_in_line)| (!std::mem::replace(is_in_line, true)).then_some(*job))
            .collect()
    }

    /// A job could not be put in line.
    pub(crate) fn lose_place(&mut self, job: JobId) {
        let caller = self.callers.get(&job);
        let jobs = caller.and_then(|caller| self.waiting.get_mut(caller));
        if let Some(is_in_line) = jobs.and_then(|jobs| jobs.get_mut(&job)) {
            *is_in_line = false;
        }
    }

    /// Everybody who has jobs that wait.
    pub(crate) fn callers(&self) -> Vec<Caller> {
        self.waiting.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn job(number: u128) -> JobId {
        JobId(Uuid::from_u128(number))
    }

    const MANY: Caller = (Priority::Interactive, ClientKey(1));
    const FEW: Caller = (Priority::Interactive, ClientKey(2));

    #[test]
    fn a_caller_with_many_jobs_has_few_in_line() {
        let mut turns = Turns::default();
        for number in 0..100 {
            let has_turn = turns.has_turn(MANY, 4);
            assert_eq!(has_turn, number < 4);
            turns.wait(job(number), MANY, has_turn);
        }
        assert!(turns.has_turn(FEW, 4));
        assert_eq!(turns.due(MANY, 4), []);
        // When one is taken, the next has its turn, once.
        assert_eq!(turns.leave(job(0)), Some(MANY));
        assert_eq!(turns.due(MANY, 4), [job(4)]);
        assert_eq!(turns.due(MANY, 4), []);
        assert!(turns.should_be_in_line(job(4), 4) && !turns.should_be_in_line(job(5), 4));
        // What could not be done is done again.
        turns.lose_place(job(4));
        assert_eq!(turns.due(MANY, 4), [job(4)]);
        // What is known again keeps its place; with more workers more are in line.
        turns.wait(job(4), MANY, false);
        assert_eq!(turns.due(MANY, 6), [job(5), job(6)]);
    }

    #[test]
    fn everything_has_its_turn_in_the_end() {
        let mut turns = Turns::default();
        let mut line: Vec<JobId> = Vec::new();
        for number in 0..50 {
            let caller = if number % 5 == 0 { FEW } else { MANY };
            turns.wait(job(number), caller, false);
        }
        let mut taken = 0;
        while let Some(caller) = turns.callers().first().copied() {
            line.extend(turns.due(caller, 4));
            turns.leave(line.remove(0));
            taken += 1;
        }
        assert_eq!(taken, 50);
        assert!(line.is_empty() && turns.callers().is_empty());
    }

    #[test]
    fn another_node_takes_over_only_what_was_its_own() {
        let nodes: Vec<String> = (0..5).map(|number| format!("node-{number}")).collect();
        let callers = (0..200).map(|client| (Priority::Batch, ClientKey(client)));
        let mut of_first = 0;
        for caller in callers {
            let before = node_of(caller, &nodes).unwrap();
            let after = node_of(caller, &nodes[1..]).unwrap();
            if before == "node-0" {
                of_first += 1;
            } else {
                assert_eq!(before, after);
            }
        }
        assert!((20..60).contains(&of_first), "{of_first}");
        assert_eq!(node_of(MANY, &[]), None);
    }
}
