//! Where a thing stands in the sentence: reference of a link, one more of a list, what the clause
//! is about, or a thing named before.

use super::{Interpreter, MAX_COUNT, MAX_OBJECTS};
use crate::embedded::language::lexicon::Link;
use crate::embedded::language::phrases::{NounPhrase, Piece};
use crate::embedded::scene::{ArtReference, ObjectIndex, RelationKind, SceneObject};

impl Interpreter {
    /// Puts a new object into the sentence: as a reference of the waiting link, as one more of a
    /// list, or as what the clause is about.
    pub(super) fn place(&mut self, index: ObjectIndex, ahead: &[Piece]) {
        let joined = std::mem::take(&mut self.joined);
        if let Some((link, subjects, _)) = self.pending.take() {
            self.relate(link, &subjects, index);
            self.settled = false;
            let of_art = |subject: &ObjectIndex| {
                self.keys
                    .get(subject.0)
                    .is_some_and(|key| key.starts_with("abstract"))
            };
            let speaks_of_whole = matches!(link, Link::Of | Link::Reversed(_));
            if speaks_of_whole && !subjects.is_empty() && !subjects.iter().any(of_art) {
                // What follows goes on speaking of the whole.
                self.last = subjects;
                return;
            }
            self.last = vec![index];
            self.last_link = Some((link, subjects));
            return;
        }
        if let Some((kind, references)) = self.fronted.take() {
            for reference in references {
                self.add_relation(index, kind, reference);
            }
            self.main = vec![index];
            self.last = vec![index];
            return;
        }
        if joined {
            match self.last_link.clone() {
                Some((link, subjects)) if continues_list(link, ahead) => {
                    self.relate_again(link, &subjects, index);
                    if std::mem::take(&mut self.settled) {
                        self.last.clear();
                    }
                    self.last.push(index);
                }
                Some(_) => {
                    self.main = vec![index];
                    self.last = vec![index];
                    self.last_link = None;
                }
                None => {
                    self.main.push(index);
                    self.last.push(index);
                }
            }
            return;
        }
        if std::mem::take(&mut self.fresh) || self.main.is_empty() {
            self.main = vec![index];
        }
        self.last = vec![index];
        self.last_link = None;
    }

    /// A thing that was named before is named again.
    pub(super) fn refer(&mut self, indices: &[ObjectIndex]) {
        self.joined = false;
        if let Some((link, subjects, _)) = self.pending.take() {
            for &index in indices {
                self.relate(link, &subjects, index);
            }
            self.last_link = Some((link, subjects));
        } else if let Some((kind, references)) = self.fronted.take() {
            for (&index, reference) in indices.iter().zip(references) {
                self.add_relation(index, kind, reference);
            }
            self.main = indices.to_vec();
            self.last_link = None;
        } else {
            self.main = indices.to_vec();
            self.last_link = None;
        }
        self.last = indices.to_vec();
    }

    /// "Two on its right" after "one pear to its left": more of the same.
    pub(super) fn again(&mut self, count: u32, ahead: &[Piece]) {
        let Some(&last) = self.last.last() else {
            return;
        };
        let Some(object) = self.object_at(last).cloned() else {
            return;
        };
        if self.scene.objects.len() >= MAX_OBJECTS {
            return;
        }
        self.scene.objects.push(SceneObject {
            count: count.clamp(1, MAX_COUNT),
            ..object
        });
        self.keys
            .push(self.keys.get(last.0).cloned().unwrap_or_default());
        self.likeness.push(None);
        self.vessels.push(false);
        self.place(ObjectIndex(self.scene.objects.len() - 1), ahead);
    }

    pub(super) fn same_as_before(
        &self,
        phrase: &NounPhrase,
        art: &ArtReference,
    ) -> Option<ObjectIndex> {
        if phrase.count.is_some_and(|count| count > 1) {
            return None;
        }
        let color = phrase.attributes.colors.first().map(|(color, _)| *color);
        self.scene
            .objects
            .iter()
            .position(|object| object.art == *art && (color.is_none() || object.color == color))
            .map(ObjectIndex)
    }

    pub(super) fn pronoun(&mut self) {
        if let Some((Link::Relation(kind), ..)) = &self.pending
            && self.leads
            && !self.main.is_empty()
        {
            // "And behind it a castle": the subject is still to come.
            self.fronted = Some((*kind, self.main.clone()));
            self.pending = None;
            return;
        }
        if let Some((link, subjects, _)) = self.pending.take() {
            // "… and a cat on it": what was named before the subject.
            let target = self
                .main
                .iter()
                .rev()
                .chain(self.last.iter())
                .find(|index| !subjects.contains(index));
            let earlier = subjects
                .iter()
                .map(|index| index.0)
                .min()
                .and_then(|first| first.checked_sub(1));
            if let Some(&target) = target {
                for &subject in &subjects {
                    if let Link::Relation(kind) = link {
                        self.replace_relation(subject, kind, target);
                    }
                }
            } else if let (Some(earlier), Link::Relation(kind)) = (earlier, link) {
                for &subject in &subjects {
                    self.replace_relation(subject, kind, ObjectIndex(earlier));
                }
            }
            return;
        }
        if !self.main.is_empty() {
            self.last = self.main.clone();
            self.last_link = None;
        }
    }
}

/// Whether one more noun after "and" belongs to the list of a link's references, or begins a new
/// clause: "a hat and a scarf" against "a cat on a table and a dog under it".
fn continues_list(link: Link, ahead: &[Piece]) -> bool {
    let starts_clause = ahead
        .iter()
        .take_while(|piece| !matches!(piece, Piece::And(_) | Piece::Stop))
        .any(|piece| matches!(piece, Piece::Link(..) | Piece::Aside(_)));
    match link {
        Link::Relation(RelationKind::With | RelationKind::Between)
        | Link::Of
        | Link::Reversed(_) => true,
        _ => !starts_clause,
    }
}
