//! Differentiable vector rasteriser: analytic coverage, compositing, and their exact adjoint.
//!
//! A [`Scene`] of filled and stroked paths, gradients, groups and clips goes in;
//! a [`Renderer`] makes the [`Image`] and, for any loss, the gradient with
//! respect to every control point, colour, opacity, stroke width and gradient
//! parameter. On the CPU, without sampling, the same bits on any number of
//! threads.
//!
//! ```
//! use chat2svg_diffraster::{Image, Node, Outline, Path, Renderer, Scene};
//!
//! let mut outline = Outline::new();
//! outline.move_to([4.0, 4.0]);
//! outline.line_to([28.0, 6.0]);
//! outline.line_to([15.0, 27.0]);
//! outline.close();
//! let mut scene = Scene::new(32, 32, [1.0, 1.0, 1.0, 1.0]);
//! scene.nodes.push(Node::Path(Path::filled(outline, [0.2, 0.4, 0.9], 0.8)));
//!
//! let mut renderer = Renderer::new(1);
//! let target = Image { width: 32, height: 32, data: vec![0.5; 4 * 32 * 32] };
//! let (loss, gradient) = renderer.forward_backward_mse(&scene, &target)?;
//! assert!(loss > 0.0);
//! // Three points, a colour and an opacity.
//! assert_eq!(gradient.len(), 3 * 2 + 3 + 1);
//! # Ok::<(), chat2svg_diffraster::SceneError>(())
//! ```

#![forbid(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "kernels index several planes at once"
)]

mod band;
mod coverage;
mod error;
mod fingerprint;
mod flat;
mod flatten;
mod growth;
mod image;
mod inspect;
mod layers;
mod overlap;
mod paint;
mod parameters;
mod pieces;
mod pixel;
mod plan;
mod reduce;
mod renderer;
mod scene;
mod stroke;
mod tiling;

pub use error::SceneError;
pub use image::Image;
pub use inspect::{Inspection, NO_NODE, NodeReport};
pub use parameters::{Layout, NodeSlots, PaintSlots};
pub use renderer::{DEFAULT_TOLERANCE, Renderer};
pub use scene::{
    Cap, Clip, ClipShape, Fill, FillRule, Group, Join, LinearGradient, MAX_COORDINATE, MAX_SIDE,
    Node, Outline, Paint, Path, RadialGradient, Scene, Spread, Stop, Stroke, Transform, Verb, View,
};
