//! The scene's parameters as one flat vector, and where each of them is.
//!
//! Order: nodes in painting order, then clips. Within a path: outline points
//! (x, y interleaved), fill (paint, opacity), stroke (paint, opacity, width).
//! A group has its opacity. A paint is `r g b`, or the gradient's geometry
//! (linear: `start end`; radial: `center radius focus`) followed by its stops
//! as `offset r g b a`. Gradients of a loss have the same layout.

use std::ops::Range;

use crate::scene::{Node, Paint, Scene};

/// Where each parameter of a scene is in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Number of parameters.
    pub len: usize,
    /// One entry per [`Scene::nodes`].
    pub nodes: Vec<NodeSlots>,
    /// Points of each shape of each of [`Scene::clips`].
    pub clips: Vec<Vec<Range<usize>>>,
}

/// Where the parameters of one node are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSlots {
    /// Everything of the node.
    pub all: Range<usize>,
    /// Outline points, `x y` interleaved.
    pub points: Range<usize>,
    /// Paint and opacity of the fill.
    pub fill: Option<PaintSlots>,
    /// Paint and opacity of the stroke.
    pub stroke: Option<PaintSlots>,
    /// Width of the stroke.
    pub stroke_width: Option<usize>,
    /// Opacity of a group.
    pub group_opacity: Option<usize>,
}

/// Where the parameters of a paint are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaintSlots {
    /// Solid colour `r g b`; empty for gradients.
    pub color: Range<usize>,
    /// Linear: `x0 y0 x1 y1`. Radial: `cx cy r fx fy`. Empty for solid paints.
    pub geometry: Range<usize>,
    /// `offset r g b a` for each stop; empty for solid paints.
    pub stops: Range<usize>,
    /// Opacity of the fill or stroke.
    pub opacity: usize,
}

impl Layout {
    /// The layout of `scene`'s parameters. It depends only on structure:
    /// verbs, kinds of paint, numbers of stops.
    #[must_use]
    pub fn of(scene: &Scene) -> Self {
        let mut layout = Self::default();
        layout.update(scene);
        layout
    }

    /// As [`Layout::of`], reusing memory.
    pub(crate) fn update(&mut self, scene: &Scene) {
        let mut at = 0;
        self.nodes.clear();
        for node in &scene.nodes {
            let start = at;
            let mut slots = NodeSlots::default();
            match node {
                Node::Path(path) => {
                    slots.points = take(&mut at, 2 * path.outline.points.len());
                    slots.fill = path.fill.as_ref().map(|f| paint_slots(&f.paint, &mut at));
                    slots.stroke = path.stroke.as_ref().map(|s| paint_slots(&s.paint, &mut at));
                    slots.stroke_width = path.stroke.as_ref().map(|_| take(&mut at, 1).start);
                }
                Node::Push(_) => slots.group_opacity = Some(take(&mut at, 1).start),
                Node::Pop => {}
            }
            slots.all = start..at;
            self.nodes.push(slots);
        }
        self.clips.truncate(scene.clips.len());
        self.clips.resize_with(scene.clips.len(), Vec::new);
        for (ranges, clip) in self.clips.iter_mut().zip(&scene.clips) {
            ranges.clear();
            ranges.extend(
                clip.shapes
                    .iter()
                    .map(|s| take(&mut at, 2 * s.outline.points.len())),
            );
        }
        self.len = at;
    }
}

fn take(at: &mut usize, count: usize) -> Range<usize> {
    let start = *at;
    *at += count;
    start..*at
}

fn paint_slots(paint: &Paint, at: &mut usize) -> PaintSlots {
    let (color, geometry, stops) = match paint {
        Paint::Solid(_) => (3, 0, 0),
        Paint::Linear(g) => (0, 4, 5 * g.stops.len()),
        Paint::Radial(g) => (0, 5, 5 * g.stops.len()),
    };
    PaintSlots {
        color: take(at, color),
        geometry: take(at, geometry),
        stops: take(at, stops),
        opacity: take(at, 1).start,
    }
}

impl Scene {
    /// Calls `visit` with every parameter, in the order of [`Layout`].
    pub fn for_each_parameter(&mut self, mut visit: impl FnMut(&mut f32)) {
        for node in &mut self.nodes {
            match node {
                Node::Path(path) => {
                    path.outline
                        .points
                        .as_flattened_mut()
                        .iter_mut()
                        .for_each(&mut visit);
                    if let Some(fill) = &mut path.fill {
                        visit_paint(&mut fill.paint, &mut visit);
                        visit(&mut fill.opacity);
                    }
                    if let Some(stroke) = &mut path.stroke {
                        visit_paint(&mut stroke.paint, &mut visit);
                        visit(&mut stroke.opacity);
                        visit(&mut stroke.width);
                    }
                }
                Node::Push(group) => visit(&mut group.opacity),
                Node::Pop => {}
            }
        }
        for shape in self.clips.iter_mut().flat_map(|c| &mut c.shapes) {
            shape
                .outline
                .points
                .as_flattened_mut()
                .iter_mut()
                .for_each(&mut visit);
        }
    }

    /// Replaces `out` by all parameters.
    pub fn read_parameters(&mut self, out: &mut Vec<f32>) {
        out.clear();
        self.for_each_parameter(|value| out.push(*value));
    }

    /// Sets all parameters from `values`; surplus parameters keep their value.
    pub fn write_parameters(&mut self, values: &[f32]) {
        let mut values = values.iter();
        self.for_each_parameter(|value| {
            if let Some(new) = values.next() {
                *value = *new;
            }
        });
    }
}

fn visit_paint(paint: &mut Paint, visit: &mut impl FnMut(&mut f32)) {
    let (geometry, stops): (&mut [&mut [f32]], _) = match paint {
        Paint::Solid(color) => return color.iter_mut().for_each(visit),
        Paint::Linear(g) => (&mut [&mut g.start, &mut g.end], &mut g.stops),
        Paint::Radial(g) => (
            &mut [
                &mut g.center,
                std::slice::from_mut(&mut g.radius),
                &mut g.focus,
            ],
            &mut g.stops,
        ),
    };
    for part in geometry {
        part.iter_mut().for_each(&mut *visit);
    }
    for stop in stops {
        visit(&mut stop.offset);
        stop.color.iter_mut().for_each(&mut *visit);
    }
}
