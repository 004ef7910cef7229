//! Puts new shapes into a document, at the depth and in the layer where they belong, and takes out
//! again those that are not worth their bytes.

use std::collections::BTreeSet;

use chat2svg_fit::{Name, insert_above, removal_growths};
use chat2svg_stop::Stop;
use chat2svg_trace::Price;
use chat2svg_vector::{ByteCost, Document, Node, Raster};
use kurbo::Affine;

use super::{
    AdoptError,
    residual::{ResidualShape, errors},
};

/// Most rounds of leaving shapes out: each changes what the others are worth.
const ROUNDS: usize = 3;

/// Share of what a shape corrects by which it may be worse as a stroke, before it is fitted.
const ROUGHER: f64 = 0.1;
/// Share of its bytes that it may take as a stroke.
const SHORTER: f64 = 0.8;

/// A new shape in the document.
#[derive(Clone, Debug)]
pub(super) struct Inserted {
    /// Index in painting order.
    pub(super) index: usize,
    /// Index of what it was made of.
    pub(super) residual: usize,
    /// The name of what it lies on; `None` at the bottom.
    ground: Option<String>,
    pub(super) name: String,
}

/// Puts shapes, bottom first, right above the shapes that they belong to and into their groups.
/// `to_canvas` maps user space to the coordinates of the new shapes.
pub(super) fn insert(
    document: &mut Document,
    found: &[ResidualShape],
    to_canvas: Affine,
) -> Vec<Inserted> {
    let depths: Vec<Option<usize>> = found.iter().map(|shape| shape.above).collect();
    let mut names = vec![(None, String::new()); found.len()];
    let placed = insert_above(document, &depths, to_canvas, |item, ground, to_parent| {
        let new = &found[item];
        let name = Name::on(ground, &new.traits);
        names[item] = (ground.map(str::to_owned), name.label.clone());
        let mut shape = new.shape.clone();
        name.give_to(&mut shape);
        shape.apply_affine(to_parent);
        Node::Shape(shape)
    });
    let inserted = placed.into_iter().map(|(residual, index)| {
        let (ground, name) = std::mem::take(&mut names[residual]);
        Inserted {
            index,
            residual,
            ground,
            name,
        }
    });
    inserted.collect()
}

/// What new shapes are judged by.
pub(super) struct Judge<'a> {
    /// Over white, at the size at which regions are looked for.
    pub(super) target: &'a Raster,
    /// What new shapes must gain.
    pub(super) price: Price,
    pub(super) stop: &'a Stop,
}

impl Judge<'_> {
    fn error(&self, document: &Document) -> Result<f64, AdoptError> {
        let errors = errors(document, self.target, self.stop)?;
        Ok(errors.into_iter().map(f64::from).sum())
    }

    /// Draws as strokes the lines that take clearly fewer bytes so, at nearly the same error: the
    /// fit makes a stroke as exact as an outline.
    pub(super) fn choose_strokes(
        &self,
        document: &mut Document,
        inserted: &mut [Inserted],
        found: &[ResidualShape],
        to_canvas: Affine,
    ) -> Result<(), AdoptError> {
        let mut error = self.error(document)?;
        let growths = removal_growths(document, self.target)?;
        for each in inserted {
            let Some(residual) = found.get(each.residual) else {
                continue;
            };
            let name = Name::on(each.ground.as_deref(), &residual.traits.as_stroke());
            let bytes = document
                .shapes()
                .get(each.index)
                .map_or(0.0, |visit| ByteCost::of(visit.shape));
            let worth = growths.get(each.index).copied().unwrap_or(0.0).max(0.0);
            let mut least = error + ROUGHER * worth;
            let mut better = None;
            for stroke in &residual.as_strokes {
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
    pub(super) fn drop_worthless(
        &self,
        document: &mut Document,
        inserted: &mut Vec<Inserted>,
    ) -> Result<(), AdoptError> {
        for _ in 0..ROUNDS {
            self.stop.check()?;
            let growths = removal_growths(document, self.target)?;
            let shapes = document.shapes();
            let is_worthless = |each: &&Inserted| {
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
