//! Raster pictures inside a document. A document holds shapes only, so a picture of few pixels and
//! colours becomes rectangles, and any other one rectangle in its mean colour.

use std::collections::BTreeMap;

use kurbo::{BezPath, Rect, Shape as _};

use crate::{Color, DecodeLimits, Node, Paint, Raster, Shape};

use super::spare::Spare;

/// Longest side of a picture whose pixels become shapes.
const MAX_SIDE: u32 = 64;
/// Most colours of such a picture.
const MAX_COLORS: usize = 32;

/// What became of a picture.
pub(super) enum Drawn {
    /// The same picture, at any size.
    Exactly(Vec<Node>),
    /// Its pixels, where a browser might smooth them.
    Pixels(Vec<Node>),
    /// One colour.
    Mean(Vec<Node>),
    /// It cannot be decoded.
    Not,
}

/// Draws a picture of `width` times `height` units from the origin.
pub(super) fn draw(data: &[u8], width: f64, height: f64, spare: &mut Spare) -> Drawn {
    let limits = DecodeLimits {
        bytes: data.len(),
        side: 8_192,
        pixels: 4 << 20,
    };
    let Ok(head) = Raster::inspect(data, &limits) else {
        return Drawn::Not;
    };
    if !spare.take_pixels(usize::try_from(head.pixels()).unwrap_or(usize::MAX)) {
        return Drawn::Not;
    }
    let Ok(raster) = Raster::decode(data, &limits) else {
        return Drawn::Not;
    };
    let whole = Rect::new(0.0, 0.0, width, height);
    let mut colors: BTreeMap<[u8; 4], usize> = BTreeMap::new();
    for pixel in raster.pixels() {
        let pixel = if pixel[3] == 0 { [0; 4] } else { *pixel };
        if colors.len() <= MAX_COLORS || colors.contains_key(&pixel) {
            *colors.entry(pixel).or_default() += 1;
        }
    }
    if colors.len() == 1 {
        let pixel = colors.keys().next().copied().unwrap_or_default();
        return Drawn::Exactly(filled(whole.to_path(0.1), pixel).into_iter().collect());
    }
    let is_small = raster.width().max(raster.height()) <= MAX_SIDE;
    if is_small && colors.len() <= MAX_COLORS {
        let nodes = pixels(&raster, &colors, width, height);
        let elements = super::nodes::weight(&nodes);
        if spare.take(elements) {
            return Drawn::Pixels(nodes);
        }
    }
    let mean = mean(&raster);
    Drawn::Mean(filled(whole.to_path(0.1), mean).into_iter().collect())
}

fn filled(path: BezPath, [red, green, blue, alpha]: [u8; 4]) -> Option<Node> {
    if alpha == 0 {
        return None;
    }
    let mut shape = Shape::filled("", path, Paint::Solid(Color::from_rgb8(red, green, blue)));
    if let Some(fill) = &mut shape.fill {
        fill.opacity = f32::from(alpha) / 255.0;
    }
    Some(Node::Shape(shape))
}

/// One path of rectangles for each colour; the commonest lies below all others when all are opaque,
/// so that no gap shows.
fn pixels(
    raster: &Raster,
    colors: &BTreeMap<[u8; 4], usize>,
    width: f64,
    height: f64,
) -> Vec<Node> {
    let is_opaque = raster.is_opaque();
    let commonest = colors
        .iter()
        .max_by_key(|(_, count)| **count)
        .map(|(color, _)| *color);
    let ground = commonest.filter(|_| is_opaque);
    let mut out = Vec::new();
    if let Some(color) = ground {
        out.extend(filled(
            Rect::new(0.0, 0.0, width, height).to_path(0.1),
            color,
        ));
    }
    let (across, down) = (
        width / f64::from(raster.width()),
        height / f64::from(raster.height()),
    );
    for color in colors
        .keys()
        .filter(|color| color[3] > 0 && Some(**color) != ground)
    {
        let mut path = BezPath::new();
        for [x0, y0, x1, y1] in runs(raster, *color) {
            let rect = Rect::new(
                f64::from(x0) * across,
                f64::from(y0) * down,
                f64::from(x1) * across,
                f64::from(y1) * down,
            );
            path.extend(rect.to_path(0.1));
        }
        out.extend(filled(path, *color));
    }
    out
}

/// Rectangles that cover all pixels of a colour: runs, joined with equal ones below.
fn runs(raster: &Raster, color: [u8; 4]) -> Vec<[u32; 4]> {
    let mut done: Vec<[u32; 4]> = Vec::new();
    let mut open: Vec<[u32; 4]> = Vec::new();
    for y in 0..raster.height() {
        let mut next = Vec::new();
        let mut x = 0;
        let is_it = |x: u32| raster.pixel(x, y) == Some(color);
        while x < raster.width() {
            if !is_it(x) {
                x += 1;
                continue;
            }
            let start = x;
            while x < raster.width() && is_it(x) {
                x += 1;
            }
            let above = open
                .iter()
                .position(|[x0, _, x1, _]| (*x0, *x1) == (start, x));
            next.push(match above {
                Some(index) => {
                    let [x0, y0, x1, _] = open.swap_remove(index);
                    [x0, y0, x1, y + 1]
                }
                None => [start, y, x, y + 1],
            });
        }
        done.append(&mut open);
        open = next;
    }
    done.append(&mut open);
    done
}

/// The mean colour, weighted by opacity, with the mean opacity.
fn mean(raster: &Raster) -> [u8; 4] {
    let mut sums = [0.0f64; 4];
    for [red, green, blue, alpha] in raster.pixels() {
        let alpha = f64::from(*alpha);
        for (sum, component) in sums.iter_mut().zip([red, green, blue]) {
            *sum += f64::from(*component) * alpha;
        }
        sums[3] += alpha;
    }
    let [red, green, blue, alpha] = sums;
    if alpha <= 0.0 {
        return [0; 4];
    }
    let opacity = alpha / raster.pixels().len() as f64;
    [red / alpha, green / alpha, blue / alpha, opacity].map(|value| value.round() as u8)
}
