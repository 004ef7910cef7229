//! A whole optimisation step (forward, squared error, backward, Adam) beside
//! tiny-skia's time to draw the same scene once.

use std::hint::black_box;

use chat2svg_diffraster::{Image, Renderer, SceneError};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

#[path = "../examples/bench_scene/adam.rs"]
mod adam;
#[path = "../examples/bench_scene/random.rs"]
mod random;
#[path = "../examples/bench_scene/reference.rs"]
mod reference;

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    group.sample_size(20);
    for (count, side) in [(128, 224), (128, 512), (512, 512)] {
        let name = format!("{count} paths, {side} px");
        let mut scene = random::scene(count, side);
        let target = Image::new(side, side);
        if let Some(mut drawn) = reference::Reference::new(&scene) {
            group.bench_function(BenchmarkId::new("tiny-skia render", &name), |b| {
                b.iter(|| drawn.render());
            });
        }
        let mut adam = adam::Adam::new(&mut scene);
        for threads in [1, 2] {
            let mut renderer = Renderer::new(threads);
            let id = BenchmarkId::new(format!("diffraster step, {threads} threads"), &name);
            group.bench_function(id, |b| {
                // Another view each time: a scene that did not change is not
                // taken apart again.
                let mut flip = 0.0;
                b.iter(|| {
                    let mut trial = scene.clone();
                    flip = 1e-3 - flip;
                    trial.view.offset = [flip; 2];
                    let (loss, gradient) = renderer.forward_backward_mse(&trial, &target)?;
                    adam.step(&mut trial, gradient);
                    black_box(loss);
                    Ok::<_, SceneError>(())
                });
            });
        }
        let mut renderer = Renderer::new(1);
        group.bench_function(BenchmarkId::new("diffraster forward", &name), |b| {
            let mut flip = 0.0;
            b.iter(|| {
                flip = 1e-3 - flip;
                scene.view.offset = [flip; 2];
                renderer.forward(&scene).map(|image| image.data.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
