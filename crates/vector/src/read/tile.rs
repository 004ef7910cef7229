//! Patterns as documents can hold them: what a tile shows, again and again, clipped to what is
//! painted with it. What lies within the tile is copied without clipping each copy.

use kurbo::{Affine, BezPath, Rect, Shape as _, Vec2};

use crate::transform::{MAX_REACH, largest_scale};
use crate::{ClipPath, Group, Node, Paint, Shape};

use super::nodes::{clip_rect, clipped_group, has_curves, rectangle, unnamed, weight};
use super::spare::Spare;

/// Most tiles of one shape.
const MAX_TILES: usize = 4_000;
/// Most copies that are shapes of their own, which draw finer than one path of them all.
const MAX_SHAPES: usize = 1_000;
/// How much nearer tiles must be than what can be written at all, and the most by which a pattern
/// may stretch or squeeze them.
const NEARER: f64 = 16.0;
const MAX_SCALE: f64 = 256.0;
/// What reaches over the edge of a tile by so little of its side does not.
const SLACK: f64 = 1e-4;
/// By so much of its side a tile that is clipped is made larger, so that no gap shows between two.
const OVERLAP: f64 = 0.004;

/// A pattern's tile.
pub(super) struct Tile {
    /// What it shows, from its corner on.
    pub(super) content: Vec<Node>,
    /// Its place, in the pattern's coordinates.
    pub(super) rect: Rect,
    /// Maps the pattern's coordinates to those of what it paints.
    pub(super) transform: Affine,
}

impl Tile {
    /// Whether browsers draw copies of the tile unlike shapes: turned ones as turned pictures, and
    /// outlines of strokes a little off.
    pub(super) fn is_rough(&self, outline: &ClipPath, is_stroke: bool) -> bool {
        let [a, b, c, d, ..] = self.transform.as_coeffs();
        let is_turned = (b != 0.0 || c != 0.0) && (a != 0.0 || d != 0.0);
        is_turned || is_stroke && has_curves(&outline.path)
    }

    /// Fills an outline; `None` when that takes too much.
    pub(super) fn fill(&self, outline: ClipPath, spare: &mut Spare) -> Option<Group> {
        let target = outline.path.bounding_box();
        let size = Vec2::new(self.rect.width(), self.rect.height());
        let inverse = self.transform.inverse();
        if !(inverse.is_finite() && target.is_finite() && size.x > 0.0 && size.y > 0.0) {
            return None;
        }
        let reached = inverse.transform_rect_bbox(target);
        let far = [reached, self.rect, target].map(|rect| {
            rect.x0
                .abs()
                .max(rect.x1.abs())
                .max(rect.y0.abs())
                .max(rect.y1.abs())
        });
        let is_near = far.iter().all(|far| *far <= MAX_REACH / NEARER)
            && largest_scale(self.transform) <= MAX_SCALE
            && largest_scale(inverse) <= MAX_SCALE;
        if !is_near {
            return None;
        }
        let [left, right] = [reached.x0, reached.x1].map(|x| ((x - self.rect.x0) / size.x).floor());
        let [top, bottom] = [reached.y0, reached.y1].map(|y| ((y - self.rect.y0) / size.y).floor());
        let (columns, rows) = (right - left + 1.0, bottom - top + 1.0);
        let tiles = columns * rows;
        if tiles.is_nan() || tiles > MAX_TILES as f64 {
            return None;
        }
        let first = Vec2::new(self.rect.x0 + left * size.x, self.rect.y0 + top * size.y);
        let grid = Grid {
            size,
            columns: columns as u32,
            rows: rows as u32,
            to_target: self.transform * Affine::translate(first),
            target,
        };
        let children = grid.filled(&self.content, spare)?;
        let to_target = grid.to_target;
        let children = match to_target.as_coeffs() {
            [1.0, 0.0, 0.0, 1.0, ..] => moved(children, to_target),
            _ => vec![Node::Group(Group {
                transform: to_target,
                children,
                ..Group::new("")
            })],
        };
        Some(clipped_group(outline, children))
    }
}

/// Nodes moved, which is exact for translations.
fn moved(mut nodes: Vec<Node>, by: Affine) -> Vec<Node> {
    for node in &mut nodes {
        match node {
            Node::Shape(shape) => shape.apply_affine(by),
            Node::Group(group) => group.transform = by * group.transform,
        }
    }
    nodes
}

/// Where copies of a tile go; its corner is the origin.
struct Grid {
    size: Vec2,
    columns: u32,
    rows: u32,
    to_target: Affine,
    target: Rect,
}

impl Grid {
    fn filled(&self, content: &[Node], spare: &mut Spare) -> Option<Vec<Node>> {
        let tile = Rect::from_origin_size((0.0, 0.0), self.size.to_size());
        let mut shapes = Vec::new();
        if flat(content, Affine::IDENTITY, 1.0, &mut shapes).is_some()
            && let Some(nodes) = self.as_paths(&shapes, tile, spare)
        {
            return Some(nodes);
        }
        let places = self.places();
        spare
            .take((2 + weight(content)) * places.len())
            .then_some(())?;
        let content = unnamed(content);
        let around = tile.inflate(OVERLAP * self.size.x, OVERLAP * self.size.y);
        let copies = places.iter().map(|place| {
            Node::Group(Group {
                transform: Affine::translate(*place),
                ..clipped_group(clip_rect(around), content.clone())
            })
        });
        Some(copies.collect())
    }

    /// The corners of all tiles that may show.
    fn places(&self) -> Vec<Vec2> {
        let all = (0..self.rows).flat_map(|row| {
            (0..self.columns).map(move |column| Vec2::new(f64::from(column), f64::from(row)))
        });
        let places = all.map(|at| Vec2::new(at.x * self.size.x, at.y * self.size.y));
        let shows = |place: &Vec2| {
            let tile = Rect::from_origin_size(place.to_point(), self.size.to_size());
            self.to_target
                .transform_rect_bbox(tile)
                .overlaps(self.target)
        };
        places.filter(shows).collect()
    }

    /// All copies of each of the tile's shapes, as one path where they are many; `None` when they
    /// do not lie within the tile, or are painted in a way that depends on where they are.
    fn as_paths(&self, shapes: &[Shape], tile: Rect, spare: &mut Spare) -> Option<Vec<Node>> {
        let places = self.places();
        let inside = tile.inflate(SLACK * self.size.x, SLACK * self.size.y);
        let mut out = Vec::new();
        for shape in shapes {
            let is_solid = |paint: &Paint| matches!(paint, Paint::Solid(_));
            let fill = shape.fill.as_ref().map(|fill| &fill.paint);
            let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
            if !fill.into_iter().chain(stroke).all(is_solid) {
                return None;
            }
            let mut copy = shape.clone();
            if let Some(rect) = rectangle(&shape.path).filter(|_| shape.stroke.is_none()) {
                let shown = rect.intersect(tile);
                if shown.area() <= 0.0 {
                    continue;
                }
                spare.take(6 * places.len()).then_some(())?;
                copy.path = self.bands(shown, inside, &places);
            } else {
                let mut painted = shape.outline_bounds(Affine::IDENTITY)?;
                if let Some(stroke) = &shape.stroke {
                    painted = super::nodes::stroke_outline(&shape.path, stroke)
                        .bounding_box()
                        .union(painted);
                }
                if painted.union(inside) != inside {
                    return None;
                }
                let elements = (1 + shape.path.elements().len()) * places.len();
                spare.take(elements).then_some(())?;
                if places.len() * shapes.len() <= MAX_SHAPES {
                    out.extend(places.iter().map(|place| {
                        let mut copy = shape.clone();
                        copy.apply_affine(Affine::translate(*place));
                        Node::Shape(copy)
                    }));
                    continue;
                }
                copy.path = BezPath::new();
                for place in &places {
                    copy.path.extend(Affine::translate(*place) * &shape.path);
                }
            }
            out.push(Node::Shape(copy));
        }
        Some(out)
    }

    /// Copies of a rectangle; what goes across the whole tile is one from end to end.
    fn bands(&self, shown: Rect, inside: Rect, places: &[Vec2]) -> BezPath {
        let slack = inside.width().max(inside.height()) * SLACK;
        let is_wide = shown.width() >= self.size.x - slack;
        let is_high = shown.height() >= self.size.y - slack;
        let (width, height) = (
            f64::from(self.columns) * self.size.x,
            f64::from(self.rows) * self.size.y,
        );
        let row = |row: u32| f64::from(row) * self.size.y;
        let column = |column: u32| f64::from(column) * self.size.x;
        let rects: Vec<Rect> = match (is_wide, is_high) {
            (true, true) => vec![Rect::new(0.0, 0.0, width, height)],
            (true, false) => (0..self.rows)
                .map(|at| Rect::new(0.0, shown.y0 + row(at), width, shown.y1 + row(at)))
                .collect(),
            (false, true) => (0..self.columns)
                .map(|at| Rect::new(shown.x0 + column(at), 0.0, shown.x1 + column(at), height))
                .collect(),
            (false, false) => places.iter().map(|place| shown + *place).collect(),
        };
        let mut path = BezPath::new();
        for rect in rects {
            path.extend(rect.to_path(0.1));
        }
        path
    }
}

/// Shapes in the tile's coordinates, without groups; `None` when a group does more than move.
fn flat(nodes: &[Node], transform: Affine, opacity: f32, out: &mut Vec<Shape>) -> Option<()> {
    for node in nodes {
        match node {
            Node::Group(group) => {
                let is_plain =
                    group.clip.is_none() && (group.opacity >= 1.0 || group.children.len() == 1);
                is_plain.then_some(())?;
                let inner = transform * group.transform;
                flat(&group.children, inner, opacity * group.opacity, out)?;
            }
            Node::Shape(shape) => {
                shape.can_apply(transform).then_some(())?;
                let mut shape = Shape {
                    id: String::new(),
                    label: String::new(),
                    meaning: crate::Meaning::NONE,
                    ..shape.clone()
                };
                shape.apply_affine(transform);
                shape.opacity *= opacity;
                out.push(shape);
            }
        }
    }
    Some(())
}
