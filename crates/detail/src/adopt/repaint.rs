//! Gives the template's flat shapes the paint of the region that shows them. Moves nothing.

use chat2svg_fit::{GradientThreshold, Regions, Sample, fit_paint};
use chat2svg_vector::{Color, Document, Paint};
use kurbo::{Affine, Point};

use super::{
    areas::{Areas, Seen},
    units::shape_name,
};

/// Most samples taken of one shape.
const MOST_SAMPLES: usize = 3000;
/// Oklab distance below which a colour is left as it is.
const SAME_COLOR: f32 = 0.012;
/// Least share of a shape that one region must show for that region alone to give its paint.
const MAIN_SHARE: f64 = 0.4;

/// Repaints every flat, opaque shape that is seen on at least `least_area` pixels of the regions' picture;
/// returns the names of the gradients made. `to_canvas` maps user space to that picture.
pub(super) fn repaint(
    document: &mut Document,
    regions: &Regions,
    areas: &Areas,
    seen: &Seen,
    to_canvas: Affine,
    threshold: GradientThreshold,
    least_area: usize,
) -> Vec<String> {
    let names: Vec<String> = document
        .shapes()
        .iter()
        .map(|visit| {
            let around = visit
                .groups
                .iter()
                .rev()
                .find(|group| !group.label.is_empty())
                .map_or("", |group| group.label.as_str());
            shape_name(&visit.shape.label, &visit.shape.id, around, visit.index)
        })
        .collect();
    let width = areas.width;
    let mut gradients = Vec::new();
    document.edit_shapes(|index, shape, transform, opacity| {
        let Some(pixels) = seen.pixels.get(index) else {
            return;
        };
        let inner: Vec<u32> = pixels
            .iter()
            .copied()
            .filter(|pixel| is_inner(&seen.owners, *pixel as usize, width))
            .collect();
        let (paint, own_opacity, is_fill) = match (&mut shape.fill, &mut shape.stroke) {
            (Some(fill), _) => (&mut fill.paint, fill.opacity, true),
            (None, Some(stroke)) => (&mut stroke.paint, stroke.opacity, false),
            (None, None) => return,
        };
        // A line has hardly an inside.
        let chosen = if is_fill || inner.len() > least_area {
            inner
        } else {
            pixels.clone()
        };
        let Paint::Solid(before) = *paint else { return };
        if chosen.len() < least_area.max(1) || opacity * shape.opacity * own_opacity < 0.98 {
            return;
        }
        let main = areas
            .main_part(&chosen)
            .filter(|(_, share)| *share >= MAIN_SHARE);
        let own: Vec<u32> = match main {
            Some((area, _)) => chosen
                .into_iter()
                .filter(|pixel| areas.holds(area, *pixel as usize))
                .collect(),
            None => chosen,
        };
        let to_shape = (to_canvas * transform).inverse();
        let samples = samples(&own, regions.pixels(), width, to_shape);
        let Some(fitted) = fit_paint(&samples, threshold) else {
            return;
        };
        match fitted.paint {
            Paint::Solid(color) if is_same(before, color) => {}
            Paint::Solid(color) => *paint = Paint::Solid(color),
            gradient if is_fill => {
                *paint = gradient;
                gradients.push(format!("{} / gradient", names[index]));
            }
            _ => {}
        }
    });
    gradients
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
