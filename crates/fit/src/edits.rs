//! Edits of two shapes of one group: added ones of nearly one colour become one path, and one rises
//! above another, where that pays: the squared error and the price of bytes together fall.
//! Estimates choose what is tried; edits that do not overlap share a rendering.

use chat2svg_trace::crossing::crosses_itself;
use chat2svg_vector::{ByteCost, Color, Document, Node, Paint, ShapeVisit};
use kurbo::{BezPath, Rect, Shape as _};

use crate::{
    Action, FitError,
    extent::Extent,
    fit::{Fit, Problem, ShapeId},
    naming::ground_of,
    quantise::quantise,
    scene::{scale_of, scene_of},
    trial::{Trials, taken},
};

/// Most renderings for one kind of edit.
const MOST_RENDERINGS: usize = 16;
/// Most edits of a kind that are tried.
const MOST_TRIED: usize = 48;

/// A change to two shapes, which are known by their index in painting order.
struct Edit {
    shapes: [usize; 2],
    /// With this paint the first takes up the outline of the second, which goes; without one the
    /// first comes to lie right above the second.
    merged: Option<Paint>,
    /// Where the picture may change.
    extent: Extent,
}

impl Edit {
    fn is_apart(&self, other: &Self) -> bool {
        let shares_one = self.shapes.iter().any(|shape| other.shapes.contains(shape));
        !shares_one && !self.extent.overlaps(&other.extent)
    }
}

/// What is known of a shape when edits are looked for.
struct Facts<'a> {
    visit: ShapeVisit<'a>,
    /// Its outline in pixels, and the box of that.
    outline: BezPath,
    bounds: Rect,
    extent: Option<Extent>,
    is_added: bool,
    /// Pixels that show it.
    shown: f64,
    /// Its colour where it may be merged: added, filled with one colour and without a stroke.
    flat: Option<[f64; 3]>,
}

impl Facts<'_> {
    /// The place of the group that it is in.
    fn parent(&self) -> Option<&[usize]> {
        self.visit.place.split_last().map(|(_, around)| around)
    }

    /// Whether it may change its depth: added, or nameless.
    fn may_move(&self) -> bool {
        let shape = self.visit.shape;
        self.is_added || (shape.id.is_empty() && shape.label.is_empty())
    }
}

impl Fit<'_> {
    /// Raises and merges shapes where that pays. Of the template's shapes only nameless ones change
    /// their depth and none is merged.
    pub(crate) fn search_edits(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_topology || self.shapes() < 2 {
            return Ok(());
        }
        let raises = raises(&self.facts()?);
        self.take_edits(raises, Action::Reorder, 0.0)?;
        let joined = self.price().byte() * ByteCost::JOINED;
        let merges = merges(&self.facts()?, joined);
        self.take_edits(merges, Action::Merge, joined)
    }

    /// Takes those of the edits that promise most which pay and lie apart. Each saves bytes worth
    /// so much.
    fn take_edits(
        &mut self,
        mut edits: Vec<(f64, Edit)>,
        action: Action,
        saved: f64,
    ) -> Result<(), FitError> {
        let is_of_ground = |edit: &Edit| edit.shapes.iter().any(|shape| self.is_ground(*shape));
        edits.retain(|(_, edit)| !is_of_ground(edit));
        edits.sort_by(|a, b| b.0.total_cmp(&a.0));
        edits.truncate(MOST_TRIED);
        if edits.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let edits: Vec<Edit> = edits.into_iter().map(|(_, edit)| edit).collect();
        let least = self.price().change();
        let growths = self.growths_of_edits(&edits)?.into_iter();
        let costs = growths.map(|(index, growth)| (growth - saved, &edits[index]));
        let paying = costs.filter(|(cost, _)| -*cost > least);
        let taken = taken(paying.collect(), |taken: &[&Edit], edit| {
            taken.iter().all(|other| edit.is_apart(other))
        });
        if taken.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let (mut document, ids) = with_edits(&self.document, &self.ids, &taken);
        quantise(&mut document);
        self.change_if_paid(action, document, ids)?;
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Facts<'_>>, FitError> {
        let target = self.problem.target;
        let seen = (self.document).visibility(target.width as u32, target.height as u32)?;
        let visits = self.document.shapes().into_iter();
        let facts = visits.zip(seen.pixels()).zip(&self.ids);
        let facts = facts.map(|((visit, pixels), id)| {
            let shape = visit.shape;
            let to_pixels = self.problem.to_canvas * visit.transform;
            let outline = to_pixels * &shape.path;
            let is_added = id.is_added();
            let fill = shape.fill.as_ref().filter(|fill| {
                is_added && shape.stroke.is_none() && shape.opacity >= 1.0 && fill.opacity >= 1.0
            });
            let flat = fill.and_then(|fill| match fill.paint {
                Paint::Solid(color) => Some([color.red, color.green, color.blue]),
                _ => None,
            });
            let bounds = outline.bounding_box();
            let reach = shape.stroke.as_ref().map_or(0.0, |stroke| {
                stroke.width * scale_of(to_pixels) * stroke.miter_limit.max(1.0)
            });
            let reached = bounds.inflate(reach, reach);
            Facts {
                extent: Extent::around(reached, target.size()),
                bounds,
                is_added,
                shown: pixels.len() as f64,
                flat: flat.map(|color| color.map(f64::from)),
                outline,
                visit,
            }
        });
        Ok(facts.collect())
    }

    /// By how much the squared error grows with each of the edits for which there was room.
    fn growths_of_edits(&mut self, edits: &[Edit]) -> Result<Vec<(usize, f64)>, FitError> {
        let Problem {
            target, to_canvas, ..
        } = self.problem;
        let extents = edits.iter().map(|edit| vec![edit.extent]).collect();
        let (document, ids) = (&self.document, &self.ids);
        let mut scene = scene_of(document, target, to_canvas).scene;
        let trials = Trials::new(&mut self.descender, &mut scene, extents)?;
        let go_together = |a: usize, b: usize| edits[a].is_apart(&edits[b]);
        let changed = |group: &[usize]| {
            let group: Vec<&Edit> = group.iter().map(|index| &edits[*index]).collect();
            let (document, _) = with_edits(document, ids, &group);
            scene_of(&document, target, to_canvas).scene
        };
        trials.growths(&mut self.descender, MOST_RENDERINGS, go_together, changed)
    }
}

/// Each shape above the next in its group that it may overlap, with a promise. At least one of the
/// two was added, or neither has a name: the order of what a person named is theirs.
fn raises(facts: &[Facts<'_>]) -> Vec<(f64, Edit)> {
    let raise = |(index, fact): (usize, &Facts<'_>)| {
        let extent = fact.extent?;
        let mut above = facts.iter().enumerate().skip(index + 1);
        let (above, other, shared) = above.find_map(|(above, other)| {
            let shared = extent.intersection(&other.extent?)?;
            (other.parent() == fact.parent()).then_some((above, other, shared))
        })?;
        // The lower one rises, or, when only the upper one may move, it would sink: the same
        // picture.
        let is_free = fact.is_added || other.is_added || (fact.may_move() && other.may_move());
        let [own, next] = [fact, other].map(|fact| fact.visit.place.last().copied());
        let is_next = next == own.map(|own| own + 1);
        let edit = Edit {
            shapes: [index, above],
            merged: None,
            extent: shared,
        };
        (is_free && (fact.may_move() || is_next)).then_some((fact.shown.min(other.shown), edit))
    };
    facts.iter().enumerate().filter_map(raise).collect()
}

/// Pairs of added shapes of one group and ground whose colours are near enough for what is allowed,
/// the worth of an element's bytes, with how much they promise.
fn merges(facts: &[Facts<'_>], allowed: f64) -> Vec<(f64, Edit)> {
    let mut found = Vec::new();
    for (low, lower) in facts.iter().enumerate() {
        let Some(one) = lower.flat else { continue };
        for (high, upper) in facts.iter().enumerate().skip(low + 1) {
            let (Some(other), Some(e), Some(f)) = (upper.flat, lower.extent, upper.extent) else {
                continue;
            };
            let grounds = [lower, upper].map(|facts| ground_of(&facts.visit.shape.label));
            let (a, b) = (lower.shown, upper.shown);
            let apart: f64 = (0..3).map(|i| (one[i] - other[i]).powi(2)).sum();
            let promise = allowed - apart * a * b / (a + b).max(1.0);
            let may_join = upper.parent() == lower.parent() && grounds[0] == grounds[1];
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
            let edit = Edit {
                shapes,
                merged: Some(Paint::Solid(Color::new(red, green, blue))),
                extent: e.union(&f),
            };
            found.push((promise, edit));
        }
    }
    found
}

/// The document after some edits, no two of which are about one shape, and what each of its shapes
/// is. The shapes of an edit are in one group.
fn with_edits(document: &Document, ids: &[ShapeId], edits: &[&Edit]) -> (Document, Vec<ShapeId>) {
    let mut document = document.clone();
    // The shapes in the order in which they are painted now, by their index before.
    let mut order: Vec<usize> = (0..ids.len()).collect();
    for edit in edits {
        let now = edit
            .shapes
            .map(|shape| order.iter().position(|known| *known == shape));
        let visits = document.shapes();
        let places = now.map(|now| Some(visits.get(now?)?.place.clone()));
        let ([Some(first), Some(second)], [Some(place), Some(other)]) = (now, places) else {
            continue;
        };
        let (Some((place, around)), Some(other)) = (place.split_last(), other.last()) else {
            continue;
        };
        let Some(siblings) = document.children_mut(around) else {
            continue;
        };
        if let Some(paint) = &edit.merged {
            let Some(Node::Shape(gone)) = siblings.get(*other).cloned() else {
                continue;
            };
            if let Some(Node::Shape(kept)) = siblings.get_mut(*place) {
                kept.path.extend(gone.path);
                kept.fill
                    .iter_mut()
                    .for_each(|fill| fill.paint = paint.clone());
            }
            siblings.remove(*other);
            order.remove(second);
        } else if let Some(between) = siblings.get_mut(*place..=*other) {
            // What lies between comes to lie below both.
            between.rotate_left(1);
            order[first..=second].rotate_left(1);
        }
    }
    let ids = order
        .into_iter()
        .filter_map(|shape| ids.get(shape).copied());
    (document, ids.collect())
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Shape};
    use kurbo::Circle;

    use super::*;
    use crate::{
        FitOptions,
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

    /// Layers `a`, a group of `b` and `c`, and `d`, of which `b` and `d` are added, after an edit.
    fn after(shapes: [usize; 2], merged: Option<Paint>) -> (String, Vec<bool>) {
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
        let edit = Edit {
            shapes,
            merged,
            extent,
        };
        let (document, ids) = with_edits(&document, &ids, &[&edit]);
        let is_added = ids.iter().map(|id| id.is_added());
        (labels(&document).concat(), is_added.collect())
    }

    #[test]
    fn shapes_rise_and_merge_where_they_are_and_keep_what_they_were() {
        let white = || Some(Paint::Solid(Color::WHITE));
        let cases = [
            (after([1, 2], None), "acbd", vec![false, false, true, true]),
            (after([0, 3], None), "bcda", vec![true, false, true, false]),
            (after([2, 1], white()), "acd", vec![false, false, true]),
            (after([0, 3], white()), "abc", vec![false, true, false]),
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
