//! What `<metadata>` says of a document's origin: our own fields, or a credit from any RDF.

use crate::sanitise::{Element, Tree};
use crate::{Credit, Metadata};

use super::names::deep_text;

/// The metadata of a document. A document that is not ours is credited itself, when it names its
/// author or licence.
pub(crate) fn read(tree: &Tree) -> Metadata {
    let mut metadata = Metadata::default();
    for (attribute, value) in tree
        .elements
        .first()
        .iter()
        .flat_map(|root| &root.attributes)
    {
        metadata.setting.take(attribute, value);
    }
    let setting = metadata.setting;
    let Some(work) = work(tree) else {
        return metadata;
    };
    let text = |element: &Element, name: &str| {
        let found = tree.named(element, name).next()?;
        let text = deep_text(tree, found);
        (!text.is_empty()).then_some(text)
    };
    // Our own fields keep their line breaks and spaces.
    let exact = |name: &str| tree.named(work, name).next().map(Element::text);
    metadata.prompt = exact("chat2svg:prompt");
    metadata.style = exact("chat2svg:style");
    metadata.seed = exact("chat2svg:seed").and_then(|seed| seed.trim().parse().ok());
    metadata.undrawn = tree
        .named(work, "chat2svg:undrawn")
        .map(Element::text)
        .collect();
    for source in tree.named(work, "dc:source") {
        for credited in tree.named(source, "cc:Work") {
            let field = |name: &str| {
                tree.named(credited, name)
                    .next()
                    .map(Element::text)
                    .unwrap_or_default()
            };
            metadata.credits.push(Credit {
                title: field("dc:title"),
                author: field("dc:creator"),
                license: field("dc:rights"),
                source: field("dc:identifier"),
            });
        }
    }
    let says_nothing = Metadata {
        setting,
        ..Metadata::default()
    };
    if metadata == says_nothing {
        let author = text(work, "dc:creator");
        let license = tree.named(work, "cc:license").next();
        let license = license
            .and_then(|license| license.attribute("rdf:resource"))
            .map(spdx);
        if author.is_some() || license.is_some() {
            metadata.credits.push(Credit {
                title: text(work, "dc:title").unwrap_or_default(),
                author: author.unwrap_or_default(),
                license: license.unwrap_or_default(),
                source: text(work, "dc:source")
                    .or_else(|| text(work, "dc:identifier"))
                    .unwrap_or_default(),
            });
        }
    }
    metadata
}

/// The description of the document itself.
fn work(tree: &Tree) -> Option<&Element> {
    let root = tree.elements.first()?;
    let metadata = tree.named(root, "metadata");
    let mut descriptions = metadata.flat_map(|element| tree.named(element, "rdf:RDF"));
    descriptions.find_map(|rdf| tree.named(rdf, "cc:Work").next())
}

/// The SPDX identifier of a licence known by its address; else the address.
fn spdx(address: &str) -> String {
    if address.contains("publicdomain/zero") {
        return "CC0-1.0".to_owned();
    }
    if address.to_ascii_lowercase().contains("publicdomain") {
        return "CC-PDDC".to_owned();
    }
    let parts = address
        .split_once("creativecommons.org/licenses/")
        .map(|(_, rest)| rest.split('/'));
    if let Some(mut parts) = parts
        && let (Some(kind), Some(version)) = (parts.next(), parts.next())
        && !kind.is_empty()
        && version.starts_with(|c: char| c.is_ascii_digit())
    {
        return format!("CC-{}-{version}", kind.to_ascii_uppercase());
    }
    address.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_their_address() {
        for (address, expected) in [
            ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
            (
                "http://creativecommons.org/licenses/by-sa/3.0",
                "CC-BY-SA-3.0",
            ),
            (
                "http://creativecommons.org/publicdomain/zero/1.0/",
                "CC0-1.0",
            ),
            ("http://web.resource.org/cc/PublicDomain", "CC-PDDC"),
            ("https://example.org/licence", "https://example.org/licence"),
        ] {
            assert_eq!(spdx(address), expected);
        }
    }
}
