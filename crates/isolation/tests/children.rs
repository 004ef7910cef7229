//! The runner against children that behave and children that do not. This program is also the
//! child: started as `child KIND`, it plays one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_isolation::{
    ChildCommand, IsolatedJob, IsolatedResult, IsolationConfig, IsolationError, Limits, MemoryEnd,
    Runner,
    child::{Answers, Request, read_request},
    sandbox,
};
use chat2svg_protocol::{
    Attachment, AttachmentRole, FailureCode, FitLimits, JobEventKind, JobFailure, JobId, JobKind,
    JobOptions, JobSpec, JobState, JobView, LevelChoice, Stage,
};
use libtest_mimic::{Arguments, Trial};
use tokio_util::sync::CancellationToken;

/// More than any child needs, also on a loaded machine.
const TIME: Duration = Duration::from_secs(60);
const SETTINGS: &str = "threads = 1";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, kind, rest @ ..] = arguments.as_slice()
        && role == "child"
    {
        child(kind, rest);
        return ExitCode::SUCCESS;
    }
    let trials = TESTS
        .iter()
        .map(|(name, test)| {
            Trial::test(*name, || {
                test();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

// ---- the children ------------------------------------------------------------------------------

fn child(kind: &str, rest: &[String]) {
    let value = |name: &str| {
        let at = rest.iter().position(|argument| argument == name).unwrap();
        rest[at + 1].clone()
    };
    let limits: Limits = value("--limits").parse().unwrap();
    sandbox::enter(&limits, value("--parent").parse().unwrap()).unwrap();
    match kind {
        "hang-unread" => sleep(),
        "exit-unread" => std::process::exit(3),
        _ => {}
    }
    let request = read_request(&mut io::stdin().lock()).unwrap();
    let answers = Answers::new(io::stdout().lock());
    match kind {
        "good" => good(&request, answers),
        "failed" => answers
            .end(&ended(&request, JobState::Failed, None))
            .unwrap(),
        "silent" => {}
        "hang" => sleep(),
        "closed" => {
            // Its output ends, it does not.
            drop(answers);
            eprintln!("closing");
            close_stdout();
            sleep();
        }
        "unfinished" => answers
            .end(&ended(&request, JobState::Running, None))
            .unwrap(),
        "empty" => answers
            .end(&ended(&request, JobState::Succeeded, None))
            .unwrap(),
        "no-svg" => answers
            .end(&ended(&request, JobState::Succeeded, Some("<html>")))
            .unwrap(),
        "noise" => io::stdout().write_all(&[0xff; 100_000]).unwrap(),
        "long-frame" => io::stdout().write_all(b"E\xff\xff\xff\xff").unwrap(),
        "cut-short" => io::stdout().write_all(b"E\x20\x00\x00\x00{").unwrap(),
        "bad-json" => io::stdout().write_all(b"E\x02\x00\x00\x00{]").unwrap(),
        "chatter" => {
            let mut answers = answers;
            while answers.event(&JobEventKind::Queued).is_ok() {}
        }
        "loud" => {
            // More than any pipe holds; then the answer.
            for line in 0..20_000 {
                eprintln!("line {line} \u{1b}[2J");
            }
            good(&request, answers);
        }
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1_u8; 8 << 20]));
            }
        }
        "spin" => loop {
            std::hint::black_box(1);
        },
        "abort" => std::process::abort(),
        "panic" => panic!("asked for"),
        other => panic!("no child is called {other}"),
    }
}

fn sleep() {
    std::thread::sleep(TIME * 10);
}

/// Puts the reading end of a pipe in the place of stdout: its writing end is closed by that.
fn close_stdout() {
    let (reader, _writer) = io::pipe().unwrap();
    rustix::stdio::dup2_stdout(&reader).unwrap();
}

fn good(request: &Request, mut answers: Answers<io::StdoutLock<'static>>) {
    // What came is told back, to be compared.
    let bytes: usize = request
        .job
        .attachments
        .iter()
        .map(|file| file.bytes.len())
        .sum();
    let svg = format!(
        "<svg><!-- {} {bytes} {} --></svg>",
        request.settings,
        request.time_left > Duration::ZERO
    );
    let preview = |length| JobEventKind::Preview {
        stage: Stage::Template,
        svg: "x".repeat(length).into(),
    };
    for event in [
        JobEventKind::Queued,
        JobEventKind::Progress {
            stage: Stage::Optimize,
            fraction: 0.5,
        },
        // Larger than the parent reads: left out, not fatal.
        preview(5 << 20),
        preview(3 << 20),
        JobEventKind::Done {
            state: JobState::Succeeded,
        },
    ] {
        answers.event(&event).unwrap();
    }
    let result = ended(request, JobState::Succeeded, Some(&svg));
    answers.end(&result).unwrap();
}

fn ended(request: &Request, state: JobState, svg: Option<&str>) -> IsolatedResult {
    IsolatedResult {
        view: JobView {
            // A child may say what it likes of these.
            id: JobId(uuid::Uuid::from_u128(99)),
            owner: "somebody".parse().unwrap(),
            state,
            spec: spec(7),
            stage: None,
            progress: 1.0,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            metadata: None,
            failure: (state == JobState::Failed).then(|| {
                let files = request.job.attachments.len();
                JobFailure::new(FailureCode::BadInput, format!("{files} attachments"))
            }),
        },
        svg: svg.map(Arc::from),
        memory_taken: None,
    }
}

// ---- the parent --------------------------------------------------------------------------------

fn spec(seed: u64) -> JobSpec {
    JobSpec {
        kind: JobKind::Vectorize {
            ground: Default::default(),
            look: Default::default(),
            limits: FitLimits::default(),
        },
        options: JobOptions {
            seed,
            deadline_ms: 1000,
            level: LevelChoice::Auto,
            priority: Default::default(),
            webhook: None,
            palette: None,
            output: Default::default(),
        },
    }
}

fn job() -> IsolatedJob {
    let file = |role, length| Attachment {
        role,
        bytes: vec![7; length].into(),
    };
    IsolatedJob {
        id: JobId(uuid::Uuid::from_u128(1)),
        spec: spec(1),
        attachments: vec![
            file(AttachmentRole::Template, 10),
            file(AttachmentRole::Target, 1_000_000),
        ],
    }
}

struct Run {
    outcome: Result<IsolatedResult, IsolationError>,
    events: Vec<JobEventKind>,
}

fn config() -> IsolationConfig {
    IsolationConfig {
        memory_mb: 256,
        ..IsolationConfig::default()
    }
}

fn runner(kind: &str, config: IsolationConfig) -> Runner {
    let command = ChildCommand::this_program(&["child", kind]).unwrap();
    Runner::new(command, config, SETTINGS.into())
}

/// Runs a job with so much time.
fn run_within(kind: &str, time: Duration, config: IsolationConfig) -> Run {
    let (runner, mut events) = (runner(kind, config), Vec::new());
    let never = CancellationToken::new();
    let outcome = block_on(runner.run(&job(), Instant::now() + time, &never, |event| {
        events.push(event);
    }));
    Run { outcome, events }
}

fn run(kind: &str) -> Run {
    run_within(kind, TIME, config())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// What a run failed with.
fn failure(kind: &str) -> IsolationError {
    run(kind).outcome.unwrap_err()
}

const TESTS: &[(&str, fn())] = &[
    ("a_job_goes_there_and_back", || {
        let Run { outcome, events } = run("good");
        let result = outcome.unwrap();
        let svg = result.svg.unwrap();
        assert_eq!(&*svg, "<svg><!-- threads = 1 1000010 true --></svg>");
        assert_eq!((result.view.id, &result.view.spec), (job().id, &spec(1)));
        let names: Vec<_> = events.iter().map(std::mem::discriminant).collect();
        assert_eq!(
            names.len(),
            2,
            "progress and the preview that is not too large"
        );
        assert!(matches!(events[0], JobEventKind::Progress { .. }));
        assert!(matches!(events[1], JobEventKind::Preview { .. }));
    }),
    ("a_job_that_fails_has_its_own_reason", || {
        let result = run("failed").outcome.unwrap();
        assert_eq!(result.view.state, JobState::Failed);
        assert_eq!(result.view.failure.unwrap().message, "2 attachments");
        assert_eq!(result.svg, None);
    }),
    ("a_loud_child_is_not_held_up_by_its_log", || {
        assert!(run("loud").outcome.is_ok());
    }),
    ("nonsense_is_told_as_such", || {
        for kind in [
            "noise",
            "long-frame",
            "bad-json",
            "chatter",
            "silent",
            "unfinished",
            "empty",
            "no-svg",
            "cut-short",
            "closed",
        ] {
            let error = failure(kind);
            assert!(
                matches!(error, IsolationError::Garbage(_)),
                "{kind}: {error:?}"
            );
            assert_eq!(error.code(), FailureCode::IsolatedProcessDied);
        }
    }),
    ("deaths_are_told_apart", || {
        assert!(matches!(
            failure("exit-unread"),
            IsolationError::Exit { code: 3 }
        ));
        assert!(matches!(
            failure("panic"),
            IsolationError::Exit { code: 101 }
        ));
        assert!(matches!(failure("abort"), IsolationError::Signal(6)));
        let error = failure("memory");
        assert!(
            matches!(
                error,
                IsolationError::OutOfMemory {
                    memory_mb: 256,
                    how: MemoryEnd::Refused
                }
            ),
            "{error:?}"
        );
    }),
    ("processor_time_is_bounded", || {
        let config = IsolationConfig {
            threads: 1,
            cpu_seconds_extra: 1,
            grace_ms: 60_000,
            ..config()
        };
        // More time to live than to compute.
        let mut limits = Limits::for_job(&config, Duration::ZERO);
        limits.cpu_seconds = 1;
        let command = ChildCommand {
            arguments: ["child", "spin", "--limits", &limits.to_string()]
                .map(Into::into)
                .into(),
            ..ChildCommand::this_program(&[]).unwrap()
        };
        let runner = Runner::new(command, config, SETTINGS.into());
        let never = CancellationToken::new();
        let outcome = block_on(runner.run(&job(), Instant::now() + TIME, &never, |_| {}));
        let error = outcome.unwrap_err();
        assert!(matches!(error, IsolationError::CpuTime), "{error:?}");
    }),
    ("what_is_late_is_killed", || {
        for kind in ["hang", "hang-unread", "spin"] {
            let late = run_within(kind, Duration::from_millis(300), config());
            let error = late.outcome.unwrap_err();
            assert!(matches!(error, IsolationError::Late), "{kind}: {error:?}");
        }
        assert_no_children();
    }),
    ("what_is_cancelled_is_killed", || {
        let (runner, cancel) = (runner("hang", config()), CancellationToken::new());
        let outcome = block_on(async {
            let job = job();
            let running = runner.run(&job, Instant::now() + TIME, &cancel, |_| {});
            let stop = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                cancel.cancel();
            };
            tokio::join!(running, stop).0
        });
        assert!(matches!(outcome, Err(IsolationError::Cancelled)));
        assert_no_children();
    }),
    ("what_nobody_waits_for_is_killed", || {
        let runner = runner("hang", config());
        block_on(async {
            let (job, never) = (job(), CancellationToken::new());
            let running = runner.run(&job, Instant::now() + TIME, &never, |_| {});
            let _ = tokio::time::timeout(Duration::from_millis(300), running).await;
            // The runtime reaps what was killed.
            tokio::time::sleep(Duration::from_millis(300)).await;
        });
        assert_no_children();
    }),
    ("a_program_that_is_not_there_is_told", || {
        let command = ChildCommand {
            program: "/no/such/program".into(),
            arguments: Vec::new(),
        };
        let runner = Runner::new(command, config(), SETTINGS.into());
        let never = CancellationToken::new();
        let outcome = block_on(runner.run(&job(), Instant::now() + TIME, &never, |_| {}));
        assert!(matches!(outcome, Err(IsolationError::Spawn(_))));
    }),
];

/// That no child of this test's thread lives or waits to be reaped.
fn assert_no_children() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    let list = std::path::Path::new("/proc").join(thread).join("children");
    let give_up = Instant::now() + TIME;
    loop {
        // Not every kernel has the list.
        let Ok(children) = std::fs::read_to_string(&list) else {
            return;
        };
        if children.trim().is_empty() {
            return;
        }
        assert!(Instant::now() < give_up, "children are left: {children}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
