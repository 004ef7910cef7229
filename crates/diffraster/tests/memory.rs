//! What a renderer holds stays within what was asked: under 64 bytes for each
//! visible pixel, and the canvas.

mod support;

use chat2svg_diffraster::{
    Cap, Image, Join, Node, Outline, Paint, Path, Renderer, Scene, SceneError, Stroke,
};
use support::Random;
use support::counting::{Counting, peak};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Thin open curves that cross themselves all over: many vertices for each pixel
/// that is seen.
fn scribbles() -> Scene {
    let mut random = Random(7);
    let mut scene = Scene::new(224, 224, [1.0; 4]);
    for _ in 0..64 {
        let mut at = random.point(0.0, 224.0);
        let mut outline = Outline::new();
        outline.move_to(at);
        for _ in 0..4 {
            let mut next = || {
                let [x, y] = random.point(-11.0, 11.0);
                at = [at[0] + x, at[1] + y];
                at
            };
            outline.cubic_to(next(), next(), next());
        }
        scene.nodes.push(Node::Path(Path {
            outline,
            fill: None,
            stroke: Some(Stroke {
                paint: Paint::Solid(random.color()),
                opacity: 0.8,
                width: random.range(1.0, 4.0),
                cap: Cap::Round,
                join: Join::Round,
                miter_limit: 4.0,
            }),
            stroke_first: false,
        }));
    }
    scene
}

#[test]
fn a_step_holds_little_for_each_visible_pixel() -> Result<(), SceneError> {
    let scene = scribbles();
    let target = Image::new(scene.width, scene.height);
    let (renderer, bytes) = peak(|| {
        let mut renderer = Renderer::new(1);
        renderer.forward_backward_mse(&scene, &target)?;
        Ok::<_, SceneError>(renderer)
    });
    let mut renderer = renderer?;
    let reports = &renderer.inspect(&scene, None, 0.0)?.nodes;
    let visible: f64 = reports.iter().map(|node| node.visible).sum();
    let canvas = 16.0 * f64::from(scene.width * scene.height);
    let allowed = 64.0 * visible + canvas;
    assert!((bytes as f64) < allowed, "{bytes} of {allowed}");
    // Where scribbles are this dense, 74 were measured.
    let each = bytes as f64 / visible;
    assert!(each < 85.0, "{each} for each of {visible}");
    Ok(())
}
