//! Joining words become relations: which things they hold between.

use super::Interpreter;
use crate::embedded::language::lexicon::{self, Link};
use crate::embedded::language::phrases::Piece;
use crate::embedded::scene::{
    ArtReference, ObjectIndex, Relation, RelationKind, SceneObject, SizeClass, Stance,
};
use crate::embedded::things::{self, Trait};

/// What nobody does but a person, where a prompt begins with it.
const DONE_BY_SOMEONE: &[&str] = &[
    "carrying", "driving", "eating", "holding", "kicking", "lifting", "playing", "reading",
    "riding", "throwing", "wearing",
];

impl Interpreter {
    pub(super) fn link(&mut self, link: Link, word: &str, ahead: &[Piece]) {
        if self.negated.is_some() {
            // "Not wearing a hat", "not on a table": what comes next is ruled out.
            return;
        }
        if self.speaks_of_ruled_out() {
            // "No birds above the house": of the birds nothing is left to say.
            self.pending = None;
            self.link_of_ruled_out = Some(link);
            return;
        }
        if let Some((earlier, ..)) = &self.pending {
            // "Sitting on top of": the more telling of two links that meet.
            let keeps_first = matches!(link, Link::Of)
                || matches!((earlier, link), (Link::Relation(_), Link::In | Link::At));
            if keeps_first {
                return;
            }
        }
        let earlier = self.pending.take();
        let subjects = match earlier {
            Some((_, subjects, _)) if !subjects.is_empty() => subjects,
            _ => self.subjects_for(link),
        };
        let subjects = if subjects.is_empty() && self.needs_someone(word, ahead) {
            self.someone()
        } else {
            subjects
        };
        if matches!(link, Link::Relation(RelationKind::Above)) && word.contains("fly") {
            self.set_stance(&subjects, Stance::Airborne);
        }
        self.leads = self.joined || self.fresh;
        self.joined = false;
        self.pending = Some((link, subjects, word.to_owned()));
    }

    /// "Playing drums" says what somebody does; a "playing field" is a field.
    fn needs_someone(&self, word: &str, ahead: &[Piece]) -> bool {
        let verb = word.split(' ').next().unwrap_or_default();
        let is_done = matches!(ahead.first(), Some(Piece::Noun(phrase))
            if phrase.has_determiner || phrase.plural || phrase.count.is_some());
        is_done && self.scene.objects.is_empty() && !self.joined && DONE_BY_SOMEONE.contains(&verb)
    }

    /// A person, of whom the prompt says only what they do.
    fn someone(&mut self) -> Vec<ObjectIndex> {
        let person = lexicon::builtin().get("person");
        let Some(picture) = person.and_then(|senses| senses.picture.as_ref()) else {
            return Vec::new();
        };
        self.scene.objects.push(SceneObject {
            label: "person".to_owned(),
            art: ArtReference::clone(&picture.art),
            count: 1,
            color: None,
            material: None,
            size: SizeClass::Usual,
            text: None,
            stance: Stance::Usual,
            composite: None,
        });
        self.keys.push("person".to_owned());
        self.likeness.push(None);
        self.vessels.push(false);
        let someone = vec![ObjectIndex(self.scene.objects.len() - 1)];
        self.main.clone_from(&someone);
        self.last.clone_from(&someone);
        someone
    }

    /// What stands before a link: for holding and wearing the one who can, else what was named
    /// last.
    fn subjects_for(&self, link: Link) -> Vec<ObjectIndex> {
        let holds = matches!(link, Link::Relation(RelationKind::With));
        let hangs_on_holder = matches!(
            self.last_link,
            Some((Link::Relation(RelationKind::With), _))
        );
        let living = |indices: &[ObjectIndex]| indices.iter().any(|index| self.is_living(*index));
        if holds {
            return if living(&self.last) || !living(&self.main) {
                self.last.clone()
            } else {
                self.main.clone()
            };
        }
        if hangs_on_holder
            && !matches!(
                link,
                Link::Of | Link::MadeOf | Link::Says | Link::Reversed(_)
            )
        {
            return match &self.last_link {
                Some((_, holders)) if !holders.is_empty() => holders.clone(),
                _ => self.last.clone(),
            };
        }
        self.last.clone()
    }

    /// A link that no noun followed: "with a bowl on" says where the bowl is.
    pub(super) fn close_link(&mut self) {
        let Some((link, subjects, _)) = self.pending.take() else {
            return;
        };
        if let Link::Relation(kind) = link
            && kind != RelationKind::With
            && subjects == self.last
        {
            self.aside(kind);
        }
    }

    pub(super) fn relate(&mut self, link: Link, subjects: &[ObjectIndex], index: ObjectIndex) {
        match link {
            Link::Relation(kind) if subjects.is_empty() => {
                if kind == RelationKind::With {
                    // "A beach with palm trees": the setting holds them.
                    self.main = vec![index];
                } else {
                    self.fronted = Some((kind, vec![index]));
                }
            }
            Link::Relation(kind) => {
                for &subject in subjects {
                    self.add_relation(subject, kind, index);
                }
            }
            Link::Reversed(kind) => {
                for &subject in subjects {
                    self.add_relation(index, kind, subject);
                }
            }
            Link::In => self.relate_in(subjects, index),
            Link::At => {
                for &subject in subjects {
                    self.add_relation(subject, RelationKind::Beside, index);
                }
            }
            Link::Of => self.relate_of(subjects, index),
            Link::MadeOf | Link::Says | Link::Manner => {}
        }
    }

    pub(super) fn relate_again(
        &mut self,
        link: Link,
        subjects: &[ObjectIndex],
        index: ObjectIndex,
    ) {
        if link == Link::Relation(RelationKind::Between)
            && let Some(relation) = self.scene.relations.iter_mut().rev().find(|relation| {
                relation.kind == RelationKind::Between && subjects.contains(&relation.subject)
            })
            && relation.second_reference.is_none()
        {
            relation.second_reference = Some(index);
            return;
        }
        self.relate(link, subjects, index);
    }

    fn relate_in(&mut self, subjects: &[ObjectIndex], index: ObjectIndex) {
        let worn = self
            .object_at(index)
            .is_some_and(|object| things::is_worn(&object.art));
        if subjects.is_empty() {
            self.fronted = Some((RelationKind::Inside, vec![index]));
        }
        for &subject in subjects {
            let kind = if worn && self.is_living(subject) {
                RelationKind::With
            } else {
                RelationKind::Inside
            };
            self.add_relation(subject, kind, index);
        }
    }

    pub(super) fn relate_of(&mut self, subjects: &[ObjectIndex], index: ObjectIndex) {
        for &subject in subjects {
            if self.vessels.get(subject.0).copied().unwrap_or(false) {
                let flat = self
                    .keys
                    .get(subject.0)
                    .is_some_and(|key| things::noun_has(key, Trait::Flat));
                let kind = if flat {
                    RelationKind::On
                } else {
                    RelationKind::Inside
                };
                self.add_relation(index, kind, subject);
            }
        }
    }

    pub(super) fn aside(&mut self, kind: RelationKind) {
        if self.ruled_out.take().is_some() {
            return;
        }
        self.settled = true;
        let subjects = self.last.clone();
        let held_by = match &self.last_link {
            Some((_, subjects)) => subjects.first().copied(),
            None => None,
        };
        let reference = held_by.or_else(|| {
            let first = subjects.iter().map(|index| index.0).min()?;
            let known = self
                .main
                .iter()
                .find(|index| !subjects.contains(index))
                .copied();
            known.or_else(|| first.checked_sub(1).map(ObjectIndex))
        });
        match reference {
            Some(reference) => {
                for &subject in &subjects {
                    self.replace_relation(subject, kind, reference);
                }
            }
            // "In the background a castle": what comes next is behind what came before.
            None if kind == RelationKind::Above => self.set_stance(&subjects, Stance::Airborne),
            None => {}
        }
    }

    pub(super) fn add_relation(
        &mut self,
        subject: ObjectIndex,
        kind: RelationKind,
        reference: ObjectIndex,
    ) {
        let known = self.scene.relations.iter().any(|relation| {
            (relation.subject, relation.reference) == (subject, reference)
                || (relation.subject, relation.reference) == (reference, subject)
        });
        if subject != reference && !known {
            self.scene.relations.push(Relation {
                subject,
                kind,
                reference,
                second_reference: None,
            });
        }
    }

    /// As `add_relation`, in place of what was said of the two before ("with a bowl on it").
    pub(super) fn replace_relation(
        &mut self,
        subject: ObjectIndex,
        kind: RelationKind,
        reference: ObjectIndex,
    ) {
        self.scene.relations.retain(|relation| {
            (relation.subject, relation.reference) != (subject, reference)
                && (relation.subject, relation.reference) != (reference, subject)
        });
        self.add_relation(subject, kind, reference);
    }
}
