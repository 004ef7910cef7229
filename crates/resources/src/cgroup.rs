//! CPU and memory limits of the control group that the process is in, version 1 and 2.
//!
//! Pure: files are read through [`Files`], so that any machine's tree can be put before it. A limit
//! set on a parent group binds its children too, so the tightest along the way counts.

use std::path::{Path, PathBuf};

/// Where files come from.
pub trait Files {
    /// The text of a file, if there is one that can be read.
    fn read(&self, path: &Path) -> Option<String>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
}

/// Limits and use of the process's control group. What is not limited is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Cores' worth of CPU time that the group may use.
    pub cpu_cores: Option<f32>,
    /// CPU time that the group under that limit has used, in microseconds.
    pub cpu_used_us: Option<u64>,
    /// The tightest memory limit.
    pub memory: Option<MemoryLimit>,
    /// The tightest swap limit.
    pub swap: Option<MemoryLimit>,
}

/// A limit in bytes and what is used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Bytes allowed.
    pub limit: u64,
    /// Bytes in use that cannot be reclaimed at once.
    pub used: u64,
}

impl MemoryLimit {
    fn free(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// Limits above this are the kernel's way to say that there is none (version 1 has no word for it).
const UNLIMITED_ABOVE: u64 = 1 << 60;

/// The limits of the process that `files` show as `/proc/self`.
pub fn limits(files: &impl Files) -> Limits {
    let Some(memberships) = files.read(Path::new("/proc/self/cgroup")) else {
        return Limits::default();
    };
    let mounts = files
        .read(Path::new("/proc/self/mountinfo"))
        .unwrap_or_default();
    let groups = |controller: Option<&str>| folders(&memberships, &mounts, controller);
    let mut limits = Limits::default();

    for folder in groups(None) {
        let read = |name: &str| files.read(&folder.join(name));
        if let Some(cores) = read("cpu.max").as_deref().and_then(cores_of_cpu_max) {
            let used = read("cpu.stat").and_then(|text| field(&text, "usage_usec"));
            limits.tighten_cpu(cores, used);
        }
        if let Some(limit) = read("memory.max").as_deref().and_then(bytes) {
            let cache = read("memory.stat").and_then(|text| field(&text, "inactive_file"));
            let usage = read("memory.current").as_deref().and_then(bytes);
            limits.tighten_memory(limit, usage, cache);
        }
        if let Some(limit) = read("memory.swap.max").as_deref().and_then(bytes) {
            let used = read("memory.swap.current").as_deref().and_then(bytes);
            tighten(
                &mut limits.swap,
                MemoryLimit {
                    limit,
                    used: used.unwrap_or(0),
                },
            );
        }
    }
    for folder in groups(Some("cpu")) {
        let read = |name: &str| files.read(&folder.join(name));
        let quota = read("cpu.cfs_quota_us");
        let period = read("cpu.cfs_period_us");
        if let Some(cores) = quota.zip(period).and_then(|(q, p)| cores_of_quota(&q, &p)) {
            limits.tighten_cpu(cores, None);
        }
    }
    if limits.cpu_cores.is_some() && limits.cpu_used_us.is_none() {
        limits.cpu_used_us = groups(Some("cpuacct"))
            .first()
            .and_then(|folder| files.read(&folder.join("cpuacct.usage")))
            .and_then(|text| bytes(&text))
            .map(|nanoseconds| nanoseconds / 1000);
    }
    for folder in groups(Some("memory")) {
        let read = |name: &str| files.read(&folder.join(name));
        if let Some(limit) = read("memory.limit_in_bytes").as_deref().and_then(bytes) {
            let cache = read("memory.stat").and_then(|text| field(&text, "total_inactive_file"));
            let usage = read("memory.usage_in_bytes").as_deref().and_then(bytes);
            limits.tighten_memory(limit, usage, cache);
            // What is limited here is memory and swap together.
            let both = read("memory.memsw.limit_in_bytes");
            if let Some(both) = both
                .as_deref()
                .and_then(bytes)
                .filter(|both| *both < UNLIMITED_ABOVE)
            {
                let both_used = read("memory.memsw.usage_in_bytes");
                let both_used = both_used.as_deref().and_then(bytes).unwrap_or(0);
                tighten(
                    &mut limits.swap,
                    MemoryLimit {
                        limit: both.saturating_sub(limit),
                        used: both_used.saturating_sub(usage.unwrap_or(0)),
                    },
                );
            }
        }
    }
    limits
}

/// The folder of the process's own group in the hierarchy of version 2.
pub(crate) fn own_folder(files: &impl Files) -> Option<PathBuf> {
    let memberships = files.read(Path::new("/proc/self/cgroup"))?;
    let mounts = files.read(Path::new("/proc/self/mountinfo"))?;
    folders(&memberships, &mounts, None).into_iter().next()
}

impl Limits {
    fn tighten_cpu(&mut self, cores: f32, used_us: Option<u64>) {
        if self.cpu_cores.is_none_or(|known| cores < known) {
            self.cpu_cores = Some(cores);
            self.cpu_used_us = used_us;
        }
    }

    /// `usage` counts the page cache, which gives way when memory is needed.
    fn tighten_memory(&mut self, limit: u64, usage: Option<u64>, reclaimable: Option<u64>) {
        let used = usage.unwrap_or(0);
        tighten(
            &mut self.memory,
            MemoryLimit {
                limit,
                used: used.saturating_sub(reclaimable.unwrap_or(0)),
            },
        );
    }
}

fn tighten(known: &mut Option<MemoryLimit>, found: MemoryLimit) {
    if found.limit < UNLIMITED_ABOVE && known.is_none_or(|known| found.free() < known.free()) {
        *known = Some(found);
    }
}

/// The folders of the process's group and its parents, innermost first; `None` for version 2.
fn folders(memberships: &str, mounts: &str, controller: Option<&str>) -> Vec<PathBuf> {
    let Some(group) = memberships
        .lines()
        .find_map(|line| group_of(line, controller))
    else {
        return Vec::new();
    };
    let mut folders = Vec::new();
    for (root, mount_point) in mounts.lines().filter_map(|line| mount(line, controller)) {
        // A container sees its own group mounted as the root, whatever its path outside.
        let inside = Path::new(group).strip_prefix(root).unwrap_or(Path::new(""));
        for part in inside.ancestors() {
            folders.push(Path::new(mount_point).join(part));
        }
    }
    folders
}

/// The group's path from a line of `/proc/self/cgroup`: `id:controllers:path`.
fn group_of<'a>(line: &'a str, controller: Option<&str>) -> Option<&'a str> {
    let mut parts = line.splitn(3, ':');
    let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let matches = match controller {
        None => id == "0" && controllers.is_empty(),
        Some(wanted) => controllers.split(',').any(|name| name == wanted),
    };
    matches.then_some(path)
}

/// Root and mount point from a line of `/proc/self/mountinfo`, if it mounts that hierarchy.
fn mount<'a>(line: &'a str, controller: Option<&str>) -> Option<(&'a str, &'a str)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, mount_point) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    let (kind, _, options) = (after.next()?, after.next()?, after.next()?);
    let matches = match controller {
        None => kind == "cgroup2",
        Some(wanted) => kind == "cgroup" && options.split(',').any(|name| name == wanted),
    };
    matches.then_some((root, mount_point))
}

/// `cpu.max`: "quota period" in microseconds, or "max period".
fn cores_of_cpu_max(text: &str) -> Option<f32> {
    let (quota, period) = text.trim().split_once(' ')?;
    cores_of_quota(quota, period)
}

/// A quota of -1 (version 1) or "max" (version 2) is none.
fn cores_of_quota(quota: &str, period: &str) -> Option<f32> {
    let quota: f32 = quota.trim().parse().ok()?;
    let period: f32 = period.trim().parse().ok()?;
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

/// A number of bytes; "max" is none.
fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The value of `name` in a file of "name value" lines.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        (key == name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    struct Tree(HashMap<&'static str, String>);

    impl Files for Tree {
        fn read(&self, path: &Path) -> Option<String> {
            self.0.get(path.to_str()?).cloned()
        }
    }

    fn tree<const N: usize>(files: [(&'static str, &str); N]) -> Tree {
        Tree(files.map(|(path, text)| (path, text.to_owned())).into())
    }

    const VERSION_2_MOUNT: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn a_machine_without_groups_has_no_limits() {
        assert_eq!(limits(&tree([])), Limits::default());
    }

    #[test]
    fn version_2_inside_a_container() {
        let found = limits(&tree([
            ("/proc/self/cgroup", "0::/\n"),
            ("/proc/self/mountinfo", VERSION_2_MOUNT),
            ("/sys/fs/cgroup/cpu.max", "150000 100000\n"),
            (
                "/sys/fs/cgroup/cpu.stat",
                "usage_usec 123456\nuser_usec 1\n",
            ),
            ("/sys/fs/cgroup/memory.max", "1073741824\n"),
            ("/sys/fs/cgroup/memory.current", "600000000\n"),
            (
                "/sys/fs/cgroup/memory.stat",
                "anon 5\ninactive_file 100000000\n",
            ),
            ("/sys/fs/cgroup/memory.swap.max", "0\n"),
            ("/sys/fs/cgroup/memory.swap.current", "0\n"),
        ]));
        assert_eq!(
            found,
            Limits {
                cpu_cores: Some(1.5),
                cpu_used_us: Some(123_456),
                memory: Some(MemoryLimit {
                    limit: 1 << 30,
                    used: 500_000_000,
                }),
                swap: Some(MemoryLimit { limit: 0, used: 0 }),
            }
        );
    }

    #[test]
    fn version_2_on_a_host_takes_the_tightest_limit_on_the_way() {
        let found = limits(&tree([
            ("/proc/self/cgroup", "0::/system.slice/chat2svg.service\n"),
            ("/proc/self/mountinfo", VERSION_2_MOUNT),
            (
                "/sys/fs/cgroup/system.slice/chat2svg.service/cpu.max",
                "max 100000\n",
            ),
            ("/sys/fs/cgroup/system.slice/cpu.max", "400000 100000\n"),
            ("/sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 77\n"),
            (
                "/sys/fs/cgroup/system.slice/chat2svg.service/memory.max",
                "4000\n",
            ),
            (
                "/sys/fs/cgroup/system.slice/chat2svg.service/memory.current",
                "1000\n",
            ),
            ("/sys/fs/cgroup/system.slice/memory.max", "8000\n"),
            ("/sys/fs/cgroup/system.slice/memory.current", "7500\n"),
        ]));
        assert_eq!(found.cpu_cores, Some(4.0));
        assert_eq!(found.cpu_used_us, Some(77));
        // The parent's limit is larger, but siblings have used nearly all of it.
        assert_eq!(
            found.memory,
            Some(MemoryLimit {
                limit: 8000,
                used: 7500,
            })
        );
        assert_eq!(found.swap, None);
    }

    #[test]
    fn version_1_inside_a_container() {
        let found = limits(&tree([
            (
                "/proc/self/cgroup",
                "5:memory:/docker/0a1b\n4:cpu,cpuacct:/docker/0a1b\n0::/docker/0a1b\n",
            ),
            (
                "/proc/self/mountinfo",
                "40 39 0:33 /docker/0a1b /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n\
                 41 39 0:34 /docker/0a1b /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            ),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "9000000\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "100000\n"),
            (
                "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes",
                "805306368\n",
            ),
            (
                "/sys/fs/cgroup/memory/memory.memsw.usage_in_bytes",
                "130000\n",
            ),
            (
                "/sys/fs/cgroup/memory/memory.stat",
                "cache 3\ntotal_inactive_file 40000\n",
            ),
        ]));
        assert_eq!(
            found,
            Limits {
                cpu_cores: Some(0.5),
                cpu_used_us: Some(9000),
                memory: Some(MemoryLimit {
                    limit: 512 << 20,
                    used: 60_000,
                }),
                swap: Some(MemoryLimit {
                    limit: 256 << 20,
                    used: 30_000,
                }),
            }
        );
    }

    #[test]
    fn version_1_without_limits() {
        let found = limits(&tree([
            ("/proc/self/cgroup", "4:memory:/api/77\n1:cpu:/\n0::/\n"),
            (
                "/proc/self/mountinfo",
                "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
                 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                 41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
            ),
            ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            (
                "/sys/fs/cgroup/memory/api/77/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            (
                "/sys/fs/cgroup/memory/api/77/memory.usage_in_bytes",
                "575746048\n",
            ),
        ]));
        assert_eq!(found, Limits::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(membership in "\\PC*", mounts in "\\PC*", value in "\\PC*") {
            let files = tree([
                ("/proc/self/cgroup", &format!("0::/a\n{membership}")),
                ("/proc/self/mountinfo", &format!("{mounts}\n{VERSION_2_MOUNT}")),
                ("/sys/fs/cgroup/a/cpu.max", &value),
                ("/sys/fs/cgroup/a/memory.max", &value),
                ("/sys/fs/cgroup/a/memory.current", &value),
                ("/sys/fs/cgroup/a/memory.stat", &value),
            ]);
            let found = limits(&files);
            prop_assert!(found.cpu_cores.is_none_or(|cores| cores > 0.0));
        }
    }
}
