//! What the composer knows of the things that it draws, by their names. It puts them by it, colours
//! them by it, and states it in the documents that it makes.

use super::lookup::pictures;
use super::scene::ArtReference;
use super::things::{self, Trait};

pub use chat2svg_vector::Habitat;

/// Every noun of the table of things with its picture, once, in the table's order.
pub fn nouns() -> impl Iterator<Item = (&'static str, ArtReference)> {
    pictures::of_things().map(|(noun, picture)| (noun, ArtReference::clone(&picture.art)))
}

/// Where the thing of a name and a picture is at home; the ground when nothing else is known.
pub fn habitat(name: &str, art: &ArtReference) -> Habitat {
    things::habitat([things::named(name), things::named(art.name())])
}

/// Whether the thing of a name and a picture gives light, and so keeps its colours at night.
pub fn gives_light(name: &str, art: &ArtReference) -> bool {
    things::has_trait(&things::full_name(name, art.name()), Trait::Shines)
}
