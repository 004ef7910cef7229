//! The `<metadata>` element: Dublin Core and Creative Commons terms in RDF, and fields of our own.

use crate::{Document, Metadata};

use super::xml::XmlWriter;

/// RDF syntax.
pub(crate) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Dublin Core elements.
pub(crate) const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
/// Creative Commons rights expression.
pub(crate) const CREATIVE_COMMONS: &str = "http://creativecommons.org/ns#";
/// Our own fields.
pub(crate) const CHAT2SVG: &str = "https://github.com/chat2svg/chat2svg#";

/// Writes what is known of the document's origin; nothing when nothing is.
pub(crate) fn write_metadata(xml: &mut XmlWriter, document: &Document) {
    let Metadata {
        prompt,
        style,
        seed,
        credits,
        undrawn,
        setting,
        unit,
    } = &document.metadata;
    // Setting and unit stand on the root element.
    let setting_alone = Metadata {
        setting: *setting,
        unit: *unit,
        ..Metadata::default()
    };
    if document.metadata == setting_alone {
        return;
    }
    xml.start("metadata");
    xml.start("rdf:RDF");
    xml.attribute("xmlns:rdf", RDF);
    xml.attribute("xmlns:cc", CREATIVE_COMMONS);
    xml.attribute("xmlns:dc", DUBLIN_CORE);
    xml.attribute("xmlns:chat2svg", CHAT2SVG);
    xml.start("cc:Work");
    xml.attribute("rdf:about", "");
    xml.text_element("dc:format", None, "image/svg+xml");
    if let Some(title) = &document.title {
        xml.text_element("dc:title", None, title);
    }
    if let Some(prompt) = prompt {
        xml.text_element("chat2svg:prompt", None, prompt);
    }
    if let Some(style) = style {
        xml.text_element("chat2svg:style", None, style);
    }
    if let Some(seed) = seed {
        xml.text_element("chat2svg:seed", None, &seed.to_string());
    }
    for word in undrawn {
        xml.text_element("chat2svg:undrawn", None, word);
    }
    for credit in credits {
        xml.start("dc:source");
        xml.start("cc:Work");
        xml.text_element("dc:title", None, &credit.title);
        xml.text_element("dc:creator", None, &credit.author);
        xml.text_element("dc:rights", None, &credit.license);
        xml.text_element("dc:identifier", None, &credit.source);
        if let Some(address) = license_address(&credit.license) {
            xml.start("cc:license");
            xml.attribute("rdf:resource", address);
            xml.end();
        }
        xml.end();
        xml.end();
    }
    xml.end();
    xml.end();
    xml.end();
}

/// The deed that RDF readers know a licence by.
fn license_address(spdx: &str) -> Option<&'static str> {
    Some(match spdx {
        "CC-BY-4.0" => "https://creativecommons.org/licenses/by/4.0/",
        "CC-BY-3.0" => "https://creativecommons.org/licenses/by/3.0/",
        "CC-BY-SA-4.0" => "https://creativecommons.org/licenses/by-sa/4.0/",
        "CC0-1.0" => "https://creativecommons.org/publicdomain/zero/1.0/",
        "MIT" => "https://opensource.org/licenses/MIT",
        "Apache-2.0" => "https://www.apache.org/licenses/LICENSE-2.0",
        _ => return None,
    })
}
