//! From units to pieces of a sentence: noun phrases with their attributes, and what connects them.
//! How the pieces relate is the scene builder's part.

use chat2svg_protocol::Style;
use chat2svg_vector::Color;

use super::fate::{Fate, Undrawn, WordFate};
use super::lexicon::{Link, Role, SettingSense, Shade};
use super::shade::shaded;
use super::units::{Item, Unit};
use crate::embedded::lookup::pictures::{self, Picture};
use crate::embedded::scene::{Material, RelationKind, SizeClass, Stance};

/// A piece of a sentence.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Noun(Box<NounPhrase>),
    /// Attributes with no noun: "in red", "made of wood".
    Attributes(Attributes),
    Link(Link, String),
    Aside(RelationKind),
    Stance(Stance),
    /// A verb: its base form, and as it was written.
    Act(String, String),
    And,
    Comma,
    Stop,
    /// "While": a clause of its own about the same things.
    Clause,
    Pronoun,
    Negation,
    Quotation(String),
    Style(Style),
    /// A number that stands for more of the thing named last: "and two on its right".
    Again(u32),
    /// Words that add nothing but their fate.
    Lost(WordFate),
}

/// What a noun phrase is about.
#[derive(Clone, Debug)]
pub(super) enum Head {
    Picture(Picture),
    Setting(SettingSense),
    /// A thing or a place, as the grammar says.
    Either(Picture, SettingSense),
    /// "On a yellow background".
    Background,
    /// A number by itself.
    Number,
    /// Nothing that can be drawn.
    Nothing,
}

/// How a thing looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) colors: Vec<(Color, String)>,
    pub(super) material: Option<Material>,
    pub(super) size: SizeClass,
    pub(super) stance: Stance,
}

/// A noun with all that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct NounPhrase {
    /// The words that say what it is, for the layer's name.
    pub(super) label: String,
    /// The whole phrase as it was written.
    pub(super) written: String,
    /// The head noun as the vocabulary knows it.
    pub(super) key: String,
    pub(super) head: Head,
    /// The number that was said.
    pub(super) count: Option<u32>,
    /// "A field of": more than a bare plural.
    pub(super) collective: Option<u32>,
    pub(super) plural: bool,
    pub(super) definite: bool,
    /// "Its", "her": it belongs to something else.
    pub(super) possessed: bool,
    pub(super) attributes: Attributes,
    /// Settings that its modifiers name ("winter coat" names one too, softly).
    pub(super) settings: Vec<SettingSense>,
    /// A likeness of what follows "of", and the material that implies.
    pub(super) likeness: Option<Option<Material>>,
    pub(super) vessel: bool,
    pub(super) fates: Vec<WordFate>,
}

/// Splits the items of a prompt into pieces.
pub(super) fn split(items: &[Item]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(items.len());
    let mut index = 0;
    while let Some(item) = items.get(index) {
        let length = match item {
            Item::Comma => push(&mut pieces, Piece::Comma),
            Item::Stop => push(&mut pieces, Piece::Stop),
            Item::Quotation(text) => push(&mut pieces, Piece::Quotation(text.clone())),
            Item::Emoji(_) => {
                let count = items[index..]
                    .iter()
                    .take_while(|other| same_emoji(item, other))
                    .count();
                pieces.push(emoji_phrase(item, count));
                count
            }
            Item::Unit(unit) if is_act_of_something(unit, &pieces) => {
                push(&mut pieces, Piece::Act(unit.key.clone(), unit.text.clone()))
            }
            Item::Unit(unit) => match connector(unit, items.get(index + 1)) {
                Some(piece) => push(&mut pieces, piece),
                None => noun_phrase(items, index, &mut pieces),
            },
        };
        index += length.max(1);
    }
    pieces
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) -> usize {
    pieces.push(piece);
    1
}

/// "Skiing" alone is a thing to draw; after something it is what that does.
fn is_act_of_something(unit: &Unit, pieces: &[Piece]) -> bool {
    let begins = matches!(pieces.last(), None | Some(Piece::Stop));
    unit.participle
        && unit.has(Role::Verb)
        && unit.senses.picture.is_some()
        && unit.senses.link.is_none()
        && !begins
}

fn same_emoji(a: &Item, b: &Item) -> bool {
    matches!((a, b), (Item::Emoji(a), Item::Emoji(b)) if a == b)
}

fn emoji_phrase(item: &Item, count: usize) -> Piece {
    let Item::Emoji(emoji) = item else {
        return Piece::Comma;
    };
    match pictures::of_emoji(emoji) {
        Some(picture) => {
            let name = emojis::get(emoji).map_or(emoji.as_str(), emojis::Emoji::name);
            Piece::Noun(Box::new(NounPhrase {
                label: name.to_owned(),
                written: emoji.clone(),
                key: emoji.clone(),
                head: Head::Picture(picture),
                count: u32::try_from(count).ok(),
                collective: None,
                plural: false,
                definite: false,
                possessed: false,
                attributes: Attributes::default(),
                settings: Vec::new(),
                likeness: None,
                vessel: false,
                fates: vec![WordFate::new(emoji, Fate::Drawn)],
            }))
        }
        None => Piece::Lost(WordFate::new(emoji, Fate::Undrawn(Undrawn::Thing))),
    }
}

/// A unit that connects noun phrases; `None` if it is part of one.
fn connector(unit: &Unit, next: Option<&Item>) -> Option<Piece> {
    let senses = &unit.senses;
    let next_unit = match next {
        Some(Item::Unit(next)) => Some(next.as_ref()),
        _ => None,
    };
    // "A flying pig", "a riding hood": before a noun a participle is an attribute.
    let before_noun = next_unit.is_some_and(|next| next.is_noun() && next.senses.link.is_none());
    if let Some(link) = senses.link {
        return Some(Piece::Link(link, unit.key.clone()));
    }
    if let Some(kind) = senses.aside {
        return Some(Piece::Aside(kind));
    }
    if unit.has(Role::Clause) {
        return Some(Piece::Clause);
    }
    if unit.has(Role::Conjunction) {
        return Some(Piece::And);
    }
    if unit.has(Role::Negation) {
        return Some(Piece::Negation);
    }
    if unit.has(Role::Pronoun) && senses.picture.is_none() && !before_noun {
        return Some(Piece::Pronoun);
    }
    if let Some(stance) = senses.stance
        && senses.picture.is_none()
        && !before_noun
    {
        return Some(Piece::Stance(stance));
    }
    if let Some(style) = senses.style
        && (!before_noun || senses.color.is_none() && senses.shade.is_none())
    {
        return Some(Piece::Style(style));
    }
    None
}

/// Reads a noun phrase that begins at an index; returns how many items it takes.
fn noun_phrase(items: &[Item], start: usize, pieces: &mut Vec<Piece>) -> usize {
    let mut draft = Draft::default();
    let mut index = start;
    while let Some(item) = items.get(index) {
        let next = items.get(index + 1);
        let taken = match item {
            Item::Unit(unit) => draft.take(unit, next),
            // "A big, red dog": a comma between attributes.
            Item::Comma => {
                draft.nouns.is_empty() && draft.has_attributes() && starts_modifier(next)
            }
            _ => false,
        };
        if !taken {
            break;
        }
        if let Item::Unit(unit) = item {
            draft.written.push(unit.text.clone());
        }
        index += 1;
    }
    if index == start {
        // A unit that no phrase can begin with: an act, or a word without meaning here.
        if let Some(Item::Unit(unit)) = items.get(start) {
            pieces.extend(alone(unit));
        }
        return 1;
    }
    draft.finish(pieces);
    index - start
}

fn starts_modifier(item: Option<&Item>) -> bool {
    matches!(item, Some(Item::Unit(unit)) if unit.is_modifier())
}

fn alone(unit: &Unit) -> Option<Piece> {
    if unit.has(Role::Posture)
        || unit.has(Role::Function)
        || unit.has(Role::Determiner)
        || unit.has(Role::Pronoun)
        || unit.has(Role::Definite)
    {
        return None;
    }
    if unit.has(Role::Verb) {
        return Some(Piece::Act(unit.key.clone(), unit.text.clone()));
    }
    let fate = if unit.has(Role::Adverb) {
        Fate::Grammar
    } else {
        Fate::Undrawn(Undrawn::Quality)
    };
    Some(Piece::Lost(WordFate::new(&unit.text, fate)))
}

/// A noun phrase while it is read.
#[derive(Default)]
struct Draft {
    started: bool,
    definite: bool,
    possessed: bool,
    count: Option<u32>,
    count_text: String,
    collective: Option<u32>,
    shade: Option<(Shade, String)>,
    attributes: Attributes,
    attribute_words: Vec<String>,
    nouns: Vec<Unit>,
    styles: Vec<Style>,
    written: Vec<String>,
    lost: Vec<WordFate>,
}

impl Draft {
    fn has_attributes(&self) -> bool {
        !self.attribute_words.is_empty() || !self.lost.is_empty()
    }

    fn take(&mut self, unit: &Unit, next: Option<&Item>) -> bool {
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
                    self.lost
                        .push(WordFate::new(&unit.text, Fate::Undrawn(Undrawn::Quality)));
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
        if unit.is_modifier()
            && (!unit.is_noun()
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
                    None => self
                        .lost
                        .push(WordFate::new(&unit.text, Fate::Undrawn(Undrawn::Action))),
                }
            }
            return attribute;
        }
        if unit.has(Role::Adverb) || unit.has(Role::Function) {
            return !nouns_begun && next_is_noun;
        }
        false
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
        self.lost
            .push(WordFate::new(&unit.text, Fate::Undrawn(Undrawn::Quality)));
        true
    }

    fn finish(mut self, pieces: &mut Vec<Piece>) {
        pieces.extend(self.styles.drain(..).map(Piece::Style));
        let Some(head_index) = head_index(&self.nouns) else {
            self.finish_without_noun(pieces);
            return;
        };
        let mut fates = std::mem::take(&mut self.lost);
        let mut settings = Vec::new();
        let mut label_words = std::mem::take(&mut self.attribute_words);
        let nouns = std::mem::take(&mut self.nouns);
        let head = &nouns[head_index];
        let mut likeness = None;
        for (index, noun) in nouns.iter().enumerate() {
            if index == head_index {
                label_words.push(noun.text.clone());
                continue;
            }
            let senses = &noun.senses;
            if noun.key == "baby" && index < head_index {
                self.attributes.size = SizeClass::Small;
                label_words.push(noun.text.clone());
                fates.push(WordFate::new(&noun.text, Fate::Scene));
            } else if index < head_index && noun.has(Role::Likeness) {
                label_words.push(noun.text.clone());
                fates.push(WordFate::new(&noun.text, Fate::Grammar));
            } else if index > head_index && noun.has(Role::Likeness) {
                likeness = Some(senses.likeness);
                label_words.push(noun.text.clone());
                fates.push(WordFate::new(&noun.text, Fate::Grammar));
            } else if index > head_index && noun.has(Role::Part) || noun.has(Role::Medium) {
                fates.push(WordFate::new(&noun.text, Fate::Grammar));
            } else if let Some(material) = senses.material.filter(|_| index < head_index) {
                self.attributes.material = Some(material);
                label_words.push(noun.text.clone());
                fates.push(WordFate::new(&noun.text, Fate::Scene));
            } else if let Some(setting) = senses.setting {
                settings.push(SettingSense {
                    soft: setting.soft || index < head_index,
                    ..setting
                });
                fates.push(WordFate::new(&noun.text, Fate::Scene));
            } else if noun.has(Role::Part) {
                fates.push(WordFate::new(&noun.text, Fate::Grammar));
            } else {
                fates.push(WordFate::new(&noun.text, Fate::Undrawn(kind_of(noun))));
            }
        }
        let senses = &head.senses;
        let is_background = matches!(head.key.as_str(), "background" | "backdrop")
            && !self.attributes.colors.is_empty();
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
        let fate = match &resolved {
            Head::Picture(picture) | Head::Either(picture, _) => Some(match picture.stand_in {
                true => Fate::StandIn,
                false => Fate::Drawn,
            }),
            Head::Setting(_) | Head::Background => Some(Fate::Scene),
            Head::Nothing | Head::Number
                if head.has(Role::Part) || head.has(Role::Likeness) || head.has(Role::Medium) =>
            {
                Some(Fate::Grammar)
            }
            Head::Nothing | Head::Number => Some(Fate::Undrawn(kind_of(head))),
        };
        fates.extend(fate.map(|fate| WordFate::new(&head.text, fate)));
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
            possessed: self.possessed,
            attributes: self.attributes,
            settings,
            likeness,
            vessel: head.has(Role::Vessel),
            fates,
        })));
    }

    fn finish_without_noun(self, pieces: &mut Vec<Piece>) {
        let has_attributes = !self.attribute_words.is_empty();
        pieces.extend(self.lost.into_iter().map(Piece::Lost));
        if has_attributes {
            pieces.push(Piece::Attributes(self.attributes));
        } else if let Some((_, word)) = self.shade {
            pieces.push(Piece::Lost(WordFate::new(
                &word,
                Fate::Undrawn(Undrawn::Quality),
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
                possessed: self.possessed,
                attributes: self.attributes,
                settings: Vec::new(),
                likeness: None,
                vessel: false,
                fates: vec![WordFate::new(&self.count_text, Fate::Drawn)],
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
