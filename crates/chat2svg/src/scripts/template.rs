//! Stage 1: candidates from raw logs, a language model or the embedded composer, of which the best
//! becomes the template.

use std::{collections::BTreeMap, fs, sync::Arc};

use anyhow::{Context as _, anyhow, bail};
use chat2svg_backends::Backend as _;
use chat2svg_llm::Provider;
use chat2svg_protocol::{CanvasSize, PerLevel, Prompt, messages::RunTemplate};
use chat2svg_scripts::{Case, Found, Parameter, Product, Verdict, dialect, write_config};
use chat2svg_stop::Stop;
use chat2svg_supervision::ComputePool;
use chat2svg_template::{
    ModelComposer, ModelConfig, ModelSteps,
    embedded::{ComposeOptions, compose_prompt},
    rank, read_reply,
};
use chat2svg_vector::{Color, Document, WriteOptions};

use crate::{cli::TemplateFlags, signals::stop_signal};

use super::{
    Job,
    folder::{Folder, paper, tell},
    model::{self, Logged},
    unwatched,
};

/// The name under which drawings without a model are recorded.
const EMBEDDED: &str = "embedded";

/// A drawing of the prompt; `None` where a reply held none.
struct Candidate {
    document: Option<Document>,
    /// Higher is better.
    score: f64,
}

/// Draws the template, unless it is there.
///
/// # Errors
/// When nothing can be drawn or written.
pub(super) fn run(job: &Job<'_>, flags: &TemplateFlags) -> anyhow::Result<()> {
    let stage = Stage::new(job, flags)?;
    stage.run()
}

struct Stage<'a> {
    job: &'a Job<'a>,
    folder: Folder,
    prompt: Prompt,
    canvas: CanvasSize,
    /// Rounds after the first drawing.
    rounds: u32,
    llm: chat2svg_llm::LlmConfig,
    provider: Option<Provider>,
    said: Parameter,
    by: Option<Parameter>,
    form: Vec<Parameter>,
}

impl<'a> Stage<'a> {
    fn new(job: &'a Job<'a>, flags: &TemplateFlags) -> anyhow::Result<Self> {
        let (prompt, said) = job.prompt()?;
        let llm = model::config(job, flags.model.as_deref())?;
        let provider = model::provider(&llm)?;
        let by = provider.as_ref().map(|provider| Parameter {
            name: "model",
            value: provider.model.model().to_owned(),
            is_given: flags.model.is_some(),
        });
        if flags.model.is_some() && by.is_none() {
            tell("--model is given, and no model is set up ([llm], or BACKEND and OPENAI_API_KEY)");
        }
        let side = flags.viewbox.unwrap_or(512);
        let rounds = flags.refine_iter.unwrap_or(2);
        let form = vec![
            Parameter::new("viewbox", flags.viewbox.as_ref(), &512),
            Parameter::new("refine_iter", flags.refine_iter.as_ref(), &2),
        ];
        Ok(Self {
            folder: job.folder(1)?,
            job,
            prompt,
            canvas: CanvasSize::new(side, side).map_err(|error| anyhow!("--viewbox: {error}"))?,
            rounds,
            llm,
            provider,
            said,
            by,
            form,
        })
    }

    /// What decides whether replies are still those that are asked for.
    fn subject(&self) -> Vec<Parameter> {
        std::iter::once(&self.said)
            .chain(&self.by)
            .cloned()
            .collect()
    }

    fn run(mut self) -> anyhow::Result<()> {
        let layout = self.job.layout.clone();
        let most = usize::try_from(self.rounds).unwrap_or(usize::MAX);
        let all = [self.subject(), self.form.clone()].concat();
        if self
            .folder
            .is_usable(Product::Template, &self.logs(most), &all)
        {
            println!("Done!");
            return Ok(());
        }
        if self.has_other_subject() {
            self.set_logs_aside()?;
        }
        let is_ours = self.are_logs_ours(most);
        let (plan, mut replies) = model::replies(&layout, most);
        if is_ours {
            replies.clear();
        }
        let is_logged = replies.contains_key(&0);
        let is_complete = is_logged && (0..=most).all(|index| replies.contains_key(&index));
        let is_asked = self.provider.is_some() && !is_complete;
        let mut is_by_model = false;
        let mut candidates = Vec::new();
        if let Some(provider) = self.provider.clone().filter(|_| !is_complete) {
            is_by_model = self.ask(provider, plan, replies.clone())?;
        } else if is_logged && !is_complete {
            tell(&format!(
                "{} of {} replies are in the raw logs, and no model is set up: the best of these is taken",
                replies.len(),
                most + 1
            ));
        }
        if is_by_model {
            (_, replies) = model::replies(&layout, most);
        }
        if !replies.is_empty() {
            candidates = self.read(&replies, most);
        }
        let is_drawn_here = candidates.iter().all(|one| one.document.is_none());
        if is_drawn_here {
            if !candidates.is_empty() {
                tell("no reply in the raw logs holds a drawing: it is drawn without them");
            }
            candidates = self.compose()?;
        }
        let best = best(&candidates).context("no candidate holds a drawing")?;
        // What a model said stays in the logs, of whatever use it is.
        self.write_papers(&candidates, is_drawn_here && !is_logged && !is_asked)?;
        let Some(document) = candidates.get(best).and_then(|one| one.document.as_ref()) else {
            bail!("no candidate holds a drawing");
        };
        let svg = template_text(document);
        let mut made_with = [vec![self.said.clone()], self.form.clone()].concat();
        if is_by_model {
            made_with.extend(self.by.clone());
        } else if is_drawn_here {
            made_with.push(Parameter::new("model", None, &EMBEDDED));
        }
        let logs = self.logs(most);
        self.folder
            .write(Product::Template, svg.as_bytes(), &logs, &made_with)?;
        println!("The best SVG is: {}_{best}.svg", layout.target());
        println!("Done!");
        Ok(())
    }

    /// The raw logs that are there, as files that the template is made from.
    fn logs(&self, most: usize) -> Vec<Found> {
        let paths = (0..=most).map(|index| self.job.layout.raw_reply(index));
        paths.filter_map(|path| self.folder.found(&path)).collect()
    }

    /// Whether the raw logs hold what was drawn here without a model, and nothing else.
    fn are_logs_ours(&self, most: usize) -> bool {
        let Some(record) = self.folder.record(Product::Template) else {
            return false;
        };
        let is_embedded = record
            .parameters
            .get("model")
            .is_some_and(|by| by == EMBEDDED);
        let logs = self.logs(most);
        is_embedded
            && logs
                .iter()
                .all(|log| record.inputs.get(&log.name) == Some(&log.print))
    }

    /// Whether what is in the folder is for another prompt or by another model.
    fn has_other_subject(&self) -> bool {
        let layout = &self.job.layout;
        let found = self.folder.found(&layout.product(Product::Template));
        let noted = fs::read_to_string(layout.config(1)).unwrap_or_default();
        let verdict = Case {
            product: found.as_ref(),
            inputs: &[],
            record: self.folder.record(Product::Template),
            wanted: &self.subject(),
            noted: &chat2svg_scripts::read_config(&noted),
        }
        .verdict();
        matches!(verdict, Verdict::Stale(_))
    }

    /// Moves raw logs away that are not to be read. Replies were paid for; nothing is removed.
    fn set_logs_aside(&self) -> anyhow::Result<()> {
        let logs = self.job.layout.stage(1).join("raw_logs");
        if !logs.exists() {
            return Ok(());
        }
        let aside = (1..).map(|number| {
            let name = format!("raw_logs_before_{number}");
            self.job.layout.stage(1).join(name)
        });
        let Some(aside) = aside.take(10_000).find(|path| !path.exists()) else {
            bail!(
                "{} holds too many old raw logs",
                self.job.layout.stage(1).display()
            );
        };
        fs::rename(&logs, &aside).with_context(|| format!("cannot move {}", logs.display()))?;
        tell(&format!(
            "the raw logs of before are now in {}",
            aside.display()
        ));
        Ok(())
    }

    /// Has the model draw and mend; its replies are in the raw logs then. Answers whether it said
    /// anything of use.
    fn ask(
        &self,
        provider: Provider,
        plan: Option<String>,
        replies: BTreeMap<usize, String>,
    ) -> anyhow::Result<bool> {
        let settings = self.job.settings;
        let (vocabulary, _) = settings.template.vocabulary()?;
        let steps = ModelSteps {
            plan: true,
            candidates: 1,
            compare: false,
            rounds: self.rounds,
        };
        let config = ModelConfig {
            least_score: 0.0,
            levels: PerLevel {
                high: steps,
                medium: steps,
                low: steps,
                minimal: steps,
            },
            ..settings.template.model.clone()
        };
        let id = provider.id.clone();
        let logged = Logged::new(provider.model, self.job.layout.clone(), plan, replies);
        let provider = Provider {
            id: id.clone(),
            model: Arc::new(logged),
        };
        let run = RunTemplate {
            context: self.job.context(0),
            prompt: self.prompt.clone(),
            style: None,
            background: None,
            canvas: self.canvas,
            candidates: 1,
        };
        let most_tokens = self.llm.max_output_tokens;
        let served = actix::System::new().block_on(async {
            let pool = ComputePool::new("template", settings.process.threads(), 16);
            let composer =
                ModelComposer::new(provider, config, most_tokens, vocabulary, pool, unwatched());
            tokio::select! {
                served = composer.serve(run) => Ok(served),
                signal = stop_signal() => bail!("interrupted by {}: replies so far are in the raw logs", signal?),
            }
        })?;
        match served {
            Ok(output) => {
                if let Some(reason) = output.outcome.reason {
                    tell(&format!("{id}: {reason}"));
                }
                Ok(true)
            }
            Err(failure) => {
                tell(&format!("{id} did not draw: {failure}"));
                Ok(false)
            }
        }
    }

    /// The drawings in replies.
    fn read(&self, replies: &BTreeMap<usize, String>, most: usize) -> Vec<Candidate> {
        let last = replies.keys().next_back().copied().unwrap_or(0).min(most);
        let mut candidates = Vec::new();
        for index in 0..=last {
            let read = replies
                .get(&index)
                .ok_or_else(|| "it is not there, or empty".to_owned())
                .and_then(|reply| read_reply(reply, &self.prompt, self.canvas, &Stop::never()));
            candidates.push(match read {
                Ok(drawing) => Candidate {
                    score: f64::from(drawing.score),
                    document: Some(Arc::unwrap_or_clone(drawing.document)),
                },
                Err(reason) => {
                    tell(&format!("reply {index} is left out: {reason}"));
                    Candidate {
                        document: None,
                        score: 0.0,
                    }
                }
            });
        }
        candidates
    }

    /// Drawings without a model, as many as a model would have made.
    fn compose(&self) -> anyhow::Result<Vec<Candidate>> {
        let (vocabulary, warnings) = self.job.settings.template.vocabulary()?;
        for warning in warnings {
            tell(&format!("{}: {}", warning.path.display(), warning.reason));
        }
        let mut undrawn = Vec::new();
        let candidates = (0..=u64::from(self.rounds)).map(|seed| {
            let options = ComposeOptions {
                width: self.canvas.width(),
                height: self.canvas.height(),
                seed,
                ..ComposeOptions::default()
            };
            let composition = compose_prompt(self.prompt.as_str(), &vocabulary, &options);
            undrawn.clone_from(&composition.undrawn);
            let (violations, cost) = rank(&composition);
            Candidate {
                document: Some(composition.document),
                // Of equals the first, which other commands draw, too.
                score: -(violations as f64 * 1e9 + cost as f64 + seed as f64 / 1e3),
            }
        });
        let candidates = candidates.collect();
        if !undrawn.is_empty() {
            tell(&format!("not drawn: {}", undrawn.join(", ")));
        }
        Ok(candidates)
    }

    /// Logs as the original keeps them.
    fn write_papers(&self, candidates: &[Candidate], with_replies: bool) -> anyhow::Result<()> {
        let layout = &self.job.layout;
        for (index, candidate) in candidates.iter().enumerate() {
            let Some(document) = &candidate.document else {
                continue;
            };
            let svg = template_text(document);
            if with_replies {
                let reply = format!("```svg\n{}\n```\n", svg.trim_end());
                paper(&layout.raw_reply(index), reply.as_bytes())?;
            }
            paper(&layout.candidate_svg(index), svg.as_bytes())?;
            let side = self.canvas.width();
            let picture = document.render(side, side, Some(Color::WHITE))?;
            paper(&layout.candidate_png(index), &picture.encode_png()?)?;
        }
        if with_replies {
            paper(&layout.raw_prompt(), self.prompt.as_str().as_bytes())?;
            // Nobody was asked anything else.
            let said = [("prompt", self.prompt.as_str().to_owned())];
            paper(&layout.prompts(), write_config(said).as_bytes())?;
        }
        let flags = [
            ("target", layout.target().to_string()),
            ("prompt", self.prompt.as_str().to_owned()),
            ("viewbox", self.canvas.width().to_string()),
            ("refine_iter", self.rounds.to_string()),
            (
                "model",
                self.by
                    .as_ref()
                    .map_or_else(|| EMBEDDED.to_owned(), |by| by.value.clone()),
            ),
        ];
        paper(&layout.config(1), write_config(flags).as_bytes())
    }
}

/// A drawing as the template's file: what the original's next stage reads of it is all of it.
fn template_text(document: &Document) -> String {
    dialect::with_flat_paints(document).to_svg(&WriteOptions::default())
}

/// The place of the best candidate; of equals the later, which was mended more often.
fn best(candidates: &[Candidate]) -> Option<usize> {
    let drawn = candidates.iter().enumerate();
    let drawn = drawn.filter(|(_, one)| one.document.is_some());
    drawn
        .max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score))
        .map(|(index, _)| index)
}
