//! What the search for moves works on, and what it knows of the document as it stands.

use chat2svg_stop::Stop;

use super::{
    areas::Areas,
    id_buffer::IdBuffer,
    tie_break::Appearances,
    view::{Closer, View},
};

/// What the search works on.
pub(super) struct Search<'a> {
    pub(super) areas: &'a Areas,
    /// The target at the size of the regions' picture.
    pub(super) fine: &'a View<'a>,
    /// The target at the size at which guesses are tried.
    pub(super) rough: &'a View<'a>,
    /// The target at the sizes at which places are made exact.
    pub(super) closer: &'a Closer<'a>,
    /// Most moves that are made.
    pub(super) most_moves: usize,
    /// Says when to end.
    pub(super) stop: &'a Stop,
}

/// What the search knows of the document as it stands.
pub(super) struct State {
    pub(super) seen: IdBuffer,
    pub(super) appearances: Appearances,
    /// Of each shape the region that shows it where it is; `None` for those that may have moved.
    pub(super) settled: Vec<Option<usize>>,
    /// The document's picture at the size of the regions'.
    pub(super) picture: Vec<[f32; 3]>,
}
