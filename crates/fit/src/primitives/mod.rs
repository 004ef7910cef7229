//! Circles, ellipses, rectangles and polygons: what a picture shows of these is drawn as such, with
//! exact corners and few numbers, and written as the element of that name.

mod candidates;
mod least_squares;
mod lined;
mod own;
mod polygon;
mod refined;

use std::collections::BTreeMap;

use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{ByteCost, Document, Shape, WriteOptions, points_of, similarity_scale};
use kurbo::{Affine, BezPath, Line, ParamCurve as _, PathEl, Point, Rect, Shape as _, flatten};

use crate::{
    Action, FitError,
    fit::Fit,
    scene::{SceneMap, scale_of},
    simplify::subpaths,
    trial::taken,
};
use candidates::{Basic, Candidate, Samples};

/// Distance between samples of an outline in pixels, and most of them.
const SPACING: f64 = 0.7;
const MOST_SAMPLES: usize = 600;
/// Accuracy of samples and of curves in pixels.
const ACCURACY: f64 = 0.02;
/// Distance in pixels within which a shape must show itself beside its outline for that to be seen.
const BESIDE: i64 = 1;
/// Least side of the box of a shape, and of a part of one, in pixels.
const LEAST_SIDE: f64 = 3.0;
const LEAST_PART: f64 = 6.0;
/// Most shapes of a picture that is not flat: where there are more, basic shapes are found by
/// accident.
const MOST_SHAPES: usize = 48;
/// Most parts of a path that are looked at.
const MOST_PARTS: usize = 64;
/// Squared error per pixel of border that nobody sees: what a renderer's samples leave open.
const UNSEEN: f64 = 0.0075;
/// Share of a picture's squared error by which it may grow for the sake of basic shapes, and the
/// error per pixel up to which it may in any case: 49 dB.
const LOSS_SHARE: f64 = 0.0116;
const UNSEEN_ERROR: f64 = 3.8e-5;
/// Share of what nobody sees along the border of a basic shape up to which it may grow in any case:
/// in small pictures borders are much of all.
const UNSEEN_SHARE: f64 = 0.4;
/// By how much more that is where the picture is what was left of marks of storage.
const UNSURE: f64 = 8.0;
/// Share of it by which a less simple outline must be better.
const PREFERENCE: f64 = 0.1;
/// How far outlines may be off basic ones, in pixels, to be looked at: the picture decides.
const LOOSE: f64 = 1.5;
/// Bytes that a basic shape may cost beyond what it saves: it is easier to edit.
const WORTH: f64 = 16.0;
/// By how many bytes, or which share of the file, polygons written as such may lengthen it.
const EASE_BYTES: f64 = 64.0;
const EASE_SHARE: f64 = 0.02;

/// When basic shapes are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In a first cover, before outlines have descended.
    First,
    /// In what is the result otherwise.
    Last,
    /// Of what was fitted from a template: its own basic shapes stay such.
    Own,
}

/// The outline that a shape gets.
struct Chosen {
    candidate: Candidate,
    /// By how much the squared error grows with it.
    growth: f64,
}

impl Chosen {
    /// Squared error along the outline that nobody sees.
    fn unseen(&self) -> f64 {
        UNSEEN * self.candidate.path.perimeter(ACCURACY)
    }

    /// What it costs where a byte costs so much.
    fn loss(&self, per_byte: f64) -> f64 {
        self.growth - per_byte * self.candidate.saved
    }
}

impl Fit<'_> {
    /// Gives added shapes of the best document the basic outlines that they stand for, where the
    /// picture does not lose more than the bytes save.
    pub(crate) fn draw_primitives(&mut self, stage: Stage) -> Result<(), FitError> {
        let most = if self.problem.reading.is_flat {
            usize::MAX
        } else {
            MOST_SHAPES
        };
        if self.shapes() == 0 || self.shapes() > most || self.is_stopped() {
            return Ok(());
        }
        let target = self.problem.target;
        let map = self.scene();
        let choices = self.choices(&map, stage)?;
        let mut best: BTreeMap<usize, Chosen> = BTreeMap::new();
        let per_byte = self.cost().per_byte;
        let most = choices.values().map(Vec::len).max();
        for attempt in 0..most.unwrap_or(0) {
            if self.is_stopped() {
                return Ok(());
            }
            let tried = choices
                .iter()
                .filter_map(|(slot, candidates)| Some((*slot, candidates.get(attempt)?.clone())));
            for (slot, chosen) in self.grown(&map, tried.collect())? {
                // The simpler one came first.
                let is_better = best.get(&slot).is_none_or(|best| {
                    chosen.loss(per_byte) < best.loss(per_byte) - PREFERENCE * chosen.unseen()
                });
                if is_better {
                    best.insert(slot, chosen);
                }
            }
        }
        // What was bent in a fit is far from what it was.
        if stage == Stage::Own {
            self.refine_primitives(&map, &mut best, &own::STEPS)?;
        }
        // Of a picture that was cleaned the borders are uncertain, and where they were stairs those
        // of each shape.
        let clean = self.problem.reading.clean.as_ref();
        let unsure = if clean.is_some() { UNSURE } else { 1.0 };
        let open = if clean.is_some_and(|clean| clean.is_hard) {
            UNSEEN_SHARE * UNSURE
        } else {
            1.0
        };
        // What is no shorter must show the picture better, or be what it was.
        best.retain(|_, chosen| {
            let is_easier = stage == Stage::Own || chosen.candidate.saved > 0.0;
            let ease = per_byte * WORTH + open * chosen.unseen();
            chosen.loss(per_byte) <= if is_easier { ease } else { 0.0 }
        });
        self.refine_primitives(&map, &mut best, &refined::STEPS)?;
        if best.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let error = self.best_error();
        let pixels = (target.width * target.height) as f64;
        let unseen = UNSEEN_ERROR * unsure * pixels;
        let mut left = (LOSS_SHARE * error).max(unseen - error);
        let best = best.into_iter().map(|best| (best.1.growth, best));
        let is_shared = !self.problem.reading.is_flat || clean.is_some();
        let mut allowed = left;
        let best = taken(best.collect(), |_, (_, chosen)| {
            let growth = chosen.growth.max(0.0);
            let unseen = UNSEEN_SHARE * unsure * chosen.unseen();
            // Where colours are flat, what is seen along one border is not made good by others.
            if growth <= left && is_shared {
                left -= growth;
                // How far outlines are off what was stairs or noise is only estimated.
                allowed += if unsure > 1.0 { unseen } else { 0.0 };
                return true;
            }
            allowed += if growth <= unseen { unseen } else { 0.0 };
            growth <= unseen
        });
        let allowed = 1.2 * allowed;
        self.draw(&map, best);
        // Which bytes it saves, only its element tells. What descends yet is no basic shape.
        if stage == Stage::Last {
            self.document.mark_basic_shapes(&WriteOptions::default(), 0);
        }
        self.accept(Action::Primitive, allowed)?;
        self.take_best();
        Ok(())
    }

    /// Gives shapes the outlines chosen for their slots.
    fn draw(&mut self, map: &SceneMap, chosen: impl IntoIterator<Item = (usize, Chosen)>) {
        let mut drawn: BTreeMap<usize, (Affine, Candidate)> = chosen
            .into_iter()
            .map(|(slot, chosen)| {
                let slot = &map.slots[slot];
                (slot.shape, (slot.to_scene.inverse(), chosen.candidate))
            })
            .collect();
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some((back, candidate)) = drawn.remove(&index) {
                candidate.draw(shape, back);
            }
        });
    }

    /// The basic outlines that shapes may stand for, in pixels, in the order in which they are
    /// tried: added ones, or the template's own.
    fn choices(
        &self,
        map: &SceneMap,
        stage: Stage,
    ) -> Result<BTreeMap<usize, Vec<Candidate>>, FitError> {
        let target = self.problem.target;
        let (width, height) = (target.width, target.height);
        let canvas = Rect::new(0.0, 0.0, width as f64, height as f64);
        let seen = with_faint_ones(&self.document).visibility(width as u32, height as u32)?;
        let loose = LOOSE * self.cost().tolerance;
        let visits = self.document.shapes();
        let mut choices = BTreeMap::new();
        for (index, slot) in map.slots.iter().enumerate() {
            let Some(visit) = visits.get(slot.shape) else {
                continue;
            };
            let shape = visit.shape;
            if self.is_stopped() {
                break;
            }
            let path = slot.to_scene * &shape.path;
            let parts = parts_of(&path);
            let mut candidates = if stage == Stage::Own {
                let own = self.own(map, index).filter(|_| !own::is_basic(&path));
                own.map_or(Vec::new(), |own| own::candidates(&own, &parts, loose))
            } else {
                // The ground is a canvas, however little of it is seen.
                let is_wanted = self.is_added(slot.shape)
                    && !self.is_ground(slot.shape)
                    && slot.has_own_outline
                    && (shape.stroke.is_none() || is_closed(shape))
                    && similarity_scale(slot.to_scene).is_some();
                if !is_wanted {
                    continue;
                }
                let is_seen = |point: &Point| {
                    let (x, y) = (point.x.floor() as i64, point.y.floor() as i64);
                    let owner = |x: i64, y: i64| seen.owner(x.try_into().ok()?, y.try_into().ok()?);
                    let is_own = |x: i64, y: i64| owner(x, y) == Some(slot.shape);
                    (-BESIDE..=BESIDE).any(|dy| (-BESIDE..=BESIDE).any(|dx| is_own(x + dx, y + dy)))
                };
                basics(&parts, |part| {
                    samples(part, is_seen).candidates(canvas, loose)
                })
            };
            let scale = scale_of(slot.to_scene);
            let line = shape.stroke.as_ref().map(|stroke| scale * stroke.width);
            let may_be_line = self.problem.options.allow_strokes && line.is_none();
            candidates.retain(|candidate| {
                // A traced line has no corners yet that could be told from bends.
                let is_polygon = candidate.basic.as_ref().is_some_and(Basic::is_polygon);
                !crosses_itself(&candidate.path, 1.0)
                    && (may_be_line || !candidate.is_ring)
                    && (!is_polygon || line.is_none() || stage == Stage::Last)
            });
            let before: usize = parts.iter().map(numbers).sum();
            for candidate in &mut candidates {
                if !candidate.is_ring {
                    candidate.line = if stage == Stage::Own { None } else { line };
                }
                candidate.saved = ByteCost::NUMBER * (before as f64 - candidate.numbers() as f64);
            }
            choices.insert(index, candidates);
        }
        Ok(choices)
    }

    /// Has the basic shapes of a new document written as such; the byte budget counts them.
    /// Polygons stay paths where that lengthens the file much.
    pub(crate) fn mark_primitives(&mut self) -> Result<(), FitError> {
        let options = WriteOptions::default();
        let bytes = |document: &Document| document.to_svg(&options).len() as f64;
        let [mut few, mut all] = [self.document.clone(), self.document.clone()];
        few.mark_basic_shapes(&options, 0);
        all.mark_basic_shapes(&options, polygon::MOST_CORNERS);
        let before = bytes(&few);
        let is_short = bytes(&all) <= before + EASE_BYTES.max(EASE_SHARE * before);
        self.document = if is_short { all } else { few };
        self.accept(Action::Primitive, f64::INFINITY)
    }
}

/// A document with its faint shapes opaque, since those are seen, too.
fn with_faint_ones(document: &Document) -> Document {
    let mut seen = document.clone();
    seen.edit_shapes(|_, shape, _, _| {
        if let Some(fill) = &mut shape.fill
            && fill.opacity * shape.opacity < 0.5
        {
            (fill.opacity, shape.opacity) = (1.0, 1.0);
        }
    });
    seen
}

/// Whether a line along a shape's outline ends where it begins.
fn is_closed(shape: &Shape) -> bool {
    matches!(shape.path.elements(), [.., PathEl::ClosePath])
}

/// Basic outlines for a path, by those for a part: of several parts each gets its first one, and
/// two may be the borders of a line.
fn basics(parts: &[BezPath], of_part: impl Fn(&BezPath) -> Vec<Candidate>) -> Vec<Candidate> {
    let is_large =
        |part: &BezPath, least_side: f64| part.bounding_box().size().min_side() >= least_side;
    match parts {
        [part] if is_large(part, LEAST_SIDE) => return of_part(part),
        [_, _, ..] if parts.len() <= MOST_PARTS => {}
        _ => return Vec::new(),
    }
    let first = |part: &BezPath| {
        let found = is_large(part, LEAST_PART).then(|| of_part(part))?;
        found.into_iter().next()
    };
    let found: Vec<Option<Candidate>> = parts.iter().map(first).collect();
    let ring = match (parts, found.as_slice()) {
        ([outer, inner], [Some(a), Some(b)]) if outer.area() * inner.area() < 0.0 => {
            Candidate::ring([a, b])
        }
        _ => None,
    };
    let is_changed = found.iter().any(Option::is_some);
    let mut path = BezPath::new();
    for (part, found) in parts.iter().zip(found) {
        path.extend(match found {
            // Holes run the other way.
            Some(found) if found.path.area() * part.area() < 0.0 => found.path.reverse_subpaths(),
            Some(found) => found.path,
            None => part.clone(),
        });
    }
    let candidate = is_changed.then(|| Candidate::of(path, None));
    ring.into_iter().chain(candidate).collect()
}

/// The closed parts of a path.
fn parts_of(path: &BezPath) -> Vec<BezPath> {
    let parts = subpaths(path).filter(|part| part.len() > 2);
    parts.map(|part| BezPath::from_vec(part.to_vec())).collect()
}

/// How many numbers a path is written in.
fn numbers(path: &BezPath) -> usize {
    2 * path.elements().iter().map(points_of).sum::<usize>()
}

/// Points along a closed part, evenly spaced.
fn samples(part: &BezPath, is_seen: impl Fn(&Point) -> bool) -> Samples {
    let mut corners: Vec<Point> = Vec::new();
    flatten(part.elements().iter().copied(), ACCURACY, |element| {
        if let PathEl::MoveTo(point) | PathEl::LineTo(point) = element {
            corners.push(point);
        }
    });
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    let next = corners.iter().cycle().skip(1);
    let lines = corners.iter().zip(next).map(|(a, b)| Line::new(*a, *b));
    let length: f64 = lines.clone().map(Line::length).sum();
    let spacing = SPACING.max(length / MOST_SAMPLES as f64);
    let mut all = Vec::new();
    let mut at = 0.0;
    for line in lines {
        let length = line.length();
        while at < length {
            all.push(line.eval(at / length));
            at += spacing;
        }
        at -= length;
    }
    let seen = all.iter().filter(|point| is_seen(point)).copied().collect();
    Samples { all, seen }
}
