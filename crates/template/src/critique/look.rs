//! What is seen of a drawing, pixel by pixel.

use chat2svg_stop::Stop;
use chat2svg_vector::{
    Color, Document, Emission, Meaning, Raster, RenderError, Role, ShapeVisit, Visibility,
};
use kurbo::Rect;

use super::{Brief, Finding};

/// Longest side of the picture that is looked at, in pixels.
const SIDE: f64 = 160.0;
/// Share of a shape that must lie on the canvas.
const LEAST_INSIDE: f64 = 0.3;
/// Share of a shape that must be seen.
const LEAST_SEEN: f64 = 0.04;
/// Smallest difference in Oklab between a shape and what is around it.
const LEAST_CONTRAST: f32 = 0.025;
/// Share of the canvas that a colour asked for must have.
const LEAST_COLOR: f64 = 0.002;
/// Largest difference in Oklab at which a colour counts as the one asked for.
const LIKENESS: f32 = 0.2;
/// Share of the canvas that the things should fill.
pub(super) const LEAST_FILLED: f64 = 0.06;
/// Findings of one kind that are listed; more would drown the others.
const MOST_OF_A_KIND: usize = 6;
/// Shapes beyond which a picture is harder to edit than it need be.
const MANY_SHAPES: usize = 400;

/// A drawing, looked at.
pub(super) struct Look<'a> {
    document: &'a Document,
    shapes: Vec<ShapeVisit<'a>>,
    meanings: Vec<Meaning>,
    seen: Visibility,
    picture: Raster,
    /// Pixels of the canvas.
    area: f64,
    contrast: Vec<Option<f32>>,
}

impl<'a> Look<'a> {
    pub(super) fn at(document: &'a Document, stop: &Stop) -> Result<Self, RenderError> {
        let longest = document.width.max(document.height);
        let side = |length: f64| ((length / longest * SIDE).round() as u32).clamp(8, SIDE as u32);
        let (width, height) = (side(document.width), side(document.height));
        let seen = document.visibility_until(width, height, stop)?;
        let picture = document.render_until(width, height, Some(Color::WHITE), stop)?;
        let shapes = document.shapes();
        let meanings: Vec<Meaning> = shapes.iter().map(meaning_of).collect();
        let contrast = contrasts(&seen, &picture, shapes.len());
        Ok(Self {
            document,
            shapes,
            meanings,
            seen,
            area: f64::from(width) * f64::from(height),
            picture,
            contrast,
        })
    }

    /// Whether nothing is seen.
    pub(super) fn is_blank(&self) -> bool {
        self.visible_shapes() == 0
    }

    fn visible_shapes(&self) -> usize {
        (0..self.shapes.len())
            .filter(|index| self.seen.visible_area(*index) >= 1.0)
            .count()
    }

    /// What a drawing without faults is worth: a picture of a few more parts says more.
    pub(super) fn base_score(&self) -> f32 {
        let shapes = self.visible_shapes() as f32;
        let named = 1.0 - self.unnamed() as f32 / self.shapes.len().max(1) as f32;
        0.65 + 0.25 * (shapes / 24.0).min(1.0) + 0.1 * named
    }

    fn unnamed(&self) -> usize {
        let is_named = |visit: &&ShapeVisit<'_>| {
            let shape = visit.shape;
            let has_name = |label: &str, id: &str| !label.is_empty() || !id.is_empty();
            has_name(&shape.label, &shape.id)
                || visit
                    .groups
                    .iter()
                    .any(|group| has_name(&group.label, &group.id))
        };
        self.shapes.len() - self.shapes.iter().filter(is_named).count()
    }

    pub(super) fn findings(&self, brief: &Brief) -> Vec<Finding> {
        let mut findings = Vec::new();
        let visible = self.visible_shapes();
        if visible < 3 {
            findings.push(Finding::Meagre { shapes: visible });
        }
        if self.shapes.len() > MANY_SHAPES {
            let shapes = self.shapes.len();
            findings.push(Finding::TooMany { shapes });
        }
        let unnamed = self.unnamed();
        if unnamed * 4 > self.shapes.len() {
            findings.push(Finding::Unnamed { shapes: unnamed });
        }
        findings.extend(self.missing_colors(brief));
        findings.extend(self.smallness());
        let mut kinds = [0usize; 3];
        for (index, visit) in self.shapes.iter().enumerate() {
            let Some((kind, finding)) = self.fault_of(index, visit) else {
                continue;
            };
            if let Some(count) = kinds.get_mut(kind) {
                *count += 1;
                if *count <= MOST_OF_A_KIND {
                    findings.push(finding);
                }
            }
        }
        findings
    }

    fn fault_of(&self, index: usize, visit: &ShapeVisit<'_>) -> Option<(usize, Finding)> {
        let name = name_of(visit);
        let bounds = visit.shape.paint_bounds(visit.transform)?;
        if bounds.area() > 0.0 && inside(bounds, self.document.view_box) < LEAST_INSIDE {
            return Some((0, Finding::OffCanvas { name }));
        }
        let (painted, seen) = (self.seen.painted_area(index), self.seen.visible_area(index));
        // What is smaller than a pixel cannot be judged.
        if painted < 2.0 {
            return None;
        }
        if seen < painted * LEAST_SEEN {
            return Some((1, Finding::Hidden { name }));
        }
        let contrast = self.contrast.get(index).copied().flatten()?;
        let is_subtle = !is_thing(self.meanings.get(index)?)
            || visit.shape.opacity * visit.opacity < 0.7
            || visit
                .shape
                .fill
                .as_ref()
                .is_some_and(|fill| fill.opacity < 0.7);
        (contrast < LEAST_CONTRAST && !is_subtle).then_some((2, Finding::Pale { name }))
    }

    fn missing_colors(&self, brief: &Brief) -> Vec<Finding> {
        let pixels = self.picture.pixels();
        let is_missing = |color: &Color| {
            let wanted = color.to_oklab();
            let like = pixels
                .iter()
                .filter(|pixel| color_of(pixel).to_oklab().distance(wanted) < LIKENESS);
            (like.count() as f64) < self.area * LEAST_COLOR
        };
        brief
            .colors
            .iter()
            .filter(|(_, color)| is_missing(color))
            .map(|(asked, _)| Finding::MissingColor {
                asked: asked.clone(),
            })
            .collect()
    }

    /// Whether what the picture is about is hardly seen.
    fn smallness(&self) -> Option<Finding> {
        let filled = filled_by_things(&self.shapes, &self.meanings, self.document.view_box)?;
        (filled < LEAST_FILLED).then(|| Finding::Small {
            percent: (filled * 100.0).round() as u32,
        })
    }
}

/// The share of the canvas that the things reach over, `0.0..=1.0`; `None` when there are none.
pub(super) fn filled_by_things(
    shapes: &[ShapeVisit<'_>],
    meanings: &[Meaning],
    canvas: Rect,
) -> Option<f64> {
    let mut things: Option<Rect> = None;
    for (visit, meaning) in shapes.iter().zip(meanings) {
        let Some(bounds) = visit.shape.paint_bounds(visit.transform) else {
            continue;
        };
        let covers_all = bounds.intersect(canvas).area() > 0.9 * canvas.area();
        if is_thing(meaning) && !covers_all {
            things = Some(things.map_or(bounds, |all| all.union(bounds)));
        }
    }
    Some(things?.intersect(canvas).area() / canvas.area().max(f64::MIN_POSITIVE))
}

/// What holds for a shape, its groups included.
pub(super) fn meaning_of(visit: &ShapeVisit<'_>) -> Meaning {
    let around = visit
        .groups
        .iter()
        .fold(Meaning::NONE, |around, group| group.meaning.within(around));
    visit.shape.meaning.within(around)
}

/// Whether it is a solid part of what the picture is about.
pub(super) fn is_thing(meaning: &Meaning) -> bool {
    matches!(meaning.role, None | Some(Role::Thing)) && meaning.emits != Some(Emission::Star)
}

/// What a shape is called.
pub(super) fn name_of(visit: &ShapeVisit<'_>) -> String {
    let named = |label: &str, id: &str| {
        let name = if id.is_empty() { label } else { id };
        (!name.is_empty()).then(|| name.to_owned())
    };
    named(&visit.shape.label, &visit.shape.id)
        .or_else(|| {
            let mut groups = visit.groups.iter().rev();
            groups.find_map(|group| named(&group.label, &group.id))
        })
        .unwrap_or_else(|| format!("shape {}", visit.index + 1))
}

fn inside(bounds: Rect, canvas: Rect) -> f64 {
    let common = bounds.intersect(canvas);
    if common.width() <= 0.0 || common.height() <= 0.0 {
        return 0.0;
    }
    common.area() / bounds.area()
}

fn color_of(pixel: &[u8; 4]) -> Color {
    let [red, green, blue, _] = *pixel;
    Color::from_rgb8(red, green, blue)
}

/// How much each shape differs from its neighbours: the mean over the pixels on its border.
fn contrasts(seen: &Visibility, picture: &Raster, shapes: usize) -> Vec<Option<f32>> {
    let mut sums = vec![(0.0f32, 0u32); shapes];
    let (width, height) = (picture.width(), picture.height());
    for y in 0..height {
        for x in 0..width {
            let Some(owner) = seen.owner(x, y) else {
                continue;
            };
            for (other_x, other_y) in [(x + 1, y), (x, y + 1)] {
                if other_x >= width || other_y >= height {
                    continue;
                }
                let other = seen.owner(other_x, other_y);
                if other == Some(owner) {
                    continue;
                }
                let (Some(here), Some(there)) =
                    (picture.pixel(x, y), picture.pixel(other_x, other_y))
                else {
                    continue;
                };
                let difference = color_of(&here).difference(color_of(&there));
                for index in [Some(owner), other].into_iter().flatten() {
                    if let Some((sum, count)) = sums.get_mut(index) {
                        *sum += difference;
                        *count += 1;
                    }
                }
            }
        }
    }
    sums.into_iter()
        .map(|(sum, count)| (count >= 4).then(|| sum / count as f32))
        .collect()
}
