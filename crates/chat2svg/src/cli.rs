//! The command line: what can be asked for, and the rules that values obey before anything starts.

mod bounds;
mod keys;
mod scripts;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use chat2svg_isolation::Limits as ProcessLimits;
use chat2svg_protocol::{
    Background, Ground, LayerForm, LevelChoice, OutputOptions, PictureKind, Prompt, ShapeForm,
    StrokeForm, Style, Wishes,
};
use chat2svg_scheduler::Strategy;
use chat2svg_vector::IdPrefix;
use clap::{Args, Parser, Subcommand};

use crate::format::Format;

pub(crate) use bounds::{Colors, Limits, Look};
pub(crate) use keys::{AddKey, Keys};
pub(crate) use scripts::{DetailFlags, OptimizeFlags, Place, Run, Scripts, Subject, TemplateFlags};

/// A prompt goes in, a clean, layered, editable SVG comes out.
#[derive(Debug, Parser)]
#[command(
    name = "chat2svg",
    version,
    about,
    after_help = "Exit status: 0 served (also when a lesser result than asked for was served; the \
                  reason is on stderr and in the metadata), 1 failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Read settings from a TOML file; may be given several times, later files win.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Vec<PathBuf>,
    /// Log what happens to stderr; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an SVG from a prompt.
    #[command(
        after_help = "Example:\n  chat2svg generate \"a red fox under a green tree at sunset\" -o fox.svg"
    )]
    Generate(Generate),
    /// Make pictures from a file of prompts; run it again to go on where it stopped.
    #[command(
        after_help = "A line of FILE is a JSON object such as {\"prompt\": \"a red fox\", \"seed\": 3}; or FILE is a table \
                      with tabs, whose first line names its columns. Names: those of POST /v1/svg (prompt, style, seed, \
                      palette and so on), name (of the file), size, variants; what is left out is as the options say.\n\nExample:\n  chat2svg batch animals.jsonl -o animals --style sticker --zip animals.zip"
    )]
    Batch(Batch),
    /// Make an SVG from a PNG, JPEG or WebP picture.
    Vectorize(Vectorize),
    /// Fit an SVG to a picture of what it should look like.
    Refine(Refine),
    /// Mend an SVG, or the reply of a language model that holds one, and make it safe.
    #[command(
        after_help = "Each mend is told on stderr with its line and column. The text stays as it is \
                      otherwise, unless colours are given or something is said of how it is written \
                      (but for --id-prefix): then it is read as a drawing, text becomes outlines, and what a \
                      drawing cannot hold is told.\n\nExample:\n  \
                      chat2svg clean reply.md -o picture.svg"
    )]
    Clean(Clean),
    /// Run the HTTP service and the web page.
    Serve(Serve),
    /// Make, list and revoke the keys of the service's callers.
    #[command(
        subcommand,
        after_help = "Once there is a key, the service wants one of every caller; a service that runs notices within a \
                      second, also that a key was revoked.\n\nExamples:\n  \
                      chat2svg keys add web --per-minute 30 --expires 90d\n  \
                      chat2svg keys add grafana --scopes read\n  \
                      chat2svg keys revoke web"
    )]
    Keys(Keys),
    /// Offer the tools of the Model Context Protocol on standard input and output.
    #[command(
        after_help = "For hosts that start the program themselves, such as Claude, VS Code and Cursor; README.md \
                      shows what to write into their settings. The service offers the same at /mcp."
    )]
    Mcp,
    /// Work in the folders of the original Chat2SVG's scripts, with their flags.
    #[command(
        subcommand,
        after_help = "In the run.sh of a stage, write \"chat2svg scripts stage1\" (stage2, stage3) for \"python \
                      main.py\"; or give all at once to \"chat2svg scripts run\". What is there is kept unless it is \
                      stale, which is told: older than what it is made from, or made with other flags."
    )]
    Scripts(Scripts),
    /// Play jobs through the scheduler in virtual time, and compare strategies.
    #[command(
        after_help = "Example:\n  chat2svg simulate --trace bursty --rate 40 --jobs 20000 --svg strategies.svg"
    )]
    Simulate(Simulate),
    /// Show the effective configuration, and where each value came from.
    Config,
    /// Print as TOML what a file of environment variables sets, that of the wrapper around the
    /// original for one.
    #[command(after_help = "Example:\n  chat2svg migrate .env > chat2svg.toml")]
    Migrate(Migrate),
    /// Print the completions of a shell.
    #[command(
        after_help = "Examples:\n  chat2svg completions bash > ~/.local/share/bash-completion/completions/chat2svg\n  \
                      chat2svg completions fish > ~/.config/fish/completions/chat2svg.fish\n  \
                      chat2svg completions zsh > ~/.zfunc/_chat2svg   # a folder of $fpath"
    )]
    Completions(Completions),
    /// Print the man page, or write the pages of all commands into a folder.
    #[command(
        after_help = "Examples:\n  chat2svg man | man -l -\n  chat2svg man --folder ~/.local/share/man/man1"
    )]
    Man(Man),
    /// Check what is reachable: models, GPU, store, port; one line each.
    Doctor,
    /// Run one job that comes on standard input, with limits. The service starts itself so.
    #[command(hide = true)]
    IsolatedJob(IsolatedJob),
}

/// Options of `generate`.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// What the picture shows; "-" reads it from standard input.
    pub(crate) prompt: OsString,
    #[command(flatten)]
    pub(crate) out: Output,
    #[arg(long, help = style_help(), value_parser = |text: &str| text.parse::<Style>())]
    pub(crate) style: Option<Style>,
    /// What is behind everything: "transparent", or a colour as in CSS; without it the prompt
    /// decides.
    #[arg(long, value_name = "BACKGROUND", value_parser = |text: &str| text.parse::<Background>())]
    pub(crate) background: Option<Background>,
    #[command(flatten)]
    pub(crate) wishes: WishOptions,
    #[command(flatten)]
    pub(crate) colors: Colors,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// How many templates to make, the best of which goes on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) candidates: u32,
    /// Size of the canvas in pixels.
    #[arg(long, default_value = "512x512", value_name = "WxH", value_parser = canvas)]
    pub(crate) size: chat2svg_protocol::CanvasSize,
    #[command(flatten)]
    pub(crate) effort: Effort,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// What is wished for beside a prompt.
#[derive(Clone, Debug, Args)]
pub(crate) struct WishOptions {
    /// What the picture is: illustration, icon or logo (things alone, without landscape and
    /// ground), or pattern.
    #[arg(long, value_name = "KIND", default_value_t, value_parser = |text: &str| text.parse::<PictureKind>())]
    kind: PictureKind,
    /// What must not be in the picture, with commas between the things.
    #[arg(long, value_name = "THINGS", value_parser = |text: &str| Prompt::parse(text, Prompt::DEFAULT_LIMIT))]
    negative: Option<Prompt>,
}

impl From<WishOptions> for Wishes {
    fn from(options: WishOptions) -> Self {
        Self {
            kind: options.kind,
            negative: options.negative,
            ..Self::default()
        }
    }
}

/// Options of `batch`.
#[derive(Debug, Args)]
pub(crate) struct Batch {
    /// The prompts; "-" reads them from standard input.
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// The folder of the pictures and of batch.jsonl, which tells what is done; made if it is not
    /// there.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// The format of the pictures: svg, png, webp or jpeg.
    #[arg(long, value_name = "FORMAT", default_value_t = Format::Svg, value_parser = |text: &str| text.parse::<Format>())]
    pub(crate) format: Format,
    /// Pack the pictures into a ZIP file, too.
    #[arg(long, value_name = "OUT.zip")]
    pub(crate) zip: Option<PathBuf>,
    /// Pictures under way at once; without it, one for each core.
    #[arg(long, value_parser = positive_count)]
    pub(crate) jobs: Option<usize>,
    /// Pictures of each prompt, with seeds that follow each other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) variants: u32,
    #[arg(long, help = style_help(), value_parser = |text: &str| text.parse::<Style>())]
    pub(crate) style: Option<Style>,
    /// What is behind everything: "transparent", or a colour as in CSS; without it the prompt
    /// decides.
    #[arg(long, value_name = "BACKGROUND", value_parser = |text: &str| text.parse::<Background>())]
    pub(crate) background: Option<Background>,
    /// Size of the canvas in pixels.
    #[arg(long, default_value = "512x512", value_name = "WxH", value_parser = canvas)]
    pub(crate) size: chat2svg_protocol::CanvasSize,
    /// Show no progress and do not tell what was made.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) wishes: WishOptions,
    #[command(flatten)]
    pub(crate) colors: Colors,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) effort: Effort,
    #[command(flatten)]
    pub(crate) form: Form,
}

fn positive_count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| (1..=256).contains(count))
        .ok_or_else(|| "give a number from 1 to 256".to_owned())
}

/// The help of `--style`, with every style.
fn style_help() -> String {
    format!(
        "The look: {}; without it the prompt decides",
        Style::listed()
    )
}

/// Options of `vectorize`.
#[derive(Debug, Args)]
pub(crate) struct Vectorize {
    /// The picture; "-" reads it from standard input.
    pub(crate) image: PathBuf,
    /// What becomes of the picture's own ground: keep paints it; remove leaves transparent what has
    /// the colour of the picture's rim and is connected with it.
    #[arg(long, value_name = "KEEP", default_value = "keep", value_parser = |text: &str| text.parse::<Ground>())]
    pub(crate) background: Ground,
    #[command(flatten)]
    pub(crate) out: Output,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) look: Look,
    #[command(flatten)]
    pub(crate) colors: Colors,
    #[command(flatten)]
    pub(crate) effort: Effort,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Options of `refine`.
#[derive(Debug, Args)]
pub(crate) struct Refine {
    /// The SVG to start from; "-" reads it from standard input.
    #[arg(long, value_name = "T.svg")]
    pub(crate) template: PathBuf,
    /// The picture to match; "-" reads it from standard input.
    #[arg(long, value_name = "T.png")]
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) out: Output,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// Add shapes for what is new in the target.
    #[arg(long)]
    pub(crate) add_shapes: bool,
    #[command(flatten)]
    pub(crate) colors: Colors,
    #[command(flatten)]
    pub(crate) effort: Effort,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Options of `clean`.
#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// The SVG, or text that holds one; "-" reads it from standard input.
    #[arg(value_name = "IN.svg")]
    pub(crate) input: PathBuf,
    /// Write the SVG here; "-" is standard output, as is leaving it out where that is no terminal.
    #[arg(short, long, value_name = "OUT.svg")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON document (SVG, warnings with lines and columns) on standard output in place
    /// of the SVG.
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not tell what was written; what was mended is told all the same.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) colors: Colors,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Where results go.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the picture here, in the format that the name ends in (svg, png, webp, jpg); "-" is
    /// standard output, as is leaving it out where that is no terminal.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// The format, where no name tells it or another is meant: svg, png, webp or jpeg.
    #[arg(long, value_name = "FORMAT", value_parser = |text: &str| text.parse::<Format>())]
    pub(crate) format: Option<Format>,
    /// Write a PNG of the result here too.
    #[arg(long, value_name = "OUT.png")]
    pub(crate) png: Option<PathBuf>,
    /// Print one JSON document (SVG, PNG in base64, metadata) on standard output in place of the
    /// picture.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress and do not tell what was made; what is less than asked for is told all the
    /// same.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How the SVG is written; none of it changes the picture.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How the SVG is written")]
pub(crate) struct Form {
    /// Begin every id with this, e.g. "fox-"; without it, ids that are referred to end in a hash of
    /// the content, so that several results can stand in one page.
    #[arg(long, value_name = "PREFIX", value_parser = |text: &str| text.parse::<IdPrefix>())]
    id_prefix: Option<IdPrefix>,
    /// Write absolute coordinates, without transforms on groups.
    #[arg(long)]
    flatten_transforms: bool,
    /// Which elements shapes are: keep, primitives (rect, circle, line, polygon where one fits), or
    /// paths (nothing else).
    #[arg(long, value_name = "FORM", default_value_t, value_parser = |text: &str| text.parse::<ShapeForm>())]
    shapes: ShapeForm,
    /// What strokes are: keep, or outline (filled areas, for cutters and lasers).
    #[arg(long, value_name = "FORM", default_value_t, value_parser = |text: &str| text.parse::<StrokeForm>())]
    strokes: StrokeForm,
    /// How layers are marked: inkscape (with labels), or plain (as groups with ids).
    #[arg(long, value_name = "FORM", default_value_t, value_parser = |text: &str| text.parse::<LayerForm>())]
    layers: LayerForm,
    /// Leave out indentation, metadata and labels.
    #[arg(long)]
    minify: bool,
}

impl From<Form> for OutputOptions {
    fn from(form: Form) -> Self {
        Self {
            id_prefix: form.id_prefix,
            flatten_transforms: form.flatten_transforms,
            shapes: form.shapes,
            strokes: form.strokes,
            layers: form.layers,
            minify: form.minify,
        }
    }
}

/// What a result may cost.
#[derive(Debug, Args)]
pub(crate) struct Effort {
    /// Varies the arrangement; the same seed gives the same result.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Answer within this time, e.g. 10s, 500ms, 2m; without it, the configuration's
    /// server.default_deadline_ms.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// Effort: auto, high, medium, low or minimal.
    #[arg(long, default_value = "auto", value_parser = |text: &str| text.parse::<LevelChoice>())]
    pub(crate) level: LevelChoice,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// How jobs arrive: poisson, bursty, diurnal, or a file with a JSON object on each line, such
    /// as {"at": 0.5, "deadline_ms": 3000}.
    #[arg(long, default_value = "poisson")]
    pub(crate) trace: PathBuf,
    /// Jobs a second on the mean.
    #[arg(long, default_value_t = 8.0, value_parser = positive)]
    pub(crate) rate: f64,
    /// How many jobs.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) jobs: u32,
    /// The time that each job has.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration)]
    pub(crate) deadline: Duration,
    /// How many clients send them.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) clients: u32,
    /// Cores of the machine, or of each.
    #[arg(long, default_value_t = 2.0, value_parser = positive)]
    pub(crate) cores: f64,
    /// How many machines of a cluster share the jobs; without, one that has them all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) nodes: Option<u32>,
    /// Share of the machines that dies for good when half of the jobs have arrived.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share, requires = "nodes")]
    pub(crate) node_faults: f64,
    /// A model serves stage 1, in so much time; calls share a GPU for a quarter of it.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) model: Option<Duration>,
    /// Shares of the model's calls that fail, never answer, and answer with garbage.
    #[arg(long, value_name = "F,S,G", default_value = "0,0,0", value_parser = shares)]
    pub(crate) faults: [f64; 3],
    /// The strategies to compare: milp, greedy, fifo, static.
    #[arg(long, value_delimiter = ',', default_value = "milp,greedy,fifo,static", value_parser = strategy)]
    pub(crate) strategies: Vec<Strategy>,
    /// Varies everything that is left to chance.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Print one JSON document in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a chart here.
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (1e-6..=1e6).contains(number))
        .ok_or_else(|| "give a number above 0, 1000000 at the most".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "give a share from 0 to 1".to_owned())
}

fn shares(text: &str) -> Result<[f64; 3], String> {
    let shares: Vec<f64> = text
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| "give three shares such as 0.2,0.1,0.1".to_owned())?;
    let is_valid = shares.iter().all(|share| *share >= 0.0) && shares.iter().sum::<f64>() <= 1.0;
    <[f64; 3]>::try_from(shares)
        .ok()
        .filter(|_| is_valid)
        .ok_or_else(|| "give three shares such as 0.2,0.1,0.1, 1 in all at the most".to_owned())
}

fn strategy(text: &str) -> Result<Strategy, String> {
    let all = Strategy::ALL.into_iter();
    let names: Vec<&str> = all.clone().map(Strategy::name).collect();
    all.clone()
        .find(|strategy| strategy.name() == text)
        .ok_or_else(|| format!("use one of {}", names.join(", ")))
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on, e.g. 127.0.0.1:8080, localhost:8080, or 8080 for that port on
    /// this machine only; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
}

/// Options of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The file, with a line NAME=value for each variable.
    #[arg(value_name = "ENV_FILE")]
    pub(crate) file: PathBuf,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write one page for each command into this folder, which is made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// Options of `isolated-job`, which only the program itself gives.
#[derive(Debug, Args)]
pub(crate) struct IsolatedJob {
    /// What the process may use.
    #[arg(long)]
    pub(crate) limits: ProcessLimits,
    /// The process that started it, with which it ends.
    #[arg(long)]
    pub(crate) parent: u32,
    /// A way to die, for tests.
    #[cfg(debug_assertions)]
    #[arg(long)]
    pub(crate) fault: Option<crate::isolated::Fault>,
}

/// Width and height with an x between them.
pub(crate) fn canvas(text: &str) -> Result<chat2svg_protocol::CanvasSize, String> {
    let sides = text
        .split_once(['x', 'X', '×'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = sides.ok_or("give width and height in pixels, e.g. 512x512")?;
    chat2svg_protocol::CanvasSize::new(width, height).map_err(|error| error.to_string())
}

/// A number with a unit (ms, s, m, min, h, d), or of seconds without.
fn duration(text: &str) -> Result<Duration, String> {
    let number_end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let scale = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err("give a time such as 10s, 500ms or 2m".to_owned()),
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * scale).ok())
        .ok_or_else(|| "give a time such as 10s, 500ms or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        for wrong in ["", "soon", "-3s", "10 parsecs", "1e400h", "1.2.3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn canvas_sizes_are_bounded() {
        assert_eq!(
            canvas("640x480").map(|size| (size.width(), size.height())),
            Ok((640, 480))
        );
        for wrong in ["640", "0x10", "99999x10", "axb", "-1x5"] {
            assert!(canvas(wrong).is_err(), "{wrong}");
        }
    }
}
