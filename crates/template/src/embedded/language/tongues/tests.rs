//! Prompts in other languages mean what the same prompt means in English.

use std::collections::BTreeMap;

use super::super::understand;
use crate::embedded::lookup::Vocabulary;

/// Prompts, beside the English for them.
const PROMPTS: &str = include_str!("prompts.tsv");

#[test]
fn a_prompt_means_what_it_means_in_english() {
    let vocabulary = Vocabulary::builtin();
    let mut languages: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for row in PROMPTS.lines().filter(|row| !row.starts_with('#')) {
        let mut cells = row.split('\t');
        let (Some(english), Some(prompt), Some(language)) =
            (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let (all, wrong) = languages.entry(language).or_default();
        *all += 1;
        let (wanted, found) = (
            understand(english, &vocabulary),
            understand(prompt, &vocabulary),
        );
        let essence = |scene: &crate::embedded::scene::SceneDescription| {
            let mut objects: Vec<String> = scene
                .objects
                .iter()
                .map(|object| format!("{}×{}{:?}", object.count, object.art.name(), object.color))
                .collect();
            objects.sort();
            let mut relations: Vec<String> = scene
                .relations
                .iter()
                .filter_map(|relation| {
                    let name = |index: usize| Some(scene.objects.get(index)?.art.name());
                    Some(format!(
                        "{} {:?} {}",
                        name(relation.subject.0)?,
                        relation.kind,
                        name(relation.reference.0)?
                    ))
                })
                .collect();
            relations.sort();
            (objects, relations, scene.setting.place, scene.setting.time)
        };
        if essence(&wanted) != essence(&found) {
            wrong.push(format!(
                "{prompt}\n  wanted {:?}\n  found  {:?} ! {:?}",
                essence(&wanted),
                essence(&found),
                found.undrawn
            ));
        }
    }
    assert_eq!(languages.len(), 14);
    for (language, (all, wrong)) in languages {
        assert!(wrong.len() * 10 <= all, "{language}: {}", wrong.join("\n"));
    }
}

#[test]
fn english_is_left_alone() {
    let vocabulary = Vocabulary::builtin();
    for prompt in [
        "a red fox under a green tree",
        "a frobnicator on a table",
        "zxcvb qwerty",
        "a man with a gato tattoo",
    ] {
        let (tokens, _) = super::super::tokens::tokenize(prompt);
        assert_eq!(
            super::translate(tokens.clone(), &vocabulary),
            tokens,
            "{prompt}"
        );
    }
}
