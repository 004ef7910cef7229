//! Relights the flat scene's picture by the changes that `shading` found. Works in Oklab, where
//! lightness changes without a shift of hue.

use chat2svg_stop::Stopped;
use chat2svg_vector::{Color, Oklab, Raster};

use crate::{context::Context, light::Light, palette::Palette};

/// Change of a pixel: lightness by form, and rim apart, for it has its own colour.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) lightness: f32,
    pub(crate) warm: f32,
}

/// Yellow (Oklab hue, degrees) turns this many degrees toward orange in the deepest shade; left
/// alone it would look olive.
const YELLOW: f32 = 95.0;
const YELLOW_TURN: f32 = 22.0;

/// Chroma of the deepest shade of skin, in parts of the skin's own, and the degrees by which it
/// turns toward red.
const SKIN_SHADE_CHROMA: f32 = 1.18;
const SKIN_TURN: f32 = 8.0;
/// Share of the shade that fair skin does not get.
const FAIR_SKIN_SPARED: f32 = 0.45;
/// Share of the shade that white does not get, and how much more of the shade's tint it shows.
const WHITE_SPARED: f32 = 0.3;
const WHITE_TINT: f32 = 0.9;

/// Pixels between two looks at whether to stop: a few milliseconds.
const PIXELS_PER_LOOK: usize = 1 << 13;

/// The picture of the scene relit by `changes`, in colours that the palette allows.
pub(crate) fn relight(
    picture: &Raster,
    context: &Context<'_>,
    changes: &[Change],
) -> Result<Raster, Stopped> {
    let mut result = picture.clone();
    let mut relighter = Relighter::new(context);
    let pixels = result.pixels_mut().chunks_mut(PIXELS_PER_LOOK);
    for (pixels, changes) in pixels.zip(changes.chunks(PIXELS_PER_LOOK)) {
        context.stop.check()?;
        for (pixel, change) in pixels.iter_mut().zip(changes) {
            *pixel = relighter.relit(*pixel, *change);
        }
    }
    Ok(result)
}

/// As [`relight`] of `marked`, which is `picture` but for a few marks, where `relighted` is what
/// [`relight`] made of `picture`.
pub(crate) fn relight_marks(
    marked: &Raster,
    (picture, relighted): (&Raster, &Raster),
    context: &Context<'_>,
    changes: &[Change],
) -> Result<Raster, Stopped> {
    let mut result = relighted.clone();
    let mut relighter = Relighter::new(context);
    let pixels = result.pixels_mut().iter_mut().zip(changes);
    let marks = marked.pixels().iter().zip(picture.pixels());
    for (index, ((pixel, change), (marked, plain))) in pixels.zip(marks).enumerate() {
        if index % PIXELS_PER_LOOK == 0 {
            context.stop.check()?;
        }
        if marked != plain {
            *pixel = relighter.relit(*marked, *change);
        }
    }
    Ok(result)
}

/// Relights pixels one by one. Neighbours mostly have the same colour.
struct Relighter<'a> {
    light: &'a Light,
    palette: &'a Palette,
    last: ([u8; 3], Oklab),
}

impl<'a> Relighter<'a> {
    fn new(context: &Context<'a>) -> Self {
        Self {
            light: context.light,
            palette: context.palette,
            last: ([0; 3], Color::BLACK.to_oklab()),
        }
    }

    fn relit(&mut self, [red, green, blue, alpha]: [u8; 4], change: Change) -> [u8; 4] {
        if change.lightness == 0.0 && change.warm == 0.0 {
            return [red, green, blue, alpha];
        }
        let color = [red, green, blue];
        if self.last.0 != color {
            self.last = (color, Color::from_rgb8(red, green, blue).to_oklab());
        }
        let relit = relit(self.last.1, self.light, change);
        let [red, green, blue] = self.palette.at(relit).to_rgb8();
        [red, green, blue, alpha]
    }
}

/// How much a colour is like skin, of any tone, `0.0..=1.0`.
fn skin(lightness: f32, chroma: f32, hue: f32) -> f32 {
    let near = |value: f32, middle: f32, half: f32| {
        (2.0 - 2.0 * (value - middle).abs() / half).clamp(0.0, 1.0)
    };
    near(hue, 56.0, 36.0) * near(chroma, 0.075, 0.075) * near(lightness, 0.7, 0.42)
}

/// How much of a change of lightness a colour takes. White cannot grow lighter and black not
/// darker: there is room left at both ends, more at the dark one, where the eye tells less.
fn headroom(lightness: f32, change: f32) -> f32 {
    if change > 0.0 {
        ((1.0 - lightness) / 0.35).clamp(0.25, 1.0)
    } else {
        ((lightness - 0.12) / 0.45).clamp(0.15, 1.0)
    }
}

fn relit(before: Oklab, light: &Light, change: Change) -> Oklab {
    let Oklab { lightness, a, b } = before;
    let up = (change.lightness.max(0.0) / 0.2).min(1.0) + change.warm;
    let down = (-change.lightness.min(0.0) / 0.2).min(1.0);
    let hue = b.atan2(a).to_degrees();
    let skin = skin(lightness, a.hypot(b), hue);
    let moved = change.lightness * headroom(lightness, change.lightness);
    // Deep shade on fair skin looks like dirt.
    let fair = ((lightness - 0.5) / 0.35).clamp(0.0, 1.0);
    let moved = moved * (1.0 - FAIR_SKIN_SPARED * (down * 8.0).min(1.0) * skin * fair);
    // Light comes back to white from all sides: its shade is weak and has the sky's colour, grey
    // would be dull.
    let white = ((lightness - 0.8) / 0.12).clamp(0.0, 1.0) * (1.0 - a.hypot(b) / 0.05).max(0.0);
    let moved = moved * (1.0 - WHITE_SPARED * white * (down * 8.0).min(1.0));
    let tint = down * (1.0 + WHITE_TINT * white);
    let lit = (lightness + moved).clamp(0.0, 1.0);
    // Less light dims chroma too, though less than lightness, or shade would look dusty.
    let dimmed = if moved < 0.0 {
        (lit / lightness.max(1e-3)).sqrt()
    } else {
        1.0
    };
    // Light goes through skin and shines red in its shade; dimmed and blue it would look ill.
    let shine = skin * (down * 2.0).min(1.0);
    let dimmed = dimmed + (SKIN_SHADE_CHROMA - dimmed) * shine;
    let (a, b) = (a * dimmed, b * dimmed);
    let yellow = (1.0 - (hue - YELLOW).abs() / 35.0).max(0.0);
    let turn = -(yellow * down * YELLOW_TURN + shine * SKIN_TURN).to_radians();
    let (sine, cosine) = turn.sin_cos();
    let warm = 1.0 - shine;
    Oklab {
        lightness: lit,
        a: a * cosine - b * sine + light.warmth[0] * up + light.shade[0] * tint,
        b: a * sine + b * cosine + light.warmth[1] * up + light.shade[1] * tint * warm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::light::Source;

    const NOON: Light = Light {
        source: Source::Day,
        direction: [-0.5, -0.6, 0.62],
        warmth: [0.0, 0.012],
        shade: [0.0, -0.014],
        rim: 0.0,
        position: None,
        foot: None,
        indoors: false,
    };

    fn shaded(color: Oklab, lightness: f32) -> Oklab {
        let change = Change {
            lightness,
            warm: 0.0,
        };
        relit(color, &NOON, change)
    }

    fn chroma_and_hue(color: Oklab) -> (f32, f32) {
        (color.a.hypot(color.b), color.b.atan2(color.a).to_degrees())
    }

    #[test]
    fn skin_of_every_tone_grows_warmer_in_its_shade() {
        for skin in [
            [0xF7, 0xD7, 0xB8],
            [0xF0, 0xC0, 0x8E],
            [0xD9, 0xA0, 0x66],
            [0xB0, 0x7A, 0x4A],
            [0x7C, 0x52, 0x36],
            [0xFF, 0xDC, 0xC5],
        ] {
            let before = Color::from_rgb8(skin[0], skin[1], skin[2]).to_oklab();
            let after = shaded(before, -0.14);
            let (chroma, hue) = chroma_and_hue(before);
            let (shade_chroma, shade_hue) = chroma_and_hue(after);
            assert!(after.lightness < before.lightness - 0.02, "{skin:?}");
            assert!(after.lightness > before.lightness - 0.12, "{skin:?}");
            assert!(shade_chroma > 0.98 * chroma, "{skin:?}: {shade_chroma}");
            assert!(shade_hue < hue, "{skin:?}: {shade_hue} of {hue}");
        }
    }

    #[test]
    fn the_shade_of_white_is_weak_and_cool() {
        let white = Color::WHITE.to_oklab();
        let after = shaded(white, -0.2);
        assert!((0.82..0.92).contains(&after.lightness), "{after:?}");
        assert!(after.b < -0.02, "{after:?}");
        // Without hues of its own light leaves the hue alone.
        let grey = Light {
            shade: [0.0; 2],
            ..NOON
        };
        let change = Change {
            lightness: -0.2,
            warm: 0.0,
        };
        let after = relit(white, &grey, change);
        assert!(after.a.hypot(after.b) < 1e-3, "{after:?}");
    }

    #[test]
    fn dark_colours_stay_apart_from_black() {
        let fir = Color::from_rgb8(0x14, 0x4D, 0x2C).to_oklab();
        assert!(shaded(fir, -0.2).lightness > 0.24);
        let sky = Color::from_rgb8(0x9A, 0xCB, 0xF0).to_oklab();
        assert!(shaded(sky, -0.2).lightness < sky.lightness - 0.15);
    }
}
