//! SVG documents inside an SVG document, as pictures in data URLs: each passes the same sanitiser,
//! within a share of the same budget, and may hold no further ones.

use data_url::DataUrl;

use chat2svg_stop::Stop;

use crate::sanitise::{
    CostBudget, Element, Meter, ParseError, ParseLimits, Profile, Tree, WarningKind, Warnings,
    sanitised_tree,
};

use crate::{DecodeLimits, Raster};

use super::frame::Frame;
use super::{adapt, characters, expanded, presentation, reach};

/// Most documents inside one.
const MAX_DOCUMENTS: u64 = 16;
/// The kind under which the library asks for a document that was read already, by its number.
const KIND: &str = "image/x-document";

/// The documents inside a document, read before it is expanded.
pub(super) struct Documents {
    trees: Vec<usvg::Tree>,
}

impl Documents {
    /// Reads them and notes in the tree which is where. Pictures of kinds that nobody reads are
    /// removed with a warning.
    ///
    /// # Errors
    /// When the caller wants to stop.
    pub(super) fn gather(
        tree: &mut Tree,
        limits: &ParseLimits,
        warnings: &mut Warnings,
        meter: &Meter<'_>,
    ) -> Result<Self, ParseError> {
        let limits = share(limits);
        let mut out = Self { trees: Vec::new() };
        let mut met = 0;
        for image in tree.elements.iter_mut().filter(|e| e.name == "image") {
            let Some(href) = image.attribute("href") else {
                continue;
            };
            meter.add(href.len() / 16)?;
            let url = DataUrl::process(href.trim()).ok();
            let kind = url.as_ref().map_or_else(String::new, |url| {
                let kind = url.mime_type();
                format!("{}/{}", kind.type_, kind.subtype).to_ascii_lowercase()
            });
            match (&*kind, url) {
                ("image/png" | "image/jpeg" | "image/jpg" | "image/webp", Some(url)) => {
                    // The library leaves out in silence what it cannot measure.
                    let data = url.decode_to_vec().ok();
                    let is_picture = data.is_some_and(|(data, _)| {
                        Raster::inspect(&data, &DecodeLimits::default()).is_ok()
                    });
                    if !is_picture {
                        warnings.add(WarningKind::Image, &kind);
                        image.remove("href");
                    }
                }
                ("image/svg+xml", Some(url)) => {
                    met += 1;
                    let data = url.decode_to_vec().ok().filter(|_| met <= MAX_DOCUMENTS);
                    let size = size(image);
                    let read = data.and_then(|(data, _)| one(&data, size, &limits, warnings).ok());
                    let Some((inner, fills)) = read else {
                        warnings.add(WarningKind::Image, "svg that cannot be read");
                        image.remove("href");
                        continue;
                    };
                    if fills {
                        image.set("preserveAspectRatio", "none".to_owned());
                    }
                    image.set("href", format!("data:{KIND},{}", out.trees.len()));
                    out.trees.push(inner);
                }
                (kind, _) => {
                    let kind = if kind.is_empty() { "image" } else { kind };
                    warnings.add(WarningKind::Image, kind);
                    image.remove("href");
                }
            }
        }
        Ok(out)
    }

    /// What the library is to draw for data of a kind.
    pub(super) fn resolve(
        &self,
        kind: &str,
        data: std::sync::Arc<Vec<u8>>,
    ) -> Option<usvg::ImageKind> {
        match kind {
            "image/png" => Some(usvg::ImageKind::PNG(data)),
            "image/jpeg" | "image/jpg" => Some(usvg::ImageKind::JPEG(data)),
            "image/webp" => Some(usvg::ImageKind::WEBP(data)),
            KIND => {
                let number: usize = std::str::from_utf8(&data).ok()?.parse().ok()?;
                self.trees.get(number).cloned().map(usvg::ImageKind::SVG)
            }
            _ => None,
        }
    }
}

/// The width and height of a picture, when both are said in pixels.
fn size(image: &Element) -> Option<[f64; 2]> {
    let side = |name| {
        let text = image.attribute(name)?.trim();
        let number: f64 = text.strip_suffix("px").unwrap_or(text).parse().ok()?;
        (number > 0.0).then_some(number)
    };
    Some([side("width")?, side("height")?])
}

/// What each of the documents may cost.
fn share(limits: &ParseLimits) -> ParseLimits {
    let cost = limits.cost;
    let share = |amount: u64| (amount / MAX_DOCUMENTS).max(1);
    ParseLimits {
        cost: CostBudget {
            elements: share(cost.elements),
            segments: share(cost.segments),
            stops: share(cost.stops),
            glyphs: share(cost.glyphs),
            paint_servers: share(cost.paint_servers),
            surfaces: share(cost.surfaces),
            lookups: share(cost.lookups),
            // They are inside at least one level already.
            levels: cost.levels / 2,
            style_steps: share(cost.style_steps),
        },
        ..limits.clone()
    }
}

/// A document, and whether it fills the picture whatever its own size: with a view box it does.
fn one(
    data: &[u8],
    size: Option<[f64; 2]>,
    limits: &ParseLimits,
    warnings: &mut Warnings,
) -> Result<(usvg::Tree, bool), ParseError> {
    let never = Stop::never();
    let meter = Meter::new(&never);
    let mut inner = Warnings::default();
    let mut tree = sanitised_tree(data, 0, limits, Profile::Document, &mut inner, &meter)?;
    for warning in inner.into_list() {
        warnings.add_times(warning.kind, &warning.subject, warning.count);
    }
    for image in tree.elements.iter_mut().filter(|e| e.name == "image") {
        warnings.add(WarningKind::Image, "image inside an image");
        image.remove("href");
    }
    let root = tree.elements.first_mut().ok_or(ParseError::Empty)?;
    let size = size.filter(|_| root.attribute("viewBox").is_some());
    if let Some([width, height]) = size {
        root.set("width", width.to_string());
        root.set("height", height.to_string());
    }
    let frame = Frame::of(tree.elements.first().ok_or(ParseError::Empty)?)?;
    presentation::resolve(&mut tree, &frame, warnings, &meter)?;
    reach::check(&tree, frame.viewport())?;
    characters::leave_out(&mut tree, warnings, &meter)?;
    adapt::to_browsers(&mut tree, warnings, &meter)?;
    let none = usvg::ImageHrefResolver {
        resolve_data: Box::new(|_, _, _| None),
        resolve_string: Box::new(|_, _| None),
    };
    Ok((expanded(&tree, none)?, size.is_some()))
}
