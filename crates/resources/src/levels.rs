//! From readings to a level. Pure.
//!
//! Every rule is monotone: less that is free, or more swap in use, never gives a higher level.

use std::collections::VecDeque;

use chat2svg_protocol::ResourceLevel;

use crate::{config::ResourcesConfig, reading::Reading};

/// What is free, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Availability {
    /// CPU that others leave, `0.0..=100.0`.
    pub cpu: f32,
    /// Memory, `0.0..=100.0`.
    pub memory: f32,
    /// Swap in use, `0.0..=100.0`; zero without swap.
    pub swap_used: f32,
}

impl From<&Reading> for Availability {
    fn from(reading: &Reading) -> Self {
        Self {
            cpu: (1.0 - reading.cpu_used_by_others).clamp(0.0, 1.0) * 100.0,
            memory: 100.0 - percent(reading.memory_used, reading.memory_total),
            swap_used: percent(reading.swap_used, reading.swap_total),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage needs no more than seven digits"
)]
fn percent(used: u64, total: u64) -> f32 {
    if total == 0 {
        0.0
    } else {
        (used as f32 / total as f32 * 100.0).clamp(0.0, 100.0)
    }
}

/// The level that follows from what is free: the highest whose thresholds are both reached, lowered
/// by the swap in use.
pub fn level_of(config: &ResourcesConfig, free: Availability) -> ResourceLevel {
    let affordable = ResourceLevel::ALL
        .into_iter()
        .filter(|level| {
            let threshold = config.thresholds.get(*level);
            free.cpu >= threshold.cpu && free.memory >= threshold.memory
        })
        .max()
        .unwrap_or(ResourceLevel::Minimal);
    let steps = [config.swap.one, config.swap.two, config.swap.three]
        .into_iter()
        .filter(|limit| free.swap_used > *limit)
        .count();
    let rank = (affordable as usize).saturating_sub(steps);
    ResourceLevel::ALL[rank]
}

/// The level over time: from the median of the latest readings of the CPU, it falls at once and
/// rises late, so that it neither follows a passing moment nor flutters.
#[derive(Clone, Debug, Default)]
pub struct LevelTracker {
    level: Option<ResourceLevel>,
    /// Free CPU in the latest readings, in percent.
    cpu: VecDeque<f32>,
    rising: u32,
}

impl LevelTracker {
    /// The level after a further reading. The first that was measured counts as it is, and so does
    /// a guess before it.
    pub fn observe(&mut self, config: &ResourcesConfig, reading: &Reading) -> ResourceLevel {
        let free = Availability::from(reading);
        if reading.cpu_is_guess && self.level.is_none() {
            return level_of(config, free);
        }
        let cpu = self.smoothed(config, free.cpu);
        self.follow(config, Availability { cpu, ..free })
    }

    /// The median of the latest readings of the CPU; between the middle two of an even number.
    fn smoothed(&mut self, config: &ResourcesConfig, cpu: f32) -> f32 {
        self.cpu.push_back(cpu);
        let most = usize::try_from(config.smooth_readings.max(1)).unwrap_or(1);
        while self.cpu.len() > most {
            self.cpu.pop_front();
        }
        let mut sorted: Vec<f32> = self.cpu.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let middle = |index: usize| sorted.get(index).copied().unwrap_or(cpu);
        let upper = sorted.len() / 2;
        let lower = sorted.len().saturating_sub(1) / 2;
        f32::midpoint(middle(lower), middle(upper))
    }

    fn follow(&mut self, config: &ResourcesConfig, free: Availability) -> ResourceLevel {
        let present = level_of(config, free);
        let Some(level) = self.level else {
            self.level = Some(present);
            return present;
        };
        let margin = config.rise_margin_percent;
        let assured = level_of(
            config,
            Availability {
                cpu: free.cpu - margin,
                memory: free.memory - margin,
                swap_used: free.swap_used + margin.min(100.0 - free.swap_used),
            },
        );
        let next = if present < level {
            self.rising = 0;
            present
        } else if assured > level {
            self.rising += 1;
            if self.rising >= config.rise_after_readings {
                self.rising = 0;
                assured
            } else {
                level
            }
        } else {
            self.rising = 0;
            level
        };
        self.level = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use ResourceLevel::{High, Low, Medium, Minimal};
    use proptest::prelude::*;

    use super::*;

    fn free(cpu: f32, memory: f32, swap_used: f32) -> Availability {
        Availability {
            cpu,
            memory,
            swap_used,
        }
    }

    fn level(cpu: f32, memory: f32, swap_used: f32) -> ResourceLevel {
        level_of(&ResourcesConfig::default(), free(cpu, memory, swap_used))
    }

    #[test]
    fn both_thresholds_must_be_reached() {
        assert_eq!(level(50.0, 40.0, 0.0), High);
        assert_eq!(level(49.9, 40.0, 0.0), Medium);
        assert_eq!(level(50.0, 39.9, 0.0), Medium);
        assert_eq!(level(30.0, 20.0, 0.0), Medium);
        assert_eq!(level(100.0, 19.9, 0.0), Low);
        assert_eq!(level(9.9, 100.0, 0.0), Minimal);
        assert_eq!(level(0.0, 0.0, 0.0), Minimal);
    }

    #[test]
    fn swap_lowers_step_by_step() {
        let levels = [30.0, 31.0, 51.0, 76.0].map(|swap| level(100.0, 100.0, swap));
        assert_eq!(levels, [High, Medium, Low, Minimal]);
        assert_eq!(level(30.0, 20.0, 51.0), Minimal);
    }

    #[test]
    fn it_falls_at_once_and_rises_late() {
        let config = ResourcesConfig::default();
        let mut tracker = LevelTracker::default();
        let mut seen = Vec::new();
        for cpu in [60.0, 20.0, 60.0, 51.0, 60.0, 60.0, 0.0] {
            seen.push(tracker.follow(&config, free(cpu, 90.0, 0.0)));
        }
        // 51 % is above the threshold of high, but within the margin: it assures medium.
        assert_eq!(seen, [High, Low, Low, Medium, Medium, High, Minimal]);
    }

    #[test]
    fn a_guess_binds_nothing() {
        let config = ResourcesConfig::default();
        let mut tracker = LevelTracker::default();
        let mut observe = |cpu_used_by_others, cpu_is_guess| {
            tracker.observe(
                &config,
                &Reading {
                    cpu_used_by_others,
                    cpu_is_guess,
                    ..Reading::default()
                },
            )
        };
        assert_eq!(observe(0.85, true), Low);
        // Measured, it need not rise step by step.
        assert_eq!(observe(0.03, false), High);
        assert_eq!(observe(0.85, false), High);
        assert_eq!(observe(0.85, false), Low);
        assert_eq!(observe(0.03, false), Low);
    }

    #[test]
    fn a_busy_moment_is_not_followed_but_scarce_memory_is() {
        let config = ResourcesConfig::default();
        let mut tracker = LevelTracker::default();
        let mut observe = |cpu_used_by_others, memory_used| {
            tracker.observe(
                &config,
                &Reading {
                    cpu_used_by_others,
                    memory_used,
                    memory_total: 100,
                    ..Reading::default()
                },
            )
        };
        let levels = [0.1, 0.1, 1.0, 0.1, 0.1, 1.0, 1.0].map(|used| observe(used, 10));
        assert_eq!(levels, [High, High, High, High, High, High, Minimal]);
        let mut calm = LevelTracker::default();
        let mut observe = |memory_used| {
            calm.observe(
                &config,
                &Reading {
                    memory_used,
                    memory_total: 100,
                    ..Reading::default()
                },
            )
        };
        assert_eq!([10, 85].map(&mut observe), [High, Low]);
    }

    #[test]
    fn it_does_not_flutter_around_a_threshold() {
        let config = ResourcesConfig::default();
        let mut tracker = LevelTracker::default();
        let levels: Vec<_> = (0..20)
            .map(|step| {
                let cpu = if step % 2 == 0 { 49.0 } else { 52.0 };
                tracker.follow(&config, free(cpu, 90.0, 0.0))
            })
            .collect();
        assert_eq!(levels, vec![Medium; 20]);
    }

    #[test]
    fn readings_become_percentages() {
        let reading = Reading {
            cpu_used: 0.9,
            cpu_used_by_others: 0.25,
            memory_used: 1,
            memory_total: 4,
            swap_used: 7,
            swap_total: 0,
            ..Reading::default()
        };
        assert_eq!(Availability::from(&reading), free(75.0, 75.0, 0.0));
    }

    proptest! {
        #[test]
        fn less_free_never_gives_more(
            cpu in 0.0_f32..=100.0, memory in 0.0_f32..=100.0, swap in 0.0_f32..=100.0,
            less_cpu in 0.0_f32..=100.0, less_memory in 0.0_f32..=100.0, more_swap in 0.0_f32..=100.0,
        ) {
            let lower = level(cpu.min(less_cpu), memory.min(less_memory), swap.max(more_swap));
            prop_assert!(lower <= level(cpu, memory, swap));
        }

        #[test]
        fn noise_within_the_margin_never_makes_it_flap(
            middle in 0.0_f32..=100.0,
            noise in proptest::collection::vec((-2.4_f32..2.4, -2.4_f32..2.4), 2..200),
            smooth_readings in 1_u32..6,
        ) {
            let config = ResourcesConfig { smooth_readings, ..ResourcesConfig::default() };
            let mut tracker = LevelTracker::default();
            let levels: Vec<_> = noise
                .iter()
                .map(|(cpu, memory)| {
                    let cpu = (middle + cpu).clamp(0.0, 100.0);
                    let memory = (middle + memory).clamp(0.0, 100.0);
                    let cpu = tracker.smoothed(&config, cpu);
                    tracker.follow(&config, free(cpu, memory, 0.0))
                })
                .collect();
            // It may settle one threshold lower; it never comes back and goes again.
            prop_assert!(levels.is_sorted_by(|before, after| before >= after), "{:?}", levels);
        }

        #[test]
        fn between_a_fall_and_the_next_rise_lie_as_many_readings_as_configured(
            readings in proptest::collection::vec((0.0_f32..=100.0, 0.0_f32..=100.0), 1..200),
            rise_after_readings in 1_u32..6,
        ) {
            let config = ResourcesConfig { rise_after_readings, ..ResourcesConfig::default() };
            let mut tracker = LevelTracker::default();
            let mut before = None;
            let mut since_change = u32::MAX;
            for (cpu, memory) in readings {
                let cpu = tracker.smoothed(&config, cpu);
                let level = tracker.follow(&config, free(cpu, memory, 0.0));
                since_change = since_change.saturating_add(1);
                if before.is_some_and(|before| level > before) {
                    prop_assert!(since_change >= rise_after_readings);
                }
                if before != Some(level) {
                    since_change = 0;
                }
                before = Some(level);
            }
        }

        #[test]
        fn the_level_is_never_above_the_present_reading(
            readings in proptest::collection::vec((0.0_f32..=100.0, 0.0_f32..=100.0, 0.0_f32..=100.0), 1..50),
        ) {
            let config = ResourcesConfig::default();
            let mut tracker = LevelTracker::default();
            for (cpu, memory, swap) in readings {
                let free = free(cpu, memory, swap);
                prop_assert!(tracker.follow(&config, free) <= level_of(&config, free));
            }
        }
    }
}
