//! Ids that no other document in the same page has. Those that something refers to are renamed,
//! with all that refers to them; with a prefix of the caller's all are.

use std::collections::{HashMap, HashSet};

use super::references;
use super::tree::{Child, Element, HREF, Tree};
use crate::names::{IdPrefix, prefixed};
use crate::write::fingerprint::{hash, without_hash};

/// From each id to the one that takes its place.
type Names = HashMap<String, String>;

/// Makes ids begin with a prefix, or those that are referred to end in a hash of the document. Done
/// again, it changes nothing.
pub(super) fn mark(tree: &mut Tree, prefix: Option<&IdPrefix>) {
    match prefix {
        Some(prefix) => {
            let names = references::ids(tree)
                .into_keys()
                .map(|id| (id.clone(), prefixed(&id, Some(prefix))));
            let names = distinct(names.collect());
            rename(tree, &names);
        }
        None => mark_by_hash(tree),
    }
}

fn mark_by_hash(tree: &mut Tree) {
    let places = references::ids(tree);
    let mut wanted = HashSet::new();
    for element in &tree.elements {
        for_references(element, &mut |id| {
            wanted.insert(id.to_owned());
        });
    }
    let mut referred: Vec<_> = places
        .iter()
        .filter(|(id, _)| wanted.contains(*id))
        .collect();
    if referred.is_empty() {
        return;
    }
    referred.sort_by_key(|(_, index)| **index);
    // Names that no file can have, so that the hash does not depend on what ids are called.
    let numbered: Names = referred
        .iter()
        .enumerate()
        .map(|(number, (id, _))| ((*id).clone(), format!("\0{number}")))
        .collect();
    let mut taken = HashSet::new();
    let stems: Vec<(String, String)> = referred
        .iter()
        .map(|(id, _)| {
            let number = numbered.get(*id).cloned().unwrap_or_default();
            (number, stem(id, &mut taken))
        })
        .collect();
    let others: HashSet<&String> = places.keys().filter(|id| !wanted.contains(*id)).collect();
    rename(tree, &numbered);
    let text = tree.to_text();
    let names = (0u8..=u8::MAX).map(|attempt| {
        let hash = hash(text.as_bytes(), attempt);
        let names = stems
            .iter()
            .map(|(number, stem)| (number.clone(), format!("{stem}-{hash}")));
        names.collect::<Names>()
    });
    let is_free = |names: &Names| names.values().all(|name| !others.contains(name));
    let mut names = names.peekable();
    let first = names.peek().cloned().unwrap_or_default();
    let names = names.find(is_free).unwrap_or(first);
    rename(tree, &names);
}

/// What an id is without a hash, or another name where that is taken.
fn stem(id: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2u64..).map(|number| format!("{id}-{number}"));
    let mut names = [without_hash(id).to_owned(), id.to_owned()]
        .into_iter()
        .chain(numbered);
    let free = names.find(|name| taken.insert(name.clone()));
    free.unwrap_or_default()
}

/// Names of which no two are equal: where a prefix makes one that another has, it is numbered.
fn distinct(names: Names) -> Names {
    let mut sorted: Vec<(String, String)> = names.into_iter().collect();
    // Those that stay first, so that they do.
    sorted.sort_by(|a, b| (a.0 != a.1, &a.0).cmp(&(b.0 != b.1, &b.0)));
    let mut taken = HashSet::new();
    let numbered = sorted.into_iter().map(|(old, new)| {
        let mut name = new.clone();
        let mut number = 2u64;
        while !taken.insert(name.clone()) {
            name = format!("{new}-{number}");
            number += 1;
        }
        (old, name)
    });
    numbered.collect()
}

/// Calls `found` with each id that an element refers to.
fn for_references(element: &Element, found: &mut dyn FnMut(&str)) {
    for (name, value) in &element.attributes {
        match *name {
            HREF => references::href(value).into_iter().for_each(&mut *found),
            "aria-labelledby" => value.split_whitespace().for_each(&mut *found),
            _ => references::targets(value).for_each(&mut *found),
        }
    }
    for declaration in &element.style.declarations {
        references::targets(&declaration.value).for_each(&mut *found);
    }
    if element.name == "style" {
        references::targets(&element.text()).for_each(&mut *found);
    }
}

fn rename(tree: &mut Tree, names: &Names) {
    for element in &mut tree.elements {
        for (name, value) in &mut element.attributes {
            let renamed = match *name {
                "id" => names.get(value).cloned(),
                HREF => references::href(value)
                    .and_then(|id| names.get(id))
                    .map(|id| format!("#{id}")),
                "aria-labelledby" => Some(listed(value, names)),
                _ => references::renamed(value, names),
            };
            if let Some(renamed) = renamed {
                *value = renamed;
            }
        }
        for declaration in &mut element.style.declarations {
            if let Some(renamed) = references::renamed(&declaration.value, names) {
                declaration.value = renamed.into();
            }
        }
        if element.name == "style" {
            for child in &mut element.children {
                if let Child::Text(text) = child {
                    *text = style_sheet(text, names);
                }
            }
        }
    }
}

fn listed(value: &str, names: &Names) -> String {
    let ids = value
        .split_whitespace()
        .map(|id| names.get(id).map_or(id, String::as_str));
    ids.collect::<Vec<_>>().join(" ")
}

/// A style sheet with ids renamed: in what stands before a `{` as selectors, elsewhere only in
/// `url(#…)`, since colours look like selectors.
fn style_sheet(text: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['{', '}', ';']) {
        if part.ends_with('{') {
            out.push_str(&selector(part, names));
        } else {
            out.push_str(&references::renamed(part, names).unwrap_or_else(|| part.to_owned()));
        }
    }
    out
}

fn selector(text: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('#');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\0');
        let end = part.find(|c| !is_name(c)).unwrap_or(part.len());
        let (id, rest) = part.split_at(end);
        out.push('#');
        out.push_str(names.get(id).map_or(id, String::as_str));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use crate::ParseLimits;
    use crate::sanitise::{sanitise, sanitise_prefixed};

    const HEAD: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>";

    fn clean(svg: &str) -> String {
        sanitise(svg.as_bytes(), &ParseLimits::default())
            .expect("is SVG")
            .svg
    }

    fn picture(color: &str) -> String {
        format!(
            "{HEAD}<style>#a{{stop-color:{color}}}.b{{fill:url(#g)}}</style><linearGradient id='g'>\
             <stop id='a'/></linearGradient><clipPath id='c'><path id='hill' d='M0 0h9v9z'/></clipPath>\
             <rect id='sky' class='b' width='9' height='9' clip-path='url(\"#c\")'/>\
             <use href='#hill' style='fill:url(#g)'/></svg>"
        )
    }

    #[test]
    fn only_what_is_referred_to_is_renamed_and_twice_is_as_once() {
        let once = clean(&picture("#aaa"));
        assert!(
            once.contains("id=\"sky\"") && once.contains("id=\"a\""),
            "{once}"
        );
        assert!(once.contains("#a{") && once.contains("#aaa"), "{once}");
        for id in ["g", "c", "hill"] {
            assert!(!once.contains(&format!("#{id})")), "{once}");
            assert!(once.contains(&format!("id=\"{id}-")), "{once}");
        }
        assert!(once.contains("xlink:href=\"#hill-"), "{once}");
        assert_eq!(clean(&once), once);
    }

    #[test]
    fn other_content_has_other_ids() {
        let mark = |svg: &str| {
            let text = clean(svg);
            let (_, after) = text.split_once("id=\"g-").expect("is marked");
            after.chars().take(6).collect::<String>()
        };
        assert_eq!(mark(&picture("#aaa")), mark(&picture("#aaa")));
        assert_ne!(mark(&picture("#aaa")), mark(&picture("#bbb")));
        // What ids are called is no content.
        assert_eq!(
            mark(&picture("#aaa")),
            mark(&picture("#aaa").replace("#c", "#d").replace("'c'", "'d'"))
        );
    }

    #[test]
    fn ids_that_differ_in_their_hash_only_stay_apart() {
        let svg = format!(
            "{HEAD}<path id='a-012345' d='M0 0h1v1z'/><path id='a-bcdfgh' d='M3 0h1v1z'/>\
             <use href='#a-012345' x='1'/><use href='#a-bcdfgh' x='1'/></svg>"
        );
        let once = clean(&svg);
        assert_eq!(once.matches("xlink:href=\"#a-").count(), 2);
        assert_eq!(once.matches("id=\"a-").count(), 2);
        assert_eq!(clean(&once), once);
    }

    proptest! {
        #[test]
        fn twice_is_as_once_and_different_ids_stay_different(
            ids in prop::collection::hash_set("[a-c](-[0-9bc]{6})?(-[23])?(-0bcdfg)?", 1..7),
            referred in prop::collection::vec(0..7usize, 0..7),
            is_prefixed in any::<bool>(),
        ) {
            let ids: Vec<String> = ids.into_iter().collect();
            let mut content = String::new();
            for (index, id) in ids.iter().enumerate() {
                content.push_str(&format!("<path id='{id}' d='M0 0h{index}v1z'/>"));
            }
            for index in referred {
                if let Some(id) = ids.get(index) {
                    content.push_str(&format!("<use href='#{id}'/>"));
                }
            }
            let prefix = "a-".parse().ok().filter(|_| is_prefixed);
            let with = |svg: &str| {
                let limits = ParseLimits::default();
                sanitise_prefixed(svg.as_bytes(), &limits, prefix.as_ref()).expect("is SVG").svg
            };
            let once = with(&format!("{HEAD}{content}</svg>"));
            let found: HashSet<&str> = once
                .split(" id=\"")
                .skip(1)
                .filter_map(|part| part.split('"').next())
                .collect();
            prop_assert_eq!(found.len(), ids.len(), "{}", once);
            prop_assert_eq!(with(&once), once);
        }
    }

    #[test]
    fn a_prefix_is_on_every_id_once() {
        let prefix = "p-".parse().expect("a prefix");
        let with = |svg: &str| {
            sanitise_prefixed(svg.as_bytes(), &ParseLimits::default(), Some(&prefix))
                .expect("is SVG")
                .svg
        };
        let once = with(&picture("#aaa"));
        for part in [
            "id=\"p-g\"",
            "id=\"p-sky\"",
            "#p-a{",
            "url(#p-g)",
            "\"#p-hill\"",
            "#aaa",
        ] {
            assert!(once.contains(part), "{part}: {once}");
        }
        assert_eq!(with(&once), once);
        let both = format!("{HEAD}<path id='a' d='M0 0h1'/><path id='p-a' d='M0 0h2'/></svg>");
        let both = with(&both);
        assert!(both.contains("id=\"p-a\" d=\"M0 0h2\""), "{both}");
        assert!(both.contains("id=\"p-a-2\" d=\"M0 0h1\""), "{both}");
    }
}
