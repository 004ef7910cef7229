//! Gives the shapes of a document the paints that the target shows: gradients where they pay, the
//! target's colour where it moved. Adds and moves no shapes.

use chat2svg_fit::{GradientThreshold, Sample, fit_paint};
use chat2svg_vector::{Color, Document, Node, Paint, Raster, Shape};

use crate::scene::{Item, Scene, Visible, parent_of};

/// Most samples taken of one shape: more tell nothing new about a few stops.
const MOST_SAMPLES: usize = 3000;
/// Oklab distance below which a flat colour is left as it is.
const SAME_COLOR: f32 = 0.012;

/// Fits the paint of every opaque, flat shape that is seen on at least `least_area` pixels; returns
/// the names of those that got a gradient.
pub(crate) fn fit_paints(
    document: &mut Document,
    scene: &Scene,
    visible: &Visible,
    target: &Raster,
    threshold: GradientThreshold,
    least_area: usize,
) -> Vec<String> {
    let mut seen: Vec<Vec<usize>> = vec![Vec::new(); scene.items.len()];
    for (pixel, item) in visible.items.iter().enumerate() {
        if let Some(item) = item.map(|item| item as usize)
            && is_inner(visible, pixel)
        {
            seen[item].push(pixel);
        }
    }
    let mut changed = Vec::new();
    for (item, pixels) in scene.items.iter().zip(&seen) {
        if pixels.len() < least_area.max(1) || item.opacity < 0.98 {
            continue;
        }
        let Some(shape) = shape_at(document, item) else {
            continue;
        };
        let Some(fill) = shape.fill.as_mut() else {
            continue;
        };
        let Paint::Solid(before) = fill.paint else {
            continue;
        };
        let samples = samples_of(item, pixels, visible, target);
        let Some(fitted) = fit_paint(&samples, threshold) else {
            continue;
        };
        match fitted.paint {
            Paint::Solid(color) if is_same(before, color) => {}
            Paint::Solid(color) => fill.paint = Paint::Solid(color),
            gradient => {
                fill.paint = gradient;
                changed.push(format!("{} / gradient", item.name));
            }
        }
    }
    changed
}

/// Whether the pixels on all four sides show the same item: mixed pixels on edges say little about
/// its paint.
fn is_inner(visible: &Visible, pixel: usize) -> bool {
    let same = |other: usize| visible.items[other] == visible.items[pixel];
    visible.beside(pixel).into_iter().flatten().all(same)
}

/// What the target shows where an item is seen, at evenly spread pixels, in the shape's coordinates.
fn samples_of(item: &Item, pixels: &[usize], visible: &Visible, target: &Raster) -> Vec<Sample> {
    let to_shape = item.transform.inverse() * visible.to_document;
    let step = pixels.len().div_ceil(MOST_SAMPLES).max(1);
    pixels
        .iter()
        .step_by(step)
        .filter_map(|&pixel| {
            let [red, green, blue, alpha] = *target.pixels().get(pixel)?;
            (alpha == u8::MAX).then(|| Sample {
                position: to_shape * visible.center_of(pixel),
                color: [red, green, blue].map(|value| f32::from(value) / 255.0),
            })
        })
        .collect()
}

fn shape_at<'a>(document: &'a mut Document, item: &Item) -> Option<&'a mut Shape> {
    let (siblings, _) = parent_of(document, &item.path)?;
    match siblings.get_mut(*item.path.last()?)? {
        Node::Shape(shape) => Some(shape),
        Node::Group(_) => None,
    }
}

fn is_same(before: Color, after: Color) -> bool {
    before.to_oklab().distance(after.to_oklab()) < SAME_COLOR
}
