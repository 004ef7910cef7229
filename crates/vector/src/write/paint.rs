//! Paints as SVG attributes, and the definitions they refer to, shared by value.

use std::collections::HashMap;

use kurbo::Affine;

use crate::names::IdSet;
use crate::transform::largest_scale;
use crate::{Color, GradientStop, LinearGradient, Paint, RadialGradient, Spread};

use super::fingerprint::Marking;
use super::number::{decimals_for, number};
use super::xml::XmlWriter;

/// Decimals of opacities and stop offsets: far below one step of eight bits.
pub(crate) const FRACTION_DECIMALS: u8 = 3;

/// The shortest hexadecimal notation of a colour.
pub(crate) fn hex(color: Color) -> String {
    let [red, green, blue] = color.to_rgb8();
    if [red, green, blue]
        .iter()
        .all(|component| component >> 4 == component & 15)
    {
        format!("#{:x}{:x}{:x}", red & 15, green & 15, blue & 15)
    } else {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A transform in its shortest notation; `None` for the identity.
///
/// `extent` is the largest coordinate that it applies to, so that its linear part gets enough
/// digits.
pub(crate) fn transform(
    affine: Affine,
    extent: f64,
    outer_scale: f64,
    tolerance: f64,
) -> Option<String> {
    let [linear, offset] = transform_decimals(extent, outer_scale, tolerance);
    let [a, b, c, d, e, f] = affine.as_coeffs();
    let linear_text = [a, b, c, d].map(|value| number(value, linear));
    let [x, y] = [e, f].map(|value| number(value, offset));
    let translated = x != "0" || y != "0";
    let parts = [
        &linear_text[0],
        &linear_text[1],
        &linear_text[2],
        &linear_text[3],
    ];
    let is_scale = parts[1] == "0" && parts[2] == "0";
    let is_translation = is_scale && parts[0] == "1" && parts[3] == "1";
    match (is_translation, is_scale, translated) {
        (true, _, false) => None,
        (true, _, true) if y == "0" => Some(format!("translate({x})")),
        (true, _, true) => Some(format!("translate({})", joined(&[&x, &y]))),
        (false, true, false) if parts[0] == parts[3] => Some(format!("scale({})", parts[0])),
        (false, true, false) => Some(format!("scale({})", joined(&[parts[0], parts[3]]))),
        _ => Some(format!(
            "matrix({})",
            joined(&[parts[0], parts[1], parts[2], parts[3], &x, &y])
        )),
    }
}

/// Decimals of a transform's linear part and of its offset.
pub(super) fn transform_decimals(extent: f64, outer_scale: f64, tolerance: f64) -> [u8; 2] {
    [
        decimals_for(outer_scale * extent.max(1.0), tolerance),
        decimals_for(outer_scale, tolerance),
    ]
}

fn joined(numbers: &[&str]) -> String {
    numbers.join(" ")
}

/// What shapes refer to by id; equal definitions are written once.
pub(crate) struct Definitions<'a> {
    /// What tells the ids from those of other documents.
    marking: Marking<'a>,
    /// Index of each definition, by its text without id.
    by_value: HashMap<String, usize>,
    /// In the order of first use.
    found: Vec<Definition>,
    ids: IdSet,
}

struct Definition {
    element: &'static str,
    id: String,
    /// Writes the attributes but the id.
    attributes: String,
    /// The elements within.
    content: String,
}

/// XLink: readers of SVG 1.1 know references by no other name.
pub(crate) const XLINK: &str = "http://www.w3.org/1999/xlink";
/// Bytes of the declaration of [`XLINK`].
const XLINK_BYTES: usize = " xmlns:xlink=\"\"".len() + XLINK.len();

/// Every gradient has its coordinates in those of the shape.
const UNITS: &str = " gradientUnits=\"userSpaceOnUse\"";

impl Definition {
    fn text(&self) -> String {
        let Self {
            element,
            id,
            attributes,
            content,
        } = self;
        format!("<{element} id=\"{id}\"{attributes}>{content}</{element}>")
    }

    /// The same with what another element says left out.
    fn text_after(&self, stops: &str) -> String {
        let Self {
            element,
            id,
            attributes,
            ..
        } = self;
        let attributes = attributes.replacen(UNITS, "", 1);
        format!("<{element} id=\"{id}\" xlink:href=\"#{stops}\"{attributes}/>")
    }
}

/// Definitions as they are written.
pub(crate) struct Written {
    /// The elements, in the order of first use.
    pub(crate) elements: Vec<String>,
    /// Whether some of them refer to others.
    pub(crate) has_links: bool,
    /// All ids that are given out.
    pub(crate) ids: IdSet,
}

impl<'a> Definitions<'a> {
    pub(crate) fn new(ids: IdSet, marking: Marking<'a>) -> Self {
        Self {
            marking,
            by_value: HashMap::new(),
            found: Vec::new(),
            ids,
        }
    }

    /// An id of its own for something else that is referred to.
    pub(crate) fn claim(&mut self, wanted: &str) -> String {
        self.ids.claim(&self.marking.id(wanted))
    }

    /// The id of a definition whose attributes and content are given.
    fn share(
        &mut self,
        element: &'static str,
        name: &str,
        attributes: String,
        content: String,
    ) -> String {
        let value = format!("{element}{attributes}>{content}");
        let next = self.found.len();
        let index = *self.by_value.entry(value).or_insert(next);
        if index == next {
            let id = self.claim(name);
            self.found.push(Definition {
                element,
                id,
                attributes,
                content,
            });
        }
        self.found[index].id.clone()
    }

    /// The id of a clip path with these outlines.
    pub(crate) fn clip(&mut self, outlines: String) -> String {
        self.share("clipPath", "clip", String::new(), outlines)
    }

    /// The elements. Stops that several gradients have are in an element of their own before the
    /// first of them, where that takes fewer bytes.
    pub(crate) fn into_written(mut self) -> Written {
        let mut users = HashMap::<&str, Vec<usize>>::new();
        for (index, definition) in self.found.iter().enumerate() {
            if definition.attributes.contains(UNITS) {
                users.entry(&definition.content).or_default().push(index);
            }
        }
        let mut texts: Vec<String> = self.found.iter().map(Definition::text).collect();
        // Claimed only when it is used, so that the numbers have no gaps.
        let longest_id = self.marking.id(&format!("stops-{}", self.found.len()));
        let element = |id: &str, content: &str| {
            format!("<linearGradient id=\"{id}\"{UNITS}>{content}</linearGradient>")
        };
        let mut shared = Vec::new();
        let mut saved_in_all = 0;
        for (content, users) in users {
            let saved: usize = users
                .iter()
                .map(|&user| {
                    let after = self.found[user].text_after(&longest_id).len();
                    texts[user].len().saturating_sub(after)
                })
                .sum();
            let cost = element(&longest_id, content).len() + 3;
            if users.len() > 1 && saved > cost {
                saved_in_all += saved - cost;
                shared.push((content.to_owned(), users));
            }
        }
        let has_links = saved_in_all > XLINK_BYTES;
        if has_links {
            shared.sort_by_key(|(_, users)| users.first().copied());
            let mut before = Vec::new();
            for (content, users) in shared {
                let id = self.claim("stops");
                before.push((
                    users.first().copied().unwrap_or_default(),
                    element(&id, &content),
                ));
                for user in users {
                    texts[user] = self.found[user].text_after(&id);
                }
            }
            for (place, element) in before.into_iter().rev() {
                texts.insert(place, element);
            }
        }
        Written {
            elements: texts,
            has_links,
            ids: self.ids,
        }
    }

    /// The attribute value for a paint, and the opacity that a gradient of one colour adds.
    pub(crate) fn paint(&mut self, paint: &Paint, scale: f64, tolerance: f64) -> (String, f32) {
        if let Some((color, opacity)) = paint.only_color() {
            return (color.map_or_else(|| "none".to_owned(), hex), opacity);
        }
        match paint {
            Paint::Solid(color) => (hex(*color), 1.0),
            Paint::Linear(gradient) => {
                let attributes = linear_attributes(gradient, scale, tolerance);
                let stops = stops_text(&gradient.stops);
                let id = self.share("linearGradient", "linear", attributes, stops);
                (format!("url(#{id})"), 1.0)
            }
            Paint::Radial(gradient) => {
                let attributes = radial_attributes(gradient, scale, tolerance);
                let stops = stops_text(&gradient.stops);
                let id = self.share("radialGradient", "radial", attributes, stops);
                (format!("url(#{id})"), 1.0)
            }
        }
    }
}

impl Paint {
    /// The colour and opacity of a gradient that has, as it is written, only one; no colour for one
    /// without stops.
    fn only_color(&self) -> Option<(Option<Color>, f32)> {
        let stops = match self {
            Self::Solid(_) => return None,
            Self::Linear(gradient) => &gradient.stops,
            // Outside of its circle such a focus leaves a part unpainted.
            Self::Radial(gradient)
                if gradient.stops.len() > 1
                    && gradient.focus.distance(gradient.center) >= gradient.radius =>
            {
                return None;
            }
            Self::Radial(gradient) => &gradient.stops,
        };
        let Some((first, rest)) = stops.split_first() else {
            return Some((None, 1.0));
        };
        let is_same = |stop: &GradientStop| {
            stop.color.to_rgb8() == first.color.to_rgb8()
                && opacity_text(stop.opacity) == opacity_text(first.opacity)
        };
        rest.iter()
            .all(is_same)
            .then_some((Some(first.color), first.opacity))
    }
}

fn linear_attributes(gradient: &LinearGradient, scale: f64, tolerance: f64) -> String {
    let mut text = String::new();
    let decimals = decimals_for(scale * largest_scale(gradient.transform), tolerance);
    for (name, value) in [
        ("x1", gradient.start.x),
        ("y1", gradient.start.y),
        ("x2", gradient.end.x),
        ("y2", gradient.end.y),
    ] {
        // The default of x2 is 100 %, of the others zero.
        let value = number(value, decimals);
        if value != "0" || name == "x2" {
            attribute(&mut text, name, &value);
        }
    }
    common_attributes(
        &mut text,
        gradient.spread,
        gradient.transform,
        extent_of_linear(gradient),
        scale,
        tolerance,
    );
    text
}

fn radial_attributes(gradient: &RadialGradient, scale: f64, tolerance: f64) -> String {
    let mut found = String::new();
    let decimals = decimals_for(scale * largest_scale(gradient.transform), tolerance);
    let text = |value| number(value, decimals);
    let (cx, cy) = (text(gradient.center.x), text(gradient.center.y));
    let (fx, fy) = (text(gradient.focus.x), text(gradient.focus.y));
    attribute(&mut found, "cx", &cx);
    attribute(&mut found, "cy", &cy);
    attribute(&mut found, "r", &text(gradient.radius));
    if fx != cx {
        attribute(&mut found, "fx", &fx);
    }
    if fy != cy {
        attribute(&mut found, "fy", &fy);
    }
    let focal_radius = text(gradient.focal_radius);
    if focal_radius != "0" {
        attribute(&mut found, "fr", &focal_radius);
    }
    common_attributes(
        &mut found,
        gradient.spread,
        gradient.transform,
        extent_of_radial(gradient),
        scale,
        tolerance,
    );
    found
}

/// The largest coordinate of a linear gradient.
pub(super) fn extent_of_linear(gradient: &LinearGradient) -> f64 {
    [gradient.start, gradient.end]
        .iter()
        .fold(0.0f64, |most, p| most.max(p.x.abs()).max(p.y.abs()))
}

/// The largest coordinate of a radial gradient.
pub(super) fn extent_of_radial(gradient: &RadialGradient) -> f64 {
    gradient.center.x.abs().max(gradient.center.y.abs()) + gradient.radius.abs()
}

fn common_attributes(
    found: &mut String,
    spread: Spread,
    affine: Affine,
    extent: f64,
    scale: f64,
    tolerance: f64,
) {
    found.push_str(UNITS);
    match spread {
        Spread::Pad => {}
        Spread::Reflect => attribute(found, "spreadMethod", "reflect"),
        Spread::Repeat => attribute(found, "spreadMethod", "repeat"),
    }
    if let Some(text) = transform(affine, extent, scale, tolerance) {
        attribute(found, "gradientTransform", &text);
    }
}

/// Adds an attribute whose value needs no escape.
fn attribute(found: &mut String, name: &str, value: &str) {
    found.push(' ');
    found.push_str(name);
    found.push_str("=\"");
    found.push_str(value);
    found.push('"');
}

fn stops_text(stops: &[GradientStop]) -> String {
    let mut xml = XmlWriter::new(false);
    for stop in stops {
        xml.start("stop");
        // The default offset is zero.
        let offset = number(f64::from(stop.offset), FRACTION_DECIMALS);
        if offset != "0" {
            xml.attribute("offset", &offset);
        }
        let color = hex(stop.color);
        if color != "#000" {
            xml.attribute("stop-color", &color);
        }
        opacity_attribute(&mut xml, "stop-opacity", stop.opacity);
        xml.end();
    }
    xml.finish()
}

/// Writes an opacity unless it is one.
pub(crate) fn opacity_attribute(xml: &mut XmlWriter, name: &str, opacity: f32) {
    if let Some(text) = opacity_text(opacity) {
        xml.attribute(name, &text);
    }
}

/// An opacity as text; `None` for one.
pub(crate) fn opacity_text(opacity: f32) -> Option<String> {
    let text = number(f64::from(opacity.clamp(0.0, 1.0)), FRACTION_DECIMALS);
    (text != "1").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_short() {
        assert_eq!(hex(Color::from_rgb8(0xff, 0x88, 0)), "#f80");
        assert_eq!(hex(Color::from_rgb8(0xff, 0x88, 1)), "#ff8801");
    }

    #[test]
    fn transforms_are_short() {
        let text = |affine| transform(affine, 100.0, 1.0, 0.05);
        assert_eq!(text(Affine::IDENTITY), None);
        assert_eq!(
            text(Affine::translate((3.0, 0.0))).as_deref(),
            Some("translate(3)")
        );
        assert_eq!(text(Affine::scale(2.0)).as_deref(), Some("scale(2)"));
        assert_eq!(
            text(Affine::new([0.0, 1.0, -1.0, 0.0, 5.5, 0.0])).as_deref(),
            Some("matrix(0 1 -1 0 5.5 0)")
        );
    }
}
