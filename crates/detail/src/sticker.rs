//! Stickers lie on the picture: the paper around each throws a narrow shadow on what is below it.
//! One flat shape for each, below the thing.

use chat2svg_stop::Stopped;
use chat2svg_vector::{Document, Meaning, Node, Oklab, Paint, Role};
use kurbo::{Affine, BezPath, Vec2};

use crate::{
    additions::{Addition, filled},
    context::Context,
    silhouette::{Edge, pieces},
};

/// Most stickers that throw a shadow: the largest.
const MOST: usize = 8;
/// How far the shadow lies from its sticker, as a share of the canvas's shorter side.
const DISTANCE: f64 = 0.014;
/// Pixels of the silhouette's grid by which its outline may be off: most of it is hidden.
const TOLERANCE: f64 = 0.7;
/// Opacity at full strength.
const OPACITY: f32 = 0.24;

/// The shadows of the stickers of a scene, each below its thing.
pub(crate) fn sticker_shadows(
    document: &Document,
    context: &Context<'_>,
    strength: f32,
) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let (scene, light) = (context.scene, context.light);
    // A sticker is pasted flat: its shadow lies below it, a little away from the light.
    let away = Vec2::new(-0.6 * f64::from(light.direction[0]), 1.0) * DISTANCE;
    let offset = Affine::translate(away * context.short_side());
    let color = context.palette.at(Oklab {
        lightness: 0.2,
        a: light.shade[0],
        b: light.shade[1] - 0.02,
    });
    let mut found: Vec<(f64, Addition)> = Vec::new();
    let mut last = None;
    for item in scene.items.iter().filter(|item| item.role == Role::Border) {
        let Some(root) = scene.roots.get(item.object) else {
            continue;
        };
        if last.replace(item.object) == Some(item.object) {
            continue;
        }
        context.stop.check()?;
        let mut path = BezPath::new();
        let mut area = 0.0;
        for piece in pieces(document, scene, item.object, Edge::Paper, context.stop)? {
            area += piece.bounds.area();
            path.extend(offset * piece.outline(TOLERANCE));
        }
        if path.elements().is_empty() {
            continue;
        }
        let label = format!("{} / sticker shadow", item.layer());
        let mut shape = filled(label, path, Paint::Solid(color), OPACITY * strength);
        shape.meaning = Meaning::of_role(Role::CastShadow);
        let addition = Addition {
            path: root.clone(),
            above: false,
            node: Node::Shape(shape),
        };
        found.push((area, addition));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MOST);
    Ok(found.into_iter().map(|(_, addition)| addition).collect())
}
