//! Contact shadows: a soft ellipse on the ground under each thing that stands on it, as a shape of
//! its own just below the thing. Cast shadows are not made here.

use chat2svg_vector::{
    Color, Document, Fill, FillRule, Node, Oklab, Paint, RadialGradient, Shape, Spread, Stop,
};
use kurbo::{Affine, Ellipse, Point, Shape as _, Vec2};

use crate::{
    light::Light,
    scene::{Role, Scene, Visible, parent_of},
};

/// A shadow to be put under a thing.
#[derive(Clone, Debug, PartialEq)]
struct ContactShadow {
    /// Which thing.
    object: usize,
    /// Middle of the shadow, in the document's coordinates.
    center: Point,
    /// Half width and half height.
    radii: Vec2,
    /// Colour of the ground in shade.
    color: Color,
}

/// Puts a contact shadow under every thing that stands on the ground; returns the shadows' names.
pub(crate) fn add_contact_shadows(
    document: &mut Document,
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    strength: f32,
) -> Vec<String> {
    let mut shadows: Vec<ContactShadow> = standing_parts(scene, visible)
        .iter()
        .filter_map(|part| contact(scene, visible, light, part))
        .collect();
    // Later paths first, so that an insertion does not move the places of those still to come.
    shadows.sort_by(|a, b| scene.roots[b.object].cmp(&scene.roots[a.object]));
    let mut added = Vec::new();
    for shadow in &shadows {
        let root = &scene.roots[shadow.object];
        let label = format!("{} / contact shadow", label_at(document, root));
        let Some((siblings, transform)) = parent_of(document, root) else {
            continue;
        };
        let Some(&index) = root.last() else { continue };
        let shape = shadow_shape(shadow, &label, transform.inverse(), strength);
        siblings.insert(index.min(siblings.len()), Node::Shape(shape));
        added.push(label);
    }
    added.reverse();
    added
}

/// Whether the thing brings a shadow of its own.
fn has_shadow(scene: &Scene, object: usize) -> bool {
    scene
        .items
        .iter()
        .any(|item| item.object == object && item.name.contains("shadow"))
}

fn label_at(document: &Document, path: &[usize]) -> String {
    let node = document.node(path);
    let label = node.map(Node::label).filter(|label| !label.is_empty());
    label
        .or(node.map(Node::id))
        .filter(|name| !name.is_empty())
        .unwrap_or("shape")
        .to_owned()
}

/// A connected piece of what is seen of a thing: one of several trees, the whole of a fox.
struct StandingPart {
    object: usize,
    pixels: Vec<usize>,
}

/// The connected pieces of all things that bring no shadow of their own, large ones only.
fn standing_parts(scene: &Scene, visible: &Visible) -> Vec<StandingPart> {
    let bring_shadows: Vec<bool> = (0..scene.objects)
        .map(|object| has_shadow(scene, object))
        .collect();
    let object_at = |pixel: usize| {
        let item = &scene.items[visible.items[pixel]? as usize];
        (item.role == Role::Object && !bring_shadows[item.object]).then_some(item.object)
    };
    let least = visible.items.len() / 250 + 1;
    let mut reached = vec![false; visible.items.len()];
    let mut parts = Vec::new();
    for seed in 0..visible.items.len() {
        let Some(object) = object_at(seed).filter(|_| !reached[seed]) else {
            continue;
        };
        reached[seed] = true;
        let mut pixels = vec![seed];
        let mut next = 0;
        while let Some(&pixel) = pixels.get(next) {
            next += 1;
            for beside in visible.beside(pixel).into_iter().flatten() {
                if !reached[beside] && object_at(beside) == Some(object) {
                    reached[beside] = true;
                    pixels.push(beside);
                }
            }
        }
        if pixels.len() >= least {
            parts.push(StandingPart { object, pixels });
        }
    }
    parts
}

/// Where a part touches the ground, if it does: its lowest rows, with ground below.
fn contact(
    scene: &Scene,
    visible: &Visible,
    light: &Light,
    part: &StandingPart,
) -> Option<ContactShadow> {
    let rows = || part.pixels.iter().map(|pixel| pixel / visible.width);
    let (top, bottom) = (rows().min()?, rows().max()?);
    let height = bottom + 1 - top;
    if height < 6 || bottom + 2 >= visible.height {
        return None;
    }
    let foot = bottom - height / 14;
    let feet = part
        .pixels
        .iter()
        .filter(|&&pixel| pixel / visible.width >= foot);
    let mut columns: Vec<usize> = feet.map(|pixel| pixel % visible.width).collect();
    columns.sort_unstable();
    columns.dedup();
    let (&left, &right) = (columns.first()?, columns.last()?);
    let ground = |x: usize| {
        let item = visible.items[(bottom + 2) * visible.width + x]?;
        let item = &scene.items[item as usize];
        (item.role == Role::Ground).then_some(item.lightness)
    };
    let below: Vec<f32> = columns.iter().filter_map(|&x| ground(x)).collect();
    if below.len() * 2 < columns.len() {
        return None;
    }
    let lightness = below.iter().sum::<f32>() / below.len() as f32;
    let to_document = |x: f64, y: f64| visible.to_document * Point::new(x, y);
    let half_width = ((right + 1 - left) as f64 * 0.5).max(height as f64 * 0.12) * 1.2;
    let half_height = half_width * 0.2;
    let away = -f64::from(light.direction[0]) * half_width * 0.18;
    let center = to_document(
        (left + right + 1) as f64 * 0.5 + away,
        bottom as f64 + 0.5 - half_height * 0.15,
    );
    let radii = to_document(half_width, half_height) - to_document(0.0, 0.0);
    let shade = Oklab {
        lightness: lightness * 0.28,
        a: light.shade[0],
        b: light.shade[1] - 0.02,
    };
    Some(ContactShadow {
        object: part.object,
        center,
        radii,
        color: Color::from_oklab(shade),
    })
}

fn shadow_shape(shadow: &ContactShadow, label: &str, to_parent: Affine, strength: f32) -> Shape {
    let stop = |offset: f32, opacity: f32| Stop {
        offset,
        color: shadow.color,
        opacity: (opacity * strength).clamp(0.0, 1.0),
    };
    let flat = shadow.radii.y / shadow.radii.x.max(1e-9);
    let around = Affine::translate(shadow.center.to_vec2())
        * Affine::scale_non_uniform(1.0, flat)
        * Affine::translate(-shadow.center.to_vec2());
    let gradient = RadialGradient {
        center: shadow.center,
        radius: shadow.radii.x,
        focus: shadow.center,
        focal_radius: 0.0,
        transform: to_parent * around,
        stops: vec![stop(0.0, 0.5), stop(0.55, 0.3), stop(1.0, 0.0)],
        spread: Spread::Pad,
    };
    let path = to_parent * Ellipse::new(shadow.center, shadow.radii, 0.0).to_path(0.01);
    Shape {
        fill: Some(Fill {
            paint: Paint::Radial(gradient),
            opacity: 1.0,
            rule: FillRule::NonZero,
        }),
        ..Shape::filled(label, path, Paint::Solid(shadow.color))
    }
}
