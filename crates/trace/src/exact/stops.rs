//! The fewest stops that follow the course of colours along a parameter: knots between the longest
//! straight pieces, colours by least squares.

use crate::linear::solve_tridiagonal;

/// Most stops.
const MOST_STOPS: usize = 16;
/// Largest deviation of a bin's mean from the stops' course, in levels, where it is opaque and
/// where it is not: there colours were rounded with and without their opacity, which was rounded,
/// too.
const CLOSE: f64 = 0.9;
const CLOSE_TRANSLUCENT: f64 = 1.6;
/// Smallest step by which knots are moved, in pixels.
const LEAST_STEP: f64 = 0.02;
/// Shortest distance between two stops, in pixels.
const LEAST_SPAN: f64 = 1.0;
/// A change of more levels over fewer pixels is a border between two areas, not a gradient.
const STEP_CHANGE: f64 = 12.0;
const STEP_SPAN: f64 = 1.5;

/// What pixels of one parameter show on average.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    pub(super) place: f64,
    pub(super) color: [f64; 4],
    /// What an error of a component weighs in one pixel.
    pub(super) weights: [f64; 4],
    pub(super) count: f64,
}

impl Mean {
    /// The largest difference of a component from what is shown, in those that are close.
    fn off(&self, shown: [f64; 4]) -> f64 {
        let is_opaque = self.color[3] >= 254.5;
        let close = if is_opaque { CLOSE } else { CLOSE_TRANSLUCENT };
        let off = |i: usize| self.weights[i].sqrt() * (self.color[i] - shown[i]).abs();
        (0..4).map(off).fold(0.0, f64::max) / close
    }
}

/// A straight course: of each component the value at zero, and the slope.
type Line = [[f64; 2]; 4];

/// Where the fewest stops between two ends are, and their colours in levels; `None` where many are
/// too few, or the course has a step.
pub(super) fn fewest(bins: &[Mean], ends: [f64; 2]) -> Option<(Vec<f64>, Vec<[f64; 4]>)> {
    let mut knots = vec![ends[0]];
    knots.extend(bends(bins)?);
    knots.push(ends[1]);
    let mut colors = settled(bins, &mut knots)?;
    loop {
        let (worst, at) = worst_bin(bins, &knots, &colors);
        if worst <= 1.0 {
            break;
        }
        if knots.len() >= MOST_STOPS {
            return None;
        }
        let place = knots.partition_point(|knot| *knot < at);
        knots.insert(place, at);
        colors = settled(bins, &mut knots)?;
    }
    let is_step = |index: usize| {
        let [a, b] = [colors[index], colors[index + 1]];
        let seen = |i: usize| if i < 3 { a[3].max(b[3]) / 255.0 } else { 1.0 };
        let change = |i: usize| seen(i) * (b[i] - a[i]).abs();
        knots[index + 1] - knots[index] < STEP_SPAN && (0..4).any(|i| change(i) > STEP_CHANGE)
    };
    if (0..knots.len() - 1).any(is_step) {
        return None;
    }
    Some((knots, colors))
}

/// Where the straight lines of the longest pieces of a course meet; `None` of too many pieces.
fn bends(bins: &[Mean]) -> Option<Vec<f64>> {
    let mut found = Vec::new();
    let (mut end, mut line) = longest(bins, 0);
    while end < bins.len() {
        // A bin in which two pieces meet belongs to neither.
        let (next, beyond) = [end + 1, end]
            .map(|first| longest(bins, first))
            .into_iter()
            .max_by_key(|(next, _)| *next)?;
        found.push(meeting(&line, &beyond, &bins[end - 1]));
        (end, line) = (next, beyond);
        if found.len() + 2 > MOST_STOPS {
            return None;
        }
    }
    found.retain(|place| (bins[0].place..bins[bins.len() - 1].place).contains(place));
    found.sort_by(f64::total_cmp);
    Some(found)
}

/// The end of the longest piece of a course from a bin on that is one line, and the line.
fn longest(bins: &[Mean], first: usize) -> (usize, Line) {
    let mut sums = [[0.0; 5]; 4];
    let mut best = (first, Line::default());
    for end in first + 1..=bins.len() {
        let (bin, piece) = (&bins[end - 1], &bins[first..end]);
        let mut line = Line::default();
        for (i, [w, x, y, xx, xy]) in sums.iter_mut().enumerate() {
            let (weight, place) = (bin.weights[i] + 1e-9, bin.place - bins[first].place);
            let value = bin.color[i];
            *w += weight;
            *x += weight * place;
            *y += weight * value;
            *xx += weight * place * place;
            *xy += weight * place * value;
            let slope = (*w * *xy - *x * *y) / (*w * *xx - *x * *x).max(1e-12);
            let start = (*y - slope * *x) / *w;
            line[i] = [start - slope * bins[first].place, slope];
        }
        let off = |bin: &Mean| bin.off(line.map(|[start, slope]| start + slope * bin.place));
        let worst = piece.iter().map(off).fold(0.0, f64::max);
        if worst <= 1.0 {
            best = (end, line);
        } else if worst > 2.0 {
            break;
        }
    }
    best
}

/// Where two lines are nearest to each other, by what shows at a bin between.
fn meeting(a: &Line, b: &Line, between: &Mean) -> f64 {
    let (mut slopes, mut both) = (1e-12, 0.0);
    for (i, weight) in between.weights.into_iter().enumerate() {
        let (apart, slope) = (a[i][0] - b[i][0], a[i][1] - b[i][1]);
        let at = apart + slope * between.place;
        slopes += weight * slope * slope;
        both += weight * slope * at;
    }
    between.place - both / slopes
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
        for (color, [value]) in colors.iter_mut().zip(values) {
            color[i] = value.clamp(0.0, 255.0);
        }
    }
    Some(colors)
}

/// One component at knots: a tridiagonal system.
fn component_at(bins: &[Mean], knots: &[f64], i: usize) -> Option<Vec<[f64; 1]>> {
    let count = knots.len();
    let mut diagonal = vec![1e-9; count];
    let mut beside = vec![0.0; count];
    let mut right = vec![[0.0]; count];
    for bin in bins {
        let (index, share) = between(knots, bin.place);
        let (near, far) = (1.0 - share, share);
        let (weight, value) = (bin.weights[i], bin.color[i]);
        diagonal[index] += weight * near * near;
        diagonal[index + 1] += weight * far * far;
        beside[index] += weight * near * far;
        right[index][0] += weight * near * value;
        right[index + 1][0] += weight * far * value;
    }
    solve_tridiagonal(diagonal, &beside, right)
}

/// What stops show at a bin.
fn shown(bin: &Mean, knots: &[f64], colors: &[[f64; 4]]) -> [f64; 4] {
    let (index, share) = between(knots, bin.place);
    let (near, far) = (colors[index], colors[index + 1]);
    std::array::from_fn(|i| near[i] * (1.0 - share) + far[i] * share)
}

/// The largest deviation from the course, and where.
fn worst_bin(bins: &[Mean], knots: &[f64], colors: &[[f64; 4]]) -> (f64, f64) {
    bins.iter()
        .map(|bin| (bin.off(shown(bin, knots, colors)), bin.place))
        .fold(
            (0.0, knots[0]),
            |worst, one| if one.0 > worst.0 { one } else { worst },
        )
}

/// Moves the inner knots to where the course is followed best; the colours there.
fn settled(bins: &[Mean], knots: &mut [f64]) -> Option<Vec<[f64; 4]>> {
    let error = |knots: &[f64]| -> Option<f64> {
        let colors = fitted(bins, knots)?;
        let off = |bin: &Mean| {
            let shown = shown(bin, knots, &colors);
            (0..4)
                .map(|i| bin.weights[i] * (bin.color[i] - shown[i]).powi(2))
                .sum::<f64>()
        };
        Some(bins.iter().map(off).sum())
    };
    let mut least = error(knots)?;
    let span = knots[knots.len() - 1] - knots[0];
    let mut step = span / 8.0;
    while step > LEAST_STEP {
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
    fitted(bins, knots)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A course through stops, with colours rounded.
    fn course(stops: &[(f64, [f64; 4])]) -> Vec<Mean> {
        let (knots, colors): (Vec<f64>, Vec<[f64; 4]>) = stops.iter().copied().unzip();
        let step = (knots[knots.len() - 1] - knots[0]) / 400.0;
        let at = |index: usize| {
            let bin = Mean {
                place: knots[0] + step * (index as f64 + 0.5),
                ..Mean::default()
            };
            let color = shown(&bin, &knots, &colors).map(f64::round);
            let weight = (color[3] / 255.0).powi(2);
            Mean {
                color,
                weights: [weight, weight, weight, 1.0],
                count: 5.0,
                ..bin
            }
        };
        (0..400).map(at).collect()
    }

    #[test]
    fn stops_are_found_where_they_are_and_no_more() {
        for stops in [
            vec![
                (0.0, [243.0, 195.0, 179.0, 255.0]),
                (250.0, [32.0, 179.0, 0.0, 255.0]),
            ],
            vec![
                (0.0, [243.0, 195.0, 179.0, 255.0]),
                (6.4, [29.0, 5.0, 207.0, 255.0]),
                (32.4, [132.0, 182.0, 58.0, 255.0]),
                (40.0, [32.0, 179.0, 0.0, 255.0]),
                (250.0, [32.0, 179.0, 0.0, 255.0]),
            ],
            vec![
                (0.0, [115.0, 194.0, 26.0, 77.0]),
                (127.0, [250.0, 183.0, 253.0, 255.0]),
                (165.0, [204.0, 240.0, 87.0, 153.0]),
                (372.0, [136.0, 234.0, 73.0, 85.0]),
            ],
        ] {
            let ends = [stops[0].0, stops[stops.len() - 1].0];
            let (knots, colors) = fewest(&course(&stops), ends).expect("has no step");
            assert_eq!(knots.len(), stops.len(), "{knots:?}");
            for ((place, color), (knot, found)) in stops.iter().zip(knots.iter().zip(colors)) {
                assert!((place - knot).abs() < 0.5, "{knots:?}");
                assert!(
                    (0..4).all(|i| (color[i] - found[i]).abs() < 2.0),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn a_step_is_no_gradient() {
        let (dark, light) = ([20.0, 20.0, 20.0, 255.0], [220.0, 220.0, 220.0, 255.0]);
        let stops = [(0.0, dark), (50.0, dark), (51.0, light), (100.0, light)];
        assert!(fewest(&course(&stops), [0.0, 100.0]).is_none());
    }
}
