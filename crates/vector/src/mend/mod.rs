//! Mending what models and people write wrong, as far as it is clear what was meant.
//!
//! A file that is well-formed XML never comes through [`scan`]; only what the strict reader refuses
//! does: the scanner finds the drawing in what stands around it and writes it again as well-formed
//! XML. Names ([`names`]), values ([`values`]) and path data ([`path`]) are mended by the reader,
//! where they are not understood. All of it is linear in the text, and each mend is reported with
//! its place.

mod lexer;
mod locate;
mod names;
mod path;
mod positions;
mod scan;
mod spaces;
mod values;

use serde::{Deserialize, Serialize};

pub(crate) use lexer::hides_tag;
pub(crate) use names::Speller;
pub(crate) use path::{Surroundings, looks_like_path, mend_path, mend_points};
pub(crate) use positions::{SourceMap, positions};
pub(crate) use scan::{drawings, well_formed};
pub(crate) use spaces::plain_spaces;
pub(crate) use values::mend_value;

/// A place in the text that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// Kinds of faults that are mended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// Text around the drawing, left out.
    Surroundings,
    /// Several drawings, of which one is taken.
    Choice,
    /// A drawing written as text inside JSON or HTML, whose escapes are undone.
    Escapes,
    /// Elements without an `<svg>` around them, which is put there.
    Root,
    /// An element that was not closed, closed.
    Unclosed,
    /// An end tag that belongs to nothing, left out.
    EndTag,
    /// `<` or `>` that was missing, put in.
    Bracket,
    /// A quote that was missing, put in.
    Quote,
    /// Characters that have no place in a tag, left out.
    StrayCharacters,
    /// `&` as itself, or an entity of HTML, written out.
    Entity,
    /// An attribute that an element has twice; the first stands.
    RepeatedAttribute,
    /// An attribute without a value, left out.
    NoValue,
    /// A last tag that the end of the text cuts off, left out.
    CutOff,
    /// A misspelt name of an element, corrected.
    ElementName,
    /// A misspelt name of an attribute, corrected.
    AttributeName,
    /// A well-known prefix that was not declared, taken for what it usually means.
    Prefix,
    /// An id that another element has already; references mean the first.
    RepeatedId,
    /// A colour written in another way than SVG's, rewritten.
    Color,
    /// A unit that does not belong to the number, left out or converted.
    Unit,
    /// A transform written in another way than SVG's, rewritten.
    Transform,
    /// Separators in path data or lists of points that do not belong there, replaced.
    PathSeparators,
    /// Letters that are no path commands, replaced by those that their numbers and the shape ask
    /// for.
    PathCommands,
    /// Path data that ends in an error, drawn up to there.
    PathCutOff,
}

impl Mend {
    /// Whether the picture may differ from what was meant: something was lost or guessed.
    pub(crate) fn is_guess(self) -> bool {
        matches!(
            self,
            Self::Choice | Self::CutOff | Self::PathCommands | Self::PathCutOff
        )
    }

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Surroundings => "text around the drawing is left out",
            Self::Choice => "of several drawings the last whole one is taken",
            Self::Escapes => "the drawing is written as text of another format; it is decoded",
            Self::Root => "there was no <svg> around the elements; one is put there",
            Self::Unclosed => "the element was not closed and is closed",
            Self::EndTag => "the end tag belongs to no element and is left out",
            Self::Bracket => "a bracket was missing and is put in",
            Self::Quote => "a quote was missing and is put in",
            Self::StrayCharacters => "characters that have no place in a tag are left out",
            Self::Entity => "& stood for itself, or for an entity of HTML; it is written out",
            Self::RepeatedAttribute => "the attribute was there twice; the first stands",
            Self::NoValue => "an attribute without a value is left out",
            Self::CutOff => "the text ends inside this tag, which is left out",
            Self::ElementName => "the element's name was misspelt and is corrected",
            Self::AttributeName => "the attribute's name was misspelt and is corrected",
            Self::Prefix => "the prefix was not declared; it is taken for what it usually means",
            Self::RepeatedId => "several elements have this id; references mean the first",
            Self::Color => "the colour was not written as in SVG and is rewritten",
            Self::Unit => "the unit does not belong there; it is left out or converted",
            Self::Transform => "the transform was not written as in SVG and is rewritten",
            Self::PathSeparators => "separators that do not belong among coordinates are replaced",
            Self::PathCommands => {
                "letters that are no path commands are replaced by those that fit their numbers"
            }
            Self::PathCutOff => "path data is drawn up to an error in it",
        }
    }
}
