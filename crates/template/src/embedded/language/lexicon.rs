//! What words mean to the composer: one table from a normalised phrase to its senses, read once
//! from the data files beside this module. No grammar here.

mod names;
mod senses;

pub(crate) use names::{material, parse_hex};
pub(crate) use senses::{Link, Role, Senses, SettingSense, Shade};

use super::inflection::singulars;
use crate::embedded::lookup::pictures::{self, Picture};
use names::{setting_sense, word_senses};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const WORDS: &str = include_str!("words.txt");
const SETTINGS: &str = include_str!("settings.txt");
const COLORS: &str = include_str!("colors.tsv");
const KINDS: &str = include_str!("kinds.tsv");

/// The table.
pub(crate) struct Lexicon {
    entries: HashMap<String, Senses>,
    /// For a first word, how many words the longest phrase that begins with it has.
    longest: HashMap<String, usize>,
    /// Parts that the picture of a whole being has already.
    body_parts: HashSet<&'static str>,
    /// Garments that our own drawings of people wear already.
    garments: HashSet<&'static str>,
}

/// Headers of what is said of a being rather than drawn beside it.
const BODY_PARTS: &str = "body part";
const GARMENTS: &str = "garment";

/// The lexicon of the data files; read at the first call.
pub(crate) fn builtin() -> &'static Lexicon {
    static BUILTIN: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);
    &BUILTIN
}

impl Lexicon {
    fn read() -> Self {
        let mut lexicon = Self {
            entries: HashMap::with_capacity(12_000),
            longest: HashMap::new(),
            body_parts: phrases(BODY_PARTS).collect(),
            garments: phrases(GARMENTS).collect(),
        };
        for (header, phrase) in sections(WORDS) {
            if let Some(senses) = word_senses(header) {
                lexicon.entry(phrase).join(&senses);
            }
        }
        for (header, phrase) in sections(SETTINGS) {
            let senses = Senses {
                setting: Some(setting_sense(header)),
                ..Senses::default()
            };
            lexicon.entry(phrase).join(&senses);
        }
        for (name, hex) in COLORS.lines().filter_map(|line| line.split_once('\t')) {
            lexicon.entry(name).color = parse_hex(hex);
        }
        for (phrase, picture) in pictures::of_things() {
            lexicon.entry(phrase).picture = Some(picture);
        }
        for (phrase, picture) in pictures::named_by_unicode() {
            let plural_of_known = singulars(&phrase)
                .iter()
                .any(|word| lexicon.entries.contains_key(word));
            if !plural_of_known && !lexicon.entries.contains_key(&phrase) {
                lexicon.entry(&phrase).picture = Some(picture);
            }
        }
        for (kind, noun) in kinds() {
            let picture = lexicon.get(kind).and_then(|senses| senses.picture.clone());
            if let Some(picture) = picture.filter(|_| !lexicon.entries.contains_key(noun)) {
                lexicon.entry(noun).picture = Some(Picture {
                    stand_in: true,
                    ..picture
                });
            }
        }
        lexicon
    }

    fn entry(&mut self, phrase: &str) -> &mut Senses {
        let first = phrase.split(' ').next().unwrap_or_default();
        let words = phrase.split(' ').count();
        match self.longest.get_mut(first) {
            Some(longest) => *longest = words.max(*longest),
            None => {
                self.longest.insert(first.to_owned(), words);
            }
        }
        self.entries.entry(phrase.to_owned()).or_default()
    }

    /// The senses of a phrase in lower case, words separated by single spaces.
    pub(crate) fn get(&self, phrase: &str) -> Option<&Senses> {
        self.entries.get(phrase)
    }

    /// Whether a noun is a part of a body: the picture of the whole being has it already.
    pub(crate) fn is_body_part(&self, noun: &str) -> bool {
        self.body_parts.contains(noun)
    }

    /// Whether a noun is a garment that our own drawings of people wear, in its colour.
    pub(crate) fn is_garment(&self, noun: &str) -> bool {
        self.garments.contains(noun)
    }

    /// How many words the longest phrase that begins with a word has; 0 when none does.
    pub(crate) fn longest_from(&self, first: &str) -> usize {
        self.longest.get(first).copied().unwrap_or(0)
    }
}

/// Nouns that are drawn as their kind, after the noun for the kind.
fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS
        .lines()
        .filter(|row| !row.starts_with('#'))
        .filter_map(|row| row.split_once('\t'))
        .flat_map(|(kind, nouns)| nouns.split(", ").map(move |noun| (kind, noun)))
}

/// The words of one header that add no senses of their own.
fn phrases(wanted: &str) -> impl Iterator<Item = &'static str> {
    sections(WORDS)
        .filter(move |(header, _)| *header == wanted)
        .map(|(_, phrase)| phrase)
}

/// The phrases of a file of headed lists, each with its header.
fn sections(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut header = "";
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(move |line| {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                header = name;
                return Vec::new();
            }
            line.split(',')
                .map(|phrase| (header, phrase.trim()))
                .collect()
        })
        .filter(|(_, phrase)| !phrase.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat2svg_protocol::Style;

    #[test]
    fn every_header_and_colour_of_the_data_is_understood() {
        for (header, phrase) in sections(WORDS) {
            if [BODY_PARTS, GARMENTS].contains(&header) {
                continue;
            }
            let senses = word_senses(header);
            assert!(
                senses.is_some_and(|senses| senses != Senses::default()),
                "[{header}] {phrase}"
            );
        }
        for (header, phrase) in sections(SETTINGS) {
            let sense = setting_sense(header);
            assert!(
                sense.place.is_some()
                    || sense.time.is_some()
                    || sense.weather.is_some()
                    || sense.season.is_some(),
                "[{header}] {phrase}"
            );
        }
        for line in COLORS.lines().filter(|line| !line.starts_with('#')) {
            let (_, hex) = line.split_once('\t').expect("a tab");
            assert!(parse_hex(hex).is_some(), "{line}");
        }
    }

    #[test]
    fn every_kind_is_drawn_and_no_noun_of_it_known_otherwise() {
        let (mut lacking, mut idle, mut nouns) = (Vec::new(), Vec::new(), HashSet::new());
        for (kind, noun) in kinds() {
            let entries = &builtin().entries;
            let picture = |noun: &str| entries.get(noun)?.picture.clone();
            match (picture(kind), picture(noun)) {
                (None, _) => lacking.push(kind),
                (Some(whole), Some(stand_in)) if stand_in.stand_in && stand_in.art == whole.art => {
                }
                _ => idle.push(noun),
            }
            assert!(nouns.insert(noun), "{noun} is of two kinds");
        }
        assert!(lacking.is_empty(), "kinds without a picture: {lacking:?}");
        assert!(idle.is_empty(), "nouns with another picture: {idle:?}");
    }

    #[test]
    fn what_is_said_of_a_being_is_known() {
        assert!(builtin().is_body_part("mane") && !builtin().is_body_part("hat"));
        assert!(builtin().is_garment("winter coat") && !builtin().is_garment("hat"));
    }

    #[test]
    fn phrases_are_normalised_so_that_they_can_be_found() {
        for phrase in builtin().entries.keys() {
            let normal = super::super::tokens::fold(phrase).replace('-', " ");
            assert_eq!(*phrase, normal);
            assert!(
                !phrase.contains("  ") && !phrase.starts_with(' ') && !phrase.ends_with(' '),
                "{phrase:?}"
            );
        }
    }

    #[test]
    fn all_styles_and_places_have_words() {
        let entries = &builtin().entries;
        for style in Style::ALL {
            assert!(
                entries.values().any(|senses| senses.style == Some(style)),
                "{style}"
            );
        }
        let places = entries.values().filter_map(|senses| senses.setting?.place);
        assert_eq!(places.collect::<std::collections::HashSet<_>>().len(), 20);
    }
}
