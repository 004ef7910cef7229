//! Reads this machine: sysinfo for the host, the control group for the container, NVML for GPUs.

use std::{path::Path, thread, time::Instant};

use chat2svg_protocol::LoadAverage;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::{
    cgroup::{self, Files as _, Limits, SystemFiles},
    gpu::Gpus,
    pressure,
    reading::{Probe, ProbeError, Reading},
    runnable::{RunQueue, own_runnable},
};

/// Reads the machine that it runs on. CPU use is over the time since the reading before; the first
/// reading has none to compare with and is a guess by who wants to run.
pub struct MachineProbe {
    system: System,
    /// Whether there was a reading to compare the next one with.
    is_begun: bool,
    own_pid: Option<Pid>,
    gpus: Gpus,
    group_use: Option<(Instant, u64)>,
}

impl MachineProbe {
    /// A probe. With a path it also reads GPUs through the driver's library there, or in the usual
    /// places when it is empty.
    ///
    /// # Errors
    /// When the system does not say how it is loaded.
    pub fn new(gpu_library: Option<&Path>) -> Result<Self, ProbeError> {
        Ok(Self {
            system: System::new().map_err(|error| ProbeError(error.to_string()))?,
            is_begun: false,
            own_pid: sysinfo::get_current_pid().ok(),
            gpus: gpu_library.map_or_else(Gpus::none, Gpus::new),
            group_use: None,
        })
    }

    /// Cores' worth of CPU time that this process uses, and the bytes of memory that it holds.
    fn own_use(&mut self) -> (f32, u64) {
        let Some(pid) = self.own_pid else {
            return (0.0, 0);
        };
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing()
                .with_cpu()
                .with_memory()
                .without_tasks(),
        );
        self.system.process(pid).map_or((0.0, 0), |process| {
            (process.cpu_usage() / 100.0, process.memory())
        })
    }

    /// Cores' worth of CPU time that the control group uses, from its growing total.
    fn group_cores(&mut self, limits: &Limits) -> Option<f32> {
        let now = (Instant::now(), limits.cpu_used_us?);
        let before = self.group_use.replace(now)?;
        let elapsed = now.0.duration_since(before.0).as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share of a few cores"
        )]
        let cores = (now.1.saturating_sub(before.1) as f64 / 1e6 / elapsed.max(1e-3)) as f32;
        Some(cores)
    }
}

impl Probe for MachineProbe {
    fn read(&mut self) -> Result<Reading, ProbeError> {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let limits = cgroup::limits(&SystemFiles);
        let (own, process_memory) = self.own_use();
        let group_busy = self.group_cores(&limits);
        let host_cores = self.system.cpus().len().max(1);
        let allowed = thread::available_parallelism().map_or(host_cores, usize::from);
        // Without a reading to compare with, sysinfo shows the average since the machine was
        // started.
        let is_guess = !std::mem::replace(&mut self.is_begun, true);
        #[expect(clippy::cast_precision_loss, reason = "core counts are small")]
        let cpu = cpu_use(&CpuTimes {
            host_cores: host_cores as f32,
            host_busy: if is_guess {
                wanted_by_others()
            } else {
                self.system.global_cpu_usage() / 100.0 * host_cores as f32
            },
            allowed: allowed as f32,
            quota: limits.cpu_cores,
            group_busy: group_busy.unwrap_or(0.0),
            own: if is_guess { 0.0 } else { own },
        });
        let memory = within(
            self.system.total_memory(),
            self.system.available_memory(),
            limits.memory.map(|group| (group.limit, group.used)),
        );
        let swap_total = self.system.total_swap();
        let swap = within(
            swap_total,
            swap_total.saturating_sub(self.system.used_swap()),
            limits.swap.map(|group| (group.limit, group.used)),
        );
        Ok(Reading {
            cpu_used: cpu.used,
            cpu_used_by_others: cpu.used_by_others,
            cpu_is_guess: is_guess,
            cpu_cores: cpu.cores,
            memory_used: memory.used,
            memory_total: memory.total,
            swap_used: swap.used,
            swap_total: swap.total,
            process_memory,
            load: load_average(),
            pressure: pressure::read(&SystemFiles),
            gpus: self.gpus.read(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "loads are small")]
fn load_average() -> Option<LoadAverage> {
    let load = System::load_average().ok()?;
    Some(LoadAverage {
        one: load.one as f32,
        five: load.five as f32,
        fifteen: load.fifteen as f32,
    })
}

/// Cores' worth of CPU time that others want now; none where the system does not say.
fn wanted_by_others() -> f32 {
    SystemFiles
        .read(Path::new("/proc/loadavg"))
        .and_then(|line| RunQueue::parse(&line))
        .map_or(0.0, |queue| queue.wanted_by_others(own_runnable()))
}

/// CPU time as the system counts it, in cores' worth.
struct CpuTimes {
    host_cores: f32,
    host_busy: f32,
    /// Cores that the process may run on.
    allowed: f32,
    /// What its control group may use.
    quota: Option<f32>,
    group_busy: f32,
    own: f32,
}

struct CpuUse {
    cores: f32,
    used: f32,
    used_by_others: f32,
}

/// What is free is what both the host and the control group leave.
fn cpu_use(times: &CpuTimes) -> CpuUse {
    let free_on_host = (times.host_cores - times.host_busy).max(0.0);
    let (cores, free) = match times.quota {
        Some(quota) => {
            let cores = quota.min(times.host_cores);
            let free_in_group = (quota - times.group_busy).max(0.0);
            (cores, free_on_host.min(free_in_group))
        }
        None => (times.allowed, free_on_host),
    };
    let used = |free: f32| (1.0 - free / cores).clamp(0.0, 1.0);
    CpuUse {
        cores,
        used: used(free),
        used_by_others: used(free + times.own),
    }
}

struct Memory {
    total: u64,
    used: u64,
}

/// Memory of the host within a group's limit and use, if it has one.
fn within(host_total: u64, host_free: u64, group: Option<(u64, u64)>) -> Memory {
    let (total, free) = match group {
        Some((limit, used)) if limit < host_total => {
            (limit, limit.saturating_sub(used).min(host_free))
        }
        _ => (host_total, host_free),
    };
    Memory {
        total,
        used: total.saturating_sub(free),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> CpuTimes {
        CpuTimes {
            host_cores: 8.0,
            host_busy: 4.0,
            allowed: 8.0,
            quota: None,
            group_busy: 0.0,
            own: 2.0,
        }
    }

    #[test]
    fn own_work_is_use_but_not_use_by_others() {
        let cpu = cpu_use(&times());
        assert_eq!((cpu.cores, cpu.used, cpu.used_by_others), (8.0, 0.5, 0.25));
    }

    #[test]
    fn a_quota_binds_before_the_host_does() {
        let cpu = cpu_use(&CpuTimes {
            quota: Some(2.0),
            group_busy: 1.5,
            own: 1.0,
            ..times()
        });
        assert_eq!((cpu.cores, cpu.used, cpu.used_by_others), (2.0, 0.75, 0.25));
    }

    #[test]
    fn a_busy_host_binds_although_the_quota_is_free() {
        let cpu = cpu_use(&CpuTimes {
            quota: Some(2.0),
            host_busy: 7.5,
            own: 0.0,
            ..times()
        });
        assert_eq!((cpu.used, cpu.used_by_others), (0.75, 0.75));
    }

    #[test]
    fn a_group_limit_binds_only_when_it_is_tighter_than_the_host() {
        let memory = within(1000, 300, Some((400, 250)));
        assert_eq!((memory.total, memory.used), (400, 250));
        let memory = within(1000, 100, Some((400, 250)));
        assert_eq!((memory.total, memory.used), (400, 300));
        let memory = within(1000, 300, Some((4000, 250)));
        assert_eq!((memory.total, memory.used), (1000, 700));
    }

    #[test]
    fn this_machine_can_be_read() {
        let mut probe = MachineProbe::new(Some(Path::new(""))).unwrap();
        let reading = probe.read().unwrap();
        assert!(reading.cpu_is_guess);
        assert!(!probe.read().unwrap().cpu_is_guess);
        assert!(reading.cpu_cores > 0.0);
        assert!((0.0..=1.0).contains(&reading.cpu_used));
        assert!(reading.cpu_used_by_others <= reading.cpu_used);
        assert!(reading.memory_total > 0);
        assert!(reading.memory_used <= reading.memory_total);
        assert!(reading.swap_used <= reading.swap_total);
        assert!(reading.process_memory > 1 << 20);
        assert!(reading.process_memory < reading.memory_total);
    }

    /// Nanoseconds for which this thread ran, where the kernel says.
    fn thread_time() -> Option<u64> {
        let text = SystemFiles.read(Path::new("/proc/thread-self/schedstat"))?;
        text.split_ascii_whitespace().next()?.parse().ok()
    }

    #[test]
    fn a_reading_takes_less_than_half_a_percent_of_a_core() {
        const READINGS: u64 = 100;
        let mut probe = MachineProbe::new(Some(Path::new(""))).unwrap();
        probe.read().unwrap();
        let Some(before) = thread_time() else {
            return;
        };
        for _ in 0..READINGS {
            probe.read().unwrap();
        }
        let each = (thread_time().unwrap() - before) / READINGS;
        println!("{} µs of CPU time a reading", each / 1000);
        // Of the shortest interval that can be configured, a second.
        assert!(each < 5_000_000, "{each} ns");
    }
}
