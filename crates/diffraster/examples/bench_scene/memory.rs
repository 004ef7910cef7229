//! The resident memory of this process, where the system tells it.

/// What `work` makes resident at most, in KiB, and its result.
///
/// It runs on a thread of its own, whose heap is a fresh one, after the peak so
/// far has been forgotten: neither memory that was freed before nor a peak of
/// earlier work can hide or add anything. The program's pages that it is the
/// first to touch do count.
pub(crate) fn growth<T: Send>(work: impl FnOnce() -> T + Send) -> (u64, T) {
    let measured = || {
        // Asking takes memory, too.
        resident();
        forget_peak();
        let before = resident();
        let result = work();
        (peak().saturating_sub(before), result)
    };
    std::thread::scope(|scope| match scope.spawn(measured).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Resident memory in KiB now; 0 where it cannot be told.
fn resident() -> u64 {
    field("VmRSS:")
}

/// The most there was since the start, or since [`forget_peak`], in KiB.
pub(crate) fn peak() -> u64 {
    field("VmHWM:")
}

/// Where that cannot be done, the peak stays what it was.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn field(name: &str) -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| {
            let line = s.lines().find(|l| l.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}
