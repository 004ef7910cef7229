//! Parses one noun phrase: takes units while they fit, then says what the phrase is.

use chat2svg_protocol::Style;

use super::chunker::{Item, Unit};
use super::coverage::{Coverage, Undrawn, WordCoverage};
use super::lexicon::{Role, SettingSense, Shade};
use super::phrases::{Attributes, Head, NounPhrase, Piece};
use super::shade::shaded;
use crate::embedded::scene::SizeClass;

/// How a background without scenery is called beside its colour.
const PLAIN_WORDS: &[&str] = &[
    "plain", "solid", "simple", "even", "clean", "empty", "blank", "uniform",
];

/// A noun phrase while it is read.
#[derive(Default)]
pub(super) struct NounPhraseParser {
    started: bool,
    definite: bool,
    has_determiner: bool,
    possessed: bool,
    count: Option<u32>,
    count_text: String,
    collective: Option<u32>,
    shade: Option<(Shade, String)>,
    attributes: Attributes,
    attribute_words: Vec<String>,
    pub(super) nouns: Vec<Unit>,
    styles: Vec<Style>,
    pub(super) written: Vec<String>,
    /// "In …": a word that is a colour and a fruit is the colour.
    after_in: bool,
    lost: Vec<WordCoverage>,
}

impl NounPhraseParser {
    pub(super) fn new(after_in: bool) -> Self {
        Self {
            after_in,
            ..Self::default()
        }
    }

    pub(super) fn has_attributes(&self) -> bool {
        !self.attribute_words.is_empty() || !self.lost.is_empty()
    }

    pub(super) fn take(&mut self, unit: &Unit, next: Option<&Item>) -> bool {
        let next = match next {
            Some(Item::Unit(next)) => Some(next.as_ref()),
            _ => None,
        };
        let senses = &unit.senses;
        let nouns_begun = !self.nouns.is_empty();
        if unit.has(Role::Determiner) || unit.has(Role::Definite) {
            if nouns_begun
                || self.has_attributes()
                || self.count.is_some() && self.collective.is_none()
            {
                return false;
            }
            self.started = true;
            self.has_determiner = true;
            self.possessed |= matches!(unit.key.as_str(), "its" | "his" | "her" | "their");
            self.definite |= unit.has(Role::Definite)
                || matches!(unit.key.as_str(), "this" | "that" | "these" | "those");
            return true;
        }
        if unit.has(Role::Conjunction) {
            // "Black and white cat", "two and a half" never mind.
            let goes_on = !nouns_begun
                && !self.attributes.colors.is_empty()
                && next.is_some_and(|next| next.senses.color.is_some());
            return goes_on;
        }
        if senses.link.is_some() || senses.aside.is_some() || unit.has(Role::Negation) {
            return false;
        }
        if unit.has(Role::Pronoun) && senses.picture.is_none() && senses.number.is_none() {
            return false;
        }
        if let Some(number) = senses.number
            && senses.picture.is_none()
        {
            if nouns_begun {
                // "Porsche 356": a number after the noun says nothing that can be drawn.
                return !unit.known && {
                    self.lost.push(WordCoverage::new(
                        &unit.text,
                        Coverage::Undrawn(Undrawn::Quality),
                    ));
                    true
                };
            }
            self.count = Some(number);
            self.count_text.clone_from(&unit.text);
            return true;
        }
        if let Some(collective) = senses.collective
            && !nouns_begun
        {
            self.collective = Some(collective);
            return true;
        }
        let next_is_noun = next.is_some_and(|next| {
            next.senses.link.is_none() && (next.is_noun() || next.is_modifier())
        });
        if unit.has(Role::Varied) {
            self.attributes.varied = true;
            self.started = true;
            return !nouns_begun;
        }
        if unit.is_modifier()
            && (!unit.is_noun()
                || self.means_color(unit)
                || next_is_noun && senses.picture.as_ref().is_none_or(|p| p.stand_in)
                || next_is_noun && self.is_adjectival(unit))
        {
            return !nouns_begun && self.take_modifier(unit, next);
        }
        let acts = unit.has(Role::Verb) || unit.has(Role::Posture) || senses.stance.is_some();
        if unit.is_noun() {
            let verb_after_noun = nouns_begun
                && acts
                && !next.is_some_and(|next| next.is_noun() && !next.begins_phrase());
            if verb_after_noun || nouns_begun && unit.begins_phrase() {
                return false;
            }
            self.nouns.push(unit.clone());
            return true;
        }
        if acts {
            // Before a noun a participle is an attribute: "a flying pig", "a smiling sloth".
            let attribute = !nouns_begun
                && unit.participle
                && next_is_noun
                && (self.started
                    || self.has_attributes()
                    || self.count.is_some()
                    || senses.stance.is_some());
            if attribute {
                match senses.stance {
                    Some(stance) => self.attributes.stance = stance,
                    None if unit.has(Role::Posture) => {}
                    None => self.lost.push(WordCoverage::new(
                        &unit.text,
                        Coverage::Undrawn(Undrawn::Action),
                    )),
                }
            }
            return attribute;
        }
        if unit.has(Role::Adverb) || unit.has(Role::Function) {
            return !nouns_begun && next_is_noun;
        }
        false
    }

    /// "Triangles in teal and orange": no fruit.
    fn means_color(&self, unit: &Unit) -> bool {
        let says_color = self.after_in && !self.started || !self.attributes.colors.is_empty();
        let is_single = !unit.plural && !self.started && self.count.is_none();
        unit.senses.color.is_some() && says_color && is_single && self.nouns.is_empty()
    }

    /// A colour or material word that is also a thing is an attribute before another noun.
    fn is_adjectival(&self, unit: &Unit) -> bool {
        let senses = &unit.senses;
        !unit.possessive
            && (senses.color.is_some()
                || senses.material.is_some()
                || senses.size.is_some()
                || unit.has(Role::Adjective))
    }

    fn take_modifier(&mut self, unit: &Unit, next: Option<&Unit>) -> bool {
        let senses = &unit.senses;
        if let Some(shade) = senses.shade
            && next.is_some_and(|next| next.senses.color.is_some())
        {
            self.shade = Some((shade, unit.text.clone()));
            return true;
        }
        if let Some(color) = senses.color {
            let (color, text) = match self.shade.take() {
                Some((shade, word)) => (shaded(color, shade), format!("{word} {}", unit.text)),
                None => (color, unit.text.clone()),
            };
            self.attributes.colors.push((color, text.clone()));
            self.attribute_words.push(text);
            // "Golden" is a colour and a material; the material shows both.
            self.attributes.material = self.attributes.material.or(senses.material);
            return true;
        }
        if let Some(material) = senses.material {
            self.attributes.material = Some(material);
            self.attribute_words.push(unit.text.clone());
            return true;
        }
        if let Some(size) = senses.size {
            self.attributes.size = size;
            self.attribute_words.push(unit.text.clone());
            return true;
        }
        if let Some(style) = senses.style {
            self.styles.push(style);
            return true;
        }
        self.lost.push(WordCoverage::new(
            &unit.text,
            Coverage::Undrawn(Undrawn::Quality),
        ));
        true
    }

    pub(super) fn finish(mut self, pieces: &mut Vec<Piece>) {
        pieces.extend(self.styles.drain(..).map(Piece::Style));
        let Some(head_index) = head_index(&self.nouns) else {
            self.finish_without_noun(pieces);
            return;
        };
        let mut word_coverage = std::mem::take(&mut self.lost);
        let mut settings = Vec::new();
        let mut label_words = std::mem::take(&mut self.attribute_words);
        let nouns = std::mem::take(&mut self.nouns);
        let head = &nouns[head_index];
        let mut likeness = None;
        let mut contents = None;
        for (index, noun) in nouns.iter().enumerate() {
            if index == head_index {
                label_words.push(noun.text.clone());
                continue;
            }
            let senses = &noun.senses;
            if noun.key == "baby" && index < head_index {
                self.attributes.size = SizeClass::Small;
                label_words.push(noun.text.clone());
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Scene));
            } else if index < head_index && noun.has(Role::Likeness) {
                label_words.push(noun.text.clone());
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Grammar));
            } else if index > head_index && noun.has(Role::Likeness) {
                likeness = Some(senses.likeness);
                label_words.push(noun.text.clone());
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Grammar));
            } else if index > head_index && noun.has(Role::Part) || noun.has(Role::Medium) {
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Grammar));
            } else if let Some(material) = senses.material.filter(|_| index < head_index) {
                self.attributes.material = Some(material);
                label_words.push(noun.text.clone());
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Scene));
            } else if let Some(setting) = senses.setting {
                settings.push(SettingSense {
                    soft: setting.soft || index < head_index,
                    ..setting
                });
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Scene));
            } else if noun.has(Role::Part) {
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Grammar));
            } else if let Some(picture) = senses
                .picture
                .clone()
                .filter(|_| index + 1 == head_index && head.has(Role::Vessel))
            {
                word_coverage.push(WordCoverage::new(&noun.text, Coverage::Drawn));
                contents = Some((noun.text.clone(), picture));
            } else {
                word_coverage.push(WordCoverage::new(
                    &noun.text,
                    Coverage::Undrawn(kind_of(noun)),
                ));
            }
        }
        let senses = &head.senses;
        let is_background = matches!(head.key.as_str(), "background" | "backdrop");
        if is_background {
            // An even colour is what a plain background has.
            let says_plain =
                |word: &WordCoverage| PLAIN_WORDS.contains(&word.text.to_lowercase().as_str());
            word_coverage.retain(|word| !says_plain(word));
        }
        let resolved = match (&senses.picture, senses.setting) {
            _ if is_background => Head::Background,
            (Some(picture), Some(setting)) if setting.only_in => {
                Head::Either(picture.clone(), setting)
            }
            (_, Some(setting)) => Head::Setting(setting),
            (Some(_), None)
                if self.count.is_some_and(|count| count > 1) && head.single.is_some() =>
            {
                head.single.clone().map_or(Head::Nothing, Head::Picture)
            }
            (Some(picture), None) => Head::Picture(picture.clone()),
            (None, None) => Head::Nothing,
        };
        let coverage = match &resolved {
            Head::Picture(picture) | Head::Either(picture, _) => Some(match picture.stand_in {
                true => Coverage::StandIn,
                false => Coverage::Drawn,
            }),
            Head::Setting(_) | Head::Background => Some(Coverage::Scene),
            Head::Nothing | Head::Number
                if head.has(Role::Part) || head.has(Role::Likeness) || head.has(Role::Medium) =>
            {
                Some(Coverage::Grammar)
            }
            Head::Nothing | Head::Number => Some(Coverage::Undrawn(kind_of(head))),
        };
        word_coverage.extend(coverage.map(|coverage| WordCoverage::new(&head.text, coverage)));
        if let Some(material) = likeness.flatten() {
            self.attributes.material.get_or_insert(material);
        }
        if head.has(Role::Likeness) {
            likeness = Some(senses.likeness);
        }
        let several = senses
            .picture
            .as_ref()
            .is_some_and(|picture| picture.several);
        pieces.push(Piece::Noun(Box::new(NounPhrase {
            label: label_words.join(" "),
            written: self.written.join(" "),
            key: head.key.clone(),
            head: resolved,
            count: self.count,
            collective: self.collective,
            plural: nouns.last().is_some_and(|last| last.plural) && !several,
            definite: self.definite,
            has_determiner: self.has_determiner,
            possessed: self.possessed,
            attributes: self.attributes,
            settings,
            likeness,
            vessel: head.has(Role::Vessel),
            contents,
            word_coverage,
        })));
    }

    fn finish_without_noun(self, pieces: &mut Vec<Piece>) {
        let has_attributes = !self.attribute_words.is_empty();
        pieces.extend(self.lost.into_iter().map(Piece::Lost));
        if has_attributes {
            pieces.push(Piece::Attributes(self.attributes));
        } else if let Some((_, word)) = self.shade {
            pieces.push(Piece::Lost(WordCoverage::new(
                &word,
                Coverage::Undrawn(Undrawn::Quality),
            )));
        } else if let Some(count) = self.count
            && !self.count_text.contains(|c: char| c.is_ascii_digit())
        {
            pieces.push(Piece::Again(count));
        } else if self.count_text.contains(|c: char| c.is_ascii_digit()) {
            pieces.push(Piece::Noun(Box::new(NounPhrase {
                label: self.count_text.clone(),
                written: self.count_text.clone(),
                key: self.count_text.clone(),
                head: Head::Number,
                count: None,
                collective: None,
                plural: false,
                definite: self.definite,
                has_determiner: self.has_determiner,
                possessed: self.possessed,
                attributes: self.attributes,
                settings: Vec::new(),
                likeness: None,
                vessel: false,
                contents: None,
                word_coverage: vec![WordCoverage::new(&self.count_text, Coverage::Drawn)],
            })));
        }
    }
}

/// The noun that says what the phrase is: the last one, unless it is a part, a likeness or nothing
/// that can be drawn, and one before it can.
fn head_index(nouns: &[Unit]) -> Option<usize> {
    let last = nouns.len().checked_sub(1)?;
    let shows = |unit: &Unit| unit.senses.picture.is_some() || unit.senses.setting.is_some();
    let stands_alone = |unit: &Unit| {
        shows(unit) && !(unit.has(Role::Likeness) || unit.has(Role::Part) || unit.has(Role::Medium))
    };
    // "A tulip field", "a guitar underwater": the thing is drawn, and the place is where it is.
    let thing = |unit: &Unit| stands_alone(unit) && unit.senses.picture.is_some();
    if let Some(index) = nouns
        .iter()
        .rposition(thing)
        .or_else(|| nouns.iter().rposition(stands_alone))
    {
        return Some(index);
    }
    nouns.iter().rposition(shows).or(Some(last))
}

fn kind_of(unit: &Unit) -> Undrawn {
    if unit.has(Role::Abstract) {
        Undrawn::Idea
    } else if unit.has(Role::Unserved) {
        Undrawn::Look
    } else if unit.named && !unit.known {
        Undrawn::Name
    } else if unit.has(Role::Adjective) {
        Undrawn::Quality
    } else if unit.has(Role::Verb) {
        Undrawn::Action
    } else {
        Undrawn::Thing
    }
}
