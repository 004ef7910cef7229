//! "Dark", "light", "bright" and "pastel" before a colour word. The document model's perceptual
//! space keeps the hue while lightness and chroma move.

use chat2svg_vector::Color;

use super::lexicon::Shade;

/// A colour as a word before it changes it.
pub(super) fn shaded(color: Color, shade: Shade) -> Color {
    let mut shaded = color.to_oklch();
    match shade {
        Shade::Dark => {
            shaded.lightness *= 0.68;
            shaded.chroma *= 0.9;
        }
        Shade::Light => {
            shaded.lightness += (1.0 - shaded.lightness) * 0.5;
            shaded.chroma *= 0.65;
        }
        Shade::Bright => {
            shaded.lightness += (0.78 - shaded.lightness).max(0.0) * 0.35;
            shaded.chroma *= 1.25;
        }
        Shade::Pastel => {
            shaded.lightness += (0.88 - shaded.lightness) * 0.7;
            shaded.chroma *= 0.5;
        }
    }
    Color::from_oklch(shaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_is_darker_and_light_is_lighter() {
        let blue = Color::from_rgb8(0x2A, 0x6F, 0xDB);
        let lightness = |shade| shaded(blue, shade).to_oklch().lightness;
        let plain = blue.to_oklch().lightness;
        assert!(lightness(Shade::Dark) < plain - 0.1);
        assert!(lightness(Shade::Light) > plain + 0.1);
        assert!(lightness(Shade::Pastel) > plain + 0.1);
        assert!(shaded(blue, Shade::Dark).to_oklch().hue - blue.to_oklch().hue < 0.2);
    }
}
