//! From XML text to the sanitised tree, event by event: nothing that is not allowed is ever built.

use std::collections::HashSet;
use std::str::FromStr as _;

use cssparser::Parser;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use svgtypes::ViewBox;

use super::css::{Block, Cleaner};
use super::meter::Meter;
use super::printable::{printable, without_controls};
use super::rules;
use super::sheet::Sheet;
use super::tree::{Child, Element, ElementIndex, Heading, Tree};
use super::vocabulary::{METADATA, Vocabulary, is_meant_as_svg};
use super::warning::{WarningKind, Warnings};
use super::{ParseError, ParseLimits};
use crate::css::condition::{self, Screen, Truth};
use crate::css::number::{Basis, length_or_number};
use crate::mend::{Mend, Speller, hides_tag};

/// What the result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// It stays text: all that is harmless passes.
    Text,
    /// It becomes a document, which has no blend modes; embedded pictures pass.
    Document,
}

impl Profile {
    pub(super) fn takes_property(self, name: &str) -> bool {
        self == Self::Text || name != "mix-blend-mode"
    }

    /// Whether a property may stand in a style: path data that rules repeat is not counted where
    /// they stay text.
    pub(super) fn takes_in_style(self, name: &str) -> bool {
        self == Self::Document || name != "d"
    }

    /// The name under which an element passes beyond those that always do.
    fn element(self, name: &str) -> Option<&'static str> {
        (self == Self::Document && name == "image").then_some("image")
    }
}

/// Reads a document; also gives its style sheets.
pub(crate) fn read(
    text: &str,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(Tree, Sheet), ParseError> {
    let mut builder = Builder {
        tree: Tree::default(),
        sheet: Sheet::default(),
        open: Vec::new(),
        comments: Vec::new(),
        headings: 0,
        skipped: 0,
        elements: 0,
        characters: 0,
        metadata: None,
        ids: HashSet::new(),
        speller: Speller::default(),
        namespace: None,
        guessed: 0,
        text,
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
        let vocabulary = builder.vocabulary(&namespace, &event, position);
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
            Event::Text(text) => {
                if builder.is_between_shapes() && hides_tag(&text) {
                    return Err(malformed("a tag lacks its <".to_owned()));
                }
                builder.text(&text.xml10_content())?;
            }
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
            Event::PI(instruction) => {
                let what: &str = instruction.target();
                if what == "xml-stylesheet" {
                    builder.warnings.add(WarningKind::ExternalReference, what);
                }
            }
            Event::Decl(_) => {}
            Event::Eof => {
                if !builder.open.is_empty() || builder.skipped > 0 {
                    return Err(malformed("the file ends inside an element".to_owned()));
                }
                if builder.tree.elements.is_empty() {
                    return Err(ParseError::Empty);
                }
                return Ok((builder.tree, builder.sheet));
            }
        }
    }
}

pub(super) fn malformed(position: u64, reason: &str) -> ParseError {
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
pub(super) const MAX_NAME: usize = 40;

pub(super) struct Builder<'a> {
    pub(super) tree: Tree,
    sheet: Sheet,
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
    /// Ids so far.
    pub(super) ids: HashSet<String>,
    pub(super) speller: Speller,
    /// The namespace that was taken for SVG's, misspelt.
    namespace: Option<String>,
    /// Letters in path data that were taken for commands.
    pub(super) guessed: usize,
    /// What is read.
    text: &'a str,
    pub(super) limits: &'a ParseLimits,
    pub(super) profile: Profile,
    pub(super) warnings: &'a mut Warnings,
    pub(super) meter: &'a Meter<'a>,
}

impl Builder<'_> {
    /// The vocabulary of an element, also where its namespace is misspelt or not declared.
    fn vocabulary(
        &mut self,
        namespace: &ResolveResult<'_>,
        event: &Event<'_>,
        position: u64,
    ) -> Vocabulary {
        let found = Vocabulary::of(namespace);
        match namespace {
            ResolveResult::Unknown(prefix) if found != Vocabulary::Other => {
                self.warnings.go_to(offset(position));
                self.warnings.mend(Mend::Prefix, prefix);
            }
            ResolveResult::Bound(namespace) if found == Vocabulary::Other => {
                let namespace: &str = namespace.0;
                if self.namespace.as_deref() == Some(namespace) {
                    return Vocabulary::Svg;
                }
                let root = match event {
                    Event::Start(start) | Event::Empty(start) if self.tree.elements.is_empty() => {
                        Some(start.local_name())
                    }
                    _ => None,
                };
                // Nothing else calls its root so.
                let is_svg = |name: &str| name == "svg" || is_meant_as_svg(namespace);
                if root.is_some_and(|name| is_svg(name.as_ref())) {
                    self.warnings.add(WarningKind::Namespace, namespace);
                    self.namespace = Some(namespace.to_owned());
                    return Vocabulary::Svg;
                }
            }
            _ => {}
        }
        found
    }

    /// Goes to a part of what is read.
    pub(super) fn go_to(&mut self, part: &str) {
        let start = self.text.as_ptr() as usize;
        // What does not lie in the text was rewritten.
        let at = (part.as_ptr() as usize).checked_sub(start);
        if let Some(at) = at.filter(|at| *at <= self.text.len()) {
            self.warnings.go_to(at);
        }
    }

    /// The element that a name means, misspelt or not.
    fn element_meant(&mut self, local: &str, position: u64) -> Option<&'static str> {
        if let Some(name) = rules::element(local).or_else(|| self.profile.element(local)) {
            return Some(name);
        }
        let meant = self.speller.element(local)?;
        self.warnings.go_to(offset(position));
        self.warnings
            .mend(Mend::ElementName, &format!("{local} → {meant}"));
        Some(meant)
    }

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
        // What asks for an extension is shown by the program that has it, and by no browser.
        let asks = |attribute: &Attribute<'_>| {
            attribute.key.as_ref() == "requiredExtensions" && !attribute.value.trim().is_empty()
        };
        if local.as_ref() == "foreignObject"
            && start
                .attributes()
                .flatten()
                .any(|attribute| asks(&attribute))
        {
            self.warnings.add(WarningKind::EditorData, "foreignObject");
            self.skipped = 1;
            return Ok(());
        }
        if local.as_ref().is_empty() {
            return Err(malformed(position, "a tag has no name"));
        }
        let prefix = start
            .name()
            .prefix()
            .map(quick_xml::name::Prefix::into_inner);
        let Some(name) = self.element_name(local.as_ref(), prefix, vocabulary, position)? else {
            self.skipped = 1;
            let parent = self.open.last().copied();
            if let Some(parent) = parent.and_then(|parent| self.tree.elements.get_mut(parent)) {
                parent.removed_after += 1;
            }
            return Ok(());
        };
        let (attributes, style) = self.attributes(reader, start, name, position)?;
        let index = self.tree.elements.len();
        self.tree.elements.push(Element {
            name,
            attributes,
            style,
            comment: self.comments.last().cloned().flatten(),
            is_link: local.as_ref() == "a",
            ..Element::default()
        });
        self.comments.push(None);
        if let Some(parent) = self.open.last() {
            let parent = &mut self.tree.elements[*parent];
            parent.children.push(Child::Element(index));
            let removed = std::mem::take(&mut parent.removed_after);
            self.tree.elements[index].removed_before = removed;
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
            let is_svg = matches!(vocabulary, Vocabulary::Svg | Vocabulary::None)
                && self.element_meant(local, position) == Some("svg");
            if !is_svg {
                let found = printable(local, MAX_NAME);
                return Err(ParseError::NotSvg { found });
            }
            if vocabulary == Vocabulary::None {
                self.warnings.add(WarningKind::Namespace, "svg");
            }
            return Ok(Some("svg"));
        }
        Ok(match vocabulary {
            Vocabulary::Svg | Vocabulary::None => match self.element_meant(local, position) {
                Some(name) => Some(name),
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

    fn comment(&mut self, text: &str) {
        if self.skipped == 0
            && let Some(current) = self.comments.last_mut()
        {
            self.headings += 1;
            let number = self.headings;
            *current = heading(&without_controls(text)).map(|text| Heading { number, text });
        }
    }

    /// Whether text here means nothing: in an element that holds none.
    fn is_between_shapes(&self) -> bool {
        let open = self
            .open
            .last()
            .and_then(|index| self.tree.elements.get(*index));
        self.skipped == 0 && open.is_some_and(|open| open.name == "svg" || open.name == "g")
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
        let media = element.attribute("media").map(str::to_owned);
        element.children.clear();
        element.attributes.clear();
        element.style = Block::default();
        if !is_css {
            self.warnings.add(WarningKind::StyleRule, "style");
            return Ok(());
        }
        let screen = self.screen();
        if let Some(media) = media {
            match condition::media(&mut Parser::new(&media), screen) {
                Truth::True => {}
                Truth::False => return Ok(()),
                Truth::Unknown => {
                    let what = format!("@media {media}");
                    self.warnings.add(WarningKind::StyleRule, &what);
                    return Ok(());
                }
            }
        }
        let mut cleaner = Cleaner {
            profile: self.profile,
            warnings: self.warnings,
            meter: self.meter,
        };
        let text = self.sheet.read(&text, screen, &mut cleaner)?;
        if !text.is_empty() {
            self.tree.elements[index].children.push(Child::Text(text));
        }
        Ok(())
    }

    /// The screen that style sheets ask about.
    fn screen(&self) -> Screen {
        let root = self.tree.elements.first();
        let attribute = |name: &str| root.and_then(|root| root.attribute(name));
        let view = attribute("viewBox").and_then(|text| ViewBox::from_str(text).ok());
        let side = |name: &str, view: Option<f64>| {
            let input = attribute(name).unwrap_or("");
            let basis = Basis::default();
            let found = Parser::new(input).parse_entirely(|input| length_or_number(input, &basis));
            found.ok().or(view).filter(|side| *side > 0.0)
        };
        Screen {
            width: side("width", view.map(|view| view.w)).unwrap_or(300.0),
            height: side("height", view.map(|view| view.h)).unwrap_or(150.0),
        }
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

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
