//! `bench_scene SCENE.svg... TARGET.png [--threads N] [--iterations N] [--json | --table]`
//!
//! Milliseconds (medians) for a forward pass, a backward pass, and a whole
//! optimisation step (forward, loss, backward, Adam), next to the time that
//! tiny-skia takes to render the same scene once on one thread. All four are
//! measured in turns within the same loop, so that a machine that is busy or
//! slow is so for all. `--json` prints a line for each scene; `--table` a
//! Markdown row for each, on one thread and on two. Of several scenes, each is
//! measured in a process of its own, so that none finds what another has warmed up.

mod adam;
mod memory;
mod reference;
mod svg;

use std::process::ExitCode;
use std::time::Instant;

use adam::Adam;
use chat2svg_diffraster::{Image, Renderer, Scene, SceneError};
use reference::Reference;
use serde_json::Value;

struct Options {
    scenes: Vec<String>,
    target: String,
    threads: usize,
    iterations: usize,
    json: bool,
    table: bool,
}

fn main() -> ExitCode {
    match options().and_then(|o| run(&o)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench_scene: {message}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut files = Vec::new();
    let (mut threads, mut iterations, mut json, mut table) = (1, 200, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || -> Result<usize, String> {
            let value = arguments
                .next()
                .ok_or(format!("{argument} needs a number"))?;
            value
                .parse()
                .map_err(|_| format!("{argument}: '{value}' is not a number"))
        };
        match argument.as_str() {
            "--threads" => threads = number()?.max(1),
            "--iterations" => iterations = number()?.max(1),
            "--json" => json = true,
            "--table" => table = true,
            _ => files.push(argument),
        }
    }
    let usage = "usage: bench_scene SCENE.svg... TARGET.png [--threads N] [--iterations N] [--json | --table]";
    let target = files.pop().ok_or(usage)?;
    if files.is_empty() {
        return Err(usage.into());
    }
    Ok(Options {
        scenes: files,
        target,
        threads,
        iterations,
        json,
        table,
    })
}

fn run(options: &Options) -> Result<(), String> {
    if options.table {
        return print_table(options);
    }
    let report = match options.scenes.as_slice() {
        [scene] => measure(options, scene)?,
        scenes => {
            for scene in scenes {
                let report = measure_apart(options, scene, options.threads)?;
                println!("{report}");
            }
            return Ok(());
        }
    };
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

/// Measures a scene in a process of its own.
fn measure_apart(options: &Options, scene: &str, threads: usize) -> Result<Value, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = std::process::Command::new(own)
        .args([scene, &options.target, "--json"])
        .args(["--threads", &threads.to_string()])
        .args(["--iterations", &options.iterations.to_string()])
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
}

fn print_table(options: &Options) -> Result<(), String> {
    println!(
        "| scene | tiny-skia | step, 1 thread | ratio: least, median | step, 2 threads | ratio: least, median | memory, MiB | bytes per visible pixel | mean, largest difference of 255 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for scene in &options.scenes {
        let one = measure_apart(options, scene, 1)?;
        let two = measure_apart(options, scene, 2)?;
        let number = |report: &Value, key: &str| report[key].as_f64().unwrap_or(f64::NAN);
        let ratios = |report: &Value| {
            let least = number(report, "step_min_ms") / number(report, "tiny_skia_min_ms");
            format!("{least:.2}, {:.2}", number(report, "step_per_tiny_skia"))
        };
        println!(
            "| {} | {:.2} | {:.2} | {} | {:.2} | {} | {:.1} | {:.0} | {:.2}, {:.0} |",
            std::path::Path::new(scene)
                .file_stem()
                .map_or(scene.into(), |stem| stem.to_string_lossy()),
            number(&one, "tiny_skia_min_ms"),
            number(&one, "step_min_ms"),
            ratios(&one),
            number(&two, "step_min_ms"),
            ratios(&two),
            number(&one, "step_rss_kib") / 1024.0,
            number(&one, "step_bytes_per_visible_pixel"),
            number(&one, "resvg_mean_difference_of_255"),
            number(&one, "resvg_largest_difference_of_255"),
        );
    }
    Ok(())
}

fn measure(options: &Options, path: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let mut scene = svg::read(&text)?;
    let target = load_target(&options.target, &scene)?;
    let (step_memory, renderer) = memory::growth(|| {
        let mut renderer = Renderer::new(options.threads);
        let step = renderer.forward_backward_mse(&scene, &target).map(|_| ());
        step.map(|()| renderer)
    });
    let mut renderer = renderer.map_err(|e| e.to_string())?;
    let reports = renderer
        .inspect(&scene, None, 0.0)
        .map_err(|e| e.to_string())?;
    let visible: f64 = reports.nodes.iter().map(|n| n.visible).sum();
    let mut adam = Adam::new(&mut scene);
    let mut drawn = Reference::new(&scene).ok_or("the scene has no size")?;

    let (mean, largest) = difference_from_resvg(&text, renderer.forward(&scene))?;
    let mut forward = Vec::new();
    let mut backward = Vec::new();
    let mut step = Vec::new();
    let mut reference = Vec::new();
    let start = scene.clone();
    // The step's scene is another one, by a thousandth of a pixel: what the
    // renderer knows of the scene before must be of no use to it.
    let mut shifted = scene.clone();
    shifted.view.offset = [1e-3; 2];
    let mut first_loss = None;
    let mut loss = 0.0;
    for _ in 0..options.iterations {
        // Timed on the scene as given: what is compared must be the same.
        reference.push(timed(|| drawn.render()).0);
        forward.push(timed(|| renderer.forward(&start).map(|_| ())).0);
        let (time, result) = timed(|| renderer.backward(&start, &target).map(|_| ()));
        result.map_err(|e| e.to_string())?;
        backward.push(time);
        let mut trial = shifted.clone();
        let (time, result) = timed(|| {
            let (_, gradient) = renderer.forward_backward_mse(&trial, &target)?;
            adam.step(&mut trial, gradient);
            Ok::<_, SceneError>(())
        });
        result.map_err(|e| e.to_string())?;
        step.push(time);
    }
    // And a real descent, to show that the steps are worth something.
    let mut adam = Adam::new(&mut scene);
    for _ in 0..options.iterations {
        let (value, gradient) = renderer
            .forward_backward_mse(&scene, &target)
            .map_err(|e| e.to_string())?;
        adam.step(&mut scene, gradient);
        loss = value;
        first_loss.get_or_insert(value);
    }
    Ok(serde_json::json!({
        "scene": path,
        "width": scene.width,
        "height": scene.height,
        "paths": scene.nodes.len(),
        "threads": options.threads,
        "iterations": options.iterations,
        "forward_ms": median(&mut forward),
        "backward_ms": median(&mut backward),
        "step_ms": median(&mut step),
        "tiny_skia_ms": median(&mut reference),
        "step_per_tiny_skia": median(&mut step) / median(&mut reference),
        "step_min_ms": step[0],
        "tiny_skia_min_ms": reference[0],
        "resvg_mean_difference_of_255": mean,
        "resvg_largest_difference_of_255": largest,
        "first_loss": first_loss,
        "last_loss": loss,
        "peak_rss_kib": memory::peak(),
        "step_rss_kib": step_memory,
        "visible_pixels": visible,
        "step_bytes_per_visible_pixel": 1024.0 * step_memory as f64 / visible,
    }))
}

/// Mean and largest difference from resvg's rendering of the file, in 255ths.
fn difference_from_resvg(
    text: &str,
    own: Result<&Image, SceneError>,
) -> Result<(f64, f64), String> {
    let own = own.map_err(|e| e.to_string())?;
    let tree = resvg::usvg::Tree::from_str(text, &resvg::usvg::Options::default())
        .map_err(|e| e.to_string())?;
    let mut pixmap =
        tiny_skia::Pixmap::new(own.width, own.height).ok_or("the scene has no size")?;
    resvg::render(
        &tree,
        tiny_skia::Transform::identity(),
        &mut pixmap.as_mut(),
    );
    let (mut sum, mut largest) = (0.0f64, 0.0f64);
    for (a, b) in own.data.iter().zip(pixmap.data()) {
        let d = (f64::from(*a) * 255.0 - f64::from(*b)).abs();
        sum += d;
        largest = largest.max(d);
    }
    Ok((sum / own.data.len() as f64, largest))
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn load_target(path: &str, scene: &Scene) -> Result<Image, String> {
    let picture = image::open(path).map_err(|e| format!("{path}: {e}"))?;
    let picture = picture.resize_exact(
        scene.width,
        scene.height,
        image::imageops::FilterType::Triangle,
    );
    Image::from_rgba8(scene.width, scene.height, &picture.to_rgba8())
        .ok_or_else(|| format!("{path}: unexpected size"))
}
