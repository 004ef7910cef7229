//! What cannot be shown from outside: a disk without space, and settings of the connection.

use std::time::Duration;

use chat2svg_protocol::{
    AttachmentRole, FitLimits, JobKind, JobOptions, JobSpec, LevelChoice, Placement,
};

use jiff::Timestamp;

use super::*;
use crate::config::StoreConfig;

fn job(number: u128) -> JobView {
    JobView::queued(
        JobId(uuid::Uuid::from_u128(number)),
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

fn big_file() -> Attachment {
    Attachment {
        role: AttachmentRole::Target,
        bytes: Arc::from(vec![1; 400_000]),
    }
}

#[test]
fn on_a_full_disk_a_job_is_refused_whole_and_accepted_when_there_is_space() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    let limit = |database: &Database, pages: i64| {
        let set =
            database
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        set.unwrap();
    };
    limit(&database, 60);
    let (view, file) = (job(1), big_file());
    let refused = database.put_job(&view, std::slice::from_ref(&file), Some("key"));
    assert!(matches!(refused, Err(DatabaseError::Full { .. })));
    assert_eq!(database.get_job(view.id).unwrap(), None);
    // What is small still finds its place, and the key is free.
    assert_eq!(
        database.put_job(&view, &[], Some("key")).unwrap(),
        Stored::New
    );
    limit(&database, 1_000_000);
    database.put_job(&job(2), &[file], None).unwrap();
}

#[test]
fn a_file_on_disk_has_a_write_ahead_log_and_gives_space_back() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = StoreConfig {
        path: folder.path().join("jobs.db"),
        ..StoreConfig::default()
    };
    let mut database = Database::open(&config).unwrap();
    let text = |database: &Database, name: &str| -> String {
        let read = database
            .connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", read.unwrap())
    };
    assert_eq!(text(&database, "journal_mode"), "Text(\"wal\")");
    assert_eq!(text(&database, "foreign_keys"), "Integer(1)");
    for number in 1..=40 {
        let mut view = job(number);
        database.put_job(&view, &[big_file()], None).unwrap();
        view.state = JobState::Cancelled;
        database.finish_job(&view, None).unwrap();
    }
    let pages = |database: &Database| text(database, "page_count");
    let before = pages(&database);
    let nothing = Retention {
        jobs_per_owner: 0,
        age: Duration::from_secs(1),
        jobs: 0,
        bytes: 0,
        ..Retention::default()
    };
    database.sweep(Timestamp::now(), &nothing).unwrap();
    assert_eq!(text(&database, "freelist_count"), "Integer(0)");
    assert_ne!(pages(&database), before);
}

/// A store in memory with jobs of these numbers that wait, each with a file.
fn with_jobs(numbers: &[u128]) -> Database {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    for number in numbers {
        database
            .put_job(&job(*number), &[big_file()], None)
            .unwrap();
    }
    database
}

/// Spoils what is stored, past all checks.
fn spoil(database: &Database, statement: &str) {
    let changed = database.connection.execute(statement, []).unwrap();
    assert!(changed > 0, "{statement}");
}

fn numbers(views: &[JobView]) -> Vec<u128> {
    views.iter().map(|view| view.id.0.as_u128()).collect()
}

/// Ways in which the rows of job 2 can be spoilt so that it cannot be run.
const SPOILT: [&str; 7] = [
    "UPDATE job SET spec = '{' WHERE substr(id, -1) = x'02'",
    "UPDATE job SET spec = CAST(x'ff' AS TEXT) WHERE substr(id, -1) = x'02'",
    "UPDATE job SET state = 'dreaming' WHERE substr(id, -1) = x'02'",
    "UPDATE job SET stage = 'stage 9' WHERE substr(id, -1) = x'02'",
    "UPDATE job SET failure = '[]' WHERE substr(id, -1) = x'02'",
    "UPDATE job SET id = x'0000000000000000000000000000000102' WHERE substr(id, -1) = x'02'",
    "UPDATE attachment SET role = 'spectator' WHERE substr(job, -1) = x'02'",
];

#[test]
fn a_row_that_cannot_be_read_hides_no_other_and_is_given_up() {
    for statement in SPOILT {
        let mut database = with_jobs(&[1, 2, 3]);
        database
            .connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        spoil(&database, statement);
        let found = database.take_up_unfinished().unwrap();
        let views: Vec<JobView> = found.into_iter().map(|job| job.view).collect();
        assert_eq!(numbers(&views), [1, 3], "{statement}");
        // It is not tried for ever.
        let open: u32 = database
            .connection
            .query_row("SELECT count(*) FROM job WHERE is_final = 0", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(open, 2, "{statement}");
        assert_eq!(database.take_up_unfinished().unwrap().len(), 2);
    }
}

#[test]
fn lists_go_past_rows_that_cannot_be_read() {
    let database = with_jobs(&[1, 2, 3, 4, 5, 6]);
    spoil(
        &database,
        "UPDATE job SET spec = '{' WHERE substr(id, -1) IN (x'03', x'04', x'05')",
    );
    let page = |limit, before: Option<u128>| {
        let before = before.map(|number| JobId(uuid::Uuid::from_u128(number)));
        numbers(&database.list_jobs(limit, before, None).unwrap())
    };
    assert_eq!(page(10, None), [6, 2, 1]);
    // A page of nothing but such rows is not the end.
    assert_eq!(page(2, Some(6)), [2, 1]);
    assert_eq!(page(1, None), [6]);
    assert_eq!(page(1, Some(6)), [2]);
    assert_eq!(page(0, None), [0; 0]);
    assert_eq!(database.unreadable.borrow().len(), 3);
    let spoilt = JobId(uuid::Uuid::from_u128(4));
    let error = database.get_job(spoilt).unwrap_err();
    assert!(matches!(error, DatabaseError::Unreadable { .. }), "{error}");
}

#[test]
fn a_checkpoint_that_cannot_be_read_costs_only_time() {
    let mut database = with_jobs(&[1]);
    for stage in [
        chat2svg_protocol::Stage::Template,
        chat2svg_protocol::Stage::Detail,
    ] {
        let kept = KeptStage {
            stage,
            svg: Arc::from("<svg/>"),
            target: None,
            placement: Placement::Unregistered,
        };
        let id = JobId(uuid::Uuid::from_u128(1));
        database.put_stage(id, &kept).unwrap();
    }
    spoil(
        &database,
        "UPDATE checkpoint SET stage = 'stage 9' WHERE stage = 'detail'",
    );
    let found = database.take_up_unfinished().unwrap();
    let checkpoint = found[0].checkpoint.as_ref().map(|kept| kept.stage);
    assert_eq!(checkpoint, Some(chat2svg_protocol::Stage::Template));
}

#[test]
fn a_checkpoint_of_an_earlier_release_does_not_say_where_shapes_are() {
    use chat2svg_protocol::Stage;
    let placed = |stage: Stage, sql: &str| {
        let mut database = with_jobs(&[1]);
        let kept = KeptStage {
            stage,
            svg: Arc::from("<svg/>"),
            target: None,
            placement: Placement::Unregistered,
        };
        let id = JobId(uuid::Uuid::from_u128(1));
        database.put_stage(id, &kept).unwrap();
        spoil(&database, sql);
        let found = database.take_up_unfinished().unwrap();
        found[0].checkpoint.as_ref().map(|kept| kept.placement)
    };
    let silent = "UPDATE checkpoint SET placement = NULL";
    assert_eq!(
        placed(Stage::Detail, "UPDATE checkpoint SET svg = svg"),
        Some(Placement::Unregistered)
    );
    assert_eq!(placed(Stage::Detail, silent), Some(Placement::Registered));
    assert_eq!(
        placed(Stage::Template, silent),
        Some(Placement::Unregistered)
    );
}

#[test]
fn ended_jobs_are_bounded_in_bytes_and_keep_only_their_results() {
    let mut database = with_jobs(&[1, 2, 3, 4]);
    for number in 1..=4 {
        let mut view = job(number);
        view.state = JobState::Succeeded;
        view.updated_at = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
        let svg = "x".repeat(100_000);
        database.finish_job(&view, Some(&svg)).unwrap();
    }
    let count = |table: &str| -> u32 {
        let query = format!("SELECT count(*) FROM {table}");
        database
            .connection
            .query_row(&query, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((count("attachment"), count("checkpoint")), (0, 0));
    let keep = Retention {
        jobs_per_owner: 0,
        age: Duration::from_secs(1 << 40),
        jobs: 100,
        bytes: 250_000,
        ..Retention::default()
    };
    assert_eq!(database.sweep(Timestamp::now(), &keep).unwrap(), 2);
    // The oldest went.
    assert_eq!(numbers(&database.list_jobs(9, None, None).unwrap()), [4, 3]);
    assert_eq!(database.sweep(Timestamp::now(), &keep).unwrap(), 0);
}

#[test]
fn a_job_that_is_marked_counts_as_tried_and_an_ended_one_stays_ended() {
    let mut database = with_jobs(&[1, 2, 3]);
    let id = |number| JobId(uuid::Uuid::from_u128(number));
    let mut ended = job(3);
    ended.state = JobState::Succeeded;
    database.finish_job(&ended, None).unwrap();
    database.mark_running(id(1)).unwrap();
    database.mark_running(id(3)).unwrap();
    let unknown = database.mark_running(id(9));
    assert!(matches!(unknown, Err(DatabaseError::Unknown(_))));
    let attempts = |database: &mut Database| -> Vec<u32> {
        let found = database.take_up_unfinished().unwrap();
        found.iter().map(|job| job.attempts).collect()
    };
    assert_eq!(attempts(&mut database), [1, 0]);
    // Taken up and not begun: it still counts what it did, and no more.
    assert_eq!(attempts(&mut database), [1, 0]);
    assert_eq!(
        database.get_job(id(3)).unwrap().unwrap().state,
        JobState::Succeeded
    );
}

#[test]
fn a_probe_finds_a_lost_file_and_damage() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = StoreConfig {
        path: folder.path().join("jobs.db"),
        ..StoreConfig::default()
    };
    let mut database = Database::open(&config).unwrap();
    database.probe().unwrap();
    std::fs::remove_file(&config.path).unwrap();
    let lost = database.probe();
    assert!(matches!(lost, Err(DatabaseError::Replaced { .. })));
    std::fs::write(&config.path, "").unwrap();
    let replaced = database.probe();
    assert!(matches!(replaced, Err(DatabaseError::Replaced { .. })));
    drop(database);

    std::fs::remove_file(&config.path).unwrap();
    let mut database = Database::open(&config).unwrap();
    database.put_job(&job(1), &[big_file()], None).unwrap();
    database
        .connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    // Everything but the first page turns into noise on the disk.
    let mut bytes = std::fs::read(&config.path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&config.path, bytes).unwrap();
    let damaged = database.probe();
    assert!(
        matches!(damaged, Err(DatabaseError::Corrupt { .. })),
        "{damaged:?}"
    );
    assert!(matches!(
        database.probe(),
        Err(DatabaseError::Corrupt { .. })
    ));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file_and_what_lies_beside_it() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let folder = tempfile::TempDir::new().unwrap();
    let config = StoreConfig {
        path: folder.path().join("new/jobs.db"),
        ..StoreConfig::default()
    };
    let check = || {
        let parent = config.path.parent().unwrap();
        let mut files = 0;
        for entry in fs::read_dir(parent).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
            files += 1;
        }
        assert!(files >= 2, "the file and its log");
        let mode = fs::metadata(parent).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    };
    let mut database = Database::open(&config).unwrap();
    database.put_job(&job(1), &[], None).unwrap();
    check();
    drop(database);
    // A file of an earlier release.
    fs::set_permissions(&config.path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut database = Database::open(&config).unwrap();
    database.put_job(&job(2), &[], None).unwrap();
    check();
}

#[test]
fn what_callers_are_told_names_no_path() {
    let path = PathBuf::from("/var/lib/jobs.db");
    for error in [
        DatabaseError::Full { path: path.clone() },
        DatabaseError::ReadOnly { path: path.clone() },
        DatabaseError::Corrupt { path: path.clone() },
        DatabaseError::Replaced { path: path.clone() },
        DatabaseError::Locked { path: path.clone() },
        DatabaseError::Io {
            path: path.clone(),
            message: "in /var/lib".to_owned(),
        },
        DatabaseError::Unreadable {
            path,
            job: "7".to_owned(),
            message: "in /var/lib".to_owned(),
        },
    ] {
        let told = error.public_text();
        assert!(!told.contains('/'), "{told}");
        assert!(error.to_string().contains("/var/lib/jobs.db"));
    }
}

#[test]
fn calls_that_were_never_settled_are_lost_for_the_next_process_only() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = StoreConfig {
        path: folder.path().join("jobs.db"),
        ..StoreConfig::default()
    };
    let (first, second) = (job(1), job(2));
    let mut database = Database::open(&config).unwrap();
    database.put_job(&first, &[], None).unwrap();
    database.put_job(&second, &[], None).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let mut begin = |job: JobId| database.begin_call(job, "openai", "gpt", 0.1, now);
    let (settled, failed) = (begin(first.id).unwrap(), begin(first.id).unwrap());
    begin(first.id).unwrap();
    begin(second.id).unwrap();
    let unknown = begin(JobId(uuid::Uuid::from_u128(9)));
    assert!(matches!(unknown, Err(DatabaseError::Unknown(_))));
    database.settle_call(settled, true, 0.02).unwrap();
    database.settle_call(failed, false, 0.1).unwrap();
    assert_eq!(
        database.lost_calls(first.id).unwrap(),
        0,
        "it may still be answered"
    );
    drop(database);

    let database = Database::open(&config).unwrap();
    assert_eq!(database.lost_calls(first.id).unwrap(), 1);
    assert_eq!(database.lost_calls(second.id).unwrap(), 1);
}

#[test]
fn each_owner_keeps_its_own_newest_jobs_and_lists_no_others() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    for number in 1..=6 {
        let mut view = job(number);
        let owner = if number % 3 == 0 { "bob" } else { "alice" };
        view.owner = owner.parse().unwrap();
        view.updated_at = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
        let stored = database.put_job(&view, &[], Some("the same")).unwrap();
        // The first of each owner has the key; the others are that one's repetitions.
        assert_eq!(
            stored == Stored::New,
            number == 1 || number == 3,
            "{number}"
        );
        if stored != Stored::New {
            database.put_job(&view, &[], None).unwrap();
        }
        view.state = JobState::Cancelled;
        database.finish_job(&view, None).unwrap();
    }
    let listed = |database: &Database, owner: &str| {
        let owner = owner.parse().unwrap();
        numbers(&database.list_jobs(9, None, Some(&owner)).unwrap())
    };
    assert_eq!(listed(&database, "alice"), [5, 4, 2, 1]);
    assert_eq!(listed(&database, "bob"), [6, 3]);
    assert_eq!(listed(&database, "local"), [0; 0]);
    let keep = Retention {
        age: Duration::from_secs(1 << 40),
        jobs: 100,
        bytes: 1 << 40,
        jobs_per_owner: 3,
        ..Retention::default()
    };
    assert_eq!(database.sweep(Timestamp::now(), &keep).unwrap(), 1);
    assert_eq!(listed(&database, "alice"), [5, 4, 2]);
    assert_eq!(listed(&database, "bob"), [6, 3]);
    // Two owners' own rules: a time for one, bytes for the other.
    let mut keep = Retention {
        jobs_per_owner: 0,
        ..keep
    };
    let of = |age, bytes| OwnerKeep {
        age,
        jobs: None,
        bytes,
    };
    let now = Timestamp::from_second(10).unwrap();
    keep.owners
        .insert("alice".to_owned(), of(Some(Duration::from_secs(7)), None));
    keep.owners
        .insert("bob".to_owned(), of(None, Some(1 << 40)));
    assert_eq!(database.sweep(now, &keep).unwrap(), 1);
    assert_eq!(listed(&database, "alice"), [5, 4]);
    keep.owners.insert("alice".to_owned(), of(None, Some(1)));
    assert_eq!(database.sweep(now, &keep).unwrap(), 2);
    assert_eq!(listed(&database, "alice"), [0; 0]);
    assert_eq!(listed(&database, "bob"), [6, 3]);
    let each = Retention {
        owners: Default::default(),
        bytes_per_owner: 1,
        ..keep.clone()
    };
    let gone = JobId(uuid::Uuid::from_u128(3));
    assert!(database.remove_job(gone).unwrap());
    assert!(!database.remove_job(gone).unwrap());
    assert_eq!(listed(&database, "bob"), [6]);
    assert_eq!(database.get_result(gone).unwrap(), None);
    assert_eq!(database.sweep(now, &each).unwrap(), 1);
    assert_eq!(listed(&database, "bob"), [0; 0]);
}

#[test]
fn uses_of_a_day_are_counted_by_key_and_those_of_days_before_are_forgotten() {
    let mut database = Database::open(&StoreConfig::in_memory()).unwrap();
    for (key, day) in [("alice", 7), ("bob", 7), ("alice", 7)] {
        database.count_use(key, day).unwrap();
    }
    let seven = vec![("alice".to_owned(), 2), ("bob".to_owned(), 1)];
    assert_eq!(database.uses_on(7).unwrap(), seven);
    assert_eq!(database.uses_on(8).unwrap(), []);
    database.count_use("bob", 8).unwrap();
    assert_eq!(database.uses_on(8).unwrap(), [("bob".to_owned(), 1)]);
    assert_eq!(database.uses_on(7).unwrap(), []);
}
