//! Soft shadows and glows of a picture with transparency: found where opacity falls to nothing
//! smoothly, drawn as few shapes with a gradient of opacity, and taken out of the picture in which
//! regions are looked for. What is even, or ends in an edge, is a region's business.

mod ellipses;
mod levels;
mod patches;
mod profile;
mod simplex;

use chat2svg_stop::Stop;
use chat2svg_vector::Color;
use kurbo::{Point, Rect, Shape as _};

use crate::{
    found_shape::FoundShape,
    neighbours::{around, connected, square},
    picture::{Picture, Pixel},
    translucent::FoundPaint,
};

/// Alpha above which a pixel is seen, and from which it is no shadow's.
const LEAST: f32 = 0.002;
const LARGEST: f32 = 0.9;
/// Most by which alpha differs from one pixel of a shadow to the next, at all and as a share of the
/// largest nearby: what is sharper is an edge.
const STEEPEST: f32 = 0.12;
const STEEPEST_SHARE: f32 = 0.33;
const NEARBY: usize = 4;
/// Fewest pixels of a shadow, and of a part of one that something divides.
const LEAST_AREA: usize = 150;
const LEAST_PART: usize = 16;
/// Most shadows that are looked at.
const MOST_SHADOWS: usize = 12;
/// Alpha that a shadow reaches at least.
const LEAST_DARK: f32 = 0.08;
/// Alpha of a shadow's pixels beside its rim, and how many may be above:
/// some shadows are cut off by the canvas.
const FADED: f32 = 0.05;
const MOST_UNFADED: f64 = 0.3;
/// Alpha that no shadow has so few pixels beside nothing: what has ends in an edge.
const CUT: f32 = 0.2;
const EDGE: usize = 3;
/// Share of a shadow's pixels that have about half of its largest alpha, or less.
const LEAST_SOFT: f64 = 0.08;
/// Alpha from which eight bits leave something of a colour, and by how much colours may differ.
const READABLE: f32 = 0.06;
const ONE_COLOR: f64 = 0.08;
/// How far rounding moves the sides of a box, in pixels.
const ROUNDING: f64 = 0.15;
/// Samples of a shadow.
const MOST_SAMPLES: usize = 1500;
/// The same of all shadows together, and fewest of one.
const ALL_SAMPLES: usize = 9000;
const LEAST_SAMPLES: usize = 500;
/// Root of the mean squared error of alpha in a shadow that is as good as none.
const CLOSE: f64 = 0.008;
/// The same over the whole picture, below which nobody sees it (44 dB), and above which a shadow is
/// drawn otherwise (36.5 dB).
const UNSEEN: f64 = 0.0063;
const SEEN: f64 = 0.015;
/// The same as a share of the shadow's largest alpha, above which its form is another one.
const MISSHAPEN: f64 = 0.04;
/// How far around a shadow nothing may be drawn, as a share of its sides.
const MARGIN: f64 = 0.25;
/// Share of the ellipses' error that the parts of a rectangle must have at most: ellipses bulge
/// where a card does not.
const MUCH_NEARER: f64 = 0.75;
/// Most ellipses of a shadow, and how many are tried before a rectangle is.
const MOST_ELLIPSES: usize = 6;
const PAIR: usize = 2;
/// Alpha of what is left beside a shadow that is nothing, and how far beside, in pixels.
const LEFT: f32 = 0.25;
const BESIDE: usize = 2;

/// The shadows of a picture, and the picture without them.
#[derive(Clone, Debug)]
pub struct Shadows {
    /// Shapes that lie below all others, in pixels.
    pub shapes: Vec<FoundShape>,
    /// The picture without them.
    pub rest: Picture,
}

impl Shadows {
    /// Whether one of them has this box.
    pub fn have(&self, bounds: Option<Rect>) -> bool {
        bounds.is_some_and(|bounds| {
            self.shapes.iter().any(|shape| {
                let own = shape.path.bounding_box();
                let sides = |of: Rect| [of.x0, of.y0, of.x1, of.y1];
                let pairs = sides(own).into_iter().zip(sides(bounds));
                pairs.into_iter().all(|(a, b)| (a - b).abs() <= ROUNDING)
            })
        })
    }
}

/// How opaque a shadow is at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    place: Point,
    alpha: f64,
}

/// What a shadow may be drawn as: shapes, each with how opaque it is at any place.
trait Model {
    /// How opaque all shapes together are.
    fn alpha(&self, place: Point) -> f64;
    fn shapes(&self, color: Color) -> Vec<FoundShape>;
}

/// The soft shadows of a picture with transparency, as far as there is time to look; `None` when it
/// has none.
pub fn shadows_of(picture: &Picture, stop: &Stop) -> Option<Shadows> {
    if picture.is_opaque {
        return None;
    }
    let mut shapes = Vec::new();
    let mut rest = picture.clone();
    let mut parts = soft_parts(picture);
    parts.truncate(MOST_SHADOWS);
    let most_samples = (ALL_SAMPLES / parts.len().max(1)).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    for pixels in parts {
        let Some((model, color)) = model_of(picture, &pixels, most_samples, stop) else {
            continue;
        };
        take_out(&mut rest, &*model, color, &pixels);
        shapes.extend(model.shapes(color));
    }
    (!shapes.is_empty()).then_some(Shadows { shapes, rest })
}

/// A shape of one paint.
fn shape(path: kurbo::BezPath, paint: chat2svg_vector::Paint) -> FoundShape {
    FoundShape {
        region: 0,
        path,
        paint: FoundPaint {
            paint,
            opacity: 1.0,
        },
        is_backdrop: false,
        depth: None,
    }
}

/// The connected pixels that may each be a shadow, largest first.
fn soft_parts(picture: &Picture) -> Vec<Vec<usize>> {
    let alpha = |index: usize| picture.pixels[index][3];
    let steepest = |index: usize| {
        let nearby = square(picture.size(), index, NEARBY).map(alpha);
        let most = nearby.filter(|alpha| *alpha < LARGEST).fold(0.0, f32::max);
        STEEPEST.max(STEEPEST_SHARE * most)
    };
    let open = (0..picture.pixels.len())
        .map(|index| {
            (LEAST..LARGEST).contains(&alpha(index))
                && around(picture.size(), index).all(|near| alpha(near) < LARGEST)
                && around(picture.size(), index)
                    .all(|near| (alpha(near) - alpha(index)).abs() <= steepest(index))
        })
        .collect();
    let mut parts = connected(open, |index| around(picture.size(), index));
    parts.retain(|part| part.len() >= LEAST_PART);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    joined(picture, parts)
}

/// Parts with those of one colour that lie within their box: what casts a shadow may divide it.
fn joined(picture: &Picture, parts: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut found: Vec<(Vec<usize>, Rect, Color)> = Vec::new();
    for part in parts {
        let Some(color) = one_color(picture, &part) else {
            continue;
        };
        let bounds = bounds(part.iter().map(|index| middle(picture, *index)));
        let own = found.iter_mut().find(|(_, around, other)| {
            let off = [
                color.red - other.red,
                color.green - other.green,
                color.blue - other.blue,
            ];
            around.union(bounds) == *around
                && off.iter().all(|off| f64::from(off.abs()) <= ONE_COLOR)
        });
        match own {
            Some((whole, ..)) => whole.extend(part),
            None if part.len() >= LEAST_AREA => found.push((part, bounds, color)),
            None => {}
        }
    }
    found.into_iter().map(|(part, ..)| part).collect()
}

/// The least box around some places.
fn bounds(places: impl IntoIterator<Item = Point>) -> Rect {
    let mut places = places.into_iter();
    let first = places.next().unwrap_or_default();
    places.fold(Rect::from_points(first, first), |all, place| {
        all.union_pt(place)
    })
}

/// Whether nothing is seen near a pixel.
fn is_near_nothing(picture: &Picture, index: usize) -> bool {
    square(picture.size(), index, EDGE).any(|near| picture.pixels[near][3] < LEAST)
}

/// What draws the shadow that some pixels are, and its colour; `None` when they are none.
fn model_of(
    picture: &Picture,
    pixels: &[usize],
    most_samples: usize,
    stop: &Stop,
) -> Option<(Box<dyn Model>, Color)> {
    let alpha = |index: usize| picture.pixels[index][3];
    let darkest = pixels.iter().map(|index| alpha(*index)).fold(0.0, f32::max);
    let (mut at_rim, mut unfaded, mut soft) = (0_usize, 0_usize, 0_usize);
    for index in pixels {
        soft += usize::from(alpha(*index) <= 0.6 * darkest);
        let is_rim = is_at_edge(picture, *index)
            || around(picture.size(), *index).any(|near| alpha(near) < LEAST);
        // The pixels of an edge are none of the shadow's.
        let is_cut = alpha(*index) > CUT && is_near_nothing(picture, *index);
        at_rim += usize::from(is_rim || is_cut);
        let inside = around(picture.size(), *index)
            .map(alpha)
            .fold(alpha(*index), f32::max);
        unfaded += usize::from(is_cut || (is_rim && inside > FADED));
    }
    let is_soft = darkest >= LEAST_DARK
        && at_rim > 0
        && unfaded as f64 <= MOST_UNFADED * at_rim as f64
        && soft as f64 >= LEAST_SOFT * pixels.len() as f64;
    let color = is_soft.then(|| one_color(picture, pixels)).flatten()?;
    let samples = samples(picture, pixels, most_samples);
    let own = samples.iter().filter(|sample| sample.alpha > 0.0).count() as f64;
    let error = |model: &dyn Model| {
        let offs = samples
            .iter()
            .map(|sample| model.alpha(sample.place) - sample.alpha);
        (offs.map(|off| off * off).sum::<f64>() / own).sqrt()
    };
    // What one sees of an error is that of the whole picture, if the form is right.
    let share = (pixels.len() as f64 / picture.pixels.len() as f64).sqrt();
    let formed = MISSHAPEN * f64::from(darkest);
    let enough = |found: &Vec<ellipses::Ellipse>| {
        let off = error(found);
        off <= CLOSE || (share * off <= UNSEEN && off <= formed)
    };
    let is_near = |off: f64| share * off <= SEEN && off <= formed;
    let one = ellipses::one(&samples, stop, enough)?;
    let two = ellipses::more(&samples, one, PAIR, stop, enough);
    // Before more are looked for: with as many parts they would come as near where the shadow is
    // seen, and go on otherwise than it does where it is hidden.
    if two.len() > 1
        && let Some(patches) = patches::of(&samples)
    {
        let [off, of_two] = [error(&patches), error(&two)];
        let is_nearer = off < of_two * MUCH_NEARER || (is_near(off) && !is_near(of_two));
        if share * off <= SEEN && is_nearer {
            return Some((Box::new(patches), color));
        }
    }
    let ellipses = ellipses::more(&samples, two, MOST_ELLIPSES, stop, enough);
    if is_near(error(&ellipses)) {
        return Some((Box::new(ellipses), color));
    }
    let levels = levels::of(picture, pixels);
    (share * error(&levels) <= SEEN).then_some((Box::new(levels), color))
}

/// Some of a shadow's pixels, and of those around it in which nothing is seen.
fn samples(picture: &Picture, pixels: &[usize], most: usize) -> Vec<Sample> {
    let [width, height] = picture.size();
    let own = bounds(pixels.iter().map(|index| middle(picture, *index)));
    let wide = own.inflate(MARGIN * own.width() + 1.0, MARGIN * own.height() + 1.0);
    let columns = wide.x0.max(0.0) as usize..(wide.x1.ceil() as usize).min(width);
    let rows = wide.y0.max(0.0) as usize..(wide.y1.ceil() as usize).min(height);
    let near = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
    let empty = near.filter(|index| picture.pixels[*index][3] < LEAST);
    let all: Vec<usize> = pixels.iter().copied().chain(empty).collect();
    let stride = all.len().div_ceil(most).max(1);
    let sample = |index: &usize| Sample {
        place: middle(picture, *index),
        alpha: f64::from(picture.pixels[*index][3]),
    };
    all.iter().step_by(stride).map(sample).collect()
}

/// Whether a pixel lies at the edge of the canvas.
fn is_at_edge(picture: &Picture, index: usize) -> bool {
    let (x, y) = (index % picture.width, index / picture.width);
    x == 0 || y == 0 || x + 1 == picture.width || y + 1 == picture.height
}

fn middle(picture: &Picture, index: usize) -> Point {
    Point::new(
        (index % picture.width) as f64 + 0.5,
        (index / picture.width) as f64 + 0.5,
    )
}

/// The one colour of some pixels, if it is one.
fn one_color(picture: &Picture, pixels: &[usize]) -> Option<Color> {
    let (mut sums, mut squares, mut weight) = ([0.0_f64; 3], [0.0_f64; 3], 0.0_f64);
    for index in pixels {
        let [red, green, blue, alpha] = picture.pixels[*index];
        if alpha < READABLE {
            continue;
        }
        weight += f64::from(alpha);
        for (axis, value) in [red, green, blue].into_iter().enumerate() {
            let own = f64::from(value / alpha);
            sums[axis] += f64::from(alpha) * own;
            squares[axis] += f64::from(alpha) * own * own;
        }
    }
    if weight <= 0.0 {
        return None;
    }
    let spread: f64 = (0..3)
        .map(|axis| squares[axis] / weight - (sums[axis] / weight).powi(2))
        .sum();
    let [red, green, blue] = sums.map(|sum| (sum / weight).clamp(0.0, 1.0) as f32);
    ((spread / 3.0).max(0.0).sqrt() <= ONE_COLOR).then(|| Color::new(red, green, blue))
}

/// Takes what a shadow shows out of a picture: what is left lies over it.
fn take_out(rest: &mut Picture, model: &dyn Model, color: Color, pixels: &[usize]) {
    let mut is_own = vec![false; rest.pixels.len()];
    for index in pixels {
        is_own[*index] = true;
    }
    let mut is_beside = is_own.clone();
    for _ in 0..BESIDE {
        let before = is_beside.clone();
        for index in (0..before.len()).filter(|index| before[*index]) {
            for near in around(rest.size(), index) {
                is_beside[near] = true;
            }
        }
    }
    for index in 0..rest.pixels.len() {
        let below = model.alpha(middle(rest, index)) as f32;
        let pixel = rest.pixels[index];
        if is_own[index] {
            rest.pixels[index] = [0.0; 4];
            continue;
        }
        if below <= 0.0 || pixel[3] <= 0.0 {
            continue;
        }
        let own = ((pixel[3] - below) / (1.0 - below).max(1e-3)).clamp(0.0, 1.0);
        rest.pixels[index] = if is_beside[index] && own < LEFT {
            [0.0; 4]
        } else {
            let through = (1.0 - own) * below;
            let left = |value: f32, shade: f32| (value - through * shade).clamp(0.0, own);
            let [red, green, blue, _]: Pixel = pixel;
            [
                left(red, color.red),
                left(green, color.green),
                left(blue, color.blue),
                own,
            ]
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 120;

    fn picture(pixel: impl Fn(f64, f64) -> Pixel) -> Picture {
        Picture {
            width: WIDTH,
            height: HEIGHT,
            pixels: (0..WIDTH * HEIGHT)
                .map(|i| pixel((i % WIDTH) as f64 + 0.5, (i / WIDTH) as f64 + 0.5))
                .collect(),
            is_opaque: false,
        }
    }

    /// About the strength of a blurred edge.
    fn edge(off: f64) -> f64 {
        1.0 / (1.0 + (1.7 * off / 6.0).exp())
    }

    fn ink(alpha: f64) -> Pixel {
        [0.0, 0.0, 0.1 * alpha as f32, alpha as f32]
    }

    #[test]
    fn a_round_shadow_is_one_shape_and_what_lies_over_it_stays() {
        let round = |x: f64, y: f64| 0.5 * edge((x - 80.0).hypot(y - 64.0) - 32.0);
        let found = picture(|x, y| {
            let card = (30.5 - (x - 80.0).hypot(y - 58.0)).clamp(0.0, 1.0);
            let below = ink(round(x, y) * (1.0 - card));
            std::array::from_fn(|i| below[i] + (card as f32) * [0.9, 0.5, 0.1, 1.0][i])
        });
        let shadows = shadows_of(&found, &Stop::never()).expect("has one");
        assert_eq!(shadows.shapes.len(), 1);
        let at = |x: usize, y: usize| shadows.rest.pixels[y * WIDTH + x];
        assert_eq!(at(80, 100), [0.0; 4]);
        assert!((at(80, 58)[0] - 0.9).abs() < 0.01 && at(80, 58)[3] > 0.99);
    }

    #[test]
    fn a_card_has_a_shadow_of_few_shapes_whatever_its_size() {
        for [x0, y0, x1, y1] in [[40.0, 40.0, 110.0, 85.0], [20.0, 22.0, 140.0, 96.0]] {
            let side = |at: f64, low: f64, high: f64| edge(low - at) * edge(at - high);
            let shade = |x: f64, y: f64| 0.4 * side(x, x0, x1) * side(y, y0, y1);
            let is_card =
                |x: f64, y: f64| (x0..x1).contains(&x) && (y0 - 5.0..y1 - 5.0).contains(&y);
            let found = picture(|x, y| match is_card(x, y) {
                true => [1.0; 4],
                false => ink(shade(x, y)),
            });
            let shadows = shadows_of(&found, &Stop::never()).expect("has one");
            assert!(shadows.shapes.len() <= 6, "{}", shadows.shapes.len());
            assert!(
                shadows
                    .rest
                    .pixels
                    .iter()
                    .all(|p| p[3] < LEAST || p[3] > 0.9)
            );
        }
    }

    /// How far a picture of a shadow is from what the shapes found for it would show, and how many
    /// these are.
    fn drawn(alpha: impl Fn(f64, f64) -> f64) -> (f64, usize) {
        let found = picture(|x, y| ink(alpha(x, y)));
        let part = soft_parts(&found).swap_remove(0);
        let (model, color) =
            model_of(&found, &part, MOST_SAMPLES, &Stop::never()).expect("is a shadow");
        let offs = (0..found.pixels.len()).map(|index| {
            let off = model.alpha(middle(&found, index)) - f64::from(found.pixels[index][3]);
            off * off
        });
        let error = (offs.sum::<f64>() / found.pixels.len() as f64).sqrt();
        (error, model.shapes(color).len())
    }

    #[test]
    fn a_soft_star_is_few_gradients() {
        let (error, count) = drawn(|x, y| {
            let (x, y) = (x - 80.0, y - 60.0);
            let wave = 1.0 + 0.22 * (5.0 * y.atan2(x)).cos();
            0.5 * edge(1.2 * (x.hypot(y) - 32.0 * wave))
        });
        assert!(error < 0.016 && count <= 6, "{error}, {count}");
    }

    #[test]
    fn a_slanted_card_with_a_narrow_edge_keeps_its_form() {
        let (error, count) = drawn(|x, y| {
            let (x, y) = (x - 80.0, y - 60.0);
            let (along, across) = (0.9 * x + 0.44 * y, 0.9 * y - 0.44 * x);
            let sides = [along.abs() - 45.0, across.abs() - 26.0];
            0.6 * edge(3.0 * sides[0]) * edge(3.0 * sides[1])
        });
        assert!(error < 0.012 && count <= 12, "{error}, {count}");
    }

    #[test]
    fn what_a_ring_leaves_of_its_shadow_is_one_shadow() {
        let off = |x: f64, y: f64, low: f64| ((x - 80.0).hypot(y - low) - 30.0).abs() - 7.0;
        let found = picture(|x, y| match off(x, y, 56.0) < 0.0 {
            true => [0.8, 0.8, 0.2, 1.0],
            false => ink(0.5 * edge(off(x, y, 60.0))),
        });
        let shadows = shadows_of(&found, &Stop::never()).expect("has one");
        assert_eq!(shadows.shapes.len(), 1);
    }

    #[test]
    fn a_faint_edge_is_no_shadow() {
        let card =
            |at: f64, side: f64| (side - 12.3 - at).clamp(0.0, 1.0) * (at - 11.8).clamp(0.0, 1.0);
        let found = picture(|x, y| {
            let cover = card(x, WIDTH as f64) * card(y, HEIGHT as f64);
            let round = 1.0 - ((x - 80.0).hypot(y - 60.0) / 58.0).min(0.88);
            ink(round * cover)
        });
        assert!(shadows_of(&found, &Stop::never()).is_none());
    }

    #[test]
    fn what_is_even_or_ends_in_an_edge_is_no_shadow() {
        let even = picture(|x, y| {
            ink(if (x - 80.0).hypot(y - 60.0) < 40.0 {
                0.4
            } else {
                0.0
            })
        });
        assert!(shadows_of(&even, &Stop::never()).is_none());
        let ramp = picture(|x, y| match (20.0..100.0).contains(&y) {
            true => ink(0.8 * x / WIDTH as f64),
            false => ink(0.0),
        });
        assert!(shadows_of(&ramp, &Stop::never()).is_none());
        let opaque = picture(|_, _| [0.5, 0.5, 0.5, 1.0]);
        assert!(shadows_of(&opaque, &Stop::never()).is_none());
    }
}
