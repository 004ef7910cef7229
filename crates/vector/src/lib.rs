//! The SVG document: parse, sanitise, normalise, edit, write, render, measure.

#![forbid(unsafe_code)]
