//! The scripts of the original Chat2SVG, both ways: our stages work in the folders of its scripts,
//! and its stages can serve our jobs.
//!
//! For the first, what is here is pure, or reads a small file: where files are ([`Layout`]),
//! whether one that is there can be used ([`Case`]), in which form the original hands drawings on
//! ([`dialect`]), which pictures are among its working papers ([`papers`]), and what it takes from
//! its surroundings ([`surroundings`]). For the second there are backends ([`ScriptComposer`],
//! [`ScriptDetailer`], [`ScriptFitter`]) that start its scripts ([`Scripts`]).

#![forbid(unsafe_code)]

pub mod dialect;
mod flags;
mod layout;
pub mod papers;
mod record;
pub mod surroundings;
mod target;
mod theirs;

pub use flags::{Meaningless, without_meaning};
pub use layout::{Layout, Product, Segmentation, mask_name};
pub use record::{
    Case, Found, Parameter, Record, Records, Verdict, print_of, read_config, write_config,
};
pub use target::{InvalidTarget, TargetName, is_plain};
pub use theirs::{ScriptComposer, ScriptDetailer, ScriptFitter, Scripts, ScriptsConfig, Timeouts};
