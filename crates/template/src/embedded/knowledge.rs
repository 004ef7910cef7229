//! What the composer knows of the things that it draws, by their names. It puts them by it and
//! colours them by it; the document that it makes says it by the names of layers alone.

use super::layout::{self, sizes};
use super::lookup::pictures;
use super::scene::ArtReference;

pub use super::layout::sizes::Habitat;

/// Every noun of the curated table with its picture, in the table's order; a noun may come more
/// than once.
pub fn nouns() -> impl Iterator<Item = (&'static str, ArtReference)> {
    pictures::curated().map(|(noun, picture)| (noun, ArtReference::clone(&picture.art)))
}

/// Where the thing of a name is at home; the ground when nothing else is known.
pub fn habitat(name: &str) -> Habitat {
    sizes::habitat(name)
}

/// Whether the thing of a name gives light, and so keeps its colours at night.
pub fn gives_light(name: &str) -> bool {
    layout::gives_light(name)
}
