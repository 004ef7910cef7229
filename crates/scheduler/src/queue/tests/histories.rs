//! What holds over any history.

use chat2svg_protocol::PerLevel;
use proptest::{prelude::*, strategy::Strategy};

use super::*;
use crate::config::StageCosts;

fn all_of(waiting: &Waiting) -> Vec<Stage> {
    waiting.work.stages().collect()
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue {
        deadline_ms: u64,
        wanted: [bool; 3],
        level: Option<ResourceLevel>,
    },
    Finish(usize),
    Withdraw(usize),
    Lose(usize),
    Read {
        tenths: u64,
        level: ResourceLevel,
    },
    Wait(u64),
}

fn levels() -> impl Strategy<Value = ResourceLevel> {
    proptest::sample::select(&ResourceLevel::ALL[..])
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u64..8_000, any::<[bool; 3]>(), proptest::option::of(levels()))
            .prop_map(|(deadline_ms, wanted, level)| Step::Enqueue { deadline_ms, wanted, level }),
        6 => (0_usize..8).prop_map(Step::Finish),
        2 => (0_usize..8).prop_map(Step::Withdraw),
        1 => (0_usize..8).prop_map(Step::Lose),
        1 => (0_u64..80, levels()).prop_map(|(tenths, level)| Step::Read { tenths, level }),
        4 => (1_u64..900).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_job_starts_once_in_time_and_within_the_limits(steps in steps(), strategy in proptest::sample::select(&crate::config::Strategy::ALL[..])) {
        let config = SchedulerConfig {
            strategy,
            stages: StageCosts {
                template: crate::StageCost { seconds: PerLevel { high: 0.2, medium: 0.1, low: 0.1, minimal: 0.05 }, ..StageCosts::default().template },
                ..StageCosts::default()
            },
            ..SchedulerConfig::default()
        };
        let mut queue = Queue::new(config, embedded(), 2.0);
        queue.machine_changed(ms(0), machine(2.0));
        let mut now = ms(0);
        let mut next = 0_u128;
        let mut wanted_of: HashMap<JobId, (Waiting, Duration)> = HashMap::new();
        let mut running: Vec<(JobId, Vec<Stage>)> = Vec::new();
        for step in steps {
            let mut arrive = now;
            match step {
                Step::Enqueue { deadline_ms, wanted, level } => {
                    let waiting = Waiting { deadline: now + ms(deadline_ms), level, work: Work::usual(wanted), ..job(next, 0) };
                    next += 1;
                    wanted_of.insert(waiting.job, (waiting, now));
                    queue.enqueue(now, waiting);
                }
                Step::Finish(index) if index < running.len() => {
                    let (job, stages) = &mut running[index];
                    if stages.is_empty() {
                        queue.withdraw(now, *job);
                        running.remove(index);
                    } else {
                        let stage = stages.remove(0);
                        queue.stage_finished(now, *job, stage, in_seconds(0.3), None, None);
                    }
                }
                Step::Withdraw(index) if index < running.len() => {
                    queue.withdraw(now, running.remove(index).0);
                }
                Step::Lose(index) if index < running.len() => {
                    let (job, _) = running.remove(index);
                    queue.undelivered(job);
                }
                Step::Read { tenths, level } => queue.machine_changed(now, Machine {
                    capacity: Resources { cpu: tenths as f64 / 10.0, ..machine(0.0).capacity },
                    level,
                    ..machine(0.0)
                }),
                Step::Wait(time) => arrive = now + ms(time),
                _ => {}
            }
            // Rounds happen now, and whenever one is due on the way.
            loop {
                running.retain(|(job, _)| now < wanted_of[job].0.deadline + FORGET_AFTER);
                let before = running.len();
                let dispatched = run(&mut queue, now);
                let mut urgent = 0;
                for dispatch in dispatched {
                    let (waiting, enqueued) = wanted_of[&dispatch.job];
                    prop_assert!(running.iter().all(|(job, _)| *job != dispatch.job), "started twice");
                    let planned: Vec<Stage> = dispatch.plan.stages.iter().map(|planned| planned.stage).collect();
                    prop_assert!(all_of(&waiting).starts_with(&planned), "a stage was jumped");
                    prop_assert!(!planned.is_empty() || waiting.work.wanted == [false; 3]);
                    prop_assert_eq!(
                        dispatch.plan.reason.is_none(),
                        planned.len() == all_of(&waiting).len()
                            && dispatch.plan.stages.iter().all(|planned| planned.level == waiting.level.unwrap_or(High))
                    );
                    // In time for its fastest first stage, unless it came too late for that.
                    let first = waiting.work.stages().next().map_or(0.0, |stage| queue.estimates.seconds(waiting.work, PlannedStage::new(stage, Minimal)));
                    let latest = waiting.deadline.saturating_sub(Duration::from_secs_f64(first));
                    let was_lost = now > enqueued && running.len() < before;
                    prop_assert!(now <= latest.max(enqueued) || was_lost || waiting.deadline.saturating_sub(queue.lead(waiting.work)) <= now);
                    if waiting.deadline.saturating_sub(queue.lead(waiting.work)) <= now || planned.is_empty() {
                        urgent += 1;
                    }
                    running.push((dispatch.job, planned));
                }
                prop_assert!(running.len() <= before.max(4) + urgent);
                match queue.next_due(now) {
                    Some(due) if due <= arrive && due > now => now = due,
                    _ => break,
                }
            }
            now = arrive;
        }
    }
}
