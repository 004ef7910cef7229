//! Where the library that expands a tree does other than browsers do: the tree is changed so that
//! both do the same.

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;

use kurbo::{BezPath, Circle, Ellipse, Line, RoundedRect, Shape as _};
use svgtypes::{Length, LengthUnit, NumberListParser, PointsParser};

use crate::sanitise::{Element, Meter, ParseError, Tree, WarningKind, Warnings, targets};

/// Least size of a pattern's tile as a share of what it paints. The library cannot hold tiles that
/// vanish beside their place, and nobody sees them.
const LEAST_TILE: f64 = 1e-3;

/// Makes a tree such that the library shows what browsers show.
pub(super) fn to_browsers(
    tree: &mut Tree,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    for pattern in tree.elements.iter_mut().filter(|e| e.name == "pattern") {
        widen_tiles(pattern);
    }
    drop_lost_filters(tree);
    size_symbols(tree);
    for element in &mut tree.elements {
        // The library knows these words in styles only.
        let value = element.attribute("image-rendering").map(str::trim);
        if matches!(value, Some("pixelated" | "crisp-edges")) {
            element.set("image-rendering", "optimizeSpeed".to_owned());
        }
    }
    scale_dashes(tree, warnings, meter)
}

/// Makes the tiles of a pattern large enough for the library.
fn widen_tiles(pattern: &mut Element) {
    if pattern.attribute("patternUnits") == Some("userSpaceOnUse") {
        return;
    }
    for side in ["width", "height"] {
        let value = pattern
            .attribute(side)
            .and_then(|text| text.trim().parse::<f64>().ok());
        if value.is_some_and(|value| value > 0.0 && value < LEAST_TILE) {
            pattern.set(side, LEAST_TILE.to_string());
        }
    }
}

/// Removes references to filters that are not there: browsers show what has one as if it had none,
/// the library not at all.
fn drop_lost_filters(tree: &mut Tree) {
    let filters = tree.elements.iter().filter(|e| e.name == "filter");
    let ids: HashSet<String> = filters
        .filter_map(|filter| filter.attribute("id"))
        .map(str::to_owned)
        .collect();
    for element in &mut tree.elements {
        let value = element.attribute("filter").unwrap_or("");
        let is_lost = targets(value).next().is_some() && !targets(value).any(|id| ids.contains(id));
        if is_lost {
            element.remove("filter");
        }
    }
}

/// Gives a `use` without a size that of the symbol that it shows.
fn size_symbols(tree: &mut Tree) {
    const SIDES: [&str; 2] = ["width", "height"];
    let symbols = tree.elements.iter().filter(|e| e.name == "symbol");
    let mut sizes: HashMap<String, [Option<String>; 2]> = HashMap::new();
    for symbol in symbols {
        let size = SIDES.map(|side| symbol.attribute(side).map(str::to_owned));
        if let Some(id) = symbol.attribute("id")
            && size.iter().any(Option::is_some)
        {
            sizes.entry(id.to_owned()).or_insert(size);
        }
    }
    if sizes.is_empty() {
        return;
    }
    for element in tree.elements.iter_mut().filter(|e| e.name == "use") {
        let id = element
            .attribute("href")
            .and_then(|href| href.trim().strip_prefix('#'));
        let Some(size) = id.and_then(|id| sizes.get(id)) else {
            continue;
        };
        for (side, length) in SIDES.into_iter().zip(size) {
            if let Some(length) = length
                && element.attribute(side).is_none()
            {
                element.set(side, length.clone());
            }
        }
    }
}

/// Scales the dashes of shapes that say how long their outline counts as (`pathLength`).
fn scale_dashes(
    tree: &mut Tree,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    const DASHES: [&str; 2] = ["stroke-dasharray", "stroke-dashoffset"];
    if !tree
        .elements
        .iter()
        .any(|element| element.attribute("pathLength").is_some())
    {
        return Ok(());
    }
    // What each element has or inherits; parents stand before their children.
    let mut known: Vec<[Option<String>; 2]> = vec![[None, None]; tree.elements.len()];
    for index in 0..tree.elements.len() {
        let Some(element) = tree.elements.get(index) else {
            break;
        };
        meter.add(1 + element.children.len())?;
        let inherited = known.get(index).cloned().unwrap_or_default();
        let mut values = DASHES.map(|name| element.attribute(name).map(str::to_owned));
        for (value, inherited) in values.iter_mut().zip(inherited) {
            if value
                .as_deref()
                .is_none_or(|value| value.trim() == "inherit")
            {
                *value = inherited;
            }
        }
        for child in element.child_elements() {
            if let Some(slot) = known.get_mut(child) {
                slot.clone_from(&values);
            }
        }
        let Some(said) = element.attribute("pathLength") else {
            continue;
        };
        let [Some(dashes), _] = &values else {
            continue;
        };
        if dashes.trim() == "none" {
            continue;
        }
        let said = said
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|length| *length > 0.0);
        let Some(said) = said else { continue };
        meter.add(element.attribute("d").map_or(0, str::len))?;
        let scaled = outline_length(element).and_then(|length| {
            let factor = length / said;
            let [dashes, offset] = &values;
            let dashes = scaled(dashes.as_deref()?, factor)?;
            let offset = match offset {
                Some(offset) => Some(scaled(offset, factor)?),
                None => None,
            };
            Some([Some(dashes), offset])
        });
        let place = tree.place(index);
        match (scaled, tree.elements.get_mut(index)) {
            (Some(scaled), Some(element)) => {
                if is_round(element) {
                    // Browsers measure curves by their chords.
                    warnings.add(WarningKind::Approximated, &format!("pathLength of {place}"));
                }
                for (name, value) in DASHES.into_iter().zip(scaled) {
                    if let Some(value) = value {
                        element.set(name, value);
                    }
                }
            }
            _ => warnings.add(WarningKind::Approximated, &format!("pathLength of {place}")),
        }
    }
    Ok(())
}

/// Whether the outline of an element has curves.
fn is_round(element: &Element) -> bool {
    let has_curves = |data: &str| data.contains(|c: char| "CcSsQqTtAa".contains(c));
    matches!(element.name, "circle" | "ellipse") || element.attribute("d").is_some_and(has_curves)
}

/// A list of lengths without percentages, each times a factor.
fn scaled(list: &str, factor: f64) -> Option<String> {
    let plain = list.replace("px", " ");
    let numbers: Result<Vec<f64>, _> = NumberListParser::from(plain.as_str()).collect();
    let numbers = numbers.ok()?;
    let scaled = numbers.iter().map(|number| (number * factor).to_string());
    let scaled: Vec<String> = scaled.collect();
    (factor.is_finite() && !scaled.is_empty()).then(|| scaled.join(" "))
}

/// The length of a shape's outline; `None` when it is not said in plain numbers.
fn outline_length(element: &Element) -> Option<f64> {
    const ACCURACY: f64 = 1e-3;
    let number = |name: &str| match element.attribute(name) {
        None => Some(0.0),
        Some(text) => {
            let length = Length::from_str(text.trim()).ok()?;
            matches!(length.unit, LengthUnit::None | LengthUnit::Px).then_some(length.number)
        }
    };
    let points = || {
        let mut path = BezPath::new();
        for (x, y) in PointsParser::from(element.attribute("points").unwrap_or("")) {
            if path.elements().is_empty() {
                path.move_to((x, y));
            } else {
                path.line_to((x, y));
            }
        }
        path
    };
    let length = match element.name {
        "path" => BezPath::from_svg(element.attribute("d")?)
            .ok()?
            .perimeter(ACCURACY),
        "rect" => {
            let (width, height) = (number("width")?, number("height")?);
            let radius = number("rx")?.max(number("ry")?);
            let radius = radius.min(width.min(height) * 0.5);
            RoundedRect::new(0.0, 0.0, width, height, radius).perimeter(ACCURACY)
        }
        "circle" => Circle::new((0.0, 0.0), number("r")?).perimeter(ACCURACY),
        "ellipse" => {
            let radii = (number("rx")?, number("ry")?);
            Ellipse::new((0.0, 0.0), radii, 0.0).perimeter(ACCURACY)
        }
        "line" => {
            let start = (number("x1")?, number("y1")?);
            Line::new(start, (number("x2")?, number("y2")?)).perimeter(ACCURACY)
        }
        "polyline" => points().perimeter(ACCURACY),
        "polygon" => {
            let mut path = points();
            if !path.elements().is_empty() {
                path.close_path();
            }
            path.perimeter(ACCURACY)
        }
        _ => return None,
    };
    (length.is_finite() && length > 0.0).then_some(length)
}
