//! Proposes edits by estimates from what each shape shows and what it should show. `edit_search`
//! measures what they gain.

use chat2svg_trace::{Price, crossing::crosses_itself};
use chat2svg_vector::{ByteCost, Color, Paint};
use kurbo::{Affine, BezPath, Rect};

use crate::{edits::Edit, extent::Extent, naming::ground_of};

/// An edit, the bytes that it saves (below zero when it costs), and where the picture may change.
pub(crate) struct Proposal {
    pub(crate) edit: Edit,
    pub(crate) saved: f64,
    pub(crate) extent: Extent,
}

/// What is known of a shape when edits are looked for.
pub(crate) struct Facts {
    pub(crate) parent: Vec<usize>,
    pub(crate) place: usize,
    /// It was added, is filled with one colour and has no stroke.
    pub(crate) flat: Option<Color>,
    /// It may change its depth: added, or nameless.
    pub(crate) may_move: bool,
    pub(crate) is_added: bool,
    pub(crate) extent: Option<Extent>,
    pub(crate) bounds: Rect,
    pub(crate) label: String,
    pub(crate) to_pixels: Affine,
    pub(crate) path: BezPath,
    /// Pixels that it owns.
    pub(crate) pixels: Vec<u32>,
}

pub(crate) fn are_apart(a: &Proposal, b: &Proposal) -> bool {
    let (ours, theirs) = (a.edit.shapes(), b.edit.shapes());
    !a.extent.overlaps(&b.extent) && ours.iter().all(|shape| !theirs.contains(shape))
}

pub(crate) fn most_promising_first(mut found: Vec<(f64, Proposal)>) -> Vec<Proposal> {
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, proposal)| proposal).collect()
}

/// Each shape above the next in its group that it may overlap. At least one of the two was added,
/// or neither has a name: the order of what a person named is theirs.
pub(crate) fn raises(facts: &[Facts]) -> Vec<Proposal> {
    let mut found = Vec::new();
    for (index, fact) in facts.iter().enumerate() {
        let Some(extent) = fact.extent else { continue };
        let overlapped = facts
            .iter()
            .enumerate()
            .skip(index + 1)
            .find_map(|(i, other)| {
                let shared = extent.intersection(&other.extent?)?;
                (other.parent == fact.parent).then_some((i, other, shared))
            });
        let Some((above, other, extent)) = overlapped else {
            continue;
        };
        // The lower one rises, or, when only the upper one may move, it would sink: the same
        // picture.
        let is_free = fact.is_added || other.is_added || (fact.may_move && other.may_move);
        let is_next = other.place == fact.place + 1;
        if is_free && (fact.may_move || is_next) {
            let both = fact.pixels.len().min(other.pixels.len()) as f64;
            let edit = Edit::Raise {
                shape: index,
                above,
            };
            found.push((
                both,
                Proposal {
                    edit,
                    saved: 0.0,
                    extent,
                },
            ));
        }
    }
    most_promising_first(found)
}

/// Pairs of added shapes of one group and ground whose colours are near enough for the bytes of an
/// element.
pub(crate) fn merges(facts: &[Facts], price: Price) -> Vec<Proposal> {
    let mut found = Vec::new();
    let allowed = price.byte() * ByteCost::JOINED;
    for (low, lower) in facts.iter().enumerate() {
        let Some(one) = lower.flat else { continue };
        for (high, upper) in facts.iter().enumerate().skip(low + 1) {
            let Some(other) = upper.flat else { continue };
            if upper.parent != lower.parent || ground_of(&upper.label) != ground_of(&lower.label) {
                continue;
            }
            let (a, b) = (lower.pixels.len() as f64, upper.pixels.len() as f64);
            let (one, other) = (components(one), components(other));
            let apart: f64 = (0..3).map(|i| (one[i] - other[i]).powi(2)).sum();
            let promise = allowed - apart * a * b / (a + b).max(1.0);
            if promise <= 0.0 || a + b < 1.0 {
                continue;
            }
            let color: [f64; 3] = std::array::from_fn(|i| (a * one[i] + b * other[i]) / (a + b));
            // The one with less between it and the other's place moves.
            let covers = |bounds: &Rect| {
                facts[low + 1..high]
                    .iter()
                    .filter(|between| between.bounds.overlaps(*bounds))
                    .count()
            };
            let (kept, gone) = if covers(&upper.bounds) <= covers(&lower.bounds) {
                (low, high)
            } else {
                (high, low)
            };
            let scale = lower.to_pixels.determinant().abs().sqrt();
            let mut path = facts[kept].path.clone();
            path.extend(facts[gone].path.iter());
            let (Some(e), Some(f)) = (lower.extent, upper.extent) else {
                continue;
            };
            if e.overlaps(&f) && crosses_itself(&path, scale) {
                continue;
            }
            let edit = Edit::Merge {
                kept,
                gone,
                paint: Paint::Solid(color_of(color)),
            };
            found.push((
                promise,
                Proposal {
                    edit,
                    saved: ByteCost::JOINED,
                    extent: e.union(&f),
                },
            ));
        }
    }
    most_promising_first(found)
}

fn components(color: Color) -> [f64; 3] {
    [color.red, color.green, color.blue].map(f64::from)
}

pub(crate) fn color_of(components: [f64; 3]) -> Color {
    let [red, green, blue] = components.map(|value| value.clamp(0.0, 1.0) as f32);
    Color::new(red, green, blue)
}
