//! Misspelt names of elements and attributes, and the known name that each can only mean.

use std::collections::HashMap;

use strsim::osa_distance;

use crate::sanitise::rules;

/// Longest name that is looked at; known names are shorter.
const MAX_NAME: usize = 40;
/// Most different names that are looked up in a file: each is compared with all known ones.
const MAX_LOOKUPS: usize = 256;

/// Other names for elements.
const ELEMENT_ALIASES: [(&str, &str); 4] = [
    ("group", "g"),
    ("layer", "g"),
    ("oval", "ellipse"),
    ("polygone", "polygon"),
];

/// Other names for attributes, without marks between their words.
const ATTRIBUTE_ALIASES: [(&str, &str); 8] = [
    ("classname", "class"),
    ("xlinkhref", "href"),
    ("fillcolor", "fill"),
    ("fillcolour", "fill"),
    ("strokecolor", "stroke"),
    ("strokecolour", "stroke"),
    ("colour", "color"),
    ("borderradius", "rx"),
];

/// Elements of SVG and HTML that do not pass: no misspelling of one that does.
const OTHER_ELEMENTS: &[&str] = &[
    "altGlyph",
    "animate",
    "animateColor",
    "animateMotion",
    "animateTransform",
    "audio",
    "b",
    "body",
    "br",
    "button",
    "canvas",
    "center",
    "code",
    "cursor",
    "discard",
    "div",
    "em",
    "embed",
    "feImage",
    "flowPara",
    "flowRegion",
    "flowRoot",
    "flowSpan",
    "font",
    "font-face",
    "foreignObject",
    "form",
    "glyph",
    "glyphRef",
    "h1",
    "h2",
    "h3",
    "handler",
    "hatch",
    "hatchpath",
    "head",
    "hkern",
    "hr",
    "html",
    "i",
    "iframe",
    "image",
    "img",
    "input",
    "label",
    "li",
    "link",
    "listener",
    "mesh",
    "meshgradient",
    "meshpatch",
    "meshrow",
    "meta",
    "missing-glyph",
    "mpath",
    "object",
    "ol",
    "p",
    "pre",
    "script",
    "section",
    "set",
    "small",
    "solidcolor",
    "source",
    "span",
    "strong",
    "table",
    "td",
    "th",
    "tr",
    "track",
    "tref",
    "u",
    "ul",
    "unknown",
    "video",
    "view",
    "vkern",
];

/// Attributes that do not pass: no misspelling of one that does.
const OTHER_ATTRIBUTES: &[&str] = &[
    "accumulate",
    "additive",
    "align",
    "alt",
    "attributeName",
    "attributeType",
    "background",
    "base",
    "baseProfile",
    "begin",
    "bgcolor",
    "border",
    "by",
    "calcMode",
    "charset",
    "clip",
    "color-profile",
    "color-rendering",
    "content",
    "cursor",
    "dur",
    "end",
    "externalResourcesRequired",
    "file",
    "focusable",
    "for",
    "from",
    "glyph-name",
    "hidden",
    "horiz-adv-x",
    "key",
    "keyPoints",
    "keySplines",
    "keyTimes",
    "label",
    "lang",
    "line-height",
    "link",
    "max",
    "media",
    "min",
    "name",
    "onclick",
    "p-id",
    "path",
    "pointer-events",
    "rel",
    "repeatCount",
    "repeatDur",
    "restart",
    "shape-inside",
    "size",
    "sizes",
    "slot",
    "spellcheck",
    "src",
    "srcset",
    "tabindex",
    "target",
    "title",
    "to",
    "unicode",
    "unit",
    "value",
    "view",
    "viewTarget",
    "xmlns",
    "zoomAndPan",
];

/// Looks up misspelt names, each once.
#[derive(Debug, Default)]
pub(crate) struct Speller {
    elements: HashMap<String, Option<&'static str>>,
    attributes: HashMap<String, Option<&'static str>>,
}

impl Speller {
    /// The element that a name can only mean.
    pub(crate) fn element(&mut self, name: &str) -> Option<&'static str> {
        look_up(&mut self.elements, name, || {
            let known = rules::elements();
            meant(name, known, &ELEMENT_ALIASES, OTHER_ELEMENTS).and_then(rules::element)
        })
    }

    /// The attribute that a name can only mean. `xmlns` for the declaration of a namespace.
    pub(crate) fn attribute(&mut self, name: &str) -> Option<&'static str> {
        let is_active = name
            .get(..2)
            .is_some_and(|on| on.eq_ignore_ascii_case("on"));
        if is_active || name.starts_with("data-") || name.starts_with("aria-") {
            return None;
        }
        look_up(&mut self.attributes, name, || {
            let known = rules::attributes().chain(["xmlns"]);
            meant(name, known, &ATTRIBUTE_ALIASES, OTHER_ATTRIBUTES)
        })
    }
}

fn look_up(
    known: &mut HashMap<String, Option<&'static str>>,
    name: &str,
    find: impl FnOnce() -> Option<&'static str>,
) -> Option<&'static str> {
    if name.is_empty() || name.len() > MAX_NAME {
        return None;
    }
    if let Some(found) = known.get(name) {
        return *found;
    }
    if known.len() >= MAX_LOOKUPS {
        return None;
    }
    let found = find();
    known.insert(name.to_owned(), found);
    found
}

/// Letters and digits in lower case: `strokeWidth`, `stroke_width` and `Stroke-Width` are one name.
fn bare(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// The known name that a misspelt one can only mean.
fn meant(
    name: &str,
    known: impl Iterator<Item = &'static str> + Clone,
    aliases: &[(&str, &'static str)],
    others: &[&str],
) -> Option<&'static str> {
    let name = bare(name);
    if name.is_empty() || others.iter().any(|other| bare(other) == name) {
        return None;
    }
    if let Some(same) = known.clone().find(|known| bare(known) == name) {
        return Some(same);
    }
    if let Some((_, meant)) = aliases.iter().find(|(alias, _)| *alias == name) {
        return Some(meant);
    }
    // Names of a letter or two have too many neighbours.
    let least_length = if name.len() <= 3 { 3 } else { 1 };
    let allowed = match name.len() {
        0 | 1 => 0,
        2..=5 => 1,
        _ => 2,
    };
    let mut best: Option<(usize, &'static str)> = None;
    let mut is_ambiguous = false;
    for known in known.clone() {
        let own = bare(known);
        if own.len() < least_length || own.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let distance = osa_distance(&name, &own);
        if distance > allowed {
            continue;
        }
        match best {
            Some((least, _)) if least < distance => {}
            Some((least, other)) if least == distance => is_ambiguous |= other != known,
            _ => (best, is_ambiguous) = (Some((distance, known)), false),
        }
    }
    match best {
        Some((_, known)) => (!is_ambiguous).then_some(known),
        None => begun(&name, known),
    }
}

/// The only known name that begins with a cut one.
fn begun(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if name.len() < 2 {
        return None;
    }
    let mut longer = known.filter(|known| bare(known).starts_with(name));
    let first = longer.next()?;
    longer.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_are_recognised() {
        let mut speller = Speller::default();
        for (wrong, meant) in [
            ("pth", "path"),
            ("pathh", "path"),
            ("patth", "path"),
            ("PATH", "path"),
            ("recct", "rect"),
            ("cirle", "circle"),
            ("elipse", "ellipse"),
            ("lineargradient", "linearGradient"),
            ("linear-gradient", "linearGradient"),
            ("poligon", "polygon"),
            ("group", "g"),
            ("circ", "circle"),
            ("clippath", "clipPath"),
        ] {
            assert_eq!(speller.element(wrong), Some(meant), "{wrong}");
        }
        for (wrong, meant) in [
            ("fil", "fill"),
            ("fll", "fill"),
            ("wdith", "width"),
            ("with", "width"),
            ("wi", "width"),
            ("hieght", "height"),
            ("opasity", "opacity"),
            ("strokeWidth", "stroke-width"),
            ("stroke_width", "stroke-width"),
            ("viewbox", "viewBox"),
            ("className", "class"),
            ("xmnls", "xmlns"),
            ("fill-color", "fill"),
            ("trasnform", "transform"),
        ] {
            assert_eq!(speller.attribute(wrong), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn what_could_mean_anything_means_nothing() {
        let mut speller = Speller::default();
        for name in [
            "image", "script", "set", "a1", "animate", "flowRoot", "zzz", "", "gg", "hatch", "font",
        ] {
            assert_eq!(speller.element(name), None, "{name}");
        }
        for name in [
            "p",
            "t",
            "onclick",
            "onlod",
            "data-x",
            "p-id",
            "size",
            "name",
            "src",
            "title",
            "q1",
            "stroke-lin",
            "z9",
            "alt",
        ] {
            assert_eq!(speller.attribute(name), None, "{name}");
        }
    }

    #[test]
    fn lookups_are_bounded() {
        let mut speller = Speller::default();
        for number in 0..10_000 {
            speller.attribute(&format!("widht{number}"));
        }
        assert_eq!(speller.attributes.len(), MAX_LOOKUPS);
    }
}
