//! Whether to go on: asked between pieces of work of a few milliseconds, so that a cancelled stage
//! ends at once. Knows no clock; who asks why is the caller's business.

use chat2svg_vector::RenderError;
use thiserror::Error;

/// Asks the caller whether to stop.
#[derive(Clone, Copy)]
pub(crate) struct Halt<'a>(&'a dyn Fn() -> bool);

/// The caller said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("stopped before there was a result")]
pub(crate) struct Stopped;

impl<'a> Halt<'a> {
    /// Stops once `stop` says so. It is asked often and must be cheap.
    pub(crate) fn when(stop: &'a dyn Fn() -> bool) -> Self {
        Self(stop)
    }

    /// Goes on, or says that the caller wants no more.
    pub(crate) fn check(self) -> Result<(), Stopped> {
        if (self.0)() { Err(Stopped) } else { Ok(()) }
    }

    /// The question itself, for what asks it on its own.
    pub(crate) fn question(self) -> &'a dyn Fn() -> bool {
        self.0
    }
}

impl From<Stopped> for RenderError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// For tests of what is not stopped.
#[cfg(test)]
pub(crate) const GO_ON: Halt<'static> = Halt(&|| false);
