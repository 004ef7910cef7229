//! A renderer for one thread leaves the pool of the process alone. A test
//! binary of its own: it makes that pool unusable.

use chat2svg_diffraster::{Image, Node, Outline, Path, Renderer, Scene};

/// Enough points for more than one task.
fn scene() -> Scene {
    let mut scene = Scene::new(64, 64, [1.0; 4]);
    for i in 0..400u16 {
        let at = f32::from(i) * 0.1;
        let mut outline = Outline::new();
        outline.move_to([at, 2.0]);
        outline.line_to([at + 20.0, 30.0]);
        outline.line_to([at, 60.0]);
        outline.close();
        let path = Path::filled(outline, [0.5, 0.2, 0.1], 0.5);
        scene.nodes.push(Node::Path(path));
    }
    scene
}

#[test]
fn one_thread_is_the_callers() {
    let refused = rayon::ThreadPoolBuilder::new()
        .spawn_handler(|_| Err(std::io::Error::other("no threads")))
        .build_global();
    assert!(refused.is_err());
    let scene = scene();
    let target = Image::new(64, 64);
    let mut renderer = Renderer::new(1);
    assert!(renderer.forward(&scene).is_ok());
    assert!(renderer.forward_backward_mse(&scene, &target).is_ok());
    assert!(renderer.inspect(&scene, Some(&target), 0.0).is_ok());
}
