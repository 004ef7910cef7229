//! From XML text to the sanitised tree, event by event: nothing that is not allowed is ever built.

use quick_xml::escape::EscapeError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::reader::NsReader;

use super::css::{self, Declaration, Rule};
use super::meter::Meter;
use super::printable::{printable, without_controls};
use super::rules::{self, Unsafe};
use super::tree::{Child, Element, ElementIndex, Heading, Tree};
use super::warning::{WarningKind, Warnings};
use super::{ParseError, ParseLimits, SVG};
use crate::meaning::{self, Taken};
use crate::write;

/// What the result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// It stays text: all that is harmless passes.
    Text,
    /// It becomes a document, which has no masks, filters and blend modes.
    Document,
}

impl Profile {
    fn takes_property(self, name: &str) -> bool {
        self == Self::Text || !matches!(name, "mask" | "filter" | "mix-blend-mode")
    }

    fn takes_element(self, name: &str) -> bool {
        self == Self::Text || !(matches!(name, "mask" | "filter") || name.starts_with("fe"))
    }
}

/// Namespaces of `cc:` in use; the second is that of old editors.
const CREATIVE_COMMONS: [&str; 2] = [write::CREATIVE_COMMONS, "http://web.resource.org/cc/"];
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const SERIF: &str = "http://www.serif.com/";

/// Elements of metadata.
const METADATA: &[&str] = &[
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
enum Vocabulary {
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
    fn of(result: &ResolveResult<'_>) -> Self {
        let namespace: &str = match result {
            ResolveResult::Unbound => return Self::None,
            ResolveResult::Unknown(_) => return Self::Other,
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
}

/// Reads a document; also gives the rules of its style sheets.
pub(crate) fn read(
    text: &str,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(Tree, Vec<Rule>), ParseError> {
    let mut builder = Builder {
        tree: Tree::default(),
        rules: Vec::new(),
        open: Vec::new(),
        comments: Vec::new(),
        headings: 0,
        skipped: 0,
        elements: 0,
        characters: 0,
        metadata: None,
        limits,
        profile,
        warnings,
        meter,
    };
    let mut reader = NsReader::from_str(text);
    loop {
        let position = reader.buffer_position();
        let malformed = |reason: String| malformed(position, &reason);
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|error| malformed(error.to_string()))?;
        let vocabulary = Vocabulary::of(&namespace);
        meter.add(1 + event.len())?;
        match event {
            Event::Start(start) => {
                builder.start(&reader, &start, vocabulary, position)?;
            }
            Event::Empty(start) => {
                builder.start(&reader, &start, vocabulary, position)?;
                builder.end()?;
            }
            Event::End(_) => builder.end()?,
            Event::Text(text) => builder.text(&text.xml10_content())?,
            Event::CData(text) => builder.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = resolve(&reference).map_err(malformed)?;
                let character = character.ok_or(ParseError::Entities)?;
                builder.text(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(declaration) => {
                if declaration.contains("<!ENTITY") {
                    return Err(ParseError::Entities);
                }
            }
            Event::Comment(comment) => builder.comment(&comment),
            Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => {
                if !builder.open.is_empty() || builder.skipped > 0 {
                    return Err(malformed("the file ends inside an element".to_owned()));
                }
                if builder.tree.elements.is_empty() {
                    return Err(ParseError::Empty);
                }
                return Ok((builder.tree, builder.rules));
            }
        }
    }
}

fn malformed(position: u64, reason: &str) -> ParseError {
    /// Longest reason, in characters; it may quote the file.
    const MAX_REASON: usize = 200;
    let reason = printable(reason, MAX_REASON);
    ParseError::Malformed { position, reason }
}

/// The character that a reference stands for; `None` for an entity that is not predefined.
fn resolve(reference: &BytesRef<'_>) -> Result<Option<char>, String> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?
    {
        return Ok(Some(character));
    }
    Ok(match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    })
}

/// Longest name quoted in an error, in characters.
const MAX_NAME: usize = 40;

/// Attributes that have passed.
type Attributes = Vec<(&'static str, String)>;

struct Builder<'a> {
    tree: Tree,
    rules: Vec<Rule>,
    open: Vec<ElementIndex>,
    /// For each open element the comment last seen directly inside.
    comments: Vec<Option<Heading>>,
    /// Comments seen that name something.
    headings: usize,
    /// Depth inside a removed element.
    skipped: usize,
    elements: usize,
    characters: usize,
    /// How many elements are open around the outermost open `metadata`.
    metadata: Option<usize>,
    limits: &'a ParseLimits,
    profile: Profile,
    warnings: &'a mut Warnings,
    meter: &'a Meter<'a>,
}

impl Builder<'_> {
    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        vocabulary: Vocabulary,
        position: u64,
    ) -> Result<(), ParseError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(ParseError::TooManyElements {
                limit: self.limits.elements,
            });
        }
        if self.open.len() + self.skipped >= self.limits.depth {
            return Err(ParseError::TooDeep {
                limit: self.limits.depth,
            });
        }
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        let local = start.local_name();
        let prefix = start
            .name()
            .prefix()
            .map(quick_xml::name::Prefix::into_inner);
        let Some(name) = self.element_name(local.as_ref(), prefix, vocabulary, position)? else {
            self.skipped = 1;
            return Ok(());
        };
        let (attributes, style) = self.attributes(reader, start, name, position)?;
        let index = self.tree.elements.len();
        self.tree.elements.push(Element {
            name,
            attributes,
            style,
            children: Vec::new(),
            comment: self.comments.last().cloned().flatten(),
        });
        self.comments.push(None);
        if let Some(parent) = self.open.last() {
            self.tree.elements[*parent]
                .children
                .push(Child::Element(index));
        }
        if name == "metadata" && self.metadata.is_none() {
            self.metadata = Some(self.open.len());
        }
        self.open.push(index);
        Ok(())
    }

    /// The name under which an element passes; `None` when it is to be removed.
    fn element_name(
        &mut self,
        local: &str,
        prefix: Option<&str>,
        vocabulary: Vocabulary,
        position: u64,
    ) -> Result<Option<&'static str>, ParseError> {
        let is_root = self.open.is_empty();
        if is_root {
            if !self.tree.elements.is_empty() {
                return Err(malformed(position, "there is more than one root element"));
            }
            if local != "svg" || !matches!(vocabulary, Vocabulary::Svg | Vocabulary::None) {
                let found = printable(local, MAX_NAME);
                return Err(ParseError::NotSvg { found });
            }
            if vocabulary == Vocabulary::None {
                self.warnings.add(WarningKind::Namespace, "svg");
            }
        }
        Ok(match vocabulary {
            Vocabulary::Svg | Vocabulary::None => match rules::element(local) {
                Some(name) => self.profile.takes_element(name).then_some(name),
                None => {
                    self.warnings.add(WarningKind::of_element(local), local);
                    None
                }
            },
            Vocabulary::Metadata(known) if self.metadata.is_some() => METADATA
                .iter()
                .find(|name| name.split_once(':') == Some((known, local)))
                .copied(),
            _ => {
                // Only what is active anywhere is worth a warning of its own kind.
                match WarningKind::of_element(local) {
                    WarningKind::Element => {
                        let subject = prefix.unwrap_or(local);
                        self.warnings.add(WarningKind::EditorData, subject);
                    }
                    active => self.warnings.add(active, local),
                }
                None
            }
        })
    }

    fn attributes(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        element: &'static str,
        position: u64,
    ) -> Result<(Attributes, Vec<Declaration>), ParseError> {
        let mut out = Attributes::new();
        let mut style = Vec::new();
        for (count, attribute) in start.attributes().enumerate() {
            if count >= self.limits.attributes {
                return Err(ParseError::TooManyAttributes {
                    element: element.to_owned(),
                    limit: self.limits.attributes,
                });
            }
            // Each is compared with those before it.
            self.meter.add(count)?;
            let malformed = |reason: String| malformed(position, &reason);
            let attribute = attribute.map_err(|error| malformed(error.to_string()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            if attribute.value.len() > self.limits.attribute_bytes {
                return Err(ParseError::AttributeTooLong {
                    element: element.to_owned(),
                    attribute: printable(attribute.key.as_ref(), MAX_NAME),
                    found: attribute.value.len(),
                    limit: self.limits.attribute_bytes,
                });
            }
            let Some(name) = self.attribute_name(reader, attribute.key, element) else {
                continue;
            };
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| match error {
                    quick_xml::Error::Escape(EscapeError::UnrecognizedEntity(..)) => {
                        ParseError::Entities
                    }
                    other => malformed(other.to_string()),
                })?;
            if name == "style" {
                let profile = self.profile;
                let accepts = |property: &str| profile.takes_property(property);
                style = css::clean_declarations(&value, &accepts, self.warnings, self.meter)?;
            } else if let Some(value) = self.attribute_value(name, &value) {
                match out.iter_mut().find(|(known, _)| *known == name) {
                    // `href` comes with and without a namespace; the plain one wins.
                    Some((_, old)) if attribute.key.prefix().is_none() => *old = value,
                    Some(_) => {}
                    None => out.push((name, value)),
                }
            }
        }
        Ok((out, style))
    }

    /// The name under which an attribute passes.
    fn attribute_name(
        &mut self,
        reader: &NsReader<&[u8]>,
        key: QName<'_>,
        element: &str,
    ) -> Option<&'static str> {
        let (namespace, local) = reader.resolver().resolve_attribute(key);
        let local: &str = local.as_ref();
        match (Vocabulary::of(&namespace), local) {
            (Vocabulary::None, "href") | (Vocabulary::Xlink, "href") => {
                if takes_reference(element) {
                    return Some("href");
                }
                self.warnings.add(WarningKind::ExternalReference, "href");
                None
            }
            (Vocabulary::None, _) => {
                let known = rules::attribute(local);
                if known.is_none() && !rules::is_inert_attribute(local) {
                    let kind = if local
                        .get(..2)
                        .is_some_and(|on| on.eq_ignore_ascii_case("on"))
                    {
                        WarningKind::EventHandler
                    } else {
                        WarningKind::Attribute
                    };
                    if local.starts_with("data-") {
                        self.warnings.add(WarningKind::EditorData, "data-*");
                    } else {
                        self.warnings.add(kind, local);
                    }
                }
                known
            }
            (Vocabulary::Inkscape, "label") => Some("inkscape:label"),
            (Vocabulary::Inkscape, "groupmode") => Some("inkscape:groupmode"),
            (Vocabulary::Serif, "id") => Some("data-name"),
            (Vocabulary::Xml, "space") => Some("xml:space"),
            (Vocabulary::Metadata("rdf"), "about") => Some("rdf:about"),
            (Vocabulary::Metadata("rdf"), "resource") => Some("rdf:resource"),
            // Of no consequence: languages, titles of links.
            (Vocabulary::Xlink, _) | (Vocabulary::Xml, "lang") => None,
            _ => {
                let prefix = key
                    .prefix()
                    .map_or("attributes", |prefix| prefix.into_inner());
                self.warnings.add(WarningKind::EditorData, prefix);
                None
            }
        }
    }

    /// The value with which an attribute passes.
    fn attribute_value(&mut self, name: &'static str, value: &str) -> Option<String> {
        let value = without_controls(value);
        if name == "id" {
            // References are looked up without the spaces around them.
            return Some(value.trim().to_owned());
        }
        if !self.profile.takes_property(name) {
            if !matches!(value.trim(), "none" | "normal") {
                self.warnings.add(WarningKind::of_property(name), name);
            }
            return None;
        }
        match meaning::check(name, &value) {
            Taken::Read => return Some(value.into_owned()),
            Taken::UnknownValue => {
                let quoted = format!("{name}=\"{value}\"");
                self.warnings.add(WarningKind::Meaning, &quoted);
                return None;
            }
            Taken::OtherAttribute => {}
        }
        if name.contains(':') {
            return Some(value.into_owned());
        }
        match rules::check_value(name, &value) {
            Ok(()) => Some(value.into_owned()),
            Err(Unsafe::External) => {
                self.warnings.add(WarningKind::ExternalReference, name);
                None
            }
            Err(Unsafe::Suspicious) => {
                self.warnings.add(WarningKind::Value, name);
                None
            }
        }
    }

    fn comment(&mut self, text: &str) {
        if self.skipped == 0
            && let Some(current) = self.comments.last_mut()
        {
            self.headings += 1;
            let number = self.headings;
            *current = heading(&without_controls(text)).map(|text| Heading { number, text });
        }
    }

    fn text(&mut self, text: &str) -> Result<(), ParseError> {
        if self.skipped > 0 {
            return Ok(());
        }
        let Some(element) = self
            .open
            .last()
            .map(|index| &mut self.tree.elements[*index])
        else {
            return Ok(());
        };
        let is_set = matches!(element.name, "text" | "tspan" | "textPath");
        let is_kept =
            matches!(element.name, "title" | "desc" | "style") || element.name.contains(':');
        if is_set {
            self.characters += text.chars().count();
            if self.characters > self.limits.characters {
                return Err(ParseError::TooMuchText {
                    limit: self.limits.characters,
                });
            }
        }
        if is_set || is_kept {
            // Text that is set may turn its direction: it becomes outlines.
            let text = if is_set {
                text.into()
            } else {
                without_controls(text)
            };
            match element.children.last_mut() {
                Some(Child::Text(before)) => before.push_str(&text),
                _ => element.children.push(Child::Text(text.into_owned())),
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ParseError> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        let Some(index) = self.open.pop() else {
            return Ok(());
        };
        self.comments.pop();
        if self.metadata == Some(self.open.len()) {
            self.metadata = None;
        }
        if self.tree.elements[index].name == "style" {
            self.style_sheet(index)?;
        }
        Ok(())
    }

    fn style_sheet(&mut self, index: ElementIndex) -> Result<(), ParseError> {
        let element = &mut self.tree.elements[index];
        let is_css = element
            .attribute("type")
            .is_none_or(|kind| kind.trim() == "text/css");
        let text = element.text();
        element.children.clear();
        element.attributes.clear();
        element.style.clear();
        if !is_css {
            self.warnings.add(WarningKind::StyleRule, "style");
            return Ok(());
        }
        let profile = self.profile;
        let accepts = |property: &str| profile.takes_property(property);
        let rules = css::clean_sheet(&text, &accepts, self.warnings, self.meter)?;
        let text: String = rules.iter().map(Rule::text).collect();
        if !text.is_empty() {
            self.tree.elements[index].children.push(Child::Text(text));
        }
        self.rules.extend(rules);
        Ok(())
    }
}

/// A comment that may name what follows: a few words, neither markup nor an address.
fn heading(comment: &str) -> Option<String> {
    const MAX_CHARACTERS: usize = 48;
    let text = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_matches(|c: char| c.is_whitespace() || "-=*#:.".contains(c));
    let is_name = text.chars().any(char::is_alphabetic)
        && text.chars().count() <= MAX_CHARACTERS
        && !text.contains(['<', '>', '{', '}', ';'])
        && !["://", "Generator", "Created with", "Uploaded to"]
            .iter()
            .any(|word| text.contains(word));
    is_name.then(|| text.to_owned())
}

fn takes_reference(element: &str) -> bool {
    matches!(
        element,
        "use" | "textPath" | "linearGradient" | "radialGradient" | "pattern" | "filter"
    )
}
