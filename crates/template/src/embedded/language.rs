//! From a prompt to a scene description: what to draw, how many, how it looks, how things relate,
//! where and when it plays, and which words could not be drawn.
//!
//! A lexicon-driven reading of English: tokens → the longest phrases that the vocabulary knows
//! (`units`) → noun phrases and what connects them (`phrases`) → objects and relations (`builder`).
//! No statistics, no model: the same prompt always means the same, in well under a millisecond.
//! Simple prompts in other languages are put into English first (`tongues`). What is not known is
//! listed as undrawn, and a prompt of which nothing could be drawn becomes an emblem (`emblem`).

mod actions;
mod boilerplate;
mod builder;
mod draft;
mod emblem;
mod fate;
mod inflection;
mod lacking;
pub(crate) mod lexicon;
mod phrases;
mod shade;
mod tokens;
mod tongues;
mod units;

pub use fate::{Fate, Undrawn, WordFate};

use super::lookup::Vocabulary;
use super::scene::SceneDescription;
use builder::Builder;
pub(crate) use inflection::singulars;

/// What a prompt means, and what became of each of its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The scene.
    pub scene: SceneDescription,
    /// The words that carry meaning, in the order of the prompt.
    pub fates: Vec<WordFate>,
    /// Nothing of the prompt could be drawn, and the scene is an emblem of its words.
    pub is_emblem: bool,
    /// No word of the prompt was understood.
    pub is_lost: bool,
}

/// What a prompt asks for. Any text is understood to some scene; an empty one to an empty scene.
pub fn understand(prompt: &str, vocabulary: &Vocabulary) -> SceneDescription {
    read(prompt, vocabulary).scene
}

/// As [`understand`], with what became of each word.
pub fn read(prompt: &str, vocabulary: &Vocabulary) -> Reading {
    let (tokens, unread) = tokens::tokenize(prompt);
    let tokens = boilerplate::strip(tokens);
    let mut tokens = tongues::translate(tokens, vocabulary);
    let lacking = lacking::take_out(&mut tokens, vocabulary);
    let items = units::read(&tokens, vocabulary);
    let pieces = phrases::split(&items);
    let mut builder = Builder::default();
    for (text, noun) in &lacking {
        builder.rule_out_word(text, noun);
    }
    builder.read(&pieces);
    let (mut scene, fates) = builder.finish();
    for word in &fates {
        if matches!(word.fate, Fate::Undrawn(_)) && !scene.undrawn.contains(&word.text) {
            scene.undrawn.push(word.text.clone());
        }
    }
    if unread > 0 {
        scene
            .undrawn
            .push(format!("… and {unread} more characters"));
    }
    let is_emblem = emblem::is_needed(&scene) && !tokens.is_empty();
    let is_lost = is_emblem && fates.iter().all(|word| !word.is_understood()) && !fates.is_empty();
    if is_emblem {
        emblem::compose(prompt, &mut scene);
    }
    Reading {
        scene,
        fates,
        is_emblem,
        is_lost,
    }
}

/// A phrase as the tables have it: lower case, no accents, words separated by single spaces.
pub(crate) fn normalise(text: &str) -> String {
    let is_normal = |byte: u8| byte.is_ascii_lowercase() || byte == b' ';
    if text.bytes().all(is_normal) && !text.contains("  ") && text.trim() == text {
        return text.to_owned();
    }
    let (tokens, _) = tokens::tokenize(text);
    let words = tokens.into_iter().filter_map(|token| match token {
        tokens::Token::Word(word) => Some(word.key),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
