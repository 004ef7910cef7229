//! Place, time and weather, and the layers of the surroundings.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_lost, composed, exceptions, read};
use crate::{
    light::{Light, Source},
    scene::{Role, Scene},
};
use chat2svg_template::embedded::{Place, SceneDescription, Setting, TimeOfDay, Weather};

const PLACES: [Place; 20] = [
    Place::Beach,
    Place::Sea,
    Place::Underwater,
    Place::Forest,
    Place::Meadow,
    Place::Garden,
    Place::Mountains,
    Place::Desert,
    Place::Snow,
    Place::City,
    Place::Street,
    Place::Room,
    Place::Farm,
    Place::Park,
    Place::River,
    Place::Lake,
    Place::Island,
    Place::Space,
    Place::Sky,
    Place::Plain,
];
const TIMES: [TimeOfDay; 4] = [
    TimeOfDay::Sunrise,
    TimeOfDay::Day,
    TimeOfDay::Sunset,
    TimeOfDay::Night,
];
const WEATHERS: [Option<Weather>; 7] = [
    None,
    Some(Weather::Rain),
    Some(Weather::Storm),
    Some(Weather::Snowfall),
    Some(Weather::Fog),
    Some(Weather::Clouds),
    Some(Weather::Wind),
];

/// What each layer of the surroundings is. Things among them stand, take light and throw shadows.
const LAYERS: [(&str, Role); 57] = [
    ("background", Role::Sky),
    ("barn", Role::Object),
    ("bubbles", Role::Object),
    ("cacti", Role::Object),
    ("clouds", Role::Object),
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
    ("fence", Role::Object),
    ("fields", Role::Ground),
    ("firs", Role::Object),
    ("floor", Role::Ground),
    ("flower bed", Role::Object),
    ("fog", Role::Weather),
    ("ground", Role::Ground),
    ("hedge", Role::Scenery),
    ("houses", Role::Object),
    ("island", Role::Ground),
    ("lake", Role::Ground),
    ("lightning", Role::Weather),
    ("meadow flowers", Role::Object),
    ("moon", Role::Light),
    ("mountains", Role::Scenery),
    ("near bank", Role::Ground),
    ("near shore", Role::Ground),
    ("near trees", Role::Object),
    ("palms", Role::Object),
    ("path", Role::Ground),
    ("planets", Role::Object),
    ("plants", Role::Object),
    ("rain", Role::Weather),
    ("river", Role::Ground),
    ("sea", Role::Ground),
    ("sea floor", Role::Ground),
    ("sea of clouds", Role::Object),
    ("shells", Role::Object),
    ("shore", Role::Ground),
    ("sky", Role::Sky),
    ("skyline", Role::Scenery),
    ("space", Role::Sky),
    ("stars", Role::Light),
    ("street", Role::Ground),
    ("street lamps", Role::Object),
    ("sun", Role::Light),
    ("trees", Role::Object),
    ("wall", Role::Sky),
    ("water", Role::Sky),
    ("waves", Role::Ground),
    ("wind", Role::Weather),
    ("window", Role::Object),
];

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

/// A new place does not compile until it is listed above.
#[test]
fn all_places_are_listed() {
    use Place as P;
    let is_listed = |place: Place| match place {
        P::Beach | P::Sea | P::Underwater | P::Forest | P::Meadow | P::Garden | P::Mountains => {
            true
        }
        P::Desert | P::Snow | P::City | P::Street | P::Room | P::Farm | P::Park => true,
        P::River | P::Lake | P::Island | P::Space | P::Sky | P::Plain => true,
    };
    assert!(PLACES.into_iter().all(is_listed));
    let distinct = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>().len();
    let names = PLACES.iter().map(|place| format!("{place:?}")).collect();
    assert_eq!(distinct(names), PLACES.len());
}

#[test]
fn the_light_of_a_setting_is_read() {
    let mut lost = Vec::new();
    for place in PLACES {
        for time in TIMES {
            for weather in WEATHERS {
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
    assert_lost("the light of a setting", lost, exceptions::LIGHTS);
}

#[test]
fn the_layers_of_surroundings_have_their_roles() {
    let mut found = BTreeMap::<String, Role>::new();
    for place in PLACES {
        for time in TIMES {
            for weather in WEATHERS {
                for item in read(&empty(place, time, weather)).items {
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
