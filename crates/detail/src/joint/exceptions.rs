//! What is lost between the stages today, as data.

/// Names that are read unlike others of their picture, by what is read in those.
pub(super) fn unlike_names() -> Vec<String> {
    let lines = include_str!("unlike_names.txt").lines();
    lines
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(reading, names)| {
            let names = names.split(", ");
            names.map(move |name| format!("{reading}: {name}"))
        })
        .collect()
}

/// What keeps its colours at night and throws no light.
pub(super) const DARK: [&str; 57] = [
    "alien planet",
    "asteroid",
    "bolt of lightning",
    "carved pumpkin",
    "comet",
    "distant planet",
    "dwarf planet",
    "exoplanet",
    "firework",
    "firework display",
    "fireworks",
    "fourth of july",
    "gas giant",
    "halloween pumpkin",
    "jupiter",
    "lightning",
    "lightning bolt",
    "lightning cloud",
    "lightning strike",
    "mars",
    "mercury",
    "meteor",
    "meteorite",
    "neptune",
    "planet",
    "planet earth",
    "planet jupiter",
    "planet mars",
    "planet mercury",
    "planet neptune",
    "planet pluto",
    "planet saturn",
    "planet uranus",
    "planet venus",
    "pluto",
    "pride flag",
    "prism light",
    "pumpkin",
    "rainbow",
    "rainbow flag",
    "red planet",
    "ring planet",
    "ringed planet",
    "saturn",
    "shooting meteor",
    "spectrum of light",
    "star symbol",
    "storm cloud",
    "sun hat",
    "sun umbrella",
    "thunder",
    "thunderbolt from a cloud",
    "thundercloud",
    "uranus",
    "venus",
    "weather",
    "weather storm cloud",
];

/// Words that say what holds when nothing is said, or what only people and other stages want.
pub(super) const IDLE: [&str; 26] = [
    "data-distance middle",
    "data-distance near",
    "data-emits star",
    "data-habitat afloat",
    "data-habitat ground",
    "data-habitat water",
    "data-place beach",
    "data-place city",
    "data-place desert",
    "data-place farm",
    "data-place forest",
    "data-place garden",
    "data-place island",
    "data-place lake",
    "data-place meadow",
    "data-place mountains",
    "data-place park",
    "data-place river",
    "data-place sea",
    "data-place sky",
    "data-place snow",
    "data-place street",
    "data-role thing",
    "data-time day",
    "data-weather clouds",
    "data-weather wind",
];

/// Materials that have no marks; what of them mirrors light says so by its gloss.
pub(super) const UNMARKED: [&str; 7] = [
    "data-material fabric",
    "data-material glass",
    "data-material gold",
    "data-material ice",
    "data-material metal",
    "data-material paper",
    "data-material silver",
];
