//! Stage 1 alone: from words to a document, and from a document to text.

use std::hint::black_box;

use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_vector::WriteOptions;
use criterion::{Criterion, criterion_group, criterion_main};

const PROMPTS: [(&str, &str); 4] = [
    ("single", "an apple"),
    ("scene", "a red fox under a green tree at sunset"),
    (
        "crowd",
        "twelve sheep and three dogs behind a fence on a farm, a barn on a hill and five birds in the sky",
    ),
    (
        "street",
        "a yellow taxi and a bus in front of a tower in a city at night in the rain",
    ),
];

fn compose(criterion: &mut Criterion) {
    let vocabulary = Vocabulary::builtin();
    let options = ComposeOptions::default();
    for (name, prompt) in PROMPTS {
        criterion.bench_function(&format!("stage 1/compose {name}"), |bencher| {
            bencher.iter(|| compose_prompt(black_box(prompt), &vocabulary, &options));
        });
    }
    let document = compose_prompt(PROMPTS[1].1, &vocabulary, &options).document;
    criterion.bench_function("stage 1/write scene", |bencher| {
        bencher.iter(|| black_box(&document).to_svg(&WriteOptions::default()));
    });
}

criterion_group!(benches, compose);
criterion_main!(benches);
