//! What people write around what they want to see: "write SVG code for an image of …", "please
//! draw me …, as an SVG". It names the medium, which is always the same, and is taken out first.

use super::tokens::{Token, Word};

/// Words of politeness and wishing before the verb.
const POLITE: &[&str] = &[
    "please",
    "kindly",
    "can",
    "could",
    "would",
    "will",
    "you",
    "i",
    "i'd",
    "we",
    "want",
    "need",
    "like",
    "love",
    "to",
    "hey",
    "hi",
    "hello",
    "help",
    "now",
    "just",
    "let's",
    "lets",
    "task",
    "your",
    "is",
    "my",
    "assistant",
    "chatgpt",
    "claude",
];

/// Wishes that stand for the verb.
const WISHES: &[&str] = &["want", "need", "like", "love"];

/// What is to be done with the picture.
const VERBS: &[&str] = &[
    "write",
    "create",
    "generate",
    "draw",
    "make",
    "design",
    "give",
    "show",
    "render",
    "produce",
    "build",
    "provide",
    "output",
    "code",
    "sketch",
    "paint",
    "illustrate",
    "depict",
    "compose",
    "return",
    "do",
    "craft",
    "visualize",
    "visualise",
    "imagine",
];

const DETERMINERS: &[&str] = &["a", "an", "the", "some", "one", "this"];

/// What is said of a picture in general.
const PRAISE: &[&str] = &[
    "simple",
    "clean",
    "detailed",
    "beautiful",
    "nice",
    "basic",
    "scalable",
    "good",
    "great",
    "new",
    "complete",
    "valid",
    "single",
    "quality",
    "high",
    "pretty",
    "inline",
    "optimized",
    "animated",
    "static",
    "full",
    "corresponding",
    "following",
    "professional",
];

/// The format.
const FORMATS: &[&str] = &["svg", "svgs", "vector", "html", "xml", "css", "scalable"];

/// The picture.
const MEDIA: &[&str] = &[
    "code",
    "image",
    "images",
    "picture",
    "icon",
    "graphic",
    "graphics",
    "illustration",
    "drawing",
    "file",
    "art",
    "artwork",
    "clipart",
    "scene",
    "version",
    "representation",
    "markup",
    "depiction",
    "emoji",
    "visual",
    "visualization",
    "rendering",
    "source",
    "document",
    "design",
    "snippet",
];

/// What leads from the picture to what it shows.
const LEADS: &[&[&str]] = &[
    &["of"],
    &["for"],
    &["showing"],
    &["depicting"],
    &["representing"],
    &["that", "shows"],
    &["that", "depicts"],
    &["that", "represents"],
    &["which", "shows"],
    &["which", "depicts"],
    &["that", "looks", "like"],
    &["that", "draws"],
    &["to", "draw"],
    &["to", "represent"],
    &["to", "show"],
    &["where"],
];

/// The same, after the picture.
const ENDINGS: &[&[&str]] = &[
    &["in", "svg"],
    &["in", "svg", "format"],
    &["in", "vector", "format"],
    &["as", "svg"],
    &["as", "svg", "code"],
    &["as", "an", "svg"],
    &["as", "an", "svg", "file"],
    &["as", "an", "svg", "image"],
    &["as", "a", "vector"],
    &["as", "a", "vector", "graphic"],
    &["as", "a", "vector", "image"],
    &["using", "svg"],
    &["with", "svg"],
    &["svg", "format"],
    &["svg", "code"],
    &["svg", "file"],
    &["svg", "image"],
    &["svg"],
    &["vector", "format"],
    &["for", "me"],
    &["please"],
    &["thanks"],
    &["thank", "you"],
];

/// The tokens without what only speaks of the medium; as they are when nothing else is there.
pub(super) fn strip(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    for sentence in tokens.split_inclusive(|token| *token == Token::Stop) {
        let begun = &sentence[opening(sentence).min(sentence.len())..];
        let end = begun.len() - closing(begun);
        kept.extend(begun.iter().take(end).cloned());
        // What closes the sentence stays closed.
        kept.extend(
            begun
                .iter()
                .skip(end)
                .filter(|token| **token == Token::Stop)
                .cloned(),
        );
    }
    if kept.iter().all(|token| !shows_something(token)) {
        return tokens;
    }
    kept
}

fn shows_something(token: &Token) -> bool {
    !matches!(token, Token::Comma | Token::Stop)
}

fn key(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token::Word(Word { key, .. })) => Some(key),
        _ => None,
    }
}

fn is_one_of(token: Option<&Token>, words: &[&str]) -> bool {
    key(token).is_some_and(|key| words.contains(&key))
}

fn starts_with(tokens: &[Token], words: &[&str]) -> bool {
    words.len() <= tokens.len()
        && words
            .iter()
            .zip(tokens)
            .all(|(word, token)| key(Some(token)) == Some(word))
}

/// How many tokens at the start of a sentence only ask for a picture.
fn opening(sentence: &[Token]) -> usize {
    let verb = request(sentence);
    let rest = &sentence[verb..];
    verb + medium(rest)
}

/// "Please draw me", "I would like".
fn request(sentence: &[Token]) -> usize {
    let mut at = 0;
    let mut wishes = false;
    while is_one_of(sentence.get(at), POLITE) || at > 0 && sentence.get(at) == Some(&Token::Comma) {
        wishes |= is_one_of(sentence.get(at), WISHES);
        at += 1;
    }
    let is_verb = is_one_of(sentence.get(at), VERBS);
    if is_verb {
        at += 1;
    } else if !wishes {
        return 0;
    }
    let has_addressee = is_one_of(sentence.get(at), &["me", "us"]);
    at += usize::from(has_addressee);
    // "Paint bucket", "show jumping": a verb asks for something.
    let asks = has_addressee
        || is_one_of(sentence.get(at), DETERMINERS)
        || is_one_of(sentence.get(at), FORMATS)
        || is_one_of(sentence.get(at), MEDIA)
        || is_one_of(sentence.get(at), &["two", "three", "four", "five"]);
    if asks { at } else { 0 }
}

/// "An SVG image of", "code for", "SVG:".
fn medium(tokens: &[Token]) -> usize {
    let mut at = 0;
    loop {
        let begin = at;
        at += usize::from(is_one_of(tokens.get(at), DETERMINERS));
        while is_one_of(tokens.get(at), PRAISE) {
            at += 1;
        }
        let media = at;
        while is_one_of(tokens.get(at), FORMATS) || is_one_of(tokens.get(at), MEDIA) {
            at += 1;
        }
        if at == media {
            return begin;
        }
        if let Some(lead) = LEADS.iter().find(|lead| starts_with(&tokens[at..], lead)) {
            at += lead.len();
        } else if tokens.get(at) == Some(&Token::Comma) && begin == 0 && is_format(&tokens[..at]) {
            at += 1;
        } else {
            return begin;
        }
    }
}

fn is_format(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| is_one_of(Some(token), FORMATS))
}

/// How many tokens at the end of a sentence only speak of the medium.
fn closing(sentence: &[Token]) -> usize {
    let mut left = sentence.len();
    loop {
        let end = left;
        while left > 0 && matches!(sentence[left - 1], Token::Stop | Token::Comma) {
            left -= 1;
        }
        let ending = ENDINGS
            .iter()
            .filter(|words| words.len() <= left)
            .filter(|words| starts_with(&sentence[left - words.len()..left], words))
            .map(|words| words.len())
            .max();
        match ending {
            Some(length) => left -= length,
            None => return sentence.len() - end,
        }
    }
}
