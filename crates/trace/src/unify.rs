//! Small shapes of nearly one colour as one path: the letters of a text, the dots of a pattern.
//! What lies above what stays as it was.

use chat2svg_vector::{ByteCost, Color, Paint};
use kurbo::{Rect, Shape as _};

use crate::{found_shape::FoundShape, translucent::FoundPaint};

/// Share of the canvas up to which a shape is small.
const SMALL: f64 = 0.01;
/// Most points of a path: more could not be edited.
const MOST_ELEMENTS: usize = 2000;

/// A path in the making: shapes of one level, whose boxes do not overlap.
struct Member {
    level: usize,
    area: f64,
    shape: FoundShape,
    /// Whether others may join it.
    is_small: bool,
}

/// Shapes, bottom first, with the small ones joined where the error of a common colour is less than
/// the bytes must save: `per_byte` of squared error each. `off_shade` is the weight of what makes
/// two colours no shades of each other on their ground.
pub(crate) fn unified(
    shapes: Vec<FoundShape>,
    canvas_area: f64,
    per_byte: f64,
    off_shade: f64,
) -> Vec<FoundShape> {
    let boxes: Vec<Rect> = shapes
        .iter()
        .map(|shape| shape.path.bounding_box())
        .collect();
    let mut levels: Vec<usize> = Vec::with_capacity(shapes.len());
    let mut grounds: Vec<Option<Color>> = Vec::with_capacity(shapes.len());
    for (index, own) in boxes.iter().enumerate() {
        let below = (0..index).filter(|other| boxes[*other].overlaps(*own));
        grounds.push(
            below
                .clone()
                .next_back()
                .and_then(|below| flat(&shapes[below].paint)),
        );
        levels.push(below.map(|other| levels[other] + 1).max().unwrap_or(0));
    }
    let mut members: Vec<Member> = Vec::new();
    let placed = levels.into_iter().zip(grounds).zip(boxes);
    for (shape, ((level, ground), bounds)) in shapes.into_iter().zip(placed) {
        let area = shape.path.area().abs();
        let color = flat(&shape.paint);
        let is_small = !shape.is_backdrop
            && color.is_some()
            && bounds.area() <= 4.0 * SMALL * canvas_area
            && area <= SMALL * canvas_area;
        let host = members
            .iter_mut()
            .filter(|host| host.level == level && host.is_small && is_small)
            .filter(|host| host.shape.path.elements().len() < MOST_ELEMENTS)
            .filter_map(|host| {
                let (color, host_color) = (color?, flat(&host.shape.paint)?);
                let apart = squared_distance(color, host_color)
                    + (off_shade - 1.0) * squared_off_shade(color, host_color, ground);
                let loss = apart * area * host.area / (area + host.area).max(1e-9);
                (loss <= per_byte * ByteCost::JOINED).then_some((loss, host))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match (host, color) {
            (Some((_, host)), Some(color)) => {
                host.shape
                    .path
                    .extend(shape.path.elements().iter().copied());
                if let Paint::Solid(own) = &mut host.shape.paint.paint {
                    *own = mixed(*own, host.area, color, area);
                }
                host.area += area;
            }
            _ => members.push(Member {
                level,
                area,
                shape,
                is_small,
            }),
        }
    }
    members.sort_by_key(|member| member.level);
    members.into_iter().map(|member| member.shape).collect()
}

/// The colour of an opaque even paint.
fn flat(paint: &FoundPaint) -> Option<Color> {
    match paint.paint {
        Paint::Solid(color) if paint.is_opaque() => Some(color),
        _ => None,
    }
}

fn squared_distance(a: Color, b: Color) -> f64 {
    let square = |a: f32, b: f32| f64::from(a - b).powi(2);
    square(a.red, b.red) + square(a.green, b.green) + square(a.blue, b.blue)
}

/// How far, squared, a colour is off the line from the ground through another: thin strokes of one
/// colour are its shades, mixtures with the ground.
fn squared_off_shade(color: Color, of: Color, ground: Option<Color>) -> f64 {
    let Some(ground) = ground else {
        return 0.0;
    };
    let minus =
        |a: Color, b: Color| [a.red - b.red, a.green - b.green, a.blue - b.blue].map(f64::from);
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let (apart, axis) = (minus(color, of), minus(of, ground));
    dot(apart, apart) - dot(apart, axis).powi(2) / dot(axis, axis).max(1e-9)
}

fn mixed(a: Color, weight_a: f64, b: Color, weight_b: f64) -> Color {
    let share = (weight_b / (weight_a + weight_b).max(1e-9)) as f32;
    let mix = |a: f32, b: f32| a + share * (b - a);
    Color::new(
        mix(a.red, b.red),
        mix(a.green, b.green),
        mix(a.blue, b.blue),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rect: Rect, grey: f32) -> FoundShape {
        FoundShape {
            region: 0,
            path: rect.to_path(0.1),
            paint: FoundPaint {
                paint: Paint::Solid(Color::new(grey, grey, grey)),
                opacity: 1.0,
            },
            is_backdrop: false,
            depth: None,
        }
    }

    #[test]
    fn letters_become_one_path_and_what_lies_on_them_stays_above() {
        let letter = |x: f64| Rect::new(x, 10.0, x + 6.0, 18.0);
        let counter = |x: f64| Rect::new(x + 2.0, 12.0, x + 4.0, 16.0);
        let mut shapes = vec![shape(Rect::new(0.0, 0.0, 100.0, 100.0), 1.0)];
        shapes.extend([10.0, 20.0, 30.0].map(|x| shape(letter(x), 0.1)));
        shapes.extend([10.0, 20.0, 30.0].map(|x| shape(counter(x), 1.0)));
        shapes.push(shape(letter(50.0), 0.9));
        let found = unified(shapes, 1e4, 0.01, 1.0);
        let parts = |shape: &FoundShape| shape.path.to_svg().matches('M').count();
        let parts: Vec<usize> = found.iter().map(parts).collect();
        // Ground, letters, the light letter, and last the counters.
        assert_eq!(parts, [1, 3, 1, 3]);
    }

    #[test]
    fn a_faint_stroke_joins_no_word_of_another_hue() {
        let word = |y: f64, color: Color| {
            let mut word = shape(Rect::new(10.0, y, 40.0, y + 8.0), 0.0);
            word.paint.paint = Paint::Solid(color);
            word
        };
        let parts = |off_shade: f64| {
            let shapes = vec![
                shape(Rect::new(0.0, 0.0, 200.0, 200.0), 0.1),
                word(10.0, Color::new(0.4, 0.6, 0.3)),
                word(30.0, Color::new(0.5, 0.5, 0.5)),
                word(50.0, Color::new(0.55, 0.55, 0.55)),
            ];
            unified(shapes, 4e4, 0.3, off_shade).len()
        };
        assert_eq!([parts(1.0), parts(4.0)], [2, 3]);
    }
}
