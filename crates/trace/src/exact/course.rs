//! How well the colours of pixels follow a parameter, and the parameter that they follow best.

use kurbo::Vec2;

use super::{
    parameter::{Free, Parameter, solved},
    stops::Mean,
};

/// Most bins in which pixels of about one parameter are taken together, and how many pixels are in
/// one on average at least.
const MOST_BINS: f64 = 2000.0;
const PER_BIN: f64 = 4.0;
/// Over how many pixels to each side the slope of a course is measured: that from bin to bin shows
/// the steps of rounding.
const REACH: f64 = 1.0;
/// Levels by which a pixel is off a course that it does not follow: it is no part of the area.
const OUTLYING: f64 = 2.0;
/// Rounds in which a parameter's numbers are improved, the last step in pixels, and the least share
/// of the error that a step takes away.
const ROUNDS: usize = 30;
const LEAST_STEP: f64 = 2e-3;
const LEAST_GAIN: f64 = 1e-3;
/// Change of a number in pixels over which it is asked what it does.
const NUDGE: f64 = 0.01;
/// The damping of the first step, and from which on there is no better one.
const DAMPING: f64 = 1e-3;
const MOST_DAMPING: f64 = 1e4;

/// Straight colour in levels of 255, and where.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) place: Vec2,
    pub(super) color: [f64; 4],
    /// How much an error of its colour shows, squared.
    pub(super) weight: f64,
}

impl Seen {
    fn weight_of(&self, i: usize) -> f64 {
        if i < 3 { self.weight } else { 1.0 }
    }
}

/// The mean colours of pixels by their parameter.
pub(super) struct Course {
    /// Of each bin that has any pixels, ascending; at least two.
    pub(super) bins: Vec<Mean>,
    /// Mean squared difference of what is seen from the straight lines between the means.
    pub(super) error: f64,
    /// Of each pixel: its parameter, its bin, and the first of the two bins between which it lies.
    places: Vec<f64>,
    bin_of: Vec<usize>,
    before: Vec<usize>,
}

impl Course {
    pub(super) fn of(parameter: Parameter, seen: &[Seen]) -> Option<Self> {
        let places = parameter.at(seen.iter().map(|seen| seen.place))?;
        let low = places.iter().copied().fold(f64::INFINITY, f64::min);
        let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let width = (high - low) * (PER_BIN / seen.len() as f64).max(1.0 / MOST_BINS);
        let raw = |place: f64| ((place - low) / width) as usize;
        if !(width > 0.0 && width.is_finite()) {
            return None;
        }
        let mut filled = vec![0; raw(high) + 1];
        places.iter().for_each(|place| filled[raw(*place)] = 1);
        // The index of each bin among those that have any pixels.
        let mut count = 0;
        for slot in &mut filled {
            (*slot, count) = (count, count + *slot);
        }
        if count < 2 {
            return None;
        }
        let bin_of: Vec<usize> = places.iter().map(|place| filled[raw(*place)]).collect();
        let mut bins = vec![Mean::default(); count];
        for ((seen, place), bin) in seen.iter().zip(&places).zip(&bin_of) {
            let bin = &mut bins[*bin];
            bin.count += 1.0;
            bin.place += place;
            for i in 0..4 {
                bin.weights[i] += seen.weight_of(i);
                bin.color[i] += seen.weight_of(i) * seen.color[i];
            }
        }
        for bin in &mut bins {
            bin.place /= bin.count;
            for i in 0..4 {
                bin.color[i] /= bin.weights[i].max(1e-12);
                bin.weights[i] /= bin.count;
            }
        }
        let before = places.iter().zip(&bin_of).map(|(place, bin)| {
            let is_before = *place < bins[*bin].place;
            (bin - usize::from(is_before && *bin > 0)).min(count - 2)
        });
        let before = before.collect();
        let mut course = Self {
            bins,
            error: 0.0,
            places,
            bin_of,
            before,
        };
        let off = |index: usize| {
            let (_, off) = course.off(index, &seen[index]);
            (0..4)
                .map(|i| seen[index].weight_of(i) * off[i] * off[i])
                .sum::<f64>()
        };
        course.error = (0..seen.len()).map(off).sum::<f64>() / seen.len() as f64;
        Some(course)
    }

    /// The mean of the parameter.
    pub(super) fn middle(&self) -> f64 {
        self.places.iter().sum::<f64>() / self.places.len() as f64
    }

    /// The pixels that follow the course.
    pub(super) fn followers(&self, seen: &[Seen]) -> Vec<Seen> {
        let is_near = |(index, seen): &(usize, &Seen)| {
            let (_, off) = self.off(*index, seen);
            (0..4).all(|i| seen.weight_of(i).sqrt() * off[i].abs() <= OUTLYING)
        };
        let followers = seen.iter().enumerate().filter(is_near);
        followers.map(|(_, seen)| *seen).collect()
    }

    /// The share of the way from the bin before a pixel to the next, and by how much its colour is
    /// off the line between.
    fn off(&self, index: usize, seen: &Seen) -> (f64, [f64; 4]) {
        let [a, b] = self.around(index);
        let share = (self.places[index] - a.place) / (b.place - a.place).max(1e-9);
        let off = |i: usize| seen.color[i] - a.color[i] - share * (b.color[i] - a.color[i]);
        (share, std::array::from_fn(off))
    }

    fn around(&self, index: usize) -> [&Mean; 2] {
        let before = self.before[index];
        [&self.bins[before], &self.bins[before + 1]]
    }

    /// What the numbers of the parameter would have to change by, to first order, as equations.
    ///
    /// A change of the parameter that all pixels of a bin share only moves the colours' course, so
    /// what counts is by how much a pixel's differs from it.
    fn equations(&self, changes: &[Vec<f64>], seen: &[Seen]) -> Vec<Vec<f64>> {
        let means: Vec<Vec<f64>> = changes.iter().map(|change| self.means(change)).collect();
        let mut rows = vec![vec![0.0; changes.len() + 1]; changes.len()];
        let mut own = vec![0.0; changes.len()];
        let slopes = self.slopes();
        for (index, seen) in seen.iter().enumerate() {
            let before = self.before[index];
            let (share, off) = self.off(index, seen);
            let (mut steep, mut pull) = (0.0, 0.0);
            for i in 0..4 {
                let slope = slopes[before][i];
                steep += seen.weight_of(i) * slope * slope;
                pull += seen.weight_of(i) * slope * off[i];
            }
            for ((own, change), mean) in own.iter_mut().zip(changes).zip(&means) {
                *own = change[index] - mean[before] - share * (mean[before + 1] - mean[before]);
            }
            for (row, a) in rows.iter_mut().zip(&own) {
                for (entry, b) in row.iter_mut().zip(&own) {
                    *entry += steep * a * b;
                }
                if let Some(right) = row.last_mut() {
                    *right += pull * a;
                }
            }
        }
        rows
    }

    /// How colours change with the parameter between each bin and the next.
    fn slopes(&self) -> Vec<[f64; 4]> {
        let (mut low, mut high) = (0, 0);
        let slope = |index: usize| {
            let middle = 0.5 * (self.bins[index].place + self.bins[index + 1].place);
            while low < index && self.bins[low + 1].place <= middle - REACH {
                low += 1;
            }
            while high + 1 < self.bins.len()
                && (high <= index || self.bins[high].place < middle + REACH)
            {
                high += 1;
            }
            let [a, b] = [&self.bins[low], &self.bins[high]];
            let span = (b.place - a.place).max(1e-9);
            std::array::from_fn(|i| (b.color[i] - a.color[i]) / span)
        };
        (0..self.bins.len() - 1).map(slope).collect()
    }

    /// The means over bins of what pixels have.
    fn means(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.bins.len()];
        for (value, bin) in values.iter().zip(&self.bin_of) {
            sums[*bin] += value;
        }
        let means = sums
            .iter()
            .zip(&self.bins)
            .map(|(sum, bin)| sum / bin.count);
        means.collect()
    }
}

/// The parameter with the numbers that are free improved by damped Gauss–Newton steps, and the
/// colours' course over it; `None` where there is none to start from.
pub(super) fn improved(
    start: Parameter,
    seen: &[Seen],
    size: f64,
    free: Free,
) -> Option<(Parameter, Course)> {
    let mut numbers = start.numbers(size, free);
    let mut parameter = start.with(&numbers, size, free);
    let mut course = Course::of(parameter, seen)?;
    let mut damping = DAMPING;
    for _ in 0..ROUNDS {
        let mut changes = Vec::new();
        for index in 0..numbers.len() {
            let mut nudged = numbers.clone();
            nudged[index] += NUDGE;
            let places = seen.iter().map(|seen| seen.place);
            let Some(moved) = parameter.with(&nudged, size, free).at(places) else {
                return Some((parameter, course));
            };
            let pairs = moved.iter().zip(&course.places);
            changes.push(pairs.map(|(to, from)| (to - from) / NUDGE).collect());
        }
        let equations = course.equations(&changes, seen);
        let before = course.error;
        let step = loop {
            let mut damped = equations.clone();
            for (index, row) in damped.iter_mut().enumerate() {
                row[index] *= 1.0 + damping;
            }
            let better = solved(&damped).and_then(|step| {
                let next: Vec<f64> = numbers.iter().zip(&step).map(|(n, s)| n + s).collect();
                let tried = start.with(&next, size, free);
                let found = Course::of(tried, seen)?;
                (found.error < course.error).then_some((step, next, tried, found))
            });
            if let Some((step, next, tried, found)) = better {
                (numbers, parameter, course) = (next, tried, found);
                damping *= 0.1;
                break step;
            }
            damping *= 10.0;
            if damping > MOST_DAMPING {
                return Some((parameter, course));
            }
        };
        let is_small = step.iter().all(|step| step.abs() < LEAST_STEP);
        if is_small || before - course.error < LEAST_GAIN * before {
            break;
        }
    }
    Some((parameter, course))
}
