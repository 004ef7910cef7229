//! Which colour becomes which: a choice for all colours together, so that what touches can still be
//! told apart.
//!
//! Each colour costs how different it becomes, and each border how much of its contrast is lost,
//! and that light and dark change places. The sum is brought down from the nearest colours by
//! changes of one colour and of two that touch. The same input gives the same choice.

use chat2svg_vector::Oklab;

/// Weight of borders against colours.
const BORDERS: f32 = 1.0;
/// Contrast of a border beyond which losing some costs nothing.
const ENOUGH_CONTRAST: f32 = 0.22;
/// Share of a lightness that counts as its place between the darkest and the lightest.
const BY_RANK: f32 = 0.5;
/// Difference of lightness from which light and dark must not change places.
const ORDER: f32 = 0.08;
/// Colours of a palette up to which two are changed at once.
const MOST_IN_PAIRS: usize = 12;
/// Rounds of changes at the most; in practice three or four suffice.
const ROUNDS: usize = 24;

/// Colours that are to become others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Colors {
    /// What they look like.
    pub(crate) looks: Vec<Oklab>,
    /// How much of the picture each takes, all together 1.
    pub(crate) shares: Vec<f32>,
    /// Which touch, and how long the border is in pixels; each pair once.
    pub(crate) borders: Vec<(usize, usize, f32)>,
}

/// For each colour the index of the one that it becomes.
pub(crate) fn assign(colors: &Colors, palette: &[Oklab]) -> Vec<usize> {
    let problem = Problem::new(colors, palette);
    let mut choice = problem.cheapest_alone();
    for _ in 0..ROUNDS {
        let singles = problem.change_singles(&mut choice);
        let pairs = problem.change_pairs(&mut choice);
        if !singles && !pairs {
            break;
        }
    }
    choice
}

struct Problem<'a> {
    palette: &'a [Oklab],
    looks: &'a [Oklab],
    /// What each colour costs as each of the palette's.
    alone: Vec<Vec<f32>>,
    /// The neighbours of each colour, with the border's weight.
    borders: Vec<Vec<(usize, f32)>>,
}

impl<'a> Problem<'a> {
    fn new(colors: &'a Colors, palette: &'a [Oklab]) -> Self {
        let place = places(colors, palette);
        let mut alone = Vec::new();
        for (index, look) in colors.looks.iter().enumerate() {
            let share = colors.shares.get(index).copied().unwrap_or(0.0);
            // What is small is not less important in proportion: an eye is an eye.
            let weight = share.max(0.0).sqrt();
            let placed = place.get(index).copied().unwrap_or(look.lightness);
            let cost = |target: &Oklab| {
                let lightness =
                    BY_RANK * placed + (1.0 - BY_RANK) * look.lightness - target.lightness;
                let (a, b) = (look.a - target.a, look.b - target.b);
                weight * (lightness * lightness + 2.5 * (a * a + b * b))
            };
            alone.push(palette.iter().map(cost).collect());
        }
        let mut lengths = vec![0.0_f32; colors.looks.len()];
        let count = colors.looks.len();
        let known = |(one, other, _): &&(usize, usize, f32)| *one < count && *other < count;
        for (one, other, length) in colors.borders.iter().filter(known) {
            for index in [one, other] {
                if let Some(sum) = lengths.get_mut(*index) {
                    *sum += length;
                }
            }
        }
        let mut borders = vec![Vec::new(); colors.looks.len()];
        for (one, other, length) in colors.borders.iter().filter(known) {
            let share = |index: usize| colors.shares.get(index).copied().unwrap_or(0.0);
            let of = |index: usize| lengths.get(index).copied().unwrap_or(1.0).max(1e-6);
            // What encloses a thing decides how that thing is seen, however long its own rim is.
            let part = length / of(*one).min(of(*other));
            let weight = BORDERS * part * share(*one).min(share(*other)).max(0.0).sqrt();
            for (from, to) in [(*one, *other), (*other, *one)] {
                if let Some(list) = borders.get_mut(from) {
                    list.push((to, weight));
                }
            }
        }
        Self {
            palette,
            looks: &colors.looks,
            alone,
            borders,
        }
    }

    fn cheapest_alone(&self) -> Vec<usize> {
        let cheapest = |costs: &Vec<f32>| {
            let costs = costs.iter().enumerate();
            costs
                .min_by(|(_, a), (_, b)| a.total_cmp(b))
                .map_or(0, |(index, _)| index)
        };
        self.alone.iter().map(cheapest).collect()
    }

    /// What a colour costs with its borders.
    fn cost(&self, index: usize, as_color: usize, choice: &[usize]) -> f32 {
        let alone = self.alone.get(index).and_then(|costs| costs.get(as_color));
        let borders = self.borders.get(index).into_iter().flatten();
        let lost = borders.map(|(other, weight)| {
            let theirs = choice.get(*other).copied().unwrap_or(0);
            weight * self.loss((index, as_color), (*other, theirs))
        });
        alone.copied().unwrap_or(f32::MAX) + lost.sum::<f32>()
    }

    /// What a border loses, 0 to about 1.
    fn loss(&self, one: (usize, usize), other: (usize, usize)) -> f32 {
        let (Some(from), Some(to)) = (self.looks.get(one.0), self.looks.get(other.0)) else {
            return 0.0;
        };
        let (Some(as_from), Some(as_to)) = (self.palette.get(one.1), self.palette.get(other.1))
        else {
            return 0.0;
        };
        let had = from.distance(*to).min(ENOUGH_CONTRAST);
        let lost = (had - as_from.distance(*as_to)).max(0.0) / ENOUGH_CONTRAST;
        let (before, after) = (
            from.lightness - to.lightness,
            as_from.lightness - as_to.lightness,
        );
        let is_reversed = before.abs() > ORDER && before * after < 0.0;
        let turned = if is_reversed {
            (before.abs().min(after.abs()) * 0.5).min(0.3)
        } else {
            0.0
        };
        lost * lost + turned
    }

    fn change_singles(&self, choice: &mut [usize]) -> bool {
        let mut has_changed = false;
        for index in 0..choice.len() {
            let now = choice[index];
            let mut best = (self.cost(index, now, choice) - 1e-6, now);
            for color in 0..self.palette.len() {
                let cost = self.cost(index, color, choice);
                if cost < best.0 {
                    best = (cost, color);
                }
            }
            has_changed |= best.1 != now;
            choice[index] = best.1;
        }
        has_changed
    }

    /// Changes two colours that touch at once, which finds exchanges. Large palettes have room
    /// without.
    fn change_pairs(&self, choice: &mut [usize]) -> bool {
        let mut has_changed = false;
        if self.palette.len() > MOST_IN_PAIRS {
            return false;
        }
        for one in 0..choice.len() {
            let others: Vec<usize> = self
                .borders
                .get(one)
                .into_iter()
                .flatten()
                .map(|(other, _)| *other)
                .filter(|other| *other > one)
                .collect();
            for other in others {
                let now = (choice[one], choice[other]);
                let mut best = (self.pair_cost(one, other, choice) - 1e-6, now);
                for first in 0..self.palette.len() {
                    for second in 0..self.palette.len() {
                        choice[one] = first;
                        choice[other] = second;
                        let cost = self.pair_cost(one, other, choice);
                        if cost < best.0 {
                            best = (cost, (first, second));
                        }
                    }
                }
                (choice[one], choice[other]) = best.1;
                has_changed |= best.1 != now;
            }
        }
        has_changed
    }

    /// What two colours cost; their common border counts twice in both sums alike.
    fn pair_cost(&self, one: usize, other: usize, choice: &[usize]) -> f32 {
        self.cost(one, choice[one], choice) + self.cost(other, choice[other], choice)
    }
}

/// Each colour's lightness where the darkest and lightest of the picture are those of the palette.
fn places(colors: &Colors, palette: &[Oklab]) -> Vec<f32> {
    let span = |values: &mut dyn Iterator<Item = f32>| {
        let mut ends = (f32::MAX, f32::MIN);
        for value in values {
            ends = (ends.0.min(value), ends.1.max(value));
        }
        ends
    };
    let (from, to) = span(&mut colors.looks.iter().map(|look| look.lightness));
    let (dark, light) = span(&mut palette.iter().map(|color| color.lightness));
    let scale = (light - dark) / (to - from).max(0.05);
    colors
        .looks
        .iter()
        .map(|look| dark + (look.lightness - from) * scale)
        .collect()
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Color;
    use proptest::prelude::*;

    use super::*;

    fn look(rgb: u32) -> Oklab {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Color::from_rgb8(red, green, blue).to_oklab()
    }

    fn colors(of: &[(u32, f32)], borders: &[(usize, usize, f32)]) -> Colors {
        Colors {
            looks: of.iter().map(|(rgb, _)| look(*rgb)).collect(),
            shares: of.iter().map(|(_, share)| *share).collect(),
            borders: borders.to_vec(),
        }
    }

    #[test]
    fn a_palette_of_the_pictures_own_colours_changes_nothing() {
        let own = [0xff6600, 0x003366, 0xffffff, 0x228b22];
        let palette: Vec<Oklab> = own.iter().map(|rgb| look(*rgb)).collect();
        let of: Vec<(u32, f32)> = own.iter().map(|rgb| (*rgb, 0.25)).collect();
        let borders = [(0, 1, 50.0), (1, 2, 50.0), (2, 3, 50.0), (0, 3, 9.0)];
        assert_eq!(assign(&colors(&of, &borders), &palette), [0, 1, 2, 3]);
    }

    #[test]
    fn what_touches_stays_apart_where_the_nearest_colours_would_be_one() {
        let palette = [look(0xf4ead5), look(0x1f3a5f), look(0xe4572e)];
        // Two greens: alone each would be the same; a tree on a hill must be seen.
        let of = [(0x7cb342, 0.5), (0x33691e, 0.2), (0x90caf9, 0.3)];
        let choice = assign(&colors(&of, &[(0, 1, 80.0), (0, 2, 100.0)]), &palette);
        assert_ne!(choice[0], choice[1], "{choice:?}");
        assert_ne!(choice[0], choice[2], "{choice:?}");
    }

    proptest! {
        #[test]
        fn every_colour_becomes_one_of_the_palette(
            rgb in prop::collection::vec((0u32..0x0100_0000, 0.0f32..1.0), 1..20),
            palette in prop::collection::vec(0u32..0x0100_0000, 2..8),
            borders in prop::collection::vec((0usize..25, 0usize..25, 0.0f32..90.0), 0..40),
        ) {
            let palette: Vec<Oklab> = palette.iter().map(|rgb| look(*rgb)).collect();
            let choice = assign(&colors(&rgb, &borders), &palette);
            prop_assert_eq!(choice.len(), rgb.len());
            prop_assert!(choice.iter().all(|index| *index < palette.len()));
        }
    }
}
