//! From a noun to a picture: the emoji collection, the generators, and a library of the user's own.

pub(crate) mod library;
mod metadata;
pub(crate) mod pictures;

use std::borrow::Cow;
use std::sync::Arc;

pub use library::{ArtLibrary, LibraryEntry, LibraryError, LibraryLimits, LibraryWarning};

use super::language::lexicon::{self, Lexicon, Senses};
use super::scene::ArtReference;
use pictures::Picture;

/// Which picture is taken when both the built-in collections and the user's library have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precedence {
    /// Built-in pictures first; the library fills the gaps, and goes before mere stand-ins.
    #[default]
    BuiltIn,
    /// The library's pictures that have the noun as their name first, or the name of our own
    /// drawing for it; those that only have it as a keyword fill the gaps.
    Library,
}

/// The words that the composer knows and the pictures that it can draw.
#[derive(Clone)]
pub struct Vocabulary {
    lexicon: &'static Lexicon,
    library: Option<Arc<ArtLibrary>>,
    precedence: Precedence,
}

impl Vocabulary {
    /// The built-in words and pictures. The first call of a process reads the tables
    /// (milliseconds).
    pub fn builtin() -> Self {
        Self {
            lexicon: lexicon::builtin(),
            library: None,
            precedence: Precedence::default(),
        }
    }

    /// The same with a library of the user's beside it.
    pub fn with_library(library: Arc<ArtLibrary>, precedence: Precedence) -> Self {
        Self {
            library: Some(library),
            precedence,
            ..Self::builtin()
        }
    }

    /// The library beside the built-in pictures, if any.
    pub(crate) fn library(&self) -> Option<&ArtLibrary> {
        self.library.as_deref()
    }

    /// The senses of a phrase in lower case, words separated by single spaces.
    pub(super) fn senses(&self, phrase: &str) -> Option<Cow<'static, Senses>> {
        let known = self.lexicon.get(phrase);
        let built_in = known.and_then(|senses| senses.picture.as_ref());
        let Some((picture, by_name)) = self.of_library(phrase, built_in) else {
            return known.map(Cow::Borrowed);
        };
        let library_goes_first = match self.precedence {
            Precedence::BuiltIn => built_in.is_none_or(|picture| picture.stand_in),
            Precedence::Library => by_name || built_in.is_none_or(|picture| picture.stand_in),
        };
        // Words of grammar keep their meaning, whatever a file is called.
        let is_plain_noun = known.is_none_or(|senses| senses.picture.is_some());
        if !library_goes_first || !is_plain_noun {
            return known.map(Cow::Borrowed);
        }
        let mut senses = known.cloned().unwrap_or_default();
        senses.picture = Some(picture);
        Some(Cow::Owned(senses))
    }

    /// The library's picture for a noun, and whether it goes by its name: the noun itself, or what
    /// our own drawing for the noun is called. A `table.svg` of the user's is also the desk that we
    /// draw as a table.
    fn of_library(&self, phrase: &str, built_in: Option<&Picture>) -> Option<(Picture, bool)> {
        let library = self.library.as_ref()?;
        let art = |entry: usize, name: &str| ArtReference::Library {
            entry,
            name: library
                .entry(entry)
                .map_or_else(|| name.to_owned(), |found| found.name.clone()),
        };
        let found = library.find(phrase);
        if let Some((entry, true)) = found {
            return Some((Picture::of(art(entry, phrase)), true));
        }
        if self.precedence == Precedence::Library
            && let Some(picture) = built_in
            && let ArtReference::Generated { generator } = picture.art.as_ref()
            && let name = generator.replace('-', " ")
            && let Some((entry, true)) = library.find(&name)
        {
            let replaced = Picture {
                art: Arc::new(art(entry, &name)),
                ..picture.clone()
            };
            return Some((replaced, true));
        }
        found.map(|(entry, by_name)| (Picture::of(art(entry, phrase)), by_name))
    }

    /// How many words the longest phrase that begins with a word has; 0 when none does.
    pub(super) fn longest_from(&self, first: &str) -> usize {
        let library = self
            .library
            .as_ref()
            .map_or(0, |library| library.longest_from(first));
        self.lexicon.longest_from(first).max(library)
    }
}
