//! What the names of layers say: which role they speak of. Names only; geometry is read in `scene`.

use crate::scene::Role;

/// Whether one of the words of a name is one of these.
pub(crate) fn has_word(name: &str, words: &[&str]) -> bool {
    name.split(|c: char| !c.is_alphanumeric())
        .any(|word| words.contains(&word))
}

/// Whether a group of this name only gathers things and is none itself.
pub(crate) fn is_gathering(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "objects" | "scene" | "things" | "foreground" | "middle ground" | "layers" | "layer 1"
    )
}

/// The role that the name of a top-level layer speaks of. Only whole names count: an object is
/// called by the words of the prompt ("snow leopard", "sea turtle"), which may contain any of
/// these.
pub(crate) fn role_named(name: &str) -> Option<Role> {
    const NAMES: [(Role, &[&str]); 6] = [
        (Role::Veil, &["cast shadows", "haze"]),
        (
            Role::Weather,
            &[
                "weather",
                "rain",
                "storm",
                "snowfall",
                "falling snow",
                "fog",
                "mist",
                "lightning",
                "wind",
            ],
        ),
        (
            Role::Light,
            &[
                "sun", "moon", "stars", "lamp", "lantern", "campfire", "candle",
            ],
        ),
        (
            Role::Sky,
            &["sky", "background", "backdrop", "wall", "space", "water"],
        ),
        (
            Role::Ground,
            &[
                "ground",
                "sand",
                "beach",
                "floor",
                "street",
                "road",
                "meadow",
                "lawn",
                "field",
                "seabed",
                "sea bed",
                "shore",
                "dunes",
                "sea",
                "lake",
                "river",
                "grass",
                "snow",
                "pavement",
                "table",
                "path",
                "fields",
                "waves",
                "sea floor",
                "near bank",
                "far bank",
                "near shore",
                "island",
            ],
        ),
        (
            Role::Scenery,
            &[
                "hills",
                "mountains",
                "skyline",
                "horizon",
                "tree line",
                "treeline",
                "scenery",
                "hedge",
            ],
        ),
    ];
    let layer = name.split(" / ").next().unwrap_or(name);
    if layer.starts_with("distant ") || layer.starts_with("far ") {
        return Some(Role::Scenery);
    }
    // A full moon or a rocky island is one still; a lamp post or a moon rover is not.
    match layer.rsplit(' ').next() {
        Some("sun" | "moon") => return Some(Role::Light),
        Some("island") => return Some(Role::Ground),
        _ => {}
    }
    NAMES
        .iter()
        .find(|(_, names)| names.contains(&layer))
        .map(|(role, _)| *role)
}
