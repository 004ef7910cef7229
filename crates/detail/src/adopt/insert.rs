//! Puts new shapes into a document, at the depth and in the layer where they belong, and takes out
//! again those that are not worth their bytes.

use std::collections::BTreeSet;

use chat2svg_fit::{Name, insert_above, removal_growths};
use chat2svg_vector::{ByteCost, Document, Node};
use kurbo::Affine;

use super::{
    AdoptError,
    residual::{Finder, ResidualShape},
};

/// Most rounds of leaving shapes out: each changes what the others are worth.
const ROUNDS: usize = 3;

/// Share of what a shape corrects by which it may be worse as a stroke, before it is fitted.
const ROUGHER: f64 = 0.1;
/// Share of its bytes that it may take as a stroke.
const SHORTER: f64 = 0.8;

/// A new shape in the document.
struct Inserted<'a> {
    /// Index in painting order.
    index: usize,
    /// What it was made of.
    residual: &'a ResidualShape,
    /// The name of what it lies on; `None` at the bottom.
    ground: Option<String>,
    name: String,
}

impl Finder<'_> {
    /// A document with new shapes, bottom first, right above the shapes that they belong to and in
    /// their groups, as far as they are worth it, and the names of these in painting order.
    pub(super) fn insert(
        &self,
        document: &Document,
        found: &[ResidualShape],
    ) -> Result<(Document, Vec<String>), AdoptError> {
        let mut document = document.clone();
        let to_canvas = document.canvas_transform(self.target.width(), self.target.height())?;
        let depths: Vec<Option<usize>> = found.iter().map(|shape| shape.above).collect();
        let mut inserted = Vec::new();
        let node = |item: usize, ground: Option<&str>, to_parent| {
            let residual: &ResidualShape = &found[item];
            let name = Name::on(ground, &residual.traits);
            inserted.push(Inserted {
                index: 0,
                residual,
                ground: ground.map(str::to_owned),
                name: name.label.clone(),
            });
            let mut shape = residual.shape.clone();
            name.give_to(&mut shape);
            shape.apply_affine(to_parent);
            Node::Shape(shape)
        };
        // Told in the order in which they were put in.
        let placed = insert_above(&mut document, &depths, to_canvas, node);
        for (each, (_, index)) in inserted.iter_mut().zip(placed) {
            each.index = index;
        }
        self.choose_strokes(&mut document, &mut inserted, to_canvas)?;
        self.drop_worthless(&mut document, &mut inserted)?;
        inserted.sort_by_key(|each| each.index);
        let names = inserted.into_iter().map(|each| each.name).collect();
        Ok((document, names))
    }

    fn error(&self, document: &Document) -> Result<f64, AdoptError> {
        Ok(self.errors(document)?.into_iter().map(f64::from).sum())
    }

    /// Draws as strokes the lines that take clearly fewer bytes so, at nearly the same error: the
    /// fit makes a stroke as exact as an outline.
    fn choose_strokes(
        &self,
        document: &mut Document,
        inserted: &mut [Inserted<'_>],
        to_canvas: Affine,
    ) -> Result<(), AdoptError> {
        let mut error = self.error(document)?;
        let growths = removal_growths(document, self.target)?;
        for each in inserted {
            let name = Name::on(each.ground.as_deref(), &each.residual.traits.as_stroke());
            let bytes = ByteCost::of(document.shapes()[each.index].shape);
            let worth = growths.get(each.index).copied().unwrap_or(0.0).max(0.0);
            let mut least = error + ROUGHER * worth;
            let mut better = None;
            for stroke in &each.residual.as_strokes {
                self.stop.check()?;
                let mut stroked = document.clone();
                let mut stroke_bytes = f64::INFINITY;
                stroked.edit_shapes(|index, shape, transform, _| {
                    if index == each.index {
                        *shape = stroke.clone();
                        name.clone().give_to(shape);
                        shape.apply_affine((to_canvas * transform).inverse());
                        stroke_bytes = ByteCost::of(shape);
                    }
                });
                let found = self.error(&stroked)?;
                if stroke_bytes <= SHORTER * bytes && found <= least {
                    least = found;
                    better = Some(stroked);
                }
            }
            if let Some(better) = better {
                *document = better;
                each.name = name.label;
                error = least;
            }
        }
        Ok(())
    }

    /// Takes out the new shapes without which the error grows by less than their bytes must save.
    fn drop_worthless(
        &self,
        document: &mut Document,
        inserted: &mut Vec<Inserted<'_>>,
    ) -> Result<(), AdoptError> {
        for _ in 0..ROUNDS {
            self.stop.check()?;
            let growths = removal_growths(document, self.target)?;
            let shapes = document.shapes();
            let is_worthless = |each: &&Inserted<'_>| {
                let (growth, visit) = (growths.get(each.index), shapes.get(each.index));
                growth
                    .zip(visit)
                    .is_none_or(|(growth, visit)| *growth < self.price.shape(visit.shape))
            };
            let worthless = inserted.iter().filter(is_worthless);
            let gone: BTreeSet<usize> = worthless.map(|each| each.index).collect();
            if gone.is_empty() {
                break;
            }
            document.retain_shapes(|index, _| !gone.contains(&index));
            inserted.retain(|each| !gone.contains(&each.index));
            for each in inserted.iter_mut() {
                each.index -= gone.range(..each.index).count();
            }
        }
        Ok(())
    }
}
