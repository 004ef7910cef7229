//! What words mean to the composer: one table from a normalised phrase to its senses, read once from
//! the data files beside this module. No grammar here.

use std::collections::HashMap;
use std::sync::LazyLock;

use chat2svg_protocol::Style;
use chat2svg_vector::Color;

use super::inflection::singulars;
use crate::embedded::lookup::pictures::{self, Picture};
use crate::embedded::scene::{
    Material, Place, RelationKind, Season, SizeClass, Stance, TimeOfDay, Weather,
};

const WORDS: &str = include_str!("words.txt");
const SETTINGS: &str = include_str!("settings.txt");
const COLORS: &str = include_str!("colors.tsv");

/// What a word does in a phrase, apart from naming a thing. A word can have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    Determiner,
    Definite,
    Negation,
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

/// The table.
pub(crate) struct Lexicon {
    entries: HashMap<String, Senses>,
    /// For a first word, how many words the longest phrase that begins with it has.
    longest: HashMap<String, usize>,
}

/// The lexicon of the data files; read at the first call.
pub(crate) fn builtin() -> &'static Lexicon {
    static BUILTIN: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);
    &BUILTIN
}

impl Lexicon {
    fn read() -> Self {
        let mut lexicon = Self {
            entries: HashMap::with_capacity(12_000),
            longest: HashMap::new(),
        };
        for (header, phrase) in sections(WORDS) {
            if let Some(senses) = word_senses(header) {
                lexicon.entry(phrase).join(&senses);
            }
        }
        for (header, phrase) in sections(SETTINGS) {
            let senses = Senses {
                setting: Some(setting_sense(header)),
                ..Senses::default()
            };
            lexicon.entry(phrase).join(&senses);
        }
        for (name, hex) in COLORS.lines().filter_map(|line| line.split_once('\t')) {
            lexicon.entry(name).color = parse_hex(hex);
        }
        for (phrase, picture) in pictures::curated() {
            let entry = lexicon.entry(phrase);
            // The thing itself goes before a stand-in, whichever line comes first.
            let better = entry
                .picture
                .as_ref()
                .is_none_or(|known| known.stand_in && !picture.stand_in);
            if better {
                entry.picture = Some(picture);
            }
        }
        for (phrase, picture) in pictures::named_by_unicode() {
            let plural_of_known = singulars(&phrase)
                .iter()
                .any(|word| lexicon.entries.contains_key(word));
            if !plural_of_known && !lexicon.entries.contains_key(&phrase) {
                lexicon.entry(&phrase).picture = Some(picture);
            }
        }
        lexicon
    }

    fn entry(&mut self, phrase: &str) -> &mut Senses {
        let first = phrase.split(' ').next().unwrap_or_default();
        let words = phrase.split(' ').count();
        match self.longest.get_mut(first) {
            Some(longest) => *longest = words.max(*longest),
            None => {
                self.longest.insert(first.to_owned(), words);
            }
        }
        self.entries.entry(phrase.to_owned()).or_default()
    }

    /// The senses of a phrase in lower case, words separated by single spaces.
    pub(crate) fn get(&self, phrase: &str) -> Option<&Senses> {
        self.entries.get(phrase)
    }

    /// How many words the longest phrase that begins with a word has; 0 when none does.
    pub(crate) fn longest_from(&self, first: &str) -> usize {
        self.longest.get(first).copied().unwrap_or(0)
    }
}

/// The phrases of a file of headed lists, each with its header.
fn sections(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut header = "";
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(move |line| {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                header = name;
                return Vec::new();
            }
            line.split(',')
                .map(|phrase| (header, phrase.trim()))
                .collect()
        })
        .filter(|(_, phrase)| !phrase.is_empty())
}

fn word_senses(header: &str) -> Option<Senses> {
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

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "determiner" => Role::Determiner,
        "definite" => Role::Definite,
        "negation" => Role::Negation,
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

fn size(name: &str) -> Option<SizeClass> {
    Some(match name {
        "tiny" => SizeClass::Tiny,
        "small" => SizeClass::Small,
        "large" => SizeClass::Large,
        "huge" => SizeClass::Huge,
        _ => return None,
    })
}

fn shade(name: &str) -> Option<Shade> {
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

fn stance(name: &str) -> Option<Stance> {
    Some(match name {
        "airborne" => Stance::Airborne,
        "afloat" => Stance::Afloat,
        "submerged" => Stance::Submerged,
        _ => return None,
    })
}

fn setting_sense(header: &str) -> SettingSense {
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

fn place(name: &str) -> Option<Place> {
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

fn time(name: &str) -> Option<TimeOfDay> {
    Some(match name {
        "sunrise" => TimeOfDay::Sunrise,
        "day" => TimeOfDay::Day,
        "sunset" => TimeOfDay::Sunset,
        "night" => TimeOfDay::Night,
        _ => return None,
    })
}

fn weather(name: &str) -> Option<Weather> {
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

fn season(name: &str) -> Option<Season> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_and_colour_of_the_data_is_understood() {
        for (header, phrase) in sections(WORDS) {
            let senses = word_senses(header);
            assert!(
                senses.is_some_and(|senses| senses != Senses::default()),
                "[{header}] {phrase}"
            );
        }
        for (header, phrase) in sections(SETTINGS) {
            let sense = setting_sense(header);
            assert!(
                sense.place.is_some()
                    || sense.time.is_some()
                    || sense.weather.is_some()
                    || sense.season.is_some(),
                "[{header}] {phrase}"
            );
        }
        for line in COLORS.lines().filter(|line| !line.starts_with('#')) {
            let (_, hex) = line.split_once('\t').expect("a tab");
            assert!(parse_hex(hex).is_some(), "{line}");
        }
    }

    #[test]
    fn phrases_are_normalised_so_that_they_can_be_found() {
        for phrase in builtin().entries.keys() {
            let normal = super::super::tokens::fold(phrase).replace('-', " ");
            assert_eq!(*phrase, normal);
            assert!(
                !phrase.contains("  ") && !phrase.starts_with(' ') && !phrase.ends_with(' '),
                "{phrase:?}"
            );
        }
    }

    #[test]
    fn all_styles_and_places_have_words() {
        let entries = &builtin().entries;
        for style in Style::ALL {
            assert!(
                entries.values().any(|senses| senses.style == Some(style)),
                "{style}"
            );
        }
        let places = entries.values().filter_map(|senses| senses.setting?.place);
        assert_eq!(places.collect::<std::collections::HashSet<_>>().len(), 20);
    }
}
