//! Highlights: on what is glossy (glass, metal, glaze, fruit) one bright mark where the surface
//! mirrors the light. Which things are glossy is stated.

use std::collections::BTreeMap;

use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Gloss, Meaning, Node, Paint, Part, Role};
use kurbo::{BezPath, Point};

use crate::{
    additions::{Addition, filled},
    context::Context,
    field::distance_inside,
    light::Light,
    scene::{Item, Scene},
    visible::Visible,
};

/// Most highlights in a picture.
const MOST: usize = 8;
/// Least radius of the largest disc that fits into a surface, as a share of the canvas's shorter
/// side.
const LEAST_RADIUS: f64 = 0.012;

/// Highlights on the glossy things of a scene, each above the part that it lies on.
pub(crate) fn highlights(context: &Context<'_>, strength: f32) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let (scene, visible) = (context.scene, context.visible);
    let canvas = visible.width.min(visible.height) as f64;
    let mut found: Vec<(f64, Addition)> = Vec::new();
    for body in glossy_bodies(scene, visible) {
        context.stop.check()?;
        let spot = roundest(&body, visible, context.stop)?;
        let Some(spot) = spot.filter(|spot| spot.radius >= LEAST_RADIUS * canvas) else {
            continue;
        };
        let item = &scene.items[body.largest];
        let top = body.items.last().map_or(item, |&top| &scene.items[top]);
        let lift = 0.9 * (1.0 - item.lightness());
        let color = context.palette.lifted(item.color, lift);
        let mut shape = filled(
            format!("{} / highlight", body_name(item)),
            mark(&spot, context.light, visible),
            Paint::Solid(color),
            0.55 * strength,
        );
        shape.meaning = Meaning::of_role(Role::Highlight);
        let addition = Addition {
            path: top.path.clone(),
            above: true,
            node: Node::Shape(shape),
        };
        found.push((spot.radius, addition));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MOST);
    Ok(found.into_iter().map(|(_, addition)| addition).collect())
}

/// A glossy thing: one of three apples, the bowl before them.
struct Body {
    /// Its items, back to front.
    items: Vec<usize>,
    /// The one that is seen most.
    largest: usize,
}

/// The glossy things of a scene that are seen and bring no highlight of their own.
fn glossy_bodies(scene: &Scene, visible: &Visible) -> Vec<Body> {
    let areas = visible.areas(scene.items.len());
    let mut bodies = BTreeMap::<(usize, Option<u16>), Vec<usize>>::new();
    for (index, item) in scene.items.iter().enumerate() {
        if item.role == Role::Thing {
            let body = (item.object, item.meaning.member);
            bodies.entry(body).or_default().push(index);
        }
    }
    bodies
        .into_values()
        .filter(|items| {
            let own = || items.iter().map(|&item| &scene.items[item].meaning);
            let is_lit = own().any(|meaning| meaning.role == Some(Role::Highlight));
            // Of what has a front of its own the rest is its inside.
            let is_inside = own().any(|meaning| meaning.part == Some(Part::Inside));
            let is_glossy = own().any(|meaning| meaning.gloss == Some(Gloss::Glossy));
            is_glossy && !is_lit && !is_inside
        })
        .filter_map(|items| {
            let largest = *items.iter().max_by_key(|&&item| (areas[item], item))?;
            (areas[largest] > 0).then_some(Body { items, largest })
        })
        .collect()
}

/// The name of the layer, with that of its member if it has several.
fn body_name(item: &Item) -> &str {
    let layer = item.layer();
    let rest = item.name.get(layer.len() + 3..).unwrap_or_default();
    let member = rest.split(" / ").next().unwrap_or_default();
    if item.meaning.member.is_some() && !member.is_empty() {
        item.name
            .get(..layer.len() + 3 + member.len())
            .unwrap_or(layer)
    } else {
        layer
    }
}

/// The largest disc in what is seen of a thing, in pixels.
struct Spot {
    center: Point,
    radius: f64,
}

fn roundest(body: &Body, visible: &Visible, stop: &Stop) -> Result<Option<Spot>, Stopped> {
    let own = |item: &Option<u32>| {
        item.is_some_and(|item| body.items.binary_search(&(item as usize)).is_ok())
    };
    let (mut x0, mut y0, mut x1, mut y1) = (usize::MAX, usize::MAX, 0, 0);
    for (pixel, item) in visible.items.iter().enumerate() {
        if own(item) {
            let (x, y) = (pixel % visible.width, pixel / visible.width);
            (x0, y0) = (x0.min(x), y0.min(y));
            (x1, y1) = (x1.max(x + 1), y1.max(y + 1));
        }
    }
    if x0 >= x1 {
        return Ok(None);
    }
    let mask: Vec<bool> = (y0..y1)
        .flat_map(|y| (x0..x1).map(move |x| y * visible.width + x))
        .map(|pixel| own(&visible.items[pixel]))
        .collect();
    let distance = distance_inside(&mask, x1 - x0, y1 - y0, false, stop)?;
    let best = distance
        .values
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    let width = x1 - x0;
    Ok(best.map(|(best, radius)| Spot {
        center: Point::new(
            (x0 + best % width) as f64 + 0.5,
            (y0 + best / width) as f64 + 0.5,
        ),
        radius: f64::from(*radius),
    }))
}

/// A bent stroke of light, with a dot behind it, on the side of a disc that faces the light; in the
/// document's coordinates.
fn mark(spot: &Spot, light: &Light, visible: &Visible) -> BezPath {
    // Room light mirrors high on a thing even when it comes from the side.
    let (x, y) = (f64::from(light.direction[0]), f64::from(light.direction[1]));
    let middle = y.min(-0.35 * x.abs()).atan2(x);
    let turn = if x < 0.0 { 1.0 } else { -1.0 };
    let on_disc = |radius: f64, angle: f64| {
        spot.center + kurbo::Vec2::from_angle(angle) * (radius * spot.radius)
    };
    let (from, to) = (middle - turn * 0.5, middle + turn * 0.42);
    let mut path = BezPath::new();
    // Thick in its middle, pointed at its ends: two arcs of different bend.
    path.move_to(on_disc(0.7, from));
    path.quad_to(on_disc(0.88, (from + to) * 0.5), on_disc(0.7, to));
    path.quad_to(on_disc(0.64, (from + to) * 0.5), on_disc(0.7, from));
    path.close_path();
    let dot = kurbo::Ellipse::new(
        on_disc(0.7, to + turn * 0.24),
        (0.055 * spot.radius, 0.055 * spot.radius),
        0.0,
    );
    path.extend(kurbo::Shape::path_elements(&dot, 0.1));
    path.apply_affine(visible.to_document);
    path
}
