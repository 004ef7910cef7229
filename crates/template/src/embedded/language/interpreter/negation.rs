//! What a prompt rules out: "no clouds", "without a hat or a scarf", "not wearing a hat".

use super::Interpreter;
use crate::embedded::language::inflection::singulars;
use crate::embedded::language::lexicon::{self, Link};
use crate::embedded::language::phrases::{Attributes, Head, Joint, NounPhrase, Piece};
use crate::embedded::scene::{RelationKind, Without, WithoutKind};
use crate::embedded::things;

/// A word that rules out the noun after it.
#[derive(Clone, Debug)]
pub(super) struct Negation {
    /// As it was written.
    word: String,
    /// It hangs on a thing ("a cat without …"), so that what follows speaks of that thing again.
    is_attached: bool,
}

impl Negation {
    pub(super) fn word(&self) -> &str {
        &self.word
    }
}

/// What was ruled out last.
#[derive(Clone, Debug)]
pub(super) struct RuledOut {
    negation: Negation,
    /// A determiner stood before it: "without a hat".
    has_determiner: bool,
    is_living: bool,
}

/// Words after which the thing without speaks on: "a cat without a hat on a table".
const ATTACHED: &[&str] = &["without", "without any", "lacking", "minus the", "free of"];

/// Parts that pictures usually show, and effects that the later stages add: they are left out where
/// they have a layer of their own, else the picture has them all the same.
const PARTS: &[&str] = &[
    "arm",
    "beak",
    "branch",
    "button",
    "chimney",
    "door",
    "ear",
    "eye",
    "eyes",
    "face",
    "feather",
    "finger",
    "foot",
    "fur",
    "gradient",
    "hair",
    "hand",
    "handle",
    "head",
    "highlight",
    "leaf",
    "leg",
    "line",
    "mast",
    "mouth",
    "neck",
    "nose",
    "outline",
    "paw",
    "petal",
    "reflection",
    "roof",
    "sail",
    "shading",
    "shadow",
    "spot",
    "stem",
    "stripe",
    "tail",
    "texture",
    "trunk",
    "wheel",
    "whisker",
    "window",
    "wing",
];

impl Interpreter {
    pub(super) fn negation(&mut self, word: &str) {
        let key = word.to_lowercase();
        let is_attached = ATTACHED.contains(&key.as_str())
            || matches!(self.pending, Some((Link::Relation(RelationKind::With), ..)));
        self.negated = Some(Negation {
            word: word.to_owned(),
            is_attached,
        });
        self.ruled_out = None;
    }

    pub(super) fn end_negation(&mut self) {
        self.negated = None;
        self.ruled_out = None;
    }

    pub(super) fn rule_out(&mut self, negation: Negation, phrase: &NounPhrase) {
        let art = match &phrase.head {
            Head::Picture(picture) | Head::Either(picture, _) => {
                Some(picture.art.name().to_owned())
            }
            _ => None,
        };
        let last = phrase.key.rsplit(' ').next().unwrap_or_default();
        self.scene.without.push(Without {
            text: format!("{} {}", negation.word, phrase.written),
            noun: singular(&phrase.key),
            art,
            kind: kind_of(last),
        });
        self.ruled_out = Some(RuledOut {
            negation,
            has_determiner: phrase.has_determiner,
            is_living: is_living(phrase),
        });
        self.pending = None;
        self.joined = false;
    }

    /// "Not red": which colour it has instead is not said, so it cannot be promised.
    pub(super) fn rule_out_attributes(&mut self, negation: &Negation, attributes: &Attributes) {
        self.pending = None;
        for (_, word) in &attributes.colors {
            self.scene.without.push(Without {
                text: format!("{} {word}", negation.word),
                noun: word.clone(),
                art: None,
                kind: WithoutKind::Look,
            });
        }
    }

    /// "No clouds or birds", "no people and cars": the list goes on, and so does the ruling out.
    /// "Without a hat, a dog" names something new.
    pub(super) fn goes_on_ruling_out(&mut self, joint: Joint, ahead: &[Piece]) {
        self.negated = None;
        let Some(ruled_out) = self.ruled_out.take() else {
            return;
        };
        let Some(Piece::Noun(next)) = ahead.first() else {
            return;
        };
        let next_has_determiner = next.has_determiner || next.count.is_some();
        // "Without a hat and a scarf" lacks both; "without a hat and a dog" has a dog.
        let is_alike = ruled_out.is_living == is_living(next);
        let goes_on = match joint {
            Joint::Or => true,
            Joint::And => !next_has_determiner || ruled_out.has_determiner && is_alike,
            Joint::Comma => is_list_with_or(ahead),
            Joint::But => false,
        };
        if goes_on {
            self.negated = Some(ruled_out.negation);
        }
    }

    /// Whether what is said now is said of what was just ruled out: "no birds in the sky".
    pub(super) fn speaks_of_ruled_out(&self) -> bool {
        self.ruled_out
            .as_ref()
            .is_some_and(|ruled_out| !ruled_out.negation.is_attached)
    }

    /// "Cloudless", "cloud-free".
    pub(in crate::embedded::language) fn rule_out_word(&mut self, text: &str, noun: &str) {
        self.scene.without.push(Without {
            text: text.to_owned(),
            noun: noun.to_owned(),
            art: None,
            kind: kind_of(noun),
        });
    }
}

fn kind_of(noun: &str) -> WithoutKind {
    let singular = singular(noun);
    if PARTS.contains(&singular.as_str()) {
        WithoutKind::Part
    } else {
        WithoutKind::Thing
    }
}

/// "Clouds" is a word for the weather, too, so that it is not read as a plural.
fn singular(noun: &str) -> String {
    let known = |word: &String| lexicon::builtin().get(word).is_some();
    singulars(noun)
        .into_iter()
        .find(known)
        .unwrap_or_else(|| noun.to_owned())
}

fn is_living(phrase: &NounPhrase) -> bool {
    match &phrase.head {
        Head::Picture(picture) | Head::Either(picture, _) => things::is_animate(&picture.art),
        _ => false,
    }
}

/// "Clouds, birds or people": nouns and commas up to an "or".
fn is_list_with_or(ahead: &[Piece]) -> bool {
    ahead
        .iter()
        .find(|piece| !matches!(piece, Piece::Noun(_) | Piece::And(Joint::Comma)))
        .is_some_and(|piece| matches!(piece, Piece::And(Joint::Or)))
}
