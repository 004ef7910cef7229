//! Searches for edits that pay: renders proposed merges and raises, measures what each gains,
//! and applies the best. Proposals that do not overlap share a rendering.

use chat2svg_vector::Paint;
use kurbo::Shape as _;

use crate::{
    Action, FitError,
    edits::{Edit, with_edits},
    extent::Extent,
    fit::{Fit, Problem},
    proposals::{Facts, Proposal, are_apart, merges, raises},
    quantise::quantise,
    scene::scene_of,
    trial::{Trials, taken},
};

/// Most renderings for one kind of edit.
const MOST_RENDERINGS: usize = 16;
/// Most edits of a kind that are tried.
const MOST_TRIED: usize = 48;

impl Fit<'_> {
    /// Raises and merges shapes where that pays: the squared error and the price of bytes together
    /// fall. Of the template's shapes only nameless ones change their depth and none is merged.
    pub(crate) fn search_edits(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_topology || self.shapes() < 2 {
            return Ok(());
        }
        for action in [Action::Reorder, Action::Merge] {
            let facts = self.facts()?;
            if self.is_stopped() {
                break;
            }
            let proposals = match action {
                Action::Reorder => raises(&facts),
                _ => merges(&facts, self.price()),
            };
            self.take_edits(proposals, action)?;
        }
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Facts>, FitError> {
        let target = self.problem.target;
        let seen = (self.document).visibility(target.width as u32, target.height as u32)?;
        let visits = self.document.shapes();
        Ok(visits
            .into_iter()
            .zip(seen.pixels())
            .zip(&self.ids)
            .map(|((visit, pixels), id)| {
                let is_added = id.is_added();
                let shape = visit.shape;
                let to_pixels = self.problem.to_canvas * visit.transform;
                let bounds = (to_pixels * &shape.path).bounding_box();
                let flat = match &shape.fill {
                    Some(fill) if shape.stroke.is_none() && shape.opacity >= 1.0 => {
                        match fill.paint {
                            Paint::Solid(color) if fill.opacity >= 1.0 => Some(color),
                            _ => None,
                        }
                    }
                    _ => None,
                };
                let has_name = !shape.id.is_empty() || !shape.label.is_empty();
                let reach = shape.stroke.as_ref().map_or(0.0, |stroke| {
                    stroke.width
                        * to_pixels.determinant().abs().sqrt()
                        * stroke.miter_limit.max(1.0)
                });
                Facts {
                    place: visit.place.last().copied().unwrap_or_default(),
                    parent: visit
                        .place
                        .split_last()
                        .map_or(Vec::new(), |(_, p)| p.to_vec()),
                    flat: flat.filter(|_| is_added),
                    may_move: is_added || !has_name,
                    is_added,
                    extent: Extent::around(
                        bounds.inflate(reach, reach),
                        target.width,
                        target.height,
                    ),
                    bounds,
                    label: shape.label.clone(),
                    to_pixels,
                    path: shape.path.clone(),
                    pixels,
                }
            })
            .collect())
    }

    /// Tries edits, most promising first, and takes those that pay and lie apart.
    fn take_edits(&mut self, mut proposals: Vec<Proposal>, action: Action) -> Result<(), FitError> {
        proposals.truncate(MOST_TRIED);
        if proposals.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let price = self.price();
        let growths = self.growths(&proposals)?;
        let costs = growths.into_iter().map(|(index, growth)| {
            let proposal = &proposals[index];
            (growth - price.byte() * proposal.saved, proposal)
        });
        let paying = costs.filter(|(cost, _)| -*cost > price.change());
        let taken = taken(paying.collect(), |taken: &[&Proposal], proposal| {
            taken.iter().all(|other| are_apart(proposal, other))
        });
        if taken.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let edits: Vec<&Edit> = taken.iter().map(|proposal| &proposal.edit).collect();
        let (mut document, ids) = with_edits(&self.document, &self.ids, &edits);
        quantise(&mut document);
        self.change_if_paid(action, document, ids)
    }

    /// By how much the squared error grows with each of the proposals for which there was room.
    fn growths(&mut self, proposals: &[Proposal]) -> Result<Vec<(usize, f64)>, FitError> {
        let Problem {
            target, to_canvas, ..
        } = self.problem;
        let extents = proposals.iter().map(|proposal| vec![proposal.extent]);
        let (document, ids) = (&self.document, &self.ids);
        let mut scene = scene_of(document, target, to_canvas).scene;
        let trials = Trials::new(&mut self.descender, &mut scene, extents.collect())?;
        let go_together = |a: usize, b: usize| are_apart(&proposals[a], &proposals[b]);
        let changed = |group: &[usize]| {
            let edits: Vec<&Edit> = group.iter().map(|index| &proposals[*index].edit).collect();
            let (document, _) = with_edits(document, ids, &edits);
            scene_of(&document, target, to_canvas).scene
        };
        trials.growths(&mut self.descender, MOST_RENDERINGS, go_together, changed)
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Document;
    use kurbo::{BezPath, Circle, Rect};

    use super::*;
    use crate::{
        FitOptions,
        fit::ShapeId,
        testing::{document, with_fit},
    };

    const RED: [f32; 3] = [0.8, 0.1, 0.1];
    const BLUE: [f32; 3] = [0.1, 0.2, 0.8];

    /// The document after one rearrangement toward the picture of another, and what was done. All
    /// shapes but the ground count as added, or none.
    fn edited_to(from: &Document, to: &Document, is_added: bool) -> (Document, Vec<Action>) {
        with_fit(from, to, &FitOptions::default(), |mut fit| {
            if is_added {
                fit.ids[1..].fill(ShapeId::Added);
            }
            fit.search_edits().expect("rearranges");
            let document = fit.document.clone();
            let report = fit.finish().report;
            assert!(report.actions.iter().all(|done| done.gain > 0.0));
            let actions = report.actions.iter().map(|done| done.action);
            (document, actions.collect())
        })
    }

    fn disc(x: f64, y: f64, radius: f64) -> BezPath {
        Circle::new((x, y), radius).to_path(1e-3)
    }

    fn labels(document: &Document) -> Vec<String> {
        let shapes = document.shapes();
        shapes
            .iter()
            .map(|visit| visit.shape.label.clone())
            .collect()
    }

    #[test]
    fn two_of_one_colour_become_one_and_two_of_two_colours_do_not() {
        let pair = |color| {
            document(&[
                ("", disc(16.0, 16.0, 8.0), RED),
                ("", disc(46.0, 40.0, 9.0), color),
            ])
        };
        let (merged, actions) = edited_to(&pair(RED), &pair(RED), true);
        assert_eq!(actions, [Action::Merge]);
        assert_eq!(merged.shapes().len(), 2);
        let (_, actions) = edited_to(&pair(BLUE), &pair(BLUE), true);
        assert!(actions.is_empty(), "{actions:?}");
        // Nor what a person drew.
        let (_, actions) = edited_to(&pair(RED), &pair(RED), false);
        assert!(actions.is_empty(), "{actions:?}");
    }

    #[test]
    fn what_lies_between_two_keeps_them_apart() {
        // The upper red disc covers the bar, the lower one is covered by it.
        let bar = Rect::new(0.0, 20.0, 64.0, 44.0).to_path(0.1);
        let three = document(&[
            ("", disc(16.0, 32.0, 14.0), RED),
            ("", bar, BLUE),
            ("", disc(46.0, 32.0, 14.0), RED),
        ]);
        let (kept, actions) = edited_to(&three, &three, true);
        assert!(actions.is_empty(), "{actions:?}");
        assert_eq!(kept.shapes().len(), 4);
    }

    #[test]
    fn an_added_shape_rises_to_where_the_target_shows_it() {
        let (a, b) = (disc(26.0, 32.0, 14.0), disc(40.0, 32.0, 14.0));
        let red_below = document(&[("red", a.clone(), RED), ("blue", b.clone(), BLUE)]);
        let red_above = document(&[("blue", b, BLUE), ("red", a, RED)]);
        let (raised, actions) = edited_to(&red_below, &red_above, true);
        assert_eq!(actions, [Action::Reorder]);
        assert_eq!(labels(&raised), ["ground", "blue", "red"]);
        let (_, actions) = edited_to(&red_above, &red_above, true);
        assert!(actions.is_empty(), "{actions:?}");
        // The order of named shapes is the template's.
        let (kept, actions) = edited_to(&red_below, &red_above, false);
        assert!(actions.is_empty(), "{actions:?}");
        assert_eq!(labels(&kept), labels(&red_below));
    }
}
