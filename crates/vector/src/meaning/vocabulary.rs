//! The closed lists of names: what can be said of nodes and scenes, with what each name stands for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A closed list of names: an enum with its names, their meanings, and the way back from text.
macro_rules! vocabulary {
    (
        $(#[doc = $about:literal])+
        $name:ident: $attribute:literal {
            $( $(#[doc = $meaning:literal])+ $value:ident = $text:literal, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        pub enum $name {
            $( $(#[doc = $meaning])+ #[serde(rename = $text)] $value, )+
        }

        impl $name {
            /// Every value, in the order of the vocabulary's table.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The attribute that holds it in a file.
            pub const ATTRIBUTE: &'static str = $attribute;

            /// The name in files.
            pub fn name(self) -> &'static str {
                match self {
                    $( Self::$value => $text, )+
                }
            }

            /// What the name stands for, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $( Self::$value => concat!($($meaning),+).trim_ascii_start(), )+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                let named = |value: &&Self| value.name() == text;
                Self::ALL.iter().find(named).copied().ok_or_else(|| UnknownName {
                    attribute: $attribute,
                    found: text.chars().take(MAX_QUOTED).collect(),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}

/// Longest part of an unknown name that is quoted, in characters.
const MAX_QUOTED: usize = 40;

/// A text that is none of a vocabulary's names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{found}` is no value of {attribute}; docs/vocabulary.md lists those that are")]
pub struct UnknownName {
    /// The attribute whose vocabulary was asked.
    pub attribute: &'static str,
    /// The text, shortened.
    pub found: String,
}

vocabulary! {
    /// What a node is in the picture. A top-level node that says nothing is a thing.
    Role: "data-role" {
        /// The sky, or the space or water behind everything.
        Sky = "sky",
        /// A wall, or paper: what is behind everything without being far.
        Background = "background",
        /// What things stand on or float on.
        Ground = "ground",
        /// What is far: hills, a skyline, a line of trees.
        Scenery = "scenery",
        /// What falls or drifts before everything: rain, snow, fog, bubbles.
        Weather = "weather",
        /// A thing that gives light and takes none: sun, moon, lamp.
        Light = "light",
        /// A thing, or a part of one.
        Thing = "thing",
        /// A group that gathers things and is none itself.
        Layer = "layer",
        /// The shadow right below what stands on the ground.
        ContactShadow = "contact-shadow",
        /// A shadow thrown onto something else, or a mirror image in water.
        CastShadow = "cast-shadow",
        /// A veil of air before what is far.
        Haze = "haze",
        /// Light in the air around what shines.
        Glow = "glow",
        /// Where a surface mirrors the light.
        Highlight = "highlight",
        /// A mark on a surface that has no form of its own: grain, a stripe, a spot.
        Mark = "mark",
        /// A line around a thing.
        Contour = "contour",
        /// The paper around a sticker.
        Border = "border",
    }
}

impl Role {
    /// Whether it lies on or around something else, which it says nothing of.
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Self::ContactShadow
                | Self::CastShadow
                | Self::Haze
                | Self::Glow
                | Self::Highlight
                | Self::Mark
                | Self::Contour
                | Self::Border
        )
    }

    /// Whether it is behind everything.
    pub fn is_backdrop(self) -> bool {
        matches!(self, Self::Sky | Self::Background)
    }

    /// Whether it is a shadow.
    pub fn is_shadow(self) -> bool {
        matches!(self, Self::ContactShadow | Self::CastShadow)
    }
}

vocabulary! {
    /// What a surface is made of.
    Material: "data-material" {
        /// Wood with its grain; as ground a floor of boards.
        Wood = "wood",
        /// The bark of a tree.
        Bark = "bark",
        /// Leaves of a tree or bush, seen as a mass.
        Leaves = "leaves",
        /// Grass.
        Grass = "grass",
        /// Sand.
        Sand = "sand",
        /// Snow.
        Snow = "snow",
        /// Water; as ground its open surface.
        Water = "water",
        /// Ice.
        Ice = "ice",
        /// Stone, laid in courses where it is a wall.
        Stone = "stone",
        /// Brick.
        Brick = "brick",
        /// Tiles of a roof.
        Tiles = "tiles",
        /// Metal of no particular kind.
        Metal = "metal",
        /// Gold.
        Gold = "gold",
        /// Silver.
        Silver = "silver",
        /// Glass.
        Glass = "glass",
        /// Paper.
        Paper = "paper",
        /// Cloth.
        Fabric = "fabric",
        /// The fur of an animal.
        Fur = "fur",
        /// The feathers of a bird.
        Feathers = "feathers",
        /// Cloud: soft, with little form.
        Cloud = "cloud",
    }
}

vocabulary! {
    /// How a surface mirrors light.
    Gloss: "data-gloss" {
        /// It mirrors the light in one bright place: glaze, glass, ripe fruit.
        Glossy = "glossy",
        /// It does not, though its group does.
        Matt = "matt",
    }
}

vocabulary! {
    /// The light that a node gives.
    Emission: "data-emits" {
        /// The sun.
        Sun = "sun",
        /// The moon.
        Moon = "moon",
        /// A star, or stars.
        Star = "star",
        /// An electric lamp; on a part, the part that shines.
        Lamp = "lamp",
        /// A lantern that glows as a whole.
        Lantern = "lantern",
        /// Fire: a flame, a candle, a rocket's exhaust.
        Fire = "fire",
        /// Daylight that comes in through a window.
        Daylight = "daylight",
    }
}

vocabulary! {
    /// Where a thing is at home, or was put.
    Habitat: "data-habitat" {
        /// It stands on the ground.
        Ground = "ground",
        /// It is land itself, and carries others: a hill, a road, a pond.
        Terrain = "terrain",
        /// It is in the air.
        Sky = "sky",
        /// It is in the water.
        Water = "water",
        /// It floats on the water.
        Afloat = "afloat",
        /// It hangs on the wall of a room.
        Wall = "wall",
    }
}

vocabulary! {
    /// Which layer of a thing that lies in several, because others stand between them.
    Part: "data-part" {
        /// What is before the others: the front of a bowl.
        Front = "front",
        /// What is behind them, where there is a front: the inside of a bowl.
        Inside = "inside",
        /// Members that stand behind what the thing is around.
        Behind = "behind",
    }
}

vocabulary! {
    /// How far away surroundings are.
    Distance: "data-distance" {
        /// So far that air pales it.
        Far = "far",
        /// Behind what the picture is about.
        Middle = "middle",
        /// Where the things of the picture are.
        Near = "near",
    }
}

vocabulary! {
    /// What outlines were made from.
    Origin: "data-origin" {
        /// Text: its letters move as one and are never bent.
        Text = "text",
        /// What could not be read: it stands in its place, and keeps its outline.
        Unread = "unread",
    }
}

vocabulary! {
    /// Where a scene plays.
    Place: "data-place" {
        /// A beach, with sea behind.
        Beach = "beach",
        /// Open water.
        Sea = "sea",
        /// Under water.
        Underwater = "underwater",
        /// A forest.
        Forest = "forest",
        /// Open grassland.
        Meadow = "meadow",
        /// A garden.
        Garden = "garden",
        /// Mountains.
        Mountains = "mountains",
        /// A desert.
        Desert = "desert",
        /// A landscape under snow.
        Snow = "snow",
        /// A city, with its skyline.
        City = "city",
        /// A street of houses.
        Street = "street",
        /// A room: the only place indoors.
        Room = "room",
        /// A farm.
        Farm = "farm",
        /// A park.
        Park = "park",
        /// A river between its banks.
        River = "river",
        /// A lake.
        Lake = "lake",
        /// A small island.
        Island = "island",
        /// Outer space.
        Space = "space",
        /// Up in the sky.
        Sky = "sky",
        /// No surroundings: a plain background.
        Plain = "plain",
    }
}

impl Place {
    /// Whether it is a room.
    pub fn is_indoors(self) -> bool {
        self == Self::Room
    }

    /// Whether there is air between near and far things, so that far ones turn pale.
    pub fn is_in_the_open(self) -> bool {
        !matches!(
            self,
            Self::Room | Self::Space | Self::Underwater | Self::Plain
        )
    }
}

vocabulary! {
    /// Time of day.
    TimeOfDay: "data-time" {
        /// The sun rises.
        Sunrise = "sunrise",
        /// Full day.
        Day = "day",
        /// The sun sets.
        Sunset = "sunset",
        /// Night.
        Night = "night",
    }
}

vocabulary! {
    /// Weather.
    Weather: "data-weather" {
        /// Rain from a covered sky.
        Rain = "rain",
        /// A thunderstorm.
        Storm = "storm",
        /// Falling snow.
        Snowfall = "snowfall",
        /// Fog.
        Fog = "fog",
        /// Many clouds, and light between them.
        Clouds = "clouds",
        /// Wind.
        Wind = "wind",
    }
}

impl Weather {
    /// Whether it covers the sky, so that light comes from all of it.
    pub fn is_overcast(self) -> bool {
        matches!(self, Self::Rain | Self::Storm | Self::Snowfall | Self::Fog)
    }
}
