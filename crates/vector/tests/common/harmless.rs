//! Whether SVG text can do any harm.

/// Checks, with another parser, that text holds nothing active and no way out.
pub(crate) fn assert_harmless(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    for node in document.descendants() {
        if node.is_element() {
            let name = node.tag_name().name().to_ascii_lowercase();
            for forbidden in [
                "script",
                "foreignobject",
                "image",
                "feimage",
                "animate",
                "set",
                "a",
                "iframe",
                "embed",
                "object",
                "handler",
                "animatetransform",
                "animatemotion",
                "audio",
                "video",
                "link",
            ] {
                assert_ne!(name, forbidden, "{svg}");
            }
            assert!(
                [
                    "http://www.w3.org/2000/svg",
                    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
                    "http://creativecommons.org/ns#",
                    "http://purl.org/dc/elements/1.1/",
                    "https://github.com/chat2svg/chat2svg#",
                ]
                .contains(&node.tag_name().namespace().unwrap_or("")),
                "{svg}"
            );
        }
        for attribute in node.attributes() {
            let name = attribute.name().to_ascii_lowercase();
            assert!(
                !name.starts_with("on") && name != "src" && name != "base",
                "{svg}"
            );
            if name == "href" {
                assert!(attribute.value().trim_start().starts_with('#'), "{svg}");
            }
            // Plain names cannot act.
            if !matches!(
                name.as_str(),
                "id" | "class"
                    | "label"
                    | "data-name"
                    | "aria-label"
                    | "d"
                    | "points"
                    | "role"
                    | "result"
                    | "in"
                    | "in2"
                    | "about"
                    | "resource"
            ) {
                assert_harmless_value(attribute.value(), svg);
            }
        }
        if node.is_element() && node.tag_name().name() == "style" {
            let text = node.text().unwrap_or("");
            assert!(!text.contains('@') && !text.contains('\\'), "{svg}");
            assert_harmless_value(text, svg);
        }
    }
}

fn assert_harmless_value(value: &str, svg: &str) {
    let value: String = value.to_ascii_lowercase().split_whitespace().collect();
    for (position, _) in value.match_indices("url(") {
        let target = value[position + 4..].trim_start_matches(['"', '\'']);
        assert!(target.starts_with('#'), "{value}\n{svg}");
    }
    for word in [
        "javascript:",
        "expression(",
        "@import",
        "-moz-binding",
        "image-set(",
    ] {
        assert!(!value.contains(word), "{value}\n{svg}");
    }
}
