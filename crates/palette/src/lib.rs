//! Documents and pictures brought to the colours that somebody asks for.
//!
//! A [`Palette`] is a list of colours that is strict (the result has no other) or free (what is
//! near one becomes it). All differences are those of Oklab. [`recolor`] chooses for a drawing
//! which of its colours becomes which of the palette's, so that what could be told apart still can;
//! [`keep_to`] brings what came in later to a strict palette; [`posterize`] does for a picture what
//! `recolor` does for a drawing; [`reduce()`] finds few colours that stand for many, and
//! [`reduce_picture`] paints a picture in few of its own.

#![forbid(unsafe_code)]

mod assign;
mod classes;
mod document;
mod palette;
mod picture;
mod reduce;

pub use document::{keep_to, recolor};
pub use palette::{MAX_COLORS, MIN_COLORS, Palette, PaletteError};
pub use picture::{Reduced, posterize, reduce_picture, reduce_picture_to_few};
pub use reduce::{Swatch, reduce};
