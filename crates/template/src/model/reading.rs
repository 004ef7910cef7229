//! What the composer understood of a prompt, as words for a model.

use std::fmt::Write as _;

use crate::embedded::{RelationKind, SceneDescription, SizeClass};

/// The scene description as text; `None` when there is nothing in it that a model would not know.
pub(super) fn describe(scene: &SceneDescription) -> Option<String> {
    if scene.objects.is_empty() {
        return None;
    }
    let mut text = String::new();
    for (index, object) in scene.objects.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}. {}", index + 1, object.label);
        if object.count > 1 {
            let _ = write!(text, ", {} of them", object.count);
        }
        if let Some(color) = object.color {
            let _ = write!(text, ", coloured {}", hex(color));
        }
        if let Some(material) = object.material {
            let _ = write!(text, ", made of {}", material.name());
        }
        match object.size {
            SizeClass::Tiny => text.push_str(", tiny"),
            SizeClass::Small => text.push_str(", small"),
            SizeClass::Usual => {}
            SizeClass::Large => text.push_str(", large"),
            SizeClass::Huge => text.push_str(", huge"),
        }
        if let Some(letters) = &object.text {
            let _ = write!(text, ", with the letters \"{letters}\"");
        }
        text.push('\n');
    }
    for relation in &scene.relations {
        let _ = write!(
            text,
            "{} is {} {}",
            relation.subject.0 + 1,
            words(relation.kind),
            relation.reference.0 + 1
        );
        if let Some(second) = relation.second_reference {
            let _ = write!(text, " and {}", second.0 + 1);
        }
        text.push_str(".\n");
    }
    let setting = &scene.setting;
    let around: Vec<&str> = [
        setting.place.map(chat2svg_vector::Place::name),
        setting.time.map(chat2svg_vector::TimeOfDay::name),
        setting.weather.map(chat2svg_vector::Weather::name),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !around.is_empty() {
        let _ = writeln!(text, "Surroundings: {}.", around.join(", "));
    }
    if let Some(background) = setting.background {
        let _ = writeln!(text, "Background: {background}.");
    }
    Some(text)
}

pub(crate) fn hex(color: chat2svg_vector::Color) -> String {
    let byte = |component: f32| (component.clamp(0.0, 1.0) * 255.0).round() as u8;
    format!(
        "#{:02x}{:02x}{:02x}",
        byte(color.red),
        byte(color.green),
        byte(color.blue)
    )
}

fn words(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::On => "on",
        RelationKind::Under => "under",
        RelationKind::Above => "above",
        RelationKind::Below => "below",
        RelationKind::Behind => "behind",
        RelationKind::InFrontOf => "in front of",
        RelationKind::Inside => "inside",
        RelationKind::Beside => "beside",
        RelationKind::LeftOf => "left of",
        RelationKind::RightOf => "right of",
        RelationKind::Between => "between",
        RelationKind::Around => "around",
        RelationKind::With => "together with",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{Vocabulary, understand};

    #[test]
    fn a_reading_names_things_counts_colours_and_relations() {
        let scene = understand("two blue cars on a table at night", &Vocabulary::builtin());
        let text = describe(&scene).expect("something was understood");
        assert!(
            text.contains("2 of them") && text.contains("coloured #"),
            "{text}"
        );
        assert!(
            text.contains("1 is on 2") && text.contains("night"),
            "{text}"
        );
    }

    #[test]
    fn nothing_understood_is_nothing_said() {
        assert_eq!(describe(&SceneDescription::default()), None);
    }
}
