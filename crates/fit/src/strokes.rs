//! Strokes for shapes that the template gives none: where the target shows a line along an outline,
//! and where an edge is softer than anti-aliasing makes it, as in pictures of image models. Both
//! are then properties of the shape, not a ring or a second shape over it. What a stroke is worth a
//! trial tells once the outline is in its place; how it is fitted is the descent's business.

use std::collections::BTreeMap;

use chat2svg_trace::picture::{Picture, median_color};
use chat2svg_vector::{Color, Paint, Shape, Stroke};
use kurbo::{Affine, BezPath};

use crate::{
    Action, FitError,
    fit::Fit,
    freedom::Motion,
    normals::{Normal, color_at, normals_along},
    scene::{SceneMap, scale_of, stroke_of},
    simplify::closed_where_it_meets,
};

/// Width in pixels with which a line begins at least, in a picture whose longest side is 512
/// pixels.
const FIRST_WIDTH: f64 = 1.2;
/// Pixels below which a stroke is too thin to be seen.
const LEAST_WIDTH: f64 = 0.1;
/// How far to each side of an outline its sides are, in a picture whose longest side is 512 pixels;
/// between them its line is looked for.
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
/// Distance of the colours to both sides of an outline from which there is an edge.
const LEAST_EDGE: f64 = 0.25;
/// Share of an outline along which there must be one for it to be softened: elsewhere the stroke is
/// a line across one colour.
const EDGE_SHARE: f32 = 0.6;
/// Widths in pixels of strokes that are tried on soft edges.
const SOFT_WIDTHS: [f64; 3] = [0.5, 0.9, 1.5];

/// A stroke of one colour, its width in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    color: Color,
    width: f64,
}

impl Line {
    /// As the stroke of a shape that is drawn at a scale.
    fn at_scale(self, scale: f64) -> Stroke {
        Stroke::solid(Paint::Solid(self.color), self.width / scale)
    }
}

impl Fit<'_> {
    /// Closes the outlines of the template's filled shapes that end where they began, so that what
    /// goes around them has no gap.
    pub(crate) fn close_outlines(&mut self) {
        self.document.edit_shapes(|_, shape, _, _| {
            shape.path = closed_outline(shape);
        });
    }

    /// Gives shapes of the template strokes where the target shows lines along their outlines. A
    /// trial could not tell which of them pay: outlines have yet to move by half of a line's width.
    pub(crate) fn stroke_outlines(&mut self) -> Result<(), FitError> {
        if !self.problem.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let target = self.problem.target;
        let mut map = self.scene();
        let shown = Picture {
            pixels: self.descender.picture(&mut map.scene)?,
            ..*target
        };
        let strokeless = self.strokeless(&map).into_iter();
        let lines = strokeless.filter_map(|(slot, path)| {
            let line = line_along(&path, target, &shown)?;
            Some((map.slots[slot].shape, Some(line)))
        });
        self.put_strokes(&lines.collect())
    }

    /// Tries to take back the strokes that were given, and to soften the edges of shapes that have
    /// none; does what is worth its bytes.
    pub(crate) fn judge_strokes(&mut self, may_soften: bool) -> Result<(), FitError> {
        if !self.problem.options.allow_strokes || self.is_stopped() {
            return Ok(());
        }
        let map = self.scene();
        let given = self.given_strokes(&map).into_iter();
        let mut changes: Vec<(usize, Option<Line>)> = given.map(|slot| (slot, None)).collect();
        if may_soften {
            for (slot, path) in self.strokeless(&map) {
                let Some(color) = half_way(&path, self.problem.target) else {
                    continue;
                };
                let lines = SOFT_WIDTHS.map(|width| Some(Line { color, width }));
                changes.extend(lines.map(|line| (slot, line)));
            }
        }
        let growths = self.growths_of_slots(&map, changes, |line, path| {
            let stroke = line.map(|line| line.at_scale(1.0));
            path.stroke = stroke.map(|stroke| stroke_of(&stroke, Affine::IDENTITY, 1.0));
        })?;
        let price = self.price().stroke();
        let mut best = BTreeMap::new();
        for (slot, line, growth) in growths {
            let cost = growth + if line.is_some() { price } else { -price };
            let least = best.entry(map.slots[slot].shape).or_insert((0.0, None));
            if cost < least.0 {
                *least = (cost, Some(line));
            }
        }
        let changed = best
            .into_iter()
            .filter_map(|(shape, (_, line))| Some((shape, line?)));
        self.put_strokes(&changed.collect())
    }

    /// Gives shapes strokes, or takes those that they have.
    fn put_strokes(&mut self, strokes: &BTreeMap<usize, Option<Line>>) -> Result<(), FitError> {
        if strokes.is_empty() {
            return Ok(());
        }
        let to_canvas = self.problem.to_canvas;
        self.document.edit_shapes(|index, shape, transform, _| {
            if let Some(line) = strokes.get(&index) {
                shape.stroke = line.map(|line| line.at_scale(scale_of(to_canvas * transform)));
            }
        });
        self.note(Action::Stroke)
    }

    /// Slots of filled shapes with a stroke that their template has not, or that has become too
    /// thin to be seen.
    fn given_strokes(&self, map: &SceneMap) -> Vec<usize> {
        let (template, visits) = (self.problem.template.shapes(), self.document.shapes());
        let may_go = |slot: &usize| {
            let at = &map.slots[*slot];
            let shape = visits.get(at.shape)?.shape;
            shape.fill.as_ref()?;
            let width = shape.stroke.as_ref()?.width * scale_of(at.to_scene);
            let origin = self.ids.get(at.shape)?.origin();
            let of_template = origin.and_then(|origin| template.get(origin));
            let is_own = of_template.is_some_and(|visit| visit.shape.stroke.is_some());
            Some(!is_own || width < LEAST_WIDTH)
        };
        let slots = 0..map.slots.len();
        slots.filter(|slot| may_go(slot) == Some(true)).collect()
    }

    /// Slots, with their outlines in pixels, of opaque filled shapes that may move freely and have
    /// no stroke.
    fn strokeless(&self, map: &SceneMap) -> Vec<(usize, BezPath)> {
        let visits = self.document.shapes();
        let outline = |slot: usize| {
            let at = &map.slots[slot];
            let visit = visits.get(at.shape)?;
            let (shape, fill) = (visit.shape, visit.shape.fill.as_ref()?);
            let is_opaque = fill.opacity * visit.opacity > 0.9 && shape.opacity > 0.9;
            let is_free = at.freedom.outline == Motion::Free && self.is_movable(map, slot);
            let has_scale = scale_of(at.to_scene).is_normal();
            (is_opaque && is_free && has_scale && shape.stroke.is_none())
                .then(|| (slot, at.to_scene * &shape.path))
        };
        (0..map.slots.len()).filter_map(outline).collect()
    }
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

/// How many times as large as one whose longest side is 512 pixels a picture is.
fn in_512(target: &Picture) -> f64 {
    target.width.max(target.height) as f64 / 512.0
}

/// How far in pixels the sides of an outline are from it.
fn reach_in(target: &Picture) -> f64 {
    (REACH * in_512(target)).max(LEAST_REACH)
}

/// The colour half way across the edge of a shape, on average; `None` where both sides look alike.
fn half_way(path: &BezPath, target: &Picture) -> Option<Color> {
    let reach = reach_in(target);
    let (mut count_of_normals, mut middles) = (0, Vec::new());
    for Normal { point, across } in normals_along(path) {
        count_of_normals += 1;
        let sides = [-reach, reach].map(|reach| color_at(target, point + across * reach));
        if let [Some(left), Some(right)] = sides
            && distance(left, right) > LEAST_EDGE
        {
            middles.push([0, 1, 2].map(|channel| 0.5 * (left[channel] + right[channel])));
        }
    }
    let count = middles.len() as f32;
    let mean = |channel: usize| middles.iter().map(|color| color[channel]).sum::<f32>() / count;
    (count > EDGE_SHARE * count_of_normals as f32).then(|| Color::new(mean(0), mean(1), mean(2)))
}

/// The line that the target shows along an outline, if it does.
fn line_along(path: &BezPath, target: &Picture, shown: &Picture) -> Option<Line> {
    let (mut count_of_normals, mut ridges) = (0, Vec::new());
    for normal in normals_along(path) {
        if color_at(target, normal.point).is_some() {
            count_of_normals += 1;
            ridges.extend(ridge(target, shown, normal));
        }
    }
    // The quarter that stands out most shows the colour: the others are mixed with what lies
    // beside them.
    ridges.sort_by(|a, b| b.contrast.total_cmp(&a.contrast));
    let purest = ridges.get(..ridges.len().div_ceil(4))?;
    let purest: Vec<[f32; 3]> = purest.iter().map(|ridge| ridge.color).collect();
    let color = median_color(&purest)?;
    ridges.retain(|ridge| {
        let off = |side| distance_from_mixture(ridge.color, color, side);
        ridge.sides.into_iter().any(|side| off(side) < SAME_COLOR)
    });
    let count = ridges.len() as f64;
    let width = ridges.iter().map(|ridge| ridge.width).sum::<f64>() / count;
    let [red, green, blue] = color;
    (count > LINE_SHARE * f64::from(count_of_normals)).then(|| Line {
        color: Color::new(red, green, blue),
        width: width.max(FIRST_WIDTH * in_512(target)),
    })
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

/// What stands out between both sides of a point, if something does.
fn ridge(target: &Picture, shown: &Picture, normal: Normal) -> Option<Ridge> {
    let (Normal { point, across }, reach) = (normal, reach_in(target));
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
fn distance(a: [f32; 3], b: [f32; 3]) -> f64 {
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
    use chat2svg_vector::{LineCap, LineJoin};
    use kurbo::{Circle, Point, Shape as _};

    use super::*;
    use crate::{
        FitOptions,
        testing::{document, with_fit},
    };

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

    fn line_in(target: &Picture, shown: &Picture) -> Option<Line> {
        let disc = Circle::new((64.0, 64.0), 40.0);
        line_along(&disc.to_path(0.01), target, shown)
    }

    #[test]
    fn a_line_around_a_shape_is_found_with_its_color_and_width() {
        let (target, shown) = (
            picture(|at| lined_disc(at, true)),
            picture(|at| lined_disc(at, false)),
        );
        let Line { color, width } = line_in(&target, &shown).unwrap();
        let [red, green, blue] = DARK;
        assert_eq!(color, Color::new(red, green, blue));
        assert!((2.0..4.0).contains(&width), "{width}");
    }

    #[test]
    fn what_the_picture_shows_already_is_no_missing_line() {
        let target = picture(|at| lined_disc(at, true));
        assert_eq!(line_in(&target, &target), None);
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
        assert_eq!(line_in(&picture(colored), &shown), None);
    }

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
                fit.judge_strokes(true).expect("runs");
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
