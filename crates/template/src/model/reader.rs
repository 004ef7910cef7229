//! Finds the SVG in what a model says, while it still says it. Pure.
//!
//! A scanner follows the tags from `<svg` on: what is open, what is complete, how many shapes there
//! are. Anything else around it (prose, fences) is passed over. What it gives is text for the
//! document reader, which decides what of it is safe and sound.

/// Elements that paint something by themselves.
const SHAPES: [&str; 9] = [
    "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "use",
];
/// Elements inside one another that are followed; deeper ones are left to the document reader.
const MAX_DEPTH: usize = 200;

/// Reads a reply as it arrives.
#[derive(Debug, Default)]
pub struct ReplyReader {
    text: String,
    scan: Option<Scan>,
}

/// The tags of one drawing, from its `<svg` on.
#[derive(Clone, Debug)]
struct Scan {
    /// Where the drawing begins in the text.
    start: usize,
    /// Up to where it has been read.
    at: usize,
    /// Up to where everything is complete.
    sound: usize,
    open: Vec<String>,
    shapes: usize,
    is_complete: bool,
}

impl ReplyReader {
    /// Takes in a piece of the reply.
    pub fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        loop {
            let Some(scan) = &mut self.scan else {
                // A tag may arrive in pieces.
                match find_root(&self.text, 0) {
                    Some(start) => self.scan = Some(Scan::at(start)),
                    None => return,
                }
                continue;
            };
            scan.read(&self.text);
            let next = find_root(&self.text, scan.start + 1);
            match next {
                // "I draw an <svg> of …": words about a drawing are none.
                Some(start) if scan.shapes == 0 && start <= scan.at => {
                    self.scan = Some(Scan::at(start));
                }
                _ => return,
            }
        }
    }

    /// All that was said.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many shapes are complete.
    pub fn shapes(&self) -> usize {
        self.scan.as_ref().map_or(0, |scan| scan.shapes)
    }

    /// The drawing so far, up to its last complete element and with what is open closed; `None`
    /// before its first shape.
    pub fn so_far(&self) -> Option<String> {
        let scan = self.scan.as_ref().filter(|scan| scan.shapes > 0)?;
        Some(scan.closed(&self.text))
    }

    /// The drawing of a reply that has ended: of several, the one with most shapes, and the later
    /// one of equals. A drawing without a root element is given one. `None` when there is none.
    pub fn finish(self) -> Option<String> {
        let text = unescaped(self.text);
        let mut best: Option<Scan> = None;
        let mut from = 0;
        while let Some(start) = find_root(&text, from) {
            let mut scan = Scan::at(start);
            scan.read(&text);
            from = if scan.is_complete { scan.at } else { start + 1 };
            let is_better = best.as_ref().is_none_or(|best| {
                scan.shapes > best.shapes || (scan.shapes == best.shapes && scan.is_complete)
            });
            if is_better {
                best = Some(scan);
            }
        }
        if let Some(scan) = best.filter(|scan| scan.shapes > 0) {
            return Some(scan.closed(&text));
        }
        rootless(&text)
    }
}

impl Scan {
    fn at(start: usize) -> Self {
        Self {
            start,
            at: start,
            sound: start,
            open: Vec::new(),
            shapes: 0,
            is_complete: false,
        }
    }

    /// Reads on as far as tags are complete.
    fn read(&mut self, text: &str) {
        while !self.is_complete {
            let Some(rest) = text.get(self.at..) else { return };
            let Some(opens) = rest.find('<') else { return };
            let Some(tag) = rest.get(opens..) else { return };
            let Some(length) = tag_length(tag) else { return };
            let whole = tag.get(..length).unwrap_or(tag);
            self.at += opens + length;
            self.take(whole);
            self.sound = self.at;
        }
    }

    fn take(&mut self, tag: &str) {
        if tag.starts_with("<!") || tag.starts_with("<?") {
            return;
        }
        let is_end = tag.starts_with("</");
        let name = name_of(tag);
        if name.is_empty() {
            return;
        }
        if is_end {
            // An end tag that nothing began is nothing.
            if let Some(place) = self.open.iter().rposition(|open| *open == name) {
                self.open.truncate(place);
                self.ended(&name);
            }
        } else if tag.ends_with("/>") {
            self.ended(&name);
        } else if self.open.len() < MAX_DEPTH {
            self.open.push(name);
        }
        self.is_complete = self.open.is_empty();
    }

    fn ended(&mut self, name: &str) {
        if SHAPES.contains(&name) {
            self.shapes += 1;
        }
    }

    fn closed(&self, text: &str) -> String {
        let mut closed = text.get(self.start..self.sound).unwrap_or_default().to_owned();
        for name in self.open.iter().rev() {
            closed.push_str("</");
            closed.push_str(name);
            closed.push('>');
        }
        closed
    }
}

/// Where the next `<svg` begins, in any case.
fn find_root(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = text.get(at..)?.find('<') {
        let start = at + found;
        let is_root = bytes
            .get(start + 1..start + 4)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"svg"));
        let after = bytes.get(start + 4);
        if is_root && after.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

/// The length of the tag, comment or the like at the start of the text, if it is complete.
fn tag_length(text: &str) -> Option<usize> {
    let ends_with = |mark: &str| text.find(mark).map(|at| at + mark.len());
    if text.starts_with("<!--") {
        return ends_with("-->");
    }
    if text.starts_with("<![CDATA[") {
        return ends_with("]]>");
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return Some(at + 1),
            // A tag that was never ended: the next begins.
            (None, b'<') => return Some(at),
            _ => {}
        }
    }
    None
}

/// The element that a tag names, without a prefix, in lower case.
fn name_of(tag: &str) -> String {
    let name: String = tag
        .trim_start_matches(['<', '/'])
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':' | '.'))
        .collect();
    let local = name.rsplit(':').next().unwrap_or_default();
    match local {
        // Names are case-sensitive; shapes and groups are all in lower case.
        local if SHAPES.iter().any(|shape| shape.eq_ignore_ascii_case(local)) => {
            local.to_ascii_lowercase()
        }
        _ => local.to_owned(),
    }
}

/// Text in which the tags themselves were escaped, unescaped.
fn unescaped(text: String) -> String {
    if find_root(&text, 0).is_none() && text.contains("&lt;svg") {
        return text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&");
    }
    text
}

/// Shapes that stand there without a root element.
fn rootless(text: &str) -> Option<String> {
    let start = text.match_indices('<').map(|(at, _)| at).find(|at| {
        let name = name_of(text.get(*at..).unwrap_or_default());
        name == "g" || SHAPES.contains(&name.as_str())
    })?;
    let wrapped = format!("<svg>{}", text.get(start..)?);
    let mut scan = Scan::at(0);
    scan.read(&wrapped);
    (scan.shapes > 0).then(|| scan.closed(&wrapped))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPLY: &str = "Here is it:\n```svg\n<svg viewBox=\"0 0 9 9\">\n<!-- > a <b> -->\n\
        <g id=\"x\"><rect width=\"1\" title=\"a>b\"/><path d=\"M0 0\"></path></g></svg>\n```\nEnjoy!";

    fn read(text: &str) -> Option<String> {
        let mut reader = ReplyReader::default();
        reader.push(text);
        reader.finish()
    }

    #[test]
    fn a_drawing_is_found_among_prose_and_fences() {
        let found = read(REPLY).unwrap();
        assert!(found.starts_with("<svg ") && found.ends_with("</g></svg>"), "{found}");
    }

    #[test]
    fn shapes_count_when_they_are_complete_and_what_is_open_is_closed() {
        let mut reader = ReplyReader::default();
        reader.push("<sv");
        reader.push("g><g><rect wid");
        assert_eq!((reader.shapes(), reader.so_far()), (0, None));
        reader.push("th='1'/><path d='M0");
        assert_eq!(reader.shapes(), 1);
        assert_eq!(reader.so_far().as_deref(), Some("<svg><g><rect width='1'/></g></svg>"));
        assert_eq!(reader.finish().as_deref(), Some("<svg><g><rect width='1'/></g></svg>"));
    }

    #[test]
    fn of_several_drawings_the_fullest_counts_and_the_later_of_equals() {
        let two = "<svg><rect/></svg> better: <svg><rect/><circle/></svg>";
        assert_eq!(read(two).as_deref(), Some("<svg><rect/><circle/></svg>"));
        let equal = "<svg><rect/></svg> or <svg><circle/></svg>";
        assert_eq!(read(equal).as_deref(), Some("<svg><circle/></svg>"));
        let words = "I use an <svg> element.\n<svg><circle/></svg>";
        assert_eq!(read(words).as_deref(), Some("<svg><circle/></svg>"));
    }

    #[test]
    fn shapes_without_a_root_and_escaped_tags_are_found_too() {
        assert_eq!(read("try <path d='M0 0'/>").as_deref(), Some("<svg><path d='M0 0'/></svg>"));
        let escaped = "&lt;svg&gt;&lt;rect width=&quot;1&quot;/&gt;&lt;/svg&gt;";
        assert_eq!(read(escaped).as_deref(), Some("<svg><rect width=\"1\"/></svg>"));
        assert_eq!(read("I cannot draw that, <sorry>."), None);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(cut in 0usize..REPLY.len()) {
            prop_assume!(REPLY.is_char_boundary(cut));
            let (first, second) = REPLY.split_at(cut);
            let mut reader = ReplyReader::default();
            reader.push(first);
            reader.push(second);
            prop_assert_eq!(reader.shapes(), 2);
            prop_assert_eq!(reader.finish(), read(REPLY));
        }

        #[test]
        fn no_text_panics(text in "(<svg|<|/|>|'|\"|g|rect| |ü|<!--|-->|&lt;svg|]]>|<!\\[CDATA\\[){0,40}") {
            let mut reader = ReplyReader::default();
            for character in text.chars() {
                reader.push(&character.to_string());
                let _ = reader.so_far();
            }
            let _ = reader.finish();
        }
    }
}
