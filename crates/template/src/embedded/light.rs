//! Light of the day: the colours of the sky and what they do to the colours below it.

use chat2svg_vector::Color;

use super::art::tone::hex;
use super::scene::{TimeOfDay, Weather};

/// The light that a scene stands in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Light {
    /// Time of day.
    pub(crate) time: TimeOfDay,
    /// Whether the sky is covered.
    pub(crate) overcast: bool,
}

impl Light {
    /// The light of a time of day under a weather.
    pub(crate) fn of(time: Option<TimeOfDay>, weather: Option<Weather>) -> Self {
        Self {
            time: time.unwrap_or(TimeOfDay::Day),
            overcast: matches!(
                weather,
                Some(Weather::Rain | Weather::Storm | Weather::Snowfall | Weather::Fog)
            ),
        }
    }

    /// Whether stars shine.
    pub(crate) fn is_night(self) -> bool {
        self.time == TimeOfDay::Night
    }

    /// The sky from the zenith down to the horizon, with offsets.
    pub(crate) fn sky(self) -> Vec<(f32, Color)> {
        let stops: &[(f32, u32)] = match (self.time, self.overcast) {
            (TimeOfDay::Day, false) => &[(0.0, 0x79C4F2), (1.0, 0xDDF3FC)],
            (TimeOfDay::Day, true) => &[(0.0, 0x8FA5B5), (1.0, 0xD3DDE3)],
            (TimeOfDay::Sunrise, false) => &[(0.0, 0x8CBFE8), (0.55, 0xF9CDB4), (1.0, 0xFFE9BE)],
            (TimeOfDay::Sunrise, true) => &[(0.0, 0x9AA9BC), (1.0, 0xEBD2C2)],
            (TimeOfDay::Sunset, false) => &[(0.0, 0x6C5B9E), (0.5, 0xEF7F6D), (1.0, 0xFFC878)],
            (TimeOfDay::Sunset, true) => &[(0.0, 0x635E80), (1.0, 0xD99B83)],
            (TimeOfDay::Night, false) => &[(0.0, 0x131A40), (1.0, 0x3B4C8C)],
            (TimeOfDay::Night, true) => &[(0.0, 0x1B2138), (1.0, 0x3D4763)],
        };
        stops
            .iter()
            .map(|&(offset, rgb)| (offset, hex(rgb)))
            .collect()
    }

    /// A colour of the surroundings in this light.
    pub(crate) fn on_ground(self, color: Color) -> Color {
        let lit = match self.time {
            TimeOfDay::Day => color,
            TimeOfDay::Sunrise => color.mix(hex(0xFFC9A0), 0.16),
            TimeOfDay::Sunset => color.mix(hex(0xB5485A), 0.26).lighten(-0.04),
            TimeOfDay::Night => color.mix(hex(0x16204E), 0.58),
        };
        if self.overcast {
            lit.scale_chroma(0.72).lighten(-0.03)
        } else {
            lit
        }
    }

    /// A colour of an object in this light: less changed, so that it stays what was asked for.
    pub(crate) fn on_object(self, color: Color) -> Color {
        match self.time {
            TimeOfDay::Day => color,
            TimeOfDay::Sunrise => color.mix(hex(0xFFC9A0), 0.05),
            TimeOfDay::Sunset => color.mix(hex(0xD05A50), 0.09),
            TimeOfDay::Night => color.mix(hex(0x1B2660), 0.2),
        }
    }

    /// A far colour: it takes on the colour of the horizon. `distance` is 0 (near) to 1 (far).
    pub(crate) fn far(self, color: Color, distance: f32) -> Color {
        let horizon = self.sky().last().map_or(color, |stop| stop.1);
        self.on_ground(color).mix(horizon, distance * 0.75)
    }
}
