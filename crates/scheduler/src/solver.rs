//! Solves the programme: exactly with a branch-and-bound solver, or greedily. Pure.

use std::time::Duration;

use chat2svg_protocol::SolveMethod;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, WithMipGap, WithTimeLimit,
    constraint, microlp, solvers::SolutionStatus, variable,
};

use crate::programme::{Allocation, Programme, Resources};

/// How hard the solver tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most time it takes.
    pub time: Duration,
    /// Relative distance from the optimum at which it may stop.
    pub gap: f32,
}

/// The best allocation that is found within the limits; never worse than the greedy one.
pub fn solve(programme: &Programme, limits: Limits) -> Allocation {
    let greedy = solve_greedily(programme);
    match solve_exactly(programme, limits) {
        Some(exact)
            if programme.allows(&exact.counts)
                && programme.value(&exact.counts) >= programme.value(&greedy.counts) - 1e-9 =>
        {
            exact
        }
        _ => greedy,
    }
}

/// `None` when the solver fails or finds nothing in time.
fn solve_exactly(programme: &Programme, limits: Limits) -> Option<Allocation> {
    let mut variables = ProblemVariables::new();
    let counts: Vec<Vec<Variable>> = programme
        .classes
        .iter()
        .map(|class| {
            let most = f64::from(class.count.min(programme.slots));
            class
                .choices
                .iter()
                .map(|_| variables.add(variable().integer().min(0).max(most)))
                .collect()
        })
        .collect();
    let mut worth = Expression::default();
    let mut needed = [const { Vec::new() }; 3];
    let mut started = Expression::default();
    for (class, counts) in programme.classes.iter().zip(&counts) {
        for (index, (choice, count)) in class.choices.iter().zip(counts).enumerate() {
            let lost = if index == 0 { class.waiting } else { 0.0 };
            worth += (choice.gain - lost) * *count;
            for (sum, amount) in needed.iter_mut().zip(choice.cost.each()) {
                if amount != 0.0 {
                    sum.push((*count, amount));
                }
            }
        }
        if let Some(first) = counts.first() {
            started += *first;
        }
    }
    let mut model = variables
        .maximise(worth)
        .using(microlp)
        .with_time_limit(limits.time.as_secs_f64())
        .with_mip_gap(limits.gap)
        .ok()?
        .with(constraint!(started <= f64::from(programme.slots)));
    for (terms, there) in needed.into_iter().zip(programme.capacity.each()) {
        if !terms.is_empty() {
            let sum: Expression = terms.into_iter().map(|(count, cost)| cost * count).sum();
            model = model.with(constraint!(sum <= there));
        }
    }
    for counts in &counts {
        for pair in counts.windows(2) {
            model = model.with(constraint!(pair[1] <= pair[0]));
        }
    }
    let solution = model.solve().ok()?;
    let method = match solution.status() {
        SolutionStatus::Optimal => SolveMethod::Optimal,
        SolutionStatus::GapLimit | SolutionStatus::TimeLimit => SolveMethod::Feasible,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, and bounded by the number of slots"
    )]
    let whole = |count: &Variable| solution.value(*count).round().max(0.0) as u32;
    Some(Allocation {
        counts: counts
            .iter()
            .map(|counts| counts.iter().map(whole).collect())
            .collect(),
        method,
    })
}

/// Oldest first, each job with the stages that are worth most of those that fit into what is left.
pub fn solve_greedily(programme: &Programme) -> Allocation {
    let mut counts: Vec<Vec<u32>> = programme
        .classes
        .iter()
        .map(|class| vec![0; class.choices.len()])
        .collect();
    let mut left = programme.capacity;
    let mut slots = programme.slots;
    for &index in &programme.order {
        if slots == 0 {
            break;
        }
        let class = &programme.classes[index];
        let mut best = (0, 0.0, Resources::default());
        let mut worth = -class.waiting;
        let mut cost = Resources::default();
        for (before, choice) in class.choices.iter().enumerate() {
            worth += choice.gain;
            cost = cost.plus(choice.cost);
            if cost.fits_in(left) && worth > best.1 {
                best = (before + 1, worth, cost);
            }
        }
        let (stages, _, cost) = best;
        if stages > 0 {
            slots -= 1;
            left = left.minus(cost);
            for count in &mut counts[index][..stages] {
                *count += 1;
            }
        }
    }
    Allocation {
        counts,
        method: SolveMethod::Greedy,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::programme::{Choice, Class};

    const EXACT: Limits = Limits {
        time: Duration::from_secs(20),
        gap: 0.0,
    };

    fn cpu(cpu: f64) -> Resources {
        Resources {
            cpu,
            ..Resources::default()
        }
    }

    fn class(count: u32, waiting: f64) -> Class {
        let choice = |gain, cost| Choice {
            gain,
            cost: cpu(cost),
        };
        Class {
            count,
            choices: vec![choice(0.6, 0.25), choice(0.3, 0.5), choice(0.1, 1.0)],
            waiting,
        }
    }

    fn programme(classes: Vec<Class>, cores: f64, slots: u32) -> Programme {
        let order = classes
            .iter()
            .enumerate()
            .flat_map(|(index, class)| vec![index; class.count as usize])
            .collect();
        Programme {
            classes,
            order,
            capacity: cpu(cores),
            slots,
        }
    }

    #[test]
    fn impatient_jobs_share_what_there_is() {
        let programme = programme(vec![class(4, 0.0)], 2.0, 4);
        let best = solve(&programme, EXACT);
        // Four templates and two details take the two cores; optimisation is worth least for its
        // cost.
        assert_eq!(best.counts, [[4, 2, 0]]);
        assert_eq!(best.method, SolveMethod::Optimal);
    }

    #[test]
    fn patient_jobs_wait_for_all_their_stages() {
        let programme = programme(vec![class(4, 0.95)], 2.0, 4);
        assert_eq!(solve(&programme, EXACT).counts, [[1, 1, 1]]);
    }

    #[test]
    fn slots_bound_the_number_of_starts() {
        let programme = programme(vec![class(9, 0.0)], 100.0, 3);
        assert_eq!(solve(&programme, EXACT).counts, [[3, 3, 3]]);
    }

    #[test]
    fn nothing_fits_on_a_full_machine() {
        let programme = programme(vec![class(3, 0.0)], 0.2, 3);
        assert_eq!(solve(&programme, EXACT).counts, [[0, 0, 0]]);
    }

    #[test]
    fn memory_binds_as_the_cpu_does() {
        let mut programme = programme(vec![class(4, 0.0)], 100.0, 4);
        for choice in &mut programme.classes[0].choices {
            choice.cost.memory_mb = 100.0;
        }
        programme.capacity.memory_mb = 450.0;
        assert_eq!(solve(&programme, EXACT).counts, [[4, 0, 0]]);
        assert_eq!(solve_greedily(&programme).counts, [[2, 1, 1]]);
    }

    #[test]
    fn greed_gives_the_oldest_all_it_can() {
        let programme = programme(vec![class(4, 0.0)], 2.0, 4);
        let greedy = solve_greedily(&programme);
        assert_eq!(greedy.counts, [[2, 1, 1]]);
        assert!(programme.allows(&greedy.counts));
    }

    #[test]
    fn an_empty_programme_has_an_empty_solution() {
        let programme = programme(Vec::new(), 2.0, 4);
        assert!(solve(&programme, EXACT).counts.is_empty());
    }

    /// The optimum with a decision for each job by itself, by trying all.
    fn best_of_all(programme: &Programme) -> f64 {
        fn go(programme: &Programme, job: usize, left: Resources, slots: u32) -> f64 {
            let Some(&index) = programme.order.get(job) else {
                return 0.0;
            };
            let class = &programme.classes[index];
            let mut best = class.waiting + go(programme, job + 1, left, slots);
            if slots == 0 {
                return best;
            }
            let (mut gain, mut cost) = (0.0, Resources::default());
            for choice in &class.choices {
                gain += choice.gain;
                cost = cost.plus(choice.cost);
                if cost.fits_in(left) {
                    let rest = go(programme, job + 1, left.minus(cost), slots - 1);
                    best = best.max(gain + rest);
                }
            }
            best
        }
        go(programme, 0, programme.capacity, programme.slots)
    }

    fn choices() -> impl Strategy<Value = Vec<Choice>> {
        let choice = (0_u32..100, 0_u32..20, 0_u32..20).prop_map(|(gain, cores, memory)| Choice {
            gain: f64::from(gain) / 100.0,
            cost: Resources {
                cpu: f64::from(cores) / 10.0,
                memory_mb: f64::from(memory),
                gpu_memory_mb: 0.0,
            },
        });
        proptest::collection::vec(choice, 1..=3)
    }

    prop_compose! {
        fn programmes()(
            kinds in proptest::collection::vec((choices(), 0_u32..100), 1..4),
            order in proptest::collection::vec(0_usize..3, 0..7),
            cores in 0_u32..60,
            memory in 0_u32..60,
            slots in 0_u32..8,
        ) -> Programme {
            let order: Vec<usize> = order.into_iter().map(|kind| kind % kinds.len()).collect();
            let classes = kinds
                .into_iter()
                .enumerate()
                .map(|(index, (choices, waiting))| Class {
                    count: order.iter().filter(|kind| **kind == index).count() as u32,
                    choices,
                    waiting: f64::from(waiting) / 100.0,
                })
                .collect();
            Programme {
                classes,
                order,
                capacity: Resources {
                    cpu: f64::from(cores) / 10.0,
                    memory_mb: f64::from(memory),
                    gpu_memory_mb: 0.0,
                },
                slots,
            }
        }
    }

    proptest! {
        #[test]
        fn classes_have_the_optimum_of_single_jobs(programme in programmes()) {
            let solved = solve(&programme, EXACT);
            prop_assert!(programme.allows(&solved.counts));
            let best = best_of_all(&programme);
            let found = programme.value(&solved.counts);
            prop_assert!((best - found).abs() < 1e-6, "best {best}, found {found}, {solved:?}");
        }

        #[test]
        fn greed_keeps_to_the_limits(programme in programmes()) {
            let greedy = solve_greedily(&programme);
            prop_assert!(programme.allows(&greedy.counts));
            let none: Vec<Vec<u32>> = programme
                .classes
                .iter()
                .map(|class| vec![0; class.choices.len()])
                .collect();
            prop_assert!(programme.value(&greedy.counts) >= programme.value(&none) - 1e-9);
        }
    }
}
