//! In which order a fit's actions are taken.

use std::time::{Duration, Instant};

use chat2svg_trace::regions::{FINE_SIDE, ROUGH_SIDE};

use crate::{
    FitError,
    align::{LATTICE, SIMILARITY},
    fit::Fit,
    primitives::Stage,
    savings::Wanted,
};

/// Longest side at which regions of pictures of few colours are looked for.
const FINEST_SIDE: usize = 640;
/// By how much pictures of writing are enlarged to look for their regions, and to which longest
/// side at most.
const MOST_ENLARGED: usize = 2;
const FINEST_ENLARGED: usize = 1600;
/// Paths when the options set no limit.
const USUAL_PATHS: usize = 256;
/// Paths of the first, hasty result.
const ROUGH_PATHS: usize = 40;
/// When a cover would need more paths than allowed, one in so many is in the first one.
const FIRST_SHARE: usize = 2;
/// Fewer are not worth adding before the first descent.
const LEAST_ADDED: usize = 12;
/// Most times that paths are added before the first descent.
const EARLY_ADDITIONS: u32 = 4;
/// Steps before each of them.
const EARLY_STEPS: u32 = 12;
/// Largest step of a point in pixels of the resolution of a descent.
const RATE: f32 = 0.4;
/// Descents at the fitting resolution.
const ROUNDS: u32 = 4;
/// After which of them paths are added: from a template only when its own shapes show what they
/// can, and from nothing early, so that all have time to settle.
const ADDING: [std::ops::Range<u32>; 2] = [1..3, 0..2];
/// Steps after paths were taken out at the end.
const POLISH_STEPS: u32 = 15;
/// Rounds in which what does not pay is saved; only one where there are more paths, which cost
/// time.
const PAYING_ROUNDS: u32 = 2;
const FEW_PATHS: usize = 48;
/// Renderings for the trials of each.
const PAYING_TRIALS: usize = 24;
/// Part of its price that a byte may cost the picture, and by how much the squared error may grow
/// altogether: 0.09 dB.
const PAYING: f64 = 0.5;
pub(crate) const MOST_GROWN: f64 = 1.02;
/// For a byte budget: most rounds of savings; the part of what is too much that each saves, and its
/// bytes at least.
const SAVINGS: u32 = 24;
const SAVED_PART: usize = 3;
const LEAST_SAVED: usize = 100;
/// Renderings for the trials of each, and of how many changes tried the best one may be taken.
const BUDGET_TRIALS: usize = 48;
const BUDGET_CHOICE: usize = 4;
/// Steps after each.
const SAVING_STEPS: u32 = 7;
/// Share of the steps from a template in which points and paints are moved at a quarter and at half
/// the resolution. What this and the movement of whole shapes leave goes to full resolution.
const COARSE: f32 = 0.16;
/// How far in pixels outlines may move when drawn anew.
const SAME_OUTLINE: f64 = 0.3;

/// Runs the fit to its end, or until it is stopped.
pub(crate) fn run(fit: &mut Fit<'_>) -> Result<(), FitError> {
    let options = fit.problem.options;
    let limit = options.paths.map_or(USUAL_PATHS, |paths| paths as usize);
    let coarse = f64::from(COARSE);
    let placing = if options.is_in_place {
        0.0
    } else {
        f64::from(SIMILARITY + LATTICE)
    };
    let is_empty = fit.shapes() == 0;
    // The lines and shadows of a cover count as well.
    let lines = fit.problem.lines.map_or(0, |lines| lines.lines.len());
    let shadows = fit
        .problem
        .reading
        .shadows
        .as_ref()
        .map_or(0, |shadows| shadows.shapes.len() + shadows.plates.len());
    let room = limit.saturating_sub(lines + shadows).max(1);
    let began = Instant::now();
    let rough = fit.finder(ROUGH_SIDE);
    let taken = began.elapsed();
    if is_empty {
        // Something to show, and to fall back on when time is short.
        let (pool, stop, cost) = (fit.problem.pool, fit.problem.clock.as_stop(), fit.cost());
        if let Some(rough) = rough {
            fit.cover(pool.install(|| rough.cover(cost, room.min(ROUGH_PATHS), &stop)))?;
        }
    }
    let finder = fit.finder(affordable_side(fit, taken));
    let mut shows_all = false;
    if !is_empty {
        fit.close_outlines();
        fit.place_basic_shapes()?;
        fit.simplify(SAME_OUTLINE)?;
        fit.align()?;
        if fit.leave_placed()? {
            return Ok(());
        }
        fit.stroke_outlines()?;
        fit.descend(0.5 * coarse, 0.25, 2.5 * RATE)?;
        fit.descend(0.5 * coarse, 0.5, 1.75 * RATE)?;
        fit.subdivide()?;
    } else if let Some(finder) = &finder {
        let (pool, stop, cost) = (fit.problem.pool, fit.problem.clock.as_stop(), fit.cost());
        let first = pool.install(|| {
            let of_parts = finder.cover_of_smooth_parts(cost, room / 2, &stop);
            of_parts
                .or_else(|| finder.cover_of_few_colors(cost, room / 2, &stop))
                .unwrap_or_else(|| finder.cover(cost, room, &stop))
        });
        shows_all = 2 * first.len() <= room;
        if shows_all {
            fit.cover(first)?;
            // What is a basic shape is drawn as one before anything is painted over its outline;
            // but not where stairs leave it open.
            if !fit
                .problem
                .reading
                .clean
                .as_ref()
                .is_some_and(|clean| clean.is_hard)
            {
                fit.take_best();
                fit.draw_primitives(Stage::First)?;
                fit.fill_rings()?;
            }
        } else {
            // A cover must take a region apart to show what lies in it; painting on top need not.
            // So begin with few, and add about half as many again each time.
            let few = (room / FIRST_SHARE).max(LEAST_ADDED).min(room);
            fit.cover(pool.install(|| finder.cover(cost, few, &stop)))?;
            for _ in 0..EARLY_ADDITIONS {
                let room = limit.saturating_sub(fit.shapes()).min(fit.shapes() / 2);
                if room < LEAST_ADDED {
                    break;
                }
                fit.descend_steps(EARLY_STEPS, 0.5, 0.5 * RATE)?;
                if fit.add(finder, room)? == 0 {
                    break;
                }
            }
        }
    }
    let share = if is_empty {
        1.0
    } else {
        1.0 - coarse - placing
    } / f64::from(ROUNDS);
    let may_soften = !is_empty && options.allow_points;
    for round in 0..ROUNDS {
        if fit.is_stopped() {
            break;
        }
        if round + 1 == ROUNDS {
            // What was added last and does not pay is dropped; the rest is fitted to its end.
            fit.revert_if_clearly_worse();
        }
        fit.descend(share, 1.0, RATE)?;
        fit.judge_strokes(may_soften && round + 1 < ROUNDS)?;
        fit.prune()?;
        if round + 1 < ROUNDS {
            fit.subdivide()?;
            fit.merge_shapes()?;
        }
        if !is_empty && round == 0 {
            fit.stroke_outlines()?;
        }
        let Some(finder) = &finder else { continue };
        if round == 0 {
            fit.repaint(finder)?;
        }
        // Of a picture that is understood a cover shows all, if there was room for it.
        let is_covered = shows_all
            && fit
                .problem
                .reading
                .clean
                .as_ref()
                .is_some_and(|clean| clean.is_understood);
        if is_covered {
            continue;
        }
        if ADDING[usize::from(is_empty)].contains(&round) {
            fit.add(finder, limit.saturating_sub(fit.shapes()))?;
        }
    }
    let steps = POLISH_STEPS.min(options.iterations);
    fit.tracker.polish = steps;
    fit.chooses_rounding = true;
    fit.descend_steps(steps, 1.0, 0.5 * RATE)?;
    if !is_empty {
        fit.take_best();
        fit.draw_primitives(Stage::Own)?;
    }
    Ok(())
}

/// The longest side at which regions can be looked for in half of the time that is left, judged by
/// how long the rough ones took; without a deadline always the finest.
fn affordable_side(fit: &Fit<'_>, rough: Duration) -> usize {
    let target = fit.problem.target;
    let longest = target.width.max(target.height);
    let finest = if fit.problem.reading.has_writing {
        (MOST_ENLARGED * longest).min(FINEST_ENLARGED)
    } else if fit.problem.reading.is_flat {
        // Small marks are all that some pictures of few colours show.
        longest.clamp(FINE_SIDE, FINEST_SIDE)
    } else {
        FINE_SIDE
    };
    let Some(left) = fit.problem.clock.time_left() else {
        return finest;
    };
    let spent = rough.as_secs_f64();
    let mut side = finest;
    while side > ROUGH_SIDE {
        let pixels = (side as f64 / ROUGH_SIDE as f64).powi(2);
        if spent * pixels <= 0.5 * left.as_secs_f64() {
            break;
        }
        side /= 2;
    }
    side
}

/// Draws what a new document shows of basic shapes as such, and takes out what that hides.
pub(crate) fn finish_new(fit: &mut Fit<'_>) -> Result<(), FitError> {
    fit.take_best();
    fit.draw_primitives(Stage::Last)?;
    fit.prune()?;
    fit.take_best();
    fit.fill_rings()?;
    fit.take_best();
    fit.mark_primitives()?;
    fit.round_numbers()
}

/// Saves the bytes that are not worth what the picture shows by them, by and by, with a short
/// descent after each round, by which the rest makes good what it can before it is judged anew.
pub(crate) fn save(fit: &mut Fit<'_>) -> Result<(), FitError> {
    fit.take_best();
    if fit.excess_bytes() > 0 {
        return Ok(());
    }
    fit.is_saving = true;
    let usual = fit.most_error;
    fit.most_error = usual.min(MOST_GROWN * fit.best_error());
    fit.chooses_rounding = true;
    let is_small = fit.shapes() <= FEW_PATHS;
    for _ in 0..if is_small { PAYING_ROUNDS } else { 1 } {
        let wanted = Wanted {
            bytes: f64::INFINITY,
            // Changes that touch each other cost more than the sum of each.
            growth: 0.5 * (fit.most_error - fit.best_error()),
            per_byte: PAYING * fit.price().byte(),
            one_of: 1,
            renderings: PAYING_TRIALS,
        };
        if !fit.save_bytes(wanted)? {
            break;
        }
        descend(fit, SAVING_STEPS)?;
        fit.take_best();
    }
    fit.take_best();
    fit.most_error = usual;
    Ok(())
}

/// Meets the byte budget as `save` does, but whatever the picture loses.
pub(crate) fn meet_budget(fit: &mut Fit<'_>) -> Result<(), FitError> {
    fit.take_best();
    if fit.excess_bytes() == 0 {
        return Ok(());
    }
    fit.is_saving = true;
    fit.count_budget();
    let mut rounds = SAVINGS;
    while rounds > 0 && fit.excess_bytes() > 0 {
        fit.chooses_rounding = false;
        while rounds > 0 && fit.excess_bytes() > 0 {
            let excess = fit.excess_bytes();
            let wanted = Wanted {
                bytes: (excess / SAVED_PART).max(LEAST_SAVED).min(excess) as f64,
                growth: f64::INFINITY,
                per_byte: f64::INFINITY,
                one_of: BUDGET_CHOICE,
                renderings: BUDGET_TRIALS,
            };
            rounds = if fit.save_bytes(wanted)? {
                rounds - 1
            } else {
                0
            };
            descend(fit, SAVING_STEPS)?;
        }
        // Which may make numbers longer again.
        fit.chooses_rounding = true;
        descend(fit, 2 * SAVING_STEPS)?;
    }
    fit.take_best();
    Ok(())
}

/// Some steps beyond the budget.
fn descend(fit: &mut Fit<'_>, steps: u32) -> Result<(), FitError> {
    let steps = steps.min(fit.problem.options.iterations);
    fit.tracker.polish += steps;
    fit.descend_steps(steps, 1.0, 0.5 * RATE)
}
