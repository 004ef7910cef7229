//! English inflection: from a form to the base forms that it may have. The caller tries them
//! against the lexicon; a wrong candidate is harmless because no such word is known.

/// Plurals that no rule gives.
const IRREGULAR_PLURALS: &[(&str, &str)] = &[
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("persons", "person"),
    ("mice", "mouse"),
    ("lice", "louse"),
    ("geese", "goose"),
    ("teeth", "tooth"),
    ("feet", "foot"),
    ("oxen", "ox"),
    ("dice", "die"),
    ("cacti", "cactus"),
    ("fungi", "fungus"),
    ("octopi", "octopus"),
    ("hippopotami", "hippopotamus"),
    ("alumni", "alumnus"),
    ("nuclei", "nucleus"),
    ("pence", "penny"),
    ("kine", "cow"),
    ("brethren", "brother"),
    ("leaves", "leaf"),
    ("loaves", "loaf"),
    ("thieves", "thief"),
    ("sheaves", "sheaf"),
    ("crises", "crisis"),
    ("oases", "oasis"),
    ("axes", "axe"),
    ("vertices", "vertex"),
    ("matrices", "matrix"),
    ("aircraft", "aircraft"),
    ("criteria", "criterion"),
    ("larvae", "larva"),
    ("algae", "alga"),
    ("antennae", "antenna"),
];

/// Irregular forms of verbs that prompts use.
const IRREGULAR_VERBS: &[(&str, &str)] = &[
    ("sat", "sit"),
    ("stood", "stand"),
    ("lying", "lie"),
    ("lay", "lie"),
    ("tying", "tie"),
    ("dying", "die"),
    ("flew", "fly"),
    ("flown", "fly"),
    ("ran", "run"),
    ("swam", "swim"),
    ("held", "hold"),
    ("wore", "wear"),
    ("worn", "wear"),
    ("ate", "eat"),
    ("eaten", "eat"),
    ("drank", "drink"),
    ("rode", "ride"),
    ("ridden", "ride"),
    ("drove", "drive"),
    ("driven", "drive"),
    ("made", "make"),
    ("built", "build"),
    ("slept", "sleep"),
    ("fell", "fall"),
    ("fallen", "fall"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("hung", "hang"),
    ("wrote", "write"),
    ("written", "write"),
    ("drew", "draw"),
    ("drawn", "draw"),
    ("saw", "see"),
    ("seen", "see"),
    ("taken", "take"),
    ("took", "take"),
    ("given", "give"),
    ("shown", "show"),
    ("broken", "break"),
    ("frozen", "freeze"),
    ("stuck", "stick"),
    ("lit", "light"),
    ("left", "leave"),
    ("lost", "lose"),
    ("caught", "catch"),
    ("sang", "sing"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("sunk", "sink"),
    ("bitten", "bite"),
    ("hidden", "hide"),
    ("woven", "weave"),
    ("torn", "tear"),
    ("spun", "spin"),
    ("swept", "sweep"),
    ("fed", "feed"),
    ("met", "meet"),
];

/// Base forms that a plural may have, likeliest first.
pub(crate) fn singulars(word: &str) -> Vec<String> {
    if let Some((_, singular)) = IRREGULAR_PLURALS.iter().find(|(plural, _)| *plural == word) {
        return vec![(*singular).to_owned()];
    }
    let mut candidates = Vec::new();
    if !word.is_ascii() || word.len() < 3 {
        return candidates;
    }
    // "firemen", "snowmen", "grandchildren".
    for (plural, singular) in [
        ("women", "woman"),
        ("men", "man"),
        ("children", "child"),
        ("mice", "mouse"),
    ] {
        if let Some(stem) = word.strip_suffix(plural) {
            candidates.push(format!("{stem}{singular}"));
        }
    }
    let Some(stem) = word.strip_suffix('s') else {
        return candidates;
    };
    if stem.ends_with('s') {
        return candidates;
    }
    if let Some(shorter) = stem.strip_suffix("ie") {
        candidates.push(format!("{shorter}y"));
    }
    if let Some(shorter) = stem.strip_suffix("ve") {
        candidates.push(format!("{shorter}fe"));
        candidates.push(format!("{shorter}f"));
    }
    candidates.push(stem.to_owned());
    if let Some(shorter) = stem.strip_suffix('e') {
        candidates.push(shorter.to_owned());
        // "quizzes", "busses".
        if shorter.ends_with("zz") || shorter.ends_with("ss") {
            candidates.push(shorter[..shorter.len() - 1].to_owned());
        }
    }
    candidates
}

/// Base forms that a verb's form may have, likeliest first; the word itself is not among them.
pub(crate) fn verb_stems(word: &str) -> Vec<String> {
    if let Some((_, stem)) = IRREGULAR_VERBS.iter().find(|(form, _)| *form == word) {
        return vec![(*stem).to_owned()];
    }
    let mut candidates = Vec::new();
    if !word.is_ascii() || word.len() < 4 {
        return candidates;
    }
    for ending in ["ing", "ed"] {
        let Some(stem) = word.strip_suffix(ending) else {
            continue;
        };
        if stem.len() < 2 {
            continue;
        }
        if let Some(shorter) = stem.strip_suffix('i') {
            candidates.push(format!("{shorter}y"));
        }
        let bytes = stem.as_bytes();
        let doubled = bytes.len() >= 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2];
        if doubled {
            candidates.push(stem[..stem.len() - 1].to_owned());
        }
        candidates.push(stem.to_owned());
        candidates.push(format!("{stem}e"));
    }
    if word.ends_with('s') {
        candidates.extend(singulars(word));
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(candidates: &[String], expected: &str) {
        assert!(
            candidates.iter().any(|candidate| candidate == expected),
            "{expected} not in {candidates:?}"
        );
    }

    #[test]
    fn plurals() {
        for (plural, singular) in [
            ("cats", "cat"),
            ("foxes", "fox"),
            ("berries", "berry"),
            ("wolves", "wolf"),
            ("knives", "knife"),
            ("leaves", "leaf"),
            ("children", "child"),
            ("firemen", "fireman"),
            ("women", "woman"),
            ("potatoes", "potato"),
            ("houses", "house"),
            ("buses", "bus"),
            ("sloths", "sloth"),
            ("cookies", "cookie"),
            ("mice", "mouse"),
            ("horses", "horse"),
        ] {
            check(&singulars(plural), singular);
        }
    }

    #[test]
    fn words_that_are_no_plurals_have_no_singular() {
        for word in ["glass", "dress", "s", "ss", "", "ы", "is"] {
            assert!(singulars(word).is_empty(), "{word}: {:?}", singulars(word));
        }
    }

    #[test]
    fn verbs() {
        for (form, stem) in [
            ("sitting", "sit"),
            ("riding", "ride"),
            ("holding", "hold"),
            ("flies", "fly"),
            ("carried", "carry"),
            ("stood", "stand"),
            ("lying", "lie"),
            ("jumps", "jump"),
            ("reading", "read"),
        ] {
            check(&verb_stems(form), stem);
        }
    }
}
