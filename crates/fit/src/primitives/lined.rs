//! Basic shapes as a person would write them: a shape and the line around it as one element with
//! both paints, and numbers that are round.

use chat2svg_vector::{Document, Shape, ShapeVisit};
use kurbo::{Affine, BezPath, ParamCurveNearest as _, Point, Shape as _};

use super::{candidates::Candidate, is_closed, own, parts_of, samples};
use crate::{Action, FitError, fit::Fit, scene::scale_of};

/// Accuracy of a distance in pixels, and what anti-aliasing may hide beside a line.
const ACCURACY: f64 = 0.05;
const SOFT: f64 = 0.5;
/// How near to halves numbers are that are tried there, and of how many shapes at most.
const NEAR: f64 = 0.15;
const MOST_ROUNDER: usize = 6;

impl Fit<'_> {
    /// Gives rings the fill of what lies below and has its border hidden by them, where the
    /// document costs less with it.
    pub(crate) fn fill_rings(&mut self) -> Result<(), FitError> {
        // Those above a ring that has become a part of what lies below have another index then.
        for ring in (0..self.shapes()).rev() {
            for (below, rest) in self.bordered_by(ring) {
                if self.is_stopped() {
                    return Ok(());
                }
                let document = filled(&self.document, ring, below, &rest);
                let mut ids = self.ids.clone();
                if rest.is_empty() {
                    ids.remove(ring);
                }
                if self.change_if_paid(Action::Primitive, document, ids)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Writes round numbers of shapes with lines, whose width is as free as their place, where the
    /// file shows the picture for less with them.
    pub(crate) fn round_numbers(&mut self) -> Result<(), FitError> {
        let visits = self.document.shapes();
        let added = visits.iter().enumerate();
        let added = added.filter(|(index, _)| self.is_added(*index));
        let rounder = added.filter_map(|(index, visit)| Some((index, rounder(visit.shape)?)));
        let rounder: Vec<(usize, Candidate)> = rounder.take(MOST_ROUNDER).collect();
        for (rounded, candidate) in rounder {
            if self.is_stopped() {
                break;
            }
            let mut document = self.document.clone();
            document.edit_shapes(|index, shape, _, _| {
                if index == rounded {
                    candidate.draw(shape, Affine::IDENTITY);
                }
            });
            self.change_if_paid(Action::Primitive, document, self.ids.clone())?;
        }
        Ok(())
    }

    /// The shapes of which a ring hides the border of a part, the highest first, and what is left
    /// of each without it.
    fn bordered_by(&self, ring: usize) -> Vec<(usize, BezPath)> {
        let visits = self.document.shapes();
        let line = visits.get(ring).filter(|visit| is_ring(visit.shape));
        let Some(line) = line.filter(|_| self.is_added(ring)) else {
            return Vec::new();
        };
        let below = visits.iter().enumerate().take(ring).rev();
        let below = below.filter(|(index, visit)| {
            let own = visit.shape;
            self.is_added(*index)
                && !self.is_ground(*index)
                && own.stroke.is_none()
                && visit.transform == line.transform
        });
        below
            .filter_map(|(index, visit)| Some((index, self.uncovered(line, visit.shape)?)))
            .collect()
    }

    /// What is left of a shape without the parts of which a line covers all of the border; `None`
    /// where it covers none.
    fn uncovered(&self, line: &ShapeVisit<'_>, shape: &Shape) -> Option<BezPath> {
        let to_pixels = self.problem.to_canvas * line.transform;
        let scale = scale_of(to_pixels);
        let width = scale * line.shape.stroke.as_ref()?.width;
        let middle = to_pixels * &line.shape.path;
        let reach = (0.5 * width + SOFT).powi(2);
        let room = middle.bounding_box().inflate(width, width);
        let is_covered = |part: &BezPath| {
            let part = to_pixels * part;
            let is_near = |point: &Point| {
                let mut segments = middle.segments();
                segments.any(|segment| segment.nearest(*point, ACCURACY).distance_sq <= reach)
            };
            room.contains_rect(part.bounding_box())
                && samples(&part, |_| true).all.iter().all(is_near)
        };
        let (covered, rest): (Vec<BezPath>, Vec<BezPath>) =
            parts_of(&shape.path).into_iter().partition(is_covered);
        (!covered.is_empty()).then(|| rest.into_iter().flatten().collect())
    }
}

/// Whether a shape is a closed line around nothing.
fn is_ring(shape: &Shape) -> bool {
    shape.fill.is_none() && shape.stroke.is_some() && is_closed(shape)
}

/// A basic shape with a line, with round numbers where it has not.
fn rounder(shape: &Shape) -> Option<Candidate> {
    let line = Some(shape.stroke.as_ref()?.width);
    let own = own::basic_of(&shape.path)?.candidate();
    Candidate { line, ..own }.snapped(NEAR)
}

/// A document in which a ring has become the line around what lies below: around all of it, in its
/// place, or around a part, of which it takes over the fill.
fn filled(document: &Document, ring: usize, below: usize, rest: &BezPath) -> Document {
    let mut document = document.clone();
    let shape_of = |index: usize| {
        document
            .shapes()
            .get(index)
            .map(|visit| visit.shape.clone())
    };
    let (Some(line), Some(ground)) = (shape_of(ring), shape_of(below)) else {
        return document;
    };
    let filled = Shape {
        fill: ground.fill.clone(),
        ..line
    };
    let is_whole = rest.is_empty();
    document.edit_shapes(|index, shape, _, _| {
        if index == if is_whole { below } else { ring } {
            shape.clone_from(&filled);
        } else if index == below {
            shape.path.clone_from(rest);
        }
    });
    document.retain_shapes(|index, _| !(is_whole && index == ring));
    document
}
