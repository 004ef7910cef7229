//! Changes a fit's set of shapes: covers a picture, adds shapes where it is wrong, repaints,
//! simplifies and prunes. `fit` moves the shapes that exist.

use std::collections::BTreeSet;

use chat2svg_trace::{
    NOISE, OPAQUE,
    crossing::{crosses_itself, straightened, without_crossed_parts},
    found_shape::{BACKGROUND, FoundShape, paint_in},
    picture::{Picture, median_color, squared_distance},
    regions::RegionFinder,
};
use chat2svg_vector::{
    ByteCost, Color, Group, Node, Paint, Shape, Visibility, WriteOptions, snapped_outline,
};
use kurbo::{BezPath, Rect, Shape as _};

use crate::{
    Action, FitError,
    fit::{Fit, Problem, ShapeId},
    freedom::Motion,
    naming::{Name, Namer, name_at},
    quantise::quantise,
    scene::scale_of,
    simplify::simplified,
    topology::{first_layers, insert_above, node_of},
    trial::taken,
};

/// Accuracy of a length of border, in pixels.
const BORDER_ACCURACY: f64 = 0.1;
/// Width in pixels below which an added shape is a needle sliver, which must gain more.
const SLIVER: f64 = 1.0;
/// Pixels that a shape must show to be given another paint.
const LEAST_PAINTED: usize = 60;

impl Fit<'_> {
    /// Makes the layers of a document that has no shapes.
    pub(crate) fn cover(&mut self, mut first: Vec<FoundShape>) -> Result<(), FitError> {
        let target = self.problem.target;
        let lines = self.problem.lines.map_or(&[][..], |lines| &lines.lines);
        let shadows = self.problem.reading.shadows.as_ref();
        // Lines and shadows alone leave an opaque picture without its ground.
        let has_others = !lines.is_empty() || shadows.is_some();
        if first.is_empty() && (target.is_opaque || !has_others) {
            return Ok(());
        }
        if let Some(lowest) = first.first_mut()
            && target.is_opaque
            && !lowest.is_backdrop
        {
            // All others are painted over it, so it may as well lie below everything.
            lowest.path = canvas_of(target);
            lowest.is_backdrop = true;
        }
        if let Some(shadows) = shadows {
            // They lie on nothing but the ground.
            let below = usize::from(target.is_opaque);
            let shapes = shadows.shapes.iter().chain(&shadows.plates);
            first.splice(below..below, shapes.cloned());
        }
        self.ids = vec![ShapeId::Added; first.len() + lines.len()];
        self.document.layers = first_layers(first, lines, self.problem.to_canvas.inverse());
        self.quantise_without_crossings();
        self.note(Action::Cover)
    }

    /// Puts a canvas below a new document that lets something through where its opaque picture does
    /// not, in the colour that the picture shows there.
    pub(crate) fn close_ground(&mut self) -> Result<(), FitError> {
        let Problem {
            target,
            to_canvas,
            is_new,
            ..
        } = self.problem;
        self.take_best();
        if !is_new || !target.is_opaque || self.is_empty() {
            return Ok(());
        }
        let shown = self
            .document
            .render(target.width as u32, target.height as u32, None)?;
        let pixels = shown.pixels().iter().zip(&target.pixels);
        let clear: Vec<_> = pixels
            .filter(|(shown, _)| shown[3] < u8::MAX)
            .map(|(_, wanted)| *wanted)
            .collect();
        let Some([red, green, blue]) = median_color(&clear) else {
            return Ok(());
        };
        let paint = Paint::Solid(Color::new(red, green, blue));
        let path = to_canvas.inverse() * canvas_of(target);
        let mut ground = Group::new(BACKGROUND);
        ground.children = vec![Node::Shape(Shape::filled("", path, paint))];
        self.document.layers.insert(0, Node::Group(ground));
        self.ids.insert(0, ShapeId::Added);
        self.mark_primitives()
    }

    /// Whether a shape is the ground that makes an opaque picture's document opaque.
    pub(crate) fn is_ground(&self, shape: usize) -> bool {
        let Problem {
            target, template, ..
        } = self.problem;
        shape == 0 && target.is_opaque && template.layers.is_empty()
    }

    /// Whether the fit has added a shape.
    pub(crate) fn is_added(&self, shape: usize) -> bool {
        self.ids.get(shape).is_some_and(|id| id.is_added())
    }

    /// Which shape each pixel of the finder's picture shows.
    fn visibility(&self, finder: &RegionFinder) -> Result<Visibility, FitError> {
        let (width, height) = finder.size();
        Ok(self.document.visibility(width as u32, height as u32)?)
    }

    /// Adds shapes where they gain most, at most `limit`; returns how many.
    pub(crate) fn add(&mut self, finder: &RegionFinder, limit: usize) -> Result<usize, FitError> {
        if limit == 0 || self.is_stopped() {
            return Ok(0);
        }
        let Problem {
            target,
            to_canvas,
            pool,
            ..
        } = self.problem;
        let (width, height) = finder.size();
        let mut map = self.scene();
        let shown = self.descender.picture(&mut map.scene)?;
        let errors = shown
            .iter()
            .zip(&target.pixels)
            .map(|(a, b)| [squared_distance(*a, *b); 3]);
        let error = Picture::opaque(target.width, target.height, errors);
        let sum: f64 = error.pixels.iter().map(|p| f64::from(p[0])).sum();
        if sum < 3.0 * NOISE * error.pixels.len() as f64 {
            return Ok(0);
        }
        let present: Vec<f32> = error
            .reduced(width, height)
            .pixels
            .iter()
            .map(|p| p[0])
            .collect();
        let visibility = self.visibility(finder)?;
        let (cost, stop) = (self.cost(), self.problem.clock.as_stop());
        let (found, regions) = pool
            .install(|| finder.residual_shapes(&present, visibility.owners(), cost, limit, &stop));
        if found.is_empty() || self.is_stopped() {
            return Ok(0);
        }
        let namer = Namer::of(&self.document, (finder.sharp(), width), &visibility);
        let depths: Vec<Option<usize>> = found.iter().map(|shape| shape.depth).collect();
        let node = |item: usize, ground: Option<&str>, to_parent| {
            let shape: &FoundShape = &found[item];
            let name = match ground {
                None => Name {
                    label: BACKGROUND.to_owned(),
                    ..Name::default()
                },
                // A document without names stays so; a new one's layers get theirs in the end.
                Some("") => Name::default(),
                named => Name::on(named, &namer.traits(&regions[shape.region], shape.depth)),
            };
            node_of(name, shape, to_parent)
        };
        let inserted = insert_above(&mut self.document, &depths, to_canvas, node);
        let indices: BTreeSet<usize> = inserted.into_iter().map(|(_, index)| index).collect();
        for index in indices {
            self.ids.insert(index.min(self.ids.len()), ShapeId::Added);
        }
        let crossed = self.quantise_without_crossings();
        self.note(Action::Add)?;
        Ok(found.len().saturating_sub(crossed))
    }

    /// Quantises new shapes. Rounding may make two curves that nearly touch cross: those are made
    /// straight, and parts of an added shape that still cross are removed. Returns how many shapes
    /// were.
    fn quantise_without_crossings(&mut self) -> usize {
        quantise(&mut self.document);
        let (to_canvas, ids) = (self.problem.to_canvas, &self.ids);
        let mut crossed = BTreeSet::new();
        self.document.edit_shapes(|index, shape, transform, _| {
            let scale = scale_of(to_canvas * transform);
            if ids.get(index) != Some(&ShapeId::Added)
                || shape.fill.is_none()
                || !scale.is_normal()
                || !crosses_itself(&shape.path, scale)
            {
                return;
            }
            shape.path = straightened(&shape.path, scale)
                .unwrap_or_else(|| without_crossed_parts(&shape.path, scale));
            if shape.path.elements().is_empty() {
                crossed.insert(index);
            }
        });
        self.remove_shapes(&crossed);
        crossed.len()
    }

    /// Takes shapes out of the document.
    pub(crate) fn remove_shapes(&mut self, gone: &BTreeSet<usize>) {
        if gone.is_empty() {
            return;
        }
        self.document
            .retain_shapes(|index, _| !gone.contains(&index));
        let mut index = 0;
        self.ids.retain(|_| {
            index += 1;
            !gone.contains(&(index - 1))
        });
    }

    /// Gives flat shapes a gradient where that explains their pixels enough better.
    pub(crate) fn repaint(&mut self, finder: &RegionFinder) -> Result<(), FitError> {
        if !self.problem.options.allow_gradients || self.is_stopped() {
            return Ok(());
        }
        let seen = self.visibility(finder)?;
        let (cost, to_canvas, ids) = (self.cost(), self.problem.to_canvas, &self.ids);
        let mut changed = 0;
        self.document.edit_shapes(|index, shape, transform, _| {
            let own = seen.pixels_of(index);
            if own.len() < LEAST_PAINTED {
                return;
            }
            if shape.stroke.is_some() && ids.get(index).is_some_and(|id| id.is_added()) {
                // Its pixels are those of its border, too.
                return;
            }
            let Some(fill) = &mut shape.fill else { return };
            let to_pixels = to_canvas * transform;
            if !matches!(fill.paint, Paint::Solid(_))
                || fill.opacity < OPAQUE
                || chat2svg_vector::similarity_scale(to_pixels).is_none()
            {
                return;
            }
            let gradients = finder.gradients(own.len(), cost);
            if let Some(found) = finder.paint(own, gradients)
                && !matches!(found.paint, Paint::Solid(_))
                && found.is_opaque()
            {
                fill.paint = paint_in(&found.paint, to_pixels.inverse());
                changed += 1;
            }
        });
        if changed > 0 {
            self.note(Action::Repaint)?;
        }
        Ok(())
    }

    /// Draws outlines of the template anew with fewer curves, at most `tolerance` pixels off.
    pub(crate) fn simplify(&mut self, tolerance: f64) -> Result<(), FitError> {
        let to_canvas = self.problem.to_canvas;
        let (ids, freedoms) = (&self.ids, self.present_freedoms());
        let clock = self.problem.clock;
        let decimals = self.document.outline_decimals(&WriteOptions::default());
        let problem = self.problem;
        let mut changed = 0;
        self.document.edit_shapes(|index, shape, transform, _| {
            let scale = scale_of(to_canvas * transform);
            let is_wanted = ids.get(index).is_some_and(|id| !id.is_added())
                && freedoms.get(index).copied().unwrap_or_default().outline == Motion::Free
                && shape.fill.is_some()
                && scale.is_normal()
                && !clock.is_due();
            if is_wanted
                && let Some(path) = simplified(&shape.path, scale, tolerance)
                && let Some(decimals) = decimals.get(index)
                && let path = snapped_outline(&path, *decimals)
                && let seen = problem.crossing_scale(transform, false)
                && (!crosses_itself(&path, seen) || crosses_itself(&shape.path, seen))
            {
                shape.path = path;
                changed += 1;
            }
        });
        if changed > 0 {
            self.note(Action::Simplify)?;
        }
        Ok(())
    }

    /// Takes out added shapes that gain less than their bytes must, and nameless ones of the
    /// template that show nothing; returns how many.
    pub(crate) fn prune(&mut self) -> Result<usize, FitError> {
        if self.is_stopped() || !self.problem.options.allow_topology {
            return Ok(0);
        }
        let (price, target) = (self.price(), self.problem.target);
        let mut map = self.scene();
        let gains = self.descender.removals(&mut map)?;
        let visits = self.document.shapes();
        let worth = map.slots.iter().enumerate().filter_map(|(index, slot)| {
            let visit = visits.get(slot.shape)?;
            let gain = *gains.get(slot.node)?;
            let is_invisible = gain.abs() < 1e-3;
            let may_go = if self.is_added(slot.shape) {
                let outline = self.problem.to_canvas * visit.transform * &visit.shape.path;
                let is_sliver = visit.shape.stroke.is_none() && inscribed_width(&outline) < SLIVER;
                let price = if is_sliver {
                    price.sliver(visit.shape)
                } else {
                    price.shape(visit.shape)
                };
                gain < price
            } else {
                is_invisible && name_at(visit, visit.place.len()).is_empty()
            };
            let worth = gain / ByteCost::of(visit.shape);
            (may_go && !self.is_ground(slot.shape))
                .then(|| (worth, (slot.shape, map.extent(index, target), is_invisible)))
        });
        let removed = taken(worth.collect(), |taken, (_, extent, is_invisible)| {
            let mut others = taken.iter().filter_map(|(_, other, _)| *other);
            *is_invisible || extent.is_none_or(|own| others.all(|other| !other.overlaps(&own)))
        });
        if removed.is_empty() {
            return Ok(0);
        }
        let removed: BTreeSet<usize> = removed.into_iter().map(|(shape, ..)| shape).collect();
        self.remove_shapes(&removed);
        self.note(Action::Prune)?;
        Ok(removed.len())
    }
}

/// A picture's canvas in its pixels.
fn canvas_of(picture: &Picture) -> BezPath {
    Rect::new(0.0, 0.0, picture.width as f64, picture.height as f64).to_path(0.1)
}

/// How wide an outline is, as the width of a long strip with its area and its length of border.
fn inscribed_width(path: &BezPath) -> f64 {
    let border = path.perimeter(BORDER_ACCURACY);
    if border > 0.0 {
        2.0 * path.area().abs() / border
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, Rect};

    use super::*;
    use crate::{
        FitOptions,
        testing::{document, with_fit},
    };

    const DARK: [f32; 3] = [0.2, 0.2, 0.3];

    /// A tip just above a curve: one grid step nearer to each other they cross.
    fn narrow(gap: f64) -> BezPath {
        let mut path = BezPath::new();
        path.move_to((2.0, 10.05));
        path.curve_to((15.0, 10.25), (27.0, 10.25), (40.0, 10.05));
        path.line_to((40.0, 30.0));
        path.line_to((21.0, 10.2 + gap));
        path.line_to((2.0, 30.0));
        path.close_path();
        path
    }

    #[test]
    fn what_rounding_makes_cross_is_repaired() {
        let with = |gap: f64| {
            let mut sample = document(&[("", narrow(gap), DARK)]);
            // Large enough for one decimal.
            sample.view_box = Rect::new(0.0, 0.0, 512.0, 512.0);
            with_fit(&sample, &sample, &FitOptions::default(), |mut fit| {
                fit.problem.to_canvas = Affine::scale(4.0);
                fit.ids[1] = ShapeId::Added;
                let rounded = {
                    let mut document = fit.document.clone();
                    quantise(&mut document);
                    crosses_itself(&document.shapes()[1].shape.path, 4.0)
                };
                let taken_out = fit.quantise_without_crossings();
                let shapes = fit.document.shapes();
                let is_crossed = shapes
                    .iter()
                    .any(|visit| crosses_itself(&visit.shape.path, 4.0));
                (rounded, taken_out, is_crossed)
            })
        };
        assert!(!crosses_itself(&narrow(0.049), 4.0));
        assert_eq!(with(0.049), (true, 0, false));
        assert_eq!(with(0.3), (false, 0, false));
    }

    #[test]
    fn a_needle_must_gain_more_than_its_bytes() {
        // Of 0.4 px, a little darker than the ground.
        let needle = Rect::new(4.0, 30.2, 60.0, 30.6).to_path(0.1);
        let bar = Rect::new(4.0, 29.0, 60.0, 31.0).to_path(0.1);
        let left = |path: BezPath, shade: f32| {
            let color = [0.9, 0.9, 0.8].map(|c: f32| c - shade);
            let sample = document(&[("", path, color)]);
            with_fit(&sample, &sample, &FitOptions::default(), |mut fit| {
                fit.ids[1] = ShapeId::Added;
                fit.prune().expect("prunes");
                fit.shapes()
            })
        };
        assert_eq!(left(needle.clone(), 0.06), 1);
        assert_eq!(left(needle, 0.5), 2);
        assert_eq!(left(bar, 0.06), 2);
    }
}
