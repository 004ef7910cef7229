//! The syntax of CSS as far as drawings use it: selectors, conditions, numbers, colours,
//! transforms. What may pass and what applies is decided elsewhere.

pub(crate) mod color;
pub(crate) mod condition;
pub(crate) mod number;
pub(crate) mod selector;
pub(crate) mod transform;
