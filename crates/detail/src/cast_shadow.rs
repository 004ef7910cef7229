//! Cast shadows: the silhouette of a thing, sheared and flattened onto the ground away from the
//! light, and for what floats its reflection in the water. Flat shapes with a gradient along their
//! length; they lie right above the ground, so they darken nothing that stands on it. `projection`
//! makes their outlines.

use std::collections::BTreeMap;

use chat2svg_stop::Stopped;
use chat2svg_vector::{
    Color, Document, GradientStop, Group, LinearGradient, Meaning, Node, Oklab, Paint, Part, Role,
    Shape, Spread,
};
use kurbo::{Affine, BezPath, Point, Vec2};

use crate::{
    additions::{Addition, filled},
    context::Context,
    light::{Light, Source},
    palette::Palette,
    projection::project,
    scene::{Item, Scene, is_off_ground},
    silhouette::{Edge, Piece, pieces},
};

/// Most shadows in a picture: the largest things are the ones that are looked at.
const MOST: usize = 10;
/// Least height of a thing that casts a shadow, as a share of the canvas's shorter side.
const LEAST_HEIGHT: f64 = 0.07;
/// How much of a shadow's length must fall on its ground; shorter ones are left to the contact
/// shadow.
const LEAST_REACH: f64 = 0.4;

/// How a thing's height is projected onto the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ShadowVector {
    /// Where the shadow of a point lies from the point's foot, per unit of height.
    along: Vec2,
    /// Opacity at the foot, `0.0..=1.0`.
    strength: f32,
}

/// The shadows that the things of a scene cast, from back to front, in a layer right above the
/// ground that they fall on.
pub(crate) fn cast_shadows(
    document: &Document,
    context: &Context<'_>,
    strength: f32,
) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let (scene, view) = (context.scene, context.view);
    let least = context.short_side() * LEAST_HEIGHT;
    let mut casting: Vec<Piece> = Vec::new();
    for object in (0..scene.objects).filter(|&object| stands_free(scene, object, least)) {
        context.stop.check()?;
        let tall = pieces(document, scene, object, Edge::Thing, context.stop)?
            .into_iter()
            .filter(|piece| piece.bounds.height() >= least)
            .filter(|piece| piece.bounds.y1 < view.y1 - 0.01 * view.height());
        casting.extend(tall);
    }
    casting.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    casting.truncate(MOST);
    casting.sort_by(|a, b| {
        a.bounds
            .y1
            .total_cmp(&b.bounds.y1)
            .then(a.object.cmp(&b.object))
    });
    let mut by_ground = BTreeMap::<usize, Vec<Node>>::new();
    for piece in &casting {
        context.stop.check()?;
        if let Some((ground, shape)) = shadow_of(piece, context, strength)? {
            by_ground
                .entry(ground)
                .or_default()
                .push(Node::Shape(shape));
        }
    }
    Ok(by_ground
        .into_iter()
        .map(|(ground, children)| Addition {
            path: vec![ground],
            above: true,
            node: Node::Group(Group {
                children,
                meaning: Meaning::of_role(Role::CastShadow),
                ..Group::new("cast shadows")
            }),
        })
        .collect())
}

/// Whether a thing can throw a shadow of its own: it takes light, is tall enough, and is whole.
fn stands_free(scene: &Scene, object: usize, least: f64) -> bool {
    let mut parts = scene
        .items
        .iter()
        .filter(|item| item.object == object && item.role == Role::Thing)
        .peekable();
    parts.peek().is_some_and(|item| {
        !matches!(item.meaning.part, Some(Part::Front | Part::Behind))
            && !is_off_ground(scene, object)
            && !item.is_land()
            && !item.is_cloud()
    }) && parts
        .map(|item| item.bounds)
        .reduce(|all, bounds| all.union(bounds))
        .is_some_and(|bounds| bounds.height() >= least)
}

/// The shadow or reflection of a piece, and the top-level layer of the ground that it falls on.
fn shadow_of(
    piece: &Piece,
    context: &Context<'_>,
    strength: f32,
) -> Result<Option<(usize, Shape)>, Stopped> {
    let Some(ground) = ground_under(piece, context) else {
        return Ok(None);
    };
    let Some((path, vector)) = cast_on(piece, ground, context)? else {
        return Ok(None);
    };
    let scene = context.scene;
    let own = scene.items.iter().find(|item| item.object == piece.object);
    let root = scene.roots.get(piece.object);
    let (Some(own), Some(root)) = (own, root) else {
        return Ok(None);
    };
    let (kind, color) = if ground.is_water() {
        ("reflection", mirrored(own, ground, context.palette))
    } else {
        (
            "cast shadow",
            shade_of(ground, context.light, context.palette),
        )
    };
    let stop = |offset: f32, share: f32| GradientStop {
        offset,
        color,
        opacity: (vector.strength * strength * share).clamp(0.0, 1.0),
    };
    let foot = Point::new((piece.feet.0 + piece.feet.1) * 0.5, piece.bounds.y1);
    let fade = LinearGradient {
        start: foot,
        end: foot + vector.along * piece.bounds.height(),
        transform: Affine::IDENTITY,
        stops: vec![stop(0.0, 1.0), stop(0.5, 0.62), stop(1.0, 0.0)],
        spread: Spread::Pad,
    };
    let layer = scene
        .items
        .iter()
        .filter(|item| item.role == Role::Ground)
        .filter_map(|item| item.path.first().copied())
        .filter(|layer| Some(layer) < root.first())
        .max();
    let label = format!("{} / {kind}", own.layer());
    Ok(layer.map(|layer| (layer, filled(label, path, Paint::Linear(fade), 1.0))))
}

/// The outline of a piece cast on its ground or mirrored in it, as far as the ground reaches, and
/// the vector that projected it.
fn cast_on(
    piece: &Piece,
    ground: &Item,
    context: &Context<'_>,
) -> Result<Option<(BezPath, ShadowVector)>, Stopped> {
    let (view, horizon) = (context.view, context.horizon());
    let base = piece.bounds.y1;
    let floats = ground.is_water();
    // Far away the ground is seen so flat that nothing on it shows.
    if !floats && base - horizon < 0.02 * view.height() {
        return Ok(None);
    }
    let foot = Point::new((piece.feet.0 + piece.feet.1) * 0.5, base);
    let vector = if floats {
        Some(reflection(context.light))
    } else {
        shadow_vector_at(context.light, foot, horizon)
    };
    let Some(vector) = vector else {
        return Ok(None);
    };
    let is_receiver = |point: Point| is_receiver(point, floats, context);
    let projected = project(piece, vector.along, view, is_receiver, context.stop)?;
    Ok(projected
        .filter(|projected| projected.reach >= LEAST_REACH)
        .map(|projected| {
            let along = vector.along * projected.reach;
            (projected.path, ShadowVector { along, ..vector })
        }))
}

/// Whether a point of the document receives shadows, or mirrors what floats: ground and water do,
/// and what stands before them hides nothing but itself. Beyond the canvas nothing is known.
fn is_receiver(point: Point, floats: bool, context: &Context<'_>) -> bool {
    let seen = context.visible.at(point);
    seen.and_then(|item| context.scene.items.get(item))
        .is_none_or(|item| match item.role {
            Role::Ground => item.is_water() == floats,
            Role::Sky | Role::Background | Role::Light | Role::Scenery => false,
            _ => true,
        })
}

/// The colour of a thing's mirror image in water: what is paler than the water shows paler, and all
/// is dimmed.
fn mirrored(thing: &Item, water: &Item, palette: &Palette) -> Color {
    let (thing, water) = (thing.color.to_oklab(), water.color.to_oklab());
    let mixed = thing.lerp(water, 0.5);
    let lightness = if mixed.lightness > water.lightness {
        (mixed.lightness - 0.04).min(water.lightness + 0.16)
    } else {
        mixed.lightness * 0.78
    };
    palette.at(Oklab { lightness, ..mixed })
}

/// The ground that a piece stands on, if it does: most of what is seen right below its feet.
fn ground_under<'a>(piece: &Piece, context: &Context<'a>) -> Option<&'a Item> {
    let (scene, visible) = (context.scene, context.visible);
    let below = visible.to_document * Point::new(0.0, 2.5) - visible.to_document * Point::ORIGIN;
    let mut found = 0usize;
    let mut ground = None;
    let wet = |sole: &&Point| {
        let item = visible
            .at(**sole - below)
            .and_then(|item| scene.items.get(item));
        item.is_some_and(|item| item.object == piece.object && item.is_wet())
    };
    if piece.soles.iter().filter(wet).count() * 2 > piece.soles.len() {
        return None;
    }
    // What stands before its feet, as a fence, says nothing of what they stand on.
    let last = scene
        .items
        .iter()
        .rposition(|item| item.object == piece.object)?;
    let mut hidden = 0usize;
    for sole in &piece.soles {
        let Some((index, item)) = visible
            .at(*sole + below)
            .and_then(|index| Some((index, scene.items.get(index)?)))
        else {
            continue;
        };
        if item.role == Role::Thing && index > last {
            hidden += 1;
        } else if item.role == Role::Ground {
            found += 1;
            ground = Some(item);
        } else if item.object == piece.object {
            found += 1;
        }
    }
    (found * 2 >= piece.soles.len() - hidden)
        .then_some(ground)
        .flatten()
}

/// The vector of the shadow of what stands at a foot; `None` where the light casts none.
fn shadow_vector_at(light: &Light, foot: Point, horizon: f64) -> Option<ShadowVector> {
    // The ground is seen from the side: depth is flattened.
    const FLATTENING: f64 = 0.42;
    let (length, strength) = match light.source {
        Source::Day => (0.55, 0.3),
        Source::LowSun => (1.15, 0.4),
        Source::Moon => (0.8, 0.42),
        Source::Lamp => (0.7, 0.3),
        Source::Diffuse => return None,
    };
    let away = match (light.source, light.foot, light.position) {
        (Source::Lamp, Some(lamp), _) => foot - lamp,
        (Source::Lamp, None, _) => return None,
        // A light in the sky of the picture is behind the scene: shadows come toward the viewer,
        // away from the point of the horizon below it.
        (_, _, Some(light)) => Vec2::new(foot.x - light.x, (foot.y - horizon).max(0.0) * 1.6),
        (Source::Moon, ..) => return None,
        (_, _, None) => Vec2::new(1.0, -0.5),
    };
    let away = away / away.hypot().max(1e-9);
    // A shadow straight toward the viewer would look like a reflection.
    let lean = if away.x < 0.0 { -0.55 } else { 0.55 };
    let sideways = if away.x.abs() < 0.55 { lean } else { away.x };
    let depth = away.y * FLATTENING;
    let depth = if depth < 0.0 {
        depth.min(-0.2)
    } else {
        depth.max(0.2)
    };
    Some(ShadowVector {
        along: Vec2::new(sideways, depth) * length,
        strength,
    })
}

fn reflection(light: &Light) -> ShadowVector {
    let strength = match light.source {
        Source::Diffuse => 0.3,
        _ => 0.4,
    };
    ShadowVector {
        along: Vec2::new(0.0, 0.42),
        strength,
    }
}

/// The colour of the ground where no key light falls on it.
fn shade_of(ground: &Item, light: &Light, palette: &Palette) -> Color {
    let lit = ground.color.to_oklab();
    palette.at(Oklab {
        lightness: lit.lightness * 0.3,
        a: lit.a * 0.6 + light.shade[0],
        b: lit.b * 0.6 + light.shade[1],
    })
}
