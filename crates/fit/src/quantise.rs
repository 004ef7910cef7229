//! Quantises a document to the precision of its file, outlines to their grid of decimals and
//! colours to eight bits, so that a fit judges what is written. Writing is `chat2svg-vector`'s
//! business.

use chat2svg_vector::{Color, Document, GradientStop, Paint, Shape, WriteOptions, snapped_outline};
use kurbo::BezPath;

/// Steps of eight bits by which stops of one colour may differ.
const NEARLY: u8 = 2;

/// Quantises every shape.
pub(crate) fn quantise(document: &mut Document) {
    let decimals = document.outline_decimals(&WriteOptions::default());
    quantise_outlines(document, &decimals);
    quantise_colors(document);
}

/// Quantises the outlines to so many decimals each.
pub(crate) fn quantise_outlines(document: &mut Document, decimals: &[u8]) {
    document.edit_shapes(|index, shape, _, _| {
        if let Some(decimals) = decimals.get(index) {
            shape.path = snapped_outline(&shape.path, *decimals);
        }
    });
}

/// The fewest decimals, at most so many, that hold an outline as it is.
pub(crate) fn decimals_of(path: &BezPath, most: u8) -> u8 {
    let holds = |decimals: &u8| snapped_outline(path, *decimals) == *path;
    (0..most).find(holds).unwrap_or(most)
}

/// Quantises the colours.
pub(crate) fn quantise_colors(document: &mut Document) {
    document.edit_shapes(|_, shape, _, _| edit_paints(shape, quantise_paint));
}

/// Changes the paints of a shape and their opacities.
pub(crate) fn edit_paints(shape: &mut Shape, edit: impl Fn(&mut Paint, &mut f32)) {
    if let Some(fill) = &mut shape.fill {
        edit(&mut fill.paint, &mut fill.opacity);
    }
    if let Some(stroke) = &mut shape.stroke {
        edit(&mut stroke.paint, &mut stroke.opacity);
    }
}

/// Changes the colours of a paint; they become ones of eight bits.
pub(crate) fn edit_colors(paint: &mut Paint, edit: impl Fn(Color) -> Color) {
    let edit = |color: &mut Color| {
        let [red, green, blue] = edit(*color).to_rgb8();
        *color = Color::from_rgb8(red, green, blue);
    };
    match paint {
        Paint::Solid(color) => edit(color),
        gradient => {
            let stops = gradient.stops_mut().into_iter().flatten();
            stops.for_each(|stop| edit(&mut stop.color));
        }
    }
}

/// Quantises a paint; a gradient whose stops have become nearly one colour is that colour.
fn quantise_paint(paint: &mut Paint, opacity: &mut f32) {
    edit_colors(paint, |color| color);
    if let Some((color, of_stops)) = only_color(paint.stops()) {
        *opacity *= of_stops;
        *paint = Paint::Solid(color);
    }
}

/// The colour, and the opacity, that all stops of a gradient have to the last step of eight bits,
/// which does not show: the one half way between them.
fn only_color(stops: &[GradientStop]) -> Option<(Color, f32)> {
    let first = stops.first()?;
    let ranges = [0, 1, 2].map(|i: usize| {
        let values = stops.iter().map(|stop| stop.color.to_rgb8()[i]);
        (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
    });
    let is_one = stops.iter().all(|stop| stop.opacity == first.opacity)
        && ranges.iter().all(|(least, most)| most - least <= NEARLY);
    let [red, green, blue] = ranges.map(|(least, most)| least.midpoint(most));
    is_one.then_some((Color::from_rgb8(red, green, blue), first.opacity))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{LinearGradient, Spread};
    use kurbo::{Affine, Point};

    use super::*;

    #[test]
    fn a_gradient_of_one_colour_is_that_colour() {
        let between = |from: f32, to: f32, opacities: [f32; 2]| {
            let stop = |offset, value, opacity| GradientStop {
                offset,
                color: Color::new(value, 0.5, 0.5),
                opacity,
            };
            let mut paint = Paint::Linear(LinearGradient {
                start: Point::ZERO,
                end: Point::new(9.0, 0.0),
                transform: Affine::IDENTITY,
                stops: vec![stop(0.0, from, opacities[0]), stop(1.0, to, opacities[1])],
                spread: Spread::Pad,
            });
            let mut opacity = 0.5;
            quantise_paint(&mut paint, &mut opacity);
            (matches!(paint, Paint::Solid(_)), opacity)
        };
        assert_eq!(between(0.4, 0.401, [0.5, 0.5]), (true, 0.25));
        assert_eq!(between(0.4, 0.408, [1.0, 1.0]), (true, 0.5));
        assert_eq!(between(0.4, 0.42, [1.0, 1.0]), (false, 0.5));
        assert_eq!(between(0.4, 0.4, [1.0, 0.0]), (false, 0.5));
    }
}
