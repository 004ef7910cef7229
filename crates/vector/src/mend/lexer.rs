//! What stands at a place of broken markup: names, attributes, elements.

use crate::sanitise::rules;

/// Longest name that is looked for.
const MAX_NAME: usize = 40;

/// The name that starts at a place.
pub(super) fn name_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    let bytes = rest.as_bytes();
    if !bytes
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
    {
        return None;
    }
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    let length = bytes
        .iter()
        .take(4 * MAX_NAME)
        .position(|b| !is_part(b))
        .unwrap_or_else(|| bytes.len().min(4 * MAX_NAME));
    rest.get(..length)
}

/// The name of the attribute that starts at a place, with what follows its `=`.
pub(super) fn attribute_at(text: &str, at: usize) -> Option<(&str, usize)> {
    let name = name_at(text, at).filter(|name| name.len() <= MAX_NAME)?;
    let end = at + name.len();
    text.get(end..)?.starts_with('=').then_some((name, end + 1))
}

/// Whether an attribute starts at a place, as far as a value that stands before can tell: its name
/// is known, or a quote follows.
pub(super) fn surely_attribute_at(text: &str, at: usize) -> bool {
    attribute_at(text, at).is_some_and(|(name, value)| {
        let is_quoted = text
            .get(value..)
            .is_some_and(|rest| rest.starts_with(['"', '\'']));
        is_quoted
            || rules::attribute(name).is_some()
            || name.starts_with("xmlns")
            || name.starts_with("xlink:")
    })
}

/// The known element whose name stands at a place, by itself.
pub(super) fn element_at(text: &str, at: usize) -> Option<&'static str> {
    let name = name_at(text, at)?;
    match name {
        "a" => Some("g"),
        _ => rules::element(name),
    }
}

/// The length of the element's name at a place where a start tag lacks its `<`: attributes follow.
pub(super) fn start_tag_at(text: &str, at: usize) -> Option<usize> {
    element_at(text, at)?;
    let name = name_at(text, at)?;
    let rest = text.get(at + name.len()..)?;
    let after = rest.trim_start();
    let skipped = rest.len() - after.len();
    let is_tag = skipped > 0 && surely_attribute_at(text, at + name.len() + skipped);
    is_tag.then_some(name.len())
}

/// Whether text between tags hides a start tag that lacks its `<`.
pub(crate) fn hides_tag(text: &str) -> bool {
    if !text.contains('=') {
        return false;
    }
    let mut at = 0;
    while let Some(next) = text
        .get(at..)
        .and_then(|rest| rest.find(|c: char| c.is_ascii_alphabetic()))
    {
        at += next;
        if start_tag_at(text, at).is_some() {
            return true;
        }
        at += name_at(text, at).map_or(1, str::len);
    }
    false
}

/// The length of the element's name at a place behind `/` where an end tag lacks its `<`.
pub(super) fn end_tag_at(text: &str, at: usize, end: usize) -> Option<usize> {
    element_at(text, at)?;
    let length = name_at(text, at)?.len();
    let rest = text.get(at + length..end)?.trim_start();
    (rest.is_empty() || rest.starts_with(['>', '<'])).then_some(length)
}

/// The length of the run of spaces at a place.
pub(super) fn spaces_at(text: &str, at: usize, end: usize) -> usize {
    let rest = text.as_bytes().get(at..end).unwrap_or(&[]);
    rest.iter()
        .position(|b| !b.is_ascii_whitespace())
        .unwrap_or(rest.len())
}

/// Elements that hold other drawing elements.
pub(super) fn is_container(name: &str) -> bool {
    matches!(
        name,
        "svg" | "g" | "defs" | "symbol" | "clipPath" | "mask" | "marker" | "pattern" | "switch"
    )
}

/// Elements that draw, or hold what does, so that no shape or text can hold them.
pub(super) fn is_structure(name: &str) -> bool {
    is_container(name) || is_shape(name) || matches!(name, "linearGradient" | "radialGradient")
}

/// Elements that draw by themselves.
pub(super) fn is_shape(name: &str) -> bool {
    matches!(
        name,
        "path" | "rect" | "circle" | "ellipse" | "line" | "polyline" | "polygon" | "text" | "use"
    )
}

/// Elements whose text counts.
pub(super) fn holds_text(name: &str) -> bool {
    matches!(
        name,
        "text" | "tspan" | "textPath" | "title" | "desc" | "style"
    ) || name.contains(':')
}
