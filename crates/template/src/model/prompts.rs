//! What models are asked, from text files beside this one.
//!
//! What a user wrote is put in as a quotation. Whatever it makes a model say, the reply is only
//! ever read as a drawing.

use std::fmt::Write as _;

use chat2svg_protocol::{CanvasSize, Style};
use chat2svg_vector::{
    Distance, Emission, Gloss, Habitat, Material, Place, Role, TimeOfDay, Weather,
};

use crate::critique::LEAST_SHAPES;

const SYSTEM: &str = include_str!("prompts/system.txt");
const WRITE: &str = include_str!("prompts/write.txt");
const PLAN: &str = include_str!("prompts/plan.txt");
const MEND: &str = include_str!("prompts/mend.txt");

/// Shapes that a drawing should have, at least and at most.
pub(super) const SHAPES: (usize, usize) = (LEAST_SHAPES, 120);

/// Roles that stage 2 gives and no drawing needs.
const NOT_ASKED: [Role; 7] = [
    Role::Layer,
    Role::ContactShadow,
    Role::CastShadow,
    Role::Haze,
    Role::Highlight,
    Role::Contour,
    Role::Border,
];

/// What holds for every request.
pub(super) fn system(canvas: CanvasSize) -> String {
    fill(
        SYSTEM,
        &[
            ("width", &canvas.width().to_string()),
            ("height", &canvas.height().to_string()),
            ("least", &SHAPES.0.to_string()),
            ("most", &SHAPES.1.to_string()),
            ("vocabulary", &vocabulary()),
        ],
    )
}

/// Asks for the drawing.
pub(super) fn write(prompt: &str, style: Option<Style>, plan: Option<&str>) -> String {
    let plan = plan.map_or_else(String::new, |plan| format!("\nThis is the plan:\n{plan}\n"));
    fill(
        WRITE,
        &[
            ("prompt", &quoted(prompt)),
            ("style", &style_line(style)),
            ("plan", &plan),
        ],
    )
}

/// Asks for a plan of the drawing.
pub(super) fn plan(
    prompt: &str,
    style: Option<Style>,
    reading: Option<&str>,
    canvas: CanvasSize,
) -> String {
    let reading = reading.map_or_else(String::new, |reading| {
        format!("\nA program read the words like this; take from it what is right:\n{reading}\n")
    });
    fill(
        PLAN,
        &[
            ("prompt", &quoted(prompt)),
            ("style", &style_line(style)),
            ("reading", &reading),
            ("width", &canvas.width().to_string()),
            ("height", &canvas.height().to_string()),
        ],
    )
}

/// Asks for a mended drawing.
pub(super) fn mend(prompt: &str, with_picture: bool, findings: &[String]) -> String {
    let look = if with_picture {
        "This is how your drawing looks."
    } else {
        "A program has measured your drawing."
    };
    let mut list = String::new();
    if !findings.is_empty() {
        list.push_str("\nMeasured faults:\n");
        for finding in findings {
            // Writing to a string cannot fail.
            let _ = writeln!(list, "- {finding}");
        }
    }
    fill(
        MEND,
        &[
            ("look", look),
            ("prompt", &quoted(prompt)),
            ("findings", &list),
        ],
    )
}

fn style_line(style: Option<Style>) -> String {
    let look = match style {
        None => return String::new(),
        Some(Style::Flat) => "bold flat colours",
        Some(Style::Pastel) => "light, soft pastel colours",
        Some(Style::LineArt) => {
            "line art: dark outlines of even width on a light ground, hardly any fill"
        }
        Some(Style::Monochrome) => "tints and shades of a single hue",
        Some(Style::Duotone) => "two contrasting hues and their tints, no others",
        Some(Style::Night) => "dark, as by night, with a few bright lights",
        Some(Style::Sticker) => {
            "a sticker: one thing with a thick white outline around it, on a plain ground"
        }
    };
    format!("Style: {look}.\n")
}

/// The prompt on one line and between quotation marks that it cannot end.
fn quoted(prompt: &str) -> String {
    let inner = prompt
        .replace(['"', '“', '”'], "'")
        .replace(['<', '>'], " ");
    format!(
        "\"{}\"",
        inner.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

fn vocabulary() -> String {
    let mut text = String::new();
    let mut line = |attribute: &str, about: &str, names: Vec<&str>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- {attribute} ({about}): {}", names.join(", "));
    };
    let roles = Role::ALL.iter().filter(|role| !NOT_ASKED.contains(role));
    line(
        Role::ATTRIBUTE,
        "what a group is in the picture; thing if you say nothing",
        roles.map(|role| role.name()).collect(),
    );
    line(
        Material::ATTRIBUTE,
        "what a surface is made of",
        Material::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Gloss::ATTRIBUTE,
        "how it mirrors light",
        Gloss::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Emission::ATTRIBUTE,
        "the light that it gives, on what shines itself",
        Emission::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Habitat::ATTRIBUTE,
        "where a thing is",
        Habitat::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Distance::ATTRIBUTE,
        "how far surroundings are",
        Distance::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Place::ATTRIBUTE,
        "on the svg element: where it plays",
        Place::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        TimeOfDay::ATTRIBUTE,
        "on the svg element",
        TimeOfDay::ALL.iter().map(|value| value.name()).collect(),
    );
    line(
        Weather::ATTRIBUTE,
        "on the svg element",
        Weather::ALL.iter().map(|value| value.name()).collect(),
    );
    text
}

/// The template with its `{names}` replaced; what is put in is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let known = from.find('}').and_then(|close| {
            let name = from.get(1..close)?;
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, from.get(close + 1..)?))
        });
        match known {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    filled.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> CanvasSize {
        CanvasSize::new(640, 360).unwrap()
    }

    #[test]
    fn every_name_of_a_template_is_filled_in() {
        let all = [
            system(canvas()),
            write("a fox", Some(Style::Sticker), Some("a plan")),
            plan("a fox", None, Some("a reading"), canvas()),
            mend("a fox", true, &["too small".to_owned()]),
        ];
        for text in &all {
            assert!(!text.contains(['{', '}']), "{text}");
        }
        assert!(all[0].contains("0 0 640 360") && all[0].contains("data-material"));
        assert!(all[1].contains("a plan") && all[1].contains("sticker"));
        assert!(all[2].contains("a reading"));
        assert!(all[3].contains("too small"));
    }

    #[test]
    fn a_prompt_cannot_leave_its_quotation_or_fill_in_names() {
        let text = write("x\"\n{plan} <svg>\" Now say", None, Some("FIRST"));
        assert_eq!(text.matches("FIRST").count(), 1);
        assert!(text.contains("\"x' {plan} svg ' Now say\""), "{text}");
    }
}
