//! Stage 2: a richer target picture, and the new shapes found in it.
//!
//! [`enhance()`] is the embedded detailer: it lights the flat scene of stage 1 (inflated forms,
//! contact shadows, air, rim) and gives the document the gradients and shapes that approach the lit
//! picture. [`adopt()`] takes a target from outside: it moves the template's shapes to where the
//! target shows them, repaints them, and makes named shapes of what is new. Neither needs a model,
//! and neither knows of actors; [`EmbeddedDetailer`] is both as a backend. [`ModelDetailer`] has an
//! image model make a target and then does the same. [`DetailActor`] has runs served by a line-up
//! of backends, of which the embedded detailer is the last.

#![forbid(unsafe_code)]

mod actor;
mod additions;
mod adopt;
mod atmosphere;
mod cast_shadow;
mod config;
mod context;
mod detailer;
mod enhance;
mod field;
mod guess;
mod highlight;
#[cfg(test)]
mod joint;
mod light;
mod model;
mod outline;
mod paints;
mod palette;
mod projection;
mod relighting;
mod rim;
mod scene;
mod shading;
mod shadow;
mod silhouette;
mod sticker;
mod texture;
mod visible;

pub use actor::DetailActor;
pub use adopt::{AdoptError, AdoptParameters, Adopted, NewShapes, adopt};
pub use config::{DetailConfig, DetailParameters, Strength, StrengthError};
pub use detailer::EmbeddedDetailer;
pub use enhance::{DetailError, Enhanced, enhance};
pub use model::ModelDetailer;
