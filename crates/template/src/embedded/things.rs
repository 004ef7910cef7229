//! What the composer knows of things: look-ups in the one table of them, `things.tsv`, by noun, by
//! picture and by drawing. The table is parsed once and looked up by hash.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use chat2svg_vector::{Habitat, Meaning, Node};
use emojis::Group;

use super::scene::ArtReference;
pub(crate) use table::{Attachment, Tail, Thing, Trait, Whole};

/// The table, by name and by picture.
struct Things {
    rows: Vec<Thing>,
    by_name: HashMap<&'static str, usize>,
    /// By the emoji without presentation selectors, or "@" and the drawing's name.
    by_picture: HashMap<String, usize>,
}

static THINGS: LazyLock<Things> = LazyLock::new(|| {
    // A row that cannot be read is one thing less that is known; the tests see to it that there is
    // none.
    let rows: Vec<Thing> = table::rows().filter_map(Result::ok).collect();
    let indexed = || rows.iter().enumerate();
    let by_name = indexed().map(|(at, thing)| (thing.name, at)).collect();
    let by_picture = indexed()
        .filter_map(|(at, thing)| Some((without_selectors(thing.picture?), at)))
        .collect();
    Things {
        rows,
        by_name,
        by_picture,
    }
});

/// An emoji without the variation selectors that some sources write and others do not.
fn without_selectors(emoji: &str) -> String {
    emoji.replace('\u{FE0F}', "")
}

/// The rows of the table, in its order.
pub(crate) fn all() -> impl Iterator<Item = &'static Thing> {
    THINGS.rows.iter()
}

/// The row of exactly this name.
fn called(name: &str) -> Option<&'static Thing> {
    THINGS.rows.get(*THINGS.by_name.get(name)?)
}

/// The row of an emoji, with or without presentation selectors.
pub(crate) fn of_emoji(emoji: &str) -> Option<&'static Thing> {
    let at = THINGS.by_picture.get(&without_selectors(emoji))?;
    THINGS.rows.get(*at)
}

/// The row of a picture; none for those of the user's library.
pub(crate) fn of_picture(art: &ArtReference) -> Option<&'static Thing> {
    match art {
        ArtReference::Twemoji { emoji, .. } => of_emoji(emoji),
        ArtReference::Generated { generator } => called(generator),
        ArtReference::Library { .. } => None,
    }
}

/// Whether a picture shows a being that holds and wears things: by the table, else as Unicode
/// groups the emoji.
pub(crate) fn is_animate(art: &ArtReference) -> bool {
    let stated = of_picture(art).and_then(|thing| thing.animate);
    stated.unwrap_or_else(|| {
        matches!(
            emoji_group(art),
            Some(Group::PeopleAndBody | Group::AnimalsAndNature | Group::SmileysAndEmotion)
        )
    })
}

/// The group of Unicode's that an emoji is in.
pub(crate) fn emoji_group(art: &ArtReference) -> Option<Group> {
    match art {
        ArtReference::Twemoji { emoji, .. } => emojis::get(emoji).map(emojis::Emoji::group),
        _ => None,
    }
}

/// Whether a picture shows a thing with a trait.
pub(crate) fn picture_has(art: &ArtReference, kind: Trait) -> bool {
    of_picture(art).is_some_and(|thing| thing.traits.contains(&kind))
}

/// Whether the row of exactly this noun has a trait.
pub(crate) fn noun_has(noun: &str, kind: Trait) -> bool {
    called(noun).is_some_and(|thing| thing.traits.contains(&kind))
}

/// Whether a picture shows something that is worn.
pub(crate) fn is_worn(art: &ArtReference) -> bool {
    use Attachment::{Body, Eyes, Head, Neck};
    of_picture(art).is_some_and(|thing| {
        let mut attachments = thing.attachments.iter();
        attachments.any(|known| matches!(known, Head | Eyes | Neck | Body))
    })
}

/// The sign of the trade that a noun names: that of its first word that has one.
pub(crate) fn sign_of_trade(noun: &str) -> Option<&'static str> {
    noun.split(' ').find_map(|word| called(word)?.sign)
}

/// Lower-case words of a name, last first: the head noun of an English compound stands last.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name
        .to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.reverse();
    words
}

/// The row of a word, in the plural or singular.
fn row_of(word: &str) -> Option<&'static Thing> {
    let known = |word| called(word).filter(|thing| thing.is_known());
    known(word).or_else(|| known(word.strip_suffix('s')?))
}

/// The rows of a name's nouns, that of its head first.
fn rows_of(name: &str) -> impl Iterator<Item = &'static Thing> {
    let words = words(name);
    (0..words.len()).filter_map(move |at| {
        let word = words.get(at)?;
        let compound = words
            .get(at + 1)
            .and_then(|before| row_of(&format!("{before} {word}")));
        compound.or_else(|| row_of(word))
    })
}

/// What is known of the thing that a name calls by its head noun: the last one that is known.
pub(crate) fn named(name: &str) -> Option<&'static Thing> {
    rows_of(name).next()
}

/// The words that say what a thing is: its picture's name and its label, in lower case.
pub(crate) fn full_name(label: &str, art_name: &str) -> String {
    format!("{art_name} {label}").to_lowercase()
}

/// Where a thing is at home by what is known of its label, else of its picture.
pub(crate) fn habitat(known: [Option<&Thing>; 2]) -> Habitat {
    let stated = known.into_iter().flatten().find_map(|thing| thing.habitat);
    stated.unwrap_or(Habitat::Ground)
}

/// Usual extent in metres of what a name says; `None` when no word of it has one.
pub(crate) fn metres(name: &str) -> Option<f64> {
    rows_of(name).find_map(|thing| thing.metres)
}

/// Whether one of the words of a name calls a thing of which something holds.
fn any_word(name: &str, holds: impl Fn(&Thing) -> bool) -> bool {
    let has = |word: &str| called(word).is_some_and(&holds);
    name.split(|letter: char| !letter.is_alphanumeric())
        .any(|word| has(word) || has(word.trim_end_matches('s')))
}

/// Whether one of the words of a name calls a thing with this trait.
pub(crate) fn has_trait(name: &str, kind: Trait) -> bool {
    any_word(name, |thing| thing.traits.contains(&kind))
}

/// Whether one of the words of a name calls a thing that goes so with what has it.
pub(crate) fn is_attached(name: &str, how: Attachment) -> bool {
    any_word(name, |thing| thing.attachments.contains(&how))
}

/// Gives the parts of a drawing of ours, by its name in the registry, the meaning that its row
/// states.
pub(crate) fn mark_parts(art: &str, nodes: &mut [Node]) {
    let Some(thing) = called(art).filter(|thing| !thing.parts.is_empty()) else {
        return;
    };
    fn visit(nodes: &mut [Node], parts: &[(&str, Meaning)]) {
        for node in nodes {
            match node {
                Node::Group(group) => visit(&mut group.children, parts),
                Node::Shape(shape) => {
                    let stated = parts.iter().find(|(label, _)| *label == shape.label);
                    if let Some((_, meaning)) = stated.filter(|_| shape.meaning.is_empty()) {
                        shape.meaning = *meaning;
                    }
                }
            }
        }
    }
    visit(nodes, &thing.parts);
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Material;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::table::{row, rows};
    use super::*;
    use crate::embedded::art::twemoji;
    use crate::embedded::generators::{self, Params};

    #[test]
    fn every_row_is_read_sorted_and_unique() {
        let mut names = Vec::new();
        for row in rows() {
            names.push(row.expect("a row of the table").name);
        }
        assert!(names.is_sorted_by(|a, b| a < b), "sorted and unique");
        assert_eq!(names.len(), THINGS.by_name.len());
        for name in names {
            assert_eq!(name.to_lowercase(), name);
        }
    }

    #[test]
    fn wrong_cells_are_told() {
        for (line, reason) in [
            ("a\t-", "columns"),
            (
                "a\t-\t-\t-\tmoon\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-",
                "data-habitat",
            ),
            ("a\t-\t-\tbig\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-", "big"),
            ("a\t-\tlying\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-", "lying"),
            (
                "a\t-\tsitting:fan\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-",
                "fan",
            ),
            ("a\t-\t-\t-\t-\t-\t-\t-\t-\tmaybe\t-\t-\t-\t-\t-", "maybe"),
            ("a\t-\t-\t-\t-\t-\t-\t-\t-\t-\tears\t-\t-\t-\t-", "ears"),
            ("a\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\tflies\t-\t-", "flies"),
            (
                "a\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\ttop=cheese\t-",
                "cheese",
            ),
        ] {
            let error = row(line).expect_err(line);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn every_part_is_drawn() {
        fn labels<'a>(nodes: &'a [Node], out: &mut Vec<(&'a str, Meaning)>) {
            for node in nodes {
                match node {
                    Node::Group(group) => labels(&group.children, out),
                    Node::Shape(shape) => out.push((&shape.label, shape.meaning)),
                }
            }
        }
        for thing in all().filter(|thing| !thing.parts.is_empty()) {
            let art = thing.name;
            let drawings: Vec<_> = (0..8)
                .filter_map(|seed| {
                    let params = Params {
                        material: (seed == 0).then_some(Material::Glass),
                        ..Params::default()
                    };
                    generators::draw(art, &params, &mut ChaCha8Rng::seed_from_u64(seed))
                })
                .collect();
            assert_eq!(drawings.len(), 8, "{art} is no drawing of ours");
            let mut found = Vec::new();
            for drawing in &drawings {
                labels(&drawing.nodes, &mut found);
            }
            for part in &thing.parts {
                assert!(found.contains(part), "{art} has no {part:?}");
            }
        }
    }

    #[test]
    fn every_emoji_of_the_table_is_in_the_collection_once() {
        let mut emoji = Vec::new();
        for thing in all() {
            emoji.extend(thing.picture.filter(|picture| !picture.starts_with('@')));
            for other in [thing.sign, whole_emoji(thing)].into_iter().flatten() {
                assert!(twemoji::svg(other).is_some(), "{}: {other}", thing.name);
            }
        }
        let pictures: HashMap<String, &str> = emoji
            .iter()
            .map(|emoji| (without_selectors(emoji), *emoji))
            .collect();
        assert_eq!(pictures.len(), emoji.len(), "an emoji has one row");
        for emoji in emoji {
            assert!(twemoji::svg(emoji).is_some(), "{emoji}");
        }
    }

    fn whole_emoji(thing: &Thing) -> Option<&'static str> {
        match thing.whole? {
            Whole::Emoji(emoji) => Some(emoji),
            _ => None,
        }
    }

    #[test]
    fn every_drawing_of_the_table_is_registered() {
        for thing in all() {
            let whole = match thing.whole {
                Some(Whole::Drawing(name)) => Some(name),
                _ => None,
            };
            let picture = thing.picture.and_then(|picture| picture.strip_prefix('@'));
            let picture = picture.and_then(|picture| picture.split(':').next());
            for name in [whole, picture].into_iter().flatten() {
                let mut names = generators::names();
                assert!(names.any(|known| known == name), "{}: @{name}", thing.name);
            }
        }
    }

    #[test]
    fn what_is_animate_holds_and_wears() {
        let animate = |emoji: &str| {
            is_animate(&ArtReference::Twemoji {
                emoji: emoji.to_owned(),
                name: String::new(),
            })
        };
        for emoji in ["🦊", "🦔", "👮", "⛄", "🤖", "😀"] {
            assert!(animate(emoji), "{emoji}");
        }
        for emoji in ["🌲", "🌹", "🕸️", "❤️", "💥", "🚗", "🦠"] {
            assert!(!animate(emoji), "{emoji}");
        }
    }

    #[test]
    fn a_trade_has_a_sign() {
        assert_eq!(sign_of_trade("coffee shop"), Some("☕"));
        assert_eq!(sign_of_trade("shop"), Some("🛍️"));
        assert_eq!(sign_of_trade("fox"), None);
    }

    #[test]
    fn sizes_keep_the_order_of_the_world() {
        let order = [
            "mouse", "cat", "fox", "woman", "horse", "car", "house", "mountain",
        ];
        let sizes = order.map(|name| metres(name).expect(name));
        assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    }

    #[test]
    fn the_head_noun_decides() {
        let habitat = |name| named(name).and_then(|thing| thing.habitat);
        assert_eq!(metres("toy boat"), metres("boat"));
        assert_eq!(metres("boat house"), metres("house"));
        assert_eq!(habitat("tropical fish"), Some(Habitat::Water));
        assert_eq!(habitat("two stars"), Some(Habitat::Sky));
        assert_eq!(habitat("teapot"), None);
        // A house by the water is no boat, a goat no mountain.
        assert_eq!(habitat("boat house"), None);
        assert_eq!(habitat("mountain goat"), None);
        let material = |name| named(name).and_then(|thing| thing.material);
        assert_eq!(material("red fox"), Some(Material::Fur));
        assert_eq!(material("hot dogs"), None);
        assert_eq!(material("wooden owl statue"), None);
    }

    #[test]
    fn traits_are_found_by_any_word() {
        assert!(is_attached("hat party hats", Attachment::Head));
        assert!(has_trait("shooting stars", Trait::Shines));
        assert!(!has_trait("starry", Trait::Shines));
    }
}
