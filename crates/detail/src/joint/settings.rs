//! Place, time and weather, and the layers of the surroundings.

use std::collections::BTreeMap;

use super::{composed, read};
use crate::{
    light::{Light, Source},
    scene::Scene,
};
use chat2svg_template::embedded::{Place, SceneDescription, Setting, TimeOfDay, Weather};
use chat2svg_vector::Role;

/// What each layer of the surroundings is. Things among them stand, take light and throw shadows.
const LAYERS: [(&str, Role); 57] = [
    ("background", Role::Background),
    ("barn", Role::Thing),
    ("bubbles", Role::Weather),
    ("cacti", Role::Thing),
    ("clouds", Role::Thing),
    ("distant dunes", Role::Scenery),
    ("distant hills", Role::Scenery),
    ("distant mountains", Role::Scenery),
    ("distant trees", Role::Scenery),
    ("falling snow", Role::Weather),
    ("far bank", Role::Scenery),
    ("far mountains", Role::Scenery),
    ("far reef", Role::Scenery),
    ("far shore", Role::Scenery),
    ("far skyline", Role::Scenery),
    ("fence", Role::Thing),
    ("fields", Role::Ground),
    ("firs", Role::Thing),
    ("floor", Role::Ground),
    ("flower bed", Role::Thing),
    ("fog", Role::Weather),
    ("ground", Role::Ground),
    ("hedge", Role::Scenery),
    ("houses", Role::Thing),
    ("island", Role::Ground),
    ("lake", Role::Ground),
    ("lightning", Role::Weather),
    ("meadow flowers", Role::Thing),
    ("moon", Role::Light),
    ("mountains", Role::Scenery),
    ("near bank", Role::Ground),
    ("near shore", Role::Ground),
    ("near trees", Role::Thing),
    ("palms", Role::Thing),
    ("path", Role::Ground),
    ("planets", Role::Thing),
    ("plants", Role::Thing),
    ("rain", Role::Weather),
    ("river", Role::Ground),
    ("sea", Role::Ground),
    ("sea floor", Role::Ground),
    ("sea of clouds", Role::Thing),
    ("shells", Role::Thing),
    ("shore", Role::Ground),
    ("sky", Role::Sky),
    ("skyline", Role::Scenery),
    ("space", Role::Sky),
    ("stars", Role::Light),
    ("street", Role::Ground),
    ("street lamps", Role::Thing),
    ("sun", Role::Light),
    ("trees", Role::Thing),
    ("wall", Role::Background),
    ("water", Role::Sky),
    ("waves", Role::Ground),
    ("wind", Role::Weather),
    ("window", Role::Thing),
];

/// None in particular, then each.
fn weathers() -> impl Iterator<Item = Option<Weather>> {
    let all = Weather::ALL.iter().copied().map(Some);
    std::iter::once(None).chain(all)
}

fn empty(place: Place, time: TimeOfDay, weather: Option<Weather>) -> SceneDescription {
    SceneDescription {
        setting: Setting {
            place: Some(place),
            time: Some(time),
            weather,
            ..Setting::default()
        },
        ..SceneDescription::default()
    }
}

/// The light that a setting states. Where no sky is, neither weather nor the sun's height shows.
fn stated(place: Place, time: TimeOfDay, weather: Option<Weather>) -> Source {
    use Weather::{Fog, Rain, Snowfall, Storm};
    match (place, time, weather) {
        (Place::Room, _, _) => Source::Diffuse,
        (Place::Space, _, _) => Source::Moon,
        (Place::Underwater, TimeOfDay::Night, _) => Source::Moon,
        (Place::Underwater, _, _) => Source::Day,
        (_, _, Some(Rain | Storm | Snowfall | Fog)) => Source::Diffuse,
        (Place::Plain, TimeOfDay::Sunrise | TimeOfDay::Sunset, _) => Source::Day,
        (_, TimeOfDay::Sunrise | TimeOfDay::Sunset, _) => Source::LowSun,
        (_, TimeOfDay::Day, _) => Source::Day,
        (_, TimeOfDay::Night, _) => Source::Moon,
    }
}

#[test]
fn the_light_of_a_setting_is_read() {
    let mut lost = Vec::new();
    for &place in Place::ALL {
        for &time in TimeOfDay::ALL {
            for weather in weathers() {
                let document = composed(&empty(place, time, weather));
                let light = Light::of(&Scene::read(&document), document.view_box, true);
                let wanted = stated(place, time, weather);
                if light.source != wanted {
                    let weather =
                        weather.map_or("any".to_owned(), |weather| format!("{weather:?}"));
                    lost.push(format!("{place:?} {time:?} {weather}: {:?}", light.source));
                }
                assert_eq!(light.indoors, place == Place::Room, "{place:?} {time:?}");
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn the_layers_of_surroundings_have_their_roles() {
    let mut found = BTreeMap::<String, Role>::new();
    for &place in Place::ALL {
        for &time in TimeOfDay::ALL {
            for weather in weathers() {
                for item in read(&empty(place, time, weather)).items {
                    if item.role.is_effect() {
                        continue;
                    }
                    let name = item.layer().to_owned();
                    let role = *found.entry(name).or_insert(item.role);
                    assert_eq!(role, item.role, "{place:?}: {}", item.name);
                }
            }
        }
    }
    let wanted: BTreeMap<String, Role> = LAYERS
        .into_iter()
        .map(|(name, role)| (name.to_owned(), role))
        .collect();
    assert_eq!(found, wanted);
}
