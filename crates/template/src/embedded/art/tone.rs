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
            light: shade(base, 0.06),
            base,
            dark: shade(base, -0.08),
            deep: shade(base, -0.18),
        }
    }
}

/// A colour from its hexadecimal digits, `0xRRGGBB`.
pub(crate) fn hex(rgb: u32) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Color::from_rgb8(red, green, blue)
}

/// The colour moved by `amount` in perceived lightness (the whole range is 1), hue kept.
pub(crate) fn shade(color: Color, amount: f32) -> Color {
    let mut value = Oklch::from(color);
    value.lightness = (value.lightness + amount).clamp(0.0, 1.0);
    value.to_color()
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

/// Lightness, chroma and hue in the Oklab space (Björn Ottosson, 2020).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Oklch {
    /// Perceived lightness, `0.0..=1.0`.
    pub(crate) lightness: f32,
    /// Distance from grey; about 0.32 for the most vivid colours of sRGB.
    pub(crate) chroma: f32,
    /// Hue angle in radians.
    pub(crate) hue: f32,
}

impl From<Color> for Oklch {
    fn from(color: Color) -> Self {
        let [red, green, blue] = [color.red, color.green, color.blue].map(to_linear);
        let l = (0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue).cbrt();
        let m = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
        let s = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).cbrt();
        let a = 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s;
        let b = 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s;
        Self {
            lightness: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            chroma: a.hypot(b),
            hue: b.atan2(a),
        }
    }
}

impl Oklch {
    /// The nearest colour of sRGB with this lightness and hue: chroma gives way.
    pub(crate) fn to_color(self) -> Color {
        let mut chroma = self.chroma;
        for _ in 0..24 {
            let rgb = Self { chroma, ..self }.to_linear_rgb();
            if rgb.iter().all(|value| (-0.001..=1.001).contains(value)) {
                break;
            }
            chroma *= 0.9;
        }
        let [red, green, blue] = Self { chroma, ..self }
            .to_linear_rgb()
            .map(|value| to_gamma(value.clamp(0.0, 1.0)));
        Color::new(red, green, blue)
    }

    fn to_linear_rgb(self) -> [f32; 3] {
        let (sin, cos) = self.hue.sin_cos();
        let (a, b) = (self.chroma * cos, self.chroma * sin);
        let l = (self.lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let m = (self.lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let s = (self.lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
            -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
    }
}

fn to_linear(value: f32) -> f32 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn to_gamma(value: f32) -> f32 {
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_survive_the_way_through_oklch() {
        for rgb in [0x000000, 0xFFFFFF, 0xDD2E44, 0x77B255, 0x123456] {
            assert_eq!(
                Oklch::from(hex(rgb)).to_color().to_rgb8(),
                hex(rgb).to_rgb8()
            );
        }
    }

    #[test]
    fn shading_orders_the_tones() {
        for rgb in [0xDD2E44, 0x77B255, 0x55ACEE, 0x808080] {
            let tones = Tones::of(hex(rgb));
            let steps = [tones.light, tones.base, tones.dark, tones.deep]
                .map(|color| Oklch::from(color).lightness);
            assert!(steps.is_sorted_by(|a, b| a > b), "{rgb:06x}: {steps:?}");
        }
    }
}
