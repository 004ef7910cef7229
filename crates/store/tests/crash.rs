//! A process that is killed loses no job that it was told is stored.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use chat2svg_protocol::{
    Attachment, AttachmentRole, FitLimits, JobId, JobKind, JobOptions, JobSpec, JobState, JobView,
    LevelChoice,
};
use chat2svg_store::{Database, StoreConfig};
use jiff::Timestamp;
use uuid::Uuid;

const PATH: &str = "CHAT2SVG_TEST_CRASH_STORE";

fn config(path: PathBuf) -> StoreConfig {
    StoreConfig {
        path,
        ..StoreConfig::default()
    }
}

fn job(number: u128) -> JobView {
    JobView::queued(
        JobId(Uuid::from_u128(number)),
        Default::default(),
        JobSpec {
            kind: JobKind::Vectorize {
                ground: Default::default(),
                look: Default::default(),
                limits: FitLimits::default(),
            },
            options: JobOptions {
                seed: 0,
                deadline_ms: 1000,
                level: LevelChoice::Auto,
                priority: Default::default(),
                webhook: None,
                palette: None,
                output: Default::default(),
            },
        },
        Timestamp::UNIX_EPOCH,
    )
}

/// What the killed process does: not a test by itself.
#[test]
#[ignore = "runs as the process that another test kills"]
fn store_jobs_until_killed() {
    let path = env::var_os(PATH).unwrap();
    let mut database = Database::open(&config(path.into())).unwrap();
    let target = Attachment {
        role: AttachmentRole::Target,
        bytes: Arc::from(vec![7; 50_000]),
    };
    let mut out = std::io::stdout();
    for number in 1.. {
        let mut view = job(number);
        database
            .put_job(&view, std::slice::from_ref(&target), None)
            .unwrap();
        writeln!(out, "\nstored {number}").unwrap();
        if number % 5 == 0 {
            database.mark_running(view.id).unwrap();
            writeln!(out, "\nmarked {number}").unwrap();
        }
        if number % 3 == 0 {
            view.state = JobState::Succeeded;
            database.finish_job(&view, Some("<svg/>")).unwrap();
            writeln!(out, "\nfinished {number}").unwrap();
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("jobs.db");
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "store_jobs_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(PATH, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stored, mut marked, mut finished) = (0, 0, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("stored ") {
            stored = number.parse().unwrap();
        } else if let Some(number) = line.strip_prefix("marked ") {
            marked = number.parse().unwrap();
        } else if let Some(number) = line.strip_prefix("finished ") {
            finished = number.parse().unwrap();
        }
        if stored == 100 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(stored >= 100);

    let mut database = Database::open(&config(path)).unwrap();
    for number in 1..=stored {
        let view = database.get_job(JobId(Uuid::from_u128(number))).unwrap();
        assert!(view.is_some(), "job {number} of {stored} is lost");
    }
    for number in (3..=finished).step_by(3) {
        let id = JobId(Uuid::from_u128(number));
        let view = database.get_job(id).unwrap().unwrap();
        assert_eq!(view.state, JobState::Succeeded);
        assert!(database.get_result(id).unwrap().is_some());
    }
    for job in database.take_up_unfinished().unwrap() {
        // Whole or not at all: no job without its attachment.
        let attachments = database.attachments(job.view.id).unwrap();
        assert_eq!(attachments.len(), 1);
        assert_eq!(attachments[0].bytes.len(), 50_000);
        // What was told to be worked on is known to have been.
        let number = job.view.id.0.as_u128();
        if number <= marked {
            assert_eq!(
                job.attempts,
                u32::from(number.is_multiple_of(5)),
                "{number}"
            );
        }
    }
}
