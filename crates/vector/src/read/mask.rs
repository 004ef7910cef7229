//! Masks as documents can hold them: clip paths, opacities and gradients of opacity.
//!
//! A mask is read as parts, back to front, each opaque over what lies below it: a region with one
//! value, or with values along a gradient. What is masked is drawn once for each part that lets
//! something through, clipped to it and not to the parts above.

use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::{ClipPath, Color, FillRule, Group, Node, Paint};

use super::fade::{self, Faded};
use super::nodes::{
    bounds, clip_rect, clipped_group, covers, has_curves, join, stroke_outline, unnamed, weight,
};
use super::spare::Spare;

/// Most clip paths inside one another that one part of a mask may take.
const MAX_CLIPS: usize = 8;
/// Most parts that show.
const MAX_PARTS: usize = 24;
/// Most shapes of a mask, and most nodes and path elements.
const MAX_SHAPES: usize = 128;
const MAX_WEIGHT: usize = 20_000;
/// Values closer than this are equal, and this near to 0 and 1 they are these.
const SAME: f32 = 0.006;

/// What masking led to.
#[derive(Debug, PartialEq)]
pub(super) struct Masked {
    /// What is left of what was masked.
    pub(super) nodes: Vec<Node>,
    /// Whether the picture is only near to the right one.
    pub(super) is_near: bool,
}

/// The part of a mask with one value.
struct Part {
    /// All turned one way; none overlaps itself.
    outlines: Vec<ClipPath>,
    /// What clips them inside the mask.
    clips: Vec<ClipPath>,
    bounds: Rect,
    value: Value,
    /// They are outlines of strokes.
    is_stroked: bool,
}

/// How much a part lets through, 0 to 1.
#[derive(Clone)]
enum Value {
    Even(f32),
    /// The opacities of a gradient's stops.
    Along(Box<Paint>),
}

/// Applies a mask, whose content is given in the coordinates of what it masks, within a region;
/// `None` when it cannot be drawn.
pub(super) fn apply(
    content: &[Node],
    region: Rect,
    is_luminance: bool,
    masked: Vec<Node>,
    spare: &mut Spare,
) -> Option<Masked> {
    let mut out = Masked {
        nodes: Vec::new(),
        is_near: false,
    };
    let Some(target) = bounds(&masked) else {
        return Some(out);
    };
    let weight_of_mask = weight(content);
    (weight_of_mask <= MAX_WEIGHT && spare.take(weight_of_mask)).then_some(())?;
    let mut parts = Parts {
        is_luminance,
        target,
        parts: Vec::new(),
        shapes: 0,
    };
    parts.gather(content, Affine::IDENTITY, 1.0, &[])?;
    let parts = parts.parts;
    let mut left = Some(masked);
    let shown: Vec<_> = (0..parts.len())
        .filter(|index| shows(&parts, *index, target))
        .collect();
    if shown.len() > MAX_PARTS {
        return None;
    }
    for (position, index) in shown.iter().enumerate() {
        let part = parts.get(*index)?;
        let clips = clips_of(&parts, *index, target, region)?;
        out.is_near |= clips.iter().any(|clip| part.is_rough(clip));
        let is_last = position + 1 == shown.len();
        let mut nodes = match (&left, position) {
            (Some(nodes), 1..) => {
                spare.take(weight(nodes)).then_some(())?;
                unnamed(nodes)
            }
            // The first keeps the names.
            (Some(nodes), _) if !is_last => nodes.clone(),
            _ => left.take()?,
        };
        let mut opacity = 1.0;
        match &part.value {
            Value::Even(value) => opacity = if *value > 1.0 - SAME { 1.0 } else { *value },
            Value::Along(gradient) => match fade::apply(&mut nodes, gradient) {
                Faded::Exactly => {}
                Faded::Nearly => out.is_near = true,
                Faded::No => return None,
            },
        }
        let mut nodes = clips.into_iter().rev().fold(nodes, |inner, clip| {
            vec![Node::Group(clipped_group(clip, inner))]
        });
        if opacity < 1.0 {
            nodes = match nodes.as_mut_slice() {
                [Node::Group(group)] => {
                    group.opacity *= opacity;
                    nodes
                }
                _ => vec![Node::Group(Group {
                    opacity,
                    children: nodes,
                    ..Group::new("")
                })],
            };
        }
        out.nodes.append(&mut nodes);
    }
    Some(out)
}

/// Whether a part lets anything of the target through.
fn shows(parts: &[Part], index: usize, target: Rect) -> bool {
    let Some((part, above)) = parts.get(index..).and_then(<[Part]>::split_first) else {
        return false;
    };
    let is_covered = above.iter().any(|other| other.covers(target));
    !is_covered && !matches!(part.value, Value::Even(value) if value < SAME)
}

/// The clip paths that leave a part alone, outermost first; `None` when there are too many.
fn clips_of(parts: &[Part], index: usize, target: Rect, region: Rect) -> Option<Vec<ClipPath>> {
    let (part, above) = parts.get(index..)?.split_first()?;
    let visible = part.bounds.intersect(target);
    let mut clips = part.clips.clone();
    if visible.intersect(region) != visible {
        clips.push(clip_rect(region));
    }
    let mut own = None;
    if !part.outlines.iter().any(|outline| covers(outline, target)) {
        own = Some(match part.outlines.as_slice() {
            [only] => only.clone(),
            several => join(several.to_vec()),
        });
    }
    // Holes that lie apart are one even-odd path.
    let mut holes: Vec<(BezPath, Vec<Rect>)> = Vec::new();
    for other in above {
        if !other.bounds.overlaps(visible) {
            continue;
        }
        if !other.clips.is_empty() {
            return None;
        }
        for outline in &other.outlines {
            let around = outline.path.bounding_box();
            if !around.overlaps(visible) {
                continue;
            }
            let apart = holes
                .iter_mut()
                .find(|(_, taken)| taken.iter().all(|rect| !rect.overlaps(around)));
            match apart {
                Some((path, taken)) => {
                    path.extend(&outline.path);
                    taken.push(around);
                }
                None => holes.push((outline.path.clone(), vec![around])),
            }
        }
    }
    let frame = visible.inflate(1.0 + visible.width(), 1.0 + visible.height());
    for (position, (hole, taken)) in holes.into_iter().enumerate() {
        let is_inside = |own: &ClipPath| taken.iter().all(|rect| covers(own, *rect));
        let around = match own.take() {
            // The part's own outline with holes in it.
            Some(outline) if position == 0 && part.outlines.len() == 1 && is_inside(&outline) => {
                outline.path
            }
            untouched => {
                own = untouched;
                frame
                    .union(taken.iter().fold(frame, |all, rect| all.union(*rect)))
                    .to_path(0.1)
            }
        };
        let mut path = around;
        path.extend(hole);
        clips.push(ClipPath {
            path,
            rule: FillRule::EvenOdd,
        });
    }
    clips.extend(own);
    (clips.len() <= MAX_CLIPS).then_some(clips)
}

impl Part {
    /// Whether browsers draw a clip path of it unlike the mask at its edges: their circles and wide
    /// strokes are a little off, which outlines of holes and of strokes are not.
    fn is_rough(&self, clip: &ClipPath) -> bool {
        let is_outline = clip.rule == FillRule::EvenOdd || self.is_stroked;
        is_outline && has_curves(&clip.path)
    }

    fn covers(&self, rect: Rect) -> bool {
        let mut clips = self.clips.iter();
        clips.all(|clip| covers(clip, rect))
            && self.outlines.iter().any(|outline| covers(outline, rect))
    }
}

/// The parts of a mask as they are found.
struct Parts {
    is_luminance: bool,
    target: Rect,
    parts: Vec<Part>,
    shapes: usize,
}

impl Parts {
    /// Adds what nodes paint; `None` when that cannot be told apart into parts.
    fn gather(
        &mut self,
        nodes: &[Node],
        transform: Affine,
        opacity: f32,
        clips: &[ClipPath],
    ) -> Option<()> {
        for node in nodes {
            match node {
                Node::Group(group) => {
                    let inner = transform * group.transform;
                    let mut clips = clips.to_vec();
                    clips.extend(group.clip.as_ref().map(|clip| ClipPath {
                        path: inner * &clip.path,
                        rule: clip.rule,
                    }));
                    if clips.len() > MAX_CLIPS {
                        return None;
                    }
                    self.gather(&group.children, inner, opacity * group.opacity, &clips)?;
                }
                Node::Shape(shape) => {
                    self.shapes += 1;
                    if self.shapes > MAX_SHAPES {
                        return None;
                    }
                    let opacity = opacity * shape.opacity;
                    if let Some(fill) = &shape.fill {
                        let outline = ClipPath {
                            path: transform * &shape.path,
                            rule: fill.rule,
                        };
                        self.add(
                            outline,
                            &fill.paint,
                            opacity * fill.opacity,
                            transform,
                            clips,
                        )?;
                    }
                    if let Some(stroke) = &shape.stroke {
                        let outline = ClipPath {
                            path: transform * stroke_outline(&shape.path, stroke),
                            rule: FillRule::NonZero,
                        };
                        let opacity = opacity * stroke.opacity;
                        self.add(outline, &stroke.paint, opacity, transform, clips)?;
                        if let Some(last) = self.parts.last_mut() {
                            last.is_stroked = true;
                        }
                    }
                }
            }
        }
        Some(())
    }

    fn add(
        &mut self,
        outline: ClipPath,
        paint: &Paint,
        opacity: f32,
        transform: Affine,
        clips: &[ClipPath],
    ) -> Option<()> {
        let mut bounds = outline.path.bounding_box();
        for clip in clips {
            bounds = bounds.intersect(clip.path.bounding_box());
        }
        if !bounds.is_finite() || !bounds.overlaps(self.target) || bounds.area() <= 0.0 {
            return Some(());
        }
        let value = self.value(paint, opacity, transform, bounds)?;
        if let Value::Even(new) = value
            && let Some(last) = self.parts.last_mut()
            && let Value::Even(old) = last.value
            && (old - new).abs() < SAME
            && last.clips == clips
            && outline.rule == FillRule::NonZero
            && last
                .outlines
                .iter()
                .all(|outline| outline.rule == FillRule::NonZero)
        {
            last.outlines.push(outline);
            last.bounds = last.bounds.union(bounds);
            return Some(());
        }
        self.parts.push(Part {
            outlines: vec![outline],
            clips: clips.to_vec(),
            bounds,
            value,
            is_stroked: false,
        });
        Some(())
    }

    /// What a paint makes of the mask where it is painted.
    fn value(&self, paint: &Paint, opacity: f32, transform: Affine, bounds: Rect) -> Option<Value> {
        let tone = |color: Color| {
            if self.is_luminance {
                luminance(color)
            } else {
                1.0
            }
        };
        let is_opaque = opacity > 1.0 - SAME
            && match paint {
                Paint::Solid(_) => true,
                Paint::Linear(gradient) => gradient.stops.iter().all(|stop| stop.opacity >= 1.0),
                Paint::Radial(gradient) => gradient.stops.iter().all(|stop| stop.opacity >= 1.0),
            };
        let below = if is_opaque {
            0.0
        } else {
            self.value_below(bounds)?
        };
        let over = |tone: f32, opacity: f32| tone * opacity + below * (1.0 - opacity);
        if let Paint::Solid(color) = paint {
            return Some(Value::Even(over(tone(*color), opacity)));
        }
        let mut gradient = paint.clone();
        gradient.apply_affine(transform);
        fade::edit_stops(&mut gradient, |stops| {
            let stops = fade::subdivided(stops);
            let value = |stop: &crate::GradientStop| over(tone(stop.color), stop.opacity * opacity);
            let stops = stops.iter().map(|stop| crate::GradientStop {
                opacity: value(stop).clamp(0.0, 1.0),
                color: Color::BLACK,
                ..*stop
            });
            stops.collect()
        });
        Some(Value::Along(Box::new(gradient)))
    }

    /// The value of the mask so far, where it is the same all over a rectangle.
    fn value_below(&self, bounds: Rect) -> Option<f32> {
        let bounds = bounds.intersect(self.target);
        for part in self.parts.iter().rev() {
            if !part.bounds.overlaps(bounds) {
                continue;
            }
            return match part.value {
                Value::Even(value) if part.covers(bounds) => Some(value),
                _ => None,
            };
        }
        Some(0.0)
    }
}

/// How much a colour of a luminance mask lets through.
fn luminance(color: Color) -> f32 {
    0.2125 * color.red + 0.7154 * color.green + 0.0721 * color.blue
}
