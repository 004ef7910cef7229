//! The chat2svg program: command line, start-up, supervision and wiring.

fn main() {}
