//! What a picture is to be, and what must not be in it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Background, FitLimits, Prompt, ValueError};

/// What a picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PictureKind {
    /// A scene with surroundings.
    #[default]
    Illustration,
    /// Things alone, without landscape and ground.
    Icon,
    /// A mark, without landscape and ground.
    Logo,
    /// A motif again and again over the whole canvas.
    Pattern,
}

impl PictureKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Illustration, Self::Icon, Self::Logo, Self::Pattern];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Illustration => "illustration",
            Self::Icon => "icon",
            Self::Logo => "logo",
            Self::Pattern => "pattern",
        }
    }
}

impl fmt::Display for PictureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for PictureKind {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let name = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| ValueError::UnknownName {
                what: "kind of picture",
                found: text.chars().take(40).collect(),
                allowed: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// What is wished for beside a prompt. Stage 1 reads kind and things in words, with the prompt, so
/// that the composer and models alike know of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// What the picture is.
    pub kind: PictureKind,
    /// What must not be in it: things, with commas between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<Prompt>,
    /// How large the result may be; what shows least is left out for it.
    #[serde(skip_serializing_if = "FitLimits::is_none")]
    pub limits: FitLimits,
}

impl Wishes {
    /// Whether nothing is wished for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The prompt with the wishes in words.
    pub fn said_in(&self, prompt: &Prompt) -> Prompt {
        let shown = prompt.as_str();
        let mut text = match self.kind {
            PictureKind::Illustration => shown.to_owned(),
            PictureKind::Icon => format!("an icon of {shown}"),
            PictureKind::Logo => format!("a logo of {shown}"),
            PictureKind::Pattern => format!("a pattern of {shown}"),
        };
        let unwanted = self
            .negative
            .as_ref()
            .map(Prompt::as_str)
            .unwrap_or_default();
        for thing in unwanted.split([',', ';', '\n']).map(str::trim) {
            if !thing.is_empty() {
                text.push_str(", without ");
                text.push_str(thing);
            }
        }
        Prompt::parse(&text, usize::MAX).unwrap_or_else(|_| prompt.clone())
    }

    /// What is behind the picture: what was asked for, else nothing for an icon and a logo.
    pub fn background(&self, asked: Option<Background>) -> Option<Background> {
        match self.kind {
            PictureKind::Icon | PictureKind::Logo => asked.or(Some(Background::Transparent)),
            PictureKind::Illustration | PictureKind::Pattern => asked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_said_in_words() {
        let prompt = Prompt::parse("a red fox", 100).unwrap();
        assert_eq!(Wishes::default().said_in(&prompt), prompt);
        let wishes = Wishes {
            kind: PictureKind::Logo,
            negative: Some(Prompt::parse("clouds, birds;", 100).unwrap()),
            ..Wishes::default()
        };
        let said = wishes.said_in(&prompt);
        assert_eq!(
            said.as_str(),
            "a logo of a red fox, without clouds, without birds"
        );
        assert_eq!(wishes.background(None), Some(Background::Transparent));
        assert!("ICON".parse::<PictureKind>().is_ok());
        assert!("poster".parse::<PictureKind>().is_err());
    }
}
