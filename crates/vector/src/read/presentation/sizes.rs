//! Sizes of fonts, and lengths that only CSS knows, in pixels.

use cssparser::Parser;

use super::super::frame::Frame;
use crate::css::number::{Basis, NotThis, Number, wrong};
use crate::sanitise::{Element, FONT_SIZES, MAX_NUMBER, Meter, ParseError, Tree};

/// Size of a font where none is set, in pixels.
const FONT: f64 = 16.0;

/// Attributes that are one length.
const LENGTHS: [&str; 20] = [
    "baseline-shift",
    "cx",
    "cy",
    "height",
    "letter-spacing",
    "r",
    "rx",
    "ry",
    "startOffset",
    "stroke-dashoffset",
    "stroke-width",
    "textLength",
    "width",
    "word-spacing",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Units that the normaliser does not know.
const UNITS: [&str; 7] = ["rem", "q", "ch", "vw", "vh", "vmin", "vmax"];

/// What lengths of each element refer to.
pub(super) struct Sizes {
    parents: Vec<Option<usize>>,
    fonts: Vec<f64>,
    /// Width and height of the viewport around.
    viewports: Vec<(f64, f64)>,
    screen: (f64, f64),
}

/// The direction in which a length is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Across,
    Down,
    Other,
}

impl Direction {
    fn of(name: &str) -> Self {
        match name {
            "x" | "x1" | "x2" | "cx" | "rx" | "width" => Self::Across,
            "y" | "y1" | "y2" | "cy" | "ry" | "height" => Self::Down,
            _ => Self::Other,
        }
    }
}

impl Sizes {
    /// Computes the sizes of a tree, and writes those into it that the normaliser does not know.
    ///
    /// # Errors
    /// When a length is beyond what can be drawn, or the caller wants to stop.
    pub(super) fn resolve(
        tree: &mut Tree,
        frame: &Frame,
        meter: &Meter<'_>,
    ) -> Result<Self, ParseError> {
        let count = tree.elements.len();
        let mut parents = vec![None; count];
        for (index, element) in tree.elements.iter().enumerate() {
            for child in element.child_elements() {
                if let Some(slot) = parents.get_mut(child) {
                    *slot = Some(index);
                }
            }
        }
        let viewport = frame.viewport();
        let shown = frame.shown();
        let mut out = Self {
            parents,
            fonts: vec![FONT; count],
            viewports: vec![viewport; count],
            screen: shown.map_or(viewport, |shown| (shown.width, shown.height)),
        };
        for (index, element) in tree.elements.iter_mut().enumerate() {
            meter.add(1)?;
            // Parents stand before their children.
            let parent = out.parent(index);
            let around = parent.map_or(FONT, |parent| out.font(parent));
            let font = out.font_size(element, around);
            if let Some(slot) = out.fonts.get_mut(index) {
                *slot = font;
            }
            let viewport = parent.map_or(viewport, |parent| out.inside(parent));
            if let Some(slot) = out.viewports.get_mut(index) {
                *slot = viewport;
            }
            out.compute(element, index)?;
            if index > 0 && matches!(element.name, "svg" | "symbol") {
                let own = inner_viewport(element, &out, index).unwrap_or(viewport);
                if let Some(slot) = out.viewports.get_mut(index) {
                    *slot = own;
                }
            }
        }
        Ok(out)
    }

    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    fn font(&self, index: usize) -> f64 {
        self.fonts.get(index).copied().unwrap_or(FONT)
    }

    fn inside(&self, index: usize) -> (f64, f64) {
        self.viewports.get(index).copied().unwrap_or((100.0, 100.0))
    }

    /// Width and height of the viewport that an element stands in.
    pub(super) fn viewport(&self, index: usize) -> (f64, f64) {
        self.parent(index)
            .map_or_else(|| self.inside(index), |parent| self.inside(parent))
    }

    pub(super) fn basis(&self, index: usize, direction: Direction) -> Basis {
        let (width, height) = self.viewport(index);
        let percent = match direction {
            Direction::Across => width,
            Direction::Down => height,
            Direction::Other => width.hypot(height) / std::f64::consts::SQRT_2,
        };
        Basis {
            font: self.font(index),
            root_font: self.font(0),
            screen: self.screen,
            percent: Some(percent),
        }
    }

    /// A length of an element in pixels; zero when it is not set or not read.
    pub(super) fn length(&self, element: &Element, index: usize, name: &str) -> f64 {
        let basis = self.basis(index, Direction::of(name));
        let text = element.attribute(name).unwrap_or("");
        pixels(text, &basis).unwrap_or(0.0)
    }

    /// A list of lengths that an element says, in pixels; empty when it is not read.
    pub(super) fn list(&self, text: &str, index: usize) -> Vec<f64> {
        let basis = self.basis(index, Direction::Other);
        let mut input = Parser::new(text);
        let mut out = Vec::new();
        while let Ok(size) = size(&mut input, &basis) {
            out.push(size);
            let _ = input.try_parse(Parser::expect_comma);
        }
        out
    }

    /// The size of an element's font, which it says in pixels from then on.
    fn font_size(&self, element: &mut Element, around: f64) -> f64 {
        let Some(text) = element.attribute("font-size") else {
            return around;
        };
        let text = text.trim().to_ascii_lowercase();
        let basis = Basis {
            font: around,
            root_font: self.font(0),
            screen: self.screen,
            percent: Some(around),
        };
        let size = match text.as_str() {
            "larger" => around * 1.2,
            "smaller" => around / 1.2,
            "inherit" => around,
            word => match FONT_SIZES.iter().find(|(known, _)| *known == word) {
                Some((_, size)) => *size,
                None => match pixels(&text, &basis).filter(|size| *size >= 0.0) {
                    Some(size) => size,
                    None => {
                        element.remove("font-size");
                        return around;
                    }
                },
            },
        };
        // Numbers stay as they were written.
        if text.parse::<f64>().is_err() {
            element.set("font-size", size.to_string());
        }
        size
    }

    /// Writes computed lengths in pixels.
    fn compute(&self, element: &mut Element, index: usize) -> Result<(), ParseError> {
        let is_gradient = matches!(
            element.name,
            "linearGradient" | "radialGradient" | "pattern" | "mask" | "filter"
        );
        for (name, value) in &mut element.attributes {
            let is_list = *name == "stroke-dasharray";
            if is_gradient || !(is_list || LENGTHS.contains(name)) || !is_only_css(value) {
                continue;
            }
            let basis = self.basis(index, Direction::of(name));
            let Some(found) = lengths(value, &basis, is_list) else {
                continue;
            };
            if found.iter().any(|size| size.abs() > MAX_NUMBER) {
                return Err(ParseError::NumberOutOfRange {
                    element: element.name.to_owned(),
                    attribute: (*name).to_owned(),
                    limit: MAX_NUMBER as u64,
                });
            }
            let found: Vec<_> = found.iter().map(f64::to_string).collect();
            *value = found.join(" ");
        }
        Ok(())
    }
}

/// One length or a list of them in pixels.
fn lengths(text: &str, basis: &Basis, is_list: bool) -> Option<Vec<f64>> {
    let mut input = Parser::new(text);
    let found = input.parse_entirely(|input| {
        let mut out = Vec::new();
        while !input.is_exhausted() && (is_list || out.is_empty()) {
            out.push(size(input, basis)?);
            let _ = input.try_parse(Parser::expect_comma);
        }
        Ok::<_, NotThis>(out)
    });
    found.ok()
}

/// Whether a value holds what the normaliser does not know.
fn is_only_css(value: &str) -> bool {
    let words = value.split(|c: char| !c.is_ascii_alphabetic());
    let mut words = words.filter(|word| !word.is_empty());
    // Units are written in capitals, too.
    value.contains('(')
        || value.contains(|c: char| c.is_ascii_uppercase())
        || words.any(|word| UNITS.iter().any(|unit| word.eq_ignore_ascii_case(unit)))
}

fn size(input: &mut Parser<'_>, basis: &Basis) -> Result<f64, NotThis> {
    match Number::parse(input, basis)? {
        Number::Plain(size) | Number::Length(size) => Ok(size),
        _ => Err(wrong()),
    }
}

fn pixels(text: &str, basis: &Basis) -> Option<f64> {
    let mut input = Parser::new(text);
    input.parse_entirely(|input| size(input, basis)).ok()
}

/// The viewport inside an element that makes one.
fn inner_viewport(element: &Element, sizes: &Sizes, index: usize) -> Option<(f64, f64)> {
    if let Some(view) = view_box(element) {
        return Some((view.w, view.h));
    }
    let side = |name| {
        element
            .attribute(name)
            .map(|_| sizes.length(element, index, name))
    };
    let (width, height) = sizes.viewport(index);
    Some((
        side("width").unwrap_or(width),
        side("height").unwrap_or(height),
    ))
}

/// The view box of an element, where it can be drawn.
pub(super) fn view_box(element: &Element) -> Option<svgtypes::ViewBox> {
    let view: svgtypes::ViewBox = element.attribute("viewBox")?.parse().ok()?;
    (view.w > 0.0 && view.h > 0.0).then_some(view)
}
