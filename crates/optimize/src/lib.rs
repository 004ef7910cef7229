//! Stage 3: budgets and anytime control over the fitter.

#![forbid(unsafe_code)]
