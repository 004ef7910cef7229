//! Making foreign SVG safe, by an allow-list: what is not known to be harmless is removed.
//!
//! No script, no event handlers, no reference to anything outside the document (links, images,
//! `url()` and `@import` in CSS), no entities, no embedded content. Size, depth, numbers of
//! elements and attributes are bounded; what style sheets, inheritance and references multiply is
//! counted against a [`CostBudget`] before anything is expanded. All of it is linear in the file,
//! or bounded by a count, and may be stopped. What is removed is reported. This module knows
//! nothing of geometry.

mod attributes;
mod cascade;
mod copies;
mod cost;
mod css;
mod encoding;
mod entities;
mod error;
mod expansion;
mod ids;
mod limits;
mod matching;
mod meter;
mod numbers;
mod printable;
mod reader;
mod references;
pub(crate) mod rules;
mod sheet;
mod tree;
mod values;
mod variables;
mod vocabulary;
mod warning;

pub use error::ParseError;
pub use limits::{CostBudget, ParseLimits, Resource};
pub use warning::{Warning, WarningKind};

pub(crate) use meter::Meter;
pub(crate) use numbers::{MAX_NUMBER, sum_of_sizes};
pub use printable::is_treacherous;
pub(crate) use printable::{printable, without_controls};
pub(crate) use reader::Profile;
pub(crate) use references::targets;
pub(crate) use tree::{Child, Element, Heading, Tree};
pub(crate) use values::FONT_SIZES;
pub(crate) use warning::Warnings;

use cascade::Cascade;
use chat2svg_stop::Stop;
use sheet::Sheet;

use crate::IdPrefix;
use crate::mend::{self, Mend};
use crate::write;

/// Most times that what is used is copied, where copies use others.
const MAX_ROUNDS: usize = 3;

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

/// SVG text that may be shown, and what was taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanitised {
    /// The text: SVG elements without prefixes, well-formed, UTF-8.
    pub svg: String,
    /// What was removed.
    pub warnings: Vec<Warning>,
}

/// Makes SVG safe that must stay text. Structure, styles, masks, filters and text remain. Ids that
/// something refers to end in a hash of the text, so that several texts can stand in one page.
///
/// # Errors
/// When the text is not SVG, not well-formed, declares entities, or exceeds the limits.
pub fn sanitise(svg: &[u8], limits: &ParseLimits) -> Result<Sanitised, ParseError> {
    sanitise_until(svg, limits, &Stop::never())
}

/// As [`sanitise`], but given up once `stop` says so, which is asked every few thousand bytes.
///
/// # Errors
/// As [`sanitise`], and [`ParseError::Stopped`] when `stop` says so.
pub fn sanitise_until(
    svg: &[u8],
    limits: &ParseLimits,
    stop: &Stop,
) -> Result<Sanitised, ParseError> {
    sanitise_marked(svg, limits, None, stop)
}

/// As [`sanitise`], but with a prefix on every id in place of a hash.
///
/// # Errors
/// As [`sanitise`].
pub fn sanitise_prefixed(
    svg: &[u8],
    limits: &ParseLimits,
    prefix: Option<&IdPrefix>,
) -> Result<Sanitised, ParseError> {
    sanitise_marked(svg, limits, prefix, &Stop::never())
}

fn sanitise_marked(
    svg: &[u8],
    limits: &ParseLimits,
    prefix: Option<&IdPrefix>,
    stop: &Stop,
) -> Result<Sanitised, ParseError> {
    let mut warnings = Warnings::default();
    let meter = Meter::new(stop);
    let mut tree = sanitised_tree(svg, 0, limits, Profile::Text, &mut warnings, &meter)?;
    ids::mark(&mut tree, prefix);
    Ok(Sanitised {
        svg: tree.to_text(),
        warnings: warnings.into_list(),
    })
}

/// The sanitised tree of a file; of a text with several drawings the one with this rank, best
/// first. For a document its style sheets are resolved to attributes.
pub(crate) fn sanitised_tree(
    svg: &[u8],
    rank: usize,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<Tree, ParseError> {
    meter.check()?;
    if svg.len() > limits.bytes {
        return Err(ParseError::TooManyBytes {
            found: svg.len(),
            limit: limits.bytes,
        });
    }
    if svg.starts_with(&[0x1f, 0x8b]) {
        return Err(ParseError::Compressed);
    }
    let text = encoding::decode(svg, limits.bytes, warnings)?;
    meter.add(text.len() / 16)?;
    let (mut tree, sheet) = read(&text, rank, limits, profile, warnings, meter)?;
    numbers::check(&tree, &sheet.rules)?;
    let steps = limits.cost.style_steps;
    let mut cascade = Cascade::new(&tree, &sheet, steps, meter)?;
    // What stays text is resolved by who shows it; only its cost is of interest here.
    if profile == Profile::Document {
        let mut rounds = 0;
        while rounds < MAX_ROUNDS && copies::part(&mut tree, &cascade.ambiguous) {
            cascade = Cascade::new(&tree, &sheet, steps, meter)?;
            rounds += 1;
        }
        for index in &cascade.ambiguous {
            let what = format!("variables in {}", tree.place(*index));
            warnings.add(WarningKind::Presentation, &what);
        }
        warnings.absorb(std::mem::take(&mut cascade.warnings));
        cascade.apply(&mut tree);
        // Variables may have brought others.
        numbers::check(&tree, &[])?;
    }
    expansion::bound(&mut tree, &cascade, limits, profile, warnings, meter)?;
    Ok(tree)
}

/// The tree of a text and its style sheets. What is no well-formed XML is made so
/// first, as far as it is clear what was meant; what is well-formed never comes to that.
fn read(
    text: &str,
    rank: usize,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(Tree, Sheet), ParseError> {
    let plain = mend::plain_spaces(text);
    let text = match &plain {
        None => text,
        Some((plain, first)) => {
            warnings.go_to(*first);
            warnings.mend(Mend::StrayCharacters, "spaces of other kinds");
            plain
        }
    };
    if let Some((expanded, map)) = entities::expand(text)? {
        let result = warnings.mapped(&map, |warnings| {
            read_expanded(&expanded, rank, limits, profile, warnings, meter)
        });
        warnings.locate(text);
        return result;
    }
    let result = read_expanded(text, rank, limits, profile, warnings, meter);
    warnings.locate(text);
    result
}

fn read_expanded(
    text: &str,
    rank: usize,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(Tree, Sheet), ParseError> {
    let mut strict = warnings.clone();
    let result = match reader::read(text, limits, profile, &mut strict, meter) {
        Err(refusal) if refusal.may_be_mended() => {
            let mut lenient = warnings.clone();
            let found = mend::well_formed(text, rank, limits, &mut lenient, meter)?;
            let result = match found {
                Some(found) => lenient.mapped(&found.map, |warnings| {
                    reader::read(&found.text, limits, profile, warnings, meter)
                }),
                // There is no drawing in it at all, so what was said first says it best.
                None => Err(refusal),
            };
            strict = lenient;
            result
        }
        result => result,
    };
    *warnings = strict;
    result
}
