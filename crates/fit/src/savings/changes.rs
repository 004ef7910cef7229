//! The changes of a shape that save bytes, and which of them can be made together.

use chat2svg_trace::{
    joined,
    picture::{Picture, Pixel, median_color},
};
use chat2svg_vector::{ByteCost, Color, Paint, Shape, snapped_outline};
use kurbo::{BezPath, ParamCurveArea, PathSeg, Rect};

use super::parts::{Part, bounds, line, points, push};
use crate::{
    extent::Extent,
    freedom::Motion,
    scene::{Slot, scale_of},
};

/// Fewest segments of a part that loses a point.
const LEAST_SEGMENTS: usize = 3;

/// A change that saves bytes.
pub(super) struct Saving {
    /// Which of the scene's paths it changes.
    pub(super) slot: usize,
    pub(super) change: Change,
    pub(super) bytes: f64,
    /// Where the picture may change.
    pub(super) extent: Option<Extent>,
    /// By how many pixels of area it moves an outline for a byte.
    pub(super) moves: f64,
}

pub(super) enum Change {
    /// The path goes.
    Path,
    /// Its interior gets another paint.
    Fill(Paint),
    /// Its outline is this one, with a decimal less.
    Digit(BezPath),
    /// A part of its outline goes.
    Part(usize),
    /// Segments of a part become one.
    Segments(Segments),
}

/// Segments of a part, from one on, and what takes their place.
pub(super) struct Segments {
    part: usize,
    first: usize,
    count: usize,
    by: PathSeg,
}

/// What is known of a shape when savings are looked for.
pub(super) struct Source<'a> {
    pub(super) index: usize,
    pub(super) slot: &'a Slot,
    pub(super) shape: &'a Shape,
    pub(super) parts: &'a [Part],
    /// Decimals of its outline.
    pub(super) decimals: u8,
    /// Whether the fit has added it: else only its outline may become simpler.
    pub(super) is_added: bool,
    /// Whether outlines may change.
    pub(super) may_bend: bool,
    /// Whether it makes an opaque picture's document opaque.
    pub(super) is_ground: bool,
    /// Where it is seen.
    pub(super) pixels: &'a [u32],
    pub(super) target: &'a Picture,
}

impl Source<'_> {
    /// Adds all savings.
    pub(super) fn savings(&self, found: &mut Vec<Saving>) {
        let all: Vec<PathSeg> = self
            .parts
            .iter()
            .flat_map(|part| part.segments.clone())
            .collect();
        if self.is_added && self.slot.freedom.has_free_paint {
            let paints = self.simpler_paints().into_iter();
            found.extend(paints.filter_map(|paint| {
                let mut painted = self.shape.clone();
                painted.fill.as_mut()?.paint = paint.clone();
                let bytes = ByteCost::of(self.shape) - ByteCost::of(&painted);
                Some(self.saving(Change::Fill(paint), bytes, bounds(&all)))
            }));
        }
        if self.is_ground {
            return;
        }
        if self.is_added {
            found.push(self.saving(Change::Path, ByteCost::of(self.shape), bounds(&all)));
        }
        if !self.may_bend || !self.slot.has_own_outline || self.slot.freedom.outline != Motion::Free
        {
            return;
        }
        if let Some(fewer) = self.decimals.checked_sub(1) {
            let path = self.slot.to_scene * snapped_outline(&self.shape.path, fewer);
            let bytes = 2.0 * ByteCost::DIGIT * points(&all) as f64;
            found.push(self.saving(Change::Digit(path), bytes, bounds(&all)));
        }
        for (at, part) in self.parts.iter().enumerate() {
            if self.is_added && self.parts.len() > 1 {
                let bytes = ByteCost::POINT * (1 + points(&part.segments)) as f64;
                found.push(self.saving(Change::Part(at), bytes, bounds(&part.segments)));
            }
            self.savings_of_part(at, part, found);
        }
    }

    /// Adds what one segment less saves, or a straight one.
    fn savings_of_part(&self, at: usize, part: &Part, found: &mut Vec<Saving>) {
        let count = part.segments.len();
        for (first, own) in part.segments.iter().enumerate() {
            let mut offer = |own: &[PathSeg], by: PathSeg| {
                let fewer = points(own).saturating_sub(points(&[by]));
                if fewer == 0 {
                    return;
                }
                let area: f64 = own.iter().map(ParamCurveArea::signed_area).sum();
                let bytes = ByteCost::POINT * fewer as f64;
                let change = Change::Segments(Segments {
                    part: at,
                    first,
                    count: own.len(),
                    by,
                });
                let saving = self.saving(change, bytes, bounds(own).union(bounds(&[by])));
                found.push(Saving {
                    moves: (area - by.signed_area()).abs() / bytes,
                    ..saving
                });
            };
            offer(&[*own], line(own, own));
            if count < LEAST_SEGMENTS || (first + 1 == count && !part.is_closed) {
                continue;
            }
            let both = [*own, part.segments[(first + 1) % count]];
            offer(&both, joined(&both));
            offer(&both, line(&both[0], &both[1]));
        }
    }

    fn saving(&self, change: Change, bytes: f64, bounds: Rect) -> Saving {
        let reach = self.shape.stroke.as_ref().map_or(0.0, |stroke| {
            let scale = scale_of(self.slot.to_scene);
            0.5 * stroke.width * scale * stroke.miter_limit.max(1.5)
        });
        let bounds = bounds.inflate(reach, reach);
        Saving {
            slot: self.index,
            change,
            bytes,
            extent: Extent::around(bounds, self.target.size()),
            moves: 0.0,
        }
    }

    /// The median colour of what an opaque gradient shows, and the gradient without one of its
    /// stops.
    fn simpler_paints(&self) -> Vec<Paint> {
        let Some(fill) = &self.shape.fill else {
            return Vec::new();
        };
        let stops = fill.paint.stops();
        if stops.is_empty() {
            return Vec::new();
        }
        let mut paints: Vec<Paint> = (1..stops.len().saturating_sub(1))
            .map(|gone| {
                let mut paint = fill.paint.clone();
                if let Some(stops) = paint.stops_mut() {
                    stops.remove(gone);
                }
                paint
            })
            .collect();
        let is_opaque = fill.opacity >= 1.0 && stops.iter().all(|stop| stop.opacity >= 1.0);
        // Where it is seen, borders are mixed with other shapes' colours.
        let seen = self.pixels.iter();
        let seen: Vec<Pixel> = seen.map(|at| self.target.pixels[*at as usize]).collect();
        if is_opaque && let Some([red, green, blue]) = median_color(&seen) {
            paints.push(Paint::Solid(Color::new(red, green, blue)));
        }
        paints
    }
}

/// Whether two changes can be made together.
pub(super) fn goes_with(a: &Saving, b: &Saving, outlines: &[Vec<Part>]) -> bool {
    let takes_out = |saving: &Saving| matches!(saving.change, Change::Path | Change::Part(_));
    if a.slot != b.slot {
        let are_apart = a.extent.zip(b.extent).is_none_or(|(e, f)| !e.overlaps(&f));
        return are_apart || !(takes_out(a) || takes_out(b));
    }
    match (&a.change, &b.change) {
        (Change::Part(one), Change::Part(other)) => one != other,
        (Change::Part(part), Change::Segments(own))
        | (Change::Segments(own), Change::Part(part)) => own.part != *part,
        (Change::Segments(one), Change::Segments(other)) => {
            let all = outlines[a.slot][one.part].segments.len();
            let is_same = |i: usize, j: usize| (one.first + i) % all == (other.first + j) % all;
            let share_one = (0..one.count).any(|i| (0..other.count).any(|j| is_same(i, j)));
            one.part != other.part || (all > one.count + other.count && !share_one)
        }
        _ => false,
    }
}

/// The outline of some parts after changes that go with each other.
pub(super) fn changed(parts: &[Part], savings: &[&Saving]) -> BezPath {
    if let Some(Change::Digit(path)) = savings.first().map(|saving| &saving.change) {
        return path.clone();
    }
    let mut path = BezPath::new();
    for (at, part) in parts.iter().enumerate() {
        let is_gone = |saving: &&Saving| matches!(saving.change, Change::Part(gone) if gone == at);
        if savings.iter().any(is_gone) {
            continue;
        }
        let count = part.segments.len();
        let mut segments: Vec<Option<PathSeg>> = part.segments.iter().copied().map(Some).collect();
        for saving in savings {
            if let Change::Segments(own) = &saving.change
                && own.part == at
            {
                (0..own.count).for_each(|i| segments[(own.first + i) % count] = None);
                segments[own.first] = Some(own.by);
            }
        }
        let segments = segments.into_iter().flatten().collect();
        push(&mut path, &Part { segments, ..*part });
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::savings::parts::parts_of;

    fn saving(part: usize, first: usize, count: usize, by: PathSeg) -> Saving {
        Saving {
            slot: 0,
            change: Change::Segments(Segments {
                part,
                first,
                count,
                by,
            }),
            bytes: 10.0,
            extent: None,
            moves: 0.0,
        }
    }

    #[test]
    fn points_go_also_where_an_outline_begins() {
        let path = BezPath::from_svg("M0 0L9 0L9 9L4 9L0 9ZM20 0L29 0L29 9Z").expect("a path");
        let outlines = vec![parts_of(&path)];
        let segments = &outlines[0][0].segments;
        let merged = |first: usize| {
            saving(
                0,
                first,
                2,
                line(&segments[first], &segments[(first + 1) % segments.len()]),
            )
        };
        let (start, straight) = (merged(4), merged(2));
        assert!(goes_with(&start, &straight, &outlines));
        assert!(!goes_with(&start, &merged(0), &outlines));
        assert!(!goes_with(&merged(1), &straight, &outlines));
        let both = changed(&outlines[0], &[&start, &straight]);
        assert_eq!(both.to_svg(), "M9,0 L9,9 L0,9 Z M20,0 L29,0 L29,9 Z");
        let gone = Saving {
            change: Change::Part(1),
            ..merged(2)
        };
        assert_eq!(
            changed(&outlines[0], &[&straight, &gone]).to_svg(),
            "M0,0 L9,0 L9,9 L0,9 Z"
        );
    }
}
