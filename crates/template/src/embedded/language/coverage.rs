//! Coverage of the prompt: whether each word that carries meaning was drawn, absorbed into the
//! scene, or not drawn.

/// What became of a word or phrase of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordCoverage {
    /// As it was written.
    pub text: String,
    /// What became of it.
    pub coverage: Coverage,
}

/// What became of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A picture shows it.
    Drawn,
    /// A picture of something near it stands in for it.
    StandIn,
    /// It decides the setting, or how another thing looks.
    Scene,
    /// It only holds the sentence together.
    Grammar,
    /// It could not be drawn.
    Undrawn(Undrawn),
}

/// What kind of word could not be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undrawn {
    /// A thing, or a word that is not known and is taken for one.
    Thing,
    /// A name: a capital in a sentence's middle, and unknown.
    Name,
    /// An idea that has no shape: "freedom".
    Idea,
    /// A quality: "happy".
    Quality,
    /// An action: "reading".
    Action,
    /// A look that no style serves: "oil painting".
    Look,
}

impl WordCoverage {
    /// Whether it told anything of the picture.
    pub fn is_understood(&self) -> bool {
        !matches!(self.coverage, Coverage::Undrawn(_) | Coverage::Grammar)
    }

    pub(super) fn new(text: &str, coverage: Coverage) -> Self {
        Self {
            text: text.to_owned(),
            coverage,
        }
    }
}
