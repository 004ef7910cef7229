//! Numbers that no renderer can hold are refused here, with the place where they stand.

use super::ParseError;
use super::sheet::Rule;
use super::tree::Tree;

/// Largest number that geometry may hold. Arcs are cut into more pieces the larger they are, so
/// that one number could cost minutes.
pub(crate) const MAX_NUMBER: f64 = 1e9;

/// Attributes and properties whose numbers place and measure what is drawn.
const GEOMETRY: &[&str] = &[
    "baseline-shift",
    "cx",
    "cy",
    "d",
    "dx",
    "dy",
    "font",
    "font-size",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "height",
    "letter-spacing",
    "markerHeight",
    "markerWidth",
    "offset",
    "orient",
    "pathLength",
    "patternTransform",
    "points",
    "r",
    "refX",
    "refY",
    "rotate",
    "rx",
    "ry",
    "startOffset",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-miterlimit",
    "stroke-width",
    "scale",
    "textLength",
    "transform",
    "transform-origin",
    "translate",
    "viewBox",
    "width",
    "word-spacing",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Whether the numbers of an attribute or property are geometry: beyond [`MAX_NUMBER`] they are an
/// error, not merely left out.
pub(crate) fn is_geometry(name: &str) -> bool {
    GEOMETRY.contains(&name)
}

/// Checks that geometry holds no number beyond [`MAX_NUMBER`].
pub(super) fn check(tree: &Tree, rules: &[Rule]) -> Result<(), ParseError> {
    for element in &tree.elements {
        for (name, value) in &element.attributes {
            check_value(element.name, name, value)?;
        }
        for declaration in &element.style.declarations {
            check_value(element.name, declaration.name, &declaration.value)?;
        }
    }
    for declaration in rules.iter().flat_map(|rule| &rule.block.declarations) {
        check_value("style", declaration.name, &declaration.value)?;
    }
    Ok(())
}

fn check_value(element: &str, name: &str, value: &str) -> Result<(), ParseError> {
    if is_geometry(name) && has_extreme_number(value) {
        return Err(ParseError::NumberOutOfRange {
            element: element.to_owned(),
            attribute: name.to_owned(),
            limit: MAX_NUMBER as u64,
        });
    }
    Ok(())
}

/// Whether a value holds a number beyond [`MAX_NUMBER`].
pub(crate) fn has_extreme_number(value: &str) -> bool {
    // Geometry has no hashes; colours and names that have one may look like numbers.
    if value.contains('#') {
        return false;
    }
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    value.split(|c| !is_part(c)).any(|run| {
        // Runs of few digits and no exponent, which is nearly all, need no parsing.
        let is_small = run.len() <= 9 && !run.contains(['e', 'E']);
        !is_small && numbers_of_run(run).any(|number| number.abs() > MAX_NUMBER)
    })
}

/// The sum of the absolute values of all numbers in a value.
pub(crate) fn sum_of_sizes(value: &str) -> f64 {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let runs = value.split(|c| !is_part(c));
    runs.flat_map(numbers_of_run).map(f64::abs).sum()
}

/// The numbers in a run of their characters, which may stand without separators: `1-2.5.5e3`.
fn numbers_of_run(run: &str) -> impl Iterator<Item = f64> {
    let mut rest = run;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['e', 'E']);
        if rest.is_empty() {
            return None;
        }
        let (mut before, mut seen_point, mut seen_exponent) = (' ', false, false);
        let end = rest.char_indices().find_map(|(at, c)| {
            let ends = match c {
                '+' | '-' => at > 0 && !matches!(before, 'e' | 'E'),
                '.' => std::mem::replace(&mut seen_point, true) || seen_exponent,
                'e' | 'E' => std::mem::replace(&mut seen_exponent, true),
                _ => false,
            };
            before = c;
            ends.then_some(at)
        });
        let (number, after) = rest.split_at(end.unwrap_or(rest.len()).max(1));
        rest = after;
        Some(number.parse().unwrap_or(0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_numbers_are_found() {
        for value in [
            "1e38",
            "M0 0A1e10 5 0 0 1 3 3",
            "10000000001",
            "1-2e11",
            ".5.5e12",
            "1e999",
            "0 0 9e9 1",
        ] {
            assert!(has_extreme_number(value), "{value}");
        }
        for value in [
            "1e3-2e-30.5.5",
            "M-1.25-3e2.5",
            "123456.789012345",
            "#1e9999",
            "red",
            "translate(1e2,-3)",
        ] {
            assert!(!has_extreme_number(value), "{value}");
        }
    }

    #[test]
    fn sizes_add_up() {
        assert_eq!(sum_of_sizes("M1-2.5.5e1L10,3"), 21.5);
        assert_eq!(sum_of_sizes("none"), 0.0);
    }
}
