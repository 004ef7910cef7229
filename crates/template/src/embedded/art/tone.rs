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
            let steps = [tones.light, tones.base, tones.dark, tones.deep]
                .map(|color| color.to_oklab().lightness);
            assert!(steps.is_sorted_by(|a, b| a > b), "{rgb:06x}: {steps:?}");
        }
    }
}
