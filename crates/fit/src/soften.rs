//! Softens edges: where the target's are softer than anti-aliasing makes them, as pictures of image
//! models are, a thin stroke in the colour half way across shows that, as a property of the shape.
//! Without it a fit paints the shape in that colour and a second one over it. Lines that the target
//! shows are found in `strokes`, and strokes that turn out to be worthless are taken back there.

use std::collections::BTreeMap;

use chat2svg_diffraster::Path;
use chat2svg_trace::picture::Picture;
use chat2svg_vector::{Color, Paint, Stroke};
use kurbo::{Affine, BezPath};

use crate::{
    Action, FitError,
    fit::Fit,
    normals::{Normal, color_at, normals_along},
    scene::stroke_of,
    strokes::distance,
};

/// How far to each side of an edge, in pixels, its sides are; and the distance of their colours
/// from which there is one.
const SOFT_REACH: f64 = 3.0;
const LEAST_EDGE: f64 = 0.25;
/// Share of an outline along which there must be an edge for it to be softened: elsewhere the
/// stroke is a line across one colour.
const EDGE_SHARE: f64 = 0.6;
/// Widths in pixels of strokes that are tried on soft edges.
const SOFT_WIDTHS: [f32; 3] = [0.5, 0.9, 1.5];

impl Fit<'_> {
    /// Gives every filled shape that has no stroke a thin one in the colour half way across its
    /// edge where the picture gains by it.
    pub(crate) fn soften_outlines(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let target = self.problem.target;
        let map = self.scene();
        let to_canvas = self.problem.to_canvas;
        let visits = self.document.shapes();
        let colors: BTreeMap<usize, Color> = visits
            .iter()
            .filter(|visit| visit.shape.fill.is_some() && visit.shape.stroke.is_none())
            .filter_map(|visit| {
                let path = to_canvas * visit.transform * &visit.shape.path;
                Some((visit.index, edge_color(&path, target)?))
            })
            .collect();
        let candidates: Vec<usize> = (0..map.slots.len())
            .filter(|slot| colors.contains_key(&map.slots[*slot].shape))
            .collect();
        let shapes: Vec<usize> = map.slots.iter().map(|slot| slot.shape).collect();
        let mut best: BTreeMap<usize, (f64, f32)> = BTreeMap::new();
        for width in SOFT_WIDTHS {
            let soften = |slot: usize, path: &mut Path| {
                let color = colors.get(&shapes[slot]);
                let thin = |color: &Color| Stroke::solid(Paint::Solid(*color), width.into());
                path.stroke = color.map(|color| stroke_of(&thin(color), Affine::IDENTITY, 1.0));
            };
            let found = self.growths_of_slots(&map, &candidates, soften)?;
            for (slot, growth) in found {
                let found = best.entry(shapes[slot]).or_insert((growth, width));
                if growth < found.0 {
                    *found = (growth, width);
                }
            }
        }
        let least = self.price().stroke();
        best.retain(|_, (growth, _)| -*growth > least);
        if best.is_empty() {
            return Ok(());
        }
        self.edit_strokeless(&map, |index, _, _| {
            let (_, width) = best.get(&index)?;
            Some((*colors.get(&index)?, f64::from(*width)))
        });
        self.note(Action::Stroke)
    }
}

/// The colour half way across a shape's edges, on average; `None` where both sides look alike.
fn edge_color(path: &BezPath, target: &Picture) -> Option<Color> {
    let (mut count_of_normals, mut count, mut sum) = (0_u32, 0_u32, [0.0_f64; 3]);
    for normal in normals_along(path) {
        count_of_normals += 1;
        if let Some(color) = half_way(target, normal) {
            count += 1;
            for (sum, value) in sum.iter_mut().zip(color) {
                *sum += f64::from(value);
            }
        }
    }
    let [red, green, blue] = sum.map(|sum| (sum / f64::from(count.max(1))) as f32);
    (f64::from(count) > EDGE_SHARE * f64::from(count_of_normals))
        .then(|| Color::new(red, green, blue))
}

/// The mean of the colours on both sides of an edge; `None` where there is none.
fn half_way(target: &Picture, Normal { point, across }: Normal) -> Option<[f32; 3]> {
    let left = color_at(target, point - across * SOFT_REACH)?;
    let right = color_at(target, point + across * SOFT_REACH)?;
    let is_edge = distance(left, right) > LEAST_EDGE;
    is_edge.then(|| [0, 1, 2].map(|i| 0.5 * (left[i] + right[i])))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{LineCap, LineJoin};
    use kurbo::{Circle, Shape as _};

    use super::*;
    use crate::{
        FitOptions,
        testing::{document, with_fit},
    };

    #[test]
    fn a_soft_edge_gets_a_stroke_and_a_crisp_one_does_not() {
        let disc = Circle::new((32.0, 32.0), 20.0).to_path(1e-3);
        let crisp = document(&[("disc", disc, [0.1, 0.2, 0.6])]);
        let mut soft = crisp.clone();
        soft.edit_shapes(|index, shape, _, _| {
            shape.stroke = (index == 1).then(|| Stroke {
                paint: Paint::Solid(Color::new(0.5, 0.55, 0.7)),
                opacity: 1.0,
                width: 1.5,
                cap: LineCap::Butt,
                join: LineJoin::Miter,
                miter_limit: 4.0,
                dashes: Vec::new(),
                dash_offset: 0.0,
            });
        });
        let strokes = |target| {
            with_fit(&crisp, target, &FitOptions::default(), |mut fit| {
                fit.soften_outlines().expect("runs");
                let shapes = fit.document.shapes();
                let strokes = shapes.iter().map(|visit| visit.shape.stroke.clone());
                strokes.collect::<Vec<_>>()
            })
        };
        assert_eq!(strokes(&crisp), [None, None]);
        let given = strokes(&soft);
        assert_eq!(given[0], None);
        assert!(given[1].as_ref().is_some_and(|stroke| stroke.width > 0.8));
    }
}
