//! Letters that the picture shows, and the thing that shows them.

use super::{Interpreter, MAX_OBJECTS};
use crate::embedded::language::coverage::{Coverage, WordCoverage};
use crate::embedded::language::lexicon::Link;
use crate::embedded::language::phrases::{NounPhrase, Piece};
use crate::embedded::scene::{
    ArtReference, ObjectIndex, RelationKind, SceneObject, SizeClass, Stance,
};
use crate::embedded::things::{Trait, picture_has};

impl Interpreter {
    pub(super) fn lettering(&mut self, text: &str, ahead: &[Piece]) {
        self.pending = None;
        let text: String = text.chars().take(60).collect();
        self.word_coverage
            .push(WordCoverage::new(&text, Coverage::Drawn));
        let host = self
            .last
            .iter()
            .rev()
            .chain(self.main.iter().rev())
            .copied()
            .find(|index| self.object_at(*index).is_some_and(takes_letters));
        if let Some(host) = host {
            if let Some(object) = self.scene.objects.get_mut(host.0) {
                object.text = Some(text);
            }
            return;
        }
        if self.scene.objects.len() >= MAX_OBJECTS {
            return;
        }
        let hosts = self.last.clone();
        self.scene.objects.push(SceneObject {
            label: format!("lettering {text}"),
            art: ArtReference::Generated {
                generator: "banner".to_owned(),
            },
            count: 1,
            color: None,
            material: None,
            size: SizeClass::Usual,
            text: Some(text),
            stance: Stance::Usual,
            composite: None,
        });
        self.keys.push("lettering".to_owned());
        self.likeness.push(None);
        self.vessels.push(false);
        let index = ObjectIndex(self.scene.objects.len() - 1);
        self.quoted.push(index);
        if let Some(&host) = hosts.last() {
            self.add_relation(index, RelationKind::On, host);
        } else {
            self.place(index, ahead);
        }
    }

    /// "With the initials AB", "that says Welcome": unquoted letters after a word that announces
    /// them.
    pub(super) fn spells(&mut self, phrase: &NounPhrase, ahead: &[Piece]) -> bool {
        let announced = matches!(self.pending, Some((Link::Says, ..)));
        let written_large = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let is_letters = phrase.written.starts_with(written_large);
        if !announced || !is_letters {
            return false;
        }
        self.lettering(&phrase.written, ahead);
        true
    }

    /// "The words 'KEEP OFF' on a sign": the sign shows the letters, in place of a banner of their
    /// own.
    pub(super) fn move_letters_to_their_hosts(&mut self) {
        for banner in std::mem::take(&mut self.quoted).into_iter().rev() {
            let host = self.scene.relations.iter().find_map(|relation| {
                let carries = matches!(
                    relation.kind,
                    RelationKind::On | RelationKind::Inside | RelationKind::With
                );
                let shows = self
                    .object_at(relation.reference)
                    .is_some_and(takes_letters);
                (relation.subject == banner && carries && shows).then_some(relation.reference)
            });
            let Some(host) = host else { continue };
            let text = self
                .scene
                .objects
                .get(banner.0)
                .and_then(|object| object.text.clone());
            if let Some(object) = self.scene.objects.get_mut(host.0) {
                object.text = text;
            }
            self.remove(banner);
        }
    }
}

/// Whether a thing shows letters: a sign, or a plain shape that has room for them.
fn takes_letters(object: &SceneObject) -> bool {
    let has = |kind| picture_has(&object.art, kind);
    object.text.is_none()
        && object.count == 1
        && (has(Trait::Lettered) || has(Trait::Symbol) && !has(Trait::Pattern))
}
