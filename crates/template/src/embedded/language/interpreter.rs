//! Interprets the pieces of a prompt as a scene: which objects there are, how they relate, where
//! and when it plays. English attaches phrases loosely; the rules here take the reading that makes
//! a picture.

mod attributes;
mod composites;
mod graphic;
mod letters;
mod links;
mod negation;
mod nouns;
mod readings;
mod sentence;

use super::coverage::{Coverage, Undrawn, WordCoverage};
use super::lexicon::{Link, SettingSense};
use super::phrases::Piece;
use crate::embedded::scene::{
    Background, Material, ObjectIndex, RelationKind, SceneDescription, SceneObject,
};
use crate::embedded::things;
use negation::{Negation, RuledOut};

/// The most objects that a scene has; what a prompt asks for beyond is listed as undrawn.
pub(super) const MAX_OBJECTS: usize = 32;

/// The most of one kind.
const MAX_COUNT: u32 = 24;

/// How many a plural without a number shows.
const BARE_PLURAL: u32 = 3;

/// Reads the pieces in order; the state is what later pieces can refer to.
#[derive(Default)]
pub(super) struct Interpreter {
    scene: SceneDescription,
    pub(super) word_coverage: Vec<WordCoverage>,
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
    /// What rules out the next noun, as it was written.
    negated: Option<Negation>,
    /// What was ruled out last, while what follows can still be said of it.
    ruled_out: Option<RuledOut>,
    /// The link that followed what was ruled out: its noun stands for itself.
    link_of_ruled_out: Option<Link>,
    /// The background was named last: "… is white" speaks of it.
    of_background: bool,
    /// The next noun begins a clause of its own.
    fresh: bool,
    /// The waiting link came right after "and" or a sentence's end.
    leads: bool,
    /// "… to its left" closed the list that the last things belong to.
    settled: bool,
    quoted: Vec<ObjectIndex>,
    places: Vec<(SettingSense, bool)>,
}

impl Interpreter {
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
            Piece::Link(link, word) => self.link(*link, word, ahead),
            Piece::Aside(kind) => {
                self.close_link();
                self.aside(*kind);
            }
            Piece::Stance(stance) => {
                self.close_link();
                self.stance(*stance);
            }
            Piece::Act(stem, text) => self.act(stem, text),
            Piece::And(joint) => {
                self.close_link();
                self.joined = true;
                self.goes_on_ruling_out(*joint, ahead);
            }
            Piece::Stop => {
                self.close_link();
                self.joined = false;
                self.end_negation();
                self.last_link = None;
                self.fronted = None;
                self.fresh = true;
            }
            Piece::Clause => {
                self.close_link();
                self.joined = false;
                self.end_negation();
                self.last_link = None;
                self.last = self.main.clone();
                self.fresh = true;
            }
            Piece::Pronoun => self.pronoun(),
            Piece::Negation(word) => self.negation(word),
            Piece::Background(background) => self.background(*background),
            Piece::Quotation(text) => self.lettering(text, ahead),
            Piece::Style(style) => {
                self.scene.style.get_or_insert(*style);
            }
            Piece::Again(count) => self.again(*count, ahead),
            Piece::Shown(color, word) => self.shown(*color, word),
            Piece::Charged(color, word) => self.charged(*color, word),
            Piece::Varied => self.vary(),
            Piece::Lost(coverage) => self.word_coverage.push(coverage.clone()),
        }
    }

    fn background(&mut self, background: Background) {
        self.scene.setting.background = Some(background);
        self.pending = None;
        self.joined = false;
        self.end_negation();
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

    /// The scene, with what became of each word.
    pub(super) fn finish(mut self) -> (SceneDescription, Vec<WordCoverage>) {
        self.move_letters_to_their_hosts();
        self.become_graphic();
        self.drop_abstract_beside_things();
        (self.scene, self.word_coverage)
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
                    .word_coverage
                    .iter_mut()
                    .filter(|word| word.text.to_lowercase() == key)
                {
                    word.coverage = Coverage::Undrawn(Undrawn::Look);
                }
            }
            self.remove(ObjectIndex(index));
        }
    }

    fn object_at(&self, index: ObjectIndex) -> Option<&SceneObject> {
        self.scene.objects.get(index.0)
    }

    fn is_living(&self, index: ObjectIndex) -> bool {
        self.object_at(index)
            .is_some_and(|object| things::is_animate(&object.art))
    }
}
