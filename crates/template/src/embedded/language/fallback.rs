//! The fallback picture of a prompt of which nothing can be drawn: an emblem with its initials, or
//! an abstract pattern, chosen by the prompt itself.

use chat2svg_vector::Habitat;

use crate::embedded::lookup::Vocabulary;
use crate::embedded::scene::{
    ArtReference, Place, SceneDescription, SceneObject, SizeClass, Stance, Without,
};
use crate::embedded::things;

const PATTERNS: [&str; 5] = ["mosaic", "waves", "concentric", "stripes", "checker"];

/// Whether a scene shows nothing at all.
pub(super) fn is_needed(scene: &SceneDescription) -> bool {
    let setting = &scene.setting;
    scene.objects.is_empty()
        && setting.place.is_none()
        && setting.time.is_none()
        && setting.weather.is_none()
        && setting.season.is_none()
        && setting.background.is_none()
}

/// "Without clouds" alone: a prompt that only rules things of the sky out is a landscape without
/// them.
pub(super) fn show_sky(scene: &mut SceneDescription, vocabulary: &Vocabulary) {
    let is_of_sky = |without: &Without| {
        let senses = vocabulary.senses(&without.noun);
        let is_weather = senses.is_some_and(|senses| {
            let setting = senses.setting.unwrap_or_default();
            setting.weather.is_some() || setting.time.is_some()
        });
        is_weather
            || things::named(&without.noun).and_then(|thing| thing.habitat) == Some(Habitat::Sky)
    };
    if !scene.without.is_empty() && scene.without.iter().all(is_of_sky) {
        scene.setting.place = Some(Place::Meadow);
    }
}

/// Adds the emblem: a badge with the initials of the words that the lettering can write, else a
/// pattern.
pub(super) fn compose(prompt: &str, scene: &mut SceneDescription) {
    let undrawn = scene
        .undrawn
        .iter()
        .flat_map(|words| words.split_whitespace());
    // "The letter A" leaves no word undrawn; then the capitals say what is meant, else every word.
    let capitals = prompt
        .split_whitespace()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
    let initials = [
        initials_of(undrawn),
        initials_of(capitals),
        initials_of(prompt.split_whitespace()),
    ]
    .into_iter()
    .find(|initials| !initials.is_empty())
    .unwrap_or_default();
    let has_initials = !initials.is_empty();
    let generator = if has_initials {
        "badge"
    } else {
        PATTERNS[pattern_index(prompt)]
    };
    scene.objects.push(SceneObject {
        label: if has_initials {
            format!("emblem {initials}")
        } else {
            format!("{generator} pattern")
        },
        art: ArtReference::Generated {
            generator: generator.to_owned(),
        },
        count: 1,
        color: None,
        material: None,
        size: SizeClass::Usual,
        text: has_initials.then_some(initials),
        stance: Stance::Usual,
        composite: None,
    });
}

fn initials_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words
        .filter_map(|word| word.chars().next())
        .filter(char::is_ascii_alphanumeric)
        .take(3)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// FNV-1a over the prompt, so that another prompt may have another pattern.
fn pattern_index(prompt: &str) -> usize {
    let hash = prompt
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
    usize::try_from(hash % PATTERNS.len() as u64).unwrap_or(0)
}
