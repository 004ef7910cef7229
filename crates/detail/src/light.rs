//! Where the light of a scene comes from, and what colour it has. Reads names, paints nothing.

use kurbo::{Point, Rect};

use crate::scene::{Role, Scene};

/// The light of a scene: one key light and the ambient light that fills the shadows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Light {
    /// Unit vector toward the key light: x right, y down, z toward the viewer.
    pub(crate) direction: [f32; 3],
    /// Shift of lit colours in Oklab's (a, b).
    pub(crate) warmth: [f32; 2],
    /// Shift of shaded colours in Oklab's (a, b).
    pub(crate) shade: [f32; 2],
    /// Strength of the rim light along silhouettes that face the key light, `0.0..=1.0`.
    pub(crate) rim: f32,
    /// Where the key light stands on the canvas, when it is in the picture.
    pub(crate) position: Option<Point>,
}

/// What the key light is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Day,
    LowSun,
    Moon,
    Lamp,
}

impl Light {
    /// The light of a scene: the sun, moon or lamp in the picture, else daylight from the upper left.
    /// Without `hues` it changes lightness only.
    pub(crate) fn of(scene: &Scene, view: Rect, hues: bool) -> Self {
        let found = scene.items.iter().find_map(|item| {
            let source = source_named(&item.name)?;
            (item.role == Role::Light).then(|| (source, item.bounds.center()))
        });
        let dark_sky = scene
            .items
            .iter()
            .find(|item| item.role == Role::Sky)
            .is_some_and(|item| item.lightness < 0.35);
        let light = match found {
            Some((source, position)) => {
                let low = position.y > view.y0 + view.height() * 0.45;
                let source = if source == Source::Day && low {
                    Source::LowSun
                } else {
                    source
                };
                Self::from_source(source, Some(position), view)
            }
            None if dark_sky => Self::from_source(Source::Moon, None, view),
            None => Self::from_source(Source::Day, None, view),
        };
        if hues {
            light
        } else {
            Self {
                warmth: [0.0; 2],
                shade: [0.0; 2],
                ..light
            }
        }
    }

    fn from_source(source: Source, position: Option<Point>, view: Rect) -> Self {
        let (warmth, shade, rim, height) = match source {
            Source::Day => ([0.0, 0.012], [0.0, -0.014], 0.15, 0.62),
            Source::LowSun => ([0.018, 0.035], [0.012, -0.022], 0.55, 0.42),
            Source::Moon => ([-0.006, -0.016], [0.004, -0.026], 0.75, 0.5),
            Source::Lamp => ([0.008, 0.03], [0.004, -0.012], 0.35, 0.55),
        };
        let toward = position.map_or([-0.55, -0.75], |point| {
            let offset = point - view.center();
            let length = offset.hypot().max(1e-9);
            // A light straight above still leans to one side, or forms would look flat.
            let lean = if offset.x >= 0.0 { 0.25 } else { -0.25 };
            [
                (offset.x / length + lean) as f32,
                (offset.y / length - 0.35) as f32,
            ]
        });
        Self {
            direction: unit([
                toward[0],
                toward[1],
                height / (1.0 - height) * length2(toward),
            ]),
            warmth,
            shade,
            rim,
            position,
        }
    }
}

fn source_named(name: &str) -> Option<Source> {
    let has = |words: &[&str]| {
        name.split(|c: char| !c.is_alphanumeric())
            .any(|word| words.contains(&word))
    };
    if has(&["sun", "sunset", "sunrise"]) {
        Some(Source::Day)
    } else if has(&["moon", "crescent"]) {
        Some(Source::Moon)
    } else if has(&["lamp", "lantern", "bulb", "fire", "campfire"]) {
        Some(Source::Lamp)
    } else {
        None
    }
}

fn length2(vector: [f32; 2]) -> f32 {
    vector[0].hypot(vector[1])
}

fn unit(vector: [f32; 3]) -> [f32; 3] {
    let length = vector
        .iter()
        .map(|part| part * part)
        .sum::<f32>()
        .sqrt()
        .max(1e-9);
    vector.map(|part| part / length)
}
