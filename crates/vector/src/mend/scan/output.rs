//! What the scanner writes: tags that are well-formed whatever they are made of.

use super::text::escape_into;
use super::{Attribute, Open, Scanner};
use crate::mend::Mend;
use crate::mend::lexer::{is_container, is_shape, is_structure};
use crate::sanitise::ParseError;

impl<'a> Scanner<'a, '_> {
    pub(super) fn push(&mut self, name: &'a str, meant: Option<&'static str>, source: usize) {
        self.open.push(Open {
            name,
            meant,
            source,
        });
    }

    /// Closes the innermost element.
    pub(super) fn close(&mut self, is_mend: bool) {
        let Some(open) = self.open.pop() else { return };
        if is_mend {
            self.mend(Mend::Unclosed, open.source, open.name);
        }
        self.out.push_str("</");
        self.out.push_str(open.name);
        self.out.push('>');
    }

    /// Writes a start tag, after closing what cannot hold it.
    pub(super) fn open_tag(
        &mut self,
        name: &'a str,
        source: usize,
        attributes: &[Attribute<'a>],
        is_empty: bool,
    ) -> Result<(), ParseError> {
        let meant = self.meaning(name);
        if self.open.is_empty() && !self.out.is_empty() {
            return Ok(());
        }
        if meant.is_some_and(is_structure) {
            while self
                .open
                .last()
                .and_then(|open| open.meant)
                .is_some_and(|open| !is_container(open))
            {
                self.close(true);
            }
        }
        let name = if is_xml_name(name) { name } else { "g" };
        self.map.anchor(self.out.len(), source.saturating_sub(1));
        self.out.push('<');
        self.out.push_str(name);
        for attribute in attributes {
            if !is_xml_name(attribute.name) || is_reserved(attribute) {
                continue;
            }
            self.out.push(' ');
            self.map.anchor(self.out.len(), attribute.source);
            self.out.push_str(attribute.name);
            self.out.push_str("=\"");
            escape_into(
                &mut self.out,
                attribute.value,
                attribute.source,
                self.warnings,
            );
            self.out.push('"');
        }
        self.shapes += usize::from(meant.is_some_and(is_shape));
        self.out.push('>');
        self.push(name, meant, source);
        if is_empty && self.open.len() > 1 {
            self.close(false);
            return Ok(());
        }
        match name {
            "style" => self.raw_text("</style"),
            "script" => self.raw_text("</script"),
            _ => {}
        }
        Ok(())
    }

    /// Passes over what is text whatever it holds.
    fn raw_text(&mut self, end_mark: &str) {
        let is_style = end_mark == "</style";
        let missing = if is_style {
            &mut self.missing.style_end
        } else {
            &mut self.missing.script_end
        };
        if *missing {
            return;
        }
        let rest = self.text.get(self.at..self.end).unwrap_or("");
        let Some(length) = rest.find(end_mark) else {
            *missing = true;
            return;
        };
        let text = rest.get(..length).unwrap_or("");
        if is_style {
            let text = text
                .trim()
                .trim_start_matches("<![CDATA[")
                .trim_end_matches("]]>");
            self.out.push_str(&quick_xml::escape::escape(text));
        }
        self.at += length;
    }
}

/// Whether a name may stand in XML: at most one colon, inside.
fn is_xml_name(name: &str) -> bool {
    let mut parts = name.split(':');
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    parts.next().is_some_and(is_part) && parts.next().is_none_or(is_part) && parts.next().is_none()
}

/// Whether an attribute declares what may not be declared.
fn is_reserved(attribute: &Attribute<'_>) -> bool {
    let is_declaration = attribute.name == "xmlns" || attribute.name.starts_with("xmlns:");
    is_declaration
        && (matches!(attribute.name, "xmlns:xml" | "xmlns:xmlns")
            || attribute.value.trim().is_empty()
            || attribute.value.contains("www.w3.org/XML/1998")
            || attribute.value.contains("www.w3.org/2000/xmlns"))
}
