//! Styles as transformations of a finished flat document.

use chat2svg_protocol::Style;
use chat2svg_vector::{
    Color, Document, Fill, Group, LineCap, LineJoin, Meaning, Node, Oklch, Paint, Role, Shape,
    Stroke,
};

use super::art::recolor::map_colors;
use super::art::tone::hex;

/// Gives the document the look of a style.
///
/// `cut_out` says of each layer whether it is a thing, which stickers give a rim; the others are
/// surroundings.
pub(crate) fn apply(document: &mut Document, style: Style, cut_out: &[bool]) {
    match style {
        Style::Flat | Style::Night => {}
        Style::Pastel => recolor_all(document, &pastel),
        Style::LineArt => line_art(document),
        Style::Monochrome => recolor_all(document, &monochrome),
        Style::Duotone => recolor_all(document, &duotone),
        Style::Sticker => sticker(document, cut_out),
    }
}

fn recolor_all(document: &mut Document, map: &dyn Fn(Color) -> Color) {
    for layer in &mut document.layers {
        map_colors(layer, map);
    }
}

fn pastel(color: Color) -> Color {
    let value = color.to_oklch();
    Color::from_oklch(Oklch {
        lightness: 0.6 + 0.38 * value.lightness,
        chroma: (value.chroma * 0.55).min(0.1),
        hue: value.hue,
    })
}

/// Tints of one blue: only lightness tells things apart, so it is spread.
fn monochrome(color: Color) -> Color {
    let value = color.to_oklch();
    let lightness = 0.2 + 0.78 * value.lightness;
    Color::from_oklch(Oklch {
        lightness,
        chroma: 0.09 * (1.0 - (lightness - 0.55).abs() * 1.4).max(0.12),
        hue: 255.0,
    })
}

/// From a deep violet over coral to cream, by lightness.
fn duotone(color: Color) -> Color {
    let stops = [
        (0.0, hex(0x241445)),
        (0.42, hex(0x6A2C82)),
        (0.7, hex(0xF0706A)),
        (0.88, hex(0xFBC49A)),
        (1.0, hex(0xFFF3DC)),
    ];
    let lightness = color.to_oklab().lightness;
    stops
        .windows(2)
        .find(|pair| lightness <= pair[1].0)
        .map_or(stops[4].1, |pair| {
            pair[0]
                .1
                .mix(pair[1].1, (lightness - pair[0].0) / (pair[1].0 - pair[0].0))
        })
}

/// The ink of outlines.
const INK: u32 = 0x22303C;
/// Parts of the surroundings that are light or shade on others, not things: they have no outline.
const UNLINED: &[&str] = &["light ray", "wallpaper stripe"];

/// Dark outlines around everything, on paper: fills become white, so that what is in front still
/// hides what is behind.
fn line_art(document: &mut Document) {
    let canvas = document.view_box;
    let width = canvas.width().min(canvas.height()) * 0.0052;
    draw_lines(&mut document.layers, width, canvas);
}

fn draw_lines(nodes: &mut Vec<Node>, width: f64, canvas: kurbo::Rect) {
    nodes.retain(|node| {
        let role = node.meaning().role;
        let is_light = role.is_some_and(|role| role.is_shadow() || role == Role::Glow);
        !is_light && !UNLINED.contains(&node.label())
    });
    for node in std::mem::take(nodes) {
        match node {
            Node::Group(mut group) => {
                draw_lines(&mut group.children, width, canvas);
                nodes.push(Node::Group(group));
            }
            Node::Shape(mut shape) => {
                let core = outline(&mut shape, width, canvas);
                nodes.push(Node::Shape(shape));
                nodes.extend(core.map(Node::Shape));
            }
        }
    }
}

/// Outlines a shape; a bold line becomes an outlined band, whose paper core is returned.
fn outline(shape: &mut Shape, width: f64, canvas: kurbo::Rect) -> Option<Shape> {
    let (ink, paper) = (hex(INK), Color::WHITE);
    let Some(fill) = &mut shape.fill else {
        let stroke = shape.stroke.as_mut()?;
        stroke.paint = Paint::Solid(ink);
        if stroke.width <= width * 3.0 {
            stroke.width = stroke.width.min(width);
            return None;
        }
        let mut core = shape.clone();
        if let Some(stroke) = &mut core.stroke {
            stroke.paint = Paint::Solid(paper);
            stroke.width -= 2.0 * width;
        }
        return Some(core);
    };
    let lightness = match &fill.paint {
        Paint::Solid(color) => color.to_oklab().lightness,
        _ => 1.0,
    };
    // Very dark details (eyes, noses) stay filled.
    fill.paint = Paint::Solid(if lightness < 0.36 { ink } else { paper });
    let bounds = kurbo::Shape::bounding_box(&shape.path);
    // What covers the whole canvas is sky or paper: no frame around it.
    let covers =
        bounds.x0 <= canvas.x0 && bounds.x1 >= canvas.x1 && bounds.height() > canvas.height() * 0.9;
    shape.stroke = (!covers).then(|| round_stroke(ink, width));
    None
}

fn round_stroke(color: Color, width: f64) -> Stroke {
    Stroke {
        paint: Paint::Solid(color),
        opacity: 1.0,
        width,
        cap: LineCap::Round,
        join: LineJoin::Round,
        miter_limit: 4.0,
        dashes: Vec::new(),
        dash_offset: 0.0,
    }
}

/// A white rim around every object: a copy of its silhouette, stroked wide, behind it.
fn sticker(document: &mut Document, cut_out: &[bool]) {
    let width = document.view_box.width().min(document.view_box.height()) * 0.03;
    let things = document.layers.iter_mut().zip(cut_out);
    for (layer, _) in things.filter(|(_, is_thing)| **is_thing) {
        let Node::Group(group) = layer else { continue };
        let mut rim = Group::new("sticker rim");
        rim.meaning = Meaning::of_role(Role::Border);
        silhouettes(&group.children, width, &mut rim.children);
        group
            .children
            .retain(|node| node.meaning().role != Some(Role::ContactShadow));
        group.children.insert(0, Node::Group(rim));
    }
}

fn silhouettes(nodes: &[Node], width: f64, rim: &mut Vec<Node>) {
    for node in nodes {
        match node {
            _ if node.meaning().role == Some(Role::ContactShadow) => {}
            Node::Group(group) => silhouettes(&group.children, width, rim),
            Node::Shape(shape) => {
                let own = shape.stroke.as_ref().map_or(0.0, |stroke| stroke.width);
                let mut copy = shape.clone();
                copy.label = "rim".to_owned();
                copy.meaning = Meaning::NONE;
                copy.opacity = 1.0;
                copy.fill = shape.fill.as_ref().map(|fill| Fill {
                    paint: Paint::Solid(Color::WHITE),
                    opacity: 1.0,
                    rule: fill.rule,
                });
                copy.stroke = Some(round_stroke(Color::WHITE, own + width));
                rim.push(Node::Shape(copy));
            }
        }
    }
}
