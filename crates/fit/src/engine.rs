//! The two entry points.

use chat2svg_vector::{Document, Metadata, Raster, WriteOptions};
use kurbo::Rect;

use crate::{
    FitEnd, FitError, FitOptions, FitOutcome, FitReport, Observer,
    clock::Stop,
    measure::{document_error, psnr},
    picture::Picture,
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
    refine(
        &empty_document(target.width(), target.height()),
        target,
        options,
        observer,
    )
}

/// Changes a document so that it shows a picture. Names, groups and their order are kept; paints,
/// outlines and, where the options allow it, the set of paths change.
///
/// The picture is taken to cover the document's view box: one of another size or aspect is resampled to
/// the view box's aspect.
///
/// # Errors
/// When an option is out of its range, the template's view box is empty or its groups nest too deeply, or
/// the threads cannot be started.
pub fn refine(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    options.validate()?;
    let stop = Stop::new(options);
    let (width, height) = fitting_size(template, target, options.max_side)?;
    let picture = Picture::from_raster(target, width, height);
    let before = document_error(template, &picture)?;
    let _ = observer;
    let quality = psnr(before, width * height);
    let mut document = template.clone();
    if template.layers.is_empty() && let Some(finder) = crate::regions::RegionFinder::new(&picture, &stop) {
        eprintln!("tree {:?}", stop.elapsed());
        let cost = crate::regions::ShapeCost { per_byte: 0.002, gradients: true, tolerance: 0.4 };
        for shape in finder.cover(cost, options.paths.unwrap_or(256) as usize) {
            document.layers.push(chat2svg_vector::Node::Shape(chat2svg_vector::Shape::filled("", shape.path, shape.paint)));
        }
        eprintln!("cover {:?}", stop.elapsed());
    }
    Ok(FitOutcome {
        document,
        report: FitReport {
            iterations: 0,
            curve: Vec::new(),
            psnr_before: quality,
            psnr_after: quality,
            paths_added: 0,
            paths_removed: 0,
            bytes: template.to_svg(&WriteOptions::default()).len(),
            ended_by: stop.reason().unwrap_or(FitEnd::Schedule),
            budget_changes: Vec::new(),
        },
    })
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

/// Size in pixels at which the picture is fitted: the view box's aspect, the target's longest side, at
/// most `max_side`.
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
