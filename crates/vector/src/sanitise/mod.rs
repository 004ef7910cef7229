//! Making foreign SVG safe, by an allow-list: what is not known to be harmless is removed.
//!
//! No script, no event handlers, no reference to anything outside the document (links, images, `url()`
//! and `@import` in CSS), no entities, no embedded content. Size, depth, numbers of elements and
//! attributes, and what references expand to are bounded and counted before they cost anything. What is
//! removed is reported. This module knows nothing of geometry.

mod css;
mod error;
mod expansion;
mod numbers;
mod reader;
mod rules;
mod tree;
mod warning;

pub use error::ParseError;
pub use warning::{Warning, WarningKind};

pub(crate) use numbers::sum_of_sizes;
pub(crate) use reader::Profile;
pub(crate) use tree::{Child, Element, Heading, Tree};
pub(crate) use warning::Warnings;

use crate::write;

/// The SVG namespace.
pub(crate) const SVG: &str = "http://www.w3.org/2000/svg";

/// Other vocabularies that may pass: prefix with colon, declaration, namespace.
const VOCABULARIES: [(&str, &str, &str); 5] = [
    ("inkscape:", "xmlns:inkscape", write::INKSCAPE),
    ("rdf:", "xmlns:rdf", write::RDF),
    ("cc:", "xmlns:cc", write::CREATIVE_COMMONS),
    ("dc:", "xmlns:dc", write::DUBLIN_CORE),
    ("chat2svg:", "xmlns:chat2svg", write::CHAT2SVG),
];

/// What an SVG may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Most bytes of the file.
    pub bytes: usize,
    /// Most elements inside one another, references followed. Renderers and this reader use the call
    /// stack for it: about 4 KiB a level.
    pub depth: usize,
    /// Most elements.
    pub elements: usize,
    /// Most attributes of one element.
    pub attributes: usize,
    /// Most bytes of one attribute: path data, mainly.
    pub attribute_bytes: usize,
    /// Most characters of text to set.
    pub characters: usize,
    /// Most elements once references (`use`, patterns, markers, clip paths) are expanded.
    pub expanded: u64,
}

impl Default for ParseLimits {
    /// 16 MiB, 96 deep, 100,000 elements (250,000 expanded), 256 attributes of at most 4 MiB, 20,000
    /// characters.
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 96,
            elements: 100_000,
            attributes: 256,
            attribute_bytes: 4 << 20,
            characters: 20_000,
            expanded: 250_000,
        }
    }
}

/// SVG text that may be shown, and what was taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanitised {
    /// The text: SVG elements without prefixes, well-formed, UTF-8.
    pub svg: String,
    /// What was removed.
    pub warnings: Vec<Warning>,
}

/// Makes SVG safe that must stay text. Structure, styles, masks, filters and text remain.
///
/// # Errors
/// When the text is not SVG, not well-formed, declares entities, or exceeds the limits.
pub fn sanitise(svg: &[u8], limits: &ParseLimits) -> Result<Sanitised, ParseError> {
    let mut warnings = Warnings::default();
    let tree = sanitised_tree(svg, limits, Profile::Text, &mut warnings)?;
    Ok(Sanitised {
        svg: tree.to_text(),
        warnings: warnings.into_list(),
    })
}

/// The sanitised tree of a file.
pub(crate) fn sanitised_tree(
    svg: &[u8],
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
) -> Result<Tree, ParseError> {
    if svg.len() > limits.bytes {
        return Err(ParseError::TooManyBytes {
            found: svg.len(),
            limit: limits.bytes,
        });
    }
    if svg.starts_with(&[0x1f, 0x8b]) {
        return Err(ParseError::Compressed);
    }
    let svg = svg.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(svg);
    let text = std::str::from_utf8(svg).map_err(|_| ParseError::NotUtf8)?;
    let (mut tree, rules) = reader::read(text, limits, profile, warnings)?;
    numbers::check(&tree, &rules)?;
    expansion::bound(&mut tree, &rules, limits, warnings)?;
    Ok(tree)
}
