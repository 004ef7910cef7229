//! Stage 2 as one function: a document in, a richer target and the document that approaches it out.

use chat2svg_protocol::Style;
use chat2svg_vector::{Color, Document, Raster, RenderError};
use thiserror::Error;

use crate::{
    additions::add_all,
    air::{haze, lamp_glows, soften_glows},
    cast::cast_shadows,
    config::DetailParameters,
    highlight::highlights,
    light::Light,
    outline::contours,
    paints::{Pictures, fit_paints},
    palette::Palette,
    rim::rims,
    scene::Scene,
    shading::{changes, lit},
    shadow::{contact_shadows, soften_contact_shadows},
    texture::textures,
    visible::Visible,
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
        // Line art has no light, only lines.
        let lines = if style == Style::LineArt {
            contours(&document, &Scene::read(&document), parameters.contour.get())
        } else {
            Vec::new()
        };
        let added = add_all(&mut document, &lines);
        let target = document.render(width, height, Some(Color::WHITE))?;
        return Ok(Enhanced {
            document,
            target,
            added,
        });
    }
    let look = || {
        if stop() {
            Err(DetailError::Stopped)
        } else {
            Ok(())
        }
    };
    let scale = style_scale(style);
    let view = document.view_box;
    let before = Scene::read(&document);
    let light = Light::of(&before, view, has_hues(style));
    let palette = Palette::of(&before, style);
    let seen = Visible::of(&document, width, height)?;
    look()?;
    let contact = parameters.shadow.get() * scale;
    let cast = parameters.cast_shadow.get() * scale;
    let mut shadows = cast_shadows(&document, &before, &seen, &light, &palette, cast);
    look()?;
    shadows.extend(contact_shadows(
        &document, &before, &seen, &light, &palette, contact,
    ));
    soften_contact_shadows(&mut document, &before, &seen, contact);
    let mut added = add_all(&mut document, &shadows);
    look()?;
    let glow = parameters.glow.get() * scale;
    added.extend(soften_glows(&mut document, glow));
    let lit_before = Scene::read(&document);
    let mut air = lamp_glows(&lit_before, &light, &palette, glow, view);
    let atmosphere = parameters.atmosphere.get() * scale;
    air.extend(haze(&document, &lit_before, &light, &palette, atmosphere));
    added.extend(add_all(&mut document, &air));

    // Shadows and air are part of the scene from here on.
    let scene = Scene::read(&document);
    let visible = Visible::of(&document, width, height)?;
    look()?;
    let picture = document.render(width, height, Some(Color::WHITE))?;
    look()?;
    let strengths = parameters.strengths(scale);
    let changes =
        changes(&scene, &visible, &light, strengths, view, stop).ok_or(DetailError::Stopped)?;
    let seed = document.metadata.seed.unwrap_or_default();
    let texture = parameters.texture.get() * scale;
    let mut marks = textures(&scene, &visible, &light, &palette, texture, view, seed);
    look()?;
    let highlight = parameters.highlight.get() * scale;
    marks.extend(highlights(&scene, &visible, &light, &palette, highlight));
    let rim = parameters.rim.get() * scale;
    marks.extend(rims(&scene, &visible, &light, &palette, rim));
    look()?;

    // Paints are fitted to the picture without marks: a gradient need not explain a blade of grass.
    let unmarked = lit(&picture, &light, &palette, &changes, stop).ok_or(DetailError::Stopped)?;
    let mut marked = document.clone();
    let painted = fit_paints(
        &mut document,
        &scene,
        &visible,
        &Pictures {
            before: &picture,
            target: &unmarked,
        },
        parameters.threshold(),
        parameters.least_area,
        stop,
    );
    added.extend(painted.ok_or(DetailError::Stopped)?);
    let target = if marks.is_empty() {
        unmarked
    } else {
        add_all(&mut marked, &marks);
        let picture = marked.render(width, height, Some(Color::WHITE))?;
        lit(&picture, &light, &palette, &changes, stop).ok_or(DetailError::Stopped)?
    };
    added.extend(add_all(&mut document, &marks));
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
