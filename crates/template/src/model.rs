//! The backend of stage 1 that has a language model draw: plan, write, look and mend, choose.
//!
//! The model's words are never trusted: of a reply only the drawing is taken, by the same document
//! reader that every file from outside passes. Every drawing is measured ([`crate::critique`]);
//! the best goes on, and a mended one replaces what it mends only if its score does not fall.

mod config;
mod conversation;
mod draft;
mod parts;
mod prompts;
mod reader;
mod reading;
#[cfg(test)]
mod tests;
mod wishes;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chat2svg_backends::Backend;
use chat2svg_gateway::CallLimits;
use chat2svg_llm::{ChatModel, ChatRequest, Provider, Turn};
use chat2svg_palette::recolor;
use chat2svg_protocol::{
    BackendId, CallFailure, CanvasSize, Cost, Fault, ModelUse, Prompt, StageOutcome, Style,
    messages::{Progress, RunTemplate, TemplateOutput},
    stop_of,
};
use chat2svg_stop::Stop;
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_vector::Document;
use futures_util::{FutureExt as _, future::BoxFuture, future::join_all};
use tracing::debug;

use crate::critique::Brief;
use crate::embedded::{SceneDescription, Vocabulary, understand};
use conversation::{Heard, Sketches, listen};
use draft::{Draft, Frame};
use wishes::Wishes;

pub use config::{ModelConfig, ModelSteps};
pub use reader::ReplyReader;

/// What a model drew, as it is used: read, on its canvas, named and measured.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The document.
    pub document: Arc<Document>,
    /// How good it is, `0.0..=1.0`; see [`crate::critique`].
    pub score: f32,
    /// What is wrong with it.
    pub findings: Vec<String>,
}

/// The drawing in a model's reply to a prompt, whoever asked for it.
///
/// # Errors
/// Why there is none, for people.
pub fn read_reply(
    reply: &str,
    prompt: &Prompt,
    canvas: CanvasSize,
    stop: &Stop,
) -> Result<Drawing, String> {
    let mut reader = ReplyReader::default();
    reader.push(reply);
    let frame = Frame {
        canvas,
        prompt: prompt.as_str().to_owned(),
        style: Style::default(),
        seed: 0,
        wishes: Wishes::default(),
    };
    let draft = draft::read(reader, &frame, &Brief::default(), stop)?;
    Ok(Drawing {
        score: draft.score(),
        findings: draft.findings(),
        document: draft.document,
    })
}

/// Time without which no model has anything to show.
const RESERVE: Duration = Duration::from_millis(500);
/// Time kept to read and measure what came.
const MARGIN: Duration = Duration::from_millis(150);
/// Characters that a token is taken for where its server does not count.
const CHARACTERS_OF_A_TOKEN: u64 = 3;
/// Tokens of a plan, thoughts included.
const PLAN_TOKENS: u32 = 4_000;

/// Has a language model draw what a prompt asks for.
#[derive(Clone)]
pub struct ModelComposer {
    provider: Provider,
    config: ModelConfig,
    max_tokens: u32,
    vocabulary: Vocabulary,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl ModelComposer {
    /// A composer over a provider. `vocabulary` reads prompts, CPU work is done in `pool`, and what
    /// is drawn so far is shown on `progress`.
    pub fn new(
        provider: Provider,
        config: ModelConfig,
        max_tokens: u32,
        vocabulary: Vocabulary,
        pool: ComputePool,
        progress: Line<Progress>,
    ) -> Self {
        Self {
            provider,
            config,
            max_tokens,
            vocabulary,
            pool,
            progress,
        }
    }
}

impl Backend<RunTemplate> for ModelComposer {
    fn id(&self) -> BackendId {
        self.provider.id.clone()
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        RESERVE
    }

    fn serve(&self, run: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        let composer = self.clone();
        async move { Session::begin(composer, run).await?.draw().await }.boxed()
    }
}

/// One run.
struct Session {
    composer: ModelComposer,
    run: RunTemplate,
    scene: SceneDescription,
    frame: Frame,
    style: Style,
    used: ModelUse,
    /// Why less was done than was planned.
    shortfall: Option<String>,
}

impl Session {
    async fn begin(composer: ModelComposer, run: RunTemplate) -> Result<Self, CallFailure> {
        let (prompt, vocabulary) = (run.prompt.clone(), composer.vocabulary.clone());
        let read = move || understand(prompt.as_str(), &vocabulary);
        let scene = composer.pool.run(&run.context.cancel, read).await?;
        let calls_lost = composer.provider.model.lost_calls(run.context.job).await;
        let style = run.style.or(scene.style).unwrap_or_default();
        let frame = Frame {
            canvas: run.canvas,
            prompt: run.prompt.as_str().to_owned(),
            style,
            seed: run.context.seed,
            wishes: Wishes::of(&scene, run.background, run.context.palette.clone()),
        };
        Ok(Self {
            used: ModelUse {
                model: composer.provider.model.model().to_owned(),
                calls_lost,
                ..ModelUse::default()
            },
            composer,
            run,
            scene,
            frame,
            style,
            shortfall: None,
        })
    }

    async fn draw(mut self) -> Result<TemplateOutput, CallFailure> {
        match self.best().await {
            Ok(best) => self.output(best).await,
            // Calls that cost something for nothing are what a circuit has to know of.
            Err(failure) => {
                let cost = Cost::of_dollars(self.used.cost);
                Err(failure.costing(cost).having_used(self.used))
            }
        }
    }

    async fn best(&mut self) -> Result<Draft, CallFailure> {
        let steps = *self.composer.config.levels.get(self.run.context.level);
        let plan = if steps.plan { self.plan().await? } else { None };
        let began = Instant::now();
        let parts = self.parts().await?;
        let request = self.request(vec![Turn::user(prompts::write(
            self.run.prompt.as_str(),
            self.run.style,
            &self.frame.wishes.words(),
            plan.as_deref(),
            parts.as_deref(),
        ))]);
        let mut best = self.write(&request, steps, self.run.candidates).await?;
        let written_in = began.elapsed();
        for round in 0..steps.rounds {
            let left = self.until().saturating_duration_since(Instant::now());
            if left < written_in.mul_f64(1.2) {
                self.fall_short(format!(
                    "no time was left for round {} of mending",
                    round + 1
                ));
                break;
            }
            match self.mend(&request, &best).await {
                Ok(Some(mended)) => best = mended,
                // What is not better is a sign that there is no better.
                Ok(None) => {}
                Err(failure) if failure == CallFailure::cancelled() => return Err(failure),
                Err(failure) => {
                    self.fall_short(format!("round {} of mending failed: {failure}", round + 1));
                    break;
                }
            }
        }
        Ok(best)
    }

    /// When everything that is asked must have been answered.
    fn until(&self) -> Instant {
        let deadline = self.run.context.deadline;
        deadline.checked_sub(MARGIN).unwrap_or(deadline)
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            deadline: self.until(),
            cancel: self.run.context.cancel.clone(),
            job: Some(self.run.context.job),
        }
    }

    fn model(&self) -> &Arc<dyn ChatModel> {
        &self.composer.provider.model
    }

    fn request(&self, turns: Vec<Turn>) -> ChatRequest {
        ChatRequest {
            system: prompts::system(self.run.canvas),
            turns,
            max_tokens: self.composer.max_tokens,
        }
    }

    /// Asks something whose answer is words and no drawing.
    async fn ask_beside(&mut self, turn: Turn) -> Heard {
        let request = ChatRequest {
            system: String::new(),
            turns: vec![turn],
            max_tokens: PLAN_TOKENS.min(self.composer.max_tokens),
        };
        let heard = listen(self.model().chat(request, self.limits()), None).await;
        self.account(&heard);
        heard
    }

    fn fall_short(&mut self, reason: String) {
        self.shortfall.get_or_insert(reason);
    }

    /// Asks for a plan. A model that turns that down may still draw.
    async fn plan(&mut self) -> Result<Option<String>, CallFailure> {
        let reading = self
            .composer
            .config
            .embedded_reading
            .then(|| reading::describe(&self.scene));
        let text = prompts::plan(
            self.run.prompt.as_str(),
            self.run.style,
            &self.frame.wishes.words(),
            reading.flatten().as_deref(),
            self.run.canvas,
        );
        let heard = self.ask_beside(Turn::user(text)).await;
        match heard.failure {
            None => {
                self.used.planned = true;
                Ok(Some(heard.reader.text().trim().to_owned()))
            }
            Some(failure) if failure.fault == Some(Fault::Request) => {
                self.fall_short(format!("no plan: {failure}"));
                Ok(None)
            }
            Some(failure) => Err(failure),
        }
    }

    /// Pictures of the things that the model may use as parts.
    async fn parts(&self) -> Result<Option<String>, CallFailure> {
        if !self.composer.config.embedded_parts {
            return Ok(None);
        }
        let (scene, vocabulary) = (self.scene.clone(), self.composer.vocabulary.clone());
        let work = move || parts::describe(&scene, &vocabulary);
        Ok(self
            .composer
            .pool
            .run(&self.run.context.cancel, work)
            .await?)
    }

    /// Has several drawings made at once, as many as the level or the job asks for; the best of
    /// them, or the first failure.
    async fn write(
        &mut self,
        request: &ChatRequest,
        steps: ModelSteps,
        asked: u32,
    ) -> Result<Draft, CallFailure> {
        let began = Instant::now();
        let count = steps.candidates.max(asked);
        let mut streams = Vec::new();
        for number in 0..count.clamp(1, 8) {
            let mut varied = request.clone();
            if number > 0
                && let Some(turn) = varied.turns.last_mut()
            {
                turn.text.push_str(&format!(
                    "\nThis is variant {}: find a composition of your own.",
                    number + 1
                ));
            }
            // Of several, the first is the one to be watched.
            let sketches = (number == 0).then(|| Sketches {
                job: self.run.context.job,
                frame: self.frame.clone(),
                pool: self.composer.pool.clone(),
                cancel: self.run.context.cancel.clone(),
                progress: self.composer.progress.clone(),
            });
            streams.push(listen(self.model().chat(varied, self.limits()), sketches));
        }
        let mut drafts: Vec<Draft> = Vec::new();
        let mut failure = None;
        for heard in join_all(streams).await {
            match self.read(heard).await {
                Ok(draft) => {
                    self.used.candidates += 1;
                    drafts.push(draft);
                }
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        // Best first; of equals the earlier, which people watched.
        drafts.sort_by(|a, b| b.score().total_cmp(&a.score()));
        let mut drafts = drafts.into_iter();
        let Some(best) = drafts.next() else {
            return Err(failure.unwrap_or_else(CallFailure::late));
        };
        if let Some(failure) = failure {
            self.fall_short(format!("a candidate failed: {failure}"));
        }
        match drafts.next() {
            Some(second) if steps.compare => self.better(best, second, began.elapsed()).await,
            _ => Ok(best),
        }
    }

    /// The better of two drawings: the first by what was measured, unless that is too close to call
    /// and the model, shown both, prefers the second. `took` is how long drawing them took.
    async fn better(
        &mut self,
        first: Draft,
        second: Draft,
        took: Duration,
    ) -> Result<Draft, CallFailure> {
        let is_close = first.score() - second.score() < self.composer.config.close_call;
        if !is_close || !self.model().takes_pictures() {
            return Ok(first);
        }
        if self.until().saturating_duration_since(Instant::now()) < took {
            self.fall_short("no time was left to compare the candidates".to_owned());
            return Ok(first);
        }
        let mut turn = Turn::user(prompts::compare(self.run.prompt.as_str()));
        for draft in [&first, &second] {
            turn.pictures.push(self.picture(draft).await?);
        }
        let heard = self.ask_beside(turn).await;
        match heard.failure {
            Some(failure) if failure == CallFailure::cancelled() => return Err(failure),
            Some(failure) => self.fall_short(format!("no comparison: {failure}")),
            None => {
                let preferred = prompts::preferred(heard.reader.text());
                self.used.compared = preferred.is_some();
                if preferred == Some(1) {
                    return Ok(second);
                }
            }
        }
        Ok(first)
    }

    /// How a drawing looks, for a model.
    async fn picture(&self, draft: &Draft) -> Result<Arc<[u8]>, CallFailure> {
        let (document, side) = (
            Arc::clone(&draft.document),
            self.composer.config.picture_side,
        );
        let render = move || draft::picture(&document, side);
        self.composer
            .pool
            .run(&self.run.context.cancel, render)
            .await?
    }

    /// Shows the model its drawing, or what was measured of it. The mended drawing, if its score is
    /// not lower.
    async fn mend(
        &mut self,
        request: &ChatRequest,
        best: &Draft,
    ) -> Result<Option<Draft>, CallFailure> {
        let with_picture = self.model().takes_pictures();
        let mut turn = Turn::user(prompts::mend(
            self.run.prompt.as_str(),
            with_picture,
            &best.findings(),
        ));
        if with_picture {
            turn.pictures.push(self.picture(best).await?);
        }
        let mut asked = request.clone();
        asked.turns.push(Turn::assistant(best.svg.clone()));
        asked.turns.push(turn);
        let heard = listen(self.model().chat(asked, self.limits()), None).await;
        self.used.rounds += 1;
        let mended = self.read(heard).await?;
        debug!(job = %self.run.context.job, before = best.score(), after = mended.score(), "mended");
        Ok((mended.score() >= best.score()).then_some(mended))
    }

    /// The drawing in what was said. What broke off is used if it is worth using.
    async fn read(&mut self, heard: Heard) -> Result<Draft, CallFailure> {
        self.account(&heard);
        let Heard {
            reader, failure, ..
        } = heard;
        if let Some(failure) = &failure
            && *failure == CallFailure::cancelled()
        {
            return Err(failure.clone());
        }
        let frame = self.frame.clone();
        let brief = self.brief();
        let stop = stop_of(&self.run.context.cancel);
        let work = move || draft::read(reader, &frame, &brief, &stop);
        let read = self
            .composer
            .pool
            .run(&self.run.context.cancel, work)
            .await?;
        let draft = match (read, failure) {
            (Ok(draft), None) => draft,
            (Ok(draft), Some(failure)) => {
                self.fall_short(format!("the drawing is as far as it came: {failure}"));
                draft
            }
            // The provider's own failure says more than that nothing was drawn.
            (Err(_), Some(failure)) => return Err(failure),
            (Err(reason), None) => return Err(CallFailure::new(Fault::Provider, reason)),
        };
        self.used.scores.push(draft.score());
        if draft.score() < self.composer.config.least_score {
            let reason = format!(
                "its drawing is not worth using: score {:.2}, {}",
                draft.score(),
                draft.findings().join("; ")
            );
            return Err(CallFailure::new(Fault::Provider, reason));
        }
        Ok(draft)
    }

    /// What the drawing is measured against.
    fn brief(&self) -> Brief {
        let objects = self.scene.objects.iter().filter_map(|object| {
            Some((
                format!("{} {}", object.label, reading::hex(object.color?)),
                object.color?,
            ))
        });
        let is_recolored = matches!(
            self.style,
            Style::Monochrome | Style::Duotone | Style::LineArt
        );
        Brief {
            colors: if is_recolored {
                Vec::new()
            } else {
                objects.collect()
            },
        }
    }

    fn account(&mut self, heard: &Heard) {
        let used = &mut self.used;
        used.calls += 1;
        if let Some(first) = heard.first_token {
            used.first_token_seconds.get_or_insert(first.as_secs_f64());
        }
        match &heard.completion {
            Some(completion) => {
                used.model.clone_from(&completion.model);
                used.input_tokens += completion.usage.input;
                used.output_tokens += completion.usage.output;
                used.cost += completion.cost;
                used.is_estimated |= completion.usage.is_estimated;
            }
            None => {
                used.is_estimated = true;
                let heard = heard.reader.text().len() as u64;
                used.output_tokens += heard.div_ceil(CHARACTERS_OF_A_TOKEN);
            }
        }
    }

    async fn output(self, best: Draft) -> Result<TemplateOutput, CallFailure> {
        let document = match self.run.context.palette.clone() {
            None => Arc::clone(&best.document),
            Some(palette) => {
                let mut document = Document::clone(&best.document);
                let work = move || {
                    recolor(&mut document, &palette);
                    Arc::new(document)
                };
                self.composer
                    .pool
                    .run(&self.run.context.cancel, work)
                    .await?
            }
        };
        let mut used = self.used;
        used.findings = best.findings();
        let id = self.composer.provider.id;
        let outcome = match self.shortfall {
            None => StageOutcome::completed(id),
            Some(reason) => StageOutcome::cut_short(id, reason),
        };
        Ok(TemplateOutput {
            document,
            style: self.style,
            outcome: StageOutcome {
                model: Some(Box::new(used)),
                ..outcome
            },
        })
    }
}
