//! `bench_curve [--threads N] [--only PATHS SIDE]`: how time and memory grow with the number of
//! paths (16 to 4096) and the side of the canvas (128 to 2048), as Markdown.
//!
//! "Covered" is the area that paths cover, layers counted separately; "outline"
//! is the length of their outlines; "memory" is what a step makes resident, the
//! target image aside. Each row is measured in a process of its own.

#[path = "../bench_scene/memory.rs"]
mod memory;
#[path = "../bench_scene/random.rs"]
mod random;
#[path = "../bench_scene/reference.rs"]
mod reference;

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use chat2svg_diffraster::{Image, Node, Renderer, Scene, SceneError};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut threads, mut only) = (1, None);
    let mut rest = arguments.as_slice();
    loop {
        rest = match rest {
            [] => break,
            [name, count, rest @ ..] if name == "--threads" => {
                threads = count.parse()?;
                rest
            }
            [name, count, side, rest @ ..] if name == "--only" => {
                only = Some((count.parse()?, side.parse()?));
                rest
            }
            [other, ..] => return Err(format!("unexpected argument '{other}'").into()),
        };
    }
    if let Some((count, side)) = only {
        return Ok(row(count, side, threads)?);
    }
    println!(
        "| paths | side | covered, Mpx | outline, kpx | step, ms | tiny-skia, ms | step / tiny-skia | memory, MiB | bytes per visible px |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let sides = [128, 256, 1024, 2048].map(|side| (256, side));
    for (count, side) in [16, 64, 256, 1024, 4096]
        .map(|k| (k, 512))
        .into_iter()
        .chain(sides)
    {
        let status = Command::new(std::env::current_exe()?)
            .args(["--only", &count.to_string(), &side.to_string()])
            .args(["--threads", &threads.to_string()])
            .status()?;
        if !status.success() {
            return Err(format!("{count} paths at {side}: {status}").into());
        }
    }
    Ok(())
}

fn row(count: usize, side: u32, threads: usize) -> Result<(), SceneError> {
    let mut scene = random::scene(count, side);
    let target = Image::new(side, side);
    let (memory, renderer) = memory::growth(|| {
        let mut renderer = Renderer::new(threads);
        let step = renderer.forward_backward_mse(&scene, &target).map(|_| ());
        step.map(|()| renderer)
    });
    let (memory, mut renderer) = (memory as f64 * 1024.0, renderer?);
    let reports = renderer.inspect(&scene, None, 0.0)?;
    let covered: f64 = reports.nodes.iter().map(|n| n.covered).sum();
    let visible: f64 = reports.nodes.iter().map(|n| n.visible).sum();
    let outline = outline_length(&scene);
    let Some(mut drawn) = reference::Reference::new(&scene) else {
        return Ok(());
    };
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while own.len() < 5 || (start.elapsed().as_secs() < 3 && own.len() < 100) {
        let before = Instant::now();
        drawn.render();
        theirs.push(before.elapsed().as_secs_f64() * 1e3);
        // A view that changes: an unchanged scene is not taken apart again.
        scene.view.offset[0] = (own.len() % 2) as f32 * 1e-3;
        let before = Instant::now();
        renderer.forward_backward_mse(&scene, &target)?;
        own.push(before.elapsed().as_secs_f64() * 1e3);
    }
    own.sort_unstable_by(f64::total_cmp);
    theirs.sort_unstable_by(f64::total_cmp);
    // Medians of both would do on a quiet machine; least times do on any.
    let (step, reference) = (own[0], theirs[0]);
    println!(
        "| {count} | {side} | {:.2} | {:.0} | {step:.2} | {reference:.2} | {:.2} | {:.1} | {:.0} |",
        covered / 1e6,
        outline / 1e3,
        step / reference,
        memory / f64::from(1 << 20),
        memory / visible,
    );
    Ok(())
}

/// Length of all outlines in pixels, by their control polygons: a few per cent
/// too long, the same few for every scene.
fn outline_length(scene: &Scene) -> f64 {
    let paths = scene.nodes.iter().filter_map(|node| match node {
        Node::Path(path) => Some(&path.outline.points),
        _ => None,
    });
    paths
        .flat_map(|points| points.windows(2))
        .map(|p| f64::from((p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])))
        .sum()
}
