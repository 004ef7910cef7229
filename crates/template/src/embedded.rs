//! The embedded composer: prompt to layered document with no model attached.

mod scene;

pub use scene::{
    ArtReference, Material, ObjectIndex, Place, Relation, RelationKind, SceneDescription,
    SceneObject, Setting, SizeClass, TimeOfDay, Weather,
};
