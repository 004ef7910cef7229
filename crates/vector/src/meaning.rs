//! What a picture shows, as data: closed vocabularies for what a node is and for what the scene is.
//!
//! Labels are for people. What a later stage has to know of a node travels here instead, from stage
//! to stage and through files, as `data-*` attributes. `docs/vocabulary.md` lists every value.
//!
//! **Inheritance.** A group's meaning holds for its children unless they say otherwise, with three
//! exceptions: `emits` belongs only to the node that says it; a node whose role differs from that
//! of its group takes over only `part`, `origin` and `member`; and a group of role `layer` hands
//! down nothing. [`Meaning::within`] is this rule, and the only place where it is written.

mod vocabulary;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Document, Node};

pub use vocabulary::{
    Distance, Emission, Gloss, Habitat, Material, Origin, Part, Place, Role, TimeOfDay,
    UnknownName, Weather,
};

/// The attribute of [`Meaning::member`].
const MEMBER: &str = "data-member";

/// What a node is; every field is optional, and most nodes say nothing.
///
/// These are a node's own statements. [`Meaning::within`] adds what holds for its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meaning {
    /// What it is in the picture.
    pub role: Option<Role>,
    /// What its surface is made of.
    pub material: Option<Material>,
    /// How its surface mirrors light.
    pub gloss: Option<Gloss>,
    /// The light that it gives. Not inherited.
    pub emits: Option<Emission>,
    /// Where it is at home.
    pub habitat: Option<Habitat>,
    /// Which layer of a divided thing it is.
    pub part: Option<Part>,
    /// How far away it is.
    pub distance: Option<Distance>,
    /// What its outlines were made from.
    pub origin: Option<Origin>,
    /// Which member of a thing of several it is, from 1.
    pub member: Option<u16>,
}

impl Meaning {
    /// Nothing said.
    pub const NONE: Self = Self {
        role: None,
        material: None,
        gloss: None,
        emits: None,
        habitat: None,
        part: None,
        distance: None,
        origin: None,
        member: None,
    };

    /// Only a role.
    pub const fn of_role(role: Role) -> Self {
        Self {
            role: Some(role),
            ..Self::NONE
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// What holds for a node that says this, in a group for which `group` holds.
    #[must_use]
    pub fn within(self, group: Self) -> Self {
        let inherited = self.inherited(group);
        Self {
            role: self.role.or(inherited.role),
            material: self.material.or(inherited.material),
            gloss: self.gloss.or(inherited.gloss),
            emits: self.emits,
            habitat: self.habitat.or(inherited.habitat),
            part: self.part.or(inherited.part),
            distance: self.distance.or(inherited.distance),
            origin: self.origin.or(inherited.origin),
            member: self.member.or(inherited.member),
        }
    }

    /// What it takes over from its group.
    fn inherited(self, group: Self) -> Self {
        let group_role = group.role.unwrap_or(Role::Thing);
        if group_role == Role::Layer {
            Self::NONE
        } else if self.role.is_some_and(|role| role != group_role) {
            Self {
                part: group.part,
                origin: group.origin,
                member: group.member,
                ..Self::NONE
            }
        } else {
            Self {
                emits: None,
                ..group
            }
        }
    }

    /// What of it has to be said in a group for which `group` holds: the rest is inherited.
    fn beyond(self, group: Self) -> Self {
        fn news<T: Copy + PartialEq>(own: Option<T>, inherited: Option<T>) -> Option<T> {
            own.filter(|own| inherited != Some(*own))
        }
        let inherited = self.inherited(group);
        Self {
            role: news(self.role, inherited.role),
            material: news(self.material, inherited.material),
            gloss: news(self.gloss, inherited.gloss),
            emits: self.emits,
            habitat: news(self.habitat, inherited.habitat),
            part: news(self.part, inherited.part),
            distance: news(self.distance, inherited.distance),
            origin: news(self.origin, inherited.origin),
            member: news(self.member, inherited.member),
        }
    }

    /// The attributes of a node that says this in a group for which `group` holds.
    pub(crate) fn attributes(self, group: Self) -> Vec<(&'static str, String)> {
        let said = self.beyond(group);
        let named = [
            (Role::ATTRIBUTE, said.role.map(Role::name)),
            (Material::ATTRIBUTE, said.material.map(Material::name)),
            (Gloss::ATTRIBUTE, said.gloss.map(Gloss::name)),
            (Emission::ATTRIBUTE, said.emits.map(Emission::name)),
            (Habitat::ATTRIBUTE, said.habitat.map(Habitat::name)),
            (Part::ATTRIBUTE, said.part.map(Part::name)),
            (Distance::ATTRIBUTE, said.distance.map(Distance::name)),
            (Origin::ATTRIBUTE, said.origin.map(Origin::name)),
        ];
        named
            .into_iter()
            .filter_map(|(attribute, name)| Some((attribute, name?.to_owned())))
            .chain(said.member.map(|member| (MEMBER, member.to_string())))
            .collect()
    }

    /// Takes over what an attribute says. Says whether it is an attribute of this kind, and whether
    /// its value is known.
    pub(crate) fn take(&mut self, attribute: &str, value: &str) -> Taken {
        match attribute {
            Role::ATTRIBUTE => parse(&mut self.role, value),
            Material::ATTRIBUTE => parse(&mut self.material, value),
            Gloss::ATTRIBUTE => parse(&mut self.gloss, value),
            Emission::ATTRIBUTE => parse(&mut self.emits, value),
            Habitat::ATTRIBUTE => parse(&mut self.habitat, value),
            Part::ATTRIBUTE => parse(&mut self.part, value),
            Distance::ATTRIBUTE => parse(&mut self.distance, value),
            Origin::ATTRIBUTE => parse(&mut self.origin, value),
            MEMBER => parse(&mut self.member, value),
            _ => Taken::OtherAttribute,
        }
    }
}

/// What a scene is as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// Where it plays.
    pub place: Option<Place>,
    /// When it plays.
    pub time: Option<TimeOfDay>,
    /// The weather.
    pub weather: Option<Weather>,
}

impl Setting {
    /// Its attributes on the root element.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            (Place::ATTRIBUTE, self.place.map(Place::name)),
            (TimeOfDay::ATTRIBUTE, self.time.map(TimeOfDay::name)),
            (Weather::ATTRIBUTE, self.weather.map(Weather::name)),
        ]
        .into_iter()
        .filter_map(|(attribute, name)| Some((attribute, name?)))
    }

    /// As [`Meaning::take`].
    pub(crate) fn take(&mut self, attribute: &str, value: &str) -> Taken {
        match attribute {
            Place::ATTRIBUTE => parse(&mut self.place, value),
            TimeOfDay::ATTRIBUTE => parse(&mut self.time, value),
            Weather::ATTRIBUTE => parse(&mut self.weather, value),
            _ => Taken::OtherAttribute,
        }
    }
}

/// What became of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was read.
    Read,
    /// It is one of the vocabulary's attributes, and its value is not in the vocabulary.
    UnknownValue,
    /// It is no attribute of the vocabulary.
    OtherAttribute,
}

fn parse<T: FromStr>(slot: &mut Option<T>, value: &str) -> Taken {
    match value.trim().parse() {
        Ok(value) => {
            *slot = Some(value);
            Taken::Read
        }
        Err(_) => Taken::UnknownValue,
    }
}

/// What an attribute says, whichever element it stands on.
pub(crate) fn check(attribute: &str, value: &str) -> Taken {
    match Meaning::default().take(attribute, value) {
        Taken::OtherAttribute => Setting::default().take(attribute, value),
        taken => taken,
    }
}

impl Node {
    /// What the node itself says of what it is.
    pub fn meaning(&self) -> &Meaning {
        match self {
            Self::Group(group) => &group.meaning,
            Self::Shape(shape) => &shape.meaning,
        }
    }

    /// What the node itself says of what it is, to be changed.
    pub fn meaning_mut(&mut self) -> &mut Meaning {
        match self {
            Self::Group(group) => &mut group.meaning,
            Self::Shape(shape) => &mut shape.meaning,
        }
    }
}

impl Document {
    /// Whether the document says what its scene or any of its nodes is. Effects that a stage added,
    /// such as shadows, do not count: they say nothing of what they lie on. Nor does it count what
    /// outlines were made from, which the reader says.
    pub fn states_meaning(&self) -> bool {
        fn states(node: &Node) -> bool {
            let own = node.meaning();
            let is_effect = own.role.is_some_and(Role::is_effect);
            let said = Meaning {
                origin: None,
                ..*own
            };
            !said.is_empty() && !is_effect
                || matches!(node, Node::Group(group) if group.children.iter().any(states))
        }
        self.metadata.setting != Setting::default() || self.layers.iter().any(states)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vocabulary's tables: an attribute, and a row for each value.
    fn tables() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
        macro_rules! table {
            ($($name:ident),+) => {
                vec![$((
                    $name::ATTRIBUTE,
                    $name::ALL.iter().map(|value| (value.name(), value.meaning())).collect(),
                )),+]
            };
        }
        table!(
            Role, Material, Gloss, Emission, Habitat, Part, Distance, Origin, Place, TimeOfDay,
            Weather
        )
    }

    #[test]
    fn the_documented_vocabulary_is_the_one_that_is_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vocabulary.md");
        let text = std::fs::read_to_string(path).expect("docs/vocabulary.md is there");
        let row = |cells: &[&str]| format!("| {} |", cells.join(" | "));
        let written: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("| `") || line.starts_with("| value"))
            .map(str::to_owned)
            .collect();
        let mut expected = Vec::new();
        for (attribute, values) in tables() {
            assert!(text.contains(&format!("`{attribute}`")), "{attribute}");
            expected.push(row(&["value", "meaning"]));
            let rows = values
                .iter()
                .map(|(name, meaning)| row(&[&format!("`{name}`"), meaning.trim_end_matches('.')]));
            expected.extend(rows);
        }
        assert!(text.contains(&format!("`{MEMBER}`")));
        assert_eq!(written, expected, "expected:\n{}", expected.join("\n"));
    }

    #[test]
    fn names_are_unique_and_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(*role));
        }
        for (attribute, values) in tables() {
            let mut names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
            for name in &names {
                assert_eq!(check(attribute, name), Taken::Read, "{attribute} {name}");
                assert_eq!(check(attribute, &name.to_uppercase()), Taken::UnknownValue);
            }
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), values.len(), "{attribute}");
        }
        assert_eq!(check(MEMBER, " 3 "), Taken::Read);
        assert_eq!(check(MEMBER, "third"), Taken::UnknownValue);
        assert_eq!(check("data-name", "sky"), Taken::OtherAttribute);
        let error = "Sky".parse::<Role>().expect_err("it is written small");
        assert!(error.to_string().contains("`Sky`"), "{error}");
    }

    #[test]
    fn children_inherit_unless_they_say_otherwise() {
        let fox = Meaning {
            material: Some(Material::Fur),
            habitat: Some(Habitat::Ground),
            emits: Some(Emission::Fire),
            member: Some(2),
            ..Meaning::NONE
        };
        let plain = Meaning::NONE.within(fox);
        assert_eq!(plain, Meaning { emits: None, ..fox });
        let shadow = Meaning::of_role(Role::ContactShadow).within(fox);
        let expected = Meaning {
            member: Some(2),
            ..Meaning::of_role(Role::ContactShadow)
        };
        assert_eq!(shadow, expected);
        let bark = Meaning {
            role: Some(Role::Thing),
            material: Some(Material::Bark),
            ..Meaning::NONE
        };
        assert_eq!(bark.within(fox).habitat, Some(Habitat::Ground));
        assert_eq!(bark.within(fox).material, Some(Material::Bark));
        let layer = Meaning {
            habitat: Some(Habitat::Sky),
            ..Meaning::of_role(Role::Layer)
        };
        assert_eq!(Meaning::NONE.within(layer), Meaning::NONE);
    }

    #[test]
    fn what_is_inherited_is_not_said_again() {
        let sea = Meaning {
            material: Some(Material::Water),
            ..Meaning::of_role(Role::Ground)
        };
        assert!(sea.attributes(sea).is_empty());
        let said = sea.attributes(Meaning::of_role(Role::Ground));
        assert_eq!(said, [("data-material", "water".to_owned())]);
        for own in [sea, Meaning::of_role(Role::Mark), Meaning::NONE] {
            for group in [sea, Meaning::of_role(Role::Layer), Meaning::NONE] {
                assert_eq!(own.beyond(group).within(group), own.within(group));
            }
        }
    }
}
