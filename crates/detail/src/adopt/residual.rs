//! Finds the residual: regions of the target that the template does not show, and the shapes that
//! draw them. `insert` places these in the document and decides whether they stay.

use std::collections::BTreeSet;

use chat2svg_fit::{RegionId, RegionPrice, RegionShape, Regions};
use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Color, Document, Fill, FillRule, LineCap, LineJoin, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath};

use super::{
    AdoptParameters,
    form::Form,
    lines::{Line, Mask},
    names::{ShapeTraits, word},
    region_overlap::{Areas, IdBuffer, mean_color},
    view::View,
};

/// Standard deviation of a line's width, as a share of its mean, up to which it may become a
/// stroke.
const STROKE_EVENNESS: f64 = 0.3;
/// Share of the canvas from which a shape is its background.
const BACKGROUND: f64 = 0.45;

/// A shape that the template lacks.
#[derive(Clone, Debug)]
pub(super) struct ResidualShape {
    /// In pixels of the canvas, without a name.
    pub(super) shape: Shape,
    /// The same region as a stroke with blunt and with round ends, where it is a line.
    pub(super) as_strokes: Vec<Shape>,
    /// Index, in painting order, of the shape that it belongs right above; `None` for the bottom.
    pub(super) above: Option<usize>,
    /// What it looks like on its ground.
    pub(super) traits: ShapeTraits,
}

/// A region of the target that the template lacks.
#[derive(Clone, Debug)]
pub(super) struct ResidualRegion {
    id: RegionId,
    /// In the regions' picture, row by row, ascending.
    pub(super) pixels: Vec<u32>,
    mask: Mask,
}

impl ResidualRegion {
    /// Whether it is a line or a rim, which a shape may show as its stroke.
    pub(super) fn is_thin(&self) -> bool {
        self.mask.is_thin()
    }
}

/// Looks for new shapes.
pub(super) struct Finder<'a> {
    pub(super) regions: &'a Regions,
    pub(super) areas: &'a Areas,
    pub(super) fine: &'a View<'a>,
    pub(super) parameters: &'a AdoptParameters,
    pub(super) price: RegionPrice,
    /// Pixels of the canvas per pixel of the regions' picture, along a side.
    pub(super) scale: f64,
    pub(super) stop: &'a Stop,
}

impl Finder<'_> {
    /// The regions of the target that a document with these errors does not show and that none of
    /// its shapes is.
    pub(super) fn regions(
        &self,
        seen: &IdBuffer,
        errors: &[f32],
    ) -> Result<Vec<ResidualRegion>, Stopped> {
        let wanted = self.parameters.most_added;
        // More than wanted, since some will be refused.
        let candidates =
            self.regions
                .residual_regions(errors, self.price, wanted.saturating_mul(2));
        let labels = self.regions.labels(&candidates);
        let mut pixels: Vec<Vec<u32>> = vec![Vec::new(); candidates.len()];
        for (pixel, label) in labels.iter().enumerate() {
            if let Some(own) = label.and_then(|label| pixels.get_mut(label as usize)) {
                own.push(pixel as u32);
            }
        }
        let mut chosen: Vec<ResidualRegion> = Vec::new();
        for (id, pixels) in candidates.into_iter().zip(pixels) {
            self.stop.check()?;
            if chosen.len() < wanted
                && let Some(mask) = Mask::of(&pixels, self.areas.width)
                && self.is_new(&pixels, &mask, seen)?
            {
                chosen.push(ResidualRegion { id, pixels, mask });
            }
        }
        Ok(chosen)
    }

    /// The shapes of new regions, bottom first.
    pub(super) fn shapes(
        &self,
        chosen: &[ResidualRegion],
        seen: &IdBuffer,
        document: &Document,
    ) -> Result<Vec<ResidualShape>, Stopped> {
        let ids: Vec<RegionId> = chosen.iter().map(|region| region.id).collect();
        let drawn = self.regions.shapes(&ids, &seen.owners, self.price);
        let background = background_shapes(document, seen);
        let mut all = Vec::with_capacity(drawn.len());
        for found in drawn {
            self.stop.check()?;
            if let Some(region) = chosen.get(found.region) {
                all.push(self.residual_shape(found, region, seen, &background)?);
            }
        }
        Ok(all)
    }

    /// The rules by which a region is new.
    fn is_new(&self, pixels: &[u32], mask: &Mask, seen: &IdBuffer) -> Result<bool, Stopped> {
        let area = pixels.len() as f64;
        let side = self.areas.width.max(self.areas.height) as f64 / 512.0;
        let is_large =
            area > self.parameters.new_shapes.largest_share * self.areas.second_largest();
        if area < self.parameters.least_area() * side * side || is_large {
            return Ok(false);
        }
        let is_known = seen.counts(pixels).into_iter().any(|(owner, common)| {
            seen.pixels_of(owner).is_some_and(|own| {
                let common = common as f64;
                common / (area + own.len() as f64 - common)
                    > self.parameters.new_shapes.known_overlap
            })
        });
        if is_known {
            return Ok(false);
        }
        let shows =
            area / mask.filled_area().max(1) as f64 > self.parameters.new_shapes.visible_share;
        Ok(shows || self.line(mask)?.is_some())
    }

    fn line(&self, mask: &Mask) -> Result<Option<Line>, Stopped> {
        mask.line(STROKE_EVENNESS, self.stop)
    }

    fn residual_shape(
        &self,
        found: RegionShape,
        ResidualRegion { pixels, mask, .. }: &ResidualRegion,
        seen: &IdBuffer,
        background: &BTreeSet<usize>,
    ) -> Result<ResidualShape, Stopped> {
        let color = mean_color(self.regions.pixels(), pixels);
        let as_strokes = self.line(mask)?.map_or_else(Vec::new, |line| {
            let caps = [(LineCap::Butt, 0.0), (LineCap::Round, 0.5 * line.width)];
            let kinds = if line.is_closed { 1 } else { caps.len() };
            caps.into_iter()
                .take(kinds)
                .map(|(cap, less)| {
                    let path = line.path(self.price.tolerance, less);
                    self.stroke(path, line.width, cap, color)
                })
                .collect()
        });
        let mut shape = Shape::filled("", found.path, found.paint);
        shape.fill = shape.fill.map(|fill| Fill {
            rule: FillRule::NonZero,
            ..fill
        });
        Ok(ResidualShape {
            traits: self.traits(pixels, mask, found.above, seen, background),
            shape,
            as_strokes,
            above: found.above,
        })
    }

    fn stroke(&self, mut path: BezPath, width: f64, cap: LineCap, color: Color) -> Shape {
        path.apply_affine(Affine::scale(self.scale));
        Shape {
            fill: None,
            stroke: Some(Stroke {
                cap,
                join: LineJoin::Round,
                ..Stroke::solid(Paint::Solid(color), width * self.scale)
            }),
            ..Shape::filled("", path, Paint::Solid(color))
        }
    }

    fn traits(
        &self,
        pixels: &[u32],
        mask: &Mask,
        above: Option<usize>,
        seen: &IdBuffer,
        background: &BTreeSet<usize>,
    ) -> ShapeTraits {
        let width = self.areas.width;
        let ground: &[u32] = above
            .and_then(|shape| seen.pixels.get(shape))
            .map_or(&[], Vec::as_slice);
        let own: BTreeSet<u32> = pixels.iter().copied().collect();
        let rest: Vec<u32> = ground
            .iter()
            .copied()
            .filter(|pixel| !own.contains(pixel))
            .collect();
        let color = mean_color(&self.fine.pixels, pixels).to_oklab();
        let beneath: Color = mean_color(&self.fine.pixels, &rest);
        let beneath = beneath.to_oklab();
        let form = Form::of(pixels.iter().copied(), width);
        let rows = |set: &[u32]| {
            let rows = set.iter().map(|pixel| *pixel as usize / width);
            rows.clone().min().zip(rows.max())
        };
        let height = match (rows(ground), form) {
            (Some((top, bottom)), Some(form)) if bottom > top => {
                ((bottom as f64 + 0.5 - form.center.y) / (bottom - top) as f64).clamp(0.0, 1.0)
            }
            _ => 0.5,
        };
        let diagonal = (mask.width as f64 - 4.0)
            .hypot(mask.height as f64 - 4.0)
            .max(1.0);
        let owner = above.map_or(0, |shape| shape as u32 + 1);
        ShapeTraits {
            lighter: color.lightness - beneath.lightness,
            contrast: color.distance(beneath),
            share: pixels.len() as f64 / (rest.len() + pixels.len()).max(1) as f64,
            elongation: form.map_or(1.0, |form| form.ratio()),
            fullness: pixels.len() as f64 / (std::f64::consts::FRAC_PI_4 * diagonal * diagonal),
            height,
            edge: edge_share(&own, owner, &seen.owners, width),
            is_stroke: false,
            on_background: above.is_none_or(|shape| background.contains(&shape)),
        }
    }
}

impl ResidualShape {
    /// One word for it.
    pub(super) fn word(&self, is_stroke: bool) -> &'static str {
        word(&ShapeTraits {
            is_stroke,
            ..self.traits
        })
    }
}

/// Shapes that were painted over much of the canvas.
fn background_shapes(document: &Document, seen: &IdBuffer) -> BTreeSet<usize> {
    let frame = document.view_box;
    document
        .shapes()
        .iter()
        .filter(|visit| {
            let bounds = visit.shape.paint_bounds(visit.transform);
            let covered = bounds.map_or(0.0, |bounds| bounds.intersect(frame).area());
            let shown = seen.pixels.get(visit.index).map_or(0, Vec::len) as f64;
            covered >= BACKGROUND * frame.area() && shown >= 0.2 * seen.owners.len() as f64
        })
        .map(|visit| visit.index)
        .collect()
}

/// Share of a region's border beyond which lies neither it nor its ground.
fn edge_share(own: &BTreeSet<u32>, owner: u32, owners: &[u32], width: usize) -> f64 {
    let (mut border, mut edge) = (0_u32, 0_u32);
    for pixel in own {
        let index = *pixel as usize;
        let x = index % width;
        let beside = [
            (x > 0).then(|| index - 1),
            (x + 1 < width).then_some(index + 1),
            index.checked_sub(width),
            Some(index + width),
        ];
        for other in beside.into_iter().flatten() {
            let Some(there) = owners.get(other) else {
                continue;
            };
            if !own.contains(&(other as u32)) {
                border += 1;
                edge += u32::from(*there != owner);
            }
        }
    }
    f64::from(edge) / f64::from(border.max(1))
}
