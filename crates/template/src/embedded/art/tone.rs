//! Tones of a colour: the two or three steps of light and shade that a flat illustration paints a
//! body with. Steps are taken in Oklch, so that they look alike for every hue.

use chat2svg_vector::Color;

/// A body colour and its steps of light and shade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tones {
    /// Where light falls.
    pub(crate) light: Color,
    /// The body colour itself.
    pub(crate) base: Color,
    /// The side in shade.
    pub(crate) dark: Color,
    /// Outlines, gaps and creases.
    pub(crate) deep: Color,
}

/// A step of light or shade from a body colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Where light falls.
    Light,
    /// The body colour itself.
    Base,
    /// Between the body colour and its side in shade: folds, dents.
    Soft,
    /// The side in shade.
    Dark,
    /// Outlines, gaps and creases.
    Deep,
}

impl Tone {
    /// All of them, from light to deep.
    pub(crate) const ALL: [Self; 5] = [Self::Light, Self::Base, Self::Soft, Self::Dark, Self::Deep];

    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Base => "base",
            Self::Soft => "soft",
            Self::Dark => "dark",
            Self::Deep => "deep",
        }
    }
}

impl Tones {
    /// The steps around a body colour.
    pub(crate) fn of(base: Color) -> Self {
        Self {
            light: base.lighten(0.06),
            base,
            dark: base.lighten(-0.08),
            deep: base.lighten(-0.18),
        }
    }

    /// The colour of a step.
    pub(crate) fn step(&self, tone: Tone) -> Color {
        match tone {
            Tone::Light => self.light,
            Tone::Base => self.base,
            Tone::Soft => self.dark.lighten(0.03),
            Tone::Dark => self.dark,
            Tone::Deep => self.deep,
        }
    }
}

/// A colour from its hexadecimal digits, `0xRRGGBB`.
pub(crate) fn hex(rgb: u32) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Color::from_rgb8(red, green, blue)
}

/// The way from one colour to another, `fraction` in `0.0..=1.0`.
pub(crate) fn mix(from: Color, to: Color, fraction: f32) -> Color {
    let blend = |a: f32, b: f32| a + (b - a) * fraction;
    Color::new(
        blend(from.red, to.red),
        blend(from.green, to.green),
        blend(from.blue, to.blue),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shading_orders_the_tones() {
        for rgb in [0xDD2E44, 0x77B255, 0x55ACEE, 0x808080] {
            let tones = Tones::of(hex(rgb));
            let steps = Tone::ALL.map(|tone| tones.step(tone).to_oklab().lightness);
            assert!(steps.is_sorted_by(|a, b| a > b), "{rgb:06x}: {steps:?}");
        }
    }
}
