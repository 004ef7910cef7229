//! One picture made with another: filled with it ("a heart made of circles"), strewn with it
//! ("pizza with mushrooms"), or with one of its lights on ("a traffic light showing green").

use chat2svg_vector::{Color, Group, Node, Oklch, Paint};
use kurbo::{Affine, BezPath, Point, Shape as _};

use super::{Drawing, apply};

/// Pieces along the longer side of a shape that is made of them.
const PIECES: f64 = 9.0;
/// The side of a topping against the shorter side of what it lies on.
const TOPPING: f64 = 0.24;
/// Chroma from which a colour can be that of a lamp.
const VIVID: f32 = 0.09;
/// How far the hue of a lamp may be from the colour asked for, in degrees.
const SAME_HUE: f32 = 40.0;

/// The outline of everything that a drawing paints.
fn outlines(nodes: &[Node], into: &mut Vec<BezPath>) {
    for node in nodes {
        match node {
            Node::Group(group) => {
                let from = into.len();
                outlines(&group.children, into);
                for path in into.iter_mut().skip(from) {
                    path.apply_affine(group.transform);
                }
            }
            Node::Shape(shape) if shape.fill.is_some() => into.push(shape.path.clone()),
            Node::Shape(_) => {}
        }
    }
}

fn is_inside(outlines: &[BezPath], point: Point) -> bool {
    outlines.iter().any(|path| path.contains(point))
}

/// A piece so mapped that its box is centred at a point with a longer side of a given length.
fn piece(drawing: &Drawing, label: String, center: Point, side: f64) -> Node {
    let bounds = drawing.bounds;
    let unit = bounds.width().max(bounds.height()).max(1e-6);
    let map = Affine::translate(center.to_vec2())
        * Affine::scale(side / unit)
        * Affine::translate(-bounds.center().to_vec2());
    let mut group = Group::new(label);
    group.children = drawing.nodes.clone();
    for node in &mut group.children {
        apply(node, map);
    }
    Node::Group(group)
}

/// The first drawing's shape, filled with the others in turn.
pub(crate) fn filled(whole: &Drawing, pieces: &[Drawing], label: &str) -> Drawing {
    let mut paths = Vec::new();
    outlines(&whole.nodes, &mut paths);
    let bounds = whole.bounds;
    let step = bounds.width().max(bounds.height()) / PIECES;
    let (rows, columns) = (
        (bounds.height() / step).ceil() as usize,
        (bounds.width() / step).ceil() as usize + 1,
    );
    let mut nodes = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let shift = if row % 2 == 0 { 0.5 } else { 0.0 };
            let center = Point::new(
                bounds.x0 + step * (column as f64 + shift),
                bounds.y0 + step * (row as f64 + 0.5),
            );
            let Some(drawing) = pieces.get((column + row * 2) % pieces.len().max(1)) else {
                continue;
            };
            if is_inside(&paths, center) {
                let name = format!("{label} {}", nodes.len() + 1);
                nodes.push(piece(drawing, name, center, step * 0.94));
            }
        }
    }
    if nodes.is_empty() {
        return whole.clone();
    }
    Drawing {
        bounds: super::pen::bounds_of(&nodes),
        nodes,
        anchors: whole.anchors.clone(),
        credit: pieces.iter().find_map(|piece| piece.credit.clone()),
    }
}

/// Places on a thing for toppings, as shares of its box, most central first.
const SPOTS: [(f64, f64); 9] = [
    (0.5, 0.44),
    (0.32, 0.34),
    (0.68, 0.34),
    (0.5, 0.24),
    (0.38, 0.56),
    (0.62, 0.56),
    (0.5, 0.66),
    (0.24, 0.5),
    (0.76, 0.5),
];

/// The drawing with toppings that lie on it, where it is.
pub(crate) fn strewn(whole: &mut Drawing, toppings: &[Drawing], label: &str) {
    let mut paths = Vec::new();
    outlines(&whole.nodes, &mut paths);
    let bounds = whole.bounds;
    let side = bounds.width().min(bounds.height()) * TOPPING;
    let at = |(x, y): (f64, f64)| {
        Point::new(
            bounds.x0 + bounds.width() * x,
            bounds.y0 + bounds.height() * y,
        )
    };
    let spots = SPOTS
        .into_iter()
        .map(at)
        .filter(|spot| is_inside(&paths, *spot));
    let placed: Vec<Node> = spots
        .zip(toppings)
        .enumerate()
        .map(|(index, (spot, topping))| {
            piece(topping, format!("{label} {}", index + 1), spot, side)
        })
        .collect();
    whole.nodes.extend(placed);
}

/// Turns off the lights that do not have a colour; says whether one has it, else nothing changes.
pub(crate) fn show(nodes: &mut [Node], asked: Color) -> bool {
    let hue = asked.to_oklch().hue;
    let is_lit = |value: &Oklch| {
        let apart = (value.hue - hue).rem_euclid(360.0);
        apart.min(360.0 - apart) < SAME_HUE
    };
    let vivid = |color: Color| Some(color.to_oklch()).filter(|value| value.chroma > VIVID);
    let colors: Vec<Oklch> = super::recolor::color_areas(nodes)
        .into_iter()
        .filter_map(|(color, _)| vivid(color))
        .collect();
    let lit = colors.iter().filter(|value| is_lit(value)).count();
    if lit == 0 || lit == colors.len() {
        return false;
    }
    for node in nodes {
        super::recolor::map_colors(node, &|color| match vivid(color) {
            Some(value) if !is_lit(&value) => Color::from_oklch(Oklch {
                lightness: 0.34,
                chroma: value.chroma * 0.22,
                hue: value.hue,
            }),
            _ => color,
        });
        brighten(
            node,
            &|color| vivid(color).is_some_and(|value| is_lit(&value)),
            asked,
        );
    }
    true
}

/// A light that is on has its full colour.
fn brighten(node: &mut Node, is_lit: &dyn Fn(Color) -> bool, asked: Color) {
    match node {
        Node::Group(group) => {
            for child in &mut group.children {
                brighten(child, is_lit, asked);
            }
        }
        Node::Shape(shape) => {
            if let Some(fill) = &mut shape.fill
                && let Paint::Solid(color) = &mut fill.paint
                && is_lit(*color)
            {
                *color = asked;
                shape.opacity = 1.0;
            }
        }
    }
}
