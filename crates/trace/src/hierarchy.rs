//! The regions of a picture for those who look at it without fitting: the hierarchy, cuts through
//! it, and the outlines and paints of the regions chosen. What they mean for a document is the
//! caller's business.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Paint, Raster};
use kurbo::BezPath;

use crate::{
    picture::{Picture, mean_color},
    regions::{RegionFinder, ShapeCost, pixels_by_label},
    segment::{NodeId, best_cover},
};

/// A region of the hierarchy; parts have smaller numbers than their union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(NodeId);

/// What a region must gain, and how closely it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionPrice {
    /// Squared error, over all components and in pixels of the canvas, that a written byte must
    /// save.
    pub per_byte: f64,
    /// Whether a region may be painted with a gradient.
    pub gradients: bool,
    /// How far an outline may be from the region's border, in pixels of the regions' picture.
    pub tolerance: f64,
}

impl From<RegionPrice> for ShapeCost {
    fn from(price: RegionPrice) -> Self {
        Self {
            per_byte: price.per_byte,
            gradients: price.gradients,
            tolerance: price.tolerance,
            least_wrong: 0.0,
            is_flat: false,
            has_writing: false,
        }
    }
}

/// A region drawn as a shape, in pixels of the canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionShape {
    /// Index of the region among those asked for.
    pub region: usize,
    /// Closed outlines of lines and cubics, holes wound the other way round.
    pub path: BezPath,
    /// The paint that explains the region best.
    pub paint: Paint,
    /// Index, in painting order, of the existing shape that it belongs right above; `None` for the
    /// bottom.
    pub above: Option<usize>,
}

/// The regions of a picture, from single flat zones to the whole.
pub struct Regions {
    finder: RegionFinder,
    pixels: Vec<[f32; 3]>,
    stop: Stop,
}

impl Regions {
    /// Looks for the regions of a picture that covers a canvas of `width` by `height` pixels. They
    /// are looked for at a longest side of `side` pixels, and never at more than the canvas has.
    /// `None` when `stop` is due on the way, or when a side is zero.
    pub fn find(target: &Raster, width: u32, height: u32, side: u32, stop: &Stop) -> Option<Self> {
        if width == 0 || height == 0 || side == 0 {
            return None;
        }
        let target = target.over(Color::WHITE);
        let picture = Picture::from_raster(&target, width as usize, height as usize);
        let longest = picture.width.max(picture.height);
        let finder = RegionFinder::new(&picture, longest.min(side as usize), stop)?;
        let pixels = finder.sharp().iter().map(|&[r, g, b, _]| [r, g, b]);
        Some(Self {
            pixels: pixels.collect(),
            finder,
            stop: stop.clone(),
        })
    }

    /// Width and height of the picture in which the regions are.
    pub fn size(&self) -> (usize, usize) {
        self.finder.size()
    }

    /// That picture over white, its soft edges made steps: gamma-encoded sRGB in `0.0..=1.0`, row
    /// by row.
    pub fn pixels(&self) -> &[[f32; 3]] {
        &self.pixels
    }

    /// The mean colour of some of its pixels; white for none.
    pub fn mean(&self, pixels: &[u32]) -> Color {
        mean_color(&self.pixels, pixels)
    }

    /// The regions that together show the whole picture at the least cost, at most about `limit`;
    /// more when stopped.
    pub fn cover(&self, price: RegionPrice, limit: usize) -> Vec<RegionId> {
        let cost = self.finder.cut_cost(price.into());
        best_cover(self.finder.tree(), cost, limit, &self.stop)
            .into_iter()
            .map(RegionId)
            .collect()
    }

    /// Regions that do not overlap and gain most when painted over what is there, best first, at
    /// most `limit`. `present` is the squared error of each pixel of the regions' picture as it is.
    pub fn residual_regions(
        &self,
        present: &[f32],
        price: RegionPrice,
        limit: usize,
    ) -> Vec<RegionId> {
        let chosen = self.finder.chosen(present, price.into(), limit);
        chosen.into_iter().map(RegionId).collect()
    }

    /// For every pixel of the regions' picture the index in `chosen` of the region that it belongs
    /// to. Where one of them holds another, the outer.
    pub fn labels(&self, chosen: &[RegionId]) -> Vec<Option<u32>> {
        let nodes: Vec<NodeId> = chosen.iter().map(|id| id.0).collect();
        self.finder.tree().labels(&nodes)
    }

    /// Of each of `chosen` its pixels in the regions' picture, ascending, by [`Self::labels`].
    pub fn pixels_of(&self, chosen: &[RegionId]) -> Vec<Vec<u32>> {
        pixels_by_label(&self.labels(chosen), chosen.len())
    }

    /// Outlines and paints of regions that do not overlap, bottom first. `owners` is, for every
    /// pixel of the regions' picture, the index plus one of the existing shape that it shows, 0 for
    /// none. None when cancelled.
    pub fn shapes(
        &self,
        chosen: &[RegionId],
        owners: &[u32],
        price: RegionPrice,
    ) -> Vec<RegionShape> {
        let nodes: Vec<NodeId> = chosen.iter().map(|id| id.0).collect();
        self.finder
            .shapes(&nodes, owners, price.into(), &self.stop)
            .into_iter()
            .map(|found| RegionShape {
                region: found.region,
                path: found.path,
                paint: found.paint.paint,
                above: found.depth,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    const PRICE: RegionPrice = RegionPrice {
        per_byte: 0.002,
        gradients: true,
        tolerance: 0.4,
    };

    /// A ring of radii 8 and 16 on a ground that brightens to the right.
    fn ring() -> Raster {
        let pixels = (0..64 * 64)
            .map(|index| {
                let (x, y) = (f64::from(index % 64), f64::from(index / 64));
                let radius = (x - 31.5).hypot(y - 31.5);
                if (8.0..16.0).contains(&radius) {
                    [200, 30, 30, 255]
                } else {
                    [20, 60 + 2 * (index % 64) as u8, 120, 255]
                }
            })
            .collect();
        Raster::new(64, 64, pixels).expect("size fits")
    }

    #[test]
    fn a_ring_is_one_region_with_a_hole() {
        let regions = Regions::find(&ring(), 64, 64, 64, &Stop::never()).expect("runs");
        let chosen = regions.cover(PRICE, 64);
        let labels = regions.labels(&chosen);
        let on_ring = labels[32 * 64 + 44].expect("all is painted");
        let owners = vec![0; labels.len()];
        let present: Vec<f32> = labels
            .iter()
            .map(|label| if *label == Some(on_ring) { 0.5 } else { 0.0 })
            .collect();
        let residual_regions = regions.residual_regions(&present, PRICE, 8);
        assert_eq!(residual_regions.len(), 1);
        let shapes = regions.shapes(&residual_regions, &owners, PRICE);
        let area = std::f64::consts::PI * (16.0 * 16.0 - 8.0 * 8.0);
        let found = shapes[0].path.area().abs();
        assert!((found - area).abs() < 0.05 * area, "{found} of {area}");
        assert_eq!(shapes[0].above, None);
    }

    #[test]
    fn a_cancelled_search_gives_nothing() {
        let stop = Stop::when(|| true);
        assert!(Regions::find(&ring(), 64, 64, 64, &stop).is_none());
    }
}
