//! The embedded composer: prompt to layered document with no model attached.

mod art;
mod dice;
pub mod generators;
mod scene;

pub use art::{Anchors, Container, Drawing, Span};
pub use scene::{
    ArtReference, Material, ObjectIndex, Place, Relation, RelationKind, SceneDescription,
    SceneObject, Season, Setting, SizeClass, Stance, Substitute, TimeOfDay, Weather,
};
