//! The two entry points: what they take is checked and set up here, the procedure is the
//! schedule's.

use chat2svg_vector::{Document, Metadata, Raster};
use kurbo::Rect;

use crate::{
    FitError, FitOptions, FitOutcome, Observer,
    clock::Clock,
    descend::Descender,
    fit::{Fit, Problem},
    measure::Score,
    picture::Picture,
    schedule,
    tracker::Tracker,
};

/// Makes a document that shows a picture: a canvas of the picture's size, every path new.
///
/// Transparent parts of the picture stay unpainted.
///
/// # Errors
/// When an option is out of its range, or the threads cannot be started.
pub fn vectorize(
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let empty = empty_document(target.width(), target.height());
    refine(&empty, target, options, observer)
}

/// Changes a document so that it shows a picture. Names, groups and their order are kept; paints,
/// outlines and, where the options allow it, the set of paths change.
///
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
    let clock = Clock::start(&options.stop);
    let (width, height) = fitting_size(template, target, options.max_side)?;
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| FitError::Threads(error.to_string()))?;
    let picture = Picture::from_raster(target, width, height);
    let to_canvas = template
        .canvas_transform(width as u32, height as u32)
        .map_err(|error| FitError::Template(error.to_string()))?;
    let before = Score::of(template, &picture, options)?;
    let mut fit = Fit::new(
        Problem {
            options,
            clock: &clock,
            pool: &pool,
            template,
            target: &picture,
            to_canvas,
        },
        template.clone(),
        before,
        Descender::new(options, &clock, threads, &picture),
        Tracker::new(observer, &clock, options.iterations),
    );
    schedule::run(&mut fit)?;
    fit.roll_back_template()?;
    Ok(fit.finish())
}

/// A document of the given size in pixels with nothing on it.
fn empty_document(width: u32, height: u32) -> Document {
    let (width, height) = (f64::from(width), f64::from(height));
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: Vec::new(),
    }
}

/// Size in pixels at which the picture is fitted: the view box's aspect, the target's longest side,
/// at most `max_side`.
fn fitting_size(
    template: &Document,
    target: &Raster,
    max_side: u32,
) -> Result<(usize, usize), FitError> {
    let frame = template.view_box;
    if !(frame.is_finite() && frame.width() > 0.0 && frame.height() > 0.0) {
        return Err(FitError::Template(
            "its viewBox is empty or not finite; give it one that has an area".to_owned(),
        ));
    }
    let longest = f64::from(target.width().max(target.height()).min(max_side));
    let scale = longest / frame.width().max(frame.height());
    let side = |length: f64| ((length * scale).round() as usize).max(1);
    Ok((side(frame.width()), side(frame.height())))
}
