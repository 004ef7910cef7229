//! Phrases that are one picture: a person in a coloured garment, a statue of something, a rider.
//! Each `read_as_…` changes the scene and says whether the phrase was read so.

use super::Interpreter;
use crate::embedded::language::actions;
use crate::embedded::language::lexicon::{self, Link};
use crate::embedded::language::phrases::NounPhrase;
use crate::embedded::scene::{ArtReference, ObjectIndex, RelationKind};
use crate::embedded::things::{Trait, picture_has};

impl Interpreter {
    /// "A man in a red shirt": the generators of people wear the colour.
    pub(super) fn read_as_worn_colour(&mut self, phrase: &NounPhrase) -> bool {
        let Some((Link::In | Link::Relation(RelationKind::With), subjects, _)) = &self.pending
        else {
            return false;
        };
        if !lexicon::builtin().is_garment(&phrase.key) {
            return false;
        }
        let subjects = subjects.clone();
        let people: Vec<ObjectIndex> = subjects
            .into_iter()
            .filter(|index| {
                self.object_at(*index)
                    .is_some_and(|o| picture_has(&o.art, Trait::Dressed))
            })
            .collect();
        for index in &people {
            if let Some(object) = self.scene.objects.get_mut(index.0)
                && object.color.is_none()
            {
                object.color = phrase.attributes.colors.first().map(|(color, _)| *color);
            }
        }
        !people.is_empty()
    }

    /// "A statue of a lion" is a lion of stone.
    pub(super) fn read_as_likeness(
        &mut self,
        phrase: &NounPhrase,
        picture: &crate::embedded::lookup::pictures::Picture,
    ) -> bool {
        let Some((Link::Of, subjects, _)) = &self.pending else {
            return false;
        };
        let [subject] = subjects.as_slice() else {
            return false;
        };
        let Some(Some(material)) = self.likeness.get(subject.0).copied() else {
            return false;
        };
        let subject = *subject;
        let Some(object) = self.scene.objects.get_mut(subject.0) else {
            return false;
        };
        object.label = format!("{} of {}", object.label, phrase.label);
        object.art = ArtReference::clone(&picture.art);
        object.material = object.material.or(material).or(phrase.attributes.material);
        object.color = object
            .color
            .or(phrase.attributes.colors.first().map(|(color, _)| *color));
        if let Some(key) = self.keys.get_mut(subject.0) {
            key.clone_from(&phrase.key);
        }
        let asked = "statue";
        self.scene
            .substitutes
            .retain(|substitute| substitute.asked != asked);
        self.last = vec![subject];
        true
    }

    /// "A man riding a horse" is one picture of the collection.
    pub(super) fn read_as_ride(&mut self, phrase: &NounPhrase) -> bool {
        let Some((Link::Relation(RelationKind::On), subjects, word)) = &self.pending else {
            return false;
        };
        if !word.starts_with("rid") {
            return false;
        }
        let (subjects, action) = (subjects.clone(), format!("ride {}", phrase.key));
        for index in subjects {
            if let Some(object) = self.scene.objects.get_mut(index.0)
                && let Some(art) = actions::person_doing(&object.art, &action)
            {
                object.art = art;
                object.label = format!("{} riding {}", object.label, phrase.label);
                return true;
            }
        }
        false
    }
}
