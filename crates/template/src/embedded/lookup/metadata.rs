//! The RDF metadata that drawing programs write into SVG files: title, keywords, author, licence.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) keywords: Vec<String>,
    pub(super) author: Option<String>,
    pub(super) license: Option<String>,
}

/// Reads a whole file, so that a broken one is known when the library is loaded.
pub(super) fn read(svg: &str) -> Result<Metadata, String> {
    let mut reader = Reader::from_str(svg);
    let mut metadata = Metadata::default();
    let mut open: Vec<String> = Vec::new();
    let mut is_svg = false;
    loop {
        match reader
            .read_event()
            .map_err(|error| format!("not well-formed: {error}"))?
        {
            Event::Start(start) => {
                let name = local_name(&start);
                is_svg |= open.is_empty() && name == "svg";
                license(&name, &start, &mut metadata);
                open.push(name);
                if open.len() > MAX_DEPTH {
                    return Err(format!("elements nested more than {MAX_DEPTH} deep"));
                }
            }
            Event::Empty(start) => {
                let name = local_name(&start);
                is_svg |= open.is_empty() && name == "svg";
                license(&name, &start, &mut metadata);
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                let text = text.trim().to_owned();
                if !text.is_empty() {
                    take_text(&open, text, &mut metadata);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err("ends inside an element".to_owned());
    }
    if is_svg {
        Ok(metadata)
    } else {
        Err("its root element is not <svg>".to_owned())
    }
}

const MAX_DEPTH: usize = 256;

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

fn license(name: &str, start: &BytesStart<'_>, metadata: &mut Metadata) {
    if name != "license" {
        return;
    }
    let resource = start
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == "resource");
    if let Some(resource) = resource {
        let value = resource.value.into_owned();
        metadata.license.get_or_insert(value);
    }
}

fn take_text(open: &[String], text: String, metadata: &mut Metadata) {
    let within = |name: &str| open.iter().any(|element| element == name);
    match open.last().map(String::as_str) {
        Some("li") if within("subject") => metadata.keywords.push(text),
        Some("subject") => metadata
            .keywords
            .extend(text.split(',').map(|word| word.trim().to_owned())),
        Some("title") if within("creator") => {
            metadata.author.get_or_insert(text);
        }
        Some("creator") => {
            metadata.author.get_or_insert(text);
        }
        // Publisher and rights have titles of their own.
        Some("title") if !(within("publisher") || within("rights") || within("contributor")) => {
            let of_the_file = open.len() == 2 || within("Work");
            if of_the_file {
                metadata.title.get_or_insert(text);
            }
        }
        Some("license") => {
            metadata.license.get_or_insert(text);
        }
        _ => {}
    }
}
