//! The place in line of a backend that cannot be reached from this process.

use std::time::Duration;

use chat2svg_protocol::{BackendId, CallFailure, Fault};
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{Backend, StageRun};

/// Stands where a backend would that this process cannot reach, so that jobs say that it was left
/// out. It is never called.
pub struct Absent<R> {
    id: BackendId,
    reason: String,
    takes: fn(&R) -> bool,
}

impl<R: StageRun> Absent<R> {
    /// The place of the backend `id`, which works on the runs that `takes` says. `reason` tells
    /// people why it is left out.
    pub fn new(id: BackendId, reason: impl Into<String>, takes: fn(&R) -> bool) -> Self {
        Self {
            id,
            reason: reason.into(),
            takes,
        }
    }
}

impl<R: StageRun> Backend<R> for Absent<R> {
    fn id(&self) -> BackendId {
        self.id.clone()
    }

    fn takes(&self, run: &R) -> bool {
        (self.takes)(run)
    }

    fn absence(&self) -> Option<String> {
        Some(self.reason.clone())
    }

    fn reserve(&self, _: &R) -> Duration {
        Duration::ZERO
    }

    fn serve(&self, _: R) -> BoxFuture<'static, Result<R::Output, CallFailure>> {
        let failure = CallFailure::new(Fault::Provider, self.reason.clone());
        std::future::ready(Err(failure)).boxed()
    }
}
