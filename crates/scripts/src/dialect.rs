//! The SVG that the original's stages hand on: a list of paths, each one closed chain of cubic
//! curves with a flat fill.
//!
//! Strokes become what they paint, gradients their mean colour, opacities the fill's. Outlines of
//! several contours become one chain: from the first contour a line leads to each other and back on
//! itself, which paints nothing and keeps holes open. What only a clip path shows in part cannot be
//! said; it is left out and counted.

use std::fmt::Write as _;

use chat2svg_vector::{
    Color, Document, Fill, FillRule, GradientStop, Node, Paint, RenderError, ShapeVisit,
};
use kurbo::{Affine, BezPath, CubicBez, ParamCurve as _, PathEl, PathSeg, Point, Shape};

/// Commands closer than this, in pixels, are none: the original drops them, too.
const SHORTEST: f64 = 1e-3;
/// Opacities below this paint nothing that is seen.
const FAINTEST: f32 = 1.0 / 512.0;

/// In which form paths are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As stage 2 writes them.
    Detail,
    /// As stage 3 writes them.
    Optimize,
}

/// A drawing in the dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    /// The text.
    pub svg: String,
    /// How many paths it has.
    pub paths: usize,
    /// How many shapes are left out, because only a part of them is to be seen.
    pub left_out: usize,
    /// Whether it shows less than the document: gradients, names of groups, shapes left out.
    pub is_poorer: bool,
}

/// A path of the dialect.
struct FlatPath {
    /// Its shape's position in painting order.
    index: usize,
    id: String,
    color: Color,
    opacity: f32,
    chain: Vec<CubicBez>,
}

/// A document as the dialect's paths, with what they are in the document.
pub struct Flattened {
    /// The document with strokes as what they paint.
    document: Document,
    paths: Vec<FlatPath>,
    side: u32,
    left_out: usize,
    is_poorer: bool,
}

impl Flattened {
    /// The text on its square canvas.
    pub fn text(&self, form: Form) -> Flat {
        Flat {
            svg: match form {
                Form::Detail => detail_text(&self.paths, self.side),
                Form::Optimize => optimize_text(&self.paths, self.side),
            },
            paths: self.paths.len(),
            left_out: self.left_out,
            is_poorer: self.is_poorer,
        }
    }

    /// For each path its shape's position among the document's shapes in painting order.
    pub fn shapes(&self) -> impl Iterator<Item = usize> {
        self.paths.iter().map(|path| path.index)
    }

    /// The document that the positions are of: the one that was given, with strokes as what they
    /// paint.
    pub fn into_document(self) -> Document {
        self.document
    }
}

/// Makes a document into paths, on a square canvas of `side` pixels.
///
/// # Errors
/// When its canvas has no area.
pub fn flatten(document: &Document, side: u32) -> Result<Flattened, RenderError> {
    let mut document = document.clone();
    document.ensure_ids();
    document.outline_strokes();
    document.cut_overhang();
    let to_canvas = document.canvas_transform(side, side)?;
    let (mut paths, mut left_out, mut is_poorer) = (Vec::new(), 0, false);
    for visit in document.shapes() {
        match flat_path(&visit, to_canvas) {
            Ok(Some((path, is_plain))) => {
                is_poorer |= !is_plain;
                paths.push(path);
            }
            Ok(None) => {}
            Err(Clipped) => left_out += 1,
        }
    }
    is_poorer |= left_out > 0 || has_named_groups(&document.layers);
    Ok(Flattened {
        document,
        paths,
        side,
        left_out,
        is_poorer,
    })
}

/// Writes a document in the dialect, on a square canvas of `side` pixels.
///
/// # Errors
/// When its canvas has no area.
pub fn write(document: &Document, side: u32, form: Form) -> Result<Flat, RenderError> {
    Ok(flatten(document, side)?.text(form))
}

/// The document with flat paints and with opacities in its fills and strokes only: what the
/// original's stages read of a template. Structure and names stay.
pub fn with_flat_paints(document: &Document) -> Document {
    let mut document = document.clone();
    document.edit_shapes(|_, shape, _, opacity| {
        let own = opacity * std::mem::replace(&mut shape.opacity, 1.0);
        if let Some(fill) = &mut shape.fill {
            let (color, mean) = flat_color(&fill.paint);
            fill.paint = Paint::Solid(color);
            fill.opacity *= own * mean;
        }
        if let Some(stroke) = &mut shape.stroke {
            let (color, mean) = flat_color(&stroke.paint);
            stroke.paint = Paint::Solid(color);
            stroke.opacity *= own * mean;
        }
    });
    make_opaque(&mut document.layers);
    document
}

fn make_opaque(nodes: &mut [Node]) {
    for node in nodes {
        if let Node::Group(group) = node {
            group.opacity = 1.0;
            make_opaque(&mut group.children);
        }
    }
}

fn has_named_groups(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .any(|node| matches!(node, Node::Group(group) if !group.label.is_empty()))
}

struct Clipped;

/// A shape as a path, and whether that is all of it; `None` when nothing of it is painted.
fn flat_path(
    visit: &ShapeVisit<'_>,
    to_canvas: Affine,
) -> Result<Option<(FlatPath, bool)>, Clipped> {
    let Some(Fill {
        paint,
        opacity,
        rule,
    }) = &visit.shape.fill
    else {
        return Ok(None);
    };
    let (color, mean) = flat_color(paint);
    let opacity = opacity * visit.shape.opacity * visit.opacity * mean;
    let chain = chain(&(to_canvas * visit.transform * &visit.shape.path), *rule);
    if opacity < FAINTEST || chain.is_empty() {
        return Ok(None);
    }
    if is_cut(visit) {
        return Err(Clipped);
    }
    let path = FlatPath {
        index: visit.index,
        id: visit.shape.id.clone(),
        color,
        opacity: opacity.clamp(0.0, 1.0),
        chain,
    };
    Ok(Some((path, matches!(paint, Paint::Solid(_)))))
}

/// Whether a clip path hides a part of the shape.
fn is_cut(visit: &ShapeVisit<'_>) -> bool {
    let mut to_group = Affine::IDENTITY;
    // From the innermost group outward, with the shape in the coordinates of each.
    for group in visit.groups.iter().rev() {
        if let Some(clip) = &group.clip {
            let outline = to_group * &visit.shape.path;
            let is_inside = |point: Point| match clip.rule {
                FillRule::NonZero => clip.path.winding(point) != 0,
                FillRule::EvenOdd => clip.path.winding(point) % 2 != 0,
            };
            let bounds = clip.path.bounding_box();
            let is_rect = clip.path.segments().count() == 4
                && (clip.path.area().abs() - bounds.area()).abs() < 1e-6 * bounds.area().max(1e-9);
            let fits = |point: Point| {
                let is_on = bounds.inflate(1e-6, 1e-6).contains(point);
                is_on && (is_rect || is_inside(point))
            };
            let samples = outline
                .segments()
                .flat_map(|segment| [0.0, 0.25, 0.5, 0.75].map(|at| segment.eval(at)));
            for point in samples {
                if !fits(point) {
                    return true;
                }
            }
        }
        to_group = group.transform * to_group;
    }
    false
}

/// The mean colour and opacity of a paint.
fn flat_color(paint: &Paint) -> (Color, f32) {
    let stops = match paint {
        Paint::Solid(color) => return (*color, 1.0),
        Paint::Linear(gradient) => &gradient.stops,
        Paint::Radial(gradient) => &gradient.stops,
    };
    mean(stops)
}

fn mean(stops: &[GradientStop]) -> (Color, f32) {
    let (mut sum, mut weights, mut opacity) = ([0.0_f32; 3], 0.0_f32, 0.0_f32);
    let mut total = 0.0_f32;
    for (index, stop) in stops.iter().enumerate() {
        let before = match index {
            0 => -stop.offset,
            _ => stops.get(index - 1).map_or(0.0, |stop| stop.offset),
        };
        let after = stops
            .get(index + 1)
            .map_or(2.0 - stop.offset, |stop| stop.offset);
        // Half of the way to both neighbours; beyond the ends, all of it.
        let share = ((after - before) / 2.0).max(1e-3);
        let weight = share * stop.opacity;
        for (sum, value) in sum
            .iter_mut()
            .zip([stop.color.red, stop.color.green, stop.color.blue])
        {
            *sum += value * weight;
        }
        weights += weight;
        opacity += share * stop.opacity;
        total += share;
    }
    if weights <= 0.0 {
        return (Color::BLACK, 0.0);
    }
    let [red, green, blue] = sum.map(|value| value / weights);
    (Color::new(red, green, blue), opacity / total)
}

/// A path as one closed chain of cubic curves.
fn chain(path: &BezPath, rule: FillRule) -> Vec<CubicBez> {
    let mut contours = contours(path);
    if rule == FillRule::EvenOdd && contours.len() > 1 {
        orient(&mut contours);
    }
    let mut contours = contours.into_iter();
    let Some(mut chain) = contours.next() else {
        return Vec::new();
    };
    let start = chain.first().map_or(Point::ZERO, |cubic| cubic.p0);
    for contour in contours {
        let Some(there) = contour.first().map(|cubic| cubic.p0) else {
            continue;
        };
        chain.push(line(start, there));
        chain.extend(contour);
        chain.push(line(there, start));
    }
    chain
}

/// The closed contours of a path.
fn contours(path: &BezPath) -> Vec<Vec<CubicBez>> {
    let mut contours = Vec::new();
    let mut elements = path.elements().to_vec();
    elements.push(PathEl::MoveTo(Point::ZERO));
    let mut current = BezPath::new();
    for element in elements {
        if matches!(element, PathEl::MoveTo(_)) {
            let contour = closed(&std::mem::take(&mut current));
            if !contour.is_empty() {
                contours.push(contour);
            }
        }
        current.push(element);
    }
    contours
}

fn closed(contour: &BezPath) -> Vec<CubicBez> {
    let mut cubics: Vec<CubicBez> = Vec::new();
    for segment in contour.segments() {
        let cubic = match segment {
            PathSeg::Line(segment) => line(segment.p0, segment.p1),
            PathSeg::Quad(quad) => quad.raise(),
            PathSeg::Cubic(cubic) => cubic,
        };
        let is_finite = [cubic.p0, cubic.p1, cubic.p2, cubic.p3]
            .iter()
            .all(|point| point.is_finite());
        let reach = [cubic.p1, cubic.p2, cubic.p3]
            .iter()
            .fold(0.0, |most: f64, point| most.max(point.distance(cubic.p0)));
        if is_finite && reach >= SHORTEST {
            cubics.push(cubic);
        }
    }
    // What was dropped left gaps; each curve begins where the one before ends.
    let mut at = cubics.last().map(|cubic| cubic.p3);
    if let (Some(first), Some(end)) = (cubics.first(), at) {
        let start = first.p0;
        if end.distance(start) >= SHORTEST {
            cubics.push(line(end, start));
        }
        at = Some(start);
    }
    for cubic in &mut cubics {
        if let Some(at) = at.replace(cubic.p3) {
            cubic.p0 = at;
        }
    }
    cubics
}

/// Turns contours so that the winding number says what counting crossings did: outermost ones one
/// way, those inside an odd number of others the other way.
fn orient(contours: &mut [Vec<CubicBez>]) {
    let paths: Vec<BezPath> = contours.iter().map(|contour| path_of(contour)).collect();
    for (index, contour) in contours.iter_mut().enumerate() {
        let Some(start) = contour.first().map(|cubic| cubic.eval(0.5)) else {
            continue;
        };
        let around = paths
            .iter()
            .enumerate()
            .filter(|(other, path)| *other != index && path.winding(start) != 0)
            .count();
        let area = paths.get(index).map_or(0.0, Shape::area);
        if (area < 0.0) != (around % 2 == 1) {
            contour.reverse();
            for cubic in contour.iter_mut() {
                *cubic = CubicBez::new(cubic.p3, cubic.p2, cubic.p1, cubic.p0);
            }
        }
    }
}

fn path_of(contour: &[CubicBez]) -> BezPath {
    let mut path = BezPath::new();
    if let Some(first) = contour.first() {
        path.move_to(first.p0);
    }
    for cubic in contour {
        path.curve_to(cubic.p1, cubic.p2, cubic.p3);
    }
    path.close_path();
    path
}

/// A straight line as the original has it, with controls at its thirds.
fn line(from: Point, to: Point) -> CubicBez {
    CubicBez::new(from, from.lerp(to, 1.0 / 3.0), from.lerp(to, 2.0 / 3.0), to)
}

fn data(chain: &[CubicBez], decimals: usize) -> String {
    let mut text = String::new();
    let point = |text: &mut String, point: Point| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{:.decimals$} {:.decimals$}", point.x, point.y);
    };
    if let Some(first) = chain.first() {
        text.push('M');
        point(&mut text, first.p0);
    }
    for cubic in chain {
        text.push_str(" C");
        point(&mut text, cubic.p1);
        text.push(' ');
        point(&mut text, cubic.p2);
        text.push(' ');
        point(&mut text, cubic.p3);
    }
    text
}

fn detail_text(paths: &[FlatPath], side: u32) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" height=\"{side}.0px\" width=\"{side}.0px\">\n"
    );
    for path in paths {
        let [red, green, blue] = path.color.to_rgb8();
        let _ = writeln!(
            text,
            "<path id=\"{}\" fill=\"#{red:02x}{green:02x}{blue:02x}\" fill-opacity=\"{:?}\" stroke=\"#000000\" stroke-width=\"0.0\" stroke-opacity=\"1.0\" stroke-linecap=\"round\" stroke-linejoin=\"round\" filling=\"0\" d=\"{}\"></path>",
            escaped(&path.id),
            rounded(path.opacity),
            data(&path.chain, 6),
        );
    }
    text.push_str("</svg>\n");
    text
}

fn optimize_text(paths: &[FlatPath], side: u32) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" ?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{side}\" height=\"{side}\" viewBox=\"0 0 {side} {side}\">\n  <defs/>\n  <g>\n"
    );
    for path in paths {
        let [red, green, blue] = path.color.to_rgb8();
        let _ = writeln!(
            text,
            "    <path id=\"{}\" d=\"{}\" stroke-width=\"0\" fill=\"rgb({red}, {green}, {blue})\" opacity=\"{:?}\" stroke=\"rgb(0, 0, 0)\" stroke-opacity=\"1.0\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>",
            escaped(&path.id),
            data(&path.chain, 8)
                .replace(" C", " C ")
                .replacen('M', "M ", 1),
            rounded(path.opacity),
        );
    }
    text.push_str("  </g>\n</svg>\n");
    text
}

/// An opacity as it is written.
fn rounded(opacity: f32) -> f64 {
    (f64::from(opacity) * 1e4).round() / 1e4
}

fn escaped(id: &str) -> String {
    id.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
