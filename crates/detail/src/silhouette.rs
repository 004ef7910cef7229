//! What a thing looks like from afar: the connected pieces of its silhouette, also where others
//! hide it.

use chat2svg_stop::{Stop, Stopped};
use chat2svg_trace::outlines;
use chat2svg_vector::{Document, Group, Metadata, Node, RenderError, Role};
use kurbo::{Affine, BezPath, Point, Rect};

use crate::{field::Field, scene::Scene};

/// Pixels along the longer side of the canvas, if a silhouette were to fill it.
const RESOLUTION: f64 = 288.0;
/// Pixels along the longer side of a silhouette: small things are looked at more closely.
const LEAST_SIDE: f64 = 112.0;
/// Coverage from which a pixel belongs to the silhouette.
const SOLID: f32 = 0.4;
/// Pixels between parts that still make one piece: a sail and its hull.
const GAP: isize = 3;
/// Least share of the pixels of a thing's silhouette that a piece of it must have.
const LEAST_SHARE: usize = 24;

/// A connected piece of a thing's silhouette: one of several trees, the whole of a fox.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Which thing.
    pub(crate) object: usize,
    /// Share of each pixel that is covered, row by row.
    coverage: Field,
    /// Maps the pixels to the document's coordinates.
    to_document: Affine,
    /// Bounding box in the document's coordinates.
    pub(crate) bounds: Rect,
    /// Leftmost and rightmost point of its lowest part, in the document's coordinates.
    pub(crate) feet: (f64, f64),
    /// Lowest points across the feet, in the document's coordinates, from left to right.
    pub(crate) soles: Vec<Point>,
}

impl Piece {
    /// Its outline in the document's coordinates, without small parts and holes, traced within a
    /// tolerance in pixels of its grid. Empty when nothing is large enough.
    pub(crate) fn outline(&self, tolerance: f64) -> BezPath {
        let mut path = BezPath::new();
        let mut largest = 0.0f64;
        for (outline, area) in outlines(&self.coverage.values, self.coverage.width, tolerance) {
            largest = largest.max(area);
            if area > 0.06 * largest {
                path.extend(outline);
            }
        }
        path.apply_affine(self.to_document);
        path
    }

    /// Its pixels as a solid that stands on the ground: what ends less than the share `foot` of its
    /// height above its base is drawn down to the base, and up to the share `legs` there are no
    /// gaps between its sides.
    pub(crate) fn standing(&self, foot: f64, legs: f64) -> Standing {
        let to_pixels = self.to_document.inverse();
        let row = |share: f64| {
            let y = self.bounds.y1 - share * self.bounds.height();
            let pixel = to_pixels * Point::new(self.bounds.x0, y);
            pixel.y.round().clamp(0.0, self.coverage.height as f64) as usize
        };
        let (base, ankle, hip) = (row(0.0), row(foot), row(legs));
        let mut coverage = self.coverage.clone();
        let width = coverage.width;
        for x in 0..width {
            let mut column = (ankle..base).rev();
            let lowest = column.find(|y| coverage.values[y * width + x] >= SOLID);
            for y in lowest.map_or(base, |lowest| lowest + 1)..base {
                coverage.values[y * width + x] = 1.0;
            }
        }
        for row in coverage.values.chunks_mut(width).take(base).skip(hip) {
            let is_solid = |covered: &f32| *covered >= SOLID;
            let ends = (
                row.iter().position(is_solid),
                row.iter().rposition(is_solid),
            );
            if let (Some(first), Some(last)) = ends {
                row[first..=last].fill(1.0);
            }
        }
        Standing {
            coverage,
            to_document: self.to_document,
            area: self.to_document.determinant().abs(),
        }
    }
}

/// A piece that stands on the ground with all its feet.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    coverage: Field,
    to_document: Affine,
    /// Area of a pixel in the document's coordinates.
    pub(crate) area: f64,
}

impl Standing {
    /// The middle of each covered pixel, in the document's coordinates, and how much of it is
    /// covered.
    pub(crate) fn points(&self) -> impl Iterator<Item = (Point, f32)> {
        let width = self.coverage.width;
        let pixels = self.coverage.values.iter().enumerate();
        pixels
            .filter(|(_, covered)| **covered > 0.0)
            .map(move |(pixel, covered)| {
                let (x, y) = ((pixel % width) as f64, (pixel / width) as f64);
                (self.to_document * Point::new(x + 0.5, y + 0.5), *covered)
            })
    }
}

/// Where a silhouette ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// At the edge of the thing itself.
    Thing,
    /// At the edge of the paper that a sticker leaves around it.
    Paper,
}

/// The pieces of a thing's silhouette, small ones left out; none where it cannot be drawn.
pub(crate) fn pieces(
    document: &Document,
    scene: &Scene,
    object: usize,
    edge: Edge,
    stop: &Stop,
) -> Result<Vec<Piece>, Stopped> {
    let Some(alone) = alone(document, scene, object, edge) else {
        return Ok(Vec::new());
    };
    let longest = document
        .view_box
        .width()
        .max(document.view_box.height())
        .max(1e-9);
    let side = alone.width.max(alone.height);
    let scale = RESOLUTION / longest * (LEAST_SIDE / (side * RESOLUTION / longest)).max(1.0);
    let pixels = |length: f64| (length * scale).ceil().clamp(4.0, 512.0) as u32;
    let (width, height) = (pixels(alone.width), pixels(alone.height));
    let picture = match alone.render_until(width, height, None, stop) {
        Ok(picture) => picture,
        Err(RenderError::Stopped) => return Err(Stopped),
        Err(_) => return Ok(Vec::new()),
    };
    let Ok(to_canvas) = alone.canvas_transform(width, height) else {
        return Ok(Vec::new());
    };
    let coverage = Field {
        width: width as usize,
        height: height as usize,
        values: picture
            .pixels()
            .iter()
            .map(|pixel| f32::from(pixel[3]) / 255.0)
            .collect(),
    };
    let to_document = to_canvas.inverse();
    Ok(components(&coverage)
        .into_iter()
        .map(|pixels| piece(object, &coverage, &pixels, to_document))
        .collect())
}

/// A document with nothing but one thing, as large as the thing, in the whole document's
/// coordinates.
fn alone(document: &Document, scene: &Scene, object: usize, edge: Edge) -> Option<Document> {
    let bounds = scene
        .items
        .iter()
        .filter(|item| item.object == object && item.role == Role::Thing)
        .map(|item| item.bounds)
        .reduce(|all, bounds| all.union(bounds))?
        .intersect(document.view_box);
    if bounds.width() <= 0.0 || bounds.height() <= 0.0 {
        return None;
    }
    let (&last, parents) = scene.roots.get(object)?.split_last()?;
    let mut nodes = &document.layers;
    let mut transform = Affine::IDENTITY;
    for &index in parents {
        match nodes.get(index)? {
            Node::Group(group) => {
                transform *= group.transform;
                nodes = &group.children;
            }
            Node::Shape(_) => return None,
        }
    }
    let mut node = nodes.get(last)?.clone();
    leave_out_shadows(&mut node, edge);
    let whole = Group {
        transform,
        children: vec![node],
        ..Group::new("")
    };
    // A little room on all sides, so that the silhouette closes, or that there is room for the
    // paper.
    let paper = match edge {
        Edge::Thing => 0.0,
        Edge::Paper => document.view_box.width().max(document.view_box.height()) * 0.03,
    };
    let room = bounds.width().max(bounds.height()) * 0.02 + paper;
    let view_box = bounds.inset(room);
    Some(Document {
        width: view_box.width(),
        height: view_box.height(),
        view_box,
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: vec![Node::Group(whole)],
    })
}

fn leave_out_shadows(node: &mut Node, edge: Edge) {
    let Node::Group(group) = node else { return };
    group.children.retain(|child| {
        let role = child.meaning().role;
        let is_left_out = edge == Edge::Thing && role == Some(Role::Border);
        !role.is_some_and(Role::is_shadow) && !is_left_out
    });
    for child in &mut group.children {
        leave_out_shadows(child, edge);
    }
}

/// Pixels of each connected piece, pieces in reading order.
fn components(coverage: &Field) -> Vec<Vec<usize>> {
    let (width, height) = (coverage.width as isize, coverage.height as isize);
    let solid = |pixel: usize| coverage.values[pixel] >= SOLID;
    let count = (0..coverage.values.len())
        .filter(|&pixel| solid(pixel))
        .count();
    let mut reached = vec![false; coverage.values.len()];
    let mut found = Vec::new();
    for seed in 0..coverage.values.len() {
        if reached[seed] || !solid(seed) {
            continue;
        }
        reached[seed] = true;
        let mut pixels = vec![seed];
        let mut next = 0;
        while let Some(&pixel) = pixels.get(next) {
            next += 1;
            let (x, y) = (pixel as isize % width, pixel as isize / width);
            for (dx, dy) in (-GAP..=GAP).flat_map(|dy| (-GAP..=GAP).map(move |dx| (dx, dy))) {
                let (x, y) = (x + dx, y + dy);
                if x < 0 || y < 0 || x >= width || y >= height {
                    continue;
                }
                let beside = (y * width + x) as usize;
                if !reached[beside] && solid(beside) {
                    reached[beside] = true;
                    pixels.push(beside);
                }
            }
        }
        if pixels.len() * LEAST_SHARE > count {
            found.push(pixels);
        }
    }
    found
}

fn piece(object: usize, coverage: &Field, pixels: &[usize], to_document: Affine) -> Piece {
    let width = coverage.width;
    let mut own = Field::zeros(width, coverage.height);
    for &pixel in pixels {
        own.values[pixel] = coverage.values[pixel];
    }
    let (mut x0, mut y0, mut x1, mut y1) = (usize::MAX, usize::MAX, 0, 0);
    for pixel in pixels {
        let (x, y) = (pixel % width, pixel / width);
        (x0, y0) = (x0.min(x), y0.min(y));
        (x1, y1) = (x1.max(x + 1), y1.max(y + 1));
    }
    let foot = y1 - 1 - (y1 - y0) / 14;
    let mut columns = std::collections::BTreeMap::<usize, usize>::new();
    for pixel in pixels {
        let (x, y) = (pixel % width, pixel / width);
        if y >= foot {
            let lowest = columns.entry(x).or_insert(y + 1);
            *lowest = (*lowest).max(y + 1);
        }
    }
    let map = |x: f64, y: f64| to_document * Point::new(x, y);
    let soles: Vec<Point> = columns
        .iter()
        .map(|(&x, &y)| map(x as f64 + 0.5, y as f64))
        .collect();
    let corner = |x: usize, y: usize| map(x as f64, y as f64);
    Piece {
        object,
        coverage: own,
        to_document,
        bounds: Rect::from_points(corner(x0, y0), corner(x1, y1)),
        feet: (
            soles.first().map_or(0.0, |point| point.x),
            soles.last().map_or(0.0, |point| point.x),
        ),
        soles,
    }
}
