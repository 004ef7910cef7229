//! References inside a document: `url(#…)` in values, and `href`.

use std::collections::HashMap;

use super::tree::{ElementIndex, Tree};

/// The first element of each id.
pub(super) fn ids(tree: &Tree) -> HashMap<String, ElementIndex> {
    let mut ids = HashMap::new();
    for (index, element) in tree.elements.iter().enumerate() {
        if let Some(id) = element.attribute("id").filter(|id| !id.is_empty()) {
            ids.entry(id.to_owned()).or_insert(index);
        }
    }
    ids
}

/// The id that an `href` asks for.
pub(super) fn href(value: &str) -> Option<&str> {
    value.trim().strip_prefix('#')
}

/// The ids in all `url(#…)` of a value, in one pass over it. An id that readers could end at a
/// space or at a bracket is given both ways.
pub(crate) fn targets(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            let open = rest.find('(')?;
            let inside = rest.get(open + 1..)?;
            rest = inside;
            let inside = inside.trim_start();
            let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''));
            let inside = inside.trim_start_matches(['"', '\'']).trim_start();
            let Some(id) = inside.strip_prefix('#') else {
                // Nothing before this place opens another reference.
                rest = inside;
                continue;
            };
            let end = match quote {
                Some(quote) => id.find(quote),
                None => id.find(')'),
            };
            let (id, after) = id.split_at(end.unwrap_or(id.len()));
            rest = after;
            return Some(id.trim_end());
        }
    })
    .flat_map(|id| {
        let short = id.split([' ', ')']).next().filter(|short| *short != id);
        std::iter::once(id).chain(short)
    })
}

/// A value with the ids in its `url(#…)` renamed; `None` where nothing is.
pub(super) fn renamed(value: &str, names: &HashMap<String, String>) -> Option<String> {
    let mut out = String::new();
    // How much of the value is in `out`.
    let mut done = 0;
    for id in targets(value) {
        let Some(name) = names.get(id) else { continue };
        // Both are in the same text, one within the other.
        let at = id.as_ptr().addr() - value.as_ptr().addr();
        if at >= done {
            out.push_str(value.get(done..at)?);
            out.push_str(name);
            done = at + id.len();
        }
    }
    out.push_str(value.get(done..)?);
    (done > 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found() {
        for (value, expected) in [
            ("url(#a)", &["a"][..]),
            ("url( '#a' ) red", &["a"]),
            ("url(\"#a\") url(#b)", &["a", "b"]),
            ("URL(#a", &["a"]),
            ("url(#a b)", &["a b", "a"]),
            ("rotate(3) #fff", &[]),
            ("url(#a(#b)", &["a(#b"]),
            ("rgb(1,2,3) url(  #x )", &["x"]),
        ] {
            assert_eq!(targets(value).collect::<Vec<_>>(), expected, "{value}");
        }
        assert_eq!(href(" #a "), Some("a"));
    }

    #[test]
    fn a_long_value_is_gone_through_once() {
        // Quadratic, this would take minutes.
        let value = "(#".repeat(1_000_000);
        assert_eq!(targets(&value).count(), 1);
        let value = "(".repeat(2_000_000);
        assert_eq!(targets(&value).count(), 0);
    }
}
