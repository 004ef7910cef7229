//! What one element costs by itself: elements, path segments, stops, glyphs, surfaces.

use super::Resource;
use super::tree::{Child, Element, Tree};

/// Bytes of text attributes that weigh as much as one element.
const BYTES_PER_ELEMENT: usize = 256;
/// Bytes of an inherited value that weigh as much as one attribute.
const BYTES_PER_LOOKUP: usize = 16;
/// Curves that a quarter of the largest arc becomes, and one of an everyday size.
const CURVES_PER_ARC: [u64; 2] = [48, 6];
/// Stops that are moved in the time that one takes to be read.
const MOVED_PER_STOP: u64 = 2_048;
/// Radii from which an arc counts as large have so many digits before the point.
const LARGE_DIGITS: usize = 4;

/// Amounts of all resources that add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    amounts: [u64; 7],
}

impl Cost {
    /// The resources that a cost holds; the others do not add up over elements.
    pub(super) const RESOURCES: [Resource; 7] = [
        Resource::Elements,
        Resource::Segments,
        Resource::Stops,
        Resource::Glyphs,
        Resource::PaintServers,
        Resource::Surfaces,
        Resource::Lookups,
    ];

    pub(super) fn amounts(&self) -> impl Iterator<Item = (Resource, u64)> + '_ {
        Self::RESOURCES.into_iter().zip(self.amounts)
    }

    pub(super) fn of(resource: Resource, amount: u64) -> Self {
        let mut out = Self::default();
        out.charge(resource, amount);
        out
    }

    pub(super) fn get(&self, resource: Resource) -> u64 {
        let found = self.amounts().find(|(known, _)| *known == resource);
        found.map_or(0, |(_, amount)| amount)
    }

    pub(super) fn charge(&mut self, resource: Resource, amount: u64) {
        for (known, sum) in Self::RESOURCES.into_iter().zip(&mut self.amounts) {
            if known == resource {
                *sum = sum.saturating_add(amount);
            }
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, amount) in self.amounts.iter_mut().zip(other.amounts) {
            *sum = sum.saturating_add(amount);
        }
    }

    pub(super) fn times(mut self, count: u64) -> Self {
        for amount in &mut self.amounts {
            *amount = amount.saturating_mul(count);
        }
        self
    }
}

/// What an element is by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    pub(super) cost: Cost,
    /// How often it paints with the fill and the stroke that it has or inherits.
    pub(super) painted: u64,
    /// Vertices between its first and its last, on which markers stand; `None` when it takes no
    /// markers.
    pub(super) vertices: Option<u64>,
    /// Levels of the call stack that it takes.
    pub(super) levels: u64,
    /// Attributes that what is inside has to look through.
    pub(super) lookups: u64,
    /// Bytes that were looked at.
    pub(super) bytes: usize,
}

/// Measures an element without its children and what it refers to.
pub(super) fn own(element: &Element) -> Own {
    let mut out = Own {
        levels: levels(element.name),
        ..Own::default()
    };
    let mut bytes = 0;
    for (name, value) in &element.attributes {
        let is_list = matches!(*name, "d" | "points");
        if !is_list {
            bytes += value.len();
        }
        out.bytes += value.len();
        out.lookups += 1 + (if is_list { 0 } else { value.len() } / BYTES_PER_LOOKUP) as u64;
    }
    for declaration in &element.style.declarations {
        bytes += declaration.value.len();
        out.bytes += declaration.value.len();
        out.lookups += 1 + (declaration.value.len() / BYTES_PER_LOOKUP) as u64;
    }
    out.cost = Cost::of(Resource::Elements, 1 + (bytes / BYTES_PER_ELEMENT) as u64);
    let segments = match element.name {
        "path" => path_segments(element.attribute("d").unwrap_or("")),
        "polyline" | "polygon" => 2 + numbers(element.attribute("points").unwrap_or("")) / 2,
        "rect" => 16,
        "circle" | "ellipse" => 12,
        "line" => 2,
        _ => 0,
    };
    out.cost.charge(Resource::Segments, segments);
    match element.name {
        "path" | "polyline" | "polygon" | "line" => {
            out.vertices = Some(segments);
            out.painted = 1;
        }
        // `use` hands its paint on to what asks for the paint of its context.
        "rect" | "circle" | "ellipse" | "use" => out.painted = 1,
        "text" | "tspan" | "textPath" => {
            let (runs, characters) = text(element);
            out.bytes += characters;
            out.cost.charge(Resource::Glyphs, characters as u64);
            // Underline, overline and line-through are painted like the text.
            out.painted = 4 * runs.max(1);
        }
        "stop" => out.cost.charge(Resource::Stops, 1),
        // Stops of equal offsets are taken out one by one, which moves those behind them.
        "linearGradient" | "radialGradient" => {
            let stops = element.children.len() as u64;
            let moved = stops.saturating_mul(stops) / MOVED_PER_STOP;
            out.cost.charge(Resource::Stops, moved);
        }
        "pattern" => out.cost.charge(Resource::Surfaces, 1),
        name if name.starts_with("fe") => out.cost.charge(Resource::Surfaces, 1),
        _ => {}
    }
    out
}

/// Levels of the call stack that an element takes: about as many groups as it becomes.
fn levels(name: &str) -> u64 {
    match name {
        "svg" | "symbol" | "use" | "marker" | "pattern" | "clipPath" | "mask" => 2,
        _ => 1,
    }
}

/// Glyphs that are shaped in the time that one takes to become an outline.
const SHAPED_PER_GLYPH: u64 = 32;

/// What shaping the text of a `text` element counts as, in glyphs: the text between two absolute
/// positions is shaped as a whole, once for each run of it that has an element of its own.
pub(super) fn shaping(tree: &Tree, element: &Element) -> u64 {
    let mut pieces = Pieces::default();
    pieces.gather(tree, element);
    pieces.end();
    pieces.shaped / SHAPED_PER_GLYPH
}

/// Text between absolute positions.
#[derive(Default)]
struct Pieces {
    runs: u64,
    characters: u64,
    shaped: u64,
}

impl Pieces {
    fn gather(&mut self, tree: &Tree, element: &Element) {
        // A position holds for the first character; where there is none it is not certain to end a
        // piece.
        let places = ["x", "y"].iter().filter_map(|name| element.attribute(name));
        let mut is_placed =
            element.name == "textPath" || places.into_iter().any(|value| numbers(value) > 0);
        for child in &element.children {
            match child {
                Child::Text(text) => {
                    if std::mem::take(&mut is_placed) && !text.trim().is_empty() {
                        self.end();
                    }
                    self.runs += 1;
                    self.characters += text.chars().count() as u64;
                }
                Child::Element(index) => {
                    let inner = tree.elements.get(*index);
                    let inner = inner.filter(|inner| matches!(inner.name, "tspan" | "textPath"));
                    if let Some(inner) = inner {
                        self.gather(tree, inner);
                    }
                }
            }
        }
    }

    fn end(&mut self) {
        let shaped = self.runs.saturating_mul(self.characters);
        self.shaped = self.shaped.saturating_add(shaped);
        (self.runs, self.characters) = (0, 0);
    }
}

/// Runs and characters of the text directly inside.
fn text(element: &Element) -> (u64, usize) {
    let texts = element.children.iter().filter_map(|child| match child {
        Child::Text(text) => Some(text.chars().count()),
        Child::Element(_) => None,
    });
    texts.fold((0, 0), |(runs, characters), length| {
        (runs + 1, characters + length)
    })
}

/// Numbers in a list; at least as many as a parser finds that needs no separators.
pub(super) fn numbers(list: &str) -> u64 {
    let mut count = 0;
    let mut scan = Scan::default();
    for byte in list.bytes() {
        count += u64::from(scan.starts_number(byte));
    }
    count
}

/// An upper bound of the segments of path data once it is all lines and cubic curves.
fn path_segments(data: &str) -> u64 {
    let mut segments = 0u64;
    let (mut command, mut count, mut is_large) = (b'M', 0u64, false);
    let mut scan = Scan::default();
    let mut close = |command: u8, count: u64, is_large: bool| {
        let arc = CURVES_PER_ARC[usize::from(!is_large)];
        segments += match command.to_ascii_lowercase() {
            b'm' | b'l' | b't' => count.div_ceil(2),
            b'h' | b'v' => count,
            b's' | b'q' => count.div_ceil(4),
            b'c' => count.div_ceil(6),
            // Two flags and the number behind them may stand together.
            b'a' => count.div_ceil(5).saturating_mul(arc),
            _ => 1,
        };
    };
    for byte in data.bytes() {
        if byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E') {
            close(command, count, is_large);
            (command, count, is_large) = (byte, 0, false);
            scan = Scan::default();
            continue;
        }
        count += u64::from(scan.starts_number(byte));
        is_large |= scan.is_large();
    }
    close(command, count, is_large);
    segments
}

/// Goes through the characters of numbers.
#[derive(Default)]
struct Scan {
    in_number: bool,
    has_point: bool,
    has_exponent: bool,
    after_exponent: bool,
    digits: usize,
}

impl Scan {
    /// Takes the next byte; whether a number starts with it.
    fn starts_number(&mut self, byte: u8) -> bool {
        let is_after_exponent = std::mem::take(&mut self.after_exponent);
        let starts = match byte {
            b'0'..=b'9' => !self.in_number,
            b'.' => !self.in_number || self.has_point || self.has_exponent,
            b'+' | b'-' => !(self.in_number && is_after_exponent),
            b'e' | b'E' if self.in_number => {
                self.has_exponent = true;
                self.after_exponent = true;
                false
            }
            _ => {
                self.in_number = false;
                return false;
            }
        };
        if starts {
            *self = Self {
                in_number: true,
                ..Self::default()
            };
        }
        self.has_point |= byte == b'.';
        if byte.is_ascii_digit() && !self.has_point {
            self.digits += 1;
        }
        starts
    }

    /// Whether the number so far is large enough that its arc is cut into many curves.
    fn is_large(&self) -> bool {
        self.in_number && (self.digits >= LARGE_DIGITS || self.has_exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_never_counted_too_low() {
        for (data, least) in [
            ("M0 0L1 1 2 2 3 3Z", 5),
            ("M0 0h1 2 3v1-2.5.5", 7),
            ("m0,0c1 2 3 4 5 6 7 8 9 10 11 12", 3),
            ("M0 0Q1 2 3 4T5 6S7 8 9 9", 4),
            ("M0 0A1 1 0 0 1 2 2", 5),
            ("M0 0A1 1 0 012 2A1 1 0 01.5.5", 9),
            ("M0 0A123456 1 0 0 1 2 2", 48),
            ("M0 0A1e9 1 0 0 1 2 2", 48),
            ("M0 0z z z", 4),
            ("", 0),
        ] {
            assert!(
                path_segments(data) >= least,
                "{data}: {}",
                path_segments(data)
            );
        }
        assert!(path_segments("M0 0L1 1 2 2 3 3Z") <= 6);
    }

    #[test]
    fn numbers_need_no_separators() {
        for (list, count) in [
            ("1-2.5.5e-3 7", 4),
            ("1e5-3", 2),
            (" , ", 0),
            ("1,2 3\n4", 4),
        ] {
            assert_eq!(numbers(list), count, "{list}");
        }
    }
}
