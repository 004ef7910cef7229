//! What can be wrong with a scene or an image.

use thiserror::Error;

/// Why a scene cannot be rendered or differentiated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SceneError {
    /// A side is above [`MAX_SIDE`](crate::MAX_SIDE).
    #[error(
        "canvas of {width}×{height} px is too large: no side may exceed {} px",
        crate::MAX_SIDE
    )]
    CanvasTooLarge {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// The view's scale is not positive, or the view is not finite.
    #[error("the view must be finite with a positive scale")]
    BadView,
    /// A number is NaN or infinite.
    #[error("{place} {index} holds a number that is NaN or infinite")]
    NotFinite {
        /// What kind of thing holds it.
        place: &'static str,
        /// Which one.
        index: usize,
    },
    /// A coordinate is above [`MAX_COORDINATE`](crate::MAX_COORDINATE) pixels.
    #[error(
        "{place} {index} has a coordinate beyond ±{:e} px",
        crate::MAX_COORDINATE
    )]
    CoordinateTooLarge {
        /// What kind of thing holds it.
        place: &'static str,
        /// Which one.
        index: usize,
    },
    /// Verbs and points do not fit together.
    #[error(
        "the outline of {place} {index} is malformed: subpaths must start with Move and the verbs take exactly the points given"
    )]
    BadOutline {
        /// What kind of thing holds it.
        place: &'static str,
        /// Which one.
        index: usize,
    },
    /// Width or miter limit is not usable.
    #[error("the stroke of node {node} has a width or miter limit that is not finite or too large")]
    BadStroke {
        /// Index of the node.
        node: usize,
    },
    /// A gradient has no colours.
    #[error("a gradient of node {node} has no stops; give it at least one")]
    NoStops {
        /// Index of the node.
        node: usize,
    },
    /// A group refers to a clip that is not there.
    #[error("node {node} refers to clip {clip}, which does not exist")]
    UnknownClip {
        /// Index of the node.
        node: usize,
        /// The missing clip.
        clip: usize,
    },
    /// Pushes and pops do not match.
    #[error("every Push needs exactly one later Pop")]
    UnbalancedGroups,
    /// Flattening would make more line segments than are supported.
    #[error(
        "the scene flattens to more than {limit} line segments; simplify it or render it smaller"
    )]
    TooComplex {
        /// The limit.
        limit: usize,
    },
    /// An image does not have the scene's size.
    #[error(
        "the image is {got_width}×{got_height} px, the scene {width}×{height} px; resize one of them"
    )]
    SizeMismatch {
        /// Width of the scene.
        width: u32,
        /// Height of the scene.
        height: u32,
        /// Width of the image.
        got_width: u32,
        /// Height of the image.
        got_height: u32,
    },
}
