//! The exact place of what was moved, by least squares on the part of the target around it, seen
//! in more and more pixels: what is off by a tenth of a pixel is bent by the fit that follows.

use chat2svg_trace::linear::solve;
use chat2svg_vector::{Document, RenderError};

use super::{
    Search,
    form::Similarity,
    guesses::Guess,
    pose::{AXES, SHIFTS, Trial, along},
    units::{Unit, to_user},
    view::{View, averaged, color_of},
};
use crate::measure::fitting_size;

/// Pixels by which the outline moves to measure what that changes.
const PROBE: f64 = 0.25;
/// Most pixels that a step goes, pixels below which it is the last, and most steps.
const LONGEST: f64 = 2.0;
const SHORTEST: f64 = 0.01;
const STEPS: usize = 8;
/// Share of the strongest axis by which all are held back: a disc turns unseen.
const DAMPING: f64 = 1e-3;
/// Longest sides in pixels at which that is done.
const SIDES: [u32; 2] = [320, 1000];
/// How much more error there may be without a turn or scaling: a share of what the unit takes away,
/// and one of the error, up to another share of the former.
const HARDLY_EXACT: f64 = 5e-4;
const NO_WORSE: f64 = 0.25;
const HARDLY: f64 = 0.01;

impl<'a> Search<'a> {
    /// The target at the sizes at which places are made exact.
    pub(super) fn closer(&self, document: &Document) -> Result<Vec<View<'a>>, RenderError> {
        let sizes = SIDES.map(|side| fitting_size(document, self.target, side));
        let mut sizes = sizes.into_iter().collect::<Result<Vec<_>, _>>()?;
        sizes.dedup();
        let views = sizes.into_iter().map(|size| {
            let picture = averaged(self.target, size, self.stop)?;
            Ok(View::of(&picture, self.stop))
        });
        views.collect()
    }

    /// Brings a unit that was moved to its exact place in parts of some views, from few pixels to
    /// many; `so_far` is how it was moved in user space.
    pub(super) fn make_exact(
        &self,
        document: &mut Document,
        unit: &Unit,
        so_far: &mut Similarity,
        views: &[View<'_>],
        work: &mut usize,
    ) -> Result<(), RenderError> {
        let to_user = to_user(document, &unit.place);
        let node = document.node(&unit.place);
        let Some(bounds) = node.and_then(|node| node.paint_bounds(to_user)) else {
            return Ok(());
        };
        let is_plain = so_far.turn == 0.0 && so_far.scale == 1.0;
        let parts = views
            .iter()
            .map_while(|view| view.around(bounds, document).transpose());
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        for ((view, frame), left) in parts.iter().zip((0..parts.len()).rev()) {
            let mut part = document.clone();
            part.view_box = *frame;
            let mut trial = Trial::new(&part, unit, view, work)?;
            let middle = trial.to_view * (so_far.center + so_far.by);
            let here = Guess {
                similarity: Similarity::shift(middle, Default::default()),
                likeness: 0.0,
                color: None,
            };
            let guess = if left == 0 {
                trial.settled_plainly(here, so_far)?
            } else {
                let axes = [true, true, !is_plain, !is_plain];
                trial.settled(here, axes)?.map_or(here, |(_, guess)| guess)
            };
            let change = guess.similarity.mapped(trial.to_view.inverse());
            document.layers = trial.moved(&guess).layers;
            so_far.go_on(&change);
        }
        Ok(())
    }
}

impl Trial<'_, '_> {
    /// The best place along some axes by steps of least squares (Gauss-Newton), which end where the
    /// renderer's coverage does: at hundredths of a pixel.
    fn settled(
        &mut self,
        mut guess: Guess,
        axes: [bool; AXES],
    ) -> Result<Option<(f64, Guess)>, RenderError> {
        let radius = self.radius().max(1.0);
        let Some(mut off) = self.differences(&guess)? else {
            return Ok(None);
        };
        let mut error = square(&off);
        for _ in 0..STEPS {
            let mut slopes: [Vec<f32>; AXES] = Default::default();
            for (axis, slope) in slopes.iter_mut().enumerate().filter(|(at, _)| axes[*at]) {
                let after = self.differences(&along(guess, axis, PROBE, radius))?;
                let before = self.differences(&along(guess, axis, -PROBE, radius))?;
                let (Some(after), Some(before)) = (after, before) else {
                    return Ok(Some((error, guess)));
                };
                *slope = after
                    .iter()
                    .zip(&before)
                    .map(|(after, before)| (after - before) / (2.0 * PROBE as f32))
                    .collect();
            }
            let Some(step) = least_squares(&slopes, &off) else {
                break;
            };
            let length = step.iter().map(|part| part * part).sum::<f64>().sqrt();
            let mut share = (LONGEST / length).min(1.0);
            let mut is_better = false;
            for _ in 0..3 {
                let next = (0..AXES).fold(guess, |next, axis| {
                    along(next, axis, share * step[axis], radius)
                });
                let Some(found) = self.differences(&next)? else {
                    break;
                };
                if square(&found) < error {
                    (error, off, guess, is_better) = (square(&found), found, next, true);
                    break;
                }
                share *= 0.5;
            }
            if !is_better || share * length < SHORTEST {
                break;
            }
        }
        Ok(Some((error, guess)))
    }

    /// The best exact place, without the turn and the scaling since the template that add nothing
    /// measurable.
    fn settled_plainly(&mut self, guess: Guess, so_far: &Similarity) -> Result<Guess, RenderError> {
        let Some((error, exact)) = self.settled(guess, [true; AXES])? else {
            return Ok(guess);
        };
        let unturned = -so_far.turn;
        let unscaled = 1.0 / so_far.scale;
        // What the unit brings: what is beyond the view is gone.
        let mut gone = exact;
        gone.similarity.by.x += 4.0 * f64::from(self.view.width);
        let brings = self.error(&gone)?.map_or(0.0, |without| without - error);
        let allowed = error + HARDLY_EXACT * brings + (NO_WORSE * error).min(HARDLY * brings);
        let Similarity { turn, scale, .. } = exact.similarity;
        for (turn, scale, axes) in [
            (unturned, unscaled, SHIFTS),
            (unturned, scale, [true, true, false, true]),
            (turn, unscaled, [true, true, true, false]),
        ] {
            let mut plain = exact;
            (plain.similarity.turn, plain.similarity.scale) = (turn, scale);
            if let Some((found, plain)) = self.settled(plain, axes)?
                && found <= allowed
            {
                return Ok(plain);
            }
        }
        Ok(exact)
    }

    /// What a guess shows less what the target shows, component by component; `None` when there is
    /// no work left to be spent.
    fn differences(&mut self, guess: &Guess) -> Result<Option<Vec<f32>>, RenderError> {
        let Some(shown) = self.shown(guess)? else {
            return Ok(None);
        };
        let pairs = shown.pixels().iter().map(color_of).zip(&self.view.pixels);
        Ok(Some(
            pairs
                .flat_map(|(shown, wanted)| [0, 1, 2].map(|i| shown[i] - wanted[i]))
                .collect(),
        ))
    }
}

fn square(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(value * value)).sum()
}

/// The step along each axis after which differences that change by `slopes` are least; none along
/// an axis without a slope.
fn least_squares(slopes: &[Vec<f32>; AXES], off: &[f32]) -> Option<[f64; AXES]> {
    let product =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
    let mut rows = [[0.0; AXES]; AXES];
    let mut right = [[0.0]; AXES];
    for (axis, slope) in slopes.iter().enumerate() {
        rows[axis] = [0, 1, 2, 3].map(|other: usize| product(slope, &slopes[other]));
        right[axis] = [-product(slope, off)];
    }
    let strongest = (0..AXES).map(|axis| rows[axis][axis]).fold(0.0, f64::max);
    for (axis, row) in rows.iter_mut().enumerate() {
        row[axis] += DAMPING * strongest;
    }
    let found = solve(rows, right)?;
    Some(found.map(|[step]| step))
}
