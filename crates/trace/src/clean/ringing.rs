//! Over- and undershoot: a picture that was sharpened, or reduced by a filter with negative lobes,
//! shows bands along every border that lie beyond one of its two colours. They are no regions.

use super::{
    labels::{Labels, Mixture},
    palette::{LEAST_MIXED, Palette, distance},
};
use crate::{
    neighbours::square,
    picture::{Picture, Pixel},
};

/// Pixels beside a border in which it rings.
pub(super) const REACH: usize = 4;
/// Distance in pixels of another colour up to which a pixel may show both.
const BESIDE: f32 = 1.5;
/// Levels by which two colours differ in a component that tells anything, and share of that
/// difference that must be left between a colour and the end of the scale.
const LEAST_CONTRAST: f32 = 16.0;
const HEADROOM: f32 = 0.04;
/// Share of the contrast by which three quarters of a border's pixels are beyond at least.
const LEAST_BEYOND: f32 = 0.015;
/// Share of the contrast up to which a band seen on one side alone is ringing whatever it looks
/// like, and how a stronger one fades: by the second pixel, and by the third. A line beside the
/// border ends at once.
const USUAL: f32 = 0.12;
const MOST_SECOND: f32 = 0.93;
const THIRD: [f32; 2] = [0.1, 0.75];
/// Most of the contrast by which sharpening overshoots.
const MOST_BEYOND: f32 = 0.7;
/// Samples of a border's side that are enough, and share of all samples that must ring.
const ENOUGH: usize = 16;
const MOSTLY: f64 = 0.7;
/// Of the overshoot by how much more single pixels may be off, and the levels that may be added.
const SPREAD: f32 = 1.7;
const SLACK: f32 = 4.0;
/// How far from half of both a mixture of two neighbours may be.
const BETWEEN: f32 = 0.45;
/// Levels by which a mixture may be off what is expected.
const OFF: f32 = 26.0;

/// How borders of a picture ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ringing {
    /// Share of the contrast by which colours go beyond beside a border.
    overshoot: f32,
}

/// By how much a side of a border is beyond its colour, by the distance in pixels.
#[derive(Clone, Default)]
struct Side {
    beyond: [Vec<f32>; 3],
}

impl Side {
    fn upper(&self, distance: usize, share: f64) -> Option<f32> {
        let mut values = self.beyond[distance].clone();
        values.sort_by(f32::total_cmp);
        let at = (share * values.len() as f64) as usize;
        values.get(at).copied().filter(|_| values.len() >= ENOUGH)
    }

    fn rings(&self) -> bool {
        self.upper(0, 0.75)
            .is_some_and(|beyond| (LEAST_BEYOND..=MOST_BEYOND).contains(&beyond))
    }

    /// Whether it does although the other side cannot show it.
    fn rings_alone(&self) -> bool {
        let Some(first) = self.upper(0, 0.75).filter(|_| self.rings()) else {
            return false;
        };
        let [second, third] = [1, 2].map(|distance| self.upper(distance, 0.5).unwrap_or(0.0));
        first <= USUAL
            || (second <= MOST_SECOND * first
                && third >= THIRD[0] * second
                && third <= THIRD[1] * second)
    }
}

impl Ringing {
    /// How the borders between colours ring; `None` when they do not.
    pub(super) fn of(picture: &Picture, colors: &[Pixel]) -> Option<Self> {
        if colors.len() < 2 {
            return None;
        }
        let palette = Palette::from(colors.to_vec());
        let labels = Labels::of(picture, &palette, false);
        let count = colors.len();
        let mut sides: Vec<Side> = vec![Side::default(); count * count];
        let is_near = labels.near_others(REACH);
        // Thin marks of a colour that is none of these are no bands: a band has its zone beside it.
        let is_sure = labels.sure(picture, &palette);
        for (index, pixel) in picture.pixels.iter().enumerate() {
            if !is_near[index] || !labels.has_near(&is_sure, index, REACH) {
                continue;
            }
            let own = usize::from(labels.of[index]);
            let Some((other, apart)) = only_other(&labels, index) else {
                continue;
            };
            let at = apart.round() as usize - 1;
            let side = &mut sides[own * count + other];
            if let (Some(beyond), Some(list)) = (
                beyond(*pixel, colors[own], colors[other]),
                side.beyond.get_mut(at),
            ) {
                list.push(beyond);
            }
        }
        let (mut ringing, mut all) = (0_usize, 0_usize);
        let mut first = Vec::new();
        for own in 0..count {
            for other in own + 1..count {
                let [here, there] =
                    [(own, other), (other, own)].map(|(a, b)| &sides[a * count + b]);
                let enough = [here, there].map(|side| side.beyond[0].len() >= ENOUGH);
                let samples = here.beyond[0].len() + there.beyond[0].len();
                let is_ringing = match enough {
                    [true, true] => here.rings() && there.rings(),
                    [true, false] => here.rings_alone(),
                    [false, true] => there.rings_alone(),
                    [false, false] => continue,
                };
                all += samples;
                if is_ringing {
                    ringing += samples;
                    let pairs = [here, there].into_iter().zip(enough);
                    first.extend(
                        pairs
                            .filter(|(_, enough)| *enough)
                            .filter_map(|(side, _)| side.upper(0, 0.75)),
                    );
                }
            }
        }
        first.sort_by(f32::total_cmp);
        let overshoot = *first.get(first.len() / 2)?;
        (ringing as f64 >= MOSTLY * all as f64).then_some(Self { overshoot })
    }

    /// Whether a colour lies beyond another as seen from a third.
    pub(super) fn explains(self, color: Pixel, colors: &[Pixel]) -> bool {
        colors.iter().any(|own| {
            let others = colors.iter().filter(|other| *other != own);
            others.into_iter().any(|other| {
                let beyond = beyond(color, *own, *other);
                beyond.is_some_and(|beyond| {
                    (0.0..=SPREAD * self.overshoot).contains(&beyond)
                        && distance(color, mixed(*own, *other, 1.0 + beyond)) <= 2.0 * SLACK
                })
            })
        })
    }

    /// The mixture of two colours that a pixel stands for, `within` so far from half of both.
    fn mixture(
        self,
        pixel: Pixel,
        palette: &Palette,
        labels: [usize; 2],
        within: f32,
    ) -> Option<Mixture> {
        let [own, other] = labels.map(|label| palette.colors[label]);
        let beyond = beyond(pixel, own, other)?;
        if (0.5 + beyond).abs() > within {
            return None;
        }
        // Sharpening makes a border steeper by as much as it overshoots on both sides.
        let share = 0.5 + (0.5 + beyond) / (1.0 + 2.0 * self.overshoot);
        let share = share.clamp(0.0, 1.0);
        let share = if share > 1.0 - LEAST_MIXED {
            1.0
        } else {
            share
        };
        let seen = mixed(
            own,
            other,
            1.0 + beyond.clamp(-1.0, SPREAD * self.overshoot),
        );
        Some(Mixture {
            color: mixed(own, other, share),
            residual: distance(pixel, seen),
        })
    }

    /// What a pixel would show if its border did not ring; `None` where there is no border.
    pub(super) fn removed(
        self,
        index: usize,
        pixel: Pixel,
        labels: &Labels,
        palette: &Palette,
    ) -> Option<Mixture> {
        let label = usize::from(labels.of[index]);
        let own = palette.colors[label];
        let near = others(labels, index);
        let contrast = near
            .iter()
            .map(|(other, _)| distance(own, palette.colors[*other]));
        let contrast = contrast.fold(0.0, f32::max);
        let beside = near.iter().filter(|(_, apart)| *apart <= BESIDE);
        let beside: Vec<usize> = beside.map(|(other, _)| *other).collect();
        let mut best: Option<Mixture> = None;
        // A mixture of two neighbours may look like a third colour.
        if is_thin(labels, index) {
            for (at, first) in beside.iter().enumerate() {
                for second in &beside[..at] {
                    let found = self.mixture(pixel, palette, [*first, *second], BETWEEN);
                    best = nearer(best, found.filter(|found| found.residual <= OFF));
                }
            }
        }
        if best.is_none() {
            for other in &beside {
                let found = self.mixture(pixel, palette, [label, *other], f32::INFINITY);
                best = nearer(best, found);
            }
        }
        if contrast <= 0.0 {
            return None;
        }
        let off = distance(pixel, own);
        let is_band = off <= SPREAD * self.overshoot * contrast + SLACK;
        match best {
            Some(best) if best.residual <= OFF => Some(best),
            _ if is_band => Some(Mixture {
                color: own,
                residual: 0.0,
            }),
            _ => None,
        }
    }
}

/// The nearer one of two mixtures to what it stands for.
fn nearer(best: Option<Mixture>, found: Option<Mixture>) -> Option<Mixture> {
    match (best, found) {
        (Some(best), Some(found)) if found.residual < best.residual => Some(found),
        (None, found) => found,
        (best, _) => best,
    }
}

/// Whether a pixel is part of no square of two pixels of its label.
fn is_thin(labels: &Labels, index: usize) -> bool {
    let (width, height) = (labels.width, labels.height);
    let (x, y) = (index % width, index / width);
    let own = labels.of[index];
    let is_own = |x: usize, y: usize| x < width && y < height && labels.of[y * width + x] == own;
    !(y.saturating_sub(1)..=y).any(|y| {
        (x.saturating_sub(1)..=x)
            .any(|x| is_own(x, y) && is_own(x + 1, y) && is_own(x, y + 1) && is_own(x + 1, y + 1))
    })
}

/// By which share of the contrast a pixel lies beyond its colour, as seen from another; `None`
/// where the scale ends.
fn beyond(pixel: Pixel, own: Pixel, other: Pixel) -> Option<f32> {
    let (mut along, mut square) = (0.0, 0.0);
    for axis in 0..3 {
        let span = own[axis] - other[axis];
        let room = if span > 0.0 {
            1.0 - own[axis]
        } else {
            own[axis]
        };
        if 255.0 * span.abs() >= LEAST_CONTRAST && room >= HEADROOM * span.abs() {
            along += span * (pixel[axis] - own[axis]);
            square += span * span;
        }
    }
    (square > 0.0).then(|| along / square)
}

/// A mixture of a colour and another by the share of the first, which may be beyond one.
fn mixed(own: Pixel, other: Pixel, share: f32) -> Pixel {
    std::array::from_fn(|axis| (other[axis] + share * (own[axis] - other[axis])).clamp(0.0, 1.0))
}

/// The other labels near a pixel, each with how far it is.
fn others(labels: &Labels, index: usize) -> Vec<(usize, f32)> {
    let place = |index: usize| {
        (
            (index % labels.width) as isize,
            (index / labels.width) as isize,
        )
    };
    let (x, y) = place(index);
    let own = labels.of[index];
    let mut found: Vec<(usize, f32)> = Vec::new();
    for at in square([labels.width, labels.height], index, REACH) {
        let label = labels.of[at];
        if label == own {
            continue;
        }
        let (dx, dy) = (place(at).0 - x, place(at).1 - y);
        let apart = ((dx * dx + dy * dy) as f32).sqrt();
        let known = found.iter_mut();
        match known
            .into_iter()
            .find(|(known, _)| *known == usize::from(label))
        {
            Some((_, least)) => *least = least.min(apart),
            None => found.push((usize::from(label), apart)),
        }
    }
    found
}

/// The other label near a pixel, where there is one alone, and how far it is.
fn only_other(labels: &Labels, index: usize) -> Option<(usize, f32)> {
    match others(labels, index).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}
