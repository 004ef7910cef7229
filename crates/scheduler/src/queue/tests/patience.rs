//! What a job may take while others wait for a core.

use super::*;

#[test]
fn a_job_gets_less_when_it_keeps_others_waiting_and_everything_when_it_does_not() {
    let patient = config();
    let hasty = SchedulerConfig {
        patience: 1.0,
        ..config()
    };
    let is_full = |dispatch: &Dispatch| stages(dispatch) == EVERYTHING;
    let costs = |queue: &Queue| queue.snapshot(ms(100)).delay > 0.0;
    for (config, alone, crowded) in [(patient, true, true), (hasty, true, false)] {
        let mut queue = queue_with(config, 2.0);
        queue.enqueue(ms(0), job(1, 60_000));
        queue.enqueue(ms(0), job(2, 60_000));
        let started = run(&mut queue, ms(0));
        assert_eq!(started.len(), 2);
        assert!(started.iter().all(|dispatch| is_full(dispatch) == alone));
        assert!(!costs(&queue), "each has a core");
        for number in 3..=8 {
            queue.enqueue(ms(100), job(number, 60_000));
        }
        assert_eq!(costs(&queue), !crowded);
        for number in [1, 2] {
            queue.withdraw(ms(100), id(number));
        }
        let started = run(&mut queue, ms(100));
        assert!(!started.is_empty());
        assert!(started.iter().all(|dispatch| is_full(dispatch) == crowded));
    }
}
