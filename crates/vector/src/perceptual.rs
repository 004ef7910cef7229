//! Colours as they are seen: Oklab and Oklch (Ottosson 2020, CSS Color 4), edits and differences.

use color::{ColorSpace as _, Oklab as OklabSpace, Srgb};

use crate::Color;

/// A colour in Oklab: equal distances look about equally different.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklab {
    /// Perceived lightness, 0 (black) to 1 (white).
    pub lightness: f32,
    /// Green (negative) to red, about -0.4 to 0.4.
    pub a: f32,
    /// Blue (negative) to yellow, about -0.4 to 0.4.
    pub b: f32,
}

/// A colour in Oklch: Oklab in polar coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklch {
    /// Perceived lightness, 0 (black) to 1 (white).
    pub lightness: f32,
    /// Distance from grey, 0 to about 0.32 for sRGB colours.
    pub chroma: f32,
    /// Hue in degrees: red ≈ 29, yellow ≈ 110, green ≈ 142, blue ≈ 264. Meaningless at chroma 0.
    pub hue: f32,
}

impl Oklab {
    /// The same colour in polar coordinates; the hue is in `0.0..360.0`.
    pub fn to_oklch(self) -> Oklch {
        Oklch {
            lightness: self.lightness,
            chroma: self.a.hypot(self.b),
            hue: self.b.atan2(self.a).to_degrees().rem_euclid(360.0),
        }
    }

    /// The colour a fraction of the way to another.
    pub fn lerp(self, other: Self, fraction: f32) -> Self {
        let mix = |from: f32, to: f32| from + (to - from) * fraction;
        Self {
            lightness: mix(self.lightness, other.lightness),
            a: mix(self.a, other.a),
            b: mix(self.b, other.b),
        }
    }

    /// Euclidean distance (ΔE OK): about 0.02 is just noticeable side by side, 1 is black to white.
    pub fn distance(self, other: Self) -> f32 {
        let lightness = self.lightness - other.lightness;
        let (a, b) = (self.a - other.a, self.b - other.b);
        (lightness * lightness + a * a + b * b).sqrt()
    }
}

impl Oklch {
    /// The same colour in Cartesian coordinates.
    pub fn to_oklab(self) -> Oklab {
        let (sine, cosine) = self.hue.to_radians().sin_cos();
        Oklab {
            lightness: self.lightness,
            a: self.chroma * cosine,
            b: self.chroma * sine,
        }
    }
}

impl Color {
    /// The colour in Oklab.
    pub fn to_oklab(self) -> Oklab {
        let [lightness, a, b] = Srgb::convert::<OklabSpace>([self.red, self.green, self.blue]);
        Oklab { lightness, a, b }
    }

    /// The colour in Oklch.
    pub fn to_oklch(self) -> Oklch {
        self.to_oklab().to_oklch()
    }

    /// A common English word for the colour.
    pub fn word(self) -> &'static str {
        let value = self.to_oklch();
        if value.chroma < 0.04 {
            return match value.lightness {
                l if l > 0.93 => "white",
                l if l > 0.75 => "light grey",
                l if l > 0.45 => "grey",
                _ => "dark",
            };
        }
        match value.hue {
            h if h < 8.0 => "pink",
            h if h < 42.0 => {
                if value.lightness < 0.45 {
                    "dark red"
                } else {
                    "red"
                }
            }
            h if h < 78.0 => {
                if value.lightness < 0.62 {
                    "brown"
                } else {
                    "orange"
                }
            }
            h if h < 112.0 => "yellow",
            h if h < 165.0 => "green",
            h if h < 210.0 => "teal",
            h if h < 275.0 => "blue",
            h if h < 325.0 => "violet",
            _ => "pink",
        }
    }

    /// The sRGB colour nearest in look: lightness is clamped to `0.0..=1.0`, and a colour outside
    /// the gamut keeps lightness and hue and gives up chroma.
    pub fn from_oklab(oklab: Oklab) -> Self {
        Self::from_oklch(oklab.to_oklch())
    }

    /// The sRGB colour nearest in look, as [`Color::from_oklab`].
    pub fn from_oklch(oklch: Oklch) -> Self {
        if oklch.lightness >= 1.0 {
            return Self::WHITE;
        }
        if oklch.lightness <= 0.0 || oklch.lightness.is_nan() {
            return Self::BLACK;
        }
        let (sine, cosine) = oklch.hue.to_radians().sin_cos();
        let at_chroma = |chroma: f32| {
            OklabSpace::to_linear_srgb([oklch.lightness, chroma * cosine, chroma * sine])
        };
        let whole = at_chroma(oklch.chroma);
        if is_in_gamut(whole) {
            return clamped(whole);
        }
        // Chroma 0 is in the gamut, so bisection finds the border.
        let (mut inside, mut outside) = (0.0, oklch.chroma);
        for _ in 0..16 {
            let middle = 0.5 * (inside + outside);
            if is_in_gamut(at_chroma(middle)) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        clamped(at_chroma(inside))
    }

    /// The colour with another perceived lightness in `0.0..=1.0`; hue stays, chroma as far as
    /// possible.
    pub fn with_lightness(self, lightness: f32) -> Self {
        Self::from_oklch(Oklch {
            lightness,
            ..self.to_oklch()
        })
    }

    /// The colour made lighter (positive) or darker by a difference in perceived lightness.
    pub fn lighten(self, amount: f32) -> Self {
        let oklch = self.to_oklch();
        Self::from_oklch(Oklch {
            lightness: oklch.lightness + amount,
            ..oklch
        })
    }

    /// The colour with its chroma multiplied: 0 is grey, 1 no change.
    pub fn scale_chroma(self, factor: f32) -> Self {
        let oklch = self.to_oklch();
        Self::from_oklch(Oklch {
            chroma: oklch.chroma * factor.max(0.0),
            ..oklch
        })
    }

    /// The colour with its hue turned by an angle in degrees.
    pub fn rotate_hue(self, degrees: f32) -> Self {
        let oklch = self.to_oklch();
        Self::from_oklch(Oklch {
            hue: oklch.hue + degrees,
            ..oklch
        })
    }

    /// The colour a fraction of the way to another, mixed in Oklab.
    pub fn mix(self, other: Self, fraction: f32) -> Self {
        Self::from_oklab(self.to_oklab().lerp(other.to_oklab(), fraction))
    }

    /// How different two colours look: see [`Oklab::distance`].
    pub fn difference(self, other: Self) -> f32 {
        self.to_oklab().distance(other.to_oklab())
    }
}

/// Linear components of the gamut. At both ends there is slack for rounding: a tenth of an
/// eight-bit step of the encoded components.
const GAMUT: std::ops::RangeInclusive<f32> = -3.035_23e-5..=1.000_892_4;

/// Whether a colour of linear components is in the gamut. Encoding them is not needed for that.
fn is_in_gamut(linear: [f32; 3]) -> bool {
    linear.iter().all(|value| GAMUT.contains(value))
}

fn clamped(linear: [f32; 3]) -> Color {
    let [red, green, blue] = Srgb::from_linear_srgb(linear);
    Color::new(
        red.clamp(0.0, 1.0),
        green.clamp(0.0, 1.0),
        blue.clamp(0.0, 1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_have_known_coordinates() {
        // Reference values of the CSS Color 4 sample code.
        for (color, lightness, chroma, hue) in [
            (Color::from_rgb8(255, 0, 0), 0.628, 0.2577, 29.23),
            (Color::from_rgb8(0, 0, 255), 0.452, 0.3132, 264.05),
            (Color::from_rgb8(0, 128, 0), 0.5198, 0.1769, 142.5),
        ] {
            let oklch = color.to_oklch();
            assert!((oklch.lightness - lightness).abs() < 1e-3, "{oklch:?}");
            assert!((oklch.chroma - chroma).abs() < 1e-3, "{oklch:?}");
            assert!((oklch.hue - hue).abs() < 0.1, "{oklch:?}");
        }
        assert!((Color::BLACK.difference(Color::WHITE) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn eight_bit_colours_survive_the_round_trip() {
        for value in (0u32..0x0100_0000).step_by(7919) {
            let [_, red, green, blue] = value.to_be_bytes();
            let color = Color::from_rgb8(red, green, blue);
            assert_eq!(
                Color::from_oklab(color.to_oklab()).to_rgb8(),
                [red, green, blue]
            );
        }
    }

    #[test]
    fn edits_stay_in_the_gamut_and_keep_the_hue() {
        let red = Color::from_rgb8(220, 20, 40);
        for lightness in [0.1, 0.3, 0.6, 0.9] {
            let edited = red.with_lightness(lightness).to_oklch();
            assert!((edited.lightness - lightness).abs() < 0.01, "{edited:?}");
            assert!((edited.hue - red.to_oklch().hue).abs() < 1.0, "{edited:?}");
        }
        assert_eq!(red.with_lightness(f32::NAN), Color::BLACK);
        assert_eq!(red.lighten(5.0), Color::WHITE);
        assert!(red.scale_chroma(0.0).to_oklch().chroma < 1e-3);
    }
}
