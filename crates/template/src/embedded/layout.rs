//! Layout: where each object stands, how large, and what is painted over what.
//!
//! Objects that a relation ties to another are placed against it; the rest are free. A short
//! annealing over the free positions and the sides chosen minimises a cost: broken relations,
//! things hidden, things over the edge, bad balance. Everything is boxes; nothing is drawn here.

mod anchor;
mod attachment;
mod cost;
mod finish;
mod group;
mod item;
mod links;
mod place;
mod poses;
pub(crate) mod sizes;
mod solve;
mod start;
mod surround;

pub use cost::Violation;
pub(crate) use group::{arrange, extent as group_extent};
pub(crate) use item::{Item, Link, Pose};
pub(crate) use links::links;
pub(crate) use solve::{Solution, solve};
pub(crate) use surround::shape_of;
