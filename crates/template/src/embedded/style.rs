//! Styles as transformations of a finished flat document.

use std::ops::Range;

use chat2svg_protocol::Style;
use chat2svg_vector::{
    Color, Document, Fill, Group, LineCap, LineJoin, Node, Oklch, Paint, Shape, Stroke,
};

use super::art::recolor::map_colors;
use super::art::tone::hex;

/// Gives the document the look of a style.
///
/// `objects` are the layers of the objects; the others are surroundings.
pub(crate) fn apply(document: &mut Document, style: Style, objects: Range<usize>) {
    match style {
        Style::Flat | Style::Night => {}
        Style::Pastel => recolor_all(document, &pastel),
        Style::LineArt => line_art(document),
        Style::Monochrome => recolor_all(document, &monochrome),
        Style::Duotone => recolor_all(document, &duotone),
        Style::Sticker => sticker(document, objects),
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

/// Dark outlines around everything, on paper: fills become near-white tints so that what is in front
/// still hides what is behind.
fn line_art(document: &mut Document) {
    let ink = hex(0x22303C);
    let width = document.view_box.width().min(document.view_box.height()) * 0.0052;
    fn visit(nodes: &mut [Node], ink: Color, width: f64, canvas: kurbo::Rect) {
        for node in nodes {
            match node {
                Node::Group(group) => visit(&mut group.children, ink, width, canvas),
                Node::Shape(shape) => outline(shape, ink, width, canvas),
            }
        }
    }
    let canvas = document.view_box;
    for layer in &mut document.layers {
        visit(std::slice::from_mut(layer), ink, width, canvas);
    }
    // Shadows and glows are no outlines of things.
    fn without_shadows(nodes: &mut Vec<Node>) {
        nodes.retain(|node| {
            !node_label(node).contains("contact shadow")
                && !matches!(
                    node_label(node),
                    "shadow" | "glow" | "outer glow" | "light ray"
                )
        });
        for node in nodes {
            if let Node::Group(group) = node {
                without_shadows(&mut group.children);
            }
        }
    }
    without_shadows(&mut document.layers);
}

fn node_label(node: &Node) -> &str {
    match node {
        Node::Group(group) => &group.label,
        Node::Shape(shape) => &shape.label,
    }
}

fn outline(shape: &mut Shape, ink: Color, width: f64, canvas: kurbo::Rect) {
    let paper = Color::WHITE;
    let bounds = kurbo::Shape::bounding_box(&shape.path);
    // What spans the canvas from side to side down to its foot is ground or sky: no frame around it.
    let spans =
        bounds.x0 <= canvas.x0 && bounds.x1 >= canvas.x1 && bounds.height() > canvas.height() * 0.9;
    if let Some(fill) = &mut shape.fill {
        let lightness = match &fill.paint {
            Paint::Solid(color) => color.to_oklab().lightness,
            _ => 1.0,
        };
        // Very dark details (eyes, noses) stay filled.
        let color = if lightness < 0.36 { ink } else { paper };
        fill.paint = Paint::Solid(color);
        if !spans {
            shape
                .stroke
                .get_or_insert_with(|| round_stroke(ink, width))
                .paint = Paint::Solid(ink);
        }
    } else if let Some(stroke) = &mut shape.stroke {
        stroke.paint = Paint::Solid(ink);
        stroke.width = stroke.width.min(width);
    }
    if let Some(stroke) = &mut shape.stroke {
        stroke.width = stroke.width.min(width);
    }
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
fn sticker(document: &mut Document, objects: Range<usize>) {
    let width = document.view_box.width().min(document.view_box.height()) * 0.03;
    for layer in document.layers.get_mut(objects).into_iter().flatten() {
        let Node::Group(group) = layer else { continue };
        let mut rim = Group::new("sticker rim");
        silhouettes(&group.children, width, &mut rim.children);
        group
            .children
            .retain(|node| node_label(node) != "contact shadow");
        group.children.insert(0, Node::Group(rim));
    }
}

fn silhouettes(nodes: &[Node], width: f64, rim: &mut Vec<Node>) {
    for node in nodes {
        match node {
            Node::Group(group) => silhouettes(&group.children, width, rim),
            Node::Shape(shape) if shape.label != "contact shadow" && shape.label != "shadow" => {
                let own = shape.stroke.as_ref().map_or(0.0, |stroke| stroke.width);
                let mut copy = shape.clone();
                copy.label = "rim".to_owned();
                copy.opacity = 1.0;
                copy.fill = shape.fill.as_ref().map(|fill| Fill {
                    paint: Paint::Solid(Color::WHITE),
                    opacity: 1.0,
                    rule: fill.rule,
                });
                copy.stroke = Some(round_stroke(Color::WHITE, own + width));
                rim.push(Node::Shape(copy));
            }
            Node::Shape(_) => {}
        }
    }
}
