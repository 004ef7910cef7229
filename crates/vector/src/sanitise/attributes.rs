//! The attributes of an element: which pass, under which name and with which value.

use std::borrow::Cow;

use quick_xml::escape::{EscapeError, resolve_xml_entity};
use quick_xml::events::BytesStart;
use quick_xml::name::{QName, ResolveResult};
use quick_xml::reader::NsReader;

use super::ParseError;
use super::css::{Block, Cleaner};
use super::printable::{printable, without_controls};
use super::reader::{Builder, MAX_NAME, malformed};
use super::rules;
use super::values::{Refusal, Syntax};
use super::vocabulary::Vocabulary;
use super::warning::WarningKind;
use crate::meaning::{self, Taken};
use crate::mend::{Mend, Surroundings, looks_like_path, mend_path, mend_points};

/// Attributes that have passed.
pub(super) type Attributes = Vec<(&'static str, String)>;

impl Builder<'_> {
    pub(super) fn attributes(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        element: &'static str,
        position: u64,
    ) -> Result<(Attributes, Block), ParseError> {
        let mut out = Attributes::new();
        let mut style = Block::default();
        let mut lost_path = None;
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
                if element == "image" {
                    self.warnings.add(WarningKind::Image, "image");
                    continue;
                }
                return Err(ParseError::AttributeTooLong {
                    element: element.to_owned(),
                    attribute: printable(attribute.key.as_ref(), MAX_NAME),
                    found: attribute.value.len(),
                    limit: self.limits.attribute_bytes,
                });
            }
            self.go_to(attribute.key.as_ref());
            let name = self.attribute_name(reader, attribute.key, element);
            let is_lost_path = name.is_none() && element == "path" && lost_path.is_none();
            if name.is_none() && !is_lost_path {
                continue;
            }
            let value = attribute
                .normalized_value_with(quick_xml::XmlVersion::Implicit1_0, 1, resolve_xml_entity)
                .map_err(|error| match error {
                    quick_xml::Error::Escape(EscapeError::UnrecognizedEntity(..)) => {
                        ParseError::Entities
                    }
                    other => malformed(other.to_string()),
                })?;
            let Some((name, is_mended)) = name else {
                if looks_like_path(&value) {
                    lost_path = Some(value.into_owned());
                }
                continue;
            };
            if name == "style" {
                style = self.cleaner().attribute(&value)?;
            } else if element == "image" && name == "href" && is_embedded(&value) {
                out.push((name, value.into_owned()));
            } else if matches!(name, "rx" | "ry") && value.trim() == "auto" {
                // A word of style sheets: as an attribute browsers take it for nothing.
                out.push((name, "0".to_owned()));
            } else if let Some(value) = self.attribute_value(name, &value)? {
                match out.iter_mut().find(|(known, _)| *known == name) {
                    // `href` comes with and without a namespace; the plain one wins. A name that
                    // was right wins over one that was not.
                    Some((_, old)) if attribute.key.prefix().is_none() && !is_mended => {
                        *old = value;
                    }
                    Some(_) => {}
                    None => out.push((name, value)),
                }
            }
        }
        if element == "path" && !out.iter().any(|(name, _)| *name == "d") {
            self.find_path_data(&mut out, lost_path)?;
        }
        Ok((out, style))
    }

    /// Path data that stands in another attribute, of a path that has none.
    fn find_path_data(
        &mut self,
        out: &mut Attributes,
        lost: Option<String>,
    ) -> Result<(), ParseError> {
        let (wrong, data) = match lost {
            Some(data) => ("?", Some(data)),
            None => {
                let found = out.iter().position(|(name, value)| {
                    matches!(*name, "id" | "class" | "data-name" | "points")
                        && looks_like_path(value)
                });
                match found.map(|found| out.remove(found)) {
                    Some((name, data)) => (name, Some(data)),
                    None => return Ok(()),
                }
            }
        };
        if let Some(data) = data {
            self.warnings
                .mend(Mend::AttributeName, &format!("{wrong} → d"));
            if let Some(data) = self.attribute_value("d", &data)? {
                out.push(("d", data));
            }
        }
        Ok(())
    }

    /// The name under which an attribute passes, and whether it was misspelt.
    fn attribute_name(
        &mut self,
        reader: &NsReader<&[u8]>,
        key: QName<'_>,
        element: &str,
    ) -> Option<(&'static str, bool)> {
        let (namespace, local) = reader.resolver().resolve_attribute(key);
        let local: &str = local.as_ref();
        let vocabulary = Vocabulary::of(&namespace);
        if let ResolveResult::Unknown(prefix) = &namespace
            && vocabulary != Vocabulary::Other
        {
            self.warnings.mend(Mend::Prefix, prefix);
        }
        let known = match (vocabulary, local) {
            (Vocabulary::None, "href") | (Vocabulary::Xlink, "href") => {
                if takes_reference(element) {
                    return Some(("href", false));
                }
                self.warnings.add(WarningKind::ExternalReference, "href");
                None
            }
            (Vocabulary::None, _) => {
                let known = rules::attribute(local);
                if known.is_none() && !rules::is_inert_attribute(local) {
                    if let Some(meant) = self.speller.attribute(local) {
                        self.warnings
                            .mend(Mend::AttributeName, &format!("{local} → {meant}"));
                        // The namespace is taken for granted, and links are taken away.
                        let passes =
                            meant != "xmlns" && (meant != "href" || takes_reference(element));
                        return passes.then_some((meant, true));
                    }
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
        };
        known.map(|name| (name, false))
    }

    /// The value with which an attribute passes.
    fn attribute_value(
        &mut self,
        name: &'static str,
        value: &str,
    ) -> Result<Option<String>, ParseError> {
        let value = without_controls(value);
        if name == "id" {
            // References are looked up without the spaces around them.
            let id = value.trim();
            if !id.is_empty() && !self.ids.insert(id.to_owned()) {
                self.warnings.mend(Mend::RepeatedId, id);
            }
            return Ok(Some(id.to_owned()));
        }
        if let Some(mended) = self.mended(name, &value)? {
            return Ok(self.checked(name, mended.into()));
        }
        Ok(self.checked(name, value))
    }

    fn cleaner(&mut self) -> Cleaner<'_> {
        Cleaner {
            profile: self.profile,
            warnings: self.warnings,
            meter: self.meter,
        }
    }

    /// A value as SVG has it, when it was not written so.
    fn mended(&mut self, name: &'static str, value: &str) -> Result<Option<String>, ParseError> {
        match name {
            "d" => {
                let root = self.tree.elements.first();
                let surroundings = Surroundings::of(|name| root?.attribute(name), self.guessed);
                let Some(mend) = mend_path(value, &surroundings, self.meter)? else {
                    return Ok(None);
                };
                self.guessed += mend.guessed;
                let start: String = value.chars().take(12).collect();
                if mend.separators {
                    self.warnings.mend(Mend::PathSeparators, &start);
                }
                if !mend.commands.is_empty() {
                    self.warnings.mend(Mend::PathCommands, &mend.commands);
                }
                if mend.is_cut_off {
                    self.warnings.mend(Mend::PathCutOff, &start);
                }
                Ok(Some(mend.data))
            }
            "points" => {
                let mended = mend_points(value);
                if mended.is_some() {
                    let start: String = value.chars().take(12).collect();
                    self.warnings.mend(Mend::PathSeparators, &start);
                }
                Ok(mended)
            }
            // Values of properties are mended where they are judged.
            _ => Ok(None),
        }
    }

    /// A value that may pass.
    fn checked(&mut self, name: &'static str, value: Cow<'_, str>) -> Option<String> {
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
        let mut cleaner = self.cleaner();
        let (value, refusal) = cleaner.value(name, &value, Syntax::Attribute);
        match refusal {
            None => Some(value.into_owned()),
            // Nothing is said.
            Some(Refusal::Unreadable) if value.trim().is_empty() => None,
            Some(refusal) => {
                cleaner.refuse(name, &value, refusal);
                None
            }
        }
    }
}

fn takes_reference(element: &str) -> bool {
    matches!(
        element,
        "use" | "textPath" | "linearGradient" | "radialGradient" | "pattern" | "filter" | "image"
    )
}

/// Whether a reference holds a picture itself.
fn is_embedded(reference: &str) -> bool {
    let start = reference.trim_start().get(..11);
    start.is_some_and(|start| start.eq_ignore_ascii_case("data:image/"))
}
