//! Puts new shapes into a document, at the depth and in the layer where they belong, and takes out
//! again those that are not worth their bytes.

use std::collections::BTreeSet;

use chat2svg_stop::Stop;
use chat2svg_vector::{Document, Meaning, Metadata, Node, RenderError, Role, Shape, WriteOptions};
use kurbo::{Affine, Rect};

use super::{
    AdoptError,
    names::meaning_of,
    residual::ResidualShape,
    units::shape_name,
    view::{View, sum},
};

/// Most rounds of leaving shapes out: each changes what the others are worth.
const ROUNDS: usize = 3;

/// Share of what a shape corrects by which it may be worse as a stroke, before it is fitted.
const ROUGHER: f64 = 0.1;
/// Share of its bytes that it may take as a stroke.
const SHORTER: f64 = 0.8;
/// The layer of what lies beneath everything.
const BENEATH: &str = "background";

/// A new shape in the document.
#[derive(Clone, Debug)]
pub(super) struct Inserted {
    /// Index in painting order.
    pub(super) index: usize,
    /// Index of what it was made of.
    pub(super) residual: usize,
    pub(super) name: String,
}

/// Puts shapes, bottom first, right above the shapes that they belong to and into their groups.
/// `to_canvas` maps user space to the coordinates of the new shapes.
pub(super) fn insert(
    document: &mut Document,
    found: &[ResidualShape],
    to_canvas: Affine,
) -> Vec<Inserted> {
    let places: Vec<(Vec<usize>, Affine, String)> = document
        .shapes()
        .into_iter()
        .map(|visit| {
            let around = visit.groups.iter().rev().find_map(|group| {
                [&group.label, &group.id]
                    .into_iter()
                    .find(|name| !name.is_empty())
            });
            let around = around.map_or("", String::as_str);
            let name = shape_name(&visit.shape.label, &visit.shape.id, around, visit.index);
            (visit.place, visit.transform, name)
        })
        .collect();
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|index| found[*index].above.map_or(0, |above| above + 1));
    let mut inserted: Vec<Inserted> = Vec::new();
    // From the front, so that the places of what comes later in the walk stay right.
    for residual in order.into_iter().rev() {
        let shape = &found[residual];
        let at = shape
            .above
            .and_then(|above| places.get(above).zip(Some(above)));
        let (name, index) = match at {
            Some(((place, transform, ground), above)) => {
                let name = format!("{ground} / {}", shape.word(false));
                let to_parent = (to_canvas * *transform).inverse();
                let Some((last, around)) = place.split_last() else {
                    continue;
                };
                let Some(siblings) = children_mut(document, around) else {
                    continue;
                };
                let position = (last + 1).min(siblings.len());
                let meaning = meaning_of(shape.word(false));
                siblings.insert(position, named(&shape.shape, &name, meaning, to_parent));
                (name, above + 1)
            }
            None => {
                let name = format!("{BENEATH} / {}", shape.word(false));
                let meaning = Meaning::of_role(Role::Background);
                let node = named(&shape.shape, &name, meaning, to_canvas.inverse());
                document.layers.insert(0, node);
                (name, 0)
            }
        };
        for other in &mut inserted {
            other.index += usize::from(other.index >= index);
        }
        inserted.push(Inserted {
            index,
            residual,
            name,
        });
    }
    inserted
}

fn named(shape: &Shape, name: &str, meaning: Meaning, to_parent: Affine) -> Node {
    let mut shape = shape.clone();
    shape.meaning = meaning;
    shape.label = name.to_owned();
    shape.apply_affine(to_parent);
    Node::Shape(shape)
}

fn children_mut<'a>(document: &'a mut Document, place: &[usize]) -> Option<&'a mut Vec<Node>> {
    if place.is_empty() {
        return Some(&mut document.layers);
    }
    match document.node_mut(place)? {
        Node::Group(group) => Some(&mut group.children),
        Node::Shape(_) => None,
    }
}

/// What new shapes are judged by.
pub(super) struct Judge<'a> {
    pub(super) view: &'a View<'a>,
    /// Squared error in pixels of the view that a byte must save.
    pub(super) per_byte: f64,
    pub(super) stop: &'a Stop,
}

impl Judge<'_> {
    /// Draws as strokes the lines that take clearly fewer bytes so, at nearly the same error: the
    /// fit makes a stroke as exact as an outline.
    pub(super) fn choose_strokes(
        &self,
        document: &mut Document,
        inserted: &mut [Inserted],
        found: &[ResidualShape],
        to_canvas: Affine,
    ) -> Result<(), AdoptError> {
        let mut error = self.view.error(document)?;
        for each in inserted {
            let Some(residual) = found.get(each.residual) else {
                continue;
            };
            let ground = each
                .name
                .rsplit_once(" / ")
                .map_or("", |(ground, _)| ground);
            let name = format!("{ground} / {}", residual.word(true));
            let bytes = document
                .shapes()
                .get(each.index)
                .map_or(0.0, |visit| written_bytes(visit.shape));
            let mut without = document.clone();
            without.retain_shapes(|index, _| index != each.index);
            let worth = (self.view.error(&without)? - error).max(0.0);
            let meaning = meaning_of(residual.word(true));
            let mut least = error + ROUGHER * worth;
            let mut better = None;
            for stroke in &residual.as_strokes {
                self.stop.check()?;
                let mut stroked = document.clone();
                let mut stroke_bytes = f64::INFINITY;
                stroked.edit_shapes(|index, shape, transform, _| {
                    if index == each.index {
                        *shape = stroke.clone();
                        shape.label.clone_from(&name);
                        shape.meaning = meaning;
                        shape.apply_affine((to_canvas * transform).inverse());
                        stroke_bytes = written_bytes(shape);
                    }
                });
                let found = self.view.error(&stroked)?;
                if stroke_bytes <= SHORTER * bytes && found <= least {
                    least = found;
                    better = Some(stroked);
                }
            }
            if let Some(better) = better {
                *document = better;
                each.name = name;
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
            let worthless = self.worthless(document, inserted)?;
            if worthless.is_empty() {
                break;
            }
            let gone: BTreeSet<usize> = inserted
                .iter()
                .filter(|each| worthless.contains(&each.residual))
                .map(|each| each.index)
                .collect();
            document.retain_shapes(|index, _| !gone.contains(&index));
            inserted.retain(|each| !worthless.contains(&each.residual));
            for each in inserted.iter_mut() {
                each.index -= gone.range(..each.index).count();
            }
        }
        Ok(())
    }

    /// Which of them, by what they were made of, are not worth their bytes as things stand.
    fn worthless(
        &self,
        document: &Document,
        inserted: &[Inserted],
    ) -> Result<BTreeSet<usize>, AdoptError> {
        let with = self.view.errors(document)?;
        let (extents, bytes) = self.extents(document, inserted)?;
        // Those that lie apart are left out together.
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for (each, extent) in extents.iter().enumerate() {
            let is_apart = |batch: &Vec<usize>| {
                batch
                    .iter()
                    .all(|other| extents[*other].intersect(*extent).is_zero_area())
            };
            match batches.iter().position(is_apart) {
                Some(batch) => batches[batch].push(each),
                None => batches.push(vec![each]),
            }
        }
        let mut worthless = BTreeSet::new();
        for batch in batches {
            self.stop.check()?;
            let gone: BTreeSet<usize> = batch.iter().map(|each| inserted[*each].index).collect();
            let mut less = document.clone();
            less.retain_shapes(|index, _| !gone.contains(&index));
            let without = self.view.errors(&less)?;
            for each in batch {
                let growth =
                    self.within(&without, extents[each]) - self.within(&with, extents[each]);
                if growth < self.per_byte * bytes[each] {
                    worthless.insert(inserted[each].residual);
                }
            }
        }
        Ok(worthless)
    }

    /// Where in the view each lies, and how many bytes it takes.
    fn extents(
        &self,
        document: &Document,
        inserted: &[Inserted],
    ) -> Result<(Vec<Rect>, Vec<f64>), RenderError> {
        let to_view = document.canvas_transform(self.view.width, self.view.height)?;
        let frame = Rect::new(
            0.0,
            0.0,
            f64::from(self.view.width),
            f64::from(self.view.height),
        );
        let shapes = document.shapes();
        Ok(inserted
            .iter()
            .map(|each| {
                let Some(visit) = shapes.get(each.index) else {
                    return (Rect::ZERO, 0.0);
                };
                let bounds = visit.shape.paint_bounds(to_view * visit.transform);
                let extent = bounds.map_or(Rect::ZERO, |bounds| {
                    bounds.inflate(1.0, 1.0).expand().intersect(frame)
                });
                (extent, written_bytes(visit.shape))
            })
            .unzip())
    }

    fn within(&self, errors: &[f32], extent: Rect) -> f64 {
        let (left, right) = (extent.x0 as usize, extent.x1 as usize);
        (extent.y0 as usize..extent.y1 as usize)
            .filter_map(|y| {
                let start = y * self.view.width as usize;
                errors.get(start + left..start + right)
            })
            .map(sum)
            .sum()
    }
}

/// Bytes that a shape adds to a document.
fn written_bytes(shape: &Shape) -> f64 {
    let mut alone = Document {
        width: 512.0,
        height: 512.0,
        view_box: Rect::new(0.0, 0.0, 512.0, 512.0),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: Vec::new(),
    };
    let options = WriteOptions::default();
    let empty = alone.to_svg(&options).len();
    alone.layers.push(Node::Shape(shape.clone()));
    (alone.to_svg(&options).len() as f64 - empty as f64).max(0.0)
}
