//! Things that are one picture with another: made of it, strewn with it, showing a light.

use super::{Interpreter, MAX_OBJECTS};
use crate::embedded::language::coverage::{Coverage, Undrawn, WordCoverage};
use crate::embedded::language::lexicon::{Link, parse_hex};
use crate::embedded::language::phrases::NounPhrase;
use crate::embedded::lookup::pictures::Picture;
use crate::embedded::scene::{
    ArtReference, Composite, ObjectIndex, RelationKind, SceneObject, SizeClass, Stance,
};
use crate::embedded::things::{self, Trait, picture_has};
use chat2svg_vector::Color;

/// Colours that are told apart at a glance, for things "in different colours".
const PALETTE: [&str; 8] = [
    "d92b2f", "2a6fdb", "fcd02f", "3f9b45", "8347ad", "f58a1f", "ec6fa9", "35b5c4",
];

/// The most toppings on one thing.
const MAX_TOPPINGS: u32 = 7;

impl Interpreter {
    /// "A heart made of circles", "a pizza with mushrooms": both are one picture.
    pub(super) fn read_as_composite(&mut self, phrase: &NounPhrase, picture: &Picture) -> bool {
        let Some((link, subjects, _)) = &self.pending else {
            return false;
        };
        let &[subject] = subjects.as_slice() else {
            return false;
        };
        let Some(object) = self.object_at(subject) else {
            return false;
        };
        let color = phrase.attributes.colors.first().map(|(color, _)| *color);
        let art = ArtReference::clone(&picture.art);
        let label = phrase.label.clone();
        let composite = match link {
            Link::MadeOf => Composite::MadeOf { label, art, color },
            Link::Relation(RelationKind::With | RelationKind::On)
            | Link::Reversed(RelationKind::On)
                if is_dish(object) && is_food(&art) && art != object.art =>
            {
                let usual = if phrase.plural { 5 } else { 1 };
                Composite::Strewn {
                    label,
                    art,
                    color,
                    count: phrase.count.unwrap_or(usual).clamp(1, MAX_TOPPINGS),
                }
            }
            _ => return false,
        };
        if matches!(link, Link::Relation(RelationKind::On)) {
            return false;
        }
        if let Some(object) = self.scene.objects.get_mut(subject.0) {
            object.composite = Some(composite);
        }
        true
    }

    /// "A traffic light showing green".
    pub(super) fn shown(&mut self, color: Color, word: &str) {
        let mut is_shown = false;
        for index in self.last.clone() {
            if let Some(object) = self.scene.objects.get_mut(index.0)
                && picture_has(&object.art, Trait::Signals)
            {
                object.composite = Some(Composite::Showing(color));
                is_shown = true;
            }
        }
        let coverage = if is_shown {
            Coverage::Drawn
        } else {
            Coverage::Undrawn(Undrawn::Quality)
        };
        self.word_coverage.push(WordCoverage::new(word, coverage));
    }

    /// "A battery showing empty".
    pub(super) fn charged(&mut self, color: Color, word: &str) {
        let mut is_shown = false;
        for index in self.last.clone() {
            if let Some(object) = self.scene.objects.get_mut(index.0)
                && matches!(&object.art, ArtReference::Twemoji { emoji, .. } if emoji == "🔋")
            {
                object.color = Some(color);
                is_shown = true;
            }
        }
        let coverage = if is_shown {
            Coverage::Drawn
        } else {
            Coverage::Undrawn(Undrawn::Quality)
        };
        self.word_coverage.push(WordCoverage::new(word, coverage));
    }

    /// "In different colours": each of the things named last has one of its own.
    pub(super) fn vary(&mut self) {
        self.pending = None;
        for index in self.last.clone() {
            let Some(object) = self.scene.objects.get(index.0).cloned() else {
                continue;
            };
            if object.count < 2 || object.color.is_some() {
                continue;
            }
            let colors: Vec<(Color, String)> = PALETTE
                .iter()
                .filter_map(|hex| Some((parse_hex(hex)?, String::new())))
                .take(object.count as usize)
                .collect();
            self.split_by_color(index, &object, &colors);
        }
    }

    /// "Sushi platter": what a vessel is named after is in it.
    pub(super) fn fill_vessel(&mut self, vessel: ObjectIndex, contents: &(String, Picture)) {
        if self.scene.objects.len() >= MAX_OBJECTS {
            return;
        }
        let (label, picture) = contents;
        self.scene.objects.push(SceneObject {
            label: label.clone(),
            art: ArtReference::clone(&picture.art),
            count: 3,
            color: picture.color,
            material: picture.material,
            size: SizeClass::Usual,
            text: None,
            stance: Stance::Usual,
            composite: None,
        });
        self.keys.push(label.to_lowercase());
        self.likeness.push(None);
        self.vessels.push(false);
        let index = ObjectIndex(self.scene.objects.len() - 1);
        self.relate_of(&[vessel], index);
    }
}

fn is_food(art: &ArtReference) -> bool {
    things::emoji_group(art) == Some(emojis::Group::FoodAndDrink)
        || matches!(art, ArtReference::Twemoji { emoji, .. } if emoji == "🍄")
}

/// What other food is put on.
fn is_dish(object: &SceneObject) -> bool {
    is_food(&object.art) && picture_has(&object.art, Trait::Topped)
}
