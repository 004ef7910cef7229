//! The resident memory of this process, where the system tells it.

/// Resident memory in KiB now; 0 where it cannot be told.
pub(crate) fn resident() -> u64 {
    field("VmRSS:")
}

/// The most there was, in KiB.
pub(crate) fn peak() -> u64 {
    field("VmHWM:")
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
