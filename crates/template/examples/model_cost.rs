//! What stage 1 costs beyond the time of the model that draws: replays a folder of replies at once,
//! then token by token, alone and in 64 streams.
//!
//!     cargo run --release -p chat2svg-template --example model_cost -- FOLDER

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for developers"
)]

use std::{
    collections::HashMap,
    env, fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use chat2svg_backends::Backend as _;
use chat2svg_gateway::CallLimits;
use chat2svg_llm::{ChatModel, ChatRequest, Completion, Delta, Finish, Provider, Usage};
use chat2svg_protocol::{
    CallFailure, CanvasSize, JobId, LevelChoice, Prompt, ResourceLevel, Source,
    messages::{Progress, RunTemplate, StageContext},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_template::{ModelComposer, ModelConfig, ReplyReader, embedded::Vocabulary};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, join_all},
    stream::{self, BoxStream},
};
use tokio_util::sync::CancellationToken;

/// Characters of a token.
const TOKEN: usize = 4;
/// Time between tokens: a fast provider's.
const PACE: Duration = Duration::from_millis(5);
const STREAMS: usize = 64;
const ROUNDS: usize = 4;
const THREADS: usize = 2;

/// When things happened in one stream.
#[derive(Default)]
struct Times {
    /// The token that completed the first shape was handed over.
    first_shape: Option<Instant>,
    first_preview: Option<Instant>,
    last_token: Option<Instant>,
}

/// Says a reply token by token.
struct Replay {
    reply: String,
    pace: Duration,
    times: Arc<Mutex<Times>>,
    /// Longest that a token was taken after it was there, in microseconds.
    late: Arc<AtomicU64>,
}

impl ChatModel for Replay {
    fn model(&self) -> &str {
        "replay"
    }

    fn takes_pictures(&self) -> bool {
        false
    }

    fn lost_calls(&self, _: JobId) -> BoxFuture<'static, u32> {
        std::future::ready(0).boxed()
    }

    fn chat(
        &self,
        _: ChatRequest,
        _: CallLimits,
    ) -> BoxStream<'static, Result<Delta, CallFailure>> {
        let characters: Vec<char> = self.reply.chars().collect();
        let tokens: Vec<String> = characters
            .chunks(TOKEN)
            .map(|token| token.iter().collect())
            .collect();
        let mut reader = ReplyReader::default();
        let completes = tokens.iter().position(|token| {
            reader.push(token);
            reader.shapes() > 0
        });
        let (pace, times, late) = (self.pace, Arc::clone(&self.times), Arc::clone(&self.late));
        let began = Instant::now();
        let spoken = stream::iter(tokens.into_iter().enumerate()).then(move |(index, token)| {
            let (times, late) = (Arc::clone(&times), Arc::clone(&late));
            async move {
                if !pace.is_zero() {
                    let due = began + pace * u32::try_from(index).unwrap();
                    actix_rt::time::sleep_until(due.into()).await;
                    let lateness = due.elapsed().as_micros();
                    late.fetch_max(u64::try_from(lateness).unwrap(), Ordering::Relaxed);
                }
                let mut times = times.lock().unwrap();
                times.last_token = Some(Instant::now());
                if completes == Some(index) {
                    times.first_shape = times.last_token;
                }
                Ok(Delta::Text(token))
            }
        });
        let end = Completion {
            finish: Finish::Complete,
            usage: Usage::default(),
            model: "replay".to_owned(),
            cost: 0.0,
        };
        spoken.chain(stream::iter([Ok(Delta::End(end))])).boxed()
    }
}

/// Notes when a job's first preview came.
struct Listener(Arc<Mutex<HashMap<JobId, Arc<Mutex<Times>>>>>);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Progress> for Listener {
    type Result = ();

    fn handle(&mut self, progress: Progress, _: &mut Self::Context) {
        if let Some(times) = self.0.lock().unwrap().get(&progress.job) {
            let mut times = times.lock().unwrap();
            times.first_preview.get_or_insert_with(Instant::now);
        }
    }
}

struct Bench {
    pool: ComputePool,
    vocabulary: Vocabulary,
    progress: Line<Progress>,
    known: Arc<Mutex<HashMap<JobId, Arc<Mutex<Times>>>>>,
    late: Arc<AtomicU64>,
}

/// What one stream cost, in milliseconds.
struct Cost {
    /// From the last token to the template.
    after: f64,
    /// From the token that completed the first shape to the first preview.
    preview: Option<f64>,
}

impl Bench {
    fn new() -> Self {
        let known = Arc::default();
        let listener = Listener(Arc::clone(&known)).start().recipient();
        Self {
            pool: ComputePool::new("template", THREADS, 256),
            vocabulary: Vocabulary::builtin(),
            progress: Line::from_recipient("listener", listener),
            known,
            late: Arc::default(),
        }
    }

    /// One run of the stage over a model that says this.
    async fn run(&self, reply: &str, pace: Duration) -> (Duration, Cost) {
        let times: Arc<Mutex<Times>> = Arc::default();
        let job = JobId(uuid::Uuid::now_v7());
        self.known.lock().unwrap().insert(job, Arc::clone(&times));
        let provider = Provider {
            id: "replay".parse().unwrap(),
            model: Arc::new(Replay {
                reply: reply.to_owned(),
                pace,
                times: Arc::clone(&times),
                late: Arc::clone(&self.late),
            }),
        };
        let composer = ModelComposer::new(
            provider,
            ModelConfig::default(),
            1000,
            self.vocabulary.clone(),
            self.pool.clone(),
            self.progress.clone(),
        );
        let run = RunTemplate {
            context: StageContext {
                job,
                level: ResourceLevel::Minimal,
                asked: LevelChoice::Auto,
                source: Source::Line,
                seed: 7,
                palette: None,
                deadline: Instant::now() + Duration::from_secs(120),
                cancel: CancellationToken::new(),
            },
            prompt: Prompt::parse("a lighthouse on a cliff", Prompt::DEFAULT_LIMIT).unwrap(),
            style: None,
            canvas: CanvasSize::new(512, 512).unwrap(),
            background: None,
            candidates: 1,
        };
        let began = Instant::now();
        composer.serve(run).await.expect("a template");
        let ended = Instant::now();
        self.known.lock().unwrap().remove(&job);
        let times = times.lock().unwrap();
        let preview = times.first_preview.zip(times.first_shape);
        let cost = Cost {
            after: milliseconds(ended - times.last_token.unwrap()),
            preview: preview.map(|(shown, complete)| milliseconds(shown - complete)),
        };
        (ended - began, cost)
    }

    /// As many streams at once, each at its pace.
    async fn streams(&self, replies: &[String], count: usize) -> Vec<Cost> {
        let streams = (0..count).map(|number| self.run(&replies[number % replies.len()], PACE));
        join_all(streams)
            .await
            .into_iter()
            .map(|(_, cost)| cost)
            .collect()
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn show(what: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: median {:.2} ms, 95 % {:.2} ms, most {:.2} ms, of {}",
        at(0.5),
        at(0.95),
        at(1.0),
        values.len()
    );
}

fn show_costs(what: &str, costs: &[Cost]) {
    let previews = costs.iter().filter_map(|cost| cost.preview).collect();
    show(&format!("{what}, first shape to first preview"), previews);
    let after = costs.iter().map(|cost| cost.after).collect();
    show(&format!("{what}, last token to template"), after);
}

/// Resident memory in KiB and CPU time in milliseconds, on Linux.
fn used() -> (u64, u64) {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let memory = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let times = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = times
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11);
    let ticks = number(fields.next()) + number(fields.next());
    (number(memory.split_whitespace().nth(1)) * 4, ticks * 10)
}

fn replies(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            replies(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

async fn measure(replies: &[String]) {
    let bench = Bench::new();
    let mut whole = Vec::new();
    for reply in replies.iter().cycle().take(25 * replies.len()) {
        whole.push(milliseconds(bench.run(reply, Duration::ZERO).await.0));
    }
    show("at once, whole stage", whole);
    let mut alone = Vec::new();
    for reply in replies {
        alone.push(bench.run(reply, PACE).await.1);
    }
    show_costs("one stream", &alone);
    for round in 1..=ROUNDS {
        bench.late.store(0, Ordering::Relaxed);
        let (_, busy) = used();
        let costs = bench.streams(replies, STREAMS).await;
        let (memory, busy_then) = used();
        show_costs(&format!("{STREAMS} streams"), &costs);
        println!(
            "round {round}: a token waited at most {:.2} ms; {} ms of CPU; {memory} KiB resident",
            bench.late.load(Ordering::Relaxed) as f64 / 1e3,
            busy_then - busy,
        );
    }
}

fn main() {
    let folder = env::args_os().nth(1).expect("usage: model_cost FOLDER");
    let mut found = Vec::new();
    replies(Path::new(&folder), &mut found);
    assert!(!found.is_empty(), "no *.md in the folder");
    println!("{} replies", found.len());
    actix_rt::System::new().block_on(measure(&found));
}
