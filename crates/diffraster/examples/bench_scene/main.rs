//! `bench_scene SCENE.svg TARGET.png [--threads N] [--iterations N] [--json]`
//!
//! Milliseconds (medians) for a forward pass, a backward pass, and a whole
//! optimisation step (forward, loss, backward, Adam), next to the time that
//! tiny-skia takes to render the same scene once on one thread. All four are
//! measured in turns within the same loop, so that a machine that is busy or
//! slow is so for all.

mod adam;
mod reference;
mod svg;

use std::process::ExitCode;
use std::time::Instant;

use adam::Adam;
use chat2svg_diffraster::{Image, Renderer, Scene, SceneError};
use reference::Reference;

struct Options {
    scene: String,
    target: String,
    threads: usize,
    iterations: usize,
    json: bool,
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
    let (mut threads, mut iterations, mut json) = (1, 200, false);
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
            _ => files.push(argument),
        }
    }
    let [scene, target]: [String; 2] = files.try_into().map_err(
        |_| "usage: bench_scene SCENE.svg TARGET.png [--threads N] [--iterations N] [--json]",
    )?;
    Ok(Options {
        scene,
        target,
        threads,
        iterations,
        json,
    })
}

fn run(options: &Options) -> Result<(), String> {
    let text =
        std::fs::read_to_string(&options.scene).map_err(|e| format!("{}: {e}", options.scene))?;
    let mut scene = svg::read(&text)?;
    let target = load_target(&options.target, &scene)?;
    let memory_before = peak_memory();
    let mut renderer = Renderer::new(options.threads);
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
    let memory = peak_memory().saturating_sub(memory_before);
    let report = serde_json::json!({
        "scene": options.scene,
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
        "peak_rss_kib": peak_memory(),
        "peak_rss_above_start_kib": memory,
    });
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
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

/// Peak resident memory of the process in KiB; 0 where it cannot be told.
fn peak_memory() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| {
            let line = s.lines().find(|l| l.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}
