//! XML text: elements, attributes, escaping, indentation.

/// Builds a document element by element.
pub(crate) struct XmlWriter {
    out: String,
    indent: bool,
    /// Elements around what is written here.
    depth: usize,
    /// Names of the open elements.
    open: Vec<&'static str>,
    /// Whether the last start tag still lacks its `>`.
    in_tag: bool,
    /// Whether the innermost open element holds text, so that no space may be added.
    has_text: bool,
}

impl XmlWriter {
    pub(crate) fn new(indent: bool) -> Self {
        Self::nested(indent, 0)
    }

    /// A writer of a part that will stand `depth` elements deep.
    pub(crate) fn nested(indent: bool, depth: usize) -> Self {
        Self {
            out: String::new(),
            indent,
            depth,
            open: Vec::new(),
            in_tag: false,
            has_text: false,
        }
    }

    pub(crate) fn start(&mut self, name: &'static str) {
        self.finish_tag();
        self.new_line();
        self.out.push('<');
        self.out.push_str(name);
        self.open.push(name);
        self.in_tag = true;
    }

    /// Only directly after [`XmlWriter::start`] or another attribute.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value, true);
        self.out.push('"');
    }

    /// As [`XmlWriter::attribute`], for a value of our own making that needs no escape.
    pub(crate) fn plain_attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.out.push_str(value);
        self.out.push('"');
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.finish_tag();
        escape(&mut self.out, text, false);
        self.has_text = true;
    }

    pub(crate) fn end(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if self.in_tag {
            self.out.push_str("/>");
            self.in_tag = false;
        } else {
            if !self.has_text {
                self.new_line();
            }
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        self.has_text = false;
    }

    /// An element that holds only text.
    pub(crate) fn text_element(&mut self, name: &'static str, id: Option<&str>, text: &str) {
        self.start(name);
        if let Some(id) = id {
            self.plain_attribute("id", id);
        }
        self.text(text);
        self.end();
    }

    /// Appends an element that another writer made without indentation.
    pub(crate) fn raw(&mut self, element: &str) {
        self.finish_tag();
        self.new_line();
        self.out.push_str(element);
    }

    /// Appends what a [`XmlWriter::nested`] writer of this depth made.
    pub(crate) fn raw_nested(&mut self, part: &str) {
        if !part.is_empty() {
            self.finish_tag();
            self.out.push_str(part);
        }
    }

    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        if self.indent && self.depth == 0 {
            self.out.push('\n');
        }
        self.out
    }

    fn finish_tag(&mut self) {
        if self.in_tag {
            self.out.push('>');
            self.in_tag = false;
        }
    }

    fn new_line(&mut self) {
        let depth = self.depth + self.open.len();
        if self.indent && depth + self.out.len() > 0 {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', depth));
        }
    }
}

/// Escapes markup; characters that XML 1.0 cannot hold become U+FFFD.
fn escape(out: &mut String, text: &str, attribute: bool) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            // A parser would turn these into spaces or line feeds.
            '\n' | '\t' if attribute => push_reference(out, character),
            '\r' => push_reference(out, character),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

fn push_reference(out: &mut String, character: char) {
    use std::fmt::Write as _;
    let _ = write!(out, "&#{};", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_reads_back() {
        let nasty = "a<b> & \"c\"\r\n\t'd'";
        let mut writer = XmlWriter::new(true);
        writer.start("x");
        writer.attribute("a", nasty);
        writer.text_element("t", None, nasty);
        writer.end();
        let xml = writer.finish();
        let read = roxmltree::Document::parse(&xml).expect("well-formed");
        let root = read.root_element();
        assert_eq!(root.attribute("a"), Some(nasty));
        assert_eq!(
            root.first_element_child().and_then(|child| child.text()),
            Some(nasty)
        );
    }

    #[test]
    fn forbidden_characters_are_replaced() {
        let mut writer = XmlWriter::new(false);
        writer.text_element("t", None, "a\u{0}b\u{ffff}c\u{1b}");
        assert_eq!(writer.finish(), "<t>a\u{fffd}b\u{fffd}c\u{fffd}</t>");
    }
}
