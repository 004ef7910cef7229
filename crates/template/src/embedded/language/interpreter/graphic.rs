//! Prompts for something other than a scene: "a pattern of stars", "a logo of a lion with the
//! letters ABC". The word for the kind of picture goes, and what it is made of stays.

use super::Interpreter;
use crate::embedded::lookup::pictures::of_emoji;
use crate::embedded::scene::{
    Arrangement, ArtReference, ObjectIndex, Place, RelationKind, SceneObject,
};
use crate::embedded::things::{self, Trait, picture_has};

impl Interpreter {
    /// Recognises a pattern or a logo made of the other things of the prompt.
    pub(super) fn become_graphic(&mut self) {
        if self.scene.objects.len() < 2 && self.scene.setting.place != Some(Place::Mountains) {
            return;
        }
        if let Some(index) = self.position_of(|generator, _| generator == "logo") {
            self.become_logo(index);
        } else if let Some(index) = self.position_of(|generator, key| {
            matches!(generator, "mosaic" | "dots") && key.ends_with("pattern")
        }) {
            self.become_pattern(index);
        }
    }

    fn position_of(&self, wanted: impl Fn(&str, &str) -> bool) -> Option<ObjectIndex> {
        self.scene
            .objects
            .iter()
            .zip(&self.keys)
            .position(|(object, key)| match &object.art {
                ArtReference::Generated { generator } => wanted(generator, key),
                _ => false,
            })
            .map(ObjectIndex)
    }

    fn become_pattern(&mut self, index: ObjectIndex) {
        // A relation that needs a place ("a pattern on a cup") makes a scene.
        let stands = self
            .scene
            .relations
            .iter()
            .any(|relation| relation.subject == index && relation.kind != RelationKind::With);
        if stands {
            return;
        }
        self.remove(index);
        let fills_canvas = |object: &SceneObject| picture_has(&object.art, Trait::Pattern);
        self.scene.setting.place = Some(Place::Plain);
        if !(self.scene.objects.len() == 1 && self.scene.objects.iter().all(fills_canvas)) {
            self.scene.arrangement = Arrangement::Pattern;
        }
    }

    fn become_logo(&mut self, index: ObjectIndex) {
        let mut text = self.object_at(index).and_then(|object| object.text.clone());
        if let Some(letters) = self.position_of(|_, key| key == "lettering") {
            let known = self
                .object_at(letters)
                .and_then(|object| object.text.clone());
            text = text.or(known);
            self.remove(letters);
        }
        let Some(index) = self.position_of(|generator, _| generator == "logo") else {
            return;
        };
        if self.scene.objects.len() < 2 {
            if self.scene.setting.place != Some(Place::Mountains) {
                if let Some(object) = self.scene.objects.get_mut(index.0) {
                    object.text = text;
                }
                return;
            }
            if let Some(object) = self.scene.objects.get_mut(index.0) {
                object.art = ArtReference::Generated {
                    generator: "mountain".to_owned(),
                };
                object.label = "mountain".to_owned();
                object.text = None;
            }
        } else {
            self.hand_over_relations(index);
            self.remove(index);
        }
        for (object, key) in self.scene.objects.iter_mut().zip(&self.keys) {
            let trade = things::sign_of_trade(key).and_then(of_emoji);
            let is_building = picture_has(&object.art, Trait::Premises);
            if let (Some(picture), true) = (trade, is_building) {
                object.art = ArtReference::clone(&picture.art);
                // A sign of the trade is what a logo wants, not a stand-in.
                self.scene
                    .substitutes
                    .retain(|substitute| substitute.asked != *key);
            }
        }
        self.scene.setting.place = Some(Place::Plain);
        if text.is_none() && !self.scene.relations.is_empty() {
            // "A wave inside a circle" is a composition of its own.
            return;
        }
        self.scene.relations.clear();
        self.scene.arrangement = Arrangement::Logo { text };
    }

    /// "A logo of a wave inside a circle": it is the wave that is inside.
    fn hand_over_relations(&mut self, whole: ObjectIndex) {
        let motif = ObjectIndex(usize::from(whole.0 == 0));
        for relation in &mut self.scene.relations {
            if relation.subject == whole && relation.reference != motif {
                relation.subject = motif;
            }
        }
    }
}
