//! Finds the SVG in what a model says, while it still says it. Pure.
//!
//! A scanner follows the tags from `<svg` on: what is open, what is complete, how many shapes there
//! are. Anything else around it (prose, fences) is passed over. What it gives is text for the
//! document reader, which decides what of it is safe and sound.

/// Elements that paint something by themselves.
const SHAPES: [&str; 9] = [
    "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "use",
];
/// How a drawing begins.
const ROOT: &[u8] = b"<svg";
/// Most bytes of a reply that are kept; a drawing is a hundredth of that.
const MAX_BYTES: usize = 4 << 20;
/// Most drawings in a reply that are looked at.
const MAX_DRAWINGS: usize = 16;
/// Elements inside one another that are followed; deeper ones are left to the document reader.
const MAX_DEPTH: usize = 200;

/// Reads a reply as it arrives. Every byte is looked at once.
#[derive(Debug, Default)]
pub struct ReplyReader {
    text: String,
    scan: Option<Scan>,
    /// Up to where the text has been searched for the beginning of a drawing.
    searched: usize,
}

/// The tags of one drawing, from its `<svg` on.
#[derive(Clone, Debug)]
struct Scan {
    /// Where the drawing begins in the text.
    start: usize,
    /// Up to where it has been read.
    at: usize,
    /// What is being read there.
    within: Within,
    /// Up to where everything is complete.
    sound: usize,
    open: Vec<String>,
    shapes: usize,
    is_complete: bool,
}

/// Where in the markup a scan is.
#[derive(Clone, Copy, Debug)]
enum Within {
    /// Between tags.
    Text,
    /// In a tag that began there, perhaps within quotes.
    Tag { start: usize, quote: Option<u8> },
    /// In something that ends with a mark only: a comment, a block of character data.
    Block { mark: &'static [u8] },
}

impl ReplyReader {
    /// Takes in a piece of the reply.
    pub fn push(&mut self, piece: &str) {
        if self.text.len() + piece.len() > MAX_BYTES {
            return;
        }
        push_plain(&mut self.text, piece);
        let bytes = self.text.as_bytes();
        loop {
            let found = find_root(bytes, self.searched);
            // A tag may arrive in pieces.
            let next = bytes.len().saturating_sub(ROOT.len()).max(self.searched);
            self.searched = found.map_or(next, |start| start + 1);
            match (&mut self.scan, found) {
                (None, Some(start)) => self.scan = Some(Scan::at(start)),
                (Some(scan), Some(start)) => {
                    scan.read(bytes.get(..start).unwrap_or_default());
                    // "I draw an <svg> of …": words about a drawing are none.
                    if scan.shapes == 0 {
                        self.scan = Some(Scan::at(start));
                    }
                }
                (scan, None) => {
                    if let Some(scan) = scan {
                        scan.read(bytes);
                    }
                    return;
                }
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
        let bytes = text.as_bytes();
        let mut best: Option<Scan> = None;
        let mut from = 0;
        for _ in 0..MAX_DRAWINGS {
            let Some(start) = find_root(bytes, from) else {
                break;
            };
            let mut scan = Scan::at(start);
            scan.read(bytes);
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
            within: Within::Text,
            sound: start,
            open: Vec::new(),
            shapes: 0,
            is_complete: false,
        }
    }

    /// Reads on to the end of what there is.
    fn read(&mut self, bytes: &[u8]) {
        while !self.is_complete {
            let Some(rest) = bytes.get(self.at..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            match self.within {
                Within::Text => {
                    let Some(opens) = rest.iter().position(|byte| *byte == b'<') else {
                        self.at = bytes.len();
                        return;
                    };
                    self.at += opens;
                    let tag = rest.get(opens..).unwrap_or_default();
                    match Within::of(tag, self.at) {
                        Some((within, length)) => {
                            self.within = within;
                            self.at += length;
                        }
                        // Not enough of it is there to tell.
                        None => return,
                    }
                }
                Within::Block { mark } => {
                    let found = rest.windows(mark.len()).position(|part| part == mark);
                    let Some(ends) = found else {
                        self.at += rest.len().saturating_sub(mark.len() - 1);
                        return;
                    };
                    self.at += ends + mark.len();
                    self.completed();
                }
                Within::Tag { start, quote } => {
                    let Some((end, next)) = self.tag_end(rest, quote) else {
                        return;
                    };
                    let whole = bytes.get(start..end).unwrap_or_default();
                    self.at = next;
                    let whole = String::from_utf8_lossy(whole).into_owned();
                    self.take(&whole);
                    self.completed();
                }
            }
        }
    }

    fn completed(&mut self) {
        self.within = Within::Text;
        self.sound = self.at;
    }

    /// Where the tag ends and where reading goes on; `None` when that is not there yet.
    fn tag_end(&mut self, rest: &[u8], mut quote: Option<u8>) -> Option<(usize, usize)> {
        for (offset, byte) in rest.iter().copied().enumerate() {
            let place = self.at + offset;
            match (quote, byte) {
                // No value holds it: the tag, or a quotation in it, was never ended.
                (_, b'<') => return Some((place, place)),
                (None, b'>') => return Some((place + 1, place + 1)),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        if let Within::Tag { quote: known, .. } = &mut self.within {
            *known = quote;
        }
        self.at += rest.len();
        None
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
                self.end_from(place);
            }
        } else {
            self.end_shape_before(&name);
            if tag.ends_with("/>") {
                self.ended(&name);
            } else if self.open.len() < MAX_DEPTH {
                self.open.push(name);
            }
        }
        self.is_complete = self.open.is_empty();
    }

    /// Ends the open element at a place, and with it all inside that were never ended.
    fn end_from(&mut self, place: usize) {
        for name in self.open.split_off(place) {
            self.ended(&name);
        }
    }

    /// A shape that was never ended is over where the next shape or group begins: it holds none.
    fn end_shape_before(&mut self, name: &str) {
        let begins_another = name == "g" || SHAPES.contains(&name);
        let is_shape = |open: &String| SHAPES.contains(&open.as_str());
        if begins_another && self.open.last().is_some_and(is_shape) {
            self.end_from(self.open.len() - 1);
        }
    }

    fn ended(&mut self, name: &str) {
        if SHAPES.contains(&name) {
            self.shapes += 1;
        }
    }

    fn closed(&self, text: &str) -> String {
        let mut closed = text
            .get(self.start..self.sound)
            .unwrap_or_default()
            .to_owned();
        for name in self.open.iter().rev() {
            closed.push_str("</");
            closed.push_str(name);
            closed.push('>');
        }
        closed
    }
}

impl Within {
    /// What begins with this `<`, which stands at `start`, and how much of it that tells; `None`
    /// when it cannot be told yet.
    fn of(tag: &[u8], start: usize) -> Option<(Self, usize)> {
        const BLOCKS: [(&[u8], &[u8]); 2] = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>")];
        for (begins, mark) in BLOCKS {
            if tag.starts_with(begins) {
                return Some((Self::Block { mark }, begins.len()));
            }
            if begins.starts_with(tag) {
                return None;
            }
        }
        Some((Self::Tag { start, quote: None }, 1))
    }
}

/// Appends a piece with plain spaces: tags stand apart by no others, and models write some.
fn push_plain(text: &mut String, piece: &str) {
    if piece.is_ascii() {
        text.push_str(piece);
        return;
    }
    text.extend(piece.chars().filter_map(|character| match character {
        // Of no width at all.
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => None,
        _ if character.is_whitespace() && !character.is_ascii() => Some(' '),
        _ => Some(character),
    }));
}

/// Where the next `<svg` begins, in any case.
fn find_root(bytes: &[u8], from: usize) -> Option<usize> {
    let starts = bytes.get(from..)?.windows(ROOT.len() + 1);
    let found = starts.enumerate().find(|(_, part)| {
        let (name, after) = part.split_at(ROOT.len());
        let ends = after
            .first()
            .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        ends && name.eq_ignore_ascii_case(ROOT)
    });
    found.map(|(offset, _)| from + offset)
}

/// The element that a tag names, without a prefix, in lower case.
fn name_of(tag: &str) -> String {
    let name: String = tag
        .trim_start_matches(['<', '/'])
        .chars()
        .take_while(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':' | '.')
        })
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
    if find_root(text.as_bytes(), 0).is_none() && text.contains("&lt;svg") {
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
    scan.read(wrapped.as_bytes());
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
        assert!(
            found.starts_with("<svg ") && found.ends_with("</g></svg>"),
            "{found}"
        );
    }

    #[test]
    fn shapes_count_when_they_are_complete_and_what_is_open_is_closed() {
        let mut reader = ReplyReader::default();
        reader.push("<sv");
        reader.push("g><g><rect wid");
        assert_eq!((reader.shapes(), reader.so_far()), (0, None));
        reader.push("th='1'/><path d='M0");
        assert_eq!(reader.shapes(), 1);
        assert_eq!(
            reader.so_far().as_deref(),
            Some("<svg><g><rect width='1'/></g></svg>")
        );
        assert_eq!(
            reader.finish().as_deref(),
            Some("<svg><g><rect width='1'/></g></svg>")
        );
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
    fn a_quotation_that_is_never_closed_takes_no_other_element_with_it() {
        let reply = "<svg><rect id=\"a width=\"1\"/><circle r=\"2\"/></svg>";
        let found = read(reply).unwrap();
        assert!(
            found.contains("<circle") && found.ends_with("</svg>"),
            "{found}"
        );
    }

    #[test]
    fn shapes_that_are_never_ended_count_where_the_next_one_begins_or_the_group_ends() {
        let mut reader = ReplyReader::default();
        reader.push("<svg><g><rect width='1'><circle r='2'>");
        assert_eq!(reader.shapes(), 1);
        reader.push("</g></svg>");
        assert_eq!(reader.shapes(), 2);
    }

    #[test]
    fn spaces_of_any_kind_keep_attributes_apart() {
        assert_eq!(
            read("<svg\u{a0}a='1'><rect\u{2009}\u{200b}width='1'/></svg>").as_deref(),
            Some("<svg a='1'><rect width='1'/></svg>")
        );
    }

    #[test]
    fn shapes_without_a_root_and_escaped_tags_are_found_too() {
        assert_eq!(
            read("try <path d='M0 0'/>").as_deref(),
            Some("<svg><path d='M0 0'/></svg>")
        );
        let escaped = "&lt;svg&gt;&lt;rect width=&quot;1&quot;/&gt;&lt;/svg&gt;";
        assert_eq!(
            read(escaped).as_deref(),
            Some("<svg><rect width=\"1\"/></svg>")
        );
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
