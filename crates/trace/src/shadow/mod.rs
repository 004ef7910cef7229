//! Soft shadows and glows of a picture with transparency: found where opacity falls to nothing
//! smoothly, drawn as few shapes with a gradient of opacity, and taken out of the picture in which
//! regions are looked for. What is even, or ends in an edge, is a region's business.

mod ellipses;
mod patches;
mod profile;
mod simplex;

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
/// Most by which alpha differs from one pixel of a shadow to the next.
const STEEPEST: f32 = 0.12;
/// Fewest pixels of a shadow.
const LEAST_AREA: usize = 150;
/// Most shadows that are looked at.
const MOST_SHADOWS: usize = 12;
/// Alpha that a shadow reaches at least.
const LEAST_DARK: f32 = 0.08;
/// Alpha of a shadow's pixels beside those in which nothing is seen, and how many may be above:
/// some shadows are cut off by the canvas.
const FADED: f32 = 0.05;
const MOST_UNFADED: f64 = 0.3;
/// Alpha that no shadow has so few pixels beside nothing: what has ends in an edge.
const CUT: f32 = 0.2;
const EDGE: usize = 3;
/// Share of a shadow's pixels that have about half of its largest alpha, or less.
const LEAST_SOFT: f64 = 0.25;
/// Alpha from which eight bits leave something of a colour, and by how much colours may differ.
const READABLE: f32 = 0.06;
const ONE_COLOR: f64 = 0.08;
/// How far rounding moves the sides of a box, in pixels.
const ROUNDING: f64 = 0.15;
/// Samples of a shadow.
const MOST_SAMPLES: usize = 2500;
/// Root of the mean squared error of alpha in a shadow that is as good as none.
const CLOSE: f64 = 0.008;
/// The same over the whole picture, below which nobody sees it (44 dB), and above which a shadow is
/// drawn otherwise (36.5 dB).
const UNSEEN: f64 = 0.0063;
const SEEN: f64 = 0.015;
/// Share of two ellipses' error that many shapes must have at most: two bulge where a card does
/// not.
const MUCH_NEARER: f64 = 0.75;
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

/// The soft shadows of a picture with transparency; `None` when it has none.
pub fn shadows_of(picture: &Picture) -> Option<Shadows> {
    if picture.is_opaque {
        return None;
    }
    let mut shapes = Vec::new();
    let mut rest = picture.clone();
    for pixels in soft_parts(picture).into_iter().take(MOST_SHADOWS) {
        let Some((model, color)) = model_of(picture, &pixels) else {
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
    let open = (0..picture.pixels.len())
        .map(|index| {
            (LEAST..LARGEST).contains(&alpha(index))
                && around(picture.size(), index).all(|near| {
                    alpha(near) < LARGEST && (alpha(near) - alpha(index)).abs() <= STEEPEST
                })
        })
        .collect();
    let mut parts = connected(open, |index| around(picture.size(), index));
    parts.retain(|part| part.len() >= LEAST_AREA);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

/// Whether nothing is seen near a pixel.
fn is_near_nothing(picture: &Picture, index: usize) -> bool {
    square(picture.size(), index, EDGE).any(|near| picture.pixels[near][3] < LEAST)
}

/// What draws the shadow that some pixels are, and its colour; `None` when they are none.
fn model_of(picture: &Picture, pixels: &[usize]) -> Option<(Box<dyn Model>, Color)> {
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
        unfaded += usize::from(is_cut || (is_rim && alpha(*index) > FADED));
    }
    let is_soft = darkest >= LEAST_DARK
        && at_rim > 0
        && unfaded as f64 <= MOST_UNFADED * at_rim as f64
        && soft as f64 >= LEAST_SOFT * pixels.len() as f64;
    let color = is_soft.then(|| one_color(picture, pixels)).flatten()?;
    let stride = pixels.len().div_ceil(MOST_SAMPLES).max(1);
    let sample = |index: &usize| Sample {
        place: middle(picture, *index),
        alpha: f64::from(alpha(*index)),
    };
    let samples: Vec<Sample> = pixels.iter().step_by(stride).map(sample).collect();
    let error = |model: &dyn Model| {
        let offs = samples
            .iter()
            .map(|sample| model.alpha(sample.place) - sample.alpha);
        (offs.map(|off| off * off).sum::<f64>() / samples.len() as f64).sqrt()
    };
    // What one sees of an error is that of the whole picture.
    let share = (pixels.len() as f64 / picture.pixels.len() as f64).sqrt();
    let one = ellipses::one(&samples)?;
    let off = error(&one);
    if off <= CLOSE || share * off <= UNSEEN {
        return Some((Box::new(one), color));
    }
    let two = ellipses::two(&samples, &one);
    let patches = patches::of(&samples);
    let off = error(&two);
    let patches = patches.filter(|patches| error(patches) < off * MUCH_NEARER);
    let (model, off): (Box<dyn Model>, f64) = match patches {
        Some(patches) => (Box::new(patches), error(&patches)),
        None => (Box::new(two), off),
    };
    (share * off <= SEEN).then_some((model, color))
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
        let shadows = shadows_of(&found).expect("has one");
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
            let shadows = shadows_of(&found).expect("has one");
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

    #[test]
    fn what_is_even_or_ends_in_an_edge_is_no_shadow() {
        let even = picture(|x, y| {
            ink(if (x - 80.0).hypot(y - 60.0) < 40.0 {
                0.4
            } else {
                0.0
            })
        });
        assert!(shadows_of(&even).is_none());
        let ramp = picture(|x, y| match (20.0..100.0).contains(&y) {
            true => ink(0.8 * x / WIDTH as f64),
            false => ink(0.0),
        });
        assert!(shadows_of(&ramp).is_none());
        let opaque = picture(|_, _| [0.5, 0.5, 0.5, 1.0]);
        assert!(shadows_of(&opaque).is_none());
    }
}
