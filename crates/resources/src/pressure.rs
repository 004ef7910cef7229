//! Pressure stall information: the share of time that was lost to shortage, as the kernel says.
//!
//! Pure: files are read through [`Files`]. The container's own figures go before the machine's.

use std::path::{Path, PathBuf};

use chat2svg_protocol::{Pressure, StalledShare};

use crate::cgroup::{Files, own_folder};

/// What the kernel says; `None` where it says nothing.
pub(crate) fn read(files: &impl Files) -> Option<Pressure> {
    let group = own_folder(files);
    let stalled = |name: &str| {
        let in_group = group
            .as_ref()
            .map(|folder| folder.join(format!("{name}.pressure")));
        let on_machine = PathBuf::from("/proc/pressure").join(name);
        let read = |path: &Path| files.read(path).and_then(|text| parse(&text));
        in_group
            .and_then(|path| read(&path))
            .or_else(|| read(&on_machine))
    };
    let pressure = Pressure {
        cpu: stalled("cpu"),
        memory: stalled("memory"),
        io: stalled("io"),
    };
    (pressure != Pressure::default()).then_some(pressure)
}

/// Reads lines such as `some avg10=0.12 avg60=0.34 avg300=0.56 total=789`. There may be no line of
/// time in which all were held up.
fn parse(text: &str) -> Option<StalledShare> {
    let share = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        let percent: f32 = line
            .split_ascii_whitespace()
            .find_map(|field| field.strip_prefix("avg10="))?
            .parse()
            .ok()?;
        percent
            .is_finite()
            .then(|| (percent / 100.0).clamp(0.0, 1.0))
    };
    Some(StalledShare {
        some: share("some ")?,
        full: share("full ").unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    struct Tree(HashMap<&'static str, &'static str>);

    impl Files for Tree {
        fn read(&self, path: &Path) -> Option<String> {
            self.0.get(path.to_str()?).map(|text| (*text).to_owned())
        }
    }

    const SOME: &str = "some avg10=12.50 avg60=3.00 avg300=0.00 total=11\n";
    const BOTH: &str = "some avg10=50.00 avg60=0.00 avg300=0.00 total=1\n\
                        full avg10=25.00 avg60=0.00 avg300=0.00 total=1\n";

    #[test]
    fn the_container_goes_before_the_machine_and_what_is_not_said_is_absent() {
        let tree = Tree(HashMap::from([
            ("/proc/self/cgroup", "0::/a\n"),
            (
                "/proc/self/mountinfo",
                "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("/sys/fs/cgroup/a/memory.pressure", BOTH),
            ("/proc/pressure/memory", SOME),
            ("/proc/pressure/cpu", SOME),
        ]));
        let found = read(&tree).unwrap();
        let share = |some, full| Some(StalledShare { some, full });
        assert_eq!(found.cpu, share(0.125, 0.0));
        assert_eq!(found.memory, share(0.5, 0.25));
        assert_eq!(found.io, None);
    }

    #[test]
    fn an_older_kernel_says_nothing() {
        assert_eq!(read(&Tree(HashMap::new())), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC*", number in "\\PC*") {
            for text in [text.clone(), format!("some avg10={number}\n{text}")] {
                if let Some(share) = parse(&text) {
                    prop_assert!((0.0..=1.0).contains(&share.some));
                }
            }
        }
    }
}
