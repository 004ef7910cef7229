//! The servers' time. Clocks of nodes may differ; what is kept of a job is in the time of the NATS
//! servers, and each node translates it to and from its own.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chat2svg_protocol::JobView;
use jiff::{SignedDuration, Timestamp};

/// Measurements that count.
const KEPT: usize = 8;
/// What is no more than a slow network.
const TOLERANCE: SignedDuration = SignedDuration::from_millis(100);

/// How far this node's clock is ahead of the servers'.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<VecDeque<SignedDuration>>);

impl Clock {
    /// Something that this node wrote when its clock showed `at` was stamped by a server.
    pub(crate) fn heard(&self, at: Timestamp, stamped: Timestamp) {
        let mut measured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        measured.push_back(at.duration_since(stamped));
        while measured.len() > KEPT {
            measured.pop_front();
        }
    }

    /// How far this node's clock is ahead; zero as long as it is not known.
    pub(crate) fn ahead(&self) -> SignedDuration {
        let measured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Each is short by the time that the message took: the one that took least is nearest.
        let nearest = measured.iter().max().copied().unwrap_or_default();
        if nearest.abs() > TOLERANCE {
            nearest
        } else {
            SignedDuration::ZERO
        }
    }

    /// The servers' time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.to_servers(Timestamp::now())
    }

    /// A time of this node in that of the servers.
    pub(crate) fn to_servers(&self, at: Timestamp) -> Timestamp {
        at.saturating_sub(self.ahead()).unwrap_or(at)
    }

    /// A job that this node changed, in the servers' time.
    pub(crate) fn view_to_servers(&self, view: JobView) -> JobView {
        JobView {
            updated_at: self.to_servers(view.updated_at),
            ..view
        }
    }

    /// A job as it is kept, in this node's time.
    pub(crate) fn view_from_servers(&self, view: JobView) -> JobView {
        let ahead = self.ahead();
        let own = |at: Timestamp| at.saturating_add(ahead).unwrap_or(at);
        JobView {
            created_at: own(view.created_at),
            updated_at: own(view.updated_at),
            ..view
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::view;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[test]
    fn the_fastest_message_tells_most() {
        let clock = Clock::default();
        assert_eq!(clock.ahead(), SignedDuration::ZERO);
        for (own, server) in [(15_000, 10_900), (16_000, 11_005), (17_000, 14_000)] {
            clock.heard(at(own), at(server));
        }
        assert_eq!(clock.ahead(), SignedDuration::from_millis(4_995));
        for second in 0..8 {
            clock.heard(at(1_000 * second), at(1_000 * second + 3));
        }
        assert_eq!(clock.ahead(), SignedDuration::ZERO);
    }

    #[test]
    fn a_job_keeps_its_age_whoever_looks_at_it() {
        let (fast, slow) = (Clock::default(), Clock::default());
        fast.heard(at(10_000), at(5_000));
        slow.heard(at(5_000), at(10_000));
        // Made when the slow clock shows 20 s, taken at once by the node with the fast one.
        let mut job = view("a");
        job.created_at = slow.to_servers(at(20_000));
        job.updated_at = job.created_at;
        let taken = fast.view_from_servers(job.clone());
        assert_eq!(taken.created_at, at(30_000));
        assert_eq!(fast.view_to_servers(taken).updated_at, job.updated_at);
    }
}
