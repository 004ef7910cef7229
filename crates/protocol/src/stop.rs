//! How a service's cancellation reaches work that knows no runtime.

use chat2svg_stop::Stop;
use tokio_util::sync::CancellationToken;

/// Stops work once a token is cancelled.
pub fn stop_of(cancel: &CancellationToken) -> Stop {
    let cancel = cancel.clone();
    Stop::when(move || cancel.is_cancelled())
}
