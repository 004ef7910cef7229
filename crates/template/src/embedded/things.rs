//! The table of things: what the composer knows of each noun and each drawing, in one row of
//! `things.tsv`. Parsed once, looked up by hash.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use chat2svg_vector::{Emission, Gloss, Habitat, Material, Meaning, Node, Role};

const TABLE: &str = include_str!("things.tsv");

/// What is known of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Thing {
    /// Usual extent in metres along its longer side.
    pub(crate) metres: Option<f64>,
    /// Where it is at home.
    pub(crate) habitat: Option<Habitat>,
    /// What it is in a picture, when it is no mere thing.
    pub(crate) role: Option<Role>,
    /// What its surface is made of, on the whole.
    pub(crate) material: Option<Material>,
    /// How its surface mirrors light.
    pub(crate) gloss: Option<Gloss>,
    /// The light that it gives.
    pub(crate) emits: Option<Emission>,
    traits: Vec<Trait>,
    /// Of our own drawing, the shapes that are something of their own, by their labels.
    parts: Vec<(&'static str, Meaning)>,
}

/// What layout and styles ask about a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    /// A sign rather than a thing: it has no place in a landscape and throws no shadow.
    Symbol,
    /// It gives light or is seen by its own, and so keeps its colours at night.
    Shines,
    /// In its pictures what is orange or yellow is fire.
    Burns,
    /// It stands in rooms.
    Furniture,
    /// It belongs under the open sky.
    Landmark,
    /// It belongs in outer space.
    Spacefaring,
    /// It has walls that doors, windows and flags belong to.
    Building,
    /// It is a part of a building when a building has it.
    Fitting,
    /// It has a deck that carries things.
    Hull,
    /// It stands in vessels and spreads above them.
    Sprouts,
    /// Worn on the head.
    Hat,
    /// Worn over the eyes.
    Glasses,
    /// Worn around the neck.
    Scarf,
}

impl FromStr for Trait {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "symbol" => Self::Symbol,
            "shines" => Self::Shines,
            "burns" => Self::Burns,
            "furniture" => Self::Furniture,
            "landmark" => Self::Landmark,
            "spacefaring" => Self::Spacefaring,
            "building" => Self::Building,
            "fitting" => Self::Fitting,
            "hull" => Self::Hull,
            "sprouts" => Self::Sprouts,
            "hat" => Self::Hat,
            "glasses" => Self::Glasses,
            "scarf" => Self::Scarf,
            _ => return Err(format!("`{name}` is no trait")),
        })
    }
}

type Things = HashMap<&'static str, Thing>;

static THINGS: LazyLock<Things> = LazyLock::new(|| {
    // A row that cannot be read is one thing less that is known; the tests see to it that there is
    // none.
    rows().filter_map(Result::ok).collect()
});

/// The rows of the table: a name and what is known of it.
fn rows() -> impl Iterator<Item = Result<(&'static str, Thing), String>> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| row(line).map_err(|reason| format!("{line}: {reason}")))
}

fn row(line: &'static str) -> Result<(&'static str, Thing), String> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let [
        name,
        metres,
        habitat,
        role,
        material,
        gloss,
        emits,
        traits,
        parts,
    ] = cells.as_slice()
    else {
        return Err(format!("{} columns, not 9", cells.len()));
    };
    let thing = Thing {
        metres: cell(metres)?,
        habitat: cell(habitat)?,
        role: cell(role)?,
        material: cell(material)?,
        gloss: cell(gloss)?,
        emits: cell(emits)?,
        traits: list(traits).map(str::parse).collect::<Result<_, _>>()?,
        parts: list(parts).map(part).collect::<Result<_, _>>()?,
    };
    Ok((name, thing))
}

/// A cell's value; "-" stands for none.
fn cell<T: FromStr<Err: ToString>>(text: &str) -> Result<Option<T>, String> {
    match text {
        "-" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|error: T::Err| format!("{text}: {}", error.to_string())),
    }
}

fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').filter(|entry| *entry != "-")
}

/// A part's label and what it is: a material, a light, or a role.
fn part(text: &'static str) -> Result<(&'static str, Meaning), String> {
    let (label, kind) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` lacks an equals sign"))?;
    let meaning = if let Ok(material) = kind.parse() {
        Meaning {
            material: Some(material),
            ..Meaning::NONE
        }
    } else if let Ok(emits) = kind.parse() {
        Meaning {
            emits: Some(emits),
            ..Meaning::NONE
        }
    } else {
        Meaning::of_role(kind.parse().map_err(|error| format!("{text}: {error}"))?)
    };
    Ok((label, meaning))
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
    THINGS
        .get(word)
        .or_else(|| THINGS.get(word.strip_suffix('s')?))
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

/// Whether one of the words of a name calls a thing of this kind.
pub(crate) fn has_trait(name: &str, kind: Trait) -> bool {
    let has = |word: &str| {
        THINGS
            .get(word)
            .is_some_and(|thing| thing.traits.contains(&kind))
    };
    name.split(|letter: char| !letter.is_alphanumeric())
        .any(|word| has(word) || has(word.trim_end_matches('s')))
}

/// Gives the parts of a drawing of ours, by its name in the registry, the meaning that its row
/// states.
pub(crate) fn mark_parts(art: &str, nodes: &mut [Node]) {
    let Some(thing) = THINGS.get(art).filter(|thing| !thing.parts.is_empty()) else {
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
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::embedded::generators::{self, Params};

    #[test]
    fn every_row_is_read_sorted_and_unique() {
        let mut names = Vec::new();
        for row in rows() {
            names.push(row.expect("a row of the table").0);
        }
        assert!(names.is_sorted_by(|a, b| a < b), "sorted and unique");
        assert_eq!(names.len(), THINGS.len());
        for name in names {
            assert_eq!(name.to_lowercase(), name);
        }
    }

    #[test]
    fn wrong_cells_are_told() {
        for (line, reason) in [
            ("a\t-\t-\t-\t-\t-\t-\t-", "columns"),
            ("a\t-\tmoon\t-\t-\t-\t-\t-\t-", "data-habitat"),
            ("a\tbig\t-\t-\t-\t-\t-\t-\t-", "big"),
            ("a\t-\t-\t-\t-\t-\t-\tflies\t-", "flies"),
            ("a\t-\t-\t-\t-\t-\t-\t-\ttop=cheese", "cheese"),
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
        for (art, thing) in THINGS.iter().filter(|(_, thing)| !thing.parts.is_empty()) {
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
        assert!(has_trait("hat party hats", Trait::Hat));
        assert!(has_trait("shooting stars", Trait::Shines));
        assert!(!has_trait("starry", Trait::Shines));
    }
}
