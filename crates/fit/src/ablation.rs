//! Leave-one-out ablation: by how much the squared error grows without each path, all of them in
//! one pass of the rasteriser.

use chat2svg_diffraster::{Image, Renderer};
use chat2svg_trace::picture::Picture;
use chat2svg_vector::{Color, Document, Raster};

use crate::{FitError, scene::scene_of};

/// By how much the squared error of a document's picture, on white, grows without each of its
/// shapes while all others stay, in painting order; over three components in `0.0..=1.0` of all
/// pixels of the target, which covers the view box. Fill and stroke of one shape are left out one
/// at a time.
///
/// # Errors
/// When the view box is empty or not finite, or groups nest too deeply.
pub fn removal_growths(document: &Document, target: &Raster) -> Result<Vec<f64>, FitError> {
    let (width, height) = (target.width(), target.height());
    let picture = target.over(Color::WHITE);
    let picture = Picture::from_raster(&picture, width as usize, height as usize);
    let to_canvas = document.canvas_transform(width, height)?;
    let map = scene_of(document, &picture, to_canvas);
    let image = Image {
        width,
        height,
        data: picture.pixels.into_flattened(),
    };
    let mut renderer = Renderer::new(1);
    let found = renderer.inspect(&map.scene, Some(&image), 0.0)?;
    let mut growths = vec![0.0; document.counts().shapes];
    for slot in &map.slots {
        if let (Some(growth), Some(node)) =
            (growths.get_mut(slot.shape), found.nodes.get(slot.node))
        {
            *growth += node.removal;
        }
    }
    Ok(growths)
}
