//! The layers that a filter puts together, each of them the source again, moved, recoloured,
//! blurred; and how they are drawn.

use kurbo::{Affine, Rect, Shape as _, Vec2};

use crate::transform::largest_scale;
use crate::{
    ClipPath, Color, Fill, FillRule, Group, LineCap, LineJoin, Node, Paint, Shape, Stroke,
};

use super::fade;
use super::nodes::{
    bounds, clip_rect, clipped_group, edit_paints, edit_shapes, join, stroke_outline, unnamed,
    weight,
};
use super::recolor::Recolor;
use super::soft;
use super::spare::Spare;

/// Opacities below this are nothing.
pub(super) const LEAST: f32 = 0.002;

/// What a filter led to.
#[derive(Debug, PartialEq)]
pub(super) struct Filtered {
    pub(super) nodes: Vec<Node>,
    /// Whether the picture is only near to the right one.
    pub(super) is_near: bool,
    /// Whether one of the nodes is the source, with its names.
    pub(super) keeps_names: bool,
}

/// One picture of those that a filter puts together.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) ink: Ink,
    pub(super) offset: Vec2,
    /// Standard deviations of the blur, across and down.
    pub(super) sigma: Vec2,
    pub(super) opacity: f32,
    /// By how much its outline is widened.
    pub(super) spread: f64,
    /// Whether it is where its source is not.
    pub(super) is_inverted: bool,
    /// Whether only what lies on the source shows.
    pub(super) is_inside: bool,
    /// Outside of it nothing shows.
    pub(super) window: Rect,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Graphic,
    Region(Rect),
}

#[derive(Clone, Debug)]
pub(super) enum Ink {
    /// Its own colours, changed one after the other.
    Own(Vec<Recolor>),
    /// One colour.
    Flat(Color),
}

impl Layer {
    /// The source where it is.
    pub(super) fn of_graphic(ink: Ink, window: Rect) -> Self {
        Self {
            source: Source::Graphic,
            ink,
            offset: Vec2::ZERO,
            sigma: Vec2::ZERO,
            opacity: 1.0,
            spread: 0.0,
            is_inverted: false,
            is_inside: false,
            window,
        }
    }

    /// Whether it is the source's outline where it was.
    pub(super) fn is_silhouette(&self) -> bool {
        self.source == Source::Graphic
            && self.offset == Vec2::ZERO
            && self.sigma == Vec2::ZERO
            && self.spread == 0.0
            && !self.is_inverted
            && self.opacity > 1.0 - LEAST
    }
}

/// The kind of a primitive that cannot be drawn.
pub(super) type Lost = &'static str;

/// Draws a layer.
pub(super) fn draw(
    layer: &Layer,
    source: &[Node],
    pixels: f64,
    spare: &mut Spare,
    out: &mut Filtered,
) -> Result<(), Lost> {
    if layer.window.area() <= 0.0 {
        return Ok(());
    }
    let is_untouched =
        layer.is_silhouette() && matches!(&layer.ink, Ink::Own(changes) if changes.is_empty());
    if is_untouched && !out.keeps_names {
        out.nodes
            .extend(seen_through(layer.window, source.to_vec()));
        out.keeps_names = true;
        return Ok(());
    }
    if !spare.take(weight(source)) {
        return Err("filter");
    }
    let mut nodes = match layer.source {
        Source::Graphic => unnamed(source),
        Source::Region(rect) => vec![Node::Shape(Shape::filled(
            "",
            rect.to_path(0.1),
            Paint::Solid(Color::BLACK),
        ))],
    };
    match &layer.ink {
        Ink::Own(changes) => {
            let is_straight = changes.iter().all(Recolor::is_straight);
            recolor_all(&mut nodes, is_straight, &|color| {
                changes
                    .iter()
                    .fold(color, |color, change| change.apply(color))
            });
        }
        Ink::Flat(color) => recolor_all(&mut nodes, true, &|_| *color),
    }
    if let Ink::Flat(color) = layer.ink
        && layer.spread > 0.0
    {
        widen(&mut nodes, layer.spread, color);
    }
    let mut opacity = layer.opacity;
    if layer.sigma != Vec2::ZERO {
        out.is_near = true;
        let flat = match layer.ink {
            Ink::Flat(color) => Some(color),
            Ink::Own(_) => None,
        };
        let blur = soft::Blur {
            sigma: layer.sigma,
            opacity,
            is_inverted: layer.is_inverted,
            pixels,
        };
        nodes = soft::blurred(&nodes, &blur, flat, spare).ok_or("feGaussianBlur")?;
        opacity = 1.0;
    } else if layer.is_inverted {
        return Err("feComposite");
    }
    let moved = Group {
        transform: Affine::translate(layer.offset),
        opacity,
        children: nodes,
        ..Group::new("")
    };
    let mut node = Node::Group(moved);
    if layer.is_inside {
        node = Node::Group(clipped_group(outline(source), vec![node]));
    }
    out.nodes.extend(seen_through(layer.window, vec![node]));
    Ok(())
}

/// Nodes clipped to a window, if they reach beyond it.
fn seen_through(window: Rect, nodes: Vec<Node>) -> Vec<Node> {
    match bounds(&nodes) {
        Some(painted) if painted.union(window) != window => {
            vec![Node::Group(clipped_group(clip_rect(window), nodes))]
        }
        _ => nodes,
    }
}

/// The same picture with each colour changed; gradients get stops in between where the colours
/// between two stops do not change along a straight line.
fn recolor_all(nodes: &mut [Node], is_straight: bool, change: &dyn Fn(Color) -> Color) {
    edit_paints(nodes, &mut |paint, _| {
        if let Paint::Solid(color) = paint {
            *color = change(*color);
        }
        fade::edit_stops(paint, |stops| {
            if is_straight {
                let changed = stops.iter().map(|stop| crate::GradientStop {
                    color: change(stop.color),
                    ..*stop
                });
                return changed.collect();
            }
            fade::recolored(stops, change)
        });
    });
}

/// Widens shapes of one colour on all sides.
fn widen(nodes: &mut [Node], by: f64, color: Color) {
    edit_shapes(nodes, Affine::IDENTITY, &mut |shape, transform| {
        let scale = largest_scale(transform);
        let by = if scale > 0.0 { by / scale } else { by };
        match &mut shape.stroke {
            Some(stroke) => stroke.width += 2.0 * by,
            None => {
                shape.stroke = Some(Stroke {
                    paint: Paint::Solid(color),
                    opacity: shape.fill.as_ref().map_or(1.0, |fill: &Fill| fill.opacity),
                    width: 2.0 * by,
                    cap: LineCap::Butt,
                    join: LineJoin::Miter,
                    miter_limit: 4.0,
                    dashes: Vec::new(),
                    dash_offset: 0.0,
                });
            }
        }
    });
}

/// The outline of all that nodes fill and stroke.
fn outline(nodes: &[Node]) -> ClipPath {
    let mut nodes = nodes.to_vec();
    let mut outlines = Vec::new();
    edit_shapes(&mut nodes, Affine::IDENTITY, &mut |shape, transform| {
        if let Some(fill) = &shape.fill {
            outlines.push(ClipPath {
                path: transform * &shape.path,
                rule: fill.rule,
            });
        }
        if let Some(stroke) = &shape.stroke {
            outlines.push(ClipPath {
                path: transform * stroke_outline(&shape.path, stroke),
                rule: FillRule::NonZero,
            });
        }
    });
    match outlines.len() {
        1 => outlines.pop().unwrap_or_else(|| join(Vec::new())),
        _ => join(outlines),
    }
}
