//! Finds the residual: regions of the target that the template does not show, and the shapes that
//! draw them. `insert` places these in the document and decides whether they stay.

use chat2svg_fit::{Namer, ShapeTraits};
use chat2svg_stop::{Stop, Stopped};
use chat2svg_trace::{
    Price, RegionId, RegionPrice, RegionShape, Regions,
    lines::{Mask, RegionLine},
    neighbours::square,
};
use chat2svg_vector::{
    Color, Document, LineCap, LineJoin, Paint, Raster, RenderError, Shape, Stroke, Visibility,
};

use super::{AdoptError, AdoptParameters};

/// Standard deviation of a line's width, as a share of its mean, up to which it may become a
/// stroke.
const STROKE_EVENNESS: f64 = 0.3;
/// How far outlines may be from the borders of regions, in pixels of the regions' picture.
const TOLERANCE: f64 = 0.4;
/// Most regions among which the largest are looked up.
const MOST_REGIONS: usize = 400;
/// Share of a region that a shape must have come to show for the region to be taken over by it, and
/// how far in Oklab its own colour is from that of the region.
const TAKEN: f64 = 0.4;
const OTHER_COLOR: f32 = 0.2;
/// Pixels by which a region reaches beyond its border into the soft edge.
const SOFT_EDGE: usize = 2;

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

/// Looks for new shapes, and judges them.
pub(super) struct Finder<'a> {
    /// Over white, at the size at which regions are looked for.
    pub(super) target: &'a Raster,
    regions: Regions,
    width: usize,
    /// Largest area of a new region, in pixels.
    largest: f64,
    /// Least area of one.
    least: f64,
    parameters: &'a AdoptParameters,
    region_price: RegionPrice,
    /// What new shapes must gain.
    pub(super) price: Price,
    pub(super) stop: &'a Stop,
}

impl<'a> Finder<'a> {
    /// Of a target over white, at the size at which regions are looked for.
    pub(super) fn of(
        target: &'a Raster,
        parameters: &'a AdoptParameters,
        price: Price,
        stop: &'a Stop,
    ) -> Result<Self, AdoptError> {
        let (width, height) = (target.width(), target.height());
        let longest = width.max(height);
        let regions =
            Regions::find(target, width, height, longest, stop).ok_or(AdoptError::Stopped)?;
        let region_price = RegionPrice {
            per_byte: price.byte(),
            gradients: true,
            tolerance: TOLERANCE,
        };
        let side = f64::from(longest) / 512.0;
        Ok(Self {
            target,
            width: width as usize,
            largest: parameters.new_shapes.largest_share * second_largest(&regions, region_price),
            least: parameters.least_area() * side * side,
            regions,
            parameters,
            region_price,
            price,
            stop,
        })
    }

    /// What a document shows on white.
    fn shown(&self, document: &Document) -> Result<Raster, RenderError> {
        let (width, height) = (self.target.width(), self.target.height());
        document.render_until(width, height, Some(Color::WHITE), self.stop)
    }

    /// Squared error of each pixel of a document's picture on white, over its three components.
    pub(super) fn errors(&self, document: &Document) -> Result<Vec<f32>, RenderError> {
        let shown = self.shown(document)?;
        let pairs = shown.pixels().iter().zip(self.target.pixels());
        let error = |(shown, wanted): (&[u8; 4], &[u8; 4])| {
            let off = |i: usize| (f32::from(shown[i]) - f32::from(wanted[i])) / 255.0;
            (0..3).map(|i| off(i) * off(i)).sum()
        };
        Ok(pairs.map(error).collect())
    }

    /// The regions of the target that a document does not show and that none of its shapes is.
    pub(super) fn regions(
        &self,
        document: &Document,
        seen: &Visibility,
    ) -> Result<Vec<ResidualRegion>, AdoptError> {
        let errors = &self.errors(document)?;
        let wanted = self.parameters.most_added;
        // More than wanted, since some will be refused.
        let many = wanted.saturating_mul(2);
        let candidates = (self.regions).residual_regions(errors, self.region_price, many);
        let pixels = self.regions.pixels_of(&candidates);
        let mut chosen: Vec<ResidualRegion> = Vec::new();
        for (id, pixels) in candidates.into_iter().zip(pixels) {
            self.stop.check()?;
            if chosen.len() < wanted
                && let Some(mask) = Mask::of(&pixels, self.width)
                && self.is_new(&pixels, &mask, seen)?
            {
                chosen.push(ResidualRegion { id, pixels, mask });
            }
        }
        Ok(chosen)
    }

    /// Marks the regions that a shape of quite another colour has come to show, given what was seen
    /// before a fit and after it; whether there are any that were not marked before. A fit knows no
    /// names: a petal, bent and painted green, may end as a new leaf. A line around a shape is no
    /// such region, but the shape's stroke.
    pub(super) fn mark_captured(
        &self,
        new: &[ResidualRegion],
        [before, after]: [&Visibility; 2],
        is_captured: &mut [bool],
    ) -> bool {
        let mut is_more = false;
        for (region, is_captured) in new.iter().zip(is_captured) {
            if *is_captured || region.mask.is_thin() {
                continue;
            }
            let (old, wanted) = (
                before.counts(&region.pixels),
                self.regions.mean(&region.pixels),
            );
            let is_taken = |(shape, shown): (usize, usize)| {
                let taken = shown.saturating_sub(old.get(&shape).copied().unwrap_or(0));
                let own = self.regions.mean(before.pixels_of(shape)).to_oklab();
                taken as f64 > TAKEN * region.pixels.len() as f64
                    && own.distance(wanted.to_oklab()) > OTHER_COLOR
            };
            *is_captured = after.counts(&region.pixels).into_iter().any(is_taken);
            is_more |= *is_captured;
        }
        is_more
    }

    /// The target, but where captured regions are, with their soft edges, what a document shows.
    pub(super) fn without(
        &self,
        new: &[ResidualRegion],
        is_captured: &[bool],
        document: &Document,
    ) -> Result<Raster, RenderError> {
        let shown = self.shown(document)?;
        let size = [self.width, self.target.height() as usize];
        let mut without = self.target.clone();
        let regions = new.iter().zip(is_captured);
        let captured = regions.filter(|(_, is_captured)| **is_captured);
        for pixel in captured.flat_map(|(region, _)| &region.pixels) {
            for at in square(size, *pixel as usize, SOFT_EDGE) {
                without.pixels_mut()[at] = shown.pixels()[at];
            }
        }
        Ok(without)
    }

    /// The shapes of new regions, bottom first.
    pub(super) fn shapes(
        &self,
        chosen: &[ResidualRegion],
        seen: &Visibility,
        document: &Document,
    ) -> Result<Vec<ResidualShape>, Stopped> {
        let ids: Vec<RegionId> = chosen.iter().map(|region| region.id).collect();
        let drawn = self.regions.shapes(&ids, seen.owners(), self.region_price);
        let picture = (self.regions.pixels(), self.width);
        let namer = Namer::of(document, picture, seen);
        let mut all = Vec::with_capacity(drawn.len());
        for found in drawn {
            self.stop.check()?;
            if let Some(region) = chosen.get(found.region) {
                all.push(self.residual_shape(found, region, &namer)?);
            }
        }
        Ok(all)
    }

    /// The rules by which a region is new.
    fn is_new(&self, pixels: &[u32], mask: &Mask, seen: &Visibility) -> Result<bool, Stopped> {
        let area = pixels.len() as f64;
        if area < self.least || area > self.largest {
            return Ok(false);
        }
        let is_known = seen.counts(pixels).into_iter().any(|(shape, common)| {
            let (common, own) = (common as f64, seen.pixels_of(shape).len() as f64);
            common / (area + own - common) > self.parameters.new_shapes.known_overlap
        });
        if is_known {
            return Ok(false);
        }
        let shows =
            area / mask.filled_area().max(1) as f64 > self.parameters.new_shapes.visible_share;
        Ok(shows || self.line(mask)?.is_some())
    }

    fn line(&self, mask: &Mask) -> Result<Option<RegionLine>, Stopped> {
        mask.line(STROKE_EVENNESS, self.stop)
    }

    fn residual_shape(
        &self,
        found: RegionShape,
        ResidualRegion { pixels, mask, .. }: &ResidualRegion,
        namer: &Namer<'_, 3>,
    ) -> Result<ResidualShape, Stopped> {
        let color = self.regions.mean(pixels);
        let as_strokes = self.line(mask)?.map_or_else(Vec::new, |line| {
            let caps = [(LineCap::Butt, 0.0), (LineCap::Round, 0.5 * line.width)];
            let kinds = if line.is_closed { 1 } else { caps.len() };
            caps.into_iter()
                .take(kinds)
                .map(|(cap, less)| {
                    let stroke = Stroke {
                        cap,
                        join: LineJoin::Round,
                        ..Stroke::solid(Paint::Solid(color), line.width)
                    };
                    let path = line.path(TOLERANCE, less);
                    Shape {
                        fill: None,
                        stroke: Some(stroke),
                        ..Shape::filled("", path, Paint::Solid(color))
                    }
                })
                .collect()
        });
        Ok(ResidualShape {
            traits: namer.traits(pixels, found.above),
            shape: Shape::filled("", found.path, found.paint),
            as_strokes,
            above: found.above,
        })
    }
}

/// Area in pixels of the second largest region of the target; of the only one when it is alone.
fn second_largest(regions: &Regions, price: RegionPrice) -> f64 {
    let chosen = regions.cover(price, MOST_REGIONS);
    let pixels = regions.pixels_of(&chosen);
    let mut sizes: Vec<usize> = pixels.iter().map(Vec::len).collect();
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    sizes.get(1).or(sizes.first()).copied().unwrap_or(0) as f64
}
