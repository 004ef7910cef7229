//! What was left out or changed while reading, for people to see.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::printable::printable;
use crate::mend::{Mend, Position, SourceMap, positions};

/// Most different warnings that are kept apart.
const MAX_WARNINGS: usize = 100;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 60;
/// Most positions that are kept of a warning.
const MAX_POSITIONS: usize = 16;

/// Something that was left out or changed while reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind of thing, and what was done about it.
    pub kind: WarningKind,
    /// What it was: the name of an element, attribute, font or the like.
    pub subject: String,
    /// How often it occurred.
    pub count: usize,
    /// Where it was mended, the first few times; empty for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<Position>,
}

/// Kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A script, removed.
    Script,
    /// An event handler, removed.
    EventHandler,
    /// A reference to something outside the document, removed.
    ExternalReference,
    /// A picture of pixels inside the file: removed, or one rectangle in its mean colour.
    Image,
    /// Embedded content of another kind (`foreignObject`), removed.
    ForeignContent,
    /// An animation, removed; the still picture remains.
    Animation,
    /// An element that is not on the list, removed with its content.
    Element,
    /// An attribute that is not on the list, removed.
    Attribute,
    /// A CSS property that is not on the list, removed.
    Property,
    /// A value with escapes or unknown functions, removed.
    Value,
    /// An at-rule of a style sheet that is not understood, removed with what it holds.
    StyleRule,
    /// A selector that is not understood; its rule does not apply.
    Selector,
    /// A value that is none of those that its property takes; the property is not set.
    Unreadable,
    /// A property that a document cannot honour, left out or drawn as near as it can be.
    Presentation,
    /// Data of an editor or another vocabulary, removed.
    EditorData,
    /// A reference that leads back to itself, removed.
    Circular,
    /// A mask that is no clip path and no fading, removed; what it covered is painted whole.
    Mask,
    /// A filter with a primitive that shapes cannot show, removed; what it changed is painted
    /// plain.
    Filter,
    /// An effect that is drawn as near to it as shapes can come.
    Approximated,
    /// A blend mode, replaced by normal painting.
    BlendMode,
    /// A pattern of very many tiles, replaced by its mean colour.
    Pattern,
    /// A clip path of shapes that cross or are clipped themselves, joined to one outline.
    ClipPath,
    /// A font that is not there, replaced by another.
    Font,
    /// Bytes that the text's encoding does not have, or an encoding that is not known.
    Encoding,
    /// Characters that the font lacks, left out; their place stays empty.
    Character,
    /// A line of too many dashes, painted solid at their mean opacity.
    Dashes,
    /// A view box far from 0,0: coordinates count from its corner now.
    Origin,
    /// A word for what something is that is not in the vocabulary, left out.
    Meaning,
    /// The SVG namespace, which was missing and has been assumed.
    Namespace,
    /// Something that was wrong, mended.
    Mended(Mend),
    /// Anything else, once the list is full.
    More,
}

impl WarningKind {
    /// Whether the picture looks different for it. The other kinds are of interest to those who
    /// care what a file tried, or what an editor stored in it.
    pub fn changes_picture(self) -> bool {
        if let Self::Mended(mend) = self {
            return mend.is_guess();
        }
        matches!(
            self,
            Self::ExternalReference
                | Self::Image
                | Self::ForeignContent
                | Self::Animation
                | Self::Value
                | Self::StyleRule
                | Self::Selector
                | Self::Unreadable
                | Self::Presentation
                | Self::Circular
                | Self::Mask
                | Self::Filter
                | Self::Approximated
                | Self::BlendMode
                | Self::Pattern
                | Self::ClipPath
                | Self::Font
                | Self::Encoding
                | Self::Character
                | Self::Dashes
        )
    }

    /// The kind for a property that a reader does not take.
    pub(crate) fn of_property(name: &str) -> Self {
        match name {
            "mask" => Self::Mask,
            "filter" => Self::Filter,
            "mix-blend-mode" => Self::BlendMode,
            "animation" | "animation-name" => Self::Animation,
            _ if changes_picture(name) => Self::Presentation,
            _ => Self::Property,
        }
    }

    /// The kind for an element that is not on the list.
    pub(crate) fn of_element(name: &str) -> Self {
        match name {
            "script" | "handler" | "listener" => Self::Script,
            "image" | "feImage" => Self::Image,
            "foreignObject" | "iframe" | "object" | "embed" | "video" | "audio" => {
                Self::ForeignContent
            }
            "animate" | "animateColor" | "animateMotion" | "animateTransform" | "set" | "mpath" => {
                Self::Animation
            }
            _ => Self::Element,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Script => "scripts are removed",
            Self::EventHandler => "event handlers are removed",
            Self::ExternalReference => "references to the outside are removed",
            Self::Image => {
                "pictures of pixels are not kept; at most their mean colour is painted; vectorize them on their own"
            }
            Self::ForeignContent => "embedded content is removed",
            Self::Animation => "animations are removed; the still picture remains",
            Self::Element => "the element is not known to be harmless and is removed",
            Self::Attribute => "the attribute is not known to be harmless and is removed",
            Self::Property => "the CSS property is not known to be harmless and is removed",
            Self::Value => "the value is not known to be harmless and is removed",
            Self::StyleRule => "the at-rule is not understood; what it holds does not apply",
            Self::Selector => "the selector is not understood; its rule does not apply",
            Self::Unreadable => "the value cannot be read; the property is not set",
            Self::Presentation => "this cannot be honoured and is left out or drawn nearly so",
            Self::EditorData => "data of editors and other vocabularies is removed",
            Self::Circular => "a reference that leads back to itself is removed",
            Self::Mask => "the mask is no clip path and no fading; what it covers is painted whole",
            Self::Filter => "shapes cannot show this filter; what it changes is painted plain",
            Self::Approximated => "drawn as near to it as shapes come",
            Self::BlendMode => "blend modes are not supported; painted normally",
            Self::Pattern => "the pattern has too many tiles; it is painted in its mean colour",
            Self::ClipPath => "overlapping shapes of a clip path are joined to one outline",
            Self::Font => "the font is not there and is replaced by Noto Sans",
            Self::Encoding => {
                "the file's encoding is not known or not kept to; it is read as near to it as can be"
            }
            Self::Character => "the font lacks these characters; they are left out",
            Self::Dashes => {
                "lines of more than 20,000 dashes are painted solid, at the dashes' mean opacity"
            }
            Self::Origin => {
                "a view box so far from 0,0 leaves single precision no fractions; \
                 coordinates count from its corner now"
            }
            Self::Meaning => "the value is not in docs/vocabulary.md and is left out",
            Self::Namespace => "the SVG namespace was missing and is assumed",
            Self::Mended(mend) => mend.sentence(),
            Self::More => "further warnings are not listed",
        }
    }
}

/// Whether a property that does not pass changes what browsers show of a drawing.
fn changes_picture(name: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "mask-",
        "background-",
        "offset-",
        "-webkit-mask",
        "backdrop-",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || matches!(
            name,
            "all"
                | "clip"
                | "content-visibility"
                | "d"
                | "perspective"
                | "transform-style"
                | "zoom"
        )
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.subject)?;
        if self.count > 1 {
            write!(formatter, " (× {})", self.count)?;
        }
        if let Some(Position { line, column }) = self.positions.first() {
            write!(formatter, " at {line}:{column}")?;
        }
        write!(formatter, ": {}", self.kind.sentence())
    }
}

/// Warnings as they are gathered: equal ones are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warnings {
    list: Vec<Warning>,
    /// For each warning the first bytes in the source where something was mended.
    offsets: Vec<Vec<usize>>,
    /// Where the reader is, in bytes of the source.
    here: usize,
    /// From what is being read to the source, the last first.
    maps: Vec<SourceMap>,
}

impl Warnings {
    pub(crate) fn add(&mut self, kind: WarningKind, subject: &str) {
        self.count(kind, subject);
    }

    /// Reports what occurred several times.
    pub(crate) fn add_times(&mut self, kind: WarningKind, subject: &str, times: usize) {
        let index = self.count(kind, subject);
        if let Some(warning) = self.list.get_mut(index) {
            warning.count += times.saturating_sub(1);
        }
    }

    /// Reports that something was mended at the current place.
    pub(crate) fn mend(&mut self, mend: Mend, subject: &str) {
        let index = self.count(WarningKind::Mended(mend), subject);
        let here = self.here;
        if let Some(offsets) = self.offsets.get_mut(index)
            && offsets.len() < MAX_POSITIONS
        {
            offsets.push(here);
        }
    }

    /// Sets the current place, in bytes of what is being read.
    pub(crate) fn go_to(&mut self, offset: usize) {
        let maps = self.maps.iter().rev();
        self.here = maps.fold(offset, |at, map| map.source(at));
    }

    /// What is read inside is rewritten text.
    pub(crate) fn mapped<T>(&mut self, map: &SourceMap, read: impl FnOnce(&mut Self) -> T) -> T {
        self.maps.push(map.clone());
        let out = read(self);
        self.maps.pop();
        out
    }

    /// Finds the lines and columns of the warnings so far.
    pub(crate) fn locate(&mut self, source: &str) {
        let mut ascending: Vec<usize> = self.offsets.iter().flatten().copied().collect();
        ascending.sort_unstable();
        ascending.dedup();
        let found = positions(source, &ascending);
        for (warning, offsets) in self.list.iter_mut().zip(&self.offsets) {
            let place = |offset| {
                let index = ascending.binary_search(offset).ok()?;
                found.get(index).copied()
            };
            warning.positions = offsets.iter().filter_map(place).collect();
            if warning.kind == WarningKind::More {
                warning.positions.clear();
            }
        }
    }

    /// Takes over what was gathered elsewhere.
    pub(super) fn absorb(&mut self, other: Self) {
        for warning in other.list {
            let index = self.count(warning.kind, &warning.subject);
            if let Some(known) = self.list.get_mut(index) {
                known.count += warning.count.saturating_sub(1);
            }
        }
    }

    pub(crate) fn into_list(self) -> Vec<Warning> {
        self.list
    }

    /// Counts one more; returns which warning it is.
    fn count(&mut self, kind: WarningKind, subject: &str) -> usize {
        let is_full = self.list.len() >= MAX_WARNINGS;
        let subject = printable(subject, MAX_SUBJECT);
        let known = self
            .list
            .iter()
            .position(|warning| warning.kind == kind && warning.subject == subject);
        let last = self.list.len().saturating_sub(1);
        match known {
            Some(known) => {
                if let Some(warning) = self.list.get_mut(known) {
                    warning.count += 1;
                }
                known
            }
            None if is_full => match self.list.last_mut() {
                Some(more) if more.kind == WarningKind::More => {
                    more.count += 1;
                    last
                }
                _ => self.push(WarningKind::More, "…".to_owned()),
            },
            None => self.push(kind, subject),
        }
    }

    fn push(&mut self, kind: WarningKind, subject: String) -> usize {
        self.list.push(Warning {
            kind,
            subject,
            count: 1,
            positions: Vec::new(),
        });
        self.offsets.push(Vec::new());
        self.list.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_warnings_are_counted_and_the_list_is_bounded() {
        let mut warnings = Warnings::default();
        warnings.add(WarningKind::Script, "script");
        warnings.add(WarningKind::Script, "script");
        for number in 0..1_000 {
            warnings.add(WarningKind::Attribute, &number.to_string());
        }
        let list = warnings.into_list();
        assert_eq!(list.len(), MAX_WARNINGS + 1);
        assert_eq!(list[0].to_string(), "script (× 2): scripts are removed");
        assert_eq!(list.last().map(|last| last.kind), Some(WarningKind::More));
    }
}
