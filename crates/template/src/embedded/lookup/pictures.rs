//! The built-in pictures by noun: those of the table of things first, then what Unicode calls the
//! emoji.

use std::sync::Arc;

use chat2svg_vector::Color;
use emojis::{Emoji, Group};

use crate::embedded::art::twemoji;
use crate::embedded::language::lexicon::{material, parse_hex};
use crate::embedded::scene::{ArtReference, Material};
use crate::embedded::things;

const COLORS: &str = include_str!("../language/colors.tsv");

/// The newest emoji of the collection; the table of names knows later ones.
const COLLECTION_VERSION: (u32, u32) = (17, 0);

/// A built-in picture for a noun.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) art: Arc<ArtReference>,
    /// The picture shows something near the noun, not the thing itself.
    pub(crate) stand_in: bool,
    /// The picture already shows several.
    pub(crate) several: bool,
    /// A colour that the noun implies.
    pub(crate) color: Option<Color>,
    /// A material that the noun implies.
    pub(crate) material: Option<Material>,
}

impl Picture {
    pub(crate) fn of(art: ArtReference) -> Self {
        Self {
            art: Arc::new(art),
            stand_in: false,
            several: false,
            color: None,
            material: None,
        }
    }
}

/// The picture of an emoji that stands in the prompt itself.
pub(crate) fn of_emoji(emoji: &str) -> Option<Picture> {
    let name = emojis::get(emoji).map_or(emoji, Emoji::name);
    twemoji::svg(emoji)?;
    Some(Picture::of(ArtReference::Twemoji {
        emoji: emoji.to_owned(),
        name: name.to_owned(),
    }))
}

/// The nouns of the table of things with their pictures.
pub(crate) fn of_things() -> impl Iterator<Item = (&'static str, Picture)> {
    things::all()
        .filter_map(|thing| Some((parse_picture(thing.picture?), &thing.nouns)))
        .flat_map(|(picture, nouns)| {
            nouns.iter().map(move |noun| {
                let stand_in = noun.starts_with('~');
                let several = noun.starts_with('+');
                let noun = noun.trim_start_matches(['~', '+']);
                (
                    noun,
                    Picture {
                        stand_in,
                        several,
                        ..picture.clone()
                    },
                )
            })
        })
}

fn parse_picture(field: &'static str) -> Picture {
    let Some(generator) = field.strip_prefix('@') else {
        let name = emojis::get(field).map_or(field, Emoji::name);
        return Picture::of(ArtReference::Twemoji {
            emoji: field.to_owned(),
            name: name.to_owned(),
        });
    };
    let (generator, attribute) = generator.split_once(':').unwrap_or((generator, ""));
    Picture {
        color: color_named(attribute),
        material: material(attribute),
        ..Picture::of(ArtReference::Generated {
            generator: generator.to_owned(),
        })
    }
}

fn color_named(name: &str) -> Option<Color> {
    if name.is_empty() {
        return None;
    }
    let (_, hex) = COLORS
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(known, _)| *known == name)?;
    parse_hex(hex)
}

/// What Unicode and the usual short codes call the emoji of the collection.
pub(crate) fn named_by_unicode() -> impl Iterator<Item = (String, Picture)> {
    let named = emojis::iter().filter(|emoji| in_collection(emoji));
    let names = named
        .clone()
        .flat_map(|emoji| names(emoji).into_iter().map(move |name| (name, emoji)));
    let codes = named
        .filter(|emoji| !matches!(emoji.group(), Group::Flags | Group::Symbols))
        .flat_map(|emoji| {
            emoji
                .shortcodes()
                .map(move |code| (code.replace(['_', '-'], " "), emoji))
        });
    names
        .chain(codes)
        .filter(|(name, _)| {
            name.len() > 2 && !begins_with_color(name) && !name.ends_with(" standing")
        })
        .map(|(name, emoji)| {
            let mut picture = Picture::of(ArtReference::Twemoji {
                emoji: emoji.as_str().to_owned(),
                name: emoji.name().to_owned(),
            });
            // A country is not its flag, but the flag says which.
            picture.stand_in = emoji.group() == Group::Flags && !name.contains("flag");
            (name, picture)
        })
}

fn in_collection(emoji: &Emoji) -> bool {
    let version = emoji.emoji_version();
    (version.major(), version.minor()) <= COLLECTION_VERSION
}

fn names(emoji: &Emoji) -> Vec<String> {
    let name = crate::embedded::language::normalise(emoji.name());
    match emoji.group() {
        Group::Flags => match emoji.name().strip_prefix("flag: ") {
            Some(country) => {
                let country = crate::embedded::language::normalise(country);
                vec![
                    format!("flag of {country}"),
                    format!("{country} flag"),
                    country,
                ]
            }
            None => vec![name],
        },
        Group::Symbols => Vec::new(),
        _ => vec![name],
    }
}

/// "Blue book", "red square": the colour is an attribute, and the thing has a picture of its own.
fn begins_with_color(name: &str) -> bool {
    name.split_once(' ').is_some_and(|(first, _)| {
        matches!(
            first,
            "red"
                | "orange"
                | "yellow"
                | "green"
                | "blue"
                | "purple"
                | "brown"
                | "black"
                | "white"
                | "grey"
                | "gray"
                | "pink"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noun_has_one_picture() {
        let mut seen = std::collections::HashSet::new();
        for (noun, _) in of_things() {
            assert!(seen.insert(noun), "{noun} has two pictures");
        }
        assert!(seen.len() > 6_000, "{} nouns", seen.len());
    }

    #[test]
    fn every_name_taken_from_unicode_has_a_picture() {
        let mut missing = Vec::new();
        for (name, picture) in named_by_unicode() {
            if let ArtReference::Twemoji { emoji, .. } = picture.art.as_ref()
                && twemoji::svg(emoji).is_none()
            {
                missing.push((emoji.clone(), name));
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn attributes_in_the_table_are_known() {
        let drawings = things::all().filter_map(|thing| thing.picture);
        for field in drawings.filter(|picture| picture.starts_with('@')) {
            let picture = parse_picture(field);
            assert_eq!(
                field.contains(':'),
                picture.color.is_some() || picture.material.is_some(),
                "{field}"
            );
        }
    }

    #[test]
    fn presentation_selectors_do_not_matter() {
        for emoji in ["❤", "❤️", "☀", "☀️", "🦊", "🦊\u{FE0F}", "👁️‍🗨️"]
        {
            assert!(twemoji::svg(emoji).is_some(), "{emoji}");
        }
        assert!(twemoji::svg("fox").is_none());
        assert!(twemoji::svg("").is_none());
    }
}
