//! What surroundings suit the objects when the prompt names none.

use chat2svg_protocol::Style;
use chat2svg_vector::{Emission, Habitat};

use super::layout::{Item, Link};
use super::scene::{Place, Season, Setting, TimeOfDay, Weather};
use super::things::Trait;

/// The setting with a place, and with the time that the style or season implies.
pub(crate) fn resolve(
    asked: &Setting,
    items: &[Item],
    links: &[Option<Link>],
    style: Style,
    without_snow: bool,
) -> Setting {
    let mut setting = asked.clone();
    if style.traits().is_night {
        setting.time = Some(TimeOfDay::Night);
    }
    if setting.background.is_some() {
        setting.place = Some(Place::Plain);
    }
    if without_snow {
        // Winter without snow has bare ground, and what would fall stays in the clouds.
        setting.season = setting.season.filter(|season| *season != Season::Winter);
        if setting.place == Some(Place::Snow) {
            setting.place = Some(Place::Meadow);
        }
        if setting.weather == Some(Weather::Snowfall) {
            setting.weather = Some(Weather::Clouds);
        }
    }
    if setting.place.is_none() {
        setting.place = Some(suitable(asked, items, links));
    }
    let grounded = |item: &Item| matches!(item.habitat, Habitat::Ground | Habitat::Terrain);
    if setting.place == Some(Place::Sky) && items.iter().any(grounded) {
        // "under a blue sky": what stands needs ground.
        setting.place = Some(Place::Meadow);
    }
    let has_moon = items
        .iter()
        .any(|item| item.meaning.emits == Some(Emission::Moon));
    if setting.time.is_none() && has_moon && setting.place != Some(Place::Space) {
        setting.time = Some(TimeOfDay::Night);
    }
    if setting.place == Some(Place::Meadow) && setting.season == Some(Season::Winter) {
        setting.place = Some(Place::Snow);
    }
    setting
}

fn suitable(asked: &Setting, items: &[Item], links: &[Option<Link>]) -> Place {
    let any = |kind| items.iter().any(|item| item.has(kind));
    let outdoors = asked.time.is_some() || asked.weather.is_some() || asked.season.is_some();
    if items.is_empty() {
        return Place::Meadow;
    }
    if items.iter().all(|item| item.has(Trait::Symbol)) {
        return Place::Plain;
    }
    let several = items.iter().map(|item| item.members.len()).sum::<usize>() > 1;
    let all = |habitat: fn(Habitat) -> bool| items.iter().all(|item| habitat(item.habitat));
    let boats = items.iter().any(|item| item.habitat == Habitat::Afloat) && !any(Trait::Basin);
    let held = |index: usize| links.get(index).copied().flatten().is_some();
    let swimming = items
        .iter()
        .enumerate()
        .all(|(index, item)| item.habitat == Habitat::Water || held(index))
        && items.iter().any(|item| item.habitat == Habitat::Water);
    if (several || outdoors) && any(Trait::Spacefaring) && !any(Trait::Earthbound) {
        return Place::Space;
    }
    if boats && (several || outdoors) {
        return Place::Sea;
    }
    if several && swimming && !any(Trait::Basin) {
        return Place::Underwater;
    }
    if several && all(|habitat| habitat == Habitat::Sky) {
        return Place::Sky;
    }
    if several && !any(Trait::Street) && any(Trait::Furniture) {
        return Place::Room;
    }
    let open_air = any(Trait::Landmark);
    if outdoors
        || several
            && (open_air
                || items
                    .iter()
                    .any(|item| matches!(item.habitat, Habitat::Sky | Habitat::Terrain)))
    {
        return Place::Meadow;
    }
    if several && any(Trait::City) {
        return Place::City;
    }
    if items.iter().filter(|item| item.animate).count() > 1 {
        return Place::Meadow;
    }
    Place::Plain
}
