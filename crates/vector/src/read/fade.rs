//! Shapes that fade along a gradient: its opacities put into their paints.

use kurbo::{Affine, Vec2};

use super::nodes::{edit_shapes, shape_bounds};
use crate::{Color, GradientStop, LinearGradient, Node, Paint, Spread};

/// Pieces into which a stretch of a gradient is cut where its colour and opacity both change.
const PIECES: u8 = 4;
/// Most that directions of two gradients may differ to count as one, in radians.
const SAME_DIRECTION: f64 = 1e-3;

/// How well it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Faded {
    Exactly,
    /// Shapes overlap: each fades on its own, so that the lower ones shine through.
    Nearly,
    /// Not at all: some paint cannot be combined with the gradient.
    No,
}

/// Multiplies the opacity of all paints by those of a gradient's stops, which is given in the
/// coordinates of the nodes. Where it answers no, the nodes are half done.
pub(super) fn apply(nodes: &mut [Node], gradient: &Paint) -> Faded {
    let mut result = if overlap(nodes) {
        Faded::Nearly
    } else {
        Faded::Exactly
    };
    edit_shapes(nodes, Affine::IDENTITY, &mut |shape, transform| {
        let Some(local) = local(gradient, transform) else {
            result = Faded::No;
            return;
        };
        if shape.fill.is_some() && shape.stroke.is_some() && result == Faded::Exactly {
            result = Faded::Nearly;
        }
        let fill = shape.fill.as_mut().map(|fill| &mut fill.paint);
        let stroke = shape.stroke.as_mut().map(|stroke| &mut stroke.paint);
        for paint in fill.into_iter().chain(stroke) {
            match product(paint, &local) {
                Some(faded) => *paint = faded,
                None => result = Faded::No,
            }
        }
    });
    result
}

/// Whether any two shapes may overlap.
fn overlap(nodes: &[Node]) -> bool {
    /// Shapes that are compared in pairs.
    const MAX_COMPARED: usize = 200;
    let all = shape_bounds(nodes);
    if all.len() > MAX_COMPARED {
        return true;
    }
    let pairs = all.iter().enumerate().flat_map(|(index, first)| {
        all.iter()
            .skip(index + 1)
            .map(move |second| (first, second))
    });
    pairs
        .into_iter()
        .any(|(a, b)| a.intersect(*b).area() > 1e-6 * a.area().min(b.area()))
}

fn local(gradient: &Paint, transform: Affine) -> Option<Paint> {
    let inverse = transform.inverse();
    if !inverse.is_finite() {
        return None;
    }
    let mut local = gradient.clone();
    local.apply_affine(inverse);
    Some(local)
}

/// A paint with the opacities of a gradient.
fn product(paint: &Paint, gradient: &Paint) -> Option<Paint> {
    match (paint, gradient) {
        (_, Paint::Solid(_)) => None,
        (Paint::Solid(color), _) => {
            let mut out = gradient.clone();
            edit_stops(&mut out, |stops| {
                let stops = stops.iter().map(|stop| GradientStop {
                    color: *color,
                    ..*stop
                });
                stops.collect()
            });
            Some(out)
        }
        (Paint::Linear(colors), Paint::Linear(opacities)) => {
            along_one_line(colors, opacities).map(Paint::Linear)
        }
        (Paint::Radial(colors), Paint::Radial(opacities)) => {
            let mut plain = opacities.clone();
            plain.stops.clone_from(&colors.stops);
            // The same geometry with other stops.
            (plain == *colors).then(|| {
                let mut out = colors.clone();
                out.stops = combined(&colors.stops, &opacities.stops, |at| at, |at| at);
                Paint::Radial(out)
            })
        }
        _ => None,
    }
}

/// The product of two linear gradients in one direction.
fn along_one_line(colors: &LinearGradient, opacities: &LinearGradient) -> Option<LinearGradient> {
    let [first, second] = [colors, opacities].map(|gradient| gradient.end - gradient.start);
    let is_plain = |gradient: &LinearGradient| {
        gradient.transform == Affine::IDENTITY && gradient.spread == Spread::Pad
    };
    let lengths = first.hypot() * second.hypot();
    let are_alike = is_plain(colors)
        && is_plain(opacities)
        && lengths > 0.0
        && first.cross(second).abs() <= SAME_DIRECTION * lengths;
    if !are_alike {
        return None;
    }
    let direction: Vec2 = first / first.hypot();
    let place = |point: kurbo::Point| (point - colors.start).dot(direction);
    let ends = [
        (0.0, first.hypot()),
        (place(opacities.start), place(opacities.end)),
    ];
    let low = ends
        .iter()
        .fold(f64::INFINITY, |low, (a, b)| low.min(a.min(*b)));
    let high = ends
        .iter()
        .fold(f64::NEG_INFINITY, |high, (a, b)| high.max(a.max(*b)));
    if high.is_nan() || high <= low {
        return None;
    }
    // From offsets of the new gradient to those of the old ones.
    let offset = |(start, end): (f64, f64)| {
        move |at: f32| ((low + f64::from(at) * (high - low) - start) / (end - start)) as f32
    };
    let [to_colors, to_opacities] = ends.map(offset);
    let back = |(start, end): (f64, f64)| {
        move |at: f32| ((start + f64::from(at) * (end - start) - low) / (high - low)) as f32
    };
    let [from_colors, from_opacities] = ends.map(back);
    let mut places: Vec<f32> = colors
        .stops
        .iter()
        .map(|stop| from_colors(stop.offset))
        .collect();
    places.extend(
        opacities
            .stops
            .iter()
            .map(|stop| from_opacities(stop.offset)),
    );
    let stops = at_places(
        places,
        &colors.stops,
        &opacities.stops,
        to_colors,
        to_opacities,
    );
    Some(LinearGradient {
        start: colors.start + direction * low,
        end: colors.start + direction * high,
        stops,
        ..colors.clone()
    })
}

fn combined(
    colors: &[GradientStop],
    opacities: &[GradientStop],
    to_colors: impl Fn(f32) -> f32,
    to_opacities: impl Fn(f32) -> f32,
) -> Vec<GradientStop> {
    let places = colors
        .iter()
        .chain(opacities)
        .map(|stop| stop.offset)
        .collect();
    at_places(places, colors, opacities, to_colors, to_opacities)
}

/// The product of two lists of stops at places, and between them.
fn at_places(
    mut places: Vec<f32>,
    colors: &[GradientStop],
    opacities: &[GradientStop],
    to_colors: impl Fn(f32) -> f32,
    to_opacities: impl Fn(f32) -> f32,
) -> Vec<GradientStop> {
    places.retain(|at| (0.0..=1.0).contains(at));
    places.sort_by(f32::total_cmp);
    places.dedup_by(|a, b| (*a - *b).abs() < 1e-5);
    let between: Vec<f32> = places
        .windows(2)
        .flat_map(|pair| {
            let [start, end] = [pair.first(), pair.last()].map(|at| at.copied().unwrap_or(0.0));
            (1..PIECES).map(move |step| start + (end - start) * f32::from(step) / f32::from(PIECES))
        })
        .collect();
    places.extend(between);
    places.sort_by(f32::total_cmp);
    let stop = |at: &f32| {
        let (color, opacity) = sample(colors, to_colors(*at));
        let (_, factor) = sample(opacities, to_opacities(*at));
        GradientStop {
            offset: *at,
            color,
            opacity: opacity * factor,
        }
    };
    places.iter().map(stop).collect()
}

/// Colour and opacity of a gradient at an offset; beyond its ends they go on.
fn sample(stops: &[GradientStop], at: f32) -> (Color, f32) {
    let after = stops.iter().position(|stop| stop.offset > at);
    let (before, after) = match after {
        Some(0) => (stops.first(), stops.first()),
        Some(index) => (stops.get(index - 1), stops.get(index)),
        None => (stops.last(), stops.last()),
    };
    let (Some(before), Some(after)) = (before, after) else {
        return (Color::BLACK, 1.0);
    };
    let length = after.offset - before.offset;
    let share = if length > 0.0 {
        ((at - before.offset) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let mix = |a: f32, b: f32| a + (b - a) * share;
    let color = Color::new(
        mix(before.color.red, after.color.red),
        mix(before.color.green, after.color.green),
        mix(before.color.blue, after.color.blue),
    );
    (color, mix(before.opacity, after.opacity))
}

/// Stops whose colours are changed, with others between them until colours in between are within a
/// step of 255 of what the change makes of them.
pub(super) fn recolored(
    stops: &[GradientStop],
    change: &dyn Fn(Color) -> Color,
) -> Vec<GradientStop> {
    /// How often the way between two stops is halved at most.
    const DEPTH: u32 = 6;
    let changed = |stop: &GradientStop| GradientStop {
        color: change(stop.color),
        ..*stop
    };
    let mut out: Vec<GradientStop> = Vec::with_capacity(stops.len());
    for (index, stop) in stops.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| stops.get(before));
        if let Some(before) = before.filter(|before| before.color != stop.color) {
            between_changed(before, stop, &changed, DEPTH, &mut out);
        }
        out.push(changed(stop));
    }
    out
}

fn between_changed(
    before: &GradientStop,
    after: &GradientStop,
    changed: &dyn Fn(&GradientStop) -> GradientStop,
    depth: u32,
    out: &mut Vec<GradientStop>,
) {
    /// How far a colour in between may be off: half a step.
    const NEAR: f32 = 0.5 / 255.0;
    let at = |share: f32| {
        let offset = before.offset + (after.offset - before.offset) * share;
        let (color, opacity) = sample(&[*before, *after], offset);
        GradientStop {
            offset,
            color,
            opacity,
        }
    };
    let (first, last) = (changed(before).color, changed(after).color);
    let is_near = [0.25, 0.5, 0.75].into_iter().all(|share| {
        let right = changed(&at(share)).color;
        [
            (first.red, last.red, right.red),
            (first.green, last.green, right.green),
            (first.blue, last.blue, right.blue),
        ]
        .into_iter()
        .all(|(first, last, right)| (first + (last - first) * share - right).abs() <= NEAR)
    });
    if is_near || depth == 0 {
        return;
    }
    let middle = at(0.5);
    between_changed(before, &middle, changed, depth - 1, out);
    out.push(changed(&middle));
    between_changed(&middle, after, changed, depth - 1, out);
}

/// Stops with others between them where colour and opacity both change, whose product is then no
/// straight line.
pub(super) fn subdivided(stops: &[GradientStop]) -> Vec<GradientStop> {
    between(stops, PIECES, |before, after| {
        before.color != after.color && before.opacity != after.opacity
    })
}

fn between(
    stops: &[GradientStop],
    pieces: u8,
    is_cut: impl Fn(&GradientStop, &GradientStop) -> bool,
) -> Vec<GradientStop> {
    let mut out: Vec<GradientStop> = Vec::with_capacity(stops.len());
    for stop in stops {
        if let Some(before) = out.last().copied()
            && is_cut(&before, stop)
        {
            for step in 1..pieces {
                let share = f32::from(step) / f32::from(pieces);
                let offset = before.offset + (stop.offset - before.offset) * share;
                let (color, opacity) = sample(&[before, *stop], offset);
                out.push(GradientStop {
                    offset,
                    color,
                    opacity,
                });
            }
        }
        out.push(*stop);
    }
    out
}

/// Replaces the stops of a gradient.
pub(super) fn edit_stops(
    paint: &mut Paint,
    edit: impl FnOnce(&[GradientStop]) -> Vec<GradientStop>,
) {
    match paint {
        Paint::Solid(_) => {}
        Paint::Linear(gradient) => gradient.stops = edit(&gradient.stops),
        Paint::Radial(gradient) => gradient.stops = edit(&gradient.stops),
    }
}
