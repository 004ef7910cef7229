//! From the pieces of a prompt to a scene: which objects there are, how they relate, where and when
//! it plays. English attaches phrases loosely; the rules here take the reading that makes a picture.

use super::actions;
use super::fate::{Fate, Undrawn, WordFate};
use super::kinds;
use super::lexicon::{Link, SettingSense};
use super::phrases::{Attributes, Head, NounPhrase, Piece};
use crate::embedded::scene::{
    ArtReference, Material, ObjectIndex, Place, Relation, RelationKind, SceneDescription,
    SceneObject, SizeClass, Stance, Substitute,
};

/// The most objects that a scene has; what a prompt asks for beyond is listed as undrawn.
pub(super) const MAX_OBJECTS: usize = 32;

/// The most of one kind.
const MAX_COUNT: u32 = 24;

/// How many a plural without a number shows.
const BARE_PLURAL: u32 = 3;

/// Reads the pieces in order; the state is what later pieces can refer to.
#[derive(Default)]
pub(super) struct Builder {
    scene: SceneDescription,
    pub(super) fates: Vec<WordFate>,
    keys: Vec<String>,
    likeness: Vec<Option<Option<Material>>>,
    vessels: Vec<bool>,
    /// The things that the clause is about.
    main: Vec<ObjectIndex>,
    /// The things named last.
    last: Vec<ObjectIndex>,
    /// How the last things hang on others, and on which.
    last_link: Option<(Link, Vec<ObjectIndex>)>,
    /// A link that waits for its noun, and what stands before it.
    pending: Option<(Link, Vec<ObjectIndex>, String)>,
    /// "In front of the van is a …": a relation that waits for its subject.
    fronted: Option<(RelationKind, Vec<ObjectIndex>)>,
    /// The last joining word was "and" or a comma.
    joined: bool,
    negated: bool,
    /// The next noun begins a clause of its own.
    fresh: bool,
    /// The waiting link came right after "and" or a sentence's end.
    leads: bool,
    /// "… to its left" closed the list that the last things belong to.
    settled: bool,
    quoted: Vec<ObjectIndex>,
    places: Vec<(SettingSense, bool)>,
}

impl Builder {
    /// Takes all pieces of a prompt.
    pub(super) fn read(&mut self, pieces: &[Piece]) {
        for (index, piece) in pieces.iter().enumerate() {
            self.take(piece, &pieces[index + 1..]);
        }
        self.close_link();
    }

    fn take(&mut self, piece: &Piece, ahead: &[Piece]) {
        match piece {
            Piece::Noun(phrase) => self.noun(phrase, ahead),
            Piece::Attributes(attributes) => self.attributes(attributes),
            Piece::Link(link, word) => self.link(*link, word),
            Piece::Aside(kind) => {
                self.close_link();
                self.aside(*kind);
            }
            Piece::Stance(stance) => {
                self.close_link();
                self.stance(*stance);
            }
            Piece::Act(stem, text) => self.act(stem, text),
            Piece::And | Piece::Comma => {
                self.close_link();
                self.joined = true;
                self.negated = false;
            }
            Piece::Stop => {
                self.close_link();
                self.joined = false;
                self.negated = false;
                self.last_link = None;
                self.fronted = None;
                self.fresh = true;
            }
            Piece::Clause => {
                self.close_link();
                self.joined = false;
                self.negated = false;
                self.last_link = None;
                self.last = self.main.clone();
                self.fresh = true;
            }
            Piece::Pronoun => self.pronoun(),
            Piece::Negation => self.negated = true,
            Piece::Quotation(text) => self.lettering(text, ahead),
            Piece::Style(style) => {
                self.scene.style.get_or_insert(*style);
            }
            Piece::Again(count) => self.again(*count, ahead),
            Piece::Lost(fate) => self.fates.push(fate.clone()),
        }
    }

    // ---- nouns

    fn noun(&mut self, phrase: &NounPhrase, ahead: &[Piece]) {
        if std::mem::take(&mut self.negated) {
            self.pending = None;
            return;
        }
        if self.spells(phrase, ahead) {
            return;
        }
        if matches!(self.pending, Some((Link::Manner, ..))) {
            self.pending = None;
            let look = |word: &WordFate| WordFate::new(&word.text, Fate::Undrawn(Undrawn::Look));
            self.fates.extend(phrase.fates.iter().map(look));
            return;
        }
        if self.is_part_of_something(phrase) {
            self.pending = None;
            self.joined = false;
            let is_plain = phrase.attributes.colors.is_empty() && phrase.fates.len() == 1;
            let fate = if is_plain {
                Fate::Grammar
            } else {
                Fate::Undrawn(Undrawn::Thing)
            };
            self.fates.push(WordFate::new(&phrase.label, fate));
            return;
        }
        self.fates.extend(phrase.fates.iter().cloned());
        for setting in &phrase.settings {
            self.setting(*setting, false);
        }
        match &phrase.head {
            Head::Setting(setting) => {
                self.setting(*setting, true);
                if let Some((Link::Relation(RelationKind::Above), subjects, _)) =
                    self.pending.take()
                {
                    self.set_stance(&subjects, Stance::Airborne);
                }
                self.joined = false;
            }
            Head::Either(_, setting) if self.is_meant_as_place(phrase, *setting) => {
                self.setting(*setting, true);
                self.pending = None;
                self.joined = false;
                if let Some(last) = self.fates.last_mut() {
                    last.fate = Fate::Scene;
                }
            }
            Head::Either(picture, _) | Head::Picture(picture) => self.thing(phrase, picture, ahead),
            Head::Background => {
                self.scene.setting.background =
                    phrase.attributes.colors.first().map(|(color, _)| *color);
                self.scene.setting.place.get_or_insert(Place::Plain);
                self.pending = None;
            }
            Head::Number => self.lettering(&phrase.label, ahead),
            Head::Nothing => {
                // "With a dinosaur head …": what cannot be drawn takes its link with it.
                self.pending = None;
                self.joined = false;
            }
        }
    }

    fn is_meant_as_place(&self, phrase: &NounPhrase, setting: SettingSense) -> bool {
        if phrase.count.is_some() || !phrase.attributes.colors.is_empty() {
            return false;
        }
        let free = self.scene.setting.place.is_none() || self.scene.setting.place == setting.place;
        let Some((link, _, word)) = &self.pending else {
            return false;
        };
        let on_its_surface = matches!(
            setting.place,
            Some(Place::Street | Place::River | Place::Lake | Place::Room)
        );
        let by_its_side = matches!(
            setting.place,
            Some(Place::River | Place::Lake | Place::Street)
        );
        free && match link {
            Link::In | Link::At => true,
            Link::Relation(RelationKind::On) => on_its_surface,
            Link::Relation(RelationKind::Beside) => by_its_side,
            Link::Relation(RelationKind::Inside) => word == "inside",
            _ => false,
        }
    }

    fn thing(
        &mut self,
        phrase: &NounPhrase,
        picture: &crate::embedded::lookup::pictures::Picture,
        ahead: &[Piece],
    ) {
        if picture.stand_in {
            let drawn = art_name(&picture.art).to_owned();
            let substitute = Substitute {
                asked: phrase.key.clone(),
                drawn,
            };
            if !self.scene.substitutes.contains(&substitute) {
                self.scene.substitutes.push(substitute);
            }
        }
        if self.is_worn_colour(phrase)
            || self.is_likeness_of(phrase, picture)
            || self.is_ridden(phrase)
        {
            self.pending = None;
            return;
        }
        let known = phrase
            .definite
            .then(|| self.same_as_before(phrase, &picture.art))
            .flatten();
        if let Some(index) = known {
            self.refer(&[index]);
            return;
        }
        let Some(colors) = several_colors(phrase) else {
            let Some(index) = self.object(phrase, picture) else {
                return;
            };
            self.place(index, ahead);
            return;
        };
        for color in colors {
            let single = NounPhrase {
                label: format!("{} {}", color.1, phrase.key),
                attributes: Attributes {
                    colors: vec![color],
                    ..phrase.attributes.clone()
                },
                count: phrase.count.map(|_| 1),
                ..phrase.clone()
            };
            let Some(index) = self.object(&single, picture) else {
                return;
            };
            self.place(index, ahead);
            self.joined = true;
        }
    }

    fn object(
        &mut self,
        phrase: &NounPhrase,
        picture: &crate::embedded::lookup::pictures::Picture,
    ) -> Option<ObjectIndex> {
        if self.scene.objects.len() >= MAX_OBJECTS {
            self.fates
                .push(WordFate::new(&phrase.label, Fate::Undrawn(Undrawn::Thing)));
            self.pending = None;
            return None;
        }
        let attributes = &phrase.attributes;
        for (_, word) in attributes.colors.iter().skip(1) {
            self.fates
                .push(WordFate::new(word, Fate::Undrawn(Undrawn::Quality)));
        }
        let of_many = matches!(self.pending, Some((Link::Of, ..)));
        let count = match (phrase.count, phrase.collective) {
            (Some(count), None) => count,
            (count, Some(collective)) if phrase.plural || picture.several => {
                collective.max(count.unwrap_or(1))
            }
            (count, Some(_)) => count.unwrap_or(1),
            (None, None) if phrase.plural && of_many => BARE_PLURAL + 2,
            (None, None) if phrase.plural => BARE_PLURAL,
            (None, None) => 1,
        };
        self.scene.objects.push(SceneObject {
            label: phrase.label.clone(),
            art: ArtReference::clone(&picture.art),
            count: count.clamp(1, MAX_COUNT),
            color: attributes
                .colors
                .first()
                .map(|(color, _)| *color)
                .or(picture.color),
            material: attributes.material.or(picture.material),
            size: attributes.size,
            text: None,
            stance: attributes.stance,
        });
        self.keys.push(phrase.key.clone());
        self.likeness.push(phrase.likeness);
        self.vessels.push(phrase.vessel);
        Some(ObjectIndex(self.scene.objects.len() - 1))
    }

    /// Puts a new object into the sentence: as a reference of the waiting link, as one more of a list,
    /// or as what the clause is about.
    fn place(&mut self, index: ObjectIndex, ahead: &[Piece]) {
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
    fn refer(&mut self, indices: &[ObjectIndex]) {
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
    fn again(&mut self, count: u32, ahead: &[Piece]) {
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

    fn same_as_before(&self, phrase: &NounPhrase, art: &ArtReference) -> Option<ObjectIndex> {
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

    fn pronoun(&mut self) {
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

    // ---- links

    fn link(&mut self, link: Link, word: &str) {
        self.negated = false;
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
        if matches!(link, Link::Relation(RelationKind::Above)) && word.contains("fly") {
            self.set_stance(&subjects, Stance::Airborne);
        }
        self.leads = self.joined || self.fresh;
        self.joined = false;
        self.pending = Some((link, subjects, word.to_owned()));
    }

    /// What stands before a link: for holding and wearing the one who can, else what was named last.
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
    fn close_link(&mut self) {
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

    fn relate(&mut self, link: Link, subjects: &[ObjectIndex], index: ObjectIndex) {
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

    fn relate_again(&mut self, link: Link, subjects: &[ObjectIndex], index: ObjectIndex) {
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
            .is_some_and(|object| kinds::is_worn(&object.art));
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

    fn relate_of(&mut self, subjects: &[ObjectIndex], index: ObjectIndex) {
        for &subject in subjects {
            if self.vessels.get(subject.0).copied().unwrap_or(false) {
                let flat = self
                    .keys
                    .get(subject.0)
                    .is_some_and(|key| matches!(key.as_str(), "plate" | "tray" | "platter"));
                let kind = if flat {
                    RelationKind::On
                } else {
                    RelationKind::Inside
                };
                self.add_relation(index, kind, subject);
            }
        }
    }

    fn aside(&mut self, kind: RelationKind) {
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

    fn add_relation(&mut self, subject: ObjectIndex, kind: RelationKind, reference: ObjectIndex) {
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
    fn replace_relation(
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

    // ---- attributes and acts

    fn attributes(&mut self, attributes: &Attributes) {
        let pending = self.pending.take();
        let subjects = match pending {
            Some((Link::In | Link::MadeOf | Link::Relation(RelationKind::With), subjects, _)) => {
                subjects
            }
            _ => self.last.clone(),
        };
        if let ([subject], true) = (subjects.as_slice(), attributes.colors.len() > 1)
            && let Some(object) = self.scene.objects.get(subject.0).cloned()
            && object.count as usize == attributes.colors.len()
        {
            self.split_by_color(*subject, &object, attributes);
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
            self.fates
                .push(WordFate::new(word, Fate::Undrawn(Undrawn::Quality)));
        }
    }

    /// "Three triangles in blue, yellow and red" are three objects.
    fn split_by_color(
        &mut self,
        subject: ObjectIndex,
        object: &SceneObject,
        attributes: &Attributes,
    ) {
        for (index, (color, word)) in attributes.colors.iter().enumerate() {
            let single = SceneObject {
                label: format!("{word} {}", object.label),
                count: 1,
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
            }
        }
    }

    fn act(&mut self, stem: &str, text: &str) {
        self.close_link();
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
        let fate = if shown {
            Fate::Drawn
        } else {
            Fate::Undrawn(Undrawn::Action)
        };
        self.fates.push(WordFate::new(text, fate));
    }

    fn stance(&mut self, stance: Stance) {
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
                        .is_some_and(|object| kinds::is_worn(&object.art))
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

    fn set_stance(&mut self, subjects: &[ObjectIndex], stance: Stance) {
        for subject in subjects {
            if let Some(object) = self.scene.objects.get_mut(subject.0) {
                object.stance = stance;
            }
        }
    }

    /// "A man in a red shirt": the generators of people wear the colour.
    fn is_worn_colour(&mut self, phrase: &NounPhrase) -> bool {
        let Some((Link::In | Link::Relation(RelationKind::With), subjects, _)) = &self.pending
        else {
            return false;
        };
        if !kinds::is_body_garment(&phrase.key) {
            return false;
        }
        let subjects = subjects.clone();
        let people: Vec<ObjectIndex> = subjects
            .into_iter()
            .filter(|index| {
                self.object_at(*index)
                    .is_some_and(|o| kinds::is_generated_person(&o.art))
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
    fn is_likeness_of(
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
    fn is_ridden(&mut self, phrase: &NounPhrase) -> bool {
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

    // ---- letters

    fn lettering(&mut self, text: &str, ahead: &[Piece]) {
        self.pending = None;
        let text: String = text.chars().take(60).collect();
        self.fates.push(WordFate::new(&text, Fate::Drawn));
        let host = self
            .last
            .iter()
            .rev()
            .chain(self.main.iter().rev())
            .copied()
            .find(|index| {
                self.object_at(*index)
                    .is_some_and(|object| kinds::shows_text(&object.art) && object.text.is_none())
            });
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

    /// "With the initials AB", "that says Welcome": unquoted letters after a word that announces them.
    fn spells(&mut self, phrase: &NounPhrase, ahead: &[Piece]) -> bool {
        let announced = matches!(self.pending, Some((Link::Says, ..)));
        let written_large = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let is_letters = phrase.written.starts_with(written_large);
        if !announced || !is_letters {
            return false;
        }
        self.lettering(&phrase.written, ahead);
        true
    }

    /// "The words 'KEEP OFF' on a sign": the sign shows the letters, in place of a banner of their own.
    fn move_letters_to_their_hosts(&mut self) {
        for banner in std::mem::take(&mut self.quoted).into_iter().rev() {
            let host = self.scene.relations.iter().find_map(|relation| {
                let carries = matches!(
                    relation.kind,
                    RelationKind::On | RelationKind::Inside | RelationKind::With
                );
                let shows = self
                    .object_at(relation.reference)
                    .is_some_and(|o| kinds::shows_text(&o.art) && o.text.is_none());
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

    fn remove(&mut self, index: ObjectIndex) {
        self.scene.objects.remove(index.0);
        self.keys.remove(index.0);
        self.likeness.remove(index.0);
        self.vessels.remove(index.0);
        let shift = |other: ObjectIndex| {
            if other.0 > index.0 {
                ObjectIndex(other.0 - 1)
            } else {
                other
            }
        };
        self.scene.relations.retain(|relation| {
            relation.subject != index
                && relation.reference != index
                && relation.second_reference != Some(index)
        });
        for relation in &mut self.scene.relations {
            relation.subject = shift(relation.subject);
            relation.reference = shift(relation.reference);
            relation.second_reference = relation.second_reference.map(shift);
        }
    }

    // ---- setting

    fn setting(&mut self, sense: SettingSense, named: bool) {
        let setting = &mut self.scene.setting;
        setting.time = setting.time.or(sense.time);
        setting.weather = setting.weather.or(sense.weather);
        setting.season = setting.season.or(sense.season);
        if let Some(place) = sense.place {
            self.places.push((sense, named));
            // A place that was named goes before one that a modifier hints at.
            let hinted_only = !self.places.iter().any(|(earlier, named)| {
                *named && !earlier.soft && earlier.place == self.scene.setting.place
            });
            if self.scene.setting.place.is_none() || named && !sense.soft && hinted_only {
                self.scene.setting.place = Some(place);
            }
        }
    }

    /// The scene, with what became of each word.
    pub(super) fn finish(mut self) -> (SceneDescription, Vec<WordFate>) {
        self.move_letters_to_their_hosts();
        self.drop_abstract_beside_things();
        (self.scene, self.fates)
    }

    /// "An abstract painting of a waterfall" is a waterfall; only alone is it a pattern.
    fn drop_abstract_beside_things(&mut self) {
        while self.scene.objects.len() > 1
            && let Some(index) = self.keys.iter().position(|key| key.starts_with("abstract"))
        {
            if let Some(key) = self.keys.get(index).cloned() {
                self.scene
                    .substitutes
                    .retain(|substitute| substitute.asked != key);
                for word in self
                    .fates
                    .iter_mut()
                    .filter(|word| word.text.to_lowercase() == key)
                {
                    word.fate = Fate::Undrawn(Undrawn::Look);
                }
            }
            self.remove(ObjectIndex(index));
        }
    }

    /// "A cat with black ears", "in its mouth": the picture of the whole has them already.
    fn is_part_of_something(&self, phrase: &NounPhrase) -> bool {
        if !kinds::is_body_part(&phrase.key) {
            return false;
        }
        let of_living = match &self.pending {
            Some((Link::Relation(RelationKind::With), subjects, _)) => {
                subjects.iter().any(|index| self.is_living(*index))
            }
            _ => false,
        };
        of_living || phrase.possessed
    }

    fn object_at(&self, index: ObjectIndex) -> Option<&SceneObject> {
        self.scene.objects.get(index.0)
    }

    fn is_living(&self, index: ObjectIndex) -> bool {
        self.object_at(index)
            .is_some_and(|object| kinds::is_living(&object.art))
    }
}

/// Whether one more noun after "and" belongs to the list of a link's references, or begins a new
/// clause: "a hat and a scarf" against "a cat on a table and a dog under it".
fn continues_list(link: Link, ahead: &[Piece]) -> bool {
    let starts_clause = ahead
        .iter()
        .take_while(|piece| !matches!(piece, Piece::Comma | Piece::And | Piece::Stop))
        .any(|piece| matches!(piece, Piece::Link(..) | Piece::Aside(_)));
    match link {
        Link::Relation(RelationKind::With | RelationKind::Between)
        | Link::Of
        | Link::Reversed(_) => true,
        _ => !starts_clause,
    }
}

/// "A red, green and blue ball" is one ball; "red, green and blue balls" are three.
fn several_colors(phrase: &NounPhrase) -> Option<Vec<(chat2svg_vector::Color, String)>> {
    let colors = &phrase.attributes.colors;
    let distinct = colors
        .iter()
        .enumerate()
        .all(|(index, (color, _))| colors[..index].iter().all(|(earlier, _)| earlier != color));
    let matches = colors.len() > 1
        && distinct
        && phrase.plural
        && phrase
            .count
            .is_none_or(|count| count as usize == colors.len());
    matches.then(|| colors.clone())
}

fn art_name(art: &ArtReference) -> &str {
    match art {
        ArtReference::Twemoji { name, .. } | ArtReference::Library { name, .. } => name,
        ArtReference::Generated { generator } => generator,
    }
}
