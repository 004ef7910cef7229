//! Rendering a scene again allocates nothing.
#![allow(
    unsafe_code,
    reason = "a counting allocator has to implement an unsafe trait; it only passes on"
)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use chat2svg_diffraster::{
    Cap, Clip, ClipShape, FillRule, Group, Image, Join, LinearGradient, Node, Paint, Path,
    Renderer, Scene, Spread, Stop, Stroke, Transform,
};
use support::{Random, blob};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|c| c.set(c.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

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

#[test]
fn rendering_again_allocates_nothing() {
    let mut scene = scene();
    let target = Image::new(scene.width, scene.height);
    let mut renderer = Renderer::new(1);
    let mut all = |scene: &Scene| {
        let before = COUNT.with(Cell::get);
        assert!(renderer.forward(scene).is_ok());
        assert!(renderer.backward(scene, &target).is_ok());
        assert!(renderer.forward_backward_mse(scene, &target).is_ok());
        assert!(renderer.inspect(scene, Some(&target)).is_ok());
        COUNT.with(Cell::get) - before
    };
    assert!(all(&scene) > 0);
    assert_eq!(all(&scene), 0, "the same scene");
    // Scenes of the same size, give or take: once the largest has been seen,
    // nothing grows any more.
    for i in 0..16u8 {
        scene.view.offset = [0.1 * f32::from(i), -0.07 * f32::from(i)];
        all(&scene);
    }
    for i in 0..16u8 {
        scene.view.offset = [0.1 * f32::from(i), -0.07 * f32::from(i)];
        assert_eq!(all(&scene), 0, "a scene taken apart anew");
    }
}
