//! Where the light of a scene comes from, and what colour it has. Reads what gives light and the
//! sky's colours, paints nothing.

use chat2svg_vector::{Emission, Place, Role, TimeOfDay, Weather};
use kurbo::{Point, Rect};

use crate::scene::Scene;

/// The light of a scene: one key light and the ambient light that fills the shadows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Light {
    /// What gives the key light.
    pub(crate) source: Source,
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
    /// Where a lamp stands on the ground, in the document's coordinates.
    pub(crate) foot: Option<Point>,
    /// Whether the scene plays in a room.
    pub(crate) indoors: bool,
}

/// What the key light is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The sun, well above the horizon.
    Day,
    /// The sun at dawn or sunset.
    LowSun,
    /// The moon, or a night sky without one.
    Moon,
    /// A lamp or a fire.
    Lamp,
    /// Light from all of a covered sky, or from a window.
    Diffuse,
}

impl Light {
    /// The light of a scene: the lamp of a room, else the sun or moon in the picture, else what the
    /// sky's colour tells, else daylight from the upper left. Without `hues` it changes lightness
    /// only.
    pub(crate) fn of(scene: &Scene, view: Rect, hues: bool) -> Self {
        let light = Self::found(scene, view);
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

    fn found(scene: &Scene, view: Rect) -> Self {
        let indoors = scene.setting.place.is_some_and(Place::is_indoors);
        let sky = scene.items.iter().find(|item| item.role.is_backdrop());
        let is_dark = sky.is_some_and(|item| item.lightness() < 0.35);
        let given = |wanted: &[Source]| {
            scene.items.iter().find_map(|item| {
                let source = source_of(item.source?)?;
                (item.role == Role::Light && wanted.contains(&source))
                    .then_some((source, item.object))
            })
        };
        let lamp = given(&[Source::Lamp]).filter(|_| indoors || is_dark);
        if let Some((source, object)) = lamp {
            let bounds = bounds_of(scene, object);
            let head = Point::new(bounds.center().x, bounds.y0 + bounds.height() * 0.25);
            return Self {
                foot: Some(Point::new(bounds.center().x, bounds.y1)),
                indoors,
                ..Self::from_source(source, Some(head), view)
            };
        }
        let is_covered = scene.setting.weather.is_some_and(Weather::is_overcast)
            && scene.setting.place != Some(Place::Underwater)
            && scene.items.iter().any(|item| item.role == Role::Weather);
        if is_covered {
            return Self::from_source(Source::Diffuse, None, view);
        }
        if indoors {
            let window = scene
                .items
                .iter()
                .find(|item| item.source == Some(Emission::Daylight))
                .map(|item| bounds_of(scene, item.object).center());
            return Self {
                indoors,
                position: None,
                ..Self::from_source(Source::Diffuse, window, view)
            };
        }
        // What is stated counts where the sky is seen: the sun of a sunset may stand high in the
        // picture, and water is light at night.
        let shows_sky = sky.is_some_and(|item| item.role == Role::Sky);
        let time = scene.setting.time.filter(|_| shows_sky);
        let is_night = time == Some(TimeOfDay::Night);
        let is_sunset = matches!(time, Some(TimeOfDay::Sunrise | TimeOfDay::Sunset))
            && scene.setting.place != Some(Place::Underwater);
        match given(&[Source::Day, Source::Moon]) {
            Some((source, object)) => {
                let position = bounds_of(scene, object).center();
                let low = position.y > view.y0 + view.height() * 0.42;
                let source = if source == Source::Day && (low || is_sunset) {
                    Source::LowSun
                } else {
                    source
                };
                Self::from_source(source, Some(position), view)
            }
            None if is_dark || is_night => Self::from_source(Source::Moon, None, view),
            None => {
                let glows = sky.is_some_and(|item| {
                    let color = item.color.to_oklab();
                    color.a > 0.03 && color.b > 0.03 && item.role == Role::Sky
                });
                let source = if glows || is_sunset {
                    Source::LowSun
                } else {
                    Source::Day
                };
                Self::from_source(source, None, view)
            }
        }
    }

    fn from_source(source: Source, position: Option<Point>, view: Rect) -> Self {
        let (warmth, shade, rim, height) = match source {
            Source::Day => ([0.0, 0.012], [0.0, -0.014], 0.15, 0.62),
            Source::LowSun => ([0.018, 0.035], [0.012, -0.022], 0.8, 0.46),
            Source::Moon => ([-0.006, -0.016], [0.004, -0.026], 0.9, 0.5),
            Source::Lamp => ([0.008, 0.03], [0.004, -0.012], 0.35, 0.55),
            Source::Diffuse => ([0.0, 0.004], [0.0, -0.008], 0.0, 0.7),
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
            source,
            direction: unit([
                toward[0],
                toward[1],
                height / (1.0 - height) * length2(toward),
            ]),
            warmth,
            shade,
            rim,
            position,
            foot: None,
            indoors: false,
        }
    }
}

/// The box of all that belongs to a thing.
fn bounds_of(scene: &Scene, object: usize) -> Rect {
    scene
        .items
        .iter()
        .filter(|item| item.object == object)
        .map(|item| item.bounds)
        .reduce(|all, bounds| all.union(bounds))
        .unwrap_or(Rect::ZERO)
}

/// The key light that an emission can be.
fn source_of(emits: Emission) -> Option<Source> {
    match emits {
        Emission::Sun => Some(Source::Day),
        Emission::Moon => Some(Source::Moon),
        Emission::Lamp | Emission::Lantern | Emission::Fire => Some(Source::Lamp),
        Emission::Star | Emission::Daylight => None,
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
