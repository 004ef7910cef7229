//! Prompts in other languages: their words become English ones in English order, before anything is
//! read. Fourteen languages, by the words of two tables; no grammar beyond where adjectives and
//! prepositions stand. What is not known stays as it was written, and is listed as undrawn.

mod order;
mod table;

use super::inflection::{singulars, verb_stems};
use super::tokens::{Token, Word};
use crate::embedded::lookup::Vocabulary;
use table::Table;

/// How a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    /// Chinese characters without kana.
    Han,
    /// Kana, with Chinese characters.
    Kana,
    Hangul,
    Arabic,
    Devanagari,
}

/// A language.
#[derive(Debug)]
struct Tongue {
    script: Script,
    /// Adjectives follow their noun.
    adjectives_follow: bool,
    /// What stands before the noun in English stands after it.
    postpositions: bool,
    /// Endings that a word may have beside the form of the tables, longest first, and whether they
    /// are those of a plural.
    endings: &'static [(&'static str, bool)],
    /// The forms of the tables have endings themselves.
    two_sided: bool,
    /// What may be written together with the word after it, and the English for it.
    prefixes: &'static [(&'static str, &'static str)],
    /// What may be written together with the noun before it, and the English for it.
    suffixes: &'static [(&'static str, &'static str)],
    /// A "k" at the end of a word becomes a "ğ" before endings.
    softens: bool,
}

const fn tongue(script: Script, endings: &'static [(&'static str, bool)]) -> Tongue {
    Tongue {
        script,
        adjectives_follow: false,
        postpositions: false,
        endings,
        two_sided: false,
        prefixes: &[],
        suffixes: &[],
        softens: false,
    }
}

const fn romance(endings: &'static [(&'static str, bool)]) -> Tongue {
    Tongue {
        adjectives_follow: true,
        two_sided: true,
        ..tongue(Script::Latin, endings)
    }
}

/// In the order of the tables' columns: de fr es pt it nl pl ru tr zh ja ko ar hi.
static TONGUES: [Tongue; 14] = [
    tongue(
        Script::Latin,
        &[
            ("en", true),
            ("er", true),
            ("em", false),
            ("es", false),
            ("e", true),
            ("n", true),
            ("s", false),
        ],
    ),
    romance(&[("es", true), ("s", true), ("x", true), ("e", false)]),
    romance(&[
        ("es", true),
        ("as", true),
        ("os", true),
        ("s", true),
        ("a", false),
        ("o", false),
    ]),
    romance(&[
        ("oes", true),
        ("aes", true),
        ("es", true),
        ("as", true),
        ("os", true),
        ("is", true),
        ("ao", false),
        ("s", true),
        ("a", false),
        ("l", false),
        ("o", false),
    ]),
    romance(&[("i", true), ("e", true), ("a", false), ("o", false)]),
    tongue(
        Script::Latin,
        &[("en", true), ("s", true), ("je", false), ("e", false)],
    ),
    Tongue {
        two_sided: true,
        ..tongue(
            Script::Latin,
            &[
                ("ami", true),
                ("ego", false),
                ("emu", false),
                ("ymi", true),
                ("imi", true),
                ("ach", true),
                ("ych", true),
                ("ich", true),
                ("owi", false),
                ("em", false),
                ("ej", false),
                ("ym", false),
                ("im", false),
                ("om", true),
                ("ow", true),
                ("ie", false),
                ("y", true),
                ("i", true),
                ("a", false),
                ("e", false),
                ("o", false),
                ("u", false),
            ],
        )
    },
    Tongue {
        two_sided: true,
        ..tongue(
            Script::Cyrillic,
            &[
                ("ами", true),
                ("ями", true),
                ("ыми", true),
                ("ими", true),
                ("ого", false),
                ("его", false),
                ("ому", false),
                ("ему", false),
                ("ой", false),
                ("ей", false),
                ("ую", false),
                ("юю", false),
                ("ая", false),
                ("яя", false),
                ("ое", false),
                ("ее", false),
                ("ые", true),
                ("ие", true),
                ("ых", true),
                ("ых", true),
                ("ый", false),
                ("ий", false),
                ("ом", false),
                ("ем", false),
                ("ым", false),
                ("им", false),
                ("ах", true),
                ("ях", true),
                ("ов", true),
                ("ы", true),
                ("и", true),
                ("а", false),
                ("я", false),
                ("у", false),
                ("ю", false),
                ("е", false),
                ("о", false),
                ("ь", false),
            ],
        )
    },
    Tongue {
        postpositions: true,
        suffixes: &[
            ("li", "with"),
            ("lu", "with"),
            ("siz", "without"),
            ("suz", "without"),
        ],
        softens: true,
        ..tongue(
            Script::Latin,
            &[
                ("larin", true),
                ("lerin", true),
                ("lar", true),
                ("ler", true),
                ("nin", false),
                ("nun", false),
                ("da", false),
                ("de", false),
                ("ta", false),
                ("te", false),
                ("in", false),
                ("un", false),
                ("yi", false),
                ("si", false),
                ("i", false),
                ("u", false),
                ("a", false),
                ("e", false),
            ],
        )
    },
    Tongue {
        postpositions: true,
        ..tongue(Script::Han, &[])
    },
    Tongue {
        postpositions: true,
        ..tongue(Script::Kana, &[])
    },
    Tongue {
        postpositions: true,
        ..tongue(
            Script::Hangul,
            &[
                ("에서", false),
                ("으로", false),
                ("들이", true),
                ("들", true),
                ("은", false),
                ("는", false),
                ("이", false),
                ("가", false),
                ("을", false),
                ("를", false),
                ("에", false),
                ("의", false),
                ("도", false),
                ("로", false),
            ],
        )
    },
    Tongue {
        adjectives_follow: true,
        two_sided: true,
        prefixes: &[
            ("وال", "and"),
            ("بال", "with"),
            ("ال", ""),
            ("و", "and"),
            ("ب", "with"),
        ],
        suffixes: &[("تان", "two"), ("تين", "two"), ("ان", "two")],
        ..tongue(
            Script::Arabic,
            &[("ات", true), ("ين", true), ("ة", false), ("ه", false)],
        )
    },
    Tongue {
        postpositions: true,
        two_sided: true,
        ..tongue(
            Script::Devanagari,
            &[
                ("ियां", true),
                ("ियाँ", true),
                ("ों", true),
                ("ें", true),
                ("ा", false),
                ("ी", false),
                ("े", false),
                ("ो", false),
            ],
        )
    },
];

/// A word or phrase of a prompt, on its way into English.
#[derive(Clone, Debug)]
enum Piece {
    /// English words.
    English(String),
    /// What stands after its noun, in English.
    After(String),
    /// What is not of the language: marks, emoji, quotations, unknown words.
    Other(Token),
}

/// The prompt in English, when another language explains more of its words; as it is otherwise.
pub(super) fn translate(tokens: Vec<Token>, vocabulary: &Vocabulary) -> Vec<Token> {
    let words = tokens.iter().filter_map(word).count();
    let known = tokens
        .iter()
        .filter_map(word)
        .filter(|word| is_english(word, vocabulary))
        .count();
    if known == words {
        return tokens;
    }
    let best = (0..TONGUES.len())
        .filter(|index| may_be(&TONGUES[*index], &tokens))
        .map(|index| {
            let (pieces, understood) = Table::of(index).pieces(&TONGUES[index], &tokens);
            (understood, index, pieces)
        })
        // Of languages that explain as much the first is taken.
        .max_by_key(|(understood, index, _)| (*understood, usize::MAX - index));
    let Some((understood, index, pieces)) = best else {
        return tokens;
    };
    if understood <= known {
        return tokens;
    }
    order::english(&TONGUES[index], &pieces, vocabulary)
        .into_iter()
        .flat_map(into_tokens)
        .collect()
}

fn word(token: &Token) -> Option<&Word> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn is_english(word: &Word, vocabulary: &Vocabulary) -> bool {
    let knows = |text: &str| vocabulary.senses(text).is_some();
    knows(&word.key)
        || singulars(&word.key).iter().any(|form| knows(form))
        || verb_stems(&word.key).iter().any(|form| knows(form))
        || word.key.chars().all(|c| c.is_ascii_digit())
}

/// Whether the letters of a prompt are those of a language.
fn may_be(tongue: &Tongue, tokens: &[Token]) -> bool {
    let letters = || {
        tokens
            .iter()
            .filter_map(word)
            .flat_map(|word| word.key.chars())
    };
    let has = |wanted: fn(char) -> bool| letters().any(wanted);
    let is_kana = |c: char| matches!(c, '\u{3040}'..='\u{30FF}');
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9FFF}');
    match tongue.script {
        Script::Latin => letters().any(|c| c.is_alphabetic() && c < '\u{250}'),
        Script::Cyrillic => has(|c| matches!(c, '\u{400}'..='\u{4FF}')),
        Script::Han => has(is_han) && !has(is_kana),
        Script::Kana => has(is_kana) || has(is_han),
        Script::Hangul => has(|c| matches!(c, '\u{AC00}'..='\u{D7A3}')),
        Script::Arabic => has(|c| matches!(c, '\u{600}'..='\u{6FF}')),
        Script::Devanagari => has(|c| matches!(c, '\u{900}'..='\u{97F}')),
    }
}

fn into_tokens(piece: Piece) -> Vec<Token> {
    match piece {
        Piece::Other(token) => vec![token],
        Piece::English(text) | Piece::After(text) => text
            .split_whitespace()
            .map(|word| {
                Token::Word(Word {
                    key: word.to_owned(),
                    original: word.to_owned(),
                    possessive: false,
                    named: false,
                    follows_hyphen: false,
                })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
