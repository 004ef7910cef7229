//! Checks the fields that requests have in common, and gathers what is wrong with them.

use std::{fmt::Display, str::FromStr};

use chat2svg_palette::{Palette, PaletteError};
use chat2svg_protocol::{
    ByteBudget, ColorLimit, FitLimits, FitLook, JobOptions, OutputOptions, PathBudget, Prompt,
    ValueError, Wishes,
};

use serde::{Deserialize, Serialize};

use crate::{
    config::WebConfig,
    problem::{FieldError, Problem},
};

/// Gathers refused fields, so that a caller learns of all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Vec<FieldError>);

impl Refusals {
    /// Notes that a field is refused.
    pub(crate) fn refuse(&mut self, field: &str, detail: impl Display) {
        self.0.push(FieldError {
            field: field.to_owned(),
            detail: detail.to_string(),
        });
    }

    /// The value, unless it is refused.
    pub(crate) fn check<T, E: Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error)).ok()
    }

    /// Notes the fields that a problem names.
    pub(crate) fn take(&mut self, problem: Problem) {
        self.0.extend(problem.errors);
    }

    /// Notes what others noted.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The refusals, if there are any.
    pub(crate) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

impl From<Refusals> for Problem {
    fn from(refusals: Refusals) -> Self {
        Self::fields(refusals.0)
    }
}

/// What all kinds of jobs share, not yet checked.
#[derive(Debug, Default)]
pub(crate) struct RawOptions<'a> {
    pub(crate) seed: Option<u64>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) level: Option<&'a str>,
    pub(crate) priority: Option<&'a str>,
    pub(crate) palette: Option<Result<Palette, PaletteError>>,
    pub(crate) strict_palette: Option<bool>,
    pub(crate) output: RawOutput<'a>,
    pub(crate) webhook: Option<&'a str>,
}

/// How the result is to be written, not yet checked.
#[derive(Debug, Default)]
pub(crate) struct RawOutput<'a> {
    pub(crate) id_prefix: Option<&'a str>,
    pub(crate) flatten_transforms: Option<bool>,
    pub(crate) shapes: Option<&'a str>,
    pub(crate) strokes: Option<&'a str>,
    pub(crate) layers: Option<&'a str>,
    pub(crate) minify: Option<bool>,
}

impl RawOutput<'_> {
    /// The options; refused ones have their default and are noted.
    fn check(&self, refusals: &mut Refusals) -> OutputOptions {
        OutputOptions {
            id_prefix: parsed("id_prefix", self.id_prefix, refusals),
            flatten_transforms: self.flatten_transforms.unwrap_or_default(),
            shapes: parsed("shapes", self.shapes, refusals).unwrap_or_default(),
            strokes: parsed("strokes", self.strokes, refusals).unwrap_or_default(),
            layers: parsed("layers", self.layers, refusals).unwrap_or_default(),
            minify: self.minify.unwrap_or_default(),
        }
    }
}

/// The value of a field that was given and is not refused.
fn parsed<T>(field: &str, text: Option<&str>, refusals: &mut Refusals) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    text.and_then(|text| refusals.check(field, text.parse::<T>()))
}

impl RawOptions<'_> {
    /// The options; refused ones have their default and are noted.
    pub(crate) fn check(self, config: &WebConfig, refusals: &mut Refusals) -> JobOptions {
        let palette = self
            .palette
            .and_then(|read| refusals.check("palette", read));
        let is_strict = self.strict_palette.unwrap_or_default();
        let palette = palette.map(|palette| palette.strict(is_strict));
        let deadline_ms = self.deadline_ms.unwrap_or(config.default_deadline_ms);
        if !(WebConfig::MIN_DEADLINE_MS..=config.max_deadline_ms).contains(&deadline_ms) {
            refusals.refuse(
                "deadline_ms",
                format!(
                    "a deadline must be {} to {} ms, {deadline_ms} was given",
                    WebConfig::MIN_DEADLINE_MS,
                    config.max_deadline_ms
                ),
            );
        }
        let level = parsed("level", self.level, refusals);
        let priority = parsed("priority", self.priority, refusals);
        JobOptions {
            seed: self.seed.unwrap_or_default(),
            deadline_ms,
            level: level.unwrap_or_default(),
            priority: priority.unwrap_or_default(),
            palette,
            output: self.output.check(refusals),
            webhook: parsed("webhook", self.webhook, refusals)
                .and_then(|url| refusals.check("webhook", config.may_tell(&url).map(|()| url))),
        }
    }
}

/// Colours as a list, or as a text with commas between them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list of colours, or a text with commas between them"
)]
pub(crate) enum ColorList {
    /// A list.
    List(Vec<String>),
    /// A text.
    Text(String),
}

impl ColorList {
    /// The palette of these colours.
    pub(crate) fn palette(&self) -> Result<Palette, PaletteError> {
        match self {
            Self::List(colors) => Palette::parse(colors, false),
            Self::Text(text) => text.parse(),
        }
    }
}

/// What a vectorised picture is to be made of, not yet checked.
#[derive(Debug, Default)]
pub(crate) struct RawLook {
    pub(crate) max_colors: Option<Result<ColorLimit, ValueError>>,
    pub(crate) gradients: Option<bool>,
    pub(crate) small_shapes: Option<bool>,
}

impl RawLook {
    /// What makes sense; what does not has its default and is noted.
    pub(crate) fn check(self, has_palette: bool, refusals: &mut Refusals) -> FitLook {
        if has_palette && self.max_colors.is_some() {
            refusals.refuse(
                "max_colors",
                "a palette says how many colours there are: give one or the other",
            );
        }
        FitLook {
            gradients: self.gradients.unwrap_or(true),
            small_shapes: self.small_shapes.unwrap_or(true),
            colors: self
                .max_colors
                .and_then(|read| refusals.check("max_colors", read)),
        }
    }
}

/// What is wished for beside a prompt; refused wishes have their default and are noted.
pub(crate) fn read_wishes(
    kind: Option<&str>,
    negative: Option<&str>,
    limits: FitLimits,
    config: &WebConfig,
    refusals: &mut Refusals,
) -> Wishes {
    let negative = negative.filter(|text| !text.trim().is_empty());
    Wishes {
        kind: parsed("kind", kind, refusals).unwrap_or_default(),
        negative: negative.and_then(|text| {
            refusals.check("negative", Prompt::parse(text, config.max_prompt_chars))
        }),
        limits,
    }
}

/// What the limits of a result are called in requests.
pub(crate) const LIMITS: (&str, &str) = ("max_paths", "max_bytes");

/// The size limits of a result, as far as they are given; the names are those of their fields.
pub(crate) fn check_limits(
    (of_paths, of_bytes): (&str, &str),
    paths: Option<u32>,
    bytes: Option<u32>,
    refusals: &mut Refusals,
) -> FitLimits {
    FitLimits {
        paths: paths.and_then(|paths| refusals.check(of_paths, PathBudget::new(paths))),
        bytes: bytes.and_then(|bytes| refusals.check(of_bytes, ByteBudget::new(bytes))),
    }
}
