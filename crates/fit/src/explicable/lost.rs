//! Shapes that are lost: the target shows in their place what lies beneath them, and elsewhere
//! something that the document does not show. They are there in another place or form that nobody
//! has found, and would be painted as what they lie on, which hides them.

use chat2svg_stop::Stop;
use chat2svg_trace::neighbours::{around, connected, square};
use chat2svg_vector::{Color, Document, Raster, RenderError};

use super::{EQUAL, LEAST_SEEN, LIKE, MUCH, colors, distance};
use crate::{freedom::unread_place, registration::told_name};

/// Longest side in pixels at which they are looked for.
const SIDE: u32 = 512;
/// Share of what is seen of a shape that the target shows where it is not absent.
const FOUND: f64 = 0.5;
/// Share of the rest that shows what lies beneath an absent one.
const BENEATH: f64 = 0.6;
/// Least part of its area that the target shows elsewhere of one that is lost.
const ELSEWHERE: f64 = 0.1;
/// Share of the canvas from which a shape is a ground, of which none of this can be said.
const GROUND: f64 = 0.5;

/// What a document has where a target does not show it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Absent {
    /// Of each shape the pixels that are seen of it, where the target shows what lies beneath; 0
    /// where it does not.
    areas: Vec<usize>,
    /// Of each shape whether the target shows most of it.
    is_found: Vec<bool>,
    /// Pixels of the target that differ from the document without these shapes.
    missing: usize,
    /// Share of the target that differs much from it, in parts that are more than specks: it shows
    /// something there which the document does not.
    pub(crate) unshown: f64,
}

impl Absent {
    /// In a target that covers the document's view box; nothing where it is no rendering of a
    /// changed document, or `stop` says so.
    pub(crate) fn of(document: &Document, target: &Raster, stop: &Stop) -> Self {
        Self::found(document, target, stop).unwrap_or_default()
    }

    /// Whether the target shows most of what is seen of a shape.
    pub(crate) fn has_found(&self, shape: usize) -> bool {
        self.is_found.get(shape) == Some(&true)
    }

    /// Whether it shows what lies beneath a shape in its place, and elsewhere something that may be
    /// the shape, in another place or form.
    pub(crate) fn has_lost(&self, shape: usize) -> bool {
        let area = self.areas.get(shape).copied().unwrap_or_default();
        area > 0 && self.missing as f64 >= ELSEWHERE * area as f64
    }

    /// Names of the shapes that are lost, each once.
    pub(crate) fn lost_names(&self, document: &Document) -> Vec<String> {
        let mut names = Vec::new();
        for visit in document.shapes() {
            let name = told_name(&visit, visit.place.len());
            if self.has_lost(visit.index) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn found(document: &Document, target: &Raster, stop: &Stop) -> Result<Self, RenderError> {
        let (width, height) = document.canvas_size([target.width(), target.height()], SIDE)?;
        let wanted = target.averaged(width, height, stop)?.over(Color::WHITE);
        let wanted = colors(&wanted);
        let picture = |document: &Document| {
            let shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
            Ok::<_, RenderError>(colors(&shown))
        };
        let is_like = |at: usize, shown: &[[f32; 3]], within: f32| {
            let pair = shown.get(at).zip(wanted.get(at));
            pair.is_some_and(|(shown, wanted)| distance(*shown, *wanted) <= within)
        };
        let (shown, all) = (picture(document)?, wanted.len());
        let same = (0..all).filter(|at| is_like(*at, &shown, EQUAL)).count();
        if (same as f64) < MUCH * all as f64 {
            return Ok(Self::default());
        }
        let seen = document.visibility_until(width, height, stop)?;
        let pixels = seen.pixels();
        // Of each shape the pixels where the target does not show it, where those are most.
        let visits = document.shapes();
        let mut is_found = Vec::with_capacity(pixels.len());
        let off = visits.iter().zip(pixels).map(|(visit, own)| {
            let is_off = |at: &u32| !is_like(*at as usize, &shown, LIKE);
            let off: Vec<u32> = own.iter().copied().filter(is_off).collect();
            let is_sized = own.len() >= LEAST_SEEN && (own.len() as f64) < GROUND * all as f64;
            let is_most = off.len() as f64 > (1.0 - FOUND) * own.len() as f64;
            is_found.push(own.len() >= LEAST_SEEN && !is_most);
            let is_read = unread_place(visit).is_none();
            (is_sized && is_most && is_read).then_some(off)
        });
        let off: Vec<Option<Vec<u32>>> = off.collect();
        let mut rest = document.clone();
        rest.retain_shapes(|index, _| !matches!(off.get(index), Some(Some(_))));
        let beneath = picture(&rest)?;
        // Edges a little off their places mix the colours around them: nothing is missing there.
        let size = [width as usize, height as usize];
        let is_between = |at: usize, slack: f32| {
            (0..3).all(|i| {
                let around = || square(size, at, 1).map(|other| beneath[other][i]);
                let least = around().fold(f32::INFINITY, f32::min) - slack;
                (least..=around().fold(0.0, f32::max) + slack).contains(&wanted[at][i])
            })
        };
        let is_read = |at: usize| {
            let owner = (*seen.owners().get(at)? as usize).checked_sub(1)?;
            Some(unread_place(visits.get(owner)?).is_none())
        };
        let unshown: Vec<bool> = (0..all)
            .map(|at| is_read(at) != Some(false) && !is_between(at, LIKE))
            .collect();
        let parts = connected(unshown, |at| around(size, at)).into_iter();
        let unshown: usize = parts
            .map(|part| part.len())
            .filter(|n| *n >= LEAST_SEEN)
            .sum();
        let area = |(off, own): (&Option<Vec<u32>>, &Vec<u32>)| {
            let Some(off) = off else { return 0 };
            let shown = off
                .iter()
                .filter(|at| is_like(**at as usize, &beneath, 0.5 * LIKE));
            let is_absent = shown.count() as f64 >= BENEATH * off.len() as f64;
            if is_absent { own.len() } else { 0 }
        };
        Ok(Self {
            is_found,
            areas: off.iter().zip(pixels).map(area).collect(),
            missing: (0..all).filter(|at| !is_between(*at, 0.5 * LIKE)).count(),
            unshown: unshown as f64 / all as f64,
        })
    }
}
