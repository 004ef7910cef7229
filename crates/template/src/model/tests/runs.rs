//! Whole runs over a model that says what a test wants.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Actor as _, Context, Handler};
use chat2svg_backends::Backend as _;
use chat2svg_gateway::CallLimits;
use chat2svg_llm::{ChatModel, ChatRequest, Completion, Delta, Finish, Provider, Usage};
use chat2svg_protocol::{
    CallFailure, CanvasSize, Fault, JobId, LevelChoice, Prompt, ResourceLevel, Source, StageStatus,
    messages::{Progress, RunTemplate, StageContext, TemplateOutput},
};
use chat2svg_supervision::{ComputePool, Line};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream, stream::BoxStream};
use tokio_util::sync::CancellationToken;

use crate::embedded::Vocabulary;
use crate::model::{ModelComposer, ModelConfig};

const GOOD: &str = include_str!("fenced.md");
const POOR: &str = "<svg viewBox='0 0 512 512'><rect id='a' width='300' height='300' fill='#123'/>\
    <rect id='b' x='20' y='20' width='250' height='250' fill='#456'/></svg>";

/// What the model says to a call.
#[derive(Clone)]
pub(super) enum Say {
    Text(&'static str),
    /// A drawing as good as [`GOOD`], with another sail.
    AsGood,
    BreakOff(&'static str),
    Fail(Fault),
    Nothing,
}

/// A model that follows a script; the last line holds for all further calls.
struct Scripted {
    script: Vec<Say>,
    takes_pictures: bool,
    at: AtomicUsize,
    asked: Mutex<Vec<ChatRequest>>,
}

impl ChatModel for Scripted {
    fn model(&self) -> &str {
        "scripted"
    }

    fn takes_pictures(&self) -> bool {
        self.takes_pictures
    }

    fn lost_calls(&self, _: JobId) -> BoxFuture<'static, u32> {
        std::future::ready(2).boxed()
    }

    fn chat(
        &self,
        request: ChatRequest,
        limits: CallLimits,
    ) -> BoxStream<'static, Result<Delta, CallFailure>> {
        self.asked.lock().unwrap().push(request);
        let at = self.at.fetch_add(1, Ordering::Relaxed);
        let say = self.script.get(at).or(self.script.last()).unwrap().clone();
        let words = |text: &str| {
            let pieces: Vec<String> = text
                .chars()
                .collect::<Vec<_>>()
                .chunks(40)
                .map(|piece| piece.iter().collect())
                .collect();
            stream::iter(pieces.into_iter().map(|piece| Ok(Delta::Text(piece))))
        };
        let fail = |fault| stream::iter([Err(CallFailure::new(fault, "scripted"))]);
        match say {
            Say::Text(_) | Say::AsGood => {
                let other = GOOD.replace("id=\"sail\"", "id=\"mainsail\"");
                let text = match &say {
                    Say::Text(text) => text,
                    _ => other.as_str(),
                };
                let end = Completion {
                    finish: Finish::Complete,
                    usage: Usage {
                        input: 10,
                        output: 20,
                        is_estimated: false,
                    },
                    model: "scripted-1".to_owned(),
                    cost: 0.5,
                };
                words(text)
                    .chain(stream::iter([Ok(Delta::End(end))]))
                    .boxed()
            }
            Say::BreakOff(text) => words(text).chain(fail(Fault::Provider)).boxed(),
            Say::Fail(fault) => fail(fault).boxed(),
            Say::Nothing => stream::once(async move {
                limits.cancel.cancelled().await;
                Err(CallFailure::cancelled())
            })
            .boxed(),
        }
    }
}

/// Keeps the fractions at which previews came.
struct Listener(Arc<Mutex<Vec<f32>>>);

impl actix::Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Progress> for Listener {
    type Result = ();

    fn handle(&mut self, progress: Progress, _: &mut Self::Context) {
        assert!(progress.preview.is_some());
        self.0.lock().unwrap().push(progress.fraction);
    }
}

pub(super) struct Stage {
    model: Arc<Scripted>,
    pub(super) composer: ModelComposer,
    pub(super) progress: Line<Progress>,
    shown: Arc<Mutex<Vec<f32>>>,
}

pub(super) fn stage(script: Vec<Say>, takes_pictures: bool) -> Stage {
    let model = Arc::new(Scripted {
        script,
        takes_pictures,
        at: AtomicUsize::new(0),
        asked: Mutex::default(),
    });
    let shown = Arc::new(Mutex::default());
    let listener = Listener(Arc::clone(&shown)).start().recipient();
    let progress = Line::from_recipient("listener", listener);
    let provider = Provider {
        id: "scripted".parse().unwrap(),
        model: Arc::clone(&model) as Arc<dyn ChatModel>,
    };
    let composer = ModelComposer::new(
        provider,
        ModelConfig::default(),
        1000,
        Vocabulary::builtin(),
        ComputePool::new("model-test", 1, 16),
        progress.clone(),
    );
    Stage {
        model,
        composer,
        progress,
        shown,
    }
}

pub(super) fn run(level: ResourceLevel) -> RunTemplate {
    RunTemplate {
        context: StageContext {
            job: JobId(uuid::Uuid::nil()),
            level,
            asked: LevelChoice::Auto,
            source: Source::Line,
            seed: 7,
            palette: None,
            deadline: Instant::now() + Duration::from_secs(120),
            cancel: CancellationToken::new(),
        },
        prompt: Prompt::parse("a sailing boat at sunset", Prompt::DEFAULT_LIMIT).unwrap(),
        style: None,
        background: None,
        canvas: CanvasSize::new(512, 512).unwrap(),
        candidates: 1,
    }
}

async fn serve(stage: &Stage, level: ResourceLevel) -> Result<TemplateOutput, CallFailure> {
    stage.composer.serve(run(level)).await
}

#[actix_rt::test]
async fn at_level_high_it_plans_writes_twice_and_mends_twice() {
    let stage = stage(
        vec![
            Say::Text("a plan of the boat"),
            Say::Text(POOR),
            Say::Text(GOOD),
        ],
        true,
    );
    let output = serve(&stage, ResourceLevel::High).await.unwrap();
    let used = output.outcome.model.unwrap();
    assert_eq!((used.calls, used.candidates, used.rounds), (5, 2, 2));
    assert_eq!(
        (used.input_tokens, used.output_tokens, used.cost),
        (50, 100, 2.5)
    );
    assert!(used.planned && used.scores.len() == 4 && used.scores[1] > used.scores[0]);
    assert_eq!((used.model.as_str(), used.calls_lost), ("scripted-1", 2));
    assert!(
        output.document.find_id("sail").is_some(),
        "the better candidate"
    );
    assert_eq!(output.outcome.status, StageStatus::Completed);
    let asked = stage.model.asked.lock().unwrap();
    assert!(asked[1].turns[0].text.contains("a plan of the boat"));
    assert!(
        asked[0].turns[0].text.contains("boat"),
        "the reading is in the plan's request"
    );
    let mending = asked[3].turns.last().unwrap();
    assert!(
        mending
            .pictures
            .first()
            .is_some_and(|png| png.starts_with(b"\x89PNG"))
    );
}

#[actix_rt::test]
async fn a_model_without_eyes_is_told_what_was_measured() {
    let stage = stage(vec![Say::Text(POOR)], false);
    serve(&stage, ResourceLevel::Low).await.unwrap();
    let asked = stage.model.asked.lock().unwrap();
    let mending = asked[1].turns.last().unwrap();
    assert!(
        mending.pictures.is_empty() && mending.text.contains("only 2 shapes"),
        "{}",
        mending.text
    );
}

#[actix_rt::test]
async fn a_worse_version_never_replaces_a_better_one() {
    let stage = stage(vec![Say::Text(GOOD), Say::Text(POOR)], true);
    let output = serve(&stage, ResourceLevel::Low).await.unwrap();
    assert!(output.document.find_id("sail").is_some());
}

#[actix_rt::test]
async fn of_two_that_are_too_close_to_call_the_model_chooses() {
    for (answer, chosen, asked) in [
        ("SECOND", "mainsail", true),
        ("FIRST", "sail", true),
        ("I cannot say.", "sail", false),
    ] {
        let script = vec![
            Say::Text("a plan of the boat"),
            Say::Text(GOOD),
            Say::AsGood,
            Say::Text(answer),
            Say::Fail(Fault::Request),
        ];
        let stage = stage(script, true);
        let output = serve(&stage, ResourceLevel::High).await.unwrap();
        assert!(output.document.find_id(chosen).is_some(), "{answer}");
        assert_eq!(output.outcome.model.unwrap().compared, asked);
        let asked = stage.model.asked.lock().unwrap();
        assert_eq!(asked[3].turns[0].pictures.len(), 2);
    }
}

#[actix_rt::test]
async fn the_model_is_told_of_wishes_and_its_drawing_obeys_them() {
    let stage = stage(vec![Say::Text(GOOD)], true);
    let run = RunTemplate {
        background: Some(chat2svg_protocol::Background::Transparent),
        ..run(ResourceLevel::Minimal)
    };
    let output = stage.composer.serve(run).await.unwrap();
    let asked = stage.model.asked.lock().unwrap();
    assert!(asked[0].turns[0].text.contains("draw no sky"));
    assert!(output.document.find_id("sail").is_some());
    assert!(output.document.find_id("sky").is_none());
}

#[actix_rt::test]
async fn the_drawing_is_shown_while_it_is_drawn() {
    let stage = stage(vec![Say::Text(GOOD)], true);
    serve(&stage, ResourceLevel::Minimal).await.unwrap();
    tokio::task::yield_now().await;
    let shown = stage.shown.lock().unwrap();
    assert!(
        shown.first().is_some_and(|fraction| *fraction < 0.2),
        "{shown:?}"
    );
}

#[actix_rt::test]
async fn what_broke_off_is_used_if_it_is_worth_it() {
    let (most, _) = GOOD.split_at(GOOD.len() - 120);
    let stage = stage(vec![Say::BreakOff(most)], true);
    let output = serve(&stage, ResourceLevel::Minimal).await.unwrap();
    assert_eq!(output.outcome.status, StageStatus::CutShort);
    assert!(output.document.find_id("hull").is_some());
}

#[actix_rt::test]
async fn a_reply_without_a_drawing_is_the_providers_fault_and_a_failure_keeps_its_own() {
    for (say, fault) in [
        (Say::Text("I cannot."), Fault::Provider),
        (Say::Text("<svg><g/></svg>"), Fault::Provider),
        (Say::BreakOff("<svg"), Fault::Provider),
        (Say::Fail(Fault::Terminal), Fault::Terminal),
        (Say::Fail(Fault::Request), Fault::Request),
    ] {
        let failure = serve(&stage(vec![say], true), ResourceLevel::Minimal)
            .await
            .unwrap_err();
        assert_eq!(failure.fault, Some(fault));
    }
}

#[actix_rt::test]
async fn a_failure_tells_what_was_used_for_nothing() {
    let script = vec![Say::Text("a plan"), Say::BreakOff("I shall draw a boat")];
    let failure = serve(&stage(script, true), ResourceLevel::Medium)
        .await
        .unwrap_err();
    let used = failure.used.expect("what was used");
    assert_eq!((used.calls, used.input_tokens), (2, 10));
    assert_eq!((used.output_tokens, used.cost), (20 + 7, 0.5));
    assert!(used.is_estimated && used.planned);
}

#[actix_rt::test]
async fn mending_that_fails_leaves_the_drawing() {
    let stage = stage(vec![Say::Text(GOOD), Say::Fail(Fault::Terminal)], true);
    let output = serve(&stage, ResourceLevel::Low).await.unwrap();
    assert!(output.document.find_id("sail").is_some());
    assert!(output.outcome.reason.unwrap().contains("mending failed"));
}

#[actix_rt::test]
async fn a_cancelled_run_ends_at_once() {
    let stage = stage(vec![Say::Nothing], true);
    let run = run(ResourceLevel::Minimal);
    let cancel = run.context.cancel.clone();
    let served = stage.composer.serve(run);
    let cancelled = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.cancel();
    };
    let (failure, ()) = futures_util::future::join(served, cancelled).await;
    assert_eq!(failure.unwrap_err().fault, Some(Fault::Caller));
}
