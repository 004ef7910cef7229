//! Merges added shapes of one group and of nearly one colour into one path, where that pays: the
//! squared error and the price of bytes together fall. Estimates choose what is tried; merges that
//! do not overlap share a rendering.

use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{ByteCost, Color, Document, Paint, ShapeVisit};
use kurbo::{BezPath, Rect, Shape as _};

use crate::{
    Action, FitError,
    extent::Extent,
    fit::{Fit, Problem, ShapeId},
    naming::ground_of,
    quantise::quantise,
    scene::scene_of,
    trial::{Trials, taken},
};

/// Most renderings.
const MOST_RENDERINGS: usize = 16;
/// Most merges that are tried.
const MOST_TRIED: usize = 48;

/// A merge of two shapes, which are known by their index in painting order: the first takes up the
/// outline of the second, which goes, and gets a colour.
struct Merge {
    shapes: [usize; 2],
    color: Color,
    /// Where the picture may change.
    extent: Extent,
}

impl Merge {
    fn is_apart(&self, other: &Self) -> bool {
        let shares_one = self.shapes.iter().any(|shape| other.shapes.contains(shape));
        !shares_one && !self.extent.overlaps(&other.extent)
    }
}

/// What is known of a shape that may be merged: one that was added, filled with one colour and
/// without a stroke.
struct Facts<'a> {
    visit: ShapeVisit<'a>,
    /// Its outline in pixels, and the box of that.
    outline: BezPath,
    bounds: Rect,
    extent: Option<Extent>,
    /// Pixels that show it.
    shown: f64,
    color: Option<[f64; 3]>,
}

impl Fit<'_> {
    /// Merges added shapes where that pays.
    pub(crate) fn merge_shapes(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_topology || self.shapes() < 2 {
            return Ok(());
        }
        let saved = self.price().byte() * ByteCost::JOINED;
        let mut merges = merges(&self.facts()?, saved);
        let is_of_ground = |merge: &Merge| merge.shapes.iter().any(|shape| self.is_ground(*shape));
        merges.retain(|(_, merge)| !is_of_ground(merge));
        merges.sort_by(|a, b| b.0.total_cmp(&a.0));
        merges.truncate(MOST_TRIED);
        if merges.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let merges: Vec<Merge> = merges.into_iter().map(|(_, merge)| merge).collect();
        let least = self.price().change();
        let growths = self.growths_of_merges(&merges)?.into_iter();
        let costs = growths.map(|(index, growth)| (growth - saved, &merges[index]));
        let paying = costs.filter(|(cost, _)| -*cost > least);
        let taken = taken(paying.collect(), |taken: &[&Merge], merge| {
            taken.iter().all(|other| merge.is_apart(other))
        });
        if taken.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let (mut document, ids) = merged(&self.document, &self.ids, &taken);
        quantise(&mut document);
        self.change_if_paid(Action::Merge, document, ids)?;
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Facts<'_>>, FitError> {
        let target = self.problem.target;
        let seen = (self.document).visibility(target.width as u32, target.height as u32)?;
        let visits = self.document.shapes().into_iter();
        let facts = visits.zip(seen.pixels()).zip(&self.ids);
        let facts = facts.map(|((visit, pixels), id)| {
            let shape = visit.shape;
            let outline = self.problem.to_canvas * visit.transform * &shape.path;
            let fill = shape.fill.as_ref().filter(|fill| {
                let is_plain = shape.stroke.is_none() && shape.opacity >= 1.0;
                id.is_added() && is_plain && fill.opacity >= 1.0
            });
            let color = fill.and_then(|fill| match fill.paint {
                Paint::Solid(color) => Some([color.red, color.green, color.blue].map(f64::from)),
                _ => None,
            });
            let bounds = outline.bounding_box();
            Facts {
                extent: Extent::around(bounds, target.size()),
                bounds,
                shown: pixels.len() as f64,
                color,
                outline,
                visit,
            }
        });
        Ok(facts.collect())
    }

    /// By how much the squared error grows with each of the merges for which there was room.
    fn growths_of_merges(&mut self, merges: &[Merge]) -> Result<Vec<(usize, f64)>, FitError> {
        let Problem {
            target, to_canvas, ..
        } = self.problem;
        let extents = merges.iter().map(|merge| vec![merge.extent]).collect();
        let (document, ids) = (&self.document, &self.ids);
        let mut scene = scene_of(document, target, to_canvas).scene;
        let trials = Trials::new(&mut self.descender, &mut scene, extents)?;
        let go_together = |a: usize, b: usize| merges[a].is_apart(&merges[b]);
        let changed = |group: &[usize]| {
            let group: Vec<&Merge> = group.iter().map(|index| &merges[*index]).collect();
            scene_of(&merged(document, ids, &group).0, target, to_canvas).scene
        };
        trials.growths(&mut self.descender, MOST_RENDERINGS, go_together, changed)
    }
}

/// Pairs of shapes of one group and ground whose colours are near enough for what is allowed, the
/// worth of an element's bytes, with how much they promise.
fn merges(facts: &[Facts<'_>], allowed: f64) -> Vec<(f64, Merge)> {
    let mut found = Vec::new();
    for (low, lower) in facts.iter().enumerate() {
        let Some(one) = lower.color else { continue };
        for (high, upper) in facts.iter().enumerate().skip(low + 1) {
            let (Some(other), Some(e), Some(f)) = (upper.color, lower.extent, upper.extent) else {
                continue;
            };
            let grounds = [lower, upper].map(|facts| ground_of(&facts.visit.shape.label));
            let [Some((_, own)), Some((_, next))] =
                [lower, upper].map(|facts| facts.visit.place.split_last())
            else {
                continue;
            };
            let (a, b) = (lower.shown, upper.shown);
            let apart: f64 = (0..3).map(|i| (one[i] - other[i]).powi(2)).sum();
            let promise = allowed - apart * a * b / (a + b).max(1.0);
            let may_join = own == next && grounds[0] == grounds[1];
            if !may_join || promise <= 0.0 || a + b < 1.0 {
                continue;
            }
            // The one with less between it and the other's place moves.
            let between = &facts[low + 1..high];
            let covers = |bounds: Rect| {
                let covered = between.iter().filter(|facts| facts.bounds.overlaps(bounds));
                covered.count()
            };
            let shapes = if covers(upper.bounds) <= covers(lower.bounds) {
                [low, high]
            } else {
                [high, low]
            };
            let outlines = shapes.map(|index| facts[index].outline.iter());
            let both: BezPath = outlines.into_iter().flatten().collect();
            if e.overlaps(&f) && crosses_itself(&both, 1.0) {
                continue;
            }
            let [red, green, blue] = std::array::from_fn(|i| {
                ((a * one[i] + b * other[i]) / (a + b)).clamp(0.0, 1.0) as f32
            });
            let merge = Merge {
                shapes,
                color: Color::new(red, green, blue),
                extent: e.union(&f),
            };
            found.push((promise, merge));
        }
    }
    found
}

/// The document after some merges, no two of which are about one shape, and what each of its shapes
/// is. The shapes of a merge are in one group.
fn merged(document: &Document, ids: &[ShapeId], merges: &[&Merge]) -> (Document, Vec<ShapeId>) {
    let mut merged = document.clone();
    let visits = document.shapes();
    merged.edit_shapes(|index, shape, _, _| {
        let merge = merges.iter().find(|merge| merge.shapes[0] == index);
        if let Some(merge) = merge
            && let Some(gone) = visits.get(merge.shapes[1])
            && let Some(fill) = &mut shape.fill
        {
            shape.path.extend(gone.shape.path.iter());
            fill.paint = Paint::Solid(merge.color);
        }
    });
    let is_kept = |index: usize| merges.iter().all(|merge| merge.shapes[1] != index);
    merged.retain_shapes(|index, _| is_kept(index));
    let ids = ids.iter().enumerate().filter(|(index, _)| is_kept(*index));
    (merged, ids.map(|(_, id)| *id).collect())
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Node, Shape};
    use kurbo::Circle;

    use super::*;
    use crate::{
        FitOptions,
        testing::{document, with_fit},
    };

    const RED: [f32; 3] = [0.8, 0.1, 0.1];
    const BLUE: [f32; 3] = [0.1, 0.2, 0.8];

    /// The document after one round of merges toward the picture of another, and what was done. All
    /// shapes but the ground count as added, or none.
    fn merged_to(from: &Document, to: &Document, is_added: bool) -> (Document, Vec<Action>) {
        with_fit(from, to, &FitOptions::default(), |mut fit| {
            if is_added {
                fit.ids[1..].fill(ShapeId::Added);
            }
            fit.merge_shapes().expect("merges");
            let document = fit.document.clone();
            let report = fit.finish().report;
            assert!(report.actions.iter().all(|done| done.gain > 0.0));
            let actions = report.actions.iter().map(|done| done.action);
            (document, actions.collect())
        })
    }

    /// Layers `a`, a group of `b` and `c`, and `d`, of which `b` and `d` are added, after a merge.
    fn after(shapes: [usize; 2]) -> (String, Vec<bool>) {
        let node = |label: &str| {
            let path = disc(2.0, 2.0, 1.0);
            Node::Shape(Shape::filled(label, path, Paint::Solid(Color::BLACK)))
        };
        let mut group = Group::new("group");
        group.children = vec![node("b"), node("c")];
        let mut document = Document::empty(4.0, 4.0);
        document.layers = vec![node("a"), Node::Group(group), node("d")];
        let [first, second] = [0, 1].map(ShapeId::Template);
        let ids = [first, ShapeId::Added, second, ShapeId::Added];
        let extent = Extent::around(Rect::new(0.0, 0.0, 4.0, 4.0), [4, 4]).expect("on the canvas");
        let merge = Merge {
            shapes,
            color: Color::WHITE,
            extent,
        };
        let (document, ids) = merged(&document, &ids, &[&merge]);
        let is_added = ids.iter().map(|id| id.is_added());
        (labels(&document).concat(), is_added.collect())
    }

    #[test]
    fn shapes_merge_where_they_are_and_keep_what_they_were() {
        let cases = [
            (after([2, 1]), "acd", vec![false, false, true]),
            (after([0, 3]), "abc", vec![false, true, false]),
        ];
        for (found, labels, is_added) in cases {
            assert_eq!(found, (labels.to_owned(), is_added));
        }
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
        let (merged, actions) = merged_to(&pair(RED), &pair(RED), true);
        assert_eq!(actions, [Action::Merge]);
        assert_eq!(merged.shapes().len(), 2);
        let (_, actions) = merged_to(&pair(BLUE), &pair(BLUE), true);
        assert!(actions.is_empty(), "{actions:?}");
        // Nor what a person drew.
        let (_, actions) = merged_to(&pair(RED), &pair(RED), false);
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
        let (kept, actions) = merged_to(&three, &three, true);
        assert!(actions.is_empty(), "{actions:?}");
        assert_eq!(kept.shapes().len(), 4);
    }
}
