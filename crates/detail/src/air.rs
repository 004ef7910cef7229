//! What light does to the air: glows around lamps, sun and moon that fade instead of ending in a rim, and
//! the haze that lies before far things.

use chat2svg_vector::{
    Color, Document, LinearGradient, Node, Paint, RadialGradient, Shape, Spread, Stop,
};
use kurbo::{Affine, Point, Rect, Shape as _};

use crate::{
    additions::{Addition, filled},
    context::Context,
    light::Source,
    scene::{Item, Role},
};

/// Makes the flat glows around the lights of a document fade outward; returns their names.
pub(crate) fn soften_glows(document: &mut Document, strength: f32) -> Vec<String> {
    let mut changed = Vec::new();
    if strength <= 0.0 {
        return changed;
    }
    for layer in &mut document.layers {
        let name = layer.label().to_owned();
        soften(layer, &name, strength, &mut changed);
    }
    changed
}

fn soften(node: &mut Node, layer: &str, strength: f32, changed: &mut Vec<String>) {
    match node {
        Node::Group(group) => {
            for child in &mut group.children {
                soften(child, layer, strength, changed);
            }
        }
        Node::Shape(shape) if matches!(shape.label.as_str(), "glow" | "outer glow") => {
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
    // Half as large again, so that the light that the rim loses lies further out; in the dark there are stars
    // around it that it would cover.
    let is_dark = color.to_oklab().lightness < 0.5;
    let growth = 1.0 + if is_dark { 0.2 } else { 0.5 } * f64::from(strength);
    shape.path.apply_affine(
        Affine::translate(center.to_vec2())
            * Affine::scale(growth)
            * Affine::translate(-center.to_vec2()),
    );
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
            .map(|(offset, opacity)| Stop {
                offset,
                color,
                opacity: opacity.clamp(0.0, 1.0),
            })
            .to_vec(),
        spread: Spread::Pad,
    })
}

/// The light that lamps throw into the dark around them: a glow above each lantern of a night scene, and
/// above a lamp that lights a room.
pub(crate) fn lamp_glows(context: &Context<'_>, strength: f32) -> Vec<Addition> {
    let (scene, light) = (context.scene, context.light);
    let lit = matches!(light.source, Source::Moon | Source::Lamp);
    let is_dark = scene
        .items
        .iter()
        .find(|item| item.role == Role::Sky)
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
    scene
        .items
        .iter()
        .filter(|item| {
            let head = item.own_name() == "lantern"
                || item.own_name() == "shade" && item.role == Role::Light;
            head && item.bounds.overlaps(context.view)
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
                node: Node::Shape(filled(format!("{} / glow", item.layer()), disc, paint, 1.0)),
            }
        })
        .collect()
}

/// A veil of the horizon's colour before the far things of an open landscape, above the last of their
/// layers; none where there are none.
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
    let sky = far(Role::Sky).find(|item| item.layer() == "sky")?;
    let is_far =
        |item: &&Item| item.layer().starts_with("distant ") || item.layer().starts_with("far ");
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
    let stop = |offset: f32, opacity: f32| Stop {
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
        node: Node::Shape(filled("haze".to_owned(), band, paint, 1.0)),
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
