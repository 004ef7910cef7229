//! Attributes, acts and stances that follow the noun they belong to.

use super::{Interpreter, MAX_OBJECTS};
use crate::embedded::language::actions;
use crate::embedded::language::coverage::{Coverage, Undrawn, WordCoverage};
use crate::embedded::language::lexicon::Link;
use crate::embedded::language::phrases::Attributes;
use crate::embedded::scene::{ObjectIndex, Relation, RelationKind, SceneObject, SizeClass, Stance};
use crate::embedded::things;
use chat2svg_vector::Color;

impl Interpreter {
    pub(super) fn attributes(&mut self, attributes: &Attributes) {
        if let Some(negation) = self.negated.take() {
            self.rule_out_attributes(&negation, attributes);
            return;
        }
        if std::mem::take(&mut self.of_background) {
            self.background_looks(attributes);
            return;
        }
        let pending = self.pending.take();
        let subjects = match pending {
            Some((Link::In | Link::MadeOf | Link::Relation(RelationKind::With), subjects, _)) => {
                subjects
            }
            _ => self.last.clone(),
        };
        if let ([subject], true) = (subjects.as_slice(), attributes.colors.len() > 1)
            && let Some(object) = self.scene.objects.get(subject.0).cloned()
            && object.count as usize >= attributes.colors.len()
        {
            self.split_by_color(*subject, &object, &attributes.colors);
            return;
        }
        let mut colors = attributes.colors.iter();
        for subject in &subjects {
            let Some(object) = self.scene.objects.get_mut(subject.0) else {
                continue;
            };
            object.material = attributes.material.or(object.material);
            if let Some((color, _)) = colors.next() {
                object.color = Some(*color);
            }
            if attributes.size != SizeClass::Usual {
                object.size = attributes.size;
            }
        }
        for (_, word) in colors {
            self.word_coverage
                .push(WordCoverage::new(word, Coverage::Undrawn(Undrawn::Quality)));
        }
    }

    /// "Three triangles in blue, yellow and red" are three objects.
    pub(super) fn split_by_color(
        &mut self,
        subject: ObjectIndex,
        object: &SceneObject,
        colors: &[(Color, String)],
    ) {
        let among = u32::try_from(colors.len()).unwrap_or(1).max(1);
        for (index, (color, word)) in (0..among).zip(colors) {
            let single = SceneObject {
                label: format!("{word} {}", object.label).trim().to_owned(),
                count: object.count / among + u32::from(index < object.count % among),
                color: Some(*color),
                ..object.clone()
            };
            if index == 0 {
                if let Some(first) = self.scene.objects.get_mut(subject.0) {
                    *first = single;
                }
            } else if self.scene.objects.len() < MAX_OBJECTS {
                self.scene.objects.push(single);
                self.keys
                    .push(self.keys.get(subject.0).cloned().unwrap_or_default());
                self.likeness.push(None);
                self.vessels.push(false);
                let more = ObjectIndex(self.scene.objects.len() - 1);
                self.share_relations(subject, more);
                for named in [&mut self.last, &mut self.main] {
                    if named.contains(&subject) {
                        named.push(more);
                    }
                }
            }
        }
    }

    /// One more of a thing stands to others as that does.
    fn share_relations(&mut self, of: ObjectIndex, with: ObjectIndex) {
        let swap = |index: ObjectIndex| if index == of { with } else { index };
        let more: Vec<Relation> = self
            .scene
            .relations
            .iter()
            .filter(|relation| relation.subject == of)
            .map(|relation| Relation {
                subject: swap(relation.subject),
                ..*relation
            })
            .collect();
        self.scene.relations.extend(more);
    }

    pub(super) fn act(&mut self, stem: &str, text: &str) {
        self.close_link();
        if let Some(negation) = self.negated.take() {
            // "No shading" is a thing to leave out, "not running" is what is so anyway.
            self.rule_out_word(&format!("{} {text}", negation.word()), text);
            return;
        }
        let mut shown = false;
        for index in self
            .last
            .iter()
            .chain(&self.main)
            .copied()
            .collect::<Vec<_>>()
        {
            if let Some(object) = self.scene.objects.get_mut(index.0)
                && let Some(art) = actions::person_doing(&object.art, stem)
            {
                object.art = art;
                object.label = format!("{} {text}", object.label);
                shown = true;
                break;
            }
        }
        let coverage = if shown {
            Coverage::Drawn
        } else {
            Coverage::Undrawn(Undrawn::Action)
        };
        self.word_coverage.push(WordCoverage::new(text, coverage));
    }

    pub(super) fn stance(&mut self, stance: Stance) {
        if self.negated.take().is_some() || self.speaks_of_ruled_out() {
            return;
        }
        let living_main = self.main.iter().any(|index| self.is_living(*index));
        let subjects = match &self.last_link {
            Some(_) if living_main => self.main.clone(),
            _ => self.last.clone(),
        };
        // "With the Earth in the sky" is not held.
        if stance == Stance::Airborne {
            let held = matches!(
                self.last_link,
                Some((Link::Relation(RelationKind::With), _))
            );
            let loose: Vec<ObjectIndex> = self
                .last
                .iter()
                .copied()
                .filter(|index| {
                    !self
                        .object_at(*index)
                        .is_some_and(|object| things::is_worn(&object.art))
                })
                .collect();
            if held && !loose.is_empty() {
                self.scene.relations.retain(|relation| {
                    !(relation.kind == RelationKind::With && loose.contains(&relation.reference))
                });
                self.set_stance(&loose, stance);
                return;
            }
        }
        self.set_stance(&subjects, stance);
    }

    pub(super) fn set_stance(&mut self, subjects: &[ObjectIndex], stance: Stance) {
        for subject in subjects {
            if let Some(object) = self.scene.objects.get_mut(subject.0) {
                object.stance = stance;
            }
        }
    }
}
