//! The sanitised document as a tree of elements, before it becomes text again.

use super::css::Block;
use super::printable::printable;
use crate::write::XLINK;
use crate::write::xml::XmlWriter;

/// A reference, by whichever name it came.
pub(super) const HREF: &str = "href";

/// An element's position in its tree.
pub(crate) type ElementIndex = usize;

/// Elements with their attributes, all names and values already allowed.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The first is the root.
    pub(crate) elements: Vec<Element>,
}

/// An element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    /// Name with its canonical prefix.
    pub(crate) name: &'static str,
    /// All but `style`.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// The attribute `style`.
    pub(crate) style: Block,
    pub(crate) children: Vec<Child>,
    /// The comment that heads this element and its siblings up to the next comment. Never written.
    pub(crate) comment: Option<Heading>,
    /// Whether it was a link, which is a group now.
    pub(crate) is_link: bool,
    /// Siblings directly before it that did not pass, which selectors count.
    pub(crate) removed_before: usize,
    /// Children after the last that passed which did not.
    pub(crate) removed_after: usize,
    /// What it is a copy of, made for one of its uses.
    pub(crate) copy_of: Option<ElementIndex>,
}

/// A comment that names what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Tells comments of the same words apart.
    pub(crate) number: usize,
    pub(crate) text: String,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub(crate) enum Child {
    Element(ElementIndex),
    Text(String),
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        match self.attributes.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name, value)),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| *key != name);
    }

    pub(crate) fn child_elements(&self) -> impl Iterator<Item = ElementIndex> + '_ {
        self.children.iter().filter_map(|child| match child {
            Child::Element(index) => Some(*index),
            Child::Text(_) => None,
        })
    }

    /// The name that selectors know it by.
    pub(super) fn local_name(&self) -> &'static str {
        if self.is_link { "a" } else { self.name }
    }

    /// The text directly inside.
    pub(crate) fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|child| match child {
            Child::Text(text) => Some(text.as_str()),
            Child::Element(_) => None,
        });
        texts.collect()
    }
}

impl Tree {
    /// The tree as SVG text.
    pub(crate) fn to_text(&self) -> String {
        let mut xml = XmlWriter::new(false);
        if !self.elements.is_empty() {
            self.write(&mut xml, 0);
        }
        xml.finish()
    }

    /// An element for people: its id, its label or its number.
    pub(crate) fn place(&self, index: ElementIndex) -> String {
        const MAX_NAME: usize = 40;
        let Some(element) = self.elements.get(index) else {
            return "the document".to_owned();
        };
        let name = ["id", "inkscape:label", "data-name", "class"]
            .iter()
            .find_map(|key| {
                Some((
                    key,
                    element.attribute(key).filter(|value| !value.is_empty())?,
                ))
            });
        match name {
            Some((key, value)) => format!(
                "<{} {key}=\"{}\">",
                element.name,
                printable(value, MAX_NAME)
            ),
            None => format!("<{}>, element number {}", element.name, index + 1),
        }
    }

    /// The child elements of an element with a name.
    pub(crate) fn named<'a>(
        &'a self,
        parent: &'a Element,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Element> + 'a {
        let elements = parent
            .child_elements()
            .filter_map(|index| self.elements.get(index));
        elements.filter(move |element| element.name == name)
    }

    fn write(&self, xml: &mut XmlWriter, index: ElementIndex) {
        let Some(element) = self.elements.get(index) else {
            return;
        };
        xml.start(element.name);
        if index == 0 {
            for (prefix, namespace) in self.namespaces() {
                xml.attribute(prefix, namespace);
            }
        }
        for (name, value) in &element.attributes {
            // Readers of SVG 1.1 know a reference by no other name.
            let name = if *name == HREF { "xlink:href" } else { name };
            xml.attribute(name, value);
        }
        if !element.style.is_empty() {
            xml.attribute("style", &element.style.text());
        }
        for child in &element.children {
            match child {
                Child::Element(index) => self.write(xml, *index),
                Child::Text(text) => xml.text(text),
            }
        }
        xml.end();
    }

    /// The namespaces that are used.
    fn namespaces(&self) -> Vec<(&'static str, &'static str)> {
        let uses = |prefix: &str| {
            self.elements.iter().any(|element| {
                element.name.starts_with(prefix)
                    || element
                        .attributes
                        .iter()
                        .any(|(name, _)| name.starts_with(prefix))
            })
        };
        let mut out = vec![("xmlns", super::SVG)];
        let has_links = |element: &Element| element.attribute(HREF).is_some();
        if self.elements.iter().any(has_links) {
            out.push(("xmlns:xlink", XLINK));
        }
        for (prefix, declaration, namespace) in super::VOCABULARIES {
            if uses(prefix) {
                out.push((declaration, namespace));
            }
        }
        out
    }
}
