//! Paints as SVG attributes, and the definitions they refer to, shared by value.

use std::collections::HashMap;

use kurbo::Affine;

use crate::names::IdSet;
use crate::{Color, LinearGradient, Paint, RadialGradient, Spread, Stop};

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
/// `extent` is the largest coordinate that it applies to, so that its linear part gets enough digits.
pub(crate) fn transform(
    affine: Affine,
    extent: f64,
    outer_scale: f64,
    tolerance: f64,
) -> Option<String> {
    let linear = decimals_for(outer_scale * extent.max(1.0), tolerance);
    let offset = decimals_for(outer_scale, tolerance);
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

fn joined(numbers: &[&str]) -> String {
    numbers.join(" ")
}

/// What shapes refer to by id; equal definitions are written once.
pub(crate) struct Definitions {
    /// Text of each definition before its id is put in, and the id.
    by_value: HashMap<String, String>,
    /// Complete elements in the order of first use.
    pub(crate) elements: Vec<String>,
    ids: IdSet,
}

impl Definitions {
    pub(crate) fn new(ids: IdSet) -> Self {
        Self {
            by_value: HashMap::new(),
            elements: Vec::new(),
            ids,
        }
    }

    /// The id of a definition made by `write`, which gets the writer after the start tag.
    pub(crate) fn share(
        &mut self,
        element: &'static str,
        prefix: &str,
        write: impl Fn(&mut XmlWriter),
    ) -> String {
        let build = |id: Option<&str>| {
            let mut xml = XmlWriter::new(false);
            xml.start(element);
            if let Some(id) = id {
                xml.attribute("id", id);
            }
            write(&mut xml);
            xml.end();
            xml.finish()
        };
        let value = build(None);
        if let Some(id) = self.by_value.get(&value) {
            return id.clone();
        }
        let id = self.ids.claim(prefix);
        self.elements.push(build(Some(&id)));
        self.by_value.insert(value, id.clone());
        id
    }

    /// The attribute value for a paint, and the opacity that a single-stop gradient adds.
    pub(crate) fn paint(&mut self, paint: &Paint, scale: f64, tolerance: f64) -> (String, f32) {
        match paint {
            Paint::Solid(color) => (hex(*color), 1.0),
            Paint::Linear(LinearGradient { stops, .. })
            | Paint::Radial(RadialGradient { stops, .. })
                if stops.len() < 2 =>
            {
                stops.first().map_or_else(
                    || ("none".to_owned(), 1.0),
                    |stop| (hex(stop.color), stop.opacity),
                )
            }
            Paint::Linear(gradient) => {
                let id = self.share("linearGradient", "linear", |xml| {
                    write_linear(xml, gradient, scale, tolerance);
                });
                (format!("url(#{id})"), 1.0)
            }
            Paint::Radial(gradient) => {
                let id = self.share("radialGradient", "radial", |xml| {
                    write_radial(xml, gradient, scale, tolerance);
                });
                (format!("url(#{id})"), 1.0)
            }
        }
    }
}

fn write_linear(xml: &mut XmlWriter, gradient: &LinearGradient, scale: f64, tolerance: f64) {
    let decimals = decimals_for(scale * largest_scale(gradient.transform), tolerance);
    for (name, value) in [
        ("x1", gradient.start.x),
        ("y1", gradient.start.y),
        ("x2", gradient.end.x),
        ("y2", gradient.end.y),
    ] {
        // The default of x2 is 100 %, of the others zero.
        let text = number(value, decimals);
        if text != "0" || name == "x2" {
            xml.attribute(name, &text);
        }
    }
    let extent = [gradient.start, gradient.end]
        .iter()
        .fold(0.0f64, |most, p| most.max(p.x.abs()).max(p.y.abs()));
    write_common(
        xml,
        gradient.spread,
        gradient.transform,
        extent,
        scale,
        tolerance,
    );
    write_stops(xml, &gradient.stops);
}

fn write_radial(xml: &mut XmlWriter, gradient: &RadialGradient, scale: f64, tolerance: f64) {
    let decimals = decimals_for(scale * largest_scale(gradient.transform), tolerance);
    let text = |value| number(value, decimals);
    let (cx, cy) = (text(gradient.center.x), text(gradient.center.y));
    let (fx, fy) = (text(gradient.focus.x), text(gradient.focus.y));
    xml.attribute("cx", &cx);
    xml.attribute("cy", &cy);
    xml.attribute("r", &text(gradient.radius));
    if fx != cx {
        xml.attribute("fx", &fx);
    }
    if fy != cy {
        xml.attribute("fy", &fy);
    }
    let focal_radius = text(gradient.focal_radius);
    if focal_radius != "0" {
        xml.attribute("fr", &focal_radius);
    }
    let extent = gradient.center.x.abs().max(gradient.center.y.abs()) + gradient.radius.abs();
    write_common(
        xml,
        gradient.spread,
        gradient.transform,
        extent,
        scale,
        tolerance,
    );
    write_stops(xml, &gradient.stops);
}

fn write_common(
    xml: &mut XmlWriter,
    spread: Spread,
    affine: Affine,
    extent: f64,
    scale: f64,
    tolerance: f64,
) {
    xml.attribute("gradientUnits", "userSpaceOnUse");
    match spread {
        Spread::Pad => {}
        Spread::Reflect => xml.attribute("spreadMethod", "reflect"),
        Spread::Repeat => xml.attribute("spreadMethod", "repeat"),
    }
    if let Some(text) = transform(affine, extent, scale, tolerance) {
        xml.attribute("gradientTransform", &text);
    }
}

fn write_stops(xml: &mut XmlWriter, stops: &[Stop]) {
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
        opacity_attribute(xml, "stop-opacity", stop.opacity);
        xml.end();
    }
}

/// Writes an opacity unless it is one.
pub(crate) fn opacity_attribute(xml: &mut XmlWriter, name: &str, opacity: f32) {
    let text = number(f64::from(opacity.clamp(0.0, 1.0)), FRACTION_DECIMALS);
    if text != "1" {
        xml.attribute(name, &text);
    }
}

/// The most that a transform stretches any direction: its largest singular value.
pub(crate) fn largest_scale(affine: Affine) -> f64 {
    let [a, b, c, d, _, _] = affine.as_coeffs();
    let sum = a * a + b * b + c * c + d * d;
    let determinant = a * d - b * c;
    let spread = (sum * sum - 4.0 * determinant * determinant)
        .max(0.0)
        .sqrt();
    ((sum + spread) * 0.5).sqrt()
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

    #[test]
    fn largest_scale_is_the_largest_singular_value() {
        let affine =
            Affine::rotate(0.7) * Affine::scale_non_uniform(3.0, 0.5) * Affine::rotate(0.2);
        assert!((largest_scale(affine) - 3.0).abs() < 1e-9);
    }
}
