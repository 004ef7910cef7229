//! How large things usually are, and where they are at home. Figures are rough: they order things and
//! set proportions, no more.

/// Where a thing is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habitat {
    /// Stands on the ground.
    Ground,
    /// Lies on the ground and carries others: hills, ways, ponds.
    Terrain,
    /// Is in the sky.
    Sky,
    /// Is in the water.
    Water,
    /// Floats on the water.
    Afloat,
    /// Hangs on the wall in a room.
    Wall,
}

/// Usual extent of a thing along its longer side, in metres, by a word of its name; sorted by word.
const METRES: &[(&str, f64)] = &[
    ("airplane", 18.0),
    ("alien", 1.5),
    ("alligator", 3.0),
    ("ambulance", 5.0),
    ("anchor", 1.2),
    ("ant", 0.09),
    ("apple", 0.16),
    ("armchair", 1.0),
    ("astronaut", 1.9),
    ("avocado", 0.18),
    ("baby", 0.7),
    ("badge", 0.5),
    ("bamboo", 1.0),
    ("badger", 0.8),
    ("bag", 0.5),
    ("ball", 0.32),
    ("balloon", 0.8),
    ("balloons", 0.9),
    ("banana", 0.22),
    ("bank", 12.0),
    ("banner", 1.6),
    ("barn", 12.0),
    ("baseball", 0.16),
    ("basket", 0.5),
    ("basketball", 0.32),
    ("bat", 0.3),
    ("bathtub", 1.7),
    ("bear", 2.0),
    ("beaver", 0.9),
    ("bed", 2.1),
    ("bee", 0.09),
    ("beetle", 0.09),
    ("bell", 0.3),
    ("bench", 1.7),
    ("bicycle", 1.8),
    ("bike", 1.8),
    ("bird", 0.3),
    ("bison", 2.8),
    ("blossom", 0.3),
    ("blowfish", 0.4),
    ("boat", 5.0),
    ("boar", 1.4),
    ("book", 0.3),
    ("books", 0.35),
    ("bookshelf", 1.9),
    ("bottle", 0.34),
    ("bouquet", 0.5),
    ("bowl", 0.32),
    ("box", 0.6),
    ("boy", 1.3),
    ("bread", 0.3),
    ("bridge", 14.0),
    ("bucket", 0.4),
    ("buffalo", 2.6),
    ("bug", 0.09),
    ("building", 18.0),
    ("bus", 9.0),
    ("bush", 1.3),
    ("butterfly", 0.12),
    ("cactus", 1.8),
    ("cake", 0.35),
    ("camel", 2.8),
    ("camera", 0.18),
    ("candle", 0.25),
    ("canoe", 4.0),
    ("car", 4.2),
    ("carrot", 0.22),
    ("castle", 26.0),
    ("cat", 0.5),
    ("chair", 1.0),
    ("cherries", 0.12),
    ("chick", 0.14),
    ("chicken", 0.42),
    ("chipmunk", 0.2),
    ("church", 18.0),
    ("city", 30.0),
    ("classical", 14.0),
    ("clock", 0.4),
    ("cloud", 6.0),
    ("coconut", 0.2),
    ("coffee", 0.16),
    ("computer", 0.6),
    ("cookie", 0.12),
    ("cottage", 8.0),
    ("couch", 1.9),
    ("cow", 2.2),
    ("crab", 0.25),
    ("crocodile", 3.2),
    ("crown", 0.3),
    ("cup", 0.14),
    ("cupcake", 0.14),
    ("daisy", 0.4),
    ("deer", 1.8),
    ("desk", 1.4),
    ("dinosaur", 6.0),
    ("dodo", 0.9),
    ("dog", 0.75),
    ("dolphin", 2.4),
    ("donkey", 1.9),
    ("door", 2.1),
    ("dove", 0.32),
    ("dragon", 6.0),
    ("drum", 0.5),
    ("duck", 0.4),
    ("eagle", 0.9),
    ("egg", 0.1),
    ("elephant", 4.0),
    ("ewe", 1.2),
    ("factory", 18.0),
    ("fairy", 1.0),
    ("fence", 4.2),
    ("ferry", 16.0),
    ("fire", 1.0),
    ("fireworks", 6.0),
    ("fish", 0.4),
    ("flag", 2.6),
    ("flamingo", 1.4),
    ("flower", 0.4),
    ("fly", 0.08),
    ("football", 0.32),
    ("fountain", 3.0),
    ("fox", 0.75),
    ("frame", 0.7),
    ("frog", 0.2),
    ("ghost", 1.2),
    ("giraffe", 4.6),
    ("girl", 1.3),
    ("glass", 0.18),
    ("glasses", 0.2),
    ("globe", 0.4),
    ("goat", 1.2),
    ("goose", 0.8),
    ("gorilla", 1.8),
    ("grapes", 0.2),
    ("grass", 0.4),
    ("guitar", 1.0),
    ("hamburger", 0.16),
    ("hamster", 0.15),
    ("hat", 0.3),
    ("heart", 0.6),
    ("hedge", 3.6),
    ("hedgehog", 0.22),
    ("helicopter", 9.0),
    ("hill", 24.0),
    ("hippopotamus", 3.4),
    ("honeybee", 0.09),
    ("horse", 2.3),
    ("hospital", 16.0),
    ("hotel", 18.0),
    ("house", 9.0),
    ("houses", 12.0),
    ("hut", 4.0),
    ("iceberg", 12.0),
    ("windmill", 12.0),
    ("pillow", 0.6),
    ("jellyfish", 0.5),
    ("kangaroo", 1.6),
    ("key", 0.14),
    ("kite", 1.0),
    ("kitten", 0.35),
    ("koala", 0.75),
    ("ladybug", 0.09),
    ("lamp", 0.7),
    ("lantern", 0.4),
    ("laptop", 0.36),
    ("leaf", 0.14),
    ("lemon", 0.14),
    ("leopard", 1.6),
    ("lighthouse", 22.0),
    ("lion", 1.9),
    ("lizard", 0.3),
    ("llama", 1.8),
    ("lobster", 0.4),
    ("locomotive", 8.0),
    ("logo", 0.6),
    ("lorry", 7.0),
    ("mammoth", 4.4),
    ("man", 1.8),
    ("meadow", 20.0),
    ("mermaid", 1.8),
    ("monkey", 0.8),
    ("moon", 4.5),
    ("mosque", 18.0),
    ("mosquito", 0.07),
    ("motorcycle", 2.1),
    ("motorway", 20.0),
    ("mountain", 46.0),
    ("mouse", 0.13),
    ("mug", 0.14),
    ("mushroom", 0.2),
    ("ocean", 30.0),
    ("octopus", 0.9),
    ("orange", 0.15),
    ("orangutan", 1.4),
    ("otter", 0.9),
    ("owl", 0.45),
    ("ox", 2.3),
    ("painting", 0.8),
    ("palm", 8.0),
    ("panda", 1.5),
    ("parachute", 4.0),
    ("parrot", 0.42),
    ("path", 12.0),
    ("peach", 0.15),
    ("peacock", 1.4),
    ("pear", 0.17),
    ("pencil", 0.2),
    ("penguin", 0.9),
    ("person", 1.75),
    ("phoenix", 1.4),
    ("piano", 1.5),
    ("pickup", 5.0),
    ("picture", 0.7),
    ("pig", 1.2),
    ("pigeon", 0.32),
    ("pine", 10.0),
    ("pineapple", 0.32),
    ("pirate", 1.8),
    ("pizza", 0.36),
    ("plane", 16.0),
    ("planet", 7.0),
    ("plant", 0.6),
    ("plate", 0.3),
    ("police", 4.6),
    ("pond", 9.0),
    ("poodle", 0.6),
    ("pot", 0.4),
    ("potted", 0.6),
    ("prince", 1.8),
    ("princess", 1.75),
    ("pumpkin", 0.4),
    ("puppy", 0.45),
    ("rabbit", 0.42),
    ("raccoon", 0.65),
    ("racing", 4.0),
    ("rainbow", 22.0),
    ("ram", 1.3),
    ("rat", 0.22),
    ("raven", 0.5),
    ("rhinoceros", 3.4),
    ("river", 16.0),
    ("road", 16.0),
    ("robot", 1.5),
    ("rock", 1.2),
    ("rocket", 9.0),
    ("rooster", 0.5),
    ("rose", 0.5),
    ("rug", 2.2),
    ("sailboat", 6.0),
    ("satellite", 4.0),
    ("sauropod", 8.0),
    ("school", 16.0),
    ("scooter", 1.7),
    ("seal", 1.6),
    ("shark", 3.4),
    ("sheep", 1.3),
    ("shelf", 1.1),
    ("shell", 0.16),
    ("ship", 18.0),
    ("shrimp", 0.12),
    ("sign", 1.6),
    ("skateboard", 0.8),
    ("skunk", 0.5),
    ("skyscraper", 34.0),
    ("sloth", 0.7),
    ("snail", 0.12),
    ("snake", 1.0),
    ("snowman", 1.8),
    ("soccer", 0.32),
    ("sofa", 2.0),
    ("speedboat", 6.0),
    ("spider", 0.1),
    ("squid", 0.8),
    ("squirrel", 0.3),
    ("stadium", 40.0),
    ("star", 1.4),
    ("statue", 14.0),
    ("strawberry", 0.12),
    ("streetlamp", 4.2),
    ("sun", 5.0),
    ("sunflower", 1.3),
    ("swan", 1.2),
    ("t-rex", 6.0),
    ("table", 1.5),
    ("taxi", 4.2),
    ("teapot", 0.24),
    ("teddy", 0.5),
    ("telephone", 0.25),
    ("telescope", 1.2),
    ("television", 0.9),
    ("tent", 3.0),
    ("tiger", 1.9),
    ("toucan", 0.5),
    ("tower", 22.0),
    ("tractor", 4.2),
    ("train", 14.0),
    ("tram", 10.0),
    ("tree", 9.0),
    ("trophy", 0.45),
    ("truck", 6.5),
    ("trumpet", 0.5),
    ("tulip", 0.4),
    ("turkey", 0.9),
    ("turtle", 0.5),
    ("ufo", 6.0),
    ("umbrella", 1.1),
    ("unicorn", 2.2),
    ("van", 4.8),
    ("vase", 0.5),
    ("violin", 0.6),
    ("volcano", 46.0),
    ("wall", 5.0),
    ("waterfall", 12.0),
    ("watermelon", 0.4),
    ("whale", 9.0),
    ("wheel", 14.0),
    ("window", 1.3),
    ("wizard", 1.8),
    ("wolf", 1.2),
    ("woman", 1.7),
    ("wolfhound", 0.9),
    ("worm", 0.12),
    ("yacht", 8.0),
    ("zebra", 2.2),
    ("zombie", 1.8),
];

const SKY: &[&str] = &[
    "airplane",
    "balloon",
    "balloons",
    "bat",
    "bee",
    "bird",
    "butterfly",
    "cloud",
    "comet",
    "crescent",
    "dove",
    "eagle",
    "fairy",
    "fireworks",
    "fly",
    "helicopter",
    "honeybee",
    "kite",
    "lightning",
    "meteor",
    "mosquito",
    "moon",
    "parachute",
    "phoenix",
    "plane",
    "planet",
    "rainbow",
    "raven",
    "rocket",
    "satellite",
    "saucer",
    "snowflake",
    "star",
    "stars",
    "sun",
    "sunset",
    "ufo",
];
const WATER: &[&str] = &[
    "blowfish",
    "dolphin",
    "fish",
    "jellyfish",
    "mermaid",
    "octopus",
    "seahorse",
    "shark",
    "shrimp",
    "squid",
    "whale",
    "lobster",
];
const AFLOAT: &[&str] = &[
    "boat",
    "canoe",
    "duck",
    "ferry",
    "iceberg",
    "sailboat",
    "ship",
    "speedboat",
    "swan",
    "yacht",
];
const TERRAIN: &[&str] = &[
    "hill",
    "mountain",
    "path",
    "pond",
    "river",
    "road",
    "rug",
    "volcano",
    "waterfall",
];
const WALL: &[&str] = &[
    "clock", "frame", "painting", "picture", "shelf", "window", "mirror",
];

/// Lower-case words of a name, last first: the head noun of an English compound stands last.
fn words(name: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter().rev()
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

/// Usual extent in metres of what a name says; `None` for words not in the table.
pub(crate) fn metres(name: &str) -> Option<f64> {
    words(name).find_map(|word| {
        [word.as_str(), singular(&word)].iter().find_map(|word| {
            METRES
                .iter()
                .find(|(known, _)| known == word)
                .map(|(_, metres)| *metres)
        })
    })
}

/// Where the thing of a name is at home; ground when nothing else is known.
pub(crate) fn habitat(name: &str) -> Habitat {
    let mut all = words(name);
    all.find_map(|word| {
        let known =
            |list: &[&str]| list.contains(&word.as_str()) || list.contains(&singular(&word));
        if known(TERRAIN) {
            Some(Habitat::Terrain)
        } else if known(WATER) {
            Some(Habitat::Water)
        } else if known(AFLOAT) {
            Some(Habitat::Afloat)
        } else if known(SKY) {
            Some(Habitat::Sky)
        } else if known(WALL) {
            Some(Habitat::Wall)
        } else {
            None
        }
    })
    .unwrap_or(Habitat::Ground)
}

/// A size as drawn for one in metres: compressed, so that a mouse beside a house is still seen.
pub(crate) fn compressed(metres: f64) -> f64 {
    metres.clamp(0.1, 30.0).powf(0.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_the_order_of_the_world() {
        let order = [
            "mouse", "cat", "fox", "woman", "horse", "car", "house", "mountain",
        ];
        let sizes: Vec<f64> = order
            .iter()
            .map(|name| compressed(metres(name).expect(name)))
            .collect();
        assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
        assert!(
            sizes[0] / sizes[6] > 0.1,
            "a mouse would vanish beside a house"
        );
    }

    #[test]
    fn the_head_noun_decides() {
        assert_eq!(metres("toy boat"), metres("boat"));
        assert_eq!(metres("boat house"), metres("house"));
        assert_eq!(habitat("tropical fish"), Habitat::Water);
        assert_eq!(habitat("two stars"), Habitat::Sky);
        assert_eq!(habitat("teapot"), Habitat::Ground);
    }
}
