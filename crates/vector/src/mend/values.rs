//! Values that SVG does not know as they are written, and what they can only mean.

use std::str::FromStr;

use svgtypes::{Length, Transform, ViewBox};

use super::Mend;
use crate::css::color::plain_paint;

/// Longest value that is looked at.
const MAX_VALUE: usize = 2_048;

/// A value of an attribute or property as SVG has it, when it is not understood as it is but means
/// only one thing.
pub(crate) fn mend_value(name: &str, value: &str) -> Option<(String, Mend)> {
    if value.len() > MAX_VALUE || value.trim().is_empty() {
        return None;
    }
    match name {
        "fill" | "stroke" | "stop-color" | "flood-color" | "lighting-color" | "color" => {
            mend_color(value).map(|value| (value, Mend::Color))
        }
        "opacity" | "fill-opacity" | "stroke-opacity" | "stop-opacity" | "flood-opacity"
        | "stroke-miterlimit" => mend_number(value).map(|value| (value, Mend::Unit)),
        "width" | "height" | "x" | "y" | "cx" | "cy" | "r" | "rx" | "ry" | "x1" | "y1" | "x2"
        | "y2" | "fx" | "fy" | "stroke-width" | "font-size" | "stroke-dashoffset" => {
            mend_length(value).map(|value| (value, Mend::Unit))
        }
        "viewBox" => mend_view_box(value).map(|value| (value, Mend::Unit)),
        "transform" | "gradientTransform" | "patternTransform" => {
            mend_transform(value).map(|value| (value, Mend::Transform))
        }
        _ => None,
    }
}

fn is_hex(text: &str) -> bool {
    matches!(text.len(), 3 | 4 | 6 | 8) && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_paint(value: &str) -> bool {
    // Browsers close at the end what is open; not all readers do.
    let is_closed = value.matches('(').count() == value.matches(')').count();
    value.trim() == "inherit" || is_closed && plain_paint(value).is_some()
}

fn mend_color(value: &str) -> Option<String> {
    if is_paint(value) {
        return None;
    }
    let mut text = value.trim().trim_end_matches(';').trim();
    if let Some((before, word)) = text.rsplit_once('!')
        && word.trim().eq_ignore_ascii_case("important")
    {
        text = before;
    }
    text = text.trim_matches(['"', '\'', ' ', '`', '{', '}']);
    // A declaration in place of its value.
    if let Some((property, rest)) = text.split_once(':')
        && property
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c == '-')
        && !rest.starts_with('/')
    {
        text = rest.trim().trim_matches(['"', '\'']);
    }
    if let Some(target) = reference(text) {
        return Some(format!("url(#{target})"));
    }
    let hex = text.trim_start_matches('#').trim();
    let hex = hex
        .strip_prefix("0x")
        .or_else(|| hex.strip_prefix("0X"))
        .unwrap_or(hex);
    if is_hex(hex) {
        return Some(format!("#{hex}"));
    }
    let lower = text.to_ascii_lowercase();
    let closed = if lower.contains('(') && !lower.contains(')') {
        format!("{lower})")
    } else {
        lower
    };
    (closed != value && is_paint(&closed)).then_some(closed)
}

/// The id that a paint refers to in a way that only lacks marks: `url(#a`, `url(a)`, `#a`.
fn reference(text: &str) -> Option<&str> {
    let target = match text.strip_prefix("url(") {
        Some(inside) => inside
            .trim_end_matches(')')
            .trim_matches(['"', '\'', ' '])
            .trim_start_matches('#'),
        None => text.strip_prefix('#')?,
    };
    let is_name = target.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && target
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !target.chars().all(|c| c.is_ascii_hexdigit());
    is_name.then_some(target)
}

/// A number and what follows it.
fn number_and_unit(value: &str) -> Option<(f64, &str, &str)> {
    let value = value.trim().trim_end_matches(';').trim();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let end = value.find(|c| !is_part(c)).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let parsed = number.parse().ok()?;
    let is_unit = unit
        .chars()
        .all(|c| c.is_ascii_alphabetic() || c == ' ' || c == '%');
    is_unit.then_some((parsed, number, unit.trim()))
}

fn mend_number(value: &str) -> Option<String> {
    let text = value.trim();
    if text.parse::<f64>().is_ok() || Length::from_str(text).is_ok() && text.ends_with('%') {
        return None;
    }
    let (_, number, unit) = number_and_unit(value)?;
    match unit {
        "%" => Some(format!("{number}%")),
        _ => Some(number.to_owned()),
    }
}

fn mend_length(value: &str) -> Option<String> {
    if value.trim().parse::<f32>().is_ok() || Length::from_str(value.trim()).is_ok() {
        return None;
    }
    let (parsed, number, unit) = number_and_unit(value)?;
    let lower = unit.to_ascii_lowercase();
    Some(match lower.as_str() {
        "rem" => format!("{}", 16.0 * parsed),
        "vw" | "vh" | "vmin" | "vmax" | "%" => format!("{number}%"),
        "em" | "ex" | "px" | "in" | "cm" | "mm" | "pt" | "pc" => format!("{number}{lower}"),
        _ => number.to_owned(),
    })
}

fn mend_view_box(value: &str) -> Option<String> {
    if ViewBox::from_str(value).is_ok() {
        return None;
    }
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let numbers: Vec<&str> = value
        .split(|c: char| !is_part(c))
        .filter(|part| part.parse::<f64>().is_ok())
        .collect();
    let text = match numbers.len() {
        4 => numbers.join(" "),
        // A size alone.
        2 => format!("0 0 {}", numbers.join(" ")),
        _ => return None,
    };
    ViewBox::from_str(&text).ok().map(|_| text)
}

fn mend_transform(value: &str) -> Option<String> {
    if Transform::from_str(value).is_ok() {
        return None;
    }
    let mut out = String::with_capacity(value.len());
    for part in value.trim().trim_end_matches(';').split_inclusive(')') {
        let part = part.trim().trim_start_matches(',').trim();
        if part.is_empty() {
            continue;
        }
        let (name, arguments) = part.split_once('(')?;
        let arguments: Vec<&str> = arguments
            .trim_end_matches(')')
            .split([',', ' '])
            .filter(|argument| !argument.is_empty())
            .collect();
        let numbers = arguments
            .iter()
            .map(|argument| plain_number(argument))
            .collect::<Option<Vec<f64>>>()?;
        let name = name.trim().to_ascii_lowercase();
        let (name, numbers) = match (name.as_str(), numbers.as_slice()) {
            ("translatex", [x]) => ("translate", vec![*x, 0.0]),
            ("translatey", [y]) => ("translate", vec![0.0, *y]),
            ("scalex", [x]) => ("scale", vec![*x, 1.0]),
            ("scaley", [y]) => ("scale", vec![1.0, *y]),
            ("rotatez", [angle]) => ("rotate", vec![*angle]),
            ("translate3d", [x, y, _]) => ("translate", vec![*x, *y]),
            ("skewx", [angle]) => ("skewX", vec![*angle]),
            ("skewy", [angle]) => ("skewY", vec![*angle]),
            ("translate" | "scale" | "rotate" | "matrix", _) => (name.as_str(), numbers),
            _ => return None,
        };
        let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&format!("{name}({})", numbers.join(" ")));
    }
    Transform::from_str(&out).ok().map(|_| out)
}

/// A number without its unit: pixels, and angles in degrees.
fn plain_number(text: &str) -> Option<f64> {
    let (number, _, unit) = number_and_unit(text)?;
    match unit.to_ascii_lowercase().as_str() {
        "" | "px" | "deg" => Some(number),
        "rad" => Some(number.to_degrees()),
        "turn" => Some(360.0 * number),
        "grad" => Some(0.9 * number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_svg_has_them() {
        for (name, value, expected) in [
            ("fill", "0x00FF00", "#00FF00"),
            ("fill", "A5E8D0", "#A5E8D0"),
            ("fill", "color:1A5F8E", "#1A5F8E"),
            ("fill", "fill: #1A5F8E;", "#1A5F8E"),
            ("fill", "##fff", "#fff"),
            ("fill", "\"red\"", "red"),
            ("fill", "rgb(1,2,3", "rgb(1,2,3)"),
            ("fill", "url(#a", "url(#a)"),
            ("fill", "url(sky)", "url(#sky)"),
            ("stroke", "#sky", "url(#sky)"),
            ("opacity", ".6px", ".6"),
            ("stroke-opacity", "0.5;", "0.5"),
            ("width", "200 px", "200px"),
            ("width", "24dp", "24"),
            ("font-size", "1.5rem", "24"),
            ("viewBox", "0 0 512px 512px", "0 0 512 512"),
            ("viewBox", "512 512", "0 0 512 512"),
            ("transform", "rotate(45deg)", "rotate(45)"),
            (
                "transform",
                "translate(10px, 20px) scaleX(2)",
                "translate(10 20) scale(2 1)",
            ),
            ("transform", "translate(10 20", "translate(10 20)"),
        ] {
            let mended = mend_value(name, value).map(|(mended, _)| mended);
            assert_eq!(mended.as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_right_or_unclear_stays() {
        for (name, value) in [
            ("fill", "red"),
            ("fill", "#abc"),
            ("fill", "none"),
            ("fill", "inherit"),
            ("fill", "currentColor"),
            ("fill", "url(#a) red"),
            ("fill", "rgb(1, 2, 3)"),
            ("fill", "url(http://x)"),
            ("fill", "url(a.svg)"),
            ("fill", "expression(alert(1))"),
            ("fill", "#12345"),
            ("opacity", ".5"),
            ("opacity", "50%"),
            ("width", "100%"),
            ("width", "auto"),
            ("x", "1 2 3"),
            ("viewBox", "0 0 24 24"),
            ("transform", "rotate(45 3 3) translate(2)"),
            ("transform", "none"),
        ] {
            assert_eq!(mend_value(name, value), None, "{value}");
        }
    }
}
