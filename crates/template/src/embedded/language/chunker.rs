//! Chunks tokens into units of meaning: the longest phrases that the vocabulary knows, whatever
//! their inflection. Knows no grammar between units.

use std::borrow::Cow;

use super::inflection::{singulars, verb_stems};
use super::lexicon::{Link, Role, Senses};
use super::tokens::{Token, Word};
use crate::embedded::lookup::Vocabulary;
use crate::embedded::lookup::pictures::Picture;
use crate::embedded::scene::ArtReference;

/// A phrase with its senses.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// As it was written.
    pub(super) text: String,
    /// In the form that the vocabulary knows.
    pub(super) key: String,
    pub(super) senses: Cow<'static, Senses>,
    pub(super) plural: bool,
    pub(super) possessive: bool,
    /// Written like a name.
    pub(super) named: bool,
    /// An "-ing" or "-ed" form, which can stand before a noun.
    pub(super) participle: bool,
    /// Whether the vocabulary knows it.
    pub(super) known: bool,
    /// The picture of a single one, where the word's own picture shows several.
    pub(super) single: Option<Picture>,
}

impl Unit {
    pub(super) fn has(&self, role: Role) -> bool {
        self.senses.roles.has(role)
    }

    /// Whether it names something that can be shown, or a setting.
    pub(super) fn is_noun(&self) -> bool {
        self.senses.picture.is_some()
            || self.senses.setting.is_some()
            || self.has(Role::Part)
            || self.has(Role::Likeness)
            || self.has(Role::Medium)
            || self.has(Role::Abstract)
            || self.has(Role::Unserved)
            || !self.known
                && !self.senses.roles.has_any(&[
                    Role::Verb,
                    Role::Adjective,
                    Role::Adverb,
                    Role::Function,
                ])
    }

    /// Whether it begins a phrase of its own, as "at night" and "in the snow" do.
    pub(super) fn begins_phrase(&self) -> bool {
        let first = self.key.split(' ').next().unwrap_or_default();
        self.key.contains(' ')
            && matches!(
                first,
                "in" | "at"
                    | "on"
                    | "under"
                    | "by"
                    | "above"
                    | "among"
                    | "beneath"
                    | "covered"
                    | "inside"
            )
    }

    /// Whether it says how a noun after it looks.
    pub(super) fn is_modifier(&self) -> bool {
        let senses = &self.senses;
        senses.color.is_some()
            || senses.material.is_some()
            || senses.size.is_some()
            || senses.shade.is_some()
            || senses.style.is_some()
            || self.has(Role::Adjective)
    }
}

/// What the grammar reads.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Unit(Box<Unit>),
    Emoji(String),
    Quotation(String),
    Comma,
    Stop,
}

/// Reads tokens as the longest phrases that the vocabulary knows.
pub(super) fn read(tokens: &[Token], vocabulary: &Vocabulary) -> Vec<Item> {
    let mut items = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let (item, length) = match token {
            Token::Emoji(emoji) => (Item::Emoji(emoji.clone()), 1),
            Token::Quotation(text) => (Item::Quotation(text.clone()), 1),
            Token::Comma => (Item::Comma, 1),
            Token::Stop => (Item::Stop, 1),
            Token::Word(first) => {
                if let Some(letters) = announced_letters(first, items.last()) {
                    items.push(Item::Quotation(letters));
                    index += 1;
                    continue;
                }
                let words = words_from(&tokens[index..]);
                let (mut unit, length) = longest_phrase(&words, vocabulary)
                    .unwrap_or_else(|| (single_word(first, vocabulary), 1));
                unit.single = picture_of_one(&unit, vocabulary);
                (Item::Unit(Box::new(unit)), length)
            }
        };
        items.push(item);
        index += length;
    }
    items
}

/// "The letter A", "letters KB": capitals after a word that announces them.
fn announced_letters(word: &Word, before: Option<&Item>) -> Option<String> {
    let Some(Item::Unit(unit)) = before else {
        return None;
    };
    let are_letters = word.original.len() <= MAX_INITIALS
        && word
            .original
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (unit.senses.link == Some(Link::Says) && are_letters).then(|| word.original.clone())
}

/// The most letters that stand without quotation marks.
const MAX_INITIALS: usize = 4;

/// "Three books" are three times a book, although "books" has a picture of a pile.
fn picture_of_one(unit: &Unit, vocabulary: &Vocabulary) -> Option<Picture> {
    let several = unit
        .senses
        .picture
        .as_ref()
        .is_some_and(|picture| picture.several);
    if !several {
        return None;
    }
    let last = unit.key.rsplit(' ').next().unwrap_or_default();
    let stem = &unit.key[..unit.key.len() - last.len()];
    singulars(last).into_iter().find_map(|singular| {
        let senses = vocabulary.senses(&format!("{stem}{singular}"))?;
        senses.picture.clone().filter(|picture| !picture.several)
    })
}

/// The longest phrase that any table may have, so that a prompt of one long line stays linear.
const MAX_PHRASE_WORDS: usize = 8;

fn words_from(tokens: &[Token]) -> Vec<&Word> {
    tokens
        .iter()
        .map_while(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .take(MAX_PHRASE_WORDS)
        .collect()
}

fn longest_phrase(words: &[&Word], vocabulary: &Vocabulary) -> Option<(Unit, usize)> {
    let first = words.first()?;
    let first_forms: Vec<String> = std::iter::once(first.key.clone())
        .chain(singulars(&first.key))
        .collect();
    let longest = first_forms
        .iter()
        .map(|form| vocabulary.longest_from(form))
        .max()
        .unwrap_or(0);
    for length in (2..=longest.min(words.len())).rev() {
        let rest = &words[1..length];
        for form in &first_forms {
            if let Some((key, senses, plural)) = known_form(form, rest, vocabulary) {
                let plural = plural || *form != first.key;
                return Some((unit(&words[..length], key, senses, plural), length));
            }
        }
    }
    // "sail boat" and "light blue" are also written in one word.
    for length in [3, 2] {
        let Some(parts) = words.get(..length) else {
            continue;
        };
        if parts.iter().any(|word| word.key.len() < 3) {
            continue;
        }
        // "A red coat" is a coat; only colours may begin with a colour ("dark blue").
        let begins_with_color = parts.first().is_some_and(|word| {
            vocabulary
                .senses(&word.key)
                .is_some_and(|senses| senses.color.is_some() && senses.shade.is_none())
        });
        let joined: String = parts.iter().map(|word| word.key.as_str()).collect();
        let found = known_form(&joined, &[], vocabulary);
        if let Some((key, senses, plural)) = found
            && (senses.picture.is_some() && !begins_with_color || senses.color.is_some())
        {
            return Some((unit(parts, key, senses, plural), length));
        }
    }
    None
}

/// A phrase as it stands, or with its last word in the singular.
fn known_form(
    first: &str,
    rest: &[&Word],
    vocabulary: &Vocabulary,
) -> Option<(String, Cow<'static, Senses>, bool)> {
    let mut phrase = first.to_owned();
    for word in rest {
        phrase.push(' ');
        phrase.push_str(&word.key);
    }
    if let Some(senses) = vocabulary.senses(&phrase) {
        return Some((phrase, senses, false));
    }
    let last = rest.last().map_or(first, |word| word.key.as_str());
    let stem_length = phrase.len() - last.len();
    singulars(last).into_iter().find_map(|singular| {
        let candidate = format!("{}{singular}", &phrase[..stem_length]);
        vocabulary
            .senses(&candidate)
            .map(|senses| (candidate, senses, true))
    })
}

fn unit(words: &[&Word], key: String, senses: Cow<'static, Senses>, plural: bool) -> Unit {
    let text: Vec<&str> = words.iter().map(|word| word.original.as_str()).collect();
    Unit {
        text: text.join(" "),
        key,
        senses,
        plural,
        possessive: words.last().is_some_and(|word| word.possessive),
        named: words.first().is_some_and(|word| word.named),
        participle: words.last().is_some_and(|word| is_participle(&word.key)),
        known: true,
        single: None,
    }
}

fn is_participle(word: &str) -> bool {
    word.ends_with("ing") || word.ends_with("ed")
}

fn single_word(word: &Word, vocabulary: &Vocabulary) -> Unit {
    let words = [word];
    if let Some(senses) = vocabulary.senses(&word.key) {
        // "Skiing" has a picture, and is a verb all the same.
        let acts = is_participle(&word.key)
            && verb_stems(&word.key).iter().any(|stem| {
                vocabulary
                    .senses(stem)
                    .is_some_and(|senses| senses.roles.has(Role::Verb))
            });
        if acts && senses.picture.is_some() {
            let mut senses = senses.into_owned();
            senses.roles.add(Role::Verb);
            return unit(&words, word.key.clone(), Cow::Owned(senses), false);
        }
        return unit(&words, word.key.clone(), senses, false);
    }
    let mut found: Option<(String, Senses, bool)> = None;
    for singular in singulars(&word.key) {
        if let Some(senses) = vocabulary.senses(&singular)
            && (senses.picture.is_some()
                || senses.setting.is_some()
                || senses.roles != Default::default())
        {
            let is_noun = senses.picture.is_some() || senses.setting.is_some();
            found = Some((singular, senses.into_owned(), is_noun));
            break;
        }
    }
    for stem in verb_stems(&word.key) {
        let Some(senses) = vocabulary.senses(&stem) else {
            continue;
        };
        let acts = senses.roles.has_any(&[Role::Verb, Role::Posture])
            || senses.stance.is_some()
            || senses.link.is_some();
        if !acts {
            continue;
        }
        // A verb's form keeps what the verb does, not the thing of the same name ("ducking").
        let verb = Senses {
            picture: None,
            color: None,
            material: None,
            setting: None,
            ..senses.into_owned()
        };
        match &mut found {
            Some((_, noun, _)) => noun.join(&verb),
            None => found = Some((stem, verb, false)),
        }
        break;
    }
    match found {
        Some((key, senses, plural)) => unit(&words, key, Cow::Owned(senses), plural),
        None => unknown(word),
    }
}

/// Endings by which an unknown word is taken for an adjective.
const ADJECTIVE_ENDINGS: &[&str] = &[
    "ful", "ous", "less", "ish", "ive", "able", "ible", "esque", "like", "ical", "ier", "iest",
    "istic",
];

/// Endings by which an unknown word is taken for an abstract noun.
const ABSTRACT_ENDINGS: &[&str] = &[
    "ness", "tion", "sion", "ity", "ism", "ship", "hood", "ance", "ence", "ment", "ology", "cracy",
];

/// Endings by which an unknown word is taken for a person, and who stands in for that.
const PERSON_ENDINGS: &[(&str, &str)] = &[
    ("woman", "woman"),
    ("women", "woman"),
    ("lady", "woman"),
    ("girl", "girl"),
    ("boy", "boy"),
    ("man", "man"),
    ("men", "man"),
    ("ologist", "man"),
    ("ologists", "man"),
    ("ician", "man"),
    ("icians", "man"),
];

fn person_by_ending(word: &str) -> Option<&'static str> {
    let (_, generator) = PERSON_ENDINGS
        .iter()
        .find(|(ending, _)| word.len() > ending.len() + 2 && word.ends_with(ending))?;
    Some(generator)
}

fn unknown(word: &Word) -> Unit {
    let key = word.key.as_str();
    let mut senses = Senses::default();
    let stem_is_long = |ending: &&&str| key.len() > ending.len() + 2;
    if key.chars().any(|c| c.is_ascii_digit()) {
        senses.number = key.parse().ok().filter(|number| *number > 0);
        if senses.number.is_none() {
            senses.roles.add(Role::Adjective);
        }
    } else if key.contains('\'') {
        // "Wasn't", "they've": contractions name nothing.
        senses.roles.add(Role::Function);
    } else if word.named {
        // A name stays a name, whatever its ending.
    } else if let Some(generator) = person_by_ending(key) {
        let art = ArtReference::Generated {
            generator: generator.to_owned(),
        };
        senses.picture = Some(Picture {
            stand_in: true,
            ..Picture::of(art)
        });
    } else if key.ends_with("ly") && key.len() > 4 {
        senses.roles.add(Role::Adverb);
    } else if ABSTRACT_ENDINGS
        .iter()
        .filter(stem_is_long)
        .any(|ending| key.ends_with(ending))
    {
        senses.roles.add(Role::Abstract);
    } else if ADJECTIVE_ENDINGS
        .iter()
        .filter(stem_is_long)
        .any(|ending| key.ends_with(ending))
    {
        senses.roles.add(Role::Adjective);
    } else if is_participle(key) && key.len() > 4 {
        senses.roles.add(Role::Verb);
    }
    let plural = key.ends_with('s') && !key.ends_with("ss") && key.len() > 3;
    let mut unit = unit(&[word], key.to_owned(), Cow::Owned(senses), plural);
    unit.known = false;
    unit
}
