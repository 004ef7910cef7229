//! Quantises a document to the precision of its file, outlines to their grid of decimals and
//! colours to eight bits, so that a fit judges what is written. Writing is `chat2svg-vector`'s
//! business.

use chat2svg_vector::{Color, Document, GradientStop, Paint, WriteOptions, snapped_outline};

/// Quantises every shape; returns the number of decimals of each outline.
pub(crate) fn quantise(document: &mut Document) -> Vec<u8> {
    let decimals = quantise_outlines(document);
    quantise_colors(document);
    decimals
}

/// Quantises the outlines; returns the number of decimals of each.
pub(crate) fn quantise_outlines(document: &mut Document) -> Vec<u8> {
    let decimals = document.outline_decimals(&WriteOptions::default());
    document.edit_shapes(|index, shape, _, _| {
        if let Some(decimals) = decimals.get(index) {
            shape.path = snapped_outline(&shape.path, *decimals);
        }
    });
    decimals
}

/// Quantises the colours.
pub(crate) fn quantise_colors(document: &mut Document) {
    document.edit_shapes(|_, shape, _, _| {
        if let Some(fill) = &mut shape.fill {
            quantise_paint(&mut fill.paint);
        }
        if let Some(stroke) = &mut shape.stroke {
            quantise_paint(&mut stroke.paint);
        }
    });
}

fn quantise_paint(paint: &mut Paint) {
    let eight_bits = |color: &mut Color| {
        let [red, green, blue] = color.to_rgb8();
        *color = Color::from_rgb8(red, green, blue);
    };
    let all = |stops: &mut [GradientStop]| {
        stops
            .iter_mut()
            .for_each(|stop| eight_bits(&mut stop.color));
    };
    match paint {
        Paint::Solid(color) => eight_bits(color),
        Paint::Linear(gradient) => all(&mut gradient.stops),
        Paint::Radial(gradient) => all(&mut gradient.stops),
    }
}
