//! The SVG document: parse, sanitise, normalise, edit, write, render, measure.
//!
//! A [`Document`] is a tree of named groups and shapes whose geometry is already absolute curves, so
//! that every stage can edit it without knowing SVG. This crate knows nothing of actors, jobs or
//! fitting.

#![forbid(unsafe_code)]

mod document;
mod paint;
mod raster;

pub use document::{
    ClipPath, Credit, Document, Fill, FillRule, Group, LineCap, LineJoin, Metadata, Node, Shape,
    Stroke,
};
pub use paint::{Color, LinearGradient, Paint, RadialGradient, Spread, Stop};
pub use raster::{Raster, RasterError};
