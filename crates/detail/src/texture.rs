//! Textures: a handful of marks on surfaces whose material is stated, in tones of the surface's own
//! colour. Marks lie where the surface is seen, follow its size and the perspective of the ground,
//! and spread evenly by a fixed sequence, so that the same document always gets the same ones.

mod built;
mod coat;
mod ground;
mod plant;
mod wood;

use chat2svg_stop::Stopped;
use chat2svg_vector::{Color, Material, Meaning, Node, Role, Shape};
use kurbo::{BezPath, Point, Rect, Vec2};

use crate::{
    additions::Addition,
    context::Context,
    scene::{Item, Scene},
    visible::Visible,
};

/// Least share of the canvas on which a surface must be seen.
const LEAST_SHARE: f64 = 0.0035;
/// The same for courses of bricks, stones and tiles: a few of them on a far house look like
/// scratches.
const LEAST_SHARE_OF_COURSES: f64 = 0.016;
/// Share of the canvas from which a surface has room for all marks.
const AMPLE_SHARE: f64 = 0.1;
/// Most surfaces that get a texture: the largest.
const MOST: usize = 14;

/// Whether it is laid in courses.
fn is_laid(material: Material) -> bool {
    matches!(
        material,
        Material::Brick | Material::Stone | Material::Tiles
    )
}

/// Whether surfaces of a material have marks, as the ground or on a thing.
pub(crate) fn is_marked(role: Role, material: Material) -> bool {
    use Material::{
        Bark, Brick, Feathers, Fur, Grass, Leaves, Sand, Snow, Stone, Tiles, Water, Wood,
    };
    match role {
        Role::Ground => matches!(material, Grass | Water | Sand | Snow | Wood),
        Role::Thing => matches!(
            material,
            Bark | Wood | Brick | Stone | Tiles | Leaves | Grass | Fur | Feathers
        ),
        _ => false,
    }
}

/// A surface of the scene as it is seen.
struct Surface<'a> {
    index: usize,
    item: &'a Item,
    context: &'a Context<'a>,
    /// Share of the canvas on which it is seen.
    share: f64,
    /// Box of what is seen of it, in the document's coordinates.
    seen: Rect,
    /// A hundredth of the canvas's shorter side.
    unit: f64,
    /// Where the ground begins.
    horizon: f64,
    /// Varies the places of marks from document to document and surface to surface.
    seed: u64,
    /// How many marks and how clear, `0.0..=1.0`.
    strength: f32,
}

impl Surface<'_> {
    /// Whether the surface is seen at all of these points.
    fn holds(&self, points: &[Point]) -> bool {
        points
            .iter()
            .all(|point| self.context.visible.at(*point) == Some(self.index))
    }

    /// Up to `most` of its first `tries` even places that `fit`, each further than `gap` from those
    /// before.
    fn places_apart(
        &self,
        salt: u64,
        tries: usize,
        gap: f64,
        most: usize,
        fit: impl Fn(Point) -> bool,
    ) -> Vec<Point> {
        let mut taken: Vec<Point> = Vec::new();
        for place in self.places(salt).take(tries) {
            if taken.len() == most {
                break;
            }
            let is_apart = taken.iter().all(|other| other.distance(place) > gap);
            if is_apart && fit(place) {
                taken.push(place);
            }
        }
        taken
    }

    /// Its colour, lighter or darker.
    fn tone(&self, lift: f32) -> Color {
        self.context.palette.lifted(self.item.color, lift)
    }

    /// Its name before that of a mark, which lies beside it in its layer.
    fn label(&self, mark: &str) -> String {
        let own = self.item.name.rsplit(" / ").next();
        format!("{} / {mark}", own.unwrap_or(&self.item.name))
    }

    /// How many marks to make of `most`: fewer on small surfaces.
    fn count(&self, most: usize) -> usize {
        let room = (self.share / AMPLE_SHARE).clamp(0.4, 1.0);
        (most as f64 * room * f64::from(self.strength)).round() as usize
    }

    /// Nearness of a height on the ground to the viewer: 0 at the horizon, 1 at the lower edge.
    fn nearness(&self, y: f64) -> f64 {
        let bottom = self.context.view.y1;
        ((y - self.horizon) / (bottom - self.horizon).max(1e-9)).clamp(0.0, 1.0)
    }

    /// Even places over the box of what is seen.
    fn places(&self, salt: u64) -> impl Iterator<Item = Point> {
        let (origin, size) = (self.seen.origin(), self.seen.size());
        spread(self.seed ^ salt)
            .map(move |place| origin + Vec2::new(place.x * size.width, place.y * size.height))
    }
}

/// Points of the unit square, as even as can be for every count: the additive recurrence with the
/// plastic number (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
fn spread(seed: u64) -> impl Iterator<Item = Point> {
    const STEP: [f64; 2] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3];
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let from = [mixed >> 32, mixed & 0xFFFF_FFFF].map(|part| part as f64 / f64::from(u32::MAX));
    (0..4096u32).map(move |index| {
        let at = |axis: usize| (from[axis] + f64::from(index) * STEP[axis]).fract();
        Point::new(at(0), at(1))
    })
}

/// A number in `0.0..1.0` that belongs to a point.
fn chance(point: Point) -> f64 {
    (point.x * 12.9898 + point.y * 78.233).sin().abs() * 43_758.545_3 % 1.0
}

/// Joins marks to one path; `None` where there are none.
fn joined(marks: impl IntoIterator<Item = BezPath>) -> Option<BezPath> {
    let mut path = BezPath::new();
    for mark in marks {
        path.extend(mark);
    }
    (!path.elements().is_empty()).then_some(path)
}

/// Textures for the largest surfaces of a scene, each above the surface.
pub(crate) fn textures(
    context: &Context<'_>,
    strength: f32,
    seed: u64,
) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let (scene, visible) = (context.scene, context.visible);
    let seen = seen_boxes(scene, visible);
    let horizon = context.horizon();
    let least = (visible.items.len() as f64 * LEAST_SHARE) as usize;
    let least_of_courses = visible.items.len() as f64 * LEAST_SHARE_OF_COURSES;
    let mut surfaces: Vec<(usize, Rect, usize, Material)> = scene
        .items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let (seen, area) = *seen.get(index)?;
            let material = item.meaning.material?;
            if !is_marked(item.role, material) {
                return None;
            }
            let has_room = !is_laid(material) || area as f64 > least_of_courses;
            (area > least && has_room && item.opacity > 0.9)
                .then_some((index, seen, area, material))
        })
        .collect();
    surfaces.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    one_coat_each(scene, &mut surfaces);
    surfaces.truncate(MOST);
    let mut found = Vec::new();
    for (index, seen, area, material) in surfaces {
        context.stop.check()?;
        let item = &scene.items[index];
        let surface = Surface {
            index,
            item,
            context,
            share: area as f64 / visible.items.len() as f64,
            seen,
            unit: context.short_side() / 100.0,
            horizon,
            seed: seed ^ ((index as u64) << 17),
            strength,
        };
        let marks = marks(material, &surface).into_iter();
        found.extend(marks.map(|shape| Addition {
            path: item.path.clone(),
            above: true,
            node: Node::Shape(Shape {
                meaning: Meaning::of_role(Role::Mark),
                ..shape
            }),
        }));
    }
    Ok(found)
}

/// Fur and feathers lie on the largest part of an animal only; the others are faces, bellies and
/// paws.
fn one_coat_each(scene: &Scene, surfaces: &mut Vec<(usize, Rect, usize, Material)>) {
    let mut coated = Vec::new();
    surfaces.retain(|(index, _, _, material)| {
        if !matches!(
            material,
            Material::Fur | Material::Feathers | Material::Stone
        ) {
            return true;
        }
        let object = scene.items[*index].object;
        let is_first = !coated.contains(&object);
        coated.push(object);
        is_first
    });
}

/// For each item the box of what is seen of it, in the document's coordinates, and its pixels.
fn seen_boxes(scene: &Scene, visible: &Visible) -> Vec<(Rect, usize)> {
    let mut boxes = vec![(Rect::ZERO, 0usize); scene.items.len()];
    for (pixel, item) in visible.items.iter().enumerate() {
        let Some(entry) = item.and_then(|item| boxes.get_mut(item as usize)) else {
            continue;
        };
        let (x, y) = (
            (pixel % visible.width) as f64,
            (pixel / visible.width) as f64,
        );
        let own = Rect::new(x, y, x + 1.0, y + 1.0);
        entry.0 = if entry.1 == 0 {
            own
        } else {
            entry.0.union(own)
        };
        entry.1 += 1;
    }
    for entry in &mut boxes {
        entry.0 = visible.to_document.transform_rect_bbox(entry.0);
    }
    boxes
}

fn marks(material: Material, surface: &Surface<'_>) -> Vec<Shape> {
    match (surface.item.role, material) {
        (Role::Ground, Material::Grass) => ground::grass(surface),
        (Role::Ground, Material::Water) => ground::water(surface),
        (Role::Ground, Material::Sand) => ground::sand(surface),
        (Role::Ground, Material::Snow) => ground::snow(surface),
        (Role::Ground, Material::Wood) => wood::floor(surface),
        (Role::Thing, Material::Bark) => wood::bark(surface),
        (Role::Thing, Material::Wood) => wood::grain(surface),
        (Role::Thing, Material::Brick) => built::bricks(surface),
        (Role::Thing, Material::Stone) => built::stones(surface),
        (Role::Thing, Material::Tiles) => built::tiles(surface),
        (Role::Thing, Material::Leaves | Material::Grass) => plant::leaves(surface),
        (Role::Thing, Material::Fur) => coat::fur(surface),
        (Role::Thing, Material::Feathers) => coat::feathers(surface),
        _ => Vec::new(),
    }
}
