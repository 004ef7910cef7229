//! Parts of a picture that end at edges, each of one paint: icons and logos of few shapes with
//! gradients, opaque or not. A hierarchy of regions, which knows flat colours and straight
//! gradients only, would take a round one apart.

use std::collections::BTreeSet;

use chat2svg_vector::Paint;
use kurbo::{Affine, Point};

use crate::{
    exact::{Area, paint_of},
    found_shape::paint_in,
    neighbours::{around, beside, connected, mask, square},
    paint_fit::GradientThreshold,
    picture::{Picture, Pixel, is_painted, squared_distance},
    translucent::{FoundPaint, fit_pixels, shown_by},
};

/// Most by which a component differs from one pixel of a part to the next.
const STEEPEST: f32 = 0.08;
/// Fewest pixels of a part, and of one that is no even one as a matter of course.
const LEAST_PART: usize = 40;
const LARGE: usize = 150;
/// Pixels beside a border that may be soft, and that are where a part is narrow.
const BORDERS: [usize; 2] = [2, 1];
/// Pixels over which a gradient changes at least: else it is a soft border of two colours.
const LEAST_EXTENT: f64 = 3.0;
/// Most parts.
const MOST_PARTS: usize = 48;
/// Share of what is seen that must lie in parts.
const LEAST_COVERED: f64 = 0.75;
/// Share of a part that must be off its borders, where it is divided along them: there is nothing
/// narrow in it.
const LEAST_LEFT: f64 = 0.9;
/// By how much a component may be off its paint, and off an exact gradient, which may be steep; and
/// of how many of a part's pixels, and of one that is narrower than its borders are soft.
const CLOSE: f32 = 3.0 / 255.0;
const CLOSE_STEEP: f32 = 6.5 / 255.0;
const MOST_OFF: f64 = 0.02;
const MOST_OFF_NARROW: f64 = 0.2;

/// What a picture consists of.
pub(crate) struct SmoothParts {
    /// The part of each pixel; `None` where nothing is seen.
    pub(crate) labels: Vec<Option<u32>>,
    /// The picture with the borders between parts made steps.
    pub(crate) sharp: Vec<Pixel>,
    /// The paint of each part, in the picture's pixels.
    pub(crate) paints: Vec<FoundPaint>,
}

/// The parts of a picture that consists of smooth ones, some of them gradients; `None` of others.
pub(crate) fn smooth_parts(picture: &Picture, threshold: GradientThreshold) -> Option<SmoothParts> {
    let parts = painted_parts(picture, threshold)?;
    let is_gradient = |(_, found): &Part| !matches!(found.paint, Paint::Solid(_));
    if !parts.iter().any(is_gradient) {
        return None;
    }
    let mut labels = vec![None; picture.pixels.len()];
    for (label, (part, _)) in parts.iter().enumerate() {
        for index in part {
            labels[*index] = Some(label as u32);
        }
    }
    let sharp = settled(picture, &mut labels);
    Some(SmoothParts {
        labels,
        sharp,
        paints: parts.into_iter().map(|(_, found)| found).collect(),
    })
}

/// The pixels of a part, and what paints them.
type Part = (Vec<usize>, FoundPaint);

/// The parts with their paints, largest first; `None` where one has no paint, or they are many or
/// leave much of what is seen.
fn painted_parts(picture: &Picture, threshold: GradientThreshold) -> Option<Vec<Part>> {
    let mut parts = without_steps(picture);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.truncate(MOST_PARTS);
    let pixels = picture.pixels.iter();
    let seen = pixels.filter(|pixel| is_painted(**pixel)).count();
    let is_most = |covered: usize| covered > 0 && covered as f64 >= LEAST_COVERED * seen as f64;
    if !is_most(parts.iter().map(Vec::len).sum()) {
        return None;
    }
    let mut found = Vec::new();
    let mut uneven = Vec::new();
    for part in parts {
        let inner = Inner::of(picture, &part);
        match even(picture, &inner) {
            Some(flat) => found.push((part, flat)),
            None => uneven.push((part, inner)),
        }
    }
    // The letters of a word share a gradient, of which each shows too little to tell it.
    if uneven.len() > 1 {
        let all = uneven.iter().map(|(_, inner)| inner);
        if let Some(shared) = gradient(picture, &all.collect(), threshold) {
            let parts = uneven.drain(..).map(|(part, _)| part);
            found.extend(parts.map(|part| (part, shared.clone())));
        }
    }
    for (part, inner) in uneven {
        if let Some(own) = gradient(picture, &inner, threshold) {
            found.push((part, own));
            continue;
        }
        let sides = off_borders(picture, &part);
        let left: usize = sides.iter().map(Vec::len).sum();
        if (left as f64) < LEAST_LEFT * part.len() as f64 {
            return None;
        }
        for side in sides {
            let inner = Inner::of(picture, &side);
            let own = even(picture, &inner).or_else(|| gradient(picture, &inner, threshold))?;
            found.push((side, own));
        }
    }
    found.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
    let covered = found.iter().map(|(part, _)| part.len()).sum();
    (found.len() <= MOST_PARTS && is_most(covered)).then_some(found)
}

/// The pixels of a part that tell its paint.
struct Inner {
    pixels: Vec<usize>,
    /// How many of them may be off the paint.
    most_off: f64,
}

impl Inner {
    /// Those that no soft border reaches, or all of a narrow part.
    fn of(picture: &Picture, part: &[usize]) -> Self {
        let is_own = mask(picture.pixels.len(), part);
        let mut inner = BORDERS.map(|border| {
            let is_inner =
                |index: &usize| square(picture.size(), *index, border).all(|near| is_own[near]);
            part.iter()
                .copied()
                .filter(is_inner)
                .collect::<Vec<usize>>()
        });
        let found = inner.iter_mut().find(|inner| inner.len() >= LEAST_PART);
        let (pixels, share) = match found {
            Some(inner) => (std::mem::take(inner), MOST_OFF),
            None => (part.to_vec(), MOST_OFF_NARROW),
        };
        let most_off = share * pixels.len() as f64;
        Self { pixels, most_off }
    }
}

impl<'a> FromIterator<&'a Inner> for Inner {
    fn from_iter<T: IntoIterator<Item = &'a Inner>>(all: T) -> Self {
        let mut whole = Self {
            pixels: Vec::new(),
            most_off: 0.0,
        };
        for part in all {
            whole.pixels.extend(&part.pixels);
            whole.most_off += part.most_off;
        }
        whole
    }
}

/// Whether no component differs much between two pixels.
fn is_smooth(picture: &Picture, a: usize, b: usize) -> bool {
    let (a, b) = (picture.pixels[a], picture.pixels[b]);
    (0..4).all(|i| (a[i] - b[i]).abs() <= STEEPEST)
}

/// Pixels that hang together without a steep change.
fn without_steps(picture: &Picture) -> Vec<Vec<usize>> {
    let open = picture.pixels.iter().map(|p| is_painted(*p)).collect();
    let mut parts = connected(open, |index| {
        beside(picture.size(), index).filter(move |near| is_smooth(picture, index, *near))
    });
    parts.retain(|part| part.len() >= LEAST_PART);
    parts
}

/// What is left of a part beside no steep change, as connected parts. Along a border that is nearly
/// level or upright its pixels lead smoothly from one side to the other.
fn off_borders(picture: &Picture, part: &[usize]) -> Vec<Vec<usize>> {
    let mut open = mask(picture.pixels.len(), part);
    for index in part {
        let mut near = around(picture.size(), *index);
        open[*index] = near.all(|near| is_smooth(picture, *index, near));
    }
    let mut parts = connected(open, |index| beside(picture.size(), index));
    parts.retain(|part| part.len() >= LEAST_PART);
    parts
}

/// The centres of some pixels, and their colours.
fn samples(picture: &Picture, part: &[usize]) -> Vec<(Point, Pixel)> {
    let sample = |index: &usize| (picture.center_of(*index), picture.pixels[*index]);
    part.iter().map(sample).collect()
}

/// The one colour of some pixels, if it explains them or they are few.
fn even(picture: &Picture, part: &Inner) -> Option<FoundPaint> {
    let flat = fit_pixels(&samples(picture, &part.pixels), None)?;
    (part.pixels.len() < LARGE || explains(picture, part, &flat, CLOSE)).then_some(flat)
}

/// The gradient of some pixels: the exact one where they are one, else what explains them best;
/// `None` when nothing does.
fn gradient(picture: &Picture, part: &Inner, threshold: GradientThreshold) -> Option<FoundPaint> {
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for index in &part.pixels {
        let (x, y) = (index % picture.width, index / picture.width);
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
    }
    let own: BTreeSet<usize> = part.pixels.iter().copied().collect();
    let width = high[0] - low[0] + 1;
    let whole = |index: usize| (low[1] + index / width) * picture.width + low[0] + index % width;
    let area = Area {
        width,
        height: high[1] - low[1] + 1,
        color: &|index| {
            let [red, green, blue, alpha] = picture.pixels[whole(index)].map(f64::from);
            let straight = |value: f64| 255.0 * (value / alpha.max(1e-6)).min(1.0);
            [
                straight(red),
                straight(green),
                straight(blue),
                255.0 * alpha,
            ]
        },
        is_in: &|index| own.contains(&whole(index)),
    };
    let whole_paint = |paint: &Paint| FoundPaint {
        paint: paint_in(paint, Affine::translate((low[0] as f64, low[1] as f64))),
        opacity: 1.0,
    };
    let exact = paint_of(&area, |paint| {
        !is_border(paint) && explains(picture, part, &whole_paint(paint), CLOSE_STEEP)
    });
    if let Some(paint) = exact {
        return Some(whole_paint(&paint));
    }
    let found = fit_pixels(&samples(picture, &part.pixels), Some(threshold))?;
    (!is_border(&found.paint) && explains(picture, part, &found, CLOSE)).then_some(found)
}

/// Whether a paint has one colour on each side of what is no wider than a soft border.
fn is_border(paint: &Paint) -> bool {
    let (stops, length) = match paint {
        Paint::Solid(_) => return false,
        Paint::Linear(gradient) => {
            let ends = [gradient.start, gradient.end].map(|end| gradient.transform * end);
            (&gradient.stops, ends[0].distance(ends[1]))
        }
        Paint::Radial(gradient) => {
            let scale = gradient.transform.determinant().abs().sqrt();
            (&gradient.stops, scale * gradient.radius)
        }
    };
    let ends = stops.first().zip(stops.last());
    ends.is_some_and(|(first, last)| length * f64::from(last.offset - first.offset) < LEAST_EXTENT)
}

/// Whether a paint shows nearly all of some pixels.
fn explains(picture: &Picture, part: &Inner, found: &FoundPaint, close: f32) -> bool {
    let shown = shown_by(found);
    let off = part.pixels.iter().filter(|index| {
        let pixel = shown(picture.center_of(**index));
        let seen = picture.pixels[**index];
        (0..4).any(|i| (pixel[i] - seen[i]).abs() > close)
    });
    off.count() as f64 <= part.most_off
}

/// Gives every pixel that is seen and belongs to no part to the one beside it that it is most like,
/// or to the ground; the colours are those of the nearest pixels of the parts.
fn settled(picture: &Picture, labels: &mut [Option<u32>]) -> Vec<Pixel> {
    let mut sharp = picture.pixels.clone();
    let mut is_settled: Vec<bool> = (0..labels.len())
        .map(|index| labels[index].is_some() || !is_painted(sharp[index]))
        .collect();
    for index in (0..labels.len()).filter(|index| is_settled[*index] && labels[*index].is_none()) {
        sharp[index] = [0.0; 4];
    }
    let mut open: Vec<usize> = (0..labels.len())
        .filter(|index| !is_settled[*index])
        .collect();
    while !open.is_empty() {
        let found: Vec<(usize, Option<u32>, Pixel)> = open
            .iter()
            .filter_map(|index| {
                let near = around(picture.size(), *index).filter(|near| is_settled[*near]);
                let off = |near: &usize| squared_distance(sharp[*near], picture.pixels[*index]);
                let best = near.min_by(|a, b| off(a).total_cmp(&off(b)))?;
                Some((*index, labels[best], sharp[best]))
            })
            .collect();
        if found.is_empty() {
            break;
        }
        for (index, label, color) in found {
            labels[index] = label;
            sharp[index] = color;
            is_settled[index] = true;
        }
        open.retain(|index| !is_settled[*index]);
    }
    sharp
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 80;
    const THRESHOLD: GradientThreshold = GradientThreshold {
        gain: 1e-5,
        share: 0.9,
        stops: 3,
    };

    fn picture(pixel: impl Fn(f32, f32) -> Pixel, is_opaque: bool) -> Picture {
        let pixels = (0..SIDE * SIDE)
            .map(|index| {
                let (x, y) = (index % SIDE, index / SIDE);
                pixel(x as f32 + 0.5, y as f32 + 0.5).map(|value| (255.0 * value).round() / 255.0)
            })
            .collect();
        Picture {
            width: SIDE,
            height: SIDE,
            pixels,
            is_opaque,
        }
    }

    /// A disc that fades from its middle, cut off by its outline, beside an even one.
    fn discs(x: f32, y: f32) -> Pixel {
        let cover = |off: f32| (0.5 - off).clamp(0.0, 1.0);
        let off = (x - 30.0).hypot(y - 34.0);
        let alpha = cover(off - 26.0) * (1.0 - 0.025 * off);
        let even = cover((x - 66.0).hypot(y - 64.0) - 11.0);
        [0.8 * alpha, 0.3 * alpha, 0.5 * even, alpha + even]
    }

    #[test]
    fn a_round_gradient_with_an_outline_is_one_part() {
        let found = smooth_parts(&picture(discs, false), THRESHOLD).expect("is smooth");
        assert_eq!(found.paints.len(), 2);
        assert!(matches!(found.paints[0].paint, Paint::Radial(_)));
        assert!(matches!(found.paints[1].paint, Paint::Solid(_)));
        let count = |label| found.labels.iter().filter(|l| **l == Some(label)).count();
        assert!(count(0).abs_diff(2123) < 25, "{}", count(0));
    }

    #[test]
    fn a_ball_on_a_ground_that_its_rim_leads_to_is_a_part_of_its_own() {
        let ball = |x: f32, y: f32| {
            let share = (0.5 - ((x - 40.0).hypot(y - 40.0) - 30.0)).clamp(0.0, 1.0);
            let shade = 0.006 * (x - 32.0).hypot(y - 30.0);
            let own = [1.0 - 0.2 * shade, 0.9 - shade, 0.6 - shade];
            let mixed = |i: usize| share * own[i] + (1.0 - share);
            [mixed(0), mixed(1), mixed(2), 1.0]
        };
        let found = smooth_parts(&picture(ball, true), THRESHOLD).expect("is smooth");
        assert_eq!(found.paints.len(), 2);
        let is_radial = |found: &FoundPaint| matches!(found.paint, Paint::Radial(_));
        assert_eq!(
            found.paints.iter().filter(|paint| is_radial(paint)).count(),
            1
        );
    }

    #[test]
    fn flat_shapes_and_textures_are_left_to_regions() {
        let flat = picture(
            |x, _| {
                if x < 40.0 {
                    [1.0; 4]
                } else {
                    [0.2, 0.2, 0.2, 1.0]
                }
            },
            true,
        );
        assert!(smooth_parts(&flat, THRESHOLD).is_none());
        // One gradient with a steep step shows two flat colours with a soft border as well.
        let crust = |x: f32, y: f32| {
            let share = (120.5 - (x - 40.0).hypot(y - 140.0)).clamp(0.0, 1.0);
            let colors = [[0.99, 0.83, 0.25], [0.98, 0.79, 0.28]];
            let mixed = |i: usize| share * colors[0][i] + (1.0 - share) * colors[1][i];
            [mixed(0), mixed(1), mixed(2), 1.0]
        };
        assert!(smooth_parts(&picture(crust, true), THRESHOLD).is_none());
        let texture = |x: f32, y: f32| {
            let wave = 0.5 + 0.4 * (0.9 * x).sin() * (1.1 * y).cos();
            [wave, wave, 0.5, 1.0]
        };
        assert!(smooth_parts(&picture(texture, true), THRESHOLD).is_none());
    }
}
