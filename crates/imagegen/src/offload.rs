//! Work on large answers, away from the thread that waits for many.

use chat2svg_protocol::{CallFailure, Fault};

/// Does a piece of work of some milliseconds on a thread for such things.
///
/// # Errors
/// The work's own, and when it panics.
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CallFailure> + Send + 'static,
) -> Result<T, CallFailure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            let reason = format!("the answer could not be read: {error}");
            Err(CallFailure::new(Fault::Provider, reason))
        })
}
