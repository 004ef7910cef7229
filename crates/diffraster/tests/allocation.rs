//! Rendering a scene again allocates nothing.
//!
//! One test only: it counts what all threads allocate, and the harness does, too.

mod support;

use chat2svg_diffraster::{
    Cap, Clip, ClipShape, FillRule, Group, Image, Join, LinearGradient, Node, Paint, Path,
    Renderer, Scene, Spread, Stop, Stroke, Transform,
};
use support::counting::{Counting, allocations};
use support::{Random, blob};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn scene() -> Scene {
    let mut random = Random(2);
    let mut scene = Scene::new(90, 70, [1.0; 4]);
    scene.clips.push(Clip {
        shapes: vec![ClipShape {
            outline: blob(&mut random, [40.0, 30.0], 25.0, 3),
            rule: FillRule::EvenOdd,
        }],
    });
    for i in 0..12 {
        let center = random.point(0.0, 80.0);
        let outline = blob(&mut random, center, 20.0, 4);
        let mut path = Path::filled(outline, random.color(), 0.7);
        if i % 3 == 0 {
            let stop = |offset: f32| Stop {
                offset,
                color: [offset, 0.3, 0.6, 0.9],
            };
            path.stroke = Some(Stroke {
                paint: Paint::Linear(LinearGradient {
                    start: [0.0, 0.0],
                    end: [60.0, 30.0],
                    transform: Transform::default(),
                    spread: Spread::Pad,
                    stops: vec![stop(0.0), stop(1.0)],
                }),
                opacity: 0.8,
                width: 3.0,
                cap: Cap::Round,
                join: Join::Round,
                miter_limit: 4.0,
            });
        }
        if i == 8 {
            scene.nodes.push(Node::Push(Group {
                opacity: 0.8,
                clip: Some(0),
            }));
        }
        scene.nodes.push(Node::Path(path));
    }
    scene.nodes.push(Node::Pop);
    scene
}

/// A scene in which one tile needs far more memory than any other.
fn crowded() -> Scene {
    let mut scene = scene();
    let mut random = Random(3);
    for _ in 0..40 {
        let center = random.point(34.0, 46.0);
        let outline = blob(&mut random, center, 4.0, 4);
        let path = Path::filled(outline, random.color(), 0.5);
        scene.nodes.push(Node::Path(path));
    }
    scene
}

/// Renders scenes of about the same size again and again. Returns how often the
/// renderer was called once all had been seen, and how often memory was allocated.
fn steady_state(threads: usize) -> (usize, usize) {
    let mut scene = crowded();
    let target = Image::new(scene.width, scene.height);
    let mut renderer = Renderer::new(threads);
    let mut sweep = || {
        let mut calls = 0;
        for i in 0..2u8 {
            scene.view.offset = [0.1 * f32::from(i), -0.07 * f32::from(i)];
            assert!(renderer.forward(&scene).is_ok());
            assert!(renderer.backward(&scene, &target).is_ok());
            assert!(renderer.forward_backward_mse(&scene, &target).is_ok());
            assert!(renderer.inspect(&scene, Some(&target), 0.0).is_ok());
            calls += 4;
        }
        calls
    };
    let (_, first) = allocations(&mut sweep);
    assert!(first > 0);
    allocations(|| (0..10).map(|_| sweep()).sum())
}

/// What a pool allocates that is asked to do nothing: it keeps what comes from
/// outside in a queue of blocks, each for some dozens of calls.
fn idle_pool(threads: usize, calls: usize) -> Result<usize, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let ask = |times: usize| (0..times).for_each(|_| pool.install(|| ()));
    ask(100);
    Ok(allocations(|| ask(calls)).1)
}

#[test]
fn rendering_again_allocates_nothing() -> Result<(), rayon::ThreadPoolBuildError> {
    assert_eq!(steady_state(1).1, 0);

    // Which worker gets which tile is up to chance: so, several times.
    let (mut calls, mut count) = (0, 0);
    for _ in 0..16 {
        let (more_calls, more) = steady_state(2);
        (calls, count) = (calls + more_calls, count + more);
    }
    let pool = idle_pool(2, calls)?;
    assert!(pool * 20 < calls, "{pool} blocks for {calls} calls");
    // Each new pool may be about to fill its first block.
    assert!(
        count <= pool + 16,
        "{count} in {calls} calls, {pool} of them the pool's"
    );
    Ok(())
}
