//! The web page's files, compiled in.

use std::{
    fmt::Write as _,
    hash::{DefaultHasher, Hasher as _},
    sync::LazyLock,
};

use chat2svg_protocol::Style;

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asset {
    /// Its name under `/assets/`.
    name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) body: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        Asset {
            name: $name,
            media_type: $media_type,
            body: include_bytes!(concat!("../assets/", $name)),
        }
    };
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/webp";

/// Where the page at `/` offers the styles.
const STYLES: &str = "<!-- one for each style -->";

static HOME: LazyLock<String> =
    LazyLock::new(|| include_str!("../assets/index.html").replace(STYLES, &style_choices()));

/// The page at `/`, which offers every style.
pub(crate) fn home() -> Asset {
    Asset {
        name: "index.html",
        media_type: HTML,
        body: HOME.as_bytes(),
    }
}

/// A choice for each style, as `index.html` has one for none.
fn style_choices() -> String {
    let mut choices = String::new();
    for style in Style::ALL {
        let (name, title, blurb) = (style.name(), style.traits().title, style.blurb());
        // Writing to a string does not fail.
        let _ = write!(
            choices,
            r##"<label class="swatch" title="{blurb}">
                <input type="radio" name="style" value="{name}">
                <svg preserveAspectRatio="xMidYMid slice" class="scene scene-{name}" viewBox="0 0 48 32" aria-hidden="true"><use href="#scene"/></svg>
                <span>{title}</span>
              </label>
              "##
        );
    }
    choices
}

/// The page at `/docs`.
pub(crate) const DOCS: Asset = asset!("docs.html", HTML);
/// The icon.
pub(crate) const ICON: Asset = asset!("icon.svg", "image/svg+xml");

/// What is served under `/assets/`.
const PARTS: &[Asset] = &[
    ICON,
    asset!("app.css", STYLE),
    asset!("docs.css", STYLE),
    asset!("keys.css", STYLE),
    asset!("result.css", STYLE),
    asset!("api.js", SCRIPT),
    asset!("app.js", SCRIPT),
    asset!("code.js", SCRIPT),
    asset!("compare.js", SCRIPT),
    asset!("docs.js", SCRIPT),
    asset!("exports.js", SCRIPT),
    asset!("files.js", SCRIPT),
    asset!("form.js", SCRIPT),
    asset!("gallery.js", SCRIPT),
    asset!("history.js", SCRIPT),
    asset!("jsx.js", SCRIPT),
    asset!("key.js", SCRIPT),
    asset!("keys.js", SCRIPT),
    asset!("layers.js", SCRIPT),
    asset!("more.js", SCRIPT),
    asset!("nodes.js", SCRIPT),
    asset!("opening.js", SCRIPT),
    asset!("picture.js", SCRIPT),
    asset!("recolour.js", SCRIPT),
    asset!("report.js", SCRIPT),
    asset!("result.js", SCRIPT),
    asset!("stage.js", SCRIPT),
    asset!("steps.js", SCRIPT),
    asset!("system.js", SCRIPT),
    asset!("theme.js", SCRIPT),
    asset!("ui.js", SCRIPT),
    asset!("variants.js", SCRIPT),
    asset!("zoom.js", SCRIPT),
    asset!("examples/boats.webp", PICTURE),
    asset!("examples/fox.webp", PICTURE),
    asset!("examples/hedgehog.webp", PICTURE),
    asset!("examples/lighthouse.webp", PICTURE),
    asset!("examples/owl.webp", PICTURE),
    asset!("examples/rocket.webp", PICTURE),
];

/// The file of this name.
pub(crate) fn find(name: &str) -> Option<Asset> {
    PARTS.iter().copied().find(|asset| asset.name == name)
}

/// An entity tag that changes with the content.
pub(crate) fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is text.
    fn all() -> impl Iterator<Item = Asset> {
        let parts = PARTS.iter().filter(|part| part.media_type != PICTURE);
        [home(), DOCS].into_iter().chain(parts.copied())
    }

    #[test]
    fn the_page_offers_every_style_with_a_scene_in_it() {
        let page = std::str::from_utf8(home().body).unwrap();
        let sheet = std::str::from_utf8(find("app.css").unwrap().body).unwrap();
        assert!(!page.contains(STYLES));
        for style in Style::ALL {
            let choice = format!(r#"name="style" value="{style}""#);
            assert_eq!(page.matches(&choice).count(), 1, "{style}");
            assert!(sheet.contains(&format!(".scene-{style} {{")), "{style}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_outside() {
        for asset in all() {
            let text = std::str::from_utf8(asset.body).unwrap();
            // An SVG's namespace is a name, not an address.
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for outside in [
                "http://",
                "https://",
                "src=\"//",
                "href=\"//",
                "url(//",
                "@import",
            ] {
                assert!(!text.contains(outside), "{}: {outside}", asset.name);
            }
        }
    }

    #[test]
    fn pages_have_no_inline_code_or_style() {
        for page in [home(), DOCS] {
            let text = std::str::from_utf8(page.body).unwrap();
            for inline in [
                "<script>",
                " onclick=",
                " onload=",
                " style=\"",
                "<style",
                "javascript:",
            ] {
                assert!(!text.contains(inline), "{}: {inline}", page.name);
            }
        }
    }

    #[test]
    fn every_part_that_is_referred_to_exists() {
        for asset in all() {
            let text = std::str::from_utf8(asset.body).unwrap();
            for part in text.split("/assets/").skip(1) {
                let name: String = part
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || "-_./".contains(*c))
                    .collect();
                assert!(find(&name).is_some(), "{} refers to {name}", asset.name);
            }
            if asset.media_type == SCRIPT {
                let imports = text
                    .split(" from './")
                    .chain(text.split("import('./").skip(1));
                for import in imports.skip(1) {
                    let name = import.split('\'').next().unwrap_or_default();
                    assert!(find(name).is_some(), "{} imports {name}", asset.name);
                }
            }
        }
    }

    #[test]
    fn svg_is_never_injected_as_markup() {
        for asset in all().filter(|asset| asset.media_type == SCRIPT) {
            let text = std::str::from_utf8(asset.body).unwrap();
            for hole in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(hole), "{}: {hole}", asset.name);
            }
        }
    }
}
