//! From a prompt to a scene description: what to draw, how many, how it looks, how things relate,
//! where and when it plays, and which words could not be drawn.
//!
//! A lexicon-driven reading of English: tokens → the longest phrases that the vocabulary knows
//! (`chunker`) → noun phrases and what connects them (`phrases`) → objects and relations
//! (`interpreter`). No statistics, no model: the same prompt always means the same, in well under a
//! millisecond. Simple prompts in other languages are put into English first (`tongues`). What is
//! not known is listed as undrawn, and a prompt of which nothing could be drawn becomes an emblem
//! (`fallback`).

mod actions;
mod boilerplate;
mod chunker;
mod coverage;
mod fallback;
mod inflection;
mod interpreter;
mod lacking;
pub(crate) mod lexicon;
mod noun_phrase;
mod phrases;
mod shade;
mod tokens;
mod tongues;

pub use coverage::{Coverage, Undrawn, WordCoverage};

use super::lookup::Vocabulary;
use super::scene::SceneDescription;
pub(crate) use inflection::singulars;
use interpreter::Interpreter;

/// What a prompt means, and what became of each of its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The scene.
    pub scene: SceneDescription,
    /// The words that carry meaning, in the order of the prompt.
    pub word_coverage: Vec<WordCoverage>,
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
    let items = chunker::read(&tokens, vocabulary);
    let pieces = phrases::split(&items);
    let mut interpreter = Interpreter::default();
    for (text, noun) in &lacking {
        interpreter.rule_out_word(text, noun);
    }
    interpreter.read(&pieces);
    let (mut scene, word_coverage) = interpreter.finish();
    for word in &word_coverage {
        if matches!(word.coverage, Coverage::Undrawn(_)) && !scene.undrawn.contains(&word.text) {
            scene.undrawn.push(word.text.clone());
        }
    }
    if unread > 0 {
        scene
            .undrawn
            .push(format!("… and {unread} more characters"));
    }
    if fallback::is_needed(&scene) && scene.undrawn.is_empty() {
        fallback::show_sky(&mut scene, vocabulary);
    }
    let is_emblem = fallback::is_needed(&scene) && !tokens.is_empty();
    let is_lost = is_emblem
        && word_coverage.iter().all(|word| !word.is_understood())
        && !word_coverage.is_empty();
    if is_emblem {
        fallback::compose(prompt, &mut scene);
    }
    Reading {
        scene,
        word_coverage,
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
