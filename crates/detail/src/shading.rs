//! The embedded detailer's picture: the flat scene, lit. Works on pixels; shapes are found later.
//!
//! Every thing is inflated to a soft surface (its silhouette, and more weakly each of its parts),
//! lit by one key light for the whole scene, darkened where parts meet, and given a rim. Sky, ground
//! and far things get the gradients that air gives them. All changes are made in Oklab, so that
//! lightness moves without the hue going astray.

use chat2svg_vector::{Color, Oklab, Raster};
use kurbo::Rect;

use crate::{
    field::{Field, distance_inside, inflate},
    light::Light,
    palette::Palette,
    scene::{Item, Role, Scene},
    visible::Visible,
};

/// How strongly each effect shows, `0.0..=1.0` each; 0 leaves it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strengths {
    /// Form shading of silhouettes and parts.
    pub(crate) form: f32,
    /// Darkening where a part is covered by another.
    pub(crate) occlusion: f32,
    /// Rim light, times what the light itself asks for.
    pub(crate) rim: f32,
    /// Gradients of sky, ground and distance.
    pub(crate) atmosphere: f32,
}

/// A window of the pixel grid, half-open.
#[derive(Clone, Copy, Debug)]
struct Window {
    x0: usize,
    y0: usize,
    x1: usize,
    y1: usize,
}

impl Window {
    fn width(self) -> usize {
        self.x1 - self.x0
    }

    fn height(self) -> usize {
        self.y1 - self.y0
    }

    /// Pixels of the window with their index in the window and in the whole grid.
    fn pixels(self, stride: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        (self.y0..self.y1).flat_map(move |y| {
            (self.x0..self.x1).map(move |x| {
                (
                    x - self.x0,
                    y - self.y0,
                    (y - self.y0) * self.width() + x - self.x0,
                    y * stride + x,
                )
            })
        })
    }
}

/// Change of a pixel: lightness by form, and rim apart, for it has its own colour.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change {
    lightness: f32,
    warm: f32,
}

/// How the light changes each pixel of the scene. `stop` is asked between things; when it says so, `None`
/// returns.
pub(crate) fn changes(
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    strengths: Strengths,
    view: Rect,
    stop: &dyn Fn() -> bool,
) -> Option<Vec<Change>> {
    let mut changes = vec![Change::default(); visible.items.len()];
    for (object, window) in windows(visible, scene, |index| scene.items[index].object) {
        if stop() {
            return None;
        }
        shade_object(
            scene,
            visible,
            light,
            strengths,
            object,
            window,
            &mut changes,
        );
    }
    for (item, window) in windows(visible, scene, |index| index) {
        if stop() {
            return None;
        }
        shade_part(scene, visible, light, strengths, item, window, &mut changes);
    }
    if stop() {
        return None;
    }
    shade_air(scene, visible, light, strengths, view, &mut changes);
    Some(changes)
}

/// Bounding windows of what `key` groups, by key in rising order; only what takes form shading.
fn windows(
    visible: &Visible,
    scene: &Scene,
    key: impl Fn(usize) -> usize,
) -> std::collections::BTreeMap<usize, Window> {
    let mut found = std::collections::BTreeMap::<usize, Window>::new();
    for (pixel, item) in visible.items.iter().enumerate() {
        let Some(item) = item.map(|item| item as usize) else {
            continue;
        };
        if !matches!(scene.items[item].role, Role::Object | Role::Scenery) {
            continue;
        }
        let (x, y) = (pixel % visible.width, pixel / visible.width);
        let window = found.entry(key(item)).or_insert(Window {
            x0: x,
            y0: y,
            x1: x,
            y1: y,
        });
        window.x0 = window.x0.min(x);
        window.y0 = window.y0.min(y);
        window.x1 = window.x1.max(x + 1);
        window.y1 = window.y1.max(y + 1);
    }
    found
}

/// Distance to the edge of what `inside` holds within a window. The canvas's own border is open.
fn distance_in(visible: &Visible, window: Window, inside: impl Fn(usize) -> bool) -> Field {
    // One pixel more on each side, so that only the canvas border can be open.
    let grown = Window {
        x0: window.x0.saturating_sub(1),
        y0: window.y0.saturating_sub(1),
        x1: (window.x1 + 1).min(visible.width),
        y1: (window.y1 + 1).min(visible.height),
    };
    let mask: Vec<bool> = grown
        .pixels(visible.width)
        .map(|(_, _, _, pixel)| visible.items[pixel].is_some_and(|item| inside(item as usize)))
        .collect();
    let whole = distance_inside(&mask, grown.width(), grown.height(), true);
    let mut field = Field::zeros(window.width(), window.height());
    for (x, y, index, _) in window.pixels(visible.width) {
        let (left, top) = (window.x0 - grown.x0, window.y0 - grown.y0);
        field.values[index] = whole.values[(y + top) * grown.width() + x + left];
    }
    field
}

/// Width of the rounded border: nearly to the middle of the form, at most `most`.
fn bevel_of(distance: &Field, window: Window, most: f32) -> f32 {
    let half = window.width().min(window.height()) as f32 * 0.5;
    (distance.max().min(half) * 0.9).clamp(1.5, most.max(1.5))
}

/// How much more or less light a surface gets than a flat one, by Lambert's law.
fn lambert(surface: &Field, x: usize, y: usize, light: &Light) -> f32 {
    let [dx, dy] = surface.gradient(x, y);
    let length = (dx * dx + dy * dy + 1.0).sqrt();
    let facing = (-dx * light.direction[0] - dy * light.direction[1] + light.direction[2]) / length;
    facing - light.direction[2]
}

fn shade_object(
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    strengths: Strengths,
    object: usize,
    window: Window,
    changes: &mut [Change],
) {
    let belongs = |item: usize| {
        scene.items[item].object == object
            && matches!(scene.items[item].role, Role::Object | Role::Scenery)
    };
    // What stands before a thing hides its form and does not end it.
    let last = (0..scene.items.len())
        .rev()
        .find(|&item| belongs(item))
        .unwrap_or(0);
    let distance = distance_in(visible, window, |item| belongs(item) || item > last);
    let canvas = visible.width.min(visible.height) as f32;
    let bevel = bevel_of(&distance, window, canvas * 0.16);
    let mut surface = inflate(&distance, bevel);
    // A quarter circle is vertical at the silhouette; real soft forms seldom are.
    for value in &mut surface.values {
        *value *= 0.8;
    }
    surface.blur((bevel * 0.2).round() as usize);
    let rim_width = (canvas * 0.008).max(1.0);
    for (x, y, index, pixel) in window.pixels(visible.width) {
        let Some(item) = visible.items[pixel]
            .map(|item| item as usize)
            .filter(|&item| belongs(item))
        else {
            continue;
        };
        let far = solidity(&scene.items[item]);
        let facing = lambert(&surface, x, y, light);
        let change = &mut changes[pixel];
        change.lightness += far * strengths.form * 0.26 * tempered(facing);
        let near_edge = (-distance.values[index] / rim_width).exp();
        let rim = far * strengths.rim * light.rim * near_edge * facing.max(0.0);
        change.lightness += 0.35 * rim;
        change.warm += rim;
    }
}

fn shade_part(
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    strengths: Strengths,
    part: usize,
    window: Window,
    changes: &mut [Change],
) {
    let object = scene.items[part].object;
    let canvas = visible.width.min(visible.height) as f32;
    if scene.items[part].role != Role::Object || window.width().min(window.height()) < 4 {
        return;
    }
    let own = distance_in(visible, window, |item| item >= part);
    let bevel = bevel_of(&own, window, canvas * 0.06);
    let mut surface = inflate(&own, bevel);
    surface.blur((bevel * 0.25).round() as usize);
    // Far from all that covers this part, in the same thing.
    let uncovered = distance_in(visible, window, |item| {
        scene.items[item].object != object || item <= part
    });
    let reach = canvas * 0.018;
    let solid = solidity(&scene.items[part]);
    let form = solid * strengths.form;
    for (x, y, index, pixel) in window.pixels(visible.width) {
        if visible.items[pixel] != Some(part as u32) {
            continue;
        }
        let change = &mut changes[pixel];
        change.lightness += form * 0.09 * tempered(lambert(&surface, x, y, light));
        let near = (-uncovered.values[index] / reach).exp();
        change.lightness -= solid * strengths.occlusion * 0.07 * near;
    }
}

/// Gradients of sky, ground and far things, and the glow around a light in the picture.
fn shade_air(
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    strengths: Strengths,
    view: Rect,
    changes: &mut [Change],
) {
    let reach = view.width().min(view.height()) * 0.3;
    // One depth for all ground: a band of its own for each would hide where one ends before the next.
    let grounds = scene.items.iter().filter(|item| item.role == Role::Ground);
    let horizon = grounds
        .map(|item| item.bounds.y0)
        .fold(view.y1, f64::min)
        .max(view.y0);
    for (pixel, item) in visible.items.iter().enumerate() {
        let Some(item) = item.and_then(|item| scene.items.get(item as usize)) else {
            continue;
        };
        let place = visible.to_document * visible.center_of(pixel);
        let share =
            |top: f64, height: f64| ((place.y - top) / height.max(1e-9)).clamp(0.0, 1.0) as f32;
        let down = share(view.y0, view.height());
        let own = share(item.bounds.y0, item.bounds.height());
        let change = &mut changes[pixel];
        match item.role {
            Role::Sky => {
                // A wall is near: no air lies before it.
                let depth = if light.indoors || item.layer() == "background" {
                    0.4
                } else {
                    1.0
                };
                change.lightness += depth * strengths.atmosphere * (0.13 * down - 0.055);
                // There is no air in space to glow.
                if let Some(source) = light.position.filter(|_| item.layer() != "space") {
                    let distance = ((place - source).hypot() / reach) as f32;
                    let halo = strengths.atmosphere * (-distance * distance).exp();
                    change.lightness += 0.12 * halo;
                    change.warm += 0.8 * halo;
                }
            }
            Role::Ground => {
                let near = share(horizon, view.y1 - horizon);
                change.lightness += strengths.atmosphere * (0.045 - 0.11 * near);
            }
            Role::Scenery => change.lightness += strengths.atmosphere * (0.07 * own - 0.02),
            Role::Light | Role::Weather | Role::Border | Role::Veil | Role::Object => {}
        }
    }
}

/// How much of a solid's form a thing shows: far things and clouds show little of it.
fn solidity(item: &Item) -> f32 {
    match item.role {
        _ if item.is_burning() => 0.0,
        Role::Scenery => 0.4,
        _ if item.has_word(&["cloud", "clouds"]) => 0.35,
        _ => 1.0,
    }
}

/// Keeps strong light and deep shade from running off: at most 0.8 up and 0.6 down. Shade is filled by the
/// sky's light, so it is the weaker of the two.
fn tempered(value: f32) -> f32 {
    let value = if value < 0.0 { 0.75 * value } else { value };
    0.8 * (value / 0.8).tanh()
}

/// Yellow (Oklab hue, degrees) turns this many degrees toward orange in the deepest shade; left alone it
/// would look olive.
const YELLOW: f32 = 95.0;
const YELLOW_TURN: f32 = 22.0;

/// Pixels between two looks at whether to stop: a few milliseconds.
const PIXELS_PER_LOOK: usize = 1 << 15;

/// A picture of the scene in the light that `changes` tells, in colours that the palette allows. `stop` is asked
/// on the way; when it says so, `None` returns.
pub(crate) fn lit(
    picture: &Raster,
    light: &Light,
    palette: &Palette,
    changes: &[Change],
    stop: &dyn Fn() -> bool,
) -> Option<Raster> {
    let mut result = picture.clone();
    let pixels = result.pixels_mut().chunks_mut(PIXELS_PER_LOOK);
    for (pixels, changes) in pixels.zip(changes.chunks(PIXELS_PER_LOOK)) {
        if stop() {
            return None;
        }
        for (pixel, change) in pixels.iter_mut().zip(changes) {
            if change.lightness == 0.0 && change.warm == 0.0 {
                continue;
            }
            let [red, green, blue, _] = *pixel;
            let before = Color::from_rgb8(red, green, blue).to_oklab();
            let color = palette.at(lit_color(before, light, *change));
            let [red, green, blue] = color.to_rgb8();
            pixel[..3].copy_from_slice(&[red, green, blue]);
        }
    }
    Some(result)
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
