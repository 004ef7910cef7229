//! Gives the shapes of a document the paints that the target shows: gradients where they pay, the
//! target's colour where it moved. Adds and moves no shapes.

use std::collections::BTreeMap;

use chat2svg_stop::Stopped;
use chat2svg_trace::{GradientThreshold, Sample, fit_paint};
use chat2svg_vector::{Color, Document, GradientStop, Node, Paint, Raster, Role, Shape};

use crate::{
    context::Context,
    scene::{Item, parent_of},
    visible::Visible,
};

/// Most samples taken of one shape: more tell nothing new about a few stops.
const MOST_SAMPLES: usize = 3000;
/// Oklab distance below which a flat colour is left as it is.
const SAME_COLOR: f32 = 0.012;

/// How far a pixel's channels may be from a flat shape's colour and still show it alone.
const SAME_CHANNEL: u8 = 3;
/// Share of the canvas below which a gradient must gain more, in proportion: its bytes buy less.
const AMPLE_SHARE: f64 = 0.03;

/// Pixels between two looks at whether to stop: a few milliseconds.
const PIXELS_PER_LOOK: usize = 1 << 16;

/// A document's picture without and with what its paints are to show.
pub(crate) struct Pictures<'a> {
    /// As its paints are now.
    pub(crate) before: &'a Raster,
    /// As they should be.
    pub(crate) target: &'a Raster,
}

/// Shapes that get one paint: a shape of its own, or the flat parts of a backdrop that are alike,
/// as the stripes of a wall.
#[derive(Default)]
struct Alike {
    items: Vec<usize>,
    pixels: Vec<usize>,
}

/// Fits the paint of every opaque, flat shape that is seen on at least `least_area` pixels; returns
/// the names of those that got a gradient.
pub(crate) fn fit_paints(
    document: &mut Document,
    context: &Context<'_>,
    pictures: &Pictures<'_>,
    threshold: GradientThreshold,
    least_area: usize,
) -> Result<Vec<String>, Stopped> {
    let (scene, visible) = (context.scene, context.visible);
    let mut changed = Vec::new();
    let mut known = Vec::new();
    for alike in alike(document, context, pictures.before)? {
        let Some(first) = alike.items.first().map(|&item| &scene.items[item]) else {
            continue;
        };
        if alike.pixels.len() < least_area.max(1) {
            continue;
        }
        context.stop.check()?;
        let Some(before) = flat_color(document, first) else {
            continue;
        };
        let samples = samples_of(first, &alike.pixels, visible, pictures.target);
        let share = alike.pixels.len() as f64 / visible.items.len() as f64;
        let threshold = GradientThreshold {
            gain: threshold.gain * (AMPLE_SHARE / share).max(1.0),
            ..threshold
        };
        let Some(mut fitted) = fit_paint(&samples, threshold) else {
            continue;
        };
        reuse_stops(&mut fitted.paint, &mut known);
        if matches!(fitted.paint, Paint::Solid(color) if is_same(before, color)) {
            continue;
        }
        for item in alike.items.iter().map(|&item| &scene.items[item]) {
            let fill = shape_at(document, item).and_then(|shape| shape.fill.as_mut());
            if let Some(fill) = fill {
                fill.paint = fitted.paint.clone();
                if !matches!(fitted.paint, Paint::Solid(_)) {
                    changed.push(format!("{} / gradient", item.name));
                }
            }
        }
    }
    Ok(changed)
}

/// The opaque, flat shapes of a scene, those that are to have one paint together, with the inner
/// pixels that show nothing but them: a shadow or haze above a shape says nothing of its paint.
fn alike(
    document: &mut Document,
    context: &Context<'_>,
    picture: &Raster,
) -> Result<Vec<Alike>, Stopped> {
    let (scene, visible) = (context.scene, context.visible);
    let colors: Vec<Option<[u8; 3]>> = scene
        .items
        .iter()
        .map(|item| {
            let is_opaque = item.opacity >= 0.98;
            flat_color(document, item)
                .filter(|_| is_opaque)
                .map(Color::to_rgb8)
        })
        .collect();
    let mut found: Vec<Alike> = Vec::new();
    let mut kinds = BTreeMap::new();
    let mut kind_of = vec![None; scene.items.len()];
    for (index, item) in scene.items.iter().enumerate() {
        let Some(color) = colors[index] else { continue };
        // Air lights a backdrop by place alone; things have forms of their own.
        let is_backdrop = matches!(
            item.role,
            Role::Sky | Role::Background | Role::Ground | Role::Scenery
        );
        let own = (!is_backdrop).then_some(index);
        let parents = item.path.split_last().map(|(_, parents)| parents);
        let kind = *kinds.entry((own, parents, color)).or_insert_with(|| {
            found.push(Alike::default());
            found.len() - 1
        });
        found[kind].items.push(index);
        kind_of[index] = Some((kind, color));
    }
    for (pixel, item) in visible.items.iter().enumerate() {
        if pixel.is_multiple_of(PIXELS_PER_LOOK) {
            context.stop.check()?;
        }
        if let Some((kind, color)) = item.and_then(|item| kind_of[item as usize])
            && is_inner(visible, pixel)
            && picture.pixels().get(pixel).is_some_and(|shown| {
                let channels = shown.iter().zip(color);
                channels.fold(0, |most, (a, b)| most.max(a.abs_diff(b))) <= SAME_CHANNEL
            })
        {
            found[kind].pixels.push(pixel);
        }
    }
    Ok(found)
}

/// Gives a gradient the stops of an earlier one where no eye would tell them apart: those of the
/// other sails, the other children. Equal stops are written once.
fn reuse_stops(paint: &mut Paint, known: &mut Vec<Vec<GradientStop>>) {
    let stops = match paint {
        Paint::Solid(_) => return,
        Paint::Linear(gradient) => &mut gradient.stops,
        Paint::Radial(gradient) => &mut gradient.stops,
    };
    let is_like = |other: &&Vec<GradientStop>| {
        other.len() == stops.len()
            && other.iter().zip(&*stops).all(|(a, b)| {
                (a.offset - b.offset).abs() < 0.01
                    && a.opacity == b.opacity
                    && a.color.to_oklab().distance(b.color.to_oklab()) < SAME_COLOR
            })
    };
    match known.iter().find(is_like) {
        Some(other) => stops.clone_from(other),
        None => known.push(stops.clone()),
    }
}

/// The colour of an item's fill, where it has one and only one.
fn flat_color(document: &mut Document, item: &Item) -> Option<Color> {
    match shape_at(document, item)?.fill.as_ref()?.paint {
        Paint::Solid(color) => Some(color),
        Paint::Linear(_) | Paint::Radial(_) => None,
    }
}

/// Whether the pixels on all four sides show the same item: mixed pixels on edges say little about
/// its paint.
fn is_inner(visible: &Visible, pixel: usize) -> bool {
    let same = |other: usize| visible.items[other] == visible.items[pixel];
    visible.beside(pixel).into_iter().flatten().all(same)
}

/// What the target shows where an item is seen, at evenly spread pixels, in the shape's
/// coordinates.
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

#[cfg(test)]
mod tests {
    use chat2svg_vector::{LinearGradient, Spread};
    use kurbo::{Affine, Point};

    use super::*;

    #[test]
    fn stops_that_nobody_tells_apart_become_equal() {
        let gradient = |from: u8| {
            let stops = [(0.0, from), (1.0, 40)].map(|(offset, level)| GradientStop {
                offset,
                color: Color::from_rgb8(level, 90, 90),
                opacity: 1.0,
            });
            Paint::Linear(LinearGradient {
                start: Point::ORIGIN,
                end: Point::new(f64::from(from), 0.0),
                transform: Affine::IDENTITY,
                stops: stops.to_vec(),
                spread: Spread::Pad,
            })
        };
        let mut known = Vec::new();
        let found = [200, 202, 230].map(|from| {
            let mut paint = gradient(from);
            reuse_stops(&mut paint, &mut known);
            match paint {
                Paint::Linear(gradient) => gradient.stops,
                Paint::Solid(_) | Paint::Radial(_) => Vec::new(),
            }
        });
        assert_eq!(found[0], found[1]);
        assert_ne!(found[0], found[2]);
        assert_eq!(known.len(), 2);
    }
}
