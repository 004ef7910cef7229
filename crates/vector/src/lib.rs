//! The SVG document: parse, sanitise, normalise, edit, write, render, measure.
//!
//! A [`Document`] is a tree of named groups and shapes whose geometry is already absolute curves,
//! so that every stage can edit it without knowing SVG. This crate knows nothing of actors, jobs or
//! fitting.

#![forbid(unsafe_code)]

mod averaging;
mod bounds;
mod canvas;
mod clip;
mod codec;
mod compare;
mod css;
mod cut;
mod dashes;
mod document;
mod footprint;
mod meaning;
mod mend;
mod merge;
mod names;
mod outline;
mod paint;
mod perceptual;
mod raster;
mod read;
mod render;
pub mod sanitise;
mod skia;
mod thin;
mod transform;
mod visibility;
mod walk;
mod write;

pub use codec::{DecodeError, DecodeLimits, EncodeError, PictureFormat, PictureHead, Resampling};
pub use compare::SizesDiffer;
pub use dashes::MAX_DASHES;
pub use document::{
    ClipPath, Credit, Document, Drawn, Fill, FillRule, Group, LengthUnit, LineCap, LineJoin,
    Metadata, Node, Shape, Stroke,
};
pub use meaning::{
    Distance, Emission, Gloss, Habitat, Material, Meaning, Origin, Part, Place, Role, Setting,
    TimeOfDay, UnknownName, Weather,
};
pub use mend::{Mend, Position};
pub use merge::Mergeable;
pub use names::{IdPrefix, InvalidIdPrefix, slug};
pub use paint::{Color, GradientStop, LinearGradient, Paint, RadialGradient, Spread};
pub use perceptual::{Oklab, Oklch};
pub use raster::{Raster, RasterError};
pub use read::Parsed;
pub use render::{MAX_DEPTH, MAX_PIXELS, MAX_SIDE, RenderError};
pub use sanitise::{CostBudget, ParseError, ParseLimits, Resource, Warning, WarningKind};
pub use thin::Thinned;
pub use transform::similarity_scale;
pub use visibility::Visibility;
pub use walk::{Counts, ShapeVisit};
pub use write::{ByteCost, ShapeElements, WriteOptions, points_of, snapped_outline};
