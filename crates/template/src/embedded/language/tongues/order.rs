//! English order: adjectives before their nouns, prepositions before theirs.

use super::{Piece, Script, Tongue};
use crate::embedded::language::lexicon::{Link, Senses};
use crate::embedded::language::tokens::Token;
use crate::embedded::lookup::Vocabulary;

/// What carries things: "en una mesa" is on a table.
const SURFACES: &[&str] = &[
    "table", "chair", "bench", "bed", "roof", "shelf", "sofa", "branch", "plate",
];

pub(super) fn english(tongue: &Tongue, pieces: &[Piece], vocabulary: &Vocabulary) -> Vec<Piece> {
    let mut read = Vec::with_capacity(pieces.len());
    for clause in pieces.split_inclusive(ends_clause) {
        let (mut clause, end) = match clause.last() {
            Some(last) if ends_clause(last) => {
                (clause[..clause.len() - 1].to_vec(), Some(last.clone()))
            }
            _ => (clause.to_vec(), None),
        };
        if tongue.postpositions {
            numbers_first(&mut clause, vocabulary);
            clause = prepositions_first(tongue, clause, vocabulary);
        }
        color_or_thing(&mut clause, vocabulary);
        if tongue.adjectives_follow {
            clause = adjectives_first(clause, vocabulary);
        }
        read.extend(clause);
        read.extend(end);
    }
    in_or_on(tongue, &mut read);
    plurals(&mut read, vocabulary);
    read
}

fn ends_clause(piece: &Piece) -> bool {
    matches!(piece, Piece::Other(Token::Comma | Token::Stop))
}

fn text(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::English(text) => Some(text.trim_end_matches('\u{0}')),
        _ => None,
    }
}

fn with_senses(piece: &Piece, vocabulary: &Vocabulary, test: impl Fn(&Senses) -> bool) -> bool {
    text(piece)
        .and_then(|text| vocabulary.senses(text))
        .is_some_and(|senses| test(&senses))
}

/// A colour, a size, a number: what stands before a noun in English.
fn is_modifier(piece: &Piece, vocabulary: &Vocabulary) -> bool {
    text(piece) == Some("a")
        || with_senses(piece, vocabulary, |senses| {
            senses.color.is_some()
                || senses.size.is_some()
                || senses.number.is_some()
                || senses.material.is_some()
        })
}

fn is_noun(piece: &Piece, vocabulary: &Vocabulary) -> bool {
    match piece {
        Piece::Other(token) => matches!(token, Token::Word(_) | Token::Emoji(_)),
        Piece::After(_) => false,
        Piece::English(_) => {
            !is_modifier(piece, vocabulary)
                && !with_senses(piece, vocabulary, |senses| senses.link.is_some())
                && text(piece) != Some("and")
        }
    }
}

/// What follows a noun to say what that does to the one after: "帽子をかぶった猫".
fn is_after(tongue: &Tongue, piece: &Piece) -> bool {
    let holds = tongue.script != Script::Han
        && matches!(text(piece), Some("holding" | "wearing" | "without"));
    matches!(piece, Piece::After(_)) || holds
}

fn prepositions_first(tongue: &Tongue, clause: Vec<Piece>, vocabulary: &Vocabulary) -> Vec<Piece> {
    let mut done: Vec<Piece> = Vec::with_capacity(clause.len());
    let mut rest = clause;
    while let Some(at) = rest.iter().position(|piece| is_after(tongue, piece)) {
        let mut ahead = rest.split_off(at);
        let link = ahead.remove(0);
        let mut before = std::mem::take(&mut rest);
        if before.is_empty() && done.is_empty() {
            // "बिना बादलों के पहाड़": what is ruled out stands between.
            ahead.insert(0, Piece::English(link_text(&link)));
            done = what_it_has_last(ahead, vocabulary);
            break;
        }
        let reference = before.split_off(last_phrase(&before, vocabulary));
        let subject_ends = ahead
            .iter()
            .take_while(|piece| !is_after(tongue, piece))
            .position(|piece| is_noun(piece, vocabulary));
        done.extend(before);
        if let Some(end) = subject_ends {
            rest = ahead.split_off(end + 1);
            done.extend(ahead);
        } else {
            rest = ahead;
        }
        done.push(link);
        done.extend(reference);
    }
    done.extend(rest);
    if tongue.script == Script::Han {
        return what_it_has_last(done, vocabulary);
    }
    done
}

fn link_text(piece: &Piece) -> String {
    match piece {
        Piece::English(text) | Piece::After(text) => text.clone(),
        Piece::Other(_) => String::new(),
    }
}

/// "戴着帽子的猫" begins with what the cat wears, "没有云的山脉" with what the mountains lack.
fn what_it_has_last(mut clause: Vec<Piece>, vocabulary: &Vocabulary) -> Vec<Piece> {
    let begins = clause
        .first()
        .is_some_and(|first| matches!(text(first), Some("holding" | "wearing" | "without")));
    let is_end = |from: usize, clause: &[Piece]| {
        clause
            .iter()
            .skip(from)
            .position(|piece| is_noun(piece, vocabulary))
            .map(|end| from + end + 1)
    };
    if let (true, Some(worn)) = (begins, is_end(1, &clause))
        && let Some(wearer) = is_end(worn, &clause)
    {
        clause[..wearer].rotate_left(worn);
    }
    clause
}

/// Where the last noun phrase begins.
fn last_phrase(pieces: &[Piece], vocabulary: &Vocabulary) -> usize {
    let Some(mut begin) = pieces.len().checked_sub(1) else {
        return 0;
    };
    while begin > 0
        && pieces
            .get(begin - 1)
            .is_some_and(|piece| is_modifier(piece, vocabulary))
    {
        begin -= 1;
    }
    begin
}

/// "Un cerdo rosa" is pink, "una rosa" is a rose.
fn color_or_thing(clause: &mut [Piece], vocabulary: &Vocabulary) {
    for at in 0..clause.len() {
        let Some((color, thing)) = clause.get(at).and_then(text).and_then(|text| {
            let (color, thing) = text.split_once('~')?;
            Some((color.to_owned(), thing.to_owned()))
        }) else {
            continue;
        };
        let of_what_is_before = at
            .checked_sub(1)
            .and_then(|before| clause.get(before))
            .is_some_and(|before| is_noun(before, vocabulary));
        clause[at] = Piece::English(if of_what_is_before { color } else { thing });
    }
}

/// "Un gato negro y blanco": the adjectives go before the noun.
fn adjectives_first(clause: Vec<Piece>, vocabulary: &Vocabulary) -> Vec<Piece> {
    let mut read: Vec<Piece> = Vec::with_capacity(clause.len());
    let mut noun_at = None;
    let mut pieces = clause.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let is_number = with_senses(&piece, vocabulary, |senses| senses.number.is_some());
        let joins = text(&piece) == Some("and")
            && noun_at.is_some_and(|noun: usize| noun + 1 < read.len() + 1)
            && pieces
                .peek()
                .is_some_and(|next| is_modifier(next, vocabulary))
            && noun_at
                .is_some_and(|noun: usize| noun > 0 && is_modifier(&read[noun - 1], vocabulary))
            && pieces.peek().is_some_and(|next| text(next) != Some("a"));
        match noun_at {
            Some(noun) if joins || is_modifier(&piece, vocabulary) && !is_number => {
                read.insert(noun, piece);
                noun_at = Some(noun + 1);
            }
            _ => {
                noun_at = is_noun(&piece, vocabulary).then_some(read.len());
                read.push(piece);
            }
        }
    }
    read
}

/// "Kırmızı bir tilki", "고양이 세 마리": articles and numbers go before all else that is said of a
/// noun.
fn numbers_first(pieces: &mut Vec<Piece>, vocabulary: &Vocabulary) {
    for at in 1..pieces.len() {
        let is_number = text(&pieces[at]) == Some("a")
            || with_senses(&pieces[at], vocabulary, |senses| senses.number.is_some());
        if !is_number {
            continue;
        }
        let counts_what_follows = pieces
            .get(at + 1)
            .is_some_and(|next| is_noun(next, vocabulary) || is_modifier(next, vocabulary));
        let mut to = at;
        if !counts_what_follows && is_noun(&pieces[at - 1], vocabulary) {
            to -= 1;
        }
        while to > 0 && is_modifier(&pieces[to - 1], vocabulary) {
            to -= 1;
        }
        if to < at {
            let number = pieces.remove(at);
            pieces.insert(to, number);
        }
    }
}

/// Some languages have one word for "in" and "on", or for "above" and "on".
fn in_or_on(tongue: &Tongue, pieces: &mut [Piece]) {
    for at in 0..pieces.len() {
        let is_in = match pieces.get(at).and_then(text) {
            Some("in") => true,
            Some("above") => tongue.script == Script::Devanagari,
            _ => false,
        };
        let is_on_surface = pieces
            .iter()
            .skip(at + 1)
            .take(4)
            .filter_map(text)
            .any(|word| SURFACES.contains(&word));
        if is_in && is_on_surface {
            pieces[at] = Piece::English("on".to_owned());
        }
    }
}

/// Marks of plurals become English ones, on nouns that no "a" stands before.
fn plurals(pieces: &mut [Piece], vocabulary: &Vocabulary) {
    for at in 0..pieces.len() {
        let Some(Piece::English(marked)) = pieces.get(at) else {
            continue;
        };
        let Some(noun) = marked.strip_suffix('\u{0}').map(str::to_owned) else {
            continue;
        };
        let is_thing = vocabulary.senses(&noun).is_some_and(|senses| {
            senses.picture.is_some()
                && senses.color.is_none()
                && senses.number.is_none()
                && !matches!(senses.link, Some(Link::In | Link::Of))
        });
        let is_single = pieces[..at]
            .iter()
            .rev()
            .take_while(|piece| is_modifier(piece, vocabulary))
            .any(|piece| matches!(text(piece), Some("a" | "one")));
        pieces[at] = Piece::English(if is_thing && !is_single {
            format!("{noun}s")
        } else {
            noun
        });
    }
}
