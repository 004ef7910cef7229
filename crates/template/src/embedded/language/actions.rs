//! Acts of people that the emoji collection has a picture of.

use crate::embedded::scene::ArtReference;

/// A verb's base form, and the picture of a person, a man and a woman doing it.
const ACTIONS: &[(&str, &str, &str, &str)] = &[
    ("run", "🏃", "🏃‍♂️", "🏃‍♀️"),
    ("jog", "🏃", "🏃‍♂️", "🏃‍♀️"),
    ("sprint", "🏃", "🏃‍♂️", "🏃‍♀️"),
    ("walk", "🚶", "🚶‍♂️", "🚶‍♀️"),
    ("stroll", "🚶", "🚶‍♂️", "🚶‍♀️"),
    ("hike", "🚶", "🚶‍♂️", "🚶‍♀️"),
    ("dance", "💃", "🕺", "💃"),
    ("surf", "🏄", "🏄‍♂️", "🏄‍♀️"),
    ("row", "🚣", "🚣‍♂️", "🚣‍♀️"),
    ("ski", "⛷️", "⛷️", "⛷️"),
    ("snowboard", "🏂", "🏂", "🏂"),
    ("climb", "🧗", "🧗‍♂️", "🧗‍♀️"),
    ("cycle", "🚴", "🚴‍♂️", "🚴‍♀️"),
    ("bike", "🚴", "🚴‍♂️", "🚴‍♀️"),
    ("ride bicycle", "🚴", "🚴‍♂️", "🚴‍♀️"),
    ("ride bike", "🚴", "🚴‍♂️", "🚴‍♀️"),
    ("ride mountain bike", "🚵", "🚵‍♂️", "🚵‍♀️"),
    ("ride horse", "🏇", "🏇", "🏇"),
    ("ride pony", "🏇", "🏇", "🏇"),
    ("juggle", "🤹", "🤹‍♂️", "🤹‍♀️"),
    ("meditate", "🧘", "🧘‍♂️", "🧘‍♀️"),
    ("kneel", "🧎", "🧎‍♂️", "🧎‍♀️"),
    ("bow", "🙇", "🙇‍♂️", "🙇‍♀️"),
    ("swim", "🏊", "🏊‍♂️", "🏊‍♀️"),
];

/// The picture of a person who does what a verb says; `None` if the art is no plain person or there
/// is no such picture.
pub(super) fn person_doing(art: &ArtReference, action: &str) -> Option<ArtReference> {
    let ArtReference::Generated { generator } = art else {
        return None;
    };
    let (_, _, man, woman) = ACTIONS.iter().find(|(stem, ..)| *stem == action)?;
    let emoji = match generator.as_str() {
        "man" | "boy" => man,
        "woman" | "girl" => woman,
        _ => return None,
    };
    let name = emojis::get(emoji).map_or(action, emojis::Emoji::name);
    Some(ArtReference::Twemoji {
        emoji: (*emoji).to_owned(),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::art::twemoji;

    #[test]
    fn every_action_has_its_pictures() {
        for (stem, person, man, woman) in ACTIONS {
            for emoji in [person, man, woman] {
                assert!(twemoji::svg(emoji).is_some(), "{stem}: {emoji}");
            }
        }
    }
}
