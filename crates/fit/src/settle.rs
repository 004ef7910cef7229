//! Moves a document to what will be written of it, so that what is judged is what comes out:
//! outlines to their grid of decimals, colours to eight bits. Writing itself is `chat2svg-vector`'s
//! business.

use chat2svg_vector::{Color, Document, GradientStop, Paint, WriteOptions, snapped_outline};

/// Settles every shape; returns with how many decimals the outline of each is written.
pub(crate) fn settle(document: &mut Document) -> Vec<u8> {
    let decimals = settle_outlines(document);
    settle_colors(document);
    decimals
}

/// Settles the outlines; returns with how many decimals each is written.
pub(crate) fn settle_outlines(document: &mut Document) -> Vec<u8> {
    let decimals = document.outline_decimals(&WriteOptions::default());
    document.edit_shapes(|index, shape, _, _| {
        if let Some(decimals) = decimals.get(index) {
            shape.path = snapped_outline(&shape.path, *decimals);
        }
    });
    decimals
}

/// Settles the colours.
pub(crate) fn settle_colors(document: &mut Document) {
    document.edit_shapes(|_, shape, _, _| {
        if let Some(fill) = &mut shape.fill {
            settle_paint(&mut fill.paint);
        }
        if let Some(stroke) = &mut shape.stroke {
            settle_paint(&mut stroke.paint);
        }
    });
}

fn settle_paint(paint: &mut Paint) {
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
