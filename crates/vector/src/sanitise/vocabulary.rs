//! The namespaces whose names mean something here.

use quick_xml::name::ResolveResult;

use super::SVG;
use crate::write;

/// Namespaces of `cc:` in use; the second is that of old editors.
const CREATIVE_COMMONS: [&str; 2] = [write::CREATIVE_COMMONS, "http://web.resource.org/cc/"];
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const SERIF: &str = "http://www.serif.com/";

/// Elements of metadata.
pub(super) const METADATA: &[&str] = &[
    "rdf:RDF",
    "rdf:Bag",
    "rdf:Seq",
    "rdf:Alt",
    "rdf:li",
    "cc:Work",
    "cc:Agent",
    "cc:license",
    "dc:title",
    "dc:creator",
    "dc:rights",
    "dc:source",
    "dc:identifier",
    "dc:format",
    "dc:type",
    "dc:date",
    "dc:publisher",
    "dc:contributor",
    "dc:description",
    "dc:language",
    "dc:subject",
    "dc:relation",
    "dc:coverage",
    "chat2svg:prompt",
    "chat2svg:style",
    "chat2svg:seed",
    "chat2svg:undrawn",
];

/// A namespace as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    None,
    Svg,
    Xlink,
    Xml,
    Inkscape,
    Serif,
    /// Of metadata, with its prefix.
    Metadata(&'static str),
    Other,
}

impl Vocabulary {
    pub(super) fn of(result: &ResolveResult<'_>) -> Self {
        let namespace: &str = match result {
            ResolveResult::Unbound => return Self::None,
            ResolveResult::Unknown(prefix) => return Self::of_undeclared(prefix),
            ResolveResult::Bound(namespace) => namespace.0,
        };
        match namespace {
            SVG => Self::Svg,
            XLINK => Self::Xlink,
            XML => Self::Xml,
            SERIF => Self::Serif,
            write::INKSCAPE => Self::Inkscape,
            write::RDF => Self::Metadata("rdf"),
            write::DUBLIN_CORE => Self::Metadata("dc"),
            write::CHAT2SVG => Self::Metadata("chat2svg"),
            other if CREATIVE_COMMONS.contains(&other) => Self::Metadata("cc"),
            _ => Self::Other,
        }
    }

    /// What a prefix usually means, where it is not declared.
    fn of_undeclared(prefix: &str) -> Self {
        match prefix {
            "svg" => Self::Svg,
            "xlink" => Self::Xlink,
            "inkscape" => Self::Inkscape,
            "serif" => Self::Serif,
            "rdf" => Self::Metadata("rdf"),
            "cc" => Self::Metadata("cc"),
            "dc" => Self::Metadata("dc"),
            _ => Self::Other,
        }
    }
}

/// Whether a namespace that nobody knows is SVG's, misspelt.
pub(super) fn is_meant_as_svg(namespace: &str) -> bool {
    /// Most letters that may be wrong.
    const MAX_DISTANCE: usize = 4;
    let plain = namespace.trim().to_ascii_lowercase();
    plain.len() <= 2 * SVG.len()
        && (strsim::osa_distance(&plain, SVG) <= MAX_DISTANCE
            || plain.contains("w3.org") && plain.contains("svg")
            || plain == "svg")
}
