//! Overlaps the target's regions with an id buffer of the template's shapes, to find which region
//! shows which shape.

use std::collections::BTreeMap;

use chat2svg_stop::{Stop, Stopped};
use chat2svg_trace::{
    Price, RegionPrice,
    picture::mean_color,
    regions::{RegionFinder, ShapeCost, pixels_by_label},
    segment::{NodeId, best_cover},
};
use chat2svg_vector::{Color, Oklab};

use super::form::Form;

/// Prices at which the hierarchy is cut, as multiples of the usual one: from parts to wholes.
const CUTS: [f64; 3] = [1.74, 14.0, 111.0];
/// How far outlines may be from the borders of regions; none is drawn here.
const TOLERANCE: f64 = 0.4;
/// Most regions of a cut.
const MOST_REGIONS: usize = 400;

/// A region of the target.
#[derive(Clone, Debug)]
pub(super) struct Area {
    pub(super) form: Form,
    /// Its mean colour.
    pub(super) color: Oklab,
    /// The same in gamma-encoded sRGB.
    pub(super) paint: Color,
    /// The cut that it is of.
    cut: usize,
}

/// The target's regions, from small to large.
pub(super) struct Areas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) all: Vec<Area>,
    /// For each cut the region of each pixel.
    cuts: Vec<Vec<Option<usize>>>,
}

impl Areas {
    /// The regions of a finder's picture at several prices; `picture` is that, over white.
    pub(super) fn of(
        finder: &RegionFinder,
        picture: &[[f32; 3]],
        stop: &Stop,
    ) -> Result<Self, Stopped> {
        let (width, height) = finder.size();
        let price = Price::of_size(width, height).byte();
        let mut known: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut areas = Self {
            width,
            height,
            all: Vec::new(),
            cuts: Vec::new(),
        };
        for factor in CUTS {
            stop.check()?;
            let cut = finder.cut_cost(ShapeCost::from(RegionPrice {
                per_byte: price * factor,
                gradients: true,
                tolerance: TOLERANCE,
            }));
            let chosen = best_cover(finder.tree(), cut, MOST_REGIONS, stop);
            let labels = finder.tree().labels(&chosen);
            let cut = areas.cuts.len();
            let pixels = pixels_by_label(&labels, chosen.len());
            let mut indices = Vec::with_capacity(chosen.len());
            for (id, own) in chosen.iter().zip(&pixels) {
                let next = areas.all.len();
                let index = *known.entry(*id).or_insert(next);
                if index == next {
                    let paint = mean_color(picture, own);
                    areas
                        .all
                        .extend(Form::of(own.iter().copied(), width).map(|form| Area {
                            form,
                            color: paint.to_oklab(),
                            paint,
                            cut,
                        }));
                }
                indices.push(index);
            }
            let of_label = |label: Option<u32>| indices.get(label? as usize).copied();
            (areas.cuts).push(labels.into_iter().map(of_label).collect());
        }
        Ok(areas)
    }

    /// Whether a pixel belongs to a region.
    pub(super) fn holds(&self, area: usize, pixel: usize) -> bool {
        let cut = self.all.get(area).and_then(|own| self.cuts.get(own.cut));
        cut.is_some_and(|cut| cut.get(pixel) == Some(&Some(area)))
    }

    /// The regions that have pixels in common with a set, each after the share of these among the
    /// pixels of either; the highest share first.
    pub(super) fn overlaps(&self, pixels: &[u32]) -> Vec<(f64, usize)> {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for cut in &self.cuts {
            common.extend(counts(pixels, |pixel| *cut.get(pixel)?));
        }
        let own = pixels.len() as f64;
        let mut found: Vec<(f64, usize)> = common
            .into_iter()
            .filter_map(|(area, common)| {
                let (whole, common) = (self.all.get(area)?.form.area, common as f64);
                Some((common / (own + whole - common), area))
            })
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found
    }

    /// The region of the finest cut with most of a set's pixels, and its share of them.
    pub(super) fn main_part(&self, pixels: &[u32]) -> Option<(usize, f64)> {
        let cut = self.cuts.first()?;
        let (area, count) = counts(pixels, |pixel| *cut.get(pixel)?)
            .into_iter()
            .max_by_key(|(area, count)| (*count, std::cmp::Reverse(*area)))?;
        Some((area, count as f64 / pixels.len() as f64))
    }
}

/// How many of some pixels are of each kind.
fn counts(pixels: &[u32], kind: impl Fn(usize) -> Option<usize>) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for kind in pixels.iter().filter_map(|pixel| kind(*pixel as usize)) {
        *counts.entry(kind).or_default() += 1;
    }
    counts
}
