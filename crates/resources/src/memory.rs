//! What this process holds of memory, and the most that it held since a moment. Where the system
//! does not say there is nothing to read.

use std::fs;

use crate::cgroup::{Files, SystemFiles};

const STATUS: &str = "/proc/self/status";

/// MiB that this process held at the most since [`forget_peak`], or since it started.
pub fn peak_mb() -> Option<f64> {
    field(&SystemFiles, "VmHWM:")
}

/// MiB that this process holds now.
pub fn held_mb() -> Option<f64> {
    field(&SystemFiles, "VmRSS:")
}

/// From now on the most is counted anew. Where the system does not allow that, it is the most since
/// the process started.
pub fn forget_peak() {
    // 5 is the code for "the peak of the resident set". Refused inside of a sandbox.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A line such as `VmHWM:     51234 kB`, in MiB.
fn field(files: &impl Files, name: &str) -> Option<f64> {
    let status = files.read(STATUS.as_ref())?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    struct Status(&'static str);

    impl Files for Status {
        fn read(&self, _: &Path) -> Option<String> {
            Some(self.0.to_owned())
        }
    }

    #[test]
    fn sizes_are_read_in_mebibytes_and_nonsense_is_nothing() {
        let status = Status("Name:\tx\nVmHWM:\t   51200 kB\nVmRSS:\t     512 kB\n");
        assert_eq!(field(&status, "VmHWM:"), Some(50.0));
        assert_eq!(field(&status, "VmRSS:"), Some(0.5));
        assert_eq!(field(&status, "VmSwap:"), None);
        assert_eq!(field(&Status("VmHWM: much kB"), "VmHWM:"), None);
        assert_eq!(field(&Status("VmHWM: 12 MB"), "VmHWM:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_piece_of_work_takes_shows_in_the_peak() {
        forget_peak();
        let before = held_mb().unwrap();
        let work = std::hint::black_box(vec![1_u8; 64 << 20]);
        drop(work);
        assert!(peak_mb().unwrap() >= before + 32.0);
    }
}
