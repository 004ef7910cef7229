//! The embedded composer: prompt to layered document with no model attached.

mod art;
mod backdrop;
mod compose;
mod dice;
pub mod generators;
mod graphic;
pub mod knowledge;
pub mod language;
mod layers;
mod layout;
mod light;
pub mod lookup;
mod prompt;
mod resolve;
mod scene;
mod setting;
mod style;
mod things;
mod without;

pub use art::{Anchors, Container, Drawing, Span};
pub use compose::{ComposeOptions, Composed, compose, compose_with_library, compose_with_report};
pub use language::understand;
pub use layout::Violation;
pub use lookup::{ArtLibrary, Vocabulary};
pub use prompt::{Composition, NOT_UNDERSTOOD, compose_prompt};
pub use scene::{
    Arrangement, ArtReference, Background, Composite, Material, ObjectIndex, Place, Relation,
    RelationKind, SceneDescription, SceneObject, Season, Setting, SizeClass, Stance, Substitute,
    TimeOfDay, Weather, Without, WithoutKind,
};
pub(crate) use without::leave_out;
