//! How light changes each pixel of the flat scene. The picture in that light is made in
//! `relighting`.
//!
//! Every thing is inflated to a soft surface (its silhouette, and more weakly each of its parts),
//! lit by one key light for the whole scene, darkened where parts meet, and given a rim. Sky,
//! ground and far things get the gradients that air gives them.

use std::collections::BTreeMap;

use chat2svg_stop::Stopped;
use chat2svg_vector::{Place, Role};
use kurbo::Point;

use crate::{
    context::Context,
    field::{Field, distance_inside, inflate},
    light::Light,
    relighting::Change,
    scene::Item,
};

/// Rows of pixels between two looks at whether to stop.
const ROWS_PER_LOOK: usize = 32;

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
    fn union(self, other: Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

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

/// How the light changes each pixel of the scene.
pub(crate) fn changes(context: &Context<'_>, strengths: Strengths) -> Result<Vec<Change>, Stopped> {
    let (scene, visible, stop) = (context.scene, context.visible, context.stop);
    let windows = windows(context)?;
    let mut things = BTreeMap::<usize, Window>::new();
    for (item, window) in scene.items.iter().zip(&windows) {
        if let Some(window) = window {
            let whole = things.entry(item.object).or_insert(*window);
            *whole = whole.union(*window);
        }
    }
    let shading = Shading {
        context,
        strengths,
        solidity: scene.items.iter().map(solidity).collect(),
    };
    let mut changes = vec![Change::default(); visible.items.len()];
    for (object, window) in things {
        stop.check()?;
        shading.thing(object, window, &mut changes)?;
    }
    for (item, window) in windows.into_iter().enumerate() {
        stop.check()?;
        if let Some(window) = window {
            shading.part(item, window, &mut changes)?;
        }
    }
    shading.air(&mut changes)?;
    Ok(changes)
}

/// Of each item the window in which it is seen; only of what takes form shading.
fn windows(context: &Context<'_>) -> Result<Vec<Option<Window>>, Stopped> {
    let (scene, visible) = (context.scene, context.visible);
    let takes_form: Vec<bool> = scene.items.iter().map(takes_form).collect();
    let mut found = vec![None; scene.items.len()];
    for (y, row) in visible.items.chunks(visible.width.max(1)).enumerate() {
        if y.is_multiple_of(ROWS_PER_LOOK) {
            context.stop.check()?;
        }
        for (x, item) in row.iter().enumerate() {
            let Some(item) = item.map(|item| item as usize) else {
                continue;
            };
            if takes_form[item] {
                let pixel = Window {
                    x0: x,
                    y0: y,
                    x1: x + 1,
                    y1: y + 1,
                };
                let window = found[item].get_or_insert(pixel);
                *window = window.union(pixel);
            }
        }
    }
    Ok(found)
}

fn takes_form(item: &Item) -> bool {
    matches!(item.role, Role::Thing | Role::Scenery)
}

/// Distance to the edge of what `inside` holds within a window. The canvas's own border is open.
fn distance_in(
    context: &Context<'_>,
    window: Window,
    inside: impl Fn(usize) -> bool,
) -> Result<Field, Stopped> {
    let visible = context.visible;
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
    let whole = distance_inside(&mask, grown.width(), grown.height(), true, context.stop)?;
    let mut field = Field::zeros(window.width(), window.height());
    for (x, y, index, _) in window.pixels(visible.width) {
        let (left, top) = (window.x0 - grown.x0, window.y0 - grown.y0);
        field.values[index] = whole.values[(y + top) * grown.width() + x + left];
    }
    Ok(field)
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

/// The light on a scene's things and in its air.
struct Shading<'a> {
    context: &'a Context<'a>,
    strengths: Strengths,
    /// Of each item how much of a solid's form it shows.
    solidity: Vec<f32>,
}

impl Shading<'_> {
    /// The form of a thing as a whole, and its rim.
    fn thing(&self, object: usize, window: Window, changes: &mut [Change]) -> Result<(), Stopped> {
        let (visible, light, strengths) =
            (self.context.visible, self.context.light, self.strengths);
        let items = self.context.scene.items.iter();
        let own: Vec<bool> = items
            .map(|item| item.object == object && takes_form(item))
            .collect();
        // What stands before a thing hides its form and does not end it.
        let last = own.iter().rposition(|own| *own).unwrap_or(0);
        let distance = distance_in(self.context, window, |item| own[item] || item > last)?;
        let canvas = visible.width.min(visible.height) as f32;
        let bevel = bevel_of(&distance, window, canvas * 0.16);
        let mut surface = inflate(&distance, bevel, self.context.stop)?;
        // A quarter circle is vertical at the silhouette; real soft forms seldom are.
        for value in &mut surface.values {
            *value *= 0.8;
        }
        surface.blur((bevel * 0.2).round() as usize, self.context.stop)?;
        let rim_width = (canvas * 0.008).max(1.0);
        for (x, y, index, pixel) in window.pixels(visible.width) {
            self.look_at_row(x, y)?;
            let Some(item) = visible.items[pixel]
                .map(|item| item as usize)
                .filter(|&item| own[item])
            else {
                continue;
            };
            let far = self.solidity[item];
            let facing = lambert(&surface, x, y, light);
            let change = &mut changes[pixel];
            change.lightness += far * strengths.form * 0.26 * tempered(facing);
            let near_edge = (-distance.values[index] / rim_width).exp();
            let rim = far * strengths.rim * light.rim * near_edge * facing.max(0.0);
            change.lightness += 0.35 * rim;
            change.warm += rim;
        }
        Ok(())
    }

    /// The form of a part, and the shade where others cover it.
    fn part(&self, part: usize, window: Window, changes: &mut [Change]) -> Result<(), Stopped> {
        let (scene, visible) = (self.context.scene, self.context.visible);
        let object = scene.items[part].object;
        let canvas = visible.width.min(visible.height) as f32;
        if scene.items[part].role != Role::Thing || window.width().min(window.height()) < 4 {
            return Ok(());
        }
        let own = distance_in(self.context, window, |item| item >= part)?;
        let bevel = bevel_of(&own, window, canvas * 0.06);
        let mut surface = inflate(&own, bevel, self.context.stop)?;
        surface.blur((bevel * 0.25).round() as usize, self.context.stop)?;
        // Far from all that covers this part, in the same thing.
        let uncovered = distance_in(self.context, window, |item| {
            scene.items[item].object != object || item <= part
        })?;
        let reach = canvas * 0.018;
        let solid = self.solidity[part];
        let form = solid * self.strengths.form;
        for (x, y, index, pixel) in window.pixels(visible.width) {
            self.look_at_row(x, y)?;
            if visible.items[pixel] != Some(part as u32) {
                continue;
            }
            let change = &mut changes[pixel];
            let facing = lambert(&surface, x, y, self.context.light);
            change.lightness += form * 0.09 * tempered(facing);
            let near = (-uncovered.values[index] / reach).exp();
            change.lightness -= solid * self.strengths.occlusion * 0.07 * near;
        }
        Ok(())
    }

    /// Looks whether to stop at the start of some rows.
    fn look_at_row(&self, x: usize, y: usize) -> Result<(), Stopped> {
        if x == 0 && y.is_multiple_of(ROWS_PER_LOOK) {
            self.context.stop.check()?;
        }
        Ok(())
    }

    /// Gradients of sky, ground and far things, and the glow around a light in the picture.
    fn air(&self, changes: &mut [Change]) -> Result<(), Stopped> {
        let (visible, view) = (self.context.visible, self.context.view);
        let airs: Vec<Air> = self
            .context
            .scene
            .items
            .iter()
            .map(|item| Air::before(item, self.context))
            .collect();
        let reach = self.context.short_side() * 0.3;
        // One depth for all ground: a band of its own for each would hide where one ends before the
        // next.
        let horizon = self.context.horizon();
        let strength = self.strengths.atmosphere;
        for (pixel, item) in visible.items.iter().enumerate() {
            self.look_at_row(pixel % visible.width, pixel / visible.width)?;
            let Some(item) = item.map(|item| item as usize) else {
                continue;
            };
            let place = visible.to_document * visible.center_of(pixel);
            let share =
                |top: f64, height: f64| ((place.y - top) / height.max(1e-9)).clamp(0.0, 1.0) as f32;
            let change = &mut changes[pixel];
            match airs[item] {
                Air::None => {}
                Air::Sky { depth, glow } => {
                    let down = share(view.y0, view.height());
                    change.lightness += depth * strength * (0.13 * down - 0.055);
                    if let Some(source) = glow {
                        let distance = ((place - source).hypot() / reach) as f32;
                        let halo = strength * (-distance * distance).exp();
                        change.lightness += 0.12 * halo;
                        change.warm += 0.8 * halo;
                    }
                }
                Air::Ground => {
                    let near = share(horizon, view.y1 - horizon);
                    change.lightness += strength * (0.045 - 0.11 * near);
                }
                Air::Far { top, height } => {
                    change.lightness += strength * (0.07 * share(top, height) - 0.02);
                }
            }
        }
        Ok(())
    }
}

/// What the air before an item does to it.
#[derive(Clone, Copy)]
enum Air {
    None,
    /// Grows pale toward the horizon, by `depth`, and glows around the light of the picture.
    Sky {
        depth: f32,
        glow: Option<Point>,
    },
    Ground,
    /// Grows pale toward its foot.
    Far {
        top: f64,
        height: f64,
    },
}

impl Air {
    fn before(item: &Item, context: &Context<'_>) -> Self {
        let light = context.light;
        match item.role {
            Role::Sky | Role::Background => Self::Sky {
                // A wall is near: no air lies before it.
                depth: if light.indoors || item.role == Role::Background {
                    0.4
                } else {
                    1.0
                },
                // There is no air in space to glow.
                glow: light
                    .position
                    .filter(|_| context.scene.setting.place != Some(Place::Space)),
            },
            Role::Ground => Self::Ground,
            Role::Scenery => Self::Far {
                top: item.bounds.y0,
                height: item.bounds.height(),
            },
            _ => Self::None,
        }
    }
}

/// How much of a solid's form a thing shows: far things and clouds show little of it.
fn solidity(item: &Item) -> f32 {
    match item.role {
        _ if item.is_burning() => 0.0,
        Role::Scenery => 0.4,
        _ if item.is_cloud() => 0.35,
        _ => 1.0,
    }
}

/// Keeps strong light and deep shade from running off: at most 0.8 up and 0.6 down. Shade is filled
/// by the sky's light, so it is the weaker of the two.
fn tempered(value: f32) -> f32 {
    let value = if value < 0.0 { 0.75 * value } else { value };
    0.8 * (value / 0.8).tanh()
}
