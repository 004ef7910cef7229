//! How much of the prompts of a file the embedded composer can draw.
//!
//! `cargo run --release -p chat2svg-template --example composer_report -- FILE.tsv [--each]
//! [--library FOLDER]`
//!
//! With `--each` every prompt's scene is printed; with `--library` a folder of SVG files stands
//! beside the built-in pictures.
//!
//! The file is tab-separated with a header that has `Prompt`, and, if wanted, `Category` and
//! `Challenge`. What counts: a *concrete noun* is a noun that was drawn, drawn as a stand-in, or
//! decided the setting, and every word left over that no rule says to be something else. The rules
//! are those of the composer's own lexicon: listed ideas and endings like "-ness" (ideas), listed
//! adjectives and endings like "-ful" (qualities), verbs (actions), looks that no style serves, and
//! unknown words with a capital in a sentence's middle (names). Every other unknown word counts as
//! a concrete noun missed. Names are left out of the concrete nouns, and shown on their own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat2svg_template::embedded::language::{Coverage, Reading, Undrawn, read};
use chat2svg_template::embedded::lookup::{LibraryError, LibraryLimits, Precedence};
use chat2svg_template::embedded::{ArtLibrary, Vocabulary};

#[derive(Default)]
struct Tally {
    prompts: usize,
    complete: usize,
    drawn: usize,
    stand_ins: usize,
    missed: usize,
    names: usize,
}

impl Tally {
    fn add(&mut self, reading: &Reading) {
        let count = |coverage: Coverage| {
            reading
                .word_coverage
                .iter()
                .filter(|word| word.coverage == coverage)
                .count()
        };
        let missed = count(Coverage::Undrawn(Undrawn::Thing));
        self.prompts += 1;
        self.complete += usize::from(
            missed == 0 && count(Coverage::Undrawn(Undrawn::Name)) == 0 && !reading.is_emblem,
        );
        self.drawn += count(Coverage::Drawn) + count(Coverage::Scene);
        self.stand_ins += count(Coverage::StandIn);
        self.missed += missed;
        self.names += count(Coverage::Undrawn(Undrawn::Name));
    }

    fn row(&self, name: &str) -> String {
        let nouns = self.drawn + self.stand_ins + self.missed;
        format!(
            "{name:<22}{:>8}{:>11.1} %{nouns:>8}{:>9.1} %{:>12.1} %{:>8}",
            self.prompts,
            percent(self.complete, self.prompts),
            percent(self.drawn + self.stand_ins, nouns),
            percent(self.stand_ins, nouns),
            self.names,
        )
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = arguments.first() else {
        eprintln!("usage: composer_report FILE.tsv [--each] [--library FOLDER]");
        return ExitCode::from(2);
    };
    let each = arguments.iter().any(|argument| argument == "--each");
    let folder = arguments
        .iter()
        .position(|argument| argument == "--library")
        .and_then(|at| arguments.get(at + 1));
    let started = Instant::now();
    let vocabulary = match folder.map(|folder| load_library(Path::new(folder))) {
        None => Vocabulary::builtin(),
        Some(Ok(library)) => Vocabulary::with_library(Arc::new(library), Precedence::default()),
        Some(Err(error)) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let load = started.elapsed();
    match std::fs::read_to_string(path) {
        Ok(text) => report(&text, each, &vocabulary, load),
        Err(error) => {
            eprintln!("cannot read {path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load_library(folder: &Path) -> Result<ArtLibrary, LibraryError> {
    let (library, warnings) = ArtLibrary::load(folder, LibraryLimits::default())?;
    for warning in warnings.iter().take(10) {
        eprintln!("{}: {}", warning.path.display(), warning.reason);
    }
    eprintln!("{} pictures, {} left out", library.len(), warnings.len());
    Ok(library)
}

fn report(text: &str, each: bool, vocabulary: &Vocabulary, load: Duration) -> ExitCode {
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        columns
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name))
    };
    let Some(prompt_column) = column("Prompt") else {
        eprintln!("the first line has no column named Prompt");
        return ExitCode::FAILURE;
    };
    let mut all = Tally::default();
    let mut groups: [BTreeMap<String, Tally>; 2] = Default::default();
    let mut undrawn: [BTreeMap<String, usize>; 5] = Default::default();
    let mut slowest = Duration::ZERO;
    let started = Instant::now();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let prompt = fields.get(prompt_column).copied().unwrap_or_default();
        let began = Instant::now();
        let reading = read(prompt, vocabulary);
        slowest = slowest.max(began.elapsed());
        all.add(&reading);
        for (groups, name) in groups.iter_mut().zip(["Category", "Challenge"]) {
            if let Some(value) = column(name).and_then(|index| fields.get(index)) {
                groups.entry((*value).to_owned()).or_default().add(&reading);
            }
        }
        for word in &reading.word_coverage {
            let list = match word.coverage {
                Coverage::Undrawn(Undrawn::Thing) => 0,
                Coverage::Undrawn(Undrawn::Name) => 1,
                Coverage::Undrawn(Undrawn::Idea | Undrawn::Look) => 2,
                Coverage::Undrawn(Undrawn::Action) => 3,
                Coverage::Undrawn(Undrawn::Quality) => 4,
                _ => continue,
            };
            *undrawn[list].entry(word.text.to_lowercase()).or_default() += 1;
        }
        if each {
            print_reading(prompt, &reading);
        }
    }
    let elapsed = started.elapsed();

    println!(
        "{:<22}{:>8}{:>13}{:>8}{:>11}{:>14}{:>8}",
        "", "prompts", "all drawn", "nouns", "drawn", "as stand-in", "names"
    );
    println!("{}", all.row("all"));
    for group in &groups {
        println!();
        for (name, tally) in group {
            println!("{}", tally.row(name));
        }
    }
    let titles = ["things", "names", "ideas and looks", "actions", "qualities"];
    for (title, words) in titles.iter().zip(&undrawn) {
        let mut words: Vec<_> = words.iter().collect();
        words.sort_by_key(|(word, count)| (usize::MAX - **count, word.as_str()));
        let shown: Vec<String> = words
            .iter()
            .take(120)
            .map(|(word, count)| format!("{word} {count}"))
            .collect();
        println!("\nundrawn {title}: {}", shown.join(", "));
    }
    println!(
        "\nfirst load {:.1} ms; a prompt {:.0} µs on average, {:.0} µs at most",
        load.as_secs_f64() * 1e3,
        elapsed.as_secs_f64() * 1e6 / all.prompts.max(1) as f64,
        slowest.as_secs_f64() * 1e6
    );
    ExitCode::SUCCESS
}

fn print_reading(prompt: &str, reading: &Reading) {
    let scene = &reading.scene;
    println!("{prompt}");
    println!("  {:?} style {:?}", scene.setting, scene.style);
    for (index, object) in scene.objects.iter().enumerate() {
        println!(
            "  {index}: {} × \"{}\" {:?} {:?} {:?} {:?} {:?} {:?}",
            object.count,
            object.label,
            object.art,
            object.color.map(chat2svg_vector::Color::to_rgb8),
            object.material,
            object.size,
            object.text,
            object.stance
        );
    }
    for relation in &scene.relations {
        println!(
            "  {} {:?} {} {:?}",
            relation.subject.0, relation.kind, relation.reference.0, relation.second_reference
        );
    }
    println!("  undrawn {:?}\n", scene.undrawn);
}
