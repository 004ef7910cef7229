//! Gives the template's shapes the strokes that the target shows along their outlines, and takes
//! back those that turn out to be worth less than their bytes. A thin line around a shape is then a
//! property of that shape, not a ring over it. How strokes are fitted is the descent's business.

use std::collections::BTreeSet;

use chat2svg_diffraster::Node;
use chat2svg_trace::picture::{Picture, median};
use chat2svg_vector::{Color, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath, Shape as _};

use crate::{
    Action, FitError,
    fit::Fit,
    freedom::Motion,
    normals::{Normal, color_at, normals_along},
    scene::{SceneMap, scale_of},
    simplify::closed_where_it_meets,
};

/// Width in pixels with which a stroke begins, in a picture whose longest side is 512 pixels.
const FIRST_WIDTH: f64 = 1.2;
/// Pixels below which a stroke is too thin to be seen.
const LEAST_WIDTH: f32 = 0.1;
/// How far to each side of an outline its line is looked for, in a picture whose longest side is
/// 512 pixels.
const REACH: f64 = 6.0;
/// And in any picture, in pixels.
const LEAST_REACH: f64 = 4.0;
/// Distance from what both sides could mix to from which a colour is that of a line between them.
const LEAST_CONTRAST: f64 = 0.12;
/// How far from an outline, in pixels, its line may be strongest.
const OFF_CENTER: f64 = 3.0;
/// Distance of a look's colour from the line's, or from its mixture with one side, up to which they
/// agree.
const SAME_COLOR: f64 = 0.08;
/// Share of a line's contrast by which the picture as it stands must miss it: what other shapes
/// show already is theirs.
const LEAST_MISSING: f64 = 0.5;
/// Share of an outline along which there must be a line.
const LINE_SHARE: f64 = 0.4;

impl Fit<'_> {
    /// Closes the outlines of the template's filled shapes that end where they began, so that what
    /// goes around them has no gap.
    pub(crate) fn close_outlines(&mut self) {
        self.document.edit_shapes(|_, shape, _, _| {
            shape.path = closed_outline(shape);
        });
    }

    /// Gives every filled shape of the template that has no stroke one where the target shows a
    /// line along its outline.
    pub(crate) fn stroke_outlines(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let target = self.problem.target;
        let width = FIRST_WIDTH * target.width.max(target.height) as f64 / 512.0;
        let mut map = self.scene();
        let shown = Picture {
            pixels: self.descender.picture(&mut map.scene)?,
            ..*target
        };
        let ids = self.ids.clone();
        self.edit_strokeless(&map, |index, shape, to_pixels| {
            if ids.get(index).is_none_or(|id| id.is_added()) {
                return None;
            }
            let (color, measured) = line_along(shape, to_pixels, target, &shown)?;
            Some((color, measured.max(width)))
        });
        self.note(Action::Stroke)
    }

    /// Asks of every opaque filled shape that has no stroke, with its index in painting order and
    /// what maps it to pixels, for the colour and width in pixels of one that it is to have.
    pub(crate) fn edit_strokeless(
        &mut self,
        map: &SceneMap,
        mut stroke: impl FnMut(usize, &Shape, Affine) -> Option<(Color, f64)>,
    ) {
        let to_canvas = self.problem.to_canvas;
        let movable: BTreeSet<usize> = (0..map.slots.len())
            .filter(|slot| self.is_movable(map, *slot))
            .filter(|slot| map.slots[*slot].freedom.outline == Motion::Free)
            .map(|slot| map.slots[slot].shape)
            .collect();
        self.document
            .edit_shapes(|index, shape, transform, opacity| {
                let to_pixels = to_canvas * transform;
                let scale = scale_of(to_pixels);
                let is_opaque = shape
                    .fill
                    .as_ref()
                    .is_some_and(|fill| fill.opacity * opacity > 0.9);
                if movable.contains(&index)
                    && is_opaque
                    && shape.opacity > 0.9
                    && shape.stroke.is_none()
                    && scale.is_normal()
                    && let Some((color, width)) = stroke(index, shape, to_pixels)
                {
                    shape.stroke = Some(Stroke::solid(Paint::Solid(color), width / scale));
                }
            });
    }

    /// Takes back the strokes that gain less than they must.
    pub(crate) fn drop_strokes(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let is_given = self.given_strokes();
        let map = self.scene();
        let candidates: Vec<usize> = (0..map.slots.len())
            .filter(|slot| {
                is_given.get(map.slots[*slot].shape) == Some(&true) || shows_no_stroke(&map, *slot)
            })
            .collect();
        let least = self.price().stroke();
        let worth = self.growths_of_slots(&map, &candidates, |_, path| path.stroke = None)?;
        let worthless: BTreeSet<usize> = worth
            .into_iter()
            .filter(|(_, gain)| *gain < least)
            .map(|(slot, _)| map.slots[slot].shape)
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
        let template = self.problem.template.shapes();
        let shapes = self.document.shapes();
        let pairs = shapes.iter().zip(&self.ids);
        pairs
            .map(|(visit, id)| {
                let origin = id.origin().and_then(|at| template.get(at));
                visit.shape.stroke.is_some()
                    && visit.shape.fill.is_some()
                    && origin.is_none_or(|of| of.shape.stroke.is_none())
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

/// The outline of a shape of the template as a fit takes it up: where nothing shows whether it is
/// closed, it is.
pub(crate) fn closed_outline(shape: &Shape) -> BezPath {
    if shape.stroke.is_none() {
        closed_where_it_meets(&shape.path)
    } else {
        shape.path.clone()
    }
}

/// Colour, and width in pixels, of the line that the target shows along a shape's outline, if it
/// does.
fn line_along(
    shape: &Shape,
    to_pixels: Affine,
    target: &Picture,
    shown: &Picture,
) -> Option<(Color, f64)> {
    let path = to_pixels * &shape.path;
    let reach = (REACH * target.width.max(target.height) as f64 / 512.0).max(LEAST_REACH);
    if 2.0 * path.area().abs() < reach * path.perimeter(0.5) {
        // Across so thin a shape the look would take the shape itself for a line.
        return None;
    }
    let (mut count_of_normals, mut ridges) = (0, Vec::new());
    for normal in normals_along(&path) {
        if color_at(target, normal.point).is_some() {
            count_of_normals += 1;
            ridges.extend(ridge(target, shown, normal, reach));
        }
    }
    let color = color_of_line(&mut ridges)?;
    ridges.retain(|ridge| ridge.could_show(color));
    let count = ridges.len() as f64;
    let width = ridges.iter().map(|ridge| ridge.width).sum::<f64>() / count;
    let [red, green, blue] = color;
    (count > LINE_SHARE * f64::from(count_of_normals))
        .then(|| (Color::new(red, green, blue), width))
}

/// The colour of a line of which these are looks: the median, channel by channel, of the quarter
/// that stands out most, for the others are mixed with what lies beside it.
fn color_of_line(ridges: &mut [Ridge]) -> Option<[f32; 3]> {
    ridges.sort_by(|a, b| b.contrast.total_cmp(&a.contrast));
    let purest = ridges.get(..ridges.len().div_ceil(4))?;
    let mut color = [0.0; 3];
    for (channel, value) in color.iter_mut().enumerate() {
        let values: Vec<f32> = purest.iter().map(|ridge| ridge.color[channel]).collect();
        *value = median(&values)?;
    }
    Some(color)
}

/// What stands out across an outline.
struct Ridge {
    color: [f32; 3],
    /// Colours to both sides.
    sides: [[f32; 3]; 2],
    /// How far its colour is from what both sides could mix to.
    contrast: f64,
    /// How far the picture as it stands is from its colour.
    missing: f64,
    /// In pixels.
    width: f64,
}

impl Ridge {
    /// Whether a line of a colour, perhaps mixed with one of its sides, could look like this.
    fn could_show(&self, line: [f32; 3]) -> bool {
        let off = |side| distance_from_mixture(self.color, line, side);
        self.sides.into_iter().any(|side| off(side) < SAME_COLOR)
    }
}

/// What stands out between both sides of a point, if something does.
fn ridge(target: &Picture, shown: &Picture, normal: Normal, reach: f64) -> Option<Ridge> {
    let Normal { point, across } = normal;
    let left = color_at(target, point - across * reach)?;
    let right = color_at(target, point + across * reach)?;
    let steps = reach.ceil() as i32;
    let mut ridge = Ridge {
        color: [0.0; 3],
        sides: [left, right],
        contrast: 0.0,
        missing: 0.0,
        width: 0.0,
    };
    for step in 1 - steps..steps {
        let at = point + across * f64::from(step);
        let color = color_at(target, at)?;
        let contrast = distance_from_mixture(color, left, right);
        ridge.width += contrast;
        if contrast > ridge.contrast && f64::from(step).abs() <= OFF_CENTER {
            (ridge.color, ridge.contrast) = (color, contrast);
            ridge.missing = distance(color, color_at(shown, at)?);
        }
    }
    ridge.width /= ridge.contrast.max(1e-9);
    let is_missing = ridge.missing >= LEAST_MISSING * ridge.contrast;
    (ridge.contrast > LEAST_CONTRAST && is_missing).then_some(ridge)
}

/// Distance of two colours.
pub(crate) fn distance(a: [f32; 3], b: [f32; 3]) -> f64 {
    let squares = (0..3).map(|i| f64::from(a[i] - b[i]).powi(2));
    squares.sum::<f64>().sqrt()
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

#[cfg(test)]
mod tests {
    use super::*;
    use kurbo::{Circle, Point, Rect};

    const WHITE: [f32; 3] = [1.0; 3];
    const DARK: [f32; 3] = [0.2, 0.1, 0.1];
    const RED: [f32; 3] = [0.9, 0.3, 0.2];

    fn picture(color: impl Fn(Point) -> [f32; 3]) -> Picture {
        let at = |index: usize| Point::new((index % 128) as f64 + 0.5, (index / 128) as f64 + 0.5);
        Picture::opaque(128, 128, (0..128 * 128).map(|index| color(at(index))))
    }

    /// A red disc of radius 40 with a dark line of 3 pixels around it, as far as it goes.
    fn lined_disc(point: Point, is_lined: bool) -> [f32; 3] {
        let radius = point.distance(Point::new(64.0, 64.0));
        match radius {
            _ if is_lined && (radius - 40.0).abs() < 1.5 => DARK,
            _ if radius < 40.0 => RED,
            _ => WHITE,
        }
    }

    fn line_in(
        target: &Picture,
        shown: &Picture,
        shape: impl kurbo::Shape,
    ) -> Option<(Color, f64)> {
        let shape = Shape::filled("disc", shape.to_path(0.01), Paint::Solid(Color::BLACK));
        line_along(&shape, Affine::IDENTITY, target, shown)
    }

    #[test]
    fn a_line_around_a_shape_is_found_with_its_color_and_width() {
        let (target, shown) = (
            picture(|at| lined_disc(at, true)),
            picture(|at| lined_disc(at, false)),
        );
        let (color, width) = line_in(&target, &shown, Circle::new((64.0, 64.0), 40.0)).unwrap();
        let [red, green, blue] = DARK;
        assert_eq!(color, Color::new(red, green, blue));
        assert!((2.0..4.0).contains(&width), "{width}");
    }

    #[test]
    fn what_the_picture_shows_already_is_no_missing_line() {
        let target = picture(|at| lined_disc(at, true));
        assert_eq!(
            line_in(&target, &target, Circle::new((64.0, 64.0), 40.0)),
            None
        );
    }

    #[test]
    fn a_thin_shape_is_not_its_own_line() {
        let bar = Rect::new(30.0, 60.0, 100.0, 63.0);
        let target = picture(|at| if bar.contains(at) { DARK } else { WHITE });
        assert_eq!(line_in(&target, &picture(|_| WHITE), bar), None);
    }

    #[test]
    fn patches_of_many_colors_along_an_outline_are_no_line() {
        let hues = [
            [0.1, 0.7, 0.2],
            [0.1, 0.2, 0.9],
            [0.9, 0.8, 0.1],
            [0.6, 0.1, 0.8],
        ];
        let colored = |at: Point| match lined_disc(at, true) {
            DARK => hues[(((at.y - 64.0).atan2(at.x - 64.0) + 4.0) / 0.4) as usize % hues.len()],
            other => other,
        };
        let shown = picture(|at| lined_disc(at, false));
        assert_eq!(
            line_in(&picture(colored), &shown, Circle::new((64.0, 64.0), 40.0)),
            None
        );
    }
}
