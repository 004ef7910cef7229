//! From broken markup to well-formed XML. Names and values stay as they are; what the result is
//! made of is checked piece by piece, so that it is well-formed whatever comes in.

mod output;
mod text;
mod values;

use crate::sanitise::{Meter, ParseError, ParseLimits, Warnings, printable};

use super::Mend;
use super::lexer::{end_tag_at, holds_text, name_at, spaces_at, start_tag_at};
use super::locate::{self, Found, Start};
use super::names::Speller;
use super::positions::SourceMap;

use text::{escape_into, is_fence};
use values::Ended;

/// How many open elements an end tag looks through.
const MAX_LOOK_BACK: usize = 64;
/// Longest subject that a mend quotes, in characters.
const MAX_QUOTE: usize = 24;

/// Text that has been made well-formed, and where its parts come from.
#[derive(Debug)]
pub(crate) struct WellFormed {
    pub(crate) text: String,
    pub(crate) map: SourceMap,
}

/// How many drawings a text holds.
pub(crate) fn drawings(text: &str) -> usize {
    match locate::unescaped(text) {
        Some((unescaped, _)) => locate::drawings(&unescaped).len(),
        None => locate::drawings(text).len(),
    }
}

/// The drawing of a text as well-formed XML: of several the one with this rank, best first. `None`
/// when there is none, or when it declares entities, which are never resolved.
pub(crate) fn well_formed(
    text: &str,
    rank: usize,
    limits: &ParseLimits,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<Option<WellFormed>, ParseError> {
    meter.add(2 * text.len())?;
    if text.contains("<!ENTITY") {
        return Ok(None);
    }
    let Some((unescaped, outer)) = locate::unescaped(text) else {
        return scan(text, rank, limits, warnings, meter);
    };
    warnings.go_to(0);
    warnings.mend(Mend::Escapes, "svg");
    let found = warnings.mapped(&outer, |inner| scan(&unescaped, rank, limits, inner, meter))?;
    Ok(found.map(|found| WellFormed {
        map: found.map.behind(&outer),
        ..found
    }))
}

fn scan(
    text: &str,
    rank: usize,
    limits: &ParseLimits,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<Option<WellFormed>, ParseError> {
    let drawings = locate::drawings(text);
    let Some(found) = drawings.get(rank) else {
        return Ok(None);
    };
    warnings.go_to(found.range.start);
    if drawings.len() > 1 {
        warnings.mend(Mend::Choice, &format!("{} drawings", drawings.len()));
    } else if let Some(around) = locate::around(text, &found.range) {
        warnings.mend(Mend::Surroundings, &quote(&around));
    }
    let mut scanner = Scanner {
        text,
        at: found.range.start,
        end: found.range.end,
        out: String::with_capacity(found.range.len() + 64),
        map: SourceMap::default(),
        open: Vec::new(),
        shapes: 0,
        missing: Missing::default(),
        speller: Speller::default(),
        limits,
        warnings,
        meter,
    };
    scanner.run(found)?;
    Ok(Some(WellFormed {
        text: scanner.out,
        map: scanner.map,
    }))
}

/// The beginning of a text, for a message.
fn quote(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = printable(&line, MAX_QUOTE);
    if cut.len() < line.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

/// An element that is open in the result.
struct Open<'a> {
    /// Its name as it was written.
    name: &'a str,
    /// What it is taken for.
    meant: Option<&'static str>,
    /// Where it began.
    source: usize,
}

/// Marks that were looked for and are nowhere in the rest of the text.
#[derive(Default)]
struct Missing {
    comment_end: bool,
    section_end: bool,
    style_end: bool,
    script_end: bool,
}

/// What comes next.
enum Next {
    Content,
    /// A start tag whose name is here.
    StartTag,
    /// An end tag whose name is here.
    EndTag,
    /// The text ends inside a tag.
    Nothing,
}

struct Scanner<'a, 'b> {
    text: &'a str,
    at: usize,
    end: usize,
    out: String,
    map: SourceMap,
    open: Vec<Open<'a>>,
    shapes: usize,
    missing: Missing,
    speller: Speller,
    limits: &'b ParseLimits,
    warnings: &'b mut Warnings,
    meter: &'b Meter<'b>,
}

struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
    source: usize,
}

impl<'a> Scanner<'a, '_> {
    fn run(&mut self, found: &Found) -> Result<(), ParseError> {
        let mut next = match found.start {
            Start::Tag => Next::Content,
            Start::Name => {
                self.mend(Mend::Bracket, self.at, "svg");
                Next::StartTag
            }
            Start::Inside => {
                self.mend(Mend::Root, self.at, "svg");
                self.out.push_str("<svg>");
                self.push("svg", Some("svg"), self.at);
                Next::Content
            }
        };
        loop {
            let before = self.at;
            next = match next {
                Next::Nothing => break,
                Next::StartTag => self.start_tag()?,
                Next::EndTag => self.end_tag(),
                Next::Content if self.at >= self.end => break,
                Next::Content => self.content(),
            };
            self.meter.add(1 + self.at.saturating_sub(before))?;
            let is_over = self.open.is_empty() && !self.out.is_empty();
            if is_over && !matches!(next, Next::StartTag) {
                break;
            }
        }
        while self.open.len() > 1 {
            self.close(true);
        }
        self.close(found.start != Start::Inside);
        Ok(())
    }

    fn byte(&self, at: usize) -> Option<u8> {
        if at >= self.end {
            return None;
        }
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    fn mend(&mut self, mend: Mend, source: usize, subject: &str) {
        self.warnings.go_to(source);
        self.warnings.mend(mend, subject);
    }

    /// A mend of a missing or stray mark, with what stands there.
    fn mend_here(&mut self, mend: Mend, source: usize) {
        let shown: String = self
            .text
            .get(source..self.end)
            .unwrap_or("")
            .chars()
            .take(12)
            .collect();
        self.mend(mend, source, &quote(&shown));
    }

    fn content(&mut self) -> Next {
        let rest = self.rest();
        let length = rest.find('<').unwrap_or(rest.len());
        if length > 0 {
            return self.characters(length);
        }
        let start = self.at;
        if rest.starts_with("<!--") {
            self.comment(start + 4);
        } else if rest.starts_with("<![CDATA[") {
            self.section(start + 9);
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            let limit = rest.find(['>', '\n']).map_or(rest.len(), |end| end + 1);
            self.at += limit;
        } else {
            let is_end = rest.starts_with("</");
            let mark = if is_end { 2 } else { 1 };
            // Models put spaces there at times.
            let name = start + mark + spaces_at(self.text, start + mark, self.end.min(start + 4));
            if name_at(self.text, name).is_some() {
                self.at = name;
                return if is_end { Next::EndTag } else { Next::StartTag };
            }
            self.mend_here(Mend::StrayCharacters, start);
            self.at += 1;
        }
        Next::Content
    }

    /// Text up to the next `<`, in which a tag may hide that lacks its own.
    fn characters(&mut self, length: usize) -> Next {
        let (start, end) = (self.at, self.at + length);
        let holds_text = self
            .open
            .last()
            .and_then(|open| open.meant)
            .is_some_and(holds_text);
        let mut at = start;
        let mut is_word_start = true;
        let mut next = Next::Content;
        while at < end {
            let byte = self.byte(at).unwrap_or(b' ');
            if byte == b'/' && end_tag_at(self.text, at + 1, self.end).is_some() {
                next = Next::EndTag;
                break;
            }
            if is_word_start && byte.is_ascii_alphabetic() && !holds_text {
                if start_tag_at(self.text, at).is_some() {
                    next = Next::StartTag;
                    break;
                }
                at += name_at(self.text, at).map_or(1, str::len);
                is_word_start = false;
                continue;
            }
            if byte == b'`' && is_fence(self.text, at) {
                self.at = self.end;
                self.emit_text(start, at, holds_text);
                return Next::Content;
            }
            is_word_start = !byte.is_ascii_alphanumeric();
            at += 1;
        }
        self.emit_text(start, at.min(end), holds_text);
        self.at = at.min(end);
        if !matches!(next, Next::Content) {
            self.mend_here(Mend::Bracket, at);
        }
        if matches!(next, Next::EndTag) {
            self.at += 1;
        }
        next
    }

    fn emit_text(&mut self, start: usize, end: usize, is_kept: bool) {
        let Some(text) = self.text.get(start..end).filter(|_| is_kept) else {
            return;
        };
        self.map.anchor(self.out.len(), start);
        escape_into(&mut self.out, text, start, self.warnings);
    }

    fn comment(&mut self, start: usize) {
        let rest = self.text.get(start..self.end).unwrap_or("");
        let end = if self.missing.comment_end {
            None
        } else {
            rest.find("-->")
        };
        let Some(length) = end else {
            // Without an end it would hide all that follows; it hides its line.
            self.missing.comment_end = true;
            self.mend_here(Mend::Unclosed, start - 4);
            self.at = start + rest.find(['>', '\n', '<']).unwrap_or(rest.len());
            return;
        };
        self.at = start + length + 3;
        let comment = rest.get(..length).unwrap_or("");
        if !self.open.is_empty() && !comment.contains("--") && !comment.ends_with('-') {
            self.map.anchor(self.out.len(), start - 4);
            self.out.push_str("<!--");
            self.out.extend(comment.chars().filter(|c| !c.is_control()));
            self.out.push_str("-->");
        }
    }

    fn section(&mut self, start: usize) {
        let rest = self.text.get(start..self.end).unwrap_or("");
        let end = if self.missing.section_end {
            None
        } else {
            rest.find("]]>")
        };
        self.missing.section_end |= end.is_none();
        let length = end.unwrap_or(0);
        let holds_text = self
            .open
            .last()
            .and_then(|open| open.meant)
            .is_some_and(holds_text);
        if let Some(text) = rest.get(..length).filter(|_| holds_text) {
            self.map.anchor(self.out.len(), start);
            // In a section nothing is an entity.
            self.out.push_str(&quick_xml::escape::escape(text));
        }
        self.at = start + length + if end.is_some() { 3 } else { 0 };
    }

    fn end_tag(&mut self) -> Next {
        let start = self.at;
        let Some(name) = name_at(self.text, start) else {
            return Next::Content;
        };
        self.at += name.len();
        let meant = self.meaning(name);
        let position = self
            .open
            .iter()
            .rev()
            .take(MAX_LOOK_BACK)
            .position(|open| open.name == name || meant.is_some() && open.meant == meant);
        match position {
            Some(above) => {
                for _ in 0..above {
                    self.close(true);
                }
                self.close(false);
            }
            None => self.mend(Mend::EndTag, start, name),
        }
        self.end_of_end_tag();
        Next::Content
    }

    /// Goes behind the `>` of an end tag, if there is one.
    fn end_of_end_tag(&mut self) {
        let rest = self.rest();
        let stray = rest
            .find(|c: char| c == '>' || c == '<' || c.is_alphanumeric())
            .unwrap_or(rest.len());
        if rest.get(stray..).is_some_and(|rest| rest.starts_with('>')) {
            self.at += stray + 1;
        } else {
            self.mend_here(Mend::Bracket, self.at);
        }
    }

    fn meaning(&mut self, name: &str) -> Option<&'static str> {
        let local = name.strip_prefix("svg:").unwrap_or(name);
        crate::sanitise::rules::element(local).or_else(|| self.speller.element(local))
    }

    fn start_tag(&mut self) -> Result<Next, ParseError> {
        let source = self.at;
        let Some(name) = name_at(self.text, source) else {
            return Ok(Next::Content);
        };
        self.at += name.len();
        let mut attributes: Vec<Attribute<'a>> = Vec::new();
        let mut is_empty = false;
        let next = loop {
            self.at += spaces_at(self.text, self.at, self.end);
            let here = self.at;
            let Some(byte) = self.byte(here) else {
                break Next::Nothing;
            };
            match byte {
                b'>' => {
                    self.at += 1;
                    break Next::Content;
                }
                b'<' => {
                    self.mend_here(Mend::Bracket, here);
                    break Next::Content;
                }
                b'/' => {
                    is_empty = true;
                    self.at += 1;
                    if end_tag_at(self.text, here + 1, self.end).is_some() {
                        self.mend_here(Mend::Bracket, here);
                        break Next::EndTag;
                    }
                    if start_tag_at(self.text, here + 1).is_some() {
                        self.mend_here(Mend::Bracket, here);
                        break Next::StartTag;
                    }
                }
                _ if name_at(self.text, here).is_some() => {
                    if let Some((key, value)) = self.attribute_here() {
                        is_empty = false;
                        self.at = value;
                        let (value, ended) = self.value(&mut is_empty);
                        if !matches!(ended, Ended::CutOff) {
                            self.add(&mut attributes, key, value, here)?;
                        }
                        match ended {
                            Ended::Here => {}
                            Ended::BeforeTag => break Next::StartTag,
                            Ended::CutOff => {
                                self.cut_off(name, source, &mut attributes, key, value, here);
                                if attributes.is_empty() && self.shapes > 0 {
                                    return Ok(Next::Nothing);
                                }
                                break Next::Nothing;
                            }
                        }
                    } else if start_tag_at(self.text, here).is_some() {
                        self.mend_here(Mend::Bracket, here);
                        break Next::StartTag;
                    } else {
                        self.mend_here(Mend::NoValue, here);
                        self.at += name_at(self.text, here).map_or(1, str::len);
                    }
                }
                _ => self.stray(),
            }
        };
        self.open_tag(name, source, &attributes, is_empty)?;
        Ok(next)
    }

    fn add(
        &mut self,
        attributes: &mut Vec<Attribute<'a>>,
        name: &'a str,
        value: &'a str,
        source: usize,
    ) -> Result<(), ParseError> {
        self.meter.add(attributes.len())?;
        if attributes.iter().any(|known| known.name == name) {
            self.mend(Mend::RepeatedAttribute, source, name);
            return Ok(());
        }
        if attributes.len() >= self.limits.attributes {
            return Err(ParseError::TooManyAttributes {
                element: "svg".to_owned(),
                limit: self.limits.attributes,
            });
        }
        attributes.push(Attribute {
            name,
            value,
            source,
        });
        Ok(())
    }

    /// The text ends in a value. A shape is left out when others were whole; otherwise it is drawn
    /// as far as it goes.
    fn cut_off(
        &mut self,
        name: &'a str,
        source: usize,
        attributes: &mut Vec<Attribute<'a>>,
        key: &'a str,
        value: &'a str,
        place: usize,
    ) {
        self.mend(Mend::CutOff, source, name);
        if self.shapes > 0 {
            attributes.clear();
            return;
        }
        let is_new = attributes.iter().all(|known| known.name != key);
        if is_new && matches!(key, "d" | "points") {
            // The last number may be cut as well.
            let whole = value.rfind([' ', ',']).unwrap_or(0);
            attributes.push(Attribute {
                name: key,
                value: value.get(..whole).unwrap_or(""),
                source: place,
            });
        }
    }
}
