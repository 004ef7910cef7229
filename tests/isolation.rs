//! Jobs in processes of their own: the real program as the child, and what becomes of it when it
//! dies.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use chat2svg_isolation::{
    ChildCommand, IsolatedJob, IsolatedResult, IsolationConfig, IsolationError, MemoryEnd, Runner,
};
use chat2svg_protocol::{
    Attachment, AttachmentRole, FailureCode, FitLimits, JobEventKind, JobId, JobKind, JobOptions,
    JobSpec, JobState, LevelChoice, Stage,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Daemon, PATIENCE, assert_svg, claiming_png, complaint, disc, folder, json, noise, one_line,
    program, success, text,
};

/// The settings of a release, as the program has them.
const SETTINGS: &str = include_str!("../configs/default.toml");

fn vectorize(picture: Vec<u8>) -> IsolatedJob {
    IsolatedJob {
        id: JobId(uuid::Uuid::from_u128(1)),
        spec: JobSpec {
            kind: JobKind::Vectorize {
                ground: Default::default(),
                look: Default::default(),
                limits: FitLimits::default(),
            },
            options: JobOptions {
                seed: 0,
                deadline_ms: 60_000,
                level: LevelChoice::Minimal,
                priority: Default::default(),
                webhook: None,
                palette: None,
                output: Default::default(),
            },
        },
        attachments: vec![Attachment {
            role: AttachmentRole::Target,
            bytes: picture.into(),
        }],
    }
}

fn run(
    arguments: &[&str],
    job: &IsolatedJob,
    time: Duration,
    tell: impl FnMut(JobEventKind),
) -> Result<IsolatedResult, IsolationError> {
    let command = ChildCommand {
        program: env!("CARGO_BIN_EXE_chat2svg").into(),
        arguments: arguments.iter().map(OsString::from).collect(),
    };
    let config = IsolationConfig {
        memory_mb: 512,
        ..IsolationConfig::default()
    };
    let runner = Runner::new(command, config, SETTINGS.into());
    let (deadline, never) = (Instant::now() + time, CancellationToken::new());
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(runner.run(job, deadline, &never, tell))
}

#[test]
fn a_job_runs_in_a_process_of_its_own() {
    let mut events = Vec::new();
    let job = vectorize(disc(64));
    let result = run(&["isolated-job"], &job, PATIENCE, |event| {
        events.push(event);
    })
    .unwrap();
    assert_eq!(result.view.state, JobState::Succeeded);
    assert_eq!(result.view.spec, job.spec);
    let svg = result.svg.unwrap();
    assert!(svg.contains("<path") || svg.contains("<circle"), "{svg}");
    assert!(result.view.metadata.is_some());
    let is_fitted = |event: &JobEventKind| {
        matches!(
            event,
            JobEventKind::StageEnded {
                stage: Stage::Optimize,
                ..
            }
        )
    };
    assert!(events.iter().any(is_fitted), "{events:?}");
    // It gives the bytes that the command line gives.
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("disc.png");
    std::fs::write(&picture, disc(64)).unwrap();
    let mut command = program(["vectorize", "--level", "minimal", "--deadline", "60s"]);
    let output = success(command.arg(&picture));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim_end(),
        svg.trim_end()
    );
}

#[test]
fn a_file_that_cannot_be_used_fails_with_its_own_reason() {
    let job = vectorize(b"no picture".to_vec());
    let result = run(&["isolated-job"], &job, PATIENCE, |_| {}).unwrap();
    assert_eq!(result.view.state, JobState::Failed);
    let failure = result.view.failure.unwrap();
    assert_eq!(failure.code, FailureCode::BadInput);
    assert!(failure.message.contains("picture"), "{}", failure.message);
}

/// Faults can be asked for where assertions are compiled in; a release has no such argument.
#[cfg(debug_assertions)]
#[test]
fn every_death_fails_the_job_with_its_reason() {
    let die = |fault, time| {
        let arguments = ["isolated-job", "--fault", fault];
        run(&arguments, &vectorize(disc(16)), time, |_| {}).unwrap_err()
    };
    let told = |fault| die(fault, PATIENCE);
    assert!(matches!(told("abort"), IsolationError::Signal(6)));
    assert!(matches!(told("overflow"), IsolationError::StackOverflow));
    let memory = told("memory");
    let how = MemoryEnd::Refused;
    assert!(
        matches!(memory, IsolationError::OutOfMemory { memory_mb: 512, how: found } if found == how),
        "{memory:?}"
    );
    assert!(matches!(told("exit"), IsolationError::Exit { code: 7 }));
    assert!(matches!(told("panic"), IsolationError::Exit { code: 101 }));
    assert!(matches!(told("garbage"), IsolationError::Garbage(_)));
    assert!(matches!(told("flood"), IsolationError::Garbage(_)));
    for fault in ["hang", "spin"] {
        let late = die(fault, Duration::from_millis(200));
        assert!(matches!(late, IsolationError::Late), "{fault}: {late:?}");
    }
}

/// No network, no programs, no changes to files, nothing inherited; threads work.
#[cfg(all(debug_assertions, target_os = "linux"))]
#[test]
fn an_isolated_process_can_do_nothing_but_its_job() {
    let arguments = ["isolated-job", "--fault", "escape"];
    let outcome = run(&arguments, &vectorize(disc(16)), PATIENCE, |_| {});
    // It ends with the number of things that it could do, and without a result.
    let error = outcome.unwrap_err();
    assert!(
        matches!(&error, IsolationError::Garbage(what) if what.contains("without a result")),
        "{error:?}"
    );
}

#[test]
fn the_doctor_tries_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(["doctor"]);
    command
        .env("CHAT2SVG__STORE__PATH", folder.path().join("jobs.db"))
        .env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    let output = success(&mut command);
    let told = String::from_utf8(output.stdout).unwrap();
    let line = told.lines().find(|line| line.starts_with("isolation"));
    assert!(
        line.is_some_and(|line| line.contains("a process of its own in")),
        "{told}"
    );
}

#[test]
fn by_itself_it_refuses_to_run() {
    // Without its parent it does not read a job.
    let mut command = program([
        "isolated-job",
        "--limits",
        "memory=536870912,stack=8388608,cpu=9,files=64",
        "--parent",
        "1",
    ]);
    let told = complaint(&mut command, 1);
    one_line(&told);
    assert!(told.contains("the parent process has gone"), "{told}");
    let told = complaint(
        &mut program(["isolated-job", "--limits", "all", "--parent", "1"]),
        2,
    );
    assert!(told.contains("memory=BYTES"), "{told}");
}

/// A daemon that has been killed in the middle of a job with files.
fn killed_at_work(folder: &std::path::Path, settings: &[(&str, &str)]) -> String {
    let mut daemon = Daemon::start(folder, settings);
    let noisy = noise(1500);
    let form: [(&str, &[u8]); 3] = [
        ("image", &noisy),
        ("level", b"high"),
        ("deadline_ms", b"60000"),
    ];
    let mut answer = daemon.post_form("/v1/vectorize", "respond-async", &form);
    let id = json(&mut answer)["id"].as_str().unwrap().to_owned();
    daemon.wait_for_stage(&id);
    daemon.signal("KILL");
    daemon.wait();
    id
}

#[test]
fn a_job_that_was_worked_on_when_the_service_died_goes_on_in_a_process_of_its_own() {
    let folder = folder();
    let id = killed_at_work(folder.path(), &[]);
    let daemon = Daemon::start(folder.path(), &[]);
    let waiting = daemon.submit("a red fox");
    let job = daemon.wait_for_end(&id);
    let ended_well = [Some("succeeded"), Some("degraded")].contains(&job["state"].as_str());
    assert!(ended_well, "{job}");
    assert_eq!(job["metadata"]["isolated"], true, "{job}");
    assert_svg(&text(&mut daemon.get(&format!("/v1/jobs/{id}/result.svg"))));
    let other = daemon.wait_for_end(&waiting);
    assert_eq!(
        other["metadata"]["isolated"],
        serde_json::Value::Null,
        "{other}"
    );
}

#[test]
fn isolation_can_be_switched_off_and_on_for_all_files() {
    let template = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><g id="mine"><circle cx="30" cy="30" r="15" fill="#b33"/></g></svg>"##;
    let picture = disc(64);
    let form: [(&str, &[u8]); 3] = [
        ("template", template),
        ("target", &picture),
        ("level", b"minimal"),
    ];
    let isolated = |foreign: &str| {
        let folder = folder();
        let settings = [("CHAT2SVG__ISOLATION__FOREIGN", foreign)];
        let daemon = Daemon::start(folder.path(), &settings);
        let mut answer = daemon.post_form("/v1/refine", "wait=60", &form);
        let document = json(&mut answer);
        assert_eq!(answer.status().as_u16(), 200, "{document}");
        assert_svg(document["svg_content"].as_str().unwrap());
        document["metadata"]["isolated"] == true
    };
    assert!(isolated("always"));
    assert!(!isolated("off"));
}

#[test]
fn a_process_that_dies_fails_its_job_and_the_service_goes_on() {
    let folder = folder();
    let settings = [
        ("CHAT2SVG__ISOLATION__FOREIGN", "always"),
        ("CHAT2SVG__ISOLATION__MEMORY_MB", "256"),
    ];
    let daemon = Daemon::start(folder.path(), &settings);
    let large = claiming_png(8192, 4096);
    let form: [(&str, &[u8]); 1] = [("image", &large)];
    let answer = daemon.post_form("/v1/vectorize", "wait=60", &form);
    assert!(answer.status().is_client_error() || answer.status().is_server_error());
    daemon.assert_unharmed();
}
