//! Pictures of the Twemoji collection, parsed once and kept. The art is CC-BY-4.0: every use
//! carries its credit.

use chat2svg_vector::{Credit, Emission, Habitat, Node, Paint};
use kurbo::Shape as _;
use twemoji_assets::svg::SvgTwemojiAsset;

use super::Drawing;
use super::asset::flattened;
use super::cache::Cache;
use crate::embedded::things;

/// A variation selector that some sources write after an emoji and others do not.
const EMOJI_PRESENTATION: char = '\u{FE0F}';

static PARSED: Cache<Drawing> = Cache::new();

/// The picture of an emoji; `None` when the collection has none.
///
/// The variation selector U+FE0F may be present or absent, whatever the collection uses.
pub(crate) fn draw(emoji: &str, name: &str) -> Option<Drawing> {
    let drawing = PARSED.get(emoji, || {
        let mut nodes = svg(emoji).and_then(parse)?.nodes;
        if floats(emoji) {
            nodes.retain(|node| !is_water(node));
        }
        Some(Drawing::of(nodes))
    })?;
    let mut drawing = Drawing::clone(&drawing);
    drawing.credit = Some(Credit {
        title: format!("{name} ({emoji}), Twemoji"),
        author: "Twitter, Inc and other contributors (jdecked/twemoji)".to_owned(),
        license: "CC-BY-4.0".to_owned(),
        source: "https://github.com/jdecked/twemoji".to_owned(),
    });
    Some(drawing)
}

/// Whether an emoji shows what lies on water, with which it comes.
fn floats(emoji: &str) -> bool {
    let habitat = things::of_emoji(emoji).and_then(|thing| thing.habitat);
    matches!(habitat, Some(Habitat::Afloat | Habitat::Water))
}

/// The blue rectangle along the lower edge of a picture: the scene has water of its own.
fn is_water(node: &Node) -> bool {
    /// Side of a picture of the collection.
    const SIDE: f64 = 36.0;
    const WATER: [u8; 3] = [0x55, 0xAC, 0xEE];
    let Node::Shape(shape) = node else {
        return false;
    };
    let bounds = shape.path.bounding_box();
    let is_rectangle = (shape.path.area().abs() - bounds.area()).abs() < 1e-6;
    let is_blue = shape
        .fill
        .as_ref()
        .is_some_and(|fill| matches!(fill.paint, Paint::Solid(color) if color.to_rgb8() == WATER));
    is_blue && is_rectangle && bounds.width() >= SIDE && bounds.y1 >= SIDE
}

/// The SVG of an emoji in the collection, with or without the presentation selector U+FE0F,
/// whatever the collection uses; `None` when it has none.
pub(crate) fn svg(emoji: &str) -> Option<&'static str> {
    let find = |text: &str| SvgTwemojiAsset::from_emoji(text).map(|asset| asset.data.0);
    find(emoji)
        .or_else(|| find(&emoji.replace(EMOJI_PRESENTATION, "")))
        .or_else(|| find(&format!("{emoji}{EMOJI_PRESENTATION}")))
        .or_else(|| emojis::get(emoji).and_then(|known| find(known.as_str())))
}

fn parse(svg: &str) -> Option<Drawing> {
    let mut nodes = flattened(svg).ok()?;
    name_parts(&mut nodes);
    Some(Drawing::of(nodes))
}

/// Gives every part a name from its colour and rank: "orange body", "dark detail".
fn name_parts(nodes: &mut [Node]) {
    fn largest(nodes: &[Node]) -> f64 {
        nodes
            .iter()
            .map(|node| match node {
                Node::Group(group) => largest(&group.children),
                Node::Shape(shape) => shape.path.area().abs(),
            })
            .fold(0.0, f64::max)
    }
    fn visit(nodes: &mut [Node], most: f64) {
        for node in nodes {
            match node {
                Node::Group(group) => {
                    if group.label.is_empty() {
                        group.label = "parts".to_owned();
                    }
                    visit(&mut group.children, most);
                }
                Node::Shape(shape) => {
                    let paint = shape
                        .fill
                        .as_ref()
                        .map(|fill| &fill.paint)
                        .or(shape.stroke.as_ref().map(|stroke| &stroke.paint));
                    let color = match paint {
                        Some(chat2svg_vector::Paint::Solid(color)) => color.word(),
                        _ => "shaded",
                    };
                    let area = shape.path.area().abs();
                    let rank = if area >= most * 0.7 {
                        "body"
                    } else if area >= most * 0.12 {
                        "part"
                    } else {
                        "detail"
                    };
                    shape.label = format!("{color} {rank}");
                }
            }
        }
    }
    let most = largest(nodes);
    visit(nodes, most);
}

/// Says of the shapes of a burning thing which are fire: those that [`name_parts`] calls orange or
/// yellow.
pub(crate) fn mark_flames(nodes: &mut [Node]) {
    for node in nodes {
        match node {
            Node::Group(group) => mark_flames(&mut group.children),
            Node::Shape(shape) => {
                if shape.label.starts_with("orange ") || shape.label.starts_with("yellow ") {
                    shape.meaning.emits = Some(Emission::Fire);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boats_come_without_water() {
        for emoji in ["🛶", "🚤", "⛵"] {
            let drawing = draw(emoji, "boat").expect("there is one");
            assert!(!drawing.nodes.iter().any(is_water), "{emoji}");
        }
        assert!(svg("🛶").is_some_and(|svg| svg.contains("M0 24h36v12H0z")));
    }
}
