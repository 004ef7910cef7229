//! How large things usually are, and where they are at home. Figures are rough: they order things
//! and set proportions, no more.

mod tables;

use tables::{AFLOAT, METRES, SKY, TERRAIN, WALL, WATER};

/// Where a thing is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habitat {
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
