//! The fewest stops that follow the course of colours along a parameter: knots where the course
//! is followed worst, colours by least squares.

/// Most stops.
const MOST_STOPS: usize = 16;
/// Largest deviation of a bin's mean from the stops' course, in levels.
const CLOSE: f64 = 0.9;
/// Shortest distance between two stops, in bins.
const LEAST_SPAN: f64 = 1.0;
/// A change of more levels over fewer pixels is a border between two areas, not a gradient.
const STEP_CHANGE: f64 = 12.0;
const STEP_SPAN: f64 = 3.0;

/// What pixels of one parameter show on average.
pub(super) struct Mean {
    pub(super) place: f64,
    pub(super) color: [f64; 4],
    /// What an error of a component weighs in one pixel.
    pub(super) weights: [f64; 4],
    pub(super) count: f64,
}

/// Where the fewest stops between two ends are, and their colours in levels; `None` where many are
/// too few, or the course has a step.
pub(super) fn fewest(bins: &[Mean], ends: [f64; 2]) -> Option<(Vec<f64>, Vec<[f64; 4]>)> {
    let mut knots = ends.to_vec();
    let mut colors = fitted(bins, &knots)?;
    loop {
        let (worst, at) = worst_bin(bins, &knots, &colors);
        if worst <= CLOSE {
            break;
        }
        if knots.len() >= MOST_STOPS {
            return None;
        }
        let place = knots.partition_point(|knot| *knot < at);
        knots.insert(place, at);
        settle(bins, &mut knots)?;
        colors = fitted(bins, &knots)?;
    }
    // Some knots only stood in for better ones.
    let mut index = 1;
    while index + 1 < knots.len() {
        let mut fewer = knots.clone();
        fewer.remove(index);
        settle(bins, &mut fewer)?;
        let found = fitted(bins, &fewer)?;
        if worst_bin(bins, &fewer, &found).0 <= CLOSE {
            (knots, colors) = (fewer, found);
            index = 1;
        } else {
            index += 1;
        }
    }
    let is_step = |index: usize| {
        let change = |i: usize| (colors[index + 1][i] - colors[index][i]).abs();
        knots[index + 1] - knots[index] < STEP_SPAN && (0..4).any(|i| change(i) > STEP_CHANGE)
    };
    if (0..knots.len() - 1).any(is_step) {
        return None;
    }
    Some((knots, colors))
}

/// Place among knots, and share of the way to the next.
fn between(knots: &[f64], at: f64) -> (usize, f64) {
    let index = knots
        .partition_point(|knot| *knot <= at)
        .clamp(1, knots.len() - 1)
        - 1;
    let span = (knots[index + 1] - knots[index]).max(1e-9);
    (index, ((at - knots[index]) / span).clamp(0.0, 1.0))
}

/// Colours at knots, by least squares over all bins.
fn fitted(bins: &[Mean], knots: &[f64]) -> Option<Vec<[f64; 4]>> {
    let mut colors = vec![[0.0; 4]; knots.len()];
    for i in 0..4 {
        let values = component_at(bins, knots, i)?;
        for (color, value) in colors.iter_mut().zip(values) {
            color[i] = value.clamp(0.0, 255.0);
        }
    }
    Some(colors)
}

/// One component at knots: a tridiagonal system.
fn component_at(bins: &[Mean], knots: &[f64], i: usize) -> Option<Vec<f64>> {
    let count = knots.len();
    let mut diagonal = vec![1e-9; count];
    let mut beside = vec![0.0; count];
    let mut right = vec![0.0; count];
    for bin in bins {
        let (index, share) = between(knots, bin.place);
        let (near, far) = (1.0 - share, share);
        let (weight, value) = (bin.weights[i], bin.color[i]);
        diagonal[index] += weight * near * near;
        diagonal[index + 1] += weight * far * far;
        beside[index] += weight * near * far;
        right[index] += weight * near * value;
        right[index + 1] += weight * far * value;
    }
    for index in 1..count {
        let factor = beside[index - 1] / diagonal[index - 1];
        diagonal[index] -= factor * beside[index - 1];
        if diagonal[index] <= 1e-12 {
            return None;
        }
        right[index] -= factor * right[index - 1];
    }
    for index in (0..count).rev() {
        let above = right.get(index + 1).copied().unwrap_or_default();
        right[index] = (right[index] - beside[index] * above) / diagonal[index];
    }
    Some(right)
}

fn deviation(bin: &Mean, knots: &[f64], colors: &[[f64; 4]]) -> f64 {
    let (index, share) = between(knots, bin.place);
    let off = |i: usize| {
        let shown = colors[index][i] * (1.0 - share) + colors[index + 1][i] * share;
        bin.weights[i].sqrt() * (bin.color[i] - shown).abs()
    };
    (0..4).map(off).fold(0.0, f64::max)
}

/// The largest deviation from the course, and where; bins of few pixels are not asked.
fn worst_bin(bins: &[Mean], knots: &[f64], colors: &[[f64; 4]]) -> (f64, f64) {
    bins.iter()
        .filter(|bin| bin.count >= 3.0)
        .map(|bin| (deviation(bin, knots, colors), bin.place))
        .fold(
            (0.0, knots[0]),
            |worst, one| if one.0 > worst.0 { one } else { worst },
        )
}

/// Moves the inner knots to where the course is followed best.
fn settle(bins: &[Mean], knots: &mut [f64]) -> Option<()> {
    let error = |knots: &[f64]| -> Option<f64> {
        let colors = fitted(bins, knots)?;
        Some(
            bins.iter()
                .map(|bin| deviation(bin, knots, &colors).powi(2))
                .sum(),
        )
    };
    let mut least = error(knots)?;
    let span = knots[knots.len() - 1] - knots[0];
    let mut step = span / 8.0;
    while step > 0.1 {
        let mut is_better = false;
        for index in 1..knots.len() - 1 {
            for sign in [1.0, -1.0] {
                let kept = knots[index];
                let moved = kept + sign * step;
                if moved <= knots[index - 1] + LEAST_SPAN || moved >= knots[index + 1] - LEAST_SPAN
                {
                    continue;
                }
                knots[index] = moved;
                match error(knots) {
                    Some(found) if found < least => {
                        least = found;
                        is_better = true;
                    }
                    _ => knots[index] = kept,
                }
            }
        }
        if !is_better {
            step *= 0.5;
        }
    }
    Some(())
}
