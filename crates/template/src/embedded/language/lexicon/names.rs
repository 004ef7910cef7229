//! The headers of the data files: their names for senses.

use chat2svg_vector::Color;

use super::{Link, Role, Senses, SettingSense, Shade};
use crate::embedded::scene::{
    Material, Place, RelationKind, Season, SizeClass, Stance, TimeOfDay, Weather,
};

pub(super) fn word_senses(header: &str) -> Option<Senses> {
    let mut senses = Senses::default();
    let (class, argument) = header.split_once([' ', '=']).unwrap_or((header, ""));
    match class {
        "number" => senses.number = argument.parse().ok(),
        "collective" => senses.collective = argument.parse().ok(),
        "size" => senses.size = Some(size(argument)?),
        "shade" => senses.shade = Some(shade(argument)?),
        "material" => senses.material = Some(material(argument)?),
        "relation" => senses.link = Some(Link::Relation(relation(argument)?)),
        "reversed" => senses.link = Some(Link::Reversed(relation(argument)?)),
        "aside" => senses.aside = Some(relation(argument)?),
        "stance" => senses.stance = Some(stance(argument)?),
        "in" => senses.link = Some(Link::In),
        "at" => senses.link = Some(Link::At),
        "of" => senses.link = Some(Link::Of),
        "made" => senses.link = Some(Link::MadeOf),
        "says" => senses.link = Some(Link::Says),
        "style" if argument == "of" => senses.link = Some(Link::Manner),
        "style" => senses.style = argument.parse().ok(),
        "likeness" => {
            senses.likeness = material(argument);
            senses.roles.add(Role::Likeness);
        }
        _ => senses.roles.add(role(class)?),
    }
    Some(senses)
}

pub(super) fn role(name: &str) -> Option<Role> {
    Some(match name {
        "determiner" => Role::Determiner,
        "definite" => Role::Definite,
        "varied" => Role::Varied,
        "negation" => Role::Negation,
        "no" => Role::NoBackground,
        "pronoun" => Role::Pronoun,
        "conjunction" => Role::Conjunction,
        "clause" => Role::Clause,
        "function" => Role::Function,
        "part" => Role::Part,
        "medium" => Role::Medium,
        "unserved" => Role::Unserved,
        "posture" => Role::Posture,
        "verb" => Role::Verb,
        "adjective" => Role::Adjective,
        "adverb" => Role::Adverb,
        "abstract" => Role::Abstract,
        "vessel" => Role::Vessel,
        _ => return None,
    })
}

pub(super) fn size(name: &str) -> Option<SizeClass> {
    Some(match name {
        "tiny" => SizeClass::Tiny,
        "small" => SizeClass::Small,
        "large" => SizeClass::Large,
        "huge" => SizeClass::Huge,
        _ => return None,
    })
}

pub(super) fn shade(name: &str) -> Option<Shade> {
    Some(match name {
        "dark" => Shade::Dark,
        "light" => Shade::Light,
        "bright" => Shade::Bright,
        "pastel" => Shade::Pastel,
        _ => return None,
    })
}

/// The material that a name of the data files stands for.
pub(crate) fn material(name: &str) -> Option<Material> {
    Some(match name {
        "wood" => Material::Wood,
        "stone" => Material::Stone,
        "brick" => Material::Brick,
        "metal" => Material::Metal,
        "gold" => Material::Gold,
        "silver" => Material::Silver,
        "glass" => Material::Glass,
        "ice" => Material::Ice,
        "paper" => Material::Paper,
        "fabric" => Material::Fabric,
        "fur" => Material::Fur,
        "water" => Material::Water,
        "grass" => Material::Grass,
        _ => return None,
    })
}

fn relation(name: &str) -> Option<RelationKind> {
    Some(match name {
        "on" => RelationKind::On,
        "under" => RelationKind::Under,
        "above" => RelationKind::Above,
        "below" => RelationKind::Below,
        "behind" => RelationKind::Behind,
        "in front of" => RelationKind::InFrontOf,
        "inside" => RelationKind::Inside,
        "beside" => RelationKind::Beside,
        "left of" => RelationKind::LeftOf,
        "right of" => RelationKind::RightOf,
        "between" => RelationKind::Between,
        "around" => RelationKind::Around,
        "with" => RelationKind::With,
        _ => return None,
    })
}

pub(super) fn stance(name: &str) -> Option<Stance> {
    Some(match name {
        "airborne" => Stance::Airborne,
        "afloat" => Stance::Afloat,
        "submerged" => Stance::Submerged,
        _ => return None,
    })
}

pub(super) fn setting_sense(header: &str) -> SettingSense {
    let mut sense = SettingSense::default();
    for word in header.split(' ') {
        match word.split_once('=') {
            Some(("place", name)) => sense.place = place(name),
            Some(("time", name)) => sense.time = time(name),
            Some(("weather", name)) => sense.weather = weather(name),
            Some(("season", name)) => sense.season = season(name),
            _ => {
                sense.only_in |= word == "in";
                sense.soft |= word == "soft";
            }
        }
    }
    sense
}

pub(super) fn place(name: &str) -> Option<Place> {
    Some(match name {
        "beach" => Place::Beach,
        "sea" => Place::Sea,
        "underwater" => Place::Underwater,
        "forest" => Place::Forest,
        "meadow" => Place::Meadow,
        "garden" => Place::Garden,
        "mountains" => Place::Mountains,
        "desert" => Place::Desert,
        "snow" => Place::Snow,
        "city" => Place::City,
        "street" => Place::Street,
        "room" => Place::Room,
        "farm" => Place::Farm,
        "park" => Place::Park,
        "river" => Place::River,
        "lake" => Place::Lake,
        "island" => Place::Island,
        "space" => Place::Space,
        "sky" => Place::Sky,
        "plain" => Place::Plain,
        _ => return None,
    })
}

pub(super) fn time(name: &str) -> Option<TimeOfDay> {
    Some(match name {
        "sunrise" => TimeOfDay::Sunrise,
        "day" => TimeOfDay::Day,
        "sunset" => TimeOfDay::Sunset,
        "night" => TimeOfDay::Night,
        _ => return None,
    })
}

pub(super) fn weather(name: &str) -> Option<Weather> {
    Some(match name {
        "rain" => Weather::Rain,
        "storm" => Weather::Storm,
        "snowfall" => Weather::Snowfall,
        "fog" => Weather::Fog,
        "clouds" => Weather::Clouds,
        "wind" => Weather::Wind,
        _ => return None,
    })
}

pub(super) fn season(name: &str) -> Option<Season> {
    Some(match name {
        "spring" => Season::Spring,
        "summer" => Season::Summer,
        "autumn" => Season::Autumn,
        "winter" => Season::Winter,
        _ => return None,
    })
}

/// A colour from six hexadecimal digits.
pub(crate) fn parse_hex(digits: &str) -> Option<Color> {
    let value = u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 6)?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some(Color::from_rgb8(red, green, blue))
}
