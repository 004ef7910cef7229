//! Gives the template's flat shapes the paint of the region that shows them. Moves nothing.

use chat2svg_fit::{GradientThreshold, Regions, Sample, fit_paint};
use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Color, Document, Paint, Shape};
use kurbo::{Affine, Point};

use super::{
    region_overlap::{Areas, IdBuffer},
    units::visit_name,
    view::squared_distance,
};

/// Most samples taken of one shape.
const MOST_SAMPLES: usize = 3000;
/// Oklab distance below which a colour is left as it is.
const SAME_COLOR: f32 = 0.012;
/// Least share of a shape that one region must show for that region alone to give its paint.
const MAIN_SHARE: f64 = 0.4;

/// Distance of two colours, components in `0.0..=1.0`, that are the same to rounding and noise.
const EXACT: f32 = 0.02;
/// Share of what is seen of a shape that has its colour exactly, by which it keeps it against
/// another colour, and against a gradient too.
const EXACTLY: f64 = 0.25;
const MOSTLY: f64 = 0.5;
/// Intersection over union with the region that shows it from which a shape may get a gradient.
const SHOWN: f64 = 0.5;

/// What shapes are repainted from.
pub(super) struct Painter<'a> {
    pub(super) regions: &'a Regions,
    pub(super) areas: &'a Areas,
    pub(super) seen: &'a IdBuffer,
    /// Maps user space to the regions' picture.
    pub(super) to_canvas: Affine,
    pub(super) threshold: GradientThreshold,
    /// Least pixels of the regions' picture on which a shape must be seen.
    pub(super) least_area: usize,
    /// Whether nothing will be added: a shape that agrees with much of the target keeps its paint.
    pub(super) is_final: bool,
    pub(super) stop: &'a Stop,
}

impl Painter<'_> {
    /// Repaints every flat, opaque shape that is seen well enough; returns the names of the
    /// gradients made.
    pub(super) fn repaint(&self, document: &mut Document) -> Result<Vec<String>, Stopped> {
        let names: Vec<String> = document.shapes().iter().map(visit_name).collect();
        let mut gradients = Vec::new();
        let mut answer = Ok(());
        document.edit_shapes(|index, shape, transform, opacity| {
            if answer.is_ok() {
                answer = self.stop.check();
            }
            let is_gradient =
                answer.is_ok() && self.repaint_shape(index, shape, transform, opacity);
            if is_gradient && let Some(name) = names.get(index) {
                gradients.push(format!("{name} / gradient"));
            }
        });
        answer.map(|()| gradients)
    }

    /// Repaints a shape if it can be; whether it got a gradient.
    fn repaint_shape(
        &self,
        index: usize,
        shape: &mut Shape,
        transform: Affine,
        opacity: f32,
    ) -> bool {
        let (width, least) = (self.areas.width, self.least_area);
        let Some(pixels) = self.seen.pixels.get(index) else {
            return false;
        };
        let inner: Vec<u32> = pixels
            .iter()
            .copied()
            .filter(|pixel| is_inner(&self.seen.owners, *pixel as usize, width))
            .collect();
        let (paint, own_opacity, is_fill) = match (&mut shape.fill, &mut shape.stroke) {
            (Some(fill), _) => (&mut fill.paint, fill.opacity, true),
            (None, Some(stroke)) => (&mut stroke.paint, stroke.opacity, false),
            (None, None) => return false,
        };
        // A line has hardly an inside.
        let chosen = if is_fill || inner.len() > least {
            inner
        } else {
            pixels.clone()
        };
        let Paint::Solid(before) = *paint else {
            return false;
        };
        if chosen.len() < least.max(1) || opacity * shape.opacity * own_opacity < 0.98 {
            return false;
        }
        let agreeing = if self.is_final {
            self.agreeing_share(&chosen, before)
        } else {
            0.0
        };
        if agreeing >= MOSTLY {
            return false;
        }
        let main = self
            .areas
            .main_part(&chosen)
            .filter(|(_, share)| *share >= MAIN_SHARE);
        // What a region shows beside a shape says nothing of how the shape is shaded.
        let is_shown = main.is_some_and(|(area, _)| {
            let overlaps = self.areas.overlaps(pixels);
            let own = overlaps.iter().find(|overlap| overlap.area == area);
            own.is_some_and(|overlap| overlap.ratio >= SHOWN)
        });
        let threshold = GradientThreshold {
            gain: if is_shown {
                self.threshold.gain
            } else {
                f64::INFINITY
            },
            ..self.threshold
        };
        let own: Vec<u32> = match main {
            Some((area, _)) => chosen
                .into_iter()
                .filter(|pixel| self.areas.holds(area, *pixel as usize))
                .collect(),
            None => chosen,
        };
        let to_shape = (self.to_canvas * transform).inverse();
        let samples = samples(&own, self.regions.pixels(), width, to_shape);
        let Some(fitted) = fit_paint(&samples, threshold) else {
            return false;
        };
        match fitted.paint {
            Paint::Solid(color) => {
                if agreeing < EXACTLY && !is_same(before, color) {
                    *paint = Paint::Solid(color);
                }
                false
            }
            gradient => {
                if is_fill {
                    *paint = gradient;
                }
                is_fill
            }
        }
    }
}

impl Painter<'_> {
    /// The share of some pixels that show a colour exactly: no coincidence where it is a good part
    /// of them, whatever the rest shows.
    fn agreeing_share(&self, pixels: &[u32], color: Color) -> f64 {
        let wanted = [color.red, color.green, color.blue];
        let is_same = |pixel: &&u32| {
            let found = self.regions.pixels().get(**pixel as usize);
            found.is_some_and(|found| squared_distance(*found, wanted).sqrt() <= EXACT)
        };
        pixels.iter().filter(is_same).count() as f64 / pixels.len().max(1) as f64
    }
}

/// Whether the pixels on all four sides show the same shape.
fn is_inner(owners: &[u32], pixel: usize, width: usize) -> bool {
    let x = pixel % width;
    let beside = [
        (x > 0).then(|| pixel - 1),
        (x + 1 < width).then_some(pixel + 1),
        pixel.checked_sub(width),
        Some(pixel + width),
    ];
    beside
        .into_iter()
        .flatten()
        .filter_map(|other| owners.get(other))
        .all(|owner| owners.get(pixel) == Some(owner))
}

fn samples(pixels: &[u32], picture: &[[f32; 3]], width: usize, to_shape: Affine) -> Vec<Sample> {
    let stride = pixels.len().div_ceil(MOST_SAMPLES).max(1);
    pixels
        .iter()
        .step_by(stride)
        .filter_map(|pixel| {
            let index = *pixel as usize;
            let center = Point::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
            Some(Sample {
                position: to_shape * center,
                color: *picture.get(index)?,
            })
        })
        .collect()
}

fn is_same(before: Color, after: Color) -> bool {
    before.to_oklab().distance(after.to_oklab()) < SAME_COLOR
}
