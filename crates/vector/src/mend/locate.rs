//! Where the drawing is, in what else a text holds: prose, fences, another format.

use std::borrow::Cow;
use std::ops::Range;

use super::lexer::{attribute_at, element_at, name_at, spaces_at};
use super::names::Speller;
use super::positions::SourceMap;

/// What a text holds of a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The part of the text, which may go on behind the drawing.
    pub(super) range: Range<usize>,
    /// How it starts.
    pub(super) start: Start,
    /// Whether its end tag was found.
    pub(super) is_whole: bool,
    /// Tags in it: how much of a drawing it is.
    tags: usize,
}

/// How a drawing starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With `<` and a name.
    Tag,
    /// With a name that lacks its `<`.
    Name,
    /// With an element that should be inside an `<svg>`.
    Inside,
}

/// The drawings of a text, the best first: whole before broken off, later before earlier, but none
/// before one of more than twice its size.
pub(super) fn drawings(text: &str) -> Vec<Found> {
    let mut found = roots(text);
    if found.is_empty() {
        found.extend(misspelt_root(text).or_else(|| fragment(text)));
    }
    let largest = found.iter().map(|one| one.tags).max().unwrap_or(0);
    found.reverse();
    found.sort_by_key(|one| (2 * one.tags < largest, !one.is_whole));
    found
}

/// All outermost `<svg>` elements.
fn roots(text: &str) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let (mut depth, mut tags) = (0usize, 0usize);
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find(['<', '`'])) {
        at += next;
        let rest = text.get(at..).unwrap_or("");
        if rest.starts_with('`') {
            // A fence ends what is in it, closed or not.
            if rest.starts_with("```")
                && let Some((start, before)) = open.take()
            {
                out.push(Found {
                    range: start..at,
                    start: Start::Tag,
                    is_whole: false,
                    tags: tags - before,
                });
                depth = 0;
            }
            at += 1;
            continue;
        }
        tags += 1;
        let is_end = rest.starts_with("</");
        let name_start = at + if is_end { 2 } else { 1 };
        let is_root =
            name_at(text, name_start).is_some_and(|name| name.eq_ignore_ascii_case("svg"));
        at = name_start;
        match (is_root, is_end, open) {
            (true, false, None) => {
                open = Some((name_start - 1, tags - 1));
                depth = 1;
            }
            (true, false, Some(_)) => depth += 1,
            (true, true, Some((start, before))) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let after = at + "svg".len();
                    let close = spaces_at(text, after, text.len().min(after + 64));
                    let has_bracket = text
                        .get(after + close..)
                        .is_some_and(|rest| rest.starts_with('>'));
                    out.push(Found {
                        range: start..if has_bracket {
                            after + close + 1
                        } else {
                            after
                        },
                        start: Start::Tag,
                        is_whole: true,
                        tags: tags - before,
                    });
                    open = None;
                }
            }
            _ => {}
        }
    }
    if let Some((start, before)) = open {
        out.push(Found {
            range: start..text.len(),
            start: Start::Tag,
            is_whole: false,
            tags: tags - before,
        });
    }
    out
}

/// An `<svg>` without its `<`, or whose name is misspelt.
fn misspelt_root(text: &str) -> Option<Found> {
    let mut speller = Speller::default();
    let mut at = 0;
    while let Some(next) = text
        .get(at..)
        .and_then(|rest| rest.find(|c: char| c.is_ascii_alphabetic()))
    {
        at += next;
        let Some(name) = name_at(text, at) else {
            at += 1;
            continue;
        };
        let after = at + name.len();
        let has_bracket = text.get(..at).is_some_and(|before| before.ends_with('<'));
        let is_root = name.eq_ignore_ascii_case("svg")
            || has_bracket && name.len() <= 5 && speller.element(name) == Some("svg");
        if is_root && (has_bracket || opens_with_attribute(text, after)) {
            let (start, from) = if has_bracket {
                (Start::Tag, at - 1)
            } else {
                (Start::Name, at)
            };
            return Some(Found {
                range: from..text.len(),
                start,
                is_whole: false,
                tags: 1,
            });
        }
        at = after;
    }
    None
}

/// Whether an attribute follows, after spaces and a few stray characters.
fn opens_with_attribute(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or("");
    let start = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let skipped = rest.len() - start.len();
    (1..8).contains(&skipped) && attribute_at(text, at + skipped).is_some()
}

/// Elements of a drawing without a root.
fn fragment(text: &str) -> Option<Found> {
    let starts = text.match_indices('<').map(|(at, _)| at);
    let start = starts
        .filter(|at| element_at(text, at + 1).is_some_and(draws))
        .find(|at| {
            let name = name_at(text, at + 1).map_or(0, str::len);
            // A lone tag in prose has no attributes.
            text.get(at + 1 + name..)
                .is_some_and(|rest| rest.starts_with(char::is_whitespace))
        })?;
    Some(Found {
        range: start..text.len(),
        start: Start::Inside,
        is_whole: false,
        tags: 1,
    })
}

fn draws(name: &str) -> bool {
    matches!(
        name,
        "g" | "path"
            | "rect"
            | "circle"
            | "ellipse"
            | "line"
            | "polyline"
            | "polygon"
            | "text"
            | "defs"
            | "linearGradient"
            | "radialGradient"
    )
}

/// A text whose drawing is escaped as in JSON or in HTML, with its escapes undone.
pub(super) fn unescaped(text: &str) -> Option<(String, SourceMap)> {
    let is_json = text.contains("=\\\"");
    let is_html = !text.contains("<svg") && text.contains("&lt;svg");
    if !(is_json || is_html) {
        return None;
    }
    let escapes: &[(&str, &str)] = if is_json {
        &[
            ("\\\"", "\""),
            ("\\n", "\n"),
            ("\\t", "\t"),
            ("\\r", ""),
            ("\\/", "/"),
            ("\\u003c", "<"),
            ("\\u003e", ">"),
            ("\\u003C", "<"),
            ("\\u003E", ">"),
            ("\\\\", "\\"),
        ]
    } else {
        &[
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&apos;", "'"),
            ("&amp;", "&"),
        ]
    };
    let mark = if is_json { '\\' } else { '&' };
    let (mut out, mut map) = (String::with_capacity(text.len()), SourceMap::default());
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, escaped) = rest.split_at(at);
        out.push_str(before);
        let known = escapes.iter().find(|(from, _)| escaped.starts_with(from));
        let (from, to) = known.copied().unwrap_or((&escaped[..1], &escaped[..1]));
        out.push_str(to);
        rest = escaped.get(from.len()..).unwrap_or("");
        map.anchor(out.len(), text.len() - rest.len());
    }
    out.push_str(rest);
    Some((out, map))
}

/// The text around a drawing, when it is more than a prologue.
pub(super) fn around<'a>(text: &'a str, range: &Range<usize>) -> Option<Cow<'a, str>> {
    let before = text.get(..range.start).unwrap_or("").trim();
    let after = text.get(range.end..).unwrap_or("").trim();
    if !before.is_empty() && !before.starts_with('<') {
        return Some(before.into());
    }
    (!after.is_empty() && !after.starts_with("<!--")).then(|| after.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(text: &str) -> Option<&str> {
        let found = drawings(text);
        text.get(found.first()?.range.clone())
    }

    #[test]
    fn the_drawing_is_found() {
        for (text, expected) in [
            (
                "Here: <svg a='1'><g/></svg> Enjoy!",
                "<svg a='1'><g/></svg>",
            ),
            ("```svg\n<svg><g/>\n```\nThat is it", "<svg><g/>\n"),
            ("<svg>1</svg> better: <svg>2</svg>", "<svg>2</svg>"),
            (
                "<svg><g/><g/><g/></svg> as <svg>",
                "<svg><g/><g/><g/></svg>",
            ),
            ("<svg><svg></svg><g/></svg>x", "<svg><svg></svg><g/></svg>"),
            ("say svg xmlns='y'><g/>", "svg xmlns='y'><g/>"),
            ("<SVG width=3>", "<SVG width=3>"),
            ("<svgg width=3>", "<svgg width=3>"),
            ("see: <path d='M0 0'/>", "<path d='M0 0'/>"),
        ] {
            assert_eq!(best(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "hello",
            "an svg of 3 = 4",
            "<html/>",
            "use <path> there",
        ] {
            assert_eq!(best(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        let text = r#"{"svg": "<svg width=\"3\">\n</svg>"}"#;
        let (out, map) = unescaped(text).expect("escaped");
        assert_eq!(out, "{\"svg\": \"<svg width=\"3\">\n</svg>\"}");
        let end = out.find("</svg").expect("there");
        assert_eq!(Some(map.source(end)), text.find("</svg"));
        assert!(unescaped("<svg width='3'/>").is_none());
    }
}
