//! How far curves reach before the document is normalised. The library that does so outlines every
//! stroke in single precision, with a tolerance of a quarter of a unit; beyond about a million
//! units it cannot reach that, and halves the curve without end. It outlines in the shape's own
//! coordinates and, where transforms rotate or skew, also in those of the document. What this finds
//! is an upper bound.

use std::collections::HashMap;
use std::str::FromStr as _;

use kurbo::Affine;
use svgtypes::{SimplePathSegment, SimplifyingPathParser};

use crate::sanitise::{Element, ParseError, Tree, printable, sum_of_sizes};
use crate::transform::{MAX_REACH, largest_scale};

/// What is this much nearer is near in every form that reading and writing can give it: text as
/// outlines, transforms applied or not.
const MARGIN: f64 = 64.0;

/// How far the curves of a document reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Near in whatever form the document is written.
    Near,
    /// Not too far; in another form it might be.
    Far,
}

/// Checks that curves in a document with strokes do not reach too far; `viewport` is what
/// percentages refer to.
pub(super) fn check(tree: &Tree, viewport: (f64, f64)) -> Result<Extent, ParseError> {
    // Style sheets are resolved by now: what they say stands on the elements.
    let all = || tree.elements.iter();
    let is_stroke = |value: &str| value.trim() != "none";
    let has_strokes = all().any(|element| property(element, "stroke").is_some_and(is_stroke));
    if !has_strokes {
        return Ok(Extent::Near);
    }
    let view = viewport.0.max(viewport.1);
    let widest = |name: &str| {
        let lengths = all().map(|element| length(property(element, name), view));
        lengths.fold(0.0, f64::max)
    };
    let mut reach = Reach {
        tree,
        ids: HashMap::new(),
        known: vec![None; tree.elements.len()],
        stroke: widest("stroke-width").max(1.0),
        font: widest("font-size").max(widest("font")).max(16.0),
        view,
        is_skewed: all().any(is_skewed),
        is_exact: false,
    };
    for (index, element) in tree.elements.iter().enumerate() {
        if let Some(id) = element.attribute("id") {
            reach.ids.entry(id).or_insert(index);
        }
    }
    // Nearly all documents are small by their digits already, which is seen at less cost.
    let is_near = |reach: f64| reach < MAX_REACH / MARGIN;
    if reach.of(0).is_ok_and(is_near) {
        return Ok(Extent::Near);
    }
    reach.is_exact = true;
    reach.known.fill(None);
    Ok(if is_near(reach.of(0)?) {
        Extent::Near
    } else {
        Extent::Far
    })
}

struct Reach<'a> {
    tree: &'a Tree,
    ids: HashMap<&'a str, usize>,
    /// Reach of elements in their parents' coordinates.
    known: Vec<Option<f64>>,
    /// The largest stroke width of the document.
    stroke: f64,
    /// The largest font size of the document.
    font: f64,
    view: f64,
    is_skewed: bool,
    /// Whether path data is parsed, or bounded by its digits.
    is_exact: bool,
}

impl Reach<'_> {
    /// How far the curves of an element reach, in its parent's coordinates.
    fn of(&mut self, index: usize) -> Result<f64, ParseError> {
        let tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return Ok(0.0);
        };
        if let Some(known) = self.known.get(index).copied().flatten() {
            return Ok(known);
        }
        // What clips is not stroked.
        if element.name == "clipPath" {
            return Ok(0.0);
        }
        // References in circles have been removed; should one be left, it ends here.
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Some(0.0);
        }
        let (own, attribute) = self.own(element);
        if own > 0.0 && own + self.stroke > MAX_REACH {
            let is_stroke = self.stroke > own;
            return Err(too_far(
                element,
                if is_stroke { "stroke-width" } else { attribute },
            ));
        }
        let mut inside = if own > 0.0 { own + self.stroke } else { 0.0 };
        for child in element.child_elements() {
            inside = inside.max(self.of(child)?);
        }
        for target in self.references(element) {
            let is_marker = tree
                .elements
                .get(target)
                .is_some_and(|e| e.name == "marker");
            // Markers grow with the stroke and stand where the path does.
            let scale = if is_marker { self.stroke } else { 1.0 };
            inside = inside.max(self.of(target)? * scale + if is_marker { own } else { 0.0 });
        }
        if inside == 0.0 {
            return Ok(0.0);
        }
        let size = |name| length(element.attribute(name), self.view);
        // The root is as large as its view box.
        let view_box = element.attribute("viewBox").filter(|_| index != 0);
        if let Some([.., width, height]) = view_box.and_then(four) {
            let side = ["width", "height", "markerWidth", "markerHeight"]
                .map(size)
                .into_iter()
                .fold(self.view, f64::max);
            inside *= (side / width.min(height)).max(1.0);
        }
        inside += size("x") + size("y");
        let transform = property(element, "transform");
        if let Some(affine) = transform.and_then(affine) {
            let [.., x, y] = affine.as_coeffs();
            inside = inside * largest_scale(affine) + x.abs().max(y.abs());
        }
        if self.is_skewed && (inside > MAX_REACH || inside.is_nan()) {
            return Err(too_far(element, "transform"));
        }
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Some(inside);
        }
        Ok(inside)
    }

    /// How far an element's own curves reach in its coordinates, zero when it has none, and by
    /// which attribute.
    fn own(&self, element: &Element) -> (f64, &'static str) {
        let sum = |names: &[&str]| -> f64 {
            let values = names
                .iter()
                .map(|name| length(element.attribute(name), self.view));
            values.sum()
        };
        match element.name {
            "path" => (self.path(element.attribute("d").unwrap_or("")), "d"),
            "circle" => (sum(&["cx", "cy", "r"]), "r"),
            "ellipse" => (sum(&["cx", "cy", "rx", "ry"]), "rx"),
            "rect" if sum(&["rx", "ry"]) > 0.0 => (sum(&["x", "y", "width", "height"]), "width"),
            "text" | "tspan" | "textPath" => {
                let places = ["x", "y", "dx", "dy", "textLength", "startOffset"];
                let spacing = ["letter-spacing", "word-spacing", "baseline-shift"]
                    .map(|name| length(property(element, name), self.view));
                let step = self.font + spacing.iter().sum::<f64>();
                let characters = element.text().chars().count() as f64;
                (sum(&places) + characters * step, "font-size")
            }
            _ => (0.0, ""),
        }
    }

    /// How far path data reaches.
    fn path(&self, data: &str) -> f64 {
        match bound_by_digits(data).filter(|_| !self.is_exact) {
            Some(bound) if has_curves(data) => bound,
            _ => path_reach(data),
        }
    }

    fn references(&self, element: &Element) -> Vec<usize> {
        let mut found = Vec::new();
        for (name, value) in &element.attributes {
            if *name == "href" && element.name == "use" {
                let id = value.trim().trim_start_matches('#');
                found.extend(self.ids.get(id).copied());
            }
            for part in value.split("url(").skip(1) {
                let end = part.find(')').unwrap_or(part.len());
                let id = part[..end]
                    .trim_matches(|c: char| c == '#' || c == '"' || c == '\'' || c.is_whitespace());
                found.extend(self.ids.get(id).copied());
            }
        }
        found
    }
}

fn too_far(element: &Element, attribute: &str) -> ParseError {
    let id = element.attribute("id").unwrap_or("");
    let id = printable(id, 40);
    ParseError::CurveOutOfRange {
        element: if id.is_empty() {
            element.name.to_owned()
        } else {
            format!("{} id=\"{id}\"", element.name)
        },
        attribute: attribute.to_owned(),
        limit: MAX_REACH as u64,
    }
}

fn has_curves(data: &str) -> bool {
    data.contains(['C', 'c', 'S', 's', 'Q', 'q', 'T', 't', 'A', 'a'])
}

/// The reach of path data that has curves; zero for lines.
fn path_reach(data: &str) -> f64 {
    if !has_curves(data) {
        return 0.0;
    }
    let mut most = f64::MIN_POSITIVE;
    for segment in SimplifyingPathParser::from(data).map_while(Result::ok) {
        let coordinates = match segment {
            SimplePathSegment::MoveTo { x, y } | SimplePathSegment::LineTo { x, y } => {
                [x, y, 0.0, 0.0, 0.0, 0.0]
            }
            SimplePathSegment::CurveTo {
                x1,
                y1,
                x2,
                y2,
                x,
                y,
            } => [x1, y1, x2, y2, x, y],
            SimplePathSegment::Quadratic { x1, y1, x, y } => [x1, y1, x, y, 0.0, 0.0],
            SimplePathSegment::ClosePath => [0.0; 6],
        };
        most = coordinates
            .iter()
            .fold(most, |most, value| value.abs().max(most));
    }
    most
}

/// What the numbers of path data add up to at most, by their digits and how many may stand in so
/// many bytes; `None` when that is too much or there are exponents.
fn bound_by_digits(data: &str) -> Option<f64> {
    let (mut digits, mut most, mut is_fraction) = (0u32, 0, false);
    for byte in data.bytes() {
        match byte {
            b'0'..=b'9' if !is_fraction => {
                digits += 1;
                most = most.max(digits);
            }
            b'0'..=b'9' => {}
            b'.' => is_fraction = true,
            b'e' | b'E' => return None,
            _ => (digits, is_fraction) = (0, false),
        }
    }
    // The shortest number takes two bytes, with what separates it.
    let numbers = data.len() as f64 * 0.5 + 1.0;
    let bound = numbers * 10f64.powi(i32::try_from(most).ok()?);
    (bound <= MAX_REACH * 0.5).then_some(bound)
}

/// An upper bound of a length in units.
fn length(text: Option<&str>, view: f64) -> f64 {
    let Some(text) = text else {
        return 0.0;
    };
    let unit = if text.contains('%') {
        view * 0.01
    } else if text.ends_with(|c: char| c.is_ascii_alphabetic()) && !text.ends_with("px") {
        // An inch, the largest, has 96.
        96.0
    } else {
        1.0
    };
    sum_of_sizes(text) * unit
}

fn is_skewed(element: &Element) -> bool {
    let rotates = |text: &str| {
        let turns = |affine: Affine| {
            let [_, b, c, ..] = affine.as_coeffs();
            (b, c) != (0.0, 0.0)
        };
        affine(text).is_none_or(turns)
    };
    ["transform", "gradientTransform"]
        .iter()
        .filter_map(|name| property(element, name))
        .any(rotates)
        || matches!(element.name, "marker" | "textPath")
        || element.attribute("rotate").is_some()
}

/// A property that stands as an attribute or, where only a style can hold it, in the style.
fn property<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    let mut style = element.style.declarations.iter();
    let in_style = style.find(|declaration| declaration.name == name);
    in_style
        .map(|declaration| &*declaration.value)
        .or_else(|| element.attribute(name))
}

fn affine(text: &str) -> Option<Affine> {
    let svgtypes::Transform { a, b, c, d, e, f } = svgtypes::Transform::from_str(text).ok()?;
    Some(Affine::new([a, b, c, d, e, f]))
}

fn four(text: &str) -> Option<[f64; 4]> {
    let view_box = svgtypes::ViewBox::from_str(text).ok()?;
    Some([view_box.x, view_box.y, view_box.w, view_box.h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_reach_as_far_as_their_numbers_say() {
        for (data, least, most) in [
            ("M0 0L1e9 0", 0.0, 0.0),
            ("M0 0c9 9 9 9 8 8", 8.0, 1e3),
            ("M400000 0c200000 9 200000 9 200000 8", 6e5, 6e5),
            ("M0 0a1e9 1e9 0 1 1 3 3", 1e9, 4e9),
            ("M0 0q.99999999.99999999 1 1", 1.0, 300.0),
        ] {
            let reach = path_reach(data);
            assert!((least..=most).contains(&reach), "{reach} of {data}");
        }
        // Relative steps add up.
        let far = format!("M0 0{}", "c9999 0 9999 0 9999 0".repeat(1_000));
        assert!(path_reach(&far) > 9.9e6);
        let near = format!("M0 0{}", "c99 0-99 0 0 0".repeat(100));
        assert!(path_reach(&near) <= MAX_REACH);
    }
}
