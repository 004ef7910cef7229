//! The words of one language, and the reading of a prompt by them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Piece, Script, TONGUES, Tongue};
use crate::embedded::language::tokens::{Token, Word, fold};

const CORE: &str = include_str!("core.tsv");
const NAMES: &str = include_str!("names.tsv");

/// The longest phrase, in words or, where words are not set apart, in characters.
const LONGEST: usize = 8;

/// Words of one language.
pub(super) struct Table {
    words: HashMap<String, &'static str>,
    /// Those of them that are common, whose plurals go before rare names: "peixes" are fish before
    /// they are Pisces.
    common: HashMap<String, &'static str>,
    stems: HashMap<String, &'static str>,
}

/// A word that was found: the English for it, with what a plural needs, and how long it is.
type Found = (String, usize);

/// Stands between the pieces of one word.
const NEXT: char = '\u{1}';

impl Table {
    /// The words of a language; read when it is first asked for.
    pub(super) fn of(index: usize) -> &'static Self {
        static TABLES: [OnceLock<Table>; TONGUES.len()] =
            [const { OnceLock::new() }; TONGUES.len()];
        TABLES[index].get_or_init(|| Self::read(index))
    }

    fn read(index: usize) -> Self {
        let tongue = &TONGUES[index];
        let mut table = Self {
            words: HashMap::with_capacity(4000),
            common: HashMap::with_capacity(1000),
            stems: HashMap::new(),
        };
        let common = CORE.lines().map(|row| (row, true));
        let rows = common.chain(NAMES.lines().map(|row| (row, false)));
        for (row, is_common) in rows.filter(|(row, _)| !row.starts_with('#')) {
            let mut cells = row.split('\t');
            let Some(english) = cells.next() else {
                continue;
            };
            for name in cells.nth(index).unwrap_or_default().split('|') {
                if name.is_empty() {
                    continue;
                }
                let key = normal(name);
                if tongue.two_sided && !key.contains(' ') {
                    for stem in stems(tongue, &key) {
                        table.stems.entry(stem.0.to_owned()).or_insert(english);
                    }
                    table.stems.entry(key.clone()).or_insert(english);
                }
                if is_common {
                    table.common.entry(key.clone()).or_insert(english);
                }
                table.words.entry(key).or_insert(english);
            }
        }
        table
    }

    /// A prompt in pieces, and how many of its words were understood.
    pub(super) fn pieces(&self, tongue: &Tongue, tokens: &[Token]) -> (Vec<Piece>, usize) {
        let mut pieces = Vec::new();
        let mut understood = 0;
        let mut words: Vec<Word> = Vec::new();
        for token in tokens {
            match token {
                Token::Word(word) => words.extend(split(tongue, word)),
                other => {
                    understood += self.read_words(tongue, &words, &mut pieces);
                    words.clear();
                    pieces.push(Piece::Other(other.clone()));
                }
            }
        }
        understood += self.read_words(tongue, &words, &mut pieces);
        (pieces, understood)
    }

    fn read_words(&self, tongue: &Tongue, words: &[Word], pieces: &mut Vec<Piece>) -> usize {
        let is_spaced = !matches!(tongue.script, Script::Han | Script::Kana);
        let mut understood = 0;
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if !is_spaced && !word.key.is_ascii() {
                understood += self.read_characters(word, pieces);
                at += 1;
                continue;
            }
            match self.phrase(tongue, &words[at..]) {
                Some((english, length)) => {
                    push(&english, pieces);
                    understood += length;
                    at += length;
                }
                None => {
                    pieces.push(Piece::Other(Token::Word(word.clone())));
                    at += 1;
                }
            }
        }
        understood
    }

    /// The longest phrase that words begin with, in English, and its length.
    fn phrase(&self, tongue: &Tongue, words: &[Word]) -> Option<Found> {
        for length in (2..=LONGEST.min(words.len())).rev() {
            let keys: Vec<&str> = words[..length]
                .iter()
                .map(|word| word.key.as_str())
                .collect();
            if let Some(english) = self.words.get(&dotted(&keys.join(" "))) {
                return Some(((*english).to_owned(), length));
            }
        }
        let key = dotted(&words.first()?.key);
        if let Some(english) = self.form(tongue, &key) {
            return Some((english, 1));
        }
        // "وكلب": and a dog.
        tongue.prefixes.iter().find_map(|(prefix, english)| {
            let rest = key.strip_prefix(prefix)?;
            let noun = self
                .form(tongue, rest)
                .filter(|_| rest.chars().count() > 1)?;
            Some((format!("{english} {noun}").trim().to_owned(), 1))
        })
    }

    /// A word in any of its forms.
    fn form(&self, tongue: &Tongue, key: &str) -> Option<String> {
        let plural = |english: &str, is_plural: bool| {
            if is_plural {
                format!("{english}\u{0}")
            } else {
                english.to_owned()
            }
        };
        if !self.common.contains_key(key) {
            let mut plurals = stems(tongue, key).filter(|(_, is_plural)| *is_plural);
            if let Some(english) = plurals.find_map(|(stem, _)| self.common.get(stem)) {
                return Some(plural(english, true));
            }
        }
        if let Some(english) = self.words.get(key) {
            return Some((*english).to_owned());
        }
        // "나무와": a tree and.
        for joint in ["와", "과", "하고"] {
            if let Some(noun) = key
                .strip_suffix(joint)
                .filter(|_| tongue.script == Script::Hangul)
                && let Some(english) = self.words.get(noun)
            {
                return Some(format!("{english} and"));
            }
        }
        // "Şapkalı kedi": a cat with a hat; "طائران": two birds.
        for (suffix, english) in tongue.suffixes {
            let noun = key
                .strip_suffix(suffix)
                .and_then(|stem| self.words.get(stem));
            if let Some(noun) = noun {
                return Some(match *english {
                    "two" => format!("two{NEXT}{noun}\u{0}"),
                    link => format!("{noun}{NEXT}^{link}"),
                });
            }
        }
        for (stem, is_plural) in stems(tongue, key) {
            if let Some(english) = self.words.get(stem) {
                return Some(plural(english, is_plural));
            }
            // "Çiçeğin" is of "çiçek".
            if let Some(stem) = stem.strip_suffix('ğ').filter(|_| tongue.softens)
                && let Some(english) = self.words.get(&format!("{stem}k"))
            {
                return Some(plural(english, is_plural));
            }
        }
        if !tongue.two_sided {
            return None;
        }
        let own = (key, false);
        stems(tongue, key)
            .chain([own])
            .find_map(|(stem, is_plural)| Some(plural(self.stems.get(stem)?, is_plural)))
    }

    /// Where words are not set apart: the longest that the table has, again and again. Counts
    /// characters, since a language that knows a text in parts only knows less of it.
    fn read_characters(&self, word: &Word, pieces: &mut Vec<Piece>) -> usize {
        let text: Vec<char> = word.key.chars().collect();
        let mut unknown = String::new();
        let mut understood = 0;
        let mut at = 0;
        while at < text.len() {
            let found = (1..=LONGEST.min(text.len() - at)).rev().find_map(|length| {
                let part: String = text[at..at + length].iter().collect();
                Some((*self.words.get(&part)?, length))
            });
            let Some((english, length)) = found else {
                unknown.extend(text.get(at));
                at += 1;
                continue;
            };
            flush(&mut unknown, pieces);
            push(english, pieces);
            understood += length;
            at += length;
        }
        flush(&mut unknown, pieces);
        understood
    }
}

fn flush(unknown: &mut String, pieces: &mut Vec<Piece>) {
    if !unknown.is_empty() {
        let text = std::mem::take(unknown);
        pieces.push(Piece::Other(Token::Word(Word {
            key: text.clone(),
            original: text,
            possessive: false,
            named: false,
            follows_hyphen: false,
        })));
    }
}

fn push(english: &str, pieces: &mut Vec<Piece>) {
    if let Some((first, rest)) = english.split_once(NEXT) {
        push(first, pieces);
        return push(rest, pieces);
    }
    match english.strip_prefix('^') {
        _ if english == "-" => {}
        // "Under one" speaks of something named before.
        _ if english == "one" => pieces.push(Piece::English("a".to_owned())),
        Some(after) => pieces.push(Piece::After(after.to_owned())),
        None => pieces.push(Piece::English(english.to_owned())),
    }
}

/// A word without each of the endings that it has.
fn stems<'a>(tongue: &'a Tongue, word: &'a str) -> impl Iterator<Item = (&'a str, bool)> {
    let least = if tongue.script == Script::Latin || tongue.script == Script::Cyrillic {
        3
    } else {
        1
    };
    tongue
        .endings
        .iter()
        .filter_map(move |(ending, is_plural)| {
            let stem = word.strip_suffix(ending)?;
            (stem.chars().count() >= least).then_some((stem, *is_plural))
        })
}

/// "L'arbre" is two words.
fn split(tongue: &Tongue, word: &Word) -> Vec<Word> {
    let Some(at) = word.key.find('\'').filter(|_| tongue.adjectives_follow) else {
        return vec![word.clone()];
    };
    let (first, rest) = word.key.split_at(at + 1);
    [first, rest]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| Word {
            key: part.to_owned(),
            original: part.to_owned(),
            ..word.clone()
        })
        .collect()
}

/// A name as prompts are read: folded, its words separated by single spaces.
fn normal(name: &str) -> String {
    let folded = dotted(&fold(name)).replace('-', " ");
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Turkish writes an i without a dot, which is looked up as one with.
fn dotted(text: &str) -> String {
    text.replace('ı', "i")
}
