//! Prompts in other languages mean what the same prompt means in English.

use std::fmt::Write as _;

use super::super::understand;
use crate::embedded::lookup::Vocabulary;
use crate::embedded::scene::{SceneDescription, SizeClass};

/// Prompts, beside the English for them.
const PROMPTS: &str = include_str!("prompts.tsv");
/// States the figures.
const README: &str = include_str!("../../../../README.md");

/// The languages, by the code in the list.
const LANGUAGES: [(&str, &str); 14] = [
    ("de", "German"),
    ("fr", "French"),
    ("es", "Spanish"),
    ("pt", "Portuguese"),
    ("it", "Italian"),
    ("nl", "Dutch"),
    ("pl", "Polish"),
    ("ru", "Russian"),
    ("tr", "Turkish"),
    ("zh", "Chinese"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("ar", "Arabic"),
    ("hi", "Hindi"),
];
/// Prompts a language.
const EACH: usize = 20;
/// Prompts of them that have to mean what the English one means, in all respects.
const LEAST: usize = 18;

/// What a prompt says, by respect; each statement is compared as text.
struct Essence {
    nouns: Vec<String>,
    colors: Vec<String>,
    numbers: Vec<String>,
    relations: Vec<String>,
    settings: Vec<String>,
    sizes: Vec<String>,
}

impl Essence {
    fn of(scene: &SceneDescription) -> Self {
        let objects = || scene.objects.iter();
        let name = |index: usize| scene.objects.get(index).map_or("?", |o| o.art.name());
        let setting = &scene.setting;
        let settings = [
            setting.place.map(|place| format!("{place:?}")),
            setting.time.map(|time| format!("{time:?}")),
            setting.weather.map(|weather| format!("{weather:?}")),
        ];
        let ruled_out = scene
            .without
            .iter()
            .map(|thing| format!("no {}", thing.noun));
        Self {
            nouns: sorted(objects().map(|o| o.art.name().to_owned())),
            colors: sorted(objects().filter_map(|o| {
                let color = o.color?;
                Some(format!("{color:?} {}", o.art.name()))
            })),
            numbers: sorted(
                objects()
                    .filter(|o| o.count > 1)
                    .map(|o| format!("{} {}", o.count, o.art.name())),
            ),
            relations: sorted(scene.relations.iter().map(|relation| {
                let [subject, reference] = [relation.subject, relation.reference];
                format!(
                    "{} {:?} {}",
                    name(subject.0),
                    relation.kind,
                    name(reference.0)
                )
            })),
            settings: sorted(settings.into_iter().flatten().chain(ruled_out)),
            sizes: sorted(
                objects()
                    .filter(|o| o.size != SizeClass::Usual)
                    .map(|o| format!("{:?} {}", o.size, o.art.name())),
            ),
        }
    }

    fn respects(&self) -> [&[String]; 6] {
        [
            &self.nouns,
            &self.colors,
            &self.numbers,
            &self.relations,
            &self.settings,
            &self.sizes,
        ]
    }
}

fn sorted(statements: impl Iterator<Item = String>) -> Vec<String> {
    let mut statements: Vec<String> = statements.collect();
    statements.sort();
    statements
}

/// How many statements of one are in the other, each once.
fn in_both(wanted: &[String], found: &[String]) -> usize {
    let mut left = found.to_vec();
    let mut met = 0;
    for statement in wanted {
        if let Some(at) = left.iter().position(|other| other == statement) {
            left.swap_remove(at);
            met += 1;
        }
    }
    met
}

/// The row of a language in the table of the README, how many prompts are alike in all respects,
/// and what the others say.
fn figures(code: &str, language: &str, vocabulary: &Vocabulary) -> (String, usize, String) {
    let mut counts = [(0, 0); 6];
    let (mut all, mut alike, mut wrong) = (0, 0, String::new());
    for row in PROMPTS.lines().filter(|row| !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let &[english, prompt, of] = cells.as_slice() else {
            panic!("{row:?} has not three cells");
        };
        if of != code {
            continue;
        }
        all += 1;
        let scene = understand(prompt, vocabulary);
        let wanted = Essence::of(&understand(english, vocabulary));
        let found = Essence::of(&scene);
        for (count, (wanted, found)) in counts
            .iter_mut()
            .zip(wanted.respects().into_iter().zip(found.respects()))
        {
            count.0 += in_both(wanted, found);
            count.1 += wanted.len();
        }
        if wanted.respects() == found.respects() {
            alike += 1;
        } else {
            let _ = writeln!(
                wrong,
                "{prompt}\n  wanted {:?}\n  found  {:?} ! {:?}",
                wanted.respects().concat(),
                found.respects().concat(),
                scene.undrawn
            );
        }
    }
    assert_eq!(all, EACH, "prompts in {language}");
    let mut line = format!("| {language} | {alike} of {all} |");
    for (met, wanted) in counts {
        let _ = write!(line, " {met} of {wanted} |");
    }
    (line, alike, wrong)
}

#[test]
fn a_prompt_means_what_it_means_in_english() {
    let vocabulary = Vocabulary::builtin();
    let (mut table, mut low, mut stale) = (String::new(), String::new(), false);
    for (code, language) in LANGUAGES {
        let (line, alike, wrong) = figures(code, language, &vocabulary);
        let _ = writeln!(table, "{line}");
        stale |= !README.lines().any(|row| row == line);
        println!("{language}\n{wrong}");
        if alike < LEAST {
            low.push_str(&wrong);
        }
    }
    assert!(
        low.is_empty(),
        "fewer than {LEAST} prompts are alike:\n{low}"
    );
    assert!(!stale, "the table of the README should say\n{table}");
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
