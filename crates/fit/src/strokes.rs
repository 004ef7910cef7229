//! Gives the template's shapes the strokes that the target shows along their outlines, and takes back those
//! that turn out to be worth less than their bytes. A thin line around a shape is then a property of that
//! shape, not a ring over it. How strokes are fitted is the descent's business.

use std::collections::BTreeSet;

use chat2svg_diffraster::Node;
use chat2svg_vector::{Color, LineCap, LineJoin, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath, ParamCurve, ParamCurveArclen, Point, Vec2};

use crate::{
    Action, FitError, fit::Fit, picture::Picture, scene::SceneMap, simplify::closed_where_it_meets,
    worth::leave_one_out,
};

/// Width in pixels with which a stroke begins, in a picture whose longest side is 512 pixels.
const FIRST_WIDTH: f64 = 1.2;
/// Pixels below which a stroke is too thin to be seen.
const LEAST_WIDTH: f32 = 0.1;
/// Pixels along an outline between two looks at the target.
const STRIDE: f64 = 2.0;
/// How far to each side of an outline its line is looked for, in a picture whose longest side is 512 pixels.
const REACH: f64 = 6.0;
/// And in any picture, in pixels.
const LEAST_REACH: f64 = 4.0;
/// Distance from what both sides could mix to from which a colour is that of a line between them.
const LEAST_CONTRAST: f64 = 0.12;
/// Share of an outline along which there must be a line.
const LINE_SHARE: f64 = 0.4;
/// About how many bytes a stroke takes when written.
const BYTES: f64 = 34.0;
/// How many times its bytes' price a stroke must gain: it is one more thing to edit.
const LEAST_GAIN: f64 = 2.0;

impl Fit<'_> {
    /// Closes the outlines of the template's filled shapes that end where they began, so that what goes around
    /// them has no gap.
    pub(crate) fn close_outlines(&mut self) {
        self.document.edit_shapes(|_, shape, _, _| {
            shape.path = closed_outline(shape);
        });
    }

    /// Gives every filled shape of the template that has no stroke one where the target shows a line along its
    /// outline.
    pub(crate) fn stroke_outlines(&mut self) -> Result<(), FitError> {
        if !self.setting.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let (to_canvas, target) = (self.setting.to_canvas, self.setting.target);
        let width = FIRST_WIDTH * target.width.max(target.height) as f64 / 512.0;
        let map = self.scene();
        let movable: BTreeSet<usize> = (0..map.slots.len())
            .filter(|slot| self.is_movable(&map, *slot))
            .map(|slot| map.slots[slot].shape)
            .collect();
        let is_added = &self.is_added;
        self.document
            .edit_shapes(|index, shape, transform, opacity| {
                let to_pixels = to_canvas * transform;
                let scale = to_pixels.determinant().abs().sqrt();
                let is_opaque = shape
                    .fill
                    .as_ref()
                    .is_some_and(|fill| fill.opacity * opacity > 0.9);
                if is_added.get(index) == Some(&false)
                    && movable.contains(&index)
                    && is_opaque
                    && shape.opacity > 0.9
                    && shape.stroke.is_none()
                    && scale.is_normal()
                    && let Some((color, measured)) = line_along(shape, to_pixels, target)
                {
                    shape.stroke = Some(Stroke {
                        paint: Paint::Solid(color),
                        opacity: 1.0,
                        width: measured.max(width) / scale,
                        cap: LineCap::Butt,
                        join: LineJoin::Miter,
                        miter_limit: 4.0,
                        dashes: Vec::new(),
                        dash_offset: 0.0,
                    });
                }
            });
        self.note(Action::Stroke)
    }

    /// Takes back the strokes that gain less than they must.
    pub(crate) fn drop_strokes(&mut self) -> Result<(), FitError> {
        if !self.setting.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let is_given = self.given_strokes();
        let mut map = self.scene();
        let candidates: Vec<usize> = (0..map.slots.len())
            .filter(|slot| {
                is_given.get(map.slots[*slot].shape) == Some(&true) || shows_no_stroke(&map, *slot)
            })
            .collect();
        let target = self.setting.target;
        let least = LEAST_GAIN * BYTES * self.cost().per_byte;
        let worth = leave_one_out(&mut self.descender, &mut map, target, &candidates, |path| {
            path.stroke = None;
        })?;
        let worthless: BTreeSet<usize> = worth
            .into_iter()
            .filter(|(_, gain, _)| *gain < least)
            .map(|(slot, _, _)| map.slots[slot].shape)
            .collect();
        if worthless.is_empty() {
            return Ok(());
        }
        self.document.edit_shapes(|index, shape, _, _| {
            if worthless.contains(&index) {
                shape.stroke = None;
            }
        });
        self.note(Action::Stroke)
    }

    /// Of each shape, whether it has a stroke that its template has not.
    fn given_strokes(&self) -> Vec<bool> {
        let template = self.setting.template.shapes();
        let shapes = self.document.shapes();
        let origins = self.origins();
        let pairs = shapes.iter().zip(origins);
        pairs
            .map(|(visit, origin)| {
                let origin = origin.and_then(|at| template.get(at));
                visit.shape.stroke.is_some() && origin.is_some_and(|of| of.shape.stroke.is_none())
            })
            .collect()
    }
}

/// Whether a filled shape's stroke has become too thin to be seen.
fn shows_no_stroke(map: &SceneMap, slot: usize) -> bool {
    let Some(Node::Path(path)) = map.scene.nodes.get(map.slots[slot].node) else {
        return false;
    };
    let stroke = path.stroke.as_ref();
    path.fill.is_some() && stroke.is_some_and(|stroke| stroke.width < LEAST_WIDTH)
}

/// The outline of a shape of the template as a fit takes it up: where nothing shows whether it is closed, it is.
pub(crate) fn closed_outline(shape: &Shape) -> BezPath {
    if shape.stroke.is_none() {
        closed_where_it_meets(&shape.path)
    } else {
        shape.path.clone()
    }
}

/// Colour, and width in pixels, of the line that the target shows along a shape's outline, if it does.
fn line_along(shape: &Shape, to_pixels: Affine, target: &Picture) -> Option<(Color, f64)> {
    let path = to_pixels * &shape.path;
    let reach = (REACH * target.width.max(target.height) as f64 / 512.0).max(LEAST_REACH);
    let (mut looks, mut count) = (0.0, 0.0);
    let (mut sum, mut weight, mut width) = ([0.0; 3], 0.0, 0.0);
    for segment in path.segments() {
        let steps = (segment.arclen(0.5) / STRIDE).ceil().clamp(1.0, 1024.0) as usize;
        for step in 0..steps {
            let (from, to) = (step as f64 / steps as f64, (step + 1) as f64 / steps as f64);
            let (from, to) = (segment.eval(from), segment.eval(to));
            let point = from.midpoint(to);
            if color_at(target, point).is_none() {
                continue;
            }
            looks += 1.0;
            let length = (to - from).hypot();
            if length > 1e-6 {
                let across = Vec2::new(from.y - to.y, to.x - from.x) / length;
                if let Some(ridge) = ridge(target, point, across, reach) {
                    for (sum, value) in sum.iter_mut().zip(ridge.color) {
                        *sum += ridge.contrast * f64::from(value);
                    }
                    weight += ridge.contrast;
                    width += ridge.contrast * ridge.width;
                    count += 1.0;
                }
            }
        }
    }
    (count > LINE_SHARE * looks).then(|| {
        let [red, green, blue] = sum.map(|sum| (sum / weight) as f32);
        (Color::new(red, green, blue), width / weight)
    })
}

/// What stands out across an outline.
struct Ridge {
    color: [f32; 3],
    /// How far its colour is from what both sides could mix to.
    contrast: f64,
    /// In pixels.
    width: f64,
}

/// What stands out between both sides of a point, if something does.
fn ridge(target: &Picture, point: Point, across: Vec2, reach: f64) -> Option<Ridge> {
    let left = color_at(target, point - across * reach)?;
    let right = color_at(target, point + across * reach)?;
    let steps = reach.ceil() as i32;
    let mut ridge = Ridge {
        color: [0.0; 3],
        contrast: 0.0,
        width: 0.0,
    };
    for step in 1 - steps..steps {
        let color = color_at(target, point + across * f64::from(step))?;
        let contrast = distance_from_mixture(color, left, right);
        ridge.width += contrast;
        if contrast > ridge.contrast {
            (ridge.color, ridge.contrast) = (color, contrast);
        }
    }
    ridge.width /= ridge.contrast.max(1e-9);
    (ridge.contrast > LEAST_CONTRAST).then_some(ridge)
}

/// Distance of a colour from the nearest mixture of two others, components in `0.0..=1.0`.
fn distance_from_mixture(color: [f32; 3], a: [f32; 3], b: [f32; 3]) -> f64 {
    let minus = |x: [f32; 3], y: [f32; 3]| [0, 1, 2].map(|i| f64::from(x[i]) - f64::from(y[i]));
    let dot = |x: [f64; 3], y: [f64; 3]| x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
    let (way, off) = (minus(b, a), minus(color, a));
    let share = (dot(off, way) / dot(way, way).max(1e-9)).clamp(0.0, 1.0);
    let rest = [0, 1, 2].map(|i| off[i] - share * way[i]);
    dot(rest, rest).sqrt()
}

fn color_at(target: &Picture, point: Point) -> Option<[f32; 3]> {
    let inside = |value: f64, length: usize| {
        (value >= 0.0 && value < length as f64).then_some(value as usize)
    };
    let x = inside(point.x, target.width)?;
    let y = inside(point.y, target.height)?;
    target.pixels.get(y * target.width + x).copied()
}
