//! Stage 2 as one function: a document in, a richer target and the document that approaches it out.

use chat2svg_protocol::Style;
use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Color, Document, Raster, RenderError};
use thiserror::Error;

use crate::{
    additions::{Addition, add_all},
    atmosphere::{haze, lamp_glows, soften_glows},
    cast_shadow::cast_shadows,
    config::DetailParameters,
    context::Context,
    guess::guess_meaning,
    highlight::highlights,
    light::Light,
    outline::contours,
    paints::{Pictures, fit_paints},
    palette::Palette,
    relighting::{relight, relight_marks},
    rim::rims,
    scene::Scene,
    shading::changes,
    shadow::{contact_shadows, soften_contact_shadows},
    sticker::sticker_shadows,
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
    Render(RenderError),
    /// The caller asked to stop.
    #[error("stopped before there was a result")]
    Stopped,
}

impl From<RenderError> for DetailError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Stopped => Self::Stopped,
            error => Self::Render(error),
        }
    }
}

impl From<Stopped> for DetailError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Makes a richer target for a document, and gives the document what is new in it. A document that
/// states no meaning is read by the words of its labels, and then states what these let guess.
///
/// `stop` is asked often; when it says so, the work ends with [`DetailError::Stopped`].
///
/// # Errors
/// When the document cannot be rendered, or `stop` says so.
pub fn enhance(
    document: &Document,
    style: Style,
    parameters: &DetailParameters,
    stop: &Stop,
) -> Result<Enhanced, DetailError> {
    let mut document = document.clone();
    // What gets nothing new comes back as it was.
    if !parameters.is_nothing() {
        guess_meaning(&mut document);
    }
    if parameters.is_nothing() || style.traits().is_lines_only {
        outlined(&document, style, parameters, stop)
    } else {
        illuminated(&document, style, parameters, stop)
    }
}

/// The document without light: line art has only lines, which get their weights.
fn outlined(
    document: &Document,
    style: Style,
    parameters: &DetailParameters,
    stop: &Stop,
) -> Result<Enhanced, DetailError> {
    let mut document = document.clone();
    let lines = if style.traits().is_lines_only {
        let strength = parameters.contour.get();
        contours(&document, &Scene::read(&document), strength, stop)?
    } else {
        Vec::new()
    };
    let added = add_all(&mut document, &lines);
    let target = drawn(&document, target_size(&document, parameters), stop)?;
    Ok(Enhanced {
        document,
        target,
        added,
    })
}

/// The document in the light of its scene.
fn illuminated(
    document: &Document,
    style: Style,
    parameters: &DetailParameters,
    stop: &Stop,
) -> Result<Enhanced, DetailError> {
    let size = target_size(document, parameters);
    let scale = style.traits().shading;
    let before = Scene::read(document);
    // A picture of one or two hues keeps them: light does not tint it.
    let light = Light::of(&before, document.view_box, !style.traits().has_ramp);
    let palette = Palette::of(&before, style);
    let visible = Visible::of(document, size.0, size.1, stop)?;
    let mut context = Context {
        scene: &before,
        visible: &visible,
        light: &light,
        palette: &palette,
        view: document.view_box,
        stop,
    };
    let mut document = document.clone();
    let mut added = add_shadows(&mut document, &context, parameters, scale)?;
    let glow = parameters.glow.get() * scale;
    added.extend(soften_glows(&mut document, glow));
    let shadowed = Scene::read(&document);
    context.scene = &shadowed;
    let mut air = lamp_glows(&context, glow);
    let atmosphere = parameters.atmosphere.get() * scale;
    air.extend(haze(&document, &context, atmosphere));
    added.extend(add_all(&mut document, &air));

    // Shadows and air are part of the scene from here on.
    let scene = Scene::read(&document);
    let visible = Visible::of(&document, size.0, size.1, stop)?;
    context.scene = &scene;
    context.visible = &visible;
    let picture = drawn(&document, size, stop)?;
    let changes = changes(&context, parameters.strengths(scale))?;
    let seed = document.metadata.seed.unwrap_or_default();
    let marks = marks(&context, parameters, scale, seed)?;

    // Paints are fitted to the picture without marks: a gradient need not explain a blade of grass.
    let unmarked = relight(&picture, &context, &changes)?;
    let mut marked = document.clone();
    let pictures = Pictures {
        before: &picture,
        target: &unmarked,
    };
    let (threshold, least) = (parameters.threshold(), parameters.least_area);
    let painted = fit_paints(&mut document, &context, &pictures, threshold, least)?;
    added.extend(painted);
    let target = if marks.is_empty() {
        unmarked
    } else {
        add_all(&mut marked, &marks);
        let marked = drawn(&marked, size, stop)?;
        relight_marks(&marked, (&picture, &unmarked), &context, &changes)?
    };
    added.extend(add_all(&mut document, &marks));
    Ok(Enhanced {
        document,
        target,
        added,
    })
}

/// Gives a document its cast and contact shadows; returns the names of the new ones.
fn add_shadows(
    document: &mut Document,
    context: &Context<'_>,
    parameters: &DetailParameters,
    scale: f32,
) -> Result<Vec<String>, Stopped> {
    let cast = parameters.cast_shadow.get() * scale;
    let contact = parameters.shadow.get() * scale;
    let mut shadows = cast_shadows(document, context, cast)?;
    shadows.extend(contact_shadows(document, context, contact)?);
    shadows.extend(sticker_shadows(document, context, contact)?);
    soften_contact_shadows(document, context, contact);
    Ok(add_all(document, &shadows))
}

/// What light and material draw on things.
fn marks(
    context: &Context<'_>,
    parameters: &DetailParameters,
    scale: f32,
    seed: u64,
) -> Result<Vec<Addition>, Stopped> {
    let mut marks = textures(context, parameters.texture.get() * scale, seed)?;
    marks.extend(highlights(context, parameters.highlight.get() * scale)?);
    marks.extend(rims(context, parameters.rim.get() * scale)?);
    Ok(marks)
}

/// A document's picture over white.
fn drawn(
    document: &Document,
    (width, height): (u32, u32),
    stop: &Stop,
) -> Result<Raster, RenderError> {
    document.render_until(width, height, Some(Color::WHITE), stop)
}

/// The target's size: the document's aspect, the longest side as asked for.
fn target_size(document: &Document, parameters: &DetailParameters) -> (u32, u32) {
    let aspect = document.width / document.height;
    let side = f64::from(parameters.target_side.clamp(64, 2048));
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
