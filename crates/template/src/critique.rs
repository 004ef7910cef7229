//! How good a drawing is, measured without a model: what is wrong with it in words that a model or
//! a person can act on, and one score by which drawings of the same prompt are compared.

mod finding;
mod look;
mod touch;

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, RenderError};

pub use finding::Finding;
use look::Look;

/// What the drawing was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brief {
    /// Colours that were asked for, with the words for it.
    pub colors: Vec<(String, Color)>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Critique {
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// `0.0..=1.0`, higher is better; 0 when nothing is seen.
    pub score: f32,
}

/// Looks at a drawing.
///
/// # Errors
/// When it cannot be rendered, or `stop` said so.
pub fn critique(document: &Document, brief: &Brief, stop: &Stop) -> Result<Critique, RenderError> {
    let look = Look::at(document, stop)?;
    let mut findings = look.findings(brief);
    findings.extend(touch::detached(document));
    findings.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    let score = if look.is_blank() {
        0.0
    } else {
        // Each fault takes its share of what is left, so that many small ones never outweigh all.
        findings.iter().fold(look.base_score(), |score, finding| {
            score * (1.0 - finding.weight())
        })
    };
    Ok(Critique { findings, score })
}

/// Shapes without which a drawing is only begun.
pub const LEAST_SHAPES: usize = 8;

/// Whether a drawing that is not finished says enough to be served: several shapes, and things
/// beside the surroundings, which are drawn first. Quick, for it looks at bounds and no pixel.
pub fn is_presentable(document: &Document) -> bool {
    let shapes = document.shapes();
    let meanings: Vec<_> = shapes.iter().map(look::meaning_of).collect();
    let filled = look::filled_by_things(&shapes, &meanings, document.view_box);
    shapes.len() >= LEAST_SHAPES && filled.is_some_and(|share| share >= look::LEAST_FILLED)
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::ParseLimits;

    use super::*;

    fn of(inner: &str) -> Critique {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" width=\"100\" height=\"100\">{inner}</svg>"
        );
        let document = Document::parse(svg.as_bytes(), &ParseLimits::default())
            .unwrap()
            .document;
        let brief = Brief {
            colors: vec![("red".to_owned(), Color::from_rgb8(220, 30, 30))],
        };
        critique(&document, &brief, &Stop::never()).unwrap()
    }

    const GOOD: &str = r##"<g id="wall" data-role="background"><rect id="paper" width="100" height="100" fill="#bcd9ee"/></g>
        <g id="ball"><circle id="skin" cx="50" cy="50" r="30" fill="#d21f1f"/><circle id="spot" cx="42" cy="42" r="8" fill="#ffffff"/></g>"##;

    fn has(critique: &Critique, what: &str) -> bool {
        critique
            .findings
            .iter()
            .any(|finding| finding.to_string().contains(what))
    }

    #[test]
    fn a_sound_drawing_has_nothing_to_find() {
        let good = of(GOOD);
        assert_eq!(good.findings, [], "{good:?}");
        assert!(good.score > 0.6, "{}", good.score);
    }

    #[test]
    fn each_fault_is_found_by_name_and_costs() {
        let good = of(GOOD);
        for (addition, what) in [
            (
                r##"<g id="far"><circle id="lost" cx="300" cy="50" r="20" fill="#333"/></g>"##,
                "off the canvas",
            ),
            (
                r##"<g id="a"><circle id="buried" cx="50" cy="50" r="9" fill="#3f3"/></g><g id="b"><circle id="lid" cx="50" cy="50" r="12" fill="#333"/></g>"##,
                "hidden",
            ),
            (
                r##"<g id="a"><circle id="pale" cx="12" cy="12" r="9" fill="#bcd9ed"/></g>"##,
                "cannot be told",
            ),
            (
                r##"<g id="cat"><circle id="body" cx="15" cy="85" r="10" fill="#222"/><circle id="head" cx="70" cy="12" r="8" fill="#222"/></g>"##,
                "touch",
            ),
        ] {
            let worse = of(&format!("{GOOD}{addition}"));
            assert!(has(&worse, what), "{what}: {:?}", worse.findings);
            assert!(worse.score < good.score, "{what}");
        }
    }

    #[test]
    fn a_colour_that_was_asked_for_is_missed() {
        let green = of(&GOOD.replace("#d21f1f", "#1fa23f"));
        assert!(has(&green, "red"), "{:?}", green.findings);
        assert!(green.score < of(GOOD).score);
    }

    #[test]
    fn a_drawing_is_presentable_once_things_stand_in_its_surroundings() {
        let presentable = |inner: String| {
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">{inner}</svg>"
            );
            let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
            is_presentable(&parsed.document)
        };
        let wall =
            r##"<g data-role="background"><rect width="100" height="100" fill="#bcd9ee"/></g>"##;
        let stripes =
            r##"<g data-role="background"><rect y="50" width="100" height="9" fill="#abc"/></g>"##;
        let ball = r##"<circle cx="50" cy="50" r="30" fill="#d21f1f"/>"##;
        let dot = r##"<circle cx="50" cy="50" r="1" fill="#d21f1f"/>"##;
        assert!(!presentable(format!("{wall}{ball}")));
        assert!(!presentable(format!("{wall}{}", stripes.repeat(9))));
        assert!(!presentable(format!("{wall}{}", dot.repeat(9))));
        assert!(presentable(format!("{wall}{}{ball}", dot.repeat(6))));
    }

    #[test]
    fn an_empty_or_blank_drawing_scores_nothing() {
        assert_eq!(of("").score, 0.0);
        assert_eq!(
            of(r##"<rect id="x" width="0.01" height="0.01"/>"##).score,
            0.0
        );
    }
}
