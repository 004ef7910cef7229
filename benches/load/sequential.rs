//! What the service replaces, as a yardstick: each stage a process of its own that reads and writes
//! files, one request after another.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use chat2svg_detail::{DetailConfig, enhance};
use chat2svg_fit::{FitOptions, refine};
use chat2svg_optimize::OptimizeConfig;
use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_stop::Stop;
use chat2svg_template::{
    best_of,
    embedded::{ComposeOptions, Vocabulary},
};
use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, WriteOptions};

use crate::{Options, arrivals, prompt, rank};

/// A stage that is a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Step {
    Template,
    Detail,
    Optimize,
}

impl Step {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Template, "template"),
        (Self::Detail, "detail"),
        (Self::Optimize, "optimize"),
    ];
}

/// Serves the arrivals of each rate, and prints a row for it.
pub(crate) fn run(options: &Options) {
    println!("| jobs/s | in time | late | p50, p99 ms | files a job | peak RSS of a stage, MB |");
    println!("|---|---|---|---|---|---|");
    for rate in &options.rates {
        let arrivals = arrivals(*rate, options.seconds);
        let due = options.deadline_ms as f64 / 1000.0 * 1.05;
        let started = Instant::now();
        let (mut latencies, mut files, mut memory) = (Vec::new(), 0, 0);
        for (number, at) in arrivals.iter().enumerate() {
            let begins = Duration::from_secs_f64(*at);
            std::thread::sleep(begins.saturating_sub(started.elapsed()));
            let folder = tempfile::tempdir().unwrap();
            for (_, name) in Step::ALL {
                let output = Command::new(std::env::current_exe().unwrap())
                    .args(["--stage", name, "--prompt", &prompt(number), "--folder"])
                    .arg(folder.path())
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{output:?}");
                let peak = String::from_utf8_lossy(&output.stdout);
                memory = memory.max(peak.trim().parse::<u64>().unwrap_or(0));
            }
            files += fs::read_dir(folder.path()).unwrap().count();
            latencies.push(started.elapsed().as_secs_f64() - at);
        }
        latencies.sort_by(f64::total_cmp);
        let in_time = latencies.iter().filter(|seconds| **seconds <= due).count();
        println!(
            "| {rate} | {in_time} of {} | {} | {:.0}, {:.0} | {:.0} | {} |",
            latencies.len(),
            latencies.len() - in_time,
            1000.0 * rank(&latencies, 0.5),
            1000.0 * rank(&latencies, 0.99),
            files as f64 / latencies.len().max(1) as f64,
            memory >> 10,
        );
    }
}

/// Does the work of one stage, at level high, as the service's stages do it.
pub(crate) fn work(step: Step, folder: &Path, prompt: &str) {
    let level = ResourceLevel::High;
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let document = |name: &str| {
        let parsed = Document::parse(&read(name), &ParseLimits::for_own_output());
        parsed.unwrap().document
    };
    let write = |name: &str, document: &Document| {
        let svg = document.to_svg(&WriteOptions::default());
        fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
        let raster = document.render(512, 512, Some(Color::WHITE)).unwrap();
        fs::write(
            folder.join(format!("{name}.png")),
            raster.encode_png().unwrap(),
        )
        .unwrap();
    };
    match step {
        Step::Template => {
            let options = ComposeOptions::default();
            let words = Vocabulary::builtin();
            let choice = best_of(1, prompt, &words, &options, &Stop::never(), &|_, _| ());
            write("template", &choice.composition.document);
            let style = choice.composition.style.name();
            fs::write(folder.join("style.txt"), style).unwrap();
        }
        Step::Detail => {
            let name = String::from_utf8(read("style.txt")).unwrap();
            let style: Style = serde_json::from_value(name.into()).unwrap();
            let config = DetailConfig::default();
            let parameters = config.levels.get(level);
            let enhanced = enhance(&document("template.svg"), style, parameters, &Stop::never());
            let enhanced = enhanced.unwrap();
            write("detailed", &enhanced.document);
            fs::write(
                folder.join("target.png"),
                enhanced.target.encode_png().unwrap(),
            )
            .unwrap();
        }
        Step::Optimize => {
            let limits = DecodeLimits::default();
            let target = Raster::decode(&read("target.png"), &limits).unwrap();
            let config = OptimizeConfig::default();
            let budget = config.levels.get(level);
            let options = FitOptions {
                paths: (budget.paths > 0).then_some(budget.paths),
                iterations: budget.polish_iterations,
                allow_topology: false,
                allow_gradients: true,
                threads: 2,
                max_side: budget.max_side,
                is_in_place: true,
                ..FitOptions::default()
            };
            let fitted = refine(&document("detailed.svg"), &target, &options, &mut ()).unwrap();
            write("optimized", &fitted.document);
        }
    }
    // The most memory that this process had, in KiB, for the one that started it.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!(
        "{}",
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or("0")
    );
}
