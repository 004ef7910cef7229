//! Reads what a document shows from the words of its labels, where the document itself says
//! nothing: SVG from outside. The only place in this crate that knows words; all else reads the
//! meaning that is stated or guessed.

use chat2svg_vector::{
    Distance, Document, Emission, Gloss, Habitat, Material, Node, Part, Place, Role, Setting,
    Weather,
};

/// States in a document what its labels let guess; leaves one that states anything itself alone.
pub(crate) fn guess_meaning(document: &mut Document) {
    if document.states_meaning() {
        return;
    }
    let mut setting = Setting::default();
    layers(&mut document.layers, &mut setting);
    let fronts: Vec<String> = names_of_fronts(&document.layers);
    mark_insides(&mut document.layers, &fronts);
    document.metadata.setting = setting;
}

/// Guesses for top-level nodes, and for those of groups that only gather others.
fn layers(nodes: &mut [Node], setting: &mut Setting) {
    for node in nodes {
        let name = name_of(node);
        if let Node::Group(group) = node
            && is_gathering(&name)
        {
            group.meaning.role = Some(Role::Layer);
            layers(&mut group.children, setting);
        } else {
            layer(node, &name, setting);
        }
    }
}

fn layer(node: &mut Node, name: &str, setting: &mut Setting) {
    let layer = name.split(" / ").next().unwrap_or(name);
    let role = role_named(layer);
    if layer == "wall" {
        setting.place = Some(Place::Room);
    } else if setting.place.is_none() && role.is_some_and(Role::is_backdrop) {
        setting.place = match layer {
            "space" => Some(Place::Space),
            "water" => Some(Place::Underwater),
            _ => None,
        };
    }
    if role == Some(Role::Weather) && setting.weather.is_none() {
        setting.weather = weather_named(layer);
    }
    let own = node.meaning_mut();
    // What an earlier run added says itself what it is.
    if own.role.is_none() {
        own.role = role;
    }
    let is_thing = role.is_none() || role == Some(Role::Light);
    own.emits = emission_named(layer).filter(|_| is_thing);
    own.distance = if is_far(layer) {
        Some(Distance::Far)
    } else if SURROUNDINGS.contains(&layer) {
        Some(Distance::Middle)
    } else {
        None
    };
    if is_thing {
        own.habitat = habitat_named(layer);
        own.gloss = is_glossy(layer).then_some(Gloss::Glossy);
        own.part = [("(front)", Part::Front), ("(behind)", Part::Behind)]
            .into_iter()
            .find_map(|(ending, part)| layer.ends_with(ending).then_some(part));
    }
    let place = Around {
        layer: layer.to_owned(),
        role: own.role.unwrap_or(Role::Thing),
    };
    part(node, name, &place);
}

/// What a node lies in.
struct Around {
    /// The name of its layer.
    layer: String,
    role: Role,
}

/// Guesses for a node of a layer and all in it; `path` joins the names down to it.
fn part(node: &mut Node, path: &str, around: &Around) {
    let own = name_of(node);
    let role = effect_named(&own, path, around.role);
    if let Some(role) = role {
        let meaning = node.meaning_mut();
        if meaning.role.is_none_or(|role| !role.is_effect()) {
            meaning.role = Some(role);
        }
    }
    if matches!(node, Node::Group(_)) && has_word(&own, &["star", "stars"]) {
        node.meaning_mut().emits = Some(Emission::Star);
    }
    match node {
        Node::Group(group) => {
            if let Some(number) = member_number(&own, &around.layer) {
                group.meaning.member = Some(number);
            }
            let names: Vec<String> = group.children.iter().map(name_of).collect();
            for (index, child) in group.children.iter_mut().enumerate() {
                let name = names.get(index).map_or("", String::as_str);
                let after = names.get(index + 1..).unwrap_or_default();
                part(child, &joined(path, name), around);
                if child.meaning().material.is_none() {
                    child.meaning_mut().material = material_of(child, name, after, around);
                }
            }
        }
        Node::Shape(shape) => {
            if has_word(&own, &["star", "stars"]) {
                shape.meaning.emits = Some(Emission::Star);
            } else if is_burning(&own, &around.layer) {
                shape.meaning.emits = Some(Emission::Fire);
            } else if own == "lantern" || own == "shade" && around.role == Role::Light {
                shape.meaning.emits = Some(Emission::Lamp);
            }
        }
    }
    if matches!(node, Node::Shape(_)) && path == around.layer {
        let material = material_of(node, &own, &[], around);
        let meaning = node.meaning_mut();
        meaning.material = meaning.material.or(material);
    }
    if has_word(path, &["cloud", "clouds"]) && around.role == Role::Thing {
        node.meaning_mut().material = Some(Material::Cloud);
    }
}

/// The shadow, glow, highlight or paper that a name speaks of.
fn effect_named(own: &str, path: &str, around: Role) -> Option<Role> {
    if own == "sticker rim" {
        return Some(Role::Border);
    }
    if matches!(own, "glow" | "outer glow") {
        return Some(Role::Glow);
    }
    if around != Role::Thing && around != Role::Light {
        return None;
    }
    if path.split(" / ").any(|part| part == "contact shadow") {
        Some(Role::ContactShadow)
    } else if path.contains("shadow") {
        Some(Role::CastShadow)
    } else if has_word(own, &["highlight", "glint", "shine", "gloss", "reflection"]) {
        Some(Role::Highlight)
    } else {
        None
    }
}

/// The number of one of several members: "apple 2" in "apple".
fn member_number(own: &str, layer: &str) -> Option<u16> {
    own.strip_prefix(layer)?.trim().parse().ok()
}

/// What a shape is made of; `after` are the names of those above it in its group.
fn material_of(node: &Node, own: &str, after: &[String], around: &Around) -> Option<Material> {
    let Node::Shape(shape) = node else {
        return None;
    };
    let is = |words: &[&str]| has_word(own, words);
    if shape.meaning.role.is_some_and(Role::is_effect) {
        return None;
    }
    match around.role {
        Role::Ground if is(&["water", "wave", "waves", "swell", "shallows"]) => {
            Some(Material::Water)
        }
        Role::Ground if is(&["grass", "lawn", "meadow"]) => {
            let fill = shape.fill.as_ref();
            let is_white =
                fill.is_some_and(|fill| fill.paint.mean_color().to_oklab().lightness > 0.88);
            Some(if is_white {
                Material::Snow
            } else {
                Material::Grass
            })
        }
        Role::Ground if is(&["snow", "drift"]) => Some(Material::Snow),
        Role::Ground if is(&["sand", "dunes"]) => Some(Material::Sand),
        Role::Ground if is(&["floor"]) => Some(Material::Wood),
        Role::Thing if is(&["pool", "pond", "puddle", "water", "foam"]) => Some(Material::Water),
        Role::Thing if is(&["shade", "edge", "light"]) => None,
        Role::Thing => {
            let beside = |word: &str| after.iter().any(|name| name == word);
            match own {
                "trunk" if !beside("ring") => Some(Material::Bark),
                "table top" | "seat" | "plank" | "mast" | "back slat" | "shelf top" | "case"
                | "headboard" => Some(Material::Wood),
                "wall" | "chimney" => Some(Material::Brick),
                "roof" if !beside("tiles") => Some(Material::Tiles),
                "crown" | "leaves" => Some(Material::Leaves),
                "tower" | "bridge" => Some(Material::Stone),
                _ if has_word(&around.layer, &["castle"]) => Some(Material::Stone),
                _ if has_word(&around.layer, FURRY) => Some(Material::Fur),
                _ if has_word(&around.layer, FEATHERED) => Some(Material::Feathers),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a shape is fire.
fn is_burning(own: &str, layer: &str) -> bool {
    const BURNING: &[&str] = &[
        "rocket", "fire", "campfire", "candle", "candles", "torch", "torches",
    ];
    has_word(own, &["flame", "flames", "fire", "exhaust"])
        || has_word(layer, BURNING) && has_word(own, &["orange", "yellow"])
}

/// The names of the things that have a front of their own.
fn names_of_fronts(nodes: &[Node]) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes {
        if let Some(name) = name_of(node).strip_suffix(" (front)") {
            found.push(name.to_owned());
        }
        if let Node::Group(group) = node
            && group.meaning.role == Some(Role::Layer)
        {
            found.extend(names_of_fronts(&group.children));
        }
    }
    found
}

/// Of what has a front of its own the rest is its inside.
fn mark_insides(nodes: &mut [Node], fronts: &[String]) {
    for node in nodes {
        if fronts.contains(&name_of(node)) {
            node.meaning_mut().part = Some(Part::Inside);
        }
        if let Node::Group(group) = node
            && group.meaning.role == Some(Role::Layer)
        {
            mark_insides(&mut group.children, fronts);
        }
    }
}

/// Whether one of the words of a name is one of these.
fn has_word(name: &str, words: &[&str]) -> bool {
    name.split(|c: char| !c.is_alphanumeric())
        .any(|word| words.contains(&word))
}

/// The name of a node in lower case: its label, else its id.
fn name_of(node: &Node) -> String {
    let name = match node.label() {
        "" => node.id(),
        label => label,
    };
    name.to_lowercase()
}

fn joined(parent: &str, name: &str) -> String {
    match (parent.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => parent.to_owned(),
        _ => format!("{parent} / {name}"),
    }
}

/// Whether a group of this name only gathers things and is none itself.
fn is_gathering(name: &str) -> bool {
    matches!(
        name,
        "objects" | "scene" | "things" | "foreground" | "middle ground" | "layers" | "layer 1"
    )
}

fn is_far(layer: &str) -> bool {
    layer.starts_with("distant ") || layer.starts_with("far ")
}

/// The role that the name of a top-level layer speaks of. Only whole names count: an object is
/// called by the words of the prompt ("snow leopard", "sea turtle"), which may contain any of
/// these.
fn role_named(layer: &str) -> Option<Role> {
    const NAMES: [(Role, &[&str]); 8] = [
        (Role::CastShadow, &["cast shadows"]),
        (Role::Haze, &["haze"]),
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
                "bubbles",
            ],
        ),
        (
            Role::Light,
            &[
                "sun", "moon", "stars", "lamp", "lantern", "campfire", "candle",
            ],
        ),
        (Role::Sky, &["sky", "space", "water"]),
        (Role::Background, &["background", "backdrop", "wall"]),
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
    if is_far(layer) {
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

/// The weather that the name of a layer speaks of.
fn weather_named(layer: &str) -> Option<Weather> {
    const NAMES: [(Weather, &[&str]); 5] = [
        (Weather::Storm, &["storm", "lightning"]),
        (Weather::Rain, &["rain"]),
        (Weather::Snowfall, &["snow", "snowfall"]),
        (Weather::Fog, &["fog", "mist"]),
        (Weather::Wind, &["wind"]),
    ];
    let named = |(_, words): &&(Weather, &[&str])| has_word(layer, words);
    NAMES.iter().find(named).map(|(weather, _)| *weather)
}

/// The light that the thing of a name gives.
fn emission_named(layer: &str) -> Option<Emission> {
    const NAMES: [(Emission, &[&str]); 6] = [
        (Emission::Sun, &["sun", "sunset", "sunrise"]),
        (Emission::Moon, &["moon", "crescent"]),
        (Emission::Lamp, &["lamp", "bulb"]),
        (Emission::Lantern, &["lantern"]),
        (Emission::Fire, &["fire", "campfire", "candle"]),
        (Emission::Star, &["star", "stars"]),
    ];
    if layer == "window" {
        return Some(Emission::Daylight);
    }
    let named = |(_, words): &&(Emission, &[&str])| has_word(layer, words);
    NAMES.iter().find(named).map(|(emits, _)| *emits)
}

/// Where the thing of a name is at home, when that is not the ground.
fn habitat_named(layer: &str) -> Option<Habitat> {
    const LAND: &[&str] = &["hill", "hills", "mound", "mountain", "mountains", "volcano"];
    const HANGING: &[&str] = &["window"];
    let last = layer.rsplit(' ').next().unwrap_or_default();
    if LAND.contains(&last) {
        Some(Habitat::Terrain)
    } else if has_word(layer, FLYING) {
        Some(Habitat::Sky)
    } else if has_word(layer, HANGING) {
        Some(Habitat::Wall)
    } else {
        None
    }
}

/// Whether what a layer is called is glossy: its last word says what it is.
fn is_glossy(layer: &str) -> bool {
    let whole = layer.strip_suffix(" (front)").unwrap_or(layer);
    whole
        .split(|c: char| !c.is_alphanumeric())
        .next_back()
        .is_some_and(|word| GLOSSY.contains(&word))
}

/// Groups that are behind what a picture is about.
const SURROUNDINGS: &[&str] = &[
    "clouds",
    "window",
    "fence",
    "flower bed",
    "trees",
    "houses",
    "barn",
];

/// Words for what is in the air.
const FLYING: &[&str] = &[
    "aeroplane",
    "airplane",
    "balloon",
    "balloons",
    "bat",
    "bats",
    "bee",
    "bees",
    "bird",
    "birds",
    "butterflies",
    "butterfly",
    "comet",
    "drone",
    "eagle",
    "helicopter",
    "kite",
    "kites",
    "plane",
    "planes",
    "rainbow",
    "rocket",
    "saucer",
    "seagull",
    "seagulls",
    "star",
    "stars",
    "ufo",
];

/// Words for things with a glossy surface.
const GLOSSY: &[&str] = &[
    "apple",
    "apples",
    "aubergine",
    "ball",
    "balloon",
    "balloons",
    "balls",
    "bell",
    "bottle",
    "bowl",
    "cherries",
    "cherry",
    "crystal",
    "cup",
    "eggplant",
    "gem",
    "goblet",
    "grape",
    "grapes",
    "heart",
    "helmet",
    "jar",
    "jug",
    "kettle",
    "lemon",
    "lollipop",
    "marble",
    "medal",
    "mug",
    "oranges",
    "pear",
    "pears",
    "plum",
    "plums",
    "teapot",
    "tomato",
    "tomatoes",
    "trophy",
    "vase",
];

/// Animals with fur.
const FURRY: &[&str] = &[
    "badger", "bear", "beaver", "cat", "cow", "deer", "dog", "donkey", "fox", "goat", "hamster",
    "hedgehog", "horse", "kitten", "leopard", "lion", "monkey", "moose", "mouse", "otter", "panda",
    "puppy", "rabbit", "raccoon", "sheep", "sloth", "squirrel", "teddy", "tiger", "wolf", "camel",
    "koala", "bunny", "hare",
];

/// Animals with feathers.
const FEATHERED: &[&str] = &[
    "bird", "chicken", "duck", "eagle", "goose", "hen", "owl", "parrot", "peacock", "rooster",
    "swan", "turkey",
];
