//! What is in the store survives closing and reopening it, comes back equal, and a file that cannot
//! be used is refused with a reason.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use chat2svg_protocol::{
    Attachment, AttachmentRole, ByteBudget, CanvasSize, FailureCode, FitLimits, JobFailure, JobId,
    JobKind, JobOptions, JobSpec, JobState, JobView, LevelChoice, PathBudget, Placement, Prompt,
    Stage, Style,
    messages::{KeptStage, Stored},
};
use chat2svg_store::{Database, DatabaseError, Retention, StoreConfig};
use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

fn config(folder: &TempDir) -> StoreConfig {
    StoreConfig {
        path: folder.path().join("deep/jobs.db"),
        busy_timeout_ms: 10,
        ..StoreConfig::default()
    }
}

/// What a stage gave: a document, and the target that a model made.
fn kept(stage: Stage, svg: &str) -> KeptStage {
    KeptStage {
        stage,
        svg: Arc::from(svg),
        target: (stage == Stage::Detail).then(|| Arc::from(svg.as_bytes())),
        // Not what is assumed of a release that does not say.
        placement: match stage {
            Stage::Template => Placement::Registered,
            Stage::Detail | Stage::Optimize => Placement::Unregistered,
        },
    }
}

fn job(number: u128, state: JobState) -> JobView {
    JobView {
        id: JobId(Uuid::from_u128(number)),
        owner: Default::default(),
        state,
        spec: JobSpec {
            kind: JobKind::Generate {
                prompt: Prompt::parse("a red fox", 100).unwrap(),
                style: Some(Style::Pastel),
                background: None,
                canvas: CanvasSize::default(),
                candidates: 1,
                wishes: Default::default(),
            },
            options: JobOptions {
                seed: u64::MAX,
                deadline_ms: 10_000,
                level: LevelChoice::Auto,
                priority: Default::default(),
                webhook: None,
                palette: None,
                output: Default::default(),
            },
        },
        stage: None,
        progress: 0.0,
        created_at: Timestamp::from_second(1_700_000_000).unwrap(),
        updated_at: Timestamp::from_second(1_700_000_000).unwrap(),
        metadata: None,
        failure: None,
    }
}

fn file(role: AttachmentRole, bytes: &[u8]) -> Attachment {
    Attachment {
        role,
        bytes: Arc::from(bytes),
    }
}

#[test]
fn an_accepted_job_is_there_after_reopening() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let view = job(1, JobState::Queued);
    let attachments = [
        file(AttachmentRole::Template, b"<svg/>"),
        file(AttachmentRole::Target, &[0, 159, 146, 150]),
    ];
    let mut database = Database::open(&config).unwrap();
    assert_eq!(
        database.put_job(&view, &attachments, None).unwrap(),
        Stored::New
    );
    database
        .put_stage(view.id, &kept(Stage::Template, "<svg>1</svg>"))
        .unwrap();
    database
        .put_stage(view.id, &kept(Stage::Detail, "<svg>2</svg>"))
        .unwrap();
    database
        .put_stage(view.id, &kept(Stage::Detail, "<svg>3</svg>"))
        .unwrap();
    drop(database);

    let mut database = Database::open(&config).unwrap();
    let unfinished = database.take_up_unfinished().unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].view, view);
    assert_eq!(database.attachments(view.id).unwrap(), attachments);
    assert_eq!(
        unfinished[0].checkpoint,
        Some(kept(Stage::Detail, "<svg>3</svg>"))
    );
    assert_eq!(unfinished[0].attempts, 0);
}

#[test]
fn an_interrupted_job_counts_its_attempts_and_a_waiting_one_does_not() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let (waiting, mut running) = (job(1, JobState::Queued), job(2, JobState::Queued));
    let mut database = Database::open(&config).unwrap();
    database.put_job(&waiting, &[], None).unwrap();
    database.put_job(&running, &[], None).unwrap();
    for attempt in 1..=3 {
        running.state = JobState::Running;
        running.stage = Some(Stage::Optimize);
        database.update_job(&running).unwrap();
        drop(database);
        database = Database::open(&config).unwrap();
        let found = database.take_up_unfinished().unwrap();
        let attempts: Vec<u32> = found.iter().map(|job| job.attempts).collect();
        assert_eq!(attempts, [0, attempt]);
        assert_eq!(found[1].view.state, JobState::Queued);
        assert_eq!(found[1].view.stage, None);
        // Asking again takes nothing up twice.
        assert_eq!(database.take_up_unfinished().unwrap()[1].attempts, attempt);
    }
}

#[test]
fn a_finished_job_has_its_result_and_stays_finished() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let mut view = job(1, JobState::Queued);
    let mut database = Database::open(&config).unwrap();
    database
        .put_job(&view, &[file(AttachmentRole::Target, b"png")], None)
        .unwrap();
    assert_eq!(database.get_result(view.id).unwrap(), None);
    view.state = JobState::Degraded;
    view.progress = 1.0;
    database.finish_job(&view, Some("<svg>fox</svg>")).unwrap();

    let mut late = view.clone();
    late.state = JobState::Running;
    database.update_job(&late).unwrap();
    late.state = JobState::Cancelled;
    database
        .finish_job(&late, Some("<svg>other</svg>"))
        .unwrap();
    database
        .put_stage(view.id, &kept(Stage::Optimize, "late"))
        .unwrap();
    drop(database);

    let mut database = Database::open(&config).unwrap();
    assert_eq!(database.get_job(view.id).unwrap(), Some(view.clone()));
    assert_eq!(
        database.get_result(view.id).unwrap().as_deref(),
        Some("<svg>fox</svg>")
    );
    assert!(database.take_up_unfinished().unwrap().is_empty());
}

#[test]
fn a_failed_job_says_why_and_has_no_result() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    let mut view = job(1, JobState::Running);
    database.put_job(&view, &[], None).unwrap();
    view.state = JobState::Failed;
    view.failure = Some(JobFailure::new(
        FailureCode::DeadlineExceeded,
        "no time left",
    ));
    database.finish_job(&view, None).unwrap();
    assert_eq!(database.get_job(view.id).unwrap(), Some(view.clone()));
    assert_eq!(database.get_result(view.id).unwrap(), None);
}

#[test]
fn a_key_finds_the_first_request_and_refuses_another() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let first = job(1, JobState::Queued);
    let attachments = [file(AttachmentRole::Target, b"png")];
    let mut database = Database::open(&config).unwrap();
    let mut put =
        |view: &JobView, files: &[Attachment]| database.put_job(view, files, Some("key")).unwrap();
    assert_eq!(put(&first, &attachments), Stored::New);
    assert_eq!(
        put(&job(2, JobState::Queued), &attachments),
        Stored::Replayed(first.id)
    );
    assert_eq!(put(&job(3, JobState::Queued), &[]), Stored::Conflict);
    let mut other = job(4, JobState::Queued);
    other.spec.options.seed = 1;
    assert_eq!(put(&other, &attachments), Stored::Conflict);

    drop(database);
    let mut database = Database::open(&config).unwrap();
    let mut done = first.clone();
    done.state = JobState::Succeeded;
    database.finish_job(&done, Some("<svg/>")).unwrap();
    assert_eq!(
        database
            .put_job(&job(5, JobState::Queued), &attachments, Some("key"))
            .unwrap(),
        Stored::Replayed(first.id)
    );
    assert_eq!(database.list_jobs(10, None, None).unwrap(), [done]);
}

#[test]
fn a_job_is_stored_whole_or_not_at_all() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    let view = job(1, JobState::Queued);
    database.put_job(&view, &[], None).unwrap();
    let again = database.put_job(&view, &[], Some("key"));
    assert!(matches!(again, Err(DatabaseError::Statement { .. })));
    // The key of the refused job was not kept either.
    assert_eq!(
        database
            .put_job(&job(2, JobState::Queued), &[], Some("key"))
            .unwrap(),
        Stored::New
    );
}

#[test]
fn jobs_are_listed_newest_first_page_by_page() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    for number in [3, 1, 5, 2, 4] {
        database
            .put_job(&job(number, JobState::Queued), &[], None)
            .unwrap();
    }
    let numbers = |limit, before: Option<u128>| -> Vec<u128> {
        database
            .list_jobs(
                limit,
                before.map(|number| JobId(Uuid::from_u128(number))),
                None,
            )
            .unwrap()
            .iter()
            .map(|view| view.id.0.as_u128())
            .collect()
    };
    assert_eq!(numbers(2, None), [5, 4]);
    assert_eq!(numbers(2, Some(4)), [3, 2]);
    assert_eq!(numbers(9, Some(2)), [1]);
    assert_eq!(numbers(0, None), Vec::<u128>::new());
}

#[test]
fn unknown_jobs_are_errors_to_write_and_nothing_to_read() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    let view = job(9, JobState::Running);
    for refused in [
        database.update_job(&view),
        database.finish_job(&view, None),
        database.put_stage(view.id, &kept(Stage::Template, "<svg/>")),
    ] {
        assert!(matches!(refused, Err(DatabaseError::Unknown(id)) if id == view.id));
    }
    assert_eq!(database.get_job(view.id).unwrap(), None);
    assert_eq!(database.get_result(view.id).unwrap(), None);
}

#[test]
fn ended_jobs_go_by_age_and_by_number_and_others_stay() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let hour = Duration::from_secs(3600);
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    for number in 1..=1000_u32 {
        let ended_at = now - Duration::from_secs(u64::from(number) * 60);
        let mut view = job(u128::from(number), JobState::Queued);
        view.updated_at = ended_at;
        let key = number.to_string();
        database.put_job(&view, &[], Some(&key)).unwrap();
        if number % 4 != 0 {
            view.state = JobState::Succeeded;
            database.finish_job(&view, Some("<svg/>")).unwrap();
        }
    }
    // 250 wait; of the 750 that ended, 450 did so within the last ten hours.
    let keep = |jobs| Retention {
        jobs_per_owner: 0,
        age: 10 * hour,
        jobs,
        bytes: u64::MAX,
        ..Retention::default()
    };
    assert_eq!(database.sweep(now, &keep(10_000)).unwrap(), 300);
    assert_eq!(database.sweep(now, &keep(100)).unwrap(), 350);
    assert_eq!(database.sweep(now, &keep(100)).unwrap(), 0);
    let left = database.list_jobs(10_000, None, None).unwrap();
    assert_eq!(left.len(), 350);
    let ended: Vec<u128> = left
        .iter()
        .filter(|view| view.state.is_final())
        .map(|view| view.id.0.as_u128())
        .collect();
    assert_eq!(ended.len(), 100);
    // The youngest are those that stay.
    assert_eq!(ended.iter().max(), Some(&133));
    let gone = JobId(Uuid::from_u128(999));
    assert_eq!(database.get_result(gone).unwrap(), None);
    // A key goes with its job.
    let view = job(5000, JobState::Queued);
    assert_eq!(
        database.put_job(&view, &[], Some("999")).unwrap(),
        Stored::New
    );
}

#[test]
fn a_file_in_use_is_refused_until_it_is_closed() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let first = Database::open(&config).unwrap();
    let refused = Database::open(&config).unwrap_err();
    assert!(matches!(&refused, DatabaseError::Locked { path } if *path == config.path));
    assert!(refused.to_string().contains("in use by another process"));
    drop(first);
    Database::open(&config).unwrap();
}

#[test]
fn a_file_of_a_newer_release_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    drop(Database::open(&config).unwrap());
    let connection = rusqlite::Connection::open(&config.path).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    let refused = Database::open(&config).unwrap_err();
    assert!(matches!(refused, DatabaseError::TooNew { found: 999, .. }));
    assert!(refused.to_string().contains("newer release"));
    let connection = rusqlite::Connection::open(&config.path).unwrap();
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 999);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let config = StoreConfig {
        path: folder.path().join("theirs.db"),
        ..StoreConfig::default()
    };
    let connection = rusqlite::Connection::open(&config.path).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(connection);
    let refused = Database::open(&config).unwrap_err();
    assert!(matches!(refused, DatabaseError::Foreign { .. }));
    let connection = rusqlite::Connection::open(&config.path).unwrap();
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn files_that_are_no_database_are_refused() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "not a database, though long enough to look at ".repeat(50),
    )
    .unwrap();
    let blocked: PathBuf = text.join("jobs.db");
    let open = |path: PathBuf| {
        Database::open(&StoreConfig {
            path,
            ..StoreConfig::default()
        })
        .unwrap_err()
    };
    assert!(matches!(open(text.clone()), DatabaseError::Corrupt { .. }));
    assert!(matches!(open(blocked), DatabaseError::Folder { .. }));
    assert!(matches!(
        open(folder.path().to_owned()),
        DatabaseError::CannotOpen { .. }
    ));
    assert!(
        fs::read_to_string(text)
            .unwrap()
            .starts_with("not a database")
    );
}

#[test]
fn a_file_damaged_in_the_middle_is_reported_as_damaged() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let mut database = Database::open(&config).unwrap();
    for number in 1..=200 {
        database
            .put_job(&job(number, JobState::Queued), &[], None)
            .unwrap();
    }
    drop(database);
    let mut bytes = fs::read(&config.path).unwrap();
    for byte in bytes.iter_mut().skip(8192) {
        *byte = 0xa5;
    }
    fs::write(&config.path, bytes).unwrap();
    let failure = match Database::open(&config) {
        Ok(database) => database.list_jobs(1000, None, None).unwrap_err(),
        Err(failure) => failure,
    };
    assert!(
        matches!(failure, DatabaseError::Corrupt { .. }),
        "{failure}"
    );
    assert!(failure.to_string().contains("restore a backup"));
}

fn views() -> impl Strategy<Value = JobView> {
    let kinds = prop_oneof![
        ("\\PC{0,40}x", 16_u32..4096, 1_u32..9).prop_map(|(text, side, candidates)| {
            JobKind::Generate {
                prompt: Prompt::parse(&text, 1000).unwrap(),
                style: None,
                background: None,
                canvas: CanvasSize::new(side, 512).unwrap(),
                candidates,
                wishes: Default::default(),
            }
        }),
        proptest::option::of(1_u32..4096).prop_map(|paths| JobKind::Vectorize {
            ground: Default::default(),
            look: Default::default(),
            limits: FitLimits {
                paths: paths.map(|paths| PathBudget::new(paths).unwrap()),
                bytes: None,
            },
        }),
        any::<bool>().prop_map(|add_shapes| JobKind::Refine {
            limits: FitLimits {
                paths: None,
                bytes: add_shapes.then(|| ByteBudget::new(9_999).unwrap()),
            },
            add_shapes,
        }),
    ];
    (
        kinds,
        any::<u64>(),
        any::<u64>(),
        any::<u128>(),
        0.0_f32..=1.0,
        0_i64..4_000_000_000,
        0_i32..1_000_000_000,
        proptest::option::of("\\PC*"),
        proptest::sample::select(
            &[
                JobState::Queued,
                JobState::Running,
                JobState::Succeeded,
                JobState::Failed,
            ][..],
        ),
        proptest::sample::select(&[None, Some(Stage::Template), Some(Stage::Optimize)][..]),
    )
        .prop_map(
            |(kind, seed, deadline_ms, id, progress, second, nanosecond, failure, state, stage)| {
                JobView {
                    id: JobId(Uuid::from_u128(id)),
                    owner: Default::default(),
                    state,
                    spec: JobSpec {
                        kind,
                        options: JobOptions {
                            seed,
                            deadline_ms,
                            level: LevelChoice::Low,
                            priority: Default::default(),
                            webhook: None,
                            palette: None,
                            output: Default::default(),
                        },
                    },
                    stage,
                    progress,
                    created_at: Timestamp::new(second, nanosecond).unwrap(),
                    updated_at: Timestamp::new(second, nanosecond).unwrap(),
                    metadata: None,
                    failure: failure
                        .map(|message| JobFailure::new(FailureCode::StageFailed, message)),
                }
            },
        )
}

proptest! {
    #[test]
    fn every_job_comes_back_equal(view in views(), files in proptest::collection::vec(any::<Vec<u8>>(), 0..3)) {
        let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
        let attachments: Vec<Attachment> = files
            .iter()
            .map(|bytes| file(AttachmentRole::Target, bytes))
            .collect();
        database.put_job(&view, &attachments, None).unwrap();
        prop_assert_eq!(database.get_job(view.id).unwrap(), Some(view.clone()));
        let unfinished = database.take_up_unfinished().unwrap();
        prop_assert_eq!(unfinished.len(), usize::from(!view.state.is_final()));
        for job in unfinished {
            prop_assert_eq!(&database.attachments(job.view.id).unwrap(), &attachments);
        }
    }
}
