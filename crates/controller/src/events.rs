//! The events of one job: numbered, kept for those who come late, fanned out to those who listen.

use std::{collections::VecDeque, time::Duration};

use chat2svg_protocol::{JobEvent, JobEventKind, JobId, Stage, messages::Subscription};
use tokio::sync::broadcast;

/// Events a listener may lag behind before it loses some and has to subscribe anew. Those in
/// between are in memory, previews included.
const LAG: usize = 32;
/// Events kept. Beyond, superseded progress is dropped; what happened stays. Of previews only the
/// newest is kept, and none once the job is over: then there is the result.
const KEPT: usize = 128;

/// The events of one job so far, and those who wait for more.
#[derive(Debug)]
pub(crate) struct EventLog {
    job: JobId,
    last: u64,
    past: VecDeque<JobEvent>,
    listeners: Option<broadcast::Sender<JobEvent>>,
    progress_at: Option<Duration>,
    preview_at: Option<Duration>,
}

impl EventLog {
    /// A log whose first event has the number after `last`.
    pub(crate) fn new(job: JobId, last: u64) -> Self {
        Self {
            job,
            last,
            past: VecDeque::new(),
            listeners: Some(broadcast::Sender::new(LAG)),
            progress_at: None,
            preview_at: None,
        }
    }

    /// Adds an event and tells the listeners. Nothing follows [`JobEventKind::Done`].
    pub(crate) fn push(&mut self, kind: JobEventKind) {
        let Some(listeners) = &self.listeners else {
            return;
        };
        let over = matches!(kind, JobEventKind::Done { .. });
        if over || matches!(kind, JobEventKind::Preview { .. }) {
            self.past
                .retain(|event| !matches!(event.kind, JobEventKind::Preview { .. }));
        }
        self.last += 1;
        let event = JobEvent {
            job: self.job,
            sequence: self.last,
            kind,
        };
        // Nobody listening is not a fault.
        let _ = listeners.send(event.clone());
        self.past.push_back(event);
        if over {
            self.listeners = None;
        }
        if self.past.len() > KEPT {
            self.drop_superseded();
        }
    }

    /// Past events after a number, and those to come, without a gap between them.
    pub(crate) fn subscribe(&self, after: u64) -> Subscription {
        Subscription {
            past: self
                .past
                .iter()
                .filter(|event| event.sequence > after)
                .cloned()
                .collect(),
            coming: self.listeners.as_ref().map_or_else(
                || broadcast::Sender::new(1).subscribe(),
                broadcast::Sender::subscribe,
            ),
        }
    }

    /// Whether enough time has passed since the last progress event for another.
    pub(crate) fn takes_progress(&mut self, now: Duration, interval: Duration) -> bool {
        takes(&mut self.progress_at, now, interval)
    }

    /// Whether enough time has passed since the last preview for another.
    pub(crate) fn takes_preview(&mut self, now: Duration, interval: Duration) -> bool {
        takes(&mut self.preview_at, now, interval)
    }

    /// Keeps the newest half as it is, and of the older half all but progress.
    fn drop_superseded(&mut self) {
        let older = self.past.len() / 2;
        let mut index = 0;
        self.past.retain(|event| {
            index += 1;
            index > older || !matches!(event.kind, JobEventKind::Progress { .. })
        });
    }
}

fn takes(last: &mut Option<Duration>, now: Duration, interval: Duration) -> bool {
    let due = last.is_none_or(|at| now >= at + interval);
    if due {
        *last = Some(now);
    }
    due
}

/// The event of a preview.
pub(crate) fn preview(stage: Stage, svg: std::sync::Arc<str>) -> JobEventKind {
    JobEventKind::Preview { stage, svg }
}

#[cfg(test)]
mod tests {
    use chat2svg_protocol::JobState;
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn log() -> EventLog {
        EventLog::new(JobId(uuid::Uuid::nil()), 0)
    }

    fn progress(fraction: f32) -> JobEventKind {
        JobEventKind::Progress {
            stage: Stage::Optimize,
            fraction,
        }
    }

    #[test]
    fn past_and_coming_join_without_a_gap() {
        let mut log = log();
        log.push(JobEventKind::Queued);
        log.push(progress(0.1));
        let mut subscription = log.subscribe(1);
        log.push(JobEventKind::Done {
            state: JobState::Succeeded,
        });
        let past: Vec<u64> = subscription
            .past
            .iter()
            .map(|event| event.sequence)
            .collect();
        assert_eq!(past, [2]);
        assert_eq!(
            subscription.coming.try_recv().map(|event| event.sequence),
            Ok(3)
        );
        assert_eq!(subscription.coming.try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn nothing_follows_the_end() {
        let mut log = log();
        log.push(JobEventKind::Done {
            state: JobState::Failed,
        });
        log.push(progress(1.0));
        let mut subscription = log.subscribe(0);
        assert_eq!(subscription.past.len(), 1);
        assert_eq!(subscription.coming.try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn a_long_job_keeps_what_happened_within_bounds() {
        let mut log = log();
        log.push(JobEventKind::Queued);
        for step in 0..10_000 {
            log.push(progress(step as f32 / 10_000.0));
        }
        let past = log.subscribe(0).past;
        assert!(past.len() <= KEPT);
        assert_eq!(
            past.first().map(|event| event.kind.clone()),
            Some(JobEventKind::Queued)
        );
        assert_eq!(past.last().map(|event| event.sequence), Some(10_001));
        assert!(past.is_sorted_by_key(|event| event.sequence));
    }

    #[test]
    fn only_the_newest_preview_is_kept_and_none_after_the_end() {
        let mut log = log();
        for text in ["<svg/>", "<svg>1</svg>", "<svg>2</svg>"] {
            log.push(preview(Stage::Optimize, text.into()));
        }
        let previews = |log: &EventLog| {
            let past = log.subscribe(0).past.into_iter();
            past.filter_map(|event| match event.kind {
                JobEventKind::Preview { svg, .. } => Some(svg.to_string()),
                _ => None,
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(previews(&log), ["<svg>2</svg>"]);
        log.push(JobEventKind::Done {
            state: JobState::Succeeded,
        });
        assert_eq!(previews(&log), [""; 0]);
    }

    #[test]
    fn progress_is_throttled() {
        let mut log = log();
        let interval = Duration::from_millis(100);
        let taken: Vec<bool> = [0, 50, 100, 150, 200]
            .map(|at| log.takes_progress(Duration::from_millis(at), interval))
            .to_vec();
        assert_eq!(taken, [true, false, true, false, true]);
    }
}
