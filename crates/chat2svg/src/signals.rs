//! How the process is told to end.

/// Waits until the user or the system wants the process to end; answers the signal's name.
///
/// # Errors
/// When signals cannot be listened for.
#[cfg(unix)]
pub(crate) async fn stop_signal() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Waits until the user or the system wants the process to end; answers the signal's name.
///
/// # Errors
/// When signals cannot be listened for.
#[cfg(not(unix))]
pub(crate) async fn stop_signal() -> anyhow::Result<&'static str> {
    tokio::signal::ctrl_c().await?;
    Ok("Ctrl-C")
}
