//! Atmospheric effects: glows around lamps, sun and moon that fade outward, and aerial perspective
//! (haze) before far things.

use std::collections::BTreeMap;

use chat2svg_vector::{
    Color, Distance, Document, Emission, GradientStop, LinearGradient, Meaning, Node, Paint, Place,
    RadialGradient, Role, Shape, Spread, TimeOfDay,
};
use kurbo::{Affine, BezPath, Point, Rect, Shape as _};

use crate::{
    additions::{Addition, add_all, filled},
    context::Context,
    light::Source,
    scene::Item,
};

/// Most fires that glow.
const MOST_FIRES: usize = 6;
/// Reach of a fire's glow in radii of its flames.
const FIRE_REACH: f64 = 1.7;

/// Makes the flat glows around the lights of a document fade outward, and puts those of the dark
/// below its stars, which they would dim; returns their names.
pub(crate) fn soften_glows(document: &mut Document, strength: f32) -> Vec<String> {
    let mut changed = Vec::new();
    if strength <= 0.0 {
        return changed;
    }
    for layer in &mut document.layers {
        let name = layer.label().to_owned();
        soften(layer, &name, Meaning::NONE, strength, &mut changed);
    }
    lay_below_stars(document);
    changed
}

/// Moves the dark glows of the layers above a document's stars right below them.
fn lay_below_stars(document: &mut Document) {
    let Some(stars) = path_of_stars(document) else {
        return;
    };
    let below = stars.first().map_or(0, |layer| layer + 1);
    let mut glows = Vec::new();
    for layer in document.layers.iter_mut().skip(below) {
        let Node::Group(group) = layer else { continue };
        let (dark, kept) = std::mem::take(&mut group.children)
            .into_iter()
            .partition::<Vec<Node>, _>(is_dark_glow);
        group.children = kept;
        glows.extend(dark.into_iter().map(|mut glow| {
            glow.apply_affine(group.transform);
            if let Node::Shape(shape) = &mut glow {
                shape.label = format!("{} / {}", group.label, shape.label);
                shape.opacity *= group.opacity;
            }
            Addition {
                path: stars.clone(),
                above: false,
                node: glow,
            }
        }));
    }
    add_all(document, &glows);
}

/// The way to the first star, or to all in a layer or group of their own; where none is stated, at
/// night or in space, to what lies on the sky.
fn path_of_stars(document: &Document) -> Option<Vec<usize>> {
    let is_stars = |node: &Node| node.meaning().emits == Some(Emission::Star);
    let stated = document
        .layers
        .iter()
        .enumerate()
        .find_map(|(layer, node)| {
            if is_stars(node) {
                return Some(vec![layer]);
            }
            let Node::Group(group) = node else {
                return None;
            };
            let child = group.children.iter().position(is_stars)?;
            Some(vec![layer, child])
        });
    let setting = document.metadata.setting;
    let is_starry = setting.time == Some(TimeOfDay::Night) || setting.place == Some(Place::Space);
    let on_sky = || {
        document.layers.iter().position(|node| match node {
            Node::Group(group) => group.meaning.role == Some(Role::Sky) && group.children.len() > 1,
            Node::Shape(_) => false,
        })
    };
    stated.or_else(|| is_starry.then(on_sky).flatten().map(|layer| vec![layer, 1]))
}

fn is_dark_glow(node: &Node) -> bool {
    let Node::Shape(shape) = node else {
        return false;
    };
    let color = shape.fill.as_ref().map(|fill| fill.paint.mean_color());
    shape.meaning.role == Some(Role::Glow) && color.is_some_and(is_dark)
}

/// Whether a glow of this colour belongs to the night.
fn is_dark(color: Color) -> bool {
    color.to_oklab().lightness < 0.5
}

fn soften(node: &mut Node, layer: &str, around: Meaning, strength: f32, changed: &mut Vec<String>) {
    let meaning = node.meaning().within(around);
    match node {
        Node::Group(group) => {
            for child in &mut group.children {
                soften(child, layer, meaning, strength, changed);
            }
        }
        Node::Shape(shape) if meaning.role == Some(Role::Glow) => {
            if fade_outward(shape, strength) {
                changed.push(format!("{layer} / {}", shape.label));
            }
        }
        Node::Shape(_) => {}
    }
}

/// Turns a flat round shape into one that fades; false where it is not flat.
fn fade_outward(shape: &mut Shape, strength: f32) -> bool {
    let bounds = shape.path.bounding_box();
    let center = bounds.center();
    let Some(fill) = &mut shape.fill else {
        return false;
    };
    let Paint::Solid(color) = fill.paint else {
        return false;
    };
    // Half as large again, so that the light that the rim loses lies further out; in the dark there
    // are stars around it that it would cover.
    let growth = 1.0 + if is_dark(color) { 0.2 } else { 0.5 } * f64::from(strength);
    shape.path.apply_affine(Affine::scale_about(growth, center));
    fill.paint = radial(
        center,
        bounds.width() * 0.5 * growth,
        color,
        [(0.3, 1.0), (0.62, 0.42), (1.0, 0.0)],
    );
    true
}

fn radial(center: Point, radius: f64, color: Color, stops: [(f32, f32); 3]) -> Paint {
    Paint::Radial(RadialGradient {
        center,
        radius,
        focus: center,
        focal_radius: 0.0,
        transform: Affine::IDENTITY,
        stops: stops
            .map(|(offset, opacity)| GradientStop {
                offset,
                color,
                opacity: opacity.clamp(0.0, 1.0),
            })
            .to_vec(),
        spread: Spread::Pad,
    })
}

/// A glow around what a layer of this name holds.
fn glow(layer: &str, disc: BezPath, paint: Paint) -> Shape {
    Shape {
        meaning: Meaning::of_role(Role::Glow),
        ..filled(format!("{layer} / glow"), disc, paint, 1.0)
    }
}

/// The light that lamps and fires throw into the dark around them: a glow above each lantern of a
/// night scene, above a lamp that lights a room, and behind what burns at night.
pub(crate) fn lamp_glows(context: &Context<'_>, strength: f32) -> Vec<Addition> {
    let (scene, light) = (context.scene, context.light);
    let lit = matches!(light.source, Source::Moon | Source::Lamp);
    let is_dark = scene
        .items
        .iter()
        .find(|item| item.role.is_backdrop())
        .is_some_and(|item| item.lightness() < 0.4);
    if !lit && !is_dark || strength <= 0.0 {
        return Vec::new();
    }
    let color = context
        .palette
        .at(Color::from_rgb8(255, 214, 130).to_oklab());
    let (reach, peak) = if light.indoors {
        (1.5, 0.42 * strength)
    } else {
        (1.7, 0.5 * strength)
    };
    let behind = scene
        .items
        .iter()
        .filter(|item| light.indoors && item.role == Role::Ground)
        .find_map(|item| item.path.first().map(|layer| vec![*layer]));
    let mut glows: Vec<Addition> = scene
        .items
        .iter()
        .filter(|item| {
            item.meaning.emits == Some(Emission::Lamp) && item.bounds.overlaps(context.view)
        })
        .map(|item| {
            let radius = item.bounds.width().max(item.bounds.height()) * reach;
            let center = item.bounds.center();
            let paint = radial(
                center,
                radius,
                color,
                [(0.0, peak), (0.45, 0.4 * peak), (1.0, 0.0)],
            );
            let disc = kurbo::Circle::new(center, radius).to_path(0.05);
            Addition {
                // In a room the light lies on the wall, behind all that stands before it.
                path: behind.clone().unwrap_or_else(|| item.path.clone()),
                above: behind.is_some(),
                node: Node::Shape(glow(item.layer(), disc, paint)),
            }
        })
        .collect();
    if is_dark {
        glows.extend(fire_glows(context, strength));
    }
    glows
}

/// Warm light behind each thing that burns, and each paper lantern.
fn fire_glows(context: &Context<'_>, strength: f32) -> Vec<Addition> {
    let scene = context.scene;
    let color = context
        .palette
        .at(Color::from_rgb8(255, 150, 60).to_oklab());
    let mut flames = BTreeMap::<usize, Rect>::new();
    let is_lit = |item: &&Item| {
        item.is_burning() || item.role == Role::Light && item.source == Some(Emission::Lantern)
    };
    for item in scene.items.iter().filter(is_lit) {
        let flame = flames.entry(item.object).or_insert(item.bounds);
        *flame = flame.union(item.bounds);
    }
    let around = |(object, flame): (usize, Rect)| {
        let root = scene.roots.get(object)?;
        let name = scene.items.iter().find(|item| item.object == object)?;
        let radius = 0.5 * flame.width().hypot(flame.height()) * FIRE_REACH;
        let stops = [(0.25, 0.55 * strength), (0.6, 0.2 * strength), (1.0, 0.0)];
        let disc = kurbo::Circle::new(flame.center(), radius).to_path(0.05);
        let paint = radial(flame.center(), radius, color, stops);
        Some(Addition {
            path: root.clone(),
            above: false,
            node: Node::Shape(glow(name.layer(), disc, paint)),
        })
    };
    flames
        .into_iter()
        .take(MOST_FIRES)
        .filter_map(around)
        .collect()
}

/// A veil of the horizon's colour before the far things of an open landscape, above the last of
/// their layers; none where there are none.
pub(crate) fn haze(document: &Document, context: &Context<'_>, strength: f32) -> Option<Addition> {
    if strength <= 0.0 {
        return None;
    }
    let (light, view) = (context.light, context.view);
    let far = |role: Role| {
        context
            .scene
            .items
            .iter()
            .filter(move |item| item.role == role)
    };
    let place = context.scene.setting.place;
    let sky = far(Role::Sky).find(|_| place.is_none_or(Place::is_in_the_open))?;
    let is_far = |item: &&Item| item.meaning.distance == Some(Distance::Far);
    let last = far(Role::Scenery).rfind(is_far)?;
    let ground = far(Role::Ground)
        .map(|item| item.bounds.y0)
        .fold(view.y1, f64::min);
    let top = far(Role::Scenery)
        .filter(is_far)
        .map(|item| item.bounds.y0)
        .fold(view.y1, f64::min)
        .max(view.y0);
    if ground - top < 0.02 * view.height() || ground >= view.y1 {
        return None;
    }
    let horizon = horizon_color(document, &sky.path)?;
    let mut color = horizon.to_oklab();
    color.a += light.warmth[0];
    color.b += light.warmth[1];
    let color = context.palette.at(color);
    // Dark air scatters little light.
    let thickness = if light.source == Source::Moon {
        0.5
    } else {
        1.0
    };
    let bottom = ground + 0.03 * view.height();
    let stop = |offset: f32, opacity: f32| GradientStop {
        offset,
        color,
        opacity: (opacity * strength * thickness).clamp(0.0, 1.0),
    };
    let paint = Paint::Linear(LinearGradient {
        start: Point::new(0.0, top),
        end: Point::new(0.0, bottom),
        transform: Affine::IDENTITY,
        stops: vec![stop(0.0, 0.0), stop(0.8, 0.5), stop(1.0, 0.35)],
        spread: Spread::Pad,
    });
    let band = Rect::new(view.x0, top, view.x1, bottom).to_path(0.1);
    Some(Addition {
        path: vec![*last.path.first()?],
        above: true,
        node: Node::Shape(Shape {
            meaning: Meaning::of_role(Role::Haze),
            ..filled("haze".to_owned(), band, paint, 1.0)
        }),
    })
}

/// The lowest colour of the sky.
fn horizon_color(document: &Document, path: &[usize]) -> Option<Color> {
    let Node::Shape(shape) = document.node(path)? else {
        return None;
    };
    match &shape.fill.as_ref()?.paint {
        Paint::Solid(color) => Some(*color),
        Paint::Linear(gradient) => gradient.stops.last().map(|stop| stop.color),
        Paint::Radial(gradient) => gradient.stops.last().map(|stop| stop.color),
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Metadata};
    use kurbo::Circle;

    use super::*;

    fn disc(label: &str, color: Color) -> Node {
        let path = Circle::new((50.0, 30.0), 10.0).to_path(0.1);
        Node::Shape(Shape::filled(label, path, Paint::Solid(color)))
    }

    fn night(glow: Color, star: Node) -> Document {
        let group = |label: &str, children| {
            Node::Group(Group {
                children,
                ..Group::new(label)
            })
        };
        let mut document = Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![
                group("sky", vec![disc("sky", Color::BLACK), star]),
                group("moon", vec![disc("glow", glow), disc("moon", Color::WHITE)]),
            ],
        };
        crate::guess::guess_meaning(&mut document);
        document
    }

    fn order(document: &Document) -> Vec<String> {
        let shapes = document.shapes().into_iter();
        shapes.map(|visit| visit.shape.label.clone()).collect()
    }

    #[test]
    fn a_dark_glow_lies_below_the_stars_and_a_bright_one_stays() {
        let star = disc("bright star", Color::WHITE);
        let stars = Node::Group(Group {
            children: vec![star.clone()],
            ..Group::new("stars")
        });
        for stars in [star, stars] {
            let mut dark = night(Color::from_rgb8(50, 60, 120), stars.clone());
            assert_eq!(soften_glows(&mut dark, 1.0), ["moon / glow"]);
            assert_eq!(order(&dark), ["sky", "moon / glow", "bright star", "moon"]);
            let mut bright = night(Color::from_rgb8(255, 240, 200), stars);
            soften_glows(&mut bright, 1.0);
            assert_eq!(order(&bright), ["sky", "bright star", "glow", "moon"]);
        }
    }
}
