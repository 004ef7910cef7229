//! Which colours a result has, and how large it may be.

use chat2svg_palette::Palette;
use chat2svg_protocol::{ByteBudget, ColorLimit, FitLimits, FitLook, PathBudget};
use clap::Args;

/// Which colours a result has.
#[derive(Clone, Debug, Args)]
pub(crate) struct Colors {
    /// The colours that the picture is to have, as in CSS, with commas between them: what is near
    /// one of them becomes it.
    #[arg(long, value_name = "COLOURS", value_parser = |text: &str| text.parse::<Palette>())]
    palette: Option<Palette>,
    /// Use no other colours than those of --palette: gradients become bands, and nothing can be
    /// seen through.
    #[arg(long, requires = "palette")]
    strict_palette: bool,
}

impl From<Colors> for Option<Palette> {
    fn from(colors: Colors) -> Self {
        let is_strict = colors.strict_palette;
        colors.palette.map(|palette| palette.strict(is_strict))
    }
}

/// What a vectorised picture is made of.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Look {
    /// How many colours there are: 2 to 64, or "few" for as few as tell things apart; then there
    /// are no gradients, and nothing can be seen through. Without it the picture decides.
    #[arg(long, value_name = "NUMBER", conflicts_with = "palette", value_parser = |text: &str| text.parse::<ColorLimit>())]
    max_colors: Option<ColorLimit>,
    /// Paint without gradients.
    #[arg(long)]
    no_gradients: bool,
    /// Leave out shapes of less than a ten-thousandth of the picture.
    #[arg(long)]
    no_small_shapes: bool,
}

impl From<Look> for FitLook {
    fn from(look: Look) -> Self {
        Self {
            gradients: !look.no_gradients,
            small_shapes: !look.no_small_shapes,
            colors: look.max_colors,
        }
    }
}

/// How large a result may be.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Limits {
    /// The most paths in the result; without it the level decides. Of a composed picture what
    /// shows least is left out.
    #[arg(long, alias = "paths", value_parser = paths)]
    pub(crate) max_paths: Option<PathBudget>,
    /// The most bytes of the SVG; without it each path must be worth its bytes. Of a composed
    /// picture what shows least is left out; paths of a template are kept.
    #[arg(long, alias = "bytes", value_parser = bytes)]
    pub(crate) max_bytes: Option<ByteBudget>,
}

impl From<Limits> for FitLimits {
    fn from(limits: Limits) -> Self {
        Self {
            paths: limits.max_paths,
            bytes: limits.max_bytes,
        }
    }
}

fn paths(text: &str) -> Result<PathBudget, String> {
    let number: u32 = text
        .parse()
        .map_err(|_| format!("give a number from 1 to {}", PathBudget::MAX))?;
    PathBudget::new(number).map_err(|error| error.to_string())
}

fn bytes(text: &str) -> Result<ByteBudget, String> {
    let (least, most) = (ByteBudget::MIN, ByteBudget::MAX);
    let number: u32 = text
        .parse()
        .map_err(|_| format!("give a number from {least} to {most}"))?;
    ByteBudget::new(number).map_err(|error| error.to_string())
}
