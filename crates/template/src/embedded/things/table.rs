//! The rows of `things.tsv`, which say all that is known of a thing, and how they are read.

use std::str::FromStr;

use chat2svg_vector::{Emission, Gloss, Habitat, Material, Meaning, Role};

const TABLE: &str = include_str!("../things.tsv");

/// What is known of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Thing {
    /// A noun, or the name of a drawing.
    pub(crate) name: &'static str,
    /// The picture that shows it.
    pub(crate) picture: Option<&'static str>,
    /// What completes the picture when it shows a part only.
    pub(crate) whole: Option<Whole>,
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
    /// Whether it holds and wears things, where that is not as Unicode groups its emoji.
    pub(crate) animate: Option<bool>,
    /// The emoji that is the sign of the trade of this name.
    pub(crate) sign: Option<&'static str>,
    /// The nouns that the picture shows, with their marks.
    pub(crate) nouns: Vec<&'static str>,
    /// How it goes with what has it.
    pub(super) attachments: Vec<Attachment>,
    pub(super) traits: Vec<Trait>,
    /// Of our own drawing, the shapes that are something of their own, by their labels.
    pub(super) parts: Vec<(&'static str, Meaning)>,
}

impl Thing {
    /// Whether anything is known of the thing itself, apart from which picture shows it.
    pub(super) fn is_known(&self) -> bool {
        self.metres.is_some()
            || self.habitat.is_some()
            || self.role.is_some()
            || self.material.is_some()
            || self.gloss.is_some()
            || self.emits.is_some()
            || !self.traits.is_empty()
            || !self.attachments.is_empty()
            || !self.parts.is_empty()
    }
}

/// A closed set of names in a column, read by its names.
macro_rules! names {
    (
        $(#[$about:meta])*
        $kind:ident, $what:literal {
            $($(#[$doc:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $kind {
            $($(#[$doc])* $variant,)+
        }

        impl FromStr for $kind {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(format!("`{name}` is no {}", $what)),
                }
            }
        }
    };
}

names! {
    /// What layout and styles ask about a thing.
    Trait, "trait" {
        /// A sign rather than a thing: it has no place in a landscape and throws no shadow.
        Symbol = "symbol",
        /// It fills the canvas when it is alone.
        Pattern = "pattern",
        /// It shows the letters of the prompt.
        Lettered = "lettered",
        /// Our drawing of a person, dressed in the colour that was asked for.
        Dressed = "dressed",
        /// It gives light or is seen by its own, and so keeps its colours at night.
        Shines = "shines",
        /// In its pictures what is orange or yellow is fire.
        Burns = "burns",
        /// It stands in rooms.
        Furniture = "furniture",
        /// It belongs under the open sky.
        Landmark = "landmark",
        /// It belongs in outer space.
        Spacefaring = "spacefaring",
        /// It belongs on the Earth, and what is beside it too.
        Earthbound = "earthbound",
        /// Of streets and parks: furniture beside it stands outdoors.
        Street = "street",
        /// It belongs in a city.
        City = "city",
        /// It holds what floats or swims, which then needs no sea.
        Basin = "basin",
        /// A part of the sky rather than a thing that can be cut out.
        Backdrop = "backdrop",
        /// The sky's own sun is left out beside it.
        Orb = "orb",
        /// Land that rises at the horizon.
        Rises = "rises",
        /// It reaches from bank to bank of what it is on.
        Spans = "spans",
        /// It has walls that doors, windows and flags belong to.
        Building = "building",
        /// A building of a trade: a logo shows the sign of the trade rather than it.
        Premises = "premises",
        /// It has a deck that carries things.
        Hull = "hull",
        /// A vessel so flat that things lie on it rather than in it.
        Flat = "flat",
        /// A dish that other food is put on.
        Topped = "topped",
        /// It says something by which of its lights is on.
        Signals = "signals",
        /// It stands in vessels and spreads above them.
        Sprouts = "sprouts",
    }
}

names! {
    /// How a thing goes with what has it.
    Attachment, "attachment" {
        /// Worn on the head.
        Head = "head",
        /// Worn over the eyes.
        Eyes = "eyes",
        /// Worn around the neck.
        Neck = "neck",
        /// Worn elsewhere.
        Body = "body",
        /// Held by a long string, far up at the side.
        Flown = "flown",
        /// Held by a short string.
        Tethered = "tethered",
        /// Held by the pole at its left edge.
        Hoisted = "hoisted",
        /// Held over the head.
        Overhead = "overhead",
        /// Of a building: in the middle of its foot.
        Doorway = "doorway",
        /// Of a building: in a wall.
        Opening = "opening",
        /// Of a building: on top.
        Roof = "roof",
    }
}

names! {
    /// The tail of a sitting body.
    Tail, "tail" {
        Bushy = "bushy",
        Tuft = "tuft",
        Ringed = "ringed",
        Curl = "curl",
        Short = "short",
        None = "none",
    }
}

/// What completes a picture that shows a part only, such as a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Another emoji shows the whole.
    Emoji(&'static str),
    /// A drawing of ours shows the thing without the frame or landscape of its emoji.
    Drawing(&'static str),
    /// A sitting body with this tail.
    Sitting(Tail),
    /// A sitting body in the black and white of a panda.
    Panda,
    /// The collection's horse with a horn.
    Unicorn,
    /// A body of metal.
    Robot,
    /// The rest of the clothes, down to the feet.
    Standing,
}

impl Whole {
    fn read(text: &'static str) -> Result<Self, String> {
        Ok(match text {
            "sitting:panda" => Self::Panda,
            "unicorn" => Self::Unicorn,
            "robot" => Self::Robot,
            "standing" => Self::Standing,
            _ => {
                if let Some(tail) = text.strip_prefix("sitting:") {
                    Self::Sitting(tail.parse()?)
                } else if let Some(drawing) = text.strip_prefix('@') {
                    Self::Drawing(drawing)
                } else if text.is_ascii() {
                    return Err(format!("`{text}` completes nothing"));
                } else {
                    Self::Emoji(text)
                }
            }
        })
    }
}

/// The rows of the table.
pub(super) fn rows() -> impl Iterator<Item = Result<Thing, String>> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| row(line).map_err(|reason| format!("{line}: {reason}")))
}

pub(super) fn row(line: &'static str) -> Result<Thing, String> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let [
        name,
        picture,
        whole,
        metres,
        habitat,
        role,
        material,
        gloss,
        emits,
        animate,
        attachments,
        sign,
        traits,
        parts,
        nouns,
    ] = cells.as_slice()
    else {
        return Err(format!("{} columns, not 15", cells.len()));
    };
    Ok(Thing {
        name,
        picture: filled(picture),
        whole: filled(whole).map(Whole::read).transpose()?,
        metres: cell(metres)?,
        habitat: cell(habitat)?,
        role: cell(role)?,
        material: cell(material)?,
        gloss: cell(gloss)?,
        emits: cell(emits)?,
        animate: filled(animate).map(yes_or_no).transpose()?,
        sign: filled(sign),
        nouns: filled(nouns)
            .into_iter()
            .flat_map(|nouns| nouns.split(", "))
            .collect(),
        attachments: list(attachments)
            .map(str::parse)
            .collect::<Result<_, _>>()?,
        traits: list(traits).map(str::parse).collect::<Result<_, _>>()?,
        parts: list(parts).map(part).collect::<Result<_, _>>()?,
    })
}

/// A cell's text; "-" stands for none.
fn filled(text: &'static str) -> Option<&'static str> {
    (text != "-").then_some(text)
}

fn cell<T: FromStr<Err: ToString>>(text: &'static str) -> Result<Option<T>, String> {
    let value = filled(text).map(str::parse).transpose();
    value.map_err(|error: T::Err| format!("{text}: {}", error.to_string()))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{text}` is neither yes nor no")),
    }
}

fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    filled(text).into_iter().flat_map(|text| text.split(','))
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
