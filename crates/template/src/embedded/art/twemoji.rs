//! Pictures of the Twemoji collection, parsed once and kept. The art is CC-BY-4.0: every use
//! carries its credit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chat2svg_vector::{Color, Credit, Document, Node};
use kurbo::Shape as _;
use twemoji_assets::svg::SvgTwemojiAsset;

use super::Drawing;

/// A variation selector that some sources write after an emoji and others do not.
const EMOJI_PRESENTATION: char = '\u{FE0F}';

static PARSED: Mutex<BTreeMap<String, Option<Arc<Drawing>>>> = Mutex::new(BTreeMap::new());

/// The picture of an emoji; `None` when the collection has none.
///
/// The variation selector U+FE0F may be present or absent, whatever the collection uses.
pub(crate) fn draw(emoji: &str, name: &str) -> Option<Drawing> {
    let known = PARSED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(emoji)
        .cloned();
    let drawing = match known {
        Some(known) => known,
        None => {
            let parsed = svg(emoji).and_then(parse).map(Arc::new);
            PARSED
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(emoji.to_owned(), parsed.clone());
            parsed
        }
    };
    let mut drawing = drawing.as_deref()?.clone();
    drawing.credit = Some(Credit {
        title: format!("{name} ({emoji}), Twemoji"),
        author: "Twitter, Inc and other contributors (jdecked/twemoji)".to_owned(),
        license: "CC-BY-4.0".to_owned(),
        source: "https://github.com/jdecked/twemoji".to_owned(),
    });
    Some(drawing)
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
    let mut nodes = flattened(svg)?;
    name_parts(&mut nodes);
    Some(Drawing::of(nodes))
}

/// The nodes of an SVG file, sanitised, in coordinates without transforms; `None` when it cannot be
/// read or paints nothing.
pub(crate) fn flattened(svg: &str) -> Option<Vec<Node>> {
    let mut document = Document::parse(svg.as_bytes(), &chat2svg_vector::ParseLimits::default())
        .ok()?
        .document;
    document.flatten_transforms();
    (!document.layers.is_empty()).then_some(document.layers)
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
                        Some(chat2svg_vector::Paint::Solid(color)) => color_word(*color),
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

/// A common word for a colour.
fn color_word(color: Color) -> &'static str {
    let value = color.to_oklch();
    if value.chroma < 0.04 {
        return match value.lightness {
            l if l > 0.93 => "white",
            l if l > 0.75 => "light grey",
            l if l > 0.45 => "grey",
            _ => "dark",
        };
    }
    match value.hue {
        h if h < 8.0 => "pink",
        h if h < 42.0 => {
            if value.lightness < 0.45 {
                "dark red"
            } else {
                "red"
            }
        }
        h if h < 78.0 => {
            if value.lightness < 0.62 {
                "brown"
            } else {
                "orange"
            }
        }
        h if h < 112.0 => "yellow",
        h if h < 165.0 => "green",
        h if h < 210.0 => "teal",
        h if h < 275.0 => "blue",
        h if h < 325.0 => "violet",
        _ => "pink",
    }
}
