//! The embedded composer: prompt to layered document with no model attached.

mod scene;

pub use scene::{
    ArtReference, Material, ObjectIndex, Place, Relation, RelationKind, SceneDescription,
    SceneObject, Season, Setting, SizeClass, Stance, Substitute, TimeOfDay, Weather,
};
