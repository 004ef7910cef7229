//! From units to pieces of a sentence: noun phrases with their attributes, and what connects them.
//! How the pieces relate is the interpreter's part.

use super::chunker::{Item, Unit};
use super::coverage::{Coverage, Undrawn, WordCoverage};
use super::lexicon::{Link, Role, SettingSense};
use super::noun_phrase::NounPhraseParser;
use crate::embedded::lookup::pictures::{self, Picture};
use crate::embedded::scene::{Background, Material, RelationKind, SizeClass, Stance};
use chat2svg_protocol::Style;
use chat2svg_vector::Color;

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
    And(Joint),
    Stop,
    /// "While": a clause of its own about the same things.
    Clause,
    Pronoun,
    /// "No", "without", as it was written.
    Negation(String),
    /// What is behind everything: "no background".
    Background(Background),
    Quotation(String),
    Style(Style),
    /// A number that stands for more of the thing named last: "and two on its right".
    Again(u32),
    /// "Showing green": a light that is on.
    Shown(Color, String),
    /// "Showing empty": how full a battery is.
    Charged(Color, String),
    /// "In different colours".
    Varied,
    /// Words that add nothing but their fate.
    Lost(WordCoverage),
}

/// What joins two pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    And,
    Or,
    But,
    Comma,
}

impl Joint {
    fn of(key: &str) -> Self {
        match key {
            "or" => Self::Or,
            "but" | "then" => Self::But,
            _ => Self::And,
        }
    }
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
    /// Each of them in a colour of its own.
    pub(super) varied: bool,
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
    /// "A", "the", "its".
    pub(super) has_determiner: bool,
    /// "Its", "her": it belongs to something else.
    pub(super) possessed: bool,
    pub(super) attributes: Attributes,
    /// Settings that its modifiers name ("winter coat" names one too, softly).
    pub(super) settings: Vec<SettingSense>,
    /// A likeness of what follows "of", and the material that implies.
    pub(super) likeness: Option<Option<Material>>,
    pub(super) vessel: bool,
    /// "Sushi platter": what it holds.
    pub(super) contents: Option<(String, Picture)>,
    pub(super) word_coverage: Vec<WordCoverage>,
}

/// Splits the items of a prompt into pieces.
pub(super) fn split(items: &[Item]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(items.len());
    let mut index = 0;
    while let Some(item) = items.get(index) {
        let length = match item {
            Item::Comma => push(&mut pieces, Piece::And(Joint::Comma)),
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
            Item::Unit(unit) if is_remark_on_background(unit, items, index) => {
                push(&mut pieces, Piece::Background(Background::Transparent))
            }
            Item::Unit(unit) if is_showing(unit) && color_alone(items, index + 1).is_some() => {
                if let Some((color, word)) = color_alone(items, index + 1) {
                    pieces.push(Piece::Shown(color, word));
                }
                2
            }
            Item::Unit(unit) if is_showing(unit) && charge_alone(items, index + 1).is_some() => {
                if let Some((charge, word)) = charge_alone(items, index + 1) {
                    pieces.push(Piece::Charged(charge, word));
                }
                2
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

pub(super) fn push(pieces: &mut Vec<Piece>, piece: Piece) -> usize {
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

/// "A fox, transparent": said of no thing, it is said of the picture.
fn is_remark_on_background(unit: &Unit, items: &[Item], index: usize) -> bool {
    let is_boundary = |item: Option<&Item>| matches!(item, None | Some(Item::Comma | Item::Stop));
    let before = index.checked_sub(1).and_then(|before| items.get(before));
    unit.key == "transparent" && is_boundary(before) && is_boundary(items.get(index + 1))
}

fn is_showing(unit: &Unit) -> bool {
    matches!(
        unit.key.as_str(),
        "showing" | "shows" | "displaying" | "lit"
    )
}

/// A colour that no noun follows.
fn color_alone(items: &[Item], index: usize) -> Option<(Color, String)> {
    let Some(Item::Unit(unit)) = items.get(index) else {
        return None;
    };
    let goes_on = matches!(items.get(index + 1), Some(Item::Unit(next)) if next.is_noun());
    let color = unit.senses.color.filter(|_| !goes_on)?;
    Some((color, unit.text.clone()))
}

/// How full something is, in the colour that says so, after which no noun follows.
fn charge_alone(items: &[Item], index: usize) -> Option<(Color, String)> {
    let Some(Item::Unit(unit)) = items.get(index) else {
        return None;
    };
    let goes_on = matches!(items.get(index + 1), Some(Item::Unit(next)) if next.is_noun());
    let [red, green, blue] = match unit.key.as_str() {
        "empty" | "dead" | "flat" => [0xA3, 0xA9, 0xB2],
        "low" => [0xD9, 0x2B, 0x2F],
        "full" | "charged" => [0x3F, 0x9B, 0x45],
        "half" => [0xF0, 0xB4, 0x29],
        _ => return None,
    };
    (!goes_on).then(|| (Color::from_rgb8(red, green, blue), unit.text.clone()))
}

fn same_emoji(a: &Item, b: &Item) -> bool {
    matches!((a, b), (Item::Emoji(a), Item::Emoji(b)) if a == b)
}

fn emoji_phrase(item: &Item, count: usize) -> Piece {
    let Item::Emoji(emoji) = item else {
        return Piece::And(Joint::Comma);
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
                has_determiner: false,
                possessed: false,
                attributes: Attributes::default(),
                settings: Vec::new(),
                likeness: None,
                vessel: false,
                contents: None,
                word_coverage: vec![WordCoverage::new(emoji, Coverage::Drawn)],
            }))
        }
        None => Piece::Lost(WordCoverage::new(emoji, Coverage::Undrawn(Undrawn::Thing))),
    }
}

/// A unit that connects noun phrases; `None` if it is part of one.
fn connector(unit: &Unit, next: Option<&Item>) -> Option<Piece> {
    let senses = &unit.senses;
    if unit.has(Role::Varied) && !matches!(next, Some(Item::Unit(next)) if next.is_noun()) {
        return Some(Piece::Varied);
    }
    if unit.has(Role::NoBackground) {
        return Some(Piece::Background(Background::Transparent));
    }
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
        return Some(Piece::And(Joint::of(&unit.key)));
    }
    if unit.has(Role::Negation) {
        return Some(Piece::Negation(unit.text.clone()));
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
    let mut parser = NounPhraseParser::new(matches!(pieces.last(), Some(Piece::Link(Link::In, _))));
    let mut index = start;
    while let Some(item) = items.get(index) {
        let next = items.get(index + 1);
        let taken = match item {
            Item::Unit(unit) => parser.take(unit, next),
            // "A big, red dog": a comma between attributes.
            Item::Comma => {
                parser.nouns.is_empty() && parser.has_attributes() && starts_modifier(next)
            }
            _ => false,
        };
        if !taken {
            break;
        }
        if let Item::Unit(unit) = item {
            parser.written.push(unit.text.clone());
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
    parser.finish(pieces);
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
    let coverage = if unit.has(Role::Adverb) {
        Coverage::Grammar
    } else {
        Coverage::Undrawn(Undrawn::Quality)
    };
    Some(Piece::Lost(WordCoverage::new(&unit.text, coverage)))
}
