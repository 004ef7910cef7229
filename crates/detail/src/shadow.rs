//! Contact shadows: a soft ellipse on the ground under each thing that stands on it, as a shape of
//! its own just below the thing; those that the template brings are made soft. Cast shadows are not
//! made here.

use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{
    Color, Document, GradientStop, Meaning, Node, Oklab, Paint, RadialGradient, Role, Shape, Spread,
};
use kurbo::{Affine, Ellipse, Point, Shape as _, Vec2};

use crate::{
    additions::Addition,
    context::Context,
    scene::{Item, Scene, is_off_ground, parent_of},
    visible::Visible,
};

/// Rows of pixels between two looks at whether to stop.
const ROWS_PER_LOOK: usize = 64;

/// How much larger a shadow grows under what stands on legs, in parts of its size.
const LEGS_ROOM: f32 = 0.16;
/// Least and greatest slope of an edge that a contact shadow is laid along.
const LEAST_SLOPE: f64 = 0.07;
const STEEPEST: f64 = 0.4;
/// Height of a shadow along a slanted edge, in heights of a level one.
const LEANING_HEIGHT: f64 = 0.6;

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

/// A contact shadow for every thing that stands on the ground and brings none.
pub(crate) fn contact_shadows(
    document: &Document,
    context: &Context<'_>,
    strength: f32,
) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let parts = standing_parts(context.scene, context.visible, context.stop)?;
    let shadows = parts.iter().filter_map(|part| contact(part, context));
    Ok(shadows
        .map(|shadow| {
            let root = &context.scene.roots[shadow.object];
            let label = format!("{} / contact shadow", label_at(document, root));
            Addition {
                path: root.clone(),
                above: false,
                node: Node::Shape(shadow_shape(&shadow, &label, strength)),
            }
        })
        .collect())
}

/// Makes the flat contact shadows that a document brings fade toward their rims: darkest in the
/// middle where a thing sits on them, nearly even where it stands over them on legs.
pub(crate) fn soften_contact_shadows(
    document: &mut Document,
    context: &Context<'_>,
    strength: f32,
) {
    if strength <= 0.0 {
        return;
    }
    for item in &context.scene.items {
        if item.role != Role::ContactShadow {
            continue;
        }
        let touch = touch(item, context.scene, context.visible);
        let slant = slant(item, context.scene, context.visible);
        let node = parent_of(document, &item.path)
            .and_then(|(siblings, _)| siblings.get_mut(*item.path.last()?));
        if let Some(Node::Shape(shape)) = node {
            soften(shape, touch, strength);
            if let Some(slant) = slant {
                lean(shape, slant, item.transform.inverse());
            }
        }
    }
}

/// How much of the middle of a shadow its thing covers, `0.0..=1.0`.
fn touch(shadow: &Item, scene: &Scene, visible: &Visible) -> f32 {
    const PROBES: usize = 24;
    let (center, size) = (shadow.bounds.center(), shadow.bounds.size());
    let touches = |probe: &usize| {
        let across = (*probe as f64 + 0.5) / PROBES as f64 - 0.5;
        let place = Point::new(
            center.x + 0.7 * across * size.width,
            center.y - 0.2 * size.height,
        );
        visible
            .at(place)
            .and_then(|item| scene.items.get(item))
            .is_some_and(|item| item.object == shadow.object && !item.role.is_shadow())
    };
    (0..PROBES).filter(touches).count() as f32 / PROBES as f32
}

fn soften(shape: &mut Shape, touch: f32, strength: f32) {
    let bounds = shape.path.bounding_box();
    let Some(fill) = &mut shape.fill else { return };
    let Paint::Solid(color) = fill.paint else {
        return;
    };
    // As dark in all as the flat one, but most of it where things touch.
    let sits = (touch / 0.6).min(1.0);
    let peak = (shape.opacity * fill.opacity * (1.0 + (0.15 + 1.05 * sits) * strength)).min(1.0);
    let middle = (0.55 + 0.17 * (1.0 - sits), 0.6 + 0.2 * (1.0 - sits));
    // What stands on legs has them within its shadow, not on its faded rim.
    let growth = 1.0 + f64::from(LEGS_ROOM * (1.0 - sits) * strength);
    let center = bounds.center();
    shape.path.apply_affine(Affine::scale_about(growth, center));
    let radii = bounds.size().to_vec2() * 0.5 * growth;
    fill.paint = fading(center, radii, color, peak, middle);
    fill.opacity = 1.0;
    shape.opacity = 1.0;
}

/// The straight, slanted lower edge of what throws a contact shadow.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slant {
    /// A point of it, above the shadow's middle.
    middle: Point,
    /// Fall for each unit to the right.
    slope: f64,
}

/// The lower edge of a shadow's thing, where it is straight and slanted: a level ellipse would hang
/// below it.
fn slant(shadow: &Item, scene: &Scene, visible: &Visible) -> Option<Slant> {
    let to_pixels = visible.to_document.inverse();
    let bounds = to_pixels.transform_rect_bbox(shadow.bounds);
    let is_own = |x: usize, y: usize| {
        visible.items[y * visible.width + x].is_some_and(|item| {
            let item = &scene.items[item as usize];
            item.object == shadow.object && !item.role.is_shadow()
        })
    };
    let columns = bounds.x0.max(0.0) as usize..(bounds.x1.max(0.0) as usize).min(visible.width);
    let reach = bounds.width() * STEEPEST;
    let rows = (bounds.center().y - reach).max(0.0) as usize
        ..((bounds.y1 + reach).max(0.0) as usize).min(visible.height);
    let edge: Vec<(f64, f64)> = columns
        .clone()
        .filter_map(|x| {
            let y = rows.clone().rev().find(|&y| is_own(x, y))?;
            Some((x as f64 + 0.5, y as f64 + 1.0))
        })
        .collect();
    let count = edge.len() as f64;
    if count < 16.0 || count < 0.8 * columns.len() as f64 {
        return None;
    }
    let (x, y) = edge
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (x, y) = (x / count, y / count);
    let (square, product) = edge.iter().fold((0.0, 0.0), |sum, point| {
        let across = point.0 - x;
        (sum.0 + across * across, sum.1 + across * (point.1 - y))
    });
    let slope = product / square.max(1e-9);
    let off = edge
        .iter()
        .map(|point| (point.1 - y - slope * (point.0 - x)).abs())
        .fold(0.0, f64::max);
    let is_straight = off < 0.02 * count && (LEAST_SLOPE..STEEPEST).contains(&slope.abs());
    is_straight.then(|| {
        let center = bounds.center().x;
        Slant {
            middle: visible.to_document * Point::new(center, y + slope * (center - x)),
            slope,
        }
    })
}

/// Lays a level shadow along a slanted edge: sheared, thinner, its middle on the edge.
fn lean(shape: &mut Shape, slant: Slant, to_shape: Affine) {
    let bounds = shape.path.bounding_box();
    let (from, to) = (
        bounds.center().to_vec2(),
        (to_shape * slant.middle).to_vec2(),
    );
    let along = Affine::translate(to)
        * Affine::new([1.0, slant.slope, 0.0, LEANING_HEIGHT, 0.0, 0.0])
        * Affine::translate(-from);
    shape.path.apply_affine(along);
    if let Some(fill) = &mut shape.fill
        && let Paint::Radial(gradient) = &mut fill.paint
    {
        gradient.transform = along * gradient.transform;
    }
}

/// A colour that fades from the middle of an ellipse to its rim; `middle` is a place between,
/// `0.0..=1.0`, and the share of the peak there.
fn fading(center: Point, radii: Vec2, color: Color, peak: f32, middle: (f32, f32)) -> Paint {
    let stop = |offset: f32, share: f32| GradientStop {
        offset,
        color,
        opacity: (peak * share).clamp(0.0, 1.0),
    };
    let around = Affine::translate(center.to_vec2())
        * Affine::scale_non_uniform(1.0, radii.y / radii.x.max(1e-9))
        * Affine::translate(-center.to_vec2());
    Paint::Radial(RadialGradient {
        center,
        radius: radii.x,
        focus: center,
        focal_radius: 0.0,
        transform: around,
        stops: vec![stop(0.0, 1.0), stop(middle.0, middle.1), stop(1.0, 0.0)],
        spread: Spread::Pad,
    })
}

/// Whether the thing brings a shadow of its own.
fn has_shadow(scene: &Scene, object: usize) -> bool {
    scene
        .items
        .iter()
        .any(|item| item.object == object && item.role.is_shadow())
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
fn standing_parts(
    scene: &Scene,
    visible: &Visible,
    stop: &Stop,
) -> Result<Vec<StandingPart>, Stopped> {
    let bring_shadows: Vec<bool> = (0..scene.objects)
        .map(|object| has_shadow(scene, object) || is_off_ground(scene, object))
        .collect();
    let object_at = |pixel: usize| {
        let item = &scene.items[visible.items[pixel]? as usize];
        let stands = item.role == Role::Thing && !item.is_land();
        (stands && !bring_shadows[item.object]).then_some(item.object)
    };
    let least = visible.items.len() / 250 + 1;
    let mut reached = vec![false; visible.items.len()];
    let mut parts = Vec::new();
    for seed in 0..visible.items.len() {
        if seed % (ROWS_PER_LOOK * visible.width) == 0 {
            stop.check()?;
        }
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
    Ok(parts)
}

/// Where a part touches the ground, if it does: its lowest rows, with ground below.
fn contact(part: &StandingPart, context: &Context<'_>) -> Option<ContactShadow> {
    let (scene, visible, light) = (context.scene, context.visible, context.light);
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
        (item.role == Role::Ground && !item.is_water()).then_some(item.lightness())
    };
    let lowest = (left..=right).find_map(|x| {
        let item = visible.items[bottom * visible.width + x]?;
        Some(&scene.items[item as usize]).filter(|item| item.object == part.object)
    });
    if lowest.is_some_and(Item::is_wet) {
        return None;
    }
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
        color: context.palette.at(shade),
    })
}

fn shadow_shape(shadow: &ContactShadow, label: &str, strength: f32) -> Shape {
    let mut shape = Shape::filled(
        label,
        Ellipse::new(shadow.center, shadow.radii, 0.0).to_path(0.01),
        fading(
            shadow.center,
            shadow.radii,
            shadow.color,
            0.5 * strength,
            (0.55, 0.6),
        ),
    );
    shape.meaning = Meaning::of_role(Role::ContactShadow);
    shape
}
