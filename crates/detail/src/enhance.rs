//! Stage 2 as one function: a document in, a richer target and the document that approaches it out.

use chat2svg_protocol::Style;
use chat2svg_vector::{Color, Document, Raster, RasterError, RenderError, Resampling};
use thiserror::Error;

use crate::{
    config::DetailParameters,
    light::Light,
    paints::fit_paints,
    scene::{Scene, Visible},
    shading::shade,
    shadow::add_contact_shadows,
};

/// What stage 2 made.
#[derive(Clone, Debug, PartialEq)]
pub struct Enhanced {
    /// The document with new paints and shapes.
    pub document: Document,
    /// The picture that the document is to be fitted to.
    pub target: Raster,
    /// Names of the shapes and gradients added.
    pub added: Vec<String>,
}

/// Why stage 2 gave nothing.
#[derive(Debug, Error)]
pub enum DetailError {
    /// The document cannot be rendered.
    #[error("the template cannot be drawn: {0}")]
    Render(#[from] RenderError),
    /// The target cannot be resampled.
    #[error("the target cannot be resampled: {0}")]
    Raster(#[from] RasterError),
    /// The caller asked to stop.
    #[error("stopped before there was a result")]
    Stopped,
}

/// Makes a richer target for a document, and gives the document what is new in it.
///
/// `stop` is asked often; when it says so, the work ends with [`DetailError::Stopped`].
///
/// # Errors
/// When the document cannot be rendered, or `stop` says so.
pub fn enhance(
    document: &Document,
    style: Style,
    parameters: &DetailParameters,
    stop: &dyn Fn() -> bool,
) -> Result<Enhanced, DetailError> {
    let (width, height) = target_size(document, parameters.target_side);
    let mut document = document.clone();
    if parameters.is_nothing() || style == Style::LineArt {
        let target = document.render(width, height, Some(Color::WHITE))?;
        return Ok(Enhanced {
            document,
            target,
            added: Vec::new(),
        });
    }
    let scale = style_scale(style);
    let before = Scene::read(&document);
    let light = Light::of(&before, document.view_box, has_hues(style));
    let seen = Visible::of(&document, width, height)?;
    let mut added = add_contact_shadows(
        &mut document,
        &before,
        &seen,
        &light,
        parameters.shadow * scale,
    );

    // The shadows are part of the scene from here on.
    let scene = Scene::read(&document);
    let visible = Visible::of(&document, width, height)?;
    let picture = document.render(width, height, Some(Color::WHITE))?;
    let strengths = parameters.strengths(scale);
    let target = shade(
        &picture,
        &scene,
        &visible,
        &light,
        strengths,
        document.view_box,
        stop,
    )
    .ok_or(DetailError::Stopped)?;
    let threshold = parameters.threshold();
    added.extend(fit_paints(
        &mut document,
        &scene,
        &visible,
        &target,
        threshold,
        parameters.least_area,
    ));
    Ok(Enhanced {
        document,
        target,
        added,
    })
}

/// Gives a document the paints that a target from outside shows.
///
/// The target is resampled to the document's aspect at the level's size.
///
/// # Errors
/// When the document cannot be rendered.
pub fn adopt(
    document: &Document,
    target: &Raster,
    parameters: &DetailParameters,
) -> Result<Enhanced, DetailError> {
    let (width, height) = target_size(document, parameters.target_side);
    let target = target.resize(width, height, Resampling::Smooth)?;
    let mut document = document.clone();
    let scene = Scene::read(&document);
    let visible = Visible::of(&document, width, height)?;
    let threshold = parameters.threshold();
    let added = fit_paints(
        &mut document,
        &scene,
        &visible,
        &target,
        threshold,
        parameters.least_area,
    );
    Ok(Enhanced {
        document,
        target,
        added,
    })
}

/// The target's size: the document's aspect, the longest side as asked for.
fn target_size(document: &Document, side: u32) -> (u32, u32) {
    let aspect = document.width / document.height;
    let side = f64::from(side.clamp(64, 2048));
    let (width, height) = if aspect >= 1.0 {
        (side, side / aspect)
    } else {
        (side * aspect, side)
    };
    (
        width.round().max(1.0) as u32,
        height.round().max(1.0) as u32,
    )
}

/// How much shading suits a style.
fn style_scale(style: Style) -> f32 {
    match style {
        Style::Flat | Style::Night | Style::Sticker => 1.0,
        Style::Pastel => 0.75,
        Style::Monochrome => 0.7,
        Style::Duotone => 0.45,
        Style::LineArt => 0.0,
    }
}

/// Whether light may tint colours: a picture of one or two hues keeps them.
fn has_hues(style: Style) -> bool {
    !matches!(style, Style::Monochrome | Style::Duotone | Style::LineArt)
}
