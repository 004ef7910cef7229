//! Random scenes to measure with: closed paths of four cubics on white.

use chat2svg_diffraster::{Node, Outline, Path, Scene};

/// `count` paths on a square canvas. Radii shrink with the count, from a fifth
/// of the side for 16 paths, so that scenes stay pictures: the more paths, the
/// smaller they are, and several layers lie everywhere.
pub(crate) fn scene(count: usize, side: u32) -> Scene {
    let mut state = 0x853c_49e6_748f_ea9bu64 ^ (count as u64) << 20 ^ u64::from(side);
    let mut unit = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let size = side as f32;
    let typical = 0.2 * size * (16.0 / count as f32).sqrt().sqrt();
    let mut scene = Scene::new(side, side, [1.0; 4]);
    for _ in 0..count {
        let center = [unit() * size, unit() * size];
        let radius = typical * (0.4 + 0.8 * unit());
        let at = |angle: f32, r: f32| {
            [
                center[0] + r * radius * angle.cos(),
                center[1] + r * radius * angle.sin(),
            ]
        };
        let step = std::f32::consts::FRAC_PI_6;
        let mut outline = Outline::new();
        outline.move_to(at(0.0, 1.0));
        for i in 0..4u8 {
            let base = 3.0 * f32::from(i);
            outline.cubic_to(
                at((base + 1.0) * step, 1.05 + 0.2 * unit()),
                at((base + 2.0) * step, 1.05 + 0.2 * unit()),
                at((base + 3.0) * step, 1.0),
            );
        }
        outline.close();
        let color = [unit(), unit(), unit()];
        let opacity = 0.5 + 0.5 * unit();
        scene
            .nodes
            .push(Node::Path(Path::filled(outline, color, opacity)));
    }
    scene
}
