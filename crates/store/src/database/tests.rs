//! What cannot be shown from outside: a disk without space, and settings of the connection.

use chat2svg_protocol::{AttachmentRole, FitLimits, JobKind, JobOptions, JobSpec, LevelChoice};

use super::*;

fn job(number: u128) -> JobView {
    JobView {
        id: JobId(uuid::Uuid::from_u128(number)),
        state: JobState::Queued,
        spec: JobSpec {
            kind: JobKind::Vectorize {
                limits: FitLimits::default(),
            },
            options: JobOptions {
                seed: 0,
                deadline_ms: 1000,
                level: LevelChoice::Auto,
            },
        },
        stage: None,
        progress: 0.0,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        metadata: None,
        failure: None,
    }
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
    database
        .sweep(Timestamp::now(), Duration::from_secs(1), 0)
        .unwrap();
    assert_eq!(text(&database, "freelist_count"), "Integer(0)");
    assert_ne!(pages(&database), before);
}
