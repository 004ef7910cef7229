//! Projects a silhouette onto the ground as a shadow or mirror image: shears it, clips it to the
//! ground that receives it, and smooths it to one form. `cast_shadow` colours it.

use chat2svg_stop::{Stop, Stopped};
use chat2svg_trace::outlines;
use kurbo::{Affine, BezPath, Point, Rect, Shape as _, Vec2};

use crate::{field::Field, silhouette::Piece};

/// Cells along the longer side of the canvas. No finer than a silhouette's pixels, or gaps would
/// show between them.
const RESOLUTION: f64 = 256.0;
/// Room around what is laid, and beyond the canvas's border, in cells.
const ROOM: f64 = 8.0;
/// Radius of the smoothing in thicknesses of what is laid.
const SOFTNESS: f64 = 0.32;
/// Least and most cells of that radius.
const RADII: (f64, f64) = (1.0, 8.0);
/// Coverage, after smoothing, at which a form ends: low, so that stems stay.
const EDGE: f32 = 0.33;
/// Cells by which a form may be off.
const TOLERANCE: f64 = 0.5;
/// Least share of what is laid that must fall on its ground: less looks worse than nothing.
const LEAST_SHARE: f32 = 0.6;
/// Least share of the largest connected part that another must have.
const LEAST_PART: f64 = 0.1;
/// Share of the height within which all that reaches down stands on the ground: an animal's far
/// legs.
const FOOT: f64 = 0.14;
/// Share of the height up to which gaps between its sides are closed: light through legs is only
/// seen as noise.
const LEGS: f64 = 0.45;

/// A silhouette projected onto the ground.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Projection {
    /// Its outline, in the document's coordinates.
    pub(crate) path: BezPath,
    /// How far it goes of the length that it would have on endless ground, `0.0..=1.0`.
    pub(crate) reach: f64,
}

/// Projects a piece onto the ground from its base on, `along` for each unit of height.
/// `is_receiver` says which points of the document receive it. `None` where too little of it would
/// be visible.
pub(crate) fn project(
    piece: &Piece,
    along: Vec2,
    view: Rect,
    is_receiver: impl Fn(Point) -> bool,
    stop: &Stop,
) -> Result<Option<Projection>, Stopped> {
    let base = piece.bounds.y1;
    let cell = view.width().max(view.height()).max(1e-9) / RESOLUTION;
    let project_point = |point: Point| {
        let height = base - point.y;
        Point::new(point.x + along.x * height, base + along.y * height)
    };
    let bounds = piece.bounds;
    let corners = [(bounds.x0, bounds.y0), (bounds.x1, bounds.y0)];
    let feet = [(bounds.x0, base), (bounds.x1, base)];
    let window = corners
        .into_iter()
        .chain(feet)
        .map(|(x, y)| project_point(Point::new(x, y)))
        .fold(
            Rect::from_origin_size(project_point(bounds.center()), (0.0, 0.0)),
            |all, corner| all.union_pt(corner),
        )
        .intersect(view)
        .inset(ROOM * cell);
    let size = |length: f64| (length / cell).ceil().clamp(1.0, 2.0 * RESOLUTION) as usize;
    let mut form = Field::zeros(size(window.width()), size(window.height()));
    let to_cells = Affine::scale(1.0 / cell) * Affine::translate(-window.origin().to_vec2());
    let standing = piece.standing(FOOT, LEGS);
    let weight = (standing.area / (cell * cell) * along.y.abs()) as f32;
    for (index, (point, covered)) in standing.points().enumerate() {
        if index % (1 << 13) == 0 {
            stop.check()?;
        }
        form.add(to_cells * project_point(point), covered * weight);
    }
    let to_document = to_cells.inverse();
    let centers = (0..form.values.len()).map(|cell| {
        let (x, y) = ((cell % form.width) as f64, (cell / form.width) as f64);
        to_document * Point::new(x + 0.5, y + 0.5)
    });
    let centers: Vec<Point> = centers.collect();
    let allowed: Vec<bool> = centers.iter().map(|center| is_receiver(*center)).collect();
    stop.check()?;
    // Beyond the canvas nobody knows what there is.
    let (mut all, mut kept) = (0.0f32, 0.0f32);
    for (cell, value) in form.values.iter_mut().enumerate() {
        *value = value.min(1.0);
        if view.contains(centers[cell]) {
            all += *value;
            kept += if allowed[cell] { *value } else { 0.0 };
        }
    }
    if all <= 0.0 || kept < LEAST_SHARE * all {
        return Ok(None);
    }
    let length = (along * bounds.height()).hypot() / cell;
    let thickness = f64::from(all) / length.max(bounds.width() / cell).max(1.0);
    let radius = (SOFTNESS * thickness).clamp(RADII.0, RADII.1).round() as usize;
    form.blur(radius, stop)?;
    for (value, allowed) in form.values.iter_mut().zip(&allowed) {
        *value = if *allowed { *value * 0.5 / EDGE } else { 0.0 };
    }
    let near = (2.0 * radius as f64 + 2.0) * cell;
    let feet = Rect::new(piece.feet.0, base, piece.feet.1, base).inset(near);
    let mut path = BezPath::new();
    let mut least = 0.0f64;
    for (mut outline, area) in outlines(&form.values, form.width, TOLERANCE) {
        // The largest comes first; next to it crumbs would only be seen as dirt.
        least = least.max(LEAST_PART * area);
        if area < least {
            break;
        }
        outline.apply_affine(to_document);
        // What lies apart, beyond a river, belongs to nobody's feet.
        if outline.bounding_box().overlaps(feet) {
            path.extend(outline);
        }
    }
    let end = path.bounding_box();
    if path.elements().is_empty() || end.intersect(view).area() <= 0.0 {
        return Ok(None);
    }
    let throw = along * bounds.height();
    let depth = if along.y > 0.0 {
        end.y1 - base
    } else {
        base - end.y0
    };
    let is_whole = end.union(view) != view;
    let reach = if is_whole {
        1.0
    } else {
        (depth / throw.y.abs().max(1e-9)).clamp(0.0, 1.0)
    };
    Ok(Some(Projection { path, reach }))
}
