//! Who is seen where: for every pixel the shape that shows most, for every shape the area that
//! shows.
//!
//! The rule: a shape's *weight* in a pixel is the share of the pixel's colour that comes from it,
//! its coverage times all opacities and clips on the way, times what everything above lets through.
//! The pixel belongs to the shape with the largest weight, the upper one when equal, and to none
//! when all weights together are below one half (the background shows most).

use std::collections::BTreeMap;

use chat2svg_stop::Stop;
use kurbo::{Affine, Rect};

use crate::render::{self, RenderError};
use crate::{Document, Group, Node, Shape, canvas};

/// What is seen of each shape of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Visibility {
    width: u32,
    /// Index of the owner plus one; zero for none.
    owners: Vec<u32>,
    /// Of each shape the pixels that it owns.
    pixels: Vec<Vec<u32>>,
    visible: Vec<f64>,
    painted: Vec<f64>,
}

impl Visibility {
    /// Index (in painting order, as [`crate::ShapeVisit::index`]) of the shape that a pixel belongs
    /// to; `None` where the background shows, or outside.
    pub fn owner(&self, x: u32, y: u32) -> Option<usize> {
        if x >= self.width {
            return None;
        }
        let index = u64::from(y) * u64::from(self.width) + u64::from(x);
        let owner = *self.owners.get(usize::try_from(index).ok()?)?;
        (owner as usize).checked_sub(1)
    }

    /// For every pixel, row by row, the owner's index plus one; zero where the background shows.
    pub fn owners(&self) -> &[u32] {
        &self.owners
    }

    /// Of each shape the pixels that it owns, ascending.
    pub fn pixels(&self) -> &[Vec<u32>] {
        &self.pixels
    }

    /// The pixels that one shape owns, ascending.
    pub fn pixels_of(&self, shape: usize) -> &[u32] {
        self.pixels.get(shape).map_or(&[], Vec::as_slice)
    }

    /// How many of some pixels each shape owns.
    pub fn counts(&self, pixels: &[u32]) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        let owners = pixels.iter().map(|pixel| self.owners.get(*pixel as usize));
        for shape in owners.filter_map(|owner| (*owner? as usize).checked_sub(1)) {
            *counts.entry(shape).or_default() += 1;
        }
        counts
    }

    /// Sum of a shape's weights: the area in pixels that is seen of it.
    pub fn visible_area(&self, index: usize) -> f64 {
        self.visible.get(index).copied().unwrap_or(0.0)
    }

    /// The area in pixels that a shape would show were nothing above it.
    pub fn painted_area(&self, index: usize) -> f64 {
        self.painted.get(index).copied().unwrap_or(0.0)
    }

    /// Number of shapes.
    pub fn len(&self) -> usize {
        self.visible.len()
    }

    /// Whether the document has no shapes.
    pub fn is_empty(&self) -> bool {
        self.visible.is_empty()
    }
}

impl Document {
    /// What is seen of each shape when rendered at a size; for the rule see [`Visibility`]'s
    /// module.
    ///
    /// # Errors
    /// As [`Document::render`].
    pub fn visibility(&self, width: u32, height: u32) -> Result<Visibility, RenderError> {
        self.visibility_until(width, height, &Stop::never())
    }

    /// As [`Document::visibility`], but given up once `stop` says so, which is asked before each
    /// shape and at the end.
    ///
    /// # Errors
    /// As [`Document::render_until`].
    pub fn visibility_until(
        &self,
        width: u32,
        height: u32,
        stop: &Stop,
    ) -> Result<Visibility, RenderError> {
        render::check_size(width, height)?;
        let to_canvas = self.canvas_transform(width, height)?;
        let pixels = width as usize * height as usize;
        let shapes = self.counts().shapes;
        let mut work = Work {
            width,
            height,
            result: Visibility {
                width,
                owners: vec![0; pixels],
                pixels: vec![Vec::new(); shapes],
                visible: vec![0.0; shapes],
                painted: vec![0.0; shapes],
            },
            best: vec![0.0; pixels],
            total: vec![0.0; pixels],
            stop,
        };
        let mut through = vec![1.0f32; pixels];
        // Indices count from the back, the walk goes from the front.
        let mut next = shapes;
        render::guarded(|| work.nodes(&self.layers, to_canvas, &mut through, None, &mut next, 0))?;
        stop.check()?;
        let mut result = work.result;
        for (pixel, (owner, total)) in result.owners.iter_mut().zip(&work.total).enumerate() {
            if *total < 0.5 {
                *owner = 0;
            }
            let shape = (*owner as usize).checked_sub(1);
            if let Some(own) = shape.and_then(|shape| result.pixels.get_mut(shape)) {
                own.push(pixel as u32);
            }
        }
        Ok(result)
    }
}

struct Work<'a> {
    width: u32,
    height: u32,
    result: Visibility,
    best: Vec<f32>,
    total: Vec<f32>,
    stop: &'a Stop,
}

impl Work<'_> {
    /// Goes through nodes from the front. `through` is what reaches below within the group that is
    /// composited as a whole, `gain` what of that group shows.
    fn nodes(
        &mut self,
        nodes: &[Node],
        to_canvas: Affine,
        through: &mut [f32],
        gain: Option<&[f32]>,
        next: &mut usize,
        depth: usize,
    ) -> Result<(), RenderError> {
        if depth > render::MAX_DEPTH {
            return Err(RenderError::TooDeep);
        }
        for node in nodes.iter().rev() {
            match node {
                Node::Shape(shape) => {
                    self.stop.check()?;
                    *next -= 1;
                    self.shape(shape, to_canvas, through, gain, *next)?;
                }
                Node::Group(group) => {
                    let inner = to_canvas * group.transform;
                    if group.opacity >= 1.0 && group.clip.is_none() {
                        self.nodes(&group.children, inner, through, gain, next, depth + 1)?;
                    } else {
                        self.isolated(group, inner, through, gain, next, depth)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn isolated(
        &mut self,
        group: &Group,
        to_canvas: Affine,
        through: &mut [f32],
        gain: Option<&[f32]>,
        next: &mut usize,
        depth: usize,
    ) -> Result<(), RenderError> {
        let share = self.group_share(group, to_canvas)?;
        let mut inner_gain: Vec<f32> = share.iter().zip(&*through).map(|(s, t)| s * t).collect();
        if let Some(outer) = gain {
            for (inner, outer) in inner_gain.iter_mut().zip(outer) {
                *inner *= outer;
            }
        }
        let mut inner_through = vec![1.0f32; share.len()];
        self.nodes(
            &group.children,
            to_canvas,
            &mut inner_through,
            Some(&inner_gain),
            next,
            depth + 1,
        )?;
        for ((through, share), inner) in through.iter_mut().zip(&share).zip(&inner_through) {
            *through *= 1.0 - share * (1.0 - inner);
        }
        Ok(())
    }

    /// Opacity times clip coverage, for every pixel.
    fn group_share(&self, group: &Group, to_canvas: Affine) -> Result<Vec<f32>, RenderError> {
        let opacity = group.opacity.clamp(0.0, 1.0);
        let pixels = self.best.len();
        let Some(clip) = &group.clip else {
            return Ok(vec![opacity; pixels]);
        };
        let mask = canvas::coverage(clip, self.width, self.height, to_canvas, self.stop)?;
        Ok(match mask {
            Some(mask) => mask
                .data()
                .iter()
                .map(|coverage| f32::from(*coverage) / 255.0 * opacity)
                .collect(),
            None => vec![0.0; pixels],
        })
    }

    fn shape(
        &mut self,
        shape: &Shape,
        to_canvas: Affine,
        through: &mut [f32],
        gain: Option<&[f32]>,
        index: usize,
    ) -> Result<(), RenderError> {
        let canvas = Rect::new(0.0, 0.0, f64::from(self.width), f64::from(self.height));
        let layer = render::shape_layer(shape, to_canvas, canvas, self.stop)?;
        let Some((layer, left, top)) = layer else {
            return Ok(());
        };
        let layer = layer.pixmap();
        let row_length = layer.width() as usize;
        let (mut painted, mut visible) = (0.0f64, 0.0f64);
        for (row, pixels) in layer.pixels().chunks_exact(row_length).enumerate() {
            let start = (top as usize + row) * self.width as usize + left as usize;
            for (at, pixel) in (start..).zip(pixels) {
                let alpha = f32::from(pixel.alpha()) / 255.0;
                if alpha == 0.0 {
                    continue;
                }
                let weight = alpha * through[at] * gain.map_or(1.0, |gain| gain[at]);
                through[at] *= 1.0 - alpha;
                painted += f64::from(alpha);
                visible += f64::from(weight);
                self.total[at] += weight;
                if weight > self.best[at] {
                    self.best[at] = weight;
                    self.result.owners[at] = index as u32 + 1;
                }
            }
        }
        self.result.painted[index] = painted;
        self.result.visible[index] = visible;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Looks;
    use kurbo::Shape as _;

    use super::*;
    use crate::{ClipPath, Color, FillRule, Metadata, Paint};

    fn square(x: f64, y: f64, side: f64, opacity: f32) -> Node {
        let path = Rect::new(x, y, x + side, y + side).to_path(0.1);
        let mut shape = Shape::filled("", path, Paint::Solid(Color::BLACK));
        shape.opacity = opacity;
        Node::Shape(shape)
    }

    fn document(layers: Vec<Node>) -> Document {
        Document {
            width: 20.0,
            height: 20.0,
            view_box: Rect::new(0.0, 0.0, 20.0, 20.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
        }
    }

    fn close(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 0.02 * expected.max(1.0)
    }

    #[test]
    fn the_upper_of_opaque_shapes_owns_the_pixel() {
        let picture = document(vec![
            square(0.0, 0.0, 10.0, 1.0),
            square(5.0, 5.0, 10.0, 1.0),
        ]);
        let seen = picture.visibility(20, 20).expect("renders");
        assert_eq!(seen.owner(2, 2), Some(0));
        assert_eq!(seen.owner(7, 7), Some(1));
        assert_eq!(seen.owner(18, 2), None);
        assert_eq!(seen.owner(20, 0), None);
        assert!(close(seen.visible_area(0), 75.0));
        assert!(close(seen.painted_area(0), 100.0));
        assert!(close(seen.visible_area(1), 100.0));
    }

    #[test]
    fn what_shines_through_still_owns_the_pixel() {
        let picture = document(vec![
            square(0.0, 0.0, 10.0, 1.0),
            square(0.0, 0.0, 10.0, 0.25),
        ]);
        let seen = picture.visibility(20, 20).expect("renders");
        assert_eq!(seen.owner(5, 5), Some(0));
        assert!(close(seen.visible_area(0), 75.0));
        assert!(close(seen.visible_area(1), 25.0));
    }

    #[test]
    fn drawing_and_seeing_end_at_the_shape_where_they_are_told_to() {
        let mut group = Group::new("");
        group.opacity = 0.5;
        group.children = vec![square(0.0, 0.0, 10.0, 1.0), square(2.0, 2.0, 10.0, 1.0)];
        let picture = document(vec![square(0.0, 0.0, 20.0, 1.0), Node::Group(group)]);
        for last in 0..4 {
            let looks = Looks::default();
            let drawn = picture.render_until(20, 20, None, &looks.stop_after(last));
            assert_eq!(drawn.err(), (last < 3).then_some(RenderError::Stopped));
            assert_eq!(looks.count(), (last + 1).min(3));
            let looks = Looks::default();
            let seen = picture.visibility_until(20, 20, &looks.stop_after(last));
            assert_eq!(seen.err(), Some(RenderError::Stopped));
            assert_eq!(looks.count(), last + 1);
        }
    }

    #[test]
    fn groups_are_composited_as_a_whole_and_clipped() {
        let mut group = Group::new("");
        group.opacity = 0.5;
        group.clip = Some(ClipPath {
            path: Rect::new(0.0, 0.0, 5.0, 20.0).to_path(0.1),
            rule: FillRule::NonZero,
        });
        group.children = vec![square(0.0, 0.0, 10.0, 1.0), square(0.0, 0.0, 10.0, 1.0)];
        let picture = document(vec![square(0.0, 0.0, 20.0, 1.0), Node::Group(group)]);
        let seen = picture.visibility(20, 20).expect("renders");
        assert!(close(seen.visible_area(0), 400.0 - 25.0));
        assert_eq!(seen.visible_area(1), 0.0, "hidden inside its group");
        assert!(close(seen.visible_area(2), 25.0));
    }
}
