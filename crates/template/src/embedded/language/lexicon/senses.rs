//! What a word can mean: the kinds of senses, no words.

use chat2svg_protocol::Style;
use chat2svg_vector::Color;

use crate::embedded::lookup::pictures::Picture;
use crate::embedded::scene::{
    Material, Place, RelationKind, Season, SizeClass, Stance, TimeOfDay, Weather,
};

/// What a word does in a phrase, apart from naming a thing. A word can have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    Determiner,
    Definite,
    Negation,
    /// "In different colours".
    Varied,
    /// "No background": the whole phrase.
    NoBackground,
    Pronoun,
    Conjunction,
    /// Begins a clause of its own: "while".
    Clause,
    Function,
    /// A part or aspect of what goes before it: "top", "scene".
    Part,
    /// A likeness of what goes with it: "statue of", "toy".
    Likeness,
    /// A picture of what follows: "photo of".
    Medium,
    /// A look that no style serves: "oil painting".
    Unserved,
    Posture,
    Verb,
    Adjective,
    Adverb,
    Abstract,
    /// A thing that holds what follows "of".
    Vessel,
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(u32);

impl Roles {
    pub(crate) fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    pub(crate) fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    pub(crate) fn add(&mut self, role: Role) {
        self.0 |= 1 << role as u8;
    }

    fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// How a word connects the thing before it with the thing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The thing before stands so to the thing after.
    Relation(RelationKind),
    /// The thing after stands so to the thing before ("full of").
    Reversed(RelationKind),
    In,
    At,
    Of,
    MadeOf,
    Says,
    /// What follows names a manner, not a thing: "in the style of".
    Manner,
}

/// What a word says of the setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingSense {
    pub(crate) place: Option<Place>,
    pub(crate) time: Option<TimeOfDay>,
    pub(crate) weather: Option<Weather>,
    pub(crate) season: Option<Season>,
    /// The word is a place only where the grammar says so, else a thing.
    pub(crate) only_in: bool,
    /// Any other place goes before this one.
    pub(crate) soft: bool,
}

/// How a word changes the colour after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shade {
    Dark,
    Light,
    Bright,
    Pastel,
}

/// All that a phrase can mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Senses {
    pub(crate) picture: Option<Picture>,
    pub(crate) setting: Option<SettingSense>,
    pub(crate) color: Option<Color>,
    pub(crate) material: Option<Material>,
    pub(crate) size: Option<SizeClass>,
    pub(crate) shade: Option<Shade>,
    pub(crate) number: Option<u32>,
    pub(crate) collective: Option<u32>,
    pub(crate) link: Option<Link>,
    pub(crate) aside: Option<RelationKind>,
    pub(crate) stance: Option<Stance>,
    pub(crate) style: Option<Style>,
    pub(crate) likeness: Option<Material>,
    pub(crate) roles: Roles,
}

impl Senses {
    /// Adds what another entry says, without replacing what is there.
    pub(crate) fn join(&mut self, other: &Self) {
        fn fill<T: Clone>(mine: &mut Option<T>, other: &Option<T>) {
            if mine.is_none() {
                mine.clone_from(other);
            }
        }
        fill(&mut self.picture, &other.picture);
        fill(&mut self.setting, &other.setting);
        fill(&mut self.color, &other.color);
        fill(&mut self.material, &other.material);
        fill(&mut self.size, &other.size);
        fill(&mut self.shade, &other.shade);
        fill(&mut self.number, &other.number);
        fill(&mut self.collective, &other.collective);
        fill(&mut self.link, &other.link);
        fill(&mut self.aside, &other.aside);
        fill(&mut self.stance, &other.stance);
        fill(&mut self.style, &other.style);
        fill(&mut self.likeness, &other.likeness);
        self.roles.join(other.roles);
    }
}
