//! What shapes can come to show by moving their outlines.

use std::collections::VecDeque;

use super::{LIKE, Scene, distance};

/// Difference of neighbouring pixels within one region.
const SMOOTH: f32 = 0.04;

impl Scene<'_> {
    /// Of each pixel who shows it, or can come to; `None` where what is off is strange to all. A
    /// shape can come to show by moving its outline: the regions of its own
    /// colour that go on at its border and beyond, but nothing that could not be read where it is
    /// in place; and of a shape that shows little of what the target has in its place, all that is
    /// of its colour within the ground's reach. Returns of each pixel who shows it, or can come to.
    pub(super) fn claims(&self, reaches: &[usize]) -> Vec<Option<usize>> {
        let means = self.means();
        let likeness = self.likeness(&means);
        let mut claims: Vec<Option<usize>> = (0..self.owners.len())
            .map(|pixel| (!self.is_off(pixel)).then(|| self.owner(pixel)))
            .collect();
        // Of each pixel how far it is from the shape that grows into it.
        let own = claims.iter().enumerate();
        let own = own.filter_map(|(pixel, claim)| Some((pixel, (*claim)?, 0)));
        let mut queue: VecDeque<(usize, usize, usize)> = own.collect();
        while let Some((pixel, owner, steps)) = queue.pop_front() {
            if reaches.get(owner).is_none_or(|reach| steps >= *reach) {
                continue;
            }
            for next in self.beside(pixel) {
                let is_barred = self.is_unread(next) && self.borders[owner].is_mostly_same();
                if claims[next].is_none()
                    && !is_barred
                    && distance(self.wanted[next], self.wanted[pixel]) <= SMOOTH
                    && distance(self.wanted[next], means[owner]) <= likeness[owner]
                {
                    claims[next] = Some(owner);
                    queue.push_back((next, owner, steps + 1));
                }
            }
        }
        let reach = reaches.first().copied().unwrap_or_default();
        self.let_lost_shapes_come(&means, &mut claims, reach);
        claims
    }

    /// Of a shape that the target does not show where it is, all that is of its colour within reach
    /// may be it.
    fn let_lost_shapes_come(&self, means: &[[f32; 3]], claims: &mut [Option<usize>], reach: usize) {
        let [width, height] = self.size;
        for (owner, mean) in means.iter().enumerate().skip(1) {
            if self.paints[owner].is_some() || self.borders[owner].is_mostly_same() {
                continue;
            }
            let own = (0..self.owners.len())
                .filter(|pixel| self.owner(*pixel) == owner && !self.is_unread(*pixel));
            let mut bounds: Option<[usize; 4]> = None;
            for pixel in own {
                let (x, y) = (pixel % width, pixel / width);
                let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
                bounds = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
            }
            let Some([left, top, right, bottom]) = bounds else {
                continue;
            };
            for y in top.saturating_sub(reach)..(bottom + reach + 1).min(height) {
                for x in left.saturating_sub(reach)..(right + reach + 1).min(width) {
                    let pixel = y * width + x;
                    if claims[pixel].is_none() && distance(self.wanted[pixel], *mean) <= LIKE {
                        claims[pixel] = Some(owner);
                    }
                }
            }
        }
    }

    /// The mean of what each owner shows, or would if all of it agreed with the most.
    fn means(&self) -> Vec<[f32; 3]> {
        let mut sums = vec![([0.0_f64; 3], 0.0_f64); self.paints.len()];
        for pixel in 0..self.owners.len() {
            let owner = self.owner(pixel);
            // Where nearly its colour is not near enough, the border's is nothing to go by.
            let is_outer = self.borders[owner].is_mostly_same() && !self.is_inner(pixel);
            let weight = if is_outer { 1e-6 } else { 1.0 };
            let color = self.expected(pixel).unwrap_or(self.shown[pixel]);
            let (sum, weights) = &mut sums[owner];
            for (sum, value) in sum.iter_mut().zip(color) {
                *sum += weight * f64::from(value);
            }
            *weights += weight;
        }
        sums.into_iter()
            .map(|(sum, weights)| sum.map(|value| (value / weights.max(1e-6)) as f32))
            .collect()
    }
}
