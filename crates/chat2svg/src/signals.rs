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

/// Has a write beyond the limit of a file's size fail, where the system would end the process
/// without a word.
#[cfg(unix)]
pub(crate) fn outlive_file_size_limit() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // That somebody listens stays so until the process ends.
    runtime.block_on(async { signal(kind).map(drop) })
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn outlive_file_size_limit() -> std::io::Result<()> {
    Ok(())
}
