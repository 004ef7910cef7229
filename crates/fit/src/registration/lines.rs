//! Open lines of which inner points moved: no similarity leads there. One that is lost is laid
//! along the line of its colour that the target has and the document has not.

use chat2svg_trace::{
    lines::Mask,
    neighbours::{connected, square},
};
use chat2svg_vector::{Document, LineCap, Paint, RenderError, Shape};
use kurbo::{BezPath, Line, ParamCurve, ParamCurveNearest, PathEl, PathSeg, Point, Shape as _};

use super::{
    Search,
    view::{color_of, squared_distance},
};
use crate::{explicable::Absent, scene::scale_of};

/// How much further than straight it may be from what lies beneath a line over a pixel's colour to
/// the line's, where that is a mixture of both.
const MIXED: f32 = 1.15;
/// Standard deviation of a line's width, as a share of its mean, at most.
const EVENNESS: f64 = 0.4;
/// Ratios between which the width of a line may be that of the stroke.
const WIDTHS: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// How far, in widths, an end may seem to have moved that has not: something may lie over it.
const SAME_END: f64 = 3.0;
/// How far in pixels a curve may be from the middle of a line.
const TOLERANCE: f64 = 0.4;
/// Most corners that are placed one by one, and points of a line among which they are chosen.
const MOST_CORNERS: usize = 32;
const CHOICES: usize = 120;

impl Search<'_> {
    /// Lays the open lines that are lost along the target's.
    pub(super) fn follow_lines(&self, document: &mut Document) -> Result<(), RenderError> {
        let absent = Absent::of(document, self.target, self.stop);
        let [width, height] = [self.areas.width, self.areas.height];
        let to_canvas = document.canvas_transform(width as u32, height as u32)?;
        let visits = document.shapes();
        let lost = visits.iter().filter(|visit| absent.has_lost(visit.index));
        let lost = lost.filter_map(|visit| {
            let to_pixels = to_canvas * visit.transform;
            Some((visit.index, to_pixels, open_line(visit.shape)?))
        });
        for (index, to_pixels, color) in lost.collect::<Vec<_>>() {
            let rest = self.fine.without(document, &(index..index + 1))?;
            let shown = rest.pixels().iter().map(color_of);
            let is_line = |(shown, wanted): ([f32; 3], &[f32; 3])| {
                let apart = |other| squared_distance(*wanted, other).sqrt();
                let contrast = squared_distance(shown, color).sqrt();
                // At the edges of a thin line is a mixture.
                apart(color) < apart(shown) && apart(color) + apart(shown) <= MIXED * contrast
            };
            let marked: Vec<bool> = shown.zip(&self.sharp).map(is_line).collect();
            let parts = connected(marked, |pixel| square([width, height], pixel, 1));
            let Some(part) = parts.into_iter().max_by_key(Vec::len) else {
                continue;
            };
            let pixels: Vec<u32> = part.into_iter().map(|pixel| pixel as u32).collect();
            let Some(line) = Mask::of(&pixels, width) else {
                continue;
            };
            let Some(line) = line
                .line(EVENNESS, self.stop)?
                .filter(|line| !line.is_closed)
            else {
                continue;
            };
            let mut found = document.clone();
            found.edit_shapes(|at, shape, _, _| {
                let Some(stroke) = shape.stroke.as_ref().filter(|_| at == index) else {
                    return;
                };
                let own = stroke.width * scale_of(to_pixels);
                if WIDTHS.contains(&(line.width / own)) {
                    let less = if stroke.cap == LineCap::Butt {
                        0.0
                    } else {
                        0.5 * own
                    };
                    let path = laid(&(to_pixels * &shape.path), &line.path(TOLERANCE, less), own);
                    shape.path = to_pixels.inverse() * path;
                }
            });
            let error = |document: &Document| -> Result<f64, RenderError> {
                Ok(self.fine.error_of(&self.fine.shown(document)?))
            };
            if error(&found)? < error(document)? {
                *document = found;
            }
        }
        Ok(())
    }
}

/// The colour of a shape that is one open line.
fn open_line(shape: &Shape) -> Option<[f32; 3]> {
    let is_of = |is_kind: fn(&PathEl) -> bool| shape.path.iter().filter(is_kind).count();
    let is_open = is_of(|element| matches!(element, PathEl::ClosePath)) == 0
        && is_of(|element| matches!(element, PathEl::MoveTo(_))) == 1;
    match &shape.stroke.as_ref()?.paint {
        Paint::Solid(color) if is_open && shape.fill.is_none() => {
            Some([color.red, color.green, color.blue])
        }
        _ => None,
    }
}

/// An outline laid along a line that runs the same way, with as many corners where it has corners
/// alone.
fn laid(outline: &BezPath, line: &BezPath, width: f64) -> BezPath {
    let ends = |path: &BezPath| {
        let first = path.segments().next().map(|segment| segment.start());
        first.zip(path.segments().last().map(|segment| segment.end()))
    };
    let (Some((start, end)), Some((first, last))) = (ends(outline), ends(line)) else {
        return outline.clone();
    };
    let forward = start.distance(first) + end.distance(last);
    let mut line = line.clone();
    if start.distance(last) + end.distance(first) < forward {
        line = line.reverse_subpaths();
    }
    let is_straight = |segment: PathSeg| matches!(segment, PathSeg::Line(_));
    let corners = outline.segments().count() + 1;
    if corners <= MOST_CORNERS && outline.segments().all(is_straight) {
        let mut points = corners_of(&line, corners).into_iter();
        let first = points.next().map(PathEl::MoveTo);
        line = first
            .into_iter()
            .chain(points.map(PathEl::LineTo))
            .collect();
    }
    let is_same = |old: Point, new: Point| old.distance(new) <= SAME_END * width;
    let count = line.elements().len();
    for (at, element) in line.elements_mut().iter_mut().enumerate() {
        match element {
            PathEl::MoveTo(point) if is_same(start, *point) => *point = start,
            PathEl::LineTo(point) | PathEl::QuadTo(_, point) | PathEl::CurveTo(_, _, point)
                if at + 1 == count && is_same(end, *point) =>
            {
                *point = end;
            }
            _ => {}
        }
    }
    line
}

/// So many points of a line, its ends among them, that the line is least far from the straight
/// lines between them.
fn corners_of(line: &BezPath, count: usize) -> Vec<Point> {
    let length = line.perimeter(TOLERANCE);
    let step = (length / (CHOICES - 1) as f64).max(1e-6);
    let mut points: Vec<Point> = line
        .segments()
        .next()
        .map(|own| own.start())
        .into_iter()
        .collect();
    for segment in line.segments() {
        let parts = (segment.perimeter(TOLERANCE) / step).ceil().max(1.0);
        points.extend((1..=parts as usize).map(|part| segment.eval(part as f64 / parts)));
    }
    let off = |from: usize, to: usize| -> f64 {
        let chord = Line::new(points[from], points[to]);
        let inner = points[from..to].iter();
        inner
            .map(|point| chord.nearest(*point, TOLERANCE).distance_sq)
            .sum()
    };
    let offs: Vec<Vec<f64>> = (0..points.len())
        .map(|to| (0..to).map(|from| off(from, to)).collect())
        .collect();
    // Of each point the least that what leads there by so many lines is off, and its corners.
    let mut best: Vec<(f64, Vec<usize>)> = offs
        .iter()
        .enumerate()
        .map(|(to, offs)| (offs.first().copied().unwrap_or(0.0), vec![0, to]))
        .collect();
    for _ in 2..count {
        let next = |to: usize| {
            let ways = (1..to).map(|by| (best[by].0 + offs[to][by], by));
            let way = ways.min_by(|a, b| a.0.total_cmp(&b.0));
            way.map_or_else(
                || best[to].clone(),
                |(off, by)| (off, best[by].1.iter().copied().chain([to]).collect()),
            )
        };
        best = (0..points.len()).map(next).collect();
    }
    let chosen = best.pop().map(|(_, chosen)| chosen).unwrap_or_default();
    chosen
        .into_iter()
        .filter_map(|at| points.get(at).copied())
        .collect()
}
