//! `bench_scene SCENE.svg TARGET.png [--threads N] [--iterations N] [--json]`
//!
//! Milliseconds (medians) for a forward pass, a backward pass, and a whole
//! optimisation step (forward, loss, backward, Adam), next to the time that
//! tiny-skia takes to render the same scene once on one thread. All four are
//! measured in turns within the same loop, so that a machine that is busy or
//! slow is so for all.

mod svg;

use std::process::ExitCode;
use std::time::Instant;

use chat2svg_diffraster::{Fill, FillRule, Image, Node, Outline, Paint, Renderer, Scene, Verb};
use tiny_skia as ts;

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
    let fills = tiny_skia_scene(&scene);
    let mut pixmap = ts::Pixmap::new(scene.width, scene.height).ok_or("the scene has no size")?;

    let mut forward = Vec::new();
    let mut backward = Vec::new();
    let mut step = Vec::new();
    let mut reference = Vec::new();
    let start = scene.clone();
    let mut first_loss = None;
    let mut loss = 0.0;
    for _ in 0..options.iterations {
        // Timed on the scene as given: what is compared must be the same.
        reference.push(timed(|| render_reference(&start, &fills, &mut pixmap)).0);
        forward.push(timed(|| renderer.forward(&start).map(|_| ())).0);
        let (time, result) = timed(|| renderer.backward(&start, &target).map(|_| ()));
        result.map_err(|e| e.to_string())?;
        backward.push(time);
        let mut trial = start.clone();
        let (time, result) = timed(|| {
            let (_, gradient) = renderer.forward_backward_mse(&trial, &target)?;
            adam.step(&mut trial, gradient);
            Ok::<_, chat2svg_diffraster::SceneError>(())
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

/// Adam (Kingma and Ba 2015) with one rate for points and one for the rest.
struct Adam {
    values: Vec<f32>,
    rates: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    decay: [f32; 2],
}

impl Adam {
    fn new(scene: &mut Scene) -> Self {
        let layout = chat2svg_diffraster::Layout::of(scene);
        let mut rates = vec![0.01; layout.len];
        for node in &layout.nodes {
            rates[node.points.clone()].fill(0.5);
        }
        let mut values = Vec::new();
        scene.read_parameters(&mut values);
        Self {
            first: vec![0.0; layout.len],
            second: vec![0.0; layout.len],
            decay: [1.0; 2],
            values,
            rates,
        }
    }

    fn step(&mut self, scene: &mut Scene, gradient: &[f32]) {
        const B1: f32 = 0.9;
        const B2: f32 = 0.999;
        self.decay = [self.decay[0] * B1, self.decay[1] * B2];
        let k1 = 1.0 / (1.0 - self.decay[0]);
        let k2 = 1.0 / (1.0 - self.decay[1]);
        let state = self.first.iter_mut().zip(&mut self.second);
        let values = self.values.iter_mut().zip(&self.rates);
        for (((m, v), (x, rate)), g) in state.zip(values).zip(gradient) {
            *m += (1.0 - B1) * (g - *m);
            *v += (1.0 - B2) * (g * g - *v);
            *x -= rate * *m * k1 / ((*v * k2).sqrt() + 1e-8);
        }
        scene.write_parameters(&self.values);
    }
}

/// What tiny-skia needs to draw one path.
struct Reference {
    path: ts::Path,
    fill: Option<(ts::Paint<'static>, ts::FillRule)>,
    stroke: Option<(ts::Paint<'static>, ts::Stroke)>,
    stroke_first: bool,
}

fn tiny_skia_scene(scene: &Scene) -> Vec<Reference> {
    scene.nodes.iter().filter_map(reference).collect()
}

fn reference(node: &Node) -> Option<Reference> {
    let Node::Path(path) = node else {
        return None;
    };
    let fill = path.fill.as_ref().map(
        |Fill {
             paint,
             opacity,
             rule,
         }| {
            let rule = match rule {
                FillRule::NonZero => ts::FillRule::Winding,
                FillRule::EvenOdd => ts::FillRule::EvenOdd,
            };
            (solid(paint, *opacity), rule)
        },
    );
    let stroke = path.stroke.as_ref().map(|s| {
        let stroke = ts::Stroke {
            width: s.width,
            line_cap: ts::LineCap::Round,
            line_join: ts::LineJoin::Round,
            ..ts::Stroke::default()
        };
        (solid(&s.paint, s.opacity), stroke)
    });
    Some(Reference {
        path: tiny_skia_path(&path.outline)?,
        fill,
        stroke,
        stroke_first: path.stroke_first,
    })
}

fn solid(paint: &Paint, opacity: f32) -> ts::Paint<'static> {
    let mut out = ts::Paint {
        anti_alias: true,
        ..ts::Paint::default()
    };
    if let Paint::Solid([r, g, b]) = *paint
        && let Some(color) = ts::Color::from_rgba(r, g, b, opacity)
    {
        out.set_color(color);
    }
    out
}

fn tiny_skia_path(outline: &Outline) -> Option<ts::Path> {
    let mut builder = ts::PathBuilder::new();
    let mut points = outline.points.iter().map(|p| (p[0], p[1]));
    let mut next = || points.next().unwrap_or_default();
    for verb in &outline.verbs {
        match verb {
            Verb::Move => {
                let (x, y) = next();
                builder.move_to(x, y);
            }
            Verb::Line => {
                let (x, y) = next();
                builder.line_to(x, y);
            }
            Verb::Quad => {
                let ((a, b), (x, y)) = (next(), next());
                builder.quad_to(a, b, x, y);
            }
            Verb::Cubic => {
                let ((a, b), (c, d), (x, y)) = (next(), next(), next());
                builder.cubic_to(a, b, c, d, x, y);
            }
            Verb::Close => builder.close(),
        }
    }
    builder.finish()
}

fn render_reference(scene: &Scene, paths: &[Reference], pixmap: &mut ts::Pixmap) {
    let [r, g, b, a] = scene.background;
    pixmap.fill(ts::Color::from_rgba(r, g, b, a).unwrap_or(ts::Color::WHITE));
    let identity = ts::Transform::identity();
    for path in paths {
        for is_stroke in [path.stroke_first, !path.stroke_first] {
            if is_stroke {
                if let Some((paint, stroke)) = &path.stroke {
                    pixmap.stroke_path(&path.path, paint, stroke, identity, None);
                }
            } else if let Some((paint, rule)) = &path.fill {
                pixmap.fill_path(&path.path, paint, *rule, identity, None);
            }
        }
    }
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
