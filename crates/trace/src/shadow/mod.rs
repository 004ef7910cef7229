//! Soft shadows and glows of a picture, on nothing or on an even ground: found where opacity falls
//! to nothing smoothly, drawn as few shapes with a gradient of opacity, and taken out of the
//! picture in which regions are looked for. What is even, or ends in an edge, is a region's
//! business.

mod ellipses;
mod ground;
mod levels;
mod patches;
mod profile;
mod simplex;

use chat2svg_stop::Stop;
use chat2svg_vector::Color;
use kurbo::{Point, Rect, Shape as _};

use crate::{
    found_shape::FoundShape,
    neighbours::{around, connected, is_at_rim, mask, square},
    picture::{Picture, Pixel},
    translucent::FoundPaint,
};
use ground::Ground;

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
/// drawn otherwise (36.5 dB); on an opaque ground regions may show it, so that it must be unseen.
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
    /// Shapes that lie below all others but an opaque ground, in pixels.
    pub shapes: Vec<FoundShape>,
    /// What lies next over them, of the ground's colour, as a white card on a white page.
    pub plates: Vec<FoundShape>,
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

/// The soft shadows of a picture, as far as there is time to look; `None` when it has none.
pub fn shadows_of(picture: &Picture, stop: &Stop) -> Option<Shadows> {
    let (ground, most_seen) = if picture.is_opaque {
        (Some(Ground::of(picture)?), UNSEEN)
    } else {
        (None, SEEN)
    };
    let picture = ground.as_ref().map_or(picture, |ground| &ground.clear);
    let mut shapes = Vec::new();
    let mut rest = picture.clone();
    let is_seen = |pixel: &Pixel| if pixel[3] > 0.0 { 1.0 } else { 0.0 };
    let mut cover: Vec<f32> = picture.pixels.iter().map(is_seen).collect();
    let mut parts = soft_parts(picture);
    parts.truncate(MOST_SHADOWS);
    let most_samples = (ALL_SAMPLES / parts.len().max(1)).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    for pixels in parts {
        let found = model_of(picture, &pixels, (most_samples, most_seen), stop);
        let Some((model, color)) = found else {
            continue;
        };
        take_out(
            (&mut rest, &mut cover),
            (&*model, color),
            &pixels,
            ground.as_ref(),
        );
        shapes.extend(model.shapes(color));
    }
    if shapes.is_empty() {
        return None;
    }
    let mut plates = Vec::new();
    if let Some(ground) = &ground {
        rest = ground.beneath(&rest);
        plates = ground.plates(&cover);
    }
    Some(Shadows {
        shapes,
        plates,
        rest,
    })
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
        let bounds = bounds(part.iter().map(|index| picture.center_of(*index)));
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

/// What draws the shadow that some pixels are, and its colour; `None` when they are none, or an
/// error above `most_seen` is left.
fn model_of(
    picture: &Picture,
    pixels: &[usize],
    (most_samples, most_seen): (usize, f64),
    stop: &Stop,
) -> Option<(Box<dyn Model>, Color)> {
    let alpha = |index: usize| picture.pixels[index][3];
    let darkest = pixels.iter().map(|index| alpha(*index)).fold(0.0, f32::max);
    let (mut at_rim, mut unfaded, mut soft) = (0_usize, 0_usize, 0_usize);
    for index in pixels {
        soft += usize::from(alpha(*index) <= 0.6 * darkest);
        let is_rim = is_at_rim(picture.size(), *index)
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
    let is_near = |off: f64| share * off <= most_seen && off <= formed;
    let one = ellipses::one(&samples, stop, enough)?;
    let two = ellipses::more(&samples, one, PAIR, stop, enough);
    // Before more are looked for: with as many parts they would come as near where the shadow is
    // seen, and go on otherwise than it does where it is hidden.
    if two.len() > 1
        && let Some(patches) = patches::of(&samples)
    {
        let [off, of_two] = [error(&patches), error(&two)];
        let is_nearer = off < of_two * MUCH_NEARER || (is_near(off) && !is_near(of_two));
        if share * off <= most_seen && is_nearer {
            return Some((Box::new(patches), color));
        }
    }
    let ellipses = ellipses::more(&samples, two, MOST_ELLIPSES, stop, enough);
    if is_near(error(&ellipses)) {
        return Some((Box::new(ellipses), color));
    }
    let levels = levels::of(picture, pixels);
    (share * error(&levels) <= most_seen).then_some((Box::new(levels), color))
}

/// Some of a shadow's pixels, and of those around it in which nothing is seen.
fn samples(picture: &Picture, pixels: &[usize], most: usize) -> Vec<Sample> {
    let [width, height] = picture.size();
    let own = bounds(pixels.iter().map(|index| picture.center_of(*index)));
    let wide = own.inflate(MARGIN * own.width() + 1.0, MARGIN * own.height() + 1.0);
    let columns = wide.x0.max(0.0) as usize..(wide.x1.ceil() as usize).min(width);
    let rows = wide.y0.max(0.0) as usize..(wide.y1.ceil() as usize).min(height);
    let near = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
    let empty = near.filter(|index| picture.pixels[*index][3] < LEAST);
    let all: Vec<usize> = pixels.iter().copied().chain(empty).collect();
    let stride = all.len().div_ceil(most).max(1);
    let sample = |index: &usize| Sample {
        place: picture.center_of(*index),
        alpha: f64::from(picture.pixels[*index][3]),
    };
    all.iter().step_by(stride).map(sample).collect()
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

/// Takes what a shadow shows out of a picture: what is left lies over it. `cover` is which share of
/// each pixel does.
fn take_out(
    (rest, cover): (&mut Picture, &mut [f32]),
    (model, color): (&dyn Model, Color),
    pixels: &[usize],
    ground: Option<&Ground>,
) {
    let is_own = mask(rest.pixels.len(), pixels);
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
        let below = model.alpha(rest.center_of(index)) as f32;
        let pixel = rest.pixels[index];
        if is_own[index] {
            rest.pixels[index] = [0.0; 4];
            cover[index] = 0.0;
            continue;
        }
        if below <= 0.0 || pixel[3] <= 0.0 {
            continue;
        }
        if let Some(ground) = ground.filter(|_| pixel[3] >= 1.0) {
            if is_beside[index]
                && let Some((clear, share)) = ground.unshaded(index, &is_beside, (color, below))
            {
                rest.pixels[index] = clear;
                cover[index] = share;
            }
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
mod tests;
