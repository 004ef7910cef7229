//! The embedded detailer's picture: the flat scene in the light that `shading` found. All changes are made in
//! Oklab, so that lightness moves without the hue going astray.

use chat2svg_vector::{Color, Oklab, Raster};

use crate::{context::Context, halt::Stopped, light::Light};

/// Change of a pixel: lightness by form, and rim apart, for it has its own colour.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) lightness: f32,
    pub(crate) warm: f32,
}

/// Yellow (Oklab hue, degrees) turns this many degrees toward orange in the deepest shade; left alone it
/// would look olive.
const YELLOW: f32 = 95.0;
const YELLOW_TURN: f32 = 22.0;

/// Pixels between two looks at whether to stop: a few milliseconds.
const PIXELS_PER_LOOK: usize = 1 << 13;

/// A picture of the scene in the light that `changes` tells, in colours that the palette allows.
pub(crate) fn lit(
    picture: &Raster,
    context: &Context<'_>,
    changes: &[Change],
) -> Result<Raster, Stopped> {
    let mut result = picture.clone();
    let pixels = result.pixels_mut().chunks_mut(PIXELS_PER_LOOK);
    for (pixels, changes) in pixels.zip(changes.chunks(PIXELS_PER_LOOK)) {
        context.halt.check()?;
        for (pixel, change) in pixels.iter_mut().zip(changes) {
            if change.lightness == 0.0 && change.warm == 0.0 {
                continue;
            }
            let [red, green, blue, _] = *pixel;
            let before = Color::from_rgb8(red, green, blue).to_oklab();
            let color = context
                .palette
                .at(lit_color(before, context.light, *change));
            let [red, green, blue] = color.to_rgb8();
            pixel[..3].copy_from_slice(&[red, green, blue]);
        }
    }
    Ok(result)
}

/// How much a colour is like skin, of any tone, `0.0..=1.0`.
fn skin(lightness: f32, chroma: f32, hue: f32) -> f32 {
    let near = |value: f32, middle: f32, half: f32| {
        (2.0 - 2.0 * (value - middle).abs() / half).clamp(0.0, 1.0)
    };
    near(hue, 58.0, 34.0) * near(chroma, 0.075, 0.065) * near(lightness, 0.72, 0.34)
}

fn lit_color(before: Oklab, light: &Light, change: Change) -> Oklab {
    let Oklab { lightness, a, b } = before;
    let up = (change.lightness.max(0.0) / 0.2).min(1.0) + change.warm;
    let down = (-change.lightness.min(0.0) / 0.2).min(1.0);
    // White cannot grow lighter and black not darker: leave room at both ends.
    let room = if change.lightness > 0.0 {
        1.0 - lightness
    } else {
        lightness
    };
    let moved = change.lightness * (room / 0.35).clamp(0.25, 1.0);
    let lit = (lightness + moved).clamp(0.0, 1.0);
    // Less light dims chroma too, though less than lightness, or shade would look dusty.
    let dimmed = if moved < 0.0 {
        (lit / lightness.max(1e-3)).sqrt()
    } else {
        1.0
    };
    let hue = b.atan2(a).to_degrees();
    // Light goes through skin and shines red in its shade; dimmed and blue it would look ill.
    let skin = skin(lightness, a.hypot(b), hue) * down;
    let dimmed = dimmed + (1.12 - dimmed) * skin;
    let (a, b) = (a * dimmed, b * dimmed);
    let yellow = (1.0 - (hue - YELLOW).abs() / 35.0).max(0.0);
    let turn = -(yellow * down * YELLOW_TURN).to_radians();
    let (sine, cosine) = turn.sin_cos();
    Oklab {
        lightness: lit,
        a: a * cosine - b * sine + light.warmth[0] * up + light.shade[0] * down,
        b: a * sine + b * cosine + light.warmth[1] * up + light.shade[1] * down * (1.0 - skin),
    }
}
