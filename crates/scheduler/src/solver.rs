//! Solves the programme: exactly with a branch-and-bound solver, or greedily. Pure.

use std::time::Duration;

use chat2svg_protocol::SolveMethod;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, WithMipGap, WithTimeLimit,
    constraint, microlp, solvers::SolutionStatus, variable,
};

use crate::programme::{Allocation, Choice, Needs, Programme};

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
    if greedy.method == SolveMethod::Optimal {
        return greedy;
    }
    match solve_exactly(programme, &greedy, limits) {
        Some(exact)
            if programme.allows(&exact)
                && programme.value(&exact) >= programme.value(&greedy) - 1e-9 =>
        {
            exact
        }
        _ => greedy,
    }
}

/// `None` when the solver fails or finds nothing in time.
fn solve_exactly(programme: &Programme, greedy: &Allocation, limits: Limits) -> Option<Allocation> {
    let mut variables = ProblemVariables::new();
    let counts: Vec<Vec<Variable>> = programme
        .classes
        .iter()
        .map(|class| {
            let most = f64::from(class.count);
            let mut add = |_: &Choice| variables.add(variable().integer().min(0).max(most));
            class.choices.iter().map(&mut add).collect()
        })
        .collect();
    let rates: Vec<Vec<Variable>> = programme
        .expected
        .iter()
        .map(|expected| {
            let mut add = |_: &Choice| variables.add(variable().min(0).max(expected.rate));
            expected.choices.iter().map(&mut add).collect()
        })
        .collect();
    let horizon = programme.horizon();
    let mut worth = Expression::default();
    for (class, counts) in programme.classes.iter().zip(&counts) {
        for (choice, count) in class.choices.iter().zip(counts) {
            worth += choice.value * *count;
        }
    }
    for (expected, rates) in programme.expected.iter().zip(&rates) {
        for (choice, rate) in expected.choices.iter().zip(rates) {
            worth += horizon * choice.value * *rate;
        }
    }
    let mut model = variables
        .maximise(worth)
        .using(microlp)
        .with_time_limit(limits.time.as_secs_f64())
        .with_mip_gap(limits.gap)
        .ok()?;
    for (class, counts) in programme.classes.iter().zip(&counts) {
        let all: Expression = counts.iter().copied().sum();
        model = model.with(constraint!(all == f64::from(class.count)));
    }
    for (expected, rates) in programme.expected.iter().zip(&rates) {
        let all: Expression = rates.iter().copied().sum();
        model = model.with(constraint!(all == expected.rate));
    }
    for (tier, limit) in programme.limits().into_iter().enumerate() {
        for (kind, there) in limit.each().into_iter().enumerate() {
            // Scaled, since units differ by orders of magnitude.
            let scale = 1.0 / there.max(1e-6);
            let mut sum = Expression::default();
            let mut is_used = false;
            let amount =
                |choice: &Choice| choice.needs.each().get(kind).copied().unwrap_or(0.0) * scale;
            for (class, counts) in programme.classes.iter().zip(&counts) {
                if class.tier > tier {
                    continue;
                }
                for (choice, count) in class.choices.iter().zip(counts) {
                    let needed = amount(choice);
                    if needed > 0.0 {
                        sum += needed * *count;
                        is_used = true;
                    }
                }
            }
            let seconds = programme.tiers.get(tier).map_or(0.0, |tier| tier.seconds);
            for (expected, rates) in programme.expected.iter().zip(&rates) {
                for (choice, rate) in expected.choices.iter().zip(rates) {
                    let needed = amount(choice) * seconds;
                    if needed > 0.0 {
                        sum += needed * *rate;
                        is_used = true;
                    }
                }
            }
            if is_used {
                model = model.with(constraint!(sum <= 1.0));
            }
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
        reason = "rounded, and bounded by the number of jobs"
    )]
    let whole = |count: &Variable| solution.value(*count).round().max(0.0) as u32;
    let number = |rate: &Variable| solution.value(*rate).max(0.0);
    Some(Allocation {
        counts: counts
            .iter()
            .map(|counts| counts.iter().map(whole).collect())
            .collect(),
        rates: rates
            .iter()
            .map(|rates| rates.iter().map(number).collect())
            .collect(),
        price: greedy.price,
        method,
    })
}

/// A step from one way to the next better one.
struct Step {
    /// A class, or after all classes what is expected.
    owner: usize,
    from: usize,
    /// What it is worth for what it needs.
    ratio: f64,
}

/// Everything in its cheapest way first; then the steps to better ways, those first that give most
/// for the share that they take of what is scarcest, as far as there is room for them.
pub fn solve_greedily(programme: &Programme) -> Allocation {
    let best = programme.best();
    let within = |used: &[Needs], limits: &[Needs]| {
        used.iter()
            .zip(limits)
            .all(|(used, limit)| used.are_within(*limit))
    };
    let limits = programme.limits();
    if within(&programme.used(&best), &limits) {
        return best;
    }
    let capacity = programme.capacity();
    let classes = programme.classes.len();
    let choices_of = |owner: usize| match programme.classes.get(owner) {
        Some(class) => class.choices.as_slice(),
        None => programme
            .expected
            .get(owner - classes)
            .map_or(&[][..], |expected| expected.choices.as_slice()),
    };
    let mut steps: Vec<Step> = (0..classes + programme.expected.len())
        .flat_map(|owner| {
            let pairs = choices_of(owner).windows(2).enumerate();
            pairs.filter_map(move |(from, pair)| {
                let [before, after] = pair else { return None };
                let share = after.needs.minus(before.needs).share_of(capacity);
                let ratio = (after.value - before.value) / share.max(1e-12);
                Some(Step { owner, from, ratio })
            })
        })
        .collect();
    steps.sort_by(|one, other| other.ratio.total_cmp(&one.ratio));
    let mut allocation = programme.cheapest();
    let mut used = programme.used(&allocation);
    let mut price = 0.0_f64;
    for step in steps {
        let [before, after] = match choices_of(step.owner).get(step.from..step.from + 2) {
            Some([before, after]) => [*before, *after],
            _ => continue,
        };
        let more = after.needs.minus(before.needs);
        let tier = programme.classes.get(step.owner).map(|class| class.tier);
        let weight = |index: usize, seconds: f64| match tier {
            Some(tier) if index < tier => 0.0,
            Some(_) => 1.0,
            None => seconds,
        };
        // How many more there is room for, in every tier that they count in.
        let mut room = f64::INFINITY;
        for (index, (tier, limit)) in programme.tiers.iter().zip(&limits).enumerate() {
            let weight = weight(index, tier.seconds);
            let Some(used) = used.get(index) else {
                continue;
            };
            for ((more, used), limit) in more.each().into_iter().zip(used.each()).zip(limit.each())
            {
                if weight * more > 1e-12 {
                    room = room.min((limit - used).max(0.0) / (weight * more));
                }
            }
        }
        let moved = match programme.classes.get(step.owner) {
            Some(_) => {
                let Some(counts) = allocation.counts.get_mut(step.owner) else {
                    continue;
                };
                let there = counts.get(step.from).copied().unwrap_or(0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "bounded by the count that is there"
                )]
                let moved = (room + 1e-9).floor().clamp(0.0, f64::from(there)) as u32;
                if moved < there {
                    price = price.max(step.ratio);
                }
                shift(
                    counts,
                    step.from,
                    moved,
                    |one, by| *one -= by,
                    |one, by| *one += by,
                );
                f64::from(moved)
            }
            None => {
                let Some(rates) = allocation.rates.get_mut(step.owner - classes) else {
                    continue;
                };
                let there = rates.get(step.from).copied().unwrap_or(0.0);
                let moved = room.clamp(0.0, there);
                if moved < there - 1e-12 {
                    price = price.max(step.ratio);
                }
                shift(
                    rates,
                    step.from,
                    moved,
                    |one, by| *one -= by,
                    |one, by| *one += by,
                );
                moved
            }
        };
        for (index, (used, tier)) in used.iter_mut().zip(&programme.tiers).enumerate() {
            *used = used.plus(more.times(moved * weight(index, tier.seconds)));
        }
    }
    allocation.price = price;
    allocation
}

/// Moves an amount from one place of a list to the next.
fn shift<T: Copy>(
    list: &mut [T],
    from: usize,
    amount: T,
    take: impl Fn(&mut T, T),
    give: impl Fn(&mut T, T),
) {
    if let Some([one, next]) = list.get_mut(from..from + 2) {
        take(one, amount);
        give(next, amount);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::programme::{Class, Expected, Tier};

    const EXACT: Limits = Limits {
        time: Duration::from_secs(20),
        gap: 0.0,
    };

    fn choice(value: f64, needs: f64) -> Choice {
        Choice {
            value,
            needs: Needs::uniform(needs),
        }
    }

    /// A template for 0.25, with detail for 0.75, with a fit for 1.75.
    fn choices() -> Vec<Choice> {
        vec![choice(0.6, 0.25), choice(0.9, 0.75), choice(1.0, 1.75)]
    }

    fn tier(seconds: f64, capacity: f64) -> Tier {
        Tier {
            seconds,
            capacity: Needs::uniform(capacity),
        }
    }

    fn programme(count: u32, capacity: f64) -> Programme {
        Programme {
            classes: vec![Class {
                count,
                tier: 0,
                choices: choices(),
            }],
            expected: Vec::new(),
            tiers: vec![tier(1.0, capacity)],
        }
    }

    #[test]
    fn with_room_for_all_everything_is_best_and_nothing_has_a_price() {
        let found = solve(&programme(4, 7.0), EXACT);
        assert_eq!(found.counts, [[0, 0, 4]]);
        assert_eq!((found.method, found.price), (SolveMethod::Optimal, 0.0));
    }

    #[test]
    fn what_is_scarce_goes_where_it_is_worth_most() {
        // Four templates take 1.0; the steps to detail are worth more for their half than fits are.
        let found = solve(&programme(4, 2.0), EXACT);
        assert_eq!(found.counts, [[2, 2, 0]]);
        let greedy = solve_greedily(&programme(4, 2.0));
        assert_eq!(greedy.counts, [[2, 2, 0]]);
        assert!(greedy.price > 0.0);
    }

    #[test]
    fn every_job_has_at_least_its_cheapest_way() {
        assert_eq!(solve(&programme(9, 0.5), EXACT).counts, [[9, 0, 0]]);
    }

    #[test]
    fn what_is_due_first_binds_what_is_due_later_but_not_the_other_way_round() {
        let class = |tier| Class {
            count: 2,
            tier,
            choices: choices(),
        };
        let programme = Programme {
            classes: vec![class(0), class(1)],
            expected: Vec::new(),
            tiers: vec![tier(1.0, 0.5), tier(10.0, 4.0)],
        };
        let found = solve(&programme, EXACT);
        assert_eq!(found.counts, [[2, 0, 0], [0, 0, 2]]);
        assert_eq!(solve_greedily(&programme).counts, found.counts);
    }

    #[test]
    fn what_is_expected_keeps_present_jobs_from_taking_everything() {
        let alone = Programme {
            tiers: vec![tier(3.0, 6.0)],
            ..programme(2, 0.0)
        };
        assert_eq!(solve(&alone, EXACT).counts, [[0, 0, 2]]);
        let expected = Expected {
            rate: 4.0,
            choices: choices(),
        };
        let crowded = Programme {
            expected: vec![expected],
            ..alone
        };
        let found = solve(&crowded, EXACT);
        assert_eq!(found.counts[0][2], 0, "{found:?}");
        let rate: f64 = found.rates[0].iter().sum();
        assert!((rate - 4.0).abs() < 1e-6);
    }

    #[test]
    fn an_empty_programme_has_an_empty_solution() {
        assert!(solve(&Programme::default(), EXACT).counts.is_empty());
    }

    /// The optimum with a decision for each job by itself, by trying all.
    fn best_of_all(programme: &Programme) -> f64 {
        fn go(programme: &Programme, jobs: &[usize], limits: &[Needs], used: &[Needs]) -> f64 {
            let fits = used
                .iter()
                .zip(limits)
                .all(|(used, limit)| used.are_within(*limit));
            if !fits {
                return f64::NEG_INFINITY;
            }
            let Some((&class, rest)) = jobs.split_first() else {
                return 0.0;
            };
            let class = &programme.classes[class];
            let tries = class.choices.iter().map(|choice| {
                let mut used = used.to_vec();
                for used in &mut used[class.tier..] {
                    *used = used.plus(choice.needs);
                }
                choice.value + go(programme, rest, limits, &used)
            });
            tries.fold(f64::NEG_INFINITY, f64::max)
        }
        let jobs: Vec<usize> = programme
            .classes
            .iter()
            .enumerate()
            .flat_map(|(index, class)| vec![index; class.count as usize])
            .collect();
        let used = vec![Needs::default(); programme.tiers.len()];
        go(programme, &jobs, &programme.limits(), &used)
    }

    fn any_choices() -> impl Strategy<Value = Vec<Choice>> {
        let choice = (0_u32..100, proptest::array::uniform9(0_u32..20));
        proptest::collection::vec(choice, 1..=3).prop_map(|steps| {
            let mut sum = (0.0, Needs::default());
            let mut choices = Vec::new();
            for (value, needs) in steps {
                let needs = Needs::from_each(needs.map(|amount| f64::from(amount) / 10.0));
                sum = (sum.0 + f64::from(value) / 100.0, sum.1.plus(needs));
                choices.push(Choice {
                    value: sum.0,
                    needs: sum.1,
                });
            }
            choices
        })
    }

    prop_compose! {
        fn programmes()(
            kinds in proptest::collection::vec((any_choices(), 0_u32..3, 0_usize..2), 1..4),
            amounts in proptest::array::uniform2(proptest::array::uniform9(0_u32..60)),
            rate in 0_u32..40,
        ) -> (Programme, f64) {
            let amount = |each: [u32; 9]| Needs::from_each(each.map(|amount| f64::from(amount) / 10.0));
            let near = amount(amounts[0]);
            let programme = Programme {
                classes: kinds
                    .into_iter()
                    .map(|(choices, count, tier)| Class { count, tier, choices })
                    .collect(),
                expected: Vec::new(),
                tiers: vec![
                    Tier { seconds: 1.0, capacity: near },
                    Tier { seconds: 2.0, capacity: near.plus(amount(amounts[1])) },
                ],
            };
            (programme, f64::from(rate) / 10.0)
        }
    }

    proptest! {
        #[test]
        fn classes_have_the_optimum_of_single_jobs((programme, _) in programmes()) {
            let solved = solve(&programme, EXACT);
            prop_assert!(programme.allows(&solved));
            let best = best_of_all(&programme);
            let found = programme.value(&solved);
            prop_assert!((best - found).abs() < 1e-6, "best {best}, found {found}, {solved:?}");
        }

        #[test]
        fn greed_keeps_to_the_limits_and_the_solver_is_no_worse((mut programme, rate) in programmes()) {
            programme.expected = vec![Expected { rate, choices: choices() }];
            let greedy = solve_greedily(&programme);
            prop_assert!(programme.allows(&greedy));
            prop_assert!(programme.value(&greedy) >= programme.value(&programme.cheapest()) - 1e-9);
            let solved = solve(&programme, EXACT);
            prop_assert!(programme.allows(&solved));
            prop_assert!(programme.value(&solved) >= programme.value(&greedy) - 1e-6);
        }
    }
}
