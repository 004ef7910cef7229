//! The two entry points: what they take is checked and set up here, the procedure is the
//! schedule's.

mod changed_document;
mod new_document;

use chat2svg_trace::exact::{placed, rough_shapes};
use chat2svg_vector::{Document, Raster};
use kurbo::Affine;

use crate::{FitError, FitOptions, FitOutcome, Observer, clock::Clock, fit::Fit};
use changed_document::changed;
use new_document::drawn;

/// What a fit runs with.
#[derive(Clone, Copy)]
struct Run<'a> {
    options: &'a FitOptions,
    clock: &'a Clock,
    pool: &'a rayon::ThreadPool,
}

/// Makes a document that shows a picture: a canvas of the picture's size, every path new.
///
/// What is transparent in the picture is so in the document, as far as it is; an opaque picture
/// gives an opaque document, whose first path is a ground as large as the canvas.
///
/// # Errors
/// When an option is out of its range, or the threads cannot be started.
pub fn vectorize(
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let [width, height] = [target.width(), target.height()].map(f64::from);
    let empty = Document::empty(width, height);
    refine(&empty, target, options, observer)
}

/// Changes a document so that it shows a picture. Names, groups and their order are kept; paints,
/// outlines and, where the options allow it, the set of paths change. Where the options ask for it,
/// what the picture shows elsewhere is moved there first ([`register`](crate::register())). A
/// document that shows the picture already ([`shows`](crate::shows())) comes back as it is.
///
/// A transparent target of a template that hides its ground is taken over white.
/// The picture is taken to cover the document's view box: one of another size or aspect is
/// resampled to the view box's aspect.
///
/// # Errors
/// When an option is out of its range, the template's view box is empty or its groups nest too
/// deeply, or the threads cannot be started.
pub fn refine(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    options.validate()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|error| FitError::Threads(error.to_string()))?;
    let run = Run {
        options,
        clock: &Clock::start(&options.stop),
        pool: &pool,
    };
    if template.layers.is_empty() && options.allow_topology {
        drawn(template, target, run, observer)
    } else {
        changed(template, target, run, observer)
    }
}

/// Shows a target roughly where a fit has come to show nothing of it: that is too little for any
/// price, but what is seen is not left out altogether.
fn show_something(fit: &mut Fit<'_>, target: &Raster) -> Result<(), FitError> {
    let is_seen = || target.pixels().iter().any(|pixel| pixel[3] > 0);
    if fit.is_empty() && !fit.problem.clock.is_cancelled() && is_seen() {
        let pixels = target_transform(fit.problem.template, target);
        fit.take_layers(placed(rough_shapes(target), pixels))?;
    }
    Ok(())
}

/// Maps a target's pixels to a template's user space.
fn target_transform(template: &Document, target: &Raster) -> Affine {
    let frame = template.view_box;
    Affine::translate(frame.origin().to_vec2())
        * Affine::scale_non_uniform(
            frame.width() / f64::from(target.width()),
            frame.height() / f64::from(target.height()),
        )
}
