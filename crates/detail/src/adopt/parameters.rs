//! How a target from outside is read. Values and their ranges only.

use serde::{Deserialize, Serialize};

/// How a target from outside is read, and what of it is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdoptParameters {
    /// Longest side in pixels at which the target's regions are looked for, 32 to 1024.
    pub region_side: u32,
    /// Most shapes added, 0 to 1024.
    pub most_added: usize,
    /// Least area of a new shape, in pixels of a target whose longest side is 512.
    pub least_area: f64,
    /// Largest area of a new shape, as a share of the target's second largest region, above 0.
    pub largest_share: f64,
    /// Intersection over union with what is seen of a template's shape above which a region is that
    /// shape and not a new one, `0.0..=1.0`.
    pub known_overlap: f64,
    /// Least share of its filled outline that a new shape itself shows, `0.0..=1.0`.
    pub visible_share: f64,
    /// Squared error, in full-scale pixels of a target whose longest side is 512, that each written
    /// byte of a new shape must save.
    pub gain_per_byte: f64,
    /// How far outlines may be from the borders of regions, in pixels at `region_side`, above 0.
    pub tolerance: f64,
    /// Standard deviation of a line's width, as a share of its mean, up to which it may become a
    /// stroke; 0 makes none.
    pub stroke_evenness: f64,
    /// Most moves of shapes and groups, 0 to 256.
    pub most_moves: usize,
    /// Longest side in pixels at which guesses about moves are tried, 16 to 1024.
    pub trial_side: u32,
    /// Renderings of a shape that all moves together may take.
    pub move_work: usize,
    /// How far from its place a shape is looked for, as a share of the canvas's longest side,
    /// `0.0..=1.0`.
    pub reach: f64,
    /// Share of the error, where a move changes the picture, that it must take away, `0.0..=1.0`.
    pub move_gain: f64,
    /// Gradient steps by which the template's shapes, their paints and strokes are fitted before
    /// new shapes are looked for, 0 to 1000: what a shape of the template can show needs no other.
    pub fit_steps: u32,
    /// Most that steps and shapes may multiply to there, so that thousands of shapes do not take
    /// all of a request's time.
    pub fit_work: usize,
    /// Intersection over union with a region from which a shape shows the target already and stays
    /// where it is, `0.0..=1.0`.
    pub settled_overlap: f64,
}

impl AdoptParameters {
    /// The defaults of level high.
    pub(crate) const HIGH: Self = Self {
        region_side: 320,
        most_added: 64,
        least_area: 30.0,
        largest_share: 0.5,
        known_overlap: 0.4,
        visible_share: 0.2,
        gain_per_byte: 0.022,
        tolerance: 0.4,
        stroke_evenness: 0.3,
        most_moves: 24,
        trial_side: 160,
        move_work: 40_000,
        reach: 1.0,
        move_gain: 0.4,
        fit_steps: 200,
        fit_work: 16_000,
        settled_overlap: 0.8,
    };
    /// The defaults of level medium.
    pub(crate) const MEDIUM: Self = Self {
        region_side: 256,
        most_added: 40,
        least_area: 40.0,
        move_work: 30_000,
        fit_steps: 120,
        fit_work: 12_000,
        ..Self::HIGH
    };
    /// The defaults of level low.
    pub(crate) const LOW: Self = Self {
        region_side: 192,
        most_added: 20,
        least_area: 60.0,
        most_moves: 12,
        move_work: 20_000,
        fit_steps: 60,
        fit_work: 8_000,
        ..Self::HIGH
    };
    /// The defaults of level minimal.
    pub(crate) const MINIMAL: Self = Self {
        region_side: 128,
        most_added: 8,
        least_area: 120.0,
        most_moves: 4,
        move_work: 10_000,
        fit_steps: 0,
        ..Self::HIGH
    };

    /// The first value out of its range: its key and the range.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let shares = [
            ("known_overlap", self.known_overlap),
            ("visible_share", self.visible_share),
            ("reach", self.reach),
            ("move_gain", self.move_gain),
            ("settled_overlap", self.settled_overlap),
        ];
        let positive = [
            ("largest_share", self.largest_share),
            ("tolerance", self.tolerance),
        ];
        let not_negative = [
            ("least_area", self.least_area),
            ("gain_per_byte", self.gain_per_byte),
            ("stroke_evenness", self.stroke_evenness),
        ];
        if !(32..=1024).contains(&self.region_side) {
            return Some(("region_side", "32 to 1024"));
        }
        if !(16..=1024).contains(&self.trial_side) {
            return Some(("trial_side", "16 to 1024"));
        }
        if self.most_added > 1024 {
            return Some(("most_added", "0 to 1024"));
        }
        if self.most_moves > 256 {
            return Some(("most_moves", "0 to 256"));
        }
        if self.fit_steps > 1000 {
            return Some(("fit_steps", "0 to 1000"));
        }
        let outside = |values: &[(&'static str, f64)], is_good: fn(f64) -> bool| {
            values
                .iter()
                .find(|(_, value)| !is_good(*value))
                .map(|(key, _)| *key)
        };
        let share = outside(&shares, |value| (0.0..=1.0).contains(&value));
        let above = outside(&positive, |value| value > 0.0 && value.is_finite());
        let least = outside(&not_negative, |value| value >= 0.0 && value.is_finite());
        share
            .map(|key| (key, "0 to 1"))
            .or(above.map(|key| (key, "above 0")))
            .or(least.map(|key| (key, "0 or more")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_nonsense_is_not() {
        for level in [
            AdoptParameters::HIGH,
            AdoptParameters::MEDIUM,
            AdoptParameters::LOW,
            AdoptParameters::MINIMAL,
        ] {
            assert_eq!(level.fault(), None);
        }
        let key = |parameters: AdoptParameters| parameters.fault().map(|(key, _)| key);
        let high = AdoptParameters::HIGH;
        assert_eq!(
            key(AdoptParameters {
                region_side: 8,
                ..high
            }),
            Some("region_side")
        );
        assert_eq!(key(AdoptParameters { reach: 1.5, ..high }), Some("reach"));
        assert_eq!(
            key(AdoptParameters {
                tolerance: 0.0,
                ..high
            }),
            Some("tolerance")
        );
        assert_eq!(
            key(AdoptParameters {
                gain_per_byte: f64::NAN,
                ..high
            }),
            Some("gain_per_byte")
        );
    }
}
