//! How much work a target from outside may take. Values and their ranges only.

use serde::{Deserialize, Serialize};

/// How much work goes into a target from outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdoptParameters {
    /// Longest side in pixels at which the target's regions are looked for, 32 to 1024. Least areas
    /// and the work of moves follow from it.
    pub region_side: u32,
    /// Most shapes added, 0 to 1024.
    pub most_added: usize,
    /// Most moves of shapes and groups, 0 to 256.
    pub most_moves: u32,
    /// Gradient steps by which the template's shapes, their paints and strokes are fitted before
    /// new shapes are looked for, 0 to 1000: what a shape of the template can show needs no other.
    pub fit_steps: u32,
    /// What a region of the target must be to be a new shape. Not of the configuration.
    #[serde(skip)]
    pub new_shapes: NewShapes,
}

/// What a region of the target must be to be a new shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewShapes {
    /// Intersection over union with what is seen of a template's shape above which a region is that
    /// shape and not a new one, `0.0..=1.0`.
    pub known_overlap: f64,
    /// Least share of its filled outline that it shows itself, `0.0..=1.0`.
    pub visible_share: f64,
    /// Largest area, as a share of the target's second largest region, above 0.
    pub largest_share: f64,
    /// Least area, in pixels of a target whose longest side is 512, where regions are looked for at
    /// 320 pixels; of a coarser picture it is more.
    pub least_area: f64,
}

impl Default for NewShapes {
    fn default() -> Self {
        AdoptParameters::HIGH.new_shapes
    }
}

/// Side of the regions' picture from which the least area counts as it is said.
const FULL_SIDE: f64 = 320.0;
/// Fewer steps are not worth the start of a fit.
const LEAST_STEPS: usize = 20;
/// Most that steps and shapes may multiply to in a fit, for each step of a small template: of more
/// than so many shapes the steps become fewer.
const FULLY_FITTED: usize = 80;

impl AdoptParameters {
    /// The defaults of level high.
    pub(crate) const HIGH: Self = Self {
        region_side: 320,
        most_added: 64,
        most_moves: 24,
        fit_steps: 200,
        new_shapes: NewShapes {
            known_overlap: 0.4,
            visible_share: 0.2,
            largest_share: 0.5,
            least_area: 30.0,
        },
    };
    /// The defaults of level medium.
    pub(crate) const MEDIUM: Self = Self {
        region_side: 256,
        most_added: 40,
        fit_steps: 120,
        ..Self::HIGH
    };
    /// The defaults of level low.
    pub(crate) const LOW: Self = Self {
        region_side: 192,
        most_added: 20,
        most_moves: 12,
        fit_steps: 60,
        ..Self::HIGH
    };
    /// The defaults of level minimal.
    pub(crate) const MINIMAL: Self = Self {
        region_side: 128,
        most_added: 8,
        most_moves: 4,
        fit_steps: 0,
        ..Self::HIGH
    };

    /// Least area of a new shape, in pixels of a target whose longest side is 512.
    pub(super) fn least_area(&self) -> f64 {
        self.new_shapes.least_area * (FULL_SIDE / f64::from(self.region_side)).powf(1.5)
    }

    /// Steps that a template of so many shapes is fitted by: thousands do not take all of a
    /// request's time. None when so few could be afforded that they change little.
    pub(super) fn affordable_steps(&self, shapes: usize) -> u32 {
        let most = FULLY_FITTED * self.fit_steps as usize / shapes.max(1);
        let steps = self.fit_steps.min(u32::try_from(most).unwrap_or(u32::MAX));
        if most < LEAST_STEPS { 0 } else { steps }
    }

    /// The first value out of its range: its key and the range.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let is_side = (32..=1024).contains(&self.region_side);
        let is_share = |value: f64| (0.0..=1.0).contains(&value);
        let new = self.new_shapes;
        let ranges = [
            (is_side, "region_side", "32 to 1024"),
            (self.most_added <= 1024, "most_added", "0 to 1024"),
            (self.most_moves <= 256, "most_moves", "0 to 256"),
            (self.fit_steps <= 1000, "fit_steps", "0 to 1000"),
            (is_share(new.known_overlap), "known_overlap", "0 to 1"),
            (is_share(new.visible_share), "visible_share", "0 to 1"),
            (new.largest_share > 0.0, "largest_share", "above 0"),
            (new.least_area >= 0.0, "least_area", "0 or more"),
        ];
        let fault = ranges.into_iter().find(|(is_good, ..)| !is_good);
        fault.map(|(_, key, range)| (key, range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_nonsense_is_not() {
        let high = AdoptParameters::HIGH;
        for level in [
            high,
            AdoptParameters::MEDIUM,
            AdoptParameters::LOW,
            AdoptParameters::MINIMAL,
        ] {
            assert_eq!(level.fault(), None);
        }
        let key = |parameters: AdoptParameters| parameters.fault().map(|(key, _)| key);
        let side = |region_side| AdoptParameters {
            region_side,
            ..high
        };
        assert_eq!(key(side(8)), Some("region_side"));
        let steps = |fit_steps| AdoptParameters { fit_steps, ..high };
        assert_eq!(key(steps(1001)), Some("fit_steps"));
    }
}
