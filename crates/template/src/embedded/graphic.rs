//! Pictures that are not scenes: a motif repeated over the canvas, and a logo with its letters.
//! Which of a prompt's things are the motif is decided by the language part.

use chat2svg_vector::{ClipPath, Color, FillRule, Group, Meaning, Node, Role};
use kurbo::{Affine, Point, Rect, Size};

use super::art::pen::{Pen, regular, rounded_polygon, rounded_rect};
use super::art::tone::{Tones, hex};
use super::art::{Drawing, apply, recolor};
use super::dice::Dice;
use super::generators::letters;
use super::layout::Item;
use super::scene::Background;

/// What is behind the motif.
const BACKGROUND: Meaning = Meaning::of_role(Role::Background);

/// Motifs along the shorter side of a pattern.
const REPEATS: f64 = 4.0;

/// A drawing so mapped that its box is centred at a point with a longer side of a given length.
fn placed(drawing: &Drawing, center: Point, side: f64) -> Vec<Node> {
    let bounds = drawing.bounds;
    let unit = bounds.width().max(bounds.height()).max(1e-6);
    let map = Affine::translate(center.to_vec2())
        * Affine::scale(side / unit)
        * Affine::translate(-bounds.center().to_vec2());
    let mut nodes = drawing.nodes.clone();
    for node in &mut nodes {
        apply(node, map);
    }
    nodes
}

fn dominant(items: &[Item]) -> Option<Color> {
    let drawing = items.first()?.drawings.first()?;
    recolor::dominant(&drawing.nodes)
}

fn even(asked: Option<Background>) -> Option<Color> {
    match asked {
        Some(Background::Even([red, green, blue])) => Some(Color::from_rgb8(red, green, blue)),
        Some(Background::Transparent) | None => None,
    }
}

/// A ground that the motif stands out from.
fn paper(items: &[Item], asked: Option<Background>, dice: &mut Dice<'_>) -> Color {
    even(asked).unwrap_or_else(|| {
        let is_pale = dominant(items).is_some_and(|color| color.to_oklab().lightness > 0.86);
        hex(if is_pale {
            dice.pick(0x2F4A6D, &[0x1F6F68, 0x5B4A8A])
        } else {
            dice.pick(0xFBF1DF, &[0xE6F1F7, 0xF9E6E4, 0xEAF3E2])
        })
    })
}

/// The items' drawings in turn, in rows shifted by half a step, over the whole canvas.
pub(crate) fn pattern(
    items: &[Item],
    size: Size,
    asked: Option<Background>,
    dice: &mut Dice<'_>,
) -> Vec<Node> {
    let mut pen = Pen::new();
    let canvas = (0.0, 0.0, size.width, size.height);
    let ground = paper(items, asked, dice);
    if asked != Some(Background::Transparent) {
        pen.rect("background", canvas, 0.0, ground);
        pen.means(BACKGROUND);
    }
    let mut layers = pen.finish();
    let drawings: Vec<&Drawing> = items.iter().flat_map(|item| &item.drawings).collect();
    let step = size.width.min(size.height) / REPEATS;
    let rows = (size.height / step).ceil() as usize + 1;
    let columns = (size.width / step).ceil() as usize + 1;
    let mut tiles = Group::new("pattern");
    tiles.clip = Some(ClipPath {
        path: rounded_rect(canvas, 0.0),
        rule: FillRule::NonZero,
    });
    for row in 0..rows {
        for column in 0..columns {
            // A step of two from row to row keeps equal motifs from standing in columns.
            let turn = (column + row * 2) % drawings.len().max(1);
            let Some(drawing) = drawings.get(turn) else {
                continue;
            };
            let shift = if row % 2 == 0 { 0.5 } else { 0.0 };
            let center = Point::new((column as f64 + shift) * step, (row as f64 + 0.5) * step);
            let mut one = Group::new(format!("motif {}", row * columns + column + 1));
            one.children = placed(drawing, center, step * 0.66);
            tiles.children.push(Node::Group(one));
        }
    }
    layers.push(Node::Group(tiles));
    layers
}

/// The items side by side on a plate, and the letters, if any, below it.
pub(crate) fn logo(
    items: &[Item],
    text: Option<&str>,
    size: Size,
    asked: Option<Background>,
    dice: &mut Dice<'_>,
) -> Vec<Node> {
    let side = size.width.min(size.height);
    let ground = even(asked).unwrap_or_else(|| hex(dice.pick(0xFFFAF1, &[0xF6F8FB, 0xFDF6F3])));
    let lightness = dominant(items).map_or(0.5, |color| color.to_oklab().lightness);
    let main = Tones::of(hex(if lightness > 0.6 {
        dice.pick(0x22405F, &[0x1C5F5A, 0x6A2B3A])
    } else {
        dice.pick(0xFFD98A, &[0xA9DCD3, 0xF9C3B0])
    }));
    let ink = if ground.to_oklab().lightness > 0.5 {
        hex(0x26323F)
    } else {
        Color::WHITE
    };
    let (middle, radius) = match text {
        Some(_) => (
            Point::new(size.width / 2.0, size.height / 2.0 - side * 0.1),
            side * 0.3,
        ),
        None => (Point::new(size.width / 2.0, size.height / 2.0), side * 0.38),
    };
    let center = (middle.x, middle.y);
    let mut pen = Pen::new();
    if asked != Some(Background::Transparent) {
        let canvas = (0.0, 0.0, size.width, size.height);
        pen.rect("background", canvas, 0.0, ground);
        pen.means(BACKGROUND);
    }
    let is_round = dice.chance(0.6);
    pen.group("plate", |pen| {
        if is_round {
            pen.circle("rim", center, radius, main.dark);
            pen.circle("disc", center, radius * 0.93, main.base);
        } else {
            let hexagon = |radius: f64| rounded_polygon(&regular(6, center, radius), radius * 0.2);
            pen.fill("rim", hexagon(radius * 1.08), main.dark);
            pen.fill("hexagon", hexagon(radius), main.base);
        }
    });
    let mut layers = pen.finish();
    let shown = items.len().max(1) as f64;
    // The square in the plate, shared by those side by side.
    let room = radius * if shown > 1.0 { 1.5 } else { 1.26 };
    for (index, item) in items.iter().enumerate() {
        let Some(drawing) = item.drawings.first() else {
            continue;
        };
        let x = middle.x + room * ((index as f64 + 0.5) / shown - 0.5);
        let mut group = Group::new(item.label.clone());
        group.meaning = item.meaning;
        group.children = placed(drawing, Point::new(x, middle.y), room / shown.max(1.0));
        layers.push(Node::Group(group));
    }
    if let Some(text) = text {
        let mut pen = Pen::new();
        let top = middle.y + radius + side * 0.07;
        pen.group("letters", |pen| {
            let width = side * 0.82;
            let left = (size.width - width) / 2.0;
            letters(
                pen,
                text,
                Rect::new(left, top, left + width, top + side * 0.13),
                ink,
            );
        });
        layers.extend(pen.finish());
    }
    layers
}
