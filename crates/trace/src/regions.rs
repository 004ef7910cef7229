//! Shapes from a picture: regions, their order, outlines and paints. What to do with them is the
//! engine's business.

use std::collections::BTreeSet;

use chat2svg_stop::Stop;
use chat2svg_vector::ByteCost;
use kurbo::{Affine, BezPath, Point, Rect, Shape as _};
use rayon::prelude::*;

use crate::{
    contour_tolerance::{ContourTolerance, LEAST_CONTOUR, outline},
    found_shape::{FoundShape, paint_in},
    paint_fit::GradientThreshold,
    picture::{Picture, Pixel, is_painted},
    salience::salience,
    segment::{
        CutCost, LEAST_AREA, NodeId, RegionTree, best_cover, best_residual_regions, sharpened,
    },
    smooth_parts::smooth_parts,
    stack::{Layer, Partition, layers},
    translucent::{FoundPaint, OPAQUE, fit_pixels},
    unify::unified,
};

/// Longest side in pixels at which regions are looked for with care.
pub const FINE_SIDE: usize = 320;
/// Longest side in pixels at which they are looked for in haste.
pub const ROUGH_SIDE: usize = 80;
/// Most regions that are joined to fewer paths, steps of a component by which their colours are
/// told apart, and most such colours.
const MOST_REGIONS: usize = 1500;
const MOST_SIGNS: usize = 6000;
const COARSE_COLORS: f64 = 8.0;
const MOST_COLORS: usize = 40;
/// How often, and by which factor, the loss grows for which signs of different shades are joined.
const SHADE_ROUNDS: usize = 8;
const SHADE_GROWTH: f64 = 2.0;
/// Weight, between signs, of a difference that is none of shade.
const OFF_SHADE: f64 = 4.0;
/// Contours of flat pictures that enclose less, in pixels, are dropped.
const SMALLEST_CONTOUR: f64 = 0.6;
/// Samples of a region from which its paint is worked out.
const PAINT_SAMPLES: usize = 3000;

/// What a shape may cost.
#[derive(Clone, Copy, Debug)]
pub struct ShapeCost {
    /// Squared error in full-scale pixels that a byte must save.
    pub per_byte: f64,
    /// Whether gradients may be used.
    pub gradients: bool,
    /// How far an outline may be from the contour, in pixels of the finder's picture.
    pub tolerance: f64,
    /// Whether the picture is of few flat colours, in which single pixels are no noise.
    pub is_flat: bool,
    /// Whether it is also full of small signs.
    pub has_writing: bool,
    /// Share of the pixels of a shape to be painted over what is there that must be wrong as they
    /// are.
    pub least_wrong: f64,
}

/// What a picture is parted into.
#[derive(Clone, Copy)]
struct Parted<'a> {
    /// The part of each pixel; `None` for what is not painted.
    labels: &'a [Option<u32>],
    /// Of each part its pixels, ascending.
    pixels: &'a [Vec<u32>],
    /// The picture, its borders made steps.
    sharp: &'a [Pixel],
    /// Of each pixel, index plus one of the existing shape that it shows, 0 for none.
    owners: &'a [u32],
}

/// The regions of one picture, kept for several questions.
pub struct RegionFinder {
    picture: Picture,
    sharp: Vec<Pixel>,
    /// How much an error shows at each pixel.
    salience: Vec<f32>,
    tree: RegionTree,
    /// Pixels of the fitting resolution per pixel here, along a side.
    scale: [f64; 2],
}

impl RegionFinder {
    /// Looks for the regions of a picture, brought to a longest side; `None` when stopped.
    pub fn new(target: &Picture, side: usize, stop: &Stop) -> Option<Self> {
        let longest = target.width.max(target.height);
        let factor = side as f64 / longest as f64;
        let side = |length: usize| ((length as f64 * factor).round() as usize).max(1);
        let (width, height) = (side(target.width), side(target.height));
        let picture = match factor {
            _ if factor < 1.0 => target.reduced(width, height),
            _ if factor > 1.0 => target.enlarged(width, height),
            _ => target.clone(),
        };
        // Edges grow softer as they grow.
        let sharp = sharpened(&picture, if factor > 1.0 { 4 } else { 2 });
        if stop.is_due() {
            return None;
        }
        let tree = RegionTree::build(&sharp, width, height, |i| is_painted(sharp[i]), stop)?;
        let scale = [
            target.width as f64 / width as f64,
            target.height as f64 / height as f64,
        ];
        Some(Self {
            salience: salience(&picture),
            picture,
            sharp,
            tree,
            scale,
        })
    }

    /// Size of the picture in which the regions are.
    pub fn size(&self) -> (usize, usize) {
        (self.picture.width, self.picture.height)
    }

    /// The hierarchy.
    pub fn tree(&self) -> &RegionTree {
        &self.tree
    }

    /// The picture in which the regions are, its soft edges made steps; row by row.
    pub fn sharp(&self) -> &[Pixel] {
        &self.sharp
    }

    /// What cuts through the hierarchy cost at such a cost of shapes.
    pub fn cut_cost(&self, cost: ShapeCost) -> CutCost {
        CutCost {
            per_byte: cost.per_byte,
            gradients: cost.gradients,
            least_wrong: cost.least_wrong,
            pixel_area: self.scale[0] * self.scale[1],
            least_area: if cost.is_flat { 1.0 } else { LEAST_AREA },
        }
    }

    /// At most `limit` shapes that show the whole picture, bottom first.
    pub fn cover(&self, cost: ShapeCost, limit: usize, stop: &Stop) -> Vec<FoundShape> {
        let chosen = best_cover(&self.tree, self.cut_cost(cost), limit, stop);
        self.shapes(&chosen, &[], cost, stop)
    }

    /// The shapes that show a picture of few colours, small ones of one colour as one path; `None`
    /// when the picture has many colours, or they are more than `limit`.
    pub fn cover_of_few_colors(
        &self,
        cost: ShapeCost,
        limit: usize,
        stop: &Stop,
    ) -> Option<Vec<FoundShape>> {
        let most = if cost.has_writing {
            MOST_SIGNS
        } else {
            MOST_REGIONS
        };
        let chosen = best_cover(&self.tree, self.cut_cost(cost), most, stop);
        let key = |id: &NodeId| {
            let mean = self.tree.nodes[*id as usize].moments.mean();
            mean.map(|value| (value * COARSE_COLORS) as i32)
        };
        let colors: BTreeSet<[i32; 4]> = chosen.iter().map(key).collect();
        if chosen.len() > most || (colors.len() > MOST_COLORS && !cost.has_writing) {
            return None;
        }
        let shapes = self.shapes(&chosen, &[], cost, stop);
        let (width, height) = self.size();
        let area = (width * height) as f64 * self.scale[0] * self.scale[1];
        let mut per_byte = cost.per_byte;
        let off_shade = if cost.has_writing { OFF_SHADE } else { 1.0 };
        let mut found = unified(shapes.clone(), area, per_byte, off_shade);
        // Thin strokes of small writing come in many shades of one colour.
        let rounds = if cost.has_writing { SHADE_ROUNDS } else { 0 };
        for _ in 0..rounds {
            if found.len() <= limit {
                break;
            }
            per_byte *= SHADE_GROWTH;
            found = unified(shapes.clone(), area, per_byte, off_shade);
        }
        (!found.is_empty() && found.len() <= limit).then_some(found)
    }

    /// At most `limit` shapes that gain most when painted over what is there, bottom first, and the
    /// pixels of each region in the finder's picture, ascending. `present` is the squared
    /// error of each of that picture's pixels as it is, `owners` the index plus one of the shape
    /// that it shows, 0 for none.
    pub fn residual_shapes(
        &self,
        present: &[f32],
        owners: &[u32],
        cost: ShapeCost,
        limit: usize,
        stop: &Stop,
    ) -> (Vec<FoundShape>, Vec<Vec<u32>>) {
        let chosen = self.chosen(present, cost, limit);
        self.shapes_and_pixels(&chosen, owners, cost, stop)
    }

    /// The regions of which [`RegionFinder::residual_shapes`] makes shapes, best first.
    pub fn chosen(&self, present: &[f32], cost: ShapeCost, limit: usize) -> Vec<NodeId> {
        best_residual_regions(
            &self.tree,
            present,
            &self.salience,
            self.cut_cost(cost),
            limit,
        )
        .into_iter()
        .map(|(id, _)| id)
        .collect()
    }

    /// The shapes of regions; none when stopped on the way.
    pub fn shapes(
        &self,
        chosen: &[NodeId],
        owners: &[u32],
        cost: ShapeCost,
        stop: &Stop,
    ) -> Vec<FoundShape> {
        self.shapes_and_pixels(chosen, owners, cost, stop).0
    }

    fn shapes_and_pixels(
        &self,
        chosen: &[NodeId],
        owners: &[u32],
        cost: ShapeCost,
        stop: &Stop,
    ) -> (Vec<FoundShape>, Vec<Vec<u32>>) {
        let labels = self.tree.labels(chosen);
        let pixels = pixels_by_label(&labels, chosen.len());
        let paint = |_: usize, own: &[u32]| self.paint(own, self.gradients(own.len(), cost));
        let parted = Parted {
            labels: &labels,
            pixels: &pixels,
            sharp: &self.sharp,
            owners,
        };
        let shapes = self.drawn(parted, &paint, cost, stop);
        (shapes, pixels)
    }

    /// The shapes that show a picture of smooth parts, bottom first; `None` of another one.
    pub fn cover_of_smooth_parts(
        &self,
        cost: ShapeCost,
        limit: usize,
        stop: &Stop,
    ) -> Option<Vec<FoundShape>> {
        if cost.has_writing {
            return None;
        }
        let threshold = self.gradients(self.picture.pixels.len(), cost)?;
        let parts = smooth_parts(&self.picture, threshold)?;
        let parted = Parted {
            labels: &parts.labels,
            pixels: &pixels_by_label(&parts.labels, parts.paints.len()),
            sharp: &parts.sharp,
            owners: &[],
        };
        let to_target = Affine::scale_non_uniform(self.scale[0], self.scale[1]);
        let paint = |part: usize, _: &[u32]| {
            let FoundPaint { paint, opacity } = parts.paints.get(part)?;
            Some(FoundPaint {
                paint: paint_in(paint, to_target),
                opacity: *opacity,
            })
        };
        let found = self.drawn(parted, &paint, cost, stop);
        (!found.is_empty() && found.len() <= limit).then_some(found)
    }

    /// The shapes of a picture's parts; none when stopped on the way.
    fn drawn(
        &self,
        parted: Parted<'_>,
        paint: &(dyn Fn(usize, &[u32]) -> Option<FoundPaint> + Sync),
        cost: ShapeCost,
        stop: &Stop,
    ) -> Vec<FoundShape> {
        if stop.is_due() {
            return Vec::new();
        }
        let Parted {
            labels,
            pixels,
            sharp,
            owners,
        } = parted;
        let is_translucent: Vec<bool> = pixels
            .iter()
            .map(|own| {
                let sum: f32 = own.iter().map(|pixel| sharp[*pixel as usize][3]).sum();
                sum < OPAQUE * own.len() as f32
            })
            .collect();
        let partition = Partition {
            picture: &self.picture,
            sharp,
            labels,
            is_translucent: &is_translucent,
            owners,
        };
        let stack = layers(&partition, stop);
        let found: Vec<FoundShape> = stack
            .par_iter()
            .filter_map(|layer| {
                if stop.is_due() {
                    return None;
                }
                // Painted over something, it would show that instead of the ground.
                if is_translucent[layer.region] && layer.depth > 0 {
                    return None;
                }
                let paint = paint(layer.region, &pixels[layer.region])?;
                let path = self.outline(layer, sharp, cost);
                (!path.elements().is_empty()).then(|| FoundShape {
                    region: layer.region,
                    path,
                    paint,
                    is_backdrop: layer.is_backdrop,
                    depth: (layer.depth as usize).checked_sub(1),
                })
            })
            .collect();
        if stop.is_due() {
            return Vec::new();
        }
        found
    }

    fn outline(&self, layer: &Layer, sharp: &[Pixel], cost: ShapeCost) -> BezPath {
        let (width, height) = self.size();
        let mut path = if layer.is_backdrop {
            Rect::new(0.0, 0.0, width as f64, height as f64).to_path(0.1)
        } else {
            let enlarged = (1.0 / (self.scale[0] * self.scale[1])).max(1.0);
            let limits = ContourTolerance {
                // Twice the pixels need not be followed twice as closely.
                tolerance: cost.tolerance * enlarged.powf(0.25),
                per_byte: cost.per_byte / (self.scale[0] * self.scale[1]),
                sharp,
                width,
                least_area: if cost.is_flat {
                    SMALLEST_CONTOUR * enlarged
                } else {
                    LEAST_CONTOUR
                },
                scale: self.scale[0].max(self.scale[1]),
            };
            outline(layer, limits)
        };
        path.apply_affine(Affine::scale_non_uniform(self.scale[0], self.scale[1]));
        path
    }

    /// When a gradient is worth its bytes on so many pixels; `None` where there may be none.
    pub fn gradients(&self, pixels: usize, cost: ShapeCost) -> Option<GradientThreshold> {
        let area = pixels as f64 * self.scale[0] * self.scale[1];
        cost.gradients.then(|| GradientThreshold {
            gain: cost.per_byte * ByteCost::USUAL_GRADIENT / (3.0 * area),
            share: 0.9,
            stops: 3,
        })
    }

    /// The paint that explains pixels best, in pixels of the fitting resolution; `None` of no
    /// pixels.
    pub fn paint(
        &self,
        pixels: &[u32],
        gradients: Option<GradientThreshold>,
    ) -> Option<FoundPaint> {
        let width = self.picture.width;
        let stride = pixels.len().div_ceil(PAINT_SAMPLES).max(1);
        let samples: Vec<(Point, Pixel)> = pixels
            .iter()
            .step_by(stride)
            .map(|index| {
                let (x, y) = (*index as usize % width, *index as usize / width);
                let place = Point::new(
                    (x as f64 + 0.5) * self.scale[0],
                    (y as f64 + 0.5) * self.scale[1],
                );
                (place, self.sharp[*index as usize])
            })
            .collect();
        fit_pixels(&samples, gradients)
    }
}

/// Of each of so many parts its pixels, ascending, by the part of each pixel.
pub fn pixels_by_label(labels: &[Option<u32>], parts: usize) -> Vec<Vec<u32>> {
    let mut pixels = vec![Vec::new(); parts];
    for (pixel, label) in labels.iter().enumerate() {
        if let Some(own) = label.and_then(|label| pixels.get_mut(label as usize)) {
            own.push(pixel as u32);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;
    use proptest::prelude::*;

    use super::*;
    use crate::crossing::crosses_itself;

    const COST: ShapeCost = ShapeCost {
        per_byte: 1e-4,
        gradients: false,
        tolerance: 0.4,
        least_wrong: 0.0,
        is_flat: false,
        has_writing: false,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_outline_crosses_itself_even_in_noise(
            width in 8_usize..28,
            height in 8_usize..28,
            colors in prop::collection::vec(prop::array::uniform3(0.0_f32..1.0), 2..5),
            picks in prop::collection::vec(0_usize..64, 28 * 28),
            size in 1_usize..4,
        ) {
            let pixels = (0..width * height)
                .map(|i| {
                    let (x, y) = (i % width / size, i / width / size);
                    colors[picks[y * 28 + x] % colors.len()]
                });
            let picture = Picture::opaque(width, height, pixels);
            let stop = Stop::never();
            let side = width.max(height);
            let finder = RegionFinder::new(&picture, side, &stop).expect("not stopped");
            let present = vec![0.5; width * height];
            let owners = vec![1; width * height];
            let covers = finder.cover(COST, 40, &stop);
            let (residual_shapes, _) =
                finder.residual_shapes(&present, &owners, COST, 40, &stop);
            for shape in covers.iter().chain(&residual_shapes) {
                prop_assert!(!crosses_itself(&shape.path, 1.0), "{:?}", shape.path);
            }
        }
    }
}
