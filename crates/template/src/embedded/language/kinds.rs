//! What kind of thing a picture shows, as far as grammar needs to know: who can hold and wear, what
//! is worn, and what shows letters.

use emojis::Group;

use crate::embedded::scene::ArtReference;

/// Living-looking things of groups that hold other things.
const LIVING_OBJECTS: &[&str] = &["⛄", "☃️", "🧸", "🗽", "🪆", "🗿"];

/// Things of the nature group that are no animals.
const PLANTS: &[&str] = &[
    "💐", "🌸", "💮", "🪷", "🏵️", "🌹", "🥀", "🌺", "🌻", "🌼", "🌷", "🪻", "🌱", "🪴", "🌲", "🌳",
    "🌴", "🌵", "🌾", "🌿", "☘️", "🍀", "🍁", "🍂", "🍃", "🪹", "🪺", "🍄", "🪾", "🪶", "🪽", "🐾",
    "🕸️", "🐚", "🪸",
];

/// Smileys that are symbols, not beings.
const BEINGS_AMONG_SMILEYS: &[&str] = &["👹", "👺", "👻", "👽", "👾", "🤖", "🤡", "💀", "😈", "🤠"];

const WORN: &[&str] = &[
    "👓", "🕶️", "🥽", "🥼", "🦺", "👔", "👕", "👖", "🧣", "🧤", "🧥", "🧦", "👗", "👘", "🥻", "🩱",
    "🩲", "🩳", "👙", "👚", "🎒", "👞", "👟", "🥾", "🥿", "👠", "👡", "👢", "👑", "👒", "🎩", "🎓",
    "🧢", "🪖", "⛑️", "📿", "💍", "🎽", "🥋", "🤿", "🎧", "🎀", "🎭", "🤠", "🤵",
];

/// Garments that the generators of people wear already.
const BODY_GARMENTS: &[&str] = &[
    "shirt",
    "t shirt",
    "tee shirt",
    "tshirt",
    "tee",
    "jersey",
    "polo shirt",
    "top",
    "sweater",
    "pullover",
    "jumper",
    "sweatshirt",
    "hoodie",
    "hawaiian shirt",
    "uniform",
    "outfit",
    "clothes",
    "clothing",
    "tank top",
    "blouse",
    "cardigan",
    "coat",
    "jacket",
    "leather jacket",
    "raincoat",
    "overcoat",
    "winter coat",
    "trench coat",
    "blazer",
    "vest",
    "dress",
    "gown",
    "evening gown",
    "sundress",
    "skirt",
    "suit",
    "business suit",
    "formal clothes",
    "robe",
];

/// Parts that the picture of a whole being has already.
const BODY_PARTS: &[&str] = &[
    "hair",
    "ear",
    "eye",
    "eyes",
    "nose",
    "mouth",
    "lip",
    "lips",
    "tongue",
    "tooth",
    "teeth",
    "tail",
    "paw",
    "paws",
    "leg",
    "arm",
    "hand",
    "foot",
    "feet",
    "finger",
    "shoulder",
    "knee",
    "neck",
    "skin",
    "fur",
    "mane",
    "horn",
    "beak",
    "wing",
    "feather",
    "beard",
    "mustache",
    "moustache",
    "whisker",
    "chest",
    "belly",
    "antler",
    "claw",
    "tusk",
    "fang",
    "cheek",
    "chin",
    "elbow",
    "head",
    "face",
    "back",
    "trunk",
    "muscle",
    "smile icon",
    "hairstyle",
    "ponytail",
    "braid",
    "lap",
    "side",
    "torso",
    "toe",
    "heel",
    "thumb",
    "wrist",
    "hoof",
    "snout",
];

/// Whether a noun is a part of a body.
pub(super) fn is_body_part(key: &str) -> bool {
    BODY_PARTS.contains(&key)
}

/// Whether a picture shows a being that can hold and wear things.
pub(super) fn is_living(art: &ArtReference) -> bool {
    match art {
        ArtReference::Generated { .. } => is_generated_person(art),
        ArtReference::Twemoji { emoji, .. } => match emojis::get(emoji).map(emojis::Emoji::group) {
            Some(Group::PeopleAndBody) => true,
            Some(Group::AnimalsAndNature) => !PLANTS.contains(&emoji.as_str()),
            Some(Group::SmileysAndEmotion) => {
                BEINGS_AMONG_SMILEYS.contains(&emoji.as_str())
                    || emoji.starts_with(['😀', '😸', '😺'])
            }
            _ => LIVING_OBJECTS.contains(&emoji.as_str()),
        },
        ArtReference::Library { .. } => false,
    }
}

/// Whether a generator of ours draws a person, with clothes of a colour.
pub(super) fn is_generated_person(art: &ArtReference) -> bool {
    matches!(art, ArtReference::Generated { generator } if matches!(generator.as_str(), "man" | "woman" | "boy" | "girl"))
}

/// Whether a picture shows something worn.
pub(super) fn is_worn(art: &ArtReference) -> bool {
    matches!(art, ArtReference::Twemoji { emoji, .. } if WORN.contains(&emoji.as_str()))
}

/// Whether a noun is a garment that a generated person wears in its colour.
pub(super) fn is_body_garment(key: &str) -> bool {
    BODY_GARMENTS.contains(&key)
}

/// Whether a generator writes an object's text.
pub(super) fn shows_text(art: &ArtReference) -> bool {
    matches!(art, ArtReference::Generated { generator } if matches!(generator.as_str(), "badge" | "banner" | "logo" | "sign" | "flag"))
}
