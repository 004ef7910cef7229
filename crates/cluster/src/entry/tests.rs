//! What workers may do to a job, in whatever order.

use chat2svg_protocol::{FitLimits, JobKind, JobOptions, JobSpec, LevelChoice, Owner, Priority};
use proptest::prelude::*;

use super::*;

pub(crate) fn view(owner: &str) -> JobView {
    JobView::queued(
        JobId(Uuid::now_v7()),
        owner.parse::<Owner>().unwrap(),
        JobSpec {
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
        Timestamp::UNIX_EPOCH,
    )
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
fn a_checkpoint_of_an_earlier_release_can_be_read() {
    let json = r#"{"stage": "detail", "svg": {"name": "in.svg", "pieces": 1, "bytes": 6}}"#;
    let kept: KeptCheckpoint = serde_json::from_str(json).unwrap();
    assert_eq!(kept.placement, None);
    let kept = KeptCheckpoint {
        placement: Some(Placement::Unregistered),
        ..kept
    };
    let written = serde_json::to_string(&kept).unwrap();
    let read: KeptCheckpoint = serde_json::from_str(&written).unwrap();
    assert_eq!(read, kept);
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

/// What a job ended with, as a file.
fn file() -> KeptResult {
    KeptResult::File(BlobRef {
        name: "out".to_owned(),
        pieces: 1,
        bytes: 1,
    })
}

#[test]
fn a_job_whose_result_is_lost_runs_again_while_it_has_its_files() {
    let attachments = vec![KeptAttachment {
        role: AttachmentRole::Target,
        file: BlobRef {
            name: "in".to_owned(),
            pieces: 1,
            bytes: 1,
        },
    }];
    let mut entry = JobEntry::new(view("a"), 0, attachments.clone(), None);
    let end = |entry: &mut JobEntry, number, result| {
        entry.take(claim(number)).unwrap();
        let end = ended(entry, JobState::Succeeded);
        let token = Uuid::from_u128(number);
        entry.finish(token, end, Some(result)).unwrap();
    };
    end(&mut entry, 1, file());
    assert!(entry.run_again());
    assert!(entry.is_waiting() && !entry.run_again());
    assert_eq!((entry.attempts, entry.result.as_ref()), (1, None));
    assert_eq!(entry.attachments, attachments);

    // What is kept with the job is there whenever the job is.
    end(&mut entry, 2, KeptResult::Here("<svg/>".into()));
    assert!(entry.is_settling && !entry.run_again());
    assert!(entry.settle() && !entry.settle());
    assert!(entry.attachments.is_empty());

    let mut without_files = JobEntry::new(view("a"), 0, Vec::new(), None);
    end(&mut without_files, 1, KeptResult::Here("<svg/>".into()));
    assert!(!without_files.is_settling);
}

#[test]
fn results_are_read_however_they_were_kept() {
    let mut entry = JobEntry::new(view("a"), 0, Vec::new(), None);
    for result in [None, Some(file()), Some(KeptResult::Here("<svg/>".into()))] {
        entry.result = result;
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<JobEntry>(&text).unwrap(), entry);
    }
    // As it was before results were kept with their jobs.
    let file = r#"{"name": "out", "pieces": 1, "bytes": 1}"#;
    let file: KeptResult = serde_json::from_str(file).unwrap();
    assert_eq!(file, self::file());
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
