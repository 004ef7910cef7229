//! `scripts`: our stages under the names of the original's scripts, in its folders.
//!
//! Each stage reads what the one before left, whoever that was, makes what is missing or stale, and
//! leaves it in the form that the original's next stage takes.

mod detail;
mod folder;
mod model;
mod optimize;
mod pictures;
mod template;

use std::{
    fs::File,
    path::PathBuf,
    time::{Duration, Instant},
};

use actix::{Actor, Context, Handler};
use anyhow::Context as _;
use chat2svg_protocol::{
    JobId, LevelChoice, Prompt, ResourceLevel, Source,
    messages::{Progress, StageContext},
};
use chat2svg_scripts::{Layout, Parameter, Product, surroundings, without_meaning};
use chat2svg_supervision::Line;
use tokio_util::sync::CancellationToken;

use crate::{
    Usage,
    cli::{Place, Run, Scripts, Subject},
    settings::Settings,
};

use folder::{Folder, tell};

/// The level of stages that are run by themselves: nobody waits for anything else.
const LEVEL: ResourceLevel = ResourceLevel::High;
/// The original's seed of stage 3.
const OPTIMIZE_SEED: u64 = 42;

/// Runs one of the scripts, or all.
///
/// # Errors
/// When a stage has nothing to work on, or gives nothing.
pub(crate) fn run(command: &Scripts, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Scripts::Stage1(command) => {
            let job = Job::new(
                &command.subject,
                place(&command.subject, &command.place)?,
                settings,
            )?;
            tell_meaningless(command.flags.rest.given());
            let _alone = job.in_new_folder()?;
            template::run(&job, &command.flags)
        }
        Scripts::Stage2(command) => {
            let job = Job::new(
                &command.subject,
                place(&command.subject, &command.place)?,
                settings,
            )?;
            tell_meaningless(command.flags.rest.given());
            let _alone = job.in_folder()?;
            detail::run(&job, &command.flags, command.seed)
        }
        Scripts::Stage3(command) => {
            let job = Job::new(&command.subject, command.svg_folder.clone(), settings)?;
            tell_meaningless(command.flags.rest.given());
            let _alone = job.in_folder()?;
            optimize::run(&job, &command.flags, command.seed)
        }
        Scripts::Run(command) => {
            let job = Job::new(
                &command.subject,
                place(&command.subject, &command.place)?,
                settings,
            )?;
            let mut given = command.template.rest.given();
            given.extend(command.detail.rest.given());
            given.extend(command.optimize.rest.given());
            tell_meaningless(given);
            let _alone = job.in_new_folder()?;
            run_all(&job, command)
        }
    }
}

/// Runs what a folder lacks; it may stand anywhere. What is there before a stage needs nothing from
/// it.
fn run_all(job: &Job<'_>, command: &Run) -> anyhow::Result<()> {
    let has = |product| job.layout.product(product).exists();
    let is_drawn = [Product::Clean, Product::WithNewPaths, Product::Latent]
        .into_iter()
        .any(has);
    let is_finished = has(Product::Points) && !is_drawn && !has(Product::Template);
    if !is_finished {
        let has_target = has(Product::Target);
        if has(Product::Template) || !is_drawn {
            template::run(job, &command.template)?;
        }
        let is_detailed = has(Product::Latent) || has(Product::WithNewPaths);
        if has(Product::Template) || !(is_detailed && has_target) {
            detail::run(job, &command.detail, command.seed)?;
        }
    }
    optimize::run(job, &command.optimize, command.seed)
}

/// The folder of a target by the original's rules.
fn place(subject: &Subject, place: &Place) -> anyhow::Result<PathBuf> {
    let path = match &place.output_path {
        Some(path) => path.clone(),
        None => base(subject)?.join("output"),
    };
    let usual = || PathBuf::from("example_generation").join(subject.target.as_str());
    Ok(path.join(place.output_folder.clone().unwrap_or_else(usual)))
}

fn base(subject: &Subject) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell in which folder this is")?;
    Ok(surroundings::base(subject.system_path.as_deref(), &here))
}

/// One line for each flag that was given and changes nothing.
fn tell_meaningless(given: Vec<&'static str>) {
    for flag in without_meaning(given) {
        tell(&format!(
            "--{} has no meaning here: {}",
            flag.flag, flag.why
        ));
    }
}

/// What all stages of a run share.
struct Job<'a> {
    layout: Layout,
    /// The prompt that was given, ...
    given: Option<Prompt>,
    /// ... and the one that holds where the folder was begun with none.
    usual: Prompt,
    /// The folder above the original's stages.
    base: PathBuf,
    settings: &'a Settings,
}

impl<'a> Job<'a> {
    fn new(subject: &Subject, root: PathBuf, settings: &'a Settings) -> anyhow::Result<Self> {
        let limit = settings.server.max_prompt_chars;
        let parse = |text: &str| {
            Prompt::parse(text, limit).map_err(|error| Usage(format!("--prompt: {error}")))
        };
        let given = subject.prompt.as_deref().map(parse).transpose()?;
        let base = base(subject)?;
        let caption = surroundings::caption(&base, subject.target.as_str());
        let usual = parse(&caption.unwrap_or_else(|| subject.target.words()))?;
        Ok(Self {
            layout: Layout::new(root, subject.target.clone()),
            given,
            usual,
            base,
            settings,
        })
    }

    /// The target's folder for this run alone, made if it is not there.
    fn in_new_folder(&self) -> anyhow::Result<Option<File>> {
        folder::make(self.layout.root())?;
        Ok(folder::alone_in(self.layout.root()))
    }

    /// The same of a folder that has to be there.
    fn in_folder(&self) -> anyhow::Result<Option<File>> {
        let root = self.layout.root();
        anyhow::ensure!(
            root.is_dir() || !root.exists(),
            "{} is no folder",
            root.display()
        );
        anyhow::ensure!(
            root.is_dir(),
            "{} is not there: run scripts stage1 first, or name the folder that holds the files",
            root.display()
        );
        Ok(folder::alone_in(root))
    }

    fn folder(&self, stage: u8) -> anyhow::Result<Folder> {
        Folder::open(
            self.layout.clone(),
            stage,
            self.settings.server.max_upload_bytes,
        )
    }

    /// What the picture shows: what was said now, or when the folder was begun.
    fn prompt(&self) -> anyhow::Result<(Prompt, Parameter)> {
        let begun = self.folder(1)?;
        let begun = begun.record(Product::Template);
        let begun = begun.and_then(|record| record.parameters.get("prompt"));
        let limit = self.settings.server.max_prompt_chars;
        let begun = begun.and_then(|text| Prompt::parse(text, limit).ok());
        let prompt = self
            .given
            .clone()
            .or(begun)
            .unwrap_or_else(|| self.usual.clone());
        let parameter = Parameter {
            name: "prompt",
            value: prompt.as_str().to_owned(),
            is_given: self.given.is_some(),
        };
        Ok((prompt, parameter))
    }

    /// What a run of a stage carries.
    fn context(&self, seed: u64) -> StageContext {
        let time = Duration::from_millis(self.settings.server.max_deadline_ms);
        StageContext {
            job: JobId(uuid::Uuid::now_v7()),
            level: LEVEL,
            asked: LevelChoice::High,
            source: Source::Line,
            seed,
            palette: None,
            deadline: Instant::now() + time,
            cancel: CancellationToken::new(),
        }
    }
}

/// Nobody watches the progress of these runs.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<Progress> for Nobody {
    type Result = ();

    fn handle(&mut self, _: Progress, _: &mut Self::Context) {}
}

/// A line on which progress is told to nobody. To be called in an actix system.
fn unwatched() -> Line<Progress> {
    Line::from_recipient("nobody", Nobody.start().recipient())
}
